//! `--scene`: what happens in the zones and at the lines of a scene file; `--crops`: the objects as images of their own.

use std::path::Path;
use std::sync::Arc;

use super::names::{self, Folder};
use super::{frame_image, text};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::frame::Frame;
use crate::model::Results;
use crate::model::labels::{Labels, Language};
use crate::save;
use crate::source::{Pace, SourceInfo};
use crate::track::Report;
use crate::track::zones::{SceneFile, SceneFileError};

/// The counts of one scene file.
#[derive(Debug)]
pub struct Counting {
    scene: Arc<SceneFile>,
    report: Report,
    /// The tables of the sources that have ended.
    tables: Vec<String>,
}

impl From<SceneFileError> for Failure {
    fn from(error: SceneFileError) -> Self {
        let fix = match &error {
            SceneFileError::Unreadable { .. } => "Check that it is there and can be read.",
            SceneFileError::Unwritable { .. } | SceneFileError::Wrong { .. } => "",
        };
        Self::failed(error.to_string(), fix)
    }
}

impl Counting {
    /// Reads a scene file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let scene = SceneFile::load(path)?;
        if scene.is_empty() {
            let message =
                format!("The scene file \u{201c}{}\u{201d} holds no zone and no line.", path.display());
            return Err(Failure::failed(
                message,
                "Add one under [[zones]] or [[lines]]; docs/scenes.md shows how.",
            ));
        }
        Ok(Self { scene: Arc::new(scene), report: Report::default(), tables: Vec::new() })
    }

    /// Tells which classes of the file the model doesn't know, if there are any.
    #[must_use]
    pub fn unknown_classes(&self, labels: &Labels) -> Option<String> {
        let unknown = self.scene.unknown_classes(labels);
        (!unknown.is_empty()).then(|| {
            let names: Vec<_> = unknown.iter().map(|name| output::printable(name)).collect();
            format!("The scene file names classes that this model doesn\u{2019}t have: {}.", names.join(", "))
        })
    }

    /// What the file says.
    #[must_use]
    pub fn scene(&self) -> Arc<SceneFile> {
        Arc::clone(&self.scene)
    }

    /// Another source begins.
    pub fn begin(&mut self) {
        self.report = Report::default();
    }

    /// Takes what was counted up to the next frame.
    pub fn take(&mut self, report: &Report) {
        self.report.clone_from(report);
    }

    /// What was counted up to the newest frame.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// A source has ended: its counts are kept for the summary.
    pub fn end(&mut self, name: &str, labels: &Labels, language: Language) {
        let table = table(&self.report, labels, language);
        if !table.is_empty() {
            self.tables.push(format!("\n{}\n{table}", output::printable(text::file_name(name))));
        }
    }

    /// The counts of all sources that have ended.
    #[must_use]
    pub fn summary(&self) -> String {
        self.tables.concat()
    }
}

/// The counts of a report as tables.
#[must_use]
pub fn table(report: &Report, labels: &Labels, language: Language) -> String {
    let name = |class_id| output::printable(&labels.name(class_id, language)).into_owned();
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let mut text = String::new();
    if !report.lines.is_empty() {
        let mut rows = vec![row(&["line", "in", "out"])];
        for line in &report.lines {
            rows.push(row(&[
                &output::printable(&line.name),
                &line.inward.to_string(),
                &line.outward.to_string(),
            ]));
            rows.extend(line.classes.iter().map(|class| {
                row(&[
                    &format!("  {}", name(class.class_id)),
                    &class.inward.to_string(),
                    &class.outward.to_string(),
                ])
            }));
        }
        text += &output::table(&rows, &[false, true, true]);
        text.push('\n');
    }
    if !report.zones.is_empty() {
        let mut rows = vec![row(&["zone", "inside", "entries", "exits", "mean stay s", "longest s"])];
        for zone in &report.zones {
            let inside = match zone.capacity {
                Some(room) => format!("{} of {room}", zone.inside.len()),
                None => zone.inside.len().to_string(),
            };
            rows.push(row(&[
                &output::printable(&zone.name),
                &inside,
                &zone.entries.to_string(),
                &zone.exits.to_string(),
                "",
                "",
            ]));
            for class in &zone.classes {
                let inside =
                    zone.inside.iter().filter(|presence| presence.class_id == class.class_id).count();
                let ended =
                    |seconds: f64| if class.exits > 0 { format!("{seconds:.1}") } else { String::new() };
                rows.push(row(&[
                    &format!("  {}", name(class.class_id)),
                    &inside.to_string(),
                    &class.entries.to_string(),
                    &class.exits.to_string(),
                    &ended(class.total_s / f64::from(class.exits.max(1))),
                    &ended(class.longest_s),
                ]));
            }
        }
        text += &output::table(&rows, &[false, true, true, true, true, true]);
        text.push('\n');
    }
    for exercise in report.exercises.iter().filter(|exercise| !exercise.people.is_empty()) {
        let mut rows = vec![row(&[&output::printable(&exercise.name), "repetitions"])];
        rows.extend(
            exercise
                .people
                .iter()
                .map(|p| row(&[&format!("  person #{}", p.track_id), &p.count.to_string()])),
        );
        text += &output::table(&rows, &[false, true]);
        text.push('\n');
    }
    text
}

/// Saves each detection of a frame (RGBA) as an image of its own.
///
/// # Errors
/// Why one can't be written.
pub fn save_crops(
    folder: &Folder,
    info: &SourceInfo,
    frame: &Frame,
    results: &Results,
    labels: &Labels,
) -> Result<(), Failure> {
    for (number, detection) in results.detections.iter().enumerate() {
        let Some(crop) = save::cut_out(frame, detection.bbox) else { continue };
        let mut stem = names::stem_of(frame.origin.as_deref(), &info.name);
        if info.pace != Pace::Stills {
            stem.push(format!("-{:06}", frame.sequence));
        }
        stem.push(format!("-{}", save::object_name(detection, number, labels)));
        frame_image::save(folder, &crop, &stem)?;
    }
    Ok(())
}
