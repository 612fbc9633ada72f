//! Looking after models: checking whether a file has changed, and removing it.

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::import::stays_inside;
use super::model_entry::ModelEntry;
use super::{names, records};
use crate::discard::{place, reason_of, restore_of_system};
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

/// A removed model, with what [`restore`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The path that its record is under, although nothing is there any more.
    pub model: PathBuf,
    /// What is in the trash, by its place before.
    trashed: Vec<PathBuf>,
    /// Links, which no trash takes, with what they pointed to.
    links: Vec<(PathBuf, PathBuf)>,
}

impl Removed {
    /// Whether [`restore`] can bring it back. It can't where it was deleted, and not on macOS, which doesn't tell what its
    /// trash holds.
    #[must_use]
    pub fn can_be_restored(&self) -> bool {
        let trash_tells = self.trashed.is_empty() || !cfg!(target_os = "macos");
        trash_tells && !(self.trashed.is_empty() && self.links.is_empty())
    }
}

/// Removes a model with its settings and with the weights that no other model uses. If it is a link, the file behind it
/// stays.
///
/// # Errors
/// [`UpkeepError`]; what went to the trash before the error is brought back if the system can, what was deleted isn't.
pub fn remove(path: &Path, removal: Removal) -> Result<Removed, UpkeepError> {
    let mut removed =
        Removed { model: records::own_path(path).unwrap_or_else(|| path.to_owned()), ..Removed::default() };
    all_or_none(&belongings(path), &mut removed, |file, removed| match removal {
        Removal::Trash => to_trash(file, removed),
        Removal::Delete => delete(file),
    })?;
    // Imported models with weights in other files have a folder each.
    if let Some(folder) =
        path.parent().filter(|f| f.parent().is_some() && f.parent() == super::home().as_deref())
    {
        // It stays if anything is left in it.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(removed)
}

/// Removes each of the files with `remove_one`; if one stays, what went to the trash before it is brought back.
fn all_or_none(
    files: &[PathBuf],
    removed: &mut Removed,
    mut remove_one: impl FnMut(&Path, &mut Removed) -> Result<(), UpkeepError>,
) -> Result<(), UpkeepError> {
    for file in files {
        if let Err(error) = remove_one(file, removed) {
            if removed.can_be_restored()
                && let Err(error) = restore(removed)
            {
                tracing::warn!("{error}");
            }
            return Err(error);
        }
    }
    Ok(())
}

fn to_trash(file: &Path, removed: &mut Removed) -> Result<(), UpkeepError> {
    if let Ok(target) = std::fs::read_link(file) {
        delete(file)?;
        removed.links.push((file.to_owned(), target));
        return Ok(());
    }
    // The trash knows a file by this path.
    let place = place(file);
    trash::delete(file).map_err(|e| UpkeepError::NoTrash {
        path: file.to_owned(),
        reason: names::shown(&reason_of(&e)).into_owned(),
    })?;
    removed.trashed.push(place);
    Ok(())
}

fn delete(file: &Path) -> Result<(), UpkeepError> {
    std::fs::remove_file(file)
        .map_err(|e| UpkeepError::Stays { path: file.to_owned(), reason: e.to_string() })
}

/// Brings a model back: from the trash, of each file the one that was moved there last, and its links.
///
/// # Errors
/// [`UpkeepError::StaysInTrash`]; the other files of a model may be back.
pub fn restore(removed: &Removed) -> Result<(), UpkeepError> {
    if !removed.trashed.is_empty() {
        restore_files(&removed.trashed, &removed.model)?;
    }
    for (link, target) in &removed.links {
        let folder = link.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder
            .and_then(|()| make_link(target, link))
            .map_err(|e| UpkeepError::StaysInTrash { path: link.clone(), reason: e.to_string() })?;
    }
    Ok(())
}

fn make_link(target: &Path, link: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, link);
    #[cfg(not(any(unix, windows)))]
    return Err(std::io::ErrorKind::Unsupported.into());
}

fn restore_files(files: &[PathBuf], model: &Path) -> Result<(), UpkeepError> {
    let failed = |reason: String| UpkeepError::StaysInTrash { path: model.to_owned(), reason };
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    restore_of_system(&files).map_err(|reason| failed(names::shown(&reason).into_owned()))
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
        let removed = remove(&path, Removal::Trash).unwrap();
        assert!(removed.can_be_restored() && !path.exists());
        restore(&removed).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        let error = restore(&removed).unwrap_err();
        assert!(error.to_string().contains("isn't there any more"), "{error}");
        assert!(!remove(&path, Removal::Delete).unwrap().can_be_restored());
    }

    #[test]
    fn a_removal_that_fails_half_way_leaves_the_model_whole() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["model.onnx", "model.toml", "model.data"].map(|name| folder.path().join(name));
        for file in &files {
            std::fs::write(file, file.to_string_lossy().as_bytes()).unwrap();
        }
        let mut removed = Removed { model: files[0].clone(), ..Removed::default() };
        let held =
            || UpkeepError::Stays { path: files[2].clone(), reason: "another program holds it".into() };
        let result = all_or_none(&files, &mut removed, |file, removed| {
            if file == files[2] { Err(held()) } else { to_trash(file, removed) }
        });
        assert!(matches!(result, Err(UpkeepError::Stays { path, .. }) if path == files[2]));
        for file in &files {
            assert_eq!(std::fs::read_to_string(file).unwrap(), file.to_string_lossy());
        }
    }

    #[test]
    fn a_linked_model_comes_back_as_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (models, file) = (folder.path().join("models"), folder.path().join("file.onnx"));
        std::fs::create_dir(&models).unwrap();
        std::fs::write(&file, "first").unwrap();
        let link = models.join("linked.onnx");
        for with_settings in [false, true] {
            let _ = std::os::unix::fs::symlink("../file.onnx", &link);
            let settings = sidecar::path_for(&link);
            if with_settings {
                std::fs::write(&settings, "version = 1").unwrap();
            }
            let removed = remove(&link, Removal::Trash).unwrap();
            assert_eq!(removed.model, link);
            assert!(removed.can_be_restored() && !link.is_symlink() && !settings.exists() && file.exists());
            restore(&removed).unwrap();
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("../file.onnx"));
            assert_eq!(
                (std::fs::read_to_string(&link).unwrap().as_str(), settings.exists()),
                ("first", with_settings)
            );
        }
    }

    #[test]
    fn what_was_reached_through_a_linked_folder_comes_back_with_its_record() {
        let folder = tempfile::tempdir().unwrap();
        let (real, linked) = (folder.path().join("disk"), folder.path().join("models"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &linked).unwrap();
        let path = linked.join("model.onnx");
        std::fs::write(&path, "first").unwrap();
        let mut records = records::ModelRecords::default();
        records.change(&path, |record| record.favourite = true);
        let record = records.of(&path);
        let removed = remove(&path, Removal::Trash).unwrap();
        records.forget(&removed.model);
        assert_eq!(records, records::ModelRecords::default());
        restore(&removed).unwrap();
        records.restore(&removed.model, &record);
        assert!(path.exists() && records.of(&path).favourite);
    }
}
