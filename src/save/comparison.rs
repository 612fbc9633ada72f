//! What several models said of one frame: as words, as JSON, and as one image.

use std::borrow::Cow;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Local};
use serde::{Deserialize, Serialize};

use super::record::{
    ClassRecord, DetectionRecord, FileRecord, FrameFacts, FrameRecord, MadeRecord, Milliseconds, ModelRecord,
    ThresholdsRecord, round,
};
use super::snapshot::{
    Saved, Seen, SnapshotError, SnapshotOptions, encode, json_file, prepare_folder, save_named, thumbnail,
};
use crate::frame::{Frame, PixelFormat};
use crate::model::Task;
use crate::model::agreement::{Agreement, Judge};
use crate::model::labels::Language;
use crate::scene::sheet::{self, Arrangement, LANE_LETTERS, Pane};
use crate::scene::{Scene, Style};

/// Below this ratio two models count as equally fast.
const AS_FAST: f32 = 1.05;

/// How far two lanes agree, in words: "86 % agree · 6 matched (IoU 0.91) · 1 only A · 2 only B".
#[must_use]
pub fn agreement_text(agreement: &Agreement, letters: (&str, &str), language: Language) -> String {
    let zh = language == Language::Chinese;
    let percent = |share: f32| format!("{:.0} %", share * 100.0);
    let (a, b) = letters;
    match *agreement {
        Agreement::Found { matched: 0, only_a: 0, only_b: 0, .. } => {
            if zh {
                "两者均未检出".into()
            } else {
                "neither found anything".into()
            }
        }
        Agreement::Found { matched, only_a, only_b, mean_iou } => {
            let share = percent(agreement.share().unwrap_or(0.0));
            let iou = match (matched, zh) {
                (0, _) => String::new(),
                (_, true) => format!("（IoU {mean_iou:.2}）"),
                (_, false) => format!(" (IoU {mean_iou:.2})"),
            };
            if zh {
                format!("一致 {share} · 匹配 {matched}{iou} · 仅 {a} {only_a} · 仅 {b} {only_b}")
            } else {
                format!("{share} agree · {matched} matched{iou} · {only_a} only {a} · {only_b} only {b}")
            }
        }
        Agreement::Top { same, shared, of } => match (zh, same) {
            (false, true) => format!("same best class · {shared} of the best {of} shared"),
            (false, false) => format!("different best class · {shared} of the best {of} shared"),
            (true, true) => format!("首选类别相同 · 前 {of} 名中 {shared} 个相同"),
            (true, false) => format!("首选类别不同 · 前 {of} 名中 {shared} 个相同"),
        },
        Agreement::Pixels(share) => {
            let share = percent(share);
            if zh { format!("{share} 的画面一致") } else { format!("{share} of the image agree") }
        }
        Agreement::Depth(together) => {
            if zh {
                format!("深度相关系数 {together:.2}")
            } else {
                format!("depths correlate {together:.2}")
            }
        }
        Agreement::Incomparable => {
            if zh {
                "结果无法比较".into()
            } else {
                "results can't be compared".into()
            }
        }
    }
}

/// Which of two lanes is faster, from their median times in milliseconds: "B 1.4× as fast". `None` until both are known.
#[must_use]
pub fn speed_text(letters: (&str, &str), medians: (f32, f32), language: Language) -> Option<String> {
    let ratio = speed_ratio(medians)?;
    let zh = language == Language::Chinese;
    let (letter, times) = if ratio >= 1.0 { (letters.1, ratio) } else { (letters.0, 1.0 / ratio) };
    Some(if times < AS_FAST {
        if zh { "速度相同".into() } else { "equally fast".into() }
    } else if zh {
        format!("{letter} 快至 {times:.1} 倍")
    } else {
        format!("{letter} {times:.1}× as fast")
    })
}

/// How many times as fast as the first the second is; `None` until both are known.
#[must_use]
pub fn speed_ratio((a, b): (f32, f32)) -> Option<f32> {
    (a > 0.0 && b > 0.0).then(|| a / b)
}

/// A lane's figures: "62.7 ms · 15.9/s alone · 12 found".
#[must_use]
pub fn lane_text(median_ms: f32, results: Option<&crate::model::Results>, language: Language) -> String {
    use std::fmt::Write as _;
    let zh = language == Language::Chinese;
    let mut text = String::new();
    if median_ms > 0.0 {
        let rate = 1000.0 / median_ms;
        let rate = if rate < 99.5 { format!("{rate:.1}") } else { format!("{rate:.0}") };
        let _ = if zh {
            write!(text, "{median_ms:.1} 毫秒 · 单独 {rate}/秒")
        } else {
            write!(text, "{median_ms:.1} ms · {rate}/s alone")
        };
    }
    let boxes = |task| matches!(task, Task::Detect | Task::Segment | Task::Pose | Task::Obb);
    if let Some(results) = results.filter(|r| boxes(r.task)) {
        let gap = if text.is_empty() { "" } else { " · " };
        let n = results.detections.len();
        let _ = if zh { write!(text, "{gap}检出 {n}") } else { write!(text, "{gap}{n} found") };
    }
    text
}

