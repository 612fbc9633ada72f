//! Finding and loading ONNX Runtime's shared library, once a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::ep::ExecutionProvider as _;
use ort::logging::LogLevel;

use super::ModelError;
use super::folders::data_folder;

/// The runtime that was loaded.
#[derive(Debug)]
pub struct Runtime {
    /// Where it came from; a bare file name where the system's loader found it.
    pub path: PathBuf,
    /// Its description of its build.
    pub build: String,
    /// Execution providers that this build offers, CPU last.
    pub providers: Vec<Provider>,
    pub(super) environment: ort::environment::Environment,
}

/// An execution provider: what can run a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    TensorRt,
    Cuda,
    OpenVino,
    CoreMl,
    DirectMl,
    WebGpu,
    Xnnpack,
    Cpu,
}

impl Provider {
    /// Every provider that can be chosen, the usual favourite first.
    pub const ALL: [Self; 8] = [
        Self::TensorRt,
        Self::Cuda,
        Self::OpenVino,
        Self::CoreMl,
        Self::DirectMl,
        Self::WebGpu,
        Self::Xnnpack,
        Self::Cpu,
    ];

    /// The name that people know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TensorRt => "TensorRT",
            Self::Cuda => "CUDA",
            Self::OpenVino => "OpenVINO",
            Self::CoreMl => "CoreML",
            Self::DirectMl => "DirectML",
            Self::WebGpu => "WebGPU",
            Self::Xnnpack => "XNNPACK",
            Self::Cpu => "CPU",
        }
    }

    /// The provider of that name, whatever its case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name().eq_ignore_ascii_case(name))
    }

    fn is_offered(self) -> bool {
        let offered = match self {
            Self::TensorRt => ort::ep::TensorRT::is_available(),
            Self::Cuda => ort::ep::CUDA::is_available(),
            Self::OpenVino => ort::ep::OpenVINO::is_available(),
            Self::CoreMl => ort::ep::CoreML::is_available(),
            Self::DirectMl => ort::ep::DirectML::is_available(),
            Self::WebGpu => ort::ep::WebGPU::is_available(),
            Self::Xnnpack => ort::ep::XNNPACK::is_available(),
            Self::Cpu => Ok(true),
        };
        offered.unwrap_or(false)
    }

    /// The provider as the runtime wants it, told to fail loudly; `None` for the CPU, which needs no asking. Those that
    /// keep a thread pool of their own get `threads`.
    pub(super) fn dispatch(self, threads: usize) -> Option<ort::ep::ExecutionProviderDispatch> {
        let dispatch = match self {
            Self::TensorRt => ort::ep::TensorRT::default().build(),
            Self::Cuda => ort::ep::CUDA::default().build(),
            Self::OpenVino => ort::ep::OpenVINO::default().with_num_threads(threads).build(),
            Self::CoreMl => ort::ep::CoreML::default().build(),
            Self::DirectMl => ort::ep::DirectML::default().build(),
            Self::WebGpu => ort::ep::WebGPU::default().build(),
            Self::Xnnpack => xnnpack(threads),
            Self::Cpu => return None,
        };
        Some(dispatch.error_on_failure())
    }
}

fn xnnpack(threads: usize) -> ort::ep::ExecutionProviderDispatch {
    let threads = std::num::NonZeroUsize::new(threads).unwrap_or(std::num::NonZeroUsize::MIN);
    ort::ep::XNNPACK::default().with_intra_op_num_threads(threads).build()
}

/// The library's file name on this system.
#[must_use]
pub fn library_name() -> &'static str {
    if cfg!(windows) {
        "onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    }
}

/// How to get ONNX Runtime on this system, in a sentence.
#[must_use]
pub fn how_to_get() -> String {
    let place =
        data_folder().map_or_else(|| "next to the program".into(), |f| f.join("lib").display().to_string());
    format!(
        "Run \u{201c}make run\u{201d}, which fetches it; or take {} (1.24 or newer) out of Python's \u{201c}onnxruntime\u{201d} package or \
         the release archive on github.com/microsoft/onnxruntime and put it into {place}, or name it in \
         SIGHTLINE_ONNXRUNTIME.",
        library_name()
    )
}

static PREFERRED: Mutex<Option<PathBuf>> = Mutex::new(None);
static LOADED: OnceLock<Runtime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// Sets the library that the user chose in the settings; has effect until one is loaded.
pub fn prefer(path: Option<PathBuf>) {
    *PREFERRED.lock().unwrap_or_else(PoisonError::into_inner) = path;
}

/// Where the library is looked for, in order: environment, settings, next to the program, data folder, system.
#[must_use]
pub fn candidates() -> Vec<PathBuf> {
    let name = library_name();
    let mut places = Vec::new();
    for variable in ["SIGHTLINE_ONNXRUNTIME", "ORT_DYLIB_PATH"] {
        if let Some(path) = std::env::var_os(variable).filter(|p| !p.is_empty()) {
            places.push(PathBuf::from(path));
        }
    }
    places.extend(PREFERRED.lock().unwrap_or_else(PoisonError::into_inner).clone());
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.join(name));
        places.push(folder.join("lib").join(name));
        places.push(folder.join("../lib/sightline").join(name));
    }
    if let Some(folder) = data_folder() {
        places.push(folder.join("lib").join(name));
    }
    if cfg!(unix) {
        for folder in
            ["/usr/local/lib", "/usr/lib", "/usr/lib64", "/opt/onnxruntime/lib", "/opt/homebrew/lib"]
        {
            places.push(Path::new(folder).join(name));
        }
    }
    places
}

