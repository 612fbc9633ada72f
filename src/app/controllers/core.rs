//! What all controllers share: the engine and what it last reported, the settings, the list of models, workers and
//! messages.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::app::intent::{Intent, Page};
use crate::app::strings::{Explain, Strings, system_language};
use crate::app::toasts::Toasts;
use crate::app::workers::{Done, Workers};
use crate::engine::{Engine, ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::library::{Catalogue, ModelEntry, Watcher};
use crate::model::labels::Language;
use crate::model::{Known, Thresholds};
use crate::scene;
use crate::settings::Settings;

/// See the module.
pub struct Core {
    pub engine: Engine,
    pub settings: Settings,
    /// `--language`, which isn't remembered.
    pub language: Option<Language>,
    pub source: Arc<SourceState>,
    pub model: Arc<ModelState>,
    pub prediction: Option<Arc<Prediction>>,
    pub stats: Stats,
    pub pace: PaceReport,
    pub thresholds: Thresholds,
    pub position: Option<f64>,
    /// The models on this computer.
    pub models: Arc<Vec<Arc<ModelEntry>>>,
    pub catalogue: Arc<Catalogue>,
    /// What the catalogue knows of how models are read.
    pub known: Known,
    pub watcher: Arc<Watcher>,
    pub workers: Workers,
    pub toasts: Toasts,
    pub page: Page,
    /// Intents that wait to be carried out, oldest first.
    pub intents: VecDeque<Intent>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("source", &self.source).field("page", &self.page).finish_non_exhaustive()
    }
}

impl Core {
    /// Carries out an intent in this pass, after those that already wait.
    pub fn ask(&mut self, intent: Intent) {
        self.intents.push_back(intent);
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

    /// How results are drawn.
    #[must_use]
    pub fn style(&self) -> scene::Style {
        scene::Style {
            language: self.language(),
            mirror: self.settings.mirror,
            plane_blend: self.settings.amount,
            ..scene::Style::default()
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
