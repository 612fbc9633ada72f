//! The list of models on this computer, a row each; one model in several precisions is one group.

use std::sync::Arc;

use egui::{self, Align, Layout, Ui};

use super::deploy;
use super::parts::{chip, licence_colour, row_frame, star, task_mark};
use super::state::{LibraryPage, Question, Tab};
use crate::app::intent::{FilesIntent, Intent, LibraryIntent, ModelIntent, Page, WindowIntent};
use crate::app::strings::{Library, ending_note, kind_text, permits, phrase, sentences, task_name};
use crate::app::style::palette;
use crate::app::view::{View, is_of, listed};
use crate::app::widgets::{at_right, centred_page, plain_button, primary_button};
use crate::library::names::size;
use crate::library::search;
use crate::library::{Kind, ModelEntry};
use crate::model::spec::Size;

pub(super) fn ui(page: &mut LibraryPage, ui: &mut Ui, view: &View<'_>, w: &Library, out: &mut Vec<Intent>) {
    let models = view.library.models;
    outside_ui(ui, view, w, out);
    if models.is_empty() {
        centred_page(ui, 460.0, |ui| {
            ui.label(egui::RichText::new(w.nothing_here).heading().color(palette(ui).strong));
            ui.add(egui::Label::new(w.nothing_here_text).wrap());
            if primary_button(ui, w.show_available).clicked() {
                page.tab = Tab::Available;
            }
        });
        return;
    }
    let places = models.iter().enumerate().filter(|(place, model)| fits(page, *place, model));
    let mut fitting: Vec<&ModelEntry> = places.map(|(_, model)| model.as_ref()).collect();
    search::sort(&mut fitting, view.settings.model_order);
    if !page.search.trim().is_empty() {
        let place = |model: &ModelEntry| models.iter().position(|of| std::ptr::eq(of.as_ref(), model));
        let mut rank = |model: &ModelEntry| {
            place(model).map_or(u8::MAX, |at| page.texts.of(at, &models[at]).rank(&page.search))
        };
        fitting.sort_by_cached_key(|model| rank(model));
    }
    if fitting.is_empty() {
        ui.add_space(16.0);
        ui.label(w.nothing_fits);
        if plain_button(ui, w.show_available).clicked() {
            page.tab = Tab::Available;
        }
        return;
    }
    for group in groups(&fitting) {
        let marked = group.iter().any(|c| view.is_current(c));
        row_frame(ui, marked, |ui| {
            for (number, model) in group.iter().enumerate() {
                if number > 0 {
                    ui.add(egui::Separator::default().spacing(10.0));
                }
                model_ui(page, ui, view, w, model, out);
            }
        });
        ui.add_space(2.0);
    }
}

fn fits(page: &mut LibraryPage, place: usize, model: &Arc<ModelEntry>) -> bool {
    if page.task.is_some_and(|t| model.task() != Some(t)) {
        return false;
    }
    page.search.trim().is_empty() || page.texts.of(place, model).has(&page.search)
}

/// The running model, if it is none of the list: where it is, and how it gets into the list.
fn outside_ui(ui: &mut Ui, view: &View<'_>, w: &Library, out: &mut Vec<Intent>) {
    let Some(model) = &view.model.current else { return };
    // One on a server is marked in the list of servers.
    if listed(view.library.models, &model.path).is_some() || model.server.is_some() {
        return;
    }
    let p = palette(ui);
    row_frame(ui, true, |ui| {
        ui.horizontal(|ui| {
            task_mark(ui, Some(model.spec.task), task_name(view.language, model.spec.task));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.set_width((ui.available_width() - 200.0).max(160.0));
                let name = egui::RichText::new(&model.name).color(p.strong).size(15.0);
                ui.add(egui::Label::new(name).truncate());
                let folder = model.path.parent().map(|folder| folder.display().to_string());
                let text = (w.outside)(&folder.unwrap_or_default());
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.weak)).truncate());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(egui::Button::new(w.add_running).min_size(egui::vec2(72.0, 30.0))).clicked() {
                    let path = model.path.clone();
                    out.push(Intent::Library(LibraryIntent::Import { path, run: true }));
                }
            });
        });
    });
    ui.add_space(2.0);
}

