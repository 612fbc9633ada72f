//! The settings: changing them and writing them down.

use std::path::PathBuf;
use std::sync::PoisonError;

use egui::ThemePreference;

use super::core::Core;
use crate::app::intent::{Intent, ModelIntent, SettingsIntent};
use crate::app::strings::Explain as _;
use crate::model::runtime;
use crate::save;
use crate::settings::{Saver, Settings, Theme};

/// The settings file and its writer.
#[derive(Debug)]
pub struct SettingsController {
    /// Where the settings are stored, if there is such a place.
    pub file: Option<PathBuf>,
    /// Where snapshots go if the user has chosen no folder.
    pub snapshot_folder: PathBuf,
    /// Where recordings go unless the user chose another folder.
    pub video_folder: PathBuf,
    saver: Option<Saver>,
    /// What was last given to the writer.
    written: Settings,
    /// The settings as they were looked at last, and whether a lesson was taken.
    seen: (Settings, bool),
}

/// egui's value for a theme.
#[must_use]
pub fn theme(theme: Theme) -> ThemePreference {
    match theme {
        Theme::System => ThemePreference::System,
        Theme::Light => ThemePreference::Light,
        Theme::Dark => ThemePreference::Dark,
    }
}

impl SettingsController {
    /// The settings as they were loaded; without `may_write` the file is left as it is.
    #[must_use]
    pub fn new(file: Option<PathBuf>, may_write: bool, loaded: &Settings) -> Self {
        let saver = file.clone().filter(|_| may_write).and_then(|path| Saver::start(path).ok());
        Self {
            file,
            snapshot_folder: save::default_folder(),
            video_folder: save::default_video_folder(),
            saver,
            written: loaded.clone(),
            seen: (loaded.clone(), false),
        }
    }

    /// Carries out an intent.
    pub fn apply(intent: SettingsIntent, core: &mut Core, ctx: &egui::Context) {
        match intent {
            SettingsIntent::Language(language) => {
                core.language = None;
                core.settings.language = language;
            }
            SettingsIntent::Theme(chosen) => {
                core.settings.theme = chosen;
                ctx.set_theme(theme(chosen));
            }
            SettingsIntent::Snapshot(options) => core.settings.snapshot = options,
            SettingsIntent::SnapshotFolder(folder) => core.settings.snapshot.folder = Some(folder),
            SettingsIntent::Recording(options) => core.settings.recording = options,
            SettingsIntent::VideoFolder(folder) => core.settings.recording.folder = Some(folder),
            SettingsIntent::Runtime(path) => {
                core.settings.onnxruntime = Some(path.clone());
                runtime::prefer(Some(path));
                if let Some((model, _)) = &core.model.failed {
                    let model = model.clone();
                    core.ask(Intent::Model(ModelIntent::Open(model)));
                }
            }
            SettingsIntent::Mirror(on) => match core.source.address() {
                Some(address) if !address.is_camera() => core.file_mirrored = on,
                _ => core.settings.mirror = on,
            },
            SettingsIntent::HubMirror(address) => core.settings.hub_mirror = address,
            SettingsIntent::LineSize(size) => core.settings.line_size = size,
            SettingsIntent::LabelSize(size) => core.settings.label_size = size,
            SettingsIntent::Figures(on) => core.settings.figures = on,
            SettingsIntent::Privacy(privacy) => {
                core.privacy.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&privacy);
                core.settings.privacy = privacy;
            }
            SettingsIntent::SidePanel(on) => core.settings.side_panel = on,
        }
    }

    /// Gives changed settings to the writer, and tells of a failure.
    pub fn gather(&mut self, core: &mut Core) {
        let is_lesson = core.kept.is_some();
        if core.settings != self.seen.0 || is_lesson != self.seen.1 {
            self.seen = (core.settings.clone(), is_lesson);
            let own = core.kept.as_ref().map(|kept| kept.over(&core.settings));
            let settings = own.unwrap_or_else(|| core.settings.clone());
            if settings != self.written {
                self.written = settings;
                if let Some(saver) = &self.saver {
                    saver.set(self.written.clone());
                }
            }
        }
        if let Some(error) = self.saver.as_ref().and_then(Saver::take_error) {
            let text = error.explain(core.language());
            core.toasts.bad(core.strings().settings, text.to_string());
        }
    }
}
