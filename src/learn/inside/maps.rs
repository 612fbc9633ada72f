//! The channels of a tensor as small images: feature maps of convolutions, channels of a transformer's patches, attention.

use std::cmp::Reverse;

use serde::Serialize;

use crate::frame::{Frame, PixelFormat};
use crate::model::tensor::{Data, Tensor};
use crate::scene::palette::viridis;

/// How the values of a tensor lie as planes over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaneLayout {
    /// Batch, channel, row, column.
    ChannelsFirst,
    /// Batch, row, column, channel.
    ChannelsLast,
    /// Batch, patch, channel; this many tokens come before those of the patches (class token, registers).
    Patches { before: usize },
    /// Batch, head, query, key: how much each patch looks at each other one.
    Attention,
}

/// A tensor read as planes: how many, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Planes {
    pub layout: PlaneLayout,
    pub count: usize,
    pub width: usize,
    pub height: usize,
}

/// Tokens that may come before those of the patches: none, a class token, a class token with four registers (`DINOv2`), a class token with
/// one for distillation (`DeiT`).
const BEFORE: [usize; 4] = [0, 1, 5, 2];

impl Planes {
    /// Reads a tensor as planes over an input of this width and height; `None` if it isn't any, such as a vector or a list of boxes, or holds fewer values than
    /// its shape says.
    #[must_use]
    pub fn of_tensor(tensor: &Tensor<'_>, input: (u32, u32)) -> Option<Self> {
        let mut planes = Self::of_shape(tensor.shape, input)?;
        // The attention of one patch adds up to 1; a padded feature map may have the same sides.
        if planes.layout == PlaneLayout::Attention {
            let row = || (0..planes.width).filter_map(|place| tensor.data.number(place));
            let is_attention = row().all(|value| value >= 0.0) && (row().sum::<f32>() - 1.0).abs() < 0.01;
            if !is_attention {
                planes.layout = PlaneLayout::ChannelsFirst;
            }
        }
        (planes.values() <= tensor.data.len()).then_some(planes)
    }

    /// As [`Self::of`], of a shape as a file has it: an open or a wrong side is 0.
    #[must_use]
    pub fn of_shape(shape: &[i64], input: (u32, u32)) -> Option<Self> {
        let shape: Vec<usize> = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        Self::of(&shape, input)
    }

    /// As [`Self::of_tensor`], as far as the shape tells.
    #[must_use]
    pub fn of(shape: &[usize], input: (u32, u32)) -> Option<Self> {
        let aspect = f64::from(input.0.max(1)) / f64::from(input.1.max(1));
        // How far two sides are from the shape of the image.
        let off = |height: usize, width: usize| (width as f64 / height.max(1) as f64 / aspect).ln().abs();
        match *shape {
            [_, 0, ..] | [_, _, 0, ..] | [_, _, _, 0] => None,
            [_, heads, a, b]
                if a == b && heads <= 64 && patches(a, input).is_some() && !is_feature_map(a, input) =>
            {
                Some(Self { layout: PlaneLayout::Attention, count: heads, width: b, height: a })
            }
            [_, a, b, c] => {
                let first = off(b, c) <= off(a, b) + 1e-9;
                let (layout, count, height, width) = if first {
                    (PlaneLayout::ChannelsFirst, a, b, c)
                } else {
                    (PlaneLayout::ChannelsLast, c, a, b)
                };
                (height * width > 1).then_some(Self { layout, count, width, height })
            }
            [1, tokens, channels] => {
                let (before, width, height) = patches(tokens, input)?;
                // A table of boxes isn't a grid of patches.
                let layout = PlaneLayout::Patches { before };
                (channels >= 8).then_some(Self { layout, count: channels, width, height })
            }
            _ => None,
        }
    }

    /// The place of a value among those of the tensor.
    #[must_use]
    pub fn place(&self, plane: usize, row: usize, column: usize) -> usize {
        match self.layout {
            PlaneLayout::ChannelsFirst | PlaneLayout::Attention => {
                (plane * self.height + row) * self.width + column
            }
            PlaneLayout::ChannelsLast => (row * self.width + column) * self.count + plane,
            PlaneLayout::Patches { before } => (before + row * self.width + column) * self.count + plane,
        }
    }

    /// How many values of a tensor it takes.
    #[must_use]
    pub fn values(&self) -> usize {
        let before = if let PlaneLayout::Patches { before } = self.layout { before } else { 0 };
        (self.height * self.width + before) * self.count
    }
}

/// Whether a square of this side is rather a feature map of the image than the attention among so many patches.
fn is_feature_map(side: usize, input: (u32, u32)) -> bool {
    let (width, height) = (input.0 as usize, input.1 as usize);
    width == height && (0..7).any(|power| width.div_ceil(1 << power) == side)
}

