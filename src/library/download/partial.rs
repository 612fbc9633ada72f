//! A partial download: the bytes in `NAME.part`, and what is needed to resume them in `NAME.part.json`.
//!
//! A [`PartialFile`] is locked, so that only one program writes to it.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::attempt::AttemptError;
use super::disk::{folder_of, move_to_target, open_locked, write_error};
use super::error::{DownloadError, size};
use super::monitor::{Monitor, Phase, Stop};
use super::sha256::Sha256;

/// If the SHA-256 isn't known, the file is synced to the disk after so many bytes: after a power cut, a resumed download
/// must have no holes.
const SYNC_EVERY: u64 = 32 << 20;

/// A partial download that stays on the disk after a pause or a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDownload {
    /// `NAME.part`.
    pub path: PathBuf,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Bytes of the whole file, if known.
    pub total: Option<u64>,
}

impl fmt::Display for PartialDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.total.map(|t| format!(" of {}", size(t))).unwrap_or_default();
        let (bytes, path) = (size(self.bytes), self.path.display());
        write!(f, "{bytes}{of} are kept in \u{201c}{path}\u{201d} and will be resumed.")
    }
}

/// The content of `NAME.part.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ResumeInfo {
    /// Where the bytes came from, without user, password and query.
    pub address: String,
    /// What `If-Range` sends: a strong `ETag` or the date of the last change.
    pub validator: Option<String>,
    /// Length of the whole file, if the server sent it.
    pub length: Option<u64>,
    /// What the whole file's SHA-256 must be.
    pub sha256: Option<Sha256>,
    /// Bytes that were synced to the disk.
    pub synced: u64,
}

impl ResumeInfo {
    /// Reads the file; a missing, damaged or huge one gives `None`.
    fn load(path: &Path) -> Option<Self> {
        let meta = path.symlink_metadata().ok()?;
        let text = (meta.is_file() && meta.len() <= 64 << 10).then(|| std::fs::read(path).ok())??;
        serde_json::from_slice(&text).ok()
    }

    /// Whether a request can continue these bytes: the hash tells whether they belong together, or the server does.
    fn can_resume(&self) -> bool {
        self.sha256.is_some() || self.validator.is_some()
    }

