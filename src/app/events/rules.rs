//! The list of rules, the broker and the log's limit.

use std::sync::Arc;

use egui::{self, TextEdit, Ui};

use super::state::EventsPage;
use crate::app::intent::{EventsIntent, Intent};
use crate::app::strings::{Events, Explain as _, action_name, plain_quotes, problem_text, rule_text};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{at_right, card, notice, primary_button};
use crate::events::{MqttBroker, Rule};
use crate::library::names;

pub(super) fn ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) {
    let rules = view.events.rules;
    if let Some(error) = view.events.rules_error {
        let text = error.explain(view.language);
        notice(ui, palette(ui).warn, &plain_quotes(&text.message), &plain_quotes(&text.fix), |ui| {
            if ui.button(w.reload).clicked() {
                out.push(Intent::Events(EventsIntent::Reload));
            }
        });
        ui.add_space(6.0);
        return;
    }
    for rule in &rules.unreadable {
        notice(ui, palette(ui).warn, &(w.unreadable)(&rule.name, &rule.reason), "", |_| {});
        ui.add_space(4.0);
    }
    if rules.rules.is_empty() {
        // As a card, so that the broker below stays on screen.
        ui.add_space(12.0);
        ui.vertical_centered(|ui| {
            ui.label(egui::RichText::new(w.no_rules).heading().color(palette(ui).strong));
            ui.add(egui::Label::new(w.no_rules_text).wrap());
            ui.add_space(8.0);
            if primary_button(ui, w.first_rule).clicked() {
                page.edit(None);
            }
        });
        ui.add_space(16.0);
    }
    for rule in &rules.rules {
        rule_ui(page, ui, view, w, rule, out);
    }
    ui.add_space(6.0);
    card(ui, w.broker, |ui| broker_ui(page, ui, view, w, out));
    card(ui, w.log, |ui| {
        ui.horizontal(|ui| {
            ui.label(w.log_limit);
            let mut limit = rules.log_limit_mb;
            let drag =
                egui::DragValue::new(&mut limit).range(1..=100_000).suffix(" MB").update_while_editing(false);
            if ui.add(drag).accessible_name(w.log_limit).changed() && limit != rules.log_limit_mb {
                out.push(Intent::Events(EventsIntent::LogLimit(limit)));
            }
            let size = (w.log_size)(&names::size(page.summary.bytes));
            ui.label(egui::RichText::new(size).color(palette(ui).weak));
        });
        if let Some(file) = view.events.rules_file {
            ui.horizontal_wrapped(|ui| {
                ui.label(egui::RichText::new(w.file).color(palette(ui).weak));
                ui.add(egui::Label::new(file.display().to_string()).selectable(true).wrap());
                if ui.button(w.reload).clicked() {
                    out.push(Intent::Events(EventsIntent::Reload));
                }
            });
        }
    });
}

fn rule_ui(
    page: &mut EventsPage,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Events,
    rule: &Rule,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    egui::Frame::new().fill(p.raised).corner_radius(8).inner_margin(10).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let mut enabled = rule.enabled;
            let switch = ui.checkbox(&mut enabled, "").on_hover_text(w.enabled);
            if switch.accessible_name(format!("{}: {}", w.enabled, rule.name)).changed() {
                out.push(Intent::Events(EventsIntent::Enable(rule.name.clone(), enabled)));
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.set_width((ui.available_width() - 170.0).max(120.0));
                let colour = if rule.enabled { p.strong } else { p.weak };
                let name = egui::RichText::new(&rule.name).color(colour).size(15.0);
                ui.add(egui::Label::new(name).truncate());
                let text = rule_text(view.language, rule);
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap());
                let actions: Vec<_> =
                    rule.actions.iter().map(|action| action_name(view.language, action)).collect();
                let actions = if actions.is_empty() { w.no_actions.to_owned() } else { actions.join(" · ") };
                ui.add(egui::Label::new(egui::RichText::new(actions).color(p.weak)).wrap());
                let problem = rule.problem(view.events.rules.mqtt.as_ref());
                let problem = problem.as_ref().or_else(|| view.events.obstacle(&rule.name));
                if let Some(problem) = problem.filter(|_| rule.enabled) {
                    let text = problem_text(view.language, problem);
                    ui.add(egui::Label::new(egui::RichText::new(text).color(p.warn)).wrap());
                }
            });
            at_right(ui, ("rule", &rule.name), |ui| {
                if ui.button(w.edit).clicked() {
                    page.edit(Some(&Arc::new(rule.clone())));
                }
                if ui.button(w.delete).clicked() {
                    out.push(Intent::Events(EventsIntent::DeleteRule(rule.name.clone())));
                }
            });
        });
    });
    ui.add_space(2.0);
}

fn broker_ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) {
    let now = &view.events.rules.mqtt;
    let (made_from, typed) = page.broker.get_or_insert_with(|| (now.clone(), now.clone()));
    if made_from != now {
        (*made_from, *typed) = (now.clone(), now.clone());
    }
    ui.add(egui::Label::new(egui::RichText::new(w.broker_text).color(palette(ui).weak)).wrap());
    let mut uses = typed.is_some();
    if ui.checkbox(&mut uses, w.use_broker).changed() {
        *typed = uses.then(MqttBroker::default);
        if !uses {
            out.push(Intent::Events(EventsIntent::Broker(None)));
        }
    }
    let Some(broker) = typed else { return };
    egui::Grid::new("broker").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        let line = |ui: &mut Ui, name: &str, text: &mut String, secret: bool| {
            ui.label(name);
            ui.add(TextEdit::singleline(text).password(secret).desired_width(260.0)).accessible_name(name);
            ui.end_row();
        };
        line(ui, w.host, &mut broker.host, false);
        ui.label(w.port);
        ui.add(egui::DragValue::new(&mut broker.port).range(1..=65535)).accessible_name(w.port);
        ui.end_row();
        let optional = |ui: &mut Ui, name: &str, value: &mut Option<String>, secret: bool| {
            let mut text = value.clone().unwrap_or_default();
            line(ui, name, &mut text, secret);
            *value = (!text.is_empty()).then_some(text);
        };
        optional(ui, w.user, &mut broker.user, false);
        optional(ui, w.password, &mut broker.password, true);
        line(ui, w.topic, &mut broker.topic, false);
    });
    if ui.checkbox(&mut broker.tls, w.tls).changed() {
        // The usual ports.
        broker.port = match (broker.tls, broker.port) {
            (true, 1883) => 8883,
            (false, 8883) => 1883,
            (_, port) => port,
        };
    }
    ui.checkbox(&mut broker.home_assistant, w.home_assistant);
    let changed = typed != now;
    if ui.add_enabled(changed, egui::Button::new(w.save)).clicked() {
        out.push(Intent::Events(EventsIntent::Broker(typed.clone().map(Box::new))));
    }
}
