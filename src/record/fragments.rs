//! A fragmented MP4 file of H.264 video (ISO/IEC 14496-12 and -15): its head first, then fragments, each of which can be played as soon as it is
//! written. At the end comes a table of the key frames, by which players seek.

use std::io::{self, Write};
use std::time::Duration;

/// Units of time in a second.
const TIMESCALE: u64 = 90_000;
/// A fragment holds so much, or less before a key frame: that is what a crash may lose.
const LENGTH: u64 = TIMESCALE / 4;
/// The track's number.
const TRACK: u32 = 1;
/// Flags of a sample: it needs others (ISO/IEC 14496-12, 8.8.3.1).
const NO_KEY: u32 = 0x0101_0000;
/// It needs no others.
const KEY: u32 = 0x0200_0000;

/// The kinds of units of H.264 that matter here.
const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;

/// A frame that waits for the next one, which tells how long it lasts.
struct Sample {
    at: u64,
    size: u32,
    is_key: bool,
}

/// See the module.
pub(super) struct Fragments<W> {
    out: W,
    size: (u32, u32),
    written: u64,
    has_head: bool,
    number: u32,
    samples: Vec<Sample>,
    /// The samples' bytes.
    data: Vec<u8>,
    /// Times and places of fragments that begin with a key frame.
    keys: Vec<(u64, u64)>,
}

impl<W: Write> Fragments<W> {
    /// A file of frames of this size; nothing is written yet.
    pub fn new(out: W, size: (u32, u32)) -> Self {
        Self {
            out,
            size,
            written: 0,
            has_head: false,
            number: 0,
            samples: Vec::new(),
            data: Vec::new(),
            keys: Vec::new(),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Adds a frame that is shown from `at` on: units of H.264, each without its start code.
    pub fn add(&mut self, at: Duration, is_key: bool, units: &[&[u8]]) -> io::Result<()> {
        let at = (at.as_nanos() * u128::from(TIMESCALE) / 1_000_000_000) as u64;
        if !self.has_head {
            let unit = |kind: u8| units.iter().find(|unit| kind_of(unit) == Some(kind));
            let (Some(sequence), Some(picture)) = (unit(SEQUENCE), unit(PICTURE)) else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the encoder's first frame is no key frame",
                ));
            };
            let head = head(self.size, sequence, picture);
            self.write(&head)?;
            self.has_head = true;
        }
        let is_due =
            self.samples.first().is_some_and(|first| is_key || at.saturating_sub(first.at) >= LENGTH);
        if is_due {
            self.flush(at)?;
        }
        let before = self.data.len();
        // The head holds those that describe the stream.
        for unit in units.iter().filter(|unit| !matches!(kind_of(unit), None | Some(SEQUENCE | PICTURE))) {
            self.data.extend_from_slice(&(unit.len() as u32).to_be_bytes());
            self.data.extend_from_slice(unit);
        }
        let size = (self.data.len() - before) as u32;
        self.samples.push(Sample { at, size, is_key });
        Ok(())
    }

    /// Writes the frames that wait; the next one is shown from `until` on.
    fn flush(&mut self, until: u64) -> io::Result<()> {
        let Some(first) = self.samples.first() else { return Ok(()) };
        let start = first.at;
        if first.is_key {
            self.keys.push((start, self.written));
        }
        self.number += 1;
        let mut moof = fragment_head(self.number, start, until, &self.samples, 0);
        let offset = moof.len() as u32 + 8;
        moof = fragment_head(self.number, start, until, &self.samples, offset);
        self.write(&moof)?;
        let size = (self.data.len() as u32 + 8).to_be_bytes();
        self.write(&size)?;
        self.write(b"mdat")?;
        let data = std::mem::take(&mut self.data);
        self.write(&data)?;
        self.data = data;
        self.data.clear();
        self.samples.clear();
        self.out.flush()
    }

    /// Writes the last frames, of which the last one lasts so long, and the table of key frames.
    pub fn finish(&mut self, last: Duration) -> io::Result<()> {
        if let Some(sample) = self.samples.last() {
            let until = sample.at + (last.as_secs_f64() * TIMESCALE as f64) as u64;
            self.flush(until)?;
        }
        let mut table = full(1, 0);
        // The numbers of track, run and sample, each in a byte.
        for number in [TRACK, 0, self.keys.len() as u32] {
            table.extend_from_slice(&number.to_be_bytes());
        }
        for (time, place) in &self.keys {
            table.extend_from_slice(&time.to_be_bytes());
            table.extend_from_slice(&place.to_be_bytes());
            table.extend_from_slice(&[1, 1, 1]);
        }
        let table = boxed(*b"tfra", &table);
        let mut last = full(0, 0);
        // The size of all of it: this box has 16 bytes, the one around both 8.
        last.extend_from_slice(&(table.len() as u32 + 16 + 8).to_be_bytes());
        let content = [table, boxed(*b"mfro", &last)].concat();
        let all = boxed(*b"mfra", &content);
        self.write(&all)?;
        self.out.flush()
    }
}

fn kind_of(unit: &[u8]) -> Option<u8> {
    unit.first().map(|byte| byte & 0x1f)
}

/// A box: its size, its name, its content.
fn boxed(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(content.len() + 8);
    all.extend_from_slice(&(content.len() as u32 + 8).to_be_bytes());
    all.extend_from_slice(&name);
    all.extend_from_slice(content);
    all
}

/// The beginning of a box with a version and flags.
fn full(version: u8, flags: u32) -> Vec<u8> {
    (u32::from(version) << 24 | flags).to_be_bytes().to_vec()
}

