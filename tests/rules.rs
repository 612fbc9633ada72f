//! Rules on the command line: which fire, and with `--act` what they do.

mod common;

use std::time::Duration;

use common::clips::{BLUE, RED, write};
use common::web_server::server;
use common::{TestEnv, onnx};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(20);

const SCENE: &str = r#"
[[lines]]
name = "gate"
points = [[0.5, 0.9], [0.5, 0.1]]
[[zones]]
name = "yard"
points = [[0.6, 0.6], [0.9, 0.6], [0.9, 0.95], [0.6, 0.95]]
"#;

/// A home with a model, a clip in which a red spot crosses a gate while a blue one stands in a yard, and its scene file.
fn street() -> TestEnv {
    let env = TestEnv::new();
    onnx::colours(&env.path("colours.onnx"), 20.0);
    write(&env.path("street.mkv"), 55, |time, frame| {
        frame.spot([24.0 + 40.0 * time, 90.0], RED);
        frame.spot([192.0, 180.0], BLUE);
    });
    std::fs::write(env.path("scene.toml"), SCENE).expect("written");
    env
}

fn rules(env: &TestEnv, url: &str) {
    let text = format!(
        r#"
[[rule]]
name = "Gate"
class = "red"
when = "crosses"
line = "gate"
[[rule.action]]
do = "webhook"
url = "{url}"
[[rule.action]]
do = "snapshot"
[[rule.action]]
do = "command"
program = "/bin/sh"
arguments = ["-c", 'echo "$1" > told', "sh", "{{class}} {{line}} {{file}}"]
[[rule]]
name = "Yard"
class = "blue"
when = "stays-in"
zone = "yard"
for-s = 2
[[rule]]
name = "Off"
enabled = false
class = "blue"
when = "appears"
[[rule]]
name = "Nowhere"
class = "blue"
when = "enters"
zone = "garden"
"#
    );
    std::fs::write(env.path("rules.toml"), text).expect("written");
}

/// Runs `predict`; returns standard output and standard error.
fn predict(env: &TestEnv, arguments: &[&str]) -> (String, String) {
    let output = env
        .command()
        .args(["predict", "street.mkv", "--model", "colours.onnx", "--scene", "scene.toml", "--no-progress"])
        .args(arguments)
        .output()
        .expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    (String::from_utf8(output.stdout).expect("text"), error)
}

fn events(jsonl: &str) -> Vec<(f64, String)> {
    let mut all = Vec::new();
    for line in jsonl.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for event in line["events"].as_array().into_iter().flatten() {
            assert_eq!(event["source_time_s"], line["time_s"]);
            all.push((
                line["time_s"].as_f64().expect("a time"),
                event["rule"].as_str().expect("a name").to_owned(),
            ));
        }
    }
    all
}

#[test]
fn a_trial_tells_which_rules_fire_and_does_nothing() {
    let env = street();
    let (url, bodies) = server();
    rules(&env, &url);
    let (lines, notes) = predict(&env, &["--rules=rules.toml", "--format", "jsonl"]);
    let all = events(&lines);
    let [(stays, yard), (crosses, gate)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((yard.as_str(), gate.as_str()), ("Yard", "Gate"));
    // The spot passes the middle after 2.6 s; a crossing is sure a moment later.
    assert!((2.0..2.6).contains(stays) && (2.6..3.2).contains(crosses), "{all:?}");
    assert!(notes.contains("Nowhere") && notes.contains("garden"), "{notes}");
    assert!(notes.contains("--act"), "{notes}");
    assert!(bodies.try_recv().is_err() && !env.path("told").exists());
    let (text, _) = predict(&env, &["--rules=rules.toml"]);
    assert!(text.lines().any(|line| line.trim_start().starts_with("Gate: red #")), "{text}");
    let (log, _) = sightline(&env, &["events"]);
    assert!(log.contains("No event was logged"), "{log}");
}

fn sightline(env: &TestEnv, arguments: &[&str]) -> (String, String) {
    let output = env.command().args(arguments).output().expect("it runs");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[cfg(unix)]
#[test]
fn acting_logs_the_events_and_carries_out_the_actions() {
    let env = street();
    let (url, bodies) = server();
    rules(&env, &url);
    predict(&env, &["--rules=rules.toml", "--act", "--log", "events.sqlite", "--format", "jsonl"]);
    let body = bodies.recv_timeout(LONG).expect("the webhook was called");
    assert_eq!(
        (&body["rule"], &body["class"], &body["test"]),
        (&"Gate".into(), &"red".into(), &false.into())
    );
    assert_eq!(body["source"], "street.mkv");
    assert!(body["thumbnail"]["base64"].is_string());
    let told = std::fs::read_to_string(env.path("told")).expect("the command ran");
    let file = told.trim().strip_prefix("red gate ").expect("its placeholders");
    assert!(std::path::Path::new(file).is_file(), "the snapshot was there: {told}");
    let (log, _) = sightline(&env, &["events", "--log", "events.sqlite", "--format", "jsonl"]);
    let logged: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let named: Vec<_> = logged.iter().map(|event| event["rule"].as_str().expect("a name")).collect();
    assert_eq!(named, ["Gate", "Yard"], "newest first");
    assert!(logged.iter().all(|event| event["ended"].is_string()), "{log}");
    assert_eq!(logged[0]["file"], file);
}

#[test]
fn what_is_wrong_with_rules_is_said() {
    let env = street();
    let wrong = |arguments: &[&str]| {
        let output = env
            .command()
            .args(["predict", "--model", "colours.onnx"])
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = wrong(&["street.mkv", "--rules"]);
    assert!(text.contains("There are no rules") && text.contains("key E"), "{text}");
    let text = wrong(&["street.mkv", "--rules=missing.toml"]);
    assert!(text.contains("missing.toml"), "{text}");
    std::fs::write(env.path("off.toml"), "[[rule]]\nname = \"a\"\nenabled = false").expect("written");
    let text = wrong(&["street.mkv", "--rules=off.toml"]);
    assert!(text.contains("None of the rules can fire"), "{text}");
    std::fs::write(env.path("bad.toml"), "[[rule]]\nname = ").expect("written");
    let text = wrong(&["street.mkv", "--rules=bad.toml"]);
    assert!(text.contains("line 2"), "{text}");
    let text = wrong(&["street.mkv", "--act"]);
    assert!(text.contains("--rules"), "{text}");
    std::fs::write(env.path("rules.toml"), "[[rule]]\nname = \"a\"\nwhen = \"appears\"").expect("written");
    std::fs::write(env.path("a.png"), "").expect("written");
    let text = wrong(&["a.png", "--rules=rules.toml"]);
    assert!(text.contains("tracked objects"), "{text}");
}
