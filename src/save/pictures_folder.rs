//! The folder for snapshots, unless the user has chosen another one.

use std::path::{Path, PathBuf};

use crate::whole_file;

/// Returns `Sightline` in the user's pictures folder (on Linux the one that `user-dirs.dirs` names, otherwise `Pictures` in
/// the home folder), or in the current folder if there is no home folder.
#[must_use]
pub fn default_folder() -> PathBuf {
    let Ok(home) = etcetera::home_dir() else { return PathBuf::from("Sightline") };
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let text = if cfg!(any(target_os = "macos", windows)) {
        String::new()
    } else {
        // Most systems without a desktop have no such file.
        whole_file::read_text(&config.join("user-dirs.dirs"), 64 << 10).unwrap_or_default()
    };
    pictures(&text, &home).unwrap_or_else(|| home.join("Pictures")).join("Sightline")
}

/// Reads the pictures folder from `user-dirs.dirs`: `XDG_PICTURES_DIR="$HOME/Bilder"` or an absolute path. The home folder
/// itself stands for "none".
fn pictures(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("XDG_PICTURES_DIR="))?;
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
    fn the_desktops_pictures_folder_is_read() {
        let read = |text: &str| pictures(text, Path::new("/home/li"));
        let text = "# made by xdg\nXDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_PICTURES_DIR=\"$HOME/图片\"\n";
        assert_eq!(read(text), Some("/home/li/图片".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"/data/pics\""), Some("/data/pics".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"$HOME/\""), None, "switched off");
        assert_eq!(read("XDG_PICTURES_DIR=\"relative\""), None);
        assert_eq!(read(""), None);
    }
}
