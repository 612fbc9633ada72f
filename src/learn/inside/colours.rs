//! Colours for values: matplotlib's viridis for activations, inferno for heat maps, as nine stops each.

type Stops = [[u8; 3]; 9];

const VIRIDIS: Stops = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];

const INFERNO: Stops = [
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

/// The colour of a value of 0..=1; what isn't a number is grey.
#[must_use]
pub fn viridis(value: f32) -> [u8; 3] {
    of(&VIRIDIS, value)
}

/// The colour of a heat of 0..=1; what isn't a number is grey.
#[must_use]
pub fn inferno(value: f32) -> [u8; 3] {
    of(&INFERNO, value)
}

fn of(stops: &Stops, value: f32) -> [u8; 3] {
    if value.is_nan() {
        return [128; 3];
    }
    let at = value.clamp(0.0, 1.0) * (stops.len() - 1) as f32;
    let stop = (at as usize).min(stops.len() - 2);
    let part = at - stop as f32;
    std::array::from_fn(|channel| {
        let (a, b) = (f32::from(stops[stop][channel]), f32::from(stops[stop + 1][channel]));
        (a + (b - a) * part).round() as u8
    })
}
