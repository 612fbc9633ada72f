//! Looking after models: checking whether a file has changed, and removing it.

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::model_entry::ModelEntry;
use super::names;
use crate::model::file::GraphInfo;
use crate::model::{self, ModelError, sidecar};

/// The result of checking a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, byte for byte, what its project published, or what the first download brought (`pinned`).
    Right { sha256: String, pinned: bool },
    /// It is a complete ONNX file; there is nothing to compare it with.
    Whole { sha256: String },
    /// Its content has changed.
    Changed { sha256: String, expected: String },
}

/// Reads the whole file and compares its hash with the expected one.
///
/// # Errors
/// The file can't be read, or isn't a complete ONNX file.
pub fn verify(entry: &ModelEntry, catalogue: &Catalogue) -> Result<Verdict, ModelError> {
    let sha256 = model::sha256(&entry.path)?;
    if let Some(origin) = &entry.origin
        && origin.sha256 != sha256
    {
        return Ok(Verdict::Changed { sha256, expected: origin.sha256.clone() });
    }
    GraphInfo::read(&entry.path)?;
    Ok(match (&entry.origin, catalogue.by_hash(&sha256)) {
        (_, Some(_)) => Verdict::Right { sha256, pinned: false },
        (Some(origin), None) => Verdict::Right { sha256, pinned: origin.pinned },
        (None, None) => Verdict::Whole { sha256 },
    })
}

/// Why a model isn't removed.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The trash refuses it.
    #[error("\u{201c}{}\u{201d} can't be moved to the trash: {reason}.", names::shown(&path.display().to_string()))]
    NoTrash { path: PathBuf, reason: String },
    /// It can't be brought back from the trash.
    #[error("\u{201c}{}\u{201d} can't be restored from the trash: {reason}.", names::shown(&path.display().to_string()))]
    StaysInTrash { path: PathBuf, reason: String },
    /// The file can't be deleted.
    #[error("\u{201c}{}\u{201d} can't be removed: {reason}.", names::shown(&path.display().to_string()))]
    Stays { path: PathBuf, reason: String },
}

impl UpkeepError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoTrash { .. } => "Delete it permanently instead (on the command line: --delete).",
            Self::StaysInTrash { .. } => "Open the system's trash and restore it there.",
            Self::Stays { .. } => "Check that this account may change the folder.",
        }
    }
}

/// How a model is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// To the system's trash, from where it can be restored.
    Trash,
    /// Permanently.
    Delete,
}

/// Removes a model with its settings and weights. If it is a link, the file behind it stays. Returns the files that
/// [`restore`] can bring back.
///
/// # Errors
/// [`UpkeepError`]; files that were removed before the error stay removed.
pub fn remove(path: &Path, removal: Removal) -> Result<Vec<PathBuf>, UpkeepError> {
    let mut trashed = Vec::new();
    for file in belongings(path) {
        let result = match removal {
            Removal::Trash if !file.is_symlink() => trash::delete(&file)
                .map(|()| trashed.push(file.clone()))
                .map_err(|e| UpkeepError::NoTrash { path: file.clone(), reason: reason_of(&e) }),
            _ => std::fs::remove_file(&file)
                .map_err(|e| UpkeepError::Stays { path: file.clone(), reason: e.to_string() }),
        };
        result?;
    }
    // macOS doesn't tell what its trash holds.
    Ok(if cfg!(target_os = "macos") { Vec::new() } else { trashed })
}

/// Brings files back from the trash: of each the one that was moved there last.
///
/// # Errors
/// [`UpkeepError::StaysInTrash`]; the other files of a model may be back.
pub fn restore(files: &[PathBuf]) -> Result<(), UpkeepError> {
    let Some(first) = files.first() else { return Ok(()) };
    let failed = |reason: String| UpkeepError::StaysInTrash { path: first.clone(), reason };
    #[cfg(any(windows, all(unix, not(target_os = "macos"))))]
    {
        let in_trash = trash::os_limited::list().map_err(|e| failed(reason_of(&e)))?;
        let newest = |file: &PathBuf| {
            let of_file = in_trash.iter().filter(|item| item.original_path() == *file);
            of_file.max_by_key(|item| item.time_deleted).cloned()
        };
        let items: Vec<_> = files.iter().filter_map(newest).collect();
        if items.len() < files.len() {
            return Err(failed("it isn't there any more".into()));
        }
        trash::os_limited::restore_all(items).map_err(|e| failed(reason_of(&e)))
    }
    #[cfg(not(any(windows, all(unix, not(target_os = "macos")))))]
    Err(failed("this system doesn't tell what its trash holds".into()))
}

fn reason_of(error: &trash::Error) -> String {
    match error {
        trash::Error::CouldNotAccess { .. } => "this account has no permission".into(),
        trash::Error::Unknown { description } | trash::Error::Os { description, .. } => {
            names::shown(description.trim_end_matches('.')).into_owned()
        }
        other => names::shown(&other.to_string()).into_owned(),
    }
}

/// The model's file, then the files that only it uses.
fn belongings(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let graph = if path.is_symlink() { None } else { GraphInfo::read(path).ok() };
    let weights = graph.into_iter().flat_map(|g| g.external_data);
    let weights =
        weights.map(PathBuf::from).filter(|w| super::import::stays_inside(w)).map(|w| folder.join(w));
    let settings = [sidecar::path_for(path)];
    let mut all = vec![path.to_owned()];
    all.extend(settings.into_iter().chain(weights).filter(|p| p.symlink_metadata().is_ok()));
    all
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// A file of the temporary folder goes to a trash of its own there, or to the home folder's.
    #[test]
    fn what_went_to_the_trash_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, "first").unwrap();
        let trashed = remove(&path, Removal::Trash).unwrap();
        assert_eq!(trashed, std::slice::from_ref(&path));
        assert!(!path.exists());
        restore(&trashed).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        let error = restore(&trashed).unwrap_err();
        assert!(error.to_string().contains("isn't there any more"), "{error}");
    }
}
