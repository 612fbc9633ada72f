//! A folder of images for each class, perhaps within one for each split; and crops that are written so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::losses::{Loss, Losses};
use super::writer::{Prepared, Target, count_details};
use super::{Read, SourceFormat};
use crate::dataset::folder::{image_size, walk};
use crate::dataset::{DatasetError, ImageClass, Item, Problem, Split, State, names};
use crate::frame::Frame;
use crate::save::{ImageFormat, encode_frame};
use crate::source::images::load;

/// Folders within a class's folder are followed so deep.
const DEPTH: usize = 8;

/// Reads such a folder.
pub(super) fn read(root: &Path) -> Result<Read, DatasetError> {
    let mut read = Read::new(SourceFormat::ClassFolders, root);
    let splits: Vec<(PathBuf, Option<Split>)> = folders(root)
        .into_iter()
        .filter_map(|(name, path)| {
            let split = match &name.to_lowercase()[..] {
                "train" | "training" => Split::Train,
                "val" | "valid" | "validation" => Split::Val,
                "test" | "testing" => Split::Test,
                _ => return None,
            };
            Some((path, Some(split)))
        })
        .collect();
    let parts = if splits.is_empty() { vec![(root.to_owned(), None)] } else { splits };
    for (part, split) in parts {
        for (class, folder) in folders(&part) {
            let mut files = Vec::new();
            walk(&folder, DEPTH, &mut |path, problem| match problem {
                Some(reason) => read.problems.push(Problem::Folder { path: path.to_owned(), reason }),
                None if names::is_image(path) => files.push(path.to_owned()),
                None => {}
            });
            files.sort_by(|a, b| alphanumeric_sort::compare_path(a, b));
            if files.is_empty() {
                continue;
            }
            let class = read.dataset.class_or_new(&class);
            for path in files {
                let Some(name) = names::name_in(root, &path) else { continue };
                let size = image_size(&path).unwrap_or_else(|reason| {
                    read.problems.push(Problem::Image { path: path.clone(), reason });
                    (0, 0)
                });
                let class = Some(ImageClass { class, state: State::Accepted, score: None });
                read.add(Item { name, path, size, split, class, reviewed: true, ..Item::default() });
            }
        }
    }
    if read.dataset.items.is_empty() {
        return Err(DatasetError::Unknown { path: root.to_owned() });
    }
    Ok(read)
}

/// The folders in a folder with their names, in their order; hidden ones are left out.
fn folders(root: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    found.sort_by(|a, b| alphanumeric_sort::compare_str(&a.0, &b.0));
    found
}

/// Writes `SPLIT/CLASS/IMAGE.jpg`: images that have a class as they are, and every object cut out.
pub(super) fn write(
    prepared: &Prepared<'_>,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let folders = folder_names(prepared.dataset.classes.iter().map(|class| &class.name[..]));
    let (mut frame, mut jpeg) = (Frame::default(), None);
    let mut taken: HashMap<String, usize> = HashMap::new();
    for exported in &prepared.items {
        count_details(exported, losses);
        let folder = |class: usize| match exported.split {
            Some(split) => format!("{}/{}", split.name(), folders[class]),
            None => folders[class].clone(),
        };
        let stem = exported.stem().replace('/', "_");
        let mut unique = |name: String| {
            let times = taken.entry(name.clone()).or_default();
            *times += 1;
            if *times == 1 { name } else { format!("{name} ({times})") }
        };
        if let Some(class) = exported.item.class {
            let ending = exported.item.path.extension().and_then(|ending| ending.to_str()).unwrap_or("jpg");
            let name = unique(format!("{}/{stem}", folder(class.class)));
            target.image(exported.item, &format!("{name}.{ending}"))?;
        } else if exported.annotations.is_empty() {
            losses.add(Loss::NoClass, 1);
            target.step()?;
            continue;
        }
        if exported.annotations.is_empty() {
            continue;
        }
        load(&exported.item.path, &mut frame, &mut jpeg)
            .map_err(|reason| DatasetError::Damaged { path: exported.item.path.clone(), reason })?;
        for (index, one) in exported.annotations.iter().enumerate() {
            if one.crowd {
                losses.add(Loss::Crowds, 1);
                continue;
            }
            losses.add(Loss::Outlines, usize::from(!one.polygons.is_empty() || one.mask.is_some()));
            losses.add(Loss::Keypoints, usize::from(!one.keypoints.is_empty()));
            losses.add(Loss::Orientation, usize::from(one.corners.is_some()));
            let Some(crop) = cut(&frame, one.bbox) else {
                losses.add(Loss::Empty, 1);
                continue;
            };
            let bytes = encode_frame(&crop, ImageFormat::Jpeg, 95)?;
            let name = unique(format!("{}/{stem}_{}", folder(one.class), index + 1));
            target.file(&format!("{name}.jpg"), &bytes)?;
        }
        if exported.item.class.is_none() {
            target.step()?;
        }
    }
    Ok(())
}

/// The pixels of a box; `None` if it has none within the image.
fn cut(frame: &Frame, [x1, y1, x2, y2]: [f64; 4]) -> Option<Frame> {
    let within = |v: f64, side: u32| v.clamp(0.0, f64::from(side)) as usize;
    let (left, right) = (within(x1.floor(), frame.width), within(x2.ceil(), frame.width));
    let (top, bottom) = (within(y1.floor(), frame.height), within(y2.ceil(), frame.height));
    if left >= right || top >= bottom {
        return None;
    }
    let mut crop = Frame::filled((right - left) as u32, (bottom - top) as u32, [0; 4]);
    let row = 4 * (right - left);
    for (y, into) in (top..bottom).zip(crop.data.chunks_exact_mut(row)) {
        let start = 4 * (y * frame.width as usize + left);
        into.copy_from_slice(&frame.data[start..start + row]);
    }
    Some(crop)
}

/// A name for each class's folder, which a file system takes and no other class has.
fn folder_names<'a>(classes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    classes
        .map(|class| {
            let safe = crate::library::names::safe(&class.replace('/', "_"));
            let base = if safe.is_empty() { "class".to_owned() } else { safe };
            let mut name = base.clone();
            // Some file systems don't tell "Car" from "car".
            while !taken.insert(name.to_lowercase()) {
                let number = seen.entry(base.to_lowercase()).or_insert(1);
                *number += 1;
                name = format!("{base} ({number})");
            }
            name
        })
        .collect()
}
