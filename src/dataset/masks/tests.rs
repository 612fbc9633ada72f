use serde::Deserialize;

use super::*;

/// Made by pycocotools 2.0.11 from random outlines: `frPyObjects`, `area`, `toBbox`, `merge` and `iou`.
const EXPECTED: &str = include_str!("pycocotools.json");

#[derive(Deserialize)]
struct Expected {
    size: (u32, u32),
    cases: Vec<Case>,
    iou: Vec<Vec<f64>>,
    merged3: Vec<u32>,
    merged_text: String,
}

#[derive(Deserialize)]
struct Case {
    polygon: Polygon,
    counts: Vec<u32>,
    text: String,
    area: u64,
    #[serde(rename = "box")]
    bbox: [f64; 4],
}

fn expected() -> Expected {
    serde_json::from_str(EXPECTED).unwrap()
}

#[test]
fn outlines_are_filled_as_pycocotools_fills_them() {
    let Expected { size, cases, iou, merged3, merged_text } = expected();
    let filled: Vec<Rle> = cases.iter().map(|case| fill(std::slice::from_ref(&case.polygon), size)).collect();
    for (case, mask) in cases.iter().zip(&filled) {
        assert_eq!(mask.counts, case.counts, "{:?}", case.polygon);
        assert_eq!(check(mask), Ok(()));
        assert_eq!(mask.area(), case.area);
        assert_eq!(compressed(mask), case.text);
        assert_eq!(&decompressed(&case.text, mask.size).unwrap(), mask);
        let [x, y, w, h] = case.bbox;
        assert_eq!(
            hull(mask).unwrap_or_default(),
            if case.area == 0 { [0.0; 4] } else { [x, y, x + w, y + h] }
        );
    }
    for (a, row) in filled.iter().zip(&iou) {
        for (b, expected) in filled.iter().zip(row) {
            let both = common(a, b);
            let iou = both as f64 / ((a.area() + b.area() - both) as f64).max(1.0);
            assert!((iou - expected).abs() < 1e-8, "{iou} {expected}");
        }
    }
    let several: Vec<Polygon> = [0, 2, 6].map(|index: usize| cases[index].polygon.clone()).to_vec();
    assert_eq!(fill(&several, size).counts, merged3);
    let six: Vec<Polygon> = cases[..6].iter().map(|case| case.polygon.clone()).collect();
    assert_eq!(compressed(&fill(&six, size)), merged_text);
}

/// The masks of random outlines without their holes come back from their own outlines.
#[test]
fn the_outlines_of_a_mask_are_the_mask_again() {
    let Expected { size, cases, .. } = expected();
    for case in &cases {
        let mask = fill(std::slice::from_ref(&case.polygon), size);
        let (outlines, holes) = outlines(&mask);
        if holes == 0 {
            assert_eq!(fill(&outlines, size), mask, "{:?}", case.polygon);
        }
    }
    // A ring, and a pixel that touches it only at a corner.
    let rows = [".....", ".###.", ".#.#.", ".###.", "....#"];
    let mut counts = vec![0];
    let mut last = b'.';
    for x in 0..5 {
        for row in rows {
            let pixel = row.as_bytes()[x];
            if pixel == last {
                *counts.last_mut().unwrap() += 1;
            } else {
                counts.push(1);
            }
            last = pixel;
        }
    }
    let mask = Rle { size: [5, 5], counts };
    let (outlines, holes) = outlines(&mask);
    assert_eq!((outlines.len(), holes), (2, 1));
    assert_eq!(outlines[0], [[4.0, 1.0], [4.0, 4.0], [1.0, 4.0], [1.0, 1.0]]);
    assert_eq!(fill(&outlines, (5, 5)).area(), mask.area() + 1, "all but the hole");
}

#[test]
fn damaged_masks_are_refused() {
    assert!(decompressed("\u{7f}", [2, 2]).is_err());
    assert!(decompressed("oooooooooooo", [2, 2]).is_err());
    assert!(decompressed("4", [2, 2]).is_ok());
    assert!(decompressed("5", [2, 2]).is_err(), "more pixels than the image has");
    assert!(decompressed("é", [2, 2]).is_err());
    assert!(check(&Rle { size: [u32::MAX, u32::MAX], counts: vec![1] }).is_err());
}

#[test]
fn an_outline_far_outside_takes_no_time() {
    let begun = std::time::Instant::now();
    let mask = fill(&[vec![[-1e30, 0.0], [1e30, f64::INFINITY], [f64::NAN, 1e18]]], (64, 48));
    assert_eq!(check(&mask), Ok(()));
    assert!(begun.elapsed().as_secs() < 2);
}

proptest::proptest! {
    /// Any mask comes back from its text, and one without holes from its outlines.
    #[test]
    fn any_mask_comes_back(width in 1_u32..9, height in 1_u32..9, bits: u64) {
        let mut counts = vec![0];
        let mut is_in = false;
        for pixel in 0..width * height {
            let now = bits >> pixel & 1 == 1;
            if now != is_in {
                counts.push(0);
                is_in = now;
            }
            *counts.last_mut().unwrap() += 1;
        }
        let mask = Rle { size: [height, width], counts };
        proptest::prop_assert_eq!(&decompressed(&compressed(&mask), mask.size).unwrap(), &mask);
        let (parts, holes) = outlines(&mask);
        if holes == 0 {
            proptest::prop_assert_eq!(fill(&parts, (width, height)), mask);
        }
    }
}
