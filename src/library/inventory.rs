//! The models on this computer: the folders' files, what each is, what is remembered of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::catalogue::Catalogue;
use super::model_entry::{ModelEntry, Read};
use super::records::{FileStamp, ModelRecord, ModelRecords, NotesError, RecordsFile};
use crate::model::{folders, sidecar};

/// More files than this in the folders are no library; the rest is left out.
const MOST: usize = 5000;

/// The models of some folders, with what is remembered of them.
#[derive(Debug)]
pub struct Inventory {
    folders: Vec<PathBuf>,
    notes_file: Option<RecordsFile>,
    notes: ModelRecords,
    notes_stamp: Option<FileStamp>,
    catalogue: Arc<Catalogue>,
    /// What was read, and from which content of file and sidecar.
    read: HashMap<PathBuf, (FileStamp, Option<FileStamp>, Read)>,
    /// Why the notes weren't kept, until it is asked for.
    trouble: Option<NotesError>,
}

impl Inventory {
    /// The user's: the usual folders and these.
    #[must_use]
    pub fn of_user(more: &[PathBuf], catalogue: Arc<Catalogue>) -> Self {
        let mut all = folders::model_folders();
        all.extend(more.iter().filter(|f| !all.contains(f)).cloned().collect::<Vec<_>>());
        Self::new(all, RecordsFile::of_user(), catalogue)
    }

    /// The models of these folders.
    #[must_use]
    pub fn new(folders: Vec<PathBuf>, notes_file: Option<RecordsFile>, catalogue: Arc<Catalogue>) -> Self {
        let mut inventory = Self {
            folders,
            notes_file,
            notes: ModelRecords::default(),
            notes_stamp: None,
            catalogue,
            read: HashMap::new(),
            trouble: None,
        };
        inventory.reload_notes();
        inventory
    }

    /// The folders that are looked in.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Why the notes weren't kept; once.
    pub fn take_trouble(&mut self) -> Option<NotesError> {
        self.trouble.take()
    }

    /// The files and their stamps, as cheaply as can be: to be compared with an earlier look.
    #[must_use]
    pub fn glance(&self) -> Vec<(PathBuf, FileStamp, Option<FileStamp>)> {
        let mut files = folders::model_files(&self.folders);
        files.truncate(MOST);
        files
            .into_iter()
            .filter_map(|f| Some((FileStamp::of(&f).ok()?, f)))
            .map(|(stamp, f)| {
                let beside = FileStamp::of(&sidecar::path_for(&f)).ok();
                (f, stamp, beside)
            })
            .collect()
    }

    /// Whether another program changed the notes since they were read.
    #[must_use]
    pub fn notes_changed(&self) -> bool {
        self.notes_file.as_ref().is_some_and(|f| FileStamp::of(f.path()).ok() != self.notes_stamp)
    }

    /// Reads the notes again.
    pub fn reload_notes(&mut self) {
        let Some(file) = &self.notes_file else { return };
        match file.load() {
            Ok(notes) => self.notes = notes,
            Err(error) => {
                self.notes = ModelRecords::default();
                self.trouble = Some(error);
            }
        }
        self.notes_stamp = FileStamp::of(file.path()).ok();
    }

    /// The cards, in the order of the folders and names; only what is new or changed is read.
    pub fn cards(&mut self) -> Vec<ModelEntry> {
        let files = self.glance();
        self.read.retain(|path, _| files.iter().any(|(f, ..)| f == path));
        let mut cards = Vec::with_capacity(files.len());
        for (path, stamp, beside) in files {
            let note = self.notes.of(&path);
            let known = self.read.get(&path).filter(|(s, b, _)| *s == stamp && *b == beside);
            let read = if let Some((.., read)) = known {
                read.clone()
            } else {
                let read = Read::of(&path, &self.catalogue.hints(&path));
                self.read.insert(path.clone(), (stamp, beside, read.clone()));
                read
            };
            cards.push(ModelEntry::new(&path, stamp, read, &note, &self.catalogue));
        }
        cards
    }

    /// Changes the notes. Where they can't be kept they hold for this session; see [`Inventory::take_trouble`].
    pub fn note(&mut self, change: impl Fn(&mut ModelRecords)) {
        let Some(file) = &self.notes_file else {
            change(&mut self.notes);
            return;
        };
        match file.update(&change) {
            Ok(notes) => self.notes = notes,
            Err(error) => {
                change(&mut self.notes);
                self.trouble = Some(error);
            }
        }
        self.notes_stamp = FileStamp::of(file.path()).ok();
    }

    /// Remembers that a model is being run now.
    pub fn used(&mut self, path: &Path) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.note(|n| n.change(path, |note| note.used = Some(now)));
    }

    /// Looks in these folders, too.
    pub fn watch_too(&mut self, folders: &[PathBuf]) {
        for folder in folders {
            if !self.folders.contains(folder) {
                self.folders.push(folder.clone());
            }
        }
    }

    /// What is remembered of all files.
    #[must_use]
    pub fn notes(&self) -> &ModelRecords {
        &self.notes
    }

    /// What is remembered of a file.
    #[must_use]
    pub fn remembered(&self, path: &Path) -> ModelRecord {
        self.notes.of(path)
    }

    /// The catalogue that cards are compared with.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }
}

/// The card that a name means: a path, a file's name with or without its ending, or the name on the card.
#[must_use]
pub fn find<'a>(cards: &'a [ModelEntry], name: &str) -> Option<&'a ModelEntry> {
    let path = Path::new(name);
    let lower = name.to_lowercase();
    let is = |card: &&ModelEntry, wanted: &str| {
        let file = card.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        card.name.to_lowercase() == wanted || file == wanted || file.trim_end_matches(".onnx") == wanted
    };
    let same = |card: &&ModelEntry| {
        card.path == path || path.canonicalize().is_ok_and(|p| card.path.canonicalize().is_ok_and(|c| c == p))
    };
    let by_origin = |card: &&ModelEntry| card.origin.as_ref().is_some_and(|o| o.id == lower);
    cards
        .iter()
        .find(same)
        .or_else(|| cards.iter().find(|c| is(c, &lower)))
        .or_else(|| cards.iter().find(by_origin))
}
