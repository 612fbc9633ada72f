//! The library's page: the models on this computer and those to download.

use egui::{self, TextEdit, Ui};

use super::state::{LibraryPage, Question, Tab};
use super::{available, deploy, here, servers};
use crate::app::icons::Icon;
use crate::app::intent::{Choose, FilesIntent, Intent, LibraryIntent, Page, ServersIntent, WindowIntent};
use crate::app::strings::{Library, order_name, task_name};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{
    at_right, combo_arrow, dialogue, follow_focus, icon_button, page_title, plain_button, primary_button,
};
use crate::library::search::SortOrder;
use crate::model::Task;

/// Width of the field for the search.
const SEARCH: f32 = 220.0;
/// Widths of the list of sort orders.
const ORDER: f32 = 170.0;
const NARROW_ORDER: f32 = 110.0;
/// Margins of both, and the space between them.
const BESIDE: f32 = 60.0;

impl LibraryPage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.library;
        if !view.library.servers_known && view.library.servers_error.is_none() {
            out.push(Intent::Servers(ServersIntent::Read));
        }
        let room = ui.available_rect_before_wrap();
        let width = (room.width() - 48.0).min(980.0);
        let column = egui::Rect::from_center_size(room.center(), egui::vec2(width, room.height()));
        ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                page_title(ui, w.models);
                at_right(ui, "title", |ui| {
                    add_menu(ui, w, out);
                    if icon_button(ui, Icon::Close, view.strings.back, false).clicked() {
                        out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                    }
                });
            });
            ui.add_space(4.0);
            self.bar_ui(ui, view, w, out);
            ui.add_space(2.0);
            self.tasks_ui(ui, view, w);
            ui.add_space(4.0);
            // Below the list: above it, it would move the row that was just clicked from under the pointer.
            if self.tab == Tab::Available && available::is_unconnected(view) {
                let searching = !self.search.trim().is_empty();
                egui::Panel::bottom("no connection")
                    .show_separator_line(false)
                    .resizable(false)
                    .frame(egui::Frame::new().inner_margin(egui::Margin::symmetric(0, 8)))
                    .show(ui, |ui| {
                        available::connection_notice(ui, view, w, searching, out);
                    });
            }
            let mut list = egui::ScrollArea::vertical().id_salt(("models", self.tab as u8));
            if self.searched != self.search {
                self.searched.clone_from(&self.search);
                list = list.vertical_scroll_offset(0.0);
            }
            list.auto_shrink([false, false])
                .content_margin(egui::Margin { right: 12, bottom: 16, ..Default::default() })
                .show(ui, |ui| {
                    match self.tab {
                        Tab::Here => here::ui(self, ui, view, w, out),
                        Tab::Available => available::ui(self, ui, view, w, out),
                        Tab::Servers => servers::ui(self, ui, view, out),
                    }
                    follow_focus(ui);
                });
        });
        self.question_ui(ui, view, w, out);
    }

    fn bar_ui(&mut self, ui: &mut Ui, view: &View<'_>, w: &Library, out: &mut Vec<Intent>) {
        ui.horizontal(|ui| {
            for (tab, text) in [
                (Tab::Here, (w.here)(view.library.models.len())),
                (Tab::Available, (w.available)(view.library.catalogue.entries.len())),
                (Tab::Servers, (view.strings.servers.tab)(view.library.servers.len())),
            ] {
                if ui
                    .add(egui::Button::selectable(self.tab == tab, text).min_size(egui::vec2(0.0, 32.0)))
                    .clicked()
                {
                    self.tab = tab;
                    self.task = None;
                    self.classics = false;
                }
            }
            if self.tab == Tab::Servers {
                return;
            }
            // In a narrow window both give way: rows as wide as an overfull bar would leave the window.
            let room = ui.available_width();
            let order = if room < SEARCH + ORDER + BESIDE { NARROW_ORDER } else { ORDER };
            let search = (room - order - BESIDE).clamp(60.0, SEARCH);
            at_right(ui, "search", |ui| {
                let edit = TextEdit::singleline(&mut self.search)
                    .hint_text(w.search)
                    .margin(egui::Margin::symmetric(10, 7))
                    .desired_width(search);
                ui.add(edit).accessible_name(w.search);
                if self.tab == Tab::Here {
                    let now = view.settings.model_order;
                    let combo = egui::ComboBox::from_id_salt("order")
                        .selected_text(order_name(view.language, now))
                        .icon(combo_arrow)
                        .truncate()
                        .width(order);
                    let response = combo.show_ui(ui, |ui| {
                        for order in SortOrder::ALL {
                            let name = order_name(view.language, order);
                            if ui.selectable_label(order == now, name).clicked() {
                                out.push(Intent::Library(LibraryIntent::Order(order)));
                            }
                        }
                    });
                    response.response.on_hover_text(w.sort).accessible_name(w.sort);
                }
            });
        });
    }

    fn tasks_ui(&mut self, ui: &mut Ui, view: &View<'_>, w: &Library) {
        let there = |task: Task| match self.tab {
            Tab::Here => view.library.models.iter().any(|c| c.task() == Some(task)),
            Tab::Available => view.library.catalogue.entries.iter().any(|e| e.task == task),
            Tab::Servers => false,
        };
        let tasks: Vec<Task> = Task::ALL.into_iter().filter(|t| there(*t)).collect();
        let classics =
            self.tab == Tab::Available && view.library.catalogue.entries.iter().any(|e| e.classic.is_some());
        if tasks.len() < 2 && !classics {
            (self.task, self.classics) = (None, false);
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if ui.selectable_label(self.task.is_none() && !self.classics, w.all_tasks).clicked() {
                (self.task, self.classics) = (None, false);
            }
            if classics
                && ui.selectable_label(self.classics, w.classics).on_hover_text(w.classics_hint).clicked()
            {
                (self.task, self.classics) = (None, true);
            }
            for task in tasks {
                if ui.selectable_label(self.task == Some(task), task_name(view.language, task)).clicked() {
                    (self.task, self.classics) = (Some(task), false);
                }
            }
        });
    }

    fn question_ui(&mut self, ui: &Ui, view: &View<'_>, w: &Library, out: &mut Vec<Intent>) {
        let Some(question) = &mut self.question else { return };
        let mut done = false;
        let modal = dialogue(ui, "library question").show(ui.ctx(), |ui| {
            ui.set_width(if matches!(question, Question::Deploy(_)) { deploy::WIDTH } else { 440.0 });
            done = match question {
                Question::Rename { path, text, shown } => {
                    let first = !std::mem::replace(shown, true);
                    rename_ui(ui, w, view, path, (text, first), out)
                }
                Question::Remove(path, name) => remove_ui(ui, w, view, path, name, out),
                Question::Licence(id) => match view.library.catalogue.entries.iter().find(|e| e.id == *id) {
                    Some(entry) => available::licence_ui(ui, w, view, entry, out),
                    None => true,
                },
                Question::Starters => available::starters_ui(ui, w, view, out),
                Question::Deploy(order) => deploy::ui(ui, view, order, out),
                Question::Forget(address) => servers::forget_ui(ui, view, address, out),
            };
        });
        if (done || modal.should_close())
            && let Some(Question::Deploy(order)) = self.question.take()
        {
            self.last_deploy = Some(order);
            out.push(Intent::Library(LibraryIntent::DeployClosed));
        }
    }
}