fn numbers(into: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        into.extend_from_slice(&value.to_be_bytes());
    }
}

/// No rotation, no scaling (ISO/IEC 14496-12, 8.2.2).
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn head((width, height): (u32, u32), sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let file = boxed(*b"ftyp", b"isom\0\0\x02\0isomiso5avc1mp41");
    let mut movie = full(0, 0);
    // Made, changed, timescale, duration; rate 1, volume 1.
    numbers(&mut movie, &[0, 0, TIMESCALE as u32, 0, 0x1_0000, 0x0100_0000, 0, 0]);
    numbers(&mut movie, &MATRIX);
    numbers(&mut movie, &[0, 0, 0, 0, 0, 0, TRACK + 1]);
    let mut track = full(0, 7);
    numbers(&mut track, &[0, 0, TRACK, 0, 0, 0, 0, 0, 0]);
    numbers(&mut track, &MATRIX);
    numbers(&mut track, &[width << 16, height << 16]);
    let mut media = full(0, 0);
    // Undetermined language.
    numbers(&mut media, &[0, 0, TIMESCALE as u32, 0, 0x55c4_0000]);
    let mut handler = full(0, 0);
    handler.extend_from_slice(b"\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0video\0");
    let mut video = full(0, 1);
    video.extend_from_slice(&[0; 8]);
    let mut reference = full(0, 0);
    numbers(&mut reference, &[1]);
    // The frames are in this file.
    reference.extend_from_slice(&boxed(*b"url ", &full(0, 1)));
    let data = boxed(*b"dinf", &boxed(*b"dref", &reference));
    let mut entries = full(0, 0);
    numbers(&mut entries, &[1]);
    entries.extend_from_slice(&entry((width, height), sequence, picture));
    let mut none = full(0, 0);
    numbers(&mut none, &[0]);
    let mut no_sizes = full(0, 0);
    numbers(&mut no_sizes, &[0, 0]);
    let table = [
        boxed(*b"stsd", &entries),
        boxed(*b"stts", &none),
        boxed(*b"stsc", &none),
        boxed(*b"stsz", &no_sizes),
        boxed(*b"stco", &none),
    ]
    .concat();
    let content = [boxed(*b"vmhd", &video), data, boxed(*b"stbl", &table)].concat();
    let media = [boxed(*b"mdhd", &media), boxed(*b"hdlr", &handler), boxed(*b"minf", &content)].concat();
    let track = [boxed(*b"tkhd", &track), boxed(*b"mdia", &media)].concat();
    let mut defaults = full(0, 0);
    numbers(&mut defaults, &[TRACK, 1, 0, 0, 0]);
    let movie =
        [boxed(*b"mvhd", &movie), boxed(*b"trak", &track), boxed(*b"mvex", &boxed(*b"trex", &defaults))]
            .concat();
    [file, boxed(*b"moov", &movie)].concat()
}

/// How the frames are encoded: `avc1` with `avcC` (ISO/IEC 14496-15, 5.3.3.1).
fn entry((width, height): (u32, u32), sequence: &[u8], picture: &[u8]) -> Vec<u8> {
    let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1];
    entry.extend_from_slice(&[0; 16]);
    entry.extend_from_slice(&(width as u16).to_be_bytes());
    entry.extend_from_slice(&(height as u16).to_be_bytes());
    // 72 dots an inch, one frame a sample, no name, 24 bits.
    numbers(&mut entry, &[0x0048_0000, 0x0048_0000, 0]);
    entry.extend_from_slice(&[0, 1]);
    entry.extend_from_slice(&[0; 32]);
    entry.extend_from_slice(&[0, 24, 0xff, 0xff]);
    let profile = |place: usize| sequence.get(place).copied().unwrap_or_default();
    let mut config = vec![1, profile(1), profile(2), profile(3), 0xff, 0xe1];
    config.extend_from_slice(&(sequence.len() as u16).to_be_bytes());
    config.extend_from_slice(sequence);
    config.push(1);
    config.extend_from_slice(&(picture.len() as u16).to_be_bytes());
    config.extend_from_slice(picture);
    entry.extend_from_slice(&boxed(*b"avcC", &config));
    boxed(*b"avc1", &entry)
}

/// The head of a fragment; its data begins `offset` bytes after its beginning.
fn fragment_head(number: u32, start: u64, until: u64, samples: &[Sample], offset: u32) -> Vec<u8> {
    let mut sequence = full(0, 0);
    numbers(&mut sequence, &[number]);
    let mut track = full(0, 0x2_0000);
    numbers(&mut track, &[TRACK]);
    let mut time = full(1, 0);
    time.extend_from_slice(&start.to_be_bytes());
    // Each sample has a duration, a size and flags.
    let mut run = full(0, 0x1 | 0x100 | 0x200 | 0x400);
    numbers(&mut run, &[samples.len() as u32, offset]);
    let ends = samples.iter().skip(1).map(|next| next.at).chain([until]);
    for (sample, end) in samples.iter().zip(ends) {
        let flags = if sample.is_key { KEY } else { NO_KEY };
        numbers(&mut run, &[end.saturating_sub(sample.at) as u32, sample.size, flags]);
    }
    let track = [boxed(*b"tfhd", &track), boxed(*b"tfdt", &time), boxed(*b"trun", &run)].concat();
    boxed(*b"moof", &[boxed(*b"mfhd", &sequence), boxed(*b"traf", &track)].concat())
}
