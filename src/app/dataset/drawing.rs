//! What is drawn point by point: outlines and keypoints.

use super::document::{Document, Edit};
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
    let label = super::shapes::pulled(&label, super::shapes::Part::Keypoint(n), at, at, size);
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
