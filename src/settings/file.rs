//! Reading and writing the file of the settings.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Settings, Unknown};
use crate::privacy::Privacy;
use crate::save::SnapshotOptions;
use crate::whole_file;

/// The environment variable that names the folder of the settings file.
pub const CONFIG_VARIABLE: &str = "SIGHTLINE_CONFIG_DIR";

/// A file with more bytes is refused.
const MAX_BYTES: u64 = 4 << 20;

/// The path of the settings file, whether or not it exists: in `SIGHTLINE_CONFIG_DIR`, or else in the system's folder for
/// settings; `None` if the user has no home.
#[must_use]
pub fn settings_file() -> Option<PathBuf> {
    let folder = match std::env::var_os(CONFIG_VARIABLE).filter(|v| !v.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => etcetera::base_strategy::choose_native_strategy().ok()?.config_dir().join("sightline"),
    };
    Some(folder.join("settings.toml"))
}

/// Why the settings can't be read or written, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file isn't valid TOML; it was renamed.
    #[error("The settings file couldn't be understood ({reason}). It was kept as \u{201c}{}\u{201d}, and Sightline started with its defaults.", kept_as.display())]
    Damaged { reason: String, kept_as: PathBuf },
    /// Some values aren't valid; the others are used, and the file was copied.
    #[error("The settings file holds values that this version of Sightline doesn't know ({}). They are left out; the file as it was is kept as \u{201c}{}\u{201d}.", values.join(", "), kept_as.display())]
    Partly { values: Vec<String>, kept_as: PathBuf },
    /// The file can't be read; it isn't overwritten.
    #[error("The settings file \u{201c}{}\u{201d} can't be read: {reason}. Changes won't be remembered; check its permissions.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// The file can't be written.
    #[error("The settings can't be saved in \u{201c}{}\u{201d}: {reason}. Check that the folder can be written and that the disk has space.", path.display())]
    Unwritable { path: PathBuf, reason: String },
}

/// Reads the settings; a file that doesn't exist gives the defaults. The second value says what is wrong with the file:
/// [`SettingsError::Damaged`] or [`SettingsError::Partly`] after keeping the file under another name, or
/// [`SettingsError::Unreadable`].
#[must_use]
pub fn load(path: &Path) -> (Settings, Option<SettingsError>) {
    let unreadable = |error: std::io::Error| {
        let error = SettingsError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        (Settings::default(), Some(error))
    };
    let bytes = match whole_file::read(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Settings::default(), None),
        Err(error) => return unreadable(error),
    };
    match parse(&bytes) {
        Ok((settings, values)) if values.is_empty() => (settings, None),
        Ok((mut settings, values)) => {
            // Nobody is to be seen because of a mistake in a file.
            settings.privacy.on |= values.iter().any(|value| value.starts_with("privacy"));
            let kept_as = whole_file::place_aside(path, &bytes);
            match std::fs::copy(path, &kept_as) {
                Ok(_) => (settings, Some(SettingsError::Partly { values, kept_as })),
                // Without a copy, saving would lose what the file holds.
                Err(error) => {
                    let reason = format!(
                        "it holds values that this version doesn't know ({}), and no copy of it can be made ({error})",
                        values.join(", ")
                    );
                    (settings, Some(SettingsError::Unreadable { path: path.to_owned(), reason }))
                }
            }
        }
        Err(reason) => {
            let kept_as = whole_file::place_aside(path, &bytes);
            match std::fs::rename(path, &kept_as) {
                Ok(()) => {
                    let mut settings = Settings::default();
                    settings.privacy.on = may_hide(&bytes);
                    (settings, Some(SettingsError::Damaged { reason, kept_as }))
                }
                Err(error) => unreadable(error),
            }
        }
    }
}

/// Whether privacy may be on in a file that can't be understood: it speaks of privacy, and not that it is off.
fn may_hide(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[privacy]");
    if lines.next().is_none() {
        return false;
    }
    let own = lines.take_while(|line| !line.starts_with('['));
    let on = own.filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "on");
    on.is_none_or(|(_, value)| value.trim() != "false")
}

