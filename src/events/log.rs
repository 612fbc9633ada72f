//! The log of events: an `SQLite` database (WAL), so that what was logged survives a crash. It keeps to a size; the oldest
//! events go first.
//!
//! A [`Log`] is one connection. The writer has one on its thread, and each query another one on a worker: reading and
//! writing don't wait for each other.

mod query;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params, params_from_iter};

use super::log_error::LogError;
use super::record::EventRecord;
pub use query::{Filter, LogSummary, Page};
use query::{clause, conditions, event};

/// The version of the tables.
const VERSION: i32 = 1;
/// How long a statement waits for another connection.
const WAIT: Duration = Duration::from_secs(2);
/// The size is looked at after so many events.
const CHECK_EVERY: u32 = 32;
/// The share of the limit that is left after old events are dropped.
const KEPT: f64 = 0.95;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL, ended INTEGER,
        rule TEXT NOT NULL, \"when\" TEXT NOT NULL, class TEXT NOT NULL, track INTEGER,
        zone TEXT, line TEXT, direction TEXT, count INTEGER NOT NULL,
        source TEXT NOT NULL, source_time REAL NOT NULL,
        x1 REAL, y1 REAL, x2 REAL, y2 REAL, file TEXT
    ) STRICT;
    -- Apart from the events, so that lists and searches don't read images.
    CREATE TABLE IF NOT EXISTS thumbnails (event INTEGER PRIMARY KEY, jpeg BLOB NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS events_by_time ON events (time, id);
    CREATE INDEX IF NOT EXISTS events_by_rule ON events (rule, time, id);
    CREATE INDEX IF NOT EXISTS events_by_class ON events (class, time, id);
    CREATE INDEX IF NOT EXISTS events_open ON events (id) WHERE ended IS NULL;
";

const COLUMNS: &str = "id, time, ended, rule, \"when\", class, track, zone, line, direction, count, source, source_time, \
                       x1, y1, x2, y2, file";

/// A connection to the log.
#[derive(Debug)]
pub struct Log {
    connection: Connection,
    path: PathBuf,
    /// In bytes.
    limit: u64,
    /// Events since the size was looked at.
    added: u32,
}

/// An event with its image, as it was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    pub event: EventRecord,
    pub thumbnail: Option<Vec<u8>>,
}

/// The path of the log, whether or not it exists; `None` if the user has no home.
#[must_use]
pub fn default_file() -> Option<PathBuf> {
    Some(crate::model::folders::data_folder()?.join("events.sqlite"))
}

