//! The list of models that can be downloaded, a row each.

use std::collections::HashMap;

use egui::{self, Align, Layout, Ui};

use super::parts::{chip, licence_colour, progress, row_frame, task_mark};
use super::state::{LibraryPage, Question};
use crate::app::intent::{Intent, LibraryIntent, ModelIntent, Page, WindowIntent};
use crate::app::strings::{Explain as _, Library, kind_text, permits, sentences, task_name};
use crate::app::style::palette;
use crate::app::view::{Pull, PullState, View};
use crate::app::widgets::{notice, plain_button, primary_button};
use crate::library::download::is_of_hub;
use crate::library::names::size;
use crate::library::{Catalogue, CatalogueEntry, ModelEntry};
use crate::model::labels::Language;

pub(super) fn ui(page: &mut LibraryPage, ui: &mut Ui, view: &View<'_>, w: &Library, out: &mut Vec<Intent>) {
    let here = on_this_computer(view);
    for problem in &view.library.catalogue.problems {
        notice(
            ui,
            palette(ui).warn,
            w.catalogue_problem,
            &problem.explain(view.language).to_string(),
            |_| {},
        );
    }
    let catalogue = view.library.catalogue;
    let plain_list = page.task.is_none() && !page.classics && page.search.trim().is_empty();
    let missing = missing_starters(view, &here);
    if plain_list && !missing.is_empty() {
        starter_row(page, ui, w, &missing);
    }
    let all = if page.classics { catalogue.classics() } else { catalogue.suggested() };
    let mut fitting: Vec<&CatalogueEntry> = all.into_iter().filter(|e| fits(page, catalogue, e)).collect();
    if !page.search.trim().is_empty() {
        let ranks = page.found.of(&catalogue.entries, &page.search);
        fitting.sort_by_key(|entry| ranks.get(&entry.id));
    }
    if fitting.is_empty() {
        ui.add_space(16.0);
        ui.add(egui::Label::new(w.nothing_fits_available).wrap());
        return;
    }
    // A row stays where it is when its download starts or fails: it must not leave the pointer.
    for entry in fitting {
        let pull = view.library.pulls.iter().find(|p| p.id == entry.id);
        row_frame(ui, pull.is_some(), |ui| {
            entry_ui(page, ui, view, w, entry, (here.get(entry.id.as_str()).copied(), pull), out);
        });
        ui.add_space(2.0);
    }
}

/// Whether the way to a server is broken for some downloads, so that there is a [`connection_notice`].
pub(super) fn is_unconnected(view: &View<'_>) -> bool {
    let of_connection = |pull: &Pull| matches!(pull.state, PullState::Failed { of_connection: true, .. });
    view.library.pulls.iter().any(of_connection)
}

/// Says once what keeps downloads from starting, and tries all of them again. While something is searched for, one line.
pub(super) fn connection_notice(
    ui: &mut Ui,
    view: &View<'_>,
    w: &Library,
    searching: bool,
    out: &mut Vec<Intent>,
) {
    let failed = || {
        view.library.pulls.iter().filter_map(|pull| match &pull.state {
            PullState::Failed { message, fix, of_connection: true, unreached } => {
                Some((pull, message, fix, unreached))
            }
            _ => None,
        })
    };
    let Some((_, message, fix, _)) = failed().next() else { return };
    let mut hosts: Vec<&str> = Vec::new();
    for host in failed().flat_map(|(.., unreached)| unreached) {
        if !hosts.contains(&host.as_str()) {
            hosts.push(host);
        }
    }
    let of_hub = hosts.iter().any(|host| is_of_hub(host));
    let of_others = hosts.iter().any(|host| !is_of_hub(host));
    let title = (w.not_downloaded)(failed().count());
    let text = if hosts.is_empty() {
        sentences(message, fix)
    } else {
        let gap = if view.language == Language::Chinese { "" } else { " " };
        let mut parts = vec![(w.unreached)(&hosts), w.check_network.to_owned()];
        parts.extend(of_hub.then(|| w.mirror_of_hub.to_owned()));
        parts.extend(of_others.then(|| w.mirror_of_others.to_owned()));
        parts.join(gap)
    };
    let mut buttons = |ui: &mut Ui| {
        let ids = || failed().map(|(pull, ..)| pull.id.clone());
        if ui.button(w.try_again).clicked() {
            out.extend(ids().map(|id| Intent::Library(LibraryIntent::ResumePull(id))));
        }
        if ui.button(w.dismiss).clicked() {
            out.extend(ids().map(|id| Intent::Library(LibraryIntent::CancelPull(id))));
        }
        if (of_hub || hosts.is_empty()) && ui.button(view.strings.settings).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Settings)));
        }
    };
    if searching {
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(title).color(palette(ui).bad)).on_hover_text(&text);
            buttons(ui);
        });
        return;
    }
    notice(ui, palette(ui).bad, &title, &text, |ui| {
        egui::CollapsingHeader::new(w.models).id_salt("not downloaded").show_unindented(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("not downloaded").max_height(120.0).show(ui, |ui| {
                for (pull, message, ..) in failed() {
                    let name = view.library.catalogue.find(&pull.id).map(|entry| name_of(view, entry));
                    let name = name.unwrap_or_else(|| pull.id.clone());
                    let text = egui::RichText::new(format!("{name}: {message}")).color(palette(ui).weak);
                    ui.add(egui::Label::new(text).wrap().selectable(true));
                }
            });
        });
        ui.horizontal_wrapped(buttons);
    });
}

