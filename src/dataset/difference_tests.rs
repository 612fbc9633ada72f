use std::sync::Arc;

use super::*;
use crate::dataset::Counted;
use crate::dataset::evaluate::{ClassificationFigures, Confusion, Evaluation, Figures, Found, Truth};
use crate::dataset::measure::MeasuredImage;

const BOX: [f64; 4] = [10.0, 10.0, 50.0, 50.0];

fn of_images(images: Vec<MeasuredImage>) -> MeasuredModel {
    let figures = Figures::Classification(Box::new(ClassificationFigures {
        top1: None,
        top5: None,
        classes: Vec::new(),
        confusion: Confusion::default(),
        worst: Vec::new(),
    }));
    let evaluation = Evaluation {
        model: "m".into(),
        sha256: String::new(),
        dataset: "d".into(),
        split: None,
        counted: Counted::All,
        images: images.len(),
        unknown_to_model: Vec::new(),
        unknown_to_dataset: Vec::new(),
        ms_per_image: 1.0,
        figures,
    };
    MeasuredModel { path: "m.onnx".into(), evaluation, images, left_out: 0, own_labels: 0 }
}

/// Each image has one object, which the model finds or not.
fn model(images: usize, finds: impl Fn(usize) -> bool) -> MeasuredModel {
    let image = |place: usize| {
        let truth = Truth { class: 0, bbox: BOX, mask: None, crowd: false, area: 1600.0 };
        let found = Found { class: 0, score: 0.9, bbox: BOX, mask: None };
        let found = if finds(place) { vec![found] } else { Vec::new() };
        MeasuredImage { place, truths: vec![truth], found, ..MeasuredImage::default() }
    };
    of_images((0..images).map(image).collect())
}

/// A classifier on videos of so many frames, which are all right or all wrong.
fn on_videos(videos: usize, frames: usize, right: impl Fn(usize) -> bool) -> MeasuredModel {
    let image = |place: usize| MeasuredImage {
        place,
        is_right: Some(right(place / frames)),
        source: Some(Arc::from(format!("{}.mp4", place / frames))),
        ..MeasuredImage::default()
    };
    of_images((0..videos * frames).map(image).collect())
}

#[test]
fn a_large_difference_is_told_from_a_small_one() {
    let classes = ["car".to_owned()];
    let (all, half) = (model(100, |_| true), model(100, |n| n % 2 == 0));
    let better = difference(&classes, &half, &all, |_, _| true).unwrap();
    assert!(better.by > 0.4 && better.weight() == Weight::Real, "{better:?}");
    let [low, high] = better.range.unwrap();
    assert!(low < better.by && better.by < high, "{better:?}");
    let same = difference(&classes, &all, &all, |_, _| true).unwrap();
    assert_eq!((same.by, same.range, same.weight()), (0.0, Some([0.0, 0.0]), Weight::Noise));
    // Each misses another image: one is no better than the other.
    let (a, b) = (model(100, |n| n != 3), model(100, |n| n != 4));
    assert_eq!(difference(&classes, &a, &b, |_, _| true).unwrap().weight(), Weight::Noise);
    let (few, none) = (model(29, |_| true), model(29, |_| false));
    assert_eq!(difference(&classes, &none, &few, |_, _| true).unwrap().weight(), Weight::Few);
}

#[test]
fn models_of_other_images_are_not_compared_and_it_can_be_stopped() {
    let classes = ["car".to_owned()];
    let (a, b) = (model(10, |_| true), model(11, |_| true));
    assert_eq!(difference(&classes, &a, &b, |_, _| true), None);
    assert_eq!(difference(&classes, &a, &a, |_, _| false), None);
}

/// Ten frames of a video that are alike say no more than one of them: the range is as wide as with one frame a video, and as wide
/// as that of a binomial share (1.96 · √(p(1−p)/n)), not √10 times narrower.
#[test]
fn frames_of_one_video_count_as_one_witness() {
    let wrong = on_videos(100, 1, |_| false);
    let one = difference(&[], &wrong, &on_videos(100, 1, |n| n % 4 == 0), |_, _| true).unwrap();
    let wrong = on_videos(100, 10, |_| false);
    let ten = difference(&[], &wrong, &on_videos(100, 10, |n| n % 4 == 0), |_, _| true).unwrap();
    assert_eq!((one.by, one.sources), (0.25, 100));
    assert_eq!((ten.by, ten.images, ten.sources), (0.25, 1000, 100));
    let half_width = 1.96 * (0.25_f64 * 0.75 / 100.0).sqrt();
    for difference in [one, ten] {
        let [low, high] = difference.range.unwrap();
        assert!((high - low - 2.0 * half_width).abs() < 0.3 * half_width, "{difference:?} {half_width}");
    }
    let few =
        difference(&[], &on_videos(9, 50, |_| false), &on_videos(9, 50, |_| true), |_, _| true).unwrap();
    assert_eq!(few.weight(), Weight::Few, "nine videos");
}

#[test]
fn images_of_one_video_give_no_range() {
    let (a, b) = (on_videos(1, 200, |_| false), on_videos(1, 200, |_| true));
    let found = difference(&[], &a, &b, |_, _| true).unwrap();
    assert_eq!((found.by, found.range, found.weight()), (1.0, None, Weight::Unknown));
}

#[test]
fn one_image_is_too_few_and_no_video() {
    let found = difference(&["car".into()], &model(1, |_| false), &model(1, |_| true), |_, _| true).unwrap();
    assert_eq!((found.range, found.weight()), (None, Weight::Few));
}

#[test]
fn a_large_data_set_is_drawn_often_enough_for_its_ends() {
    let mut all = 0;
    let count = |_, rounds| {
        all = rounds;
        true
    };
    let (a, b) = (on_videos(2000, 1, |_| false), on_videos(2000, 1, |n| n % 2 == 0));
    difference(&[], &a, &b, count).unwrap();
    assert!(all >= 400, "{all}");
}
