//! Figures of the last seconds, kept in rings of fixed size.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::choice::MAX_COMPARED;
use crate::model::results::StageTimes;

/// The median and 95th percentile of the last seconds, in milliseconds. Where nothing was measured in them, both are the last
/// value if it is the time of a stage, and 0 if it is an age.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    pub median: f32,
    pub p95: f32,
}

/// Figures of the last seconds, all measured, none guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames a second that the source delivered.
    pub source_fps: f32,
    /// Decoded frames a second offered to the screen.
    pub preview_fps: f32,
    /// Predictions a second.
    pub inference_fps: f32,
    /// Frames of the source that a model looked at, since the source was opened.
    pub predicted: u64,
    /// Frames of the source that no model looked at, since the source was opened.
    pub dropped: u64,
    /// Frames that the source itself lost (gaps in its sequence) or that couldn't be decoded.
    pub lost: u64,
    pub decode: Percentiles,
    pub input: Percentiles,
    pub inference: Percentiles,
    pub output: Percentiles,
    pub total: Percentiles,
    /// Capture to "ready for the screen" of previewed frames; the window adds its own share through
    /// [`Engine::shown`].
    pub preview_age: Percentiles,
    /// Capture to finished prediction.
    pub prediction_age: Percentiles,
    /// Capture to painted, as the window reports it.
    pub shown_age: Percentiles,
}

/// Figures of one of several compared models in the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Predictions a second.
    pub fps: f32,
    pub input: Percentiles,
    pub inference: Percentiles,
    pub output: Percentiles,
    pub total: Percentiles,
}

/// How far back figures look.
const SPAN: Duration = Duration::from_secs(3);
/// Samples a ring holds; at a higher rate it looks back less far.
const LEN: usize = 256;

/// The last values with their times.
#[derive(Clone, Debug)]
struct Ring {
    samples: [(Instant, f32); LEN],
    next: usize,
    count: usize,
}

impl Ring {
    fn new(now: Instant) -> Self {
        Self { samples: [(now, 0.0); LEN], next: 0, count: 0 }
    }

    fn push(&mut self, at: Instant, value: f32) {
        self.samples[self.next] = (at, value);
        self.next = (self.next + 1) % LEN;
        self.count = (self.count + 1).min(LEN);
    }

    /// The samples within the span, newest first.
    fn recent(&self, now: Instant) -> impl Iterator<Item = (Instant, f32)> {
        (1..=self.count)
            .map(|back| self.samples[(self.next + LEN - back) % LEN])
            .take_while(move |(at, _)| now.saturating_duration_since(*at) <= SPAN)
    }

    /// Samples a second: intervals between the first and the last of the span, stretched to now when they stopped
    /// coming.
    fn rate(&self, now: Instant) -> f32 {
        let (mut newest, mut oldest, mut count) = (None, now, 0u32);
        for (at, _) in self.recent(now) {
            newest.get_or_insert(at);
            oldest = at;
            count += 1;
        }
        let Some(newest) = newest.filter(|_| count >= 2) else { return 0.0 };
        let intervals = (count - 1) as f32;
        let span = newest.duration_since(oldest).as_secs_f32();
        let usual = span / intervals;
        let silence = now.saturating_duration_since(newest).as_secs_f32();
        intervals / (span + (silence - 1.5 * usual).max(0.0)).max(1e-6)
    }

    fn percentiles(&self, now: Instant) -> Percentiles {
        let mut values = [0.0f32; LEN];
        let mut count = 0;
        for ((_, value), place) in self.recent(now).zip(&mut values) {
            *place = value;
            count += 1;
        }
        let values = &mut values[..count];
        if values.is_empty() {
            return Percentiles::default();
        }
        values.sort_unstable_by(f32::total_cmp);
        let at = |part: f32| values[((count - 1) as f32 * part).round() as usize];
        Percentiles { median: at(0.5), p95: at(0.95) }
    }

    /// As [`Self::percentiles`]; after the last seconds, the last value, as for an image that was looked at once.
    fn lasting(&self, now: Instant) -> Percentiles {
        let recent = self.percentiles(now);
        if self.count == 0 || recent != Percentiles::default() {
            return recent;
        }
        let (_, last) = self.samples[(self.next + LEN - 1) % LEN];
        Percentiles { median: last, p95: last }
    }
}

/// What one model of a comparison took.
#[derive(Clone, Debug)]
struct ModelRings {
    finished: Ring,
    input: Ring,
    inference: Ring,
    output: Ring,
}

impl ModelRings {
    fn new(ring: &Ring) -> Self {
        Self { finished: ring.clone(), input: ring.clone(), inference: ring.clone(), output: ring.clone() }
    }

    fn push(&mut self, now: Instant, times: &StageTimes) {
        self.finished.push(now, times.total);
        self.input.push(now, times.input);
        self.inference.push(now, times.inference);
        self.output.push(now, times.output);
    }
}

/// What is counted and measured since the source was opened.
#[derive(Debug)]
struct Inner {
    captured: Ring,
    previewed: Ring,
    finished: Ring,
    decode: Ring,
    input: Ring,
    inference: Ring,
    output: Ring,
    prediction_age: Ring,
    shown_age: Ring,
    /// Counted only while models are compared.
    models: Vec<ModelRings>,
    frames: u64,
    predicted: u64,
    lost: u64,
    last_sequence: Option<u64>,
}

/// The statistics of a running engine.
#[derive(Debug)]
pub(super) struct Metrics(Mutex<Inner>);

