//! Names of files within a data set: never outside of its folder.

use std::path::{Component, Path, PathBuf};

use crate::source::address::IMAGE_EXTENSIONS;

/// The path of a name within `folder`: `street/0001.jpg`. `None` if it is empty or leads out of the folder.
pub(super) fn within(folder: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let stays = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (stays && !name.is_empty() && !name.contains(['\\', '\0'])).then(|| folder.join(relative))
}

/// The name of a file within `folder`, with `/` between folders. `None` if it lies elsewhere or its name isn't Unicode.
pub(super) fn name_in(folder: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(folder).ok()?.components().map(|part| part.as_os_str().to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

/// Whether a file's name has the ending of an image.
pub(super) fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    IMAGE_EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// The name without its ending: `street/0001` of `street/0001.jpg`.
pub(super) fn stem(name: &str) -> &str {
    let start = name.rfind('/').map_or(0, |at| at + 1);
    match name[start..].rfind('.') {
        Some(dot) if dot > 0 => &name[..start + dot],
        _ => name,
    }
}
