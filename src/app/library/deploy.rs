//! The dialogue that writes a model for an inference server, and shows how the server is started then.

use egui::{self, TextEdit, Ui};

use super::parts::progress;
use super::state::LibraryPage;
use crate::app::deployment::{DeployOrder, Deployment};
use crate::app::intent::{Choose, FilesIntent, Intent, LibraryIntent, WindowIntent};
use crate::app::strings::{Explain as _, note_text, plain_quotes, target_name, target_text};
use crate::app::style::palette;
use crate::app::view::{View, listed};
use crate::app::widgets::{notice, plain_button, primary_button};
use crate::deploy::{self, DeployError, Deployed, Target};
use crate::library::{ModelEntry, names};

/// Width of the dialogue.
pub(super) const WIDTH: f32 = 580.0;
/// Size of a button that copies.
const COPY: egui::Vec2 = egui::vec2(76.0, 30.0);
/// Height of heading, buttons and margins around what scrolls.
const AROUND: f32 = 230.0;
/// Height of what tells a failure.
const FAILURE: f32 = 130.0;

/// What the dialogue of a model begins with: server and folder are those of the last time.
pub(super) fn first(page: &LibraryPage, model: &ModelEntry) -> DeployOrder {
    let last = page.last_deploy.as_deref();
    let own = model.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let again = last.filter(|last| last.model == model.path);
    DeployOrder {
        model: model.path.clone(),
        title: model.name.clone(),
        target: last.map_or(Target::Triton, |last| last.target),
        name: again.map_or(own, |last| last.name.clone()),
        python: last.is_some_and(|last| last.python),
        gpu: last.is_some_and(|last| last.gpu),
        folder: last.map(|last| last.folder.clone()).unwrap_or_default(),
    }
}

/// Shows what is to be written, that it is being written, or what was. Returns whether the dialogue is to be closed.
pub(super) fn ui(ui: &mut Ui, view: &View<'_>, order: &mut DeployOrder, out: &mut Vec<Intent>) -> bool {
    let room = ui.ctx().content_rect().height() - AROUND;
    match view.library.deployment {
        Deployment::Done(of, deployed) if of.model == order.model => {
            done_ui(ui, view, of, deployed, room, out)
        }
        Deployment::Writing(of) if of.model == order.model => writing_ui(ui, view, of),
        _ => form_ui(ui, view, order, room, out),
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).heading().color(palette(ui).strong)).wrap());
}

fn weak(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).color(palette(ui).weak)).wrap());
}

fn form_ui(ui: &mut Ui, view: &View<'_>, order: &mut DeployOrder, room: f32, out: &mut Vec<Intent>) -> bool {
    let w = &view.strings.deploy;
    heading(ui, &(w.title)(&order.title));
    weak(ui, w.explained);
    ui.add_space(6.0);
    let mut entered = false;
    let failed = matches!(view.library.deployment, Deployment::Failed(of, _) if **of == *order);
    let room = if failed { room - FAILURE } else { room };
    egui::ScrollArea::vertical().max_height(room.max(120.0)).auto_shrink([false, true]).show(ui, |ui| {
        entered = fields_ui(ui, view, order, out);
    });
    ui.add_space(4.0);
    let is_free = match view.library.deployment {
        Deployment::Writing(of) => {
            weak(ui, &(w.other_writes)(&of.title));
            false
        }
        Deployment::Failed(of, error) if **of == *order => {
            let text = error.explain(view.language);
            let replaceable = matches!(error, DeployError::Exists { .. });
            let colour = if replaceable { palette(ui).warn } else { palette(ui).bad };
            notice(ui, colour, &plain_quotes(&text.message), &plain_quotes(&text.fix), |ui| {
                if replaceable && plain_button(ui, w.replace).clicked() {
                    let order = Box::new(order.clone());
                    out.push(Intent::Library(LibraryIntent::Deploy { order, replace: true }));
                }
            });
            true
        }
        _ => true,
    };
    ui.horizontal(|ui| {
        let ready = is_free && !order.folder.trim().is_empty();
        let deploy = ui.add_enabled_ui(ready, |ui| primary_button(ui, w.deploy)).inner.clicked();
        if ready && (deploy || entered) {
            let order = Box::new(order.clone());
            out.push(Intent::Library(LibraryIntent::Deploy { order, replace: false }));
        }
        plain_button(ui, view.strings.cancel).clicked()
    })
    .inner
}

