//! Skeletons over time for action recognition: follows people from frame to frame and builds the input tensor of the
//! last frames.
//!
//! Follows Yan et al., “Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition” (2018) and its
//! authors' demo: `[1, 3, frames, joints, people]` holds x / width − 0.5, y / height − 0.5 and the confidence,
//! the newest frame last. Joints that aren't seen are zero; gaps are interpolated linearly.

use half::f16;

use super::boxes::iou;
use super::input::TensorMut;
use super::results::{Keypoint, Results};

/// The joints that a network reads, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joints {
    /// COCO's 17, as pose models give them.
    Coco,
    /// `OpenPose`'s 18: COCO's and the neck.
    OpenPose,
    /// The 25 of NTU RGB+D (Shahroudy et al. 2016, figure 2).
    Ntu,
}

impl Joints {
    /// Returns the layout with that number of joints.
    #[must_use]
    pub fn of(count: u32) -> Option<Self> {
        match count {
            17 => Some(Self::Coco),
            18 => Some(Self::OpenPose),
            25 => Some(Self::Ntu),
            _ => None,
        }
    }

    /// For each joint, the COCO keypoints whose mean it is.
    fn sources(self) -> &'static [&'static [usize]] {
        match self {
            Self::Coco => &[
                &[0],
                &[1],
                &[2],
                &[3],
                &[4],
                &[5],
                &[6],
                &[7],
                &[8],
                &[9],
                &[10],
                &[11],
                &[12],
                &[13],
                &[14],
                &[15],
                &[16],
            ],
            // Nose, neck, right arm, left arm, right leg, left leg, eyes, ears; the right one first.
            Self::OpenPose => &[
                &[0],
                &[5, 6],
                &[6],
                &[8],
                &[10],
                &[5],
                &[7],
                &[9],
                &[12],
                &[14],
                &[16],
                &[11],
                &[13],
                &[15],
                &[2],
                &[1],
                &[4],
                &[3],
            ],
            // Spine (base, middle), neck, head, left arm and hand, right arm and hand, left leg and foot, right leg and
            // foot, spine (between the shoulders), tips of the hands and thumbs.
            Self::Ntu => &[
                &[11, 12],
                &[5, 6, 11, 12],
                &[5, 6],
                &[0],
                &[5],
                &[7],
                &[9],
                &[9],
                &[6],
                &[8],
                &[10],
                &[10],
                &[11],
                &[13],
                &[15],
                &[15],
                &[12],
                &[14],
                &[16],
                &[16],
                &[5, 6],
                &[9],
                &[9],
                &[10],
                &[10],
            ],
        }
    }
}

/// Frame rate of the skeletons in the training data (Kinetics).
const RATE: f64 = 30.0;
/// Maximum number of people that are followed at once.
const MAX_PEOPLE: usize = 16;
/// Minimum IoU of the boxes of one person in two successive frames.
const MIN_OVERLAP: f32 = 0.2;
/// Keypoints with a lower score count as not seen.
const MIN_SCORE: f32 = 0.1;

/// A joint as in the tensor: x, y, confidence.
type Joint = [f32; 3];

/// One person over the last frames.
#[derive(Debug)]
struct Track {
    /// A ring buffer: row n is stored at n modulo the number of frames.
    joints: Vec<Joint>,
    bbox: [f32; 4],
    first: i64,
    last: i64,
}

/// The people in the last frames. A row is 1/30 s; row 0 is that of the first frame.
#[derive(Debug)]
pub struct Skeletons {
    sources: &'static [&'static [usize]],
    frames: usize,
    people: usize,
    tracks: Vec<Track>,
    now: i64,
    /// Which tracks a detection of this frame was already assigned to.
    assigned: Vec<bool>,
    /// The tracks by the sum of their joints' confidences, highest first.
    order: Vec<(f32, usize)>,
}

