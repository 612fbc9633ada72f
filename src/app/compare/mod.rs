//! Several models on the same frames: on the two sides of one image or on an image each, every one under its figures,
//! and below what compares them.

mod apply;
mod header;
mod panes;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;
use std::sync::Arc;

use egui::{self, Align, Color32, Layout, Rect, Ui, Vec2, pos2, vec2};

use super::composer::Predictions;
use super::icons::Icon;
use super::intent::{Intent, Page};
use super::stage::Stage;
use super::style::palette;
use super::view::{View, model_name};
use super::widgets::{centred_page, icon_button, page_title, paragraph, primary_button};
use crate::engine::{Comparison, MAX_COMPARED, ModelStats, Prediction};
use crate::library::{Kind, ModelEntry};
use crate::model::agreement::{Agreement, Judge};
use crate::save::comparison_text::{agreement_text, speed_text};
use crate::scene::montage::{MODEL_COLOURS, MODEL_LETTERS, grid};
use crate::scene::screen_painter::ScreenPainter;
use words::Words;

/// Height of the strip above each image.
const HEADER: f32 = 48.0;
/// Height of the bar below.
const BAR: f32 = 44.0;
const GAP: f32 = 4.0;

/// The comparison as it is shown.
#[derive(Debug, Default)]
pub struct Compare {
    /// One for each pane.
    overlays: [ScreenPainter; MAX_COMPARED],
    newest: Option<Arc<Comparison>>,
    stats: [ModelStats; MAX_COMPARED],
    judge: Judge,
    /// How far each lane agrees with the first on the newest frame.
    agreements: [Option<Agreement>; MAX_COMPARED],
    /// Of the images, as they are arranged now.
    columns: usize,
}

/// One lane as its header shows it.
struct Lane<'a> {
    /// Which one it is.
    index: usize,
    name: String,
    path: Option<&'a Path>,
    prediction: Option<Arc<Prediction>>,
    failed: Option<String>,
    opening: bool,
}

/// The colour of a lane.
fn colour(lane: usize) -> Color32 {
    let [r, g, b] = MODEL_COLOURS[lane % MODEL_COLOURS.len()];
    Color32::from_rgb(r, g, b)
}

/// The letter of a lane.
fn letter(lane: usize) -> &'static str {
    MODEL_LETTERS[lane % MODEL_LETTERS.len()]
}

/// Columns and rows in which the images are largest, none of them too narrow for its header.
fn arrange(count: usize, room: Vec2, image: Option<(u32, u32)>) -> (usize, usize) {
    let (w, h) = image.map_or((16.0, 9.0), |(w, h)| (w as f32, h as f32));
    let scale = |(columns, rows): (usize, usize)| {
        let width = (room.x - GAP * (columns - 1) as f32) / columns as f32;
        let height = (room.y - GAP * (rows - 1) as f32) / rows as f32 - HEADER;
        if width < 180.0 && columns > 1 { 0.0 } else { (width / w).min(height / h) }
    };
    let shapes = (1..=count.max(1)).map(|columns| (columns, count.max(1).div_ceil(columns)));
    shapes.max_by(|a, b| scale(*a).total_cmp(&scale(*b))).unwrap_or_else(|| grid(count))
}

/// The models that can be compared.
fn usable<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Arc<ModelEntry>> + use<'a> {
    view.library.cards.iter().filter(|card| matches!(card.kind, Kind::Known(_)))
}

impl Compare {
    /// Takes over the newest comparison.
    pub fn take(&mut self, newest: Option<Arc<Comparison>>) {
        let same = match (&self.newest, &newest) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        self.agreements = [None; MAX_COMPARED];
        if let Some((Some(first), others)) = newest.as_deref().and_then(|c| c.predictions.split_first()) {
            for (place, other) in self.agreements[1..].iter_mut().zip(others) {
                *place = other.as_ref().map(|other| {
                    self.judge.compare(
                        (&first.results, &first.model.spec.labels),
                        (&other.results, &other.model.spec.labels),
                    )
                });
            }
        }
        self.newest = newest;
    }

    /// Takes over the figures; seldom enough to be read.
    pub fn measure(&mut self, of: impl Fn(usize) -> ModelStats) {
        self.stats = std::array::from_fn(of);
    }

