//! Taking over what the engine, the workers and the library brought since the last pass.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{self, ViewportCommand};

use super::App;
use crate::app::controllers::{Beside, FilesController, ModelController, ZonesController};
use crate::app::intent::Page;
use crate::app::strings::source_page;
use crate::app::timing::First;
use crate::app::view::current_source_name;
use crate::app::workers::Done;
use crate::engine::{Prediction, SourceState};
use crate::scene;

/// How often the figures change on screen: often enough to follow, seldom enough to read.
const FIGURES_EVERY: Duration = Duration::from_millis(400);

impl App {
    /// Takes over what the engine and the workers brought.
    pub(super) fn gather(&mut self, ctx: &egui::Context) {
        self.core.panel_shown =
            self.core.settings.side_panel && self.core.page == Page::Stage && !self.window.full_screen;
        while let Some(done) = self.core.workers.next() {
            self.done(ctx, done);
        }
        let core = &mut self.core;
        let source = core.engine.source();
        if !Arc::ptr_eq(&source, &core.source) {
            if !keeps_preview(&core.source, &source) {
                self.stage.clear();
            }
            let before = Arc::clone(&core.source);
            self.source.changed(source, core);
            let now = Arc::clone(&core.source);
            self.shutter.source_changes(&before, &now, core);
        }
        let model = core.engine.model();
        if !Arc::ptr_eq(&model, &core.model) {
            self.model.changed(model, core);
        }
        self.zones.gather(&self.core);
        self.gather_prediction();
        let core = &mut self.core;
        self.compare.gather(core);
        // With privacy on, each result is shown on its own frame; see `take_frame`.
        let own_frame = core.settings.result_on_own_frame || core.settings.privacy.on;
        let follows = matches!(core.page, Page::Stage | Page::Inside) && !self.compare.on && !own_frame;
        core.followed =
            core.prediction.as_ref().filter(|_| follows).and_then(|shown| {
                core.engine.followed().filter(|moved| moved.model.is_same_model(&shown.model))
            });
        self.request_scenes(ctx);
        let core = &mut self.core;
        if core.model.current.is_some() {
            self.timing.there(First::Model);
        }
        if core.prediction.is_some() {
            self.timing.there(First::Result);
        }
        core.position = core.engine.position();
        self.library.gather(core);
        self.events.gather(ctx, core);
        self.gallery.gather(core, ctx);
        self.teach.gather(core, ctx);
        self.inside.gather(&self.stage, &self.model, core);
        core.analyse(&self.zones.scene, self.events.has_rules() || self.shutter.needs_tracks());
        self.dataset.gather(self.events.collects(), self.compare.on, core);
        self.record.gather(self.events.needs_seconds(), self.compare.on, core);
        self.model.gather(core, ctx);
        if self.window.figures_at.is_none_or(|at| at.elapsed() >= FIGURES_EVERY) {
            self.window.figures_at = Some(Instant::now());
            core.stats = core.engine.stats();
            core.pace = core.engine.pace();
            self.compare.view.measure(|index| core.engine.model_stats(index));
            self.model.figures_changed(core);
            self.events.figures_changed(core);
            if let Some(trouble) = core.watcher.take_error() {
                core.failed_with(&trouble);
            }
        }
        let beside = Beside::of(&self.compare, &self.inside.page, &self.teach.page);
        self.lessons.gather(&beside, core);
        self.settings.gather(core);
        self.shutter_pass(ctx);
        let core = &mut self.core;
        core.toasts.pass(ctx);
        self.set_title(ctx);
    }

    /// Asks for the scenes of what is shown now, so that they are composed while the panels are laid out.
    fn request_scenes(&mut self, ctx: &egui::Context) {
        let core = &self.core;
        let newest = || [core.followed.as_ref().or(core.prediction.as_ref()).cloned(), None, None, None];
        let (predictions, style) = match core.page {
            Page::Reading(_) | Page::Teach => {
                let style = scene::Style { language: core.language(), ..scene::Style::default() };
                (newest(), style)
            }
            _ if self.compare.on => (self.compare.view.predictions(), core.style()),
            // The editor paints zones and lines itself, where they are now.
            _ => (newest(), scene::Style { zones: !self.zones.editor.open, ..core.style() }),
        };
        self.stage.request_scenes(ctx, predictions, &style, &core.settings.privacy);
    }

