//! Recording: the recorder's owner in the window.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use crate::app::intent::RecordIntent;
use crate::app::strings::Explain as _;
use crate::app::view::file_name;
use crate::record::{
    ClipRequest, ClipSender, Happening, Look, Phase, RecordError, Recorder, Saved, Status, TAP_QUEUE,
};
use crate::source::Pace;

/// How long the end of the program waits for the last frames of a recording.
const END: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub struct RecordController {
    /// Started when it is first needed.
    recorder: Option<Recorder>,
    pub status: Status,
    look: Arc<Look>,
    /// The seconds that the recorder was told to keep.
    kept_s: u32,
    /// Several models run.
    comparing: bool,
}

impl RecordController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: RecordIntent, core: &mut Core) {
        match intent {
            RecordIntent::Toggle if self.status.phase == Phase::Idle => self.start(core),
            RecordIntent::Toggle => {
                if let Some(recorder) = &self.recorder {
                    recorder.stop();
                }
            }
            RecordIntent::Pause(paused) => {
                if let Some(recorder) = &self.recorder {
                    recorder.pause(paused);
                }
            }
            RecordIntent::SaveLast => self.save_last(core),
        }
    }

    fn start(&mut self, core: &mut Core) {
        let s = core.strings();
        let Some(info) = core.source.info() else {
            failed(s.recording.failed, &RecordError::NoFrames, core);
            return;
        };
        if info.pace == Pace::Stills {
            core.toasts.bad(s.recording.failed, s.recording.still);
            return;
        }
        let options = core.settings.recording.clone();
        let look = Arc::new(look(core, self.comparing));
        if look.blind {
            failed(s.recording.failed, &RecordError::Blind, core);
            return;
        }
        let tap = core.engine.tap(TAP_QUEUE);
        if let Some(recorder) = self.recorder(core) {
            // Before the first frame: it may show whom privacy hides.
            recorder.set_look(Arc::clone(&look));
            recorder.record(tap, options);
            self.look = look;
        }
    }

    fn save_last(&mut self, core: &mut Core) {
        let seconds = core.settings.recording.keep_s;
        let Some(clips) = self.recorder.as_ref().map(Recorder::clips).filter(|_| seconds > 0) else {
            let title = core.strings().recording.clip_failed;
            failed(title, &RecordError::NothingKept, core);
            return;
        };
        let request = ClipRequest { before_s: seconds.into(), after_s: 0.0, rule: None, done: None };
        clips.send(request, core.settings.recording.clone());
    }

    /// The recorder, started if it doesn't run.
    fn recorder(&mut self, core: &Core) -> Option<&Recorder> {
        if self.recorder.as_ref().is_none_or(|recorder| !recorder.is_alive()) {
            self.kept_s = 0;
            match Recorder::start(core.workers.waker()) {
                Ok(recorder) => {
                    // Before the first frame: it may show whom privacy hides.
                    self.look = Arc::new(look(core, self.comparing));
                    recorder.set_look(Arc::clone(&self.look));
                    self.recorder = Some(recorder);
                }
                Err(error) => {
                    tracing::error!("no thread for recordings: {error}");
                    self.recorder = None;
                }
            }
        }
        self.recorder.as_ref()
    }

    /// Whom rules ask for clips.
    fn clips(&self) -> Option<ClipSender> {
        self.recorder.as_ref().map(|recorder| recorder.clips().clone())
    }

    /// Whether frames are needed although nobody sees the window.
    pub fn needs_frames(&self) -> bool {
        self.status.phase != Phase::Idle || self.kept_s > 0
    }

    /// Takes over what the recorder tells, and tells it what is set. `rules_keep_s`: so many seconds do rules need.
    pub fn gather(&mut self, rules_keep_s: u32, comparing: bool, core: &mut Core) {
        self.comparing = comparing;
        let keep_s = core.settings.recording.keep_s.max(rules_keep_s);
        if keep_s != self.kept_s {
            let tap = (keep_s > 0).then(|| core.engine.tap(TAP_QUEUE));
            if let Some(recorder) = self.recorder(core) {
                recorder.keep(keep_s, tap);
            }
            self.kept_s = keep_s;
        }
        core.clips = self.clips();
        let Some(recorder) = &self.recorder else { return };
        if self.needs_frames() {
            let look = look(core, comparing);
            if *self.look != look {
                self.look = Arc::new(look);
                recorder.set_look(Arc::clone(&self.look));
            }
        }
        self.status = recorder.status();
        let mut happenings: Vec<Happening> = recorder.happenings().try_iter().collect();
        if !recorder.is_alive() {
            // It crashed; what was written can be played.
            if self.status.phase != Phase::Idle {
                let path = self.status.path.take().unwrap_or_default();
                let reason = "the encoder ended early".to_owned();
                happenings.push(Happening::Failed(RecordError::Ended { path, reason }));
            }
            self.status = Status::default();
            self.recorder = None;
            self.kept_s = 0;
        }
        for happening in happenings {
            let s = core.strings();
            match happening {
                Happening::Saved(saved) => told(&saved, core),
                Happening::Failed(error) => failed(s.recording.failed, &error, core),
                Happening::ClipFailed(error) => failed(s.recording.clip_failed, &error, core),
            }
        }
    }

    /// The program ends: completes what is being recorded.
    pub fn end(&mut self) {
        if let Some(mut recorder) = self.recorder.take() {
            recorder.end(END);
        }
    }
}

/// How frames are drawn now.
fn look(core: &Core, comparing: bool) -> Look {
    Look {
        style: core.style(),
        privacy: core.settings.privacy.clone(),
        own_frame: core.settings.result_on_own_frame,
        blind: core.settings.privacy.on && comparing,
        source: core.source.address().map(ToString::to_string).unwrap_or_default(),
        fps: core.source.info().and_then(|info| info.fps),
    }
}

fn failed(title: &str, error: &RecordError, core: &mut Core) {
    let text = error.explain(core.language()).to_string();
    core.toasts.bad(title, text);
}

/// Tells of a recording that is complete, with a small image of it.
fn told(saved: &Saved, core: &mut Core) {
    let w = &core.strings().recording;
    if let Some(error) = &saved.early {
        failed(w.ended_early, error, core);
        return;
    }
    let Some(first) = saved.videos.first() else {
        failed(w.failed, &RecordError::NoFrames, core);
        return;
    };
    let image = core.small_image(&saved.thumbnail);
    let toast = core.toasts.good(if saved.clip { w.clip_saved } else { w.saved }, file_name(first));
    toast.folder = first.parent().map(Path::to_owned);
    toast.thumbnail = image;
}
