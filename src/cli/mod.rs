//! The command line: one file a command.

mod bench;
mod cameras;
mod classes;
mod compare;
mod completions;
mod dataset;
mod doctor;
mod evaluate;
mod events;
mod failure;
mod frames;
mod inside;
mod interrupt;
mod models;
mod opening;
mod output;
mod predict;
mod replay;
mod series;
mod shared_args;
mod sources;
mod teach;
mod track;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tracing_subscriber::EnvFilter;

pub use failure::{Exit, Failure};

use crate::app::{self, AppOptions};
use crate::engine::MAX_COMPARED;
use crate::library::{Catalogue, inventory};
use crate::model::folders;
use crate::model::isolation;
use crate::model::labels::Language;
use crate::server::ModelAddress;
use crate::source;
use opening::{IsolateArgs, OpeningArgs};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "sightline",
    version,
    about = "See, live, what a neural network sees",
    long_about = "See, live, what a neural network sees: any ONNX vision model over a camera, a video or images.\n\n\
                  Without a command, the window opens.",
    after_help = "Examples:\n  \
        sightline                                open the window with the last source\n  \
        sightline traffic.mp4                    open the window with a video, image, folder or address\n  \
        sightline traffic.mp4 yolov8n.onnx       open the window with a video and a model\n  \
        sightline street.jpg yolox-s             the same, with a model by its name\n  \
        sightline predict street.jpg --save out  annotate an image, without a window\n  \
        sightline doctor                         check what works on this computer\n\n\
        A model is named by its file, by its name in \u{201c}sightline models list\u{201d}, or by its id in the catalogue.\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n\
        NO_COLOR turns colours off.",
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    window: WindowArgs,
    #[command(subcommand)]
    command: Option<Command>,
    /// Show what the program is doing (-vv: in detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// The options of the window.
#[derive(Debug, clap::Args)]
struct WindowArgs {
    /// Open these: a video, images, a folder, a camera, a network address or “pattern”; and models (ONNX files or
    /// names), of which the first runs and the others are compared with it
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<OsString>,
    /// Open this camera, image, video, folder, glob or network address, or “pattern”
    #[arg(long, value_name = "SOURCE")]
    source: Option<OsString>,
    /// Run this model: an ONNX file, or a model's name
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Compare it with these models
    #[arg(long, value_name = "MODEL", num_args = 1..=3)]
    compare: Vec<PathBuf>,
    /// Language of the window and of class names: en or zh [default: the system's]
    #[arg(long, value_name = "LANG", value_parser = language)]
    language: Option<Language>,
    /// Window size, e.g. 1280x800 [default: as it was closed]
    #[arg(long, value_name = "SIZE", value_parser = image_size)]
    size: Option<(u32, u32)>,
    #[command(flatten)]
    isolate: IsolateArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a model on images, videos or cameras, without a window
    Predict(predict::PredictArgs),
    /// Track the objects in the results of an earlier run (JSON Lines), without a model
    Track(track::TrackArgs),
    /// Run a saved snapshot or recording again, and tell whether the results are the same
    Replay(replay::ReplayArgs),
    /// Compare the speed and the results of several models on the same frames
    Compare(compare::CompareArgs),
    /// Measure how good a model is on a data set
    Evaluate(evaluate::EvaluateArgs),
    /// Show the inside of a model: its layers, any tensor, and what a result rests on
    Inside(inside::InsideArgs),
    /// Teach a model new classes from a folder of images for each
    Teach(teach::TeachArgs),
    /// Import, export and check data sets: images with labels
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// List, download, import, verify and remove models, or describe a model file
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// List cameras with their formats, frame rates and controls, or test one
    Cameras(cameras::CamerasArgs),
    /// List or export what rules have logged
    Events(events::EventsArgs),
    /// Measure how long each stage of a model takes on this computer
    Bench(bench::BenchArgs),
    /// Check what works on this computer, and how to fix the rest
    Doctor(doctor::DoctorArgs),
    /// Run one model for another process of this program
    #[command(name = isolation::COMMAND, hide = true)]
    Helper,
    /// Print a script for completing commands and options in a shell
    Completions(completions::CompletionsArgs),
}

