//! A network as far as one of its tensors, the embedding.

use std::path::{Path, PathBuf};

use prost::Message as _;
use serde::{Deserialize, Serialize};

use super::error::TeachError;
use super::graph::{Join, Kind, candidates, join};
use super::head::Head;
use crate::frame::Frame;
use crate::model::families::ImageInput;
use crate::model::file::onnx::{self, ModelProto};
use crate::model::sidecar::Sidecar;
use crate::model::spec::{Element, Fit, InputSpec, Range, Size, Task};
use crate::model::tensor::Tensor;
use crate::model::{self, Family, Inside, Model, ModelError, OpenOptions, Results, Spec, Thresholds};
use crate::server::is_address;
use crate::whole_file::folder_of;

/// An embedding has so many numbers at least and at most: less says nothing, more is a map.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=8192;

/// How a tensor becomes one vector for the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// It is one.
    None,
    /// The mean of each map over the image.
    Mean,
    /// The first token, which stands for the image (vision transformers with a class token).
    FirstToken,
    /// The mean of all tokens.
    MeanToken,
}

impl Pooling {
    /// How a tensor of this shape becomes a vector, and how long that is; `None` if it can't.
    fn of(shape: &[i64]) -> Option<(Self, usize)> {
        let sides: Vec<usize> = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        if sides.contains(&0) {
            return None;
        }
        let (pooling, length) = match sides[..] {
            [1, n] | [1, n, 1, 1] | [1, 1, 1, n] | [1, 1, n] => (Self::None, n),
            [1, n, _, _] => (Self::Mean, n),
            // A class token beside a square of patches.
            [1, tokens, n] if (tokens - 1).isqrt().pow(2) == tokens - 1 => (Self::FirstToken, n),
            [1, _, n] => (Self::MeanToken, n),
            _ => return None,
        };
        LENGTHS.contains(&length).then_some((pooling, length))
    }
}

/// A tensor that can be the embedding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Its name in the graph.
    pub tensor: String,
    /// Why, in plain words.
    pub evidence: String,
}

/// An open model that turns frames into embeddings.
///
/// The model's graph is cut at the embedding and opened as a file of its own in a temporary folder: what lies behind the cut costs nothing,
/// and what is exported later is the very graph that the head learnt from.
#[derive(Debug)]
pub struct Backbone {
    path: PathBuf,
    sha256: String,
    model: Model,
    cut: Cut,
    candidates: Vec<Cut>,
    pooling: Pooling,
    length: usize,
    results: Results,
    thresholds: Thresholds,
    /// Holds the file of `model`.
    _folder: tempfile::TempDir,
}

impl Backbone {
    /// Opens a model, cut at the tensor of that name or else at the best one, and runs it once.
    ///
    /// # Errors
    /// If it can't be opened or run, or can't be a backbone.
    pub fn open(path: &Path, tensor: Option<&str>, options: &OpenOptions) -> Result<Self, TeachError> {
        local(path)?;
        // Refuses what is no model before all of it is read.
        let inspected = model::inspect(path)?;
        let proto = onnx::read(path)?;
        let candidates = candidates_in(path, &proto, inspected.spec.as_ref().ok())?;
        let cut = match tensor {
            None => candidates[0].clone(),
            Some(name) => candidates
                .iter()
                .find(|cut| cut.tensor == name)
                .cloned()
                .unwrap_or_else(|| Cut { tensor: name.to_owned(), evidence: "chosen by hand".into() }),
        };
        let (spec, sha256, shape) = look_inside(path, &cut.tensor, options)?;
        let Some((pooling, length)) = Pooling::of(&shape) else {
            let sides = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("\u{d7}");
            let (least, most) = (LENGTHS.start(), LENGTHS.end());
            let reason = format!("its shape is {sides}, and an embedding has {least} to {most} numbers");
            return Err(TeachError::BadTensor { name: cut.tensor, reason });
        };
        let (width, height) = spec.input.size.bound();
        let input = InputSpec { size: Size::Fixed { width, height }, ..spec.input };
        let parts = Join {
            model: proto,
            folder: folder_of(path),
            tensor: &cut.tensor,
            pooling,
            input: &input,
            head: None,
            bytes: false,
            about: Vec::new(),
        };
        let no_backbone = |reason: String| TeachError::NoBackbone { path: path.to_owned(), reason };
        let short = join(parts).map_err(no_backbone)?;
        let unwritable =
            |error: std::io::Error| no_backbone(format!("a temporary file can't be written: {error}"));
        let folder = tempfile::tempdir().map_err(unwritable)?;
        // Messages name this file: it has the model's name.
        let file = folder.path().join(path.file_name().unwrap_or(path.as_os_str()));
        std::fs::write(&file, short.encode_to_vec()).map_err(unwritable)?;
        drop(short);
        let options = OpenOptions { overrides: None, inside: None, adapter: None, ..options.clone() };
        let model = Model::open(&file, &options)?;
        let mut backbone = Self {
            path: path.to_owned(),
            sha256,
            model,
            cut,
            candidates,
            pooling,
            length,
            results: Results::default(),
            thresholds: Thresholds::default(),
            _folder: folder,
        };
        backbone.embed(&Frame::filled(64, 64, [114, 114, 114, 255]), &mut Vec::new())?;
        Ok(backbone)
    }

    /// The model's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the model's file, hex, lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How an image becomes the input.
    #[must_use]
    pub fn input(&self) -> &InputSpec {
        &self.model.spec().input
    }

    /// The tensor that is the embedding, and why.
    #[must_use]
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// All tensors that can be, the best first.
    #[must_use]
    pub fn candidates(&self) -> &[Cut] {
        &self.candidates
    }

