//! The user's files, moved to the trash and brought back: all of them or none.
//!
//! Where the system has no trash that takes a file (no home folder, another disk without a trash of its own), it goes into the
//! folder `.sightline-trash` beside it, where it stays for thirty days.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The folder beside a file that the system's trash doesn't take.
pub const OWN_TRASH: &str = ".sightline-trash";
/// How long files stay in it.
const STAYS: Duration = Duration::from_hours(30 * 24);

/// Why files weren't moved to the trash or back.
#[derive(Debug, thiserror::Error)]
pub enum DiscardError {
    /// Neither trash takes it.
    #[error("\u{201c}{}\u{201d} can't be moved to the trash: {reason}.", path.display())]
    Stays { path: PathBuf, reason: String },
    /// It can't be brought back.
    #[error("\u{201c}{}\u{201d} can't be restored from the trash: {reason}.", path.display())]
    StaysInTrash { path: PathBuf, reason: String },
}

impl DiscardError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Stays { .. } => "Check that this account may change the folder.",
            Self::StaysInTrash { .. } => "Open the system's trash and restore it there.",
        }
    }
}

/// Files that were moved to the trash, with what [`restore`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    files: Vec<Gone>,
}

/// One file that is in a trash.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Gone {
    /// Where it was, with links among its folders followed: so the system's trash knows it.
    path: PathBuf,
    /// Where it is in the trash beside it; `None`: in the system's.
    beside: Option<PathBuf>,
}

impl Discarded {
    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file was there any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether [`restore`] can bring them back: macOS doesn't tell what its trash holds.
    #[must_use]
    pub fn can_be_restored(&self) -> bool {
        !self.is_empty()
            && (!cfg!(target_os = "macos") || self.files.iter().all(|gone| gone.beside.is_some()))
    }

    /// Whether a file went into a trash beside it.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        self.files.iter().any(|gone| gone.beside.is_some())
    }
}

/// Moves files to the trash. Those that are gone already are left out. Takes as long as the disk does.
///
/// # Errors
/// [`DiscardError::Stays`]: what was moved before is brought back.
pub fn discard(files: &[PathBuf]) -> Result<Discarded, DiscardError> {
    discard_with(files, |file| trash::delete(file).map_err(|error| reason_of(&error)))
}

fn discard_with(
    files: &[PathBuf],
    system: impl Fn(&Path) -> Result<(), String>,
) -> Result<Discarded, DiscardError> {
    let mut done = Discarded::default();
    for file in files {
        if file.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            continue;
        }
        let path = place(file);
        let moved = match system(file) {
            Ok(()) => Ok(None),
            Err(reason) => {
                tracing::info!("the system's trash doesn't take {}: {reason}", path.display());
                move_beside(&path).map(Some)
            }
        };
        match moved {
            Ok(beside) => done.files.push(Gone { path, beside }),
            Err(error) => {
                if done.can_be_restored()
                    && let Err(error) = restore(&done)
                {
                    tracing::warn!("{error}");
                }
                return Err(DiscardError::Stays { path, reason: plain(&error) });
            }
        }
    }
    Ok(done)
}

/// Moves a file into the trash beside it; returns where it is now.
fn move_beside(path: &Path) -> io::Result<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let trash = folder.join(OWN_TRASH);
    match std::fs::create_dir(&trash) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => empty_old(&trash),
    }
    // A folder for each file: two may have one name.
    let own = tempfile::Builder::new().prefix("").tempdir_in(&trash)?;
    let to = own.path().join(name);
    std::fs::rename(path, &to)?;
    let _ = own.keep();
    Ok(to)
}

