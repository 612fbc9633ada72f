//! Why a source can't give frames: each a state that the user sees with its fix, never a passing message.

use std::path::PathBuf;

/// The states in which a source gives no frames.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// No camera at all on this computer.
    #[error("No camera was found.")]
    NoCamera,
    /// The chosen camera isn't there (any more).
    #[error("The camera \u{201c}{name}\u{201d} isn't connected.")]
    Missing { name: String },
    /// It was there and went away while running.
    #[error("The camera \u{201c}{name}\u{201d} was unplugged.")]
    Unplugged { name: String },
    /// Another program has it.
    #[error("The camera \u{201c}{name}\u{201d} is in use{}.", by.as_deref().map(|b| format!(" by {b}")).unwrap_or_default())]
    Busy { name: String, by: Option<String> },
    /// The system doesn't let us.
    #[error("This account isn't allowed to use the camera \u{201c}{name}\u{201d}.")]
    Forbidden { name: String },
    /// It opened but no frame has come for a while.
    #[error("The camera \u{201c}{name}\u{201d} stopped sending images.")]
    Stalled { name: String },
    /// Frames come but none can be decoded.
    #[error("The camera \u{201c}{name}\u{201d} sends damaged images.")]
    Damaged { name: String },
    /// It offers no format that we can read.
    #[error("The camera \u{201c}{name}\u{201d} offers no format that can be read: {found}.")]
    NoFormat { name: String, found: String },
    /// Anything else that a camera driver says.
    #[error("The camera \u{201c}{name}\u{201d} failed: {reason}.")]
    Camera { name: String, reason: String },
    /// The file or folder doesn't exist.
    #[error("\u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFile { path: PathBuf },
    /// It exists but can't be read.
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// A folder or pattern of names without a single image.
    #[error("There is no image in \u{201c}{place}\u{201d}.")]
    NoImages { place: String },
    /// Videos need the ffmpeg program.
    #[error("Videos are read with the program ffmpeg, which isn't installed.")]
    NoFfmpeg,
    /// Seeking in something live.
    #[error("A live source can't be sought.")]
    NotSeekable,
    /// The words given name no source.
    #[error("\u{201c}{text}\u{201d} is no camera, file, folder or address that can be opened.")]
    Unknown { text: String },
}

impl SourceError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoCamera => "Connect a camera, or open an image, a video or the test pattern.".into(),
            Self::Missing { .. } | Self::Unplugged { .. } => {
                "Plug it in again: the image comes back by itself.".into()
            }
            Self::Busy { .. } => {
                "Close the other program, or choose another camera: the image comes back by itself.".into()
            }
            Self::Forbidden { .. } if cfg!(target_os = "linux") => {
                "Run \u{201c}sudo usermod -aG video $USER\u{201d}, then log out and in again.".into()
            }
            Self::Forbidden { .. } => {
                "Allow Sightline to use the camera in the system's privacy settings.".into()
            }
            Self::Stalled { .. } | Self::Damaged { .. } | Self::Camera { .. } => {
                "Sightline keeps trying. If it lasts, unplug the camera and plug it in again, or choose a smaller size.".into()
            }
            Self::NoFormat { .. } => {
                "MJPEG, YUYV, NV12, RGB, BGR and GREY can be read; choose another camera.".into()
            }
            Self::NoFile { .. } => "Check the name, or drop the file on the window.".into(),
            Self::Unreadable { .. } => {
                "Check that the file is whole and that this account may read it.".into()
            }
            Self::NoImages { .. } => {
                "Choose a folder with JPEG, PNG, WebP, BMP, GIF, TIFF or PNM images.".into()
            }
            Self::NoFfmpeg => if cfg!(target_os = "linux") {
                "Install it (Debian, Ubuntu: sudo apt install ffmpeg) and open the video again."
            } else {
                "Install it from ffmpeg.org and open the video again."
            }
            .into(),
            Self::NotSeekable => "Only videos and folders of images can be sought.".into(),
            Self::Unknown { .. } => {
                "Give a camera index or name, an image, a folder, a glob, a video, or \u{201c}pattern\u{201d}.".into()
            }
        }
    }

    /// Whether the camera may come back by itself, so that opening it again is worth trying.
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
                | Self::Damaged { .. }
                | Self::Camera { .. }
        )
    }
}
