//! Saves annotated images and videos, and knows what it saved.

use std::path::PathBuf;

use super::names::{self, Folder};
use super::video::{Video, VideoPlan};
use super::{frame_image, text};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::frame::Frame;
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
        if self.video.as_ref().is_some_and(|video| !video.fits(frame)) {
            self.end_video()?;
        }
        let video = match &mut self.video {
            Some(video) => video,
            none => none.insert(Video::start(&self.folder, plan(info, suffix), frame)?),
        };
        video.add(frame)?;
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

/// Name, rate and timing of the video of a source.
fn plan(info: &SourceInfo, suffix: &str) -> VideoPlan {
    let live = info.pace == Pace::Live;
    let fps = info.fps.filter(|fps| fps.is_finite() && (0.1..=1000.0).contains(fps)).unwrap_or(DEFAULT_FPS);
    let mut stem = names::stem_of(if live { None } else { Some(&info.name) }, &info.name);
    stem.push(suffix);
    VideoPlan { stem, fps, live }
}
