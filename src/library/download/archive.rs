//! One file out of an archive (`.zip`, or a Python `.whl`), which may be malicious.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write as _};
use std::path::Path;

use sha2::Digest as _;

use super::Member;
use super::attempt::AttemptError;
use super::disk::{check_space, write_error};
use super::error::DownloadError;
use super::monitor::{Monitor, Phase};
use super::sha256::Sha256;
use crate::library::archive::{Archive, ExtractError};
use crate::library::names::excerpt;

/// What unpacking may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of the member.
    pub bytes: u64,
    /// Bytes that stay free on the disk.
    pub margin: u64,
}

/// Refuses names that lead out of an archive.
pub(super) fn check_name(member: &Member) -> Result<(), DownloadError> {
    let name = &member.path;
    let inside = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let valid = inside && !name.contains(['\\', '\0', ':']);
    valid.then_some(()).ok_or_else(|| DownloadError::BadMember { member: excerpt(name, 120) })
}

/// Writes `member` of `archive` to the new file `to`; returns it with its SHA-256 and size. After an error, `to` is
/// removed; [`AttemptError::Refused`] means that the archive is bad.
pub(super) fn unpack(
    archive: &mut File,
    host: &str,
    member: &Member,
    to: &Path,
    limits: Limits,
    monitor: &Monitor,
) -> Result<(File, Sha256, u64), AttemptError> {
    monitor.set_phase(Phase::Unpacking);
    if let Err(error) = std::fs::remove_file(to)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(write_error(to, &error).into());
    }
    let mut out = File::create_new(to).map_err(|e| write_error(to, &e))?;
    match copy_member(archive, host, member, (&mut out, to), limits, monitor) {
        Ok((sha256, bytes)) => Ok((out, sha256, bytes)),
        Err(error) => {
            drop(out);
            let _ = std::fs::remove_file(to);
            Err(error)
        }
    }
}

fn copy_member(
    archive: &mut File,
    host: &str,
    member: &Member,
    (out, to): (&mut File, &Path),
    limits: Limits,
    monitor: &Monitor,
) -> Result<(Sha256, u64), AttemptError> {
    let (host, name) = (host.to_owned(), excerpt(&member.path, 120));
    let bad =
        |reason: String| AttemptError::Refused(DownloadError::BadArchive { host: host.clone(), reason });
    let mut zip = Archive::open(archive).map_err(bad)?;
    let Some(index) = zip.find(&member.path) else {
        let offers = first_names(&zip);
        return Err(AttemptError::Refused(DownloadError::NoMember { host, member: name, offers }));
    };
    let limit = member.bytes.unwrap_or(limits.bytes).min(limits.bytes);
    let size = zip.size(index).map_err(bad)?;
    if size <= limit {
        check_space(to, size, limits.margin)?;
    }
    let (mut hasher, mut written) = (sha2::Sha256::new(), 0);
    let extracted = zip.extract(index, limit, |bytes| -> Result<(), AttemptError> {
        monitor.check()?;
        out.write_all(bytes).map_err(|e| write_error(to, &e))?;
        hasher.update(bytes);
        written += bytes.len() as u64;
        monitor.set_bytes(written, Some(size));
        Ok(())
    });
    let found = extracted.map_err(|error| match error {
        ExtractError::Bad(reason) => bad(reason),
        ExtractError::TooLarge => AttemptError::Refused(DownloadError::MemberTooLarge {
            host: host.clone(),
            member: name.clone(),
            limit,
        }),
        ExtractError::Write(error) => error,
    })?;
    let sha256 = Sha256(hasher.finalize().into());
    if let Some(expected) = member.bytes.filter(|expected| *expected != found) {
        return Err(AttemptError::Refused(DownloadError::WrongLength { host, expected, found }));
    }
    if let Some(expected) = member.sha256.filter(|expected| *expected != sha256) {
        return Err(AttemptError::Refused(DownloadError::WrongHash { host, expected, found: sha256 }));
    }
    Ok((sha256, found))
}

/// The first few files of an archive, safe to show.
fn first_names<R: Read + Seek>(zip: &Archive<R>) -> Option<String> {
    const MOST: usize = 4;
    let mut names: Vec<&str> = zip.names().filter(|n| !n.ends_with('/')).collect();
    names.sort_unstable_by_key(|n| (Path::new(n).extension().is_none_or(|e| e != "onnx"), *n));
    let more = names.len().saturating_sub(MOST);
    let mut text: Vec<String> =
        names.iter().take(MOST).map(|n| format!("\u{201c}{}\u{201d}", excerpt(n, 60))).collect();
    if more > 0 {
        text.push(format!("{more} more"));
    }
    (!text.is_empty()).then(|| text.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        let named = |path: &str| Member { path: path.into(), bytes: None, sha256: None };
        assert_eq!(check_name(&named("a/b.onnx")), Ok(()));
        for bad in ["", "/etc/passwd", "../a", "a/../../b", "a//b", "./a", "a\\b", "C:/a", "a\0"] {
            assert!(matches!(check_name(&named(bad)), Err(DownloadError::BadMember { .. })), "{bad}");
        }
    }
}