    /// The newest prediction of each model.
    #[must_use]
    pub fn predictions(&self) -> Predictions {
        let newest = self.newest.as_ref();
        std::array::from_fn(|lane| newest.and_then(|newest| newest.predictions.get(lane)?.clone()))
    }

    /// Shows the comparison in `area`; `stage` has the image.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        view: &View<'_>,
        stage: &Stage,
        mirror: bool,
        out: &mut Vec<Intent>,
    ) {
        let w = Words::of(view.language);
        let lanes = self.lanes(view, stage);
        if lanes.len() < 2 && usable(view).count() < 2 {
            Self::alone_ui(ui, w, out);
            return;
        }
        let (main, bar) = area.split_top_bottom_at_y(area.bottom() - BAR);
        let split = lanes.len() == 2 && !view.settings.compare_tiles;
        let (columns, rows) = if split { (2, 1) } else { arrange(lanes.len(), main.size(), stage.size()) };
        self.columns = columns;
        let cell = vec2(
            (main.width() - GAP * (columns - 1) as f32) / columns as f32,
            (main.height() - GAP * (rows - 1) as f32) / rows as f32,
        );
        for (index, lane) in lanes.iter().enumerate() {
            let at =
                vec2((index % columns) as f32 * (cell.x + GAP), (index / columns) as f32 * (cell.y + GAP));
            let cell = Rect::from_min_size(main.min + at, cell);
            let (head, body) = cell.split_top_bottom_at_y(cell.top() + HEADER);
            let others: Vec<&Path> =
                lanes.iter().filter(|l| l.index != index).filter_map(|l| l.path).collect();
            let removable = lanes.len() > 2;
            let figures = (self.median(lane), self.stats[index].fps);
            header::ui(ui, head, view, lane, figures, (&others, removable), out);
            if !split {
                panes::tile(ui, body, stage, &mut self.overlays[index], lane, mirror);
                panes::state_ui(ui, body, view, lane);
            }
        }
        if split {
            let body = Rect::from_min_max(pos2(main.left(), main.top() + HEADER), main.max);
            panes::split_ui(ui, body, view, stage, &mut self.overlays, &lanes, mirror, out);
        }
        self.bar_ui(ui, bar, view, w, &lanes, out);
    }

    /// The usual time of a lane in milliseconds: the median of the last seconds, or, where nothing new came in them (a
    /// image that stands still), that of its result.
    fn median(&self, lane: &Lane<'_>) -> f32 {
        let median = self.stats[lane.index].total.median;
        if median > 0.0 {
            median
        } else {
            lane.prediction.as_ref().map_or(0.0, |prediction| prediction.times.total)
        }
    }

    fn lanes<'a>(&self, view: &View<'a>, stage: &Stage) -> Vec<Lane<'a>> {
        let generation = stage.frame().map(|frame| frame.generation);
        let said = |lane: usize| {
            let newest = self.newest.as_ref().and_then(|newest| newest.predictions.get(lane)?.clone());
            newest.filter(|prediction| Some(prediction.frame.generation) == generation)
        };
        let model = view.model;
        let opening = model.opening.as_deref();
        let name_of = |path: &Path| {
            let card = view.library.cards.iter().find(|card| card.path == path);
            card.map_or_else(|| model_name(path), |card| card.name.clone())
        };
        let path = opening.or_else(|| model.current.as_ref().map(|card| card.path.as_path()));
        let failed = model.failed.as_ref().filter(|_| model.current.is_none());
        let first = Lane {
            index: 0,
            name: path.map_or_else(|| view.strings.no_model.to_owned(), name_of),
            path,
            prediction: said(0),
            failed: failed.map(|(_, error)| super::page_text::model_card(view.language, error).title),
            opening: opening.is_some(),
        };
        let others = model.compared.iter().zip(1..).map(|(lane, index)| Lane {
            index,
            name: name_of(&lane.choice.path),
            path: Some(lane.choice.path.as_path()),
            prediction: said(index)
                .filter(|o| lane.model.as_ref().is_some_and(|card| Arc::ptr_eq(card, &o.model))),
            failed: lane.failed.as_ref().map(|e| super::page_text::model_card(view.language, e).title),
            opening: lane.model.is_none() && lane.failed.is_none(),
        });
        std::iter::once(first).chain(others).take(MAX_COMPARED).collect()
    }

    /// Only one model is here: how to get another.
    fn alone_ui(ui: &mut Ui, w: &Words, out: &mut Vec<Intent>) {
        centred_page(ui, 460.0, |ui| {
            page_title(ui, w.needs_two);
            ui.add_space(6.0);
            paragraph(ui, w.needs_two_text, palette(ui).text);
            ui.add_space(14.0);
            if primary_button(ui, w.get_another).clicked() {
                out.push(Intent::Show(Page::Library));
            }
            if ui.button(w.leave).clicked() {
                out.push(Intent::Compare(false));
            }
        });
    }

    /// What compares the lanes, and the buttons.
    fn bar_ui(
        &self,
        ui: &mut Ui,
        rect: Rect,
        view: &View<'_>,
        w: &Words,
        lanes: &[Lane<'_>],
        out: &mut Vec<Intent>,
    ) {
        ui.painter().rect_filled(rect, 0, palette(ui).panel);
        let inner = rect.shrink2(vec2(12.0, 0.0));
        let buttons = ui.scope_builder(
            egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)),
            |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if icon_button(ui, Icon::Close, &format!("{}  (C)", w.leave), false).clicked() {
                    out.push(Intent::Compare(false));
                }
                if lanes.len() == 2 {
                    let tiles = view.settings.compare_tiles;
                    let (icon, label) = if tiles { (Icon::Split, w.split) } else { (Icon::Tiles, w.tiles) };
                    if icon_button(ui, icon, label, false).clicked() {
                        out.push(Intent::CompareTiles(!tiles));
                    }
                }
                if lanes.len() < MAX_COMPARED {
                    let add = icon_button(ui, Icon::Plus, w.add, false);
                    let taken: Vec<&Path> = lanes.iter().filter_map(|lane| lane.path).collect();
                    header::menu(&add, view, None, &taken, lanes.len(), out);
                }
            },
        );
        let left = Rect::from_min_max(inner.min, pos2(buttons.response.rect.left() - 12.0, inner.bottom()));
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)),
            |ui| {
                ui.set_clip_rect(left.intersect(ui.clip_rect()));
                self.facts_ui(ui, view, w, lanes);
            },
        );
    }

    fn facts_ui(&self, ui: &mut Ui, view: &View<'_>, w: &Words, lanes: &[Lane<'_>]) {
        let p = palette(ui);
        if lanes.len() < 2 {
            ui.label(egui::RichText::new(w.add_second).color(p.weak));
            return;
        }
        let first = self.median(&lanes[0]);
        for lane in &lanes[1..] {
            let letters = (letter(0), letter(lane.index));
            let Some(agreement) = self.agreements[lane.index].filter(|_| lane.prediction.is_some()) else {
                continue;
            };
            let of_two = lanes.len() == 2;
            let said = agreement_text(&agreement, letters, view.language);
            // Of three or four models there is room for the share alone.
            let text = match agreement.share() {
                _ if of_two => said,
                Some(share) => format!("{} – {}  {:.0} %", letters.0, letters.1, share * 100.0),
                None => format!("{} – {}  {said}", letters.0, letters.1),
            };
            let agreement_ui = |ui: &mut Ui| {
                let label = egui::Label::new(egui::RichText::new(text).color(p.text)).truncate();
                ui.add(label).on_hover_text(w.agreement_hint);
            };
            let speed = speed_text(letters, (first, self.median(lane)), view.language);
            let speed_ui = |ui: &mut Ui| {
                let Some(speed) = speed else { return };
                let faster =
                    [(letters.0, 0), (letters.1, lane.index)].into_iter().find(|(l, _)| speed.starts_with(l));
                if let Some((_, faster)) = faster {
                    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), egui::Sense::hover());
                    ui.painter().circle_filled(dot.center(), 4.0, colour(faster));
                }
                ui.add(egui::Label::new(egui::RichText::new(speed).color(p.strong)).truncate());
            };
            // What is longer comes last: it is cut where the window is narrow.
            if of_two {
                speed_ui(ui);
                ui.add_space(8.0);
                agreement_ui(ui);
            } else {
                agreement_ui(ui);
                speed_ui(ui);
            }
            if lane.index + 1 < lanes.len() {
                ui.separator();
            }
        }
    }
}
