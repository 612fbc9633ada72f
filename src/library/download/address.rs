//! Where a file comes from: a web address, a file, or an offline folder.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ureq::http::Uri;

use super::error::DownloadError;
use super::text::shown;

/// An address that a download may use.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Web(Web),
    /// A file of this computer, or of a disk that it reaches.
    File(PathBuf),
}

/// An http or https address.
#[derive(Clone, Debug)]
pub(super) struct Web {
    pub uri: Uri,
    /// Name and, where given, port; without user and password.
    pub host: String,
}

impl Address {
    /// Reads an address. In a folder, the file is looked up by one of `names`, the first that is there.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, DownloadError> {
        let bad = |reason: &str| DownloadError::BadAddress { address: public(text), reason: reason.into() };
        let text = text.trim();
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        if has_scheme(text, "http://") || has_scheme(text, "https://") {
            let uri: Uri = text
                .split('#')
                .next()
                .unwrap_or_default()
                .parse()
                .map_err(|e: ureq::http::uri::InvalidUri| bad(&e.to_string()))?;
            let host = host_of(&uri).ok_or_else(|| bad("it names no server"))?;
            return Ok(Self::Web(Web { uri, host }));
        }
        let path = if has_scheme(text, "file://") {
            file_path(text).ok_or_else(|| bad("it names no file of this computer"))?
        } else if text.split_once("://").is_some() {
            return Err(bad("only http, https and file are understood"));
        } else {
            PathBuf::from(text)
        };
        Ok(Self::File(in_folder(path, names)))
    }

    /// What is shown for it: the host, or the path.
    pub fn host(&self) -> String {
        match self {
            Self::Web(web) => web.host.clone(),
            Self::File(path) => shown(&path.to_string_lossy(), 200),
        }
    }

    /// Whether the way is safe from those who would swap the file: encrypted, or within this computer.
    pub fn is_safe(&self) -> bool {
        match self {
            Self::Web(web) => is_safe(&web.uri),
            Self::File(_) => true,
        }
    }
}

/// Whether nobody on the way can swap what comes from here.
pub(super) fn is_safe(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https") || uri.host().is_some_and(is_loopback)
}

/// This computer itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Name and port of a web address, fit to be shown.
pub(super) fn host_of(uri: &Uri) -> Option<String> {
    let host = uri.host().filter(|h| !h.is_empty())?;
    let port = uri.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
    Some(shown(&format!("{host}{port}"), 120))
}

/// An address without user, password and query, to be shown or written down.
pub(super) fn public(address: &str) -> String {
    let address = address.trim();
    let Some((scheme, rest)) = address.split_once("://") else { return shown(address, 200) };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, p)| (a, Some(p)));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let path = path.map(|p| format!("/{p}")).unwrap_or_default();
    shown(&format!("{scheme}://{authority}{path}"), 300)
}

/// The names under which an offline folder may hold a file: the last part of each address; then, where the file
/// isn't taken out of an archive, the target's own name.
pub(super) fn names(addresses: &[String], target: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let last_parts = addresses.iter().filter_map(|address| {
        let (_, rest) = address.split_once("://")?;
        let path = rest.split(['?', '#']).next()?;
        let (_, name) = path.rsplit_once('/')?;
        decoded(name)
    });
    let own = target.and_then(Path::file_name).and_then(|n| n.to_str()).map(str::to_owned);
    for name in last_parts.chain(own) {
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
        if plain && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A folder becomes the file in it, under the first name that is there.
fn in_folder(path: PathBuf, names: &[String]) -> PathBuf {
    if !path.is_dir() {
        return path;
    }
    let candidates = || names.iter().map(|name| path.join(name));
    candidates().find(|c| c.is_file()).or_else(|| candidates().next()).unwrap_or(path)
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme))
}

/// The path of `file:///…` or `file://localhost/…` (RFC 8089).
fn file_path(text: &str) -> Option<PathBuf> {
    let rest = text.get("file://".len()..)?;
    let slash = rest.find('/')?;
    let (host, path) = rest.split_at(slash);
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return None;
    }
    let path = decoded(path)?;
    // file:///C:/models
    let drive = cfg!(windows) && path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if drive { &path[1..] } else { &path }))
}

/// `%20` becomes a space; `None` where what comes out is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (bytes[at], digit(at + 1), digit(at + 2)) {
            out.push((high << 4 | low) as u8);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_an_address_are_never_shown() {
        assert_eq!(public("https://me:pw@h.org:8/a/b.onnx?token=1#x"), "https://h.org:8/a/b.onnx");
        assert_eq!(public("https://h.org"), "https://h.org");
        let Ok(Address::Web(web)) = Address::parse("https://me:pw@h.org:8/a?b=c#d", &[]) else { panic!() };
        assert_eq!(web.host, "h.org:8");
        assert_eq!(web.uri.path_and_query().map(ToString::to_string).as_deref(), Some("/a?b=c"));
    }

    #[test]
    fn files_and_folders_are_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b.onnx");
        std::fs::write(&file, "x").unwrap();
        let names = names(&["https://h.org/x/a%20b.onnx?download=true".into()], None);
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
        assert!(names(&addresses.map(String::from), None).is_empty());
    }

    #[test]
    fn what_is_no_address_is_refused() {
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
        fn any_words_are_read_without_a_panic(text in "(https?://|file://)?.{0,60}") {
            let _ = Address::parse(&text, &[]);
            let _ = public(&text);
            let _ = names(&[text], Some(Path::new("x")));
        }
    }
}
