//! PP-YOLOE(+), `PicoDet` and others, exported by `PaddleDetection`: final rows of class, score and box.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{detector, final_detections, size_input};
use crate::model::families::shared::final_rows;
use crate::model::families::shared::final_rows::RowOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, ExtraInput, ExtraValue, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "ppyoloe",
    name: "PP-YOLOE",
    tasks: &[Task::Detect],
    rules: &[Rule::Inputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        final_rows::decode(&RowOrder::PADDLE, outputs, context, scratch, results)
    },
    quirks: Quirks { old_ids: &["pp-yoloe"], ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    graph.inputs.iter().find(|p| p.name == "scale_factor")?;
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let size = image.size((640, 640), 32);
    let mut input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::IMAGENET);
    for port in &graph.inputs {
        match port.name.as_str() {
            "scale_factor" => {
                let value = ExtraValue::Constant { value: 1.0 };
                input.extras.push(ExtraInput { name: port.name.clone(), value });
            }
            "im_shape" => input.extras.push(size_input(&port.name, true)),
            _ => {}
        }
    }
    let mut spec = detector(
        Family::PpYoloe,
        input,
        graph,
        80,
        "an input \u{201c}scale_factor\u{201d}: a detector of PaddleDetection, rows of class, score and box; no NMS needed",
    );
    spec.evidence.push(
        "the file doesn't tell the range of its values: taken for ImageNet's; PP-YOLOE+ takes plain 0 to 1"
            .into(),
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.9;
    spec
}
