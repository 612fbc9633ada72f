//! `sightline compare`: two to four models on the same frames, without a window.

mod report;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::predict::reader::{self, Delivery, Reader};
use super::shared_args::SharedArgs;
use crate::engine::{MAX_COMPARED, ModelInfo, Predictor as _};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, ModelError, Results, Thresholds};
use report::Report;

/// What `sightline compare` takes.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "sightline compare [OPTIONS] <SOURCE>... <MODEL> <MODEL>...",
    after_help = "Examples:\n  \
    sightline compare traffic.mp4 yolov8n.onnx yolo11n.onnx\n  \
    sightline compare street.jpg yolox-nano yolox-s\n  \
    sightline compare street/ --model yolo11n.onnx --model yolo11n_int8.onnx --save out\n  \
    sightline compare street.jpg -m a.onnx -m b.onnx -m c.onnx --format jsonl\n\n\
    Every model runs on every frame, one model after the other, so that none slows down another. Times are those of the \
    model alone, without reading and decoding the frame. Each model is compared with the first one: boxes of the same \
    class with an IoU of at least 0.5 count as the same object. No model is taken as ground truth.",
    // `predict` saves something else.
    mut_arg("save", |save| save.help(
        "Save the results side by side, as images, or as a video of a video or camera, in this folder; \
        existing files are never overwritten"
    ))
)]
pub struct CompareArgs {
    /// Images, folders, globs, videos, cameras, “pattern” or network addresses; and the models
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// A model: an ONNX file, or a model's name; two to four are compared
    #[arg(short, long = "model", value_name = "MODEL")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    shared: SharedArgs,
}

/// One of the models, with its results on the newest frame.
struct ComparedModel {
    model: Model,
    info: ModelInfo,
    thresholds: Thresholds,
    results: Results,
    times: StageTimes,
}

/// Runs every model on every frame of every source.
///
/// # Errors
/// Why no frame can be processed, or why the work can't go on. What is wrong with single sources is reported as it comes,
/// and the others go on.
pub fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let named = super::sources::all(&args.sources)?;
    let models: Vec<PathBuf> = args.models.iter().chain(&named.models).cloned().collect();
    let (addresses, mut failed) = (named.addresses, named.missing);
    if !(2..=MAX_COMPARED).contains(&models.len()) {
        let named = match models.len() {
            0 => "none was".to_owned(),
            1 => "1 was".to_owned(),
            n => format!("{n} were"),
        };
        return Err(Failure::usage(
            format!("Between two and {MAX_COMPARED} models can be compared; {named} named."),
            "Name them by their files or names:  sightline compare SOURCE MODEL MODEL",
        )
        .into());
    }
    if addresses.is_empty() {
        return Ok(Exit::Failed);
    }
    let reporting = args.shared.reporting()?;
    let interrupt = Interrupt::listen();
    let sources = addresses.len();
    // Frames are decoded while the models open.
    let reader = Reader::start(addresses, args.shared.max_frames, args.shared.save.is_some())
        .context("No thread can be started")?;
    let mut models =
        models.iter().map(|path| open(args, path, &interrupt)).collect::<anyhow::Result<Vec<_>>>()?;
    let names = models.iter().map(|compared| compared.info.name.clone()).collect();
    let mut report = Report::new(reporting, args.shared.progress(sources), names);
    let runner = Runner::start()?;
    let spent = reader.spent();
    let mut work = || -> anyhow::Result<()> {
        while !interrupt.is_set() {
            match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
                Ok(Delivery::Frame { frame, .. }) => {
                    let frame = runner.run(frame, &mut models, &interrupt)?;
                    report.frame(&frame, &models)?;
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
    let worked = match work().map_err(Failure::from) {
        Err(Failure::Interrupted) => Ok(()),
        other => other,
    };
    drop(reader);
    report.finish(worked)?;
    Ok(match (interrupt.is_set(), failed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}

/// Opens and warms one of the models.
fn open(args: &CompareArgs, named: &Path, interrupt: &Interrupt) -> anyhow::Result<ComparedModel> {
    let path = super::chosen_model(Some(named))?;
    let opening = &args.shared.opening;
    let model = opening.open_proved(&path, &opening.options(interrupt)?, interrupt)?;
    let thresholds = args.shared.thresholds(model.spec())?;
    let info = model.info();
    Ok(ComparedModel { model, info, thresholds, results: Results::default(), times: StageTimes::default() })
}

/// A frame with the models that are to process it.
type Job = (Frame, Vec<ComparedModel>);

/// Runs the models on a thread of its own, so that the command can end after Ctrl-C although a model does not.
struct Runner {
    jobs: Sender<Job>,
    done: Receiver<(Job, Result<(), ModelError>)>,
}

impl Runner {
    fn start() -> anyhow::Result<Self> {
        let (jobs, waiting) = bounded::<Job>(1);
        let (finished, done) = bounded(1);
        std::thread::Builder::new()
            .name("models".into())
            .spawn(move || {
                for (frame, mut models) in waiting {
                    let ran = run_all(&mut models, &frame);
                    if finished.send(((frame, models), ran)).is_err() {
                        return;
                    }
                }
            })
            .context("No thread can be started")?;
        Ok(Self { jobs, done })
    }

    /// Runs every model on the frame and returns the frame.
    ///
    /// # Errors
    /// Why a model failed, or [`Failure::Interrupted`]; then the models are gone.
    fn run(
        &self,
        frame: Frame,
        models: &mut Vec<ComparedModel>,
        interrupt: &Interrupt,
    ) -> Result<Frame, Failure> {
        let job = (frame, std::mem::take(models));
        if interrupt.send(&self.jobs, job).is_err() {
            return Err(Failure::Interrupted);
        }
        let ((frame, back), ran) = interrupt.receive(&self.done)?;
        *models = back;
        ran?;
        Ok(frame)
    }
}

/// Runs every model on a frame, one after the other.
fn run_all(models: &mut [ComparedModel], frame: &Frame) -> Result<(), ModelError> {
    for ComparedModel { model, thresholds, results, times, .. } in models {
        *times = model.run(frame, thresholds, results)?;
    }
    Ok(())
}