    /// The newest result of the model that the panels show. While the model is being changed, the last result of the old
    /// one stays until result and state are both of the new one.
    fn gather_prediction(&mut self) {
        let core = &mut self.core;
        let newest = core.engine.prediction();
        let current = core.model.current.as_ref();
        let is_current = |o: &Arc<Prediction>| current.is_some_and(|model| model.is_same_model(&o.model));
        if newest.is_none() || newest.as_ref().is_some_and(is_current) {
            core.prediction = newest;
        } else {
            core.prediction.take_if(|old| !is_current(old));
        }
    }

    /// The title names the source, or says why there is no preview.
    fn set_title(&mut self, ctx: &egui::Context) {
        let core = &self.core;
        let what = match &*core.source {
            SourceState::Failed { error, .. } => Some(source_page(core.language(), error).title),
            source => current_source_name(source, &self.source.cameras, core.strings()),
        };
        let title = what.map_or_else(|| "Sightline".to_owned(), |what| format!("{what} – Sightline"));
        if title != self.window.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.window.title = title;
        }
    }

    /// Hands a worker's result to the controller that asked for it.
    fn done(&mut self, ctx: &egui::Context, done: Done) {
        let core = &mut self.core;
        match done {
            Done::Nothing => {}
            Done::Ask(intents) => core.intents.extend(intents),
            Done::Failed(text) => core.failed(text),
            Done::Cameras(found) => self.source.cameras_listed(Some(found), core),
            Done::Library(done) => self.library.done(done, core),
            Done::Servers(done) => self.servers.done(done, core),
            Done::Events(done) => self.events.done(done, ctx, core),
            Done::Dataset(done) => self.dataset.done(done, ctx, core),
            Done::Teach(done) => self.teach.done(done, core, ctx),
            Done::Gallery(done) => self.gallery.done(done, core, ctx),
            Done::Lessons(done) => {
                let beside = Beside::of(&self.compare, &self.inside.page, &self.teach.page);
                self.lessons.done(done, &beside, core);
            }
            Done::Chosen(what, paths) => self.files.chosen(what, paths, core),
            Done::Typed(result) => self.files.typed_understood(result, core),
            Done::NoDialogue(what) => self.files.no_dialogue(what),
            Done::Snapshot(series, result) => self.snapshot_done(series, result),
            Done::Still(still) => self.still_done(*still),
            Done::CopiedPicture(true) => drop(core.toasts.good(core.strings().shutter.picture_copied, "")),
            Done::CopiedPicture(false) => {
                let w = &core.strings().shutter;
                core.toasts.bad(w.not_copied, w.no_clipboard);
            }
            Done::NoSound(error) => self.shutter.no_sound(&error, core),
            Done::Discarded(result) => FilesController::discarded(result, core),
            Done::Restored(result) => FilesController::restored(result, core),
            Done::Ran(path, result) => self.model.ran(&path, result),
            Done::NotOpened(path, ending, instead) => {
                ModelController::not_opened(&path, ending, core);
                core.intents.extend(instead);
            }
            Done::Inspected(path, sidecar, result) => self.reading.inspected(&path, sidecar, result),
            Done::ReadingSaved(path, result) => self.reading.saved(&path, result, core),
            Done::Labels(path, result) => self.reading.labels_read(&path, result, core),
            Done::Scene(path, result) => self.zones.loaded(&path, result, core),
            Done::SceneSaved(result) => self.zones.saved(result, core),
            Done::SceneExported(path, result) => ZonesController::exported(&path, result, core),
            Done::Broken => {
                self.source.cameras_listed(None, core);
                self.files.broken();
                let text = core.strings().try_again;
                core.failed(text);
            }
        }
    }
}

/// Whether the preview of one state of the source may stay in the next one.
fn keeps_preview(before: &SourceState, now: &SourceState) -> bool {
    before.address() == now.address() && !matches!(now, SourceState::Failed { .. } | SourceState::Closed)
}
