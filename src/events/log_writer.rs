//! Writes the log on a thread of its own, so that a slow disk holds up nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::judge::Alert;
use super::log::Log;
use super::log_error::LogError;
use super::record::EventRecord;
use super::thumbnail::Thumbnail;

/// Events that wait to be written; further ones are left out.
const QUEUE: usize = 256;
/// A log that can't be opened is tried again after so long.
const RETRY: Duration = Duration::from_secs(10);

enum Order {
    Add { alert: Alert, event: Arc<EventRecord>, thumbnail: Option<Thumbnail> },
    Close { alert: Alert, at: i64 },
    File { alert: Alert, file: String },
    Limit(u64),
}

/// Where events are handed in.
pub(super) struct LogWriter {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// Starts the thread. `tell` gets what is wrong with the log, and `None` when all is well again and after every event.
    pub fn start(path: PathBuf, limit: u64, tell: impl Fn(Option<LogError>) + Send + 'static) -> Self {
        let (orders, waiting) = bounded(QUEUE);
        let work = move || {
            let mut work =
                Work { path, limit, log: None, failed: None, tried: None, ids: HashMap::new(), tell };
            work.run(&waiting);
        };
        let thread = std::thread::Builder::new().name("sightline-events".into()).spawn(work);
        if let Err(error) = &thread {
            tracing::error!("no thread to log events: {error}");
        }
        Self { orders: Some(orders), thread: thread.ok() }
    }

    pub fn add(&self, alert: Alert, event: Arc<EventRecord>, thumbnail: Option<Thumbnail>) {
        self.send(Order::Add { alert, event, thumbnail });
    }

    pub fn close(&self, alert: Alert, at: i64) {
        self.send(Order::Close { alert, at });
    }

    pub fn set_file(&self, alert: Alert, file: String) {
        self.send(Order::File { alert, file });
    }

    pub fn set_limit(&self, limit: u64) {
        self.send(Order::Limit(limit));
    }

    fn send(&self, order: Order) {
        if let Some(orders) = &self.orders
            && let Err(TrySendError::Full(_)) = orders.try_send(order)
        {
            tracing::warn!("the disk is too slow for the log of events: one is left out");
        }
    }

    /// Whether half of the events that can wait do.
    pub fn is_behind(&self) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.len() >= QUEUE / 2)
    }

    /// Writes what waits, at most until this moment.
    pub fn finish(&mut self, until: Instant) {
        self.orders = None;
        if let Some(thread) = &self.thread {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

struct Work<F> {
    path: PathBuf,
    limit: u64,
    log: Option<Log>,
    /// What is wrong, as it was told.
    failed: Option<LogError>,
    /// When the log was last tried to be opened.
    tried: Option<Instant>,
    /// The numbers of events whose alerts are open or whose snapshots aren't saved yet.
    ids: HashMap<Alert, i64>,
    tell: F,
}

impl<F: Fn(Option<LogError>)> Work<F> {
    fn run(&mut self, orders: &Receiver<Order>) {
        self.open();
        for order in orders {
            if let Order::Limit(limit) = order {
                self.limit = limit;
            }
            if self.log.is_none() && self.tried.is_none_or(|tried| tried.elapsed() >= RETRY) {
                self.open();
            }
            if let Some(log) = &mut self.log
                && let Err(error) = carry_out(order, log, &mut self.ids).inspect(|added| {
                    if *added {
                        self.failed = None;
                        (self.tell)(None);
                    }
                })
            {
                // A log that was damaged meanwhile is set aside when it is opened again.
                if matches!(error, LogError::Unusable { .. }) {
                    (self.log, self.tried) = (None, None);
                    self.ids.clear();
                }
                self.failed(error);
            }
        }
    }

    fn open(&mut self) {
        self.tried = Some(Instant::now());
        match Log::open(&self.path, self.limit) {
            Ok((log, trouble)) => {
                self.log = Some(log);
                match trouble {
                    Some(trouble) => (self.tell)(Some(trouble)),
                    None => (self.tell)(None),
                }
            }
            Err(error) => self.failed(error),
        }
    }

    /// Tells of an error, once.
    fn failed(&mut self, error: LogError) {
        if self.failed.as_ref() != Some(&error) {
            tracing::warn!("{error}");
            self.failed = Some(error.clone());
            (self.tell)(Some(error));
        }
    }
}

/// Returns whether an event was added.
fn carry_out(order: Order, log: &mut Log, ids: &mut HashMap<Alert, i64>) -> Result<bool, LogError> {
    match order {
        Order::Add { alert, event, thumbnail } => {
            let id = log.add(&event, thumbnail.as_ref().map(|thumbnail| &thumbnail.jpeg[..]))?;
            // Alerts close, so that few are left; this keeps it so whatever happens.
            if ids.len() > 4096 {
                ids.clear();
            }
            ids.insert(alert, id);
            return Ok(true);
        }
        Order::Close { alert, at } => {
            if let Some(id) = ids.get(&alert) {
                log.close(*id, at)?;
            }
        }
        Order::File { alert, file } => {
            if let Some(id) = ids.get(&alert) {
                log.set_file(*id, &file)?;
            }
        }
        Order::Limit(limit) => log.set_limit(limit),
    }
    Ok(false)
}
