//! Addresses of sources: a camera, a file, a folder, a glob, the test pattern, a stream.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SourceError;

/// A place where frames can come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// The first camera that works.
    AnyCamera,
    /// The camera with this number in the list (0 = first).
    CameraIndex(u32),
    /// The camera with this name; `bus` distinguishes two with the same name.
    Camera { name: String, bus: Option<String> },
    /// A video file, read with ffmpeg.
    Video(PathBuf),
    /// One image file.
    #[serde(alias = "picture")]
    Image(PathBuf),
    /// All images of a folder, in natural order of their names.
    Folder(PathBuf),
    /// These image files, in this order.
    Images(Vec<PathBuf>),
    /// All images whose paths match a glob.
    Glob(String),
    /// A moving test pattern of this size and rate.
    Pattern { width: u32, height: u32, fps: u32 },
    /// A network stream (http, https, rtsp, rtmp), read with ffmpeg.
    Stream(String),
}

/// File name extensions of images that can be read, in lower case.
pub const IMAGE_EXTENSIONS: &[&str] =
    &["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pnm"];

/// The test pattern unless a size is given: 1280×720 at 30 frames per second.
pub const PATTERN: Address = Address::Pattern { width: 1280, height: 720, fps: 30 };

impl Address {
    /// Returns the address of an existing folder, image or video. Files without the extension of an image count as videos.
    #[must_use]
    pub fn from_path(path: &Path) -> Self {
        if path.is_dir() {
            return Self::Folder(path.to_owned());
        }
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if extension.is_some_and(|e| IMAGE_EXTENSIONS.contains(&e.as_str())) {
            Self::Image(path.to_owned())
        } else {
            Self::Video(path.to_owned())
        }
    }

    /// Returns the same address with its whole path, so that it means the same from every folder. The folder's links are
    /// followed only where the path leads through `..`.
    #[must_use]
    pub fn absolute(&self) -> Self {
        match self {
            Self::Video(path) => Self::Video(absolute(path)),
            Self::Image(path) => Self::Image(absolute(path)),
            Self::Folder(path) => Self::Folder(absolute(path)),
            Self::Images(paths) => Self::Images(paths.iter().map(|path| absolute(path)).collect()),
            Self::Glob(text) if self.is_relative() => {
                let here = std::env::current_dir().unwrap_or_default();
                let here = glob::Pattern::escape(&here.to_string_lossy());
                Self::Glob(format!("{here}{}{}", std::path::MAIN_SEPARATOR, text.trim_start_matches("./")))
            }
            other => other.clone(),
        }
    }

    /// Whether it names a place relative to the current folder.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        match self {
            Self::Video(path) | Self::Image(path) | Self::Folder(path) => path.is_relative(),
            Self::Images(paths) => paths.iter().any(|path| path.is_relative()),
            Self::Glob(text) => Path::new(text).is_relative(),
            _ => false,
        }
    }

    /// Whether its paths are valid Unicode, as text files need them.
    #[must_use]
    pub fn is_unicode(&self) -> bool {
        match self {
            Self::Video(path) | Self::Image(path) | Self::Folder(path) => path.to_str().is_some(),
            Self::Images(paths) => paths.iter().all(|path| path.to_str().is_some()),
            _ => true,
        }
    }

    /// Whether these are single images.
    #[must_use]
    pub fn is_stills(&self) -> bool {
        matches!(self, Self::Image(_) | Self::Folder(_) | Self::Images(_) | Self::Glob(_))
    }

    /// Whether this is a camera of this computer.
    #[must_use]
    pub fn is_camera(&self) -> bool {
        matches!(self, Self::AnyCamera | Self::CameraIndex(_) | Self::Camera { .. })
    }
}

/// The whole path of a file or folder, without `.` and `..`.
fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if whole.components().any(|part| part == std::path::Component::ParentDir) {
        return whole.canonicalize().unwrap_or(whole);
    }
    // The last part of `/images/` is `images`.
    whole.components().collect()
}

/// The path that a text names: as it is if something has that very name, or else without outer spaces, quoted, with the home folder as `~`, or as a `file://` address, as file managers
/// copy it.
#[must_use]
pub fn typed_path(text: &str) -> PathBuf {
    if Path::new(text).exists() {
        return PathBuf::from(text);
    }
    let text = text.trim();
    let quoted = |mark| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    let text = quoted('"').or_else(|| quoted('\'')).unwrap_or(text);
    if let Some(rest) = text.strip_prefix("file://") {
        let rest = rest.strip_prefix("localhost").unwrap_or(rest);
        return percent_decoded(rest);
    }
    match (text.strip_prefix('~'), etcetera::home_dir()) {
        (Some(""), Ok(home)) => home,
        (Some(rest), Ok(home)) if rest.starts_with(['/', std::path::MAIN_SEPARATOR]) => {
            home.join(rest.trim_start_matches(['/', std::path::MAIN_SEPARATOR]))
        }
        _ => PathBuf::from(text),
    }
}

