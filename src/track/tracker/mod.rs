//! Which detections of successive frames are the same object.
//!
//! Tracking by detection as in `ByteTrack` (Zhang et al. 2022): where every track should be by now is known from a Kalman filter; sure
//! detections are given to tracks first, unsure ones to the tracks that are left, what remains begins new tracks. OC-SORT's
//! additions (Cao et al. 2023) are an option. All times are in seconds, so that the same settings hold at any rate.

mod assign;
mod filter;
mod looks;
mod noise;
mod options;
mod single;
#[cfg(test)]
mod tests;
mod tuning;

pub use looks::Looks;
pub use options::{TrackerKind, TrackerOptions};
pub use single::Track;

use crate::model::boxes::iou;
use crate::motion::Similarity;
use assign::{Assignment, Candidate};
use filter::{centred, cornered, size_of};
use looks::{Different, likeness};
use noise::Noise;
use single::{Seen, sane};
pub(crate) use tuning::Tuning;

/// More tracks than this are not kept: beyond it nobody could read their numbers, and the time for a frame stays bounded.
const MAX_TRACKS: usize = 1000;
/// So many objects that have gone are remembered by their looks.
const MAX_GONE: usize = 100;

/// What a tracker is told of a detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    pub class_id: u32,
    pub score: f32,
    /// x1, y1, x2, y2 in pixels.
    pub bbox: [f32; 4],
}

/// Which tracks a round of the assignment is about.
#[derive(Clone, Copy, PartialEq)]
enum Round {
    /// Confirmed tracks and sure detections.
    Sure,
    /// Confirmed tracks where they were seen last, and sure detections.
    Again,
    /// Tracks that were seen a moment ago, and unsure detections.
    Unsure,
    /// Unconfirmed tracks and sure detections.
    New,
}

/// See the module.
#[derive(Debug)]
pub struct Tracker {
    options: TrackerOptions,
    tuning: Tuning,
    tracks: Vec<Track>,
    ended: Vec<Track>,
    /// The next frame has nothing to do with the last one.
    cut_off: bool,
    noise: Noise,
    /// Tracks that have ended and may come back, the oldest first; only those whose looks are known.
    gone: Vec<Track>,
    different: Different,
    /// When the last frame was.
    time_s: Option<f64>,
    /// The usual time between two frames.
    step_s: f64,
    next_id: u32,
    /// Centre, width and height of each detection of the frame that is looked at and still belongs to nobody.
    open: Vec<Option<[f32; 4]>>,
    candidates: Vec<Candidate>,
    pairs: Vec<(usize, usize)>,
    assignment: Assignment,
}

impl Tracker {
    /// A tracker that has seen nothing.
    #[must_use]
    pub fn new(options: &TrackerOptions) -> Self {
        Self::tuned(options, Tuning::default())
    }

    pub(crate) fn tuned(options: &TrackerOptions, tuning: Tuning) -> Self {
        Self {
            options: options.sound(),
            noise: Noise::new(&tuning),
            tuning,
            tracks: Vec::new(),
            ended: Vec::new(),
            cut_off: false,
            gone: Vec::new(),
            different: Different::default(),
            time_s: None,
            step_s: 0.0,
            next_id: 1,
            open: Vec::new(),
            candidates: Vec::new(),
            pairs: Vec::new(),
            assignment: Assignment::default(),
        }
    }

    /// Other options from the next frame on; tracks go on.
    pub fn set_options(&mut self, options: &TrackerOptions) {
        self.options = options.sound();
    }

    /// All tracks, unconfirmed and unseen ones too.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The confirmed tracks that ended with the newest frame.
    #[must_use]
    pub fn ended(&self) -> &[Track] {
        &self.ended
    }

