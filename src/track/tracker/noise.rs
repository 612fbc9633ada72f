//! How far the detector's boxes are off, measured from the boxes themselves.
//!
//! Of three successive boxes of an object the middle one should lie between the other two; what it is off is noise of the detector
//! and real unrest of the object, both as a share of the box. A detector is off by about the same share in width and height.
//! So the quieter of the two directions says how large its noise is, and what the other one has on top is real: arms
//! and legs, for example, which the shown box should follow.

use super::tuning::Tuning;

/// See the module. Values in the order centre x, centre y, width, height.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Mean squares of what boxes are off, as shares of width or height.
    squares: [f32; 4],
    /// How many measurements they stand for.
    weight: f32,
}

impl Noise {
    pub fn new(tuning: &Tuning) -> Self {
        Self { squares: [tuning.start_noise * tuning.start_noise; 4], weight: tuning.start_noise_weight }
    }

    /// Takes three successive boxes of an object over, with their times.
    pub fn measure(&mut self, boxes: [(f64, [f32; 4]); 3], tuning: &Tuning) {
        let [(start, first), (middle, between), (end, last)] = boxes;
        let span = (end - start) as f32;
        if span <= 0.0 || span > tuning.noise_span_s {
            return;
        }
        let share = (middle - start) as f32 / span;
        // The variance of the middle box and of the line between the others.
        let spread = 1.0 + share * share + (1.0 - share) * (1.0 - share);
        self.weight = (self.weight + 1.0).min(tuning.noise_memory);
        for axis in 0..4 {
            let side = between[2 + axis % 2].max(1.0);
            let off = (between[axis] - first[axis] - share * (last[axis] - first[axis])) / side;
            // One wrong box must not spoil the figure.
            let square = (off * off / spread).min(tuning.noise_limit * tuning.noise_limit);
            self.squares[axis] += (square - self.squares[axis]) / self.weight;
        }
    }

    /// Standard deviations of a box's values in pixels, noise and unrest together.
    pub fn of(&self, measured: [f32; 4], tuning: &Tuning) -> [f32; 4] {
        let mut deviations = [0.0; 4];
        for axis in 0..4 {
            deviations[axis] =
                self.squares[axis].sqrt().max(tuning.least_noise) * measured[2 + axis % 2].max(1.0);
        }
        deviations
    }

    /// Which share of what a box is off is real and to be shown: 0..=1 for each value.
    pub fn real(&self, tuning: &Tuning) -> [f32; 4] {
        let [x, y, width, height] = self.squares;
        let detector = if tuning.joint_noise {
            let least = (x + width).min(y + height) / 2.0;
            [least; 4]
        } else {
            self.squares
        };
        let floor = tuning.quiet * tuning.quiet;
        let mut real = [0.0; 4];
        for axis in 0..4 {
            let noise = (detector[axis] - floor).max(0.0);
            real[axis] = (1.0 - noise / self.squares[axis].max(1e-9)).clamp(0.0, 1.0);
        }
        real
    }
}
