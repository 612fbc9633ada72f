use super::*;
use crate::model::Detection;

/// An image whose every pixel differs from its neighbours.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let pixel = |n: u32| [(n * 37) as u8, (n * 101 / 3) as u8, (n.wrapping_mul(n) / 7) as u8, 255];
    (0..width * height).flat_map(pixel).collect()
}

fn results(size: (u32, u32), boxes: &[(u32, [f32; 4])]) -> Results {
    let mut results = Results::default();
    results.clear(Task::Detect, size);
    results.detections.extend(boxes.iter().map(|(class, bbox)| Detection::new(*class, 0.9, *bbox)));
    results
}

fn cover(privacy: &Privacy, size: (u32, u32), results: &Results, labels: &Labels) -> (Vec<u8>, Covered) {
    let mut pixels = picture(size.0, size.1);
    let thresholds = Thresholds::default();
    let found = Found { results, labels, thresholds: &thresholds };
    let covered = Censor::default().cover(privacy, &mut pixels, size, &[found]);
    (pixels, covered)
}

fn persons() -> Privacy {
    Privacy::hiding(vec!["person".into()])
}

/// How many different colours a part of the picture has.
fn colours(pixels: &[u8], width: usize, [x1, y1, x2, y2]: [usize; 4]) -> usize {
    let mut all = std::collections::HashSet::new();
    for y in y1..y2 {
        for x in x1..x2 {
            let at = (y * width + x) * 4;
            all.insert(pixels[at..at + 4].to_vec());
        }
    }
    all.len()
}

#[test]
fn a_person_becomes_a_few_blocks_of_their_mean_and_the_rest_stays() {
    let size = (200, 160);
    let found = results(size, &[(0, [50.0, 40.0, 110.0, 100.0]), (2, [150.0, 100.0, 190.0, 150.0])]);
    let (pixels, covered) = cover(&persons(), size, &found, &Labels::coco80());
    assert_eq!(covered, Covered::Objects(1));
    let before = picture(size.0, size.1);
    // The margin is a tenth of each side; blocks are a sixth of the shorter side.
    let (inside, block) = ([44, 34, 116, 106], 12);
    for y in 0..160 {
        for x in 0..200 {
            let at = (y * 200 + x) * 4;
            let is_inside = (inside[0]..inside[2]).contains(&x) && (inside[1]..inside[3]).contains(&y);
            if !is_inside {
                assert_eq!(pixels[at..at + 4], before[at..at + 4], "({x}, {y}) is no person");
                continue;
            }
            let corner =
                [inside[0] + (x - inside[0]) / block * block, inside[1] + (y - inside[1]) / block * block];
            for c in 0..3 {
                let sum: u32 = (0..block * block)
                    .map(|n| {
                        u32::from(before[((corner[1] + n / block) * 200 + corner[0] + n % block) * 4 + c])
                    })
                    .sum();
                let mean = f64::from(sum) / (block * block) as f64;
                assert!((f64::from(pixels[at + c]) - mean).abs() <= 0.5, "({x}, {y})");
            }
        }
    }
    assert!(colours(&pixels, 200, inside) <= 36);
}

#[test]
fn blocks_are_at_least_an_eighth_of_the_shorter_side_whatever_the_box() {
    for (w, h) in [(8.0, 8.0), (20.0, 90.0), (199.0, 30.0), (64.0, 64.0)] {
        let size = (400, 300);
        let found = results(size, &[(0, [100.0, 100.0, 100.0 + w, 100.0 + h])]);
        let (pixels, _) = cover(&persons(), size, &found, &Labels::coco80());
        let whole = [100, 100, (100.0 + w) as usize, (100.0 + h) as usize];
        let most = (w / w.min(h) * 8.0).ceil() * (h / w.min(h) * 8.0).ceil();
        assert!(colours(&pixels, 400, whole) as f32 <= most, "{w}×{h}");
    }
}