/// Parses the command line, runs the command and returns the exit code.
#[must_use]
pub fn main() -> Exit {
    isolation::this_program_serves();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are printed too; a closed pipe is no error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    log(cli.verbose);
    let ended = run(&cli);
    // What still hangs in a model is no fault of it.
    isolation::end_in_order();
    source::end_programs();
    match ended {
        Ok(Exit::Interrupted) => Failure::Interrupted.report(),
        Ok(exit) => exit,
        Err(error) => failure::report(error),
    }
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let Some(command) = &cli.command else { return window(&cli.window) };
    let WindowArgs { paths, source, model, compare, language, size, isolate: _ } = &cli.window;
    let given = !paths.is_empty()
        || source.is_some()
        || model.is_some()
        || !compare.is_empty()
        || language.is_some()
        || size.is_some();
    if given {
        let named = [
            (source.is_some(), "--source"),
            (model.is_some(), "--model"),
            (!compare.is_empty(), "--compare"),
            (language.is_some(), "--language"),
            (size.is_some(), "--size"),
        ];
        let option = named.into_iter().find(|(given, _)| *given).map(|(_, name)| name.to_owned());
        let path = paths.first().map(|path| path.to_string_lossy().into_owned());
        let what = option.or(path).unwrap_or_default();
        return Err(Failure::usage(
            format!("\u{201c}{what}\u{201d} stands before the command, where only options of the window do."),
            "Write it after the command, or leave the command out; \u{201c}sightline COMMAND --help\u{201d} lists what it takes.",
        )
        .into());
    }
    match command {
        Command::Predict(args) => predict::run(args),
        Command::Track(args) => Ok(track::run(args)?),
        Command::Replay(args) => replay::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Inside(args) => inside::run(args),
        Command::Teach(args) => teach::run(args),
        Command::Dataset(command) => dataset::run(command),
        Command::Models(command) => Ok(models::run(command)?),
        Command::Cameras(args) => cameras::run(args),
        Command::Events(args) => Ok(events::run(args)?),
        Command::Bench(args) => bench::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Helper => {
            Ok(if isolation::serve() == ExitCode::SUCCESS { Exit::Done } else { Exit::Failed })
        }
        Command::Completions(args) => completions::run(args),
    }
}

fn window(args: &WindowArgs) -> anyhow::Result<Exit> {
    let named = args.source.as_deref().map(|word| sources::one(word, "sightline")).transpose()?;
    let sources::Opened { source, models } = sources::opened(&args.paths)?;
    if named.is_some() && source.is_some() {
        let fix = "Leave \u{201c}--source\u{201d} out, or the path.";
        return Err(Failure::usage("Two sources are named, and the window shows one.", fix).into());
    }
    let source = named.or(source).map(|source| source.absolute());
    let size = args.size.map(|(width, height)| (width as f32, height as f32));
    // The library lists models by their whole paths; a relative one would be taken for another model.
    let whole = |named: &PathBuf| {
        let path = chosen_model(Some(named))?;
        Ok::<_, Failure>(crate::model::whole_path(&path))
    };
    let mut models = args.model.iter().chain(&models).map(whole).collect::<Result<Vec<_>, _>>()?.into_iter();
    let model = models.next();
    let compared = args.compare.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
    let compare: Vec<PathBuf> = models.chain(compared).collect();
    if compare.len() >= MAX_COMPARED {
        let message =
            format!("{} models are named, and the window compares {MAX_COMPARED}.", compare.len() + 1);
        return Err(Failure::usage(message, "Leave some out.").into());
    }
    let options = AppOptions {
        source,
        model,
        compare,
        language: args.language,
        size,
        isolation: Some(args.isolate.isolation()),
        inside: None,
    };
    app::run(options).map_err(|error| Failure::failed(error.to_string(), error.fix()))?;
    Ok(Exit::Done)
}

/// Sends log messages to standard error, as many as are asked for.
fn log(verbose: u8) {
    let chosen =
        ["SIGHTLINE_LOG", "RUST_LOG"].into_iter().find_map(|name| EnvFilter::try_from_env(name).ok());
    let usual = match verbose {
        // Warnings of libraries (the window system's about a screen's size, say) are of no use to most.
        0 => "error,sightline=warn",
        1 => "warn,sightline=info",
        2 => "info,sightline=debug,onnxruntime=debug",
        _ => "trace",
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(chosen.unwrap_or_else(|| EnvFilter::new(usual)))
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()) && wants_colour())
        .without_time()
        .finish();
    // Fails only if a program that uses the library has set its own subscriber, which is then used.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Whether colours may be written: `NO_COLOR` is unset or empty (no-color.org).
