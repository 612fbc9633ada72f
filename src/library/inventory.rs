//! The models on this computer: the files in the folders, what each is, and the records about it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::catalogue::Catalogue;
use super::model_entry::{FileContent, ModelEntry};
use super::records::{FileStamp, ModelRecord, ModelRecords, RecordsError, RecordsFile};
use crate::model::isolation::{Journal, Runs};
use crate::model::{folders, sidecar};
use crate::whole_file;

/// Files beyond this number are left out.
const MAX_FILES: usize = 5000;

/// A model file and the state of its content and sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedFile {
    path: PathBuf,
    stamp: FileStamp,
    sidecar: Option<FileStamp>,
}

impl ScannedFile {
    fn of(path: PathBuf) -> Option<Self> {
        let stamp = FileStamp::of(&path).ok()?;
        let sidecar = FileStamp::of(&sidecar::path_for(&path)).ok();
        Some(Self { path, stamp, sidecar })
    }
}

/// Lists the model files of these folders, without reading them; two lists are equal if nothing has changed.
#[must_use]
pub fn scan(model_folders: &[PathBuf]) -> Vec<ScannedFile> {
    let files = folders::model_files(model_folders).into_iter().take(MAX_FILES);
    files.filter_map(ScannedFile::of).collect()
}

/// The models of some folders, with the records about them.
#[derive(Debug)]
pub struct Inventory {
    folders: Vec<PathBuf>,
    records_file: Option<RecordsFile>,
    records: ModelRecords,
    records_stamp: Option<FileStamp>,
    /// Which contents ended their process, from the file beside that of the records.
    runs: Runs,
    runs_stamp: Option<FileStamp>,
    catalogue: Arc<Catalogue>,
    /// Contents that were read, by the state of file and sidecar.
    read: HashMap<PathBuf, (ScannedFile, FileContent)>,
    /// The last error of reading or writing the records.
    error: Option<RecordsError>,
}

impl Inventory {
    /// The user's models: in the usual folders and in these.
    #[must_use]
    pub fn of_user(more: &[PathBuf], catalogue: Arc<Catalogue>) -> Self {
        let mut inventory = Self::new(folders::model_folders(), RecordsFile::of_user(), catalogue);
        inventory.add_folders(more);
        inventory
    }

    /// The models of these folders.
    #[must_use]
    pub fn new(folders: Vec<PathBuf>, records_file: Option<RecordsFile>, catalogue: Arc<Catalogue>) -> Self {
        let mut inventory = Self {
            folders,
            records_file,
            records: ModelRecords::default(),
            records_stamp: None,
            runs: Runs::default(),
            runs_stamp: None,
            catalogue,
            read: HashMap::new(),
            error: None,
        };
        inventory.reload_records();
        inventory
    }

    /// The folders of the models.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Adds folders.
    pub fn add_folders(&mut self, folders: &[PathBuf]) {
        for folder in folders {
            if !self.folders.contains(folder) {
                self.folders.push(folder.clone());
            }
        }
    }

    /// Returns the last error of reading or writing the records, once.
    pub fn take_error(&mut self) -> Option<RecordsError> {
        self.error.take()
    }

    /// Whether the records were changed since they were read, by another program or by a model that ran.
    #[must_use]
    pub fn records_changed(&self) -> bool {
        self.records_file.as_ref().is_some_and(|f| FileStamp::of(f.path()).ok() != self.records_stamp)
            || self.journal().is_some_and(|j| FileStamp::of(&j.file()).ok() != self.runs_stamp)
    }

    /// Which models ran, beside the records.
    fn journal(&self) -> Option<Journal> {
        let folder = whole_file::folder_of(self.records_file.as_ref()?.path());
        Some(Journal::in_folder(folder.to_owned()))
    }

    /// Reads the records again.
    pub fn reload_records(&mut self) {
        if let Some(journal) = self.journal() {
            self.runs_stamp = FileStamp::of(&journal.file()).ok();
            self.runs = journal.load();
        }
        let Some(file) = &self.records_file else { return };
        match file.load() {
            Ok(records) => self.records = records,
            Err(error) => {
                self.records = ModelRecords::default();
                self.error = Some(error);
            }
        }
        self.records_stamp = FileStamp::of(file.path()).ok();
    }

    /// The models, in the order of folders and names; only new and changed files are read.
    pub fn entries(&mut self) -> Vec<ModelEntry> {
        self.entries_of(&scan(&self.folders))
    }

    /// A model at this path, in whatever folder; `None` if there is no file.
    pub fn entry(&mut self, path: &Path) -> Option<ModelEntry> {
        let path = std::path::absolute(path).ok()?;
        let file = ScannedFile::of(path)?;
        let content = FileContent::read(&file.path, &self.catalogue.hints(&file.path));
        let record = self.records.of(&file.path);
        Some(ModelEntry::new(&file.path, file.stamp, content, &record, &self.runs, &self.catalogue))
    }

