//! The list of images: small pictures, and what was decided about each.

use egui::{self, Sense, Ui, vec2};

use super::document::{Document, Verdict};
use super::pictures::Picture;
use super::state::{DatasetPage, Flag, Which};
use crate::app::icons::draw_spinner;
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::{Datasets, dataset_problem, plain_quotes};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::combo_arrow;
use crate::dataset::Item;

const ROW: f32 = 76.0;
/// Width and height of a picture in the list.
const PICTURE: egui::Vec2 = vec2(108.0, 62.0);

/// The name of what was decided.
pub(super) fn verdict_name(w: &Datasets, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => w.is_open,
        Verdict::Accepted => w.is_accepted,
        Verdict::Rejected => w.is_rejected,
    }
}

pub(super) fn ui(page: &mut DatasetPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    let name = |which: Which| match which {
        Which::All => w.all,
        Which::Open => w.open_ones,
        Which::Accepted => w.accepted_ones,
        Which::Rejected => w.rejected_ones,
        Which::Flagged => w.flagged_ones,
    };
    let combo = egui::ComboBox::from_id_salt("which images").icon(combo_arrow).width(ui.available_width());
    let combo = combo.selected_text(name(page.which)).show_ui(ui, |ui| {
        for which in Which::ALL {
            ui.selectable_value(&mut page.which, which, name(which));
        }
    });
    combo.response.accessible_name(w.show_which);
    let Some(document) = &page.document else { return };
    let which = page.which;
    let all = document.items().iter().enumerate();
    let listed: Vec<usize> = all
        .filter(|(_, item)| which.fits(item, &page.flags, &page.damaged))
        .map(|(place, _)| place)
        .collect();
    if listed.is_empty() {
        ui.add_space(8.0);
        ui.label(egui::RichText::new(w.nothing_fits).color(palette(ui).weak));
        return;
    }
    let current = document.current();
    let row = listed.iter().position(|place| *place == current);
    let mut area = egui::ScrollArea::vertical().id_salt("images").auto_shrink([false, false]);
    let id = ui.scope_id().with("shown row");
    let last: Option<(usize, f32)> = ui.ctx().data(|data| data.get_temp(id));
    let spacing = ui.spacing().item_spacing.y;
    // A row that was chosen by a key comes into view.
    let (height, step) = (ui.available_height(), ROW + spacing);
    if let Some(row) = row
        && last.is_none_or(|(shown, _)| shown != current)
    {
        let offset = last.map_or(0.0, |(_, offset)| offset);
        let top = row as f32 * step;
        if top < offset || top + step > offset + height {
            area = area.vertical_scroll_offset((top - height / 2.0).max(0.0));
        }
    }
    let mut document = page.document.take();
    let output = area.show_rows(ui, ROW, listed.len(), |ui, rows| {
        for place in listed.get(rows).unwrap_or_default() {
            let item = document.as_ref().and_then(|document| document.items().get(*place));
            let Some(item) = item else { continue };
            let problem = page.damaged.get(&item.name);
            let damage = problem.map(|problem| plain_quotes(&dataset_problem(problem, view.language)));
            if row_ui(page, ui, w, (*place, item, *place == current), damage.as_deref()) {
                out.push(Intent::Dataset(DatasetIntent::Show(*place)));
            }
        }
    });
    page.document = document.take();
    ui.ctx().data_mut(|data| data.insert_temp(id, (current, output.state.clamped_offset().y)));
}

