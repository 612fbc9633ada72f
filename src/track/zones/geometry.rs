//! Points, polygons and segments, in any unit, and the way from the picture to the ground.

/// A point or a direction.
pub type Point = [f32; 2];

/// Whether a point lies inside a polygon: a ray from it crosses the edges an odd number of times. The direction in which the
/// corners are listed and the corner that comes first make no difference.
#[must_use]
pub fn contains(polygon: &[Point], [x, y]: Point) -> bool {
    let mut inside = false;
    for ([ax, ay], [bx, by]) in edges(polygon) {
        // An edge owns its lower end only, so that a ray through a corner meets one of its two edges, or both, or none.
        if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
            inside = !inside;
        }
    }
    inside
}

/// The distance of a point from the nearest edge of a polygon.
#[must_use]
pub fn distance_to_edge(polygon: &[Point], point: Point) -> f32 {
    edges(polygon).map(|(a, b)| distance_to_segment(a, b, point)).fold(f32::INFINITY, f32::min)
}

/// The distance of a point from a segment.
#[must_use]
pub fn distance_to_segment(a: Point, b: Point, p: Point) -> f32 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let share = if length > 0.0 {
        (((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p[0] - a[0] - share * along[0]).hypot(p[1] - a[1] - share * along[1])
}

/// How far a point is from the endless line through `a` and `b`: positive to the right of who looks from `a` to `b`, as
/// pictures show it (y grows downwards). 0 if `a` and `b` are the same.
#[must_use]
pub fn side(a: Point, b: Point, p: Point) -> f32 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let length = along[0].hypot(along[1]);
    if length > 0.0 { (along[0] * (p[1] - a[1]) - along[1] * (p[0] - a[0])) / length } else { 0.0 }
}

/// Where the path from `p` to `q` meets the endless line through `a` and `b`, as a share of the way from `a` to `b`: 0..=1 within
/// the segment. `None` if path and line are parallel.
#[must_use]
pub fn meets(a: Point, b: Point, p: Point, q: Point) -> Option<f32> {
    let (from, to) = (side(a, b, p), side(a, b, q));
    let share = from / (from - to);
    if !share.is_finite() {
        return None;
    }
    let at = [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])];
    let along = [b[0] - a[0], b[1] - a[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    Some(((at[0] - a[0]) * along[0] + (at[1] - a[1]) * along[1]) / length).filter(|share| share.is_finite())
}

/// Whether edges of the polygon cross or touch each other, except neighbours at their common corner.
#[must_use]
pub fn crosses_itself(polygon: &[Point]) -> bool {
    let edges: Vec<_> = edges(polygon).collect();
    let neighbours = |i: usize, j: usize| j - i == 1 || (i == 0 && j == edges.len() - 1);
    (0..edges.len()).any(|i| {
        (i + 1..edges.len()).any(|j| {
            let ((a, b), (c, d)) = (edges[i], edges[j]);
            !neighbours(i, j) && segments_meet(a, b, c, d)
        })
    })
}

/// The area of a polygon that doesn't cross itself.
#[must_use]
pub fn area(polygon: &[Point]) -> f32 {
    let doubled: f32 = edges(polygon).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    doubled.abs() / 2.0
}

fn edges(polygon: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    let next = polygon.iter().cycle().skip(1);
    polygon.iter().zip(next).map(|(a, b)| (*a, *b))
}

fn segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let turn = |a: Point, b: Point, c: Point| {
        let value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if value.abs() < 1e-9 { 0 } else { value.signum() as i32 }
    };
    let within =
        |a: Point, b: Point, p: Point| (0..2).all(|i| (a[i].min(b[i])..=a[i].max(b[i])).contains(&p[i]));
    let (ab_c, ab_d, cd_a, cd_b) = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b));
    if ab_c * ab_d < 0 && cd_a * cd_b < 0 {
        return true;
    }
    (ab_c == 0 && within(a, b, c))
        || (ab_d == 0 && within(a, b, d))
        || (cd_a == 0 && within(c, d, a))
        || (cd_b == 0 && within(c, d, b))
}

/// The angle at `at` between the directions to `a` and to `b`, in degrees, 0..=180. `None` if one of them is `at` itself.
#[must_use]
pub fn angle(a: Point, at: Point, b: Point) -> Option<f32> {
    let (u, v) = ([a[0] - at[0], a[1] - at[1]], [b[0] - at[0], b[1] - at[1]]);
    let (across, along) = (u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1]);
    let is_clear = u != [0.0, 0.0] && v != [0.0, 0.0];
    is_clear.then(|| across.abs().atan2(along).to_degrees())
}

/// The way from points of the picture to points of the ground, from four points of which the place on the ground is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography {
    rows: [[f64; 3]; 3],
    /// The sign of the third coordinate of the four points: a point beyond the horizon has the other sign.
    front: f64,
}

