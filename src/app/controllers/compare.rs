//! The comparison: which models run on the same frames.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use crate::app::compare::Compare;
use crate::app::intent::{CompareIntent, Intent, ModelIntent, Page, WindowIntent};
use crate::app::view::{is_of, listed};
use crate::engine::{Command, Comparison, MAX_COMPARED, Prediction};
use crate::frame::Frame;
use crate::library::{Kind, ModelEntry};
use crate::model::Task;
use crate::model::agreement::have_common_classes;
use crate::privacy::Privacy;
use crate::save;
use crate::scene::Style;
use crate::scene::montage::Arrangement;

/// The state of the comparison.
#[derive(Debug, Default)]
pub struct CompareController {
    pub view: Compare,
    /// Several models run on the same frames.
    pub on: bool,
    /// The models that the window was started with; they needn't be in the library.
    given: Vec<PathBuf>,
    /// The models that are compared with the current one.
    models: Vec<PathBuf>,
}

/// The model that is compared with the current one if none was chosen: of the same task, with classes in common, used last.
#[must_use]
pub fn second(models: &[Arc<ModelEntry>], current: &Path, task: Option<Task>) -> Option<PathBuf> {
    let others = models.iter().filter(|entry| matches!(entry.kind, Kind::Known(_)) && !is_of(entry, current));
    let own = listed(models, current).and_then(|entry| entry.spec());
    let is_foreign = |entry: &ModelEntry| match (own, entry.spec()) {
        (Some(own), Some(other)) => !have_common_classes(&own.labels, &other.labels),
        _ => false,
    };
    // The name decides last, so that the choice is the same every time.
    let best = others.min_by_key(|entry| {
        (entry.task() != task, is_foreign(entry), std::cmp::Reverse(entry.used), entry.name.clone())
    });
    best.map(|entry| entry.path.clone())
}

/// The models that are compared with the current one: those that the user chose before, if they are still there, else one of
/// the same task.
fn to_compare(
    chosen: &[PathBuf],
    given: &[PathBuf],
    listed_models: &[Arc<ModelEntry>],
    current: &Path,
    task: Option<Task>,
) -> Vec<PathBuf> {
    // Files that are gone aren't in the list of models.
    let is_there = |path: &PathBuf| listed(listed_models, path).is_some() || given.contains(path);
    let there = chosen.iter().filter(|path| *path != current && is_there(path));
    let models: Vec<PathBuf> = there.take(MAX_COMPARED - 1).cloned().collect();
    if models.is_empty() { second(listed_models, current, task).into_iter().collect() } else { models }
}

