//! The results of a model for one frame. All coordinates are pixels of the source frame.
//!
//! A `Results` is filled for every frame and reuses its buffers.

use super::spec::Task;

/// One detected object.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Index into the model's labels.
    pub class_id: u32,
    /// 0..=1.
    pub score: f32,
    /// x1, y1, x2, y2; for an oriented box its axis-aligned hull.
    pub bbox: [f32; 4],
    /// The oriented box, if the task has them.
    pub oriented: Option<Oriented>,
    /// Its part of [`Results::keypoints`], as (first, count); (0, 0) without keypoints.
    pub keypoints: (usize, usize),
    /// Its index into [`Results::masks`].
    pub mask: Option<usize>,
    /// The track that it belongs to, counted from 1; `None` without a tracker or before its track is confirmed.
    pub track_id: Option<u32>,
    /// Class and box as the model gave them, where a tracker has changed them.
    pub measured: Option<(u32, [f32; 4])>,
    /// How opaque it is drawn, 0..=1: below 1 where it is shown although the newest results don't have it.
    pub opacity: f32,
}

impl Detection {
    /// A plain box.
    #[must_use]
    pub fn new(class_id: u32, score: f32, bbox: [f32; 4]) -> Self {
        Self {
            class_id,
            score,
            bbox,
            oriented: None,
            keypoints: (0, 0),
            mask: None,
            track_id: None,
            measured: None,
            opacity: 1.0,
        }
    }
}

/// A box turned by an angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oriented {
    /// The four corners in order around the box.
    pub corners: [[f32; 2]; 4],
    /// Radians.
    pub angle: f32,
}

/// A point of a pose or face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keypoint {
    pub x: f32,
    pub y: f32,
    /// How sure the model is that it is visible, 0..=1; 1 if the model gives no value.
    pub score: f32,
}

/// The mask of one detection: a grid stretched over a part of the frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mask {
    /// The part of the frame that the grid covers: x1, y1, x2, y2 in frame pixels.
    pub region: [f32; 4],
    /// Columns of the grid.
    pub width: usize,
    /// Rows of the grid.
    pub height: usize,
    /// Row by row, 0 = outside, 255 = inside; values between are soft edges (≥ 128 counts as inside).
    pub data: Vec<u8>,
}

/// A value for every pixel: an image, a class map, a matte or a depth map, stretched over the frame's
/// `region`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plane {
    /// The part of the frame that the plane covers: x1, y1, x2, y2 in frame pixels.
    pub region: [f32; 4],
    pub width: usize,
    pub height: usize,
    pub values: PlaneValues,
}

/// The values of a [`Plane`].
#[derive(Clone, Debug, PartialEq)]
pub enum PlaneValues {
    /// RGBA, four bytes a pixel (style transfer, enhancement).
    Image(Vec<u8>),
    /// A class index a pixel (semantic segmentation).
    Classes(Vec<u16>),
    /// 0..=1 a pixel, 1 = foreground (matting).
    Matte(Vec<f32>),
    /// Distance or its inverse a pixel.
    Depth {
        values: Vec<f32>,
        /// Larger values are nearer (MiDaS, Depth Anything) instead of farther (metres).
        larger_is_nearer: bool,
        /// Values are metres.
        metric: bool,
    },
}

impl Default for PlaneValues {
    fn default() -> Self {
        Self::Image(Vec::new())
    }
}

/// A class of the whole image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassScore {
    pub class_id: u32,
    /// Probability, 0..=1.
    pub score: f32,
}

/// The results of a model for one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    pub task: Task,
    /// Width and height of the frame that all coordinates refer to.
    pub frame_size: (u32, u32),
    /// Best first.
    pub detections: Vec<Detection>,
    /// The keypoints of all detections, one after the other.
    pub keypoints: Vec<Keypoint>,
    pub masks: Vec<Mask>,
    /// Best first (classification, action).
    pub top: Vec<ClassScore>,
    pub plane: Option<Plane>,
    /// They were found in an earlier frame and moved to this one; see [`crate::motion`].
    pub moved: bool,
    /// The buffer of the last image, for the next one.
    spare: Vec<u8>,
    /// The buffer of the last matte or depth map, for the next one.
    spare_floats: Vec<f32>,
    /// The buffer of the last class map, for the next one.
    spare_classes: Vec<u16>,
    /// Masks of earlier frames, whose buffers are reused.
    spare_masks: Vec<Mask>,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            task: Task::Detect,
            frame_size: (0, 0),
            detections: Vec::new(),
            keypoints: Vec::new(),
            masks: Vec::new(),
            top: Vec::new(),
            plane: None,
            moved: false,
            spare: Vec::new(),
            spare_floats: Vec::new(),
            spare_classes: Vec::new(),
            spare_masks: Vec::new(),
        }
    }
}

impl Results {
    /// Empties everything for the next frame; buffers stay.
    pub fn clear(&mut self, task: Task, frame_size: (u32, u32)) {
        self.task = task;
        self.frame_size = frame_size;
        self.moved = false;
        self.detections.clear();
        self.keypoints.clear();
        self.spare_masks.append(&mut self.masks);
        self.top.clear();
        match self.plane.take().map(|plane| plane.values) {
            Some(PlaneValues::Image(pixels)) => self.spare = pixels,
            Some(PlaneValues::Matte(values) | PlaneValues::Depth { values, .. }) => {
                self.spare_floats = values;
            }
            Some(PlaneValues::Classes(classes)) => self.spare_classes = classes,
            None => {}
        }
    }

    /// A buffer for an image's pixels: the last one's, so that a stream of images allocates nothing.
    pub(super) fn take_pixels(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spare)
    }

    /// A buffer for a matte or depth map: the last one's, so that a stream of them allocates nothing.
    pub(super) fn take_floats(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.spare_floats)
    }

    /// A buffer for a class map: the last one's.
    pub(super) fn take_classes(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.spare_classes)
    }

    /// A mask to be written, with an earlier one's buffer.
    pub(crate) fn take_mask(&mut self) -> Mask {
        self.spare_masks.pop().unwrap_or_default()
    }

    /// Returns a mask that wasn't needed.
    pub(super) fn give_mask(&mut self, mask: Mask) {
        self.spare_masks.push(mask);
    }

    /// The keypoints of one detection.
    #[must_use]
    pub fn keypoints_of(&self, detection: &Detection) -> &[Keypoint] {
        let (first, count) = detection.keypoints;
        self.keypoints.get(first..first + count).unwrap_or_default()
    }

    /// The mask of one detection.
    #[must_use]
    pub fn mask_of(&self, detection: &Detection) -> Option<&Mask> {
        self.masks.get(detection.mask?)
    }
}

/// Milliseconds that each stage took for one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StageTimes {
    /// Source bytes → RGBA pixels.
    pub decode: f32,
    /// Pixels → tensor.
    pub input: f32,
    /// The network.
    pub inference: f32,
    /// Tensors → results.
    pub output: f32,
    /// All of them.
    pub total: f32,
}
