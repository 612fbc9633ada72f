//! Reading YOLO's text files: boxes, outlines, keypoints and oriented boxes, with `data.yaml`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::data_yaml::{self, Yaml};
use super::{Read, SourceFormat};
use crate::dataset::folder::{image_size, walk};
use crate::dataset::types::{check_coordinates, hull_of};
use crate::dataset::{
    Annotation, Class, DatasetError, Item, KeypointScheme, LabelPoint, Problem, Split, Visibility, names,
};
use crate::whole_file;

/// A larger `data.yaml` isn't read: 4 MiB.
const MAX_YAML: u64 = 4 << 20;
/// Larger label files and lists of images aren't read: 256 MiB.
const MAX_TEXT: u64 = 256 << 20;
/// Most classes.
const MAX_CLASSES: usize = 100_000;
/// Folders within folders are followed so deep.
const DEPTH: usize = 16;

/// What the numbers of a line mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Detect,
    Segment,
    Obb,
    /// So many points, with or without a visibility.
    Pose {
        points: usize,
        visibility: bool,
    },
}

/// The `data.yaml` of a folder.
pub(super) fn yaml_in(root: &Path) -> Option<PathBuf> {
    let known = ["data.yaml", "dataset.yaml", "data.yml"].map(|name| root.join(name));
    if let Some(found) = known.into_iter().find(|path| path.is_file()) {
        return Some(found);
    }
    let entries = std::fs::read_dir(root).ok()?.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") && path.is_file()
        })
        .collect();
    if files.len() == 1 { files.pop() } else { None }
}

/// Whether a folder has images and label files beside them, without a `data.yaml`.
pub(super) fn is_one(root: &Path) -> bool {
    root.join("images").is_dir() && root.join("labels").is_dir()
}

/// Reads a `data.yaml`, or a folder with `images` and `labels`.
pub(super) fn read(path: &Path) -> Result<Read, DatasetError> {
    let damaged = |reason: String| DatasetError::Damaged { path: path.to_owned(), reason };
    let is_folder = path.is_dir();
    let base = if is_folder { path } else { whole_file::folder_of(path) };
    let yaml = if is_folder {
        Yaml::Map(Vec::new())
    } else {
        let text =
            whole_file::read_text(path, MAX_YAML).map_err(|error| DatasetError::reading(path, error))?;
        data_yaml::parse(&text).map_err(damaged)?
    };
    let mut read = Read::new(SourceFormat::Yolo, base);
    let scheme = keypoints(&yaml).map_err(damaged)?;
    for name in class_names(&yaml, base).map_err(damaged)? {
        read.dataset
            .classes
            .push(Class { keypoints: scheme.as_ref().map(|(scheme, _)| scheme.clone()), ..Class::new(name) });
    }
    let root = match yaml.get("path").and_then(Yaml::text).filter(|path| !path.is_empty()) {
        Some(said) if Path::new(said).is_absolute() && Path::new(said).is_dir() => PathBuf::from(said),
        Some(said) if base.join(said).is_dir() => base.join(said),
        // Ultralytics counts it from a folder of its own settings; most archives hold it beside the file.
        _ => base.to_owned(),
    };
    let mut listed: Vec<(PathBuf, Option<Split>)> = Vec::new();
    for split in Split::ALL {
        let places = yaml.get(split.name()).or_else(|| yaml.get("valid").filter(|_| split == Split::Val));
        for place in places.map(Yaml::texts).unwrap_or_default() {
            images_at(&root, base, place, Some(split), &mut listed, &mut read.problems);
        }
    }
    if listed.is_empty() && (is_folder || yaml.get("train").is_none()) {
        images_at(&root, base, "images", None, &mut listed, &mut read.problems);
        for (path, split) in &mut listed {
            let within = path.strip_prefix(root.join("images")).ok();
            let first = within.and_then(|path| path.components().next()?.as_os_str().to_str());
            *split = Split::ALL.into_iter().find(|split| Some(split.name()) == first);
        }
    }
    let mut seen = HashSet::new();
    listed.retain(|(path, _)| seen.insert(path.clone()));
    let labels: Vec<(PathBuf, Vec<Vec<f64>>)> =
        listed.iter().map(|(path, _)| lines_of(path, &mut read.problems)).collect();
    let kind = match (&scheme, yaml.get("task").and_then(Yaml::text)) {
        (Some((scheme, visibility)), _) => Kind::Pose { points: scheme.names.len(), visibility: *visibility },
        (None, Some("obb")) => Kind::Obb,
        (None, Some("segment")) => Kind::Segment,
        (None, Some("detect")) => Kind::Detect,
        (None, _) => guessed(labels.iter().flat_map(|(_, lines)| lines)),
    };
    let plain = plain_names(&listed);
    for (((path, split), (label_path, lines)), name) in listed.into_iter().zip(labels).zip(plain) {
        let size = match image_size(&path) {
            Ok(size) => size,
            Err(reason) => {
                read.problems.push(Problem::Image { path: path.clone(), reason });
                (0, 0)
            }
        };
        let mut item = Item { name, path, size, split, reviewed: true, ..Item::default() };
        let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
        if size != (0, 0) {
            for line in &lines {
                match annotation(line, kind, size) {
                    Ok(annotation) if annotation.class < MAX_CLASSES => {
                        while read.dataset.classes.len() <= annotation.class {
                            let name = format!("class {}", read.dataset.classes.len());
                            read.problems
                                .push(Problem::NewClass { path: label_path.clone(), class: name.clone() });
                            let keypoints = scheme.as_ref().map(|(scheme, _)| scheme.clone());
                            read.dataset.classes.push(Class { keypoints, ..Class::new(name) });
                        }
                        item.annotations.push(annotation);
                    }
                    Ok(_) => *wrong.entry("its class has too great a number".into()).or_default() += 1,
                    Err(reason) => *wrong.entry(reason).or_default() += 1,
                }
            }
        }
        let problems = wrong.into_iter();
        read.problems.extend(problems.map(|(reason, count)| Problem::Label {
            path: label_path.clone(),
            reason,
            count,
        }));
        read.add(item);
    }
    Ok(read)
}

