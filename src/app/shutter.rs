//! What the snapshot button has begun: a countdown, a burst, a time lapse, the wait for something to appear. Every transition is
//! in [`Shutter::step`].

use std::time::{Duration, Instant};

use crate::save::{ShutterOptions, Take};

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Shutter {
    #[default]
    Idle,
    /// Ends at this moment; so many whole seconds were told of.
    Countdown { ends: Instant, told: u64 },
    /// So many snapshots are still to be taken, the next at this moment.
    Burst { left: u32, next: Instant },
    /// The next snapshot is taken at this moment.
    Lapse { next: Instant },
    /// For something to appear.
    Waiting,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Happening {
    /// The button or its key.
    Pressed,
    /// Escape, or its button.
    Cancelled,
    /// The source was closed, or another one was opened.
    SourceChanged,
    /// The preview isn't on screen any more.
    PageLeft,
    /// A snapshot couldn't be saved.
    Failed,
    /// Time goes by.
    Pass(Situation),
}

/// What a moment is like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Situation {
    /// There is a frame that wasn't taken yet.
    pub is_fresh: bool,
    /// More frames will come: the source plays.
    pub frames_come: bool,
    /// Too many snapshots are still being written.
    pub is_busy: bool,
    /// What is waited for has appeared.
    pub has_appeared: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    /// A second of the countdown has begun.
    Tick,
    /// Take a snapshot.
    Take,
}

/// A burst ends when no new frame has come for this long.
const NO_FRAME: Duration = Duration::from_secs(3);

impl Shutter {
    /// Whether something goes on.
    #[must_use]
    pub fn is_active(&self) -> bool {
        *self != Self::Idle
    }

    /// Whether it goes on while other pages are shown or the window is hidden.
    #[must_use]
    pub fn is_patient(&self) -> bool {
        matches!(self, Self::Lapse { .. } | Self::Waiting)
    }

    /// The whole seconds that a countdown still has, rounded up.
    #[must_use]
    pub fn seconds_left(&self, now: Instant) -> Option<u64> {
        match self {
            Self::Countdown { ends, .. } => Some(whole_seconds(*ends, now)),
            _ => None,
        }
    }

    /// When a pass is needed next, if time alone decides it.
    #[must_use]
    pub fn wakes(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Countdown { ends, .. } => {
                let left = ends.saturating_duration_since(now);
                // To the next whole second.
                Some(Duration::from_nanos(u64::from(left.subsec_nanos())) + Duration::from_millis(2))
            }
            Self::Burst { next, .. } => {
                Some(next.saturating_duration_since(now).max(Duration::from_millis(10)))
            }
            // What is shown of it counts seconds.
            Self::Lapse { next } => {
                let left = next.saturating_duration_since(now).max(Duration::from_millis(10));
                Some(left.min(Duration::from_millis(500)))
            }
            Self::Idle | Self::Waiting => None,
        }
    }

    /// What becomes of it, and what is to be done.
    #[must_use]
    pub fn step(self, happening: Happening, options: &ShutterOptions, now: Instant) -> (Self, Effect) {
        let idle = (Self::Idle, Effect::Nothing);
        match (self, happening) {
            (Self::Idle, Happening::Pressed) if options.timer_s > 0 => {
                let ends = now + Duration::from_secs(u64::from(options.timer_s));
                (Self::Countdown { ends, told: u64::from(options.timer_s) }, Effect::Tick)
            }
            (Self::Idle, Happening::Pressed) => begun(options, now),
            (Self::Idle, _)
            | (_, Happening::Pressed | Happening::Cancelled | Happening::SourceChanged | Happening::Failed) => {
                idle
            }
            (shutter, Happening::PageLeft) => {
                if shutter.is_patient() {
                    (shutter, Effect::Nothing)
                } else {
                    idle
                }
            }
            (Self::Countdown { ends, told }, Happening::Pass(_)) => {
                let left = whole_seconds(ends, now);
                match left {
                    0 => begun(options, now),
                    left if left < told => (Self::Countdown { ends, told: left }, Effect::Tick),
                    _ => (self, Effect::Nothing),
                }
            }
            (Self::Burst { left, next }, Happening::Pass(situation)) => {
                if left == 0 {
                    return idle;
                }
                if now < next || situation.is_busy {
                    return (self, Effect::Nothing);
                }
                if situation.is_fresh {
                    let next = after(next, options.burst_every_s, now);
                    let rest = if left > 1 { Self::Burst { left: left - 1, next } } else { Self::Idle };
                    return (rest, Effect::Take);
                }
                let is_over = !situation.frames_come || now.saturating_duration_since(next) > NO_FRAME;
                if is_over { idle } else { (self, Effect::Nothing) }
            }
            (Self::Lapse { next }, Happening::Pass(situation)) => {
                if now < next {
                    return (self, Effect::Nothing);
                }
                // What can't be taken now is left out: the pace stays.
                let takes = situation.is_fresh && !situation.is_busy;
                let effect = if takes { Effect::Take } else { Effect::Nothing };
                (Self::Lapse { next: after(next, options.lapse_every_s, now) }, effect)
            }
            (Self::Waiting, Happening::Pass(situation)) => {
                if situation.has_appeared {
                    (Self::Idle, Effect::Take)
                } else {
                    (self, Effect::Nothing)
                }
            }
        }
    }
}

