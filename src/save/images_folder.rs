//! The folder that snapshots go to unless the user chose another.

use std::path::{Path, PathBuf};

/// `Sightline` in the user's images folder (on Linux the one that `user-dirs.dirs` names, else `Images` in the
/// home folder); in the current folder where there is no home.
#[must_use]
pub fn default_folder() -> PathBuf {
    let Ok(home) = etcetera::home_dir() else { return PathBuf::from("Sightline") };
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let text = if cfg!(any(target_os = "macos", windows)) {
        String::new()
    } else {
        // Most systems without a desktop have no such file.
        std::fs::read_to_string(config.join("user-dirs.dirs")).unwrap_or_default()
    };
    images(&text, &home).unwrap_or_else(|| home.join("Images")).join("Sightline")
}

/// What `user-dirs.dirs` says of images: `XDG_IMAGES_DIR="$HOME/Bilder"` or an absolute path. The home folder
/// itself stands for "none".
fn images(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix("XDG_IMAGES_DIR="))?;
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
    fn the_desktops_images_folder_is_read() {
        let read = |text: &str| images(text, Path::new("/home/li"));
        let text = "# made by xdg\nXDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_IMAGES_DIR=\"$HOME/图片\"\n";
        assert_eq!(read(text), Some("/home/li/图片".into()));
        assert_eq!(read("XDG_IMAGES_DIR=\"/data/pics\""), Some("/data/pics".into()));
        assert_eq!(read("XDG_IMAGES_DIR=\"$HOME/\""), None, "switched off");
        assert_eq!(read("XDG_IMAGES_DIR=\"relative\""), None);
        assert_eq!(read(""), None);
    }
}
