//! The colours of heat maps: matplotlib's inferno, as nine stops. Activations have those of depth maps ([`crate::scene::palette::viridis`]).

const INFERNO: [[u8; 3]; 9] = [
    [0x00, 0x00, 0x04],
    [0x21, 0x0c, 0x4a],
    [0x57, 0x10, 0x6e],
    [0x8a, 0x22, 0x6a],
    [0xbc, 0x37, 0x54],
    [0xe4, 0x5a, 0x31],
    [0xf9, 0x8e, 0x09],
    [0xf9, 0xcb, 0x35],
    [0xfc, 0xff, 0xa4],
];

/// The colour of a heat of 0..=1; what isn't a number is grey.
#[must_use]
pub fn inferno(value: f32) -> [u8; 3] {
    if value.is_nan() {
        return [128; 3];
    }
    let at = value.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let stop = (at as usize).min(INFERNO.len() - 2);
    let part = at - stop as f32;
    std::array::from_fn(|channel| {
        let (a, b) = (f32::from(INFERNO[stop][channel]), f32::from(INFERNO[stop + 1][channel]));
        (a + (b - a) * part).round() as u8
    })
}
