//! Relative depth: MiDaS, Depth Anything, TCMonoDepth. Larger values are nearer.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{image_to_image, one_value};
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "depth",
    name: "Depth (MiDaS, Depth Anything)",
    tasks: &[Task::Depth],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, _, results| one_value::depth(false, outputs, context, results),
    quirks: Quirks::NONE,
};

/// One value a pixel that nothing bounds, or without an axis of channels, as most depth maps come.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let output = one_value::output(graph, image)?;
    if one_value::is_bounded(graph, output) {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.evidence.insert(
        0,
        format!(
            "one value a pixel comes out ({}); nothing bounds it, or it has no axis of channels: depth",
            output.shape_text()
        ),
    );
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let fourteen = |n: Option<u32>| n.is_some_and(|n| n.is_multiple_of(14));
    let patches = fourteen(image.width) && fourteen(image.height);
    let named = graph.outputs.first().is_some_and(|p| p.name.contains("depth"));
    let (range, evidence, stride, confidence) = if image_to_image::takes_bytes(graph, image) {
        let evidence = "its first step scales bytes itself: it takes 0 to 255, as TCMonoDepth";
        (Range::BYTE, evidence, 32, 0.85)
    } else if patches || named {
        let evidence = "sides of whole 14-pixel patches, or an output named depth: Depth Anything, which takes ImageNet's mean and deviation";
        (Range::IMAGENET, evidence, 14, 0.8)
    } else {
        let evidence = "the file doesn't tell the range of its values: taken for 0 to 1, as MiDaS has it";
        (Range::UNIT, evidence, 32, 0.65)
    };
    let bound = if stride == 14 { 518 } else { 384 };
    let input = image.input(image.size((bound, bound), stride), Fit::Stretch, ColourOrder::Rgb, range);
    image_to_image::new_spec(Family::Depth, input, evidence.into(), confidence)
}
