//! Files and folders that are chosen in a dialogue, typed or dropped.

use std::path::{Path, PathBuf};

use super::core::Core;
use crate::app::intent::{
    Choose, FilesIntent, Intent, LibraryIntent, ModelIntent, Page, ReadingIntent, SettingsIntent,
    SourceIntent,
};
use crate::app::strings::Explain as _;
use crate::app::workers::Done;
use crate::source::Address;

/// The state of dialogues.
#[derive(Debug, Default)]
pub struct FilesController {
    /// A file dialogue is open.
    choosing: bool,
    /// A path that is typed because no file dialogue can be shown.
    pub typed: Option<(Choose, String)>,
}

impl FilesController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: FilesIntent, core: &mut Core, frame: &eframe::Frame) {
        match intent {
            FilesIntent::Choose(what) => {
                if !self.choosing {
                    self.choosing = true;
                    core.workers.choose(what, core.strings(), frame);
                }
            }
            FilesIntent::Typed(what, text) => {
                self.typed = None;
                typed(what, text, core);
            }
            FilesIntent::CancelTyped => self.typed = None,
            FilesIntent::OpenPath(path) => open_path(path, core),
            FilesIntent::OpenFolder(path) => {
                core.workers.run("open folder", move || match open::that_detached(&path) {
                    Ok(()) => Done::Nothing,
                    Err(error) => Done::Failed(format!("{}: {error}", path.display())),
                });
            }
        }
    }

    /// The dialogue was closed; `path` is `None` if nothing was chosen.
    pub fn chosen(&mut self, what: Choose, path: Option<PathBuf>, core: &mut Core) {
        self.choosing = false;
        if let Some(path) = path {
            chosen(what, path, core);
        }
    }

    /// No dialogue can be shown: the path is typed.
    pub fn no_dialogue(&mut self, what: Choose) {
        self.choosing = false;
        self.typed = Some((what, String::new()));
    }

    /// The worker of the dialogue failed.
    pub fn broken(&mut self) {
        self.choosing = false;
    }
}

/// Hands a chosen path to the controller that asked for it.
fn chosen(what: Choose, path: PathBuf, core: &mut Core) {
    let intent = match what {
        Choose::File | Choose::Folder => return open_path(path, core),
        Choose::Model => Intent::Model(ModelIntent::Open(path)),
        Choose::ImportFile | Choose::ImportFolder => {
            Intent::Library(LibraryIntent::Import { path, run: false })
        }
        Choose::WatchFolder => Intent::Library(LibraryIntent::WatchFolder(path)),
        Choose::SnapshotFolder => Intent::Settings(SettingsIntent::SnapshotFolder(path)),
        Choose::Labels => Intent::Reading(ReadingIntent::Labels(path)),
        Choose::Runtime => Intent::Settings(SettingsIntent::Runtime(path)),
    };
    core.ask(intent);
}

/// Understands a typed path on a worker: whether it exists decides what it is.
fn typed(what: Choose, text: String, core: &mut Core) {
    if !matches!(what, Choose::File | Choose::Folder) {
        return chosen(what, PathBuf::from(text), core);
    }
    let language = core.language();
    core.workers.run("typed path", move || match text.parse::<Address>() {
        Ok(address) => Done::Ask(vec![Intent::Source(SourceIntent::Open(address))]),
        Err(error) => Done::Failed(error.explain(language).to_string()),
    });
}

/// Opens a file or folder by what it is, which a worker finds out: a folder on a slow disk mustn't stop the window.
fn open_path(path: PathBuf, core: &Core) {
    let in_library = core.page == Page::Library;
    core.workers.run("open path", move || Done::Ask(vec![intent_of(path, in_library)]));
}

/// What opening this path means. Reads the disk.
fn intent_of(path: PathBuf, in_library: bool) -> Intent {
    let ends_in = |ending| path.extension().is_some_and(|e: &std::ffi::OsStr| e.eq_ignore_ascii_case(ending));
    let is_folder = path.is_dir();
    if (ends_in("onnx") || ends_in("zip")) && !is_folder {
        Intent::Library(LibraryIntent::Import { path, run: true })
    } else if is_folder && (in_library || only_models(&path)) {
        Intent::Library(LibraryIntent::Import { path, run: false })
    } else {
        Intent::Source(SourceIntent::Open(Address::from_path(&path)))
    }
}

/// Whether a folder holds models and no images. Reads the disk.
fn only_models(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().take(500).map(|e| e.path());
    let (mut models, mut others) = (0, 0);
    for file in files {
        if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) {
            models += 1;
        } else if matches!(Address::from_path(&file), Address::Image(_)) {
            others += 1;
        }
    }
    models > 0 && others == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_opened_by_what_it_is() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let (model, image) = (file("models/a.onnx"), file("mixed/a.jpg"));
        file("mixed/a.onnx");
        let folder = |name: &str| home.path().join(name);
        let import = |path, run| Intent::Library(LibraryIntent::Import { path, run });
        let source = |address| Intent::Source(SourceIntent::Open(address));
        assert_eq!(intent_of(model.clone(), false), import(model, true));
        assert_eq!(intent_of(image.clone(), false), source(Address::Image(image)));
        assert_eq!(intent_of(folder("models"), false), import(folder("models"), false));
        assert_eq!(intent_of(folder("mixed"), false), source(Address::Folder(folder("mixed"))));
        assert_eq!(intent_of(folder("mixed"), true), import(folder("mixed"), false), "on the library page");
    }
}
