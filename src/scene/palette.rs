//! Colours: one for each class, always the same, which colour-blind people can tell apart; text colours that can be read on
//! them; the colour map of depth.

use super::Colour;
use crate::model::results::Detection;

/// The colours of the classes: Okabe and Ito's set (*Color Universal Design*, 2008) and Paul Tol's bright, muted
/// and light sets (SRON/EPS/TN/09-002, 2021), some of them lighter or darker, in an order in which each differs
/// clearly from the four before it for normal, protanopic and deuteranopic eyes. The tests check that.
pub const CLASSES: [[u8; 3]; 19] = [
    [0xe6, 0x9f, 0x00], // Okabe–Ito orange
    [0x00, 0x72, 0xb2], // Okabe–Ito blue
    [0x00, 0x9e, 0x73], // Okabe–Ito bluish green
    [0x66, 0xcc, 0xee], // Tol bright cyan
    [0xee, 0xdd, 0x88], // Tol light yellow
    [0xaa, 0x33, 0x77], // Tol bright purple
    [0x8f, 0x63, 0x00], // orange, darker
    [0xf0, 0xe4, 0x42], // Okabe–Ito yellow
    [0x73, 0xca, 0xb2], // bluish green, lighter
    [0x56, 0xb4, 0xe9], // Okabe–Ito sky blue
    [0xe8, 0xa6, 0x73], // vermilion, lighter
    [0x84, 0x3a, 0x00], // vermilion, darker
    [0x35, 0x70, 0x90], // sky blue, darker
    [0xbb, 0xcc, 0x33], // Tol light pear
    [0x44, 0xaa, 0x99], // Tol muted teal
    [0x99, 0xdd, 0xff], // Tol light cyan
    [0x99, 0x99, 0x33], // Tol muted olive
    [0x11, 0x77, 0x33], // Tol muted green
    [0x00, 0x47, 0x6e], // blue, darker
];

/// Text on light colours.
const DARK: [u8; 3] = [0, 0, 0];
/// Text on dark colours.
const LIGHT: [u8; 3] = [255, 255, 255];
/// The background of legends, and the colour with which the background of a matte is darkened.
pub const GROUND: [u8; 3] = [12, 14, 18];

/// Returns the colour of a class. It is the same in every frame and after every start.
#[must_use]
pub fn class(class_id: u32) -> [u8; 3] {
    CLASSES[class_id as usize % CLASSES.len()]
}

/// Returns the colour of a detection: that of its track while objects are tracked, else that of its class.
#[must_use]
pub fn detection(detection: &Detection) -> [u8; 3] {
    class(detection.track_id.unwrap_or(detection.class_id))
}

/// Returns the colour with its opacity multiplied by `by`, 0..=1.
#[must_use]
pub fn faded(colour: Colour, by: f32) -> Colour {
    let [r, g, b, a] = colour;
    [r, g, b, (f32::from(a) * by.clamp(0.0, 1.0)).round() as u8]
}

/// Returns the colour with an opacity of 0..=1.
#[must_use]
pub fn with_alpha(rgb: [u8; 3], opacity: f32) -> Colour {
    [rgb[0], rgb[1], rgb[2], (opacity.clamp(0.0, 1.0) * 255.0).round() as u8]
}

/// Returns black or white, the one that is easier to read on `ground`: the contrast is at least 4.5 on every colour (WCAG 2.2,
/// success criterion 1.4.3).
#[must_use]
pub fn ink_on(ground: [u8; 3]) -> [u8; 3] {
    if contrast(ground, DARK) >= contrast(ground, LIGHT) { DARK } else { LIGHT }
}

