//! The inference servers: what each has, and a form for another one.

use egui::{self, TextEdit, Ui};

use super::parts::{chip, row_frame, task_mark};
use super::state::{LibraryPage, Question, ServerForm};
use crate::app::icons::Icon;
use crate::app::intent::{CompareIntent, Intent, ModelIntent, Page, ServersIntent, WindowIntent};
use crate::app::servers::{ASK_AGAIN, Asked, ServerRow};
use crate::app::strings::{
    Explain as _, Servers, kind_text, phrase, plain_quotes, sentences, server_title, task_name,
};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{at_right, centred_page, icon_button, notice, plain_button, primary_button};
use crate::library::servers::{ReachedServer, ServedModel};
use crate::server::{AddressError, ModelAddress, SavedServer, ServerAddress, ServerError, Token};
use crate::source::address::typed_path;

/// Size of a model's buttons.
const BUTTON: egui::Vec2 = egui::vec2(72.0, 30.0);

pub(super) fn ui(page: &mut LibraryPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.servers;
    out.push(Intent::Servers(ServersIntent::Shown));
    ui.ctx().request_repaint_after(ASK_AGAIN);
    if let Some(error) = view.library.servers_error {
        // Without the list, a server that is added would replace it.
        let text = plain_quotes(&error.explain(view.language).to_string());
        notice(ui, palette(ui).warn, w.unreadable, &text, |ui| {
            if plain_button(ui, view.strings.try_again).clicked() {
                out.push(Intent::Servers(ServersIntent::ReadAgain));
            }
        });
        return;
    }
    form_ui(&mut page.server_form, ui, view, w, out);
    ui.add_space(6.0);
    if view.library.servers.is_empty() {
        if view.library.servers_known {
            centred_page(ui, 460.0, |ui| {
                ui.label(egui::RichText::new(w.none).heading().color(palette(ui).strong));
                ui.add(egui::Label::new(w.explained).wrap());
                ui.add(egui::Label::new(egui::RichText::new(w.how_to_deploy).color(palette(ui).weak)).wrap());
            });
        }
        return;
    }
    for row in view.library.servers {
        let marked = view.model.current.as_ref().is_some_and(|model| {
            model.path.to_str().is_some_and(|path| path.starts_with(&format!("{}/", row.saved.address)))
        });
        row_frame(ui, marked, |ui| server_ui(page, ui, view, w, row, out));
        ui.add_space(2.0);
    }
}

fn form_ui(form: &mut ServerForm, ui: &mut Ui, view: &View<'_>, w: &Servers, out: &mut Vec<Intent>) {
    let p = palette(ui);
    if form.sent && !view.library.servers_saving {
        // What couldn't be saved stays, to be tried again.
        if view.library.servers_saved { *form = ServerForm::default() } else { form.sent = false }
    }
    let mut send = false;
    ui.horizontal_wrapped(|ui| {
        let margin = egui::Margin::symmetric(10, 7);
        let address = TextEdit::singleline(&mut form.address)
            .hint_text("oip://host:8000")
            .margin(margin)
            .desired_width(250.0);
        let address = ui.add(address).accessible_name(w.address).on_hover_text(w.address_hint);
        if address.changed() {
            form.wrong = None;
        }
        let token = TextEdit::singleline(&mut form.token)
            .password(true)
            .hint_text(w.token)
            .margin(margin)
            .desired_width(150.0);
        let token = ui.add(token).accessible_name(w.token).on_hover_text(w.token_hint);
        let ca =
            TextEdit::singleline(&mut form.ca).hint_text(w.certificate).margin(margin).desired_width(200.0);
        let ca = ui.add(ca).accessible_name(w.certificate).on_hover_text(w.certificate_hint);
        let entered = [&address, &token, &ca].iter().any(|field| field.lost_focus())
            && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let ready = view.library.servers_known && !form.sent && !form.address.trim().is_empty();
        let clicked = ui.add_enabled_ui(ready, |ui| plain_button(ui, w.add)).inner.clicked();
        send = ready && (clicked || entered);
    });
    if send {
        match typed_address(&form.address) {
            Ok(address) => {
                let saved = view.library.servers.iter().find(|row| row.saved.address == address);
                let mut server = saved.map_or_else(|| SavedServer::new(address), |row| row.saved.clone());
                if !form.ca.trim().is_empty() {
                    let file = typed_path(&form.ca);
                    server.ca = Some(std::path::absolute(&file).unwrap_or(file));
                }
                let token = Token::new(&form.token);
                out.push(Intent::Servers(ServersIntent::Add { server: Box::new(server), token }));
                form.sent = true;
            }
            Err(error) => {
                let text = error.explain(view.language);
                // Its own fix tells how the address of a model is written.
                let own = matches!(error, AddressError::Extra | AddressError::HasModel { .. });
                let fix = if own { &text.fix } else { w.address_fix };
                form.wrong = Some(plain_quotes(&sentences(&text.message, fix)));
            }
        }
    }
    if let Some(wrong) = &form.wrong {
        ui.add(egui::Label::new(egui::RichText::new(wrong).color(p.bad)).wrap());
    }
}