/// The entries of the starter set that are neither on this computer nor on their way.
fn missing_starters<'a>(view: &View<'a>, here: &HashMap<&str, &ModelEntry>) -> Vec<&'a CatalogueEntry> {
    let pulled = |e: &CatalogueEntry| view.library.pulls.iter().any(|p| p.id == e.id);
    view.library.catalogue.starters().filter(|e| !here.contains_key(e.id.as_str()) && !pulled(e)).collect()
}

fn total_of(entries: &[&CatalogueEntry]) -> String {
    size(entries.iter().filter_map(|e| e.bytes).sum())
}

/// The button that fetches the starter set, with its size.
fn starter_row(page: &mut LibraryPage, ui: &mut Ui, w: &Library, missing: &[&CatalogueEntry]) {
    let p = palette(ui);
    row_frame(ui, true, |ui| {
        ui.horizontal(|ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.set_width((ui.available_width() - 240.0).max(160.0));
                ui.add(
                    egui::Label::new(egui::RichText::new(w.starter).color(p.strong).size(15.0)).truncate(),
                );
                ui.add(egui::Label::new(egui::RichText::new(w.starter_text).color(p.weak)).wrap());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if primary_button(ui, &(w.download_starter)(&total_of(missing))).clicked() {
                    page.question = Some(Question::Starters);
                }
            });
        });
    });
    ui.add_space(6.0);
}

/// Shows what the starter set is before it is downloaded. Returns whether the question is answered.
pub(super) fn starters_ui(ui: &mut Ui, w: &Library, view: &View<'_>, out: &mut Vec<Intent>) -> bool {
    let p = palette(ui);
    let missing = missing_starters(view, &on_this_computer(view));
    ui.label(egui::RichText::new(w.starter).heading().color(p.strong));
    egui::Grid::new("starter set").num_columns(4).spacing([16.0, 6.0]).show(ui, |ui| {
        for entry in &missing {
            ui.label(name_of(view, entry));
            ui.label(egui::RichText::new(task_name(view.language, entry.task)).color(p.weak));
            ui.label(egui::RichText::new(entry.bytes.map(size).unwrap_or_default()).color(p.weak));
            chip(ui, &entry.licence, licence_colour(p, entry.permits))
                .on_hover_text(permits(view.language, entry.permits));
            ui.end_row();
        }
    });
    ui.horizontal(|ui| {
        let yes = primary_button(ui, &(w.download_starter)(&total_of(&missing))).clicked();
        if yes {
            out.extend(missing.iter().map(|e| Intent::Library(LibraryIntent::Pull(e.id.clone()))));
        }
        plain_button(ui, view.strings.cancel).clicked() || yes
    })
    .inner
}

