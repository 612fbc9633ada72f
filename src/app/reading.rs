//! The page "Configure model": what the file says, and what the user corrects.

use std::path::{Path, PathBuf};

use egui::{self, Ui};

use super::intent::{Choose, FilesIntent, Intent, ModelIntent, ReadingIntent};
use super::page_frame::page_frame;
use super::strings::Strings;
use super::strings::{family_name, model_page, phrase, sentences, task_name};
use super::style::palette;
use super::view::{View, file_name, same_file};
use super::widgets::{card, combo_arrow, primary_button};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Family, Fit, Layout, Range};
use crate::model::{Inspection, ModelError, Task};

/// The fits that can be chosen, as the families use them.
const CENTRED: Fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };
const CORNER: Fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };
const CROP: Fit = Fit::CentreCrop { resize: 256 };

/// What a worker read of the model's file.
#[derive(Debug, Default)]
pub enum Seen {
    /// The worker is reading.
    #[default]
    Reading,
    Read(Box<Inspection>),
    Failed(ModelError),
}

/// What the page remembers: the file's description and the user's choices.
#[derive(Debug, Default)]
pub struct Reading {
    pub path: PathBuf,
    pub seen: Seen,
    /// What the user chose; starts as the sidecar's.
    pub chosen: Sidecar,
    /// What is saved beside the file.
    pub stored: Sidecar,
    /// What became of the last attempt to save it.
    pub saved: Option<Result<(), String>>,
}

impl Reading {
    /// The page for a model whose file is still to be read.
    #[must_use]
    pub fn new(path: &Path, chosen: Sidecar) -> Self {
        Self { path: path.to_owned(), seen: Seen::Reading, stored: chosen.clone(), chosen, saved: None }
    }