/// The server of an address as people type it: without a scheme, as a browser shows it, or with a model.
fn typed_address(text: &str) -> Result<ServerAddress, AddressError> {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").unwrap_or(("oip", text));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "oip".to_owned(),
        "https" => "oips".to_owned(),
        other => other.to_owned(),
    };
    let text = format!("{scheme}://{rest}");
    text.parse::<ServerAddress>().or_else(|error| match text.parse::<ModelAddress>() {
        Ok(model) => Ok(model.server),
        Err(_) => Err(error),
    })
}

/// The question before a server is forgotten. Returns whether it was answered.
pub(super) fn forget_ui(
    ui: &mut Ui,
    view: &View<'_>,
    address: &ServerAddress,
    out: &mut Vec<Intent>,
) -> bool {
    let w = &view.strings.servers;
    let title = (w.forget)(&address.to_string());
    ui.add(egui::Label::new(egui::RichText::new(title).heading().color(palette(ui).strong)).wrap());
    ui.add(egui::Label::new(w.forget_text).wrap());
    ui.horizontal(|ui| {
        let forget = primary_button(ui, w.forget_it).clicked();
        if forget {
            out.push(Intent::Servers(ServersIntent::Remove(address.clone())));
        }
        plain_button(ui, view.strings.cancel).clicked() || forget
    })
    .inner
}

fn server_ui(
    page: &mut LibraryPage,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Servers,
    row: &ServerRow,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let address = &row.saved.address;
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(address.to_string()).color(p.strong).size(15.0));
        match &row.state {
            Asked::Never => chip(ui, w.asking, p.weak),
            Asked::Reached(reached) => {
                chip(ui, &format!("{} {}", reached.info.name, reached.info.version), p.good)
            }
            Asked::Failed(error) => chip(ui, &server_title(view.language, error), p.bad),
        };
        if let Asked::Reached(reached) = &row.state {
            let network = (w.network)(reached.network.as_secs_f32() * 1000.0);
            ui.label(egui::RichText::new(network).color(p.weak)).on_hover_text(w.network_hint);
        }
        at_right(ui, ("server", address), |ui| {
            if icon_button(ui, Icon::Loop, w.ask, row.asking).clicked() {
                out.push(Intent::Servers(ServersIntent::Ask(address.clone())));
            }
            if icon_button(ui, Icon::Close, w.remove, false).clicked() {
                page.question = Some(Question::Forget(address.clone()));
            }
        });
    });
    let token = row.has_token.then(|| w.has_token.to_owned());
    let ca = row.saved.ca.as_ref().map(|file| (w.has_certificate)(&file.display().to_string()));
    let access: Vec<String> = token.into_iter().chain(ca).collect();
    if !access.is_empty() {
        ui.label(egui::RichText::new(access.join(" · ")).color(p.weak));
    }
    match &row.state {
        Asked::Never => {}
        Asked::Failed(error) => error_ui(ui, view, error),
        Asked::Reached(reached) => models_ui(ui, view, w, reached, out),
    }
    let mut local = row.saved.fallback_local;
    if ui.checkbox(&mut local, w.fallback_local).on_hover_text(w.fallback_local_hint).changed() {
        let server = SavedServer { fallback_local: local, ..row.saved.clone() };
        out.push(Intent::Servers(ServersIntent::Add { server: Box::new(server), token: None }));
    }
    if !row.saved.fallback.is_empty() {
        let list: Vec<String> = row.saved.fallback.iter().map(ToString::to_string).collect();
        ui.label(egui::RichText::new((w.fallbacks)(&list.join(", "))).color(p.weak));
    }
}

