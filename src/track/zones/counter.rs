//! Counts what tracks do in the zones and at the lines of a scene file.

mod doubles;
mod tell;

use std::sync::Arc;

use crate::model::labels::Labels;
use crate::model::results::{Detection, Keypoint, Results};
use crate::track::report::{
    ClassCrossings, ClassVisits, Event, EventKind, Heat, LineReport, Presence, Report, TrackReport,
    ZoneReport,
};

use super::geometry::{self, Homography, Point};
use super::heat;
use super::scene_file::{Anchor, Look, SceneFile, means};
use super::shapes::{AtExercise, AtLine, AtZone, Moment, ZoneChange};
use super::speed::Path;

/// Counts what tracks do in the zones and at the lines of a scene file: give it the tracks of one result after the other.
///
/// Only tracks count. Objects without a track's number are never taken for one another.
#[derive(Debug, Default)]
pub struct Counter {
    scene: Arc<SceneFile>,
    /// The way to the ground, from the picture in 0..1.
    ground: Option<Homography>,
    zones: Vec<CountedZone>,
    lines: Vec<CountedLine>,
    heat: Heat,
    /// The classes that the scene file's names mean are known for these labels.
    labels: Option<Labels>,
    heat_classes: Classes,
    distance_classes: Classes,
    /// By the track's number.
    tracks: Vec<Memory>,
    /// Tracks that have ended, whose buffers are used again.
    spare: Vec<Memory>,
    /// Of the last result, in seconds of the source.
    time_s: Option<f64>,
    frame_size: (u32, u32),
}

/// Which classes count, by their ids; `None`: all.
type Classes = Option<Vec<u32>>;

#[derive(Debug, Default)]
struct CountedZone {
    /// In pixels of the frame.
    points: Vec<Point>,
    classes: Classes,
    counts: ZoneReport,
}

#[derive(Debug, Default)]
struct CountedLine {
    /// In pixels of the frame.
    points: [Point; 2],
    classes: Classes,
    counts: LineReport,
}

/// What is remembered of a track.
#[derive(Debug, Default)]
struct Memory {
    id: u32,
    class_id: u32,
    bbox: [f32; 4],
    /// When it was last reported.
    seen_s: f64,
    /// The older track on which it has lain ever since it began: a detector has found the same object twice, and it counts
    /// once.
    double_of: Option<u32>,
    zones: Vec<AtZone>,
    lines: Vec<AtLine>,
    exercises: Vec<AtExercise>,
    path: Path,
    speed: Option<f32>,
}

impl Counter {
    /// Counts for this scene file, from nothing.
    #[must_use]
    pub fn new(scene: Arc<SceneFile>) -> Self {
        let mut counter = Self::default();
        counter.set_scene(scene);
        counter
    }

    /// The scene file that it counts for.
    #[must_use]
    pub fn scene(&self) -> &Arc<SceneFile> {
        &self.scene
    }

    /// Counts for another scene file. A zone or line that keeps its name or its place keeps its counts.
    pub fn set_scene(&mut self, scene: Arc<SceneFile>) {
        let old = std::mem::replace(&mut self.scene, scene);
        // Where each zone, line and exercise was before.
        let zones: Vec<_> = self
            .scene
            .zones
            .iter()
            .map(|zone| {
                let by_name = old.zones.iter().position(|other| other.name == zone.name);
                by_name.or_else(|| old.zones.iter().position(|other| other.points == zone.points))
            })
            .collect();
        let lines: Vec<_> = self
            .scene
            .lines
            .iter()
            .map(|line| {
                let by_name = old.lines.iter().position(|other| other.name == line.name);
                by_name.or_else(|| old.lines.iter().position(|other| other.points == line.points))
            })
            .collect();
        let exercises: Vec<_> = self
            .scene
            .exercises
            .iter()
            .map(|exercise| {
                let same =
                    |other: &super::Exercise| other.name == exercise.name && other.joints == exercise.joints;
                old.exercises.iter().position(same)
            })
            .collect();
        self.zones = moved(&mut self.zones, &zones);
        self.lines = moved(&mut self.lines, &lines);
        for (counted, zone) in self.zones.iter_mut().zip(&self.scene.zones) {
            counted.counts.name = Arc::clone(&zone.name);
            counted.counts.capacity = zone.capacity;
        }
        for (counted, line) in self.lines.iter_mut().zip(&self.scene.lines) {
            counted.counts.name = Arc::clone(&line.name);
        }
        for memory in &mut self.tracks {
            memory.zones = moved(&mut memory.zones, &zones);
            memory.lines = moved(&mut memory.lines, &lines);
            memory.exercises = moved(&mut memory.exercises, &exercises);
        }
        // A line that has moved says nothing about the side on which a track was.
        for (i, before) in lines.iter().enumerate() {
            if before.is_some_and(|j| old.lines[j].points != self.scene.lines[i].points) {
                self.tracks.iter_mut().for_each(|memory| memory.lines[i] = AtLine::default());
            }
        }
        if self.scene.perspective != old.perspective {
            self.ground = self.scene.perspective.as_ref().and_then(super::Perspective::homography);
            for memory in &mut self.tracks {
                memory.path.clear();
                memory.speed = None;
            }
        }
        if self.scene.heat_map != old.heat_map {
            self.heat = Heat::default();
        }
        self.labels = None;
        // Pixels are computed anew with the next result.
        self.frame_size = (0, 0);
    }

