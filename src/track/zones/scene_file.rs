//! What a scene file says: zones, lines, the perspective, the heat map and the exercises of a source. Points are shares of the
//! picture, 0..1 from its left and its top.

use std::sync::Arc;

use toml::Table;

use super::geometry::{self, Homography, Point};
use crate::model::labels::{Labels, Language};

/// A scene file. Keys that this version doesn't know are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneFile {
    pub lines: Vec<Line>,
    pub zones: Vec<Zone>,
    pub exercises: Vec<Exercise>,
    pub perspective: Option<Perspective>,
    pub heat_map: Option<HeatMap>,
    pub counting: Counting,
    /// The distance between tracks, if it is shown.
    pub distances: Option<Distances>,
    /// Keys that this version doesn't know.
    pub other: Table,
}

/// A line that objects cross.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub name: Arc<str>,
    /// “In” is a crossing from the left side of the segment, seen from its first point to its second, to its right.
    pub points: [Point; 2],
    pub look: Look,
    pub other: Table,
}

/// An area that objects enter and leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    pub name: Arc<str>,
    /// Its corners, in either direction.
    pub points: Vec<Point>,
    pub look: Look,
    /// How many objects it has room for, as a parking space has for one; occupied and free are told if it is known.
    pub capacity: Option<u32>,
    pub other: Table,
}

/// What zones and lines have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Red, green and blue; `None`: chosen by its place in the list.
    pub colour: Option<[u8; 3]>,
    pub anchor: Anchor,
    /// Only these classes count; all if empty.
    pub classes: Vec<ClassName>,
}

/// The point of a box that is inside a zone or crosses a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Where things stand on the ground.
    #[default]
    BottomCentre,
    Centre,
    TopCentre,
    LeftCentre,
    RightCentre,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

impl Anchor {
    /// Every anchor, in the order in which lists show them.
    pub const ALL: [Self; 9] = [
        Self::BottomCentre,
        Self::Centre,
        Self::TopCentre,
        Self::LeftCentre,
        Self::RightCentre,
        Self::TopLeft,
        Self::TopRight,
        Self::BottomLeft,
        Self::BottomRight,
    ];

    /// The word of the scene file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BottomCentre => "bottom-centre",
            Self::Centre => "centre",
            Self::TopCentre => "top-centre",
            Self::LeftCentre => "left-centre",
            Self::RightCentre => "right-centre",
            Self::TopLeft => "top-left",
            Self::TopRight => "top-right",
            Self::BottomLeft => "bottom-left",
            Self::BottomRight => "bottom-right",
        }
    }

    /// The anchor of this name; “center” is understood too.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase().replace("center", "centre").replace(['_', ' '], "-");
        Self::ALL.into_iter().find(|anchor| anchor.name() == name)
    }

    /// The point of a box.
    #[must_use]
    pub fn of(self, [x1, y1, x2, y2]: [f32; 4]) -> Point {
        let (x, y) = (f32::midpoint(x1, x2), f32::midpoint(y1, y2));
        match self {
            Self::BottomCentre => [x, y2],
            Self::Centre => [x, y],
            Self::TopCentre => [x, y1],
            Self::LeftCentre => [x1, y],
            Self::RightCentre => [x2, y],
            Self::TopLeft => [x1, y1],
            Self::TopRight => [x2, y1],
            Self::BottomLeft => [x1, y2],
            Self::BottomRight => [x2, y2],
        }
    }
}

/// A class, as a scene file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassName {
    /// In English or Chinese, in any case.
    Name(String),
    Id(u32),
}

/// Whether these names mean a class of a model; no names mean every class.
#[must_use]
pub fn means(names: &[ClassName], class_id: u32, labels: &Labels) -> bool {
    let is = |name: &ClassName| match name {
        ClassName::Id(id) => *id == class_id,
        ClassName::Name(name) => [Language::English, Language::Chinese].into_iter().any(|language| {
            labels.get(class_id, language).is_some_and(|label| label.to_lowercase() == name.to_lowercase())
        }),
    };
    names.is_empty() || names.iter().any(is)
}

/// Four points of the picture that are the corners of a rectangle on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Perspective {
    pub points: [Point; 4],
    /// Metres from the first point to the second, and from the fourth to the third.
    pub width: f32,
    /// Metres from the second point to the third, and from the first to the fourth.
    pub length: f32,
    pub other: Table,
}

