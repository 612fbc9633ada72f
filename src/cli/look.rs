//! What `predict` and `compare` share: what counts as found, how many frames are looked at, how results are written.

use std::path::PathBuf;

use super::failure::Failure;
use super::output::{self, Format};
use super::predict::keeper::Keeper;
use super::predict::names::Folder;
use super::predict::progress::Progress;
use crate::model::Thresholds;
use crate::model::labels::{Labels, Language};
use crate::model::spec::Detail;

/// The options of both commands.
#[derive(Debug, clap::Args)]
pub(super) struct LookArgs {
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub opening: super::OpeningArgs,
    /// Save annotated images, or an annotated video for a video or camera, in this folder; files that
    /// exist are never replaced
    #[arg(short, long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Text for people, or one JSON object a frame (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Look at the first N frames of each source only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_frames: Option<u64>,
    /// Language of class names in text and images: en or zh
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = super::language)]
    language: Language,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
    /// Say nothing but results and errors: no progress bar, no summary
    #[arg(short, long)]
    quiet: bool,
}

/// What counts as found.
#[derive(Debug, clap::Args)]
struct LimitArgs {
    /// Least score that counts as found, 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = Thresholds::default().conf, value_parser = share)]
    conf: f32,
    /// Greatest overlap (IoU) of two boxes of a class that are both kept, 0 to 1
    #[arg(long, value_name = "IOU", default_value_t = Thresholds::default().iou, value_parser = share)]
    iou: f32,
    /// Only these classes: names (English or Chinese) or ids, separated by commas
    #[arg(long, value_name = "LIST")]
    classes: Option<String>,
    /// Most detections a frame
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().max_det as u64,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    max_det: u64,
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 1".into()),
    }
}

impl LookArgs {
    /// The limits for a model with these labels.
    ///
    /// # Errors
    /// Where it has no class of a name that was given.
    pub fn thresholds(&self, labels: &Labels) -> Result<Thresholds, Failure> {
        let LimitArgs { conf, iou, classes, max_det } = &self.limits;
        Ok(Thresholds {
            conf: *conf,
            iou: *iou,
            max_det: *max_det as usize,
            classes: match classes {
                Some(text) => super::classes::parse(text, labels)?,
                None => Vec::new(),
            },
            detail: Detail::Full,
        })
    }

    /// The progress bar for so many sources.
    pub fn progress(&self, sources: usize) -> Progress {
        Progress::new(!self.no_progress && !self.quiet, sources, self.max_frames)
    }

    /// How results are to be written. Makes the folder for them where they are to be saved.
    ///
    /// # Errors
    /// Why the folder can't be used.
    pub fn writing(&self) -> Result<Writing, Failure> {
        let folder = self.save.as_deref().map(Folder::prepare).transpose()?;
        Ok(Writing {
            keeper: folder.map(Keeper::new),
            format: self.format,
            language: self.language,
            quiet: self.quiet,
        })
    }
}

/// How results are written.
#[derive(Debug)]
pub struct Writing {
    /// Where they are saved as images and videos.
    pub keeper: Option<Keeper>,
    /// How each frame is reported.
    pub format: Format,
    /// Language of class names in text and images.
    pub language: Language,
    /// Nothing but results and errors.
    pub quiet: bool,
}

impl Writing {
    /// Ends the video that is being written, if there is one.
    ///
    /// # Errors
    /// Where it can't be ended.
    pub fn end_video(&mut self) -> Result<(), Failure> {
        self.keeper.as_mut().map_or(Ok(()), Keeper::end_video)
    }

    /// Says what was done, and what was saved; beside JSON on standard error.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub fn say_summary(&self, mut summary: String) -> Result<(), Failure> {
        if let Some(saved) = self.keeper.as_ref().and_then(Keeper::said) {
            summary.push('\n');
            summary.push_str(&saved);
        }
        match self.format {
            Format::Text => output::line(&summary),
            Format::Json => {
                summary.lines().filter(|l| !l.is_empty()).for_each(output::note);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lie_between_nothing_and_all() {
        assert_eq!(share("0.25"), Ok(0.25));
        for wrong in ["1.01", "-0.1", "NaN", "inf", "half", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
