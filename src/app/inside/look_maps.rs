//! A look at one tensor: its channels as pictures, sorted, compared with a frozen frame.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use super::found::{Large, MapsFound, Pane, Sheet};
use super::order::Order;
use super::picturing::{Colours, fill_sheet, pane};
use crate::app::intent::MapsOf;
use crate::frame::Frame;
use crate::learn::inside::maps::{Mosaic, Sorting, Tile};
use crate::learn::inside::tensor::OwnedTensor;
use crate::model::tensor::{Data, Tensor};
use crate::model::{Model, ModelError, Results};

/// Channels that are shown at once.
pub const PART: usize = 64;
/// Values along the longer side of a small map.
pub const SIDE: usize = 96;
/// Tensors with more values than this aren't frozen: 128 MB.
const MAX_FROZEN: usize = 32 << 20;
/// Values of a row, and rows, of a tensor that is shown row by row.
const ROWS: usize = 256;

/// What the order of the channels belongs to.
#[derive(PartialEq)]
struct Sorted {
    tensor: String,
    shape: Vec<i64>,
    /// The source.
    generation: u64,
    sorting: Sorting,
    sorts: u64,
}

/// What is kept from one look to the next.
#[derive(Default)]
pub struct MapsLook {
    mosaic: Mosaic,
    sorted: Option<Sorted>,
    /// The channels in the order in which they are shown.
    channels: Vec<usize>,
    frozen: Option<(u64, OwnedTensor)>,
    difference: Vec<f32>,
    results: Results,
    /// Two, so that one is free to be written.
    sheets: [Sheet; 2],
    turn: usize,
}

impl MapsLook {
    /// Runs the model on a frame and reads its tensor `name`.
    ///
    /// # Errors
    /// As [`Model::run`]; [`ModelError::RunFailed`] if the tensor doesn't come.
    pub fn look(
        &mut self,
        model: &mut Model,
        frame: &Arc<Frame>,
        name: &str,
        order: &Order,
    ) -> Result<MapsFound, ModelError> {
        let mut found = None;
        let mut results = std::mem::take(&mut self.results);
        let begin = Instant::now();
        model.run_inside(frame, &order.thresholds, &mut results, |outputs, geometry| {
            let ms = begin.elapsed().as_secs_f32() * 1000.0;
            let Some(tensor) = outputs.iter().find(|output| output.name == name) else { return };
            let mut maps = self.of_tensor(tensor, geometry.input, frame.generation, order);
            (maps.covered, maps.frame_size, maps.ms) = (geometry.covered(), geometry.frame, ms);
            found = Some(maps);
        })?;
        self.results = results;
        found.ok_or_else(|| ModelError::RunFailed {
            reason: format!("\u{201c}{name}\u{201d} holds no numbers that can be shown"),
        })
    }

