//! Where points of one image lie in the next: the pyramidal method of Lucas and Kanade (B. Lucas and T. Kanade, "An iterative
//! image registration technique", 1981; J.-Y. Bouguet, "Pyramidal implementation of the affine Lucas Kanade feature
//! tracker", 2001), checked by tracking each point back again (Z. Kalal and others, "Forward-backward error", 2010).
//!
//! A window of the first image is sought in the second: Newton steps minimise the squared difference, from the coarsest
//! level to the finest. The gradients are centred, so that a change of brightness between the frames does not matter.

#![expect(
    clippy::needless_range_loop,
    reason = "plain loops over rows and columns of fixed size become vector code"
)]

use super::pyramid::{Level, Pyramid};

/// Width and height of a window in pixels; the point is in its middle.
const WINDOW: usize = 8;
/// With the pixel around it that the gradients need.
const PATCH: usize = WINDOW + 2;
/// A patch is read in rows of this many pixels, which is what vector registers hold.
const ROW: usize = 16;
/// The most Newton steps on a level.
const STEPS: usize = 10;
/// A step shorter than this, in pixels of the level, is the last one.
const CLOSE: f32 = 0.03;
/// The least curvature of a window, in squared grey values a pixel: less is a plain wall or a straight edge.
pub(super) const TEXTURE: f32 = 4.0;

/// A point found in the next image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// In pixels of the small image.
    pub to: [f32; 2],
    /// How far from its beginning it ends when it is tracked back, in pixels of the small image.
    pub error: f32,
}

/// Tracks points of `from` into `to`. `found` gets an entry a point. `guess` says about how far each of them moves.
pub(super) fn track(
    from: &Pyramid,
    to: &Pyramid,
    points: &[[f32; 2]],
    guess: impl Fn([f32; 2]) -> [f32; 2],
    found: &mut Vec<Option<Found>>,
) {
    found.clear();
    found.extend(points.iter().map(|&point| {
        let shift = guess(point);
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "the processor has AVX2")]
            // SAFETY: checked just now.
            return unsafe { forth_and_back_avx2(from, to, point, shift) };
        }
        forth_and_back(from, to, point, shift)
    }));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn forth_and_back_avx2(from: &Pyramid, to: &Pyramid, point: [f32; 2], shift: [f32; 2]) -> Option<Found> {
    forth_and_back(from, to, point, shift)
}

#[expect(clippy::inline_always, reason = "the loops take the vector width of the function that they end in")]
#[inline(always)]
fn forth_and_back(from: &Pyramid, to: &Pyramid, point: [f32; 2], shift: [f32; 2]) -> Option<Found> {
    let found = seek(from, to, point, shift)?;
    let back = seek(to, from, found, [-shift[0], -shift[1]])?;
    let error = (back[0] - point[0]).hypot(back[1] - point[1]);
    Some(Found { to: found, error })
}

/// Finds where the window around `point` of `from` lies in `to`.
#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn seek(from: &Pyramid, to: &Pyramid, point: [f32; 2], shift: [f32; 2]) -> Option<[f32; 2]> {
    let count = from.count.min(to.count);
    let mut shift = shift.map(|v| v / (1 << count) as f32);
    for level in (0..count).rev() {
        shift = shift.map(|v| v * 2.0);
        // The middle of a pixel of a coarser level lies between pixels of the finer one.
        let size = (1 << level) as f32;
        let at = point.map(|v| (v + 0.5) / size - 0.5);
        match refine(&from.levels[level], &to.levels[level], at, shift) {
            Some(refined) => shift = refined,
            // A coarse level may have no texture there, or end too soon.
            None if level > 0 => {}
            None => return None,
        }
    }
    let found = [point[0] + shift[0], point[1] + shift[1]];
    let level = &to.levels[0];
    let inside = found[0] > -0.5
        && found[1] > -0.5
        && found[0] < level.width as f32 - 0.5
        && found[1] < level.height as f32 - 0.5;
    inside.then_some(found)
}

/// A window of the first image, with its gradients.
struct Template {
    values: [[f32; WINDOW]; WINDOW],
    dx: [[f32; WINDOW]; WINDOW],
    dy: [[f32; WINDOW]; WINDOW],
    /// The inverse of the matrix of the gradients' products: xx, xy, yy.
    inverse: [f32; 3],
    /// The smaller eigenvalue of that matrix, per pixel.
    texture: f32,
}

