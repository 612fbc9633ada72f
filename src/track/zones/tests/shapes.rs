//! Zones and lines.

use std::sync::Arc;

use super::{ACROSS, Drive, QUARTER, track, way};
use crate::model::labels::Labels;
use crate::model::results::Detection;
use crate::track::report::{Event, EventKind, Report};
use crate::track::zones::SceneFile;

#[test]
fn in_is_from_the_left_side_of_the_segment_to_its_right() {
    // (from, to, a way that goes in). Seen on the picture: who walks to the right has the lower half on the right.
    let cases = [
        ([0.2, 0.5], [0.8, 0.5], [500.0, 100.0], [500.0, 400.0]),
        ([0.8, 0.5], [0.2, 0.5], [500.0, 400.0], [500.0, 100.0]),
        ([0.5, 0.2], [0.5, 0.8], [700.0, 250.0], [300.0, 250.0]),
        ([0.5, 0.8], [0.5, 0.2], [300.0, 250.0], [700.0, 250.0]),
    ];
    for (a, b, from, to) in cases {
        let scene = format!("[[lines]]\nname = 'l'\npoints = [{a:?}, {b:?}]");
        let mut drive = Drive::new(&scene);
        drive.path(1, &way(from, to, 20));
        assert_eq!(drive.line(), (1, 0), "{a:?} {b:?}");
        drive.path(1, &way(to, from, 20));
        assert_eq!(drive.line(), (1, 1), "{a:?} {b:?}, and back");
    }
}

#[test]
fn a_crossing_counts_only_within_the_segment() {
    let scene = "[[lines]]\nname = 'l'\npoints = [[0.2, 0.5], [0.4, 0.5]]";
    let mut drive = Drive::new(scene);
    drive.path(1, &way([450.0, 100.0], [450.0, 400.0], 20));
    assert_eq!(drive.line(), (0, 0), "beside it");
    drive.path(2, &way([150.0, 100.0], [450.0, 400.0], 20));
    assert_eq!(drive.line(), (1, 0), "obliquely through it");
    // Through it, then around its end, then through it again.
    let around =
        [[300.0, 400.0], [450.0, 400.0], [450.0, 100.0], [300.0, 100.0], [300.0, 400.0], [300.0, 450.0]];
    let mut all = way([300.0, 100.0], [300.0, 400.0], 10);
    around.windows(2).for_each(|pair| all.extend(way(pair[0], pair[1], 10)));
    drive.path(3, &all);
    assert_eq!(drive.line(), (3, 0));
}

#[test]
fn a_track_that_is_not_seen_while_it_crosses_counts_once() {
    let mut drive = Drive::new(ACROSS);
    for i in 0..60 {
        let (time, y) = (f64::from(i) / 20.0, 100.0 + 5.0 * i as f32);
        // Half a second around the crossing at y = 250 nothing is seen.
        let cars = if (225.0..275.0).contains(&y) { vec![] } else { vec![(1, [300.0, y])] };
        drive.step(time, &cars);
    }
    assert_eq!(drive.line(), (1, 0));
}

#[test]
fn who_waits_on_the_line_counts_once() {
    let mut drive = Drive::new(ACROSS);
    drive.path(1, &way([300.0, 200.0], [300.0, 251.0], 10));
    for i in 0..200 {
        // Boxes tremble by a pixel or two.
        let time = drive.report.time_s + 0.1;
        drive.step(time, &[(1, [300.0, 250.0 + [1.5, -1.5, 0.5, 1.0, 1.5, -0.5, -1.5, -1.5][i % 8]])]);
    }
    assert_eq!(drive.line(), (0, 0));
    drive.path(1, &way([300.0, 251.0], [300.0, 300.0], 10));
    assert_eq!(drive.line(), (1, 0));
}

#[test]
fn a_predicted_box_neither_starts_a_crossing_nor_prevents_one() {
    let mut drive = Drive::new(ACROSS);
    let mut at = |time: f64, y: f32, predicted: bool| {
        let mut car = track(1, [280.0, y - 40.0, 320.0, y]);
        car.predicted = predicted;
        drive.tracks(time, vec![car]);
        drive.line()
    };
    at(0.0, 200.0, false);
    at(0.1, 220.0, false);
    assert_eq!(
        [at(0.2, 260.0, true), at(0.3, 280.0, true), at(0.4, 300.0, true)],
        [(0, 0); 3],
        "predicted only"
    );
    at(0.5, 200.0, false);
    assert_eq!(at(0.6, 270.0, false), (0, 0));
    assert_eq!(at(0.75, 290.0, true), (1, 0), "seen once behind the line, then gone");
}

