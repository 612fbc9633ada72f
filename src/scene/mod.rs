//! What to draw over a frame, as data; two painters (image and screen) paint the same scene, so that what is
//! saved is what was seen.
//!
//! A [`Scene`] is in pixels of the source frame. [`Scene::compose`] fills it from a model's results;
//! [`image_painter`] paints it into RGBA pixels, [`screen_painter`] with egui.

mod compose;
pub mod fonts;
pub mod image_painter;
mod pack;
pub mod palette;
mod pixels;
mod raster;
pub mod screen_painter;
pub mod sheet;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::model::labels::Language;

/// Red, green, blue, alpha; not premultiplied.
pub type Colour = [u8; 4];

/// x1, y1, x2, y2 in frame pixels.
pub type Rect = [f32; 4];

/// How results are drawn. Everything the user can choose; part of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Style {
    /// Of class names and legends.
    pub language: Language,
    pub boxes: bool,
    pub labels: bool,
    /// Scores after the names.
    pub scores: bool,
    pub masks: bool,
    pub keypoints: bool,
    /// Style images, class maps, mattes and depth maps.
    pub planes: bool,
    /// Legends of class maps and depth maps, bars of classification.
    pub legends: bool,
    /// Line width, 1 = fitting the image; 0.25..=4.
    pub line_scale: f32,
    /// Text size, 1 = fitting the image; 0.25..=4.
    pub label_scale: f32,
    /// Opacity of masks and class maps, 0..=1.
    pub mask_opacity: f32,
    /// How much of a style image, matte or depth map covers the frame, 0..=1.
    pub plane_blend: f32,
    /// The image is shown left-right reversed; text is not.
    pub mirror: bool,
    /// Classes that aren't drawn (they are still found).
    pub hidden: Vec<u32>,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            language: Language::English,
            boxes: true,
            labels: true,
            scores: true,
            masks: true,
            keypoints: true,
            planes: true,
            legends: true,
            line_scale: 1.0,
            label_scale: 1.0,
            mask_opacity: 0.45,
            plane_blend: 1.0,
            mirror: false,
            hidden: Vec::new(),
        }
    }
}

/// One thing to paint. Marks are painted in order; all lengths are in frame pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// [`Scene::rasters`]`[index]`, stretched over its region.
    Raster { index: usize },
    /// The outline of an upright box: a stroke of `width` centred on the edge, and on both its sides a
    /// `halo` wide line in another lightness, so that it is seen on any background.
    Frame { rect: Rect, width: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A stroke with round ends, and its halo.
    Line { from: [f32; 2], to: [f32; 2], width: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A disc, and its halo.
    Dot { centre: [f32; 2], radius: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A filled rectangle with rounded corners.
    Fill { rect: Rect, radius: f32, colour: Colour },
    /// A line of text; [`Scene::text`] gives the words.
    Text { text: TextRange, left: f32, baseline: f32, size: f32, colour: Colour },
}

/// Which bytes of the scene's text store a [`Shape::Text`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRange {
    start: usize,
    end: usize,
}

/// A small image that is stretched over a part of the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raster {
    /// What it covers.
    pub region: Rect,
    pub width: usize,
    pub height: usize,
    /// RGBA, premultiplied, rows from the top.
    pub rgba: Vec<u8>,
    /// Interpolated between pixels; else each pixel keeps its edges (class maps).
    pub smooth: bool,
    /// Painted left-right reversed.
    pub mirrored: bool,
}

/// What to draw over one frame. Filled anew for every result; buffers stay.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Width and height of the frame in pixels.
    size: (u32, u32),
    mirrored: bool,
    shapes: Vec<Shape>,
    /// All texts, one after the other.
    text: String,
    rasters: Vec<Raster>,
    /// How many of `rasters` belong to this filling.
    rasters_used: usize,
    /// Where the name of each labelled detection is, best first; scratch of [`Scene::compose`].
    label_boxes: Vec<compose::LabelBox>,
    /// The same places, for the search of the next one.
    taken: pack::Taken,
    scratch: Vec<f32>,
    /// Buffers of the masks' layer.
    stamping: raster::Buffers,
    revision: u64,
}

impl Scene {
    /// An empty scene.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Width and height of the frame that it is drawn over, in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether the image under it is to be shown left-right reversed. The shapes already are.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.mirrored
    }

    /// What to paint, in order.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The images that [`Shape::Raster`] speaks of.
    #[must_use]
    pub fn rasters(&self) -> &[Raster] {
        self.rasters.get(..self.rasters_used).unwrap_or_default()
    }

    /// The words of a [`Shape::Text`].
    #[must_use]
    pub fn text(&self, range: TextRange) -> &str {
        self.text.get(range.start..range.end).unwrap_or_default()
    }

    /// Changes with every filling, so that a painter knows when to load rasters again.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes it empty for a frame of `size` without results.
    pub fn clear(&mut self, size: (u32, u32), mirror: bool) {
        self.size = size;
        self.mirrored = mirror;
        self.shapes.clear();
        self.text.clear();
        self.rasters_used = 0;
        self.label_boxes.clear();
        self.taken.clear([size.0 as f32, size.1 as f32]);
        self.revision = self.revision.wrapping_add(1);
    }

    /// A raster of the pool, with `rgba` zeroed at its size; gives the index for [`Shape::Raster`].
    fn next_raster(&mut self, width: usize, height: usize) -> usize {
        let index = self.rasters_used;
        if index == self.rasters.len() {
            self.rasters.push(Raster::default());
        }
        let raster = &mut self.rasters[index];
        raster.width = width;
        raster.height = height;
        raster.rgba.clear();
        raster.rgba.resize(width * height * 4, 0);
        self.rasters_used += 1;
        index
    }
}
