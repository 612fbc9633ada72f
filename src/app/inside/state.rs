//! What the page shows: the choices, and what the worker found.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{ColorImage, TextureHandle, TextureId, TextureOptions, Vec2};

use super::found::{Found, LayersFound, MapsFound, MasksFound, OutputFound, WhyFound};
use super::order::Order;
use crate::app::intent::{InsideTab, MapsOf};
use crate::engine::Prediction;
use crate::frame::perturb::Perturbation;
use crate::frame::{Frame, Scene};

/// Classes whose scores are shown.
pub(super) const CLASSES: usize = 8;

/// Why nothing is shown of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    NoModel,
    OnServer,
    /// The system has no thread for looking into it.
    NoThread,
    /// There is no frame yet.
    NoPicture,
    /// Privacy hides everything.
    Hidden,
}

/// The page.
#[derive(Debug)]
pub struct InsidePage {
    /// What is shown, as the worker is told.
    pub order: Order,
    pub found: Found,
    pub trouble: Option<Trouble>,
    pub model_name: String,
    /// The layers are shown as a diagram.
    pub is_diagram: bool,
    /// The layer that is selected, by its node in the graph.
    pub selected: Option<usize>,
    /// The enlarged channel, the attention or the explanation lies over the preview.
    pub overlay: bool,
    /// How much that covers, 0..=1.
    pub opacity: f32,
    /// Suppression is shown up to this candidate.
    pub step: usize,
    /// How the picture is changed before it is shown and run.
    pub perturbation: Perturbation,
    /// The source and the number of the frame that is shown.
    pub now: Option<(u64, u64)>,
    /// What that shows.
    scene: Option<Scene>,
    /// The tensors whose maps were shown since the page was opened.
    pub seen: BTreeSet<String>,
    /// Suppression is followed from its beginning in the next source: a sample was asked for.
    pub begins_stepping: bool,
    pub(super) layers: LayersView,
    pub(super) diagram: DiagramView,
    pub(super) maps: MapsView,
    pub(super) pictures: Pictures,
    pub(super) tables: Tables,
    /// How often maps were frozen.
    pub(super) freezings: u64,
    /// Where the pointer is over the preview, in frame pixels.
    pub(super) pointed: Option<[f32; 2]>,
    /// What is pointed at in the tensor, in its pixels.
    pub(super) input_at: Option<[f32; 2]>,
}

/// How the layers are listed.
#[derive(Debug, Default)]
pub(super) struct LayersView {
    pub search: String,
    pub kind: Option<String>,
    pub by_time: bool,
    /// The layers that are listed, by their places, and what they were listed for.
    pub listed: Vec<usize>,
    pub listed_for: Option<(Arc<LayersFound>, String, Option<String>, bool)>,
}

/// How maps are shown.
#[derive(Debug, Default)]
pub(super) struct MapsView {
    /// Places of layers whose outputs may be shown, in the order of the graph, and what they were found in.
    pub steps: Vec<usize>,
    pub steps_of: Option<Arc<LayersFound>>,
    /// Places of layers that make attention over the picture.
    pub attention: Vec<usize>,
    /// Where the slider is while it is dragged.
    pub dragged: Option<usize>,
    /// The row of an attention that the pointer is in.
    pub row: Option<usize>,
}

/// What else is typed or chosen on the page.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// What classes are searched for.
    pub class_search: String,
    /// What was searched for last, if no class has that name.
    pub no_class: Option<String>,
    /// The candidate whose suppression is shown.
    pub candidate: Option<usize>,
    /// The one that the pointer is over.
    pub hovered: Option<usize>,
    /// What of the output is shown.
    pub output: OutputView,
    /// The term of a mask's sum that the pointer is over.
    pub term: Option<usize>,
    /// What the model said of the unchanged picture.
    pub before: Before,
}

/// What of the output is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputView {
    /// Candidates, queries or scores of classes.
    #[default]
    Answer,
    /// Outputs as they are.
    Raw,
    /// Masks as sums of prototypes.
    Masks,
}

/// Scores of classes in the unchanged picture.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// The source and, of separate pictures, the file. `None`: nothing is known.
    pub of: Option<Scene>,
    pub scores: Vec<(u32, f32)>,
}

