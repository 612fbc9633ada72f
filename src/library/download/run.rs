//! One job from its first request to the file at its target: which address is next, when to try again, and how it ends.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::Digest as _;

use super::address::without_secrets;
use super::archive::check_name;
use super::attempt::{Attempt, AttemptError};
use super::disk::check_space;
use super::error::{DownloadError, Failure};
use super::monitor::{Monitor, Phase, Stop};
use super::partial::{self, PartialDownload, PartialFile};
use super::sha256::Sha256;
use super::{Downloaded, Job, Options, Trust};

/// How a run of a job ended.
#[derive(Debug)]
pub(super) enum End {
    Done(Downloaded),
    Failed(Failure),
    /// It was told to stop.
    Stopped(Option<PartialDownload>),
}

/// One of the job's addresses.
struct Mirror<'a> {
    address: &'a str,
    /// Why it isn't asked again.
    refused: Option<DownloadError>,
    /// Why the last attempt failed.
    last: Option<DownloadError>,
    /// When it can be asked again.
    ready: Instant,
}

impl Mirror<'_> {
    fn error(&self) -> Option<&DownloadError> {
        self.refused.as_ref().or(self.last.as_ref())
    }
}

/// Runs a job. Returns within moments of being told to stop.
pub(super) fn run(job: &Job, options: &Options, monitor: &Monitor) -> End {
    let mut mirrors: Vec<Mirror<'_>> = Vec::new();
    for address in &job.addresses {
        if !mirrors.iter().any(|m| m.address == address) {
            mirrors.push(Mirror { address, refused: None, last: None, ready: Instant::now() });
        }
    }
    let mut partial = None;
    let error = match get(job, options, monitor, &mut mirrors, &mut partial) {
        Ok(downloaded) => return End::Done(downloaded),
        Err(error) => error,
    };
    if monitor.stop_reason() == Some(Stop::Cancel) {
        partial.iter().for_each(PartialFile::remove);
        return End::Stopped(None);
    }
    let partial = match partial {
        Some(partial) => partial.keep(),
        None => partial::find(&job.target).filter(|_| matches!(error, AttemptError::Stopped)),
    };
    match error {
        AttemptError::Stopped => End::Stopped(partial),
        AttemptError::Fatal(error) | AttemptError::Refused(error) | AttemptError::Temporary { error, .. } => {
            let tried = mirrors.iter().filter_map(|m| Some((without_secrets(m.address), m.error()?.clone())));
            End::Failed(Failure { error, partial, tried: tried.collect() })
        }
    }
}

