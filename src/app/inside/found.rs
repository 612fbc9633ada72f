//! What the worker found of the model, as the page shows it: plain data with pictures that are ready for the graphics card.

use std::path::PathBuf;
use std::sync::Arc;

use egui::ColorImage;

use super::diagram_layout::Diagram;
use super::order::Order;
use crate::app::intent::{MapsOf, WhyMethod, WhyTarget};
use crate::frame::Frame;
use crate::learn::inside::Layers;
use crate::learn::inside::diverge::Comparison;
use crate::learn::inside::heads::NmsStep;
use crate::learn::inside::maps::{ChannelStats, Planes};
use crate::learn::inside::preparing::Prepared;
use crate::learn::inside::prototypes::{MaskedObject, Term};
use crate::learn::inside::why::Method;
use crate::model::spec::ColourOrder;
use crate::model::{Detection, ModelError};

/// What the worker does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// It waits for a frame or a wish, or runs the model on one frame after the other.
    #[default]
    Watching,
    Reading,
    Measuring,
    Opening,
    Comparing,
}

/// What was found so far. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub doing: Doing,
    pub layers: Option<Arc<LayersFound>>,
    pub kernels: Option<Arc<KernelsFound>>,
    pub maps: Option<Arc<MapsFound>>,
    pub input: Option<Arc<InputFound>>,
    pub output: Option<Arc<OutputFound>>,
    pub masks: Option<Arc<MasksFound>>,
    pub why: Option<Arc<WhyFound>>,
    /// Another form of the model, and where its tensors differ.
    pub against: Option<Arc<AgainstFound>>,
    /// Why the newest wish can't be met.
    pub failed: Option<Arc<ModelError>>,
}

impl Found {
    /// Leaves out what was found in another source than that of this frame, and what would lie over another image of a folder; `None`: no
    /// picture may be shown.
    #[must_use]
    pub fn of_source(mut self, shown: Option<&Frame>) -> Self {
        let is_other = |of: u64| Some(of) != shown.map(|shown| shown.generation);
        let is_another = |of: &Frame| !shown.is_some_and(|shown| shown.shows_as(of));
        self.maps.take_if(|maps| is_other(maps.generation));
        self.input.take_if(|input| is_other(input.generation));
        self.output.take_if(|output| is_another(&output.frame));
        self.masks.take_if(|masks| is_another(&masks.frame));
        self.why.take_if(|why| is_another(&why.frame));
        self.against.take_if(|against| is_other(against.generation));
        self
    }
}

/// Where the tensors of another form of the model differ.
#[derive(Debug)]
pub struct AgainstFound {
    /// The other form's file.
    pub path: PathBuf,
    /// The source and the number of the picture on which both ran.
    pub generation: u64,
    pub sequence: u64,
    pub comparison: Comparison,
}

/// The layers of the model.
#[derive(Debug)]
pub struct LayersFound {
    pub list: Layers,
    /// Sizes and times are known.
    pub is_measured: bool,
    /// `None`: there are too many for one.
    pub diagram: Option<Diagram>,
    /// Types with how many layers are of each, the most frequent first.
    pub kinds: Vec<(String, usize)>,
    /// Milliseconds of the slowest.
    pub slowest_ms: f32,
    /// The tensor that is shown unless another one is chosen.
    pub usual: Option<String>,
    /// What the first convolution makes.
    pub first: Option<String>,
    /// The graph's own outputs.
    pub outputs: Vec<String>,
}

impl LayersFound {
    /// The tensor that is shown where none is chosen; `first`: that of the first convolution is asked for.
    #[must_use]
    pub fn shown(&self, first: bool) -> Option<&str> {
        self.first.as_deref().filter(|_| first).or(self.usual.as_deref())
    }
}

/// The kernels of the first convolution.
#[derive(Debug)]
pub struct KernelsFound {
    pub count: usize,
    pub size: (usize, usize),
    pub sheet: Sheet,
}

/// Pictures of one size in one.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub image: Arc<ColorImage>,
    /// Width and height of each.
    pub tile: (usize, usize),
    pub columns: usize,
    pub count: usize,
}

impl Sheet {
    /// Pixels between two pictures, so that none bleeds into the next.
    pub const GAP: usize = 1;

    /// Where a picture lies in the texture, 0..=1.
    #[must_use]
    pub fn uv(&self, place: usize) -> egui::Rect {
        let [width, height] = self.image.size.map(|side| side.max(1) as f32);
        let column = place.checked_rem(self.columns).unwrap_or(0);
        let row = place.checked_div(self.columns).unwrap_or(0);
        let (w, h) = self.tile;
        let at = egui::pos2((column * (w + Self::GAP)) as f32, (row * (h + Self::GAP)) as f32);
        egui::Rect::from_min_max(
            egui::pos2(at.x / width, at.y / height),
            egui::pos2((at.x + w as f32) / width, (at.y + h as f32) / height),
        )
    }
}

