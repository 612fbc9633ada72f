//! How far the results of two models for the same frame agree. Neither counts as right: a share of 1 means that they agree,
//! not that they are correct.

use super::Results;
use super::boxes::iou;
use super::labels::{Labels, Language};
use super::results::{Plane, PlaneValues};
use super::spec::Task;

/// Boxes of one class that overlap at least this much (IoU) count as the same object.
pub const SAME: f32 = 0.5;
/// Dense results are compared on a grid of so many points a side.
const GRID: usize = 96;

/// How far two results agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Agreement {
    /// Detections, matched by class name and overlap.
    Found {
        matched: usize,
        /// Found by the first model only.
        only_a: usize,
        /// Found by the second model only.
        only_b: usize,
        /// Of the matched; 0 if there are none.
        mean_iou: f32,
    },
    /// The likeliest classes of the image.
    Top {
        /// The best of both is the same.
        same: bool,
        /// How many of the first model's five best are among the second's.
        shared: usize,
        /// Five, or as many as there are.
        of: usize,
    },
    /// The share of the image in which both agree: the same class name, or the same side of a matte.
    Pixels(f32),
    /// Correlation of the depths, −1..=1 (Pearson's coefficient; nearer counts as larger for both).
    Depth(f32),
    /// Both name their classes, and no name is among those of both.
    NoCommonClasses,
    /// Their tasks differ, or have results without a measure of agreement (images).
    Incomparable,
}

impl Agreement {
    /// One number, 0 = nothing in common, 1 = the same; `None` if they can't be compared. For boxes it is twice the number of
    /// matches over the number of all detections (the F1 score, which treats both alike); no detections by either count as 1.
    #[must_use]
    pub fn share(&self) -> Option<f32> {
        match *self {
            Self::Found { matched, only_a, only_b, .. } => {
                let all = 2 * matched + only_a + only_b;
                Some(if all == 0 { 1.0 } else { 2.0 * matched as f32 / all as f32 })
            }
            Self::Top { of: 0, .. } | Self::NoCommonClasses | Self::Incomparable => None,
            Self::Top { shared, of, .. } => Some(shared as f32 / of as f32),
            Self::Pixels(share) => Some(share),
            Self::Depth(together) => Some(together.max(0.0)),
        }
    }
}

/// Compares results; reuses its lists from frame to frame.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    /// IoU and indices of every pair that can be the same object.
    pairs: Vec<(f32, usize, usize)>,
    taken: [Vec<bool>; 2],
}

impl Judge {
    /// How far two results of one frame agree; `labels` are their models' class names.
    pub fn compare(&mut self, a: (&Results, &Labels), b: (&Results, &Labels)) -> Agreement {
        let none_in_common = || !have_common_classes(a.1, b.1);
        match (kind(a.0.task), kind(b.0.task)) {
            (Kind::Boxes, Kind::Boxes) => match self.found(a, b) {
                Agreement::Found { matched: 0, .. } if none_in_common() => Agreement::NoCommonClasses,
                found => found,
            },
            (Kind::Classes, Kind::Classes) => match top(a, b) {
                Agreement::Top { shared: 0, .. } if none_in_common() => Agreement::NoCommonClasses,
                top => top,
            },
            (Kind::Plane, Kind::Plane) => match (&a.0.plane, &b.0.plane) {
                (Some(first), Some(second)) => planes((first, a.1), (second, b.1)),
                _ => Agreement::Incomparable,
            },
            _ => Agreement::Incomparable,
        }
    }

    /// Pairs the boxes greedily, the greatest overlap first.
    fn found(&mut self, (a, a_labels): (&Results, &Labels), (b, b_labels): (&Results, &Labels)) -> Agreement {
        self.pairs.clear();
        for (i, first) in a.detections.iter().enumerate() {
            for (j, second) in b.detections.iter().enumerate() {
                let overlap = iou(&first.bbox, &second.bbox);
                if overlap >= SAME && same_class((first.class_id, a_labels), (second.class_id, b_labels)) {
                    self.pairs.push((overlap, i, j));
                }
            }
        }
        self.pairs.sort_unstable_by(|p, q| q.0.total_cmp(&p.0).then((p.1, p.2).cmp(&(q.1, q.2))));
        for (taken, results) in self.taken.iter_mut().zip([a, b]) {
            taken.clear();
            taken.resize(results.detections.len(), false);
        }
        let [taken_a, taken_b] = &mut self.taken;
        let (mut matched, mut sum) = (0, 0.0);
        for &(overlap, i, j) in &self.pairs {
            if !taken_a[i] && !taken_b[j] {
                (taken_a[i], taken_b[j]) = (true, true);
                matched += 1;
                sum += overlap;
            }
        }
        Agreement::Found {
            matched,
            only_a: a.detections.len() - matched,
            only_b: b.detections.len() - matched,
            mean_iou: if matched == 0 { 0.0 } else { sum / matched as f32 },
        }
    }
}