/// One frame as `compare --format json` prints it and as the snapshot of a comparison keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRecord {
    pub source: String,
    pub frame: u64,
    pub time_s: Option<f64>,
    /// Width and height.
    pub size: [u32; 2],
    /// In the order of the lanes.
    pub models: Vec<LaneRecord>,
    /// Every model but the first against the first.
    pub agreement: Vec<AgreementRecord>,
    /// The image that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
}

/// What one model said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneRecord {
    pub model: Option<String>,
    pub task: Option<Task>,
    pub detections: Vec<DetectionRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<ClassRecord>>,
    pub ms: Option<Milliseconds>,
    /// In snapshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ModelRecord>,
    /// In snapshots: the median of the last seconds, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<f64>,
}

/// How far a model agrees with the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementRecord {
    /// The two models' names.
    pub of: [String; 2],
    /// 0..=1; `None` where their results can't be compared.
    pub share: Option<f64>,
    #[serde(flatten)]
    pub details: AgreementDetails,
}

/// What the share comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AgreementDetails {
    Found { matched: usize, only_first: usize, only_second: usize, mean_iou: f64 },
    Top { same_top: bool, shared_of_top: usize, top: usize },
    Depth { correlation: f64 },
    None {},
}

impl AgreementRecord {
    /// The record of how far the model of the second name agrees with that of the first.
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
            Agreement::Pixels(_) | Agreement::Incomparable => AgreementDetails::None {},
        };
        Self { of: of.map(str::to_owned), share: agreement.share().map(|s| round(s, 3)), details }
    }
}

impl ComparisonRecord {
    /// The record of a frame; `facts.model` isn't used. `judge` compares.
    #[must_use]
    pub fn new(facts: FrameFacts<'_>, lanes: &[Seen<'_>], judge: &mut Judge) -> Self {
        let whole = |seen: &Seen<'_>| {
            let facts = FrameFacts { model: &seen.model.name, ..facts };
            FrameRecord::new(facts, seen.results, &seen.model.spec.labels, seen.times)
        };
        let mut record = Self {
            source: facts.source.to_owned(),
            frame: facts.frame,
            time_s: facts.time_s,
            size: [0, 0],
            models: Vec::new(),
            agreement: Vec::new(),
            image: None,
        };
        for seen in lanes {
            let FrameRecord { model, task, detections, top, ms, size, time_s, .. } = whole(seen);
            (record.size, record.time_s) = (size, time_s);
            record.models.push(LaneRecord {
                model,
                task,
                detections,
                top,
                ms,
                details: None,
                median_ms: None,
            });
        }
        if let Some((first, others)) = lanes.split_first() {
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

/// A snapshot's JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonSnapshotRecord {
    #[serde(flatten)]
    pub frame: ComparisonRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<ThresholdsRecord>,
    pub files: [FileRecord; 1],
    #[serde(flatten)]
    pub made: MadeRecord,
}

/// A comparison that is to be saved.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonView<'a> {
    /// What the user named as the source.
    pub source: &'a str,
    /// The frame that all of them looked at (RGBA).
    pub frame: &'a Frame,
    /// With the median of each in the last seconds, in milliseconds; 0: not known.
    pub lanes: &'a [(Seen<'a>, f32)],
    pub how: Arrangement,
    pub style: &'a Style,
}

/// The image of a comparison: every lane under its header, and below what compares them.
#[must_use]
pub fn comparison_image(view: &ComparisonView<'_>) -> Frame {
    let language = view.style.language;
    let mut judge = Judge::default();
    let mut lines = Vec::new();
    let letter = |lane: usize| LANE_LETTERS[lane % LANE_LETTERS.len()];
    let scenes: Vec<(Scene, String)> = view
        .lanes
        .iter()
        .map(|(seen, median)| {
            let mut scene = Scene::new();
            scene.compose(seen.results, &seen.model.spec.labels, view.style);
            (scene, lane_text(*median, Some(seen.results), language))
        })
        .collect();
    if let Some(((first, first_ms), others)) = view.lanes.split_first() {
        for (lane, (other, ms)) in others.iter().enumerate() {
            let letters = (letter(0), letter(lane + 1));
            let agreement = judge.compare(
                (first.results, &first.model.spec.labels),
                (other.results, &other.model.spec.labels),
            );
            let mut line = format!("{} – {}:  ", letters.0, letters.1);
            line.push_str(&agreement_text(&agreement, letters, language));
            if let Some(speed) = speed_text(letters, (*first_ms, *ms), language) {
                line.push_str("  ·  ");
                line.push_str(&speed);
            }
            lines.push(line);
        }
    }
    let panes: Vec<Pane<'_>> = scenes
        .iter()
        .zip(view.lanes)
        .map(|((scene, note), (seen, _))| Pane { scene, title: &seen.model.name, note })
        .collect();
    let mut out = Frame::default();
    sheet::paint(view.frame, &panes, view.how, &lines, &mut out);
    out
}