#[test]
fn a_blurred_person_is_made_of_the_same_means() {
    let size = (120, 120);
    let privacy = Privacy { cover: Cover::Blur, ..persons() };
    let mut pixels = Vec::new();
    for y in 0..120u32 {
        // Stripes of one pixel, which nothing is left of.
        (0..120u32).for_each(|x| pixels.extend([if (x + y) % 2 == 0 { 0 } else { 250 }, 0, 0, 255]));
    }
    let found = results(size, &[(0, [30.0, 30.0, 90.0, 90.0])]);
    let (thresholds, labels) = (Thresholds::default(), Labels::coco80());
    let found = Found { results: &found, labels: &labels, thresholds: &thresholds };
    Censor::default().cover(&privacy, &mut pixels, size, &[found]);
    for y in 24..96 {
        for x in 24..96 {
            assert!(pixels[(y * 120 + x) * 4].abs_diff(125) <= 1);
        }
    }
    assert_eq!(pixels[(10 * 120 + 10) * 4], 0);
}

#[test]
fn where_nobody_knows_everything_is_hidden() {
    let size = (160, 120);
    let whole = [0, 0, 160, 120];
    let is_hidden = |(pixels, covered): (Vec<u8>, Covered)| {
        covered == Covered::Everything && colours(&pixels, 160, whole) <= 8 * 6
    };
    // No result yet.
    let mut pixels = picture(160, 120);
    let covered = Censor::default().cover(&persons(), &mut pixels, size, &[]);
    assert!(is_hidden((pixels, covered)));
    // A model that finds no people.
    assert!(is_hidden(cover(&persons(), size, &results(size, &[]), &Labels::face())));
    // The user looks for cars only.
    let mut pixels = picture(160, 120);
    let thresholds = Thresholds { classes: vec![2], ..Thresholds::default() };
    let (found, labels) = (results(size, &[]), Labels::coco80());
    let found = Found { results: &found, labels: &labels, thresholds: &thresholds };
    let covered = Censor::default().cover(&persons(), &mut pixels, size, &[found]);
    assert!(is_hidden((pixels, covered)));
    // The result of a frame of another size.
    assert!(is_hidden(cover(&persons(), size, &results((320, 240), &[]), &Labels::coco80())));
    // A picture that isn't whole is not shown at all.
    let mut short = vec![9; 17];
    assert_eq!(Censor::default().cover(&persons(), &mut short, size, &[]), Covered::Everything);
    assert!(short.is_empty());
    // A model that finds people, and finds none: the picture is as it was.
    let (pixels, covered) = cover(&persons(), size, &results(size, &[]), &Labels::coco80());
    assert!(covered == Covered::Objects(0) && pixels == picture(160, 120));
}

#[test]
fn one_of_several_models_that_finds_the_class_is_enough() {
    let size = (160, 120);
    let (people, none) = (results(size, &[(0, [10.0, 10.0, 60.0, 60.0])]), results(size, &[]));
    let (coco, face, thresholds) = (Labels::coco80(), Labels::face(), Thresholds::default());
    let of = |results, labels| Found { results, labels, thresholds: &thresholds };
    let mut pixels = picture(160, 120);
    let covered =
        Censor::default().cover(&persons(), &mut pixels, size, &[of(&none, &face), of(&people, &coco)]);
    assert_eq!(covered, Covered::Objects(1));
    assert_ne!(pixels, picture(160, 120));
}

#[test]
fn models_name_people_faces_and_plates_in_many_ways() {
    let all = Privacy { on: true, ..Privacy::default() };
    for name in [
        "Person",
        "person",
        "pedestrian",
        "License Plate",
        "license-plate",
        "number_plate",
        "Human face",
        "face",
    ] {
        assert!(all.hides(name), "{name}");
    }
    for name in ["car", "personal computer", "dinner plate"] {
        assert!(!all.hides(name), "{name}");
    }
    assert!(Privacy::hiding(vec!["汽车".into()]).hides("汽车"));
    let one = Privacy::hiding(vec!["pedestrian".into()]);
    assert!(one.hides("pedestrian") && !one.hides("person"), "a model's own class is that class");
}