/// Models of one group are listed together, at the place of the first.
fn groups<'a>(models: &[&'a ModelEntry]) -> Vec<Vec<&'a ModelEntry>> {
    let mut groups: Vec<Vec<&ModelEntry>> = Vec::new();
    for model in models {
        let same = |group: &&mut Vec<&ModelEntry>| {
            group.first().is_some_and(|first| {
                first.group == model.group
                    && first.task() == model.task()
                    && first.precision != model.precision
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(model),
            None => groups.push(vec![model]),
        }
    }
    groups
}

/// Width of a row's other side: licence, time, star and buttons.
const OTHER_SIDE: f32 = 400.0;

fn model_ui(
    page: &mut LibraryPage,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Library,
    model: &ModelEntry,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let task = model.task().map_or(w.not_understood, |t| task_name(view.language, t));
    ui.horizontal(|ui| {
        task_mark(ui, model.task(), task);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let room = (ui.available_width() - OTHER_SIDE).max(160.0);
            ui.set_width(room);
            ui.horizontal(|ui| {
                let name = egui::RichText::new(&model.name).color(p.strong).size(15.0);
                ui.add(egui::Label::new(name).truncate());
            });
            let text = match &model.kind {
                Kind::Known(_) => match model.ending {
                    Some(ending) => ending_note(view.language, ending).to_string(),
                    None => about(view, w, model),
                },
                Kind::Unknown(reason) => {
                    (view.strings.pair)(w.not_understood, &phrase(view.language, reason))
                }
                Kind::Broken { message, .. } => {
                    (view.strings.pair)(w.broken, &phrase(view.language, message))
                }
            };
            let colour = if model.problem().is_some() || model.ending.is_some() { p.warn } else { p.weak };
            ui.add(egui::Label::new(egui::RichText::new(&text).color(colour)).truncate()).on_hover_text(text);
        });
        at_right(ui, &model.path, |ui| {
            let licence_ui = |ui: &mut Ui| {
                let Some((licence, permitted)) = model.stated_licence() else {
                    chip(ui, w.no_licence, p.weak).on_hover_text(w.no_licence_hint);
                    return;
                };
                let hint = permits(view.language, permitted);
                let hint =
                    if model.origin.is_some() { hint.to_owned() } else { sentences(hint, w.by_its_file) };
                chip(ui, licence, licence_colour(p, permitted)).on_hover_text(hint);
            };
            licence_ui(ui);
            time_ui(ui, w, model);
            let label = if model.favourite { w.no_favourite } else { w.favourite };
            if star(ui, model.favourite, label).clicked() {
                out.push(Intent::Library(LibraryIntent::Favourite(model.path.clone(), !model.favourite)));
            }
            let current = view.is_current(model);
            let opening = view.model.opening.as_deref().is_some_and(|o| is_of(model, o));
            if current {
                ui.add_sized([72.0, 20.0], egui::Label::new(egui::RichText::new(w.running).color(p.good)));
            } else if opening {
                ui.add_sized([72.0, 20.0], egui::Label::new(egui::RichText::new(w.opening).color(p.weak)));
            } else if matches!(model.kind, Kind::Unknown(_)) {
                if ui
                    .add_sized([72.0, 30.0], egui::Button::new(view.strings.open))
                    .on_hover_text(view.strings.how_to_read)
                    .clicked()
                {
                    out.push(Intent::Window(WindowIntent::Show(Page::Reading(model.path.clone()))));
                }
            } else if ui
                .add_enabled_ui(model.spec().is_some(), |ui| {
                    ui.add_sized([72.0, 30.0], egui::Button::new(w.use_it))
                })
                .inner
                .clicked()
            {
                out.push(Intent::Model(ModelIntent::Open(model.path.clone())));
                // Back to the picture, where it runs, or where the panel says why not.
                out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
            }
            more_menu(page, ui, w, view, model, out);
        });
    });
    if page.open.as_deref() == Some(model.path.as_path()) {
        details_ui(ui, view, w, model);
    }
}

fn time_ui(ui: &mut Ui, w: &Library, model: &ModelEntry) {
    let p = palette(ui);
    let (text, colour, hint) = match &model.measured {
        Some(m) => {
            let hint = match m.live {
                Some(size) => (w.live_hint)(&m.provider, m.threads, size),
                None => (w.measured_hint)(&m.provider, m.threads),
            };
            // "About": it ran beside the preview.
            let about = if m.live.is_some() { "≈ " } else { "" };
            (format!("{about}{:.1} ms", m.total_ms), p.text, hint)
        }
        None => ("–".into(), p.weak, w.not_measured.to_owned()),
    };
    let size = egui::vec2(64.0, 20.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.label(egui::RichText::new(text).color(colour)).on_hover_text(hint);
    });
}

