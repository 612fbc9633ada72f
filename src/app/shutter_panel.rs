//! What the snapshot button takes: the menu beside it, and what is shown over the picture while it goes on.

use std::time::Instant;

use egui::{self, Align2, Color32, FontId, Id, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::icons::{self, Icon};
use super::intent::{Intent, ShutterIntent};
use super::shutter::Shutter;
use super::strings::problem_text;
use super::style::{RADIUS, palette};
use super::view::{View, frames_come};
use crate::events::ANY;
use crate::record::Phase;
use crate::save::{ShutterOptions, Take};
use crate::source::Address;

/// Width of the button that opens the menu.
pub const BUTTON: f32 = 18.0;

/// Opens the menu with the next pass.
pub fn open_menu(ctx: &egui::Context) {
    ctx.data_mut(|d| d.insert_temp(wanted(), true));
}

fn wanted() -> Id {
    Id::unique("snapshot options wanted")
}

/// Shows the button in `rect`, and its menu.
pub fn menu_button(ui: &mut Ui, rect: Rect, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.shutter;
    let button = ui.allocate_rect(rect, Sense::click());
    let label = format!("{}  (S)", w.menu);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, w.menu));
    let p = palette(ui);
    let lit = button.hovered() || button.has_focus();
    if lit {
        ui.painter().rect_filled(rect, RADIUS, p.button[1]);
    }
    let changed = view.settings.shutter.take != Take::One || view.settings.shutter.timer_s > 0;
    let colour = if changed { p.accent } else { p.text };
    icons::draw(ui.painter(), rect.shrink2(vec2(1.0, 8.0)), Icon::Down, colour);
    let button = button.on_hover_text(label);
    let wanted = ui.data_mut(|d| d.remove_temp::<bool>(wanted()));
    let open = wanted.map(egui::SetOpenCommand::Bool);
    let popup =
        egui::Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).width(300.0);
    let popup = match open {
        Some(open) => popup.open_memory(Some(open)),
        None => popup,
    };
    // Opened with the key, it is used with keys.
    popup.show(|ui| menu_ui(ui, view, wanted == Some(true), out));
}

/// What the menu holds. `focus`: what is chosen gets the focus.
pub fn menu_ui(ui: &mut Ui, view: &View<'_>, focus: bool, out: &mut Vec<Intent>) {
    let w = &view.strings.shutter;
    let mut options = view.settings.shutter.clone();
    ui.set_min_width(280.0);
    ui.spacing_mut().item_spacing.y = 6.0;
    let heading = |ui: &mut Ui, text: &str| {
        ui.label(egui::RichText::new(text).color(palette(ui).strong));
    };
    heading(ui, w.takes);
    for take in Take::ALL {
        let name = match take {
            Take::One => w.one,
            Take::Burst => w.burst,
            Take::Lapse => w.lapse,
            Take::Appears => w.appears,
        };
        let radio = ui.radio_value(&mut options.take, take, name);
        if focus && take == view.settings.shutter.take {
            radio.request_focus();
        }
        if options.take == take && take != Take::One {
            ui.indent(("take", name), |ui| {
                // Fields look like fields, not like rows of the menu.
                ui.reset_style();
                details_ui(ui, view, &mut options);
            });
        }
    }
    ui.separator();
    heading(ui, w.timer);
    ui.horizontal(|ui| {
        for seconds in ShutterOptions::TIMERS {
            let name = if seconds == 0 { w.off.to_owned() } else { format!("{seconds}{}", w.seconds) };
            let button = egui::Button::selectable(options.timer_s == seconds, name);
            if ui.add(button.min_size(vec2(44.0, 30.0))).clicked() {
                options.timer_s = seconds;
            }
        }
    });
    ui.add_enabled(options.timer_s > 0, egui::Checkbox::new(&mut options.tick, w.tick));
    full_ui(ui, view, &mut options);
    ui.separator();
    let mut closes = false;
    let row = |text: &str, keys: &str| egui::Button::new(text).shortcut_text(keys.to_owned());
    ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
        if ui.add_enabled(view.has_image, row(w.now, "Shift+Space")).clicked() {
            out.push(Intent::Shutter(ShutterIntent::TakeNow));
            closes = true;
        }
        if ui.add_enabled(view.has_image, row(w.copy, "Ctrl+C")).clicked() {
            out.push(Intent::Shutter(ShutterIntent::CopyPicture));
            closes = true;
        }
    });
    if closes {
        ui.close();
    }
    if options != view.settings.shutter {
        options.clamp();
        out.push(Intent::Shutter(ShutterIntent::Options(options)));
    }
}

