//! The tab that says how good one or two models are on the data set.

mod figures;
mod mistakes;
mod model_names;

use std::path::PathBuf;

use egui::{self, RichText, Ui};

use super::document::Document;
use super::export::progress_ui;
use super::state::{DatasetPage, Evaluated};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::{class_name, counted_text, verdict};
use crate::app::style::palette;
use crate::app::view::{View, listed};
use crate::app::widgets::{card, combo_arrow, follow_focus, notice, paragraph, primary_button};
use crate::dataset::evaluate::Figures;
use crate::dataset::measure::MeasuredModel;
use crate::dataset::{Weight, chosen};
use crate::library::{Kind, ModelEntry};
use model_names::{Named, told_apart};

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
    let mut models: Vec<Named> = view.library.models.iter().filter(known).map(|entry| named(entry)).collect();
    // The running model counts wherever its file lies.
    if let Some(running) = view.model.current.as_ref().filter(|model| can_be_measured(model.spec.task))
        && listed(view.library.models, &running.path).is_none()
    {
        let (path, name, sha256) = (running.path.clone(), running.name.clone(), running.sha256.clone());
        models.insert(0, Named { path, name, precision: "", sha256 });
    }
    let names = told_apart(&models);
    let models: Vec<(PathBuf, String)> = models.into_iter().map(|model| model.path).zip(names).collect();
    if page.first.is_none() {
        let current = view.model.current.as_ref().map(|model| model.path.clone());
        let known = current.filter(|path| models.iter().any(|(of, _)| of == path));
        page.first = known.or_else(|| models.first().map(|(path, _)| path.clone()));
    }
    if models.is_empty() {
        notice(ui, p.warn, w.no_models, w.no_models_text, |_| {});
        return;
    }
    let items = page.document.as_ref().map(Document::items).unwrap_or_default();
    let chosen = chosen(items.iter().map(|item| &**item), None);
    let count = chosen.places.len();
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
    let flatters = chosen.counted.may_be_learnt() || chosen.mixed;
    let colour = if flatters && count > 0 { p.warn } else { p.weak };
    let counted = RichText::new(counted_text(view.language, &chosen)).small().color(colour);
    ui.add(egui::Label::new(counted).wrap());
    progress_ui(page, ui, view, out);
    if let Some(error) = &page.evaluation_error {
        notice(ui, p.bad, w.not_evaluated, error, |_| {});
    }
    ui.add_space(8.0);
}

/// A listed model, as it is told from others.
fn named(entry: &ModelEntry) -> Named {
    Named {
        path: entry.path.clone(),
        name: entry.name.clone(),
        precision: entry.precision.name(),
        sha256: entry.sha256.clone().unwrap_or_default(),
    }
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
    let names = names(evaluated, view);
    outdated_ui(page, evaluated, ui, view, out);
    if let (Some(difference), [first, second]) = (&evaluated.difference, &names[..]) {
        let text = verdict(view.language, [first, second], difference);
        let is_own = evaluated.models.iter().any(|model| model.own_labels > 0);
        let is_sure = difference.weight() == Weight::Real && !is_own;
        notice(ui, if is_sure { p.good } else { p.warn }, w.really_better, &text, |_| {});
        ui.add_space(8.0);
    }
    for (model, name) in evaluated.models.iter().zip(&names) {
        notes_ui(model, name, ui, view);
    }
    card(ui, w.figures, |ui| figures::ui(evaluated, &names, ui, w));
    ui.add_space(4.0);
    card(ui, w.by_class, |ui| figures::classes_ui(evaluated, &names, ui, view));
    ui.add_space(4.0);
    if evaluated.models.len() > 1 {
        ui.horizontal(|ui| {
            ui.label(RichText::new(w.details_of).color(p.weak));
            for (place, name) in names.iter().enumerate() {
                if ui.selectable_label(page.details == place, name).clicked() {
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
    card(ui, w.confusion, |ui| mistakes::confusion_ui(confusion, ui, view));
    ui.add_space(4.0);
    let name = names.get(place).map_or("", String::as_str);
    card(ui, w.worst, |ui| mistakes::worst_ui(page, (model, name), ui, view, out));
}

/// The models' names; those of the same name are told by what differs.
fn names(evaluated: &Evaluated, view: &View<'_>) -> Vec<String> {
    let models = evaluated.models.iter().map(|model| {
        let entry = view.library.models.iter().find(|entry| entry.path == model.path);
        Named {
            path: model.path.clone(),
            name: model.evaluation.model.clone(),
            precision: entry.map_or("", |entry| entry.precision.name()),
            sha256: model.evaluation.sha256.clone(),
        }
    });
    told_apart(&models.collect::<Vec<_>>())
}

/// Says that labels were changed since the models were measured.
fn outdated_ui(
    page: &mut DatasetPage,
    evaluated: &Evaluated,
    ui: &mut Ui,
    view: &View<'_>,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.datasets;
    let now = page.document.as_ref().map(Document::revision);
    if now.is_none_or(|now| now == evaluated.revision) {
        return;
    }
    let mut again = false;
    notice(ui, palette(ui).warn, w.outdated, w.outdated_text, |ui| {
        again = ui.add_enabled(page.work.is_none(), egui::Button::new(w.measure_again)).clicked();
    });
    ui.add_space(8.0);
    if again {
        page.evaluation_error = None;
        let models = evaluated.models.iter().map(|model| model.path.clone()).collect();
        out.push(Intent::Dataset(DatasetIntent::Evaluate(models)));
    }
}

/// What to know before one reads a model's figures.
fn notes_ui(model: &MeasuredModel, name: &str, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.datasets;
    let evaluation = &model.evaluation;
    let mut notes = Vec::new();
    if !evaluation.unknown_to_model.is_empty() {
        let classes: Vec<String> =
            evaluation.unknown_to_model.iter().map(|class| class_name(view.language, class)).collect();
        notes.push((w.unknown_to_model)(name, &few(&classes)));
    }
    if model.own_labels > 0 {
        notes.push((w.own_labels)(model.own_labels, name));
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
