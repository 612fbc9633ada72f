//! Collecting: frames become images of a data set, with what a model found as suggestions. Several threads may collect and save
//! labels at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Local;

use super::collect::{Collected, labels_of};
use super::error::DatasetError;
use super::folder::{Folder, Opened};
use super::types::{Class, Dataset, Item, Origin, State};
use crate::engine::Prediction;
use crate::frame::Frame;
use crate::privacy::{Censor, Covered, Found, Privacy};
use crate::save::{FrameInfo, FrameRecord, ImageFormat};
use crate::track::as_found;

/// A data set on the disk that several threads write to. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Collector {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: Folder,
    state: Mutex<Shelf>,
    /// Of its own: the window takes them in each pass, and never waits for somebody who writes.
    added: Mutex<Vec<Added>>,
}

/// What the threads share.
#[derive(Debug, Default)]
struct Shelf {
    /// Those of `dataset.json`.
    classes: Vec<Class>,
    /// By the image's name: the revision of the labels on the disk.
    revisions: HashMap<String, u64>,
}

/// An image that was collected.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    pub item: Item,
    /// What the classes in its labels mean.
    pub classes: Vec<Class>,
}

/// What is collected.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// RGBA, never mirrored.
    pub frame: &'a Frame,
    /// What a model found in this frame, if one ran.
    pub prediction: Option<&'a Prediction>,
    /// The source as the user named it.
    pub source: &'a str,
    /// Who is hidden in the image.
    pub privacy: &'a Privacy,
}

/// Why a frame wasn't collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("Privacy hides the whole frame, so there is nothing to label.")]
    Hidden,
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

impl CollectError {
    /// What the user can do about it, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Hidden => {
                "Run a model that finds what is to be hidden, or turn privacy off in the settings.".into()
            }
            Self::Dataset(error) => error.fix(),
        }
    }
}

impl PartialEq for Collector {
    /// Whether both are the same one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Collector {
    /// For a data set that was just read.
    #[must_use]
    pub fn new(opened: &Opened) -> Self {
        let shelf = Shelf { classes: opened.dataset.classes.clone(), ..Shelf::default() };
        Self {
            shared: Arc::new(Shared {
                folder: opened.folder.clone(),
                state: Mutex::new(shelf),
                added: Mutex::default(),
            }),
        }
    }

    /// The folder of the data set.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.shared.folder.root()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the images that were collected since the last call.
    #[must_use]
    pub fn take_added(&self) -> Vec<Added> {
        std::mem::take(&mut self.added())
    }

    fn added(&self) -> MutexGuard<'_, Vec<Added>> {
        self.shared.added.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame with what was found in it as suggestions; with privacy on, whom it hides is hidden. Takes some tens of
    /// milliseconds. Returns the file of the image.
    ///
    /// # Errors
    /// Why it can't be added.
    pub fn collect(&self, sight: &Sight<'_>) -> Result<PathBuf, CollectError> {
        let covered;
        let mut frame = sight.frame;
        if sight.privacy.on {
            let mut copy = frame.clone();
            let found: Vec<Found<'_>> = sight.prediction.map(Found::from).into_iter().collect();
            if Censor::default().cover_frame(sight.privacy, &mut copy, &found) == Covered::Everything {
                return Err(CollectError::Hidden);
            }
            covered = copy;
            frame = &covered;
        }
        let labels = labels(sight);
        let mut shelf = self.shelf();
        let mut small = Dataset { classes: shelf.classes.clone(), ..Dataset::default() };
        let stem = stem(sight.frame, sight.source);
        let result = self.shared.folder.add(&mut small, &stem, frame, ImageFormat::Jpeg, labels);
        result?;
        shelf.classes.clone_from(&small.classes);
        let Some(item) = small.items.pop() else { return Ok(self.root().to_owned()) };
        let path = item.path.clone();
        self.added().push(Added { item, classes: small.classes });
        Ok(path)
    }

    /// Saves an image's labels, unless newer ones are saved already; `revision` counts up. Classes that are new are added to the
    /// data set. `classes` are those that the labels' indices mean.
    ///
    /// # Errors
    /// Why they can't be saved.
    pub fn save(&self, classes: &[Class], item: &Item, revision: u64) -> Result<(), DatasetError> {
        let mut shelf = self.shelf();
        if shelf.revisions.get(&item.name).is_some_and(|saved| *saved > revision) {
            return Ok(());
        }
        let is_new = |class: &&Class| !shelf.classes.iter().any(|own| own.name == class.name);
        let new: Vec<Class> = classes.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            let mut all = shelf.classes.clone();
            all.extend(new);
            let all = Dataset { classes: all, ..Dataset::default() };
            self.shared.folder.save_classes(&all)?;
            shelf.classes = all.classes;
        }
        let own = Dataset { classes: classes.to_vec(), ..Dataset::default() };
        self.shared.folder.save_item(&own, item)?;
        shelf.revisions.insert(item.name.clone(), revision);
        Ok(())
    }
}