    /// Another source was opened: nothing has been counted.
    pub fn reset(&mut self) {
        *self = Self::new(std::mem::take(&mut self.scene));
    }

    /// Counts from nothing. Who is inside a zone counts as having entered it.
    pub fn reset_counts(&mut self) {
        for zone in &mut self.zones {
            zone.counts.entries = 0;
            zone.counts.exits = 0;
            zone.counts.classes.clear();
        }
        for memory in &self.tracks {
            let inside = memory.zones.iter().zip(&mut self.zones).filter(|(at, _)| at.since_s.is_some());
            inside.for_each(|(_, zone)| zone.entered(memory.class_id));
        }
        for line in &mut self.lines {
            (line.counts.inward, line.counts.outward) = (0, 0);
            line.counts.classes.clear();
        }
        self.tracks.iter_mut().flat_map(|memory| &mut memory.exercises).for_each(|at| at.count = 0);
        self.heat.values.fill(0.0);
    }

    /// Takes over the tracks of the next result and adds to the report what they do. `results` are those from which the tracks
    /// were made; `labels` are the names of their classes.
    pub fn update(&mut self, results: &Results, labels: &Labels, report: &mut Report) {
        if self.scene.is_empty() {
            tell::clear(report);
            return;
        }
        self.prepare(results.frame_size, labels);
        let now_s = report.time_s;
        if self.time_s.is_some_and(|last| now_s < last) {
            // A video starts again, or was sought: nothing that was seen continues.
            (0..self.tracks.len()).rev().for_each(|place| self.end(place, report));
            self.time_s = None;
        }
        let step_s = heat::step(self.time_s, now_s);
        self.time_s = Some(now_s);
        for i in 0..report.events.len() {
            if report.events[i].kind == EventKind::Disappeared
                && let Ok(place) = self.find(report.events[i].track_id)
            {
                self.end(place, report);
            }
        }
        for i in 0..report.tracks.len() {
            self.follow(i, results, report);
        }
        let gap_s = f64::from(self.scene.counting.gap_s);
        for place in (0..self.tracks.len()).rev() {
            if now_s - self.tracks[place].seen_s > gap_s {
                self.end(place, report);
            }
        }
        if let Some(heat_map) = &self.scene.heat_map {
            self.heat.fit(results.frame_size);
            if let Some(half_life_s) = heat_map.half_life_s {
                self.heat.fade(step_s, half_life_s);
            }
            let counts =
                |track: &&TrackReport| !track.predicted && is_one(self.heat_classes.as_ref(), track.class_id);
            for track in report.tracks.iter().filter(counts) {
                self.heat.add(track, heat_map.look.anchor, results, step_s);
            }
        }
        self.tell(report);
    }

    /// Fills the report of a frame that is looked at again: what was counted stands, and nothing is counted.
    pub fn tell_again(&mut self, report: &mut Report) {
        if self.scene.is_empty() {
            tell::clear(report);
            return;
        }
        for track in &mut report.tracks {
            if let Ok(place) = self.find(track.id) {
                track.speed = self.tracks[place].speed;
            }
        }
        self.tell(report);
    }

    /// Fills the report for a single image, whose objects have no tracks: who is inside which zone. Nothing is counted.
    pub fn update_image(&mut self, results: &Results, labels: &Labels, report: &mut Report) {
        self.reset();
        self.prepare(results.frame_size, labels);
        self.tell(report);
        for (i, zone) in self.zones.iter().enumerate() {
            let anchor = self.scene.zones[i].look.anchor;
            let inside = |detection: &&Detection| {
                is_one(zone.classes.as_ref(), detection.class_id)
                    && geometry::contains(&zone.points, anchor.of(detection.bbox))
            };
            let presence =
                |d: &Detection| Presence { track_id: 0, class_id: d.class_id, since_s: report.time_s };
            report.zones[i].inside.extend(results.detections.iter().filter(inside).map(presence));
        }
    }

