//! Masks as run lengths: from outlines and back, their overlap, and COCO's compressed text.
//!
//! Outlines are filled as pycocotools fills them, so that areas and overlaps are the same to the pixel.

use super::types::{Polygon, hull_of};
use crate::save::rle::Rle;

/// A mask never has more pixels than this: 2³⁰.
const MAX_PIXELS: u64 = 1 << 30;
/// The outline is looked at five times as finely as its pixels.
const SCALE: f64 = 5.0;

/// Whether a mask's runs cover its size exactly.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn check(mask: &Rle) -> Result<(), String> {
    let [height, width] = mask.size;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        return Err(format!("a mask has {width} \u{d7} {height} pixels"));
    }
    let covered: u64 = mask.counts.iter().map(|&run| u64::from(run)).sum();
    if covered == pixels {
        Ok(())
    } else {
        Err(format!("a mask of {width} \u{d7} {height} pixels has runs of {covered} in all"))
    }
}

/// The pixels of an image of this size (width, height) that lie in any of the outlines.
#[must_use]
pub fn fill(polygons: &[Polygon], size: (u32, u32)) -> Rle {
    let mut filled = polygons.iter().map(|polygon| fill_one(polygon, size));
    let first = filled.next().unwrap_or_else(|| of_runs(size, &[]));
    filled.fold(first, |all, one| combine(&all, &one, |a, b| a || b))
}

/// The pixels of one outline, by the way that pycocotools goes: points along the outline in a grid five times as fine, of which those
/// count that cross a column's centre.
fn fill_one(polygon: &[[f64; 2]], (width, height): (u32, u32)) -> Rle {
    // What lies far outside can't be seen, and would take long.
    let limit = |v: f64, side: u32| {
        let side = f64::from(side).max(1.0);
        if v.is_nan() { 0.0 } else { v.clamp(-4.0 * side, 5.0 * side) }
    };
    let corners: Vec<[i64; 2]> = polygon
        .iter()
        .map(|&[x, y]| [limit(x, width), limit(y, height)].map(|v| (SCALE * v + 0.5) as i64))
        .collect();
    let mut crossings = Vec::new();
    let mut last: Option<[i64; 2]> = None;
    let (w, h) = (f64::from(width), f64::from(height));
    let mut visit = |u: i64, v: i64| {
        if let Some([lu, lv]) = last.replace([u, v])
            && u != lu
        {
            let x = (if u < lu { u } else { u - 1 }) as f64;
            let x = (x + 0.5) / SCALE - 0.5;
            if x.floor() == x && x >= 0.0 && x <= w - 1.0 {
                let y = (lv.min(v) as f64 + 0.5) / SCALE - 0.5;
                let y = y.clamp(0.0, h).ceil();
                crossings.push(x as u64 * u64::from(height) + y as u64);
            }
        }
    };
    for (index, &start) in corners.iter().enumerate() {
        let end = corners[(index + 1) % corners.len()];
        along(start, end, &mut visit);
    }
    crossings.sort_unstable();
    of_runs((width, height), &crossings)
}

/// Calls `visit` with each point of the grid on the way from `start` to `end`, both included.
fn along(start: [i64; 2], end: [i64; 2], visit: &mut impl FnMut(i64, i64)) {
    let (dx, dy) = ((end[0] - start[0]).abs(), (end[1] - start[1]).abs());
    let flat = dx >= dy;
    // Rounding is the same in both directions.
    let backwards = if flat { start[0] > end[0] } else { start[1] > end[1] };
    let [from, to] = if backwards { [end, start] } else { [start, end] };
    let steps = dx.max(dy);
    let slope = match (steps, flat) {
        (0, _) => 0.0,
        (_, true) => (to[1] - from[1]) as f64 / steps as f64,
        (_, false) => (to[0] - from[0]) as f64 / steps as f64,
    };
    for step in 0..=steps {
        let t = if backwards { steps - step } else { step };
        if flat {
            visit(t + from[0], (from[1] as f64 + slope * t as f64 + 0.5) as i64);
        } else {
            visit((from[0] as f64 + slope * t as f64 + 0.5) as i64, t + from[1]);
        }
    }
}