impl Skeletons {
    /// Creates an empty history of so many frames, for a network that takes so many people.
    #[must_use]
    pub fn new(joints: Joints, frames: usize, people: usize) -> Self {
        Self {
            sources: joints.sources(),
            frames: frames.max(1),
            people: people.max(1),
            tracks: Vec::new(),
            now: -1,
            assigned: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Removes all people.
    pub fn clear(&mut self) {
        self.now = -1;
        for track in &mut self.tracks {
            track.last = i64::MIN;
        }
    }

    /// Returns the number of the newest row.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Adds the people of a frame, `time_s` seconds after the first one. An earlier frame than the last one clears the
    /// history first.
    pub fn push(&mut self, results: &Results, time_s: f64) {
        let row = (time_s.max(0.0) * RATE).round() as i64;
        if row < self.now {
            self.clear();
        }
        self.advance_to(row);
        self.assigned.clear();
        self.assigned.resize(self.tracks.len(), false);
        let (w, h) = (results.frame_size.0.max(1) as f32, results.frame_size.1.max(1) as f32);
        for detection in &results.detections {
            let points = results.keypoints_of(detection);
            if points.len() != 17 {
                continue;
            }
            let Some(index) = self.track_of(&detection.bbox, row) else { continue };
            self.assigned[index] = true;
            let (frames, sources) = (self.frames, self.sources);
            let track = &mut self.tracks[index];
            track.bbox = detection.bbox;
            for (number, sources) in sources.iter().enumerate() {
                track.put(row, number, joint(points, sources, (w, h)), frames, self.sources.len());
            }
            track.last = row;
        }
    }

    /// Clears the rows after the newest one, up to `row`, which becomes the newest.
    fn advance_to(&mut self, row: i64) {
        let (frames, joints) = (self.frames as i64, self.sources.len());
        for skipped in (self.now + 1).max(row - frames + 1)..=row {
            let at = skipped.rem_euclid(frames) as usize * joints;
            for track in &mut self.tracks {
                track.joints[at..at + joints].fill([0.0; 3]);
            }
        }
        self.now = row;
    }

    /// Returns the track that a box continues, or a new one; `None` if too many people are followed.
    fn track_of(&mut self, bbox: &[f32; 4], row: i64) -> Option<usize> {
        let oldest = row - self.frames as i64;
        let mut best: Option<(f32, usize)> = None;
        for (index, track) in self.tracks.iter().enumerate() {
            let overlap = iou(&track.bbox, bbox);
            if !self.assigned[index]
                && track.last > oldest
                && overlap >= MIN_OVERLAP
                && best.is_none_or(|(most, _)| overlap > most)
            {
                best = Some((overlap, index));
            }
        }
        if let Some((_, index)) = best {
            return Some(index);
        }
        let index = match self.tracks.iter().position(|t| t.last <= oldest) {
            Some(gone) => gone,
            None if self.tracks.len() < MAX_PEOPLE => {
                let joints = vec![[0.0; 3]; self.frames * self.sources.len()];
                self.tracks.push(Track { joints, bbox: *bbox, first: row, last: i64::MIN });
                self.assigned.push(false);
                self.tracks.len() - 1
            }
            None => return None,
        };
        let track = &mut self.tracks[index];
        track.joints.fill([0.0; 3]);
        (track.first, track.last) = (row, row);
        Some(index)
    }

    /// Whether somebody was seen long enough for the network: for an eighth of the frames.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        let least = (self.frames / 8).max(2) as i64;
        let oldest = self.now - self.frames as i64;
        self.tracks.iter().any(|t| t.last > oldest && t.last - t.first + 1 >= least)
    }

    /// Writes the tensor with the people whose joints are known best, the newest row last.
    pub fn write(&mut self, tensor: &mut TensorMut<'_>) {
        let (frames, joints, people) = (self.frames, self.sources.len(), self.people);
        let oldest = self.now - frames as i64;
        self.order.clear();
        for (index, track) in self.tracks.iter().enumerate().filter(|(_, t)| t.last > oldest) {
            self.order.push((track.joints.iter().map(|j| j[2]).sum(), index));
        }
        self.order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (tracks, order) = (&self.tracks, &self.order);
        let value = |at: usize| {
            // Coordinates, frames, joints, people.
            let (rest, person) = (at / people, at % people);
            let (rest, joint) = (rest / joints, rest % joints);
            let (axis, frame) = (rest / frames, rest % frames);
            let row = oldest + 1 + frame as i64;
            let track = order.get(person).map(|&(_, index)| &tracks[index]);
            track.map_or(0.0, |t| t.joints[row.rem_euclid(frames as i64) as usize * joints + joint][axis])
        };
        match tensor {
            TensorMut::F32(out) => out.iter_mut().enumerate().for_each(|(at, v)| *v = value(at)),
            TensorMut::F16(out) => {
                out.iter_mut().enumerate().for_each(|(at, v)| *v = f16::from_f32(value(at)));
            }
            TensorMut::U8(_) | TensorMut::I32(_) => {}
        }
    }
}

impl Track {
    /// Stores a joint in a row, and interpolates linearly the rows since the person was last seen.
    fn put(&mut self, row: i64, number: usize, joint: Joint, frames: usize, joints: usize) {
        let at = |row: i64| row.rem_euclid(frames as i64) as usize * joints + number;
        let gap = row - self.last;
        let before = self.joints[at(self.last)];
        if gap > 1 && gap < frames as i64 && before[2] > 0.0 && joint[2] > 0.0 {
            for step in 1..gap {
                let t = step as f32 / gap as f32;
                let between = std::array::from_fn(|i| before[i] + (joint[i] - before[i]) * t);
                self.joints[at(self.last + step)] = between;
            }
        }
        self.joints[at(row)] = joint;
    }
}

/// Returns the mean of some keypoints with the lowest of their scores; zero if one isn't seen.
fn joint(points: &[Keypoint], sources: &[usize], (w, h): (f32, f32)) -> Joint {
    let mut middle = [0.0, 0.0, f32::INFINITY];
    for &source in sources {
        let Some(point) = points.get(source).filter(|p| p.score >= MIN_SCORE) else { return [0.0; 3] };
        middle[0] += point.x / sources.len() as f32;
        middle[1] += point.y / sources.len() as f32;
        middle[2] = middle[2].min(point.score);
    }
    let joint = [middle[0] / w - 0.5, middle[1] / h - 0.5, middle[2]];
    if joint.iter().all(|v| v.is_finite()) { joint } else { [0.0; 3] }
}

#[cfg(test)]
mod tests {
    use super::super::results::Detection;
    use super::super::spec::Task;
    use super::*;

