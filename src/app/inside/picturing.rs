//! Values as pictures for the graphics card.

use std::sync::{Arc, LazyLock};

use egui::{Color32, ColorImage};

use super::found::{Pane, Sheet};
use crate::frame::Frame;
use crate::learn::inside::colours::inferno;
use crate::learn::inside::kernels::Kernels;
use crate::learn::inside::maps::Tile;
use crate::model::results::Mask;
use crate::scene::palette::viridis;

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// From the least, dark, to the greatest, bright.
    Range,
    /// Blue below 0, orange above, dark at 0.
    Difference,
    /// Heat, from none to the greatest.
    Heat,
}

/// Colours of 256 steps.
type Table = [Color32; 256];

static VIRIDIS: LazyLock<Table> = LazyLock::new(|| table(viridis));
static INFERNO: LazyLock<Table> = LazyLock::new(|| table(inferno));
static DIFFERENCE: LazyLock<Table> = LazyLock::new(|| table(difference));

fn table(of: fn(f32) -> [u8; 3]) -> Table {
    std::array::from_fn(|n| {
        let [r, g, b] = of(n as f32 / 255.0);
        Color32::from_rgb(r, g, b)
    })
}

/// From blue over almost black to orange; 0.5 is the middle.
pub fn difference(value: f32) -> [u8; 3] {
    let ends: [u8; 3] = if value < 0.5 { [0x4f, 0x9c, 0xff] } else { [0xff, 0x9e, 0x3d] };
    let middle: [u8; 3] = [0x14, 0x16, 0x1a];
    let part = ((value - 0.5).abs() * 2.0).powf(0.8);
    std::array::from_fn(|c| {
        let (a, b) = (f32::from(middle[c]), f32::from(ends[c]));
        (a + (b - a) * part).round() as u8
    })
}

/// The ends of what is stretched over the colours.
fn ends(colours: Colours, min: f32, max: f32) -> (f32, f32) {
    match colours {
        Colours::Range => (min, max),
        Colours::Difference => {
            let most = min.abs().max(max.abs());
            (-most, most)
        }
        Colours::Heat => (0.0, max.max(0.0)),
    }
}

fn push(pixels: &mut Vec<Color32>, values: &[f32], colours: Colours, min: f32, max: f32) {
    let table: &Table = match colours {
        Colours::Range => &VIRIDIS,
        Colours::Difference => &DIFFERENCE,
        Colours::Heat => &INFERNO,
    };
    let (low, high) = ends(colours, min, max);
    let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
    // Where all are equal: the middle of a difference, the dark end of anything else.
    let start = if scale == 0.0 && colours == Colours::Difference { 127.0 } else { 0.0 };
    pixels.extend(values.iter().map(|value| {
        if value.is_nan() {
            return Color32::GRAY;
        }
        table[((value - low) * scale + start).clamp(0.0, 255.0) as usize]
    }));
}

