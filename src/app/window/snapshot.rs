//! Snapshots: saving what is shown, on a worker, and telling of it.

use std::path::Path;
use std::sync::Arc;

use super::App;
use crate::app::strings::Explain as _;
use crate::app::toasts::Failed;
use crate::app::view::file_name;
use crate::app::workers::Done;
use crate::save::{self, Saved, SnapshotError};

impl App {
    /// Saves what is shown.
    pub(super) fn snapshot(&mut self) {
        let core = &mut self.core;
        if self.compare.on && self.compare.snapshot(core) {
            return;
        }
        let Some(shown) = self.stage.frame().cloned() else {
            let s = core.strings();
            core.toasts.bad(s.snapshot_failed, s.nothing_to_save).failed = Some(Failed::Snapshot);
            return;
        };
        // A result is saved with its own frame, so that boxes lie where they were found.
        let prediction = core.followed.as_ref().or(core.prediction.as_ref());
        let prediction = prediction.cloned().filter(|o| o.frame.generation == shown.generation);
        let frame = prediction.as_ref().map_or(shown, |o| Arc::clone(&o.frame));
        let source = core.source.address().map(ToString::to_string).unwrap_or_default();
        let (style, options) = (core.style(), core.settings.snapshot.clone());
        let privacy = core.settings.privacy.clone();
        core.workers.run("snapshot", move || {
            let view = save::SnapshotView {
                source: &source,
                frame: &frame,
                prediction: prediction.as_deref().map(Into::into),
                style: &style,
                privacy: &privacy,
            };
            Done::Snapshot(save::save(&view, &options).map(Box::new))
        });
    }

    /// Tells of a snapshot that was saved, with a small image of it, or why it wasn't.
    pub(super) fn snapshot_done(&mut self, ctx: &egui::Context, result: Result<Box<Saved>, SnapshotError>) {
        let core = &mut self.core;
        let s = core.strings();
        let saved = match result {
            Ok(saved) => saved,
            Err(error) => {
                let text = error.explain(core.language()).to_string();
                core.toasts.bad(s.snapshot_failed, text).failed = Some(Failed::Snapshot);
                return;
            }
        };
        core.toasts.succeeded(Failed::Snapshot);
        let toast = core.toasts.good(s.snapshot_saved, file_name(&saved.annotated));
        toast.folder = saved.annotated.parent().map(Path::to_owned);
        let small = &saved.thumbnail;
        let size = [small.width as usize, small.height as usize];
        if size[0] > 0 && small.rgba.len() == size[0] * size[1] * 4 {
            let image = egui::ColorImage::from_rgba_unmultiplied(size, &small.rgba);
            toast.thumbnail = Some(ctx.load_texture("thumbnail", image, egui::TextureOptions::LINEAR));
        }
    }
}
