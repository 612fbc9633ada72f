//! When the next frame is read and when it is shown: real time, pause, step, seek, loop. Pure decisions without threads or clocks
//! of their own, so that tests can run them through any sequence.

use std::time::{Duration, Instant};

use crate::engine::command::Speed;
use crate::source::{Pace, SourceInfo};

/// How long the reader waits when nothing tells when it will go on.
pub(super) const IDLE: Duration = Duration::from_millis(50);
/// A video that is this late goes on from where it is: the computer slept, or cannot decode fast enough.
const TOO_LATE: Duration = Duration::from_secs(1);

/// The life cycle of an open source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No frame was shown yet.
    Starting,
    Playing,
    /// A video or folder is at its end; its last frame stays.
    Ended,
}

/// What the user has set that matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub paused: bool,
    pub hidden: bool,
    pub every_frame: bool,
    pub repeat: bool,
    pub speed: Speed,
}

/// A frame that was read and not shown yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct ReadFrame {
    /// Its position in a video, in seconds.
    pub time_s: Option<f64>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read a frame.
    Read,
    /// Show the frame that was read.
    Show,
    /// Show the frame that was read as soon as the one before it was taken.
    ShowWhenTaken,
    /// Drop the frame that was read: a paused live source.
    Drop,
    /// Wait for a command, at most so long.
    Wait(Duration),
}

/// What follows after the last frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Start again.
    Rewind,
    /// Stay there.
    Stay,
    /// A live source has no end: it has gone away.
    Gone,
}

/// Ties a position in a video to a moment. Positions can be larger than the computer's uptime, so moments are only ever
/// added to.
#[derive(Clone, Copy, Debug)]
struct Clock {
    at: Instant,
    position: Duration,
    speed: Speed,
}

/// How a source is being played.
#[derive(Debug)]
pub(super) struct Playback {
    pub info: SourceInfo,
    phase: Phase,
    /// One frame is wanted although the source is paused, or the next image of a folder.
    step: bool,
    clock: Option<Clock>,
    /// The speed that was wished for last.
    speed: Speed,
    /// Frames shown since the source was opened, or since it started again.
    shown: u64,
}

