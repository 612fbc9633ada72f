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
/// What a decoder may take for profiles, texts and other things than pixels, which can be packed by a thousand to one: 16 MiB.
const MAX_METADATA: u64 = 16 << 20;

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
                    self.failure = Some(if path.exists() {
                        SourceError::Unreadable { path, reason }
                    } else {
                        SourceError::NoFile { path }
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
        return Err("it is not an image, or of a format that can't be read".into());
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
    if pixels > MAX_PIXELS {
        return Err(format!(
            "it has {width}×{height} pixels, {} megapixels, and at most {} can be read; make it smaller first",
            pixels.div_ceil(1_000_000),
            MAX_PIXELS / 1_000_000
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

fn plain(error: &image::ImageError) -> String {
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
mod tests {
    use std::cmp::Ordering;

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
    fn a_folder_is_shown_in_natural_order() {
        let folder = folder(&[("a10.png", 10), ("a2.png", 2), ("a1.png", 1), ("b.bmp", 20)]);
        std::fs::write(folder.path().join("notes.txt"), "no image").expect("written");
        let mut images = Images::folder(folder.path()).expect("images");
        assert_eq!(images.info().frames, Some(4));
        assert_eq!(reds(&mut images), [1, 2, 10, 20]);
        images.seek(2.0).expect("it can seek");
        assert_eq!(reds(&mut images), [10, 20]);
        let pattern = format!("{}/a*.png", folder.path().display());
        assert_eq!(reds(&mut Images::glob(&pattern).expect("images")), [1, 2, 10]);
    }

    #[test]
    fn a_broken_image_is_skipped_and_a_single_one_is_an_error() {
        let folder = folder(&[("1.png", 1), ("3.png", 3)]);
        std::fs::write(folder.path().join("2.png"), b"\x89PNG\r\n\x1a\nbroken").expect("written");
        assert_eq!(reds(&mut Images::folder(folder.path()).expect("images")), [1, 3]);
        let mut single = Images::file(&folder.path().join("2.png")).expect("there");
        let answer = single.read(&mut Frame::default(), Duration::ZERO);
        assert!(matches!(answer, Err(SourceError::Unreadable { .. })), "{answer:?}");
    }

    #[test]
    fn a_place_without_images_is_an_error() {
        let folder = folder(&[]);
        assert!(matches!(Images::folder(folder.path()), Err(SourceError::NoImages { .. })));
        assert!(matches!(Images::file(&folder.path().join("none.png")), Err(SourceError::NoFile { .. })));
        assert!(matches!(Images::folder(&folder.path().join("none")), Err(SourceError::NoFile { .. })));
        assert!(matches!(Images::glob("***"), Err(SourceError::Unknown { .. })));
    }

    #[test]
    fn transparent_pixels_become_white() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.png");
        RgbaImage::from_pixel(1, 1, image::Rgba([0, 0, 0, 0])).save(&path).expect("saved");
        let mut frame = Frame::default();
        load(&path, &mut frame, &mut None).expect("read");
        assert_eq!(frame.data, [255; 4]);
    }

    /// A PNG chunk with its check sum.
    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let body = [&kind[..], data].concat();
        let mut crc = u32::MAX;
        for byte in &body {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        [&(data.len() as u32).to_be_bytes()[..], &body, &(!crc).to_be_bytes()].concat()
    }

    /// A PNG of this size without pixels.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
        head.extend([8, 2, 0, 0, 0]);
        let pixels = chunk(*b"IDAT", &[0x78, 1, 3, 0]);
        [b"\x89PNG\r\n\x1a\n", &chunk(*b"IHDR", &head)[..], &pixels, &chunk(*b"IEND", &[])].concat()
    }

    #[test]
    fn too_large_an_image_is_refused_with_its_size_before_it_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.png");
        std::fs::write(&path, png(16_384, 16_384)).expect("written");
        let reason = load(&path, &mut Frame::default(), &mut None).expect_err("too large");
        assert!(reason.contains("16384×16384") && reason.contains("269 megapixels"), "{reason}");
    }

    /// The most memory that this process has held so far, in bytes.
    #[cfg(target_os = "linux")]
    fn peak_memory() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("readable");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("kB") * 1024
    }

    /// Three megabytes of deflate are 500 megabytes of profile; the image is shown without it.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_packed_profile_may_not_fill_the_memory() {
        const UNPACKED: u64 = 500 << 20;
        // A fixed block: a literal 0, then its repetition 258 times at a distance of 1, again and again.
        let mut bits: Vec<bool> = [true, true, false].into();
        let code = |bits: &mut Vec<bool>, code: u32, len: u32| {
            bits.extend((0..len).rev().map(|bit| code >> bit & 1 == 1));
        };
        code(&mut bits, 0x30, 8);
        for _ in 0..UNPACKED / 258 {
            code(&mut bits, 0xc5, 8);
            code(&mut bits, 0, 5);
        }
        code(&mut bits, 0, 7);
        let bytes =
            bits.chunks(8).map(|bits| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit)));
        let mut packed = vec![0x78, 1];
        packed.extend(bytes);
        packed.extend([0; 4]);
        let profile = [&b"profile\0\0"[..], &packed].concat();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("packed.png");
        RgbaImage::from_pixel(16, 16, image::Rgba([9, 8, 7, 255])).save(&path).expect("saved");
        // Behind the header: 8 bytes of signature, 25 of IHDR.
        let mut file = std::fs::read(&path).expect("read");
        file.splice(33..33, chunk(*b"iCCP", &profile));
        std::fs::write(&path, file).expect("written");
        let before = peak_memory();
        let mut frame = Frame::default();
        load(&path, &mut frame, &mut None).expect("an image");
        assert_eq!((frame.width, frame.data[2]), (16, 7));
        assert!(peak_memory() - before < UNPACKED / 2, "{} more bytes", peak_memory() - before);
    }

    fn natural(a: &str, b: &str) -> Ordering {
        alphanumeric_sort::compare_str(a, b)
    }

    #[test]
    fn names_are_ordered_by_their_numbers() {
        for (a, b) in [
            ("a2", "a10"),
            ("2b", "10a"),
            ("a", "a1"),
            ("帧9", "帧10"),
            ("帧09", "帧10"),
            ("007", "8"),
            ("7", "007"),
            ("01a", "1b"),
            ("a/2.png", "a/10.png"),
            ("img_99999999999999999999998", "img_99999999999999999999999"),
        ] {
            assert_eq!(natural(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(natural(b, a), Ordering::Greater, "{b} {a}");
        }
    }

    #[test]
    fn copies_come_after_the_original() {
        let names = [
            "照片1副本.png",
            "照片1.png",
            "a1 (2).png",
            "a1.png",
            "a1.jpg",
            "a01.png",
            "b/2.png",
            "b/10.png",
        ];
        let sorted = in_natural_order(names.iter().map(PathBuf::from).collect());
        let want = [
            "a1.jpg",
            "a1.png",
            "a01.png",
            "a1 (2).png",
            "b/2.png",
            "b/10.png",
            "照片1.png",
            "照片1副本.png",
        ];
        assert_eq!(sorted, want.map(PathBuf::from));
    }

    proptest::proptest! {
        /// Sorting panics if an order contradicts itself.
        #[test]
        fn the_order_of_names_never_contradicts_itself(
            a in "[019a帧章. -]{0,6}", b in "[019a帧章. -]{0,6}", c in "[019a帧章. -]{0,6}"
        ) {
            proptest::prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            proptest::prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_lt() && natural(&b, &c).is_lt() {
                proptest::prop_assert!(natural(&a, &c).is_lt());
            }
        }
    }

    #[test]
    fn a_folder_whose_files_have_vanished_is_an_error_at_the_next_pass() {
        let folder = folder(&[("1.png", 1), ("2.png", 2), ("3.png", 3)]);
        let mut images = Images::folder(folder.path()).expect("images");
        assert_eq!(reds(&mut images), [1, 2, 3]);
        std::fs::remove_file(folder.path().join("3.png")).expect("removed");
        images.seek(2.0).expect("it can seek");
        let mut frame = Frame::default();
        assert_eq!(images.read(&mut frame, Duration::ZERO), Ok(Read::End), "only the last image is gone");
        images.seek(0.0).expect("it can seek");
        assert_eq!(reds(&mut images), [1, 2]);
        for name in ["1.png", "2.png"] {
            std::fs::remove_file(folder.path().join(name)).expect("removed");
        }
        images.seek(0.0).expect("it can seek");
        let read = images.read(&mut frame, Duration::ZERO);
        assert!(matches!(read, Err(SourceError::NoFile { .. })), "{read:?}");
    }

    #[test]
    fn a_panic_of_a_decoder_is_an_error() {
        let answer = without_panic(|| panic!("index out of bounds"));
        assert_eq!(answer, Err("it is damaged in a way that the decoder cannot handle".into()));
        assert_eq!(without_panic(|| Ok(())), Ok(()));
    }
}
