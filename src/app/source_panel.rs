//! The source: which one, its state, and for a camera its modes and controls.

use egui::{self, Popup, PopupCloseBehavior, Ui};

use super::icons::Icon;
use super::intent::{Choose, FilesIntent, Intent, SourceIntent};
use super::style::palette;
use super::view::View;
use super::widgets::{caption, dropdown, figure_row, menu_row, section_with, state_mark, wide_slider};
use crate::engine::SourceState;
use crate::source::address::PATTERN;
use crate::source::camera::{CameraInfo, Control, ControlKind, Mode};
use crate::source::{Address, CameraRequest, Pace};

/// Shows the part of the side panel that is about the source.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    section_with(
        ui,
        s.source,
        |ui| {
            let p = palette(ui);
            let (colour, text) = match view.source {
                SourceState::Opening { .. } => (p.warn, s.opening),
                SourceState::Playing { info, .. } if info.pace == Pace::Live => (p.good, s.live),
                SourceState::Closed | SourceState::Playing { .. } => return,
                SourceState::Paused { .. } => (p.warn, s.paused),
                SourceState::Ended { .. } => (p.weak, s.ended),
                SourceState::Failed { .. } => (p.bad, s.failed),
            };
            state_mark(ui, colour, text);
        },
        |ui| {
            let chosen = view.source_name().unwrap_or_else(|| s.no_source.into());
            let icon = view.address().map_or(Icon::CameraOff, address_icon);
            let button = dropdown(ui, icon, &chosen, s.choose_source);
            if button.clicked() {
                out.push(Intent::Source(SourceIntent::RefreshCameras));
            }
            Popup::menu(&button).width(button.rect.width()).show(|ui| menu_ui(ui, view, out));
            if let Some(info) = view.info() {
                if !info.detail.is_empty() {
                    let detail = crate::app::strings::phrase(view.language, &info.detail);
                    ui.label(egui::RichText::new(detail).small().color(palette(ui).weak));
                }
                if let (Some(camera), Some(address)) = (view.camera(), view.address()) {
                    egui::CollapsingHeader::new(s.camera_settings)
                        .id_salt("camera settings")
                        .show_unindented(ui, |ui| camera_ui(ui, view, address, camera, out));
                }
            }
        },
    );
}

/// The icon of a kind of source.
pub fn address_icon(address: &Address) -> Icon {
    match address {
        Address::AnyCamera | Address::CameraIndex(_) | Address::Camera { .. } => Icon::Camera,
        Address::Video(_) | Address::Stream(_) => Icon::Video,
        Address::Image(_) => Icon::Image,
        Address::Folder(_) | Address::Images(_) | Address::Glob(_) => Icon::Folder,
        Address::Pattern { .. } => Icon::Pattern,
    }
}

fn menu_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let current = view.camera();
    ui.spacing_mut().item_spacing.y = 2.0;
    caption(ui, s.cameras);
    for (n, camera) in view.cameras.items().iter().enumerate() {
        let note = if n < 9 { format!("{}", n + 1) } else { String::new() };
        let chosen = current.is_some_and(|c| c.address() == camera.address());
        if menu_row(ui, Icon::Camera, &camera.name, &note, chosen).clicked() {
            out.push(Intent::Source(SourceIntent::Open(camera.address())));
        }
    }
    if view.cameras.items().is_empty() {
        let text = if view.cameras.looking { s.looking_for_cameras } else { s.no_cameras };
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.label(egui::RichText::new(text).color(palette(ui).weak));
        });
    }
    ui.separator();
    if menu_row(ui, Icon::Video, s.open_file, "Ctrl+O", false).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::File)));
    }
    if menu_row(ui, Icon::Folder, s.open_folder, "", false).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::Folder)));
    }
    if menu_row(ui, Icon::Network, s.open_network, "", false).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::Address)));
    }
    let pattern = matches!(view.address(), Some(Address::Pattern { .. }));
    if menu_row(ui, Icon::Pattern, s.test_pattern, "", pattern).clicked() {
        out.push(Intent::Source(SourceIntent::Open(PATTERN)));
    }
    let recent = view.settings.recent.iter().filter(|a| !matches!(a, Address::Pattern { .. }));
    let mut recent = recent.take(5).peekable();
    if recent.peek().is_some() {
        ui.separator();
        caption(ui, s.recent);
    }
    for address in recent {
        let chosen = view.address() == Some(address);
        let row = menu_row(ui, address_icon(address), &view.cameras.source_name(address, s), "", chosen);
        if row.on_hover_text(address.to_string()).clicked() {
            out.push(Intent::Source(SourceIntent::Open(address.clone())));
        }
    }
}

