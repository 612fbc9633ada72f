//! Ctrl-C: the first asks the command to end with what was done so far, the second ends the process at once.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};

use super::failure::{Exit, Failure};
use crate::model::{CancelToken, isolation};

/// How long after Ctrl-C a model may go on before it is abandoned. ONNX Runtime checks for a request to stop between
/// two operators only, and one operator may compute for a minute.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a wait lasts before it looks whether Ctrl-C was pressed.
const STEP: Duration = Duration::from_millis(50);

/// Whether Ctrl-C was pressed (or SIGTERM, SIGHUP came). Cheap to clone and to ask; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// When Ctrl-C was pressed.
    since: OnceLock<Instant>,
    cancel: CancelToken,
}

impl Interrupt {
    /// Listens for Ctrl-C from now on. If the system refuses (never seen), Ctrl-C ends the program at once, as it does any
    /// program.
    #[must_use]
    pub fn listen() -> Self {
        let interrupt = Self::default();
        let mine = interrupt.clone();
        let listening = ctrlc::set_handler(move || {
            if mine.0.since.set(Instant::now()).is_err() {
                // What is left hanging is no fault of the model.
                isolation::end_in_order();
                crate::source::end_programs();
                std::process::exit(Exit::Interrupted as i32);
            }
            mine.0.cancel.cancel();
        });
        if let Err(error) = listening {
            tracing::warn!("Ctrl-C can't be listened for: {error}");
        }
        interrupt
    }

    /// Whether the user asked to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.since.get().is_some()
    }

    /// Ends the models that are opened with it when Ctrl-C is pressed.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        self.0.cancel.clone()
    }

    /// Whether Ctrl-C was pressed so long ago that what still runs is to be abandoned.
    fn is_overdue(&self) -> bool {
        self.0.since.get().is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    /// Waits for the next value. Half a second after Ctrl-C it waits no longer.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] if nothing came in time after Ctrl-C, or a failure if nothing can come any more.
    pub fn receive<T>(&self, receiver: &Receiver<T>) -> Result<T, Failure> {
        loop {
            match receiver.recv_timeout(STEP) {
                Ok(value) => return Ok(value),
                Err(RecvTimeoutError::Timeout) if self.is_overdue() => return Err(Failure::Interrupted),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::failed(
                        "A thread of the program ended early.",
                        "Report this, with what was run.",
                    ));
                }
            }
        }
    }

    /// Sends a value, and waits for room until Ctrl-C is pressed.
    ///
    /// # Errors
    /// The value, if Ctrl-C was pressed or nobody receives any more.
    pub fn send<T>(&self, sender: &Sender<T>, mut value: T) -> Result<(), T> {
        loop {
            value = match sender.send_timeout(value, STEP) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(value)) if !self.is_set() => value,
                Err(SendTimeoutError::Timeout(value) | SendTimeoutError::Disconnected(value)) => {
                    return Err(value);
                }
            }
        }
    }

    /// Waits until every sender of the channel is gone, at most half a second after Ctrl-C.
    pub fn wait_until_closed<T>(&self, receiver: &Receiver<T>) {
        while !self.is_overdue() {
            if let Err(RecvTimeoutError::Disconnected) = receiver.recv_timeout(STEP) {
                return;
            }
        }
    }

    /// Does `work` on a thread of that name and waits for it. If Ctrl-C is pressed and the work does not end within half a
    /// second, it is abandoned: the thread goes on until the process ends.
    ///
    /// # Errors
    /// [`Failure::Interrupted`], or why there is no thread.
    pub fn attend<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let (sender, result) = bounded(1);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _ = sender.send(work());
            })
            .context("No thread can be started")?;
        Ok(self.receive(&result)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An interrupt that was set so long ago.
    fn pressed(ago: Duration) -> Interrupt {
        let interrupt = Interrupt::default();
        let then = Instant::now().checked_sub(ago).expect("the clock runs");
        interrupt.0.since.set(then).expect("set once");
        interrupt
    }

    #[test]
    fn work_that_does_not_stop_is_abandoned() {
        let begin = Instant::now();
        let (never, wait) = bounded::<()>(0);
        let stuck = pressed(PATIENCE).attend("stuck", move || wait.recv());
        assert!(matches!(stuck.unwrap_err().downcast_ref(), Some(Failure::Interrupted)));
        assert!(begin.elapsed() < Duration::from_secs(10));
        drop(never);
        assert_eq!(Interrupt::default().attend("quick", || 7).unwrap(), 7);
    }

    #[test]
    fn a_full_channel_gives_the_value_back_after_ctrl_c() {
        let (sender, receiver) = bounded(1);
        let interrupt = pressed(Duration::ZERO);
        assert_eq!(interrupt.send(&sender, 1), Ok(()));
        assert_eq!(interrupt.send(&sender, 2), Err(2));
        drop(receiver);
        assert_eq!(Interrupt::default().send(&sender, 3), Err(3));
    }

    #[test]
    fn a_thread_that_ended_early_is_a_failure() {
        let (sender, receiver) = bounded::<()>(1);
        drop(sender);
        assert!(matches!(Interrupt::default().receive(&receiver), Err(Failure::Failed { .. })));
        Interrupt::default().wait_until_closed(&receiver);
    }
}
