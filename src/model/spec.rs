//! What a model is: family, task, input, output and labels, with the evidence for it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use super::families::Family;
use super::labels::Labels;
pub use super::thresholds::{Detail, Thresholds};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Boxes with classes.
    Detect,
    /// Boxes with classes and a mask each.
    Segment,
    /// A class for every pixel.
    Semantic,
    /// How much every pixel belongs to the foreground.
    Matte,
    /// Boxes with keypoints.
    Pose,
    /// Oriented boxes.
    Obb,
    /// Distance for every pixel.
    Depth,
    /// One class for the image.
    Classify,
    /// Another image of the same scene.
    Stylize,
    /// What people do, from their skeletons over time.
    Action,
}

impl Task {
    /// Every task, in the order in which lists show them.
    pub const ALL: [Self; 10] = [
        Self::Detect,
        Self::Segment,
        Self::Semantic,
        Self::Matte,
        Self::Pose,
        Self::Obb,
        Self::Depth,
        Self::Classify,
        Self::Stylize,
        Self::Action,
    ];

    /// Whether its results are objects: boxes with a class each.
    #[must_use]
    pub fn finds_objects(self) -> bool {
        matches!(self, Self::Detect | Self::Segment | Self::Pose | Self::Obb)
    }

    /// The word used on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Segment => "segment",
            Self::Semantic => "semantic",
            Self::Matte => "matte",
            Self::Pose => "pose",
            Self::Obb => "obb",
            Self::Depth => "depth",
            Self::Classify => "classify",
            Self::Stylize => "stylize",
            Self::Action => "action",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Order of the axes of an image tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channel, row, column: planes.
    Nchw,
    /// Batch, row, column, channel: interleaved.
    Nhwc,
}

/// Type of a tensor's elements, as far as images are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    F32,
    F16,
    U8,
    I32,
}

/// Order of the colour channels that the network was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    Rgb,
    Bgr,
}

/// How an image is fitted into the network's size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Fit {
    /// Scaled to fit, the rest filled with grey `pad`.
    Letterbox {
        /// Grey value of the padding, 0..=255.
        pad: u8,
        /// Padding on both sides (Ultralytics) instead of right and below only (YOLOX).
        centred: bool,
        /// The scaled size is rounded to the nearest pixel (Ultralytics) instead of down (YOLOX).
        rounded: bool,
    },
    /// Scaled to the size, the aspect ratio lost.
    Stretch,
    /// The shorter side scaled to `resize` pixels, then the centre cut out.
    CentreCrop {
        /// Length of the shorter side before cutting.
        resize: u32,
    },
    /// Scaled to a size, the aspect ratio lost, then the centre cut out (`DeiT` in transformers).
    StretchCrop {
        /// Size in pixels before cutting.
        width: u32,
        height: u32,
    },
}

impl Fit {
    /// The letterbox of Ultralytics and of most who follow it.
    pub const LETTERBOX: Self = Self::Letterbox { pad: 114, centred: true, rounded: true };
}

/// Width and height of the input, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Size {
    /// The network takes just this.
    Fixed { width: u32, height: u32 },
    /// The network takes any multiple of `stride`; `width` and `height` bound what we feed it.
    Dynamic { width: u32, height: u32, stride: u32 },
}

impl Size {
    /// The most pixels of an input: those of 8192×8192. No real model takes more, and nothing is allocated for one that
    /// says so.
    pub const MOST_PIXELS: u32 = 1 << 26;

    /// Whether it is larger than any image.
    #[must_use]
    pub fn is_too_large(self) -> bool {
        /// Tables hold some bytes for each row and column.
        const MOST_IN_A_ROW: u32 = 1 << 16;
        let (width, height) = self.bound();
        let longest = width.max(height);
        longest > MOST_IN_A_ROW || u64::from(width) * u64::from(height) > u64::from(Self::MOST_PIXELS)
    }

    /// The size, or the bound for a dynamic one, as (width, height).
    #[must_use]
    pub fn bound(self) -> (u32, u32) {
        match self {
            Self::Fixed { width, height } | Self::Dynamic { width, height, .. } => (width, height),
        }
    }
}

/// What the network's values mean: `value = (byte · scale − mean) / std`, a channel each in the network's own
/// colour order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    pub scale: f32,
    pub mean: [f32; 3],
    pub std: [f32; 3],
}