impl Perspective {
    /// The way from the picture (0..1) to metres; `None` if three of the points lie in a row.
    #[must_use]
    pub fn homography(&self) -> Option<Homography> {
        let (w, l) = (f64::from(self.width), f64::from(self.length));
        let points = self.points.map(|point| point.map(f64::from));
        if geometry::crosses_itself(&self.points) {
            return None;
        }
        Homography::new(points, [[0.0, 0.0], [w, 0.0], [w, l], [0.0, l]])
    }
}

/// Where objects were for how long, as colours over the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// What was there loses half its weight in so many seconds; `None`: it stays.
    pub half_life_s: Option<f32>,
    pub look: Look,
    pub other: Table,
}

impl HeatMap {
    /// A heat map that forgets half in ten seconds.
    pub const USUAL_HALF_LIFE_S: f32 = 10.0;
}

impl Default for HeatMap {
    fn default() -> Self {
        Self { half_life_s: Some(Self::USUAL_HALF_LIFE_S), look: Look::default(), other: Table::new() }
    }
}

/// The distance of each track to the nearest other one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distances {
    pub look: Look,
    pub other: Table,
}

/// An exercise whose repetitions are counted for every person, from the angle at a joint.
#[derive(Clone, Debug, PartialEq)]
pub struct Exercise {
    pub name: Arc<str>,
    /// The places of three keypoints in the pose; the angle is that at the second.
    pub joints: [usize; 3],
    /// Degrees: above, the joint is straight.
    pub up: f32,
    /// Degrees: below, the joint is bent.
    pub down: f32,
    pub other: Table,
}

impl Exercise {
    /// The usual angles, in degrees.
    pub const USUAL_ANGLES: (f32, f32) = (145.0, 90.0);

    /// The keypoints of COCO's poses, in their order.
    pub const JOINTS: [&str; 17] = [
        "nose",
        "left-eye",
        "right-eye",
        "left-ear",
        "right-ear",
        "left-shoulder",
        "right-shoulder",
        "left-elbow",
        "right-elbow",
        "left-wrist",
        "right-wrist",
        "left-hip",
        "right-hip",
        "left-knee",
        "right-knee",
        "left-ankle",
        "right-ankle",
    ];
}

/// When a change counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Counting {
    /// So many results in a row must agree.
    pub results: u32,
    /// For at least so many seconds.
    pub seconds: f32,
    /// A track that isn't seen for longer has ended.
    pub gap_s: f32,
    pub other: Table,
}

impl Default for Counting {
    fn default() -> Self {
        Self { results: 2, seconds: 0.1, gap_s: 2.0, other: Table::new() }
    }
}

impl SceneFile {
    /// Whether there is nothing to count, to measure or to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
            && self.zones.is_empty()
            && self.exercises.is_empty()
            && self.perspective.is_none()
            && self.heat_map.is_none()
            && self.distances.is_none()
    }

    /// The names of classes in the file that a model with these labels doesn't have.
    #[must_use]
    pub fn unknown_classes(&self, labels: &Labels) -> Vec<&str> {
        let zones = self.zones.iter().map(|zone| &zone.look);
        let lines = self.lines.iter().map(|line| &line.look);
        let rest = self.heat_map.iter().map(|heat| &heat.look).chain(self.distances.iter().map(|d| &d.look));
        let names = zones.chain(lines).chain(rest).flat_map(|look| &look.classes);
        let mut unknown: Vec<&str> = names
            .filter(|name| !(0..labels.len() as u32).any(|id| means(std::slice::from_ref(name), id, labels)))
            .filter_map(|name| match name {
                ClassName::Name(name) => Some(name.as_str()),
                ClassName::Id(_) => None,
            })
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// A name that no zone has: “zone 1” for the word “zone”.
    #[must_use]
    pub fn free_zone_name(&self, word: &str) -> String {
        free_name(word, |name| self.zones.iter().any(|zone| &*zone.name == name))
    }

    /// A name that no line has.
    #[must_use]
    pub fn free_line_name(&self, word: &str) -> String {
        free_name(word, |name| self.lines.iter().any(|line| &*line.name == name))
    }
}

fn free_name(word: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let names = (1_u32..).map(|n| format!("{word} {n}"));
    // There are more numbers than names.
    names.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}
