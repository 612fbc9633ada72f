//! What `compare` writes: a line a frame, images or a video, and a table at the end.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::ComparedModel;
use crate::cli::failure::Failure;
use crate::cli::output::{self, LineFormat};
use crate::cli::predict::progress::Progress;
use crate::cli::predict::text;
use crate::cli::series::Series;
use crate::cli::shared_args::Reporting;
use crate::frame::Frame;
use crate::model::Task;
use crate::model::agreement::{Agreement, Judge};
use crate::save::comparison_text::{agreement_text, speed_ratio};
use crate::save::{ComparisonRecord, ComparisonView, FrameInfo, PredictionView, comparison_image};
use crate::scene::Style;
use crate::scene::montage::{self, Arrangement, MODEL_LETTERS};
use crate::source::{SourceError, SourceInfo};

/// Writes the results, frame after frame.
pub struct Report {
    reporting: Reporting,
    progress: Progress,
    names: Vec<String>,
    style: Style,
    info: Option<SourceInfo>,
    /// What the user calls the source.
    address: String,
    judge: Judge,
    totals: Vec<Series>,
    /// Objects found by each; `None` if its results are not objects.
    found: Vec<Option<u64>>,
    /// For every model but the first.
    agreed: Vec<Agreed>,
    frames: u64,
}

/// How far a model agreed with the first over all frames.
#[derive(Clone, Debug, Default)]
struct Agreed {
    matched: usize,
    only_a: usize,
    only_b: usize,
    /// Sum over the matched objects.
    iou: f64,
    /// Sum over the frames that can be compared.
    shares: f64,
    frames: u64,
}

impl Agreed {
    fn add(&mut self, agreement: &Agreement) {
        if let Agreement::Found { matched, only_a, only_b, mean_iou } = *agreement {
            self.matched += matched;
            self.only_a += only_a;
            self.only_b += only_b;
            self.iou += f64::from(mean_iou) * matched as f64;
        }
        if let Some(share) = agreement.share() {
            self.shares += f64::from(share);
            self.frames += 1;
        }
    }

    /// The share over all frames: of all objects, or the mean of the frames if the results are not objects.
    fn share(&self) -> Option<f64> {
        let all = 2 * self.matched + self.only_a + self.only_b;
        if all > 0 {
            Some(2.0 * self.matched as f64 / all as f64)
        } else {
            (self.frames > 0).then(|| self.shares / self.frames as f64)
        }
    }
}

impl Report {
    /// A report on models with these names.
    #[must_use]
    pub fn new(reporting: Reporting, progress: Progress, names: Vec<String>) -> Self {
        Self {
            style: Style { language: reporting.language, ..Style::default() },
            reporting,
            progress,
            info: None,
            address: String::new(),
            judge: Judge::default(),
            totals: vec![Series::default(); names.len()],
            found: vec![None; names.len()],
            agreed: vec![Agreed::default(); names.len().saturating_sub(1)],
            names,
            frames: 0,
        }
    }

    /// A source is open.
    pub fn opened(&mut self, name: String, info: SourceInfo) {
        self.progress.opened(&info);
        self.address = name;
        self.info = Some(info);
    }

    /// A source, or one of its images, can't be read.
    pub fn failed(&self, error: SourceError) {
        let _ = self.progress.suspend(|| Failure::from(error).report());
    }

    /// A source is done.
    ///
    /// # Errors
    /// Why its video can't be ended.
    pub fn ended(&mut self) -> Result<(), Failure> {
        self.progress.ended();
        self.reporting.end_video()
    }

