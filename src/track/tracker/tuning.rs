//! The figures that the tracker works with and that no user needs to know.

/// See the fields. Lengths are shares of an object's size (the side of a square of its area) unless they say otherwise.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How fast an unknown object may move, in sizes a second.
    pub start_speed: f32,
    /// How fast an unknown object's sides may change, in sizes a second.
    pub start_growth: f32,
    /// How much objects accelerate: the root of the spectral density, in sizes a second and root of seconds.
    pub unrest: f32,
    /// The same for width and height.
    pub growth_unrest: f32,
    /// After so many seconds a speed is down to a third.
    pub speed_lasts_s: f32,
    /// After so many seconds the growth of a side is down to a third.
    pub growth_lasts_s: f32,
    /// What boxes are off before anything was measured, as a share of their sides.
    pub start_noise: f32,
    /// How many measurements this stands for.
    pub start_noise_weight: f32,
    /// Over how many measurements the mean is taken.
    pub noise_memory: f32,
    /// Three boxes say something about the noise only if they lie within so many seconds.
    pub noise_span_s: f32,
    /// More than this counts as this.
    pub noise_limit: f32,
    /// The least that a box is taken to be off.
    pub least_noise: f32,
    /// Noise below this share of a side is not smoothed.
    pub quiet: f32,
    /// The quieter direction tells the detector's noise.
    pub joint_noise: bool,
    /// The least overlap of a track's box and a sure detection, of a track's box and an unsure one, of an unconfirmed
    /// track's box and a sure detection.
    pub least_iou: f32,
    pub least_iou_low: f32,
    pub least_iou_new: f32,
    /// What nearness of the centres is worth beside the overlap.
    pub nearness: f32,
    /// How much a detection's score weighs in the assignment, 0..=1.
    pub score_weight: f32,
    /// Unsure detections are given to tracks that were seen within so many seconds.
    pub low_within_s: f64,
    /// An unconfirmed track ends when it isn't seen for so many seconds.
    pub unconfirmed_s: f64,
    /// Of two tracks that overlap more than this the younger one ends.
    pub duplicate_iou: f32,
    /// The gate of a lost track grows by so many sizes a second.
    pub reach: f32,
    /// How much a change of direction costs (OC-SORT).
    pub momentum: f32,
    /// What it is worth to look the same, where it is known what objects look like.
    pub looks: f32,
    /// An object that comes back within so many seconds is recognised by its looks.
    pub recall_s: f64,
    /// Over so many seconds the direction is taken (OC-SORT).
    pub momentum_s: f64,
    /// A track coasts no longer than this share of the time that it was seen for, and so many seconds.
    pub coast_share: f64,
    pub coast_least_s: f64,
    /// The share of a coasting box that must lie within the frame.
    pub least_visible: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            start_speed: 0.7,
            start_growth: 0.3,
            unrest: 0.4,
            growth_unrest: 0.09,
            speed_lasts_s: 2.0,
            growth_lasts_s: 0.55,
            start_noise: 0.05,
            start_noise_weight: 3.0,
            noise_memory: 400.0,
            noise_span_s: 0.3,
            noise_limit: 0.2,
            least_noise: 0.005,
            quiet: 0.01,
            joint_noise: true,
            least_iou: 0.22,
            least_iou_low: 0.4,
            least_iou_new: 0.32,
            nearness: 0.1,
            score_weight: 0.3,
            low_within_s: 0.35,
            unconfirmed_s: 0.035,
            duplicate_iou: 0.9,
            reach: 0.8,
            momentum: 0.2,
            looks: 0.4,
            recall_s: 30.0,
            momentum_s: 0.3,
            coast_share: 1.0,
            coast_least_s: 0.0,
            least_visible: 0.9,
        }
    }
}
