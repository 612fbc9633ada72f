//! One job from its first request to the file at its target: which address next, when again, and what comes of it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::Digest as _;

use super::address::{Address, names, public};
use super::archive::{Bounds, check_name, unpack};
use super::error::{DownloadError, Failure};
use super::hash::Sha256;
use super::part::{self, Halt, Kept, Part, settle};
use super::progress::{Control, Live, Meter, Phase, Stop};
use super::sniff::{HEAD, Impostor, impostor};
use super::{Job, Options, Outcome, Trust, local, space, web};

/// A job and what belongs to doing it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub job: &'a Job,
    pub options: &'a Options,
    pub control: &'a Control,
    pub live: &'a Live,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum End {
    Done(Outcome),
    Failed(Failure),
    Stopped(Stop, Option<Kept>),
}

/// What stands in the way of one try.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Told to stop, or a trouble of this computer: no other address helps.
    Halt(Halt),
    /// This address is of no use.
    Refused(DownloadError),
    /// It may pass; the server may say when.
    Passing { error: DownloadError, wait: Option<Duration> },
}

impl Trouble {
    pub fn passing(error: DownloadError) -> Self {
        Self::Passing { error, wait: None }
    }
}

impl From<Halt> for Trouble {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// Errors that come as they are, without an address to blame, are this computer's.
impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        Self::Halt(Halt::Failed(error))
    }
}

/// One of the job's addresses.
struct Site {
    text: String,
    /// Why it is no longer asked.
    refused: Option<DownloadError>,
    /// Its last trouble.
    last: Option<DownloadError>,
    /// When it may be asked again.
    ready: Instant,
}

/// Does a job. Returns within moments of being told to stop.
pub(super) fn run(task: &Task<'_>) -> End {
    let mut sites: Vec<Site> = Vec::new();
    for text in &task.job.addresses {
        if !sites.iter().any(|s| s.text == *text) {
            sites.push(Site { text: text.clone(), refused: None, last: None, ready: Instant::now() });
        }
    }
    let mut part = None;
    let halt = match prepare(task, &mut part).and_then(|found| match (found, &mut part) {
        (Some(outcome), _) => Ok(outcome),
        (None, Some(part)) => try_all(task, &mut sites, part),
        (None, None) => Err(Halt::Failed(DownloadError::Broken { reason: "it has no part".into() })),
    }) {
        Ok(outcome) => return End::Done(outcome),
        Err(halt) => halt,
    };
    match halt {
        Halt::Stopped(Stop::Cancel) => {
            match part {
                Some(part) => part.discard(),
                None => part::discard(&task.job.target),
            }
            End::Stopped(Stop::Cancel, None)
        }
        Halt::Stopped(stop) => {
            let kept = match part {
                Some(part) => part.keep(),
                None => part::kept(&task.job.target),
            };
            End::Stopped(stop, kept)
        }
        Halt::Failed(error) => {
            let kept = part.and_then(Part::keep);
            let tried = sites.iter().filter_map(|s| {
                let error = s.refused.as_ref().or(s.last.as_ref())?;
                Some((public(&s.text), error.clone()))
            });
            End::Failed(Failure { error, kept, tried: tried.collect() })
        }
    }
}

/// Checks what can be checked before any request, and opens the part. An outcome where the file is there already.
fn prepare(task: &Task<'_>, part: &mut Option<Part>) -> Result<Option<Outcome>, Halt> {
    let Job { id, addresses, target, member, .. } = task.job;
    if addresses.is_empty() {
        return Err(DownloadError::NoAddress { id: id.clone() }.into());
    }
    if target.file_name().is_none() {
        let reason = "it names no file".into();
        return Err(DownloadError::Unwritable { path: target.clone(), reason }.into());
    }
    member.as_ref().map_or(Ok(()), check_name)?;
    if let Some(outcome) = already_there(task)? {
        return Ok(Some(outcome));
    }
    let part = part.insert(Part::open(target, task.job.sha256, task.control, task.live)?);
    let length = part.length();
    if length > 0 && (part.about.length == Some(length) || task.job.bytes == Some(length)) {
        let from = part.about.address.clone();
        match finish(task, part, &from.clone(), from) {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(Trouble::Halt(halt)) => return Err(halt),
            // It is whole and yet wrong: it has been emptied, and is got anew.
            Err(_) => {}
        }
    }
    task.check_space(part, task.job.bytes)?;
    Ok(None)
}

