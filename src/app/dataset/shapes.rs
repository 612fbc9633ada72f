//! The shapes of labels as the editor handles them: what the pointer can take, and what becomes of a label that is pulled.
//! Coordinates are pixels of the image.

use crate::dataset::{Annotation, LabelPoint, Polygon, Visibility};

/// A point in pixels of the image.
pub type Point = [f64; 2];

/// No box is smaller, in pixels.
const SMALLEST: f64 = 1.0;
/// The handle that turns an oriented box is so many times the pointer's reach outside of it.
const TURN_DISTANCE: f64 = 3.0;

/// Which part of a label the pointer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A corner of the box, clockwise from the top left.
    Corner(usize),
    /// A side of the box, clockwise from the top.
    Side(usize),
    /// A corner of an outline: which outline, which corner.
    Vertex(usize, usize),
    /// The edge after this corner of an outline; pulling it adds a corner.
    Edge(usize, usize),
    Keypoint(usize),
    /// A corner of an oriented box.
    Oriented(usize),
    /// The handle that turns an oriented box.
    Turn,
    Whole,
}

impl Part {
    /// It stays chosen after it was let go, so that keys move or delete it.
    #[must_use]
    pub fn is_point(self) -> bool {
        matches!(self, Self::Vertex(..) | Self::Keypoint(_))
    }
}

/// The points that the pointer can take, those found first first. `reach` is how near it must be.
#[must_use]
pub fn handles(label: &Annotation, reach: f64) -> Vec<(Part, Point)> {
    let points = label.keypoints.iter().enumerate();
    let points = points.filter(|(_, point)| point.visibility != Visibility::NotLabelled);
    let mut all: Vec<(Part, Point)> =
        points.map(|(place, point)| (Part::Keypoint(place), [point.x, point.y])).collect();
    for (outline, corners) in label.polygons.iter().enumerate() {
        all.extend(corners.iter().enumerate().map(|(place, at)| (Part::Vertex(outline, place), *at)));
    }
    if let Some(corners) = &label.corners {
        all.extend(corners.iter().enumerate().map(|(place, at)| (Part::Oriented(place), *at)));
        all.extend(turn_handle(corners, reach).map(|at| (Part::Turn, at)));
    }
    if has_box_handles(label) {
        all.extend(box_corners(label.bbox).into_iter().enumerate().map(|(n, at)| (Part::Corner(n), at)));
    }
    all
}

/// A box is pulled at its own corners unless another shape gives them.
fn has_box_handles(label: &Annotation) -> bool {
    label.polygons.is_empty() && label.corners.is_none()
}

