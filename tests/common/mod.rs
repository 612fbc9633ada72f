//! A home of its own for the program under test, and the sample data next to the repository.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod boxes;
pub mod clips;
#[cfg(target_os = "linux")]
pub mod display;
pub mod fakecam;
pub mod inference_server;
pub mod onnx;
pub mod servers;
pub mod slow_network;
pub mod web_server;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A file of the sample data: in the folder that `SIGHTLINE_TEST_DATA` names, else in `../shared`, else among the stand-ins.
pub fn shared(path: &str) -> PathBuf {
    let file = sample_data().join(path);
    // scripts/totals.py counts tests that fail with these words apart.
    assert!(file.exists(), "the sample data is missing: {}", file.display());
    file
}

/// As [`shared`], for what a stand-in can't show: the results of a real network, or its hash.
pub fn real(path: &str) -> PathBuf {
    assert!(
        !sample_data().ends_with(STAND_INS),
        "the sample data is missing: a stand-in won't do for {path}"
    );
    shared(path)
}

const STAND_INS: &str = "tests/stand_ins";

fn sample_data() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Some(named) = std::env::var_os("SIGHTLINE_TEST_DATA").filter(|v| !v.is_empty()) {
        return root.join(named);
    }
    let beside = root.join("../shared");
    if beside.join("models").is_dir() { beside } else { root.join(STAND_INS) }
}

/// An empty home with folders for settings and data, and a working folder.
pub struct TestEnv {
    home: TempDir,
}

impl TestEnv {
    pub fn new() -> Self {
        let env = Self { home: tempfile::tempdir().expect("a temporary folder") };
        for name in ["work", "data", "config", "models"] {
            std::fs::create_dir(env.home.path().join(name)).expect("a folder in the temporary folder");
        }
        env
    }

    /// The folder that commands run in, or something in it.
    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.home.path().join("work").join(name.as_ref())
    }

    /// The folder of models that `SIGHTLINE_MODELS` names.
    pub fn models(&self) -> PathBuf {
        self.home.path().join("models")
    }

    /// Copies a file of the sample data into the working folder under another name.
    pub fn bring(&self, sample: &str, name: impl AsRef<OsStr>) -> PathBuf {
        let target = self.path(name);
        std::fs::copy(shared(sample), &target).expect("the copy of a sample");
        target
    }

    /// As [`bring`](Self::bring), for what a stand-in can't show.
    pub fn bring_real(&self, sample: &str, name: impl AsRef<OsStr>) -> PathBuf {
        real(sample);
        self.bring(sample, name)
    }

    /// The program, ready for arguments, without ONNX Runtime.
    pub fn bare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
        command
            .current_dir(self.home.path().join("work"))
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("XDG_DATA_HOME", self.home.path().join("data"))
            .env("SIGHTLINE_MODELS", self.models())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in
            ["SIGHTLINE_ONNXRUNTIME", "ORT_DYLIB_PATH", "SIGHTLINE_DATA_DIR", "SIGHTLINE_LOG", "RUST_LOG"]
        {
            command.env_remove(name);
        }
        command
    }

    /// The program with ONNX Runtime, ready for arguments.
    pub fn command(&self) -> Command {
        let mut command = self.bare();
        command.env("SIGHTLINE_ONNXRUNTIME", onnx_runtime());
        command
    }

    /// Runs the program to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        Ended::of(self.command().args(arguments).output().expect("the program starts"))
    }

    /// Runs `predict` with YOLOX-Nano.
    pub fn predict<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        Ended::of(self.predicting().args(arguments).output().expect("the program starts"))
    }

    /// `predict` with YOLOX-Nano, ready for more arguments.
    pub fn predicting(&self) -> Command {
        let mut command = self.command();
        command.arg("predict").arg("--model").arg(shared("models/yolox_nano.onnx"));
        command
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{err}");
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err,
        }
    }

    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "out:\n{}\nerr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON Lines: every line must be an object.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        json_lines(&self.out)
    }
}

/// The lines of a text, each of which must be a JSON object.
#[track_caller]
pub fn json_lines(text: &str) -> Vec<Value> {
    let object = |line: &str| match serde_json::from_str(line) {
        Ok(Value::Object(map)) => Value::Object(map),
        other => panic!("{line:?} is no JSON object: {other:?}"),
    };
    text.lines().map(object).collect()
}

/// The name of the scene file of a video: its own, and a number (FNV-1a).
pub fn scene_file(video: &Path) -> String {
    let path = video.display().to_string();
    let number =
        path.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}-{number:08x}.toml", video.file_name().expect("a name").to_string_lossy())
}

/// Sends the signal of Ctrl-C.
pub fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// The number of frames that a video really holds; `Err`: what ffprobe says of one that doesn't play.
pub fn frames_played(video: &Path) -> Result<u64, String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(video)
        .output()
        .expect("ffprobe runs (it comes with ffmpeg)");
    let text = String::from_utf8_lossy(&output.stdout).trim().trim_end_matches(',').to_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    text.parse().map_err(|_| format!("{text:?} {errors}"))
}

/// As [`frames_played`], of a video that plays.
pub fn frames_in(video: &Path) -> u64 {
    frames_played(video).unwrap_or_else(|says| panic!("{} doesn't play: {says}", video.display()))
}

/// ONNX Runtime's library, as this account would find it.
pub fn onnx_runtime() -> PathBuf {
    let set_up = Path::new(env!("CARGO_MANIFEST_DIR")).join(".setup");
    let mut places = sightline::model::runtime::candidates();
    let mut folders = vec![(set_up, 0)];
    while let Some((folder, depth)) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && depth < 8 {
                folders.push((path, depth + 1));
            } else if name.starts_with("libonnxruntime.so") || name.starts_with("libonnxruntime.dylib") {
                places.push(path);
            }
        }
    }
    let found = places.iter().find(|path| path.is_file());
    found
        .unwrap_or_else(|| {
            panic!("ONNX Runtime isn't here: run \u{201c}make test\u{201d}, or set SIGHTLINE_ONNXRUNTIME")
        })
        .clone()
}
