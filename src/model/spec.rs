//! What a model is: family, task, input, output and labels, with the evidence for it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::labels::Labels;

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

/// A way in which models are exported: which decoder reads the output. Several published models share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Ultralytics v3u, v5u, v8, v9, 11, 12 and their kin; end-to-end heads (v10, 26) included.
    Ultralytics,
    /// YOLOv2 and Tiny YOLOv2 of the ONNX model zoo: raw maps.
    Yolov2,
    /// YOLOv3 and Tiny YOLOv3 of the ONNX model zoo: NMS inside.
    Yolov3Keras,
    /// YOLOv4 of Tianxiaomo: boxes and confidences.
    Yolov4,
    /// YOLOv4 of the ONNX model zoo: raw maps, channels last.
    Yolov4Keras,
    /// YOLOv5 and YOLOv3 of the YOLOv5 project: objectness and classes.
    Yolov5,
    /// Meituan YOLOv6: an objectness of 1 everywhere.
    Yolov6,
    /// YOLOv7: joined (`--grid`), raw maps, or with NMS inside (`--end2end --max-wh`).
    Yolov7,
    /// YOLOv9 of its own project, with one head or two.
    Yolov9,
    /// YOLOv10's own project without its end-to-end head: boxes as corners. No file tells; chosen by hand.
    Yolov10Corners,
    /// Megvii YOLOX.
    Yolox,
    /// YOLO-NAS and others of super-gradients: batch or flat format, or without NMS.
    YoloNas,
    /// PP-YOLOE(+) and its kin, exported by PaddleDetection.
    PpYoloe,
    /// DAMO-YOLO: scores and boxes.
    DamoYolo,
    /// NanoDet v1 and NanoDet-Plus.
    NanoDet,
    /// FastestDet.
    FastestDet,
    /// RT-DETR v1 and v2, D-FINE, DEIM and DEIMv2 with their post-processor.
    RtDetr,
    /// RT-DETR as Ultralytics exports it.
    RtDetrUltralytics,
    /// Roboflow RF-DETR.
    RfDetr,
    /// TensorFlow's object detection with its post-processing: SSD-MobileNet and others.
    TfDetection,
    /// Final boxes, scores and classes in separate outputs.
    NmsInside,
    /// Face detector with five landmarks.
    CenterFace,
    /// Linzaer's small face detector.
    UltraFace,
    /// OpenCV's face detector with five landmarks.
    YuNet,
    /// YOLOv5 for faces with five landmarks: joined or raw maps.
    Yolov5Face,
    /// Google's MoveNet: one person, or six.
    MoveNet,
    /// An image in 0..255 goes in and comes out: fast neural style.
    NeuralStyle,
    /// An image in −1..1 goes in and comes out: AnimeGAN, CartoonGAN, CycleGAN, pix2pix.
    Gan,
    /// An image in 0..1 goes in and comes out: low-light enhancement, restoration.
    Enhance,
    /// The image that comes out is larger.
    SuperResolution,
    /// A matte of the foreground: MediaPipe selfie, MODNet, U²-Net.
    Matting,
    /// Robust Video Matting, whose state goes from frame to frame.
    Rvm,
    /// Relative depth: MiDaS, Depth Anything, TCMonoDepth.
    Depth,
    /// One score an action for skeletons over time, which a pose model finds.
    StGcn,
    /// One score a class for the whole image, whoever trained it.
    Classifier,
    /// One score a class and pixel: DeepLab, FCN, U-Net.
    Segmenter,
}

impl Family {
    /// Every family that can be chosen by hand.
    pub const ALL: [Self; 36] = [
        Self::Ultralytics,
        Self::Yolov2,
        Self::Yolov3Keras,
        Self::Yolov4,
        Self::Yolov4Keras,
        Self::Yolov5,
        Self::Yolov6,
        Self::Yolov7,
        Self::Yolov9,
        Self::Yolov10Corners,
        Self::Yolox,
        Self::YoloNas,
        Self::PpYoloe,
        Self::DamoYolo,
        Self::NanoDet,
        Self::FastestDet,
        Self::RtDetr,
        Self::RtDetrUltralytics,
        Self::RfDetr,
        Self::TfDetection,
        Self::NmsInside,
        Self::CenterFace,
        Self::UltraFace,
        Self::YuNet,
        Self::Yolov5Face,
        Self::MoveNet,
        Self::NeuralStyle,
        Self::Gan,
        Self::Enhance,
        Self::SuperResolution,
        Self::Matting,
        Self::Rvm,
        Self::Depth,
        Self::StGcn,
        Self::Classifier,
        Self::Segmenter,
    ];

