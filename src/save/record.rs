//! The results of one frame as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::rle::Rle;
use crate::engine::ModelInfo;
use crate::frame::Frame;
use crate::model::labels::{Labels, Language};
use crate::model::results::{Detection, Results, StageTimes};
use crate::model::{Task, Thresholds, runtime};
use crate::track::{Distance, Event, EventKind, ExerciseReport, LineReport, Repetitions, Report, ZoneReport};

/// Which frame it is, and which model processed it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameInfo<'a> {
    /// The source as the user named it, or the file of the image.
    pub source: &'a str,
    /// Counted from 0.
    pub frame: u64,
    /// Position in a video, in seconds.
    pub time_s: Option<f64>,
    /// Name of the model's file without its ending.
    pub model: &'a str,
}

impl<'a> FrameInfo<'a> {
    /// Describes `frame`, whose source the user named `source`, and the model of this name.
    #[must_use]
    pub fn of(frame: &'a Frame, source: &'a str, model: &'a str) -> Self {
        Self {
            source: frame.origin.as_deref().unwrap_or(source),
            frame: frame.sequence,
            time_s: frame.time_s,
            model,
        }
    }
}

/// One frame as `predict --format jsonl` prints it and as snapshots store it. Boxes and points are in pixels of the
/// source frame (never mirrored), x1, y1, x2, y2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameRecord {
    pub source: String,
    pub frame: u64,
    pub time_s: Option<f64>,
    /// Width and height.
    pub size: [u32; 2],
    /// `None` if no model processed it.
    pub model: Option<String>,
    pub task: Option<Task>,
    pub detections: Vec<DetectionRecord>,
    /// The likeliest classes of the image, best first (classification, action).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<ClassRecord>>,
    /// The image file that was written for it (style, depth, matte, semantic map).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
    /// What was counted so far, with a scene file: in its order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<Vec<ZoneRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LineRecord>>,
    /// The exercises of a scene file, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercises: Option<Vec<ExerciseRecord>>,
    /// From each track to the nearest other one, if the scene file asks for distances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distances: Option<Vec<DistanceRecord>>,
    pub ms: Option<Milliseconds>,
    /// With `predict --live-latency`: how old the result is that is drawn on this frame, in milliseconds; null while there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<Option<f64>>,
    /// The detections were found in an earlier frame and moved to this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// In recordings: what happened in this frame, if anything did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<FrameEvent>,
}

/// Something that happened to an object in a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameEvent {
    /// `appeared`, `disappeared`, `entered`, `left` or `crossed`.
    pub event: String,
    pub track_id: u32,
    pub class_id: u32,
    /// In English.
    pub label: String,
    /// The zone that was entered or left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The line that was crossed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// `in` or `out`, of a line that was crossed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
}

/// A zone's counts so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneRecord {
    pub name: String,
    pub occupancy: usize,
    pub entries: u32,
    pub exits: u32,
}

/// A line's counts so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRecord {
    pub name: String,
    #[serde(rename = "in")]
    pub inward: u32,
    #[serde(rename = "out")]
    pub outward: u32,
}

/// The repetitions of an exercise so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExerciseRecord {
    pub name: String,
    pub people: Vec<RepetitionsRecord>,
}

/// The repetitions of one person so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepetitionsRecord {
    pub track_id: u32,
    pub count: u32,
    /// Degrees at the joint; `None` while it isn't seen.
    pub angle: Option<f64>,
}

/// The distance between two tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistanceRecord {
    pub tracks: [u32; 2],
    pub distance: f64,
    /// `m` or `px`.
    pub unit: String,
}

/// One detection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionRecord {
    pub class_id: u32,
    /// In English.
    pub label: String,
    /// Rounded to three decimals.
    pub score: f64,
    /// Rounded to one decimal.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Rle>,
    /// x, y, score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<Vec<[f64; 3]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners: Option<[[f64; 2]; 4]>,
    /// Radians.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub angle: Option<f64>,
    /// The track that it belongs to, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_id: Option<u32>,
    /// Of its track, in metres a second, if the scene file knows the perspective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The seconds for which its track has been inside each zone that it is in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dwell_s: BTreeMap<String, f64>,
}

/// A class of the whole frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRecord {
    pub class_id: u32,
    pub label: String,
    pub score: f64,
}

