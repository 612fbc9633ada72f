//! Robust Video Matting, whose state goes from frame to frame; the output named `pha` is the matte.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{image_to_image, one_value};
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, ExtraInput, ExtraValue, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "rvm",
    name: "Robust Video Matting",
    tasks: &[Task::Matte],
    rules: &[Rule::Inputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, _, results| one_value::matte(outputs, context, results),
    quirks: Quirks::NONE,
};

/// The inputs of its state.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let has = |name: &str| graph.inputs.iter().any(|p| p.name == name);
    (has("r1i") && has("downsample_ratio") && graph.output("pha").is_some()).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let (size, fit) = one_value::whole(image, 512, 4);
    let mut input = image.input(size, fit, ColourOrder::Rgb, Range::UNIT);
    for port in graph.inputs.iter().filter(|p| p.name != image.name) {
        let value = if port.name == "downsample_ratio" {
            ExtraValue::Downsample { side: 512 }
        } else {
            // r1i is given what came out as r1o.
            ExtraValue::State { output: format!("{}o", port.name.trim_end_matches('i')) }
        };
        input.extras.push(ExtraInput { name: port.name.clone(), value });
    }
    let evidence =
        "inputs r1i to r4i and downsample_ratio: Robust Video Matting, whose state goes from frame to frame";
    image_to_image::new_spec(Family::Rvm, input, evidence.into(), 0.97)
}
