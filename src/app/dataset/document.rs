//! A data set that is being reviewed: its images and labels, what becomes of them, and the way back. Knows no window and no disk.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::shapes;
use crate::dataset::{
    Annotation, Class, Dataset, ImageClass, Item, KeypointScheme, LabelPoint, Split, State,
};

/// Changes that can be undone, at most.
const HISTORY: usize = 200;
/// The class of a box that is drawn before there is any.
pub const FIRST_CLASS: &str = "object";

/// What somebody has decided about an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has looked at it.
    #[default]
    Open,
    Accepted,
    Rejected,
}

impl Verdict {
    /// What was decided about this image.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        match (item.rejected, item.reviewed) {
            (true, _) => Self::Rejected,
            (false, true) => Self::Accepted,
            (false, false) => Self::Open,
        }
    }
}

/// A change of the current image's labels. Places are those of its list of labels.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A new label, with the name of its class.
    Add(String, Box<Annotation>),
    /// This label has another shape or other points.
    Put(usize, Box<Annotation>),
    Remove(usize),
    /// This label is of another class, by its name.
    Relabel(usize, String),
    Judge(usize, State),
    /// Accept all suggestions.
    AcceptAll,
    /// The class of the whole image, by its name.
    ImageClass(Option<String>),
    /// Accepting an image accepts its suggestions, too.
    Decide(Verdict),
}

/// The labels of an image.
#[derive(Clone, Debug, Default, PartialEq)]
struct Labels {
    annotations: Vec<Annotation>,
    class: Option<ImageClass>,
    reviewed: bool,
    rejected: bool,
}

impl Labels {
    fn of(item: &Item) -> Self {
        let Item { annotations, class, reviewed, rejected, .. } = item;
        Self { annotations: annotations.clone(), class: *class, reviewed: *reviewed, rejected: *rejected }
    }

    /// Puts them into an item; returns those that it had.
    fn swap(self, item: &mut Item) -> Self {
        Self {
            annotations: std::mem::replace(&mut item.annotations, self.annotations),
            class: std::mem::replace(&mut item.class, self.class),
            reviewed: std::mem::replace(&mut item.reviewed, self.reviewed),
            rejected: std::mem::replace(&mut item.rejected, self.rejected),
        }
    }
}

/// The labels that an image had before a change.
#[derive(Clone, Debug)]
struct Step {
    item: usize,
    labels: Labels,
}

/// A data set as it was at a moment. Taking one copies no labels, so that the window's thread may.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Without its items.
    dataset: Dataset,
    items: Vec<Arc<Item>>,
}

impl Snapshot {
    /// The data set, as a copy of its own: for a worker, as it may take a while.
    #[must_use]
    pub fn into_dataset(self) -> Dataset {
        let items = self.items.into_iter().map(Arc::unwrap_or_clone).collect();
        Dataset { items, ..self.dataset }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Without its items.
    dataset: Dataset,
    /// Shared with snapshots: an item is copied when it is changed while somebody else has it.
    items: Vec<Arc<Item>>,
    /// The image that is shown.
    current: usize,
    past: Vec<Step>,
    future: Vec<Step>,
    /// The images whose labels aren't saved.
    unsaved: BTreeSet<usize>,
    /// Those of which only the split isn't saved: they may be thousands, and what somebody has done goes first.
    divided: BTreeSet<usize>,
    /// Counts changes of labels, decisions and splits.
    revision: u64,
}

impl Document {
    /// A data set as it was read; its first image that nobody has reviewed is shown.
    #[must_use]
    pub fn new(mut dataset: Dataset) -> Self {
        let items = std::mem::take(&mut dataset.items);
        let open = items.iter().position(|item| Verdict::of(item) == Verdict::Open);
        let items = items.into_iter().map(Arc::new).collect();
        Self { dataset, items, current: open.unwrap_or(0), ..Self::default() }
    }

    /// The data set as it is now, for a worker.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { dataset: self.dataset.clone(), items: self.items.clone() }
    }

