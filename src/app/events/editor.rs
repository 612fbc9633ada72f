//! The editor of a rule.

use egui::{self, DragValue, TextEdit, Ui};

use super::state::{Draft, EventsPage, Tested};
use crate::app::intent::{EventsIntent, Intent, Page, WindowIntent, ZonesIntent};
use crate::app::strings::{Events, action_name, direction_name, problem_text, when_name};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{at_right, card, combo_arrow, follow_focus, plain_button, primary_button};
use crate::events::{ANY, Action, ClipAction, CommandAction, Direction, Problem, Rule, WebhookAction, When};
use crate::track::zones::SceneFile;

/// Width of the fields.
const FIELD: f32 = 280.0;
/// How many seconds an object stays unless the user says otherwise.
const STAY_S: f64 = 10.0;

pub(super) fn ui(page: &mut EventsPage, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) {
    let Some(draft) = &mut page.draft else { return };
    let (tested, mut close) = (&mut page.tested, false);
    if draft.original.is_none() && !draft.shown {
        let scene = view.zones;
        draft.rule.when = first_when(scene);
        // Where there is one, nobody needs to choose.
        if let [zone] = &scene.zones[..] {
            draft.rule.zone = Some(zone.name.to_string());
        }
        if let [line] = &scene.lines[..] {
            draft.rule.line = Some(line.name.to_string());
        }
    }
    // The buttons stay at the bottom, whatever the cards above them tell; their height is that of the last pass.
    let key = ui.scope_id().with("rule buttons");
    let height = ui.ctx().data(|data| data.get_temp::<f32>(key)).unwrap_or(64.0);
    egui::ScrollArea::vertical()
        .id_salt("rule editor")
        .auto_shrink([false, false])
        .max_height((ui.available_height() - height).max(120.0))
        .content_margin(egui::Margin { right: 12, bottom: 16, ..Default::default() })
        .show(ui, |ui| {
            let title = if draft.original.is_some() { w.edit } else { w.new_rule };
            card(ui, title, |ui| {
                egui::Grid::new("rule").num_columns(2).spacing([20.0, 10.0]).show(ui, |ui| {
                    fields_ui(draft, ui, view, w, out);
                });
            });
            card(ui, w.actions, |ui| actions_ui(draft, tested, ui, view, w, out));
            follow_focus(ui);
        });
    let buttons = ui.scope(|ui| close = buttons_ui(draft, ui, view, w, out));
    let height = buttons.response.rect.height() + ui.spacing().item_spacing.y + 8.0;
    ui.ctx().data_mut(|data| data.insert_temp(key, height));
    if close {
        page.close_editor();
    }
}

/// What a new rule waits for: what this scene has.
fn first_when(scene: &SceneFile) -> When {
    match (scene.zones.is_empty(), scene.lines.is_empty()) {
        (false, _) => When::Enters,
        (true, false) => When::Crosses,
        (true, true) => When::Appears,
    }
}

/// What keeps the rule from being saved, and the buttons; returns whether the editor is to be closed.
fn buttons_ui(draft: &Draft, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) -> bool {
    let problem = problem(draft, view);
    ui.add_space(6.0);
    if let Some(problem) = &problem {
        let text = problem_text(view.language, problem);
        // Nothing is wrong yet with a new rule that nobody has named.
        let is_new = draft.original.is_none() && !draft.named && *problem == Problem::NoName;
        let colour = if is_new { palette(ui).weak } else { palette(ui).warn };
        ui.add(egui::Label::new(egui::RichText::new(text).color(colour)).wrap());
    }
    ui.horizontal(|ui| {
        let save = ui.add_enabled_ui(problem.is_none(), |ui| primary_button(ui, w.save)).inner;
        if save.clicked() {
            let rule = Box::new(finished(&draft.rule));
            out.push(Intent::Events(EventsIntent::SaveRule(draft.original.clone(), rule)));
        }
        plain_button(ui, w.cancel).clicked()
    })
    .inner
}

/// What keeps the rule from being saved.
fn problem(draft: &Draft, view: &View<'_>) -> Option<Problem> {
    let rules = view.events.rules;
    let topic = crate::events::actions::topic_name;
    let same = |rule: &&Rule| {
        draft.original.as_deref() != Some(&*rule.name) && topic(&rule.name) == topic(&draft.rule.name)
    };
    if draft.rule.name.trim().is_empty() {
        return Some(Problem::NoName);
    }
    if let Some(same) = rules.rules.iter().find(same) {
        return Some(Problem::SameName { name: same.name.clone() });
    }
    // A broker may be named later; the list says so.
    finished(&draft.rule).problem(rules.mqtt.as_ref()).filter(|problem| *problem != Problem::NoBroker)
}

