//! Classifiers: one score for each class for the whole image, of any training.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::class_scores;
use crate::model::families::shared::detector::names;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::labels::Labels;
use crate::model::spec::{ColourOrder, Fit, Layout, OutputSpec, Range, Resample, Size, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "classifier",
    name: "Classifier",
    tasks: &[Task::Classify],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: class_scores::decode,
    quirks: Quirks::NONE,
};

/// CIFAR-10's and CIFAR-100's mean and standard deviation, as most training scripts have them.
const CIFAR10: Range =
    Range { scale: 1.0 / 255.0, mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] };
const CIFAR100: Range =
    Range { scale: 1.0 / 255.0, mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] };
/// Caffe's mean, blue first, without a scale.
const CAFFE: Range = Range { scale: 1.0, mean: [103.939, 116.779, 123.68], std: [1.0; 3] };
/// How the line of evidence begins that says what the range is taken for.
pub(in crate::model) const RANGE_IS_GUESSED: &str = "the file doesn't tell the range of its values";
/// TensorFlow's −1..1 as EfficientNet-lite has it: (byte − 127) / 128.
const TENSORFLOW: Range = Range { scale: 1.0, mean: [127.0; 3], std: [128.0; 3] };

/// `[1, n]` or `[1, n, 1, 1]` and nothing else.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let single = |axis: usize| output.axis(axis) == Some(1);
    let flat = output.shape.len() == 2 || (output.shape.len() == 4 && single(2) && single(3));
    let batch = output.axis(0).is_none_or(|n| n == 1);
    if graph.inputs.len() != 1 || !flat || !batch || output.axis(1)? < 2 {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let output = graph.outputs.first();
    let classes = output.and_then(|p| p.axis(1)).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let shape = output.map(ValueInfo::shape_text).unwrap_or_default();
    let (width, height) = (image.width.unwrap_or(224), image.height.unwrap_or(224));
    let side = width.max(height);
    let tiny = side <= 64;
    let (labels, list) = match (names(graph), classes) {
        (Some(names), _) => (Labels::new(names), "class names in metadata"),
        (None, 1000) => (Labels::imagenet(), "1000 classes: taken for ImageNet's"),
        (None, 1001) => {
            (Labels::imagenet_with_background(), "1001 classes: taken for ImageNet's after a background")
        }
        (None, 10) if tiny => (Labels::cifar10(), "10 classes of small images: taken for CIFAR-10's"),
        (None, 100) if tiny => (Labels::cifar100(), "100 classes of small images: taken for CIFAR-100's"),
        _ => (Labels::default(), "the file names no classes"),
    };
    // Files that Caffe2 wrote for the ONNX model zoo.
    let caffe = image.name.ends_with("data_0");
    let (order, range, words) = match () {
        () if caffe => (ColourOrder::Bgr, CAFFE, "Caffe's mean, blue first, as the input's name suggests"),
        () if image.layout == Layout::Nhwc => {
            (ColourOrder::Rgb, TENSORFLOW, "(byte − 127) / 128, as TensorFlow's networks have it")
        }
        () if tiny && classes == 10 => (ColourOrder::Rgb, CIFAR10, "CIFAR-10's mean and deviation"),
        () if tiny && classes == 100 => (ColourOrder::Rgb, CIFAR100, "CIFAR-100's mean and deviation"),
        () => (ColourOrder::Rgb, Range::IMAGENET, "ImageNet's mean and deviation"),
    };
    // Trained on the middle of an image whose shorter side is a seventh longer (224 of 256); small images are whole.
    let resize = if tiny { side } else { (side * 256).div_ceil(224) };
    let mut input = image.input(Size::Fixed { width, height }, Fit::CentreCrop { resize }, order, range);
    // Torchvision, timm and what trains with them resize with Pillow; Caffe and TensorFlow don't.
    if !caffe && image.layout == Layout::Nchw {
        input.resample = Resample::Bilinear;
    }
    Spec {
        family: Family::Classifier,
        task: Task::Classify,
        input,
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        companion: None,
        evidence: vec![
            format!("output {shape}: one score a class for the whole image"),
            list.into(),
            format!("{RANGE_IS_GUESSED}: taken for {words}"),
        ],
        confidence: if classes == 1000 || classes == 1001 { 0.85 } else { 0.7 },
    }
}
