use super::*;
use crate::engine::ModelInfo;
use crate::events::{Action, Log, When};
use crate::fixtures::model_info;
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Results, Task, Thresholds};
use crate::save::SnapshotOptions;
use crate::track::TrackReport;

const SIZE: (u32, u32) = (64, 48);

fn model(name: &str) -> Arc<ModelInfo> {
    Arc::new(ModelInfo { name: name.into(), path: name.into(), ..model_info() })
}

/// A frame of a source in which the first track is to be seen.
fn prediction(generation: u64, model: &Arc<ModelInfo>, time_s: f64) -> Arc<Prediction> {
    let mut frame = Frame::filled(SIZE.0, SIZE.1, [0, 0, 0, 255]);
    frame.generation = generation;
    let mut results = Results::default();
    results.clear(Task::Detect, SIZE);
    let bbox = [1.0, 1.0, 20.0, 20.0];
    let track =
        TrackReport { id: 1, class_id: 2, bbox, since_s: 0.0, trail: 0..0, speed: None, predicted: false };
    Arc::new(Prediction {
        frame: Arc::new(frame),
        results,
        model: Arc::clone(model),
        thresholds: Thresholds::default(),
        times: StageTimes::default(),
        finished: Instant::now(),
        looks: crate::track::Looks::default(),
        report: Some(Arc::new(Report { time_s, tracks: vec![track], ..Report::default() })),
    })
}

#[test]
fn another_source_or_model_is_noticed_after_a_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.sqlite");
    let mut desk = Desk::new(Some(path.clone()), Arc::new(|| {}));
    let rule = Rule { name: "r".into(), when: When::Appears, ..Rule::default() };
    desk.set_rules(Arc::new(Rules { rules: vec![rule], ..Rules::default() }));
    let mut work = Work::new(desk);
    let (first, second) = (model("first"), model("second"));
    work.take(prediction(1, &first, 0.0));
    work.rest();
    work.take(prediction(1, &first, 11.0));
    work.rest();
    // Its first track is another object.
    work.take(prediction(2, &first, 1.0));
    work.rest();
    work.take(prediction(2, &second, 12.0));
    work.desk.finish(Duration::from_secs(20));
    let log = Log::open_to_read(&path).expect("readable").expect("there");
    assert_eq!(log.count(&crate::events::Filter::default()).expect("counted"), 3);
}

#[test]
fn a_test_right_after_the_start_has_the_next_frame() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::new(None, Arc::new(|| {}));
    let happenings = desk.happenings();
    let mut work = Work::new(desk);
    let snapshot = SnapshotOptions { folder: Some(folder.path().to_owned()), ..SnapshotOptions::default() };
    work.carry_out(Order::Options(Arc::new(WatchOptions { snapshot, ..WatchOptions::default() })));
    let rule = Rule { name: "r".into(), actions: vec![Action::Snapshot], ..Rule::default() };
    work.carry_out(Order::Test { rule: Arc::new(rule), place: 0 });
    work.take(prediction(1, &model("first"), 0.0));
    work.desk.finish(Duration::from_secs(20));
    let outcome = happenings.try_iter().find_map(|happening| match happening {
        Happening::Outcome(outcome) => Some(outcome.result),
        _ => None,
    });
    assert!(outcome.as_ref().is_some_and(Result::is_ok), "{outcome:?}");
}
