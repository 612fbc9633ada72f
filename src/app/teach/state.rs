//! What the page remembers between two passes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use egui::{Pos2, Rect};

use super::intent::{ClassId, TeachTab};
use super::pictures::Pictures;
use crate::gallery::{Index, Kind};
use crate::learn::teach::{
    Cut, Exported, FeatureMap, MAX_TSNE, MapKind, MapPoint, Pooling, Project, Samples, Trained,
};

/// A backbone: a model's file and the tensor that the user chose, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackboneKey {
    pub path: PathBuf,
    pub tensor: Option<String>,
}

/// What is known of a backbone that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackboneInfo {
    pub cut: Cut,
    pub candidates: Vec<Cut>,
    pub pooling: Pooling,
    /// How many numbers an embedding has.
    pub length: usize,
    pub sha256: String,
}

/// What was learnt from the examples.
#[derive(Debug)]
pub struct Learned {
    /// Counts the results: a session's scores belong to one of them.
    pub id: u64,
    pub key: BackboneKey,
    pub info: BackboneInfo,
    pub samples: Samples,
    pub trained: Trained,
    /// A point for each of [`Samples::train`], by PCA.
    pub map: Vec<MapPoint>,
}

/// The map of the examples.
#[derive(Debug, Default)]
pub struct MapView {
    /// How the user wants points to be placed.
    pub kind: MapKind,
    /// What t-SNE gave last.
    pub placed: Option<Placed>,
}

impl MapView {
    /// What t-SNE gave for the examples of this result, if it was computed.
    #[must_use]
    pub fn placed(&self, learned: &Learned) -> Option<&Placed> {
        self.placed.as_ref().filter(|placed| placed.learned == learned.id)
    }
}

/// What t-SNE gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The result whose examples were placed: [`Learned::id`].
    pub learned: u64,
    /// A point for each of [`Samples::train`].
    pub points: Result<Vec<MapPoint>, NoTsne>,
}

/// Why t-SNE gives no map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTsne {
    Few,
    Many(usize),
    /// All examples have the same embedding.
    Alike,
    /// It ended in the middle.
    Broken,
}

impl NoTsne {
    /// Why there is none of so many examples.
    #[must_use]
    pub fn why(count: usize) -> Self {
        match count {
            0..4 => Self::Few,
            _ if count > MAX_TSNE => Self::Many(count),
            _ => Self::Alike,
        }
    }
}

/// How training is going.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Training {
    #[default]
    Idle,
    /// Examples were changed; it begins when nothing has changed for a moment.
    Waiting,
    Opening,
    /// Embeddings are computed: so many of so many.
    Embedding(usize, usize),
    Fitting,
    /// The user stopped it.
    Stopped,
    /// Why there is no result.
    Failed(String),
}

impl Training {
    /// Whether a worker is busy with it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Opening | Self::Embedding(..) | Self::Fitting)
    }

    /// Whether other results will take the place of those that are there.
    #[must_use]
    pub fn is_coming(&self) -> bool {
        self.is_running() || *self == Self::Waiting
    }
}

/// What the live session does.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LivePhase {
    #[default]
    Off,
    Opening,
    Running,
    Failed(String),
}

/// What the live session brought last.
#[derive(Clone, Debug, Default)]
pub struct LiveView {
    pub phase: LivePhase,
    /// The result whose head gave the scores.
    pub learned: u64,
    /// One for each class.
    pub scores: Vec<f32>,
    /// Milliseconds that the last frame took.
    pub ms: f32,
    pub found: Found,
}

impl LiveView {
    /// Takes over what another one says; memory is used again.
    pub fn take_over(&mut self, other: &Self) {
        if self.phase != other.phase {
            self.phase.clone_from(&other.phase);
        }
        (self.learned, self.ms) = (other.learned, other.ms);
        self.scores.clone_from(&other.scores);
        let (own, found) = (&mut self.found, &other.found);
        if !Arc::ptr_eq(&own.maps, &found.maps) {
            own.maps = Arc::clone(&found.maps);
        }
        if own.number != found.number {
            own.similarity.clone_from(&found.similarity);
            own.colours.clone_from(&found.colours);
            (own.chosen, own.covered, own.number) = (found.chosen, found.covered, found.number);
        }
    }
}

/// Features of the newest frame, laid over it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The maps that can be chosen, the finest first; shared by all frames of a session.
    pub maps: Arc<Vec<FeatureMap>>,
    /// The place of the one that they are from.
    pub chosen: usize,
    /// Cosine similarity with what was clicked, a value a cell; empty without an example.
    pub similarity: Vec<f32>,
    /// The features as colours, a colour a cell; empty unless they are wanted.
    pub colours: Vec<[u8; 3]>,
    /// What of the frame the cells cover: x1, y1, x2, y2, each as a share of the frame.
    pub covered: [f32; 4],
    /// Counts what was found by a live session, whatever was wanted of it: copied and made a texture only once.
    pub number: u64,
}