/// The names of the classes, each once.
fn class_names(yaml: &Yaml, base: &Path) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    if let Some(value) = yaml.get("names") {
        let numbered = value.numbered().ok_or("its names are neither a list nor numbered")?;
        let count = numbered.keys().next_back().map_or(0, |last| last + 1);
        if count > MAX_CLASSES {
            return Err("its names have too great numbers".into());
        }
        names = (0..count)
            .map(|index| numbered.get(&index).cloned().unwrap_or_else(|| format!("class {index}")))
            .collect();
    } else if let Some(count) = yaml.get("nc").and_then(Yaml::text) {
        let count: usize =
            count.parse().ok().filter(|count| *count <= MAX_CLASSES).ok_or("nc isn't a number of classes")?;
        names = (0..count).map(|index| format!("class {index}")).collect();
    } else if let Ok(text) = whole_file::read_text(&base.join("classes.txt"), MAX_YAML) {
        names = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    }
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter_mut().enumerate() {
        if name.is_empty() || !seen.insert(name.clone()) {
            let numbered =
                if name.is_empty() { format!("class {index}") } else { format!("{name} ({index})") };
            seen.insert(numbered.clone());
            *name = numbered;
        }
    }
    Ok(names)
}

/// The keypoints of all classes, and whether each has a visibility.
fn keypoints(yaml: &Yaml) -> Result<Option<(KeypointScheme, bool)>, String> {
    let Some(shape) = yaml.get("kpt_shape") else { return Ok(None) };
    let numbers: Vec<usize> = shape.texts().iter().filter_map(|text| text.parse().ok()).collect();
    let &[count, values @ (2 | 3)] = &numbers[..] else {
        return Err("kpt_shape isn't a number of points and 2 or 3".into());
    };
    if !(1..=1000).contains(&count) {
        return Err("kpt_shape names too many points".into());
    }
    let mut scheme = KeypointScheme::of_count(count);
    let named = yaml.get("kpt_names").and_then(|names| match names {
        Yaml::Map(classes) => classes.first().map(|(_, names)| names.texts()),
        names => Some(names.texts()),
    });
    if let Some(named) = named.filter(|named| named.len() == count) {
        scheme.names = named.into_iter().map(str::to_owned).collect();
        if count != 17 {
            scheme.flip.clear();
        }
    }
    if let Some(flip) = yaml.get("flip_idx") {
        scheme.flip = flip.texts().iter().filter_map(|text| text.parse().ok()).collect();
    }
    if let Some(skeleton) = yaml.get("skeleton") {
        // Not one of Ultralytics' keys, which has no place for it.
        let Yaml::List(pairs) = skeleton else { return Err("its skeleton isn't a list of pairs".into()) };
        let pair = |pair: &Yaml| match pair.texts()[..] {
            [a, b] => Some([a.parse().ok()?, b.parse().ok()?]),
            _ => None,
        };
        scheme.skeleton = pairs.iter().filter_map(pair).collect();
    }
    scheme.check()?;
    Ok(Some((scheme, values == 3)))
}

