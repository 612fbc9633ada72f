//! The tab that says how good one or two models are on the data set.

use std::path::PathBuf;

use egui::{self, RichText, Ui};

use super::export::progress_ui;
use super::state::{DatasetPage, Evaluated, Overlay, Tab};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::{Datasets, verdict};
use crate::app::style::palette;
use crate::app::view::{View, listed};
use crate::app::widgets::{card, combo_arrow, follow_focus, notice, paragraph, primary_button};
use crate::dataset::evaluate::{
    ClassificationFigures, Confusion, DetectionFigures, Figures, ImageMistakes, Mistake,
};
use crate::dataset::measure::{self, Difference, MeasuredModel};
use crate::library::{Kind, ModelEntry};

/// Worst images that are listed.
const WORST: usize = 40;
/// Classes of the table of what was taken for what.
const CONFUSED: usize = 16;

/// Shows the tab. `entered`: the key was pressed that begins.
pub(super) fn ui(page: &mut DatasetPage, ui: &mut Ui, view: &View<'_>, entered: bool, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    egui::ScrollArea::vertical().id_salt("evaluation").auto_shrink([false, false]).show(ui, |ui| {
        let width = (ui.available_width() - 48.0).min(900.0);
        let margin = ((ui.available_width() - width) / 2.0).max(0.0);
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.add_space(8.0);
                form_ui(page, ui, view, entered, out);
                let shown = page.evaluated.take();
                if let Some(evaluated) = &shown {
                    results_ui(page, evaluated, ui, view, out);
                } else if page.work.is_none() {
                    paragraph(ui, w.evaluation_about, palette(ui).weak);
                }
                page.evaluated = page.evaluated.take().or(shown);
                ui.add_space(24.0);
            });
            follow_focus(ui);
        });
    });
}

/// Chooses the models and starts.
fn form_ui(page: &mut DatasetPage, ui: &mut Ui, view: &View<'_>, entered: bool, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let known = |entry: &&std::sync::Arc<ModelEntry>| matches!(&entry.kind, Kind::Known(spec) if can_be_measured(spec.task));
    let mut models: Vec<(PathBuf, String)> = view
        .library
        .models
        .iter()
        .filter(known)
        .map(|entry| (entry.path.clone(), entry.name.clone()))
        .collect();
    // The running model counts wherever its file lies.
    if let Some(running) = view.model.current.as_ref().filter(|model| can_be_measured(model.spec.task))
        && listed(view.library.models, &running.path).is_none()
    {
        models.insert(0, (running.path.clone(), running.name.clone()));
    }
    if page.first.is_none() {
        let current = view.model.current.as_ref().map(|model| model.path.clone());
        let known = current.filter(|path| models.iter().any(|(of, _)| of == path));
        page.first = known.or_else(|| models.first().map(|(path, _)| path.clone()));
    }
    if models.is_empty() {
        notice(ui, p.warn, w.no_models, w.no_models_text, |_| {});
        return;
    }
    let count = page.document.as_ref().map_or(0, |document| measure::chosen(document.dataset()).1.len());
    ui.horizontal_wrapped(|ui| {
        ui.label(w.model);
        choose_ui(ui, "first model", w.model, &mut page.first, &models, None);
        ui.label(w.against);
        choose_ui(ui, "second model", w.against, &mut page.second, &models, Some(w.no_other));
        let ready = count > 0 && page.first.is_some() && page.work.is_none();
        let button =
            ui.add_enabled_ui(ready, |ui| primary_button(ui, w.evaluate).on_hover_text("Enter")).inner;
        if button.clicked() || (entered && ready) {
            let mut paths: Vec<PathBuf> = page.first.iter().cloned().collect();
            paths.extend(page.second.clone().filter(|second| Some(second) != page.first.as_ref()));
            page.evaluation_error = None;
            out.push(Intent::Dataset(DatasetIntent::Evaluate(paths)));
        }
    });
    ui.label(RichText::new((w.evaluated_images)(count)).small().color(p.weak));
    progress_ui(page, ui, view, out);
    if let Some(error) = &page.evaluation_error {
        notice(ui, p.bad, w.not_evaluated, error, |_| {});
    }
    ui.add_space(8.0);
}

fn can_be_measured(task: crate::model::Task) -> bool {
    use crate::model::Task;
    matches!(task, Task::Detect | Task::Segment | Task::Pose | Task::Obb | Task::Classify)
}