    /// Shows the page; `preview` paints the live image, with the results of the running model if it is told so.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        out: &mut Vec<Intent>,
        preview: impl FnOnce(&mut Ui, egui::Rect, bool),
    ) {
        let s = view.strings;
        let title = format!("{} · {}", s.how_to_read, file_name(&self.path));
        page_frame(ui, &title, s.back, out, |ui, out| {
            ui.add(egui::Label::new(egui::RichText::new(s.reading_intro).color(palette(ui).weak)).wrap());
            ui.add_space(8.0);
            let room = ui.available_width();
            if room > 600.0 {
                ui.horizontal_top(|ui| {
                    let half = (room - ui.spacing().item_spacing.x) / 2.0;
                    ui.vertical(|ui| {
                        ui.set_width(half);
                        self.choices_ui(ui, view, out);
                    });
                    ui.vertical(|ui| {
                        ui.set_width(half);
                        self.preview_ui(ui, view, out, preview);
                    });
                });
            } else {
                self.choices_ui(ui, view, out);
                self.preview_ui(ui, view, out, preview);
            }
            self.file_ui(ui, view);
        });
    }

    fn preview_ui(
        &self,
        ui: &mut Ui,
        view: &View<'_>,
        out: &mut Vec<Intent>,
        preview: impl FnOnce(&mut Ui, egui::Rect, bool),
    ) {
        let s = view.strings;
        let running = view.model.current.as_ref();
        let is_this = running.is_some_and(|model| same_file(&model.path, &self.path));
        card(ui, s.live_preview, |ui| {
            let width = ui.available_width();
            let (rect, _) = ui.allocate_exact_size(egui::vec2(width, width * 0.62), egui::Sense::hover());
            ui.painter().rect_filled(rect, 8, palette(ui).stage);
            preview(ui, rect, is_this);
            let p = palette(ui);
            let failed = view.model.failed.as_ref().filter(|(path, _)| *path == self.path);
            if view.model.opening.as_deref().is_some_and(|opening| same_file(opening, &self.path)) {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(14.0));
                    ui.label((s.loading_model)(&file_name(&self.path)));
                });
            } else if let Some((_, error)) = failed {
                let text = model_page(view.language, error);
                // Before anything is chosen it is what the page is for, and nobody's mistake.
                let colour = if self.chosen == Sidecar::default() { p.weak } else { p.bad };
                ui.add(egui::Label::new(egui::RichText::new(text.explanation).color(colour)).wrap());
            } else if is_this {
                ui.label(egui::RichText::new(s.reading_works).color(p.good));
            } else {
                let text = running.map_or_else(|| s.nothing_runs.to_owned(), |m| (s.another_runs)(&m.name));
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.weak)).wrap());
                if ui.button(s.library.use_it).clicked() {
                    let (path, chosen) = (self.path.clone(), self.chosen.clone());
                    out.push(Intent::Model(ModelIntent::OpenAs(path, chosen)));
                }
            }
        });
    }

    fn choices_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        let before = self.chosen.clone();
        card(ui, s.what_you_choose, |ui| {
            // What was saved for the file is still being read: it would replace what is chosen now.
            if matches!(self.seen, Seen::Reading) {
                ui.disable();
            }
            let known = matches!(&self.seen, Seen::Read(seen) if seen.spec.is_ok());
            let unset = if known { s.as_found } else { s.not_set };
            let c = &mut self.chosen;
            choice(
                ui,
                s.family,
                unset,
                &mut c.family,
                &Family::by_name().map(|f| (f, family_name(view.language, f))),
            );
            c.task = task_of(c.family, c.task);
            let tasks: Vec<_> = match c.family {
                Some(family) => family.tasks().iter().map(|t| (*t, task_name(view.language, *t))).collect(),
                None => Task::ALL.iter().map(|t| (*t, task_name(view.language, *t))).collect(),
            };
            choice(ui, s.task, unset, &mut c.task, &tasks);
            let layouts = [(Layout::Nchw, s.planes), (Layout::Nhwc, s.interleaved)];
            choice(ui, s.layout, s.as_found, &mut c.layout, &layouts);
            let orders = [(ColourOrder::Rgb, "RGB"), (ColourOrder::Bgr, "BGR")];
            choice(ui, s.colour_order, s.as_found, &mut c.order, &orders);
            let mut ranges = vec![
                (Range::UNIT, "0 … 1"),
                (Range::BYTE, "0 … 255"),
                (Range::SIGNED, "−1 … 1"),
                (Range::IMAGENET, s.imagenet),
            ];
            if let Some(range) = c.range.filter(|r| !ranges.iter().any(|(known, _)| known == r)) {
                ranges.push((range, s.custom));
            }
            choice(ui, s.value_range, s.as_found, &mut c.range, &ranges);
            let mut fits = vec![
                (CENTRED, s.letterbox_centred),
                (CORNER, s.letterbox_corner),
                (Fit::Stretch, s.stretch),
                (CROP, s.centre_crop),
            ];
            if let Some(fit) = c.fit.filter(|f| !fits.iter().any(|(known, _)| known == f)) {
                fits.push((fit, s.custom));
            }
            choice(ui, s.fit, s.as_found, &mut c.fit, &fits);
            labels_ui(ui, s, &mut c.labels, out);
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.add_enabled_ui(self.chosen != self.stored, |ui| {
                    if primary_button(ui, s.save_beside).clicked() {
                        let (path, chosen) = (self.path.clone(), self.chosen.clone());
                        out.push(Intent::Reading(ReadingIntent::Save(path, chosen)));
                    }
                });
                if ui.add_enabled(self.chosen != Sidecar::default(), egui::Button::new(s.reset)).clicked() {
                    self.chosen = Sidecar::default();
                }
            });
            let p = palette(ui);
            let text = match &self.saved {
                None => return,
                Some(Ok(())) => {
                    let name = file_name(&crate::model::sidecar::path_for(&self.path));
                    egui::RichText::new((s.saved_as)(&name)).color(p.good)
                }
                Some(Err(why)) => egui::RichText::new((s.not_saved)(why)).color(p.bad),
            };
            ui.add(egui::Label::new(text).wrap());
        });
        if self.chosen != before {
            self.saved = None;
            out.push(Intent::Model(ModelIntent::OpenAs(self.path.clone(), self.chosen.clone())));
        }
    }

    fn file_ui(&self, ui: &mut Ui, view: &View<'_>) {
        let s = view.strings;
        card(ui, s.what_the_file_says, |ui| match &self.seen {
            Seen::Reading => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(14.0));
                    ui.label(s.reading_file);
                });
            }
            Seen::Failed(error) => {
                let text = model_page(view.language, error);
                ui.add(egui::Label::new(sentences(&text.explanation, &text.fix)).wrap());
            }
            Seen::Read(seen) => {
                match &seen.spec {
                    Ok(spec) => {
                        for line in &spec.evidence {
                            ui.add(egui::Label::new(phrase(view.language, line)).wrap().selectable(true));
                        }
                    }
                    Err(unknown) => {
                        let text = egui::RichText::new(phrase(view.language, unknown.reason()))
                            .color(palette(ui).warn);
                        ui.add(egui::Label::new(text).wrap().selectable(true));
                    }
                }
                ui.add_space(6.0);
                graph_ui(ui, s, &seen.graph);
            }
        });
    }
}

