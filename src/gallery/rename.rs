//! Renaming an item: all its files together, and their names in the record.

use std::path::{Path, PathBuf};

use super::index::listed;
use super::item::{Item, placed};
use crate::whole_file;

/// Why an item isn't renamed.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    #[error("A name can't be empty.")]
    Empty,
    #[error("A name can't hold \u{201c}{sign}\u{201d}.")]
    Sign { sign: String },
    #[error("A name can't begin with a dot or end with a dot or a space.")]
    Edge,
    #[error("\u{201c}{name}\u{201d} is a name that Windows keeps for devices.")]
    Reserved { name: String },
    #[error("The name is longer than {limit} bytes.")]
    TooLong { limit: usize },
    #[error("There is a file \u{201c}{name}\u{201d} already.")]
    Taken { name: String },
    #[error("With this name it would be one item with the file \u{201c}{name}\u{201d}.")]
    Joined { name: String },
    #[error("\u{201c}{}\u{201d} can't be renamed: {reason}.", path.display())]
    Failed { path: PathBuf, reason: String },
}

impl RenameError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "Check that this account may change the folder.",
            _ => "Choose another name.",
        }
    }
}

/// With the ending and " clean" it still fits into what file systems allow.
const LONGEST: usize = 180;
/// Names of devices on Windows, with any ending.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Whether files may have this name on every system.
fn check(name: &str) -> Result<(), RenameError> {
    if name.is_empty() {
        return Err(RenameError::Empty);
    }
    if let Some(sign) = name.chars().find(|c| c.is_control() || "/\\:*?\"<>|".contains(*c)) {
        let sign = if sign.is_control() { sign.escape_default().to_string() } else { sign.to_string() };
        return Err(RenameError::Sign { sign });
    }
    if name.starts_with('.') || name.ends_with(['.', ' ']) {
        return Err(RenameError::Edge);
    }
    let first = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        first
            .strip_prefix(port)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    });
    if is_port || RESERVED.contains(&first.as_str()) {
        return Err(RenameError::Reserved { name: name.to_owned() });
    }
    if name.len() > LONGEST {
        return Err(RenameError::TooLong { limit: LONGEST });
    }
    Ok(())
}

/// Renames all files of an item: the part of their names that they share becomes `name`. Returns their paths.
///
/// # Errors
/// [`RenameError`]: all files have their old names.
pub fn rename(item: &Item, name: &str) -> Result<Vec<PathBuf>, RenameError> {
    let name = name.trim();
    check(name)?;
    let mut moves: Vec<Move> = Vec::new();
    for from in item.files() {
        let old = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(rest) = old.strip_prefix(&item.name) else { continue };
        let new = format!("{name}{rest}");
        let to = item.folder.join(&new);
        moves.push((from, to, old, new));
    }
    if name == item.name {
        return Ok(moves.into_iter().map(|(from, ..)| from).collect());
    }
    for (from, to, old, new) in &moves {
        // On some file systems "A" and "a" are one file.
        let is_itself =
            old.to_lowercase() == new.to_lowercase() && same_file::is_same_file(from, to).unwrap_or(false);
        if to.symlink_metadata().is_ok() && !is_itself {
            return Err(RenameError::Taken { name: new.clone() });
        }
    }
    if let Some(name) = joined(&item.folder, &moves) {
        return Err(RenameError::Joined { name });
    }
    let failed = |path: &Path, error: &std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "this account has no permission".into(),
            std::io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".into(),
            std::io::ErrorKind::NotFound => "it isn't there any more".into(),
            _ => error.to_string(),
        };
        RenameError::Failed { path: path.to_owned(), reason }
    };
    let record = [&item.record, &item.about].into_iter().flatten();
    let mut record = record.filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")));
    let record = record.next().and_then(|record| moves.iter().find(|(from, ..)| from == record));
    let changed = match record {
        Some((from, ..)) => {
            let text = whole_file::read_text(from, 64 << 20).map_err(|error| failed(from, &error))?;
            let names = moves.iter().map(|(_, _, old, new)| (old.as_str(), new.as_str()));
            Some(with_names(&text, names)).filter(|changed| *changed != text)
        }
        _ => None,
    };
    for (number, (from, to, ..)) in moves.iter().enumerate() {
        if let Err(error) = std::fs::rename(from, to) {
            for (from, to, ..) in moves[..number].iter().rev() {
                if let Err(error) = std::fs::rename(to, from) {
                    tracing::warn!("{} keeps its new name: {error}", to.display());
                }
            }
            return Err(failed(from, &error));
        }
    }
    if let (Some(text), Some((_, to, ..))) = (changed, record)
        && let Err(error) = whole_file::write(to, text.as_bytes())
    {
        // Everything has its new name; only the names inside the record are the old ones.
        tracing::warn!("{} names its images as before: {error}", to.display());
    }
    Ok(moves.into_iter().map(|(_, to, ..)| to).collect())
}

/// A file from, its new path, its old name and its new one.
type Move = (PathBuf, PathBuf, String, String);

