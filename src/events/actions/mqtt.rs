//! Events for an MQTT broker, and what Home Assistant needs to discover the rules.
//!
//! Below the topic of the settings (`sightline`): `availability` says `online` or, by the last will too, `offline`;
//! `rules/NAME/state` is `ON` while an alert of the rule is open, else `OFF`; `rules/NAME/event` gets the JSON of each event,
//! `rules/NAME/thumbnail` its JPEG. The connection has a thread; everybody else only puts messages into its queue.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rumqttc::{
    Client, ConnectReturnCode, Connection, ConnectionError, Event, LastWill, MqttOptions, Packet, QoS,
    TlsConfiguration, Transport,
};
use rustls_platform_verifier::ConfigVerifierExt as _;
use serde_json::json;
use sha2::Digest as _;

use super::payload;
use super::{ActionError, Fired, Stop, Success};
use crate::events::rule::MqttBroker;
use crate::library::names::excerpt;

/// The most bytes of a file of certificates.
const MOST_CERTIFICATES: u64 = 4 << 20;
/// Messages that wait for the broker; further ones are left out.
const QUEUE: usize = 256;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long the first and the longest wait between two attempts to connect are.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long "Test now" waits for the broker's answer.
const TEST: Duration = Duration::from_secs(8);
/// How long what waits may be sent when the connection is to end.
const GOOD_BYE: Duration = Duration::from_secs(5);
/// Larger than any thumbnail.
const MAX_PACKET: usize = 64 << 10;
/// Home Assistant listens here.
const DISCOVERY: &str = "homeassistant";

/// The connection to the broker.
pub(super) struct Mqtt {
    client: Client,
    shared: Arc<Mutex<Shared>>,
    broker: Arc<MqttBroker>,
    thread: Option<JoinHandle<()>>,
    /// Dropped to end waits between two attempts.
    stop: Option<Sender<()>>,
}

/// What the connection's thread tells, and what it says to a broker that has come back.
#[derive(Default)]
struct Shared {
    rules: Vec<RuleState>,
    is_connected: bool,
    /// Why the last attempt failed.
    failed: Option<String>,
    /// Since when it is to end.
    ending: Option<Instant>,
}

struct RuleState {
    name: String,
    is_open: bool,
}

impl Mqtt {
    /// Begins to connect.
    pub fn start(broker: &MqttBroker) -> Self {
        let broker = Arc::new(broker.clone());
        let shared = Arc::<Mutex<Shared>>::default();
        let (stop, stopped) = bounded(0);
        let (options, reason) = match options(&broker) {
            Ok(options) => (options, None),
            Err(reason) => (MqttOptions::new("sightline", "localhost", 1883), Some(reason)),
        };
        let (client, connection) = Client::new(options, QUEUE);
        let usable = reason.is_none();
        lock(&shared).failed = reason;
        let speaker = Speaker { client: client.clone(), broker: Arc::clone(&broker) };
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("rule-mqtt".into());
        let thread = usable.then(|| thread.spawn(move || run(connection, &speaker, &theirs, &stopped)));
        Self { client, shared, broker, thread: thread.and_then(Result::ok), stop: Some(stop) }
    }

    fn speaker(&self) -> Speaker {
        Speaker { client: self.client.clone(), broker: Arc::clone(&self.broker) }
    }

    /// Takes over which rules send to the broker.
    pub fn set_rules(&self, names: &[String]) {
        let mut shared = lock(&self.shared);
        let speaker = self.speaker();
        let is_connected = shared.is_connected;
        shared.rules.retain(|rule| {
            let stays = names.contains(&rule.name);
            if !stays && is_connected {
                speaker.forget(&rule.name);
            }
            stays
        });
        for name in names {
            if !shared.rules.iter().any(|rule| rule.name == *name) {
                let rule = RuleState { name: name.clone(), is_open: false };
                if is_connected {
                    speaker.introduce(&rule);
                }
                shared.rules.push(rule);
            }
        }
    }

