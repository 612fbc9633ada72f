//! Writes annotated frames as a video, through the ffmpeg program.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Instant;

use tempfile::NamedTempFile;

use super::names::Folder;
use crate::cli::failure::Failure;
use crate::frame::Frame;

/// A video that is being written under a temporary name. If the program is killed, ffmpeg ends it and it can be played.
#[derive(Debug)]
pub struct Video {
    child: Child,
    pixels: Option<ChildStdin>,
    /// ffmpeg's messages. A file, so that many of them can't block.
    log: File,
    part: NamedTempFile,
    stem: OsString,
    size: (u32, u32),
    fps: f64,
    /// For a live source: when its first frame was captured. If the model is slower than the source, frames are repeated so
    /// that the video plays at the real speed.
    live_since: Option<Instant>,
    written: u64,
}

/// Encoders in order of preference, with their settings for quality.
const ENCODERS: &[(&str, &[&str])] = &[
    ("libx264", &["-preset", "veryfast", "-crf", "20"]),
    ("libopenh264", &["-b:v", "8M"]),
    ("mpeg4", &["-q:v", "3"]),
];

/// How often one frame of a live source is repeated at most: a longer pause of the source is shortened.
const MAX_REPEATS: u64 = 300;

/// What is to be written.
#[derive(Clone, Debug)]
pub struct VideoPlan {
    /// File name without ending.
    pub stem: OsString,
    /// Frames a second.
    pub fps: f64,
    /// Keep real time by repeating frames.
    pub live: bool,
}

impl Video {
    /// Starts a video of `first`'s size.
    ///
    /// # Errors
    /// ffmpeg is missing or has no known encoder, or the folder can't be written to.
    pub fn start(folder: &Folder, plan: VideoPlan, first: &Frame) -> Result<Self, Failure> {
        let (encoder, quality) = encoder()?;
        let part = folder.unfinished(&plan.stem, ".mp4")?;
        let log = tempfile::tempfile().map_err(|e| folder.write_error(&e))?;
        let mut command = ffmpeg();
        command
            .args(["-loglevel", "error", "-y", "-f", "rawvideo", "-pixel_format", "rgba"])
            .args(["-video_size", &format!("{}x{}", first.width, first.height)])
            .args(["-framerate", &rate(plan.fps), "-i", "pipe:0", "-an"])
            // 4:2:0 needs even sizes.
            .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-c:v", encoder])
            .args(quality)
            .args(["-movflags", "+faststart", "-f", "mp4"])
            .arg(part.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log.try_clone().map_err(|e| folder.write_error(&e))?);
        let mut child = command.spawn().map_err(|_| no_ffmpeg())?;
        let pixels = child.stdin.take();
        Ok(Self {
            child,
            pixels,
            log,
            part,
            stem: plan.stem,
            size: (first.width, first.height),
            fps: plan.fps,
            live_since: plan.live.then_some(first.captured),
            written: 0,
        })
    }

    /// Whether a frame has the size of this video.
    #[must_use]
    pub fn fits(&self, frame: &Frame) -> bool {
        self.size == (frame.width, frame.height)
    }

    /// Adds an RGBA frame.
    ///
    /// # Errors
    /// ffmpeg ended early; with its last message.
    pub fn add(&mut self, frame: &Frame) -> Result<(), Failure> {
        let times = self.live_since.map_or(1, |since| {
            let due = (frame.captured.duration_since(since).as_secs_f64() * self.fps).round() as u64 + 1;
            due.saturating_sub(self.written).min(MAX_REPEATS)
        });
        for _ in 0..times {
            let written = self.pixels.as_mut().map(|pixels| pixels.write_all(&frame.data));
            if !matches!(written, Some(Ok(()))) {
                return Err(self.write_error());
            }
            self.written += 1;
        }
        Ok(())
    }

    /// Ends the video and gives it its name.
    ///
    /// # Errors
    /// ffmpeg or the renaming failed.
    pub fn finish(mut self, folder: &Folder) -> Result<PathBuf, Failure> {
        drop(self.pixels.take());
        if !self.child.wait().is_ok_and(|status| status.success()) {
            return Err(self.write_error());
        }
        let Self { part, stem, .. } = self;
        folder.persist(part, &stem, "mp4")
    }

    /// The failure with ffmpeg's last message.
    fn write_error(&mut self) -> Failure {
        drop(self.pixels.take());
        let _ = self.child.wait();
        let mut log = Vec::new();
        let read = self.log.rewind().and_then(|()| (&mut self.log).take(1 << 16).read_to_end(&mut log));
        if let Err(error) = read {
            tracing::debug!("ffmpeg's messages can't be read: {error}");
        }
        let log = String::from_utf8_lossy(&log);
        let reason = log.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it ended early").trim();
        Failure::failed(
            format!("ffmpeg can't write the video: {reason}."),
            "Check the free space, or save to another folder.",
        )
    }
}

/// A rate as the fraction that it most likely is: thousandths, or 1001sts as NTSC has them (30000/1001).
fn rate(fps: f64) -> String {
    let thousandths = (fps * 1e3).round();
    if (fps * 1e3 - thousandths).abs() < 1e-6 {
        format!("{thousandths}/1000")
    } else {
        format!("{}/1001", (fps * 1001.0).round())
    }
}

/// ffmpeg in a process group of its own: Ctrl-C on the terminal must not reach it before the video is complete.
fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.arg("-hide_banner").arg("-nostdin");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn no_ffmpeg() -> Failure {
    let error = crate::source::SourceError::NoFfmpeg;
    Failure::failed("Videos are written with the program ffmpeg, which isn't installed.", error.fix())
}

/// The best encoder that this ffmpeg has.
fn encoder() -> Result<(&'static str, &'static [&'static str]), Failure> {
    let output = ffmpeg()
        .args(["-loglevel", "error", "-encoders"])
        .stdin(Stdio::null())
        .output()
        .map_err(|_| no_ffmpeg())?;
    let list = String::from_utf8_lossy(&output.stdout);
    let has = |name: &str| list.lines().any(|line| line.split_whitespace().nth(1) == Some(name));
    ENCODERS.iter().find(|(name, _)| has(name)).copied().ok_or_else(|| {
        Failure::failed(
            "This ffmpeg has no encoder for H.264 or MPEG-4.",
            "Install a complete ffmpeg, or save images instead.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_become_exact_fractions() {
        let rates = [25.0, 12.5, 30000.0 / 1001.0].map(rate);
        assert_eq!(rates, ["25000/1000", "12500/1000", "30000/1001"]);
    }
}
