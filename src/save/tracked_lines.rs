//! Tracks the detections of an earlier run: lines as `predict --format jsonl` writes them get the number of each track.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::record::{DetectionRecord, FrameInfo, FrameRecord, round};
use crate::model::labels::{Labels, Language};
use crate::model::results::{Detection, Keypoint, Oriented};
use crate::model::{Results, Task};
use crate::track::zones::SceneFile;
use crate::track::{Analyser, AnalyserOptions, Report, TrackerOptions};

/// Frames a second of lines without a time.
const RATE: f64 = 25.0;
/// Classes from this number on keep the label of their own line only; models have fewer.
const MAX_CLASSES: u32 = 10_000;
/// No model finds as many objects in a frame.
const MAX_DETECTIONS: usize = 10_000;
/// Coordinates are at most so far from the frame's corner.
const FARTHEST: f64 = 1e7;

/// What is wrong with a line, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongLine(String);

fn wrong(what: impl Into<String>) -> WrongLine {
    WrongLine(what.into())
}

/// Tracks the detections of one line after the other.
#[derive(Debug)]
pub struct TrackedLines {
    analyser: Analyser,
    has_scene: bool,
    /// The source of the lines so far.
    source: Option<Value>,
    /// The classes that came so far, by their number.
    names: Vec<String>,
    labels: Labels,
    results: Results,
    report: Arc<Report>,
    lines: u64,
    tracks: u64,
}

impl TrackedLines {
    /// Nothing was read yet. With a scene file, zones and lines are counted too.
    #[must_use]
    pub fn new(tracker: TrackerOptions, scene: Option<Arc<SceneFile>>) -> Self {
        Self {
            has_scene: scene.is_some(),
            analyser: Analyser::new(AnalyserOptions {
                tracker: Some(tracker),
                scene,
                ..AnalyserOptions::default()
            }),
            source: None,
            names: Vec::new(),
            labels: Labels::default(),
            results: Results::default(),
            report: Arc::default(),
            lines: 0,
            tracks: 0,
        }
    }