/// The request that selects this mode.
fn request(mode: &Mode) -> CameraRequest {
    CameraRequest {
        format: Some(mode.format),
        size: Some((mode.width, mode.height)),
        fps: Some(mode.fps().round() as u32),
    }
}

/// "1280×720 · 30 fps · MJPEG", or "automatic".
fn mode_name(mode: &CameraRequest, automatic: &str) -> String {
    match (mode.size, mode.fps, mode.format) {
        (Some((w, h)), Some(fps), Some(format)) => format!("{w}×{h} · {fps} fps · {}", format.name()),
        _ => automatic.to_owned(),
    }
}

fn camera_ui(ui: &mut Ui, view: &View<'_>, address: &Address, camera: &CameraInfo, out: &mut Vec<Intent>) {
    let s = view.strings;
    let chosen = view.settings.cameras.get(&camera.name).cloned().unwrap_or_default();
    ui.label(s.mode);
    let response = egui::ComboBox::from_id_salt("camera mode")
        .selected_text(mode_name(&chosen, s.automatic))
        .width(ui.available_width())
        .truncate()
        .show_ui(ui, |ui| {
            let automatic = std::iter::once(CameraRequest::default());
            for mode in automatic.chain(camera.modes.iter().map(request)) {
                let name = mode_name(&mode, s.automatic);
                if ui.selectable_label(mode == chosen, name).clicked() && mode != chosen {
                    out.push(Intent::Source(SourceIntent::OpenCamera(address.clone(), mode)));
                }
            }
        });
    response.response.accessible_name(s.mode);
    if camera.controls.is_empty() {
        ui.label(egui::RichText::new(s.no_controls).small().color(palette(ui).weak));
        return;
    }
    for control in &camera.controls {
        ui.push_id(control.id, |ui| control_ui(ui, control, out));
    }
    let changed = camera.controls.iter().filter(|c| c.active && c.value != c.default);
    let reset: Vec<_> =
        changed.map(|c| Intent::Source(SourceIntent::SetControl { id: c.id, value: c.default })).collect();
    if ui.add_enabled(!reset.is_empty(), egui::Button::new(s.reset)).clicked() {
        out.extend(reset);
    }
}

fn control_ui(ui: &mut Ui, control: &Control, out: &mut Vec<Intent>) {
    let mut value = control.value;
    ui.add_enabled_ui(control.active, |ui| match &control.kind {
        ControlKind::Number { min, max, step } => {
            figure_row(ui, &control.name, &value.to_string());
            let slider = egui::Slider::new(&mut value, *min..=*max).step_by(*step as f64).show_value(false);
            wide_slider(ui, slider).accessible_name(&control.name);
        }
        ControlKind::Switch => {
            let mut on = value != 0;
            ui.checkbox(&mut on, &control.name);
            value = i64::from(on);
        }
        ControlKind::Menu(choices) => {
            ui.label(&control.name);
            let name = choices.iter().find(|c| c.0 == value).map_or("", |c| c.1.as_str());
            let combo = egui::ComboBox::from_id_salt("choice")
                .selected_text(name)
                .width(ui.available_width())
                .close_behavior(PopupCloseBehavior::CloseOnClick);
            let response = combo.show_ui(ui, |ui| {
                for (number, name) in choices {
                    ui.selectable_value(&mut value, *number, name);
                }
            });
            response.response.accessible_name(&control.name);
        }
    });
    if value != control.value {
        out.push(Intent::Source(SourceIntent::SetControl { id: control.id, value }));
    }
}
