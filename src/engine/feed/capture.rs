//! The capture worker: opens the source, reads it at its own rate and puts the newest frame into a slot. When a camera fails, the
//! worker tells why and opens it again by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::playback::{End, Next, Phase, Playback, ReadFrame, Wishes};
use super::state::{FeedState, SourceCommands, set};
use crate::engine::command::Controls;
use crate::engine::context::Context;
use crate::engine::factories::Factories;
use crate::engine::state::{SourceState, Still};
use crate::frame::convert::Decoder;
use crate::frame::{Frame, FramePool};
use crate::latest::{LatestReader, LatestWriter, Take};
use crate::source::{Address, CameraRequest, Pace, Read, Source, SourceError};

/// The longest that one read waits; commands are followed in between.
const READ: Duration = Duration::from_millis(50);
/// How long a failed camera is left alone before it is opened again.
const RETRY: Duration = Duration::from_secs(1);
/// Frames that may be under way at once: slot, decoder, preview, inference, predictions, motion, screen.
const POOL: usize = 16;
/// When a live source has delivered nothing but damaged frames for so long, the camera is at fault.
const DAMAGED: Duration = Duration::from_secs(2);

/// Frames of another mode that are left out, so that the camera finds its exposure.
const WARM_UP: u32 = 6;
/// A still that doesn't come within this time is given up.
const STILL: Duration = Duration::from_secs(8);
/// One that was taken waits so long for the preview to go on, counted from its beginning.
const BACK: Duration = Duration::from_secs(12);

pub(super) struct Capture {
    pub context: Arc<Context>,
    pub factories: Arc<Factories>,
    pub feed: Arc<FeedState>,
    pub address: Address,
    pub camera: CameraRequest,
    pub raw: LatestWriter<Arc<Frame>>,
    pub commands: LatestReader<SourceCommands>,
}

/// What has to survive when a camera is unplugged and comes back.
struct Remembered {
    /// The camera that was opened, by its name: after it is plugged in again its number may be another.
    address: Address,
    /// The controls that the user has set, the last value of each.
    controls: Vec<(u32, i64)>,
    pool: FramePool,
}

