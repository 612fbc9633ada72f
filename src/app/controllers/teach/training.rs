//! When to train, what the training thread brought, and the live session that shows it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::desk::{Desk, Order};
use super::learner::{Job, Learner, Told};
use super::live::{FindTask, Live, Task};
use super::mapper::Mapper;
use super::plan::PAUSE;
use super::{TeachController, export_folder, listed, options};
use crate::app::controllers::core::Core;
use crate::app::intent::TeachTab;
use crate::app::strings::teach_error;
use crate::app::teach::TeachDone;
use crate::app::teach::state::{
    ExportForm, ExportState, Found, Learned, LivePhase, LiveView, Target, Training,
};
use crate::app::workers::Done;
use crate::learn::teach::{MapKind, TeachError, TrainOptions, check_target};
use crate::model::CancelToken;

/// How often a file is looked at that nothing can be written to.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl TeachController {
    /// Begins a training that is due.
    pub(super) fn gather_training(&mut self, core: &mut Core, ctx: &egui::Context) {
        if let Some(progress) = self.learner.as_ref().and_then(Learner::progress)
            && self.plan.cancel.is_some()
            && !self.plan.stopped
        {
            self.page.training = progress;
        }
        if self.page.training == Training::Waiting {
            ctx.request_repaint_after(PAUSE / 4);
        }
        let (Some(project), Some(key)) = (self.page.project.clone(), self.page.backbone.clone()) else {
            return;
        };
        // While examples come, one training would follow the other.
        let saves = self.desk.as_ref().is_none_or(|desk| desk.pending() > 0);
        if !self.plan.is_due() || self.page.collecting.is_some() || saves {
            return;
        }
        self.start_learner(core);
        let Some(learner) = &self.learner else {
            // The next change, or the button, tries again.
            (self.plan.since, self.plan.now) = (None, false);
            self.page.training = Training::Failed(core.strings().inside.no_thread.to_owned());
            return;
        };
        let cancel = CancelToken::default();
        let settings = &project.settings;
        let train = self.page.can_train().then(|| {
            let usual = TrainOptions::default();
            TrainOptions {
                head: settings.head,
                c: settings.c.unwrap_or(usual.c),
                seed: settings.seed,
                ..usual
            }
        });
        let job = Job::Learn { key, project: Arc::clone(&project), train, cancel: cancel.clone() };
        if learner.begin(job) {
            self.plan.cancel = Some(cancel);
            (self.plan.since, self.plan.now) = (None, false);
            self.page.training = Training::Opening;
        }
    }

    fn start_learner(&mut self, core: &Core) {
        if self.learner.is_none() {
            let embeddings = Arc::clone(&self.embeddings);
            self.learner = Learner::start(embeddings, options(core), core.workers.waker());
        }
    }

    pub(super) fn hear_learner(&mut self, core: &mut Core) {
        let told = self.learner.as_ref().map(Learner::told).unwrap_or_default();
        for told in told {
            match told {
                // Of a backbone that isn't the chosen one any more.
                Told::Backbone(key, _) | Told::Learned(key, _)
                    if Some(&key) != self.page.backbone.as_ref() =>
                {
                    self.plan.cancel = None;
                }
                Told::Backbone(_, info) => {
                    self.page.info = Some(*info);
                    self.page.other_backbone = !self.has_chosen && self.is_other_backbone();
                    if !self.page.other_backbone {
                        self.remember_backbone();
                    }
                }
                Told::Learned(_, result) => {
                    self.plan.cancel = None;
                    self.learned(result, core);
                }
                Told::Exported(result) => {
                    self.exporting = None;
                    let language = core.language();
                    let state = match result {
                        Ok(exported) => {
                            listed(&exported.path, core);
                            ExportState::Done(exported)
                        }
                        Err(error) => ExportState::Failed(teach_error(&error, language)),
                    };
                    if core.page != crate::app::intent::Page::Teach {
                        let w = &core.strings().teach;
                        match &state {
                            ExportState::Done(exported) => {
                                core.toasts.good(
                                    w.exported,
                                    (w.exported_text)(exported.verified, exported.difference),
                                );
                            }
                            ExportState::Failed(text) => drop(core.toasts.bad(w.export_title, text.clone())),
                            _ => {}
                        }
                    }
                    if let Some(form) = &mut self.page.export {
                        form.state = state;
                        // It is looked for again: another program may have written it meanwhile.
                        form.looked = None;
                    }
                }
                Told::Broken => {
                    (self.plan.cancel, self.exporting, self.wants_export) = (None, None, false);
                    let text = core.strings().teach.broken.to_owned();
                    if let Some(form) = &mut self.page.export
                        && form.state == ExportState::Writing
                    {
                        form.state = ExportState::Failed(text.clone());
                    }
                    self.page.training = Training::Failed(text);
                }
            }
        }
    }

    fn learned(&mut self, result: Result<Option<Arc<Learned>>, TeachError>, core: &Core) {
        let waits = self.plan.since.is_some() && self.page.can_train();
        match result {
            Ok(Some(learned)) => {
                self.page.outdated = waits;
                self.page.training = if waits { Training::Waiting } else { Training::Idle };
                let classes = learned.samples.names.len();
                self.page.cell.take_if(|(a, b)| *a >= classes || *b >= classes);
                self.page.learned = Some(learned);
            }
            Ok(None) => {
                self.page.training = if waits { Training::Waiting } else { Training::Idle };
                // Of examples that are gone; while a class is still empty, the results before it stay.
                if self.page.empty_class().is_none() {
                    (self.page.learned, self.page.cell) = (None, None);
                }
            }
            Err(TeachError::Stopped) if waits => self.page.training = Training::Waiting,
            Err(TeachError::Stopped) => self.page.training = Training::Stopped,
            Err(error) => self.page.training = Training::Failed(teach_error(&error, core.language())),
        }
    }

    /// Has the project remember its backbone.
    pub(super) fn remember_backbone(&self) {
        let (Some(project), Some(key), Some(info)) =
            (&self.page.project, &self.page.backbone, &self.page.info)
        else {
            return;
        };
        let settings = &project.settings;
        let is_known = settings.backbone_sha256.as_deref() == Some(info.sha256.as_str())
            && project.backbone().as_deref() == Some(key.path.as_path())
            && settings.tensor == key.tensor;
        if !is_known && let Some(desk) = &self.desk {
            desk.order(Order::Backbone(key.path.clone(), info.sha256.clone(), key.tensor.clone()));
        }
    }

    /// Whether the file of the backbone has another content than when the project was taught.
    fn is_other_backbone(&self) -> bool {
        let (Some(project), Some(info)) = (&self.page.project, &self.page.info) else { return false };
        project.settings.backbone_sha256.as_ref().is_some_and(|known| *known != info.sha256)
    }

    /// The user means the backbone that is open.
    pub(super) fn keep_backbone(&mut self) {
        self.has_chosen = true;
        self.page.other_backbone = false;
        self.remember_backbone();
    }

    pub(super) fn end_live(&mut self) {
        self.ending.extend(self.live.take().and_then(Live::end));
        self.page.live = LiveView::default();
        self.page.overlay = None;
    }

    /// Gives the live session the newest frame, and takes over what it found.
    pub(super) fn gather_live(&mut self, core: &Core) {
        let page = &mut self.page;
        let task = match (page.tab, &page.backbone, &page.learned) {
            _ if page.project.is_none() => None,
            (TeachTab::Find, Some(key), _) => Some(Task::Find(FindTask {
                path: key.path.clone(),
                tensor: page.find.tensor.clone(),
                example: page.find.example.map(|part| (page.find.asked, part)),
                // With privacy on, nothing is drawn from a frame in which nobody is hidden.
                colours: page.find.colours && !core.settings.privacy.on,
            })),
            (_, Some(key), Some(learned)) if learned.key == *key => Some(Task::Scores(Arc::clone(learned))),
            _ => None,
        };
        let Some(task) = task else {
            self.end_live();
            return;
        };
        let wanted = match &task {
            Task::Scores(learned) => Some(learned.id),
            Task::Find(_) => None,
        };
        match &self.live {
            Some(live) => live.want(task),
            None if matches!(page.live.phase, LivePhase::Failed(_)) => return,
            None => {
                self.live = Live::start(task, &options(core), core.language(), core.workers.waker());
                if self.live.is_none() {
                    page.live.phase = LivePhase::Failed(core.strings().inside.no_thread.to_owned());
                }
            }
        }
        let Some(live) = &mut self.live else { return };
        live.speak(core.language());
        let frame = core.engine.preview();
        let has_frame = frame.is_some();
        if let Some(frame) = frame {
            live.see_new(frame);
        }
        live.read(&mut self.page.live);
        let view = &mut self.page.live;
        if !has_frame {
            // The camera is gone, say: what was found is of no picture that is seen.
            view.scores.clear();
            view.found = Found { number: view.found.number, ..Found::default() };
        }
        if let Some(learned) = &self.page.learned
            && wanted.is_some()
            && (Some(view.learned) != wanted || view.scores.len() != learned.samples.names.len())
        {
            // Of the head before: its classes may be others.
            view.scores.clear();
        }
        if let LivePhase::Failed(text) = &mut view.phase
            && text.is_empty()
        {
            core.strings().teach.broken.clone_into(text);
        }
    }

    /// Has t-SNE computed where the page shows it, and takes over what was computed.
    pub(super) fn gather_map(&mut self, core: &Core) {
        let page = &self.page;
        let is_missing = |learned: &&Arc<Learned>| {
            page.map.kind == MapKind::Tsne && page.map.placed(learned).is_none() && !page.training.is_coming()
        };
        let wanted = page.learned.as_ref().filter(is_missing).cloned();
        let id = wanted.as_ref().map(|learned| learned.id);
        if self.mapper.as_ref().is_some_and(|mapper| Some(mapper.learned()) != id) {
            self.end_map();
        }
        let Some(learned) = wanted else { return };
        if let Some(mapper) = &self.mapper {
            let placed = mapper.take();
            if placed.is_some() {
                self.page.map.placed = placed;
                self.end_map();
            }
        } else if self.page.tab == TeachTab::Results {
            let seed = self.page.project.as_ref().map_or(0, |project| project.settings.seed);
            self.mapper = Some(Mapper::start(learned, seed, core.workers.waker()));
        }
    }

    /// Ends what is being computed.
    pub(super) fn end_map(&mut self) {
        self.ending.extend(self.mapper.take().and_then(Mapper::end));
    }

    pub(super) fn export_form(&mut self, open: bool) {
        let is_writing = self.page.export.as_ref().is_some_and(|form| form.state == ExportState::Writing);
        if is_writing && !open {
            self.stop_export();
            return;
        }
        let project = self.page.project.as_ref().filter(|_| open);
        self.page.export =
            project.map(|project| ExportForm::new(project.root(), export_folder(project.root())));
    }

    /// Writes the model as the dialogue says.
    pub(super) fn export(&mut self, core: &Core) {
        let ready = |form: &&mut ExportForm| form.path().is_some() && form.refused().is_none();
        let Some(form) = self.page.export.as_mut().filter(ready) else { return };
        form.state = ExportState::Writing;
        self.wants_export = true;
        self.begin_export(core);
    }

    /// Begins an export that was asked for, as soon as the thread has done what it does.
    pub(super) fn begin_export(&mut self, core: &Core) {
        if !self.wants_export {
            return;
        }
        self.start_learner(core);
        if self.learner.is_none() {
            self.wants_export = false;
            if let Some(form) = &mut self.page.export {
                form.state = ExportState::Failed(core.strings().inside.no_thread.to_owned());
            }
            return;
        }
        let path =
            self.page.export.as_ref().and_then(|form| Some((form.path()?, form.bytes, form.replaces())));
        let (Some((path, bytes, replace)), Some(learned), Some(learner)) =
            (path, &self.page.learned, &self.learner)
        else {
            // What was learnt is gone, with another backbone say.
            self.stop_export();
            return;
        };
        let cancel = CancelToken::default();
        let job = Job::Export { learned: Arc::clone(learned), path, bytes, replace, cancel: cancel.clone() };
        if learner.begin(job) {
            self.wants_export = false;
            self.exporting = Some(cancel);
        }
    }

    /// Ends the export that runs, or gives up one that hasn't begun.
    pub(super) fn stop_export(&mut self) {
        if let Some(cancel) = self.exporting.take() {
            cancel.cancel();
        }
        if std::mem::take(&mut self.wants_export)
            && let Some(form) = &mut self.page.export
        {
            form.state = ExportState::Asking;
        }
    }

    /// Has a worker look at the file that the dialogue names: whether it is there, and whether a model may be written to it.
    pub(super) fn look_for_export(&mut self, core: &Core) {
        let backbone = self.page.backbone.as_ref().map(|key| key.path.clone()).unwrap_or_default();
        let Some(form) = &mut self.page.export else { return };
        let Some(path) = form.path() else { return };
        let is_asking = matches!(form.state, ExportState::Asking | ExportState::Failed(_));
        let is_known = form.looked.as_ref().is_some_and(|(looked, _)| *looked == path);
        // What is in the way may be moved away meanwhile.
        let is_refused = form.refused().is_some();
        let is_old = form.looked_at.is_none_or(|at| at.elapsed() >= LOOK_AGAIN);
        if is_asking && is_refused {
            core.workers.context().request_repaint_after(LOOK_AGAIN);
        }
        if !is_asking || is_known && !(is_refused && is_old) {
            return;
        }
        if !is_known {
            form.looked = Some((path.clone(), None));
        }
        form.looked_at = Some(Instant::now());
        let language = core.language();
        core.workers.run("export", move || {
            let exists = path.symlink_metadata().is_ok();
            let refused =
                check_target(&path, &backbone, true).err().map(|error| teach_error(&error, language));
            Done::Teach(TeachDone::Target(path, Target { exists, refused }))
        });
    }

    /// Changes and examples that aren't on the disk yet.
    pub(super) fn unsaved(&self) -> usize {
        self.desk.iter().chain(&self.closing).map(Desk::unsaved).sum::<usize>() + self.late.len()
    }

    /// Whether a model is being written.
    pub(super) fn is_exporting(&self) -> bool {
        self.wants_export || self.learner.as_ref().is_some_and(Learner::is_exporting)
    }
}
