//! The clipboard, for images: egui encodes an image on the window's thread, which takes longer than a frame.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::frame::Frame;

/// The clipboard; it holds what was copied as long as the window is open.
#[derive(Clone, Default)]
pub struct Clipboard(Arc<Mutex<Option<arboard::Clipboard>>>);

impl std::fmt::Debug for Clipboard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clipboard")
    }
}

impl Clipboard {
    /// Copies an image (RGBA). Call it on a worker.
    ///
    /// # Errors
    /// Why the system's clipboard doesn't take it.
    pub fn copy(&self, image: &Frame) -> Result<(), arboard::Error> {
        let (width, height) = (image.width as usize, image.height as usize);
        let image = arboard::ImageData { width, height, bytes: Cow::Borrowed(&image.data) };
        self.with(|clipboard| clipboard.set_image(image))
    }

    /// Copies files, as a file manager does. Call it on a worker.
    ///
    /// # Errors
    /// Why the system's clipboard doesn't take them.
    pub fn copy_files(&self, files: &[std::path::PathBuf]) -> Result<(), arboard::Error> {
        self.with(|clipboard| clipboard.set().file_list(files))
    }

    fn with(
        &self,
        set: impl FnOnce(&mut arboard::Clipboard) -> Result<(), arboard::Error>,
    ) -> Result<(), arboard::Error> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match &mut *held {
            Some(clipboard) => clipboard,
            none => none.insert(arboard::Clipboard::new()?),
        };
        set(clipboard)
    }
}
