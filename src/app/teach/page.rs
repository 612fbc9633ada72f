//! The frame of the page: the bar at its top, the live picture with its scores at the left, the tab at the right.

use egui::{self, Key, Rect, Ui, pos2, vec2};

use super::parts::inside;
use super::state::TeachPage;
use super::{examples, export, find, gallery, live, results, start};
use crate::app::icons::Icon;
use crate::app::intent::{Choose, FilesIntent, Intent, Page, TeachIntent, TeachTab, WindowIntent};
use crate::app::stage::Stage;
use crate::app::strings::shown;
use crate::app::style::{palette, title};
use crate::app::view::{View, file_name};
use crate::app::widgets::{at_right, icon_button, primary_button};

/// Height of the bar at the top.
const BAR: f32 = 52.0;
/// What the bar holds besides the name, in points of its width.
const BAR_CONTROLS: f32 = 620.0;

/// The keys that are held to collect, one a class.
const KEYS: [Key; 10] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
    Key::Num0,
];

impl TeachPage {
    /// Shows the page. `stage` holds the frame of the preview.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, stage: &mut Stage, out: &mut Vec<Intent>) {
        self.pictures.begin();
        self.places.clear();
        if self.project.is_none() {
            start::ui(self, ui, view, out);
            return;
        }
        let before = self.held;
        self.held = held_key(self, ui, view);
        let whole = ui.available_rect_before_wrap();
        let bar = Rect::from_min_max(whole.min, pos2(whole.right(), whole.top() + BAR));
        inside(ui, "teach bar", bar.shrink2(vec2(16.0, 8.0)), |ui| self.bar_ui(ui, view, out));
        let rest = Rect::from_min_max(pos2(whole.left(), bar.bottom()), whole.max);
        // The picture is what is looked at while something is being found in it.
        let share = if self.tab == TeachTab::Find { 0.62 } else { 0.4 };
        let width =
            (rest.width() * share).clamp(340.0, if self.tab == TeachTab::Find { 1400.0 } else { 620.0 });
        let left = Rect::from_min_max(rest.min, pos2(rest.left() + width, rest.bottom()));
        let right = Rect::from_min_max(pos2(left.right(), rest.top()), rest.max);
        let side = Rect::from_min_max(left.min + vec2(16.0, 0.0), left.max - vec2(0.0, 8.0));
        inside(ui, "teach live", side, |ui| live::ui(self, ui, view, stage, out));
        let tab = Rect::from_min_max(right.min + vec2(18.0, 0.0), right.max - vec2(6.0, 8.0));
        inside(ui, "teach tab", tab, |ui| match self.tab {
            TeachTab::Examples => examples::ui(self, ui, view, before, out),
            TeachTab::Results => results::ui(self, ui, view, out),
            TeachTab::Find => find::ui(self, ui, view, out),
        });
        if self.held != before {
            out.push(Intent::Teach(TeachIntent::Collect(self.held)));
        }
        export::ui(self, ui, view, out);
        gallery::ui(self, ui, view, out);
    }

    fn bar_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        let w = &s.teach;
        let Some(project) = self.project.clone() else { return };
        ui.horizontal_centered(|ui| {
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - BAR_CONTROLS).max(80.0));
                let name = shown(&file_name(project.root()));
                let text = egui::RichText::new(name).text_style(title()).color(palette(ui).strong);
                ui.add(egui::Label::new(text).truncate()).on_hover_text(project.root().display().to_string());
            });
            ui.add_space(12.0);
            let tabs =
                [(TeachTab::Examples, w.examples), (TeachTab::Results, w.results), (TeachTab::Find, w.find)];
            for (tab, name) in tabs {
                let button = egui::Button::selectable(self.tab == tab, name).min_size(vec2(0.0, 32.0));
                if ui.add(button).clicked() {
                    out.push(Intent::Teach(TeachIntent::Tab(tab)));
                }
            }
            at_right(ui, "teach bar", |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                let ready = self.learned.is_some();
                let export = ui.add_enabled_ui(ready, |ui| primary_button(ui, w.export)).inner;
                if export.on_disabled_hover_text(w.export_needs).clicked() {
                    out.push(Intent::Teach(TeachIntent::ExportForm(true)));
                }
                let others = ui.add(egui::Button::new(w.others).min_size(vec2(0.0, 34.0)));
                egui::Popup::menu(&others).width(260.0).show(|ui| {
                    for path in view.settings.teach_projects.iter().filter(|path| **path != project.root()) {
                        let name = shown(&file_name(path));
                        if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                            out.push(Intent::Teach(TeachIntent::Open(path.clone())));
                        }
                    }
                    if ui.button(w.open).clicked() {
                        out.push(Intent::Files(FilesIntent::Choose(Choose::TeachProject)));
                    }
                    if ui.button(w.new).clicked() {
                        out.push(Intent::Teach(TeachIntent::Close));
                    }
                    if ui.button(s.show_folder).clicked() {
                        out.push(Intent::Files(FilesIntent::OpenFolder(project.root().to_owned())));
                    }
                });
                if icon_button(ui, Icon::Close, s.back, false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
            });
        });
    }
}

/// The class whose key is held, unless text is typed or something lies over the page.
fn held_key(page: &TeachPage, ui: &Ui, view: &View<'_>) -> Option<usize> {
    let taken = view.typing || view.menu_open || view.help || page.export.is_some() || page.gallery.is_some();
    if taken || ui.ctx().text_edit_focused() {
        return None;
    }
    let classes = page.project.as_ref().map_or(0, |project| project.classes().len());
    ui.input(|i| {
        let plain = i.modifiers.is_none();
        KEYS.iter().take(classes).position(|key| plain && (i.key_down(*key) || i.key_pressed(*key)))
    })
}
