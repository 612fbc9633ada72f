//! Semantic segmentation: one score a class and pixel.

use super::super::file::GraphInfo;
use super::super::labels::Labels;
use super::super::spec::{ColourOrder, Family, Fit, Layout, OutputSpec, Range, Spec, Task};
use super::image_out::Image;
use super::names;

/// Channels and (height, width) of a map of scores, in the layout of the input.
fn map(facts: &GraphInfo, image: &Image) -> Option<(u64, [Option<u64>; 2])> {
    let output = facts.output("out").or(facts.outputs.first())?;
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
pub(super) fn segmenter(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let (channels, size) = map(facts, image)?;
    let same = |map: Option<u64>, input: Option<u32>| map.zip(input).is_none_or(|(m, i)| m == u64::from(i));
    let whole = same(size[0], image.height) && same(size[1], image.width);
    if facts.inputs.len() != 1 || channels == 3 || !(2..=512).contains(&channels) || !whole {
        return None;
    }
    Some(segmenter_spec(facts, image))
}

pub(super) fn segmenter_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = map(facts, image).and_then(|(n, _)| usize::try_from(n).ok()).unwrap_or(0);
    let shape = facts.outputs.first().map(super::super::file::ValueInfo::shape_text).unwrap_or_default();
    let (labels, list) = match (names(facts), classes) {
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