fn choose_ui(
    ui: &mut Ui,
    id: &str,
    label: &str,
    chosen: &mut Option<PathBuf>,
    models: &[(PathBuf, String)],
    none: Option<&str>,
) {
    let name = |path: &PathBuf| models.iter().find(|(of, _)| of == path).map(|(_, name)| name.as_str());
    let shown = chosen.as_ref().and_then(name).or(none).unwrap_or("–").to_owned();
    let combo = egui::ComboBox::from_id_salt(id.to_owned()).icon(combo_arrow).width(210.0).height(340.0);
    let combo = combo.selected_text(shown).truncate().show_ui(ui, |ui| {
        if let Some(none) = none {
            ui.selectable_value(chosen, None, none);
        }
        for (path, name) in models {
            ui.selectable_value(chosen, Some(path.clone()), name);
        }
    });
    combo.response.accessible_name(label);
}

fn results_ui(
    page: &mut DatasetPage,
    evaluated: &Evaluated,
    ui: &mut Ui,
    view: &View<'_>,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let names: Vec<&str> = evaluated.models.iter().map(|model| model.evaluation.model.as_str()).collect();
    if let (Some(difference), [first, second]) = (&evaluated.difference, &names[..]) {
        let text = verdict(view.language, [first, second], difference);
        let few = difference.images < Difference::FEW;
        let is_own = evaluated.models.iter().any(|model| model.own_labels > 0);
        let colour = if difference.is_noise() || few || is_own { p.warn } else { p.good };
        notice(ui, colour, w.really_better, &text, |_| {});
        ui.add_space(8.0);
    }
    for model in &evaluated.models {
        notes_ui(model, ui, view);
    }
    card(ui, w.figures, |ui| figures_ui(evaluated, ui, w));
    ui.add_space(4.0);
    card(ui, w.by_class, |ui| classes_ui(evaluated, ui, w));
    ui.add_space(4.0);
    if evaluated.models.len() > 1 {
        ui.horizontal(|ui| {
            ui.label(RichText::new(w.details_of).color(p.weak));
            for (place, name) in names.iter().enumerate() {
                if ui.selectable_label(page.details == place, *name).clicked() {
                    page.details = place;
                }
            }
        });
    }
    let place = page.details.min(evaluated.models.len().saturating_sub(1));
    let Some(model) = evaluated.models.get(place) else { return };
    let confusion = match &model.evaluation.figures {
        Figures::Detection { boxes, .. } => &boxes.confusion,
        Figures::Classification(figures) => &figures.confusion,
    };
    card(ui, w.confusion, |ui| confusion_ui(confusion, ui, w));
    ui.add_space(4.0);
    card(ui, w.worst, |ui| worst_ui(page, model, ui, w, out));
}

/// What to know before one reads a model's figures.
fn notes_ui(model: &MeasuredModel, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.datasets;
    let evaluation = &model.evaluation;
    let mut notes = Vec::new();
    if !evaluation.unknown_to_model.is_empty() {
        notes.push((w.unknown_to_model)(&evaluation.model, &few(&evaluation.unknown_to_model)));
    }
    if model.own_labels > 0 {
        notes.push((w.own_labels)(model.own_labels, &evaluation.model));
    }
    if model.left_out > 0 {
        notes.push((w.left_out)(model.left_out));
    }
    for note in notes {
        ui.add(egui::Label::new(RichText::new(note).color(palette(ui).warn)).wrap());
    }
}

fn few(names: &[String]) -> String {
    let more = if names.len() > 5 { " …" } else { "" };
    format!("{}{more}", names.iter().take(5).cloned().collect::<Vec<_>>().join(", "))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", value * 100.0))
}

/// A row of the table: its name, and each model's figure.
type Row<'a> = (&'a str, fn(&MeasuredModel) -> Option<f64>);

fn boxes(model: &MeasuredModel) -> Option<&DetectionFigures> {
    match &model.evaluation.figures {
        Figures::Detection { boxes, .. } => Some(boxes),
        Figures::Classification(_) => None,
    }
}

fn masks(model: &MeasuredModel) -> Option<&DetectionFigures> {
    match &model.evaluation.figures {
        Figures::Detection { mask, .. } => mask.as_deref(),
        Figures::Classification(_) => None,
    }
}

fn classification(model: &MeasuredModel) -> Option<&ClassificationFigures> {
    match &model.evaluation.figures {
        Figures::Classification(figures) => Some(figures),
        Figures::Detection { .. } => None,
    }
}

