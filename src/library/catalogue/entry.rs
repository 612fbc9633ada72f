//! An entry of the catalogue: one model, its addresses and what its licence permits.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use ureq::http::Uri;

use crate::library::names;
use crate::model::sidecar::Sidecar;
use crate::model::{Family, Task};

/// Start of addresses that [`Mirrors::hub`] replaces: the public model hub.
const HUB: &str = "https://huggingface.co/";

/// What a licence permits, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permits {
    /// Use, change and sell, with a notice.
    Commercial,
    /// The same, if what is built with it is published under the same licence.
    Copyleft,
    /// Research and private use.
    NonCommercial,
    /// The project says nothing.
    Unstated,
}

impl Permits {
    /// Whether the user must see the licence before the model is downloaded.
    #[must_use]
    pub fn needs_a_look(self) -> bool {
        self != Self::Commercial
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Commercial => "free for any use, with its notice",
            Self::Copyleft => {
                "copyleft: a program that ships or serves it must be published under the same licence"
            }
            Self::NonCommercial => "not for commercial use",
            Self::Unstated => {
                "its project states no licence: ask before you share or sell anything made with it"
            }
        }
    }
}

/// How the numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    Fp32,
    Fp16,
    Int8,
}

impl Precision {
    /// As lists show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        }
    }
}

/// How good a model is, as its makers published it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {
    /// "COCO val AP", "ImageNet top-1", …
    pub metric: String,
    pub value: f64,
    /// The page that says so.
    pub source: String,
}

/// The place of a model in a course on deep learning, and what such a course says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classic {
    /// Its place in the course, from 1; gaps are allowed.
    pub order: u32,
    /// The year of the paper.
    pub year: u16,
    /// The address of the paper.
    pub paper: String,
    /// How many numbers were trained.
    pub parameters: Option<f64>,
}

impl Classic {
    /// The number of parameters for people: `61.0 M`.
    #[must_use]
    pub fn parameters_shown(&self) -> Option<String> {
        self.parameters.map(|n| format!("{:.1} M", n / 1e6))
    }
}

/// The hash of a file that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Hash {
    /// SHA-256, hex, lower case.
    Sha256(String),
    /// Nobody has computed it yet; the first download pins it.
    Unverified,
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "unverified" {
            return Ok(Self::Unverified);
        }
        let hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if hex {
            Ok(Self::Sha256(text.to_ascii_lowercase()))
        } else {
            Err("a sha256 is 64 hex digits, or the word \"unverified\"".into())
        }
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        match hash {
            Hash::Sha256(hex) => hex,
            Hash::Unverified => "unverified".into(),
        }
    }
}

impl Hash {
    /// The digits, if they are known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Sha256(hex) => Some(hex),
            Self::Unverified => None,
        }
    }
}

/// A model that can be downloaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CatalogueEntry {
    pub id: String,
    pub name: String,
    pub name_zh: Option<String>,
    pub task: Task,
    pub family: Family,
    /// The file name that it gets.
    pub file: String,
    /// The project's own page, which names the address.
    pub source: String,
    pub url: String,
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// The file inside, if the address is an archive.
    pub member: Option<String>,
    /// The SHA-256 of that file, if somebody has looked: `sha256` is the archive's.
    pub member_sha256: Option<Hash>,
    /// Size of the downloaded file in bytes.
    pub bytes: Option<u64>,
    pub sha256: Hash,
    /// All hashes, if the address is known with several contents; `sha256` is `unverified` then.
    #[serde(default)]
    pub known: Vec<Hash>,
    /// SPDX expression.
    pub licence: String,
    pub permits: Permits,
    /// Width and height of the input.
    pub input: Option<(u32, u32)>,
    #[serde(default)]
    pub precision: Precision,
    /// One model in several precisions shares it.
    pub group: Option<String>,
    pub accuracy: Option<Accuracy>,
    /// The bundled list of its labels.
    pub labels: Option<String>,
    /// It belongs to the models that a beginner should try first.
    #[serde(default)]
    pub starter: bool,
    pub classic: Option<Classic>,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub note_zh: String,
    /// Settings that its file can't tell.
    #[serde(default)]
    pub read: Sidecar,
}

impl CatalogueEntry {
    /// Whether this is a known hash of its file.
    #[must_use]
    pub fn is_known_as(&self, sha256: &str) -> bool {
        self.hashes().any(|hash| hash == sha256)
    }

