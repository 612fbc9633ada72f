//! The catalogue: models that we know where to get. One list comes with the program (`models/catalog.toml`), users add
//! their own in `catalog.d`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::names;
use crate::model::sidecar::Sidecar;
use crate::model::{Family, Task, folders};

/// The list that comes with the program.
const BUNDLED: &str = include_str!("../../models/catalog.toml");
/// A user's list longer than this is no list.
const LONGEST: u64 = 4 << 20;
/// Addresses of the public model hub that [`Mirrors::hub`] stands in for.
const HUB: &str = "https://huggingface.co/";

/// What a licence lets people do, in short.
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
    /// Whether the user is to see the licence before the model is fetched.
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

/// The hash of a file that can be fetched.
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
    /// The digits, where they are known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Sha256(hex) => Some(hex),
            Self::Unverified => None,
        }
    }
}

/// A model that can be fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    pub id: String,
    pub name: String,
    pub name_zh: Option<String>,
    pub task: Task,
    pub family: Family,
    /// The name that it is stored under.
    pub file: String,
    /// The project's own page, which names the address.
    pub source: String,
    pub url: String,
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// The file inside, where the address is an archive.
    pub member: Option<String>,
    /// Size of what is fetched.
    pub bytes: Option<u64>,
    pub sha256: Hash,
    /// Where the address is known with several contents, all their hashes; `sha256` is `unverified` then.
    #[serde(default)]
    pub known: Vec<Hash>,
    /// SPDX expression.
    pub licence: String,
    pub permits: Permits,
    /// Width and height that are fed.
    pub input: Option<(u32, u32)>,
    #[serde(default)]
    pub precision: Precision,
    /// One model in several precisions shares it.
    pub group: Option<String>,
    pub accuracy: Option<Accuracy>,
    /// The list of labels that it answers with.
    pub labels: Option<String>,
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub note_zh: String,
    /// What its file can't tell.
    #[serde(default)]
    pub read: Sidecar,
}

impl Entry {
    /// Whether this is one of the hashes that its file is known with.
    #[must_use]
    pub fn is_known_as(&self, sha256: &str) -> bool {
        std::iter::once(&self.sha256).chain(&self.known).any(|hash| hash.known() == Some(sha256))
    }

    /// Where to try, in order: the user's mirrors, then the project's own address, then other mirrors.
    #[must_use]
    pub fn addresses(&self, mirrors: &Mirrors) -> Vec<String> {
        // A folder is looked through by the downloader itself.
        let place = |base: &String| {
            if base.contains("://") {
                format!("{}/{}", base.trim_end_matches('/'), self.remote_name())
            } else {
                base.clone()
            }
        };
        let mut addresses: Vec<String> = mirrors.own.iter().map(place).collect();
        for address in std::iter::once(&self.url).chain(&self.mirrors) {
            if let (Some(hub), Some(path)) = (&mirrors.hub, address.strip_prefix(HUB)) {
                addresses.push(format!("{}/{path}", hub.trim_end_matches('/')));
            }
            addresses.push(address.clone());
        }
        let mut seen = std::collections::HashSet::new();
        addresses.retain(|a| seen.insert(a.clone()));
        addresses
    }

    /// The name of the fetched file itself: a mirror's folder holds archives as they are published.
    fn remote_name(&self) -> &str {
        if self.member.is_none() {
            return &self.file;
        }
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(&self.file)
    }

    /// What is wrong with it, as the end of a sentence.
    fn check(&self) -> Result<(), String> {
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
        self.read.check()
    }
}

fn is_address(text: &str) -> bool {
    ["https://", "http://", "file://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

/// Where else models are to be fetched from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// Folders or addresses that hold files under their catalogue names.
    pub own: Vec<String>,
    /// In place of `https://huggingface.co`.
    pub hub: Option<String>,
}

impl Mirrors {
    /// `SIGHTLINE_MIRROR` (a folder or an address) and `HF_ENDPOINT`, after `chosen`, the one of the settings.
    #[must_use]
    pub fn of_environment(chosen: Option<&str>) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let own = chosen.map(str::to_owned).into_iter().chain(variable("SIGHTLINE_MIRROR")).collect();
        Self { own, hub: variable("HF_ENDPOINT") }
    }
}

