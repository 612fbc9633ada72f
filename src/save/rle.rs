//! Masks as COCO's uncompressed run lengths.

use serde::{Deserialize, Serialize};

use crate::model::results::Mask;
use crate::model::sampling::{Between, between, bilinear};

/// A mask of the whole frame as COCO writes it (pycocotools, uncompressed): the pixels column by column from the
/// top left, as lengths of runs that are in turn outside and inside, beginning with outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rle {
    /// Height and width.
    pub size: [u32; 2],
    pub counts: Vec<u32>,
}

impl Rle {
    /// Returns the mask at the size (width, height) of its frame. The grid is interpolated between the centres of its
    /// cells; a pixel with a value of at least 128 is inside.
    #[must_use]
    pub fn of(mask: &Mask, (width, height): (u32, u32)) -> Self {
        let mut runs = Runs::default();
        if let Some(grid) = Grid::new(mask) {
            let [x1, y1, x2, y2] = mask.region;
            let rows = Taps::of(y1, y2, height, mask.height);
            let columns = Taps::of(x1, x2, width, mask.width);
            let mut next = 0; // the pixel at which the next run begins
            for (x, column) in columns.iter() {
                for (y, row) in rows.iter() {
                    if grid.is_inside(column, row) {
                        let at = u64::from(x) * u64::from(height) + u64::from(y);
                        runs.push(false, at - next);
                        runs.push(true, 1);
                        next = at + 1;
                    }
                }
            }
        }
        let all = u64::from(width) * u64::from(height);
        let done: u64 = runs.counts.iter().map(|&n| u64::from(n)).sum();
        runs.push(false, all - done);
        Self { size: [height, width], counts: runs.counts }
    }

    /// Returns the number of pixels inside.
    #[must_use]
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|&n| u64::from(n)).sum()
    }
}

/// The run lengths so far; the first, third … are outside the mask, the others inside.
#[derive(Default)]
struct Runs {
    counts: Vec<u32>,
}

impl Runs {
    fn push(&mut self, inside: bool, pixels: u64) {
        if pixels == 0 {
            return;
        }
        let pixels = u32::try_from(pixels).unwrap_or(u32::MAX);
        if self.counts.is_empty() && inside {
            self.counts.push(0);
        }
        // An odd number of counts so far: the last run is outside.
        let last_is_inside = self.counts.len().is_multiple_of(2);
        match self.counts.last_mut() {
            Some(last) if last_is_inside == inside => *last += pixels,
            _ => self.counts.push(pixels),
        }
    }
}

/// A mask whose data is as long as its size says.
struct Grid<'a> {
    data: &'a [u8],
    width: usize,
}

impl<'a> Grid<'a> {
    fn new(mask: &'a Mask) -> Option<Self> {
        let cells = mask.width.checked_mul(mask.height).filter(|&n| n > 0)?;
        (mask.data.len() >= cells).then_some(Self { data: &mask.data, width: mask.width })
    }

    fn is_inside(&self, column: Between, row: Between) -> bool {
        bilinear(column, row, |x, y| f32::from(self.data[y * self.width + x])) >= 127.5
    }
}

/// For each pixel along a side of the frame that lies in the mask's region, the two cells that it lies between.
struct Taps {
    /// The first of these pixels.
    first: u32,
    taps: Vec<Between>,
}

impl Taps {
    fn of(from: f32, to: f32, pixels: u32, cells: usize) -> Self {
        let length = to - from;
        if !(from.is_finite() && to.is_finite() && length > 0.0) {
            return Self { first: 0, taps: Vec::new() };
        }
        // A pixel belongs to the region if its centre does.
        let first = ((from - 0.5).ceil().max(0.0) as u32).min(pixels);
        let end = ((to - 0.5).ceil().max(0.0) as u32).min(pixels);
        let taps = (first..end)
            .map(|pixel| between((pixel as f32 + 0.5 - from) / length * cells as f32 - 0.5, cells))
            .collect();
        Self { first, taps }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, Between)> {
        (self.first..).zip(self.taps.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(region: [f32; 4], width: usize, height: usize, data: &[u8]) -> Mask {
        Mask { region, width, height, data: data.to_vec() }
    }

    /// The runs as rows of 0 and 1.
    fn rows(rle: &Rle) -> Vec<Vec<u8>> {
        let [h, w] = rle.size.map(|v| v as usize);
        let mut inside = 0;
        let mut pixels = Vec::new();
        for &count in &rle.counts {
            pixels.extend(std::iter::repeat_n(inside, count as usize));
            inside = 1 - inside;
        }
        assert_eq!(pixels.len(), w * h, "the runs cover the frame exactly");
        (0..h).map(|y| (0..w).map(|x| pixels[x * h + y]).collect()).collect()
    }

    #[test]
    fn runs_go_down_the_columns_and_begin_outside() {
        // . # #
        // . # .
        let rle = Rle::of(&mask([0.0, 0.0, 3.0, 2.0], 3, 2, &[0, 255, 255, 0, 255, 0]), (3, 2));
        assert_eq!(rle, Rle { size: [2, 3], counts: vec![2, 3, 1] });
        let json = serde_json::to_string(&rle).expect("numbers only");
        assert_eq!(json, r#"{"size":[2,3],"counts":[2,3,1]}"#);
        assert_eq!(rle.area(), 3);
    }

    #[test]
    fn a_mask_that_begins_at_the_first_pixel_has_an_empty_first_run() {
        let full = Rle::of(&mask([0.0, 0.0, 4.0, 4.0], 1, 1, &[255]), (4, 4));
        assert_eq!(full.counts, [0, 16]);
        let empty = Rle::of(&mask([0.0, 0.0, 4.0, 4.0], 1, 1, &[0]), (4, 4));
        assert_eq!(empty.counts, [16]);
    }

    #[test]
    fn a_grid_over_a_part_of_the_frame_lies_there() {
        let rle = Rle::of(&mask([1.0, 1.0, 3.0, 4.0], 1, 1, &[255]), (5, 5));
        let expected = [[0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]];
        assert_eq!(rows(&rle), expected);
    }

    #[test]
    fn a_coarse_grid_is_interpolated() {
        // Two cells over eight pixels: the edge lies in the middle.
        let rle = Rle::of(&mask([0.0, 0.0, 8.0, 1.0], 2, 1, &[0, 255]), (8, 1));
        assert_eq!(rows(&rle), [[0, 0, 0, 0, 1, 1, 1, 1]]);
    }

    #[test]
    fn broken_masks_are_empty() {
        for region in [[f32::NAN, 0.0, 2.0, 2.0], [2.0, 2.0, 1.0, 1.0], [9.0, 9.0, 12.0, 12.0]] {
            assert_eq!(Rle::of(&mask(region, 1, 1, &[255]), (4, 4)).counts, [16]);
        }
        assert_eq!(Rle::of(&mask([0.0, 0.0, 4.0, 4.0], 9, 9, &[255]), (4, 4)).counts, [16]);
        assert!(Rle::of(&Mask::default(), (0, 0)).counts.is_empty());
    }
}
