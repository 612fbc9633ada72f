//! The list of items, and how it is brought up to date: files are listed, new records are read.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::details::Details;
use super::item::{self, Item, Listed, Trouble};

/// Whether a folder could be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderState {
    Listed,
    /// It isn't there: nothing was saved yet, or a disk is gone.
    Missing,
    Forbidden,
    /// Why not, as the end of a sentence.
    Failed(String),
}

/// All items, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    pub items: Vec<Arc<Item>>,
    pub folders: Vec<(PathBuf, FolderState)>,
    /// All records were read.
    pub is_complete: bool,
    /// Every class and every model that a record names.
    pub classes: Vec<String>,
    pub models: Vec<String>,
}

/// A record as it was when it was read.
type Stamp = (u64, i64);

/// Makes lists, and remembers what it read.
#[derive(Debug, Default)]
pub(super) struct Indexer {
    known: HashMap<PathBuf, (Stamp, Result<Arc<Details>, String>)>,
}

/// What is to be read before a list is complete.
#[derive(Debug, Default)]
pub(super) struct Unread(Vec<(PathBuf, Stamp)>);

impl Indexer {
    /// Lists folders. What isn't known of records yet is in the second value.
    pub(super) fn list(&mut self, folders: &[PathBuf]) -> (Index, Unread) {
        let mut index = Index::default();
        let (mut unread, mut stamps) = (Unread::default(), HashMap::new());
        for folder in folders {
            let state = match listed(folder) {
                Ok(files) => {
                    stamps.extend(files.iter().map(|f| (folder.join(&f.name), (f.bytes, f.modified))));
                    index.items.extend(item::group(folder, &files).into_iter().map(Arc::new));
                    FolderState::Listed
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::NotFound => FolderState::Missing,
                    io::ErrorKind::PermissionDenied => FolderState::Forbidden,
                    io::ErrorKind::NotADirectory => FolderState::Failed("it is not a folder".into()),
                    _ => FolderState::Failed(error.to_string()),
                },
            };
            index.folders.push((folder.clone(), state));
        }
        self.known.retain(|path, (stamp, _)| stamps.get(path) == Some(stamp));
        for item in &index.items {
            for record in [&item.record, &item.about].into_iter().flatten() {
                if !self.known.contains_key(record) {
                    unread.0.push((record.clone(), stamps.get(record).copied().unwrap_or_default()));
                }
            }
        }
        self.fill(&mut index, unread.0.is_empty());
        (index, unread)
    }

    /// Reads some of the records; returns whether any are left.
    pub(super) fn read_some(&mut self, unread: &mut Unread, go_on: impl Fn() -> bool) -> bool {
        while let Some((path, stamp)) = unread.0.pop() {
            let is_video = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jsonl"));
            let details = if !Details::is_file(&path) {
                Err("it isn't a file".into())
            } else if is_video {
                Details::read_lines(&path)
            } else {
                Details::read(&path)
            };
            self.known.insert(path, (stamp, details.map(Arc::new)));
            if !go_on() {
                break;
            }
        }
        !unread.0.is_empty()
    }

