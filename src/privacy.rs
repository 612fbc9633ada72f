//! Hides chosen classes in an image: people, faces, number plates. What is hidden can't be made out again: only the means of
//! large blocks are left.
//!
//! It fails closed. Where nobody knows what is in a frame, all of it is hidden: before its result is there, and with a model
//! that finds none of the chosen classes. What a model overlooks stays visible, so the confidence should be low.

use std::convert::Infallible;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::frame::{Frame, FramePool, PixelFormat};
use crate::model::labels::Labels;
use crate::model::{Results, Task, Thresholds};

/// What is hidden, and how. Part of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Privacy {
    pub on: bool,
    /// Names of classes, in English or Chinese.
    pub classes: Vec<String>,
    pub cover: Cover,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { on: false, classes: PRIVATE_CLASSES.map(str::to_owned).to_vec(), cover: Cover::default() }
    }
}

/// The classes that people have in mind.
pub const PRIVATE_CLASSES: [&str; 3] = ["person", "face", "number plate"];

/// How it is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cover {
    /// In blocks of one colour.
    #[default]
    Pixelate,
    /// Smooth between the middles of these blocks.
    Blur,
}

/// How many blocks the shorter side of a box has at most. With six, a face can't be told from another.
pub const BLOCKS: u32 = 6;
/// Sides of a block that are shorter would show too much of a small box, in pixels.
const SHORTEST: u32 = 8;
/// A box is made larger by this share of its sides, at each edge: models cut off hair and hands.
const MARGIN: f32 = 0.1;

/// Names that models have for the same thing; the first is the one that users choose.
const SAME: [&[&str]; 3] = [
    &["person", "people", "pedestrian", "human", "man", "woman", "child", "rider", "cyclist"],
    &["face", "humanface", "head", "humanhead"],
    &["numberplate", "licenseplate", "licenceplate", "plate", "carplate", "licenseplatenumber", "lp"],
];

/// What a model found in the frame.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub results: &'a Results,
    pub labels: &'a Labels,
    pub thresholds: &'a Thresholds,
}

impl<'a> From<&'a crate::engine::Prediction> for Found<'a> {
    fn from(prediction: &'a crate::engine::Prediction) -> Self {
        Self {
            results: &prediction.results,
            labels: &prediction.model.spec.labels,
            thresholds: &prediction.thresholds,
        }
    }
}

/// How much was hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// So many objects.
    Objects(usize),
    /// All of the frame: nobody knows what is in it.
    Everything,
}

impl Privacy {
    /// These classes, hidden.
    #[must_use]
    pub fn hiding(classes: Vec<String>) -> Self {
        Self { on: true, classes, cover: Cover::default() }
    }

    /// Whether a class is to be hidden.
    fn hides(&self, name: &str) -> bool {
        let name = key(name);
        let same = SAME.iter().find(|names| names.contains(&name.as_str()));
        self.classes
            .iter()
            .map(|class| key(class))
            .any(|class| class == name || same.is_some_and(|names| names.first() == Some(&class.as_str())))
    }

    /// The ids of a model's classes that are to be hidden; empty if it finds none of them.
    fn ids(&self, found: &Found<'_>, ids: &mut Vec<u32>) {
        use crate::model::labels::Language::{Chinese, English};
        ids.clear();
        // A class map or a class of the whole image has no boxes that could be hidden.
        let task = found.results.task;
        let has_boxes = task.finds_objects() || task == Task::Action;
        if !has_boxes {
            return;
        }
        let (labels, chosen) = (found.labels, &found.thresholds.classes);
        let count = labels.len() as u32;
        // The labels of an action model are actions, but its boxes are people.
        if found.results.task == Task::Action {
            if self.hides("person") {
                ids.extend(0..count.max(1));
            }
            return;
        }
        ids.extend((0..count).filter(|&id| {
            [English, Chinese].iter().any(|&l| labels.get(id, l).is_some_and(|name| self.hides(name)))
        }));
        // A class that the user left out isn't found: nobody knows where it is.
        if !chosen.is_empty() && ids.iter().any(|id| !chosen.contains(id)) {
            ids.clear();
        }
    }

    /// The classes that are to be hidden and that a model with these labels doesn't have; none of them is hidden beside one that it
    /// has.
    #[must_use]
    pub fn unknown_classes(&self, labels: &Labels) -> Vec<&str> {
        use crate::model::labels::Language::{Chinese, English};
        let is_known = |class: &&String| {
            let one = Self { classes: vec![(*class).clone()], ..self.clone() };
            (0..labels.len() as u32).any(|id| {
                [English, Chinese].iter().any(|&l| labels.get(id, l).is_some_and(|name| one.hides(name)))
            })
        };
        self.classes.iter().filter(|class| !is_known(class)).map(String::as_str).collect()
    }