/// The maps of one tensor on one frame.
#[derive(Debug)]
pub struct MapsFound {
    pub tensor: String,
    pub shape: String,
    /// `None`: it isn't a stack of maps, and `rows` shows its values.
    pub planes: Option<Planes>,
    /// Whether they are live, frozen or the difference.
    pub of: MapsOf,
    /// All channels in the order in which they are shown.
    pub stats: Vec<ChannelStats>,
    /// The first channel of the sheet has this place in `stats`.
    pub first: usize,
    pub sheet: Sheet,
    /// The channel that is enlarged.
    pub large: Option<Large>,
    /// Values of a tensor that isn't a stack of maps.
    pub rows: Option<Pane>,
    /// What of the frame the input covers: left, top, right, bottom in frame pixels.
    pub covered: [f32; 4],
    /// The frame that they are of, and its source.
    pub frame_size: (u32, u32),
    pub generation: u64,
    /// Width and height of the input.
    pub input: (u32, u32),
    /// Milliseconds of the run.
    pub ms: f32,
    /// The number of the freezing whose copy is kept.
    pub frozen: Option<u64>,
    /// It can't be frozen.
    pub is_too_large: bool,
}

/// An enlarged channel.
#[derive(Debug)]
pub struct Large {
    pub channel: usize,
    pub live: Pane,
    /// As it was when it was frozen.
    pub frozen: Option<Pane>,
    /// The live one less the frozen one.
    pub difference: Option<Pane>,
}

/// One picture with its values.
#[derive(Debug, Default)]
pub struct Pane {
    pub width: usize,
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
    pub min: f32,
    pub mean: f32,
    pub max: f32,
    pub image: Arc<ColorImage>,
}

impl Pane {
    /// The value at a place of 0..=1 in both directions: column, row, value.
    #[must_use]
    pub fn at(&self, x: f32, y: f32) -> Option<(usize, usize, f32)> {
        if !(0.0..1.0).contains(&x) || !(0.0..1.0).contains(&y) {
            return None;
        }
        let (column, row) = ((x * self.width as f32) as usize, (y * self.height as f32) as usize);
        Some((column, row, *self.values.get(row * self.width + column)?))
    }
}

/// The tensor that the network was given.
#[derive(Debug)]
pub struct InputFound {
    /// The source of the frame.
    pub generation: u64,
    pub name: String,
    pub shape: String,
    /// Which colour each channel is.
    pub order: ColourOrder,
    /// The frame fitted into the input.
    pub fitted: Arc<ColorImage>,
    /// The channels in the network's order, each in its own colour.
    pub planes: [Arc<ColorImage>; 3],
    /// Least and greatest value of each.
    pub bounds: [[f32; 2]; 3],
    pub prepared: Prepared,
}

/// What the network answered.
#[derive(Debug)]
pub struct OutputFound {
    /// Names and shapes of all outputs.
    pub outputs: Vec<(String, String)>,
    /// The one that is shown.
    pub maps: Option<MapsFound>,
    /// Of classifiers: the likeliest classes.
    pub classes: Vec<ClassScore>,
    /// Of detectors whose boxes are suppressed.
    pub detector: Option<DetectorFound>,
    /// Of detectors without suppression: what it says for each query, the surest first.
    pub queries: Vec<Detection>,
    pub finds_objects: bool,
    /// Its masks are sums of prototypes.
    pub has_prototypes: bool,
    /// What of the frame the input covers.
    pub covered: [f32; 4],
    pub conf: f32,
    pub iou: f32,
    pub temperature: f32,
    pub frame: Arc<Frame>,
    /// The frame as a picture while it is held.
    pub picture: Option<Arc<ColorImage>>,
}

/// The raw score of a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScore {
    pub class_id: u32,
    pub raw: f32,
    /// Its softmax at the temperature.
    pub share: f32,
}

/// The head of a detector.
#[derive(Debug)]
pub struct DetectorFound {
    /// How many candidates there are, how many of these are above the threshold, and how many of those are kept.
    pub all: usize,
    pub all_passing: usize,
    pub kept: usize,
    /// The surest candidates, and what becomes of them.
    pub steps: Vec<NmsStep>,
    /// So many of `steps` are above the threshold.
    pub passing: usize,
    /// Scores of the cells; empty where they aren't known.
    pub levels: Vec<LevelFound>,
}