/// The time of each stage in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Milliseconds {
    pub decode: f64,
    pub input: f64,
    pub inference: f64,
    pub output: f64,
    pub total: f64,
}

impl FrameRecord {
    /// Returns the record of a frame that a model processed.
    #[must_use]
    pub fn new(info: FrameInfo<'_>, results: &Results, labels: &Labels, times: &StageTimes) -> Self {
        let label = |class_id| labels.name(class_id, Language::English).into_owned();
        let detection = |d: &Detection| {
            let points = results.keypoints_of(d);
            let point = |x, y| [round(x, 1), round(y, 1)];
            DetectionRecord {
                class_id: d.class_id,
                // The labels of an action model are actions, but its boxes are people.
                label: if results.task == Task::Action { "person".into() } else { label(d.class_id) },
                score: round(d.score, 3),
                bbox: d.bbox.map(|v| round(v, 1)),
                mask: results.mask_of(d).map(|mask| Rle::of(mask, results.frame_size)),
                keypoints: (!points.is_empty()).then(|| {
                    points.iter().map(|p| [round(p.x, 1), round(p.y, 1), round(p.score, 3)]).collect()
                }),
                corners: d.oriented.map(|o| o.corners.map(|[x, y]| point(x, y))),
                angle: d.oriented.map(|o| round(o.angle, 4)),
                track_id: d.track_id,
                speed: None,
                dwell_s: BTreeMap::new(),
            }
        };
        let top = results.top.iter().map(|class| ClassRecord {
            class_id: class.class_id,
            label: label(class.class_id),
            score: round(class.score, 3),
        });
        let has_top = matches!(results.task, Task::Classify | Task::Action) || !results.top.is_empty();
        Self {
            source: info.source.to_owned(),
            frame: info.frame,
            time_s: info.time_s.map(|t| round64(t, 3)),
            size: [results.frame_size.0, results.frame_size.1],
            model: Some(info.model.to_owned()),
            task: Some(results.task),
            detections: results.detections.iter().map(detection).collect(),
            top: has_top.then(|| top.collect()),
            image: None,
            zones: None,
            lines: None,
            exercises: None,
            distances: None,
            ms: Some(Milliseconds {
                decode: round(times.decode, 2),
                input: round(times.input, 2),
                inference: round(times.inference, 2),
                output: round(times.output, 2),
                total: round(times.total, 2),
            }),
            age_ms: None,
            moved: results.moved,
            events: Vec::new(),
        }
    }

    /// Returns the record of a frame of `size` (width, height) that no model processed.
    #[must_use]
    pub fn without_model(info: FrameInfo<'_>, size: (u32, u32)) -> Self {
        Self {
            source: info.source.to_owned(),
            frame: info.frame,
            time_s: info.time_s.map(|t| round64(t, 3)),
            size: [size.0, size.1],
            model: None,
            task: None,
            detections: Vec::new(),
            top: None,
            image: None,
            zones: None,
            lines: None,
            exercises: None,
            distances: None,
            ms: None,
            age_ms: None,
            moved: false,
            events: Vec::new(),
        }
    }

    /// Adds what was counted with a scene file.
    pub fn add_counts(&mut self, report: &Report) {
        let Some(scene) = &report.scene else { return };
        for detection in &mut self.detections {
            let Some(id) = detection.track_id else { continue };
            let track = report.tracks.iter().find(|track| track.id == id);
            detection.speed = track.and_then(|track| track.speed).map(|speed| round(speed, 2));
            let inside = |zone: &ZoneReport| {
                let presence = zone.inside.iter().find(|presence| presence.track_id == id)?;
                Some((zone.name.to_string(), round64(report.time_s - presence.since_s, 2)))
            };
            detection.dwell_s = report.zones.iter().filter_map(inside).collect();
        }
        let zone = |zone: &ZoneReport| ZoneRecord {
            name: zone.name.to_string(),
            occupancy: zone.inside.len(),
            entries: zone.entries,
            exits: zone.exits,
        };
        self.zones = Some(report.zones.iter().map(zone).collect());
        let line = |line: &LineReport| LineRecord {
            name: line.name.to_string(),
            inward: line.inward,
            outward: line.outward,
        };
        self.lines = Some(report.lines.iter().map(line).collect());
        let person = |person: &Repetitions| RepetitionsRecord {
            track_id: person.track_id,
            count: person.count,
            angle: person.angle.map(|angle| round(angle, 1)),
        };
        let exercise = |exercise: &ExerciseReport| ExerciseRecord {
            name: exercise.name.to_string(),
            people: exercise.people.iter().map(person).collect(),
        };
        self.exercises =
            (!scene.exercises.is_empty()).then(|| report.exercises.iter().map(exercise).collect());
        let distance = |distance: &Distance| DistanceRecord {
            tracks: distance.tracks,
            distance: round(distance.value, 2),
            unit: if distance.metres { "m" } else { "px" }.to_owned(),
        };
        self.distances = scene.distances.is_some().then(|| report.distances.iter().map(distance).collect());
    }

