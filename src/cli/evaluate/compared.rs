//! Compares the results with the labels, in the order of the images.

use crossbeam_channel::Sender;

use super::EvaluateArgs;
use super::predictions::Predictions;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::predict::progress::Progress;
use crate::cli::predict::reader;
use crate::cli::predict::workers::OrderedResults;
use crate::cli::predict::writer::{Event, FrameResult};
use crate::dataset::evaluate::{ClassMatch, ClassificationEvaluator, Evaluation, Evaluators, Figures, Kind};
use crate::dataset::{Counted, Dataset, Item};
use crate::frame::Frame;
use crate::model::{Model, Results};

/// What comparing needs.
pub(super) struct Comparing {
    pub match_iou: f64,
    pub conf: Option<f64>,
    pub to_dataset: Vec<Option<usize>>,
    pub measured: Kind,
    pub dataset: Dataset,
    pub predictions: Option<Predictions>,
    pub progress: Progress,
    /// Frames and results that are done with.
    pub spent: (Sender<Frame>, Sender<Results>),
}

/// What was measured.
pub(super) struct Compared {
    pub images: usize,
    /// Images that have another size than their labels say.
    pub left_out: usize,
    pub ms_per_image: f64,
    pub figures: Figures,
}

/// An evaluation whose figures aren't there yet.
pub(super) fn start(
    model: &Model,
    args: &EvaluateArgs,
    matched: &ClassMatch,
    counted: Counted,
) -> Evaluation {
    Evaluation {
        model: model.name(),
        sha256: model.sha256().to_owned(),
        dataset: args.dataset.display().to_string(),
        split: counted.split(),
        counted,
        images: 0,
        unknown_to_model: matched.unknown_to_model.clone(),
        unknown_to_dataset: matched.unknown_to_dataset.clone(),
        ms_per_image: 0.0,
        figures: Figures::Classification(Box::new(ClassificationEvaluator::new(Vec::new()).finish())),
    }
}

impl Comparing {
    /// Takes over every result.
    ///
    /// # Errors
    /// Why the model failed, or why the predictions can't be written.
    pub fn run(mut self, results: OrderedResults) -> Result<Compared, Failure> {
        let names: Vec<String> = self.dataset.classes.iter().map(|class| class.name.clone()).collect();
        let mut evaluators = Evaluators::new(self.measured, &names, self.match_iou);
        let (mut item, mut left_out, mut ms, mut stopped) = (0, 0, 0.0, None);
        for event in results {
            match event {
                Ok(Event::Opened(_, info)) => self.progress.opened(&info),
                Ok(Event::Ended) => {
                    self.progress.ended();
                    item += 1;
                }
                Ok(Event::Failed(error)) => {
                    let failure = Failure::from(error);
                    let _ = self.progress.suspend(|| failure.report());
                }
                Ok(Event::Frame(result)) => {
                    let FrameResult { frame, results, times, .. } = *result;
                    let fits = self.compare(item, &frame, &results, &mut evaluators)?;
                    if fits {
                        ms += f64::from(times.total - times.decode);
                    }
                    left_out += usize::from(!fits);
                    reader::give_back(&self.spent.0, frame);
                    let _ = self.spent.1.try_send(results);
                }
                // What was compared until Ctrl-C counts.
                Err(Failure::Interrupted) => break,
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
        }
        self.progress.finish();
        if let Some(error) = stopped {
            return Err(error);
        }
        if let Some(predictions) = self.predictions {
            predictions.finish()?;
        }
        let images = evaluators.images();
        let figures = evaluators.finish(self.conf);
        Ok(Compared { images, left_out, ms_per_image: ms / images.max(1) as f64, figures })
    }

    /// Compares the results for one image. Returns whether it has the size that its labels say.
    fn compare(
        &mut self,
        index: usize,
        frame: &Frame,
        results: &Results,
        evaluators: &mut Evaluators,
    ) -> Result<bool, Failure> {
        let Some(item) = self.dataset.items.get(index) else { return Ok(true) };
        if evaluators.kind() == Kind::Classes {
            evaluators.add_class(item, results, &self.to_dataset);
            return Ok(true);
        }
        if (frame.width, frame.height) != item.size {
            let message = wrong_size(item, frame);
            self.progress.suspend(|| output::note(&message));
            return Ok(false);
        }
        let (_, found) = evaluators.add_objects(&self.dataset, item, results, &self.to_dataset);
        if let Some(predictions) = &mut self.predictions {
            predictions.add(index, &found)?;
        }
        Ok(true)
    }
}

fn wrong_size(item: &Item, frame: &Frame) -> String {
    format!(
        "warning: \u{201c}{}\u{201d} was left out: it has {}\u{d7}{} pixels, and its labels are for {}\u{d7}{}.",
        item.name, frame.width, frame.height, item.size.0, item.size.1
    )
}
