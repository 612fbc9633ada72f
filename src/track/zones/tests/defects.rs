//! Known defects of other tools, which must not come here.

use super::{ACROSS, Drive, QUARTER, track, way};
use crate::model::results::Detection;
use crate::track::report::EventKind;

/// ultralytics#25103: “`ObjectCounter` with polygonal region counts opposite directions as the same”. The direction came from the
/// region's width and height, so in a wide region an object to the right and one to the left were both “out”. Here entering and
/// leaving come from where the object is, whatever the shape, the order of the corners and the direction of the motion.
#[test]
fn ultralytics_25103_direction_does_not_depend_on_the_polygons_shape() {
    let shapes: [(&str, Vec<[f32; 2]>); 3] = [
        ("wide", vec![[0.2, 0.4], [0.8, 0.4], [0.8, 0.6], [0.2, 0.6]]),
        ("tall", vec![[0.45, 0.1], [0.55, 0.1], [0.55, 0.9], [0.45, 0.9]]),
        ("hollow", vec![[0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8], [0.42, 0.5]]),
    ];
    let ways =
        [([50.0, 250.0], [950.0, 250.0]), ([500.0, 20.0], [500.0, 490.0]), ([60.0, 30.0], [940.0, 480.0])];
    for (name, corners) in shapes {
        for turned in [false, true] {
            for first in 0..corners.len() {
                let mut corners = corners.clone();
                corners.rotate_left(first);
                if turned {
                    corners.reverse();
                }
                for (from, to) in ways {
                    for (from, to) in [(from, to), (to, from)] {
                        let mut drive = Drive::new(&format!("[[zones]]\nname = 'z'\npoints = {corners:?}"));
                        let mut inside = 0;
                        for (i, place) in way(from, to, 60).into_iter().enumerate() {
                            drive.step(0.05 * i as f64, &[(1, place)]);
                            inside = inside.max(drive.zone().0);
                        }
                        let case = format!("{name} {turned} {first} {from:?} {to:?}");
                        assert_eq!((inside, drive.zone()), (1, (0, 1, 1)), "{case}");
                    }
                }
            }
        }
    }
}

/// supervision#2598: “sub-threshold flicker produces a spurious crossing in the opposite direction”. An object on side A is on
/// side B for one frame and returns: nothing may be counted, however often that happens and at every rate.
#[test]
fn supervision_2598_a_flicker_of_one_frame_does_not_count() {
    for rate in [2.0, 5.0, 10.0, 30.0, 60.0] {
        let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
        for i in 0..60 {
            let y = if i % 12 == 9 { 270.0 } else { 230.0 };
            drive.step(f64::from(i) / rate, &[(1, [200.0, y])]);
            assert!(i < 9 || drive.report.events.is_empty(), "{rate} {:?}", drive.kinds());
        }
        assert_eq!(drive.line(), (0, 0), "{rate} results a second");
        assert_eq!(drive.zone(), (1, 1, 0), "{rate} results a second");
    }
    // Who stays on the other side has crossed, at every rate.
    for rate in [2.0, 5.0, 10.0, 30.0, 60.0] {
        let mut drive = Drive::new(ACROSS);
        for i in 0..40 {
            drive.step(f64::from(i) / rate, &[(1, [200.0, if i < 20 { 230.0 } else { 270.0 }])]);
        }
        assert_eq!(drive.line(), (1, 0), "{rate} results a second");
    }
}

/// supervision#2578: “`LineZone` counts detections with `tracker_id` = -1 as one shared track”. Two objects that aren't tracked yet, on
/// both sides of a line in turn, must not become one that crosses over and over.
#[test]
fn supervision_2578_objects_without_a_track_are_not_merged() {
    let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
    for i in 0..20 {
        let y = if i % 4 < 2 { 100.0 } else { 400.0 };
        let results = drive.results();
        results.detections.clear();
        results.detections.push(Detection::new(2, 0.9, [80.0, y, 120.0, y + 40.0]));
        drive.tracks(0.1 * f64::from(i), Vec::new());
        assert!(drive.report.events.is_empty());
    }
    assert_eq!((drive.line(), drive.zone()), ((0, 0), (0, 0, 0)));
}