    /// Adds what happened in the frame.
    pub fn add_events(&mut self, report: &Report, labels: &Labels) {
        let event = |event: &Event| {
            let (mut zone, mut line, mut direction) = (None, None, None);
            let name = match &event.kind {
                EventKind::Appeared => "appeared",
                EventKind::Disappeared => "disappeared",
                EventKind::Entered { zone: of } => {
                    zone = Some(of.to_string());
                    "entered"
                }
                EventKind::Left { zone: of, .. } => {
                    zone = Some(of.to_string());
                    "left"
                }
                EventKind::Crossed { line: of, inward } => {
                    line = Some(of.to_string());
                    direction = Some(if *inward { "in" } else { "out" }.to_owned());
                    "crossed"
                }
            };
            FrameEvent {
                event: name.to_owned(),
                track_id: event.track_id,
                class_id: event.class_id,
                label: labels.name(event.class_id, Language::English).into_owned(),
                zone,
                line,
                direction,
            }
        };
        self.events = report.events.iter().map(event).collect();
    }

    /// Returns one line of JSON Lines, without its line end.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        // Only strings and finite numbers: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The JSON of a snapshot: the frame, and what is needed to repeat it. In the snapshot of a comparison `frame` is a
/// [`super::ComparisonRecord`], and `files` lists one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotRecord<Frame = FrameRecord, Files = FilesRecord> {
    #[serde(flatten)]
    pub frame: Frame,
    /// The model that processed it; in comparisons each model has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_details: Option<ModelRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<ThresholdsRecord>,
    /// People or other classes are hidden in its images.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privacy: bool,
    pub files: Files,
    #[serde(flatten)]
    pub made: MadeRecord,
}

/// When a snapshot was saved, and by which program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeRecord {
    /// Local time with its offset (RFC 3339).
    pub saved: String,
    /// The program and its version.
    pub program: String,
}

impl From<DateTime<FixedOffset>> for MadeRecord {
    fn from(now: DateTime<FixedOffset>) -> Self {
        Self {
            saved: now.to_rfc3339_opts(chrono::SecondsFormat::Millis, false),
            program: concat!("Sightline ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What identifies a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Of its file, in lower-case hexadecimal.
    pub sha256: String,
    pub family: String,
    /// The execution provider: "CPU", "CUDA", …
    pub provider: String,
    /// The version of ONNX Runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Width and height of its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<[u32; 2]>,
    /// The name of its LoRA adapter's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
}

impl From<&ModelInfo> for ModelRecord {
    fn from(model: &ModelInfo) -> Self {
        Self {
            sha256: model.sha256.clone(),
            family: model.spec.family.name().to_owned(),
            provider: model.provider.clone(),
            runtime: runtime::loaded().map(|runtime| runtime.version().to_owned()),
            input: Some(model.spec.input.size.bound().into()),
            adapter: model
                .adapter
                .as_ref()
                .and_then(|path| path.file_name())
                .map(|name| name.to_string_lossy().into_owned()),
        }
    }
}

/// The thresholds of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdsRecord {
    pub conf: f64,
    pub iou: f64,
    pub max_det: usize,
    /// Only these classes; all if empty.
    pub classes: Vec<u32>,
}

impl From<&Thresholds> for ThresholdsRecord {
    fn from(thresholds: &Thresholds) -> Self {
        Self {
            conf: round(thresholds.conf, 3),
            iou: round(thresholds.iou, 3),
            max_det: thresholds.max_det,
            classes: thresholds.classes.clone(),
        }
    }
}

/// The images of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesRecord {
    pub annotated: FileRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<FileRecord>,
}

/// One saved image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name; it is in the folder of the JSON.
    pub name: String,
    /// It is left-right reversed compared with the source frame, to which all coordinates refer.
    pub mirrored: bool,
}

