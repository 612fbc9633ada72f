//! Looking after models: checking whether a file has changed, and removing it.

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::import::stays_inside;
use super::model_entry::ModelEntry;
use super::names;
use crate::model::file::GraphInfo;
use crate::model::{self, ModelError, sidecar};

/// The result of checking a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, byte for byte, what its project published, or what the first download brought (`pinned`).
    Right { sha256: String, pinned: bool },
    /// It is a complete ONNX file; there is nothing to compare it with, or not for its weights in other files.
    Whole { sha256: String },
    /// Its content has changed.
    Changed { sha256: String, expected: String },
    /// Its weights in other files have changed; hashes as [`model::weights_sha256`] computes them.
    WeightsChanged { sha256: String, expected: String },
}

/// A verdict, and the hash of the weights in other files.
pub type Verified = (Verdict, Option<String>);

/// Reads the whole model, with its weights in other files, and compares its hashes with the expected ones. Nobody publishes
/// those of the weights: what was imported or first verified counts.
///
/// # Errors
/// A file can't be read, or the model isn't a complete ONNX file.
pub fn verify(entry: &ModelEntry, catalogue: &Catalogue) -> Result<Verified, ModelError> {
    let verdict = verify_file(entry, catalogue)?;
    if let Verdict::Changed { .. } = verdict {
        return Ok((verdict, None));
    }
    let weights = model::weights_sha256(&entry.path, &model::inspect(&entry.path)?.graph)?;
    let verdict = match (&weights, &entry.weights, verdict) {
        (Some(is), Some(was), _) if is != was => {
            Verdict::WeightsChanged { sha256: is.clone(), expected: was.clone() }
        }
        (Some(_), Some(_), Verdict::Right { sha256, .. }) => Verdict::Right { sha256, pinned: true },
        (Some(_), None, Verdict::Right { sha256, .. }) => Verdict::Whole { sha256 },
        (_, _, verdict) => verdict,
    };
    Ok((verdict, weights))
}

/// As [`verify`], for the model's own file.
fn verify_file(entry: &ModelEntry, catalogue: &Catalogue) -> Result<Verdict, ModelError> {
    let sha256 = model::sha256(&entry.path)?;
    if let Some(origin) = &entry.origin
        && origin.sha256 != sha256
    {
        return Ok(Verdict::Changed { sha256, expected: origin.sha256.clone() });
    }
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

/// Removes a model with its settings and with the weights that no other model uses. If it is a link, the file behind it
/// stays. Returns the files that [`restore`] can bring back.
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
    // Imported models with weights in other files have a folder each.
    if let Some(folder) =
        path.parent().filter(|f| f.parent().is_some() && f.parent() == super::home().as_deref())
    {
        // It stays if anything is left in it.
        let _ = std::fs::remove_dir(folder);
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

/// The model's file, then the files that only it uses. Of a model that is a link, only links.
fn belongings(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let weights = GraphInfo::read(path).map(|graph| graph.external_data).unwrap_or_default();
    let weights = weights.iter().filter(|name| stays_inside(Path::new(name))).map(|name| folder.join(name));
    let weights = weights.filter(|file| !path.is_symlink() || file.is_symlink());
    let weights: Vec<PathBuf> = weights.filter(|file| !used_by_others(file, path)).collect();
    let settings = [sidecar::path_for(path)];
    let mut all = vec![path.to_owned()];
    all.extend(settings.into_iter().chain(weights).filter(|p| p.symlink_metadata().is_ok()));
    all
}

/// Whether a model besides `model` has weights in this file. Such a model lies in the file's folder or above it; the folder
/// above that of `model` is the last that is searched.
fn used_by_others(file: &Path, model: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // A link is used by those who name the link.
    let place = |path: &Path| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => real(folder).join(name),
        _ => real(path),
    };
    let (file, model) = (place(file), place(model));
    let last = model.parent().and_then(Path::parent);
    let folders =
        file.ancestors().skip(1).take_while(|folder| last.is_none_or(|last| folder.starts_with(last)));
    let models = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let models = models.map(|entry| entry.path()).filter(|path| {
        path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) && place(path) != model
    });
    models
        .filter_map(|path| Some((GraphInfo::read(&path).ok()?, path)))
        .any(|(graph, path)| graph.external_files(&path).any(|used| place(&used) == file))
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
