//! The source pixels of an output row or column: two neighbours with their weights, as in `cv::resize`.

use crate::model::sampling::{Between, between};

/// One, in weights of 11 bits (`INTER_RESIZE_COEF_SCALE`).
const ONE: f32 = 2048.0;

/// Where one output row comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tap {
    pub first: u32,
    /// The next one, but for the last.
    pub second: u32,
    pub weights: [i16; 2],
}

/// The taps of all columns, a list a part, for loops over whole rows.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub first: Vec<u32>,
    weights: [Vec<u16>; 2],
    /// The first input column that holds image.
    pub left: usize,
    /// Which column of the scaled image that is: more than 0 where it is cut.
    pub begin: usize,
    taps: Vec<Tap>,
}

impl Columns {
    /// As [`taps`].
    pub fn fill(&mut self, scaled: u32, source: u32, offset: i64, input: u32) {
        self.left = taps(&mut self.taps, scaled, source, offset, input);
        self.begin = (-offset).max(0) as usize;
        self.first.clear();
        self.weights.iter_mut().for_each(Vec::clear);
        for tap in &self.taps {
            // The last column has no next one: it becomes the second of the pair before, and gets all the weight.
            let edge = tap.first == tap.second && tap.first > 0;
            let (first, weights) =
                if edge { (tap.first - 1, [0, ONE as i16]) } else { (tap.first, tap.weights) };
            self.first.push(first);
            self.weights.iter_mut().zip(weights).for_each(|(list, weight)| list.push(weight as u16));
        }
    }

    /// How many input columns hold image.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Of the first and of the second neighbour.
    pub fn weights(&self) -> [&[u16]; 2] {
        [&self.weights[0], &self.weights[1]]
    }
}

/// Fills `taps` for the part of a scaled axis that lies inside the input; returns where that part begins.
pub(super) fn taps(taps: &mut Vec<Tap>, scaled: u32, source: u32, offset: i64, input: u32) -> usize {
    taps.clear();
    let ratio = f64::from(source) / f64::from(scaled);
    let (begin, end) = ((-offset).max(0), (i64::from(input) - offset).min(i64::from(scaled)));
    for at in begin..end {
        let position = ((at as f64 + 0.5) * ratio - 0.5) as f32;
        let Between { first, second, weight } = between(position, source as usize);
        taps.push(Tap {
            first: first as u32,
            second: second as u32,
            weights: [1.0 - weight, weight].map(|w: f32| (w * ONE).round_ties_even() as i16),
        });
    }
    offset.max(0) as usize
}
