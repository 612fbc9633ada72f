//! The settings: one TOML file that people can read and edit.
//!
//! Every field has a default and unknown fields are ignored, so files of older and newer versions load.
//! A file that can't be understood is renamed, never overwritten.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::engine::ResultPace;
use crate::model::labels::Language;
use crate::save::SnapshotOptions;
use crate::source::{Address, CameraRequest};

/// The environment variable that names the folder of the settings file.
pub const CONFIG_VARIABLE: &str = "SIGHTLINE_CONFIG_DIR";
/// Number of recent sources.
const RECENT_LIMIT: usize = 8;
/// Changes within this time are written together.
const QUIET: Duration = Duration::from_millis(600);

/// Light, dark, or the system's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// What a list of models is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SortOrder {
    /// Favourites, then those used last, then by name.
    #[default]
    Recent,
    Name,
    Task,
    /// The fastest first.
    Speed,
    /// The smallest first.
    Size,
}

impl SortOrder {
    /// Every order, as menus show them.
    pub const ALL: [Self; 5] = [Self::Recent, Self::Name, Self::Task, Self::Speed, Self::Size];
}

/// Which detections of a model count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Lowest score, 0..=1.
    pub conf: f32,
    /// Largest overlap (IoU) of two boxes of a class, 0..=1.
    pub iou: f32,
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// `None`: the system's.
    pub language: Option<Language>,
    pub theme: Theme,
    /// The last model; `None`: the default one.
    pub model: Option<PathBuf>,
    pub mirror: bool,
    /// The figures are drawn over the preview.
    pub figures: bool,
    /// Opacity of a style image, matte or depth map over the preview, 0..=1.
    pub amount: f32,
    /// The matting model that limits styles to the person; `None`: the whole frame.
    pub matte: Option<PathBuf>,
    /// The pose model for models of actions; `None`: the first that is found.
    pub pose: Option<PathBuf>,
    /// The execution provider that models run on; `None`: the CPU.
    pub device: Option<String>,
    /// Results per second that models of variable input size should reach; `None`: their own size, at any rate.
    pub target_rate: Option<u32>,
    /// Show each result on the frame it was made from, instead of on the newest frame.
    pub result_on_own_frame: bool,
    /// Whether results are as new as possible or as many as possible.
    pub result_pace: ResultPace,
    pub side_panel: bool,
    /// The models that were last compared with the one that ran.
    pub compare_models: Vec<PathBuf>,
    /// Two compared models have a view each, instead of the two sides of one.
    pub compare_tiles: bool,
    /// Where the two sides meet, as a share of the view's width.
    pub compare_divider: f32,
    /// Restart videos and folders at their end.
    pub looping: bool,
    /// Width and height of the window, in points.
    pub window: Option<(f32, f32)>,
    /// ONNX Runtime's shared library; `None`: Sightline looks for it.
    pub onnxruntime: Option<PathBuf>,
    /// Folders of models in addition to the usual ones.
    pub model_folders: Vec<PathBuf>,
    /// The mirror that models are downloaded from first: a folder or an address.
    pub model_mirror: Option<String>,
    /// The order of the list of models.
    pub model_order: SortOrder,
    /// The last source; `None`: the best camera.
    pub source: Option<Address>,
    /// Newest first.
    pub recent: Vec<Address>,
    pub snapshot: SnapshotOptions,
    /// The limits that were changed for a model, by the SHA-256 of its file; other models have those of their family.
    pub limits: BTreeMap<String, Limits>,
    /// How each camera is opened, by its name.
    pub cameras: BTreeMap<String, CameraRequest>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            model: None,
            mirror: false,
            figures: false,
            amount: 1.0,
            matte: None,
            pose: None,
            device: None,
            target_rate: None,
            result_on_own_frame: false,
            result_pace: ResultPace::default(),
            side_panel: true,
            compare_models: Vec::new(),
            compare_tiles: false,
            compare_divider: 0.5,
            looping: true,
            window: None,
            onnxruntime: None,
            model_folders: Vec::new(),
            model_mirror: None,
            model_order: SortOrder::default(),
            source: None,
            recent: Vec::new(),
            snapshot: SnapshotOptions::default(),
            limits: BTreeMap::new(),
            cameras: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Limits values to their ranges: a file edited by hand can hold others.
    fn clamp(&mut self) {
        let default = Self::default();
        let unit = |v: f32, d: f32| if v.is_finite() { v.clamp(0.0, 1.0) } else { d };
        self.limits.retain(|_, limits| limits.conf.is_finite() && limits.iou.is_finite());
        for limits in self.limits.values_mut() {
            *limits = Limits { conf: limits.conf.clamp(0.0, 1.0), iou: limits.iou.clamp(0.0, 1.0) };
        }
        self.amount = unit(self.amount, default.amount);
        self.compare_divider = unit(self.compare_divider, default.compare_divider);
        self.recent.truncate(RECENT_LIMIT);
        self.window =
            self.window.filter(|(w, h)| (320.0..=16_384.0).contains(w) && (240.0..=16_384.0).contains(h));
    }

    /// Records that a source was opened. Paths that aren't valid Unicode can't be written and are left out.
    pub fn remember_source(&mut self, address: &Address) {
        let writable = match address {
            Address::Video(path) | Address::Image(path) | Address::Folder(path) => path.to_str().is_some(),
            _ => true,
        };
        if !writable {
            return;
        }
        self.source = Some(address.clone());
        if !address.is_camera() {
            self.recent.retain(|a| a != address);
            self.recent.insert(0, address.clone());
            self.recent.truncate(RECENT_LIMIT);
        }
    }

    /// Records that a model was opened, if its path can be written.
    pub fn remember_model(&mut self, path: &Path) {
        if path.to_str().is_some() {
            self.model = Some(path.to_owned());
        }
    }
}

