//! Decides which rules fire: the same reports and the same clock give the same firings, whatever the computer's speed is.
//!
//! Time is that of the frames. Where it jumps back (a video that starts again) it stands still for a moment, so that pauses
//! between two firings hold. What lasts ([`When::lasts`]) fires once for an object and not again until the object has
//! gone: until its track has ended, or it is seen outside of the zone. An object that isn't seen for a moment is still there. Its
//! alert is open so long. What happens in a moment has an alert of [`MOMENT_S`] seconds. No alert stays open: the
//! object's end, the end of the source and a change of the rule close it.

use std::sync::Arc;

use chrono::NaiveTime;

use super::rule::{Direction, Rule, When, class_ids};
use crate::model::labels::Labels;
use crate::track::{Event, EventKind, Presence, Report};

/// How long the alert of something momentary is open, in seconds.
pub const MOMENT_S: f64 = 2.0;
/// The longest step between two frames that counts, in seconds: a gap in a stream is no time in which an alert could close.
const LONGEST_STEP_S: f64 = 10.0;

/// How long a track is remembered after it was seen last, in seconds.
const REMEMBERED_S: f64 = 30.0;

/// Names an alert from its firing to its closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alert(pub u64);

/// A rule fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    pub alert: Alert,
    pub rule: Arc<Rule>,
    pub class_id: u32,
    pub track_id: u32,
    /// For a crossing: its direction.
    pub inward: Option<bool>,
    /// In pixels of the frame; `None` if the object isn't in this frame.
    pub bbox: Option<[f32; 4]>,
    /// How many objects there are, or how many events led to it.
    pub count: u32,
    /// The time of the frame, in seconds of the source.
    pub time_s: f64,
}

/// What the judge decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Fired(Firing),
    Closed(Alert),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Judge {
    states: Vec<State>,
    /// Seconds of frames so far, never going back.
    now: f64,
    /// The time of the last frame.
    last: Option<f64>,
    next_alert: u64,
    /// The tracks that were there a short while ago.
    tracks: Vec<Known>,
}

/// A track that is there or was.
#[derive(Clone, Copy, Debug)]
struct Known {
    track: u32,
    /// In seconds of the source.
    since: f64,
    /// On the judge's clock.
    seen: f64,
}

/// An object that is where a rule looks.
#[derive(Clone, Copy, Debug)]
struct There {
    track: u32,
    class: u32,
    since: f64,
    /// It is seen in this frame.
    is_seen: bool,
}

/// What is remembered for a rule.
#[derive(Debug)]
struct State {
    rule: Arc<Rule>,
    classes: Option<Vec<u32>>,
    /// The objects that are where the rule looks, also those that aren't seen for a moment.
    there: Vec<There>,
    /// The objects that it fired for, or that were there before it: until they go.
    done: Vec<u32>,
    /// Enough objects are there: until they are fewer.
    crowded: bool,
    /// Momentary events since it fired last.
    happened: u32,
    fired: Option<f64>,
    open: Vec<Open>,
    /// It was added while a source played: what is there already doesn't enter or appear.
    is_late: bool,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    alert: Alert,
    until: Until,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    Time(f64),
    TrackGoes(u32),
    CrowdGoes,
}

impl State {
    fn new(rule: Arc<Rule>, labels: &Labels, is_late: bool) -> Self {
        Self {
            classes: class_ids(&rule.class, labels),
            rule,
            there: Vec::new(),
            done: Vec::new(),
            crowded: false,
            happened: 0,
            fired: None,
            open: Vec::new(),
            is_late,
        }
    }

    fn counts(&self, class: u32) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes.contains(&class))
    }

    /// Whether its time of the day has come and its pause is over.
    fn is_free(&self, now: f64, wall: NaiveTime) -> bool {
        self.is_in_hours(wall) && self.fired.is_none_or(|fired| now - fired >= self.rule.pause_s)
    }

    fn is_in_hours(&self, wall: NaiveTime) -> bool {
        self.rule.hours.is_none_or(|hours| hours.contains(wall))
    }
}