/// The models on this computer by the entries that they come from.
fn on_this_computer<'a>(view: &View<'a>) -> HashMap<&'a str, &'a ModelEntry> {
    let models = view.library.models.iter();
    models.filter_map(|c| Some((c.origin.as_ref()?.id.as_str(), c.as_ref()))).collect()
}

fn fits(page: &mut LibraryPage, catalogue: &Catalogue, entry: &CatalogueEntry) -> bool {
    page.task.is_none_or(|t| entry.task == t)
        && (page.search.trim().is_empty()
            || page.found.of(&catalogue.entries, &page.search).contains_key(&entry.id))
}

fn name_of(view: &View<'_>, entry: &CatalogueEntry) -> String {
    match (view.language, &entry.name_zh) {
        (Language::Chinese, Some(name)) if name.contains(&entry.name) => name.clone(),
        (Language::Chinese, Some(name)) => format!("{name}（{}）", entry.name),
        _ => entry.name.clone(),
    }
}

fn entry_ui(
    page: &mut LibraryPage,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Library,
    entry: &CatalogueEntry,
    (model, pull): (Option<&ModelEntry>, Option<&Pull>),
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    ui.horizontal(|ui| {
        task_mark(ui, Some(entry.task), task_name(view.language, entry.task));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.set_width((ui.available_width() - 290.0).max(160.0));
            ui.horizontal(|ui| {
                let name = egui::RichText::new(name_of(view, entry)).color(p.strong).size(15.0);
                ui.add(egui::Label::new(name).truncate());
            });
            let note = match view.language {
                Language::Chinese if !entry.note_zh.is_empty() => &entry.note_zh,
                _ => &entry.note,
            };
            let text = if page.classics { about_classic(w, entry) } else { about(view, entry) };
            ui.add(egui::Label::new(egui::RichText::new(&text).color(p.weak)).truncate())
                .on_hover_text(&text);
            ui.horizontal(|ui| {
                if let Some(classic) = entry.classic.as_ref().filter(|_| page.classics) {
                    ui.hyperlink_to(egui::RichText::new(w.paper).small(), &classic.paper)
                        .on_hover_text(&classic.paper);
                }
                if !note.is_empty() {
                    ui.add(egui::Label::new(egui::RichText::new(note).small().color(p.weak)).truncate())
                        .on_hover_text(note);
                }
            });
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| match (model, pull) {
            (_, Some(pull)) => pull_ui(ui, w, pull, out),
            (Some(model), None) => {
                if ui
                    .add_sized([96.0, 30.0], egui::Button::new(w.use_it))
                    .on_hover_text(w.on_this_computer)
                    .clicked()
                {
                    out.push(Intent::Model(ModelIntent::Open(model.path.clone())));
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
                chips_ui(ui, view, w, entry);
            }
            (None, None) => {
                if ui.add_sized([96.0, 30.0], egui::Button::new(w.download)).clicked() {
                    if entry.permits.needs_a_look() {
                        page.question = Some(Question::Licence(entry.id.clone()));
                    } else {
                        out.push(Intent::Library(LibraryIntent::Pull(entry.id.clone())));
                    }
                }
                chips_ui(ui, view, w, entry);
            }
        });
    });
    if let Some(Pull { state: PullState::Failed { message, fix, of_connection: false, .. }, .. }) = pull {
        ui.add(
            egui::Label::new(egui::RichText::new(sentences(message, fix)).color(p.bad))
                .wrap()
                .selectable(true),
        );
    }
}

fn chips_ui(ui: &mut Ui, view: &View<'_>, w: &Library, entry: &CatalogueEntry) {
    let p = palette(ui);
    chip(ui, &entry.licence, licence_colour(p, entry.permits))
        .on_hover_text(permits(view.language, entry.permits));
    if !entry.is_hashed() {
        chip(ui, w.unverified, p.weak).on_hover_text(w.unverified_hint);
    }
}

fn about(view: &View<'_>, entry: &CatalogueEntry) -> String {
    let mut parts = vec![kind_text(view.language, entry.task, entry.family)];
    parts.extend(entry.input.map(|(width, height)| format!("{width}×{height}")));
    parts.push(entry.precision.name().to_owned());
    parts.extend(entry.bytes.map(size));
    parts.extend(entry.accuracy.as_ref().map(|a| format!("{} {}", a.metric, a.value)));
    parts.join(" · ").replace("） ·", "）·")
}

