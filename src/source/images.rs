//! Images: one, all of a folder, or all that fit a glob, in the order that people count in (`2` before `10`).

use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbaImage};

use super::address::IMAGE_ENDINGS;
use super::{Pace, Read, Source, SourceError, SourceInfo};
use crate::frame::jpeg::{JpegDecoder, MOST_PIXELS};
use crate::frame::{Frame, PixelFormat};

/// A file larger than this is no image: 512 MiB.
const MOST_BYTES: u64 = 512 << 20;

/// A source of separate images.
#[derive(Debug)]
pub struct Images {
    info: SourceInfo,
    files: Vec<PathBuf>,
    next: usize,
    shown: u64,
    jpeg: Option<JpegDecoder>,
    /// The last failure, said when nothing could be shown at all.
    failure: Option<SourceError>,
}

impl Images {
    /// One image.
    ///
    /// # Errors
    /// [`SourceError::NoFile`] where it doesn't exist.
    pub fn file(path: &Path) -> Result<Self, SourceError> {
        if !path.exists() {
            return Err(SourceError::NoFile { path: path.to_owned() });
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self::new(name, vec![path.to_owned()]))
    }

    /// The images of a folder.
    ///
    /// # Errors
    /// Where the folder can't be read or holds no image.
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

    /// The images whose names fit a glob.
    ///
    /// # Errors
    /// Where the glob is none, or nothing fits it.
    pub fn glob(pattern: &str) -> Result<Self, SourceError> {
        let paths = glob::glob(pattern).map_err(|_| SourceError::Unknown { text: pattern.to_owned() })?;
        let files = paths.filter_map(Result::ok).filter(|p| is_image(p)).collect();
        Self::many(pattern.to_owned(), files, pattern)
    }

    fn many(name: String, mut files: Vec<PathBuf>, place: &str) -> Result<Self, SourceError> {
        if files.is_empty() {
            return Err(SourceError::NoImages { place: place.to_owned() });
        }
        files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
        Ok(Self::new(name, files))
    }

    fn new(name: String, files: Vec<PathBuf>) -> Self {
        let detail = if files.len() == 1 { String::new() } else { format!("{} images", files.len()) };
        Self {
            info: SourceInfo {
                name,
                pace: Pace::Stills,
                size: (0, 0),
                fps: None,
                duration_s: None,
                frames: Some(files.len() as u64),
                detail,
            },
            files,
            next: 0,
            shown: 0,
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
                    self.shown += 1;
                    return Ok(Read::Frame);
                }
                Err(reason) => {
                    tracing::warn!("{} was left out: {reason}", path.display());
                    self.failure = Some(SourceError::Unreadable { path: path.clone(), reason });
                }
            }
        }
        match self.failure.take() {
            Some(failure) if self.shown == 0 => Err(failure),
            _ => Ok(Read::End),
        }
    }

    fn seek(&mut self, index: f64) -> Result<(), SourceError> {
        self.next = (index.max(0.0) as usize).min(self.files.len().saturating_sub(1));
        Ok(())
    }
}

