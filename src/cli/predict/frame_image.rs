//! One annotated image.

use std::ffi::OsStr;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageError};

use super::names::Folder;
use crate::cli::failure::Failure;
use crate::frame::Frame;

/// Quality of JPEG images: no visible difference.
const QUALITY: u8 = 92;

/// Saves an RGBA frame under the stem: as JPEG if its source was one, else as PNG.
///
/// # Errors
/// Why it can't be written.
pub fn save(folder: &Folder, frame: &Frame, stem: &OsStr) -> Result<PathBuf, Failure> {
    let ending = match frame.origin.as_deref().map(Path::new).and_then(Path::extension) {
        Some(e) if e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg") => "jpg",
        _ => "png",
    };
    let part = folder.part(".tmp")?;
    let rgb: Vec<u8> = frame.data.chunks_exact(4).flat_map(|p| p.iter().take(3).copied()).collect();
    let (width, height) = (frame.width, frame.height);
    let file = BufWriter::new(part.as_file());
    let written = if ending == "jpg" {
        JpegEncoder::new_with_quality(file, QUALITY).write_image(&rgb, width, height, ExtendedColorType::Rgb8)
    } else {
        PngEncoder::new_with_quality(file, CompressionType::Fast, FilterType::Adaptive).write_image(
            &rgb,
            width,
            height,
            ExtendedColorType::Rgb8,
        )
    };
    written.map_err(|error| match error {
        ImageError::IoError(error) => folder.write_error(&error),
        error => Failure::failed(format!("An image can't be written: {error}."), ""),
    })?;
    folder.persist(part, stem, ending)
}
