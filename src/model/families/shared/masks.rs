//! Instance masks from prototypes: a detection's coefficients weigh the network's prototype maps; where the sum is above 0
//! (0.5 after a sigmoid) and inside the box is the thing (YOLACT, Bolya et al. 2019; `ultralytics/utils/ops.py`,
//! `process_mask_native`).

use std::ops::Range;

use crate::model::families::{Context, OutputError, Scratch};
use crate::model::geometry::Geometry;
use crate::model::results::{Mask, Results};
use crate::model::sampling::{Between, between};
use crate::model::spec::Detail;
use crate::model::tensor::Tensor;

/// Gives each detection its mask. `coefficient` returns a candidate's weight of a prototype, by anchor and number.
/// Detections that have no pixel inside lose their mask, and go where masks are wanted in full, as in Ultralytics.
pub fn attach(
    prototypes: &Tensor<'_>,
    coefficient: impl Fn(usize, usize) -> f32,
    context: &Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let (count, height, width) = (prototypes.axis(1), prototypes.axis(2), prototypes.axis(3));
    let values = prototypes.floats()?;
    if prototypes.shape.len() != 4 || values.is_empty() || prototypes.axis(0) != 1 {
        return Err(OutputError::PartShape {
            part: "its prototypes have",
            shape: prototypes.shape_text(),
            expected: "1×n×h×w".into(),
        });
    }
    let planes = |_| Planes { values, count, width, height };
    scratch.prototypes = count;
    if let Some(parts) = &mut scratch.mask_parts {
        let anchors = scratch.kept.iter().map(|kept| scratch.candidates[*kept].anchor);
        *parts = MaskParts::copied(&planes(0), anchors, &coefficient);
    }
    let weights = |anchor, weights: &mut Vec<f32>| weights.extend((0..count).map(|k| coefficient(anchor, k)));
    attach_each(planes, weights, context, scratch, results);
    Ok(())
}

/// Gives each detection the map of its own query, of `[1, queries, h, w]` logits (RF-DETR); otherwise as [`attach`].
pub fn attach_own(
    maps: &Tensor<'_>,
    context: &Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let (count, height, width) = (maps.axis(1), maps.axis(2), maps.axis(3));
    let values = maps.floats()?;
    let most = scratch.candidates.iter().map(|c| c.anchor).max().unwrap_or(0);
    if maps.shape.len() != 4 || values.is_empty() || maps.axis(0) != 1 || most >= count {
        return Err(OutputError::PartShape {
            part: "its masks have",
            shape: maps.shape_text(),
            expected: "1×queries×h×w".into(),
        });
    }
    let cells = width * height;
    let planes = |anchor| Planes { values: &values[anchor * cells..][..cells], count: 1, width, height };
    attach_each(planes, |_, weights| weights.push(1.0), context, scratch, results);
    Ok(())
}

/// Gives each detection the sum of its `planes` by its `weights`, both told by its anchor.
fn attach_each<'a>(
    planes: impl Fn(usize) -> Planes<'a>,
    weights: impl Fn(usize, &mut Vec<f32>),
    context: &Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) {
    let full = context.thresholds.detail == Detail::Full;
    let geometry = context.geometry;
    for (index, &kept) in scratch.kept.iter().enumerate() {
        let anchor = scratch.candidates[kept].anchor;
        let planes = planes(anchor);
        scratch.weights.clear();
        weights(anchor, &mut scratch.weights);
        let bbox = results.detections[index].bbox;
        let mut mask = results.take_mask();
        let any = if full {
            planes.in_full(
                &scratch.weights,
                bbox,
                geometry,
                (&mut scratch.logits, &mut scratch.wide),
                &mut mask,
            )
        } else {
            planes.coarse(&scratch.weights, bbox, geometry, &mut scratch.logits, &mut mask)
        };
        results.detections[index].mask = any.then_some(results.masks.len());
        if any {
            results.masks.push(mask);
        } else {
            results.give_mask(mask);
        }
    }
    if full {
        results.detections.retain(|d| d.mask.is_some());
    }
}

/// What the instance masks of a frame are sums of, as a copy: the prototypes, and each object's coefficients.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaskParts {
    /// How many prototypes there are.
    pub count: usize,
    /// Columns and rows of each.
    pub width: usize,
    pub height: usize,
    /// One prototype after the other, row by row; empty where there are too many to be copied.
    pub prototypes: Vec<f32>,
    /// `count` for each candidate that was kept, in their order; the first candidates alone where there are too many.
    pub coefficients: Vec<f32>,
}

