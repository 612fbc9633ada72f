//! The live loop with scripted sources and models: what a user would notice when a camera or a model misbehaves.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

mod switching;

use super::*;
use crate::frame::PixelFormat;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Size, Task,
};
use crate::source::address::PATTERN as LIVE;
use crate::source::{Pace, Read};

/// Long enough for the slowest machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What a scripted source does at its reads, one after the other; at the end it goes on with frames, or ends.
#[derive(Clone, Debug)]
enum Act {
    Frames(u32),
    Fail(SourceError),
    /// Doesn't come back from a read for this long.
    Hang(Duration),
}

struct Scripted {
    info: SourceInfo,
    acts: VecDeque<Act>,
    sequence: u64,
    length: Option<u64>,
    reads: Arc<AtomicU64>,
}

impl Source for Scripted {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        self.reads.fetch_add(1, SeqCst);
        match self.acts.front_mut() {
            Some(Act::Frames(0)) => {
                self.acts.pop_front();
                return Ok(Read::Nothing);
            }
            Some(Act::Frames(left)) => *left -= 1,
            Some(Act::Fail(error)) => {
                let error = error.clone();
                self.acts.pop_front();
                return Err(error);
            }
            Some(Act::Hang(time)) => {
                std::thread::sleep(*time);
                self.acts.pop_front();
                return Ok(Read::Nothing);
            }
            None => {}
        }
        if self.length.is_some_and(|length| self.sequence >= length) {
            return Ok(Read::End);
        }
        if self.info.pace == Pace::Live {
            std::thread::sleep(timeout.min(Duration::from_millis(5)));
        }
        into.reset(4, 2, PixelFormat::Rgba8);
        into.sequence = self.sequence;
        into.time_s = (self.info.pace == Pace::Film).then_some(self.sequence as f64 / 100.0);
        into.captured = Instant::now();
        self.sequence += 1;
        Ok(Read::Frame)
    }

    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        self.sequence = match self.info.pace {
            Pace::Live => return Err(SourceError::NotSeekable),
            Pace::Film => (time_s * 100.0).round() as u64,
            Pace::Stills => time_s as u64,
        };
        Ok(())
    }
}

fn source(pace: Pace, length: Option<u64>, acts: &[Act]) -> Box<dyn Source> {
    counted(pace, length, acts, &Arc::default())
}

fn counted(pace: Pace, length: Option<u64>, acts: &[Act], reads: &Arc<AtomicU64>) -> Box<dyn Source> {
    Box::new(Scripted {
        info: SourceInfo {
            name: "Scripted".into(),
            pace,
            size: (4, 2),
            fps: Some(100.0),
            duration_s: length.map(|n| n as f64 / 100.0),
            frames: length,
            detail: String::new(),
        },
        acts: acts.iter().cloned().collect(),
        sequence: 0,
        length,
        reads: Arc::clone(reads),
    })
}

/// What a scripted model does at each look.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Well,
    Slow(Duration),
    Fails,
    Panics,
    /// Looks until it is stopped.
    Hangs,
}

struct ScriptedModel {
    name: String,
    manner: Manner,
    stopped: Arc<AtomicBool>,
    looks: Arc<AtomicU32>,
    log: Arc<Mutex<Log>>,
}

/// What happened to models, by name.
#[derive(Debug, Default)]
struct Log {
    opened: Vec<String>,
    forgot: Vec<String>,
    /// With the thread's name.
    dropped: Vec<(String, String)>,
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.log.lock().expect("no panic").dropped.push((self.name.clone(), thread));
    }
}

impl Look for ScriptedModel {
    fn look(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.looks.fetch_add(1, SeqCst);
        results.clear(Task::Detect, (frame.width, frame.height));
        // The score tells which limit it was made under.
        results.detections.push(crate::model::Detection::new(0, thresholds.conf, [0.0; 4]));
        match self.manner {
            Manner::Well => {}
            Manner::Slow(time) => std::thread::sleep(time),
            Manner::Fails => return Err(ModelError::RunFailed { reason: "it was told to".into() }),
            Manner::Panics => panic!("it was told to"),
            Manner::Hangs => {
                while !self.stopped.load(SeqCst) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                return Err(ModelError::Stopped);
            }
        }
        Ok(StageTimes { total: 1.0, ..StageTimes::default() })
    }

    fn card(&self) -> ModelCard {
        card(&self.name)
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let stopped = Arc::clone(&self.stopped);
        Box::new(move || stopped.store(true, SeqCst))
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        Ok(())
    }

    fn forget(&mut self) {
        self.log.lock().expect("no panic").forgot.push(self.name.clone());
    }
}

