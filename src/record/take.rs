//! One recording: its videos, its lines and its record, from its first frame to its last.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::draw::Images;
use super::lines::{Lines, RecordingRecord, VideoFiles, record_of};
use super::names::{RESERVE, check_room, prepare_folder, reserve};
use super::options::{Look, RecordOptions};
use super::pairing::Drawn;
use super::writer::Writer;
use super::{Clock, RecordError};
use crate::frame::Frame;
use crate::save::Thumbnail;

/// How often files, disk and encoders are looked after.
const CHECK: Duration = Duration::from_millis(500);

/// A recording that is being made. All its frames have one size.
pub(super) struct Take {
    folder: PathBuf,
    options: RecordOptions,
    annotated: Option<Writer>,
    clean: Option<Writer>,
    lines: Option<Lines>,
    json: Option<PathBuf>,
    lines_path: Option<PathBuf>,
    record: RecordingRecord,
    clock: Clock,
    size: (u32, u32),
    frames: u64,
    /// The last frame's images and when it was captured: they are shown until the end.
    last: Option<(Images, Instant)>,
    checked: Instant,
    thumbnail: Thumbnail,
    /// Frames that the tap had lost before.
    missed: u64,
}

impl Take {
    /// Starts the files of a recording whose first frame is `frame`.
    ///
    /// # Errors
    /// Why it can't be written; no file of it is left.
    pub fn start(
        options: &RecordOptions,
        look: &Look,
        frame: &Frame,
        missed: u64,
    ) -> Result<Self, RecordError> {
        let folder = prepare_folder(options.folder.as_deref())?;
        let size = (frame.width, frame.height);
        // Found before files are made: that may take seconds the first time.
        super::VideoFile::prepare(options.container, size)?;
        let (what, ending) = (options.what, options.container.ending());
        let wanted = [
            what.annotated().then(|| format!(".{ending}")),
            what.clean().then(|| format!(" clean.{ending}")),
            options.json.then(|| ".json".to_owned()),
            options.json.then(|| ".jsonl".to_owned()),
        ];
        let endings: Vec<String> = wanted.iter().flatten().cloned().collect();
        let paths = reserve(&folder, chrono::Local::now(), &endings)?;
        let made = Self::start_in(&folder, options, look, size, wanted.map(|w| w.is_some()), &paths);
        if made.is_err() {
            for path in &paths {
                let _ = std::fs::remove_file(path);
            }
        }
        made.map(|take| Self { missed, ..take })
    }

