//! Models that tell what something looks like: an image in, a vector out that is alike for images of the same thing. Models for
//! re-identification (`OSNet`, `FastReID`), `DINOv2`, CLIP's image encoder, and any classifier.

use std::path::{Path, PathBuf};

use super::families::ImageInput;
use super::input::InputStage;
use super::isolation::Attempt;
use super::session::{Bytes, Session};
use super::sidecar::Sidecar;
use super::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Size};
use super::tensor::{Data, Tensor};
use super::{ModelError, OpenOptions, hash, inspect};
use crate::frame::{Frame, PixelFormat};

/// The side of a square image for networks that take any size, as `DINOv2` was trained with.
const SIDE: u32 = 224;
/// Vectors may have so many numbers: less says nothing, more is a map of something else.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=8192;

/// An open model that tells what a part of a frame looks like.
#[derive(Debug)]
pub struct FeatureModel {
    path: PathBuf,
    session: Session,
    input: InputStage,
    /// Shape of the input.
    shape: [i64; 4],
    /// The part of the frame that is looked at.
    part: Frame,
    features: Vec<f32>,
}

impl FeatureModel {
    /// Opens a model and runs it once. The part of the frame is stretched to its input; a sidecar may say how its values are prepared, else they
    /// are those of torchvision's classifiers.
    ///
    /// # Errors
    /// If the file can't be read, isn't a model with one image as input and a vector as output, or can't be run.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        let graph = inspect::check(path)?;
        let overrides = Sidecar::load(path)?.unwrap_or_default();
        let unfit = |reason: &str| ModelError::CannotRun {
            path: path.to_owned(),
            reason: reason.into(),
            remedy: "Choose a model for re-identification, DINOv2, or a classifier.".into(),
        };
        let image = ImageInput::find(&graph, &overrides).filter(|_| graph.inputs.len() == 1);
        let image = image.ok_or_else(|| unfit("an image isn't its only input"))?;
        let (width, height) = (image.width.unwrap_or(SIDE), image.height.unwrap_or(SIDE));
        let floats = matches!(image.element, Element::F32 | Element::F16);
        let usual = if floats { Range::IMAGENET } else { Range::BYTE };
        let order = overrides.order.unwrap_or(ColourOrder::Rgb);
        let range = overrides.range.unwrap_or(usual);
        let spec = InputSpec {
            resample: overrides.resample.unwrap_or_default(),
            ..image.input(Size::Fixed { width, height }, Fit::Stretch, order, range)
        };
        // Only what is kept apart is remembered by its content.
        let sha256 = match &options.isolation {
            Some(_) => hash::sha256_unless(path, options.cancel.as_ref())?,
            None => String::new(),
        };
        let attempt = Attempt::of_file(path, &graph, &sha256, options)?;
        let session = Session::open(&Bytes::File, (&spec.name, spec.element), None, options, &attempt)?;
        let (w, h) = (i64::from(width), i64::from(height));
        let shape = match spec.layout {
            Layout::Nchw => [1, 3, h, w],
            Layout::Nhwc => [1, h, w, 3],
        };
        let mut model = Self {
            path: path.to_owned(),
            session,
            input: InputStage::new(spec),
            shape,
            part: Frame::default(),
            features: Vec::new(),
        };
        let grey = Frame::filled(32, 32, [114, 114, 114, 255]);
        model.run(&grey, [0.0, 0.0, 32.0, 32.0])?;
        if !LENGTHS.contains(&model.features.len()) {
            return Err(unfit("its output isn't a vector that tells what an image looks like"));
        }
        Ok(model)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the part of an RGBA frame within `bbox` (x1, y1, x2, y2 in pixels) looks like: a vector of length 1. `None` if less than 4×4
    /// pixels of it lie within the frame, or the vector has no direction.
    ///
    /// # Errors
    /// As [`Model::run`](super::Model::run).
    pub fn features(&mut self, frame: &Frame, bbox: [f32; 4]) -> Result<Option<&[f32]>, ModelError> {
        Ok(self.run(frame, bbox)?.then_some(&self.features))
    }

    fn run(&mut self, frame: &Frame, bbox: [f32; 4]) -> Result<bool, ModelError> {
        if !cut(frame, bbox, &mut self.part) {
            return Ok(false);
        }
        let tensor = self.session.image(&self.shape)?;
        let written = self.input.write(&self.part, tensor);
        written.map_err(|e| ModelError::RunFailed { reason: e.to_string() })?;
        let features = &mut self.features;
        self.session.run(|outputs| vector(outputs, features))?;
        Ok(normalise(features))
    }
}

