//! From points that moved to one motion of all of them: shift, rotation and scale. A part of the points is always wrong
//! (background within a box, reflections), so a fit begins with medians and then weights each point by how well it agrees
//! (J. Tukey's biweight).

use super::Similarity;

/// A point and where it went.
pub(super) type Pair = ([f32; 2], [f32; 2]);

/// Points that disagree by more than this many pixels don't count; it grows with the motion.
const AGREE: f32 = 1.2;
/// Rounds of weighting.
const ROUNDS: usize = 4;
/// A few points close together say nothing of scale and rotation: this much evidence, in squared pixels, speaks for none.
const STEADY: f32 = 15.0;
/// The least and the most scale that is believed.
const SCALES: (f32, f32) = (0.3, 3.0);

/// The motion of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    pub motion: Similarity,
    /// How many points agree with it.
    pub agreeing: usize,
    /// Points that are off by more don't agree, in pixels.
    pub tolerance: f32,
}

impl Fit {
    /// How far a point is from where the motion puts it.
    pub fn error(&self, (from, to): &Pair) -> f32 {
        distance(self.motion.apply(*from), *to)
    }
}

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    values: Vec<f32>,
}

pub(super) fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Returns the middle value; `None` if there is none. Reorders the values.
pub(super) fn median(values: &mut [f32]) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The shift of most points.
fn usual_shift(pairs: &[Pair], values: &mut Vec<f32>) -> Option<[f32; 2]> {
    let mut shift = [0.0; 2];
    for (axis, shift) in shift.iter_mut().enumerate() {
        values.clear();
        values.extend(pairs.iter().map(|(from, to)| to[axis] - from[axis]));
        *shift = median(values)?;
    }
    Some(shift)
}

/// A motion by weighted least squares: scale and rotation about the weighted means of the points, `steady` being evidence for
/// none. `None` if no point has weight.
fn weighted(pairs: &[Pair], steady: f32, weight: impl Fn(&Pair) -> f32) -> Option<Similarity> {
    let (mut total, mut p, mut q) = (0.0, [0.0; 2], [0.0; 2]);
    for pair in pairs {
        let w = weight(pair);
        total += w;
        for axis in 0..2 {
            p[axis] += w * pair.0[axis];
            q[axis] += w * pair.1[axis];
        }
    }
    if total < 1e-3 {
        return None;
    }
    let (p, q) = (p.map(|v| v / total), q.map(|v| v / total));
    let (mut along, mut across, mut square) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let w = weight(pair);
        let from = [pair.0[0] - p[0], pair.0[1] - p[1]];
        let to = [pair.1[0] - q[0], pair.1[1] - q[1]];
        along += w * (from[0] * to[0] + from[1] * to[1]);
        across += w * (from[0] * to[1] - from[1] * to[0]);
        square += w * (from[0] * from[0] + from[1] * from[1]);
    }
    let square = square + steady;
    if square < 1e-3 {
        return None;
    }
    let (a, b) = ((along + steady) / square, across / square);
    Some(Similarity { a, b, tx: q[0] - a * p[0] + b * p[1], ty: q[1] - b * p[0] - a * p[1] })
}

/// Tukey's weight of a point that is `off` by so many pixels.
fn biweight(off: f32, tolerance: f32) -> f32 {
    (1.0 - (off / tolerance).powi(2)).max(0.0).powi(2)
}

/// Fits the motion of one object. `None` without points.
pub(super) fn object(pairs: &[Pair], scratch: &mut Scratch) -> Option<Fit> {
    let values = &mut scratch.values;
    let shift = usual_shift(pairs, values)?;
    let tolerance = AGREE + 0.1 * shift[0].hypot(shift[1]);
    let mut fit = Fit {
        motion: Similarity { tx: shift[0], ty: shift[1], ..Similarity::IDENTITY },
        agreeing: pairs.len(),
        tolerance,
    };
    if pairs.len() < 4 {
        return Some(fit);
    }
    // The scale to begin with: the median of the ratios of distances, of points far enough from each other.
    values.clear();
    for (i, (from, to)) in pairs.iter().enumerate() {
        for (other_from, other_to) in &pairs[..i] {
            let before = distance(*from, *other_from);
            if before > 4.0 {
                values.push(distance(*to, *other_to) / before);
            }
        }
    }
    let scale = median(values).unwrap_or(1.0).clamp(SCALES.0, SCALES.1);
    let centre = usual_shift_origin(pairs);
    fit.motion = Similarity {
        a: scale,
        b: 0.0,
        tx: shift[0] + centre[0] * (1.0 - scale),
        ty: shift[1] + centre[1] * (1.0 - scale),
    };
    for _ in 0..ROUNDS {
        let motion = fit.motion;
        let Some(next) = weighted(pairs, STEADY, |p| biweight(distance(motion.apply(p.0), p.1), tolerance))
        else {
            fit.agreeing = 0;
            return Some(fit);
        };
        fit.motion = next;
    }
    fit.agreeing = pairs.iter().filter(|pair| fit.error(pair) < tolerance).count();
    if !(SCALES.0..=SCALES.1).contains(&fit.motion.scale()) {
        fit.agreeing = 0;
    }
    Some(fit)
}

