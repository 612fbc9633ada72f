//! What a family's file defines.

use super::shared::image_input::ImageInput;
use super::{Context, OutputError, Scratch};
use crate::model::ModelError;
use crate::model::file::GraphInfo;
use crate::model::network::Network;
use crate::model::results::Results;
use crate::model::sidecar::Sidecar;
use crate::model::spec::{Spec, Task};
use crate::model::tensor::Tensor;

/// Everything about a family.
pub struct Definition {
    /// The name in sidecars, catalogues and JSON, as its authors write it.
    pub id: &'static str,
    /// The name that people know.
    pub name: &'static str,
    /// The tasks that its models can have; the first is the usual one.
    pub tasks: &'static [Task],
    /// How a file of the family is recognised. A rule returns a spec with its evidence, or `None`.
    pub rules: &'static [Rule],
    /// The spec of a model whose family the user chose: no doubts, and whatever the file leaves open takes its usual value.
    pub by_hand: fn(&GraphInfo, &ImageInput, &Sidecar) -> Option<Spec>,
    /// Reads the outputs of one frame into the results, which are empty.
    pub decode: Decode,
    /// What only few families have.
    pub quirks: Quirks,
}

/// A decoder.
pub type Decode = fn(&[Tensor<'_>], Context<'_>, &mut Scratch, &mut Results) -> Result<(), OutputError>;

/// A rule about a file whose image input was found.
type ImageRule = fn(&GraphInfo, &ImageInput) -> Option<Spec>;

/// A rule, by what it goes by; the surest first.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Its input is not an image.
    WithoutImage(fn(&GraphInfo) -> Option<Spec>),
    /// Inputs that only this family has.
    Inputs(ImageRule),
    /// Metadata.
    Metadata(ImageRule),
    /// Names and number of outputs.
    Outputs(ImageRule),
    /// Shapes.
    Shapes(ImageRule),
}

/// Settles by runs what no file of the family shows.
pub type Probe = fn(&mut Network, &GraphInfo, &Sidecar) -> Result<(), ModelError>;

/// What only few families have.
pub struct Quirks {
    /// Ids that earlier versions wrote.
    pub old_ids: &'static [&'static str],
    /// Its networks take any size although their files fix one.
    pub takes_any_size: bool,
    /// What is settled by runs when a model is opened.
    pub probe: Option<Probe>,
    /// The least score and the greatest overlap (IoU) that the project's own programs let through.
    pub conf: f32,
    pub iou: f32,
}

impl Quirks {
    /// None of them; limits as in Ultralytics' programs.
    pub const NONE: Self = Self { old_ids: &[], takes_any_size: false, probe: None, conf: 0.25, iou: 0.7 };
}