/// The mask that changes between outside and inside at each of these pixels, counted down the columns and in order.
fn of_runs((width, height): (u32, u32), changes: &[u64]) -> Rle {
    let pixels = u64::from(width) * u64::from(height);
    let mut counts: Vec<u32> = Vec::with_capacity(changes.len() + 1);
    let mut at = 0;
    let mut changes = changes.iter().copied().chain([pixels]).peekable();
    while let Some(change) = changes.next() {
        // Two changes at the same pixel undo each other.
        if changes.peek() == Some(&change) && change < pixels {
            changes.next();
            continue;
        }
        if change > at || counts.is_empty() {
            counts.push((change.min(pixels) - at) as u32);
            at = change.min(pixels);
        }
    }
    Rle { size: [height, width], counts }
}

/// The runs of a mask that are inside: first pixel and the one after the last.
fn inside(mask: &Rle) -> impl Iterator<Item = (u64, u64)> {
    let mut at = 0;
    mask.counts.iter().enumerate().filter_map(move |(index, &run)| {
        let start = at;
        at += u64::from(run);
        (index % 2 == 1 && run > 0).then_some((start, at))
    })
}

/// The mask of the pixels for which `keep` says so of both masks, which have one size.
fn combine(a: &Rle, b: &Rle, keep: impl Fn(bool, bool) -> bool) -> Rle {
    let mut changes: Vec<(u64, bool)> = Vec::new();
    for (mask, second) in [(a, false), (b, true)] {
        changes.extend(inside(mask).flat_map(|(start, end)| [(start, second), (end, second)]));
    }
    changes.sort_unstable();
    let (mut is_in, mut kept, mut out) = ([false; 2], false, Vec::new());
    for (at, second) in changes {
        is_in[usize::from(second)] ^= true;
        let now = keep(is_in[0], is_in[1]);
        if now != kept {
            kept = now;
            out.push(at);
        }
    }
    // Changes at one pixel cancel out in pairs.
    of_runs((a.size[1], a.size[0]), &out)
}

/// How many pixels are in both masks, which have one size.
#[must_use]
pub fn common(a: &Rle, b: &Rle) -> u64 {
    let (mut first, mut second) = (inside(a).peekable(), inside(b).peekable());
    let mut pixels = 0;
    while let (Some(&(a1, a2)), Some(&(b1, b2))) = (first.peek(), second.peek()) {
        pixels += a2.min(b2).saturating_sub(a1.max(b1));
        if a2 <= b2 {
            first.next()
        } else {
            second.next()
        };
    }
    pixels
}

/// The box around the pixels of a mask, x1, y1, x2, y2; `None` for an empty one.
#[must_use]
pub fn hull(mask: &Rle) -> Option<[f64; 4]> {
    let height = u64::from(mask.size[0].max(1));
    let corners = inside(mask).flat_map(|(start, end)| {
        let (left, right) = (start / height, (end - 1) / height);
        // A run that goes on in the next column reaches both its ends.
        let (top, bottom) =
            if left == right { (start % height, (end - 1) % height + 1) } else { (0, height) };
        [[left as f64, top as f64], [right as f64 + 1.0, bottom as f64]]
    });
    hull_of(corners)
}

/// COCO's compressed text of a mask's runs.
#[must_use]
pub fn compressed(mask: &Rle) -> String {
    let mut text = String::new();
    for (index, &run) in mask.counts.iter().enumerate() {
        let before = if index > 2 { i64::from(mask.counts[index - 2]) } else { 0 };
        let mut rest = i64::from(run) - before;
        loop {
            let bits = rest & 0x1f;
            rest >>= 5;
            let more = if bits & 0x10 == 0 { rest != 0 } else { rest != -1 };
            text.push(char::from((bits as u8 | if more { 0x20 } else { 0 }) + 48));
            if !more {
                break;
            }
        }
    }
    text
}

