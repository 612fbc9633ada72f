//! Where two forms of one network come apart, such as one in 32-bit floats and its int8 copy: their tensors compared layer by layer.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use super::graph::Graph;
use super::layers::Layers;
use super::tensor::{OwnedTensor, Values};
use crate::frame::Frame;
use crate::model::{Inside, Model, ModelError, OpenOptions, Results, Thresholds};

/// How far one tensor of both networks is apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// Its name in the first network, and the layer that makes it.
    pub tensor: String,
    pub layer: String,
    pub kind: String,
    /// The signal-to-noise ratio in decibels, 10·log₁₀(Σa² / Σ(a − b)²): 40 and more is hardly a difference, 20 a tenth of the values, below 10 little is
    /// the same; [`BROKEN`] where a value is a number in one network alone. `None`: no difference at all.
    pub snr_db: Option<f32>,
    /// The cosine of the angle between both; 1 is the same direction.
    pub cosine: f32,
    /// The greatest difference.
    pub greatest: f32,
}

/// The ratio of tensors of which one holds what isn't a number (an overflow, say), in decibels.
pub const BROKEN: f32 = -99.0;
/// More than this is no difference, in decibels.
const GOOD: f32 = 60.0;

/// How two networks compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// In the order of the first network's layers.
    pub tensors: Vec<Divergence>,
    /// The place in `tensors` where the ratio falls most from what the layer reads to what it makes.
    pub worst_step: Option<usize>,
    /// Layers of the first network that make float tensors. Those without a counterpart in the second aren't in `tensors`.
    pub layers: usize,
}

impl Comparison {
    /// Whether so few tensors have a counterpart that these are hardly two forms of one model.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.tensors.len() * 4 < self.layers
    }
}

/// Bytes of tensors that are held at once.
const ROOM: u64 = 128 << 20;

/// Compares all float tensors that both networks have under the same name (or under the name that ONNX Runtime's quantisation gives its copy) on one
/// frame. `layers` are those of the first. Both run several times where their tensors are large: not for a window's thread.
///
/// # Errors
/// As [`Model::open`] and [`Model::run`]; [`ModelError::CannotRun`] if no tensor is common to both.
pub fn compare(
    paths: [&Path; 2],
    layers: &Layers,
    options: &OpenOptions,
    frame: &Frame,
) -> Result<Comparison, ModelError> {
    let second = Graph::read(paths[1])?;
    let mut pairs = Vec::new();
    let mut comparison = Comparison::default();
    for layer in &layers.layers {
        let Some(size) = layer.size.as_ref().filter(|size| size.element.starts_with("float")) else {
            continue;
        };
        let Some(name) = layer.outputs.first() else { continue };
        comparison.layers += 1;
        let copy = format!("{name}_DequantizeLinear_Output");
        let other = [copy, name.clone()].into_iter().find(|name| second.producer(name).is_some());
        if let Some(other) = other {
            pairs.push((layer, name.clone(), other, size.count() * 4));
        }
    }
    if pairs.is_empty() {
        return Err(ModelError::CannotRun {
            path: paths[1].to_owned(),
            reason: "it has no tensor of the same name as the first model".into(),
            remedy: "Compare two forms of one model, exported or quantised from the same file.".into(),
        });
    }
    while !pairs.is_empty() {
        let mut bytes = 0;
        let fits = pairs.iter().take_while(|(.., size)| {
            bytes += size * 2;
            bytes <= ROOM
        });
        let count = fits.count().max(1);
        let batch: Vec<_> = pairs.drain(..count).collect();
        let a = tensors(paths[0], batch.iter().map(|(_, name, ..)| name.clone()), options, frame)?;
        let b = tensors(paths[1], batch.iter().map(|(_, _, name, _)| name.clone()), options, frame)?;
        for (layer, name, other, _) in batch {
            let find = |list: &[OwnedTensor], name: &str| list.iter().position(|tensor| tensor.name == name);
            let (Some(a), Some(b)) = (find(&a, &name).map(|n| &a[n]), find(&b, &other).map(|n| &b[n])) else {
                continue;
            };
            if let Some((snr_db, cosine, greatest)) = distance(a, b) {
                comparison.tensors.push(Divergence {
                    tensor: name,
                    layer: layer.name.clone(),
                    kind: layer.kind.clone(),
                    snr_db,
                    cosine,
                    greatest,
                });
            }
        }
    }
    comparison.worst_step = worst_step(&comparison.tensors, layers);
    Ok(comparison)
}

/// Where the ratio falls most from the tensors that a layer reads to the one that it makes.
fn worst_step(tensors: &[Divergence], layers: &Layers) -> Option<usize> {
    let found: HashMap<&str, usize> =
        tensors.iter().enumerate().map(|(place, tensor)| (&tensor.tensor[..], place)).collect();
    // Tensors that weren't compared are as good as what led to them.
    let mut ratios: HashMap<&str, f32> = HashMap::new();
    let mut worst: Option<(usize, f32)> = None;
    for layer in &layers.layers {
        let read = layer.inputs.iter().filter_map(|input| ratios.get(&input[..]));
        let before = read.copied().fold(GOOD, f32::min);
        let place = layer.outputs.first().and_then(|output| found.get(&output[..]));
        let after = match place {
            Some(place) => tensors[*place].snr_db.map_or(GOOD, |db| db.min(GOOD)),
            None => before,
        };
        if let Some(place) = place
            && before - after > worst.map_or(0.0, |(_, fall)| fall)
        {
            worst = Some((*place, before - after));
        }
        ratios.extend(layer.outputs.iter().map(|output| (&output[..], after)));
    }
    worst.map(|(place, _)| place)
}

