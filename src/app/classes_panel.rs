//! The list of classes: which are shown, how many of each are in the frame, a search in both languages.

use egui::{self, Sense, TextEdit, Ui, vec2};

use super::icons::{self, Icon};
use super::intent::{Intent, ResultIntent};
use super::style::palette;
use super::view::View;
use super::widgets::{at_right, section_with};
use crate::library::search::Haystack;
use crate::model::Task;
use crate::model::labels::{Labels, Language, other_names};
use crate::model::results::PlaneValues;
use crate::scene::palette::{class as class_colour, ink_on};

/// A class that no model has: a filter of this class alone shows nothing.
pub const NOTHING: u32 = u32::MAX;

/// Rows that are listed unless all are asked for.
const ROWS: usize = 10;
/// A class stays among those that were found for so many seconds, so that rows don't jump with every frame.
const FOUND_FOR: f64 = 3.0;

/// What the list remembers between two passes.
#[derive(Debug, Default)]
pub struct ClassesPanel {
    search: String,
    /// Every class is listed, not only the first rows.
    all_shown: bool,
    /// The pointer was over the list, or a row had the keyboard focus: the rows stay where they are.
    held: bool,
    /// How many of each class the newest result has; the buffer is reused.
    counts: Vec<u32>,
    /// The score of each class that the newest result of a classifier names; the buffer is reused.
    scores: Vec<f32>,
    /// When each class was found last, in egui's seconds.
    found_at: Vec<f64>,
    /// The classes that fit the search, in the order of the list; the buffer is reused.
    rows: Vec<u32>,
    fitting: Fitting,
}

/// The classes of a model that fit what is typed, worked out when either changes.
#[derive(Debug, Default)]
struct Fitting {
    labels: Labels,
    search: String,
    ids: Vec<u32>,
}

impl Fitting {
    /// Returns whether they changed.
    fn update(&mut self, labels: &Labels, search: &str) -> bool {
        if self.labels == *labels && self.search == search {
            return false;
        }
        self.labels = labels.clone();
        search.clone_into(&mut self.search);
        self.ids.clear();
        self.ids.extend((0..labels.len() as u32).filter(|id| fits(labels, *id, search)));
        if !search.trim().is_empty() {
            self.ids.sort_by_cached_key(|id| texts(labels, *id).rank(search.trim()));
        }
        true
    }
}

/// Whether a class fits what was typed: its name in either language, its pinyin or its number.
fn fits(labels: &Labels, id: u32, search: &str) -> bool {
    let search = search.trim();
    search.is_empty() || id.to_string() == search || texts(labels, id).has(search)
}

/// What a search for a class looks through: its names, and what else it is called.
fn texts(labels: &Labels, id: u32) -> Haystack {
    let names = [Language::English, Language::Chinese].into_iter().filter_map(|l| labels.get(id, l));
    Haystack::new(names.flat_map(|name| std::iter::once(name).chain(other_names(name).iter().copied())))
}

/// The filter after these classes were all switched on or off; an empty list means all classes.
fn all_switched(classes: &[u32], count: usize, ids: &[u32], on: bool) -> Vec<u32> {
    let mut chosen: Vec<u32> =
        if classes.is_empty() { (0..count as u32).collect() } else { classes.to_vec() };
    chosen.retain(|c| *c != NOTHING && !ids.contains(c));
    if on {
        chosen.extend(ids);
    }
    chosen.sort_unstable();
    if chosen.len() >= count {
        chosen.clear();
    } else if chosen.is_empty() {
        chosen.push(NOTHING);
    }
    chosen
}

