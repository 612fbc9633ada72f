//! What the border of the frame cuts off.

use crate::model::results::{Detection, Results};

/// Boxes that end so near the border, as a share of the frame's width, are cut by it.
const NEAR: f32 = 0.006;
/// A class whose shape isn't known yet is taken to be so much longer than what is seen of it.
const BEYOND: f32 = 0.25;
/// The most boxes that the mean remembers.
const WEIGHT: f32 = 200.0;

/// How tall the boxes of each class are for their width, learnt from objects that the border does not cut.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// By class: the mean of the logarithm of height by width, and how many boxes it comes from.
    ratios: Vec<(u32, f32, f32)>,
}

impl Shapes {
    pub fn clear(&mut self) {
        self.ratios.clear();
    }

    pub fn learn(&mut self, results: &Results) {
        for detection in &results.detections {
            let b = detection.bbox;
            let (w, h) = (b[2] - b[0], b[3] - b[1]);
            if cut(b, results.frame_size) != [false; 4] || !(w >= 1.0 && h >= 1.0) {
                continue;
            }
            let value = (h / w).ln();
            match self.ratios.iter_mut().find(|r| r.0 == detection.class_id) {
                Some((_, mean, weight)) => {
                    *weight = (*weight + 1.0).min(WEIGHT);
                    *mean += (value - *mean) / *weight;
                }
                None => self.ratios.push((detection.class_id, value, 1.0)),
            }
        }
    }

    /// The box of an object as it would be without the frame's border. A car that drives into the picture shows its front
    /// first: its box grows until all of it is in, which the motion of its points does not tell.
    pub fn whole(&self, detection: &Detection, size: (u32, u32)) -> [f32; 4] {
        let mut b = detection.bbox;
        let cut = cut(b, size);
        let ratio = self.ratios.iter().find(|r| r.0 == detection.class_id).map(|r| r.1.exp());
        let (w, h) = (b[2] - b[0], b[3] - b[1]);
        let across = [cut[0], cut[2]].iter().filter(|c| **c).count();
        let along = [cut[1], cut[3]].iter().filter(|c| **c).count();
        let (width, height) = match ratio {
            // One side is whole and tells how long the other one is.
            Some(ratio) if across == 1 && along == 0 => (h / ratio, h),
            Some(ratio) if along == 1 && across == 0 => (w, w * ratio),
            _ => (w * (1.0 + BEYOND * across as f32), h * (1.0 + BEYOND * along as f32)),
        };
        let (more_w, more_h) = ((width - w).max(0.0), (height - h).max(0.0));
        if cut[0] {
            b[0] -= more_w / across as f32;
        }
        if cut[2] {
            b[2] += more_w / across as f32;
        }
        if cut[1] {
            b[1] -= more_h / along as f32;
        }
        if cut[3] {
            b[3] += more_h / along as f32;
        }
        b
    }
}

/// Which of its edges are at the border: left, top, right, bottom.
fn cut(b: [f32; 4], (w, h): (u32, u32)) -> [bool; 4] {
    let near = NEAR * w as f32;
    [b[0] < near, b[1] < near, b[2] > w as f32 - near, b[3] > h as f32 - near]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::Task;

    #[test]
    fn a_car_that_drives_in_is_as_long_as_the_others() {
        let mut results = Results::default();
        results.clear(Task::Detect, (640, 360));
        results.detections.push(Detection::new(2, 0.9, [100.0, 100.0, 200.0, 180.0]));
        let mut shapes = Shapes::default();
        let entering = Detection::new(2, 0.9, [400.0, 330.0, 500.0, 360.0]);
        assert_eq!(shapes.whole(&entering, (640, 360)), [400.0, 330.0, 500.0, 367.5]);
        shapes.learn(&results);
        assert_eq!(shapes.whole(&entering, (640, 360)).map(f32::round), [400.0, 330.0, 500.0, 410.0]);
        // Another class isn't known, and a box within the frame stays.
        let person = Detection::new(0, 0.9, [0.0, 50.0, 40.0, 150.0]);
        assert_eq!(shapes.whole(&person, (640, 360)), [-10.0, 50.0, 40.0, 150.0]);
        assert_eq!(shapes.whole(&results.detections[0], (640, 360)), [100.0, 100.0, 200.0, 180.0]);
    }
}
