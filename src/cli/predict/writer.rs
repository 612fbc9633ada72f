//! Draws, saves and reports results on a thread of its own, in the order of the frames.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::counting::{self, Counting};
use super::live::Live;
use super::names::Folder;
use super::progress::Progress;
use super::reader;
use super::rules::Judging;
use super::text::{self, Counts, Stages};
use crate::cli::failure::Failure;
use crate::cli::output::{self, LineFormat};
use crate::cli::shared_args::Reporting;
use crate::frame::Frame;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::{FeatureModel, Model, Results, Thresholds};
use crate::motion::CameraMotion;
use crate::privacy::{Censor, Covered, Found};
use crate::save::{FrameInfo, FrameRecord};
use crate::scene::{self, Scene, Style};
use crate::source::{Pace, SourceError, SourceInfo};
use crate::track::{Analyser, Looks, Report};
use crossbeam_channel::Sender;

/// What comes from the workers, in order.
#[derive(Debug)]
pub enum Event {
    /// A source is open: what the user calls it, and what is known of it.
    Opened(String, SourceInfo),
    /// A frame was processed.
    Frame(Box<FrameResult>),
    /// A source, or one of its images, can't be read.
    Failed(SourceError),
    /// A source has no more frames.
    Ended,
}

/// A frame with its results.
#[derive(Debug)]
pub struct FrameResult {
    /// RGBA.
    pub frame: Frame,
    /// What was found.
    pub results: Results,
    /// Milliseconds, decoding included.
    pub times: StageTimes,
    /// The model ran on it; with `--live-latency` it doesn't run on every frame.
    pub ran: bool,
}

/// Writes what the workers send.
pub struct Writer {
    reporting: Reporting,
    model: String,
    labels: Labels,
    runs_on: String,
    /// Frames and results go back through these channels and are filled again.
    spent_frames: Sender<Frame>,
    spent_results: Sender<Results>,
    info: Option<Arc<SourceInfo>>,
    /// What the user calls the source.
    address: String,
    thresholds: Thresholds,
    censor: Censor,
    /// It was said that whole images are hidden.
    said_hidden: bool,
    scene: Scene,
    style: Style,
    progress: Progress,
    counts: Counts,
    stages: Stages,
    frames: u64,
    sources: u64,
    begun: Option<Instant>,
    /// What the window would draw, with `--live-latency`.
    live: Option<Live>,
    /// With `--track`.
    analyser: Option<Analyser>,
    /// How the camera moves, for the tracker.
    camera: CameraMotion,
    /// What its objects look like, with `--reid`.
    reid: Option<FeatureModel>,
    looks: Looks,
    /// What is counted, with `--scene`.
    counting: Option<Counting>,
    /// Where objects are saved, with `--crops`.
    crops: Option<Folder>,
    /// With `--rules`.
    judging: Option<Judging>,
}

impl Writer {
    /// A writer for the results of `model`. Frames and results that are done with go back through the channels.
    #[must_use]
    pub fn new(
        reporting: Reporting,
        progress: Progress,
        model: &Model,
        thresholds: &Thresholds,
        workers: usize,
        (spent_frames, spent_results): (Sender<Frame>, Sender<Results>),
        (live, analyser): (Option<Live>, Option<Analyser>),
    ) -> Self {
        let threads = text::count_of(model.threads() as u64, "thread");
        Self {
            model: model.name(),
            labels: model.spec().labels.clone(),
            runs_on: match workers {
                1 => format!("{} on {}, {threads}", model.name(), model.provider()),
                _ => format!("{} on {}, {workers} frames at once", model.name(), model.provider()),
            },
            thresholds: thresholds.clone(),
            censor: Censor::default(),
            said_hidden: false,
            scene: Scene::new(),
            style: Style { language: reporting.language, ..Style::default() },
            reporting,
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
            live,
            analyser,
            camera: CameraMotion::default(),
            reid: None,
            looks: Looks::default(),
            counting: None,
            crops: None,
            judging: None,
        }
    }

    /// Counts, and saves objects, too.
    #[must_use]
    pub fn with_extras(mut self, counting: Option<Counting>, crops: Option<Folder>) -> Self {
        if let Some(note) = counting.as_ref().and_then(|counting| counting.unknown_classes(&self.labels)) {
            output::note(&note);
        }
        let unknown = self.reporting.privacy.unknown_classes(&self.labels);
        // Where the model has none of them, whole images are hidden, and that is said with the first.
        if self.reporting.privacy.on
            && !unknown.is_empty()
            && unknown.len() < self.reporting.privacy.classes.len()
        {
            let names: Vec<_> = unknown.iter().map(|name| output::printable(name)).collect();
            output::note(&format!(
                "{} doesn\u{2019}t find these classes of \u{201c}--blur\u{201d}, so they aren\u{2019}t hidden: {}.",
                self.model,
                names.join(", ")
            ));
        }
        (self.counting, self.crops) = (counting, crops);
        self
    }

