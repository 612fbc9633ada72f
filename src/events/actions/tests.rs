//! Actions against real peers: a web server in this process, mosquitto, programs, a D-Bus of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;

use super::*;
use crate::events::When;
use crate::events::rule::{CommandAction, WebhookAction};

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

/// What a server was sent: the head in lines, and the body.
type Request = (Vec<String>, Vec<u8>);

/// A web server that answers each request as `answer` says, given its number from 0.
fn server(answer: impl Fn(usize) -> Option<String> + Send + 'static) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/hook?key=1", listener.local_addr().expect("an address"));
    let (sender, receiver) = bounded(64);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let request = read_request(&stream);
            if sender.send(request).is_err() {
                return;
            }
            match answer(number) {
                Some(answer) => drop((&stream).write_all(answer.as_bytes())),
                // It never answers.
                None => held.push(stream),
            }
        }
    });
    (address, receiver)
}

fn read_request(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = reader.read_exact(&mut body);
    (head, body)
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn hook(url: &str) -> WebhookAction {
    WebhookAction { url: url.into(), ..WebhookAction::default() }
}

fn never() -> (Sender<()>, Stop) {
    let (keep, stop) = bounded(0);
    (keep, Stop(stop))
}

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_webhook_gets_the_event_with_its_picture() {
    let (url, requests) = server(|_| Some(status("204 No Content")));
    let (_keep, stop) = never();
    let mut action = hook(&url);
    action.headers.insert("Authorization".into(), "Bearer abc".into());
    let fired = fired(Vec::new());
    let done = webhook::send_with(&action, &fired, &stop, SOON).expect("sent");
    assert_eq!(done.note, "HTTP 204");
    let (head, body) = requests.recv_timeout(LONG).expect("a request");
    assert!(head[0].starts_with("POST /hook?key=1 HTTP/1.1"), "{head:?}");
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("authorization: bearer abc")), "{head:?}");
    assert!(head.iter().any(|line| line.eq_ignore_ascii_case("content-type: application/json")));
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        (&json["rule"], &json["class"], &json["track"]),
        (&"Front gate".into(), &"car".into(), &12.into())
    );
    assert_eq!(
        (&json["zone"], &json["source"], &json["test"]),
        (&"Drive".into(), &"前门 camera".into(), &false.into())
    );
    assert!(json["time"].as_str().is_some_and(|time| chrono::DateTime::parse_from_rfc3339(time).is_ok()));
    assert!(json.get("id").is_none());
    let picture = json["thumbnail"]["base64"].as_str().expect("a picture");
    let jpeg = base64::engine::general_purpose::STANDARD.decode(picture).expect("base64");
    let decoded = image::load_from_memory(&jpeg).expect("a JPEG");
    assert_eq!((decoded.width(), decoded.height()), (64, 48));
    // Without a picture, and as a test.
    let action = WebhookAction { thumbnail: false, ..hook(&url) };
    webhook::send_with(&action, &Fired { alert: None, ..fired }, &stop, SOON).expect("sent");
    let (_, body) = requests.recv_timeout(LONG).expect("a request");
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((json.get("thumbnail"), &json["test"]), (None, &true.into()));
}

#[test]
fn a_webhook_tries_again_what_may_be_over_and_nothing_else() {
    let (_keep, stop) = never();
    let event = fired(Vec::new());
    let (url, requests) = server(|n| Some(status(["503 Busy", "429 Slow down", "200 OK"][n.min(2)])));
    assert_eq!(webhook::send_with(&hook(&url), &event, &stop, SOON).expect("sent").note, "HTTP 200");
    assert_eq!(requests.try_iter().count(), 3);
    let (url, requests) = server(|_| Some(status("500 Broken")));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("given up");
    assert!(matches!(error, ActionError::Refused { code: 500, .. }), "{error}");
    assert_eq!(requests.try_iter().count(), 5);
    let says = "HTTP/1.1 401 No\r\nContent-Length: 9\r\nConnection: close\r\n\r\nwrong key";
    let (url, requests) = server(move |_| Some(says.into()));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("refused");
    assert!(error.to_string().contains("401") && error.to_string().contains("wrong key"), "{error}");
    assert!(!error.to_string().contains("key=1"), "the address may hold a secret: {error}");
    assert_eq!(requests.try_iter().count(), 1);
    // The event goes to no other server.
    let moved = "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, requests) = server(move |_| Some(moved.into()));
    let error = webhook::send_with(&hook(&url), &event, &stop, SOON).expect_err("not followed");
    assert!(matches!(error, ActionError::Refused { code: 307, .. }), "{error}");
    assert_eq!(requests.try_iter().count(), 1);
    let nobody =
        format!("http://{}/", TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it"));
    let error = webhook::send_with(&hook(&nobody), &event, &stop, SOON).expect_err("nobody is there");
    assert!(matches!(error, ActionError::Unreachable { .. }), "{error}");
}

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
fn actions_of_rules_that_are_gone_end() {
    let event = fired(vec![Action::Webhook(hook("http://127.0.0.1:9/"))]);
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule)], None);
    actions.fire(&event);
    assert_eq!(actions.lanes.len(), 1);
    actions.set_rules(&[], None);
    assert!(actions.lanes.is_empty());
}

