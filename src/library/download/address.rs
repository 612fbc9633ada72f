//! Where a file comes from: a web address, a file, or an offline folder.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use ureq::http::Uri;

use super::error::DownloadError;
use crate::library::names::excerpt;
use crate::server::is_loopback;

/// An address that a download can use.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// An `http://` or `https://` address.
    Web(Uri),
    /// A file of this computer, or of a disk that it reaches.
    File(PathBuf),
}

impl Address {
    /// Reads an address. If it is a folder, the file in it is taken that has the first of `names`.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, DownloadError> {
        let text = text.trim();
        let bad = |reason: &str| DownloadError::BadAddress {
            address: without_secrets(text),
            reason: reason.into(),
        };
        let path = match text.split_once("://") {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "http" | "https" => {
                    let text = text.split('#').next().unwrap_or_default();
                    let uri: Uri = text.parse().map_err(|_| bad("it isn't a web address"))?;
                    return match host_of(&uri) {
                        Some(_) => Ok(Self::Web(uri)),
                        None => Err(bad("it names no server")),
                    };
                }
                "file" => file_path(rest).ok_or_else(|| bad("it names no file of this computer"))?,
                _ => return Err(bad("only http, https and file addresses can be used")),
            },
            None if text.is_empty() => return Err(bad("it is empty")),
            None => PathBuf::from(text),
        };
        if !path.is_dir() {
            return Ok(Self::File(path));
        }
        let candidates: Vec<PathBuf> = names.iter().map(|name| path.join(name)).collect();
        let found = candidates.iter().find(|c| c.is_file()).or(candidates.first());
        Ok(Self::File(found.cloned().unwrap_or(path)))
    }

    /// What is shown for it: the host, or the path.
    pub fn shown(&self) -> String {
        match self {
            Self::Web(uri) => host_of(uri).unwrap_or_default(),
            Self::File(path) => excerpt(&path.to_string_lossy(), 200),
        }
    }

    /// Whether nobody on the way can replace the file: it comes encrypted, or from this computer.
    pub fn is_safe(&self) -> bool {
        match self {
            Self::Web(uri) => is_safe(uri),
            Self::File(_) => true,
        }
    }
}

/// Whether nobody on the way can replace what this address sends.
pub(super) fn is_safe(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https") || uri.host().is_some_and(is_loopback)
}

/// Name and port of a web address, safe to show.
pub(super) fn host_of(uri: &Uri) -> Option<String> {
    let host = uri.host().filter(|h| !h.is_empty())?;
    let port = uri.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
    Some(excerpt(&format!("{host}{port}"), 120))
}

/// Name and port of the server of an address; `None` for a file or folder of this computer.
pub(super) fn server_of(address: &str) -> Option<String> {
    match Address::parse(address, &[]) {
        Ok(Address::Web(uri)) => host_of(&uri),
        _ => None,
    }
}

/// Removes user, password and query from an address, so that it can be shown and written down.
pub(super) fn without_secrets(address: &str) -> String {
    let address = address.trim();
    let Some((scheme, rest)) = address.split_once("://") else { return excerpt(address, 200) };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or_default().rsplit('@').next().unwrap_or_default();
    excerpt(&format!("{scheme}://{host}{}", rest.get(end..).unwrap_or_default()), 300)
}

/// The names under which an offline folder can hold a file: the last part of each address, then the target's own name
/// (`None` if the target is taken out of an archive).
pub(super) fn file_names(addresses: &[String], target: Option<&Path>) -> Vec<String> {
    let last_parts = addresses.iter().filter_map(|address| {
        let path = address.split_once("://")?.1.split(['?', '#']).next()?;
        Some(percent_decode_str(path.rsplit_once('/')?.1).decode_utf8().ok()?.into_owned())
    });
    let own = target.and_then(Path::file_name).and_then(|n| n.to_str()).map(str::to_owned);
    let mut names: Vec<String> = Vec::new();
    for name in last_parts.chain(own) {
        let plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\\', '\0']);
        if plain && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The path of `file:///…` or `file://localhost/…` (RFC 8089), given what follows `file://`.
fn file_path(rest: &str) -> Option<PathBuf> {
    let (host, path) = rest.split_at(rest.find('/')?);
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // file:///C:/models
    let drive = cfg!(windows) && path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if drive { path.get(1..)? } else { &path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_an_address_are_never_shown() {
        assert_eq!(without_secrets("https://me:pw@h.org:8/a/b.onnx?token=1#x"), "https://h.org:8/a/b.onnx");
        assert_eq!(without_secrets("https://h.org"), "https://h.org");
        let address = Address::parse("https://me:pw@h.org:8/a?b=c#d", &[]).unwrap();
        assert_eq!(address.shown(), "h.org:8");
        let Address::Web(uri) = address else { panic!() };
        assert_eq!(uri.path_and_query().map(ToString::to_string).as_deref(), Some("/a?b=c"));
    }

    #[test]
    fn files_and_folders_are_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b.onnx");
        std::fs::write(&file, "x").unwrap();
        let names = file_names(&["https://h.org/x/a%20b.onnx?download=true".into()], None);
        assert_eq!(names, ["a b.onnx"]);
        let path = |text: &str| match Address::parse(text, &names) {
            Ok(Address::File(path)) => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path(&folder.path().to_string_lossy()), file);
        if cfg!(unix) {
            assert_eq!(path(&format!("file://{}/a%20b.onnx", folder.path().display())), file);
            assert_eq!(path(&format!("file://localhost{}", folder.path().display())), file);
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_not_looked_up() {
        let addresses = ["https://h.org/..%2f..%2fetc%2fpasswd", "https://h.org/..", "https://h.org/", "x"];
        assert!(file_names(&addresses.map(String::from), None).is_empty());
    }

    #[test]
    fn a_text_that_is_no_address_is_refused() {
        for bad in ["", "ftp://h.org/a", "http://", "https:///a", "file://other/a", "file://", "http://a b/"]
        {
            let error = Address::parse(bad, &[]).unwrap_err();
            assert!(matches!(error, DownloadError::BadAddress { .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn plain_http_is_safe_only_within_this_computer() {
        for (address, safe) in [
            ("https://h.org/a", true),
            ("http://h.org/a", false),
            ("http://127.0.0.1:80/a", true),
            ("http://[::1]/a", true),
            ("http://localhost/a", true),
            ("http://localhost.h.org/a", false),
            ("http://10.0.0.1/a", false),
        ] {
            assert_eq!(Address::parse(address, &[]).unwrap().is_safe(), safe, "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(https?://|file://)?.{0,60}") {
            let _ = Address::parse(&text, &[]);
            let _ = without_secrets(&text);
            let _ = file_names(&[text], Some(Path::new("x")));
        }
    }
}
