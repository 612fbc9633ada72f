//! One item, large, with what is known of it.

use egui::{self, Key, Modifiers, Rect, Ui, pos2, vec2};

use super::grid::trouble_text;
use super::state::{GalleryPage, Large, Shown};
use crate::app::icons::Icon;
use crate::app::intent::{FilesIntent, GalleryIntent, Intent, SourceIntent, WindowIntent};
use crate::app::stage::fit;
use crate::app::strings::{class_name, item_kind, item_reason};
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{at_right, follow_focus, icon_button, wide_slider};
use crate::gallery::Item;
use crate::library::names;
use crate::source::Address;

/// Width of the details.
const DETAILS: f32 = 300.0;
/// Height of the bar above, and of that below a video.
const BAR: f32 = 48.0;

/// Shows the item that is open.
pub(super) fn ui(page: &mut GalleryPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(open) = &page.open else { return };
    let item = std::sync::Arc::clone(&open.item);
    keys(page, ui, &item, out);
    let room = ui.max_rect();
    let details = Rect::from_min_max(pos2(room.right() - DETAILS, room.top()), room.max);
    let above = Rect::from_min_max(room.min, pos2(details.left(), room.top() + BAR));
    bar_ui(page, ui, view, &item, above, out);
    let mut picture = Rect::from_min_max(above.left_bottom(), pos2(details.left(), room.bottom()));
    let boxes = page.boxes;
    if let Some(open) = &mut page.open {
        if matches!(open.shown, Shown::Video { .. }) {
            picture.max.y -= BAR;
            let below = Rect::from_min_max(picture.left_bottom(), pos2(details.left(), room.bottom()));
            player_ui(open, ui, view, below, out);
        }
        picture_ui(open, ui, view, picture, boxes);
    }
    let inner = details.shrink2(vec2(16.0, 12.0));
    ui.painter().rect_filled(details, 0, palette(ui).panel);
    ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| {
        egui::ScrollArea::vertical().id_salt("details").auto_shrink([false, false]).show(ui, |ui| {
            details_ui(page, ui, view, &item, out);
            follow_focus(ui);
        });
    });
}

fn bar_ui(page: &GalleryPage, ui: &mut Ui, view: &View<'_>, item: &Item, rect: Rect, out: &mut Vec<Intent>) {
    let w = &view.strings.gallery;
    let p = palette(ui);
    let inner = rect.shrink2(vec2(12.0, 6.0));
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::left_to_right(egui::Align::Center)),
        |ui| {
            if icon_button(ui, Icon::Library, &format!("{}  (Esc)", w.back), false).clicked() {
                out.push(Intent::Gallery(GalleryIntent::Back));
            }
            for (icon, name, by, keys) in
                [(Icon::Previous, w.previous, -1, "←"), (Icon::Next, w.next, 1, "→")]
            {
                let there = page.beside(item.id, by).is_some();
                ui.add_enabled_ui(there, |ui| {
                    if icon_button(ui, icon, &format!("{name}  ({keys})"), false).clicked() {
                        out.push(Intent::Gallery(GalleryIntent::Step(by)));
                    }
                });
            }
            let place = page.place_of(item.id).map(|place| format!("{} / {}", place + 1, page.places.len()));
            ui.label(egui::RichText::new(place.unwrap_or_default()).color(p.weak));
            ui.add(egui::Label::new(egui::RichText::new(&item.name).color(p.strong)).truncate());
        },
    );
}

fn picture_ui(open: &mut Large, ui: &mut Ui, view: &View<'_>, area: Rect, boxes: bool) {
    let w = &view.strings.gallery;
    ui.painter().rect_filled(area, 0, palette(ui).stage);
    let say = |ui: &Ui, text: &str| {
        let p = palette(ui);
        let width = (area.width() - 60.0).max(80.0);
        let galley = ui.painter().layout(text.to_owned(), egui::FontId::proportional(15.0), p.weak, width);
        let rect = Rect::from_center_size(area.center(), galley.size());
        ui.painter().galley(rect.min, galley, p.weak);
        ui.interact(rect, ui.scope_id().with("says"), egui::Sense::hover())
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    };
    let scene = match &open.shown {
        Shown::Failed(why) => return say(ui, &(w.not_shown)(&item_reason(view.language, why))),
        Shown::Video { now, .. } if now.error.is_some() => {
            let why = now.error.as_deref().unwrap_or_default();
            return say(ui, &(w.not_shown)(&item_reason(view.language, why)));
        }
        Shown::Loading => None,
        Shown::Image { scene } => scene.clone(),
        Shown::Video { now, .. } => now.scene.clone(),
    };
    let Some(size) = open.stage.size() else { return say(ui, w.loading) };
    let at = fit(size, area.shrink(8.0));
    open.stage.paint_frame(ui.painter(), at, false);
    if let Some(scene) = scene.filter(|_| boxes) {
        open.painter.paint(ui.painter(), at, &scene);
    }
}

