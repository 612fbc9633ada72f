//! The models on this computer, a row each; one model in several precisions is one group.

use std::sync::Arc;

use egui::{self, Align, Layout, Ui};

use super::parts::{chip, kind, licence_colour, row_frame, size, star, task_mark};
use super::words::{Words, permits};
use super::{LibraryPage, Question, Tab};
use crate::app::intent::{Intent, Page};
use crate::app::model_panel::same_file;
use crate::app::page_text::task_name;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{centred_page, plain_button, primary_button};
use crate::library::search::{self, Haystack};
use crate::library::{Kind, ModelEntry};
use crate::model::labels::Language;
use crate::model::spec::Size;

pub(super) fn ui(page: &mut LibraryPage, ui: &mut Ui, view: &View<'_>, w: &Words, out: &mut Vec<Intent>) {
    let cards = view.library.cards;
    if cards.is_empty() {
        centred_page(ui, 460.0, |ui| {
            ui.label(egui::RichText::new(w.nothing_here).heading().color(palette(ui).strong));
            ui.add(egui::Label::new(w.nothing_here_text).wrap());
            if primary_button(ui, w.show_available).clicked() {
                page.tab = Tab::Available;
            }
        });
        return;
    }
    let mut fitting: Vec<&ModelEntry> = cards.iter().map(Arc::as_ref).filter(|c| fits(page, c)).collect();
    search::sort(&mut fitting, view.settings.model_order);
    if fitting.is_empty() {
        ui.add_space(16.0);
        ui.label(w.nothing_fits);
        if plain_button(ui, w.show_available).clicked() {
            page.tab = Tab::Available;
        }
        return;
    }
    for group in groups(&fitting) {
        let marked = group.iter().any(|c| is_current(view, c));
        row_frame(ui, marked, |ui| {
            for (number, card) in group.iter().enumerate() {
                if number > 0 {
                    ui.add(egui::Separator::default().spacing(10.0));
                }
                card_ui(page, ui, view, w, card, out);
            }
        });
        ui.add_space(2.0);
    }
}

fn fits(page: &LibraryPage, card: &ModelEntry) -> bool {
    if page.task.is_some_and(|t| card.task() != Some(t)) {
        return false;
    }
    if page.search.trim().is_empty() {
        return true;
    }
    let words = card.task().map(|t| [task_name(Language::English, t), task_name(Language::Chinese, t)]);
    Haystack::of_model(card, words.as_ref().map_or(&[], |w| w.as_slice())).has(&page.search)
}

/// Cards of one group stand together, where the first of them stands.
fn groups<'a>(cards: &[&'a ModelEntry]) -> Vec<Vec<&'a ModelEntry>> {
    let mut groups: Vec<Vec<&ModelEntry>> = Vec::new();
    for card in cards {
        let same = |group: &&mut Vec<&ModelEntry>| {
            group.first().is_some_and(|first| {
                first.group == card.group && first.task() == card.task() && first.precision != card.precision
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(card),
            None => groups.push(vec![card]),
        }
    }
    groups
}

fn is_current(view: &View<'_>, card: &ModelEntry) -> bool {
    view.model.current.as_ref().is_some_and(|c| same_file(&c.path, &card.path))
}

fn card_ui(
    page: &mut LibraryPage,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Words,
    card: &ModelEntry,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let task = card.task().map_or(w.not_understood, |t| task_name(view.language, t));
    ui.horizontal(|ui| {
        task_mark(ui, card.task(), task);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let room = (ui.available_width() - 330.0).max(160.0);
            ui.set_width(room);
            ui.horizontal(|ui| {
                let name = egui::RichText::new(&card.name).color(p.strong).size(15.0);
                ui.add(egui::Label::new(name).truncate());
            });
            let text = match &card.kind {
                Kind::Known(_) => about(view, w, card),
                Kind::Unknown(reason) => format!("{}: {reason}", w.not_understood),
                Kind::Broken { message, .. } => format!("{}: {message}", w.broken),
            };
            let colour = if card.problem().is_some() { p.warn } else { p.weak };
            ui.add(egui::Label::new(egui::RichText::new(&text).color(colour)).truncate()).on_hover_text(text);
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            more_menu(page, ui, w, view, card, out);
            let current = is_current(view, card);
            let opening = view.model.opening.as_deref().is_some_and(|o| same_file(o, &card.path));
            if current {
                ui.add_sized([72.0, 20.0], egui::Label::new(egui::RichText::new(w.running).color(p.good)));
            } else if opening {
                ui.add_sized([72.0, 20.0], egui::Label::new(egui::RichText::new(w.opening).color(p.weak)));
            } else if matches!(card.kind, Kind::Unknown(_)) {
                if ui
                    .add_sized([72.0, 30.0], egui::Button::new(view.strings.open))
                    .on_hover_text(view.strings.how_to_read)
                    .clicked()
                {
                    out.push(Intent::Show(Page::Reading(card.path.clone())));
                }
            } else if ui
                .add_enabled_ui(card.spec().is_some(), |ui| {
                    ui.add_sized([72.0, 30.0], egui::Button::new(w.use_it))
                })
                .inner
                .clicked()
            {
                out.push(Intent::SetModel(card.path.clone()));
            }
            let label = if card.favourite { w.no_favourite } else { w.favourite };
            if star(ui, card.favourite, label).clicked() {
                out.push(Intent::Favourite(card.path.clone(), !card.favourite));
            }
            time_ui(ui, w, card);
            if let Some(origin) = &card.origin {
                chip(ui, &origin.licence, licence_colour(p, origin.permits))
                    .on_hover_text(permits(view.language, origin.permits));
            }
        });
    });
    if page.open.as_deref() == Some(card.path.as_path()) {
        details_ui(ui, view, w, card);
    }
}