fn card(name: &str) -> ModelCard {
    ModelCard {
        name: name.into(),
        path: PathBuf::from(name),
        sha256: String::new(),
        spec: Spec {
            family: Family::Yolox,
            task: Task::Detect,
            input: InputSpec {
                name: String::new(),
                layout: Layout::Nchw,
                element: Element::F32,
                size: Size::Fixed { width: 4, height: 2 },
                fit: Fit::Stretch,
                order: ColourOrder::Rgb,
                range: Range::UNIT,
                extras: Vec::new(),
            },
            output: OutputSpec::default(),
            labels: Labels::default(),
            companion: None,
            evidence: Vec::new(),
            confidence: 1.0,
        },
        provider: "CPU".into(),
        threads: 1,
        adapter: None,
        adapters: Vec::new(),
        companions: Vec::new(),
    }
}

/// An engine whose models are named after their manner, and that counts their looks.
struct Rig {
    engine: Engine,
    looks: Arc<AtomicU32>,
    log: Arc<Mutex<Log>>,
}

fn manner(name: &str) -> Option<Manner> {
    Some(match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "well" => Manner::Well,
        "slow" => Manner::Slow(Duration::from_millis(150)),
        "fails" => Manner::Fails,
        "panics" => Manner::Panics,
        "hangs" => Manner::Hangs,
        _ => return None,
    })
}

fn rig(open: impl Fn() -> Result<Box<dyn Source>, SourceError> + Send + Sync + 'static) -> Rig {
    let looks = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&looks);
    let log = Arc::<Mutex<Log>>::default();
    let written = Arc::clone(&log);
    let openers = Openers {
        source: Box::new(move |_, _| open()),
        model: Box::new(move |choice| {
            let name = choice.path.to_string_lossy().into_owned();
            let file = choice.path.file_name().unwrap_or_default().to_string_lossy();
            let gone = choice.path.is_absolute() && !choice.path.exists();
            let Some(manner) = manner(&file).filter(|_| !gone) else {
                return Err(ModelError::NoFile { path: choice.path.clone() });
            };
            written.lock().expect("no panic").opened.push(file.into_owned());
            let (stopped, looks, log) = (Arc::default(), Arc::clone(&counter), Arc::clone(&written));
            Ok(Box::new(ScriptedModel { name, manner, stopped, looks, log }))
        }),
    };
    Rig { engine: Engine::start_with(EngineOptions { wake: Arc::new(|| {}) }, openers), looks, log }
}

impl Rig {
    fn open(&self) {
        self.engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    }

    fn model(&self, name: &str) {
        self.engine.send(Command::SetModel(ModelChoice { path: name.into(), ..ModelChoice::default() }));
    }

    fn shown(&self) -> Option<u64> {
        self.engine.preview().map(|frame| frame.sequence)
    }

    /// Waits until the preview has gone on by some frames.
    #[track_caller]
    fn preview_goes_on(&self) {
        until("a frame is shown", || self.shown().is_some());
        let now = self.shown();
        until("the preview goes on", || self.shown() > now.map(|n| n + 5));
    }

    /// Drops the engine; it must not take long.
    #[track_caller]
    fn stops_promptly(self) {
        let begin = Instant::now();
        drop(self.engine);
        assert!(begin.elapsed() < Duration::from_secs(1), "stopping took {:?}", begin.elapsed());
    }
}

fn live() -> Rig {
    let rig = rig(|| Ok(source(Pace::Live, None, &[])));
    rig.open();
    rig
}

#[test]
fn a_slow_model_gets_the_newest_frame_and_nothing_queues() {
    let rig = live();
    rig.model("slow");
    until("the slow model has looked", || rig.engine.outcome().is_some());
    let first = rig.engine.outcome().map(|o| o.frame.sequence);
    until("it has looked again", || rig.engine.outcome().map(|o| o.frame.sequence) > first);
    let outcome = rig.engine.outcome().expect("an outcome");
    // Frames come every 5 ms or slower, the model takes 150: it must have left frames out.
    assert!(outcome.frame.sequence > first.unwrap_or(0) + 3, "{} after {first:?}", outcome.frame.sequence);
    assert!(rig.engine.stats().dropped > 3);
    rig.preview_goes_on();
}

#[test]
fn a_failing_or_crashing_model_leaves_the_preview_running() {
    for name in ["fails", "panics"] {
        let rig = live();
        rig.model(name);
        until("the failure is said", || rig.engine.model().failed.is_some());
        rig.preview_goes_on();
        until("the model is closed after repeated failures", || rig.engine.model().current.is_none());
        rig.model("well");
        until("another model works", || rig.engine.outcome().is_some_and(|o| o.card.name == "well"));
        assert!(rig.engine.model().failed.is_none());
    }
}

