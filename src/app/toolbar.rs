//! The bar below the preview: the video's controls, the snapshot, the view's switches.

use egui::{self, Align, Layout, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

use super::icons::{self, Icon};
use super::intent::{
    CompareIntent, DatasetIntent, Intent, Page, SettingsIntent, ShutterIntent, SourceIntent, WindowIntent,
};
use super::style::palette;
use super::view::View;
use super::widgets::{at_right, icon_button, wide_slider};
use super::{recording, shutter_panel};
use crate::engine::SourceState;
use crate::record::Phase;
use crate::source::Pace;

/// The speeds that a video can be played at.
const SPEEDS: [f32; 7] = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0];

/// Height of the bar with the buttons.
pub const HEIGHT: f32 = 56.0;

/// Shows the bar.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let rect = ui.max_rect().shrink2(vec2(12.0, 0.0));
    // The snapshot button is in the middle, however wide the two sides are.
    let side = |from: f32, to: f32| egui::Rect::from_x_y_ranges(from..=to, rect.y_range());
    let middle = rect.center().x;
    let shutter = 46.0;
    let left = side(rect.left(), middle - shutter / 2.0 - 8.0);
    // The menu and the record button are at its right, and with the latter what a recording needs.
    let buttons = if view.recording.phase == Phase::Idle { 1.0 } else { 2.0 }
        + if recording::shows_last(view, rect.width()) { 1.0 } else { 0.0 };
    let from = middle + shutter / 2.0 + 2.0 + shutter_panel::BUTTON;
    let record = side(from, from + 38.0 * buttons);
    let right = side(record.right() + 4.0, rect.right());
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)),
        |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            left_ui(ui, view, out);
        },
    );
    let centre = egui::Rect::from_center_size(egui::pos2(middle, rect.center().y), Vec2::splat(shutter));
    let button = ui.allocate_rect(centre, Sense::click());
    shutter_ui(ui, view, &button);
    let active = view.shutter.shutter.is_active();
    let label = if active { s.shutter.stop } else { s.snapshot };
    if button.on_hover_text(format!("{label}  (Space)")).clicked() && (view.has_image || active) {
        out.push(Intent::Shutter(ShutterIntent::Press));
    }
    let beside = egui::pos2(middle + shutter / 2.0 + shutter_panel::BUTTON / 2.0, rect.center().y);
    let beside = egui::Rect::from_center_size(beside, vec2(shutter_panel::BUTTON, 32.0));
    shutter_panel::menu_button(ui, beside, view, out);
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(record).layout(Layout::left_to_right(Align::Center)),
        |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            recording::buttons_ui(ui, view, rect.width(), out);
        },
    );
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(right).layout(Layout::left_to_right(Align::Center)),
        |ui| {
            at_right(ui, "view", |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                right_ui(ui, view, out);
            });
        },
    );
}

fn shutter_ui(ui: &Ui, view: &View<'_>, button: &egui::Response) {
    let (p, rect) = (palette(ui), button.rect);
    let active = view.shutter.shutter.is_active();
    let enabled = view.has_image || active;
    let label = if active { view.strings.shutter.stop } else { view.strings.snapshot };
    button.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    let grow = if button.is_pointer_button_down_on() {
        -1.5
    } else if button.hovered() {
        1.0
    } else {
        0.0
    };
    let (ground, ink) = if enabled { (p.accent, p.on_accent) } else { (p.button[0], p.weak) };
    ui.painter().circle_filled(rect.center(), 21.0 + grow, ground);
    if button.has_focus() {
        ui.painter().circle_stroke(rect.center(), 23.0, egui::Stroke::new(1.5, p.strong));
    }
    if active {
        let side = egui::Rect::from_center_size(rect.center(), Vec2::splat(14.0));
        ui.painter().rect_filled(side, 3, ink);
        return;
    }
    icons::draw(ui.painter(), rect.shrink(11.5), Icon::Shutter, ink);
}

fn left_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let Some(pace) = view.pace() else { return };
    let ended = matches!(view.source, SourceState::Ended { .. });
    let still = view.is_paused() || ended;
    let stills = pace == Pace::Stills;
    let many = view.info().is_some_and(|i| i.frames.is_none_or(|n| n > 1));
    if stills {
        if many {
            if icon_button(ui, Icon::Previous, s.previous, false).clicked() {
                out.push(Intent::Source(SourceIntent::Skip(-1)));
            }
            if icon_button(ui, Icon::Next, s.next, false).clicked() {
                out.push(Intent::Source(SourceIntent::Skip(1)));
            }
        }
    } else {
        let (icon, label) = if still { (Icon::Play, s.go_on) } else { (Icon::Pause, s.pause) };
        if icon_button(ui, icon, &format!("{label}  (P)"), false).clicked() {
            out.push(if ended {
                Intent::Source(SourceIntent::Seek(0.0))
            } else {
                Intent::Source(SourceIntent::Pause(!still))
            });
        }
    }
    if pace == Pace::Video {
        // Only where the position is known can a frame before it be found.
        if view.seek_end().is_some() && icon_button(ui, Icon::Previous, s.step_back, false).clicked() {
            out.push(Intent::Source(SourceIntent::StepBack));
        }
        if icon_button(ui, Icon::Next, s.step, false).clicked() {
            out.push(Intent::Source(SourceIntent::Step));
        }
        speed_ui(ui, view, out);
        if icon_button(ui, Icon::Loop, s.loop_, view.settings.looping).clicked() {
            out.push(Intent::Source(SourceIntent::Loop(!view.settings.looping)));
        }
        if icon_button(ui, Icon::Fast, s.fast, view.as_fast_as_possible).clicked() {
            out.push(Intent::Source(SourceIntent::AsFastAsPossible(!view.as_fast_as_possible)));
        }
    }
    let text = place_text(view, pace);
    if !text.is_empty() {
        ui.add_space(6.0);
        ui.add(egui::Label::new(egui::RichText::new(text).color(palette(ui).weak)).truncate());
    }
}

