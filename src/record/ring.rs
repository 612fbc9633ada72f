//! The last seconds of video, encoded and kept in memory, so that a clip can begin before its event.
//!
//! ffmpeg hands back a fragmented MP4 (ISO/IEC 14496-12): a head (`ftyp`, `moov`), then a fragment (`moof`, `mdat`) for each second, which
//! begins with a key frame. A clip is the head with the fragments of its time, copied into an ordinary file.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::encoder::{Container, best};
use super::encoding::{Encoding, NoStart};
use super::process::Process;
use super::video_file::copy_into;
use super::{Clock, RecordError};
use crate::frame::Frame;
use crate::save::FrameRecord;

/// The most that is kept, in bytes.
const MOST_BYTES: usize = 160 << 20;
/// A box of the stream that is larger is damaged.
const LARGEST_BOX: u64 = 64 << 20;
/// Frames that wait for an encoder that runs.
const QUEUE: usize = 6;
/// Frames that wait for one that starts, at most; as bytes, no more than [`MOST_BYTES`].
const STARTING: usize = 150;
/// An encoder that doesn't keep up so long after its start doesn't keep up at all.
const START: Duration = Duration::from_secs(3);
/// It is taken to have begun so long after the ring did, even if it takes no frame.
const HANGS: Duration = Duration::from_secs(20);
/// Units of time in a second: that of the stream.
const TIMESCALE: u64 = 90_000;

/// A quarter of a second of video or so.
#[derive(Clone)]
struct Fragment {
    start: Duration,
    /// It begins with a key frame: a clip can begin with it.
    is_key: bool,
    frames: u64,
    bytes: Arc<[u8]>,
}

/// What the encoder has made.
#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    fragments: VecDeque<Fragment>,
    bytes: usize,
    /// What ended before this may go.
    from: Duration,
    /// The encoder has ended.
    is_over: bool,
    /// Nobody needs it any more: that it ends is no news.
    is_closed: bool,
    /// Since when the encoder keeps up with the frames: before, it is being started.
    begun: Option<Instant>,
    process: Option<Process>,
    /// Why nothing is kept.
    trouble: Option<Arc<RecordError>>,
}

impl Kept {
    fn add(&mut self, fragment: Fragment) {
        self.bytes += fragment.bytes.len();
        self.fragments.push_back(fragment);
        // All until the next key frame go together.
        loop {
            let next = self.fragments.iter().skip(1).find(|fragment| fragment.is_key);
            let is_old = next.is_some_and(|next| next.start <= self.from);
            if !is_old && self.bytes <= MOST_BYTES {
                return;
            }
            while let Some(first) = self.fragments.pop_front() {
                self.bytes -= first.bytes.len();
                if self.fragments.front().is_none_or(|fragment| fragment.is_key) {
                    break;
                }
            }
            if self.fragments.is_empty() {
                return;
            }
        }
    }
}

/// See the module. All frames have one size.
pub(super) struct Ring {
    frames: Option<Sender<(Duration, Arc<Frame>)>>,
    started: Instant,
    kept: Arc<Mutex<Kept>>,
    clock: Clock,
    size: (u32, u32),
    /// What was found in each frame, by time.
    records: VecDeque<(Duration, FrameRecord)>,
    count: u64,
    seconds: u32,
}

impl Ring {
    /// Starts to keep so many seconds of frames like this one. Frames wait while the encoder is looked for and started; [`Self::trouble`]
    /// says if it couldn't be.
    pub fn start(seconds: u32, fps: f64, frame: &Frame) -> Result<Self, RecordError> {
        let size = (frame.width, frame.height);
        let kept = Arc::<Mutex<Kept>>::default();
        let most = MOST_BYTES / frame.data.len().max(1);
        let (frames, queue) = bounded(most.clamp(QUEUE, STARTING));
        let of_thread = Arc::clone(&kept);
        let thread = std::thread::Builder::new().name("sightline-encode".into()).spawn(move || {
            let encoded = encode(size, fps, &queue, &of_thread);
            let mut kept = lock(&of_thread);
            if let Err(error) = encoded
                && !kept.is_closed
            {
                tracing::warn!("the last seconds can't be kept: {error}");
                kept.trouble = Some(Arc::new(error));
                kept.is_over = true;
            }
        });
        thread.map_err(|error| no_start(error.to_string()))?;
        Ok(Self {
            frames: Some(frames),
            started: Instant::now(),
            kept,
            clock: Clock::new(true, fps),
            size,
            records: VecDeque::new(),
            count: 0,
            seconds,
        })
    }

