//! The frame of the page: the bar at its top, the list, the image and the panel beside it.

use egui::{self, Rect, Ui, UiBuilder, pos2, vec2};

use super::state::{DatasetPage, ExportForm, Tab, Tool, Work};
use super::{canvas, class_dialogue, evaluation, export, keys, labels, list, start};
use crate::app::icons::Icon;
use crate::app::intent::{Choose, DatasetIntent, FilesIntent, Intent, Page, WindowIntent};
use crate::app::strings::{dataset_problem, plain_quotes};
use crate::app::style::{palette, title};
use crate::app::view::{View, file_name};
use crate::app::widgets::{at_right, centred_page, icon_button, notice, paragraph, plain_button};

/// Height of the bar at the top.
const BAR: f32 = 52.0;
/// What the bar holds besides the name, in points of its width.
const BAR_CONTROLS: f32 = 600.0;
/// Width of the list.
const LIST: f32 = 256.0;
/// Width of the panel.
const PANEL: f32 = 296.0;
/// Height of the line that says what the keys do.
const HELP: f32 = 40.0;

impl DatasetPage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        self.language = view.language;
        self.pictures.begin();
        self.follow();
        if self.document.is_none() {
            start::ui(self, ui, view, out);
            return;
        }
        let mut measures = false;
        match self.tab {
            Tab::Review => keys::read(self, ui, view, out),
            Tab::Evaluation => measures = keys::read_evaluation(self, ui, view),
        }
        let whole = ui.available_rect_before_wrap();
        let bar = Rect::from_min_max(whole.min, pos2(whole.right(), whole.top() + BAR));
        inside(ui, bar.shrink2(vec2(16.0, 8.0)), |ui| self.bar_ui(ui, view, out));
        let rest = Rect::from_min_max(pos2(whole.left(), bar.bottom()), whole.max);
        if self.document.as_ref().is_some_and(|document| document.items().is_empty()) {
            inside(ui, rest, |ui| self.empty_ui(ui, view, out));
            return;
        }
        export::ui(self, ui, view, out);
        if self.tab == Tab::Evaluation {
            inside(ui, rest, |ui| evaluation::ui(self, ui, view, measures, out));
            return;
        }
        let side = Rect::from_min_max(rest.min, pos2(rest.left() + LIST, rest.bottom()));
        let panel = Rect::from_min_max(pos2(rest.right() - PANEL, rest.top()), rest.max);
        let middle = Rect::from_min_max(side.right_top(), pos2(panel.left(), rest.bottom() - HELP));
        let help = Rect::from_min_max(middle.left_bottom(), pos2(panel.left(), rest.bottom()));
        // In reading order, in which Tab goes through the controls.
        inside(ui, side.shrink2(vec2(8.0, 4.0)), |ui| list::ui(self, ui, view, out));
        inside(ui, middle, |ui| {
            canvas::ui(self, ui, middle, view, out);
            self.notices_ui(ui, view, middle, out);
        });
        inside(ui, help.shrink2(vec2(10.0, 4.0)), |ui| self.help_ui(ui, view));
        inside(ui, panel.shrink2(vec2(12.0, 4.0)), |ui| labels::ui(self, ui, view, out));
        list::prepare_neighbours(self);
        class_dialogue::ui(self, ui, view, out);
    }

    /// The part of the page, which fills `whole`, where messages cover no label and no line that explains keys.
    #[must_use]
    pub fn free_area(&self, whole: Rect) -> Rect {
        if self.document.is_none() || self.tab != Tab::Review {
            return whole;
        }
        Rect::from_min_max(whole.min, whole.max - vec2(PANEL, HELP))
    }

    fn bar_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        let w = &s.datasets;
        let Some(document) = &self.document else { return };
        let (done, all) = (document.decided(), document.items().len());
        ui.horizontal_centered(|ui| {
            let mut name = String::new();
            crate::scene::fonts::push_shown(&file_name(&self.root), &mut name);
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - BAR_CONTROLS).max(60.0));
                let text = egui::RichText::new(name).text_style(title()).color(palette(ui).strong);
                ui.add(egui::Label::new(text).truncate());
            });
            if all > 0 {
                ui.add_space(8.0);
                let bar = egui::ProgressBar::new(done as f32 / all as f32).desired_width(70.0);
                ui.add(bar.desired_height(8.0));
                ui.label(egui::RichText::new((w.progress)(done, all)).color(palette(ui).text));
                ui.add_space(8.0);
                for (tab, name) in [(Tab::Review, w.review), (Tab::Evaluation, w.evaluation)] {
                    let button = ui.add(egui::Button::selectable(self.tab == tab, name)).on_hover_text("T");
                    if button.clicked() {
                        self.tab = tab;
                    }
                }
            }
            at_right(ui, "dataset bar", |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if all > 0 && ui.button(w.export).on_hover_text("Ctrl+E").clicked() {
                    self.export = Some(ExportForm::new(&self.root));
                }
                let others = ui.button(w.others);
                egui::Popup::menu(&others).width(240.0).show(|ui| {
                    for path in view.settings.datasets.iter().filter(|path| **path != self.root) {
                        if ui.button(file_name(path)).on_hover_text(path.display().to_string()).clicked() {
                            out.push(Intent::Dataset(DatasetIntent::Open(path.clone())));
                        }
                    }
                    if ui.button(w.open).clicked() {
                        out.push(Intent::Files(FilesIntent::Choose(Choose::Dataset)));
                    }
                    if ui.button(w.new).clicked() {
                        out.push(Intent::Dataset(DatasetIntent::Close));
                    }
                    if all > 0 && ui.button(w.check).clicked() {
                        out.push(Intent::Dataset(DatasetIntent::Check));
                    }
                    if ui.button(s.show_folder).clicked() {
                        out.push(Intent::Files(FilesIntent::OpenFolder(self.root.clone())));
                    }
                });
                if icon_button(ui, Icon::Close, s.back, false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
            });
        });
    }

    fn empty_ui(&self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        let w = &s.datasets;
        centred_page(ui, 480.0, |ui| {
            ui.label(egui::RichText::new(w.empty_title).heading().color(palette(ui).strong));
            paragraph(ui, w.empty_text, palette(ui).weak);
            ui.add_space(10.0);
            ui.horizontal(|ui| {
                if plain_button(ui, s.back).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
                if plain_button(ui, s.show_folder).clicked() {
                    out.push(Intent::Files(FilesIntent::OpenFolder(self.root.clone())));
                }
            });
        });
    }

    /// What went wrong, over the image.
    fn notices_ui(&mut self, ui: &mut Ui, view: &View<'_>, area: Rect, out: &mut Vec<Intent>) {
        let w = &view.strings.datasets;
        let unsaved = self.document.as_ref().map_or(0, super::document::Document::unsaved);
        let width = (area.width() - 24.0).min(520.0);
        let at = Rect::from_min_size(area.min + vec2(12.0, 12.0), vec2(width, area.height() - 24.0));
        let p = palette(ui);
        let mut dismissed = false;
        inside(ui, at, |ui| {
            if self.work.as_ref().is_some_and(|(work, _)| *work == Work::Check) {
                egui::Frame::new().fill(p.raised).corner_radius(8).inner_margin(10).show(ui, |ui| {
                    export::progress_ui(self, ui, view, out);
                });
            }
            if let Some(overlay) = &self.overlay {
                let text = (w.overlay)(&overlay.model);
                egui::Frame::new().fill(p.raised).corner_radius(8).inner_margin(8).show(ui, |ui| {
                    ui.label(text);
                });
            }
            if let Some(error) = &self.save_error {
                let text = format!("{error} {}", (w.unsaved)(unsaved));
                notice(ui, p.bad, w.save_failed, &text, |ui| {
                    if ui.button(w.save_again).clicked() {
                        out.push(Intent::Dataset(DatasetIntent::SaveAgain));
                    }
                });
            }
            if !self.problems.is_empty() {
                let first: Vec<String> = self
                    .problems
                    .iter()
                    .take(3)
                    .map(|problem| plain_quotes(&dataset_problem(problem, view.language)))
                    .collect();
                let mut text = first.join("\n");
                if self.problems.len() > 3 {
                    text = format!("{text}\n{}", (w.and_more)(self.problems.len() - 3));
                }
                notice(ui, p.warn, &(w.problems)(self.problems.len()), &text, |ui| {
                    dismissed = ui.button(view.strings.dismiss).clicked();
                });
            }
        });
        if dismissed {
            self.problems.clear();
        }
    }

    /// What the keys do now.
    fn help_ui(&self, ui: &mut Ui, view: &View<'_>) {
        let w = &view.strings.datasets;
        let text = match self.canvas.tool {
            Tool::Box => w.hint_box.to_owned(),
            Tool::Outline => w.hint_outline.to_owned(),
            Tool::Points => self.points_hint(view),
            Tool::Select if self.canvas.selected.is_some() => w.hint_selected.to_owned(),
            Tool::Select => w.hint_idle.to_owned(),
        };
        let text = egui::RichText::new(text).size(12.0).color(palette(ui).weak);
        ui.add(egui::Label::new(text).wrap());
    }

    fn points_hint(&self, view: &View<'_>) -> String {
        let w = &view.strings.datasets;
        let scheme = self.document.as_ref().and_then(|document| {
            let label = document.labels().get(self.canvas.selected?)?;
            document.keypoints_of(label.class)
        });
        let Some(scheme) = scheme else { return w.hint_no_points.to_owned() };
        match self.next_point().and_then(|(_, n)| scheme.names.get(n)) {
            Some(name) => (w.hint_point)(name),
            None => w.hint_points_done.to_owned(),
        }
    }
}

/// Shows something in a part of the page.
fn inside(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let builder = UiBuilder::new().max_rect(rect).layout(egui::Layout::top_down(egui::Align::Min));
    let mut part = ui.new_child(builder);
    part.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    add(&mut part);
}
