//! Image files: one, all of a folder, or all that match a glob, in natural order (`2` before `10`).

use std::io::{BufReader, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbaImage};

use super::address::IMAGE_EXTENSIONS;
use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::file_kind::FileKind;
use crate::frame::jpeg::JpegDecoder;
use crate::frame::{Frame, PixelFormat};

/// Larger files are not read: 512 MiB.
const MAX_BYTES: u64 = 512 << 20;
/// Larger images are refused with their size: 120 megapixels, which are 480 MB as RGBA and as much again while they are decoded.
const MAX_PIXELS: u64 = 120_000_000;
/// Bytes of a decoded image: those of [`MAX_PIXELS`] at eight bits a channel, so fewer pixels at 16 or 32.
const MAX_DECODED: u64 = 4 * MAX_PIXELS;
/// What a decoder may take for profiles, texts and other things than pixels, which can be packed by a thousand to one: 16 MiB.
const MAX_METADATA: u64 = 16 << 20;

/// Why a file can't be read that begins as none of the formats of images does.
const NO_IMAGE: &str = "it is not an image, or of a format that can't be read";

/// A source of separate images.
#[derive(Debug)]
pub struct Images {
    info: SourceInfo,
    files: Vec<PathBuf>,
    next: usize,
    /// The image that this pass over the files began with: 0, or where the last seek went.
    first: usize,
    /// Whether an image could be read in this pass.
    shown: bool,
    jpeg: Option<JpegDecoder>,
    /// The last failure of this pass.
    failure: Option<SourceError>,
}

impl Images {
    /// One image.
    ///
    /// # Errors
    /// [`SourceError::NoFile`] if it does not exist.
    pub fn file(path: &Path) -> Result<Self, SourceError> {
        let Ok(metadata) = std::fs::metadata(path) else {
            return Err(SourceError::NoFile { path: path.to_owned() });
        };
        // Reading a pipe waits until somebody writes into it.
        if let Some(kind) = FileKind::unless_file(&metadata) {
            return Err(SourceError::NotMedia { path: path.to_owned(), kind });
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self::new(name, vec![path.to_owned()]))
    }

    /// The images of a folder.
    ///
    /// # Errors
    /// If the folder cannot be read or holds no image.
    pub fn folder(path: &Path) -> Result<Self, SourceError> {
        let unreadable = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => SourceError::NoFile { path: path.to_owned() },
            _ => SourceError::Unreadable { path: path.to_owned(), reason: e.to_string() },
        };
        let entries = std::fs::read_dir(path).map_err(unreadable)?;
        let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| is_image(p)).collect();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::many(name, files, &path.display().to_string())
    }

    /// These files, in this order.
    ///
    /// # Errors
    /// [`SourceError::NoFile`] if none of them exists.
    pub fn files(paths: &[PathBuf]) -> Result<Self, SourceError> {
        let Some(first) = paths.first() else { return Err(SourceError::NoImages { place: String::new() }) };
        if !paths.iter().any(|path| path.exists()) {
            return Err(SourceError::NoFile { path: first.clone() });
        }
        let name = first.file_name().unwrap_or(first.as_os_str()).to_string_lossy().into_owned();
        Ok(Self::new(name, paths.to_vec()))
    }

    /// The images whose paths match a glob.
    ///
    /// # Errors
    /// If the glob is not valid, or no image matches it.
    pub fn glob(pattern: &str) -> Result<Self, SourceError> {
        let paths = glob::glob(pattern).map_err(|_| SourceError::Unknown { text: pattern.to_owned() })?;
        let files = paths.filter_map(Result::ok).filter(|p| is_image(p)).collect();
        Self::many(pattern.to_owned(), files, pattern)
    }

    fn many(name: String, files: Vec<PathBuf>, place: &str) -> Result<Self, SourceError> {
        if files.is_empty() {
            return Err(SourceError::NoImages { place: place.to_owned() });
        }
        Ok(Self::new(name, in_natural_order(files)))
    }

    fn new(name: String, files: Vec<PathBuf>) -> Self {
        let detail = if files.len() == 1 { String::new() } else { format!("{} images", files.len()) };
        Self {
            info: SourceInfo {
                frames: Some(files.len() as u64),
                detail,
                ..SourceInfo::new(name, Pace::Stills)
            },
            files,
            next: 0,
            first: 0,
            shown: false,
            jpeg: None,
            failure: None,
        }
    }
}

impl Source for Images {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, _timeout: Duration) -> Result<Read, SourceError> {
        while let Some(path) = self.files.get(self.next) {
            let index = self.next as u64;
            self.next += 1;
            match load(path, into, &mut self.jpeg) {
                Ok(()) => {
                    into.sequence = index;
                    into.captured = Instant::now();
                    into.time_s = None;
                    into.origin = Some(Arc::from(path.to_string_lossy()));
                    self.info.size = (into.width, into.height);
                    if self.files.len() == 1 {
                        self.info.detail = format!("{}×{}", into.width, into.height);
                    }
                    self.shown = true;
                    return Ok(Read::Frame);
                }
                Err(reason) => {
                    tracing::warn!("{} was skipped: {reason}", path.display());
                    let path = path.clone();
                    let kind = FileKind::of(&path).filter(|_| reason == NO_IMAGE);
                    self.failure = Some(match kind {
                        Some(kind) => SourceError::NotMedia { path, kind },
                        None if path.exists() => SourceError::Unreadable { path, reason },
                        None => SourceError::NoFile { path },
                    });
                }
            }
        }
        match self.failure.take() {
            // All files were tried and none is readable. A viewer that repeats the folder would try them again and again.
            Some(failure) if !self.shown && self.first == 0 => Err(failure),
            _ => Ok(Read::End),
        }
    }

    fn seek(&mut self, index: f64) -> Result<(), SourceError> {
        self.next = (index.max(0.0) as usize).min(self.files.len().saturating_sub(1));
        self.first = self.next;
        self.shown = false;
        self.failure = None;
        Ok(())
    }
}

