//! The shapes of a scene file as the editor handles them: by kind and place, with their points.

use egui::{Pos2, Rect, pos2, vec2};

use crate::track::zones::geometry::{self, Point};
use crate::track::zones::{Line, Look, Part, SceneFile, SceneProblem, Zone, check_polygon};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Zone,
    Line,
    /// Four points on the ground, for speeds.
    Ground,
}

impl Kind {
    /// How many points complete it; a zone is closed by the user.
    #[must_use]
    pub fn points(self) -> usize {
        match self {
            Self::Zone => usize::MAX,
            Self::Line => 2,
            Self::Ground => 4,
        }
    }
}

/// A shape of a scene file, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Zone(usize),
    Line(usize),
    Ground,
}

impl Item {
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Zone(_) => Kind::Zone,
            Self::Line(_) => Kind::Line,
            Self::Ground => Kind::Ground,
        }
    }
}

/// All shapes, those painted last first: the pointer finds the upper one.
pub fn items(scene: &SceneFile) -> impl Iterator<Item = Item> + '_ {
    let lines = (0..scene.lines.len()).rev().map(Item::Line);
    let zones = (0..scene.zones.len()).rev().map(Item::Zone);
    lines.chain(zones).chain(scene.perspective.is_some().then_some(Item::Ground))
}

/// The points of a shape; none if there is no such shape.
#[must_use]
pub fn points(scene: &SceneFile, item: Item) -> &[Point] {
    match item {
        Item::Zone(place) => scene.zones.get(place).map(|zone| zone.points.as_slice()),
        Item::Line(place) => scene.lines.get(place).map(|line| line.points.as_slice()),
        Item::Ground => scene.perspective.as_ref().map(|ground| ground.points.as_slice()),
    }
    .unwrap_or_default()
}

/// The scene with other points for a shape.
///
/// # Errors
/// Why the shape can't have these points.
pub fn with_points(scene: &SceneFile, item: Item, points: &[Point]) -> Result<SceneFile, SceneProblem> {
    let mut scene = scene.clone();
    match item {
        Item::Zone(place) => {
            if let Some(zone) = scene.zones.get_mut(place) {
                check_polygon(points, &Part::Zone(zone.name.to_string()))?;
                zone.points = points.to_vec();
            }
        }
        Item::Line(place) => {
            if let (Some(line), Ok(points)) = (scene.lines.get_mut(place), <[Point; 2]>::try_from(points)) {
                if points[0] == points[1] {
                    return Err(SceneProblem::NoLength { what: Part::Line(line.name.to_string()) });
                }
                line.points = points;
            }
        }
        Item::Ground => {
            if let (Some(ground), Ok(points)) = (&mut scene.perspective, <[Point; 4]>::try_from(points)) {
                ground.points = points;
                if ground.homography().is_none() {
                    return Err(SceneProblem::Perspective);
                }
            }
        }
    }
    Ok(scene)
}

/// The scene with a new shape, and where that is. `word` is what its name begins with.
///
/// # Errors
/// Why there can't be such a shape.
pub fn with_new(
    scene: &SceneFile,
    kind: Kind,
    points: &[Point],
    word: &str,
) -> Result<(SceneFile, Item), SceneProblem> {
    let mut new = scene.clone();
    let item = match kind {
        Kind::Zone => {
            let name = scene.free_zone_name(word);
            new.zones.push(Zone {
                name: name.into(),
                points: points.to_vec(),
                look: Look::default(),
                capacity: None,
                other: toml::Table::new(),
            });
            Item::Zone(scene.zones.len())
        }
        Kind::Line => {
            let name = scene.free_line_name(word);
            let Ok(ends) = <[Point; 2]>::try_from(points) else { return Ok((new, Item::Line(0))) };
            new.lines.push(Line {
                name: name.into(),
                points: ends,
                look: Look::default(),
                other: toml::Table::new(),
            });
            Item::Line(scene.lines.len())
        }
        Kind::Ground => {
            let Ok(points) = <[Point; 4]>::try_from(points) else { return Ok((new, Item::Ground)) };
            let old = scene.perspective.as_ref();
            new.perspective = Some(crate::track::zones::Perspective {
                points,
                width: old.map_or(3.5, |ground| ground.width),
                length: old.map_or(10.0, |ground| ground.length),
                other: toml::Table::new(),
            });
            Item::Ground
        }
    };
    Ok((with_points(&new, item, points)?, item))
}

