//! What the records say of an item, as far as lists show it: masks and points aren't kept.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;

use crate::save::record::ThresholdsRecord;
use crate::whole_file;

/// A larger record isn't read.
const MOST_BYTES: u64 = 64 << 20;
/// Of a video's record so many bytes are read: enough for the list of classes.
const MOST_OF_VIDEO: u64 = 32 << 20;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// The names of the models.
    pub models: Vec<String>,
    /// The SHA-256 of each model's file, as far as it is recorded.
    pub hashes: Vec<String>,
    /// The execution provider.
    pub provider: Option<String>,
    pub family: Option<String>,
    /// The classes, in English, with how many there are: in a video, in the frame with most.
    pub classes: BTreeMap<String, usize>,
    pub source: String,
    pub thresholds: Option<ThresholdsRecord>,
    /// Width and height of the frame.
    pub size: Option<[u32; 2]>,
    /// The position in the source's video, in seconds.
    pub time_s: Option<f64>,
    /// The frames of a video's record.
    pub frames: usize,
    /// The annotated picture is left-right reversed.
    pub mirrored: bool,
    /// Boxes can't tell all of it: the model gave an image.
    pub is_plane: bool,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    source: String,
    time_s: Option<f64>,
    size: Option<[u32; 2]>,
    model: Option<String>,
    task: Option<crate::model::Task>,
    #[serde(default)]
    detections: Vec<Found>,
    top: Option<Vec<Found>>,
    models: Option<Vec<Compared>>,
    model_details: Option<Model>,
    thresholds: Option<ThresholdsRecord>,
    files: Option<Files>,
    #[serde(default)]
    mirrored: bool,
}

#[derive(Deserialize)]
struct Found {
    label: String,
}

#[derive(Deserialize)]
struct Compared {
    model: Option<String>,
    #[serde(default)]
    detections: Vec<Found>,
    top: Option<Vec<Found>>,
    #[serde(alias = "model_details")]
    details: Option<Model>,
    thresholds: Option<ThresholdsRecord>,
}

#[derive(Deserialize)]
struct Model {
    sha256: String,
    family: Option<String>,
    provider: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Files {
    One {
        annotated: File,
    },
    Several(Vec<File>),
    /// Those of a video.
    Named(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    mirrored: bool,
}

impl Details {
    /// Reads an image's record.
    ///
    /// # Errors
    /// Why it can't be read, as the end of a sentence.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let bytes = whole_file::read(path, MOST_BYTES).map_err(|error| error.to_string())?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|_| "it isn't a record of Sightline")?;
        let mut details = Self::default();
        details.add(record);
        Ok(details)
    }

    /// Reads a video's record, a line a frame. What was cut off at its end, as by a power failure, is left out.
    ///
    /// # Errors
    /// Why it can't be read, as the end of a sentence.
    pub(super) fn read_lines(path: &Path) -> Result<Self, String> {
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let mut details = Self::default();
        let mut bad = 0;
        for line in BufReader::new(file.take(MOST_OF_VIDEO)).split(b'\n') {
            let line = line.map_err(|error| error.to_string())?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Record>(&line) {
                Ok(record) => {
                    details.frames += 1;
                    details.add(record);
                }
                Err(_) => bad += 1,
            }
        }
        if details.frames == 0 && bad > 0 {
            Err("it isn't a record of Sightline".into())
        } else {
            Ok(details)
        }
    }

    /// What is known of a video as a whole, with what was found in its frames.
    pub(super) fn with_frames(&self, frames: &Self) -> Self {
        let mut both = self.clone();
        both.classes.clone_from(&frames.classes);
        both.frames = frames.frames;
        both.is_plane |= frames.is_plane;
        for model in &frames.models {
            if !both.models.contains(model) {
                both.models.push(model.clone());
            }
        }
        both
    }

    /// Whether this file may be opened without waiting: it is no pipe or device.
    pub(super) fn is_file(path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file())
    }

    fn add(&mut self, record: Record) {
        use crate::model::Task;
        if self.source.is_empty() {
            self.source = record.source;
        }
        self.size = self.size.or(record.size);
        self.time_s = self.time_s.or(record.time_s);
        self.thresholds = self.thresholds.take().or(record.thresholds);
        self.is_plane |=
            matches!(record.task, Some(Task::Stylize | Task::Depth | Task::Matte | Task::Semantic));
        self.mirrored |= match record.files {
            Some(Files::One { annotated }) => annotated.mirrored,
            Some(Files::Several(files)) => files.first().is_some_and(|file| file.mirrored),
            Some(Files::Named(_)) | None => record.mirrored,
        };
        self.model(record.model, record.model_details);
        self.classes(&record.detections, record.top.as_deref());
        for compared in record.models.unwrap_or_default() {
            self.model(compared.model, compared.details);
            self.thresholds = self.thresholds.take().or(compared.thresholds);
            self.classes(&compared.detections, compared.top.as_deref());
        }
    }

