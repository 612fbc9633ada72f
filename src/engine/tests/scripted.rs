//! Sources and models that do as they are told, and an engine that runs on them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::frame::PixelFormat;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Resample, Size, Task,
};
use crate::source::Read;

/// What a scripted source does at its reads, one after the other; at the end it goes on with frames, or ends.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Frames(u32),
    Fail(SourceError),
    /// Doesn't come back from a read for this long.
    Hang(Duration),
}

/// What happened to a source.
#[derive(Debug, Default)]
pub(super) struct SourceLog {
    pub reads: AtomicU64,
    pub seeks: AtomicU64,
    pub controls: Mutex<Vec<(u32, i64)>>,
}

struct Scripted {
    info: SourceInfo,
    acts: VecDeque<Act>,
    sequence: u64,
    length: Option<u64>,
    log: Arc<SourceLog>,
}

impl Source for Scripted {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        self.log.reads.fetch_add(1, SeqCst);
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
        into.time_s =
            (self.info.pace == Pace::Video).then_some(self.sequence as f64 / self.info.fps.unwrap_or(100.0));
        into.captured = Instant::now();
        self.sequence += 1;
        Ok(Read::Frame)
    }

    fn set_control(&mut self, id: u32, value: i64) -> Result<(), SourceError> {
        self.log.controls.lock().expect("no panic").push((id, value));
        Ok(())
    }

    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        self.log.seeks.fetch_add(1, SeqCst);
        let sequence = match self.info.pace {
            Pace::Live => return Err(SourceError::NotSeekable),
            Pace::Video => (time_s * self.info.fps.unwrap_or(100.0)).round() as u64,
            Pace::Stills => time_s as u64,
        };
        // As real sources do: never beyond the last frame.
        self.sequence = self.length.map_or(sequence, |length| sequence.min(length.saturating_sub(1)));
        Ok(())
    }
}

pub(super) fn source(pace: Pace, length: Option<u64>, acts: &[Act]) -> Box<dyn Source> {
    counted(pace, length, acts, &Arc::default())
}

pub(super) fn counted(
    pace: Pace,
    length: Option<u64>,
    acts: &[Act],
    log: &Arc<SourceLog>,
) -> Box<dyn Source> {
    at_rate(pace, length, acts, log, 100.0)
}

/// As [`counted`], with so many frames a second.
pub(super) fn at_rate(
    pace: Pace,
    length: Option<u64>,
    acts: &[Act],
    log: &Arc<SourceLog>,
    fps: f64,
) -> Box<dyn Source> {
    Box::new(Scripted {
        info: SourceInfo {
            name: "Scripted".into(),
            address: None,
            pace,
            size: (4, 2),
            fps: Some(fps),
            duration_s: length.map(|n| n as f64 / fps),
            // A folder of which nothing is left had some files when it was opened.
            frames: length.map(|n| if n == 0 { 3 } else { n }),
            detail: String::new(),
        },
        acts: acts.iter().cloned().collect(),
        sequence: 0,
        length,
        log: Arc::clone(log),
    })
}

/// What a scripted model does in each run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    Well,
    Slow(Duration),
    Fails,
    Panics,
    /// Runs until it is stopped.
    Hangs,
    /// The first of its kind hangs, the next ones work.
    HangsOnce {
        is_first: bool,
    },
}

struct ScriptedModel {
    name: String,
    behaviour: Behaviour,
    stopped: Arc<AtomicBool>,
    runs: Arc<AtomicU32>,
    log: Arc<Mutex<Log>>,
}

/// What happened to models, by name.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub opened: Vec<String>,
    pub forgot: Vec<String>,
    /// With the thread's name.
    pub dropped: Vec<(String, String)>,
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.log.lock().expect("no panic").dropped.push((self.name.clone(), thread));
    }
}

impl Predictor for ScriptedModel {
    fn predict(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.runs.fetch_add(1, SeqCst);
        results.clear(Task::Detect, (frame.width, frame.height));
        // The score tells under which threshold it was made,
        // and the class which model made it.
        results.detections.push(crate::model::Detection::new(number(&self.name), thresholds.conf, [0.0; 4]));
        match self.behaviour {
            Behaviour::Well | Behaviour::HangsOnce { is_first: false } => {}
            Behaviour::Slow(time) => std::thread::sleep(time),
            Behaviour::Fails => return Err(ModelError::RunFailed { reason: "it was told to".into() }),
            Behaviour::Panics => panic!("it was told to"),
            Behaviour::Hangs | Behaviour::HangsOnce { is_first: true } => {
                while !self.stopped.load(SeqCst) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                return Err(ModelError::Stopped);
            }
        }
        Ok(StageTimes { total: 1.0, ..StageTimes::default() })
    }

