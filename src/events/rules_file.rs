//! The file of the rules: TOML that people can read and edit. It may hold passwords, so only its owner may read it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::rule::{MqttBroker, Rule};
use crate::whole_file;

/// A file with more bytes isn't read.
const MAX_BYTES: u64 = 4 << 20;

/// The rules, and what they share.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub rules: Vec<Rule>,
    pub mqtt: Option<MqttBroker>,
    /// How large the log of events may become, in megabytes; the oldest events are dropped.
    pub log_limit_mb: u32,
    /// Rules that this version can't read: they are written again as they are.
    pub unreadable: Vec<UnreadableRule>,
    /// What a newer version wrote: it is written again.
    pub unknown: Table,
}

/// A rule that can't be read.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableRule {
    /// Its name, or its place in the file.
    pub name: String,
    /// Why, in the parser's words.
    pub reason: String,
    table: Value,
}

/// The limit of the log unless the user chooses another: about 30,000 events with images.
pub const LOG_LIMIT_MB: u32 = 256;

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            mqtt: None,
            log_limit_mb: LOG_LIMIT_MB,
            unreadable: Vec::new(),
            unknown: Table::new(),
        }
    }
}

/// What is read and written beside the rules.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Shared {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_limit_mb: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mqtt: Option<MqttBroker>,
    #[serde(flatten)]
    unknown: Table,
}

/// Why rules can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The file isn't TOML, or a value outside of the rules isn't valid.
    #[error("The rules in \u{201c}{}\u{201d} can't be understood: {reason}.", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("The rules in \u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("The rules can't be saved in \u{201c}{}\u{201d}: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
}

impl RulesError {
    /// A sentence that tells the user what to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "Correct that line, or move the file away.",
            Self::Unreadable { .. } => "Check its name and its permissions.",
            Self::Unwritable { .. } => "Check that the folder can be written and that the disk has space.",
        }
    }
}

/// The path of the rules, whether or not they exist: next to the settings; `None` if the user has no home.
#[must_use]
pub fn rules_file() -> Option<PathBuf> {
    Some(crate::settings::settings_file()?.with_file_name("rules.toml"))
}

