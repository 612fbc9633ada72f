//! What the user wants of the comparison, done.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::intent::Page;
use crate::app::window::App;
use crate::app::workers::Done;
use crate::engine::{Command, MAX_COMPARED, Prediction};
use crate::library::{Kind, ModelEntry};
use crate::model::Task;
use crate::save;
use crate::scene::montage::Arrangement;

/// The model that is compared with the current one where none was chosen: of the same task, used last.
#[must_use]
pub fn second(cards: &[Arc<ModelEntry>], current: &Path, task: Option<Task>) -> Option<PathBuf> {
    let others = cards.iter().filter(|card| matches!(card.kind, Kind::Known(_)) && card.path != current);
    // The name decides last, so that the choice is the same every time.
    let best =
        others.min_by_key(|card| (card.task() != task, std::cmp::Reverse(card.used), card.name.clone()));
    best.map(|card| card.path.clone())
}

impl App {
    /// Compares the model that is about to open with these.
    pub(in crate::app) fn begin_comparing(&mut self, models: Vec<PathBuf>) {
        self.state.settings.compare_models = models;
        self.state.settings.compare_models.truncate(MAX_COMPARED - 1);
        self.state.comparing = true;
        self.send_comparison();
    }

    pub(in crate::app) fn set_comparing(&mut self, on: bool) {
        if on == self.state.comparing {
            return;
        }
        self.state.comparing = on;
        if !on {
            self.compare.take(None);
            self.engine.send(Command::Compare(Vec::new()));
            return;
        }
        if self.state.page != Page::Stage {
            self.show(Page::Stage);
        }
        let model = Arc::clone(&self.state.model);
        let current = model.opening.clone().or_else(|| model.current.as_ref().map(|card| card.path.clone()));
        let current = match current {
            Some(current) => current,
            None => match second(&self.state.cards, Path::new(""), None) {
                Some(first) => {
                    self.open_model(first.clone(), None);
                    first
                }
                None => return,
            },
        };
        let task_of =
            |path: &Path| self.state.cards.iter().find(|card| card.path == path).and_then(|c| c.task());
        let task = task_of(&current).or_else(|| model.current.as_ref().map(|card| card.spec.task));
        let mut remembered = self.state.settings.compare_models.clone();
        remembered.retain(|path| *path != current && path.is_file());
        remembered.truncate(MAX_COMPARED - 1);
        // Those of the last time are taken up where one of them can be compared with this model.
        if !remembered.iter().any(|path| task_of(path) == task) {
            remembered = second(&self.state.cards, &current, task).into_iter().collect();
        }
        self.state.settings.compare_models = remembered;
        self.send_comparison();
    }

    /// Tells the engine which models run beside the first.
    fn send_comparison(&self) {
        let models = self.state.settings.compare_models.iter();
        self.engine.send(Command::Compare(models.map(|path| self.choice(path.clone())).collect()));
    }

    pub(in crate::app) fn compare_with(&mut self, lane: usize, path: PathBuf) {
        let Some(beside) = lane.checked_sub(1) else {
            self.open_model(path, None);
            return;
        };
        let models = &mut self.state.settings.compare_models;
        if let Some(place) = models.get_mut(beside) {
            *place = path;
        } else if models.len() < MAX_COMPARED - 1 {
            models.push(path);
        } else {
            return;
        }
        self.send_comparison();
    }

    pub(in crate::app) fn compare_without(&mut self, lane: usize) {
        let models = &mut self.state.settings.compare_models;
        let place = lane.saturating_sub(1);
        if place >= models.len() {
            return;
        }
        let path = models.remove(place);
        self.send_comparison();
        if lane == 0 {
            // The second one takes its place.
            self.open_model(path, None);
        }
    }

    /// Saves the comparison as one image, on a worker; answers whether there is one.
    pub(in crate::app) fn snapshot_comparison(&self) -> bool {
        let Some(newest) = self.compare.newest.clone() else { return false };
        let split = newest.predictions.len() == 2 && !self.state.settings.compare_tiles;
        let columns = self.compare.columns.max(1);
        let how = if split {
            Arrangement::Split(self.state.settings.compare_divider)
        } else {
            Arrangement::Tiles(columns)
        };
        let medians = self.compare.stats.map(|stats| stats.total.median);
        let usual =
            |median: f32, prediction: &Prediction| if median > 0.0 { median } else { prediction.times.total };
        let (source, style) = (self.source_text(), self.style());
        let options = self.state.settings.snapshot.clone();
        self.workers.run("snapshot", move || {
            let lanes: Vec<_> = newest
                .predictions
                .iter()
                .zip(medians)
                .filter_map(|(prediction, median)| {
                    prediction.as_deref().map(|o| (o.into(), usual(median, o)))
                })
                .collect();
            // Where a lane has nothing to show there are no two sides.
            let how = if lanes.len() < 2 { Arrangement::Tiles(columns) } else { how };
            let view = save::ComparisonView {
                source: &source,
                frame: &newest.frame,
                models: &lanes,
                arrangement: how,
                style: &style,
            };
            Done::Snapshot(save::save_comparison(&view, &options).map(Box::new))
        });
        true
    }
}
