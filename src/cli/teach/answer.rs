//! What was found, as `--format json` writes it.

use serde::Serialize;

use crate::learn::teach::{
    Advice, Backbone, Cut, Exported, HeadKind, LeftOut, Measured, Pooling, Project, Report, Samples,
    TrainOptions,
};

/// The whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub project: String,
    pub backbone: BackboneAnswer,
    pub classes: Vec<ClassAnswer>,
    /// Images that can't be read.
    pub left_out: Vec<LeftOut>,
    /// The head that was chosen.
    pub head: HeadKind,
    pub c: f64,
    pub seed: u64,
    /// Folds of the cross-validation; 0 if a class has too few images.
    pub folds: usize,
    pub cross_validation: Vec<HeadAnswer>,
    /// What the chosen head achieves on `val`; null if there is none.
    pub held_out: Option<Measured>,
    /// Names of the classes with the most and the fewest images, if they are far apart.
    pub imbalance: Option<(String, String)>,
    pub advice: Vec<Advice>,
    /// The model that was written; null without `--save`.
    pub saved: Option<Exported>,
    pub times: Times,
}

#[derive(Debug, Serialize)]
pub(super) struct BackboneAnswer {
    pub model: String,
    pub path: String,
    pub sha256: String,
    /// The tensor that is the embedding, why, and how it becomes one row of numbers.
    pub tensor: String,
    pub evidence: String,
    pub pooling: Pooling,
    /// How many numbers an embedding has.
    pub numbers: usize,
    /// All tensors that can be chosen with `--tensor`, the best first.
    pub candidates: Vec<Cut>,
}

#[derive(Debug, Serialize)]
pub(super) struct ClassAnswer {
    pub name: String,
    pub folder: String,
    /// Images that can be read.
    pub examples: usize,
    pub held_out: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct HeadAnswer {
    pub head: HeadKind,
    #[serde(flatten)]
    pub measured: Measured,
}

/// Milliseconds.
#[expect(clippy::struct_field_names, reason = "they are the names in JSON")]
#[derive(Debug, Serialize)]
pub(super) struct Times {
    pub embed_ms: f64,
    /// Cross-validation of all heads and the training of the chosen one.
    pub train_ms: f64,
    pub verify_ms: Option<f64>,
}

impl Answer {
    pub fn new(
        project: &Project,
        backbone: &Backbone,
        samples: &Samples,
        report: &Report,
        options: &TrainOptions,
        saved: Option<Exported>,
        times: Times,
    ) -> Self {
        let Cut { tensor, evidence } = backbone.cut().clone();
        let classes = project.classes().iter().enumerate().map(|(index, class)| ClassAnswer {
            name: class.name.clone(),
            folder: class.folder.clone(),
            examples: report.counts[index],
            held_out: samples.held_out.iter().filter(|sample| sample.class == index).count(),
        });
        let heads = report.cross_validation.iter();
        Self {
            project: project.root().display().to_string(),
            backbone: BackboneAnswer {
                model: crate::model::name_of(backbone.path()),
                path: backbone.path().display().to_string(),
                sha256: backbone.sha256().to_owned(),
                tensor,
                evidence,
                pooling: backbone.pooling(),
                numbers: backbone.length(),
                candidates: backbone.candidates().to_vec(),
            },
            classes: classes.collect(),
            left_out: samples.left_out.clone(),
            head: report.head,
            c: options.c,
            seed: options.seed,
            folds: report.folds,
            cross_validation: heads
                .map(|(head, m)| HeadAnswer { head: *head, measured: m.clone() })
                .collect(),
            held_out: report.held_out.clone(),
            imbalance: project.imbalance().map(|(most, fewest)| {
                let name = |index: usize| project.classes()[index].name.clone();
                (name(most), name(fewest))
            }),
            advice: report.advice.clone(),
            saved,
            times,
        }
    }
}
