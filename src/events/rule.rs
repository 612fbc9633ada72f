//! A rule: when, for what, where and how often; and what is to be done then.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::Table;

use super::hours::Hours;
use crate::model::labels::Labels;

/// What must happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// An object comes into a zone. With [`Rule::for_s`]: and is still there after that time.
    #[default]
    Enters,
    /// An object leaves a zone. With [`Rule::for_s`]: in which it was at least that long.
    Leaves,
    /// An object is in a zone, or in the picture, for [`Rule::for_s`] seconds.
    StaysIn,
    /// An object crosses a line.
    Crosses,
    /// An object comes into the picture. With [`Rule::for_s`]: and is still there after that time.
    Appears,
    /// An object is no longer in the picture. With [`Rule::for_s`]: in which it was at least that long.
    Disappears,
}

impl When {
    /// Every kind, as lists show them.
    pub const ALL: [Self; 6] =
        [Self::Enters, Self::Leaves, Self::StaysIn, Self::Crosses, Self::Appears, Self::Disappears];

    /// The name in files, JSON and the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enters => "enters",
            Self::Leaves => "leaves",
            Self::StaysIn => "stays-in",
            Self::Crosses => "crosses",
            Self::Appears => "appears",
            Self::Disappears => "disappears",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|when| when.name() == name)
    }

    /// It is true for a while, as long as an object is there; the others happen in a moment.
    #[must_use]
    pub fn lasts(self) -> bool {
        matches!(self, Self::Enters | Self::StaysIn | Self::Appears)
    }

    /// Whether it can be said of a zone.
    #[must_use]
    pub fn has_zone(self) -> bool {
        matches!(self, Self::Enters | Self::Leaves | Self::StaysIn)
    }
}

/// The direction of a crossing; see [`LineReport::inward`](crate::track::LineReport::inward).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    In,
    Out,
    #[default]
    Either,
}

/// A rule. `Rule::default()` is what the editor starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Rule {
    /// Each rule of a file has another one.
    pub name: String,
    pub enabled: bool,
    /// A class of the model, in English or Chinese, or "any".
    pub class: String,
    pub when: When,
    /// The zone's name in the scene file; `None`: anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The line's name in the scene file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub direction: Direction,
    /// Seconds; see [`When`].
    #[serde(skip_serializing_if = "is_default")]
    pub for_s: f64,
    /// What lasts: so many objects at the same time. What happens in a moment: every so many.
    pub at_least: u32,
    /// It fires at most once in so many seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub pause_s: f64,
    /// It fires in this part of the day only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    #[serde(rename = "action", skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// What a newer version wrote: it is written again.
    #[serde(flatten)]
    pub unknown: Table,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            class: ANY.into(),
            when: When::default(),
            zone: None,
            line: None,
            direction: Direction::default(),
            for_s: 0.0,
            at_least: 1,
            pause_s: 0.0,
            hours: None,
            actions: Vec::new(),
            unknown: Table::new(),
        }
    }
}

/// The class that stands for all.
pub const ANY: &str = "any";

/// What is done when a rule fires. Every event is in the log, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// A message of the desktop.
    Notification,
    /// A short tone.
    Sound,
    /// A snapshot in the snapshot folder, as the settings say.
    Snapshot,
    /// A video that begins before the event, in the folder of recordings.
    Clip(ClipAction),
    /// The clean frame with what was found as suggestions, in the data set that is open.
    Collect,
    Command(CommandAction),
    Webhook(WebhookAction),
    /// A message to the broker of the file.
    Mqtt,
}

impl Action {
    /// The name in files and messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Sound => "sound",
            Self::Snapshot => "snapshot",
            Self::Clip(_) => "clip",
            Self::Collect => "collect",
            Self::Command(_) => "command",
            Self::Webhook(_) => "webhook",
            Self::Mqtt => "mqtt",
        }
    }
}