/// Whether one snapshot is taken in the camera's largest mode.
fn full_ui(ui: &mut Ui, view: &View<'_>, options: &mut ShutterOptions) {
    if options.take != Take::One || !view.address().is_some_and(Address::is_camera) {
        return;
    }
    let w = &view.strings.shutter;
    let larger = view.larger_mode().and_then(|camera| camera.size);
    ui.add_enabled(larger.is_some(), egui::Checkbox::new(&mut options.full_resolution, w.full));
    let text = larger.map_or_else(|| w.full_none.to_owned(), w.full_hint);
    ui.add(egui::Label::new(egui::RichText::new(text).small().color(palette(ui).weak)).wrap());
}

/// The numbers of what is chosen.
fn details_ui(ui: &mut Ui, view: &View<'_>, options: &mut ShutterOptions) {
    let w = &view.strings.shutter;
    let seconds = |ui: &mut Ui, value: &mut f64, range, speed, decimals| {
        let label = ui.label(w.every);
        let drag = egui::DragValue::new(value).range(range).speed(speed).max_decimals(decimals);
        ui.add(drag.suffix(w.seconds)).labelled_by(label.id);
    };
    let count = |ui: &mut Ui, name: &str, value: &mut u32, range| {
        let label = ui.label(name);
        ui.add(egui::DragValue::new(value).range(range).speed(0.1)).labelled_by(label.id);
    };
    match options.take {
        Take::One => {}
        Take::Burst => drop(ui.horizontal(|ui| {
            count(ui, w.count, &mut options.burst, ShutterOptions::BURST);
            seconds(ui, &mut options.burst_every_s, ShutterOptions::BURST_EVERY_S, 0.02, 1);
        })),
        Take::Lapse => drop(ui.horizontal(|ui| {
            seconds(ui, &mut options.lapse_every_s, ShutterOptions::LAPSE_EVERY_S, 0.2, 0);
        })),
        Take::Appears => {
            ui.horizontal(|ui| {
                let label = ui.label(w.class);
                let edit = egui::TextEdit::singleline(&mut options.class).hint_text(w.any_class);
                ui.add(edit.desired_width(110.0).char_limit(60)).labelled_by(label.id);
                count(ui, w.at_least, &mut options.at_least, ShutterOptions::AT_LEAST);
            });
            let p = palette(ui);
            let mut note = |text: &str, colour| {
                ui.add(egui::Label::new(egui::RichText::new(text).small().color(colour)).wrap());
            };
            match view.labels() {
                None => note(w.no_model, p.warn),
                Some(labels) => {
                    if crate::events::class_ids(&options.class, labels).is_some_and(|ids| ids.is_empty()) {
                        let problem = crate::events::Problem::UnknownClass { class: options.class.clone() };
                        note(&problem_text(view.language, &problem), p.warn);
                    }
                }
            }
            note(w.appears_hint, p.weak);
        }
    }
}

