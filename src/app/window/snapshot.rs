//! Snapshots: saving and copying what is shown, on a worker, and telling of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::App;
use crate::app::intent::{Page, ShutterIntent};
use crate::app::shutter::Happening;
use crate::app::shutter_panel;
use crate::app::strings::{Explain as _, explained};
use crate::app::toasts::Failed;
use crate::app::view::{file_name, larger_mode};
use crate::app::workers::{Done, StillSaved};
use crate::engine::{ModelInfo, Prediction, Still};
use crate::frame::Frame;
use crate::model::labels::Language;
use crate::model::{Model, ModelError, OpenOptions, Results, Thresholds};
use crate::privacy::Privacy;
use crate::save::{self, Saved, SnapshotError, SnapshotOptions, SnapshotView, Take};
use crate::scene::Style;
use crate::source::{CameraRequest, SourceError};
use crate::track::Looks;

/// How long a camera may take for a frame at full resolution, and to come back.
const STILL: Duration = Duration::from_secs(20);

/// What a snapshot is made of.
struct Shot {
    source: String,
    frame: Arc<Frame>,
    prediction: Option<Arc<Prediction>>,
    style: Style,
    privacy: Privacy,
}

impl Shot {
    fn view(&self) -> SnapshotView<'_> {
        SnapshotView {
            source: &self.source,
            frame: &self.frame,
            prediction: self.prediction.as_deref().map(Into::into),
            style: &self.style,
            privacy: &self.privacy,
        }
    }
}

/// The model that runs, to look at one frame of another size.
struct StillModel {
    info: Arc<ModelInfo>,
    options: OpenOptions,
    thresholds: Thresholds,
}

impl StillModel {
    fn look(&self, frame: &Arc<Frame>) -> Result<Prediction, ModelError> {
        let mut model = Model::open_proved(&self.info.path, &self.options)?;
        let mut results = Results::default();
        let times = model.run(frame, &self.thresholds, &mut results)?;
        Ok(Prediction {
            frame: Arc::clone(frame),
            results,
            model: Arc::clone(&self.info),
            thresholds: self.thresholds.clone(),
            times,
            finished: Instant::now(),
            looks: Looks::default(),
            report: None,
        })
    }
}

/// Waits for a frame at full resolution, and looks at it; fails with the reason for the user. Returns also how long the preview paused.
fn taken(
    answer: &Receiver<Still>,
    model: Option<&StillModel>,
    name: String,
    language: Language,
) -> Result<(Arc<Frame>, Option<Prediction>, Duration), String> {
    let still =
        answer.recv_timeout(STILL).map_err(|_| explained(&SourceError::Stalled { name }, language))?;
    let frame = still.frame.map_err(|error| explained(&error, language))?;
    let looked = model.map(|model| model.look(&frame)).transpose();
    let prediction = looked.map_err(|error| explained(&error, language))?;
    Ok((frame, prediction, still.paused))
}

/// Waits for a frame at full resolution and saves it; if that fails, what `shown` holds.
fn still_saved(
    mut shown: Shot,
    answer: &Receiver<Still>,
    model: Option<&StillModel>,
    privacy: &Mutex<Privacy>,
    options: &SnapshotOptions,
    language: Language,
) -> StillSaved {
    let name = shown.source.clone();
    let paused = taken(answer, model, name, language).map(|(frame, prediction, paused)| {
        (shown.frame, shown.prediction) = (frame, prediction.map(Arc::new));
        paused
    });
    // As it is now: the camera took its time.
    shown.privacy.clone_from(&privacy.lock().unwrap_or_else(PoisonError::into_inner));
    let size = (shown.frame.width, shown.frame.height);
    StillSaved { saved: save::save(&shown.view(), options), size, paused }
}

impl App {
    /// Carries out an intent of the snapshot button.
    pub(super) fn apply_shutter(&mut self, intent: ShutterIntent, ctx: &egui::Context) {
        match intent {
            ShutterIntent::Press => self.shutter_happens(Happening::Pressed),
            ShutterIntent::Cancel => self.shutter_happens(Happening::Cancelled),
            ShutterIntent::TakeNow => self.take(None),
            ShutterIntent::Options(options) => self.core.settings.shutter = options,
            ShutterIntent::Menu => shutter_panel::open_menu(ctx),
            ShutterIntent::CopyPicture => self.copy_picture(),
        }
    }

