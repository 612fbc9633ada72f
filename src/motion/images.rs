//! The small grey images of the last seconds.

use std::collections::VecDeque;

use super::Similarity;
use super::pyramid::Pyramid;
use crate::frame::Frame;

/// How many images are kept. The newest follow each other as the frames do; of the older ones more and more are left out, so that they
/// reach back several seconds.
const IMAGES: usize = 64;
/// So many of the newest are never left out.
const NEWEST: usize = 48;
/// Older images are forgotten, in seconds.
const MEMORY_S: f64 = 6.0;
/// A frame that was left out is looked for among its neighbours, so far away in seconds.
const NEAR_S: f64 = 0.1;

/// The small image of one frame.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub pyramid: Pyramid,
    pub sequence: u64,
    /// Seconds.
    pub time: f64,
    /// How the camera moved since the image before, in pixels of the small image.
    pub camera: Similarity,
}

/// Images in the order of time, the newest last.
#[derive(Debug, Default)]
pub(super) struct Images {
    kept: VecDeque<Image>,
    /// To be filled again.
    spare: Vec<Image>,
}

impl Images {
    pub fn clear(&mut self) {
        self.spare.extend(self.kept.drain(..));
    }

    /// Makes the small image of a frame. `None` if it is not a whole RGBA frame or too small.
    pub fn make(&mut self, frame: &Frame, time: f64) -> Option<Image> {
        let mut image = self.spare.pop().unwrap_or_default();
        if !image.pyramid.fill(frame) {
            self.spare.push(image);
            return None;
        }
        (image.sequence, image.time, image.camera) = (frame.sequence, time, Similarity::IDENTITY);
        Some(image)
    }

    pub fn push(&mut self, image: Image) {
        let now = image.time;
        self.kept.push_back(image);
        while self.kept.front().is_some_and(|first| now - first.time > MEMORY_S) {
            self.spare.extend(self.kept.pop_front());
        }
        if self.kept.len() > IMAGES {
            self.leave_one_out(now);
        }
    }

    /// Leaves out the old image whose neighbours are closest to each other for their age.
    fn leave_one_out(&mut self, now: f64) {
        let gap = |at: usize| {
            let between = self.kept[at + 1].time - self.kept[at - 1].time;
            between / (now - self.kept[at].time).max(1e-3)
        };
        let last = self.kept.len() - NEWEST;
        let Some(at) = (1..last).min_by(|a, b| gap(*a).total_cmp(&gap(*b))) else { return };
        if let Some(image) = self.kept.remove(at) {
            // The image after it now follows the one before it.
            if let Some(next) = self.kept.get_mut(at) {
                next.camera = image.camera.then(next.camera);
            }
            self.spare.push(image);
        }
    }

    pub fn newest(&self) -> Option<&Image> {
        self.kept.back()
    }

    /// The image of a frame, or that of the frame next to it if it was left out.
    pub fn of(&self, sequence: u64, time: f64) -> Option<&Image> {
        let off = |image: &Image| (image.time - time).abs();
        let nearest = self.kept.iter().min_by(|a, b| off(a).total_cmp(&off(b)))?;
        let before = self.kept.front().is_some_and(|first| first.time <= time);
        let is_it = nearest.sequence == sequence && off(nearest) < 1e-6;
        (is_it || (before && off(nearest) < NEAR_S)).then_some(nearest)
    }

    /// The image at `time`, or the last one before it, and the next one. `None` if there is no later one, or `time` is before
    /// the oldest.
    pub fn step_from(&self, time: f64) -> Option<(&Image, &Image)> {
        let next = self.kept.iter().position(|image| image.time > time)?;
        Some((self.kept.get(next.checked_sub(1)?)?, &self.kept[next]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_images_become_fewer_and_new_ones_stay() {
        let mut images = Images::default();
        for i in 0..300 {
            let camera = Similarity { tx: 1.0, ..Similarity::IDENTITY };
            images.push(Image { sequence: i, time: i as f64 / 30.0, camera, ..Image::default() });
        }
        assert_eq!(images.kept.len(), IMAGES);
        let newest = images.newest().expect("there are images").time;
        let oldest = images.kept[0].time;
        assert!(newest - oldest > 3.0, "{oldest} to {newest}");
        for pair in images.kept.make_contiguous().windows(2) {
            let (age, gap) = (newest - pair[0].time, pair[1].time - pair[0].time);
            assert!(gap < 0.034 || age > 1.5, "a gap of {gap} s at an age of {age} s");
            assert!(gap < 0.5, "a gap of {gap} s at an age of {age} s");
            // What was left out is in the motion of the next one.
            assert!((pair[1].camera.tx - (gap * 30.0) as f32).abs() < 0.1);
        }
        let (from, to) = images.step_from(newest - 0.033).expect("there is a later one");
        assert_eq!((from.sequence, to.sequence), (298, 299));
        assert!(images.step_from(newest).is_none() && images.step_from(0.0).is_none());
    }
}