/// Reads an image file into an RGBA frame, turned the way its EXIF orientation says.
///
/// # Errors
/// Why it can't be read, as the end of a sentence.
pub fn load(path: &Path, into: &mut Frame, jpeg: &mut Option<JpegDecoder>) -> Result<(), String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size == 0 {
        return Err("it is empty".into());
    }
    if size > MOST_BYTES {
        return Err("it is too large for an image".into());
    }
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let reader = || ImageReader::new(BufReader::new(Cursor::new(&bytes))).with_guessed_format();
    let mut guessed = reader().map_err(|e| e.to_string())?;
    let Some(format) = guessed.format() else {
        return Err("it is no image, or of a kind that can't be read".into());
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_PIXELS as u64 * 8);
    guessed.limits(limits);
    let mut decoder = guessed.into_decoder().map_err(|e| plain(&e))?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let (width, height) = decoder.dimensions();
    if width as usize * height as usize > MOST_PIXELS {
        return Err(format!("it has {width}×{height} pixels, more than can be shown"));
    }
    if format == ImageFormat::Jpeg {
        if jpeg.is_none() {
            *jpeg = JpegDecoder::new().ok();
        }
        // What libjpeg-turbo doesn't take (CMYK, files cut short), the other decoder may.
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

/// Takes an image's pixels over; what is transparent shows white behind it.
fn store(image: DynamicImage, into: &mut Frame) {
    let see_through = image.color().has_alpha();
    let mut rgba = image.into_rgba8();
    if see_through {
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

fn plain(error: &image::ImageError) -> String {
    match error {
        image::ImageError::Limits(_) => "it needs more memory than an image should".into(),
        image::ImageError::Unsupported(_) => "it is of a kind that can't be read".into(),
        _ => "it is damaged or cut short".into(),
    }
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|e| IMAGE_ENDINGS.contains(&e.as_str())) && path.is_file()
}

/// Compares names with numbers in them by the numbers' values.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (first_a, first_b) = (a.chars().next(), b.chars().next());
        let (Some(x), Some(y)) = (first_a, first_b) else {
            return first_a.is_some().cmp(&first_b.is_some());
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let number = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (na, rest_a) = a.split_at(number(a));
            let (nb, rest_b) = b.split_at(number(b));
            let (va, vb) = (na.trim_start_matches('0'), nb.trim_start_matches('0'));
            let order =
                va.len().cmp(&vb.len()).then_with(|| va.cmp(vb)).then_with(|| na.len().cmp(&nb.len()));
            if order.is_ne() {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else if x == y {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(images: &[(&str, u8)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, red) in images {
            let image = RgbaImage::from_pixel(2, 1, image::Rgba([*red, 0, 0, 255]));
            DynamicImage::from(image).to_rgb8().save(folder.path().join(name)).expect("saved");
        }
        folder
    }

    fn reds(source: &mut Images) -> Vec<u8> {
        let mut frame = Frame::default();
        let mut reds = Vec::new();
        while source.read(&mut frame, Duration::ZERO).expect("readable") == Read::Frame {
            reds.push(frame.data[0]);
        }
        reds
    }

    #[test]
    fn a_folder_is_shown_in_the_order_people_count_in() {
        let folder = folder(&[("a10.png", 10), ("a2.png", 2), ("a1.png", 1), ("b.bmp", 20)]);
        std::fs::write(folder.path().join("notes.txt"), "no image").expect("written");
        let mut images = Images::folder(folder.path()).expect("images");
        assert_eq!(images.info().frames, Some(4));
        assert_eq!(reds(&mut images), [1, 2, 10, 20]);
        images.seek(2.0).expect("sought");
        assert_eq!(reds(&mut images), [10, 20]);
        let pattern = format!("{}/a*.png", folder.path().display());
        assert_eq!(reds(&mut Images::glob(&pattern).expect("images")), [1, 2, 10]);
    }

    #[test]
    fn a_broken_image_is_left_out_and_a_lone_one_is_said() {
        let folder = folder(&[("1.png", 1), ("3.png", 3)]);
        std::fs::write(folder.path().join("2.png"), b"\x89PNG\r\n\x1a\nbroken").expect("written");
        assert_eq!(reds(&mut Images::folder(folder.path()).expect("images")), [1, 3]);
        let mut lone = Images::file(&folder.path().join("2.png")).expect("there");
        let answer = lone.read(&mut Frame::default(), Duration::ZERO);
        assert!(matches!(answer, Err(SourceError::Unreadable { .. })), "{answer:?}");
    }

    #[test]
    fn nothing_to_show_is_said() {
        let folder = folder(&[]);
        assert!(matches!(Images::folder(folder.path()), Err(SourceError::NoImages { .. })));
        assert!(matches!(Images::file(&folder.path().join("none.png")), Err(SourceError::NoFile { .. })));
        assert!(matches!(Images::folder(&folder.path().join("none")), Err(SourceError::NoFile { .. })));
        assert!(matches!(Images::glob("***"), Err(SourceError::Unknown { .. })));
    }

    #[test]
    fn transparent_parts_show_white() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.png");
        RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0])).save(&path).expect("saved");
        let mut frame = Frame::default();
        load(&path, &mut frame, &mut None).expect("read");
        assert_eq!(frame.data, [255; 4]);
    }

    #[test]
    fn names_are_ordered_by_their_numbers() {
        for (a, b) in [("a2", "a10"), ("2b", "10a"), ("a", "a1"), ("帧9", "帧10")] {
            assert_eq!(natural(a, b), std::cmp::Ordering::Less, "{a} {b}");
        }
    }
}
