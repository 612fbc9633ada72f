//! The one place that does what the user wants.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{self, ViewportCommand};

use super::AppOptions;
use super::intent::{Choose, Intent, Page};
use super::page_text::snapshot_failure;
use super::view::{Cameras, source_address, source_info};
use super::window::App;
use super::workers::{Done, read_labels};
use crate::engine::{Command, ModelChoice, SourceState};
use crate::model::sidecar::Sidecar;
use crate::model::{self, OpenOptions, Task, folders, runtime};
use crate::save::{self, Saved, SnapshotError};
use crate::settings::Theme;
use crate::source::camera::{self, CameraInfo};
use crate::source::{Address, CameraRequest, Pace, SourceInfo};

/// egui's word for the theme.
#[must_use]
pub fn theme(theme: Theme) -> egui::ThemePreference {
    match theme {
        Theme::System => egui::ThemePreference::System,
        Theme::Light => egui::ThemePreference::Light,
        Theme::Dark => egui::ThemePreference::Dark,
    }
}

/// The address to remember: a camera by its name and bus, whatever number it has today.
#[must_use]
pub fn lasting_address(address: &Address, info: &SourceInfo, cameras: &Cameras) -> Address {
    match address {
        Address::AnyCamera | Address::CameraIndex(_) => match cameras.find(address, Some(&info.name)) {
            Some(camera) => camera.address(),
            None => Address::Camera { name: info.name.clone(), bus: None },
        },
        other => other.clone(),
    }
}

/// Whether a folder holds models and no images or videos.
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

impl App {
    /// Opens the source and the model that were asked for, else the remembered, else the default ones.
    pub(super) fn begin(&mut self, options: AppOptions) {
        runtime::prefer(self.state.settings.onnxruntime.clone());
        self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
        self.engine.send(Command::Loop(self.state.settings.looping));
        self.engine.send(Command::Pace(self.state.settings.result_pace));
        let source =
            options.source.or_else(|| self.state.settings.source.clone()).unwrap_or(Address::AnyCamera);
        self.open_source(source);
        let remembered = || self.state.settings.model.clone().filter(|m| m.is_file());
        if let Some(model) = options.model.or_else(remembered).or_else(folders::default_model) {
            self.open_model(model, None);
        }
        if !options.compare.is_empty() {
            self.begin_comparing(options.compare);
        }
    }