/// Reads COCO's compressed text for an image of this size (height, width).
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn decompressed(text: &str, size: [u32; 2]) -> Result<Rle, String> {
    let wrong = || "a mask's text is damaged".to_owned();
    let mut counts: Vec<u32> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(first) = bytes.next() {
        let (mut value, mut shift, mut byte) = (0_i64, 0, first);
        loop {
            let bits = byte.checked_sub(48).filter(|bits| *bits < 64).ok_or_else(wrong)?;
            if shift > 35 {
                return Err(wrong());
            }
            value |= i64::from(bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 == 0 {
                if bits & 0x10 != 0 {
                    value |= -1 << shift;
                }
                break;
            }
            byte = bytes.next().ok_or_else(wrong)?;
        }
        let before = if counts.len() > 2 { i64::from(counts[counts.len() - 2]) } else { 0 };
        counts.push(u32::try_from(value + before).map_err(|_| wrong())?);
    }
    let mask = Rle { size, counts };
    check(&mask)?;
    Ok(mask)
}

/// The outlines of a mask along the edges of its pixels, and how many holes it has, whose outlines aren't among them. Filled again,
/// they are the same mask but for the holes.
#[must_use]
pub fn outlines(mask: &Rle) -> (Vec<Polygon>, usize) {
    let Some((grid, [left, top, right, bottom])) = grid(mask) else { return (Vec::new(), 0) };
    trace(&grid, right - left, bottom - top, (left as f64, top as f64))
}

/// A mask's box (x1, y1, x2, y2) and its runs row by row within the box, beginning with outside; `None` for an empty mask.
#[must_use]
pub(super) fn rows(mask: &Rle) -> Option<([usize; 4], Vec<u32>)> {
    let (grid, bbox) = grid(mask)?;
    let mut counts = vec![0];
    let mut is_in = false;
    for pixel in grid {
        if pixel != is_in {
            is_in = pixel;
            counts.push(0);
        }
        if let Some(last) = counts.last_mut() {
            *last += 1;
        }
    }
    Some((bbox, counts))
}

/// The pixels of a mask row by row within its box; `None` for an empty one.
fn grid(mask: &Rle) -> Option<(Vec<bool>, [usize; 4])> {
    let [left, top, right, bottom] = hull(mask)?.map(|v| v as usize);
    let width = right - left;
    let mut grid = vec![false; width * (bottom - top)];
    let rows = mask.size[0] as usize;
    for (start, end) in inside(mask) {
        for pixel in start as usize..end as usize {
            grid[(pixel % rows - top) * width + pixel / rows - left] = true;
        }
    }
    Some((grid, [left, top, right, bottom]))
}

/// Follows the edges between pixels with the inside on the right. Pixels that touch only at a corner are parts of their own.
fn trace(grid: &[bool], width: usize, height: usize, offset: (f64, f64)) -> (Vec<Polygon>, usize) {
    const STEPS: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];
    let is_in = |x: i64, y: i64| {
        x >= 0
            && y >= 0
            && (x as usize) < width
            && (y as usize) < height
            && grid[y as usize * width + x as usize]
    };
    // The pixels to the right and to the left of an edge that leaves the corner (x, y) in a direction.
    let sides = |x: i64, y: i64, direction: usize| match direction {
        0 => (is_in(x, y), is_in(x, y - 1)),
        1 => (is_in(x - 1, y), is_in(x, y)),
        2 => (is_in(x - 1, y - 1), is_in(x - 1, y)),
        _ => (is_in(x, y - 1), is_in(x - 1, y - 1)),
    };
    let is_edge = |x: i64, y: i64, direction: usize| matches!(sides(x, y, direction), (true, false));
    let (mut outlines, mut holes) = (Vec::new(), 0);
    // Every outline has edges that go right, of which the first is met at its top left corner.
    let mut seen = vec![false; width * (height + 1)];
    for y in 0..=height {
        for x in 0..width {
            if seen[y * width + x] || !is_edge(x as i64, y as i64, 0) {
                continue;
            }
            let start = (x as i64, y as i64);
            let (mut at, mut direction) = (start, 0);
            let (mut points, mut twice_area): (Polygon, i64) = (Vec::new(), 0);
            loop {
                if direction == 0 {
                    seen[at.1 as usize * width + at.0 as usize] = true;
                }
                let (dx, dy) = STEPS[direction];
                let next = (at.0 + dx, at.1 + dy);
                twice_area += at.0 * next.1 - next.0 * at.1;
                // Right turns first: so parts that touch at a corner stay apart.
                let turned = [(direction + 1) % 4, direction, (direction + 3) % 4]
                    .into_iter()
                    .find(|&turn| is_edge(next.0, next.1, turn));
                let turned = turned.unwrap_or(direction);
                if turned != direction {
                    points.push([next.0 as f64 + offset.0, next.1 as f64 + offset.1]);
                }
                (at, direction) = (next, turned);
                if at == start && direction == 0 {
                    break;
                }
            }
            if twice_area > 0 {
                outlines.push(points);
            } else {
                holes += 1;
            }
        }
    }
    (outlines, holes)
}

/// The area of an outline in square pixels.
#[must_use]
pub fn area(polygon: &[[f64; 2]]) -> f64 {
    let next = polygon.iter().skip(1).chain(polygon.first());
    let twice: f64 = polygon.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    twice.abs() / 2.0
}

#[cfg(test)]
mod tests;
