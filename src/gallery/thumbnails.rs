//! Small images of items: made on threads, kept as files, and asked for without waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use image::codecs::jpeg::JpegEncoder;

use super::item::Item;
use crate::frame::convert::Decoder;
use crate::frame::{Frame, PixelFormat};
use crate::source::video::Video;
use crate::source::{Read, Source as _, images};
use crate::whole_file;

/// Longer side of a thumbnail, in pixels.
pub const THUMBNAIL_SIDE: u32 = 320;
/// Threads that make them: one is left for what is shown meanwhile.
const THREADS: usize = 2;
/// Of those that wait, only so many of the newest are made: what was scrolled past isn't.
const WAITING: usize = 120;
/// The files of the cache take so much at most, in bytes.
const CACHE: u64 = 200 << 20;
/// A larger cached file isn't ours.
const MOST_BYTES: u64 = 1 << 20;
/// A video's first frame comes within this time.
const FIRST_FRAME: Duration = Duration::from_secs(8);
/// The quality of cached files.
const QUALITY: u8 = 85;

/// A thumbnail (RGBA), or why there is none, as the end of a sentence.
pub type Made = Result<Arc<Frame>, String>;

#[derive(Default)]
struct Work {
    /// Keys and pictures; the newest last.
    waiting: VecDeque<(String, PathBuf)>,
    /// Keys that wait or are being made.
    asked: HashSet<String>,
    done: Vec<(String, Made)>,
    stop: bool,
}

struct Shared {
    work: Mutex<Work>,
    more: Condvar,
    folder: Option<PathBuf>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// See the module. Dropping it ends its threads.
pub struct Thumbnails {
    shared: Arc<Shared>,
    /// Threads are started with the first request.
    has_threads: bool,
}

impl std::fmt::Debug for Thumbnails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Thumbnails").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

impl Thumbnails {
    /// Keeps files in this folder, if there is one. Calls `wake` when a thumbnail is ready; it must return at once.
    #[must_use]
    pub fn new(folder: Option<PathBuf>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let shared = Shared { work: Mutex::default(), more: Condvar::new(), folder, wake: Box::new(wake) };
        Self { shared: Arc::new(shared), has_threads: false }
    }

    /// Asks for an item's thumbnail, unless it was asked for; [`Self::done`] brings it.
    pub fn ask(&mut self, item: &Item) {
        let (Some(key), Some(picture)) = (item.key(), item.picture()) else { return };
        if !std::mem::replace(&mut self.has_threads, true) {
            self.start();
        }
        let mut work = self.shared.work.lock().unwrap_or_else(PoisonError::into_inner);
        if work.asked.insert(key.clone()) {
            work.waiting.push_back((key, picture.to_owned()));
            while work.waiting.len() > WAITING {
                if let Some((key, _)) = work.waiting.pop_front() {
                    work.asked.remove(&key);
                }
            }
            self.shared.more.notify_one();
        }
    }

    /// At most so many thumbnails that are ready, by [`Self::key`].
    pub fn done(&self, most: usize) -> Vec<(String, Made)> {
        let mut work = self.shared.work.lock().unwrap_or_else(PoisonError::into_inner);
        let count = work.done.len().min(most);
        work.done.drain(..count).collect()
    }

    /// The key of an item's thumbnail: another one when its picture changes; `None` if it has no picture.
    #[must_use]
    pub fn key(item: &Item) -> Option<String> {
        item.key()
    }

    /// Removes cached files of pictures that aren't there any more, and the oldest if there are too many. Takes as long as the
    /// disk does.
    pub fn tidy(folder: &Path, items: &[Arc<Item>]) {
        let keys: HashSet<String> = items.iter().filter_map(|item| item.key()).collect();
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Some(key) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jpg")) else {
                continue;
            };
            if !keys.contains(key) {
                let _ = std::fs::remove_file(&path);
                continue;
            }
            let Ok(meta) = entry.metadata() else { continue };
            kept.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), path));
        }
        kept.sort();
        let mut all: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in kept {
            if all <= CACHE {
                break;
            }
            let _ = std::fs::remove_file(path);
            all -= bytes;
        }
    }

    fn start(&self) {
        for number in 0..THREADS {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name(format!("sightline-thumbnails-{number}"));
            if let Err(error) = thread.spawn(move || run(&shared)) {
                tracing::error!("no thread for thumbnails: {error}");
            }
        }
    }
}

impl Drop for Thumbnails {
    fn drop(&mut self) {
        let mut work = self.shared.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.stop = true;
        self.shared.more.notify_all();
    }
}

fn run(shared: &Shared) {
    loop {
        let (key, picture) = {
            let mut work = shared.work.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if work.stop {
                    return;
                }
                // What is on screen now was asked for last.
                match work.waiting.pop_back() {
                    Some(next) => break next,
                    None => work = shared.more.wait(work).unwrap_or_else(PoisonError::into_inner),
                }
            }
        };
        let made = made(shared.folder.as_deref(), &key, &picture).map(Arc::new);
        let mut work = shared.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.asked.remove(&key);
        work.done.push((key, made));
        drop(work);
        (shared.wake)();
    }
}

/// Reads a thumbnail from the cache, or makes it.
fn made(folder: Option<&Path>, key: &str, picture: &Path) -> Result<Frame, String> {
    let file = folder.map(|folder| folder.join(format!("{key}.jpg")));
    if let Some(cached) = file.as_deref().and_then(cached) {
        return Ok(cached);
    }
    let small = smaller(&first_frame(picture)?)?;
    if let Some(file) = file
        && let Err(error) = keep(&file, &small)
    {
        tracing::info!("a thumbnail isn't kept: {error}");
    }
    Ok(small)
}

