//! Videos and network streams, decoded by the programs `ffprobe` and `ffmpeg`.
//!
//! ffmpeg writes raw frames (NV12, or RGBA where that isn't possible) into a pipe; a thread of ours reads them into buffers
//! that go round in a ring, so that a read never waits longer than its timeout and nothing is allocated per frame.
//! Seeking starts ffmpeg again at that place.

mod probe;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use self::probe::probe;
use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::frame::{Frame, PixelFormat, YuvMatrix};

/// Frames that ffmpeg may be ahead.
const AHEAD: usize = 2;
/// A video or stream that gives nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(10);

/// A video or stream.
#[derive(Debug)]
pub struct Video {
    input: Input,
    info: SourceInfo,
    fps: f64,
    /// Frames come as NV12, with this matrix; `None`: as RGBA.
    nv12: Option<YuvMatrix>,
    running: Option<Running>,
    /// Number and time of the first frame since the last seek.
    first: u64,
    begin_s: f64,
    count: u64,
    last_frame: Instant,
}

/// What ffmpeg is to open.
#[derive(Clone, Debug)]
enum Input {
    File(PathBuf),
    Address(String),
}

impl Input {
    /// The argument for ffmpeg: `file:` keeps names with colons or leading dashes from being taken for anything else.
    fn argument(&self) -> std::ffi::OsString {
        match self {
            Self::File(path) => {
                let mut text = std::ffi::OsString::from("file:");
                text.push(path);
                text
            }
            Self::Address(text) => text.into(),
        }
    }

    fn unreadable(&self, reason: String) -> SourceError {
        match self {
            Self::File(path) => SourceError::Unreadable { path: path.clone(), reason },
            Self::Address(text) => SourceError::Camera { name: text.clone(), reason },
        }
    }
}

/// A running ffmpeg with the ring of buffers.
#[derive(Debug)]
struct Running {
    child: Child,
    full: Receiver<Vec<u8>>,
    free: Sender<Vec<u8>>,
    complaint: Arc<Mutex<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Video {
    /// Opens a video.
    ///
    /// # Errors
    /// Where it doesn't exist, isn't a video, or ffmpeg is missing.
    pub fn file(path: &Path) -> Result<Self, SourceError> {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() && meta.len() == 0 => {
                return Err(SourceError::Unreadable { path: path.to_owned(), reason: "it is empty".into() });
            }
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SourceError::NoFile { path: path.to_owned() });
            }
            Err(e) => return Err(SourceError::Unreadable { path: path.to_owned(), reason: e.to_string() }),
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::open(Input::File(path.to_owned()), name)
    }

    /// Opens a network stream; one with a known length is a video.
    ///
    /// # Errors
    /// Where it can't be reached or read, or ffmpeg is missing.
    pub fn stream(address: &str) -> Result<Self, SourceError> {
        Self::open(Input::Address(address.to_owned()), address.to_owned())
    }

    fn open(input: Input, name: String) -> Result<Self, SourceError> {
        let probe = probe(&input)?;
        let pace = match (&input, probe.duration_s) {
            (Input::Address(_), None) => Pace::Live,
            _ => Pace::Video,
        };
        let (width, height) = probe.size;
        let info = SourceInfo {
            name,
            pace,
            size: probe.size,
            fps: Some(probe.fps),
            duration_s: probe.duration_s,
            frames: probe.frames,
            detail: format!("{} {width}×{height} @ {:.2}", probe.codec, probe.fps)
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned(),
        };
        let mut video = Self {
            input,
            info,
            fps: probe.fps,
            nv12: probe.nv12,
            running: None,
            first: 0,
            begin_s: 0.0,
            count: 0,
            last_frame: Instant::now(),
        };
        video.start(0.0)?;
        Ok(video)
    }

    fn start(&mut self, at_s: f64) -> Result<(), SourceError> {
        self.running = None;
        let live = self.info.pace == Pace::Live;
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error"]);
        if live {
            command.args(["-fflags", "nobuffer", "-flags", "low_delay"]);
        }
        if at_s > 0.0 {
            command.args(["-ss", &format!("{at_s:.6}")]);
        }
        command.arg("-i").arg(self.input.argument());
        command.args(["-map", "0:v:0", "-an", "-sn", "-dn", "-vsync", "passthrough"]);
        let pixels = if self.nv12.is_some() { "nv12" } else { "rgba" };
        command.args(["-f", "rawvideo", "-pix_fmt", pixels, "pipe:1"]);
        let mut child =
            spawn(&mut command).map_err(|e| self.input.unreadable(e))?.ok_or(SourceError::NoFfmpeg)?;
        let (Some(mut pipe), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(self.input.unreadable("ffmpeg can't be read from".into()));
        };
        let complaint = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&complaint);
        thread("sightline-ffmpeg-says", move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok).filter(|l| !l.trim().is_empty())
            {
                *said.lock().unwrap_or_else(PoisonError::into_inner) = line;
            }
        });
        let (width, height) = self.info.size;
        let format = if self.nv12.is_some() { PixelFormat::Nv12 } else { PixelFormat::Rgba8 };
        let len = format.byte_len(width, height).unwrap_or_default();
        let (give, full) = bounded::<Vec<u8>>(AHEAD);
        // One buffer more than can be full, and one for the caller.
        let (free, empty) = bounded::<Vec<u8>>(AHEAD + 2);
        for _ in 0..=AHEAD {
            let _ = free.try_send(Vec::new());
        }
        let oldest = full.clone();
        thread("sightline-ffmpeg-reads", move || {
            let mut spare = None;
            while let Some(mut buffer) = spare.take().or_else(|| empty.recv().ok()) {
                buffer.resize(len, 0);
                if pipe.read_exact(&mut buffer).is_err() {
                    return;
                }
                if live {
                    // Nobody may wait for an old frame of something live: it makes room for the newest.
                    if let Err(TrySendError::Full(newest)) = give.try_send(buffer) {
                        spare = oldest.try_recv().ok();
                        let _ = give.try_send(newest);
                    }
                } else if give.send(buffer).is_err() {
                    return;
                }
            }
        });
        self.running = Some(Running { child, full, free, complaint });
        self.first = (at_s * self.fps).round() as u64;
        self.begin_s = self.first as f64 / self.fps;
        self.count = 0;
        self.last_frame = Instant::now();
        Ok(())
    }

    /// The pipe is at its end: the video is, or ffmpeg failed.
    fn ended(&mut self) -> Result<Read, SourceError> {
        let Some(mut running) = self.running.take() else { return Ok(Read::End) };
        let failed = running.child.wait().is_ok_and(|status| !status.success());
        let complaint = running.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.info.pace == Pace::Live {
            return Err(SourceError::Stalled { name: self.info.name.clone() });
        }
        // A video that ends in damage has still been shown up to there.
        if self.count == 0 && self.first == 0 {
            let reason =
                if complaint.is_empty() { "it holds no images".into() } else { said_by_ffmpeg(&complaint) };
            return Err(self.input.unreadable(reason));
        }
        if failed {
            tracing::warn!("{} ended early: {complaint}", self.info.name);
        }
        Ok(Read::End)
    }
}