impl Judge {
    /// Takes over rules; disabled ones and those with a [`Rule::problem`] are left out by the caller. A rule that hasn't
    /// changed remembers what it did. Alerts of rules that are gone are closed.
    pub fn set_rules(&mut self, rules: &[Arc<Rule>], labels: &Labels, out: &mut Vec<Verdict>) {
        let is_late = self.last.is_some();
        let mut old = std::mem::take(&mut self.states);
        for rule in rules {
            let state = match old.iter().position(|state| state.rule == *rule) {
                Some(place) => {
                    let mut state = old.swap_remove(place);
                    state.classes = class_ids(&rule.class, labels);
                    state
                }
                None => State::new(Arc::clone(rule), labels, is_late),
            };
            self.states.push(state);
        }
        for open in old.iter().flat_map(|state| &state.open) {
            out.push(Verdict::Closed(open.alert));
        }
    }

    /// Another source was opened: its tracks have nothing to do with those before. Closes all alerts.
    pub fn restart(&mut self, out: &mut Vec<Verdict>) {
        self.close_all(out);
        for state in &mut self.states {
            state.there.clear();
            state.done.clear();
            state.crowded = false;
            state.is_late = false;
            state.happened = 0;
        }
        self.last = None;
        self.tracks.clear();
    }

    /// Closes all alerts: no more frames come for now. What is still there when they go on doesn't fire again.
    pub fn close_all(&mut self, out: &mut Vec<Verdict>) {
        for state in &mut self.states {
            out.extend(state.open.drain(..).map(|open| Verdict::Closed(open.alert)));
        }
    }

    /// Whether an alert is open.
    #[must_use]
    pub fn has_alerts(&self) -> bool {
        self.states.iter().any(|state| !state.open.is_empty())
    }

    /// Judges a frame. `wall` is the time of the day. Adds to `out`.
    pub fn step(&mut self, report: &Report, wall: NaiveTime, out: &mut Vec<Verdict>) {
        let step = self.last.map_or(0.0, |last| report.time_s - last);
        self.now += step.clamp(0.0, LONGEST_STEP_S);
        self.last = Some(report.time_s);
        let mut states = std::mem::take(&mut self.states);
        for state in &mut states {
            state.open.retain(|open| {
                let is_over = matches!(open.until, Until::Time(until) if self.now >= until);
                if is_over {
                    out.push(Verdict::Closed(open.alert));
                }
                !is_over
            });
            if state.rule.when.lasts() {
                self.judge_lasting(state, report, wall, out);
            } else {
                self.judge_moments(state, report, wall, out);
            }
        }
        self.states = states;
        self.remember(report);
    }

    fn remember(&mut self, report: &Report) {
        for track in &report.tracks {
            match self.tracks.iter_mut().find(|known| known.track == track.id) {
                Some(known) => (known.since, known.seen) = (track.since_s, self.now),
                None => self.tracks.push(Known { track: track.id, since: track.since_s, seen: self.now }),
            }
        }
        // A tracker says that a track has ended some time after it was seen last.
        self.tracks.retain(|known| self.now - known.seen < REMEMBERED_S);
    }

    /// Whether an object isn't any more where a rule looks, given who is inside the rule's zone; `None`: the rule looks
    /// everywhere.
    fn has_gone(&self, object: There, inside: Option<&[Presence]>, report: &Report) -> bool {
        let is_its = |event: &Event| event.track_id == object.track;
        if report.events.iter().any(|event| is_its(event) && event.kind == EventKind::Disappeared) {
            return true;
        }
        let known = self.tracks.iter().find(|known| known.track == object.track);
        match report.tracks.iter().find(|track| track.id == object.track) {
            // Numbers begin again when tracking was off: this is another object.
            Some(track) if known.is_some_and(|known| known.since.total_cmp(&track.since_s).is_ne()) => true,
            Some(track) => {
                let is_inside = |inside: &[Presence]| inside.iter().any(|p| p.track_id == object.track);
                !track.predicted && inside.is_some_and(|inside| !is_inside(inside))
            }
            None => known.is_none(),
        }
    }

