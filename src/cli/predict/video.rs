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

/// A video that is being written under a temporary name.
#[derive(Debug)]
pub struct Video {
    child: Child,
    pixels: Option<ChildStdin>,
    /// What ffmpeg says; a file, so that much of it can't block.
    said: File,
    part: NamedTempFile,
    stem: OsString,
    size: (u32, u32),
    fps: f64,
    /// For a live source: when its first frame was captured; frames are repeated where the source was
    /// faster than the model, so that the video runs at the real speed.
    live_since: Option<Instant>,
    written: u64,
}

/// Encoders in the order of liking, with their settings for quality.
const ENCODERS: &[(&str, &[&str])] = &[
    ("libx264", &["-preset", "veryfast", "-crf", "20"]),
    ("libopenh264", &["-b:v", "8M"]),
    ("mpeg4", &["-q:v", "3"]),
];

/// Most times that one frame of a live source is repeated: a longer pause of the source is cut short.
const MOST_REPEATS: u64 = 300;

/// What is to be written.
#[derive(Clone, Debug)]
pub struct FilmPlan {
    /// Name without ending.
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
    /// Where ffmpeg is missing, has no encoder that we know, or the folder can't be written to.
    pub fn start(folder: &Folder, plan: FilmPlan, first: &Frame) -> Result<Self, Failure> {
        let (encoder, quality) = encoder()?;
        let part = folder.part(".mp4")?;
        let said = tempfile::tempfile().map_err(|e| folder.refused(&e))?;
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
            .stderr(said.try_clone().map_err(|e| folder.refused(&e))?);
        let mut child = command.spawn().map_err(|_| no_ffmpeg())?;
        let pixels = child.stdin.take();
        Ok(Self {
            child,
            pixels,
            said,
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
    /// Where ffmpeg ended, with what it said.
    pub fn add(&mut self, frame: &Frame) -> Result<(), Failure> {
        let times = self.live_since.map_or(1, |since| {
            let due = (frame.captured.duration_since(since).as_secs_f64() * self.fps).round() as u64 + 1;
            due.saturating_sub(self.written).min(MOST_REPEATS)
        });
        for _ in 0..times {
            let written = self.pixels.as_mut().map(|pixels| pixels.write_all(&frame.data));
            if !matches!(written, Some(Ok(()))) {
                return Err(self.broken());
            }
            self.written += 1;
        }
        Ok(())
    }

    /// Ends the video and gives it its name.
    ///
    /// # Errors
    /// Where ffmpeg or the naming failed.
    pub fn finish(mut self, folder: &Folder) -> Result<PathBuf, Failure> {
        drop(self.pixels.take());
        if !self.child.wait().is_ok_and(|status| status.success()) {
            return Err(self.broken());
        }
        let Self { part, stem, .. } = self;
        folder.keep(part, &stem, "mp4")
    }

    /// What ffmpeg said when it failed.
    fn broken(&mut self) -> Failure {
        drop(self.pixels.take());
        let _ = self.child.wait();
        let mut said = Vec::new();
        let read = self.said.rewind().and_then(|()| (&mut self.said).take(1 << 16).read_to_end(&mut said));
        if let Err(error) = read {
            tracing::debug!("what ffmpeg said can't be read: {error}");
        }
        let said = String::from_utf8_lossy(&said);
        let reason = said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it ended early").trim();
        Failure::failed(
            format!("ffmpeg can't write the video: {reason}."),
            "Check the space that is left, or save to another folder.",
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

/// ffmpeg in a process group of its own: Ctrl-C on the terminal must not reach it before the video is
/// ended.
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
    fn rates_are_the_fractions_that_they_are() {
        let rates = [25.0, 12.5, 30000.0 / 1001.0].map(rate);
        assert_eq!(rates, ["25000/1000", "12500/1000", "30000/1001"]);
    }
}