impl Template {
    #[expect(clippy::inline_always, reason = "part of the loops above")]
    #[inline(always)]
    fn new(level: &Level, at: [f32; 2]) -> Option<Self> {
        let patch = sample(level, at, 1)?;
        let mut template = Self {
            values: [[0.0; WINDOW]; WINDOW],
            dx: [[0.0; WINDOW]; WINDOW],
            dy: [[0.0; WINDOW]; WINDOW],
            inverse: [0.0; 3],
            texture: 0.0,
        };
        let mut means = [[0.0; WINDOW]; 2];
        for r in 0..WINDOW {
            for c in 0..WINDOW {
                template.values[r][c] = patch[r + 1][c + 1];
                template.dx[r][c] = (patch[r + 1][c + 2] - patch[r + 1][c]) * 0.5;
                template.dy[r][c] = (patch[r + 2][c + 1] - patch[r][c + 1]) * 0.5;
            }
            for c in 0..WINDOW {
                means[0][c] += template.dx[r][c];
                means[1][c] += template.dy[r][c];
            }
        }
        let [mx, my] = means.map(|m| m.iter().sum::<f32>() / (WINDOW * WINDOW) as f32);
        let mut sums = [[0.0; WINDOW]; 3];
        for r in 0..WINDOW {
            for c in 0..WINDOW {
                template.dx[r][c] -= mx;
                template.dy[r][c] -= my;
                let (x, y) = (template.dx[r][c], template.dy[r][c]);
                sums[0][c] += x * x;
                sums[1][c] += x * y;
                sums[2][c] += y * y;
            }
        }
        let [xx, xy, yy] = sums.map(|s| s.iter().sum::<f32>());
        let determinant = xx * yy - xy * xy;
        let half = f32::midpoint(xx, yy);
        let least = half - (half * half - determinant).max(0.0).sqrt();
        template.texture = least / (WINDOW * WINDOW) as f32;
        template.inverse = [yy / determinant, -xy / determinant, xx / determinant];
        Some(template)
    }
}

#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn refine(from: &Level, to: &Level, at: [f32; 2], shift: [f32; 2]) -> Option<[f32; 2]> {
    let template = Template::new(from, at).filter(|t| t.texture >= TEXTURE)?;
    let [xx, xy, yy] = template.inverse;
    let mut shift = shift;
    for _ in 0..STEPS {
        let patch = sample(to, [at[0] + shift[0], at[1] + shift[1]], 0)?;
        let mut sums = [[0.0; WINDOW]; 2];
        for r in 0..WINDOW {
            for c in 0..WINDOW {
                let difference = template.values[r][c] - patch[r][c];
                sums[0][c] += difference * template.dx[r][c];
                sums[1][c] += difference * template.dy[r][c];
            }
        }
        let [bx, by] = sums.map(|s| s.iter().sum::<f32>());
        let (x, y) = (xx * bx + xy * by, xy * bx + yy * by);
        shift = [shift[0] + x, shift[1] + y];
        if x * x + y * y < CLOSE * CLOSE {
            break;
        }
    }
    shift.iter().all(|v| v.is_finite()).then_some(shift)
}

/// Returns the window whose middle is `at`, interpolated between pixels, with `around` more pixels on each side.
#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn sample(level: &Level, at: [f32; 2], around: usize) -> Option<[[f32; ROW]; PATCH]> {
    let first = at.map(|v| v - (WINDOW as f32 - 1.0) / 2.0 - around as f32);
    if !(first[0].abs() < 1e6 && first[1].abs() < 1e6) {
        return None;
    }
    let (x, y) = (first[0].floor(), first[1].floor());
    let (fx, fy) = (first[0] - x, first[1] - y);
    let (pixels, stride) = level.window(x as isize, y as isize, ROW + 1)?;
    let mut out = [[0.0; ROW]; PATCH];
    let rows = WINDOW + 2 * around;
    let mut above = along(pixels, fx)?;
    for (r, out) in out.iter_mut().enumerate().take(rows) {
        let below = along(pixels.get((r + 1) * stride..)?, fx)?;
        for c in 0..ROW {
            out[c] = above[c] + (below[c] - above[c]) * fy;
        }
        above = below;
    }
    Some(out)
}

/// Interpolates a row between its pixels.
#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn along(pixels: &[u8], fx: f32) -> Option<[f32; ROW]> {
    let pixels: &[u8; ROW + 1] = pixels.first_chunk()?;
    let mut out = [0.0; ROW];
    for c in 0..ROW {
        let (left, right) = (f32::from(pixels[c]), f32::from(pixels[c + 1]));
        out[c] = left + (right - left) * fx;
    }
    Some(out)
}

/// Returns how much the surroundings of a point look different in every direction; see [`TEXTURE`].
pub(super) fn texture(image: &Pyramid, point: [f32; 2]) -> f32 {
    Template::new(&image.levels[0], point).map_or(0.0, |template| template.texture)
}
