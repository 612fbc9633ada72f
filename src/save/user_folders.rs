//! The folders for snapshots and videos, unless the user has chosen others.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::{fs, io};

use chrono::{DateTime, TimeZone};

use crate::whole_file;

/// Returns `Sightline` in the user's pictures folder (on Linux the one that `user-dirs.dirs` names, otherwise `Pictures` in
/// the home folder), or in the current folder if there is no home folder.
#[must_use]
pub fn default_folder() -> PathBuf {
    folder_of("XDG_PICTURES_DIR", "Pictures")
}

/// Returns `Sightline` in the user's videos folder (on Linux the one that `user-dirs.dirs` names, otherwise `Videos`, on macOS `Movies`, in
/// the home folder), or in the current folder if there is no home folder.
#[must_use]
pub fn default_video_folder() -> PathBuf {
    folder_of("XDG_VIDEOS_DIR", if cfg!(target_os = "macos") { "Movies" } else { "Videos" })
}

/// Why there is no folder to save to.
pub(crate) enum NoFolder {
    /// It can't be made.
    NotMade(PathBuf, io::Error),
    /// A file has its name.
    NotAFolder(PathBuf),
}

/// Returns the folder to save to, which is made if the folder above it exists; without a choice `usual`, which is made with all folders
/// above it.
pub(crate) fn prepare_folder(chosen: Option<&Path>, usual: fn() -> PathBuf) -> Result<PathBuf, NoFolder> {
    let (folder, made) = match chosen {
        Some(folder) if folder.exists() => (folder.to_owned(), Ok(())),
        Some(folder) => (folder.to_owned(), fs::create_dir(folder)),
        None => {
            let folder = usual();
            let made = fs::create_dir_all(&folder);
            (folder, made)
        }
    };
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(NoFolder::NotMade(folder, error)),
        _ if folder.is_dir() => Ok(folder),
        _ => Err(NoFolder::NotAFolder(folder)),
    }
}

/// The names that something may have that is saved at this moment, without endings: what is saved within one second is numbered.
pub(crate) fn names_at<Tz: TimeZone>(now: &DateTime<Tz>) -> impl Iterator<Item = String>
where
    Tz::Offset: Display,
{
    let first = format!("Sightline {}", now.format("%Y-%m-%d %H.%M.%S"));
    (1..10_000).map(move |number| if number == 1 { first.clone() } else { format!("{first} ({number})") })
}

fn folder_of(key: &str, usual: &str) -> PathBuf {
    let Ok(home) = etcetera::home_dir() else { return PathBuf::from("Sightline") };
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let text = if cfg!(any(target_os = "macos", windows)) {
        String::new()
    } else {
        // Most systems without a desktop have no such file.
        whole_file::read_text(&config.join("user-dirs.dirs"), 64 << 10).unwrap_or_default()
    };
    read(&text, key, &home).unwrap_or_else(|| home.join(usual)).join("Sightline")
}

/// Reads a folder from `user-dirs.dirs`: `XDG_PICTURES_DIR="$HOME/Bilder"` or an absolute path. The home folder itself stands
/// for "none".
fn read(text: &str, key: &str, home: &Path) -> Option<PathBuf> {
    let value = |line: &str| line.trim().strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
    let value = text.lines().rev().find_map(value)?;
    let value = value.trim().trim_matches('"').replace("\\\"", "\"");
    let path = match value.strip_prefix("$HOME") {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => PathBuf::from(value),
    };
    (path.is_absolute() && path.components().ne(home.components())).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_desktops_folders_are_read() {
        let read = |text: &str| read(text, "XDG_PICTURES_DIR", Path::new("/home/li"));
        let text = "# made by xdg\nXDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_PICTURES_DIR=\"$HOME/图片\"\n";
        assert_eq!(read(text), Some("/home/li/图片".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"/data/pics\""), Some("/data/pics".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"$HOME/\""), None, "switched off");
        assert_eq!(read("XDG_PICTURES_DIR=\"relative\""), None);
        assert_eq!(read(""), None);
    }
}
