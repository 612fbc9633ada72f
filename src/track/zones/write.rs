//! Writing a scene file.

use std::path::Path;

use toml::{Table, Value};

use super::error::SceneFileError;
use super::geometry::Point;
use super::scene_file::{Anchor, ClassName, Counting, Exercise, Look, SceneFile};
use crate::whole_file;

impl SceneFile {
    /// The text of the file. Reading it gives the same scene file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = self.other.clone();
        let mut add_list = |key: &str, items: Vec<Table>| {
            if !items.is_empty() {
                table.insert(key.into(), Value::Array(items.into_iter().map(Value::Table).collect()));
            }
        };
        let lines = self.lines.iter().map(|line| {
            let mut table = start(&line.other, Some(&line.name), &line.points);
            add_look(&mut table, &line.look);
            table
        });
        add_list("lines", lines.collect());
        let zones = self.zones.iter().map(|zone| {
            let mut table = start(&zone.other, Some(&zone.name), &zone.points);
            if let Some(capacity) = zone.capacity {
                table.insert("capacity".into(), Value::Integer(capacity.into()));
            }
            add_look(&mut table, &zone.look);
            table
        });
        add_list("zones", zones.collect());
        let exercises = self.exercises.iter().map(|exercise| {
            let mut table = exercise.other.clone();
            table.insert("name".into(), Value::String(exercise.name.to_string()));
            let joint = |place: &usize| match Exercise::JOINTS.get(*place) {
                Some(name) => Value::String((*name).to_owned()),
                None => Value::Integer(*place as i64),
            };
            table.insert("joints".into(), Value::Array(exercise.joints.iter().map(joint).collect()));
            table.insert("up".into(), float(exercise.up));
            table.insert("down".into(), float(exercise.down));
            table
        });
        add_list("exercises", exercises.collect());
        if let Some(perspective) = &self.perspective {
            let mut inner = start(&perspective.other, None, &perspective.points);
            inner.insert("width".into(), float(perspective.width));
            inner.insert("length".into(), float(perspective.length));
            table.insert("perspective".into(), Value::Table(inner));
        }
        if let Some(heat_map) = &self.heat_map {
            let mut inner = heat_map.other.clone();
            let mode = if heat_map.half_life_s.is_some() { "decaying" } else { "cumulative" };
            inner.insert("mode".into(), Value::String(mode.into()));
            if let Some(half_life) = heat_map.half_life_s {
                inner.insert("half_life".into(), float(half_life));
            }
            add_look(&mut inner, &heat_map.look);
            table.insert("heat_map".into(), Value::Table(inner));
        }
        if let Some(distances) = &self.distances {
            let mut inner = distances.other.clone();
            add_look(&mut inner, &distances.look);
            table.insert("distances".into(), Value::Table(inner));
        }
        if self.counting != Counting::default() {
            let mut inner = self.counting.other.clone();
            inner.insert("results".into(), Value::Integer(self.counting.results.into()));
            inner.insert("seconds".into(), float(self.counting.seconds));
            inner.insert("gap".into(), float(self.counting.gap_s));
            table.insert("counting".into(), Value::Table(inner));
        }
        // Tables of texts, numbers and lists of them: this cannot fail.
        toml::to_string(&table).unwrap_or_default()
    }

    /// Writes the file, whole or not at all, and its folder if there is none.
    ///
    /// # Errors
    /// [`SceneFileError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), SceneFileError> {
        std::fs::create_dir_all(whole_file::folder_of(path))
            .and_then(|()| whole_file::write(path, self.to_text().as_bytes()))
            .map_err(|error| SceneFileError::Unwritable { path: path.to_owned(), reason: error.to_string() })
    }
}

fn start(other: &Table, name: Option<&str>, points: &[Point]) -> Table {
    let mut table = other.clone();
    if let Some(name) = name {
        table.insert("name".into(), Value::String(name.to_owned()));
    }
    let point = |point: &Point| Value::Array(point.map(float).to_vec());
    table.insert("points".into(), Value::Array(points.iter().map(point).collect()));
    table
}

fn add_look(table: &mut Table, look: &Look) {
    if let Some([r, g, b]) = look.colour {
        table.insert("colour".into(), Value::String(format!("#{r:02x}{g:02x}{b:02x}")));
    }
    if look.anchor != Anchor::default() {
        table.insert("anchor".into(), Value::String(look.anchor.name().into()));
    }
    if !look.classes.is_empty() {
        let class = |class: &ClassName| match class {
            ClassName::Name(name) => Value::String(name.clone()),
            ClassName::Id(id) => Value::Integer((*id).into()),
        };
        table.insert("classes".into(), Value::Array(look.classes.iter().map(class).collect()));
    }
}

/// The number with the fewest digits that is read back as this one: 0.18, not 0.18000000715.
fn float(value: f32) -> Value {
    Value::Float(value.to_string().parse().unwrap_or(f64::from(value)))
}