    /// One person a box; the points stand at the box's corner, each `number` pixels to the right.
    fn people(boxes: &[[f32; 4]]) -> Results {
        let mut results = Results::default();
        results.clear(Task::Pose, (200, 100));
        for bbox in boxes {
            let mut detection = Detection::new(0, 0.9, *bbox);
            detection.keypoints = (results.keypoints.len(), 17);
            for number in 0..17 {
                results.keypoints.push(Keypoint { x: bbox[0] + number as f32, y: bbox[1], score: 0.5 });
            }
            results.detections.push(detection);
        }
        results
    }

    fn tensor(skeletons: &mut Skeletons, len: usize) -> Vec<f32> {
        let mut values = vec![7.0; len];
        skeletons.write(&mut TensorMut::F32(&mut values));
        values
    }

    /// Axis, frame, joint, person of a tensor of 4 frames, 18 joints, 2 people.
    fn at(values: &[f32], axis: usize, frame: usize, joint: usize, person: usize) -> f32 {
        values[((axis * 4 + frame) * 18 + joint) * 2 + person]
    }

    #[test]
    fn openpose_has_a_neck_between_the_shoulders() {
        let mut skeletons = Skeletons::new(Joints::OpenPose, 4, 2);
        skeletons.push(&people(&[[20.0, 25.0, 60.0, 90.0]]), 0.0);
        let values = tensor(&mut skeletons, 3 * 4 * 18 * 2);
        // The nose (point 0) at 20 of 200 and 25 of 100; shoulders are points 5 and 6.
        assert!((at(&values, 0, 3, 0, 0) - (0.1 - 0.5)).abs() < 1e-6);
        assert!((at(&values, 1, 3, 0, 0) - (0.25 - 0.5)).abs() < 1e-6);
        assert!((at(&values, 0, 3, 1, 0) - (25.5 / 200.0 - 0.5)).abs() < 1e-6);
        assert!((at(&values, 2, 3, 1, 0) - 0.5).abs() < 1e-6);
        // The right wrist is OpenPose's fourth and COCO's tenth; the left ear its seventeenth and COCO's third.
        assert!((at(&values, 0, 3, 4, 0) - (30.0 / 200.0 - 0.5)).abs() < 1e-6);
        assert!((at(&values, 0, 3, 17, 0) - (23.0 / 200.0 - 0.5)).abs() < 1e-6);
        // Nobody before, and nobody else.
        assert_eq!([at(&values, 0, 2, 0, 0), at(&values, 2, 3, 0, 1)], [0.0, 0.0]);
    }

