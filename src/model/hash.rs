//! The SHA-256 of files.

use std::path::Path;

use super::file::{FileError, GraphInfo};
use super::{CancelToken, ModelError};
use crate::file_kind::FileKind;

/// SHA-256 of a file, hex, lower case.
///
/// # Errors
/// [`ModelError::NoFile`], [`ModelError::Unreadable`], or [`ModelError::NotOnnx`] for what is no file (a folder, a pipe).
pub fn sha256(path: &Path) -> Result<String, ModelError> {
    sha256_unless(path, None)
}

/// SHA-256 of a text, hex, lower case.
pub(super) fn of_text(text: &str) -> String {
    use sha2::Digest as _;
    hex(sha2::Sha256::new_with_prefix(text))
}

/// As [`sha256`]; ends with [`ModelError::Stopped`] once it is cancelled.
pub(super) fn sha256_unless(path: &Path, cancel: Option<&CancelToken>) -> Result<String, ModelError> {
    use sha2::Digest as _;
    let unreadable = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => ModelError::NoFile { path: path.to_owned() },
        _ => ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() },
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if let Some(kind) = FileKind::unless_file(&metadata) {
        let reason = FileError::NoFile(kind.name());
        return Err(ModelError::NotOnnx { path: path.to_owned(), reason });
    }
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut chunk).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        if cancel.is_some_and(CancelToken::is_cancelled) {
            return Err(ModelError::Stopped);
        }
        hasher.update(&chunk[..read]);
    }
    Ok(hex(hasher))
}

/// One SHA-256, hex, over all files that hold weights of the model at `path` besides its own: over their names and their
/// hashes. `None` if there are none.
///
/// # Errors
/// As [`sha256`].
pub fn weights_sha256(path: &Path, graph: &GraphInfo) -> Result<Option<String>, ModelError> {
    use sha2::Digest as _;
    if graph.external_data.is_empty() {
        return Ok(None);
    }
    let mut hasher = sha2::Sha256::new();
    for (name, file) in graph.external_data.iter().zip(graph.external_files(path)) {
        hasher.update(format!("{name}\0{}\n", sha256(&file)?));
    }
    Ok(Some(hex(hasher)))
}

/// A finished hash as hex, lower case.
#[must_use]
pub fn hex(hasher: sha2::Sha256) -> String {
    use sha2::Digest as _;
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
