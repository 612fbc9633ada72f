//! Linear interpolation between the cells of a grid.

/// Two neighbouring cells, and how far a position is from the first to the second, 0..1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Between {
    pub first: usize,
    /// The next cell; at the last cell that cell itself.
    pub second: usize,
    pub weight: f32,
}

/// The cells that `position` lies between on an axis of `cells` cells, the first cell's centre at 0. Positions beyond the first or
/// last centre are on it; of no cells the result is cell 0.
#[must_use]
#[inline]
pub fn between(position: f32, cells: usize) -> Between {
    let last = cells.saturating_sub(1);
    let position = position.clamp(0.0, last as f32);
    let first = position as usize;
    Between { first, second: (first + 1).min(last), weight: position - first as f32 }
}

/// The value between four cells; `value` returns that of a cell by column and row.
#[must_use]
#[inline]
pub fn bilinear(column: Between, row: Between, value: impl Fn(usize, usize) -> f32) -> f32 {
    let corners = [
        value(column.first, row.first),
        value(column.second, row.first),
        value(column.first, row.second),
        value(column.second, row.second),
    ];
    mix(corners, column.weight, row.weight)
}

/// The value between four corners: top left, top right, bottom left, bottom right.
#[must_use]
#[inline]
pub fn mix([a, b, c, d]: [f32; 4], across: f32, down: f32) -> f32 {
    let (top, bottom) = (a + (b - a) * across, c + (d - c) * across);
    top + (bottom - top) * down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_lie_between_two_cells_and_end_at_the_outer_ones() {
        let at = |first, second, weight| Between { first, second, weight };
        assert_eq!(between(1.25, 4), at(1, 2, 0.25));
        assert_eq!(between(-0.5, 4), at(0, 1, 0.0));
        assert_eq!((between(3.0, 4), between(9.0, 4)), (at(3, 3, 0.0), at(3, 3, 0.0)));
        assert_eq!((between(0.7, 1), between(f32::NAN, 0).first), (at(0, 0, 0.0), 0));
    }

    #[test]
    fn values_are_interpolated_across_and_down() {
        let value = |x: usize, y: usize| [[0.0, 4.0], [8.0, 16.0]][y][x];
        assert_eq!(bilinear(between(0.5, 2), between(0.0, 2), value), 2.0);
        assert_eq!(bilinear(between(0.5, 2), between(0.5, 2), value), 7.0);
    }

    #[test]
    fn cells_are_interpolated_between_their_centres() {
        // torch.nn.functional.interpolate(torch.tensor([[[0., 100., 40.]]]), 6, mode="linear", align_corners=False)
        let cells = [0.0, 100.0, 40.0];
        let single = Between::default();
        let at = |n: u8| bilinear(between(f32::from(n) * 0.5 - 0.25, 3), single, |x, _| cells[x]);
        let got: Vec<f32> = (0..6).map(at).collect();
        assert_eq!(got, [0.0, 25.0, 75.0, 85.0, 55.0, 40.0]);
    }
}
