//! Changes of the picture that show how much a network bears: blur, brightness, noise, rotation, crop, grey and JPEG's losses.
//!
//! They are made in this order: crop and rotation, grey, brightness, blur, noise, JPEG; so a camera would see the scene, and a program store it.

use image::{ImageBuffer, Rgba, RgbaImage};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp};
use serde::{Deserialize, Serialize};
use turbojpeg::{Image, PixelFormat as Order, Subsamp};

use super::Frame;
use super::jpeg::JpegDecoder;

/// How the picture is changed. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Perturbation {
    /// Standard deviation of a Gaussian blur, in pixels; 0..=20.
    pub blur: f32,
    /// Added to every colour, as a part of the whole range; -1..=1.
    pub brightness: f32,
    /// Standard deviation of Gaussian noise, in steps of 255; 0..=100.
    pub noise: f32,
    /// Degrees, clockwise, about the middle; -180..=180.
    pub rotation: f32,
    /// How much of width and height is cut away, the rest being enlarged; 0..=0.9.
    pub crop: f32,
    /// Without colour (ITU-R BT.601's weights, as `cv2.cvtColor` has them).
    pub grey: bool,
    /// The picture is stored as a JPEG of this quality, 1..=100, and read again.
    pub jpeg: Option<u8>,
}

impl Perturbation {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The same with each value within its bounds; what isn't a number is 0.
    #[must_use]
    pub fn bounded(self) -> Self {
        let bounded =
            |value: f32, low: f32, high: f32| if value.is_finite() { value.clamp(low, high) } else { 0.0 };
        Self {
            blur: bounded(self.blur, 0.0, 20.0),
            brightness: bounded(self.brightness, -1.0, 1.0),
            noise: bounded(self.noise, 0.0, 100.0),
            rotation: bounded(self.rotation, -180.0, 180.0),
            crop: bounded(self.crop, 0.0, 0.9),
            grey: self.grey,
            jpeg: self.jpeg.map(|quality| quality.clamp(1, 100)),
        }
    }

    /// Changes an RGBA frame; its size stays. Noise is the same for the same frame. `decoder` is made when it is needed, and used again.
    pub fn apply(&self, frame: &mut Frame, decoder: &mut Option<JpegDecoder>) {
        let Self { blur, brightness, noise, rotation, crop, grey, jpeg } = self.bounded();
        if !frame.is_whole() || frame.width == 0 || frame.height == 0 {
            return;
        }
        if rotation != 0.0 || crop != 0.0 {
            turn(frame, rotation, crop);
        }
        if grey {
            for pixel in frame.data.chunks_exact_mut(4) {
                let sum = 299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]);
                pixel[..3].fill(((sum + 500) / 1000) as u8);
            }
        }
        if brightness != 0.0 {
            let table: [u8; 256] = std::array::from_fn(|byte| {
                (byte as f32 + brightness * 255.0).round().clamp(0.0, 255.0) as u8
            });
            for value in frame.data.chunks_exact_mut(4).flat_map(|pixel| &mut pixel[..3]) {
                *value = table[usize::from(*value)];
            }
        }
        if blur > 0.0 {
            through(frame, |image| blurred(&image, blur));
        }
        if noise > 0.0 {
            add_noise(frame, noise);
        }
        if let Some(quality) = jpeg {
            recompress(frame, quality, decoder);
        }
    }
}

/// Hands the pixels to a function of the image libraries.
fn through(frame: &mut Frame, change: impl FnOnce(RgbaImage) -> RgbaImage) {
    let pixels = std::mem::take(&mut frame.data);
    if let Some(image) = ImageBuffer::from_raw(frame.width, frame.height, pixels) {
        frame.data = change(image).into_raw();
    }
}

/// A Gaussian blur; where it is wide, its usual approximation by three means, whose deviation is off by a sixth at most.
fn blurred(image: &RgbaImage, deviation: f32) -> RgbaImage {
    const WIDE: f32 = 3.0;
    if deviation < WIDE {
        imageproc::filter::gaussian_blur_f32(image, deviation)
    } else {
        image::imageops::fast_blur(image, deviation)
    }
}

fn turn(frame: &mut Frame, degrees: f32, crop: f32) {
    let (x, y) = (frame.width as f32 / 2.0, frame.height as f32 / 2.0);
    let larger = 1.0 / (1.0 - crop);
    let projection = Projection::translate(x, y)
        * Projection::rotate(degrees.to_radians())
        * Projection::scale(larger, larger)
        * Projection::translate(-x, -y);
    let outside = Border::Constant(Rgba([0, 0, 0, 255]));
    through(frame, |image| warp(&image, projection, Interpolation::Bilinear, outside));
}

fn add_noise(frame: &mut Frame, deviation: f32) {
    // xorshift64*, of Marsaglia and Vigna; the frame's number makes a picture that stands still keep its noise.
    let mut state = frame.sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    };
    // The sum of four uniform numbers of 16 bits is close to a normal one; its deviation is √(4/12) of their range.
    let scale = deviation / (65536.0 * (4.0f32 / 12.0).sqrt());
    for value in frame.data.chunks_exact_mut(4).flat_map(|pixel| &mut pixel[..3]) {
        let bits = random();
        let sum: u64 = (0..4).map(|part| bits >> (part * 16) & 0xffff).sum();
        *value = (f32::from(*value) + (sum as f32 - 131_070.0) * scale).round().clamp(0.0, 255.0) as u8;
    }
}

