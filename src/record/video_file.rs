//! One video file that is being written.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use super::RecordError;
use super::encoder::{Container, Encoder, best, ffmpeg, wait};
use super::matroska::Stream;

/// How long the encoder may take for the frames that it still has.
const LAST_FRAMES: Duration = Duration::from_secs(20);
/// How long the second pass of a file may take: it only copies.
const REMUX: Duration = Duration::from_mins(10);
/// Key frames are so far apart, in seconds: that is how finely a player seeks.
const KEY_FRAMES_S: f64 = 2.0;

/// A video file that is being written, frame by frame. It plays to its last half second however this ends: also when the program or the
/// encoder is killed.
#[derive(Debug)]
pub struct VideoFile {
    path: PathBuf,
    container: Container,
    encoder: Encoder,
    child: Option<Child>,
    stream: Option<Stream<ChildStdin>>,
    /// ffmpeg's messages. A file, so that many of them can't block.
    log: File,
    size: (u32, u32),
    last: Option<Duration>,
}

impl VideoFile {
    /// Starts to write a file, which is overwritten, for RGBA frames of this size. `fps` is the source's usual rate; frames have their own
    /// times.
    ///
    /// # Errors
    /// [`RecordError`]: no ffmpeg or encoder, or the file can't be created.
    pub fn create(
        path: &Path,
        size: (u32, u32),
        fps: f64,
        container: Container,
    ) -> Result<Self, RecordError> {
        let encoder = best(container, size)?;
        let unwritable = |error: &std::io::Error| RecordError::Unwritable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        // What can't be written is said by the system, in better words than ffmpeg's.
        File::create(path).map_err(|e| unwritable(&e))?;
        let log = tempfile::tempfile().map_err(|e| unwritable(&e))?;
        let mut command = ffmpeg();
        command.args(["-loglevel", "error", "-y"]).args(encoder.before());
        // What the stream is, is known from its first bytes. (`-fflags nobuffer` would lose the first frame.)
        command.args(["-probesize", "32", "-f", "matroska", "-i", "pipe:0", "-an"]);
        // The frames' own times, as finely as they come: the encoder's usual unit is a whole frame.
        command.args(encoder.arguments()).args(["-vsync", "passthrough", "-enc_time_base", "1:10000"]);
        command.args(["-g", &(fps * KEY_FRAMES_S).round().clamp(1.0, 600.0).to_string()]);
        command.args(container.arguments()).arg(as_file(path));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.stderr(log.try_clone().map_err(|e| unwritable(&e))?);
        let mut child = command.spawn().map_err(|_| RecordError::NoFfmpeg)?;
        let pipe = child.stdin.take();
        let mut file = Self {
            path: path.to_owned(),
            container,
            encoder,
            child: Some(child),
            stream: None,
            log,
            size,
            last: None,
        };
        match pipe.map(|pipe| Stream::new(pipe, size, fps)) {
            Some(Ok(stream)) => file.stream = Some(stream),
            _ => return Err(file.ended()),
        }
        Ok(file)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// ffmpeg's name for its encoder.
    #[must_use]
    pub fn encoder(&self) -> &'static str {
        self.encoder.name
    }

    /// Width and height of its frames.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Adds an RGBA frame of the file's size that is shown from `at` on, counted from the file's beginning. A frame that doesn't come after the one
    /// before is left out. Waits while the encoder is busy.
    ///
    /// # Errors
    /// [`RecordError::Ended`] with ffmpeg's last message; what was written so far can be played.
    pub fn add(&mut self, at: Duration, rgba: &[u8]) -> Result<(), RecordError> {
        let is_whole = rgba.len() == self.size.0 as usize * self.size.1 as usize * 4;
        if !is_whole || self.last.is_some_and(|last| at <= last) {
            return Ok(());
        }
        self.last = Some(at);
        match self.stream.as_mut().map(|stream| stream.frame(at, rgba)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.ended()),
        }
    }

    /// How many bytes the file has by now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    /// Ends the file: the encoder writes what it still has. Removes a file without a frame.
    ///
    /// # Errors
    /// [`RecordError::Ended`]; what was written can be played.
    pub fn finish(mut self) -> Result<Finished, RecordError> {
        self.stream = None;
        let ended = self.child.take().map(|child| wait(child, LAST_FRAMES));
        if self.last.is_none() {
            let _ = std::fs::remove_file(&self.path);
        }
        if ended != Some(Some(true)) {
            return Err(self.ended());
        }
        Ok(Finished { path: std::mem::take(&mut self.path), container: self.container })
    }

    /// Why no frame can be written any more.
    fn ended(&mut self) -> RecordError {
        self.stream = None;
        if let Some(child) = self.child.take() {
            wait(child, LAST_FRAMES);
        }
        let mut log = Vec::new();
        let read = self.log.rewind().and_then(|()| (&mut self.log).take(1 << 16).read_to_end(&mut log));
        if let Err(error) = read {
            tracing::debug!("ffmpeg's messages can't be read: {error}");
        }
        let log = String::from_utf8_lossy(&log);
        let reason = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("the encoder ended early");
        RecordError::Ended { path: self.path.clone(), reason: reason.trim().to_owned() }
    }
}

/// A path as ffmpeg takes it for nothing else: what stands before a colon would be a protocol.
fn as_file(path: &Path) -> OsString {
    let mut text = OsString::from("file:");
    text.push(path);
    text
}

impl Drop for VideoFile {
    fn drop(&mut self) {
        // The end of its input ends ffmpeg.
        self.stream = None;
        if let Some(child) = self.child.take() {
            wait(child, LAST_FRAMES);
        }
    }
}

/// A file that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub path: PathBuf,
    container: Container,
}

impl Finished {
    /// Brings an MP4 file into the order that players and web pages want: its index first, in one piece, so that it can be sought at once. The file is
    /// replaced as a whole or not at all; nothing is encoded again. Takes about as long as copying it.
    ///
    /// # Errors
    /// [`RecordError::Ended`]: the file stays as it was, and can be played.
    pub fn make_seekable(&self) -> Result<(), RecordError> {
        if self.container != Container::Mp4 {
            return Ok(());
        }
        let failed = |reason: String| RecordError::Ended { path: self.path.clone(), reason };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let part = tempfile::Builder::new().prefix(".sightline-").suffix(".mp4").tempfile_in(folder);
        let part = part.map_err(|e| failed(e.to_string()))?;
        let mut command = ffmpeg();
        command.args(["-loglevel", "error", "-y", "-i"]).arg(as_file(&self.path));
        command.args(["-c", "copy", "-movflags", "+faststart", "-f", "mp4"]).arg(as_file(part.path()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|_| RecordError::NoFfmpeg)?;
        if wait(child, REMUX) != Some(true) {
            return Err(failed("ffmpeg couldn't copy it".into()));
        }
        if let Ok(data) = std::fs::metadata(&self.path) {
            let _ = std::fs::set_permissions(part.path(), data.permissions());
        }
        File::open(part.path()).and_then(|file| file.sync_all()).map_err(|e| failed(e.to_string()))?;
        part.persist(&self.path).map(drop).map_err(|e| failed(e.error.to_string()))
    }
}