    /// Lets time go by for what the button has begun. Call it once a pass.
    pub(super) fn shutter_pass(&mut self, ctx: &egui::Context) {
        if !self.shutter.shutter.is_active() {
            return;
        }
        let compared = if self.compare.on { self.compare.shot(&self.core) } else { None };
        let newest = match &compared {
            Some(compared) => Some(Arc::clone(compared.frame())),
            None => self.subject().map(|(frame, _)| frame),
        };
        let situation = self.shutter.situation(newest.as_deref(), &self.core);
        self.shutter_happens(Happening::Pass(situation));
        if let Some(wakes) = self.shutter.shutter.wakes(Instant::now()) {
            ctx.request_repaint_after(wakes);
        }
    }

    pub(super) fn shutter_happens(&mut self, happening: Happening) {
        let appeared = match happening {
            Happening::Pass(situation) if situation.has_appeared => self.shutter.appeared(),
            _ => None,
        };
        if self.shutter.happens(happening, &mut self.core) {
            self.take(appeared);
        }
    }

    /// The newest frame: the one on screen, or beside other pages and in a hidden window the engine's.
    fn newest(&self) -> Option<Arc<Frame>> {
        let core = &self.core;
        if core.page == Page::Stage && !self.window.unseen {
            return self.stage.frame().cloned();
        }
        core.engine.preview()
    }

    /// The frame to save now, with its result. A result is saved with its own frame, so that boxes lie where they were found.
    fn subject(&self) -> Option<(Arc<Frame>, Option<Arc<Prediction>>)> {
        let shown = self.newest()?;
        let prediction = self.core.followed.as_ref().or(self.core.prediction.as_ref());
        let prediction = prediction.cloned().filter(|o| o.frame.generation == shown.generation);
        Some((prediction.as_ref().map_or(shown, |o| Arc::clone(&o.frame)), prediction))
    }

    /// What a snapshot of what is shown, or of this result, is made of.
    fn shot(&self, of: Option<Arc<Prediction>>) -> Option<Shot> {
        let core = &self.core;
        let (frame, prediction) = match of {
            Some(prediction) => (Arc::clone(&prediction.frame), Some(prediction)),
            None => self.subject()?,
        };
        Some(Shot {
            source: core.source.address().map(ToString::to_string).unwrap_or_default(),
            frame,
            prediction,
            style: core.style(),
            privacy: core.settings.privacy.clone(),
        })
    }

    /// Saves what is shown, or the frame of this result.
    fn take(&mut self, of: Option<Arc<Prediction>>) {
        let options = self.core.settings.snapshot.clone();
        // While several models find who is to be hidden, the image of one would show more than the screen.
        if (of.is_none() || self.core.settings.privacy.on)
            && self.compare.on
            && let Some(compared) = self.compare.shot(&self.core)
        {
            let series = self.shutter.takes(compared.frame());
            self.core.workers.run("snapshot", move || {
                let saved = compared.with_view(|view| save::save_comparison(view, &options));
                Done::Snapshot(series, saved.map(Box::new))
            });
            return;
        }
        let larger = self.larger().filter(|_| of.is_none());
        let Some(shot) = self.shot(of) else {
            let core = &mut self.core;
            let s = core.strings();
            core.toasts.bad(s.snapshot_failed, s.nothing_to_save).failed = Some(Failed::Snapshot);
            self.shutter.happens(Happening::Failed, core);
            return;
        };
        if let Some(camera) = larger {
            self.take_still(camera, shot);
            return;
        }
        let series = self.shutter.takes(&shot.frame);
        self.core.workers.run("snapshot", move || {
            Done::Snapshot(series, save::save(&shot.view(), &options).map(Box::new))
        });
    }

    /// The camera's largest mode, if a snapshot is to be taken in it.
    fn larger(&self) -> Option<CameraRequest> {
        let options = &self.core.settings.shutter;
        let wanted = options.full_resolution && options.take == Take::One && !self.compare.on;
        larger_mode(&self.core.source, &self.source.cameras).filter(|_| wanted)
    }

