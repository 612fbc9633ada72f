//! Reading a scene file: what is wrong is told with its line.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::error::{Part, SceneFileError, SceneProblem};
use super::geometry::{self, Point};
use super::scene_file::{
    Anchor, ClassName, Counting, Distances, Exercise, HeatMap, Line, Look, Perspective, SceneFile, Zone,
};

use crate::whole_file;

/// The size of a scene file in bytes, at most.
pub const MAX_BYTES: usize = 1 << 20;
/// Zones, lines or exercises of a file, at most.
pub const MAX_SHAPES: usize = 256;
/// Corners of a zone, at most.
pub const MAX_POINTS: usize = 128;
/// Characters of a name, at most.
pub const MAX_NAME: usize = 80;

impl SceneFile {
    /// Reads a scene file.
    ///
    /// # Errors
    /// [`SceneFileError::Unreadable`], or [`SceneFileError::Wrong`] with the line that is wrong.
    pub fn load(path: &Path) -> Result<Self, SceneFileError> {
        let unreadable = |error: std::io::Error| SceneFileError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let wrong = |(problem, line)| SceneFileError::Wrong { path: path.to_owned(), line, problem };
        match whole_file::read_text(path, MAX_BYTES as u64) {
            Ok(text) => Self::parse(&text).map_err(wrong),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                Err(wrong((SceneProblem::TooLarge { limit: MAX_BYTES }, None)))
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(wrong((SceneProblem::NotText, None))),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Reads the text of a scene file.
    ///
    /// # Errors
    /// What is wrong, and in which line, counted from 1.
    pub fn parse(text: &str) -> Result<Self, (SceneProblem, Option<usize>)> {
        if text.len() > MAX_BYTES {
            return Err((SceneProblem::TooLarge { limit: MAX_BYTES }, None));
        }
        // A byte-order mark, as Windows' Notepad writes it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            (SceneProblem::Syntax { reason: error.message().trim().replace('\n', ", ") }, line)
        })?;
        scene_file(table).map_err(|wrong| (wrong.problem, find_line(text, &wrong.path)))
    }
}

/// What is wrong, and where: the keys and places that lead to it.
struct Wrong {
    problem: SceneProblem,
    path: Vec<Step>,
}