impl MaskParts {
    /// Values of prototypes that are copied, at most: 32 MB.
    const MOST_VALUES: usize = 8 << 20;
    /// Coefficients that are copied, at most: 4 MB.
    const MOST_COEFFICIENTS: usize = 1 << 20;

    fn copied(
        planes: &Planes<'_>,
        anchors: impl Iterator<Item = usize>,
        coefficient: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let Planes { values, count, width, height } = *planes;
        let prototypes = if values.len() <= Self::MOST_VALUES { values.to_vec() } else { Vec::new() };
        let mut coefficients = Vec::new();
        for anchor in anchors.take(Self::MOST_COEFFICIENTS / count.max(1)) {
            coefficients.extend((0..count).map(|k| coefficient(anchor, k)));
        }
        Self { count, width, height, prototypes, coefficients }
    }

    /// The prototypes; `None` where they weren't copied.
    fn planes(&self) -> Option<Planes<'_>> {
        let Self { count, width, height, .. } = *self;
        let values = count.checked_mul(width)?.checked_mul(height).filter(|values| *values > 0)?;
        (values <= self.prototypes.len()).then_some(Planes { values: &self.prototypes, count, width, height })
    }

    /// The sum of the prototypes by these weights, row by row; empty where there are no prototypes.
    #[must_use]
    pub fn sum(&self, weights: &[f32]) -> Vec<f32> {
        let mut sum = Vec::new();
        if let Some(planes) = self.planes() {
            planes.sum(weights, (0, self.width), (0, self.height), &mut sum);
        }
        sum
    }

    /// The mask that the decoder makes of these weights for a box in frame pixels; `None` where nothing is inside.
    #[must_use]
    pub fn mask(&self, weights: &[f32], bbox: [f32; 4], geometry: &Geometry, detail: Detail) -> Option<Mask> {
        let planes = self.planes()?;
        let (mut logits, mut mask) = (Vec::new(), Mask::default());
        let any = match detail {
            Detail::Live => planes.coarse(weights, bbox, geometry, &mut logits, &mut mask),
            Detail::Full => {
                planes.in_full(weights, bbox, geometry, (&mut logits, &mut Vec::new()), &mut mask)
            }
        };
        any.then_some(mask)
    }

    /// Which columns and rows of the prototypes a box in frame pixels covers; `None` where there are none.
    #[must_use]
    pub fn cells(&self, bbox: [f32; 4], geometry: &Geometry) -> Option<[Range<usize>; 2]> {
        let [(x0, x1), (y0, y1)] = self.planes()?.cells(bbox, geometry);
        Some([x0..x1, y0..y1])
    }
}

struct Planes<'a> {
    values: &'a [f32],
    count: usize,
    width: usize,
    height: usize,
}

