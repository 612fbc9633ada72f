//! How the camera moved between the frames of successive results.

use super::follower::contains;
use super::images::Image;
use super::points::Points;
use super::similarity::Similarity;
use crate::frame::Frame;

/// Frames that are farther apart, in seconds, have too little in common.
const APART_S: f64 = 1.0;
/// A camera that moves every corner of the picture by less, in pixels of the small image, stands still: what is measured then is
/// mostly error.
const STILL: f32 = 0.5;

/// Estimates how the camera moved from one frame to the next, for a tracker.
#[derive(Debug, Default)]
pub struct CameraMotion {
    last: Option<Image>,
    next: Image,
    /// Where objects were in the last frame: they move by themselves.
    boxes: Vec<[f32; 4]>,
    points: Points,
}

impl CameraMotion {
    /// Another source: nothing is known.
    pub fn reset(&mut self) {
        if let Some(last) = self.last.take() {
            self.next = last;
        }
        self.boxes.clear();
    }

    /// Takes the frame at `time` (seconds of the source) with the boxes of the objects on it, and returns how the picture moved
    /// since the frame before, in pixels of the frame. `None` if the camera stands still or nothing can be said: the first frame,
    /// one of another time or size, points that don't agree, a format that holds no brightness.
    pub fn next(
        &mut self,
        frame: &Frame,
        time: f64,
        boxes: impl Iterator<Item = [f32; 4]>,
    ) -> Option<Similarity> {
        if self.last.as_ref().is_some_and(|last| last.time == time) {
            return None;
        }
        if !self.next.pyramid.fill(frame) {
            self.reset();
            return None;
        }
        (self.next.time, self.next.camera) = (time, Similarity::IDENTITY);
        let moved = self.last.as_ref().and_then(|last| {
            let follows = last.pyramid.frame_size() == self.next.pyramid.frame_size()
                && (0.0..APART_S).contains(&(time - last.time));
            if !follows {
                return None;
            }
            let is_covered = |point| self.boxes.iter().any(|b| contains(*b, point));
            self.points.camera(last, &self.next, is_covered)
        });
        let size = self.next.pyramid.frame_size();
        let pixel = self.next.pyramid.pixel();
        // The next estimate begins where this one has led.
        self.next.camera = moved.unwrap_or_default();
        self.boxes.clear();
        self.boxes.extend(boxes);
        let last = self.last.take().unwrap_or_default();
        self.last = Some(std::mem::replace(&mut self.next, last));
        let moved = moved?;
        let moved = Similarity { tx: moved.tx * pixel, ty: moved.ty * pixel, ..moved };
        let (w, h) = (size.0 as f32, size.1 as f32);
        let corners = [[0.0, 0.0], [w, 0.0], [0.0, h], [w, h]];
        let farthest =
            corners.map(|p| super::fit::distance(moved.apply(p), p)).into_iter().fold(0.0, f32::max);
        (farthest >= STILL * pixel).then_some(moved)
    }
}