/// A video of the seconds around an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ClipAction {
    /// Seconds before the event.
    pub before_s: f64,
    /// Seconds after it.
    pub after_s: f64,
    #[serde(flatten)]
    pub unknown: Table,
}

impl Default for ClipAction {
    fn default() -> Self {
        Self { before_s: 5.0, after_s: 5.0, unknown: Table::new() }
    }
}

impl ClipAction {
    /// Both times are at most this, in seconds.
    pub const LONGEST_S: f64 = 60.0;
}

/// A program that is run, without a shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct CommandAction {
    pub program: PathBuf,
    /// May hold placeholders; see [`super::actions::command::PLACEHOLDERS`].
    pub arguments: Vec<String>,
    /// The program is ended after so many seconds.
    pub limit_s: f64,
    #[serde(flatten)]
    pub unknown: Table,
}

impl Default for CommandAction {
    fn default() -> Self {
        Self { program: PathBuf::new(), arguments: Vec::new(), limit_s: 10.0, unknown: Table::new() }
    }
}

/// An address that gets each event as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct WebhookAction {
    /// http or https.
    pub url: String,
    /// Added to the request: `Authorization = "Bearer …"`.
    #[serde(skip_serializing_if = "Table::is_empty")]
    pub headers: Table,
    /// The thumbnail goes with it.
    pub thumbnail: bool,
    #[serde(flatten)]
    pub unknown: Table,
}

impl Default for WebhookAction {
    fn default() -> Self {
        Self { url: String::new(), headers: Table::new(), thumbnail: true, unknown: Table::new() }
    }
}

/// The MQTT broker that all rules use.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct MqttBroker {
    pub host: String,
    pub port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    pub tls: bool,
    /// The certificate of an authority of one's own (PEM), instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What every topic begins with.
    pub topic: String,
    /// Sends the configuration that Home Assistant discovers rules by.
    pub home_assistant: bool,
    #[serde(flatten)]
    pub unknown: Table,
}

impl Default for MqttBroker {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 1883,
            user: None,
            password: None,
            tls: false,
            ca_file: None,
            topic: "sightline".into(),
            home_assistant: true,
            unknown: Table::new(),
        }
    }
}

impl std::fmt::Debug for MqttBroker {
    /// The password stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MqttBroker")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Why a rule can't fire, or not as it is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("The rule has no name.")]
    NoName,
    #[error("Two rules have the name \u{201c}{name}\u{201d}.")]
    SameName { name: String },
    #[error("The rule names no zone.")]
    NeedsZone,
    #[error("The rule names no line.")]
    NeedsLine,
    #[error("The rule says for no time how long an object must stay.")]
    NeedsTime,
    #[error("A number of the rule is negative or too large.")]
    OutOfRange,
    #[error("A crossing takes no time, so \u{201c}for\u{201d} has no meaning.")]
    CrossingTakesNoTime,
    #[error("A command of the rule names no program.")]
    NoProgram,
    #[error("A command of the rule has the unknown placeholder \u{201c}{placeholder}\u{201d}.")]
    Placeholder { placeholder: String },
    #[error("The address \u{201c}{url}\u{201d} of a webhook isn't an http or https address.")]
    BadUrl { url: String },
    #[error("A clip of the rule has no length, or more than 60 seconds before or after the event.")]
    ClipLength,
    #[error("The rule sends to MQTT, and no broker is named.")]
    NoBroker,
    #[error("The rule doesn't fire: the running model has no class \u{201c}{class}\u{201d}.")]
    UnknownClass { class: String },
    #[error("The rule doesn't fire: the scene has no zone \u{201c}{zone}\u{201d}.")]
    UnknownZone { zone: String },
    #[error("The rule doesn't fire: the scene has no line \u{201c}{line}\u{201d}.")]
    UnknownLine { line: String },
    #[error("The rule doesn't fire: objects aren't tracked.")]
    NotTracked,
}