    /// Every published hash of its file; none if nobody has published one.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.sha256).chain(&self.known).filter_map(Hash::known)
    }

    /// Whether a download can be compared with a published hash.
    #[must_use]
    pub fn is_hashed(&self) -> bool {
        self.hashes().next().is_some()
    }

    /// The addresses to try, in order: the user's mirrors, the project's own address, other mirrors.
    #[must_use]
    pub fn addresses(&self, mirrors: &Mirrors) -> Vec<String> {
        let mut addresses = self.own_addresses(mirrors);
        for address in std::iter::once(&self.url).chain(&self.mirrors) {
            addresses.extend(mirrors.of_hub(address));
            addresses.push(address.clone());
        }
        let mut seen = std::collections::HashSet::new();
        addresses.retain(|a| seen.insert(a.clone()));
        addresses
    }

    /// Those of the addresses that lie where the user said: at their own mirrors, and at the one in place of the hub.
    #[must_use]
    pub fn trusted_addresses(&self, mirrors: &Mirrors) -> Vec<String> {
        let files = std::iter::once(&self.url).chain(&self.mirrors);
        self.own_addresses(mirrors).into_iter().chain(files.filter_map(|f| mirrors.of_hub(f))).collect()
    }

    fn own_addresses(&self, mirrors: &Mirrors) -> Vec<String> {
        // The downloader finds the file in a folder by itself.
        let place = |base: &String| {
            if base.contains("://") {
                format!("{}/{}", base.trim_end_matches('/'), self.remote_name())
            } else {
                base.clone()
            }
        };
        mirrors.own.iter().map(place).collect()
    }

    /// The name of the downloaded file: a mirror's folder holds archives as they are published.
    fn remote_name(&self) -> &str {
        if self.member.is_none() {
            return &self.file;
        }
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(&self.file)
    }

    /// Returns what is wrong with it, as the end of a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        let id = !self.id.is_empty()
            && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        if !id {
            return Err("its id must be of lower-case letters, digits, dots and dashes".into());
        }
        if names::safe(&self.file) != self.file
            || Path::new(&self.file).extension().is_none_or(|e| e != "onnx")
        {
            return Err("its file must be a plain name that ends in .onnx".into());
        }
        if let Some(bad) = std::iter::once(&self.url).chain(&self.mirrors).find(|a| !is_address(a)) {
            return Err(format!("\u{201c}{}\u{201d} is no http, https or file address", names::shown(bad)));
        }
        let archive = self.url.split(['?', '#']).next().unwrap_or_default();
        let is_archive = [".zip", ".whl"].iter().any(|e| archive.ends_with(e));
        if is_archive != self.member.is_some() {
            return Err("an archive (.zip, .whl) needs a member, and nothing else has one".into());
        }
        self.read.check().map_err(|error| error.to_string())
    }
}

fn is_address(text: &str) -> bool {
    ["https://", "http://", "file://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

impl fmt::Display for CatalogueEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Other places to download models from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// Folders or addresses that hold files under their catalogue names.
    pub own: Vec<String>,
    /// In place of `https://huggingface.co`.
    pub hub: Option<String>,
}

impl Mirrors {
    /// The address in place of one at the hub.
    fn of_hub(&self, address: &str) -> Option<String> {
        let (hub, path) = (self.hub.as_ref()?, address.strip_prefix(HUB)?);
        Some(format!("{}/{path}", hub.trim_end_matches('/')))
    }

    /// The settings' own mirror, then `SIGHTLINE_MIRROR` (a folder or an address); in place of the hub `HF_ENDPOINT`, or else
    /// what the settings name.
    #[must_use]
    pub fn of_environment(own: Option<&str>, hub: Option<&str>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let own = own.map(str::to_owned).into_iter().chain(variable("SIGHTLINE_MIRROR")).collect();
        let chosen = hub.and_then(|text| hub_address(text).ok()).flatten();
        Self { own, hub: variable(HUB_VARIABLE).or(chosen) }
    }
}

/// The environment variable that names a mirror of Hugging Face, as for its own tools.
pub const HUB_VARIABLE: &str = "HF_ENDPOINT";

/// The address of a mirror of Hugging Face as a user types it: `hf-mirror.com` means `https://hf-mirror.com`. Nothing typed
/// means no mirror.
///
/// # Errors
/// [`NoHubAddress`], for what is no web address.
pub fn hub_address(text: &str) -> Result<Option<String>, NoHubAddress> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Ok(None);
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let address = format!("{}://{rest}", scheme.to_ascii_lowercase());
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let is_host = (host.contains('.') || host == "localhost")
        && host.split('.').all(|part| !part.is_empty())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let plain = !rest.contains(['?', '#', '@']) && address.parse::<Uri>().is_ok();
    if ["https", "http"].contains(&scheme.to_ascii_lowercase().as_str()) && is_host && plain {
        Ok(Some(address))
    } else {
        Err(NoHubAddress { text: names::shown(text).into_owned() })
    }
}

/// A text that can't be the address of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\u{201c}{text}\u{201d} isn't the address of a mirror; one looks like https://hf-mirror.com.")]
pub struct NoHubAddress {
    pub text: String,
}
