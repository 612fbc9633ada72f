//! The second session of the first model: when there is one, and its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lifecycle::{FirstModel, Inner, Second};
use super::models::Models;

/// How often the figures are looked at to decide about a second session.
const TUNE_EVERY: Duration = Duration::from_millis(500);

impl Models {
    /// Decides about the second session by the measured figures.
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
            if self.end_second(inner) {
                self.assign(inner, false);
            }
            return self.show_pace(inner);
        };
        if inner.tuned.is_some_and(|at| now.saturating_duration_since(at) < TUNE_EVERY) {
            return;
        }
        inner.tuned = Some(now);
        let stats = self.context.metrics.stats();
        let pace = self.context.controls.now().pace;
        let wanted = inner.tuner.wants(pace, (first.id, self.context.feed()), &stats, now);
        match &inner.second {
            Second::Off if wanted => {
                let mut choice = first.choice.clone();
                // It gets the cores that the first session leaves.
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                choice.options.threads = Some(cores.saturating_sub(first.info.threads).max(1));
                inner.second = Second::Wanted { of: first.id, choice: Box::new(choice) };
                self.work.notify_all();
            }
            Second::Wanted { .. } | Second::Running(_) if !wanted => {
                self.end_second(inner);
                self.assign(inner, false);
            }
            _ => {}
        }
        self.show_pace(inner);
    }

    fn show_pace(&self, inner: &Inner) {
        let report = inner.tuner.report();
        if **self.pace.load() != report {
            self.pace.store(Arc::new(report));
        }
    }

    /// Ends the second session. Returns whether there was one; the caller assigns.
    pub(super) fn end_second(&self, inner: &mut Inner) -> bool {
        match std::mem::take(&mut inner.second) {
            Second::Off => false,
            Second::Wanted { .. } => true,
            Second::Running(session) => {
                self.cache.give_back(&session);
                inner.tuner.changed(false, Instant::now());
                true
            }
        }
    }

    /// Whether a second session is wanted or runs.
    #[cfg(test)]
    pub fn has_second(&self) -> bool {
        !matches!(self.lock().second, Second::Off)
    }
}
