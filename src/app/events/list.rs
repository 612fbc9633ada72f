//! The list of events.

use chrono::Local;
use egui::{self, TextEdit, Ui};

use super::state::{EventRow, EventsPage, EventsTab, Period};
use crate::app::intent::{EventsIntent, FilesIntent, Intent};
use crate::app::strings::{Events, Explain as _, plain_quotes};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{
    at_right, centred_page, combo_arrow, dialogue, notice, plain_button, primary_button,
};
use crate::events::text::{class_name, describe};
use crate::events::{EventRecord, ExportFormat};

/// Width and height of a picture in the list.
const PICTURE: egui::Vec2 = egui::vec2(124.0, 70.0);

/// The filters, right of the tabs.
pub(super) fn bar_ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events) {
    at_right(ui, "filters", |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        // The first: it takes the room that the others leave.
        let edit = TextEdit::singleline(&mut page.text)
            .hint_text(w.search)
            .margin(egui::Margin::symmetric(10, 7))
            .desired_width(150.0);
        ui.add(edit).accessible_name(w.search);
        let combo = |id: &str, text: &str| {
            egui::ComboBox::from_id_salt(id.to_owned())
                .selected_text(text.to_owned())
                .icon(combo_arrow)
                .width(112.0)
        };
        let chosen = page.rule.clone().unwrap_or_else(|| w.all_rules.into());
        let rules = combo("rule", &chosen).show_ui(ui, |ui| {
            ui.selectable_value(&mut page.rule, None, w.all_rules);
            for rule in &page.summary.rules {
                ui.selectable_value(&mut page.rule, Some(rule.clone()), rule);
            }
        });
        rules.response.accessible_name(w.all_rules);
        let name = |class: &str| class_name(class, view.language);
        let chosen = page.class.as_deref().map_or_else(|| w.all_classes.into(), name);
        let classes = combo("class", &chosen).show_ui(ui, |ui| {
            ui.selectable_value(&mut page.class, None, w.all_classes);
            for class in &page.summary.classes {
                ui.selectable_value(&mut page.class, Some(class.clone()), name(class));
            }
        });
        classes.response.accessible_name(w.all_classes);
        let period = |period: Period| match period {
            Period::Any => w.any_time,
            Period::Hour => w.last_hour,
            Period::Day => w.last_day,
            Period::Week => w.last_week,
        };
        let times = combo("period", period(page.period)).show_ui(ui, |ui| {
            for of in Period::ALL {
                ui.selectable_value(&mut page.period, of, period(of));
            }
        });
        times.response.accessible_name(w.time);
    });
}

pub(super) fn ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) {
    if let Some(filter) = page.wanted() {
        out.push(Intent::Events(EventsIntent::List { filter, after: None }));
    }
    if let Some(error) = page.error.as_ref().or(view.events.log_trouble) {
        let text = error.explain(view.language);
        notice(ui, palette(ui).warn, &plain_quotes(&text.message), &plain_quotes(&text.fix), |_| {});
        ui.add_space(6.0);
    }
    if page.rows.is_empty() {
        empty_ui(page, ui, view, w);
        return;
    }
    ui.horizontal(|ui| {
        at_right(ui, "list", |ui| {
            let export = ui.button(w.export);
            egui::Popup::menu(&export).show(|ui| {
                for (format, text) in
                    [(ExportFormat::Csv, w.export_csv), (ExportFormat::JsonLines, w.export_jsonl)]
                {
                    if ui.button(text).clicked() {
                        out.push(Intent::Events(EventsIntent::Export(page.filter(), format)));
                    }
                }
            });
            if ui.button(w.delete_listed).clicked() {
                page.question = true;
            }
        });
    });
    ui.add_space(2.0);
    for row in &page.rows {
        row_ui(ui, view, w, row, out);
    }
    if page.more {
        ui.add_space(4.0);
        if ui.add_enabled(!page.loading, egui::Button::new(w.more)).clicked()
            && let (Some(filter), Some(last)) = (page.asked().cloned(), page.rows.last())
        {
            let after = Some(Box::new(last.event.clone()));
            out.push(Intent::Events(EventsIntent::List { filter, after }));
            page.loading = true;
        }
    }
}

