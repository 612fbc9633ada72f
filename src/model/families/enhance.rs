//! Low-light enhancement and restoration: an image in 0..1 goes in and comes out.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::{image_range, image_to_image};
use crate::model::spec::Task;

pub(super) const FAMILY: Definition = Definition {
    id: "enhance",
    name: "Image enhancement",
    tasks: &[Task::Stylize],
    rules: &[Rule::Shapes(|graph, image| image_to_image::rule(Family::Enhance, graph, image))],
    by_hand: |graph, image, _| Some(image_to_image::spec(Family::Enhance, graph, image)),
    decode: image_to_image::decode,
    quirks: Quirks { probe: Some(image_range::probe), ..Quirks::NONE },
};
