//! Work on the whole data set that takes a while: looking for blurred and similar images, exporting, measuring models. Workers get
//! a snapshot; nothing is copied on the window's thread.

use std::path::PathBuf;

use super::DatasetController;
use crate::app::controllers::core::Core;
use crate::app::dataset::document::Document;
use crate::app::dataset::state::{Evaluated, Progress, Work, flags_of};
use crate::app::strings::explained;
use crate::app::workers::{DatasetDone, DatasetJob};
use crate::dataset::check::{self, CheckOptions};
use crate::dataset::measure::{self, MeasureError};
use crate::dataset::{self, Dataset, DatasetError, ExportOptions, Exported, Split, SplitParts};
use crate::model::{ModelError, OpenOptions};
use crate::source::address::typed_path;

impl DatasetController {
    /// Begins work that takes a while; one at a time.
    pub(super) fn begin(&mut self, work: Work, core: &mut Core) -> Option<Progress> {
        if self.page.work.is_some() {
            let w = &core.strings().datasets;
            core.toasts.bad(w.title, w.busy);
            return None;
        }
        let progress = Progress::default();
        self.page.work = Some((work, progress.clone()));
        Some(progress)
    }

    pub(super) fn check(&mut self, core: &mut Core) {
        let Some(snapshot) = self.page.document.as_ref().map(Document::snapshot) else { return };
        let Some(progress) = self.begin(Work::Check, core) else { return };
        let generation = self.generation;
        self.run("check data set", DatasetJob::Work, core, move || {
            let step = |done, all| progress.step(done, all);
            let findings = check::check(&snapshot.into_dataset(), CheckOptions::default(), step);
            DatasetDone::Checked(generation, flags_of(&findings))
        });
    }

    pub(super) fn export(&mut self, core: &mut Core) {
        let (Some(document), Some(form)) = (&self.page.document, &self.page.export) else { return };
        let (snapshot, format) = (document.snapshot(), form.format);
        let to = typed_path(form.to.trim());
        let (val, test) = (f64::from(form.val) / 100.0, f64::from(form.test) / 100.0);
        let parts = (val + test > 0.0).then(|| SplitParts { val, test, ..SplitParts::default() });
        let options = ExportOptions { unreviewed: form.unreviewed, parts };
        let Some(progress) = self.begin(Work::Export, core) else { return };
        let generation = self.generation;
        self.run("export data set", DatasetJob::Work, core, move || {
            let step = |done, all| progress.step(done, all);
            let exported = dataset::export(&snapshot.into_dataset(), format, &options, &to, step);
            DatasetDone::Exported(generation, exported.map(Box::new))
        });
    }

    pub(super) fn exported(&mut self, result: Result<Box<Exported>, DatasetError>, core: &mut Core) {
        self.page.work = None;
        if matches!(result, Err(DatasetError::Ended)) {
            return;
        }
        if let (Ok(exported), Some(document)) = (&result, &mut self.page.document) {
            // So that models are measured by images that none was trained with.
            let is_whole = |(name, _): &&(String, Split)| !self.page.damaged.contains_key(name);
            let divided: Vec<_> = exported.divided.iter().filter(is_whole).cloned().collect();
            document.divide(&divided);
            self.save(core);
        }
        let language = core.language();
        let outcome = result.map(|exported| *exported).map_err(|error| explained(&error, language));
        if let Some(form) = &mut self.page.export {
            form.outcome = Some(outcome);
            return;
        }
        // The dialogue was closed.
        let w = &core.strings().datasets;
        match outcome {
            Ok(exported) => drop(core.toasts.good(w.export_title, (w.exported)(&exported))),
            Err(error) => drop(core.toasts.bad(w.export_title, error)),
        }
    }

    pub(super) fn evaluate(&mut self, models: Vec<PathBuf>, core: &mut Core) {
        let Some(document) = &self.page.document else { return };
        let (snapshot, revision) = (document.snapshot(), document.revision());
        let Some(progress) = self.begin(Work::Evaluate, core) else { return };
        let options = OpenOptions {
            device: core.settings.device.clone(),
            known: core.known.clone(),
            isolation: core.isolation.clone(),
            ..OpenOptions::default()
        };
        let generation = self.generation;
        self.run("evaluate models", DatasetJob::Work, core, move || {
            let evaluated = evaluated(&snapshot.into_dataset(), &models, &options, &progress);
            let evaluated = evaluated.map(|evaluated| Box::new(Evaluated { revision, ..evaluated }));
            DatasetDone::Evaluated(generation, evaluated)
        });
    }

    pub(super) fn evaluated(&mut self, result: Result<Box<Evaluated>, MeasureError>, core: &Core) {
        self.page.work = None;
        match result {
            Ok(evaluated) => self.page.evaluated = Some(*evaluated),
            Err(MeasureError::Stopped | MeasureError::Model(ModelError::Stopped)) => {}
            Err(error) => self.page.evaluation_error = Some(explained(&error, core.language())),
        }
    }
}

/// Measures models one after the other, and how much they differ.
fn evaluated(
    dataset: &Dataset,
    models: &[PathBuf],
    options: &OpenOptions,
    progress: &Progress,
) -> Result<Evaluated, MeasureError> {
    let rounds = models.len();
    let mut measured = Vec::with_capacity(rounds);
    for (round, model) in models.iter().enumerate() {
        let step = |done: usize, all: usize| progress.step(round * all + done, rounds * all);
        measured.push(measure::measure(dataset, model, options, step)?);
    }
    let classes: Vec<String> = dataset.classes.iter().map(|class| class.name.clone()).collect();
    let difference = match &measured[..] {
        [first, second] => dataset::difference(&classes, first, second, |done, all| progress.step(done, all)),
        _ => None,
    };
    Ok(Evaluated { models: measured, difference, revision: 0 })
}