fn error_ui(ui: &mut Ui, view: &View<'_>, error: &ServerError) {
    let text = plain_quotes(&error.explain(view.language).to_string());
    ui.add(egui::Label::new(text).wrap().selectable(true));
}

fn models_ui(ui: &mut Ui, view: &View<'_>, w: &Servers, reached: &ReachedServer, out: &mut Vec<Intent>) {
    match &reached.models {
        Ok(models) if models.is_empty() => {
            ui.label(egui::RichText::new(w.no_models).color(palette(ui).weak));
        }
        Ok(models) => {
            for model in models {
                model_ui(ui, view, w, model, out);
            }
            if reached.left_out > 0 {
                ui.label(egui::RichText::new((w.left_out)(reached.left_out)).color(palette(ui).weak));
            }
        }
        Err(error) => error_ui(ui, view, error),
    }
}

fn model_ui(ui: &mut Ui, view: &View<'_>, w: &Servers, model: &ServedModel, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let path = model.address.to_path();
    let is_current = view.model.current.as_ref().is_some_and(|current| current.path == path);
    let is_opening = view.model.opening.as_deref() == Some(&*path);
    ui.horizontal(|ui| {
        let task = model.known().map(|spec| spec.task);
        task_mark(
            ui,
            task,
            task.map_or(view.strings.library.not_understood, |t| task_name(view.language, t)),
        );
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.set_width((ui.available_width() - 260.0).max(160.0));
            let name = egui::RichText::new(&model.listed.name).color(p.strong).size(15.0);
            ui.add(egui::Label::new(name).truncate());
            let mut facts = Vec::new();
            match (&model.spec, model.listed.ready) {
                (_, false) => facts.push(match &model.listed.reason {
                    Some(reason) => format!("{}: {}", w.not_ready, phrase(view.language, reason)),
                    None => w.not_ready.to_owned(),
                }),
                (Some(Ok(spec)), true) => {
                    facts.push(kind_text(view.language, spec.task, spec.family));
                    let (width, height) = spec.input.size.bound();
                    facts.push(format!("{width}×{height}"));
                }
                (Some(Err(reason)), true) => facts.push(phrase(view.language, reason).into_owned()),
                (None, true) => {}
            }
            facts.extend(model.listed.version.as_deref().map(|version| (w.version)(version)));
            facts.extend(model.compute.map(|time| (w.compute)(time.as_secs_f32() * 1000.0)));
            let facts = facts.join(" · ");
            let colour = if model.known().is_some() { p.weak } else { p.warn };
            ui.add(egui::Label::new(egui::RichText::new(&facts).color(colour)).truncate())
                .on_hover_text(facts);
        });
        at_right(ui, ("served", &path), |ui| {
            if is_current {
                chip(ui, view.strings.library.running, p.good);
            } else if is_opening {
                chip(ui, view.strings.library.opening, p.accent);
            } else if matches!(model.spec, Some(Err(_))) {
                let open = ui.add(egui::Button::new(view.strings.open).min_size(BUTTON));
                if open.on_hover_text(view.strings.how_to_read).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Reading(path.clone()))));
                }
            } else {
                let usable = model.listed.ready;
                ui.add_enabled_ui(usable, |ui| {
                    if ui.add(egui::Button::new(view.strings.library.use_it).min_size(BUTTON)).clicked() {
                        out.push(Intent::Model(ModelIntent::Open(path.clone())));
                        out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                    }
                    if view.model.current.is_some()
                        && ui
                            .add(egui::Button::new(w.compare).min_size(BUTTON))
                            .on_hover_text(w.compare_hint)
                            .clicked()
                    {
                        out.push(Intent::Compare(CompareIntent::Show(true)));
                        out.push(Intent::Compare(CompareIntent::Use(1, path.clone())));
                        out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                    }
                });
            }
        });
    });
}
