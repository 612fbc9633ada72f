//! Paints, saves and reports what was found, on a thread of its own, in the order of the frames.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::film::{Film, FilmPlan};
use super::names::{self, Folder};
use super::progress::Progress;
use super::text::{self, Counts, Stages};
use super::{picture, reader};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Format};
use crate::frame::Frame;
use crate::keep::{FrameFacts, FrameRecord};
use crate::model::labels::{Labels, Language};
use crate::model::results::StageTimes;
use crate::model::{Model, Results};
use crate::scene::{self, Scene, Style};
use crate::source::{Pace, SourceError, SourceInfo};
use crossbeam_channel::Sender;

/// What comes from the model's thread, in order.
#[derive(Debug)]
pub enum Outcome {
    /// A source is open: what the user calls it, and what is known of it.
    Opened(String, SourceInfo),
    /// A frame was looked at.
    Frame(Box<Seen>),
    /// A source, or one of its pictures, couldn't be read.
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

/// How results are written.
#[derive(Debug)]
pub struct WriterOptions {
    /// Where annotated pictures and videos go.
    pub folder: Option<Folder>,
    /// How each frame is reported.
    pub format: Format,
    /// Language of class names in text and pictures.
    pub language: Language,
    /// Nothing but results and errors.
    pub quiet: bool,
}

/// Writes what the model's thread sends.
pub struct Writer {
    options: WriterOptions,
    model: String,
    labels: Labels,
    runs_on: String,
    spent_frames: Sender<Frame>,
    spent_results: Sender<Results>,
    info: Option<Arc<SourceInfo>>,
    /// What the user calls the source.
    address: String,
    film: Option<Film>,
    scene: Scene,
    style: Style,
    progress: Progress,
    counts: Counts,
    stages: Stages,
    frames: u64,
    sources: u64,
    /// The first file that was saved.
    saved: Option<PathBuf>,
    saved_count: u64,
    begun: Option<Instant>,
}

/// Rate of a video whose source doesn't tell its own.
const USUAL_FPS: f64 = 30.0;

impl Writer {
    /// A writer for what `model` finds; frames and results that are done with go back through the channels.
    #[must_use]
    pub fn new(
        options: WriterOptions,
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
            style: Style { language: options.language, ..Style::default() },
            options,
            spent_frames,
            spent_results,
            info: None,
            address: String::new(),
            film: None,
            progress,
            counts: Counts::default(),
            stages: Stages::default(),
            frames: 0,
            sources: 0,
            saved: None,
            saved_count: 0,
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
        let ended = self.end_film();
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
                self.end_film()?;
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
        let line = match self.options.format {
            Format::Json => self.json(&frame, &results, &times, image.as_deref()),
            Format::Text => {
                text::frame_line(&info, &frame, &results, &self.labels, self.options.language, &times)
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

    /// Saves the annotated frame where that was asked for; tells the file of a picture that is a result
    /// itself.
    fn save(
        &mut self,
        info: &SourceInfo,
        frame: &mut Frame,
        results: &Results,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(folder) = &self.options.folder else { return Ok(None) };
        self.scene.compose(results, &self.labels, &self.style);
        let (width, height) = (frame.width, frame.height);
        scene::picture::paint(&self.scene, &mut frame.data, width, height);
        if info.pace == Pace::Stills {
            let stem = names::stem_of(frame.origin.as_deref(), &info.name);
            let path = picture::save(folder, frame, &stem)?;
            self.note_saved(&path);
            return Ok(results.plane.is_some().then_some(path));
        }
        if self.film.as_ref().is_some_and(|film| !film.fits(frame)) {
            self.end_film()?;
        }
        let Some(folder) = &self.options.folder else { return Ok(None) };
        let film = match &mut self.film {
            Some(film) => film,
            none => none.insert(Film::start(folder, plan(info), frame)?),
        };
        film.add(frame)?;
        Ok(None)
    }

    fn json(&self, frame: &Frame, results: &Results, times: &StageTimes, image: Option<&Path>) -> String {
        let facts = FrameFacts {
            source: frame.origin.as_deref().unwrap_or(&self.address),
            frame: frame.sequence,
            time_s: frame.time_s,
            model: &self.model,
        };
        let mut record = FrameRecord::new(facts, results, &self.labels, times);
        // JSON is Unicode; a name that isn't is shown as well as it can be.
        record.image = image.map(|path| path.to_string_lossy().into_owned().into());
        record.to_json_line()
    }

    fn end_film(&mut self) -> Result<(), Failure> {
        if let (Some(film), Some(folder)) = (self.film.take(), &self.options.folder) {
            let path = film.finish(folder)?;
            self.note_saved(&path);
        }
        Ok(())
    }

    fn note_saved(&mut self, path: &Path) {
        self.saved_count += 1;
        self.saved.get_or_insert_with(|| path.to_owned());
    }

    fn say_summary(&self) -> Result<(), Failure> {
        if self.options.quiet || self.frames == 0 {
            return Ok(());
        }
        let seconds = self.begun.map_or(0.0, |b| b.elapsed().as_secs_f64()).max(1e-9);
        let frames = text::count_of(self.frames, "frame");
        let of = if self.sources > 1 { format!(" of {} sources", self.sources) } else { String::new() };
        let mut summary =
            format!("\n{frames}{of}: {}\n", self.counts.said(&self.labels, self.options.language));
        summary.push_str(&self.stages.table());
        let rate = self.frames as f64 / seconds;
        let _ = write!(summary, "\n{rate:.1} frames a second in {seconds:.2} s ({})", self.runs_on);
        if let Some(path) = &self.saved {
            let place = if self.saved_count == 1 { Some(path.as_path()) } else { path.parent() };
            let place = place.unwrap_or(path).display().to_string();
            let files = text::count_of(self.saved_count, "file");
            let _ = write!(summary, "\nsaved {files}: {}", output::printable(&place));
        }
        match self.options.format {
            Format::Text => output::line(&summary),
            Format::Json => {
                summary.lines().filter(|l| !l.is_empty()).for_each(output::note);
                Ok(())
            }
        }
    }
}

/// What the video of a source is to be like.
#[must_use]
pub fn plan(info: &SourceInfo) -> FilmPlan {
    let live = info.pace == Pace::Live;
    let fps = info.fps.filter(|fps| fps.is_finite() && (0.1..=1000.0).contains(fps)).unwrap_or(USUAL_FPS);
    let stem = names::stem_of(if live { None } else { Some(&info.name) }, &info.name);
    FilmPlan { stem, fps, live }
}
