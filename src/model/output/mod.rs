//! Pure functions from raw outputs to results: one small file a family, the shared maths beside them.

pub mod anchor_heads;
mod best_rows;
mod boxes_scores;
pub mod centerface;
pub mod classify;
mod fastestdet;
mod final_boxes;
pub mod image_out;
mod mask;
mod movenet;
pub mod nanodet;
pub mod nms;
pub mod oriented;
mod planes;
#[cfg(test)]
mod properties;
mod queries;
mod rows;
mod semantic;
pub mod ultralytics;
mod yolov3_keras;
mod yolov5;
pub mod yolox;
mod yunet;

use super::geometry::Geometry;
use super::results::{Detection, Keypoint, Results};
use super::spec::{Family, Spec, Thresholds};

/// Eyes, nose, corners of the mouth: what every face detector here gives.
const LANDMARKS: usize = 5;

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

impl Data<'_> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::F32(values) => size_of_val(*values),
            Self::I64(values) => size_of_val(*values),
            Self::I32(values) => size_of_val(*values),
            Self::U8(values) => values.len(),
        }
    }

    /// A value as a number, whatever its type.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<f32> {
        match self {
            Self::F32(values) => values.get(index).copied(),
            Self::I64(values) => values.get(index).map(|v| *v as f32),
            Self::I32(values) => values.get(index).map(|v| *v as f32),
            Self::U8(values) => values.get(index).map(|v| f32::from(*v)),
        }
    }
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
    /// Best scores of anchors.
    pub best: Vec<f32>,
    /// Candidates that NMS kept.
    pub kept: Vec<usize>,
    /// Their boxes, while NMS compares.
    pub rivals: nms::Rivals,
    /// Landmarks of the candidates, in input pixels.
    pub points: Vec<[f32; 2]>,
    /// Oriented boxes of the candidates, in frame pixels.
    pub turned: Vec<oriented::Turned>,
    /// A mask's coefficients.
    pub weights: Vec<f32>,
    /// A mask before its threshold, at the prototypes' size.
    pub logits: Vec<f32>,
    /// The same, resized across to the frame.
    pub wide: Vec<f32>,
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
        Family::Ultralytics | Family::Yolov10Corners => {
            ultralytics::decode(outputs, context, scratch, results)
        }
        Family::Yolox => yolox::decode(outputs, context, scratch, results),
        Family::Yolov5 | Family::Yolov5Face | Family::Yolov6 | Family::Yolov7 => {
            if context.spec.output.end_to_end {
                rows::decode(&rows::YOLOV7, outputs, context, scratch, results)
            } else if context.spec.output.anchors.is_empty() {
                yolov5::decode(outputs, context, scratch, results)
            } else {
                anchor_heads::decode(outputs, context, scratch, results)
            }
        }
        Family::Yolov9 => {
            // Training with a second, auxiliary head leaves two outputs; the main one is the last.
            let main = outputs.len().saturating_sub(1);
            ultralytics::decode(&outputs[main..], context, scratch, results)
        }
        Family::Yolov2 | Family::Yolov4Keras => anchor_heads::decode(outputs, context, scratch, results),
        Family::Yolov3Keras => yolov3_keras::decode(outputs, context, scratch, results),
        Family::YoloNas if outputs.len() == 1 => {
            rows::decode(&rows::SUPER_GRADIENTS, outputs, context, scratch, results)
        }
        Family::YoloNas if outputs.len() > 2 => final_boxes::decode(outputs, context, scratch, results),
        Family::Yolov4 | Family::YoloNas | Family::DamoYolo | Family::UltraFace => {
            boxes_scores::decode(outputs, context, scratch, results)
        }
        Family::PpYoloe => rows::decode(&rows::PADDLE, outputs, context, scratch, results),
        Family::NanoDet => nanodet::decode(outputs, context, scratch, results),
        Family::FastestDet => fastestdet::decode(outputs, context, scratch, results),
        Family::RtDetr | Family::TfDetection | Family::NmsInside => {
            final_boxes::decode(outputs, context, scratch, results)
        }
        Family::RtDetrUltralytics => queries::joined(outputs, context, scratch, results),
        Family::RfDetr => queries::logits(outputs, context, scratch, results),
        Family::MoveNet => movenet::decode(outputs, context, scratch, results),
        Family::YuNet => yunet::decode(outputs, context, scratch, results),
        Family::CenterFace => centerface::decode(outputs, context, scratch, results),
        Family::Matting | Family::Rvm => planes::matte(outputs, context, results),
        Family::Depth => planes::depth(outputs, context, results),
        Family::Classifier | Family::StGcn => classify::decode(outputs, context, results),
        Family::Segmenter => semantic::decode(outputs, context, results),
        Family::NeuralStyle | Family::Gan | Family::Enhance | Family::SuperResolution => {
            image_out::decode(outputs, context, results)
        }
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

/// Takes a box x1, y1, x2, y2 of the input as a candidate, if score, class filter and numbers allow it.
fn consider(
    scratch: &mut Scratch,
    context: &Context<'_>,
    score: f32,
    class: f32,
    bbox: [f32; 4],
    anchor: usize,
) {
    if !passes(score, context) || !(0.0..65_536.0).contains(&class) {
        return;
    }
    let class_id = class as u32;
    let bbox = context.geometry.box_to_frame(bbox);
    if context.thresholds.allows(class_id) && bbox.iter().all(|v| v.is_finite()) {
        scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
    }
}

/// Writes candidates that are final into the results, clipped to the frame, best first.
fn finish_without_nms(scratch: &mut Scratch, context: &Context<'_>, results: &mut Results) {
    scratch.candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.anchor.cmp(&b.anchor)));
    scratch.candidates.truncate(context.thresholds.max_det);
    scratch.kept.clear();
    scratch.kept.extend(0..scratch.candidates.len());
    for c in &scratch.candidates {
        results.detections.push(Detection::new(c.class_id, c.score, context.geometry.clip(c.bbox)));
    }
}

/// Gives each detection the five landmarks of a face. `at` answers a landmark's place in input pixels, by anchor and number.
fn landmarks(
    scratch: &Scratch,
    context: &Context<'_>,
    results: &mut Results,
    at: impl Fn(usize, usize) -> [f32; 2],
) {
    for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
        let anchor = scratch.candidates[kept].anchor;
        detection.keypoints = (results.keypoints.len(), LANDMARKS);
        for point in 0..LANDMARKS {
            let [x, y] = at(anchor, point);
            let [x, y] = context.geometry.to_frame(x, y);
            results.keypoints.push(Keypoint { x, y, score: 1.0 });
        }
    }
}

/// Thins the candidates out and writes them into the results, clipped to the frame, best first.
fn finish(scratch: &mut Scratch, context: &Context<'_>, results: &mut Results) {
    let thresholds = context.thresholds;
    nms::nms(
        &mut scratch.candidates,
        &mut scratch.kept,
        &mut scratch.rivals,
        thresholds.iou,
        thresholds.max_det,
        context.spec.output.agnostic_nms,
    );
    put_kept(scratch, context, results);
}

/// Writes the candidates that were kept into the results, clipped to the frame.
fn put_kept(scratch: &Scratch, context: &Context<'_>, results: &mut Results) {
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
    ) -> Result<Results, String> {
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
    ) -> Result<Results, String> {
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