/// The dialogue for exporting.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportForm {
    pub name: String,
    pub folder: PathBuf,
    pub bytes: bool,
    pub state: ExportState,
    /// The file that was looked at last, and what is known of it, once a worker knows.
    pub looked: Option<(PathBuf, Option<Target>)>,
    pub looked_at: Option<Instant>,
    /// The name was shown before: it has had the focus.
    pub shown: bool,
}

/// What is known of the file that is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// It is there already and would be replaced.
    pub exists: bool,
    /// Why it can't be written.
    pub refused: Option<String>,
}

/// See [`ExportForm`].
#[derive(Clone, Debug, PartialEq)]
pub enum ExportState {
    Asking,
    Writing,
    Done(Box<Exported>),
    Failed(String),
}

impl ExportForm {
    /// For a project of that name.
    #[must_use]
    pub fn new(project: &Path, folder: PathBuf) -> Self {
        let name =
            project.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned());
        Self {
            name,
            folder,
            bytes: false,
            state: ExportState::Asking,
            looked: None,
            looked_at: None,
            shown: false,
        }
    }

    /// The file that is to be written; `None` while the name can't be one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        let name = self.name.trim();
        let name = name.strip_suffix(".onnx").unwrap_or(name);
        let safe = crate::library::names::safe(name);
        (!safe.is_empty()).then(|| self.folder.join(format!("{safe}.onnx")))
    }

    /// Whether the file is there already and would be replaced.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.target().is_some_and(|target| target.exists && target.refused.is_none())
    }

    /// Why nothing can be written to the file.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        self.target()?.refused.as_deref()
    }

    /// What is known of the file.
    fn target(&self) -> Option<&Target> {
        let (path, target) = self.looked.as_ref()?;
        target.as_ref().filter(|_| Some(path) == self.path().as_ref())
    }

    /// Takes over a folder that was chosen, or a model's file that was typed.
    pub fn choose(&mut self, path: &Path) {
        if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
            path.clone_into(&mut self.folder);
            return;
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            folder.clone_into(&mut self.folder);
        }
        if let Some(name) = path.file_stem() {
            self.name = name.to_string_lossy().into_owned();
        }
    }
}

/// Pictures of the gallery that are chosen as examples.
#[derive(Debug)]
pub struct GalleryForm {
    pub class: ClassId,
    /// The name of the class.
    pub name: String,
    pub index: Arc<Index>,
    /// The pictures of `index`.
    pub pictures: Vec<PathBuf>,
    pub chosen: BTreeSet<PathBuf>,
}

impl GalleryForm {
    /// For this class.
    #[must_use]
    pub fn new(class: ClassId, name: String) -> Self {
        Self { class, name, index: Arc::default(), pictures: Vec::new(), chosen: BTreeSet::new() }
    }

    /// Takes over what the gallery lists, unless it has it.
    pub fn list(&mut self, index: Arc<Index>) {
        if Arc::ptr_eq(&self.index, &index) {
            return;
        }
        // The frame as the camera gave it, without boxes, where it was saved.
        let pictures = index.items.iter().filter(|item| item.kind == Kind::Image);
        self.pictures =
            pictures.filter_map(|item| item.clean.clone().or_else(|| item.annotated.clone())).collect();
        self.index = index;
    }
}

/// Finding by example, as the user set it.
#[derive(Clone, Debug, PartialEq)]
pub struct FindForm {
    /// The example: a part of the frame, each side 0..=1.
    pub example: Option<[f32; 4]>,
    /// Counts the examples.
    pub asked: u64,
    /// The maps that were chosen; `None`: those that suit best.
    pub tensor: Option<String>,
    /// Cells at least so alike are shown.
    pub limit: f32,
    pub colours: bool,
    /// Where a box that is being dragged began.
    pub(super) from: Option<Pos2>,
}

impl Default for FindForm {
    fn default() -> Self {
        Self { example: None, asked: 0, tensor: None, limit: 0.6, colours: false, from: None }
    }
}

/// A name that is being changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    pub class: ClassId,
    pub text: String,
}