/// Task, family, input, precision, size, classes.
fn about(view: &View<'_>, w: &Library, model: &ModelEntry) -> String {
    let Some(spec) = model.spec() else { return String::new() };
    let (width, height) = spec.input.size.bound();
    let bound = if matches!(spec.input.size, Size::Dynamic { .. }) { "≤ " } else { "" };
    let mut parts = vec![kind_text(view.language, spec.task, spec.family)];
    parts.extend([
        format!("{bound}{width}×{height}"),
        model.precision.name().to_owned(),
        size(model.stamp.bytes),
    ]);
    if !spec.labels.is_empty() {
        parts.push((w.classes)(spec.labels.len()));
    }
    parts.join(" · ").replace("） ·", "）·")
}

fn more_menu(
    page: &mut LibraryPage,
    ui: &mut Ui,
    w: &Library,
    view: &View<'_>,
    model: &ModelEntry,
    out: &mut Vec<Intent>,
) {
    let button = ui.add(egui::Button::new("…").min_size(egui::vec2(32.0, 30.0))).accessible_name(w.more);
    egui::Popup::menu(&button).width(200.0).show(|ui| {
        let open = page.open.as_deref() == Some(model.path.as_path());
        if ui.selectable_label(open, w.details).clicked() {
            page.open = (!open).then(|| model.path.clone());
        }
        if ui.button(view.strings.how_to_read).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Reading(model.path.clone()))));
        }
        if ui.button(w.rename).clicked() {
            let (path, text) = (model.path.clone(), model.name.clone());
            page.question = Some(Question::Rename { path, text, shown: false });
        }
        if ui.button(w.reveal).clicked()
            && let Some(folder) = model.path.parent()
        {
            out.push(Intent::Files(FilesIntent::OpenFolder(folder.to_owned())));
        }
        if ui.button(w.verify).clicked() {
            out.push(Intent::Library(LibraryIntent::Verify(model.path.clone())));
        }
        if model.spec().is_some() && ui.button(w.deploy).clicked() {
            page.question = Some(Question::Deploy(Box::new(deploy::first(page, model))));
        }
        if model.measured.is_some() && ui.button(w.measure).clicked() {
            out.push(Intent::Library(LibraryIntent::Measure(model.path.clone())));
        }
        if ui.button(w.remove).clicked() {
            page.question = Some(Question::Remove(model.path.clone(), model.name.clone()));
        }
    });
}

fn details_ui(ui: &mut Ui, view: &View<'_>, w: &Library, model: &ModelEntry) {
    let p = palette(ui);
    ui.add_space(6.0);
    egui::Grid::new(("details", &model.path)).num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut row = |name: &str, value: String| {
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.label(egui::RichText::new(name).color(p.weak))
            });
            ui.add(egui::Label::new(value).wrap().selectable(true));
            ui.end_row();
        };
        row(w.file, crate::library::names::shown(&model.path.display().to_string()).into_owned());
        row(w.hash, model.sha256.clone().unwrap_or_else(|| w.not_hashed.into()));
        if !model.copies.is_empty() {
            let copies: Vec<_> = model.copies.iter().map(|copy| copy.display().to_string()).collect();
            row(w.copies, crate::library::names::shown(&copies.join("\n")).into_owned());
        }
        if let Some(origin) = &model.origin {
            row(w.source, origin.source.clone());
        }
        row(
            w.licence,
            model.stated_licence().map_or_else(
                || w.no_licence.to_owned(),
                |(licence, permitted)| (view.strings.pair)(licence, permits(view.language, permitted)),
            ),
        );
        if let Some(ending) = model.ending {
            row(w.trouble, ending_note(view.language, ending).to_string());
        }
        match &model.kind {
            Kind::Known(spec) => {
                let sure = (view.strings.certainty)(spec.confidence * 100.0);
                let lines = spec.evidence.iter().map(|line| phrase(view.language, line));
                row(w.evidence, lines.chain([sure.into()]).collect::<Vec<_>>().join("\n"));
            }
            Kind::Unknown(reason) => row(w.not_understood, phrase(view.language, reason).into_owned()),
            Kind::Broken { message, fix } => {
                let (message, fix) = (phrase(view.language, message), phrase(view.language, fix));
                row(w.broken, sentences(&message, &fix));
            }
        }
    });
}