impl Homography {
    /// Finds the transform that takes each point of `image` to that of `ground`. `None` if three of them lie in a row or
    /// their order differs.
    #[must_use]
    pub fn new(image: [[f64; 2]; 4], ground: [[f64; 2]; 4]) -> Option<Self> {
        // u = (a·x + b·y + c) / (g·x + h·y + 1), v likewise: eight equations for a … h.
        let mut system = [[0.0; 9]; 8];
        for (i, ([x, y], [u, v])) in image.into_iter().zip(ground).enumerate() {
            system[2 * i] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            system[2 * i + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        let s = solve(system)?;
        let rows = [[s[0], s[1], s[2]], [s[3], s[4], s[5]], [s[6], s[7], 1.0]];
        let depth = image.map(|[x, y]| rows[2][0] * x + rows[2][1] * y + 1.0);
        let front = depth[0].signum();
        depth.iter().all(|d| d.abs() > 1e-9 && d.signum() == front).then_some(Self { rows, front })
    }

    /// Returns where a point of the picture is on the ground; `None` if it is at the horizon or above.
    #[must_use]
    pub fn apply(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let [u, v, depth] = self.rows.map(|[a, b, c]| a * x + b * y + c);
        (depth * self.front > 1e-6).then(|| [u / depth, v / depth])
    }
}

/// Solves eight linear equations, each with its right side last, by elimination with pivots.
fn solve(mut m: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|&a, &b| m[a][column].abs().total_cmp(&m[b][column].abs()))?;
        if m[pivot][column].is_nan() || m[pivot][column].abs() < 1e-10 {
            return None;
        }
        m.swap(column, pivot);
        let pivot_row = m[column];
        for (i, row) in m.iter_mut().enumerate() {
            if i != column {
                let factor = row[column] / pivot_row[column];
                row.iter_mut().zip(pivot_row).for_each(|(value, above)| *value -= factor * above);
            }
        }
    }
    Some(std::array::from_fn(|i| m[i][8] / m[i][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_of_a_line_is_what_a_picture_shows_on_the_right() {
        // From left to right: its right side is below.
        assert_eq!(side([0.0, 5.0], [10.0, 5.0], [3.0, 7.0]), 2.0);
        // Downwards: its right side is on the left of the picture.
        assert_eq!(side([5.0, 0.0], [5.0, 10.0], [3.0, 4.0]), 2.0);
        assert_eq!(meets([0.0, 5.0], [10.0, 5.0], [3.0, 4.0], [3.0, 8.0]), Some(0.3));
        assert_eq!(meets([0.0, 5.0], [10.0, 5.0], [13.0, 4.0], [13.0, 8.0]), Some(1.3));
        assert_eq!(meets([0.0, 5.0], [10.0, 5.0], [3.0, 4.0], [9.0, 4.0]), None);
    }

    #[test]
    fn a_polygon_that_crosses_itself_is_recognised() {
        let bow = [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        assert!(crosses_itself(&bow));
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert!(!crosses_itself(&square));
        let hollow = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.1], [0.0, 1.0]];
        assert!(!crosses_itself(&hollow));
        assert_eq!(area(&square), 1.0);
        assert!(contains(&hollow, [0.05, 0.5]) && !contains(&hollow, [0.5, 0.5]));
    }

    #[test]
    fn a_road_seen_in_perspective_is_measured_in_metres() {
        // OpenCV: cv2.getPerspectiveTransform and cv2.perspectiveTransform of [[300, 300]] and [[640, 500]].
        let image = [[400.0, 200.0], [600.0, 200.0], [1000.0, 700.0], [100.0, 700.0]];
        let ground = [[0.0, 0.0], [7.0, 0.0], [7.0, 30.0], [0.0, 30.0]];
        let way = Homography::new(image, ground).expect("a road");
        for (from, to) in image.into_iter().zip(ground) {
            let [x, y] = way.apply(from).expect("on the ground");
            assert!((x - to[0]).abs() < 1e-9 && (y - to[1]).abs() < 1e-9);
        }
        assert_eq!(way.apply([500.0, 0.0]), None, "above the horizon");
        let row = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]];
        assert_eq!(Homography::new(row, ground), None);
    }

    #[test]
    fn angles_are_those_of_a_protractor() {
        assert_eq!(angle([1.0, 0.0], [0.0, 0.0], [0.0, 5.0]), Some(90.0));
        assert_eq!(angle([1.0, 0.0], [0.0, 0.0], [-3.0, 0.0]), Some(180.0));
        assert_eq!(angle([1.0, 0.0], [1.0, 0.0], [-3.0, 0.0]), None);
    }
}
