//! The files of a snapshot: all of them are written or none, and none that exists is changed.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::error::SnapshotError;
use super::record::{FileRecord, FilesRecord};
use super::snapshot::{ImageFormat, SnapshotOptions};
use super::user_folders::{NoFolder, names_at, prepare_folder};
use crate::frame::{Frame, PixelFormat};

/// The files that were saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub annotated: PathBuf,
    pub clean: Option<PathBuf>,
    pub json: Option<PathBuf>,
    /// All files, with those of the objects.
    pub files: Vec<PathBuf>,
    /// The annotated image is left-right reversed compared with the source.
    pub mirrored: bool,
    pub thumbnail: Thumbnail,
}

/// The annotated image, made small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thumbnail {
    pub width: u32,
    pub height: u32,
    /// Four bytes a pixel, rows from the top.
    pub rgba: Vec<u8>,
}

impl Thumbnail {
    /// Makes an RGBA frame small; empty if it is none.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        thumbnail(Pixels { rgba: &frame.data, size: (frame.width, frame.height) })
    }
}

/// Longer side of a thumbnail, in pixels.
const THUMBNAIL_SIDE: u32 = 240;

/// The longest side of a WebP image, in pixels.
const WEBP_LONGEST: u32 = 16_383;

/// RGBA pixels, and their width and height.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    pub rgba: &'a [u8],
    pub size: (u32, u32),
}

/// What to save.
pub(super) struct Contents<'a> {
    /// Added to the names: " compared".
    pub suffix: &'a str,
    pub annotated: Pixels<'a>,
    pub mirrored: bool,
    /// The frame without a drawing, if the options ask for it.
    pub clean: Option<Pixels<'a>>,
    /// Objects as images of their own (RGBA), with what is added to their names.
    pub objects: Vec<(String, Frame)>,
}

/// Saves the images of a snapshot and, if the options ask for it, the record that `record` makes of the images' names.
///
/// # Errors
/// Why nothing was saved.
pub(super) fn save<R: Serialize>(
    contents: &Contents<'_>,
    options: &SnapshotOptions,
    now: DateTime<FixedOffset>,
    record: impl Fn(FilesRecord) -> R,
) -> Result<Saved, SnapshotError> {
    let folder = prepare_folder(options.folder.as_deref(), super::default_folder);
    let folder = folder.map_err(|why| match why {
        NoFolder::NotMade(folder, error) => SnapshotError::of(error, &folder, 0),
        NoFolder::NotAFolder(path) => SnapshotError::NotAFolder { path },
    })?;
    let (suffix, ending, mirrored) = (contents.suffix, options.format.ending(), contents.mirrored);
    let annotated = encode(contents.annotated, options)?;
    let clean = contents.clean.map(|pixels| encode(pixels, options)).transpose()?;
    let mut endings = vec![format!("{suffix}.{ending}")];
    endings.extend(clean.is_some().then(|| format!("{suffix} clean.{ending}")));
    endings.extend(options.json.then(|| format!("{suffix}.json")));
    let mut objects = Vec::with_capacity(contents.objects.len());
    for (number, (name, object)) in contents.objects.iter().enumerate() {
        objects.push(encode(Pixels { rgba: &object.data, size: (object.width, object.height) }, options)?);
        // Two detections may have one name.
        let taken = contents.objects[..number].iter().any(|(other, _)| other == name);
        let other = if taken { format!("-{}", number + 1) } else { String::new() };
        endings.push(format!("{suffix} {name}{other}.{ending}"));
    }
    let paths = save_named(&folder, &endings, now, |names| {
        let mut names = names.iter();
        let mut contents = vec![Cow::Borrowed(&annotated[..])];
        let file = |name: &String, mirrored| FileRecord { name: name.clone(), mirrored };
        let annotated = names.next().map(|name| file(name, mirrored)).unwrap_or_default();
        contents.extend(clean.as_deref().map(Cow::Borrowed));
        let clean = clean.as_ref().and_then(|_| names.next()).map(|name| file(name, false));
        if options.json {
            contents.push(Cow::Owned(json(&record(FilesRecord { annotated, clean }))?));
        }
        contents.extend(objects.iter().map(|object| Cow::Borrowed(&object[..])));
        Ok(contents)
    })?;
    let files = paths.clone();
    let mut paths = paths.into_iter();
    Ok(Saved {
        files,
        annotated: paths.next().unwrap_or_default(),
        clean: clean.and_then(|_| paths.next()),
        json: paths.next().filter(|_| options.json),
        mirrored,
        thumbnail: thumbnail(contents.annotated),
    })
}

/// Saves files whose common name is the time, with these endings; `contents` makes them, given their names. Returns their
/// paths.
fn save_named<'a>(
    folder: &Path,
    endings: &[String],
    now: DateTime<FixedOffset>,
    contents: impl Fn(&[String]) -> Result<Vec<Cow<'a, [u8]>>, SnapshotError>,
) -> Result<Vec<PathBuf>, SnapshotError> {
    for stem in names_at(&now) {
        let names: Vec<String> = endings.iter().map(|ending| format!("{stem}{ending}")).collect();
        if names.iter().any(|name| fs::symlink_metadata(folder.join(name)).is_ok()) {
            continue;
        }
        let contents = contents(&names)?;
        let files: Vec<(&str, &[u8])> =
            names.iter().zip(&contents).map(|(name, content)| (name.as_str(), &content[..])).collect();
        match write_all(folder, &files) {
            Ok(()) => return Ok(names.iter().map(|name| folder.join(name)).collect()),
            // Another program took the name in the meantime: try the next number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let bytes = files.iter().map(|(_, content)| content.len() as u64).sum();
                return Err(SnapshotError::of(error, folder, bytes));
            }
        }
    }
    Err(SnapshotError::NamesTaken { path: folder.to_owned() })
}

