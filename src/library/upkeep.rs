//! Looking after models: whether a file is what it was, and taking it away.

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::model_entry::ModelEntry;
use super::names;
use crate::model::file::GraphInfo;
use crate::model::{self, ModelError, sidecar};

/// What a look at a file's bytes came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, byte for byte, what its project published (or what the first download brought).
    Right { sha256: String, pinned: bool },
    /// It is a whole ONNX file; there is nothing to compare it with.
    Whole { sha256: String },
    /// It isn't what it was.
    Changed { sha256: String, expected: String },
}

/// Reads the whole file and compares it with what it must be.
///
/// # Errors
/// Why it can't be read or isn't a whole ONNX file.
pub fn verify(card: &ModelEntry, catalogue: &Catalogue) -> Result<Verdict, ModelError> {
    let sha256 = model::sha256(&card.path)?;
    if let Some(origin) = &card.origin
        && origin.sha256 != sha256
    {
        return Ok(Verdict::Changed { sha256, expected: origin.sha256.clone() });
    }
    GraphInfo::read(&card.path)?;
    Ok(match (&card.origin, catalogue.by_hash(&sha256)) {
        (_, Some(_)) => Verdict::Right { sha256, pinned: false },
        (Some(origin), None) => Verdict::Right { sha256, pinned: origin.pinned },
        (None, None) => Verdict::Whole { sha256 },
    })
}

/// Why a model isn't removed or renamed.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The trash refuses it.
    #[error("\u{201c}{}\u{201d} can't be put into the trash: {reason}.", names::shown(&path.display().to_string()))]
    NoTrash { path: PathBuf, reason: String },
    /// The file can't be deleted.
    #[error("\u{201c}{}\u{201d} can't be removed: {reason}.", names::shown(&path.display().to_string()))]
    Stays { path: PathBuf, reason: String },
}

impl UpkeepError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoTrash { .. } => "Remove it for good instead (on the command line: --delete).",
            Self::Stays { .. } => "Check that this account may change the folder.",
        }
    }
}

/// Where a removed model goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Into the system's trash, from where it can come back.
    Trash,
    /// For good.
    Deleted,
}

/// Takes a model away, with its settings and weights beside it. A link goes, the file behind it stays.
///
/// # Errors
/// [`UpkeepError`]; what was removed before stays removed.
pub fn remove(path: &Path, away: Away) -> Result<(), UpkeepError> {
    for file in belongings(path) {
        let answer = match away {
            Away::Trash if !file.is_symlink() => trash::delete(&file)
                .map_err(|e| UpkeepError::NoTrash { path: file.clone(), reason: reason_of(&e) }),
            _ => std::fs::remove_file(&file)
                .map_err(|e| UpkeepError::Stays { path: file.clone(), reason: e.to_string() }),
        };
        answer?;
    }
    Ok(())
}

fn reason_of(error: &trash::Error) -> String {
    match error {
        trash::Error::CouldNotAccess { .. } => "this account may not".into(),
        trash::Error::Unknown { description } | trash::Error::Os { description, .. } => {
            names::shown(description.trim_end_matches('.')).into_owned()
        }
        other => names::shown(&other.to_string()).into_owned(),
    }
}

/// The model's file first, then what only it uses.
fn belongings(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let facts = if path.is_symlink() { None } else { GraphInfo::read(path).ok() };
    let weights = facts.into_iter().flat_map(|f| f.external_data);
    let weights =
        weights.map(PathBuf::from).filter(|w| super::import::stays_inside(w)).map(|w| folder.join(w));
    let beside = [sidecar::path_for(path)];
    let mut all = vec![path.to_owned()];
    all.extend(beside.into_iter().chain(weights).filter(|p| p.symlink_metadata().is_ok()));
    all
}
