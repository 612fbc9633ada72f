//! Addresses of models on servers: `oip://host:8000/NAME/VERSION`.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The forms of an address, for help and error texts.
pub const ADDRESSES: &str = "oip://HOST:PORT/NAME, oips:// (TLS), grpc:// or grpcs://";

/// What a segment of a path may not contain as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'/')
    .add(b'%')
    .add(b'?')
    .add(b'#')
    .add(b'@')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\');

/// Why a text isn't the address of a server or of a model there; each message is a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "\u{201c}{0}\u{201d} isn't the address of an inference server: it begins with none of oip://, oips://, grpc:// and grpcs://."
    )]
    Scheme(String),
    #[error("The address \u{201c}{0}\u{201d} names no host.")]
    Host(String),
    #[error("The address \u{201c}{0}\u{201d} has a port that isn't a number from 1 to 65535.")]
    Port(String),
    #[error("The address \u{201c}{0}\u{201d} names no model.")]
    NoModel(String),
    /// Where that of a server is wanted.
    #[error("\u{201c}{address}\u{201d} is the address of a model, not of a server.")]
    HasModel { address: String, model: String },
    #[error("The address \u{201c}{0}\u{201d} has more parts than a model's name and version.")]
    TooLong(String),
    #[error(
        "The address of an inference server can't contain a password, \u{201c}?\u{201d} or \u{201c}#\u{201d}."
    )]
    Extra,
}

impl AddressError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoModel(address) => {
                let server = address.trim_end_matches('/');
                format!("Add the model's name: {server}/NAME. \u{201c}sightline models list --server {server}\u{201d} lists them.")
            }
            Self::HasModel { model, .. } => format!("Leave out \u{201c}/{model}\u{201d}."),
            Self::Extra => "Save a token for the server instead: \u{201c}sightline models servers add ADDRESS --token-file FILE\u{201d}.".into(),
            _ => format!("Write {ADDRESSES}."),
        }
    }
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// HTTP.
    Oip,
    /// HTTP over TLS.
    Oips,
    Grpc,
    /// gRPC over TLS.
    Grpcs,
}

impl Scheme {
    /// All of them, the most usual first.
    pub const ALL: [Self; 4] = [Self::Oip, Self::Oips, Self::Grpc, Self::Grpcs];

    /// What an address begins with, without `://`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oip => "oip",
            Self::Oips => "oips",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
        }
    }

    /// Whether requests are encrypted.
    #[must_use]
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Oips | Self::Grpcs)
    }

    /// Whether gRPC is spoken.
    #[must_use]
    pub fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::Grpcs)
    }

    /// The port of an address that names none: Triton's ports, and 443 with TLS.
    fn usual_port(self) -> u16 {
        match self {
            Self::Oip => 8000,
            Self::Grpc => 8001,
            Self::Oips | Self::Grpcs => 443,
        }
    }
}

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerAddress {
    pub scheme: Scheme,
    /// A name or an IP address; IPv6 in brackets.
    pub host: String,
    pub port: u16,
}

/// The address of a model on a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelAddress {
    pub server: ServerAddress,
    pub model: String,
    /// `None`: the version that the server chooses.
    pub version: Option<String>,
}

/// Whether this is meant as the address of a model on a server, and not as a file.
#[must_use]
pub fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| scheme_of(text).is_some())
}

/// Whether a host, as an address names it, is this computer.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn scheme_of(text: &str) -> Option<(Scheme, &str)> {
    let (name, rest) = text.split_once("://")?;
    Scheme::ALL
        .into_iter()
        .find(|scheme| name.eq_ignore_ascii_case(scheme.name()))
        .map(|scheme| (scheme, rest))
}

/// The server of an address, and what comes after it.
fn server_of(text: &str) -> Result<(ServerAddress, &str), AddressError> {
    let text = text.trim();
    let (scheme, rest) = scheme_of(text).ok_or_else(|| AddressError::Scheme(text.to_owned()))?;
    if rest.contains(['?', '#', '@']) {
        return Err(AddressError::Extra);
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((host, port)) if !port.contains(']') => {
            let port = port.parse().ok().filter(|port| *port > 0);
            (host, port.ok_or_else(|| AddressError::Port(text.to_owned()))?)
        }
        _ => (authority, scheme.usual_port()),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(is_name),
    };
    if !is_host {
        return Err(AddressError::Host(text.to_owned()));
    }
    Ok((ServerAddress { scheme, host: host.to_lowercase(), port }, path))
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (server, path) = server_of(text)?;
        let model = path.trim_matches('/');
        if model.is_empty() {
            Ok(server)
        } else {
            Err(AddressError::HasModel { address: text.to_owned(), model: model.to_owned() })
        }
    }
}

