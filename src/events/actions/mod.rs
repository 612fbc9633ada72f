//! Carries out what rules ask for. Every action of every rule has a thread and a short queue to itself, a lane: one that
//! hangs holds up no other, and when its queue is full, what comes is left out and reported.

mod clip;
mod collect;
pub mod command;
mod desktop;
mod error;
mod mqtt;
mod payload;
mod snapshot;
mod sound;
pub mod webhook;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

pub use error::ActionError;
pub use mqtt::topic_name;
pub use sound::Tick;

use super::desk::WatchOptions;
use super::judge::Alert;
use super::record::EventRecord;
use super::rule::{Action, MqttBroker, Rule};
use super::thumbnail::Thumbnail;
use crate::engine::Prediction;
use mqtt::Mqtt;

/// How many events wait for an action; further ones are left out.
const QUEUE: usize = 16;
/// How long quitting waits for actions.
const QUIT: Duration = Duration::from_millis(400);

/// An event on its way to the actions of its rule.
#[derive(Clone, Debug)]
pub struct Fired {
    pub rule: Arc<Rule>,
    /// The alert that it opened; a test has none.
    pub alert: Option<Alert>,
    pub event: Arc<EventRecord>,
    pub thumbnail: Option<Thumbnail>,
    /// What snapshots are made of.
    pub prediction: Option<Arc<Prediction>>,
    pub options: Arc<WatchOptions>,
}

impl Fired {
    /// "Test now": nothing has happened.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.alert.is_none()
    }
}

/// What became of an action.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub rule: String,
    /// The place among the rule's actions.
    pub action: usize,
    /// The alert of the event; a test has none.
    pub alert: Option<Alert>,
    pub result: Result<Success, Arc<ActionError>>,
}

/// What an action that succeeded has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// A program's first line, a file, a server's status.
    pub note: String,
    /// The snapshot or clip that was saved.
    pub file: Option<std::path::PathBuf>,
}

/// Says when to stop waiting: the other side is gone.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Receiver<()>);

impl Stop {
    /// It is set when what comes with it is dropped.
    fn new() -> (Sender<()>, Self) {
        let (going, stop) = bounded(0);
        (going, Self(stop))
    }

    /// Waits; returns whether to stop.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        !matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.wait(Duration::ZERO)
    }
}

/// Something that a lane does.
enum Job {
    Fired(Box<Fired>),
    /// With the file that the snapshot of the same rule saved.
    AfterSnapshot(Box<Fired>, Option<std::path::PathBuf>),
}

/// An action's thread.
struct Lane {
    action: Action,
    queue: Sender<Job>,
    /// Dropped to stop it.
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

/// A lane that gets no more events and may still work.
struct Ending {
    thread: JoinHandle<()>,
    /// It carries out what waits until this is dropped; `None`: it stops.
    stop: Option<Sender<()>>,
}

/// See the module.
pub struct Actions {
    /// By the rule's name and the action's place.
    lanes: HashMap<(String, usize), Lane>,
    outcomes: (Sender<Outcome>, Receiver<Outcome>),
    broker: Option<MqttBroker>,
    mqtt: Option<Mqtt>,
    /// Lanes that were closed and may still work.
    ending: Vec<Ending>,
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actions").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}

impl Default for Actions {
    fn default() -> Self {
        Self { lanes: HashMap::new(), outcomes: bounded(256), broker: None, mqtt: None, ending: Vec::new() }
    }
}

impl Actions {
    /// Takes over the rules that may fire: lanes of others stop, with what waits in them, and the broker learns of the rules
    /// that send to it.
    pub fn set_rules(&mut self, rules: &[Arc<Rule>], broker: Option<&MqttBroker>) {
        let is_other_broker = self.broker.as_ref() != broker;
        let gone = self.lanes.extract_if(|(name, place), lane| {
            let rule = rules.iter().find(|rule| rule.name == *name);
            let stays = rule.and_then(|rule| rule.actions.get(*place)) == Some(&lane.action);
            !stays || (is_other_broker && lane.action == Action::Mqtt)
        });
        self.ending.extend(gone.filter_map(|(_, lane)| Some(Ending { thread: lane.thread?, stop: None })));
        self.ending.retain(|lane| !lane.thread.is_finished());
        if is_other_broker {
            self.broker = broker.cloned();
            self.mqtt = None;
        }
        let sends = |rule: &&Arc<Rule>| rule.actions.contains(&Action::Mqtt);
        let names: Vec<String> = rules.iter().filter(sends).map(|rule| rule.name.clone()).collect();
        if names.is_empty() && self.mqtt.is_none() {
            return;
        }
        if let Some(broker) = &self.broker {
            self.mqtt.get_or_insert_with(|| Mqtt::start(broker)).set_rules(&names);
        }
    }

