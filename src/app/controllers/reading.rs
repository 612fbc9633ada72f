//! The page "Configure model".

use std::path::{Path, PathBuf};

use super::core::Core;
use crate::app::intent::{Intent, ModelIntent, Page, ReadingIntent};
use crate::app::reading::{Reading, Seen};
use crate::app::strings::{Explain, FailureText, phrase};
use crate::app::workers::Done;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::model::{self, Inspection, ModelError};

/// The page's state while it is open.
#[derive(Debug, Default)]
pub struct ReadingController {
    pub reading: Option<Reading>,
}

impl ReadingController {
    /// Carries out an intent.
    pub fn apply(intent: ReadingIntent, core: &Core) {
        match intent {
            ReadingIntent::Save(path, sidecar) => core.workers.run("save reading", move || {
                let result = sidecar.save(&path);
                Done::ReadingSaved(path, result)
            }),
            ReadingIntent::Labels(path) => {
                core.workers.run("read labels", move || Done::Labels(read_labels(&path)));
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
            reading.chosen = sidecar;
        }
    }

    /// A worker has written a sidecar, or failed.
    pub fn saved(&mut self, path: &Path, result: Result<PathBuf, ModelError>, core: &mut Core) {
        let result = result.map(drop).map_err(|error| error.explain(core.language()).to_string());
        match (self.of(path), result) {
            (Some(reading), result) => reading.saved = Some(result),
            // The page was left meanwhile.
            (None, Err(why)) => core.failed(why),
            (None, Ok(())) => {}
        }
    }

    /// A worker has read class names, or failed.
    pub fn labels_read(&mut self, result: Result<Vec<String>, LabelsError>, core: &mut Core) {
        match result {
            Ok(names) => {
                if let Some(reading) = &mut self.reading {
                    reading.chosen.labels = Some(names);
                    reading.saved = None;
                    let (path, chosen) = (reading.path.clone(), reading.chosen.clone());
                    core.ask(Intent::Model(ModelIntent::OpenAs(path, chosen)));
                }
            }
            Err(error) => core.failed_with(&error),
        }
    }
}

/// Why a file isn't a list of class names.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    #[error("\u{201c}{}\u{201d} is too large for a list of class names.", path.display())]
    TooLarge { path: PathBuf },
    #[error("\u{201c}{}\u{201d} can't be read as text: {source}.", path.display())]
    NotText {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("\u{201c}{}\u{201d} contains no class names.", path.display())]
    Empty { path: PathBuf },
}

impl Explain for LabelsError {
    fn english_fix(&self) -> String {
        "Choose a text file with one class name per line.".into()
    }

    fn chinese(&self) -> FailureText {
        let message = match self {
            Self::TooLarge { path } => format!("“{}”过大，不是类别名称列表。", path.display()),
            Self::NotText { path, source } => {
                let reason = source.to_string();
                format!("“{}”无法作为文本读取：{}。", path.display(), phrase(Language::Chinese, &reason))
            }
            Self::Empty { path } => format!("“{}”中没有类别名称。", path.display()),
        };
        FailureText { message, fix: "请选择每行一个类别名称的文本文件。".into() }
    }
}

/// Reads a file with a class name a line.
///
/// # Errors
/// [`LabelsError`].
fn read_labels(path: &Path) -> Result<Vec<String>, LabelsError> {
    const LIMIT: u64 = 4 << 20;
    let named = || path.to_owned();
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > LIMIT {
        return Err(LabelsError::TooLarge { path: named() });
    }
    let text =
        std::fs::read_to_string(path).map_err(|source| LabelsError::NotText { path: named(), source })?;
    let mut names: Vec<String> = text.lines().map(|l| l.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        return Err(LabelsError::Empty { path: named() });
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_a_line_each_and_an_empty_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        std::fs::write(&path, "cat\r\n dog \n\n").unwrap();
        assert_eq!(read_labels(&path).unwrap(), ["cat", "dog"]);
        std::fs::write(&path, "\n\n").unwrap();
        assert!(matches!(read_labels(&path), Err(LabelsError::Empty { .. })));
        assert!(read_labels(&folder.path().join("none")).is_err());
    }
}
