//! The capture worker: one thread a source. It opens the source, reads it at its own pace and puts the newest frame into
//! its slot; when a camera fails it says so and opens it again by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::shared::Shared;
use super::{Factories, SourceState};
use crate::frame::FramePool;
use crate::source::{Address, CameraRequest, Pace, Read, Source, SourceError, SourceInfo};

/// The longest that one read waits; commands are heeded in between.
const READ: Duration = Duration::from_millis(50);
/// How long a failed camera is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Frames that may be under way at once: slot, decoder, preview, inference, predictions, screen.
const POOL: usize = 12;
/// For so long nothing but undecodable frames means that the camera is at fault.
const DAMAGED: Duration = Duration::from_secs(2);

/// What a running capture worker can be told.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Step,
    Seek(f64),
    SetControl { id: u32, value: i64 },
}

pub(super) struct Capture {
    pub shared: Arc<Shared>,
    pub openers: Arc<Factories>,
    pub address: Address,
    pub camera: CameraRequest,
    pub generation: u64,
    pub stop: Arc<AtomicBool>,
    pub orders: Receiver<Order>,
}

impl Capture {
    /// Whether another source took over or the engine ends.
    fn over(&self) -> bool {
        self.stop.load(Relaxed) || self.shared.generation() != self.generation
    }

    fn say(&self, state: SourceState) {
        self.shared.set_source(self.generation, state);
    }