    /// The names of the classes that came so far.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// What the newest line's source came to so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// How many lines and tracks there were, of all sources.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        let current: u32 = self.report.counts.iter().map(|count| count.total).sum();
        (self.lines, self.tracks + u64::from(current))
    }

    /// Whether this line is of another source than the one before, for which everything begins anew.
    fn is_other_source(&self, line: &Map<String, Value>) -> bool {
        self.source.as_ref().is_some_and(|source| Some(source) != line.get("source"))
    }

    /// Returns the line with the tracks of its detections: `track_id`, the smoothed box and the voted class of each detection that
    /// belongs to a track, and detections that are added where a track should be. Everything else stays as it is.
    ///
    /// # Errors
    /// What is wrong with the line; the tracks are as before.
    pub fn track(&mut self, text: &str) -> Result<String, WrongLine> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| wrong(format!("it is no JSON ({error})")))?;
        let Value::Object(mut line) = value else { return Err(wrong("it is no JSON object")) };
        let mut found = match line.remove("detections") {
            None => Vec::new(),
            Some(Value::Array(found)) => found,
            Some(_) => return Err(wrong("\u{201c}detections\u{201d} is no list")),
        };
        if found.len() > MAX_DETECTIONS {
            return Err(wrong(format!("it has more than {MAX_DETECTIONS} detections")));
        }
        let number = optional(&line, "frame", "a whole number", Value::as_u64)?;
        let time_s = optional(&line, "time_s", "a number of seconds", finite)?;
        let size = optional(&line, "size", "width and height", size)?;
        if self.has_scene && size.is_none() {
            return Err(wrong(
                "zones and lines need the frame\u{2019}s \u{201c}size\u{201d}, which is missing",
            ));
        }
        let frame = number.unwrap_or(self.lines);
        let time_s = time_s.unwrap_or(frame as f64 / RATE);
        let task = line
            .get("task")
            .and_then(|task| serde_json::from_value(task.clone()).ok())
            .unwrap_or(Task::Detect);
        self.results.clear(task, size.unwrap_or_default());
        for (index, detection) in found.iter().enumerate() {
            read(detection, &mut self.results)
                .map_err(|what| wrong(format!("its detection {}: {}", index + 1, what.0)))?;
        }

        // From here on nothing is wrong any more.
        self.lines += 1;
        if self.is_other_source(&line) {
            self.tracks = self.totals().1;
            self.analyser.reset();
        }
        self.source = Some(line.get("source").cloned().unwrap_or(Value::Null));
        self.learn_names(&found);
        self.report = self.analyser.apply(&mut self.results, &self.labels, time_s, None);
        let counted = self.has_scene.then(|| self.counted());
        self.write(&mut found);
        if let Some(record) = counted {
            add_counts(&record, &mut line, &mut found);
        }
        line.insert("detections".into(), Value::Array(found));
        Ok(Value::Object(line).to_string())
    }

    /// Remembers the names of classes that come for the first time.
    fn learn_names(&mut self, found: &[Value]) {
        let mut new = false;
        for (detection, value) in self.results.detections.iter().zip(found) {
            let Some(label) = value["label"].as_str().filter(|_| detection.class_id < MAX_CLASSES) else {
                continue;
            };
            let place = detection.class_id as usize;
            if self.names.len() <= place {
                self.names.resize(place + 1, String::new());
            }
            if self.names[place].is_empty() && !label.is_empty() {
                label.clone_into(&mut self.names[place]);
                new = true;
            }
        }
        if new {
            self.labels = Labels::new(self.names.clone());
        }
    }

    fn label(&self, class_id: u32) -> String {
        let known = self.labels.get(class_id, Language::English).filter(|name| !name.is_empty());
        known.map_or_else(|| format!("class {class_id}"), ToOwned::to_owned)
    }

    /// What was counted with the scene file, as a record of the frame.
    fn counted(&self) -> FrameRecord {
        let mut record = FrameRecord::without_model(FrameInfo::default(), self.results.frame_size);
        record.detections = self.results.detections.iter().map(|d| self.added(d)).collect();
        record.add_counts(&self.report);
        record
    }

    /// The record of a detection that no line has.
    fn added(&self, detection: &Detection) -> DetectionRecord {
        DetectionRecord {
            class_id: detection.class_id,
            label: self.label(detection.class_id),
            score: round(detection.score, 3),
            bbox: detection.bbox.map(|value| round(value, 2)),
            mask: None,
            keypoints: None,
            corners: None,
            angle: None,
            track_id: detection.track_id,
            speed: None,
            dwell_s: std::collections::BTreeMap::new(),
        }
    }

    /// Writes the tracks into the detections of the line.
    fn write(&self, found: &mut Vec<Value>) {
        let read = found.len();
        for (detection, value) in self.results.detections.iter().zip(found.iter_mut()) {
            let Some(fields) = value.as_object_mut() else { continue };
            let Some(track) = detection.track_id else {
                // A number of an earlier tracker means nothing here.
                fields.remove("track_id");
                continue;
            };
            fields.insert("track_id".into(), track.into());
            fields.insert("box".into(), json!(detection.bbox.map(|value| round(value, 2))));
            if fields.get("class_id").and_then(Value::as_u64) != Some(u64::from(detection.class_id)) {
                fields.insert("class_id".into(), detection.class_id.into());
                fields.insert("label".into(), self.label(detection.class_id).into());
            }
            if let Some(oriented) = detection.oriented {
                let corners = oriented.corners.map(|corner| corner.map(|value| round(value, 2)));
                fields.insert("corners".into(), json!(corners));
            }
            if detection.keypoints.1 > 0 {
                let point = |p: &Keypoint| [round(p.x, 2), round(p.y, 2), round(p.score, 3)];
                let points: Vec<_> = self.results.keypoints_of(detection).iter().map(point).collect();
                fields.insert("keypoints".into(), json!(points));
            }
        }
        let coasting = self.results.detections.iter().skip(read);
        found.extend(coasting.map(|d| serde_json::to_value(self.added(d)).unwrap_or_default()));
    }
}