/// Removes what has been in a trash of ours for long.
fn empty_old(trash: &Path) {
    let now = SystemTime::now();
    for entry in std::fs::read_dir(trash).into_iter().flatten().flatten() {
        let made = entry.metadata().and_then(|meta| meta.modified());
        let is_old = made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > STAYS));
        if is_old {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Brings files back; nothing that lies in their places now is overwritten.
///
/// # Errors
/// [`DiscardError::StaysInTrash`]; other files may be back.
pub fn restore(discarded: &Discarded) -> Result<(), DiscardError> {
    let failed = |path: &Path, reason: String| DiscardError::StaysInTrash { path: path.to_owned(), reason };
    if let Some(taken) = discarded.files.iter().find(|gone| gone.path.symlink_metadata().is_ok()) {
        return Err(failed(&taken.path, "another file has its name now".into()));
    }
    let mut of_system = Vec::new();
    for gone in &discarded.files {
        match &gone.beside {
            Some(beside) => {
                std::fs::rename(beside, &gone.path).map_err(|error| failed(&gone.path, plain(&error)))?;
                // Both stay if anything else is in them.
                for folder in beside.ancestors().skip(1).take(2) {
                    let _ = std::fs::remove_dir(folder);
                }
            }
            None => of_system.push(gone.path.as_path()),
        }
    }
    match of_system.first() {
        Some(first) => restore_of_system(&of_system).map_err(|reason| failed(first, reason)),
        None => Ok(()),
    }
}

/// Brings files back from the system's trash, of each the one that was moved there last. Fails with the reason, as the end of a sentence.
#[cfg(any(windows, all(unix, not(target_os = "macos"))))]
pub(crate) fn restore_of_system(files: &[&Path]) -> Result<(), String> {
    let mut in_trash = std::collections::HashMap::<PathBuf, trash::TrashItem>::new();
    for item in trash::os_limited::list().map_err(|error| reason_of(&error))? {
        let path = item.original_path();
        // Of several of one name, the one that was moved there last.
        if in_trash.get(&path).is_none_or(|other| other.time_deleted <= item.time_deleted) {
            in_trash.insert(path, item);
        }
    }
    let items: Vec<_> = files.iter().filter_map(|file| in_trash.remove(*file)).collect();
    if items.len() < files.len() {
        return Err("it isn't there any more".into());
    }
    trash::os_limited::restore_all(items).map_err(|error| reason_of(&error))
}

#[cfg(not(any(windows, all(unix, not(target_os = "macos")))))]
pub(crate) fn restore_of_system(_: &[&Path]) -> Result<(), String> {
    Err("this system doesn't tell what its trash holds".into())
}

/// Where a file lies, with links among its folders followed, but not the file's own: the trash knows a file by this path, and a link
/// is used by those who name the link.
pub(crate) fn place(path: &Path) -> PathBuf {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => real(folder).join(name),
        _ => real(path),
    }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "this account has no permission".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
        _ => error.to_string(),
    }
}

/// Why the trash refuses something, as the end of a sentence.
pub(crate) fn reason_of(error: &trash::Error) -> String {
    match error {
        trash::Error::CouldNotAccess { .. } => "this account has no permission".into(),
        trash::Error::Unknown { description } | trash::Error::Os { description, .. } => {
            description.trim_end_matches('.').to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let files = ["a.png", "a clean.png", "a.json"].map(|name| folder.join(name));
        for file in &files {
            std::fs::write(file, file.display().to_string()).unwrap();
        }
        files.to_vec()
    }

    fn are_there(files: &[PathBuf]) -> bool {
        files.iter().all(|file| std::fs::read_to_string(file).is_ok_and(|t| t == file.display().to_string()))
    }

    fn none(_: &Path) -> Result<(), String> {
        Err("there is none".into())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_went_to_the_systems_trash_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let missing = folder.path().join("gone.png");
        let discarded = discard(&[&files[..], &[missing]].concat()).unwrap();
        assert_eq!((discarded.len(), discarded.can_be_restored()), (3, true));
        assert!(files.iter().all(|file| !file.exists()));
        restore(&discarded).unwrap();
        assert!(are_there(&files));
    }

    #[test]
    fn without_a_trash_of_the_system_files_go_beside_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let discarded = discard_with(&files, none).unwrap();
        assert!(discarded.is_beside() && discarded.can_be_restored());
        assert!(files.iter().all(|file| !file.exists()));
        restore(&discarded).unwrap();
        assert!(are_there(&files) && !folder.path().join(OWN_TRASH).exists());
    }

    #[test]
    fn one_that_stays_leaves_all_and_nothing_new_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let error = discard_with(&files[2..], |file| {
            std::fs::write(folder.path().join(OWN_TRASH), "a file").unwrap();
            none(file)
        });
        assert!(matches!(error, Err(DiscardError::Stays { .. })) && are_there(&files));
        std::fs::remove_file(folder.path().join(OWN_TRASH)).unwrap();
        let discarded = discard_with(&files, none).unwrap();
        std::fs::write(&files[0], "new").unwrap();
        let error = restore(&discarded).unwrap_err().to_string();
        assert!(error.contains("another file has its name now"), "{error}");
        assert_eq!(std::fs::read_to_string(&files[0]).unwrap(), "new");
    }
}
