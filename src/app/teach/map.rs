//! The map of the examples.

use egui::{self, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::live::named;
use super::parts::{About, class_colour, panel, picture_hover, weak};
use super::state::{Learned, NoTsne, TeachPage};
use crate::app::intent::{Intent, TeachIntent};
use crate::app::strings::Teach;
use crate::app::style::palette;
use crate::app::view::View;
use crate::learn::teach::{MapKind, MapPoint};

/// Principal component analysis: Jolliffe and Cadima, 2016.
const PCA: &str = "https://doi.org/10.1098/rsta.2015.0202";
/// t-SNE: van der Maaten and Hinton, 2008.
const TSNE: &str = "https://jmlr.org/papers/v9/vandermaaten08a.html";
/// How near the pointer must be to a point.
const NEAR: f32 = 12.0;

/// The panel of the map: how it is drawn, what that means, and a point for each example.
pub(super) fn ui(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (learned, names): (&Learned, &[String]),
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.teach;
    let paper = if page.map.kind == MapKind::Pca { PCA } else { TSNE };
    let about = About {
        id: "map",
        title: w.map,
        term: "Dimensionality reduction · 降维",
        text: w.about_map,
        paper: "",
    };
    panel(page, ui, view, &about, |page, ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (kind, name) in [(MapKind::Pca, "PCA"), (MapKind::Tsne, "t-SNE")] {
                let is_chosen = page.map.kind == kind;
                let button = egui::Button::selectable(is_chosen, name).min_size(vec2(64.0, 28.0));
                if ui.add(button).on_hover_text(meaning(w, kind)).clicked() && !is_chosen {
                    out.push(Intent::Teach(TeachIntent::Map(kind)));
                }
            }
            ui.hyperlink_to(egui::RichText::new(w.paper).small(), paper).on_hover_text(paper);
        });
        weak(ui, meaning(w, page.map.kind));
        let placed = page.map.placed(learned).filter(|_| page.map.kind == MapKind::Tsne);
        let placed = placed.map(|placed| placed.points.clone());
        if page.map.kind == MapKind::Tsne {
            state(page, ui, w, placed.as_ref().and_then(|points| points.as_ref().err()), placed.is_some());
        }
        let points = placed.and_then(Result::ok);
        points_ui(page, ui, view, (learned, points.as_deref().unwrap_or(&learned.map)), names);
    });
}

/// What a map shows, and what it doesn't.
fn meaning(w: &Teach, kind: MapKind) -> &'static str {
    match kind {
        MapKind::Pca => w.map_pca,
        MapKind::Tsne => w.map_tsne,
    }
}

/// Says why the map isn't that of t-SNE.
fn state(page: &TeachPage, ui: &mut Ui, w: &Teach, why: Option<&NoTsne>, is_known: bool) {
    let warn = |ui: &mut Ui, text: &str| {
        ui.add(egui::Label::new(egui::RichText::new(text).color(palette(ui).warn)).wrap());
    };
    match why {
        Some(NoTsne::Few) => warn(ui, w.map_few),
        Some(NoTsne::Many(count)) => warn(ui, &(w.map_many)(*count)),
        Some(NoTsne::Alike) => warn(ui, w.map_alike),
        Some(NoTsne::Broken) => warn(ui, w.map_broken),
        None if is_known => {}
        None if page.training.is_coming() => weak(ui, w.map_waits),
        None => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(16.0));
                weak(ui, w.map_computing);
            });
        }
    }
}

/// Shows a point for each example; the picture of the one under the pointer.
fn points_ui(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (learned, points): (&Learned, &[MapPoint]),
    names: &[String],
) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let size = vec2(ui.available_width(), (ui.available_width() * 0.72).min(300.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, w.map));
    ui.painter().rect_filled(rect, 8, p.panel);
    let place = placing(points, rect.shrink(12.0));
    let pointer = response.hover_pos();
    let mut nearest: Option<(f32, usize)> = None;
    for (number, (point, sample)) in points.iter().zip(&learned.samples.train).enumerate() {
        let at = place(point);
        ui.painter().circle(at, 4.5, class_colour(sample.class), Stroke::new(1.0, p.panel));
        if let Some(pointer) = pointer {
            let distance = at.distance(pointer);
            if distance < NEAR && nearest.is_none_or(|(best, _)| distance < best) {
                nearest = Some((distance, number));
            }
        }
    }
    if let Some((_, number)) = nearest
        && let (Some(point), Some(sample)) = (points.get(number), learned.samples.train.get(number))
    {
        ui.painter().circle_stroke(place(point), 7.0, Stroke::new(2.0, p.strong));
        let name = names.get(sample.class).map_or("", String::as_str);
        response.on_hover_ui_at_pointer(|ui| picture_hover(page, ui, view, &sample.path, name));
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (class, name) in names.iter().enumerate() {
            named(ui, class, name);
            ui.add_space(6.0);
        }
    });
}

/// Where points lie in a rectangle. Both directions have the same scale, so that distances can be compared; the map fills the rectangle.
fn placing(points: &[MapPoint], room: Rect) -> impl Fn(&MapPoint) -> egui::Pos2 {
    let at = |point: &MapPoint| pos2(point[0], -point[1]);
    let mut bounds = Rect::NOTHING;
    for point in points {
        bounds.extend_with(at(point));
    }
    let scale = (room.width() / bounds.width().max(1e-6)).min(room.height() / bounds.height().max(1e-6));
    move |point| room.center() + (at(point) - bounds.center()) * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_fills_its_room_and_keeps_its_proportions() {
        let room = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 100.0));
        let points = [[-1.0, 0.0], [0.0, 0.5], [1.0, 0.0]];
        let place = placing(&points, room);
        let [left, top, right] = points.map(|point| place(&point));
        // 2 × 0.5 in 300 × 100: 150 pixels for 1, around the middle at 160, 70.
        assert!((left.x - 10.0).abs() < 1e-3 && (right.x - 310.0).abs() < 1e-3, "{left:?} {right:?}");
        assert!((top.y - 32.5).abs() < 1e-3 && (left.y - 107.5).abs() < 1e-3, "{top:?} {left:?}");
        assert_eq!(placing(&[[0.0; 2]; 3], room)(&[0.0; 2]), room.center());
    }
}