impl CompareController {
    /// Compares the model that is about to open with these.
    pub fn begin(&mut self, mut models: Vec<PathBuf>, core: &mut Core) {
        models.truncate(MAX_COMPARED - 1);
        self.given.clone_from(&models);
        self.on = true;
        self.choose(models, core);
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: CompareIntent, core: &mut Core) {
        match intent {
            CompareIntent::Show(on) => self.show(on, core),
            CompareIntent::Use(index, path) => self.put(index, path, core),
            CompareIntent::Remove(index) => self.remove(index, core),
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
        if on && self.models_at_hand(core) < 2 {
            let (w, has_one) = (&core.strings().compare, self.models_at_hand(core));
            core.toasts.good(w.needs_two, (w.needs_two_text)(has_one));
            core.ask(Intent::Window(WindowIntent::Show(Page::Library)));
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
        core.keep_limits_to_the_first();
        core.engine.send(Command::SetThresholds(core.thresholds.clone()));
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
        let entry = listed(&core.models, &current);
        let task = entry
            .and_then(|entry| entry.task())
            .or_else(|| model.current.as_ref().map(|model| model.spec.task));
        let models = to_compare(&core.settings.compare_models, &self.given, &core.models, &current, task);
        self.run(models, core);
    }

    /// How many models could be compared: those of the list, and those that run or were named without being in it.
    fn models_at_hand(&self, core: &Core) -> usize {
        let unlisted = |path: &Path| listed(&core.models, path).is_none();
        let running = core.model.opening.as_deref().or(core.model.current.as_ref().map(|m| m.path.as_path()));
        let others = running.into_iter().chain(self.given.iter().map(PathBuf::as_path));
        let usable = core.models.iter().filter(|entry| matches!(entry.kind, Kind::Known(_))).count();
        usable + others.filter(|path| unlisted(path)).count()
    }

    fn run(&mut self, models: Vec<PathBuf>, core: &mut Core) {
        self.models.clone_from(&models);
        core.ask(Intent::Model(ModelIntent::OpenCompared(models)));
    }

    /// Runs the models that the user chose, and remembers them for the next comparison.
    fn choose(&mut self, models: Vec<PathBuf>, core: &mut Core) {
        core.settings.compare_models.clone_from(&models);
        self.run(models, core);
    }

    /// Puts a model at an index; index 0 is the current model.
    fn put(&mut self, index: usize, path: PathBuf, core: &mut Core) {
        let Some(place) = index.checked_sub(1) else {
            core.ask(Intent::Model(ModelIntent::Open(path)));
            return;
        };
        let mut models = self.models.clone();
        if let Some(old) = models.get_mut(place) {
            *old = path;
        } else if models.len() < MAX_COMPARED - 1 {
            models.push(path);
        } else {
            return;
        }
        self.choose(models, core);
    }

    /// Removes the model at an index; the second one takes the place of the first.
    fn remove(&mut self, index: usize, core: &mut Core) {
        let mut models = self.models.clone();
        let place = index.saturating_sub(1);
        if place >= models.len() {
            return;
        }
        let path = models.remove(place);
        self.choose(models, core);
        if index == 0 {
            core.ask(Intent::Model(ModelIntent::Open(path)));
        }
    }

    /// What is saved of the newest comparison, if there is one.
    #[must_use]
    pub fn shot(&self, core: &Core) -> Option<Compared> {
        let (newest, arrangement, medians) = self.view.snapshot(&core.settings)?;
        Some(Compared {
            newest,
            arrangement,
            medians,
            source: core.source.address().map(ToString::to_string).unwrap_or_default(),
            style: core.style(),
            privacy: core.settings.privacy.clone(),
        })
    }
}

/// What the snapshot of a comparison is made of.
pub struct Compared {
    newest: Arc<Comparison>,
    arrangement: Arrangement,
    medians: [f32; MAX_COMPARED],
    source: String,
    style: Style,
    privacy: Privacy,
}

impl Compared {
    /// The frame that all models processed.
    pub fn frame(&self) -> &Arc<Frame> {
        &self.newest.frame
    }

    /// Calls `f` with what is to be saved.
    pub fn with_view<R>(&self, f: impl FnOnce(&save::ComparisonView<'_>) -> R) -> R {
        let usual =
            |median: f32, prediction: &Prediction| if median > 0.0 { median } else { prediction.times.total };
        let predictions = self.newest.predictions.iter().zip(self.medians);
        let models: Vec<_> = predictions
            .filter_map(|(prediction, median)| prediction.as_deref().map(|o| (o.into(), usual(median, o))))
            .collect();
        // With a single result there are no two sides.
        let arrangement = match self.arrangement {
            Arrangement::Split(_) if models.len() < 2 => Arrangement::Tiles(1),
            arrangement => arrangement,
        };
        f(&save::ComparisonView {
            source: &self.source,
            frame: &self.newest.frame,
            models: &models,
            arrangement,
            style: &self.style,
            privacy: &self.privacy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::listed_model;
    use crate::model::labels::Labels;

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

    #[test]
    fn a_second_model_with_classes_in_common_comes_before_one_that_was_used_later() {
        let of_classes = |name: &str, used: u64, labels: Labels| {
            let mut entry = ModelEntry::clone(&listed_model(name, Task::Detect, Some(used)));
            if let Kind::Known(spec) = &mut entry.kind {
                spec.labels = labels;
            }
            Arc::new(entry)
        };
        let models = [
            of_classes("now", 9, Labels::coco80()),
            of_classes("faces", 8, Labels::face()),
            of_classes("cars", 1, Labels::new(vec!["car".into()])),
        ];
        let choice = second(&models, "/models/now.onnx".as_ref(), Some(Task::Detect));
        assert_eq!(choice, Some("/models/cars.onnx".into()));
    }

    #[test]
    fn what_the_user_chose_is_compared_again_whatever_its_task() {
        let models = [
            listed_model("now", Task::Detect, Some(9)),
            listed_model("old", Task::Detect, Some(1)),
            listed_model("depth", Task::Depth, Some(8)),
        ];
        let compared = |chosen: &[&str]| {
            let chosen: Vec<PathBuf> = chosen.iter().map(PathBuf::from).collect();
            to_compare(&chosen, &[], &models, "/models/now.onnx".as_ref(), Some(Task::Detect))
        };
        assert_eq!(compared(&["/models/depth.onnx"]), [PathBuf::from("/models/depth.onnx")]);
        let auto = [PathBuf::from("/models/old.onnx")];
        assert_eq!(compared(&[]), auto, "nothing was chosen");
        assert_eq!(compared(&["/models/gone.onnx", "/models/now.onnx"]), auto);
    }
}
