//! Files and folders that are chosen in a dialogue, typed or dropped.

use std::path::{Path, PathBuf};

use super::core::Core;
use crate::app::intent::{
    Choose, DatasetIntent, FilesIntent, Intent, LibraryIntent, ModelIntent, Page, ReadingIntent,
    ResultIntent, SettingsIntent, SourceIntent, TeachIntent, ZonesIntent,
};
use crate::app::strings::{PageText, sentences, source_page};
use crate::app::view::Typed;
use crate::app::workers::Done;
use crate::discard::{self, DiscardError, Discarded};
use crate::server::ModelAddress;
use crate::source::address::typed_path;
use crate::source::{Address, SourceError};

/// The state of dialogues.
#[derive(Debug, Default)]
pub struct FilesController {
    /// A file dialogue is open.
    choosing: bool,
    /// The page on which the dialogue was asked for.
    asked_on: Page,
    /// A path that is typed because no file dialogue can be shown.
    pub typed: Option<Typed>,
}

impl FilesController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: FilesIntent, core: &mut Core, frame: &eframe::Frame) {
        match intent {
            FilesIntent::Choose(Choose::Address) => self.typed = Some(Typed::new(Choose::Address)),
            FilesIntent::Choose(what) => {
                if !self.choosing {
                    self.choosing = true;
                    self.asked_on = core.page.clone();
                    core.workers.choose(what, core.strings(), frame);
                }
            }
            FilesIntent::Typed(what, text) => {
                let in_library = core.page == Page::Library;
                // On a worker: whether it exists decides what it is.
                core.workers.run("typed path", move || Done::Typed(meaning(what, &text, in_library)));
            }
            FilesIntent::ChangeAddress(text) => {
                self.typed = Some(Typed { text, ..Typed::new(Choose::Address) });
            }
            FilesIntent::CancelTyped => self.typed = None,
            FilesIntent::OpenPaths(paths) => open_paths(paths, core),
            FilesIntent::Discard(files) => {
                core.workers.run("discard", move || Done::Discarded(discard::discard(&files)));
            }
            FilesIntent::Restore(discarded) => core.workers.run("restore", move || {
                Done::Restored(discard::restore(&discarded).map(|()| discarded.len()))
            }),
            FilesIntent::OpenFolder(path) => {
                let failed = core.strings().no_file_manager;
                core.workers.run("open folder", move || match open::that_detached(&path) {
                    Ok(()) => Done::Nothing,
                    Err(error) => {
                        tracing::info!("{} isn't shown: {error}", path.display());
                        Done::Failed(failed(&path.display().to_string()))
                    }
                });
            }
        }
    }

    /// Files were moved to the trash, or weren't.
    pub fn discarded(result: Result<Discarded, DiscardError>, core: &mut Core) {
        let w = &core.strings().shutter;
        match result {
            Ok(discarded) if discarded.is_empty() => drop(core.toasts.good(w.nothing_discarded, "")),
            Ok(discarded) => {
                let text = if discarded.is_beside() { w.beside } else { "" };
                let toast = core.toasts.good(&(w.discarded)(discarded.len()), text);
                toast.undo =
                    discarded.can_be_restored().then_some(Intent::Files(FilesIntent::Restore(discarded)));
            }
            Err(error) => core.failed_with(&error),
        }
    }

    /// So many files were brought back, or weren't.
    pub fn restored(result: Result<usize, DiscardError>, core: &mut Core) {
        match result {
            Ok(count) => drop(core.toasts.good(&(core.strings().shutter.restored)(count), "")),
            Err(error) => core.failed_with(&error),
        }
    }

    /// The dialogue was closed; without `paths` if nothing was chosen.
    pub fn chosen(&mut self, what: Choose, paths: Vec<PathBuf>, core: &mut Core) {
        self.choosing = false;
        // Class names are meant for the model whose page was open.
        let left = what == Choose::Labels && core.page != self.asked_on;
        if !left && !paths.is_empty() {
            chosen(what, paths, core);
        }
    }

    /// No dialogue can be shown: the path is typed.
    pub fn no_dialogue(&mut self, what: Choose) {
        self.choosing = false;
        self.typed = Some(Typed::new(what));
    }

    /// A worker found out what a typed path means, or why it can't be opened: then it stays in its field.
    pub fn typed_understood(&mut self, result: Result<Intent, SourceError>, core: &mut Core) {
        match result {
            Ok(intent) => {
                self.typed = None;
                core.ask(intent);
            }
            Err(error) => {
                let PageText { explanation, fix, .. } = source_page(core.language(), &error);
                if let Some(typed) = &mut self.typed {
                    typed.error = Some(match typed.what {
                        Choose::Address => core.strings().network_address_wrong.to_owned(),
                        _ => sentences(&explanation, &fix),
                    });
                }
            }
        }
    }

    /// The worker of the dialogue failed.
    pub fn broken(&mut self) {
        self.choosing = false;
    }
}