/// Tasks whose results are of one kind.
#[derive(PartialEq)]
enum Kind {
    Boxes,
    Classes,
    Plane,
    Other,
}

fn kind(task: Task) -> Kind {
    match task {
        Task::Detect | Task::Segment | Task::Pose | Task::Obb => Kind::Boxes,
        Task::Classify | Task::Action => Kind::Classes,
        Task::Semantic | Task::Matte | Task::Depth => Kind::Plane,
        Task::Stylize => Kind::Other,
    }
}

/// Whether two models can name the same object: a class name is among those of both, or a model names none.
#[must_use]
pub fn have_common_classes(a: &Labels, b: &Labels) -> bool {
    let is_of_b = |name: &String| b.english().iter().any(|other| other.eq_ignore_ascii_case(name));
    a.is_empty() || b.is_empty() || a.english().iter().any(is_of_b)
}

/// Class lists differ from model to model, so names decide; if neither has names, ids do.
fn same_class((a, a_labels): (u32, &Labels), (b, b_labels): (u32, &Labels)) -> bool {
    match (a_labels.get(a, Language::English), b_labels.get(b, Language::English)) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => a == b,
        _ => false,
    }
}

fn top((a, a_labels): (&Results, &Labels), (b, b_labels): (&Results, &Labels)) -> Agreement {
    let best = |results: &Results| results.top.len().min(5);
    let of = best(a).min(best(b));
    let is_among =
        |id: u32| b.top.iter().take(of).any(|other| same_class((id, a_labels), (other.class_id, b_labels)));
    let same = match (a.top.first(), b.top.first()) {
        (Some(a), Some(b)) => same_class((a.class_id, a_labels), (b.class_id, b_labels)),
        _ => false,
    };
    Agreement::Top { same, shared: a.top.iter().take(of).filter(|c| is_among(c.class_id)).count(), of }
}

/// Compares two planes where both cover the frame, at the points of a grid.
fn planes((a, a_labels): (&Plane, &Labels), (b, b_labels): (&Plane, &Labels)) -> Agreement {
    use PlaneValues::{Classes, Depth, Matte};
    let points = || shared_points(a, b);
    let share = |same: &dyn Fn(usize, usize) -> bool| {
        let (count, alike) =
            points().fold((0usize, 0usize), |(n, s), (i, j)| (n + 1, s + usize::from(same(i, j))));
        if count == 0 { Agreement::Incomparable } else { Agreement::Pixels(alike as f32 / count as f32) }
    };
    match (&a.values, &b.values) {
        (Classes(first), Classes(second)) => share(&|i, j| match (first.get(i), second.get(j)) {
            (Some(&a), Some(&b)) => same_class((a.into(), a_labels), (b.into(), b_labels)),
            _ => false,
        }),
        (Matte(first), Matte(second)) => {
            let inside = |values: &[f32], at: usize| values.get(at).copied().unwrap_or(0.0) >= 0.5;
            share(&|i, j| inside(first, i) == inside(second, j))
        }
        (
            Depth { values: first, larger_is_nearer: nearer_a, .. },
            Depth { values: second, larger_is_nearer: nearer_b, .. },
        ) => {
            let sign = if nearer_a == nearer_b { 1.0 } else { -1.0 };
            let pairs = || {
                let both =
                    |(i, j): (usize, usize)| Some((f64::from(*first.get(i)?), f64::from(*second.get(j)?)));
                points().filter_map(both).filter(|(x, y)| x.is_finite() && y.is_finite())
            };
            together(pairs).map_or(Agreement::Incomparable, |r| Agreement::Depth(sign * r))
        }
        _ => Agreement::Incomparable,
    }
}

/// Pearson's coefficient; `None` if one of both doesn't vary.
fn together<I: Iterator<Item = (f64, f64)>>(pairs: impl Fn() -> I) -> Option<f32> {
    let (n, x, y) = pairs().fold((0.0, 0.0, 0.0), |(n, sx, sy), (x, y)| (n + 1.0, sx + x, sy + y));
    let (mx, my) = (x / f64::max(n, 1.0), y / f64::max(n, 1.0));
    let (xx, yy, xy) = pairs().fold((0.0, 0.0, 0.0), |(xx, yy, xy), (x, y)| {
        let (dx, dy) = (x - mx, y - my);
        (xx + dx * dx, yy + dy * dy, xy + dx * dy)
    });
    let spread = (xx * yy).sqrt();
    (spread > f64::EPSILON).then(|| ((xy / spread) as f32).clamp(-1.0, 1.0))
}

