//! The comparison: which models run on the same frames.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use crate::app::compare::Compare;
use crate::app::intent::{CompareIntent, Intent, ModelIntent, Page, WindowIntent};
use crate::app::view::{is_of, listed, source_address};
use crate::app::workers::Done;
use crate::engine::{MAX_COMPARED, Prediction};
use crate::library::{Kind, ModelEntry};
use crate::model::Task;
use crate::save;
use crate::scene::montage::Arrangement;

/// The state of the comparison.
#[derive(Debug, Default)]
pub struct CompareController {
    pub view: Compare,
    /// Several models run on the same frames.
    pub on: bool,
    /// The models that the window was started with; they needn't be in the library.
    given: Vec<PathBuf>,
}

/// The model that is compared with the current one if none was chosen: of the same task, used last.
#[must_use]
pub fn second(models: &[Arc<ModelEntry>], current: &Path, task: Option<Task>) -> Option<PathBuf> {
    let others = models.iter().filter(|entry| matches!(entry.kind, Kind::Known(_)) && !is_of(entry, current));
    // The name decides last, so that the choice is the same every time.
    let best =
        others.min_by_key(|entry| (entry.task() != task, std::cmp::Reverse(entry.used), entry.name.clone()));
    best.map(|entry| entry.path.clone())
}

impl CompareController {
    /// Compares the model that is about to open with these.
    pub fn begin(&mut self, mut models: Vec<PathBuf>, core: &mut Core) {
        models.truncate(MAX_COMPARED - 1);
        self.given.clone_from(&models);
        self.on = true;
        run(models, core);
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: CompareIntent, core: &mut Core) {
        match intent {
            CompareIntent::Show(on) => self.show(on, core),
            CompareIntent::Use(index, path) => put(index, path, core),
            CompareIntent::Remove(index) => remove(index, core),
            CompareIntent::Tiles(on) => core.settings.compare_tiles = on,
            CompareIntent::Divider(share) => core.settings.compare_divider = share,
        }
    }

    /// Takes over the newest comparison.
    pub fn gather(&mut self, core: &Core) {
        self.view.take(core.engine.comparison().filter(|_| self.on));
    }

    fn show(&mut self, on: bool, core: &mut Core) {
        if on == self.on {
            return;
        }
        self.on = on;
        if !on {
            self.view.take(None);
            core.ask(Intent::Model(ModelIntent::OpenCompared(Vec::new())));
            return;
        }
        if core.page != Page::Stage {
            core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
        }
        let model = Arc::clone(&core.model);
        let current =
            model.opening.clone().or_else(|| model.current.as_ref().map(|model| model.path.clone()));
        let Some(current) = current.or_else(|| {
            let first = second(&core.models, Path::new(""), None)?;
            core.ask(Intent::Model(ModelIntent::Open(first.clone())));
            Some(first)
        }) else {
            return;
        };
        let entry_of = |path: &Path| listed(&core.models, path);
        let task_of = |path: &Path| entry_of(path).and_then(|entry| entry.task());
        let task = task_of(&current).or_else(|| model.current.as_ref().map(|model| model.spec.task));
        let mut models = core.settings.compare_models.clone();
        // Files that are gone aren't in the list of models.
        models.retain(|path| *path != current && (entry_of(path).is_some() || self.given.contains(path)));
        models.truncate(MAX_COMPARED - 1);
        // Those of the last comparison that are of this model's task; of another task only speeds can be compared.
        models.retain(|path| self.given.contains(path) || task_of(path) == task);
        if models.is_empty() {
            models = second(&core.models, &current, task).into_iter().collect();
        }
        run(models, core);
    }

    /// Saves the comparison as one image, on a worker; returns whether there is one.
    #[must_use]
    pub fn snapshot(&self, core: &Core) -> bool {
        let Some((newest, arrangement, medians)) = self.view.snapshot(&core.settings) else { return false };
        let usual =
            |median: f32, prediction: &Prediction| if median > 0.0 { median } else { prediction.times.total };
        let source = source_address(&core.source).map(ToString::to_string).unwrap_or_default();
        let (style, options) = (core.style(), core.settings.snapshot.clone());
        core.workers.run("snapshot", move || {
            let predictions = newest.predictions.iter().zip(medians);
            let models: Vec<_> = predictions
                .filter_map(|(prediction, median)| {
                    prediction.as_deref().map(|o| (o.into(), usual(median, o)))
                })
                .collect();
            // With a single result there are no two sides.
            let arrangement = match arrangement {
                Arrangement::Split(_) if models.len() < 2 => Arrangement::Tiles(1),
                arrangement => arrangement,
            };
            let view = save::ComparisonView {
                source: &source,
                frame: &newest.frame,
                models: &models,
                arrangement,
                style: &style,
            };
            Done::Snapshot(save::save_comparison(&view, &options).map(Box::new))
        });
        true
    }
}

/// Remembers the models to compare with, and runs them.
fn run(models: Vec<PathBuf>, core: &mut Core) {
    core.settings.compare_models.clone_from(&models);
    core.ask(Intent::Model(ModelIntent::OpenCompared(models)));
}

/// Puts a model at an index; index 0 is the current model.
fn put(index: usize, path: PathBuf, core: &mut Core) {
    let Some(place) = index.checked_sub(1) else {
        core.ask(Intent::Model(ModelIntent::Open(path)));
        return;
    };
    let mut models = core.settings.compare_models.clone();
    if let Some(old) = models.get_mut(place) {
        *old = path;
    } else if models.len() < MAX_COMPARED - 1 {
        models.push(path);
    } else {
        return;
    }
    run(models, core);
}

/// Removes the model at an index; the second one takes the place of the first.
fn remove(index: usize, core: &mut Core) {
    let mut models = core.settings.compare_models.clone();
    let place = index.saturating_sub(1);
    if place >= models.len() {
        return;
    }
    let path = models.remove(place);
    run(models, core);
    if index == 0 {
        core.ask(Intent::Model(ModelIntent::Open(path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::listed_model;

    #[test]
    fn the_second_model_is_of_the_same_task_and_was_used_last() {
        let models = [
            listed_model("now", Task::Detect, Some(9)),
            listed_model("old", Task::Detect, Some(1)),
            listed_model("recent", Task::Detect, Some(5)),
            listed_model("depth", Task::Depth, Some(8)),
        ];
        let choice = |task| second(&models, "/models/now.onnx".as_ref(), task);
        assert_eq!(choice(Some(Task::Detect)), Some("/models/recent.onnx".into()));
        assert_eq!(choice(Some(Task::Depth)), Some("/models/depth.onnx".into()));
        assert_eq!(choice(Some(Task::Pose)), Some("/models/depth.onnx".into()), "else the one used last");
        assert_eq!(second(&models[..1], "/models/now.onnx".as_ref(), None), None);
    }
}