fn figures_ui(evaluated: &Evaluated, ui: &mut Ui, w: &Datasets) {
    let p = palette(ui);
    let rows: [Row<'_>; 9] = [
        ("mAP50-95", |model| boxes(model)?.coco.map),
        ("mAP50", |model| boxes(model)?.coco.map50),
        (w.precision, |model| boxes(model)?.precision),
        (w.recall, |model| boxes(model)?.recall),
        ("F1", |model| boxes(model)?.f1),
        (w.mask_map, |model| masks(model)?.coco.map),
        (w.mask_map50, |model| masks(model)?.coco.map50),
        (w.top1, |model| classification(model)?.top1),
        (w.top5, |model| classification(model)?.top5),
    ];
    let is_detection = evaluated.models.iter().any(|model| boxes(model).is_some());
    let has_masks = evaluated.models.iter().any(|model| masks(model).is_some());
    egui::Grid::new("figures").num_columns(3).striped(true).spacing([28.0, 6.0]).show(ui, |ui| {
        ui.label("");
        for model in &evaluated.models {
            ui.label(RichText::new(&model.evaluation.model).color(p.strong));
        }
        ui.end_row();
        for (place, (name, figure)) in rows.into_iter().enumerate() {
            let fits = match place {
                0..=4 => is_detection,
                5 | 6 => has_masks,
                _ => !is_detection,
            };
            if !fits {
                continue;
            }
            ui.label(name);
            let values: Vec<Option<f64>> = evaluated.models.iter().map(figure).collect();
            let best = values.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
            for value in values {
                let is_best = evaluated.models.len() > 1 && value == Some(best);
                let text = RichText::new(percent(value)).color(if is_best { p.strong } else { p.text });
                ui.label(if is_best { text.strong() } else { text });
            }
            ui.end_row();
        }
        ui.label(w.ms_per_image);
        for model in &evaluated.models {
            ui.label(format!("{:.1} ms", model.evaluation.ms_per_image));
        }
        ui.end_row();
    });
    if is_detection {
        let at: Vec<String> = evaluated
            .models
            .iter()
            .filter_map(boxes)
            .map(|figures| format!("{:.2}", figures.confidence))
            .collect();
        let text = RichText::new((w.at_confidence)(&at.join(", "))).small().color(p.weak);
        ui.add(egui::Label::new(text).wrap());
    }
}

fn classes_ui(evaluated: &Evaluated, ui: &mut Ui, w: &Datasets) {
    let p = palette(ui);
    let Some(first) = evaluated.models.first() else { return };
    egui::ScrollArea::both().id_salt("by class").max_height(300.0).show(ui, |ui| {
        egui::Grid::new("by class").striped(true).spacing([22.0, 5.0]).show(ui, |ui| {
            let head = |ui: &mut Ui, text: &str| drop(ui.label(RichText::new(text).small().color(p.weak)));
            if let Some(figures) = boxes(first) {
                head(ui, w.class);
                head(ui, w.objects);
                for model in &evaluated.models {
                    let name = &model.evaluation.model;
                    for figure in ["AP50-95", "AP50", w.precision, w.recall] {
                        head(ui, &format!("{name}\n{figure}"));
                    }
                }
                ui.end_row();
                for (place, class) in
                    figures.classes.iter().enumerate().filter(|(_, class)| class.objects > 0)
                {
                    ui.label(shown(&class.name));
                    ui.label(class.objects.to_string());
                    for model in &evaluated.models {
                        let of = boxes(model).and_then(|figures| figures.classes.get(place));
                        for value in of.map_or([None; 4], |of| [of.ap, of.ap50, of.precision, of.recall]) {
                            ui.label(percent(value));
                        }
                    }
                    ui.end_row();
                }
            } else if let Some(figures) = classification(first) {
                head(ui, w.class);
                head(ui, w.images);
                for model in &evaluated.models {
                    head(ui, &format!("{}\n{}", model.evaluation.model, w.top1));
                }
                ui.end_row();
                for (place, class) in figures.classes.iter().enumerate().filter(|(_, class)| class.images > 0)
                {
                    ui.label(shown(&class.name));
                    ui.label(class.images.to_string());
                    for model in &evaluated.models {
                        let of = classification(model).and_then(|figures| figures.classes.get(place));
                        ui.label(percent(of.and_then(|of| of.top1)));
                    }
                    ui.end_row();
                }
            }
        });
    });
}

/// A name as the bundled font can show it.
fn shown(name: &str) -> String {
    let mut shown = String::new();
    crate::scene::fonts::push_shown(name, &mut shown);
    shown
}

/// Rows and columns of what was mistaken most.
fn confused(confusion: &Confusion) -> Vec<usize> {
    let count = |row: usize, column: usize| {
        confusion.counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    };
    let size = confusion.classes.len();
    let mut places: Vec<(u64, usize)> = (0..size)
        .map(|place| {
            let own = (0..=size).map(|other| count(place, other) + count(other, place)).sum::<u64>();
            (own, place)
        })
        .filter(|(count, _)| *count > 0)
        .collect();
    places.sort_by_key(|(count, place)| (std::cmp::Reverse(*count), *place));
    places.truncate(CONFUSED);
    let mut places: Vec<usize> = places.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    places
}