/// Why a list can't be used; the others are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The catalogue \u{201c}{file}\u{201d} can't be used: {reason}. Correct or remove it; the other lists are used meanwhile."
)]
pub struct CatalogueError {
    pub file: String,
    pub reason: String,
}

/// All entries: the bundled ones, then the user's.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub entries: Vec<Entry>,
    /// Lists that can't be used.
    pub problems: Vec<CatalogueError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "model")]
    models: Vec<Entry>,
}

impl Catalogue {
    /// The bundled list and those of the user.
    #[must_use]
    pub fn load() -> Self {
        Self::load_from(&list_folders())
    }

    /// As [`Catalogue::load`], with the user's lists in these folders.
    #[must_use]
    pub fn load_from(folders: &[PathBuf]) -> Self {
        let mut all = Self::default();
        all.add("the bundled one", parse(BUNDLED));
        for folder in folders {
            let Ok(files) = std::fs::read_dir(folder) else { continue };
            let mut files: Vec<PathBuf> = files.filter_map(|f| Some(f.ok()?.path())).collect();
            files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
            files.sort();
            for file in files {
                let read = read_text(&file).and_then(|text| parse(&text));
                all.add(&names::shown(&file.display().to_string()), read);
            }
        }
        all
    }

    /// A later list's entry stands in for an earlier one of the same id.
    fn add(&mut self, file: &str, read: Result<Vec<Entry>, String>) {
        match read {
            Ok(entries) => {
                for entry in entries {
                    match self.entries.iter_mut().find(|e| e.id == entry.id) {
                        Some(old) => *old = entry,
                        None => self.entries.push(entry),
                    }
                }
            }
            Err(reason) => self.problems.push(CatalogueError { file: file.to_owned(), reason }),
        }
    }

    /// The entry of that id, or else of that file name or name, whatever its case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        let stem = |file: &str| file.trim_end_matches(".onnx").to_ascii_lowercase();
        let wanted = name.to_ascii_lowercase();
        self.entries.iter().find(|e| e.id == wanted).or_else(|| {
            self.entries.iter().find(|e| stem(&e.file) == stem(&wanted) || e.name.to_lowercase() == wanted)
        })
    }

    /// Entries whose id or name is nearest to what was typed, for "did you mean".
    #[must_use]
    pub fn like(&self, name: &str) -> Vec<&str> {
        let wanted = name.to_ascii_lowercase();
        let part = wanted.get(..4).unwrap_or(&wanted);
        self.entries
            .iter()
            .map(|e| e.id.as_str())
            .filter(|id| !part.is_empty() && id.contains(part))
            .take(5)
            .collect()
    }

    /// The entry of a file by its hash.
    #[must_use]
    pub fn by_hash(&self, sha256: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.member.is_none() && e.is_known_as(sha256))
    }

    /// What the catalogue knows of how to read a file, by its hash. Files whose size is no entry's aren't hashed.
    #[must_use]
    pub fn hints(&self, path: &Path) -> Sidecar {
        let Ok(meta) = std::fs::metadata(path) else { return Sidecar::default() };
        let told = |e: &&Entry| !e.read.is_empty() && e.bytes.is_none_or(|bytes| bytes == meta.len());
        if !self.entries.iter().any(|e| told(&e) && e.sha256.known().is_some() && e.bytes.is_some()) {
            return Sidecar::default();
        }
        let hash = crate::model::sha256(path).ok();
        hash.and_then(|h| self.by_hash(&h)).map(|e| e.read.clone()).unwrap_or_default()
    }
}