impl Log {
    /// Opens the log for writing, and makes it if it isn't there. Alerts that a crash left open are closed. A damaged
    /// log is renamed and a new one is made: then the second value says so.
    ///
    /// # Errors
    /// Why events can't be logged.
    pub fn open(path: &Path, limit: u64) -> Result<(Self, Option<LogError>), LogError> {
        match Self::try_open(path, limit) {
            Ok(log) => Ok((log, None)),
            Err(LogError::Unusable { reason, .. }) => {
                let kept_as =
                    keep_aside(path).ok_or_else(|| LogError::Unusable { path: path.to_owned(), reason })?;
                Ok((Self::try_open(path, limit)?, Some(LogError::Damaged { kept_as })))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(path: &Path, limit: u64) -> Result<Self, LogError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| LogError::CantOpen { path: path.to_owned(), reason: error.to_string() })?;
        }
        let log =
            Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, limit)?;
        let prepare = || -> rusqlite::Result<()> {
            let c = &log.connection;
            // Only an empty database takes this over; before the mode of the journal, which writes the first page.
            c.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            c.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            // A crash of the program loses nothing; a failure of the power may lose the last events.
            c.pragma_update(None, "synchronous", "NORMAL")?;
            c.pragma_update_and_check(None, "journal_size_limit", 4 << 20, |_| Ok(()))?;
            c.execute_batch(TABLES)?;
            c.pragma_update(None, "user_version", VERSION)?;
            c.execute("UPDATE events SET ended = time WHERE ended IS NULL", [])?;
            Ok(())
        };
        prepare().map_err(|error| LogError::of(&error, path))?;
        Ok(log)
    }

    /// Opens the log for reading; `None` if there is none yet.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn open_to_read(path: &Path) -> Result<Option<Self>, LogError> {
        if !path.exists() {
            return Ok(None);
        }
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, u64::MAX).map(Some)
    }

    /// Opens a log that is there for changing, beside the one that events are written with.
    ///
    /// # Errors
    /// Why it can't be changed.
    pub fn open_to_change(path: &Path) -> Result<Self, LogError> {
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, u64::MAX)
    }

    fn connect(path: &Path, flags: OpenFlags, limit: u64) -> Result<Self, LogError> {
        let failed = |error: &rusqlite::Error| LogError::of(error, path);
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|e| failed(&e))?;
        connection.busy_timeout(WAIT).map_err(|e| failed(&e))?;
        let version: i32 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|e| failed(&e))?;
        if version > VERSION {
            return Err(LogError::Newer { path: path.to_owned() });
        }
        Ok(Self { connection, path: path.to_owned(), limit, added: 0 })
    }

    fn failed(&self, error: &rusqlite::Error) -> LogError {
        LogError::of(error, &self.path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Changes how large it may become, in bytes.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
        self.added = CHECK_EVERY;
    }

    /// Adds an event with its image; returns its number.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn add(&mut self, event: &EventRecord, thumbnail: Option<&[u8]>) -> Result<i64, LogError> {
        let add = |connection: &mut Connection| -> rusqlite::Result<i64> {
            let transaction = connection.transaction()?;
            let id = insert(&transaction, event, None)?;
            if let Some(jpeg) = thumbnail {
                transaction
                    .prepare("INSERT INTO thumbnails (event, jpeg) VALUES (?1, ?2)")?
                    .execute(params![id, jpeg])?;
            }
            transaction.commit()?;
            Ok(id)
        };
        let id = add(&mut self.connection).map_err(|error| self.failed(&error))?;
        self.added += 1;
        if self.added >= CHECK_EVERY {
            self.added = 0;
            self.drop_oldest().map_err(|error| self.failed(&error))?;
        }
        Ok(id)
    }

    /// The alert of an event has closed, at this moment in milliseconds.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn close(&mut self, id: i64, ended: i64) -> Result<(), LogError> {
        self.change("UPDATE events SET ended = max(time, ?2) WHERE id = ?1", params![id, ended])
    }

    /// A snapshot was saved for an event.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn set_file(&mut self, id: i64, file: &str) -> Result<(), LogError> {
        self.change("UPDATE events SET file = ?2 WHERE id = ?1", params![id, file])
    }

    fn change(&self, statement: &str, values: impl rusqlite::Params) -> Result<(), LogError> {
        let changed = self.connection.prepare(statement).and_then(|mut s| s.execute(values));
        changed.map(drop).map_err(|error| self.failed(&error))
    }

    /// Drops the oldest events until the log is smaller than its limit, and gives the space back to the disk.
    fn drop_oldest(&mut self) -> rusqlite::Result<()> {
        if self.used()? <= self.limit {
            return Ok(());
        }
        let aim = (self.limit as f64 * KEPT) as u64;
        loop {
            let (used, count) = (self.used()?, self.count_all()?);
            if used <= aim || count == 0 {
                break;
            }
            let share = (used - aim) as f64 / used as f64;
            let goes = ((count as f64 * share) as u64).clamp(1, count);
            let transaction = self.connection.transaction()?;
            let until: Option<i64> = transaction
                .query_row(
                    "SELECT id FROM events ORDER BY time, id LIMIT 1 OFFSET ?1",
                    [goes as i64 - 1],
                    |r| r.get(0),
                )
                .optional()?;
            let Some(until) = until else { break };
            let time: i64 =
                transaction.query_row("SELECT time FROM events WHERE id = ?1", [until], |r| r.get(0))?;
            transaction.execute(
                "DELETE FROM thumbnails WHERE event IN (SELECT id FROM events WHERE (time, id) <= (?1, ?2))",
                [time, until],
            )?;
            transaction.execute("DELETE FROM events WHERE (time, id) <= (?1, ?2)", [time, until])?;
            transaction.commit()?;
        }
        self.give_back_space()
    }

    fn give_back_space(&self) -> rusqlite::Result<()> {
        // It frees a page with every step.
        let mut statement = self.connection.prepare("PRAGMA incremental_vacuum")?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Bytes of the pages that hold something.
    fn used(&self) -> rusqlite::Result<u64> {
        let of = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok(((of("page_count")? - of("freelist_count")?) * of("page_size")?).max(0) as u64)
    }

    fn count_all(&self) -> rusqlite::Result<u64> {
        self.connection
            .query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0))
            .map(|n| n as u64)
    }

    /// Deletes the events that fit the filter and returns them, newest first, if they are at most `kept`; else nothing is
    /// returned and they are gone.
    ///
    /// # Errors
    /// Why they can't be deleted; none is then.
    pub fn delete(
        &mut self,
        filter: &Filter,
        ids: Option<&[i64]>,
        kept: usize,
    ) -> Result<Vec<Deleted>, LogError> {
        let mut delete = || -> rusqlite::Result<Vec<Deleted>> {
            let (terms, mut values) = conditions(filter);
            let mut terms: Vec<String> = terms.into_iter().map(str::to_owned).collect();
            if let Some(ids) = ids {
                terms.push(format!("id IN ({})", vec!["?"; ids.len()].join(", ")));
                values.extend(ids.iter().map(|id| Value::Integer(*id)));
            }
            let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
            let clause = clause(&terms);
            let transaction = self.connection.transaction()?;
            let count: i64 = transaction.query_row(
                &format!("SELECT count(*) FROM events {clause}"),
                params_from_iter(values.clone()),
                |row| row.get(0),
            )?;
            let mut deleted = Vec::new();
            if count <= kept as i64 {
                let text = format!("SELECT {COLUMNS} FROM events {clause} ORDER BY time DESC, id DESC");
                let mut statement = transaction.prepare(&text)?;
                let mut rows = statement.query(params_from_iter(values.clone()))?;
                let mut image = transaction.prepare("SELECT jpeg FROM thumbnails WHERE event = ?1")?;
                while let Some(row) = rows.next()? {
                    let event = event(row)?;
                    let thumbnail = image.query_row([event.id], |row| row.get(0)).optional()?;
                    deleted.push(Deleted { event, thumbnail });
                }
            }
            let ids = format!("SELECT id FROM events {clause}");
            transaction.execute(
                &format!("DELETE FROM thumbnails WHERE event IN ({ids})"),
                params_from_iter(values.clone()),
            )?;
            transaction.execute(&format!("DELETE FROM events {clause}"), params_from_iter(values))?;
            transaction.commit()?;
            Ok(deleted)
        };
        let deleted = delete().map_err(|error| LogError::of(&error, &self.path))?;
        self.give_back_space().map_err(|error| self.failed(&error))?;
        Ok(deleted)
    }

    /// Brings back what was deleted.
    ///
    /// # Errors
    /// Why it can't be written; none is brought back then.
    pub fn restore(&mut self, deleted: &[Deleted]) -> Result<(), LogError> {
        let mut restore = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            for Deleted { event, thumbnail } in deleted {
                insert(&transaction, event, Some(event.id))?;
                if let Some(jpeg) = thumbnail {
                    transaction.execute(
                        "INSERT OR REPLACE INTO thumbnails (event, jpeg) VALUES (?1, ?2)",
                        params![event.id, jpeg],
                    )?;
                }
            }
            transaction.commit()
        };
        restore().map_err(|error| LogError::of(&error, &self.path))
    }
}

