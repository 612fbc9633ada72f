//! Keeps the images and videos that were asked for, and knows what it kept.

use std::path::PathBuf;

use super::names::{self, Folder};
use super::video::{FilmPlan, Video};
use super::{frame_image, text};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::frame::Frame;
use crate::source::{Pace, SourceInfo};

/// Saves frames in a folder: those of images as images, those of videos and cameras as a video.
#[derive(Debug)]
pub struct Keeper {
    folder: Folder,
    video: Option<Video>,
    /// The first file that was saved.
    first: Option<PathBuf>,
    count: u64,
}

/// Rate of a video whose source doesn't tell its own.
const USUAL_FPS: f64 = 30.0;

impl Keeper {
    /// Keeps files in this folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self { folder, video: None, first: None, count: 0 }
    }

    /// Saves a frame (RGBA) of this source under its name and `suffix`; tells the file of an image.
    ///
    /// # Errors
    /// Where it can't be written.
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
            self.note(path.clone());
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
    /// Where it can't be ended.
    pub fn end_video(&mut self) -> Result<(), Failure> {
        if let Some(video) = self.video.take() {
            let path = video.finish(&self.folder)?;
            self.note(path);
        }
        Ok(())
    }

    fn note(&mut self, path: PathBuf) {
        self.count += 1;
        self.first.get_or_insert(path);
    }

    /// What was saved where: `saved 3 files: out`. `None`: nothing was.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        let path = self.first.as_deref()?;
        let place = if self.count == 1 { Some(path) } else { path.parent() };
        let place = place.unwrap_or(path).display().to_string();
        let files = text::count_of(self.count, "file");
        Some(format!("saved {files}: {}", output::printable(&place)))
    }
}

/// What the video of a source is to be like.
fn plan(info: &SourceInfo, suffix: &str) -> FilmPlan {
    let live = info.pace == Pace::Live;
    let fps = info.fps.filter(|fps| fps.is_finite() && (0.1..=1000.0).contains(fps)).unwrap_or(USUAL_FPS);
    let mut stem = names::stem_of(if live { None } else { Some(&info.name) }, &info.name);
    stem.push(suffix);
    FilmPlan { stem, fps, live }
}