fn recompress(frame: &mut Frame, quality: u8, decoder: &mut Option<JpegDecoder>) {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let image = Image { pixels: &frame.data[..], width, pitch: width * 4, height, format: Order::RGBA };
    let stored = turbojpeg::compress(image, i32::from(quality), Subsamp::Sub2x2);
    let read = stored.map_err(|error| error.to_string()).and_then(|bytes| {
        let decoder = match decoder {
            Some(decoder) => decoder,
            none => none.insert(JpegDecoder::new().map_err(|error| error.to_string())?),
        };
        decoder.decode(&bytes, frame).map_err(|error| error.to_string())
    });
    if let Err(error) = read {
        tracing::debug!("a frame of {width}×{height} can't be stored as a JPEG: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Frame {
        let mut frame = Frame::filled(64, 48, [200, 100, 50, 255]);
        // A white square in the left upper quarter.
        for y in 8..16 {
            for x in 8..16 {
                frame.data[(y * 64 + x) * 4..][..3].fill(255);
            }
        }
        frame
    }

    fn changed(perturbation: Perturbation) -> Frame {
        let mut frame = picture();
        perturbation.apply(&mut frame, &mut None);
        assert_eq!((frame.width, frame.height, frame.data.len()), (64, 48, 64 * 48 * 4));
        frame
    }

    fn at(frame: &Frame, x: usize, y: usize) -> [u8; 3] {
        let pixel = &frame.data[(y * 64 + x) * 4..];
        [pixel[0], pixel[1], pixel[2]]
    }

    #[test]
    fn each_change_does_what_its_name_says() {
        let none = Perturbation::default();
        assert!(none.is_none());
        assert_eq!(changed(none).data, picture().data);
        // cv2.cvtColor of (200, 100, 50): 0.299·200 + 0.587·100 + 0.114·50 = 124.2.
        assert_eq!(at(&changed(Perturbation { grey: true, ..none }), 40, 40), [124; 3]);
        assert_eq!(at(&changed(Perturbation { brightness: 0.2, ..none }), 40, 40), [251, 151, 101]);
        let turned = changed(Perturbation { rotation: 180.0, ..none });
        assert_eq!(at(&turned, 64 - 12, 48 - 12), [255; 3], "the square is right below now");
        let zoomed = changed(Perturbation { crop: 0.5, ..none });
        assert_eq!(at(&zoomed, 2, 2), [200, 100, 50], "what lay at the border is cut away");
        assert_eq!(at(&zoomed, 20, 30), [200, 100, 50]);
    }

    /// An edge from 0 to 255 becomes the integral of the blur: its steps have the blur's own mean and deviation.
    #[test]
    fn blur_has_the_deviation_that_is_asked_for() {
        for deviation in [0.5f32, 1.0, 2.0, 5.0] {
            let mut frame = Frame::filled(128, 8, [0, 0, 0, 255]);
            for (place, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
                pixel[..3].fill(if place % 128 < 64 { 0 } else { 255 });
            }
            Perturbation { blur: deviation, ..Perturbation::default() }.apply(&mut frame, &mut None);
            let steps: Vec<(f64, f64)> = (1..128)
                .map(|x| (x as f64, f64::from(at_row(&frame, x)) - f64::from(at_row(&frame, x - 1))))
                .collect();
            let whole: f64 = steps.iter().map(|(_, step)| step).sum();
            let mean = steps.iter().map(|(x, step)| x * step).sum::<f64>() / whole;
            let variance = steps.iter().map(|(x, step)| (x - mean) * (x - mean) * step).sum::<f64>() / whole;
            let off = (variance.sqrt() / f64::from(deviation) - 1.0).abs();
            assert!(off < 0.17, "{deviation}: {}", variance.sqrt());
        }
    }

    /// Red of a pixel of the middle row of a frame of 128×8.
    fn at_row(frame: &Frame, x: usize) -> u8 {
        frame.data[(4 * 128 + x) * 4]
    }

    #[test]
    fn noise_has_the_deviation_that_is_asked_for() {
        let mut frame = Frame::filled(200, 200, [128, 128, 128, 255]);
        Perturbation { noise: 20.0, ..Perturbation::default() }.apply(&mut frame, &mut None);
        let values = || frame.data.chunks_exact(4).flat_map(|p| &p[..3]).map(|v| f64::from(*v) - 128.0);
        let count = values().count() as f64;
        let mean = values().sum::<f64>() / count;
        let deviation = (values().map(|v| v * v).sum::<f64>() / count).sqrt();
        assert!(mean.abs() < 0.5 && (deviation - 20.0).abs() < 0.5, "{mean} {deviation}");
    }

    #[test]
    fn a_jpeg_of_low_quality_loses_more() {
        let lost = |quality| {
            let frame = changed(Perturbation { jpeg: Some(quality), ..Perturbation::default() });
            let pairs = frame.data.iter().zip(picture().data);
            pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>()
        };
        assert!(lost(5) > 3 * lost(95), "{} and {}", lost(5), lost(95));
    }

    #[test]
    fn any_values_are_borne() {
        for value in [f32::NAN, f32::INFINITY, -1e9, 1e9] {
            let all = Perturbation {
                blur: value,
                brightness: value,
                noise: value,
                rotation: value,
                crop: value,
                grey: true,
                jpeg: Some(0),
            };
            changed(all);
            all.apply(&mut Frame::default(), &mut None);
        }
    }
}
