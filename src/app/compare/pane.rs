//! One compared model on screen, and how several are arranged.

use std::path::Path;
use std::sync::Arc;

use egui::{Color32, Vec2};

use crate::app::view::View;
use crate::engine::Prediction;
use crate::library::{Kind, ModelEntry};
use crate::scene::montage::{MODEL_COLOURS, MODEL_LETTERS, grid};

/// Height of the strip above each preview.
pub(super) const HEADER: f32 = 48.0;
/// Height of the bar below.
pub(super) const BAR: f32 = 44.0;
pub(super) const GAP: f32 = 4.0;

/// A compared model as its part of the preview shows it.
pub(super) struct Pane<'a> {
    /// 0 is the first model.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) path: Option<&'a Path>,
    pub(super) prediction: Option<Arc<Prediction>>,
    pub(super) failed: Option<String>,
    pub(super) opening: bool,
}

/// The colour of a compared model.
pub(super) fn colour(index: usize) -> Color32 {
    let [r, g, b] = MODEL_COLOURS[index % MODEL_COLOURS.len()];
    Color32::from_rgb(r, g, b)
}

/// The letter of a compared model.
pub(super) fn letter(index: usize) -> &'static str {
    MODEL_LETTERS[index % MODEL_LETTERS.len()]
}

/// Columns and rows in which the previews are largest, and none is too narrow for its header.
pub(super) fn arrange(count: usize, room: Vec2, image: Option<(u32, u32)>) -> (usize, usize) {
    let (w, h) = image.map_or((16.0, 9.0), |(w, h)| (w as f32, h as f32));
    let scale = |(columns, rows): (usize, usize)| {
        let width = (room.x - GAP * (columns - 1) as f32) / columns as f32;
        let height = (room.y - GAP * (rows - 1) as f32) / rows as f32 - HEADER;
        if width < 180.0 && columns > 1 { 0.0 } else { (width / w).min(height / h) }
    };
    let shapes = (1..=count.max(1)).map(|columns| (columns, count.max(1).div_ceil(columns)));
    shapes.max_by(|a, b| scale(*a).total_cmp(&scale(*b))).unwrap_or_else(|| grid(count))
}

/// The models that can be compared.
pub(super) fn usable<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Arc<ModelEntry>> + use<'a> {
    view.library.models.iter().filter(|entry| matches!(entry.kind, Kind::Known(_)))
}
