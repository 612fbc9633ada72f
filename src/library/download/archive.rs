//! One file out of an archive (`.zip`, or a Python `.whl`), which may have been made by somebody with bad intent.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write as _};
use std::path::Path;

use sha2::Digest as _;
use zip::result::ZipError;

use super::error::DownloadError;
use super::hash::Sha256;
use super::part::{Halt, write_error};
use super::progress::{Control, Live, Phase};
use super::text::shown;
use super::{Member, space};

/// The largest list of contents that is read: it is held in memory.
const CONTENTS_LIMIT: u64 = 32 << 20;

/// What was unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unpacked {
    pub sha256: Sha256,
    pub bytes: u64,
}

/// What bounds the work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes that a member may have.
    pub limit: u64,
    /// Bytes that stay free on the disk.
    pub margin: u64,
}

/// Refuses names that lead out of an archive.
pub(super) fn check_name(member: &Member) -> Result<(), DownloadError> {
    let name = &member.path;
    let parts_fit = name.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let fits = parts_fit && !name.contains(['\\', '\0', ':']);
    fits.then_some(()).ok_or_else(|| DownloadError::BadMember { member: shown(name, 120) })
}

/// Writes `member` of `archive` to the new file `to`; where it fails, `to` is removed again.
pub(super) fn unpack(
    archive: &mut File,
    host: &str,
    member: &Member,
    to: &Path,
    bounds: Bounds,
    control: &Control,
    live: &Live,
) -> Result<(File, Unpacked), Halt> {
    live.set_phase(Phase::Unpacking);
    match std::fs::remove_file(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(write_error(to, &error).into()),
        _ => {}
    }
    let mut out = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(|e| write_error(to, &e))?;
    match copy_member(archive, host, member, &mut out, to, bounds, control, live) {
        Ok(unpacked) => Ok((out, unpacked)),
        Err(halt) => {
            drop(out);
            let _ = std::fs::remove_file(to);
            Err(halt)
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one step of `unpack`, which it only cuts in two for the clean-up"
)]
fn copy_member(
    archive: &mut File,
    host: &str,
    member: &Member,
    out: &mut File,
    to: &Path,
    bounds: Bounds,
    control: &Control,
    live: &Live,
) -> Result<Unpacked, Halt> {
    let bad = |reason: String| DownloadError::BadArchive { host: host.into(), reason };
    let name = shown(&member.path, 120);
    check_contents(archive).map_err(bad)?;
    let mut zip = zip::ZipArchive::new(archive).map_err(|e| bad(said(&e)))?;
    let Some(index) = zip.index_for_name(&member.path) else {
        return Err(DownloadError::NoMember { host: host.into(), member: name, offers: offers(&zip) }.into());
    };
    let mut file = zip.by_index(index).map_err(|e| bad(said(&e)))?;
    if !file.is_file() || file.is_symlink() {
        return Err(bad(format!("\u{201c}{name}\u{201d} in it is no file")).into());
    }
    let limit = member.bytes.unwrap_or(bounds.limit).min(bounds.limit);
    let too_large = || DownloadError::MemberTooLarge { host: host.into(), member: name.clone(), limit };
    if file.size() > limit {
        return Err(too_large().into());
    }
    space::check(to, file.size(), bounds.margin)?;
    let total = Some(file.size());
    let mut hasher = sha2::Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 256 << 10];
    loop {
        control.check()?;
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(bad(shown(&error.to_string(), 120)).into()),
        };
        bytes += n as u64;
        // The size that is declared may be a lie.
        if bytes > limit {
            return Err(too_large().into());
        }
        out.write_all(&buffer[..n]).map_err(|e| write_error(to, &e))?;
        hasher.update(&buffer[..n]);
        live.set_bytes(bytes, total);
    }
    if let Some(expected) = member.bytes.filter(|expected| *expected != bytes) {
        return Err(DownloadError::WrongLength { host: host.into(), expected, found: bytes }.into());
    }
    let sha256 = Sha256(hasher.finalize().into());
    if let Some(expected) = member.sha256.filter(|expected| *expected != sha256) {
        return Err(DownloadError::WrongHash { host: host.into(), expected, found: sha256 }.into());
    }
    Ok(Unpacked { sha256, bytes })
}

/// Refuses an archive whose list of contents would fill the memory: each end record that could be believed is looked
/// at before anything reads the list.
fn check_contents(archive: &mut (impl Read + Seek)) -> Result<(), String> {
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
        if size.is_some_and(|size| size > CONTENTS_LIMIT) {
            return Err("its list of contents is too long".into());
        }
    }
    Ok(())
}

/// The first few files of an archive, to be shown.
fn offers<R: Read + Seek>(zip: &zip::ZipArchive<R>) -> Option<String> {
    const MOST: usize = 4;
    let mut names: Vec<&str> = zip.file_names().filter(|n| !n.ends_with('/')).collect();
    names.sort_unstable_by_key(|n| (Path::new(n).extension().is_none_or(|e| e != "onnx"), *n));
    let more = names.len().saturating_sub(MOST);
    let mut text: Vec<String> =
        names.iter().take(MOST).map(|n| format!("\u{201c}{}\u{201d}", shown(n, 60))).collect();
    if more > 0 {
        text.push(format!("{more} more"));
    }
    (!text.is_empty()).then(|| text.join(", "))
}

/// What is wrong with an archive, in words.
fn said(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(what) => shown(what, 120),
        ZipError::InvalidArchive(what) => shown(what, 120),
        other => shown(&other.to_string(), 120),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        let named = |path: &str| Member { path: path.into(), bytes: None, sha256: None };
        assert_eq!(check_name(&named("a/b.onnx")), Ok(()));
        for bad in ["", "/etc/passwd", "../a", "a/../../b", "a//b", "./a", "a\\b", "C:/a", "a\0"] {
            assert!(matches!(check_name(&named(bad)), Err(DownloadError::BadMember { .. })), "{bad}");
        }
    }

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
    }
}
