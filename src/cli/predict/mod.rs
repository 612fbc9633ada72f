//! `sightline predict`: looks at pictures, videos, cameras with a model, without a window.
//!
//! Threads: reading and decoding, one or more for the model (`lanes`), and painting, saving and reporting. The
//! channels between them are short, so memory is bounded; frames stay in order.

pub(super) mod film;
mod lanes;
pub(super) mod names;
pub(super) mod picture;
pub(super) mod progress;
pub(super) mod reader;
pub(super) mod text;
pub(super) mod writer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::Format;
use crate::model::labels::Language;
use crate::model::spec::Detail;
use crate::model::{Model, OpenOptions, Thresholds};
use lanes::Lanes;
use progress::Progress;
use reader::{Delivery, Reader};
use writer::{Outcome, Writer, WriterOptions};

/// What `sightline predict` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline predict street.jpg                            what is in a picture\n  \
    sightline predict holiday/ --save out                   annotated copies of a folder's pictures\n  \
    sightline predict traffic.mp4 --classes car,truck --save out   an annotated video\n  \
    sightline predict 0 --max-frames 100 --format json      the first camera, a JSON object a frame\n  \
    sightline predict 'shots/*.png' --model my.onnx --conf 0.4\n\n\
    Sources: a picture, a folder, a glob in quotes, a video, a camera by its number (0) or name,\n\
    \u{201c}pattern\u{201d} (a moving test picture), or an http or rtsp address. A file whose name begins with a dash\n\
    or is a number goes with its folder: ./-file.jpg.\n\
    Ctrl-C ends cleanly with what was done so far; a second Ctrl-C ends at once.")]
pub struct PredictArgs {
    /// Pictures, folders, globs, videos, cameras, “pattern” or addresses
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// The model, an ONNX file [default: YOLOX-Nano or CenterFace from a models folder]
    #[arg(short, long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    opening: super::OpeningArgs,
    /// Save annotated pictures, or an annotated video for a video or camera, in this folder; files that
    /// exist are never replaced
    #[arg(short, long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Text for people, or one JSON object a frame (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Look at the first N frames of each source only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_frames: Option<u64>,
    /// Language of class names in text and pictures: en or zh
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
pub(super) struct LimitArgs {
    /// Least score that counts as found, 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = Thresholds::default().conf, value_parser = share)]
    pub conf: f32,
    /// Greatest overlap (IoU) of two boxes of a class that are both kept, 0 to 1
    #[arg(long, value_name = "IOU", default_value_t = Thresholds::default().iou, value_parser = share)]
    pub iou: f32,
    /// Only these classes: names (English or Chinese) or ids, separated by commas
    #[arg(long, value_name = "LIST")]
    pub classes: Option<String>,
    /// Most detections a frame
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().max_det as u64,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_det: u64,
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 1".into()),
    }
}

/// Results that lie ready to be filled again, beside those of the lanes.
const BEHIND: usize = 2;

/// Looks at every frame of every source.
///
/// # Errors
/// Why no frame can be looked at, or why the work couldn't go on. What is wrong with single sources is
/// said as it comes, and the others go on.
pub fn run(args: &PredictArgs) -> Result<Exit, Failure> {
    let (addresses, mut failed) = super::sources::all(&args.sources, args.model.as_slice())?;
    if addresses.is_empty() {
        return Ok(Exit::Failed);
    }
    let path = super::chosen_model(args.model.as_deref())?;
    let folder = args.save.as_deref().map(names::Folder::prepare).transpose()?;
    let interrupt = Interrupt::listen();

    // Frames are decoded while the model opens.
    let sources = addresses.len();
    let mut options = args.opening.options(&path);
    let mut lanes = lanes::count(&addresses, &path, &options);
    if lanes > 1 {
        options.threads = Some(1);
    }
    let reader = Reader::start(addresses, args.max_frames, folder.is_some())
        .map_err(|error| Failure::failed(format!("No thread to read with: {error}."), ""))?;
    let mut model = open(&path, &options)?;
    args.opening.check(model.spec())?;
    if lanes > 1 && !model.frames_stand_alone() {
        lanes = 1;
        options = args.opening.options(&path);
        model = open(&path, &options)?;
    }
    let thresholds = Thresholds {
        conf: args.limits.conf,
        iou: args.limits.iou,
        max_det: args.limits.max_det as usize,
        classes: match &args.limits.classes {
            Some(text) => super::classes::parse(text, &model.spec().labels)?,
            None => Vec::new(),
        },
        detail: Detail::Full,
    };
    let (spent_results, spare_results) = bounded(BEHIND + 2 * lanes);
    let writer = Writer::new(
        WriterOptions { folder, format: args.format, language: args.language, quiet: args.quiet },
        Progress::new(!args.no_progress && !args.quiet, sources, args.max_frames),
        &model,
        lanes,
        reader.spent(),
        spent_results,
    );
    let no_thread = |error| Failure::failed(format!("No thread to work with: {error}."), "");
    let (mut lanes, outcomes) =
        Lanes::start(model, lanes, &options, &thresholds, &spare_results).map_err(no_thread)?;
    let writing = std::thread::Builder::new()
        .name("write".into())
        .spawn(move || writer.run(outcomes))
        .map_err(no_thread)?;

    while !interrupt.is_set() {
        let wanted = match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
            Ok(Delivery::Frame { frame, decode_ms }) => lanes.look_at(frame, decode_ms),
            Ok(Delivery::Opened(name, info)) => lanes.pass(Outcome::Opened(name, info)),
            Ok(Delivery::Failed(_)) if interrupt.is_set() => false,
            Ok(Delivery::Failed(error)) => {
                failed = true;
                lanes.pass(Outcome::Failed(error))
            }
            Ok(Delivery::Ended) => lanes.pass(Outcome::Ended),
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        };
        // Where nobody wants results any more, the writer says below why.
        if !wanted {
            break;
        }
    }
    lanes.finish();
    let written = writing.join().map_err(|_| Failure::failed("Writing the results failed.", ""))?;
    drop(reader);
    written?;
    Ok(match (interrupt.is_set(), failed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}

/// Opens and warms the model.
fn open(path: &Path, options: &OpenOptions) -> Result<Model, Failure> {
    let mut model = Model::open(path, options)?;
    model.warm_up()?;
    Ok(model)
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