    /// Another number after each change of labels, decisions or splits.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The keypoints of a class; none for a class that has none.
    #[must_use]
    pub fn keypoints_of(&self, class: usize) -> Option<&KeypointScheme> {
        self.dataset.keypoints_of(class)
    }

    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.dataset.classes
    }

    #[must_use]
    pub fn items(&self) -> &[Arc<Item>] {
        &self.items
    }

    /// The place of the image that is shown.
    #[must_use]
    pub fn current(&self) -> usize {
        self.current
    }

    /// The image that is shown.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.items.get(self.current).map(|item| &**item)
    }

    /// The image at a place, to be changed.
    fn item_mut(&mut self, place: usize) -> Option<&mut Item> {
        self.items.get_mut(place).map(Arc::make_mut)
    }

    /// The labels of the image that is shown.
    #[must_use]
    pub fn labels(&self) -> &[Annotation] {
        self.item().map(|item| item.annotations.as_slice()).unwrap_or_default()
    }

    /// How many images somebody has decided about.
    #[must_use]
    pub fn decided(&self) -> usize {
        self.items.iter().filter(|item| Verdict::of(item) != Verdict::Open).count()
    }

    /// Shows another image.
    pub fn show(&mut self, place: usize) {
        self.current = place.min(self.items.len().saturating_sub(1));
    }

    /// The next image that nobody has decided about, after the current one and then from the beginning.
    #[must_use]
    pub fn next_open(&self) -> Option<usize> {
        let open =
            |place: &usize| self.items.get(*place).is_some_and(|item| Verdict::of(item) == Verdict::Open);
        (self.current + 1..self.items.len()).chain(0..self.current).find(open)
    }

    /// Changes the labels of the image that is shown. Returns whether anything is different.
    pub fn apply(&mut self, edit: Edit) -> bool {
        let Some(item) = self.item() else { return false };
        let before = Labels::of(item);
        if self.change(edit).is_none() {
            return false;
        }
        let Some(item) = self.item() else { return false };
        if Labels::of(item) == before {
            return false;
        }
        self.future.clear();
        self.past.push(Step { item: self.current, labels: before });
        if self.past.len() > HISTORY {
            self.past.remove(0);
        }
        self.unsaved.insert(self.current);
        self.revision += 1;
        true
    }

    /// Carries out a change; `None` if it can't be made.
    fn change(&mut self, edit: Edit) -> Option<()> {
        let size = self.item()?.size;
        let class = match &edit {
            Edit::Add(name, label) => {
                shapes::within(label, size)?;
                Some(self.class_of(name))
            }
            Edit::Relabel(place, name) => {
                self.labels().get(*place)?;
                Some(self.class_of(name))
            }
            Edit::ImageClass(Some(name)) => Some(self.class_of(name)),
            _ => None,
        };
        let scheme =
            class.and_then(|class| self.dataset.keypoints_of(class)).map(|scheme| scheme.names.len());
        let item = self.item_mut(self.current)?;
        match edit {
            Edit::Add(_, label) => {
                let label = shapes::within(&label, size)?;
                item.annotations.push(Annotation { class: class?, ..label });
            }
            Edit::Put(place, label) => {
                let old = item.annotations.get_mut(place)?;
                let label = shapes::within(&label, size)?;
                // A person has made it what it is.
                *old = Annotation { class: old.class, state: State::Accepted, score: None, ..label };
            }
            Edit::Remove(place) => {
                (place < item.annotations.len()).then(|| item.annotations.remove(place))?;
            }
            Edit::Relabel(place, _) => {
                let label = item.annotations.get_mut(place)?;
                label.class = class?;
                label.state = State::Accepted;
                if !label.keypoints.is_empty() {
                    label.keypoints.resize(scheme.unwrap_or(0), LabelPoint::default());
                }
            }
            Edit::Judge(place, state) => item.annotations.get_mut(place)?.state = state,
            Edit::AcceptAll => accept_all(item),
            Edit::ImageClass(_) => {
                let new = |class| ImageClass { class, state: State::Accepted, score: None };
                item.class = class.map(new);
            }
            Edit::Decide(verdict) => {
                if verdict == Verdict::Accepted {
                    accept_all(item);
                }
                item.reviewed = verdict == Verdict::Accepted;
                item.rejected = verdict == Verdict::Rejected;
            }
        }
        Some(())
    }

    /// The class of this name, which is added if there is none.
    fn class_of(&mut self, name: &str) -> usize {
        let name = name.trim();
        self.dataset.class_or_new(if name.is_empty() { FIRST_CLASS } else { name })
    }

    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Takes the last change back and shows its image. Returns whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.past.pop() else { return false };
        let was = self.put_back(step);
        self.future.extend(was);
        true
    }

    /// Makes the change again that was undone last. Returns whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.future.pop() else { return false };
        let was = self.put_back(step);
        self.past.extend(was);
        true
    }

    fn put_back(&mut self, step: Step) -> Option<Step> {
        self.show(step.item);
        self.unsaved.insert(step.item);
        self.revision += 1;
        let item = self.item_mut(step.item)?;
        Some(Step { item: step.item, labels: step.labels.swap(item) })
    }

    /// Adds an image that was just saved, whose classes are these.
    pub fn add(&mut self, mut item: Item, classes: &[Class]) {
        for class in classes {
            let index = self.dataset.class_or_new(&class.name);
            let own = &mut self.dataset.classes[index];
            if own.keypoints.is_none() {
                own.keypoints.clone_from(&class.keypoints);
            }
        }
        let index = |class: usize| {
            let name = classes.get(class).map_or("", |class| &class.name);
            self.dataset.classes.iter().position(|own| own.name == name).unwrap_or(0)
        };
        for label in &mut item.annotations {
            label.class = index(label.class);
        }
        if let Some(class) = &mut item.class {
            class.class = index(class.class);
        }
        self.items.push(Arc::new(item));
    }

    /// Images are for these splits from now on, by their names: an export has divided them.
    pub fn divide(&mut self, divided: &[(String, Split)]) {
        let places = self.items.iter().enumerate().map(|(place, item)| (item.name.as_str(), place));
        let places: HashMap<&str, usize> = places.collect();
        let new: Vec<(usize, Split)> = divided
            .iter()
            .filter_map(|(name, split)| Some((*places.get(name.as_str())?, *split)))
            .filter(|(place, split)| self.items[*place].split != Some(*split))
            .collect();
        for (place, split) in new {
            if let Some(item) = self.item_mut(place) {
                item.split = Some(split);
                self.divided.insert(place);
                self.revision += 1;
            }
        }
    }

    /// How many images have labels that aren't saved.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.unsaved.union(&self.divided).count()
    }

    /// Whether the labels of the image at this place aren't saved.
    #[must_use]
    pub fn is_unsaved(&self, place: usize) -> bool {
        self.unsaved.contains(&place) || self.divided.contains(&place)
    }

    /// Hands out the images that are to be saved, at most so many. They count as saved until
    /// [`Self::not_saved`] says otherwise.
    pub fn take_unsaved(&mut self, most: usize) -> Vec<(usize, Arc<Item>)> {
        let only_divided = self.divided.difference(&self.unsaved);
        let places: Vec<usize> = self.unsaved.iter().chain(only_divided).copied().take(most).collect();
        for place in &places {
            self.unsaved.remove(place);
            self.divided.remove(place);
        }
        let item = |place: usize| self.items.get(place).map(|item| (place, Arc::clone(item)));
        places.into_iter().filter_map(item).collect()
    }

    /// These images couldn't be saved: their labels, as they are by now, still have to be.
    pub fn not_saved(&mut self, places: &[usize]) {
        self.unsaved.extend(places);
    }
}

fn accept_all(item: &mut Item) {
    let labels = item.annotations.iter_mut().map(|label| &mut label.state);
    let class = item.class.iter_mut().map(|class| &mut class.state);
    for state in labels.chain(class).filter(|state| **state == State::Suggested) {
        *state = State::Accepted;
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
