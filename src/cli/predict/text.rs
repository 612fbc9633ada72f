//! The lines and tables that `predict` writes for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cli::output;
use crate::cli::series::Series;
use crate::frame::Frame;
use crate::model::labels::{Labels, Language};
use crate::model::results::StageTimes;
use crate::model::{Results, Task};
use crate::source::{Pace, SourceInfo};
use crate::track::Report;

/// A line for one frame: `bus.jpg 810×1080: 4 person, 1 bus · 21.4 ms (decode 2.0, …)`.
#[must_use]
pub fn frame_line(
    info: &SourceInfo,
    frame: &Frame,
    results: &Results,
    labels: &Labels,
    language: Language,
    times: &StageTimes,
) -> String {
    let mut line = frame_name(info, frame);
    let _ = write!(
        line,
        ": {} · {:.1} ms (decode {:.1}, input {:.1}, inference {:.1}, output {:.1})",
        found(results, labels, language),
        times.total,
        times.decode,
        times.input,
        times.inference,
        times.output,
    );
    line
}

/// How many objects were tracked so far: ` · so far 12 car, 1 bus`. Empty before the first.
#[must_use]
pub fn totals(report: &Report, labels: &Labels, language: Language) -> String {
    let counts = report.counts.iter().map(|count| (count.class_id, u64::from(count.total))).collect();
    let counts = Counts { classes: counts, ..Counts::default() };
    if counts.classes.is_empty() {
        return String::new();
    }
    format!(" · so far {}", counts.text(labels, language))
}

/// Which frame it is: `bus.jpg 810×1080`, `traffic.mp4 #60 2.00 s 1280×720`.
#[must_use]
pub fn frame_name(info: &SourceInfo, frame: &Frame) -> String {
    let mut line = String::new();
    let name = match (info.pace, frame.origin.as_deref()) {
        (Pace::Stills, Some(origin)) => file_name(origin),
        _ => &info.name,
    };
    line.push_str(&output::printable(name));
    if info.pace != Pace::Stills {
        let _ = write!(line, " #{}", frame.sequence);
    }
    if let Some(time_s) = frame.time_s {
        let _ = write!(line, " {time_s:.2} s");
    }
    let _ = write!(line, " {}×{}", frame.width, frame.height);
    line
}

/// The last part of a path.
#[must_use]
pub fn file_name(path: &str) -> &str {
    std::path::Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or(path)
}

/// What was found, in words: `4 person, 1 bus`.
#[must_use]
pub fn found(results: &Results, labels: &Labels, language: Language) -> String {
    match results.task {
        Task::Classify | Task::Action => {
            let classes = results.top.iter().take(3);
            let names: Vec<String> = classes
                .map(|c| format!("{} {:.2}", output::printable(&labels.name(c.class_id, language)), c.score))
                .collect();
            if names.is_empty() { "nothing".into() } else { names.join(", ") }
        }
        Task::Stylize => "an image".into(),
        Task::Depth => "a depth map".into(),
        Task::Matte => "a matte".into(),
        Task::Semantic => "a class map".into(),
        Task::Detect | Task::Segment | Task::Pose | Task::Obb => {
            let mut counts = Counts::default();
            counts.add(results);
            counts.text(labels, language)
        }
    }
}

/// What was found in several frames.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// How many of each class: of detections, or of frames that it is the best class of.
    classes: BTreeMap<u32, u64>,
    /// They are those of frames.
    of_frames: bool,
    /// What a model makes that finds nothing to count.
    made: Option<&'static str>,
}

impl Counts {
    /// Counts the detections of a frame, or its best class.
    pub fn add(&mut self, results: &Results) {
        match results.task {
            Task::Classify => {
                self.of_frames = true;
                if let Some(best) = results.top.first() {
                    *self.classes.entry(best.class_id).or_default() += 1;
                }
            }
            Task::Stylize => self.made = Some("images"),
            Task::Depth => self.made = Some("depth maps"),
            Task::Matte => self.made = Some("mattes"),
            Task::Semantic => self.made = Some("class maps"),
            Task::Detect | Task::Segment | Task::Pose | Task::Obb | Task::Action => {
                for detection in &results.detections {
                    *self.classes.entry(detection.class_id).or_default() += 1;
                }
            }
        }
    }

    /// `4 person, 1 bus`: the most frequent first.
    #[must_use]
    pub fn text(&self, labels: &Labels, language: Language) -> String {
        let names = self.names(labels, language);
        let names: Vec<String> = names.iter().map(|(n, name)| format!("{n} {name}")).collect();
        if names.is_empty() { self.made.unwrap_or("nothing").into() } else { names.join(", ") }
    }