fn confusion_ui(confusion: &Confusion, ui: &mut Ui, w: &Datasets) {
    let p = palette(ui);
    let text = RichText::new(w.confusion_text).small().color(p.weak);
    ui.add(egui::Label::new(text).wrap());
    let size = confusion.classes.len();
    let mut places = confused(confusion);
    // What was missed, and what is nothing.
    if confusion.counts.iter().any(|row| row.len() > size) || confusion.counts.len() > size {
        places.push(size);
    }
    let name = |place: usize, nothing: &str| {
        confusion.classes.get(place).map_or_else(|| nothing.to_owned(), |name| shown(name))
    };
    let most = confusion.counts.iter().flatten().copied().max().unwrap_or(1).max(1);
    egui::ScrollArea::both().id_salt("confusion").max_height(360.0).min_scrolled_height(360.0).show(
        ui,
        |ui| {
            egui::Grid::new("confusion").spacing([4.0, 4.0]).show(ui, |ui| {
                ui.label("");
                for column in &places {
                    let text = RichText::new(name(*column, w.missed)).small().color(p.weak);
                    ui.add_sized([64.0, 18.0], egui::Label::new(text).truncate());
                }
                ui.end_row();
                for row in &places {
                    if *row >= confusion.counts.len() {
                        continue;
                    }
                    let text = RichText::new(name(*row, w.nothing_there)).small().color(p.weak);
                    ui.add_sized([110.0, 24.0], egui::Label::new(text).truncate());
                    for column in &places {
                        let cells = confusion.counts.get(*row);
                        let count = cells.and_then(|cells| cells.get(*column)).copied().unwrap_or(0);
                        cell_ui(ui, count, most, row == column && *row < size);
                    }
                    ui.end_row();
                }
            });
        },
    );
}

fn cell_ui(ui: &mut Ui, count: u64, most: u64, is_right: bool) {
    let p = palette(ui);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(64.0, 24.0), egui::Sense::hover());
    let share = ((count as f32 / most as f32).sqrt() * 0.75).clamp(0.0, 0.75);
    let colour = if is_right { p.good } else { p.bad };
    ui.painter().rect_filled(rect, 3, colour.gamma_multiply(share));
    if count > 0 {
        let font = egui::FontId::proportional(13.0);
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, count.to_string(), font, p.strong);
    }
}

fn worst_ui(page: &mut DatasetPage, model: &MeasuredModel, ui: &mut Ui, w: &Datasets, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let worst: Vec<(String, String)> = match &model.evaluation.figures {
        Figures::Detection { boxes, .. } => {
            boxes.worst.iter().take(WORST).map(|image| (image.image.clone(), mistakes(image, w))).collect()
        }
        Figures::Classification(figures) => {
            let wrong = figures.worst.iter().take(WORST);
            wrong
                .map(|image| {
                    let found = image.found.as_ref().map_or("–", |(name, _)| name.as_str());
                    (image.image.clone(), (w.taken_for)(&image.class, found))
                })
                .collect()
        }
    };
    if worst.is_empty() {
        ui.label(RichText::new(w.no_mistakes).color(p.good));
        return;
    }
    ui.label(RichText::new(w.worst_text).small().color(p.weak));
    for (name, what) in worst {
        let place = page
            .document
            .as_ref()
            .and_then(|document| document.items().iter().position(|item| item.name == name));
        ui.horizontal(|ui| {
            let button = ui.add_enabled(place.is_some(), egui::Button::new(shown(&name)).truncate());
            if button.clicked()
                && let Some(place) = place
            {
                page.tab = Tab::Review;
                let found = model.images.iter().find(|image| image.place == place);
                let least = boxes(model).map_or(0.0, |figures| figures.confidence);
                page.overlay = Some(Overlay {
                    place,
                    model: model.evaluation.model.clone(),
                    found: found
                        .iter()
                        .flat_map(|image| &image.found)
                        .filter(|found| found.score >= least)
                        .map(|found| (found.class, found.score, found.bbox))
                        .collect(),
                });
                out.push(Intent::Dataset(DatasetIntent::Show(place)));
            }
            ui.add(egui::Label::new(RichText::new(what).color(p.weak)).truncate());
        });
    }
}

/// "2 missed, 1 false".
fn mistakes(image: &ImageMistakes, w: &Datasets) -> String {
    let count = |is: fn(&Mistake) -> bool| image.mistakes.iter().filter(|mistake| is(mistake)).count();
    let parts = [
        (count(|mistake| matches!(mistake, Mistake::Missed { .. })), w.missed),
        (count(|mistake| matches!(mistake, Mistake::False { .. })), w.false_ones),
        (count(|mistake| matches!(mistake, Mistake::Confused { .. })), w.confused_ones),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    parts.join(", ")
}
