//! Pictures of a data set on screen: small ones for the list, large ones for the editor. Workers read them; a bounded number of
//! textures stays.

use std::collections::HashMap;
use std::path::Path;

use egui::{ColorImage, TextureHandle, TextureOptions};
use image::imageops::FilterType;

use super::shapes::simplified;
use crate::dataset::{Annotation, Polygon, masks};
use crate::frame::Frame;
use crate::save::rle::Rle;
use crate::source::images;

/// Width and height of a small picture at most, in pixels.
pub const SMALL: u32 = 224;
/// Width and height of a large one at most: more isn't seen, and some graphics cards take no more.
const LARGE: u32 = 4096;
/// So many small pictures stay: 224 × 126 pixels are 113 kB each.
const MOST_SMALL: usize = 500;
/// So many large ones stay: the one that is shown, and its neighbours.
const MOST_LARGE: usize = 3;
/// So many workers read pictures for the list at once.
const WORKERS: usize = 2;
/// Corners of outlines may be moved so far, in pixels, where a mask becomes an outline.
const TOLERANCE: f64 = 1.0;

/// A picture, or why there is none.
#[derive(Clone)]
pub enum Picture {
    Loading,
    Shown(TextureHandle),
    /// The end of a sentence.
    Failed(String),
}

/// A picture that a worker is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    Small(usize),
    Large(usize),
}

/// What a worker read.
pub struct Read {
    pub wish: Wish,
    /// Or why not, as the end of a sentence.
    pub image: Result<ColorImage, String>,
    pub outlines: Outlines,
}

/// The outlines of masks.
pub type Outlines = Vec<(Rle, Vec<Polygon>)>;

/// See the module.
#[derive(Default)]
pub struct Pictures {
    small: HashMap<usize, (Picture, u64)>,
    /// The one used last is first.
    large: Vec<(usize, Picture, Outlines)>,
    /// What the page missed in this pass, the most important first.
    wishes: Vec<Wish>,
    reading: usize,
    pass: u64,
}

impl Pictures {
    /// A new pass begins: what the last one missed is forgotten.
    pub fn begin(&mut self) {
        self.wishes.clear();
        self.pass += 1;
    }

    /// The small picture of an image; it is read if it isn't there.
    pub fn small(&mut self, place: usize) -> Picture {
        if let Some((picture, used)) = self.small.get_mut(&place) {
            *used = self.pass;
            return picture.clone();
        }
        self.wishes.push(Wish::Small(place));
        Picture::Loading
    }

    /// The large picture of an image; it is read if it isn't there, before all others.
    pub fn large(&mut self, place: usize) -> Picture {
        if let Some(at) = self.large.iter().position(|(of, ..)| *of == place) {
            let found = self.large.remove(at);
            self.large.insert(0, found);
            return self.large[0].1.clone();
        }
        self.wishes.insert(0, Wish::Large(place));
        Picture::Loading
    }

    /// Reads the large picture of an image that may be wanted next.
    pub fn prepare(&mut self, place: usize) {
        if !self.large.iter().any(|(of, ..)| *of == place) {
            self.wishes.push(Wish::Large(place));
        }
    }

    /// The outlines of a label's mask, if it is drawn by its mask and its image was read.
    #[must_use]
    pub fn outlines(&self, place: usize, label: &Annotation) -> &[Polygon] {
        let found = self.large.iter().find(|(of, ..)| *of == place);
        let outlines = found.zip(label.mask.as_ref()).and_then(|((.., outlines), mask)| {
            outlines.iter().find(|(of, _)| of == mask).map(|(_, outlines)| outlines.as_slice())
        });
        outlines.unwrap_or_default()
    }

    /// What a worker is to read next, if one is free. `asked`: it will bring it.
    pub fn next(&mut self) -> Option<Wish> {
        if self.reading >= WORKERS || self.wishes.is_empty() {
            return None;
        }
        let wish = self.wishes.remove(0);
        self.reading += 1;
        match wish {
            Wish::Small(place) => drop(self.small.insert(place, (Picture::Loading, self.pass))),
            Wish::Large(place) => self.put_large(place, Picture::Loading, Outlines::new()),
        }
        Some(wish)
    }