/// Returns whether Enter was pressed in a field.
fn fields_ui(ui: &mut Ui, view: &View<'_>, order: &mut DeployOrder, out: &mut Vec<Intent>) -> bool {
    let w = &view.strings.deploy;
    let margin = egui::Margin::symmetric(10, 7);
    caption(ui, w.server);
    for target in Target::ALL {
        ui.horizontal(|ui| {
            ui.radio_value(&mut order.target, target, target_name(target));
            ui.label(egui::RichText::new(target_text(view.language, target)).color(palette(ui).weak));
        });
    }
    if order.target == Target::Triton {
        ui.checkbox(&mut order.python, w.python).on_hover_text(w.python_hint);
    }
    ui.checkbox(&mut order.gpu, w.gpu);
    ui.add_space(6.0);
    caption(ui, w.name);
    let own = order.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = TextEdit::singleline(&mut order.name).hint_text(own.as_str()).char_limit(120).margin(margin);
    let name = ui.add(name.desired_width(300.0)).accessible_name(w.name);
    let wanted = if order.name.trim().is_empty() { own.as_str() } else { order.name.trim() };
    let hash = listed(view.library.models, &order.model).and_then(|entry| entry.sha256.as_deref());
    let becomes = deploy::name_on_server(wanted, hash.unwrap_or("…"));
    if becomes != wanted {
        weak(ui, &(w.becomes)(&becomes));
    }
    ui.add_space(6.0);
    caption(ui, w.folder);
    let folder = ui
        .horizontal(|ui| {
            let edit = TextEdit::singleline(&mut order.folder).margin(margin).desired_width(380.0);
            let folder = ui.add(edit).accessible_name(w.folder);
            if plain_button(ui, w.choose).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::DeployFolder)));
            }
            folder
        })
        .inner;
    weak(ui, w.folder_hint);
    (name.lost_focus() || folder.lost_focus()) && ui.input(|i| i.key_pressed(egui::Key::Enter))
}

fn caption(ui: &mut Ui, text: &str) {
    ui.label(egui::RichText::new(text).color(palette(ui).strong));
}

fn writing_ui(ui: &mut Ui, view: &View<'_>, order: &DeployOrder) -> bool {
    let w = &view.strings.deploy;
    heading(ui, &(w.title)(&order.title));
    ui.add_space(4.0);
    ui.label(w.writing);
    let width = ui.available_width();
    progress(ui, None, width);
    weak(ui, w.may_close);
    plain_button(ui, view.strings.close).clicked()
}

fn done_ui(
    ui: &mut Ui,
    view: &View<'_>,
    order: &DeployOrder,
    deployed: &Deployed,
    room: f32,
    out: &mut Vec<Intent>,
) -> bool {
    let w = &view.strings.deploy;
    heading(ui, &(w.done)(&deployed.name, target_name(order.target)));
    let folder = names::shown(&deployed.folder.display().to_string()).into_owned();
    weak(ui, &(w.in_folder)(&folder));
    ui.add_space(6.0);
    egui::ScrollArea::vertical().max_height(room.max(120.0)).auto_shrink([false, true]).show(ui, |ui| {
        caption(ui, if deployed.start.len() > 1 { w.start_one_of } else { w.start });
        for (number, command) in deployed.start.iter().enumerate() {
            copied_ui(ui, view, ("start", number), command, out);
        }
        ui.add_space(6.0);
        caption(ui, w.addresses);
        for (number, address) in deployed.addresses.iter().enumerate() {
            copied_ui(ui, view, ("address", number), address, out);
        }
        weak(ui, w.elsewhere);
        if !deployed.notes.is_empty() {
            ui.add_space(6.0);
            caption(ui, w.good_to_know);
            for note in &deployed.notes {
                let text = note_text(view.language, note);
                ui.add(egui::Label::new(text).wrap().selectable(true));
            }
        }
    });
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let close = primary_button(ui, view.strings.close).clicked();
        if plain_button(ui, view.strings.show_folder).clicked() {
            out.push(Intent::Files(FilesIntent::OpenFolder(deployed.folder.clone())));
        }
        close
    })
    .inner
}

/// A line for a shell or an address, with a button that copies it.
fn copied_ui(ui: &mut Ui, view: &View<'_>, place: (&str, usize), text: &str, out: &mut Vec<Intent>) {
    // The message of the window lies behind the dialogue: the button tells that it was copied.
    let id = ui.scope_id().with("copied");
    let copied: Option<String> = ui.data(|data| data.get_temp(id));
    let copied = copied.as_deref() == Some(text);
    let ground = ui.visuals().extreme_bg_color;
    ui.push_id(place, |ui| {
        egui::Frame::new().fill(ground).corner_radius(6).inner_margin(8).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                let size = egui::vec2(ui.available_width() - 84.0, COPY.y);
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_width(size.x);
                    let shown = egui::RichText::new(text).monospace();
                    ui.add(egui::Label::new(shown).wrap().selectable(true));
                });
                let name = if copied { view.strings.copied } else { view.strings.copy };
                if ui.add(egui::Button::new(name).min_size(COPY)).clicked() {
                    out.push(Intent::Window(WindowIntent::CopyText(text.to_owned())));
                    ui.data_mut(|data| data.insert_temp(id, text.to_owned()));
                }
            });
        });
    });
}
