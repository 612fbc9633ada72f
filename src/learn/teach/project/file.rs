//! `teach.toml`.
//!
//! ```toml
//! sightline-teach = 1
//! backbone = "/home/me/models/mobilenet_v2.onnx"
//! backbone-sha256 = "…"
//! head = "auto"
//! seed = 0
//!
//! [[classes]]
//! name = "cat"
//! folder = "cat"
//! ```

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Component, Path};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use super::{Class, DRAFT, Project, Settings};
use crate::learn::teach::TeachError;
use crate::learn::teach::project::{MAX_CLASSES, MAX_NAME};
use crate::whole_file;

/// The file's name.
const NAME: &str = "teach.toml";
/// The version of its format that is written, and the newest that is read.
const VERSION: u32 = 1;
/// The longest name that is read: characters may take four bytes each.
const MAX_NAME_BYTES: usize = 4 * MAX_NAME;
/// A longer file isn't read.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(rename = "sightline-teach", default = "version")]
    version: u32,
    #[serde(flatten)]
    settings: Settings,
    #[serde(default)]
    classes: Vec<Named>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    folder: Option<String>,
}

fn version() -> u32 {
    VERSION
}

/// What the file of a project holds.
#[derive(Default)]
pub(super) struct Read {
    pub settings: Settings,
    pub classes: Vec<Class>,
    /// Keys that this version doesn't know.
    pub unknown: toml::Table,
    /// All of it; `None` if there is no file.
    pub text: Option<String>,
}

/// Reads the file of a project; `None` if there is none.
pub(super) fn read(root: &Path) -> Result<Option<Read>, TeachError> {
    let path = root.join(NAME);
    let bad = |reason: String| TeachError::BadProject { path: path.clone(), reason };
    let text = match whole_file::read_text(&path, MAX_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(error.to_string())),
    };
    let wrong = |error: toml::de::Error| bad(error.message().to_owned());
    let mut table: toml::Table = toml::from_str(&text).map_err(wrong)?;
    let file: File = toml::from_str(&text).map_err(wrong)?;
    if file.version > VERSION {
        return Err(bad(format!(
            "a newer Sightline wrote it (format {}; this one reads {VERSION})",
            file.version
        )));
    }
    if file.classes.len() > MAX_CLASSES {
        return Err(TeachError::TooManyClasses { count: file.classes.len() });
    }
    if file.settings.c.is_some_and(|c| !(c.is_finite() && c > 0.0)) {
        return Err(bad("c must be a number above zero".into()));
    }
    let tables = match table.remove("classes") {
        Some(toml::Value::Array(tables)) => tables,
        _ => Vec::new(),
    };
    let mut classes = Vec::new();
    let (mut names, mut folders) = (HashSet::new(), HashSet::new());
    for (named, table) in file.classes.into_iter().zip(tables) {
        let folder = named.folder.unwrap_or_else(|| named.name.clone());
        let mut parts = Path::new(&folder).components();
        let inside = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
        // A path of another system, too.
        if !inside || folder.contains(['/', '\\']) {
            let shown = crate::library::names::shown(&folder);
            return Err(bad(format!(
                "the folder \u{201c}{shown}\u{201d} of a class isn't one in the project's own folder"
            )));
        }
        if named.name.trim().is_empty() {
            return Err(bad("a class has no name".into()));
        }
        if named.name.len() > MAX_NAME_BYTES {
            return Err(bad(format!("a class has a name of more than {MAX_NAME_BYTES} bytes")));
        }
        if !names.insert(named.name.clone()) || !folders.insert(folder.to_lowercase()) {
            let shown = crate::library::names::shown(&named.name);
            return Err(bad(format!("there are two classes \u{201c}{shown}\u{201d}")));
        }
        let mut unknown = table.as_table().cloned().unwrap_or_default();
        unknown.retain(|key, _| !matches!(key, "name" | "folder"));
        classes.push(Class { name: named.name, folder, unknown, ..Class::default() });
    }
    let known = ["sightline-teach", "backbone", "backbone-sha256", "tensor", "head", "c", "seed"];
    table.retain(|key, _| !known.contains(&key));
    Ok(Some(Read { settings: file.settings, classes, unknown: table, text: Some(text) }))
}

/// Writes the file of a project: whole or not at all, and only if it is as it was seen last.
pub(super) fn write(project: &Project) -> Result<(), TeachError> {
    let path = project.root.join(NAME);
    let unwritable = |reason: String| TeachError::Unwritable { path: path.clone(), reason };
    let mut seen = project.seen.lock().unwrap_or_else(PoisonError::into_inner);
    // One that was deleted is written anew.
    if path.is_file() && whole_file::read_text(&path, MAX_BYTES).ok() != *seen {
        return Err(TeachError::ChangedOutside { path });
    }
    let mut settings = project.settings.clone();
    settings.backbone = settings.backbone.filter(|path| path.to_str().is_some());
    let classes = project
        .classes
        .iter()
        .map(|class| Named { name: class.name.clone(), folder: Some(class.folder.clone()) });
    let file = File { version: VERSION, settings, classes: classes.collect() };
    let mut table = toml::Table::try_from(&file).map_err(|error| unwritable(error.to_string()))?;
    let tables = table.get_mut("classes").and_then(toml::Value::as_array_mut);
    for (table, class) in tables.into_iter().flatten().zip(&project.classes) {
        if let Some(table) = table.as_table_mut() {
            table.extend(class.unknown.clone());
        }
    }
    for (key, value) in &project.unknown {
        table.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let text = toml::to_string(&table).map_err(|error| unwritable(error.to_string()))?;
    if seen.as_ref() == Some(&text) && path.is_file() {
        return Ok(());
    }
    let write = || -> std::io::Result<()> {
        let mut draft = whole_file::draft_in(&project.root, DRAFT, "")?;
        draft.write_all(text.as_bytes())?;
        draft.as_file().sync_all()?;
        draft.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| unwritable(error.to_string()))?;
    *seen = Some(text);
    Ok(())
}
