//! Who gets a prediction: stages in the order of frames, subscribers within their bounds, engines that share their models.

use super::*;

/// A stage that numbers the frames of a source and notes when they come in the wrong order.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    last: Option<u64>,
    frames: u32,
    resets: u32,
    in_wrong_order: bool,
}

impl Stage for Counter {
    fn apply(&mut self, frame: &Frame, prediction: &mut Prediction) {
        let mut counted = self.0.lock().expect("no panic");
        counted.in_wrong_order |= counted.last.is_some_and(|last| last > frame.sequence);
        counted.last = Some(frame.sequence);
        counted.frames += 1;
        // A tracker would write its numbers here.
        prediction.results.detections[0].bbox = [counted.frames as f32; 4];
    }

    fn reset(&mut self) {
        let mut counted = self.0.lock().expect("no panic");
        counted.last = None;
        counted.resets += 1;
    }
}

fn engine(cache: &Arc<SessionCache>, stages: Vec<Box<dyn Stage>>, log: &Arc<Mutex<Log>>) -> Engine {
    let factories = Factories {
        source: Box::new(|_, _| Ok(source(Pace::Live, None, &[]))),
        model: model_factory(&Arc::default(), log),
    };
    let options = EngineOptions { cache: Arc::clone(cache), stages, ..EngineOptions::new(Arc::new(|| {})) };
    let engine = Engine::start_with(options, factories);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    engine
}

fn choose(engine: &Engine, name: &str) {
    engine.send(Command::SetModel(ModelChoice { path: name.into(), ..ModelChoice::default() }));
    until("it runs", || engine.prediction().is_some_and(|p| p.model.name == name));
}

#[test]
fn a_stage_sees_the_frames_of_two_sessions_in_order_and_everybody_gets_what_it_made() {
    let counter = Counter::default();
    let engine = engine(&Arc::default(), vec![Box::new(counter.clone())], &Arc::default());
    let subscriber = engine.subscribe(4096);
    engine.send(Command::Pace(ResultPace::Smooth));
    choose(&engine, "slow1");
    until("two sessions run", || engine.pace().smooth);
    until("both have had frames", || counter.0.lock().expect("no panic").frames > 20);
    let mut last = 0.0;
    while let Ok(prediction) = subscriber.next(Duration::ZERO) {
        let number = prediction.results.detections[0].bbox[0];
        assert_eq!(number, last + 1.0, "every prediction passes once");
        last = number;
    }
    assert!(last > 20.0);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    until("the new source is run", || engine.prediction().is_some());
    let counted = counter.0.lock().expect("no panic");
    assert!(!counted.in_wrong_order && counted.resets >= 2, "a new source starts anew");
}

#[test]
fn a_slow_subscriber_misses_predictions_and_holds_up_nobody() {
    let engine = engine(&Arc::default(), Vec::new(), &Arc::default());
    let (slow, quick) = (engine.subscribe(2), engine.subscribe(4096));
    choose(&engine, "well");
    until("the slow one has missed some", || slow.missed() > 20);
    let mut count = 0;
    while quick.next(Duration::ZERO).is_ok() {
        count += 1;
    }
    assert!(count > 20 && quick.missed() == 0, "{count}");
    let kept: Vec<u64> =
        std::iter::from_fn(|| slow.next(Duration::ZERO).ok()).map(|p| p.frame.sequence).take(2).collect();
    assert!(kept.len() == 2 && kept[0] < kept[1], "{kept:?}");
    drop(slow);
    drop(engine);
    until("the queue ends with the engine", || {
        matches!(quick.next(Duration::ZERO), Err(crossbeam_channel::RecvTimeoutError::Disconnected))
    });
}

#[test]
fn two_engines_run_at_once_and_share_their_models() {
    let (cache, log) = (Arc::<SessionCache>::default(), Arc::<Mutex<Log>>::default());
    let opened = || log.lock().expect("no panic").opened.clone();
    let (one, two) = (engine(&cache, Vec::new(), &log), engine(&cache, Vec::new(), &log));
    choose(&one, "well1");
    choose(&two, "well1");
    assert_eq!(opened(), ["well1", "well1"], "each runs a session of its own");
    choose(&one, "well2");
    choose(&two, "well3");
    choose(&two, "well2");
    assert_eq!(opened(), ["well1", "well1", "well2", "well3", "well2"]);
    choose(&one, "well3");
    assert_eq!(opened().len(), 5, "the session that the other has given back is taken up");
    drop(one);
    let shown = two.preview().map(|frame| frame.sequence);
    until("the other goes on", || two.preview().map(|frame| frame.sequence) > shown.map(|n| n + 5));
    choose(&two, "well1");
    assert_eq!(opened().len(), 5);
    drop((two, cache));
    until("all are closed", || log.lock().expect("no panic").dropped.len() == 5);
}
