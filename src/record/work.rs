//! The thread that records: it takes everything from an engine's tap, draws each frame once, and hands it to what is being recorded and to the
//! ring of the last seconds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select};

use super::RecordError;
use super::clips::{self, Clips, Pending};
use super::draw::Painter;
use super::lines::record_of;
use super::options::{Look, RecordOptions};
use super::pairing::{Drawn, Pairing};
use super::recorder::{ClipRequest, Happening, Order, Phase, Shared};
use super::ring::Ring;
use super::take::{Ending, Take};
use crate::engine::{Tap, TapItem};

/// How long the thread waits for a frame before it looks after its files.
const STEP: Duration = Duration::from_millis(50);
/// The same while there is nothing to do.
const LONG: Duration = Duration::from_hours(1);
/// A recording that gets no first frame for so long is given up.
const NO_FRAMES: Duration = Duration::from_secs(10);
/// How long the ring's encoder may take for its last frames, if a clip needs them.
const LAST_FRAMES: Duration = Duration::from_millis(1500);
/// An encoder of the ring that can't be started is tried again after this.
const RETRY: Duration = Duration::from_secs(30);

/// The recording's life. Every change of it is in [`Work::carry_out`] and [`Work::end_take`].
enum Life {
    Idle,
    /// Since when it waits for its first frame.
    Starting(RecordOptions, Instant),
    Recording(Take),
    Paused(Take),
}

/// What the thread holds.
pub(super) struct Work {
    happenings: Sender<Happening>,
    shared: Arc<Shared>,
    wake: Arc<dyn Fn() + Send + Sync>,
    look: Arc<Look>,
    life: Life,
    endings: Vec<Ending>,
    keep_s: u32,
    ring: Option<Ring>,
    /// The ring couldn't be started; it is tried again then.
    retry_at: Option<Instant>,
    /// Why it couldn't be started, once it was told.
    ring_trouble: Option<Arc<RecordError>>,
    clips: Clips,
    /// Clips that were asked for before the first frame came, and when.
    early: Vec<(ClipRequest, RecordOptions, Instant)>,
    tap: Option<Tap>,
    pairing: Pairing,
    painter: Painter,
    ready: Vec<Drawn>,
}

impl Work {
    pub fn new(
        happenings: Sender<Happening>,
        shared: Arc<Shared>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        Self {
            clips: Clips::new(happenings.clone(), Arc::clone(&wake)),
            happenings,
            shared,
            wake,
            look: Arc::default(),
            life: Life::Idle,
            endings: Vec::new(),
            keep_s: 0,
            ring: None,
            retry_at: None,
            ring_trouble: None,
            early: Vec::new(),
            tap: None,
            pairing: Pairing::default(),
            painter: Painter::default(),
            ready: Vec::new(),
        }
    }

    pub fn run(mut self, orders: &Receiver<Order>, clips: &Receiver<(ClipRequest, RecordOptions)>) {
        let nothing = never();
        loop {
            let items = self.tap.as_ref().map_or(&nothing, Tap::items).clone();
            let step = if self.is_idle() { LONG } else { STEP };
            select! {
                recv(orders) -> order => match order {
                    Ok(order) => self.carry_out(order),
                    Err(_) => return self.quit(),
                },
                recv(clips) -> asked => {
                    // The sender's owner is the orders', too.
                    if let Ok((request, options)) = asked {
                        // The order to keep seconds may have come just before.
                        while let Ok(order) = orders.try_recv() {
                            self.carry_out(order);
                        }
                        self.add_clip(request, options);
                    }
                },
                recv(items) -> item => match item {
                    Ok(item) => {
                        // A frame isn't drawn under a setting that is gone by now.
                        while let Ok(order) = orders.try_recv() {
                            self.carry_out(order);
                        }
                        self.take(item);
                    }
                    // The engine has ended.
                    Err(_) => self.tap = None,
                },
                default(step) => {}
            }
            self.look_after();
        }
    }

    fn tell(&self, happening: Happening) {
        let _ = self.happenings.try_send(happening);
        (self.wake)();
    }