#[test]
fn a_model_that_cannot_be_opened_leaves_the_old_one_running() {
    let rig = live();
    rig.model("well");
    until("the model looks", || rig.engine.outcome().is_some());
    rig.model("missing");
    until("the failure is said", || rig.engine.model().failed.is_some());
    let state = rig.engine.model();
    assert_eq!(state.current.as_ref().map(|c| c.name.as_str()), Some("well"));
    assert!(state.opening.is_none());
    let looks = rig.looks.load(SeqCst);
    until("the old one goes on", || rig.looks.load(SeqCst) > looks + 3);
}

#[test]
fn switching_models_ends_with_the_last_one_asked_for() {
    let rig = live();
    for n in 0..20 {
        rig.model(&format!("well{n}"));
    }
    until("the last one runs", || rig.engine.outcome().is_some_and(|o| o.card.name == "well19"));
    let state = rig.engine.model();
    assert_eq!((state.current.as_ref().map(|c| c.name.as_str()), &state.opening), (Some("well19"), &None));
}

#[test]
fn closing_the_model_leaves_no_old_results_behind() {
    let rig = live();
    rig.model("well");
    until("the model looks", || rig.engine.outcome().is_some());
    rig.engine.send(Command::CloseModel);
    until("nothing is left of it", || rig.engine.outcome().is_none() && rig.engine.model().current.is_none());
    rig.preview_goes_on();
}

#[test]
fn stopping_is_prompt_whatever_hangs() {
    let rig1 = live();
    rig1.model("hangs");
    until("the model hangs", || rig1.looks.load(SeqCst) > 0);
    rig1.stops_promptly();

    let hanging = || Ok(source(Pace::Live, None, &[Act::Frames(3), Act::Hang(Duration::from_secs(5))]));
    let rig2 = rig(hanging);
    rig2.open();
    until("frames came before the hang", || rig2.shown().is_some_and(|n| n >= 2));
    rig2.stops_promptly();

    let rig3 = rig(|| {
        std::thread::sleep(Duration::from_secs(5));
        Err(SourceError::NoCamera)
    });
    rig3.open();
    rig3.stops_promptly();
}

#[test]
fn a_source_that_hangs_gives_way_to_another() {
    let opened = AtomicU32::new(0);
    let rig = rig(move || {
        let first = opened.fetch_add(1, SeqCst) == 0;
        let acts = [Act::Hang(Duration::from_secs(30))];
        Ok(source(Pace::Live, None, if first { &acts } else { &[] }))
    });
    rig.open();
    std::thread::sleep(Duration::from_millis(30));
    rig.open();
    rig.preview_goes_on();
}

#[test]
fn an_unplugged_camera_is_said_and_comes_back_by_itself() {
    let opened = AtomicU32::new(0);
    let gone = SourceError::Unplugged { name: "Scripted".into() };
    let rig = rig(move || match opened.fetch_add(1, SeqCst) {
        0 => Ok(source(Pace::Live, None, &[Act::Frames(10), Act::Fail(gone.clone())])),
        1 => Err(SourceError::Missing { name: "Scripted".into() }),
        _ => Ok(source(Pace::Live, None, &[])),
    });
    rig.open();
    until("the loss is said", || {
        matches!(
            &*rig.engine.source(),
            SourceState::Failed { error: SourceError::Unplugged { .. }, retrying: true, .. }
        )
    });
    until("it plays again", || matches!(&*rig.engine.source(), SourceState::Playing { .. }));
    rig.preview_goes_on();
}

#[test]
fn what_cannot_pass_is_not_tried_again() {
    let opened = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&opened);
    let rig = rig(move || {
        counter.fetch_add(1, SeqCst);
        Err(SourceError::NoFile { path: "gone.mp4".into() })
    });
    rig.open();
    until("the failure is said", || {
        matches!(&*rig.engine.source(), SourceState::Failed { retrying: false, .. })
    });
    std::thread::sleep(Duration::from_millis(1300));
    assert_eq!(opened.load(SeqCst), 1);
}

#[test]
fn a_film_is_paused_stepped_sought_and_looped() {
    let rig = rig(|| Ok(source(Pace::Film, Some(500), &[])));
    rig.open();
    rig.preview_goes_on();
    rig.engine.send(Command::Pause(true));
    until("it is paused", || matches!(&*rig.engine.source(), SourceState::Paused { .. }));
    std::thread::sleep(Duration::from_millis(100));
    let held = rig.shown();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(rig.shown(), held, "a paused film stands still");
    rig.engine.send(Command::Step);
    until("it goes one frame on", || rig.shown() == held.map(|n| n + 1));
    rig.engine.send(Command::Seek(4.5));
    until("it shows the frame sought", || rig.shown() == Some(450));
    assert_eq!(rig.engine.position(), Some(4.5));
    rig.engine.send(Command::Loop(true));
    rig.engine.send(Command::Pause(false));
    until("it begins again", || rig.shown().is_some_and(|n| n < 400));
    rig.engine.send(Command::Loop(false));
    until("it ends", || matches!(&*rig.engine.source(), SourceState::Ended { .. }));
    // It may still be on its way through the decoder.
    until("the last frame is shown", || rig.shown() == Some(499));
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(rig.shown(), Some(499), "the last frame stays");
    rig.engine.send(Command::Seek(1.0));
    until("it plays again after the end", || matches!(&*rig.engine.source(), SourceState::Playing { .. }));
}

