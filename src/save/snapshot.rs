//! Snapshots: the annotated image, the clean one if wanted, and the JSON of what was found; all of them or none.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, Local};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::record::{FileRecord, FilesRecord, FrameFacts, FrameRecord, SnapshotRecord};
use crate::engine::{ModelInfo, Prediction};
use crate::frame::{Frame, PixelFormat};
use crate::model::Thresholds;
use crate::model::results::{Results, StageTimes};
use crate::scene::{Scene, Style, image_painter};

/// The kind of image file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// Every pixel as it was.
    #[default]
    Png,
    /// Much smaller, a little blurred.
    Jpeg,
}

impl ImageFormat {
    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

/// How and where snapshots are saved; part of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SnapshotOptions {
    /// Where to; it is created where only itself is missing. `None`: [`super::default_folder`], created with all
    /// that is above it.
    pub folder: Option<PathBuf>,
    pub format: ImageFormat,
    /// Of JPEG, 1..=100.
    pub quality: u8,
    /// Also the frame without anything on it, never mirrored.
    pub clean: bool,
    /// Also the JSON of what was found.
    pub json: bool,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self { folder: None, format: ImageFormat::Png, quality: 92, clean: false, json: true }
    }
}

/// What a model said of the frame that is saved.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub results: &'a Results,
    pub model: &'a ModelInfo,
    pub thresholds: &'a Thresholds,
    pub times: &'a StageTimes,
}

impl<'a> From<&'a Prediction> for Seen<'a> {
    fn from(prediction: &'a Prediction) -> Self {
        let Prediction { results, model, thresholds, times, .. } = prediction;
        Self { results, model, thresholds, times }
    }
}

/// What is to be saved.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotView<'a> {
    /// What the user named as the source.
    pub source: &'a str,
    /// The frame at the source's full resolution (RGBA).
    pub frame: &'a Frame,
    /// `None` where no model runs: then the image is saved as it is.
    pub seen: Option<Seen<'a>>,
    /// As on screen; where it mirrors, the annotated image is mirrored as well and the JSON says so.
    pub style: &'a Style,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub annotated: PathBuf,
    pub clean: Option<PathBuf>,
    pub json: Option<PathBuf>,
    /// The annotated image is left-right reversed against the source.
    pub mirrored: bool,
    pub thumbnail: Thumbnail,
}

/// The annotated image, small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thumbnail {
    pub width: u32,
    pub height: u32,
    /// Four bytes a pixel, rows from the top.
    pub rgba: Vec<u8>,
}

/// Longer side of a thumbnail, in pixels.
const THUMBNAIL_SIDE: u32 = 240;

/// Why no snapshot was saved. Nothing of it is left in the folder.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There is no frame yet.
    #[error("There is no image to save yet.")]
    NoImage,
    /// Neither the folder nor the one above it.
    #[error("The folder for snapshots, \u{201c}{}\u{201d}, doesn't exist.", path.display())]
    NoFolder { path: PathBuf },
    /// A file has the folder's name.
    #[error("\u{201c}{}\u{201d}, where snapshots should go, is not a folder.", path.display())]
    NotAFolder { path: PathBuf },
    /// It may not be written.
    #[error("Snapshots can't be written to \u{201c}{}\u{201d}: {reason}.", path.display())]
    Forbidden { path: PathBuf, reason: &'static str },
    /// No room is left.
    #[error(
        "The disk of \u{201c}{}\u{201d} is full; the snapshot needs {:.1} MB.",
        path.display(),
        *bytes as f64 / 1e6
    )]
    Full { path: PathBuf, bytes: u64 },
    /// The image can't be made into a file of this kind.
    #[error("The image can't be written as {format}: {reason}.")]
    Encode { format: &'static str, reason: String },
    /// Anything else.
    #[error("The snapshot couldn't be saved in \u{201c}{}\u{201d}: {reason}.", path.display())]
    Failed { path: PathBuf, reason: String },
}

