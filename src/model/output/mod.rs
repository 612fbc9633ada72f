//! Pure functions from raw outputs to results: one small file a family, the shared maths beside them.

pub mod centerface;
pub mod nms;
pub mod picture;
pub mod ultralytics;
pub mod yolox;

use super::geometry::Geometry;
use super::results::{Detection, Results};
use super::spec::{Family, Spec, Thresholds};

/// One output of a network.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    pub name: &'a str,
    /// Sizes of the axes.
    pub shape: &'a [i64],
    pub data: Data<'a>,
}

/// The values of a tensor, row by row; 16-bit floats come widened.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    F32(&'a [f32]),
    I64(&'a [i64]),
    I32(&'a [i32]),
    U8(&'a [u8]),
}

impl<'a> Tensor<'a> {
    /// The size of an axis counted from the front; 1 beyond the last, so that `[n]` reads as `[n, 1]`.
    #[must_use]
    pub fn axis(&self, index: usize) -> usize {
        self.shape.get(index).map_or(1, |n| usize::try_from(*n).unwrap_or(0))
    }

    /// The floats, where the tensor holds floats and as many as its shape says.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn floats(&self) -> Result<&'a [f32], String> {
        let expected = self.shape.iter().try_fold(1usize, |n, d| n.checked_mul(usize::try_from(*d).ok()?));
        match self.data {
            Data::F32(values) if Some(values.len()) == expected => Ok(values),
            Data::F32(_) => Err(format!("output \u{201c}{}\u{201d} is shorter than its shape", self.name)),
            _ => Err(format!("output \u{201c}{}\u{201d} holds no floats", self.name)),
        }
    }
}

/// Buffers of a decoder, kept from frame to frame.
#[derive(Debug, Default)]
pub struct Scratch {
    /// What passed the threshold, before NMS.
    pub candidates: Vec<Candidate>,
    /// Best score of each anchor so far.
    pub best: Vec<f32>,
    /// Its class.
    pub best_class: Vec<u32>,
    /// Candidates that NMS kept.
    pub kept: Vec<usize>,
}

/// A detection before NMS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub score: f32,
    pub class_id: u32,
    /// x1, y1, x2, y2 in frame pixels, not clipped.
    pub bbox: [f32; 4],
    /// Which anchor or row it came from, for what else the network says of it.
    pub anchor: usize,
}

/// What a decoder is given beside the outputs.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub spec: &'a Spec,
    pub geometry: &'a Geometry,
    pub thresholds: &'a Thresholds,
}

/// Decodes the outputs of one frame into `results`, which is emptied first.
///
/// # Errors
/// How the outputs differ from what the family has, as the end of a sentence.
pub fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    results.clear(context.spec.task, context.geometry.frame);
    match context.spec.family {
        Family::Ultralytics => ultralytics::decode(outputs, context, scratch, results),
        Family::Yolox => yolox::decode(outputs, context, scratch, results),
        Family::CenterFace => centerface::decode(outputs, context, scratch, results),
        Family::NeuralStyle => picture::decode(outputs, context, results),
    }
}

/// The first output.
fn first<'a, 'b>(outputs: &'b [Tensor<'a>]) -> Result<&'b Tensor<'a>, String> {
    outputs.first().ok_or_else(|| "it has no output".to_owned())
}

/// A shape as people write it.
fn shape_text(shape: &[i64]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// Whether a score may count: over the threshold, and a number.
fn passes(score: f32, context: &Context<'_>) -> bool {
    score > context.thresholds.conf && score.is_finite()
}

/// Thins the candidates out and writes them into the results, clipped to the frame, best first.
fn finish(scratch: &mut Scratch, context: &Context<'_>, results: &mut Results) {
    let thresholds = context.thresholds;
    nms::nms(
        &mut scratch.candidates,
        &mut scratch.kept,
        thresholds.iou,
        thresholds.max_det,
        context.spec.output.agnostic_nms,
    );
    for &index in &scratch.kept {
        let c = scratch.candidates[index];
        results.detections.push(Detection::new(c.class_id, c.score, context.geometry.clip(c.bbox)));
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::super::labels::Labels;
    use super::super::spec::{
        ColourOrder, Element, Fit, InputSpec, Layout, OutputSpec, Range, Size, Spec, Task,
    };
    use super::*;

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
                order: ColourOrder::Rgb,
                range: Range::UNIT,
                extras: Vec::new(),
            },
            output: OutputSpec::default(),
            labels: Labels::default(),
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
    ) -> Result<Results, String> {
        let geometry = Geometry::new(frame, spec.input.size, spec.input.fit);
        let tensors: Vec<Tensor<'_>> =
            outputs.iter().map(|(name, shape, data)| Tensor { name, shape, data: Data::F32(data) }).collect();
        let mut results = Results::default();
        decode(
            &tensors,
            Context { spec, geometry: &geometry, thresholds },
            &mut Scratch::default(),
            &mut results,
        )?;
        Ok(results)
    }
}
