//! Zones and lines: the scene file of each source, its editor, and what the engine counts with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use crate::app::intent::{Intent, Page, WindowIntent, ZonesIntent};
use crate::app::view::file_name;
use crate::app::workers::Done;
use crate::app::zones::Editor;
use crate::engine::Command;
use crate::source::Address;
use crate::track::zones::{SceneFile, SceneFileError};

/// The scene file of the source that is shown.
#[derive(Debug, Default)]
pub struct ZonesController {
    pub scene: Arc<SceneFile>,
    /// Where it is saved; `None` while no source was chosen, or without a home.
    pub path: Option<PathBuf>,
    pub editor: Editor,
    /// The folder of scene files.
    folder: Option<PathBuf>,
    /// The source that `path` belongs to.
    source: Option<String>,
    /// The file holds something that can't be read: it is kept under another name before the first change is saved.
    is_damaged: bool,
    /// A worker writes the file.
    saving: bool,
    /// A change that the worker doesn't have, and where it belongs.
    save_again: Option<(PathBuf, SceneFile)>,
    /// The file that is being imported.
    importing: Option<PathBuf>,
}

impl ZonesController {
    /// Scene files lie in the folder `scenes` beside the settings file.
    #[must_use]
    pub fn new(settings_file: Option<&Path>) -> Self {
        let folder = settings_file.and_then(Path::parent).map(|folder| folder.join("scenes"));
        Self { folder, ..Self::default() }
    }

    /// Loads the scene file of another source.
    pub fn gather(&mut self, core: &Core) {
        let Some(source) = lasting_name(core) else { return };
        if self.source.as_ref() == Some(&source) {
            return;
        }
        let file = |name: &str| Some(self.folder.as_ref()?.join(format!("{}.toml", file_stem(name))));
        self.path = file(&source);
        // Earlier versions named the file after the whole address, password and all.
        let earlier = match core.source.address() {
            Some(Address::Stream(address)) if *address != source => file(address),
            _ => None,
        };
        self.source = Some(source);
        self.is_damaged = false;
        self.editor.reset();
        self.set(Arc::default());
        if let Some(path) = self.path.clone() {
            core.workers.run("load scene", move || {
                let result = load(&path, earlier.as_deref());
                Done::Scene(path, result.map(Arc::new))
            });
        }
    }

    /// A scene file was read: that of the source, or one to import.
    pub fn loaded(&mut self, path: &Path, result: Result<Arc<SceneFile>, SceneFileError>, core: &mut Core) {
        let own = self.path.as_deref() == Some(path);
        match result {
            Ok(scene) if own => {
                // What was drawn while the file was read is newer.
                if self.scene.is_empty() && !self.editor.can_undo() {
                    self.set(scene);
                }
            }
            // A file that was to be imported. That of a source which was left meanwhile is of no interest.
            Ok(scene) if self.importing.take_if(|importing| importing == path).is_some() => {
                self.change(scene, core);
            }
            Ok(_) => {}
            Err(error) => {
                self.is_damaged |= own;
                core.failed_with(&error);
            }
        }
    }

