//! A comparison of one frame as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::record::{
    ClassRecord, DetectionRecord, FileRecord, FrameInfo, FrameRecord, Milliseconds, ModelRecord,
    SnapshotRecord, round,
};
use super::snapshot::PredictionView;
use crate::model::Task;
use crate::model::agreement::{Agreement, Judge};

/// One frame as `compare --format jsonl` prints it and as the snapshot of a comparison stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRecord {
    pub source: String,
    pub frame: u64,
    pub time_s: Option<f64>,
    /// Width and height.
    pub size: [u32; 2],
    /// In the order in which they are compared.
    pub models: Vec<ComparedModelRecord>,
    /// Each of the other models, compared with the first.
    pub agreement: Vec<AgreementRecord>,
    /// The image that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
}

/// The results of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedModelRecord {
    pub model: Option<String>,
    pub task: Option<Task>,
    pub detections: Vec<DetectionRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<ClassRecord>>,
    pub ms: Option<Milliseconds>,
    /// Only in snapshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ModelRecord>,
    /// Only in snapshots: the median of the last seconds, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<f64>,
}

/// How far a model agrees with the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementRecord {
    /// The names of both models.
    pub of: [String; 2],
    /// 0..=1; `None` if their results cannot be compared.
    pub share: Option<f64>,
    #[serde(flatten)]
    pub details: AgreementDetails,
}

/// The numbers from which the share is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AgreementDetails {
    Found { matched: usize, only_first: usize, only_second: usize, mean_iou: f64 },
    Top { same_top: bool, shared_of_top: usize, top: usize },
    Depth { correlation: f64 },
    None {},
}

impl AgreementRecord {
    /// Returns the record of an agreement between the models of these names.
    #[must_use]
    pub fn new(agreement: &Agreement, of: [&str; 2]) -> Self {
        let details = match *agreement {
            Agreement::Found { matched, only_a, only_b, mean_iou } => AgreementDetails::Found {
                matched,
                only_first: only_a,
                only_second: only_b,
                mean_iou: round(mean_iou, 3),
            },
            Agreement::Top { same, shared, of } => {
                AgreementDetails::Top { same_top: same, shared_of_top: shared, top: of }
            }
            Agreement::Depth(r) => AgreementDetails::Depth { correlation: round(r, 3) },
            Agreement::Pixels(_) | Agreement::NoCommonClasses | Agreement::Incomparable => {
                AgreementDetails::None {}
            }
        };
        Self { of: of.map(str::to_owned), share: agreement.share().map(|s| round(s, 3)), details }
    }
}

impl ComparisonRecord {
    /// Returns the record of a frame. `judge` compares; `info.model` is not used.
    #[must_use]
    pub fn new(info: FrameInfo<'_>, predictions: &[PredictionView<'_>], judge: &mut Judge) -> Self {
        let whole = |p: &PredictionView<'_>| {
            let info = FrameInfo { model: &p.model.name, ..info };
            FrameRecord::new(info, p.results, &p.model.spec.labels, p.times)
        };
        let mut record = Self {
            source: info.source.to_owned(),
            frame: info.frame,
            time_s: info.time_s,
            size: [0, 0],
            models: Vec::new(),
            agreement: Vec::new(),
            image: None,
        };
        for prediction in predictions {
            let FrameRecord { model, task, detections, top, ms, size, time_s, .. } = whole(prediction);
            (record.size, record.time_s) = (size, time_s);
            record.models.push(ComparedModelRecord {
                model,
                task,
                detections,
                top,
                ms,
                details: None,
                median_ms: None,
            });
        }
        if let Some((first, others)) = predictions.split_first() {
            record.agreement.extend(others.iter().map(|other| {
                let agreement = judge.compare(
                    (first.results, &first.model.spec.labels),
                    (other.results, &other.model.spec.labels),
                );
                AgreementRecord::new(&agreement, [&first.model.name, &other.model.name])
            }));
        }
        record
    }
}

/// The JSON of a comparison's snapshot.
pub type ComparisonSnapshotRecord = SnapshotRecord<ComparisonRecord, [FileRecord; 1]>;