    /// A worker has read a picture.
    pub fn arrived(&mut self, ctx: &egui::Context, read: Read) {
        self.reading = self.reading.saturating_sub(1);
        let picture = match read.image {
            Ok(image) => Picture::Shown(ctx.load_texture("data set", image, TextureOptions::LINEAR)),
            Err(why) => Picture::Failed(why),
        };
        match read.wish {
            Wish::Small(place) => {
                self.small.insert(place, (picture, self.pass));
                if self.small.len() > MOST_SMALL {
                    let oldest = self.small.iter().min_by_key(|(_, (_, used))| *used);
                    if let Some(place) = oldest.map(|(place, _)| *place) {
                        self.small.remove(&place);
                    }
                }
            }
            Wish::Large(place) => self.put_large(place, picture, read.outlines),
        }
    }

    fn put_large(&mut self, place: usize, picture: Picture, outlines: Outlines) {
        if let Some(there) = self.large.iter_mut().find(|(of, ..)| *of == place) {
            *there = (place, picture, outlines);
        } else {
            // The picture that is shown stays the first.
            self.large.insert(1.min(self.large.len()), (place, picture, outlines));
            self.large.truncate(MOST_LARGE);
        }
    }
}

/// Reads a picture, on a worker. `labels`: those of the image, whose masks get outlines.
#[must_use]
pub fn read(path: &Path, wish: Wish, labels: &[Annotation]) -> Read {
    let most = if matches!(wish, Wish::Small(_)) { SMALL } else { LARGE };
    let outlines = match wish {
        Wish::Small(_) => Outlines::new(),
        Wish::Large(_) => labels.iter().filter_map(outlines_of).collect(),
    };
    Read { wish, image: read_image(path, most), outlines }
}

fn outlines_of(label: &Annotation) -> Option<(Rle, Vec<Polygon>)> {
    let mask = label.mask.as_ref().filter(|_| label.polygons.is_empty())?;
    let outlines = masks::outlines(mask).0;
    Some((mask.clone(), outlines.iter().map(|outline| simplified(outline, TOLERANCE)).collect()))
}

fn read_image(path: &Path, most: u32) -> Result<ColorImage, String> {
    let mut frame = Frame::default();
    images::load(path, &mut frame, &mut None)?;
    let (width, height) = (frame.width, frame.height);
    let whole = image::RgbaImage::from_raw(width, height, frame.data).ok_or("it is cut short")?;
    let scale = f64::from(most) / f64::from(width.max(height).max(1));
    let image = if scale < 1.0 {
        let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        image::imageops::resize(&whole, side(width), side(height), FilterType::Triangle)
    } else {
        whole
    };
    let size = [image.width() as usize, image.height() as usize];
    Ok(ColorImage::from_rgba_unmultiplied(size, &image))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_that_is_edited_goes_first_and_textures_are_bounded() {
        let ctx = egui::Context::default();
        let mut pictures = Pictures::default();
        pictures.begin();
        pictures.small(0);
        pictures.small(1);
        pictures.large(7);
        assert_eq!(pictures.next(), Some(Wish::Large(7)));
        assert_eq!(pictures.next(), Some(Wish::Small(0)));
        assert_eq!(pictures.next(), None, "two workers read");
        let image = || Ok(ColorImage::filled([2, 2], egui::Color32::RED));
        for place in 0..2 * MOST_SMALL {
            let wish = Wish::Small(place);
            pictures.arrived(&ctx, Read { wish, image: image(), outlines: Outlines::new() });
        }
        for place in 7..20 {
            let wish = Wish::Large(place);
            pictures.arrived(&ctx, Read { wish, image: image(), outlines: Outlines::new() });
        }
        assert!(pictures.small.len() <= MOST_SMALL && pictures.large.len() <= MOST_LARGE);
        assert!(matches!(pictures.large(7), Picture::Shown(_)), "the one that is shown stays");
    }

    #[test]
    fn an_image_that_is_gone_or_damaged_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        assert!(read(&path, Wish::Small(0), &[]).image.is_err());
        std::fs::write(&path, "no image").unwrap();
        assert!(read(&path, Wish::Large(0), &[]).image.is_err());
        image::RgbaImage::from_pixel(1000, 500, image::Rgba([1, 2, 3, 255])).save(&path).unwrap();
        let small = read(&path, Wish::Small(0), &[]).image.unwrap();
        assert_eq!(small.size, [224, 112]);
        assert_eq!(read(&path, Wish::Large(0), &[]).image.unwrap().size, [1000, 500]);
    }
}
