//! Where two forms of one network come apart, such as one in 32-bit floats and its int8 copy: their tensors compared layer by layer.

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
    /// the same. `None`: no difference at all.
    pub snr_db: Option<f32>,
    /// The cosine of the angle between both; 1 is the same direction.
    pub cosine: f32,
    /// The greatest difference.
    pub greatest: f32,
}

/// How two networks compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// In the order of the first network's layers.
    pub tensors: Vec<Divergence>,
    /// The place in `tensors` where the ratio falls most.
    pub worst_step: Option<usize>,
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
    for layer in &layers.layers {
        let Some(size) = layer.size.as_ref().filter(|size| size.element == "float") else { continue };
        let Some(name) = layer.outputs.first() else { continue };
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
    let mut comparison = Comparison::default();
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
    comparison.worst_step = worst_step(&comparison.tensors);
    Ok(comparison)
}

/// Where the ratio falls most from one tensor to the next.
fn worst_step(tensors: &[Divergence]) -> Option<usize> {
    /// More than this is hardly a difference.
    const GOOD: f32 = 60.0;
    let ratio =
        |place: usize| tensors.get(place).and_then(|tensor| tensor.snr_db).map_or(GOOD, |db| db.min(GOOD));
    let falls = (0..tensors.len()).map(|place| {
        let before = place.checked_sub(1).map_or(GOOD, ratio);
        (place, before - ratio(place))
    });
    falls.filter(|(_, fall)| *fall > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
}

/// Ratio in decibels, cosine and greatest difference of two tensors of one size.
fn distance(a: &OwnedTensor, b: &OwnedTensor) -> Option<(Option<f32>, f32, f32)> {
    let (Values::F32(a), Values::F32(b)) = (&a.values, &b.values) else { return None };
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let (mut aa, mut bb, mut ab, mut noise, mut greatest) = (0.0f64, 0.0f64, 0.0f64, 0.0f64, 0.0f32);
    for (a, b) in a.iter().zip(b) {
        let (x, y) = (f64::from(*a), f64::from(*b));
        aa += x * x;
        bb += y * y;
        ab += x * y;
        noise += (x - y) * (x - y);
        greatest = greatest.max((a - b).abs());
    }
    let snr = (noise > 0.0).then(|| (10.0 * (aa.max(f64::MIN_POSITIVE) / noise).log10()) as f32);
    let cosine = if aa > 0.0 && bb > 0.0 { (ab / (aa * bb).sqrt()) as f32 } else { 1.0 };
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
    fn the_worst_step_is_the_greatest_fall() {
        let of = |snr_db| Divergence {
            tensor: String::new(),
            layer: String::new(),
            kind: String::new(),
            snr_db,
            cosine: 1.0,
            greatest: 0.0,
        };
        let tensors = [of(None), of(Some(50.0)), of(Some(45.0)), of(Some(20.0)), of(Some(18.0))];
        assert_eq!(worst_step(&tensors), Some(3));
        assert_eq!(worst_step(&[of(None)]), None);
    }
}
