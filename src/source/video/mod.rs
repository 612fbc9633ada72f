//! Videos and network streams, decoded by the programs `ffprobe` and `ffmpeg`.
//!
//! ffmpeg writes raw frames (NV12, or RGBA if that is not possible) into a pipe. A thread reads them into buffers that go
//! round in a ring, so that a read never waits longer than its timeout and nothing is allocated per frame. Seeking starts
//! ffmpeg again at the new position. Dropping the video kills ffmpeg and ends the thread.

mod probe;
mod process;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use self::probe::{Probe, probe};
pub(super) use self::process::end_all as end_programs;
use self::process::{Process, ProcessError, spawn_thread};
use super::address::without_user;
use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::file_kind::FileKind;
use crate::frame::{Frame, PixelFormat, YuvMatrix};
use crate::latest::{Closed, LatestReader, Take, latest};

/// Decoded frames that wait to be read.
const AHEAD: usize = 2;
/// A video or stream that delivers nothing for this long has stalled.
const STALL: Duration = Duration::from_secs(10);

/// A video or stream.
#[derive(Debug)]
pub struct Video {
    input: Input,
    info: SourceInfo,
    fps: f64,
    /// Frames are brought to that rate.
    varies: bool,
    /// The matrix of frames that come as NV12; `None` if they come as RGBA.
    nv12: Option<YuvMatrix>,
    /// The file as it was when the above was read; another one may lie there when ffmpeg is started again.
    stamp: Option<Stamp>,
    /// `None` at the end of the video.
    running: Option<Running>,
    /// Number of the first frame since the last seek.
    first: u64,
    /// Frames read since the last seek.
    count: u64,
    last_frame: Instant,
}

/// When a file was changed, and its length.
type Stamp = (SystemTime, u64);

/// What ffmpeg opens.
#[derive(Clone, Debug)]
enum Input {
    File(PathBuf),
    Address(String),
}

impl Input {
    /// The argument for ffmpeg. Without `file:`, a name with a colon or a leading dash means something else to ffmpeg.
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

    /// `None` for an address.
    fn stamp(&self) -> Result<Option<Stamp>, SourceError> {
        let Self::File(path) = self else { return Ok(None) };
        let stamp = std::fs::metadata(path).and_then(|meta| Ok((meta.modified()?, meta.len())));
        stamp.map(Some).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::NoFile { path: path.clone() },
            _ => self.unreadable(error.to_string()),
        })
    }

    fn unreadable(&self, reason: String) -> SourceError {
        match self {
            Self::File(path) => SourceError::Unreadable { path: path.clone(), reason },
            Self::Address(text) => SourceError::Stream { name: without_user(text).into_owned(), reason },
        }
    }

    fn failed(&self, error: ProcessError) -> SourceError {
        match error {
            ProcessError::NotInstalled => SourceError::NoFfmpeg,
            ProcessError::Failed(reason) => self.unreadable(reason),
        }
    }
}

/// A running ffmpeg with the ring of buffers. Dropping it ends the program, which ends the thread that reads the frames:
/// the thread holds only its own ends of the channels.
#[derive(Debug)]
struct Running {
    process: Process,
    frames: Frames,
    /// Buffers that were read and can be filled again.
    free: Sender<Vec<u8>>,
}

/// The frames that were read from ffmpeg.
#[derive(Debug)]
enum Frames {
    /// Of a video: every frame, in order. ffmpeg waits when the queue is full.
    Every(Receiver<Vec<u8>>),
    /// Of something live: only the newest frame.
    Newest(LatestReader<Vec<u8>>),
}

impl Frames {
    fn take(&self, timeout: Duration) -> Take<Vec<u8>> {
        match self {
            Self::Newest(frames) => frames.take(timeout),
            Self::Every(frames) => match frames.recv_timeout(timeout) {
                Ok(buffer) => Take::Value(buffer),
                Err(RecvTimeoutError::Timeout) => Take::Timeout,
                Err(RecvTimeoutError::Disconnected) => Take::Closed,
            },
        }
    }
}

