//! One track at one zone, at one line and in one exercise: what is remembered between results.

use super::confirm::{Change, confirm};
use super::geometry::{self, Point};
use super::scene_file::{Counting, Exercise};

/// When a result was made, and what it takes for a change to count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub now_s: f64,
    /// The track was not measured in this result.
    pub predicted: bool,
    /// A position nearer to an edge than this, in pixels, tells nothing new: boxes tremble.
    pub margin: f32,
    pub counting: &'a Counting,
}

/// A track at a zone.
#[derive(Clone, Debug, Default)]
pub(super) struct AtZone {
    /// When it entered, while it is inside.
    pub since_s: Option<f64>,
    change: Option<Change>,
}

/// What a track did at a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ZoneChange {
    Entered,
    /// After so many seconds.
    Left(f64),
}

impl AtZone {
    /// Takes over where the track is. `counts` tells whether its class counts.
    pub fn update(
        &mut self,
        polygon: &[Point],
        at: Point,
        counts: bool,
        moment: Moment<'_>,
    ) -> Option<ZoneChange> {
        let inside = counts
            && (geometry::contains(polygon, at)
                || (self.since_s.is_some() && geometry::distance_to_edge(polygon, at) <= moment.margin));
        let differs = inside != self.since_s.is_some();
        let when = confirm(&mut self.change, differs, moment.predicted, moment.now_s, moment.counting)?;
        if let Some(since) = self.since_s.take() {
            return Some(ZoneChange::Left((when - since).max(0.0)));
        }
        self.since_s = Some(when);
        Some(ZoneChange::Entered)
    }
}

/// A track at a line.
#[derive(Clone, Debug, Default)]
pub(super) struct AtLine {
    /// The side that counts, once it was seen: to the right of the segment or not.
    right: Option<bool>,
    /// Its path crossed the endless line within the segment when it last did.
    within: bool,
    change: Option<Change>,
}

impl AtLine {
    /// Takes over where the track is and where it was. Returns whether it crossed, and if so, whether inward.
    pub fn update(
        &mut self,
        [a, b]: [Point; 2],
        from: Option<Point>,
        to: Point,
        moment: Moment<'_>,
    ) -> Option<bool> {
        let distance = geometry::side(a, b, to);
        if let Some(from) = from
            && (geometry::side(a, b, from) >= 0.0) != (distance >= 0.0)
        {
            self.within = geometry::meets(a, b, from, to).is_some_and(|share| (0.0..=1.0).contains(&share));
        }
        let Some(right) = self.right else {
            self.right = Some(distance >= 0.0);
            return None;
        };
        if distance.abs() <= moment.margin {
            return None;
        }
        let now_right = distance > 0.0;
        confirm(&mut self.change, now_right != right, moment.predicted, moment.now_s, moment.counting)?;
        self.right = Some(now_right);
        self.within.then_some(now_right)
    }
}

/// A person at an exercise.
#[derive(Clone, Debug, Default)]
pub(super) struct AtExercise {
    pub count: u32,
    /// Degrees; `None` while a joint isn't seen.
    pub angle: Option<f32>,
    /// The joint is bent; `None` before it was straight or bent.
    pub bent: Option<bool>,
    change: Option<Change>,
}

impl AtExercise {
    /// Takes over the angle. A repetition is complete when the joint is straight again after it was bent.
    pub fn update(&mut self, exercise: &Exercise, angle: Option<f32>, moment: Moment<'_>) {
        self.angle = angle;
        let Some(angle) = angle else { return };
        let bent = match self.bent {
            _ if angle > exercise.up => false,
            _ if angle < exercise.down => true,
            // Between both nothing changes.
            Some(bent) => bent,
            None => return,
        };
        let differs = *self.bent.get_or_insert(bent) != bent;
        if confirm(&mut self.change, differs, moment.predicted, moment.now_s, moment.counting).is_some() {
            if self.bent == Some(true) {
                self.count += 1;
            }
            self.bent = Some(bent);
        }
    }
}