/// The path in which `%20` and the like stand for bytes.
fn percent_decoded(text: &str) -> PathBuf {
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    #[cfg(unix)]
    return PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes));
    #[cfg(not(unix))]
    return PathBuf::from(String::from_utf8_lossy(&bytes).into_owned());
}

impl FromStr for Address {
    type Err = SourceError;

    /// Parses what a user types: `0`, `camera`, `pattern`, `pattern:640x480@15`, a path, a glob, a stream's address, or a
    /// camera's name.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let unknown = || SourceError::Unknown { text: text.to_owned() };
        if text.trim().is_empty() {
            return Err(unknown());
        }
        if let Ok(index) = text.parse() {
            return Ok(Self::CameraIndex(index));
        }
        match text {
            "camera" => return Ok(Self::AnyCamera),
            "pattern" => return Ok(PATTERN),
            _ => {}
        }
        if let Some(rest) = text.strip_prefix("pattern:") {
            let (size, fps) = rest.split_once('@').unwrap_or((rest, "30"));
            let (w, h) = size.split_once(['x', '×']).ok_or_else(unknown)?;
            let number = |t: &str| t.parse::<u32>().ok().filter(|n| (1..=7680).contains(n));
            return match (number(w), number(h), number(fps)) {
                (Some(width), Some(height), Some(fps)) => Ok(Self::Pattern { width, height, fps }),
                _ => Err(unknown()),
            };
        }
        if ["http://", "https://", "rtsp://", "rtmp://"].iter().any(|p| text.starts_with(p)) {
            return Ok(Self::Stream(text.to_owned()));
        }
        if text.starts_with("/dev/video") {
            return Ok(Self::Camera { name: text.to_owned(), bus: None });
        }
        let path = &typed_path(text);
        if path.exists() {
            return Ok(Self::from_path(path));
        }
        if text.contains(['*', '?']) {
            return Ok(Self::Glob(text.to_owned()));
        }
        let looks_like_a_path = path.extension().is_some() || text.contains(['/', '\\']);
        if looks_like_a_path {
            return Err(SourceError::NoFile { path: path.to_owned() });
        }
        Ok(Self::Camera { name: text.to_owned(), bus: None })
    }
}

/// Returns a text without the user and the password of the addresses in it, so that it can be shown, stored and sent.
#[must_use]
pub fn without_user(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_end = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace();
        let host = part.find(is_end).unwrap_or(part.len());
        let user = part[..host].rfind('@').map_or(0, |at| at + 1);
        shown.push_str("://");
        shown.push_str(&part[user..]);
    }
    Cow::Owned(shown)
}

impl fmt::Display for Address {
    /// Writes what a user types, without the user and the password of a stream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyCamera => f.write_str("camera"),
            Self::CameraIndex(index) => write!(f, "{index}"),
            Self::Camera { name, .. } => f.write_str(name),
            Self::Video(path) | Self::Image(path) | Self::Folder(path) => {
                write!(f, "{}", path.display())
            }
            Self::Images(paths) => {
                let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
                f.write_str(&paths.join(" "))
            }
            Self::Glob(text) => f.write_str(text),
            Self::Stream(text) => f.write_str(&without_user(text)),
            Self::Pattern { width, height, fps } => write!(f, "pattern:{width}x{height}@{fps}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_exact_name_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["photo.jpg ", "'a.jpg'"] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            assert_eq!(typed_path(path.to_str().unwrap()), path);
        }
        let path = folder.path().join("b.jpg");
        std::fs::write(&path, "").unwrap();
        assert_eq!(format!(" '{}' ", path.display()).parse(), Ok(Address::Image(path)));
    }

    #[cfg(unix)]
    #[test]
    fn addresses_of_files_stand_for_any_bytes() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = typed_path("file:///v/a%20%E7%8C%AB%FF%zz.mp4");
        assert_eq!(path.as_os_str().as_bytes(), b"/v/a \xe7\x8c\xab\xff%zz.mp4");
    }

    #[test]
    fn user_and_password_of_a_stream_are_never_shown() {
        for (address, shown) in [
            ("rtsp://me:secret@10.0.0.2:554/a?token=b", "rtsp://10.0.0.2:554/a?token=b"),
            ("rtsp://me:sec@ret@10.0.0.2/a@b", "rtsp://10.0.0.2/a@b"),
            ("http://me@h.org?x=a@b", "http://h.org?x=a@b"),
            ("rtsp://h.org/a", "rtsp://h.org/a"),
        ] {
            assert_eq!(Address::Stream(address.into()).to_string(), shown);
        }
    }
}