/// A broker of its own; `None` where mosquitto isn't installed.
#[cfg(unix)]
struct Broker {
    process: std::process::Child,
    port: u16,
    _folder: tempfile::TempDir,
}

#[cfg(unix)]
impl Broker {
    fn start(settings: &str) -> Option<Self> {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .find(|p| std::path::Path::new(p).exists())?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        // Nobody is in it.
        std::fs::write(folder.path().join("passwords"), "").expect("written");
        let file = folder.path().join("mosquitto.conf");
        // Started as root, mosquitto becomes another user, who can't read the folder.
        let user = if std::env::var("USER").is_ok_and(|user| user != "root") { "" } else { "user root\n" };
        std::fs::write(
            &file,
            format!(
                "listener {port} 127.0.0.1\n{user}{}",
                settings.replace("FOLDER", &folder.path().display().to_string())
            ),
        )
        .expect("written");
        let process = std::process::Command::new(program)
            .arg("-c")
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("started");
        let until = Instant::now() + LONG;
        while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { process, port, _folder: folder })
    }

    fn settings(&self) -> MqttBroker {
        MqttBroker { host: "127.0.0.1".into(), port: self.port, ..MqttBroker::default() }
    }

    /// What the broker sends to somebody who listens to everything: topic, retained, payload.
    fn listen(&self) -> Receiver<(String, bool, Vec<u8>)> {
        let mut options =
            rumqttc::MqttOptions::new(format!("listener-{}", self.port), "127.0.0.1", self.port);
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut connection) = rumqttc::Client::new(options, 10);
        client.subscribe("#", rumqttc::QoS::AtLeastOnce).expect("room");
        let (sender, receiver) = bounded(1000);
        let (subscribed, ready) = bounded(1);
        std::thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(rumqttc::Event::Incoming(rumqttc::Packet::SubAck(_))) => {
                        let _ = subscribed.try_send(());
                    }
                    Ok(rumqttc::Event::Incoming(rumqttc::Packet::Publish(p))) => {
                        if sender.send((p.topic, p.retain, p.payload.to_vec())).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
            drop(client);
        });
        // What is said before would come later and in another order.
        ready.recv_timeout(LONG).expect("the broker lets us listen");
        receiver
    }
}

#[cfg(unix)]
impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for a message to this topic.
#[cfg(unix)]
fn message(messages: &Receiver<(String, bool, Vec<u8>)>, topic: &str) -> Vec<u8> {
    let until = Instant::now() + LONG;
    while let Ok((to, _, payload)) = messages.recv_deadline(until) {
        if to == topic {
            return payload;
        }
    }
    panic!("nothing came to {topic}");
}

