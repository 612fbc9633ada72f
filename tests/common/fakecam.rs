//! A camera that isn't there: `tests/camera/fakecam.c`, a library that plays `/dev/video0` for the program it is
//! loaded into.

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

/// A fake camera with images of the sample clip.
pub struct FakeCamera {
    folder: tempfile::TempDir,
}

impl FakeCamera {
    pub fn new() -> Self {
        let camera = Self { folder: tempfile::tempdir().expect("a folder") };
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn fault(&self, word: &str) {
        // Written whole at once: the library reads it at every call.
        let next = self.path("fault.next");
        std::fs::write(&next, word).expect("written");
        std::fs::rename(next, self.path("fault")).expect("renamed");
    }

    pub fn plug_in(&self) {
        std::fs::write(self.path("dev/video0"), "").expect("written");
    }

    pub fn pull_out(&self) {
        self.fault("unplug");
        std::fs::remove_file(self.path("dev/video0")).expect("removed");
    }

    pub fn command(&self, env: &TestEnv) -> Command {
        let mut command = env.bare();
        command.env("LD_PRELOAD", library()).env("FAKECAM_DIR", self.folder.path());
        command
    }
}