impl Playback {
    pub fn new(info: SourceInfo) -> Self {
        Self { info, phase: Phase::Starting, step: true, clock: None, speed: Speed::default(), shown: 0 }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Decides what to do next. `read` is the frame that was read and not shown yet, if there is one.
    pub fn next(&mut self, wishes: Wishes, read: Option<ReadFrame>, now: Instant) -> Next {
        self.speed = wishes.speed;
        let Some(ReadFrame { time_s }) = read else { return self.next_read(wishes) };
        match self.info.pace {
            Pace::Live if wishes.paused && !self.step => Next::Drop,
            Pace::Live => Next::Show,
            // The first frame is there when the window is shown again.
            _ if wishes.hidden && self.phase != Phase::Starting => Next::Wait(IDLE),
            _ if self.step => Next::Show,
            _ if wishes.paused => Next::Wait(IDLE),
            _ if wishes.every_frame => Next::ShowWhenTaken,
            Pace::Stills => Next::Show,
            Pace::Video => self.when_due(time_s, wishes.speed, now),
        }
    }

    fn next_read(&self, wishes: Wishes) -> Next {
        let stands = match self.info.pace {
            // A live source is always read, so that its driver does not stall.
            Pace::Live => false,
            _ if wishes.hidden && self.phase != Phase::Starting => true,
            _ if self.step => false,
            Pace::Video => self.phase == Phase::Ended || wishes.paused,
            Pace::Stills => self.phase == Phase::Ended || wishes.paused || !wishes.every_frame,
        };
        if stands { Next::Wait(IDLE) } else { Next::Read }
    }

    fn when_due(&mut self, time_s: Option<f64>, speed: Speed, now: Instant) -> Next {
        let Some(position) = position(time_s) else { return Next::Show };
        self.clock.take_if(|clock| clock.speed != speed);
        let clock = *self.clock.get_or_insert(Clock { at: now, position, speed });
        let since = speed.duration(position.saturating_sub(clock.position));
        let due = clock.at.checked_add(since).unwrap_or(now);
        if now.saturating_duration_since(due) > TOO_LATE {
            self.clock = Some(Clock { at: now, position, speed });
        }
        let left = due.saturating_duration_since(now);
        if left.is_zero() { Next::Show } else { Next::Wait(left.min(IDLE)) }
    }

    /// A frame was shown; `time_s` is its position in a video. Returns whether the source's state changed.
    pub fn showed(&mut self, time_s: Option<f64>, now: Instant) -> bool {
        if std::mem::take(&mut self.step) {
            // Real time goes on from this frame.
            self.clock = position(time_s).map(|position| Clock { at: now, position, speed: self.speed });
        }
        self.shown += 1;
        std::mem::replace(&mut self.phase, Phase::Playing) != Phase::Playing
    }

    /// The user paused or went on.
    pub fn pause_changed(&mut self) {
        self.clock = None;
    }

    pub fn step(&mut self) {
        self.step = true;
    }

    /// The source went to another position; the frame there is shown even if the source is paused. Returns whether the
    /// source's state changed.
    pub fn sought(&mut self) -> bool {
        self.step = true;
        self.clock = None;
        let ended = self.phase == Phase::Ended;
        if ended {
            self.phase = Phase::Playing;
        }
        ended
    }

    /// The source has no more frames. A folder whose files have all vanished is not started again and again.
    pub fn ended(&mut self, repeat: bool) -> End {
        self.step = false;
        self.clock = None;
        let many = self.info.pace == Pace::Video || self.info.frames.is_some_and(|n| n > 1);
        if self.info.pace == Pace::Live {
            return End::Gone;
        }
        if repeat && many && self.shown > 0 {
            self.shown = 0;
            return End::Rewind;
        }
        self.phase = Phase::Ended;
        End::Stay
    }
}

fn position(time_s: Option<f64>) -> Option<Duration> {
    time_s.and_then(|time_s| Duration::try_from_secs_f64(time_s.max(0.0)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playback(pace: Pace) -> Playback {
        Playback::new(SourceInfo {
            name: "test".into(),
            pace,
            size: (4, 2),
            fps: None,
            duration_s: None,
            frames: Some(100),
            detail: String::new(),
            address: None,
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "as `next` takes it")]
    fn at(time_s: f64) -> Option<ReadFrame> {
        Some(ReadFrame { time_s: Some(time_s) })
    }

    fn plain() -> Wishes {
        Wishes::default()
    }

    #[test]
    fn a_video_keeps_real_time_at_positions_beyond_the_uptime() {
        let mut video = playback(Pace::Video);
        let begin = Instant::now();
        let hours = 1_000_000.0 * 3600.0;
        assert_eq!(video.next(plain(), at(hours), begin), Next::Show, "the first frame is shown at once");
        video.showed(Some(hours), begin);
        let wait = video.next(plain(), at(hours + 0.04), begin);
        assert!(matches!(wait, Next::Wait(left) if left > Duration::from_millis(35)), "{wait:?}");
        let later = begin + Duration::from_millis(41);
        assert_eq!(video.next(plain(), at(hours + 0.04), later), Next::Show);
    }

    #[test]
    fn a_video_is_played_at_the_speed_that_was_asked_for() {
        let mut video = playback(Pace::Video);
        let begin = Instant::now();
        let at_speed = |speed| Wishes { speed: Speed::times(speed), ..plain() };
        assert_eq!(video.next(at_speed(1.0), at(0.0), begin), Next::Show);
        video.showed(Some(0.0), begin);
        let ms = Duration::from_millis;
        assert_eq!(video.next(at_speed(1.0), at(0.04), begin + ms(21)), Next::Wait(ms(19)));
        assert_eq!(video.next(at_speed(2.0), at(0.04), begin + ms(22)), Next::Show, "it goes on from here");
        video.showed(Some(0.04), begin + ms(22));
        assert_eq!(video.next(at_speed(2.0), at(0.08), begin + ms(22)), Next::Wait(ms(20)), "twice as fast");
        assert_eq!(video.next(at_speed(0.5), at(0.08), begin + ms(42)), Next::Show);
        video.showed(Some(0.08), begin + ms(42));
        assert_eq!(video.next(at_speed(0.5), at(0.10), begin + ms(42)), Next::Wait(ms(40)), "half as fast");
    }

    #[test]
    fn a_wait_of_seconds_is_cut_short_so_that_commands_are_followed() {
        let mut video = playback(Pace::Video);
        let begin = Instant::now();
        assert_eq!(video.next(plain(), at(0.0), begin), Next::Show);
        video.showed(Some(0.0), begin);
        assert_eq!(video.next(plain(), at(10.0), begin), Next::Wait(IDLE), "0.1 frames a second");
        let paused = Wishes { paused: true, ..plain() };
        assert_eq!(video.next(paused, at(10.0), begin), Next::Wait(IDLE));
        video.step();
        assert_eq!(video.next(paused, at(10.0), begin), Next::Show, "a step shows the frame that was read");
    }

    #[test]
    fn a_late_video_goes_on_instead_of_racing() {
        let mut video = playback(Pace::Video);
        let begin = Instant::now();
        video.next(plain(), at(0.1), begin);
        video.showed(Some(0.1), begin);
        let woken = begin + Duration::from_mins(1);
        assert_eq!(video.next(plain(), at(0.2), woken), Next::Show);
        video.showed(Some(0.2), woken);
        assert!(matches!(video.next(plain(), at(0.3), woken), Next::Wait(_)), "in real time again");
    }

    #[test]
    fn a_folder_whose_files_have_vanished_ends() {
        let mut folder = playback(Pace::Stills);
        folder.showed(None, Instant::now());
        assert_eq!(folder.ended(true), End::Rewind);
        assert_eq!(folder.ended(true), End::Stay, "nothing was shown since");
        assert_eq!(folder.phase(), Phase::Ended);
        assert!(folder.sought());
        assert_eq!(folder.next(plain(), None, Instant::now()), Next::Read, "it can be tried again");
        assert_eq!(playback(Pace::Live).ended(true), End::Gone);
    }

    #[test]
    fn a_hidden_window_holds_videos_and_not_cameras() {
        let hidden = Wishes { hidden: true, ..plain() };
        for (pace, next) in
            [(Pace::Video, Next::Wait(IDLE)), (Pace::Stills, Next::Wait(IDLE)), (Pace::Live, Next::Read)]
        {
            let mut source = playback(pace);
            assert_eq!(source.next(hidden, None, Instant::now()), Next::Read, "the first frame is read");
            assert_eq!(source.next(hidden, Some(ReadFrame { time_s: None }), Instant::now()), Next::Show);
            source.showed(None, Instant::now());
            assert_eq!(source.next(hidden, None, Instant::now()), next, "{pace:?}");
        }
    }

    #[test]
    fn a_seek_to_where_no_frame_is_left_does_not_end_a_loop() {
        let mut video = playback(Pace::Video);
        video.showed(Some(0.0), Instant::now());
        video.sought();
        assert_eq!(video.ended(true), End::Rewind);
    }
}
