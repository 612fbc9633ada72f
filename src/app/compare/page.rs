//! Several models on the same frames: on the two sides of one preview or on a preview each, every model under its
//! figures, and below them a bar that compares them.

use std::path::Path;
use std::sync::Arc;

use egui::{self, Align, Layout, Rect, Ui, pos2, vec2};

use super::pane::{BAR, GAP, HEADER, Pane, arrange, colour, letter, usable};
use super::{header, panes};
use crate::app::composer::Predictions;
use crate::app::icons::Icon;
use crate::app::intent::{CompareIntent, Intent, Page, WindowIntent};
use crate::app::stage::Stage;
use crate::app::strings::{self, model_page, task_name};
use crate::app::style::palette;
use crate::app::view::{View, model_name};
use crate::app::widgets::{centred_page, icon_button, page_title, paragraph, primary_button};
use crate::engine::{Comparison, MAX_COMPARED, ModelStats};
use crate::model::agreement::{Agreement, Judge};
use crate::save::comparison_text::{agreement_text, speed_text};
use crate::scene::montage::Arrangement;
use crate::scene::screen_painter::ScreenPainter;
use crate::settings::Settings;

/// The comparison as it is shown.
#[derive(Debug, Default)]
pub struct Compare {
    /// One for each pane.
    painters: [ScreenPainter; MAX_COMPARED],
    newest: Option<Arc<Comparison>>,
    stats: [ModelStats; MAX_COMPARED],
    judge: Judge,
    /// How far each model agrees with the first on the newest frame.
    agreements: [Option<Agreement>; MAX_COMPARED],
    /// In how many columns the previews are arranged now.
    columns: usize,
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

    /// Takes over the figures of each model.
    pub fn measure(&mut self, of: impl Fn(usize) -> ModelStats) {
        self.stats = std::array::from_fn(of);
    }

    /// The newest prediction of each model.
    #[must_use]
    pub fn predictions(&self) -> Predictions {
        let newest = self.newest.as_ref();
        std::array::from_fn(|index| newest.and_then(|newest| newest.predictions.get(index)?.clone()))
    }

    /// The newest comparison as a snapshot shows it: how its parts are arranged, and each model's median time in
    /// milliseconds (0 if no frame came in the last seconds).
    #[must_use]
    pub fn snapshot(
        &self,
        settings: &Settings,
    ) -> Option<(Arc<Comparison>, Arrangement, [f32; MAX_COMPARED])> {
        let newest = self.newest.clone()?;
        let arrangement = if newest.predictions.len() == 2 && !settings.compare_tiles {
            Arrangement::Split(settings.compare_divider)
        } else {
            Arrangement::Tiles(self.columns.max(1))
        };
        Some((newest, arrangement, self.stats.map(|stats| stats.total.median)))
    }

    /// The part of `area` that the previews fill.
    #[must_use]
    pub fn pictures(area: Rect) -> Rect {
        Rect::from_min_max(pos2(area.left(), area.top() + HEADER), pos2(area.right(), area.bottom() - BAR))
    }

