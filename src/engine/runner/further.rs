//! The further sessions of the first model: how many there are, and their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::in_flight::Measured;
use super::lifecycle::{FirstModel, Inner, WantedSession};
use super::models::Models;
use super::pace::PaceReport;
use super::session::Session;
use crate::engine::metrics::Stats;

/// How often the figures are looked at to decide about further sessions.
const TUNE_EVERY: Duration = Duration::from_millis(500);

impl Models {
    /// Decides about further sessions by the measured figures.
    pub(super) fn tune(&self, inner: &mut Inner) {
        let first = match &inner.active {
            FirstModel::Running(session)
                if inner.wanted.is_none()
                    && inner.compared.is_empty()
                    && session.is_stateless
                    && self.context.is_real_time() =>
            {
                Some(Arc::clone(session))
            }
            _ => None,
        };
        let now = Instant::now();
        let Some(first) = first else {
            if self.end_further(inner) {
                self.assign(inner, false);
            }
            return self.show_pace(inner);
        };
        if inner.tuned.is_some_and(|at| now.saturating_duration_since(at) < TUNE_EVERY) {
            return;
        }
        inner.tuned = Some(now);
        let stats = self.context.metrics.stats();
        let wanted = self.wanted_further(inner, &first, &stats, now);
        if inner.further.running.len() < wanted && inner.further.wanted.is_none() {
            let mut choice = first.choice.clone();
            // It gets the cores that the first session leaves.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            choice.options.threads = Some(cores.saturating_sub(first.info.threads).max(1));
            inner.further.wanted = Some(WantedSession { of: first.id, choice: Box::new(choice) });
            self.work.notify_all();
        } else if wanted == 0 {
            if self.end_further(inner) {
                self.assign(inner, false);
            }
        } else if inner.further.running.len() > wanted {
            inner.further.wanted = None;
            for session in inner.further.running.split_off(wanted) {
                self.cache.give_back(&session);
            }
            self.assign(inner, false);
        }
        self.show_pace(inner);
    }

    /// How many further sessions are wanted: as many requests to a server as fill the line, or a second session for every other
    /// frame.
    fn wanted_further(&self, inner: &mut Inner, first: &Session, stats: &Stats, now: Instant) -> usize {
        let of = (first.id, self.context.feed());
        if let Some(server) = &first.info.server {
            let server = server.now();
            let measured = Measured {
                source_fps: stats.source_fps,
                fps: stats.inference_fps,
                round_trip: server.round_trip,
                runs: server.runs,
                sessions: 1 + inner.further.running.len(),
            };
            // A file on this computer has no line to fill.
            return if server.runs_at.is_empty() { 0 } else { inner.in_flight.wants(of, &measured, now) - 1 };
        }
        let pace = self.context.controls.now().pace;
        usize::from(inner.tuner.wants(pace, of, stats, now))
    }

    fn show_pace(&self, inner: &Inner) {
        let report = PaceReport { in_flight: 1 + inner.further.running.len(), ..inner.tuner.report() };
        if **self.pace.load() != report {
            self.pace.store(Arc::new(report));
        }
    }

    /// Ends the further sessions. Returns whether there was one; the caller assigns.
    pub(super) fn end_further(&self, inner: &mut Inner) -> bool {
        let further = std::mem::take(&mut inner.further);
        for session in &further.running {
            self.cache.give_back(session);
        }
        if !further.running.is_empty() {
            inner.tuner.changed(false, Instant::now());
        }
        !further.is_off()
    }

    /// Whether a further session is wanted or runs.
    #[cfg(test)]
    pub fn has_further(&self) -> bool {
        !self.lock().further.is_off()
    }
}