/// Shows one image, with its place and whether it is the one in the editor; `damage` is why its labels can't be read. Returns whether
/// it was clicked.
fn row_ui(
    page: &mut DatasetPage,
    ui: &mut Ui,
    w: &Datasets,
    (place, item, chosen): (usize, &Item, bool),
    damage: Option<&str>,
) -> bool {
    let p = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let verdict = Verdict::of(item);
    let state = verdict_name(w, verdict);
    response.widget_info(|| {
        let flag = match page.flags.get(&item.name) {
            _ if damage.is_some() => format!(", {}", w.is_damaged),
            Some(Flag::Blurred) => format!(", {}", w.is_blurred),
            Some(Flag::Like(other)) => format!(", {}", (w.is_duplicate)(other)),
            None => String::new(),
        };
        let text = format!("{}, {state}{flag}", item.name);
        egui::WidgetInfo::selected(egui::Role::Button, true, chosen, text)
    });
    if ui.is_rect_visible(rect) {
        let ground = match (chosen, response.hovered()) {
            (true, _) => p.wash,
            (false, true) => p.button[0],
            (false, false) => egui::Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect, 6, ground);
        let frame = egui::Rect::from_min_size(rect.min + vec2(6.0, 7.0), PICTURE);
        ui.painter().rect_filled(frame, 4, p.stage);
        match page.pictures.small(place) {
            Picture::Shown(texture) => {
                let size = texture.size_vec2();
                let shown = size * (PICTURE.x / size.x).min(PICTURE.y / size.y);
                let at = egui::Rect::from_center_size(frame.center(), shown);
                egui::Image::new((texture.id(), shown)).corner_radius(4).paint_at(ui, at);
            }
            Picture::Loading => {
                draw_spinner(ui.painter(), frame.center(), 9.0, p.weak, ui.input(|i| i.time));
                ui.ctx().request_repaint_after(std::time::Duration::from_millis(60));
            }
            Picture::Failed(_) => {
                ui.painter().text(
                    frame.center(),
                    egui::Align2::CENTER_CENTER,
                    "?",
                    egui::FontId::proportional(22.0),
                    p.bad,
                );
            }
        }
        let left = frame.right() + 8.0;
        let colour = match verdict {
            Verdict::Open => p.warn,
            Verdict::Accepted => p.good,
            Verdict::Rejected => p.bad,
        };
        let room = (rect.right() - left - 4.0).max(10.0);
        let line = |y: f32, text: &str, colour: egui::Color32, size: f32| {
            let mut shown = String::new();
            crate::scene::fonts::push_shown(text, &mut shown);
            let text = egui::WidgetText::from(egui::RichText::new(shown).size(size).color(colour));
            let wrap = Some(egui::TextWrapMode::Truncate);
            let galley = text.into_galley(ui, wrap, room, egui::TextStyle::Body);
            ui.painter().galley(egui::pos2(left, rect.top() + y), galley, colour);
        };
        let name = item.name.rsplit('/').next().unwrap_or(&item.name);
        line(8.0, name, p.strong, 12.5);
        match page.flags.get(&item.name) {
            _ if damage.is_some() => line(28.0, w.is_damaged, p.bad, 12.0),
            Some(Flag::Blurred) => line(28.0, w.is_blurred, p.warn, 12.0),
            Some(Flag::Like(other)) => line(28.0, &(w.is_duplicate)(other), p.warn, 12.0),
            None => line(28.0, &(w.labels)(item.annotations.len()), p.weak, 12.0),
        }
        let dot = egui::pos2(left + 4.0, rect.top() + 56.0);
        ui.painter().circle_filled(dot, 3.5, colour);
        let galley = ui.painter().layout_no_wrap(state.to_owned(), egui::FontId::proportional(12.0), p.text);
        let at = egui::pos2(left + 12.0, dot.y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, p.text);
    }
    let hover = damage.map_or_else(|| item.name.clone(), |why| format!("{}\n{why}", item.name));
    response.on_hover_text(hover).clicked()
}

/// The images that will be shown next are read ahead.
pub(super) fn prepare_neighbours(page: &mut DatasetPage) {
    let next = page.document.as_ref().and_then(|document: &Document| {
        let after = document.current() + 1;
        document.next_open().or_else(|| (after < document.items().len()).then_some(after))
    });
    if let Some(next) = next {
        page.pictures.prepare(next);
    }
}
