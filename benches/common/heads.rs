//! Outputs of networks that weren't run: the raw heads of YOLOv8 at 640×640, with as many objects as wanted.

use sightline::model::Results;
use sightline::model::families::{Context, Scratch, decode};
use sightline::model::geometry::Geometry;
use sightline::model::labels::Labels;
use sightline::model::spec::{Family, Fit, OutputSpec, Size, Spec, Task, Thresholds};
use sightline::model::tensor::{Data, Tensor};

/// Anchor points of a 640×640 input.
pub const ANCHORS: usize = 8400;
pub const CLASSES: usize = 80;
/// Prototypes of instance masks, and their side.
pub const PROTOTYPES: usize = 32;
pub const CELLS: usize = 160;
/// Anchors that see one object.
const EACH: usize = 8;

/// A pseudo-random number from 0 to 1.
fn random(n: usize) -> f32 {
    ((n as u32).wrapping_mul(0x9e37_79b1) >> 8) as f32 / 16_777_216.0
}

/// An Ultralytics head for a 1280×720 frame, with everything that decoding it needs.
#[derive(Debug)]
pub struct Head {
    spec: Spec,
    geometry: Geometry,
    pub thresholds: Thresholds,
    pub values: Vec<f32>,
    shape: [i64; 3],
    prototypes: Vec<f32>,
    scratch: Scratch,
    pub results: Results,
}

impl Head {
    /// `objects` things of `side` input pixels, each seen by eight anchors; everything else scores under 0.2.
    pub fn with(objects: usize, side: f32, task: Task) -> Self {
        let mut head = Self::empty(task);
        for anchor in 0..objects * EACH {
            let object = anchor / EACH;
            let score = 0.3 + 0.6 * random(anchor);
            let place = [80.0 + 480.0 * random(object * 3 + 1), 180.0 + 280.0 * random(object * 7 + 2)];
            head.put(anchor * (ANCHORS / (objects * EACH)).max(1), object * 13 % CLASSES, score, place, side);
        }
        head
    }

    /// The worst case: every anchor passes, with a score for every class, all of one class in the end, on one place less
    /// than results are kept, so that each is compared with every other place.
    pub fn worst() -> Self {
        let mut head = Self::empty(Task::Detect);
        for (n, value) in head.values[4 * ANCHORS..].iter_mut().enumerate() {
            *value = 0.3 + 0.3 * random(n);
        }
        for anchor in 0..ANCHORS {
            let place = anchor % (head.thresholds.max_det - 1);
            let at = [16.0 + (place % 24) as f32 * 26.0, 160.0 + (place / 24) as f32 * 24.0];
            head.put(anchor, 0, 0.7 + 0.3 * random(anchor), at, 20.0);
        }
        head
    }

    fn empty(task: Task) -> Self {
        let extra = if task == Task::Segment { PROTOTYPES } else { 0 };
        let rows = 4 + CLASSES + extra;
        let mut values: Vec<f32> = (0..rows * ANCHORS).map(|n| 0.2 * random(n)).collect();
        for (n, value) in values[(4 + CLASSES) * ANCHORS..].iter_mut().enumerate() {
            *value = random(n) - 0.5;
        }
        // Waves of a few periods: sums of them have slopes and edges as things have.
        let wave = |k: usize, x: usize, y: usize| {
            let [across, down, begin] = [1, 2, 3].map(|n| random(k * 3 + n) * std::f32::consts::TAU);
            4.0 * (across * x as f32 / 40.0 + down * y as f32 / 40.0 + begin).cos()
        };
        let cells = |k| (0..CELLS * CELLS).map(move |n| wave(k, n % CELLS, n / CELLS));
        let prototypes = (0..extra).flat_map(cells).collect();
        let spec = Spec {
            family: Family::Ultralytics,
            task,
            input: super::input(640),
            output: OutputSpec { classes: Some(CLASSES), ..OutputSpec::default() },
            labels: Labels::default(),
            companion: None,
            evidence: Vec::new(),
            confidence: 1.0,
        };
        Self {
            spec,
            geometry: Geometry::new((1280, 720), Size::Fixed { width: 640, height: 640 }, Fit::LETTERBOX),
            thresholds: Thresholds::default(),
            values,
            shape: [1, rows as i64, ANCHORS as i64],
            prototypes,
            scratch: Scratch::default(),
            results: Results::default(),
        }
    }

    fn put(&mut self, anchor: usize, class: usize, score: f32, [x, y]: [f32; 2], side: f32) {
        for (row, value) in [(0, x), (1, y), (2, side), (3, side), (4 + class, score)] {
            self.values[row * ANCHORS + anchor] = value;
        }
    }

    /// Decodes it, as after a run.
    pub fn decode(&mut self) {
        let cells = [1, PROTOTYPES as i64, CELLS as i64, CELLS as i64];
        let outputs = [
            Tensor { name: "output0", shape: &self.shape, data: Data::F32(&self.values) },
            Tensor { name: "output1", shape: &cells, data: Data::F32(&self.prototypes) },
        ];
        let used = if self.prototypes.is_empty() { 1 } else { 2 };
        let context = Context { spec: &self.spec, geometry: &self.geometry, thresholds: &self.thresholds };
        decode(&outputs[..used], context, &mut self.scratch, &mut self.results)
            .expect("a head of this shape");
    }

    /// Copies what decoding reads: the floor.
    pub fn copy_into(&self, copy: &mut Vec<f32>) {
        copy.resize(self.values.len() + self.prototypes.len(), 0.0);
        let (head, prototypes) = copy.split_at_mut(self.values.len());
        head.copy_from_slice(&self.values);
        prototypes.copy_from_slice(&self.prototypes);
    }
}
