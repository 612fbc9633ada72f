//! Frames with their own times as a Matroska stream, for ffmpeg's standard input: raw pixels in a pipe (`-f rawvideo`) have no times, and a camera
//! whose rate falls would give a video that plays too fast.
//!
//! Only what ffmpeg needs: one track of uncompressed RGBA, a cluster a frame (RFC 9559; RFC 8794 for EBML).

use std::io::{self, Write};
use std::time::Duration;

/// Nanoseconds of one unit of time.
const SCALE: u64 = 100_000;

const EBML: &[u8] = &[0x1a, 0x45, 0xdf, 0xa3];
const DOC_TYPE: &[u8] = &[0x42, 0x82];
const SEGMENT: &[u8] = &[0x18, 0x53, 0x80, 0x67];
const INFO: &[u8] = &[0x15, 0x49, 0xa9, 0x66];
const TIMESTAMP_SCALE: &[u8] = &[0x2a, 0xd7, 0xb1];
const TRACKS: &[u8] = &[0x16, 0x54, 0xae, 0x6b];
const TRACK_ENTRY: &[u8] = &[0xae];
const TRACK_NUMBER: &[u8] = &[0xd7];
const TRACK_UID: &[u8] = &[0x73, 0xc5];
const TRACK_TYPE: &[u8] = &[0x83];
const DEFAULT_DURATION: &[u8] = &[0x23, 0xe3, 0x83];
const CODEC_ID: &[u8] = &[0x86];
const VIDEO: &[u8] = &[0xe0];
const PIXEL_WIDTH: &[u8] = &[0xb0];
const PIXEL_HEIGHT: &[u8] = &[0xba];
const COLOUR_SPACE: &[u8] = &[0x2e, 0xb5, 0x24];
const CLUSTER: &[u8] = &[0x1f, 0x43, 0xb6, 0x75];
const TIMESTAMP: &[u8] = &[0xe7];
const SIMPLE_BLOCK: &[u8] = &[0xa3];
/// A size that isn't known: the segment ends with the stream.
const UNKNOWN: [u8; 8] = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// Writes frames of one size.
#[derive(Debug)]
pub struct Stream<W> {
    out: W,
    head: Vec<u8>,
}

impl<W: Write> Stream<W> {
    /// Begins a stream of RGBA frames of this size. `fps` is the usual rate, by which encoders choose their level; it changes no frame's time.
    ///
    /// # Errors
    /// The stream can't be written.
    pub fn new(mut out: W, (width, height): (u32, u32), fps: f64) -> io::Result<Self> {
        let mut video = Vec::new();
        number(&mut video, PIXEL_WIDTH, u64::from(width));
        number(&mut video, PIXEL_HEIGHT, u64::from(height));
        element(&mut video, COLOUR_SPACE, b"RGBA");
        let mut track = Vec::new();
        number(&mut track, TRACK_NUMBER, 1);
        number(&mut track, TRACK_UID, 1);
        number(&mut track, TRACK_TYPE, 1);
        number(&mut track, DEFAULT_DURATION, (1e9 / fps.clamp(0.1, 1000.0)) as u64);
        element(&mut track, CODEC_ID, b"V_UNCOMPRESSED");
        element(&mut track, VIDEO, &video);
        let mut tracks = Vec::new();
        element(&mut tracks, TRACK_ENTRY, &track);
        let mut info = Vec::new();
        number(&mut info, TIMESTAMP_SCALE, SCALE);
        let mut ebml = Vec::new();
        element(&mut ebml, DOC_TYPE, b"matroska");
        let mut head = Vec::new();
        element(&mut head, EBML, &ebml);
        head.extend_from_slice(SEGMENT);
        head.extend_from_slice(&UNKNOWN);
        element(&mut head, INFO, &info);
        element(&mut head, TRACKS, &tracks);
        out.write_all(&head)?;
        Ok(Self { out, head })
    }

    /// Writes a frame that is shown from `at` on.
    ///
    /// # Errors
    /// The stream can't be written.
    pub fn frame(&mut self, at: Duration, rgba: &[u8]) -> io::Result<()> {
        let time = (at.as_nanos() / u128::from(SCALE)) as u64;
        let block = 4 + rgba.len() as u64;
        self.head.clear();
        self.head.extend_from_slice(CLUSTER);
        // The timestamp takes its identifier, one byte of size and eight bytes; the block its identifier and eight bytes of size.
        size(&mut self.head, 10 + 9 + block);
        self.head.extend_from_slice(TIMESTAMP);
        self.head.push(0x88);
        self.head.extend_from_slice(&time.to_be_bytes());
        self.head.extend_from_slice(SIMPLE_BLOCK);
        size(&mut self.head, block);
        // Track 1, the cluster's own time, a key frame.
        self.head.extend_from_slice(&[0x81, 0, 0, 0x80]);
        self.out.write_all(&self.head)?;
        self.out.write_all(rgba)
    }
}

/// A size in eight bytes.
fn size(out: &mut Vec<u8>, size: u64) {
    out.extend_from_slice(&(size | 1 << 56).to_be_bytes());
}

fn element(out: &mut Vec<u8>, id: &[u8], content: &[u8]) {
    out.extend_from_slice(id);
    size(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn number(out: &mut Vec<u8>, id: &[u8], value: u64) {
    element(out, id, &value.to_be_bytes());
}
