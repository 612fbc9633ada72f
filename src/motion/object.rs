//! One object that is followed: what the model found, where it is by now, and how it is shown while a new result takes over.

use super::Similarity;
use crate::model::results::{Detection, Keypoint, Mask, Oriented, Results};

/// A new result takes over from the box that is shown within this time, in seconds.
const BLEND_S: f64 = 0.08;
/// A box whose points are lost moves on for this time and fades, in seconds.
const LOST_S: f64 = 0.4;
/// An object that the newest results don't have is shown for this long, fading, in seconds.
const MISSED_S: f64 = 1.0;
/// How much a new result counts against the box that was followed until now.
const TRUST: f32 = 0.85;
/// How fast a score falls when results are less sure, as a share of the difference.
const FALL: f32 = 0.3;

/// A place: the centre of an object, how large it is and how far it has turned since the model found it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pose {
    /// In pixels of the frame.
    pub centre: [f32; 2],
    pub scale: f32,
    /// Radians.
    pub angle: f32,
}

impl Pose {
    /// Where `motion` takes it, whose pixels are so many pixels of the frame.
    pub fn moved(self, motion: Similarity, pixel: f32) -> Self {
        // The middle of a small image's pixel is not a multiple of its size.
        let small = self.centre.map(|v| v / pixel - 0.5);
        Self {
            centre: motion.apply(small).map(|v| (v + 0.5) * pixel),
            scale: self.scale * motion.scale(),
            angle: self.angle + motion.b.atan2(motion.a),
        }
    }
}

/// One object that is followed.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// As the model found it in its own frame.
    pub found: Option<Detection>,
    keypoints: Vec<Keypoint>,
    mask: Mask,
    /// The centre of its box in that frame.
    origin: [f32; 2],
    /// Half of width and height in that frame; they reach beyond the border where that cuts the object.
    half: [f32; 2],
    pub pose: Pose,
    /// What is added to the box while a new result takes over: the difference from the box that was shown before.
    offset: [f32; 4],
    /// When that began.
    blend_from: f64,
    /// Its points on the newest image, in pixels of the small image.
    pub points: Vec<[f32; 2]>,
    /// Where these points were when they were chosen, and the pose then: the whole way since then is fitted, so that the errors of
    /// single steps don't add up.
    pub anchors: Vec<[f32; 2]>,
    pub anchor: Pose,
    /// Of its centre in the last step, in frame pixels a second.
    pub velocity: [f32; 2],
    /// How fast it grows: the scale's logarithm a second.
    pub growth: f32,
    /// At least that of the newest result; it falls slowly when results are less sure.
    score: f32,
    /// When the last result had it.
    confirmed: f64,
    /// Since when it has no points.
    pub lost: Option<f64>,
    /// Since when results don't have it.
    pub missed: Option<f64>,
}

impl Object {
    /// Starts to follow a detection, whose whole box is `bbox`, at `now`.
    pub fn begin(&mut self, results: &Results, detection: &Detection, bbox: [f32; 4], now: f64) {
        self.keypoints.clear();
        self.keypoints.extend_from_slice(results.keypoints_of(detection));
        self.mask.data.clear();
        if let Some(mask) = results.mask_of(detection) {
            self.mask.clone_from(mask);
        }
        self.found = Some(detection.clone());
        self.origin = [f32::midpoint(bbox[0], bbox[2]), f32::midpoint(bbox[1], bbox[3])];
        self.half = [(bbox[2] - bbox[0]) * 0.5, (bbox[3] - bbox[1]) * 0.5];
        self.pose = Pose { centre: self.origin, scale: 1.0, angle: 0.0 };
        self.anchor = self.pose;
        self.points.clear();
        self.anchors.clear();
        (self.offset, self.blend_from) = ([0.0; 4], now);
        (self.velocity, self.growth) = ([0.0; 2], 0.0);
        (self.score, self.confirmed) = (detection.score, now);
        (self.lost, self.missed) = (None, None);
    }

    pub fn class(&self) -> Option<u32> {
        self.found.as_ref().map(|found| found.class_id)
    }

    /// The number of its track, where objects are tracked.
    pub fn track_id(&self) -> Option<u32> {
        self.found.as_ref().and_then(|found| found.track_id)
    }

    /// Its whole box now, without blending. A thing that turns is taken to be round: the box is that around the turned ellipse.
    pub fn bbox(&self) -> [f32; 4] {
        let Pose { centre, scale, angle } = self.pose;
        let (sin, cos) = angle.sin_cos();
        let across = (self.half[0] * cos).hypot(self.half[1] * sin) * scale;
        let along = (self.half[0] * sin).hypot(self.half[1] * cos) * scale;
        [centre[0] - across, centre[1] - along, centre[0] + across, centre[1] + along]
    }

