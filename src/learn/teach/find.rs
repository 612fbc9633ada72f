//! Finding by example: the features of a network at one place are compared with those at every other place, without any training.
//!
//! Features are the vectors of a feature map's cells or of a transformer's patches. They are compared by the cosine of the angle
//! between them, as Amir et al. do with the patches of a vision transformer ("Deep `ViT` Features as Dense Visual Descriptors", 2021,
//! arXiv:2112.05814). Three principal components of them make a picture whose colours are alike where the features are (Oquab et
//! al., `DINOv2`, 2023, arXiv:2304.07193, figure 1).

use crate::learn::inside::maps::Planes;
use crate::model::tensor::Tensor;

/// Principal components are found by so many cells at most, taken evenly.
const MOST_CELLS: usize = 1024;
/// Steps of the power iteration from nothing, and from the components of the frame before.
const STEPS: [usize; 2] = [64, 12];

/// The features of one frame: a vector for each cell of a grid that lies over the network's input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    pub width: usize,
    pub height: usize,
    /// How many numbers a vector has.
    pub channels: usize,
    /// The vectors, cell by cell, row by row.
    values: Vec<f32>,
    /// Their lengths.
    lengths: Vec<f32>,
}

impl Features {
    /// Features from vectors that follow each other, row by row; `None` if there are more or fewer values.
    #[must_use]
    pub fn new(width: usize, height: usize, channels: usize, values: Vec<f32>) -> Option<Self> {
        (values.len() == width * height * channels).then(|| {
            let mut features = Self { width, height, channels, values, lengths: Vec::new() };
            features.measure();
            features
        })
    }

    /// Reads the tensor of a network whose input has this width and height. Memory is used again. Returns whether it lies over
    /// the image at all.
    pub fn fill(&mut self, tensor: &Tensor<'_>, input: (u32, u32)) -> bool {
        let planes =
            Planes::of_shape(tensor.shape, input).filter(|planes| planes.values() <= tensor.data.len());
        self.values.clear();
        let Some(planes) = planes else {
            (self.width, self.height, self.channels) = (0, 0, 0);
            self.lengths.clear();
            return false;
        };
        (self.width, self.height, self.channels) = (planes.width, planes.height, planes.count);
        for row in 0..planes.height {
            for column in 0..planes.width {
                for plane in 0..planes.count {
                    let value = tensor.data.number(planes.place(plane, row, column)).unwrap_or(0.0);
                    self.values.push(if value.is_finite() { value } else { 0.0 });
                }
            }
        }
        self.measure();
        true
    }

    fn measure(&mut self) {
        self.lengths.clear();
        let lengths = self.values.chunks_exact(self.channels.max(1)).map(|vector| dot(vector, vector).sqrt());
        self.lengths.extend(lengths);
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.lengths.len()
    }

    /// The vector of a cell; empty if there is none.
    #[must_use]
    pub fn vector(&self, cell: usize) -> &[f32] {
        self.values.get(cell * self.channels..(cell + 1) * self.channels).unwrap_or_default()
    }