/// A picture of values with their figures.
#[must_use]
pub fn pane(width: usize, height: usize, values: Vec<f32>, colours: Colours) -> Pane {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (mut min, mut max) =
        (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    if min > max {
        (min, max) = (0.0, 0.0);
    }
    let sum: f64 = finite().map(f64::from).sum();
    let mean = (sum / finite().count().max(1) as f64) as f32;
    let mut pixels = Vec::with_capacity(values.len());
    push(&mut pixels, &values, colours, min, max);
    pixels.resize(width * height, Color32::GRAY);
    Pane { width, height, values, min, mean, max, image: Arc::new(ColorImage::new([width, height], pixels)) }
}

/// A picture of values whose colours go from `min` to `max`, whatever the values are; of a difference, as far to either side of 0.
#[must_use]
pub fn picture_of(
    width: usize,
    height: usize,
    values: &[f32],
    colours: Colours,
    (min, max): (f32, f32),
) -> Arc<ColorImage> {
    let mut pixels = Vec::with_capacity(values.len());
    push(&mut pixels, values, colours, min, max);
    pixels.resize(width * height, Color32::GRAY);
    Arc::new(ColorImage::new([width, height], pixels))
}

/// What is inside of a mask in one colour, the rest clear. Its longer side has `most` pixels at most, by leaving pixels out.
#[must_use]
pub fn mask_picture(mask: &Mask, [r, g, b]: [u8; 3], most: usize) -> Arc<ColorImage> {
    let step = mask.width.max(mask.height).div_ceil(most.max(1)).max(1);
    let size = [mask.width.div_ceil(step), mask.height.div_ceil(step)];
    let colour = |value: &u8| if *value >= 128 { Color32::from_rgb(r, g, b) } else { Color32::TRANSPARENT };
    let rows = mask.data.chunks_exact(mask.width.max(1)).take(mask.height).step_by(step);
    let mut pixels: Vec<Color32> = rows.flat_map(|row| row.iter().step_by(step).map(colour)).collect();
    pixels.resize(size[0] * size[1], Color32::TRANSPARENT);
    Arc::new(ColorImage::new(size, pixels))
}

/// An RGBA frame as a picture whose longer side has `most` pixels at most, by leaving pixels out.
#[must_use]
pub fn frame_picture(frame: &Frame, most: usize) -> Arc<ColorImage> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    if frame.data.len() < width * height * 4 || width == 0 || height == 0 {
        return Arc::default();
    }
    let step = width.max(height).div_ceil(most.max(1)).max(1);
    let size = [width.div_ceil(step), height.div_ceil(step)];
    let rows = frame.data.chunks_exact(width * 4).step_by(step);
    let pixels = rows.flat_map(|row| {
        row.chunks_exact(4).step_by(step).map(|pixel| Color32::from_rgb(pixel[0], pixel[1], pixel[2]))
    });
    Arc::new(ColorImage::new(size, pixels.collect()))
}

/// A map of 0..=1 as heat to be laid over a picture: clear where it is low.
#[must_use]
pub fn heat(width: usize, height: usize, values: &[f32]) -> Arc<ColorImage> {
    overlay(width, height, values, |value| 0.25 + 0.75 * value)
}

/// Scores of 0..=1 to lie over a picture: clear where there is none.
#[must_use]
pub fn over_picture(width: usize, height: usize, values: &[f32]) -> Arc<ColorImage> {
    overlay(width, height, values, f32::sqrt)
}

/// Values of 0..=1 in colours that cover as much as `opacity` says of each.
fn overlay(width: usize, height: usize, values: &[f32], opacity: fn(f32) -> f32) -> Arc<ColorImage> {
    let colour = |value: &f32| {
        let value = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
        let [r, g, b] = INFERNO[(value * 255.0) as usize].to_array()[..3].try_into().unwrap_or_default();
        Color32::from_rgba_unmultiplied(r, g, b, (opacity(value) * 255.0) as u8)
    };
    let mut pixels: Vec<Color32> = values.iter().map(colour).collect();
    pixels.resize(width * height, Color32::TRANSPARENT);
    Arc::new(ColorImage::new([width, height], pixels))
}

/// Fills a sheet with tiles of one size; its image is written again if nobody else holds it.
pub fn fill_sheet(sheet: &mut Sheet, tiles: &[Tile], colours: Colours) {
    let tile = tiles.first().map_or((0, 0), |tile| (tile.width, tile.height));
    let columns = columns(tiles.len());
    (sheet.tile, sheet.columns, sheet.count) = (tile, columns, tiles.len());
    let mut line = Vec::with_capacity(tile.0 * tile.1);
    fill(sheet, |place, put| {
        let Some(of) = tiles.get(place).filter(|of| (of.width, of.height) == tile) else { return };
        line.clear();
        push(&mut line, &of.values, colours, of.stats.min, of.stats.max);
        put(&line);
    });
}

/// The kernels of the first convolution in one picture, `most` at most.
#[must_use]
pub fn kernel_sheet(kernels: &Kernels, most: usize) -> Sheet {
    let count = kernels.count.min(most);
    let mut sheet =
        Sheet { tile: (kernels.width, kernels.height), columns: columns(count), count, ..Sheet::default() };
    fill(&mut sheet, |place, put| {
        let pixels: Vec<Color32> =
            kernels.picture(place).iter().map(|[r, g, b]| Color32::from_rgb(*r, *g, *b)).collect();
        put(&pixels);
    });
    sheet
}