#[test]
fn dwell_time_is_told_by_track_and_class() {
    let mut drive = Drive::new(QUARTER);
    let mut bus = track(2, [80.0, 60.0, 120.0, 100.0]);
    bus.class_id = 5;
    for i in 0..=50 {
        let time = 0.1 * f64::from(i);
        let x = if (10..30).contains(&i) { 200.0 } else { 900.0 };
        drive.tracks(time, vec![track(1, [x - 20.0, 60.0, x + 20.0, 100.0]), bus.clone()]);
        if i == 20 {
            let inside: Vec<_> = drive.report.zones[0]
                .inside
                .iter()
                .map(|p| (p.track_id, p.class_id, time - p.since_s))
                .collect();
            let expected = [(1, 2, 1.0), (2, 5, 2.0)];
            for (found, expected) in inside.iter().zip(expected) {
                assert_eq!((found.0, found.1), (expected.0, expected.1));
                assert!((found.2 - expected.2).abs() < 1e-9);
            }
        }
        if let Some(EventKind::Left { after_s, .. }) = drive.kinds().first() {
            assert!((after_s - 2.0).abs() < 1e-9, "{after_s}");
        }
    }
    let zone = &drive.report.zones[0];
    let classes: Vec<_> = zone.classes.iter().map(|c| (c.class_id, c.entries, c.exits)).collect();
    assert_eq!(classes, [(5, 1, 0), (2, 1, 1)]);
    assert!(
        (zone.classes[1].total_s - 2.0).abs() < 1e-9 && zone.classes[1].longest_s == zone.classes[1].total_s
    );
}

#[test]
fn a_track_that_ends_inside_leaves_and_a_short_gap_does_not() {
    let mut drive = Drive::new(QUARTER);
    drive.path(1, &[[200.0, 100.0]; 5]);
    assert_eq!(drive.zone(), (1, 1, 0));
    for i in 0..15 {
        drive.step(0.6 + 0.1 * f64::from(i), &[]);
    }
    assert_eq!(drive.zone(), (1, 1, 0), "not seen for 1.5 s");
    drive.step(4.0, &[]);
    assert_eq!(drive.zone(), (0, 1, 1), "not seen for 3.5 s");
    assert!(matches!(drive.kinds()[..], [EventKind::Left { after_s, .. }] if (after_s - 0.4).abs() < 1e-9));
    drive.path(2, &[[200.0, 100.0]; 5]);
    let mut report: Report = drive.report.clone();
    report.tracks.clear();
    report.time_s += 0.1;
    let event = Event {
        kind: EventKind::Disappeared,
        track_id: 2,
        class_id: 2,
        time_s: report.time_s,
        bbox: [0.0; 4],
    };
    report.events = vec![event];
    let mut results = drive.results().clone();
    results.detections.clear();
    drive.counter.update(&results, &Labels::coco80(), &mut report);
    assert_eq!((report.zones[0].inside.len(), report.zones[0].exits), (0, 2), "the tracker says so");
}

#[test]
fn a_video_that_starts_again_ends_every_track_and_keeps_the_counts() {
    let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
    drive.path(1, &way([200.0, 300.0], [200.0, 100.0], 20));
    assert_eq!((drive.line(), drive.zone()), ((0, 1), (1, 1, 0)));
    drive.step(0.0, &[(1, [200.0, 400.0])]);
    assert_eq!((drive.line(), drive.zone()), ((0, 1), (0, 1, 1)));
}

#[test]
fn only_the_named_classes_count() {
    let scene = ACROSS.to_owned() + "classes = ['Person', 5]\n" + QUARTER + "classes = ['car']\n";
    let mut drive = Drive::new(&scene);
    for i in 0..20 {
        let mut tracks = Vec::new();
        for (id, class_id) in [(1, 0), (2, 5), (3, 2), (4, 7)] {
            let y = 400.0 - 15.0 * i as f32;
            let x = 80.0 * id as f32;
            let mut one = track(id, [x, y - 40.0, x + 40.0, y]);
            one.class_id = class_id;
            tracks.push(one);
        }
        drive.tracks(0.1 * f64::from(i), tracks);
    }
    assert_eq!(drive.line(), (0, 2));
    let classes: Vec<_> = drive.report.lines[0].classes.iter().map(|c| (c.class_id, c.outward)).collect();
    assert_eq!(classes, [(0, 1), (5, 1)]);
    assert_eq!(drive.zone(), (1, 1, 0));
}