impl Problem {
    /// A sentence that tells the user what to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoName => "Give it a name.",
            Self::SameName { .. } => "Give one of them another name.",
            Self::NeedsZone => "Choose a zone, or \u{201c}appears\u{201d} for the whole picture.",
            Self::NeedsLine => "Choose a line.",
            Self::NeedsTime => "Give the seconds.",
            Self::OutOfRange => "Times are 0 to 86400 seconds, a count is 1 to 1000.",
            Self::CrossingTakesNoTime => "Remove the time.",
            Self::NoProgram => "Name one.",
            Self::ClipLength => "Give 0 to 60 seconds before and after, not both 0.",
            Self::Placeholder { .. } => {
                "There are {rule}, {when}, {class}, {zone}, {line}, {track}, {time}, {source} and {file}; write {{ for a brace."
            }
            Self::BadUrl { .. } => "Write it as https://example.org/path.",
            Self::NoBroker => "Name the broker below the rules.",
            Self::UnknownClass { .. } => "Choose another class, or a model that finds it.",
            Self::UnknownZone { .. } | Self::UnknownLine { .. } => {
                "Draw it, or choose another name in the rule."
            }
            Self::NotTracked => "Turn tracking on, with a model that finds objects.",
        }
    }
}

/// The longest time in a rule, in seconds: a day.
const LONGEST: f64 = 86_400.0;
const MOST: u32 = 1000;

impl Rule {
    /// What is wrong with the rule itself, whatever the scene and the model are.
    #[must_use]
    pub fn problem(&self, broker: Option<&MqttBroker>) -> Option<Problem> {
        let in_range = |seconds: f64| (0.0..=LONGEST).contains(&seconds);
        if self.name.trim().is_empty() {
            return Some(Problem::NoName);
        }
        if !in_range(self.for_s) || !in_range(self.pause_s) || !(1..=MOST).contains(&self.at_least) {
            return Some(Problem::OutOfRange);
        }
        match self.when {
            When::Enters | When::Leaves if self.zone.is_none() => return Some(Problem::NeedsZone),
            When::Crosses if self.line.is_none() => return Some(Problem::NeedsLine),
            When::Crosses if self.for_s > 0.0 => return Some(Problem::CrossingTakesNoTime),
            When::StaysIn if self.for_s <= 0.0 && self.at_least < 2 => return Some(Problem::NeedsTime),
            _ => {}
        }
        self.actions.iter().find_map(|action| match action {
            Action::Command(command) if command.program.as_os_str().is_empty() => Some(Problem::NoProgram),
            Action::Command(CommandAction { limit_s, .. }) if !(0.1..=LONGEST).contains(limit_s) => {
                Some(Problem::OutOfRange)
            }
            Action::Clip(ClipAction { before_s, after_s, .. })
                if ![before_s, after_s].iter().all(|s| (0.0..=ClipAction::LONGEST_S).contains(*s))
                    || before_s + after_s <= 0.0 =>
            {
                Some(Problem::ClipLength)
            }
            Action::Command(command) => {
                let unknown = super::actions::command::unknown_placeholder(&command.arguments);
                unknown.map(|placeholder| Problem::Placeholder { placeholder })
            }
            Action::Webhook(hook) if super::actions::webhook::uri(&hook.url).is_none() => {
                Some(Problem::BadUrl { url: hook.url.clone() })
            }
            Action::Mqtt if broker.is_none_or(|broker| broker.host.trim().is_empty()) => {
                Some(Problem::NoBroker)
            }
            _ => None,
        })
    }

