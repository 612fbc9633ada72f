//! Fast neural style: an image in 0..255 goes in and comes out.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::{image_range, image_to_image};
use crate::model::spec::Task;

pub(super) const FAMILY: Definition = Definition {
    id: "neural-style",
    name: "Fast neural style",
    tasks: &[Task::Stylize],
    rules: &[Rule::Shapes(|graph, image| image_to_image::rule(Family::NeuralStyle, graph, image))],
    by_hand: |graph, image, _| Some(image_to_image::spec(Family::NeuralStyle, graph, image)),
    decode: image_to_image::decode,
    quirks: Quirks { probe: Some(image_range::probe), ..Quirks::NONE },
};
