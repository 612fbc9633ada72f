//! The errors of downloads: each message says what happened, each [`DownloadError::fix`] what to do.
//!
//! Texts of servers are escaped and shortened before they get here; addresses are hosts, without passwords or tokens.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::partial::PartialDownload;
use super::sha256::Sha256;
pub(super) use crate::library::names::size;

/// Why a file couldn't be downloaded.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DownloadError {
    /// The job names no address.
    #[error("No address is known for \u{201c}{id}\u{201d}.")]
    NoAddress { id: String },
    /// Neither an http, https or file address, nor a path.
    #[error("\u{201c}{address}\u{201d} is not an address to download from: {reason}.")]
    BadAddress { address: String, reason: String },
    /// Plain http, and no hash to notice a replaced file by.
    #[error("{host} would send the file over plain http, and no SHA-256 is known to check it.")]
    PlainHttp { host: String },
    /// This computer has no way to any other.
    #[error("No internet connection.")]
    Offline,
    /// The server's name can't be looked up, or nothing listens there.
    #[error("{host} can't be reached: {reason}.")]
    Unreachable { host: String, reason: String },
    /// The certificate is wrong, or the handshake failed.
    #[error("No secure connection to {host}: {reason}.")]
    Insecure { host: String, reason: String },
    /// The proxy's address is wrong or the proxy refuses.
    #[error("The proxy{} can't be used: {reason}.", proxy.as_deref().map(|p| format!(" {p}")).unwrap_or_default())]
    Proxy { proxy: Option<String>, reason: String },
    /// Nothing arrived for a while.
    #[error("{host} sent nothing for {} s.", after.as_secs().max(1))]
    Stalled { host: String, after: Duration },
    /// The connection ended before the file did.
    #[error("The connection to {host} broke off after {}{}.", size(*bytes), total.map(|t| format!(" of {}", size(t))).unwrap_or_default())]
    BrokeOff { host: String, bytes: u64, total: Option<u64> },
    /// The response isn't HTTP.
    #[error("{host} doesn't answer as a web server should: {reason}.")]
    Garbled { host: String, reason: String },
    /// A status other than success.
    #[error("{host} answered {code}{}.", reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default())]
    Status { host: String, code: u16, reason: Option<String> },
    /// Too many requests, or overloaded: it can be asked again later.
    #[error("{host} is overloaded or allows no more requests now (it answered {code}{}).", wait.map(|w| format!(" and asks to wait {} s", w.as_secs())).unwrap_or_default())]
    Overloaded { host: String, code: u16, wait: Option<Duration> },
    /// Redirected in circles or too often.
    #[error("{host} redirects without end.")]
    Redirects { host: String },
    /// A page instead of the file.
    #[error("{host} sent {what} instead of the file{}.", says.as_deref().map(|s| format!(": \u{201c}{s}\u{201d}")).unwrap_or_default())]
    NotTheFile { host: String, what: &'static str, says: Option<String> },
    /// The small text in place of a large file in a Git repository.
    #[error("{host} sent a Git LFS pointer, a small text in place of the file.")]
    LfsPointer { host: String },
    /// The sign-in page of a hotel's or university's network.
    #[error("A sign-in page of the network ({host}) answered instead of the server.")]
    Portal { host: String },
    /// Compressed, which wasn't requested.
    #[error("{host} sends the file compressed as \u{201c}{encoding}\u{201d}, which wasn't requested.")]
    Compressed { host: String, encoding: String },
    /// An empty body.
    #[error("{host} sent an empty file.")]
    Empty { host: String },
    /// The length isn't the known one.
    #[error("{host} offers a file of {found} bytes where {expected} are expected.")]
    WrongLength { host: String, expected: u64, found: u64 },
    /// No length is sent, so that a truncated file couldn't be noticed.
    #[error("{host} doesn't send the length of the file, and neither its size nor its SHA-256 is known.")]
    NoLength { host: String },
    /// More bytes than allowed.
    #[error("{host} sends more than the {} that are allowed.", size(*limit))]
    TooLong { host: String, limit: u64 },
    /// Another range than requested.
    #[error("{host} sent another part of the file than requested ({found}).")]
    WrongRange { host: String, found: String },
    /// The file changed on the server between two requests.
    #[error("The file changed on {host} while it was being downloaded.")]
    Changed { host: String },
    /// A complete file with another hash.
    #[error("The file from {host} isn't the right one: its SHA-256 is {found}, expected was {expected}.")]
    WrongHash { host: String, expected: Sha256, found: Sha256 },
    /// No SHA-256 is known, and the file isn't what is wanted as far as its content tells.
    #[error("{host} sent no whole ONNX model: {reason}.")]
    NotAModel { host: String, reason: String },
    /// Noticed before the download.
    #[error("There isn't enough space in \u{201c}{}\u{201d}: {} are needed, {} are free.", folder.display(), size(*needed), size(*free))]
    NoSpace { folder: PathBuf, needed: u64, free: u64 },
    /// Noticed while writing.
    #[error("The disk of \u{201c}{}\u{201d} is full.", folder.display())]
    DiskFull { folder: PathBuf },
    /// The file system or a quota doesn't allow a file of this size.
    #[error("\u{201c}{}\u{201d} can't become as large as it should: {reason}.", path.display())]
    FileTooLarge { path: PathBuf, reason: String },
    /// The target or its partial file can't be written.
    #[error("\u{201c}{}\u{201d} can't be written: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// Another file is at the target.
    #[error("There is another file at \u{201c}{}\u{201d}.", path.display())]
    Occupied { path: PathBuf },
    /// Another job of this program downloads another file to the same place.
    #[error("Another download already writes to \u{201c}{}\u{201d}.", path.display())]
    TargetTaken { path: PathBuf },
    /// Another program downloads it at this moment.
    #[error("Another Sightline is downloading \u{201c}{}\u{201d} at this moment.", path.display())]
    InUse { path: PathBuf },
    /// A file address or offline folder without the file.
    #[error("\u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFile { path: PathBuf },
    /// It exists but can't be read.
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// The archive can't be read.
    #[error("The archive from {host} can't be opened: {reason}.")]
    BadArchive { host: String, reason: String },
    /// The requested name leads out of the archive.
    #[error("\u{201c}{member}\u{201d} is not the name of a file within an archive.")]
    BadMember { member: String },
    /// The archive doesn't contain it.
    #[error("The archive from {host} holds no \u{201c}{member}\u{201d}{}.", offers.as_deref().map(|o| format!("; it holds {o}")).unwrap_or_default())]
    NoMember { host: String, member: String, offers: Option<String> },
    /// Unpacked, it is larger than allowed.
    #[error("\u{201c}{member}\u{201d} in the archive from {host} unpacks to more than the {} that are allowed.", size(*limit))]
    MemberTooLarge { host: String, member: String, limit: u64 },
    /// No thread can be started, or one crashed.
    #[error("The download couldn't be run: {reason}.")]
    Broken { reason: String },
}

