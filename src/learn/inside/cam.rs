//! Activation maps: which parts of the image a result rests on, from the activations of one layer.
//!
//! - CAM (Zhou et al. 2016, arXiv 1512.04150) is exact where a classifier ends in the mean over the image and one linear layer: the
//!   score of a class is then the mean of its map, plus the bias.
//! - `EigenCAM` (Muhammad and Yeasin 2020, arXiv 2008.00299) takes the first principal component of any layer's activations. Its sign means nothing;
//!   [`super::why`] chooses it by the model's own score.

use super::layers::Layers;
use super::maps::{PlaneLayout, Planes};
use crate::model::tensor::Tensor;

/// A value for every cell of a layer, over the whole input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivationMap {
    pub width: usize,
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl ActivationMap {
    /// The values brought to 0..=1, negative ones to 0.
    #[must_use]
    pub fn normalised(&self) -> Vec<f32> {
        let most = self.values.iter().copied().fold(0.0f32, f32::max);
        self.values.iter().map(|value| if most > 0.0 { (value / most).max(0.0) } else { 0.0 }).collect()
    }

    /// The same with the other sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        for value in &mut self.values {
            *value = -*value;
        }
        self
    }
}

/// The first principal component of a layer's activations: for each cell, its vector of channels, less the mean of all cells, along the direction in
/// which these vectors differ most. Its sign means nothing. `None` if the tensor has no cells. `stop` is asked in every round; what comes of it
/// then is of no use.
#[must_use]
pub fn eigen_cam(features: &Tensor<'_>, input: (u32, u32), stop: &dyn Fn() -> bool) -> Option<ActivationMap> {
    /// Power iteration ends when the direction turns by less than this.
    const TURNED: f64 = 1e-12;
    let planes = Planes::of_tensor(features, input)?;
    let (cells, channels) = (planes.width * planes.height, planes.count);
    // One row a cell.
    let mut rows = vec![0.0f32; cells * channels];
    for channel in 0..channels {
        let mut sum = 0.0f64;
        for row in 0..planes.height {
            for column in 0..planes.width {
                let value = features.data.number(planes.place(channel, row, column)).unwrap_or_default();
                let value = if value.is_finite() { value } else { 0.0 };
                rows[(row * planes.width + column) * channels + channel] = value;
                sum += f64::from(value);
            }
        }
        let mean = (sum / cells as f64) as f32;
        for value in rows.iter_mut().skip(channel).step_by(channels) {
            *value -= mean;
        }
    }
    // It begins with a mix of all channels that no image is at a right angle to, as a single cell may be.
    let mut direction: Vec<f64> =
        (0..channels).map(|channel| 1.0 + (channel as f64 * 0.754_877_666).fract()).collect();
    let mut projection = vec![0.0f64; cells];
    let unit = |vector: &mut Vec<f64>| {
        let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length > 0.0 {
            for value in vector {
                *value /= length;
            }
        }
    };
    unit(&mut direction);
    for _ in 0..200 {
        if stop() {
            break;
        }
        for (value, row) in projection.iter_mut().zip(rows.chunks_exact(channels)) {
            *value = row.iter().zip(&direction).map(|(a, b)| f64::from(*a) * b).sum();
        }
        let mut next = vec![0.0f64; channels];
        for (value, row) in projection.iter().zip(rows.chunks_exact(channels)) {
            next.iter_mut().zip(row).for_each(|(sum, a)| *sum += f64::from(*a) * value);
        }
        unit(&mut next);
        let along: f64 = next.iter().zip(&direction).map(|(a, b)| a * b).sum();
        direction = next;
        if 1.0 - along.abs() < TURNED {
            break;
        }
    }
    for (value, row) in projection.iter_mut().zip(rows.chunks_exact(channels)) {
        *value = row.iter().zip(&direction).map(|(a, b)| f64::from(*a) * b).sum();
    }
    let values = projection.into_iter().map(|value| value as f32).collect();
    Some(ActivationMap { width: planes.width, height: planes.height, values })
}

/// The layer whose activations say most of what a network sees: the last of those with the smallest maps that has about as many
/// channels as any of them. The output of a backbone or neck, not the few channels of a head. Its tensor's name.
#[must_use]
pub fn usual_layer(layers: &Layers) -> Option<&str> {
    layer_at(layers, None)
}

/// As [`usual_layer`], of the maps with this stride in input pixels: of a detector with several levels, the one that finds objects of a size.
#[must_use]
pub fn layer_at(layers: &Layers, stride: Option<u32>) -> Option<&str> {
    let maps = layers.layers.iter().filter_map(|layer| {
        let size = layer.size.as_ref().filter(|size| size.element.starts_with("float"))?;
        let planes = Planes::of_shape(&size.shape, layers.input_size)?;
        let is_large = planes.width.min(planes.height) >= 4 && planes.count >= 2;
        (is_large && makes_features(&layer.kind)).then_some((layer, planes))
    });
    let maps: Vec<_> = maps.collect();
    let of_stride = |planes: &Planes| {
        matches!(planes.layout, PlaneLayout::ChannelsFirst | PlaneLayout::ChannelsLast)
            && is_at_stride(layers.input_size, planes, stride)
    };
    let is_patches = |planes: &Planes| matches!(planes.layout, PlaneLayout::Patches { .. });
    // A transformer has maps of one size, those of its patches, and goes on with tokens; what looks like tokens beside several sizes are queries or boxes.
    let mut sizes: Vec<usize> =
        maps.iter().filter(|(_, planes)| of_stride(planes)).map(|(_, planes)| planes.width).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let is_transformer = sizes.len() <= 1 && maps.iter().any(|(_, planes)| is_patches(planes));
    let chosen: Vec<_> = maps
        .into_iter()
        .filter(|(_, planes)| if is_transformer { is_patches(planes) } else { of_stride(planes) })
        .collect();
    let least = chosen.iter().map(|(_, planes)| planes.width * planes.height).min()?;
    let smallest = || chosen.iter().filter(|(_, planes)| planes.width * planes.height == least);
    let most = smallest().map(|(_, planes)| planes.count).max()?;
    let (layer, _) = smallest().rfind(|(_, planes)| planes.count * 2 >= most)?;
    layer.outputs.first().map(String::as_str)
}

/// Whether a layer of this kind computes features, rather than moving values about.
fn makes_features(kind: &str) -> bool {
    !matches!(
        kind,
        "Reshape"
            | "Transpose"
            | "TopK"
            | "Gather"
            | "GatherElements"
            | "GatherND"
            | "Slice"
            | "Pad"
            | "Expand"
            | "Tile"
            | "Squeeze"
            | "Unsqueeze"
            | "Split"
            | "GridSample"
            | "Cast"
            | "Resize"
            | "Upsample"
            | "Flatten"
    )
}

/// Whether planes are a feature map of the input at a stride: this one, or any power of two.
fn is_at_stride((width, height): (u32, u32), planes: &Planes, stride: Option<u32>) -> bool {
    let fits = |stride: u32| {
        // Without padding, a large map may be a cell smaller; with a border, one larger.
        let near = |side: u32, cells: usize| {
            let off = (side.div_ceil(stride) as usize).abs_diff(cells);
            off == 0 || off == 1 && (cells > 16 || !side.is_multiple_of(stride))
        };
        near(width, planes.width) && near(height, planes.height)
    };
    match stride {
        Some(stride) => fits(stride),
        None => [2, 4, 8, 16, 32, 64].into_iter().any(fits),
    }
}