#[test]
fn a_box_beyond_the_edge_of_the_picture_is_hidden_as_far_as_it_is_in_it() {
    let size = (100, 100);
    for bbox in [
        [-50.0, -50.0, 20.0, 20.0],
        [90.0, 90.0, 300.0, 300.0],
        [-1e9, -1e9, 1e9, 1e9],
        [50.0, 50.0, 10.0, 10.0],
        [200.0, 200.0, 300.0, 300.0],
    ] {
        let (pixels, covered) = cover(&persons(), size, &results(size, &[(0, bbox)]), &Labels::coco80());
        assert_eq!((pixels.len(), covered), (40_000, Covered::Objects(1)), "{bbox:?}");
    }
    // Nobody knows where a box without a place is.
    let nowhere = results(size, &[(0, [f32::NAN, 0.0, 10.0, 10.0])]);
    assert_eq!(cover(&persons(), size, &nowhere, &Labels::coco80()).1, Covered::Everything);
    let (pixels, _) =
        cover(&persons(), size, &results(size, &[(0, [-1e9, -1e9, 1e9, 1e9])]), &Labels::coco80());
    assert_eq!(colours(&pixels, 100, [0, 0, 100, 100]), 1);
}

#[test]
fn nothing_is_allocated_once_the_buffers_are_there() {
    let size = (160, 120);
    let found = results(size, &[(0, [10.0, 10.0, 150.0, 110.0])]);
    let (labels, thresholds, mut censor) = (Labels::coco80(), Thresholds::default(), Censor::default());
    let found = Found { results: &found, labels: &labels, thresholds: &thresholds };
    let mut pixels = picture(160, 120);
    censor.cover(&persons(), &mut pixels, size, &[found]);
    let before = (censor.cells.as_ptr(), censor.cells.capacity(), pixels.as_ptr());
    censor.cover(&persons(), &mut pixels, size, &[found]);
    assert_eq!(before, (censor.cells.as_ptr(), censor.cells.capacity(), pixels.as_ptr()));
}

#[test]
fn beside_a_model_without_boxes_everything_is_hidden() {
    let size = (96, 64);
    for task in [Task::Semantic, Task::Classify, Task::Matte, Task::Depth] {
        let mut found = results(size, &[]);
        found.task = task;
        let (pixels, covered) = cover(&persons(), size, &found, &Labels::coco80());
        assert_eq!(covered, Covered::Everything, "{task:?}");
        assert_ne!(pixels, picture(size.0, size.1));
    }
}

#[test]
fn a_person_whose_track_is_called_a_bicycle_is_hidden_where_the_model_saw_it() {
    let size = (200, 160);
    let mut found = results(size, &[(1, [100.0, 40.0, 160.0, 100.0])]);
    found.detections[0].measured = Some((0, [20.0, 40.0, 80.0, 100.0]));
    let (pixels, covered) = cover(&persons(), size, &found, &Labels::coco80());
    assert_eq!(covered, Covered::Objects(1));
    assert!(colours(&pixels, 200, [24, 44, 76, 96]) <= 64, "the place where the model saw it");
}

#[test]
fn a_hidden_class_that_the_user_left_out_hides_everything() {
    let size = (96, 64);
    let both = Privacy::hiding(vec!["person".into(), "car".into()]);
    let found = results(size, &[]);
    let thresholds = Thresholds { classes: vec![2], ..Thresholds::default() };
    let labels = Labels::coco80();
    let found = Found { results: &found, labels: &labels, thresholds: &thresholds };
    let mut pixels = picture(size.0, size.1);
    assert_eq!(Censor::default().cover(&both, &mut pixels, size, &[found]), Covered::Everything);
}

#[test]
fn a_misspelt_class_is_told() {
    let privacy = Privacy::hiding(["person", "carr", "\u{6c7d}\u{8f66}"].map(str::to_owned).to_vec());
    assert_eq!(privacy.unknown_classes(&Labels::coco80()), ["carr"]);
}
