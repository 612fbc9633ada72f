//! Semantic segmentation: one score a class and pixel (DeepLab, FCN, U-Net).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::class_map;
use crate::model::families::shared::detector::names;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::labels::Labels;
use crate::model::spec::{ColourOrder, Fit, Layout, OutputSpec, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "segmenter",
    name: "Semantic segmentation",
    tasks: &[Task::Semantic],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: class_map::decode,
    quirks: Quirks::NONE,
};

/// Channels and (height, width) of a map of scores, in the layout of the input.
fn map(graph: &GraphInfo, image: &ImageInput) -> Option<(u64, [Option<u64>; 2])> {
    let output = graph.output("out").or(graph.outputs.first())?;
    if output.shape.len() != 4 {
        return None;
    }
    let axes = [1, 2, 3].map(|axis| output.axis(axis));
    match image.layout {
        Layout::Nchw => Some((axes[0]?, [axes[1], axes[2]])),
        Layout::Nhwc => Some((axes[2]?, [axes[0], axes[1]])),
    }
}

/// More than three channels over the input's own size: an image has three, a matte or a depth map one.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let (channels, size) = map(graph, image)?;
    let same = |map: Option<u64>, input: Option<u32>| map.zip(input).is_none_or(|(m, i)| m == u64::from(i));
    let whole = same(size[0], image.height) && same(size[1], image.width);
    if graph.inputs.len() != 1 || channels == 3 || !(2..=512).contains(&channels) || !whole {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = map(graph, image).and_then(|(n, _)| usize::try_from(n).ok()).unwrap_or(0);
    let shape = graph.outputs.first().map(ValueInfo::shape_text).unwrap_or_default();
    let (labels, list) = match (names(graph), classes) {
        (Some(names), _) => (Labels::new(names), "class names in metadata"),
        (None, 21) => (Labels::voc21(), "21 classes: taken for Pascal VOC's with the background"),
        (None, 19) => (Labels::cityscapes19(), "19 classes: taken for Cityscapes'"),
        _ => (Labels::default(), "the file names no classes"),
    };
    let (range, words) = match image.layout {
        Layout::Nhwc => (Range::SIGNED, "−1 to 1, as TensorFlow's networks have it"),
        Layout::Nchw => (Range::IMAGENET, "ImageNet's mean and deviation, as torchvision has it"),
    };
    Spec {
        family: Family::Segmenter,
        task: Task::Semantic,
        input: image.input(image.size((512, 512), 32), Fit::Stretch, ColourOrder::Rgb, range),
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        companion: None,
        evidence: vec![
            format!("output {shape}: {classes} scores for every pixel of the input"),
            list.into(),
            format!("the file doesn't tell the range of its values: taken for {words}"),
        ],
        confidence: 0.8,
    }
}
