//! The page of events and rules, and the card of privacy.

use std::sync::Arc;

use egui::accesskit::Role;

use super::*;
use crate::app::events::{EventRow, Tested};
use crate::app::intent::{EventsIntent, SettingsIntent};
use crate::events::{Action, EventRecord, LogSummary, Rule, WebhookAction, When};
use crate::track::zones::SceneFile;

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.events), Vec::new());
    page.ui(ui, &bench.view(), &mut out);
    bench.events = page;
    bench.intents.extend(out);
}

fn rule(name: &str) -> Rule {
    Rule { name: name.into(), class: "car".into(), zone: Some("Drive".into()), ..Rule::default() }
}

fn with_rules(rules: &[Rule]) -> Bench {
    Bench { rules: Rules { rules: rules.to_vec(), ..Rules::default() }, ..Bench::default() }
}

fn type_into(harness: &mut Harness<'_, Bench>, label: &str, text: &str) {
    let field = harness.get_by_role_and_label(Role::TextInput, label);
    field.focus();
    field.type_text(text);
    harness.run_steps(4);
}

#[test]
fn an_empty_log_explains_itself_and_leads_to_a_rule() {
    for language in [Language::English, Language::Chinese] {
        let mut bench = Bench { language, ..Bench::default() };
        bench.events.loading = false;
        let mut harness = bench.shown(page_of);
        // The page asks for the list; nothing has come yet.
        assert!(
            harness.state().intents.iter().any(|i| matches!(i, Intent::Events(EventsIntent::List { .. })))
        );
        harness.state_mut().events.loading = false;
        harness.run_steps(3);
        let s = Strings::of(language);
        assert!(harness.query_by_label(s.events.nothing).is_some());
        press(&mut harness, s.events.first_rule);
        assert!(harness.query_by_label(s.events.new_rule).is_some(), "the editor is open");
        assert!(harness.query_by_label_contains(s.events.no_actions).is_some());
    }
}

#[test]
fn a_rule_is_written_with_plain_controls() {
    let mut bench = Bench::default().with_model();
    bench.zones =
        SceneFile::parse("[[zones]]\nname = \"Drive\"\npoints = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]\n")
            .unwrap();
    bench.events.edit(None);
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label_contains("The rule has no name.").is_some());
    type_into(&mut harness, "Name", "Gate");
    // The only zone is chosen.
    press(&mut harness, "Add action");
    press(&mut harness, "Webhook");
    assert!(harness.query_by_label_contains("isn't an http").is_some());
    type_into(&mut harness, "Address", "https://example.org/h");
    press(&mut harness, "Test now");
    press(&mut harness, "Save");
    let intents = &harness.state().intents;
    let saved = intents.iter().find_map(|intent| match intent {
        Intent::Events(EventsIntent::SaveRule(None, rule)) => Some(rule),
        _ => None,
    });
    let saved = saved.expect("it is saved");
    let hook = WebhookAction { url: "https://example.org/h".into(), ..WebhookAction::default() };
    assert_eq!((saved.name.as_str(), saved.zone.as_deref()), ("Gate", Some("Drive")));
    assert_eq!((saved.when, &saved.actions), (When::Enters, &vec![Action::Webhook(hook)]));
    assert!(
        intents
            .iter()
            .any(|i| matches!(i, Intent::Events(EventsIntent::Test(rule, 0)) if rule.name == "Gate"))
    );
    // What came of the test is shown beside the action.
    let why = "The server example.org can't be reached: no answer.";
    harness.state_mut().events.tested.insert(("Gate".into(), 0), Tested::Failed(why.into()));
    harness.run_steps(3);
    assert!(harness.query_by_label(why).is_some());
}

#[test]
fn a_new_rule_fits_a_source_without_zones_and_can_be_saved_once_it_has_a_name() {
    let mut bench = Bench::default().with_model();
    bench.events.edit(None);
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_value("appears").is_some(), "nothing that needs a zone");
    assert!(harness.query_by_value("no limit").is_some(), "how often it fires");
    type_into(&mut harness, "Name", "Gate");
    harness.get_by_role_and_label(Role::ComboBox, "What happens").click();
    harness.run_steps(3);
    press(&mut harness, "stays");
    press(&mut harness, "Save");
    let saved = harness.state().intents.iter().find_map(|intent| match intent {
        Intent::Events(EventsIntent::SaveRule(None, rule)) => Some((rule.when, rule.for_s)),
        _ => None,
    });
    assert_eq!(saved, Some((When::StaysIn, 10.0)));
}

#[test]
fn all_rows_of_the_list_are_equally_wide() {
    let mut bench = Bench::default();
    bench.events.loading = false;
    for id in 1..=4 {
        let file = Some("/pictures/Sightline 1.png".to_owned());
        let event =
            EventRecord { id, rule: "Gate".into(), class: "car".into(), file, ..EventRecord::default() };
        bench.events.rows.push(EventRow { event, picture: None });
    }
    bench.events.summary = LogSummary { events: 4, ..LogSummary::default() };
    let mut harness = bench.shown(page_of);
    harness.run_steps(5);
    let edges: Vec<f32> = harness.get_all_by_label("Delete").map(|button| button.rect().right()).collect();
    assert!(edges.len() == 4 && edges.iter().all(|edge| (edge - edges[0]).abs() < 0.5), "{edges:?}");
}

