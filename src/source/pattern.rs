//! A test pattern: colour bars, a moving ball and the number of the frame. A frame depends on its number alone.

use std::time::{Duration, Instant};

use image::{ImageBuffer, Rgba};
use imageproc::drawing::draw_filled_rect_mut;
use imageproc::rect::Rect;

use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::frame::{Frame, PixelFormat};

/// The colours of the bars: 75 % of full intensity, as in SMPTE's.
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
const DIGIT: [u8; 4] = [255, 255, 255, 255];
const DIGIT_BACKGROUND: [u8; 4] = [16, 16, 16, 255];

/// The digits 0 to 9, five rows of three pixels.
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
/// Number of digits shown.
const PLACES: u32 = 6;

/// A live source that draws its own frames.
#[derive(Debug)]
pub struct Pattern {
    info: SourceInfo,
    interval: Duration,
    began: Option<Instant>,
    next: u64,
    /// The pixels of a frame without ball and number, RGBA.
    background: Vec<u8>,
}

impl Pattern {
    /// A test pattern of `width`×`height` pixels at `fps` frames per second.
    #[must_use]
    pub fn new(width: u32, height: u32, fps: u32) -> Self {
        let (width, height, fps) = (width.max(1), height.max(1), fps.max(1));
        let background = ImageBuffer::from_fn(width, height, |x, y| {
            if y >= height - height / 6 {
                let grey = (u64::from(x) * 255 / u64::from(width)) as u8;
                return Rgba([grey, grey, grey, 255]);
            }
            Rgba(BARS[x as usize * BARS.len() / width as usize])
        });
        Self {
            info: SourceInfo {
                size: (width, height),
                fps: Some(f64::from(fps)),
                detail: format!("{width}×{height} · {fps} fps"),
                ..SourceInfo::new("Test pattern", Pace::Live)
            },
            interval: Duration::from_secs(1) / fps,
            began: None,
            next: 0,
            background: background.into_raw(),
        }
    }

    /// Returns x and y of the ball's centre and its radius, in pixels. The ball moves along a Lissajous curve with periods of
    /// 180 and 120 frames.
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
        draw_ball(frame, Self::ball(width, height, sequence));
        draw_number(frame, sequence);
    }
}

/// Draws the ball.
///
/// imageproc's `draw_filled_circle_mut` takes only whole pixels as the centre, so the ball would be up to 1.4 pixels away from
/// [`Pattern::ball`] (here: 0.06), which moves it unevenly and is too much for a test of a tracker. It also takes 28 µs at 720p
/// (here: 3 µs).
fn draw_ball(frame: &mut Frame, (cx, cy, radius): (f32, f32, f32)) {
    let width = frame.width as usize;
    let (top, bottom) = ((cy - radius).max(0.0) as usize, (cy + radius).ceil() as usize);
    for y in top..bottom.min(frame.height as usize) {
        let dy = y as f32 + 0.5 - cy;
        let half = (radius * radius - dy * dy).max(0.0).sqrt();
        let (left, right) = ((cx - half).max(0.0).round() as usize, (cx + half).round() as usize);
        let (left, right) = (left.min(width), right.min(width));
        if left < right {
            for pixel in frame.data[(y * width + left) * 4..(y * width + right) * 4].chunks_exact_mut(4) {
                pixel.copy_from_slice(&BALL);
            }
        }
    }
}

/// Draws the number of the frame into the upper left corner.
fn draw_number(frame: &mut Frame, mut number: u64) {
    let (width, height) = (frame.width, frame.height);
    let Some(mut canvas) = ImageBuffer::from_raw(width, height, frame.data.as_mut_slice()) else { return };
    // Everything is measured in cells, the pixels of the digits.
    let cell = (height / 80).max(1);
    let mut fill = |x: u32, y: u32, columns: u32, rows: u32, colour: [u8; 4]| {
        let corner = Rect::at(((x + 2) * cell) as i32, ((y + 2) * cell) as i32);
        draw_filled_rect_mut(&mut canvas, corner.of_size(columns * cell, rows * cell), Rgba(colour));
    };
    fill(0, 0, PLACES * 4 + 1, 7, DIGIT_BACKGROUND);
    for place in (0..PLACES).rev() {
        let digit = DIGITS[(number % 10) as usize];
        number /= 10;
        for (row, bits) in (1..).zip(digit) {
            for column in (0..3).filter(|column| bits >> (2 - column) & 1 == 1) {
                fill(1 + place * 4 + column, row, 1, 1, DIGIT);
            }
        }
    }
}

impl Source for Pattern {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        // Frames that were due while nobody read are lost, as from a camera.
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
        // The middle of the last digit is set in 8 and not in 10. Cells are 3 pixels wide, digits 12 pixels apart.
        let middle = |f: &Frame| pixel(f, 6 + 3 * (1 + 5 * 4 + 1) + 1, 6 + 3 * 3 + 1);
        assert_eq!((middle(&frame(8)), middle(&frame(10))), (DIGIT, DIGIT_BACKGROUND));
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
