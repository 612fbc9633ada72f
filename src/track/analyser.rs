//! Tracks, trails, counts and events of one result after the other.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::report::{ClassCount, Event, EventKind, Report, TrackReport};
use super::tracker::{Looks, Observation, Track, Tracker, TrackerOptions};
use super::zones::{Counter, SceneFile};
use crate::model::Results;
use crate::model::labels::Labels;
use crate::model::results::Detection;
use crate::motion::Similarity;

/// Reports that may be held at once: those of the predictions that are.
const REPORTS: usize = 12;
/// How opaque objects are drawn that were not detected in this frame or are not confirmed yet.
const UNSURE_OPACITY: f32 = 0.6;
/// After so many seconds the score of a track that isn't seen is down to a third.
const SCORE_LASTS_S: f64 = 1.0;
/// A trail has at most so many points.
const MAX_POINTS: usize = 600;

/// What is analysed.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalyserOptions {
    /// `None`: objects are not tracked.
    pub tracker: Option<TrackerOptions>,
    /// How long trails are, in seconds.
    pub trail_s: f64,
    /// Zones and lines to count at; they need a tracker.
    pub scene: Option<Arc<SceneFile>>,
    /// The model that tells what objects look like, so that one that comes back is recognised ([`crate::model::FeatureModel`]). Who calls the
    /// analyser runs it.
    pub looks: Option<PathBuf>,
}

impl Default for AnalyserOptions {
    fn default() -> Self {
        Self { tracker: None, trail_s: 2.0, scene: None, looks: None }
    }
}

/// What is remembered of a track besides its place.
#[derive(Debug, Default)]
struct Memory {
    id: u32,
    /// The class under which it was counted.
    class_id: u32,
    /// Bottom centres of its boxes, the oldest first.
    trail: VecDeque<(f64, [f32; 2])>,
    /// It is still there.
    alive: bool,
}

/// Analyses the results of one source, one frame after the other.
#[derive(Debug)]
pub struct Analyser {
    options: AnalyserOptions,
    tracker: Option<Tracker>,
    counter: Option<Counter>,
    memories: Vec<Memory>,
    /// Memories of tracks that have ended, whose buffers are used again.
    spare: Vec<Memory>,
    counts: Vec<ClassCount>,
    observations: Vec<Observation>,
    /// The highest number of a track so far: a lower one that appears has come back.
    newest_id: u32,
    time_s: Option<f64>,
    /// The scene file has changed since the last frame.
    other_scene: bool,
    pool: Vec<Arc<Report>>,
}

impl Analyser {
    /// An analyser that has seen nothing.
    #[must_use]
    pub fn new(options: AnalyserOptions) -> Self {
        Self {
            tracker: options.tracker.as_ref().map(Tracker::new),
            counter: options.scene.clone().map(Counter::new),
            options,
            memories: Vec::new(),
            spare: Vec::new(),
            counts: Vec::new(),
            observations: Vec::new(),
            newest_id: 0,
            time_s: None,
            other_scene: false,
            pool: Vec::new(),
        }
    }

    /// Other options from the next frame on. Tracks and counts go on, unless tracking was switched off.
    pub fn set_options(&mut self, options: AnalyserOptions) {
        match (&mut self.tracker, &options.tracker) {
            (Some(tracker), Some(chosen)) => {
                tracker.set_options(chosen);
                if self.options.looks != options.looks {
                    tracker.forget_looks();
                }
            }
            (_, chosen) => {
                self.tracker = chosen.as_ref().map(Tracker::new);
                self.forget();
            }
        }
        match (&mut self.counter, &options.scene) {
            (Some(counter), Some(scene)) => {
                if !Arc::ptr_eq(counter.scene(), scene) {
                    counter.set_scene(Arc::clone(scene));
                    self.other_scene = true;
                }
            }
            (counter, scene) => {
                *counter = scene.clone().map(Counter::new);
                self.other_scene = true;
            }
        }
        if options.scene.is_none() {
            // Reports that are filled again hold what was counted.
            self.pool.clear();
        }
        self.options = options;
    }

    /// The counter of zones and lines, if there is a scene file.
    pub fn counter(&mut self) -> Option<&mut Counter> {
        self.counter.as_mut()
    }

    /// Begins anew: another source.
    pub fn reset(&mut self) {
        self.tracker = self.options.tracker.as_ref().map(Tracker::new);
        self.counter = self.options.scene.clone().map(Counter::new);
        self.forget();
    }

    fn forget(&mut self) {
        self.spare.append(&mut self.memories);
        self.counts.clear();
        self.newest_id = 0;
        self.time_s = None;
    }

