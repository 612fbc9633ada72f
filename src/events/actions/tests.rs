//! Actions against real peers: a web server in this process, mosquitto, programs, a D-Bus of its own.

#[cfg(unix)]
mod broker;
mod web;

use super::*;
use crate::events::When;
use crate::events::rule::CommandAction;
use web::{hook, server, status};

fn fired(actions: Vec<Action>) -> Fired {
    let rule = Rule {
        name: "Front gate".into(),
        class: "car".into(),
        zone: Some("Drive".into()),
        actions,
        ..Rule::default()
    };
    let event = EventRecord {
        time: 1_700_000_000_000,
        rule: rule.name.clone(),
        when: When::Enters.name().into(),
        class: "car".into(),
        track: Some(12),
        zone: rule.zone.clone(),
        count: 1,
        source: "前门 camera".into(),
        bbox: Some([1.0, 2.0, 3.0, 4.0]),
        ..EventRecord::default()
    };
    Fired {
        rule: Arc::new(rule),
        alert: Some(Alert(1)),
        event: Arc::new(event),
        thumbnail: Thumbnail::new(&[200; 64 * 48 * 4], (64, 48), None),
        prediction: None,
        options: Arc::default(),
    }
}

fn never() -> (Sender<()>, Stop) {
    let (keep, stop) = bounded(0);
    (keep, Stop(stop))
}

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

/// The outcomes that come within a time, until there are so many.
fn outcomes(actions: &Actions, count: usize) -> Vec<Outcome> {
    let until = Instant::now() + LONG;
    let mut all = Vec::new();
    while all.len() < count && Instant::now() < until {
        all.extend(actions.outcome());
        std::thread::sleep(Duration::from_millis(2));
    }
    all
}

#[cfg(unix)]
#[test]
fn what_hangs_holds_up_neither_other_actions_nor_the_end() {
    let (url, requests) = server(|_| None);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("done");
    let sh = |script: String| {
        Action::Command(CommandAction {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script, "sh".into(), "{class}".into()],
            limit_s: 600.0,
            ..CommandAction::default()
        })
    };
    let event = fired(vec![
        Action::Webhook(hook(&url)),
        sh("sleep 600".into()),
        sh(format!("echo \"$1\" >> {}; echo fine", file.display())),
    ]);
    let mut actions = Actions::default();
    let begin = Instant::now();
    for _ in 0..QUEUE + 3 {
        actions.fire(&event);
    }
    assert!(begin.elapsed() < Duration::from_millis(500), "handing over never waits: {:?}", begin.elapsed());
    requests.recv_timeout(LONG).expect("the server hangs");
    let until = Instant::now() + LONG;
    let (mut fine, mut busy) = (0, 0);
    while fine < QUEUE && Instant::now() < until {
        for outcome in outcomes(&actions, 1) {
            match outcome.result {
                Ok(done) => fine += usize::from(outcome.action == 2 && done.note == "fine"),
                Err(error) => busy += usize::from(matches!(*error, ActionError::Busy)),
            }
        }
    }
    assert!(fine >= QUEUE && busy >= 4, "{fine} done, {busy} left out");
    assert!(std::fs::read_to_string(&file).expect("written").lines().all(|line| line == "car"));
    let begin = Instant::now();
    drop(actions);
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
}

#[cfg(unix)]
#[test]
fn a_command_that_asks_for_the_snapshot_waits_for_it() {
    let show = |argument: &str| {
        Action::Command(CommandAction {
            program: "/bin/echo".into(),
            arguments: vec![argument.into()],
            ..CommandAction::default()
        })
    };
    let event = fired(vec![Action::Snapshot, show("at {file}"), show("no file")]);
    let mut actions = Actions::default();
    actions.fire(&event);
    let all = outcomes(&actions, 2);
    // There is no frame here, and the one that doesn't need it went on.
    assert!(
        all.iter()
            .any(|outcome| matches!(&outcome.result, Err(error) if matches!(**error, ActionError::NoFrame)))
    );
    assert!(all.iter().any(|outcome| outcome.result.as_ref().is_ok_and(|done| done.note == "no file")));
    actions.after_snapshot(&event, Some(std::path::Path::new("/p/a b.png")));
    let note = outcomes(&actions, 1)[0].result.as_ref().expect("done").note.clone();
    assert_eq!(note, "at /p/a b.png");
}

