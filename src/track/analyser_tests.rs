use super::*;
use crate::track::TrackerKind;

const SIZE: (u32, u32) = (1280, 720);

fn analyser(trail_s: f64) -> Analyser {
    let tracker = Some(TrackerOptions::default());
    Analyser::new(AnalyserOptions { tracker, trail_s, ..AnalyserOptions::default() })
}

/// A car and, below it, a person, both moving to the right at 100 pixels a second.
fn results(time_s: f64, car: bool, person: bool) -> Results {
    let x = 100.0 + 100.0 * time_s as f32;
    let mut results = Results::default();
    results.clear(crate::model::Task::Detect, SIZE);
    if car {
        results.detections.push(Detection::new(2, 0.9, [x, 100.0, x + 80.0, 150.0]));
    }
    if person {
        results.detections.push(Detection::new(0, 0.9, [x, 300.0, x + 40.0, 400.0]));
    }
    results
}

fn step(analyser: &mut Analyser, time_s: f64, car: bool, person: bool) -> (Results, Arc<Report>) {
    let mut results = results(time_s, car, person);
    let report = analyser.apply(&mut results, &Labels::coco80(), time_s, None);
    (results, report)
}

/// Class, now and in total.
fn counts(report: &Report) -> Vec<(u32, u32, u32)> {
    report.counts.iter().map(|count| (count.class_id, count.now, count.total)).collect()
}

#[test]
fn counts_tell_who_is_there_and_who_was() {
    let mut analyser = analyser(2.0);
    let mut last = None;
    for frame in 0..100 {
        let time_s = f64::from(frame) / 25.0;
        // The car drives off after a second.
        last = Some(step(&mut analyser, time_s, time_s < 1.0, true).1);
        if frame == 20 {
            assert_eq!(last.as_deref().map(counts), Some(vec![(0, 1, 1), (2, 1, 1)]));
        }
    }
    assert_eq!(last.as_deref().map(counts), Some(vec![(0, 1, 1), (2, 0, 1)]));
    // Another car is a second one.
    let (_, report) = step(&mut analyser, 4.0, true, true);
    assert_eq!(counts(&report), [(0, 1, 1), (2, 1, 2)]);
}

#[test]
fn detections_get_the_number_of_their_track_and_a_hidden_object_is_added() {
    let mut analyser = analyser(2.0);
    for frame in 0..20 {
        let (results, report) = step(&mut analyser, f64::from(frame) / 25.0, true, true);
        let ids: Vec<_> = results.detections.iter().map(|d| d.track_id).collect();
        assert!(ids.iter().all(Option::is_some) && ids[0] != ids[1]);
        assert!(results.detections.iter().all(|d| d.opacity >= 1.0));
        assert_eq!(report.tracks.len(), 2);
    }
    let (results, report) = step(&mut analyser, 0.8, false, true);
    let car = results.detections.iter().find(|d| d.class_id == 2).expect("it is hidden, not gone");
    assert!(car.opacity < 1.0 && (car.bbox[0] - 180.0).abs() < 3.0, "{car:?}");
    let track = report.tracks.iter().find(|track| Some(track.id) == car.track_id).expect("its track");
    assert!(track.predicted);
}

#[test]
fn a_trail_is_as_long_as_its_seconds_at_any_rate() {
    for (trail_s, rate) in [(0.5, 25.0), (2.0, 25.0), (2.0, 10.0)] {
        let mut analyser = analyser(trail_s);
        for frame in 0..(rate * 4.0) as u32 {
            let (_, report) = step(&mut analyser, f64::from(frame) / rate, true, false);
            let Some(track) = report.tracks.first() else { continue };
            let trail = &report.trails[track.trail.clone()];
            let length = trail[trail.len() - 1][0] - trail[0][0];
            let expected = 100.0 * trail_s.min(f64::from(frame) / rate) as f32;
            // The oldest point is at most a frame off.
            assert!(
                (length - expected).abs() <= 100.0 / rate as f32 + 3.0,
                "{length} for {expected} at {rate}"
            );
            let [x1, _, x2, y2] = track.bbox;
            assert_eq!(trail.last(), Some(&[f32::midpoint(x1, x2), y2]), "it ends at the object");
        }
    }
}