/// The filter after one class was switched on or off.
fn switched(classes: &[u32], count: usize, id: u32) -> Vec<u32> {
    let was_on = classes.is_empty() || classes.contains(&id);
    all_switched(classes, count, &[id], !was_on)
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
        self.count(view, counted, ui.input(|i| i.time));
        let seen: u32 = self.counts.iter().sum();
        let filter = &view.thresholds.classes;
        if self.fitting.update(labels, &self.search) {
            self.held = false;
        }
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
                        at_right(ui, "all or none", |ui| {
                            ui.spacing_mut().item_spacing.x = 4.0;
                            ui.spacing_mut().button_padding.x = 8.0;
                            // They act on what the search lists.
                            let ids = &self.fitting.ids;
                            let on = |id: &u32| view.thresholds.allows(*id);
                            if ui.add_enabled(!ids.iter().all(on), egui::Button::new(s.all)).clicked() {
                                let chosen = all_switched(filter, count, ids, true);
                                out.push(Intent::Result(ResultIntent::Classes(chosen)));
                            }
                            if ui.add_enabled(ids.iter().any(on), egui::Button::new(s.none)).clicked() {
                                let chosen = all_switched(filter, count, ids, false);
                                out.push(Intent::Result(ResultIntent::Classes(chosen)));
                            }
                        });
                    });
                }
                self.arrange(ui.input(|i| i.time));
                if self.rows.is_empty() {
                    ui.label(egui::RichText::new(s.no_class_fits).color(palette(ui).weak));
                    return;
                }
                ui.spacing_mut().item_spacing.y = 0.0;
                // The list has no scroll bar of its own: the panel's wheel goes on over it.
                let number = self.rows.len();
                let listed = if self.all_shown || number <= ROWS + 2 { number } else { ROWS };
                let top = ui.cursor().top();
                let mut focused = false;
                for id in self.rows.iter().take(listed) {
                    let allowed = view.thresholds.allows(*id);
                    let here = self.counts.get(*id as usize).copied().unwrap_or(0);
                    let row = class_row(ui, view.language, labels, *id, allowed, here, ROW);
                    focused |= row.has_focus();
                    if row.clicked() {
                        out.push(Intent::Result(ResultIntent::Classes(switched(filter, count, *id))));
                    }
                }
                let list = egui::Rect::from_min_max(egui::pos2(ui.min_rect().left(), top), ui.min_rect().max);
                self.held = focused || ui.rect_contains_pointer(list);
                if number > ROWS + 2 {
                    let text = if self.all_shown {
                        s.show_fewer_classes.to_owned()
                    } else {
                        (s.show_all_classes)(number)
                    };
                    ui.add_space(4.0);
                    if ui.button(text).clicked() {
                        self.all_shown = !self.all_shown;
                    }
                }
            },
        );
    }

    /// Counts what the drawn result has of each class, and notes when each was found.
    fn count(&mut self, view: &View<'_>, counted: bool, now: f64) {
        let Some(count) = view.labels().map(Labels::len) else { return };
        self.counts.clear();
        self.counts.resize(count, 0);
        self.found_at.resize(count, f64::NEG_INFINITY);
        self.scores.clear();
        self.scores.resize(count, 0.0);
        let Some(prediction) = view.drawn else { return };
        let results = &prediction.results;
        if counted {
            for detection in &results.detections {
                if let Some(n) = self.counts.get_mut(detection.class_id as usize) {
                    *n += 1;
                }
            }
        }
        let mut found = |class: usize| {
            if let Some(at) = self.found_at.get_mut(class) {
                *at = now;
            }
        };
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).for_each(|(class, _)| found(class));
        for class in &results.top {
            found(class.class_id as usize);
            if let Some(score) = self.scores.get_mut(class.class_id as usize) {
                *score = class.score;
            }
        }
        if let Some(PlaneValues::Classes(classes)) = results.plane.as_ref().map(|plane| &plane.values) {
            let step = (classes.len() / 4096).max(1);
            classes.iter().step_by(step).for_each(|class| found(usize::from(*class)));
        }
    }

    /// Lists the classes that fit the search, those that were just found first; among these the likeliest first, where the
    /// model gives a score to each class.
    fn arrange(&mut self, now: f64) {
        if self.held {
            return;
        }
        let found = |id: &u32| self.found_at.get(*id as usize).is_some_and(|at| now - at < FOUND_FOR);
        let ids = &self.fitting.ids;
        self.rows.clear();
        self.rows.extend(ids.iter().filter(|id| found(id)));
        let score = |id: &u32| self.scores.get(*id as usize).copied().unwrap_or(0.0);
        self.rows.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.rows.extend(ids.iter().filter(|id| !found(id)));
    }
}

/// Height of a row of the list.
const ROW: f32 = 28.0;

/// A row of the list; a click switches the class on or off.
fn class_row(
    ui: &mut Ui,
    language: Language,
    labels: &Labels,
    id: u32,
    on: bool,
    here: u32,
    height: f32,
) -> egui::Response {
    let name = labels.name(id, language);
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    // By class, not by place: the focus stays with the class when rows change places.
    let response = ui.interact(rect, ui.scope_id().with(("class", id)), Sense::click());
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
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_finds_in_both_languages_and_by_number() {
        let coco = Labels::coco80();
        assert!(fits(&coco, 2, "CAR") && fits(&coco, 2, "汽车") && fits(&coco, 2, "2"));
        assert!(!fits(&coco, 2, "dog") && fits(&coco, 2, "  "));
        assert!(fits(&coco, 5, "公交车") && fits(&coco, 5, "公共汽车"), "both are a bus");
        assert!(fits(&coco, 2, "qiche") && fits(&coco, 2, "qc"), "by pinyin: 汽车");
    }

    #[test]
    fn initials_of_chinese_names_come_before_letters_within_english_words() {
        let mut fitting = Fitting::default();
        fitting.update(&Labels::coco80(), "ren");
        assert_eq!(fitting.ids.first(), Some(&0), "人: ren, before letters elsewhere");
        let names = ["abcxyz", "scissors"].map(str::to_owned).to_vec();
        fitting.update(&Labels::new(names), "xyz");
        assert_eq!(fitting.ids, [0]);
        let hay = |words: &[&str]| Haystack::new(words.iter().copied());
        assert!(hay(&["bus", "红绿灯"]).rank("hld") < hay(&["ashlde"]).rank("hld"));
    }

    #[test]
    fn all_and_none_act_on_what_is_listed() {
        assert_eq!(all_switched(&[], 4, &[1, 2], false), [0, 3]);
        assert_eq!(all_switched(&[0, 3], 4, &[1, 2], true), Vec::<u32>::new(), "all again");
        assert_eq!(all_switched(&[1], 4, &[1, 2], false), [NOTHING]);
        assert_eq!(all_switched(&[NOTHING], 4, &[1, 2], true), [1, 2]);
        assert_eq!(all_switched(&[], 4, &[0, 1, 2, 3], false), [NOTHING]);
    }

    #[test]
    fn switching_goes_from_all_to_none_and_back() {
        assert_eq!(switched(&[], 3, 1), [0, 2]);
        assert_eq!(switched(&[0, 2], 3, 1), Vec::<u32>::new(), "all again");
        assert_eq!(switched(&[2], 3, 2), [NOTHING]);
        assert_eq!(switched(&[NOTHING], 3, 2), [2]);
    }
}