    /// `878 detections of car, 1 detection of bus`: for many frames, where one object is counted in each.
    #[must_use]
    pub fn total(&self, labels: &Labels, language: Language) -> String {
        let names = self.names(labels, language);
        let counted = if self.of_frames { "image" } else { "detection" };
        let names: Vec<String> =
            names.iter().map(|(n, name)| format!("{} of {name}", count_of(*n, counted))).collect();
        if names.is_empty() { self.made.unwrap_or("no detections").into() } else { names.join(", ") }
    }

    /// The number and name of each class, the most frequent first.
    fn names(&self, labels: &Labels, language: Language) -> Vec<(u64, String)> {
        let mut counts: Vec<(u32, u64)> = self.classes.iter().map(|(&id, &n)| (id, n)).collect();
        counts.sort_by_key(|&(id, n)| (std::cmp::Reverse(n), id));
        let named = |(id, n)| (n, output::printable(&labels.name(id, language)).into_owned());
        counts.into_iter().map(named).collect()
    }
}

/// The times of each stage over all frames.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    decode: Series,
    input: Series,
    inference: Series,
    output: Series,
    total: Series,
}

impl Stages {
    /// Adds the times of a frame.
    pub fn push(&mut self, times: &StageTimes) {
        self.decode.push(times.decode);
        self.input.push(times.input);
        self.inference.push(times.inference);
        self.output.push(times.output);
        self.total.push(times.total);
    }

    /// Each stage with its name, in the order of the flow.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &Series); 5] {
        [
            ("decode", &self.decode),
            ("input", &self.input),
            ("inference", &self.inference),
            ("output", &self.output),
            ("total", &self.total),
        ]
    }

    /// A table of medians and 95th percentiles.
    #[must_use]
    pub fn table(&self) -> String {
        let mut rows = vec![vec!["stage".into(), "median ms".into(), "p95 ms".into()]];
        for (name, series) in self.named() {
            let figures = [series.median(), series.percentile(0.95)].map(|ms| format!("{ms:.2}"));
            rows.push([name.to_owned()].into_iter().chain(figures).collect());
        }
        output::table(&rows, &[false, true, true])
    }
}

/// `1 frame`, `2 frames`.
#[must_use]
pub fn count_of(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Detection;
    use crate::model::results::ClassScore;

    fn info(pace: Pace) -> SourceInfo {
        SourceInfo::new("street.mp4", pace)
    }

    #[test]
    fn a_line_names_what_was_found_most_frequent_first() {
        let mut frame = Frame::filled(8, 4, [0; 4]);
        frame.origin = Some("/images/two\nlines.jpg".into());
        let mut results = Results::default();
        for class_id in [5, 0, 0] {
            results.detections.push(Detection::new(class_id, 0.5, [0.0; 4]));
        }
        let times = StageTimes { decode: 1.0, input: 0.5, inference: 7.25, output: 0.25, total: 9.0 };
        let line =
            |pace, language| frame_line(&info(pace), &frame, &results, &Labels::coco80(), language, &times);
        assert_eq!(
            line(Pace::Stills, Language::English),
            "two\\nlines.jpg 8×4: 2 person, 1 bus · 9.0 ms (decode 1.0, input 0.5, inference 7.2, output 0.2)"
        );
        assert!(line(Pace::Video, Language::Chinese).starts_with("street.mp4 #0 8×4: 2 人, 1 公共汽车"));
    }

    #[test]
    fn images_of_a_classifier_are_counted_by_their_best_class() {
        let mut counts = Counts::default();
        for ids in [[7, 3], [2, 7], [7, 2]] {
            let top = ids.map(|class_id| ClassScore { class_id, score: 0.4 });
            let mut results = Results::default();
            results.task = Task::Classify;
            results.top = top.into();
            counts.add(&results);
        }
        assert_eq!(counts.total(&Labels::coco80(), Language::English), "2 images of truck, 1 image of car");
        counts = Counts::default();
        let mut depth = Results::default();
        depth.task = Task::Depth;
        counts.add(&depth);
        assert_eq!(counts.total(&Labels::default(), Language::English), "depth maps");
    }

    #[test]
    fn no_detections_are_called_nothing() {
        assert_eq!(Counts::default().text(&Labels::coco80(), Language::English), "nothing");
        assert_eq!(
            Counts { classes: [(2, 878), (5, 1)].into(), ..Counts::default() }
                .total(&Labels::coco80(), Language::English),
            "878 detections of car, 1 detection of bus"
        );
        assert_eq!([count_of(1, "frame"), count_of(0, "frame")], ["1 frame", "0 frames"]);
    }
}
