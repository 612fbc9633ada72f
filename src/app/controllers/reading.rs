//! The page "Configure model".

use std::path::Path;

use super::core::Core;
use crate::app::intent::{Intent, ModelIntent, Page, ReadingIntent};
use crate::app::labels_file::{self, LabelsError};
use crate::app::reading::{Reading, Seen};
use crate::app::strings::Explain as _;
use crate::app::workers::Done;
use crate::model::sidecar::Sidecar;
use crate::model::{self, Inspection, ModelError};

/// The page's state while it is open.
#[derive(Debug, Default)]
pub struct ReadingController {
    pub reading: Option<Reading>,
}

impl ReadingController {
    /// Carries out an intent.
    pub fn apply(&self, intent: ReadingIntent, core: &Core) {
        match intent {
            ReadingIntent::Save(path, sidecar) => core.workers.run("save reading", move || {
                let result = sidecar.save(&path).map(|_| Box::new(sidecar));
                Done::ReadingSaved(path, result)
            }),
            ReadingIntent::Labels(file) => {
                let Some(model) = self.reading.as_ref().map(|reading| reading.path.clone()) else { return };
                core.workers.run("read labels", move || Done::Labels(model, labels_file::read(&file)));
            }
        }
    }

    /// Another page is shown; this page reads the model's file on a worker.
    pub fn shown(&mut self, page: &Page, core: &Core) {
        let Page::Reading(path) = page else {
            self.reading = None;
            return;
        };
        self.reading = Some(Reading::new(path, Sidecar::default()));
        let path = path.clone();
        core.workers.run("read model", move || {
            let sidecar = Sidecar::load(&path).ok().flatten();
            let seen = model::inspect(&path).map(Box::new);
            Done::Inspected(path, sidecar, seen)
        });
    }

    fn of(&mut self, path: &Path) -> Option<&mut Reading> {
        self.reading.as_mut().filter(|reading| reading.path == path)
    }

    /// A worker has read a model's file and its sidecar.
    pub fn inspected(
        &mut self,
        path: &Path,
        sidecar: Option<Sidecar>,
        result: Result<Box<Inspection>, ModelError>,
    ) {
        let Some(reading) = self.of(path) else { return };
        reading.seen = match result {
            Ok(seen) => Seen::Read(seen),
            Err(error) => Seen::Failed(error),
        };
        if let Some(sidecar) = sidecar {
            reading.stored = sidecar.clone();
            reading.chosen = sidecar;
        }
    }

    /// A worker has written a sidecar, or failed.
    pub fn saved(&mut self, path: &Path, result: Result<Box<Sidecar>, ModelError>, core: &mut Core) {
        let result = result.map_err(|error| error.explain(core.language()).to_string());
        match (self.of(path), result) {
            (Some(reading), Ok(sidecar)) => {
                reading.stored = *sidecar;
                reading.saved = Some(Ok(()));
            }
            (Some(reading), Err(why)) => reading.saved = Some(Err(why)),
            // The page was left meanwhile.
            (None, Err(why)) => core.failed(why),
            (None, Ok(_)) => {}
        }
    }

    /// A worker has read class names for the model at `path`, or failed. They are dropped if its page was left meanwhile.
    pub fn labels_read(&mut self, path: &Path, result: Result<Vec<String>, LabelsError>, core: &mut Core) {
        match result {
            Ok(names) => {
                if let Some(intent) = self.label(path, names) {
                    core.ask(intent);
                }
            }
            Err(error) => core.failed_with(&error),
        }
    }

    /// Chooses class names for the model at `path`, if its page is open; returns how it is opened with them.
    fn label(&mut self, path: &Path, names: Vec<String>) -> Option<Intent> {
        let reading = self.of(path)?;
        reading.chosen.labels = Some(names);
        reading.saved = None;
        Some(Intent::Model(ModelIntent::OpenAs(reading.path.clone(), reading.chosen.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_read_for_one_model_do_not_go_to_another() {
        let (one, other) = (Path::new("/models/one.onnx"), Path::new("/models/other.onnx"));
        let mut page = ReadingController { reading: Some(Reading::new(other, Sidecar::default())) };
        let names = || vec!["cat".to_owned(), "dog".to_owned()];
        assert_eq!(page.label(one, names()), None);
        assert_eq!(page.reading.as_ref().map(|reading| &reading.chosen), Some(&Sidecar::default()));
        let chosen = Sidecar { labels: Some(names()), ..Sidecar::default() };
        assert_eq!(
            page.label(other, names()),
            Some(Intent::Model(ModelIntent::OpenAs(other.into(), chosen)))
        );
    }
}