    pub fn run(self) {
        let mut pool = FramePool::new(POOL);
        self.say(SourceState::Opening { address: self.address.clone() });
        let mut opened = (self.openers.source)(&self.address, &self.camera);
        while !self.over() {
            // The dead source is dropped before it is opened again: a camera is given to one at a time.
            let error = match opened {
                Ok(source) => match self.play(source, &mut pool) {
                    Ok(()) => return,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            match self.open_again(error) {
                Some(source) => opened = Ok(source),
                None => return,
            }
        }
    }

    /// Says what failed and, where that may pass, tries until it does. The tries are quiet, so that the page doesn't
    /// flicker between "opening" and the same failure.
    fn open_again(&self, mut error: SourceError) -> Option<Box<dyn Source>> {
        loop {
            let retrying = error.may_pass();
            let address = self.address.clone();
            self.say(SourceState::Failed { address, error: error.clone(), retrying });
            if !retrying {
                return None;
            }
            loop {
                let until = Instant::now() + RETRY;
                while Instant::now() < until {
                    if self.over() {
                        return None;
                    }
                    // Orders to a camera that isn't there are void.
                    match self.orders.recv_timeout(READ) {
                        Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return None,
                    }
                }
                match (self.openers.source)(&self.address, &self.camera) {
                    Ok(source) => return Some(source),
                    Err(again) if again == error => {}
                    Err(again) => {
                        error = again;
                        break;
                    }
                }
            }
        }
    }

    /// Plays a source until it is over (`Ok`) or fails.
    fn play(&self, mut source: Box<dyn Source>, pool: &mut FramePool) -> Result<(), SourceError> {
        let mut player = Player::new(self, source.info().clone());
        while !self.over() {
            while let Ok(order) = self.orders.try_recv() {
                player.obey(&order, source.as_mut())?;
            }
            player.follow_pause();
            if player.is_waiting() {
                match self.orders.recv_timeout(READ) {
                    Ok(order) => player.obey(&order, source.as_mut())?,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
                continue;
            }
            let mut wanted = true;
            let read = pool.fill(|frame| {
                let read = source.read(frame, READ)?;
                frame.generation = self.generation;
                if read == Read::Frame {
                    wanted = player.keep_pace(frame);
                    if player.info.pace != Pace::Live {
                        // A video's frame is new when it is due, however long it lay ready.
                        frame.captured = Instant::now();
                    }
                }
                Ok::<_, SourceError>(read)
            })?;
            match read {
                (frame, Read::Frame) => {
                    // A source plays once its first frame is there; until then "opening", or the failure before, holds.
                    if !player.plays || player.info != *source.info() {
                        player.plays = true;
                        player.info = source.info().clone();
                        player.say_playing();
                    }
                    if wanted {
                        player.publish(frame);
                    }
                }
                (_, Read::Nothing) => {}
                (_, Read::End) => player.end(source.as_mut())?,
            }
            player.watch_for_damage();
        }
        Ok(())
    }
}

/// How a source is being played.
struct Player<'a> {
    capture: &'a Capture,
    info: SourceInfo,
    paused: bool,
    ended: bool,
    /// A single frame is wanted although paused; with stills, the next image.
    step: bool,
    /// Video time 0 at this moment, while playing in real time.
    began: Option<Instant>,
    damaged: bool,
    /// A frame came.
    plays: bool,
}

impl<'a> Player<'a> {
    fn new(capture: &'a Capture, info: SourceInfo) -> Self {
        Self {
            capture,
            info,
            paused: false,
            ended: false,
            step: true,
            began: None,
            damaged: false,
            plays: false,
        }
    }

    fn shared(&self) -> &Shared {
        &self.capture.shared
    }

    fn say_playing(&self) {
        if !self.plays {
            return;
        }
        let (address, info) = (self.capture.address.clone(), self.info.clone());
        self.capture.say(if self.ended {
            SourceState::Ended { address, info }
        } else if self.paused {
            SourceState::Paused { address, info }
        } else {
            SourceState::Playing { address, info }
        });
    }

    fn follow_pause(&mut self) {
        let paused = self.shared().paused.load(Relaxed);
        if paused != self.paused {
            self.paused = paused;
            self.began = None;
            self.say_playing();
        }
    }

    /// Whether no frame is to be read now. A paused live source goes on being read, so that its driver doesn't stall.
    fn is_waiting(&self) -> bool {
        let fast = self.shared().every_frame.load(Relaxed);
        let hidden = self.shared().hidden.load(Relaxed);
        match self.info.pace {
            Pace::Live => false,
            Pace::Video | Pace::Stills if hidden && self.plays => true,
            Pace::Video => !self.step && (self.ended || self.paused),
            Pace::Stills => !self.step && (self.ended || self.paused || !fast),
        }
    }

    fn obey(&mut self, order: &Order, source: &mut dyn Source) -> Result<(), SourceError> {
        match order {
            Order::Step => self.step = true,
            Order::Seek(time_s) => match source.seek(*time_s) {
                Ok(()) => {
                    self.step = true;
                    self.began = None;
                    if std::mem::take(&mut self.ended) {
                        self.say_playing();
                    }
                }
                Err(SourceError::NotSeekable) => {}
                Err(error) => return Err(error),
            },
            Order::SetControl { id, value } => {
                if let Err(error) = source.set_control(*id, *value) {
                    tracing::warn!("the camera's control {id} couldn't be set to {value}: {error}");
                }
            }
        }
        Ok(())
    }

    /// Waits until a frame of a video is due; answers whether it is still wanted then.
    fn keep_pace(&mut self, frame: &crate::frame::Frame) -> bool {
        if self.info.pace == Pace::Live {
            let step = std::mem::take(&mut self.step);
            return !self.paused || step;
        }
        if std::mem::take(&mut self.step) {
            self.began = None;
            return true;
        }
        if self.shared().every_frame.load(Relaxed) {
            return self.wait_for_inference();
        }
        let (Some(time_s), Pace::Video) = (frame.time_s, self.info.pace) else { return true };
        let place = Duration::try_from_secs_f64(time_s.max(0.0)).unwrap_or_default();
        let now = Instant::now();
        let began = *self.began.get_or_insert_with(|| now.checked_sub(place).unwrap_or(now));
        let due = began + place;
        if now > due + Duration::from_secs(1) {
            // The computer slept or can't keep up: go on from here rather than race.
            self.began = None;
        }
        while Instant::now() < due {
            if self.capture.over() {
                return false;
            }
            std::thread::sleep((due - Instant::now().min(due)).min(READ));
        }
        true
    }

    /// "As fast as possible" looks at every frame: the next one waits until the model is free.
    fn wait_for_inference(&self) -> bool {
        while !self.capture.over() && self.shared().is_busy() && self.shared().every_frame.load(Relaxed) {
            self.shared().done.wait(Duration::from_millis(20));
        }
        !self.capture.over()
    }

    fn publish(&mut self, frame: Arc<crate::frame::Frame>) {
        if self.capture.over() {
            return;
        }
        let shared = self.shared();
        shared.book.captured(frame.sequence, self.info.pace == Pace::Live);
        shared
            .set_position(frame.time_s.or((self.info.pace == Pace::Stills).then_some(frame.sequence as f64)));
        shared.mark_busy();
        shared.raw.put(frame);
    }

    fn end(&mut self, source: &mut dyn Source) -> Result<(), SourceError> {
        self.step = false;
        let many = self.info.pace == Pace::Video || self.info.frames.is_some_and(|n| n > 1);
        if self.shared().repeat.load(Relaxed) && many && source.seek(0.0).is_ok() {
            self.began = None;
            return Ok(());
        }
        if self.info.pace == Pace::Live {
            // A live source that says it is at its end has gone away.
            return Err(SourceError::Stalled { name: self.info.name.clone() });
        }
        self.ended = true;
        self.plays = true;
        self.say_playing();
        Ok(())
    }

    /// A live source whose frames can't be decoded any more is in a state of its own; it goes on being read.
    fn watch_for_damage(&mut self) {
        let damaged = self.info.pace == Pace::Live && self.shared().undecodable_for() >= DAMAGED;
        if damaged == self.damaged {
            return;
        }
        self.damaged = damaged;
        if damaged {
            let error = SourceError::Damaged { name: self.info.name.clone() };
            let address = self.capture.address.clone();
            self.capture.say(SourceState::Failed { address, error, retrying: true });
        } else {
            self.say_playing();
        }
    }
}