    /// Reads a tensor.
    pub fn of_tensor(
        &mut self,
        tensor: &Tensor<'_>,
        input: (u32, u32),
        generation: u64,
        order: &Order,
    ) -> MapsFound {
        self.freeze(tensor, order);
        self.sort(tensor, input, generation, order);
        let mut found = MapsFound {
            tensor: tensor.name.to_owned(),
            shape: tensor.shape_text(),
            planes: self.mosaic.planes,
            of: MapsOf::Live,
            stats: Vec::new(),
            first: 0,
            sheet: Sheet::default(),
            large: None,
            rows: None,
            covered: [0.0; 4],
            frame_size: (0, 0),
            generation,
            input,
            ms: 0.0,
            frozen: self.frozen.as_ref().map(|(number, _)| *number),
            is_too_large: tensor.data.len() > MAX_FROZEN,
        };
        if self.mosaic.planes.is_none() {
            found.rows = Some(rows(tensor));
            return found;
        }
        let parts = self.channels.len().div_ceil(PART).max(1);
        found.first = order.part.min(parts - 1) * PART;
        let shown = self.channels.get(found.first..).unwrap_or_default();
        let shown = shown.get(..PART.min(shown.len())).unwrap_or_default().to_vec();
        let kept = self.frozen.as_ref().filter(|(_, kept)| same_shape(kept, tensor));
        let kept = kept.map(|(_, kept)| kept.floats());
        let shape: Vec<i64> = tensor.shape.to_vec();
        if let Some(frozen) = &kept {
            self.difference.clear();
            let live = (0..frozen.len()).map(|at| tensor.data.number(at).unwrap_or_default());
            self.difference.extend(live.zip(frozen.iter()).map(|(live, frozen)| live - frozen));
        }
        let of_kept =
            kept.as_ref().map(|values| Tensor { name: tensor.name, shape: &shape, data: Data::F32(values) });
        let difference = kept.as_ref().map(|_| Tensor {
            name: tensor.name,
            shape: &shape,
            data: Data::F32(&self.difference),
        });
        let (of, from, colours) = match (order.maps, &of_kept, &difference) {
            (MapsOf::Frozen, Some(kept), _) => (MapsOf::Frozen, kept, Colours::Range),
            (MapsOf::Difference, _, Some(difference)) => {
                (MapsOf::Difference, difference, Colours::Difference)
            }
            _ => (MapsOf::Live, tensor, Colours::Range),
        };
        found.of = of;
        self.mosaic.fill_of(from, input, &shown, SIDE);
        let by_channel = &self.mosaic.stats;
        found.stats = self.channels.iter().filter_map(|channel| by_channel.get(*channel).copied()).collect();
        let sheet = &mut self.sheets[self.turn];
        self.turn = 1 - self.turn;
        fill_sheet(sheet, &self.mosaic.tiles, colours);
        found.sheet = sheet.clone();
        // The only one is shown large at once.
        let only = Some(0).filter(|_| self.channels.len() == 1);
        found.large = order.channel.or(only).and_then(|channel| {
            let one =
                |tensor: &Tensor<'_>, colours| Some(as_pane(self.mosaic.channel(tensor, channel)?, colours));
            Some(Large {
                channel,
                live: one(tensor, Colours::Range)?,
                frozen: of_kept.as_ref().and_then(|kept| one(kept, Colours::Range)),
                difference: difference.as_ref().and_then(|tensor| one(tensor, Colours::Difference)),
            })
        });
        found
    }

    /// Lets go of the frozen copy.
    pub fn thaw(&mut self) {
        self.frozen = None;
        self.difference = Vec::new();
    }

    /// Copies the tensor once it is to be frozen, and lets go of an earlier copy.
    fn freeze(&mut self, tensor: &Tensor<'_>, order: &Order) {
        let is_kept =
            |(number, kept): &(u64, OwnedTensor)| Some(*number) == order.frozen && kept.name == tensor.name;
        if self.frozen.as_ref().is_some_and(is_kept) {
            return;
        }
        self.frozen = order
            .frozen
            .filter(|_| tensor.data.len() <= MAX_FROZEN)
            .map(|number| (number, OwnedTensor::of(tensor)));
        if self.frozen.is_none() {
            self.difference = Vec::new();
        }
    }

    /// Sorts the channels: once for a tensor and a source, so that maps keep their places while one looks at them.
    fn sort(&mut self, tensor: &Tensor<'_>, input: (u32, u32), generation: u64, order: &Order) {
        let of = Sorted {
            tensor: tensor.name.to_owned(),
            shape: tensor.shape.to_vec(),
            generation,
            sorting: order.sorting,
            sorts: order.sorts,
        };
        if self.sorted.as_ref() == Some(&of) {
            return;
        }
        self.sorted = Some(of);
        self.mosaic.fill_of(tensor, input, &[], SIDE);
        self.channels.clear();
        self.channels.extend(0..self.mosaic.stats.len());
        if order.sorting == Sorting::Activation {
            let stats = &self.mosaic.stats;
            // What isn't a number comes last.
            let key = |channel: &usize| {
                let activation = stats[*channel].activation;
                Reverse(if activation.is_nan() { -1 } else { activation.max(0.0).to_bits().cast_signed() })
            };
            self.channels.sort_by_key(key);
        }
    }
}

fn same_shape(kept: &OwnedTensor, tensor: &Tensor<'_>) -> bool {
    let sides = tensor.shape.iter().map(|n| usize::try_from(*n).unwrap_or(0));
    kept.shape.iter().copied().eq(sides)
}

fn as_pane(tile: Tile, colours: Colours) -> Pane {
    pane(tile.width, tile.height, tile.values, colours)
}

