//! The part of a file that is on the disk already: `NAME.part`, with what is known of it in `NAME.part.json`.
//!
//! Whoever has a [`Part`] has it alone: it is locked against other programs.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::error::DownloadError;
use super::hash::Sha256;
use super::progress::{Control, Live, Phase, Stop};
use super::space::folder_of;
use super::text::size;

/// After so many bytes of a file whose SHA-256 nobody knows the disk is made to keep what it has, so that a resumed
/// part holds no holes after a power cut.
const KEEP_EVERY: u64 = 32 << 20;

/// A part that stays on the disk after a pause or a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// `NAME.part`.
    pub path: PathBuf,
    /// How much is there.
    pub bytes: u64,
    /// How much there will be, where that is known.
    pub total: Option<u64>,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.total.map(|t| format!(" of {}", size(t))).unwrap_or_default();
        write!(
            f,
            "{}{of} are kept in \u{201c}{}\u{201d} and will be resumed.",
            size(self.bytes),
            self.path.display()
        )
    }
}

/// What is remembered of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// Where it came from, without user, password and query.
    pub address: String,
    /// What `If-Range` says: a strong `ETag` or the date of the last change.
    pub validator: Option<String>,
    /// Length of the whole file, where it was said.
    pub length: Option<u64>,
    /// What the whole file should be.
    pub sha256: Option<Sha256>,
    /// Bytes of which the disk said that it has them.
    pub synced: u64,
}

/// Why work on a part ended early.
#[derive(Debug)]
pub(super) enum Halt {
    Stopped(Stop),
    Failed(DownloadError),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl From<DownloadError> for Halt {
    fn from(error: DownloadError) -> Self {
        Self::Failed(error)
    }
}

/// The open part of a file.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    hasher: sha2::Sha256,
    length: u64,
    pub about: About,
    /// Its bytes came in more than one request, so that they may not belong together.
    pub pieced: bool,
}

/// `NAME.part`.
pub(super) fn part_path(target: &Path) -> PathBuf {
    with_suffix(target, ".part")
}

