//! A network that shows the features of frames: which of its tensors lie over the picture, and their values for the newest frame.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use super::backbone::as_features;
use super::error::TeachError;
use super::find::Features;
use crate::frame::Frame;
use crate::learn::inside::Graph;
use crate::learn::inside::maps::{PlaneLayout, Planes};
use crate::model::geometry::Geometry;
use crate::model::spec::Fit;
use crate::model::tensor::Data;
use crate::model::{Inside, Model, ModelError, OpenOptions, Results, Thresholds};

/// So many tensors are looked at, from the end of the graph: all of a large detector's would be hundreds of megabytes.
const LOOKED_AT: usize = 64;
/// Maps have so many cells: fewer say nothing of places, more take too long to compare.
const CELLS: std::ops::RangeInclusive<usize> = 4..=16_384;
/// The maps that are taken first have so many cells at least.
const FINE_ENOUGH: usize = 36;
/// A feature map has so many channels at least: a head's few are results.
const CHANNELS: usize = 16;
/// What makes features: the outputs of other nodes are numbers on their way.
const MAKE_FEATURES: [&str; 18] = [
    "Conv",
    "Add",
    "Mul",
    "Relu",
    "Clip",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "HardSwish",
    "Mish",
    "Gelu",
    "Concat",
    "MaxPool",
    "BatchNormalization",
    "LayerNormalization",
    "SkipLayerNormalization",
    "DequantizeLinear",
    "FusedConv",
];

/// A tensor that lies over the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeatureMap {
    pub tensor: String,
    /// Cells side by side.
    pub width: usize,
    /// Cells one above the other.
    pub height: usize,
    /// Numbers for each cell.
    pub channels: usize,
}

/// An open network with one of its feature maps.
#[derive(Debug)]
pub struct Finder {
    model: Model,
    maps: Vec<FeatureMap>,
    chosen: usize,
    features: Features,
    geometry: Option<Geometry>,
    results: Results,
    thresholds: Thresholds,
}

impl Finder {
    /// Opens a model and runs it to see which tensors lie over the picture; `tensor` is the one to use, else the coarsest that is
    /// still fine enough, which knows most of what things are.
    ///
    /// # Errors
    /// If it can't be opened or run, or has no feature map.
    pub fn open(path: &Path, tensor: Option<&str>, options: &OpenOptions) -> Result<Self, TeachError> {
        let (maps, fit) = maps_of(path, options)?;
        // What is cut off can't be found: the whole frame goes in.
        let cuts = matches!(fit, Fit::CentreCrop { .. } | Fit::StretchCrop { .. });
        let mut overrides = options.overrides.clone().unwrap_or_default();
        if cuts {
            overrides.fit = Some(Fit::Stretch);
        }
        let options = &OpenOptions { overrides: Some(overrides), ..options.clone() };
        let none = || TeachError::NoBackbone {
            path: path.to_owned(),
            reason: "none of its tensors lies over the picture".into(),
        };
        let named = tensor.and_then(|tensor| maps.iter().position(|map| map.tensor == tensor));
        let fine = || maps.iter().rposition(|map| map.width * map.height >= FINE_ENOUGH);
        let chosen = named.or_else(fine).or(maps.len().checked_sub(1)).ok_or_else(none)?;
        let tensors = vec![maps.get(chosen).ok_or_else(none)?.tensor.clone()];
        let model = open_with(path, tensors, options)?;
        Ok(Self {
            model,
            maps,
            chosen,
            features: Features::default(),
            geometry: None,
            results: Results::default(),
            thresholds: Thresholds::default(),
        })
    }

    /// The maps that can be used, the finest first: one of each size.
    #[must_use]
    pub fn maps(&self) -> &[FeatureMap] {
        &self.maps
    }

    /// The map that is used.
    #[must_use]
    pub fn map(&self) -> &FeatureMap {
        &self.maps[self.chosen]
    }