    fn carry_out(&mut self, order: Order) {
        self.follow_look();
        match order {
            Order::Start(tap, options) => {
                self.tap.get_or_insert(tap);
                if matches!(self.life, Life::Idle) {
                    self.life = Life::Starting(options, Instant::now());
                }
            }
            Order::Pause(true) => {
                self.flush();
                self.life = match std::mem::replace(&mut self.life, Life::Idle) {
                    Life::Recording(mut take) => {
                        take.pause();
                        Life::Paused(take)
                    }
                    other => other,
                };
            }
            Order::Pause(false) => {
                self.life = match std::mem::replace(&mut self.life, Life::Idle) {
                    Life::Paused(take) => Life::Recording(take),
                    other => other,
                };
            }
            Order::Stop => {
                self.flush();
                self.end_take(None);
            }
            Order::Keep(seconds, tap) => {
                if let Some(tap) = tap {
                    self.tap.get_or_insert(tap);
                }
                self.keep(seconds);
            }
        }
    }

    fn add_clip(&mut self, request: ClipRequest, options: RecordOptions) {
        if let Some(ring) = &self.ring {
            self.clips.add(Pending::new(request, options, ring.now(), ring.size()));
        } else if self.keep_s > 0 && self.ring_trouble.is_none() && self.early.len() < clips::MOST {
            // A rule may fire before its frame has passed: the clip begins with the first one.
            self.early.push((request, options, Instant::now()));
        } else {
            let why = self.ring_trouble.clone().unwrap_or_else(|| Arc::new(RecordError::NothingKept));
            self.clips.fail(request.done, why);
        }
    }

    fn follow_look(&mut self) {
        let look = self.shared.look().take();
        if let Some(look) = look {
            self.set_look(look);
        }
    }

    fn set_look(&mut self, look: Arc<Look>) {
        if look.privacy != self.look.privacy {
            // What was drawn under the old setting isn't shown under the new one.
            self.pairing.clear();
            if look.privacy.on {
                self.ring = None;
                self.clips.fail_all(RecordError::PrivacyChanged);
                self.fail_early(&Arc::new(RecordError::PrivacyChanged));
            }
            // Each file says who is hidden in it.
            self.begin_anew(false);
        } else if look.style.mirror != self.look.style.mirror {
            self.begin_anew(true);
        }
        self.pairing.set_own_only(look.own_only());
        self.look = look;
    }

    /// Ends the files and begins others with the next frame. `hold`: the last frame is shown until now.
    fn begin_anew(&mut self, hold: bool) {
        if let Life::Recording(take) = &mut self.life {
            let options = take.options().clone();
            if !hold {
                take.forget_last();
            }
            self.end_take(None);
            self.life = Life::Starting(options, Instant::now());
        } else if let Life::Paused(take) = &mut self.life {
            take.forget_last();
        }
    }

    /// Whether nothing is to be done until an order comes.
    fn is_idle(&self) -> bool {
        let rests = matches!(self.life, Life::Idle) && self.keep_s == 0 && self.ring.is_none();
        rests && self.endings.is_empty() && self.clips.is_idle() && self.tap.is_none()
    }

    fn keep(&mut self, seconds: u32) {
        self.keep_s = seconds;
        (self.retry_at, self.ring_trouble) = (None, None);
        match &mut self.ring {
            // Clips that wait are saved with what there is.
            Some(_) if seconds == 0 => self.end_ring(),
            Some(ring) => ring.set_seconds(seconds),
            None => {}
        }
        if seconds == 0 {
            self.fail_early(&Arc::new(RecordError::NothingKept));
        }
    }

