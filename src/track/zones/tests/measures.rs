//! Heat map, distances, speed and exercises.

use super::{Drive, track};
use crate::model::results::{Detection, Keypoint};

const GROUND: &str =
    "[perspective]\npoints = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\nwidth = 50.0\nlength = 25.0\n";

#[test]
fn a_cumulative_heat_map_holds_the_seconds_that_objects_were_there() {
    for rate in [5.0, 50.0] {
        let mut drive = Drive::new("[heat_map]\nmode = 'cumulative'\n");
        for i in 0..=(2.0 * rate) as u32 {
            drive.step(f64::from(i) / rate, &[(1, [506.25, 256.25])]);
        }
        let heat = &drive.report.heat;
        assert_eq!((heat.width, heat.height), (80, 40));
        // 506 of 1000 pixels is column 40, 256 of 500 is row 20.
        let centre = heat.values[20 * 80 + 40];
        assert!((centre - 2.0).abs() < 1e-3, "{rate}: {centre}");
        assert_eq!(heat.values[0], 0.0);
    }
}

#[test]
fn a_decaying_heat_map_halves_in_its_half_life() {
    let mut drive = Drive::new("[heat_map]\nhalf_life = 0.5\n");
    for i in 0..=10 {
        drive.step(0.1 * f64::from(i), &[(1, [506.25, 256.25])]);
    }
    let before = drive.report.heat.values[20 * 80 + 40];
    for i in 11..=15 {
        drive.step(0.1 * f64::from(i), &[]);
    }
    let after = drive.report.heat.values[20 * 80 + 40];
    assert!(before > 0.1 && (after / before - 0.5).abs() < 1e-3, "{before} {after}");
    drive.counter.reset_counts();
    drive.step(1.6, &[]);
    assert!(drive.report.heat.values.iter().all(|value| *value == 0.0));
}

#[test]
fn distances_are_in_metres_where_the_ground_is_known() {
    for (scene, expected, metres) in [(GROUND, 5.0, true), ("", 100.0, false)] {
        let mut drive = Drive::new(&format!("{scene}[distances]\n"));
        let mut near = track(2, [180.0, 60.0, 220.0, 100.0]);
        near.class_id = 0;
        drive.tracks(
            0.0,
            vec![track(1, [80.0, 60.0, 120.0, 100.0]), near, track(9, [780.0, 60.0, 820.0, 100.0])],
        );
        let distances = &drive.report.distances;
        assert_eq!(distances.iter().map(|d| d.tracks).collect::<Vec<_>>(), [[1, 2], [2, 9]]);
        assert!((distances[0].value - expected).abs() < 1e-3 && distances[0].metres == metres);
        assert_eq!(distances[0].points, [[100.0, 100.0], [200.0, 100.0]]);
    }
    let mut drive = Drive::new("[distances]\nclasses = ['person']");
    drive.step(0.0, &[(1, [100.0, 100.0]), (2, [200.0, 100.0])]);
    assert!(drive.report.distances.is_empty(), "cars");
}

#[test]
fn repetitions_are_counted_for_each_person() {
    let scene = "[[exercises]]\nname = 'curls'\njoints = ['left-shoulder', 'left-elbow', 'left-wrist']\n";
    let mut drive = Drive::new(scene);
    for i in 0..=200 {
        let time = f64::from(i) / 20.0;
        // The first arm bends and stretches every two seconds; the second trembles around 90°; the third isn't seen well.
        let angles = [
            100.0 + 70.0 * (time * std::f64::consts::PI).cos(),
            if i % 2 == 0 { 88.0 } else { 160.0 },
            100.0 + 70.0 * (time * std::f64::consts::PI).cos(),
        ];
        let results = drive.results();
        results.detections.clear();
        results.keypoints.clear();
        for (person, angle) in angles.into_iter().enumerate() {
            let (sin, cos) = (angle as f32).to_radians().sin_cos();
            let mut detection = Detection::new(0, 0.9, [0.0, 0.0, 10.0, 10.0]);
            detection.track_id = Some(person as u32 + 1);
            detection.keypoints = (results.keypoints.len(), 17);
            results.detections.push(detection);
            let score = if person == 2 { 0.1 } else { 0.9 };
            results.keypoints.extend((0..17).map(|place| match place {
                5 => Keypoint { x: 500.0, y: 100.0, score },
                7 => Keypoint { x: 500.0, y: 200.0, score },
                // 100 pixels from the elbow, at this angle from the upper arm.
                9 => Keypoint { x: 500.0 + 100.0 * sin, y: 200.0 - 100.0 * cos, score },
                _ => Keypoint { x: 0.0, y: 0.0, score: 0.0 },
            }));
        }
        drive.tracks(time, (1..=3).map(|id| track(id, [0.0, 0.0, 10.0, 10.0])).collect());
    }
    let people: Vec<_> = drive.report.exercises[0].people.iter().map(|p| (p.track_id, p.count)).collect();
    assert_eq!(people, [(1, 5), (2, 0)], "ten seconds: five times; who trembles does none");
    let angle = drive.report.exercises[0].people[0].angle.expect("seen");
    assert!((angle - 170.0).abs() < 0.1, "{angle}");
}
