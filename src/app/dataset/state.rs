//! What the page of data sets remembers between two passes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::document::{Document, Verdict};
use super::pictures::Pictures;
use super::shapes::{Part, Point};
use crate::dataset::check::Finding;
use crate::dataset::measure::MeasuredModel;
use crate::dataset::{Annotation, Difference, Exported, Format, Item, Polygon, Problem};
use crate::model::labels::Language;

/// The most that the image can be enlarged, compared with what fits.
pub(super) const MOST_ZOOM: f32 = 40.0;

/// Which images are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Which {
    #[default]
    All,
    Open,
    Accepted,
    Rejected,
    /// Blurred, like another one, or with labels that can't be read.
    Flagged,
}

impl Which {
    pub(super) const ALL: [Self; 5] = [Self::All, Self::Open, Self::Accepted, Self::Rejected, Self::Flagged];

    pub(super) fn fits(self, item: &Item, flags: &Flags, damaged: &Damaged) -> bool {
        match self {
            Self::All => true,
            Self::Open => Verdict::of(item) == Verdict::Open,
            Self::Accepted => Verdict::of(item) == Verdict::Accepted,
            Self::Rejected => Verdict::of(item) == Verdict::Rejected,
            Self::Flagged => flags.contains_key(&item.name) || damaged.contains_key(&item.name),
        }
    }
}

/// What somebody should look at in an image, by its name.
pub type Flags = HashMap<String, Flag>;

/// See [`Flags`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    Blurred,
    /// It is much like the image of this name.
    Like(String),
}

/// What is wrong with the label files of images, by the images' names.
pub type Damaged = HashMap<String, Problem>;

/// The problems that are about the label file of an image of the data set in the folder `root`.
fn damaged_of(problems: &[Problem], root: &Path) -> Damaged {
    let labels = root.join("labels");
    let image = |path: &Path| {
        let path = std::path::absolute(path).ok()?;
        let parts = path.strip_prefix(&labels).ok()?.components().map(|part| part.as_os_str().to_str());
        let name = parts.collect::<Option<Vec<_>>>()?.join("/");
        name.strip_suffix(".json").map(str::to_owned)
    };
    let is_damage = |problem: &&Problem| matches!(problem, Problem::Labels { .. } | Problem::Label { .. });
    let damaged = problems.iter().filter(is_damage);
    damaged.filter_map(|problem| Some((image(problem.path())?, problem.clone()))).collect()
}

/// The flags that belong to these findings: of two images that are alike the later one is flagged.
#[must_use]
pub fn flags_of(findings: &[Finding]) -> Flags {
    let flag = |finding: &Finding| match finding {
        Finding::Blurred { image, .. } => Some((image.clone(), Flag::Blurred)),
        Finding::NearDuplicate { image, other, .. } => Some((other.clone(), Flag::Like(image.clone()))),
        _ => None,
    };
    findings.iter().filter_map(flag).collect()
}

/// Work that takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Check,
    Import,
    Export,
    Evaluate,
}

/// How far a worker is; it ends when it is told to stop. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Steps>);

#[derive(Debug, Default)]
struct Steps {
    done: AtomicUsize,
    all: AtomicUsize,
    stopped: AtomicBool,
}

impl Progress {
    /// The worker says how far it is; returns whether it is to go on.
    #[must_use]
    pub fn step(&self, done: usize, all: usize) -> bool {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.all.store(all, Ordering::Relaxed);
        !self.0.stopped.load(Ordering::Relaxed)
    }

    /// Done, and all.
    #[must_use]
    pub fn get(&self) -> (usize, usize) {
        (self.0.done.load(Ordering::Relaxed), self.0.all.load(Ordering::Relaxed))
    }

    /// The worker is to end.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }
}

/// What the page shows of the data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Review,
    Evaluation,
}

/// Models that were measured.
#[derive(Debug)]
pub struct Evaluated {
    pub models: Vec<MeasuredModel>,
    /// Between two models.
    pub difference: Option<Difference>,
    /// That of the labels which they were compared with; see [`Document::revision`].
    pub revision: u64,
}