impl Source for Video {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let Some(running) = &self.running else { return Ok(Read::End) };
        match running.full.recv_timeout(timeout) {
            Ok(buffer) => {
                let used = std::mem::replace(&mut into.data, buffer);
                let _ = running.free.try_send(used);
                (into.width, into.height) = self.info.size;
                into.format = if self.nv12.is_some() { PixelFormat::Nv12 } else { PixelFormat::Rgba8 };
                into.matrix = self.nv12.unwrap_or_default();
                into.sequence = self.first + self.count;
                into.time_s = Some(self.begin_s + self.count as f64 / self.fps);
                into.captured = Instant::now();
                into.origin = None;
                self.count += 1;
                self.last_frame = into.captured;
                Ok(Read::Frame)
            }
            Err(RecvTimeoutError::Timeout) if self.last_frame.elapsed() > SILENCE => {
                self.running = None;
                Err(SourceError::Stalled { name: self.info.name.clone() })
            }
            Err(RecvTimeoutError::Timeout) => Ok(Read::Nothing),
            Err(RecvTimeoutError::Disconnected) => self.ended(),
        }
    }

    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        if self.info.pace == Pace::Live {
            return Err(SourceError::NotSeekable);
        }
        let last = self.info.duration_s.map_or(f64::MAX, |d| (d - 1.5 / self.fps).max(0.0));
        let at = if time_s.is_finite() { time_s.clamp(0.0, last) } else { 0.0 };
        self.start(at)
    }
}

/// Starts a program with its output piped; `None` where it isn't installed.
fn spawn(command: &mut Command) -> Result<Option<Child>, String> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    match started {
        Ok(child) => Ok(Some(child)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("ffmpeg couldn't be started ({e})")),
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(work) {
        tracing::error!("{name} couldn't be started: {error}");
    }
}

