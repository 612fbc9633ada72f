//! What to draw over a frame, as data. Two painters (one for images, one for the screen) paint the same scene, so that what
//! is saved is what was on screen.
//!
//! A [`Scene`] is in pixels of the source frame. [`Scene::compose`] fills it from a model's results;
//! [`image_painter`] paints it into RGBA pixels, [`screen_painter`] with egui.

mod canvas;
mod compose;
pub mod fonts;
pub mod image_painter;
mod keypoints;
mod label_grid;
mod labels;
mod legends;
mod masks;
pub mod montage;
pub mod palette;
mod planes;
pub mod screen_painter;
#[cfg(test)]
mod tests;
mod trails;
pub mod zones;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egui::{Color32, ColorImage};
use serde::{Deserialize, Serialize};

use crate::model::labels::Language;

/// Red, green, blue, alpha; not premultiplied.
pub type Colour = [u8; 4];

/// x1, y1, x2, y2 in frame pixels.
pub type Rect = [f32; 4];

/// How results are drawn: everything the user can choose. Part of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Style {
    /// The language of class names and legends.
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
    /// Zones, lines and their counts.
    pub zones: bool,
    /// The heat map of a scene file.
    pub heat_map: bool,
    /// Line width; 1 fits the size of the frame. 0.25..=4.
    pub line_scale: f32,
    /// Text size; 1 fits the size of the frame. 0.25..=4.
    pub label_scale: f32,
    /// Opacity of masks and class maps, 0..=1.
    pub mask_opacity: f32,
    /// How much of a style image, matte or depth map covers the frame, 0..=1.
    pub plane_blend: f32,
    /// The frame is shown left-right reversed; text is not.
    pub mirror: bool,
    /// Classes that are not drawn (they are still detected).
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
            zones: true,
            heat_map: true,
            line_scale: 1.0,
            label_scale: 1.0,
            mask_opacity: 0.45,
            plane_blend: 1.0,
            mirror: false,
            hidden: Vec::new(),
        }
    }
}

/// One thing to paint. Shapes are painted in order; all lengths are in frame pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// [`Scene::rasters`]`[index]`, stretched over its region.
    Raster { index: usize },
    /// The outline of an upright box: a stroke of `width` centred on the edge, and a line of width `halo` in another
    /// lightness on both sides of it, so that it is visible on any background.
    Frame { rect: Rect, width: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A stroke with round ends, and its halo.
    Line { from: [f32; 2], to: [f32; 2], width: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A disc, and its halo.
    Dot { centre: [f32; 2], radius: f32, halo: f32, colour: Colour, halo_colour: Colour },
    /// A filled rectangle with rounded corners.
    Fill { rect: Rect, radius: f32, colour: Colour },
    /// A line of text; [`Scene::text`] returns the characters.
    Text { text: TextRange, left: f32, baseline: f32, size: f32, colour: Colour },
}

/// The bytes of the scene's text that a [`Shape::Text`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRange {
    start: usize,
    end: usize,
}

/// A small image that is stretched over a part of the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raster {
    /// The part of the frame that it covers.
    pub region: Rect,
    /// The pixels as egui takes them for a texture, so that the window hands them on without a copy.
    image: Arc<ColorImage>,
    /// Interpolated between pixels; otherwise each pixel keeps its edges (class maps).
    pub smooth: bool,
    /// Painted left-right reversed.
    pub mirrored: bool,
}

impl Raster {
    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        self.image.size
    }

    /// The pixels: RGBA, premultiplied, rows from the top.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; 4]] {
        bytemuck::cast_slice(&self.image.pixels)
    }

    /// The same pixels as egui's type.
    #[must_use]
    pub fn image(&self) -> &Arc<ColorImage> {
        &self.image
    }

    /// Makes it transparent and `width`×`height` pixels large. The buffer is used again unless egui still holds it.
    fn reset(&mut self, width: usize, height: usize) {
        if Arc::get_mut(&mut self.image).is_none() {
            self.image = Arc::default();
        }
        if let Some(image) = Arc::get_mut(&mut self.image) {
            image.size = [width, height];
            image.source_size = egui::vec2(width as f32, height as f32);
            image.pixels.clear();
            image.pixels.resize(width * height, Color32::TRANSPARENT);
        }
    }

    /// The pixels to write, after [`Self::reset`].
    fn pixels_mut(&mut self) -> &mut [[u8; 4]] {
        let image = Arc::get_mut(&mut self.image);
        image.map(|image| bytemuck::cast_slice_mut(&mut image.pixels)).unwrap_or_default()
    }
}

/// Numbers the fillings of all scenes.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// What to draw over one frame. It is filled again for every result and keeps its buffers.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Width and height of the frame in pixels.
    size: (u32, u32),
    mirrored: bool,
    shapes: Vec<Shape>,
    /// All texts, one after another.
    text: String,
    rasters: Vec<Raster>,
    /// How many of `rasters` are in use; the others are kept for their buffers.
    rasters_used: usize,
    /// The labels of the detections, best first.
    label_boxes: Vec<labels::LabelBox>,
    /// Where they are, to find a free place for the next one.
    label_grid: label_grid::LabelGrid,
    scratch: Vec<f32>,
    mask_buffers: masks::Buffers,
    revision: u64,
}

impl Scene {
    /// An empty scene.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Width and height in pixels of the frame over which it is drawn.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Whether the frame below must be painted left-right reversed. The shapes already are.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.mirrored
    }

    /// What to paint, in order.
    #[must_use]
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The images that [`Shape::Raster`] refers to.
    #[must_use]
    pub fn rasters(&self) -> &[Raster] {
        self.rasters.get(..self.rasters_used).unwrap_or_default()
    }

    /// The characters of a [`Shape::Text`].
    #[must_use]
    pub fn text(&self, range: TextRange) -> &str {
        self.text.get(range.start..range.end).unwrap_or_default()
    }

    /// A number that no other filling of any scene has, so that a painter knows when it must load the rasters again.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes it empty, for a frame of `size` (width, height) without results.
    pub fn clear(&mut self, size: (u32, u32), mirror: bool) {
        self.size = size;
        self.mirrored = mirror;
        self.shapes.clear();
        self.text.clear();
        self.rasters_used = 0;
        self.label_boxes.clear();
        self.label_grid.clear([size.0 as f32, size.1 as f32]);
        self.revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes the next raster ready, transparent and of this size. Returns its index for [`Shape::Raster`].
    fn next_raster(&mut self, width: usize, height: usize) -> usize {
        let index = self.rasters_used;
        if index == self.rasters.len() {
            self.rasters.push(Raster::default());
        }
        self.rasters[index].reset(width, height);
        self.rasters_used += 1;
        index
    }
}

/// Returns a setting as an opacity, 0..=1.
fn opacity(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 1.0 }
}