/// The file at the target, where it is the one that is wanted.
fn already_there(task: &Task<'_>) -> Result<Option<Outcome>, Halt> {
    let target = &task.job.target;
    let Ok(meta) = target.symlink_metadata() else { return Ok(None) };
    if let (Some(wanted), true) = (task.job.wanted(), target.is_file()) {
        task.live.set_phase(Phase::Checking);
        let found = hash_of(target, task)?;
        if let Some((sha256, bytes)) = found.filter(|(found, _)| *found == wanted) {
            part::discard(target);
            let path = target.clone();
            return Ok(Some(Outcome {
                path,
                sha256,
                bytes,
                archive: None,
                from: None,
                trust: Trust::Verified,
            }));
        }
    }
    if task.job.replace && !meta.is_dir() {
        return Ok(None);
    }
    Err(DownloadError::Occupied { path: target.clone() }.into())
}

/// SHA-256 and size of a file; `None` where it can't be read.
fn hash_of(path: &Path, task: &Task<'_>) -> Result<Option<(Sha256, u64)>, Stop> {
    let Ok(mut file) = std::fs::File::open(path) else { return Ok(None) };
    let total = file.metadata().ok().map(|m| m.len());
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        task.control.check()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some((Sha256(hasher.finalize().into()), bytes))),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
                task.live.set_bytes(bytes, total);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(None),
        }
    }
}

/// Goes round the addresses until one has given the file, none is left, or the tries are used up.
fn try_all(task: &Task<'_>, sites: &mut [Site], part: &mut Part) -> Result<Outcome, Halt> {
    let mut round = 0;
    let mut furthest = part.length();
    loop {
        let now = Instant::now();
        for site in sites.iter_mut().filter(|s| s.refused.is_none() && s.ready <= now) {
            loop {
                match try_once(task, &site.text, part) {
                    Ok(outcome) => return Ok(outcome),
                    Err(Trouble::Halt(halt)) => return Err(halt),
                    Err(Trouble::Refused(error)) => {
                        tracing::info!("{}: {error}", task.job.id);
                        task.live.set_trouble(Some(error.clone()));
                        site.refused = Some(error);
                        break;
                    }
                    Err(Trouble::Passing { error, wait }) => {
                        tracing::info!("{}: {error}", task.job.id);
                        task.live.set_trouble(Some(error.clone()));
                        site.last = Some(error);
                        site.ready = Instant::now() + wait.unwrap_or_default().min(task.options.longest_wait);
                        if part.length() < furthest + notable(part.about.length) {
                            break;
                        }
                        // It went on well before it broke: it goes on here, and the tries are counted anew.
                        furthest = part.length();
                        round = 0;
                        pause(task, task.options.wait / 4)?;
                    }
                }
            }
        }
        round += 1;
        let Some(ready) = sites.iter().filter(|s| s.refused.is_none()).map(|s| s.ready).min() else { break };
        if round >= task.options.tries.max(1) {
            break;
        }
        let doubled =
            task.options.wait.saturating_mul(1 << (round - 1).min(16)).min(task.options.longest_wait);
        let wait = doubled.mul_f64(0.5 + random() / 2.0).max(ready.saturating_duration_since(Instant::now()));
        pause(task, wait)?;
    }
    // The first address tells most; but that an offline folder lacks the file says less than what a server answers.
    let errors = || sites.iter().filter_map(|s| s.refused.as_ref().or(s.last.as_ref()));
    let telling = errors().find(|e| !matches!(e, DownloadError::NoFile { .. })).or_else(|| errors().next());
    let none = || DownloadError::NoAddress { id: task.job.id.clone() };
    Err(telling.cloned().unwrap_or_else(none).into())
}

