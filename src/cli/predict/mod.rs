//! `sightline predict`: looks at images, videos, cameras with a model, without a window.
//!
//! Threads: reading and decoding, one or more for the model (`lanes`), and painting, saving and reporting. The
//! channels between them are short, so memory is bounded; frames stay in order.

mod frame_image;
pub(super) mod keeper;
mod lanes;
pub(super) mod names;
pub(super) mod progress;
pub(super) mod reader;
pub(super) mod text;
mod video;
mod writer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::look::LookArgs;
use crate::model::{Model, OpenOptions};
use lanes::Lanes;
use reader::{Delivery, Reader};
use writer::{Outcome, Writer};

/// What `sightline predict` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline predict street.jpg                            what is in an image\n  \
    sightline predict holiday/ --save out                   annotated copies of a folder's images\n  \
    sightline predict traffic.mp4 --classes car,truck --save out   an annotated video\n  \
    sightline predict 0 --max-frames 100 --format json      the first camera, a JSON object a frame\n  \
    sightline predict 'shots/*.png' --model my.onnx --conf 0.4\n\n\
    Sources: an image, a folder, a glob in quotes, a video, a camera by its number (0) or name,\n\
    \u{201c}pattern\u{201d} (a moving test image), or an http or rtsp address. A file whose name begins with a dash\n\
    or is a number goes with its folder: ./-file.jpg.\n\
    Ctrl-C ends cleanly with what was done so far; a second Ctrl-C ends at once.")]
pub struct PredictArgs {
    /// Images, folders, globs, videos, cameras, “pattern” or addresses
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// The model, an ONNX file [default: YOLOX-Nano or CenterFace from a models folder]
    #[arg(short, long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    look: LookArgs,
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
    let writing = args.look.writing()?;
    let interrupt = Interrupt::listen();

    // Frames are decoded while the model opens.
    let sources = addresses.len();
    let mut options = args.look.opening.options(&path);
    let mut lanes = lanes::count(&addresses, &path, &options);
    if lanes > 1 {
        options.threads = Some(1);
    }
    let reader = Reader::start(addresses, args.look.max_frames, args.look.save.is_some())
        .map_err(|error| Failure::failed(format!("No thread to read with: {error}."), ""))?;
    let mut model = open(&path, &options)?;
    args.look.opening.check(model.spec())?;
    if lanes > 1 && !model.is_stateless() {
        lanes = 1;
        options = args.look.opening.options(&path);
        model = open(&path, &options)?;
    }
    let thresholds = args.look.thresholds(&model.spec().labels)?;
    let (spent_results, spare_results) = bounded(BEHIND + 2 * lanes);
    let writer =
        Writer::new(writing, args.look.progress(sources), &model, lanes, reader.spent(), spent_results);
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