/// Hands chosen paths to the controller that asked for them.
fn chosen(what: Choose, paths: Vec<PathBuf>, core: &mut Core) {
    if let Choose::TeachFiles(class) = what {
        core.ask(Intent::Teach(TeachIntent::AddFiles(class, paths)));
        return;
    }
    // All other dialogues take one.
    for path in paths.into_iter().take(1) {
        match intent_of_choice(what, path.clone()) {
            Some(intent) => core.ask(intent),
            None => open_paths(vec![path], core),
        }
    }
}

/// What a path means to the controller that asked for it; `None` where the path itself decides.
fn intent_of_choice(what: Choose, path: PathBuf) -> Option<Intent> {
    Some(match what {
        Choose::File | Choose::Folder | Choose::Address => return None,
        Choose::Model => Intent::Model(ModelIntent::Open(path)),
        Choose::ImportFile | Choose::ImportFolder => {
            Intent::Library(LibraryIntent::Import { path, run: false })
        }
        Choose::WatchFolder => Intent::Library(LibraryIntent::WatchFolder(path)),
        Choose::SnapshotFolder => Intent::Settings(SettingsIntent::SnapshotFolder(path)),
        Choose::VideoFolder => Intent::Settings(SettingsIntent::VideoFolder(path)),
        Choose::Labels => Intent::Reading(ReadingIntent::Labels(path)),
        Choose::Runtime => Intent::Settings(SettingsIntent::Runtime(path)),
        Choose::Appearance => Intent::Result(ResultIntent::TryAppearance(path)),
        Choose::SceneImport => Intent::Zones(ZonesIntent::Import(path)),
        Choose::SceneExport => Intent::Zones(ZonesIntent::Export(path)),
        Choose::Dataset => Intent::Dataset(DatasetIntent::Open(path)),
        Choose::DatasetImportFolder | Choose::DatasetImportFile => {
            Intent::Dataset(DatasetIntent::Import(path))
        }
        Choose::DatasetExport => Intent::Dataset(DatasetIntent::ExportInto(path)),
        Choose::DeployFolder => Intent::Library(LibraryIntent::DeployInto(path)),
        Choose::TeachProject => Intent::Teach(TeachIntent::Open(path)),
        Choose::TeachFiles(class) | Choose::TeachFolder(class) => {
            Intent::Teach(TeachIntent::AddFiles(class, vec![path]))
        }
        Choose::TeachExport => Intent::Teach(TeachIntent::ExportTo(path)),
    })
}

/// What a typed path or address means. Reads the disk.
fn meaning(what: Choose, text: &str, in_library: bool) -> Result<Intent, SourceError> {
    let address = || text.parse::<Address>();
    if what == Choose::Address {
        return match address()? {
            stream @ Address::Stream(_) => Ok(Intent::Source(SourceIntent::Open(stream))),
            _ => Err(SourceError::Unknown { text: text.to_owned() }),
        };
    }
    if let Some(address) = ModelAddress::of_path(Path::new(text.trim())).ok().flatten() {
        return Ok(Intent::Model(ModelIntent::Open(address.to_path())));
    }
    let path = typed_path(text);
    let path = std::path::absolute(&path).unwrap_or(path);
    if let Some(intent) = intent_of_choice(what, path.clone()) {
        // The folder for snapshots is made with the first one, that of deployments too, a scene file is written.
        let is_there = path.exists()
            || matches!(
                what,
                Choose::SnapshotFolder
                    | Choose::VideoFolder
                    | Choose::SceneExport
                    | Choose::DeployFolder
                    | Choose::TeachExport
            );
        return if is_there { Ok(intent) } else { Err(SourceError::NoFile { path }) };
    }
    if path.exists() {
        Ok(intent_of(path, in_library))
    } else {
        Ok(Intent::Source(SourceIntent::Open(address()?)))
    }
}