    fn take(&mut self, item: TapItem) {
        self.follow_look();
        if let Some(tap) = self.tap.as_ref().filter(|tap| tap.has_lost_forget()) {
            // What waits may belong to the model that is gone.
            while tap.items().try_recv().is_ok() {}
            self.pairing.clear();
            return;
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.pairing.take(item, |drawn| ready.push(drawn));
        ready.drain(..).for_each(|drawn| self.add(&drawn));
        self.ready = ready;
    }

    /// Records the frames that wait for their results.
    fn flush(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        self.pairing.flush(|drawn| ready.push(drawn));
        ready.drain(..).for_each(|drawn| self.add(&drawn));
        self.ready = ready;
    }

    fn add(&mut self, drawn: &Drawn) {
        if !drawn.frame.is_whole() || self.look.blind {
            return;
        }
        self.begin_take(drawn);
        self.begin_ring(drawn);
        let (mut annotated, clean) = match &self.life {
            Life::Recording(take) => take.wants(),
            _ => (false, false),
        };
        annotated |= self.ring.is_some();
        if !annotated && !clean {
            return;
        }
        let images = self.painter.paint(drawn, &self.look, annotated, clean);
        if let (Some(ring), Some(image)) = (&mut self.ring, &images.annotated) {
            let look = &self.look;
            let record = |at, number| record_of(drawn, at, number, look);
            ring.add(&drawn.frame, Arc::clone(image), record, self.clips.needed());
            if let Some((prediction, _)) = &drawn.results {
                self.clips.note_model(prediction);
            }
        }
        if let Life::Recording(take) = &mut self.life
            && let Err(error) = take.add(drawn, images, &self.look)
        {
            self.end_take(Some(error));
        }
    }

    /// Starts the files of a recording with its first frame, and again when the size of frames changes.
    fn begin_take(&mut self, drawn: &Drawn) {
        let options = match &self.life {
            Life::Starting(options, _) => options.clone(),
            Life::Recording(take) if !take.fits(&drawn.frame) => {
                let options = take.options().clone();
                self.end_take(None);
                options
            }
            _ => return,
        };
        // Frames that were lost while the encoder was looked for don't count.
        match Take::start(&options, &self.look, &drawn.frame, self.tap.as_ref().map_or(0, Tap::missed)) {
            Ok(take) => self.life = Life::Recording(take),
            Err(error) => {
                self.life = Life::Idle;
                self.tell(Happening::Failed(error));
            }
        }
    }

    fn begin_ring(&mut self, drawn: &Drawn) {
        if self.ring.as_ref().is_some_and(Ring::is_over) {
            let trouble = self.ring.as_ref().and_then(Ring::trouble);
            self.end_ring();
            self.ring_failed(trouble.unwrap_or_else(|| {
                let reason = "the encoder ended early".into();
                Arc::new(RecordError::Ended { path: PathBuf::new(), reason })
            }));
        } else if self.ring.as_ref().is_some_and(|ring| !ring.fits(&drawn.frame)) {
            self.end_ring();
        }
        let waits = self.retry_at.is_some_and(|at| Instant::now() < at);
        if self.keep_s == 0 || self.ring.is_some() || waits {
            return;
        }
        match Ring::start(self.keep_s, self.look.fps(), &drawn.frame) {
            Ok(ring) => {
                for (request, options, _) in self.early.drain(..) {
                    self.clips.add(Pending::new(request, options, ring.now(), ring.size()));
                }
                self.ring = Some(ring);
            }
            Err(error) => self.ring_failed(Arc::new(error)),
        }
    }

    fn ring_failed(&mut self, error: Arc<RecordError>) {
        self.fail_early(&error);
        // Each try would say the same again.
        if self.ring_trouble.replace(Arc::clone(&error)).is_none() {
            self.tell(Happening::ClipFailed(error));
        }
        self.retry_at = Some(Instant::now() + RETRY);
    }

    /// Saves the clips that are asked for with what there is, and forgets the rest.
    fn end_ring(&mut self) {
        if let Some(mut ring) = self.ring.take() {
            if self.clips.len() > 0 {
                ring.finish(LAST_FRAMES);
            }
            self.clips.save(&ring, &self.look, true);
        }
    }

    /// Tells those who asked for a clip before the first frame why there is none.
    fn fail_early(&mut self, why: &Arc<RecordError>) {
        for (request, ..) in self.early.drain(..) {
            self.clips.fail(request.done, Arc::clone(why));
        }
    }

    /// Why no frames come.
    fn no_frames(&self) -> RecordError {
        match &self.look {
            look if look.blind => RecordError::Blind,
            look if look.own_only() => RecordError::NoResults,
            _ => RecordError::NoFrames,
        }
    }

    fn end_take(&mut self, early: Option<RecordError>) {
        let (take, is_paused) = match std::mem::replace(&mut self.life, Life::Idle) {
            Life::Recording(take) => (take, false),
            Life::Paused(take) => (take, true),
            Life::Idle | Life::Starting(..) => return,
        };
        let missed = self.tap.as_ref().map_or(0, Tap::missed);
        self.endings.push(take.end(early, is_paused, missed));
    }

    fn look_after(&mut self) {
        self.follow_look();
        let trouble = match &mut self.life {
            Life::Recording(take) | Life::Paused(take) => take.check().err(),
            Life::Starting(_, since) if since.elapsed() > NO_FRAMES => {
                self.life = Life::Idle;
                self.tell(Happening::Failed(self.no_frames()));
                None
            }
            _ => None,
        };
        if let Some(error) = trouble {
            self.end_take(Some(error));
        }
        if self.early.first().is_some_and(|(.., since)| since.elapsed() > NO_FRAMES) {
            self.fail_early(&Arc::new(self.no_frames()));
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.pairing.give_up(Instant::now(), |drawn| ready.push(drawn));
        ready.drain(..).for_each(|drawn| self.add(&drawn));
        self.ready = ready;
        if let Some(ring) = &self.ring {
            self.clips.save(ring, &self.look, false);
        } else {
            self.clips.fail_all(RecordError::NothingKept);
        }
        self.poll_endings();
        self.show_status();
        // Nobody else needs the frames.
        if matches!(self.life, Life::Idle) && self.keep_s == 0 && self.tap.is_some() {
            self.tap = None;
            self.pairing.clear();
            self.painter = Painter::default();
        }
    }

    fn poll_endings(&mut self) {
        let mut saved = Vec::new();
        self.endings.retain_mut(|ending| {
            saved.extend(ending.poll());
            !ending.is_over()
        });
        for saved in saved {
            self.tell(Happening::Saved(Box::new(saved)));
        }
    }

    fn show_status(&self) {
        let (phase, take) = match &self.life {
            Life::Idle => (Phase::Idle, None),
            Life::Starting(..) => (Phase::Starting, None),
            Life::Recording(take) => (Phase::Recording, Some(take)),
            Life::Paused(take) => (Phase::Paused, Some(take)),
        };
        let elapsed = take.map_or(Duration::ZERO, Take::elapsed);
        // A disk that hangs holds up this thread, not the window's, which reads the status.
        let is_due = self.shared.status().elapsed.as_secs() != elapsed.as_secs();
        let bytes = take.filter(|_| is_due).map(Take::bytes);
        let missed = self.tap.as_ref().map_or(0, Tap::missed);
        let mut status = self.shared.status();
        let shown_second = status.elapsed.as_secs();
        let old = (status.phase, shown_second, status.clips, status.keeps_s);
        status.phase = phase;
        status.elapsed = elapsed;
        status.left_out = take.map_or(0, |take| take.left_out(missed));
        if let Some(bytes) = bytes {
            status.bytes = bytes;
        }
        status.keeps_s = self.ring.as_ref().map_or(0, Ring::seconds);
        status.clips = self.clips.len() + self.early.len();
        let is_news = old != (status.phase, status.elapsed.as_secs(), status.clips, status.keeps_s);
        if is_news {
            if take.is_none() {
                status.bytes = 0;
            }
            status.path = take.map(|take| take.path().to_owned());
        }
        drop(status);
        if is_news {
            (self.wake)();
        }
    }

    /// The program ends: videos are completed, copies that can be sought faster are given up.
    fn quit(mut self) {
        self.flush();
        self.end_take(None);
        self.end_ring();
        self.fail_early(&Arc::new(RecordError::NothingKept));
        self.tap = None;
        // A recording's files are completed first: a clip may take seconds, and the program may be ended before.
        while !self.endings.is_empty() {
            self.endings.iter().for_each(Ending::hurry);
            self.poll_endings();
            std::thread::sleep(Duration::from_millis(5));
        }
        self.clips.hurry();
    }
}