/// What the button does once the countdown is over.
fn begun(options: &ShutterOptions, now: Instant) -> (Shutter, Effect) {
    match options.take {
        Take::One => (Shutter::Idle, Effect::Take),
        Take::Burst => {
            let next = now + Duration::from_secs_f64(options.burst_every_s);
            (Shutter::Burst { left: options.burst.saturating_sub(1), next }, Effect::Take)
        }
        Take::Lapse => {
            (Shutter::Lapse { next: now + Duration::from_secs_f64(options.lapse_every_s) }, Effect::Take)
        }
        Take::Appears => (Shutter::Waiting, Effect::Nothing),
    }
}

/// The moment after `last` at this pace; moments that have passed are left out.
fn after(last: Instant, every_s: f64, now: Instant) -> Instant {
    let every = Duration::from_secs_f64(every_s);
    let next = last + every;
    if next > now { next } else { now + every }
}

fn whole_seconds(ends: Instant, now: Instant) -> u64 {
    ends.saturating_duration_since(now).as_millis().div_ceil(1000) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options(take: Take) -> ShutterOptions {
        ShutterOptions { take, ..ShutterOptions::default() }
    }

    const FRESH: Happening =
        Happening::Pass(Situation { is_fresh: true, frames_come: true, is_busy: false, has_appeared: false });

    /// The moments, in milliseconds, at which it ticks and takes while passes come every 20 ms.
    fn played(options: &ShutterOptions, ms: u64, happening: Happening) -> (Vec<u64>, Vec<u64>, Shutter) {
        let start = Instant::now();
        let (mut ticks, mut takes) = (Vec::new(), Vec::new());
        let mut shutter = Shutter::Idle;
        for at in (0..=ms).step_by(20) {
            let happening = if at == 0 { Happening::Pressed } else { happening };
            let effect;
            (shutter, effect) = shutter.step(happening, options, start + Duration::from_millis(at));
            match effect {
                Effect::Nothing => {}
                Effect::Tick => ticks.push(at),
                Effect::Take => takes.push(at),
            }
        }
        (ticks, takes, shutter)
    }

    #[test]
    fn a_countdown_ticks_each_second_and_then_takes_one() {
        let three = ShutterOptions { timer_s: 3, ..options(Take::One) };
        assert_eq!(played(&three, 5000, FRESH), (vec![0, 1000, 2000], vec![3000], Shutter::Idle));
        let start = Instant::now();
        let (shutter, _) = Shutter::Idle.step(Happening::Pressed, &three, start);
        assert_eq!(shutter.seconds_left(start), Some(3));
        assert_eq!(shutter.seconds_left(start + Duration::from_millis(2001)), Some(1));
        for happening in
            [Happening::Cancelled, Happening::Pressed, Happening::PageLeft, Happening::SourceChanged]
        {
            assert_eq!(shutter.step(happening, &three, start), (Shutter::Idle, Effect::Nothing));
        }
    }

    #[test]
    fn a_burst_takes_as_many_new_frames_as_it_should_and_no_frame_twice() {
        let burst = ShutterOptions { burst: 4, ..options(Take::Burst) };
        assert_eq!(played(&burst, 3000, FRESH), (vec![], vec![0, 200, 400, 600], Shutter::Idle));
        let still = Happening::Pass(Situation::default());
        assert_eq!(played(&burst, 3000, still), (vec![], vec![0], Shutter::Idle), "a paused source has one");
        let late = Happening::Pass(Situation { frames_come: true, ..Situation::default() });
        assert_eq!(played(&burst, 5000, late), (vec![], vec![0], Shutter::Idle), "frames stay away");
        let busy = Happening::Pass(Situation {
            is_busy: true,
            is_fresh: true,
            frames_come: true,
            ..Situation::default()
        });
        assert!(
            matches!(played(&burst, 5000, busy).2, Shutter::Burst { left: 3, .. }),
            "it waits for the disk"
        );
    }

    #[test]
    fn a_time_lapse_keeps_its_pace_until_it_is_stopped() {
        let lapse = ShutterOptions { lapse_every_s: 1.0, ..options(Take::Lapse) };
        let (_, takes, shutter) = played(&lapse, 3500, FRESH);
        assert_eq!(takes, [0, 1000, 2000, 3000]);
        let now = Instant::now();
        assert_eq!(
            shutter.step(Happening::PageLeft, &lapse, now).0,
            shutter,
            "it goes on beside other pages"
        );
        assert_eq!(shutter.step(Happening::Pressed, &lapse, now).0, Shutter::Idle);
        let still = Happening::Pass(Situation::default());
        assert_eq!(played(&lapse, 3500, still).1, [0], "a paused picture isn't saved again");
    }

    #[test]
    fn it_waits_until_something_appears_and_takes_that_once() {
        let (_, takes, shutter) = played(&options(Take::Appears), 3000, FRESH);
        assert_eq!((takes, shutter), (vec![], Shutter::Waiting));
        let there = Happening::Pass(Situation { has_appeared: true, ..Situation::default() });
        let now = Instant::now();
        assert_eq!(shutter.step(there, &options(Take::Appears), now), (Shutter::Idle, Effect::Take));
    }

    fn happenings() -> impl Strategy<Value = Vec<(u8, u64, [bool; 4])>> {
        prop::collection::vec((0..12u8, 0..4000u64, any::<[bool; 4]>()), 1..120)
    }

    proptest! {
        /// Whatever the user, the source and the disk do: nothing is taken that wasn't asked for, no burst takes too many, what
        /// is stopped stays stopped, and passes are asked for as long as time decides.
        #[test]
        fn any_sequence_takes_what_was_asked_for(
            steps in happenings(),
            take in 0..4usize,
            timer in 0..4usize,
            burst in 2..9u32,
        ) {
            let options = ShutterOptions {
                take: Take::ALL[take],
                timer_s: ShutterOptions::TIMERS[timer],
                burst,
                ..ShutterOptions::default()
            };
            let mut now = Instant::now();
            let mut shutter = Shutter::Idle;
            let (mut taken, mut pressed) = (0, None);
            for (kind, ms, [is_fresh, frames_come, is_busy, has_appeared]) in steps {
                now += Duration::from_millis(ms);
                let situation = Situation { is_fresh, frames_come, is_busy, has_appeared };
                let happening = match kind {
                    0 => Happening::Pressed,
                    1 => Happening::Cancelled,
                    2 => Happening::SourceChanged,
                    3 => Happening::PageLeft,
                    4 => Happening::Failed,
                    _ => Happening::Pass(situation),
                };
                let before = shutter;
                let (after, effect) = shutter.step(happening, &options, now);
                shutter = after;
                if happening == Happening::Pressed && !before.is_active() {
                    (taken, pressed) = (0, Some(now));
                }
                if effect == Effect::Take {
                    taken += 1;
                    let since = now - pressed.expect("nothing is taken before the button was pressed");
                    prop_assert!(since >= Duration::from_secs(u64::from(options.timer_s)), "before its time");
                    prop_assert!(before.is_active() || happening == Happening::Pressed);
                }
                match options.take {
                    Take::One | Take::Appears => prop_assert!(taken <= 1),
                    Take::Burst => prop_assert!(taken <= burst),
                    Take::Lapse => {}
                }
                match happening {
                    Happening::Pass(_) => {}
                    Happening::PageLeft => prop_assert!(!shutter.is_active() || shutter.is_patient()),
                    Happening::Pressed if !before.is_active() => {}
                    _ => prop_assert_eq!((shutter, effect), (Shutter::Idle, Effect::Nothing)),
                }
                let by_time = shutter.is_active() && shutter != Shutter::Waiting;
                prop_assert_eq!(shutter.wakes(now).is_some(), by_time);
            }
        }
    }
}