    /// Takes the results of the next frame, whose time is `time_s` in seconds of the source. Detections get the number, the
    /// class and the smoothed box of their track; tracks that should be there are added after them. `camera` says how the
    /// picture moved since the frame before. The frame of the same time as the last one is that frame again: its detections are given
    /// to its tracks, and nothing is counted.
    pub fn apply(
        &mut self,
        results: &mut Results,
        labels: &Labels,
        time_s: f64,
        camera: Option<Similarity>,
    ) -> Arc<Report> {
        self.apply_with(results, labels, time_s, camera, &Looks::default())
    }

    /// As [`Self::apply`], with what the detections look like.
    pub fn apply_with(
        &mut self,
        results: &mut Results,
        labels: &Labels,
        time_s: f64,
        camera: Option<Similarity>,
        looks: &Looks,
    ) -> Arc<Report> {
        let mut shared = self.take_report();
        if let Some(report) = Arc::get_mut(&mut shared) {
            report.time_s = time_s;
            let again = self.time_s == Some(time_s);
            if self.tracker.is_some() {
                self.track(results, time_s, camera, looks, again, report);
            }
            if let Some(counter) = &mut self.counter {
                // Other zones are counted on a frame that stands still too.
                let other_scene = std::mem::take(&mut self.other_scene);
                if again && !other_scene {
                    counter.tell_again(report);
                } else {
                    counter.update(results, labels, report);
                }
            }
        }
        if self.pool.len() < REPORTS {
            self.pool.push(Arc::clone(&shared));
        }
        shared
    }

    /// Takes the results of a single image: nothing is tracked, zones say who is inside.
    pub fn apply_image(&mut self, results: &Results, labels: &Labels) -> Arc<Report> {
        let mut shared = self.take_report();
        if let (Some(report), Some(counter)) = (Arc::get_mut(&mut shared), &mut self.counter) {
            counter.update_image(results, labels, report);
        }
        shared
    }

    fn take_report(&mut self) -> Arc<Report> {
        let idle = self.pool.iter_mut().position(|report| Arc::get_mut(report).is_some());
        let mut report = idle.map_or_else(Arc::default, |at| self.pool.swap_remove(at));
        if let Some(report) = Arc::get_mut(&mut report) {
            report.time_s = 0.0;
            report.tracks.clear();
            report.trails.clear();
            report.counts.clear();
            report.events.clear();
        }
        report
    }

    fn track(
        &mut self,
        results: &mut Results,
        time_s: f64,
        camera: Option<Similarity>,
        looks: &Looks,
        again: bool,
        report: &mut Report,
    ) {
        let Some(tracker) = &mut self.tracker else { return };
        self.observations.clear();
        self.observations.extend(results.detections.iter().map(|d| Observation {
            class_id: d.class_id,
            score: d.score,
            bbox: d.bbox,
        }));
        if again {
            tracker.look_again(&self.observations);
        } else {
            if self.time_s.is_some_and(|last| time_s < last) {
                // A video starts again or was sought: nothing that was seen continues.
                tracker.end_all();
            } else if let Some(camera) = camera {
                for (_, point) in self.memories.iter_mut().flat_map(|memory| &mut memory.trail) {
                    *point = camera.apply(*point);
                }
            }
            tracker.update_with(time_s, &self.observations, looks, camera);
            self.time_s = Some(time_s);
        }
        for detection in &mut results.detections {
            detection.track_id = None;
            detection.opacity = UNSURE_OPACITY;
        }
        for memory in &mut self.memories {
            memory.alive = false;
        }
        let counts = &mut self.counts;
        for count in counts.iter_mut() {
            count.now = 0;
        }
        for track in tracker.tracks().iter().filter(|track| track.is_confirmed()) {
            let known = self.memories.iter().position(|memory| memory.id == track.id);
            let place = known.unwrap_or_else(|| {
                let mut memory = self.spare.pop().unwrap_or_default();
                (memory.id, memory.class_id) = (track.id, track.class_id);
                memory.trail.clear();
                self.memories.push(memory);
                // One that has come back was counted before.
                if track.id > self.newest_id {
                    count_of(counts, track.class_id).total += 1;
                    self.newest_id = track.id;
                }
                report.events.push(event(EventKind::Appeared, track, time_s));
                self.memories.len() - 1
            });
            let memory = &mut self.memories[place];
            memory.alive = true;
            if memory.class_id != track.class_id {
                let old = count_of(counts, memory.class_id);
                old.total = old.total.saturating_sub(1);
                count_of(counts, track.class_id).total += 1;
                memory.class_id = track.class_id;
            }
            // On a frame that is looked at again, with other thresholds perhaps, only what is found in it counts: a track that was
            // there a moment ago would stay for as long as the frame does.
            let shown = tracker.is_shown(track, results.frame_size) && !(again && track.detection.is_none());
            if shown {
                count_of(counts, track.class_id).now += 1;
                if !again {
                    let [x1, _, x2, y2] = track.bbox;
                    memory.trail.push_back((time_s, [f32::midpoint(x1, x2), y2]));
                }
                write(results, track, time_s);
            }
            while memory.trail.len() > MAX_POINTS
                || memory.trail.front().is_some_and(|(at, _)| time_s - at > self.options.trail_s)
            {
                memory.trail.pop_front();
            }
            if shown {
                let start = report.trails.len();
                report.trails.extend(memory.trail.iter().map(|(_, point)| *point));
                report.tracks.push(TrackReport {
                    id: track.id,
                    class_id: track.class_id,
                    bbox: track.bbox,
                    since_s: track.since_s,
                    trail: start..report.trails.len(),
                    speed: None,
                    predicted: track.detection.is_none(),
                });
            }
        }
        if !again {
            report.events.extend(tracker.ended().iter().map(|t| event(EventKind::Disappeared, t, time_s)));
        }
        report.tracks.sort_unstable_by_key(|track| track.id);
        report.counts.extend(counts.iter().filter(|count| count.total > 0 || count.now > 0));
        for place in (0..self.memories.len()).rev() {
            if !self.memories[place].alive {
                let memory = self.memories.swap_remove(place);
                self.spare.push(memory);
            }
        }
    }
}