    /// Carries out all actions of a rule that fired.
    pub fn fire(&mut self, fired: &Fired) {
        let waits_for_file = |action: &Action| matches!(action, Action::Command(c) if command::wants_file(c));
        let has_snapshot = fired.rule.actions.contains(&Action::Snapshot);
        for (place, action) in fired.rule.actions.iter().enumerate() {
            if !(has_snapshot && waits_for_file(action)) {
                self.send(place, action, Job::Fired(Box::new(fired.clone())));
            }
        }
    }

    /// Goes on with the actions that use the snapshot's file, which was saved or couldn't be. Call it for every outcome of an
    /// event that isn't a test.
    pub fn after_snapshot(&mut self, fired: &Fired, file: Option<&std::path::Path>) {
        for (place, action) in fired.rule.actions.iter().enumerate() {
            if matches!(action, Action::Command(c) if command::wants_file(c)) {
                self.send(
                    place,
                    action,
                    Job::AfterSnapshot(Box::new(fired.clone()), file.map(std::path::Path::to_owned)),
                );
            }
        }
    }

    /// Carries out one action of a rule ("Test now"), whether or not the rule is enabled.
    pub fn test(&mut self, fired: &Fired, place: usize) {
        if let Some(action) = fired.rule.actions.get(place) {
            self.send(place, action, Job::Fired(Box::new(fired.clone())));
        }
    }

    /// The alerts of a rule are open, or all of them have closed.
    pub fn set_open(&mut self, rule: &Rule, is_open: bool) {
        if rule.actions.contains(&Action::Mqtt)
            && let Some(mqtt) = &self.mqtt
        {
            mqtt.set_open(&rule.name, is_open);
        }
    }

    /// Whether half of the events that can wait for an action do.
    #[must_use]
    pub fn are_behind(&self) -> bool {
        self.lanes.values().any(|lane| lane.queue.len() >= QUEUE / 2)
    }

    /// The next outcome, if there is one.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcomes.1.try_recv().ok()
    }

    /// Waits until everything that was asked for is done, at most this long; no more can be asked for then.
    pub fn finish(&mut self, most: Duration) {
        let until = Instant::now() + most;
        self.ending.extend(self.lanes.drain().filter_map(|(_, lane)| lane.end()));
        wait_for(&mut self.ending, until);
        if let Some(mqtt) = &mut self.mqtt {
            mqtt.finish(until);
        }
    }

    fn send(&mut self, place: usize, action: &Action, job: Job) {
        let (Job::Fired(fired) | Job::AfterSnapshot(fired, _)) = &job;
        let outcome = Outcome {
            rule: fired.rule.name.clone(),
            action: place,
            alert: fired.alert,
            result: Ok(Success::default()),
        };
        let failed = |error| Outcome { result: Err(Arc::new(error)), ..outcome.clone() };
        if let (Action::Mqtt, false) = (action, fired.is_test()) {
            let sent = self.mqtt.as_ref().map_or(Err(ActionError::NoBroker), |mqtt| mqtt.send(fired));
            let outcome = match sent {
                Ok(()) => outcome,
                Err(error) => failed(error),
            };
            // When nobody reads outcomes, they are left out.
            let _ = self.outcomes.0.try_send(outcome);
            return;
        }
        if let Action::Clip(clip) = action {
            // The recorder has threads of its own, and the clip's time begins now, however many wait.
            let outcomes = self.outcomes.0.clone();
            clip::ask(clip, fired, move |result| {
                let _ = outcomes.try_send(Outcome { result: result.map_err(Arc::new), ..outcome });
            });
            return;
        }
        let key = (fired.rule.name.clone(), place);
        if self.lanes.get(&key).is_some_and(|lane| lane.action != *action)
            && let Some(old) = self.lanes.remove(&key)
        {
            self.ending.extend(old.end());
        }
        let broker = self.broker.clone();
        let lane = self
            .lanes
            .entry(key)
            .or_insert_with(|| Lane::start(action, place, broker, self.outcomes.0.clone()));
        match lane.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => drop(self.outcomes.0.try_send(failed(ActionError::Busy))),
            Err(TrySendError::Disconnected(_)) => {
                drop(self.outcomes.0.try_send(failed(ActionError::NoThread)));
            }
        }
    }
}