    /// Why a rule that is right by itself can't fire with this model and these zones and lines; `None` for what isn't known
    /// yet.
    #[must_use]
    pub fn obstacle(
        &self,
        labels: Option<&Labels>,
        report: Option<&crate::track::Report>,
    ) -> Option<Problem> {
        let labels = labels?;
        if class_ids(&self.class, labels).is_some_and(|ids| ids.is_empty()) {
            return Some(Problem::UnknownClass { class: self.class.clone() });
        }
        let Some(report) = report else { return Some(Problem::NotTracked) };
        match (&self.zone, &self.line) {
            (Some(zone), _) if self.when.has_zone() => {
                let there = report.zones.iter().any(|of| *of.name == **zone);
                (!there).then(|| Problem::UnknownZone { zone: zone.clone() })
            }
            (_, Some(line)) if self.when == When::Crosses => {
                let there = report.lines.iter().any(|of| *of.name == **line);
                (!there).then(|| Problem::UnknownLine { line: line.clone() })
            }
            _ => None,
        }
    }
}

/// The ids of the classes that a rule's class names, in English or Chinese; `None`: all of them.
#[must_use]
pub fn class_ids(class: &str, labels: &Labels) -> Option<Vec<u32>> {
    let class = class.trim();
    (!class.is_empty() && !class.eq_ignore_ascii_case(ANY)).then(|| labels.ids(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(when: When) -> Rule {
        Rule { name: "r".into(), when, zone: Some("z".into()), line: Some("l".into()), ..Rule::default() }
    }

    #[test]
    fn a_rule_says_what_is_wrong_with_it() {
        assert_eq!(rule(When::Enters).problem(None), None);
        assert_eq!(Rule::default().problem(None), Some(Problem::NoName));
        assert_eq!(Rule { zone: None, ..rule(When::Leaves) }.problem(None), Some(Problem::NeedsZone));
        assert_eq!(Rule { line: None, ..rule(When::Crosses) }.problem(None), Some(Problem::NeedsLine));
        assert_eq!(
            Rule { for_s: 1.0, ..rule(When::Crosses) }.problem(None),
            Some(Problem::CrossingTakesNoTime)
        );
        assert_eq!(rule(When::StaysIn).problem(None), Some(Problem::NeedsTime));
        assert_eq!(Rule { at_least: 2, ..rule(When::StaysIn) }.problem(None), None, "a crowd");
        for wrong in [-1.0, f64::NAN, 1e9] {
            assert_eq!(Rule { for_s: wrong, ..rule(When::Enters) }.problem(None), Some(Problem::OutOfRange));
        }
        let with = |action| Rule { actions: vec![action], ..rule(When::Enters) };
        assert_eq!(with(Action::Mqtt).problem(None), Some(Problem::NoBroker));
        assert_eq!(with(Action::Mqtt).problem(Some(&MqttBroker::default())), None);
        assert_eq!(with(Action::Command(CommandAction::default())).problem(None), Some(Problem::NoProgram));
        for url in ["", "example.org", "ftp://a/b", "https://", "file:///etc/passwd"] {
            let hook = WebhookAction { url: url.into(), ..WebhookAction::default() };
            assert!(
                matches!(with(Action::Webhook(hook)).problem(None), Some(Problem::BadUrl { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn a_rule_whose_zone_or_class_is_gone_says_so() {
        let coco = Labels::coco80();
        let mut report = crate::track::Report::default();
        let rule = Rule { class: "car".into(), ..rule(When::Enters) };
        assert_eq!(rule.obstacle(None, None), None, "no model runs yet");
        assert_eq!(rule.obstacle(Some(&coco), None), Some(Problem::NotTracked));
        let gone = Some(Problem::UnknownZone { zone: "z".into() });
        assert_eq!(rule.obstacle(Some(&coco), Some(&report)), gone);
        report.zones.push(crate::track::ZoneReport {
            name: "z".into(),
            inside: Vec::new(),
            ..Default::default()
        });
        assert_eq!(rule.obstacle(Some(&coco), Some(&report)), None);
        let faces = Labels::face();
        assert!(matches!(rule.obstacle(Some(&faces), Some(&report)), Some(Problem::UnknownClass { .. })));
        assert_eq!(class_ids("Car", &coco), Some(vec![2]));
        assert_eq!(class_ids("汽车", &coco), Some(vec![2]));
        assert_eq!(class_ids("any", &coco), None);
    }
}