    #[test]
    fn people_keep_their_slot_and_gaps_are_bridged() {
        let (left, right) = ([20.0, 25.0, 60.0, 90.0], [120.0, 25.0, 160.0, 90.0]);
        let mut skeletons = Skeletons::new(Joints::OpenPose, 4, 2);
        skeletons.push(&people(&[left, right]), 0.0);
        assert!(!skeletons.is_enough(), "one frame tells nothing");
        // A tenth of a second later, in another order; the left one moved by 3 pixels.
        let moved = [23.0, 25.0, 63.0, 90.0];
        skeletons.push(&people(&[right, moved]), 0.1);
        assert!(skeletons.is_enough());
        let values = tensor(&mut skeletons, 3 * 4 * 18 * 2);
        let nose = |person| [0, 1, 2, 3].map(|frame| (at(&values, 0, frame, 0, person) + 0.5) * 200.0);
        let near = |got: [f32; 4], want: [f32; 4]| got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-3);
        assert!(near(nose(0), [20.0, 21.0, 22.0, 23.0]), "{:?}", nose(0));
        assert!(near(nose(1), [120.0; 4]), "{:?}", nose(1));
    }

    #[test]
    fn who_left_is_forgotten_and_going_back_begins_anew() {
        let mut skeletons = Skeletons::new(Joints::OpenPose, 4, 2);
        skeletons.push(&people(&[[20.0, 25.0, 60.0, 90.0]]), 0.0);
        skeletons.push(&people(&[]), 1.0);
        assert!(tensor(&mut skeletons, 3 * 4 * 18 * 2).iter().all(|v| *v == 0.0));
        skeletons.push(&people(&[[20.0, 25.0, 60.0, 90.0]]), 1.1);
        skeletons.push(&people(&[[20.0, 25.0, 60.0, 90.0]]), 0.5);
        assert!(!skeletons.is_enough());
        let values = tensor(&mut skeletons, 3 * 4 * 18 * 2);
        assert_eq!((at(&values, 2, 3, 0, 0), at(&values, 2, 2, 0, 0)), (0.5, 0.0));
    }

    #[test]
    fn crowds_are_bounded() {
        let mut skeletons = Skeletons::new(Joints::Ntu, 8, 2);
        for time in 0..20 {
            let boxes: Vec<[f32; 4]> = (0..50)
                .map(|i| {
                    let x = ((i * 37 + time * 11) % 190) as f32;
                    [x, 0.0, x + 2.0, 2.0]
                })
                .collect();
            skeletons.push(&people(&boxes), f64::from(time) * 0.03);
        }
        assert!(skeletons.tracks.len() <= MAX_PEOPLE);
        assert!(tensor(&mut skeletons, 3 * 8 * 25 * 2).iter().all(|v| v.is_finite()));
    }

    #[test]
    fn points_that_are_not_seen_are_zero() {
        let mut results = people(&[[20.0, 25.0, 60.0, 90.0]]);
        results.keypoints[6].score = 0.02;
        let mut skeletons = Skeletons::new(Joints::OpenPose, 4, 2);
        skeletons.push(&results, 0.0);
        let values = tensor(&mut skeletons, 3 * 4 * 18 * 2);
        // The right shoulder, and with it the neck.
        assert_eq!([at(&values, 0, 3, 1, 0), at(&values, 0, 3, 2, 0)], [0.0, 0.0]);
        assert!(at(&values, 2, 3, 5, 0) > 0.0);
    }
}
