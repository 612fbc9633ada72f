//! A class for every pixel: scores `[1, n, h, w]` or `[1, h, w, n]`, of which the greatest counts, or the class numbers themselves,
//! `[1, h, w]` in whole numbers (Ultralytics' exports).

use crate::model::families::shared::score_rows::ScoreRows;
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::results::{Plane, PlaneValues, Results};
use crate::model::tensor::{Data, Tensor};

pub fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    // torchvision's networks have a second, auxiliary output.
    let output = outputs
        .iter()
        .find(|t| t.name == "out")
        .map_or_else(|| outputs.first().ok_or(OutputError::NoOutput), Ok)?;
    let mut classes = results.take_classes();
    classes.clear();
    let axes = [output.axis(0), output.axis(1), output.axis(2), output.axis(3)];
    let (width, height) = match (output.data, output.shape.len(), axes) {
        (Data::F32(_), 4, [1, a, b, c]) => {
            let values = output.floats()?;
            // Channels are fewer than rows and columns; if that does not decide, the layout of the input does.
            let last = match (b == c, a == b) {
                (true, false) => false,
                (false, true) => true,
                _ => context.spec.input.layout == crate::model::spec::Layout::Nhwc,
            };
            if last {
                classes.extend(values.chunks_exact(c.max(1)).map(|scores| greatest(scores.iter().copied())));
                (b, a)
            } else {
                let scores = ScoreRows { values, anchors: b * c, classes: a };
                if a == 1 {
                    classes.extend(values.iter().map(|score| u16::from(*score > 0.0)));
                } else {
                    scores.argmax(&mut scratch.best, &mut scratch.best_class, &mut classes);
                }
                (c, b)
            }
        }
        (Data::U8(_) | Data::I32(_) | Data::I64(_), 3, [1, h, w, _])
        | (Data::U8(_) | Data::I32(_) | Data::I64(_), 4, [1, 1, h, w] | [1, h, w, 1]) => {
            let count = output.data.len();
            if count != w * h {
                return Err(OutputError::TooShort { name: output.name.to_owned() });
            }
            classes.extend(
                (0..count).map(|at| output.data.number(at).map_or(0, |n| n.clamp(0.0, 65_535.0) as u16)),
            );
            (w, h)
        }
        _ => return Err(OutputError::shape(output, "a class map")),
    };
    results.plane = Some(Plane {
        region: context.geometry.covered(),
        width,
        height,
        values: PlaneValues::Classes(classes),
    });
    Ok(())
}

/// The place of the greatest score; for a single one, whether it is above 0.
fn greatest(scores: impl ExactSizeIterator<Item = f32>) -> u16 {
    let single = scores.len() == 1;
    let (mut best, mut top) = (0, f32::NEG_INFINITY);
    for (class, score) in (0u16..).zip(scores) {
        if score > top {
            (best, top) = (class, score);
        }
    }
    if single { u16::from(top > 0.0) } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::testing::{decode_tensors, decode_with, spec};
    use crate::model::spec::{Family, Layout, Task, Thresholds};

    fn classes(results: Results) -> (usize, usize, Vec<u16>) {
        let plane = results.plane.expect("a plane");
        match plane.values {
            PlaneValues::Classes(classes) => (plane.width, plane.height, classes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_greatest_score_of_a_pixel_is_its_class() {
        let mut spec = spec(Family::Segmenter, Task::Semantic, 2, 1);
        // Three classes over two pixels, a plane each.
        let planes = vec![0.1, 5.0, 0.9, -1.0, 0.2, 4.0];
        let run = |spec: &crate::model::Spec, shape: &[i64], values: Vec<f32>| {
            classes(
                decode_with(spec, (4, 2), &Thresholds::default(), &[("out", shape, values)]).expect("fits"),
            )
        };
        assert_eq!(run(&spec, &[1, 3, 1, 2], planes), (2, 1, vec![1, 0]));
        spec.input.layout = Layout::Nhwc;
        assert_eq!(run(&spec, &[1, 1, 2, 3], vec![0.1, 0.9, 0.2, 5.0, -1.0, 4.0]), (2, 1, vec![1, 0]));
    }

    #[test]
    fn class_numbers_are_taken_as_they_are() {
        let spec = spec(Family::Ultralytics, Task::Semantic, 2, 1);
        let tensor = Tensor { name: "output0", shape: &[1, 1, 2], data: Data::U8(&[18, 0]) };
        let found = decode_tensors(&spec, (4, 2), &Thresholds::default(), &[tensor]).expect("fits");
        assert_eq!(classes(found), (2, 1, vec![18, 0]));
    }
}
