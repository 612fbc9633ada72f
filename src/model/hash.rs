//! The SHA-256 of files.

use std::path::Path;

use super::ModelError;

/// SHA-256 of a file, hex, lower case.
///
/// # Errors
/// [`ModelError::Unreadable`].
pub fn sha256(path: &Path) -> Result<String, ModelError> {
    use sha2::Digest as _;
    let unreadable =
        |e: std::io::Error| ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut chunk).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
    }
    Ok(hex(hasher))
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