/// Reads an image file into an RGBA frame, rotated as its EXIF orientation says.
///
/// # Errors
/// Why it cannot be read, as the end of a sentence.
pub fn load(path: &Path, into: &mut Frame, jpeg: &mut Option<JpegDecoder>) -> Result<(), String> {
    let loaded = without_panic(|| decode_file(path, into, jpeg));
    if loaded.is_err() {
        // A decoder that panicked may be in any state.
        *jpeg = None;
    }
    loaded
}

/// Turns a panic of a decoder, which a damaged file can cause, into an error.
fn without_panic(decode: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err("it is damaged in a way that the decoder cannot handle".into()))
}

fn decode_file(path: &Path, into: &mut Frame, jpeg: &mut Option<JpegDecoder>) -> Result<(), String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size == 0 {
        return Err("it is empty".into());
    }
    if size > MAX_BYTES {
        return Err("it is too large for an image".into());
    }
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let reader = || ImageReader::new(BufReader::new(Cursor::new(&bytes))).with_guessed_format();
    let mut guessed = reader().map_err(|e| e.to_string())?;
    let Some(format) = guessed.format() else {
        return Err(NO_IMAGE.into());
    };
    let limit = |bytes: u64| {
        let mut limits = Limits::default();
        limits.max_alloc = Some(bytes);
        limits
    };
    guessed.limits(limit(MAX_METADATA));
    let mut decoder = guessed.into_decoder().map_err(|e| plain(&e))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    // A pixel of 16 or 32 bits a channel counts as several.
    let most = MAX_PIXELS.min(MAX_DECODED.saturating_mul(pixels) / decoder.total_bytes().max(1));
    if pixels > most {
        return Err(format!(
            "it has {width}×{height} pixels, {} megapixels, and at most {} can be read; make it smaller first",
            pixels.div_ceil(1_000_000),
            most / 1_000_000
        ));
    }
    decoder.set_limits(limit(2 * decoder.total_bytes() + MAX_METADATA)).map_err(|e| plain(&e))?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    if format == ImageFormat::Jpeg {
        if jpeg.is_none() {
            *jpeg = JpegDecoder::new().ok();
        }
        // The decoder below reads some files that libjpeg-turbo refuses (CMYK, files cut short).
        if let Some(turbo) = jpeg.as_mut()
            && turbo.decode(&bytes, into).is_ok()
        {
            if orientation != image::metadata::Orientation::NoTransforms
                && let Some(upright) =
                    RgbaImage::from_raw(into.width, into.height, std::mem::take(&mut into.data))
            {
                let mut turned = DynamicImage::ImageRgba8(upright);
                turned.apply_orientation(orientation);
                store(turned, into);
            }
            return Ok(());
        }
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| plain(&e))?;
    image.apply_orientation(orientation);
    store(image, into);
    Ok(())
}

/// Writes an image into a frame, on a white background if it is transparent.
fn store(image: DynamicImage, into: &mut Frame) {
    let has_alpha = image.color().has_alpha();
    let mut rgba = image.into_rgba8();
    if has_alpha {
        for pixel in rgba.pixels_mut().filter(|p| p.0[3] != 255) {
            let alpha = u16::from(pixel.0[3]);
            for value in &mut pixel.0[..3] {
                *value = ((u16::from(*value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            }
            pixel.0[3] = 255;
        }
    }
    (into.width, into.height) = rgba.dimensions();
    into.format = PixelFormat::Rgba8;
    into.data = rgba.into_raw();
}

pub(crate) fn plain(error: &image::ImageError) -> String {
    match error {
        image::ImageError::Limits(_) => "it needs more memory than an image should".into(),
        image::ImageError::Unsupported(_) => "it is of a format that can't be read".into(),
        _ => "it is damaged or cut short".into(),
    }
}

/// Sorts files by their paths without the extension, so that `a1.png` comes before `a1 (2).png`.
fn in_natural_order(files: Vec<PathBuf>) -> Vec<PathBuf> {
    // The crate's own functions for paths give up natural order as soon as one name is not UTF-8.
    let key = |path: PathBuf| (path.with_extension("").to_string_lossy().into_owned(), path);
    let mut files: Vec<(String, PathBuf)> = files.into_iter().map(key).collect();
    files.sort_by(|a, b| alphanumeric_sort::compare_str(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
    files.into_iter().map(|(_, path)| path).collect()
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| IMAGE_EXTENSIONS.contains(&e.as_str())) && path.is_file()
}

#[cfg(test)]
mod tests;
