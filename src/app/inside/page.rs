//! The page: the preview at the left with what the tab is about below, the tab beside it.

use egui::{self, Rect, Ui, pos2, vec2};

use super::state::InsidePage;
use crate::app::icons::Icon;
use crate::app::intent::{InsideIntent, InsideTab, Intent, Page, WindowIntent};
use crate::app::stage::Stage;
use crate::app::strings::{tab_about, tab_name, tab_paper};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{at_right, icon_button, page_title};

/// Height of the row with the title and the tabs.
const TOP: f32 = 52.0;

impl InsidePage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, stage: &mut Stage, out: &mut Vec<Intent>) {
        let room = ui.max_rect();
        let top = Rect::from_min_max(room.min, pos2(room.right(), room.top() + TOP));
        let below = Rect::from_min_max(top.left_bottom(), room.max);
        let left_width = (room.width() * 0.33).clamp(280.0, 460.0);
        let left = Rect::from_min_size(below.min, vec2(left_width, below.height()));
        self.top_ui(ui, view, top, out);
        ui.scope_builder(egui::UiBuilder::new().max_rect(left.shrink2(vec2(16.0, 0.0))), |ui| {
            self.left_ui(ui, view, stage, out);
        });
    }

    fn top_ui(&self, ui: &mut Ui, view: &View<'_>, rect: Rect, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let inner = rect.shrink2(vec2(16.0, 8.0));
        let builder = egui::UiBuilder::new().max_rect(inner);
        ui.scope_builder(builder.layout(egui::Layout::left_to_right(egui::Align::Center)), |ui| {
            page_title(ui, w.title);
            ui.add_space(12.0);
            for tab in InsideTab::ALL {
                if ui.selectable_label(self.tab == tab, tab_name(w, tab)).clicked() {
                    out.push(Intent::Inside(InsideIntent::Tab(tab)));
                }
            }
            at_right(ui, "close", |ui| {
                let back = format!("{}  (Esc)", view.strings.back);
                if icon_button(ui, Icon::Close, &back, false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
            });
        });
    }

    fn left_ui(&mut self, ui: &mut Ui, view: &View<'_>, stage: &mut Stage, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let w = &view.strings.inside;
        let width = ui.available_width();
        let (rect, _) = ui.allocate_exact_size(vec2(width, width * 0.6), egui::Sense::hover());
        ui.painter().rect_filled(rect, 0, p.stage);
        stage.paint(ui, rect, view.mirrored);
        ui.add(egui::Label::new(tab_about(w, self.tab)).wrap().selectable(true));
        let (paper, address) = tab_paper(self.tab);
        ui.horizontal_wrapped(|ui| {
            ui.hyperlink_to(paper, address);
            if ui.button(w.show_me).on_hover_text(w.show_me_hint).clicked() {
                out.push(Intent::Inside(InsideIntent::ShowMe(self.tab)));
            }
        });
    }
}