    /// Brings up to date who is where a rule looks; the alerts of those who have gone close.
    fn look(&self, state: &mut State, report: &Report, out: &mut Vec<Verdict>) {
        let rule = &state.rule;
        let zone = rule.zone.as_deref().filter(|_| rule.when.has_zone());
        let inside = zone.map(|zone| {
            let of = report.zones.iter().find(|of| *of.name == *zone);
            of.map(|zone| &zone.inside[..])
        });
        let is_missing = inside == Some(None);
        let inside = inside.flatten();
        let (there, done, open) = (&mut state.there, &mut state.done, &mut state.open);
        // Detectors leave two boxes of one object. Where the second goes on in the place of the first, it has been inside since the very
        // same moment: it is the same object, which was told.
        for now in inside.into_iter().flatten() {
            let is_inside = |track: u32| inside.into_iter().flatten().any(|p| p.track_id == track);
            // One that comes in only now follows nobody.
            if now.since_s >= report.time_s || there.iter().any(|known| known.track == now.track_id) {
                continue;
            }
            let same =
                |known: &&mut There| known.since.total_cmp(&now.since_s).is_eq() && !is_inside(known.track);
            let Some(old) = there.iter_mut().find(same) else { continue };
            let from = std::mem::replace(&mut old.track, now.track_id);
            done.iter_mut().filter(|track| **track == from).for_each(|track| *track = now.track_id);
            let is_its = |open: &&mut Open| open.until == Until::TrackGoes(from);
            open.iter_mut().filter(is_its).for_each(|open| open.until = Until::TrackGoes(now.track_id));
        }
        there.retain_mut(|object| {
            object.is_seen = false;
            // Without its zone, a rule has nobody to look at.
            let has_gone = is_missing || self.has_gone(*object, inside, report);
            if has_gone {
                done.retain(|track| *track != object.track);
                open.retain(|open| {
                    let is_over = open.until == Until::TrackGoes(object.track);
                    if is_over {
                        out.push(Verdict::Closed(open.alert));
                    }
                    !is_over
                });
            }
            !has_gone
        });
        if is_missing {
            return;
        }
        let mut is_there = |object: There| {
            let counts = state.classes.as_ref().is_none_or(|classes| classes.contains(&object.class));
            match state.there.iter_mut().find(|known| known.track == object.track) {
                Some(known) if counts => *known = object,
                None if counts => state.there.push(object),
                _ => {}
            }
        };
        match inside {
            Some(inside) => inside.iter().for_each(|p| {
                is_there(There { track: p.track_id, class: p.class_id, since: p.since_s, is_seen: true });
            }),
            None => report.tracks.iter().for_each(|t| {
                is_there(There { track: t.id, class: t.class_id, since: t.since_s, is_seen: true });
            }),
        }
    }

