//! The stage that follows objects and counts them: [`Analyser`] between the model and everybody who gets its results.

use std::sync::Arc;
use std::time::Instant;

use super::stage::Stage;
use super::state::{ModelInfo, Prediction};
use crate::frame::Frame;
use crate::motion::CameraMotion;
use crate::track::{Analyser, AnalyserOptions};

/// Analyses predictions while its options ask for it; without them nothing runs.
#[derive(Default)]
pub(super) struct Analysis {
    options: Option<Arc<AnalyserOptions>>,
    analyser: Option<Analyser>,
    /// How the camera moves between results.
    camera: CameraMotion,
    /// The model of the last prediction: the classes of another one mean something else.
    model: Option<Arc<ModelInfo>>,
    /// Times of frames without a position are counted from here.
    began: Option<Instant>,
    /// How often counts had been set to nothing when they were last.
    resets: u64,
}

impl Analysis {
    /// Other options from the next prediction on; the same `Arc` is no change. `resets` tells how often counts were to be set to
    /// nothing.
    pub fn follow(&mut self, options: &Arc<AnalyserOptions>, resets: u64) {
        if std::mem::replace(&mut self.resets, resets) != resets
            && let Some(counter) = self.analyser.as_mut().and_then(Analyser::counter)
        {
            counter.reset_counts();
        }
        if self.options.as_ref().is_some_and(|old| Arc::ptr_eq(old, options)) {
            return;
        }
        self.options = Some(Arc::clone(options));
        let wanted = options.tracker.is_some() || options.scene.is_some();
        match &mut self.analyser {
            Some(analyser) if wanted => analyser.set_options(AnalyserOptions::clone(options)),
            analyser => *analyser = wanted.then(|| Analyser::new(AnalyserOptions::clone(options))),
        }
        if !wanted {
            self.camera.reset();
        }
    }
}

impl Stage for Analysis {
    fn apply(&mut self, frame: &Frame, prediction: &mut Prediction) {
        prediction.report = None;
        let Some(analyser) = &mut self.analyser else { return };
        let model = &prediction.model;
        let other = |old: &Arc<ModelInfo>| !old.is_same_model(model) && old.spec.labels != model.spec.labels;
        if self.model.as_ref().is_some_and(other) {
            analyser.reset();
        }
        self.model = Some(Arc::clone(model));
        let labels = &model.spec.labels;
        prediction.report = Some(if frame.origin.is_some() {
            // The images of a folder have nothing to do with one another.
            analyser.apply_image(&prediction.results, labels)
        } else {
            let began = *self.began.get_or_insert(frame.captured);
            let since = || frame.captured.saturating_duration_since(began).as_secs_f64();
            let time_s = frame.time_s.unwrap_or_else(since);
            let boxes = prediction.results.detections.iter().map(|detection| detection.bbox);
            let camera = self.camera.next(frame, time_s, boxes);
            analyser.apply_with(&mut prediction.results, labels, time_s, camera, &prediction.looks)
        });
    }

    fn reset(&mut self) {
        self.began = None;
        self.camera.reset();
        if let Some(analyser) = &mut self.analyser {
            analyser.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::scripted::model_info;
    use crate::model::results::{Detection, StageTimes};
    use crate::model::{Results, Thresholds};
    use crate::track::{Looks, TrackerOptions};

    /// A row of five objects, each 20 pixels wide and 24 beside the next, stands still while the camera turns by one of these
    /// places between two results: without the camera's motion each would be taken for its neighbour.
    #[test]
    fn objects_keep_their_numbers_when_the_camera_moves() {
        let picture = |shift: f32| {
            let mut frame = Frame::filled(640, 360, [0, 0, 0, 255]);
            for (i, pixel) in frame.data.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let (x, y) = ((i % 640) as f32 + shift, (i / 640) as f32);
                let value = 128.0
                    + 22.0 * ((x * 0.31 + y * 0.07).sin() + (y * 0.27 - x * 0.11).cos())
                    + 22.0 * ((x * 0.043 + y * 0.021).sin() + (x * 0.017 - y * 0.039).cos());
                *pixel = [value as u8, value as u8, value as u8, 255];
            }
            frame
        };
        let mut analysis = Analysis::default();
        let tracker = Some(TrackerOptions::default());
        analysis.follow(&Arc::new(AnalyserOptions { tracker, ..AnalyserOptions::default() }), 0);
        let mut first: Option<Vec<Option<u32>>> = None;
        for k in 0..12_u32 {
            let shift = if k < 6 { 0.0 } else { 24.0 * (k - 5) as f32 };
            let mut frame = picture(shift);
            frame.time_s = Some(f64::from(k) / 10.0);
            let mut results = Results::default();
            results.clear(crate::model::Task::Detect, (640, 360));
            for place in 0..5 {
                let x = 400.0 + 24.0 * place as f32 - shift;
                results.detections.push(Detection::new(0, 0.9, [x, 150.0, x + 20.0, 190.0]));
            }
            let frame = Arc::new(frame);
            let mut prediction = Prediction {
                frame: Arc::clone(&frame),
                results,
                model: Arc::new(model_info("model")),
                thresholds: Thresholds::default(),
                times: StageTimes::default(),
                finished: Instant::now(),
                looks: Looks::default(),
                report: None,
            };
            analysis.apply(&frame, &mut prediction);
            let ids: Vec<_> = prediction.results.detections.iter().take(5).map(|d| d.track_id).collect();
            if k == 5 {
                assert!(ids.iter().all(Option::is_some), "{ids:?}");
                first = Some(ids);
            } else if let Some(first) = &first {
                assert_eq!(&ids, first, "result {k}");
            }
        }
    }
}
