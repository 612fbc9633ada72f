//! One video file that is being written.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::RecordError;
use super::built_in::{self, BuiltIn};
use super::encoder::{Container, Encoder, best};
use super::encoding::{Encoding, NoStart};
use super::names::{RESERVE, check_room};
use super::process::{Process, ffmpeg};

/// How long the second pass of a file may take: it only copies.
const REMUX: Duration = Duration::from_mins(10);
/// Key frames are so far apart, in seconds: that is how finely a player seeks.
const KEY_FRAMES_S: f64 = 2.0;

/// Who encodes a file.
#[derive(Debug)]
enum Backend {
    Ffmpeg(Encoder, Encoding),
    /// Without ffmpeg.
    BuiltIn(Box<BuiltIn>),
}

/// A video file that is being written, frame by frame. It plays to its last half second however this ends: also when the program or the
/// encoder is killed.
#[derive(Debug)]
pub struct VideoFile {
    path: PathBuf,
    container: Container,
    backend: Backend,
}

impl VideoFile {
    /// Finds out how such a file would be encoded; takes up to a few seconds the first time.
    ///
    /// # Errors
    /// [`RecordError::NoFfmpeg`] or [`RecordError::NoEncoder`].
    pub fn prepare(container: Container, size: (u32, u32)) -> Result<(), RecordError> {
        match best(container, size) {
            Err(RecordError::NoFfmpeg | RecordError::NoEncoder { .. }) if container == Container::Mp4 => {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// Starts to write a file, which is overwritten, for RGBA frames of this size. `fps` is the source's usual rate; frames have their own
    /// times. Without ffmpeg, MP4 files are written by the encoder that is part of this program.
    ///
    /// # Errors
    /// [`RecordError`]: no ffmpeg or encoder, or the file can't be created.
    pub fn create(
        path: &Path,
        size: (u32, u32),
        fps: f64,
        container: Container,
    ) -> Result<Self, RecordError> {
        let encoder = match best(container, size) {
            Err(RecordError::NoFfmpeg | RecordError::NoEncoder { .. }) if container == Container::Mp4 => {
                return Self::built_in(path, size, fps);
            }
            other => other?,
        };
        // What can't be written is said by the system, in better words than ffmpeg's.
        File::create(path).map_err(|e| RecordError::unwritable(path, &e))?;
        let started = Encoding::start(&encoder, size, fps, |command| {
            command.args(["-g", &(fps * KEY_FRAMES_S).round().clamp(1.0, 600.0).to_string()]);
            command.args(container.arguments()).arg(as_file(path));
        });
        let path = path.to_owned();
        match started {
            Ok((encoding, _)) => Ok(Self { path, container, backend: Backend::Ffmpeg(encoder, encoding) }),
            Err(NoStart::NoFfmpeg) => Err(RecordError::NoFfmpeg),
            Err(NoStart::Log(error)) => Err(RecordError::unwritable(&path, &error)),
            Err(NoStart::Ended(reason)) => Err(RecordError::Ended { path, reason }),
        }
    }

    /// Does what [`Self::create`] does, with the encoder that is part of this program.
    pub(super) fn built_in(path: &Path, size: (u32, u32), fps: f64) -> Result<Self, RecordError> {
        let unwritable = |reason| RecordError::Unwritable { path: path.to_owned(), reason };
        let file = BuiltIn::create(path, size, fps).map_err(unwritable)?;
        let backend = Backend::BuiltIn(Box::new(file));
        Ok(Self { path: path.to_owned(), container: Container::Mp4, backend })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of its encoder.
    #[must_use]
    pub fn encoder(&self) -> &'static str {
        match &self.backend {
            Backend::Ffmpeg(encoder, _) => encoder.name,
            Backend::BuiltIn(_) => built_in::NAME,
        }
    }

    /// Width and height of its frames.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match &self.backend {
            Backend::Ffmpeg(_, encoding) => encoding.size(),
            Backend::BuiltIn(file) => file.size(),
        }
    }

    /// The encoder's process, to end it from another thread; `None` if it has none.
    pub(super) fn process(&self) -> Option<Process> {
        match &self.backend {
            Backend::Ffmpeg(_, encoding) => Some(encoding.process()),
            Backend::BuiltIn(_) => None,
        }
    }

    /// Adds an RGBA frame of the file's size that is shown from `at` on, counted from the file's beginning. A frame that doesn't come after the one
    /// before is left out. Waits while the encoder is busy.
    ///
    /// # Errors
    /// [`RecordError::Ended`] with the encoder's last message; what was written so far can be played.
    pub fn add(&mut self, at: Duration, rgba: &[u8]) -> Result<(), RecordError> {
        let added = match &mut self.backend {
            Backend::Ffmpeg(_, encoding) => encoding.add(at, rgba),
            Backend::BuiltIn(file) => file.add(at, rgba),
        };
        added.map_err(|reason| RecordError::Ended { path: self.path.clone(), reason })
    }

    /// Ends the file: the encoder writes what it still has. Removes a file without a frame.
    ///
    /// # Errors
    /// [`RecordError::Ended`]; what was written can be played.
    pub fn finish(mut self) -> Result<Finished, RecordError> {
        let (ended, has_frames, is_seekable) = match &mut self.backend {
            Backend::Ffmpeg(_, encoding) => (encoding.end(), encoding.has_frames(), false),
            Backend::BuiltIn(file) => (file.end(), file.has_frames(), true),
        };
        if !has_frames {
            let _ = std::fs::remove_file(&self.path);
        }
        match ended {
            Ok(()) => Ok(Finished { path: self.path, container: self.container, is_seekable }),
            Err(reason) => Err(RecordError::Ended { path: self.path, reason }),
        }
    }
}

/// A path as ffmpeg takes it for nothing else: what stands before a colon would be a protocol.
pub(super) fn as_file(path: &Path) -> OsString {
    let mut text = OsString::from("file:");
    text.push(path);
    text
}

/// A file that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub path: PathBuf,
    container: Container,
    /// It needs no second pass.
    is_seekable: bool,
}

