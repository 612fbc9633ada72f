//! The embeddings of files, each computed once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Serialize, Serializer};

use super::backbone::{Backbone, Pooling};
use super::error::TeachError;
use super::project::Project;
use crate::frame::Frame;
use crate::model::CancelToken;
use crate::model::spec::InputSpec;
use crate::source::images::load;

/// The embedding of one image.
pub type Embedding = Arc<[f32]>;

/// One example that a head learns from.
#[derive(Clone, Debug)]
pub struct Sample {
    pub path: PathBuf,
    /// Number of its class.
    pub class: usize,
    /// See [`Example::group`](super::Example::group).
    pub group: String,
    pub embedding: Embedding,
}

/// An image that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Why, as the end of a sentence.
    pub reason: String,
}

/// Writes a path that may be no text as it is shown.
pub(super) fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// The embeddings of a project.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Names of the classes, in the order of the scores.
    pub names: Vec<String>,
    pub train: Vec<Sample>,
    /// Never learnt from.
    pub held_out: Vec<Sample>,
    /// Images that can't be read.
    pub left_out: Vec<LeftOut>,
}

/// Embeddings by file. A file that has changed is computed anew, and all of them where the backbone is another one, or prepares images otherwise.
#[derive(Debug, Default)]
pub struct Embeddings {
    of: Option<Origin>,
    known: HashMap<PathBuf, (Stamp, Embedding)>,
}

/// What embeddings depend on besides the image.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    /// The backbone's hash and its tensor.
    sha256: String,
    tensor: String,
    pooling: Pooling,
    /// How images are prepared: a settings file may change it.
    input: InputSpec,
}

impl Origin {
    fn of(backbone: &Backbone) -> Self {
        Self {
            sha256: backbone.sha256().to_owned(),
            tensor: backbone.cut().tensor.clone(),
            pooling: backbone.pooling(),
            input: backbone.input().clone(),
        }
    }
}

/// When a file was last written, and how long it is.
type Stamp = (Option<SystemTime>, u64);

impl Embeddings {
    /// Computes what isn't known yet of a project's examples; `progress` hears how many are done of how many.
    ///
    /// # Errors
    /// If the model fails, or [`TeachError::Stopped`]. Images that can't be read are named in the result instead.
    pub fn of_project(
        &mut self,
        project: &Project,
        backbone: &mut Backbone,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Samples, TeachError> {
        self.belong_to(Origin::of(backbone));
        let mut samples = Samples { names: project.names(), ..Samples::default() };
        let total = project.classes().iter().map(|class| class.examples.len() + class.held_out.len()).sum();
        let (mut frame, mut jpeg, mut done) = (Frame::default(), None, 0);
        for (number, class) in project.classes().iter().enumerate() {
            let learnt = class.examples.iter().map(|example| (example, true));
            for (example, is_learnt) in learnt.chain(class.held_out.iter().map(|example| (example, false))) {
                if cancel.is_cancelled() {
                    return Err(TeachError::Stopped);
                }
                progress(done, total);
                done += 1;
                let path = &example.path;
                let embedding = if let Some(known) = self.get(path) {
                    known
                } else {
                    // Before it is read: of a file that is written meanwhile, what was read is the old one.
                    let stamp = stamp_of(path);
                    if let Err(reason) = load(path, &mut frame, &mut jpeg) {
                        samples.left_out.push(LeftOut { path: path.clone(), reason });
                        continue;
                    }
                    self.add(path, stamp, &frame, backbone)?
                };
                let sample =
                    Sample { path: path.clone(), class: number, group: example.group.clone(), embedding };
                let list = if is_learnt { &mut samples.train } else { &mut samples.held_out };
                list.push(sample);
            }
        }
        progress(total, total);
        Ok(samples)
    }

    /// The embedding of a file, if it is known and the file hasn't changed.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Embedding> {
        let (stamp, embedding) = self.known.get(path)?;
        (*stamp == stamp_of(path)).then(|| embedding.clone())
    }

    /// Computes the embedding of a frame, which is the file as it was at `stamp`, and keeps it.
    fn add(
        &mut self,
        path: &Path,
        stamp: Stamp,
        frame: &Frame,
        backbone: &mut Backbone,
    ) -> Result<Embedding, TeachError> {
        let mut values = Vec::with_capacity(backbone.length());
        backbone.embed(frame, &mut values)?;
        let embedding: Embedding = values.into();
        self.known.insert(path.to_owned(), (stamp, embedding.clone()));
        Ok(embedding)
    }

    /// Forgets a file.
    pub fn remove(&mut self, path: &Path) {
        self.known.remove(path);
    }

    /// Forgets everything that depends on anything else.
    fn belong_to(&mut self, origin: Origin) {
        if self.of.as_ref() != Some(&origin) {
            self.known.clear();
            self.of = Some(origin);
        }
    }
}

fn stamp_of(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok();
    (metadata.as_ref().and_then(|m| m.modified().ok()), metadata.map_or(0, |m| m.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::{ColourOrder, Element, Fit, Layout, Range, Resample, Size};

    #[test]
    fn images_that_are_prepared_otherwise_are_computed_anew() {
        let origin = Origin {
            sha256: "00".into(),
            tensor: "pool".into(),
            pooling: Pooling::Mean,
            input: InputSpec {
                name: "x".into(),
                layout: Layout::Nchw,
                element: Element::F32,
                size: Size::Fixed { width: 32, height: 32 },
                fit: Fit::Stretch,
                resample: Resample::default(),
                order: ColourOrder::Rgb,
                range: Range::IMAGENET,
                extras: Vec::new(),
            },
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.png");
        std::fs::write(&path, "an image").expect("written");
        let input = &origin.input;
        let changes = [
            Origin { sha256: "01".into(), ..origin.clone() },
            Origin { tensor: "other".into(), ..origin.clone() },
            Origin { pooling: Pooling::None, ..origin.clone() },
            Origin { input: InputSpec { range: Range::BYTE, ..input.clone() }, ..origin.clone() },
            Origin { input: InputSpec { order: ColourOrder::Bgr, ..input.clone() }, ..origin.clone() },
        ];
        for other in changes {
            let mut embeddings = Embeddings::default();
            embeddings.belong_to(origin.clone());
            embeddings.known.insert(path.clone(), (stamp_of(&path), vec![1.0].into()));
            embeddings.belong_to(origin.clone());
            assert!(embeddings.get(&path).is_some(), "the same");
            embeddings.belong_to(other.clone());
            assert_eq!(embeddings.get(&path), None, "{other:?}");
        }
    }
}
