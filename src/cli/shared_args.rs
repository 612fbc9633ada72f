//! What `predict` and `compare` share: what counts as found, how many frames are processed, how results are written.

use std::path::PathBuf;

use super::failure::Failure;
use super::output::{self, LineFormat};
use super::predict::names::Folder;
use super::predict::progress::Progress;
use super::predict::saver::Saver;
use crate::model::labels::Language;
use crate::model::spec::Detail;
use crate::model::{Spec, Thresholds};
use crate::privacy::Privacy;

/// The options of both commands.
#[derive(Debug, clap::Args)]
pub(super) struct SharedArgs {
    #[command(flatten)]
    limits: ThresholdArgs,
    #[command(flatten)]
    pub opening: super::OpeningArgs,
    /// Save annotated images, or an annotated video of a video or camera, in this folder; existing files are never
    /// overwritten
    #[arg(short, long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Hide these classes in saved images, for example person,face,number plate; if the model finds none of them, whole
    /// images are hidden
    #[arg(long, value_name = "LIST", requires = "save", value_parser = hidden_classes)]
    blur: Option<Privacy>,
    /// Output: text, or JSON Lines with one object per frame
    #[arg(short, long, value_enum, default_value_t)]
    format: LineFormat,
    /// Stop after N frames of each source
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_frames: Option<u64>,
    /// Language of class names: en or zh
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = super::language)]
    language: Language,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
    /// Print only results and errors: no progress bar, no summary
    #[arg(short, long)]
    quiet: bool,
}

/// What counts as found.
#[derive(Debug, clap::Args)]
struct ThresholdArgs {
    /// Confidence threshold, 0 to 1: results with a lower score are left out [default: that of the model's family,
    /// usually 0.25]
    #[arg(long, value_name = "CONF", value_parser = fraction)]
    conf: Option<f32>,
    /// IoU threshold for non-maximum suppression, 0 to 1 [default: that of the model's family, which "models info" shows]
    #[arg(long, value_name = "IOU", value_parser = fraction)]
    iou: Option<f32>,
    /// Detect only these classes: names (English or Chinese) or ids, separated by commas
    #[arg(long, value_name = "LIST")]
    classes: Option<String>,
    /// Maximum number of detections per frame
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().max_det as u64,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    max_det: u64,
}

/// The classes to hide, separated by commas.
fn hidden_classes(text: &str) -> Result<Privacy, String> {
    let classes = text.split([',', '，']).map(str::trim).filter(|class| !class.is_empty());
    let classes: Vec<String> = classes.map(str::to_owned).collect();
    if classes.is_empty() { Err("it names no class".into()) } else { Ok(Privacy::hiding(classes)) }
}

/// A number from 0 to 1.
pub(super) fn fraction(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 1".into()),
    }
}

impl SharedArgs {
    /// The thresholds for a model.
    ///
    /// # Errors
    /// A class that the model does not have.
    pub fn thresholds(&self, spec: &Spec) -> Result<Thresholds, Failure> {
        let usual = spec.family.thresholds();
        let ThresholdArgs { conf, iou, classes, max_det } = &self.limits;
        Ok(Thresholds {
            conf: conf.unwrap_or(usual.conf),
            iou: iou.unwrap_or(usual.iou),
            max_det: *max_det as usize,
            classes: match classes {
                Some(text) => super::classes::parse(text, &spec.labels)?,
                None => Vec::new(),
            },
            detail: Detail::Full,
            base: None,
        })
    }

    /// Whether classes are hidden in saved images.
    pub fn hides(&self) -> bool {
        self.blur.is_some()
    }

    /// The progress bar for so many sources.
    pub fn progress(&self, sources: usize) -> Progress {
        Progress::new(!self.no_progress && !self.quiet, sources, self.max_frames)
    }

    /// How results are to be written. Creates the folder for them if they are to be saved.
    ///
    /// # Errors
    /// Why the folder can't be used.
    pub fn reporting(&self) -> Result<Reporting, Failure> {
        let folder = self.save.as_deref().map(Folder::prepare).transpose()?;
        Ok(Reporting {
            saver: folder.map(Saver::new),
            format: self.format,
            language: self.language,
            quiet: self.quiet,
            privacy: self.blur.clone().unwrap_or_default(),
        })
    }
}

/// How results are written.
#[derive(Debug)]
pub struct Reporting {
    /// Saves them as images and videos.
    pub saver: Option<Saver>,
    /// How each frame is reported.
    pub format: LineFormat,
    /// Language of class names in text and images.
    pub language: Language,
    /// Nothing but results and errors.
    pub quiet: bool,
    /// Who is hidden in images that are saved.
    pub privacy: Privacy,
}

impl Reporting {
    /// Ends the video that is being written, if there is one.
    ///
    /// # Errors
    /// Why it can't be ended.
    pub fn end_video(&mut self) -> Result<(), Failure> {
        self.saver.as_mut().map_or(Ok(()), Saver::end_video)
    }

    /// Writes the summary, and what was saved where. With JSON it goes to standard error.
    ///
    /// # Errors
    /// Why standard output can't be written.
    pub fn write_summary(&self, mut summary: String) -> Result<(), Failure> {
        if let Some(saved) = self.saver.as_ref().and_then(Saver::summary) {
            summary.push('\n');
            summary.push_str(&saved);
        }
        match self.format {
            LineFormat::Text => output::lines(&summary),
            LineFormat::Json => {
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
    fn fractions_are_between_0_and_1() {
        assert_eq!(fraction("0.25"), Ok(0.25));
        for wrong in ["1.01", "-0.1", "NaN", "inf", "half", ""] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}