    /// How the tensor becomes one vector.
    #[must_use]
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// The model with a head behind it, from the file as it is now.
    pub(super) fn joined(
        &self,
        head: (&Head, &[String]),
        bytes: bool,
        about: Vec<(String, String)>,
    ) -> Result<ModelProto, TeachError> {
        let parts = Join {
            model: onnx::read(&self.path)?,
            folder: folder_of(&self.path),
            tensor: &self.cut.tensor,
            pooling: self.pooling,
            input: self.input(),
            head: Some(head),
            bytes,
            about,
        };
        join(parts).map_err(|reason| TeachError::NotExported { reason })
    }

    /// How many numbers an embedding has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The embedding of a frame, written into `embedding`; no memory is allocated once that has room.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn embed(&mut self, frame: &Frame, embedding: &mut Vec<f32>) -> Result<(), TeachError> {
        embedding.clear();
        let run = self.model.run_inside(frame, &self.thresholds, &mut self.results, |outputs, _| {
            if let Some(Ok(values)) = outputs.first().map(Tensor::floats) {
                embedding.extend_from_slice(values);
            }
        });
        // The results are of no interest: numbers that no class could have are no failure of an embedding.
        match run {
            Ok(_) | Err(ModelError::UnexpectedOutput { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if embedding.len() != self.length {
            let reason = format!("its embedding has {} numbers instead of {}", embedding.len(), self.length);
            return Err(TeachError::NoBackbone { path: self.path.clone(), reason });
        }
        Ok(())
    }
}

fn local(path: &Path) -> Result<(), TeachError> {
    if is_address(path) {
        let reason = "it is on a server, and its file must be on this computer".into();
        return Err(TeachError::NoBackbone { path: path.to_owned(), reason });
    }
    Ok(())
}

fn candidates_in(path: &Path, model: &ModelProto, spec: Option<&Spec>) -> Result<Vec<Cut>, TeachError> {
    let kind = match spec {
        Some(spec) if spec.task != Task::Classify => Kind::Other,
        Some(spec) if !spec.labels.is_empty() => Kind::Classifier,
        _ => Kind::Unknown,
    };
    let found = model.graph.as_ref().map(|graph| candidates(graph, kind)).unwrap_or_default();
    if found.is_empty() {
        let reason = "its graph has no fully connected layer, no pooling and no feature map".into();
        return Err(TeachError::NoBackbone { path: path.to_owned(), reason });
    }
    Ok(found)
}

/// Opens the whole model once: its spec, its hash and the shape of the tensor.
fn look_inside(
    path: &Path,
    tensor: &str,
    options: &OpenOptions,
) -> Result<(Spec, String, Vec<i64>), TeachError> {
    let inside = Inside { tensors: vec![tensor.to_owned()], ..Inside::default() };
    let options = OpenOptions { inside: Some(inside), ..options.clone() };
    let opened = match Model::open(path, &options) {
        Err(ModelError::NotUnderstood { .. }) => {
            let overrides = as_features(path, options.overrides.clone().unwrap_or_default())?;
            Model::open(path, &OpenOptions { overrides: Some(overrides), ..options })
        }
        opened => opened,
    };
    let bad = |reason: String| TeachError::BadTensor { name: tensor.to_owned(), reason };
    let mut model = match opened {
        // The runtime names what it doesn't find in a graph.
        Err(ModelError::Refused { reason, .. }) if reason.contains(tensor) => {
            return Err(bad("the graph has no such tensor".into()));
        }
        opened => opened?,
    };
    let mut shape = None;
    let frame = Frame::filled(64, 64, [114, 114, 114, 255]);
    let run = model.run_inside(&frame, &Thresholds::default(), &mut Results::default(), |outputs, _| {
        shape = outputs.iter().find(|output| output.name == tensor).map(|output| output.shape.to_vec());
    });
    match (run, shape) {
        (_, Some(shape)) => Ok((model.spec().clone(), model.sha256().to_owned(), shape)),
        (Err(error), None) => Err(error.into()),
        (Ok(_), None) => Err(bad("the graph has no such tensor".into())),
    }
}

/// How a model that no family fits is taken: as those that tell what something looks like
/// ([`FeatureModel`](crate::model::FeatureModel)).
pub(super) fn as_features(path: &Path, overrides: Sidecar) -> Result<Sidecar, TeachError> {
    let graph = model::inspect(path)?.graph;
    let own = Sidecar::load(path)?.unwrap_or_default().overlaid(overrides);
    let image = ImageInput::find(&graph, &own);
    let floats = image.is_some_and(|image| matches!(image.element, Element::F32 | Element::F16));
    Ok(Sidecar {
        family: Some(Family::Classifier),
        fit: own.fit.or(Some(Fit::Stretch)),
        range: own.range.or(Some(if floats { Range::IMAGENET } else { Range::BYTE })),
        ..own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_of_any_shape_is_pooled_or_refused() {
        for (shape, want) in [
            (&[1, 16][..], Some((Pooling::None, 16))),
            (&[1, 16, 7, 7], Some((Pooling::Mean, 16))),
            (&[1, 197, 16], Some((Pooling::FirstToken, 16))),
            (&[1, 50, 16], Some((Pooling::FirstToken, 16))),
            (&[1, 49, 16], Some((Pooling::MeanToken, 16))),
            (&[1, 1, 16], Some((Pooling::None, 16))),
            (&[1, 0, 16], None),
            (&[1, 16, 0, 7], None),
            (&[1, 0], None),
            (&[1, -1, 16], None),
            (&[0, 16], None),
            (&[], None),
            (&[1, i64::MAX], None),
        ] {
            assert_eq!(Pooling::of(shape), want, "{shape:?}");
        }
    }
}