/// The grid of patches that has so many tokens: tokens before it, width, height. Patches have the sides that transformers use.
fn patches(tokens: usize, input: (u32, u32)) -> Option<(usize, usize, usize)> {
    const SIDES: [u32; 5] = [8, 14, 16, 28, 32];
    BEFORE.into_iter().find_map(|before| {
        let patches = tokens.checked_sub(before)?;
        SIDES.into_iter().find_map(|side| {
            let (width, height) = ((input.0 / side) as usize, (input.1 / side) as usize);
            (width * height == patches && patches >= 4).then_some((before, width, height))
        })
    })
}

/// The figures of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ChannelStats {
    pub channel: usize,
    pub min: f32,
    pub max: f32,
    pub mean: f32,
    /// Mean of the values without their signs: how active the channel is.
    pub activation: f32,
}

/// One channel as an image of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    pub stats: ChannelStats,
    pub width: usize,
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

/// In which order channels are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorting {
    /// The most active first.
    #[default]
    Activation,
    /// As in the tensor.
    Channel,
}

/// The channels of a tensor, the first of them as images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mosaic {
    /// How the tensor was read.
    pub planes: Option<Planes>,
    /// All channels, sorted.
    pub stats: Vec<ChannelStats>,
    /// The first of these as images.
    pub tiles: Vec<Tile>,
}

impl Mosaic {
    /// Reads a tensor; of its sorted channels, `most` become images whose sides have `side` values at most, by leaving values out. Buffers
    /// are used again. Memory is bounded by `most`·`side`².
    pub fn fill(
        &mut self,
        tensor: &Tensor<'_>,
        input: (u32, u32),
        sorting: Sorting,
        most: usize,
        side: usize,
    ) {
        self.stats.clear();
        self.planes = Planes::of_tensor(tensor, input);
        let Some(planes) = self.planes else {
            self.tiles.clear();
            return;
        };
        for channel in 0..planes.count {
            self.stats.push(stats(&planes, tensor.data, channel));
        }
        if sorting == Sorting::Activation {
            // Equal ones stay in the order of the tensor.
            self.stats.sort_by_key(|stats| Reverse(ordered(stats.activation)));
        }
        self.tiles.resize_with(most.min(planes.count), Tile::default);
        for (tile, stats) in self.tiles.iter_mut().zip(&self.stats) {
            tile.stats = *stats;
            fill_tile(tile, &planes, tensor.data, side.max(1));
        }
    }

    /// As [`Self::fill`], with the figures in the order of the tensor and images of these channels.
    pub fn fill_of(&mut self, tensor: &Tensor<'_>, input: (u32, u32), channels: &[usize], side: usize) {
        self.stats.clear();
        self.planes = Planes::of_tensor(tensor, input);
        let Some(planes) = self.planes else {
            self.tiles.clear();
            return;
        };
        self.stats.extend((0..planes.count).map(|channel| stats(&planes, tensor.data, channel)));
        let wanted = channels.iter().filter_map(|channel| self.stats.get(*channel));
        self.tiles.resize_with(wanted.clone().count(), Tile::default);
        for (tile, stats) in self.tiles.iter_mut().zip(wanted) {
            tile.stats = *stats;
            fill_tile(tile, &planes, tensor.data, side.max(1));
        }
    }

    /// One channel as an image, whole; `None` if there is none of that number.
    #[must_use]
    pub fn channel(&self, tensor: &Tensor<'_>, channel: usize) -> Option<Tile> {
        let planes = self.planes.filter(|planes| channel < planes.count)?;
        let mut tile = Tile { stats: stats(&planes, tensor.data, channel), ..Tile::default() };
        fill_tile(&mut tile, &planes, tensor.data, usize::MAX);
        Some(tile)
    }

    /// The images side by side, each stretched over its own values, with the most active at the left above: the first [`Self::drawn`] of them. A value
    /// takes `scale`² pixels, or fewer where the picture would get too large.
    #[must_use]
    pub fn picture(&self, scale: usize) -> Frame {
        let count = self.drawn();
        let fits = |scale: &usize| self.sheet(count, *scale).is_some_and(|sheet| sheet.pixels() <= LARGEST);
        let scale = (1..=scale.max(1)).rev().find(fits).unwrap_or(1);
        let Some(Sheet { columns, tile: (w, h), size: (width, height) }) = self.sheet(count, scale) else {
            return Frame::default();
        };
        let mut picture = Frame::filled(width as u32, height as u32, [24, 24, 24, 255]);
        for (place, tile) in self.tiles.iter().take(count).enumerate() {
            let (left, top) = ((place % columns) * w + GAP, (place / columns) * h + GAP);
            let colours = tile.colours();
            for y in 0..tile.height * scale {
                for x in 0..tile.width * scale {
                    let colour = colours[(y / scale) * tile.width + x / scale];
                    let at = ((top + y) * width + left + x) * 4;
                    picture.data[at..at + 3].copy_from_slice(&colour);
                }
            }
        }
        picture
    }