/// The file of somebody else that would be one item with these under their new names: it would be deleted and renamed with them.
fn joined(folder: &Path, moves: &[Move]) -> Option<String> {
    // A folder that can't be listed can't be in the gallery; what can't be renamed is told then.
    let mut files = listed(folder).ok()?;
    for file in &mut files {
        if let Some((.., new)) = moves.iter().find(|(_, _, old, _)| *old == file.name) {
            file.name.clone_from(new);
        }
    }
    let is_ours = |name: &str| moves.iter().any(|(.., new)| new == name);
    let placed = placed(&files);
    let mut ours = placed.iter().filter(|file| is_ours(&file.listed.name));
    ours.find_map(|own| {
        let of_it = |file: &&super::item::Placed<'_>| file.base == own.base && file.is_video == own.is_video;
        let other = placed.iter().filter(of_it).find(|file| !is_ours(&file.listed.name))?;
        Some(other.listed.name.clone())
    })
}

/// A record with the new names of its images, and nothing else changed.
fn with_names<'a>(text: &str, names: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let quoted = |name: &str| serde_json::Value::from(name).to_string();
    let mut text = text.to_owned();
    for (old, new) in names {
        // Those of an image are objects with a name, those of a video are texts.
        for key in ["name", "annotated", "clean", "lines"] {
            for space in [" ", ""] {
                text = text.replace(
                    &format!("\"{key}\":{space}{}", quoted(old)),
                    &format!("\"{key}\":{space}{}", quoted(new)),
                );
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::item::{Listed, group};

    fn item(folder: &Path, names: &[&str]) -> Item {
        for name in names {
            let text = if name.ends_with("json") {
                "{\"source\": \"a\", \"files\": {\"annotated\": {\"name\": \"a.png\"}}}"
            } else {
                name
            };
            std::fs::write(folder.join(name), text).unwrap();
        }
        let listed = names.iter().map(|name| Listed { name: (*name).into(), bytes: 1, modified: 1 });
        group(folder, &listed.collect::<Vec<_>>()).remove(0)
    }

    const FILES: [&str; 4] = ["a.png", "a clean.png", "a.json", "a person-1.png"];

    #[test]
    fn all_files_get_the_name_and_the_record_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let item = item(folder.path(), &FILES);
        rename(&item, " 生日 \u{2019}26 ").unwrap();
        for name in FILES {
            assert!(!folder.path().join(name).exists());
            assert!(folder.path().join(name.replacen('a', "生日 \u{2019}26", 1)).exists(), "{name}");
        }
        let text = std::fs::read_to_string(folder.path().join("生日 \u{2019}26.json")).unwrap();
        assert!(
            text.contains("\"name\": \"生日 \u{2019}26.png\"") && text.contains("\"source\": \"a\""),
            "{text}"
        );
    }

    #[test]
    fn hostile_names_are_refused_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let item = item(folder.path(), &FILES);
        std::fs::write(folder.path().join("b clean.png"), "theirs").unwrap();
        let long = "x".repeat(181);
        for name in [
            "", "  ", "../b", "a/b", "a\\b", "a\nb", "a\0b", ".hidden", "b.", "CON", "nul.x", "com1", "b?",
            "b", &long,
        ] {
            let error = rename(&item, name).expect_err(name);
            assert!(!error.fix().is_empty());
            assert!(FILES.iter().all(|name| folder.path().join(name).exists()), "{name:?}: {error}");
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("b clean.png")).unwrap(), "theirs");
        rename(&item, "console").unwrap();
    }

    #[test]
    fn a_name_that_other_files_begin_with_is_refused_and_they_stay_items_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let item = item(folder.path(), &FILES);
        let others =
            ["cake clean.png", "party bus-1.png", "trip.json", "trip person-7.jpg", "walk.mp4", "walk.json"];
        for other in others {
            std::fs::write(folder.path().join(other), other).unwrap();
        }
        let alone = Item { record: None, about: None, others: Vec::new(), clean: None, ..item.clone() };
        let cases = [
            (&item, "cake", "cake clean.png"),
            (&item, "party", "party bus-1.png"),
            // It would be a part of the other, or take its record.
            (&alone, "trip bus-2", "trip.json"),
            (&alone, "trip", "trip.json"),
            (&alone, "walk", "walk.json"),
        ];
        for (item, name, other) in cases {
            let refused = rename(item, name);
            match &refused {
                // Any of those that it would be one with.
                Err(RenameError::Joined { name: found }) => assert_eq!(found[..4], other[..4]),
                Err(RenameError::Taken { name: found }) => assert_eq!(found, other),
                _ => panic!("{name}: {refused:?}"),
            }
            assert!(FILES.iter().all(|name| folder.path().join(name).exists()), "{name}");
            assert_eq!(std::fs::read_to_string(folder.path().join(other)).unwrap(), other);
        }
        rename(&item, "party hat").unwrap();
    }

    #[test]
    fn one_file_that_stays_leaves_all_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let item = item(folder.path(), &FILES);
        std::fs::remove_file(folder.path().join("a person-1.png")).unwrap();
        assert!(matches!(rename(&item, "b"), Err(RenameError::Failed { .. })));
        assert!(FILES[..3].iter().all(|name| folder.path().join(name).exists()));
    }
}
