//! The list by day: only the cells on screen are shown, and no pass touches the disk.

use std::sync::Arc;

use chrono::{Local, NaiveDate};
use egui::{
    self, Align2, Color32, CornerRadius, FontId, Key, Modifiers, Rect, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

use super::state::{CAPTION, DAY, GAP, GalleryPage, Row, Small};
use crate::app::icons::{self, Icon};
use crate::app::intent::{GalleryIntent, Intent};
use crate::app::strings::{Gallery, class_name, item_kind, item_reason};
use crate::app::style::{CARD_RADIUS, palette};
use crate::app::view::View;
use crate::app::widgets::{centred_page, page_title, paragraph};
use crate::gallery::{Item, Kind, Thumbnails, Trouble};

/// Shows the list.
pub(super) fn ui(page: &mut GalleryPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.gallery;
    page.wanted.clear();
    let width = ui.available_width() - 14.0;
    page.lay_out(width);
    if page.places.is_empty() {
        centred_page(ui, 460.0, |ui| {
            let p = palette(ui);
            if page.index.items.is_empty() {
                page_title(ui, w.nothing);
                paragraph(ui, w.nothing_text, p.weak);
            } else {
                paragraph(ui, w.nothing_fits, p.weak);
            }
        });
        return;
    }
    let view_height = ui.available_height();
    keys(page, ui, view_height, width, out);
    let mut scroll = egui::ScrollArea::vertical().id_salt("gallery").auto_shrink([false, false]);
    if std::mem::take(&mut page.scroll_to_focus)
        && let Some(offset) = offset_of_focus(page, ui, view_height, width)
    {
        scroll = scroll.vertical_scroll_offset(offset);
    }
    let output = scroll.show_viewport(ui, |ui, viewport| {
        ui.set_min_size(vec2(width, page.height + GAP));
        let origin = ui.min_rect().min;
        let first = page.rows.partition_point(|(y, _)| *y < viewport.min.y - page.cell_size(width).y - DAY);
        let rows: Vec<(f32, Row)> =
            page.rows[first..].iter().take_while(|(y, _)| *y < viewport.max.y).cloned().collect();
        let size = page.cell_size(width);
        for (y, row) in rows {
            match row {
                Row::Day(day, count) => day_ui(ui, pos2(origin.x, origin.y + y), day, count, w),
                Row::Cells(range) => {
                    for (column, place) in range.enumerate() {
                        let Some(item) = page.listed(place).cloned() else { continue };
                        let x = origin.x + column as f32 * (size.x + GAP);
                        let rect = Rect::from_min_size(pos2(x, origin.y + y), size);
                        cell_ui(page, ui, view, &item, rect, out);
                    }
                }
            }
        }
    });
    ui.data_mut(|d| d.insert_temp(offset_id(), output.state.clamped_offset().y));
}

fn offset_id() -> egui::Id {
    egui::Id::unique("gallery offset")
}

/// How far to scroll so that the keys' cell is on screen; `None` if it is.
fn offset_of_focus(page: &GalleryPage, ui: &Ui, height: f32, width: f32) -> Option<f32> {
    let row = page.row_of(page.place_of(page.focus?)?)?;
    let (top, bottom) = (page.rows[row].0, page.rows[row].0 + page.cell_size(width).y + GAP);
    let now: f32 = ui.data(|d| d.get_temp(offset_id())).unwrap_or_default();
    if top < now {
        // The first row of a day is shown with the day.
        let is_first = row > 0 && matches!(page.rows[row - 1].1, Row::Day(..));
        return Some(if is_first { page.rows[row - 1].0 } else { top });
    }
    (bottom > now + height).then_some(bottom - height)
}

fn day_ui(ui: &Ui, at: egui::Pos2, day: NaiveDate, count: usize, w: &Gallery) {
    let p = palette(ui);
    let today = Local::now().date_naive();
    let name = if day == today {
        w.today.to_owned()
    } else if Some(day) == today.pred_opt() {
        w.yesterday.to_owned()
    } else {
        day.format("%Y-%m-%d").to_string()
    };
    let middle = at + vec2(2.0, DAY / 2.0 + 2.0);
    let drawn = ui.painter().text(middle, Align2::LEFT_CENTER, &name, FontId::proportional(15.5), p.strong);
    let beside = pos2(drawn.right() + 10.0, middle.y);
    ui.painter().text(beside, Align2::LEFT_CENTER, count.to_string(), FontId::proportional(13.0), p.weak);
    let rect = drawn.expand(2.0);
    ui.interact(rect, ui.scope_id().with(day), Sense::hover())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
}

fn cell_ui(
    page: &mut GalleryPage,
    ui: &mut Ui,
    view: &View<'_>,
    item: &Arc<Item>,
    rect: Rect,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.gallery;
    let response = ui.interact(rect, ui.scope_id().with(item.id), Sense::click());
    let selected = page.selected.contains(&item.id);
    let kind = item_kind(w, item.kind);
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, selected, format!("{} · {kind}", item.name))
    });
    let p = palette(ui);
    let picture = rect.with_max_y(rect.max.y - CAPTION);
    let ground = if response.hovered() || selected { p.button[1] } else { p.raised };
    ui.painter().rect_filled(picture, CARD_RADIUS, ground);
    // What is empty says so itself.
    let key = Thumbnails::key(item).filter(|_| item.trouble != Some(Trouble::Empty));
    match key.as_deref().and_then(|key| page.small.get(key)) {
        Some(Small::Ready(texture)) => {
            let size = texture.size_vec2();
            let inner = picture.shrink(4.0);
            let shown = size * (inner.width() / size.x).min(inner.height() / size.y);
            let at = Rect::from_center_size(inner.center(), shown);
            egui::Image::new((texture.id(), shown)).corner_radius(5).paint_at(ui, at);
        }
        Some(Small::Failed(why)) => {
            let text = (w.not_shown)(&item_reason(view.language, why));
            trouble_ui(ui, picture, &text);
        }
        None if key.is_some() => page.wanted.push(Arc::clone(item)),
        None => {}
    }
    if let Some(trouble) = &item.trouble {
        let text = trouble_text(view, trouble);
        if key.is_none() {
            trouble_ui(ui, picture, &text);
        } else {
            let at = Rect::from_center_size(picture.right_top() + vec2(-16.0, 16.0), vec2(18.0, 18.0));
            ui.painter().circle_filled(at.center(), 12.0, Color32::from_black_alpha(150));
            // The ground is dark in both themes.
            icons::draw(ui.painter(), at.shrink(2.0), Icon::Warning, Color32::from_rgb(250, 190, 80));
        }
    }
    if item.kind != Kind::Image {
        let at = Rect::from_center_size(picture.left_bottom() + vec2(18.0, -16.0), vec2(18.0, 18.0));
        ui.painter().rect_filled(at.expand(4.0), CornerRadius::same(6), Color32::from_black_alpha(150));
        let icon = if item.kind.is_video() { Icon::Play } else { Icon::Compare };
        icons::draw(ui.painter(), at, icon, Color32::WHITE);
    }
    let is_focus = page.focus == Some(item.id);
    if selected || is_focus {
        let width = if selected { 2.5 } else { 1.5 };
        ui.painter().rect_stroke(picture, CARD_RADIUS, Stroke::new(width, p.accent), StrokeKind::Inside);
    }
    caption_ui(ui, view, item, rect.with_min_y(picture.max.y), selected);
    let response = response.on_hover_ui(|ui| hover_ui(ui, view, item));
    if response.gained_focus() {
        page.focus = Some(item.id);
    }
    if response.double_clicked() {
        out.push(Intent::Gallery(GalleryIntent::Open(item.id)));
    } else if response.clicked() {
        let modifiers = ui.input(|i| i.modifiers);
        page.choose(item.id, modifiers.shift, modifiers.command);
        // The keys of the list, not those of one cell.
        response.surrender_focus();
    }
}