impl SnapshotError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoImage => "Wait for the first frame, or choose a source.",
            Self::NoFolder { .. } | Self::NotAFolder { .. } | Self::Forbidden { .. } => {
                "Choose another folder for snapshots in the settings."
            }
            Self::Full { .. } => {
                "Free some space, or choose a folder on another disk in the settings, then try again."
            }
            Self::Encode { .. } => "Choose the other image format in the settings.",
            Self::Failed { .. } => "Try again, or choose another folder for snapshots in the settings.",
        }
    }

    fn of(error: &io::Error, path: &Path, bytes: u64) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path, bytes }
            }
            io::ErrorKind::PermissionDenied => {
                Self::Forbidden { path, reason: "this account may not write there" }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::Forbidden { path, reason: "the disk is read-only" },
            io::ErrorKind::NotFound => Self::NoFolder { path },
            _ => Self::Failed { path, reason: error.to_string() },
        }
    }
}

/// Saves a snapshot. Takes as long as the disk does: call it on a worker.
///
/// # Errors
/// Why nothing was saved; see [`SnapshotError::fix`] for the way out.
pub fn save(view: &SnapshotView<'_>, options: &SnapshotOptions) -> Result<Saved, SnapshotError> {
    save_at(view, options, Local::now().fixed_offset())
}

fn save_at(
    view: &SnapshotView<'_>,
    options: &SnapshotOptions,
    now: DateTime<FixedOffset>,
) -> Result<Saved, SnapshotError> {
    let frame = view.frame;
    if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
        return Err(SnapshotError::NoImage);
    }
    let folder = prepare_folder(options.folder.as_deref())?;

    let mut scene = Scene::new();
    let labels = view.seen.map(|seen| &seen.model.spec.labels);
    match (view.seen, labels) {
        (Some(seen), Some(labels)) => scene.compose(seen.results, labels, view.style),
        _ => scene.clear((frame.width, frame.height), view.style.mirror),
    }
    let mut annotated = Vec::new();
    image_painter::render(frame, &scene, &mut annotated);
    let thumbnail = thumbnail(frame.width, frame.height, &annotated);
    let size = (frame.width, frame.height);
    let annotated = encode(&annotated, size, options)?;
    let clean = if options.clean { Some(encode(&frame.data, size, options)?) } else { None };

    let ending = options.format.ending();
    let mut endings = vec![format!(".{ending}")];
    endings.extend(options.clean.then(|| format!(" clean.{ending}")));
    endings.extend(options.json.then(|| ".json".to_owned()));
    let paths = save_named(&folder, &endings, now, |names| {
        let mut names = names.iter();
        let mut contents = vec![Cow::Borrowed(&annotated[..])];
        let file = |name: &String, mirrored| FileRecord { name: name.clone(), mirrored };
        let annotated = names.next().map(|name| file(name, scene.is_mirrored())).unwrap_or_default();
        contents.extend(clean.as_deref().map(Cow::Borrowed));
        let clean = clean.as_ref().and_then(|_| names.next()).map(|name| file(name, false));
        if names.next().is_some() {
            contents.push(Cow::Owned(json(view, FilesRecord { annotated, clean }, now)?));
        }
        Ok(contents)
    })?;
    let mut paths = paths.into_iter();
    Ok(Saved {
        annotated: paths.next().unwrap_or_default(),
        clean: options.clean.then(|| paths.next()).flatten(),
        json: paths.next(),
        mirrored: scene.is_mirrored(),
        thumbnail,
    })
}

/// Saves files of one name, which says when it was, with these endings; `contents` is told their names. Answers their
/// paths.
pub(super) fn save_named<'a>(
    folder: &Path,
    endings: &[String],
    now: DateTime<FixedOffset>,
    contents: impl Fn(&[String]) -> Result<Vec<Cow<'a, [u8]>>, SnapshotError>,
) -> Result<Vec<PathBuf>, SnapshotError> {
    let stem = format!("Sightline {}", now.format("%Y-%m-%d %H.%M.%S"));
    // Images taken within one second are numbered.
    for number in 1..10_000 {
        let stem = if number == 1 { stem.clone() } else { format!("{stem} ({number})") };
        let names: Vec<String> = endings.iter().map(|ending| format!("{stem}{ending}")).collect();
        if names.iter().any(|name| fs::symlink_metadata(folder.join(name)).is_ok()) {
            continue;
        }
        let contents = contents(&names)?;
        let files: Vec<(&str, &[u8])> =
            names.iter().zip(&contents).map(|(name, content)| (name.as_str(), &content[..])).collect();
        match write_all(folder, &files) {
            Ok(()) => return Ok(names.iter().map(|name| folder.join(name)).collect()),
            // Somebody else was faster: the next number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let bytes = files.iter().map(|(_, content)| content.len() as u64).sum();
                return Err(SnapshotError::of(&error, folder, bytes));
            }
        }
    }
    Err(SnapshotError::Failed { path: folder.to_owned(), reason: "every name is taken".into() })
}