fn insert(connection: &Connection, event: &EventRecord, id: Option<i64>) -> rusqlite::Result<i64> {
    let text = format!(
        "INSERT OR REPLACE INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
    );
    let side = |n: usize| event.bbox.map(|bbox| f64::from(bbox[n]));
    connection.prepare(&text)?.execute(params![
        id,
        event.time,
        event.ended,
        event.rule,
        event.when,
        event.class,
        event.track,
        event.zone,
        event.line,
        event.direction,
        event.count,
        event.source,
        event.source_time_s,
        side(0),
        side(1),
        side(2),
        side(3),
        event.file,
    ])?;
    Ok(connection.last_insert_rowid())
}

/// Renames a damaged log; returns its new name, or `None` if that can't be done.
fn keep_aside(path: &Path) -> Option<PathBuf> {
    let named = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let free = (1..100).map(|n| named(&if n == 1 { ".damaged".into() } else { format!(".damaged-{n}") }));
    let kept_as = free.into_iter().find(|path| !path.exists())?;
    std::fs::rename(path, &kept_as).ok()?;
    for ending in ["-wal", "-shm"] {
        let mut to = kept_as.as_os_str().to_owned();
        to.push(ending);
        // Best effort: there may be none.
        let _ = std::fs::rename(named(ending), to);
    }
    Some(kept_as)
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