/// The middle of the points' beginnings.
fn usual_shift_origin(pairs: &[Pair]) -> [f32; 2] {
    let sum = pairs.iter().fold([0.0; 2], |sum, (from, _)| [sum[0] + from[0], sum[1] + from[1]]);
    sum.map(|v| v / pairs.len().max(1) as f32)
}

/// Fits the motion of the camera to points of the background. `None` if fewer than half of them agree.
pub(super) fn camera(pairs: &[Pair], scratch: &mut Scratch) -> Option<Similarity> {
    /// In pixels: first all points count that are roughly right, then only those that agree.
    const FIRST: f32 = 8.0;
    if pairs.len() < 8 {
        return None;
    }
    let shift = usual_shift(pairs, &mut scratch.values)?;
    let mut motion = Similarity { tx: shift[0], ty: shift[1], ..Similarity::IDENTITY };
    let mut tolerance = FIRST;
    for _ in 0..2 * ROUNDS {
        let before = motion;
        motion = weighted(pairs, 1.0, |p| biweight(distance(before.apply(p.0), p.1), tolerance))?;
        tolerance = (tolerance * 0.6).max(AGREE);
    }
    let agreeing = pairs.iter().filter(|(p, q)| distance(motion.apply(*p), *q) < AGREE).count();
    (agreeing * 2 >= pairs.len()).then_some(motion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(motion: Similarity) -> Vec<Pair> {
        (0..25)
            .map(|i| [(i % 5) as f32 * 8.0 + 100.0, (i / 5) as f32 * 8.0 + 50.0])
            .map(|p| (p, motion.apply(p)))
            .collect()
    }

    #[test]
    fn a_third_of_wrong_points_does_not_matter() {
        let motion = Similarity { a: 1.05, b: 0.04, tx: 3.0, ty: -2.0 };
        let mut pairs = grid(motion);
        for pair in pairs.iter_mut().step_by(3) {
            pair.1 = pair.0;
        }
        let fit = object(&pairs, &mut Scratch::default()).expect("there are points");
        assert!((fit.motion.a - 1.05).abs() < 0.01 && (fit.motion.b - 0.04).abs() < 0.01, "{fit:?}");
        assert!(distance(fit.motion.apply([116.0, 66.0]), motion.apply([116.0, 66.0])) < 0.2, "{fit:?}");
        assert!((16..=18).contains(&fit.agreeing), "{fit:?}");
    }

    #[test]
    fn three_points_say_where_it_went_and_nothing_of_its_size() {
        let pairs = [([0.0, 0.0], [2.0, 1.0]), ([4.0, 0.0], [6.5, 1.0]), ([0.0, 4.0], [2.0, 5.0])];
        let fit = object(&pairs, &mut Scratch::default()).expect("there are points");
        assert_eq!(fit.motion, Similarity { tx: 2.0, ty: 1.0, ..Similarity::IDENTITY });
        assert_eq!(object(&[], &mut Scratch::default()), None);
    }

    #[test]
    fn a_camera_that_half_of_the_points_do_not_follow_is_not_believed() {
        let motion = Similarity { a: 0.999, b: 0.02, tx: 5.0, ty: 1.0 };
        let mut pairs = grid(motion);
        let found = camera(&pairs, &mut Scratch::default()).expect("all points agree");
        assert!(distance(found.apply([110.0, 60.0]), motion.apply([110.0, 60.0])) < 0.1, "{found:?}");
        for (i, pair) in pairs.iter_mut().enumerate() {
            pair.1 = [(i * 37 % 200) as f32, (i * 53 % 90) as f32];
        }
        assert_eq!(camera(&pairs, &mut Scratch::default()), None);
        assert_eq!(camera(&pairs[..7], &mut Scratch::default()), None);
    }
}
