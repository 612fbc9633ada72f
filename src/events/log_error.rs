//! Why the log of events can't be read or written.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the log can't be used. The program goes on without it, or with a new one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// It was renamed, and a new log has begun.
    #[error("The log of events was damaged. It was kept as \u{201c}{}\u{201d}, and a new one has begun.", kept_as.display())]
    Damaged { kept_as: PathBuf },
    /// It can't even be renamed.
    #[error("The log of events \u{201c}{}\u{201d} is damaged: {reason}.", path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("The log of events \u{201c}{}\u{201d} can't be written: it is read-only.", path.display())]
    ReadOnly { path: PathBuf },
    #[error("Events can't be logged: the disk of \u{201c}{}\u{201d} is full.", path.display())]
    Full { path: PathBuf },
    #[error("The log of events \u{201c}{}\u{201d} can't be opened: {reason}.", path.display())]
    CantOpen { path: PathBuf, reason: String },
    /// Another program holds it for longer than we wait.
    #[error("The log of events \u{201c}{}\u{201d} is in use by another program.", path.display())]
    Busy { path: PathBuf },
    #[error("The log of events \u{201c}{}\u{201d} was made by a newer version of Sightline.", path.display())]
    Newer { path: PathBuf },
    #[error("The log of events \u{201c}{}\u{201d} can't be used: {reason}.", path.display())]
    Failed { path: PathBuf, reason: String },
    /// Writing an export failed.
    #[error("The events can't be written to \u{201c}{}\u{201d}: {reason}.", path.display())]
    Export { path: PathBuf, reason: String },
}

impl LogError {
    /// A sentence that tells the user what to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "Older events are in that file; nothing needs to be done.",
            Self::Unusable { .. } => "Move the file away; a new log is begun then.",
            Self::ReadOnly { .. } => {
                "Allow this account to write the file and its folder. Rules go on meanwhile."
            }
            Self::Full { .. } => "Free some space, or make the log's limit smaller. Rules go on meanwhile.",
            Self::CantOpen { .. } => "Check the folder and its permissions. Rules go on meanwhile.",
            Self::Busy { .. } => "Close the other program, and try again.",
            Self::Newer { .. } => "Use that version, or move the file away.",
            Self::Failed { .. } => "Try again; if it happens again, move the file away.",
            Self::Export { .. } => "Choose another place, or free some space.",
        }
    }

    /// The error of the database at this path.
    pub(super) fn of(error: &rusqlite::Error, path: &Path) -> Self {
        let path = path.to_owned();
        let reason = || error.to_string().trim_end_matches('.').to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Unusable { reason: reason(), path }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::CannotOpen) => Self::CantOpen { reason: reason(), path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            _ => Self::Failed { reason: reason(), path },
        }
    }
}
