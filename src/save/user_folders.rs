//! The folders for snapshots and videos, unless the user has chosen others.

use std::path::{Path, PathBuf};

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
