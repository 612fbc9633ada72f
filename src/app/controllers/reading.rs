//! The page "Configure model".

use std::path::{Path, PathBuf};

use super::core::Core;
use crate::app::intent::{Intent, ModelIntent, Page, ReadingIntent};
use crate::app::reading::{Reading, Seen};
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
        match result {
            Ok(_) => {
                if let Some(reading) = self.of(path) {
                    reading.saved = true;
                }
            }
            Err(error) => core.failed(format!("{error} {}", error.fix())),
        }
    }

    /// A worker has read class names, or failed.
    pub fn labels_read(&mut self, result: Result<Vec<String>, String>, core: &mut Core) {
        match result {
            Ok(names) => {
                if let Some(reading) = &mut self.reading {
                    reading.chosen.labels = Some(names);
                    reading.saved = false;
                    let (path, chosen) = (reading.path.clone(), reading.chosen.clone());
                    core.ask(Intent::Model(ModelIntent::OpenAs(path, chosen)));
                }
            }
            Err(error) => core.failed(error),
        }
    }
}

/// Reads a file with a class name a line.
///
/// # Errors
/// Why it can't be read, in a sentence with the fix.
fn read_labels(path: &Path) -> Result<Vec<String>, String> {
    const LIMIT: u64 = 4 << 20;
    let name = path.display();
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > LIMIT {
        return Err(format!(
            "“{name}” is too large for a list of names. Choose a text file with a name a line."
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|e| {
        format!("“{name}” can't be read as text: {e}. Choose a text file with a name a line.")
    })?;
    let mut names: Vec<String> = text.lines().map(|l| l.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        return Err(format!("“{name}” holds no names. Choose a text file with a name a line."));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_a_line_each_and_errors_say_the_fix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        std::fs::write(&path, "cat\r\n dog \n\n").unwrap();
        assert_eq!(read_labels(&path).unwrap(), ["cat", "dog"]);
        std::fs::write(&path, "\n\n").unwrap();
        assert!(read_labels(&path).unwrap_err().contains("Choose a text file"));
        assert!(read_labels(&folder.path().join("none")).is_err());
    }
}