fn wants_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The model that was named: a file, or else the name of a model of the library. Without a name, the default model.
///
/// # Errors
/// A name that nothing has.
fn chosen_model(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(path) = named else { return default_model() };
    if let Some(address) = server_model(path)? {
        return Ok(address);
    }
    let is_file = path.exists() && !path.is_dir();
    let name = path.to_str().filter(|_| !is_file && path.components().count() == 1);
    let Some(name) = name else { return Ok(path.to_owned()) };
    let catalogue = Arc::new(Catalogue::load());
    let cards = models::load_inventory(&catalogue).entries();
    if let Some(card) = inventory::find(&cards, name) {
        return Ok(card.path.clone());
    }
    if let Some(entry) = catalogue.find(name) {
        return Err(Failure::usage(
            format!("The model \u{201c}{}\u{201d} isn't on this computer yet.", entry.name),
            format!("Download it with:  sightline models pull {}", entry.id),
        ));
    }
    if path.is_dir() || name.to_lowercase().ends_with(".onnx") {
        // Opening it tells that there is no such file.
        return Ok(path.to_owned());
    }
    Err(models::unknown(name, &cards, &catalogue))
}

/// The address of a model on a server, written out; `None` for the name of a file or of a model in the library.
fn server_model(path: &Path) -> Result<Option<PathBuf>, Failure> {
    let address = ModelAddress::of_path(path);
    let address = address.map_err(|error| Failure::usage(error.to_string(), error.fix()))?;
    Ok(address.map(|address| address.to_path()))
}

/// The model to use when none is named.
fn default_model() -> Result<PathBuf, Failure> {
    folders::default_model().ok_or_else(|| {
        let place = folders::data_folder().map_or_else(
            || "the folder that SIGHTLINE_MODELS names".into(),
            |folder| format!("\u{201c}{}\u{201d}", folder.join("models").display()),
        );
        Failure::failed(
            "No model was named, and the default model, YOLOX-Nano, isn't on this computer.",
            format!(
                "Download it with \u{201c}sightline models pull yolox-nano\u{201d}; or put yolox_nano.onnx \
                 (github.com/Megvii-BaseDetection/YOLOX, release 0.1.1rc0) into {place}; or name a model with \u{201c}--model MODEL\u{201d}."
            ),
        )
    })
}

/// `en` or `zh`, also with a country (`zh-CN`).
fn language(text: &str) -> Result<Language, String> {
    match text.to_lowercase().split(['-', '_', '.']).next() {
        Some("en" | "english") => Ok(Language::English),
        Some("zh" | "chinese" | "中文") => Ok(Language::Chinese),
        _ => Err("it must be en or zh".into()),
    }
}

/// `640`, `640x384` or `640×384`: width and height in pixels.
fn image_size(text: &str) -> Result<(u32, u32), String> {
    let number = |t: &str| t.trim().parse::<u32>().ok().filter(|n| (16..=8192).contains(n));
    let (width, height) = text.split_once(['x', 'X', '×']).unwrap_or((text, text));
    number(width)
        .zip(number(height))
        .ok_or_else(|| "it must be like 640 or 640x384, each 16 to 8192 pixels".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn paths_are_for_the_window_and_commands_stay_commands() {
        let parse = |words: &[&str]| Cli::try_parse_from(["sightline"].iter().chain(words));
        let cli = parse(&["a.mp4", "b.onnx", "--language", "zh"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.window.paths, ["a.mp4", "b.onnx"]);
        let cli = parse(&["predict", "a.mp4"]).unwrap();
        assert!(cli.window.paths.is_empty() && matches!(cli.command, Some(Command::Predict(_))));
        assert!(parse(&["./predict"]).unwrap().command.is_none(), "a file with the name of a command");
        assert!(parse(&[]).unwrap().window.paths.is_empty());
    }

    #[test]
    fn sizes_are_width_by_height() {
        assert_eq!(image_size("640"), Ok((640, 640)));
        assert_eq!(image_size("640x384"), Ok((640, 384)));
        for wrong in ["", "x", "0", "640x", "9000", "-640", "640x384x3"] {
            assert!(image_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn languages_are_recognised_by_code() {
        assert_eq!(language("zh-CN"), Ok(Language::Chinese));
        assert_eq!(language("EN"), Ok(Language::English));
        assert!(language("fr").is_err());
    }
}