/// Adds the counts of a scene file to a line, and speeds and stays to its detections.
fn add_counts(record: &FrameRecord, line: &mut Map<String, Value>, found: &mut [Value]) {
    let Ok(Value::Object(mut counted)) = serde_json::to_value(record) else { return };
    for name in ["zones", "lines", "exercises", "distances"] {
        match counted.remove(name) {
            Some(value) => line.insert(name.into(), value),
            None => line.remove(name),
        };
    }
    let Some(Value::Array(records)) = counted.remove("detections") else { return };
    for (value, mut record) in found.iter_mut().zip(records) {
        let (Some(fields), Some(record)) = (value.as_object_mut(), record.as_object_mut()) else { continue };
        for name in ["speed", "dwell_s"] {
            match record.remove(name) {
                Some(value) => fields.insert(name.into(), value),
                None => fields.remove(name),
            };
        }
    }
}

/// A field that may be missing or null, but not wrong.
fn optional<T>(
    fields: &Map<String, Value>,
    name: &str,
    wanted: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, WrongLine> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(wrong(format!("\u{201c}{name}\u{201d} isn\u{2019}t {wanted}"))),
        },
    }
}

/// A number that a frame may hold.
fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.abs() <= 1e12)
}

fn size(value: &Value) -> Option<(u32, u32)> {
    let side = |at: usize| value.get(at)?.as_u64().and_then(|side| u32::try_from(side).ok());
    let size = (side(0)?, side(1)?);
    (value.as_array()?.len() == 2 && (1..=65_536).contains(&size.0) && (1..=65_536).contains(&size.1))
        .then_some(size)
}

/// So many coordinates.
fn numbers<const N: usize>(value: &Value) -> Option<[f32; N]> {
    let list = value.as_array().filter(|list| list.len() == N)?;
    let mut numbers = [0.0; N];
    for (number, value) in numbers.iter_mut().zip(list) {
        *number = value.as_f64().filter(|value| value.abs() <= FARTHEST)? as f32;
    }
    Some(numbers)
}

