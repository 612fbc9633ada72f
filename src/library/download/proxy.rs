//! The proxy of a download. ureq reads its address; which variable of the environment holds is decided here, because
//! ureq takes `ALL_PROXY` before the scheme's own, passes over an invalid address without a word, doesn't apply
//! `NO_PROXY=example.org` to `files.example.org`, as curl does, and knows no networks (`10.0.0.0/8`).

use std::net::IpAddr;

use ipnet::IpNet;
use ureq::Proxy;
use ureq::http::Uri;

use super::address::without_secrets;
use super::error::DownloadError;
use crate::server::is_loopback;

/// The proxy that downloads use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// The one of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.
    #[default]
    Environment,
    /// This one, an `http://`, `socks4://` or `socks5://` address.
    Address(String),
}

impl ProxyChoice {
    /// Returns the proxy for an address; this computer itself is always reached without one.
    pub(crate) fn proxy(&self, uri: &Uri) -> Result<Option<Proxy>, DownloadError> {
        match self {
            _ if uri.host().is_some_and(is_loopback) => Ok(None),
            Self::Address(address) => parse(address).map(Some),
            Self::Environment => from_environment(uri, |name| std::env::var(name).ok()),
        }
    }
}

fn from_environment(
    uri: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, DownloadError> {
    let either = |name: &str| {
        let names = [name.to_owned(), name.to_ascii_uppercase()];
        names.iter().find_map(|n| variable(n).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()))
    };
    let own = if uri.scheme_str() == Some("https") { "https_proxy" } else { "http_proxy" };
    let Some(address) = either(own).or_else(|| either("all_proxy")) else { return Ok(None) };
    let host = uri.host().unwrap_or_default();
    if either("no_proxy").is_some_and(|list| list.split([',', ' ']).any(|entry| excepts(entry, host))) {
        return Ok(None);
    }
    parse(&address).map(Some)
}

/// Whether an entry of `NO_PROXY` names this host: `*`, an address, a network (`10.0.0.0/8`, `fd00::/8`), or a domain with
/// those below it; each of them with or without a port, which isn't compared.
fn excepts(entry: &str, host: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let host = bare(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        let without_port = match entry.rsplit_once(':') {
            Some((before, _)) if before.ends_with(']') || !before.contains(':') => before,
            _ => entry,
        };
        let named = bare(without_port);
        return entry == "*"
            || named.parse::<IpAddr>().is_ok_and(|named| named == address)
            || named.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
    }
    let entry = entry.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let domain = entry.trim_start_matches("*.").trim_start_matches('.');
    entry == "*" || (!domain.is_empty() && (host == domain || host.ends_with(&format!(".{domain}"))))
}

fn parse(address: &str) -> Result<Proxy, DownloadError> {
    let proxy = Proxy::new(address).ok().filter(|p| matches!(p.uri().path(), "" | "/"));
    proxy.ok_or_else(|| DownloadError::Proxy {
        proxy: Some(without_secrets(address)),
        reason: "its address isn't understood".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str, variables: &[(&str, &str)]) -> Option<String> {
        let find = |name: &str| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned());
        let proxy = from_environment(&address.parse().unwrap(), find).unwrap();
        proxy.map(|p| format!("{}:{}", p.host(), p.port()))
    }

    #[test]
    fn the_environment_names_the_proxy() {
        let both = [("HTTPS_PROXY", "http://secure:1"), ("http_proxy", "http://plain:2")];
        assert_eq!(chosen("https://h.org/", &both).as_deref(), Some("secure:1"));
        assert_eq!(chosen("http://h.org/", &both).as_deref(), Some("plain:2"));
        assert_eq!(chosen("http://h.org/", &[("ALL_PROXY", "socks5://s:3")]).as_deref(), Some("s:3"));
        assert_eq!(chosen("https://h.org/", &[("HTTPS_PROXY", "")]), None);
        let with_password = [("HTTPS_PROXY", "http://u:p@secure:1")];
        assert_eq!(chosen("https://h.org/", &with_password).as_deref(), Some("secure:1"));
    }

    #[test]
    fn no_proxy_excepts_hosts_and_their_subdomains() {
        let with =
            |no: &str, address: &str| chosen(address, &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", no)]);
        for no in ["*", "h.org", ".h.org", "a.org, h.org", "*.h.org", "H.ORG:443"] {
            assert_eq!(with(no, "https://files.h.org/"), None, "{no}");
        }
        assert!(with("h.org", "https://nach.org/").is_some());
        assert!(with("org.h", "https://h.org/").is_some());
    }

    #[test]
    fn no_proxy_excepts_addresses_and_networks_of_both_kinds() {
        let with =
            |no: &str, address: &str| chosen(address, &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", no)]);
        for (no, address) in [
            ("10.1.2.3", "https://10.1.2.3/"),
            ("10.1.2.3:443", "https://10.1.2.3/"),
            ("192.168.0.0/16, 10.0.0.0/8", "https://10.1.2.3:8443/"),
            ("fd00::/8", "https://[fd12::1]/"),
            ("fd12::1", "https://[fd12::1]/"),
            ("[fd12::1]", "https://[FD12::1]:8443/"),
            ("[fd12::1]:8443", "https://[fd12::1]:8443/"),
            ("*", "https://[fd12::1]/"),
        ] {
            assert_eq!(with(no, address), None, "{no} {address}");
        }
        for (no, address) in [
            ("10.0.0.0/8", "https://11.1.2.3/"),
            ("10.0.0.0/8", "https://h.org/"),
            ("fd00::/8", "https://[fe80::1]/"),
            ("fd12::2", "https://[fd12::1]/"),
            ("fd12", "https://[fd12::1]/"),
            ("10.0.0.0/99", "https://10.1.2.3/"),
            ("2.3", "https://10.1.2.3/"),
        ] {
            assert!(with(no, address).is_some(), "{no} {address}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_named_without_its_password() {
        let error = from_environment(&"https://h.org/".parse().unwrap(), |n| {
            (n == "HTTPS_PROXY").then(|| "ftp://me:secret@h.org/x".to_owned())
        })
        .unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.fix().contains("HTTPS_PROXY"));
    }
}