    /// Lets the tracker recognise objects with this model.
    #[must_use]
    pub fn recognising(self, reid: Option<FeatureModel>) -> Self {
        Self { reid, ..self }
    }

    /// Judges rules, too.
    #[must_use]
    pub fn with_rules(mut self, judging: Option<Judging>, model: &Model) -> Self {
        self.judging = judging;
        if let Some(judging) = &mut self.judging {
            judging.set_model(model);
            judging.has_scene = self.counting.is_some();
        }
        self
    }

    /// Writes all that comes, ends the video that is open, and writes the summary. Ctrl-C is an end like any other.
    ///
    /// # Errors
    /// The first error among the events, or why a result can't be written. A video that was begun is ended first, so that it
    /// can be played.
    pub fn run(mut self, events: impl Iterator<Item = Result<Event, Failure>>) -> Result<(), Failure> {
        let (mut written, mut interrupted) = (Ok(()), false);
        for event in events {
            written = match event {
                Ok(event) => self.take(event),
                Err(Failure::Interrupted) => {
                    interrupted = true;
                    break;
                }
                Err(failure) => Err(failure),
            };
            if matches!(written, Err(Failure::Interrupted)) {
                // The model for appearance was at work.
                (written, interrupted) = (Ok(()), true);
                break;
            }
            if written.is_err() {
                break;
            }
        }
        let ended = self.reporting.end_video();
        self.progress.finish();
        if let Some(judging) = &mut self.judging {
            judging.finish(interrupted || written.is_err());
        }
        written?;
        ended?;
        self.write_summary()
    }

    fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Opened(name, info) => self.open(name, info),
            Event::Frame(result) => self.frame(*result)?,
            Event::Failed(error) => {
                let _ = self.progress.suspend(|| Failure::from(error).report());
            }
            Event::Ended => {
                self.progress.ended();
                if let Some(counting) = &mut self.counting {
                    counting.end(&self.address, &self.labels, self.reporting.language);
                }
                if let Some(judging) = &mut self.judging {
                    judging.end();
                }
                self.reporting.end_video()?;
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
        if let Some(live) = &mut self.live {
            live.restart();
        }
        if let Some(analyser) = &mut self.analyser {
            analyser.reset();
            self.camera.reset();
        }
        if let Some(counting) = &mut self.counting {
            counting.begin();
        }
        if let Some(judging) = &mut self.judging {
            judging.begin(&self.address);
        }
    }

    fn frame(&mut self, result: FrameResult) -> Result<(), Failure> {
        let FrameResult { mut frame, mut results, times, ran } = result;
        let Some(info) = self.info.clone() else { return Ok(()) };
        let time = frame.time_s.unwrap_or_default();
        let age_ms = self.live.as_mut().map(|live| live.draw(&frame, time, &mut results, ran));
        let report = self.analyse(&info, &frame, &mut results)?;
        if let Some(folder) = &self.crops {
            counting::save_crops(folder, &info, &frame, &results, &self.labels)?;
        }
        if let (Some(counting), Some(report)) = (&mut self.counting, &report) {
            counting.take(report);
        }
        if let (Some(judging), Some(report), false) = (&mut self.judging, &report, info.pace == Pace::Stills)
        {
            let thresholds = &self.thresholds;
            self.progress.suspend(|| judging.frame(&frame, (&results, thresholds, &times), report));
        }
        let image = self.save(&info, &mut frame, &results, report.as_deref())?;
        match self.reporting.format {
            LineFormat::Json => {
                let line = self.json(&frame, &results, &times, image.as_deref(), age_ms);
                self.progress.suspend(|| output::json_text(&line))?;
            }
            LineFormat::Text => {
                let language = self.reporting.language;
                let mut line = text::frame_line(&info, &frame, &results, &self.labels, language, &times);
                if let Some(report) = &report {
                    line.push_str(&text::totals(report, &self.labels, language));
                }
                self.progress.suspend(|| output::line(&line))?;
                for event in self.judging.iter().flat_map(|judging| judging.lines(language)) {
                    self.progress.suspend(|| output::line(&event))?;
                }
            }
        }
        self.progress.frame();
        self.frames += 1;
        self.counts.add(&results);
        if ran {
            self.stages.push(&times);
        }
        reader::give_back(&self.spent_frames, frame);
        // If enough are spare, this one is freed.
        let _ = self.spent_results.try_send(results);
        Ok(())
    }