    /// The name that people know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ultralytics => "Ultralytics YOLO",
            Self::Yolov2 => "YOLOv2",
            Self::Yolov3Keras => "YOLOv3 (model zoo)",
            Self::Yolov4 => "YOLOv4",
            Self::Yolov4Keras => "YOLOv4 (model zoo)",
            Self::Yolov5 => "YOLOv5",
            Self::Yolov6 => "YOLOv6",
            Self::Yolov7 => "YOLOv7",
            Self::Yolov9 => "YOLOv9",
            Self::Yolov10Corners => "YOLOv10 (raw head)",
            Self::Yolox => "YOLOX",
            Self::YoloNas => "YOLO-NAS",
            Self::PpYoloe => "PP-YOLOE",
            Self::DamoYolo => "DAMO-YOLO",
            Self::NanoDet => "NanoDet",
            Self::FastestDet => "FastestDet",
            Self::RtDetr => "RT-DETR, D-FINE, DEIM",
            Self::RtDetrUltralytics => "RT-DETR (Ultralytics)",
            Self::RfDetr => "RF-DETR",
            Self::TfDetection => "TensorFlow detection (SSD)",
            Self::NmsInside => "Detector with NMS inside",
            Self::CenterFace => "CenterFace",
            Self::UltraFace => "UltraFace",
            Self::YuNet => "YuNet",
            Self::Yolov5Face => "YOLOv5-face",
            Self::MoveNet => "MoveNet",
            Self::NeuralStyle => "Fast neural style",
            Self::Gan => "AnimeGAN, CycleGAN, pix2pix",
            Self::Enhance => "Image enhancement",
            Self::SuperResolution => "Super-resolution",
            Self::Matting => "Matting (selfie, MODNet)",
            Self::Rvm => "Robust Video Matting",
            Self::Depth => "Depth (MiDaS, Depth Anything)",
            Self::StGcn => "ST-GCN",
            Self::Classifier => "Classifier",
            Self::Segmenter => "Semantic segmentation",
        }
    }

    /// The tasks that models of this family can have; the first is the usual one.
    #[must_use]
    pub fn tasks(self) -> &'static [Task] {
        match self {
            Self::Ultralytics => &[
                Task::Detect,
                Task::Segment,
                Task::Pose,
                Task::Obb,
                Task::Classify,
                Task::Semantic,
                Task::Depth,
            ],
            Self::Yolov5 | Self::RfDetr => &[Task::Detect, Task::Segment],
            Self::MoveNet => &[Task::Pose],
            Self::NeuralStyle | Self::Gan | Self::Enhance | Self::SuperResolution => &[Task::Stylize],
            Self::Matting | Self::Rvm => &[Task::Matte],
            Self::Depth => &[Task::Depth],
            Self::StGcn => &[Task::Action],
            Self::Classifier => &[Task::Classify],
            Self::Segmenter => &[Task::Semantic],
            _ => &[Task::Detect],
        }
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

/// How the image becomes a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Name of the image's input.
    pub name: String,
    pub layout: Layout,
    pub element: Element,
    pub size: Size,
    pub fit: Fit,
    pub order: ColourOrder,
    pub range: Range,
    /// The inputs beside the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Extra>,
}

/// An input beside the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    pub name: String,
    #[serde(flatten)]
    pub value: ExtraValue,
}

/// What an input beside the image is given; its type and shape are the file's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ExtraValue {
    /// The image's size, width first or height first. It is given the size of the network's input, so that boxes
    /// come in input pixels and the way back is the same as for every other family.
    Size { height_first: bool },
    /// This number everywhere.
    Constant { value: f32 },
    /// The factor by which the longer side of the input is brought down to `side` pixels, 1 at most.
    Downsample { side: u32 },
    /// What the network carries from frame to frame: zeros first, then what `output` gave the last time.
    State { output: String },
}

/// What the decoder must know beyond the family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    /// Number of classes, where the output tells or must be told.
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

/// What a model is, and how we know.
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
    /// In plain words, what in the file says so.
    pub evidence: Vec<String>,
    /// How sure we are, 0..=1.
    pub confidence: f32,
}

/// The user's limits on what counts as found. Read anew for every frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// Least score, 0..=1.
    pub conf: f32,
    /// Greatest overlap (IoU) of two boxes of a class that are both kept, 0..=1.
    pub iou: f32,
    /// Most detections a frame.
    pub max_det: usize,
    /// Only these classes, by id; empty: all.
    pub classes: Vec<u32>,
    /// How exact masks are made.
    pub detail: Detail,
}

/// How exact masks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// As the network's own grid has them, for an image that moves.
    #[default]
    Live,
    /// Pixel by pixel of the frame, for what is kept.
    Full,
}

impl Default for Thresholds {
    /// 0.25, 0.7 and 300: what the YOLO programs use.
    fn default() -> Self {
        Self { conf: 0.25, iou: 0.7, max_det: 300, classes: Vec::new(), detail: Detail::Live }
    }
}

impl Thresholds {
    /// Whether the class filter lets `class_id` through.
    #[must_use]
    pub fn allows(&self, class_id: u32) -> bool {
        self.classes.is_empty() || self.classes.contains(&class_id)
    }
}
