//! What a rule's firing leads to: the judge's verdicts become events with pictures, which go to the log and to the actions.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Local, Timelike as _};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::actions::{ActionError, Actions, Fired, Outcome};
use super::judge::{Alert, Firing, Judge, Verdict};
use super::log_error::LogError;
use super::log_writer::LogWriter;
use super::record::EventRecord;
use super::rule::{Action, Direction, Problem, Rule};
use super::rules_file::Rules;
use super::thumbnail::Thumbnail;
use crate::dataset::Collector;
use crate::engine::Prediction;
use crate::frame::Frame;
use crate::model::labels::{Labels, Language};
use crate::privacy::{Censor, Found, Privacy};
use crate::record::{ClipSender, RecordOptions};
use crate::save::SnapshotOptions;
use crate::scene::Style;
use crate::track::Report;

/// How pictures are made, and what the source is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchOptions {
    /// Holds for everything that is saved or sent.
    pub privacy: Privacy,
    pub snapshot: SnapshotOptions,
    /// Of snapshots; its language is that of notifications, too.
    pub style: Style,
    /// The source as the user named it.
    pub source: String,
    /// Whom to ask for clips; `None`: nobody.
    pub clips: Option<ClipSender>,
    /// The data set that frames are collected into; `None`: none is open.
    pub dataset: Option<Collector>,
    /// Where and how clips are saved.
    pub recording: RecordOptions,
}

/// What the desk has to tell; nobody needs to listen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A rule fired.
    Fired { event: Arc<EventRecord>, thumbnail: Option<Thumbnail> },
    /// An action was carried out or not.
    Outcome(Outcome),
    /// The log holds a new event, or works again.
    Logged,
    /// The log can't be used.
    LogTrouble(LogError),
}

/// A frame with what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// RGBA.
    pub frame: &'a Frame,
    pub found: Found<'a>,
    pub report: &'a Report,
}

/// Makes what a snapshot is saved from.
type PredictionOf<'a> = &'a dyn Fn() -> Option<Arc<Prediction>>;

/// See the module.
pub struct Desk {
    judge: Judge,
    actions: Actions,
    log: Option<LogWriter>,
    rules: Arc<Rules>,
    /// Those that may fire.
    active: Vec<Arc<Rule>>,
    /// What the judge knows the classes by.
    labels: Option<Labels>,
    options: Arc<WatchOptions>,
    /// The rules of the alerts that are open.
    open: HashMap<Alert, Arc<Rule>>,
    /// Events whose actions wait for a snapshot.
    waiting: HashMap<Alert, Fired>,
    verdicts: Vec<Verdict>,
    censor: Censor,
    /// The covered copy of a frame, for thumbnails.
    covered: Frame,
    happenings: (Sender<Happening>, Receiver<Happening>),
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("rules", &self.active.len()).finish_non_exhaustive()
    }
}

/// Happenings that wait to be read; further ones are left out.
const HAPPENINGS: usize = 256;
/// Events that wait for a snapshot.
const WAITING: usize = 64;

impl Desk {
    /// A desk with a log at this path, or without one. `wake` is called when there is something to tell.
    #[must_use]
    pub fn new(log: Option<PathBuf>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let happenings = bounded(HAPPENINGS);
        let rules = Arc::new(Rules::default());
        let log = log.map(|path| {
            let (sender, wake) = (happenings.0.clone(), Arc::clone(&wake));
            LogWriter::start(path, limit_of(&rules), move |trouble| {
                let told = trouble.map_or(Happening::Logged, Happening::LogTrouble);
                let _ = sender.try_send(told);
                wake();
            })
        });
        Self {
            judge: Judge::default(),
            actions: Actions::default(),
            log,
            rules,
            active: Vec::new(),
            labels: None,
            options: Arc::default(),
            open: HashMap::new(),
            waiting: HashMap::new(),
            verdicts: Vec::new(),
            censor: Censor::default(),
            covered: Frame::default(),
            happenings,
            wake,
        }
    }

    /// What it has to tell.
    #[must_use]
    pub fn happenings(&self) -> Receiver<Happening> {
        self.happenings.1.clone()
    }

