//! What was counted, as a report says it.

use std::sync::Arc;

use super::super::geometry::Point;
use super::super::shapes::AtExercise;
use super::{Counter, is_one};
use crate::track::report::{
    Distance, ExerciseReport, LineReport, Presence, Repetitions, Report, TrackReport, ZoneReport,
};

impl Counter {
    /// Writes all counts into the report.
    pub(super) fn tell(&self, report: &mut Report) {
        report.scene = Some(Arc::clone(&self.scene));
        report.zones.resize_with(self.zones.len(), ZoneReport::default);
        for (i, (zone, told)) in self.zones.iter().zip(&mut report.zones).enumerate() {
            told.name = Arc::clone(&zone.counts.name);
            told.inside.clear();
            let inside = self.tracks.iter().filter_map(|memory| {
                let since_s = memory.zones[i].since_s?;
                Some(Presence { track_id: memory.id, class_id: memory.class_id, since_s })
            });
            told.inside.extend(inside);
            (told.entries, told.exits) = (zone.counts.entries, zone.counts.exits);
            told.capacity = zone.counts.capacity;
            told.classes.clone_from(&zone.counts.classes);
        }
        report.lines.resize_with(self.lines.len(), LineReport::default);
        for (line, told) in self.lines.iter().zip(&mut report.lines) {
            told.name = Arc::clone(&line.counts.name);
            (told.inward, told.outward) = (line.counts.inward, line.counts.outward);
            told.classes.clone_from(&line.counts.classes);
        }
        report.exercises.resize_with(self.scene.exercises.len(), ExerciseReport::default);
        for (i, told) in report.exercises.iter_mut().enumerate() {
            told.name = Arc::clone(&self.scene.exercises[i].name);
            told.people.clear();
            let people = self.tracks.iter().filter(|memory| memory.exercises[i].bent.is_some());
            told.people.extend(people.map(|memory| {
                let AtExercise { count, angle, bent, .. } = memory.exercises[i];
                Repetitions { track_id: memory.id, count, angle, bent: bent == Some(true) }
            }));
        }
        (report.heat.width, report.heat.height) = (self.heat.width, self.heat.height);
        report.heat.values.clone_from(&self.heat.values);
        self.tell_distances(report);
    }

    /// Finds the nearest neighbour of each track.
    fn tell_distances(&self, report: &mut Report) {
        report.distances.clear();
        let Some(distances) = &self.scene.distances else { return };
        let (w, h) = (f64::from(self.frame_size.0.max(1)), f64::from(self.frame_size.1.max(1)));
        let place = |track: &TrackReport| distances.look.anchor.of(track.bbox);
        let between = |a: Point, b: Point| match &self.ground {
            Some(ground) => {
                let on_ground = |[x, y]: Point| ground.apply([f64::from(x) / w, f64::from(y) / h]);
                let (a, b) = (on_ground(a)?, on_ground(b)?);
                Some((a[0] - b[0]).hypot(a[1] - b[1]) as f32)
            }
            None => Some((a[0] - b[0]).hypot(a[1] - b[1])),
        };
        let counts = |track: &&TrackReport| is_one(self.distance_classes.as_ref(), track.class_id);
        for track in report.tracks.iter().filter(counts) {
            let others = report.tracks.iter().filter(counts).filter(|other| other.id != track.id);
            let measured = others.filter_map(|other| Some((other, between(place(track), place(other))?)));
            let Some((other, value)) = measured.min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
            let (first, second) = if track.id < other.id { (track, other) } else { (other, track) };
            let tracks = [first.id, second.id];
            if report.distances.iter().all(|known| known.tracks != tracks) {
                let points = [place(first), place(second)];
                report.distances.push(Distance { tracks, points, value, metres: self.ground.is_some() });
            }
        }
    }
}

/// Empties what a counter writes into a report.
pub(super) fn clear(report: &mut Report) {
    report.scene = None;
    report.zones.clear();
    report.lines.clear();
    report.exercises.clear();
    report.distances.clear();
    report.heat.values.clear();
    (report.heat.width, report.heat.height) = (0, 0);
}
