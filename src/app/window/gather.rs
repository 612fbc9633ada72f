//! Taking over what the engine, the workers and the library brought since the last pass.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{self, ViewportCommand};

use super::App;
use crate::app::apply;
use crate::app::intent::Page;
use crate::app::page_text::{model_card, source_page};
use crate::app::reading::Seen;
use crate::app::timing::First;
use crate::app::view::{address_name, source_address, source_info};
use crate::app::workers::Done;
use crate::engine::{Command, ModelState, Prediction, SourceState};
use crate::settings::Saver;

/// How often the figures change on screen: often enough to follow, seldom enough to read.
const FIGURES_EVERY: Duration = Duration::from_millis(400);

impl App {
    /// Takes over what the engine and the workers brought.
    pub(super) fn gather(&mut self, ctx: &egui::Context) {
        while let Some(done) = self.workers.next() {
            self.take(ctx, done);
        }
        let source = self.engine.source();
        if !Arc::ptr_eq(&source, &self.state.source) {
            self.source_changed(source);
        }
        let model = self.engine.model();
        if !Arc::ptr_eq(&model, &self.state.model) {
            self.model_changed(model);
        }
        self.gather_outcome();
        self.compare.take(self.engine.comparison().filter(|_| self.state.comparing));
        if self.state.model.current.is_some() {
            self.timing.there(First::Model);
        }
        if self.state.prediction.is_some() {
            self.timing.there(First::Result);
        }
        self.state.position = self.engine.position();
        self.library_changed();
        self.pulls_changed();
        self.tell_idle();
        self.tune(ctx);
        if self.figures_at.is_none_or(|at| at.elapsed() >= FIGURES_EVERY) {
            self.figures_at = Some(Instant::now());
            self.state.stats = self.engine.stats();
            self.state.pace = self.engine.pace();
            self.compare.measure(|lane| self.engine.model_stats(lane));
            self.remember_live_time();
            self.fit_size();
            if let Some(trouble) = self.watcher.take_error() {
                self.toasts.bad(self.strings().not_done, trouble);
            }
        }
        if self.state.settings != self.remembered {
            self.remembered = self.state.settings.clone();
            if let Some(saver) = &self.saver {
                saver.set(self.remembered.clone());
            }
        }
        if let Some(error) = self.saver.as_ref().and_then(Saver::take_error) {
            self.toasts.bad(self.strings().settings, error.to_string());
        }
        self.toasts.pass(ctx);
        self.set_title(ctx);
    }

    /// The newest result of the model that the panels speak of. While a model is being changed the last result of the
    /// old one stays, until result and state are both of the new one.
    fn gather_outcome(&mut self) {
        let newest = self.engine.prediction();
        let current = self.state.model.current.as_ref();
        let is_current = |o: &Arc<Prediction>| current.is_some_and(|card| Arc::ptr_eq(card, &o.model));
        if newest.is_none() || newest.as_ref().is_some_and(is_current) {
            self.state.prediction = newest;
        } else {
            self.state.prediction.take_if(|old| !is_current(old));
        }
    }

    fn source_changed(&mut self, source: Arc<SourceState>) {
        let (was, is) = (source_address(&self.state.source).cloned(), source_address(&source).cloned());
        let failed = matches!(*source, SourceState::Failed { .. });
        if was != is || failed || matches!(*source, SourceState::Closed) {
            self.stage.clear();
        }
        if let (Some(info), Some(address)) = (source_info(&source), &is)
            && source_info(&self.state.source).is_none()
        {
            let address = apply::lasting_address(address, info, &self.state.cameras);
            self.state.settings.remember_source(&address);
            if address.is_camera() && self.state.cameras.items.is_none() {
                self.look_for_cameras();
            }
        }
        if failed && is.as_ref().is_some_and(crate::source::Address::is_camera) {
            // So that the page can offer the others.
            self.look_for_cameras();
        }
        self.state.source = source;
    }

