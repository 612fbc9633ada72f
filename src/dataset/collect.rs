//! Labels out of what a model found.

use super::types::{Annotation, ImageClass, KeypointScheme, LabelPoint, Origin, State, Visibility};
use crate::save::FrameRecord;
use crate::save::record::DetectionRecord;

/// A keypoint with a lower score counts as not labelled; it isn't drawn either.
const MIN_POINT_SCORE: f64 = 0.5;

/// The labels of a frame, before they are part of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// Each with the name of its class; their index of a class means nothing.
    pub annotations: Vec<(String, Annotation)>,
    /// The class of the whole image, with its name.
    pub class: Option<(String, ImageClass)>,
    pub origin: Option<Origin>,
}

/// What a model found in a frame, as labels in this state; see [`FrameRecord::new`] for a frame's results. Of a classifier the
/// likeliest class is taken.
#[must_use]
pub fn labels_of(record: &FrameRecord, state: State) -> Collected {
    let top = record.top.iter().flatten().next();
    Collected {
        annotations: record
            .detections
            .iter()
            .map(|found| (found.label.clone(), annotation(found, state)))
            .collect(),
        class: top.map(|top| (top.label.clone(), ImageClass { class: 0, state, score: Some(top.score) })),
        origin: Some(Origin {
            source: record.source.clone(),
            frame: record.frame,
            time_s: record.time_s,
            model: record.model.clone(),
        }),
    }
}

fn annotation(found: &DetectionRecord, state: State) -> Annotation {
    let point = |&[x, y, score]: &[f64; 3]| {
        if score >= MIN_POINT_SCORE {
            LabelPoint { x, y, visibility: Visibility::Visible }
        } else {
            LabelPoint::default()
        }
    };
    Annotation {
        state,
        score: Some(found.score),
        mask: found.mask.clone(),
        keypoints: found.keypoints.iter().flatten().map(point).collect(),
        corners: found.corners,
        track_id: found.track_id,
        ..Annotation::new(0, found.bbox)
    }
}

impl KeypointScheme {
    /// COCO's 17 points of a person.
    #[must_use]
    pub fn coco_person() -> Self {
        let names = [
            "nose",
            "left_eye",
            "right_eye",
            "left_ear",
            "right_ear",
            "left_shoulder",
            "right_shoulder",
            "left_elbow",
            "right_elbow",
            "left_wrist",
            "right_wrist",
            "left_hip",
            "right_hip",
            "left_knee",
            "right_knee",
            "left_ankle",
            "right_ankle",
        ];
        let skeleton = [
            [15, 13],
            [13, 11],
            [16, 14],
            [14, 12],
            [11, 12],
            [5, 11],
            [6, 12],
            [5, 6],
            [5, 7],
            [6, 8],
            [7, 9],
            [8, 10],
            [1, 2],
            [0, 1],
            [0, 2],
            [1, 3],
            [2, 4],
            [3, 5],
            [4, 6],
        ];
        Self {
            names: names.map(String::from).to_vec(),
            skeleton: skeleton.to_vec(),
            flip: vec![0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15],
        }
    }

    /// The scheme of so many points that a model found: COCO's person for 17, a face for 5, numbers otherwise.
    #[must_use]
    pub fn of_count(count: usize) -> Self {
        match count {
            17 => Self::coco_person(),
            5 => Self {
                names: ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"]
                    .map(String::from)
                    .to_vec(),
                skeleton: Vec::new(),
                flip: vec![1, 0, 2, 4, 3],
            },
            _ => Self { names: (1..=count).map(|number| number.to_string()).collect(), ..Self::default() },
        }
    }
}