/// The folder, there and ready.
pub(super) fn prepare_folder(chosen: Option<&Path>) -> Result<PathBuf, SnapshotError> {
    let (folder, created) = match chosen {
        Some(folder) if folder.exists() => (folder.to_owned(), Ok(())),
        Some(folder) => (folder.to_owned(), fs::create_dir(folder)),
        None => {
            let folder = super::default_folder();
            let created = fs::create_dir_all(&folder);
            (folder, created)
        }
    };
    if let Err(error) = created
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(SnapshotError::of(&error, &folder, 0));
    }
    if folder.is_dir() { Ok(folder) } else { Err(SnapshotError::NotAFolder { path: folder }) }
}

fn json(
    view: &SnapshotView<'_>,
    files: FilesRecord,
    now: DateTime<FixedOffset>,
) -> Result<Vec<u8>, SnapshotError> {
    let frame = view.frame;
    let facts = FrameFacts {
        source: frame.origin.as_deref().unwrap_or(view.source),
        frame: frame.sequence,
        time_s: frame.time_s,
        model: view.seen.map_or("", |seen| &seen.model.name),
    };
    let record = SnapshotRecord {
        frame: match view.seen {
            Some(seen) => FrameRecord::new(facts, seen.results, &seen.model.spec.labels, seen.times),
            None => FrameRecord::without_model(facts, (frame.width, frame.height)),
        },
        model_details: view.seen.map(|seen| seen.model.into()),
        thresholds: view.seen.map(|seen| seen.thresholds.into()),
        files,
        made: now.into(),
    };
    json_file(&record)
}

/// A record as a file's bytes.
pub(super) fn json_file(record: &impl Serialize) -> Result<Vec<u8>, SnapshotError> {
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|error| SnapshotError::Encode { format: "JSON", reason: error.to_string() })?;
    text.push(b'\n');
    Ok(text)
}

/// RGBA pixels as a file's bytes.
pub(super) fn encode(
    rgba: &[u8],
    size: (u32, u32),
    options: &SnapshotOptions,
) -> Result<Vec<u8>, SnapshotError> {
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut out = Vec::new();
    let (format, result) = match options.format {
        ImageFormat::Png => {
            let encoder = PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Adaptive);
            ("PNG", encoder.write_image(&rgb, size.0, size.1, ExtendedColorType::Rgb8))
        }
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut out, options.quality.clamp(1, 100));
            ("JPEG", encoder.write_image(&rgb, size.0, size.1, ExtendedColorType::Rgb8))
        }
    };
    match result {
        Ok(()) => Ok(out),
        Err(error) => Err(SnapshotError::Encode { format, reason: error.to_string() }),
    }
}

pub(super) fn thumbnail(width: u32, height: u32, rgba: &[u8]) -> Thumbnail {
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

/// Writes all files into the folder, or none. No file that is there is touched.
///
/// Each is written under a temporary name and brought to the disk; only when all of them are there do they get
/// their names.
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
                // Best effort: the first error is the one to tell.
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        named.push(path);
    }
    if let Ok(folder) = fs::File::open(folder) {
        // Makes the names last; not every file system can.
        let _ = folder.sync_all();
    }
    Ok(())
}

/// An empty file in the folder that vanishes if it isn't given a name.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sightline-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file: what the user's umask leaves of it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Gives a temporary file its name, unless that is taken.
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
#[path = "snapshot_tests.rs"]
mod tests;
