//! Unpacking models from `.zip` archives, which may be malicious.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::import::stays_inside;
use super::names;

/// An archive with more files is refused.
const MAX_FILES: usize = 2000;
/// An archive whose files take more bytes together is refused.
const MAX_BYTES: u64 = 16 << 30;

/// The largest list of contents that is read, in bytes: it is held in memory.
const MAX_CONTENTS: u64 = 32 << 20;

/// Unpacks the files of an archive that belong to models (`.onnx`, their weights and settings) into `folder` and
/// returns their paths. `check_space` checks the space that they need.
///
/// # Errors
/// What is wrong with the archive, as the end of a sentence.
pub fn unpack(
    file: &Path,
    folder: &Path,
    check_space: impl Fn(u64) -> Result<(), String>,
) -> Result<Vec<PathBuf>, String> {
    let mut open = File::open(file).map_err(|e| e.to_string())?;
    check_contents(&mut open)?;
    let mut archive = zip::ZipArchive::new(io::BufReader::new(open)).map_err(|e| e.to_string())?;
    if archive.len() > MAX_FILES {
        return Err(format!("it holds more than {MAX_FILES} files"));
    }
    let mut wanted = Vec::new();
    let mut declared: u64 = 0;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|e| e.to_string())?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().replace('\\', "/");
        let path = PathBuf::from(&name);
        if !stays_inside(&path) {
            return Err(format!(
                "its file \u{201c}{}\u{201d} wants to be written outside the folder",
                names::shown(&name)
            ));
        }
        let is_link = member.unix_mode().is_some_and(|mode| mode & 0o170_000 == 0o120_000);
        if is_link || is_hidden(&path) {
            continue;
        }
        declared = declared.saturating_add(member.size());
        wanted.push((index, path, member.size()));
    }
    if declared > MAX_BYTES {
        return Err(format!("unpacked it would take more than {} GB", MAX_BYTES >> 30));
    }
    check_space(declared)?;
    let mut unpacked = Vec::new();
    for (index, path, size) in wanted {
        let member = archive.by_index(index).map_err(|e| e.to_string())?;
        let target = target(folder, &path);
        std::fs::create_dir_all(target.parent().unwrap_or(folder)).map_err(|e| e.to_string())?;
        let mut out = File::create_new(&target).map_err(|e| e.to_string())?;
        // A member that is larger than it says would fill the disk.
        let copied = io::copy(&mut member.take(size.saturating_add(1)), &mut out).map_err(|e| {
            format!("its file \u{201c}{}\u{201d} is damaged ({e})", names::shown(&path.to_string_lossy()))
        })?;
        if copied != size {
            return Err(format!(
                "its file \u{201c}{}\u{201d} isn't as long as it says",
                names::shown(&path.to_string_lossy())
            ));
        }
        unpacked.push(target);
    }
    Ok(unpacked)
}

fn target(folder: &Path, path: &Path) -> PathBuf {
    path.components()
        .fold(folder.to_owned(), |at, part| at.join(names::safe(&part.as_os_str().to_string_lossy())))
}

/// Files that systems add to archives, such as `__MACOSX` and `.DS_Store`.
fn is_hidden(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str().to_string_lossy().starts_with(['.', '_']))
}

/// Refuses an archive whose list of contents would fill the memory: every possible end record is checked
/// before the list is read.
pub(super) fn check_contents(archive: &mut (impl Read + Seek)) -> Result<(), String> {
    // An end record, its comment of 64 KiB at most, and the 64-bit record and locator before it.
    const TAIL: u64 = 22 + 65_535 + 20 + 56;
    let mut tail = Vec::new();
    let length = archive.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    archive.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(|e| e.to_string())?;
    archive.take(TAIL).read_to_end(&mut tail).map_err(|e| e.to_string())?;
    let four = |at: usize| tail.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let eight = |at: usize| tail.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    for at in 0..tail.len().saturating_sub(4) {
        let size = match &tail[at..at + 4] {
            b"PK\x05\x06" => four(at + 12).filter(|size| *size != u32::MAX).map(u64::from),
            b"PK\x06\x06" => eight(at + 40),
            _ => None,
        };
        if size.is_some_and(|size| size > MAX_CONTENTS) {
            return Err("its list of contents is too long".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_list_of_contents_that_would_fill_memory_is_refused() {
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0; 18]);
        assert_eq!(check_contents(&mut Cursor::new(&end)), Ok(()));
        end[12..16].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
        assert!(check_contents(&mut Cursor::new(&end)).is_err());
        let mut end64 = b"PK\x06\x06".to_vec();
        end64.extend([0xee; 60]);
        assert!(check_contents(&mut Cursor::new(&end64)).is_err());
        assert_eq!(check_contents(&mut Cursor::new(b"")), Ok(()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::fs::write(&path, &end).unwrap();
        let error = unpack(&path, folder.path(), |_| Ok(())).unwrap_err();
        assert!(error.contains("list of contents"), "{error}");
    }
}