/// The path of the settings file, whether or not it exists: in `SIGHTLINE_CONFIG_DIR`, or else in the system's folder for
/// settings; `None` if the user has no home.
#[must_use]
pub fn settings_file() -> Option<PathBuf> {
    let folder = match std::env::var_os(CONFIG_VARIABLE).filter(|v| !v.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => etcetera::base_strategy::choose_native_strategy().ok()?.config_dir().join("sightline"),
    };
    Some(folder.join("settings.toml"))
}

/// Why the settings can't be read or written, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file isn't valid; it was renamed.
    #[error("The settings file couldn't be understood ({reason}). It was kept as \u{201c}{}\u{201d}, and Sightline started with its defaults.", renamed_to.display())]
    Damaged { reason: String, renamed_to: PathBuf },
    /// The file can't be read; it isn't overwritten.
    #[error("The settings file \u{201c}{}\u{201d} can't be read: {reason}. Changes won't be remembered; check its permissions.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// The file can't be written.
    #[error("The settings can't be saved in \u{201c}{}\u{201d}: {reason}. Check that the folder can be written and that the disk has space.", path.display())]
    Unwritable { path: PathBuf, reason: String },
}

/// Reads the settings; a file that doesn't exist gives the defaults.
///
/// # Errors
/// [`SettingsError::Damaged`] after renaming the file, or [`SettingsError::Unreadable`].
pub fn load(path: &Path) -> Result<Settings, SettingsError> {
    let unreadable = |error: std::io::Error| SettingsError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(unreadable(error)),
    };
    let parsed = String::from_utf8(bytes)
        .map_err(|_| "it isn't a text file".to_owned())
        .and_then(|text| toml::from_str::<Settings>(&text).map_err(|e| e.message().to_owned()));
    match parsed {
        Ok(mut settings) => {
            settings.clamp();
            Ok(settings)
        }
        Err(reason) => {
            let renamed_to = free_name(path);
            std::fs::rename(path, &renamed_to).map_err(unreadable)?;
            Err(SettingsError::Damaged { reason, renamed_to })
        }
    }
}

/// Reads the settings for a single value; a file that can't be read stays as it is and gives `None`.
fn peek(path: &Path) -> Option<Settings> {
    let mut settings: Settings = toml::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    settings.clamp();
    Some(settings)
}

/// The added folders of models, if the file can be read.
#[must_use]
pub fn peek_model_folders(path: &Path) -> Vec<PathBuf> {
    peek(path).map(|settings| settings.model_folders).unwrap_or_default()
}

/// The mirror for models, if the file can be read and names one.
#[must_use]
pub fn peek_mirror(path: &Path) -> Option<String> {
    peek(path)?.model_mirror
}

/// The window's size, if the file can be read; for opening the window before the rest is loaded.
#[must_use]
pub fn peek_window(path: &Path) -> Option<(f32, f32)> {
    peek(path)?.window
}

/// The first of `settings.damaged.toml`, `settings.damaged-2.toml`, … that doesn't exist.
fn free_name(path: &Path) -> PathBuf {
    let first = path.with_extension("damaged.toml");
    std::iter::once(first.clone())
        .chain((2..100).map(|n| path.with_extension(format!("damaged-{n}.toml"))))
        .find(|p| !p.exists())
        .unwrap_or(first)
}

/// Writes the settings to a temporary file in the same folder, then renames it.
///
/// # Errors
/// [`SettingsError::Unwritable`]; the old file is unchanged.
pub fn save(path: &Path, settings: &Settings) -> Result<(), SettingsError> {
    let unwritable = |reason: String| SettingsError::Unwritable { path: path.to_owned(), reason };
    let text = toml::to_string_pretty(settings).map_err(|e| unwritable(e.to_string()))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|e| e.error)
    };
    write().map(drop).map_err(|e| unwritable(e.to_string()))
}

/// Writes settings on a thread of its own; quick changes are written together.
#[derive(Debug)]
pub struct Saver {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<SaverState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SaverState {
    pending: Option<Settings>,
    error: Option<SettingsError>,
    stop: bool,
    done: bool,
}

impl Saver {
    /// Starts the thread that writes to `path`.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(path: PathBuf) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("settings".into())
            .spawn(move || save_changes(&path, &theirs))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Writes these settings soon.
    pub fn set(&self, settings: Settings) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pending = Some(settings);
        self.shared.changed.notify_all();
    }

