//! What the window is opened with, and why it can't be opened.

use std::path::PathBuf;

use super::intent::InsideTab;
use crate::model::isolation::Isolation;
use crate::model::labels::Language;
use crate::source::Address;

/// What the window is opened with; a field that is `None` is as it was remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppOptions {
    pub source: Option<Address>,
    pub model: Option<PathBuf>,
    /// Models to compare it with from the start.
    pub compare: Vec<PathBuf>,
    /// For this run only.
    pub language: Option<Language>,
    /// Width and height of the window, in points.
    pub size: Option<(f32, f32)>,
    /// Which models run in a process of their own; `None`: none does.
    pub isolation: Option<Isolation>,
    /// The page Inside is open from the start, with this tab.
    pub inside: Option<InsideTab>,
}

/// Why the window can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no screen to open it on.
    #[error("No display can be opened: {reason}.")]
    NoDisplay { reason: String },
    /// The graphics driver gives no OpenGL.
    #[error("The graphics driver can't draw the window: {reason}.")]
    NoGraphics { reason: String },
}

impl AppError {
    /// The fix, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoDisplay { .. } => {
                "Start Sightline in a desktop session, or work without a window: sightline predict SOURCE --save out"
            }
            Self::NoGraphics { .. } => {
                "Update the driver, or draw without it: LIBGL_ALWAYS_SOFTWARE=1 sightline"
            }
        }
    }
}