/// Returns the contrast ratio of two colours, 1..=21, as WCAG 2.2 defines it.
#[must_use]
pub fn contrast(a: [u8; 3], b: [u8; 3]) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Returns the linear light of an sRGB value (IEC 61966-2-1).
fn linear(value: u8) -> f32 {
    let v = f32::from(value) / 255.0;
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn luminance(rgb: [u8; 3]) -> f32 {
    0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
}

/// Coefficients of the powers 0..=6 of a polynomial through viridis (van der Walt and Smith, matplotlib), fitted
/// by Matt Zucker, public domain: <https://www.shadertoy.com/view/WlfXRN>. Viridis rises evenly in lightness, also for
/// colour-blind eyes.
const VIRIDIS: [[f32; 3]; 7] = [
    [0.277_727_33, 0.005_407_344_5, 0.334_099_8],
    [0.105_093_04, 1.404_613_5, 1.384_590_1],
    [-0.330_861_83, 0.214_847_56, 0.095_095_165],
    [-4.634_230_6, -5.799_101, -19.332_441],
    [6.228_27, 14.179_933, 56.690_55],
    [4.776_385, -13.745_146, -65.353_035],
    [-5.435_456, 4.645_852_6, 26.312_435],
];

/// The colour map of depth: 0 = far (dark violet), 1 = near (yellow).
#[must_use]
pub fn viridis(t: f32) -> [u8; 3] {
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    let mut rgb = [0; 3];
    for (channel, out) in rgb.iter_mut().enumerate() {
        let value = VIRIDIS.iter().rev().fold(0.0, |sum, powers| sum * t + powers[channel]);
        *out = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;

    type Matrix = [[f32; 3]; 3];

    const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
    // (IEEE TVCG 2009), severity 1.0, on linear RGB.
    const PROTANOPIA: Matrix = [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ];
    const DEUTERANOPIA: Matrix = [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ];

    fn times(m: &Matrix, v: [f32; 3]) -> [f32; 3] {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum::<f32>())
    }

    /// Returns the CIE L*a*b* colour (D65) that an eye sees.
    fn lab(rgb: [u8; 3], eye: &Matrix) -> [f32; 3] {
        const XYZ: Matrix = [
            [0.412_456_4, 0.357_576_1, 0.180_437_5],
            [0.212_672_9, 0.715_152_2, 0.072_175],
            [0.019_333_9, 0.119_192, 0.950_304_1],
        ];
        let perceived = times(eye, rgb.map(linear)).map(|v| v.clamp(0.0, 1.0));
        let xyz = times(&XYZ, perceived);
        let f = |v: f32| if v > 0.008_856 { v.cbrt() } else { 7.787 * v + 16.0 / 116.0 };
        let [x, y, z] = [f(xyz[0] / 0.950_47), f(xyz[1]), f(xyz[2] / 1.088_83)];
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn classes_next_to_each_other_differ_for_colour_blind_eyes() {
        for (name, eye) in [("normal", NORMAL), ("protanopia", PROTANOPIA), ("deuteranopia", DEUTERANOPIA)] {
            for (i, &a) in CLASSES.iter().enumerate() {
                for step in 1..=4 {
                    let b = class((i + step) as u32);
                    let (p, q) = (lab(a, &eye), lab(b, &eye));
                    let distance = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f32>().sqrt();
                    // 2.3 is the smallest difference that can be noticed; ten times that cannot be missed.
                    let least = if step == 1 { 20.0 } else { 12.0 };
                    assert!(distance > least, "{name}: classes {i} and {} differ by {distance}", i + step);
                }
            }
        }
    }

    #[test]
    fn names_can_be_read_on_every_class_colour() {
        for ground in CLASSES {
            assert!(contrast(ground, ink_on(ground)) >= 4.5, "{ground:?}");
        }
        // Not only on those: on any colour.
        for r in (0..=255).step_by(5) {
            for g in (0..=255).step_by(5) {
                for b in (0..=255).step_by(5) {
                    assert!(contrast([r, g, b], ink_on([r, g, b])) >= 4.5);
                }
            }
        }
    }

    #[test]
    fn contrast_is_the_published_measure() {
        assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 0.01);
        assert!((contrast([0x77, 0x77, 0x77], [255, 255, 255]) - 4.48).abs() < 0.01);
    }

    #[test]
    fn the_depth_map_is_viridis() {
        for (t, expected) in [(0.0, [68, 1, 84]), (0.5, [33, 145, 140]), (1.0, [253, 231, 37])] {
            let near = viridis(t).iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 4);
            assert!(near, "{t}: {:?} is not {expected:?}", viridis(t));
        }
        assert_eq!(viridis(f32::NAN), viridis(0.0));
        let lights: Vec<f32> = (0..=20).map(|i| luminance(viridis(i as f32 / 20.0))).collect();
        assert!(lights.is_sorted(), "nearer is lighter: {lights:?}");
    }
}
