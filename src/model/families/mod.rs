//! The families of models that Sightline reads: a family is a way in which models are exported, and one file here. It says
//! what in a model file shows the family (rules), what goes in (spec) and how the outputs are read (decoder).
//!
//! A new family is a file with a [`Definition`] named `FAMILY`, its `mod` line, its line in the table below, and its row in
//! `docs/families.md`.

mod decode;
mod definition;
mod error;
mod shared;

mod centerface;
mod classifier;
mod damo_yolo;
mod depth;
mod enhance;
mod fastestdet;
mod gan;
mod matting;
mod movenet;
mod nanodet;
mod neural_style;
mod nms_inside;
mod ppyoloe;
mod rfdetr;
mod rtdetr;
mod rtdetr_ultralytics;
mod rvm;
mod segmenter;
mod st_gcn;
mod super_resolution;
mod tf_detection;
mod ultraface;
mod ultralytics;
mod yolo_nas;
mod yolov10_corners;
mod yolov2;
mod yolov3_keras;
mod yolov4;
mod yolov4_keras;
mod yolov5;
mod yolov5_face;
mod yolov6;
mod yolov7;
mod yolov9;
mod yolox;
mod yunet;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use decode::{Candidate, Context, Scratch, decode};
pub use error::OutputError;
pub use shared::image_input::ImageInput;
pub use shared::masks::MaskParts;

pub(super) use classifier::RANGE_IS_GUESSED;
pub(super) use decode::decode_into;
#[cfg(test)]
pub(super) use decode::testing;
use definition::Definition;
pub(super) use definition::Rule;

use super::spec::{Task, Thresholds};

/// Declares [`Family`] from lines of module, variant and doc text.
macro_rules! families {
    ($($module:ident: $family:ident = $doc:literal,)+) => {
        /// A way in which models are exported: which rules recognise a file and which decoder reads its outputs. Several
        /// published models share one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Family {
            $(#[doc = $doc] $family,)+
        }

        impl Family {
            /// Every family, in the order of the table.
            pub const ALL: [Self; [$(Self::$family),+].len()] = [$(Self::$family),+];

            fn definition(self) -> &'static Definition {
                match self {
                    $(Self::$family => &$module::FAMILY,)+
                }
            }
        }

        /// The names in sidecars, in the order of the table.
        const IDS: &[&str] = &[$($module::FAMILY.id),+];
    };
}

// In the order in which their rules are tried. What a rule goes by comes first, though (see `Rule`): all rules that go by
// inputs, then all that go by metadata, by outputs, by shapes; the order decides within each kind.
families! {
    rvm: Rvm = "Robust Video Matting, whose state goes from frame to frame.",
    rtdetr: RtDetr = "RT-DETR v1 and v2, D-FINE, DEIM and DEIMv2 with their post-processor.",
    ppyoloe: PpYoloe = "PP-YOLOE(+) and others, exported by PaddleDetection.",
    tf_detection: TfDetection = "TensorFlow's object detection with its post-processing: SSD-MobileNet and others.",
    yolov3_keras: Yolov3Keras = "YOLOv3 and Tiny YOLOv3 of the ONNX model zoo: NMS inside.",
    rtdetr_ultralytics: RtDetrUltralytics = "RT-DETR as Ultralytics exports it.",
    yolov5_face: Yolov5Face = "YOLOv5 for faces with five landmarks: joined or raw maps.",
    yolov7: Yolov7 = "YOLOv7: joined (`--grid`), raw maps, or with NMS inside (`--end2end --max-wh`).",
    yolov6: Yolov6 = "Meituan YOLOv6: an objectness of 1 everywhere.",
    ultralytics: Ultralytics = "Ultralytics v3u, v5u, v8, v9, 11, 12 and others with their heads; end-to-end heads (v10, 26) included.",
    yolov5: Yolov5 = "YOLOv5 and YOLOv3 of the YOLOv5 project: objectness and classes.",
    yolov9: Yolov9 = "YOLOv9 of its own project, with one head or two.",
    yolov10_corners: Yolov10Corners = "YOLOv10's own project without its end-to-end head: boxes as corners; only chosen by hand.",
    centerface: CenterFace = "CenterFace: faces with five landmarks.",
    yunet: YuNet = "OpenCV's face detector with five landmarks.",
    movenet: MoveNet = "Google's MoveNet: one person, or six.",
    ultraface: UltraFace = "Linzaer's small face detector.",
    yolov4: Yolov4 = "YOLOv4 of Tianxiaomo: boxes and confidences.",
    yolov4_keras: Yolov4Keras = "YOLOv4 of the ONNX model zoo: raw maps, channels last.",
    nanodet: NanoDet = "NanoDet v1 and NanoDet-Plus.",
    yolo_nas: YoloNas = "YOLO-NAS and others of super-gradients: batch or flat format, or without NMS.",
    damo_yolo: DamoYolo = "DAMO-YOLO: scores and boxes.",
    rfdetr: RfDetr = "Roboflow RF-DETR.",
    nms_inside: NmsInside = "Final boxes, scores and classes in separate outputs.",
    yolox: Yolox = "Megvii YOLOX.",
    yolov2: Yolov2 = "YOLOv2 and Tiny YOLOv2 of the ONNX model zoo: raw maps.",
    fastestdet: FastestDet = "FastestDet.",
    st_gcn: StGcn = "One score an action for skeletons over time, which a pose model finds.",
    classifier: Classifier = "One score for each class for the whole image, of any training.",
    segmenter: Segmenter = "One score a class and pixel: DeepLab, FCN, U-Net.",
    super_resolution: SuperResolution = "The image that comes out is larger.",
    neural_style: NeuralStyle = "An image in 0..255 goes in and comes out: fast neural style.",
    gan: Gan = "An image in -1..1 goes in and comes out: AnimeGAN, CartoonGAN, CycleGAN, pix2pix.",
    enhance: Enhance = "An image in 0..1 goes in and comes out: low-light enhancement, restoration.",
    matting: Matting = "A matte of the foreground: MediaPipe selfie, MODNet, U²-Net.",
    depth: Depth = "Relative depth: MiDaS, Depth Anything, TCMonoDepth.",
}

