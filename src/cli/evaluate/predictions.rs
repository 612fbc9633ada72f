//! What a model found as COCO's results: `[{"image_id": …, "category_id": …, "bbox": […], "score": …}, …]`.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::failure::Failure;
use crate::dataset::evaluate::Found;
use crate::dataset::{Dataset, coco_ids, masks};

/// The file, as it is written.
#[derive(Debug)]
pub(super) struct Predictions {
    out: BufWriter<File>,
    path: PathBuf,
    /// The ids of images and classes, as an export as COCO gives them.
    images: Vec<u64>,
    classes: Vec<u64>,
    is_first: bool,
}

impl Predictions {
    /// Makes the file; one that exists is not replaced.
    pub fn create(path: &Path, dataset: &Dataset) -> Result<Self, Failure> {
        let out = File::create_new(path).map_err(|error| failure(path, &error))?;
        Ok(Self {
            out: BufWriter::new(out),
            path: path.to_owned(),
            images: coco_ids(dataset.items.iter().map(|item| item.id)),
            classes: coco_ids(dataset.classes.iter().map(|class| class.id)),
            is_first: true,
        })
    }

    /// Writes what was found in one image.
    pub fn add(&mut self, image: usize, found: &[Found]) -> Result<(), Failure> {
        for one in found {
            let [x1, y1, x2, y2] = one.bbox;
            let mut line = json!({
                "image_id": self.images[image],
                "category_id": self.classes[one.class],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": one.score,
            });
            if let Some(mask) = &one.mask {
                line["segmentation"] = json!({"size": mask.size, "counts": masks::compressed(mask)});
            }
            let before = if std::mem::take(&mut self.is_first) { "[\n" } else { ",\n" };
            write!(self.out, "{before}{line}").map_err(|error| failure(&self.path, &error))?;
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<(), Failure> {
        let end = if self.is_first { "[]\n" } else { "\n]\n" };
        self.out
            .write_all(end.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| failure(&self.path, &error))
    }
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let fix = if error.kind() == io::ErrorKind::AlreadyExists {
        "Name another file, or move that one away."
    } else {
        "Name a file where this account may write."
    };
    Failure::failed(format!("\u{201c}{}\u{201d} can\u{2019}t be written: {error}.", path.display()), fix)
}