/// A tensor row by row: its last axis along a row; long ones are broken, large ones cut.
fn rows(tensor: &Tensor<'_>) -> Pane {
    let count = tensor.data.len();
    let last = tensor.shape.last().map_or(1, |n| usize::try_from(*n).unwrap_or(0)).max(1);
    let width = if count <= last { (count as f64).sqrt().ceil() as usize } else { last.min(ROWS) }.max(1);
    let height = if count <= last { count.div_ceil(width) } else { count.div_ceil(last) }.min(ROWS);
    let row = if count <= last { width } else { last };
    let value = |place: usize| tensor.data.number((place / width) * row + place % width).unwrap_or(f32::NAN);
    pane(width, height, (0..width * height).map(value).collect(), Colours::Range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order::default()
    }

    #[test]
    fn channels_keep_their_places_until_they_are_sorted_again() {
        let mut look = MapsLook::default();
        let shape = [1, 3, 2, 2];
        let of = |values: &[f32], look: &mut MapsLook, order: &Order, generation| {
            let tensor = Tensor { name: "x", shape: &shape, data: Data::F32(values) };
            let found = look.of_tensor(&tensor, (8, 8), generation, order);
            found.stats.iter().map(|stats| stats.channel).collect::<Vec<_>>()
        };
        let first = [0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0];
        let second = [9.0, 9.0, 9.0, 9.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(of(&first, &mut look, &order(), 1), [1, 2, 0]);
        assert_eq!(of(&second, &mut look, &order(), 1), [1, 2, 0], "they don't jump");
        assert_eq!(of(&second, &mut look, &Order { sorts: 1, ..order() }, 1), [0, 1, 2]);
        assert_eq!(of(&first, &mut look, &Order { sorts: 1, ..order() }, 2), [1, 2, 0], "another source");
    }

    #[test]
    fn frozen_maps_are_compared_value_by_value() {
        let mut look = MapsLook::default();
        let shape = [1, 1, 1, 2];
        let mut order = Order { frozen: Some(1), channel: Some(0), ..order() };
        let mut of = |values: &[f32], order: &Order| {
            let tensor = Tensor { name: "x", shape: &shape, data: Data::F32(values) };
            look.of_tensor(&tensor, (8, 4), 1, order)
        };
        assert_eq!(of(&[1.0, 2.0], &order).frozen, Some(1));
        order.maps = MapsOf::Difference;
        let found = of(&[1.5, 0.0], &order);
        assert_eq!(found.of, MapsOf::Difference);
        let large = found.large.unwrap();
        assert_eq!(large.live.values, [1.5, 0.0]);
        assert_eq!(large.frozen.unwrap().values, [1.0, 2.0]);
        assert_eq!(large.difference.unwrap().values, [0.5, -2.0]);
        order.frozen = None;
        let found = of(&[1.5, 0.0], &order);
        assert_eq!((found.of, found.frozen), (MapsOf::Live, None));
        order.frozen = Some(2);
        assert_eq!(of(&[3.0, 4.0], &order).frozen, Some(2));
        look.thaw();
        assert!(look.frozen.is_none() && look.difference.capacity() == 0, "its memory is free");
    }

    #[test]
    fn at_most_sixty_four_small_maps_are_made() {
        let values: Vec<f32> = (0..100 * 200 * 200).map(|n| (n / 40_000) as f32).collect();
        let tensor = Tensor { name: "x", shape: &[1, 100, 200, 200], data: Data::F32(&values) };
        let mut look = MapsLook::default();
        let found = look.of_tensor(&tensor, (200, 200), 1, &Order { part: 9, ..order() });
        assert_eq!((found.first, found.sheet.count, found.stats.len()), (64, 36, 100), "the last part");
        assert_eq!(found.sheet.tile, (67, 67));
        assert_eq!(found.stats[64].channel, 35);
    }

    #[test]
    fn a_tensor_that_is_no_stack_is_shown_row_by_row() {
        let values: Vec<f32> = (0..10).map(|n| n as f32).collect();
        let table = rows(&Tensor { name: "x", shape: &[1, 2, 5], data: Data::F32(&values) });
        assert_eq!((table.width, table.height, table.at(0.0, 0.9)), (5, 2, Some((0, 1, 5.0))));
        let vector = rows(&Tensor { name: "x", shape: &[1, 10], data: Data::F32(&values) });
        assert_eq!((vector.width, vector.height), (4, 3));
        assert_eq!(vector.at(0.0, 0.9), Some((0, 2, 8.0)));
    }
}
