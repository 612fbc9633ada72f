//! Where an object is and where it goes: a Kalman filter in seconds.

use super::tuning::Tuning;
use crate::motion::Similarity;

/// A number that changes over time and its speed, with how sure both are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Axis {
    pub value: f32,
    /// A second.
    pub speed: f32,
    /// Variances of value and speed, and what they have in common.
    variance: f32,
    shared: f32,
    speed_variance: f32,
}

impl Axis {
    fn new(value: f32, deviation: f32, speed_deviation: f32) -> Self {
        Self {
            value,
            speed: 0.0,
            variance: deviation * deviation,
            shared: 0.0,
            speed_variance: speed_deviation * speed_deviation,
        }
    }

    /// Goes on by `seconds`. `unrest` is the spectral density of the acceleration; `keep` the share of the speed that is left
    /// afterwards.
    fn advance(&mut self, seconds: f32, unrest: f32, keep: f32) {
        // With a speed that decays, less way is made than at full speed all the time.
        let way = seconds * f32::midpoint(1.0, keep);
        self.value += way * self.speed;
        self.speed *= keep;
        self.variance += way * (2.0 * self.shared + way * self.speed_variance)
            + unrest * seconds * seconds * seconds / 3.0;
        self.shared = keep * (self.shared + way * self.speed_variance) + unrest * seconds * seconds / 2.0;
        self.speed_variance = keep * keep * self.speed_variance + unrest * seconds;
    }

    fn correct(&mut self, measured: f32, deviation: f32) {
        let total = self.variance + deviation * deviation;
        if total <= 0.0 {
            self.value = measured;
            return;
        }
        let (gain, speed_gain) = (self.variance / total, self.shared / total);
        let surprise = measured - self.value;
        self.value += gain * surprise;
        self.speed += speed_gain * surprise;
        self.speed_variance -= speed_gain * self.shared;
        self.variance *= 1.0 - gain;
        self.shared *= 1.0 - gain;
    }
}

/// Centre, width and height of a box over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BoxFilter {
    /// Centre x, centre y, width, height.
    pub axes: [Axis; 4],
}

/// Returns centre, width and height of a box given by its corners.
pub fn centred([x1, y1, x2, y2]: [f32; 4]) -> [f32; 4] {
    [f32::midpoint(x1, x2), f32::midpoint(y1, y2), x2 - x1, y2 - y1]
}

/// Returns the corners of a box given by centre, width and height.
pub fn cornered([x, y, width, height]: [f32; 4]) -> [f32; 4] {
    let (half_width, half_height) = (width.max(1.0) / 2.0, height.max(1.0) / 2.0);
    [x - half_width, y - half_height, x + half_width, y + half_height]
}

impl BoxFilter {
    /// A box that was seen for the first time. `noise` as in [`Self::correct`].
    pub fn new(measured: [f32; 4], noise: [f32; 4], tuning: &Tuning) -> Self {
        let size = size_of(measured);
        let mut axes = [Axis::default(); 4];
        for (index, axis) in axes.iter_mut().enumerate() {
            let speed = if index < 2 { tuning.start_speed } else { tuning.start_growth };
            *axis = Axis::new(measured[index], noise[index], speed * size);
        }
        Self { axes }
    }

    /// Goes on by so many seconds.
    pub fn advance(&mut self, seconds: f32, tuning: &Tuning) {
        let size = size_of(self.values());
        let keep_speed = (-seconds / tuning.speed_lasts_s).exp();
        let keep_growth = (-seconds / tuning.growth_lasts_s).exp();
        for (index, axis) in self.axes.iter_mut().enumerate() {
            let (unrest, keep) =
                if index < 2 { (tuning.unrest, keep_speed) } else { (tuning.growth_unrest, keep_growth) };
            axis.advance(seconds, (unrest * size) * (unrest * size), keep);
        }
        for axis in &mut self.axes[2..] {
            axis.value = axis.value.max(1.0);
        }
    }

    /// Takes a measured box over, whose values are off by `noise` (standard deviations in pixels).
    pub fn correct(&mut self, measured: [f32; 4], noise: [f32; 4]) {
        for (index, axis) in self.axes.iter_mut().enumerate() {
            axis.correct(measured[index], noise[index]);
        }
    }

    /// The camera moved.
    pub fn transform(&mut self, camera: Similarity) {
        let [x, y] = camera.apply([self.axes[0].value, self.axes[1].value]);
        (self.axes[0].value, self.axes[1].value) = (x, y);
        let (vx, vy) = (self.axes[0].speed, self.axes[1].speed);
        (self.axes[0].speed, self.axes[1].speed) =
            (camera.a * vx - camera.b * vy, camera.b * vx + camera.a * vy);
        let scale = camera.scale();
        for axis in &mut self.axes[2..] {
            axis.value *= scale;
            axis.speed *= scale;
        }
    }

    /// Centre x, centre y, width, height.
    pub fn values(&self) -> [f32; 4] {
        self.axes.map(|axis| axis.value)
    }
}

/// How large a box is, in pixels: the side of a square of its area.
pub fn size_of([_, _, width, height]: [f32; 4]) -> f32 {
    (width.max(1.0) * height.max(1.0)).sqrt()
}
