//! ONNX Runtime and the models.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Check;
use crate::frame::Frame;
use crate::model::identify::Unknown;
use crate::model::isolation::{Isolation, When};
use crate::model::{Model, OpenOptions, Results, Thresholds, folders, runtime};

/// What runs the models.
pub fn runtime() -> Check {
    match runtime::load() {
        Ok(runtime) => {
            let providers: Vec<&str> = runtime.providers.iter().map(|p| p.name()).collect();
            Check::ok(
                "ONNX Runtime",
                format!("{} ({}), offers {}", version(runtime), runtime.path.display(), providers.join(", ")),
            )
        }
        Err(error) => Check::missing("ONNX Runtime", error.to_string(), error.fix()),
    }
}

/// The version, as the library tells it or, if its builders left it out, from its file's name.
fn version(runtime: &runtime::Runtime) -> String {
    // A commit may begin with a digit, too.
    let is_version = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.');
    if is_version(runtime.version()) {
        return runtime.version().to_owned();
    }
    let file = runtime.path.canonicalize().unwrap_or_else(|_| runtime.path.clone());
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let number = name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches(".dylib");
    match (is_version(number), runtime.version()) {
        (true, _) => number.to_owned(),
        (false, "") => "version unknown".into(),
        (false, commit) => format!("build {commit}"),
    }
}

/// Time for trying models; the rest are only listed.
const BUDGET: Duration = Duration::from_secs(6);
/// Larger models are listed, not tried.
const LARGEST: u64 = 60_000_000;

/// The models that are here. Small ones are run once.
pub fn models() -> Vec<Check> {
    let files = folders::model_files(&folders::model_folders());
    if files.is_empty() {
        let (message, fix) = match crate::cli::default_model() {
            Err(crate::cli::Failure::Failed { fix, .. }) => ("none in the models folders", fix),
            _ => ("none in the models folders", String::new()),
        };
        return vec![Check::missing("model", message, fix)];
    }
    let begun = Instant::now();
    files.iter().map(|path| tried(path, begun.elapsed() < BUDGET)).collect()
}

fn tried(path: &Path, may_run: bool) -> Check {
    let name = path.display();
    let spec = match crate::model::inspect(path) {
        Ok(inspection) => match inspection.spec {
            Ok(spec) => spec,
            Err(unknown) => {
                let fix = match &unknown {
                    Unknown::NotUnderstood(_) => {
                        "Open it in the window and choose its task and input by hand."
                    }
                    Unknown::CannotRun { remedy, .. } => remedy,
                };
                return Check::limited("model", format!("{name}: {}", unknown.reason()), fix);
            }
        },
        Err(error) => return Check::limited("model", error.to_string(), error.fix()),
    };
    let known = format!("{name}: {}, {}", spec.family.name(), spec.task);
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    if !may_run || bytes > LARGEST || runtime::load().is_err() {
        return Check::ok("model", format!("{known}, not tried"));
    }
    match run_once(path) {
        Ok(ms) => Check::ok("model", format!("{known}, {ms:.1} ms per frame")),
        Err(error) => Check::limited("model", error.to_string(), error.fix()),
    }
}

/// Runs a model on a grey image and returns the milliseconds of the second run.
fn run_once(path: &Path) -> Result<f32, crate::model::ModelError> {
    let isolation = Some(Isolation::of_user(When::Needed));
    let mut model = Model::open(path, &OpenOptions { isolation, ..OpenOptions::default() })?;
    model.warm_up()?;
    let frame = Frame::filled(640, 480, [114, 114, 114, 255]);
    Ok(model.run(&frame, &Thresholds::default(), &mut Results::default())?.total)
}
