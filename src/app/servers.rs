//! The saved inference servers as the library page shows them.

use std::time::{Duration, Instant};

use crate::library::servers::ReachedServer;
use crate::server::{SavedServer, ServerError};

/// While the list is shown, a server is asked again after this long.
pub const ASK_AGAIN: Duration = Duration::from_secs(15);

/// A saved server, and what is known of it.
#[derive(Debug)]
pub struct ServerRow {
    pub saved: SavedServer,
    pub has_token: bool,
    pub state: Asked,
    /// It is being asked now.
    pub asking: bool,
    /// When it was last asked.
    pub since: Option<Instant>,
}

/// What a server answered last.
#[derive(Debug)]
pub enum Asked {
    /// Nothing yet.
    Never,
    Reached(Box<ReachedServer>),
    Failed(ServerError),
}
