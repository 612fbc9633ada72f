//! What the user wants to hear of: rules that say when, actions that say how, and a log of what happened.
//!
//! ```text
//! report ─▶ judge ─▶ firing ─▶ thumbnail ─▶ log (SQLite)
//!                                      └──▶ actions: notification, sound, snapshot, command, webhook, MQTT
//! ```
//!
//! [`Judge`] is pure: the same reports and clock give the same firings. [`Watch`] runs it beside an engine on threads of its own.
//! Every action has a thread and a short queue to itself, so that a server that hangs holds up nothing else.

pub mod actions;
mod desk;
mod export;
mod hours;
mod judge;
mod log;
mod log_error;
mod log_writer;
mod record;
mod rule;
mod rules_file;
pub mod text;
mod thumbnail;
mod watch;

pub use desk::{Desk, Happening, Seen, WatchOptions};
pub use export::{ExportFormat, export};
pub use hours::Hours;
pub use judge::{Alert, Firing, Judge, Verdict};
pub use log::{Deleted, Filter, Log, LogSummary, Page, default_file as log_file};
pub use log_error::LogError;
pub use record::EventRecord;
pub use rule::{
    ANY, Action, ClipAction, CommandAction, Direction, MqttBroker, Problem, Rule, WebhookAction, When,
    class_ids,
};
pub use rules_file::{Rules, RulesError, UnreadableRule, rules_file};
pub use thumbnail::{MAX_BYTES as THUMBNAIL_BYTES, Thumbnail};
pub use watch::Watch;
