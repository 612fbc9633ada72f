//! Reading the log: pages of a list, counts, names, images.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, params_from_iter};

use super::{COLUMNS, Log};
use crate::events::log_error::LogError;
use crate::events::record::EventRecord;

/// Which events are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub rule: Option<String>,
    pub class: Option<String>,
    /// Milliseconds since 1970, included.
    pub since: Option<i64>,
    /// Milliseconds since 1970, not included.
    pub until: Option<i64>,
    /// Must be in the rule's, the class's, the place's or the source's name.
    pub text: String,
}

/// A part of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub events: Vec<EventRecord>,
    /// There are older ones: [`Log::page`] continues after the last of these.
    pub more: bool,
}

/// What is in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSummary {
    pub events: u64,
    /// The names of rules in the log, sorted.
    pub rules: Vec<String>,
    /// The names of classes in the log, sorted.
    pub classes: Vec<String>,
    /// Bytes on the disk that are in use.
    pub bytes: u64,
}

impl Log {
    /// Returns events, newest first: at most `limit`, older than `after`.
    ///
    /// # Errors
    /// Why they can't be read.
    pub fn page(&self, filter: &Filter, after: Option<&EventRecord>, limit: usize) -> Result<Page, LogError> {
        let mut events = Vec::with_capacity(limit + 1);
        self.each(filter, after, Some(limit + 1), |event| {
            events.push(event);
            true
        })?;
        let more = events.len() > limit;
        events.truncate(limit);
        Ok(Page { events, more })
    }

    /// Gives events to `take`, newest first, until it returns `false`.
    ///
    /// # Errors
    /// Why they can't be read.
    pub fn each(
        &self,
        filter: &Filter,
        after: Option<&EventRecord>,
        limit: Option<usize>,
        mut take: impl FnMut(EventRecord) -> bool,
    ) -> Result<(), LogError> {
        let (mut terms, mut values) = conditions(filter);
        if let Some(after) = after {
            terms.push("(time, id) < (?, ?)");
            values.extend([Value::Integer(after.time), Value::Integer(after.id)]);
        }
        let limit = limit.map_or(-1, |limit| limit as i64);
        let text = format!(
            "SELECT {COLUMNS} FROM events {} ORDER BY time DESC, id DESC LIMIT {limit}",
            clause(&terms)
        );
        let read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(&text)?;
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                if !take(event(row)?) {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }

    /// How many events there are.
    ///
    /// # Errors
    /// Why they can't be counted.
    pub fn count(&self, filter: &Filter) -> Result<u64, LogError> {
        let (terms, values) = conditions(filter);
        let text = format!("SELECT count(*) FROM events {}", clause(&terms));
        let count = self.connection.query_row(&text, params_from_iter(values), |row| row.get::<_, i64>(0));
        count.map(|n| n as u64).map_err(|error| self.failed(&error))
    }

    /// What is in the log.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn summary(&self) -> Result<LogSummary, LogError> {
        let names = |column: &str| -> rusqlite::Result<Vec<String>> {
            // Jumps from one name to the next in the index, instead of reading all events.
            let text = format!(
                "WITH RECURSIVE names(name) AS (SELECT min({column}) FROM events \
                 UNION ALL SELECT (SELECT min({column}) FROM events WHERE {column} > name) FROM names WHERE name IS NOT NULL) \
                 SELECT name FROM names WHERE name IS NOT NULL LIMIT 500"
            );
            self.connection.prepare(&text)?.query_map([], |row| row.get(0))?.collect()
        };
        let read = || -> rusqlite::Result<LogSummary> {
            Ok(LogSummary {
                events: self.count_all()?,
                rules: names("rule")?,
                classes: names("class")?,
                bytes: self.used()?,
            })
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The image of an event, a JPEG.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn thumbnail(&self, id: i64) -> Result<Option<Vec<u8>>, LogError> {
        let read = || {
            let mut statement = self.connection.prepare("SELECT jpeg FROM thumbnails WHERE event = ?1")?;
            statement.query_row([id], |row| row.get(0)).optional()
        };
        read().map_err(|error| self.failed(&error))
    }
}

pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    let side = |n: usize| row.get::<_, Option<f64>>(n).map(|v| v.map(|v| v as f32));
    let bbox = match (side(13)?, side(14)?, side(15)?, side(16)?) {
        (Some(x1), Some(y1), Some(x2), Some(y2)) => Some([x1, y1, x2, y2]),
        _ => None,
    };
    Ok(EventRecord {
        id: row.get(0)?,
        time: row.get(1)?,
        ended: row.get(2)?,
        rule: row.get(3)?,
        when: row.get(4)?,
        class: row.get(5)?,
        track: row.get(6)?,
        zone: row.get(7)?,
        line: row.get(8)?,
        direction: row.get(9)?,
        count: row.get(10)?,
        source: row.get(11)?,
        source_time_s: row.get(12)?,
        bbox,
        file: row.get(17)?,
    })
}

/// The conditions of a filter, with the values of their question marks.
pub(super) fn conditions(filter: &Filter) -> (Vec<&'static str>, Vec<Value>) {
    let (mut terms, mut values) = (Vec::new(), Vec::new());
    let mut add = |term, value: Value| {
        terms.push(term);
        values.push(value);
    };
    if let Some(rule) = &filter.rule {
        add("rule = ?", Value::Text(rule.clone()));
    }
    if let Some(class) = &filter.class {
        add("class = ?", Value::Text(class.clone()));
    }
    if let Some(since) = filter.since {
        add("time >= ?", Value::Integer(since));
    }
    if let Some(until) = filter.until {
        add("time < ?", Value::Integer(until));
    }
    for word in filter.text.split_whitespace() {
        let word = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        // A space between the names, so that no word is found across two of them.
        add(
            "rule || ' ' || class || ' ' || ifnull(zone, '') || ' ' || ifnull(line, '') || ' ' || source || ' #' || \
             ifnull(track, '') LIKE ? ESCAPE '\\'",
            Value::Text(format!("%{word}%")),
        );
    }
    (terms, values)
}

pub(super) fn clause(terms: &[&str]) -> String {
    if terms.is_empty() { String::new() } else { format!("WHERE {}", terms.join(" AND ")) }
}