/// supervision#1838: “`line_zone` does not update `in_count` and `out_count`”. A line 10 pixels from the picture's edge never counted, because
/// all four corners had to be on one side first. Cars drive in at the top and out at the bottom; their boxes end at the edge.
#[test]
fn supervision_1838_a_line_near_the_border_counts() {
    let scene = "[[lines]]\nname = 'top'\npoints = [[0.0, 0.02], [1.0, 0.02]]\n\
        [[lines]]\nname = 'bottom'\npoints = [[0.0, 0.98], [1.0, 0.98]]\n\
        [[lines]]\nname = 'upper edge'\nanchor = 'top-centre'\npoints = [[0.0, 0.02], [1.0, 0.02]]\n";
    let mut drive = Drive::new(scene);
    for i in 0..100 {
        // A car of 100 pixels that drives 6 pixels a frame; its box is cut off at the picture's edges.
        let y = 5.0 + 6.0 * i as f32;
        let bbox = [400.0, (y - 100.0).max(0.0), 520.0, y.min(500.0)];
        let cars = if bbox[3] - bbox[1] > 4.0 { vec![track(1, bbox)] } else { vec![] };
        drive.tracks(f64::from(i) / 30.0, cars);
    }
    let counts: Vec<_> = drive.report.lines.iter().map(|line| (line.inward, line.outward)).collect();
    assert_eq!(counts, [(1, 0), (1, 0), (1, 0)]);
}

/// Ultralytics' `SpeedEstimator` divides by the video's nominal rate and stops after five points. Here the same motion has the same
/// speed whatever the rate, with lost frames and with a rate that changes.
#[test]
fn speed_follows_the_frames_own_times_not_the_nominal_rate() {
    // 1000 pixels are 50 m, 500 pixels are 25 m.
    let scene = "[perspective]\npoints = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\nwidth = 50.0\nlength = 25.0\n";
    let even = |rate: f64| {
        (0..10_000).map(move |i| f64::from(i) / rate).take_while(|t| *t < 2.0).collect::<Vec<_>>()
    };
    let lossy: Vec<f64> =
        even(30.0).into_iter().enumerate().filter(|(i, _)| i % 7 > 2).map(|(_, t)| t).collect();
    let slower: Vec<f64> =
        even(60.0).into_iter().filter(|t| *t < 1.0 || (*t * 60.0).round() as i32 % 6 == 0).collect();
    for times in [even(5.0), even(10.0), even(29.97), even(60.0), lossy, slower] {
        let mut drive = Drive::new(scene);
        for &time in &times {
            // 200 pixels a second: 10 m/s.
            drive.step(time, &[(1, [100.0 + 200.0 * time as f32, 250.0])]);
        }
        let speed = drive.report.tracks[0].speed.expect("a speed after two seconds");
        assert!((speed - 10.0).abs() < 0.05, "{} results: {speed} m/s", times.len());
        // It stops: the speed goes on to be measured.
        let (last, mut x) = (times[times.len() - 1], 0.0);
        for &time in &times[..times.len() - 1] {
            x = 100.0 + 200.0 * last as f32;
            drive.step(last + 0.01 + time, &[(1, [x, 250.0])]);
        }
        assert!(x > 0.0 && drive.report.tracks[0].speed.expect("a speed") < 0.2);
    }
}

#[test]
fn events_name_the_line_and_the_zone() {
    let mut drive = Drive::new(&format!("{ACROSS}{QUARTER}"));
    drive.path(7, &[[200.0, 300.0], [200.0, 300.0], [200.0, 200.0], [200.0, 200.0]]);
    let kinds = drive.kinds();
    assert!(kinds.contains(&EventKind::Crossed { line: "road".into(), inward: false }), "{kinds:?}");
    assert!(kinds.contains(&EventKind::Entered { zone: "gate".into() }), "{kinds:?}");
    assert!(drive.report.events.iter().all(|event| event.track_id == 7 && event.bbox[3] == 200.0));
}