/// Where users put lists of their own: `catalog.d` beside the settings and in the data folder.
#[must_use]
pub fn list_folders() -> Vec<PathBuf> {
    let beside_settings = crate::settings::settings_file().and_then(|f| Some(f.parent()?.join("catalog.d")));
    let in_data = folders::data_folder().map(|f| f.join("catalog.d"));
    beside_settings.into_iter().chain(in_data).collect()
}

fn read_text(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|e| e.to_string())?.len();
    if size > LONGEST {
        return Err("it is too large for a list".into());
    }
    std::fs::read_to_string(file).map_err(|e| e.to_string())
}

/// Reads a list.
///
/// # Errors
/// What is wrong in it, as the end of a sentence.
pub fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|s| text.get(..s.start).unwrap_or_default().lines().count().max(1));
        let place = line.map(|n| format!("line {n}: ")).unwrap_or_default();
        format!("{place}{}", e.message())
    })?;
    if file.version != 1 {
        return Err(format!("it is of version {}, and this program knows version 1", file.version));
    }
    let mut seen = std::collections::HashSet::new();
    for entry in &file.models {
        entry.check().map_err(|why| format!("entry \u{201c}{}\u{201d}: {why}", names::shown(&entry.id)))?;
        if !seen.insert(&entry.id) {
            return Err(format!("two entries have the id \u{201c}{}\u{201d}", names::shown(&entry.id)));
        }
    }
    Ok(file.models)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        version = 1
        [[model]]
        id = "a"
        name = "A"
        task = "detect"
        family = "yolox"
        file = "a.onnx"
        source = "https://example.org"
        url = "https://huggingface.co/x/a.onnx"
        sha256 = "unverified"
        licence = "MIT"
        permits = "commercial"
    "#;

    #[test]
    fn the_bundled_list_can_be_read_and_covers_the_tasks() {
        let all = Catalogue::load_from(&[]);
        assert_eq!(all.problems, []);
        assert!(all.entries.len() >= 40, "{}", all.entries.len());
        for task in [
            Task::Detect,
            Task::Segment,
            Task::Semantic,
            Task::Matte,
            Task::Pose,
            Task::Depth,
            Task::Classify,
            Task::Stylize,
        ] {
            assert!(all.entries.iter().any(|e| e.task == task), "{task}");
        }
    }

    #[test]
    fn a_users_entry_stands_in_for_the_bundled_one_and_a_broken_list_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let id = Catalogue::load_from(&[]).entries[0].id.clone();
        std::fs::write(folder.path().join("a.toml"), ONE.replace("\"a\"", &format!("\"{id}\""))).unwrap();
        std::fs::write(folder.path().join("b.toml"), "version = 1\n[[model]]\nid = 3\n").unwrap();
        let all = Catalogue::load_from(&[folder.path().to_owned()]);
        assert_eq!(all.find(&id).unwrap().licence, "MIT");
        assert_eq!(all.problems.len(), 1);
        assert!(
            all.problems[0].to_string().contains("b.toml") && all.problems[0].reason.contains("line 3"),
            "{:?}",
            all.problems
        );
    }

    #[test]
    fn hostile_entries_are_refused() {
        for (from, to) in [
            ("file = \"a.onnx\"", "file = \"../a.onnx\""),
            ("file = \"a.onnx\"", "file = \"a\\u0007.onnx\""),
            ("https://huggingface.co/x/a.onnx", "ftp://x/a.onnx"),
            ("\"unverified\"", "\"123\""),
            ("id = \"a\"", "id = \"A b\""),
        ] {
            assert!(parse(&ONE.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn mirrors_come_first_and_the_hub_can_be_replaced() {
        let entry = &parse(ONE).unwrap()[0];
        let mirrors = Mirrors {
            own: vec!["/srv/models/".into(), "http://lan/m/".into()],
            hub: Some("https://hub.example/".into()),
        };
        assert_eq!(
            entry.addresses(&mirrors),
            [
                "/srv/models/",
                "http://lan/m/a.onnx",
                "https://hub.example/x/a.onnx",
                "https://huggingface.co/x/a.onnx"
            ]
        );
    }
}