impl Finished {
    /// Brings an MP4 file into the order that players and web pages want: its index first, in one piece, so that it can be sought at once. The file is
    /// replaced as a whole or not at all; nothing is encoded again. Takes about as long as copying it.
    ///
    /// # Errors
    /// [`RecordError::Ended`]: the file stays as it was, and can be played.
    pub fn make_seekable(&self) -> Result<(), RecordError> {
        self.make_seekable_with(|_| ())
    }

    /// Does what [`Self::make_seekable`] does; `started` gets the process that copies, which may be ended.
    pub(super) fn make_seekable_with(&self, started: impl FnOnce(Process)) -> Result<(), RecordError> {
        if self.container != Container::Mp4 || self.is_seekable {
            return Ok(());
        }
        copy_into(&self.path, &self.path, Container::Mp4, started)
    }
}

/// Copies a video into a file of this kind, which is replaced as a whole or not at all; nothing is encoded again. `started` gets the process that copies.
///
/// # Errors
/// [`RecordError::Ended`]: the target stays as it was.
pub(super) fn copy_into(
    from: &Path,
    target: &Path,
    container: Container,
    started: impl FnOnce(Process),
) -> Result<(), RecordError> {
    let failed = |reason: String| RecordError::Ended { path: target.to_owned(), reason };
    let folder = target.parent().unwrap_or(Path::new("."));
    let length = std::fs::metadata(from).map_or(0, |data| data.len());
    check_room(folder, length + 2 * RESERVE)?;
    let suffix = format!(".{}", container.ending());
    let part = tempfile::Builder::new().prefix(".sightline-").suffix(&suffix).tempfile_in(folder);
    // Closed, so that ffmpeg can write it and it can be renamed on every system.
    let part = part.map_err(|e| failed(e.to_string()))?.into_temp_path();
    let mut command = ffmpeg();
    command.args(["-loglevel", "error", "-xerror", "-y", "-i"]).arg(as_file(from)).args(["-c", "copy"]);
    match container {
        Container::Mp4 => command.args(["-movflags", "+faststart", "-f", "mp4"]),
        Container::Mkv => command.args(["-f", "matroska"]),
        Container::WebM => command.args(["-f", "webm"]),
    };
    command.arg(as_file(&part));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::new(command.spawn().map_err(|_| RecordError::NoFfmpeg)?);
    started(process.clone());
    if process.wait(REMUX) != Some(true) {
        return Err(failed("ffmpeg couldn't copy it".into()));
    }
    // As for any new file, the user's umask decides, which the temporary file doesn't follow. The target was made before.
    if let Ok(data) = std::fs::metadata(target) {
        let _ = std::fs::set_permissions(&part, data.permissions());
    }
    File::open(&part).and_then(|file| file.sync_all()).map_err(|e| failed(e.to_string()))?;
    part.persist(target).map_err(|e| failed(e.error.to_string()))
}
