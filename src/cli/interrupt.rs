//! Ctrl-C: the first asks the command to end with what was done so far, the second ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Exit;

/// A flag that Ctrl-C (and SIGTERM, SIGHUP) sets; cheap to clone and to ask.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C from now on. Where the system refuses (never seen), Ctrl-C ends the program at
    /// once, as it does for any program.
    #[must_use]
    pub fn listen() -> Self {
        let flag = Self::default();
        let mine = flag.clone();
        let heard = ctrlc::set_handler(move || {
            if mine.0.swap(true, Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted as i32);
            }
        });
        if let Err(error) = heard {
            tracing::warn!("Ctrl-C can't be listened for: {error}");
        }
        flag
    }

    /// Whether the user asked to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
