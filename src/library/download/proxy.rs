//! Which proxy a download goes through, as the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
//! `NO_PROXY`, in capitals or not.

use ureq::Proxy;
use ureq::http::Uri;

use super::address::{is_loopback, public};
use super::error::DownloadError;

/// Through what downloads go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the environment's `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one, an `http://`, `socks4://` or `socks5://` address.
    Address(String),
}

impl ProxyChoice {
    /// The proxy for an address; this computer itself is always reached without one.
    pub(super) fn proxy(&self, uri: &Uri) -> Result<Option<Proxy>, DownloadError> {
        if uri.host().is_some_and(is_loopback) {
            return Ok(None);
        }
        match self {
            Self::Direct => Ok(None),
            Self::Address(address) => made(address, &[]).map(Some),
            Self::Environment => from_environment(uri, |name| std::env::var(name).ok()),
        }
    }
}

/// The proxy that the environment's variables name for an address.
fn from_environment(
    uri: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, DownloadError> {
    let either = |name: &str| {
        [name.to_ascii_lowercase(), name.to_owned()]
            .iter()
            .find_map(|n| variable(n).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()))
    };
    let own = if uri.scheme_str() == Some("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    let Some(address) = either(own).or_else(|| either("ALL_PROXY")) else { return Ok(None) };
    let except: Vec<String> = either("NO_PROXY")
        .unwrap_or_default()
        .split([',', ' '])
        .map(|e| e.split(':').next().unwrap_or_default().trim_start_matches('.').to_ascii_lowercase())
        .filter(|e| !e.is_empty())
        .collect();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let excepted =
        |e: &String| e == "*" || host == *e || host.ends_with(&format!(".{}", e.trim_start_matches("*.")));
    if except.iter().any(excepted) {
        return Ok(None);
    }
    made(&address, &except).map(Some)
}

/// The proxy at an address; `except` says for which hosts a redirection leaves it.
fn made(address: &str, except: &[String]) -> Result<Proxy, DownloadError> {
    let bad = |reason: &str| DownloadError::Proxy { proxy: Some(public(address)), reason: reason.into() };
    let parsed = Proxy::new(address).map_err(|_| bad("its address isn't understood"))?;
    if !matches!(parsed.uri().path(), "" | "/") {
        return Err(bad("its address has a path"));
    }
    let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(user) = parsed.username() {
        builder = builder.username(user);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    for host in except {
        builder = builder.no_proxy(host).no_proxy(&format!(".{host}"));
    }
    builder.build().map_err(|_| bad("its address isn't understood"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str, variables: &[(&str, &str)]) -> Option<String> {
        let find = |name: &str| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned());
        from_environment(&address.parse().unwrap(), find)
            .unwrap()
            .map(|p| format!("{}:{}", p.host(), p.port()))
    }

    #[test]
    fn the_environment_is_heeded() {
        let both = [("HTTPS_PROXY", "http://secure:1"), ("http_proxy", "http://plain:2")];
        assert_eq!(chosen("https://h.org/", &both).as_deref(), Some("secure:1"));
        assert_eq!(chosen("http://h.org/", &both).as_deref(), Some("plain:2"));
        assert_eq!(chosen("http://h.org/", &[("ALL_PROXY", "socks5://s:3")]).as_deref(), Some("s:3"));
        assert_eq!(chosen("https://h.org/", &[("HTTPS_PROXY", "")]), None);
        assert_eq!(
            chosen("https://h.org/", &[("HTTPS_PROXY", "http://u:p@secure:1")]).as_deref(),
            Some("secure:1")
        );
    }

    #[test]
    fn no_proxy_excepts_hosts_and_what_is_below_them() {
        let with =
            |no: &str, address: &str| chosen(address, &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", no)]);
        for no in ["*", "h.org", ".h.org", "a.org, h.org", "*.h.org", "H.ORG:443"] {
            assert_eq!(with(no, "https://files.h.org/"), None, "{no}");
        }
        assert!(with("h.org", "https://nach.org/").is_some());
        assert!(with("org.h", "https://h.org/").is_some());
    }

    #[test]
    fn a_proxy_that_makes_no_sense_is_named_without_its_password() {
        let error = from_environment(&"https://h.org/".parse().unwrap(), |n| {
            (n == "HTTPS_PROXY").then(|| "ftp://me:secret@h.org/x".to_owned())
        })
        .unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.fix().contains("HTTPS_PROXY"));
    }
}
