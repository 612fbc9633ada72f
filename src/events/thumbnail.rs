//! A small picture of what a rule fired for.

use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, RgbImage};

/// The largest picture, in bytes. 100,000 events then take 1 GB at most.
pub const MAX_BYTES: usize = 10_000;
/// The longer side, in pixels; the smaller ones for frames that don't compress.
const SIDES: [f32; 3] = [240.0, 160.0, 96.0];
/// The part of the frame that is shown is so many times the object's box, but at least this share of the frame.
const AROUND: f32 = 2.5;
const LEAST: f32 = 0.35;
const QUALITIES: [u8; 3] = [75, 55, 35];
const OUTLINE: [u8; 3] = [255, 196, 0];

/// A JPEG of at most [`MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    pub jpeg: Arc<[u8]>,
    pub width: u32,
    pub height: u32,
}

impl Thumbnail {
    /// Makes a picture of the object with its surroundings, or of the whole frame, from RGBA pixels. `None` if there are no
    /// such pixels.
    #[must_use]
    pub fn new(rgba: &[u8], (width, height): (u32, u32), bbox: Option<[f32; 4]>) -> Option<Self> {
        let whole = width > 0 && height > 0 && rgba.len() == width as usize * height as usize * 4;
        if !whole {
            return None;
        }
        let [x, y, w, h] = bbox.map_or([0, 0, width, height], |bbox| around(bbox, (width, height)));
        let rows = rgba.chunks_exact(width as usize * 4).skip(y as usize).take(h as usize);
        let pixels = rows.flat_map(|row| &row[x as usize * 4..(x + w) as usize * 4]).copied().collect();
        let part = image::RgbaImage::from_raw(w, h, pixels)?;
        SIDES.into_iter().find_map(|side| Self::of_part(&part, (x, y), bbox, side))
    }

    /// Makes a picture of this size of a part of the frame that begins at `(x, y)`, if it isn't too many bytes.
    fn of_part(
        part: &image::RgbaImage,
        (x, y): (u32, u32),
        bbox: Option<[f32; 4]>,
        side: f32,
    ) -> Option<Self> {
        let (w, h) = part.dimensions();
        let scale = (side / w.max(h) as f32).min(1.0);
        let scaled = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let small = image::imageops::thumbnail(part, scaled(w), scaled(h));
        let mut rgb = RgbImage::from_fn(small.width(), small.height(), |x, y| {
            let [r, g, b, _] = small.get_pixel(x, y).0;
            image::Rgb([r, g, b])
        });
        if let Some([x1, y1, x2, y2]) = bbox {
            let at = |v: f32, from: u32| ((v - from as f32) * scale).round();
            outline(&mut rgb, [at(x1, x), at(y1, y), at(x2, x), at(y2, y)]);
        }
        let (width, height) = rgb.dimensions();
        let encode = |quality| {
            let mut jpeg = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
            encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8).ok().map(|()| jpeg)
        };
        let jpeg = QUALITIES.into_iter().filter_map(encode).find(|jpeg| jpeg.len() <= MAX_BYTES)?;
        Some(Self { jpeg: jpeg.into(), width, height })
    }
}

/// The part of the frame around a box: x, y, width, height.
fn around([x1, y1, x2, y2]: [f32; 4], (width, height): (u32, u32)) -> [u32; 4] {
    let (w, h) = (width as f32, height as f32);
    let finite = |v: f32, or: f32| if v.is_finite() { v } else { or };
    let (x1, y1, x2, y2) = (finite(x1, 0.0), finite(y1, 0.0), finite(x2, w), finite(y2, h));
    // In the frame's own shape, so that a list has pictures of one size.
    let share = ((x2 - x1) / w).max((y2 - y1) / h) * AROUND;
    let share = share.clamp(LEAST, 1.0);
    let (pw, ph) = ((w * share).max(1.0), (h * share).max(1.0));
    let left = ((x1 + x2 - pw) / 2.0).clamp(0.0, w - pw);
    let top = ((y1 + y2 - ph) / 2.0).clamp(0.0, h - ph);
    let (left, top) = (left as u32, top as u32);
    [left, top, (pw as u32).clamp(1, width - left), (ph as u32).clamp(1, height - top)]
}

/// Draws the outline of a box, two pixels wide, as far as it lies in the picture.
fn outline(rgb: &mut RgbImage, [x1, y1, x2, y2]: [f32; 4]) {
    let (w, h) = rgb.dimensions();
    let at = |v: f32, most: u32| v.clamp(0.0, most.saturating_sub(1) as f32) as u32;
    let (x1, y1, x2, y2) = (at(x1, w), at(y1, h), at(x2, w), at(y2, h));
    for y in y1..=y2 {
        for x in x1..=x2 {
            let on_edge = x < x1 + 2 || y < y1 + 2 || x + 2 > x2 || y + 2 > y2;
            if on_edge {
                rgb.put_pixel(x, y, image::Rgb(OUTLINE));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_small_shows_the_object_and_marks_it() {
        // Noise is the hardest to compress.
        let mut seed = 1u32;
        let mut noise = |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let rgba: Vec<u8> = (0..1280 * 720 * 4).map(&mut noise).collect();
        let thumbnail = Thumbnail::new(&rgba, (1280, 720), Some([600.0, 300.0, 700.0, 400.0])).expect("made");
        assert!(thumbnail.jpeg.len() <= MAX_BYTES, "{}", thumbnail.jpeg.len());
        assert!(
            thumbnail.width >= 160 && thumbnail.width * 9 == thumbnail.height * 16,
            "{}",
            thumbnail.width
        );
        // Noise that the scaling leaves as it is.
        let rgba: Vec<u8> = (0..240 * 180 * 4).map(&mut noise).collect();
        let noisy = Thumbnail::new(&rgba, (240, 180), None).expect("made");
        assert!(noisy.jpeg.len() <= MAX_BYTES && noisy.width >= 96, "{} {}", noisy.jpeg.len(), noisy.width);
        let mut grey = vec![100u8; 640 * 480 * 4];
        grey.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 255);
        let thumbnail = Thumbnail::new(&grey, (640, 480), Some([10.0, 10.0, 60.0, 60.0])).expect("made");
        let decoded = image::load_from_memory(&thumbnail.jpeg).expect("a JPEG").to_rgb8();
        assert_eq!(decoded.dimensions(), (thumbnail.width, thumbnail.height));
        let marked = decoded.pixels().filter(|pixel| pixel.0[0] > 200 && pixel.0[2] < 120).count();
        assert!(marked > 100, "{marked}");
    }

    #[test]
    fn boxes_beyond_the_frame_and_frames_that_arent_whole_are_no_trouble() {
        let rgba = vec![7u8; 64 * 48 * 4];
        for bbox in [
            [-100.0, -100.0, 1e9, 1e9],
            [f32::NAN, 0.0, 5.0, f32::INFINITY],
            [60.0, 40.0, 64.0, 48.0],
            [50.0, 50.0, 10.0, 10.0],
        ] {
            assert!(Thumbnail::new(&rgba, (64, 48), Some(bbox)).is_some(), "{bbox:?}");
        }
        assert!(Thumbnail::new(&rgba, (64, 48), None).is_some());
        assert!(Thumbnail::new(&rgba, (640, 480), None).is_none());
        assert!(Thumbnail::new(&[], (0, 0), None).is_none());
    }
}
