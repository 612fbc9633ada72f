//! A slot of one: the newest value wins, and each side knows when the other has gone.
//!
//! A camera delivers 30 frames a second and the model takes 400 ms: of the frames that arrive in between, the model needs
//! only the last one. A queue would grow, or would make the model look at old frames; this slot replaces the old frame.
//!
//! [`latest`] returns the two sides. Both can be cloned: two sessions may take frames from the same slot, and each value goes
//! to one of them. When the last [`LatestWriter`] is dropped, the readers get what is left in the slot and then
//! [`Take::Closed`]; when the last [`LatestReader`] is dropped, writing returns [`Closed`] and the writer's thread can end.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Makes an empty slot with one writer and one reader.
#[must_use]
pub fn latest<T>() -> (LatestWriter<T>, LatestReader<T>) {
    let slot = Arc::new(Slot {
        state: Mutex::new(State { value: None, writers: 1, readers: 1 }),
        changed: Condvar::new(),
    });
    (LatestWriter(Arc::clone(&slot)), LatestReader(slot))
}

/// The readers have gone: nobody will take a value any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// What a reader got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take<T> {
    /// The newest value, which is no longer in the slot.
    Value(T),
    /// Nothing was written within the time.
    Timeout,
    /// The slot is empty and the writers have gone.
    Closed,
}

impl<T> Take<T> {
    /// Returns the value, if there is one.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Timeout | Self::Closed => None,
        }
    }
}

struct State<T> {
    value: Option<T>,
    writers: usize,
    readers: usize,
}