    fn judge_lasting(&mut self, state: &mut State, report: &Report, wall: NaiveTime, out: &mut Vec<Verdict>) {
        self.look(state, report, out);
        let rule = Arc::clone(&state.rule);
        let there = std::mem::take(&mut state.there);
        if std::mem::take(&mut state.is_late) && rule.when != When::StaysIn {
            state.done.extend(there.iter().map(|t| t.track));
        }
        let long_enough = |t: &&There| report.time_s - t.since >= rule.for_s;
        let count = there.iter().filter(long_enough).count() as u32;
        let enough = count >= rule.at_least;
        state.open.retain(|open| {
            let is_over = open.until == Until::CrowdGoes && !enough;
            if is_over {
                out.push(Verdict::Closed(open.alert));
            }
            !is_over
        });
        if rule.at_least > 1 {
            if !enough {
                state.crowded = false;
            } else if !state.crowded && state.is_in_hours(wall) {
                state.crowded = true;
                // The object that came last made it a crowd.
                let last = there.iter().filter(long_enough).max_by(|a, b| a.since.total_cmp(&b.since));
                if let Some(last) = last.filter(|_| state.is_free(self.now, wall)) {
                    self.fire(state, Subject::of(last, count), Until::CrowdGoes, report, out);
                }
            }
        } else {
            for object in there.iter().filter(|object| object.is_seen).filter(long_enough) {
                if state.done.contains(&object.track) || !state.is_in_hours(wall) {
                    continue;
                }
                // Within the pause it counts as told.
                state.done.push(object.track);
                if state.is_free(self.now, wall) {
                    let until = Until::TrackGoes(object.track);
                    // Others may be there already: it fires for this one.
                    self.fire(state, Subject::of(object, 1), until, report, out);
                }
            }
        }
        state.there = there;
    }

    fn judge_moments(&mut self, state: &mut State, report: &Report, wall: NaiveTime, out: &mut Vec<Verdict>) {
        let rule = Arc::clone(&state.rule);
        for event in &report.events {
            if !state.counts(event.class_id) || !state.is_in_hours(wall) {
                continue;
            }
            let in_zone = |zone: &str| rule.zone.as_deref() == Some(zone);
            let mut inward = None;
            let happens = match (&event.kind, rule.when) {
                (EventKind::Left { zone, after_s }, When::Leaves) => in_zone(zone) && *after_s >= rule.for_s,
                (EventKind::Crossed { line, inward: is_inward }, When::Crosses) => {
                    inward = Some(*is_inward);
                    rule.line.as_deref() == Some(&**line)
                        && match rule.direction {
                            Direction::In => *is_inward,
                            Direction::Out => !*is_inward,
                            Direction::Either => true,
                        }
                }
                (EventKind::Disappeared, When::Disappears) => {
                    let known = self.tracks.iter().find(|known| known.track == event.track_id);
                    rule.for_s <= 0.0 || known.is_some_and(|known| event.time_s - known.since >= rule.for_s)
                }
                _ => false,
            };
            if !happens {
                continue;
            }
            state.happened += 1;
            if state.happened >= rule.at_least && state.is_free(self.now, wall) {
                let subject = Subject {
                    track: event.track_id,
                    class: event.class_id,
                    inward,
                    bbox: Some(event.bbox).filter(|_| rule.when != When::Disappears),
                    count: state.happened,
                };
                state.happened = 0;
                self.fire(state, subject, Until::Time(self.now + MOMENT_S), report, out);
            }
        }
    }

    fn fire(
        &mut self,
        state: &mut State,
        subject: Subject,
        until: Until,
        report: &Report,
        out: &mut Vec<Verdict>,
    ) {
        self.next_alert += 1;
        let alert = Alert(self.next_alert);
        state.fired = Some(self.now);
        state.open.push(Open { alert, until });
        let own = || report.tracks.iter().find(|track| track.id == subject.track).map(|track| track.bbox);
        let is_gone = state.rule.when == When::Disappears;
        out.push(Verdict::Fired(Firing {
            alert,
            rule: Arc::clone(&state.rule),
            class_id: subject.class,
            track_id: subject.track,
            inward: subject.inward,
            bbox: subject.bbox.or_else(own).filter(|_| !is_gone),
            count: subject.count,
            time_s: report.time_s,
        }));
    }
}

/// What a rule fires for.
#[derive(Clone, Copy)]
struct Subject {
    track: u32,
    class: u32,
    inward: Option<bool>,
    bbox: Option<[f32; 4]>,
    count: u32,
}

impl Subject {
    fn of(there: &There, count: u32) -> Self {
        Self { track: there.track, class: there.class, inward: None, bbox: None, count }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
