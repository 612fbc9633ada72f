//! Label Studio's JSON, with the labelling set-up that it needs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::losses::{Loss, Losses};
use super::pascal_voc::escaped;
use super::shapes;
use super::writer::{Prepared, Target, count_details};
use crate::dataset::{Annotation, Class, DatasetError, Polygon, State, Visibility, masks};

/// Writes `images`, `tasks.json` and `config.xml`. Images are named as Label Studio's local storage names them, from the folder that it
/// serves; suggestions are its predictions.
pub(super) fn write(
    prepared: &Prepared<'_>,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let classes = &prepared.dataset.classes;
    let mut tasks = Vec::new();
    for (id, exported) in prepared.items.iter().enumerate() {
        count_details(exported, losses);
        let size = exported.item.size;
        let (mut accepted, mut suggested) = (Vec::new(), Vec::new());
        for (index, one) in exported.annotations.iter().enumerate() {
            let out = if one.state == State::Suggested { &mut suggested } else { &mut accepted };
            results(one, &classes[one.class], &format!("o{}", index + 1), size, out, losses);
        }
        if let Some(class) = exported.item.class {
            let choice = json!({"choices": [classes[class.class].name]});
            let out = if class.state == State::Suggested { &mut suggested } else { &mut accepted };
            out.push(json!({"id": "class", "type": "choices", "from_name": "class", "to_name": "image", "value": choice}));
        }
        let mut task = json!({
            "id": id + 1,
            "data": {
                "image": format!("/data/local-files/?d=images/{}", address(&exported.name)),
                "name": exported.name,
                "split": exported.split,
            },
            "annotations": [{"result": accepted}],
        });
        if !suggested.is_empty() {
            task["predictions"] = json!([{"model_version": "Sightline", "result": suggested}]);
        }
        tasks.push(task);
        target.image(exported.item, &format!("images/{}", exported.name))?;
    }
    target.file("config.xml", config(classes).as_bytes())?;
    target.file("tasks.json", Value::from(tasks).to_string().as_bytes())
}

/// A name within an address.
fn address(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn results(
    one: &Annotation,
    class: &Class,
    id: &str,
    (width, height): (u32, u32),
    out: &mut Vec<Value>,
    losses: &mut Losses,
) {
    losses.add(Loss::CrowdMark, usize::from(one.crowd));
    let (w, h) = (f64::from(width.max(1)) / 100.0, f64::from(height.max(1)) / 100.0);
    let mut push = |id: String, kind: &str, from: &str, mut value: Value, label: &str| {
        value[kind] = json!([label]);
        out.push(json!({
            "id": id, "type": kind, "from_name": from, "to_name": "image", "parentID": Value::Null,
            "original_width": width, "original_height": height, "image_rotation": 0, "value": value,
        }));
    };
    let polygons: Vec<Polygon> = match (&one.mask, one.polygons.is_empty()) {
        (Some(mask), true) => {
            let (outlines, holes) = masks::outlines(mask);
            losses.add(Loss::Holes, holes);
            outlines
        }
        _ => one.polygons.clone(),
    };
    if polygons.len() > 1 {
        losses.add(Loss::SeparateParts, 1);
    }
    for (index, polygon) in polygons.iter().enumerate() {
        let points: Vec<[f64; 2]> = polygon.iter().map(|[x, y]| [x / w, y / h]).collect();
        let value = json!({"points": points, "closed": true});
        push(format!("{id}p{}", index + 1), "polygonlabels", "outline", value, &class.name);
    }
    let (bbox, angle) = match one.corners.map(|corners| shapes::turned(&corners)) {
        // Label Studio turns a box around its top left corner.
        Some(Some((_, [bw, bh], angle))) => {
            let [x, y] = one.corners.unwrap_or_default()[0];
            ([x, y, x + bw, y + bh], angle)
        }
        Some(None) => {
            losses.add(Loss::Orientation, 1);
            (one.bbox, 0.0)
        }
        None => (one.bbox, 0.0),
    };
    if polygons.is_empty() {
        let [x1, y1, x2, y2] = bbox;
        let value = json!({"x": x1 / w, "y": y1 / h, "width": (x2 - x1) / w, "height": (y2 - y1) / h, "rotation": angle});
        push(format!("{id}b"), "rectanglelabels", "box", value, &class.name);
    } else if one.corners.is_some() {
        losses.add(Loss::Orientation, 1);
    }
    let Some(scheme) = class.keypoints.as_ref().filter(|_| !one.keypoints.is_empty()) else { return };
    let hidden = one.keypoints.iter().any(|point| point.visibility == Visibility::Hidden);
    losses.add(Loss::Hidden, usize::from(hidden));
    for (index, (point, name)) in one.keypoints.iter().zip(&scheme.names).enumerate() {
        if point.visibility != Visibility::NotLabelled {
            let value = json!({"x": point.x / w, "y": point.y / h, "width": 0.5});
            push(format!("{id}k{}", index + 1), "keypointlabels", "point", value, name);
        }
    }
}

/// The labelling set-up of a project that these tasks fit.
fn config(classes: &[Class]) -> String {
    let mut xml = String::from("<View>\n  <Image name=\"image\" value=\"$image\" zoom=\"true\"/>\n");
    let mut list = |tag: &str, item: &str, name: &str, labels: &[&str]| {
        if labels.is_empty() {
            return;
        }
        let _ = writeln!(xml, "  <{tag} name=\"{name}\" toName=\"image\">");
        for label in labels {
            let _ = writeln!(xml, "    <{item} value=\"{}\"/>", escaped(label));
        }
        let _ = writeln!(xml, "  </{tag}>");
    };
    let names: Vec<&str> = classes.iter().map(|class| &class.name[..]).collect();
    list("RectangleLabels", "Label", "box", &names);
    list("PolygonLabels", "Label", "outline", &names);
    list("Choices", "Choice", "class", &names);
    let mut points: Vec<&str> = Vec::new();
    for name in classes.iter().flat_map(|class| &class.keypoints).flat_map(|scheme| &scheme.names) {
        if !points.contains(&&name[..]) {
            points.push(name);
        }
    }
    list("KeyPointLabels", "Label", "point", &points);
    xml.push_str("</View>\n");
    xml
}