/// Rounds to this many decimals. Returns 0 for a value that is not finite.
pub(super) fn round(value: f32, decimals: i32) -> f64 {
    round64(f64::from(value), decimals)
}

pub(crate) fn round64(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    let rounded = (value * scale).round() / scale;
    // Adding 0 turns −0 into 0.
    if rounded.is_finite() { rounded + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::results::{ClassScore, Keypoint, Mask, Oriented};

    fn info() -> FrameInfo<'static> {
        FrameInfo { source: "traffic.mp4", frame: 60, time_s: Some(2.002), model: "yolox_nano" }
    }

    #[test]
    fn a_frame_is_written_as_the_documentation_shows() {
        let mut results = Results::default();
        results.clear(Task::Detect, (1280, 720));
        results.detections.push(Detection::new(2, 0.6554, [451.05, 361.36, 512.36, 412.2]));
        let times = StageTimes { decode: 1.9, input: 0.4, inference: 18.7, output: 0.1, total: 21.1 };
        let line = FrameRecord::new(info(), &results, &Labels::coco80(), &times).to_json_line();
        assert_eq!(
            line,
            concat!(
                r#"{"source":"traffic.mp4","frame":60,"time_s":2.002,"size":[1280,720],"#,
                r#""model":"yolox_nano","task":"detect","#,
                r#""detections":[{"class_id":2,"label":"car","score":0.655,"box":[451.0,361.4,512.4,412.2]}],"#,
                r#""ms":{"decode":1.9,"input":0.4,"inference":18.7,"output":0.1,"total":21.1}}"#
            )
        );
    }

    #[test]
    fn other_tasks_add_their_own_fields() {
        let mut results = Results::default();
        results.clear(Task::Pose, (4, 2));
        results.keypoints.push(Keypoint { x: 1.25, y: 1.0, score: 0.98765 });
        results.masks.push(Mask { region: [0.0, 0.0, 2.0, 2.0], width: 1, height: 1, data: vec![255] });
        let mut found = Detection::new(0, 0.5, [0.0, 0.0, 2.0, 2.0]);
        found.keypoints = (0, 1);
        found.mask = Some(0);
        let corners = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.04]];
        found.oriented = Some(Oriented { corners, angle: 0.5 });
        results.detections.push(found);
        results.top.push(ClassScore { class_id: 1, score: 0.25 });
        let record = FrameRecord::new(info(), &results, &Labels::default(), &StageTimes::default());
        let json = serde_json::to_value(&record).expect("a record is JSON");
        let detection = &json["detections"][0];
        assert_eq!(detection["keypoints"], serde_json::json!([[1.3, 1.0, 0.988]]));
        assert_eq!(detection["mask"], serde_json::json!({"size": [2, 4], "counts": [0, 4, 4]}));
        assert_eq!(detection["corners"], serde_json::json!([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]));
        assert_eq!(detection["angle"], 0.5);
        assert_eq!(json["top"], serde_json::json!([{"class_id": 1, "label": "class 1", "score": 0.25}]));
        let again: FrameRecord = serde_json::from_value(json).expect("it reads back");
        assert_eq!(again, record);
    }

    #[test]
    fn values_that_are_not_numbers_do_not_break_the_line() {
        let mut results = Results::default();
        results.clear(Task::Detect, (4, 4));
        results.detections.push(Detection::new(0, f32::NAN, [f32::INFINITY, -0.01, 1.0, 2.0]));
        let record = FrameRecord::new(
            FrameInfo { source: "a\n\"b\u{2028}", time_s: Some(f64::NAN), ..info() },
            &results,
            &Labels::default(),
            &StageTimes::default(),
        );
        let line = record.to_json_line();
        assert!(!line.contains('\n'));
        let again: FrameRecord = serde_json::from_str(&line).expect("valid JSON");
        assert_eq!(again.detections[0].bbox, [0.0, 0.0, 1.0, 2.0]);
        assert_eq!(again.source, "a\n\"b\u{2028}");
    }

    #[test]
    fn a_frame_without_a_model_has_no_task() {
        let record = FrameRecord::without_model(info(), (640, 480));
        let json = serde_json::to_value(&record).expect("a record is JSON");
        assert_eq!((&json["model"], &json["task"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        assert_eq!(json["detections"], serde_json::json!([]));
    }
}
