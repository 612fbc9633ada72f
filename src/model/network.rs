//! One network: its session with input and output stage, without a second model.

use std::sync::Arc;
use std::time::Instant;

use super::families::{self, Context, MaskParts, Scratch};
use super::geometry::Geometry;
use super::input::InputStage;
use super::results::StageTimes;
use super::session::Session;
use super::spec::{ExtraValue, Layout, Size};
use super::tensor::Tensor;
use super::{ModelError, Results, Spec, Task, Thresholds, ms_since};
use crate::frame::Frame;

/// A network, from frames to results.
#[derive(Debug)]
pub(super) struct Network {
    pub spec: Spec,
    pub session: Session,
    pub input: InputStage,
    pub scratch: Scratch,
    /// Generation and file of the last frame: frames of another file don't continue them.
    pub last_source: Option<(u64, Option<Arc<str>>)>,
    /// The names of the file's own outputs, if others may have been added to them ([`super::Inside`]); else empty.
    pub own_outputs: Vec<String>,
}

impl Network {
    /// Whether it carries nothing from frame to frame.
    pub fn is_stateless(&self) -> bool {
        self.spec.task != Task::Action
            && !self.spec.input.extras.iter().any(|extra| matches!(extra.value, ExtraValue::State { .. }))
    }

    /// Runs once on an empty image, so that the first real frame isn't slow.
    pub fn warm_up(&mut self) -> Result<(), ModelError> {
        let (width, height) = self.spec.input.size.bound();
        // A network of any size keeps the memory of the largest image that it saw: the shape that most sources have.
        let height = match self.spec.input.size {
            Size::Dynamic { .. } => (width * 9 / 16).clamp(1, height.max(1)),
            Size::Fixed { .. } => height,
        };
        if self.spec.input.size.is_too_large() {
            return Err(ModelError::RunFailed { reason: "its input is larger than any image".into() });
        }
        let frame = Frame::filled(width, height, [114, 114, 114, 255]);
        self.run(&frame, &Thresholds::default(), &mut Results::default())?;
        self.session.reset_state()
    }

    /// Processes one frame; see [`Model::run`](super::Model::run).
    pub fn run(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let begin = Instant::now();
        let geometry = self.write(frame)?;
        let input = ms_since(begin);
        let mut times = self.run_written(&geometry, thresholds, results, |_, _| {})?;
        times.input = input;
        times.total = ms_since(begin);
        Ok(times)
    }

    /// Processes one frame and shows the outputs; see [`Model::run_inside`](super::Model::run_inside).
    pub fn run_inside(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
        show: impl FnOnce(&[Tensor<'_>], &Geometry),
    ) -> Result<StageTimes, ModelError> {
        let begin = Instant::now();
        let geometry = self.write(frame)?;
        let input = ms_since(begin);
        let mut times = self.run_written(&geometry, thresholds, results, show)?;
        times.input = input;
        times.total = ms_since(begin);
        Ok(times)
    }

    /// Processes one frame and copies what its masks are sums of; see [`Model::run_for_masks`](super::Model::run_for_masks).
    pub fn run_for_masks(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<Option<(MaskParts, Geometry)>, ModelError> {
        let mut geometry = None;
        self.scratch.mask_parts = Some(MaskParts::default());
        let ran = self.run_inside(frame, thresholds, results, |_, fitted| geometry = Some(*fitted));
        // Later runs copy nothing.
        let parts = self.scratch.mask_parts.take();
        ran?;
        Ok(parts.filter(|parts| parts.count > 0).zip(geometry))
    }

    /// Processes an image that was fitted into the input elsewhere; see [`Model::run_fitted`](super::Model::run_fitted).
    pub fn run_fitted(
        &mut self,
        image: &Frame,
        geometry: &Geometry,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        let own = self.write(image)?;
        if own.input != geometry.input || own.scaled != own.input {
            let (have, want) = ((image.width, image.height), geometry.input);
            return Err(ModelError::RunFailed { reason: format!("a {have:?} image isn't a {want:?} input") });
        }
        self.run_written(geometry, thresholds, results, |_, _| {})
    }

    /// Runs the network on the tensor as it was written, decodes the outputs and shows them all.
    fn run_written(
        &mut self,
        geometry: &Geometry,
        thresholds: &Thresholds,
        results: &mut Results,
        show: impl FnOnce(&[Tensor<'_>], &Geometry),
    ) -> Result<StageTimes, ModelError> {
        let Self { spec, session, scratch, own_outputs, .. } = self;
        let begin = Instant::now();
        let decoded = session.run(|outputs| {
            let inference = ms_since(begin);
            let before_output = Instant::now();
            let context = Context { spec, geometry, thresholds };
            // Outputs that were added come after the file's own, which alone the decoders know.
            let is_added = |output: &Tensor<'_>| !own_outputs.iter().any(|own| own == output.name);
            let added = if own_outputs.is_empty() { None } else { outputs.iter().position(is_added) };
            let own = &outputs[..added.unwrap_or(outputs.len())];
            let decoded = families::decode(own, context, scratch, results)
                .map(|()| (inference, ms_since(before_output)));
            show(outputs, geometry);
            decoded
        })?;
        let (inference, output) = decoded.map_err(|reason| {
            session
                .refuse_outputs(&reason)
                .unwrap_or(ModelError::UnexpectedOutput { family: spec.family.name(), reason })
        })?;
        Ok(StageTimes { decode: 0.0, input: 0.0, inference, output, total: ms_since(begin) })
    }

    /// Whether a frame comes from another source or file than the last one.
    pub fn begins_anew(&mut self, frame: &Frame) -> bool {
        let anew =
            self.last_source.as_ref().is_none_or(|last| last.0 != frame.generation || last.1 != frame.origin);
        if anew {
            self.last_source = Some((frame.generation, frame.origin.clone()));
        }
        anew
    }

    /// Writes a frame into the input tensor; another source resets the state.
    pub fn write(&mut self, frame: &Frame) -> Result<Geometry, ModelError> {
        let (width, height) = self.input.fit((frame.width, frame.height)).input;
        self.session.fit_extra_inputs((width, height))?;
        if self.begins_anew(frame) {
            self.session.reset_state()?;
        }
        let shape = self.input_shape((width, height));
        let tensor = self.session.image(&shape)?;
        self.input.write(frame, tensor).map_err(|e| ModelError::RunFailed { reason: e.to_string() })
    }

    /// The shape of the image's tensor for an input of this size (width, height).
    pub fn input_shape(&self, (width, height): (u32, u32)) -> [i64; 4] {
        let (width, height) = (i64::from(width), i64::from(height));
        match self.spec.input.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }
}