/// What a model found in an image, over its labels.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    /// The image's place.
    pub(super) place: usize,
    pub(super) model: String,
    /// Class, score and box.
    pub(super) found: Vec<(usize, f64, [f64; 4])>,
}

/// What is to be exported, and how, as the user chooses it.
#[derive(Clone, Debug)]
pub struct ExportForm {
    pub format: Format,
    /// Where to.
    pub to: String,
    /// The user chose the folder; otherwise it follows the format.
    pub(super) is_own: bool,
    pub unreviewed: bool,
    /// Per cent.
    pub val: u32,
    pub test: u32,
    /// What became of it.
    pub outcome: Option<Result<Exported, String>>,
}

impl ExportForm {
    /// Beside the data set.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let mut form = Self {
            format: Format::YoloDetect,
            to: String::new(),
            is_own: false,
            unreviewed: false,
            val: 20,
            test: 0,
            outcome: None,
        };
        form.follow(root);
        form
    }

    /// The folder follows the format unless the user chose it.
    pub(super) fn follow(&mut self, root: &Path) {
        if !self.is_own {
            let name = root.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{name} {}", crate::app::strings::format_folder(self.format));
            self.to = root.with_file_name(name).display().to_string();
        }
    }

    /// The user chose a folder: a new one in it, or it itself if it is empty, which a worker finds out.
    pub fn choose(&mut self, folder: &Path, root: &Path) {
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name} {}", crate::app::strings::format_folder(self.format));
        self.to = folder.join(name).display().to_string();
        self.is_own = true;
    }
}

/// What the pointer does on the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tool {
    #[default]
    Select,
    Box,
    Outline,
    Points,
}

/// A label that follows the pointer.
#[derive(Clone, Debug)]
pub(super) struct Drag {
    /// Its place in the list; `None`: a box that is being drawn.
    pub(super) place: Option<usize>,
    pub(super) part: Part,
    pub(super) from: Point,
    pub(super) before: Annotation,
    pub(super) now: Annotation,
    /// The pointer has let go: it is shown until the change is made.
    pub(super) is_done: bool,
}

/// What a class is being chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Label(usize),
    /// Labels that will be drawn.
    New,
    Image,
}

/// The image on screen and what is being done with it.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// 1: the whole image fits.
    pub(super) zoom: f32,
    /// The point of the image in the middle, as shares of its sides.
    pub(super) middle: egui::Vec2,
    pub(super) tool: Tool,
    pub(super) selected: Option<usize>,
    /// The selected point of the selected label.
    pub(super) part: Option<Part>,
    pub(super) drag: Option<Drag>,
    /// The corners of the outline that is being drawn.
    pub(super) draft: Polygon,
    /// Keypoints that the user skipped while labelling them one after the other.
    pub(super) skipped: Vec<usize>,
}

impl Default for Canvas {
    fn default() -> Self {
        Self {
            zoom: 1.0,
            middle: egui::vec2(0.5, 0.5),
            tool: Tool::Select,
            selected: None,
            part: None,
            drag: None,
            draft: Polygon::new(),
            skipped: Vec::new(),
        }
    }
}

impl Canvas {
    /// Chooses a tool; what is half drawn is given up.
    pub(super) fn take(&mut self, tool: Tool) {
        self.tool = tool;
        self.draft.clear();
        self.drag = None;
        self.skipped.clear();
        if tool != Tool::Points {
            self.part = None;
        }
        if matches!(tool, Tool::Box | Tool::Outline) {
            self.selected = None;
        }
    }

    /// Selects a label, or none.
    pub(super) fn select(&mut self, place: Option<usize>) {
        if self.selected != place {
            self.part = None;
            self.skipped.clear();
        }
        self.selected = place;
    }

    /// Escape gives up what is being done; returns whether there was something.
    pub(super) fn escape(&mut self) -> bool {
        let was = self.is_busy();
        if self.drag.is_some() || !self.draft.is_empty() || self.tool != Tool::Select {
            self.take(Tool::Select);
        } else {
            self.select(None);
        }
        was
    }

