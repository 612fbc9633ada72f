//! Where the worker lays down what it found, and the page reads it.

use std::sync::{Mutex, PoisonError};

use super::found::Found;

/// Where the worker lays down what it found.
pub struct Board {
    found: Mutex<Found>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Board {
    /// An empty board; `wake` is called whenever something new is on it.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { found: Mutex::default(), wake: Box::new(wake) }
    }

    /// What was found so far.
    pub fn found(&self) -> Found {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it.
    pub fn put(&self, change: impl FnOnce(&mut Found)) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut found);
        drop(found);
        (self.wake)();
    }
}
