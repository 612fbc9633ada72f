//! Networks that give one number a pixel: mattes and depth maps, `[1, 1, h, w]`, `[1, h, w, 1]` or `[1, h, w]`.
//!
//! Mattes hold how much of a pixel is foreground, 0..1 (MediaPipe selfie segmentation, MODNet; of Robust Video Matting's outputs
//! the one named `pha`). Depth maps of MiDaS, Depth Anything and TCMonoDepth hold relative inverse distance: larger is nearer.

use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::image_to_image;
use crate::model::families::{Context, OutputError};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::results::{Plane, PlaneValues, Results};
use crate::model::spec::{Fit, Size};
use crate::model::tensor::Tensor;

/// The first output, if the file gives one value a pixel in the size of the image.
pub fn output<'a>(graph: &'a GraphInfo, image: &ImageInput) -> Option<&'a ValueInfo> {
    let output = graph.outputs.first()?;
    let (h, w) = image_to_image::map_size(output, 1)?;
    let same = image_to_image::growth(h, image.height)? == 1 && image_to_image::growth(w, image.width)? == 1;
    let all_alike = graph.outputs.iter().all(|output| image_to_image::map_size(output, 1).is_some());
    (graph.inputs.len() == 1 && same && all_alike && graph.meta("task").is_none()).then_some(output)
}

/// Whether the last operation bounds the values to 0..1. Depth maps mostly come without an axis of channels.
pub fn is_bounded(graph: &GraphInfo, output: &ValueInfo) -> bool {
    matches!(graph.ends.last_operator(), Some("Sigmoid" | "Softmax" | "Clip" | "HardSigmoid"))
        && output.shape.len() == 4
}

/// The image in one corner, black around it: keeps its shape if the size is open.
const CORNER: Fit = Fit::Letterbox { pad: 0, centred: false, rounded: true };

/// If the file fixes the size, the image is stretched over it; otherwise its shape is kept.
pub fn whole(image: &ImageInput, bound: u32, stride: u32) -> (Size, Fit) {
    match image.size((bound, bound), stride) {
        fixed @ Size::Fixed { .. } => (fixed, Fit::Stretch),
        free @ Size::Dynamic { .. } => (free, CORNER),
    }
}

pub fn matte(outputs: &[Tensor<'_>], context: Context<'_>, results: &mut Results) -> Result<(), OutputError> {
    let output = outputs
        .iter()
        .find(|t| t.name == "pha")
        .map_or_else(|| outputs.first().ok_or(OutputError::NoOutput), Ok)?;
    let (width, height) = size(output)?;
    let values = output.floats()?;
    let mut kept = results.take_floats();
    kept.clear();
    kept.extend(values.iter().map(|v| if v.is_nan() { 0.0 } else { v.clamp(0.0, 1.0) }));
    put(results, context, (width, height), PlaneValues::Matte(kept));
    Ok(())
}

/// Distances in metres (`metric`), or inverse distances without a unit.
pub fn depth(
    metric: bool,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let (width, height) = size(output)?;
    let values = output.floats()?;
    let mut kept = results.take_floats();
    kept.clear();
    kept.extend(values.iter().map(|v| if v.is_finite() { *v } else { 0.0 }));
    let values = PlaneValues::Depth { values: kept, larger_is_nearer: !metric, metric };
    put(results, context, (width, height), values);
    Ok(())
}

fn size(output: &Tensor<'_>) -> Result<(usize, usize), OutputError> {
    let axes = [output.axis(0), output.axis(1), output.axis(2), output.axis(3)];
    match (output.shape.len(), axes) {
        (4, [1, 1, h, w] | [1, h, w, 1]) | (3, [1, h, w, _]) => Ok((w, h)),
        _ => Err(OutputError::shape(output, "one value a pixel")),
    }
}

fn put(results: &mut Results, context: Context<'_>, (width, height): (usize, usize), values: PlaneValues) {
    results.plane = Some(Plane { region: context.geometry.covered(), width, height, values });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::Family;
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Task, Thresholds};

    fn plane(family: Family, outputs: &[(&str, &[i64], Vec<f32>)]) -> Plane {
        let spec = spec(family, family.tasks()[0], 2, 2);
        decode_with(&spec, (4, 4), &Thresholds::default(), outputs).expect("fits").plane.expect("a plane")
    }

    #[test]
    fn a_matte_is_cut_to_0_and_1() {
        let found = plane(Family::Matting, &[("alpha", &[1, 2, 2, 1], vec![-0.5, 0.25, 1.5, f32::NAN])]);
        assert_eq!(found.values, PlaneValues::Matte(vec![0.0, 0.25, 1.0, 0.0]));
        assert_eq!((found.width, found.height, found.region), (2, 2, [0.0, 0.0, 4.0, 4.0]));
    }

    #[test]
    fn of_video_matting_the_alpha_counts_whichever_output_it_is() {
        let outputs: [(&str, &[i64], Vec<f32>); 3] = [
            ("fgr", &[1, 3, 1, 2], vec![0.9; 6]),
            ("pha", &[1, 1, 1, 2], vec![0.0, 0.5]),
            ("r1o", &[1, 1, 1, 1], vec![7.0]),
        ];
        assert_eq!(plane(Family::Rvm, &outputs).values, PlaneValues::Matte(vec![0.0, 0.5]));
    }

    #[test]
    fn a_depth_map_keeps_its_values() {
        let found = plane(Family::Depth, &[("depth", &[1, 1, 3], vec![3.0, 700.0, f32::INFINITY])]);
        assert_eq!((found.width, found.height), (3, 1));
        let want =
            PlaneValues::Depth { values: vec![3.0, 700.0, 0.0], larger_is_nearer: true, metric: false };
        assert_eq!(found.values, want);
    }

    #[test]
    fn other_shapes_are_named() {
        let spec = spec(Family::Depth, Task::Depth, 2, 2);
        let outputs: [(&str, &[i64], Vec<f32>); 1] = [("depth", &[1, 2, 2, 2], vec![0.0; 8])];
        let answer = decode_with(&spec, (4, 4), &Thresholds::default(), &outputs);
        assert!(answer.is_err_and(|e| e.to_string().contains("1×2×2×2")));
    }
}
