//! Points on objects and on the background, and what they say from one image to the next.

use super::Similarity;
use super::fit::{self, Pair, Scratch, distance};
use super::flow::{self, Found};
use super::images::Image;
use super::object::{Object, Pose};

/// Rows and columns of points in a box.
const GRID: usize = 5;
/// An object with fewer points gets new ones.
const RESEED: usize = 8;
/// Points are also chosen so far outside a box, as a share of its size: the outline of a thing is what is found again best.
const MARGIN: f32 = 0.15;
/// Points whose way back ends farther from their beginning, in pixels of the small image, are left out.
const ERROR: f32 = 0.7;
/// Fewer points that agree say nothing.
const LEAST: usize = 3;
/// An object moves by itself if its points move by so many pixels of the small image beside the background.
const MOVES: f32 = 0.5;
/// Then points that move by less than this share of that belong to the background.
const BESIDE: f32 = 0.6;
/// An object that moved by so many pixels of the small image in a step and then by less than this share of it has been lost,
/// unless most of its points say so.
const STOPS_FROM: f32 = 1.0;
const STOPS_TO: f32 = 0.3;
/// Columns and rows of points for the motion of the camera.
const CAMERA: (usize, usize) = (8, 5);
/// If fewer than one in so many of them lies beside all objects, the points on objects count too.
const FEW: usize = 3;

/// Follows points; holds the buffers for that.
#[derive(Debug, Default)]
pub(super) struct Points {
    scratch: Scratch,
    found: Vec<Option<Found>>,
    pairs: Vec<Pair>,
    grid: Vec<[f32; 2]>,
    lengths: Vec<f32>,
}

impl Points {
    /// Estimates how the camera moved, in pixels of the small image, from points that `is_covered` (given a place in the frame) says no
    /// object covers. `None` if the points don't agree.
    pub fn camera(
        &mut self,
        from: &Image,
        to: &Image,
        is_covered: impl Fn([f32; 2]) -> bool,
    ) -> Option<Similarity> {
        let level = &from.pyramid.levels[0];
        let pixel = from.pyramid.pixel();
        let (columns, rows) = CAMERA;
        self.grid.clear();
        self.grid.extend((0..columns * rows).map(|cell| {
            let share = |at: usize, of: usize| (at as f32 + 0.5) / of as f32;
            [
                share(cell % columns, columns) * level.width as f32,
                share(cell / columns, rows) * level.height as f32,
            ]
        }));
        let is_covered = |point: &[f32; 2]| is_covered(point.map(|v| v * pixel));
        let free = self.grid.iter().filter(|point| !is_covered(point)).count();
        // Where objects fill the picture, points on them are better than few.
        if free >= columns * rows / FEW {
            self.grid.retain(|point| !is_covered(point));
        }
        let before = from.camera;
        let guess = |p: [f32; 2]| {
            let q = before.apply(p);
            [q[0] - p[0], q[1] - p[1]]
        };
        flow::track(&from.pyramid, &to.pyramid, &self.grid, guess, &mut self.found);
        self.pairs.clear();
        let good = self.grid.iter().zip(&self.found);
        self.pairs.extend(good.filter_map(|(p, f)| f.filter(|f| f.error < ERROR).map(|f| (*p, f.to))));
        fit::camera(&self.pairs, &mut self.scratch)
    }