    /// The tracks to be shown on the newest frame: those that were detected in it, and those that should still be there.
    pub fn shown(&self, frame_size: (u32, u32)) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(move |track| self.is_shown(track, frame_size))
    }

    /// Whether [`Self::shown`] has it.
    #[must_use]
    pub fn is_shown(&self, track: &Track, frame_size: (u32, u32)) -> bool {
        if !track.is_confirmed() {
            return false;
        }
        if track.detection.is_some() {
            return true;
        }
        // What was seen for a moment is believed for a moment.
        let unseen = self.time_s.unwrap_or(0.0) - track.seen_s;
        let coast_s = self
            .options
            .coast_s
            .min((track.seen_s - track.since_s) * self.tuning.coast_share + self.tuning.coast_least_s);
        unseen <= coast_s && visible_share(track.bbox, frame_size) >= self.tuning.least_visible
    }

    /// Takes the detections of the next frame. `time_s` is the frame's time, `camera` where things moved because the camera did
    /// since the frame before.
    pub fn update(&mut self, time_s: f64, observations: &[Observation], camera: Option<Similarity>) {
        self.update_with(time_s, observations, &Looks::default(), camera);
    }

    /// As [`Self::update`], with what the detections look like. Objects that look alike are joined rather than others, and one that was
    /// gone gets its old number back.
    pub fn update_with(
        &mut self,
        time_s: f64,
        observations: &[Observation],
        looks: &Looks,
        camera: Option<Similarity>,
    ) {
        self.ended.clear();
        if std::mem::take(&mut self.cut_off) {
            self.end(|_| true);
        }
        let elapsed = self.time_s.map_or(0.0, |last| (time_s - last).max(0.0));
        self.time_s = Some(time_s);
        if elapsed > 0.0 {
            self.step_s =
                if self.step_s > 0.0 { self.step_s + 0.1 * (elapsed - self.step_s) } else { elapsed };
        }
        // What was gone for too long doesn't come back, also when no frame came in between.
        let lost_s = self.options.lost_s.max(1.5 * self.step_s);
        self.end(|track| time_s - track.seen_s > lost_s);
        for track in &mut self.tracks {
            track.advance(elapsed as f32, camera, &self.tuning);
        }
        self.open.clear();
        self.open.extend(
            observations.iter().map(|seen| sane(seen.bbox).filter(|_| seen.score >= self.options.low)),
        );

        self.compare_different(observations, looks);
        self.round(Round::Sure, time_s, observations, looks);
        if self.options.kind == TrackerKind::OcSort {
            self.round(Round::Again, time_s, observations, looks);
        }
        self.round(Round::Unsure, time_s, observations, looks);
        self.round(Round::New, time_s, observations, looks);
        self.begin(time_s, observations, looks);
        self.confirm();
        let (unconfirmed_s, lost_s) = (self.tuning.unconfirmed_s, self.options.lost_s);
        self.end(|track| time_s - track.seen_s >= if track.is_confirmed() { lost_s } else { unconfirmed_s });
        self.remove_duplicates();
    }

    /// Gives the detections of the newest frame, which was looked at again, to its tracks. No track changes, begins or ends.
    pub fn look_again(&mut self, observations: &[Observation]) {
        self.ended.clear();
        self.open.clear();
        self.open.extend(
            observations.iter().map(|seen| sane(seen.bbox).filter(|_| seen.score >= self.options.low)),
        );
        self.tracks.iter_mut().for_each(|track| track.detection = None);
        let time_s = self.time_s.unwrap_or(0.0);
        for round in [Round::Sure, Round::Unsure] {
            self.find_pairs(round, time_s, observations, &Looks::default());
            for &(row, column) in &self.pairs {
                self.open[column] = None;
                self.tracks[row].detection = Some(column);
            }
        }
    }

    /// Other looks come from now on, which can't be compared with those so far.
    pub fn forget_looks(&mut self) {
        self.gone.clear();
        self.different = Different::default();
        for track in &mut self.tracks {
            track.looks.clear();
        }
    }

    /// Ends all tracks; numbers go on. [`Self::ended`] names them after the next frame.
    pub fn end_all(&mut self) {
        self.cut_off = true;
        self.time_s = None;
    }

    /// Joins tracks and detections of one kind.
    fn round(&mut self, round: Round, time_s: f64, observations: &[Observation], looks: &Looks) {
        self.find_pairs(round, time_s, observations, looks);
        for &(row, column) in &self.pairs {
            let Some(place) = self.open[column].take() else { continue };
            let (track, seen) = (&mut self.tracks[row], (time_s, place));
            if self.options.kind == TrackerKind::OcSort && time_s - track.seen_s > 1.5 * self.step_s {
                track.fill_gap(seen, self.step_s, &self.noise, &self.tuning);
            }
            let observation = observations[column];
            track.take(seen, observation.class_id, observation.score, column, &self.noise, &self.tuning);
            if let Some(features) = looks.of(column) {
                looks::follow(&mut track.looks, features);
            }
            if let Some(boxes) = track.last_three() {
                self.noise.measure(boxes, &self.tuning);
            }
        }
    }

    /// Finds the cheapest pairs of tracks and detections of one kind.
    fn find_pairs(&mut self, round: Round, time_s: f64, observations: &[Observation], looks: &Looks) {
        self.candidates.clear();
        for (row, track) in self.tracks.iter().enumerate() {
            if track.detection.is_some() || track.is_confirmed() == (round == Round::New) {
                continue;
            }
            if round == Round::Unsure
                && time_s - track.seen_s > self.tuning.low_within_s.max(1.5 * self.step_s)
            {
                continue;
            }
            for (column, observation) in observations.iter().enumerate() {
                let Some(place) = self.open[column] else { continue };
                if (observation.score >= self.options.high) == (round == Round::Unsure) {
                    continue;
                }
                let alike = looks.of(column).and_then(|features| likeness(&track.looks, features));
                if let Some(cost) = self.cost(round, time_s, track, observation, place, alike) {
                    self.candidates.push(Candidate { row, column, cost });
                }
            }
        }
        let pairs = &mut self.pairs;
        pairs.clear();
        self.assignment.solve(self.tracks.len(), observations.len(), &self.candidates, |row, column| {
            pairs.push((row, column));
        });
    }

    /// What it costs to join a track and a detection, if they may be joined at all.
    fn cost(
        &self,
        round: Round,
        time_s: f64,
        track: &Track,
        observation: &Observation,
        place: [f32; 4],
        alike: Option<f32>,
    ) -> Option<f32> {
        let tuning = &self.tuning;
        let other_class = track.class_id != observation.class_id;
        if other_class && self.options.per_class {
            return None;
        }
        let from = if round == Round::Again { track.seen_box() } else { cornered(track.filter.values()) };
        let [x, y, width, height] = centred(from);
        let overlap = iou(&from, &observation.bbox);
        let size = size_of([x, y, width, height]);
        let distance = (place[0] - x).hypot(place[1] - y) / size.max(size_of(place));
        let unseen = (time_s - track.seen_s) as f32;
        let least = match round {
            Round::Sure | Round::Again => tuning.least_iou,
            Round::Unsure => tuning.least_iou_low,
            Round::New => tuning.least_iou_new,
        };
        let same_size =
            (place[2] / width).max(width / place[2]).max((place[3] / height).max(height / place[3])) < 2.0;
        let within_reach = round != Round::Unsure && same_size && distance < tuning.reach * unseen;
        if overlap < least && !within_reach {
            return None;
        }
        let mut gain = overlap * (1.0 - tuning.score_weight * (1.0 - observation.score))
            + tuning.nearness * (1.0 - distance).max(0.0);
        if self.options.kind == TrackerKind::OcSort {
            gain += tuning.momentum * agreement(track.before(tuning.momentum_s), track.last(), place);
        }
        if other_class {
            gain -= 0.2;
        }
        let mut most = 1.0
            + tuning.nearness
            + if self.options.kind == TrackerKind::OcSort { tuning.momentum } else { 0.0 };
        if let Some(alike) = alike {
            gain += tuning.looks * self.different.gain(alike);
            most += tuning.looks;
        }
        Some((1.0 - gain / most).clamp(0.0, 0.999))
    }

    /// Learns how alike different objects are: two detections that lie apart are two objects.
    fn compare_different(&mut self, observations: &[Observation], looks: &Looks) {
        for (n, one) in observations.iter().enumerate() {
            let Some(features) = looks.of(n) else { continue };
            for (m, other) in observations.iter().enumerate().skip(n + 1) {
                if one.class_id == other.class_id
                    && iou(&one.bbox, &other.bbox) <= 0.0
                    && let Some(alike) = looks.of(m).and_then(|others| likeness(features, others))
                {
                    self.different.add(alike);
                }
            }
        }
    }

    /// Begins a track with every sure detection that is left, or goes on with one that is out of sight and looks the same.
    fn begin(&mut self, time_s: f64, observations: &[Observation], looks: &Looks) {
        let (until, lost) = (time_s - self.tuning.recall_s, time_s - self.options.lost_s);
        self.gone.retain(|track| track.seen_s >= until && track.seen_s <= time_s);
        for (index, observation) in observations.iter().enumerate() {
            if observation.score < self.options.high || self.tracks.len() >= MAX_TRACKS {
                continue;
            }
            let Some(place) = self.open[index].take() else { continue };
            let seen: Seen = (time_s, place);
            let mut track =
                Track::new(seen, observation.class_id, observation.score, index, &self.noise, &self.tuning);
            if let Some(features) = looks.of(index) {
                track.looks.extend_from_slice(features);
                if let Some(old) = self.recall(observation, features) {
                    track.id = old.id;
                    // One that ended only now, as after a gap between frames, has never been away.
                    let ended = self.ended.iter().position(|ended| ended.id == old.id);
                    if ended.is_some() || old.seen_s >= lost {
                        track.since_s = old.since_s;
                    }
                    if let Some(ended) = ended {
                        self.ended.remove(ended);
                    }
                    track.looks = old.looks;
                    looks::follow(&mut track.looks, features);
                }
            }
            self.tracks.push(track);
        }
    }

    /// Finds the object that isn't seen now and looks most like this detection, and forgets where it was.
    fn recall(&mut self, observation: &Observation, features: &[f32]) -> Option<Track> {
        let least = self.different.least();
        let best = |tracks: &[Track]| {
            let fits = |track: &&Track| {
                track.is_confirmed()
                    && track.detection.is_none()
                    && (track.class_id == observation.class_id || !self.options.per_class)
            };
            let tracks = tracks.iter().enumerate().filter(|(_, track)| fits(track));
            let alike = tracks.filter_map(|(at, track)| Some((at, likeness(&track.looks, features)?)));
            alike.filter(|(_, alike)| *alike >= least).max_by(|a, b| a.1.total_cmp(&b.1))
        };
        match (best(&self.tracks), best(&self.gone)) {
            (Some((at, alike)), gone) if gone.is_none_or(|(_, other)| alike >= other) => {
                Some(self.tracks.remove(at))
            }
            (_, Some((at, _))) => Some(self.gone.remove(at)),
            _ => None,
        }
    }

    fn confirm(&mut self) {
        for track in &mut self.tracks {
            if !track.is_confirmed()
                && track.detection.is_some()
                && (track.hits >= 2 || track.score >= self.options.sure)
            {
                track.id = self.next_id;
                self.next_id = self.next_id.saturating_add(1);
            }
        }
    }

    fn end(&mut self, is_over: impl Fn(&Track) -> bool) {
        for mut track in self.tracks.extract_if(.., |track| is_over(track)) {
            track.detection = None;
            if track.is_confirmed() {
                if !track.looks.is_empty() {
                    self.gone.push(track.clone());
                }
                self.ended.push(track);
            }
        }
        let surplus = self.gone.len().saturating_sub(MAX_GONE);
        self.gone.drain(..surplus);
    }

    /// Of two tracks in the same place, of which one isn't seen, the younger one ends.
    fn remove_duplicates(&mut self) {
        let mut first = 0;
        while first < self.tracks.len() {
            let one = &self.tracks[first];
            let over = one.detection.is_none()
                && one.is_confirmed()
                && self.tracks.iter().enumerate().any(|(index, other)| {
                    index != first
                        && other.detection.is_some()
                        && other.is_confirmed()
                        && (other.seen_s - other.since_s) > (one.seen_s - one.since_s)
                        && (other.class_id == one.class_id || !self.options.per_class)
                        && iou(&one.bbox, &other.bbox) > self.tuning.duplicate_iou
                });
            if over {
                let track = self.tracks.remove(first);
                self.ended.push(track);
            } else {
                first += 1;
            }
        }
    }
}

/// How well the way from `last` to `place` goes on from the way between `before` and `last`: 1 straight on, 0 back.
fn agreement(before: Seen, last: Seen, place: [f32; 4]) -> f32 {
    let (dx, dy) = (last.1[0] - before.1[0], last.1[1] - before.1[1]);
    let (ex, ey) = (place[0] - last.1[0], place[1] - last.1[1]);
    let (old, new) = (dx.hypot(dy), ex.hypot(ey));
    // What stands still has no direction.
    let least = 0.05 * size_of(place);
    if old < least || new < least {
        return 0.5;
    }
    let angle = ((dx * ex + dy * ey) / (old * new)).clamp(-1.0, 1.0).acos();
    1.0 - angle / std::f32::consts::PI
}

/// The share of a box that lies within the frame.
fn visible_share([x1, y1, x2, y2]: [f32; 4], (width, height): (u32, u32)) -> f32 {
    if width == 0 || height == 0 {
        return 1.0;
    }
    let w = x2.min(width as f32) - x1.max(0.0);
    let h = y2.min(height as f32) - y1.max(0.0);
    if w <= 0.0 || h <= 0.0 { 0.0 } else { w * h / ((x2 - x1) * (y2 - y1)).max(1e-6) }
}