pub(super) fn about_path(target: &Path) -> PathBuf {
    with_suffix(target, ".part.json")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Part {
    /// Opens or makes the part of `target`, alone; what is there already and belongs to `wanted` is hashed.
    pub fn open(target: &Path, wanted: Option<Sha256>, control: &Control, live: &Live) -> Result<Self, Halt> {
        let path = part_path(target);
        let folder = folder_of(target);
        std::fs::create_dir_all(&folder).map_err(|e| write_error(&folder, &e))?;
        let file = locked(&path, true)?;
        let about = read_about(&about_path(target)).filter(|about| about.sha256 == wanted);
        let hasher = sha2::Sha256::new();
        let mut part = Self { path, file, hasher, length: 0, about: about.unwrap_or_default(), pieced: true };
        let there = part.file.metadata().map_err(|e| part.error(&e))?.len();
        let mut good = there;
        if wanted.is_none() {
            good = good.min(part.about.synced);
        }
        let too_long = part.about.length.is_some_and(|length| length < good);
        if too_long || part.about.address.is_empty() || !part.can_resume() {
            good = 0;
        }
        if good < there {
            part.file.set_len(good).map_err(|e| part.error(&e))?;
        }
        if good == 0 {
            part.reset()?;
        } else {
            live.set_phase(Phase::Checking);
            part.hash(good, control, live)?;
        }
        part.about.sha256 = wanted;
        Ok(part)
    }

    /// Reads the first `good` bytes into the hash.
    fn hash(&mut self, good: u64, control: &Control, live: &Live) -> Result<(), Halt> {
        self.file.seek(SeekFrom::Start(0)).map_err(|e| self.error(&e))?;
        let mut buffer = vec![0; 256 << 10];
        while self.length < good {
            control.check()?;
            let most = buffer.len().min((good - self.length) as usize);
            let n = match self.file.read(&mut buffer[..most]) {
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.error(&error).into()),
            };
            if n == 0 {
                return Err(self.error(&io::Error::from(ErrorKind::UnexpectedEof)).into());
            }
            self.hasher.update(&buffer[..n]);
            self.length += n as u64;
            live.set_bytes(self.length, self.about.length);
        }
        Ok(())
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a later request can go on where this part ends: its end can be checked by the hash, or the server
    /// can be asked whether the file is still the same.
    pub fn can_resume(&self) -> bool {
        self.about.sha256.is_some() || self.about.validator.is_some()
    }

    /// Empties it.
    pub fn reset(&mut self) -> Result<(), DownloadError> {
        let sha256 = self.about.sha256;
        self.file.set_len(0).map_err(|e| self.error(&e))?;
        self.file.seek(SeekFrom::Start(0)).map_err(|e| self.error(&e))?;
        self.hasher = sha2::Sha256::new();
        self.length = 0;
        self.about = About { sha256, ..About::default() };
        self.pieced = false;
        Ok(())
    }

    /// Writes down what is known of it, so that a later start can go on.
    pub fn remember(&self) -> Result<(), DownloadError> {
        let path = with_suffix(&self.path, ".json");
        let text = serde_json::to_string(&self.about).unwrap_or_default();
        std::fs::write(&path, text).map_err(|e| write_error(&path, &e))
    }

    /// Appends what came.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of it is taken back, so that file and hash agree.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(self.error(&error));
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if self.about.sha256.is_none() && self.length - self.about.synced >= KEEP_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), DownloadError> {
        self.file.sync_data().map_err(|e| self.error(&e))?;
        self.about.synced = self.length;
        self.remember()
    }

    /// The SHA-256 of what is there.
    pub fn sha256(&self) -> Sha256 {
        Sha256(self.hasher.clone().finalize().into())
    }

    /// The file, for reading from any place.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts it in the target's place, whole and on the disk.
    pub fn finish(&mut self, target: &Path, replace: bool) -> Result<(), DownloadError> {
        settle(&self.file, &self.path, target, replace)?;
        let _ = std::fs::remove_file(with_suffix(&self.path, ".json"));
        Ok(())
    }

    /// Leaves it for a later start; where nothing could be resumed, nothing is left.
    pub fn keep(mut self) -> Option<Kept> {
        if self.length == 0 || !self.can_resume() {
            self.discard();
            return None;
        }
        // Where this fails, on a full disk perhaps, the next start finds fewer bytes that it may trust.
        let _ = self.sync();
        Some(Kept { path: self.path.clone(), bytes: self.length, total: self.about.length })
    }

    /// Removes it.
    pub fn discard(self) {
        remove(&self.path);
    }

    /// Removes it after its member was taken out.
    pub fn remove(&mut self) {
        remove(&self.path);
        self.length = 0;
    }

    /// Says an error of its file.
    fn error(&self, error: &io::Error) -> DownloadError {
        write_error(&self.path, error)
    }
}

/// Removes what an unfinished download of `target` left on the disk, unless it is running.
pub fn discard(target: &Path) {
    let path = part_path(target);
    if path.symlink_metadata().is_err() {
        let _ = std::fs::remove_file(about_path(target));
    } else if let Ok(_lock) = locked(&path, false) {
        remove(&path);
    }
}

/// What a part on the disk holds, where it can be resumed.
pub(super) fn kept(target: &Path) -> Option<Kept> {
    let path = part_path(target);
    let about = read_about(&about_path(target))?;
    let bytes = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let bytes = if about.sha256.is_some() { bytes } else { bytes.min(about.synced) };
    let can_resume = about.sha256.is_some() || about.validator.is_some();
    (bytes > 0 && can_resume).then_some(Kept { path, bytes, total: about.length })
}

/// The unfinished downloads in a folder that can be resumed, with their targets: add the same job again to go on, or
/// [`discard`] them.
#[must_use]
pub fn unfinished(folder: &Path) -> Vec<(PathBuf, Kept)> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let targets = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?.strip_suffix(".part.json")?;
        Some(path.with_file_name(name))
    });
    let mut found: Vec<_> =
        targets.filter_map(|target| Some((kept(&target)?, target))).map(|(k, t)| (t, k)).collect();
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

