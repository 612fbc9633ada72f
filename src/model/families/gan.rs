//! Generators: an image in −1..1 goes in and comes out (AnimeGAN, CartoonGAN, CycleGAN, pix2pix).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::{image_range, image_to_image};
use crate::model::spec::Task;

pub(super) const FAMILY: Definition = Definition {
    id: "gan",
    name: "AnimeGAN, CycleGAN, pix2pix",
    tasks: &[Task::Stylize],
    rules: &[Rule::Shapes(|graph, image| image_to_image::rule(Family::Gan, graph, image))],
    by_hand: |graph, image, _| Some(image_to_image::spec(Family::Gan, graph, image)),
    decode: image_to_image::decode,
    quirks: Quirks { probe: Some(image_range::probe), ..Quirks::NONE },
};