    pub(super) fn apply(&mut self, ctx: &egui::Context, frame: &eframe::Frame, intent: Intent) {
        match intent {
            Intent::OpenSource(address) => self.open_source(address),
            Intent::OpenCamera(address, request) => {
                if let Some(info) = source_info(&self.state.source) {
                    let name = info.name.clone();
                    if request == CameraRequest::default() {
                        self.state.settings.cameras.remove(&name);
                    } else {
                        self.state.settings.cameras.insert(name, request.clone());
                    }
                }
                self.engine.send(Command::Open { address, camera: request });
            }
            Intent::TryAgain => {
                if let Some(address) = source_address(&self.state.source).cloned() {
                    self.open_source(address);
                }
            }
            Intent::OpenPath(path) => self.open_path(path),
            Intent::CameraNumber(n) => {
                let known = self.state.cameras.items().get(n).map(CameraInfo::address);
                if let Some(address) = known {
                    self.open_source(address);
                } else if self.state.cameras.items.is_none() {
                    self.open_source(Address::CameraIndex(n as u32));
                }
            }
            Intent::Choose(what) => {
                if !self.state.choosing {
                    self.state.choosing = true;
                    self.workers.choose(what, self.strings(), frame);
                }
            }
            Intent::Typed(what, text) => self.typed(what, &text),
            Intent::RefreshCameras => self.look_for_cameras(),
            Intent::SetControl { id, value } => {
                for camera in self.state.cameras.items.iter_mut().flatten() {
                    // Shown at once; the next look at the cameras tells what the driver made of it.
                    for control in camera.controls.iter_mut().filter(|c| c.id == id) {
                        control.value = value;
                    }
                }
                self.engine.send(Command::SetControl { id, value });
            }
            Intent::Pause(on) => self.engine.send(Command::Pause(on)),
            Intent::Step => {
                if matches!(*self.state.source, SourceState::Playing { .. }) {
                    self.engine.send(Command::Pause(true));
                }
                self.engine.send(Command::Step);
            }
            Intent::Seek(to) => {
                let ended = matches!(*self.state.source, SourceState::Ended { .. });
                self.engine.send(Command::Seek(to));
                if ended {
                    self.engine.send(Command::Pause(false));
                }
            }
            Intent::Skip(by) => self.skip(by),
            Intent::Loop(on) => {
                self.state.settings.looping = on;
                self.engine.send(Command::Loop(on));
            }
            Intent::AsFastAsPossible(on) => {
                self.state.as_fast_as_possible = on;
                self.engine.send(Command::AsFastAsPossible(on));
            }
            Intent::SetModel(path) => self.open_model(path, None),
            Intent::SetAdapter(adapter) => self.set_adapter(adapter),
            Intent::SetCompanion(path) => self.set_companion(path),
            Intent::Device(device) => self.set_device(device),
            Intent::TargetRate(rate) => self.set_target_rate(rate),
            Intent::Tune => self.begin_tune(),
            Intent::StopTune => self.stop_tune(),
            Intent::NoModel => {
                self.state.settings.model = None;
                self.state.comparing = false;
                self.engine.send(Command::CloseModel);
            }
            Intent::NextModel { back } => self.next_model(back),
            Intent::Favourite(path, on) => self.favourite(path, on),
            Intent::RenameModel(path, name) => self.rename_model(path, name),
            Intent::VerifyModel(path) => self.verify_model(&path),
            Intent::MeasureModel(path) => self.measure_again(path),
            Intent::RemoveModel { path, delete } => self.remove_model(path, delete),
            Intent::ModelOrder(order) => self.state.settings.model_order = order,
            Intent::Pull(id) => self.pull(&id),
            Intent::PausePull(id) => self.pause_pull(&id),
            Intent::ResumePull(id) => self.resume_pull(&id),
            Intent::CancelPull(id) => self.cancel_pull(&id),
            Intent::Compare(on) => self.set_comparing(on),
            Intent::CompareWith(lane, path) => self.compare_with(lane, path),
            Intent::CompareWithout(lane) => self.compare_without(lane),
            Intent::CompareTiles(on) => self.state.settings.compare_tiles = on,
            Intent::CompareDivider(share) => self.state.settings.compare_divider = share,
            Intent::Conf(conf) => {
                self.state.settings.conf = conf;
                self.state.thresholds.conf = conf;
                self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
            }
            Intent::Amount(amount) => self.state.settings.amount = amount,
            Intent::Iou(iou) => {
                self.state.settings.iou = iou;
                self.state.thresholds.iou = iou;
                self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
            }
            Intent::Classes(classes) => {
                self.state.thresholds.classes = classes;
                self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
            }
            Intent::Snapshot => self.snapshot(),
            Intent::Mirror(on) => self.state.settings.mirror = on,
            Intent::Figures(on) => self.state.settings.figures = on,
            Intent::ResultOnOwnFrame(on) => self.state.settings.result_on_own_frame = on,
            Intent::ResultPace(pace) => {
                self.state.settings.result_pace = pace;
                self.engine.send(Command::Pace(pace));
            }
            Intent::SidePanel(on) => self.state.settings.side_panel = on,
            Intent::FullScreen(on) => {
                self.state.full_screen = on;
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(on));
            }
            Intent::Help(on) => self.state.help = on,
            Intent::Show(page) => self.show(page),
            Intent::Language(language) => {
                self.state.language = None;
                self.state.settings.language = language;
            }
            Intent::Theme(chosen) => {
                self.state.settings.theme = chosen;
                ctx.set_theme(theme(chosen));
            }
            Intent::SnapshotOptions(options) => self.state.settings.snapshot = options,
            Intent::ApplyReading(path, sidecar) => self.open_model(path, Some(sidecar)),
            Intent::SaveReading(path, sidecar) => {
                self.workers.run("save reading", move || {
                    let result = sidecar.save(&path);
                    Done::ReadingSaved(path, result)
                });
            }
            Intent::OpenFolder(path) => self.workers.run("open folder", move || {
                Done::FolderOpened(open::that_detached(&path).map_err(|e| format!("{}: {e}", path.display())))
            }),
            Intent::CopyText(text) => {
                ctx.copy_text(text);
                self.toasts.good(self.strings().copied, "");
            }
            Intent::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Intent::Dismiss(id) => self.toasts.dismiss(id),
        }
    }

    fn open_source(&mut self, address: Address) {
        if self.state.page != Page::Stage {
            self.show(Page::Stage);
        }
        let playing = source_info(&self.state.source).map(|i| i.name.clone());
        let name = match (&address, self.state.cameras.find(&address, playing.as_deref())) {
            (_, Some(camera)) => Some(camera.name.clone()),
            (Address::Camera { name, .. }, None) => Some(name.clone()),
            _ => None,
        };
        let camera = name.and_then(|n| self.state.settings.cameras.get(&n).cloned()).unwrap_or_default();
        self.engine.send(Command::Open { address, camera });
    }

    /// Opens a model; `overrides` are the user's choices on the page "How to read this model".
    pub(super) fn open_model(&mut self, path: PathBuf, overrides: Option<Sidecar>) {
        self.speed.tune = None;
        self.overrides = overrides.map(|said| (path.clone(), said));
        self.engine.send(Command::SetModel(self.choice(path)));
    }

    /// A model with the options that it is usually opened with.
    pub(super) fn choice(&self, path: PathBuf) -> ModelChoice {
        ModelChoice { options: self.options_for(&path), path }
    }

    /// What the catalogue knows of how to read a file.
    fn hints(&self, path: &Path) -> Sidecar {
        let card = self.state.cards.iter().find(|c| c.path == *path);
        let hash = card.and_then(|c| c.sha256.as_deref());
        match hash {
            Some(hash) => self.catalogue.by_hash(hash).map(|e| e.read.clone()).unwrap_or_default(),
            None => self.catalogue.hints(path),
        }
    }

    pub(super) fn set_adapter(&self, adapter: Option<PathBuf>) {
        let Some(card) = &self.state.model.current else { return };
        let options = OpenOptions { adapter, ..self.options_for(&card.path) };
        self.engine.send(Command::SetModel(ModelChoice { path: card.path.clone(), options }));
    }

    /// How a model is opened: with what the catalogue knows, on the chosen provider, with the threads that suited it, and with
    /// the second models that the user chose last (what is chosen for one style holds for the next).
    pub(super) fn options_for(&self, path: &Path) -> OpenOptions {
        let there = |path: &Option<PathBuf>| path.clone().filter(|p| p.is_file());
        let settings = &self.state.settings;
        let provider = settings.device.as_deref().unwrap_or("CPU");
        OpenOptions {
            hints: self.hints(path),
            overrides: self.overrides.as_ref().filter(|(of, _)| of == path).map(|(_, said)| said.clone()),
            device: settings.device.clone(),
            size: self.size_for(path),
            threads: self.threads_for(path, provider),
            pose: there(&settings.pose),
            matte: there(&settings.matte),
            cache: folders::cache_folder(),
            ..OpenOptions::default()
        }
    }

    fn set_companion(&mut self, path: Option<PathBuf>) {
        let Some(card) = self.state.model.current.clone() else { return };
        let path = path.filter(|p| p.to_str().is_some());
        match card.spec.task {
            Task::Action => self.state.settings.pose = path,
            _ => self.state.settings.matte = path,
        }
        self.set_adapter(card.adapter.clone());
    }

    fn open_path(&mut self, path: PathBuf) {
        let ends_in =
            |ending| path.extension().is_some_and(|e: &std::ffi::OsStr| e.eq_ignore_ascii_case(ending));
        if (ends_in("onnx") || ends_in("zip")) && !path.is_dir() {
            self.import(path, true);
        } else if path.is_dir() && (self.state.page == Page::Library || only_models(&path)) {
            self.import(path, false);
        } else {
            self.open_source(Address::from_path(&path));
        }
    }

    /// What was chosen in a dialogue.
    pub(super) fn chosen(&mut self, what: Choose, path: PathBuf) {
        match what {
            Choose::File | Choose::Folder => self.open_path(path),
            Choose::Model => self.open_model(path, None),
            Choose::ImportFile | Choose::ImportFolder => self.import(path, false),
            Choose::WatchFolder => self.watch_folder(path),
            Choose::SnapshotFolder => self.state.settings.snapshot.folder = Some(path),
            Choose::Labels => self.workers.run("read labels", move || Done::Labels(read_labels(&path))),
            Choose::Runtime => {
                self.state.settings.onnxruntime = Some(path.clone());
                runtime::prefer(Some(path));
                if let Some((model, _)) = &self.state.model.failed {
                    self.open_model(model.clone(), None);
                }
            }
        }
    }

    fn typed(&mut self, what: Choose, text: &str) {
        match what {
            Choose::File | Choose::Folder => match text.parse::<Address>() {
                Ok(address) => self.open_source(address),
                Err(error) => {
                    self.toasts.bad(self.strings().not_done, format!("{error} {}", error.fix()));
                }
            },
            _ => self.chosen(what, PathBuf::from(text)),
        }
    }

    fn skip(&mut self, by: i32) {
        let Some(info) = source_info(&self.state.source).filter(|i| i.pace == Pace::Stills) else { return };
        let last = info.frames.map_or(f64::MAX, |n| n.saturating_sub(1) as f64);
        let now = self.state.position.unwrap_or(0.0);
        let mut to = now + f64::from(by);
        if self.state.settings.looping && last < f64::MAX {
            to = if to > last {
                0.0
            } else if to < 0.0 {
                last
            } else {
                to
            };
        }
        self.engine.send(Command::Seek(to.clamp(0.0, last)));
    }

    fn next_model(&mut self, back: bool) {
        let models = &self.state.models;
        let now = self.state.model.opening.as_deref();
        let now = now.or_else(|| self.state.model.current.as_ref().map(|c| c.path.as_path()));
        let at = now.and_then(|now| models.iter().position(|m| super::model_panel::same_file(m, now)));
        let next = match (at, models.len()) {
            (_, 0) => return,
            (None, _) => 0,
            (Some(at), n) if back => (at + n - 1) % n,
            (Some(at), n) => (at + 1) % n,
        };
        if let Some(path) = models.get(next).filter(|p| Some(p.as_path()) != now).cloned() {
            self.open_model(path, None);
        }
    }

    pub(super) fn look_for_cameras(&mut self) {
        if !self.state.cameras.looking {
            self.state.cameras.looking = true;
            self.workers.run("look for cameras", || Done::Cameras(camera::list()));
        }
    }

    /// Reads a model's file and its sidecar for the page "How to read this model".
    pub(super) fn inspect(&self, path: PathBuf) {
        self.workers.run("read model", move || {
            let sidecar = Sidecar::load(&path).ok().flatten();
            let seen = model::inspect(&path).map(Box::new);
            Done::Inspected(path, sidecar, seen)
        });
    }

    /// Saves what is seen, on a worker.
    fn snapshot(&mut self) {
        if self.state.comparing && self.snapshot_comparison() {
            return;
        }
        let prediction = self.state.prediction.clone();
        let Some(shown) = self.stage.frame().cloned() else {
            self.toasts.bad(self.strings().snapshot_failed, self.strings().nothing_to_save);
            return;
        };
        // The result's own frame, so that boxes lie where they were found.
        let prediction = prediction.filter(|o| o.frame.generation == shown.generation);
        let frame = prediction.as_ref().map_or(shown, |o| Arc::clone(&o.frame));
        let source = self.source_text();
        let style = self.style();
        let options = self.state.settings.snapshot.clone();
        self.workers.run("snapshot", move || {
            let view = save::SnapshotView {
                source: &source,
                frame: &frame,
                prediction: prediction.as_deref().map(Into::into),
                style: &style,
            };
            Done::Snapshot(save::save(&view, &options).map(Box::new))
        });
    }

    /// What the user named as the source.
    pub(super) fn source_text(&self) -> String {
        source_address(&self.state.source).map(ToString::to_string).unwrap_or_default()
    }

    pub(super) fn snapshot_done(&mut self, ctx: &egui::Context, result: Result<Box<Saved>, SnapshotError>) {
        let s = self.strings();
        match result {
            Ok(saved) => {
                let name = super::view::file_name(&saved.annotated);
                let toast = self.toasts.good(s.snapshot_saved, name);
                toast.folder = saved.annotated.parent().map(Path::to_owned);
                let small = &saved.thumbnail;
                let size = [small.width as usize, small.height as usize];
                if size[0] > 0 && small.rgba.len() == size[0] * size[1] * 4 {
                    let image = egui::ColorImage::from_rgba_unmultiplied(size, &small.rgba);
                    toast.thumbnail =
                        Some(ctx.load_texture("thumbnail", image, egui::TextureOptions::LINEAR));
                }
            }
            Err(error) => {
                self.toasts.bad(s.snapshot_failed, snapshot_failure(self.state.language(), &error));
            }
        }
    }
}