/// Adds the images that a place names: a folder, or a list of files.
fn images_at(
    root: &Path,
    base: &Path,
    place: &str,
    split: Option<Split>,
    listed: &mut Vec<(PathBuf, Option<Split>)>,
    problems: &mut Vec<Problem>,
) {
    // Roboflow writes ../train/images for folders that lie beside the file.
    let trimmed = place.strip_prefix("../").unwrap_or(place);
    let candidates = [root.join(place), base.join(place), base.join(trimmed)];
    let Some(found) = candidates.iter().find(|path| path.exists()) else {
        problems.push(Problem::Folder { path: candidates[0].clone(), reason: "it isn't there".into() });
        return;
    };
    if found.is_dir() {
        let mut files = Vec::new();
        walk(found, DEPTH, &mut |path, problem| match problem {
            Some(reason) => problems.push(Problem::Folder { path: path.to_owned(), reason }),
            None if names::is_image(path) => files.push(path.to_owned()),
            None => {}
        });
        files.sort_by(|a, b| alphanumeric_sort::compare_path(a, b));
        listed.extend(files.into_iter().map(|path| (path, split)));
        return;
    }
    match whole_file::read_text(found, MAX_TEXT) {
        Ok(text) => {
            let folder = whole_file::folder_of(found);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            listed.extend(lines.map(|line| (folder.join(line.strip_prefix("./").unwrap_or(line)), split)));
        }
        Err(error) => problems.push(Problem::Folder { path: found.clone(), reason: error.to_string() }),
    }
}

/// The label file of an image, and the numbers of its lines; none without a file.
fn lines_of(image: &Path, problems: &mut Vec<Problem>) -> (PathBuf, Vec<Vec<f64>>) {
    let path = label_path(image);
    let text = match whole_file::read_text(&path, MAX_TEXT) {
        Ok(text) => text,
        Err(error) => {
            // An image without a file is one without objects.
            if error.kind() != std::io::ErrorKind::NotFound {
                problems.push(Problem::Labels { path: path.clone(), reason: error.to_string() });
            }
            return (path, Vec::new());
        }
    };
    let (mut lines, mut wrong) = (Vec::new(), 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let numbers: Option<Vec<f64>> = line
            .split_whitespace()
            .map(|word| word.parse().ok().filter(|value: &f64| value.is_finite()))
            .collect();
        match numbers {
            Some(numbers) => lines.push(numbers),
            None => wrong += 1,
        }
    }
    if wrong > 0 {
        let reason = "the line has something else than numbers".to_owned();
        problems.push(Problem::Label { path: path.clone(), reason, count: wrong });
    }
    (path, lines)
}

/// `labels` instead of the last `images` in the path, and `.txt`.
fn label_path(image: &Path) -> PathBuf {
    let parts: Vec<_> = image.components().collect();
    let folders = parts.len().saturating_sub(1);
    let last = parts[..folders].iter().rposition(|part| part.as_os_str() == "images");
    let mut path: PathBuf = parts
        .iter()
        .enumerate()
        .map(|(index, part)| if Some(index) == last { "labels".as_ref() } else { part.as_os_str() })
        .collect();
    path.set_extension("txt");
    path
}

