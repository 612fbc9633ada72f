//! ST-GCN: one score an action for skeletons over time, which a pose model finds. Its input is not an image.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::class_scores;
use crate::model::families::shared::detector::{axis, names};
use crate::model::file::GraphInfo;
use crate::model::labels::Labels;
use crate::model::skeletons::Joints;
use crate::model::spec::{
    ColourOrder, Element, Fit, InputSpec, Layout, OutputSpec, Range, Resample, Size, Spec, Task,
};

pub(super) const FAMILY: Definition = Definition {
    id: "st-gcn",
    name: "ST-GCN",
    tasks: &[Task::Action],
    rules: &[Rule::WithoutImage(rule)],
    by_hand: |_, _, _| None,
    decode: class_scores::decode,
    quirks: Quirks::NONE,
};

/// Frames of a network that takes any number: those of its authors' live program.
const FRAMES: u32 = 128;

/// One input of five axes: batch, coordinates, frames, joints, people. In the spec's input size, joints are the width
/// and frames the height.
fn rule(graph: &GraphInfo) -> Option<Spec> {
    let ([input], [output]) = (&graph.inputs[..], &graph.outputs[..]) else { return None };
    let element = match input.element.as_str() {
        "float" => Element::F32,
        "float16" => Element::F16,
        _ => return None,
    };
    let width = u32::try_from(input.axis(3)?).ok()?;
    let joints = Joints::of(width)?;
    if input.shape.len() != 5 || input.axis(1) != Some(3) || output.shape.len() != 2 {
        return None;
    }
    let height = input.axis(2).map_or(Some(FRAMES), |n| u32::try_from(n).ok())?;
    let classes = axis(output, 1);
    let (labels, labels_evidence) = match (names(graph), classes) {
        (Some(names), _) => (Labels::new(names), "action names in metadata"),
        (None, Some(400)) => (Labels::kinetics400(), "400 classes: taken for Kinetics-400's actions"),
        _ => (Labels::default(), "the file names no actions"),
    };
    let (points, confidence) = match joints {
        Joints::Coco => ("17 joints: COCO's", 0.85),
        Joints::OpenPose => ("18 joints: OpenPose's, the neck in the middle of the shoulders", 0.95),
        Joints::Ntu => (
            "25 joints: those of NTU RGB+D, measured in three dimensions; here flat, and hands and feet where wrists and ankles are",
            0.8,
        ),
    };
    Some(Spec {
        family: Family::StGcn,
        task: Task::Action,
        input: InputSpec {
            name: input.name.clone(),
            layout: Layout::Nchw,
            element,
            size: Size::Fixed { width, height },
            fit: Fit::Stretch,
            resample: Resample::OpenCv,
            order: ColourOrder::Rgb,
            range: Range::UNIT,
            extras: Vec::new(),
        },
        output: OutputSpec { classes, ..OutputSpec::default() },
        labels,
        companion: None,
        evidence: vec![
            format!(
                "an input of five axes ({}: coordinates, frames, joints, people): ST-GCN, which reads the skeletons that a pose \
                 model finds",
                input.shape_text()
            ),
            points.into(),
            labels_evidence.into(),
        ],
        confidence,
    })
}