/// How much has to come before a trouble counts as none.
fn notable(total: Option<u64>) -> u64 {
    total.map_or(1 << 20, |total| (total / 1000).max((64 << 10).min(total / 8)).max(1))
}

fn pause(task: &Task<'_>, time: Duration) -> Result<(), Stop> {
    task.live.set_phase(Phase::Waiting);
    task.control.sleep(time)
}

/// A number in 0..1; the standard library's hash seeds are random.
fn random() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}

/// One try of one address, to the end.
fn try_once(task: &Task<'_>, text: &str, part: &mut Part) -> Result<Outcome, Trouble> {
    task.control.check().map_err(Halt::Stopped)?;
    let own_name = task.job.member.is_none().then_some(task.job.target.as_path());
    let address = Address::parse(text, &names(&task.job.addresses, own_name)).map_err(Trouble::Refused)?;
    let host = address.host();
    if !task.job.is_pinned() && !task.job.allow_http && !address.is_safe() {
        return Err(Trouble::Refused(DownloadError::PlainHttp { host }));
    }
    match &address {
        Address::Web(web) => web::fetch(web, text, task, part)?,
        Address::File(path) => local::fetch(path, &host, task, part)?,
    }
    let from = match address {
        Address::Web(_) => public(text),
        Address::File(_) => host.clone(),
    };
    finish(task, part, &host, from)
}

/// Checks the whole file, and puts it, or its member, in the target's place.
fn finish(task: &Task<'_>, part: &mut Part, host: &str, from: String) -> Result<Outcome, Trouble> {
    let Job { target, member, bytes: known, sha256: expected, replace, .. } = task.job;
    let (found, bytes) = (part.sha256(), part.length());
    let wrong = if let Some(expected) = known.filter(|known| *known != bytes) {
        Some(DownloadError::WrongLength { host: host.into(), expected, found: bytes })
    } else {
        let expected = expected.filter(|expected| *expected != found);
        expected.map(|expected| DownloadError::WrongHash { host: host.into(), expected, found })
    };
    if let Some(error) = wrong {
        // Pieces that came at different times may not belong together: that is no fault of this address.
        let trouble = if part.pieced { Trouble::passing(error) } else { Trouble::Refused(error) };
        part.reset()?;
        return Err(trouble);
    }
    let trust = if task.job.is_pinned() { Trust::Verified } else { Trust::FirstUse };
    let Some(member) = member else {
        part.finish(target, *replace)?;
        let path = target.clone();
        return Ok(Outcome { path, sha256: found, bytes, archive: None, from: Some(from), trust });
    };
    let unpacked_path = part.path().with_added_extension("file");
    let bounds = Bounds { limit: task.options.most_bytes, margin: task.options.margin };
    let unpacked = unpack(part.file(), host, member, &unpacked_path, bounds, task.control, task.live);
    let (file, unpacked) = match unpacked {
        Ok(unpacked) => unpacked,
        Err(Halt::Failed(error)) if is_archives_fault(&error) => {
            part.reset()?;
            // Another address would give the same archive where its hash was right.
            return Err(match expected {
                Some(_) => Trouble::Halt(Halt::Failed(error)),
                None => Trouble::Refused(error),
            });
        }
        Err(halt) => return Err(halt.into()),
    };
    if let Err(error) = settle(&file, &unpacked_path, target, *replace) {
        let _ = std::fs::remove_file(&unpacked_path);
        return Err(error.into());
    }
    part.remove();
    Ok(Outcome {
        path: target.clone(),
        sha256: unpacked.sha256,
        bytes: unpacked.bytes,
        archive: Some((found, bytes)),
        from: Some(from),
        trust,
    })
}

/// Whether the archive is to blame, rather than this computer.
fn is_archives_fault(error: &DownloadError) -> bool {
    matches!(
        error,
        DownloadError::BadArchive { .. }
            | DownloadError::NoMember { .. }
            | DownloadError::MemberTooLarge { .. }
            | DownloadError::WrongLength { .. }
            | DownloadError::WrongHash { .. }
    )
}