/// The time, and what is in it.
fn caption_ui(ui: &Ui, view: &View<'_>, item: &Item, rect: Rect, selected: bool) {
    let p = palette(ui);
    let is_named = !item.name.starts_with("Sightline ");
    let time = item.local_time().format("%H:%M:%S").to_string();
    let text = if is_named { item.name.clone() } else { time };
    let classes: Vec<String> = item
        .details
        .classes
        .iter()
        .take(3)
        .map(|(class, count)| (class_name(view.language, class), *count))
        .map(|(class, count)| if count > 1 { format!("{class} ×{count}") } else { class })
        .collect();
    let colour = if selected { p.strong } else { p.text };
    let mut job = egui::text::LayoutJob::single_section(
        text,
        egui::TextFormat::simple(FontId::proportional(13.0), colour),
    );
    if !classes.is_empty() {
        let format = egui::TextFormat::simple(FontId::proportional(12.5), p.weak);
        job.append(&classes.join(", "), 8.0, format);
    }
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 6.0);
    let galley = ui.painter().layout_job(job);
    let at = pos2(rect.left() + 3.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, colour);
}

fn hover_ui(ui: &mut Ui, view: &View<'_>, item: &Item) {
    ui.set_max_width(360.0);
    ui.label(egui::RichText::new(&item.name).color(palette(ui).strong));
    if !item.details.models.is_empty() {
        ui.label(item.details.models.join(", "));
    }
    if let Some(trouble) = &item.trouble {
        ui.label(egui::RichText::new(trouble_text(view, trouble)).color(palette(ui).warn));
    }
}