/// Scores of a level of cells.
#[derive(Debug)]
pub struct LevelFound {
    /// Input pixels a cell.
    pub stride: u32,
    pub pane: Pane,
    /// The same, clear where there is no score, to lie over the picture.
    pub over: Arc<ColorImage>,
}

/// What the masks of a frame are sums of.
#[derive(Debug)]
pub struct MasksFound {
    pub frame: Arc<Frame>,
    /// The frame as a picture.
    pub picture: Arc<ColorImage>,
    /// What of the frame the prototypes cover.
    pub covered: [f32; 4],
    /// How many prototypes there are; 0: the masks aren't sums of such.
    pub count: usize,
    /// Columns and rows of each.
    pub size: (usize, usize),
    /// There are too many to be looked at.
    pub is_too_large: bool,
    /// The objects, the surest first.
    pub objects: Vec<MaskedObject>,
    /// The object whose mask is taken apart.
    pub chosen: usize,
    /// The terms of its sum, those that change it most first.
    pub terms: Vec<Term>,
    /// The prototypes of the first of these.
    pub sheet: Sheet,
    /// The colours of the sheet go as far from 0.
    pub greatest: f32,
    /// The first terms, as many as are shown.
    pub used: usize,
    /// Their sum; its colours go as far from 0 as the whole sum does.
    pub sum: Arc<ColorImage>,
    pub sum_bounds: (f32, f32),
    pub sum_greatest: f32,
    /// The sigmoid of the sum, 0 dark and 1 bright.
    pub sigmoid: Arc<ColorImage>,
    /// The mask that the decoder makes of these terms, where it lies, and how many pixels of the frame are inside.
    pub mask: Arc<ColorImage>,
    pub mask_region: [f32; 4],
    pub mask_pixels: usize,
}

/// Why there is nothing to explain.
#[expect(clippy::enum_variant_names, reason = "each says what there is none of")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The model found no object of the target's kind.
    NoObject,
    /// No box is where the user clicked.
    NoBox,
    /// No layer's values lie over the picture.
    NoLayer,
}

/// What a result rests on.
#[derive(Debug)]
pub struct WhyFound {
    /// What it answers.
    pub of: (WhyMethod, WhyTarget),
    pub method: Result<Method, Nothing>,
    pub class_id: Option<u32>,
    pub score: f32,
    /// The greatest value of the map: of occlusion the greatest loss of score.
    pub greatest: f32,
    pub layer: Option<String>,
    /// Columns and rows of the map.
    pub size: (usize, usize),
    /// What of the frame the map covers.
    pub region: [f32; 4],
    /// The object that is explained.
    pub bbox: Option<[f32; 4]>,
    /// The map in colours, clear where it is low.
    pub image: Arc<ColorImage>,
    pub frame: Arc<Frame>,
    /// The frame as a picture.
    pub picture: Arc<ColorImage>,
    /// Of occlusion: squares that were hidden, and how many of this size are left.
    pub under_way: Option<(usize, usize)>,
}

impl WhyFound {
    /// There is nothing to explain.
    #[must_use]
    pub fn nothing(frame: &Arc<Frame>, order: &Order, why: Nothing) -> Self {
        Self {
            of: (order.method, order.target),
            method: Err(why),
            class_id: None,
            score: 0.0,
            greatest: 0.0,
            layer: None,
            size: (0, 0),
            region: [0.0; 4],
            bbox: None,
            image: Arc::default(),
            frame: Arc::clone(frame),
            picture: Arc::default(),
            under_way: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_a_sheet_are_cut_out_without_their_gaps() {
        let image = Arc::new(ColorImage::filled([11, 5], egui::Color32::BLACK));
        let sheet = Sheet { image, tile: (5, 2), columns: 2, count: 4 };
        let uv = sheet.uv(3);
        assert_eq!((uv.min.x * 11.0).round(), 6.0);
        assert_eq!((uv.max.x * 11.0).round(), 11.0);
        assert_eq!((uv.min.y * 5.0).round(), 3.0);
        assert_eq!((uv.max.y * 5.0).round(), 5.0);
    }

    #[test]
    fn a_value_is_found_under_the_pointer() {
        let pane = Pane { width: 2, height: 2, values: vec![1.0, 2.0, 3.0, 4.0], ..Pane::default() };
        assert_eq!(pane.at(0.9, 0.1), Some((1, 0, 2.0)));
        assert_eq!(pane.at(0.1, 0.6), Some((0, 1, 3.0)));
        assert_eq!((pane.at(1.0, 0.5), pane.at(-0.1, 0.5)), (None, None));
    }
}