    /// Saves a frame of the camera's largest mode with what the model finds in it; if that fails, `shown`.
    fn take_still(&mut self, camera: CameraRequest, shown: Shot) {
        let Some(held) = self.shutter.takes_still(&shown.frame) else { return };
        let core = &self.core;
        let model = core.model.current.as_ref().map(|model| StillModel {
            info: Arc::clone(model),
            options: self.model.options_for(&model.path, core),
            thresholds: core.thresholds.clone(),
        });
        let options = core.settings.snapshot.clone();
        let language = core.language();
        let privacy = Arc::clone(&core.privacy);
        let answer = core.engine.still(camera);
        core.workers.run("full resolution", move || {
            let still = still_saved(shown, &answer, model.as_ref(), &privacy, &options, language);
            drop(held);
            Done::Still(Box::new(still))
        });
    }

    /// Tells of a snapshot that was to be taken at full resolution.
    pub(super) fn still_done(&mut self, still: StillSaved) {
        let saved = match still.saved {
            Ok(saved) => saved,
            Err(error) => return self.snapshot_done(None, Err(error)),
        };
        let core = &mut self.core;
        let w = &core.strings().shutter;
        let how = match &still.paused {
            Ok(paused) => (w.full_saved)(still.size, paused.as_secs_f64()),
            Err(why) => (w.not_full)(why),
        };
        core.toasts.succeeded(Failed::Snapshot);
        core.snapshot_saved_as(&saved, format!("{}\n{how}", file_name(&saved.annotated)));
    }

    /// Copies what is shown, as a snapshot would save it.
    fn copy_picture(&mut self) {
        let clipboard = self.shutter.clipboard.clone();
        let copied = move |picture: &Frame| match clipboard.copy(picture) {
            Ok(()) => Done::CopiedPicture(true),
            Err(error) => {
                tracing::info!("the picture isn't copied: {error}");
                Done::CopiedPicture(false)
            }
        };
        if self.compare.on
            && let Some(compared) = self.compare.shot(&self.core)
        {
            self.core
                .workers
                .run("copy picture", move || copied(&compared.with_view(save::comparison_image)));
            return;
        }
        let Some(shot) = self.shot(None) else { return };
        self.core.workers.run("copy picture", move || match save::picture(&shot.view()) {
            Ok(picture) => copied(&picture),
            Err(error) => {
                tracing::info!("the picture isn't copied: {error}");
                Done::CopiedPicture(false)
            }
        });
    }

    /// Tells of a snapshot that was saved, or why it wasn't.
    pub(super) fn snapshot_done(&mut self, series: Option<u64>, result: Result<Box<Saved>, SnapshotError>) {
        let core = &mut self.core;
        let Some(result) = self.shutter.series_done(series, result, core) else { return };
        match result {
            Ok(saved) => {
                core.toasts.succeeded(Failed::Snapshot);
                core.snapshot_saved(&saved);
            }
            Err(error) => {
                let s = core.strings();
                let text = error.explain(core.language()).to_string();
                core.toasts.bad(s.snapshot_failed, text).failed = Some(Failed::Snapshot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the picture that is saved shows the frame that the camera took, if privacy is as `now` says by then.
    fn shows_it(now: Privacy) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let mut large = Frame::filled(96, 64, [0, 0, 0, 255]);
        for (n, pixel) in large.data.chunks_exact_mut(4).enumerate() {
            pixel[..3].fill((n * 37 % 256) as u8);
        }
        let shown = Shot {
            source: "camera".into(),
            frame: Arc::new(Frame::filled(48, 32, [9, 9, 9, 255])),
            prediction: None,
            style: Style::default(),
            privacy: Privacy::default(),
        };
        let (sender, answer) = crossbeam_channel::bounded(1);
        let frame = Ok(Arc::new(large.clone()));
        sender.send(Still { frame, paused: Duration::from_secs(1) }).unwrap();
        let options = SnapshotOptions { folder: Some(dir.path().to_owned()), ..SnapshotOptions::default() };
        let saved = still_saved(shown, &answer, None, &Mutex::new(now), &options, Language::English);
        assert_eq!((saved.size, saved.paused), ((96, 64), Ok(Duration::from_secs(1))));
        let picture = image::open(saved.saved.unwrap().annotated).unwrap().into_rgba8();
        picture.as_raw() == &large.data
    }

    #[test]
    fn privacy_that_is_turned_on_while_the_camera_is_away_holds_for_the_picture() {
        assert!(shows_it(Privacy::default()));
        assert!(!shows_it(Privacy::hiding(vec!["person".into()])));
    }
}
