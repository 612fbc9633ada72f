//! How good the head is: accuracy, heads compared, confusions, the least certain examples, the map.

use egui::{self, ScrollArea, Ui, vec2};

use super::parts::{About, panel, picture_cell, picture_hover, small_button, weak};
use super::state::{Learned, TeachPage};
use super::{confusion, map};
use crate::app::intent::{Intent, TeachIntent, TeachTab};
use crate::app::strings::{advice_text, head_name, shown};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{centred_page, figure_row, follow_focus, paragraph, primary_button};
use crate::learn::teach::{HeadChoice, Measured, Uncertain};

/// Cross-validation: Kohavi, 1995.
const CROSS_VALIDATION: &str = "https://www.ijcai.org/Proceedings/95-2/Papers/016.pdf";
/// Active learning: Settles, 2009.
const ACTIVE: &str = "https://minds.wisconsin.edu/handle/1793/60660";
/// Width and height of a picture.
const CELL: egui::Vec2 = vec2(96.0, 72.0);

pub(super) fn ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let Some(learned) = page.learned.clone() else {
        centred_page(ui, 440.0, |ui| {
            let p = palette(ui);
            ui.label(egui::RichText::new(w.no_results).heading().color(p.strong));
            paragraph(ui, w.no_results_text, p.weak);
            ui.add_space(8.0);
            if primary_button(ui, w.examples).clicked() {
                out.push(Intent::Teach(TeachIntent::Tab(TeachTab::Examples)));
            }
        });
        return;
    };
    if page.cell.is_some() && ui.input(|i| i.key_pressed(egui::Key::Escape)) && !view.menu_open {
        page.cell = None;
    }
    let margin = egui::Margin { right: 10, ..egui::Margin::ZERO };
    let scroll = ScrollArea::vertical().id_salt("teach results").auto_shrink([false, false]);
    scroll.content_margin(margin).show(ui, |ui| {
        if page.outdated {
            weak(ui, w.outdated);
        }
        let names: Vec<String> = learned.samples.names.iter().map(|name| shown(name)).collect();
        // Two columns where there is room.
        if ui.available_width() > 700.0 {
            ui.columns(2, |columns| {
                let (left, right) = columns.split_at_mut(1);
                // Columns would justify text.
                let layout = egui::Layout::top_down(egui::Align::Min);
                left[0].with_layout(layout, |ui| {
                    accuracy(page, ui, view, &learned);
                    next(page, ui, view, &learned, &names);
                    matrix(page, ui, view, &learned, &names);
                });
                right[0].with_layout(layout, |ui| {
                    map::ui(page, ui, view, (&learned, &names), out);
                    uncertain(page, ui, view, &learned, &names);
                });
            });
        } else {
            accuracy(page, ui, view, &learned);
            next(page, ui, view, &learned, &names);
            matrix(page, ui, view, &learned, &names);
            map::ui(page, ui, view, (&learned, &names), out);
            uncertain(page, ui, view, &learned, &names);
        }
        follow_focus(ui);
    });
}

/// What counts most: the images that were kept to test, else cross-validation.
fn measured(learned: &Learned) -> Option<&Measured> {
    let report = &learned.trained.report;
    report.held_out.as_ref().or(report.chosen())
}

