//! Moves the results of an earlier frame to the newest one, and on from frame to frame until the next result comes.

use super::images::Images;
use super::object::{Object, clip};
use super::points::Points;
use super::shapes::Shapes;
use crate::frame::Frame;
use crate::model::boxes::{area, iou};
use crate::model::results::Results;

/// Boxes of the same class that overlap so far are the same object.
const SAME: f32 = 0.3;
/// An object of which less than this share is within the picture has left it.
const LEAST_SEEN: f32 = 0.12;
/// Frames that are farther apart, in seconds, are different places of a video.
const JUMP_S: f64 = 2.0;
/// The most objects that are followed; the best come first.
const OBJECTS: usize = 100;

/// Follows the objects of results from frame to frame.
///
/// ```text
/// frame 10 ─▶ 11 ─▶ 12 ─▶ 13 ─▶ 14     each step: where do the points of each object lie in the next image?
///    │                     │
///    └── model at work ────┘           its result of frame 10 comes at 13 and catches up through 11, 12 and 13; then it
///                                      takes the place of the objects that were shown until now
/// ```
/// Frames come through [`Self::frame`], results through [`Self::result`] and [`Self::advance`]; [`Self::write`] tells what is to
/// be drawn on the newest frame.
#[derive(Debug, Default)]
pub struct Follower {
    images: Images,
    objects: Vec<Object>,
    /// The objects of a result that catches up, and the time of the image that they have reached.
    coming: Vec<Object>,
    reached: Option<f64>,
    /// A result has caught up since the objects were forgotten; it may have been empty.
    has_result: bool,
    /// What the next result does not have disappears at once.
    drops_missed: bool,
    /// To be filled again.
    spare: Vec<Object>,
    shapes: Shapes,
    points: Points,
}

impl Follower {
    /// Another source, or a jump within it: everything is forgotten.
    pub fn reset(&mut self) {
        self.images.clear();
        self.forget();
    }

    /// Another model, or none: the objects are forgotten.
    pub fn forget(&mut self) {
        self.spare.append(&mut self.objects);
        self.spare.append(&mut self.coming);
        self.reached = None;
        self.has_result = false;
        self.shapes.clear();
    }

    /// Results with other thresholds come: objects that the next one doesn't have disappear at once.
    pub fn drop_missed(&mut self) {
        self.drops_missed = true;
    }

    /// Takes a new frame at `time` (seconds of the source) and moves everything to it. Returns `false` if it is no whole RGBA
    /// frame or too small to follow anything on it.
    pub fn frame(&mut self, frame: &Frame, time: f64) -> bool {
        let Some(mut image) = self.images.make(frame, time) else {
            self.reset();
            return false;
        };
        if let Some(last) = self.images.newest() {
            if last.pyramid.frame_size() == image.pyramid.frame_size()
                && time > last.time
                && time - last.time < JUMP_S
            {
                let is_covered = |point| self.objects.iter().any(|object| contains(object.bbox(), point));
                // If the points don't agree, the camera is taken to stand still.
                image.camera = self.points.camera(last, &image, is_covered).unwrap_or_default();
                for object in &mut self.objects {
                    self.points.step(object, last, &image);
                }
            } else {
                self.reset();
            }
        }
        self.images.push(image);
        self.expire();
        true
    }

    /// Removes what has faded or left the picture.
    fn expire(&mut self) {
        let Some(newest) = self.images.newest() else { return };
        let size = newest.pyramid.frame_size();
        for at in (0..self.objects.len()).rev() {
            let object = &self.objects[at];
            let b = clip(object.bbox(), size);
            // NaN is outside too.
            let inside = b[2] - b[0] >= 1.0 && b[3] - b[1] >= 1.0 && seen(object.bbox(), b) >= LEAST_SEEN;
            if !inside || object.opacity(newest.time) <= 0.0 {
                self.spare.push(self.objects.remove(at));
            }
        }
    }