/// What a course says of a model: year, parameters, published accuracy; then the size of its file.
fn about_classic(w: &Library, entry: &CatalogueEntry) -> String {
    let mut parts = Vec::new();
    if let Some(classic) = &entry.classic {
        parts.push(classic.year.to_string());
        parts.extend(classic.parameters_shown().map(|n| (w.parameters)(&n)));
    }
    parts.extend(entry.accuracy.as_ref().map(|a| format!("{} {}", a.metric, a.value)));
    parts.extend(entry.bytes.map(size));
    parts.join(" · ").replace("） ·", "）·")
}

fn pull_ui(ui: &mut Ui, w: &Library, pull: &Pull, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let id = || pull.id.clone();
    let small =
        |ui: &mut Ui, text: &str| ui.add(egui::Button::new(text).min_size(egui::vec2(0.0, 30.0))).clicked();
    if let PullState::Failed { message, of_connection, .. } = &pull.state {
        if small(ui, w.dismiss) {
            out.push(Intent::Library(LibraryIntent::CancelPull(id())));
        }
        if small(ui, w.try_again) {
            out.push(Intent::Library(LibraryIntent::ResumePull(id())));
        }
        if *of_connection {
            ui.label(egui::RichText::new(w.failed_short).small().color(p.bad)).on_hover_text(message);
        }
        return;
    }
    if small(ui, w.cancel) {
        out.push(Intent::Library(LibraryIntent::CancelPull(id())));
    }
    match &pull.state {
        PullState::Paused { .. } => {
            if small(ui, w.resume) {
                out.push(Intent::Library(LibraryIntent::ResumePull(id())));
            }
        }
        _ => {
            if small(ui, w.pause) {
                out.push(Intent::Library(LibraryIntent::PausePull(id())));
            }
        }
    }
    let amount = |done: u64, total: Option<u64>| match total {
        Some(total) => format!("{} / {}", size(done), size(total)),
        None => size(done),
    };
    let share = |done: u64, total: Option<u64>| total.filter(|t| *t > 0).map(|t| done as f32 / t as f32);
    let (share, text) = match &pull.state {
        PullState::Running { done, total, bytes_per_s, left } => {
            let mut text = format!("{} · {}/s", amount(*done, *total), size(*bytes_per_s as u64));
            if let Some(left) = left {
                text = format!("{text} · {}", (w.left)(left.as_secs()));
            }
            (share(*done, *total), text)
        }
        PullState::Connecting { host } => (None, (w.connecting)(host)),
        PullState::Paused { done, total } => {
            (Some(share(*done, *total).unwrap_or(0.0)), format!("{} · {}", w.paused, amount(*done, *total)))
        }
        _ => (Some(0.0), w.waiting.to_owned()),
    };
    ui.vertical(|ui| {
        ui.set_width(ui.available_width().min(210.0));
        ui.add_space(8.0);
        progress(ui, share, ui.available_width());
        ui.add(egui::Label::new(egui::RichText::new(text).small().color(p.weak)).truncate());
    });
}

/// Explains a licence before its model is downloaded. Returns whether the question is answered.
pub(super) fn licence_ui(
    ui: &mut Ui,
    w: &Library,
    view: &View<'_>,
    entry: &CatalogueEntry,
    out: &mut Vec<Intent>,
) -> bool {
    let p = palette(ui);
    ui.label(egui::RichText::new((w.licence_title)(&entry.name)).heading().color(p.strong));
    ui.horizontal(|ui| {
        chip(ui, &entry.licence, licence_colour(p, entry.permits));
    });
    ui.add(egui::Label::new(permits(view.language, entry.permits)).wrap());
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new(w.project_page).color(p.weak));
        ui.hyperlink(&entry.source);
    });
    ui.horizontal(|ui| {
        let yes = primary_button(ui, w.download_anyway).clicked();
        if yes {
            out.push(Intent::Library(LibraryIntent::Pull(entry.id.clone())));
        }
        plain_button(ui, view.strings.cancel).clicked() || yes
    })
    .inner
}
