//! What a server wants to see before it serves: a token; and what it must show: a certificate.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::ServerError;

/// A bearer token. It isn't shown where it is printed for debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token in a text, such as that of a file; `None` if there is none.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The token itself.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How a server is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub token: Option<Token>,
    /// A file with certificates (PEM) of authorities that are trusted besides those of the system.
    pub ca: Option<PathBuf>,
}

/// Certificates of authorities, with their file.
pub(super) struct Certificates<'a> {
    path: &'a Path,
    pub pem: Vec<u8>,
}

impl Certificates<'_> {
    /// The file can't be used.
    pub fn bad(&self, reason: &str) -> ServerError {
        bad(self.path, reason)
    }
}

fn bad(path: &Path, reason: &str) -> ServerError {
    ServerError::BadCertificateFile {
        path: path.display().to_string(),
        reason: reason.trim_end_matches('.').into(),
    }
}

impl Access {
    /// The certificates of its own authorities; `None` if it has none.
    pub(super) fn certificates(&self) -> Result<Option<Certificates<'_>>, ServerError> {
        /// Longer than the list of all authorities of the web.
        const MOST: u64 = 8 << 20;
        let Some(path) = self.ca.as_deref() else { return Ok(None) };
        let pem = crate::whole_file::read(path, MOST).map_err(|error| bad(path, &error.to_string()))?;
        if !pem.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
            return Err(bad(path, "it holds no certificate"));
        }
        Ok(Some(Certificates { path, pem }))
    }
}
