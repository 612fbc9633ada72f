//! Why a source delivers no frames. The window shows each as a page with what the user can do about it.

use std::path::PathBuf;
use std::time::Duration;

use crate::file_kind::FileKind;

/// Why a source delivers no frames.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// This computer has no camera.
    #[error("No camera was found.")]
    NoCamera,
    /// The chosen camera is not connected.
    #[error("The camera \u{201c}{name}\u{201d} isn't connected.")]
    Missing { name: String },
    /// The camera was disconnected while it was in use.
    #[error("The camera \u{201c}{name}\u{201d} was unplugged.")]
    Unplugged { name: String },
    /// Another program uses it.
    #[error("The camera \u{201c}{name}\u{201d} is in use{}.", by.as_deref().map(|b| format!(" by {b}")).unwrap_or_default())]
    Busy { name: String, by: Option<String> },
    /// This account has no permission to use it.
    #[error("This account isn't allowed to use the camera \u{201c}{name}\u{201d}.")]
    Forbidden { name: String },
    /// It is open but has sent no frame for some time.
    #[error("The camera \u{201c}{name}\u{201d} stopped sending images.")]
    Stalled { name: String },
    /// A network stream ended, or has sent no frame for some time.
    #[error("The stream \u{201c}{name}\u{201d} stopped sending images.")]
    StreamStalled { name: String },
    /// Another error of a network stream.
    #[error("The stream \u{201c}{name}\u{201d} can't be opened: {reason}.")]
    Stream { name: String, reason: String },
    /// ffmpeg has read no frame of a video file for some time.
    #[error("The video \u{201c}{name}\u{201d} can't be read any further: no frame came for {} s.", after.as_secs())]
    VideoStalled { name: String, after: Duration },
    /// It sends frames but none can be decoded.
    #[error("The camera \u{201c}{name}\u{201d} sends damaged images.")]
    Damaged { name: String },
    /// It offers no format that can be read.
    #[error("The camera \u{201c}{name}\u{201d} offers no supported format, only {found}.")]
    NoFormat { name: String, found: String },
    /// Any other error of a camera driver.
    #[error("The camera \u{201c}{name}\u{201d} failed: {reason}.")]
    Camera { name: String, reason: String },
    /// The file or folder does not exist.
    #[error("\u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFile { path: PathBuf },
    /// It exists but cannot be read.
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// Something else than an image or video.
    #[error("\u{201c}{}\u{201d} is {}, not an image or a video.", path.display(), kind.name())]
    NotMedia { path: PathBuf, kind: FileKind },
    /// A folder or glob without an image.
    #[error("There is no image in \u{201c}{place}\u{201d}.")]
    NoImages { place: String },
    /// Videos need the ffmpeg program.
    #[error("Playing videos requires ffmpeg, which is not installed.")]
    NoFfmpeg,
    /// A seek in a live source.
    #[error("Seeking is not possible in a live source.")]
    NotSeekable,
    /// The text is not the address of a source.
    #[error("\u{201c}{text}\u{201d} is not a camera, file, folder or address that can be opened.")]
    Unknown { text: String },
}

impl SourceError {
    /// Returns what the user can do about it, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoCamera => "Connect a camera, or open an image, a video or the test pattern.".into(),
            Self::Missing { .. } | Self::Unplugged { .. } => {
                "Plug it in again; the preview resumes automatically.".into()
            }
            Self::Busy { .. } => {
                "Close the other program, or choose another camera; the preview resumes automatically.".into()
            }
            Self::Forbidden { .. } if cfg!(target_os = "linux") => {
                "Run \u{201c}sudo usermod -aG video $USER\u{201d}, then log out and in again.".into()
            }
            Self::Forbidden { .. } => {
                "Allow Sightline to use the camera in the system's privacy settings.".into()
            }
            Self::Stalled { .. } | Self::Damaged { .. } | Self::Camera { .. } => {
                "Sightline keeps trying. If it doesn't recover, unplug the camera and plug it in again, or choose a lower resolution.".into()
            }
            Self::StreamStalled { .. } | Self::Stream { .. } => {
                "Sightline keeps trying. Check the address, the network and the camera or server.".into()
            }
            Self::VideoStalled { .. } => {
                "Open it again. If it stops at the same place, the file is damaged there; else its disk or network is slow."
                    .into()
            }
            Self::NoFormat { .. } => {
                "Choose another camera; MJPEG, YUYV, NV12, RGB, BGR and GREY are supported.".into()
            }
            Self::NoFile { .. } => "Check the name, or drag the file into the window.".into(),
            Self::Unreadable { .. } => {
                "Check that the file is complete and that this account may read it.".into()
            }
            Self::NotMedia { .. } => "Choose an image, a video or a folder of images.".into(),
            Self::NoImages { .. } => {
                "Choose a folder with JPEG, PNG, WebP, BMP, GIF, TIFF or PNM images.".into()
            }
            Self::NoFfmpeg => if cfg!(target_os = "linux") {
                "Install it (Debian, Ubuntu: sudo apt install ffmpeg) and open the video again."
            } else {
                "Install it from ffmpeg.org and open the video again."
            }
            .into(),
            Self::NotSeekable => "Open a video or a folder of images to seek.".into(),
            Self::Unknown { .. } => {
                "Give a camera number or name, an image, a folder, a glob, a video, a network address, or \u{201c}pattern\u{201d}.".into()
            }
        }
    }

    /// Whether the camera may come back by itself, so that opening it again makes sense.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoCamera
                | Self::Missing { .. }
                | Self::Unplugged { .. }
                | Self::Busy { .. }
                | Self::Forbidden { .. }
                | Self::Stalled { .. }
                | Self::StreamStalled { .. }
                | Self::Stream { .. }
                | Self::Damaged { .. }
                | Self::Camera { .. }
        )
    }
}