/// The rule without what only the editor needs.
fn finished(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    rule.name = rule.name.trim().to_owned();
    if !rule.when.has_zone() {
        rule.zone = None;
    }
    if rule.when != When::Crosses {
        rule.line = None;
    }
    for name in [&mut rule.zone, &mut rule.line] {
        name.take_if(|name| name.trim().is_empty());
    }
    for action in &mut rule.actions {
        if let Action::Command(command) = action {
            while command.arguments.last().is_some_and(String::is_empty) {
                command.arguments.pop();
            }
        }
    }
    rule
}

fn fields_ui(draft: &mut Draft, ui: &mut Ui, view: &View<'_>, w: &Events, out: &mut Vec<Intent>) {
    let language = view.language;
    let Draft { rule, hours, shown, named, .. } = draft;
    ui.label(w.name);
    let name = ui.add(TextEdit::singleline(&mut rule.name).desired_width(FIELD)).accessible_name(w.name);
    *named |= name.changed();
    if !std::mem::replace(shown, true) {
        name.request_focus();
    }
    ui.end_row();

    ui.label(w.object);
    let labels = view.labels();
    let classes = || -> Vec<String> {
        let all =
            labels.iter().flat_map(|labels| (0..labels.len() as u32).map(|id| labels.name(id, language)));
        std::iter::once(w.any_object.to_owned()).chain(all.map(std::borrow::Cow::into_owned)).collect()
    };
    let mut class = if rule.class == ANY { w.any_object.to_owned() } else { rule.class.clone() };
    if name_ui(ui, ("class", w.object), "", "", &mut class, &classes, out) {
        rule.class = if class == w.any_object { ANY.to_owned() } else { class };
    }
    ui.end_row();

    ui.label(w.happens);
    let before = rule.when;
    let combo = egui::ComboBox::from_id_salt("when").icon(combo_arrow).width(FIELD);
    let chosen = combo.selected_text(when_name(language, rule.when)).show_ui(ui, |ui| {
        for when in When::ALL {
            ui.selectable_value(&mut rule.when, when, when_name(language, when));
        }
    });
    chosen.response.accessible_name(w.happens);
    ui.end_row();
    if rule.when != before {
        rule.for_s = match (rule.when, rule.for_s) {
            (When::StaysIn, seconds) if seconds <= 0.0 => STAY_S,
            (_, seconds) if before == When::StaysIn && seconds == STAY_S => 0.0,
            (_, seconds) => seconds,
        };
    }

    if rule.when.has_zone() {
        ui.label(w.zone);
        let mut zone = rule.zone.clone().unwrap_or_default();
        let hint = if rule.when == When::StaysIn { w.zone_hint } else { "" };
        let zones = || view.zones.zones.iter().map(|zone| zone.name.to_string()).collect();
        if name_ui(ui, ("zone", w.zone), hint, w.no_zones, &mut zone, &zones, out) {
            rule.zone = (!zone.is_empty()).then_some(zone);
        }
        ui.end_row();
    }
    if rule.when == When::Crosses {
        rule.for_s = 0.0;
        ui.label(w.line);
        let mut line = rule.line.clone().unwrap_or_default();
        let lines = || view.zones.lines.iter().map(|line| line.name.to_string()).collect();
        if name_ui(ui, ("line", w.line), "", w.no_lines, &mut line, &lines, out) {
            rule.line = (!line.is_empty()).then_some(line);
        }
        ui.end_row();
        ui.label(w.direction);
        ui.horizontal(|ui| {
            for direction in [Direction::Either, Direction::In, Direction::Out] {
                ui.selectable_value(&mut rule.direction, direction, direction_name(language, direction));
            }
        });
        ui.end_row();
    } else {
        ui.label(w.for_s);
        seconds_ui(ui, w, w.for_s, &mut rule.for_s, None);
        ui.end_row();
    }
    ui.label(w.at_least).on_hover_text(w.at_least_hint);
    ui.add(DragValue::new(&mut rule.at_least).range(1..=1000).speed(0.05))
        .on_hover_text(w.at_least_hint)
        .accessible_name(w.at_least);
    ui.end_row();
    ui.label(w.pause);
    seconds_ui(ui, w, w.pause, &mut rule.pause_s, Some(w.no_limit));
    ui.end_row();

    ui.label(w.hours);
    ui.horizontal(|ui| {
        let mut limited = rule.hours.is_some();
        let switched = ui.checkbox(&mut limited, "").accessible_name(w.hours).changed();
        let field = |ui: &mut Ui, text: &mut String, name: &str| {
            let edit = TextEdit::singleline(text).hint_text("22:00").desired_width(56.0);
            ui.add_enabled(limited, edit).accessible_name(name).changed()
        };
        let from = field(ui, &mut hours.0, "22:00");
        ui.label("–");
        let to = field(ui, &mut hours.1, "06:00");
        let parsed = format!("{}-{}", hours.0, hours.1).parse().ok();
        if switched || from || to {
            // What isn't a time yet leaves the rule as it was.
            rule.hours = if limited { parsed.or(rule.hours) } else { None };
        }
        if limited && parsed.is_none() {
            ui.label(egui::RichText::new("22:00 – 06:00").color(palette(ui).warn));
        }
    });
    ui.end_row();
}