impl Range {
    /// 0..1, as most detectors take it.
    pub const UNIT: Self = Self { scale: 1.0 / 255.0, mean: [0.0; 3], std: [1.0; 3] };
    /// 0..255, the bytes themselves.
    pub const BYTE: Self = Self { scale: 1.0, mean: [0.0; 3], std: [1.0; 3] };
    /// −1..1, as generators take it.
    pub const SIGNED: Self = Self { scale: 1.0 / 127.5, mean: [1.0; 3], std: [1.0; 3] };
    /// About −1..1, as UltraFace takes it: (value − 127) / 128.
    pub const ULTRAFACE: Self = Self { scale: 1.0, mean: [127.0; 3], std: [128.0; 3] };
    /// ImageNet's mean and standard deviation in bytes (BGR), as NanoDet takes it.
    pub const IMAGENET_BYTES_BGR: Self =
        Self { scale: 1.0, mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395] };
    /// 0..1, then ImageNet's mean and standard deviation (RGB), as torchvision's classifiers take it.
    pub const IMAGENET: Self =
        Self { scale: 1.0 / 255.0, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
}

/// How pixels are resampled where an image changes its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resample {
    /// `cv::resize` with `INTER_LINEAR`: two neighbours an axis, whatever the ratio.
    #[default]
    #[serde(rename = "opencv")]
    OpenCv,
    /// Pillow's bilinear: a triangle that widens with the ratio, so that shrinking smooths (torchvision, timm, Ultralytics).
    Bilinear,
    /// Pillow's bicubic (a = −0.5), which widens likewise.
    Bicubic,
}

/// How the image becomes a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Name of the image's input.
    pub name: String,
    pub layout: Layout,
    pub element: Element,
    pub size: Size,
    pub fit: Fit,
    #[serde(default)]
    pub resample: Resample,
    pub order: ColourOrder,
    pub range: Range,
    /// The inputs other than the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<ExtraInput>,
}

/// An input other than the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtraInput {
    pub name: String,
    #[serde(flatten)]
    pub value: ExtraValue,
}

/// The values of an input other than the image; its type and shape are the file's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ExtraValue {
    /// The size of the network's input, width first or height first. Boxes then come in input pixels, as those of every other
    /// family do.
    Size { height_first: bool },
    /// This number everywhere.
    Constant { value: f32 },
    /// The factor by which the longer side of the input is brought down to `side` pixels, 1 at most.
    Downsample { side: u32 },
    /// A state that the network carries from frame to frame: zeros first, then the values of `output` in the last run.
    State { output: String },
}

impl ExtraValue {
    /// The values that depend on the size of the image input (width, height), which fill the tensor over and over; `None` if none do.
    pub(super) fn of_size(&self, (width, height): (u32, u32)) -> Option<[f32; 2]> {
        let (w, h) = (width as f32, height as f32);
        match self {
            Self::Size { height_first: false } => Some([w, h]),
            Self::Size { height_first: true } => Some([h, w]),
            Self::Downsample { side } => Some([(*side as f32 / w.max(h)).min(1.0); 2]),
            Self::Constant { .. } | Self::State { .. } => None,
        }
    }
}

/// What the decoder needs to know besides the family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    /// Number of classes, if the output shows or needs it.
    pub classes: Option<usize>,
    /// The network did its own NMS: rows are final.
    pub end_to_end: bool,
    /// Boxes were turned into pixels inside the network (YOLOX exports differ).
    pub decoded: bool,
    /// Keypoints: how many, and values each (2 or 3).
    pub keypoints: Option<(usize, usize)>,
    /// NMS over all classes at once instead of a class at a time.
    pub agnostic_nms: bool,
    /// What the values of an output image mean, where it isn't as in the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Anchor boxes of raw heads, width and height, finest map first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<[f32; 2]>,
}

/// What a model is, and how that was found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub family: Family,
    pub task: Task,
    pub input: InputSpec,
    pub output: OutputSpec,
    pub labels: Labels,
    /// A second model that it works with: the pose model whose skeletons it reads, or the matting model that cuts its
    /// image out.
    pub companion: Option<PathBuf>,
    /// What in the file shows it, in plain words.
    pub evidence: Vec<String>,
    /// How sure we are, 0..=1.
    pub confidence: f32,
}