fn empty_ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events) {
    if page.loading {
        ui.add_space(16.0);
        ui.label(w.loading);
    } else if page.summary.events > 0 {
        ui.add_space(16.0);
        ui.label(w.nothing_fits);
    } else {
        centred_page(ui, 460.0, |ui| {
            ui.label(egui::RichText::new(w.nothing).heading().color(palette(ui).strong));
            ui.add(egui::Label::new(w.nothing_text).wrap());
            ui.add_space(10.0);
            if view.events.rules.rules.is_empty() {
                if primary_button(ui, w.first_rule).clicked() {
                    page.edit(None);
                }
            } else if plain_button(ui, &(w.rules)(view.events.rules.rules.len())).clicked() {
                page.tab = EventsTab::Rules;
            }
        });
    }
}

/// Room for the buttons of a row; with less, each row would be wider than the one above it.
const BUTTONS: f32 = 230.0;

fn row_ui(ui: &mut Ui, view: &View<'_>, w: &Events, row: &EventRow, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let event = &row.event;
    egui::Frame::new().fill(p.raised).corner_radius(8).inner_margin(8).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let (at, _) = ui.allocate_exact_size(PICTURE, egui::Sense::hover());
            ui.painter().rect_filled(at, 6, p.stage);
            if let Some(picture) = &row.picture {
                let size = picture.size_vec2();
                let shown = size * (PICTURE.x / size.x).min(PICTURE.y / size.y);
                let place = egui::Rect::from_center_size(at.center(), shown);
                egui::Image::new((picture.id(), shown)).corner_radius(6).paint_at(ui, place);
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.set_width((ui.available_width() - BUTTONS).max(120.0));
                let text = describe(event, view.language);
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.strong).size(15.0)).truncate());
                let rule = egui::RichText::new(&event.rule).color(p.text);
                ui.add(egui::Label::new(rule).truncate());
                let from = format!("{} · {}", time_text(event, w), event.source);
                ui.add(egui::Label::new(egui::RichText::new(&from).color(p.weak)).truncate())
                    .on_hover_text(from);
            });
            at_right(ui, ("event", event.id), |ui| {
                if let Some(file) = &event.file
                    && ui.button(w.show_file).clicked()
                    && let Some(folder) = std::path::Path::new(file).parent()
                {
                    out.push(Intent::Files(FilesIntent::OpenFolder(folder.to_owned())));
                }
                if ui.button(w.delete).clicked() {
                    out.push(Intent::Events(EventsIntent::Delete(vec![event.id])));
                }
            });
        });
    });
    ui.add_space(2.0);
}

/// When, and how long: "Today 14:03:07 · 12 s".
fn time_text(event: &EventRecord, w: &Events) -> String {
    let time = event.local_time();
    let is_today = time.date_naive() == Local::now().date_naive();
    let moment = if is_today { time.format("%H:%M:%S") } else { time.format("%Y-%m-%d %H:%M:%S") };
    match event.ended {
        None => format!("{moment} · {}", w.still_open),
        Some(ended) if ended - event.time >= 1000 => {
            format!("{moment} · {} {}", (ended - event.time) / 1000, w.seconds)
        }
        Some(_) => moment.to_string(),
    }
}

/// Asks whether to delete what is listed.
pub(super) fn question_ui(page: &mut EventsPage, ui: &Ui, w: &Events, out: &mut Vec<Intent>) {
    if !page.question {
        return;
    }
    let mut done = false;
    let modal = dialogue(ui, "delete events").show(ui.ctx(), |ui| {
        ui.set_width(380.0);
        let title = (w.delete_question)(page.count);
        ui.label(egui::RichText::new(title).heading().color(palette(ui).strong));
        ui.add(egui::Label::new(w.delete_text).wrap());
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if primary_button(ui, w.delete).clicked() {
                out.push(Intent::Events(EventsIntent::DeleteListed(page.filter())));
                done = true;
            }
            if plain_button(ui, w.cancel).clicked() {
                done = true;
            }
        });
    });
    if done || modal.should_close() {
        page.question = false;
    }
}
