//! How many frames are on their way to a server at once.
//!
//! A request that takes 200 ms gives five results a second; six requests at once give thirty, each as old as one. But a server that
//! computes all the time gives no more with a second request: its results only wait in line, and get older. So the number is
//! worked out from the round trip, tried, and kept only if it gives clearly more results.

use std::time::{Duration, Instant};

/// The most requests at once.
pub(in crate::engine) const MOST: usize = 8;
/// So many results tell how long a round trip takes.
const ENOUGH: u64 = 4;
/// Rates are those of the last three seconds: so long after a change they still contain the time before it.
const SETTLED: Duration = Duration::from_secs(4);
/// More requests stay if they give so many times the results.
const WORTH: f32 = 1.15;
/// A rate this close to the source's is all that there is.
const ALL: f32 = 0.93;
/// A round trip that differs by less than this share from the one before is steady.
const STEADY: f32 = 0.15;
/// A round trip so many times as long is another network.
const SLOWER: f32 = 1.5;
/// What gave no more results is tried again after this long.
const AGAIN: Duration = Duration::from_mins(1);

/// Decides how many requests are made at once, from what is measured.
#[derive(Debug)]
pub(in crate::engine) struct InFlight {
    /// The session and the feed that the figures belong to.
    of: Option<(u64, u64)>,
    phase: Phase,
    /// When the number last changed.
    since: Instant,
    count: usize,
    /// The round trip when it was last looked at: an average that still follows a change says nothing yet.
    last: Duration,
}

/// How far the choice is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// One request at a time, until its round trip is known.
    Alone,
    /// More are tried; results a second before.
    Trial { before: f32, alone: Duration },
    /// The number is chosen; the round trip of one alone.
    Chosen { alone: Duration },
    /// More gave no more results, or can't be had. The round trip of one alone; `None` if it isn't known.
    Enough { alone: Option<Duration> },
}

/// What is measured of a model on a server.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Measured {
    /// Frames a second that the source delivers.
    pub source_fps: f32,
    /// Results a second.
    pub fps: f32,
    /// From a request to its response.
    pub round_trip: Duration,
    /// Results of the session so far.
    pub runs: u64,
    /// Sessions that run now.
    pub sessions: usize,
}

impl Default for InFlight {
    fn default() -> Self {
        Self { of: None, phase: Phase::Alone, since: Instant::now(), count: 1, last: Duration::ZERO }
    }
}

impl InFlight {
    /// How many requests are to be made at once for the session and feed `of`.
    pub fn wants(&mut self, of: (u64, u64), measured: &Measured, now: Instant) -> usize {
        if self.of != Some(of) {
            *self = Self { of: Some(of), since: now, ..Self::default() };
        }
        if measured.sessions != self.count {
            // They are still being opened: nothing is settled before.
            self.since = now;
        }
        let since = now.saturating_duration_since(self.since);
        let round_trip = measured.round_trip.as_secs_f32();
        if measured.runs < ENOUGH || round_trip <= 0.0 || measured.source_fps <= 0.0 {
            return self.count;
        }
        // Little's law: as many are under way as come in while one is.
        let needed = |seconds: f32, fps: f32| ((seconds * fps * 1.05).ceil() as usize).clamp(1, MOST);
        let last = std::mem::replace(&mut self.last, measured.round_trip).as_secs_f32();
        let is_steady = (round_trip - last).abs() <= STEADY * round_trip;
        match self.phase {
            Phase::Alone if !is_steady => {}
            Phase::Alone => {
                let count = needed(round_trip, measured.source_fps);
                if count > 1 {
                    let alone = measured.round_trip;
                    self.change(count, Phase::Trial { before: 1.0 / round_trip, alone }, now);
                }
            }
            Phase::Trial { before, alone } if since >= SETTLED => {
                if measured.fps < WORTH * before.min(measured.source_fps)
                    && measured.fps < ALL * measured.source_fps
                {
                    self.change(1, Phase::Enough { alone: Some(alone) }, now);
                } else {
                    let count = needed(alone.as_secs_f32(), measured.fps.max(before)).max(2).min(self.count);
                    self.change(count, Phase::Chosen { alone }, now);
                }
            }
            Phase::Chosen { alone } if since >= SETTLED => {
                let alone = alone.min(measured.round_trip);
                let is_all = measured.fps >= ALL * measured.source_fps;
                // The network became slower, and the server doesn't compute all the time: more fit in.
                let count = match needed(round_trip, measured.source_fps) {
                    more if !is_all && more > self.count => self.count + 1,
                    fewer if is_all && fewer < self.count => self.count - 1,
                    _ => self.count,
                };
                if count > self.count {
                    self.change(
                        count,
                        Phase::Trial { before: measured.fps, alone: measured.round_trip },
                        now,
                    );
                } else if count < self.count {
                    self.change(count.max(1), Phase::Chosen { alone }, now);
                }
            }
            // The network became slower since.
            Phase::Enough { alone: Some(alone) }
                if since >= SETTLED && measured.round_trip > alone.mul_f32(SLOWER) =>
            {
                self.change(self.count, Phase::Alone, now);
            }
            Phase::Enough { .. } if since >= AGAIN => self.change(1, Phase::Alone, now),
            Phase::Trial { .. } | Phase::Chosen { .. } | Phase::Enough { .. } => {}
        }
        self.count
    }