fn player_ui(open: &Large, ui: &mut Ui, view: &View<'_>, rect: Rect, out: &mut Vec<Intent>) {
    let w = &view.strings.gallery;
    let Shown::Video { now, .. } = &open.shown else { return };
    let inner = rect.shrink2(vec2(12.0, 6.0));
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::left_to_right(egui::Align::Center)),
        |ui| {
            let (icon, name) = if now.is_playing { (Icon::Pause, w.pause) } else { (Icon::Play, w.play) };
            if icon_button(ui, icon, &format!("{name}  (Space)"), false).clicked() {
                out.push(Intent::Gallery(GalleryIntent::Play(!now.is_playing)));
            }
            let clock = |seconds: f64| {
                let whole = seconds.clamp(0.0, 359_999.0) as u64;
                format!("{}:{:02}", whole / 60, whole % 60)
            };
            let length = now.length_s.unwrap_or(now.at_s);
            let text = format!("{} / {}", clock(now.at_s), clock(length));
            ui.label(egui::RichText::new(text).color(palette(ui).weak));
            let mut at = now.at_s.min(length);
            let slider = egui::Slider::new(&mut at, 0.0..=length.max(0.01)).show_value(false);
            if wide_slider(ui, slider).accessible_name(w.position).changed() {
                out.push(Intent::Gallery(GalleryIntent::Seek(at)));
            }
        },
    );
}

fn details_ui(page: &mut GalleryPage, ui: &mut Ui, view: &View<'_>, item: &Item, out: &mut Vec<Intent>) {
    let (s, w) = (view.strings, &view.strings.gallery);
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(w.details).heading().color(palette(ui).strong));
        at_right(ui, "details", |ui| {
            if icon_button(ui, Icon::Close, w.back, false).clicked() {
                out.push(Intent::Gallery(GalleryIntent::Back));
            }
        });
    });
    let p = palette(ui);
    let inside = page.open.as_ref().is_some_and(|open| open.boxes_inside);
    let mut boxes = page.boxes;
    let switch = ui.add_enabled(!inside, egui::Checkbox::new(&mut boxes, format!("{}  (B)", w.boxes)));
    if switch.changed() {
        out.push(Intent::Gallery(GalleryIntent::Boxes(boxes)));
    }
    if inside && !item.details.models.is_empty() {
        ui.add(egui::Label::new(egui::RichText::new(w.boxes_inside).small().color(p.weak)).wrap());
    }
    if let Some(trouble) = &item.trouble {
        let text = trouble_text(view, trouble);
        ui.add(egui::Label::new(egui::RichText::new(text).color(p.warn)).wrap());
    }
    ui.separator();
    let row = |ui: &mut Ui, name: &str, value: &str| {
        ui.label(egui::RichText::new(name).small().color(palette(ui).weak));
        ui.add(egui::Label::new(value).wrap().selectable(true));
        ui.add_space(2.0);
    };
    let details = &item.details;
    row(ui, w.kind, item_kind(w, item.kind));
    row(ui, w.saved, &item.local_time().format("%Y-%m-%d %H:%M:%S").to_string());
    if !details.source.is_empty() {
        row(ui, w.source, &details.source);
    }
    if let Some(time_s) = details.time_s.filter(|_| !item.kind.is_video()) {
        row(ui, w.at, &format!("{time_s:.2} s"));
    }
    if let Some([width, height]) = details.size {
        row(ui, w.size, &format!("{width}×{height}"));
    }
    if item.record.is_none() {
        ui.label(egui::RichText::new(w.no_record).color(p.weak));
    }
    if details.frames > 0 {
        row(ui, w.frames, &details.frames.to_string());
    }
    if !details.models.is_empty() {
        row(ui, w.model, &details.models.join(", "));
    }
    let parts = [(w.family, &details.family), (w.runs_on, &details.provider)];
    for (name, value) in parts.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        row(ui, name, value);
    }
    if let Some(thresholds) = &details.thresholds {
        row(ui, w.confidence, &format!("{:.2}", thresholds.conf));
        row(ui, w.iou, &format!("{:.2}", thresholds.iou));
    }
    if !details.classes.is_empty() {
        let found: Vec<String> = details
            .classes
            .iter()
            .map(|(class, count)| format!("{} ×{count}", class_name(view.language, class)))
            .collect();
        row(ui, w.found, &found.join(", "));
    }
    for hash in &details.hashes {
        ui.label(egui::RichText::new(w.hash).small().color(p.weak));
        ui.horizontal(|ui| {
            let short: String = hash.chars().take(12).collect();
            ui.label(format!("{short}…")).on_hover_text(hash);
            if ui.button(s.copy).clicked() {
                out.push(Intent::Window(WindowIntent::CopyText(hash.clone())));
            }
        });
    }
    ui.label(egui::RichText::new(w.files).small().color(p.weak));
    for file in item.files() {
        ui.add(egui::Label::new(file_name(&file)).truncate()).on_hover_text(file.display().to_string());
    }
    ui.label(egui::RichText::new(names::size(item.bytes)).color(p.weak));
    ui.separator();
    actions_ui(page, ui, view, item, out);
}

