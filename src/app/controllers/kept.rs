//! The settings that a lesson changes, as they were before it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::settings::{Limits, Settings};
use crate::source::Address;

/// The settings that a lesson changes while it is taken, as they were before: they are what is written down meanwhile, so that a
/// crash doesn't leave the lesson's picture as the user's source.
#[derive(Debug)]
pub struct Kept {
    source: Option<Address>,
    recent: Vec<Address>,
    model: Option<PathBuf>,
    limits: BTreeMap<String, Limits>,
    compare_models: Vec<PathBuf>,
}

impl Kept {
    /// What they are now.
    pub fn of(settings: &Settings) -> Self {
        Self {
            source: settings.source.clone(),
            recent: settings.recent.clone(),
            model: settings.model.clone(),
            limits: settings.limits.clone(),
            compare_models: settings.compare_models.clone(),
        }
    }

    /// These settings as they were before the lesson, where it changes them.
    pub fn over(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        self.give_back(&mut settings);
        settings
    }

    /// Puts them back.
    pub fn give_back(&self, settings: &mut Settings) {
        settings.source.clone_from(&self.source);
        settings.recent.clone_from(&self.recent);
        settings.model.clone_from(&self.model);
        settings.limits.clone_from(&self.limits);
        settings.compare_models.clone_from(&self.compare_models);
    }
}
