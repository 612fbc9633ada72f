//! Frames into an encoder: ffmpeg, which writes a file or hands back what it makes.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use super::encoder::Encoder;
use super::matroska::Stream;
use super::process::{Process, ffmpeg};

/// How long the encoder may take for the frames that it still has.
const LAST_FRAMES: Duration = Duration::from_secs(20);

/// An encoder that takes RGBA frames of one size.
#[derive(Debug)]
pub(super) struct Encoding {
    process: Process,
    stream: Option<Stream<ChildStdin>>,
    /// ffmpeg's messages. A file, so that many of them can't block.
    log: File,
    size: (u32, u32),
    last: Option<Duration>,
}

/// Why an encoder can't be started.
pub(super) enum NoStart {
    /// The temporary file for its messages can't be made.
    Log(std::io::Error),
    NoFfmpeg,
    /// It ended at once, with this message.
    Ended(String),
}

impl Encoding {
    /// Starts an encoder whose output `output` describes, with ffmpeg's options for it and where it goes. `fps` is the usual rate.
    pub fn start(
        encoder: &Encoder,
        size: (u32, u32),
        fps: f64,
        output: impl FnOnce(&mut Command),
    ) -> Result<(Self, Option<std::process::ChildStdout>), NoStart> {
        let log = tempfile::tempfile().map_err(NoStart::Log)?;
        let mut command = ffmpeg();
        command.args(["-loglevel", "error", "-y"]).args(encoder.before());
        // What the stream is, is known from its first bytes. (`-fflags nobuffer` would lose the first frame.)
        command.args(["-probesize", "32", "-f", "matroska", "-i", "pipe:0", "-an"]);
        // The frames' own times, as finely as they come: the encoder's usual unit is a whole frame.
        command.args(encoder.arguments()).args(["-vsync", "passthrough", "-enc_time_base", "1:10000"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.stderr(log.try_clone().map_err(NoStart::Log)?);
        output(&mut command);
        let mut child = command.spawn().map_err(|_| NoStart::NoFfmpeg)?;
        let (pipe, made) = (child.stdin.take(), child.stdout.take());
        let mut encoding = Self { process: Process::new(child), stream: None, log, size, last: None };
        match pipe.map(|pipe| Stream::new(pipe, size, fps)) {
            Some(Ok(stream)) => encoding.stream = Some(stream),
            _ => return Err(NoStart::Ended(encoding.reason())),
        }
        Ok((encoding, made))
    }

    /// Width and height of its frames.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Its process, to end it from another thread.
    pub fn process(&self) -> Process {
        self.process.clone()
    }

    /// Whether it was given a frame.
    pub fn has_frames(&self) -> bool {
        self.last.is_some()
    }

    /// Adds a frame that is shown from `at` on. A frame that doesn't come after the one before, or of another size, is left out. Waits while
    /// the encoder is busy. Fails with the encoder's last message.
    pub fn add(&mut self, at: Duration, rgba: &[u8]) -> Result<(), String> {
        let is_whole = rgba.len() == self.size.0 as usize * self.size.1 as usize * 4;
        if !is_whole || self.last.is_some_and(|last| at <= last) {
            return Ok(());
        }
        self.last = Some(at);
        match self.stream.as_mut().map(|stream| stream.frame(at, rgba)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.reason()),
        }
    }

    /// Lets it write what it still has, and end. Fails with its last message.
    pub fn end(&mut self) -> Result<(), String> {
        self.stream = None;
        if self.process.wait(LAST_FRAMES) == Some(true) { Ok(()) } else { Err(self.reason()) }
    }

    /// Why no frame can be written any more.
    fn reason(&mut self) -> String {
        self.stream = None;
        self.process.wait(LAST_FRAMES);
        let mut log = Vec::new();
        let read = self.log.rewind().and_then(|()| (&mut self.log).take(1 << 16).read_to_end(&mut log));
        if let Err(error) = read {
            tracing::debug!("ffmpeg's messages can't be read: {error}");
        }
        let log = String::from_utf8_lossy(&log);
        let reason = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("the encoder ended early");
        reason.trim().to_owned()
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        // The end of its input ends ffmpeg.
        self.stream = None;
        self.process.wait(LAST_FRAMES);
    }
}
