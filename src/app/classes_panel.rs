//! The list of classes: which are shown, how many of each are in the frame, a search in both languages.

use egui::{self, Align, Layout, Sense, TextEdit, Ui, vec2};

use super::icons::{self, Icon};
use super::intent::{Intent, ResultIntent};
use super::style::palette;
use super::view::View;
use super::widgets::section_with;
use crate::model::Task;
use crate::model::labels::{Labels, Language};
use crate::scene::palette::{class as class_colour, ink_on};

/// A class that no model has: a filter of this class alone shows nothing.
pub const NOTHING: u32 = u32::MAX;

/// What the list remembers between two passes.
#[derive(Debug, Default)]
pub struct ClassesPanel {
    search: String,
    /// How many of each class the newest result has; the buffer is reused.
    counts: Vec<u32>,
    /// The classes that fit the search; the buffer is reused.
    rows: Vec<u32>,
}

/// Whether a class fits what was typed: its name in either language or its number.
fn fits(labels: &Labels, id: u32, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    search.is_empty()
        || id.to_string() == search
        || [Language::English, Language::Chinese]
            .iter()
            .any(|l| labels.get(id, *l).is_some_and(|n| n.to_lowercase().contains(&search)))
}

/// The filter after one class was switched on or off; an empty list means all classes.
fn switched(classes: &[u32], count: usize, id: u32) -> Vec<u32> {
    let mut chosen: Vec<u32> =
        if classes.is_empty() { (0..count as u32).collect() } else { classes.to_vec() };
    chosen.retain(|c| *c != NOTHING);
    match chosen.iter().position(|c| *c == id) {
        Some(at) => {
            chosen.remove(at);
        }
        None => chosen.push(id),
    }
    chosen.sort_unstable();
    if chosen.len() >= count {
        chosen.clear();
    } else if chosen.is_empty() {
        chosen.push(NOTHING);
    }
    chosen
}

impl ClassesPanel {
    /// Shows the list.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        let Some(labels) = view.labels().filter(|l| !l.is_empty()) else { return };
        let count = labels.len();
        self.counts.clear();
        self.counts.resize(count, 0);
        // Classifiers find no objects, and the boxes of an action model are people, not actions.
        let task = view.model.current.as_ref().map(|model| model.spec.task);
        let counted = !matches!(task, Some(Task::Classify | Task::Semantic | Task::Action));
        if let Some(prediction) = view.prediction.filter(|_| counted) {
            for detection in &prediction.results.detections {
                if let Some(n) = self.counts.get_mut(detection.class_id as usize) {
                    *n += 1;
                }
            }
        }
        let seen: u32 = self.counts.iter().sum();
        let filter = &view.thresholds.classes;
        section_with(
            ui,
            s.classes,
            |ui| {
                if counted {
                    ui.label(egui::RichText::new((s.found)(seen as usize)).small().color(palette(ui).weak));
                }
            },
            |ui| {
                if count > 8 {
                    ui.horizontal(|ui| {
                        let room = ui.available_width();
                        let buttons = 112.0;
                        let edit = TextEdit::singleline(&mut self.search)
                            .hint_text(s.search)
                            .margin(egui::Margin::symmetric(10, 6))
                            .desired_width(room - buttons);
                        ui.add(edit).accessible_name(s.search);
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                            ui.spacing_mut().item_spacing.x = 4.0;
                            ui.spacing_mut().button_padding.x = 8.0;
                            if ui
                                .add_enabled(filter.as_slice() != [NOTHING], egui::Button::new(s.none))
                                .clicked()
                            {
                                out.push(Intent::Result(ResultIntent::Classes(vec![NOTHING])));
                            }
                            if ui.add_enabled(!filter.is_empty(), egui::Button::new(s.all)).clicked() {
                                out.push(Intent::Result(ResultIntent::Classes(Vec::new())));
                            }
                        });
                    });
                }
                self.rows.clear();
                self.rows.extend((0..count as u32).filter(|id| fits(labels, *id, &self.search)));
                if self.rows.is_empty() {
                    ui.label(egui::RichText::new(s.no_class_fits).color(palette(ui).weak));
                    return;
                }
                ui.spacing_mut().item_spacing.y = 0.0;
                let height = 28.0;
                egui::ScrollArea::vertical()
                    .id_salt("classes")
                    .max_height(height * 7.5)
                    .auto_shrink([false, true])
                    .show_rows(ui, height, self.rows.len(), |ui, range| {
                        for id in self.rows.get(range).unwrap_or_default() {
                            let allowed = view.thresholds.allows(*id);
                            let here = self.counts.get(*id as usize).copied().unwrap_or(0);
                            if class_row(ui, view.language, labels, *id, allowed, here, height) {
                                out.push(Intent::Result(ResultIntent::Classes(switched(filter, count, *id))));
                            }
                        }
                    });
            },
        );
    }
}

/// A row of the list; returns whether the class was switched on or off.
fn class_row(
    ui: &mut Ui,
    language: Language,
    labels: &Labels,
    id: u32,
    on: bool,
    here: u32,
    height: f32,
) -> bool {
    let name = labels.name(id, language);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, name.as_ref()));
    if ui.is_rect_visible(rect) {
        let p = palette(ui);
        let lit = response.hovered() || response.has_focus();
        if lit {
            ui.painter().rect_filled(rect, 6, p.button[0]);
        }
        let [r, g, b] = class_colour(id);
        let colour = egui::Color32::from_rgb(r, g, b);
        let square = egui::Rect::from_center_size(rect.left_center() + vec2(15.0, 0.0), vec2(14.0, 14.0));
        if on {
            ui.painter().rect_filled(square, 4, colour);
        } else {
            let stroke = egui::Stroke::new(1.5, p.weak.gamma_multiply(0.7));
            ui.painter().rect_stroke(square, 4, stroke, egui::StrokeKind::Inside);
        }
        if on {
            let [r, g, b] = ink_on([r, g, b]);
            let tick = egui::Color32::from_rgb(r, g, b);
            icons::draw(ui.painter(), square.shrink(1.0), Icon::Check, tick);
        }
        let text = if on { p.text } else { p.weak };
        let font = egui::TextStyle::Body.resolve(ui.style());
        let at = rect.left_center() + vec2(32.0, 0.0);
        ui.painter().with_clip_rect(rect).text(at, egui::Align2::LEFT_CENTER, &name, font.clone(), text);
        if here > 0 {
            let at = rect.right_center() - vec2(12.0, 0.0);
            ui.painter().text(at, egui::Align2::RIGHT_CENTER, here, font, p.strong);
        }
    }
    response.clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_finds_in_both_languages_and_by_number() {
        let coco = Labels::coco80();
        assert!(fits(&coco, 2, "CAR") && fits(&coco, 2, "汽车") && fits(&coco, 2, "2"));
        assert!(!fits(&coco, 2, "dog") && fits(&coco, 2, "  "));
    }

    #[test]
    fn switching_goes_from_all_to_none_and_back() {
        assert_eq!(switched(&[], 3, 1), [0, 2]);
        assert_eq!(switched(&[0, 2], 3, 1), Vec::<u32>::new(), "all again");
        assert_eq!(switched(&[2], 3, 2), [NOTHING]);
        assert_eq!(switched(&[NOTHING], 3, 2), [2]);
    }
}