/// What lines mean of which nothing says it: nine numbers each are oriented boxes, more or others outlines.
fn guessed<'a>(lines: impl Iterator<Item = &'a Vec<f64>>) -> Kind {
    let lengths: BTreeSet<usize> = lines.map(Vec::len).filter(|length| *length > 6).collect();
    match lengths.first() {
        None => Kind::Detect,
        Some(9) if lengths.len() == 1 => Kind::Obb,
        Some(_) => Kind::Segment,
    }
}

fn annotation(line: &[f64], kind: Kind, (width, height): (u32, u32)) -> Result<Annotation, String> {
    let (w, h) = (f64::from(width), f64::from(height));
    let [class, rest @ ..] = line else { return Err("the line is empty".into()) };
    if *class < 0.0 || class.fract() != 0.0 {
        return Err("its class isn't a whole number".into());
    }
    let pairs =
        |values: &[f64]| values.chunks_exact(2).map(|pair| [pair[0] * w, pair[1] * h]).collect::<Vec<_>>();
    let bbox = |values: &[f64]| {
        let [x, y, bw, bh] = [values[0] * w, values[1] * h, values[2] * w, values[3] * h];
        if bw < 0.0 || bh < 0.0 {
            return Err("its box has a negative width or height".to_owned());
        }
        Ok([x - bw / 2.0, y - bh / 2.0, x + bw / 2.0, y + bh / 2.0])
    };
    let mut one = Annotation::new(*class as usize, [0.0; 4]);
    let count = rest.len();
    match kind {
        Kind::Pose { points, visibility } => {
            let values = if visibility { 3 } else { 2 };
            if count != 4 + points * values {
                return Err(format!("the line has {} numbers and not {}", count + 1, 5 + points * values));
            }
            one.bbox = bbox(rest)?;
            for point in rest[4..].chunks_exact(values) {
                let seen = match point.get(2) {
                    Some(v) => {
                        Visibility::of_number(*v).ok_or("the visibility of a keypoint isn't 0, 1 or 2")?
                    }
                    None if point == [0.0, 0.0] => Visibility::NotLabelled,
                    None => Visibility::Visible,
                };
                one.keypoints.push(LabelPoint { x: point[0] * w, y: point[1] * h, visibility: seen });
            }
        }
        Kind::Obb if count == 8 => {
            let corners = pairs(rest);
            one.bbox = hull_of(corners.iter().copied()).unwrap_or_default();
            let corners = [corners[0], corners[1], corners[2], corners[3]];
            one.corners = Some(corners);
        }
        // A box alone, perhaps with the score of a model.
        _ if count == 4 || count == 5 => {
            one.bbox = bbox(rest)?;
            one.score = rest.get(4).copied().filter(|score| (0.0..=1.0).contains(score));
        }
        Kind::Segment if count >= 6 && count.is_multiple_of(2) => {
            let outline = pairs(rest);
            one.bbox = hull_of(outline.iter().copied()).unwrap_or_default();
            one.polygons = vec![outline];
        }
        _ => return Err(format!("the line has {} numbers", count + 1)),
    }
    check_coordinates(&one)?;
    Ok(one)
}

/// The names of images: below the last `images` of their path and, there, below a folder named as their split, as long as each stays
/// the only one of its name.
fn plain_names(listed: &[(PathBuf, Option<Split>)]) -> Vec<String> {
    let below = |path: &Path, split: Option<Split>| {
        let parts: Vec<String> =
            path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let start = parts.iter().rposition(|part| part == "images").map_or(parts.len() - 1, |at| at + 1);
        let parts = &parts[start.min(parts.len() - 1)..];
        let is_split = |part: &String| split.is_some_and(|split| part.starts_with(split.name()));
        match parts {
            [first, rest @ ..] if is_split(first) && !rest.is_empty() => rest.join("/"),
            parts => parts.join("/"),
        }
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    listed
        .iter()
        .map(|(path, split)| {
            let mut name = below(path, *split);
            if !taken.insert(name.clone()) {
                let folder = split.map_or("other", Split::name);
                name = format!("{folder}/{name}");
                let mut number = 2;
                while !taken.insert(name.clone()) {
                    name = format!("{folder}-{number}/{}", below(path, *split));
                    number += 1;
                }
            }
            name
        })
        .collect()
}
