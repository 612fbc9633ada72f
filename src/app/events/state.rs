//! What the page of events and rules remembers between two passes.

use std::collections::HashMap;
use std::sync::Arc;

use egui::TextureHandle;

use crate::events::{EventRecord, Filter, LogError, LogSummary, MqttBroker, Rule};

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventsTab {
    #[default]
    Events,
    Rules,
}

/// How far back events are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Period {
    #[default]
    Any,
    Hour,
    Day,
    Week,
}

impl Period {
    pub(super) const ALL: [Self; 4] = [Self::Any, Self::Hour, Self::Day, Self::Week];

    /// Milliseconds.
    fn length(self) -> Option<i64> {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Any => None,
            Self::Hour => Some(HOUR),
            Self::Day => Some(24 * HOUR),
            Self::Week => Some(7 * 24 * HOUR),
        }
    }
}

/// An event of the list with its picture.
#[derive(Clone)]
pub struct EventRow {
    pub event: EventRecord,
    pub picture: Option<TextureHandle>,
}

/// What "Test now" brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    Waiting,
    /// With what the action has to say; may be empty.
    Worked(String),
    /// Why not, with the fix.
    Failed(String),
}

/// A rule that is being edited.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    /// The name under which the rule is in the file; `None`: a new one.
    pub(super) original: Option<String>,
    pub(super) rule: Rule,
    /// As they are typed.
    pub(super) hours: (String, String),
    /// The editor has shown it.
    pub(super) shown: bool,
    /// A name was typed.
    pub(super) named: bool,
}

impl Draft {
    pub(super) fn new(rule: Rule, original: Option<String>) -> Self {
        let hours = rule.hours.map(|hours| hours.to_string());
        let hours = hours.as_deref().and_then(|text| text.split_once('-')).unwrap_or(("22:00", "06:00"));
        let hours = (hours.0.to_owned(), hours.1.to_owned());
        Self { original, rule, hours, shown: false, named: false }
    }
}

/// See the module.
#[derive(Default)]
pub struct EventsPage {
    pub tab: EventsTab,
    pub(super) rule: Option<String>,
    pub(super) class: Option<String>,
    pub(super) period: Period,
    pub(super) text: String,
    /// The filter that the rows belong to, or that was asked for.
    asked: Option<Filter>,
    pub rows: Vec<EventRow>,
    /// There are older events.
    pub more: bool,
    /// How many fit the filter.
    pub count: u64,
    pub loading: bool,
    pub summary: LogSummary,
    pub error: Option<LogError>,
    /// Whether to delete what is listed.
    pub(super) question: bool,
    pub(super) draft: Option<Draft>,
    /// The broker as it is typed, with the one that it was made from.
    pub(super) broker: Option<(Option<MqttBroker>, Option<MqttBroker>)>,
    /// By the rule's name and the action's place.
    pub tested: HashMap<(String, usize), Tested>,
}

impl std::fmt::Debug for EventsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventsPage")
            .field("tab", &self.tab)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl EventsPage {
    /// The filter as it is chosen. The time is whole minutes, so that the filter doesn't change from pass to pass.
    pub(super) fn filter(&self) -> Filter {
        let now = chrono::Local::now().timestamp_millis() / 60_000 * 60_000;
        Filter {
            rule: self.rule.clone(),
            class: self.class.clone(),
            since: self.period.length().map(|length| now - length),
            until: None,
            text: self.text.trim().to_owned(),
        }
    }

    /// The filter to ask for, if it isn't the one that was asked for.
    pub(super) fn wanted(&mut self) -> Option<Filter> {
        let filter = self.filter();
        (self.asked.as_ref() != Some(&filter)).then(|| {
            self.asked = Some(filter.clone());
            self.loading = true;
            filter
        })
    }

    /// The filter of the rows.
    pub fn asked(&self) -> Option<&Filter> {
        self.asked.as_ref()
    }

    /// The list is to be read again: there are new events, or some are gone.
    pub fn outdated(&mut self) {
        self.asked = None;
    }

    /// Opens the editor with a rule, or a new one.
    pub fn edit(&mut self, rule: Option<&Arc<Rule>>) {
        self.tab = EventsTab::Rules;
        let draft = match rule {
            Some(rule) => Draft::new(Rule::clone(rule), Some(rule.name.clone())),
            None => Draft::new(Rule::default(), None),
        };
        self.tested.clear();
        self.draft = Some(draft);
    }

    /// The rule was saved.
    pub fn close_editor(&mut self) {
        self.draft = None;
    }
}
