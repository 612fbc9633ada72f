//! A simulated camera: `tests/camera/fakecam.c`, a library that simulates `/dev/video0` for the program that loads it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{TestEnv, shared};

/// The compiled camera library.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/camera/fakecam.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libfakecam.so");
        let status = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .status()
            .expect("a C compiler");
        assert!(status.success(), "fakecam.c compiles");
        library
    })
}

/// A simulated camera that sends frames of the sample video.
pub struct FakeCamera {
    folder: PathBuf,
    /// Removes the folder when the camera is dropped.
    _owner: Option<tempfile::TempDir>,
}

impl FakeCamera {
    pub fn new() -> Self {
        let owner = tempfile::tempdir().expect("a folder");
        let camera = Self { folder: owner.path().to_owned(), _owner: Some(owner) };
        for folder in ["dev", "sys/video0", "frames"] {
            std::fs::create_dir_all(camera.path(folder)).expect("a folder");
        }
        std::fs::write(camera.path("sys/video0/name"), "Fake Webcam\n").expect("written");
        for size in ["640x480", "1280x720"] {
            let status = Command::new("ffmpeg")
                .args(["-v", "error", "-i"])
                .arg(shared("media/traffic.mp4"))
                .args(["-frames:v", "5", "-vf", &format!("scale={}", size.replace('x', ":")), "-q:v", "3"])
                .arg(camera.path(&format!("frames/{size}_%02d.jpg")))
                .status()
                .expect("ffmpeg");
            assert!(status.success(), "ffmpeg makes images");
        }
        camera.plug_in();
        camera.fault("ok");
        camera
    }

    /// The camera of another process, which made this folder.
    pub fn existing(folder: impl AsRef<OsStr>) -> Self {
        Self { folder: PathBuf::from(folder.as_ref()), _owner: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes the camera fail in this way from now on; `ok` ends it. `fakecam.c` lists the faults.
    pub fn fault(&self, fault: &str) {
        // The library reads the file at every call, so it is replaced as a whole.
        let next = self.path("fault.next");
        std::fs::write(&next, fault).expect("written");
        std::fs::rename(next, self.path("fault")).expect("renamed");
    }

    pub fn plug_in(&self) {
        std::fs::write(self.path("dev/video0"), "").expect("written");
    }

    pub fn pull_out(&self) {
        self.fault("unplug");
        std::fs::remove_file(self.path("dev/video0")).expect("removed");
    }

    /// Sightline, with this camera.
    pub fn command(&self, env: &TestEnv) -> Command {
        self.loaded_into(env.bare())
    }

    /// A program with this camera.
    pub fn with_camera(&self, program: &Path) -> Command {
        self.loaded_into(Command::new(program))
    }

    fn loaded_into(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", library()).env("FAKECAM_DIR", &self.folder);
        command
    }
}
