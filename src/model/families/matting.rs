//! A matte of the foreground, 0..1 a pixel: MediaPipe selfie segmentation, MODNet, U²-Net.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{image_to_image, one_value};
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Layout, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "matting",
    name: "Matting (selfie, MODNet)",
    tasks: &[Task::Matte],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, _, results| one_value::matte(outputs, context, results),
    quirks: Quirks::NONE,
};

/// One value a pixel that something bounds to 0..1.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let output = one_value::output(graph, image)?;
    if !one_value::is_bounded(graph, output) {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.evidence.insert(
        0,
        format!(
            "one value a pixel comes out ({}); its last step bounds it to 0 to 1: a matte",
            output.shape_text()
        ),
    );
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let (range, evidence, confidence) = if image_to_image::takes_bytes(graph, image) {
        (Range::BYTE, "it takes bytes, or its first step scales them itself: 0 to 255", 0.85)
    } else if image.layout == Layout::Nhwc {
        (Range::UNIT, "channels last: MediaPipe's selfie segmentation, which takes 0 to 1", 0.85)
    } else if graph.outputs.len() > 1 {
        let evidence =
            "several mattes, the first the best: U\u{b2}-Net, which takes ImageNet's mean and deviation";
        (Range::IMAGENET, evidence, 0.75)
    } else {
        let evidence =
            "the file doesn't tell the range of its values: taken for \u{2212}1 to 1, as MODNet has it";
        (Range::SIGNED, evidence, 0.65)
    };
    let (size, fit) = one_value::whole(image, 512, 32);
    let input = image.input(size, fit, ColourOrder::Rgb, range);
    image_to_image::new_spec(Family::Matting, input, evidence.into(), confidence)
}