struct Slot<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every change is one assignment, so a panic elsewhere cannot leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` returns true for the state, at most `timeout`; returns the state as it is then.
    fn wait(&self, timeout: Duration, ready: impl Fn(&State<T>) -> bool) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        // A timeout that is too large for the clock means: without end.
        let deadline = Instant::now().checked_add(timeout);
        while !ready(&state) {
            let left =
                deadline.map_or(Duration::from_hours(1), |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

/// The writing side of a slot.
pub struct LatestWriter<T>(Arc<Slot<T>>);

impl<T> LatestWriter<T> {
    /// Writes a value; an older one that nobody took is dropped.
    ///
    /// # Errors
    /// [`Closed`] if the readers have gone; the value is dropped.
    pub fn put(&self, value: T) -> Result<(), Closed> {
        self.replace(value).map(drop)
    }

    /// Writes a value and returns the older one if nobody took it, so that its buffer can be used again.
    ///
    /// # Errors
    /// [`Closed`] if the readers have gone; the value is dropped.
    pub fn replace(&self, value: T) -> Result<Option<T>, Closed> {
        let mut state = self.0.lock();
        if state.readers == 0 {
            return Err(Closed);
        }
        let old = state.value.replace(value);
        drop(state);
        self.0.changed.notify_all();
        Ok(old)
    }

    /// Writes a value that is made from the older one, if nobody took that yet.
    ///
    /// # Errors
    /// [`Closed`] if the readers have gone; `make` is not called then.
    pub fn merge(&self, make: impl FnOnce(Option<T>) -> T) -> Result<(), Closed> {
        let mut state = self.0.lock();
        if state.readers == 0 {
            return Err(Closed);
        }
        let old = state.value.take();
        state.value = Some(make(old));
        drop(state);
        self.0.changed.notify_all();
        Ok(())
    }

    /// Waits until the slot is empty, at most `timeout`. Returns whether it is empty. Returns at once, with `true`, if the
    /// readers have gone.
    #[must_use]
    pub fn wait_until_taken(&self, timeout: Duration) -> bool {
        let state = self.0.wait(timeout, |state| state.value.is_none() || state.readers == 0);
        state.value.is_none() || state.readers == 0
    }

    /// Empties the slot.
    pub fn clear(&self) {
        let old = self.0.lock().value.take();
        self.0.changed.notify_all();
        drop(old);
    }

    /// Whether the readers have gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.lock().readers == 0
    }
}

impl<T> Clone for LatestWriter<T> {
    fn clone(&self) -> Self {
        self.0.lock().writers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for LatestWriter<T> {
    fn drop(&mut self) {
        self.0.lock().writers -= 1;
        self.0.changed.notify_all();
    }
}

impl<T> std::fmt::Debug for LatestWriter<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LatestWriter")
    }
}

/// The reading side of a slot.
pub struct LatestReader<T>(Arc<Slot<T>>);

impl<T> LatestReader<T> {
    /// Takes the newest value, waiting for it at most `timeout`.
    #[must_use]
    pub fn take(&self, timeout: Duration) -> Take<T> {
        let mut state = self.0.wait(timeout, |state| state.value.is_some() || state.writers == 0);
        let writers = state.writers;
        let value = state.value.take();
        drop(state);
        match value {
            Some(value) => {
                self.0.changed.notify_all();
                Take::Value(value)
            }
            None if writers == 0 => Take::Closed,
            None => Take::Timeout,
        }
    }

    /// Takes the newest value if there is one now.
    #[must_use]
    pub fn try_take(&self) -> Option<T> {
        self.take(Duration::ZERO).value()
    }

    /// Whether a value is in the slot for which `is` returns true.
    #[must_use]
    pub fn holds(&self, is: impl FnOnce(&T) -> bool) -> bool {
        self.0.lock().value.as_ref().is_some_and(is)
    }

    /// Whether the writers have gone and nothing is left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = self.0.lock();
        state.writers == 0 && state.value.is_none()
    }
}

impl<T: Clone> LatestReader<T> {
    /// Returns a copy of the newest value and leaves it in the slot.
    #[must_use]
    pub fn peek(&self) -> Option<T> {
        self.0.lock().value.clone()
    }
}

impl<T> Clone for LatestReader<T> {
    fn clone(&self) -> Self {
        self.0.lock().readers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for LatestReader<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.readers -= 1;
        let unread = if state.readers == 0 { state.value.take() } else { None };
        drop(state);
        self.0.changed.notify_all();
        drop(unread);
    }
}

impl<T> std::fmt::Debug for LatestReader<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LatestReader")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_newest_value_wins_and_is_taken_once() {
        let (writer, reader) = latest();
        assert_eq!(writer.replace(1), Ok(None));
        assert_eq!(writer.replace(2), Ok(Some(1)));
        assert_eq!(reader.peek(), Some(2), "looking at it leaves it there");
        assert_eq!(reader.take(Duration::ZERO), Take::Value(2));
        assert_eq!(reader.take(Duration::from_millis(1)), Take::Timeout);
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let (writer, reader) = latest();
        let waiting = std::thread::spawn(move || reader.take(LONG));
        writer.put("here").expect("the reader is there");
        assert_eq!(waiting.join().expect("no panic"), Take::Value("here"));
    }

    #[test]
    fn a_reader_gets_the_last_value_and_then_sees_that_the_writer_has_gone() {
        let (writer, reader) = latest();
        writer.put(7).expect("the reader is there");
        drop(writer);
        assert_eq!(reader.take(LONG), Take::Value(7));
        let begin = Instant::now();
        assert_eq!(reader.take(LONG), Take::Closed);
        assert!(begin.elapsed() < LONG / 2 && reader.is_closed());
    }

    #[test]
    fn a_writer_sees_that_the_last_reader_has_gone() {
        let (writer, reader) = latest();
        let second = reader.clone();
        drop(reader);
        assert_eq!(writer.put(1), Ok(()), "one reader is left");
        assert!(!writer.wait_until_taken(Duration::from_millis(1)));
        drop(second);
        assert!(writer.is_closed() && writer.wait_until_taken(LONG));
        assert_eq!(writer.put(2), Err(Closed));
    }

    #[test]
    fn what_nobody_will_read_is_dropped_with_the_reader() {
        let (writer, reader) = latest();
        let value = Arc::new(());
        writer.put(Arc::clone(&value)).expect("the reader is there");
        drop(reader);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn a_writer_can_wait_until_its_value_is_taken() {
        let (writer, reader) = latest();
        writer.put(1).expect("the reader is there");
        let taking = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            (reader.try_take(), reader)
        });
        assert!(writer.wait_until_taken(LONG));
        assert_eq!(taking.join().expect("no panic").0, Some(1));
    }

    #[test]
    fn a_value_can_be_merged_into_one_that_nobody_took() {
        let (writer, reader) = latest();
        for n in [1, 2, 3] {
            writer.merge(|old| old.unwrap_or(0) + n).expect("the reader is there");
        }
        assert_eq!(reader.try_take(), Some(6));
    }
}