    /// How many of the images [`Self::picture`] draws: what would make it too large is left out.
    #[must_use]
    pub fn drawn(&self) -> usize {
        let fits = |count: &usize| self.sheet(*count, 1).is_some_and(|sheet| sheet.pixels() <= LARGEST);
        (1..=self.tiles.len()).rev().find(fits).unwrap_or(self.tiles.len().min(1))
    }

    /// How so many images lie side by side; `None` if there are none.
    fn sheet(&self, count: usize, scale: usize) -> Option<Sheet> {
        let first = self.tiles.first().filter(|_| count > 0)?;
        let columns = (count as f64).sqrt().ceil() as usize;
        let rows = count.div_ceil(columns.max(1));
        let (w, h) = (first.width * scale + GAP, first.height * scale + GAP);
        Some(Sheet { columns, tile: (w, h), size: (columns * w + GAP, rows * h + GAP) })
    }
}

/// Pixels between images.
const GAP: usize = 2;
/// A picture of images has no more pixels.
const LARGEST: usize = 16_000_000;

/// How images lie side by side.
struct Sheet {
    columns: usize,
    /// Width and height of one with its gap.
    tile: (usize, usize),
    /// Width and height of the whole.
    size: (usize, usize),
}

impl Sheet {
    fn pixels(&self) -> usize {
        self.size.0.saturating_mul(self.size.1)
    }
}

impl Tile {
    /// Its values as colours (viridis), the least dark and the greatest bright; what isn't a number is grey.
    #[must_use]
    pub fn colours(&self) -> Vec<[u8; 3]> {
        let ChannelStats { min, max, .. } = self.stats;
        let span = if max > min { max - min } else { 1.0 };
        let colour = |value: &f32| if value.is_nan() { [128; 3] } else { viridis((value - min) / span) };
        self.values.iter().map(colour).collect()
    }

    /// Its values as an image.
    #[must_use]
    pub fn picture(&self) -> Frame {
        let mut picture = Frame::default();
        picture.reset(self.width as u32, self.height as u32, PixelFormat::Rgba8);
        for (pixel, [r, g, b]) in picture.data.chunks_exact_mut(4).zip(self.colours()) {
            pixel.copy_from_slice(&[r, g, b, 255]);
        }
        picture
    }
}

fn ordered(value: f32) -> i32 {
    // Positive floats are in the order of their bits; what isn't a number comes last.
    if value.is_nan() { -1 } else { value.max(0.0).to_bits() as i32 }
}

fn stats(planes: &Planes, data: Data<'_>, channel: usize) -> ChannelStats {
    let (mut min, mut max, mut sum, mut absolute) = (f32::INFINITY, f32::NEG_INFINITY, 0.0f64, 0.0f64);
    let mut add = |value: f32| {
        min = min.min(value);
        max = max.max(value);
        sum += f64::from(value);
        absolute += f64::from(value.abs());
    };
    for row in 0..planes.height {
        let first = planes.place(channel, row, 0);
        let step = planes.place(channel, row, 1) - first;
        if let (Data::F32(values), 1) = (data, step) {
            values.get(first..first + planes.width).unwrap_or_default().iter().for_each(|v| add(*v));
        } else {
            (0..planes.width).filter_map(|column| data.number(first + column * step)).for_each(&mut add);
        }
    }
    let count = (planes.width * planes.height) as f64;
    ChannelStats {
        channel,
        min: if min.is_finite() { min } else { 0.0 },
        max: if max.is_finite() { max } else { 0.0 },
        mean: (sum / count) as f32,
        activation: (absolute / count) as f32,
    }
}

