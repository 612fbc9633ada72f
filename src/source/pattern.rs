//! A test pattern: colour bars, a ball that moves, and the frame's number as digits, all worked out from the number alone.

use std::time::{Duration, Instant};

use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::frame::{Frame, PixelFormat};

/// The bars' colours: 75 % of full, as in SMPTE's.
const BARS: [[u8; 4]; 7] = [
    [191, 191, 191, 255],
    [191, 191, 0, 255],
    [0, 191, 191, 255],
    [0, 191, 0, 255],
    [191, 0, 191, 255],
    [191, 0, 0, 255],
    [0, 0, 191, 255],
];
const BALL: [u8; 4] = [255, 140, 0, 255];
const INK: [u8; 4] = [255, 255, 255, 255];
const BOARD: [u8; 4] = [16, 16, 16, 255];

/// The digits 0 to 9, five rows of three bits.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 3, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];
/// Digits that are shown.
const PLACES: usize = 6;

/// A live source that draws its own frames.
#[derive(Debug)]
pub struct Pattern {
    info: SourceInfo,
    interval: Duration,
    began: Option<Instant>,
    next: u64,
    background: Vec<u8>,
}

impl Pattern {
    /// A pattern of this size at this rate.
    #[must_use]
    pub fn new(width: u32, height: u32, fps: u32) -> Self {
        let (width, height, fps) = (width.max(1), height.max(1), fps.max(1));
        let mut background = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            for x in 0..width {
                let mut colour = BARS[(x as usize * BARS.len()) / width as usize];
                if y >= height - height / 6 {
                    let grey = (u64::from(x) * 255 / u64::from(width)) as u8;
                    colour = [grey, grey, grey, 255];
                }
                background.extend_from_slice(&colour);
            }
        }
        Self {
            info: SourceInfo {
                name: "Test pattern".into(),
                pace: Pace::Live,
                size: (width, height),
                fps: Some(f64::from(fps)),
                duration_s: None,
                frames: None,
                detail: format!("{width}×{height} @ {fps}"),
            },
            interval: Duration::from_secs(1) / fps,
            began: None,
            next: 0,
            background,
        }
    }

    /// Where the ball's centre is in a frame, and its radius, in pixels: a Lissajous figure of 6 and 4 seconds at 30
    /// frames a second.
    #[must_use]
    pub fn ball(width: u32, height: u32, sequence: u64) -> (f32, f32, f32) {
        use std::f32::consts::TAU;
        let radius = width.min(height) as f32 / 12.0;
        let turn = |frames: u64| ((sequence % frames) as f32 / frames as f32 * TAU).sin();
        let x = width as f32 / 2.0 + turn(180) * (width as f32 / 2.0 - radius);
        let y = height as f32 / 2.0 + turn(120) * (height as f32 / 2.0 - radius);
        (x, y, radius)
    }

    fn draw(&self, sequence: u64, frame: &mut Frame) {
        let (width, height) = self.info.size;
        frame.reset(width, height, PixelFormat::Rgba8);
        frame.data.copy_from_slice(&self.background);
        let (cx, cy, radius) = Self::ball(width, height, sequence);
        let (top, bottom) = ((cy - radius).max(0.0) as u32, ((cy + radius).ceil() as u32).min(height));
        for y in top..bottom {
            let dy = y as f32 + 0.5 - cy;
            let half = (radius * radius - dy * dy).max(0.0).sqrt();
            fill(frame, y, (cx - half).max(0.0).round() as u32, (cx + half).round() as u32, BALL);
        }
        let cell = (height / 80).max(1);
        let (left, top) = (cell * 2, cell * 2);
        for y in 0..cell * 7 {
            fill(frame, top + y, left, left + cell * (PLACES as u32 * 4 + 1), BOARD);
        }
        let mut number = sequence;
        for place in (0..PLACES as u32).rev() {
            let digit = DIGITS[(number % 10) as usize];
            number /= 10;
            for (row, bits) in digit.into_iter().enumerate() {
                for column in (0..3).filter(|column| bits >> (2 - column) & 1 == 1) {
                    let x = left + cell * (1 + place * 4 + column);
                    for y in 0..cell {
                        fill(frame, top + cell * (1 + row as u32) + y, x, x + cell, INK);
                    }
                }
            }
        }
    }
}

/// Colours a part of a row; what lies outside the frame is left out.
fn fill(frame: &mut Frame, y: u32, from: u32, to: u32, colour: [u8; 4]) {
    let (from, to) = (from.min(frame.width) as usize, to.min(frame.width) as usize);
    if y >= frame.height || from >= to {
        return;
    }
    let row = y as usize * frame.width as usize;
    for pixel in frame.data[(row + from) * 4..(row + to) * 4].chunks_exact_mut(4) {
        pixel.copy_from_slice(&colour);
    }
}

impl Source for Pattern {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        // Frames that were due while nobody read are lost, as with a camera.
        let due_now = (now.duration_since(began).as_nanos() / self.interval.as_nanos().max(1)) as u64;
        let sequence = self.next.max(due_now);
        let due = began + Duration::from_nanos((self.interval.as_nanos() as u64).saturating_mul(sequence));
        let wait = due.saturating_duration_since(now);
        if wait > timeout {
            std::thread::sleep(timeout);
            return Ok(Read::Nothing);
        }
        std::thread::sleep(wait);
        self.draw(sequence, into);
        into.sequence = sequence;
        into.captured = due;
        into.time_s = None;
        into.origin = None;
        self.next = sequence + 1;
        Ok(Read::Frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sequence: u64) -> Frame {
        let mut frame = Frame::default();
        Pattern::new(320, 240, 30).draw(sequence, &mut frame);
        frame
    }

    fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
        let at = (y * frame.width + x) as usize * 4;
        [frame.data[at], frame.data[at + 1], frame.data[at + 2], frame.data[at + 3]]
    }

    #[test]
    fn the_ball_moves_and_the_number_counts() {
        let (a, b) = (frame(10), frame(11));
        let (x, y, _) = Pattern::ball(320, 240, 10);
        assert_eq!(pixel(&a, x as u32, y as u32), BALL);
        assert_ne!(a.data, b.data);
        assert_eq!(frame(10).data, a.data, "a frame depends on its number alone");
        // The last digit of 8 is lit at its centre, that of 10 isn't. Cells are 3 pixels, digits 12 apart.
        let middle = |f: &Frame| pixel(f, 6 + 3 * (1 + 5 * 4 + 1) + 1, 6 + 3 * 3 + 1);
        assert_eq!((middle(&frame(8)), middle(&frame(10))), (INK, BOARD));
    }

    #[test]
    fn frames_come_in_order_at_any_size() {
        for (width, height) in [(1, 1), (7, 5), (640, 480)] {
            let mut pattern = Pattern::new(width, height, 1000);
            let mut into = Frame::default();
            let mut last = None;
            for _ in 0..5 {
                while pattern.read(&mut into, Duration::from_millis(50)) != Ok(Read::Frame) {}
                assert!(into.is_whole() && last.is_none_or(|last| into.sequence > last));
                last = Some(into.sequence);
            }
        }
    }
}
