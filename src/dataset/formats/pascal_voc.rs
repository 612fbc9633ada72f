//! Pascal VOC's XML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::losses::{Loss, Losses};
use super::writer::{Prepared, Target, count_details};
use crate::dataset::{DatasetError, Split};

/// A text within XML. Characters that XML doesn't know become spaces.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Writes `JPEGImages`, `Annotations` and `ImageSets/Main`. Pixels are counted from 1, and the last one belongs to the box.
pub(super) fn write(
    prepared: &Prepared<'_>,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let mut sets: BTreeMap<Split, String> = BTreeMap::new();
    for exported in &prepared.items {
        count_details(exported, losses);
        losses.add(Loss::ImageClasses, usize::from(exported.item.class.is_some()));
        // VOC has one folder for all images.
        let name = exported.name.replace('/', "_");
        let stem = exported.stem().replace('/', "_");
        let (width, height) = exported.item.size;
        let mut xml = format!(
            "<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{}</filename>\n  <size><width>{width}</width>\
             <height>{height}</height><depth>3</depth></size>\n  <segmented>0</segmented>\n",
            escaped(&name)
        );
        for one in &exported.annotations {
            if one.crowd {
                losses.add(Loss::Crowds, 1);
                continue;
            }
            let [x1, y1, x2, y2] = one.bbox.map(f64::round);
            losses.add(Loss::WholePixels, usize::from([x1, y1, x2, y2] != one.bbox));
            losses.add(Loss::Outlines, usize::from(!one.polygons.is_empty() || one.mask.is_some()));
            losses.add(Loss::Keypoints, usize::from(!one.keypoints.is_empty()));
            losses.add(Loss::Orientation, usize::from(one.corners.is_some()));
            let cut = x1 < 0.0 || y1 < 0.0 || x2 > f64::from(width) || y2 > f64::from(height);
            let name = escaped(&prepared.dataset.classes[one.class].name);
            let _ = writeln!(
                xml,
                "  <object><name>{name}</name><pose>Unspecified</pose><truncated>{}</truncated><difficult>0</difficult>\
                 <bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>",
                u8::from(cut),
                x1 + 1.0,
                y1 + 1.0,
                x2.max(x1 + 1.0),
                y2.max(y1 + 1.0),
            );
        }
        xml.push_str("</annotation>\n");
        target.file(&format!("Annotations/{stem}.xml"), xml.as_bytes())?;
        let set = sets.entry(exported.part()).or_default();
        set.push_str(&stem);
        set.push('\n');
        target.image(exported.item, &format!("JPEGImages/{name}"))?;
    }
    for (split, names) in sets {
        target.file(&format!("ImageSets/Main/{}.txt", split.name()), names.as_bytes())?;
    }
    Ok(())
}