/// The indices, in either plane, of the points of a grid over the part of the frame that both cover.
fn shared_points<'a>(a: &'a Plane, b: &'a Plane) -> impl Iterator<Item = (usize, usize)> + 'a {
    let (p, q) = (a.region, b.region);
    let part = [p[0].max(q[0]), p[1].max(q[1]), p[2].min(q[2]), p[3].min(q[3])];
    let whole = part[2] > part[0] && part[3] > part[1];
    let side = if whole { GRID } else { 0 };
    (0..side * side).filter_map(move |n| {
        let along = |at: usize, low: f32, high: f32| low + (at as f32 + 0.5) / GRID as f32 * (high - low);
        let point = [along(n % GRID, part[0], part[2]), along(n / GRID, part[1], part[3])];
        Some((index(a, point)?, index(b, point)?))
    })
}

fn index(plane: &Plane, [x, y]: [f32; 2]) -> Option<usize> {
    let cell = |at: f32, low: f32, high: f32, count: usize| {
        let cell = ((at - low) / (high - low) * count as f32) as usize;
        (cell < count).then_some(cell)
    };
    let r = plane.region;
    Some(cell(y, r[1], r[3], plane.height)? * plane.width + cell(x, r[0], r[2], plane.width)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::results::{ClassScore, Detection};

    fn boxes(found: &[(u32, [f32; 4])]) -> Results {
        let mut results = Results::default();
        results.clear(Task::Detect, (100, 100));
        results.detections.extend(found.iter().map(|(class, bbox)| Detection::new(*class, 0.9, *bbox)));
        results
    }

    fn labels(names: &[&str]) -> Labels {
        Labels::new(names.iter().map(|n| (*n).to_owned()).collect())
    }

    fn compare(a: (&Results, &Labels), b: (&Results, &Labels)) -> Agreement {
        Judge::default().compare(a, b)
    }

    #[test]
    fn boxes_are_matched_by_name_and_the_best_overlap_first() {
        let a = boxes(&[
            (0, [0.0, 0.0, 10.0, 10.0]),
            (1, [50.0, 50.0, 60.0, 60.0]),
            (0, [80.0, 0.0, 90.0, 10.0]),
        ]);
        // The first two overlap A's first box: the better one is its match, the other is B's own. "cat" has other numbers.
        let b = boxes(&[
            (5, [0.0, 0.0, 10.0, 8.0]),
            (5, [0.0, 0.0, 10.0, 10.0]),
            (2, [50.0, 50.0, 60.0, 60.0]),
            (5, [80.0, 0.0, 90.0, 4.0]),
        ]);
        let a_labels = labels(&["Dog", "cat"]);
        let b_labels = labels(&["x", "y", "cat", "z", "w", "dog"]);
        let agreement = compare((&a, &a_labels), (&b, &b_labels));
        assert_eq!(agreement, Agreement::Found { matched: 2, only_a: 1, only_b: 2, mean_iou: 1.0 });
        assert!((agreement.share().unwrap() - 4.0 / 7.0).abs() < 1e-6);
    }

    #[test]
    fn another_class_in_the_same_place_is_no_match() {
        let place = [0.0, 0.0, 10.0, 10.0];
        let agreement =
            compare((&boxes(&[(0, place)]), &Labels::coco80()), (&boxes(&[(1, place)]), &Labels::coco80()));
        assert_eq!(agreement, Agreement::Found { matched: 0, only_a: 1, only_b: 1, mean_iou: 0.0 });
        assert_eq!(agreement.share(), Some(0.0));
        let nothing = compare((&boxes(&[]), &Labels::coco80()), (&boxes(&[]), &Labels::coco80()));
        assert_eq!(nothing.share(), Some(1.0), "both found nothing");
    }

    #[test]
    fn models_without_a_class_in_common_agree_in_nothing_that_could_be_measured() {
        let found = |class| {
            let mut results = Results::default();
            results.clear(Task::Detect, (8, 8));
            results.detections.push(Detection::new(class, 0.9, [0.0, 0.0, 4.0, 4.0]));
            results
        };
        let (coco, faces) = (Labels::coco80(), Labels::face());
        let mut judge = Judge::default();
        let apart = judge.compare((&found(2), &coco), (&found(0), &faces));
        assert_eq!((apart, apart.share()), (Agreement::NoCommonClasses, None));
        let some = Labels::new(vec!["Car".into(), "goose".into()]);
        let missed = judge.compare((&found(2), &coco), (&found(1), &some));
        assert_eq!(missed.share(), Some(0.0), "a class in common that neither found");
        assert_eq!(judge.compare((&found(2), &coco), (&found(0), &some)).share(), Some(1.0));
    }

    #[test]
    fn boxes_of_other_tasks_are_boxes_and_a_depth_map_is_none() {
        let a = boxes(&[(0, [0.0, 0.0, 10.0, 10.0])]);
        let mut b = a.clone();
        b.task = Task::Segment;
        let none = Labels::default();
        assert_eq!(compare((&a, &none), (&b, &none)).share(), Some(1.0));
        b.clear(Task::Depth, (100, 100));
        assert_eq!(compare((&a, &none), (&b, &none)), Agreement::Incomparable);
        assert_eq!(Agreement::Incomparable.share(), None);
    }

    #[test]
    fn classes_of_the_image_are_compared_by_name() {
        let results = |ids: &[u32]| {
            let mut results = Results::default();
            results.clear(Task::Classify, (10, 10));
            results.top.extend(ids.iter().map(|id| ClassScore { class_id: *id, score: 0.1 }));
            results
        };
        let (a, b) =
            (labels(&["cat", "dog", "fox", "owl"]), labels(&["background", "cat", "dog", "fox", "owl"]));
        let agreement = compare((&results(&[0, 1, 2]), &a), (&results(&[1, 4, 2]), &b));
        assert_eq!(agreement, Agreement::Top { same: true, shared: 2, of: 3 });
        let agreement = compare((&results(&[0]), &a), (&results(&[]), &b));
        assert_eq!((agreement, agreement.share()), (Agreement::Top { same: false, shared: 0, of: 0 }, None));
    }

    fn plane(task: Task, region: [f32; 4], size: (usize, usize), values: PlaneValues) -> Results {
        let mut results = Results::default();
        results.clear(task, (100, 100));
        results.plane = Some(Plane { region, width: size.0, height: size.1, values });
        results
    }

    #[test]
    fn mattes_and_class_maps_are_compared_point_by_point_whatever_their_size() {
        let none = Labels::default();
        let whole = [0.0, 0.0, 100.0, 100.0];
        let a = plane(Task::Matte, whole, (2, 1), PlaneValues::Matte(vec![1.0, 0.0]));
        let b = plane(Task::Matte, whole, (4, 2), PlaneValues::Matte([1.0, 0.0, 0.0, 0.0].repeat(2)));
        let Agreement::Pixels(share) = compare((&a, &none), (&b, &none)) else { panic!("pixels") };
        assert!((share - 0.75).abs() < 0.02, "{share}");
        // Of a plane that covers the left half only that half is compared.
        let b = plane(Task::Matte, [0.0, 0.0, 50.0, 100.0], (1, 1), PlaneValues::Matte(vec![0.9]));
        assert_eq!(compare((&a, &none), (&b, &none)), Agreement::Pixels(1.0));
        let road = plane(Task::Semantic, whole, (1, 1), PlaneValues::Classes(vec![1]));
        let same = plane(Task::Semantic, whole, (1, 1), PlaneValues::Classes(vec![0]));
        let (a_labels, b_labels) = (labels(&["sky", "road"]), labels(&["road"]));
        assert_eq!(compare((&road, &a_labels), (&same, &b_labels)), Agreement::Pixels(1.0));
        assert_eq!(compare((&a, &none), (&road, &none)), Agreement::Incomparable);
    }

    #[test]
    fn depths_go_together_whatever_their_scale_and_direction() {
        let none = Labels::default();
        let depth = |values: Vec<f32>, larger_is_nearer| {
            let values = PlaneValues::Depth { values, larger_is_nearer, metric: false };
            plane(Task::Depth, [0.0, 0.0, 100.0, 100.0], (2, 2), values)
        };
        let a = depth(vec![1.0, 2.0, 3.0, 4.0], true);
        let scaled = depth(vec![10.0, 20.0, 30.0, 40.0], true);
        let metres = depth(vec![4.0, 3.0, 2.0, 1.0], false);
        for other in [scaled, metres] {
            let Agreement::Depth(r) = compare((&a, &none), (&other, &none)) else { panic!("depth") };
            assert!((r - 1.0).abs() < 1e-5, "{r}");
        }
        let flat = depth(vec![5.0; 4], true);
        assert_eq!(compare((&a, &none), (&flat, &none)), Agreement::Incomparable);
    }
}