    /// Shows the comparison in `area`; `stage` has the image.
    pub fn ui(&mut self, ui: &mut Ui, area: Rect, view: &View<'_>, stage: &Stage, out: &mut Vec<Intent>) {
        let w = &view.strings.compare;
        let panes = self.panes(view, stage);
        if panes.len() < 2 && usable(view).count() < 2 {
            Self::alone_ui(ui, w, usable(view).count(), out);
            return;
        }
        let (main, bar) = area.split_top_bottom_at_y(area.bottom() - BAR);
        let split = panes.len() == 2 && !view.settings.compare_tiles;
        let (columns, rows) = if split { (2, 1) } else { arrange(panes.len(), main.size(), stage.size()) };
        self.columns = columns;
        let cell = vec2(
            (main.width() - GAP * (columns - 1) as f32) / columns as f32,
            (main.height() - GAP * (rows - 1) as f32) / rows as f32,
        );
        for (index, pane) in panes.iter().enumerate() {
            let at =
                vec2((index % columns) as f32 * (cell.x + GAP), (index / columns) as f32 * (cell.y + GAP));
            let cell = Rect::from_min_size(main.min + at, cell);
            let (head, body) = cell.split_top_bottom_at_y(cell.top() + HEADER);
            let others: Vec<&Path> =
                panes.iter().filter(|l| l.index != index).filter_map(|l| l.path).collect();
            let removable = panes.len() > 2;
            let figures = (self.median(pane), self.stats[index].fps);
            header::ui(ui, head, view, pane, figures, (&others, removable), out);
            if !split {
                panes::tile(ui, body, view, stage, &mut self.painters[index], pane);
                panes::state_ui(ui, body, view, pane);
            }
        }
        if split {
            let body = Rect::from_min_max(pos2(main.left(), main.top() + HEADER), main.max);
            panes::split_ui(ui, body, view, stage, &mut self.painters, &panes, out);
        }
        self.bar_ui(ui, bar, view, w, &panes, out);
    }

    /// The usual time of a model in milliseconds: the median of the last seconds, or that of its result if no new frame
    /// came in them (an image).
    fn median(&self, pane: &Pane<'_>) -> f32 {
        let median = self.stats[pane.index].total.median;
        if median > 0.0 {
            median
        } else {
            pane.prediction.as_ref().map_or(0.0, |prediction| prediction.times.total)
        }
    }