    /// Whether a frame of this size can be added.
    pub fn fits(&self, frame: &Frame) -> bool {
        (frame.width, frame.height) == self.size
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    pub fn seconds(&self) -> u32 {
        self.seconds
    }

    pub fn set_seconds(&mut self, seconds: u32) {
        self.seconds = seconds;
    }

    /// Whether the encoder has ended: nothing is kept any more.
    pub fn is_over(&self) -> bool {
        lock(&self.kept).is_over
    }

    /// Why the encoder couldn't be started, or ended early.
    pub fn trouble(&self) -> Option<Arc<RecordError>> {
        lock(&self.kept).trouble.clone()
    }

    /// Since when the encoder keeps up, or should; `None` while it is being started.
    pub fn begun(&self) -> Option<Instant> {
        let hangs = || Some(self.started + HANGS).filter(|since| *since <= Instant::now());
        lock(&self.kept).begun.or_else(hangs)
    }

    /// One whose encoder takes nothing, since so long ago.
    #[cfg(test)]
    pub fn hanging(since: Duration) -> Self {
        let mut ring = Self {
            frames: None,
            started: Instant::now(),
            kept: Arc::default(),
            clock: Clock::new(true, 30.0),
            size: (64, 48),
            records: VecDeque::new(),
            count: 0,
            seconds: 5,
        };
        ring.started = ring.started.checked_sub(since).expect("a machine that has run so long");
        ring
    }

    /// No more frames come: lets the encoder finish those that it has, for as long as this.
    pub fn finish(&mut self, limit: Duration) {
        self.frames = None;
        let until = Instant::now() + limit;
        while !self.is_over() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Adds a frame, and what was found in it. What is older than the seconds, and than `needed`, may go.
    pub fn add(
        &mut self,
        frame: &Frame,
        image: Arc<Frame>,
        record: impl FnOnce(Duration, u64) -> Option<FrameRecord>,
        needed: Option<Duration>,
    ) {
        let at = self.clock.time_of(frame);
        let from = at.saturating_sub(Duration::from_secs(self.seconds.into()));
        let from = needed.map_or(from, |needed| needed.min(from));
        let has_begun = {
            let mut kept = lock(&self.kept);
            kept.from = from;
            kept.begun.is_some()
        };
        // An encoder that is behind loses frames, nobody waits for it. While it starts, they wait, so that the first second isn't lost.
        let is_taken = self.frames.as_ref().is_some_and(|frames| {
            let has_room = !has_begun || frames.len() < QUEUE;
            has_room && frames.try_send((at, image)).is_ok()
        });
        if is_taken && let Some(record) = record(at, self.count) {
            self.records.push_back((at, record));
        }
        self.count += 1;
        // A clip begins up to a second before its time, with a key frame.
        let records_from = from.saturating_sub(Duration::from_secs(2));
        while self.records.front().is_some_and(|(at, _)| *at < records_from) {
            self.records.pop_front();
        }
    }

    /// The time of its last frame.
    pub fn now(&self) -> Duration {
        self.clock.last()
    }

    /// Whether everything until this moment has been encoded.
    pub fn has_until(&self, until: Duration) -> bool {
        let kept = lock(&self.kept);
        kept.is_over || kept.fragments.back().is_some_and(|last| last.start >= until)
    }

    /// The video from the key frame before `from` to the fragment with `until`, and what was found in its frames; `None` if there is none.
    pub fn cut(&self, from: Duration, until: Duration) -> Option<Cut> {
        let kept = lock(&self.kept);
        let begins = |fragment: &Fragment| fragment.is_key && fragment.start <= from;
        let first = kept.fragments.iter().rposition(begins);
        let first = first.or_else(|| kept.fragments.iter().position(|fragment| fragment.is_key))?;
        let fragments: Vec<Fragment> = kept
            .fragments
            .iter()
            .skip(first)
            .take_while(|fragment| fragment.start <= until)
            .cloned()
            .collect();
        let begin = fragments.first()?.start;
        let end = kept.fragments.get(first + fragments.len()).map_or(self.now(), |next| next.start);
        let inside = |(at, _): &&(Duration, FrameRecord)| *at >= begin && *at < end;
        let records = self.records.iter().filter(inside).map(|(at, record)| {
            let time_s = at.saturating_sub(begin).as_secs_f64();
            FrameRecord { time_s: Some((time_s * 1000.0).round() / 1000.0), ..record.clone() }
        });
        let mut records: Vec<FrameRecord> = records.collect();
        let first = records.first().map_or(0, |record| record.frame);
        for record in &mut records {
            record.frame -= first;
        }
        let frames = fragments.iter().map(|fragment| fragment.frames).sum();
        Some(Cut { head: kept.head.clone(), fragments, records, frames, length: end.saturating_sub(begin) })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // What is kept is gone: the encoder's last frames are of no use.
        let mut kept = lock(&self.kept);
        kept.is_closed = true;
        self.frames = None;
        if let Some(process) = &kept.process {
            process.kill();
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_start(reason: String) -> RecordError {
    RecordError::Ended { path: PathBuf::new(), reason }
}

/// Finds an encoder, starts it, and gives it the frames, until no more come.
fn encode(
    size: (u32, u32),
    fps: f64,
    queue: &Receiver<(Duration, Arc<Frame>)>,
    kept: &Arc<Mutex<Kept>>,
) -> Result<(), RecordError> {
    let encoder = best(Container::Mp4, size)?;
    let started = Encoding::start(&encoder, size, fps, |command| {
        // A key frame each second of time, whatever the rate is: with each begins a fragment.
        command.args([
            "-force_key_frames",
            "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1))",
            "-g",
            "600",
        ]);
        command.args([
            "-movflags",
            "+frag_keyframe+empty_moov+default_base_moof",
            "-frag_duration",
            "250000",
        ]);
        command.args(["-video_track_timescale", &TIMESCALE.to_string(), "-flush_packets", "1"]);
        command.args(["-f", "mp4", "pipe:1"]).stdout(Stdio::piped());
    });
    let (mut encoding, made) = match started {
        Ok((encoding, Some(made))) => (encoding, made),
        Ok((_, None)) | Err(NoStart::NoFfmpeg) => return Err(RecordError::NoFfmpeg),
        Err(NoStart::Log(error)) => return Err(no_start(error.to_string())),
        Err(NoStart::Ended(reason)) => return Err(no_start(reason)),
    };
    {
        let mut kept = lock(kept);
        kept.process = Some(encoding.process());
        if kept.is_closed {
            encoding.process().kill();
            return Ok(());
        }
    }
    let of_reader = Arc::clone(kept);
    let reader = std::thread::Builder::new().name("sightline-keep".into()).spawn(move || {
        let read = read_fragments(made, &of_reader);
        let mut kept = lock(&of_reader);
        if let Err(error) = read
            && !kept.is_closed
        {
            tracing::warn!("the last seconds can't be kept: {error}");
        }
        kept.is_over = true;
    });
    if let Err(error) = reader {
        encoding.process().kill();
        return Err(no_start(error.to_string()));
    }
    let (mut has_begun, started) = (false, Instant::now());
    for (at, frame) in queue {
        encoding.add(at, &frame.data).map_err(no_start)?;
        if !has_begun && (queue.len() < QUEUE || started.elapsed() > START) {
            has_begun = true;
            lock(kept).begun = Some(Instant::now());
        }
    }
    // What it has left is of no use if nobody needs it.
    let _ = encoding.end();
    Ok(())
}

/// A part of what is kept.
pub(super) struct Cut {
    head: Vec<u8>,
    fragments: Vec<Fragment>,
    pub records: Vec<FrameRecord>,
    /// How many frames it has.
    pub frames: u64,
    pub length: Duration,
}

impl Cut {
    /// Writes it into a file of this kind, which is replaced.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn write(
        &self,
        target: &Path,
        container: Container,
        started: impl FnOnce(Process),
    ) -> Result<(), RecordError> {
        let folder = target.parent().unwrap_or(Path::new("."));
        let failed = |error: io::Error| RecordError::unwritable(target, &error);
        let raw = tempfile::Builder::new().prefix(".sightline-").suffix(".part").tempfile_in(folder);
        let mut raw = raw.map_err(failed)?;
        let mut parts = std::iter::once(&self.head[..]).chain(self.fragments.iter().map(|f| &*f.bytes));
        parts.try_for_each(|part| io::Write::write_all(&mut raw, part)).map_err(failed)?;
        copy_into(raw.path(), target, container, started)
    }
}

/// Reads the encoder's stream until it ends.
fn read_fragments(mut stream: ChildStdout, kept: &Mutex<Kept>) -> io::Result<()> {
    let mut fragment = Vec::new();
    let mut start = None;
    let begin = Instant::now();
    while let Some((name, bytes)) = read_box(&mut stream)? {
        match &name {
            b"moof" => {
                let (is_key, frames) = samples(&bytes).unwrap_or((true, 0));
                start = Some((decode_time(&bytes).unwrap_or_else(|| begin.elapsed()), is_key, frames));
                fragment = bytes;
            }
            b"mdat" => {
                fragment.extend_from_slice(&bytes);
                if let Some((start, is_key, frames)) = start.take() {
                    let bytes = std::mem::take(&mut fragment).into();
                    lock(kept).add(Fragment { start, is_key, frames, bytes });
                }
            }
            b"ftyp" | b"moov" => lock(kept).head.extend_from_slice(&bytes),
            _ => {}
        }
    }
    Ok(())
}

/// Reads a whole box, with its size and name; `None` at the end of the stream.
fn read_box(stream: &mut impl Read) -> io::Result<Option<([u8; 4], Vec<u8>)>> {
    let mut head = [0; 8];
    match stream.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = head.to_vec();
    let mut size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
    if size == 1 {
        let mut large = [0; 8];
        stream.read_exact(&mut large)?;
        bytes.extend_from_slice(&large);
        size = u64::from_be_bytes(large);
    }
    let rest = size.checked_sub(bytes.len() as u64).filter(|_| size <= LARGEST_BOX);
    let Some(rest) = rest else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the encoder's stream is damaged"));
    };
    let read = stream.take(rest).read_to_end(&mut bytes)?;
    if (read as u64) < rest {
        return Ok(None);
    }
    Ok(Some(([head[4], head[5], head[6], head[7]], bytes)))
}

/// The time at which a fragment begins: `moof` ▸ `traf` ▸ `tfdt`.
fn decode_time(moof: &[u8]) -> Option<Duration> {
    let tfdt = find(find(moof.get(8..)?, *b"traf")?, *b"tfdt")?;
    let time = match tfdt.first()? {
        0 => u64::from(u32::from_be_bytes(tfdt.get(4..8)?.try_into().ok()?)),
        _ => u64::from_be_bytes(tfdt.get(4..12)?.try_into().ok()?),
    };
    Some(Duration::from_secs_f64(time as f64 / TIMESCALE as f64))
}

/// Whether a fragment begins with a key frame, and how many frames it has: `moof` ▸ `traf` ▸ `tfhd` and `trun`.
fn samples(moof: &[u8]) -> Option<(bool, u64)> {
    /// Fields that are there if a flag is set, in their order: each has four bytes, but the base's eight.
    const DEFAULTS: [(u32, usize); 4] = [(0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)];
    /// A sample's flags say that it needs others.
    const NO_KEY: u32 = 0x0001_0000;
    let number = |bytes: &[u8], at: usize| {
        Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
    };
    let track = find(moof.get(8..)?, *b"traf")?;
    let (head, run) = (find(track, *b"tfhd")?, find(track, *b"trun")?);
    let (head_flags, run_flags) = (number(head, 0)? & 0xff_ffff, number(run, 0)? & 0xff_ffff);
    let before: usize =
        DEFAULTS.iter().filter(|(flag, _)| head_flags & flag != 0).map(|(_, size)| size).sum();
    let usual = if head_flags & 0x20 != 0 { number(head, 8 + before)? } else { 0 };
    let after_offset = 8 + if run_flags & 0x1 != 0 { 4 } else { 0 };
    let flags = if run_flags & 0x4 != 0 {
        number(run, after_offset)?
    } else if run_flags & 0x400 != 0 {
        let before = [0x100, 0x200].iter().filter(|flag| run_flags & **flag != 0).count() * 4;
        number(run, after_offset + before)?
    } else {
        usual
    };
    Some((flags & NO_KEY == 0, u64::from(number(run, 4)?)))
}

/// The content of the first box of this name among boxes.
fn find(mut boxes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    while let Some(head) = boxes.first_chunk::<8>() {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let whole = boxes.get(..size).filter(|_| size >= 8)?;
        if head[4..] == name {
            return Some(&whole[8..]);
        }
        boxes = &boxes[size..];
    }
    None
}