#[cfg(unix)]
#[test]
fn mosquitto_gets_events_states_and_what_home_assistant_needs() {
    let Some(broker) = Broker::start("allow_anonymous true\n") else {
        eprintln!("skipped: mosquitto isn't installed");
        return;
    };
    let messages = broker.listen();
    let event = fired(vec![Action::Mqtt]);
    let mut actions = Actions::default();
    let settings = broker.settings();
    actions.set_rules(&[Arc::clone(&event.rule)], Some(&settings));
    assert_eq!(message(&messages, "sightline/availability"), b"online");
    let config = message(&messages, "homeassistant/binary_sensor/sightline/front_gate/config");
    let config: serde_json::Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["state_topic"], "sightline/rules/front_gate/state");
    assert_eq!(message(&messages, "sightline/rules/front_gate/state"), b"OFF");
    actions.fire(&event);
    actions.set_open(&event.rule, true);
    let json = message(&messages, "sightline/rules/front_gate/event");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((&json["rule"], &json["track"]), (&"Front gate".into(), &12.into()));
    let jpeg = message(&messages, "sightline/rules/front_gate/thumbnail");
    assert!(image::load_from_memory(&jpeg).is_ok());
    assert_eq!(message(&messages, "sightline/rules/front_gate/state"), b"ON");
    actions.set_open(&event.rule, false);
    assert_eq!(message(&messages, "sightline/rules/front_gate/state"), b"OFF");
    assert!(outcomes(&actions, 1)[0].result.is_ok());
    // "Test now" has the broker's receipt.
    actions.test(&Fired { alert: None, ..event.clone() }, 0);
    let tested = &outcomes(&actions, 1)[0];
    assert!(
        tested.result.as_ref().is_ok_and(|done| done.note == "sightline/rules/front_gate/event"),
        "{tested:?}"
    );
    let json = message(&messages, "sightline/rules/front_gate/event");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).expect("JSON")["test"], true);
    // A rule that is gone leaves Home Assistant.
    actions.set_rules(&[], Some(&settings));
    assert_eq!(message(&messages, "homeassistant/binary_sensor/sightline/front_gate/config"), b"");
    let begin = Instant::now();
    drop(actions);
    assert!(begin.elapsed() < Duration::from_millis(500));
    assert_eq!(message(&messages, "sightline/availability"), b"offline");
}

#[cfg(unix)]
#[test]
fn mosquitto_sends_the_last_will_and_everything_is_told_again_after_a_break() {
    let Some(broker) = Broker::start("allow_anonymous true\n") else {
        eprintln!("skipped: mosquitto isn't installed");
        return;
    };
    let messages = broker.listen();
    // Between us and the broker, so that the connection can be cut.
    let relay = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = relay.local_addr().expect("an address").port();
    let (cut, cutting) = bounded::<()>(0);
    let to = broker.port;
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for client in relay.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", to)).expect("the broker");
            counted.fetch_add(1, Ordering::SeqCst);
            let pump = |mut from: TcpStream, mut to: TcpStream| {
                std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
            };
            pump(client.try_clone().expect("it"), server.try_clone().expect("it"));
            pump(server.try_clone().expect("it"), client.try_clone().expect("it"));
            let cutting = cutting.clone();
            std::thread::spawn(move || {
                if cutting.recv().is_ok() {
                    let _ = client.shutdown(std::net::Shutdown::Both);
                    let _ = server.shutdown(std::net::Shutdown::Both);
                }
            });
        }
    });
    let event = fired(vec![Action::Mqtt]);
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule)], Some(&MqttBroker { port, ..broker.settings() }));
    actions.set_open(&event.rule, true);
    assert_eq!(message(&messages, "sightline/availability"), b"online");
    cut.send_timeout((), LONG).expect("cut");
    assert_eq!(message(&messages, "sightline/availability"), b"offline", "the last will");
    assert_eq!(message(&messages, "sightline/availability"), b"online", "it comes back by itself");
    assert_eq!(message(&messages, "sightline/rules/front_gate/state"), b"ON");
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[cfg(unix)]
#[test]
fn mosquitto_that_refuses_the_password_or_isnt_there_is_named() {
    let event = Fired { alert: None, ..fired(vec![Action::Mqtt]) };
    let (_keep, stop) = never();
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let away = MqttBroker { host: "127.0.0.1".into(), port: nobody, ..MqttBroker::default() };
    let error = mqtt::test(&away, &event, &stop).expect_err("nobody is there");
    assert!(matches!(error, ActionError::Broker { .. }), "{error}");
    let Some(broker) = Broker::start("allow_anonymous false\npassword_file FOLDER/passwords\n") else {
        eprintln!("skipped: mosquitto isn't installed");
        return;
    };
    let wrong = MqttBroker { user: Some("me".into()), password: Some("no".into()), ..broker.settings() };
    let error = mqtt::test(&wrong, &event, &stop).expect_err("refused");
    assert!(matches!(error, ActionError::Broker { .. }), "{error}");
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