/// `YOLO11n` sees a car and the car with its shadow, and tracks both (traffic.mp4, from frame 84 on).
#[test]
fn a_car_that_is_detected_twice_counts_once() {
    let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
    for i in 0..40 {
        let y = 400.0 - 8.0 * i as f32;
        let mut both = vec![track(1, [100.0, y - 60.0, 166.0, y])];
        if i > 2 {
            both.push(track(2, [101.0, y - 59.0, 202.0, y + 7.0]));
        }
        drive.tracks(0.05 * f64::from(i), both);
    }
    assert_eq!((drive.line(), drive.zone()), ((0, 1), (1, 1, 0)));
    // The first track ends, the second goes on: nobody has left.
    let tracks = |i: usize| vec![track(2, [101.0, 51.0, 202.0, 95.0 + 0.1 * i as f32])];
    for i in 0..60 {
        drive.tracks(2.0 + 0.05 * i as f64, tracks(i));
    }
    assert_eq!((drive.line(), drive.zone()), ((0, 1), (1, 1, 0)), "{:?}", drive.kinds());
    // Who walks away from behind somebody else is another one.
    for i in 0..40 {
        let x = 50.0 + 5.0 * i as f32;
        drive.tracks(
            9.0 + 0.05 * f64::from(i),
            vec![track(5, [50.0, 60.0, 90.0, 160.0]), track(6, [x, 60.0, x + 40.0, 160.0])],
        );
    }
    assert_eq!(drive.zone().0, 2);
}

#[test]
fn a_parking_space_holds_those_who_stand_in_it() {
    let mut drive = Drive::new(&(QUARTER.to_owned() + "capacity = 1\n"));
    drive.path(1, &[[200.0, 100.0]; 5]);
    assert_eq!((drive.report.zones[0].capacity, drive.zone().0), (Some(1), 1));
}

#[test]
fn counts_stay_with_a_zone_that_is_moved_or_renamed() {
    let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
    drive.path(1, &way([200.0, 300.0], [200.0, 100.0], 20));
    let mut scene = SceneFile::clone(drive.counter.scene());
    scene.zones[0].name = "another".into();
    scene.lines.insert(0, super::super::Line { name: "new".into(), ..scene.lines[0].clone() });
    scene.lines[0].points = [[0.1, 0.1], [0.9, 0.1]];
    drive.counter.set_scene(Arc::new(scene.clone()));
    drive.path(1, &[[200.0, 100.0]; 3]);
    assert_eq!(drive.zone(), (1, 1, 0), "renamed");
    assert_eq!((drive.line(), drive.report.lines[1].outward), ((0, 0), 1));
    // Away from under the car.
    scene.zones[0].points.iter_mut().for_each(|point| point[0] += 0.5);
    drive.counter.set_scene(Arc::new(scene.clone()));
    drive.path(1, &[[200.0, 100.0]; 3]);
    assert_eq!(drive.zone(), (0, 1, 1), "moved");
    drive.counter.reset_counts();
    drive.path(1, &[[200.0, 100.0]; 3]);
    assert_eq!((drive.zone(), drive.report.lines[1].outward), ((0, 0, 0), 0));
    scene.zones.clear();
    scene.lines.clear();
    drive.counter.set_scene(Arc::new(scene));
    drive.path(1, &[[200.0, 100.0]; 3]);
    assert!(drive.report.zones.is_empty() && drive.report.lines.is_empty());
}

#[test]
fn a_single_image_tells_who_is_inside() {
    let mut drive = Drive::new(QUARTER);
    let results = drive.results();
    results.detections.push(Detection::new(2, 0.9, [180.0, 60.0, 220.0, 100.0]));
    results.detections.push(Detection::new(2, 0.9, [280.0, 60.0, 320.0, 100.0]));
    results.detections.push(Detection::new(2, 0.9, [780.0, 60.0, 820.0, 100.0]));
    let (results, mut report) = (results.clone(), Report::default());
    for _ in 0..3 {
        drive.counter.update_image(&results, &Labels::coco80(), &mut report);
        let zone = &report.zones[0];
        assert_eq!((zone.inside.len(), zone.entries, zone.exits), (2, 0, 0));
    }
}
