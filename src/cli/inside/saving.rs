//! Files that `sightline inside` writes: NumPy's for values, PNG for images.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::frame::Frame;
use crate::learn::inside::maps::Mosaic;
use crate::learn::inside::tensor::OwnedTensor;
use crate::learn::inside::why::{self, Explanation};
use crate::save::{ImageFormat, encode_frame};

/// Whether the file can be written as its ending says, before any work is done.
///
/// # Errors
/// Another ending than “.npy” (for a tensor) or “.png”, or a file of that name.
pub fn check(path: &Path, force: bool, is_tensor: bool) -> Result<(), Failure> {
    let is_values = ends_in(path, "npy");
    if !(ends_in(path, "png") || is_values && is_tensor) {
        let fix = if is_tensor {
            "Let it end in \u{201c}.npy\u{201d} for the values, or in \u{201c}.png\u{201d} for an image."
        } else {
            "Let it end in \u{201c}.png\u{201d}; the values of the map are in \u{201c}--format json\u{201d}."
        };
        let message = format!(
            "\u{201c}{}\u{201d} can\u{2019}t be written: its ending says no format for this.",
            path.display()
        );
        return Err(Failure::usage(message, fix));
    }
    let mut files = vec![path.to_owned()];
    if is_values {
        files.push(input_file(path));
    }
    match files.iter().find(|file| file.exists() && !force) {
        Some(file) => Err(Failure::failed(
            format!("\u{201c}{}\u{201d} exists.", file.display()),
            "Choose another name, or replace it with \u{201c}--force\u{201d}.",
        )),
        None => Ok(()),
    }
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

/// Where the tensor goes that the model was given: `FILE.input.npy`.
fn input_file(path: &Path) -> PathBuf {
    let mut name: OsString = path.file_stem().unwrap_or_default().to_owned();
    name.push(".input.npy");
    path.with_file_name(name)
}

/// Writes a tensor, or its mosaic; returns the files.
///
/// # Errors
/// Why one can't be written.
pub fn tensor(
    path: &Path,
    tensor: &OwnedTensor,
    input: &OwnedTensor,
    mosaic: &Mosaic,
    force: bool,
) -> Result<Vec<String>, Failure> {
    if ends_in(path, "npy") {
        let own = input_file(path);
        write(path, force, |to| tensor.write_npy(to))?;
        write(&own, force, |to| input.write_npy(to))?;
        return Ok([path, &own].map(|file| file.display().to_string()).into());
    }
    let Some(first) = mosaic.tiles.first() else {
        return Err(Failure::failed(
            format!(
                "The tensor \u{201c}{}\u{201d} ({}) isn\u{2019}t a set of images.",
                tensor.name,
                tensor.shape_text()
            ),
            "Save it as \u{201c}.npy\u{201d} instead.",
        ));
    };
    // Small maps are drawn large enough to see their cells.
    let scale = (96 / first.width.max(first.height).max(1)).max(1);
    image(path, &mosaic.picture(scale), force)?;
    Ok(vec![path.display().to_string()])
}

/// Writes a frame with an explanation laid over it; returns the file.
///
/// # Errors
/// Why it can't be written.
pub fn explanation(
    path: &Path,
    mut frame: Frame,
    explained: &Explanation,
    force: bool,
) -> Result<String, Failure> {
    why::overlay(&mut frame, &explained.map, explained.region, 0.65);
    image(path, &frame, force)?;
    Ok(path.display().to_string())
}

fn image(path: &Path, frame: &Frame, force: bool) -> Result<(), Failure> {
    let bytes = encode_frame(frame, ImageFormat::Png, 100)
        .map_err(|error| Failure::failed(error.to_string(), error.fix()))?;
    write(path, force, |to| to.write_all(&bytes))
}

/// Writes a file whole or not at all.
fn write(
    path: &Path,
    force: bool,
    content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        let fix = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Free some space, or choose another disk."
            }
            io::ErrorKind::AlreadyExists => {
                "Choose another name, or replace it with \u{201c}--force\u{201d}."
            }
            _ => "Choose a folder that exists and that this account may write to.",
        };
        Failure::failed(format!("\u{201c}{}\u{201d} can\u{2019}t be written: {error}.", path.display()), fix)
    };
    let folder = crate::whole_file::folder_of(path);
    let mut part =
        crate::whole_file::draft_in(folder, ".sightline-", ".tmp").map_err(|error| failed(&error))?;
    let mut out = BufWriter::new(part.as_file_mut());
    content(&mut out).and_then(|()| out.flush()).map_err(|error| failed(&error))?;
    drop(out);
    // A file that has its name is whole, also after the power has failed.
    part.as_file().sync_all().map_err(|error| failed(&error))?;
    let persisted = if force { part.persist(path) } else { part.persist_noclobber(path) };
    persisted.map(drop).map_err(|error| failed(&error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_is_written() {
        assert_eq!(input_file(Path::new("a/b.npy")), Path::new("a/b.input.npy"));
        assert!(check(Path::new("a.npy"), false, true).is_ok());
        assert!(check(Path::new("a.PNG"), false, false).is_ok());
        assert!(matches!(check(Path::new("a.npy"), false, false), Err(Failure::Usage { .. })));
        assert!(matches!(check(Path::new("a.jpg"), false, true), Err(Failure::Usage { .. })));
    }

    #[test]
    fn a_file_is_replaced_only_when_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.npy");
        std::fs::write(folder.path().join("a.input.npy"), "mine").expect("written");
        assert!(matches!(check(&path, false, true), Err(Failure::Failed { .. })));
        assert!(check(&path, true, true).is_ok());
        write(&path, false, |to| to.write_all(b"new")).expect("written");
        assert!(write(&path, false, |to| to.write_all(b"newer")).is_err());
        assert_eq!(std::fs::read(&path).expect("read"), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 2, "nothing half written");
    }
}
