//! Recording in the window: the buttons of the bar, the badge over the preview, the settings.

use std::time::Duration;

use egui::{self, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

use super::icons::Icon;
use super::intent::{Choose, FilesIntent, Intent, RecordIntent, SettingsIntent};
use super::strings::{container_name, what_name};
use super::style::palette;
use super::view::View;
use super::widgets::{at_right, icon_button};
use crate::record::{Container, Phase, RecordOptions, What};

/// Red as on every recorder, light enough for both themes.
const RED: egui::Color32 = egui::Color32::from_rgb(222, 60, 55);

/// Seconds that can be kept.
const KEEP: [u32; 5] = [0, 5, 15, 30, 60];

/// "1:05", or "1:00:05".
#[must_use]
pub fn clock(time: Duration) -> String {
    let whole = time.as_secs();
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

/// "3.4 MB".
fn size(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 1000.0 { format!("{megabytes:.1} MB") } else { format!("{:.2} GB", megabytes / 1000.0) }
}

/// Whether a bar of this width has the button for the last seconds; the key works without it.
pub fn shows_last(view: &View<'_>, width: f32) -> bool {
    view.recording.keeps_s > 0 && width >= 720.0
}

/// Shows the buttons: record or stop, pause, the last seconds.
pub fn buttons_ui(ui: &mut Ui, view: &View<'_>, width: f32, out: &mut Vec<Intent>) {
    let w = &view.strings.recording;
    let phase = view.recording.phase;
    let is_on = phase != Phase::Idle;
    let label = if is_on { w.stop } else { w.record };
    let (rect, button) = ui.allocate_exact_size(Vec2::splat(34.0), Sense::click());
    let is_enabled = is_on || view.has_image;
    button.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, label));
    let p = palette(ui);
    let ink = if is_enabled { RED } else { p.weak };
    if button.hovered() && is_enabled {
        ui.painter().rect_filled(rect, 8, p.button[1]);
    }
    let centre = rect.center();
    ui.painter().circle_stroke(
        centre,
        12.0,
        egui::Stroke::new(1.5, if is_enabled { p.text } else { p.weak }),
    );
    if is_on {
        ui.painter().rect_filled(egui::Rect::from_center_size(centre, Vec2::splat(10.0)), 2, ink);
    } else {
        ui.painter().circle_filled(centre, 8.0, ink);
    }
    if button.has_focus() {
        ui.painter().rect_stroke(rect, 8, egui::Stroke::new(1.5, p.strong), egui::StrokeKind::Inside);
    }
    if button.on_hover_text(format!("{label}  (R)\n{}", w.no_sound)).clicked() && is_enabled {
        out.push(Intent::Record(RecordIntent::Toggle));
    }
    match phase {
        Phase::Recording if icon_button(ui, Icon::Pause, w.pause, false).clicked() => {
            out.push(Intent::Record(RecordIntent::Pause(true)));
        }
        Phase::Paused if icon_button(ui, Icon::Play, w.go_on, false).clicked() => {
            out.push(Intent::Record(RecordIntent::Pause(false)));
        }
        _ => {}
    }
    if shows_last(view, width) {
        let label = format!("{}  (Shift+R)", (w.save_last)(view.recording.keeps_s));
        if icon_button(ui, Icon::Last, &label, false).clicked() {
            out.push(Intent::Record(RecordIntent::SaveLast));
        }
    }
}

/// Shows over the preview that it is being recorded.
pub fn badge(ui: &Ui, view: &View<'_>, area: egui::Rect) {
    let w = &view.strings.recording;
    let status = view.recording;
    let figures = || format!("{} · {}", clock(status.elapsed), size(status.bytes));
    let mut text = match status.phase {
        Phase::Idle if status.clips == 0 => return,
        Phase::Idle => w.clip_coming.to_owned(),
        Phase::Starting => w.starting.to_owned(),
        Phase::Recording => figures(),
        Phase::Paused => format!("{} · {}", w.paused, figures()),
    };
    if status.left_out > 0 {
        text = format!("{text} · {}", (w.left_out)(status.left_out));
    }
    if view.comparing && status.phase != Phase::Idle {
        text = format!("{text} · {}", w.first_only);
    }
    let font = egui::FontId::proportional(14.0);
    let galley = ui.painter().layout_no_wrap(text.clone(), font, egui::Color32::WHITE);
    let size = galley.size() + vec2(38.0, 12.0);
    let rect =
        egui::Rect::from_center_size(egui::pos2(area.center().x, area.top() + 14.0 + size.y / 2.0), size);
    ui.painter().rect_filled(rect, 8, egui::Color32::from_black_alpha(190));
    let dot = egui::pos2(rect.left() + 17.0, rect.center().y);
    if status.phase == Phase::Paused {
        for x in [-3.5, 1.5] {
            let bar = egui::Rect::from_min_size(dot + vec2(x, -5.0), vec2(3.0, 10.0));
            ui.painter().rect_filled(bar, 1, egui::Color32::WHITE);
        }
    } else {
        ui.painter().circle_filled(dot, 5.5, RED);
    }
    ui.painter().galley(egui::pos2(rect.left() + 29.0, rect.top() + 6.0), galley, egui::Color32::WHITE);
    let response = ui.interact(rect, ui.scope_id().with("recording"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    response.on_hover_text(if status.left_out > 0 { w.left_out_hint } else { w.no_sound });
}

/// Shows the settings of recordings.
pub fn settings_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let w = &s.recording;
    let weak = palette(ui).weak;
    let mut options: RecordOptions = view.settings.recording.clone();
    ui.horizontal(|ui| {
        ui.label(w.folder);
        let chosen = options.folder.clone();
        let folder = chosen.as_deref().unwrap_or(view.video_folder).display().to_string();
        let buttons = if chosen.is_some() { 190.0 } else { 110.0 };
        ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - buttons).max(60.0));
            let text = egui::RichText::new(&folder).color(weak);
            ui.add(egui::Label::new(text).truncate().selectable(true)).on_hover_text(&folder);
        });
        at_right(ui, "video folder", |ui| {
            if chosen.is_some() && ui.button(s.reset).clicked() {
                options.folder = None;
            }
            if ui.button(s.change).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::VideoFolder)));
            }
        });
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(w.what);
        for what in What::ALL {
            ui.selectable_value(&mut options.what, what, what_name(view.language, what));
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(s.format);
        for container in Container::ALL {
            ui.selectable_value(&mut options.container, container, container_name(container));
        }
    });
    ui.checkbox(&mut options.json, w.also_json);
    ui.horizontal_wrapped(|ui| {
        ui.label(w.keep);
        for seconds in KEEP {
            let name = if seconds == 0 { w.keep_off.to_owned() } else { (w.keep_seconds)(seconds) };
            ui.selectable_value(&mut options.keep_s, seconds, name);
        }
    });
    for hint in [w.keep_hint, w.no_sound] {
        ui.add(egui::Label::new(egui::RichText::new(hint).small().color(weak)).wrap());
    }
    if options != view.settings.recording {
        out.push(Intent::Settings(SettingsIntent::Recording(options)));
    }
}
