//! Rules in the real window: what happens in a video reaches a web server, an MQTT broker, a program and the log, which is whole even
//! if the window is killed while it writes.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use common::clips::{BLUE, RED, write};
use common::display::Display;
use common::web_server::server;
use common::{TestEnv, onnx, scene_file};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(40);

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// mosquitto, with somebody who listens to it.
struct Broker {
    port: u16,
    /// Each topic with its message.
    messages: Receiver<(String, String)>,
    _programs: [Program; 2],
}

/// Starts mosquitto and `mosquitto_sub`; `None` where they aren't installed.
fn broker(folder: &Path) -> Option<Broker> {
    let program =
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|p| Path::new(p).exists())?;
    Command::new("mosquitto_sub").arg("--help").output().ok()?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let file = folder.join("mosquitto.conf");
    // Started as root, mosquitto becomes another user, who can't read the folder.
    let user = if std::env::var("USER").is_ok_and(|user| user != "root") { "" } else { "user root\n" };
    std::fs::write(&file, format!("listener {port} 127.0.0.1\n{user}allow_anonymous true\n"))
        .expect("written");
    let quiet = |command: &mut Command| {
        Program(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started"))
    };
    let server = quiet(Command::new(program).arg("-c").arg(&file));
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut listener = Command::new("mosquitto_sub")
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-v",
            "-t",
            "sightline/rules/+/event",
            "-t",
            "sightline/rules/+/state",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it listens");
    let out = BufReader::new(listener.stdout.take().expect("piped"));
    let (sender, messages) = sync_channel(1000);
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if let Some((topic, message)) = line.split_once(' ') {
                let _ = sender.try_send((topic.to_owned(), message.to_owned()));
            }
        }
    });
    Some(Broker { port, messages, _programs: [server, Program(listener)] })
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find_map(|path| {
        if path.file_name().is_some_and(|own| own == name) {
            return Some(path);
        }
        if path.is_dir() { find(&path, name) } else { None }
    })
}

#[test]
fn what_happens_in_the_window_reaches_servers_and_the_log_which_survives_a_kill() {
    let env = TestEnv::new();
    let Some(Broker { port, messages, _programs }) = broker(&env.path("")) else {
        eprintln!("skipped: mosquitto isn't installed");
        return;
    };
    let (url, bodies) = server();
    onnx::colours(&env.path("colours.onnx"), 20.0);
    let video = env.path("street.mkv");
    write(&video, 55, |time, frame| {
        frame.spot([24.0 + 40.0 * time, 90.0], RED);
        frame.spot([192.0, 180.0], BLUE);
    });
    let told = env.path("told");
    let rules = format!(
        r#"
[mqtt]
host = "127.0.0.1"
port = {port}
[[rule]]
name = "Gate"
class = "red"
when = "crosses"
line = "gate"
[[rule.action]]
do = "webhook"
url = "{url}"
[[rule.action]]
do = "mqtt"
[[rule.action]]
do = "snapshot"
[[rule.action]]
do = "command"
program = "/bin/sh"
arguments = ["-c", 'echo "$1" >> "$2"', "sh", "{{class}} over {{line}}: {{file}}", '{}']
[[rule]]
name = "Anything"
when = "appears"
"#,
        told.display()
    );
    let config = env.path("../config/sightline");
    std::fs::create_dir_all(config.join("scenes")).expect("a folder");
    std::fs::write(config.join("rules.toml"), rules).expect("written");
    let scene = "[[lines]]\nname = \"gate\"\npoints = [[0.5, 0.9], [0.5, 0.1]]";
    std::fs::write(config.join("scenes").join(scene_file(&video)), scene).expect("written");
    std::fs::create_dir(env.path("shots")).expect("a folder");
    std::fs::write(
        config.join("settings.toml"),
        format!("[snapshot]\nfolder = '{}'", env.path("shots").display()),
    )
    .expect("written");

    let display = Display::new();
    let mut program = env.command();
    program.args(["--language", "en", "--source"]).arg(&video).arg("--model").arg(env.path("colours.onnx"));
    let mut window = Program(display.shows(&mut program).spawn().expect("it starts"));
    let body = bodies.recv_timeout(PATIENCE).expect("the web server was told");
    assert_eq!(
        (&body["rule"], &body["class"], &body["line"], &body["direction"], &body["test"]),
        (&"Gate".into(), &"red".into(), &"gate".into(), &"in".into(), &false.into())
    );
    assert!(body["thumbnail"]["base64"].is_string());
    let (mut event, mut was_on) = (None, false);
    let until = Instant::now() + PATIENCE;
    while (event.is_none() || !was_on) && Instant::now() < until {
        match messages.recv_timeout(PATIENCE) {
            Ok((topic, message)) if topic == "sightline/rules/gate/event" => event = Some(message),
            Ok((topic, message)) if topic == "sightline/rules/gate/state" => was_on |= message == "ON",
            _ => {}
        }
    }
    let event: Value = serde_json::from_str(&event.expect("the broker was told")).expect("JSON");
    assert_eq!((&event["rule"], &event["track"]), (&body["rule"], &body["track"]));
    assert!(was_on);
    let until = Instant::now() + PATIENCE;
    while !told.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = std::fs::read_to_string(&told).expect("the command ran");
    let file = text.lines().next().and_then(|line| line.strip_prefix("red over gate: ")).expect("its words");
    assert!(Path::new(file).is_file(), "{text}");

    // It is killed while the video goes round and events are written.
    bodies.recv_timeout(PATIENCE).expect("it fires again in the next round");
    window.0.kill().expect("killed");
    window.0.wait().expect("gone");
    let output = env.command().args(["events", "--format", "jsonl"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = String::from_utf8(output.stdout).expect("text");
    let logged: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |rule: &str| logged.iter().filter(|event| event["rule"] == rule).count();
    assert!(of("Gate") >= 1 && of("Anything") >= 2, "{log}");
    assert!(logged.iter().any(|event| event["file"] == file), "{log}");
    assert!(find(&env.path("../data"), "events.sqlite.damaged").is_none());
}