impl Capture {
    pub fn run(self) {
        // Another source was chosen while this one waited for the one before.
        if self.feed.is_stopped() {
            return;
        }
        let mut remembered =
            Remembered { address: self.address.clone(), controls: Vec::new(), pool: FramePool::new(POOL) };
        let mut opened = self.open(&remembered.address);
        while !self.feed.is_stopped() {
            // The failed source is dropped before it is opened again: a camera can be open only once.
            let error = match opened {
                Ok(source) => {
                    let name = source.info().name.clone();
                    match guarded(&name, || self.play(source, &mut remembered)) {
                        Ok(()) => return,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            match self.open_again(error, &mut remembered) {
                Some(source) => opened = Ok(source),
                None => return,
            }
        }
    }

    fn open(&self, address: &Address) -> Result<Box<dyn Source>, SourceError> {
        let open = || (self.factories.source)(address, &self.camera);
        guarded(&self.address.to_string(), open)
    }

    fn set_state(&self, state: SourceState) {
        self.context.set_source(self.feed.id, state);
    }

    /// Tells what failed and, if that may pass, opens the source again until it succeeds. The state does not change between
    /// attempts that fail in the same way, so that the page in the window does not flicker.
    fn open_again(&self, mut error: SourceError, remembered: &mut Remembered) -> Option<Box<dyn Source>> {
        loop {
            let retrying = error.may_pass();
            let address = self.address.clone();
            self.set_state(SourceState::Failed { address, error: error.clone(), retrying });
            if !retrying {
                return None;
            }
            loop {
                let until = Instant::now() + RETRY;
                while Instant::now() < until {
                    if self.feed.is_stopped() {
                        return None;
                    }
                    match self.commands.take(READ) {
                        // The user moves a slider while the camera is away: it is set when the camera is back.
                        Take::Value(commands) => remembered.set_all(&commands.controls),
                        Take::Timeout => {}
                        Take::Closed => return None,
                    }
                }
                match self.open(&remembered.address) {
                    Ok(mut source) => {
                        remembered.set_controls(source.as_mut());
                        return Some(source);
                    }
                    Err(again) if again == error => {}
                    Err(again) => {
                        error = again;
                        break;
                    }
                }
            }
        }
    }

    /// Plays a source until it is closed (`Ok`) or fails.
    fn play(&self, mut source: Box<dyn Source>, remembered: &mut Remembered) -> Result<(), SourceError> {
        remembered.opened(source.as_ref());
        let mut player = Player {
            capture: self,
            playback: Playback::new(source.info().clone()),
            paused: self.context.controls.now().paused,
            damaged: false,
            frame: Frame::default(),
            is_read: false,
            taken: None,
        };
        while !self.feed.is_stopped() {
            if let Some(commands) = self.commands.try_take() {
                player.follow(&commands, remembered, source.as_mut())?;
                if let Some((camera, answer)) = commands.still {
                    match self.take_still(source, &camera, answer, &mut player, remembered)? {
                        Some(again) => source = again,
                        None => return Ok(()),
                    }
                }
            }
            let controls = self.context.controls.now();
            player.follow_pause(controls.paused);
            let read = player.is_read.then_some(ReadFrame { time_s: player.frame.time_s });
            match player.playback.next(wishes(&controls), read, Instant::now()) {
                Next::Wait(most) => {
                    drop(controls);
                    match self.commands.take(most) {
                        Take::Value(commands) => {
                            player.follow(&commands, remembered, source.as_mut())?;
                            if let Some((camera, answer)) = commands.still {
                                match self.take_still(source, &camera, answer, &mut player, remembered)? {
                                    Some(again) => source = again,
                                    None => return Ok(()),
                                }
                            }
                        }
                        Take::Timeout => {}
                        Take::Closed => return Ok(()),
                    }
                }
                Next::Read => match source.read(&mut player.frame, READ)? {
                    Read::Frame => player.is_read = true,
                    Read::Nothing => {}
                    Read::End => player.end(source.as_mut(), controls.repeat)?,
                },
                Next::Show => player.show(remembered, source.as_ref()),
                Next::ShowWhenTaken => {
                    if self.raw.wait_until_taken(READ) {
                        player.show(remembered, source.as_ref());
                    }
                }
                Next::Drop => {
                    player.is_read = false;
                    // The user paused meanwhile: the camera is back all the same.
                    player.taken = None;
                    self.context.metrics.skipped(player.frame.sequence);
                }
            }
            player.taken.take_if(|taken| taken.since.elapsed() > BACK);
            player.watch_for_damage();
        }
        Ok(())
    }

    /// Takes a frame in another mode. A camera can be open only once: it is closed first, and then opened again as it was, unless
    /// nobody wants it any more.
    fn take_still(
        &self,
        source: Box<dyn Source>,
        camera: &CameraRequest,
        answer: Sender<Still>,
        player: &mut Player<'_>,
        remembered: &Remembered,
    ) -> Result<Option<Box<dyn Source>>, SourceError> {
        let since = Instant::now();
        // Of several cameras it is this one.
        let address = source.info().address.clone().unwrap_or_else(|| remembered.address.clone());
        let name = source.info().name.clone();
        drop(source);
        let frame = guarded(&name, || self.still(&name, &address, camera, remembered));
        player.is_read = false;
        player.taken = Some(Taken { frame: Some(frame), since, answer });
        if self.feed.is_stopped() {
            return Ok(None);
        }
        let mut source = self.open(&address)?;
        remembered.set_controls(source.as_mut());
        Ok(Some(source))
    }

    fn still(
        &self,
        name: &str,
        address: &Address,
        camera: &CameraRequest,
        remembered: &Remembered,
    ) -> Result<Arc<Frame>, SourceError> {
        let mut source = (self.factories.source)(address, camera)?;
        remembered.set_controls(source.as_mut());
        let (mut raw, mut frame) = (Frame::default(), Frame::default());
        let (until, mut read) = (Instant::now() + STILL, 0);
        while !self.feed.is_stopped() && Instant::now() < until {
            match source.read(&mut raw, READ)? {
                Read::Frame => read += 1,
                Read::Nothing => continue,
                Read::End => break,
            }
            if read <= WARM_UP {
                continue;
            }
            frame.copy_stamp_from(&raw);
            match Decoder::default().decode(&raw, &mut frame) {
                Ok(()) => {
                    frame.generation = self.feed.id;
                    return Ok(Arc::new(frame));
                }
                Err(error) => tracing::debug!("a damaged still is left out: {error}"),
            }
        }
        Err(SourceError::Stalled { name: name.to_owned() })
    }
}

/// A frame in another mode, whose sender is told of it when this is dropped: with the first frame of the preview, or with its failure.
struct Taken {
    frame: Option<Result<Arc<Frame>, SourceError>>,
    since: Instant,
    answer: Sender<Still>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(frame) = self.frame.take() {
            let _ = self.answer.try_send(Still { frame, paused: self.since.elapsed() });
        }
    }
}

/// A camera's driver and the libraries over it are foreign code: a panic there is a failure of the camera.
fn guarded<T>(name: &str, work: impl FnOnce() -> Result<T, SourceError>) -> Result<T, SourceError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("reading {name} crashed");
        let reason = "reading it crashed; please report this camera or file".into();
        Err(SourceError::Camera { name: name.to_owned(), reason })
    })
}

