//! The least that stages could cost: the same bytes copied once, and libjpeg-turbo alone.

use std::hint::black_box;
use std::time::Instant;

use turbojpeg::{Decompressor, Image, PixelFormat as Order};

use super::frames::Frames;
use crate::cli::failure::Failure;
use crate::cli::figures::Series;
use crate::frame::{Frame, PixelFormat};

/// Floors, measured beside each frame.
pub(super) struct Floors {
    pub decode: Series,
    pub input: Series,
    pub output: Series,
    pub frame: Series,
    turbo: Decompressor,
    compressed: bool,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Floors {
    /// # Errors
    /// Where there is no memory for a decoder.
    pub fn new() -> Result<Self, Failure> {
        let turbo = Decompressor::new()
            .map_err(|error| Failure::failed(format!("No JPEG decoder: {error}."), "Free some memory."))?;
        Ok(Self {
            decode: Series::default(),
            input: Series::default(),
            output: Series::default(),
            frame: Series::default(),
            turbo,
            compressed: false,
            from: Vec::new(),
            to: Vec::new(),
        })
    }

    /// Measures the floors of the newest frame, whose tensors take so many bytes.
    pub fn take(&mut self, frames: &Frames, input_bytes: usize, output_bytes: usize) {
        let frame = self.copy(frames.frame.data.len());
        self.frame.push(frame);
        let decode = match frames.raw.format {
            PixelFormat::Mjpeg => self.jpeg(&frames.raw, &frames.frame),
            _ => frame,
        };
        self.decode.push(decode);
        let (input, output) = (self.copy(input_bytes), self.copy(output_bytes));
        self.input.push(input);
        self.output.push(output);
    }

    /// What the floor of decoding is.
    pub fn decode_name(&self) -> &'static str {
        if self.compressed { "libjpeg-turbo" } else { "copy of the frame" }
    }

    /// Milliseconds of copying so many bytes.
    fn copy(&mut self, bytes: usize) -> f32 {
        if self.from.len() < bytes {
            // Written, so that no page is first touched while the clock runs.
            self.from.resize(bytes, 1);
            self.to.resize(bytes, 2);
        }
        let begin = Instant::now();
        self.to[..bytes].copy_from_slice(black_box(&self.from[..bytes]));
        black_box(&mut self.to);
        begin.elapsed().as_secs_f32() * 1e3
    }

    /// Milliseconds of libjpeg-turbo alone, into memory that lies ready.
    fn jpeg(&mut self, raw: &Frame, decoded: &Frame) -> f32 {
        self.compressed = true;
        self.to.resize(self.to.len().max(decoded.data.len()), 2);
        let (width, height) = (decoded.width as usize, decoded.height as usize);
        let pixels = &mut self.to[..decoded.data.len()];
        let image = Image { pixels, width, pitch: width * 4, height, format: Order::RGBA };
        let begin = Instant::now();
        // Our own decoder took it: what this one says of padding is no matter.
        let _ = self.turbo.decompress(&raw.data, image);
        begin.elapsed().as_secs_f32() * 1e3
    }
}
