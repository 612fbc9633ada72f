//! `sightline compare`: two to four models on the same frames, without a window.

mod report;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::look::LookArgs;
use super::predict::reader::{self, Delivery, Reader};
use crate::engine::{MAX_COMPARED, ModelInfo, Predictor as _};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, Results, Thresholds};
use report::Report;

/// What `sightline compare` takes.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "sightline compare [OPTIONS] --model <FILE> <SOURCE>...",
    after_help = "Examples:\n  \
    sightline compare traffic.mp4 --model yolov8n.onnx --model yolo11n.onnx\n  \
    sightline compare street/ --model yolo11n.onnx --model yolo11n_int8.onnx --save out\n  \
    sightline compare street.jpg -m a.onnx -m b.onnx -m c.onnx --format json\n\n\
    Every model looks at every frame, one model after the other, so that none slows another. Times are those of the\n\
    model alone, without reading and decoding the frame. The first model is what the others are compared with: boxes of\n\
    one class that overlap by half or more count as the same thing. Neither model is taken for right.",
    // What is saved isn't what `predict` saves.
    mut_arg("save", |save| save.help(
        "Save what the models found side by side, as images, or as a video for a video or camera, in this folder; \
        files that exist are never replaced"
    ))
)]
pub struct CompareArgs {
    /// Images, folders, globs, videos, cameras, “pattern” or addresses
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// A model, an ONNX file; given two to four times
    // Not required of clap: `run` can say more to those who name the models as sources.
    #[arg(short, long = "model", value_name = "FILE")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    look: LookArgs,
}

/// One of the models, with what it said of the last frame.
struct Lane {
    model: Model,
    info: ModelInfo,
    thresholds: Thresholds,
    results: Results,
    times: StageTimes,
}

/// Lets every model look at every frame of every source.
///
/// # Errors
/// Why no frame can be looked at, or why the work couldn't go on. What is wrong with single sources is said as it comes,
/// and the others go on.
pub fn run(args: &CompareArgs) -> Result<Exit, Failure> {
    let (addresses, mut failed) = super::sources::all(&args.sources, &args.models)?;
    if !(2..=MAX_COMPARED).contains(&args.models.len()) {
        let named = match args.models.len() {
            0 => "none was".to_owned(),
            1 => "1 was".to_owned(),
            n => format!("{n} were"),
        };
        return Err(Failure::usage(
            format!("Between two and {MAX_COMPARED} models can be compared; {named} named."),
            "Name each with \u{201c}--model FILE\u{201d}.",
        ));
    }
    if addresses.is_empty() {
        return Ok(Exit::Failed);
    }
    let writing = args.look.writing()?;
    let interrupt = Interrupt::listen();
    let sources = addresses.len();
    // Frames are decoded while the models open.
    let reader = Reader::start(addresses, args.look.max_frames, args.look.save.is_some())
        .map_err(|error| Failure::failed(format!("No thread to read with: {error}."), ""))?;
    let mut lanes = args.models.iter().map(|path| open(args, path)).collect::<Result<Vec<_>, _>>()?;
    let names = lanes.iter().map(|lane| lane.info.name.clone()).collect();
    let mut report = Report::new(writing, args.look.progress(sources), names);
    let spent = reader.spent();
    let mut work = || -> Result<(), Failure> {
        while !interrupt.is_set() {
            match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
                Ok(Delivery::Frame { frame, .. }) => {
                    look(&mut lanes, &frame)?;
                    report.frame(&frame, &lanes)?;
                    reader::give_back(&spent, frame);
                }
                Ok(Delivery::Opened(name, info)) => report.opened(name, info),
                Ok(Delivery::Failed(_)) if interrupt.is_set() => break,
                Ok(Delivery::Failed(error)) => {
                    failed = true;
                    report.failed(error);
                }
                Ok(Delivery::Ended) => report.ended()?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(())
    };
    let worked = work();
    drop(reader);
    report.finish(worked)?;
    Ok(match (interrupt.is_set(), failed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}

/// Opens and warms one of the models.
fn open(args: &CompareArgs, named: &Path) -> Result<Lane, Failure> {
    let path = super::chosen_model(Some(named))?;
    let mut model = Model::open(&path, &args.look.opening.options(&path))?;
    args.look.opening.check(model.spec())?;
    model.warm_up()?;
    let thresholds = args.look.thresholds(&model.spec().labels)?;
    let info = model.info();
    Ok(Lane { model, info, thresholds, results: Results::default(), times: StageTimes::default() })
}

/// Lets every model look at a frame, one after the other.
fn look(lanes: &mut [Lane], frame: &Frame) -> Result<(), Failure> {
    for Lane { model, thresholds, results, times, .. } in lanes {
        *times = model.run(frame, thresholds, results)?;
    }
    Ok(())
}