fn wishes(controls: &Controls) -> Wishes {
    Wishes {
        paused: controls.paused,
        hidden: controls.hidden,
        every_frame: controls.every_frame,
        repeat: controls.repeat,
        speed: controls.speed,
    }
}

fn set_control(source: &mut dyn Source, id: u32, value: i64) {
    if let Err(error) = source.set_control(id, value) {
        tracing::warn!("the camera's control {id} could not be set to {value}: {error}");
    }
}

impl Remembered {
    fn set_all(&mut self, controls: &[(u32, i64)]) {
        for (id, value) in controls {
            set(&mut self.controls, *id, *value);
        }
    }

    fn set_controls(&self, source: &mut dyn Source) {
        for (id, value) in &self.controls {
            set_control(source, *id, *value);
        }
    }

    /// From now on it is this camera that is opened again, not the first of the list.
    fn opened(&mut self, source: &dyn Source) {
        if matches!(self.address, Address::CameraIndex(_)) {
            let info = source.info();
            let by_name = || Address::Camera { name: info.name.clone(), bus: None };
            self.address = info.address.clone().unwrap_or_else(by_name);
        }
    }
}

/// A source that is being played.
struct Player<'a> {
    capture: &'a Capture,
    playback: Playback,
    paused: bool,
    damaged: bool,
    /// The frame that was read last; its buffer is swapped with one of the pool when it is shown.
    frame: Frame,
    /// `frame` waits to be shown.
    is_read: bool,
    /// A frame in another mode, until the preview goes on.
    taken: Option<Taken>,
}

impl Player<'_> {
    /// Carries out commands.
    fn follow(
        &mut self,
        commands: &SourceCommands,
        remembered: &mut Remembered,
        source: &mut dyn Source,
    ) -> Result<(), SourceError> {
        remembered.set_all(&commands.controls);
        for (id, value) in &commands.controls {
            set_control(source, *id, *value);
        }
        if commands.step {
            self.playback.step();
        }
        let Some(time_s) = commands.seek else { return Ok(()) };
        match source.seek(time_s) {
            Ok(()) => {
                self.is_read = false;
                if self.playback.sought() {
                    self.say_playing();
                }
                Ok(())
            }
            Err(SourceError::NotSeekable) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn say_playing(&self) {
        let (address, info) = (self.capture.address.clone(), self.playback.info.clone());
        self.capture.set_state(match self.playback.phase() {
            // Until the first frame is there the source counts as being opened.
            Phase::Starting => return,
            Phase::Ended => SourceState::Ended { address, info },
            Phase::Playing if self.paused => SourceState::Paused { address, info },
            Phase::Playing => SourceState::Playing { address, info },
        });
    }

    fn follow_pause(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) != paused {
            self.playback.pause_changed();
            self.say_playing();
        }
    }

    /// Hands on the frame that was read.
    fn show(&mut self, remembered: &mut Remembered, source: &dyn Source) {
        self.is_read = false;
        self.taken = None;
        let live = self.playback.info.pace == Pace::Live;
        let stills = self.playback.info.pace == Pace::Stills;
        let feed = &self.capture.feed;
        let read = &mut self.frame;
        let filled = remembered.pool.fill(|frame| {
            std::mem::swap(frame, read);
            frame.generation = feed.id;
            if !live {
                // A frame of a video is new when it is due, however long ago it was read.
                frame.captured = Instant::now();
            }
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok((frame, ())) = filled;
        let changed = self.playback.showed(frame.time_s, Instant::now());
        if changed || self.playback.info != *source.info() {
            self.playback.info = source.info().clone();
            self.say_playing();
        }
        self.capture.context.metrics.captured(frame.sequence, live);
        feed.set_position(frame.time_s.or(stills.then_some(frame.sequence as f64)));
        let _ = self.capture.raw.put(frame);
    }

    fn end(&mut self, source: &mut dyn Source, repeat: bool) -> Result<(), SourceError> {
        match self.playback.ended(repeat) {
            End::Rewind => source.seek(0.0),
            End::Stay => {
                self.say_playing();
                Ok(())
            }
            End::Gone => Err(SourceError::Stalled { name: self.playback.info.name.clone() }),
        }
    }

    /// A live source whose frames cannot be decoded any more is in a state of its own; it is still read.
    fn watch_for_damage(&mut self) {
        let live = self.playback.info.pace == Pace::Live;
        let damaged = live && self.capture.feed.undecodable_for() >= DAMAGED;
        if std::mem::replace(&mut self.damaged, damaged) == damaged {
            return;
        }
        if damaged {
            let error = SourceError::Damaged { name: self.playback.info.name.clone() };
            let address = self.capture.address.clone();
            self.capture.set_state(SourceState::Failed { address, error, retrying: true });
        } else {
            self.say_playing();
        }
    }
}