fn add_menu(ui: &mut Ui, w: &Library, out: &mut Vec<Intent>) {
    let button = ui.add(egui::Button::new(w.import).min_size(egui::vec2(0.0, 32.0)));
    egui::Popup::menu(&button).show(|ui| {
        for (text, what) in [
            (w.import_file, Choose::ImportFile),
            (w.import_folder, Choose::ImportFolder),
            (w.watch_folder, Choose::WatchFolder),
        ] {
            if ui.button(text).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(what)));
            }
        }
        ui.label(egui::RichText::new(w.drop_here).small().color(palette(ui).weak));
    });
}

fn rename_ui(
    ui: &mut Ui,
    w: &Library,
    view: &View<'_>,
    path: &std::path::Path,
    (text, first): (&mut String, bool),
    out: &mut Vec<Intent>,
) -> bool {
    ui.label(egui::RichText::new(w.rename.trim_end_matches('…')).heading().color(palette(ui).strong));
    let edit = ui
        .add(TextEdit::singleline(text).desired_width(f32::INFINITY).char_limit(120))
        .accessible_name(w.name);
    let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    if first {
        edit.request_focus();
    }
    ui.horizontal(|ui| {
        let save = primary_button(ui, w.save).clicked() || entered;
        if save {
            out.push(Intent::Library(LibraryIntent::Rename(path.to_owned(), text.trim().to_owned())));
        }
        plain_button(ui, view.strings.cancel).clicked() || save
    })
    .inner
}

fn remove_ui(
    ui: &mut Ui,
    w: &Library,
    view: &View<'_>,
    path: &std::path::Path,
    name: &str,
    out: &mut Vec<Intent>,
) -> bool {
    let p = palette(ui);
    ui.label(egui::RichText::new(name).heading().color(p.strong));
    ui.add(egui::Label::new(egui::RichText::new(path.display().to_string()).color(p.weak)).wrap());
    ui.label(w.remove_text);
    ui.horizontal(|ui| {
        let trash = primary_button(ui, w.into_trash).clicked();
        let delete = plain_button(ui, w.delete).clicked();
        if trash || delete {
            out.push(Intent::Library(LibraryIntent::Remove { path: path.to_owned(), delete }));
        }
        plain_button(ui, view.strings.cancel).clicked() || trash || delete
    })
    .inner
}