    /// Whether this model finds anything that is to be hidden; with one that doesn't, everything is.
    #[must_use]
    pub fn is_served_by(&self, found: &Found<'_>) -> bool {
        let mut ids = Vec::new();
        self.ids(found, &mut ids);
        !ids.is_empty()
    }
}

/// The form in which names of classes are compared.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Hides objects in images; keeps its buffers for the next one.
#[derive(Debug, Default)]
pub struct Censor {
    ids: Vec<u32>,
    /// The sum of each block's red, green and blue.
    cells: Vec<[u32; 3]>,
    /// What the ids were found for.
    known: Option<(Privacy, Labels, Vec<u32>, Task)>,
}

impl Censor {
    /// Hides what `found` says in RGBA pixels, and all of them if no model can say it. A buffer of another size is emptied,
    /// so that nothing of it is shown.
    pub fn cover(
        &mut self,
        privacy: &Privacy,
        rgba: &mut Vec<u8>,
        (width, height): (u32, u32),
        found: &[Found<'_>],
    ) -> Covered {
        if rgba.len() != width as usize * height as usize * 4 || rgba.is_empty() {
            rgba.clear();
            return Covered::Everything;
        }
        let (mut objects, mut anybody_knows, mut is_known_where) = (0, false, true);
        for found in found {
            if found.results.frame_size != (width, height) {
                continue;
            }
            self.look_up(privacy, found);
            if self.ids.is_empty() {
                continue;
            }
            anybody_knows = true;
            for detection in &found.results.detections {
                // A tracker smooths boxes and votes over classes: what the model itself said counts too.
                let (class_id, bbox) = detection.measured.unwrap_or((detection.class_id, detection.bbox));
                let is_hidden = |class_id| self.ids.contains(&class_id);
                // An action model names no class of a box.
                if found.results.task == Task::Action || is_hidden(detection.class_id) || is_hidden(class_id)
                {
                    objects += 1;
                    is_known_where &= [bbox, detection.bbox].as_flattened().iter().all(|v| v.is_finite());
                    self.cover_box(privacy.cover, rgba, (width, height), detection.bbox);
                    if bbox != detection.bbox {
                        self.cover_box(privacy.cover, rgba, (width, height), bbox);
                    }
                }
            }
        }
        if anybody_knows && is_known_where {
            return Covered::Objects(objects);
        }
        self.fill(privacy.cover, rgba, width, [0, 0, width, height], block_of(width.min(height) as f32));
        Covered::Everything
    }

    /// Hides what is found in a frame. One that isn't RGBA is emptied.
    pub fn cover_frame(&mut self, privacy: &Privacy, frame: &mut Frame, found: &[Found<'_>]) -> Covered {
        if frame.format != PixelFormat::Rgba8 {
            frame.data.clear();
        }
        let size = (frame.width, frame.height);
        self.cover(privacy, &mut frame.data, size, found)
    }

    /// Finds the classes' ids, unless they are those of the last frame.
    fn look_up(&mut self, privacy: &Privacy, found: &Found<'_>) {
        let Found { results, labels, thresholds } = found;
        let is_known = self.known.as_ref().is_some_and(|(of, known, classes, task)| {
            of == privacy && known == *labels && *classes == thresholds.classes && *task == results.task
        });
        if !is_known {
            privacy.ids(found, &mut self.ids);
            self.known = Some((privacy.clone(), (*labels).clone(), thresholds.classes.clone(), results.task));
        }
    }

    fn cover_box(&mut self, cover: Cover, rgba: &mut [u8], (width, height): (u32, u32), bbox: [f32; 4]) {
        let [x1, y1, x2, y2] = bbox;
        let (w, h) = (x2 - x1, y2 - y1);
        if !(w > 0.0 && h > 0.0) {
            return;
        }
        let (mx, my) = ((w * MARGIN).max(2.0), (h * MARGIN).max(2.0));
        let at = |v: f32, most: u32| v.clamp(0.0, most as f32) as u32;
        let region = [
            at((x1 - mx).floor(), width),
            at((y1 - my).floor(), height),
            at((x2 + mx).ceil(), width),
            at((y2 + my).ceil(), height),
        ];
        if region[0] < region[2] && region[1] < region[3] {
            self.fill(cover, rgba, width, region, block_of((w + 2.0 * mx).min(h + 2.0 * my)));
        }
    }

    /// Fills a region that lies in the image with the means of its blocks.
    fn fill(&mut self, cover: Cover, rgba: &mut [u8], width: u32, region: [u32; 4], block: u32) {
        let [x0, y0, x1, y1] = region.map(|v| v as usize);
        let (block, stride) = (block as usize, width as usize * 4);
        let (columns, rows) = ((x1 - x0).div_ceil(block), (y1 - y0).div_ceil(block));
        self.cells.clear();
        self.cells.resize(columns * rows, [0; 3]);
        let row_of = |y: usize| y * stride + x0 * 4..y * stride + x1 * 4;
        for y in y0..y1 {
            let cells = &mut self.cells[(y - y0) / block * columns..][..columns];
            for (cell, pixels) in cells.iter_mut().zip(rgba[row_of(y)].chunks(block * 4)) {
                for pixel in pixels.chunks_exact(4) {
                    (0..3).for_each(|c| cell[c] += u32::from(pixel[c]));
                }
            }
        }
        for (n, cell) in self.cells.iter_mut().enumerate() {
            let (column, row) = (n % columns, n / columns);
            let side = |n: usize, all: usize| (all - n * block).min(block);
            let count = (side(column, x1 - x0) * side(row, y1 - y0)) as u32;
            *cell = cell.map(|sum| (sum + count / 2) / count);
        }
        for y in y0..y1 {
            let pixels = &mut rgba[row_of(y)];
            match cover {
                Cover::Pixelate => {
                    let cells = &self.cells[(y - y0) / block * columns..][..columns];
                    for (cell, pixels) in cells.iter().zip(pixels.chunks_mut(block * 4)) {
                        let colour = [cell[0] as u8, cell[1] as u8, cell[2] as u8, 255];
                        pixels.chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&colour));
                    }
                }
                Cover::Blur => {
                    let (above, below, down) = neighbours(y - y0, block, rows);
                    for (x, pixel) in pixels.chunks_exact_mut(4).enumerate() {
                        let (left, right, across) = neighbours(x, block, columns);
                        for (c, value) in pixel.iter_mut().take(3).enumerate() {
                            let cell =
                                |row: usize, column: usize| self.cells[row * columns + column][c] as f32;
                            let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
                            let top = mix(cell(above, left), cell(above, right), across);
                            let bottom = mix(cell(below, left), cell(below, right), across);
                            *value = mix(top, bottom, down).round() as u8;
                        }
                    }
                }
            }
        }
    }
}

