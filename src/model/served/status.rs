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

impl ServerStatus {
    /// The state now.
    #[must_use]
    pub fn now(&self) -> Arc<ServerState> {
        self.0.load_full()
    }

    /// A server ran the model, in `usual` on average.
    pub(super) fn ran(
        &self,
        place: usize,
        server: String,
        traffic: &Traffic,
        usual: Duration,
        problem: Option<ServerError>,
    ) {
        let runs = self.0.load().runs + 1;
        self.0.store(Arc::new(ServerState {
            runs_at: server,
            is_fallback: place > 0,
            problem,
            round_trip: usual,
            sent: traffic.sent,
            received: traffic.received,
            runs,
        }));
    }

    /// A file on this computer stood in.
    pub(super) fn ran_here(&self, took: Duration, problem: ServerError) {
        let runs = self.0.load().runs + 1;
        self.0.store(Arc::new(ServerState {
            is_fallback: true,
            problem: Some(problem),
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