/// Ratio in decibels, cosine and greatest difference of two tensors of one size.
fn distance(a: &OwnedTensor, b: &OwnedTensor) -> Option<(Option<f32>, f32, f32)> {
    let (Values::F32(a), Values::F32(b)) = (&a.values, &b.values) else { return None };
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let (mut aa, mut bb, mut ab, mut noise, mut greatest) = (0.0f64, 0.0f64, 0.0f64, 0.0f64, 0.0f32);
    let mut is_broken = false;
    for (a, b) in a.iter().zip(b) {
        if !a.is_finite() || !b.is_finite() {
            // The same infinity in both, as masks of attention have it, is no difference.
            is_broken |= a != b && !(a.is_nan() && b.is_nan());
            continue;
        }
        let (x, y) = (f64::from(*a), f64::from(*b));
        aa += x * x;
        bb += y * y;
        ab += x * y;
        noise += (x - y) * (x - y);
        greatest = greatest.max((a - b).abs());
    }
    let cosine = if aa > 0.0 && bb > 0.0 { (ab / (aa * bb).sqrt()) as f32 } else { 1.0 };
    let snr = if is_broken {
        Some(BROKEN)
    } else if noise == 0.0 {
        None
    } else {
        Some(((10.0 * (aa / noise).log10()) as f32).max(BROKEN))
    };
    Some((snr, cosine, greatest))
}

/// Tensors of a network for one frame, copied.
///
/// # Errors
/// As [`Model::open`] and [`Model::run`].
pub fn tensors(
    path: &Path,
    names: impl IntoIterator<Item = String>,
    options: &OpenOptions,
    frame: &Frame,
) -> Result<Vec<OwnedTensor>, ModelError> {
    let names: Vec<String> = names.into_iter().collect();
    let inside = Inside { tensors: names.clone(), ..Inside::default() };
    let options = OpenOptions { inside: Some(inside), cache: None, ..options.clone() };
    let mut model = Model::open(path, &options)?;
    let mut copies = Vec::new();
    model.run_inside(frame, &Thresholds::default(), &mut Results::default(), |outputs, _| {
        copies.extend(
            outputs.iter().filter(|output| names.iter().any(|n| n == output.name)).map(OwnedTensor::of),
        );
    })?;
    Ok(copies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::inside::layers::Layer;
    use crate::learn::inside::receptive_field::ReceptiveField;

    fn tensor(values: &[f32]) -> OwnedTensor {
        OwnedTensor { name: "x".into(), shape: vec![values.len()], values: Values::F32(values.to_vec()) }
    }

    #[test]
    fn the_distance_is_that_of_the_definition() {
        // Signal 100, noise 1: 20 dB.
        let (snr, cosine, greatest) =
            distance(&tensor(&[10.0, 0.0]), &tensor(&[10.0, 1.0])).expect("of one size");
        assert_eq!(snr, Some(20.0));
        assert!((cosine - 10.0 / 101f32.sqrt()).abs() < 1e-6);
        assert_eq!(greatest, 1.0);
        assert_eq!(distance(&tensor(&[1.0]), &tensor(&[1.0])), Some((None, 1.0, 0.0)));
        assert_eq!(distance(&tensor(&[1.0]), &tensor(&[1.0, 2.0])), None);
    }

    #[test]
    fn what_is_no_number_in_one_alone_is_no_likeness() {
        let of = |a: &[f32], b: &[f32]| distance(&tensor(a), &tensor(b)).and_then(|(snr, ..)| snr);
        assert_eq!(of(&[1.0, 2.0], &[1.0, f32::NAN]), Some(BROKEN));
        assert_eq!(of(&[1.0, 2.0], &[f32::INFINITY, 2.0]), Some(BROKEN));
        assert_eq!(of(&[1.0, f32::NEG_INFINITY], &[1.0, f32::NEG_INFINITY]), None, "a mask");
        assert_eq!(of(&[0.0, 0.0], &[0.0, 1.0]), Some(BROKEN), "nothing of it was there");
    }

    /// Two branches: one is bad from its first layer on, the other good; the arrow is at the bad one's first layer, whatever the order.
    #[test]
    fn the_worst_step_is_the_greatest_fall_along_the_graph() {
        let layer = |input: &str, output: &str| Layer {
            node: 0,
            name: output.into(),
            kind: "Conv".into(),
            inputs: vec![input.into()],
            outputs: vec![output.into()],
            size: None,
            parameters: 0,
            multiply_adds: 0,
            receptive_field: ReceptiveField::Unknown,
            precision: None,
            ms: None,
            provider: None,
        };
        let of = |name: &str, snr_db| Divergence {
            tensor: name.into(),
            layer: name.into(),
            kind: "Conv".into(),
            snr_db,
            cosine: 1.0,
            greatest: 0.0,
        };
        let layers = Layers {
            layers: vec![layer("x", "bad"), layer("x", "good"), layer("bad", "worse"), layer("good", "fine")],
            ..Layers::default()
        };
        let tensors =
            [of("bad", Some(20.0)), of("good", Some(50.0)), of("worse", Some(18.0)), of("fine", Some(45.0))];
        assert_eq!(worst_step(&tensors, &layers), Some(0));
        assert_eq!(worst_step(&[of("good", None)], &layers), None);
    }
}