/// The textures of what is visible.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub sheet: Picture,
    pub kernels: Picture,
    /// Of the enlarged channel: live, frozen, difference; or a tensor row by row.
    pub large: [Picture; 3],
    pub attention: Picture,
    /// The head and the patch whose attention was made a picture of last.
    pub attended: Option<(Arc<ColorImage>, usize, Arc<ColorImage>)>,
    pub fitted: Picture,
    pub planes: [Picture; 3],
    pub levels: Picture,
    /// The level's scores over the preview.
    pub over: Picture,
    /// A frame whose candidates are followed.
    pub held: Picture,
    /// Prototypes.
    pub prototypes: Picture,
    /// A mask on its way: the sum, its sigmoid, what is inside.
    pub mask: [Picture; 3],
    pub heat: Picture,
    /// The frame that an explanation is of.
    pub frame: Picture,
}

/// A texture, and the image that it shows.
#[derive(Default)]
pub(super) struct Picture {
    texture: Option<TextureHandle>,
    of: Option<Arc<ColorImage>>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("size", &self.of.as_ref().map(|image| image.size))
            .finish_non_exhaustive()
    }
}

impl Picture {
    /// The texture of this image; it is written only when the image is another one. `None` for an empty image.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        image: &Arc<ColorImage>,
        options: TextureOptions,
    ) -> Option<TextureId> {
        if image.size.contains(&0) {
            return None;
        }
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, image)) {
            match &mut self.texture {
                Some(texture) => texture.set(Arc::clone(image), options),
                None => self.texture = Some(ctx.load_texture("inside", Arc::clone(image), options)),
            }
            self.of = Some(Arc::clone(image));
        }
        self.texture.as_ref().map(TextureHandle::id)
    }
}

impl Default for InsidePage {
    fn default() -> Self {
        Self {
            order: Order::default(),
            found: Found::default(),
            trouble: None,
            model_name: String::new(),
            is_diagram: false,
            selected: None,
            overlay: true,
            opacity: 0.6,
            step: usize::MAX,
            perturbation: Perturbation::default(),
            now: None,
            scene: None,
            begins_stepping: false,
            seen: BTreeSet::new(),
            layers: LayersView::default(),
            diagram: DiagramView::default(),
            maps: MapsView::default(),
            pictures: Pictures::default(),
            tables: Tables::default(),
            freezings: 0,
            pointed: None,
            input_at: None,
        }
    }
}

impl InsidePage {
    /// Whether Escape leaves something on the page before the page itself.
    #[must_use]
    pub fn has_layer(&self) -> bool {
        let is_diagram = self.order.tab == InsideTab::Layers && self.is_diagram;
        self.order.channel.is_some() || (is_diagram && self.selected.is_some())
    }

    /// Forgets everything of the model: another one is looked into, or the page is left.
    pub fn forget(&mut self) {
        let Order { tab, sorting, method, .. } = self.order;
        self.order = Order { tab, sorting, method, ..Order::default() };
        self.found = Found::default();
        self.selected = None;
        self.step = usize::MAX;
        self.layers.kind = None;
        self.layers.listed.clear();
        self.layers.listed_for = None;
        self.diagram = DiagramView::default();
        self.maps = MapsView::default();
        self.pictures = Pictures::default();
        self.tables = Tables::default();
        (self.pointed, self.input_at) = (None, None);
        self.seen.clear();
    }

    /// Notes which frame is shown: a chosen candidate is one of its source's, and while candidates are followed the frame is held.
    pub fn shows(&mut self, frame: Option<&Frame>) {
        let is_same = match (&self.scene, frame) {
            (Some(scene), Some(frame)) => scene.is_of(frame),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            self.scene = frame.map(Frame::scene);
            self.tables.candidate = None;
            (self.order.object, self.order.terms) = (None, None);
            self.step = if std::mem::take(&mut self.begins_stepping) { 0 } else { usize::MAX };
        }
        self.now = frame.map(|frame| (frame.generation, frame.sequence));
        self.order.masks = self.order.tab == InsideTab::Output && self.tables.output == OutputView::Masks;
        let detector = self.found.output.as_ref().and_then(|output| output.detector.as_ref());
        let is_stepping = detector.is_some_and(|detector| self.step < detector.passing);
        let is_followed = match self.tables.output {
            OutputView::Answer => is_stepping || self.tables.candidate.is_some(),
            OutputView::Raw => false,
            OutputView::Masks => self.order.object.is_some() || self.order.terms.is_some(),
        };
        self.order.held = self.order.tab == InsideTab::Output && is_followed;
    }

