//! Finds places for labels: near their boxes, inside the frame, and, if that is possible, not over each other.

use super::Rect;

/// Columns and rows of the grid: a cell is about as large as a label.
const GRID: [usize; 2] = [16, 32];
const END: u32 = u32::MAX;

/// The labels that have a place, by cells of a grid over the frame, so that a new label is compared only with those near
/// it. It is kept from frame to frame for its buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelGrid {
    /// Width and height of the frame.
    frame: [f32; 2],
    /// The first entry of each cell.
    heads: Vec<u32>,
    /// The rectangle of a label, and the next entry of the same cell.
    entries: Vec<(Rect, u32)>,
}

impl LabelGrid {
    /// Removes all labels, for a frame of this size.
    pub fn clear(&mut self, frame: [f32; 2]) {
        self.frame = frame;
        self.heads.clear();
        self.heads.resize(GRID[0] * GRID[1], END);
        self.entries.clear();
    }

    /// Adds a label.
    pub fn push(&mut self, rect: Rect) {
        for (cell, _) in cells(self.frame, rect) {
            if let Some(head) = self.heads.get_mut(cell) {
                let entry = self.entries.len() as u32;
                self.entries.push((rect, std::mem::replace(head, entry)));
            }
        }
    }

    /// Returns the area that the labels cover of `rect`. Stops counting at `least`: a place that is worse than the best one
    /// so far is not wanted.
    fn covered(&self, rect: Rect, least: f32) -> f32 {
        let mut sum = 0.0;
        for (cell, bounds) in cells(self.frame, rect) {
            // Cell by cell, so that a label in several cells is not counted twice.
            let part = shared(rect, bounds);
            let mut next = self.heads.get(cell).copied().unwrap_or(END);
            while let Some((other, after)) = self.entries.get(next as usize) {
                sum += area(shared(part, *other));
                next = *after;
            }
            if sum >= least {
                break;
            }
        }
        sum
    }

    /// Returns a place for a label of `size` (width, height) that names the box `around`.
    ///
    /// Candidates, in this order: above the box at its left, inside it at its top, above at its right, below, inside at its
    /// bottom, inside at its right. The first one that covers no other label wins, otherwise the one that covers least. The
    /// label lies completely in the frame if it fits there at all.
    pub fn place(&self, size: [f32; 2], around: Rect) -> Rect {
        let [w, h] = size;
        let [x1, y1, x2, y2] = around;
        let frame = self.frame;
        let candidates = [
            ([x1, y1 - h], true),
            ([x1, y1], false),
            ([x2 - w, y1 - h], true),
            ([x1, y2], true),
            ([x1, y2 - h], false),
            ([x2 - w, y1], false),
        ];
        let mut best: Option<(f32, Rect)> = None;
        for ([x, y], outside) in candidates {
            let fits_above_or_below = y >= 0.0 && y + h <= frame[1];
            if outside && !fits_above_or_below {
                continue;
            }
            let x = x.min(frame[0] - w).max(0.0);
            let y = y.min(frame[1] - h).max(0.0);
            let rect = [x, y, x + w, y + h];
            let covered = self.covered(rect, best.map_or(f32::INFINITY, |(least, _)| least));
            if covered <= 0.0 {
                return rect;
            }
            if best.is_none_or(|(least, _)| covered < least) {
                best = Some((covered, rect));
            }
        }
        best.map_or([0.0, 0.0, w, h], |(_, rect)| rect)
    }
}

/// Returns the cells of the grid that a rectangle touches, with their bounds.
fn cells(frame: [f32; 2], rect: Rect) -> impl Iterator<Item = (usize, Rect)> {
    let size = [0, 1].map(|axis| (frame[axis] / GRID[axis] as f32).max(1e-3));
    let along = move |axis: usize| {
        let cell = |v: f32| ((v / size[axis]).max(0.0) as usize).min(GRID[axis] - 1);
        cell(rect[axis])..=cell(rect[axis + 2])
    };
    along(1).flat_map(move |row| {
        along(0).map(move |column| {
            let at = |n: usize, axis: usize| n as f32 * size[axis];
            let bounds = [at(column, 0), at(row, 1), at(column + 1, 0), at(row + 1, 1)];
            (row * GRID[0] + column, bounds)
        })
    })
}

/// Returns the part that two rectangles share; it is empty if its corners are out of order.
fn shared(a: Rect, b: Rect) -> Rect {
    [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]
}

fn area(r: Rect) -> f32 {
    (r[2] - r[0]).max(0.0) * (r[3] - r[1]).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(labels: &[Rect]) -> LabelGrid {
        let mut grid = LabelGrid::default();
        grid.clear([100.0, 100.0]);
        for rect in labels {
            grid.push(*rect);
        }
        grid
    }

    fn first_label(around: Rect) -> Rect {
        grid(&[]).place([30.0, 10.0], around)
    }

    #[test]
    fn a_label_stands_on_its_box() {
        assert_eq!(first_label([20.0, 40.0, 80.0, 90.0]), [20.0, 30.0, 50.0, 40.0]);
    }

    #[test]
    fn at_the_upper_edge_it_goes_inside() {
        assert_eq!(first_label([20.0, 2.0, 80.0, 90.0]), [20.0, 2.0, 50.0, 12.0]);
    }

    #[test]
    fn at_the_right_edge_it_is_pushed_back() {
        assert_eq!(first_label([90.0, 40.0, 100.0, 90.0]), [70.0, 30.0, 100.0, 40.0]);
    }

    #[test]
    fn two_boxes_at_one_place_have_two_readable_labels() {
        let around = [20.0, 40.0, 80.0, 90.0];
        let first = first_label(around);
        let second = grid(&[first]).place([30.0, 10.0], around);
        assert_eq!(area(shared(first, second)), 0.0);
    }

    #[test]
    fn the_label_of_a_box_outside_the_frame_is_inside() {
        for around in
            [[-50.0, -50.0, -20.0, -20.0], [120.0, 120.0, 150.0, 150.0], [-10.0, 99.0, 120.0, 130.0]]
        {
            let [x1, y1, x2, y2] = first_label(around);
            assert!(x1 >= 0.0 && y1 >= 0.0 && x2 <= 100.0 && y2 <= 100.0, "{around:?}");
        }
    }

    proptest::proptest! {
        /// Each label counts once, in however many cells it lies, also outside the frame.
        #[test]
        fn the_covered_area_is_the_sum_over_all_labels(
            raw in proptest::collection::vec((-20.0f32..110.0, -20.0f32..110.0, 0.0f32..60.0, 0.0f32..30.0), 0..30),
            x in 0.0f32..70.0, y in 0.0f32..90.0,
        ) {
            let labels: Vec<Rect> = raw.iter().map(|&(x, y, w, h)| [x, y, x + w, y + h]).collect();
            let rect = [x, y, x + 30.0, y + 10.0];
            let expected: f32 = labels.iter().map(|other| area(shared(rect, *other))).sum();
            let got = grid(&labels).covered(rect, f32::INFINITY);
            proptest::prop_assert!((got - expected).abs() <= 1e-2, "{} is {}", got, expected);
        }
    }
}