impl Video {
    /// Opens a video.
    ///
    /// # Errors
    /// If it does not exist, is not a video, or ffmpeg is missing.
    pub fn file(path: &Path) -> Result<Self, SourceError> {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() && meta.len() == 0 => {
                return Err(SourceError::Unreadable { path: path.to_owned(), reason: "it is empty".into() });
            }
            // Reading a pipe waits until somebody writes into it, and a video is opened more than once.
            Ok(meta) => {
                if let Some(kind) = FileKind::unless_file(&meta) {
                    return Err(SourceError::NotMedia { path: path.to_owned(), kind });
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(SourceError::NoFile { path: path.to_owned() });
            }
            Err(e) => return Err(SourceError::Unreadable { path: path.to_owned(), reason: e.to_string() }),
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::open(Input::File(path.to_owned()), name).map_err(|error| match error {
            SourceError::Unreadable { path, reason } => match FileKind::of(&path) {
                Some(kind) => SourceError::NotMedia { path, kind },
                None => SourceError::Unreadable { path, reason },
            },
            other => other,
        })
    }

    /// Opens a network stream. One with a known length is a video.
    ///
    /// # Errors
    /// If it cannot be reached or read, or ffmpeg is missing.
    pub fn stream(address: &str) -> Result<Self, SourceError> {
        Self::open(Input::Address(address.to_owned()), without_user(address).into_owned())
    }

    fn open(input: Input, name: String) -> Result<Self, SourceError> {
        let stamp = input.stamp()?;
        let probe = probe(&input)?;
        let pace = match (&input, probe.duration_s) {
            (Input::Address(_), None) => Pace::Live,
            _ => Pace::Video,
        };
        let mut video = Self {
            input,
            info: info(name, pace, &probe),
            fps: probe.fps,
            varies: probe.varies,
            nv12: probe.nv12,
            stamp,
            running: None,
            first: 0,
            count: 0,
            last_frame: Instant::now(),
        };
        video.start(0)?;
        Ok(video)
    }

    /// Looks at the file again if it is another one than before: its frames may have another size.
    fn renew(&mut self) -> Result<(), SourceError> {
        let stamp = self.input.stamp()?;
        if stamp == self.stamp {
            return Ok(());
        }
        let probe = probe(&self.input)?;
        self.info = info(self.info.name.clone(), self.info.pace, &probe);
        (self.fps, self.varies) = (probe.fps, probe.varies);
        (self.nv12, self.stamp) = (probe.nv12, stamp);
        Ok(())
    }

    /// Starts ffmpeg so that frame number `first` is the next one.
    fn start(&mut self, first: u64) -> Result<(), SourceError> {
        // Frames from before the seek go with the program that decoded them.
        self.running = None;
        let live = self.info.pace == Pace::Live;
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error"]);
        if live {
            command.args(["-fflags", "nobuffer", "-flags", "low_delay"]);
        }
        if first > 0 {
            // ffmpeg begins with the first frame at or after the given time. Containers round the times of their frames,
            // so the given time is half a frame earlier.
            command.args(["-ss", &format!("{:.6}", (first as f64 - 0.5) / self.fps)]);
        }
        command.arg("-i").arg(self.input.argument());
        command.args(["-map", "0:v:0", "-an", "-sn", "-dn"]);
        if self.varies {
            // Frames are repeated or left out, so that each has its time.
            command.args(["-vsync", "cfr", "-r", &self.fps.to_string()]);
        } else {
            command.args(["-vsync", "passthrough"]);
        }
        let pixels = if self.nv12.is_some() { "nv12" } else { "rgba" };
        let (width, height) = self.info.size;
        // Whatever lies there by now, frames have the size that is read: the pipe holds bytes, and nothing tells where one ends.
        command.args(["-s", &format!("{width}x{height}")]);
        command.args(["-f", "rawvideo", "-pix_fmt", pixels, "pipe:1"]);
        let (process, pipe) = Process::start(&mut command).map_err(|e| self.input.failed(e))?;
        let len = self.format().byte_len(width, height).unwrap_or_default();
        // One buffer more than can wait, for the thread; and a place for the one that the caller gives back.
        let (free, empty) = bounded::<Vec<u8>>(AHEAD + 2);
        for _ in 0..=AHEAD {
            let _ = free.try_send(Vec::new());
        }
        let (frames, read): (_, Box<dyn FnOnce() + Send>) = if live {
            let (writer, reader) = latest();
            let read = move || read_frames(pipe, len, &empty, |buffer| writer.replace(buffer));
            (Frames::Newest(reader), Box::new(read))
        } else {
            let (sender, receiver) = bounded(AHEAD);
            let send = move |buffer| sender.send(buffer).map(|()| None).map_err(|_| Closed);
            (Frames::Every(receiver), Box::new(move || read_frames(pipe, len, &empty, send)))
        };
        spawn_thread("sightline-video", read).map_err(|e| self.input.unreadable(e.to_string()))?;
        self.running = Some(Running { process, frames, free });
        self.first = first;
        self.count = 0;
        self.last_frame = Instant::now();
        Ok(())
    }

    /// The format of the frames that ffmpeg writes.
    fn format(&self) -> PixelFormat {
        if self.nv12.is_some() { PixelFormat::Nv12 } else { PixelFormat::Rgba8 }
    }

    /// Called when ffmpeg's output has ended: the video is at its end, or ffmpeg failed.
    fn ended(&mut self) -> Result<Read, SourceError> {
        let Some(running) = self.running.take() else { return Ok(Read::End) };
        if self.info.pace == Pace::Live {
            return Err(SourceError::StreamStalled { name: self.info.name.clone() });
        }
        let (succeeded, complaint) = running.process.finish();
        // A video that is damaged further on was shown up to there.
        if self.count == 0 && self.first == 0 {
            let reason =
                if complaint.is_empty() { "it holds no images".into() } else { ffmpeg_message(&complaint) };
            return Err(self.input.unreadable(reason));
        }
        if !succeeded {
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
        match running.frames.take(timeout) {
            Take::Value(buffer) => {
                let used = std::mem::replace(&mut into.data, buffer);
                let _ = running.free.try_send(used);
                (into.width, into.height) = self.info.size;
                into.format = self.format();
                into.matrix = self.nv12.unwrap_or_default();
                into.sequence = self.first + self.count;
                into.time_s = Some(into.sequence as f64 / self.fps);
                into.captured = Instant::now();
                into.origin = None;
                self.count += 1;
                self.last_frame = into.captured;
                Ok(Read::Frame)
            }
            Take::Timeout if self.last_frame.elapsed() > STALL => {
                self.running = None;
                let name = self.info.name.clone();
                Err(match self.input {
                    Input::File(_) => SourceError::VideoStalled { name, after: STALL },
                    Input::Address(_) => SourceError::StreamStalled { name },
                })
            }
            Take::Timeout => Ok(Read::Nothing),
            Take::Closed => self.ended(),
        }
    }

    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        if self.info.pace == Pace::Live {
            return Err(SourceError::NotSeekable);
        }
        self.renew()?;
        let last = self.info.duration_s.map_or(f64::MAX, |d| (d - 1.5 / self.fps).max(0.0));
        let at_s = if time_s.is_finite() { time_s.clamp(0.0, last) } else { 0.0 };
        self.start((at_s * self.fps).round() as u64)
    }
}

/// What is known of a video.
fn info(name: String, pace: Pace, probe: &Probe) -> SourceInfo {
    let (width, height) = probe.size;
    SourceInfo {
        size: probe.size,
        fps: Some(probe.fps),
        duration_s: probe.duration_s,
        frames: probe.frames,
        detail: format!("{} · {width}×{height} · {:.1} fps", probe.codec, probe.fps)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        ..SourceInfo::new(name, pace)
    }
}

/// Reads frames of `len` bytes until the pipe ends or nobody wants them. `give` passes a frame on and may return an older
/// one that nobody took.
fn read_frames(
    mut pipe: ChildStdout,
    len: usize,
    empty: &Receiver<Vec<u8>>,
    mut give: impl FnMut(Vec<u8>) -> Result<Option<Vec<u8>>, Closed>,
) {
    let mut spare = None;
    while let Some(mut buffer) = spare.take().or_else(|| empty.recv().ok()) {
        buffer.resize(len, 0);
        if pipe.read_exact(&mut buffer).is_err() {
            return;
        }
        match give(buffer) {
            Ok(old) => spare = old,
            Err(Closed) => return,
        }
    }
}

/// An error message of ffmpeg without the name of the file, which the sentence around it has.
fn ffmpeg_message(line: &str) -> String {
    let message = line.rsplit_once(": ").map_or(line, |(_, message)| message).trim().trim_end_matches('.');
    format!("ffmpeg says \u{201c}{}\u{201d}", without_user(message))
}

#[cfg(test)]
mod tests;