fn cached(file: &Path) -> Option<Frame> {
    let bytes = whole_file::read(file, MOST_BYTES).ok()?;
    let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
    reader.set_format(image::ImageFormat::Jpeg);
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(THUMBNAIL_SIDE), Some(THUMBNAIL_SIDE));
    reader.limits(limits);
    let image = reader.decode().ok()?.into_rgba8();
    let (width, height) = image.dimensions();
    Some(Frame { data: image.into_raw(), ..Frame::filled(width, height, [0; 4]) })
}

fn keep(file: &Path, small: &Frame) -> Result<(), String> {
    let rgb: Vec<u8> = small.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(&rgb, small.width, small.height, image::ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    whole_file::write(file, &bytes).map_err(|error| error.to_string())
}

/// The picture, or the first frame of a video.
fn first_frame(picture: &Path) -> Result<Frame, String> {
    if !std::fs::metadata(picture).map_err(|error| error.to_string())?.is_file() {
        return Err("it isn't a file".into());
    }
    let mut frame = Frame::default();
    let ending = picture.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if ending.is_some_and(|ending| crate::source::address::IMAGE_EXTENSIONS.contains(&ending.as_str())) {
        images::load(picture, &mut frame, &mut None)?;
        return Ok(frame);
    }
    let mut video = Video::file(picture).map_err(|error| error.to_string())?;
    let until = Instant::now() + FIRST_FRAME;
    while Instant::now() < until {
        match video.read(&mut frame, Duration::from_millis(200)).map_err(|error| error.to_string())? {
            Read::Frame => {
                let mut rgba = Frame::default();
                Decoder::default().decode(&frame, &mut rgba).map_err(|error| error.to_string())?;
                return Ok(rgba);
            }
            Read::Nothing => {}
            Read::End => break,
        }
    }
    Err("it holds no images".into())
}

fn smaller(frame: &Frame) -> Result<Frame, String> {
    if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
        return Err("it holds no images".into());
    }
    let longer = frame.width.max(frame.height).max(1);
    let side = |length: u32| {
        let scaled = u64::from(length) * u64::from(THUMBNAIL_SIDE.min(longer)) / u64::from(longer);
        (scaled as u32).max(1)
    };
    let image =
        image::ImageBuffer::<image::Rgba<u8>, _>::from_raw(frame.width, frame.height, &frame.data[..]);
    let image = image.ok_or("it holds no images")?;
    let small = image::imageops::thumbnail(&image, side(frame.width), side(frame.height));
    let (width, height) = small.dimensions();
    Ok(Frame { data: small.into_raw(), ..Frame::filled(width, height, [0; 4]) })
}

/// What the window holds of thumbnails, the least used of which go.
#[derive(Debug)]
pub struct Held<T> {
    values: HashMap<String, (u64, T)>,
    most: usize,
    now: u64,
}

impl<T> Held<T> {
    /// Holds at most so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { values: HashMap::new(), most, now: 0 }
    }

    /// What is held under a key; it is used now.
    pub fn get(&mut self, key: &str) -> Option<&T> {
        self.now += 1;
        let (used, value) = self.values.get_mut(key)?;
        *used = self.now;
        Some(value)
    }

    /// Holds another one.
    pub fn put(&mut self, key: String, value: T) {
        if self.values.len() >= self.most
            && let Some(oldest) =
                self.values.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone())
        {
            self.values.remove(&oldest);
        }
        self.now += 1;
        self.values.insert(key, (self.now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &Path) -> Item {
        let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
        Item { annotated: Some(path.to_owned()), stamp: (bytes, 1), ..Item::default() }
    }

    fn brought(thumbnails: &Thumbnails) -> Option<(String, Made)> {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Some(done) = thumbnails.done(1).pop() {
                return Some(done);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    #[test]
    fn a_picture_is_made_small_once_and_then_comes_from_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let (picture, cache) = (folder.path().join("a.png"), folder.path().join("cache"));
        image::RgbImage::from_pixel(800, 400, image::Rgb([200, 30, 40])).save(&picture).unwrap();
        let item = item(&picture);
        let mut thumbnails = Thumbnails::new(Some(cache.clone()), || {});
        thumbnails.ask(&item);
        let (key, made) = brought(&thumbnails).expect("it is made");
        let small = made.expect("an image");
        assert_eq!((small.width, small.height, &small.data[..3]), (320, 160, &[200, 30, 40][..]));
        assert_eq!(Some(key), Thumbnails::key(&item));
        // The picture can't be read any more, but its thumbnail is kept.
        std::fs::write(&picture, "x").unwrap();
        thumbnails.ask(&item);
        let again = brought(&thumbnails).expect("it comes").1.expect("from the cache");
        assert_eq!((again.width, again.height), (320, 160));
        Thumbnails::tidy(&cache, &[Arc::new(item)]);
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
        Thumbnails::tidy(&cache, &[]);
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0, "nothing stays of what was deleted");
    }

    #[test]
    fn a_broken_picture_says_why_it_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("a.png");
        std::fs::write(&picture, b"\x89PNG\r\n\x1a\nrest").unwrap();
        let mut thumbnails = Thumbnails::new(None, || {});
        thumbnails.ask(&item(&picture));
        assert!(brought(&thumbnails).expect("an answer").1.is_err());
    }

    #[test]
    fn what_was_used_last_is_held() {
        let mut held = Held::new(2);
        for (number, key) in ["a", "b"].into_iter().enumerate() {
            held.put(key.into(), number);
        }
        held.get("a");
        held.put("c".into(), 2);
        let mut get = |key| held.get(key).copied();
        assert_eq!((get("a"), get("b"), get("c")), (Some(0), None, Some(2)));
    }
}
