//! What is drawn point by point: outlines and keypoints.

use super::document::{Document, Edit};
use super::shapes::{Part, box_between, box_corners};
use super::state::{DatasetPage, Tool};
use crate::app::intent::{DatasetIntent, Intent};
use crate::dataset::{Annotation, LabelPoint, Visibility};

/// The intent of a change.
pub(super) fn edit(edit: Edit) -> Intent {
    Intent::Dataset(DatasetIntent::Edit(edit))
}

/// The outline that was drawn becomes a label, if it has three corners.
pub(super) fn finish_outline(page: &mut DatasetPage) -> Option<Intent> {
    if page.canvas.draft.len() < 3 {
        return None;
    }
    let outline = std::mem::take(&mut page.canvas.draft);
    let class = page.new_class();
    let label = Annotation { polygons: vec![outline], ..Annotation::default() };
    let count = page.document.as_ref().map_or(0, |document| document.labels().len());
    page.canvas.take(Tool::Select);
    page.canvas.selected = Some(count);
    Some(edit(Edit::Add(class, Box::new(label))))
}

/// Puts what the tool draws into the middle of what is seen, for those who work with keys, which then move it: a box, an outline
/// of four corners, or the keypoint that comes next.
pub(super) fn put_new(page: &mut DatasetPage) -> Option<Intent> {
    if page.canvas.tool == Tool::Points {
        let (place, n) = page.next_point()?;
        let [x1, y1, x2, y2] = page.document.as_ref()?.labels().get(place)?.bbox;
        let put = put_point(page, [f64::midpoint(x1, x2), f64::midpoint(y1, y2)]);
        page.canvas.part = Some(Part::Keypoint(n));
        return put;
    }
    let size = page.document.as_ref()?.item()?.size;
    let part = |middle: f32, side: u32, by: f32| {
        f64::from(side) * (f64::from(middle) + f64::from(by / page.canvas.zoom))
    };
    let point = |by| [part(page.canvas.middle.x, size.0, by), part(page.canvas.middle.y, size.1, by)];
    let bbox = box_between(point(-0.125), point(0.125), size).map(f64::round);
    let mut label = Annotation { bbox, ..Annotation::default() };
    if page.canvas.tool == Tool::Outline {
        label.polygons = vec![box_corners(bbox).to_vec()];
    }
    let class = page.new_class();
    let count = page.document.as_ref().map_or(0, |document| document.labels().len());
    page.canvas.take(Tool::Select);
    page.canvas.select(Some(count));
    Some(edit(Edit::Add(class, Box::new(label))))
}

/// The keypoint that comes next isn't labelled.
pub(super) fn skip_point(page: &mut DatasetPage) {
    if let Some((_, n)) = page.next_point() {
        page.canvas.skipped.push(n);
    }
}

/// The keypoint that comes next is here.
pub(super) fn put_point(page: &DatasetPage, at: [f64; 2]) -> Option<Intent> {
    let (place, n) = page.next_point()?;
    let document = page.document.as_ref()?;
    let mut label = document.labels().get(place)?.clone();
    let count = document.keypoints_of(label.class)?.names.len();
    label.keypoints.resize(count.max(n + 1), LabelPoint::default());
    let size = document.item()?.size;
    let label = super::shapes::pulled(&label, Part::Keypoint(n), at, at, size);
    Some(edit(Edit::Put(place, Box::new(label))))
}

impl DatasetPage {
    /// The label with the outline of its mask, so that it can be changed.
    pub(super) fn with_outline(&self, label: &Annotation) -> Annotation {
        let current = self.document.as_ref().map_or(0, Document::current);
        let outlines = self.pictures.outlines(current, label);
        if label.polygons.is_empty() && !outlines.is_empty() {
            Annotation { polygons: outlines.to_vec(), mask: None, ..label.clone() }
        } else {
            label.clone()
        }
    }

    /// The label and the first keypoint of it that isn't labelled yet.
    pub(super) fn next_point(&self) -> Option<(usize, usize)> {
        let document = self.document.as_ref()?;
        let place = self.canvas.selected?;
        let label = document.labels().get(place)?;
        let count = document.keypoints_of(label.class)?.names.len();
        let missing = |n: &usize| {
            let point = label.keypoints.get(*n);
            point.is_none_or(|point| point.visibility == Visibility::NotLabelled)
        };
        let next = (0..count).find(|n| missing(n) && !self.canvas.skipped.contains(n))?;
        Some((place, next))
    }
}