/// Adds a detection of a line to the results.
fn read(value: &Value, results: &mut Results) -> Result<(), WrongLine> {
    let fields = value.as_object().ok_or_else(|| wrong("it is no object"))?;
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    let class_id = optional(fields, "class_id", "a whole number", id)?.unwrap_or(0);
    let score = optional(fields, "score", "a number", finite)?.unwrap_or(1.0) as f32;
    let bbox = optional(fields, "box", "four numbers", numbers)?;
    let bbox = bbox.ok_or_else(|| wrong("it has no \u{201c}box\u{201d}"))?;
    let corner_list = |value: &Value| {
        let list = value.as_array().filter(|list| list.len() == 4)?;
        let mut corners = [[0.0; 2]; 4];
        for (corner, value) in corners.iter_mut().zip(list) {
            *corner = numbers(value)?;
        }
        Some(corners)
    };
    let corners = optional(fields, "corners", "four points", corner_list)?;
    let angle = optional(fields, "angle", "a number", finite)?.unwrap_or(0.0) as f32;
    let point_list = |value: &Value| -> Option<Vec<Keypoint>> {
        let point = |value| numbers(value).map(|[x, y, score]| Keypoint { x, y, score });
        value.as_array()?.iter().map(point).collect()
    };
    let points = optional(fields, "keypoints", "a list of x, y and score", point_list)?.unwrap_or_default();
    let mut detection = Detection::new(class_id, score, bbox);
    detection.oriented = corners.map(|corners| Oriented { corners, angle });
    if !points.is_empty() {
        detection.keypoints = (results.keypoints.len(), points.len());
        results.keypoints.extend(points);
    }
    results.detections.push(detection);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> TrackedLines {
        TrackedLines::new(TrackerOptions::default(), None)
    }

    fn tracked(lines: &mut TrackedLines, line: &Value) -> Value {
        serde_json::from_str(&lines.track(&line.to_string()).unwrap()).unwrap()
    }

    fn walker(source: &str, frame: u32, more: &Value) -> Value {
        let x = f64::from(frame);
        let mut detection =
            json!({"class_id": 2, "label": "car", "score": 0.9, "box": [x, 50.0, x + 40.0, 80.0]});
        detection.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        json!({"source": source, "frame": frame, "time_s": x / 25.0, "size": [640, 480], "detections": [detection]})
    }

    #[test]
    fn what_the_tracker_does_not_know_survives() {
        let mut lines = lines();
        let mut line = walker("a", 0, &json!({"colour": "red", "mask": {"size": [1, 2], "counts": [2]}}));
        line["weather"] = json!({"rain": [1, 2.5, null]});
        let out = tracked(&mut lines, &line);
        assert_eq!(out["detections"][0]["track_id"], 1);
        assert_eq!(out["weather"], line["weather"]);
        for name in ["colour", "mask", "label", "score", "class_id"] {
            assert_eq!(out["detections"][0][name], line["detections"][0][name], "{name}");
        }
        assert_eq!((out["frame"].as_u64(), out["source"].as_str()), (Some(0), Some("a")));
    }

    #[test]
    fn a_hidden_object_is_added_with_its_number_and_another_source_begins_anew() {
        let mut lines = lines();
        for frame in 0..20 {
            tracked(&mut lines, &walker("a", frame, &json!({})));
        }
        let out =
            tracked(&mut lines, &json!({"source": "a", "frame": 20, "size": [640, 480], "detections": []}));
        let added = &out["detections"][0];
        assert_eq!((added["track_id"].as_u64(), added["label"].as_str()), (Some(1), Some("car")));
        assert!((added["box"][0].as_f64().unwrap() - 20.0).abs() < 2.0, "it moves on: {added}");
        let out = tracked(&mut lines, &walker("b", 21, &json!({})));
        assert_eq!(out["detections"].as_array().unwrap().len(), 1, "nothing of the other source is left");
        assert_eq!(out["detections"][0]["track_id"], 1);
        assert_eq!(lines.totals(), (22, 2));
    }

    #[test]
    fn time_that_goes_back_ends_all_tracks() {
        let mut lines = lines();
        for frame in 5..20 {
            tracked(&mut lines, &walker("a", frame, &json!({})));
        }
        let out = tracked(&mut lines, &walker("a", 0, &json!({})));
        assert_eq!(out["detections"][0]["track_id"], 2);
    }

    #[test]
    fn keypoints_and_corners_move_with_the_box() {
        let mut lines = lines();
        let more = json!({"keypoints": [[10.0, 60.0, 0.5]], "corners": [[0, 50], [40, 50], [40, 80], [0, 80]], "angle": 0.0});
        let out = tracked(&mut lines, &walker("a", 0, &more));
        let found = &out["detections"][0];
        assert_eq!(found["keypoints"], json!([[10.0, 60.0, 0.5]]));
        assert_eq!(found["corners"], json!([[0.0, 50.0], [40.0, 50.0], [40.0, 80.0], [0.0, 80.0]]));
    }

    #[test]
    fn wrong_lines_are_told_and_change_nothing() {
        let mut lines = lines();
        tracked(&mut lines, &walker("a", 0, &json!({})));
        for (line, word) in [
            ("{", "no JSON"),
            ("[1]", "object"),
            (r#"{"detections": 5}"#, "detections"),
            (r#"{"detections": [7]}"#, "detection 1"),
            (r#"{"detections": [{"score": 1}]}"#, "box"),
            (r#"{"detections": [{"box": [1, 2, 3]}]}"#, "four numbers"),
            (r#"{"detections": [{"box": [1, 2, 3, 1e300]}]}"#, "four numbers"),
            (r#"{"detections": [{"box": [1, 2, 3, 4], "class_id": -1}]}"#, "class_id"),
            (r#"{"detections": [{"box": [1, 2, 3, 4], "keypoints": [[1]]}]}"#, "keypoints"),
            (r#"{"time_s": "soon"}"#, "time_s"),
            (r#"{"frame": 1.5}"#, "frame"),
            (r#"{"size": [0, 5]}"#, "size"),
        ] {
            let error = lines.track(line).unwrap_err().to_string();
            assert!(error.contains(word), "{line}: {error}");
        }
        assert_eq!(tracked(&mut lines, &walker("a", 1, &json!({})))["detections"][0]["track_id"], 1);
        assert_eq!(lines.totals(), (2, 1));
    }
}