    /// No more sessions than these can be had.
    pub fn refuse(&mut self, sessions: usize, now: Instant) {
        self.change(sessions, Phase::Enough { alone: None }, now);
    }

    fn change(&mut self, count: usize, phase: Phase, now: Instant) {
        (self.count, self.phase, self.since) = (count, phase, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets the choice run for a minute at a source of 30 frames a second, with a server that is so far away and computes for so
    /// long, one request after the other. Returns the number at the end and the most that there were.
    fn choose(network_ms: f32, compute_ms: f32) -> (usize, usize) {
        let mut in_flight = InFlight::default();
        let begin = Instant::now();
        let (mut count, mut most, mut runs) = (1, 1, 0.0);
        for tenth in 0..550u64 {
            let alone = (network_ms + compute_ms) / 1000.0;
            let fps = (count as f32 / alone).min(1000.0 / compute_ms).min(30.0);
            // What can't be computed at once waits.
            let round_trip = (count as f32 / fps).min((count as f32 * compute_ms / 1000.0).max(alone));
            runs += fps / 10.0;
            let measured = Measured {
                source_fps: 30.0,
                fps,
                round_trip: Duration::from_secs_f32(round_trip),
                runs: runs as u64,
                sessions: count,
            };
            count = in_flight.wants((1, 1), &measured, begin + Duration::from_millis(tenth * 100));
            most = most.max(count);
        }
        (count, most)
    }

    #[test]
    fn a_far_server_gets_as_many_requests_as_fill_the_line() {
        assert_eq!(choose(200.0, 15.0).0, 7, "30 a second of 215 ms");
        assert_eq!(choose(50.0, 15.0).0, 3);
        assert_eq!(choose(900.0, 15.0), (MOST, MOST), "never more");
    }

    #[test]
    fn a_near_or_busy_server_gets_one_at_a_time() {
        assert_eq!(choose(2.0, 18.0), (1, 1), "it keeps up");
        assert_eq!(choose(4.0, 150.0).0, 1, "more would only wait in line");
    }

    /// Opening six sessions takes longer than the figures look back.
    #[test]
    fn sessions_that_are_still_opened_are_waited_for() {
        let mut in_flight = InFlight::default();
        let now = Instant::now();
        let slow = |sessions| Measured {
            source_fps: 30.0,
            fps: 5.0,
            round_trip: Duration::from_millis(200),
            runs: 10,
            sessions,
        };
        in_flight.wants((1, 1), &slow(1), now);
        assert_eq!(in_flight.wants((1, 1), &slow(1), now), 7);
        assert_eq!(in_flight.wants((1, 1), &slow(3), now + Duration::from_secs(9)), 7);
        let open = Measured { fps: 29.0, ..slow(7) };
        assert_eq!(in_flight.wants((1, 1), &open, now + Duration::from_secs(14)), 7);
    }

    #[test]
    fn sessions_that_cannot_be_opened_are_not_asked_for_again_at_once() {
        let mut in_flight = InFlight::default();
        let now = Instant::now();
        let far = |sessions| Measured {
            source_fps: 30.0,
            fps: 5.0,
            round_trip: Duration::from_millis(200),
            runs: 10,
            sessions,
        };
        in_flight.wants((1, 1), &far(1), now);
        assert_eq!(in_flight.wants((1, 1), &far(1), now), 7);
        in_flight.refuse(3, now);
        assert_eq!(in_flight.wants((1, 1), &far(3), now + Duration::from_secs(20)), 3);
    }

    #[test]
    fn another_model_begins_with_one() {
        let mut in_flight = InFlight::default();
        let now = Instant::now();
        let far = Measured {
            source_fps: 30.0,
            fps: 5.0,
            round_trip: Duration::from_millis(200),
            runs: 10,
            sessions: 1,
        };
        in_flight.wants((1, 1), &far, now);
        assert_eq!(in_flight.wants((1, 1), &far, now), 7);
        assert_eq!(in_flight.wants((2, 1), &Measured { runs: 0, ..far }, now), 1);
    }
}