    /// The whole box that is shown at `now`.
    pub fn shown(&self, now: f64) -> [f32; 4] {
        let left = 1.0 - ((now - self.blend_from) / BLEND_S).clamp(0.0, 1.0) as f32;
        let bbox = self.bbox();
        std::array::from_fn(|i| bbox[i] + self.offset[i] * left)
    }

    /// How much is left of it, from 1 to 0: an object that is lost or that results don't have any more fades.
    pub fn opacity(&self, now: f64) -> f32 {
        let fade = |since: Option<f64>, whole: f64| since.map_or(1.0, |s| 1.0 - ((now - s) / whole) as f32);
        fade(self.lost, LOST_S).min(fade(self.missed, MISSED_S)).clamp(0.0, 1.0)
    }

    /// Takes the place of `old`, the same object as it was followed until now. A model's boxes jump a little from frame to frame, and
    /// the less sure it is, the more; so the new box is merged with the old one.
    pub fn replace(&mut self, old: &Self, now: f64) {
        let shown = old.shown(now);
        if old.lost.is_none() && self.lost.is_none() {
            let aged = 1.0 - (-(now - old.confirmed) as f32).exp();
            let sure = (self.score / old.score.max(1e-3)).clamp(0.0, 1.0).powf(1.5);
            let trust = (TRUST * sure).max(aged).min(1.0);
            let (a, b) = (parts(old.bbox()), parts(self.bbox()));
            let m: [f32; 4] = std::array::from_fn(|i| a[i] + (b[i] - a[i]) * trust);
            let now_half = [m[2].exp() * 0.5, m[3].exp() * 0.5];
            let bbox = self.bbox();
            // The box of its own frame is corrected by as much.
            self.half[0] *= now_half[0] / ((bbox[2] - bbox[0]) * 0.5).max(0.5);
            self.half[1] *= now_half[1] / ((bbox[3] - bbox[1]) * 0.5).max(0.5);
            self.pose.centre = [m[0], m[1]];
            self.anchor = self.pose;
            self.anchors.clone_from(&self.points);
        }
        self.score = self.score.max(old.score + (self.score - old.score) * FALL);
        let bbox = self.bbox();
        self.offset = std::array::from_fn(|i| shown[i] - bbox[i]);
        self.blend_from = now;
    }

    /// Appends what is to be drawn at `now` on a frame of this size.
    pub fn write(&self, results: &mut Results, size: (u32, u32), now: f64) {
        let Some(found) = &self.found else { return };
        let shown = self.shown(now);
        let mut detection = found.clone();
        detection.bbox = clip(shown, size);
        detection.score = self.score;
        detection.opacity = found.opacity * self.opacity(now);
        let centre = [f32::midpoint(shown[0], shown[2]), f32::midpoint(shown[1], shown[3])];
        let (sin, cos) = self.pose.angle.sin_cos();
        let scale = self.pose.scale;
        let place = |[x, y]: [f32; 2]| {
            let (x, y) = ((x - self.origin[0]) * scale, (y - self.origin[1]) * scale);
            [centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos]
        };
        detection.oriented = found.oriented.map(|oriented| Oriented {
            corners: oriented.corners.map(place),
            angle: oriented.angle + self.pose.angle,
        });
        let first = results.keypoints.len();
        results.keypoints.extend(self.keypoints.iter().map(|point| {
            let [x, y] = place([point.x, point.y]);
            Keypoint { x, y, ..*point }
        }));
        detection.keypoints = (first, results.keypoints.len() - first);
        detection.mask = None;
        if found.mask.is_some() && !self.mask.data.is_empty() {
            let mut mask = results.take_mask();
            mask.clone_from(&self.mask);
            // A grid isn't turned: between two results things turn little.
            let r = self.mask.region;
            let [x1, y1, x2, y2] = r.map(|v| v * scale);
            let shift = [centre[0] - self.origin[0] * scale, centre[1] - self.origin[1] * scale];
            mask.region = [x1 + shift[0], y1 + shift[1], x2 + shift[0], y2 + shift[1]];
            detection.mask = Some(results.masks.len());
            results.masks.push(mask);
        }
        results.detections.push(detection);
    }
}

/// Centre and logarithms of the sizes of a box.
fn parts(b: [f32; 4]) -> [f32; 4] {
    let size = |from: f32, to: f32| (to - from).max(1.0).ln();
    [f32::midpoint(b[0], b[2]), f32::midpoint(b[1], b[3]), size(b[0], b[2]), size(b[1], b[3])]
}

/// The part of a box within the frame.
pub(super) fn clip(b: [f32; 4], (w, h): (u32, u32)) -> [f32; 4] {
    let (w, h) = (w as f32, h as f32);
    [b[0].clamp(0.0, w), b[1].clamp(0.0, h), b[2].clamp(0.0, w), b[3].clamp(0.0, h)]
}