fn accuracy(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, learned: &Learned) {
    let w = &view.strings.teach;
    let about = About {
        id: "accuracy",
        title: w.accuracy,
        term: "Cross-validation · 交叉验证",
        text: w.about_accuracy,
        paper: CROSS_VALIDATION,
    };
    panel(page, ui, view, &about, |page, ui| {
        let p = palette(ui);
        let report = &learned.trained.report;
        let big = |ui: &mut Ui, measured: &Measured, how: &str| {
            let a = measured.accuracy;
            let text =
                egui::RichText::new((w.accuracy_is)(a.share, a.low, a.high)).size(19.0).color(p.strong);
            ui.add(egui::Label::new(text).wrap());
            weak(ui, &(w.measured)(how, &(w.right_of)(measured.correct, measured.count)));
        };
        if let Some(held_out) = &report.held_out {
            big(ui, held_out, w.held_out_accuracy);
        }
        match report.chosen() {
            Some(chosen) if report.held_out.is_none() => big(ui, chosen, &(w.folds)(report.folds)),
            Some(chosen) => {
                let text = (w.right_of)(chosen.correct, chosen.count);
                weak(ui, &(w.measured)(&(w.folds)(report.folds), &text));
            }
            None => weak(ui, w.no_folds),
        }
        for (kind, measured) in &report.cross_validation {
            let a = measured.accuracy;
            let name = head_name(w, *kind);
            let name = if *kind == report.head { format!("{name} · {}", w.chosen) } else { name.to_owned() };
            figure_row(ui, &name, &(w.accuracy_short)(a.share, a.low, a.high));
        }
        let choice = page.project.as_ref().map(|project| project.settings.head).unwrap_or_default();
        let head = head_name(w, report.head);
        let why = match (choice, report.cross_validation.len()) {
            (HeadChoice::Auto, 2..) => (w.chosen_why)(head),
            (HeadChoice::Auto, _) => (w.chosen_few)(head),
            _ => (w.chosen_you)(head),
        };
        weak(ui, &why);
    });
}

fn next(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, learned: &Learned, names: &[String]) {
    let w = &view.strings.teach;
    let about = About {
        id: "next",
        title: w.next,
        term: "Active learning · 主动学习",
        text: w.about_uncertain,
        paper: ACTIVE,
    };
    panel(page, ui, view, &about, |_, ui| {
        for advice in &learned.trained.report.advice {
            ui.add(egui::Label::new(advice_text(advice, names, view.language)).wrap());
        }
    });
}

fn matrix(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, learned: &Learned, names: &[String]) {
    let w = &view.strings.teach;
    let Some(measured) = measured(learned) else { return };
    let about = About {
        id: "confusion",
        title: w.confusion,
        term: "Confusion matrix · 混淆矩阵",
        text: w.about_confusion,
        paper: "",
    };
    panel(page, ui, view, &about, |page, ui| {
        weak(ui, w.confusion_rows);
        confusion::ui(page, ui, view, &measured.confusion, names);
        let Some((class, taken_for)) = page.cell else { return };
        let (Some(own), Some(other)) = (names.get(class), names.get(taken_for)) else { return };
        let fits = |answer: &&Uncertain| (answer.class, answer.taken_for) == (class, taken_for);
        let answers: Vec<&Uncertain> = measured.answers.iter().filter(fits).collect();
        ui.horizontal(|ui| {
            ui.add(egui::Label::new((w.confusion_cell)(own, other, answers.len())).wrap());
            if small_button(ui, view.strings.close).clicked() {
                page.cell = None;
            }
        });
        pictures(page, ui, view, &answers, names);
    });
}

fn uncertain(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, learned: &Learned, names: &[String]) {
    let w = &view.strings.teach;
    let Some(measured) = measured(learned).filter(|measured| !measured.uncertain.is_empty()) else { return };
    let about = About {
        id: "uncertain",
        title: w.uncertain,
        term: "Active learning · 主动学习",
        text: w.about_uncertain,
        paper: ACTIVE,
    };
    panel(page, ui, view, &about, |page, ui| {
        let answers: Vec<&Uncertain> = measured.uncertain.iter().take(12).collect();
        pictures(page, ui, view, &answers, names);
    });
}

/// Pictures of answers; each says what it was taken for.
fn pictures(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, answers: &[&Uncertain], names: &[String]) {
    let w = &view.strings.teach;
    let p = palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for answer in answers.iter().take(60) {
            let name = |class: usize| names.get(class).map_or("", String::as_str);
            let label = (w.uncertain_is)(name(answer.class), name(answer.taken_for), answer.score);
            let response = picture_cell(page, ui, &answer.path, CELL, &label);
            let colour = if answer.class == answer.taken_for { p.line } else { p.bad };
            let stroke = egui::Stroke::new(2.0, colour);
            ui.painter().rect_stroke(response.rect, 6, stroke, egui::StrokeKind::Inside);
            response.on_hover_ui(|ui| picture_hover(page, ui, view, &answer.path, &label));
        }
    });
}