impl DownloadError {
    /// Whether the way to the server is broken, so that every other file from there fails too.
    #[must_use]
    pub fn is_of_connection(&self) -> bool {
        matches!(self, Self::Offline | Self::Unreachable { .. } | Self::Proxy { .. })
    }

    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoAddress { .. } => "Give the address of the file, or a folder that holds it.",
            Self::BadAddress { .. } => "Give an https address, a file:// address or a folder.",
            Self::PlainHttp { .. } => "Use its https address, or give the file's SHA-256.",
            Self::Offline => "Connect to a network and try again.",
            Self::Unreachable { host, .. } if is_of_hub(host) => {
                "Check the network (HTTPS_PROXY if it needs a proxy), or choose a mirror (Settings or HF_ENDPOINT)."
            }
            Self::Unreachable { .. } => {
                "Check the network (HTTPS_PROXY if it needs a proxy), or name a mirror in SIGHTLINE_MIRROR."
            }
            Self::Insecure { .. } => {
                "Check this computer's date and certificates, and sign in to the network if it asks for that."
            }
            Self::Proxy { .. } => "Correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or name the server in NO_PROXY.",
            Self::Stalled { .. } | Self::BrokeOff { .. } => {
                "Try again when the connection is better, or choose a mirror."
            }
            Self::Garbled { .. } => "Check the address and the proxy, or choose a mirror.",
            Self::Status { code, .. } => match code {
                401 | 403 => "Open its page in a browser: you may have to sign in or accept terms; then import the file.",
                404 | 410 => "The file was moved or removed: look for it on the model's page, or choose a mirror.",
                407 => "Put the proxy's user and password into HTTPS_PROXY.",
                451 => "Choose a mirror that may offer it here.",
                500..=599 => "The server has a problem: try again later, or choose a mirror.",
                _ => "Check the address, or choose a mirror.",
            },
            Self::Overloaded { .. } | Self::Empty { .. } => "Try again later, or choose a mirror.",
            Self::Redirects { .. } => "Check the address, or choose a mirror.",
            Self::NotTheFile { .. } => {
                "Open the address in a browser to see what it wants, or choose a mirror."
            }
            Self::LfsPointer { .. } => "Use the address of the file itself (on GitHub and Hugging Face \u{201c}raw\u{201d} becomes \u{201c}resolve\u{201d} or \u{201c}media\u{201d}), or run \u{201c}git lfs pull\u{201d} in the folder.",
            Self::Portal { .. } => "Open a browser, sign in to the network, and try again.",
            Self::Compressed { .. } | Self::WrongRange { .. } | Self::NoLength { .. } => {
                "Choose a mirror, or download it with a browser and import the file."
            }
            Self::WrongLength { .. } => {
                "The file was probably replaced by another version: update the catalogue, or choose a mirror."
            }
            Self::TooLong { .. } => "Check the address: this isn't the file that is expected.",
            Self::Changed { .. } => "Try again.",
            Self::WrongHash { .. } => {
                "It was replaced or tampered with, and none of it was kept: update the catalogue, or choose a mirror."
            }
            Self::NotAModel { .. } => {
                "None of it was kept: try again later, choose a mirror, or download it with a browser and import the model."
            }
            Self::NoSpace { .. } | Self::DiskFull { .. } => {
                "Free some space, or choose another folder for models, and try again."
            }
            Self::FileTooLarge { .. } => {
                "Choose a folder on another disk (a FAT32 disk holds no file of 4 GB), or have the quota raised."
            }
            Self::Unwritable { .. } => "Check that this account may write there, or choose another folder for models.",
            Self::Occupied { .. } => "Move or rename that file, or import it instead.",
            Self::TargetTaken { .. } => "Wait until it is done, or cancel it.",
            Self::InUse { .. } => "Wait until it is done there, or close the other Sightline.",
            Self::NoFile { .. } => "Check the folder's name and that its disk is connected.",
            Self::Unreadable { .. } => "Check that this account may read it.",
            Self::BadArchive { .. } => "Choose a mirror, or download it with a browser and look into it.",
            Self::BadMember { .. } | Self::NoMember { .. } => "Correct the member's name in the catalogue entry.",
            Self::MemberTooLarge { .. } => "Check the catalogue entry: this isn't the file that is expected.",
            Self::Broken { .. } => "Close other programs and try again.",
        }
        .into()
    }
}