#[test]
fn what_waits_for_an_action_of_a_deleted_rule_isnt_sent() {
    let (url, requests) = server(|_| Some(status("500 Later")));
    let (other, others) = server(|_| Some(status("200 OK")));
    let event = fired(vec![Action::Webhook(hook(&url))]);
    let rule = Rule { name: "Other".into(), actions: vec![Action::Webhook(hook(&other))], ..Rule::default() };
    let stays = Fired { rule: Arc::new(rule), ..event.clone() };
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule), Arc::clone(&stays.rule)], None);
    for _ in 0..3 {
        actions.fire(&event);
    }
    requests.recv_timeout(LONG).expect("the first attempt");
    // Its rule is deleted while it waits for the second one.
    actions.set_rules(&[Arc::clone(&stays.rule)], None);
    let until = Instant::now() + LONG;
    while !actions.ending.is_empty() && Instant::now() < until {
        actions.set_rules(&[Arc::clone(&stays.rule)], None);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(actions.ending.is_empty());
    assert_eq!(requests.try_iter().count(), 0, "nothing more is sent");
    actions.fire(&stays);
    others.recv_timeout(LONG).expect("the other rule's lane goes on");
}

#[test]
fn actions_of_rules_that_are_gone_end() {
    let event = fired(vec![Action::Webhook(hook("http://127.0.0.1:9/"))]);
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule)], None);
    actions.fire(&event);
    assert_eq!(actions.lanes.len(), 1);
    actions.set_rules(&[], None);
    assert!(actions.lanes.is_empty());
}

const OWN_BUS: &str = "SIGHTLINE_TEST_OWN_BUS";

/// Runs below a D-Bus of its own, on which nobody shows notifications; see below.
#[test]
#[ignore = "run by a_notification_says_what_happened_and_where_nobody_shows_it_that_is_told"]
fn notifies_on_its_own_bus() {
    if std::env::var_os(OWN_BUS).is_none() {
        return;
    }
    let mut event = fired(Vec::new());
    let record = EventRecord { zone: Some("A <b>&</b>".into()), ..EventRecord::clone(&event.event) };
    event.event = Arc::new(record);
    let error = desktop::show(&event).expect_err("nobody is there");
    println!("told: {error} {}", error.fix());
}

#[cfg(target_os = "linux")]
#[test]
fn a_notification_says_what_happened_and_where_nobody_shows_it_that_is_told() {
    let installed = |name: &str| {
        ["/usr/bin", "/bin"].iter().any(|folder| std::path::Path::new(folder).join(name).exists())
    };
    if !installed("dbus-run-session") || !installed("dbus-monitor") {
        eprintln!("skipped: dbus-run-session or dbus-monitor isn't installed");
        return;
    }
    // The monitor sees what is sent, whether or not anybody receives it.
    let script = "dbus-monitor --session 'interface=org.freedesktop.Notifications' > \"$1\" & sleep 1; \
                  \"$2\" --ignored --exact --nocapture events::actions::tests::notifies_on_its_own_bus; sleep 0.5; kill %1";
    let folder = tempfile::tempdir().expect("a folder");
    let sent = folder.path().join("sent");
    let output = std::process::Command::new("dbus-run-session")
        .args(["--", "bash", "-c", script, "bash"])
        .arg(&sent)
        .arg(std::env::current_exe().expect("this program"))
        .env(OWN_BUS, "1")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("told: The desktop shows no notifications"), "{told}");
    let sent = std::fs::read_to_string(sent).expect("what was sent");
    for part in
        ["member=Notify", "\"Sightline\"", "\"Front gate\"", "car #12 entered A &lt;b&gt;&amp;&lt;/b&gt;"]
    {
        assert!(sent.contains(part), "{part} isn't in {sent}");
    }
}