#[test]
fn what_a_test_tells_does_not_move_the_buttons() {
    let mut bench = with_rules(&[Rule { actions: vec![Action::Sound], ..rule("Gate") }]);
    let edited = Arc::new(bench.rules.rules[0].clone());
    bench.events.edit(Some(&edited));
    let mut harness = bench.shown(page_of);
    let place = |harness: &Harness<'_, Bench>| harness.get_by_label("Save").rect();
    let before = place(&harness);
    harness.state_mut().events.tested.insert(("Gate".into(), 0), Tested::Failed("no player".into()));
    harness.run_steps(3);
    assert!(harness.query_by_label("no player").is_some());
    assert_eq!(place(&harness), before);
}

#[test]
fn names_that_would_be_one_topic_are_refused() {
    let mut bench = with_rules(&[rule("Front gate"), rule("Other")]);
    let other = Arc::new(bench.rules.rules[1].clone());
    bench.events.edit(Some(&other));
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label_contains("Two rules").is_none());
    let field = harness.get_by_role_and_label(Role::TextInput, "Name");
    field.focus();
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    harness.run_steps(2);
    type_into(&mut harness, "Name", "front  GATE");
    assert!(harness.query_by_label_contains("Two rules").is_some());
}

#[test]
fn a_rule_that_cant_fire_says_why_and_can_be_switched_off() {
    let mut bench = with_rules(&[rule("Night")]);
    bench.events.tab = crate::app::events::EventsTab::Rules;
    bench.obstacles = vec![("Night".into(), Problem::UnknownZone { zone: "Drive".into() })];
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label_contains("the scene has no zone \"Drive\"").is_some());
    assert!(harness.query_by_label("car enters Drive").is_some());
    press(&mut harness, "Enabled: Night");
    let off = Intent::Events(EventsIntent::Enable("Night".into(), false));
    assert!(harness.state().intents.contains(&off));
    press(&mut harness, "Delete");
    assert!(harness.state().intents.contains(&Intent::Events(EventsIntent::DeleteRule("Night".into()))));
}

#[test]
fn events_are_listed_narrowed_exported_and_deleted() {
    let mut bench = with_rules(&[rule("Night")]);
    let event = |id: i64| EventRecord {
        id,
        time: 1_700_000_000_000 + id * 1000,
        ended: Some(1_700_000_012_000 + id * 1000),
        rule: "Night".into(),
        when: "enters".into(),
        class: "car".into(),
        track: Some(id as u32),
        zone: Some("Drive".into()),
        count: 1,
        source: "Front".into(),
        ..EventRecord::default()
    };
    let shown = |bench: &mut Bench, ui: &mut Ui| {
        bench.events.loading = false;
        page_of(bench, ui);
    };
    bench.events.rows = (1..3).rev().map(|id| EventRow { event: event(id), picture: None }).collect();
    (bench.events.count, bench.events.more) = (2, true);
    bench.events.summary =
        LogSummary { events: 2, rules: vec!["Night".into()], classes: vec!["car".into()], bytes: 9 };
    let mut harness = bench.shown(shown);
    assert!(harness.query_by_label("car #2 entered Drive").is_some());
    assert_eq!(harness.query_all_by_label_contains("12 s · Front").count(), 2);
    harness.get_all_by_label("Delete").next().expect("a button").click();
    harness.run_steps(3);
    assert!(harness.state().intents.contains(&Intent::Events(EventsIntent::Delete(vec![2]))));
    harness.state_mut().intents.clear();
    type_into(&mut harness, "Search events", "gate");
    let asked = harness.state().intents.iter().any(
        |intent| matches!(intent, Intent::Events(EventsIntent::List { filter, after: None }) if filter.text == "gate"),
    );
    assert!(asked, "the list is read anew");
    press(&mut harness, "Delete listed…");
    assert!(harness.query_by_label("Delete 2 events?").is_some());
    assert!(
        !harness.state().intents.iter().any(|i| matches!(i, Intent::Events(EventsIntent::DeleteListed(_))))
    );
    press(&mut harness, "Cancel");
    assert!(harness.query_by_label("Delete 2 events?").is_none());
}

#[test]
fn privacy_is_chosen_in_the_settings() {
    let page = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        crate::app::settings_page::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    };
    let mut harness = Bench::default().shown(page);
    let label = Strings::of(Language::English).events.privacy_on;
    harness.get_by_label(label).scroll_to_me();
    harness.run_steps(4);
    press(&mut harness, label);
    let on = harness.state().intents.iter().any(
        |intent| matches!(intent, Intent::Settings(SettingsIntent::Privacy(privacy)) if privacy.on && privacy.classes.len() == 3),
    );
    assert!(on);
}