fn time_ui(ui: &mut Ui, w: &Words, card: &ModelEntry) {
    let p = palette(ui);
    let (text, colour, hint) = match &card.measured {
        Some(m) => (format!("{:.1} ms", m.total_ms), p.text, (w.measured_hint)(&m.provider, m.threads)),
        None => ("–".into(), p.weak, w.not_measured.to_owned()),
    };
    let size = egui::vec2(64.0, 20.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.label(egui::RichText::new(text).color(colour)).on_hover_text(hint);
    });
}

/// Family, input, precision, size, classes: what tells one model from another.
fn about(view: &View<'_>, w: &Words, card: &ModelEntry) -> String {
    let Some(spec) = card.spec() else { return String::new() };
    let (width, height) = spec.input.size.bound();
    let bound = if matches!(spec.input.size, Size::Dynamic { .. }) { "≤ " } else { "" };
    let mut parts = kind(task_name(view.language, spec.task), spec.family.name());
    parts.extend([
        format!("{bound}{width}×{height}"),
        card.precision.name().to_owned(),
        size(card.stamp.bytes),
    ]);
    if !spec.labels.is_empty() {
        parts.push((w.classes)(spec.labels.len()));
    }
    parts.join(" · ")
}

fn more_menu(
    page: &mut LibraryPage,
    ui: &mut Ui,
    w: &Words,
    view: &View<'_>,
    card: &ModelEntry,
    out: &mut Vec<Intent>,
) {
    let button = ui.add(egui::Button::new("…").min_size(egui::vec2(32.0, 30.0))).accessible_name(w.more);
    egui::Popup::menu(&button).width(200.0).show(|ui| {
        let open = page.open.as_deref() == Some(card.path.as_path());
        if ui.selectable_label(open, w.details).clicked() {
            page.open = (!open).then(|| card.path.clone());
        }
        if ui.button(view.strings.how_to_read).clicked() {
            out.push(Intent::Show(Page::Reading(card.path.clone())));
        }
        if ui.button(w.rename).clicked() {
            page.question = Some(Question::Rename(card.path.clone(), card.name.clone()));
        }
        if ui.button(w.reveal).clicked()
            && let Some(folder) = card.path.parent()
        {
            out.push(Intent::OpenFolder(folder.to_owned()));
        }
        if ui.button(w.verify).clicked() {
            out.push(Intent::VerifyModel(card.path.clone()));
        }
        if card.measured.is_some() && ui.button(w.measure).clicked() {
            out.push(Intent::MeasureModel(card.path.clone()));
        }
        if ui.button(w.remove).clicked() {
            page.question = Some(Question::Remove(card.path.clone(), card.name.clone()));
        }
    });
}

fn details_ui(ui: &mut Ui, view: &View<'_>, w: &Words, card: &ModelEntry) {
    let p = palette(ui);
    ui.add_space(6.0);
    egui::Grid::new(("details", &card.path)).num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut row = |name: &str, value: String| {
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.label(egui::RichText::new(name).color(p.weak))
            });
            ui.add(egui::Label::new(value).wrap().selectable(true));
            ui.end_row();
        };
        row(w.file, crate::library::names::shown(&card.path.display().to_string()).into_owned());
        row(w.hash, card.sha256.clone().unwrap_or_else(|| w.not_hashed.into()));
        if let Some(origin) = &card.origin {
            row(w.source, origin.source.clone());
            row(w.licence, format!("{}: {}", origin.licence, permits(view.language, origin.permits)));
        }
        match &card.kind {
            Kind::Known(spec) => {
                let sure = format!("{:.0} %", spec.confidence * 100.0);
                row(w.evidence, format!("{}\n{sure}", spec.evidence.join("\n")));
            }
            Kind::Unknown(reason) => row(w.not_understood, reason.clone()),
            Kind::Broken { message, fix } => row(w.broken, format!("{message} {fix}")),
        }
    });
}
