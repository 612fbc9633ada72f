//! How images are prepared for the networks of torchvision and timm, by their names: `torchvision.txt` and `timm.txt` are lists of the
//! values that the two libraries have (`tests/reference/make_preparations.py`).

use std::path::Path;

use super::{Preparation, cut_to};
use crate::model::spec::{Fit, Range, Resample};

const TORCHVISION: &str = include_str!("torchvision.txt");
const TIMM: &str = include_str!("timm.txt");
/// What only names of timm have.
const OF_TIMM: [&str; 6] = ["_timm_", "_tf_", "_in1k_", "_in12k_", "_in21k_", "_in22k_"];
const CLIP: Range = Range {
    scale: 1.0 / 255.0,
    mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
    std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
};
/// Of DPN.
const DPN: Range = Range {
    scale: 1.0 / 255.0,
    mean: [124.0 / 255.0, 117.0 / 255.0, 104.0 / 255.0],
    std: [1.0 / (255.0 * 0.0167); 3],
};

/// Smaller inputs are icons, which no network of these lists takes: CIFAR's networks have the same names.
const ICON: u32 = 64;

/// The preparation for the network whose name is in a file's name, the longest that is; with the project and the name.
pub(super) fn find(path: &Path, side: u32) -> Option<(Preparation, &'static str, &'static str)> {
    if side <= ICON {
        return None;
    }
    let file = plain(&path.file_stem()?.to_string_lossy());
    let of_timm = OF_TIMM.iter().any(|word| file.contains(word));
    let torchvision = torchvision(&file, side).map(|(found, name)| (found, "torchvision", name));
    let timm = timm(&file, side).map(|(found, name)| (found, "timm", name));
    // Of names that both have, people mean torchvision's unless they say otherwise.
    let length = |found: &Option<(_, _, &str)>| found.as_ref().map_or(0, |(_, _, name)| name.len());
    if length(&timm) > length(&torchvision) || (of_timm && timm.is_some()) { timm } else { torchvision }
}

/// Lower case, with `_` around and for every mark.
fn plain(name: &str) -> String {
    format!("_{}_", name.to_lowercase().replace(['-', '.', ' '], "_"))
}

fn torchvision(file: &str, side: u32) -> Option<(Preparation, &'static str)> {
    let rows = TORCHVISION.lines().skip(1).filter_map(|line| {
        let [name, resize, crop, kernel, mean] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
        Some((name, resize.parse::<u32>().ok()?, crop.parse::<u32>().ok()?, kernel, mean))
    });
    let named: Vec<_> = rows.filter(|row| file.contains(&plain(row.0))).collect();
    let name = named.iter().map(|row| row.0).max_by_key(|name| name.len())?;
    let rows = || named.iter().filter(|row| row.0 == name);
    let (_, resize, crop, kernel, mean) = *rows().find(|row| row.2 == side).or_else(|| rows().next())?;
    let fit = Fit::CentreCrop { resize: resize * side / crop };
    Some((Preparation { fit: Some(fit), resample: resample(kernel), range: range(mean) }, name))
}

fn timm(file: &str, side: u32) -> Option<(Preparation, &'static str)> {
    let groups = TIMM.lines().skip(1).filter_map(|line| line.split_once(": "));
    let names = groups.flat_map(|(settings, names)| names.split(' ').map(move |name| (settings, name)));
    let (settings, name) =
        names.filter(|(_, name)| file.contains(&plain(name))).max_by_key(|(_, name)| name.len())?;
    let [share, kernel, mode, mean] = settings.split(' ').collect::<Vec<_>>()[..] else { return None };
    let fit = if mode == "squash" { Some(Fit::Stretch) } else { cut_to(side, share.parse().ok()?) };
    Some((Preparation { fit, resample: resample(kernel), range: range(mean) }, name))
}

/// A kernel by the name that torchvision and timm have for it.
pub(super) fn resample(kernel: &str) -> Option<Resample> {
    match kernel {
        "bilinear" => Some(Resample::Bilinear),
        "bicubic" => Some(Resample::Bicubic),
        _ => None,
    }
}

fn range(mean: &str) -> Option<Range> {
    match mean {
        "imagenet" => Some(Range::IMAGENET),
        "half" => Some(Range::SIGNED),
        "unit" => Some(Range::UNIT),
        "clip" => Some(CLIP),
        "dpn" => Some(DPN),
        _ => None,
    }
}
