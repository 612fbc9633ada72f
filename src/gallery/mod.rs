//! Everything that was saved: snapshots, recordings and comparisons, with what is known of them.
//!
//! Files that belong together (the annotated image, the clean one, the JSON, the objects) are one [`Item`]. A thread
//! ([`Gallery`]) lists the folders, reads the records and follows what changes; small images are made by [`Thumbnails`]. The
//! window shows lists that are there and never waits for the disk.

mod details;
mod drawn;
mod filter;
mod index;
mod item;
mod player;
mod rename;
mod thumbnails;
mod watch;

use std::path::PathBuf;

pub use details::Details;
pub use drawn::{Recorded, read_recorded, results_of};
pub use filter::{Filter, days};
pub use index::{FolderState, Index};
pub use item::{Item, Kind, Trouble};
pub use player::{Playback, Player};
pub use rename::{RenameError, rename};
pub use thumbnails::{Held, Made, THUMBNAIL_SIDE, Thumbnails};
pub use watch::Gallery;

/// The folder of cached thumbnails; `None` without a home folder.
#[must_use]
pub fn thumbnail_folder() -> Option<PathBuf> {
    Some(crate::model::folders::data_folder()?.join("thumbnails"))
}

/// Why a video can't be shown, as the end of a sentence.
fn video_reason(error: &crate::source::SourceError) -> String {
    use crate::source::SourceError;
    match error {
        SourceError::Unreadable { reason, .. } => reason.clone(),
        SourceError::NoFile { .. } => "it isn't there any more".into(),
        SourceError::NotMedia { .. } => "it holds no images".into(),
        SourceError::NoFfmpeg => "ffmpeg isn't installed".into(),
        other => other.to_string(),
    }
}