    /// Whether a rule can fire.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        !self.active.is_empty()
    }

    /// Takes over rules. Those that are off or have a [`Rule::problem`] don't fire.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        let broker = rules.mqtt.as_ref();
        // Without a broker, the other actions are carried out all the same.
        let is_right = |rule: &Rule| rule.problem(broker).is_none_or(|problem| problem == Problem::NoBroker);
        let fires = |rule: &&Rule| rule.enabled && is_right(rule);
        let old = std::mem::take(&mut self.active);
        // The same rule stays the same, so that the judge remembers what it did.
        let shared = |rule: &Rule| {
            old.iter().find(|of| ***of == *rule).map_or_else(|| Arc::new(rule.clone()), Arc::clone)
        };
        self.active = rules.rules.iter().filter(fires).map(shared).collect();
        if limit_of(&rules) != limit_of(&self.rules)
            && let Some(log) = &self.log
        {
            log.set_limit(limit_of(&rules));
        }
        self.actions.set_rules(&self.active, rules.mqtt.as_ref());
        self.rules = rules;
        self.hand_over_rules();
    }

    fn hand_over_rules(&mut self) {
        let labels = self.labels.clone().unwrap_or_default();
        let mut verdicts = std::mem::take(&mut self.verdicts);
        self.judge.set_rules(&self.active, &labels, &mut verdicts);
        self.verdicts = verdicts;
        self.carry_out(None);
    }

    /// Takes over how pictures are made.
    pub fn set_options(&mut self, options: Arc<WatchOptions>) {
        self.options = options;
    }

    /// Another source was opened, or the model was changed.
    pub fn restart(&mut self) {
        self.judge.restart(&mut self.verdicts);
        self.carry_out(None);
    }

    /// No frames come for now.
    pub fn rest(&mut self) {
        if self.judge.has_alerts() {
            self.judge.close_all(&mut self.verdicts);
            self.carry_out(None);
        }
    }

    /// Judges a frame. `prediction` makes what a snapshot is saved from; it is called when a rule fires that asks for one.
    pub fn frame(&mut self, seen: &Seen<'_>, prediction: impl Fn() -> Option<Arc<Prediction>>) {
        if self.labels.as_ref() != Some(seen.found.labels) {
            self.labels = Some(seen.found.labels.clone());
            self.hand_over_rules();
        }
        if self.active.is_empty() {
            return;
        }
        let wall = Local::now().time();
        self.judge.step(seen.report, wall.with_nanosecond(0).unwrap_or(wall), &mut self.verdicts);
        if !self.verdicts.is_empty() {
            self.carry_out(Some((seen, &prediction)));
        }
    }

    fn carry_out(&mut self, seen: Option<(&Seen<'_>, PredictionOf<'_>)>) {
        let mut verdicts = std::mem::take(&mut self.verdicts);
        for verdict in verdicts.drain(..) {
            match verdict {
                Verdict::Fired(firing) => {
                    if let Some((seen, prediction)) = seen {
                        self.fired(firing, seen, prediction);
                    }
                }
                Verdict::Closed(alert) => self.closed(alert),
            }
        }
        self.verdicts = verdicts;
    }

    fn fired(&mut self, firing: Firing, seen: &Seen<'_>, prediction: PredictionOf<'_>) {
        let Firing { alert, rule, bbox, .. } = firing;
        let event = Arc::new(EventRecord {
            id: 0,
            time: now(),
            ended: None,
            rule: rule.name.clone(),
            when: rule.when.name().to_owned(),
            class: class_of(seen, firing.class_id),
            track: Some(firing.track_id),
            zone: rule.zone.clone().filter(|_| rule.when.has_zone()),
            line: rule.line.clone().filter(|_| rule.when == super::When::Crosses),
            direction: firing.inward.map(|inward| if inward { "in" } else { "out" }.to_owned()),
            count: firing.count,
            source: self.options.source.clone(),
            source_time_s: firing.time_s,
            bbox,
            file: None,
        });
        let thumbnail = self.thumbnail(seen, bbox);
        if let Some(log) = &self.log {
            log.add(alert, Arc::clone(&event), thumbnail.clone());
        }
        let has_snapshot = rule.actions.contains(&Action::Snapshot);
        let needs_frame = has_snapshot || rule.actions.contains(&Action::Collect);
        let fired = Fired {
            alert: Some(alert),
            event: Arc::clone(&event),
            thumbnail: thumbnail.clone(),
            prediction: if needs_frame { prediction() } else { None },
            options: Arc::clone(&self.options),
            rule: Arc::clone(&rule),
        };
        self.actions.fire(&fired);
        self.actions.set_open(&rule, true);
        self.open.insert(alert, rule);
        if has_snapshot {
            if self.waiting.len() >= WAITING {
                self.waiting.clear();
            }
            // The frame isn't needed any more.
            self.waiting.insert(alert, Fired { prediction: None, ..fired });
        }
        self.tell(Happening::Fired { event, thumbnail });
    }

    fn closed(&mut self, alert: Alert) {
        if let Some(log) = &self.log {
            log.close(alert, now());
        }
        if let Some(rule) = self.open.remove(&alert)
            && !self.open.values().any(|other| other.name == rule.name)
        {
            self.actions.set_open(&rule, false);
        }
    }

    /// A picture of the object, with everybody hidden who is to be.
    fn thumbnail(&mut self, seen: &Seen<'_>, bbox: Option<[f32; 4]>) -> Option<Thumbnail> {
        let size = (seen.frame.width, seen.frame.height);
        if seen.frame.format != crate::frame::PixelFormat::Rgba8 {
            return None;
        }
        if !self.options.privacy.on {
            return Thumbnail::new(&seen.frame.data, size, bbox);
        }
        self.covered.data.clone_from(&seen.frame.data);
        self.censor.cover(&self.options.privacy, &mut self.covered.data, size, &[seen.found]);
        Thumbnail::new(&self.covered.data, size, bbox)
    }

    /// "Test now": carries out one action of a rule, which needn't be in the file yet, with a made-up event. `seen` is the
    /// newest frame.
    pub fn test(
        &mut self,
        rule: Arc<Rule>,
        place: usize,
        seen: Option<&Seen<'_>>,
        prediction: Option<Arc<Prediction>>,
    ) {
        let bbox =
            seen.and_then(|seen| seen.found.results.detections.first()).map(|detection| detection.bbox);
        let thumbnail = seen.and_then(|seen| self.thumbnail(seen, bbox));
        let event = EventRecord {
            time: now(),
            ended: Some(now()),
            rule: rule.name.clone(),
            when: rule.when.name().to_owned(),
            class: rule.class.clone(),
            zone: rule.zone.clone().filter(|_| rule.when.has_zone()),
            line: rule.line.clone().filter(|_| rule.when == super::When::Crosses),
            direction: (rule.when == super::When::Crosses)
                .then(|| if rule.direction == Direction::Out { "out" } else { "in" }.to_owned()),
            count: rule.at_least.max(1),
            source: self.options.source.clone(),
            source_time_s: seen.map_or(0.0, |seen| seen.report.time_s),
            bbox,
            ..EventRecord::default()
        };
        let fired = Fired {
            alert: None,
            rule,
            event: Arc::new(event),
            thumbnail,
            prediction,
            options: Arc::clone(&self.options),
        };
        self.actions.test(&fired, place);
    }

    /// Takes over what became of actions.
    pub fn gather(&mut self) {
        while let Some(outcome) = self.actions.outcome() {
            self.note_clip(&outcome);
            let waiting = outcome.alert.and_then(|alert| {
                let fired = self.waiting.get(&alert)?;
                let is_snapshot = fired.rule.actions.get(outcome.action) == Some(&Action::Snapshot);
                is_snapshot.then(|| self.waiting.remove(&alert)).flatten()
            });
            if let Some(fired) = waiting {
                let file = outcome.result.as_ref().ok().and_then(|done| done.file.clone());
                if let (Some(file), Some(log), Some(alert)) = (&file, &self.log, fired.alert) {
                    log.set_file(alert, file.display().to_string());
                }
                self.actions.after_snapshot(&fired, file.as_deref());
            }
            // Quitting is no failure of an action.
            if !matches!(&outcome.result, Err(error) if matches!(**error, ActionError::Stopped)) {
                self.tell(Happening::Outcome(outcome));
            }
        }
    }

    /// Remembers an event's clip, unless it has a snapshot to show.
    fn note_clip(&self, outcome: &Outcome) {
        let rule = self.active.iter().find(|rule| rule.name == outcome.rule);
        let is_clip = rule.is_some_and(|rule| {
            matches!(rule.actions.get(outcome.action), Some(Action::Clip(_)))
                && !rule.actions.contains(&Action::Snapshot)
        });
        let file = outcome.result.as_ref().ok().and_then(|done| done.file.as_ref());
        if let (true, Some(file), Some(alert), Some(log)) = (is_clip, file, outcome.alert, &self.log) {
            log.set_file(alert, file.display().to_string());
        }
    }

    /// Whether so much waits for the log or for an action that more might be left out. What isn't seen live can wait then.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.log.as_ref().is_some_and(LogWriter::is_behind) || self.actions.are_behind()
    }

    fn tell(&self, happening: Happening) {
        let _ = self.happenings.0.try_send(happening);
        (self.wake)();
    }

    /// Closes all alerts and waits until actions and log are done, at most this long.
    pub fn finish(&mut self, most: Duration) {
        let until = Instant::now() + most;
        self.rest();
        while !self.waiting.is_empty() && Instant::now() < until {
            self.gather();
            std::thread::sleep(Duration::from_millis(5));
        }
        self.actions.finish(until.saturating_duration_since(Instant::now()));
        self.gather();
        if let Some(log) = &mut self.log {
            log.finish(until);
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.rest();
        if let Some(log) = &mut self.log {
            log.finish(Instant::now() + Duration::from_millis(100));
        }
    }
}

/// In bytes.
fn limit_of(rules: &Rules) -> u64 {
    u64::from(rules.log_limit_mb) * 1_000_000
}

/// Milliseconds since 1970.
fn now() -> i64 {
    Local::now().timestamp_millis()
}

fn class_of(seen: &Seen<'_>, class_id: u32) -> String {
    // The labels of an action model are actions, but its boxes are people.
    if seen.found.results.task == crate::model::Task::Action {
        return "person".into();
    }
    seen.found.labels.name(class_id, Language::English).into_owned()
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
