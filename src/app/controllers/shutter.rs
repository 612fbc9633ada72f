//! The snapshot button: what it has begun, and what came of it.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::core::Core;
use crate::app::clipboard::Clipboard;
use crate::app::intent::{FilesIntent, Intent};
use crate::app::shutter::{Effect, Happening, Shutter, Situation};
use crate::app::strings::Explain as _;
use crate::app::toasts::Failed;
use crate::app::view::{file_name, frames_come};
use crate::app::workers::Done;
use crate::engine::{ModelInfo, Prediction, SourceState};
use crate::events::actions::Tick;
use crate::events::{Judge, Problem, Rule, Verdict, When};
use crate::frame::Frame;
use crate::save::{Saved, ShutterOptions, SnapshotError, Take};

/// Snapshots that are written at the same time, at most.
const AT_ONCE: u32 = 3;

/// See the module.
#[derive(Debug, Default)]
pub struct ShutterController {
    pub shutter: Shutter,
    pub clipboard: Clipboard,
    tick: Tick,
    /// A message said that no sound can be played.
    told_of_sound: bool,
    series: Option<Series>,
    /// Counts series.
    number: u64,
    watching: Option<Watching>,
    /// Of the frame that was taken last: its source's generation, and its number.
    taken: Option<(u64, u64)>,
    /// A snapshot at full resolution is under way, as long as the worker holds this.
    still: Weak<()>,
}

/// The snapshots of a burst or a time lapse.
#[derive(Debug)]
struct Series {
    number: u64,
    /// That are being written.
    in_flight: u32,
    saved: u32,
    files: Vec<PathBuf>,
    last: Option<Box<Saved>>,
}

/// Watches results until what is waited for appears.
#[derive(Debug)]
struct Watching {
    judge: Judge,
    rule: Arc<Rule>,
    model: Option<Arc<ModelInfo>>,
    generation: Option<u64>,
    seen: Option<Arc<Prediction>>,
    verdicts: Vec<Verdict>,
    problem: Option<Problem>,
}

impl ShutterController {
    /// Something happens; returns whether a snapshot is to be taken now.
    pub fn happens(&mut self, happening: Happening, core: &mut Core) -> bool {
        let options = &core.settings.shutter;
        let before = self.shutter;
        let (after, effect) = before.step(happening, options, Instant::now());
        if happening == Happening::Pressed && !before.is_active() {
            let options = options.clone();
            self.tell_of_series(core);
            self.begin(&options);
        }
        self.shutter = after;
        // The last snapshot of a burst is still to be taken.
        if effect != Effect::Take {
            self.tell_of_series(core);
        }
        if after != Shutter::Waiting {
            self.watching = None;
        }
        if effect == Effect::Tick && core.settings.shutter.tick {
            let tick = self.tick.clone();
            core.workers.run("tick", move || match tick.play() {
                Ok(()) => Done::Nothing,
                Err(error) => Done::NoSound(error),
            });
        }
        effect == Effect::Take
    }

    fn begin(&mut self, options: &ShutterOptions) {
        self.taken = None;
        if matches!(options.take, Take::Burst | Take::Lapse) {
            self.number += 1;
            self.series =
                Some(Series { number: self.number, in_flight: 0, saved: 0, files: Vec::new(), last: None });
        }
    }

    /// What this moment is like; `newest` would be taken now.
    pub fn situation(&mut self, newest: Option<&Frame>, core: &Core) -> Situation {
        let has_appeared = self.shutter == Shutter::Waiting && self.watch(core);
        Situation {
            is_fresh: newest.is_some_and(|frame| self.taken != Some(key(frame))),
            frames_come: frames_come(&core.source),
            is_busy: self.series.as_ref().is_some_and(|series| series.in_flight >= AT_ONCE),
            has_appeared,
        }
    }

    /// A snapshot of this frame is being written; returns the series that it belongs to.
    pub fn takes(&mut self, frame: &Frame) -> Option<u64> {
        self.taken = Some(key(frame));
        let series = self.series.as_mut()?;
        series.in_flight += 1;
        Some(series.number)
    }

    /// A snapshot at full resolution of what this frame shows begins; what is returned is to be held until its end. `None`: another one is
    /// under way.
    pub fn takes_still(&mut self, frame: &Frame) -> Option<Arc<()>> {
        if self.still.strong_count() > 0 {
            return None;
        }
        self.taken = Some(key(frame));
        let held = Arc::new(());
        self.still = Arc::downgrade(&held);
        Some(held)
    }

    /// The result in which what was waited for has appeared.
    pub fn appeared(&self) -> Option<Arc<Prediction>> {
        self.watching.as_ref()?.seen.clone()
    }

    /// The source has another state.
    pub fn source_changes(&mut self, before: &SourceState, now: &SourceState, core: &mut Core) {
        // A camera that is unplugged comes back.
        if before.address() != now.address() || matches!(now, SourceState::Closed) {
            let was = self.shutter;
            self.happens(Happening::SourceChanged, core);
            if was.is_active() && self.series.is_none() {
                let s = core.strings();
                core.toasts.good(s.shutter.stopped_by_source, "");
            }
        }
    }

    /// Whether objects must be tracked for what is waited for.
    pub fn needs_tracks(&self) -> bool {
        self.shutter == Shutter::Waiting
    }

