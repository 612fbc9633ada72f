//! CVAT's XML for images, version 1.1.

use std::fmt::Write as _;

use super::losses::{Loss, Losses};
use super::pascal_voc::escaped;
use super::shapes;
use super::writer::{Prepared, Target, count_details};
use crate::dataset::{Annotation, Class, DatasetError, Visibility, masks};
use crate::save::rle::Rle;

/// Writes `images` and `annotations.xml`.
pub(super) fn write(
    prepared: &Prepared<'_>,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let dataset = prepared.dataset;
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n",
    );
    let _ = writeln!(
        xml,
        "      <name>{}</name>\n      <size>{}</size>\n      <mode>annotation</mode>\n      <labels>",
        escaped(&dataset.name),
        prepared.items.len()
    );
    for class in &dataset.classes {
        let name = escaped(&class.name);
        if let Some(scheme) = &class.keypoints {
            let _ = writeln!(
                xml,
                "        <label><name>{name} points</name><type>skeleton</type><attributes/></label>"
            );
            for point in &scheme.names {
                let _ = writeln!(
                    xml,
                    "        <label><name>{}</name><type>points</type><attributes/><parent>{name} points</parent></label>",
                    escaped(point)
                );
            }
        }
        let _ = writeln!(xml, "        <label><name>{name}</name><type>any</type><attributes/></label>");
    }
    xml.push_str("      </labels>\n    </task>\n  </meta>\n");
    for (id, exported) in prepared.items.iter().enumerate() {
        count_details(exported, losses);
        let (width, height) = exported.item.size;
        let subset = exported.split.map(|split| format!(" subset=\"{}\"", split.name())).unwrap_or_default();
        let name = escaped(&exported.name);
        let _ = writeln!(
            xml,
            "  <image id=\"{id}\" name=\"{name}\"{subset} width=\"{width}\" height=\"{height}\">"
        );
        if let Some(class) = exported.item.class {
            let _ = writeln!(
                xml,
                "    <tag label=\"{}\" source=\"manual\"/>",
                escaped(&dataset.classes[class.class].name)
            );
        }
        for (index, one) in exported.annotations.iter().enumerate() {
            shape(one, &dataset.classes[one.class], index + 1, &mut xml, losses);
        }
        xml.push_str("  </image>\n");
        // CVAT has a folder for each subset.
        let folder = exported.split.map(|split| format!("{}/", split.name())).unwrap_or_default();
        target.image(exported.item, &format!("images/{folder}{}", exported.name))?;
    }
    xml.push_str("</annotations>\n");
    target.file("annotations.xml", xml.as_bytes())
}

fn shape(one: &Annotation, class: &Class, number: usize, xml: &mut String, losses: &mut Losses) {
    losses.add(Loss::CrowdMark, usize::from(one.crowd));
    let label = escaped(&class.name);
    let outlined = !one.polygons.is_empty() || one.mask.is_some();
    // Shapes of one object have one group.
    let several = one.polygons.len() > 1 || (!one.keypoints.is_empty());
    let group = if several { format!(" group_id=\"{number}\"") } else { String::new() };
    let common = format!("label=\"{label}\" source=\"manual\" occluded=\"0\"{group} z_order=\"0\"");
    for polygon in &one.polygons {
        let _ = writeln!(xml, "    <polygon {common} points=\"{}\"/>", points(polygon));
    }
    if let (Some(mask), true) = (&one.mask, one.polygons.is_empty()) {
        mask_element(mask, &common, xml);
    }
    if let Some(corners) = one.corners {
        if outlined {
            losses.add(Loss::Orientation, 1);
        } else if let Some((centre, [w, h], angle)) = shapes::turned(&corners) {
            let bbox = [centre[0] - w / 2.0, centre[1] - h / 2.0, centre[0] + w / 2.0, centre[1] + h / 2.0];
            box_element(bbox, Some(angle.rem_euclid(360.0)), &common, xml);
        } else {
            let _ = writeln!(xml, "    <polygon {common} points=\"{}\"/>", points(&corners));
        }
    } else if !outlined {
        box_element(one.bbox, None, &common, xml);
    }
    if let (Some(scheme), false) = (&class.keypoints, one.keypoints.is_empty()) {
        let _ =
            writeln!(xml, "    <skeleton label=\"{label} points\" source=\"manual\"{group} z_order=\"0\">");
        for (point, name) in one.keypoints.iter().zip(&scheme.names) {
            let (outside, occluded) = match point.visibility {
                Visibility::NotLabelled => (1, 0),
                Visibility::Hidden => (0, 1),
                Visibility::Visible => (0, 0),
            };
            let _ = writeln!(
                xml,
                "      <points label=\"{}\" source=\"manual\" outside=\"{outside}\" occluded=\"{occluded}\" points=\"{}\"/>",
                escaped(name),
                points(&[[point.x, point.y]])
            );
        }
        xml.push_str("    </skeleton>\n");
    }
}

fn box_element([x1, y1, x2, y2]: [f64; 4], angle: Option<f64>, common: &str, xml: &mut String) {
    let rotation = angle.map(|angle| format!(" rotation=\"{}\"", number(angle))).unwrap_or_default();
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
    let _ =
        writeln!(xml, "    <box {common}{rotation} xtl=\"{x1}\" ytl=\"{y1}\" xbr=\"{x2}\" ybr=\"{y2}\"/>");
}

/// CVAT counts the pixels of a mask row by row, within its box.
fn mask_element(mask: &Rle, common: &str, xml: &mut String) {
    let Some((bbox, runs)) = masks::rows(mask) else { return };
    let [x1, y1, x2, y2] = bbox;
    let runs = runs.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        xml,
        "    <mask {common} rle=\"{runs}\" left=\"{x1}\" top=\"{y1}\" width=\"{}\" height=\"{}\"/>",
        x2 - x1,
        y2 - y1
    );
}

fn points(polygon: &[[f64; 2]]) -> String {
    polygon.iter().map(|[x, y]| format!("{},{}", number(*x), number(*y))).collect::<Vec<_>>().join(";")
}

/// With at most four decimals.
fn number(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