/// The scene without a shape.
#[must_use]
pub fn without(scene: &SceneFile, item: Item) -> SceneFile {
    let mut scene = scene.clone();
    match item {
        Item::Zone(place) if place < scene.zones.len() => drop(scene.zones.remove(place)),
        Item::Line(place) if place < scene.lines.len() => drop(scene.lines.remove(place)),
        Item::Ground => scene.perspective = None,
        Item::Zone(_) | Item::Line(_) => {}
    }
    scene
}

/// Points moved together, as far as the picture reaches.
#[must_use]
pub fn shifted(points: &[Point], [dx, dy]: Point) -> Vec<Point> {
    let range = |axis: usize| {
        let values = points.iter().map(|point| point[axis]);
        (values.clone().fold(1.0_f32, f32::min), values.fold(0.0_f32, f32::max))
    };
    let (x, y) = (range(0), range(1));
    let (dx, dy) = (dx.max(-x.0).min(1.0 - x.1), dy.max(-y.0).min(1.0 - y.1));
    points.iter().map(|[x, y]| rounded([x + dx, y + dy])).collect()
}

/// A point as the editor stores it: within the picture, to the ten-thousandth.
#[must_use]
pub fn rounded(point: Point) -> Point {
    point.map(|value| (value.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0)
}

/// Where the picture lies on screen.
#[derive(Clone, Copy, Debug)]
pub struct Map {
    pub at: Rect,
    /// The picture is shown left-right reversed.
    pub mirrored: bool,
}

impl Map {
    #[must_use]
    pub fn to_screen(self, [x, y]: Point) -> Pos2 {
        let x = if self.mirrored { 1.0 - x } else { x };
        self.at.min + vec2(x * self.at.width(), y * self.at.height())
    }

    /// The point of the picture at a place on screen, within the picture.
    #[must_use]
    pub fn to_picture(self, at: Pos2) -> Point {
        let size = self.at.size().max(vec2(1.0, 1.0));
        let offset = (at - self.at.min) / size;
        rounded([if self.mirrored { 1.0 - offset.x } else { offset.x }, offset.y])
    }

    /// What lies under the pointer, within so many points of the screen: a vertex before an edge before an area. Shapes for
    /// which `first` says so go before others.
    #[must_use]
    pub fn hit(
        self,
        scene: &SceneFile,
        pointer: Pos2,
        first: Option<Item>,
        reach: f32,
    ) -> Option<(Item, Grab)> {
        let all = || first.into_iter().chain(items(scene).filter(|item| Some(*item) != first));
        let vertex = all().find_map(|item| {
            let near = |point: &Point| self.to_screen(*point).distance(pointer) <= reach;
            points(scene, item).iter().position(near).map(|place| (item, Grab::Vertex(place)))
        });
        let screen = |point: &Point| {
            let at = self.to_screen(*point);
            [at.x, at.y]
        };
        let target = [pointer.x, pointer.y];
        let edge = || {
            all().find_map(|item| {
                let points = points(scene, item);
                let edges = if item.kind() == Kind::Line { 1 } else { points.len() };
                (0..edges).find_map(|place| {
                    let (a, b) = (points.get(place)?, points.get((place + 1) % points.len())?);
                    let near = geometry::distance_to_segment(screen(a), screen(b), target) <= reach;
                    near.then_some((item, Grab::Edge(place)))
                })
            })
        };
        let area = || {
            all().find_map(|item| {
                let corners: Vec<Point> = points(scene, item).iter().map(screen).collect();
                let inside = item.kind() != Kind::Line && geometry::contains(&corners, target);
                inside.then_some((item, Grab::Whole))
            })
        };
        vertex.or_else(edge).or_else(area)
    }
}

/// Which part of a shape the pointer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grab {
    Vertex(usize),
    /// The edge after this vertex.
    Edge(usize),
    Whole,
}

/// Bounds of points on screen, for a label.
#[must_use]
pub fn top(points: &[Pos2]) -> Pos2 {
    points.iter().copied().min_by(|a, b| a.y.total_cmp(&b.y)).unwrap_or(pos2(0.0, 0.0))
}
