//! Objects as images of their own.

use crate::frame::{Frame, PixelFormat};
use crate::model::labels::{Labels, Language};
use crate::model::results::Detection;

/// Returns the part of a frame (RGBA) that a box covers, in pixels of the frame; `None` if the box lies outside.
#[must_use]
pub fn cut_out(frame: &Frame, [x1, y1, x2, y2]: [f32; 4]) -> Option<Frame> {
    if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
        return None;
    }
    let edge = |value: f32, most: u32| (value.max(0.0) as u32).min(most);
    let (left, right) = (edge(x1.floor(), frame.width), edge(x2.ceil(), frame.width));
    let (top, bottom) = (edge(y1.floor(), frame.height), edge(y2.ceil(), frame.height));
    if right <= left || bottom <= top {
        return None;
    }
    let mut part = Frame::filled(right - left, bottom - top, [0, 0, 0, 255]);
    let bytes = (right - left) as usize * 4;
    for (row, target) in (top..bottom).zip(part.data.chunks_exact_mut(bytes)) {
        let start = (row as usize * frame.width as usize + left as usize) * 4;
        if let Some(source) = frame.data.get(start..start + bytes) {
            target.copy_from_slice(source);
        }
    }
    part.origin.clone_from(&frame.origin);
    Some(part)
}

/// What the file of an object is called: its class in English, and the number of its track or else its place among the
/// detections, counted from 1.
#[must_use]
pub fn object_name(detection: &Detection, place: usize, labels: &Labels) -> String {
    let class = labels.name(detection.class_id, Language::English);
    // A name of a file has 255 bytes at most, and more than this is put into it.
    let class: String = class.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
    match detection.track_id {
        Some(track) => format!("{class}-{track}"),
        None => format!("{class}-{}", place + 1),
    }
}