    fn start_in(
        folder: &Path,
        options: &RecordOptions,
        look: &Look,
        size: (u32, u32),
        wanted: [bool; 4],
        paths: &[PathBuf],
    ) -> Result<Self, RecordError> {
        let mut paths = paths.iter().cloned();
        let [annotated, clean, json, lines] = wanted.map(|wanted| wanted.then(|| paths.next()).flatten());
        let name = |path: &Option<PathBuf>| {
            path.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned())
        };
        let files = VideoFiles { annotated: name(&annotated), clean: name(&clean), lines: name(&lines) };
        let record = RecordingRecord::new("recording", look, size, files);
        let fps = look.fps();
        let writer = |path: Option<PathBuf>| {
            path.map(|path| Writer::start(&path, size, fps, options.container)).transpose()
        };
        let (annotated, clean) = (writer(annotated)?, writer(clean)?);
        let open = |path: &PathBuf| Lines::open(path).map_err(|e| RecordError::unwritable(path, &e));
        let take = Self {
            folder: folder.to_owned(),
            options: options.clone(),
            annotated,
            clean,
            lines: lines.as_ref().map(open).transpose()?,
            json,
            lines_path: lines,
            record,
            clock: Clock::new(true, fps),
            size,
            frames: 0,
            last: None,
            checked: Instant::now(),
            thumbnail: Thumbnail::default(),
            missed: 0,
        };
        take.write_record()?;
        Ok(take)
    }

    fn write_record(&self) -> Result<(), RecordError> {
        let Some(json) = &self.json else { return Ok(()) };
        self.record.write(json).map_err(|error| RecordError::unwritable(json, &error))
    }

    /// Which images it takes: annotated, clean.
    pub fn wants(&self) -> (bool, bool) {
        (self.options.what.annotated(), self.options.what.clean())
    }

    pub fn options(&self) -> &RecordOptions {
        &self.options
    }

    /// Whether a frame of this size belongs to it.
    pub fn fits(&self, frame: &Frame) -> bool {
        (frame.width, frame.height) == self.size
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// Why it can't go on.
    pub fn add(&mut self, drawn: &Drawn, images: Images, look: &Look) -> Result<(), RecordError> {
        let at = self.clock.time_of(&drawn.frame);
        if self.frames == 0
            && let Some(first) = images.annotated.as_ref().or(images.clean.as_ref())
        {
            self.thumbnail = Thumbnail::of(first);
        }
        self.write_images(at, &images);
        self.last = Some((images, drawn.frame.captured));
        let mut is_news = false;
        if let Some((prediction, _)) = &drawn.results {
            is_news = self.record.note_model(at, prediction);
        }
        if let Some(lines) = &mut self.lines
            && let Some(record) = record_of(drawn, at, self.frames, look)
            && let Err(error) = lines.add(&record)
        {
            let path = self.lines_path.clone().unwrap_or_default();
            return Err(RecordError::unwritable(&path, &error));
        }
        self.frames += 1;
        if is_news { self.write_record() } else { Ok(()) }
    }

    fn write_images(&mut self, at: Duration, images: &Images) {
        for (writer, image) in [(&mut self.annotated, &images.annotated), (&mut self.clean, &images.clean)] {
            if let (Some(writer), Some(image)) = (writer, image) {
                writer.add(at, Arc::clone(image));
            }
        }
    }

    /// The time until the next frame is left out.
    pub fn pause(&mut self) {
        self.hold_last();
        self.clock.pause();
    }

    /// Shows the last frame until now.
    fn hold_last(&mut self) {
        let Some((images, captured)) = self.last.take() else { return };
        let held = captured.elapsed();
        // A frame more or less isn't seen.
        if held > Duration::from_millis(100) {
            let mut frame = Frame { captured: captured + held, ..Frame::default() };
            frame.generation = u64::MAX;
            let at = self.clock.time_of(&frame);
            self.write_images(at, &images);
        }
    }

    /// Looks after files, disk and encoders.
    ///
    /// # Errors
    /// Why the recording can't go on.
    pub fn check(&mut self) -> Result<(), RecordError> {
        let writers = || self.annotated.iter().chain(&self.clean);
        if self.checked.elapsed() < CHECK && !writers().any(Writer::has_failed) {
            return Ok(());
        }
        self.checked = Instant::now();
        for writer in self.annotated.iter().chain(&self.clean) {
            if let Some(error) = writer.trouble() {
                return Err(error);
            }
        }
        check_room(&self.folder, RESERVE)
    }

    /// How long it is by now.
    pub fn elapsed(&self) -> Duration {
        self.clock.last()
    }

    /// The size of its videos in bytes.
    pub fn bytes(&self) -> u64 {
        self.annotated.iter().chain(&self.clean).map(Writer::bytes).sum()
    }

    /// Frames that an encoder or the recorder had no time for; `missed`: those that the tap has lost by now.
    pub fn left_out(&self, missed: u64) -> u64 {
        let encoders = self.annotated.iter().chain(&self.clean).map(Writer::left_out).max().unwrap_or(0);
        encoders + missed.saturating_sub(self.missed)
    }

    /// The last frame isn't shown any longer: it may show whom the next ones hide.
    pub fn forget_last(&mut self) {
        self.last = None;
    }

    /// The file that the user is told of.
    pub fn path(&self) -> &Path {
        self.annotated.as_ref().or(self.clean.as_ref()).map_or(&self.folder, Writer::path)
    }

    /// Ends it; `early` says why, unless the user ended it. `is_paused`: its time stands still already.
    pub fn end(mut self, early: Option<RecordError>, is_paused: bool, missed: u64) -> Ending {
        if !is_paused && early.is_none() {
            self.hold_last();
        }
        let elapsed = self.elapsed();
        self.record.duration_s = Some((elapsed.as_secs_f64() * 1000.0).round() / 1000.0);
        (self.record.frames, self.record.left_out) = (self.frames, self.left_out(missed));
        let lines = self.lines.take().map(Lines::finish);
        let early = early.or_else(|| {
            let error = lines.and_then(Result::err)?;
            Some(RecordError::unwritable(self.lines_path.as_deref().unwrap_or(&self.folder), &error))
        });
        let mut writers: Vec<Writer> = self.annotated.take().into_iter().chain(self.clean.take()).collect();
        writers.iter_mut().for_each(Writer::close);
        let told = vec![false; writers.len()];
        Ending {
            writers,
            told,
            early,
            json: self.json,
            lines: self.lines_path,
            record: self.record,
            elapsed,
            thumbnail: self.thumbnail,
            is_told: false,
        }
    }
}

