//! What tracking, zones and lines say of one frame, as plain data.

use std::ops::Range;
use std::sync::Arc;

use super::zones::SceneFile;

/// What tracking, zones and lines say of one frame. A report is filled anew for every frame and keeps its buffers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The time of the frame in seconds: the position in a video, else since the source was opened.
    pub time_s: f64,
    /// The tracks that are shown on this frame, by their number.
    pub tracks: Vec<TrackReport>,
    /// The points of all trails, one trail after the other; see [`TrackReport::trail`].
    pub trails: Vec<[f32; 2]>,
    /// How many objects of each class there are and were, by class.
    pub counts: Vec<ClassCount>,
    /// The scene file whose zones and lines were counted; `None` without one.
    pub scene: Option<Arc<SceneFile>>,
    /// In the order of the scene file.
    pub zones: Vec<ZoneReport>,
    /// In the order of the scene file.
    pub lines: Vec<LineReport>,
    /// In the order of the scene file.
    pub exercises: Vec<ExerciseReport>,
    /// From each track to the nearest other one, if the scene file asks for distances.
    pub distances: Vec<Distance>,
    /// Where objects were for how long, if the scene file asks for it; else empty.
    pub heat: Heat,
    /// What happened in this frame, in no particular order.
    pub events: Vec<Event>,
}

/// A track on one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackReport {
    /// Counted from 1, in the order in which tracks were confirmed.
    pub id: u32,
    /// The class that most of its detections had.
    pub class_id: u32,
    /// Smoothed, in pixels of the frame: x1, y1, x2, y2.
    pub bbox: [f32; 4],
    /// When it was first seen, in seconds of the source.
    pub since_s: f64,
    /// Its part of [`Report::trails`], the oldest point first: bottom centres of its boxes.
    pub trail: Range<usize>,
    /// In metres a second, if the scene file says how long things are.
    pub speed: Option<f32>,
    /// It was not detected in this frame; its box is where it should be by now.
    pub predicted: bool,
}

/// Objects of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassCount {
    pub class_id: u32,
    /// Tracks on this frame.
    pub now: u32,
    /// Tracks since the source was opened.
    pub total: u32,
}

/// A zone on one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneReport {
    pub name: Arc<str>,
    /// Who is inside now.
    pub inside: Vec<Presence>,
    /// Counted since the source was opened.
    pub entries: u32,
    pub exits: u32,
    /// How many objects it has room for, if the scene file says so.
    pub capacity: Option<u32>,
    /// The visits of each class, in the order in which the classes first came.
    pub classes: Vec<ClassVisits>,
}

/// The visits of one class to a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassVisits {
    pub class_id: u32,
    pub entries: u32,
    pub exits: u32,
    /// Seconds inside, of all visits that have ended.
    pub total_s: f64,
    /// Seconds of the longest visit that has ended.
    pub longest_s: f64,
}

/// A track inside a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Presence {
    /// 0 for an object of a single image, which has no track.
    pub track_id: u32,
    pub class_id: u32,
    /// When it entered, in seconds of the source.
    pub since_s: f64,
}

/// A line on one frame: crossings since the source was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineReport {
    pub name: Arc<str>,
    /// From the left side of the segment, seen from its first point to its second, to its right.
    pub inward: u32,
    /// The other way.
    pub outward: u32,
    /// The crossings of each class, in the order in which the classes first came.
    pub classes: Vec<ClassCrossings>,
}

/// The crossings of a line by one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassCrossings {
    pub class_id: u32,
    pub inward: u32,
    pub outward: u32,
}

/// An exercise on one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExerciseReport {
    pub name: Arc<str>,
    /// Who does it, by track.
    pub people: Vec<Repetitions>,
}

/// The repetitions of one person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repetitions {
    pub track_id: u32,
    pub count: u32,
    /// Degrees at the joint; `None` while it isn't seen.
    pub angle: Option<f32>,
    /// The joint is bent.
    pub bent: bool,
}

/// The distance of a track to its nearest neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// The numbers of both tracks, the smaller one first.
    pub tracks: [u32; 2],
    /// Where both are, in pixels of the frame.
    pub points: [[f32; 2]; 2],
    pub value: f32,
    /// `value` is in metres, else in pixels of the frame.
    pub metres: bool,
}

/// Where objects were for how long: a grid over the whole frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    pub width: usize,
    pub height: usize,
    /// Seconds, row by row.
    pub values: Vec<f32>,
}

/// Something that happened in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub kind: EventKind,
    pub track_id: u32,
    pub class_id: u32,
    /// When, in seconds of the source.
    pub time_s: f64,
    /// Where the object was, in pixels of the frame.
    pub bbox: [f32; 4],
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// A track was confirmed.
    Appeared,
    /// A track has ended.
    Disappeared,
    /// A track entered a zone, named as in the scene file.
    Entered { zone: Arc<str> },
    /// A track left a zone after so many seconds.
    Left { zone: Arc<str>, after_s: f64 },
    /// A track crossed a line; see [`LineReport::inward`].
    Crossed { line: Arc<str>, inward: bool },
}