impl Planes<'_> {
    /// The weighed sum of the prototypes over a rectangle of cells, rows first.
    fn sum(&self, weights: &[f32], (x0, x1): (usize, usize), (y0, y1): (usize, usize), out: &mut Vec<f32>) {
        let across = x1 - x0;
        out.resize(across * (y1 - y0), 0.0);
        let plane = self.width * self.height;
        // Four prototypes at a time: a sum is then read and written a quarter as often.
        let (fours, rest) = weights[..weights.len().min(self.count)].as_chunks::<4>();
        for (row, y) in out.chunks_exact_mut(across.max(1)).zip(y0..y1) {
            row.fill(0.0);
            let part = |k: usize| &self.values[k * plane + y * self.width + x0..][..across];
            for (group, w) in fours.iter().enumerate() {
                let [a, b, c, d] = [0, 1, 2, 3].map(|k| part(group * 4 + k));
                for ((((sum, a), b), c), d) in row.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *sum = *sum + w[0] * a + w[1] * b + w[2] * c + w[3] * d;
                }
            }
            for (k, weight) in rest.iter().enumerate() {
                for (sum, value) in row.iter_mut().zip(part(fours.len() * 4 + k)) {
                    *sum += weight * value;
                }
            }
        }
    }

    /// Input pixels a cell, across and down.
    fn per_cell(&self, g: &Geometry) -> [f32; 2] {
        [g.input.0 as f32 / self.width as f32, g.input.1 as f32 / self.height as f32]
    }

    /// The columns and the rows that a box in frame pixels covers, each from the first to the one behind the last.
    fn cells(&self, bbox: [f32; 4], g: &Geometry) -> [(usize, usize); 2] {
        let per = self.per_cell(g);
        let [ax, ay] = g.to_input(bbox[0], bbox[1]);
        let [bx, by] = g.to_input(bbox[2], bbox[3]);
        let cells = |from: f32, to: f32, per: f32, most: usize| {
            let first = ((from / per).floor().max(0.0) as usize).min(most.saturating_sub(1));
            (first, ((to / per).ceil().max(0.0) as usize).clamp(first + 1, most))
        };
        [cells(ax, bx, per[0], self.width), cells(ay, by, per[1], self.height)]
    }

    /// The mask as the prototypes' cells have it, soft at its edge: for the live view, which smooths it itself.
    fn coarse(
        &self,
        weights: &[f32],
        bbox: [f32; 4],
        g: &Geometry,
        logits: &mut Vec<f32>,
        mask: &mut Mask,
    ) -> bool {
        let per = self.per_cell(g);
        let [(x0, x1), (y0, y1)] = self.cells(bbox, g);
        let across = x1 - x0;
        mask.width = across;
        mask.height = y1 - y0;
        let [left, top] = g.to_frame(x0 as f32 * per[0], y0 as f32 * per[1]);
        let [right, bottom] = g.to_frame(x1 as f32 * per[0], y1 as f32 * per[1]);
        mask.region = [left, top, right, bottom];
        self.sum(weights, (x0, x1), (y0, y1), logits);
        mask.data.clear();
        mask.data.extend(logits.iter().map(|logit| soft(*logit)));
        logits.iter().any(|logit| *logit > 0.0)
    }

    /// The mask pixel by pixel: the sum without the letterbox's padding, resized to the frame (bilinear, half-pixel centres),
    /// cut to the box, then compared with 0.
    fn in_full(
        &self,
        weights: &[f32],
        bbox: [f32; 4],
        g: &Geometry,
        (logits, wide): (&mut Vec<f32>, &mut Vec<f32>),
        mask: &mut Mask,
    ) -> bool {
        let (fw, fh) = g.frame;
        // A pixel is inside where its index is: from the first that isn't left of the box.
        let pixel = |v: f32, most: u32| (v.ceil().max(0.0) as u32).min(most);
        let (x0, x1) = (pixel(bbox[0], fw), pixel(bbox[2], fw));
        let (y0, y1) = (pixel(bbox[1], fh), pixel(bbox[3], fh));
        mask.region = [x0 as f32, y0 as f32, x1 as f32, y1 as f32];
        mask.width = x1.saturating_sub(x0) as usize;
        mask.height = y1.saturating_sub(y0) as usize;
        mask.data.clear();
        if mask.width == 0 || mask.height == 0 {
            return false;
        }
        let mut across = Taps::new(g.offset[0], g.scaled.0, g.input.0, self.width, fw);
        let mut down = Taps::new(g.offset[1], g.scaled.1, g.input.1, self.height, fh);
        let enlarged = across.whole_at().max(down.whole_at());
        across.enlarge(enlarged);
        down.enlarge(enlarged);
        // Only the cells around the box are summed.
        let cells = |taps: &Taps, from: u32, to: u32| (taps.at(from)[0].0, taps.at(to - 1)[3].0 + 1);
        let (cx, cy) = (cells(&across, x0, x1), cells(&down, y0, y1));
        self.sum(weights, cx, cy, logits);
        // Across first, then down: four cells each.
        let stride = cx.1 - cx.0;
        wide.clear();
        for row in logits.chunks_exact(stride) {
            wide.extend(
                (x0..x1).map(|x| across.at(x).iter().map(|(cell, w)| row[cell - cx.0] * w).sum::<f32>()),
            );
        }
        let mut any = false;
        for y in y0..y1 {
            let taps = down.at(y).map(|(cell, w)| (&wide[(cell - cy.0) * mask.width..], w));
            for x in 0..mask.width {
                let inside = taps.iter().map(|(row, w)| row[x] * w).sum::<f32>() > 0.0;
                any |= inside;
                mask.data.push(if inside { 255 } else { 0 });
            }
        }
        any
    }
}

