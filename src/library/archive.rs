//! Unpacking models from `.zip` archives, which may be malicious.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::import::stays_inside;
use super::names;

/// An archive with more files is refused.
const MAX_FILES: usize = 2000;
/// An archive whose files take more bytes together is refused.
const MAX_BYTES: u64 = 16 << 30;

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
    let open = File::open(file).map_err(|e| e.to_string())?;
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