/// Whether a server is one of Hugging Face, which the mirror in the settings and `HF_ENDPOINT` stand in for.
#[must_use]
pub fn is_of_hub(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    name == "huggingface.co" || name.ends_with(".huggingface.co")
}

/// A failed download: why, which addresses were tried, and what is left on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The most telling reason: that of the first address, or of this computer.
    pub error: DownloadError,
    /// The partial download that stays on the disk, to be resumed; `None`: nothing stays.
    pub partial: Option<PartialDownload>,
    /// Every address that was tried, without passwords, and its last error.
    pub tried: Vec<(String, DownloadError)>,
}

impl Failure {
    /// The fix for [`Failure::error`].
    #[must_use]
    pub fn fix(&self) -> String {
        self.error.fix()
    }

    /// The error, if there was no network at all.
    pub(super) fn offline(&self) -> Option<&DownloadError> {
        Some(&self.error).filter(|error| **error == DownloadError::Offline)
    }

    /// The servers that were tried and couldn't be reached, each once; none where there is no network at all.
    #[must_use]
    pub fn unreached(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        let errors = std::iter::once(&self.error).chain(self.tried.iter().map(|(_, error)| error));
        for error in errors {
            if let DownloadError::Unreachable { host, .. } = error
                && !hosts.contains(host)
            {
                hosts.push(host.clone());
            }
        }
        hosts
    }

    /// How many addresses failed besides the one that [`Failure::error`] tells of; none where no address can be reached.
    #[must_use]
    pub fn others_tried(&self) -> usize {
        if self.error == DownloadError::Offline { 0 } else { self.tried.len().saturating_sub(1) }
    }
}

impl fmt::Display for Failure {
    /// What happened, and what is kept; without the fix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        match self.others_tried() {
            0 => {}
            1 => write!(f, " One other address failed too.")?,
            n => write!(f, " {n} other addresses failed too.")?,
        }
        self.partial.iter().try_for_each(|partial| write!(f, " {partial}"))
    }
}

impl std::error::Error for Failure {}
