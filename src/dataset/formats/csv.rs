//! One line an object.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::losses::{Loss, Losses};
use super::writer::{Prepared, Target};
use crate::dataset::{DatasetError, Split};

/// The columns. Boxes are in pixels; an image without objects has a line without a class.
const HEAD: &str = "image,width,height,split,class,x1,y1,x2,y2,score,track,image_class\r\n";

/// Writes `images` and `labels.csv`.
pub(super) fn write(
    prepared: &Prepared<'_>,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let classes = &prepared.dataset.classes;
    let mut text = String::from(HEAD);
    for exported in &prepared.items {
        let (width, height) = exported.item.size;
        let split = exported.split.map(Split::name).unwrap_or_default();
        let start = format!("{},{width},{height},{split}", quoted(&exported.name));
        let whole = exported.item.class.map(|class| quoted(&classes[class.class].name)).unwrap_or_default();
        if exported.annotations.is_empty() {
            let _ = write!(text, "{start},,,,,,,,{whole}\r\n");
        }
        for one in &exported.annotations {
            losses.add(Loss::CrowdMark, usize::from(one.crowd));
            losses.add(Loss::Outlines, usize::from(!one.polygons.is_empty() || one.mask.is_some()));
            losses.add(Loss::Keypoints, usize::from(!one.keypoints.is_empty()));
            losses.add(Loss::Orientation, usize::from(one.corners.is_some()));
            losses.add(Loss::Details, usize::from(!one.other.is_empty()));
            let [x1, y1, x2, y2] = one.bbox;
            let score = one.score.map(|score| score.to_string()).unwrap_or_default();
            let track = one.track_id.map(|track| track.to_string()).unwrap_or_default();
            let class = quoted(&classes[one.class].name);
            let _ = write!(text, "{start},{class},{x1},{y1},{x2},{y2},{score},{track},{whole}\r\n");
        }
        target.image(exported.item, &format!("images/{}", exported.name))?;
    }
    target.file("labels.csv", text.as_bytes())
}

/// A text as a field: in quotes where it needs them (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains([',', '"', '\n', '\r']) {
        return text.into();
    }
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\"")).into()
}