    /// Takes the result of the frame with this number and time. [`Self::advance`] moves it on until it has caught up.
    /// Returns `false` if that frame is not remembered: its result can't be followed.
    pub fn result(&mut self, results: &Results, sequence: u64, time: f64) -> bool {
        self.spare.append(&mut self.coming);
        self.reached = None;
        let (Some(first), Some(newest)) = (self.images.of(sequence, time), self.images.newest()) else {
            return false;
        };
        if first.pyramid.frame_size() != results.frame_size {
            return false;
        }
        self.reached = Some(first.time);
        self.shapes.learn(results);
        for detection in results.detections.iter().take(OBJECTS) {
            if !detection.bbox.iter().all(|v| v.is_finite()) {
                continue;
            }
            let mut object = self.spare.pop().unwrap_or_default();
            let whole = self.shapes.whole(detection, results.frame_size);
            object.begin(results, detection, whole, newest.time);
            self.coming.push(object);
        }
        true
    }

    /// Whether a result is catching up.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        self.reached.is_some()
    }

    /// Moves a result that catches up on by one image. When it has reached the newest frame, its objects take the place of
    /// those that are shown, and this returns `true`.
    pub fn advance(&mut self) -> bool {
        let Some(reached) = self.reached else { return false };
        if let Some((from, to)) = self.images.step_from(reached) {
            for object in &mut self.coming {
                self.points.step(object, from, to);
            }
            self.reached = Some(to.time);
            if self.images.step_from(to.time).is_some() {
                return false;
            }
        }
        self.reached = None;
        self.has_result = true;
        self.take_over();
        true
    }

    /// The objects that came take the place of those that are shown. What they don't have fades.
    fn take_over(&mut self) {
        let Some(newest) = self.images.newest() else { return };
        let (now, size) = (newest.time, newest.pyramid.frame_size());
        for object in &mut self.coming {
            let bbox = clip(object.bbox(), size);
            // A tracker knows which one it is, wherever it has been followed to.
            let by_track = object
                .track_id()
                .and_then(|id| self.objects.iter().position(|old| old.track_id() == Some(id)));
            let other_track = |old: &Object| matches!((old.track_id(), object.track_id()), (Some(old), Some(new)) if old != new);
            let by_place = || {
                let same = |old: &Object| old.class() == object.class() && !other_track(old);
                let places = self.objects.iter().enumerate().filter(|(_, old)| same(old));
                let overlaps = places.map(|(at, old)| (at, iou(&clip(old.bbox(), size), &bbox)));
                let best = overlaps.max_by(|a, b| a.1.total_cmp(&b.1));
                best.filter(|(_, overlap)| *overlap >= SAME).map(|(at, _)| at)
            };
            if let Some(at) = by_track.or_else(by_place) {
                let old = self.objects.swap_remove(at);
                object.replace(&old, now);
                self.spare.push(old);
            }
        }
        // An object that results don't have any more fades; at the border it has most likely left.
        let drops_all = std::mem::take(&mut self.drops_missed);
        self.objects.retain(|object| !drops_all && !touches_border(object.bbox(), size));
        for object in &mut self.objects {
            object.missed.get_or_insert(now);
        }
        self.objects.append(&mut self.coming);
        self.expire();
    }

    /// Whether the frame with this number and time is the newest one, and a result has been moved to it.
    #[must_use]
    pub fn has_objects_of(&self, sequence: u64, time: f64) -> bool {
        let newest = self.images.newest();
        self.has_result && newest.is_some_and(|image| image.sequence == sequence && image.time == time)
    }

    /// Writes what is to be drawn on the newest frame into `results`, in place of its detections, keypoints and masks. The
    /// buffers of `results` are reused.
    pub fn write(&self, results: &mut Results) {
        let Some(image) = self.images.newest() else { return };
        results.clear(results.task, image.pyramid.frame_size());
        for object in &self.objects {
            object.write(results, image.pyramid.frame_size(), image.time);
        }
        results.detections.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    }
}

/// Whether a point lies in a box.
pub(super) fn contains(b: [f32; 4], [x, y]: [f32; 2]) -> bool {
    x > b[0] && x < b[2] && y > b[1] && y < b[3]
}

/// How much of a box lies within the picture, 0..=1.
fn seen(whole: [f32; 4], clipped: [f32; 4]) -> f32 {
    area(&clipped) / area(&whole).max(1.0)
}

/// Whether a box reaches the border of the picture.
fn touches_border(b: [f32; 4], (w, h): (u32, u32)) -> bool {
    b[0] <= 1.0 || b[1] <= 1.0 || b[2] >= w as f32 - 1.0 || b[3] >= h as f32 - 1.0
}