fn columns(count: usize) -> usize {
    ((count as f64).sqrt().ceil() as usize).max(1)
}

/// Asks for the pixels of each tile and lays them into the sheet's image.
fn fill(sheet: &mut Sheet, mut of: impl FnMut(usize, &mut dyn FnMut(&[Color32]))) {
    let (w, h) = sheet.tile;
    let rows = sheet.count.div_ceil(sheet.columns.max(1));
    let size = [
        (sheet.columns.min(sheet.count) * (w + Sheet::GAP)).saturating_sub(Sheet::GAP),
        (rows * (h + Sheet::GAP)).saturating_sub(Sheet::GAP),
    ];
    let (columns, count) = (sheet.columns, sheet.count);
    let image = Arc::make_mut(&mut sheet.image);
    image.size = size;
    image.source_size = egui::vec2(size[0] as f32, size[1] as f32);
    image.pixels.clear();
    image.pixels.resize(size[0] * size[1], Color32::TRANSPARENT);
    if w == 0 || h == 0 {
        return;
    }
    for place in 0..count {
        let (left, top) = ((place % columns) * (w + Sheet::GAP), (place / columns) * (h + Sheet::GAP));
        of(place, &mut |pixels| {
            for (row, line) in pixels.chunks_exact(w).take(h).enumerate() {
                let at = (top + row) * size[0] + left;
                if let Some(to) = image.pixels.get_mut(at..at + w) {
                    to.copy_from_slice(line);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::inside::maps::ChannelStats;

    fn tile(values: [f32; 4]) -> Tile {
        let stats = ChannelStats { min: 0.0, max: 1.0, ..ChannelStats::default() };
        Tile { stats, width: 2, height: 2, values: values.to_vec() }
    }

    #[test]
    fn tiles_lie_side_by_side_in_a_sheet() {
        let mut sheet = Sheet::default();
        let tiles = [tile([0.0; 4]), tile([1.0; 4]), tile([0.0, 0.0, 0.0, 1.0])];
        fill_sheet(&mut sheet, &tiles, Colours::Range);
        assert_eq!((sheet.image.size, sheet.columns, sheet.count), ([5, 5], 2, 3));
        let [r, g, b] = viridis(1.0);
        let bright = Color32::from_rgb(r, g, b);
        let at = |x: usize, y: usize| sheet.image.pixels[y * 5 + x];
        assert_eq!((at(3, 0), at(4, 1), at(1, 4)), (bright, bright, bright));
        assert_eq!((at(2, 0), at(3, 3)), (Color32::TRANSPARENT, Color32::TRANSPARENT));
        fill_sheet(&mut sheet, &[], Colours::Range);
        assert_eq!(sheet.image.size, [0, 0]);
    }

    #[test]
    fn a_mask_is_coloured_where_it_is_inside_and_small_enough() {
        let mask = Mask { region: [0.0; 4], width: 3, height: 2, data: vec![255, 0, 128, 0, 255, 127] };
        let (on, off) = (Color32::from_rgb(9, 8, 7), Color32::TRANSPARENT);
        assert_eq!(mask_picture(&mask, [9, 8, 7], 3).pixels, [on, off, on, off, on, off]);
        let small = mask_picture(&mask, [9, 8, 7], 2);
        assert_eq!((small.size, &small.pixels[..]), ([2, 1], &[on, on][..]));
        assert_eq!(mask_picture(&Mask::default(), [0; 3], 2).size, [0, 0]);
    }

    #[test]
    fn the_middle_of_a_difference_is_dark_and_its_signs_differ() {
        let pane = pane(4, 1, vec![-2.0, 0.0, 2.0, f32::NAN], Colours::Difference);
        let [below, none, above, missing] = pane.image.pixels[..] else { panic!() };
        assert!(below.b() > below.r() && above.r() > above.b());
        assert!(none.r() < 30 && none.g() < 30 && none.b() < 30, "{none:?}");
        assert_eq!(missing, Color32::GRAY);
        assert_eq!((pane.min, pane.mean, pane.max), (-2.0, 0.0, 2.0));
        let same = super::pane(2, 1, vec![0.0, 0.0], Colours::Difference);
        assert_eq!(same.image.pixels[0], DIFFERENCE[127]);
    }
}
