use super::*;
use crate::dataset::{Class, Split};
use crate::save::{ImageFormat, encode_frame};

/// An image of smooth waves and hard edges. `blur` averages so many pixels to each side, `shift` moves it to the left.
fn waves(width: usize, height: usize, shift: usize, blur: usize) -> Frame {
    let value = |x: usize, y: usize| {
        let (u, v) = ((x + shift) as f64 / 19.0, y as f64 / 13.0);
        let smooth = 80.0 + 40.0 * (u + 0.7 * v).sin() + 30.0 * (v * 1.3 - u * 0.2).cos();
        smooth as u32 + if ((x + shift) / 16 + y / 12).is_multiple_of(3) { 100 } else { 0 }
    };
    let mut frame = Frame::filled(width as u32, height as u32, [255; 4]);
    for y in 0..height {
        for x in 0..width {
            let (mut sum, mut count) = (0, 0);
            for by in y.saturating_sub(blur)..=(y + blur).min(height - 1) {
                for bx in x.saturating_sub(blur)..=(x + blur).min(width - 1) {
                    sum += value(bx, by);
                    count += 1;
                }
            }
            let grey = (sum / count) as u8;
            let at = 4 * (y * width + x);
            frame.data[at..at + 3].copy_from_slice(&[grey, grey / 2 + 40, 255 - grey]);
        }
    }
    frame
}

/// The values of `imagehash.phash` 4.3 and of `cv2.Laplacian(…, cv2.CV_64F).var()` (OpenCV 5.0) for the very same pixels.
#[test]
fn hash_and_sharpness_are_those_of_imagehash_and_opencv() {
    for ((width, height, shift, blur), hash, sharpness) in EXPECTED {
        let print = Fingerprint::of(&waves(width, height, shift, blur)).unwrap();
        let differs = (print.hash ^ hash).count_ones();
        assert!(differs <= 2, "{width}x{height}: {:016x} {hash:016x}", print.hash);
        assert!(
            (print.sharpness - sharpness).abs() < 1e-6 * sharpness.max(1.0),
            "{} {sharpness}",
            print.sharpness
        );
    }
}

/// Width, height, shift and blur; hash; sharpness.
type Expected = ((usize, usize, usize, usize), u64, f64);

const EXPECTED: [Expected; 4] = [
    ((160, 120, 0, 0), 0xaab1_e289_fa49_ea54, 440.931_187_150_065_1),
    ((90, 140, 31, 0), 0xf0b5_6ac1_d165_51e5, 547.884_682_382_212_1),
    ((160, 120, 70, 5), 0x95e4_0ddc_753c_512b, 4.767_652_124_023_437),
    ((33, 47, 5, 1), 0xf1a9_f3d6_6129_9c50, 43.562_147_671_205_665),
];

#[test]
fn images_and_labels_that_need_a_look_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = Dataset { classes: vec![Class::new("a"), Class::new("never")], ..Dataset::default() };
    let frames =
        [waves(160, 120, 0, 0), waves(160, 120, 1, 0), waves(160, 120, 70, 5), waves(90, 140, 31, 0)];
    for (index, frame) in frames.iter().enumerate() {
        let path = dir.path().join(format!("{index}.png"));
        std::fs::write(&path, encode_frame(frame, ImageFormat::Png, 90).unwrap()).unwrap();
        let split = Some(if index == 1 { Split::Val } else { Split::Train });
        let size = (frame.width, frame.height);
        let annotations = vec![Annotation::new(0, [1.0, 1.0, 50.0, 60.0])];
        dataset.items.push(Item {
            name: format!("{index}"),
            path,
            size,
            split,
            annotations,
            ..Item::default()
        });
    }
    let broken = dir.path().join("broken.png");
    std::fs::write(&broken, "").unwrap();
    dataset.items.push(Item { name: "broken".into(), path: broken, ..Item::default() });
    dataset.items[3].size = (140, 90);
    dataset.items[3].annotations = vec![
        Annotation::new(0, [5.0, 5.0, 142.0, 20.0]),
        Annotation::new(0, [5.0, 5.0, 140.5, 20.0]),
        Annotation::new(0, [5.0, 5.0, 5.0, 20.0]),
        Annotation::new(7, [5.0, 5.0, 9.0, 20.0]),
        Annotation::new(0, [5.0, 5.0, 140.5, 20.0]),
    ];
    let findings = check(&dataset, CheckOptions::default(), |_, _| true);
    let text: Vec<String> =
        findings.iter().map(|finding| format!("{}: {}", finding.heading(), finding)).collect();
    let (blurred, rest): (Vec<&String>, Vec<&String>) =
        text.iter().partition(|text| text.starts_with("Blurred"));
    assert!(matches!(blurred[..], [one] if one.starts_with("Blurred images: 2: sharpness ")), "{blurred:?}");
    let (alike, rest): (Vec<&String>, Vec<&String>) = rest.iter().partition(|text| text.starts_with("Near-"));
    assert!(
        matches!(alike[..], [one] if one.starts_with("Near-duplicates in different splits: 0 and 1 (")),
        "{alike:?}"
    );
    assert_eq!(
        rest,
        [
            "Images of another size than their labels say: 3: 90×140, labels say 140×90",
            "Labels outside of their image: 3: label 1",
            "Labels without an area: 3: label 3",
            "Labels of an unknown class: 3: label 4",
            "Labels that are there twice: 3: labels 2 and 5",
            "Broken images: broken: it is empty",
            "Images without labels: broken",
            "Classes without labels: never",
        ]
    );
    let few = check(&dataset, CheckOptions::default(), |done, _| done < 2);
    assert!(few.iter().all(|finding| finding.image() != Some("3")), "it ended early");
}
