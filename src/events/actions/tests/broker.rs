//! MQTT against mosquitto.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A broker of its own; `None` where mosquitto isn't installed.
struct Broker {
    process: std::process::Child,
    port: u16,
    _folder: tempfile::TempDir,
}

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

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for a message to this topic.
fn message(messages: &Receiver<(String, bool, Vec<u8>)>, topic: &str) -> Vec<u8> {
    let until = Instant::now() + LONG;
    while let Ok((to, _, payload)) = messages.recv_deadline(until) {
        if to == topic {
            return payload;
        }
    }
    panic!("nothing came to {topic}");
}

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

#[test]
fn a_test_after_the_broker_was_changed_goes_to_the_new_one() {
    let (Some(old), Some(new)) =
        (Broker::start("allow_anonymous true\n"), Broker::start("allow_anonymous true\n"))
    else {
        eprintln!("skipped: mosquitto isn't installed");
        return;
    };
    let (at_old, at_new) = (old.listen(), new.listen());
    let event = fired(vec![Action::Mqtt]);
    let test = Fired { alert: None, ..event.clone() };
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule)], Some(&old.settings()));
    actions.test(&test, 0);
    message(&at_old, "sightline/rules/front_gate/event");
    actions.set_rules(&[Arc::clone(&event.rule)], Some(&new.settings()));
    actions.test(&test, 0);
    message(&at_new, "sightline/rules/front_gate/event");
}

#[test]
fn a_connection_ends_when_another_broker_is_chosen_while_it_comes_back() {
    use std::io::{Read as _, Write as _};
    // A broker that refuses the first connection, and answers the second one late.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (connecting, is_connecting) = bounded(0);
    let (go, may_go) = bounded(0);
    let broker = std::thread::spawn(move || {
        drop(listener.accept().expect("the first connection"));
        let (mut stream, _) = listener.accept().expect("the second one");
        connecting.send(()).expect("the test waits");
        may_go.recv().expect("the test goes on");
        // A CONNACK.
        stream.write_all(&[0x20, 2, 0, 0]).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        // Until the other side has closed the connection.
        let mut buffer = [0; 1024];
        while let Ok(1..) = stream.read(&mut buffer) {}
        stream.read(&mut buffer)
    });
    let settings = MqttBroker { host: "127.0.0.1".into(), port, ..MqttBroker::default() };
    let event = fired(vec![Action::Mqtt]);
    let mut actions = Actions::default();
    actions.set_rules(&[Arc::clone(&event.rule)], Some(&settings));
    is_connecting.recv_timeout(LONG).expect("it tries again");
    actions.set_rules(&[Arc::clone(&event.rule)], None);
    let begin = Instant::now();
    go.send(()).expect("the broker waits");
    let ended = broker.join().expect("no panic");
    assert!(begin.elapsed() < LONG / 2 && matches!(ended, Ok(0)), "{ended:?} after {:?}", begin.elapsed());
}
