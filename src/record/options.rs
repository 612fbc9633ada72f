//! What the user chose for recordings.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Container;
use crate::privacy::Privacy;
use crate::scene::Style;

/// Which videos a recording writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// With what is drawn on it, as on screen.
    #[default]
    Annotated,
    /// Without a drawing, never mirrored.
    Clean,
    /// One of each.
    Both,
}

impl What {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Annotated, Self::Clean, Self::Both];

    /// Whether it writes the video with the drawing.
    #[must_use]
    pub fn annotated(self) -> bool {
        self != Self::Clean
    }

    /// Whether it writes the video without a drawing.
    #[must_use]
    pub fn clean(self) -> bool {
        self != Self::Annotated
    }
}

/// How and where recordings are written; part of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RecordOptions {
    /// The folder. It is made if the folder above it exists. `None`: [`crate::save::default_video_folder`], which is made with all
    /// folders above it.
    pub folder: Option<PathBuf>,
    pub what: What,
    pub container: Container,
    /// Write also a JSON Lines file with what was found in each frame.
    pub json: bool,
    /// So many seconds are kept in memory all the time, so that they can be saved afterwards; 0: none.
    pub keep_s: u32,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self { folder: None, what: What::default(), container: Container::default(), json: true, keep_s: 0 }
    }
}

/// How frames are drawn, and who is hidden; it may change while a recording goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    pub style: Style,
    pub privacy: Privacy,
    /// Each result is shown on its own frame, and frames without one aren't shown.
    pub own_frame: bool,
    /// No frame may be recorded: several models find who is to be hidden, and a recording knows the results of one.
    pub blind: bool,
    /// The source as the user named it.
    pub source: String,
    /// The source's usual rate, if it is known.
    pub fps: Option<f64>,
}

impl Look {
    /// Whether frames without results of their own are left out.
    #[must_use]
    pub fn own_only(&self) -> bool {
        self.own_frame || self.privacy.on
    }

    /// The source's usual rate, or a likely one.
    #[must_use]
    pub fn fps(&self) -> f64 {
        self.fps.filter(|fps| fps.is_finite() && (0.1..=1000.0).contains(fps)).unwrap_or(30.0)
    }
}
