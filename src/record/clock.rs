//! When the frames of a source are shown in a video of them.

use std::time::{Duration, Instant};

use crate::frame::Frame;

/// A longer pause of a live source is shortened to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Frames are at least so far apart.
const SHORTEST: Duration = Duration::from_micros(100);

/// Tells the time of each frame in a video, counted from its first one. Time always goes on.
#[derive(Debug)]
pub struct Clock {
    live: bool,
    fps: f64,
    /// Position and capture time of the first frame.
    first: Option<(Option<f64>, Instant)>,
    frames: u64,
    last: Duration,
    /// What was left out of long pauses.
    cut: Duration,
    /// The time until the next frame is left out.
    paused: bool,
}

impl Clock {
    /// A clock for frames that are shown when they were captured (`live`), or at their position in a file. `fps` is the source's usual rate.
    #[must_use]
    pub fn new(live: bool, fps: f64) -> Self {
        Self { live, fps, first: None, frames: 0, last: Duration::ZERO, cut: Duration::ZERO, paused: false }
    }

    /// The time until the next frame is left out: it comes one frame after the last one.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// The time of the last frame.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.last
    }

    /// Returns a frame's own time: what a camera really took, not what its rate promises.
    pub fn time_of(&mut self, frame: &Frame) -> Duration {
        let (position, captured) = *self.first.get_or_insert((frame.time_s, frame.captured));
        let nominal = Duration::from_secs_f64(self.frames as f64 / self.fps);
        let time = if self.live {
            frame.captured.saturating_duration_since(captured)
        } else {
            let own = frame.time_s.zip(position).map(|(now, first)| now - first);
            own.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(nominal)
        };
        let longest = if std::mem::take(&mut self.paused) {
            Duration::from_secs_f64(1.0 / self.fps)
        } else {
            LONGEST_PAUSE
        };
        let time = if self.frames == 0 {
            Duration::ZERO
        } else {
            let time = time.saturating_sub(self.cut).max(self.last + SHORTEST);
            self.cut += time.saturating_sub(self.last + longest);
            time.min(self.last + longest)
        };
        self.frames += 1;
        self.last = time;
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_their_own_times_and_time_goes_on() {
        let mut clock = Clock::new(false, 25.0);
        let mut time_of = |time_s| {
            let frame = Frame { time_s, ..Frame::filled(2, 2, [0; 4]) };
            clock.time_of(&frame).as_secs_f64()
        };
        // A video that was cut begins at 3 s, has a variable rate, a time that goes back, and one that is missing.
        let times = [Some(3.0), Some(3.04), Some(3.3), Some(3.1), None, Some(4.0)].map(&mut time_of);
        let expected = [0.0, 0.04, 0.3, 0.3001, 0.3002, 1.0];
        assert!(times.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{times:?}");
    }

    #[test]
    fn a_camera_that_pauses_for_minutes_leaves_ten_seconds() {
        let mut clock = Clock::new(true, 30.0);
        let now = Instant::now();
        let frame = |ms| Frame { captured: now + Duration::from_millis(ms), ..Frame::filled(2, 2, [0; 4]) };
        let times = [0, 80, 163, 200_000, 200_033].map(|ms| clock.time_of(&frame(ms)).as_millis());
        assert_eq!(times, [0, 80, 163, 10_163, 10_196]);
    }

    #[test]
    fn a_pause_of_the_user_leaves_nothing() {
        let mut clock = Clock::new(true, 20.0);
        let now = Instant::now();
        let frame = |ms| Frame { captured: now + Duration::from_millis(ms), ..Frame::filled(2, 2, [0; 4]) };
        assert_eq!([0, 50].map(|ms| clock.time_of(&frame(ms)).as_millis()), [0, 50]);
        clock.pause();
        assert_eq!([8050, 8100].map(|ms| clock.time_of(&frame(ms)).as_millis()), [100, 150]);
    }
}