impl TryFrom<String> for ServerAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<ServerAddress> for String {
    fn from(address: ServerAddress) -> Self {
        address.to_string()
    }
}

impl FromStr for ModelAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (server, path) = server_of(text)?;
        let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let mut parts = path.trim_end_matches('/').split('/').map(decode);
        let model = parts.next().filter(|name| !name.is_empty());
        let model = model.ok_or_else(|| AddressError::NoModel(text.to_owned()))?;
        let version = parts.next();
        if parts.next().is_some() || version.as_ref().is_some_and(String::is_empty) {
            return Err(AddressError::TooLong(text.to_owned()));
        }
        Ok(Self { server, model, version })
    }
}

impl ServerAddress {
    /// Whether the server is this computer, as far as its address tells.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The address as HTTP writes it: `http://host:8000`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.scheme.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// A model on this server.
    #[must_use]
    pub fn model(&self, name: impl Into<String>) -> ModelAddress {
        ModelAddress { server: self.clone(), model: name.into(), version: None }
    }
}

impl ModelAddress {
    /// The address in a path, where one is given instead of a file.
    ///
    /// # Errors
    /// If it is an address and something in it is wrong.
    pub fn of_path(path: &Path) -> Result<Option<Self>, AddressError> {
        match path.to_str() {
            Some(text) if scheme_of(text).is_some() => text.parse().map(Some),
            _ => Ok(None),
        }
    }

    /// The address where a file's path is expected.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        self.to_string().into()
    }

    /// `/v2/models/NAME` or `/v2/models/NAME/versions/VERSION`.
    #[must_use]
    pub fn resource(&self) -> String {
        let segment = |text| utf8_percent_encode(text, SEGMENT);
        match &self.version {
            Some(version) => format!("/v2/models/{}/versions/{}", segment(&self.model), segment(version)),
            None => format!("/v2/models/{}", segment(&self.model)),
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

impl fmt::Display for ModelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, utf8_percent_encode(&self.model, SEGMENT))?;
        match &self.version {
            Some(version) => write!(f, "/{}", utf8_percent_encode(version, SEGMENT)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(text: &str) -> Result<ModelAddress, AddressError> {
        text.parse()
    }

    #[test]
    fn addresses_are_read_and_written() {
        for (text, shown) in [
            ("oip://host:8000/yolo", "oip://host:8000/yolo"),
            ("OIP://Host/yolo/3/", "oip://host:8000/yolo/3"),
            ("oips://lab.example.org/yolo", "oips://lab.example.org:443/yolo"),
            ("grpc://[::1]/yolo", "grpc://[::1]:8001/yolo"),
            ("grpcs://10.0.0.1:9/a%20b", "grpcs://10.0.0.1:9/a%20b"),
            ("oip://host/a%40b/1%402", "oip://host:8000/a%40b/1%402"),
            ("oip://host/模型", "oip://host:8000/%E6%A8%A1%E5%9E%8B"),
        ] {
            let address = model(text).expect(text);
            assert_eq!(address.to_string(), shown);
            assert_eq!(model(shown), Ok(address.clone()), "{shown}");
            assert_eq!(ModelAddress::of_path(&address.to_path()), Ok(Some(address)));
        }
        assert_eq!(model("oip://host/模型").expect("read").model, "模型");
        assert_eq!(model("oip://h/a%2Fb").expect("read").resource(), "/v2/models/a%2Fb");
        assert_eq!(model("oip://h/a/2").expect("read").resource(), "/v2/models/a/versions/2");
    }

    #[test]
    fn wrong_addresses_say_what_is_wrong() {
        let text = |text: &str| model(text).expect_err(text).to_string();
        assert!(text("http://h/a").contains("begins with none of"));
        assert!(text("oip:///a").contains("names no host"));
        assert!(text("oip://h:0/a").contains("port"));
        assert!(text("oip://h:x/a").contains("port"));
        assert!(text("oip://h:8000").contains("names no model"));
        assert!(text("oip://h/").contains("names no model"));
        assert!(text("oip://h/a/1/x").contains("more parts"));
        assert!(text("oip://user:secret@h/a").contains("password"));
        assert!(!text("oip://user:secret@h/a").contains("secret"));
        assert!(text("oip://[::1/a").contains("names no host"));
        let error = "oip://lab:8000/yolo/3/".parse::<ServerAddress>().expect_err("a model");
        assert_eq!(error.fix(), "Leave out \u{201c}/yolo/3\u{201d}.");
        assert!(!is_address(Path::new("C:/models/oip.onnx")));
        assert_eq!(ModelAddress::of_path(Path::new("yolo.onnx")), Ok(None));
    }
}
