use super::*;
use crate::fixtures::model_info;
use crate::model::results::{Results, StageTimes};
use crate::model::{Task, Thresholds};
use crate::track::{Event, EventKind, Looks, Report, TrackReport};

const PERSON: u32 = 0;
const CAR: u32 = 2;

/// A result with these tracks (class and number), of which those of `new` were confirmed in it.
fn result(time_s: f64, tracks: &[(u32, u32)], new: &[u32]) -> Arc<Prediction> {
    let bbox = [0.0, 0.0, 4.0, 4.0];
    let track = |&(class_id, id): &(u32, u32)| TrackReport {
        id,
        class_id,
        bbox,
        since_s: [0.0, 0.0, 0.2, 0.3][id as usize],
        trail: 0..0,
        speed: None,
        predicted: false,
    };
    let event = |&(class_id, track_id): &(u32, u32)| Event {
        kind: EventKind::Appeared,
        track_id,
        class_id,
        time_s,
        bbox,
    };
    let report = Report {
        time_s,
        tracks: tracks.iter().map(track).collect(),
        events: tracks.iter().filter(|(_, id)| new.contains(id)).map(event).collect(),
        ..Report::default()
    };
    let mut results = Results::default();
    results.clear(Task::Detect, (8, 8));
    Arc::new(Prediction {
        frame: Arc::new(Frame::filled(8, 8, [0, 0, 0, 255])),
        results,
        model: Arc::new(model_info()),
        thresholds: Thresholds::default(),
        times: StageTimes::default(),
        finished: Instant::now(),
        looks: Looks::default(),
        report: Some(Arc::new(report)),
    })
}

fn fired(options: &ShutterOptions, results: &[Arc<Prediction>]) -> Vec<usize> {
    let mut watching = Watching::new(options);
    let all = results.iter().enumerate();
    all.filter(|(_, result)| watching.looks(Some(result), options)).map(|(place, _)| place).collect()
}

#[test]
fn what_is_waited_for_is_what_comes_not_what_is_there() {
    let person = ShutterOptions { class: "person".into(), ..ShutterOptions::default() };
    let there = [(PERSON, 1)];
    let results = [
        result(0.0, &there, &[1]),
        result(0.1, &there, &[]),
        result(0.2, &[(PERSON, 1), (CAR, 2)], &[2]),
        result(0.3, &[(PERSON, 1), (CAR, 2), (PERSON, 3)], &[3]),
        result(0.4, &[(PERSON, 1), (CAR, 2), (PERSON, 3)], &[]),
    ];
    assert_eq!(fired(&person, &results), [3], "not who was there, and not the car");
    let in_chinese = ShutterOptions { class: "人".into(), ..person.clone() };
    assert_eq!(fired(&in_chinese, &results), [3]);
    let anything = ShutterOptions { class: "any".into(), ..person.clone() };
    assert_eq!(fired(&anything, &results)[0], 2);
    let two = ShutterOptions { at_least: 2, ..person.clone() };
    assert_eq!(fired(&two, &results), [3], "two people at the same time");
    assert_eq!(fired(&ShutterOptions { at_least: 3, ..person }, &results), [0; 0]);
}

#[test]
fn a_class_that_the_model_lacks_is_told() {
    let unicorn = ShutterOptions { class: "unicorn".into(), ..ShutterOptions::default() };
    let mut watching = Watching::new(&unicorn);
    assert!(!watching.looks(Some(&result(0.0, &[(PERSON, 1)], &[1])), &unicorn));
    assert!(matches!(&watching.problem, Some(Problem::UnknownClass { class }) if class == "unicorn"));
}
