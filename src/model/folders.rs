//! The folders of models: those that are listed, and in which the default model is looked for.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

/// The models to use if none is named, in order of preference.
pub const DEFAULT_MODELS: [&str; 2] = ["yolox_nano.onnx", "centerface.onnx"];

/// The environment variable that names a folder of models, which comes before all others.
pub const MODELS_VARIABLE: &str = "SIGHTLINE_MODELS";

/// Returns Sightline's data folder for this user (`SIGHTLINE_DATA_DIR`, else `~/.local/share/sightline` on Linux), whether or
/// not it exists; `None` if the user has no home.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SIGHTLINE_DATA_DIR").filter(|f| !f.is_empty()) {
        return Some(folder.into());
    }
    Some(etcetera::base_strategy::choose_native_strategy().ok()?.data_dir().join("sightline"))
}

/// Returns the folder of the user's servers: their list, their tokens, and what is set for models on them.
#[must_use]
pub fn servers_folder() -> Option<PathBuf> {
    Some(data_folder()?.join("servers"))
}

/// Returns the folder of optimised models; see [`super::optimised`].
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    Some(data_folder()?.join("optimised"))
}

/// Returns the folders in which models are looked for, in order, whether or not they exist: the one that `SIGHTLINE_MODELS` names,
/// `models` next to the program, `models` in the data folder. Not `models` in the current folder: the program may be started
/// in any folder, even one with downloads that nobody has looked at, and models that are listed are also run to be measured.
#[must_use]
pub fn model_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(named) = std::env::var_os(MODELS_VARIABLE).filter(|v| !v.is_empty()) {
        folders.push(PathBuf::from(named));
    }
    let program = std::env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        folders.push(folder.join("models"));
    }
    if let Some(data) = data_folder() {
        folders.push(data.join("models"));
    }
    folders
}

/// Returns the model to use if none is named: the first of [`DEFAULT_MODELS`] that is in one of the [`model_folders`].
#[must_use]
pub fn default_model() -> Option<PathBuf> {
    default_model_in(&model_folders())
}

fn default_model_in(folders: &[PathBuf]) -> Option<PathBuf> {
    DEFAULT_MODELS.iter().find_map(|name| folders.iter().map(|f| f.join(name)).find(|p| p.is_file()))
}

/// Further subfolders of a folder are not searched.
const MAX_SUBFOLDERS: usize = 200;

/// Returns the ONNX files in these folders and their subfolders, folder by folder and sorted by name, each file once. Hidden
/// folders and those that can't be read are left out.
#[must_use]
pub fn model_files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for folder in folders {
        let (mut found, mut deeper) = models_in(folder);
        deeper.sort();
        for subfolder in deeper.iter().take(MAX_SUBFOLDERS) {
            found.extend(models_in(subfolder).0);
        }
        found.sort();
        files.extend(
            found.into_iter().filter(|p| seen.insert(p.canonicalize().unwrap_or_else(|_| p.clone()))),
        );
    }
    files
}

/// Returns the ONNX files of a folder, and its subfolders.
fn models_in(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            folders.push(path);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) && path.is_file() {
            files.push(path);
        }
    }
    (files, folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_default_wins_whatever_folder_it_is_in() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [first.path().to_owned(), second.path().to_owned()];
        assert_eq!(default_model_in(&folders), None);
        std::fs::write(first.path().join("centerface.onnx"), "").unwrap();
        assert_eq!(default_model_in(&folders), Some(first.path().join("centerface.onnx")));
        std::fs::write(second.path().join("yolox_nano.onnx"), "").unwrap();
        assert_eq!(default_model_in(&folders), Some(second.path().join("yolox_nano.onnx")));
    }

    #[test]
    fn files_are_listed_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.onnx", "a.ONNX", "notes.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let twice = [folder.path().to_owned(), folder.path().to_owned(), PathBuf::from("/no/such/folder")];
        let names: Vec<_> = model_files(&twice).iter().map(|p| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.ONNX", "b.onnx"]);
    }
}
