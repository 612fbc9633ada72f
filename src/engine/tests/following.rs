//! Beside a slow model, results are moved to the frames that come.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::frame::PixelFormat;
use crate::model::boxes::iou;
use crate::model::results::{Detection, StageTimes};
use crate::model::spec::Task;
use crate::source::Read;

/// How long the model takes, in milliseconds.
type Latency = Arc<AtomicU64>;

/// A square with a texture that moves to the right by two pixels a frame, 50 frames a second.
struct Moving {
    info: SourceInfo,
    sequence: u64,
}

fn place(sequence: u64) -> [f32; 4] {
    let x = 20.0 + 2.0 * (sequence % 120) as f32;
    [x, 40.0, x + 48.0, 88.0]
}

impl Source for Moving {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, _: Duration) -> Result<Read, SourceError> {
        std::thread::sleep(Duration::from_millis(20));
        into.reset(320, 128, PixelFormat::Rgba8);
        let b = place(self.sequence);
        for (i, pixel) in into.data.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let (x, y) = ((i % 320) as f32, (i / 320) as f32);
            let inside = x >= b[0] && x < b[2] && y >= b[1] && y < b[3];
            let (x, y, shade) = if inside { (x - b[0] + 31.0, y + 17.0, 150.0) } else { (x, y, 100.0) };
            let value = shade + 40.0 * ((x * 0.6).sin() + (y * 0.5).cos() + (x * 0.21 - y * 0.33).sin());
            *pixel = [value as u8, value as u8, value as u8, 255];
        }
        (into.sequence, into.captured, into.time_s) = (self.sequence, Instant::now(), None);
        self.sequence += 1;
        Ok(Read::Frame)
    }
}

/// Finds the square where it is in its frame.
struct Finder {
    name: String,
    latency: Latency,
    stopped: Arc<AtomicBool>,
}

impl Predictor for Finder {
    fn predict(
        &mut self,
        frame: &Frame,
        _: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(self.latency.load(SeqCst)) {
            if self.stopped.load(SeqCst) {
                return Err(ModelError::Stopped);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        results.clear(Task::Detect, (frame.width, frame.height));
        results.detections.push(Detection::new(0, 0.9, place(frame.sequence)));
        Ok(StageTimes::default())
    }

    fn info(&self) -> ModelInfo {
        scripted::model_info(&self.name)
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let stopped = Arc::clone(&self.stopped);
        Box::new(move || stopped.store(true, SeqCst))
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        Ok(())
    }

    fn forget(&mut self) {}
}

fn engine(latency: &Latency) -> Engine {
    let info = SourceInfo {
        name: "Moving".into(),
        address: None,
        pace: Pace::Live,
        size: (320, 128),
        fps: Some(50.0),
        duration_s: None,
        frames: None,
        detail: String::new(),
    };
    let latency = Arc::clone(latency);
    let factories = Factories {
        source: Box::new(move |_, _| Ok(Box::new(Moving { info: info.clone(), sequence: 0 }))),
        model: Box::new(move |choice, _| {
            let name = choice.path.to_string_lossy().into_owned();
            Ok(Box::new(Finder { name, latency: Arc::clone(&latency), stopped: Arc::default() }))
        }),
    };
    let engine = Engine::start_with(EngineOptions::new(Arc::new(|| {})), factories);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    choose(&engine, "first");
    engine
}

fn choose(engine: &Engine, name: &str) {
    engine.send(Command::SetModel(ModelChoice { path: name.into(), ..ModelChoice::default() }));
    until("it runs", || engine.prediction().is_some_and(|p| p.model.name == name));
}

#[test]
fn a_box_is_drawn_where_its_object_is_by_now() {
    let latency = Latency::new(AtomicU64::new(300));
    let engine = engine(&latency);
    until("results are moved", || engine.followed().is_some());
    let (mut last, mut seen) = (0, 0);
    let begin = Instant::now();
    while seen < 20 {
        assert!(begin.elapsed() < PATIENCE, "only {seen} frames");
        std::thread::sleep(Duration::from_millis(5));
        let (Some(moved), Some(newest)) = (engine.followed(), engine.prediction()) else { continue };
        let sequence = moved.frame.sequence;
        // Where the square jumps back to the left nothing can be followed.
        if sequence <= last || sequence % 120 < 60 {
            continue;
        }
        (last, seen) = (sequence, seen + 1);
        assert!(sequence > newest.frame.sequence, "a frame after the one that the model saw");
        let overlap = iou(&moved.results.detections[0].bbox, &place(sequence));
        assert!(overlap > 0.7, "frame {sequence}: {overlap}");
        assert!(iou(&newest.results.detections[0].bbox, &place(sequence)) < 0.7, "it did not move meanwhile");
        assert_eq!(moved.model.name, "first");
    }
}

#[test]
fn a_model_that_keeps_up_is_left_alone() {
    let latency = Latency::new(AtomicU64::new(200));
    let engine = engine(&latency);
    until("results are moved", || engine.followed().is_some());
    latency.store(0, SeqCst);
    until("results come in time and are drawn as they are", || engine.followed().is_none());
    latency.store(200, SeqCst);
    until("results are moved again", || engine.followed().is_some());
    engine.send(Command::Follow(false));
    until("nobody wants that", || engine.followed().is_none());
}

#[test]
fn nothing_is_moved_of_a_model_or_source_that_is_gone() {
    let latency = Latency::new(AtomicU64::new(200));
    let engine = engine(&latency);
    until("results are moved", || engine.followed().is_some());
    choose(&engine, "second");
    let moved = engine.followed();
    assert!(moved.is_none_or(|moved| moved.model.name == "second"));
    until("the second one's are moved", || engine.followed().is_some());
    engine.send(Command::CloseModel);
    until("no model runs", || engine.model().current.is_none());
    assert!(engine.followed().is_none());
    choose(&engine, "third");
    until("the third one's are moved", || engine.followed().is_some());
    engine.send(Command::CloseSource);
    assert!(engine.followed().is_none());
    let begin = Instant::now();
    drop(engine);
    assert!(begin.elapsed() < Duration::from_secs(1));
}
