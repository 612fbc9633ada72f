//! What is known of a model's server while it runs, for the window and the command line.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::server::{ServerError, Traffic};

/// How a model on a server runs now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerState {
    /// What ran the last frame: a server's address, or empty if a file on this computer did.
    pub runs_at: String,
    /// Whether that is not the server that was chosen but one of those that stand in for it.
    pub is_fallback: bool,
    /// Why the chosen server doesn't run it; `None` if it does.
    pub problem: Option<ServerError>,
    /// From a request to its response; a moving average.
    pub round_trip: Duration,
    /// Runs that succeeded, wherever.
    pub runs: u64,
    /// Bytes of the last request and its response.
    pub sent: usize,
    pub received: usize,
}

/// The newest [`ServerState`], shared with other threads.
#[derive(Debug, Default)]
pub struct ServerStatus(ArcSwap<ServerState>);

impl PartialEq for ServerStatus {
    /// Whether both are the same.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The weight of the newest round trip in the average.
const WEIGHT: f64 = 0.2;

impl ServerStatus {
    /// The state now.
    #[must_use]
    pub fn now(&self) -> Arc<ServerState> {
        self.0.load_full()
    }

    /// A server ran the model.
    pub(super) fn ran(&self, place: usize, server: String, traffic: &Traffic, problem: Option<ServerError>) {
        let before = self.0.load();
        let average = if before.runs_at == server && !before.round_trip.is_zero() {
            before.round_trip.mul_f64(1.0 - WEIGHT) + traffic.round_trip.mul_f64(WEIGHT)
        } else {
            traffic.round_trip
        };
        self.0.store(Arc::new(ServerState {
            runs_at: server,
            is_fallback: place > 0,
            problem,
            round_trip: average,
            sent: traffic.sent,
            received: traffic.received,
            runs: before.runs + 1,
        }));
    }

    /// A file on this computer stood in.
    pub(super) fn ran_here(&self, place: usize, took: Duration, problem: Option<ServerError>) {
        let runs = self.0.load().runs + 1;
        self.0.store(Arc::new(ServerState {
            is_fallback: place > 0,
            problem,
            round_trip: took,
            runs,
            ..ServerState::default()
        }));
    }

    /// Nothing runs the model.
    pub(super) fn failed(&self, error: &ServerError) {
        let before = self.0.load_full();
        self.0.store(Arc::new(ServerState { problem: Some(error.clone()), ..ServerState::clone(&before) }));
    }
}