/// 255 · σ(logit), rounded; off by one at most. Written with the first terms of tanh's continued fraction, which a
/// whole row goes through in vectors, where an exponential would be called cell by cell.
fn soft(logit: f32) -> u8 {
    let z = (logit * 0.5).clamp(-4.97, 4.97);
    let q = z * z;
    let tanh = z * (135_135.0 + q * (17_325.0 + q * (378.0 + q)))
        / (135_135.0 + q * (62_370.0 + q * (3_150.0 + q * 28.0)));
    (128.0 + 127.5 * tanh) as u8
}

/// Which cells a frame pixel lies between along an axis, and how much each counts.
///
/// Ultralytics enlarges the maps by 1, 2 or 4 first, so that the letterbox's padding ends between cells and can be cut off, then
/// resizes to the frame; both bilinear. A pixel lies between two points of the enlarged map, each of them between two cells.
struct Taps {
    cells: usize,
    enlarged: f32,
    first: f32,
    length: f32,
    ratio: f32,
}

impl Taps {
    fn new(offset: f32, scaled: u32, input: u32, cells: usize, frame: u32) -> Self {
        let scale = cells as f32 / input.max(1) as f32;
        let (first, length) = (offset.max(0.0) * scale, scaled as f32 * scale);
        Self { cells, enlarged: 1.0, first, length, ratio: length / frame.max(1) as f32 }
    }

    /// By how much the map must be enlarged for the frame to begin and end between cells.
    fn whole_at(&self) -> f32 {
        let whole = |by: f32| (self.first * by).fract() == 0.0 && (self.length * by).fract() == 0.0;
        [1.0, 2.0].into_iter().find(|by| whole(*by)).unwrap_or(4.0)
    }

    fn enlarge(&mut self, by: f32) {
        self.enlarged = by;
        self.first *= by;
        self.length *= by;
        self.ratio *= by;
    }

    fn at(&self, pixel: u32) -> [(usize, f32); 4] {
        let (least, most) = (self.first, (self.first + self.length - 1.0).max(self.first));
        let position = (self.first + (pixel as f32 + 0.5) * self.ratio - 0.5).clamp(least, most);
        let point = position.floor();
        let weight = position - point;
        let [a, b] = self.between(point);
        let [c, d] = self.between((point + 1.0).min(most));
        [(a.0, a.1 * (1.0 - weight)), (b.0, b.1 * (1.0 - weight)), (c.0, c.1 * weight), (d.0, d.1 * weight)]
    }

    /// The two cells that a point of the enlarged map lies between.
    fn between(&self, point: f32) -> [(usize, f32); 2] {
        let Between { first, second, weight } = between((point + 0.5) / self.enlarged - 0.5, self.cells);
        [(first, 1.0 - weight), (second, weight)]
    }
}

#[cfg(test)]
mod tests {
    use super::MaskParts;
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::families::{Context, Scratch, decode};
    use crate::model::geometry::Geometry;
    use crate::model::results::Results;
    use crate::model::spec::{Detail, Family, Task, Thresholds};
    use crate::model::tensor::{Data, Tensor};

    /// One detection over the left half of an 8×8 input; one prototype of 4×4 cells, positive in its left column.
    fn found(detail: Detail) -> Results {
        let mut spec = spec(Family::Ultralytics, Task::Segment, 8, 8);
        spec.output.classes = Some(1);
        let columns = vec![2.0, 4.0, 4.0, 8.0, 0.9, 1.0]; // cx cy w h, score, coefficient
        let prototypes: Vec<f32> = (0..16).map(|cell| if cell % 4 == 0 { 3.0 } else { -3.0 }).collect();
        let thresholds = Thresholds { detail, ..Thresholds::default() };
        let outputs: [(&str, &[i64], Vec<f32>); 2] =
            [("output0", &[1, 6, 1], columns), ("output1", &[1, 1, 4, 4], prototypes)];
        decode_with(&spec, (16, 16), &thresholds, &outputs).expect("fits")
    }

    #[test]
    fn a_full_mask_is_cut_at_the_zero_between_cells() {
        let results = found(Detail::Full);
        let mask = results.mask_of(&results.detections[0]).expect("a mask");
        assert_eq!((mask.region, mask.width, mask.height), ([0.0, 0.0, 8.0, 16.0], 8, 16));
        // Cells are 4 pixels wide with centres at 2 and 6: the sum crosses 0 at 4.
        assert_eq!(mask.data[..8], [255, 255, 255, 255, 0, 0, 0, 0]);
    }