    /// The mean direction of the cells that a part of the input touches: x1, y1, x2, y2, each 0..=1 of the input's width and
    /// height. Written into `example`. Returns whether there is any: a part outside the input has none.
    pub fn example(&self, part: [f32; 4], example: &mut Vec<f32>) -> bool {
        example.clear();
        let [x1, y1, x2, y2] = part;
        let outside = x2 < 0.0 || y2 < 0.0 || x1 > 1.0 || y1 > 1.0;
        if outside || self.cells() == 0 || part.iter().any(|side| !side.is_finite()) {
            return false;
        }
        let cell = |share: f32, cells: usize| {
            ((share.clamp(0.0, 1.0) * cells as f32) as usize).min(cells.saturating_sub(1))
        };
        example.resize(self.channels, 0.0);
        // The right and lower edge of a box belong to the cell before, where they lie between two.
        let last = |low: f32, high: f32, cells: usize| {
            let edge = (high.clamp(0.0, 1.0) * cells as f32).ceil() as usize;
            edge.saturating_sub(1).clamp(cell(low, cells), cells.saturating_sub(1))
        };
        for row in cell(y1, self.height)..=last(y1, y2, self.height) {
            for column in cell(x1, self.width)..=last(x1, x2, self.width) {
                let at = row * self.width + column;
                let length = self.lengths[at];
                if length > 0.0 {
                    let vector = self.vector(at);
                    example.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value / length);
                }
            }
        }
        let length = dot(example, example).sqrt();
        if length > 0.0 {
            for value in example {
                *value /= length;
            }
        }
        length > 0.0
    }

    /// The cosine of the angle between `example` and each cell's vector, −1..=1, written into `similarity`; 0 for cells without any
    /// activation. Empty if `example` has another length.
    pub fn similarity(&self, example: &[f32], similarity: &mut Vec<f32>) {
        similarity.clear();
        if example.len() != self.channels || example.is_empty() {
            return;
        }
        let length = dot(example, example).sqrt();
        similarity.extend(self.values.chunks_exact(self.channels).zip(&self.lengths).map(|(vector, own)| {
            let both = length * own;
            if both > 0.0 { (dot(vector, example) / both).clamp(-1.0, 1.0) } else { 0.0 }
        }));
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums at once, which the compiler turns into one instruction.
    let mut sums = [0.0f32; 8];
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The three principal components of features, by power iteration with the components before taken out. They are kept from frame
/// to frame, so that colours don't jump.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "they are what it is made of")]
pub struct Components {
    components: [Vec<f32>; 3],
    mean: Vec<f32>,
    /// A vector that is being improved.
    next: Vec<f32>,
    centred: Vec<f32>,
    /// The place of each cell along each component.
    places: Vec<[f32; 3]>,
}

impl Components {
    /// Unit vectors along which the features vary most, the first the most; all zero where they don't vary any further.
    #[must_use]
    pub fn components(&self) -> &[Vec<f32>; 3] {
        &self.components
    }

    /// Forgets the components of the frame before: features of another tensor follow.
    pub fn clear(&mut self) {
        self.components.iter_mut().for_each(Vec::clear);
    }

    /// Finds the components of a frame's features and writes a colour for each cell into `colours`: the place along each component,
    /// from two standard deviations below the mean (0) to two above it (255), becomes red, green and blue.
    pub fn colours(&mut self, features: &Features, colours: &mut Vec<[u8; 3]>) {
        colours.clear();
        let (cells, channels) = (features.cells(), features.channels);
        if cells == 0 {
            return;
        }
        self.centre(features);
        let every = cells.div_ceil(MOST_CELLS).max(1);
        for place in 0..3 {
            self.find(place, channels, every);
        }
        self.places.clear();
        let components = &self.components;
        let rows = self.centred.chunks_exact(channels.max(1));
        self.places.extend(rows.map(|row| [0, 1, 2].map(|n: usize| dot(row, &components[n]))));
        let spread = [0, 1, 2].map(|n: usize| {
            let sum: f64 = self.places.iter().map(|place| f64::from(place[n]).powi(2)).sum();
            (sum / cells as f64).sqrt() as f32
        });
        colours.extend(self.places.iter().map(|place| {
            [0, 1, 2].map(|n: usize| {
                let share =
                    if spread[n] > 0.0 { (place[n] / (2.0 * spread[n])).clamp(-1.0, 1.0) } else { 0.0 };
                (127.5 + 127.5 * share).round() as u8
            })
        }));
    }

    fn centre(&mut self, features: &Features) {
        let (cells, channels) = (features.cells(), features.channels);
        self.mean.clear();
        self.mean.resize(channels, 0.0);
        for cell in 0..cells {
            self.mean.iter_mut().zip(features.vector(cell)).for_each(|(sum, value)| *sum += value);
        }
        self.mean.iter_mut().for_each(|sum| *sum /= cells as f32);
        self.centred.clear();
        for cell in 0..cells {
            let vector = features.vector(cell);
            self.centred.extend(vector.iter().zip(&self.mean).map(|(value, mean)| value - mean));
        }
    }

    /// Improves the component of this place: it is multiplied by the covariance again and again.
    fn find(&mut self, place: usize, channels: usize, every: usize) {
        let (before, rest) = self.components.split_at_mut(place);
        let Some(component) = rest.first_mut() else { return };
        let is_known = component.len() == channels && component.iter().any(|value| *value != 0.0);
        if !is_known {
            // The cell that is farthest from the mean, without the components before.
            component.clear();
            component.resize(channels, 0.0);
            let mut farthest = 0.0;
            for row in self.centred.chunks_exact(channels.max(1)).step_by(every) {
                self.next.clear();
                self.next.extend_from_slice(row);
                take_out(before, &mut self.next);
                let length = dot(&self.next, &self.next);
                if length > farthest {
                    farthest = length;
                    component.copy_from_slice(&self.next);
                }
            }
        }
        let scale: f32 = self.centred.iter().map(|value| value.abs()).fold(0.0, f32::max);
        for _ in 0..STEPS[usize::from(is_known)] {
            self.next.clear();
            self.next.resize(channels, 0.0);
            for row in self.centred.chunks_exact(channels.max(1)).step_by(every) {
                let along = dot(row, component);
                self.next.iter_mut().zip(row).for_each(|(sum, value)| *sum += along * value);
            }
            take_out(before, &mut self.next);
            let length = dot(&self.next, &self.next).sqrt();
            // What is left is the rounding of numbers of this size.
            if !length.is_finite() || length <= scale * scale * 1e-5 {
                component.fill(0.0);
                return;
            }
            for value in &mut self.next {
                *value /= length;
            }
            let unmoved = dot(&self.next, component) > 1.0 - 1e-7;
            component.copy_from_slice(&self.next);
            if unmoved {
                break;
            }
        }
        if !is_known {
            // A component may point either way: its largest number is positive.
            let largest =
                component.iter().copied().fold(0.0f32, |a, b| if b.abs() > a.abs() { b } else { a });
            if largest < 0.0 {
                for value in component {
                    *value = -*value;
                }
            }
        }
    }
}

/// Takes the directions of unit vectors out of a vector.
fn take_out(components: &[Vec<f32>], vector: &mut [f32]) {
    for component in components {
        let along = dot(vector, component);
        vector.iter_mut().zip(component).for_each(|(value, unit)| *value -= along * unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor::Data;

    fn close(a: &[f32], b: &[f32], within: f32) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within)
    }

    /// Three by two cells of two numbers.
    fn grid() -> Features {
        let values = vec![3.0, 4.0, 4.0, 3.0, 0.0, 0.0, -3.0, -4.0, 4.0, -3.0, 6.0, 8.0];
        Features::new(3, 2, 2, values).unwrap()
    }

    #[test]
    fn similarity_is_the_cosine_of_the_angle() {
        let features = grid();
        let (mut example, mut similarity) = (Vec::new(), Vec::new());
        // The cell at the left above.
        assert!(features.example([0.1, 0.2, 0.1, 0.2], &mut example));
        assert!(close(&example, &[0.6, 0.8], 1e-6), "{example:?}");
        features.similarity(&example, &mut similarity);
        // (3,4)·(4,3) = 24 of 25; (3,4)·(4,−3) = 0; a longer vector in the same direction is the same.
        assert!(close(&similarity, &[1.0, 0.96, 0.0, -1.0, 0.0, 1.0], 1e-6), "{similarity:?}");
        features.similarity(&[1.0], &mut similarity);
        assert!(similarity.is_empty(), "features of another tensor");
    }

    #[test]
    fn a_box_is_the_mean_direction_of_the_cells_that_it_touches() {
        let features = grid();
        let mut example = Vec::new();
        // The two upper cells at the left: (0.6, 0.8) and (0.8, 0.6).
        assert!(features.example([0.0, 0.0, 2.0 / 3.0, 0.5], &mut example));
        let half = 0.5f32.sqrt();
        assert!(close(&example, &[half, half], 1e-6), "{example:?}");
        assert!(!features.example([1.2, 0.0, 1.4, 0.5], &mut example), "outside");
        assert!(!features.example([0.99, 0.2, 0.99, 0.2], &mut example), "no activation");
        assert!(!features.example([f32::NAN; 4], &mut example));
        assert!(!Features::default().example([0.0, 0.0, 1.0, 1.0], &mut example));
        assert!(features.example([0.0, 0.9, 1.0, 1.0], &mut example), "the edge is the last cell's");
    }

    #[test]
    fn maps_and_tokens_are_read_as_the_network_lays_them_out() {
        // Two channels of 2×2: channel 0 is 1 2 3 4, channel 1 is 5 6 7 8.
        let data: Vec<f32> = (1..=8).map(|n| n as f32).collect();
        let mut features = Features::default();
        let shape = [1, 2, 2, 2];
        assert!(features.fill(&Tensor { name: "maps", shape: &shape, data: Data::F32(&data) }, (64, 64)));
        assert_eq!((features.width, features.height, features.channels), (2, 2, 2));
        assert_eq!(features.vector(1), [2.0, 6.0]);
        // A class token and four patches of eight numbers.
        let data: Vec<f32> = (0..40).map(|n| n as f32).collect();
        let shape = [1, 5, 8];
        assert!(features.fill(&Tensor { name: "tokens", shape: &shape, data: Data::F32(&data) }, (28, 28)));
        assert_eq!((features.width, features.height, features.channels), (2, 2, 8));
        assert_eq!(features.vector(0)[0], 8.0, "after the class token");
        let shape = [1, 40];
        assert!(!features.fill(&Tensor { name: "vector", shape: &shape, data: Data::F32(&data) }, (28, 28)));
        assert_eq!(features.cells(), 0);
    }

    #[test]
    fn principal_components_are_the_directions_of_the_greatest_spread() {
        // Points on an ellipsoid's axes: ±6 along (1,1,0,0)/√2, ±3 along (1,−1,0,0)/√2, ±1 along the third axis; mean (10,0,0,5).
        let half = 0.5f32.sqrt();
        let axes = [[half, half, 0.0, 0.0], [half, -half, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
        let mut values = Vec::new();
        for (axis, reach) in axes.iter().zip([6.0f32, 3.0, 1.0]) {
            for sign in [1.0, -1.0] {
                let mean = [10.0, 0.0, 0.0, 5.0];
                values.extend(axis.iter().zip(mean).map(|(part, mean)| mean + sign * reach * part));
            }
        }
        let features = Features::new(3, 2, 4, values).unwrap();
        let mut found = Components::default();
        let mut colours = Vec::new();
        found.colours(&features, &mut colours);
        for (component, axis) in found.components().iter().zip(&axes) {
            let along = dot(component, axis).abs();
            assert!((along - 1.0).abs() < 1e-4, "{component:?} is {axis:?}");
        }
        // Spread along the first axis: √(2·36/6); 6 is 0.866 of two of it.
        let reach = 6.0 / (2.0 * 12.0f32.sqrt());
        let expected = (127.5 + 127.5 * reach).round() as u8;
        assert_eq!((colours[0][0], colours[1][0]), (expected, 255 - expected), "{colours:?}");
        assert!(colours[0][1..].iter().all(|v| [127, 128].contains(v)), "the mean of the other two");
        // The same features again: nothing jumps.
        let before = colours.clone();
        found.colours(&features, &mut colours);
        assert_eq!(colours, before);
    }

    #[test]
    fn features_that_dont_vary_are_grey() {
        let features = Features::new(2, 2, 3, vec![7.0; 12]).unwrap();
        let mut colours = Vec::new();
        let mut found = Components::default();
        found.colours(&features, &mut colours);
        assert_eq!(colours, [[128; 3]; 4]);
        assert!(found.components().iter().flatten().all(|value| *value == 0.0));
    }
}
