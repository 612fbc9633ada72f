//! Saves annotated images and videos, and knows what it saved.

use std::ffi::OsString;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::names::{self, Folder};
use super::{frame_image, text};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::frame::Frame;
use crate::record::{Clock, Container, RecordError, VideoFile};
use crate::source::{Pace, SourceInfo};

/// Saves frames in a folder: those of images as images, those of videos and cameras as a video.
#[derive(Debug)]
pub struct Saver {
    folder: Folder,
    video: Option<Video>,
    /// The first file that was saved.
    first: Option<PathBuf>,
    count: u64,
}

/// Rate of a saved video if its source has no known rate.
const DEFAULT_FPS: f64 = 30.0;

impl Saver {
    /// Saves files in this folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self { folder, video: None, first: None, count: 0 }
    }

    /// Saves a frame (RGBA) of this source under its name and `suffix`. Returns the file of an image, `None` for a frame of
    /// a video.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn save(
        &mut self,
        info: &SourceInfo,
        frame: &Frame,
        suffix: &str,
    ) -> Result<Option<PathBuf>, Failure> {
        if info.pace == Pace::Stills {
            let mut stem = names::stem_of(frame.origin.as_deref(), &info.name);
            stem.push(suffix);
            let path = frame_image::save(&self.folder, frame, &stem)?;
            self.remember(path.clone());
            return Ok(Some(path));
        }
        if self.video.as_ref().is_some_and(|video| video.file.size() != (frame.width, frame.height)) {
            self.end_video()?;
        }
        let video = match &mut self.video {
            Some(video) => video,
            none => none.insert(Video::start(&self.folder, info, suffix, frame)?),
        };
        let at = video.clock.time_of(frame);
        video.file.add(at, &frame.data).map_err(|e| failure(&e))?;
        Ok(None)
    }

    /// Ends the video that is being written, if there is one.
    ///
    /// # Errors
    /// Why it can't be ended.
    pub fn end_video(&mut self) -> Result<(), Failure> {
        if let Some(video) = self.video.take() {
            let path = video.finish(&self.folder)?;
            self.remember(path);
        }
        Ok(())
    }

    fn remember(&mut self, path: PathBuf) {
        self.count += 1;
        self.first.get_or_insert(path);
    }

    /// What was saved where: `saved 3 files: out`. `None` if nothing was.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let path = self.first.as_deref()?;
        let place = if self.count == 1 { Some(path) } else { path.parent() };
        let place = place.unwrap_or(path).display().to_string();
        let files = text::count_of(self.count, "file");
        Some(format!("saved {files}: {}", output::printable(&place)))
    }
}

/// A video that is being written under a name of its own: if the program is killed, the user finds it, and it can be played.
#[derive(Debug)]
struct Video {
    file: VideoFile,
    part: NamedTempFile,
    stem: OsString,
    clock: Clock,
}

impl Video {
    /// Starts a video of `first`'s size.
    fn start(folder: &Folder, info: &SourceInfo, suffix: &str, first: &Frame) -> Result<Self, Failure> {
        let live = info.pace == Pace::Live;
        let known = info.fps.filter(|fps| fps.is_finite() && (0.1..=1000.0).contains(fps));
        let fps = known.unwrap_or(DEFAULT_FPS);
        let mut stem = names::stem_of(if live { None } else { Some(&info.name) }, &info.name);
        stem.push(suffix);
        let part = folder.unfinished(&stem, ".mp4")?;
        let size = (first.width, first.height);
        let file = VideoFile::create(part.path(), size, fps, Container::Mp4).map_err(|e| failure(&e))?;
        Ok(Self { file, part, stem, clock: Clock::new(live, fps) })
    }

    /// Ends the video and gives it its name. A video that couldn't be written to its end stays under the name that it has.
    fn finish(self, folder: &Folder) -> Result<PathBuf, Failure> {
        let Self { file, part, stem, .. } = self;
        match file.finish() {
            Ok(finished) => {
                // It is whole and can be played as it is, also if there is no room for a copy.
                if let Err(error) = finished.make_seekable() {
                    tracing::warn!("players may seek slowly in it: {error}");
                }
                folder.persist(part, &stem, "mp4")
            }
            Err(error) => {
                let _ = part.keep();
                Err(failure(&error))
            }
        }
    }
}

fn failure(error: &RecordError) -> Failure {
    Failure::failed(error.to_string(), error.fix())
}