/// The settings in a file, and the names of values that were left out because they aren't valid.
///
/// # Errors
/// Why the file isn't TOML, as the end of a sentence.
fn parse(bytes: &[u8]) -> Result<(Settings, Vec<String>), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it isn't a text file".to_owned())?;
    let table: Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let (valid, left_out) = match Settings::deserialize(table.clone()) {
        Ok(_) => (table, Vec::new()),
        Err(_) => valid_part(table, "", &|table| Settings::deserialize(table).is_ok()),
    };
    let mut settings = Settings::deserialize(valid.clone()).map_err(|error| error.message().to_owned())?;
    let unknown = Unknown::of(&valid, &settings);
    settings.clamp();
    settings.unknown = unknown;
    Ok((settings, left_out))
}

/// The part of a table of which every value is valid by itself, and the names of the other values. `is_valid` tells of a
/// table with one of the values whether it is.
fn valid_part(table: Table, prefix: &str, is_valid: &dyn Fn(Table) -> bool) -> (Table, Vec<String>) {
    let (mut valid, mut left_out) = (Table::new(), Vec::new());
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        let alone = |value: Value| Table::from_iter([(key.clone(), value)]);
        if is_valid(alone(value.clone())) {
            valid.insert(key, value);
            continue;
        }
        match value {
            Value::Table(inner) => {
                let (inner, names) =
                    valid_part(inner, &format!("{name}."), &|inner| is_valid(alone(Value::Table(inner))));
                left_out.extend(names);
                if is_valid(alone(Value::Table(inner.clone()))) {
                    valid.insert(key, Value::Table(inner));
                }
            }
            Value::Array(items) => {
                let one = |item: &Value| is_valid(alone(Value::Array(vec![item.clone()])));
                let items: Vec<Value> = items.into_iter().filter(one).collect();
                left_out.push(name);
                if is_valid(alone(Value::Array(items.clone()))) {
                    valid.insert(key, Value::Array(items));
                }
            }
            _ => left_out.push(name),
        }
    }
    (valid, left_out)
}

/// Reads the settings for a single value; a file that can't be read stays as it is and gives `None`.
fn peek(path: &Path) -> Option<Settings> {
    parse(&whole_file::read(path, MAX_BYTES).ok()?).ok().map(|(settings, _)| settings)
}

/// The added folders of models, if the file can be read.
#[must_use]
pub fn peek_model_folders(path: &Path) -> Vec<PathBuf> {
    peek(path).map(|settings| settings.model_folders).unwrap_or_default()
}

/// The mirror for models and that of Hugging Face, if the file can be read and names them.
#[must_use]
pub fn peek_mirrors(path: &Path) -> (Option<String>, Option<String>) {
    peek(path).map_or((None, None), |settings| (settings.model_mirror, settings.hub_mirror))
}

/// How snapshots are made and whom pictures hide, if the file can be read.
#[must_use]
pub fn peek_pictures(path: &Path) -> Option<(SnapshotOptions, Privacy)> {
    peek(path).map(|settings| (settings.snapshot, settings.privacy))
}

/// The window's size, if one is remembered, and whether it was maximised; for opening the window before the rest is loaded.
#[must_use]
pub fn peek_window(path: &Path) -> (Option<(f32, f32)>, bool) {
    peek(path).map_or((None, false), |settings| (settings.window, settings.maximised))
}

/// Writes the settings to a temporary file in the same folder, then renames it. Paths that aren't valid Unicode are left out.
///
/// # Errors
/// [`SettingsError::Unwritable`]; the old file is unchanged.
pub fn save(path: &Path, settings: &Settings) -> Result<(), SettingsError> {
    let unwritable = |reason: String| SettingsError::Unwritable { path: path.to_owned(), reason };
    let written = settings.writable();
    let text = if settings.unknown.is_empty() {
        toml::to_string_pretty(&written)
    } else {
        Table::try_from(&written).and_then(|mut file| {
            settings.unknown.add_to(&mut file);
            toml::to_string_pretty(&file)
        })
    };
    let text = text.map_err(|e| unwritable(e.to_string()))?;
    std::fs::create_dir_all(whole_file::folder_of(path))
        .and_then(|()| whole_file::write(path, text.as_bytes()))
        .map_err(|e| unwritable(e.to_string()))
}