    fn panes<'a>(&self, view: &View<'a>, stage: &Stage) -> Vec<Pane<'a>> {
        let generation = stage.frame().map(|frame| frame.generation);
        let prediction_of = |index: usize| {
            let newest = self.newest.as_ref().and_then(|newest| newest.predictions.get(index)?.clone());
            newest.filter(|prediction| Some(prediction.frame.generation) == generation)
        };
        let model = view.model;
        let opening = model.opening.as_deref();
        let name_of = |path: &Path| {
            let entry = view.library.models.iter().find(|entry| entry.path == path);
            entry.map_or_else(|| model_name(path), |entry| entry.name.clone())
        };
        let path = opening.or_else(|| model.current.as_ref().map(|model| model.path.as_path()));
        let failed = model.failed.as_ref().filter(|_| model.current.is_none());
        let first = Pane {
            index: 0,
            name: path.map_or_else(|| view.strings.no_model.to_owned(), name_of),
            path,
            prediction: prediction_of(0),
            failed: failed.map(|(_, error)| model_page(view.language, error).title),
            opening: view.loading().is_some(),
        };
        let others = model.compared.iter().zip(1..).map(|(compared, index)| Pane {
            index,
            name: name_of(&compared.choice.path),
            path: Some(compared.choice.path.as_path()),
            prediction: prediction_of(index)
                .filter(|o| compared.model.as_ref().is_some_and(|model| Arc::ptr_eq(model, &o.model))),
            failed: compared.failed.as_ref().map(|e| model_page(view.language, e).title),
            opening: compared.model.is_none() && compared.failed.is_none(),
        });
        std::iter::once(first).chain(others).take(MAX_COMPARED).collect()
    }

    /// Only one model is on this computer: how to get another.
    fn alone_ui(ui: &mut Ui, w: &strings::Compare, models: usize, out: &mut Vec<Intent>) {
        centred_page(ui, 460.0, |ui| {
            page_title(ui, w.needs_two);
            ui.add_space(6.0);
            paragraph(ui, &(w.needs_two_text)(models), palette(ui).text);
            ui.add_space(14.0);
            if primary_button(ui, w.get_another).clicked() {
                out.push(Intent::Window(WindowIntent::Show(Page::Library)));
            }
            if ui.button(w.leave).clicked() {
                out.push(Intent::Compare(CompareIntent::Show(false)));
            }
        });
    }

    /// The comparison of the models, and the buttons.
    fn bar_ui(
        &self,
        ui: &mut Ui,
        rect: Rect,
        view: &View<'_>,
        w: &strings::Compare,
        panes: &[Pane<'_>],
        out: &mut Vec<Intent>,
    ) {
        ui.painter().rect_filled(rect, 0, palette(ui).panel);
        let inner = rect.shrink2(vec2(12.0, 0.0));
        let buttons = ui.scope_builder(
            egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)),
            |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if icon_button(ui, Icon::Close, &format!("{}  (C)", w.leave), false).clicked() {
                    out.push(Intent::Compare(CompareIntent::Show(false)));
                }
                if panes.len() == 2 {
                    let tiles = view.settings.compare_tiles;
                    let (icon, label) = if tiles { (Icon::Split, w.split) } else { (Icon::Tiles, w.tiles) };
                    if icon_button(ui, icon, label, false).clicked() {
                        out.push(Intent::Compare(CompareIntent::Tiles(!tiles)));
                    }
                }
                if panes.len() < MAX_COMPARED {
                    let add = icon_button(ui, Icon::Plus, w.add, false);
                    let taken: Vec<&Path> = panes.iter().filter_map(|pane| pane.path).collect();
                    header::menu(&add, view, None, &taken, panes.len(), out);
                }
            },
        );
        let left = Rect::from_min_max(inner.min, pos2(buttons.response.rect.left() - 12.0, inner.bottom()));
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)),
            |ui| {
                ui.set_clip_rect(left.intersect(ui.clip_rect()));
                self.figures_ui(ui, view, w, panes);
            },
        );
    }

    fn figures_ui(&self, ui: &mut Ui, view: &View<'_>, w: &strings::Compare, panes: &[Pane<'_>]) {
        let p = palette(ui);
        if panes.len() < 2 {
            ui.label(egui::RichText::new(w.add_second).color(p.weak));
            return;
        }
        let first = self.median(&panes[0]);
        for pane in &panes[1..] {
            let letters = (letter(0), letter(pane.index));
            let Some(agreement) = self.agreements[pane.index].filter(|_| pane.prediction.is_some()) else {
                continue;
            };
            let of_two = panes.len() == 2;
            let tasks = [&panes[0], pane].map(|of| of.prediction.as_ref().map(|p| p.results.task));
            let (full, hint) = match (agreement, tasks) {
                (Agreement::Incomparable, [Some(a), Some(b)]) if a != b => {
                    let name = |task| task_name(view.language, task);
                    ((w.other_tasks)(name(a), name(b)), w.other_tasks_hint)
                }
                (Agreement::Incomparable, [Some(task), _]) => {
                    ((w.no_measure)(task_name(view.language, task)), w.other_tasks_hint)
                }
                _ => (agreement_text(&agreement, letters, view.language), w.agreement_hint),
            };
            // Of three or four models there is room for the share alone.
            let text = match agreement.share() {
                _ if of_two => full,
                Some(share) => format!("{} – {}  {:.0}%", letters.0, letters.1, share * 100.0),
                None => format!("{} – {}  {full}", letters.0, letters.1),
            };
            let agreement_ui = |ui: &mut Ui| {
                let label = egui::Label::new(egui::RichText::new(text).color(p.text)).truncate();
                ui.add(label).on_hover_text(hint);
            };
            let speed = speed_text(letters, (first, self.median(pane)), view.language);
            let speed_ui = |ui: &mut Ui| {
                let Some(speed) = speed else { return };
                let faster =
                    [(letters.0, 0), (letters.1, pane.index)].into_iter().find(|(l, _)| speed.starts_with(l));
                if let Some((_, faster)) = faster {
                    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), egui::Sense::hover());
                    ui.painter().circle_filled(dot.center(), 4.0, colour(faster));
                }
                ui.add(egui::Label::new(egui::RichText::new(speed).color(p.strong)).truncate());
            };
            // The longer text comes last: it is cut if the window is narrow.
            if of_two {
                speed_ui(ui);
                ui.add_space(8.0);
                agreement_ui(ui);
            } else {
                agreement_ui(ui);
                speed_ui(ui);
            }
            if pane.index + 1 < panes.len() {
                ui.separator();
            }
        }
    }
}