impl Rules {
    /// Reads the rules; a file that doesn't exist holds none. Single rules that can't be read are in
    /// [`Rules::unreadable`].
    ///
    /// # Errors
    /// [`RulesError::Unreadable`], or [`RulesError::Damaged`] with the line.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        match whole_file::read_text(path, MAX_BYTES) {
            Ok(text) => {
                Self::parse(&text).map_err(|reason| RulesError::Damaged { path: path.to_owned(), reason })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(RulesError::Damaged { path: path.to_owned(), reason: "it isn't a text file".into() })
            }
            Err(error) => Err(RulesError::Unreadable { path: path.to_owned(), reason: error.to_string() }),
        }
    }

    /// The rules in a text.
    ///
    /// # Errors
    /// Why it isn't TOML, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = error.message().trim_end_matches('.').replace('\n', ", ");
            line.map_or_else(
                || format!("\u{201c}{message}\u{201d}"),
                |line| format!("line {line}: \u{201c}{message}\u{201d}"),
            )
        })?;
        let listed = match table.remove("rule") {
            None => Vec::new(),
            Some(Value::Array(rules)) => rules,
            Some(_) => return Err("each rule begins with [[rule]]".into()),
        };
        let shared = Shared::deserialize(table)
            .map_err(|error| format!("\u{201c}{}\u{201d}", error.message().replace('\n', ", ")))?;
        let mut rules = Self {
            mqtt: shared.mqtt,
            log_limit_mb: shared.log_limit_mb.unwrap_or(LOG_LIMIT_MB).max(1),
            unknown: shared.unknown,
            ..Self::default()
        };
        for (place, value) in listed.into_iter().enumerate() {
            match Rule::deserialize(value.clone()) {
                Ok(rule) => rules.rules.push(rule),
                Err(error) => {
                    let name = value.get("name").and_then(Value::as_str).map(str::to_owned);
                    rules.unreadable.push(UnreadableRule {
                        name: name.unwrap_or_else(|| (place + 1).to_string()),
                        reason: error.message().replace('\n', ", "),
                        table: value,
                    });
                }
            }
        }
        Ok(rules)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// A value that TOML can't hold.
    pub fn to_text(&self) -> Result<String, String> {
        let shared = Shared {
            log_limit_mb: (self.log_limit_mb != LOG_LIMIT_MB).then_some(self.log_limit_mb),
            mqtt: self.mqtt.clone(),
            unknown: self.unknown.clone(),
        };
        let mut table = Table::try_from(&shared).map_err(|error| error.to_string())?;
        let rules = self.rules.iter().map(|rule| Value::try_from(rule).map_err(|error| error.to_string()));
        let mut rules = rules.collect::<Result<Vec<_>, _>>()?;
        rules.extend(self.unreadable.iter().map(|rule| rule.table.clone()));
        if !rules.is_empty() {
            table.insert("rule".into(), Value::Array(rules));
        }
        toml::to_string_pretty(&table).map_err(|error| error.to_string())
    }

    /// Writes the rules to a temporary file in the same folder, which only its owner may read, then renames it.
    ///
    /// # Errors
    /// [`RulesError::Unwritable`]; the old file is unchanged.
    pub fn save(&self, path: &Path) -> Result<(), RulesError> {
        let unwritable = |reason: String| RulesError::Unwritable { path: path.to_owned(), reason };
        let text = self.to_text().map_err(unwritable)?;
        std::fs::create_dir_all(whole_file::folder_of(path))
            .and_then(|()| whole_file::write(path, text.as_bytes()))
            .map_err(|e| unwritable(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::rule::{Action, CommandAction, Direction, When};

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_of_rules_is_never_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rules.toml");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        let error = Rules::load(&path).expect_err("no file");
        assert!(error.to_string().contains("it is a device, not a file"), "{error}");
    }

    const TEXT: &str = r#"
log-limit-mb = 64
later = "kept"

[mqtt]
host = "broker.local"
password = "secret"
qos = 2

[[rule]]
name = "Night"
class = "car"
when = "stays-in"
zone = "Drive"
for-s = 10
pause-s = 60
hours = "22:00-06:00"
colour = "red"

[[rule.action]]
do = "command"
program = "/usr/bin/logger"
arguments = ["{rule}", "{class}"]
nice = 5

[[rule.action]]
do = "mqtt"

[[rule]]
name = "From the future"
when = "flies"

[[rule]]
name = "Gate"
when = "crosses"
line = "Gate"
direction = "in"
"#;

    #[test]
    fn what_people_write_is_read_and_nothing_is_lost() {
        let rules = Rules::parse(TEXT).expect("valid");
        assert_eq!((rules.rules.len(), rules.log_limit_mb), (2, 64));
        let night = &rules.rules[0];
        assert_eq!((night.when, night.for_s, night.at_least, night.enabled), (When::StaysIn, 10.0, 1, true));
        assert_eq!(night.hours.map(|hours| hours.to_string()).as_deref(), Some("22:00-06:00"));
        let Action::Command(CommandAction { limit_s, arguments, .. }) = &night.actions[0] else {
            panic!("{night:?}")
        };
        assert_eq!((*limit_s, arguments.len()), (10.0, 2));
        assert_eq!(rules.rules[1].direction, Direction::In);
        let broken = &rules.unreadable[0];
        assert!(broken.name == "From the future" && broken.reason.contains("flies"), "{broken:?}");
        let text = rules.to_text().expect("it can be written");
        for kept in ["later = \"kept\"", "qos = 2", "colour = \"red\"", "nice = 5", "\"flies\"", "\"secret\""]
        {
            assert!(text.contains(kept), "{kept} is gone:\n{text}");
        }
        assert_eq!(Rules::parse(&text).expect("valid again"), rules);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = Rules::parse("[[rule]]\nname = \"a\"\nclass = car\n").expect_err("not TOML");
        assert!(error.starts_with("line 3:"), "{error}");
        assert!(Rules::parse("rule = 3").is_err());
        assert!(Rules::parse("[mqtt]\nport = 99999").is_err());
    }

    #[test]
    fn a_file_that_is_not_there_holds_no_rules_and_one_that_cant_be_read_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Rules::load(&folder.path().join("none.toml")), Ok(Rules::default()));
        assert!(matches!(Rules::load(folder.path()), Err(RulesError::Unreadable { .. })));
        let binary = folder.path().join("binary.toml");
        std::fs::write(&binary, [0xff, 0xfe]).expect("writable");
        assert!(matches!(Rules::load(&binary), Err(RulesError::Damaged { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rules.toml");
        std::fs::write(&path, "").expect("writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        Rules::parse(TEXT).expect("valid").save(&path).expect("saved");
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let blocked = path.join("rules.toml");
        assert!(matches!(Rules::default().save(&blocked), Err(RulesError::Unwritable { .. })));
    }
}
