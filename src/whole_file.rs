//! Files that are written whole or not at all, read whole or not at all, and kept aside rather than lost.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::file_kind::FileKind;

/// Copies of damaged files that are kept of one file, at most.
const COPIES: usize = 20;

/// Writes a temporary file in the same folder, which must exist, and renames it: a reader of `path`, even after the
/// power has failed, finds the old file or the new one. Only its owner may read a new file.
///
/// # Errors
/// Why it can't be written; the old file is unchanged.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Makes a file in a folder that is deleted unless it is given a name. Others may read it as any file that a program saves: the user's umask decides.
///
/// # Errors
/// Why it can't be made.
pub fn draft_in(folder: &Path, prefix: impl AsRef<OsStr>, ending: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let prefix = prefix.as_ref();
    builder.prefix(prefix).suffix(ending);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Reads a file that should have no more than `limit` bytes. What isn't a file (a pipe, a device, also behind a link) is never
/// opened: reading it could block without end.
///
/// # Errors
/// Why it can't be read, as the end of a sentence: [`ErrorKind::NotFound`]; [`ErrorKind::InvalidInput`] if it isn't a file;
/// [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if let Some(kind) = FileKind::unless_file(&metadata) {
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {}, not a file", kind.name())));
    }
    let mut bytes = Vec::new();
    if metadata.len() <= limit {
        // It may grow meanwhile.
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if metadata.len().max(bytes.len() as u64) > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

/// The error of a file with more than `limit` bytes.
#[must_use]
pub fn too_large(limit: u64) -> io::Error {
    let reason = format!("it is larger than {} MB", limit.div_ceil(1 << 20));
    io::Error::new(ErrorKind::FileTooLarge, reason)
}

/// As [`read`], for text.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] if it isn't UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it isn't a text file"))
}

/// Where a damaged file with this content is kept: the first of `NAME.bak`, `NAME.bak-2`, … that doesn't exist or has this very
/// content. Once there are twenty, the oldest is the place.
#[must_use]
pub fn place_aside(path: &Path, content: &[u8]) -> PathBuf {
    let named = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { ".bak".to_owned() } else { format!(".bak-{number}") });
        PathBuf::from(name)
    };
    let places = || (1..=COPIES).map(named);
    let free = |place: &PathBuf| {
        place.symlink_metadata().is_err() || read(place, content.len() as u64).is_ok_and(|is| is == content)
    };
    let age = |place: &PathBuf| place.symlink_metadata().and_then(|meta| meta.modified()).ok();
    places().find(free).or_else(|| places().min_by_key(age)).unwrap_or_else(|| named(1))
}

/// The folder that a path lies in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert_eq!(read(&path, 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        // A file of a gigabyte that takes no space on the disk.
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        assert!(read_text(&path, 4 << 20).unwrap_err().to_string().contains("larger than 4 MB"));
        std::fs::write(&path, b"caf\xe9").unwrap();
        assert_eq!(read_text(&path, 9).unwrap_err().to_string(), "it isn't a text file");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let endless = folder.path().join("endless");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        for (path, kind) in
            [(&pipe, "a named pipe"), (&endless, "a device"), (&folder.path().to_owned(), "a folder")]
        {
            let error = read(path, 1 << 20).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {kind}, not a file"));
        }
    }

    #[test]
    fn copies_that_are_kept_are_told_apart_and_few() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let keep = |content: &str| {
            let place = place_aside(&path, content.as_bytes());
            std::fs::write(&place, content).unwrap();
            place
        };
        let first = keep("one");
        assert_ne!(keep("two"), first);
        assert_eq!(keep("one"), first, "the same content is kept once");
        let old = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
        File::options().write(true).open(&first).unwrap().set_modified(old).unwrap();
        for number in 3..=COPIES {
            keep(&number.to_string());
        }
        assert_eq!(keep("one more"), first, "in place of the oldest");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), COPIES);
    }
}