    /// A worker has written the file.
    pub fn saved(&mut self, result: Result<(), SceneFileError>, core: &mut Core) {
        self.saving = false;
        if let Err(error) = result {
            core.failed_with(&error);
        }
        if let Some((path, scene)) = self.save_again.take() {
            self.write(path, scene, core);
        }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: ZonesIntent, core: &mut Core) {
        match intent {
            ZonesIntent::Edit(open) => {
                if open && core.page != Page::Stage {
                    core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
                self.editor.show(open);
            }
            ZonesIntent::Change(scene) => self.change(scene, core),
            ZonesIntent::Undo => {
                if let Some(scene) = self.editor.undo(&self.scene) {
                    self.set(scene);
                    self.save(core);
                }
            }
            ZonesIntent::Redo => {
                if let Some(scene) = self.editor.redo(&self.scene) {
                    self.set(scene);
                    self.save(core);
                }
            }
            ZonesIntent::ResetCounts => core.engine.send(Command::ResetCounts),
            ZonesIntent::Import(path) => {
                self.importing = Some(path.clone());
                core.workers.run("import scene", move || {
                    let result = SceneFile::load(&path);
                    Done::Scene(path, result.map(Arc::new))
                });
            }
            ZonesIntent::Export(path) => {
                let scene = Arc::clone(&self.scene);
                let path = if path.extension().is_none() { path.with_extension("toml") } else { path };
                core.workers.run("export scene", move || {
                    let result = scene.save(&path);
                    Done::SceneExported(path, result)
                });
            }
        }
    }

    /// A copy was written where the user wanted it.
    pub fn exported(path: &Path, result: Result<(), SceneFileError>, core: &mut Core) {
        match result {
            Ok(()) => {
                let text = (core.strings().zones.exported)(&file_name(path));
                core.toasts.good(&text, "").folder = path.parent().map(Path::to_owned);
            }
            Err(error) => core.failed_with(&error),
        }
    }

    fn change(&mut self, scene: Arc<SceneFile>, core: &Core) {
        if scene == self.scene {
            return;
        }
        self.editor.remember(Arc::clone(&self.scene));
        self.set(scene);
        self.save(core);
    }

    /// The engine counts with this scene from the next pass on.
    fn set(&mut self, scene: Arc<SceneFile>) {
        self.scene = scene;
    }

    /// Lets a worker write the file: one at a time, so that the newest change is the last one.
    fn save(&mut self, core: &Core) {
        let Some(path) = self.path.clone() else { return };
        let mut scene = SceneFile::clone(&self.scene);
        if let Some(source) = &self.source {
            // For people who look for the file of a source.
            scene.other.insert("source".into(), toml::Value::String(source.clone()));
        }
        if self.saving {
            self.save_again = Some((path, scene));
        } else {
            self.write(path, scene, core);
        }
    }

    fn write(&mut self, path: PathBuf, scene: SceneFile, core: &Core) {
        self.saving = true;
        let damaged = std::mem::take(&mut self.is_damaged);
        core.workers.run("save scene", move || {
            if damaged && let Err(error) = std::fs::rename(&path, path.with_extension("toml.damaged")) {
                tracing::warn!("{} can't be kept: {error}", path.display());
            }
            Done::SceneSaved(scene.save(&path))
        });
    }
}

/// Reads the scene file of a source; there may be none. One of an earlier version gets its new name, without the password.
fn load(path: &Path, earlier: Option<&Path>) -> Result<SceneFile, SceneFileError> {
    if path.exists() {
        return SceneFile::load(path);
    }
    let Some(earlier) = earlier.filter(|earlier| earlier.exists()) else { return Ok(SceneFile::default()) };
    let mut scene = SceneFile::load(earlier)?;
    scene.other.remove("source");
    match scene.save(path) {
        Ok(()) => drop(std::fs::remove_file(earlier)),
        Err(error) => tracing::warn!("{error}"),
    }
    Ok(scene)
}

/// The source as its scene file remembers it: a camera by its name, whatever number it has today; a stream without user and
/// password.
fn lasting_name(core: &Core) -> Option<String> {
    let address = core.source.address()?;
    if !address.is_camera() {
        return Some(address.absolute().to_string());
    }
    match (address, core.source.info()) {
        (_, Some(info)) => Some(info.name.clone()),
        (Address::Camera { name, .. }, None) => Some(name.clone()),
        _ => None,
    }
}

/// A file name for a source: its last part, and a number that tells sources of the same name apart.
fn file_stem(source: &str) -> String {
    let last = source.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = last.chars().take(48).map(plain).collect();
    // FNV-1a.
    let number =
        source.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}-{number:08x}", name.trim_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_file_of_its_own_that_any_file_system_can_hold() {
        let stem = file_stem("/videos/traffic.mp4");
        assert!(stem.starts_with("traffic.mp4-"), "{stem}");
        assert_ne!(stem, file_stem("/other/traffic.mp4"));
        for source in
            ["rtsp://user:secret@10.0.0.2:554/a?b=c|d", "C:\\clips\\..", "", "摄像头 1", &"x".repeat(5000)]
        {
            let stem = file_stem(source);
            assert!(stem.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)), "{stem}");
            assert!(stem.len() < 200 && !stem.starts_with('.') && !stem.contains("secret"), "{stem}");
        }
    }

    #[test]
    fn a_password_is_neither_in_a_scene_file_nor_in_its_name_and_earlier_files_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let old = "rtsp://me:secret@10.0.0.2";
        let name = Address::Stream(old.into()).to_string();
        let file = |name: &str| folder.path().join(format!("{}.toml", file_stem(name)));
        let mut scene =
            SceneFile::parse("[[lines]]\nname = \"gate\"\npoints = [[0.1, 0.1], [0.9, 0.9]]").unwrap();
        scene.other.insert("source".into(), toml::Value::String(old.into()));
        scene.save(&file(old)).unwrap();
        let loaded = load(&file(&name), Some(&file(old))).unwrap();
        assert_eq!(&*loaded.lines[0].name, "gate");
        let files: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files, [file(&name)]);
        assert!(!files[0].display().to_string().contains("secret"));
        assert!(!std::fs::read_to_string(&files[0]).unwrap().contains("secret"));
        assert_eq!(load(&file(&name), None).unwrap().lines.len(), 1);
    }
}
