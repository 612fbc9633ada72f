//! One attempt to get the file from one address, to the end: receive, check, put in place.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use super::address::{Address, file_names, without_secrets};
use super::archive::{Limits, unpack};
use super::disk::{check_space, move_to_target};
use super::error::DownloadError;
use super::monitor::{Monitor, Stop};
use super::partial::{PartialFile, ResumeInfo};
use super::sniff::{HEAD, WrongBody, wrong_body};
use super::{Downloaded, Job, Options, Trust};
use crate::model::{self, ModelError};

/// Why an attempt ended without the file.
#[derive(Debug)]
pub(super) enum AttemptError {
    /// It was told to stop.
    Stopped,
    /// No other address helps: this computer's disk is full, for example.
    Fatal(DownloadError),
    /// This address isn't asked again.
    Refused(DownloadError),
    /// It may work later; the server may say when.
    Temporary { error: DownloadError, retry_after: Option<Duration> },
}

impl AttemptError {
    pub fn temporary(error: DownloadError) -> Self {
        Self::Temporary { error, retry_after: None }
    }
}

impl From<Stop> for AttemptError {
    fn from(_: Stop) -> Self {
        Self::Stopped
    }
}

/// Errors without an address to blame are this computer's.
impl From<DownloadError> for AttemptError {
    fn from(error: DownloadError) -> Self {
        Self::Fatal(error)
    }
}

/// A job and what an attempt works with.
pub(super) struct Attempt<'a> {
    pub job: &'a Job,
    pub options: &'a Options,
    pub monitor: &'a Monitor,
    pub partial: &'a mut PartialFile,
    /// The address that is tried may be plain http, and so may be where it redirects to.
    pub plain_http: bool,
}