fn fill_tile(tile: &mut Tile, planes: &Planes, data: Data<'_>, side: usize) {
    let by = planes.width.max(planes.height).div_ceil(side).max(1);
    tile.width = planes.width.div_ceil(by);
    tile.height = planes.height.div_ceil(by);
    tile.values.clear();
    for row in (0..planes.height).step_by(by) {
        for column in (0..planes.width).step_by(by) {
            let place = planes.place(tile.stats.channel, row, column);
            tile.values.push(data.number(place).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_as_planes_of_the_image() {
        let of = |shape: &[usize], input| {
            Planes::of(shape, input).map(|planes| (planes.layout, planes.count, planes.width, planes.height))
        };
        assert_eq!(of(&[1, 64, 80, 80], (640, 640)), Some((PlaneLayout::ChannelsFirst, 64, 80, 80)));
        assert_eq!(of(&[1, 33, 33, 320], (257, 257)), Some((PlaneLayout::ChannelsLast, 320, 33, 33)));
        assert_eq!(of(&[1, 32, 60, 80], (640, 480)), Some((PlaneLayout::ChannelsFirst, 32, 80, 60)));
        // DINOv2 of 224: 16 × 16 patches and a class token.
        assert_eq!(of(&[1, 257, 384], (224, 224)), Some((PlaneLayout::Patches { before: 1 }, 384, 16, 16)));
        assert_eq!(of(&[1, 6, 257, 257], (224, 224)), Some((PlaneLayout::Attention, 6, 257, 257)));
        assert_eq!(of(&[1, 8400, 84], (640, 640)), None, "boxes of three sizes");
        assert_eq!(of(&[1, 64, 8400], (640, 640)), None, "a table of 8400 boxes isn't one of 8·8 patches");
        assert_eq!(of(&[1, 1000], (224, 224)), None);
        assert_eq!(of(&[1, 1280, 1, 1], (224, 224)), None);
        assert_eq!(of(&[1, 0, 4, 4], (224, 224)), None);
    }

    /// 256 pixels with a border of 2 have the side of a class token, a token for distillation and 16·16 patches.
    #[test]
    fn a_padded_map_is_no_attention() {
        let values = vec![0.5; 258 * 258];
        let tensor = Tensor { name: "x", shape: &[1, 1, 258, 258], data: Data::F32(&values) };
        let layout = |tensor: &Tensor<'_>| Planes::of_tensor(tensor, (256, 256)).map(|planes| planes.layout);
        assert_eq!(layout(&tensor), Some(PlaneLayout::ChannelsFirst));
        let even = vec![1.0 / 258.0; 258 * 258];
        assert_eq!(layout(&Tensor { data: Data::F32(&even), ..tensor }), Some(PlaneLayout::Attention));
    }

    #[test]
    fn the_most_active_channel_comes_first() {
        let values = [0.0, 1.0, 1.0, 0.0, -4.0, 2.0, 0.0, 2.0, f32::NAN, 0.0, 0.0, 0.0];
        let tensor = Tensor { name: "x", shape: &[1, 3, 2, 2], data: Data::F32(&values) };
        let mut mosaic = Mosaic::default();
        mosaic.fill(&tensor, (8, 8), Sorting::Activation, 2, 9);
        let order: Vec<(usize, f32)> = mosaic.stats.iter().map(|s| (s.channel, s.activation)).collect();
        assert_eq!(order[..2], [(1, 2.0), (0, 0.5)]);
        assert_eq!(order[2].0, 2, "what isn't a number comes last");
        assert_eq!(mosaic.tiles.len(), 2);
        assert_eq!(mosaic.tiles[0].values, [-4.0, 2.0, 0.0, 2.0]);
        assert_eq!((mosaic.tiles[0].stats.min, mosaic.tiles[0].stats.max), (-4.0, 2.0));
        assert_eq!(mosaic.tiles[0].colours()[0], viridis(0.0));
        let picture = mosaic.picture(3);
        assert_eq!((picture.width, picture.height), (18, 10));
        assert_eq!(mosaic.channel(&tensor, 0).map(|tile| tile.values), Some(vec![0.0, 1.0, 1.0, 0.0]));
        assert_eq!(mosaic.channel(&tensor, 3), None);
    }

    #[test]
    fn a_picture_of_very_many_maps_leaves_some_out() {
        let tile = Tile { width: 256, height: 256, values: vec![0.5; 256 * 256], ..Tile::default() };
        let mosaic = Mosaic { tiles: vec![tile; 400], ..Mosaic::default() };
        let drawn = mosaic.drawn();
        assert!((200..=240).contains(&drawn), "{drawn}");
        let picture = mosaic.picture(1);
        assert!((picture.width * picture.height) as usize <= LARGEST, "{}×{}", picture.width, picture.height);
        assert_eq!(mosaic.picture(4).data, picture.data);
        let few = Mosaic { tiles: mosaic.tiles[..9].to_vec(), ..Mosaic::default() };
        assert_eq!((few.drawn(), few.picture(1).width), (9, 3 * 258 + 2));
        assert_eq!((Mosaic::default().drawn(), Mosaic::default().picture(2).width), (0, 0));
    }

    #[test]
    fn channels_last_are_the_same_planes() {
        // Three channels of 2×4 (height × width), channel by channel 0.., 10.., 20...
        let values: Vec<f32> = (0..8).flat_map(|place| [0, 10, 20].map(|c| (c + place) as f32)).collect();
        let tensor = Tensor { name: "x", shape: &[1, 2, 4, 3], data: Data::F32(&values) };
        let mut mosaic = Mosaic::default();
        mosaic.fill(&tensor, (64, 32), Sorting::Channel, 3, 2);
        assert_eq!(mosaic.tiles[1].values, [10.0, 12.0], "every other value");
        assert_eq!(mosaic.stats[2].mean, 23.5);
    }
}
