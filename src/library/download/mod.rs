//! Getting a file whole and right, or saying why not.
//!
//! A [`Job`] names a file, its addresses in the order to try, and what is known of it. [`Downloads`] does jobs, a few at
//! once, and tells how far each is. Nothing here knows of the window or the command line.
//!
//! What holds for every job:
//! - The target appears only when the file is whole and, where its SHA-256 is known, right. Until then the bytes lie in
//!   `NAME.part`, with `NAME.part.json` beside it to resume by; whoever stops or fails is told what stays there
//!   ([`Kept`]), and what couldn't be resumed doesn't stay.
//! - A download is resumed with `Range` where the hash will tell whether the pieces belong together, or where the server
//!   promises with `If-Range` that the file is still the same.
//! - Plain `http://` is used where a SHA-256 is known, within this computer, and where [`Job::allow_http`] says so.
//!   Redirections are held to the same.
//! - A passing trouble (a broken connection, an overloaded server) is tried again after a growing wait, at the next
//!   address first; an address that hasn't got the file, or has another, isn't asked again.

mod address;
mod archive;
mod error;
mod hash;
mod headers;
mod local;
mod manager;
mod part;
mod progress;
mod proxy;
mod sniff;
mod space;
mod text;
mod transfer;
mod web;

use std::path::PathBuf;
use std::time::Duration;

pub use error::{DownloadError, Failure};
pub use hash::{NoSha256, Sha256};
pub use manager::{Download, Downloads, State, Ticket};
pub use part::{Kept, discard, unfinished};
pub use progress::{Phase, Progress};
pub use proxy::ProxyChoice;
pub use text::size;

/// A file to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What it is called in messages and lists.
    pub id: String,
    /// Mirrors in the order to try: `https://…`, `http://…`, `file://…`, or the path of a file or of an offline
    /// folder. In a folder the file is looked up under the last part of the other addresses, then under the target's
    /// name.
    pub addresses: Vec<String>,
    /// Size of what is downloaded; anything else is refused.
    pub bytes: Option<u64>,
    /// SHA-256 of what is downloaded; `None`: it is worked out and told in [`Outcome::sha256`], to be pinned.
    pub sha256: Option<Sha256>,
    /// What is downloaded is a `.zip` or `.whl`, and this file in it is wanted.
    pub member: Option<Member>,
    /// Where the file shall lie. Its folder is made where it doesn't exist.
    pub target: PathBuf,
    /// Plain http is allowed though no SHA-256 is known: for a mirror that the user named.
    pub allow_http: bool,
    /// Another file at the target may be replaced.
    pub replace: bool,
}

impl Job {
    /// A job of which no more is known than one address.
    #[must_use]
    pub fn new(id: impl Into<String>, address: impl Into<String>, target: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            addresses: vec![address.into()],
            bytes: None,
            sha256: None,
            member: None,
            target: target.into(),
            allow_http: false,
            replace: false,
        }
    }

    /// The SHA-256 that the file at the target should have, where it is known.
    fn wanted(&self) -> Option<Sha256> {
        self.member.as_ref().map_or(self.sha256, |member| member.sha256)
    }

    /// Whether a swapped file would be noticed.
    fn is_pinned(&self) -> bool {
        self.sha256.is_some() || self.wanted().is_some()
    }
}

/// A file inside the archive that is downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive, with `/`.
    pub path: String,
    /// Its size unpacked; anything else is refused.
    pub bytes: Option<u64>,
    /// Its SHA-256 unpacked.
    pub sha256: Option<Sha256>,
}

/// A file that was got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The target.
    pub path: PathBuf,
    /// SHA-256 of the file at the target.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 and size of the archive that it was taken out of.
    pub archive: Option<(Sha256, u64)>,
    /// The address it came from, without user, password and query; `None`: it was there already.
    pub from: Option<String>,
    pub trust: Trust,
}

/// How we know that a file is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Its SHA-256, or that of its archive, is the one that was known before.
    Verified,
    /// Nobody knew its SHA-256: it is the first seen, and should be pinned and shown as such.
    FirstUse,
}

/// How downloads are done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Downloads at once; the others wait in order.
    pub at_once: usize,
    /// Tries of every address that bring no notable part of the file.
    pub tries: u32,
    /// Wait before the second try; doubled with each, with a random part.
    pub wait: Duration,
    /// No wait between tries is longer, nor is a server heeded that asks for more.
    pub longest_wait: Duration,
    /// For looking up a server's name, and for connecting.
    pub connect_timeout: Duration,
    /// When a server that sends nothing is given up.
    pub idle_timeout: Duration,
    /// Redirections followed.
    pub redirects: u32,
    /// Bytes that a file may have whose size isn't known.
    pub most_bytes: u64,
    /// Bytes that stay free on the disk.
    pub margin: u64,
    pub proxy: ProxyChoice,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            at_once: 2,
            tries: 6,
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