/// Opens files and folders by what they are, which a worker finds out: a folder on a slow disk mustn't stop the window.
fn open_paths(paths: Vec<PathBuf>, core: &Core) {
    let in_library = core.page == Page::Library;
    core.workers.run("open path", move || Done::Ask(intents_of(paths, in_library)));
}

/// What opening these paths means: all models are taken in and the first of them is run, several images are one source. Of
/// other sources the window shows one at a time: the first. Reads the disk.
fn intents_of(paths: Vec<PathBuf>, in_library: bool) -> Vec<Intent> {
    let (mut models, mut sources) = (Vec::new(), Vec::new());
    for path in paths {
        match intent_of(path, in_library) {
            Intent::Library(LibraryIntent::Import { path, run }) => {
                let run = run && models.is_empty();
                models.push(Intent::Library(LibraryIntent::Import { path, run }));
            }
            intent => sources.push(intent),
        }
    }
    let image = |intent: &Intent| match intent {
        Intent::Source(SourceIntent::Open(Address::Image(path))) => Some(path.clone()),
        _ => None,
    };
    match sources.iter().map(image).collect::<Option<Vec<_>>>() {
        Some(images) if images.len() > 1 => {
            sources = vec![Intent::Source(SourceIntent::Open(Address::Images(images)))];
        }
        _ => sources.truncate(1),
    }
    models.append(&mut sources);
    models
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

    #[test]
    fn several_paths_are_opened_as_the_command_line_does() {
        let path = |name: &str| PathBuf::from("/nowhere").join(name);
        let import = |name, run| Intent::Library(LibraryIntent::Import { path: path(name), run });
        let source = |address| Intent::Source(SourceIntent::Open(address));
        let opened = |names: &[&str]| intents_of(names.iter().map(|name| path(name)).collect(), false);
        assert_eq!(opened(&["a.jpg"]), [source(Address::Image(path("a.jpg")))]);
        let both = Address::Images(vec![path("b.jpg"), path("a.png")]);
        assert_eq!(
            opened(&["b.jpg", "m.onnx", "a.png", "n.onnx"]),
            [import("m.onnx", true), import("n.onnx", false), source(both)]
        );
        assert_eq!(opened(&["c.mp4", "a.jpg"]), [source(Address::Video(path("c.mp4")))]);
    }

    #[test]
    fn a_typed_path_is_understood_as_a_file_manager_or_a_shell_writes_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("my clip.mp4");
        std::fs::write(&path, "").unwrap();
        let model = home.path().join("a.onnx");
        std::fs::write(&model, "").unwrap();
        let uri = format!("file://{}", path.display()).replace(' ', "%20");
        let quoted = format!("'{}'", path.display());
        let video = Intent::Source(SourceIntent::Open(Address::Video(path.clone())));
        for text in [path.to_str().unwrap(), &uri, &quoted] {
            assert_eq!(meaning(Choose::File, text, false).unwrap(), video, "{text}");
        }
        assert_eq!(
            meaning(Choose::File, model.to_str().unwrap(), false).unwrap(),
            Intent::Library(LibraryIntent::Import { path: model.clone(), run: true })
        );
        let open = Intent::Model(ModelIntent::Open(model.clone()));
        assert_eq!(meaning(Choose::Model, model.to_str().unwrap(), false).unwrap(), open);
        let missing = meaning(Choose::Model, "~/no such model.onnx", false).unwrap_err();
        let SourceError::NoFile { path } = missing else { panic!("{missing}") };
        assert!(path.is_absolute() && !path.to_string_lossy().contains('~'), "{}", path.display());
    }

    #[test]
    fn a_network_address_is_one() {
        let stream = "rtsp://10.0.0.2/cam";
        let open = Intent::Source(SourceIntent::Open(Address::Stream(stream.into())));
        assert_eq!(meaning(Choose::Address, stream, false).unwrap(), open);
        for wrong in ["10.0.0.2", "/tmp", "camera", ""] {
            assert!(meaning(Choose::Address, wrong, false).is_err(), "{wrong}");
        }
    }
}