/// The corners of a box, clockwise from the top left.
#[must_use]
pub fn box_corners([x1, y1, x2, y2]: [f64; 4]) -> [Point; 4] {
    [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
}

/// Where the handle is that turns an oriented box: outside of the middle of its first side.
#[must_use]
pub fn turn_handle(corners: &[Point; 4], reach: f64) -> Option<Point> {
    let middle = middle(corners[0], corners[1]);
    let out = sub(middle, centre(corners));
    let length = length(out);
    (length > 1e-6).then(|| {
        let by = 1.0 + TURN_DISTANCE * reach / length;
        add(centre(corners), [out[0] * by, out[1] * by])
    })
}

/// What lies under the pointer, within `reach` pixels: a handle of the selected label before its sides, before the smallest label
/// around the pointer.
#[must_use]
pub fn hit(
    labels: &[Annotation],
    outlines: &dyn Fn(&Annotation) -> Vec<Polygon>,
    pointer: Point,
    selected: Option<usize>,
    reach: f64,
) -> Option<(usize, Part)> {
    if let Some((place, label)) = selected.and_then(|place| Some((place, labels.get(place)?))) {
        let near = |(_, at): &(Part, Point)| length(sub(*at, pointer)) <= reach;
        if let Some((part, _)) = handles(label, reach).into_iter().find(near) {
            return Some((place, part));
        }
        if let Some(part) = edge(label, pointer, reach) {
            return Some((place, part));
        }
    }
    let inside = |(place, label): (usize, &Annotation)| {
        contains(label, outlines, pointer, reach).then(|| (place, area(label.bbox)))
    };
    let around = labels.iter().enumerate().filter_map(inside);
    let smallest = around.min_by(|a, b| a.1.total_cmp(&b.1));
    smallest.map(|(place, _)| (place, Part::Whole))
}

/// The side or edge of a label that is near.
fn edge(label: &Annotation, pointer: Point, reach: f64) -> Option<Part> {
    for (outline, corners) in label.polygons.iter().enumerate() {
        for place in 0..corners.len() {
            let (a, b) = (corners[place], corners[(place + 1) % corners.len()]);
            if distance_to_segment(a, b, pointer) <= reach {
                return Some(Part::Edge(outline, place));
            }
        }
    }
    if !has_box_handles(label) {
        return None;
    }
    let corners = box_corners(label.bbox);
    (0..4).find(|&n| distance_to_segment(corners[n], corners[(n + 1) % 4], pointer) <= reach).map(Part::Side)
}

/// Whether a label covers a point: its outline or oriented box if it has one, else its box.
fn contains(
    label: &Annotation,
    outlines: &dyn Fn(&Annotation) -> Vec<Polygon>,
    at: Point,
    reach: f64,
) -> bool {
    let near = |point: &LabelPoint| {
        point.visibility != Visibility::NotLabelled && length(sub([point.x, point.y], at)) <= reach
    };
    if label.keypoints.iter().any(near) {
        return true;
    }
    if let Some(corners) = &label.corners {
        return inside(corners, at);
    }
    let drawn = outlines(label);
    if !drawn.is_empty() {
        return drawn.iter().any(|outline| inside(outline, at));
    }
    let [x1, y1, x2, y2] = label.bbox;
    (x1 - reach..=x2 + reach).contains(&at[0]) && (y1 - reach..=y2 + reach).contains(&at[1])
}

/// The label with one more corner in an outline, and that corner. `None` if there is no such edge.
#[must_use]
pub fn with_corner(
    label: &Annotation,
    outline: usize,
    place: usize,
    at: Point,
) -> Option<(Annotation, Part)> {
    let mut label = label.clone();
    let corners = label.polygons.get_mut(outline)?;
    if place >= corners.len() {
        return None;
    }
    corners.insert(place + 1, at);
    Some((label, Part::Vertex(outline, place + 1)))
}

/// The label without a point of it: an outline loses a corner, and itself with the third-last one; a keypoint isn't labelled any
/// more. `None` if nothing is left of it.
#[must_use]
pub fn without_point(label: &Annotation, part: Part) -> Option<Annotation> {
    let mut label = label.clone();
    match part {
        Part::Vertex(outline, place) => {
            let corners = label.polygons.get_mut(outline)?;
            if corners.len() > 3 && place < corners.len() {
                corners.remove(place);
            } else {
                label.polygons.remove(outline);
            }
            if label.polygons.is_empty() && label.corners.is_none() && label.keypoints.is_empty() {
                return None;
            }
            label.bbox = refitted(&label);
        }
        Part::Keypoint(place) => *label.keypoints.get_mut(place)? = LabelPoint::default(),
        _ => return None,
    }
    label.area = None;
    Some(label)
}

/// The label when the pointer has pulled a part of it from one place to another, as far as the image of this size reaches.
#[must_use]
pub fn pulled(before: &Annotation, part: Part, from: Point, to: Point, size: (u32, u32)) -> Annotation {
    let mut label = before.clone();
    let by = sub(to, from);
    let to = clamped(to, size);
    match part {
        Part::Whole => return shifted(before, by, size),
        Part::Corner(n) => {
            let [x1, y1, x2, y2] = &mut label.bbox;
            *(if matches!(n, 0 | 3) { x1 } else { x2 }) = to[0];
            *(if matches!(n, 0 | 1) { y1 } else { y2 }) = to[1];
            label.bbox = tidy(label.bbox, size);
        }
        Part::Side(n) => {
            let [x1, y1, x2, y2] = &mut label.bbox;
            match n {
                0 => *y1 = to[1],
                1 => *x2 = to[0],
                2 => *y2 = to[1],
                _ => *x1 = to[0],
            }
            label.bbox = tidy(label.bbox, size);
        }
        Part::Vertex(outline, place) => {
            if let Some(corner) = label.polygons.get_mut(outline).and_then(|corners| corners.get_mut(place)) {
                *corner = to;
            }
            label.bbox = tidy(refitted(&label), size);
        }
        Part::Keypoint(place) => {
            if let Some(point) = label.keypoints.get_mut(place) {
                (point.x, point.y) = (to[0], to[1]);
                if point.visibility == Visibility::NotLabelled {
                    point.visibility = Visibility::Visible;
                }
                label.bbox = tidy(around(label.bbox, to), size);
            }
        }
        Part::Oriented(place) => {
            if let Some(corners) = before.corners {
                label.corners = Some(resized(&corners, place, to));
                label.bbox = tidy(refitted(&label), size);
            }
        }
        Part::Turn => {
            if let Some(corners) = before.corners {
                label.corners = Some(turned(&corners, to));
                label.bbox = tidy(refitted(&label), size);
            }
        }
        Part::Edge(..) => {}
    }
    label.area = None;
    label
}

/// The label moved as a whole, as far as the image reaches.
#[must_use]
pub fn shifted(label: &Annotation, by: Point, (width, height): (u32, u32)) -> Annotation {
    let [x1, y1, x2, y2] = label.bbox;
    // What lies partly outside already isn't pushed back by more than it is moved.
    let within =
        |by: f64, low: f64, high: f64, most: f64| by.max((-low).min(0.0)).min((most - high).max(0.0));
    let by = [within(by[0], x1, x2, f64::from(width)), within(by[1], y1, y2, f64::from(height))];
    let mut label = label.clone();
    label.bbox = [x1 + by[0], y1 + by[1], x2 + by[0], y2 + by[1]];
    for at in label.polygons.iter_mut().flatten().chain(label.corners.iter_mut().flatten()) {
        *at = add(*at, by);
    }
    for point in &mut label.keypoints {
        if point.visibility != Visibility::NotLabelled {
            (point.x, point.y) = (point.x + by[0], point.y + by[1]);
        }
    }
    label.area = None;
    label
}

/// The label as it may be in an image of this size: numbers that are finite, boxes in order and within the image. `None` if it can't
/// be. Corners of oriented boxes may lie outside: they would no longer be rectangles.
#[must_use]
pub fn within(label: &Annotation, size: (u32, u32)) -> Option<Annotation> {
    let points = label.polygons.iter().flatten().chain(label.corners.iter().flatten()).flatten();
    let keypoints = label.keypoints.iter().flat_map(|point| [&point.x, &point.y]);
    let mut numbers = label.bbox.iter().chain(points).chain(keypoints);
    if size.0 == 0 || size.1 == 0 || !numbers.all(|number| number.is_finite()) {
        return None;
    }
    let mut label = label.clone();
    label.polygons.retain(|outline| outline.len() >= 3);
    for at in label.polygons.iter_mut().flatten() {
        *at = clamped(*at, size);
    }
    for point in &mut label.keypoints {
        let labelled = point.visibility != Visibility::NotLabelled;
        [point.x, point.y] = if labelled { clamped([point.x, point.y], size) } else { [0.0, 0.0] };
    }
    label.bbox = tidy(if has_box_handles(&label) { label.bbox } else { refitted(&label) }, size);
    label.score = label.score.filter(|score| score.is_finite());
    Some(label)
}

/// The box around a label's other shapes.
fn refitted(label: &Annotation) -> [f64; 4] {
    label.hull()
}

/// A box with its first corner first, within the image, at least a pixel large.
fn tidy([x1, y1, x2, y2]: [f64; 4], (width, height): (u32, u32)) -> [f64; 4] {
    let side = |a: f64, b: f64, most: f64| {
        let (low, high) = (a.min(b).clamp(0.0, most), a.max(b).clamp(0.0, most));
        if high - low >= SMALLEST {
            (low, high)
        } else {
            let low = low.min(most - SMALLEST).max(0.0);
            (low, low + SMALLEST)
        }
    };
    let ((x1, x2), (y1, y2)) = (side(x1, x2, f64::from(width)), side(y1, y2, f64::from(height)));
    [x1, y1, x2, y2]
}

/// A box that two corners make.
#[must_use]
pub fn box_between(a: Point, b: Point, size: (u32, u32)) -> [f64; 4] {
    tidy([a[0], a[1], b[0], b[1]], size)
}

/// A point within the image.
#[must_use]
pub fn clamped([x, y]: Point, (width, height): (u32, u32)) -> Point {
    [x.clamp(0.0, f64::from(width)), y.clamp(0.0, f64::from(height))]
}

/// The box with a point in it.
fn around([x1, y1, x2, y2]: [f64; 4], [x, y]: Point) -> [f64; 4] {
    [x1.min(x), y1.min(y), x2.max(x), y2.max(y)]
}

/// An oriented box whose corner was pulled; the opposite one stays.
fn resized(corners: &[Point; 4], place: usize, to: Point) -> [Point; 4] {
    let (place, opposite) = (place % 4, corners[(place + 2) % 4]);
    let (next, previous) = ((place + 1) % 4, (place + 3) % 4);
    let along = |corner: Point| {
        let axis = sub(corner, opposite);
        let length = length(axis);
        if length < 1e-9 { None } else { Some([axis[0] / length, axis[1] / length]) }
    };
    let (Some(u), Some(v)) = (along(corners[next]), along(corners[previous])) else { return *corners };
    let way = sub(to, opposite);
    let part = |axis: Point| (way[0] * axis[0] + way[1] * axis[1]).max(SMALLEST);
    let (a, b) = (part(u), part(v));
    let mut new = *corners;
    new[next] = add(opposite, [u[0] * a, u[1] * a]);
    new[previous] = add(opposite, [v[0] * b, v[1] * b]);
    new[place] = add(new[next], [v[0] * b, v[1] * b]);
    new
}

/// An oriented box turned about its middle, so that its first side faces a point.
fn turned(corners: &[Point; 4], to: Point) -> [Point; 4] {
    let centre = centre(corners);
    let angle = |[x, y]: Point| y.atan2(x);
    let (was, is) = (sub(middle(corners[0], corners[1]), centre), sub(to, centre));
    if length(was) < 1e-9 || length(is) < 1e-9 {
        return *corners;
    }
    let (sin, cos) = (angle(is) - angle(was)).sin_cos();
    corners.map(|corner| {
        let [x, y] = sub(corner, centre);
        add(centre, [x * cos - y * sin, x * sin + y * cos])
    })
}

/// Leaves out corners of an outline that lie nearly on the line between their neighbours (Douglas and Peucker), so that people can
/// move what is left. `tolerance` in pixels.
#[must_use]
pub fn simplified(outline: &[Point], tolerance: f64) -> Polygon {
    if outline.len() < 4 {
        return outline.to_vec();
    }
    // The corner farthest from the first one splits the ring into two lines.
    let far = |from: Point| {
        let distance = |at: &Point| length(sub(*at, from));
        let all = outline.iter().enumerate();
        all.max_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map_or(0, |(place, _)| place)
    };
    let split = far(outline[0]).max(1);
    let mut ring = outline.to_vec();
    ring.push(outline[0]);
    let mut keep = vec![false; ring.len()];
    (keep[0], keep[split]) = (true, true);
    let mut waiting = vec![(0, split), (split, ring.len() - 1)];
    while let Some((first, last)) = waiting.pop() {
        let distance = |place: &usize| distance_to_segment(ring[first], ring[last], ring[*place]);
        let farthest = (first + 1..last).max_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(place) = farthest.filter(|place| distance(place) > tolerance) {
            keep[place] = true;
            waiting.extend([(first, place), (place, last)]);
        }
    }
    let kept: Polygon = outline.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(at, _)| *at).collect();
    if kept.len() >= 3 { kept } else { outline.to_vec() }
}

fn area([x1, y1, x2, y2]: [f64; 4]) -> f64 {
    (x2 - x1) * (y2 - y1)
}

fn inside(outline: &[Point], [x, y]: Point) -> bool {
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).fold(false, |inside, (a, b)| {
        let crosses = (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0];
        inside != crosses
    })
}

/// How far a point is from a line between two others.
fn distance_to_segment(a: Point, b: Point, at: Point) -> f64 {
    let (way, to) = (sub(b, a), sub(at, a));
    let square = way[0] * way[0] + way[1] * way[1];
    let share = if square > 0.0 { ((way[0] * to[0] + way[1] * to[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
    length(sub(to, [way[0] * share, way[1] * share]))
}

fn centre(corners: &[Point; 4]) -> Point {
    middle(middle(corners[0], corners[2]), middle(corners[1], corners[3]))
}

fn middle(a: Point, b: Point) -> Point {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}

fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn length([x, y]: Point) -> f64 {
    x.hypot(y)
}

#[cfg(test)]
#[path = "shapes_tests.rs"]
mod tests;