/// What became of a recording.
#[derive(Debug)]
pub struct Saved {
    /// The annotated video first; empty if there was no frame.
    pub videos: Vec<PathBuf>,
    pub elapsed: Duration,
    /// Frames that the encoder had no time for.
    pub left_out: u64,
    /// Why it ended before the user ended it. What was written until then can be played.
    pub early: Option<RecordError>,
    /// Of its first frame.
    pub thumbnail: Thumbnail,
    /// It holds the seconds around an event, or the last ones.
    pub clip: bool,
}

impl Saved {
    /// A clip that is complete.
    pub(super) fn of_clip(path: PathBuf, elapsed: Duration) -> Self {
        let (early, thumbnail) = (None, Thumbnail::default());
        Self { videos: vec![path], elapsed, left_out: 0, early, thumbnail, clip: true }
    }
}

/// A recording whose encoders write their last frames.
pub(super) struct Ending {
    writers: Vec<Writer>,
    /// By writer: its outcome is known.
    told: Vec<bool>,
    early: Option<RecordError>,
    json: Option<PathBuf>,
    lines: Option<PathBuf>,
    record: RecordingRecord,
    elapsed: Duration,
    thumbnail: Thumbnail,
    is_told: bool,
}

impl Ending {
    /// Returns what became of it, once, when its videos are complete.
    pub fn poll(&mut self) -> Option<Saved> {
        if self.is_told {
            return None;
        }
        for (writer, told) in self.writers.iter().zip(&mut self.told) {
            if *told {
                continue;
            }
            let outcome = writer.outcome()?;
            *told = true;
            if let Err(error) = outcome {
                self.early.get_or_insert(error);
            }
        }
        self.is_told = true;
        // An encoder that fails at its first frame leaves a file without anything in it.
        let is_empty = |writer: &Writer| writer.bytes() == 0;
        if self.writers.iter().all(is_empty) {
            self.record.frames = 0;
            for writer in &self.writers {
                let _ = std::fs::remove_file(writer.path());
            }
        }
        self.record.ended_early = self.early.as_ref().map(ToString::to_string);
        if self.record.frames == 0 {
            for path in self.json.iter().chain(&self.lines) {
                let _ = std::fs::remove_file(path);
            }
        } else if let Some(json) = &self.json
            && let Err(error) = self.record.write(json)
        {
            let error = RecordError::unwritable(json, &error);
            self.early.get_or_insert(error);
        }
        let videos = self.writers.iter().map(|writer| writer.path().to_owned());
        Some(Saved {
            videos: videos.filter(|path| self.record.frames > 0 && path.exists()).collect(),
            elapsed: self.elapsed,
            left_out: self.record.left_out,
            early: self.early.take(),
            thumbnail: std::mem::take(&mut self.thumbnail),
            clip: false,
        })
    }

    /// Whether nothing of it runs any more.
    pub fn is_over(&self) -> bool {
        self.is_told && self.writers.iter().all(Writer::is_over)
    }

    /// The program ends.
    pub fn hurry(&self) {
        self.writers.iter().for_each(Writer::hurry);
    }
}
