//! Writes settings in the background.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Settings, SettingsError, save};

/// Changes within this time are written together.
const QUIET: Duration = Duration::from_millis(600);

/// Writes settings on a thread of its own; quick changes are written together.
#[derive(Debug)]
pub struct Saver {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<SaverState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SaverState {
    pending: Option<Settings>,
    error: Option<SettingsError>,
    stop: bool,
    done: bool,
}

impl Saver {
    /// Starts the thread that writes to `path`.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(path: PathBuf) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("settings".into())
            .spawn(move || save_changes(&path, &theirs))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Writes these settings soon.
    pub fn set(&self, settings: Settings) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pending = Some(settings);
        self.shared.changed.notify_all();
    }

    /// Returns the error of the last write, once.
    #[must_use]
    pub fn take_error(&self) -> Option<SettingsError> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).error.take()
    }
}

impl Drop for Saver {
    /// Writes what is pending, waiting at most half a second: a hanging disk must not keep the program.
    fn drop(&mut self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stop = true;
        self.shared.changed.notify_all();
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, Duration::from_millis(500), |s| !s.done)
            .unwrap_or_else(PoisonError::into_inner);
        let done = state.done;
        drop(state);
        if let (true, Some(thread)) = (done, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn save_changes(path: &Path, shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        while state.pending.is_none() && !state.stop {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.stop {
            state = shared
                .changed
                .wait_timeout_while(state, QUIET, |s| !s.stop)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let stopping = state.stop;
        if let Some(settings) = state.pending.take() {
            drop(state);
            let result = save(path, &settings);
            state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.error = result.err();
        }
        if stopping {
            state.done = true;
            shared.changed.notify_all();
            return;
        }
    }
}