/// Opens a file for oneself alone. A link or a folder of that name is refused, lest something else be written over.
fn locked(path: &Path, create: bool) -> Result<File, DownloadError> {
    for _ in 0..8 {
        if let Ok(meta) = path.symlink_metadata()
            && !meta.is_file()
        {
            let reason = "it is a link or a folder; remove it".into();
            return Err(DownloadError::Unwritable { path: path.into(), reason });
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .open(path)
            .map_err(|e| write_error(path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DownloadError::InUse { path: target_of(path) }),
            // Some network disks know no locks.
            Err(TryLockError::Error(error)) => tracing::warn!("{}: no lock: {error}", path.display()),
        }
        // Another program may have renamed or removed the file between opening and locking it.
        let same = || {
            Some(
                same_file::Handle::from_file(file.try_clone().ok()?).ok()?
                    == same_file::Handle::from_path(path).ok()?,
            )
        };
        if same().unwrap_or(false) {
            return Ok(file);
        }
    }
    Err(DownloadError::InUse { path: target_of(path) })
}

fn target_of(part: &Path) -> PathBuf {
    part.with_extension("")
}

/// Reads what is remembered; a damaged or huge file is none.
fn read_about(path: &Path) -> Option<About> {
    let mut text = String::new();
    let meta = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    if meta.len() > 64 << 10 {
        return None;
    }
    File::open(path).ok()?.take(64 << 10).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Has the disk keep `file`, at `from`, and puts it in the target's place.
pub(super) fn settle(file: &File, from: &Path, target: &Path, replace: bool) -> Result<(), DownloadError> {
    file.sync_all().map_err(|e| write_error(from, &e))?;
    if !replace && target.symlink_metadata().is_ok() {
        return Err(DownloadError::Occupied { path: target.into() });
    }
    std::fs::rename(from, target).map_err(|e| write_error(target, &e))?;
    // The name too should outlive a power cut; not every system opens folders.
    if cfg!(unix)
        && let Ok(folder) = File::open(folder_of(target))
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// An error of writing, as the user knows it.
pub(super) fn write_error(path: &Path, error: &io::Error) -> DownloadError {
    match error.kind() {
        ErrorKind::StorageFull => DownloadError::DiskFull { folder: folder_of(path) },
        ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            DownloadError::FileTooLarge { path: path.into(), reason: error.to_string() }
        }
        _ => DownloadError::Unwritable { path: path.into(), reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn open(target: &Path, wanted: Option<Sha256>) -> Result<Part, Halt> {
        Part::open(target, wanted, &Control::default(), &Live::new(Arc::new(|| ())))
    }

    fn begun(target: &Path, wanted: Option<Sha256>) -> Part {
        let mut part = open(target, wanted).unwrap();
        part.about.address = "https://h.org/a".into();
        part.about.validator = Some("\"v1\"".into());
        part.about.length = Some(10);
        part.append(b"hello").unwrap();
        part
    }

    impl fmt::Debug for Part {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} bytes of {}", self.length, self.path.display())
        }
    }

    #[test]
    fn a_part_is_found_again_with_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/m.onnx");
        let kept = begun(&target, None).keep().unwrap();
        assert_eq!((kept.bytes, kept.total), (5, Some(10)));
        assert!(kept.to_string().contains("5 B of 10 B are kept in"), "{kept}");
        let mut part = open(&target, None).unwrap();
        assert!(part.pieced);
        part.append(b"world").unwrap();
        // sha256sum of "helloworld".
        let expected = "936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af";
        assert!(part.sha256().to_string() == expected);
        part.finish(&target, false).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"helloworld");
        assert_eq!(std::fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_part_that_cannot_be_trusted_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        let other = Some(Sha256([1; 32]));
        begun(&target, None).keep().unwrap();
        assert_eq!(open(&target, other).unwrap().length(), 0, "another file is wanted");
        begun(&target, None).keep().unwrap();
        std::fs::write(about_path(&target), "{").unwrap();
        assert_eq!(open(&target, None).unwrap().length(), 0, "nothing is known of it");
        begun(&target, None).keep().unwrap();
        std::fs::write(part_path(&target), "much more than there should be").unwrap();
        assert_eq!(open(&target, None).unwrap().length(), 5, "what the disk wasn't told to keep");
        let mut part = open(&target, None).unwrap();
        part.about.validator = None;
        assert_eq!(part.keep(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_one_has_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        let part = begun(&target, None);
        let error = open(&target, None).unwrap_err();
        assert!(
            matches!(&error, Halt::Failed(DownloadError::InUse { path }) if *path == target),
            "{error:?}"
        );
        discard(&target);
        assert!(part_path(&target).exists(), "another's part is left alone");
        drop(part);
        discard(&target);
        assert!(!part_path(&target).exists());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        let target = folder.path().join("m.onnx");
        std::os::unix::fs::symlink(&victim, part_path(&target)).unwrap();
        assert!(matches!(open(&target, None), Err(Halt::Failed(DownloadError::Unwritable { .. }))));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