    /// The models of these files; only new and changed files are read.
    pub fn entries_of(&mut self, files: &[ScannedFile]) -> Vec<ModelEntry> {
        let mut before = std::mem::take(&mut self.read);
        let mut entries = Vec::with_capacity(files.len());
        let mut apart = Vec::with_capacity(files.len());
        for file in files {
            let content = match before.remove(&file.path) {
                Some((scanned, content)) if scanned == *file => content,
                _ => FileContent::read(&file.path, &self.catalogue.hints(&file.path)),
            };
            self.read.insert(file.path.clone(), (file.clone(), content.clone()));
            let record = self.records.of(&file.path);
            apart.push(!content.weights.is_empty());
            entries.push(ModelEntry::new(
                &file.path,
                file.stamp,
                content,
                &record,
                &self.runs,
                &self.catalogue,
            ));
        }
        each_once(entries, &apart)
    }

    /// Changes the records. If they can't be written, they hold for this session; see [`Inventory::take_error`].
    pub fn update(&mut self, change: impl Fn(&mut ModelRecords)) {
        let Some(file) = &self.records_file else {
            change(&mut self.records);
            return;
        };
        match file.update(&change) {
            Ok(records) => self.records = records,
            Err(error) => {
                change(&mut self.records);
                self.error = Some(error);
            }
        }
        self.records_stamp = FileStamp::of(file.path()).ok();
    }

    /// Records that a model is being run now.
    pub fn mark_used(&mut self, path: &Path) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.update(|records| records.change(path, |record| record.used = Some(now)));
    }

    /// The records of all files.
    #[must_use]
    pub fn records(&self) -> &ModelRecords {
        &self.records
    }

    /// The record of a file.
    #[must_use]
    pub fn record(&self, path: &Path) -> ModelRecord {
        self.records.of(path)
    }

    /// The catalogue that models are compared with.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }
}

/// Lists each file once: a copy in another folder that is read in the same way is noted with the first. (Links are followed
/// when the folders are scanned.) `apart` tells which models have weights in other files: theirs may differ.
fn each_once(entries: Vec<ModelEntry>, apart: &[bool]) -> Vec<ModelEntry> {
    let mut listed: Vec<ModelEntry> = Vec::with_capacity(entries.len());
    let mut by_content: HashMap<String, usize> = HashMap::new();
    for (entry, apart) in entries.into_iter().zip(apart) {
        let Some(content) = entry.sha256.clone().filter(|_| !apart) else {
            listed.push(entry);
            continue;
        };
        let first = by_content.get(&content).and_then(|at| listed.get_mut(*at));
        if let Some(first) = first.filter(|first| first.kind == entry.kind) {
            first.favourite |= entry.favourite;
            first.used = first.used.max(entry.used);
            first.measured = first.measured.take().or(entry.measured);
            first.tuned = first.tuned.take().or(entry.tuned);
            first.copies.push(entry.path);
            continue;
        }
        by_content.entry(content).or_insert(listed.len());
        listed.push(entry);
    }
    listed
}

/// Returns the model that a name means: a path, a file name with or without its ending, the model's name in lists, or
/// its id in the catalogue.
#[must_use]
pub fn find<'a>(entries: &'a [ModelEntry], name: &str) -> Option<&'a ModelEntry> {
    let (path, lower) = (Path::new(name), name.to_lowercase());
    let real = path.canonicalize().ok();
    let is_it = |known: &Path| known == path || (real.is_some() && known.canonicalize().ok() == real);
    let same_file = |e: &&ModelEntry| is_it(&e.path) || e.copies.iter().any(|copy| is_it(copy));
    let same_name = |e: &&ModelEntry| {
        let file = e.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        e.name.to_lowercase() == lower || file == lower || file.trim_end_matches(".onnx") == lower
    };
    let same_id = |e: &&ModelEntry| e.origin.as_ref().is_some_and(|o| o.id == lower);
    let all = || entries.iter();
    all().find(same_file).or_else(|| all().find(same_name)).or_else(|| all().find(same_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_in_two_folders_is_listed_once() {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("a"), home.path().join("b"));
        for folder in [&a, &b] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(a.join("model.onnx"), "some bytes").unwrap();
        std::fs::write(b.join("copy.onnx"), "some bytes").unwrap();
        std::fs::write(b.join("other.onnx"), "same size!").unwrap();
        let mut inventory = Inventory::new(vec![a.clone(), b.clone()], None, Arc::default());
        for path in [a.join("model.onnx"), b.join("copy.onnx")] {
            let stamp = FileStamp::of(&path).unwrap();
            inventory.update(|records| records.set_hash(&path, stamp, "one"));
        }
        let stamp = FileStamp::of(&b.join("other.onnx")).unwrap();
        inventory.update(|records| {
            records.set_hash(&b.join("other.onnx"), stamp, "two");
            records.change(&b.join("copy.onnx"), |record| record.favourite = true);
        });
        let mut entries = inventory.entries();
        // These bytes are no model; as one that isn't understood, they are read in the same way.
        for entry in &mut entries {
            entry.kind = super::super::model_entry::Kind::Unknown(String::new());
        }
        let apart = vec![false; entries.len()];
        let once = each_once(entries.clone(), &apart);
        let paths: Vec<&PathBuf> = once.iter().map(|e| &e.path).collect();
        assert_eq!(paths, [&a.join("model.onnx"), &b.join("other.onnx")]);
        assert_eq!(once[0].copies, [b.join("copy.onnx")]);
        assert!(once[0].favourite, "the copy is one");
        let apart = vec![true; entries.len()];
        assert_eq!(each_once(entries, &apart).len(), 3, "their weights may differ");
    }
}