fn labels(sight: &Sight<'_>) -> Collected {
    let info = |model| FrameInfo::of(sight.frame, sight.source, model);
    if let Some(prediction) = sight.prediction {
        let model = &prediction.model;
        // A tracker smooths boxes and adds objects that are hidden for a moment: labels are what the model found.
        let results = as_found(&prediction.results);
        let record = FrameRecord::new(info(&model.name), &results, &model.spec.labels, &prediction.times);
        return labels_of(&record, State::Suggested);
    }
    let info = info("");
    let origin =
        Origin { source: info.source.to_owned(), frame: info.frame, time_s: info.time_s, model: None };
    Collected { origin: Some(origin), ..Collected::default() }
}

/// The name of the image, without its ending: that of its file, of its frame in a video, or the time.
fn stem(frame: &Frame, source: &str) -> String {
    let stem = |path: &str| {
        Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    };
    match (&frame.origin, frame.time_s) {
        (Some(file), _) => stem(file),
        (None, Some(_)) => format!("{} {:06}", stem(source), frame.sequence),
        (None, None) => Local::now().format("%Y-%m-%d %H.%M.%S%.3f").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Annotation;
    use crate::fixtures::prediction;

    fn opened(classes: Vec<Class>) -> (tempfile::TempDir, Opened) {
        let dir = tempfile::tempdir().unwrap();
        let opened = Folder::create(&dir.path().join("street"), classes).unwrap();
        (dir, opened)
    }

    fn found_in(frame: Frame) -> Arc<Prediction> {
        prediction(&Arc::new(frame), &[(0, [4.0, 4.0, 40.0, 30.0])])
    }

    #[test]
    fn a_frame_is_collected_with_suggestions_that_the_folder_holds() {
        let (_dir, opened) = opened(Vec::new());
        let collector = Collector::new(&opened);
        let frame = Frame { sequence: 7, time_s: Some(0.28), ..Frame::filled(64, 48, [9, 8, 7, 255]) };
        let prediction = found_in(frame);
        let privacy = Privacy::default();
        let sight = Sight {
            frame: &prediction.frame,
            prediction: Some(&prediction),
            source: "/videos/traffic.mp4",
            privacy: &privacy,
        };
        let path = collector.collect(&sight).unwrap();
        assert_eq!(path.file_name().unwrap(), "traffic 000007.jpg");
        let added = collector.take_added();
        let again = Folder::open(collector.root()).unwrap();
        assert_eq!((added.len(), again.problems.len()), (1, 0));
        assert_eq!(added[0].item, again.dataset.items[0]);
        assert_eq!(again.dataset.items[0].annotations[0].state, State::Suggested);
        assert!(collector.take_added().is_empty());
    }

    #[test]
    fn with_privacy_on_nobody_is_collected_whom_nobody_has_seen() {
        let (_dir, opened) = opened(Vec::new());
        let collector = Collector::new(&opened);
        let mut frame = Frame::filled(64, 48, [0, 0, 0, 255]);
        for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
            pixel[0] = (n * 37 % 256) as u8;
        }
        let prediction = found_in(frame);
        let privacy = Privacy::hiding(vec!["person".into()]);
        let sight = Sight { frame: &prediction.frame, prediction: None, source: "camera", privacy: &privacy };
        assert!(matches!(collector.collect(&sight), Err(CollectError::Hidden)));
        let path = collector.collect(&Sight { prediction: Some(&prediction), ..sight }).unwrap();
        let saved = image::open(path).unwrap().into_rgba8();
        let spread = |x: u32, y: u32| {
            let reds = (0..64).map(|n| saved.get_pixel(x + n % 8, y + n / 8).0[0]);
            reds.clone().max().unwrap() - reds.min().unwrap()
        };
        assert!(spread(20, 12) < 100 && spread(52, 36) > 150, "{} {}", spread(20, 12), spread(52, 36));
    }

    #[test]
    fn older_labels_never_replace_newer_ones_and_new_classes_are_written() {
        let (_dir, opened) = opened(vec![Class::new("car")]);
        let collector = Collector::new(&opened);
        let privacy = Privacy::default();
        let frame = Frame::filled(64, 48, [0, 0, 0, 255]);
        collector
            .collect(&Sight { frame: &frame, prediction: None, source: "camera", privacy: &privacy })
            .unwrap();
        let mut item = collector.take_added().remove(0).item;
        let classes = [Class::new("car"), Class::new("bus")];
        item.annotations.push(Annotation::new(1, [1.0, 1.0, 9.0, 9.0]));
        collector.save(&classes, &item, 5).unwrap();
        item.annotations.clear();
        collector.save(&classes, &item, 4).unwrap();
        let again = Folder::open(collector.root()).unwrap();
        assert_eq!((again.dataset.classes.len(), again.problems.len()), (2, 0));
        assert_eq!(again.dataset.items[0].annotations.len(), 1);
    }
}