#[test]
fn the_same_frame_again_counts_nothing_and_numbers_stay() {
    let mut analyser = analyser(2.0);
    for frame in 0..10 {
        step(&mut analyser, f64::from(frame) / 25.0, true, true);
    }
    let (first, before) = step(&mut analyser, 0.4, true, true);
    let (second, after) = step(&mut analyser, 0.4, true, true);
    assert_eq!(counts(&before), counts(&after));
    assert_eq!(before.trails, after.trails, "no trail gets longer");
    assert!(after.events.is_empty(), "{:?}", after.events);
    let ids = |results: &Results| results.detections.iter().map(|d| d.track_id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    // With a threshold that was raised meanwhile, the car has gone from the results, and not from the counts.
    let (_, without) = step(&mut analyser, 0.4, false, true);
    assert_eq!(without.counts.iter().map(|count| count.total).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn reset_begins_anew_and_a_video_that_starts_again_goes_on_counting() {
    let mut analyser = analyser(2.0);
    for frame in 0..10 {
        step(&mut analyser, f64::from(frame) / 25.0, true, false);
    }
    // The video starts again: another number, counted as another object.
    let (results, report) = step(&mut analyser, 0.0, true, false);
    assert_eq!(results.detections[0].track_id, Some(2));
    assert_eq!(counts(&report), [(2, 1, 2)]);
    assert!(report.events.iter().any(|e| e.kind == EventKind::Disappeared && e.track_id == 1));
    analyser.reset();
    let (results, report) = step(&mut analyser, 7.0, true, false);
    assert_eq!(results.detections[0].track_id, Some(1));
    assert_eq!(counts(&report), [(2, 1, 1)]);
    assert_eq!(report.trails.len(), 1, "no trail of the old source");
}

#[test]
fn without_a_tracker_nothing_changes_and_another_tracker_goes_on() {
    let mut analyser = analyser(2.0);
    step(&mut analyser, 0.0, true, false);
    let kind = TrackerKind::OcSort;
    let tracker = Some(TrackerOptions { kind, ..TrackerOptions::default() });
    analyser.set_options(AnalyserOptions { tracker, ..AnalyserOptions::default() });
    let (found, _) = step(&mut analyser, 0.04, true, false);
    assert_eq!(found.detections[0].track_id, Some(1));
    analyser.set_options(AnalyserOptions::default());
    let (found, report) = step(&mut analyser, 0.08, true, false);
    assert_eq!(found, results(0.08, true, false));
    assert!(report.tracks.is_empty() && report.counts.is_empty());
}

/// The picture stands still, and the user raises a threshold or leaves a class out: the model looks at the same frame again.
#[test]
fn on_a_frame_that_stands_still_only_what_is_found_is_there() {
    let mut analyser = analyser(2.0);
    for frame in 0..20 {
        step(&mut analyser, f64::from(frame) / 25.0, true, true);
    }
    for _ in 0..3 {
        let (results, report) = step(&mut analyser, 0.76, false, true);
        assert!(results.detections.iter().all(|d| d.class_id == 0), "{:?}", results.detections);
        assert_eq!(report.tracks.len(), 1);
        assert_eq!(counts(&report), [(0, 1, 1), (2, 0, 1)]);
    }
    let (results, _) = step(&mut analyser, 0.76, true, true);
    assert_eq!(results.detections.len(), 2, "with the class chosen again, the car is back");
}

/// A crossing must be seen in several frames; the same frame again is none of them.
#[test]
fn a_frame_that_is_looked_at_again_counts_nothing() {
    let scene = SceneFile::parse(
        "[[lines]]\nname = \"gate\"\npoints = [[0.2, 0.0], [0.2, 1.0]]\n\n[counting]\nresults = 5\nseconds = 0.0\n",
    )
    .expect("a scene file");
    let mut analyser = Analyser::new(AnalyserOptions {
        tracker: Some(TrackerOptions::default()),
        scene: Some(Arc::new(scene)),
        ..AnalyserOptions::default()
    });
    // The bottom centre of the car reaches the line, at 256 pixels, after 1.16 s.
    let crossed = |report: &Report| report.lines[0].inward + report.lines[0].outward;
    for frame in 0..31 {
        let (_, report) = step(&mut analyser, f64::from(frame) / 25.0, true, false);
        assert_eq!(crossed(&report), 0, "frame {frame}");
    }
    for _ in 0..10 {
        let (_, report) = step(&mut analyser, 1.2, true, false);
        assert_eq!(crossed(&report), 0, "the same frame again");
        assert!(report.events.is_empty());
    }
    let mut last = 0;
    for frame in 31..45 {
        last = crossed(&step(&mut analyser, f64::from(frame) / 25.0, true, false).1);
    }
    assert_eq!(last, 1);
}

/// A person leaves the picture and comes back elsewhere after five seconds, as another one passes.
#[test]
fn an_object_that_comes_back_is_recognised_by_its_looks() {
    let mut analyser = analyser(2.0);
    let [red, blue] = [[1.0, 0.0, 0.1], [0.0, 1.0, 0.1]];
    let mut step = |time_s: f64, people: &[([f32; 3], f32)]| {
        let (mut results, mut looks) = (Results::default(), Looks::default());
        results.clear(crate::model::Task::Detect, SIZE);
        for (features, x) in people {
            results.detections.push(Detection::new(0, 0.9, [*x, 300.0, x + 40.0, 400.0]));
            looks.push(Some(features));
        }
        let report = analyser.apply_with(&mut results, &Labels::coco80(), time_s, None, &looks);
        (results.detections.iter().map(|d| d.track_id).collect::<Vec<_>>(), counts(&report))
    };
    for frame in 0..20 {
        step(f64::from(frame) / 10.0, &[(red, 100.0), (blue, 900.0)]);
    }
    let (before, _) = step(2.0, &[(red, 100.0), (blue, 900.0)]);
    for frame in 21..70 {
        step(f64::from(frame) / 10.0, &[(blue, 900.0)]);
    }
    let (after, counted) = step(7.0, &[(red, 600.0), (blue, 900.0)]);
    assert_eq!(after, before, "both have their numbers");
    assert_eq!(counted, [(0, 2, 2)], "two people were there, not three");
    // Somebody else gets a number of his own.
    let (ids, counted) = step(7.1, &[(red, 600.0), (blue, 900.0), ([0.1, 0.1, 1.0], 300.0)]);
    assert!(!before.contains(&ids[2]), "{ids:?}");
    assert_eq!(counted, [(0, 3, 3)]);
}

/// A camera stalls for longer than a track may be lost: who is still there afterwards has never been away.
#[test]
fn after_a_gap_those_who_are_recognised_have_not_disappeared() {
    let mut analyser = analyser(2.0);
    let mut step = |time_s: f64| {
        let (mut results, mut looks) = (Results::default(), Looks::default());
        results.clear(crate::model::Task::Detect, SIZE);
        for (features, x) in [([1.0, 0.0, 0.1], 100.0), ([0.0, 1.0, 0.1], 900.0)] {
            results.detections.push(Detection::new(0, 0.9, [x, 300.0, x + 40.0, 400.0]));
            looks.push(Some(&features));
        }
        let report = analyser.apply_with(&mut results, &Labels::coco80(), time_s, None, &looks);
        let ids: Vec<_> = results.detections.iter().map(|d| d.track_id).collect();
        (ids, report)
    };
    for frame in 0..20 {
        step(f64::from(frame) / 10.0);
    }
    let (before, _) = step(2.0);
    let (after, report) = step(4.5);
    assert_eq!(after, before);
    assert!(report.events.is_empty(), "{:?}", report.events);
    assert!(report.tracks.iter().all(|track| track.since_s < 0.5), "they have been there all the time");
}

#[test]
fn what_a_tracker_changed_is_undone_for_labels() {
    let mut analyser = analyser(2.0);
    let mut was_changed = false;
    for n in 0..20_i16 {
        let time_s = f64::from(n) / 25.0;
        let mut found = results(time_s, true, true);
        // It trembles, so that the tracker smooths it.
        let by = if n % 2 == 0 { 3.0 } else { -3.0 };
        for x in [0, 2] {
            found.detections[0].bbox[x] += by;
        }
        found.detections[0].keypoints = (0, 1);
        let nose =
            crate::model::results::Keypoint { x: found.detections[0].bbox[0] + 9.0, y: 120.0, score: 0.8 };
        found.keypoints.push(nose);
        let mut tracked = found.clone();
        analyser.apply(&mut tracked, &Labels::coco80(), time_s, None);
        was_changed |= tracked.detections[0].bbox != found.detections[0].bbox;
        let again = as_found(&tracked);
        let near = |a: f32, b: f32| (a - b).abs() < 0.01;
        let (a, b) = (&again.detections[0], &found.detections[0]);
        assert!(a.bbox.iter().zip(b.bbox).all(|(a, b)| near(*a, b)), "{:?} {:?}", a.bbox, b.bbox);
        assert!(near(again.keypoints[0].x, nose.x) && near(again.keypoints[0].y, nose.y));
        assert_eq!(a.track_id, None);
    }
    assert!(was_changed, "the tracker smooths nothing");
    // Where the car should be, the model has found nothing.
    let (hidden, _) = step(&mut analyser, 0.8, false, true);
    assert_eq!(hidden.detections.len(), 2, "the tracker adds it");
    assert_eq!(as_found(&hidden).detections.len(), 1);
}