fn actions_ui(page: &mut GalleryPage, ui: &mut Ui, view: &View<'_>, item: &Item, out: &mut Vec<Intent>) {
    let (s, w) = (view.strings, &view.strings.gallery);
    ui.horizontal_wrapped(|ui| {
        if let Some(picture) = item.picture() {
            if ui.button(w.open_outside).clicked() {
                out.push(Intent::Files(FilesIntent::OpenFolder(picture.to_owned())));
            }
            let clean = item.clean.as_deref().unwrap_or(picture);
            if ui.button(w.use_as_source).clicked() {
                let address = if item.kind.is_video() {
                    Address::Video(clean.to_owned())
                } else {
                    Address::Image(clean.to_owned())
                };
                out.push(Intent::Source(SourceIntent::Open(address)));
            }
        }
        if ui.button(s.show_folder).clicked() {
            out.push(Intent::Gallery(GalleryIntent::ShowFolder(item.id)));
        }
        if ui.button(w.copy_files).clicked() {
            out.push(Intent::Gallery(GalleryIntent::CopyFiles(vec![item.id])));
        }
        if ui.button(w.copy_path).clicked() {
            out.push(Intent::Gallery(GalleryIntent::CopyPaths(vec![item.id])));
        }
        if ui.button(w.rename).clicked() {
            page.ask_name(item);
        }
        if ui.button(w.trash).clicked() {
            out.push(Intent::Gallery(GalleryIntent::Delete(vec![item.id])));
        }
    });
}

/// The keys of the large view, while nothing else has them.
fn keys(page: &mut GalleryPage, ui: &mut Ui, item: &Item, out: &mut Vec<Intent>) {
    let is_taken = ui.ctx().text_edit_focused()
        || ui.ctx().any_popup_open()
        || ui.memory(|m| m.focused().is_some() || m.top_modal_layer().is_some());
    if is_taken {
        return;
    }
    let pressed = |ui: &mut Ui, key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    for (key, by) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
        if pressed(ui, key) {
            out.push(Intent::Gallery(GalleryIntent::Step(by)));
        }
    }
    if pressed(ui, Key::B) {
        out.push(Intent::Gallery(GalleryIntent::Boxes(!page.boxes)));
    }
    if pressed(ui, Key::Delete) {
        out.push(Intent::Gallery(GalleryIntent::Delete(vec![item.id])));
    }
    if pressed(ui, Key::F2) {
        page.ask_name(item);
    }
    if ui.input(|i| i.events.iter().any(|event| matches!(event, egui::Event::Copy))) {
        out.push(Intent::Gallery(GalleryIntent::CopyFiles(vec![item.id])));
    }
    if let Some(Shown::Video { now, .. }) = page.open.as_ref().map(|open| &open.shown)
        && pressed(ui, Key::Space)
    {
        out.push(Intent::Gallery(GalleryIntent::Play(!now.is_playing)));
    }
}
