use super::*;
use crate::model::boxes::iou;

const FRAME: (u32, u32) = (1280, 720);

fn seen(bbox: [f32; 4]) -> Observation {
    Observation { class_id: 0, score: 0.8, bbox }
}

/// A box of 60×120 whose centre is there.
fn at(x: f32, y: f32) -> [f32; 4] {
    [x - 30.0, y - 60.0, x + 30.0, y + 60.0]
}

fn id_near(tracker: &Tracker, bbox: [f32; 4]) -> Option<u32> {
    tracker
        .shown(FRAME)
        .max_by(|a, b| iou(&a.bbox, &bbox).total_cmp(&iou(&b.bbox, &bbox)))
        .map(|track| track.id)
}

fn both_kinds() -> [Tracker; 2] {
    [TrackerKind::ByteTrack, TrackerKind::OcSort]
        .map(|kind| Tracker::new(&TrackerOptions { kind, ..TrackerOptions::default() }))
}

#[test]
fn a_number_stays_through_0_8_seconds_out_of_sight_at_any_rate() {
    for rate in [5.0, 10.0, 25.0, 60.0] {
        for mut tracker in both_kinds() {
            let (mut first, mut last) = (None, None);
            for frame in 0..(rate * 4.0) as u32 {
                let time = f64::from(frame) / rate;
                let place = at(200.0 + 80.0 * time as f32, 300.0);
                let hidden = (2.0..2.8).contains(&time);
                let boxes = [seen(place)];
                tracker.update(time, if hidden { &[] } else { &boxes }, None);
                if !hidden {
                    last = id_near(&tracker, place);
                    first = first.or(last);
                }
            }
            assert_eq!((first, last), (Some(1), Some(1)), "{rate} a second, {:?}", tracker.options.kind);
        }
    }
}

#[test]
fn two_objects_that_cross_keep_their_numbers() {
    for rate in [10.0, 25.0, 60.0] {
        for mut tracker in both_kinds() {
            let places = |time: f64| {
                let way = 150.0 * time as f32;
                [at(200.0 + way, 300.0), at(800.0 - way, 330.0)]
            };
            let ids = |tracker: &Tracker, time| places(time).map(|place| id_near(tracker, place));
            let mut begin = None;
            for frame in 0..=(rate * 4.0) as u32 {
                let time = f64::from(frame) / rate;
                tracker.update(time, &places(time).map(seen), None);
                begin = begin.or(Some(ids(&tracker, time)));
            }
            assert_eq!(begin, Some(ids(&tracker, 4.0)), "{rate} a second");
            assert_eq!(tracker.tracks().len(), 2);
        }
    }
}

#[test]
fn at_two_results_a_second_a_walker_keeps_its_number() {
    for mut tracker in both_kinds() {
        for frame in 0..10_u8 {
            let time = f64::from(frame) / 2.0;
            tracker.update(time, &[seen(at(200.0 + 60.0 * time as f32, 300.0))], None);
        }
        assert_eq!(tracker.tracks().iter().map(|track| track.id).collect::<Vec<_>>(), [1]);
    }
}

#[test]
fn a_track_ends_after_seconds_whatever_the_rate() {
    for rate in [5.0, 25.0, 60.0] {
        let mut tracker = Tracker::new(&TrackerOptions::default());
        let mut ended = None;
        for frame in 0..(rate * 4.0) as u32 {
            let time = f64::from(frame) / rate;
            let there = time <= 1.0;
            let boxes = [seen(at(300.0, 300.0))];
            tracker.update(time, if there { &boxes } else { &[] }, None);
            if !tracker.ended().is_empty() {
                ended = ended.or(Some(time));
            }
            let coasts = tracker.shown(FRAME).count() == 1;
            assert_eq!(coasts, time - 1.0 <= 0.45 + 1e-9, "{rate} a second at {time}");
        }
        assert!(ended.is_some_and(|time| (2.2..2.41).contains(&time)), "{rate} a second: {ended:?}");
    }
}

#[test]
fn boxes_that_are_none_and_too_many_boxes_do_no_harm() {
    let mut tracker = Tracker::new(&TrackerOptions::default());
    tracker.update(0.0, &[], None);
    let wrong = [f32::NAN, f32::INFINITY, 1e30];
    for value in wrong {
        tracker.update(0.1, &[seen([value, 0.0, 10.0, 10.0]), seen([5.0, 5.0, 5.0, 9.0])], None);
        tracker.update(0.2, &[Observation { score: value, ..seen(at(90.0, 90.0)) }], None);
    }
    let many: Vec<_> = (0..1200).map(|k| seen(at((k % 40) as f32 * 30.0, (k / 40) as f32 * 20.0))).collect();
    tracker.update(0.3, &many, None);
    tracker.update(0.4, &many, None);
    assert!(tracker.tracks().len() <= MAX_TRACKS);
    assert!(tracker.tracks().iter().all(|track| track.bbox.iter().all(|value| value.is_finite())));
}

proptest::proptest! {
    #[test]
    fn numbers_are_unique_and_never_come_back(
        frames in proptest::collection::vec(
            proptest::collection::vec((0..3_u32, 0.0..1.0_f32, 0.0..600.0_f32, 0.0..400.0_f32, 5.0..200.0_f32), 0..12),
            1..40,
        ),
        step in 0.01..1.0_f64,
    ) {
        for mut tracker in both_kinds() {
            let mut gone = std::collections::BTreeSet::new();
            for (number, boxes) in frames.iter().enumerate() {
                let seen: Vec<_> = boxes
                    .iter()
                    .map(|&(class_id, score, x, y, size)| Observation { class_id, score, bbox: [x, y, x + size, y + size] })
                    .collect();
                tracker.update(number as f64 * step, &seen, None);
                let ids: Vec<u32> = tracker.tracks().iter().map(|track| track.id).filter(|&id| id > 0).collect();
                let unique: std::collections::BTreeSet<u32> = ids.iter().copied().collect();
                proptest::prop_assert_eq!(unique.len(), ids.len());
                gone.extend(tracker.ended().iter().map(|track| track.id));
                proptest::prop_assert!(unique.is_disjoint(&gone));
            }
        }
    }
}