/// The blocks whose middles lie on both sides of a pixel, and how far it is from the first to the second, 0..=1.
fn neighbours(at: usize, block: usize, count: usize) -> (usize, usize, f32) {
    let place = ((at as f32 + 0.5) / block as f32 - 0.5).clamp(0.0, (count - 1) as f32);
    let first = place as usize;
    (first, (first + 1).min(count - 1), place - first as f32)
}

/// The side of a block for a box whose shorter side this is.
fn block_of(shorter: f32) -> u32 {
    ((shorter / BLOCKS as f32).ceil() as u32).max(SHORTEST)
}

/// Hides whom the user chose in copies of frames, which are written again once nobody holds them.
#[derive(Debug)]
pub struct Curtain {
    censor: Censor,
    frames: FramePool,
}

impl Curtain {
    /// Keeps at most so many copies.
    #[must_use]
    pub fn new(copies: usize) -> Self {
        Self { censor: Censor::default(), frames: FramePool::new(copies) }
    }

    /// Returns a frame (RGBA) as it may be shown, and how much of it is hidden: the frame itself and `None` with privacy off.
    pub fn cover(
        &mut self,
        privacy: &Privacy,
        frame: &Arc<Frame>,
        found: &[Found<'_>],
    ) -> (Arc<Frame>, Option<Covered>) {
        if !privacy.on {
            return (Arc::clone(frame), None);
        }
        let censor = &mut self.censor;
        let filled = self.frames.fill(|copy| {
            copy.reset(frame.width, frame.height, PixelFormat::Rgba8);
            copy.copy_stamp_from(frame);
            if copy.data.len() == frame.data.len() {
                copy.data.copy_from_slice(&frame.data);
            } else {
                copy.data.fill(0);
            }
            Ok::<_, Infallible>(censor.cover_frame(privacy, copy, found))
        });
        match filled {
            Ok((copy, covered)) => (copy, Some(covered)),
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
#[path = "privacy_tests.rs"]
mod tests;