    /// Computes what depends on the frame's size and the model's labels, when one of them changes.
    fn prepare(&mut self, frame_size: (u32, u32), labels: &Labels) {
        if self.frame_size != frame_size {
            self.frame_size = frame_size;
            let (w, h) = (frame_size.0 as f32, frame_size.1 as f32);
            let pixels = |[x, y]: Point| [x * w, y * h];
            for (counted, zone) in self.zones.iter_mut().zip(&self.scene.zones) {
                counted.points.clear();
                counted.points.extend(zone.points.iter().copied().map(pixels));
            }
            for (counted, line) in self.lines.iter_mut().zip(&self.scene.lines) {
                counted.points = line.points.map(pixels);
            }
        }
        if self.labels.as_ref() != Some(labels) {
            self.labels = Some(labels.clone());
            let classes = |look: &Look| -> Classes {
                let ids = look.classes.iter().filter_map(|name| match name {
                    super::ClassName::Id(id) => Some(*id),
                    super::ClassName::Name(_) => None,
                });
                let named = (0..labels.len() as u32).filter(|id| means(&look.classes, *id, labels));
                (!look.classes.is_empty()).then(|| named.chain(ids).collect())
            };
            for (counted, zone) in self.zones.iter_mut().zip(&self.scene.zones) {
                counted.classes = classes(&zone.look);
            }
            for (counted, line) in self.lines.iter_mut().zip(&self.scene.lines) {
                counted.classes = classes(&line.look);
            }
            self.heat_classes = self.scene.heat_map.as_ref().and_then(|heat| classes(&heat.look));
            self.distance_classes = self.scene.distances.as_ref().and_then(|d| classes(&d.look));
        }
    }

    fn find(&self, track_id: u32) -> Result<usize, usize> {
        self.tracks.binary_search_by_key(&track_id, |memory| memory.id)
    }

    /// Takes over where one track is.
    fn follow(&mut self, place: usize, results: &Results, report: &mut Report) {
        self.replace_unseen(report.tracks[place].id, &report.tracks);
        let double_of = self.known_double(&report.tracks[place], &report.tracks);
        let track = &mut report.tracks[place];
        if track.bbox.iter().any(|value| !value.is_finite()) {
            return;
        }
        let now_s = report.time_s;
        let (at, is_new) = match self.tracks.binary_search_by_key(&track.id, |memory| memory.id) {
            Ok(at) => (at, false),
            Err(at) => {
                let mut memory = self.spare.pop().unwrap_or_default();
                memory.begin(track.id, &self.scene);
                self.tracks.insert(at, memory);
                (at, true)
            }
        };
        let memory = &mut self.tracks[at];
        let before = (!is_new).then_some(memory.bbox);
        (memory.class_id, memory.bbox, memory.seen_s) = (track.class_id, track.bbox, now_s);
        // A box that only follows from what was seen before tells nothing of both.
        if is_new || !track.predicted {
            memory.double_of = double_of;
        }
        let is_double = memory.double_of.is_some();
        let moment = Moment {
            now_s,
            predicted: track.predicted,
            margin: (0.05 * (track.bbox[3] - track.bbox[1]))
                .clamp(0.5, (0.005 * self.frame_size.1 as f32).max(0.5)),
            counting: &self.scene.counting,
        };
        let event = |kind| Event {
            kind,
            track_id: track.id,
            class_id: track.class_id,
            time_s: now_s,
            bbox: track.bbox,
        };
        for ((zone, counted), at) in self.scene.zones.iter().zip(&mut self.zones).zip(&mut memory.zones) {
            let counts = !is_double && is_one(counted.classes.as_ref(), track.class_id);
            let kind = match at.update(&counted.points, zone.look.anchor.of(track.bbox), counts, moment) {
                Some(ZoneChange::Entered) => {
                    counted.entered(track.class_id);
                    EventKind::Entered { zone: Arc::clone(&zone.name) }
                }
                Some(ZoneChange::Left(after_s)) => {
                    counted.left(track.class_id, after_s);
                    EventKind::Left { zone: Arc::clone(&zone.name), after_s }
                }
                None => continue,
            };
            report.events.push(event(kind));
        }
        for ((line, counted), at) in self.scene.lines.iter().zip(&mut self.lines).zip(&mut memory.lines) {
            let anchor = line.look.anchor;
            let crossed =
                at.update(counted.points, before.map(|b| anchor.of(b)), anchor.of(track.bbox), moment);
            if let Some(inward) = crossed
                && !is_double
                && is_one(counted.classes.as_ref(), track.class_id)
            {
                counted.crossed(track.class_id, inward);
                report.events.push(event(EventKind::Crossed { line: Arc::clone(&line.name), inward }));
            }
        }
        if let Some(ground) = &self.ground
            && !track.predicted
        {
            let (w, h) = (f64::from(self.frame_size.0.max(1)), f64::from(self.frame_size.1.max(1)));
            let [x, y] = Anchor::BottomCentre.of(track.bbox).map(f64::from);
            if let Some(at) = ground.apply([x / w, y / h]) {
                memory.path.add(now_s, at);
            }
            memory.speed = memory.path.speed();
        }
        track.speed = memory.speed;
        if !self.scene.exercises.is_empty() {
            let own = results.detections.iter().find(|detection| detection.track_id == Some(track.id));
            let points = own.map(|detection| results.keypoints_of(detection)).unwrap_or_default();
            for (exercise, at) in self.scene.exercises.iter().zip(&mut memory.exercises) {
                at.update(exercise, joint_angle(points, exercise.joints), moment);
            }
        }
    }

