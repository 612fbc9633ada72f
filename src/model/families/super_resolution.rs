//! Super-resolution: the image that comes out is larger.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::{image_range, image_to_image};
use crate::model::spec::Task;

pub(super) const FAMILY: Definition = Definition {
    id: "super-resolution",
    name: "Super-resolution",
    tasks: &[Task::Stylize],
    rules: &[Rule::Shapes(|graph, image| image_to_image::rule(Family::SuperResolution, graph, image))],
    by_hand: |graph, image, _| Some(image_to_image::spec(Family::SuperResolution, graph, image)),
    decode: image_to_image::decode,
    quirks: Quirks { probe: Some(image_range::probe), ..Quirks::NONE },
};