/// ffmpeg's last words without the name of the file, which the sentence around them has.
fn said_by_ffmpeg(line: &str) -> String {
    let words = line.rsplit_once(": ").map_or(line, |(_, words)| words).trim().trim_end_matches('.');
    format!("ffmpeg says \u{201c}{words}\u{201d}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A video of 10 frames at 5 a second, 32×16; frame n is grey 20·n.
    fn video(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        let raw: Vec<u8> = (0..10u8).flat_map(|n| vec![n * 20; 32 * 16]).collect();
        let mut child = Command::new("ffmpeg")
            .args([
                "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "32x16", "-r", "5", "-i",
                "-",
            ])
            .args(["-c:v", "ffv1", "-pix_fmt", "gray", "-f", "matroska"])
            .arg(Input::File(path.clone()).argument())
            .stdin(Stdio::piped())
            .spawn()
            .expect("ffmpeg runs");
        std::io::Write::write_all(&mut child.stdin.take().expect("piped"), &raw).expect("written");
        assert!(child.wait().expect("ends").success());
        path
    }

    fn next(video: &mut Video) -> Option<(u64, f64, u8)> {
        let mut frame = Frame::default();
        loop {
            match video.read(&mut frame, Duration::from_secs(1)).expect("readable") {
                Read::Frame => {
                    assert!(frame.is_whole());
                    return Some((frame.sequence, frame.time_s.expect("a video"), frame.data[0]));
                }
                Read::Nothing => {}
                Read::End => return None,
            }
        }
    }

    #[test]
    fn every_frame_comes_once_with_its_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut video = Video::file(&video(folder.path(), "-odd: name?.mkv")).expect("opens");
        assert_eq!((video.info().size, video.info().fps), ((32, 16), Some(5.0)));
        let frames: Vec<_> = std::iter::from_fn(|| next(&mut video)).collect();
        let numbers: Vec<u64> = frames.iter().map(|f| f.0).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        for (n, time_s, grey) in &frames {
            assert!(
                (time_s - *n as f64 * 0.2).abs() < 1e-6 && grey.abs_diff(*n as u8 * 20) <= 1,
                "{n} {time_s} {grey}"
            );
        }
        assert_eq!(video.read(&mut Frame::default(), Duration::ZERO), Ok(Read::End), "the end stays the end");
    }

    #[test]
    fn films_keep_their_colours_whatever_matrix_they_are_made_with() {
        let folder = tempfile::tempdir().expect("a folder");
        for (space, matrix) in
            [("bt709", Some(YuvMatrix::Bt709)), ("smpte170m", Some(YuvMatrix::Bt601)), ("", None)]
        {
            let path = folder.path().join(format!("{space}.mkv"));
            let mut command = Command::new("ffmpeg");
            command.args([
                "-v",
                "error",
                "-y",
                "-f",
                "lavfi",
                "-i",
                "color=0x40C020:size=32x16:rate=5:duration=0.4",
            ]);
            match matrix {
                Some(_) => command
                    .args(["-vf", &format!("scale=out_color_matrix={space}:out_range=tv")])
                    .args(["-pix_fmt", "yuv420p", "-colorspace", space, "-color_range", "tv"]),
                // Not halved: ffmpeg makes RGBA of it.
                None => command.args(["-pix_fmt", "yuv444p"]),
            };
            assert!(command.args(["-c:v", "ffv1"]).arg(&path).status().expect("ffmpeg runs").success());
            let mut video = Video::file(&path).expect("opens");
            assert_eq!(video.nv12, matrix, "{space}");
            let (mut raw, mut frame) = (Frame::default(), Frame::default());
            while video.read(&mut raw, Duration::from_secs(1)).expect("readable") != Read::Frame {}
            crate::frame::convert::Decoder::default().decode(&raw, &mut frame).expect("decoded");
            let pixel = &frame.data[..4];
            let near = pixel.iter().zip([0x40, 0xC0, 0x20, 255u8]).all(|(a, b)| a.abs_diff(b) <= 3);
            assert!(near, "{space}: {pixel:?}");
        }
    }

    #[test]
    fn seeking_goes_to_that_frame() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut video = Video::file(&video(folder.path(), "a.mkv")).expect("opens");
        for (to, number) in [(1.0, 5), (0.0, 0), (100.0, 9), (-3.0, 0), (f64::NAN, 0)] {
            video.seek(to).expect("sought");
            let (n, _, grey) = next(&mut video).expect("a frame");
            assert!(n.abs_diff(number) <= 1 && grey.abs_diff(n as u8 * 20) <= 1, "{to}: {n} {grey}");
        }
    }

    #[test]
    fn what_is_no_video_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        assert!(matches!(Video::file(&path), Err(SourceError::NoFile { .. })));
        for content in [&b""[..], b"not a video at all"] {
            std::fs::write(&path, content).expect("written");
            let answer = Video::file(&path);
            assert!(matches!(answer, Err(SourceError::Unreadable { .. })), "{answer:?}");
        }
    }
}
