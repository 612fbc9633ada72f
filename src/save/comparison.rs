//! A comparison of several models as one image, and its snapshot.

use chrono::{DateTime, FixedOffset, Local};

use super::comparison_record::{ComparisonRecord, ComparisonSnapshotRecord};
use super::comparison_text::{agreement_text, figures_text, speed_text};
use super::error::SnapshotError;
use super::files::{self, Contents, Pixels, Saved};
use super::record::{FrameInfo, round};
use super::snapshot::{PredictionView, SnapshotOptions, covered};
use crate::frame::{Frame, PixelFormat};
use crate::model::agreement::Judge;
use crate::privacy::{Found, Privacy};
use crate::scene::montage::{self, Arrangement, MODEL_LETTERS, Pane};
use crate::scene::{Scene, Style};

/// A comparison to save.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonView<'a> {
    /// The source as the user named it.
    pub source: &'a str,
    /// The frame that all models processed (RGBA).
    pub frame: &'a Frame,
    /// For each model its prediction, and the median time of the last seconds in milliseconds (0: not known).
    pub models: &'a [(PredictionView<'a>, f32)],
    pub arrangement: Arrangement,
    pub style: &'a Style,
    /// Who is hidden: what any of the models finds.
    pub privacy: &'a Privacy,
}

/// Returns the image of a comparison: each model's results under a header, and below them lines that compare the models.
#[must_use]
pub fn comparison_image(view: &ComparisonView<'_>) -> Frame {
    let language = view.style.language;
    let mut judge = Judge::default();
    let mut lines = Vec::new();
    let letter = |model: usize| MODEL_LETTERS[model % MODEL_LETTERS.len()];
    let found: Vec<Found<'_>> = view.models.iter().map(|(prediction, _)| prediction.found()).collect();
    let (frame, planes) = covered(view.frame, view.privacy, &found);
    let style = Style { planes: view.style.planes && planes && !view.privacy.on, ..view.style.clone() };
    let scenes: Vec<(Scene, String)> = view
        .models
        .iter()
        .map(|(prediction, median)| {
            (prediction.scene(&style), figures_text(*median, Some(prediction.results), language))
        })
        .collect();
    if let Some(((first, first_ms), others)) = view.models.split_first() {
        for (index, (other, ms)) in others.iter().enumerate() {
            let letters = (letter(0), letter(index + 1));
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
        .zip(view.models)
        .map(|((scene, note), (prediction, _))| Pane { scene, title: &prediction.model.name, note })
        .collect();
    let mut out = Frame::default();
    montage::paint(&frame, &panes, view.arrangement, &lines, &mut out);
    out
}

/// Saves a comparison as one image and, if the options ask for it, its JSON. It takes as long as the disk does: call it on a
/// worker.
///
/// # Errors
/// Why nothing was saved; [`SnapshotError::fix`] tells the user what to do.
pub fn save_comparison(view: &ComparisonView<'_>, options: &SnapshotOptions) -> Result<Saved, SnapshotError> {
    save_at(view, options, Local::now().fixed_offset())
}

fn save_at(
    view: &ComparisonView<'_>,
    options: &SnapshotOptions,
    now: DateTime<FixedOffset>,
) -> Result<Saved, SnapshotError> {
    if view.frame.format != PixelFormat::Rgba8 || !view.frame.is_whole() || view.models.is_empty() {
        return Err(SnapshotError::NoImage);
    }
    let image = comparison_image(view);
    let contents = Contents {
        suffix: " compared",
        annotated: Pixels { rgba: &image.data, size: (image.width, image.height) },
        mirrored: view.style.mirror,
        clean: None,
        objects: Vec::new(),
    };
    files::save(&contents, options, now, |files| ComparisonSnapshotRecord {
        frame: record(view),
        model_details: None,
        privacy: view.privacy.on,
        thresholds: view.models.first().map(|(prediction, _)| prediction.thresholds.into()),
        files: [files.annotated],
        made: now.into(),
    })
}

fn record(view: &ComparisonView<'_>) -> ComparisonRecord {
    let predictions: Vec<PredictionView<'_>> =
        view.models.iter().map(|(prediction, _)| *prediction).collect();
    let info = FrameInfo::of(view.frame, view.source, "");
    let mut record = ComparisonRecord::new(info, &predictions, &mut Judge::default());
    for (model, (prediction, median)) in record.models.iter_mut().zip(view.models) {
        model.details = Some(prediction.model.into());
        model.median_ms = (*median > 0.0).then(|| round(*median, 2));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save::snapshot::tests::{names_in, now, options, prediction, set};

    #[test]
    fn a_comparison_is_saved_as_one_image_with_its_json() {
        let folder = tempfile::tempdir().expect("a folder");
        let prediction = prediction(vec!["cat".into()]);
        let style = Style { mirror: true, ..Style::default() };
        let view = ComparisonView {
            source: "camera",
            frame: &prediction.frame,
            models: &[((&prediction).into(), 20.0), ((&prediction).into(), 0.0)],
            arrangement: Arrangement::Tiles(2),
            style: &style,
            privacy: &Privacy::default(),
        };
        let saved = save_at(&view, &options(folder.path()), now()).expect("it can be saved");
        let name = "Sightline 2026-11-24 15.04.05 compared";
        assert_eq!(names_in(folder.path()), set(&[&format!("{name}.png"), &format!("{name}.json")]));
        assert!(saved.mirrored && saved.clean.is_none());
        let text = std::fs::read_to_string(saved.json.expect("asked for")).expect("readable");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["files"], serde_json::json!([{"name": format!("{name}.png"), "mirrored": true}]));
        assert_eq!((&json["source"], &json["frame"]), (&"camera".into(), &60.into()));
        assert_eq!(json["models"][0]["details"]["sha256"], "695e75");
        assert_eq!(
            (&json["models"][0]["median_ms"], &json["models"][1]["median_ms"]),
            (&20.0.into(), &serde_json::Value::Null)
        );
        assert_eq!(json["agreement"][0]["share"], 1.0);
        assert_eq!(json["thresholds"]["classes"], serde_json::json!([0, 2]));
        assert!(
            json["saved"].is_string() && json["program"].is_string() && json.get("model_details").is_none()
        );
        let _: ComparisonSnapshotRecord = serde_json::from_str(&text).expect("it reads back");
    }
}
