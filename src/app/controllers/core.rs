//! What all controllers share: the engine and what it last reported, the settings, the list of models, workers and
//! messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::kept::Kept;
use crate::app::intent::{Intent, Page};
use crate::app::strings::{Explain, Strings, system_language};
use crate::app::toasts::Toasts;
use crate::app::workers::{Done, Workers};
use crate::dataset::Collector;
use crate::engine::{Command, Engine, ModelInfo, ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::library::{Catalogue, ModelEntry, Watcher};
use crate::model::isolation::Isolation;
use crate::model::labels::Language;
use crate::model::{Known, Thresholds};
use crate::privacy::Privacy;
use crate::record::ClipSender;
use crate::save::Thumbnail;
use crate::scene;
use crate::settings::{Limits, Settings};
use crate::track::zones::SceneFile;
use crate::track::{AnalyserOptions, TrackerKind, TrackerOptions};

/// See the module.
pub struct Core {
    pub engine: Engine,
    pub settings: Settings,
    /// Who is hidden, as the settings say it now: for workers that save an image later than it was asked for.
    pub privacy: Arc<Mutex<Privacy>>,
    /// Where snapshots and recordings go if the user has chosen no folders.
    pub saved_in: [std::path::PathBuf; 2],
    /// `--language`, which isn't remembered.
    pub language: Option<Language>,
    pub source: Arc<SourceState>,
    pub model: Arc<ModelState>,
    pub prediction: Option<Arc<Prediction>>,
    /// The newest frame with the results that were moved to it, if that is what is shown.
    pub followed: Option<Arc<Prediction>>,
    /// What the engine tracks and counts.
    pub analysis: AnalyserOptions,
    pub stats: Stats,
    pub pace: PaceReport,
    pub thresholds: Thresholds,
    pub position: Option<f64>,
    /// Whom rules ask for clips, while a recorder runs.
    pub clips: Option<ClipSender>,
    /// The data set that rules collect into, while one is open.
    pub collector: Option<Collector>,
    /// The models on this computer.
    pub models: Arc<Vec<Arc<ModelEntry>>>,
    pub catalogue: Arc<Catalogue>,
    /// What the catalogue knows of how models are read.
    pub known: Known,
    /// Which models run in a process of their own.
    pub isolation: Option<Isolation>,
    pub watcher: Arc<Watcher>,
    pub workers: Workers,
    pub toasts: Toasts,
    pub page: Page,
    /// The side panel is on screen: it tells why a model isn't running.
    pub panel_shown: bool,
    /// A source that isn't a camera is mirrored; it isn't remembered.
    pub file_mirrored: bool,
    /// Intents that wait to be carried out, oldest first.
    pub intents: VecDeque<Intent>,
    /// While a lesson is taken: the settings that it changes, as the user left them.
    pub kept: Option<Box<Kept>>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("source", &self.source).field("page", &self.page).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Core {
    /// One without source and model, whose models' folder is this one.
    pub fn bare(folder: &std::path::Path) -> Self {
        use crate::engine::EngineOptions;
        use crate::library::Inventory;

        let engine = Engine::start(EngineOptions::new(Arc::new(|| ())));
        let catalogue = Arc::new(Catalogue::default());
        let inventory = Inventory::new(vec![folder.to_owned()], None, Arc::clone(&catalogue));
        Self {
            saved_in: [folder.to_owned(), folder.to_owned()],
            source: engine.source(),
            model: engine.model(),
            engine,
            settings: Settings::default(),
            privacy: Arc::default(),
            language: Some(Language::English),
            prediction: None,
            followed: None,
            analysis: AnalyserOptions::default(),
            stats: Stats::default(),
            pace: PaceReport::default(),
            thresholds: Thresholds::default(),
            position: None,
            clips: None,
            collector: None,
            models: Arc::default(),
            known: catalogue.known(),
            isolation: None,
            catalogue,
            watcher: Arc::new(Watcher::start(inventory, || ())),
            workers: Workers::new(egui::Context::default()),
            toasts: Toasts::default(),
            page: Page::default(),
            panel_shown: false,
            file_mirrored: false,
            intents: VecDeque::new(),
            kept: None,
        }
    }
}

impl Core {
    /// Carries out an intent in this pass, after those that already wait.
    pub fn ask(&mut self, intent: Intent) {
        self.intents.push_back(intent);
    }

    /// Tells the engine what to track and count, if that has changed: objects are tracked when the user wants it, and for zones,
    /// lines and rules.
    pub fn analyse(&mut self, scene: &Arc<SceneFile>, has_rules: bool) {
        let scene = Some(scene).filter(|scene| !scene.is_empty());
        let kind = self.settings.tracking.kind();
        let kind = kind.or_else(|| (scene.is_some() || has_rules).then(TrackerKind::default));
        let same_scene = match (&self.analysis.scene, scene) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        let trail_s = if self.settings.tracking.kind().is_some() { self.settings.trail_seconds } else { 0.0 };
        let now = &self.analysis;
        let looks = self.settings.appearance.as_ref().filter(|_| kind.is_some());
        if same_scene
            && now.tracker.as_ref().map(|t| t.kind) == kind
            && now.trail_s == trail_s
            && now.looks.as_ref() == looks
        {
            return;
        }
        self.analysis = AnalyserOptions {
            tracker: kind.map(|kind| TrackerOptions { kind, ..TrackerOptions::default() }),
            trail_s,
            scene: scene.cloned(),
            looks: looks.cloned(),
        };
        self.engine.send(Command::Analyse(self.analysis.clone()));
    }

    /// The language of the window.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language.or(self.settings.language).unwrap_or_else(system_language)
    }

    /// The texts of the window.
    #[must_use]
    pub fn strings(&self) -> &'static Strings {
        Strings::of(self.language())
    }

    /// Whether the preview is shown left-right reversed. That is remembered for cameras alone: text in a video is to be read.
    #[must_use]
    pub fn mirrored(&self) -> bool {
        match self.source.address() {
            Some(address) if !address.is_camera() => self.file_mirrored,
            _ => self.settings.mirror,
        }
    }

    /// How results are drawn.
    #[must_use]
    pub fn style(&self) -> scene::Style {
        scene::Style {
            language: self.language(),
            mirror: self.mirrored(),
            plane_blend: self.settings.amount,
            line_scale: self.settings.line_size,
            label_scale: self.settings.label_size,
            ..scene::Style::default()
        }
    }

    /// The small image of something that was saved, for its message; `None` if there is none.
    pub fn small_image(&self, thumbnail: &Thumbnail) -> Option<egui::TextureHandle> {
        let size = [thumbnail.width as usize, thumbnail.height as usize];
        let is_whole = size[0] > 0 && thumbnail.rgba.len() == size[0] * size[1] * 4;
        is_whole.then(|| {
            let image = egui::ColorImage::from_rgba_unmultiplied(size, &thumbnail.rgba);
            self.workers.context().load_texture("thumbnail", image, egui::TextureOptions::LINEAR)
        })
    }

    /// Sets the limits that the user chose for this model, or else those of its family.
    pub fn limit_for(&mut self, model: &ModelInfo) {
        let usual = model.spec.family.thresholds();
        let usual = Limits { conf: usual.conf, iou: usual.iou };
        let Limits { conf, iou } = self.settings.limits.get(&model.sha256).copied().unwrap_or(usual);
        (self.thresholds.conf, self.thresholds.iou) = (conf, iou);
        self.keep_limits_to_the_first();
    }

    /// The limits as they are now are the first model's own: models that are compared with it keep theirs until the user changes
    /// them for all.
    pub fn keep_limits_to_the_first(&mut self) {
        self.thresholds.base = Some([self.thresholds.conf, self.thresholds.iou]);
    }

    /// Remembers the limits as they are for the model that runs.
    pub fn remember_limits(&mut self) {
        let Some(model) = &self.model.current else { return };
        let Thresholds { conf, iou, .. } = self.thresholds;
        let usual = model.spec.family.thresholds();
        if (conf, iou) == (usual.conf, usual.iou) {
            self.settings.limits.remove(&model.sha256);
        } else {
            self.settings.limits.insert(model.sha256.clone(), Limits { conf, iou });
        }
    }

    /// Shows a message that something failed, with the fix.
    pub fn failed(&mut self, text: impl Into<String>) {
        self.toasts.bad(self.strings().not_done, text);
    }

    /// Shows an error with its fix, in the window's language.
    pub fn failed_with(&mut self, error: &dyn Explain) {
        let text = error.explain(self.language());
        self.failed(text.to_string());
    }

    /// Runs a job that reads or writes the library's files on a worker.
    pub fn library_job(&self, job: impl FnOnce(&Watcher) -> Done + Send + 'static) {
        let watcher = Arc::clone(&self.watcher);
        self.workers.run("library", move || job(&watcher));
    }
}
