//! Chinese for the short texts that the library writes in English: family names, the evidence of an identification, and
//! the reasons inside errors. Reasons in the words of ONNX Runtime, ffmpeg, drivers and servers stay as they are.

use std::borrow::Cow;

use super::language::pick;
use crate::model::labels::Language;
use crate::model::{Family, Task};

mod evidence;
mod reasons;
mod servers;
mod teach;

/// Pairs of a text and its translation. `{}` in the English text stands for anything, `{0}`, `{1}` … in the Chinese one
/// for what stood there, translated as well.
type Phrases = &'static [(&'static str, &'static str)];

const NAMES: Phrases = &[
    ("Classifier", "图像分类器"),
    ("Depth (MiDaS, Depth Anything)", "深度估计（MiDaS、Depth Anything）"),
    ("Image enhancement", "图像增强"),
    ("AnimeGAN, CycleGAN, pix2pix", "AnimeGAN、CycleGAN、pix2pix"),
    ("Matting (selfie, MODNet)", "抠图（selfie、MODNet）"),
    ("Fast neural style", "快速风格迁移"),
    ("Detector with NMS inside", "内置 NMS 的检测器"),
    ("RT-DETR, D-FINE, DEIM", "RT-DETR、D-FINE、DEIM"),
    ("RT-DETR (Ultralytics)", "RT-DETR（Ultralytics）"),
    ("Robust Video Matting", "Robust Video Matting（视频抠图）"),
    ("Semantic segmentation", "语义分割"),
    ("Super-resolution", "超分辨率"),
    ("TensorFlow detection (SSD)", "TensorFlow 目标检测（SSD）"),
    ("YOLOv10 (raw head)", "YOLOv10（原始输出头）"),
    ("YOLOv3 (model zoo)", "YOLOv3（Model Zoo）"),
    ("YOLOv4 (model zoo)", "YOLOv4（Model Zoo）"),
];

/// The name of a family.
#[must_use]
pub fn family_name(language: Language, family: Family) -> &'static str {
    let name = family.name();
    match NAMES.iter().find(|(english, _)| *english == name) {
        Some((_, chinese)) if language == Language::Chinese => chinese,
        _ => name,
    }
}

/// Task and family of a model; only the family where its name begins with that of the task.
#[must_use]
pub fn kind_text(language: Language, task: Task, family: Family) -> String {
    let (task, family) = (task_name(language, task), family_name(language, family));
    if family.to_lowercase().starts_with(&task.to_lowercase()) {
        family.to_owned()
    } else {
        format!("{task} · {family}")
    }
}

/// A short text of the library in `language`; what has no translation stays in English.
#[must_use]
pub fn phrase(language: Language, text: &str) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(text),
        Language::Chinese => translated(text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

fn translated(text: &str) -> Option<String> {
    let books =
        [NAMES, evidence::PHRASES, reasons::PHRASES, reasons::OTHERS, servers::PHRASES, teach::PHRASES];
    let found = books.into_iter().flatten().find_map(|(english, chinese)| {
        let parts = captures(english, text)?;
        Some(filled(chinese, &parts))
    });
    found.or_else(|| list(text))
}

/// A list with commas of which at least one part has a translation.
fn list(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(", ").collect();
    if parts.len() < 2 {
        return None;
    }
    let known: Vec<Option<String>> = parts.iter().map(|part| translated(part)).collect();
    known.iter().any(Option::is_some).then(|| {
        let parts = parts.iter().zip(known).map(|(part, known)| known.unwrap_or_else(|| (*part).to_owned()));
        parts.collect::<Vec<_>>().join("、")
    })
}

/// What stands in `text` at each `{}` of `pattern`; `None` if the rest differs.
fn captures<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_some() {
            rest.find(piece)?
        } else {
            rest.len().checked_sub(piece.len()).filter(|at| rest.get(*at..) == Some(piece))?
        };
        found.push(rest.get(..end)?);
        rest = rest.get(end + piece.len()..)?;
    }
    rest.is_empty().then_some(found)
}

fn filled(template: &str, parts: &[&str]) -> String {
    let mut text = String::new();
    let mut pieces = template.split('{');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (number, after) = piece.split_once('}').unwrap_or(("", piece));
        if let Some(part) = number.parse::<usize>().ok().and_then(|n| parts.get(n)) {
            let part = phrase(Language::Chinese, part);
            // Between Chinese characters there is no space; a template has them for numbers and Latin letters.
            let is_chinese = |c: Option<char>| c.is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            if is_chinese(part.chars().next()) && text.ends_with(' ') {
                text.pop();
            }
            text.push_str(&part);
            let after =
                if is_chinese(part.chars().next_back()) { after.trim_start_matches(' ') } else { after };
            text.push_str(after);
            continue;
        }
        text.push_str(after);
    }
    text
}