/// A number of seconds; `zero` stands for 0.
fn seconds_ui(ui: &mut Ui, w: &Events, name: &str, value: &mut f64, zero: Option<&str>) {
    let is_zero = *value == 0.0;
    let mut drag = DragValue::new(value).range(0.0..=86_400.0).speed(0.1).max_decimals(1);
    match zero.filter(|_| is_zero) {
        Some(zero) => {
            let shown = |value: f64| if value == 0.0 { zero.to_owned() } else { value.to_string() };
            drag = drag.custom_formatter(move |value, _| shown(value));
            drag = drag.custom_parser(|text| text.trim().parse().ok());
        }
        None => drag = drag.suffix(format!(" {}", w.seconds)),
    }
    ui.add(drag).accessible_name(name);
}

/// A name that is typed or chosen; returns whether it was changed. Where there is nothing to choose, `none` says so and
/// leads to the editor of zones; without it there is a dash.
fn name_ui(
    ui: &mut Ui,
    (id, label): (&str, &str),
    hint: &str,
    none: &str,
    text: &mut String,
    choices: &dyn Fn() -> Vec<String>,
    out: &mut Vec<Intent>,
) -> bool {
    let mut changed = false;
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(text).hint_text(hint).desired_width(FIELD - 40.0);
        changed = ui.add(edit).accessible_name(label).changed();
        let button = ui.add(egui::Button::new("…").min_size(egui::vec2(30.0, 0.0)));
        egui::Popup::menu(&button).id(ui.scope_id().with((id, "choices"))).width(FIELD).show(|ui| {
            let choices = choices();
            if choices.is_empty() && none.is_empty() {
                ui.label("–");
            } else if choices.is_empty() && ui.button(none).clicked() {
                out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                out.push(Intent::Zones(ZonesIntent::Edit(true)));
                ui.close();
            }
            egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
                for choice in choices {
                    if ui.selectable_label(*text == choice, &choice).clicked() {
                        *text = choice;
                        changed = true;
                        ui.close();
                    }
                }
            });
        });
        button.on_hover_text(label);
    });
    changed
}

