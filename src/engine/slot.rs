//! A place for one thing: the newest wins, whoever waits gets it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Holds at most one value; putting a new one drops the old.
#[derive(Debug)]
pub(super) struct Slot<T> {
    value: Mutex<Option<T>>,
    arrived: Condvar,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { value: Mutex::new(None), arrived: Condvar::new() }
    }
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // A value is either there or not; a panic elsewhere can't leave it half-written.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a value in place of the old one.
    pub fn put(&self, value: T) {
        let old = self.lock().replace(value);
        self.arrived.notify_one();
        drop(old);
    }

    /// Puts a value that is made from the old one, where there is one.
    pub fn merge(&self, make: impl FnOnce(Option<T>) -> T) {
        let mut value = self.lock();
        let old = value.take();
        *value = Some(make(old));
        drop(value);
        self.arrived.notify_one();
    }

    /// Whether there is a value of this kind.
    pub fn holds(&self, kind: impl FnOnce(&T) -> bool) -> bool {
        self.lock().as_ref().is_some_and(kind)
    }

    /// Takes the value, if there is one.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Takes the value, waiting for it at most `timeout`.
    pub fn wait(&self, timeout: Duration) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut value = self.lock();
        while value.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            value = self.arrived.wait_timeout(value, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        value.take()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_newest_value_wins_and_is_taken_once() {
        let slot = Slot::default();
        slot.put(1);
        slot.put(2);
        assert_eq!(slot.wait(Duration::ZERO), Some(2));
        assert_eq!(slot.wait(Duration::from_millis(1)), None);
    }

    #[test]
    fn whoever_waits_is_woken() {
        let slot = Arc::new(Slot::default());
        let waiting = Arc::clone(&slot);
        let waiter = std::thread::spawn(move || waiting.wait(Duration::from_secs(20)));
        slot.put("here");
        assert_eq!(waiter.join().expect("no panic"), Some("here"));
    }
}
