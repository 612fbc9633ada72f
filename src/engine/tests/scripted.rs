//! Sources and models that do as they are told, and an engine that runs on them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::frame::PixelFormat;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Size, Task,
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
        into.time_s = (self.info.pace == Pace::Video).then_some(self.sequence as f64 / 100.0);
        into.captured = Instant::now();
        self.sequence += 1;
        Ok(Read::Frame)
    }

    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        self.sequence = match self.info.pace {
            Pace::Live => return Err(SourceError::NotSeekable),
            Pace::Video => (time_s * 100.0).round() as u64,
            Pace::Stills => time_s as u64,
        };
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
    reads: &Arc<AtomicU64>,
) -> Box<dyn Source> {
    Box::new(Scripted {
        info: SourceInfo {
            name: "Scripted".into(),
            address: None,
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

    fn card(&self) -> ModelInfo {
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

fn card(name: &str) -> ModelInfo {
    ModelInfo {
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
pub(super) struct Rig {
    pub engine: Engine,
    pub looks: Arc<AtomicU32>,
    pub log: Arc<Mutex<Log>>,
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

pub(super) fn rig(open: impl Fn() -> Result<Box<dyn Source>, SourceError> + Send + Sync + 'static) -> Rig {
    let looks = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&looks);
    let log = Arc::<Mutex<Log>>::default();
    let written = Arc::clone(&log);
    let openers = Factories {
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