/// Returns a record as the bytes of a file.
fn json(record: &impl Serialize) -> Result<Vec<u8>, SnapshotError> {
    let mut text = serde_json::to_vec_pretty(record).map_err(SnapshotError::Json)?;
    text.push(b'\n');
    Ok(text)
}

/// Returns a frame (RGBA) as the bytes of an image file; `quality` (1..=100) is for JPEG.
///
/// # Errors
/// Why it can't be encoded.
pub fn encode_frame(frame: &Frame, format: ImageFormat, quality: u8) -> Result<Vec<u8>, SnapshotError> {
    let size = (frame.width, frame.height);
    if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
        return Err(SnapshotError::NoImage);
    }
    encode(
        Pixels { rgba: &frame.data, size },
        &SnapshotOptions { format, quality, ..SnapshotOptions::default() },
    )
}

/// Returns the pixels as the bytes of an image file.
fn encode(pixels: Pixels<'_>, options: &SnapshotOptions) -> Result<Vec<u8>, SnapshotError> {
    let (width, height) = pixels.size;
    let rgb: Vec<u8> = pixels.rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut out = Vec::new();
    let (format, result) = match options.format {
        ImageFormat::Png => {
            let encoder = PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Adaptive);
            ("PNG", encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8))
        }
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut out, options.quality.clamp(1, 100));
            ("JPEG", encoder.write_image(&rgb, width, height, ExtendedColorType::Rgb8))
        }
        ImageFormat::WebP => {
            let quality = f32::from(options.quality.clamp(1, 100));
            match webp::Encoder::from_rgb(&rgb, width, height).encode_simple(false, quality) {
                Ok(bytes) => return Ok(bytes.to_vec()),
                Err(error) => ("WebP", Err(webp_error(error, width.max(height)))),
            }
        }
    };
    result.map(|()| out).map_err(|source| SnapshotError::Image { format, source })
}

fn webp_error(error: webp::WebPEncodingError, longer: u32) -> image::ImageError {
    let reason = if longer > WEBP_LONGEST {
        format!("no side may be longer than {WEBP_LONGEST} pixels")
    } else {
        format!("{error:?}")
    };
    image::ImageError::Encoding(image::error::EncodingError::new(
        image::error::ImageFormatHint::Exact(image::ImageFormat::WebP),
        reason,
    ))
}

fn thumbnail(Pixels { rgba, size: (width, height) }: Pixels<'_>) -> Thumbnail {
    let longer = width.max(height).max(1);
    let side = |length: u32| {
        let scaled = u64::from(length) * u64::from(THUMBNAIL_SIDE.min(longer)) / u64::from(longer);
        (scaled as u32).max(1)
    };
    let Some(view) = image::ImageBuffer::<image::Rgba<u8>, _>::from_raw(width, height, rgba) else {
        return Thumbnail::default();
    };
    let small = image::imageops::thumbnail(&view, side(width), side(height));
    Thumbnail { width: small.width(), height: small.height(), rgba: small.into_raw() }
}

/// Writes all files into the folder, or none. No file that exists is changed.
///
/// Each is written under a temporary name and flushed to the disk; they get their names only when all of them are written.
fn write_all(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    let mut written = Vec::with_capacity(files.len());
    for (name, content) in files {
        let mut file = temporary(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        written.push((file, folder.join(name)));
    }
    let mut named = Vec::with_capacity(files.len());
    for (file, path) in written {
        if let Err(error) = give_name(file, &path) {
            for path in named {
                // Best effort: the first error is the one that the user is told.
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        named.push(path);
    }
    if let Ok(folder) = fs::File::open(folder) {
        // Flushes the names to the disk; not every file system can do that.
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Makes an empty file in the folder that is deleted if it is not given a name.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    crate::whole_file::draft_in(folder, ".sightline-", ".part")
}

/// Gives a temporary file its name, unless a file of that name exists.
fn give_name(file: NamedTempFile, path: &Path) -> io::Result<()> {
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Err(refused.error),
        Err(refused) => {
            // Some file systems (FAT, network shares) can't rename without replacing: take the name first.
            fs::File::create_new(path)?;
            refused.file.persist(path).map(drop).map_err(|refused| {
                let _ = fs::remove_file(path);
                refused.error
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save::snapshot::tests::{names_in, set};

    #[test]
    fn if_one_file_fails_none_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let too_long = "x".repeat(300);
        let files: [(&str, &[u8]); 3] = [("a.png", b"a"), ("b.png", b"b"), (&too_long, b"c")];
        assert!(write_all(folder.path(), &files).is_err());
        assert_eq!(names_in(folder.path()), set(&[]));
        // A name that is taken in the meantime: the other's file stays, ours go.
        fs::write(folder.path().join("b.png"), "theirs").expect("writable");
        let error = write_all(folder.path(), &files[..2]).expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names_in(folder.path()), set(&["b.png"]));
        assert_eq!(fs::read(folder.path().join("b.png")).expect("readable"), b"theirs");
    }
}
