//! `sightline predict`: runs a model on images, videos or cameras, without a window.
//!
//! Threads: one reads and decodes, one or more run the model (`workers`), one draws, saves and reports. The channels between
//! them are short, so memory is bounded; frames stay in order.

pub(super) mod counting;
mod frame_image;
mod live;
pub(super) mod names;
pub(super) mod progress;
pub(super) mod reader;
mod rules;
pub(super) mod saver;
pub(super) mod text;
pub(super) mod workers;
pub(super) mod writer;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use crossbeam_channel::{RecvTimeoutError, bounded};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::shared_args::SharedArgs;
use counting::Counting;
use live::{Live, Schedule};
use names::Folder;
use reader::{Delivery, Reader};
use rules::{Judging, RulesArgs};
use workers::Workers;
use writer::{Event, Writer};

use crate::source::Address;
use crate::track::{Analyser, AnalyserOptions, TrackerKind, TrackerOptions};

/// What `sightline predict` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline predict street.jpg                            detect objects in an image\n  \
    sightline predict holiday/ --save out                   save annotated copies of a folder's images\n  \
    sightline predict traffic.mp4 --classes car,truck --save out   save an annotated video\n  \
    sightline predict 0 --max-frames 100 --format jsonl     a JSON object per frame of a camera\n  \
    sightline predict 'shots/*.png' my.onnx --conf 0.4      run a model of your own\n  \
    sightline predict street.jpg yolox-s                    run a model by its name\n  \
    sightline predict traffic.mp4 --scene road.toml --rules   which of the window's rules would fire\n  \
    sightline predict traffic.mp4 --live-latency 400 --format jsonl   what the window draws beside a slow model\n\n\
    Sources: an image, a folder, a glob in quotes, a video, a camera by its number (0), name or device, \
    \u{201c}pattern\u{201d} (a moving test pattern), or an http or rtsp address. Write ./-file.jpg for a file whose \
    name begins with a dash, ./0 for one whose name is a number.\n\n\
    Ctrl-C stops and keeps the results so far; a second Ctrl-C quits at once. While a video is being saved, its name \
    ends in \u{201c}.unfinished-….mp4\u{201d}.")]
pub struct PredictArgs {
    /// Images, folders, globs, videos, cameras, “pattern” or network addresses; and the model, if “--model” doesn't name it
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<OsString>,
    /// The model: an ONNX file, or a model's name [default: YOLOX-Nano, else CenterFace]
    #[arg(short, long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Tell what the window would draw on each frame of a video beside a model that takes so many milliseconds
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    live_latency: Option<f64>,
    /// With --live-latency: this many frames are on their way at once, as the window does with a model on a server
    #[arg(long, requires = "live_latency", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    live_requests: u8,
    /// With --live-latency: move boxes with the objects until the next result comes
    #[arg(long, value_enum, default_value_t, requires = "live_latency", value_name = "on|off")]
    follow: Switch,
    /// Track objects: detections of the same one get the same number
    #[arg(long, value_enum, value_name = "TRACKER", num_args = 0..=1, default_missing_value = "bytetrack",
          require_equals = true, conflicts_with = "live_latency")]
    track: Option<TrackerKind>,
    /// Track objects and recognise those that come back by their appearance, with this model: one for re-identification, or a
    /// classifier (docs/tracking.md)
    #[arg(long, value_name = "FILE", conflicts_with = "live_latency")]
    reid: Option<PathBuf>,
    /// Count in the zones and at the lines of this scene file (docs/scenes.md)
    #[arg(long, value_name = "FILE", conflicts_with = "live_latency")]
    scene: Option<PathBuf>,
    /// Save every detected object as an image of its own in this folder
    #[arg(long, value_name = "DIR")]
    crops: Option<PathBuf>,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    shared: SharedArgs,
}

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    #[default]
    On,
    Off,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=60_000.0).contains(&value) => Ok(value),
        _ => Err("it must be a number of milliseconds from 0 to 60000".into()),
    }
}

/// Spare results that wait to be filled again, besides those of the workers.
const SPARE_RESULTS: usize = 2;

/// Processes every frame of every source.
///
/// # Errors
/// Why no frame can be processed, or why the work can't go on. What is wrong with single sources is reported as it comes,
/// and the others go on.
pub fn run(args: &PredictArgs) -> anyhow::Result<Exit> {
    if args.track.is_some()
        && let Some(name) = args.sources.iter().filter_map(|source| source.to_str()).find(|source| {
            <TrackerKind as clap::ValueEnum>::from_str(source, true).is_ok() && !Path::new(source).exists()
        })
    {
        let message = format!("\u{201c}{name}\u{201d} is a tracker and was taken for a source.");
        return Err(
            Failure::usage(message, format!("Write it behind an equals sign:  --track={name}")).into()
        );
    }
    let named = super::sources::all(&args.sources)?;
    let models: Vec<PathBuf> = args.model.iter().chain(&named.models).cloned().collect();
    if models.len() > 1 {
        let message = format!("{} models are named, and \u{201c}predict\u{201d} runs one.", models.len());
        let fix = format!("Compare them:  {}", super::sources::comparing(&args.sources, &models));
        return Err(Failure::usage(message, fix).into());
    }
    let (addresses, mut failed) = (named.addresses, named.missing);
    if addresses.is_empty() {
        return Ok(Exit::Failed);
    }
    if args.live_latency.is_some() && !addresses.iter().all(|a| matches!(a, Address::Video(_))) {
        let fix = "Name videos only, or leave --live-latency out.";
        return Err(Failure::usage("--live-latency needs the times of a video's frames.", fix).into());
    }
    if args.live_latency.is_some() && args.shared.hides() {
        // A frame newer than its result may show somebody whom the model hasn't seen.
        let message = "\u{201c}--blur\u{201d} needs each result on its own frame, and \u{201c}--live-latency\u{201d} shows older ones.";
        return Err(Failure::usage(message, "Leave one of them out.").into());
    }
    if args.crops.is_some() && args.shared.hides() {
        let message = "\u{201c}--crops\u{201d} would save what \u{201c}--blur\u{201d} hides.";
        return Err(Failure::usage(message, "Leave one of them out.").into());
    }
    let path = super::chosen_model(models.first().map(PathBuf::as_path))?;
    let reporting = args.shared.reporting()?;
    let counting = args.scene.as_deref().map(Counting::open).transpose()?;
    let crops = args.crops.as_deref().map(Folder::prepare).transpose()?;
    let judging = Judging::open(&args.rules, &reporting.privacy, reporting.language)?;
    if judging.is_some() && addresses.iter().all(Address::is_stills) {
        let message = "Rules need tracked objects, and images have nothing to do with one another.";
        return Err(Failure::usage(message, "Name a video or a camera, or leave --rules out.").into());
    }
    let interrupt = Interrupt::listen();

    // Frames are decoded while the model opens.
    let sources = addresses.len();
    let opening = &args.shared.opening;
    let mut options = opening.options(&interrupt)?;
    let mut count = workers::count(&addresses, &path, &options);
    if count > 1 {
        options.threads = Some(1);
    }
    let follows = args.live_latency.is_some() && args.follow == Switch::On;
    let shown =
        args.shared.save.is_some() || follows || crops.is_some() || judging.is_some() || args.reid.is_some();
    let reader =
        Reader::start(addresses, args.shared.max_frames, shown).context("No thread can be started")?;
    let mut model = opening.open(&path, &options, &interrupt)?;
    if count > 1 && !model.is_stateless() {
        count = 1;
        options = opening.options(&interrupt)?;
        model = opening.open(&path, &options, &interrupt)?;
    }
    let thresholds = args.shared.thresholds(model.spec())?;
    let (spent_results, spare_results) = bounded(SPARE_RESULTS + 2 * count);
    let progress = args.shared.progress(sources);
    let mut schedule = args.live_latency.map(|ms| Schedule::new(ms, args.live_requests));
    let live = args.live_latency.map(|ms| Live::new(ms, args.follow == Switch::On));
    // Counting, rules and recognising need tracks.
    let needs_tracks = counting.is_some() || judging.is_some() || args.reid.is_some();
    let kind = args.track.or_else(|| needs_tracks.then(TrackerKind::default));
    let reid = args.reid.as_deref().map(|path| opening.open_features(path, &interrupt)).transpose()?;
    let analyser = kind.map(|kind| {
        let tracker = Some(TrackerOptions { kind, ..TrackerOptions::default() });
        let scene = counting.as_ref().map(Counting::scene);
        Analyser::new(AnalyserOptions { tracker, scene, ..AnalyserOptions::default() })
    });
    let spent = (reader.spent(), spent_results);
    let writer = Writer::new(reporting, progress, &model, &thresholds, count, spent, (live, analyser))
        .with_extras(counting, crops)
        .with_rules(judging, &model)
        .recognising(reid);
    let (mut workers, results) =
        Workers::start(model, count, &options, &thresholds, &spare_results, &interrupt)
            .context("No thread can be started")?;
    let writing = std::thread::Builder::new()
        .name("write".into())
        .spawn(move || writer.run(results))
        .context("No thread can be started")?;

    failed |= feed(&reader, &mut workers, schedule.as_mut(), &interrupt);
    workers.finish();
    let written = writing.join().map_err(|_| Failure::failed("Writing the results failed.", ""))?;
    drop(reader);
    written?;
    Ok(match (interrupt.is_set(), failed) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}

/// Hands what is read to the workers, until there is no more, the results are no longer wanted or Ctrl-C is pressed. Returns whether
/// something couldn't be read.
pub(super) fn feed(
    reader: &Reader,
    workers: &mut Workers,
    mut schedule: Option<&mut Schedule>,
    interrupt: &Interrupt,
) -> bool {
    let mut failed = false;
    while !interrupt.is_set() {
        let wanted = match reader.deliveries.recv_timeout(Duration::from_millis(50)) {
            Ok(Delivery::Frame { frame, decode_ms }) => {
                let time = frame.time_s.unwrap_or_default();
                let run = schedule.as_mut().is_none_or(|schedule| schedule.runs(time));
                workers.submit(frame, decode_ms, run)
            }
            Ok(Delivery::Opened(name, info)) => {
                if let Some(schedule) = &mut schedule {
                    schedule.restart();
                }
                workers.forward(Event::Opened(name, info))
            }
            Ok(Delivery::Failed(_)) if interrupt.is_set() => false,
            Ok(Delivery::Failed(error)) => {
                failed = true;
                workers.forward(Event::Failed(error))
            }
            Ok(Delivery::Ended) => workers.forward(Event::Ended),
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        };
        // If results are no longer wanted, the reader of the results tells why.
        if !wanted {
            break;
        }
    }
    failed
}