/// Shows what goes on over the picture, which is at `at` in `area`.
pub fn overlay(ui: &mut Ui, view: &View<'_>, area: Rect, at: Rect, out: &mut Vec<Intent>) {
    let w = &view.strings.shutter;
    let now = Instant::now();
    let saved = view.shutter.saved;
    match view.shutter.shutter {
        Shutter::Idle => {}
        Shutter::Countdown { .. } => {
            let seconds = view.shutter.shutter.seconds_left(now).unwrap_or_default().max(1);
            countdown_ui(ui, at, &seconds.to_string(), w.escape);
        }
        Shutter::Burst { .. } => pill_ui(ui, view, area, &(w.bursting)(saved), Color32::WHITE, out),
        Shutter::Lapse { next } => {
            let left = next.saturating_duration_since(now).as_millis().div_ceil(1000) as u64;
            let text =
                if frames_come(view.source) { (w.lapsing)(saved, left) } else { (w.lapse_paused)(saved) };
            pill_ui(ui, view, area, &text, Color32::WHITE, out);
        }
        Shutter::Waiting => {
            let options = &view.settings.shutter;
            let is_any = options.class.trim().is_empty() || options.class.trim().eq_ignore_ascii_case(ANY);
            let class = if is_any { w.anything } else { options.class.trim() };
            let text = (w.waiting)(class, options.at_least);
            match (view.shutter.problem, view.model.current.is_some()) {
                (Some(problem), _) => {
                    let text = problem_text(view.language, problem);
                    pill_ui(ui, view, area, &text, palette(ui).warn, out);
                }
                (None, false) => pill_ui(ui, view, area, w.no_model, palette(ui).warn, out),
                (None, true) => pill_ui(ui, view, area, &text, Color32::WHITE, out),
            }
        }
    }
}

/// A number that can be read across a room.
fn countdown_ui(ui: &Ui, at: Rect, seconds: &str, hint: &str) {
    let side = (at.height().min(at.width()) * 0.5).clamp(90.0, 260.0);
    let painter = ui.painter();
    painter.circle_filled(at.center(), side * 0.5, Color32::from_black_alpha(150));
    let font = FontId::proportional(side * 0.62);
    painter.text(at.center(), Align2::CENTER_CENTER, seconds, font, Color32::WHITE);
    let below = at.center() + vec2(0.0, side * 0.5 + 20.0);
    let galley = painter.layout_no_wrap(hint.to_owned(), FontId::proportional(15.0), Color32::WHITE);
    let ground = Rect::from_center_size(below, galley.size() + vec2(20.0, 10.0));
    painter.rect_filled(ground, 8, Color32::from_black_alpha(170));
    painter.galley(ground.center() - galley.size() / 2.0, galley, Color32::WHITE);
    let place = Rect::from_center_size(at.center(), Vec2::splat(side));
    ui.interact(place, ui.scope_id().with("countdown"), Sense::hover())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, seconds));
}

/// A line at the top of the picture that says what goes on, with a button that stops it.
fn pill_ui(ui: &mut Ui, view: &View<'_>, area: Rect, text: &str, colour: Color32, out: &mut Vec<Intent>) {
    let label = format!("{}  (Space)", view.strings.shutter.stop);
    let font = FontId::proportional(14.0);
    let widest = (area.width() - 240.0).max(120.0);
    let galley = ui.painter().layout(text.to_owned(), font.clone(), colour, widest);
    let stop = ui.painter().layout_no_wrap(label.clone(), font, Color32::WHITE);
    let button = stop.size() + vec2(20.0, 10.0);
    let size = vec2(galley.size().x + button.x + 44.0, galley.size().y.max(button.y) + 12.0);
    // The badge of a recording is above it.
    let is_recording = view.recording.phase != Phase::Idle || view.recording.clips > 0;
    let top = area.top() + if is_recording { 56.0 } else { 16.0 };
    let rect = Rect::from_min_size(pos2(area.center().x - size.x / 2.0, top), size);
    // The ground is dark in both themes: it lies on an image.
    ui.painter().rect_filled(rect, 10, Color32::from_black_alpha(200));
    ui.painter().circle_filled(rect.left_center() + vec2(16.0, 0.0), 4.0, palette(ui).accent);
    ui.painter().galley(pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0), galley, colour);
    let place = Rect::from_center_size(pos2(rect.right() - 6.0 - button.x / 2.0, rect.center().y), button);
    let text_place = rect.with_max_x(place.left());
    ui.interact(text_place, ui.scope_id().with("shutter text"), Sense::hover())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let response = ui.interact(place, ui.scope_id().with("shutter stop"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, view.strings.shutter.stop));
    let light = if response.hovered() || response.has_focus() { 70 } else { 35 };
    ui.painter().rect_filled(place, RADIUS, Color32::from_white_alpha(light));
    ui.painter().galley(place.center() - stop.size() / 2.0, stop, Color32::WHITE);
    if response.clicked() {
        out.push(Intent::Shutter(ShutterIntent::Cancel));
    }
}