    #[test]
    fn a_coarse_mask_is_the_cells_of_the_box() {
        let results = found(Detail::Live);
        let mask = results.mask_of(&results.detections[0]).expect("a mask");
        assert_eq!((mask.region, mask.width, mask.height), ([0.0, 0.0, 8.0, 16.0], 2, 4));
        assert!(mask.data[0] > 240 && mask.data[1] < 15);
    }

    #[test]
    fn a_soft_edge_is_the_sigmoid() {
        for logit in (-2000..=2000).map(|n| n as f32 / 100.0).chain([f32::INFINITY, f32::NEG_INFINITY]) {
            let sigmoid = (255.0 / (1.0 + (-logit).exp())).round();
            let soft = super::soft(logit);
            assert!((f32::from(soft) - sigmoid).abs() <= 1.0, "{logit}: {soft} is {sigmoid}");
            assert_eq!(soft >= 128, logit >= 0.0, "{logit} is inside where it is above 0");
        }
        assert_eq!(super::soft(f32::NAN), 0);
    }

    #[test]
    fn a_box_without_a_pixel_inside_is_no_thing_in_full() {
        let mut spec = spec(Family::Ultralytics, Task::Segment, 8, 8);
        spec.output.classes = Some(1);
        let outputs: [(&str, &[i64], Vec<f32>); 2] = [
            ("output0", &[1, 6, 1], vec![4.0, 4.0, 8.0, 8.0, 0.9, 1.0]),
            ("output1", &[1, 1, 2, 2], vec![-1.0; 4]),
        ];
        let run = |detail| {
            let thresholds = Thresholds { detail, ..Thresholds::default() };
            decode_with(&spec, (8, 8), &thresholds, &outputs).expect("fits").detections.len()
        };
        assert_eq!((run(Detail::Full), run(Detail::Live)), (0, 1));
    }

    #[test]
    fn what_masks_are_sums_of_is_copied_where_it_is_wanted_alone() {
        let mut spec = spec(Family::Ultralytics, Task::Segment, 8, 8);
        spec.output.classes = Some(1);
        // Two objects apart, the surer one last: cx, cy, w, h, score, two coefficients.
        let rows = [[2.0, 6.0], [4.0, 4.0], [4.0, 4.0], [8.0, 8.0], [0.6, 0.9], [1.0, -2.0], [0.5, 3.0]];
        let (rows, prototypes) = (rows.concat(), vec![1.0, -1.0, 0.0, 2.0, 4.0, 4.0, 1.0, 1.0]);
        let outputs = [
            Tensor { name: "output0", shape: &[1, 7, 2], data: Data::F32(&rows) },
            Tensor { name: "output1", shape: &[1, 2, 2, 2], data: Data::F32(&prototypes) },
        ];
        let thresholds = Thresholds::default();
        let geometry = Geometry::new((8, 8), spec.input.size, spec.input.fit);
        let context = Context { spec: &spec, geometry: &geometry, thresholds: &thresholds };
        let (mut scratch, mut results) = (Scratch::default(), Results::default());
        decode(&outputs, context, &mut scratch, &mut results).expect("fits");
        assert_eq!((scratch.prototypes, scratch.mask_parts.is_none()), (2, true));
        scratch.mask_parts = Some(MaskParts::default());
        decode(&outputs, context, &mut scratch, &mut results).expect("fits");
        let parts = scratch.mask_parts.expect("wanted");
        assert_eq!((parts.count, parts.width, parts.height), (2, 2, 2));
        assert_eq!((&parts.prototypes, &parts.coefficients), (&prototypes, &vec![-2.0, 3.0, 1.0, 0.5]));
        assert_eq!(parts.sum(&[-2.0, 3.0]), [10.0, 14.0, 3.0, -1.0]);
        for (place, detection) in results.detections.iter().enumerate() {
            let weights = &parts.coefficients[place * 2..][..2];
            let own = results.mask_of(detection);
            assert_eq!(parts.mask(weights, detection.bbox, &geometry, Detail::Live).as_ref(), own);
        }
        assert_eq!(parts.cells([0.0, 0.0, 4.0, 8.0], &geometry), Some([0..1, 0..2]));
        let none = MaskParts { prototypes: Vec::new(), ..parts };
        assert!(none.sum(&[1.0]).is_empty() && none.cells([0.0; 4], &geometry).is_none());
        assert!(none.mask(&[1.0], [0.0, 0.0, 8.0, 8.0], &geometry, Detail::Full).is_none());
    }
}