    /// A track has ended: it leaves the zones in which it was last seen.
    fn end(&mut self, place: usize, report: &mut Report) {
        let mut memory = self.tracks.remove(place);
        if let Some(double) = self.tracks.iter_mut().find(|other| other.double_of == Some(memory.id)) {
            // The object is still there: its other track goes on in its place.
            double.take_over(&mut memory);
            self.spare.push(memory);
            return;
        }
        for (i, at) in memory.zones.iter().enumerate() {
            if let Some(since_s) = at.since_s {
                let after_s = (memory.seen_s - since_s).max(0.0);
                self.zones[i].left(memory.class_id, after_s);
                report.events.push(Event {
                    kind: EventKind::Left { zone: Arc::clone(&self.scene.zones[i].name), after_s },
                    track_id: memory.id,
                    class_id: memory.class_id,
                    time_s: report.time_s,
                    bbox: memory.bbox,
                });
            }
        }
        self.spare.push(memory);
    }
}

impl Memory {
    /// Becomes the memory of a new track.
    fn begin(&mut self, id: u32, scene: &SceneFile) {
        self.id = id;
        self.double_of = None;
        self.zones.clear();
        self.zones.resize_with(scene.zones.len(), AtZone::default);
        self.lines.clear();
        self.lines.resize_with(scene.lines.len(), AtLine::default);
        self.exercises.clear();
        self.exercises.resize_with(scene.exercises.len(), AtExercise::default);
        self.path.clear();
        self.speed = None;
    }

    /// Goes on in the place of another track of the same object, which then has been nowhere.
    fn take_over(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.zones, &mut other.zones);
        std::mem::swap(&mut self.lines, &mut other.lines);
        std::mem::swap(&mut self.exercises, &mut other.exercises);
        self.double_of = other.double_of.filter(|double| *double != self.id);
    }
}

impl CountedZone {
    fn class(&mut self, class_id: u32) -> &mut ClassVisits {
        let all = &mut self.counts.classes;
        let place = all.iter().position(|visits| visits.class_id == class_id).unwrap_or_else(|| {
            all.push(ClassVisits { class_id, entries: 0, exits: 0, total_s: 0.0, longest_s: 0.0 });
            all.len() - 1
        });
        &mut all[place]
    }

    fn entered(&mut self, class_id: u32) {
        self.counts.entries += 1;
        self.class(class_id).entries += 1;
    }

    fn left(&mut self, class_id: u32, after_s: f64) {
        self.counts.exits += 1;
        let class = self.class(class_id);
        class.exits += 1;
        class.total_s += after_s;
        class.longest_s = class.longest_s.max(after_s);
    }
}

impl CountedLine {
    fn crossed(&mut self, class_id: u32, inward: bool) {
        let all = &mut self.counts.classes;
        let place = all.iter().position(|class| class.class_id == class_id).unwrap_or_else(|| {
            all.push(ClassCrossings { class_id, inward: 0, outward: 0 });
            all.len() - 1
        });
        let class = &mut all[place];
        if inward {
            self.counts.inward += 1;
            class.inward += 1;
        } else {
            self.counts.outward += 1;
            class.outward += 1;
        }
    }
}

fn is_one(classes: Option<&Vec<u32>>, class_id: u32) -> bool {
    classes.is_none_or(|ids| ids.contains(&class_id))
}

/// What was at these places, in this order; a default where there was nothing, or where it went to another one.
fn moved<T: Default>(from: &mut [T], places: &[Option<usize>]) -> Vec<T> {
    let take = |place: &Option<usize>| {
        place.and_then(|place| from.get_mut(place)).map(std::mem::take).unwrap_or_default()
    };
    places.iter().map(take).collect()
}

/// The angle at the second of three joints, in degrees, if all of them are seen.
fn joint_angle(points: &[Keypoint], joints: [usize; 3]) -> Option<f32> {
    let seen =
        |place: usize| points.get(place).filter(|point| point.score >= 0.5).map(|point| [point.x, point.y]);
    let [a, at, b] = joints.map(seen);
    geometry::angle(a?, at?, b?)
}
