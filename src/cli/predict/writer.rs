//! Paints, saves and reports what was found, on a thread of its own, in the order of the frames.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::progress::Progress;
use super::reader;
use super::text::{self, Counts, Stages};
use crate::cli::failure::Failure;
use crate::cli::look::Writing;
use crate::cli::output::{self, Format};
use crate::frame::Frame;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::{Model, Results};
use crate::save::{FrameInfo, FrameRecord};
use crate::scene::{self, Scene, Style};
use crate::source::{SourceError, SourceInfo};
use crossbeam_channel::Sender;

/// What comes from the model's thread, in order.
#[derive(Debug)]
pub enum Outcome {
    /// A source is open: what the user calls it, and what is known of it.
    Opened(String, SourceInfo),
    /// A frame was looked at.
    Frame(Box<Seen>),
    /// A source, or one of its images, couldn't be read.
    Failed(SourceError),
    /// A source has no more frames.
    Ended,
}

/// A frame with what the model said of it.
#[derive(Debug)]
pub struct Seen {
    /// RGBA.
    pub frame: Frame,
    /// What was found.
    pub results: Results,
    /// Milliseconds, decoding included.
    pub times: StageTimes,
}

/// Writes what the model's thread sends.
pub struct Writer {
    writing: Writing,
    model: String,
    labels: Labels,
    runs_on: String,
    spent_frames: Sender<Frame>,
    spent_results: Sender<Results>,
    info: Option<Arc<SourceInfo>>,
    /// What the user calls the source.
    address: String,
    scene: Scene,
    style: Style,
    progress: Progress,
    counts: Counts,
    stages: Stages,
    frames: u64,
    sources: u64,
    begun: Option<Instant>,
}

impl Writer {
    /// A writer for what `model` finds; frames and results that are done with go back through the channels.
    #[must_use]
    pub fn new(
        writing: Writing,
        progress: Progress,
        model: &Model,
        lanes: usize,
        spent_frames: Sender<Frame>,
        spent_results: Sender<Results>,
    ) -> Self {
        let threads = text::count_of(model.threads() as u64, "thread");
        Self {
            model: model.name(),
            labels: model.spec().labels.clone(),
            runs_on: match lanes {
                1 => format!("{} on {}, {threads}", model.name(), model.provider()),
                _ => format!("{} on {}, {lanes} frames at once", model.name(), model.provider()),
            },
            scene: Scene::new(),
            style: Style { language: writing.language, ..Style::default() },
            writing,
            spent_frames,
            spent_results,
            info: None,
            address: String::new(),
            progress,
            counts: Counts::default(),
            stages: Stages::default(),
            frames: 0,
            sources: 0,
            begun: None,
        }
    }

    /// Writes all that comes, then ends what is open and says the summary.
    ///
    /// # Errors
    /// The first error among the outcomes, or where a result can't be written; what was begun is ended first, so that it
    /// can be used.
    pub fn run(mut self, outcomes: impl Iterator<Item = Result<Outcome, Failure>>) -> Result<(), Failure> {
        let mut written = Ok(());
        for outcome in outcomes {
            written = outcome.and_then(|outcome| self.take(outcome));
            if written.is_err() {
                break;
            }
        }
        let ended = self.writing.end_video();
        self.progress.finish();
        written?;
        ended?;
        self.say_summary()
    }

    fn take(&mut self, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Opened(name, info) => self.open(name, info),
            Outcome::Frame(seen) => self.frame(*seen)?,
            Outcome::Failed(error) => {
                let _ = self.progress.aside(|| Failure::from(error).report());
            }
            Outcome::Ended => {
                self.progress.ended();
                self.writing.end_video()?;
            }
        }
        Ok(())
    }

    fn open(&mut self, name: String, info: SourceInfo) {
        self.sources += 1;
        self.begun.get_or_insert_with(Instant::now);
        self.progress.opened(&info);
        self.info = Some(Arc::new(info));
        self.address = name;
    }

    fn frame(&mut self, seen: Seen) -> Result<(), Failure> {
        let Seen { mut frame, results, times } = seen;
        let Some(info) = self.info.clone() else { return Ok(()) };
        let image = self.save(&info, &mut frame, &results)?;
        let line = match self.writing.format {
            Format::Json => self.json(&frame, &results, &times, image.as_deref()),
            Format::Text => {
                text::frame_line(&info, &frame, &results, &self.labels, self.writing.language, &times)
            }
        };
        self.progress.aside(|| output::line(&line))?;
        self.progress.frame();
        self.frames += 1;
        self.counts.add(&results);
        self.stages.push(&times);
        reader::give_back(&self.spent_frames, frame);
        // Where enough lie ready it is let go.
        let _ = self.spent_results.try_send(results);
        Ok(())
    }

    /// Saves the annotated frame where that was asked for; tells the file of an image that is a result
    /// itself.
    fn save(
        &mut self,
        info: &SourceInfo,
        frame: &mut Frame,
        results: &Results,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(keeper) = &mut self.writing.keeper else { return Ok(None) };
        self.scene.compose(results, &self.labels, &self.style);
        let (width, height) = (frame.width, frame.height);
        scene::image_painter::paint(&self.scene, &mut frame.data, width, height);
        let path = keeper.save(info, frame, "")?;
        Ok(path.filter(|_| results.plane.is_some()))
    }

    fn json(&self, frame: &Frame, results: &Results, times: &StageTimes, image: Option<&Path>) -> String {
        let info = FrameInfo::of(frame, &self.address, &self.model);
        let mut record = FrameRecord::new(info, results, &self.labels, times);
        // JSON is Unicode; a name that isn't is shown as well as it can be.
        record.image = image.map(|path| path.to_string_lossy().into_owned().into());
        record.to_json_line()
    }

    fn say_summary(&self) -> Result<(), Failure> {
        if self.writing.quiet || self.frames == 0 {
            return Ok(());
        }
        let seconds = self.begun.map_or(0.0, |b| b.elapsed().as_secs_f64()).max(1e-9);
        let frames = text::count_of(self.frames, "frame");
        let of = if self.sources > 1 { format!(" of {} sources", self.sources) } else { String::new() };
        let mut summary =
            format!("\n{frames}{of}: {}\n", self.counts.said(&self.labels, self.writing.language));
        summary.push_str(&self.stages.table());
        let rate = self.frames as f64 / seconds;
        let _ = write!(summary, "\n{rate:.1} frames a second in {seconds:.2} s ({})", self.runs_on);
        self.writing.say_summary(summary)
    }
}