    /// Notes what the model says of an unchanged picture, so that a change can be compared with it.
    pub fn note(&mut self, prediction: &Prediction) {
        let Before { of, scores } = &mut self.tables.before;
        let frame = &prediction.frame;
        let is_same = of.as_ref().is_some_and(|of| of.is_of(frame));
        if !is_same {
            *of = None;
            scores.clear();
        }
        if !frame.is_changed {
            *of = Some(frame.scene());
            scores_of(prediction, scores);
        }
    }

    /// What the model said of the unchanged picture: classes with their scores.
    #[must_use]
    pub fn before(&self) -> &[(u32, f32)] {
        &self.tables.before.scores
    }

    /// Notes whose maps are on screen.
    pub fn note_seen(&mut self) {
        if self.order.tab == InsideTab::Maps
            && !self.order.kernels
            && let Some(maps) = self.maps()
            && !self.seen.contains(&maps.tensor)
        {
            self.seen.insert(maps.tensor.clone());
        }
    }

    /// Lets go of the held picture.
    pub fn go_on(&mut self) {
        (self.step, self.begins_stepping, self.tables.candidate) = (usize::MAX, false, None);
        (self.order.object, self.order.terms) = (None, None);
    }

    /// Keeps the maps as they are now, or lets go of them.
    pub fn freeze(&mut self, on: bool) {
        self.order.maps = MapsOf::Live;
        self.order.frozen = on.then(|| {
            self.freezings += 1;
            self.freezings
        });
    }

    /// The tensor whose maps are wanted.
    #[must_use]
    pub fn tensor(&self) -> Option<&str> {
        let unchosen = || self.found.layers.as_ref().and_then(|layers| layers.shown(self.order.first));
        self.order.tensor.as_deref().or_else(unchosen)
    }

    /// The maps of the tensor that is wanted: never those of another one.
    #[must_use]
    pub fn maps(&self) -> Option<Arc<MapsFound>> {
        self.found.maps.clone().filter(|maps| Some(maps.tensor.as_str()) == self.tensor())
    }

    /// The maps of the output that is wanted: never those of another one.
    #[must_use]
    pub fn output_maps<'a>(&self, found: &'a OutputFound) -> Option<&'a MapsFound> {
        let last = found.outputs.len().saturating_sub(1);
        let (wanted, _) = found.outputs.get(self.order.output.min(last))?;
        found.maps.as_ref().filter(|maps| maps.tensor == *wanted)
    }

    /// The masks, where they are what is shown.
    #[must_use]
    pub fn masks(&self) -> Option<Arc<MasksFound>> {
        self.found.masks.clone().filter(|_| self.order.masks)
    }

    /// The frame that stays while something in it is followed, as a picture, and the size of that frame.
    #[must_use]
    pub fn held_picture(&self) -> Option<(Arc<ColorImage>, (u32, u32))> {
        let (frame, picture) = match self.masks() {
            _ if !self.order.held => return None,
            Some(masks) => (Arc::clone(&masks.frame), Some(Arc::clone(&masks.picture))),
            None if self.order.masks => return None,
            None => {
                let output = self.found.output.as_ref()?;
                (Arc::clone(&output.frame), output.picture.clone())
            }
        };
        Some((picture?, (frame.width, frame.height)))
    }

    /// The explanation that is wanted.
    #[must_use]
    pub fn why(&self) -> Option<Arc<WhyFound>> {
        self.found.why.clone().filter(|why| why.of == (self.order.method, self.order.target))
    }
}

/// Which part of the diagram is seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DiagramView {
    /// The point in the middle of the area, and the zoom; `None`: from the top, readable.
    pub(super) at: Option<(Vec2, f32)>,
    /// Nodes are coloured by their time.
    pub(super) by_time: bool,
}

/// The best score of each class that was found, the first classes alone.
pub(super) fn scores_of(prediction: &Prediction, scores: &mut Vec<(u32, f32)>) {
    scores.clear();
    let results = &prediction.results;
    let objects = results.detections.iter().map(|found| (found.class_id, found.score));
    for (class_id, score) in objects.chain(results.top.iter().map(|top| (top.class_id, top.score))) {
        if let Some((_, best)) = scores.iter_mut().find(|(class, _)| *class == class_id) {
            *best = best.max(score);
        } else if scores.len() < CLASSES {
            scores.push((class_id, score));
        }
    }
}