/// The task that stays when a family is chosen: the same, if the family has it.
fn task_of(family: Option<Family>, task: Option<Task>) -> Option<Task> {
    task.filter(|task| family.is_none_or(|family| family.tasks().contains(task)))
}

/// A choice among several options; `None` leaves the value as it was found.
fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    unset: &str,
    value: &mut Option<T>,
    options: &[(T, &'static str)],
) {
    ui.horizontal(|ui| {
        ui.label(name);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let shown = options.iter().find(|(v, _)| Some(*v) == *value).map_or(unset, |(_, text)| text);
            let combo = egui::ComboBox::from_id_salt(name)
                .selected_text(shown)
                .width(170.0)
                .truncate()
                .icon(combo_arrow);
            let response = combo.show_ui(ui, |ui| {
                ui.selectable_value(value, None, unset);
                for (option, text) in options {
                    ui.selectable_value(value, Some(*option), *text);
                }
            });
            response.response.accessible_name(name);
        });
    });
}

/// Which names the classes have.
fn labels_ui(ui: &mut Ui, s: &Strings, labels: &mut Option<Vec<String>>, out: &mut Vec<Intent>) {
    let coco = crate::model::labels::Labels::coco80();
    let shown = match labels.as_deref() {
        None => s.as_found.to_owned(),
        Some([]) => s.labels_none.to_owned(),
        Some(names) if names == coco.english() => "COCO-80".to_owned(),
        Some(names) => (s.labels_loaded)(names.len()),
    };
    ui.horizontal(|ui| {
        ui.label(s.labels);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let combo = egui::ComboBox::from_id_salt("labels")
                .selected_text(&shown)
                .width(170.0)
                .truncate()
                .icon(combo_arrow);
            let response = combo.show_ui(ui, |ui| {
                ui.selectable_value(labels, None, s.as_found);
                ui.selectable_value(labels, Some(coco.english().to_vec()), "COCO-80");
                ui.selectable_value(labels, Some(Vec::new()), s.labels_none);
                if ui.selectable_label(false, s.labels_file).clicked() {
                    out.push(Intent::Files(FilesIntent::Choose(Choose::Labels)));
                }
            });
            response.response.accessible_name(s.labels);
        });
    });
}

fn graph_ui(ui: &mut Ui, s: &Strings, graph: &GraphInfo) {
    let p = palette(ui);
    let group = |ui: &mut Ui, title: &str, values: &[ValueInfo]| {
        ui.label(egui::RichText::new(title).color(p.weak));
        for value in values.iter().take(24) {
            let text = format!("{}   {}   {}", value.name, value.element, value.shape_text());
            ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap().selectable(true));
        }
        ui.add_space(4.0);
    };
    group(ui, s.inputs, &graph.inputs);
    group(ui, s.outputs, &graph.outputs);
    ui.label(egui::RichText::new(s.metadata).color(p.weak));
    if graph.metadata.is_empty() {
        ui.label(s.nothing);
    }
    for (key, value) in graph.metadata.iter().take(40) {
        let value: String = value.chars().take(160).collect();
        ui.add(egui::Label::new(format!("{key}: {value}")).wrap().selectable(true));
    }
    if !graph.producer.is_empty() {
        ui.add_space(4.0);
        ui.label(egui::RichText::new((s.pair)(s.made_by, &graph.producer)).color(p.weak));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_family_keeps_the_task_if_it_has_it() {
        let both: Vec<Family> = Family::ALL
            .into_iter()
            .filter(|f| f.tasks().contains(&Task::Detect) && f.tasks().contains(&Task::Pose))
            .collect();
        assert!(!both.is_empty());
        for family in both {
            assert_eq!(task_of(Some(family), Some(Task::Pose)), Some(Task::Pose), "{}", family.name());
        }
        assert_eq!(task_of(Some(Family::Gan), Some(Task::Pose)), None);
        assert_eq!(task_of(None, Some(Task::Pose)), Some(Task::Pose));
    }
}
