//! Networks whose output is a picture.

use super::super::file::{Facts, Port};
use super::super::labels::Labels;
use super::super::spec::{ColourOrder, Family, Fit, Layout, OutputSpec, Range, Spec, Task};
use super::picture::Picture;

/// One picture in, one picture of the same size out.
pub(super) fn picture_to_picture(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (h, w) = match picture.layout {
        Layout::Nchw if output.axis(1) == Some(3) => (output.axis(2), output.axis(3)),
        Layout::Nhwc if output.axis(3) == Some(3) => (output.axis(1), output.axis(2)),
        _ => return None,
    };
    let same = |a: Option<u64>, b: Option<u32>| a.zip(b).is_none_or(|(a, b)| a == u64::from(b));
    if facts.inputs.len() != 1
        || output.shape.len() != 4
        || !same(h, picture.height)
        || !same(w, picture.width)
    {
        return None;
    }
    Some(style_spec(picture, output))
}

pub(super) fn style_spec(picture: &Picture, output: &Port) -> Spec {
    Spec {
        family: Family::NeuralStyle,
        task: Task::Stylize,
        input: picture.input(picture.size((512, 512), 4), Fit::Stretch, ColourOrder::Rgb, Range::BYTE),
        output: OutputSpec::default(),
        labels: Labels::default(),
        evidence: vec![
            format!("a picture goes in and a picture of the same size comes out ({})", output.shape_text()),
            "the file doesn't tell the range of its values: taken for 0 to 255, as fast neural style has it"
                .into(),
        ],
        confidence: 0.6,
    }
}