    /// Moves one object from an image to the next.
    pub fn step(&mut self, object: &mut Object, from: &Image, to: &Image) {
        let pixel = from.pyramid.pixel();
        let seconds = ((to.time - from.time) as f32).max(1e-3);
        if object.points.len() < RESEED {
            seed(object, from);
        }
        let shift = object.velocity.map(|v| v * seconds / pixel);
        flow::track(&from.pyramid, &to.pyramid, &object.points, |_| shift, &mut self.found);
        self.choose(object, to.camera, pixel);
        let before = object.pose;
        let fit = fit::object(&self.pairs, &mut self.scratch).filter(|fit| fit.agreeing >= LEAST);
        // An object that leaves the picture leaves points of the background behind, which suddenly stand still.
        let fit = fit.map(|fit| (fit, object.anchor.moved(fit.motion, pixel))).filter(|(fit, pose)| {
            let moved = distance(pose.centre, before.centre) / pixel;
            let expected = shift[0].hypot(shift[1]);
            let stops = expected > STOPS_FROM && moved < expected * STOPS_TO;
            !stops || fit.agreeing > GRID * GRID / 2
        });
        object.points.clear();
        object.anchors.clear();
        let Some((fit, pose)) = fit else {
            object.lost.get_or_insert(to.time);
            let factor = (object.growth * seconds).exp();
            object.pose = Pose {
                centre: std::array::from_fn(|i| before.centre[i] + object.velocity[i] * seconds),
                scale: before.scale * factor,
                angle: before.angle,
            };
            return;
        };
        object.lost = None;
        object.pose = pose;
        object.velocity = std::array::from_fn(|i| (object.pose.centre[i] - before.centre[i]) / seconds);
        object.growth = (object.pose.scale / before.scale).ln() / seconds;
        let limit = fit.tolerance * 1.5;
        for pair in self.pairs.iter().filter(|pair| fit.error(pair) < limit) {
            object.anchors.push(pair.0);
            object.points.push(pair.1);
        }
    }

    /// Collects the points of an object that were found again: where they were chosen and where they are. Points of the
    /// background, which move as the camera does, are left out where the object itself moves otherwise.
    fn choose(&mut self, object: &Object, camera: Similarity, pixel: f32) {
        let good = || {
            let found = object.points.iter().zip(&object.anchors).zip(&self.found);
            found.filter_map(|((p, a), f)| f.filter(|f| f.error < ERROR).map(|f| (*p, *a, f.to)))
        };
        let beside = |p: [f32; 2], q: [f32; 2]| distance(camera.apply(p), q);
        // What lies in the middle of the box is most likely the object; its corners and what is around it may be background.
        let [x1, y1, x2, y2] = object.bbox().map(|v| v / pixel - 0.5);
        let is_inner = |[x, y]: [f32; 2]| {
            let from_centre = [(2.0 * x - x1 - x2) / (x2 - x1), (2.0 * y - y1 - y2) / (y2 - y1)];
            from_centre[0].hypot(from_centre[1]) < 1.0
        };
        self.lengths.clear();
        self.lengths.extend(good().filter(|(p, ..)| is_inner(*p)).map(|(p, _, q)| beside(p, q)));
        if self.lengths.len() < LEAST {
            self.lengths.clear();
            self.lengths.extend(good().map(|(p, _, q)| beside(p, q)));
        }
        let usual = fit::median(&mut self.lengths).unwrap_or(0.0);
        let least = if usual > MOVES { usual * BESIDE } else { -1.0 };
        self.pairs.clear();
        self.pairs.extend(good().filter(|(p, _, q)| beside(*p, *q) > least).map(|(_, a, q)| (a, q)));
    }
}

/// Chooses points for an object: in each cell of a grid over its box the one whose surroundings are easiest to find again.
fn seed(object: &mut Object, image: &Image) {
    object.points.clear();
    object.anchor = object.pose;
    let level = &image.pyramid.levels[0];
    let (right, bottom) = (level.width as f32, level.height as f32);
    let b = object.bbox().map(|v| v / image.pyramid.pixel() - 0.5);
    let b = [b[0].max(0.0), b[1].max(0.0), b[2].min(right), b[3].min(bottom)];
    let (w, h) = (b[2] - b[0], b[3] - b[1]);
    // Each cell is asked at four places.
    let at = |cell: usize, half: usize| {
        (1.0 + 2.0 * MARGIN) * (cell as f32 + 0.25 + 0.5 * half as f32) / GRID as f32 - MARGIN
    };
    for cell in 0..GRID * GRID {
        let place = |i: usize| [b[0] + w * at(cell % GRID, i % 2), b[1] + h * at(cell / GRID, i / 2)];
        let inside = |p: &[f32; 2]| (0.0..right).contains(&p[0]) && (0.0..bottom).contains(&p[1]);
        let best = (0..4)
            .map(place)
            .filter(inside)
            .map(|p| (flow::texture(&image.pyramid, p), p))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((texture, point)) = best
            && texture >= flow::TEXTURE
        {
            object.points.push(point);
        }
    }
    object.anchors.clone_from(&object.points);
}