    /// Tracks the objects of a frame; images have nothing to do with one another.
    fn analyse(
        &mut self,
        info: &SourceInfo,
        frame: &Frame,
        results: &mut Results,
    ) -> Result<Option<Arc<Report>>, Failure> {
        let Some(analyser) = &mut self.analyser else { return Ok(None) };
        if info.pace == Pace::Stills {
            // Images have no tracks, but zones say who is inside.
            return Ok(self.counting.as_ref().map(|_| analyser.apply_image(results, &self.labels)));
        }
        let began = self.begun.unwrap_or(frame.captured);
        let since = || frame.captured.saturating_duration_since(began).as_secs_f64();
        let time_s = frame.time_s.unwrap_or_else(since);
        let camera = self.camera.next(frame, time_s, results.detections.iter().map(|d| d.bbox));
        self.looks.clear();
        if let Some(model) = &mut self.reid {
            for detection in &results.detections {
                self.looks.push(model.features(frame, detection.bbox)?);
            }
        }
        Ok(Some(analyser.apply_with(results, &self.labels, time_s, camera, &self.looks)))
    }

    /// Saves the annotated frame if that was asked for. Returns the file if the result itself is an image.
    fn save(
        &mut self,
        info: &SourceInfo,
        frame: &mut Frame,
        results: &Results,
        report: Option<&Report>,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(saver) = &mut self.reporting.saver else { return Ok(None) };
        let covered = self.reporting.privacy.on.then(|| {
            let found = Found { results, labels: &self.labels, thresholds: &self.thresholds };
            self.censor.cover_frame(&self.reporting.privacy, frame, &[found])
        });
        // A style image or a depth map would show what is hidden again.
        self.style.planes = covered.is_none();
        if covered == Some(Covered::Everything) && !std::mem::replace(&mut self.said_hidden, true) {
            let model = &self.model;
            self.progress.suspend(|| {
                output::note(&format!(
                    "{model} finds none of the classes of \u{201c}--blur\u{201d}: whole images are hidden."
                ));
            });
        }
        self.scene.compose_with(results, report, &self.labels, &self.style);
        let (width, height) = (frame.width, frame.height);
        scene::image_painter::paint(&self.scene, &mut frame.data, width, height);
        let path = saver.save(info, frame, "")?;
        Ok(path.filter(|_| results.plane.is_some()))
    }

    #[expect(clippy::option_option, reason = "null while nothing is drawn, missing without --live-latency")]
    fn json(
        &self,
        frame: &Frame,
        results: &Results,
        times: &StageTimes,
        image: Option<&Path>,
        age_ms: Option<Option<f64>>,
    ) -> String {
        let info = FrameInfo::of(frame, &self.address, &self.model);
        let mut record = FrameRecord::new(info, results, &self.labels, times);
        // JSON is Unicode; a name that isn't is shown as well as it can be.
        record.image = image.map(|path| path.to_string_lossy().into_owned().into());
        if let Some(counting) = &self.counting {
            record.add_counts(counting.report());
        }
        record.age_ms = age_ms.map(|age| age.map(|age| (age * 10.0).round() / 10.0));
        match &self.judging {
            Some(judging) => judging.json(&record),
            None => record.to_json_line(),
        }
    }

    fn write_summary(&self) -> Result<(), Failure> {
        if self.reporting.quiet || self.frames == 0 {
            return Ok(());
        }
        let seconds = self.begun.map_or(0.0, |b| b.elapsed().as_secs_f64()).max(1e-9);
        let frames = text::count_of(self.frames, "frame");
        let of = if self.sources > 1 { format!(" of {} sources", self.sources) } else { String::new() };
        let mut summary =
            format!("\n{frames}{of}: {}\n", self.counts.total(&self.labels, self.reporting.language));
        summary.push_str(&self.stages.table());
        if let Some(counting) = &self.counting {
            summary.push_str(&counting.summary());
        }
        if let Some(judging) = &self.judging {
            summary.push_str(&judging.summary());
        }
        // One frame has no rate.
        let rate = if self.frames == 1 {
            String::new()
        } else {
            format!(", {:.1} frames per second", self.frames as f64 / seconds)
        };
        let _ = write!(summary, "\n{seconds:.2} s{rate} ({})", self.runs_on);
        self.reporting.write_summary(summary)
    }
}