    fn model_changed(&mut self, model: Arc<ModelState>) {
        let same = match (&self.state.model.current, &model.current) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if let Some(card) = model.current.as_ref().filter(|_| !same) {
            self.state.settings.remember_model(&card.path);
            self.running_since = Some(Instant::now());
            self.model_used(&card.path);
            self.look_who_runs(card);
            let other_labels =
                self.state.model.current.as_ref().is_none_or(|old| old.spec.labels != card.spec.labels);
            if other_labels && !self.state.thresholds.classes.is_empty() {
                self.state.thresholds.classes.clear();
                self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
            }
        }
        if let Some((path, error)) = &model.failed
            && self.state.model.failed.as_ref().is_none_or(|(_, old)| !Arc::ptr_eq(old, error))
        {
            tracing::warn!("{error}");
            // A model that isn't understood is asked about at once, unless its page is open already.
            if matches!(**error, crate::model::ModelError::NotUnderstood { .. })
                && self.reading.as_ref().is_none_or(|r| r.path != *path)
            {
                self.show(Page::Reading(path.clone()));
            } else if !self.state.settings.side_panel {
                let text = model_card(self.state.language(), error);
                self.toasts.bad(&text.title, format!("{} {}", text.explanation, text.fix));
            }
        }
        self.state.model = model;
    }

    /// The title says what is seen, or why nothing is.
    fn set_title(&mut self, ctx: &egui::Context) {
        let state = &*self.state.source;
        let what = match (state, source_address(state), source_info(state)) {
            (SourceState::Failed { error, .. }, ..) => source_page(self.state.language(), error).title,
            (_, Some(address), Some(info)) if address.is_camera() => info.name.clone(),
            (_, Some(address), _) => address_name(address, self.strings()),
            (_, None, _) => String::new(),
        };
        let title = if what.is_empty() { "Sightline".to_owned() } else { format!("{what} – Sightline") };
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn take(&mut self, ctx: &egui::Context, done: Done) {
        let s = self.strings();
        match done {
            Done::Cameras(found) => {
                self.state.cameras.looking = false;
                self.state.cameras.items = Some(found);
            }
            Done::Noted | Done::Settled(Ok(())) | Done::FolderOpened(Ok(())) => {}
            Done::Pull(id, job) => self.begin_pull(id, *job),
            Done::Verified(name, verdict) => self.verified(&name, verdict),
            Done::Removed(path, deleted, answer) => self.removed(&path, deleted, answer),
            Done::Ran(path, answer) => self.ran(&path, answer),
            Done::Imported(taken) => self.imported(&taken),
            Done::Chosen(what, path) => {
                self.state.choosing = false;
                if let Some(path) = path {
                    self.chosen(what, path);
                }
            }
            Done::NoDialogue(what) => {
                self.state.choosing = false;
                self.state.typed = Some((what, String::new()));
            }
            Done::Snapshot(result) => self.snapshot_done(ctx, result),
            Done::Inspected(path, sidecar, result) => {
                if let Some(reading) = self.reading.as_mut().filter(|r| r.path == path) {
                    reading.seen = match result {
                        Ok(seen) => Seen::Read(seen),
                        Err(error) => Seen::Failed(error),
                    };
                    if let Some(sidecar) = sidecar {
                        reading.chosen = sidecar;
                    }
                }
            }
            Done::ReadingSaved(path, Ok(_)) => {
                if let Some(reading) = self.reading.as_mut().filter(|r| r.path == path) {
                    reading.saved = true;
                }
            }
            Done::ReadingSaved(_, Err(error)) | Done::Settled(Err(error)) => {
                self.toasts.bad(s.not_done, format!("{error} {}", error.fix()));
            }
            Done::Labels(Ok(names)) => {
                if let Some(reading) = &mut self.reading {
                    reading.chosen.labels = Some(names);
                    reading.saved = false;
                    let (path, chosen) = (reading.path.clone(), reading.chosen.clone());
                    self.open_model(path, Some(chosen));
                }
            }
            Done::Labels(Err(error)) | Done::FolderOpened(Err(error)) => {
                self.toasts.bad(s.not_done, error);
            }
            Done::Broken => {
                self.state.cameras.looking = false;
                self.state.choosing = false;
                self.toasts.bad(s.not_done, s.try_again);
            }
        }
    }
}