#[test]
fn as_fast_as_possible_looks_at_every_frame() {
    let rig = rig(|| Ok(source(Pace::Film, Some(60), &[])));
    rig.engine.send(Command::AsFastAsPossible(true));
    rig.model("well");
    until("the model is there", || rig.engine.model().current.is_some());
    rig.open();
    until("it ends", || matches!(&*rig.engine.source(), SourceState::Ended { .. }));
    until("the last frame is looked at", || rig.engine.outcome().is_some_and(|o| o.frame.sequence == 59));
    assert_eq!(rig.looks.load(SeqCst), 60);
    assert_eq!(rig.engine.stats().dropped, 0);
}

#[test]
fn a_picture_is_looked_at_again_when_limits_or_model_change() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(1), &[])));
    rig.open();
    until("the picture is shown", || rig.shown().is_some());
    rig.model("well");
    until("it is looked at although it came before the model", || rig.engine.outcome().is_some());
    rig.engine.send(Command::SetThresholds(Thresholds { conf: 0.5, ..Thresholds::default() }));
    let score = || rig.engine.outcome().and_then(|o| o.results.detections.first().map(|d| d.score));
    until("it is looked at under the new limit", || score() == Some(0.5));
    rig.model("well2");
    until("it is looked at by the new model", || {
        rig.engine.outcome().is_some_and(|o| o.card.name == "well2")
    });
}

#[test]
fn a_folder_goes_on_when_told_to() {
    let rig = rig(|| Ok(source(Pace::Stills, Some(3), &[])));
    rig.open();
    until("the first picture is shown", || rig.shown() == Some(0));
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(rig.shown(), Some(0), "each stays as long as the viewer wants");
    rig.engine.send(Command::Step);
    until("the second is shown", || rig.shown() == Some(1));
    rig.engine.send(Command::Seek(0.0));
    until("the first is shown again", || rig.shown() == Some(0));
}

#[test]
fn a_hidden_picture_is_decoded_for_nobody() {
    let rig = live();
    rig.preview_goes_on();
    rig.engine.send(Command::Hidden(true));
    std::thread::sleep(Duration::from_millis(300));
    let held = rig.shown();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rig.shown(), held);
    rig.engine.send(Command::Hidden(false));
    rig.preview_goes_on();
}

#[test]
fn a_film_that_nobody_sees_stands_still_and_a_camera_goes_on_being_read() {
    for (pace, goes_on) in [(Pace::Film, false), (Pace::Live, true)] {
        let reads = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&reads);
        let rig = rig(move || Ok(counted(pace, None, &[], &counter)));
        rig.open();
        rig.preview_goes_on();
        rig.engine.send(Command::Hidden(true));
        std::thread::sleep(Duration::from_millis(200));
        let before = reads.load(SeqCst);
        if goes_on {
            until("it is still read", || reads.load(SeqCst) > before + 5);
        } else {
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(reads.load(SeqCst), before);
        }
        rig.engine.send(Command::Hidden(false));
        rig.preview_goes_on();
    }
}

#[test]
fn a_paused_camera_goes_on_being_read() {
    let reads = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&reads);
    let rig = rig(move || Ok(counted(Pace::Live, None, &[], &counter)));
    rig.open();
    rig.preview_goes_on();
    rig.engine.send(Command::Pause(true));
    until("it is paused", || matches!(&*rig.engine.source(), SourceState::Paused { .. }));
    std::thread::sleep(Duration::from_millis(50));
    let (held, before) = (rig.shown(), reads.load(SeqCst));
    until("it is still read", || reads.load(SeqCst) > before + 5);
    assert_eq!(rig.shown(), held);
}

#[test]
fn the_window_is_woken_for_new_frames_and_states() {
    let woken = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&woken);
    let wake = Arc::new(move || *counter.lock().expect("no panic") += 1);
    let openers =
        Openers { source: Box::new(|_, _| Ok(source(Pace::Stills, Some(1), &[]))), ..Openers::default() };
    let engine = Engine::start_with(EngineOptions { wake }, openers);
    engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    until("the picture is there", || engine.preview().is_some());
    until("the window was woken", || *woken.lock().expect("no panic") >= 2);
    std::thread::sleep(Duration::from_millis(100));
    let quiet = *woken.lock().expect("no panic");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(*woken.lock().expect("no panic"), quiet, "a still picture wakes nobody");
}