    fn model(&mut self, name: Option<String>, details: Option<Model>) {
        if let Some(name) = name.filter(|name| !self.models.contains(name)) {
            self.models.push(name);
        }
        let Some(details) = details else { return };
        if !self.hashes.contains(&details.sha256) {
            self.hashes.push(details.sha256);
        }
        self.provider = self.provider.take().or(details.provider);
        self.family = self.family.take().or(details.family);
    }

    fn classes(&mut self, detections: &[Found], top: Option<&[Found]>) {
        let mut counts = BTreeMap::<&str, usize>::new();
        // Of an image's likeliest classes, the first is what it shows.
        let top = top.unwrap_or_default().iter().take(1);
        for found in detections.iter().chain(top) {
            *counts.entry(&found.label).or_default() += 1;
        }
        for (label, count) in counts {
            match self.classes.get_mut(label) {
                Some(most) => *most = count.max(*most),
                None => drop(self.classes.insert(label.to_owned(), count)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshots_record_tells_model_classes_and_thresholds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let text = r#"{"source":"camera","frame":60,"time_s":null,"size":[64,48],"model":"yolox_nano","task":"detect",
            "detections":[{"class_id":0,"label":"person","score":0.9,"box":[1,2,3,4],"mask":{"size":[2,2],"counts":[4]}},
            {"class_id":0,"label":"person","score":0.8,"box":[1,2,3,4]},{"class_id":2,"label":"car","score":0.8,"box":[0,0,1,1]}],
            "ms":null,"model_details":{"sha256":"695e75","family":"YOLOX","provider":"CPU"},
            "thresholds":{"conf":0.25,"iou":0.7,"max_det":300,"classes":[]},
            "files":{"annotated":{"name":"a.png","mirrored":true}},"saved":"2026-11-28T12:44:00Z","program":"Sightline 0.1.0"}"#;
        std::fs::write(&path, text).unwrap();
        let details = Details::read(&path).unwrap();
        assert_eq!(
            (details.models.as_slice(), details.hashes.as_slice()),
            (&["yolox_nano".to_owned()][..], &["695e75".to_owned()][..])
        );
        assert_eq!(details.classes, BTreeMap::from([("person".to_owned(), 2), ("car".to_owned(), 1)]));
        assert_eq!((details.size, details.mirrored, details.is_plane), (Some([64, 48]), true, false));
        assert_eq!(details.thresholds.map(|t| t.conf), Some(0.25));
    }

    #[test]
    fn a_recording_tells_its_models_and_its_frames_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let text = r#"{"kind":"recording","source":"camera","size":[640,360],"files":{"annotated":"a.mp4","lines":"a.jsonl"},
            "mirrored":true,"privacy":false,"models":[{"from_s":0.0,"model":"yolox_nano","model_details":{"sha256":"695e75",
            "family":"YOLOX","provider":"CPU"},"thresholds":{"conf":0.25,"iou":0.7,"max_det":300,"classes":[]}}],
            "duration_s":4.0,"frames":100,"left_out":0,"saved":"2026-11-28T12:44:00Z","program":"Sightline 0.1.0"}"#;
        std::fs::write(&path, text).unwrap();
        let about = Details::read(&path).unwrap();
        let frames = Details { classes: [("car".to_owned(), 2)].into(), frames: 90, ..Details::default() };
        let both = about.with_frames(&frames);
        assert_eq!((both.models.len(), both.hashes[0].as_str(), both.mirrored), (1, "695e75", true));
        assert_eq!((both.classes["car"], both.frames, both.size), (2, 90, Some([640, 360])));
        assert_eq!(both.thresholds.map(|t| t.iou), Some(0.7));
    }

    #[test]
    fn a_videos_record_is_read_up_to_where_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let line = |labels: &[&str]| {
            let found: Vec<String> = labels.iter().map(|l| format!(r#"{{"label":"{l}"}}"#)).collect();
            format!(
                r#"{{"source":"a","size":[4,4],"model":"m","task":"detect","detections":[{}]}}"#,
                found.join(",")
            )
        };
        let whole = [line(&["car"]), line(&["car", "car"]), line(&[])].join("\n");
        std::fs::write(&path, format!("{whole}\n{{\"source\":\"a\",\"si")).unwrap();
        let details = Details::read_lines(&path).unwrap();
        assert_eq!((details.frames, details.classes["car"]), (3, 2));
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(Details::read_lines(&path).is_err());
    }

    #[test]
    fn what_is_no_record_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in ["", "[]", "{\"size\":\"large\"}", "\u{0}\u{1}"] {
            std::fs::write(&path, text).unwrap();
            assert!(Details::read(&path).is_err(), "{text}");
        }
        assert!(Details::read(folder.path()).is_err() && !Details::is_file(folder.path()));
    }
}
