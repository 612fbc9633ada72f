//! The model: which one, its family and input, the evidence for that, and why another one isn't running.

use egui::{self, Popup, Ui};

use super::icons::Icon;
use super::intent::{Choose, FilesIntent, Intent, ModelIntent, Page, WindowIntent};
use super::strings::{family_name, kind_text, model_page, phrase, task_name};
use super::style::palette;
use super::view::{View, file_name, is_of, model_name};
use super::widgets::{caption, dropdown, menu_row, notice, section_with, sized_icon_button};
use crate::engine::ModelInfo;
use crate::library::{names, search};
use crate::model::spec::{Layout, Size};
use crate::model::{ModelError, Task};

/// Width of the menu of models: names and times have room.
const MENU_WIDTH: f32 = 360.0;

/// Height of what stands below the list in the menu of models.
const MENU_REST: f32 = 150.0;

/// Shows the part of the side panel that is about the model.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let opening = view.loading();
    let mut looks_inside = false;
    section_with(
        ui,
        s.model,
        |ui| {
            if view.model.current.is_some() {
                let inside = format!("{}  (I)", s.inside.look);
                looks_inside = sized_icon_button(ui, Icon::Inside, &inside, false, 26.0).clicked();
            }
            // While threads are tuned the model is opened again and again, which its own line says.
            if view.model.opening.is_some() && view.speed.tune.is_none() {
                ui.add(egui::Spinner::new().size(14.0));
            }
        },
        |ui| {
            let chosen = match (opening, &view.model.current) {
                (Some(path), _) => (s.loading_model)(&model_name(path)),
                (None, Some(model)) => model.name.clone(),
                (None, None) => s.no_model.into(),
            };
            let button = dropdown(ui, Icon::Model, &chosen, s.choose_model);
            Popup::menu(&button).width(MENU_WIDTH.max(button.rect.width())).show(|ui| menu_ui(ui, view, out));
            failure_ui(ui, view, out);
            if let Some(model) = &view.model.current {
                spec_ui(ui, view, model, out);
            } else if view.library.models.is_empty() && opening.is_none() && view.model.failed.is_none() {
                ui.label(egui::RichText::new(s.no_models_found).small().color(palette(ui).weak));
                if ui.button(s.get_models).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Library)));
                }
            }
        },
    );
    if looks_inside {
        out.push(Intent::Window(WindowIntent::Show(Page::Inside)));
    }
}

fn menu_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    ui.spacing_mut().item_spacing.y = 2.0;
    let current = view.model.current.as_ref().map(|c| c.path.as_path());
    let entries = search::menu(view.library.models);
    // As high as the window leaves it under the box, with a bar that shows that there is more.
    let room = ui.ctx().content_rect().bottom() - ui.cursor().top() - MENU_REST;
    ui.spacing_mut().scroll = egui::style::ScrollStyle::solid();
    egui::ScrollArea::vertical().max_height(room.clamp(120.0, 480.0)).show(ui, |ui| {
        let unlisted = current.filter(|c| !entries.iter().any(|m| is_of(m, c)));
        if let Some(path) = unlisted {
            let _ = menu_row(ui, Icon::Model, &model_name(path), "", true);
        }
        for entry in &entries {
            let chosen = current.is_some_and(|c| is_of(entry, c));
            let note = match (&entry.measured, entry.task()) {
                (Some(m), _) => format!("{:.0} ms", m.total_ms),
                (None, Some(task)) => task_name(view.language, task).to_owned(),
                (None, None) => String::new(),
            };
            let icon = if entry.favourite { Icon::Star } else { Icon::Model };
            let row = menu_row(ui, icon, &entry.name, &note, chosen);
            if row.on_hover_text(names::shown(&entry.path.display().to_string())).clicked() {
                out.push(Intent::Model(ModelIntent::Open(entry.path.clone())));
            }
        }
    });
    if entries.is_empty() && current.is_none() {
        caption(ui, s.no_models_found);
    }
    ui.separator();
    if menu_row(ui, Icon::Library, view.strings.library.library, "L", false).clicked() {
        out.push(Intent::Window(WindowIntent::Show(Page::Library)));
    }
    if menu_row(ui, Icon::Folder, s.open_model, "", false).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::Model)));
    }
    let none = view.model.current.is_none() && view.model.opening.is_none();
    if menu_row(ui, Icon::Close, s.no_model, "", none).clicked() {
        out.push(Intent::Model(ModelIntent::Close));
    }
}

