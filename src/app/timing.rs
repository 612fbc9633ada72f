//! What the window itself costs: when the first things were there, and how long a pass takes.

use std::time::{Duration, Instant};

use crate::engine::Stats;

/// Passes that are remembered.
const KEPT: usize = 4096;

/// The first things, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    Paint,
    Image,
    Model,
    Result,
}

impl First {
    fn name(self) -> &'static str {
        match self {
            Self::Paint => "first paint",
            Self::Image => "first image",
            Self::Model => "model open",
            Self::Result => "first result",
        }
    }
}

/// Times since the program started, in milliseconds.
#[derive(Debug)]
pub struct Timing {
    started: Instant,
    firsts: [Option<f64>; 4],
    /// What the passes with a new image took, but for writing it into the texture.
    passes_ms: Vec<f32>,
    /// What writing it took.
    writes_ms: Vec<f32>,
    next: usize,
    passes: u64,
    /// What whole passes took, from input to the last drawing command, as eframe tells.
    whole_ms: Vec<f32>,
    /// Within the pass that is under way: writing a new image.
    written: Option<Duration>,
    /// The pass before had a new image.
    wrote_before: bool,
}

impl Timing {
    /// The program started then.
    #[must_use]
    pub fn since(started: Instant) -> Self {
        let empty = || Vec::with_capacity(KEPT);
        Self {
            started,
            firsts: [None; 4],
            passes_ms: empty(),
            writes_ms: empty(),
            next: 0,
            passes: 0,
            whole_ms: empty(),
            written: None,
            wrote_before: false,
        }
    }

    /// How long the program runs.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Something was there; the first time is logged.
    pub fn there(&mut self, what: First) {
        let ms = self.started.elapsed().as_secs_f64() * 1e3;
        let slot = &mut self.firsts[what as usize];
        if slot.is_none() {
            *slot = Some(ms);
            tracing::info!("{} after {ms:.0} ms", what.name());
        }
    }

    /// A new image was written into the texture in this pass.
    pub fn wrote(&mut self, took: Duration) {
        self.written = Some(took);
    }

    /// A pass is over; `before`: what the whole of the last one took, in seconds.
    pub fn pass(&mut self, took: Duration, before: Option<f32>) {
        self.passes += 1;
        if let Some(seconds) = before.filter(|_| self.wrote_before && self.whole_ms.len() < KEPT) {
            self.whole_ms.push(seconds * 1000.0);
        }
        self.wrote_before = self.written.is_some();
        let Some(written) = self.written.take() else { return };
        let ms = |d: Duration| d.as_secs_f32() * 1000.0;
        for (values, value) in
            [(&mut self.passes_ms, ms(took.saturating_sub(written))), (&mut self.writes_ms, ms(written))]
        {
            match values.get_mut(self.next) {
                Some(slot) => *slot = value,
                None => values.push(value),
            }
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// All of it as one line of JSON, with the engine's figures of the last seconds.
    #[must_use]
    pub fn summary(&self, stats: &Stats, found: usize) -> serde_json::Value {
        let [paint, image, model, result] = self.firsts;
        let spread = |s: crate::engine::Percentiles| [s.median, s.p95];
        serde_json::json!({
            "first_paint_ms": paint,
            "first_image_ms": image,
            "model_open_ms": model,
            "first_result_ms": result,
            "passes": self.passes,
            "interface_ms": percentiles(&self.passes_ms),
            "whole_pass_ms": percentiles(&self.whole_ms),
            "write_image_ms": percentiles(&self.writes_ms),
            "found": found,
            "source_fps": stats.source_fps,
            "preview_fps": stats.preview_fps,
            "inference_fps": stats.inference_fps,
            "inference_ms": spread(stats.inference),
            "image_age_ms": spread(stats.shown_age),
            "result_age_ms": spread(stats.prediction_age),
        })
    }
}

/// Median and 95th percentile.
fn percentiles(values: &[f32]) -> [f32; 2] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len().saturating_sub(1) as f32;
    [0.5, 0.95].map(|part| sorted.get((last * part).round() as usize).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passes_with_a_new_image_count_and_writing_it_is_taken_off() {
        let mut timing = Timing::since(Instant::now());
        timing.pass(Duration::from_millis(90), None);
        for _ in 0..KEPT + 10 {
            timing.wrote(Duration::from_millis(2));
            timing.pass(Duration::from_millis(5), Some(0.008));
        }
        let told = timing.summary(&Stats::default(), 0);
        assert_eq!(told["interface_ms"], serde_json::json!([3.0, 3.0]));
        assert_eq!(told["write_image_ms"], serde_json::json!([2.0, 2.0]));
        assert_eq!(told["whole_pass_ms"], serde_json::json!([8.0, 8.0]));
        assert_eq!(told["passes"], KEPT as u64 + 11);
        assert_eq!(told["first_paint_ms"], serde_json::Value::Null);
    }
}