/// Checks everything that needs no request, then tries the mirrors.
fn get(
    job: &Job,
    options: &Options,
    monitor: &Monitor,
    mirrors: &mut [Mirror<'_>],
    partial: &mut Option<PartialFile>,
) -> Result<Downloaded, AttemptError> {
    let Job { id, target, member, .. } = job;
    if mirrors.is_empty() {
        return Err(DownloadError::NoAddress { id: id.clone() }.into());
    }
    if target.file_name().is_none() {
        let reason = "it names no file".into();
        return Err(DownloadError::Unwritable { path: target.clone(), reason }.into());
    }
    member.as_ref().map_or(Ok(()), check_name)?;
    if let Some(downloaded) = already_there(job, monitor)? {
        return Ok(downloaded);
    }
    let partial = partial.insert(PartialFile::open(target, job.sha256, monitor)?);
    let mut attempt = Attempt { job, options, monitor, partial, plain_http: false };
    let length = attempt.partial.length();
    if length > 0 && (attempt.partial.info.length == Some(length) || job.bytes == Some(length)) {
        let from = attempt.partial.info.address.clone();
        match attempt.finish(&from.clone(), from) {
            // The file has the right length and the wrong content: it has been emptied and is downloaded again.
            Err(AttemptError::Refused(_) | AttemptError::Temporary { .. }) => {}
            result => return result,
        }
    }
    if let Some(bytes) = job.bytes {
        check_space(target, attempt.bytes_needed(bytes), options.margin)?;
    }
    try_mirrors(&mut attempt, mirrors)
}

/// Returns the file at the target if it is the wanted one.
fn already_there(job: &Job, monitor: &Monitor) -> Result<Option<Downloaded>, AttemptError> {
    let path = job.target.clone();
    let Ok(meta) = path.symlink_metadata() else { return Ok(None) };
    if !job.wanted().is_empty() && path.is_file() {
        monitor.set_phase(Phase::Checking);
        if let Some((sha256, bytes)) = hash_of(&path, monitor)?
            && job.wanted().contains(&sha256)
        {
            partial::discard(&path);
            return Ok(Some(Downloaded {
                path,
                sha256,
                bytes,
                archive: None,
                from: None,
                trust: Trust::Verified,
            }));
        }
    }
    if job.replace && !meta.is_dir() { Ok(None) } else { Err(DownloadError::Occupied { path }.into()) }
}

/// SHA-256 and size of a file; `None` if it can't be read.
fn hash_of(path: &Path, monitor: &Monitor) -> Result<Option<(Sha256, u64)>, Stop> {
    let Ok(mut file) = File::open(path) else { return Ok(None) };
    let total = file.metadata().ok().map(|meta| meta.len());
    let hashed = partial::hash(&mut file, total, monitor)?.ok();
    Ok(hashed.map(|(hasher, bytes)| (Sha256(hasher.finalize().into()), bytes)))
}

/// Tries the mirrors in turn until one has sent the file, none is left, or the attempts are used up.
fn try_mirrors(attempt: &mut Attempt<'_>, mirrors: &mut [Mirror<'_>]) -> Result<Downloaded, AttemptError> {
    let (options, monitor) = (attempt.options, attempt.monitor);
    let mut round = 0;
    let mut furthest = attempt.partial.length();
    loop {
        let now = Instant::now();
        for mirror in mirrors.iter_mut().filter(|m| m.refused.is_none() && m.ready <= now) {
            loop {
                let (error, wait) = match attempt.try_address(mirror.address) {
                    Err(AttemptError::Refused(error)) => (error, None),
                    Err(AttemptError::Temporary { error, retry_after }) => {
                        (error, Some(retry_after.unwrap_or_default()))
                    }
                    result => return result,
                };
                tracing::info!("{}: {error}", attempt.job.id);
                monitor.update(|p| p.problem = Some(error.clone().into()));
                let Some(wait) = wait else {
                    mirror.refused = Some(error);
                    break;
                };
                mirror.last = Some(error);
                mirror.ready = Instant::now() + wait.min(options.longest_wait);
                if attempt.partial.length() < furthest + notable(attempt.partial.info.length) {
                    break;
                }
                // Much of the file arrived before the connection broke: it is continued here, and the attempts are
                // counted from zero.
                furthest = attempt.partial.length();
                round = 0;
                wait_for(monitor, options.wait / 4)?;
            }
        }
        round += 1;
        let Some(ready) = mirrors.iter().filter(|m| m.refused.is_none()).map(|m| m.ready).min() else {
            break;
        };
        // Without a way to any server, and nothing to save yet, waiting long helps nobody.
        let no_way = attempt.partial.length() == 0
            && mirrors.iter().filter_map(Mirror::error).all(DownloadError::is_of_connection);
        let attempts = if no_way { options.attempts.min(2) } else { options.attempts };
        if round >= attempts.max(1) {
            break;
        }
        let doubled = options.wait.saturating_mul(1 << (round - 1).min(16)).min(options.longest_wait);
        let until_ready = ready.saturating_duration_since(Instant::now());
        wait_for(monitor, doubled.mul_f64(0.5 + random() / 2.0).max(until_ready))?;
    }
    // The first mirror's error tells most, but a server's error tells more than a file missing in an offline folder.
    let errors = || mirrors.iter().filter_map(Mirror::error);
    let telling = errors().find(|e| !matches!(e, DownloadError::NoFile { .. })).or_else(|| errors().next());
    let none = || DownloadError::NoAddress { id: attempt.job.id.clone() };
    Err(telling.cloned().unwrap_or_else(none).into())
}

/// How many bytes have to arrive before a broken connection doesn't count as a failed attempt.
fn notable(total: Option<u64>) -> u64 {
    total.map_or(1 << 20, |total| (total / 1000).max((64 << 10).min(total / 8)).max(1))
}

fn wait_for(monitor: &Monitor, time: Duration) -> Result<(), Stop> {
    monitor.set_phase(Phase::Waiting);
    monitor.sleep(time)
}

/// A random number in 0..1, from the standard library's random hash seeds.
fn random() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}
