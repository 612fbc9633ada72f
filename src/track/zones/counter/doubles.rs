//! Two tracks of one object: the second one counts only when both part.

use super::Counter;
use crate::model::boxes::iou;
use crate::track::report::TrackReport;

/// A new track whose box overlaps as much as this with an older one's (IoU) may be the same object. Detectors leave two boxes of
/// one object up to the threshold of non-maximum suppression, usually 0.7: a car, and the car with its shadow.
const DOUBLE: f32 = 0.4;
/// So much of a box lies within another one of its class if it is a part of the same object.
const PART: f32 = 0.6;

impl Counter {
    /// The track of which a track may be the double; `None` for a track that is known not to be one.
    pub(super) fn known_double(&self, track: &TrackReport, all: &[TrackReport]) -> Option<u32> {
        let memory = |id: u32| self.find(id).ok().map(|place| &self.tracks[place]);
        let before = memory(track.id).map(|memory| memory.double_of);
        if before == Some(None) {
            return None;
        }
        let is_known =
            |id: u32| id != track.id && memory(id).is_some_and(|memory| memory.double_of.is_none());
        let known = all.iter().filter(|other| is_known(other.id));
        let doubles = known.filter_map(|other| {
            let already = before == Some(Some(other.id));
            Some((other.id, overlap(track, other, already)?))
        });
        doubles.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
    }

    /// If the track of which a track is the double isn't seen any more, the double goes on in its place.
    pub(super) fn replace_unseen(&mut self, id: u32, tracks: &[TrackReport]) {
        let seen = |id: u32| tracks.iter().any(|track| track.id == id && !track.predicted);
        let Ok(place) = self.find(id) else { return };
        let Some(older) = self.tracks[place].double_of else { return };
        if seen(older) || !seen(id) {
            return;
        }
        if let Ok(at) = self.find(older)
            && let Ok([double, older]) = self.tracks.get_disjoint_mut([place, at])
        {
            double.take_over(older);
            older.double_of = Some(id);
        }
    }
}

/// How far two tracks' boxes overlap, if they may be of the same object; `already`: they were so far.
fn overlap(a: &TrackReport, b: &TrackReport, already: bool) -> Option<f32> {
    let area = |[x1, y1, x2, y2]: [f32; 4]| (x2 - x1).max(0.0) * (y2 - y1).max(0.0);
    let (union, [p, q]) = (iou(&a.bbox, &b.bbox), [a.bbox, b.bbox]);
    let shared = area([p[0].max(q[0]), p[1].max(q[1]), p[2].min(q[2]), p[3].min(q[3])]);
    // A box of the same class that lies within the other one: a part of the object.
    let within = if a.class_id == b.class_id { shared / area(p).min(area(q)).max(1.0) } else { 0.0 };
    let is_double = if already {
        union >= DOUBLE / 2.0 || within >= PART / 2.0
    } else {
        union >= DOUBLE || within >= PART
    };
    is_double.then_some(union.max(0.5 * within))
}
