//! Writing YOLO's text files, with `data.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Format;
use super::data_yaml::quoted;
use super::losses::{Loss, Losses};
use super::shapes;
use super::writer::{ExportItem, Prepared, Target, count_details};
use crate::dataset::{DatasetError, KeypointScheme, LabelPoint, Split};

/// Writes `images/SPLIT`, `labels/SPLIT` and `data.yaml`.
pub(super) fn write(
    prepared: &Prepared<'_>,
    format: Format,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let classes = &prepared.dataset.classes;
    let scheme = if format == Format::YoloPose { common_scheme(prepared) } else { None };
    let mut splits = BTreeSet::new();
    for exported in &prepared.items {
        let split = exported.part();
        splits.insert(split);
        count_details(exported, losses);
        losses.add(Loss::ImageClasses, usize::from(exported.item.class.is_some()));
        let lines = lines(exported, format, scheme.as_ref(), losses);
        target.file(&format!("labels/{}/{}.txt", split.name(), exported.stem()), lines.as_bytes())?;
        target.image(exported.item, &format!("images/{}/{}", split.name(), exported.name))?;
    }
    let task = match format {
        Format::YoloSegment => "segment",
        Format::YoloPose => "pose",
        Format::YoloObb => "obb",
        _ => "detect",
    };
    let mut yaml = String::from("# Written by Sightline. Paths count from the folder of this file.\n");
    // Ultralytics wants both; a data set of one image has only one.
    let train = splits.first().copied().unwrap_or(Split::Train);
    for (key, is_there) in [("train", splits.contains(&Split::Train)), ("val", splits.contains(&Split::Val))]
    {
        let folder = if is_there { key } else { train.name() };
        let _ = writeln!(yaml, "{key}: images/{folder}");
    }
    if splits.contains(&Split::Test) {
        yaml.push_str("test: images/test\n");
    }
    let _ = writeln!(yaml, "task: {task}\nnc: {}\nnames:", classes.len());
    for (index, class) in classes.iter().enumerate() {
        let _ = writeln!(yaml, "  {index}: {}", quoted(&class.name));
    }
    if let Some(scheme) = &scheme {
        let list = |values: &[usize]| values.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(yaml, "kpt_shape: [{}, 3]", scheme.names.len());
        let same: Vec<usize> = (0..scheme.names.len()).collect();
        let flip = if scheme.flip.is_empty() { &same } else { &scheme.flip };
        let _ = writeln!(yaml, "flip_idx: [{}]", list(flip));
        let names = scheme.names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        yaml.push_str("kpt_names:\n");
        for index in 0..classes.len() {
            let _ = writeln!(yaml, "  {index}: [{names}]");
        }
        if !scheme.skeleton.is_empty() {
            let pairs: Vec<String> = scheme.skeleton.iter().map(|pair| format!("[{}]", list(pair))).collect();
            let _ = writeln!(yaml, "skeleton: [{}]", pairs.join(", "));
        }
    }
    target.file("data.yaml", yaml.as_bytes())
}

/// The keypoints that most objects have: YOLO knows one scheme for all classes.
fn common_scheme(prepared: &Prepared<'_>) -> Option<KeypointScheme> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for one in prepared.items.iter().flat_map(|item| &item.annotations) {
        if !one.keypoints.is_empty() {
            *counts.entry(one.class).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|&(class, count)| (count, std::cmp::Reverse(class)));
    let with_one = || prepared.dataset.classes.iter().find_map(|class| class.keypoints.clone());
    match most {
        Some((class, _)) => prepared.dataset.keypoints_of(class).cloned(),
        None => with_one(),
    }
}

fn lines(
    exported: &ExportItem<'_>,
    format: Format,
    scheme: Option<&KeypointScheme>,
    losses: &mut Losses,
) -> String {
    let (w, h) = (f64::from(exported.item.size.0.max(1)), f64::from(exported.item.size.1.max(1)));
    let mut text = String::new();
    for one in &exported.annotations {
        if one.crowd {
            losses.add(Loss::Crowds, 1);
            continue;
        }
        let [x1, y1, x2, y2] = one.bbox;
        let mut numbers = match format {
            Format::YoloSegment => {
                let mut parts = shapes::outlines(one, losses);
                if parts.len() > 1 {
                    losses.add(Loss::Parts, 1);
                    parts.sort_by(|a, b| {
                        crate::dataset::masks::area(b).total_cmp(&crate::dataset::masks::area(a))
                    });
                }
                let outline = shapes::joined(parts);
                if outline.len() < 3 {
                    losses.add(Loss::Empty, 1);
                    continue;
                }
                outline.iter().flat_map(|[x, y]| [x / w, y / h]).collect()
            }
            Format::YoloObb => {
                let corners = one.corners.unwrap_or_else(|| {
                    losses.add(Loss::Upright, 1);
                    shapes::rectangle(one.bbox)
                });
                corners.iter().flat_map(|[x, y]| [x / w, y / h]).collect()
            }
            _ => vec![f64::midpoint(x1, x2) / w, f64::midpoint(y1, y2) / h, (x2 - x1) / w, (y2 - y1) / h],
        };
        let has_outline = !one.polygons.is_empty() || one.mask.is_some();
        losses.add(Loss::Outlines, usize::from(has_outline && format != Format::YoloSegment));
        losses.add(Loss::Orientation, usize::from(one.corners.is_some() && format != Format::YoloObb));
        if format == Format::YoloPose {
            let points = scheme.map_or(0, |scheme| scheme.names.len());
            if one.keypoints.is_empty() {
                losses.add(Loss::NoKeypoints, 1);
                numbers.extend(std::iter::repeat_n(0.0, 3 * points));
            } else if one.keypoints.len() == points {
                let point = |p: &LabelPoint| [p.x / w, p.y / h, f64::from(p.visibility.number())];
                numbers.extend(one.keypoints.iter().flat_map(point));
            } else {
                losses.add(Loss::OtherKeypoints, 1);
                continue;
            }
        } else {
            losses.add(Loss::Keypoints, usize::from(!one.keypoints.is_empty()));
        }
        let _ = write!(text, "{}", one.class);
        for number in numbers {
            let _ = write!(text, " {}", decimal(number));
        }
        text.push('\n');
    }
    text
}

/// With at most ten decimals: a millionth of a pixel of the largest image.
fn decimal(value: f64) -> String {
    let text = format!("{value:.10}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}