    /// Adds what records say.
    pub(super) fn fill(&self, index: &mut Index, is_complete: bool) {
        let (mut classes, mut models) =
            (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        let mut strangers = Vec::new();
        for item in &mut index.items {
            let known = |record: &Option<PathBuf>| Some(&self.known.get(record.as_ref()?)?.1);
            let (frames, about) = (known(&item.record), known(&item.about));
            let details = match (frames, about) {
                (Some(Ok(frames)), Some(Ok(about))) => Some(Arc::new(about.with_frames(frames))),
                (Some(Ok(one)), _) | (_, Some(Ok(one))) => Some(Arc::clone(one)),
                _ => None,
            };
            let reason = [frames, about].into_iter().flatten().find_map(|known| known.as_ref().err());
            let is_read = frames.is_some();
            if let Some(details) = details {
                classes.extend(details.classes.keys().cloned());
                models.extend(details.models.iter().cloned());
                if item.details != details {
                    Arc::make_mut(item).details = details;
                }
            }
            if let Some(reason) = reason.filter(|_| item.trouble.is_none()) {
                let trouble = Some(Trouble::BadRecord(reason.clone()));
                Arc::make_mut(item).trouble = trouble;
            }
            if is_read && !item.others.is_empty() {
                strangers.extend(item::strangers(Arc::make_mut(item)).into_iter().map(Arc::new));
            }
        }
        index.items.extend(strangers);
        // Names decide last, so that the order is the same every time.
        index
            .items
            .sort_by(|a, b| b.time.cmp(&a.time).then_with(|| b.name.cmp(&a.name)).then(a.kind.cmp(&b.kind)));
        index.classes = classes.into_iter().collect();
        index.models = models.into_iter().collect();
        index.is_complete = is_complete;
    }
}

/// The files of a folder. Names that aren't valid Unicode are left out: none of ours is such.
pub(super) fn listed(folder: &Path) -> io::Result<Vec<Listed>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let Ok(entry) = entry else { continue };
        let Ok(name) = entry.file_name().into_string() else { continue };
        // A file may be gone by now.
        files.extend(Listed::of(name, &entry.path()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_once_and_again_when_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("a.json");
        let record = |label: &str| format!(r#"{{"model":"m","detections":[{{"label":"{label}"}}]}}"#);
        std::fs::write(folder.path().join("a.png"), "image").unwrap();
        std::fs::write(&json, record("cat")).unwrap();
        let folders = [folder.path().to_owned(), folder.path().join("none"), json.clone()];
        let mut indexer = Indexer::default();
        let (mut index, mut unread) = indexer.list(&folders);
        assert_eq!((index.items.len(), index.is_complete, index.classes.len()), (1, false, 0));
        assert_eq!(index.folders[1].1, FolderState::Missing);
        assert_eq!(index.folders[2].1, FolderState::Failed("it is not a folder".into()));
        assert!(!indexer.read_some(&mut unread, || true));
        indexer.fill(&mut index, true);
        assert_eq!(
            (index.classes.clone(), index.models.clone()),
            (vec!["cat".to_owned()], vec!["m".to_owned()])
        );
        let (again, unread) = indexer.list(&folders);
        assert!(unread.0.is_empty() && again.is_complete && again.items == index.items);
        std::fs::write(&json, record("horse")).unwrap();
        let (_, unread) = indexer.list(&folders);
        assert_eq!(unread.0.len(), 1);
        std::fs::write(&json, "{").unwrap();
        let (mut index, mut unread) = indexer.list(&folders);
        indexer.read_some(&mut unread, || true);
        indexer.fill(&mut index, true);
        assert!(matches!(index.items[0].trouble, Some(Trouble::BadRecord(_))), "it is shown with its reason");
    }

    #[test]
    fn what_is_no_object_of_the_record_is_an_item_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let record = r#"{"model":"m","detections":[{"label":"sports ball"},{"label":"person"}]}"#;
        std::fs::write(folder.path().join("Party.json"), record).unwrap();
        let images = ["Party.png", "Party clean.png", "Party person-1.png", "Party sports-ball-3-2.png"];
        let others = ["Party at home-2.jpg", "Party photo-1.jpg", "Party person at-1.jpg"];
        for name in images.iter().chain(&others) {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let mut indexer = Indexer::default();
        let folders = [folder.path().to_owned()];
        let (mut index, mut unread) = indexer.list(&folders);
        indexer.read_some(&mut unread, || true);
        indexer.fill(&mut index, true);
        // The same at once when it is listed again.
        for index in [index, indexer.list(&folders).0] {
            let of = |name: &str| index.items.iter().find(|item| item.name == name).unwrap();
            assert_eq!((index.items.len(), of("Party").files().len()), (4, 5));
            let bytes = images.iter().map(|name| name.len()).sum::<usize>() + record.len();
            assert_eq!(of("Party").bytes, bytes as u64);
            for other in others {
                let item = of(other.trim_end_matches(".jpg"));
                assert_eq!(item.files(), [folder.path().join(other)]);
            }
        }
    }
}