    /// The features of the last frame.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Computes the features of a frame.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn look(&mut self, frame: &Frame) -> Result<(), TeachError> {
        let tensor = &self.maps[self.chosen].tensor;
        let (features, geometry) = (&mut self.features, &mut self.geometry);
        let run = self.model.run_inside(frame, &self.thresholds, &mut self.results, |outputs, fitted| {
            if let Some(output) = outputs.iter().find(|output| output.name == tensor)
                && features.fill(output, fitted.input)
            {
                *geometry = Some(*fitted);
            }
        });
        match run {
            // What it finds is of no interest here.
            Ok(_) | Err(ModelError::UnexpectedOutput { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What of the last frame the cells cover: x1, y1, x2, y2 as shares of its width and height; beyond 0..=1 where the frame was
    /// padded.
    #[must_use]
    pub fn covered(&self) -> [f32; 4] {
        let Some(geometry) = &self.geometry else { return [0.0, 0.0, 1.0, 1.0] };
        let (width, height) = (geometry.frame.0.max(1) as f32, geometry.frame.1.max(1) as f32);
        let [x1, y1, x2, y2] = geometry.covered();
        [x1 / width, y1 / height, x2 / width, y2 / height]
    }

    /// The example in a part of the last frame, which is given as shares of its width and height. Returns whether there is any.
    pub fn example(&self, part: [f32; 4], example: &mut Vec<f32>) -> bool {
        let [left, top, right, bottom] = self.covered();
        let (width, height) = ((right - left).max(f32::EPSILON), (bottom - top).max(f32::EPSILON));
        let [x1, y1, x2, y2] = part;
        let part = [(x1 - left) / width, (y1 - top) / height, (x2 - left) / width, (y2 - top) / height];
        self.features.example(part, example)
    }
}

fn open_with(path: &Path, tensors: Vec<String>, options: &OpenOptions) -> Result<Model, TeachError> {
    let inside = Inside { tensors, ..Inside::default() };
    let options = OpenOptions { inside: Some(inside), adapter: None, ..options.clone() };
    match Model::open(path, &options) {
        // As backbones are: see `Backbone::open`.
        Err(ModelError::NotUnderstood { .. }) => {
            let overrides = as_features(path, options.overrides.clone().unwrap_or_default())?;
            Ok(Model::open(path, &OpenOptions { overrides: Some(overrides), ..options })?)
        }
        opened => Ok(opened?),
    }
}

/// Runs a model once to see which tensors near its end lie over the picture; of each size the one with the most channels, and of those
/// the last. The finest first. With it comes how frames are fitted into its input.
fn maps_of(path: &Path, options: &OpenOptions) -> Result<(Vec<FeatureMap>, Fit), TeachError> {
    let graph = Graph::read(path)?;
    let computed = graph.computed();
    let makes = |kind: &str| MAKE_FEATURES.contains(&kind);
    let nodes = graph.nodes().iter().rev().filter(|node| makes(node.op_type()));
    let names = nodes.filter_map(|node| node.output.first()).filter(|name| computed.contains(name.as_str()));
    // Outputs of the graph are shown anyway.
    let outputs: Vec<&str> = graph.outputs().collect();
    let mut names: Vec<String> =
        names.filter(|name| !outputs.contains(&name.as_str())).take(LOOKED_AT).cloned().collect();
    names.reverse();
    let places: HashMap<String, usize> =
        names.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
    let mut model = open_with(path, names, options)?;
    let mut found: Vec<(usize, FeatureMap)> = Vec::new();
    let frame = Frame::filled(64, 64, [114, 114, 114, 255]);
    let run = model.run_inside(&frame, &Thresholds::default(), &mut Results::default(), |outputs, fitted| {
        for output in outputs {
            let Some(place) = places.get(output.name) else { continue };
            // Quantised values count from a zero of their own.
            if !matches!(output.data, Data::F32(_)) {
                continue;
            }
            let Some(planes) = Planes::of_shape(output.shape, fitted.input) else { continue };
            let (width, height, channels) = (planes.width, planes.height, planes.count);
            let fits = channels >= CHANNELS && CELLS.contains(&(width * height));
            if !fits || planes.layout == PlaneLayout::Attention {
                continue;
            }
            found.push((*place, FeatureMap { tensor: output.name.to_owned(), width, height, channels }));
        }
    });
    if let Err(error) = run
        && !matches!(error, ModelError::UnexpectedOutput { .. })
    {
        return Err(error.into());
    }
    found.sort_by_key(|(place, map)| (map.width * map.height, map.channels, *place));
    let mut maps: Vec<FeatureMap> = Vec::new();
    for (_, map) in found.into_iter().rev() {
        if !maps.iter().any(|other| (other.width, other.height) == (map.width, map.height)) {
            maps.push(map);
        }
    }
    Ok((maps, model.spec().input.fit))
}
