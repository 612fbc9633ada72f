//! Bilinear interpolation between the centres of cells, as `cv::resize` and `torch.nn.functional.interpolate`
//! (`align_corners=False`) do it.

/// The two cells along one axis that a position lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tap {
    pub first: usize,
    pub second: usize,
    /// How far it is from the first to the second, 0..1.
    pub fraction: f32,
}

impl Tap {
    /// Returns the cells around `position` (in cells: 0.5 is the centre of the first one) out of `cells`, at least one. A
    /// position before the first centre or behind the last one takes the value of that cell.
    #[inline]
    pub(crate) fn at(position: f32, cells: usize) -> Self {
        let position = (position - 0.5).clamp(0.0, (cells - 1) as f32);
        let first = position as usize;
        Self { first, second: (first + 1).min(cells - 1), fraction: position - first as f32 }
    }
}

/// Returns the interpolated value where `value(column, row)` returns that of a cell.
#[inline]
pub(crate) fn sample(x: Tap, y: Tap, value: impl Fn(usize, usize) -> f32) -> f32 {
    let corners = [
        value(x.first, y.first),
        value(x.second, y.first),
        value(x.first, y.second),
        value(x.second, y.second),
    ];
    mix(corners, x.fraction, y.fraction)
}

/// Returns the value between four corners: top left, top right, bottom left, bottom right.
#[inline]
pub(crate) fn mix([a, b, c, d]: [f32; 4], across: f32, down: f32) -> f32 {
    let (top, bottom) = (a + (b - a) * across, c + (d - c) * across);
    top + (bottom - top) * down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_interpolated_between_their_centres() {
        // torch.nn.functional.interpolate(torch.tensor([[[0., 100., 40.]]]), 6, mode="linear", align_corners=False)
        let cells = [0.0, 100.0, 40.0];
        let single = Tap { first: 0, second: 0, fraction: 0.0 };
        let at = |n: u8| sample(Tap::at(f32::from(n) * 0.5 + 0.25, 3), single, |x, _| cells[x]);
        let got: Vec<f32> = (0..6).map(at).collect();
        assert_eq!(got, [0.0, 25.0, 75.0, 85.0, 55.0, 40.0]);
    }

    #[test]
    fn beyond_the_outer_centres_the_outer_cells_are_repeated() {
        for position in [-3.0, 0.0, 0.5] {
            assert_eq!(Tap::at(position, 4), Tap { first: 0, second: 1, fraction: 0.0 });
        }
        for position in [3.5, 4.0, 1e9] {
            assert_eq!(Tap::at(position, 4), Tap { first: 3, second: 3, fraction: 0.0 });
        }
    }
}