/// How fast a video is played.
fn speed_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let name = |speed: f32| format!("{speed}×");
    let now = view.playback_speed;
    let button = egui::Button::new(name(now)).frame_when_inactive(false).min_size(vec2(38.0, 32.0));
    let label = view.strings.playback_speed;
    // As fast as possible has no speed.
    let button = ui.add_enabled(!view.as_fast_as_possible, button).on_hover_text(label);
    button.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, !view.as_fast_as_possible, label);
        info.current_text_value = Some(name(now));
        info
    });
    egui::Popup::menu(&button).width(90.0).show(|ui| {
        for speed in SPEEDS {
            if ui.selectable_label(speed == now, name(speed)).clicked() {
                out.push(Intent::Source(SourceIntent::Speed(speed)));
            }
        }
    });
}

/// "0:12 / 1:05" of a video, "3 / 20" of a folder.
fn place_text(view: &View<'_>, pace: Pace) -> String {
    let Some(info) = view.info() else { return String::new() };
    match pace {
        Pace::Live => String::new(),
        Pace::Video => match (view.position, info.duration_s) {
            (Some(at), Some(all)) => format!("{} / {}", clock(at), clock(all)),
            (Some(at), None) => clock(at),
            (None, _) => String::new(),
        },
        Pace::Stills => match (view.position, info.frames) {
            (Some(at), Some(all)) if all > 1 => format!("{} / {all}", at as u64 + 1),
            _ => String::new(),
        },
    }
}

fn clock(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 359_999.0) as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

fn right_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let set = view.settings;
    if !set.side_panel {
        // They are at the top of the side panel, which is hidden.
        if icon_button(ui, Icon::Help, &format!("{}  (F1)", s.help), false).clicked() {
            out.push(Intent::Window(WindowIntent::Help(true)));
        }
        if icon_button(ui, Icon::Settings, &format!("{}  (Ctrl+,)", s.settings), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Settings)));
        }
        if icon_button(ui, Icon::Labels, &format!("{}  (D)", s.datasets.title), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Dataset)));
        }
        if icon_button(ui, Icon::Teach, &format!("{}  (T)", s.teach.key), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Teach)));
        }
        if icon_button(ui, Icon::Image, &format!("{}  (G)", s.gallery.title), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Gallery)));
        }
        if icon_button(ui, Icon::Inside, &format!("{}  (I)", s.inside.title), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Inside)));
        }
        if icon_button(ui, Icon::Bell, &format!("{}  (E)", s.events.title), false).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Events)));
        }
    }
    // Beside a lesson the bar is narrow, and what a lesson doesn't need is left to its keys.
    if view.lessons.course.is_some() {
        let compare = format!("{}  (C)", s.compare_models);
        if icon_button(ui, Icon::Compare, &compare, view.comparing).clicked() {
            out.push(Intent::Compare(CompareIntent::Show(!view.comparing)));
        }
        if icon_button(ui, Icon::Panel, &format!("{}  (F9)", s.side_panel), set.side_panel).clicked() {
            out.push(Intent::Settings(SettingsIntent::SidePanel(!set.side_panel)));
        }
        return;
    }
    let collect = format!("{}  (K)", s.datasets.collect);
    let button =
        ui.add_enabled_ui(view.has_image, |ui| icon_button(ui, Icon::Collect, &collect, false)).inner;
    if button.clicked() {
        out.push(Intent::Dataset(DatasetIntent::Collect));
    }
    if icon_button(ui, Icon::Mirror, &format!("{}  (F)", s.mirror), view.mirrored).clicked() {
        out.push(Intent::Settings(SettingsIntent::Mirror(!view.mirrored)));
    }
    if icon_button(ui, Icon::Figures, &format!("{}  (H)", s.figures), set.figures).clicked() {
        out.push(Intent::Settings(SettingsIntent::Figures(!set.figures)));
    }
    if icon_button(ui, Icon::Compare, &format!("{}  (C)", s.compare_models), view.comparing).clicked() {
        out.push(Intent::Compare(CompareIntent::Show(!view.comparing)));
    }
    let label = if view.full_screen { s.leave_full_screen } else { s.full_screen };
    if icon_button(ui, Icon::FullScreen, &format!("{label}  (F11)"), view.full_screen).clicked() {
        out.push(Intent::Window(WindowIntent::FullScreen(!view.full_screen)));
    }
    if icon_button(ui, Icon::Panel, &format!("{}  (F9)", s.side_panel), set.side_panel).clicked() {
        out.push(Intent::Settings(SettingsIntent::SidePanel(!set.side_panel)));
    }
}

/// Shows the position in a video or folder, over the whole width; shows nothing for a source that can't be sought.
pub fn seek_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(end) = view.seek_end() else { return };
    let mut at = view.position.unwrap_or(0.0).min(end);
    let mut slider = egui::Slider::new(&mut at, 0.0..=end).show_value(false);
    if view.pace() == Some(Pace::Stills) {
        slider = slider.step_by(1.0);
    }
    if wide_slider(ui, slider).accessible_name(view.strings.position).changed() {
        out.push(Intent::Source(SourceIntent::Seek(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn clocks_show_hours_only_when_there_are_some() {
        assert_eq!(
            (clock(0.0).as_str(), clock(65.9).as_str(), clock(3723.0).as_str()),
            ("0:00", "1:05", "1:02:03")
        );
        assert_eq!((clock(-3.0).as_str(), clock(f64::NAN).as_str()), ("0:00", "0:00"));
    }
}