impl Drop for Actions {
    /// Waits less than half a second: what hangs is left to the system.
    fn drop(&mut self) {
        let until = Instant::now() + QUIT;
        self.ending.extend(self.lanes.drain().filter_map(|(_, lane)| lane.end()));
        self.ending.iter_mut().for_each(|lane| drop(lane.stop.take()));
        if let Some(mqtt) = &mut self.mqtt {
            mqtt.finish(until);
        }
        wait_for(&mut self.ending, until);
    }
}

/// Makes ring the library that encrypts connections, unless one was chosen already.
fn install_tls() {
    // An error means that one is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Waits until the lanes have ended, at most until this moment.
fn wait_for(lanes: &mut Vec<Ending>, until: Instant) {
    loop {
        lanes.retain(|lane| !lane.thread.is_finished());
        if lanes.is_empty() || Instant::now() >= until {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Lane {
    fn start(action: &Action, place: usize, broker: Option<MqttBroker>, outcomes: Sender<Outcome>) -> Self {
        let (queue, jobs) = bounded(QUEUE);
        let (stop, stopped) = bounded(0);
        let stopped = Stop(stopped);
        let of_lane = action.clone();
        let run = move || {
            let mut runner = Runner { action: of_lane, broker, sound: None, stop: stopped };
            for job in jobs {
                let (fired, file) = match job {
                    Job::Fired(fired) => (fired, None),
                    Job::AfterSnapshot(fired, file) => (fired, file),
                };
                if runner.stop.is_set() {
                    return;
                }
                let worked = std::panic::AssertUnwindSafe(|| runner.run(&fired, file.as_deref()));
                let result =
                    std::panic::catch_unwind(worked).unwrap_or(Err(ActionError::NoThread)).map_err(Arc::new);
                if let Err(error) = &result {
                    tracing::info!("{} of the rule {}: {error}", runner.action.name(), fired.rule.name);
                }
                let _ = outcomes.try_send(Outcome {
                    rule: fired.rule.name.clone(),
                    action: place,
                    alert: fired.alert,
                    result,
                });
            }
        };
        let thread = std::thread::Builder::new().name(format!("rule-{}", action.name())).spawn(run);
        if let Err(error) = &thread {
            tracing::error!("no thread for an action: {error}");
        }
        Self { action: action.clone(), queue, stop, thread: thread.ok() }
    }

    /// Lets it carry out what waits, and take no more.
    fn end(self) -> Option<Ending> {
        Some(Ending { thread: self.thread?, stop: Some(self.stop) })
    }
}

/// What a lane's thread holds.
struct Runner {
    action: Action,
    broker: Option<MqttBroker>,
    /// The tone, once it was written to a file.
    sound: Option<sound::Tone>,
    stop: Stop,
}

impl Runner {
    fn run(&mut self, fired: &Fired, file: Option<&std::path::Path>) -> Result<Success, ActionError> {
        match &self.action {
            Action::Notification => desktop::show(fired),
            Action::Sound => sound::play(&mut self.sound, &self.stop),
            Action::Snapshot => snapshot::save(fired),
            Action::Collect => collect::save(fired),
            Action::Command(action) => command::run(action, fired, file, &self.stop),
            Action::Webhook(action) => webhook::send(action, fired, &self.stop),
            // It has no lane.
            Action::Clip(_) => Err(ActionError::NoRecorder),
            Action::Mqtt => match &self.broker {
                Some(broker) => mqtt::test(broker, fired, &self.stop),
                None => Err(ActionError::NoBroker),
            },
        }
    }
}

#[cfg(test)]
mod tests;