    /// How many of the bytes on the disk can be used.
    fn usable(&self, on_disk: u64) -> u64 {
        let usable = if self.sha256.is_some() { on_disk } else { on_disk.min(self.synced) };
        if self.can_resume() && self.length.is_none_or(|length| usable <= length) { usable } else { 0 }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// `NAME.part`, open and locked.
pub(super) struct PartialFile {
    path: PathBuf,
    file: File,
    /// Of all bytes so far.
    hasher: sha2::Sha256,
    length: u64,
    pub info: ResumeInfo,
    /// Its bytes come from several requests, so that they may not belong together.
    pub resumed: bool,
}

impl PartialFile {
    /// Opens or creates the partial file of `target`. Bytes that are there and can be used are read into the hash.
    pub fn open(target: &Path, sha256: Option<Sha256>, monitor: &Monitor) -> Result<Self, AttemptError> {
        let path = with_suffix(target, ".part");
        let folder = folder_of(target);
        std::fs::create_dir_all(&folder).map_err(|e| write_error(&folder, &e))?;
        let file = open_locked(&path, true)?;
        let on_disk = file.metadata().map_err(|e| write_error(&path, &e))?.len();
        let info = ResumeInfo::load(&with_suffix(&path, ".json")).filter(|info| info.sha256 == sha256);
        let usable = info.as_ref().filter(|i| !i.address.is_empty()).map_or(0, |info| info.usable(on_disk));
        let info = info.unwrap_or(ResumeInfo { sha256, ..ResumeInfo::default() });
        let mut partial =
            Self { path, file, hasher: sha2::Sha256::new(), length: 0, info, resumed: usable > 0 };
        if usable == 0 {
            partial.reset()?;
        } else {
            partial.file.set_len(usable).map_err(|e| partial.error(&e))?;
            monitor.set_phase(Phase::Checking);
            let hashed = hash(&mut partial.file, partial.info.length, monitor)?;
            (partial.hasher, partial.length) = hashed.map_err(|e| partial.error(&e))?;
        }
        Ok(partial)
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The SHA-256 of the bytes so far.
    pub fn sha256(&self) -> Sha256 {
        Sha256(self.hasher.clone().finalize().into())
    }

    /// Throws the bytes away and starts again.
    pub fn reset(&mut self) -> Result<(), DownloadError> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(|e| self.error(&e))?;
        self.hasher = sha2::Sha256::new();
        self.length = 0;
        self.info = ResumeInfo { sha256: self.info.sha256, ..ResumeInfo::default() };
        self.resumed = false;
        Ok(())
    }

    /// Writes `NAME.part.json`.
    pub fn save_info(&self) -> Result<(), DownloadError> {
        let path = with_suffix(&self.path, ".json");
        let text = serde_json::to_string(&self.info).unwrap_or_default();
        std::fs::write(&path, text).map_err(|e| write_error(&path, &e))
    }

    /// Appends bytes that arrived.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        if let Err(error) = self.file.write_all(bytes) {
            // File and hash must agree: a half-written block is removed.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(self.error(&error));
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if self.info.sha256.is_none() && self.length - self.info.synced >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), DownloadError> {
        self.file.sync_data().map_err(|e| self.error(&e))?;
        self.info.synced = self.length;
        self.save_info()
    }

    /// Renames it to the target, after everything is on the disk.
    pub fn finish(&mut self, target: &Path, replace: bool) -> Result<(), DownloadError> {
        move_to_target(&self.file, &self.path, target, replace)?;
        let _ = std::fs::remove_file(with_suffix(&self.path, ".json"));
        Ok(())
    }

    /// Leaves it for a later start; bytes that can't be resumed are removed.
    pub fn keep(mut self) -> Option<PartialDownload> {
        if self.length == 0 || !self.info.can_resume() {
            self.remove();
            return None;
        }
        // If this fails (the disk may be full), the next start finds fewer bytes that it can use.
        let _ = self.sync();
        Some(PartialDownload { path: self.path.clone(), bytes: self.length, total: self.info.length })
    }

    /// Removes both files.
    pub fn remove(&self) {
        remove(&self.path);
    }

    fn error(&self, error: &io::Error) -> DownloadError {
        write_error(&self.path, error)
    }
}

/// Hashes a file from its beginning; returns the hasher and the length. `total` is for the progress.
pub(super) fn hash(
    file: &mut File,
    total: Option<u64>,
    monitor: &Monitor,
) -> Result<io::Result<(sha2::Sha256, u64)>, Stop> {
    let (mut hasher, mut length) = (sha2::Sha256::new(), 0);
    let mut buffer = vec![0; 256 << 10];
    if let Err(error) = file.rewind() {
        return Ok(Err(error));
    }
    loop {
        monitor.check()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Ok((hasher, length))),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                length += n as u64;
                monitor.set_bytes(length, total);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// Removes the partial download of `target` from the disk, unless it is running.
pub fn discard(target: &Path) {
    let path = with_suffix(target, ".part");
    // The lock is held until both files are removed.
    match open_locked(&path, false) {
        Ok(_lock) => remove(&path),
        Err(_) if path.symlink_metadata().is_err() => remove(&path),
        Err(_) => {}
    }
}

/// Returns the partial download of `target` on the disk, if it can be resumed.
pub(super) fn find(target: &Path) -> Option<PartialDownload> {
    let path = with_suffix(target, ".part");
    let info = ResumeInfo::load(&with_suffix(&path, ".json"))?;
    let bytes = info.usable(path.symlink_metadata().ok().filter(Metadata::is_file)?.len());
    (bytes > 0).then_some(PartialDownload { path, bytes, total: info.length })
}

/// Returns the partial downloads in a folder that can be resumed, with their targets: add the same job again to resume
/// one, or [`discard`] it.
#[must_use]
pub fn unfinished(folder: &Path) -> Vec<(PathBuf, PartialDownload)> {
    let files = folder.read_dir().into_iter().flatten().flatten();
    let targets = files.filter_map(|entry| {
        let path = entry.path();
        let name = path.file_name()?.to_str()?.strip_suffix(".part.json")?;
        Some(path.with_file_name(name))
    });
    let mut found: Vec<_> =
        targets.filter_map(|target| Some((find(&target)?, target))).map(|(p, t)| (t, p)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn remove(path: &Path) {
    for path in [path.to_owned(), with_suffix(path, ".json")] {
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!("\u{201c}{}\u{201d} can't be removed: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn open(target: &Path, sha256: Option<Sha256>) -> Result<PartialFile, AttemptError> {
        PartialFile::open(target, sha256, &Monitor::new(Arc::new(|| ())))
    }

    fn begun(target: &Path, sha256: Option<Sha256>) -> PartialFile {
        let mut partial = open(target, sha256).unwrap();
        partial.info.address = "https://h.org/a".into();
        partial.info.validator = Some("\"v1\"".into());
        partial.info.length = Some(10);
        partial.append(b"hello").unwrap();
        partial
    }

    impl fmt::Debug for PartialFile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} bytes of {}", self.length, self.path.display())
        }
    }

    #[test]
    fn a_partial_file_is_found_again_with_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/m.onnx");
        let kept = begun(&target, None).keep().unwrap();
        assert_eq!((kept.bytes, kept.total), (5, Some(10)));
        assert!(kept.to_string().contains("5 B of 10 B are kept in"), "{kept}");
        let mut partial = open(&target, None).unwrap();
        assert!(partial.resumed);
        partial.append(b"world").unwrap();
        // sha256sum of "helloworld".
        let expected = "936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af";
        assert!(partial.sha256().to_string() == expected);
        partial.finish(&target, false).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"helloworld");
        assert_eq!(std::fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_partial_file_that_cannot_be_trusted_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        let part = with_suffix(&target, ".part");
        let other = Some(Sha256([1; 32]));
        begun(&target, None).keep().unwrap();
        assert_eq!(open(&target, other).unwrap().length(), 0, "another file is wanted");
        begun(&target, None).keep().unwrap();
        std::fs::write(with_suffix(&part, ".json"), "{").unwrap();
        assert_eq!(open(&target, None).unwrap().length(), 0, "its .json is damaged");
        begun(&target, None).keep().unwrap();
        std::fs::write(&part, "much more than there should be").unwrap();
        assert_eq!(open(&target, None).unwrap().length(), 5, "the rest wasn't synced");
        let mut partial = open(&target, None).unwrap();
        partial.info.validator = None;
        assert_eq!(partial.keep(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_partial_file_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        let partial = begun(&target, None);
        let error = open(&target, None).unwrap_err();
        assert!(
            matches!(&error, AttemptError::Fatal(DownloadError::InUse { path }) if *path == target),
            "{error:?}"
        );
        discard(&target);
        assert!(partial.path.exists(), "another's partial file is left alone");
        drop(partial);
        discard(&target);
        assert!(!with_suffix(&target, ".part").exists());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        let target = folder.path().join("m.onnx");
        std::os::unix::fs::symlink(&victim, with_suffix(&target, ".part")).unwrap();
        let error = open(&target, None);
        assert!(matches!(error, Err(AttemptError::Fatal(DownloadError::Unwritable { .. }))));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