/// What is wrong with an item, as a sentence.
pub(super) fn trouble_text(view: &View<'_>, trouble: &Trouble) -> String {
    let w = &view.strings.gallery;
    match trouble {
        Trouble::NoPicture => w.no_picture.to_owned(),
        Trouble::Empty => w.empty_file.to_owned(),
        Trouble::BadRecord(why) => (w.bad_record)(&item_reason(view.language, why)),
    }
}

fn trouble_ui(ui: &Ui, rect: Rect, text: &str) {
    let p = palette(ui);
    let icon = Rect::from_center_size(rect.center() - vec2(0.0, 22.0), vec2(22.0, 22.0));
    icons::draw(ui.painter(), icon, Icon::Warning, p.warn);
    let mut job = egui::text::LayoutJob::simple(
        text.to_owned(),
        FontId::proportional(12.5),
        p.weak,
        rect.width() - 20.0,
    );
    job.halign = egui::Align::Center;
    job.wrap.max_rows = 3;
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(rect.center().x, rect.center().y - 4.0), galley, p.weak);
}

/// The keys of the list, while nothing else has them.
fn keys(page: &mut GalleryPage, ui: &mut Ui, height: f32, width: f32, out: &mut Vec<Intent>) {
    let is_taken = ui.ctx().text_edit_focused()
        || ui.ctx().any_popup_open()
        || ui.memory(|m| m.focused().is_some() || m.top_modal_layer().is_some());
    if is_taken {
        return;
    }
    let columns = page.columns as isize;
    let screen = ((height / (page.cell_size(width).y + GAP)).floor() as isize).max(1) * columns;
    let last = page.places.len() as isize - 1;
    let steps = [
        (Key::ArrowLeft, -1),
        (Key::ArrowRight, 1),
        (Key::ArrowUp, -columns),
        (Key::ArrowDown, columns),
        (Key::PageUp, -screen),
        (Key::PageDown, screen),
        (Key::Home, -last),
        (Key::End, last),
    ];
    for (key, by) in steps {
        for modifiers in [Modifiers::SHIFT, Modifiers::NONE] {
            while ui.input_mut(|i| i.consume_key(modifiers, key)) {
                let now = page.focus.and_then(|id| page.place_of(id));
                let to = now.map_or(0, |now| (now as isize + by).clamp(0, last));
                page.go_to(to as usize, modifiers.shift);
            }
        }
    }
    let (enter, space, all, rename, delete, copy) = ui.input_mut(|i| {
        (
            i.consume_key(Modifiers::NONE, Key::Enter),
            i.consume_key(Modifiers::NONE, Key::Space),
            i.consume_key(Modifiers::COMMAND, Key::A),
            i.consume_key(Modifiers::NONE, Key::F2),
            i.consume_key(Modifiers::NONE, Key::Delete),
            i.events.iter().any(|event| matches!(event, egui::Event::Copy)),
        )
    });
    if all {
        page.selected =
            page.places.iter().filter_map(|&place| Some(page.index.items.get(place)?.id)).collect();
    }
    if let Some(focus) = page.focus {
        if enter {
            out.push(Intent::Gallery(GalleryIntent::Open(focus)));
        }
        if space {
            page.choose(focus, false, true);
        }
        if rename && let Some(item) = page.item(focus).cloned() {
            page.ask_name(&item);
        }
    }
    let ids: Vec<u64> = page.chosen().iter().map(|item| item.id).collect();
    if !ids.is_empty() {
        if delete {
            out.push(Intent::Gallery(GalleryIntent::Delete(ids)));
        } else if copy {
            out.push(Intent::Gallery(GalleryIntent::CopyFiles(ids)));
        }
    }
}
