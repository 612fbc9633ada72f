//! What the two threads of a feed share, and what they can be told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::state::Still;
use crate::source::CameraRequest;

use crossbeam_channel::Sender;

/// The position of a source that has none, as bits.
const NO_POSITION: u64 = u64::MAX;

/// The commands that wait for a source, merged: of several seeks or values of one control only the newest counts.
#[derive(Debug, Default)]
pub(in crate::engine) struct SourceCommands {
    pub step: bool,
    pub seek: Option<f64>,
    /// By the control's number, in the order in which they were first set: exposure can be set only once it is manual.
    pub controls: Vec<(u32, i64)>,
    /// A frame in another mode, and who waits for it.
    pub still: Option<(CameraRequest, Sender<Still>)>,
}

impl SourceCommands {
    pub fn add(&mut self, command: SourceCommand) {
        match command {
            SourceCommand::Step => self.step = true,
            SourceCommand::Seek(time_s) => self.seek = Some(time_s),
            SourceCommand::SetControl { id, value } => set(&mut self.controls, id, value),
            SourceCommand::Still(camera, answer) => self.still = Some((camera, answer)),
        }
    }
}

/// Notes the value of a control.
pub(super) fn set(controls: &mut Vec<(u32, i64)>, id: u32, value: i64) {
    match controls.iter_mut().find(|(known, _)| *known == id) {
        Some((_, old)) => *old = value,
        None => controls.push((id, value)),
    }
}

/// What an open source can be told to do.
#[derive(Clone, Debug)]
pub(in crate::engine) enum SourceCommand {
    Step,
    Seek(f64),
    SetControl { id: u32, value: i64 },
    Still(CameraRequest, Sender<Still>),
}

/// What the workers of a feed share.
pub(in crate::engine) struct FeedState {
    pub id: u64,
    stop: AtomicBool,
    position: AtomicU64,
    undecodable_since: Mutex<Option<Instant>>,
}

impl FeedState {
    /// A feed whose frames carry this number.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            stop: AtomicBool::new(false),
            position: AtomicU64::new(NO_POSITION),
            undecodable_since: Mutex::new(None),
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, SeqCst);
    }

    /// The position in a video in seconds, or the index of an image among several.
    pub fn position(&self) -> Option<f64> {
        let bits = self.position.load(SeqCst);
        (bits != NO_POSITION).then(|| f64::from_bits(bits))
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(SeqCst)
    }

    pub fn set_position(&self, position: Option<f64>) {
        self.position.store(position.map_or(NO_POSITION, f64::to_bits), SeqCst);
    }

    pub fn set_decodable(&self, decodable: bool) {
        let mut since = self.undecodable_since.lock().unwrap_or_else(PoisonError::into_inner);
        if decodable {
            *since = None;
        } else {
            since.get_or_insert_with(Instant::now);
        }
    }

    /// For how long no frame could be decoded.
    pub fn undecodable_for(&self) -> Duration {
        let since = self.undecodable_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}