impl Attempt<'_> {
    /// Gets the file from one address.
    pub fn try_address(&mut self, text: &str) -> Result<Downloaded, AttemptError> {
        self.monitor.check()?;
        let own_name = self.job.member.is_none().then_some(self.job.target.as_path());
        let names = file_names(&self.job.addresses, own_name);
        let address = Address::parse(text, &names).map_err(AttemptError::Refused)?;
        let host = address.shown();
        // A replaced file would be noticed, or the user named this very address.
        self.plain_http = self.job.is_pinned() || self.job.plain_http.iter().any(|allowed| allowed == text);
        if !self.plain_http && !address.is_safe() {
            return Err(AttemptError::Refused(DownloadError::PlainHttp { host }));
        }
        let from = match &address {
            Address::Web(uri) => {
                self.fetch(uri, text)?;
                without_secrets(text)
            }
            Address::File(path) => {
                self.copy(path, &host)?;
                host.clone()
            }
        };
        self.finish(&host, from)
    }

    /// Copies a file of this computer: an offline folder is a mirror like any other.
    fn copy(&mut self, path: &Path, shown: &str) -> Result<(), AttemptError> {
        let unreadable = |error: &io::Error| {
            AttemptError::Refused(match error.kind() {
                ErrorKind::NotFound => DownloadError::NoFile { path: path.into() },
                _ => DownloadError::Unreadable { path: path.into(), reason: error.to_string() },
            })
        };
        let meta = path.metadata().map_err(|e| unreadable(&e))?;
        if !meta.is_file() {
            // A folder without the file. A pipe would never end.
            return Err(unreadable(&ErrorKind::NotFound.into()));
        }
        let mut file = File::open(path).map_err(|e| unreadable(&e))?;
        let total = Some(meta.len());
        self.partial.reset()?;
        let info = ResumeInfo { address: shown.into(), length: total, ..self.partial.info.clone() };
        self.partial.info = info;
        self.receive(&mut file, total, shown, None, |error, _| unreadable(error))
    }

    /// Writes a body of `total` bytes into the partial file. Its first bytes are checked before any is written;
    /// `describe` turns an error of reading, after so many bytes of the file, into that of the attempt.
    pub fn receive(
        &mut self,
        body: &mut impl Read,
        total: Option<u64>,
        host: &str,
        content_type: Option<&str>,
        describe: impl Fn(&io::Error, u64) -> AttemptError,
    ) -> Result<(), AttemptError> {
        self.check_length(host, total)?;
        if let Some(total) = total.or(self.job.bytes) {
            check_space(&self.job.target, self.bytes_needed(total), self.options.margin)?;
        }
        self.partial.save_info()?;
        let limit = self.job.bytes.unwrap_or(self.options.most_bytes);
        let mut buffer = vec![0; 128 << 10];
        let mut head = (self.partial.length() == 0).then(Vec::new);
        self.monitor.begin_receiving(self.partial.length(), total);
        loop {
            let read = body.read(&mut buffer);
            // A stop shuts the connection down, which can look like the end of the body.
            self.monitor.check()?;
            let n = match read {
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(describe(&error, self.partial.length())),
            };
            let mut bytes = &buffer[..n];
            if let Some(first) = &mut head {
                first.extend_from_slice(bytes);
                if n > 0 && first.len() < HEAD {
                    continue;
                }
                if first.is_empty() && total.is_some_and(|total| total > 0) {
                    return Err(describe(&ErrorKind::UnexpectedEof.into(), 0));
                }
                self.check_head(
                    first,
                    if n == 0 { Some(first.len() as u64) } else { total },
                    host,
                    content_type,
                )?;
                bytes = first;
            }
            if self.partial.length() + bytes.len() as u64 > limit {
                self.partial.reset()?;
                return Err(AttemptError::Refused(DownloadError::TooLong { host: host.into(), limit }));
            }
            self.partial.append(bytes)?;
            self.monitor.set_bytes(self.partial.length(), total);
            head = None;
            if n == 0 {
                break;
            }
        }
        if total.is_some_and(|total| self.partial.length() < total) {
            return Err(describe(&ErrorKind::UnexpectedEof.into(), self.partial.length()));
        }
        self.monitor.update(|p| p.problem = None);
        Ok(())
    }

    /// Refuses a length that can't be right.
    fn check_length(&self, host: &str, total: Option<u64>) -> Result<(), AttemptError> {
        let (host, limit) = (host.to_owned(), self.options.most_bytes);
        match (self.job.bytes, total) {
            (Some(expected), Some(found)) if expected != found => {
                Err(AttemptError::Refused(DownloadError::WrongLength { host, expected, found }))
            }
            (None, Some(found)) if found > limit => {
                Err(AttemptError::Refused(DownloadError::TooLong { host, limit }))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that the disk still needs for a file of `total` bytes and for the file unpacked from it.
    pub fn bytes_needed(&self, total: u64) -> u64 {
        let unpacked = self.job.member.as_ref().and_then(|m| m.bytes).unwrap_or_default();
        total.saturating_sub(self.partial.length()).saturating_add(unpacked)
    }

    /// Refuses a body that isn't the file.
    fn check_head(
        &self,
        head: &[u8],
        total: Option<u64>,
        host: &str,
        content_type: Option<&str>,
    ) -> Result<(), AttemptError> {
        let host = host.to_owned();
        if head.is_empty() && self.job.bytes != Some(0) {
            return Err(AttemptError::Refused(DownloadError::Empty { host }));
        }
        // The name tells whether a text is expected; that of an archive's member doesn't.
        let target = if self.job.member.is_some() { Path::new("archive.zip") } else { &self.job.target };
        Err(AttemptError::Refused(match wrong_body(content_type, head, total, target) {
            None => return Ok(()),
            Some(WrongBody::LfsPointer) => DownloadError::LfsPointer { host },
            Some(WrongBody::Page { what, says }) => DownloadError::NotTheFile { host, what, says },
        }))
    }

    /// Checks the whole file and moves it, or its member, to the target.
    pub fn finish(&mut self, host: &str, from: String) -> Result<Downloaded, AttemptError> {
        let Job { target, member, bytes: known, replace, .. } = self.job;
        let hashes = self.job.hashes();
        let (sha256, bytes) = (self.partial.sha256(), self.partial.length());
        let wrong_length = known.filter(|known| *known != bytes).map(|expected| DownloadError::WrongLength {
            host: host.into(),
            expected,
            found: bytes,
        });
        let wrong = wrong_length.or_else(|| {
            let expected = *hashes.first().filter(|_| !hashes.contains(&sha256))?;
            Some(DownloadError::WrongHash { host: host.into(), expected, found: sha256 })
        });
        if let Some(error) = wrong {
            // Bytes of several requests may not belong together: that isn't this address's fault.
            let resumed = self.partial.resumed;
            self.partial.reset()?;
            return Err(if resumed { AttemptError::temporary(error) } else { AttemptError::Refused(error) });
        }
        let (path, from) = (target.clone(), Some(from));
        let trust = if self.job.is_pinned() { Trust::Verified } else { Trust::FirstUse };
        let Some(member) = member else {
            if let Err(error) = self.check_model(host, None) {
                let resumed = self.partial.resumed;
                self.partial.reset()?;
                return Err(if resumed {
                    AttemptError::temporary(error)
                } else {
                    AttemptError::Refused(error)
                });
            }
            self.partial.finish(target, *replace)?;
            return Ok(Downloaded { path, sha256, bytes, archive: None, from, trust });
        };
        let unpacked_path = self.partial.path().with_added_extension("file");
        let limits = Limits { bytes: self.options.most_bytes, margin: self.options.margin };
        let unpacked = unpack(self.partial.file(), host, member, &unpacked_path, limits, self.monitor);
        let whole =
            unpacked.and_then(|(mut file, sha256, bytes)| match self.check_model(host, Some(&mut file)) {
                Ok(()) => Ok((file, sha256, bytes)),
                Err(error) => {
                    let _ = std::fs::remove_file(&unpacked_path);
                    Err(AttemptError::Refused(error))
                }
            });
        let (file, unpacked_sha256, unpacked_bytes) = whole.or_else(|error| {
            // If the archive is bad (this computer isn't to blame), it doesn't stay.
            if let AttemptError::Refused(error) = error {
                self.partial.reset()?;
                // Another address would send the same archive if its hash was right.
                return Err(if hashes.is_empty() { AttemptError::Refused(error) } else { error.into() });
            }
            Err(error)
        })?;
        if let Err(error) = move_to_target(&file, &unpacked_path, target, *replace) {
            let _ = std::fs::remove_file(&unpacked_path);
            return Err(error.into());
        }
        self.partial.remove();
        Ok(Downloaded {
            path,
            sha256: unpacked_sha256,
            bytes: unpacked_bytes,
            archive: Some((sha256, bytes)),
            from,
            trust,
        })
    }

    /// Checks that a file whose SHA-256 nobody knows is a whole model, if it should be one: the partial file, or the one that
    /// was unpacked from it.
    fn check_model(&mut self, host: &str, unpacked: Option<&mut File>) -> Result<(), DownloadError> {
        if !self.job.is_model || self.job.is_pinned() {
            return Ok(());
        }
        let file = unpacked.unwrap_or_else(|| self.partial.file());
        let not_a_model = |reason| DownloadError::NotAModel { host: host.to_owned(), reason };
        let length = file.metadata().map_err(|e| not_a_model(e.to_string()))?.len();
        model::check_whole(file, length, &self.job.target).map_err(|error| {
            not_a_model(match error {
                ModelError::NotOnnx { reason, .. } => reason.to_string(),
                ModelError::CannotRun { reason, .. } => reason,
                other => other.to_string(),
            })
        })
    }
}