    /// An alert of the rule is open, or none.
    pub fn set_open(&self, name: &str, is_open: bool) {
        let mut shared = lock(&self.shared);
        let is_connected = shared.is_connected;
        if let Some(rule) = shared.rules.iter_mut().find(|rule| rule.name == name && rule.is_open != is_open)
        {
            rule.is_open = is_open;
            if is_connected {
                self.speaker().state(rule);
            }
        }
    }

    /// Sends an event. While the first attempt to connect is being made, it waits in the queue.
    pub fn send(&self, fired: &Fired) -> Result<(), ActionError> {
        let shared = lock(&self.shared);
        if let (false, Some(reason)) = (shared.is_connected, &shared.failed) {
            return Err(ActionError::Broker { host: self.broker.host.clone(), reason: reason.clone() });
        }
        drop(shared);
        if self.speaker().event(fired) { Ok(()) } else { Err(ActionError::Busy) }
    }

    /// Says good-bye, and waits until everything is sent, at most until this moment.
    pub fn finish(&mut self, until: Instant) {
        let is_connected = {
            let mut shared = lock(&self.shared);
            shared.ending.get_or_insert_with(Instant::now);
            shared.is_connected || shared.failed.is_none()
        };
        self.stop = None;
        if is_connected {
            self.speaker().publish("availability", "offline", true);
            let _ = self.client.try_disconnect();
        }
        if let Some(thread) = &self.thread {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Mqtt {
    fn drop(&mut self) {
        // The thread ends by itself; nobody waits for it here.
        self.finish(Instant::now());
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the connection, over and over, until it is to end.
fn run(mut connection: Connection, speaker: &Speaker, shared: &Mutex<Shared>, stop: &Receiver<()>) {
    let stop = Stop(stop.clone());
    let mut wait = WAITS.0;
    loop {
        // Without a time limit: a limit would break off a connection that is being made.
        match connection.recv() {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                wait = WAITS.0;
                let mut shared = lock(shared);
                if shared.ending.is_some() && shared.failed.is_some() {
                    // It was to end while it was trying again: nobody waits for what it has to say.
                    return;
                }
                (shared.is_connected, shared.failed) = (true, None);
                speaker.publish("availability", "online", true);
                shared.rules.iter().for_each(|rule| speaker.introduce(rule));
            }
            Ok(Ok(_)) => {
                if lock(shared).ending.is_some_and(|since| since.elapsed() > GOOD_BYE) {
                    return;
                }
            }
            Ok(Err(error)) => {
                let is_ending = {
                    let mut shared = lock(shared);
                    shared.is_connected = false;
                    shared.failed = Some(reason(&error));
                    shared.ending.is_some()
                };
                if is_ending || stop.wait(wait) {
                    return;
                }
                wait = (wait * 2).min(WAITS.1);
            }
            Err(_) => return,
        }
    }
}

/// Puts messages into the queue; never waits.
struct Speaker {
    client: Client,
    broker: Arc<MqttBroker>,
}

impl Speaker {
    /// Returns whether there was room.
    fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>, retained: bool) -> bool {
        self.publish_at(&format!("{}/{topic}", prefix(&self.broker)), payload, retained)
    }

    fn publish_at(&self, topic: &str, payload: impl Into<Vec<u8>>, retained: bool) -> bool {
        self.client.try_publish(topic, QoS::AtLeastOnce, retained, payload).is_ok()
    }

    fn state(&self, rule: &RuleState) {
        let state = if rule.is_open { "ON" } else { "OFF" };
        self.publish(&format!("rules/{}/state", topic_name(&rule.name)), state, true);
    }

    fn event(&self, fired: &Fired) -> bool {
        let rule = format!("rules/{}", topic_name(&fired.rule.name));
        let sent = self.publish(&format!("{rule}/event"), payload::json(fired, false), false);
        if let Some(thumbnail) = &fired.thumbnail {
            self.publish(&format!("{rule}/thumbnail"), thumbnail.jpeg.to_vec(), false);
        }
        sent
    }

    /// Tells of a rule: its state, and what Home Assistant makes of it.
    fn introduce(&self, rule: &RuleState) {
        if self.broker.home_assistant {
            for (topic, config) in discovery(&self.broker, &rule.name) {
                self.publish_at(&topic, config.to_string(), true);
            }
        }
        self.state(rule);
    }

    /// Takes back what was told of a rule that is gone.
    fn forget(&self, name: &str) {
        if self.broker.home_assistant {
            for (topic, _) in discovery(&self.broker, name) {
                self.publish_at(&topic, "", true);
            }
        }
        self.publish(&format!("rules/{}/state", topic_name(name)), "", true);
    }
}

fn prefix(broker: &MqttBroker) -> &str {
    match broker.topic.trim().trim_matches('/') {
        "" => "sightline",
        topic => topic,
    }
}

/// The messages by which Home Assistant discovers a rule, with their topics: a sensor that is on while an alert is open, and
/// the picture of its last event.
fn discovery(broker: &MqttBroker, name: &str) -> [(String, serde_json::Value); 2] {
    let (base, rule) = (prefix(broker), topic_name(name));
    let node = topic_name(base);
    let common = json!({
        "availability_topic": format!("{base}/availability"),
        "device": {
            "identifiers": [node],
            "name": if base == "sightline" { "Sightline".to_owned() } else { format!("Sightline ({base})") },
            "manufacturer": "Sightline",
            "sw_version": env!("CARGO_PKG_VERSION"),
        },
        "origin": { "name": "Sightline", "sw_version": env!("CARGO_PKG_VERSION") },
    });
    let with = |own: serde_json::Value| {
        let mut all = common.clone();
        if let (Some(all), serde_json::Value::Object(own)) = (all.as_object_mut(), own) {
            all.extend(own);
        }
        all
    };
    let sensor = with(json!({
        "name": name,
        "unique_id": format!("{node}_{rule}"),
        "state_topic": format!("{base}/rules/{rule}/state"),
        "payload_on": "ON",
        "payload_off": "OFF",
        "json_attributes_topic": format!("{base}/rules/{rule}/event"),
    }));
    let picture = with(json!({
        "name": format!("{name} (image)"),
        "unique_id": format!("{node}_{rule}_image"),
        "image_topic": format!("{base}/rules/{rule}/thumbnail"),
        "content_type": "image/jpeg",
    }));
    [
        (format!("{DISCOVERY}/binary_sensor/{node}/{rule}/config"), sensor),
        (format!("{DISCOVERY}/image/{node}/{rule}/config"), picture),
    ]
}

/// A name as a part of a topic: small letters, digits and `_`. Names that have other letters get a number of their own.
#[must_use]
pub fn topic_name(name: &str) -> String {
    let mut topic = String::new();
    for c in name.trim().chars() {
        if c.is_ascii_alphanumeric() {
            topic.push(c.to_ascii_lowercase());
        } else if !topic.ends_with('_') {
            topic.push('_');
        }
    }
    let topic = topic.trim_matches('_');
    if name.is_ascii() && !topic.is_empty() {
        return topic.to_owned();
    }
    let hash = crate::model::hex(sha2::Sha256::new_with_prefix(name.trim()));
    let number = &hash[..8];
    if topic.is_empty() { number.to_owned() } else { format!("{topic}_{number}") }
}

/// How to connect.
fn options(broker: &MqttBroker) -> Result<MqttOptions, String> {
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let id = format!("sightline-{}-{}", std::process::id(), unique.as_nanos() % 1_000_000_000);
    let mut options = MqttOptions::new(id, broker.host.trim(), broker.port);
    options.set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(MAX_PACKET, MAX_PACKET);
    options.set_last_will(LastWill::new(
        format!("{}/availability", prefix(broker)),
        "offline",
        QoS::AtLeastOnce,
        true,
    ));
    if let Some(user) = &broker.user {
        options.set_credentials(user.as_str(), broker.password.as_deref().unwrap_or_default());
    }
    if broker.tls {
        super::install_tls();
        let tls = if let Some(path) = &broker.ca_file {
            let ca = crate::whole_file::read(path, MOST_CERTIFICATES).map_err(|error| {
                format!("the certificate \u{201c}{}\u{201d} can't be read ({error})", path.display())
            })?;
            TlsConfiguration::Simple { ca, alpn: None, client_auth: None }
        } else {
            let config = rustls::ClientConfig::with_platform_verifier()
                .map_err(|error| format!("the system's certificates can't be used ({error})"))?;
            TlsConfiguration::Rustls(Arc::new(config))
        };
        options.set_transport(Transport::tls_with_config(tls));
    }
    Ok(options)
}

/// Why there is no connection, as the end of a sentence.
fn reason(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "it refuses the user or the password".into(),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => "no answer".into(),
        ConnectionError::Io(error) => excerpt(&error.to_string(), 120),
        ConnectionError::MqttState(error) => excerpt(&error.to_string(), 120),
        error => excerpt(&error.to_string(), 120),
    }
    .trim_end_matches('.')
    .to_owned()
}

/// "Test now": connects, sends an event and waits until the broker has it.
pub(super) fn test(broker: &MqttBroker, fired: &Fired, stop: &Stop) -> Result<Success, ActionError> {
    let failed = |reason: String| ActionError::Broker { host: broker.host.clone(), reason };
    let mut options = options(broker).map_err(&failed)?;
    // A test that ends says nothing of the program.
    let will = LastWill::new(format!("{}/test", prefix(broker)), "", QoS::AtMostOnce, false);
    options.set_last_will(will);
    let (client, mut connection) = Client::new(options, 8);
    let speaker = Speaker { client: client.clone(), broker: Arc::new(broker.clone()) };
    speaker.event(fired);
    let until = Instant::now() + TEST;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if stop.is_set() {
            return Err(ActionError::Stopped);
        }
        match connection.recv_timeout(left) {
            Ok(Ok(Event::Incoming(Packet::PubAck(_)))) => {
                let _ = client.try_disconnect();
                let topic = format!("{}/rules/{}/event", prefix(broker), topic_name(&fired.rule.name));
                // The good-bye is sent with the next steps.
                let _ = connection.recv_timeout(Duration::from_millis(200));
                return Ok(Success { note: topic, file: None });
            }
            Ok(Ok(_)) if !left.is_zero() => {}
            Ok(Err(error)) => return Err(failed(reason(&error))),
            _ => return Err(failed("no answer".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_topics_that_differ() {
        assert_eq!(topic_name("Front gate"), "front_gate");
        assert_eq!(topic_name("  a/b+#c "), "a_b_c");
        let (gate, door) = (topic_name("前门"), topic_name("后门"));
        assert!(gate != door && gate.len() == 8, "{gate} {door}");
        assert!(topic_name("Tür 2").starts_with("t_r_2_"));
        assert!(!topic_name("///").is_empty());
    }

    #[test]
    fn home_assistant_gets_a_sensor_and_a_picture_for_each_rule() {
        let broker = MqttBroker { topic: "home/cam".into(), ..MqttBroker::default() };
        let [(topic, sensor), (_, picture)] = discovery(&broker, "Front gate");
        assert_eq!(topic, "homeassistant/binary_sensor/home_cam/front_gate/config");
        assert_eq!(sensor["state_topic"], "home/cam/rules/front_gate/state");
        assert_eq!(sensor["availability_topic"], "home/cam/availability");
        assert_eq!(picture["image_topic"], "home/cam/rules/front_gate/thumbnail");
        assert_ne!(sensor["unique_id"], picture["unique_id"]);
        assert_eq!(sensor["device"], picture["device"]);
    }
}