    fn info(&self) -> ModelInfo {
        model_info(&self.name)
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

pub(in crate::engine) fn model_info(name: &str) -> ModelInfo {
    ModelInfo {
        name: name.into(),
        path: PathBuf::from(name),
        sha256: String::new(),
        spec: Spec {
            family: if name.starts_with("well-fastest") { Family::FastestDet } else { Family::Yolox },
            task: Task::Detect,
            input: InputSpec {
                name: String::new(),
                layout: Layout::Nchw,
                element: Element::F32,
                size: Size::Fixed { width: 4, height: 2 },
                fit: Fit::Stretch,
                resample: Resample::OpenCv,
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
        server: None,
    }
}

/// An engine whose models are named after their behaviour, and that counts their runs.
pub(super) struct Rig {
    pub engine: Engine,
    pub runs: Arc<AtomicU32>,
    pub log: Arc<Mutex<Log>>,
}

fn behaviour(name: &str) -> Option<Behaviour> {
    Some(match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "well" | "well-fastest" | "opens-once-forever" => Behaviour::Well,
        "slow" => Behaviour::Slow(Duration::from_millis(150)),
        "fails" => Behaviour::Fails,
        "panics" => Behaviour::Panics,
        "hangs" => Behaviour::Hangs,
        "hangs-once" => Behaviour::HangsOnce { is_first: true },
        _ => return None,
    })
}

/// Tells models apart in their results.
pub(super) fn number(name: &str) -> u32 {
    name.bytes().fold(0, |sum, byte| sum * 31 % 65_521 + u32::from(byte))
}

pub(super) fn rig(open: impl Fn() -> Result<Box<dyn Source>, SourceError> + Send + Sync + 'static) -> Rig {
    rig_by_address(move |_, _| open())
}

/// As [`rig`], with a source that depends on the address.
pub(super) fn rig_by_address(
    open: impl Fn(&Address, &CameraRequest) -> Result<Box<dyn Source>, SourceError> + Send + Sync + 'static,
) -> Rig {
    let runs = Arc::<AtomicU32>::default();
    let log = Arc::<Mutex<Log>>::default();
    let factories = Factories { source: Box::new(open), model: model_factory(&runs, &log) };
    Rig { engine: Engine::start_with(EngineOptions::new(Arc::new(|| {})), factories), runs, log }
}

/// Opens models that behave as their names say.
pub(super) fn model_factory(runs: &Arc<AtomicU32>, log: &Arc<Mutex<Log>>) -> ModelFactory {
    let (runs, log) = (Arc::clone(runs), Arc::clone(log));
    Box::new(move |choice, cancel| {
        let name = choice.path.to_string_lossy().into_owned();
        let file = choice.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let gone = choice.path.is_absolute() && !choice.path.exists();
        let Some(mut behaviour) = behaviour(&file).filter(|_| !gone) else {
            return Err(ModelError::NoFile { path: choice.path.clone() });
        };
        let mut written = log.lock().expect("no panic");
        if let Behaviour::HangsOnce { is_first } = &mut behaviour {
            *is_first = !written.opened.contains(&file);
        }
        let opens_forever = file == "opens-once-forever" && !written.opened.contains(&file);
        written.opened.push(file);
        drop(written);
        let begin = Instant::now();
        while opens_forever && begin.elapsed() < PATIENCE {
            if cancel.is_cancelled() {
                return Err(ModelError::Stopped);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let (stopped, runs, log) = (Arc::default(), Arc::clone(&runs), Arc::clone(&log));
        Ok(Box::new(ScriptedModel { name, behaviour, stopped, runs, log }))
    })
}

impl Rig {
    pub fn open(&self) {
        self.engine.send(Command::Open { address: LIVE, camera: CameraRequest::default() });
    }

    pub fn model(&self, name: &str) {
        self.engine.send(Command::SetModel(ModelChoice { path: name.into(), ..ModelChoice::default() }));
    }

    pub fn shown(&self) -> Option<u64> {
        self.engine.preview().map(|frame| frame.sequence)
    }

    /// Waits until the preview has gone on by some frames.
    #[track_caller]
    pub fn preview_goes_on(&self) {
        until("a frame is shown", || self.shown().is_some());
        let now = self.shown();
        until("the preview goes on", || self.shown() > now.map(|n| n + 5));
    }

    /// Drops the engine; it must not take long.
    #[track_caller]
    pub fn stops_promptly(self) {
        let begin = Instant::now();
        drop(self.engine);
        assert!(begin.elapsed() < Duration::from_secs(1), "stopping took {:?}", begin.elapsed());
    }
}

pub(super) fn live() -> Rig {
    let rig = rig(|| Ok(source(Pace::Live, None, &[])));
    rig.open();
    rig
}