    /// All models have processed a frame.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn frame(&mut self, frame: &Frame, models: &[ComparedModel]) -> Result<(), Failure> {
        let Some(info) = self.info.clone() else { return Ok(()) };
        for ((compared, totals), found) in models.iter().zip(&mut self.totals).zip(&mut self.found) {
            totals.push(compared.times.total);
            if !matches!(
                compared.results.task,
                Task::Classify | Task::Semantic | Task::Matte | Task::Depth | Task::Stylize
            ) {
                *found.get_or_insert(0) += compared.results.detections.len() as u64;
            }
        }
        let mut agreements = Vec::with_capacity(self.agreed.len());
        if let Some((first, others)) = models.split_first() {
            for (other, agreed) in others.iter().zip(&mut self.agreed) {
                let agreement = self.judge.compare(
                    (&first.results, &first.info.spec.labels),
                    (&other.results, &other.info.spec.labels),
                );
                agreed.add(&agreement);
                agreements.push(agreement);
            }
        }
        let image = self.save(&info, frame, models)?;
        match self.reporting.format {
            LineFormat::Json => {
                let line = self.json(frame, models, image.as_deref());
                self.progress.suspend(|| output::json_text(&line))?;
            }
            LineFormat::Text => {
                let line = self.line(&info, frame, models, &agreements);
                self.progress.suspend(|| output::line(&line))?;
            }
        }
        self.progress.frame();
        self.frames += 1;
        Ok(())
    }

    fn json(&mut self, frame: &Frame, models: &[ComparedModel], image: Option<&Path>) -> String {
        let info = FrameInfo::of(frame, &self.address, "");
        let predictions: Vec<PredictionView<'_>> = models.iter().map(prediction).collect();
        let mut record = ComparisonRecord::new(info, &predictions, &mut self.judge);
        // JSON is Unicode; a name that isn't is shown as well as it can be.
        record.image = image.map(|path| path.to_string_lossy().into_owned().into());
        serde_json::to_string(&record).unwrap_or_default()
    }

    /// `bus.jpg 810×1080: A 4 person, 1 bus 62.1 ms | B 4 person 40.2 ms | A–B 89% agree · …`.
    fn line(
        &self,
        info: &SourceInfo,
        frame: &Frame,
        models: &[ComparedModel],
        agreements: &[Agreement],
    ) -> String {
        let language = self.reporting.language;
        let mut line = text::frame_name(info, frame);
        line.push(':');
        for (compared, letter) in models.iter().zip(MODEL_LETTERS) {
            let gap = if letter == MODEL_LETTERS[0] { "" } else { " |" };
            let found = text::found(&compared.results, &compared.info.spec.labels, language);
            let _ = write!(line, "{gap} {letter} {found} {:.1} ms", compared.times.total);
        }
        for (agreement, letter) in agreements.iter().zip(&MODEL_LETTERS[1..]) {
            let letters = (MODEL_LETTERS[0], *letter);
            let _ =
                write!(line, " | {}–{letter} {}", letters.0, agreement_text(agreement, letters, language));
        }
        line
    }

    /// Saves the comparison of a frame if that was asked for. Returns the file of an image.
    fn save(
        &mut self,
        info: &SourceInfo,
        frame: &Frame,
        models: &[ComparedModel],
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(saver) = &mut self.reporting.saver else { return Ok(None) };
        let medians = self.totals.iter().map(Series::median);
        let predictions: Vec<(PredictionView<'_>, f32)> =
            models.iter().map(prediction).zip(medians).collect();
        let sheet = comparison_image(&ComparisonView {
            source: &self.address,
            frame,
            models: &predictions,
            arrangement: Arrangement::Tiles(montage::grid(models.len()).0),
            style: &self.style,
            privacy: &self.reporting.privacy,
        });
        saver.save(info, &sheet, "-compared")
    }

    /// Ends the video that is open and, unless the work failed, writes the summary.
    ///
    /// # Errors
    /// Why the work failed, or why something can't be written.
    pub fn finish(mut self, worked: Result<(), Failure>) -> Result<(), Failure> {
        let ended = self.reporting.end_video();
        self.progress.finish();
        worked?;
        ended?;
        if self.reporting.quiet || self.frames == 0 {
            return Ok(());
        }
        let summary = format!("\n{}\n{}", text::count_of(self.frames, "frame"), self.table());
        self.reporting.write_summary(summary)
    }

    fn table(&self) -> String {
        let head =
            ["", "model", "median ms", "p95 ms", "per second", "found", "speed", "agreement", "matched IoU"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let first = self.totals.first().map_or(0.0, Series::median);
        for (index, name) in self.names.iter().enumerate() {
            let totals = &self.totals[index];
            let median = totals.median();
            let agreed = index.checked_sub(1).and_then(|index| self.agreed.get(index));
            let share =
                agreed.and_then(Agreed::share).map_or("–".into(), |s| format!("{:.1} %", s * 100.0));
            let iou = agreed.filter(|a| a.matched > 0).map(|a| a.iou / a.matched as f64);
            rows.push(vec![
                MODEL_LETTERS[index % MODEL_LETTERS.len()].to_owned(),
                output::printable(name).into_owned(),
                format!("{median:.2}"),
                format!("{:.2}", totals.percentile(0.95)),
                if median > 0.0 { format!("{:.1}", 1000.0 / median) } else { "–".into() },
                self.found[index].map_or("–".into(), |n| n.to_string()),
                speed_ratio((first, median)).map_or("–".into(), |r| format!("{r:.2}×")),
                if index == 0 { String::new() } else { share },
                if index == 0 { String::new() } else { iou.map_or("–".into(), |iou| format!("{iou:.2}")) },
            ]);
        }
        output::table(&rows, &[false, false, true, true, true, true, true, true, true])
    }
}

fn prediction(compared: &ComparedModel) -> PredictionView<'_> {
    PredictionView {
        results: &compared.results,
        model: &compared.info,
        thresholds: &compared.thresholds,
        times: &compared.times,
        report: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_over_frames_counts_objects_not_frames() {
        let mut agreed = Agreed::default();
        assert_eq!(agreed.share(), None);
        agreed.add(&Agreement::Found { matched: 9, only_a: 0, only_b: 0, mean_iou: 0.9 });
        agreed.add(&Agreement::Found { matched: 0, only_a: 2, only_b: 0, mean_iou: 0.0 });
        assert_eq!(agreed.share(), Some(0.9));
        let mut pixels = Agreed::default();
        pixels.add(&Agreement::Pixels(0.5));
        pixels.add(&Agreement::Pixels(1.0));
        pixels.add(&Agreement::Incomparable);
        assert_eq!(pixels.share(), Some(0.75));
    }
}