impl Default for Metrics {
    fn default() -> Self {
        let ring = Ring::new(Instant::now());
        Self(Mutex::new(Inner {
            captured: ring.clone(),
            previewed: ring.clone(),
            finished: ring.clone(),
            decode: ring.clone(),
            input: ring.clone(),
            inference: ring.clone(),
            output: ring.clone(),
            prediction_age: ring.clone(),
            models: vec![ModelRings::new(&ring); MAX_COMPARED],
            shown_age: ring,
            frames: 0,
            predicted: 0,
            lost: 0,
            last_sequence: None,
        }))
    }
}

fn ms(duration: Duration) -> f32 {
    duration.as_secs_f32() * 1000.0
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another source: everything begins anew.
    pub fn restart(&self) {
        let fresh = Self::default();
        *self.lock() = fresh.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    }

    /// A frame came. `live`: gaps in its sequence are frames that the source lost.
    pub fn captured(&self, sequence: u64, live: bool) {
        let mut inner = self.lock();
        inner.captured.push(Instant::now(), 0.0);
        inner.frames += 1;
        if let Some(last) = inner.last_sequence.filter(|last| live && sequence > *last) {
            inner.lost += sequence - last - 1;
        }
        inner.last_sequence = Some(sequence);
    }

    /// A frame came that is not shown: its gap in the sequence is not a lost frame.
    pub fn skipped(&self, sequence: u64) {
        self.lock().last_sequence = Some(sequence);
    }

    pub fn decoded(&self, took: Duration) {
        self.lock().decode.push(Instant::now(), ms(took));
    }

    pub fn undecodable(&self) {
        self.lock().lost += 1;
    }

    /// A frame is ready for the screen.
    pub fn previewed(&self, captured: Instant) {
        let now = Instant::now();
        self.lock().previewed.push(now, ms(now.saturating_duration_since(captured)));
    }

    pub fn shown(&self, captured: Instant) {
        let now = Instant::now();
        self.lock().shown_age.push(now, ms(now.saturating_duration_since(captured)));
    }

    /// A prediction is ready; `again`: of a frame that was looked at before.
    pub fn finished(&self, captured: Instant, times: &StageTimes, again: bool) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.finished.push(now, times.total);
        inner.input.push(now, times.input);
        inner.inference.push(now, times.inference);
        inner.output.push(now, times.output);
        if !again {
            inner.prediction_age.push(now, ms(now.saturating_duration_since(captured)));
            inner.predicted += 1;
        }
    }

    /// A model of a comparison has looked at a frame.
    pub fn model_finished(&self, model: usize, times: &StageTimes) {
        if let Some(model) = self.lock().models.get_mut(model) {
            model.push(Instant::now(), times);
        }
    }

    /// Another model runs at this place: its figures begin anew.
    pub fn restart_model(&self, place: usize) {
        if let Some(model) = self.lock().models.get_mut(place) {
            for ring in [&mut model.finished, &mut model.input, &mut model.inference, &mut model.output] {
                ring.count = 0;
            }
        }
    }

    pub fn model_stats(&self, model: usize) -> ModelStats {
        let now = Instant::now();
        let inner = self.lock();
        inner.models.get(model).map_or_else(ModelStats::default, |model| ModelStats {
            fps: model.finished.rate(now),
            input: model.input.lasting(now),
            inference: model.inference.lasting(now),
            output: model.output.lasting(now),
            total: model.finished.lasting(now),
        })
    }

    pub fn stats(&self) -> Stats {
        let now = Instant::now();
        let inner = self.lock();
        Stats {
            source_fps: inner.captured.rate(now),
            preview_fps: inner.previewed.rate(now),
            inference_fps: inner.finished.rate(now),
            predicted: inner.predicted,
            dropped: inner.frames.saturating_sub(inner.predicted),
            lost: inner.lost,
            decode: inner.decode.lasting(now),
            input: inner.input.lasting(now),
            inference: inner.inference.lasting(now),
            output: inner.output.lasting(now),
            total: inner.finished.lasting(now),
            preview_age: inner.previewed.percentiles(now),
            prediction_age: inner.prediction_age.percentiles(now),
            shown_age: inner.shown_age.percentiles(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_spreads_are_those_of_the_last_seconds() {
        let begin = Instant::now();
        let mut ring = Ring::new(begin);
        // 10 s at 20 a second, each value its own number.
        for i in 0..200u64 {
            ring.push(begin + Duration::from_millis(i * 50), i as f32);
        }
        let now = begin + Duration::from_millis(199 * 50);
        assert!((ring.rate(now) - 20.0).abs() < 0.1, "{}", ring.rate(now));
        let spread = ring.percentiles(now);
        // The last 3 s are the values 139..=199.
        assert_eq!((spread.median, spread.p95), (169.0, 196.0));
        // Two silent seconds later the rate has fallen; after the span it is 0.
        assert!(ring.rate(now + Duration::from_secs(2)) < 8.0);
        assert_eq!(ring.rate(now + Duration::from_secs(4)), 0.0);
    }

    /// A still image is looked at once; its times stay.
    #[test]
    fn the_times_of_the_last_run_stay() {
        let begin = Instant::now();
        let mut ring = Ring::new(begin);
        assert_eq!(ring.lasting(begin), Percentiles::default());
        ring.push(begin, 5.0);
        ring.push(begin, 12.0);
        let later = begin + SPAN * 20;
        assert_eq!(ring.lasting(later), Percentiles { median: 12.0, p95: 12.0 });
        assert_eq!(ring.percentiles(later), Percentiles::default());
    }

    #[test]
    fn gaps_of_a_live_source_are_lost_frames() {
        let book = Metrics::default();
        for sequence in [0, 1, 4, 5] {
            book.captured(sequence, true);
        }
        book.finished(Instant::now(), &StageTimes::default(), false);
        let stats = book.stats();
        assert_eq!((stats.lost, stats.dropped), (2, 3));
    }
}