    /// How many snapshots of what goes on were saved.
    pub fn saved(&self) -> u32 {
        self.series.as_ref().map_or(0, |series| series.saved)
    }

    /// Why what is waited for can't appear.
    pub fn problem(&self) -> Option<&Problem> {
        self.watching.as_ref()?.problem.as_ref()
    }

    /// Looks at the newest result; returns whether what is waited for has appeared in it.
    fn watch(&mut self, core: &Core) -> bool {
        let options = &core.settings.shutter;
        let watching = self.watching.get_or_insert_with(|| Watching::new(options));
        watching.looks(core.prediction.as_ref(), options)
    }

    /// A snapshot of a series was saved, or not; `false`: it belongs to none.
    pub fn series_done(
        &mut self,
        number: Option<u64>,
        result: Result<Box<Saved>, SnapshotError>,
        core: &mut Core,
    ) -> Option<Result<Box<Saved>, SnapshotError>> {
        let Some(series) = self.series.as_mut().filter(|series| Some(series.number) == number) else {
            return Some(result);
        };
        series.in_flight = series.in_flight.saturating_sub(1);
        match result {
            Ok(saved) => {
                series.saved += 1;
                series.files.extend(saved.files.iter().cloned());
                series.last = Some(saved);
                core.toasts.succeeded(Failed::Snapshot);
            }
            Err(error) => {
                let s = core.strings();
                let text = error.explain(core.language()).to_string();
                core.toasts.bad(s.snapshot_failed, text).failed = Some(Failed::Snapshot);
                self.happens(Happening::Failed, core);
            }
        }
        self.tell_of_series(core);
        None
    }

    /// Tells of a series that is over.
    fn tell_of_series(&mut self, core: &mut Core) {
        let is_over = |series: &mut Series| series.in_flight == 0;
        if self.shutter.is_active() {
            return;
        }
        let Some(series) = self.series.take_if(is_over) else { return };
        let s = core.strings();
        let Some(last) = series.last else { return };
        let title = (s.shutter.saved_many)(series.saved as usize);
        core.saved(&title, file_name(&last.annotated), &last, series.files);
    }

    /// Says once that no sound can be played.
    pub fn no_sound(&mut self, error: &dyn crate::app::strings::Explain, core: &mut Core) {
        if !std::mem::replace(&mut self.told_of_sound, true) {
            core.failed_with(error);
        }
    }
}

impl Watching {
    fn new(options: &ShutterOptions) -> Self {
        let rule = Rule {
            name: "snapshot".into(),
            class: options.class.clone(),
            when: When::Appears,
            at_least: options.at_least,
            ..Rule::default()
        };
        Self {
            judge: Judge::default(),
            rule: Arc::new(rule),
            model: None,
            generation: None,
            seen: None,
            verdicts: Vec::new(),
            problem: None,
        }
    }

    fn looks(&mut self, newest: Option<&Arc<Prediction>>, options: &ShutterOptions) -> bool {
        let Some(newest) = newest else { return false };
        if self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, newest)) {
            return false;
        }
        if self.rule.class != options.class || self.rule.at_least != options.at_least {
            *self = Self::new(options);
        }
        self.seen = Some(Arc::clone(newest));
        let labels = &newest.model.spec.labels;
        self.problem = self.rule.obstacle(Some(labels), newest.report.as_deref());
        // Until the first result with tracks.
        let Some(report) = newest.report.as_deref() else { return false };
        self.verdicts.clear();
        let is_other = self.model.as_ref().is_none_or(|model| !model.is_same_model(&newest.model));
        if self.generation.replace(newest.frame.generation) != Some(newest.frame.generation) {
            self.judge.restart(&mut self.verdicts);
        }
        let wall = chrono::Local::now().time();
        if is_other {
            // What is in the picture already doesn't appear: the judge has seen a frame before it knows the rule.
            self.judge = Judge::default();
            self.judge.step(report, wall, &mut self.verdicts);
            self.judge.set_rules(&[Arc::clone(&self.rule)], labels, &mut self.verdicts);
            self.model = Some(Arc::clone(&newest.model));
        }
        self.judge.step(report, wall, &mut self.verdicts);
        self.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Fired(_)))
    }
}

/// What tells a frame from others.
fn key(frame: &Frame) -> (u64, u64) {
    (frame.generation, frame.sequence)
}

impl Core {
    /// Tells of snapshots that were saved, with a small image of the last one; they can be taken back.
    pub(super) fn saved(&mut self, title: &str, text: String, last: &Saved, files: Vec<PathBuf>) {
        let image = self.small_image(&last.thumbnail);
        let toast = self.toasts.good(title, text);
        toast.folder = last.annotated.parent().map(std::path::Path::to_owned);
        toast.undo = Some(Intent::Files(FilesIntent::Discard(files)));
        toast.thumbnail = image;
    }

    /// Tells of one snapshot.
    pub fn snapshot_saved(&mut self, saved: &Saved) {
        self.snapshot_saved_as(saved, file_name(&saved.annotated));
    }

    /// As [`Self::snapshot_saved`], with a text of its own.
    pub fn snapshot_saved_as(&mut self, saved: &Saved, text: String) {
        let title = self.strings().snapshot_saved;
        self.saved(title, text, saved, saved.files.clone());
    }
}

#[cfg(test)]
#[path = "shutter_tests.rs"]
mod tests;