    /// Returns the error of the last write, once.
    #[must_use]
    pub fn take_error(&self) -> Option<SettingsError> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).error.take()
    }
}

impl Drop for Saver {
    /// Writes what is pending, waiting at most half a second: a hanging disk must not keep the program.
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stop = true;
        self.shared.changed.notify_all();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, Duration::from_millis(500), |s| !s.done)
            .unwrap_or_else(PoisonError::into_inner);
        let done = state.done;
        drop(state);
        if let (true, Some(thread)) = (done, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn save_changes(path: &Path, shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        while state.pending.is_none() && !state.stop {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.stop {
            state = shared
                .changed
                .wait_timeout_while(state, QUIET, |s| !s.stop)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let stopping = state.stop;
        if let Some(settings) = state.pending.take() {
            drop(state);
            let result = save(path, &settings);
            state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.error = result.err();
        }
        if stopping {
            state.done = true;
            shared.changed.notify_all();
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;

    fn full() -> Settings {
        let mut settings = Settings {
            language: Some(Language::Chinese),
            theme: Theme::Dark,
            window: Some((1280.0, 800.0)),
            onnxruntime: Some("/opt/onnxruntime/libonnxruntime.so".into()),
            ..Settings::default()
        };
        settings.remember_model(Path::new("/data/models/yolox_nano.onnx"));
        settings.remember_source(&Address::Video("/data/traffic.mp4".into()));
        settings.remember_source(&Address::Pattern { width: 640, height: 480, fps: 15 });
        settings.remember_source(&Address::Camera { name: "UVC Camera".into(), bus: Some("usb-1".into()) });
        settings.cameras.insert(
            "UVC Camera".into(),
            CameraRequest { format: Some(PixelFormat::Mjpeg), size: Some((1280, 720)), fps: Some(30) },
        );
        settings
    }

    #[test]
    fn saved_settings_are_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/settings.toml");
        assert_eq!(load(&path).unwrap(), Settings::default());
        save(&path, &full()).unwrap();
        assert_eq!(load(&path).unwrap(), full());
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn damaged_files_are_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for name in ["settings.damaged.toml", "settings.damaged-2.toml"] {
            std::fs::write(&path, "amount = \"high\"").unwrap();
            let error = load(&path).unwrap_err();
            let SettingsError::Damaged { renamed_to, .. } = error else { panic!("{error}") };
            assert_eq!(renamed_to, folder.path().join(name));
            assert_eq!(std::fs::read_to_string(renamed_to).unwrap(), "amount = \"high\"");
        }
        std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(matches!(load(&path), Err(SettingsError::Damaged { .. })));
        assert_eq!(load(&path).unwrap(), Settings::default());
    }

    #[test]
    fn unknown_fields_are_ignored_and_values_limited() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "amount = 7.5\nwindow = [1.0, 1.0]\nfrom-the-future = true\n[limits]\na = { conf = 7.5, iou = 0.4 }\nb = { conf = 0.2, iou = nan }\n")
            .unwrap();
        let settings = load(&path).unwrap();
        assert_eq!((settings.amount, settings.window), (1.0, None));
        assert_eq!(settings.limits, BTreeMap::from([("a".to_owned(), Limits { conf: 1.0, iou: 0.4 })]));
    }

    #[test]
    fn recent_sources_are_few_newest_first_and_each_once() {
        let mut settings = Settings::default();
        for n in [1, 2, 3, 2] {
            settings.remember_source(&Address::Pattern { width: n, height: 1, fps: 1 });
        }
        let widths: Vec<_> = settings.recent.iter().map(ToString::to_string).collect();
        assert_eq!(widths, ["pattern:2x1@1", "pattern:3x1@1", "pattern:1x1@1"]);
        for n in 0..20 {
            settings.remember_source(&Address::Pattern { width: n, height: 2, fps: 1 });
        }
        assert_eq!(settings.recent.len(), RECENT_LIMIT);
    }

    #[test]
    fn the_saver_writes_pending_settings_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let saver = Saver::start(path.clone()).unwrap();
        saver.set(Settings::default());
        saver.set(full());
        drop(saver);
        assert_eq!(load(&path).unwrap(), full());
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = save(&file.join("settings.toml"), &full()).unwrap_err();
        assert!(error.to_string().contains("can't be saved"), "{error}");
    }

    /// Files of every released version must load. `settings-0.1.toml` is what version 0.1 wrote for [`full`].
    #[test]
    fn the_files_of_older_versions_load() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings-0.1.toml");
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("settings.toml");
        std::fs::copy(path, &copy).unwrap();
        assert_eq!(load(&copy).unwrap(), full());
    }

    /// The order of the list of models is written as in version 0.1.
    #[test]
    fn the_order_of_models_keeps_its_names() {
        for (order, name) in SortOrder::ALL.into_iter().zip(["recent", "name", "task", "speed", "size"]) {
            let settings: Settings = toml::from_str(&format!("model-order = \"{name}\"")).unwrap();
            assert_eq!(settings.model_order, order);
        }
    }
}