fn event(kind: EventKind, track: &Track, time_s: f64) -> Event {
    Event { kind, track_id: track.id, class_id: track.class_id, time_s, bbox: track.bbox }
}

/// The count of a class; counts are in the order of classes.
fn count_of(counts: &mut Vec<ClassCount>, class_id: u32) -> &mut ClassCount {
    let place = counts.binary_search_by_key(&class_id, |count| count.class_id).unwrap_or_else(|place| {
        counts.insert(place, ClassCount { class_id, now: 0, total: 0 });
        place
    });
    &mut counts[place]
}

/// Gives a detection the number, class and box of its track, or adds one where the track should be.
fn write(results: &mut Results, track: &Track, time_s: f64) {
    let found = track.detection.filter(|index| *index < results.detections.len());
    let Some(place) = found else {
        let unseen = time_s - track.seen_s;
        let score = track.score * (-unseen / SCORE_LASTS_S).exp() as f32;
        let mut added = Detection::new(track.class_id, score, track.bbox);
        (added.track_id, added.opacity) = (Some(track.id), UNSURE_OPACITY);
        results.detections.push(added);
        return;
    };
    let detection = &mut results.detections[place];
    detection.measured = Some((detection.class_id, detection.bbox));
    (detection.track_id, detection.class_id, detection.opacity) = (Some(track.id), track.class_id, 1.0);
    move_to(results, place, track.bbox);
}

/// Moves a detection with its keypoints, its mask and its oriented box to another box.
fn move_to(results: &mut Results, place: usize, to: [f32; 4]) {
    let Some(detection) = results.detections.get_mut(place) else { return };
    let from = std::mem::replace(&mut detection.bbox, to);
    let scale = [0, 1].map(|axis| (to[axis + 2] - to[axis]) / (from[axis + 2] - from[axis]).max(1e-3));
    let moved = |p: [f32; 2]| [0, 1].map(|axis| to[axis] + (p[axis] - from[axis]) * scale[axis]);
    if let Some(oriented) = &mut detection.oriented {
        // Moved only: stretching would make it no rectangle.
        let shift = [0, 1].map(|axis| (to[axis] + to[axis + 2] - from[axis] - from[axis + 2]) / 2.0);
        oriented.corners = oriented.corners.map(|[x, y]| [x + shift[0], y + shift[1]]);
        detection.bbox = crate::model::boxes::hull(&oriented.corners);
    }
    let (first, count) = detection.keypoints;
    for point in results.keypoints.get_mut(first..first + count).unwrap_or_default() {
        [point.x, point.y] = moved([point.x, point.y]);
    }
    if let Some(mask) = detection.mask.and_then(|index| results.masks.get_mut(index)) {
        let [x1, y1, x2, y2] = mask.region;
        let ([x1, y1], [x2, y2]) = (moved([x1, y1]), moved([x2, y2]));
        mask.region = [x1, y1, x2, y2];
    }
}

/// The results as the model gave them, of results that a tracker has changed: without smoothing, and without what it added.
#[must_use]
pub fn as_found(tracked: &Results) -> Results {
    let mut results = tracked.clone();
    results.detections.retain(|detection| detection.track_id.is_none() || detection.measured.is_some());
    for place in 0..results.detections.len() {
        let Some((class_id, bbox)) = results.detections[place].measured.take() else { continue };
        move_to(&mut results, place, bbox);
        let detection = &mut results.detections[place];
        (detection.class_id, detection.bbox) = (class_id, bbox);
        (detection.track_id, detection.opacity) = (None, 1.0);
    }
    results
}

#[cfg(test)]
#[path = "analyser_tests.rs"]
mod tests;
