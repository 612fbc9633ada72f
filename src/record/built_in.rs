//! The encoder for computers without ffmpeg: `OpenH264`, which is part of this program, into fragmented MP4.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Layer, QpRange, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::{RgbaSliceU8, YUVBuffer};
use smallvec::SmallVec;

use super::fragments::Fragments;

/// Its name, where ffmpeg's encoders have theirs.
pub(super) const NAME: &str = "OpenH264";

/// Bits a pixel of a frame: about 8 Mbit/s for 720p at 30 frames a second.
const BITS_A_PIXEL: f64 = 0.29;

/// A file that is being written.
pub(super) struct BuiltIn {
    encoder: Encoder,
    fragments: Fragments<File>,
    size: (u32, u32),
    /// The frame's size with the even sides that 4:2:0 needs.
    even: (usize, usize),
    yuv: YUVBuffer,
    /// A frame of odd sides, with its last pixels repeated.
    padded: Vec<u8>,
    last: Option<Duration>,
    fps: f64,
}

impl std::fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuiltIn").field("size", &self.size).finish_non_exhaustive()
    }
}

impl BuiltIn {
    /// Starts to write a file, which is overwritten. Fails with the reason.
    pub fn create(path: &Path, size: (u32, u32), fps: f64) -> Result<Self, String> {
        let (width, height) = size;
        let pixels = f64::from(width) * f64::from(height);
        let bits = (pixels * fps * BITS_A_PIXEL).clamp(500_000.0, 60_000_000.0) as u32;
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(bits))
            .max_frame_rate(FrameRate::from_hz(fps as f32))
            .rate_control_mode(RateControlMode::Bitrate)
            .usage_type(UsageType::CameraVideoRealTime)
            .intra_frame_period(IntraFramePeriod::from_num_frames(
                (fps * 2.0).round().clamp(1.0, 600.0) as u32
            ))
            .vui(VuiConfig::bt601())
            .qp(QpRange::new(12, 30))
            // Without it, the encoder warns that it may not keep the rate.
            .skip_frames(true);
        let encoder =
            Encoder::with_api_config(OpenH264API::from_source(), config).map_err(|e| e.to_string())?;
        let file = File::create(path).map_err(|e| e.to_string())?;
        let even = (width.next_multiple_of(2) as usize, height.next_multiple_of(2) as usize);
        Ok(Self {
            encoder,
            fragments: Fragments::new(file, (even.0 as u32, even.1 as u32)),
            size,
            even,
            yuv: YUVBuffer::new(even.0, even.1),
            padded: Vec::new(),
            last: None,
            fps,
        })
    }

    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether it was given a frame.
    pub fn has_frames(&self) -> bool {
        self.last.is_some()
    }

    /// Adds a frame that is shown from `at` on. A frame that doesn't come after the one before, or of another size, is left out. Fails with the reason.
    pub fn add(&mut self, at: Duration, rgba: &[u8]) -> Result<(), String> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        if rgba.len() != width * height * 4 || self.last.is_some_and(|last| at <= last) {
            return Ok(());
        }
        self.last = Some(at);
        let pixels = if self.even == (width, height) {
            rgba
        } else {
            pad(rgba, width, self.even, &mut self.padded);
            &self.padded
        };
        self.yuv.read_rgba8(RgbaSliceU8::new(pixels, self.even));
        let encoded = self.encoder.encode(&self.yuv).map_err(|e| e.to_string())?;
        // Left out by the encoder, to keep its rate.
        if encoded.num_layers() == 0 || matches!(encoded.frame_type(), FrameType::Skip | FrameType::Invalid) {
            return Ok(());
        }
        let is_key = encoded.frame_type() == FrameType::IDR;
        let layers: SmallVec<[Layer<'_>; 4]> =
            (0..encoded.num_layers()).filter_map(|layer| encoded.layer(layer)).collect();
        let units =
            layers.iter().flat_map(|layer| (0..layer.nal_count()).filter_map(|unit| layer.nal_unit(unit)));
        let units: SmallVec<[&[u8]; 8]> = units.map(without_start).collect();
        self.fragments.add(at, is_key, &units).map_err(|e| reason(&e))
    }

    /// Writes what waits. Fails with the reason.
    pub fn end(&mut self) -> Result<(), String> {
        let last = Duration::from_secs_f64(1.0 / self.fps);
        if self.has_frames() { self.fragments.finish(last).map_err(|e| reason(&e)) } else { Ok(()) }
    }
}

fn reason(error: &io::Error) -> String {
    error.to_string()
}

/// A unit without the code that it starts with: two or three zeros and a one.
fn without_start(unit: &[u8]) -> &[u8] {
    let zeros = unit.iter().take_while(|byte| **byte == 0).count();
    unit.get(zeros + 1..).unwrap_or_default()
}

/// Repeats the last pixel of each row, and the last row, where a side is odd.
fn pad(rgba: &[u8], width: usize, even: (usize, usize), into: &mut Vec<u8>) {
    into.clear();
    for row in rgba.chunks_exact(width * 4) {
        into.extend_from_slice(row);
        if even.0 > width {
            into.extend_from_slice(&row[row.len() - 4..]);
        }
    }
    if into.len() < even.0 * even.1 * 4 {
        let last = into.len() - even.0 * 4;
        into.extend_from_within(last..);
    }
}