/// Copies the part of an RGBA frame within a box. Returns `false` if hardly anything of it is within the frame.
fn cut(frame: &Frame, bbox: [f32; 4], part: &mut Frame) -> bool {
    let side = |value: f32, most: u32| (value.round().max(0.0) as u32).min(most);
    let [x1, x2] = [bbox[0], bbox[2]].map(|x| side(x, frame.width));
    let [y1, y2] = [bbox[1], bbox[3]].map(|y| side(y, frame.height));
    let is_rgba = frame.format == PixelFormat::Rgba8 && frame.is_whole();
    if !is_rgba || x2 < x1 + 4 || y2 < y1 + 4 {
        return false;
    }
    part.reset(x2 - x1, y2 - y1, PixelFormat::Rgba8);
    let length = (x2 - x1) as usize * 4;
    for (y, row) in (y1..y2).zip(part.data.chunks_exact_mut(length)) {
        let start = (y as usize * frame.width as usize + x1 as usize) * 4;
        row.copy_from_slice(&frame.data[start..start + length]);
    }
    true
}

/// The vector of a network's outputs: of several the one that is named so, else the first. Of tokens the first, which stands for the image
/// (`DINOv2`, CLIP); of maps the mean over the image.
fn vector(outputs: &[Tensor<'_>], features: &mut Vec<f32>) {
    features.clear();
    let named = |words: &[&str]| {
        let has = |tensor: &&Tensor<'_>| {
            let name = tensor.name.to_ascii_lowercase();
            words.iter().any(|word| name.contains(word))
        };
        outputs.iter().find(has)
    };
    let output = named(&["pool", "embed"]).or_else(|| named(&["feat"])).or(outputs.first());
    let Some(Tensor { shape, data: Data::F32(values), .. }) = output else { return };
    let sides: &[i64] = if let [1, rest @ ..] = shape { rest } else { shape };
    match sides.iter().filter_map(|n| usize::try_from(*n).ok()).collect::<smallvec::SmallVec<[_; 4]>>()[..] {
        [length] | [_, length] => features.extend_from_slice(values.get(..length).unwrap_or_default()),
        [_, h, w] if h * w > 0 => {
            features.extend(values.chunks_exact(h * w).map(|map| map.iter().sum::<f32>() / (h * w) as f32));
        }
        _ => {}
    }
}

/// Brings a vector to the length 1. Returns `false` if it has no direction.
fn normalise(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if !length.is_finite() || length < 1e-12 {
        return false;
    }
    for value in vector {
        *value /= length;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, shape: &[i64], values: &[f32]) -> Vec<f32> {
        let mut features = Vec::new();
        let other = Tensor { name: "logits", shape: &[1, 1], data: Data::F32(&[9.0]) };
        vector(&[other, Tensor { name, shape, data: Data::F32(values) }], &mut features);
        features
    }

    #[test]
    fn the_vector_is_that_of_the_whole_image() {
        assert_eq!(of("embeddings", &[1, 3], &[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
        assert_eq!(of("pooler_output", &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]), [1.0, 2.0], "the first token");
        assert_eq!(of("features", &[1, 2, 1, 2], &[1.0, 3.0, 5.0, 7.0]), [2.0, 6.0], "the mean of each map");
        assert_eq!(of("x", &[1, 2], &[1.0, 2.0]), [9.0], "the first output");
    }

    #[test]
    fn a_part_beyond_the_border_is_cut() {
        let mut frame = Frame::filled(8, 8, [0, 0, 0, 255]);
        frame.data[(7 * 8 + 7) * 4] = 200;
        let mut part = Frame::default();
        assert!(cut(&frame, [4.0, 4.0, 30.0, 30.0], &mut part));
        assert_eq!((part.width, part.height, part.data[(3 * 4 + 3) * 4]), (4, 4, 200));
        for bbox in [[f32::NAN; 4], [-9.0, -9.0, -1.0, -1.0], [5.0, 5.0, 5.0, 5.0], [7.0, 0.0, 30.0, 30.0]] {
            assert!(!cut(&frame, bbox, &mut part), "{bbox:?}");
        }
    }

    #[test]
    fn a_vector_without_direction_is_none() {
        let mut vector = [3.0, 4.0];
        assert!(normalise(&mut vector));
        assert_eq!(vector, [0.6, 0.8]);
        assert!(!normalise(&mut [0.0, 0.0]) && !normalise(&mut [f32::NAN, 1.0]) && !normalise(&mut []));
    }
}