/// See the module.
#[derive(Default)]
pub struct TeachPage {
    pub tab: TeachTab,
    /// The project that is open, as it is on the disk.
    pub project: Option<Arc<Project>>,
    /// A project is being opened.
    pub opening: bool,
    /// Why none is open.
    pub error: Option<String>,
    /// What is to be said of the project that was opened.
    pub notes: Vec<String>,
    /// The class whose examples are being collected.
    pub collecting: Option<usize>,
    /// Frames of each class that aren't on the disk yet.
    pub in_hand: BTreeMap<ClassId, usize>,
    pub backbone: Option<BackboneKey>,
    /// What is known of [`Self::backbone`]; of no other one.
    pub info: Option<BackboneInfo>,
    /// Its content isn't that of the backbone which the project was taught with, and the user hasn't said that this is meant.
    pub other_backbone: bool,
    pub training: Training,
    /// What was learnt last, with [`Self::backbone`]; of no other one.
    pub learned: Option<Arc<Learned>>,
    /// Examples were changed since then.
    pub outdated: bool,
    pub map: MapView,
    pub live: LiveView,
    pub pictures: Pictures,
    pub export: Option<ExportForm>,
    pub gallery: Option<GalleryForm>,
    pub find: FindForm,
    /// The cell of the confusion matrix whose images are shown: class, taken for.
    pub cell: Option<(usize, usize)>,
    pub new_name: String,
    pub focus_name: bool,
    pub renaming: Option<Renaming>,
    /// The class that a key or a button holds in this pass.
    pub held: Option<usize>,
    /// Where each class is on screen, for files that are dropped.
    pub places: Vec<(usize, Rect)>,
    /// The panels whose explanation is open.
    pub explained: BTreeSet<&'static str>,
    /// The overlay of finding by example, and what it shows: the frame, the limit, whether as colours.
    pub overlay: Option<((u64, u32, bool), egui::TextureHandle)>,
    /// The class that was added last: its name is typed.
    pub focus_class: Option<usize>,
}

impl std::fmt::Debug for TeachPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TeachPage").field("training", &self.training).finish_non_exhaustive()
    }
}

impl TeachPage {
    /// Escape ends something on the page.
    #[must_use]
    pub fn holds_escape(&self) -> bool {
        self.cell.is_some() && self.tab == TeachTab::Results && self.learned.is_some()
    }

    /// The class that files are meant for which are dropped at this point.
    #[must_use]
    pub fn class_at(&self, at: Option<Pos2>) -> Option<usize> {
        let at = at?;
        self.places.iter().find(|(_, rect)| rect.contains(at)).map(|(class, _)| *class)
    }

    /// The names of the classes.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.project.as_ref().map(|project| project.names()).unwrap_or_default()
    }

    /// The name of a class.
    #[must_use]
    pub fn name(&self, class: usize) -> Option<&str> {
        Some(self.project.as_ref()?.classes().get(class)?.name.as_str())
    }

    /// What names a class longer than a pass.
    #[must_use]
    pub fn id(&self, class: usize) -> Option<ClassId> {
        let project = self.project.as_ref()?;
        Some(ClassId::of(project.root(), &project.classes().get(class)?.folder))
    }

    /// Where a class stands now; `None` if it is gone, or of another project.
    #[must_use]
    pub fn place(&self, id: ClassId) -> Option<usize> {
        let project = self.project.as_ref()?;
        project.classes().iter().position(|class| ClassId::of(project.root(), &class.folder) == id)
    }

    /// How many examples a class has, with those that aren't on the disk yet.
    #[must_use]
    pub fn count(&self, class: usize) -> usize {
        let saved = self.project.as_ref().and_then(|project| project.classes().get(class));
        let in_hand = self.id(class).and_then(|id| self.in_hand.get(&id).copied());
        saved.map_or(0, |class| class.examples.len()) + in_hand.unwrap_or(0)
    }

    /// Whether heads can be trained: there are two classes, and each has an example.
    #[must_use]
    pub fn can_train(&self) -> bool {
        let classes = self.project.as_ref().map(|project| project.classes()).unwrap_or_default();
        classes.len() >= 2 && classes.iter().all(|class| !class.examples.is_empty())
    }

    /// The class without an example that holds up training: all others have one.
    #[must_use]
    pub fn empty_class(&self) -> Option<&str> {
        let classes = self.project.as_ref().map(|project| project.classes()).unwrap_or_default();
        let empty = classes.iter().find(|class| class.examples.is_empty())?;
        let others = classes.iter().filter(|class| !class.examples.is_empty()).count();
        (others >= 1 && classes.len() >= 2).then_some(empty.name.as_str())
    }

    /// Forgets what belongs to the project that was open.
    pub fn forget(&mut self) {
        let explained = std::mem::take(&mut self.explained);
        let map = MapView { kind: self.map.kind, placed: None };
        *self = Self { map, explained, ..Self::default() };
    }
}
