//! What becomes of objects over time: which detections of successive frames are the same object, what they do in zones and at
//! lines, and how many there were. Knows no engine: everything works on the results of one frame after the other, with the
//! frame's own time.

mod analyser;
mod report;
pub mod tracker;
pub mod zones;

pub use analyser::{Analyser, AnalyserOptions, as_found};
pub use report::{
    ClassCount, ClassCrossings, ClassVisits, Distance, Event, EventKind, ExerciseReport, Heat, LineReport,
    Presence, Repetitions, Report, TrackReport, ZoneReport,
};
pub use tracker::{Looks, TrackerKind, TrackerOptions};
