//! The list of lessons.

use egui::{self, Ui};

use crate::app::icons::{self, Icon};
use crate::app::intent::{FilesIntent, Intent, LessonsIntent};
use crate::app::page_frame::page_frame;
use crate::app::strings::Explain as _;
use crate::app::style::{CARD_RADIUS, palette};
use crate::app::view::View;
use crate::app::widgets::{card, notice, plain_button, primary_button};
use crate::learn::lessons::{Lesson, Listed, Progress};

/// Shows the page.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.lessons;
    page_frame(ui, w.title, view.strings.back, out, |ui, out| {
        let p = palette(ui);
        ui.add(egui::Label::new(egui::RichText::new(w.intro).color(p.weak)).wrap());
        ui.add_space(8.0);
        if let Some(why) = view.lessons.trouble {
            notice(ui, p.bad, w.broken, why, |_| {});
            ui.add_space(8.0);
        }
        // The next one that isn't done is the one that is meant to be pressed.
        let progress = |lesson: &Lesson| view.settings.lessons.get(&lesson.id).copied().unwrap_or_default();
        let open = |listed: &Listed| listed.lesson().filter(|lesson| !progress(lesson).done).cloned();
        let next = view.lessons.listed.iter().find_map(open).map(|lesson| lesson.id.clone());
        for (number, listed) in view.lessons.listed.iter().enumerate() {
            match &listed.lesson {
                Ok(lesson) => {
                    let is_next = next.as_ref() == Some(&lesson.id);
                    lesson_ui(ui, view, lesson, number + 1, progress(lesson), is_next, out);
                }
                Err(error) => {
                    let text = error.explain(view.language).to_string();
                    notice(ui, palette(ui).warn, w.broken, &text, |_| {});
                    ui.add_space(6.0);
                }
            }
        }
        if let Some(folder) = view.lessons.folder {
            card(ui, w.own, |ui| {
                let text = (w.own_text)(&folder.display().to_string());
                ui.add(egui::Label::new(text).wrap().selectable(true));
                ui.add_space(4.0);
                if ui.button(view.strings.show_folder).clicked() {
                    out.push(Intent::Files(FilesIntent::OpenFolder(folder.to_owned())));
                }
            });
        }
    });
}

fn lesson_ui(
    ui: &mut Ui,
    view: &View<'_>,
    lesson: &Lesson,
    number: usize,
    progress: Progress,
    is_next: bool,
    out: &mut Vec<Intent>,
) {
    let (w, p) = (&view.strings.lessons, palette(ui));
    let title = lesson.title.of(view.language);
    let frame = egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, p.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(14);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            mark_ui(ui, view, number, progress);
            ui.add_space(6.0);
            let button = 150.0;
            let room = ui.available_width() - button - 12.0;
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.add(egui::Label::new(egui::RichText::new(title).heading().color(p.strong)).wrap());
                ui.add(egui::Label::new(lesson.summary.of(view.language)).wrap());
                let mut length = (w.minutes)(lesson.minutes, lesson.steps.len());
                if progress.right > 0 {
                    length = format!("{length} · {}", (w.right_of)(progress.right, lesson.steps.len()));
                }
                ui.label(egui::RichText::new(length).small().color(p.weak));
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                let (text, name) = match progress {
                    Progress { step: 1.., .. } => (w.go_on, (w.go_on_named)(title)),
                    Progress { done: true, .. } => (w.again, (w.again_named)(title)),
                    Progress { .. } => (w.begin, (w.begin_named)(title)),
                };
                let show = if is_next { primary_button } else { plain_button };
                let button = show(ui, text);
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if button.clicked() {
                    out.push(Intent::Lessons(LessonsIntent::Begin(lesson.id.clone())));
                }
            });
        });
    });
    ui.add_space(6.0);
}

/// The lesson's number, or a tick once it is done.
fn mark_ui(ui: &mut Ui, view: &View<'_>, number: usize, progress: Progress) {
    let p = palette(ui);
    let (rect, mark) = ui.allocate_exact_size(egui::Vec2::splat(34.0), egui::Sense::hover());
    ui.painter().circle_filled(rect.center(), 17.0, if progress.done { p.good } else { p.button[1] });
    if progress.done {
        icons::draw(ui.painter(), rect.shrink(8.0), Icon::Check, p.raised);
        let done = view.strings.lessons.done;
        mark.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, done));
        mark.on_hover_text(done);
    } else {
        let font = egui::FontId::proportional(15.0);
        let centre = rect.center();
        ui.painter().text(centre, egui::Align2::CENTER_CENTER, number.to_string(), font, p.strong);
    }
}
