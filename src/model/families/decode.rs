//! From a network's raw outputs to results, by the decoder of its family.

use super::OutputError;
use super::shared::masks::MaskParts;
use super::shared::nms::ComparedBoxes;
use super::shared::oriented::Turned;
use crate::model::geometry::Geometry;
use crate::model::results::Results;
use crate::model::spec::{Spec, Thresholds};
use crate::model::tensor::Tensor;

/// Buffers of a decoder, reused from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    /// What passed the threshold, before NMS.
    pub candidates: Vec<Candidate>,
    /// Best scores of anchors.
    pub best: Vec<f32>,
    /// Their classes.
    pub best_class: Vec<u32>,
    /// Candidates that NMS kept.
    pub kept: Vec<usize>,
    /// Their boxes, while NMS compares.
    pub compared: ComparedBoxes,
    /// Landmarks of the candidates, in input pixels.
    pub points: Vec<[f32; 2]>,
    /// Oriented boxes of the candidates, in frame pixels.
    pub turned: Vec<Turned>,
    /// A mask's coefficients.
    pub weights: Vec<f32>,
    /// A mask before its threshold, at the prototypes' size.
    pub logits: Vec<f32>,
    /// The same, resized across to the frame.
    pub wide: Vec<f32>,
    /// How many prototypes the masks were sums of; 0: they weren't, or there are no masks.
    pub prototypes: usize,
    /// Where what masks are sums of is copied to, for who looks inside; `None`: nobody does, and nothing is copied.
    pub mask_parts: Option<MaskParts>,
}

/// A detection before NMS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub score: f32,
    pub class_id: u32,
    /// x1, y1, x2, y2 in frame pixels, not clipped.
    pub bbox: [f32; 4],
    /// The anchor or row that it came from, to find its mask, keypoints or angle.
    pub anchor: usize,
}

/// What a decoder knows besides the outputs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub spec: &'a Spec,
    pub geometry: &'a Geometry,
    pub thresholds: &'a Thresholds,
}

/// Decodes the outputs of one frame into `results`, which is emptied first.
///
/// # Errors
/// How the outputs differ from those of the family.
pub fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    results.clear(context.spec.task, context.geometry.frame);
    scratch.prototypes = 0;
    decode_into(outputs, context, scratch, results)
}

/// As [`decode`], into results that hold those of another network for the same frame.
pub(in crate::model) fn decode_into(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    (context.spec.family.definition().decode)(outputs, context, scratch, results)
}

#[cfg(test)]
pub mod testing {
    use super::*;
    use crate::model::families::Family;
    use crate::model::labels::Labels;
    use crate::model::spec::{
        ColourOrder, Element, Fit, InputSpec, Layout, OutputSpec, Range, Resample, Size, Spec, Task,
    };
    use crate::model::tensor::Data;

    /// A spec for a network of this input size, stretched, so that geometry is plain scaling.
    pub fn spec(family: Family, task: Task, width: u32, height: u32) -> Spec {
        Spec {
            family,
            task,
            input: InputSpec {
                name: "images".into(),
                layout: Layout::Nchw,
                element: Element::F32,
                size: Size::Fixed { width, height },
                fit: Fit::Stretch,
                resample: Resample::OpenCv,
                order: ColourOrder::Rgb,
                range: Range::UNIT,
                extras: Vec::new(),
            },
            output: OutputSpec::default(),
            labels: Labels::default(),
            companion: None,
            evidence: Vec::new(),
            confidence: 1.0,
        }
    }

    /// Decodes hand-made outputs for a frame of the given size.
    pub fn decode_with(
        spec: &Spec,
        frame: (u32, u32),
        thresholds: &Thresholds,
        outputs: &[(&str, &[i64], Vec<f32>)],
    ) -> Result<Results, OutputError> {
        let tensors: Vec<Tensor<'_>> =
            outputs.iter().map(|(name, shape, data)| Tensor { name, shape, data: Data::F32(data) }).collect();
        decode_tensors(spec, frame, thresholds, &tensors)
    }

    /// As [`decode_with`], for tensors of any type.
    pub fn decode_tensors(
        spec: &Spec,
        frame: (u32, u32),
        thresholds: &Thresholds,
        tensors: &[Tensor<'_>],
    ) -> Result<Results, OutputError> {
        let geometry = Geometry::new(frame, spec.input.size, spec.input.fit);
        let mut results = Results::default();
        decode(
            tensors,
            Context { spec, geometry: &geometry, thresholds },
            &mut Scratch::default(),
            &mut results,
        )?;
        Ok(results)
    }
}