impl Task<'_> {
    /// Refuses a length that can't be right.
    pub fn check_length(&self, host: &str, total: Option<u64>) -> Result<(), Trouble> {
        let Some(found) = total else { return Ok(()) };
        let host = host.to_owned();
        match self.job.bytes {
            Some(expected) if expected != found => {
                Err(Trouble::Refused(DownloadError::WrongLength { host, expected, found }))
            }
            None if found > self.options.most_bytes => {
                Err(Trouble::Refused(DownloadError::TooLong { host, limit: self.options.most_bytes }))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the rest of the file, and what is unpacked from it, has room.
    pub fn check_space(&self, part: &Part, total: Option<u64>) -> Result<(), DownloadError> {
        let Some(total) = total.or(self.job.bytes) else { return Ok(()) };
        let unpacked = self.job.member.as_ref().and_then(|m| m.bytes).unwrap_or_default();
        let needed = total.saturating_sub(part.length()).saturating_add(unpacked);
        space::check(&self.job.target, needed, self.options.margin)
    }

    /// Pours a body into the part. Its first bytes are looked at before any is written; `broke` says what an error of
    /// reading after so many bytes of the file means.
    pub fn pour(
        &self,
        body: &mut impl Read,
        part: &mut Part,
        total: Option<u64>,
        host: &str,
        kind: Option<&str>,
        broke: impl Fn(&io::Error, u64) -> Trouble,
    ) -> Result<(), Trouble> {
        let limit = self.job.bytes.unwrap_or(self.options.most_bytes);
        let mut buffer = vec![0; 128 << 10];
        let mut head = (part.length() == 0).then(Vec::new);
        self.live.set_phase(Phase::Receiving);
        self.live.set_bytes(part.length(), total);
        let mut meter = Meter::new(self.live);
        loop {
            let read = body.read(&mut buffer);
            // A stop shuts the connection down, which may look like its end.
            self.control.check().map_err(Halt::Stopped)?;
            let n = match read {
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    // What came of the first bytes is of no use alone.
                    return Err(broke(&error, part.length()));
                }
            };
            let mut bytes = &buffer[..n];
            if let Some(first) = &mut head {
                first.extend_from_slice(bytes);
                if n > 0 && first.len() < HEAD {
                    continue;
                }
                self.check_head(first, n == 0, total, host, kind)?;
                bytes = first;
            }
            if part.length() + bytes.len() as u64 > limit {
                part.reset()?;
                return Err(Trouble::Refused(DownloadError::TooLong { host: host.into(), limit }));
            }
            part.append(bytes)?;
            meter.add(bytes.len(), part.length(), total);
            head = None;
            if n == 0 {
                break;
            }
        }
        if total.is_some_and(|total| part.length() < total) {
            return Err(broke(&io::Error::from(ErrorKind::UnexpectedEof), part.length()));
        }
        self.live.set_trouble(None);
        Ok(())
    }

    /// Refuses what isn't the file.
    fn check_head(
        &self,
        head: &[u8],
        whole: bool,
        total: Option<u64>,
        host: &str,
        kind: Option<&str>,
    ) -> Result<(), Trouble> {
        let host = host.to_owned();
        if head.is_empty() && self.job.bytes != Some(0) {
            return Err(match total {
                Some(total) if total > 0 => {
                    Trouble::passing(DownloadError::BrokeOff { host, bytes: 0, total: Some(total) })
                }
                _ => Trouble::Refused(DownloadError::Empty { host }),
            });
        }
        let total = if whole { Some(head.len() as u64) } else { total };
        // The name tells whether a text is expected; that of an archive's member doesn't.
        let target = if self.job.member.is_some() { Path::new("archive.zip") } else { &self.job.target };
        let error = match impostor(kind, head, total, target) {
            None => return Ok(()),
            Some(Impostor::LfsPointer) => DownloadError::LfsPointer { host },
            Some(Impostor::Page { what, says }) => DownloadError::NotTheFile { host, what, says },
        };
        Err(Trouble::Refused(error))
    }
}