    pub(super) fn is_busy(&self) -> bool {
        self.tool != Tool::Select || self.drag.is_some() || self.selected.is_some()
    }
}

/// See the module.
#[derive(Default)]
pub struct DatasetPage {
    /// That of the window: names of classes are told in it.
    pub(super) language: Language,
    /// The data set that is open.
    pub document: Option<Document>,
    pub root: PathBuf,
    /// What couldn't be read when it was opened.
    pub problems: Vec<Problem>,
    /// It is being read.
    pub opening: bool,
    /// Why it can't be opened or made, with the fix.
    pub error: Option<String>,
    /// Why labels can't be saved, with the fix.
    pub save_error: Option<String>,
    /// A frame waits for a data set to be chosen.
    pub choose_first: bool,
    pub pictures: Pictures,
    pub flags: Flags,
    pub damaged: Damaged,
    /// What a worker is doing, and how far it is.
    pub work: Option<(Work, Progress)>,
    pub export: Option<ExportForm>,
    pub(super) tab: Tab,
    /// The models that are to be measured.
    pub(super) first: Option<PathBuf>,
    pub(super) second: Option<PathBuf>,
    pub evaluated: Option<Evaluated>,
    /// Why nothing was measured, with the fix.
    pub evaluation_error: Option<String>,
    /// The model whose mistakes are shown.
    pub(super) details: usize,
    pub(super) overlay: Option<Overlay>,
    pub(super) canvas: Canvas,
    pub(super) which: Which,
    /// The image that was shown in the last pass.
    pub(super) shown: Option<usize>,
    /// The class of labels that are drawn.
    pub(super) class: String,
    pub(super) naming: Option<Naming>,
    pub(super) naming_text: String,
    /// The row that Enter takes.
    pub(super) naming_row: usize,
    /// The field of the dialogue has had the focus.
    pub(super) naming_shown: bool,
    /// The field of a new data set's name gets the focus.
    pub focus_name: bool,
    /// The name of a new data set, as it is typed.
    pub(super) new_name: String,
}

impl std::fmt::Debug for DatasetPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatasetPage").field("root", &self.root).finish_non_exhaustive()
    }
}

impl DatasetPage {
    /// Shows a data set that was read.
    pub fn show(&mut self, document: Document, root: PathBuf, problems: Vec<Problem>) {
        let damaged = damaged_of(&problems, &root);
        *self = Self { document: Some(document), root, problems, damaged, ..Self::default() };
    }

    /// Escape ends something on the page before it leaves it.
    #[must_use]
    pub fn holds_escape(&self) -> bool {
        let edits = self.tab == Tab::Review && (self.canvas.is_busy() || self.overlay.is_some());
        self.document.is_some() && (edits || self.naming.is_some() || self.export.is_some())
    }

    /// Begins to choose a class.
    pub(super) fn name(&mut self, naming: Naming) {
        self.naming = Some(naming);
        self.naming_text.clear();
        self.naming_row = 0;
        self.naming_shown = false;
    }

    /// The name of the class that new labels get.
    pub(super) fn new_class(&self) -> String {
        let classes = self.document.as_ref().map(Document::classes).unwrap_or_default();
        match classes.first() {
            _ if !self.class.is_empty() => self.class.clone(),
            Some(first) => first.name.clone(),
            None => super::document::FIRST_CLASS.to_owned(),
        }
    }

    /// Another image is shown: nothing of the last one is held.
    pub(super) fn follow(&mut self) {
        let current = self.document.as_ref().map(Document::current);
        let labels = self.document.as_ref().map_or(0, |document| document.labels().len());
        self.canvas.drag.take_if(|drag| drag.is_done);
        if current != self.shown {
            self.shown = current;
            self.overlay.take_if(|overlay| Some(overlay.place) != current);
            let tool = if self.canvas.tool == Tool::Box { Tool::Box } else { Tool::Select };
            self.canvas = Canvas { tool, ..Canvas::default() };
        }
        if self.canvas.selected.is_some_and(|place| place >= labels) {
            self.canvas.select(None);
        }
    }
}