enum Step {
    Key(&'static str),
    Place(usize),
}

impl Wrong {
    /// It was inside of this.
    fn within(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl From<SceneProblem> for Wrong {
    fn from(problem: SceneProblem) -> Self {
        Self { problem, path: Vec::new() }
    }
}

type Read<T> = Result<T, Wrong>;

/// The line of the last thing on a path that is there.
fn find_line(text: &str, path: &[Step]) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut table = Some(root.get_ref());
    let mut array = None;
    for step in path {
        let next = match step {
            Step::Key(key) => table.and_then(|table| table.get(*key)),
            Step::Place(place) => array.and_then(|array: &toml::de::DeArray<'_>| array.get(*place)),
        };
        let Some(next) = next else { break };
        found = Some(next.span().start);
        (table, array) = match next.get_ref() {
            DeValue::Table(inner) => (Some(inner), None),
            DeValue::Array(inner) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    found.map(|at| line_of(text, at))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn scene_file(mut table: Table) -> Read<SceneFile> {
    let lines = list(&mut table, "lines", line)?;
    let zones = list(&mut table, "zones", zone)?;
    let exercises = list(&mut table, "exercises", exercise)?;
    let twice = |key, names: Vec<&Arc<str>>| {
        let again = (1..names.len()).find(|&i| names[..i].contains(&names[i]));
        again.map_or(Ok(()), |i| {
            let problem = SceneProblem::Twice { name: names[i].to_string() };
            Err(Wrong { problem, path: vec![Step::Key(key), Step::Place(i), Step::Key("name")] })
        })
    };
    twice("lines", lines.iter().map(|line| &line.name).collect())?;
    twice("zones", zones.iter().map(|zone| &zone.name).collect())?;
    twice("exercises", exercises.iter().map(|exercise| &exercise.name).collect())?;
    let perspective = part(&mut table, "perspective", perspective)?;
    let heat_map = part(&mut table, "heat_map", heat_map)?;
    let distances =
        part(&mut table, "distances", |mut table| Ok(Distances { look: look(&mut table)?, other: table }))?;
    let counting = part(&mut table, "counting", counting)?.unwrap_or_default();
    Ok(SceneFile { lines, zones, exercises, perspective, heat_map, counting, distances, other: table })
}

/// Takes a table of this name out of another one.
fn part<T>(table: &mut Table, key: &'static str, read: impl Fn(Table) -> Read<T>) -> Read<Option<T>> {
    let Some(value) = table.remove(key) else { return Ok(None) };
    let inside = match value {
        Value::Table(inner) => read(inner),
        _ => Err(wrong_type(key, "a table, under a line [name]").into()),
    };
    inside.map(Some).map_err(|wrong| wrong.within(Step::Key(key)))
}

/// Takes a list of tables of this name out of another table.
fn list<T>(table: &mut Table, key: &'static str, read: impl Fn(Table, usize) -> Read<T>) -> Read<Vec<T>> {
    let Some(value) = table.remove(key) else { return Ok(Vec::new()) };
    let all = || {
        let wrong = || Wrong::from(wrong_type(key, "a list of tables, each under a line [[name]]"));
        let Value::Array(items) = value else { return Err(wrong()) };
        if items.len() > MAX_SHAPES {
            return Err(SceneProblem::TooMany { what: key, limit: MAX_SHAPES }.into());
        }
        let one = |(i, item)| match item {
            Value::Table(inner) => read(inner, i).map_err(|wrong: Wrong| wrong.within(Step::Place(i))),
            _ => Err(wrong().within(Step::Place(i))),
        };
        items.into_iter().enumerate().map(one).collect()
    };
    all().map_err(|wrong: Wrong| wrong.within(Step::Key(key)))
}

fn wrong_type(key: &str, expected: &'static str) -> SceneProblem {
    SceneProblem::Type { key: key.to_owned(), expected }
}

fn line(mut table: Table, place: usize) -> Read<Line> {
    let name = name(&mut table, "line", place)?;
    let what = Part::Line(name.to_string());
    let points = points(&mut table, &what, "points = [[0.1, 0.6], [0.9, 0.6]]")?;
    let inside = |problem| Wrong::from(problem).within(Step::Key("points"));
    let points: [Point; 2] = points.try_into().map_err(|points: Vec<Point>| {
        inside(SceneProblem::Count { what: what.clone(), count: points.len(), needed: "two" })
    })?;
    if points[0] == points[1] {
        return Err(inside(SceneProblem::NoLength { what }));
    }
    Ok(Line { name, points, look: look(&mut table)?, other: table })
}

fn zone(mut table: Table, place: usize) -> Read<Zone> {
    let name = name(&mut table, "zone", place)?;
    let what = Part::Zone(name.to_string());
    let points = points(&mut table, &what, "points = [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9]]")?;
    check_polygon(&points, &what).map_err(|problem| Wrong::from(problem).within(Step::Key("points")))?;
    let capacity = whole(&mut table, "capacity", 1, 100_000)?;
    Ok(Zone { name, points, look: look(&mut table)?, capacity, other: table })
}

/// Checks whether these are the corners of a zone. `what` names it.
///
/// # Errors
/// Why not.
pub fn check_polygon(points: &[Point], what: &Part) -> Result<(), SceneProblem> {
    let what = || what.clone();
    if points.len() < 3 {
        let needed = "at least three, its corners";
        return Err(SceneProblem::Count { what: what(), count: points.len(), needed });
    }
    if points.len() > MAX_POINTS {
        return Err(SceneProblem::Count { what: what(), count: points.len(), needed: "128 at most" });
    }
    let [x, y] = points[0];
    let far = |p: &&Point| (p[0] - x).hypot(p[1] - y);
    let farthest = points.iter().max_by(|a, b| far(a).total_cmp(&far(b))).copied().unwrap_or([x, y]);
    if points.iter().all(|p| geometry::side([x, y], farthest, *p).abs() < 1e-6) {
        return Err(SceneProblem::Flat { what: what() });
    }
    if geometry::crosses_itself(points) {
        return Err(SceneProblem::Crossing { what: what() });
    }
    Ok(())
}

fn exercise(mut table: Table, place: usize) -> Read<Exercise> {
    let name = name(&mut table, "exercise", place)?;
    let what = Part::Exercise(name.to_string());
    let example = r#"joints = ["left-shoulder", "left-elbow", "left-wrist"]"#;
    let joints = table.remove("joints").ok_or(SceneProblem::Missing { what, key: "joints", example })?;
    let inside = |problem| Wrong::from(problem).within(Step::Key("joints"));
    let expected = "three joints, by name or by their place in the pose";
    let Value::Array(joints) = joints else { return Err(inside(wrong_type("joints", expected))) };
    let joint = |joint: &Value| match joint {
        Value::Integer(place) => {
            usize::try_from(*place).ok().filter(|place| *place < 1000).ok_or_else(|| {
                let (key, value) = ("joints".to_owned(), *place as f64);
                SceneProblem::Range { key, value, least: 0.0, most: 999.0 }
            })
        }
        Value::String(name) => {
            let wanted = name.to_lowercase().replace(['_', ' '], "-");
            Exercise::JOINTS.iter().position(|known| *known == wanted).ok_or_else(|| SceneProblem::Word {
                what: "joint",
                name: name.clone(),
                known: Exercise::JOINTS.join(", "),
            })
        }
        _ => Err(wrong_type("joints", expected)),
    };
    let joints = joints.iter().map(joint).collect::<Result<Vec<_>, _>>().map_err(inside)?;
    let joints = joints.try_into().map_err(|_| inside(wrong_type("joints", expected)))?;
    let (usual_up, usual_down) = Exercise::USUAL_ANGLES;
    let up = number(&mut table, "up", 0.0, 180.0)?.unwrap_or(usual_up);
    let down = number(&mut table, "down", 0.0, 180.0)?.unwrap_or(usual_down);
    if up <= down {
        return Err(SceneProblem::Angles { up, down }.into());
    }
    Ok(Exercise { name, joints, up, down, other: table })
}

fn perspective(mut table: Table) -> Read<Perspective> {
    let what = Part::Perspective;
    let points = points(&mut table, &what, "points = [[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]]")?;
    let inside = |problem| Wrong::from(problem).within(Step::Key("points"));
    let points = points.try_into().map_err(|points: Vec<Point>| {
        let needed = "four, the corners of a rectangle on the ground";
        inside(SceneProblem::Count { what: what.clone(), count: points.len(), needed })
    })?;
    let mut metres = |key, example| {
        let missing = SceneProblem::Missing { what: what.clone(), key, example };
        number(&mut table, key, 0.01, 100_000.0)?.ok_or(Wrong::from(missing))
    };
    let width = metres("width", "width = 7.0, in metres, from the first point to the second")?;
    let length = metres("length", "length = 30.0, in metres, from the second point to the third")?;
    let perspective = Perspective { points, width, length, other: table };
    if perspective.homography().is_none() {
        return Err(inside(SceneProblem::Perspective));
    }
    Ok(perspective)
}

fn heat_map(mut table: Table) -> Read<HeatMap> {
    let mode = table.remove("mode");
    let half_life = number(&mut table, "half_life", 0.1, 1e6)?;
    let half_life_s = match &mode {
        None => Some(half_life.unwrap_or(HeatMap::USUAL_HALF_LIFE_S)),
        Some(Value::String(mode)) if mode == "decaying" => {
            Some(half_life.unwrap_or(HeatMap::USUAL_HALF_LIFE_S))
        }
        Some(Value::String(mode)) if mode == "cumulative" => None,
        Some(Value::String(mode)) => {
            let (name, known) = (mode.clone(), "decaying, cumulative".to_owned());
            let problem = SceneProblem::Word { what: "mode", name, known };
            return Err(Wrong::from(problem).within(Step::Key("mode")));
        }
        Some(_) => {
            let problem = wrong_type("mode", "\u{201c}decaying\u{201d} or \u{201c}cumulative\u{201d}");
            return Err(Wrong::from(problem).within(Step::Key("mode")));
        }
    };
    Ok(HeatMap { half_life_s, look: look(&mut table)?, other: table })
}

fn counting(mut table: Table) -> Read<Counting> {
    let usual = Counting::default();
    Ok(Counting {
        results: whole(&mut table, "results", 1, 1000)?.unwrap_or(usual.results),
        seconds: number(&mut table, "seconds", 0.0, 60.0)?.unwrap_or(usual.seconds),
        gap_s: number(&mut table, "gap", 0.0, 3600.0)?.unwrap_or(usual.gap_s),
        other: table,
    })
}

fn name(table: &mut Table, what: &'static str, place: usize) -> Read<Arc<str>> {
    let missing = || SceneProblem::Missing {
        what: Part::Nameless(what, place + 1),
        key: "name",
        example: "name = \"gate\"",
    };
    let name = table.remove("name").ok_or_else(missing)?;
    match name {
        Value::String(name) if is_name(&name) => Ok(name.trim().into()),
        _ => {
            let problem = wrong_type("name", "a text of 1 to 80 characters in one line");
            Err(Wrong::from(problem).within(Step::Key("name")))
        }
    }
}

/// Whether a zone or line can have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let trimmed = name.trim();
    !trimmed.is_empty() && trimmed.chars().count() <= MAX_NAME && !trimmed.chars().any(char::is_control)
}

fn points(table: &mut Table, what: &Part, example: &'static str) -> Read<Vec<Point>> {
    let missing = || SceneProblem::Missing { what: what.clone(), key: "points", example };
    let value = table.remove("points").ok_or_else(missing)?;
    let key = |wrong: Wrong| wrong.within(Step::Key("points"));
    let Value::Array(items) = value else {
        return Err(key(wrong_type("points", "a list of points [x, y]").into()));
    };
    let point = |(i, item): (usize, &Value)| {
        let read = match item {
            Value::Array(pair) => match pair.as_slice() {
                [x, y] => as_number(x).zip(as_number(y)).filter(|(x, y)| x.is_finite() && y.is_finite()),
                _ => None,
            },
            _ => None,
        };
        let inside = |problem| Wrong::from(problem).within(Step::Place(i));
        let (x, y) = read.ok_or_else(|| inside(SceneProblem::Point { what: what.clone() }))?;
        let (x, y) = (x as f32, y as f32);
        if (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y) {
            Ok([x, y])
        } else {
            Err(inside(SceneProblem::Outside { what: what.clone(), x, y }))
        }
    };
    items.iter().enumerate().map(point).collect::<Read<_>>().map_err(key)
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
}

fn number(table: &mut Table, key: &'static str, least: f64, most: f64) -> Read<Option<f32>> {
    let Some(value) = table.remove(key) else { return Ok(None) };
    let problem = match as_number(&value) {
        Some(number) if (least..=most).contains(&number) => return Ok(Some(number as f32)),
        Some(number) => SceneProblem::Range { key: key.to_owned(), value: number, least, most },
        None => wrong_type(key, "a number"),
    };
    Err(Wrong::from(problem).within(Step::Key(key)))
}

fn whole(table: &mut Table, key: &'static str, least: u32, most: u32) -> Read<Option<u32>> {
    let is_whole = !matches!(table.get(key), Some(Value::Float(number)) if number.fract() != 0.0);
    if !is_whole {
        return Err(Wrong::from(wrong_type(key, "a whole number")).within(Step::Key(key)));
    }
    Ok(number(table, key, f64::from(least), f64::from(most))?.map(|number| number as u32))
}

/// Colour, anchor and classes.
fn look(table: &mut Table) -> Read<Look> {
    let colour = match table
        .remove("colour")
        .map(|c| ("colour", c))
        .or_else(|| table.remove("color").map(|c| ("color", c)))
    {
        None => None,
        Some((key, value)) => {
            let text = value.as_str().unwrap_or_default();
            let colour = parse_colour(text).ok_or_else(|| {
                let problem = SceneProblem::Colour {
                    colour: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
                };
                Wrong::from(problem).within(Step::Key(key))
            })?;
            Some(colour)
        }
    };
    let anchor = match table.remove("anchor") {
        None => Anchor::default(),
        Some(value) => value.as_str().and_then(Anchor::named).ok_or_else(|| {
            let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let known = Anchor::ALL.map(Anchor::name).join(", ");
            Wrong::from(SceneProblem::Word { what: "anchor", name, known }).within(Step::Key("anchor"))
        })?,
    };
    let classes = match table.remove("classes") {
        None => Vec::new(),
        Some(value) => {
            let class = |value: &Value| match value {
                Value::String(name) => {
                    Some(ClassName::Name(name.trim().to_owned())).filter(|_| is_name(name))
                }
                Value::Integer(id) => u32::try_from(*id).ok().map(ClassName::Id),
                _ => None,
            };
            let classes = value.as_array().filter(|all| all.len() <= 1000);
            let classes: Option<Vec<_>> = classes.and_then(|all| all.iter().map(class).collect());
            classes.ok_or_else(|| {
                let expected = "a list of class names or numbers, like [\"car\", \"bus\"]";
                Wrong::from(wrong_type("classes", expected)).within(Step::Key("classes"))
            })?
        }
    };
    Ok(Look { colour, anchor, classes })
}

/// `#rrggbb`, in either case.
#[must_use]
pub fn parse_colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    let is_hex = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    let [_, r, g, b] = number.to_be_bytes();
    Some([r, g, b])
}
