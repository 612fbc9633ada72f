//! What a newer version wrote into the file of the settings and this one doesn't know.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::Settings;

/// Fields of the file that mean nothing to this version, at any depth, with the names of the tables they lie in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unknown(Vec<(Vec<String>, Value)>);

/// Versions before 0.2 had one pair of limits for all models.
const OLD: [&str; 2] = ["conf", "iou"];

impl Unknown {
    /// The fields of a file that make no difference to the settings as they were read from it.
    pub(super) fn of(file: &Table, settings: &Settings) -> Self {
        let Ok(known) = Table::try_from(settings) else { return Self::default() };
        let clamped = |mut settings: Settings| {
            settings.clamp();
            settings
        };
        let settings = clamped(settings.clone());
        let mut found = Vec::new();
        unlike(file, &known, &mut Vec::new(), &mut found);
        found.retain(|(path, _)| {
            // An older name of a field is known, although it isn't written any more.
            let mut without = file.clone();
            remove(&mut without, path);
            let same = Settings::deserialize(without).is_ok_and(|other| clamped(other) == settings);
            same && !matches!(&path[..], [name] if OLD.contains(&name.as_str()))
        });
        Self(found)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds them to what is written. Those of a table that isn't written any more, such as a camera's, go with it.
    pub(super) fn add_to(&self, file: &mut Table) {
        for (path, value) in &self.0 {
            let Some((name, tables)) = path.split_last() else { continue };
            let place = tables.iter().try_fold(&mut *file, |table, name| table.get_mut(name)?.as_table_mut());
            if let Some(table) = place {
                table.entry(name.as_str()).or_insert_with(|| value.clone());
            }
        }
    }
}

/// Finds the fields of `file` that `known` lacks.
fn unlike(file: &Table, known: &Table, at: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    for (name, value) in file {
        at.push(name.clone());
        match (known.get(name), value) {
            (None, _) => found.push((at.clone(), value.clone())),
            (Some(Value::Table(known)), Value::Table(inner)) => unlike(inner, known, at, found),
            _ => {}
        }
        at.pop();
    }
}

fn remove(table: &mut Table, path: &[String]) {
    match path {
        [] => {}
        [name] => {
            table.remove(name);
        }
        [name, rest @ ..] => {
            if let Some(inner) = table.get_mut(name).and_then(Value::as_table_mut) {
                remove(inner, rest);
            }
        }
    }
}