/// The runtime, loaded at the first call that finds it. A failure isn't remembered: once the user has put the
/// library in place, the next call finds it.
///
/// # Errors
/// [`ModelError::NoRuntime`] with the places that were searched.
pub fn load() -> Result<&'static Runtime, ModelError> {
    if let Some(runtime) = LOADED.get() {
        return Ok(runtime);
    }
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = LOADED.get() {
        return Ok(runtime);
    }
    let searched = candidates();
    let mut reason = None;
    for path in searched.iter().filter(|path| path.exists()) {
        match load_from(path) {
            Ok(runtime) => return Ok(LOADED.get_or_init(|| runtime)),
            Err(why) => reason = reason.or(Some(format!("{}: {why}", path.display()))),
        }
    }
    // Whatever the system's own loader knows.
    match load_from(Path::new(library_name())) {
        Ok(runtime) => Ok(LOADED.get_or_init(|| runtime)),
        Err(_) => Err(ModelError::NoRuntime { reason, searched }),
    }
}

/// The runtime, if it is loaded already.
#[must_use]
pub fn loaded() -> Option<&'static Runtime> {
    LOADED.get()
}

/// Why a library isn't a usable runtime.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("{}", plain(&.0.to_string()))]
    Library(#[from] ort::LoadDynamicError),
    #[error("{}", plain(.0.message()))]
    Environment(#[from] ort::Error),
}

/// The target of the runtime's own messages in the log.
const LOG_TARGET: &str = "onnxruntime";

/// Passes a message of the runtime on to the log. What goes wrong in it also comes back as an error, which is handled where it
/// comes and told in plain words; so its own words are for those who look for a reason.
fn log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Fatal => tracing::error!(target: LOG_TARGET, "{category}: {}", plain(message)),
        LogLevel::Error | LogLevel::Warning => {
            tracing::debug!(target: LOG_TARGET, "{category}: {}", plain(message));
        }
        LogLevel::Info | LogLevel::Verbose => {
            tracing::trace!(target: LOG_TARGET, "{category}: {}", plain(message));
        }
    }
}

fn load_from(path: &Path) -> Result<Runtime, LoadError> {
    // The loader looks for a relative path next to the program, not in the working folder.
    let absolute = if path.components().count() > 1 { std::path::absolute(path).ok() } else { None };
    let builder = ort::init_from(absolute.as_deref().unwrap_or(path))?;
    let builder = builder.with_name("sightline").with_telemetry(false).with_logger(Arc::new(log));
    let environment = builder.build()?;
    let wanted = tracing::enabled!(target: LOG_TARGET, tracing::Level::DEBUG);
    environment.set_log_level(if wanted { LogLevel::Warning } else { LogLevel::Fatal });
    Ok(Runtime {
        path: path.to_owned(),
        build: ort::info().to_owned(),
        providers: Provider::ALL.into_iter().filter(|p| p.is_offered()).collect(),
        environment,
    })
}

impl Runtime {
    /// Its version, `1.32.0`; where the build was made off a release's branch, the commit, `a1b2c3d`.
    #[must_use]
    pub fn version(&self) -> &str {
        let told = |key: &str| {
            self.build.split(key).nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default().trim()
        };
        match told("git-branch=").strip_prefix("rel-") {
            Some(version) => version,
            None => told("git-commit-id="),
        }
    }
}

/// A message of the runtime without its source positions and line breaks, as the end of a sentence.
pub(super) fn plain(message: &str) -> String {
    /// Enough to understand; some messages list every node of a graph.
    const LONGEST: usize = 300;
    let mut text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // "…/onnxruntime/core/graph/model.cc:180 onnxruntime::Model::Model(…) What is wrong"
    if let Some(at) = text.rfind(".cc:").or_else(|| text.rfind(".h:"))
        && let Some(end) = text[at..].find(") ")
    {
        text = text[at + end + 2..].to_owned();
    }
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push('…');
    }
    text.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_their_source_positions() {
        let message = "Load model failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:180 onnxruntime::Model::Model(a, b) \
                       Unsupported model IR version: 99, max supported IR version: 11.\n";
        assert_eq!(plain(message), "Unsupported model IR version: 99, max supported IR version: 11");
        assert_eq!(plain("short."), "short");
        assert!(plain(&"long ".repeat(200)).chars().count() <= 301);
    }

    #[test]
    fn providers_are_found_by_name() {
        assert_eq!(Provider::from_name("cuda"), Some(Provider::Cuda));
        assert_eq!(Provider::from_name("abacus"), None);
    }
}