/// Saves a comparison as one image and, where that is wanted, its JSON. Takes as long as the disk does: call it on a
/// worker.
///
/// # Errors
/// Why nothing was saved; see [`SnapshotError::fix`] for the way out.
pub fn save_comparison(view: &ComparisonView<'_>, options: &SnapshotOptions) -> Result<Saved, SnapshotError> {
    save_at(view, options, Local::now().fixed_offset())
}

fn save_at(
    view: &ComparisonView<'_>,
    options: &SnapshotOptions,
    now: DateTime<FixedOffset>,
) -> Result<Saved, SnapshotError> {
    if view.frame.format != PixelFormat::Rgba8 || !view.frame.is_whole() || view.lanes.is_empty() {
        return Err(SnapshotError::NoImage);
    }
    let folder = prepare_folder(options.folder.as_deref())?;
    let sheet = comparison_image(view);
    let thumbnail = thumbnail(sheet.width, sheet.height, &sheet.data);
    let image = encode(&sheet.data, (sheet.width, sheet.height), options)?;
    let mirrored = view.style.mirror;
    let mut endings = vec![format!(" compared.{}", options.format.ending())];
    endings.extend(options.json.then(|| " compared.json".to_owned()));
    let paths = save_named(&folder, &endings, now, |names| {
        let mut contents = vec![Cow::Borrowed(&image[..])];
        if let [name, _] = names {
            contents.push(Cow::Owned(json(view, FileRecord { name: name.clone(), mirrored }, now)?));
        }
        Ok(contents)
    })?;
    let mut paths = paths.into_iter();
    let annotated = paths.next().unwrap_or_default();
    Ok(Saved { annotated, clean: None, json: paths.next(), mirrored, thumbnail })
}

fn json(
    view: &ComparisonView<'_>,
    file: FileRecord,
    now: DateTime<FixedOffset>,
) -> Result<Vec<u8>, SnapshotError> {
    let frame = view.frame;
    let facts = FrameFacts {
        source: frame.origin.as_deref().unwrap_or(view.source),
        frame: frame.sequence,
        time_s: frame.time_s,
        model: "",
    };
    let lanes: Vec<Seen<'_>> = view.lanes.iter().map(|(seen, _)| *seen).collect();
    let mut record = ComparisonRecord::new(facts, &lanes, &mut Judge::default());
    for (lane, (seen, median)) in record.models.iter_mut().zip(view.lanes) {
        lane.details = Some(seen.model.into());
        lane.median_ms = (*median > 0.0).then(|| round(*median, 2));
    }
    let record = ComparisonSnapshotRecord {
        frame: record,
        thresholds: view.lanes.first().map(|(seen, _)| seen.thresholds.into()),
        files: [file],
        made: now.into(),
    };
    json_file(&record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_in_both_languages() {
        let found = Agreement::Found { matched: 6, only_a: 1, only_b: 2, mean_iou: 0.914 };
        let letters = ("A", "B");
        assert_eq!(
            agreement_text(&found, letters, Language::English),
            "80 % agree · 6 matched (IoU 0.91) · 1 only A · 2 only B"
        );
        assert!(agreement_text(&found, letters, Language::Chinese).starts_with("一致 80 %"));
        assert_eq!(speed_text(letters, (28.0, 20.0), Language::English).as_deref(), Some("B 1.4× as fast"));
        assert_eq!(speed_text(letters, (20.0, 28.0), Language::English).as_deref(), Some("A 1.4× as fast"));
        assert_eq!(speed_text(letters, (20.0, 20.4), Language::English).as_deref(), Some("equally fast"));
        assert_eq!(speed_text(letters, (20.0, 0.0), Language::English), None);
        assert_eq!(lane_text(62.5, None, Language::English), "62.5 ms · 16.0/s alone");
        assert_eq!(lane_text(0.0, Some(&crate::model::Results::default()), Language::English), "0 found");
    }

    #[test]
    fn every_word_is_in_the_font() {
        use crate::scene::fonts;
        let all = [
            Agreement::Found { matched: 0, only_a: 0, only_b: 0, mean_iou: 0.0 },
            Agreement::Found { matched: 1, only_a: 0, only_b: 0, mean_iou: 1.0 },
            Agreement::Top { same: true, shared: 1, of: 5 },
            Agreement::Top { same: false, shared: 1, of: 5 },
            Agreement::Pixels(0.5),
            Agreement::Depth(0.5),
            Agreement::Incomparable,
        ];
        let mut text = String::new();
        for agreement in &all {
            fonts::push_shown(&agreement_text(agreement, ("A", "B"), Language::Chinese), &mut text);
        }
        for medians in [(1.0, 1.0), (1.0, 2.0)] {
            text.extend(speed_text(("A", "B"), medians, Language::Chinese));
        }
        fonts::push_shown(
            &lane_text(5.0, Some(&crate::model::Results::default()), Language::Chinese),
            &mut text,
        );
        assert!(!text.contains('□'), "{text}");
    }
}