fn actions_ui(
    draft: &mut Draft,
    tested: &mut std::collections::HashMap<(String, usize), Tested>,
    ui: &mut Ui,
    view: &View<'_>,
    w: &Events,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let rule = &mut draft.rule;
    if rule.actions.is_empty() {
        ui.label(egui::RichText::new(w.no_actions).color(p.weak));
    }
    let mut removed = None;
    for place in 0..rule.actions.len() {
        let key = (rule.name.trim().to_owned(), place);
        let testable = finished(rule);
        let Some(action) = rule.actions.get_mut(place) else { continue };
        ui.push_id(place, |ui| {
            ui.horizontal(|ui| {
                ui.label(egui::RichText::new(action_name(view.language, action)).color(p.strong));
                at_right(ui, "action", |ui| {
                    let waits = tested.get(&key) == Some(&Tested::Waiting);
                    let text = if waits { w.testing } else { w.test_now };
                    if ui.add_enabled(!waits, egui::Button::new(text)).clicked() {
                        tested.insert(key.clone(), Tested::Waiting);
                        out.push(Intent::Events(EventsIntent::Test(Box::new(testable), place)));
                    }
                    if ui.button(w.remove).clicked() {
                        removed = Some(place);
                    }
                });
            });
            match action {
                Action::Command(command) => command_ui(ui, w, command),
                Action::Webhook(hook) => webhook_ui(ui, w, hook),
                Action::Clip(clip) => clip_ui(ui, w, clip),
                Action::Collect => drop(ui.label(egui::RichText::new(w.collect_text).color(p.weak))),
                Action::Mqtt => drop(ui.label(egui::RichText::new(w.mqtt_text).color(p.weak))),
                Action::Notification | Action::Sound | Action::Snapshot => {}
            }
            let (text, colour) = match tested.get(&key) {
                Some(Tested::Worked(note)) if note.is_empty() => (w.worked.to_owned(), p.good),
                Some(Tested::Worked(note)) => (format!("{}: {note}", w.worked), p.good),
                Some(Tested::Failed(why)) => (why.clone(), p.bad),
                Some(Tested::Waiting) | None => return,
            };
            ui.add(egui::Label::new(egui::RichText::new(text).color(colour)).wrap().selectable(true));
        });
        ui.separator();
    }
    if let Some(place) = removed {
        rule.actions.remove(place);
        tested.clear();
    }
    let add = plain_button(ui, w.add_action);
    egui::Popup::menu(&add).show(|ui| {
        for action in new_actions() {
            if ui.button(action_name(view.language, &action)).clicked() {
                rule.actions.push(action);
            }
        }
    });
}

fn new_actions() -> [Action; 8] {
    [
        Action::Notification,
        Action::Sound,
        Action::Snapshot,
        Action::Clip(ClipAction::default()),
        Action::Collect,
        Action::Command(CommandAction::default()),
        Action::Webhook(WebhookAction::default()),
        Action::Mqtt,
    ]
}

fn clip_ui(ui: &mut Ui, w: &Events, clip: &mut ClipAction) {
    egui::Grid::new("clip").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        for (label, seconds) in [(w.clip_before, &mut clip.before_s), (w.clip_after, &mut clip.after_s)] {
            ui.label(label);
            let drag = DragValue::new(seconds).range(0.0..=ClipAction::LONGEST_S).speed(0.5);
            ui.add(drag.suffix(format!(" {}", w.seconds))).accessible_name(label);
            ui.end_row();
        }
    });
    ui.add(egui::Label::new(egui::RichText::new(w.clip_text).small().color(palette(ui).weak)).wrap());
}

fn command_ui(ui: &mut Ui, w: &Events, command: &mut CommandAction) {
    egui::Grid::new("command").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        ui.label(w.program);
        let mut program = command.program.display().to_string();
        let edit = TextEdit::singleline(&mut program).hint_text("/usr/bin/logger").desired_width(FIELD);
        if ui.add(edit).accessible_name(w.program).changed() {
            command.program = program.into();
        }
        ui.end_row();
        ui.label(w.arguments);
        ui.vertical(|ui| {
            let mut arguments = command.arguments.join("\n");
            let edit = TextEdit::multiline(&mut arguments).desired_rows(2).desired_width(FIELD);
            if ui.add(edit).accessible_name(w.arguments).changed() {
                command.arguments = arguments.split('\n').map(str::to_owned).collect();
            }
            ui.label(egui::RichText::new(w.arguments_hint).small().color(palette(ui).weak));
        });
        ui.end_row();
        ui.label(w.limit);
        let drag =
            DragValue::new(&mut command.limit_s).range(0.1..=86_400.0).suffix(format!(" {}", w.seconds));
        ui.add(drag).accessible_name(w.limit);
        ui.end_row();
    });
}

fn webhook_ui(ui: &mut Ui, w: &Events, hook: &mut WebhookAction) {
    egui::Grid::new("webhook").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        ui.label(w.address);
        let edit =
            TextEdit::singleline(&mut hook.url).hint_text("https://example.org/hook").desired_width(FIELD);
        ui.add(edit).accessible_name(w.address);
        ui.end_row();
        ui.label(w.authorization);
        let key = "Authorization";
        let mut value = hook.headers.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let edit = TextEdit::singleline(&mut value).hint_text("Bearer …").password(true).desired_width(FIELD);
        if ui.add(edit).accessible_name(w.authorization).changed() {
            if value.is_empty() {
                hook.headers.remove(key);
            } else {
                hook.headers.insert(key.into(), value.into());
            }
        }
        ui.end_row();
    });
    ui.checkbox(&mut hook.thumbnail, w.with_picture);
}