fn failure_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let Some((path, error)) = &view.model.failed else { return };
    let text = model_page(view.language, error);
    let colour = palette(ui).warn;
    if view.lacks_runtime() {
        // The banner over the preview says the rest.
        ui.label(egui::RichText::new(&text.title).color(colour));
        return;
    }
    notice(ui, colour, &text.title, &text.explanation, |ui| {
        ui.add(
            egui::Label::new(egui::RichText::new(&text.fix).color(palette(ui).weak)).wrap().selectable(true),
        );
        if error.is_tried_again() {
            ui.label(egui::RichText::new(view.strings.servers.tries_again).color(palette(ui).weak));
        }
        if let Some(model) = view.model.current.as_ref().filter(|model| model.path != *path) {
            ui.label(egui::RichText::new((s.old_one_runs)(&model.name)).color(palette(ui).weak));
        }
        ui.horizontal_wrapped(|ui| match **error {
            ModelError::NotUnderstood { .. } | ModelError::UnexpectedOutput { .. } => {
                if ui.button(s.how_to_read).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Reading(path.clone()))));
                }
            }
            _ => {
                if ui.button(s.try_again).clicked() {
                    out.push(Intent::Model(ModelIntent::Open(path.clone())));
                }
            }
        });
    });
}

fn spec_ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, out: &mut Vec<Intent>) {
    let s = view.strings;
    let spec = &model.spec;
    ui.spacing_mut().item_spacing.y = 2.0;
    let (w, h) = spec.input.size.bound();
    let bound = if matches!(spec.input.size, Size::Dynamic { .. }) { "≤ " } else { "" };
    let layout = match spec.input.layout {
        Layout::Nchw => "NCHW",
        Layout::Nhwc => "NHWC",
    };
    let action = spec.task == Task::Action;
    let size = if action { (s.skeletons)(h, w) } else { format!("{bound}{w}×{h}") };
    let kind = kind_text(view.language, spec.task, spec.family);
    let text = format!("{kind} · {size}").replace("） ·", "）·");
    let input = if action { size.clone() } else { format!("{size} · {layout}") };
    let hint = [
        (s.pair)(s.task, task_name(view.language, spec.task)),
        (s.pair)(s.family, family_name(view.language, spec.family)),
        (s.pair)(s.input, &input),
    ]
    .join("\n");
    ui.add(egui::Label::new(egui::RichText::new(text).small().color(palette(ui).weak)).wrap())
        .on_hover_text(hint);
    super::server_panel::ui(ui, view, model);
    if !model.adapters.is_empty() {
        adapters_ui(ui, view, model, out);
    }
    super::companion_ui::ui(ui, view, model, out);
    egui::CollapsingHeader::new(s.how_do_we_know).id_salt("evidence").show_unindented(ui, |ui| {
        let p = palette(ui);
        ui.label(egui::RichText::new(file_name(&model.path)).color(p.strong))
            .on_hover_text(model.path.display().to_string());
        for line in &spec.evidence {
            ui.horizontal_top(|ui| {
                ui.label(egui::RichText::new("·").color(p.accent));
                ui.add(
                    egui::Label::new(egui::RichText::new(phrase(view.language, line)).color(p.text))
                        .wrap()
                        .selectable(true),
                );
            });
        }
        let sure = (s.certainty)(spec.confidence * 100.0);
        ui.label(egui::RichText::new(sure).small().color(p.weak));
        if ui.button(s.how_to_read).clicked() {
            out.push(Intent::Window(WindowIntent::Show(Page::Reading(model.path.clone()))));
        }
    });
}

/// The switch between the adapters next to the model.
fn adapters_ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, out: &mut Vec<Intent>) {
    let s = view.strings;
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(s.adapter).color(palette(ui).weak));
        let name =
            |path: Option<&std::path::PathBuf>| path.map_or(s.no_adapter.to_owned(), |p| model_name(p));
        egui::ComboBox::from_id_salt("adapter").selected_text(name(model.adapter.as_ref())).show_ui(
            ui,
            |ui| {
                for choice in std::iter::once(None).chain(model.adapters.iter().map(Some)) {
                    let chosen = model.adapter.as_ref() == choice;
                    if ui.selectable_label(chosen, name(choice)).clicked() && !chosen {
                        out.push(Intent::Model(ModelIntent::Adapter(choice.cloned())));
                    }
                }
            },
        );
    });
}