/// The name of a task.
#[must_use]
pub fn task_name(language: Language, task: Task) -> &'static str {
    pick(
        language,
        match task {
            Task::Detect => ("Object detection", "目标检测"),
            Task::Segment => ("Instance segmentation", "实例分割"),
            Task::Semantic => ("Semantic segmentation", "语义分割"),
            Task::Matte => ("Matting", "抠图"),
            Task::Pose => ("Pose estimation", "姿态估计"),
            Task::Obb => ("Oriented boxes", "旋转框检测"),
            Task::Depth => ("Depth estimation", "深度估计"),
            Task::Classify => ("Classification", "图像分类"),
            Task::Stylize => ("Image to image", "图像转换"),
            Task::Action => ("Action recognition", "动作识别"),
        },
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::english_left::english_in;
    use super::*;
    use crate::model::identify::Unknown;

    fn zh(text: &str) -> String {
        phrase(Language::Chinese, text).into_owned()
    }

    #[test]
    fn values_keep_their_places_and_are_translated_as_well() {
        assert_eq!(
            zh(
                "output 1×84×8400: 4 box values and 80 classes an anchor, no objectness: YOLOv8's head or its kin (v9, 11, 12)"
            ),
            "输出 1×84×8400：每个锚点有 4 个框值和 80 个类别，没有目标置信度：YOLOv8 或同类（v9、11、12）的输出头"
        );
        assert_eq!(zh("chosen by hand: task, colour order"), "手动选择：任务、颜色顺序");
        assert_eq!(zh("what nobody has translated"), "what nobody has translated");
        assert_eq!(phrase(Language::English, "task"), "task");
    }

    #[test]
    fn every_family_has_a_name_in_both_languages() {
        for family in Family::ALL {
            assert_eq!(family_name(Language::English, family), family.name());
            let chinese = family_name(Language::Chinese, family);
            assert_eq!(english_in(chinese), None, "{chinese}");
        }
    }

    /// The evidence for every file of `tests/families`, and why the others aren't read.
    #[test]
    fn the_evidence_of_every_family_is_translated() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models");
        let (mut lines, mut wrong) = (0, Vec::new());
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| e != "onnx") {
                continue;
            }
            let texts = match crate::model::inspect(&path).unwrap().spec {
                Ok(spec) => spec.evidence,
                Err(Unknown::NotUnderstood(reason)) => vec![reason],
                Err(Unknown::CannotRun { reason, remedy }) => vec![reason, remedy],
            };
            for text in texts {
                lines += 1;
                let chinese = zh(&text);
                if english_in(&chinese).is_some() {
                    wrong.push(format!("{}: {text} → {chinese}", path.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(lines > 80, "{lines}");
    }

    /// A text that was reworded in the library would stay in English: its phrase must be reworded too.
    #[test]
    fn every_phrase_is_still_written_somewhere() {
        fn read(folder: &Path, into: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, into);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    into.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut source = std::fs::read_to_string(root.join("file_kind.rs")).unwrap();
        source.push_str(&std::fs::read_to_string(root.join("whole_file.rs")).unwrap());
        source.push_str(&std::fs::read_to_string(root.join("discard.rs")).unwrap());
        for folder in [
            "dataset",
            "events",
            "frame",
            "gallery",
            "learn",
            "library",
            "model",
            "record",
            "settings",
            "source",
            "app/inside",
        ] {
            read(&root.join(folder), &mut source);
        }
        let source = source.replace("\\u{201c}", "“").replace("\\u{201d}", "”").replace("\\u{2212}", "−");
        let source = source.replace("\\u{2019}", "\u{2019}");
        let mut source = source.replace("\\u{b2}", "²").replace("\\\n", "");
        source.retain(|c| !c.is_whitespace());
        let phrases =
            NAMES.iter().chain(evidence::PHRASES).chain(reasons::PHRASES).map(|(english, _)| english);
        let gone = phrases.filter(|english| {
            let mut piece = english.split("{}").max_by_key(|piece| piece.len()).unwrap().to_owned();
            piece.retain(|c| !c.is_whitespace());
            !source.contains(&piece)
        });
        assert_eq!(gone.collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