impl Family {
    /// The name in sidecars, catalogues and JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.definition().id
    }

    /// The name that people know.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The tasks that models of this family can have; the first is the usual one.
    #[must_use]
    pub fn tasks(self) -> &'static [Task] {
        self.definition().tasks
    }

    /// Every family in the order of their names, for lists that people choose from.
    #[must_use]
    pub fn by_name() -> [Self; Self::ALL.len()] {
        let mut families = Self::ALL;
        families.sort_by_key(|family| family.name().to_lowercase());
        families
    }

    /// The family of this id, or of an id that earlier versions wrote.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| {
            let definition = family.definition();
            definition.id == id || definition.quirks.old_ids.contains(&id)
        })
    }

    /// The rules that recognise the family.
    pub(super) fn rules(self) -> &'static [Rule] {
        self.definition().rules
    }

    /// Builds the spec of a model whose family the user chose; `None` if the family doesn't take an image.
    pub(super) fn spec_by_hand(
        self,
        graph: &super::file::GraphInfo,
        image: &ImageInput,
        overrides: &super::sidecar::Sidecar,
    ) -> Option<super::Spec> {
        (self.definition().by_hand)(graph, image, overrides)
    }

    /// Whether its networks take any size although their files fix one.
    pub(super) fn takes_any_size(self) -> bool {
        self.definition().quirks.takes_any_size
    }

    /// The limits of the project's own programs, which hold until the user sets others.
    #[must_use]
    pub fn thresholds(self) -> Thresholds {
        let quirks = &self.definition().quirks;
        Thresholds { conf: quirks.conf, iou: quirks.iou, ..Thresholds::default() }
    }

    /// Settles by runs what no file of the family shows.
    pub(super) fn probe(
        self,
        network: &mut super::network::Network,
        graph: &super::file::GraphInfo,
        overrides: &super::sidecar::Sidecar,
    ) -> Result<(), super::ModelError> {
        self.definition().quirks.probe.map_or(Ok(()), |probe| probe(network, graph, overrides))
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Family {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_id(&id).ok_or_else(|| de::Error::unknown_variant(&id, IDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What version 0.1 wrote into sidecars: the variants' names in kebab case.
    const OLD_IDS: [(&str, Family); 36] = [
        ("rvm", Family::Rvm),
        ("rt-detr", Family::RtDetr),
        ("pp-yoloe", Family::PpYoloe),
        ("tf-detection", Family::TfDetection),
        ("yolov3-keras", Family::Yolov3Keras),
        ("rt-detr-ultralytics", Family::RtDetrUltralytics),
        ("yolov5-face", Family::Yolov5Face),
        ("yolov7", Family::Yolov7),
        ("yolov6", Family::Yolov6),
        ("ultralytics", Family::Ultralytics),
        ("yolov5", Family::Yolov5),
        ("yolov9", Family::Yolov9),
        ("yolov10-corners", Family::Yolov10Corners),
        ("center-face", Family::CenterFace),
        ("yu-net", Family::YuNet),
        ("move-net", Family::MoveNet),
        ("ultra-face", Family::UltraFace),
        ("yolov4", Family::Yolov4),
        ("yolov4-keras", Family::Yolov4Keras),
        ("nano-det", Family::NanoDet),
        ("yolo-nas", Family::YoloNas),
        ("damo-yolo", Family::DamoYolo),
        ("rf-detr", Family::RfDetr),
        ("nms-inside", Family::NmsInside),
        ("yolox", Family::Yolox),
        ("yolov2", Family::Yolov2),
        ("fastest-det", Family::FastestDet),
        ("st-gcn", Family::StGcn),
        ("classifier", Family::Classifier),
        ("segmenter", Family::Segmenter),
        ("super-resolution", Family::SuperResolution),
        ("neural-style", Family::NeuralStyle),
        ("gan", Family::Gan),
        ("enhance", Family::Enhance),
        ("matting", Family::Matting),
        ("depth", Family::Depth),
    ];

    #[test]
    fn every_id_of_earlier_versions_is_read() {
        #[derive(Deserialize)]
        struct File {
            family: Family,
        }
        for (id, family) in OLD_IDS {
            let file: File = toml::from_str(&format!("family = '{id}'")).expect(id);
            assert_eq!(file.family, family, "{id}");
        }
        for family in Family::ALL {
            let written = serde_json::to_string(&family).expect("a string");
            assert_eq!(written, format!("\"{}\"", family.id()));
            assert_eq!(serde_json::from_str::<Family>(&written).expect("its own id"), family);
        }
        let error = serde_json::from_str::<Family>("\"abacus\"").expect_err("unknown").to_string();
        assert!(error.contains("abacus") && error.contains("`yolox`"), "{error}");
    }

    #[test]
    fn ids_are_unique_and_every_family_has_a_task_and_a_row_in_the_docs() {
        let docs = include_str!("../../../docs/families.md");
        let mut ids: Vec<&str> = Family::ALL
            .iter()
            .flat_map(|family| {
                std::iter::once(family.id()).chain(family.definition().quirks.old_ids.iter().copied())
            })
            .collect();
        for family in Family::ALL {
            assert!(!family.tasks().is_empty() && !family.name().is_empty(), "{family:?}");
            assert!(docs.contains(&format!("(`{}`)", family.id())), "{} has no row", family.id());
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
