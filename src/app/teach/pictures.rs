//! Small pictures of examples on screen. Workers read them; a bounded number of textures stays.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use egui::{TextureHandle, TextureOptions};

/// So many pictures stay: 224 × 126 pixels are 113 kB each.
const MOST: usize = 320;
/// So many workers read at once.
const WORKERS: usize = 2;

/// A picture, or why there is none.
#[derive(Clone)]
pub enum Picture {
    Loading,
    Shown(TextureHandle),
    /// The end of a sentence.
    Failed(String),
}

/// See the module.
#[derive(Default)]
pub struct Pictures {
    known: HashMap<PathBuf, (Picture, u64)>,
    /// What the page missed in this pass, the most important first.
    wishes: Vec<PathBuf>,
    reading: usize,
    pass: u64,
}

impl Pictures {
    /// A new pass begins: what the last one missed is forgotten.
    pub fn begin(&mut self) {
        self.wishes.clear();
        self.pass += 1;
    }

    /// The picture of a file; it is read if it isn't there.
    pub fn get(&mut self, path: &Path) -> Picture {
        if let Some((picture, used)) = self.known.get_mut(path) {
            *used = self.pass;
            return picture.clone();
        }
        self.wishes.push(path.to_owned());
        Picture::Loading
    }

    /// The file that a worker is to read next, if one is free.
    pub fn next(&mut self) -> Option<PathBuf> {
        if self.reading >= WORKERS || self.wishes.is_empty() {
            return None;
        }
        let path = self.wishes.remove(0);
        self.reading += 1;
        self.known.insert(path.clone(), (Picture::Loading, self.pass));
        Some(path)
    }

    /// A worker has read a picture, or couldn't.
    pub fn arrived(&mut self, ctx: &egui::Context, path: PathBuf, image: Result<egui::ColorImage, String>) {
        self.reading = self.reading.saturating_sub(1);
        let picture = match image {
            Ok(image) => Picture::Shown(ctx.load_texture("example", image, TextureOptions::LINEAR)),
            Err(why) => Picture::Failed(why),
        };
        self.known.insert(path, (picture, self.pass));
        if self.known.len() > MOST {
            let oldest = self.known.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(path) = oldest.map(|(path, _)| path.clone()) {
                self.known.remove(&path);
            }
        }
    }

    /// A worker has ended after the page was left.
    pub fn left(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }

    /// Gives the textures back: the page isn't shown any more.
    pub fn clear(&mut self) {
        self.known.clear();
        self.wishes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textures_and_workers_are_bounded_and_what_is_shown_stays() {
        let ctx = egui::Context::default();
        let image = || Ok(egui::ColorImage::filled([2, 2], egui::Color32::RED));
        let mut pictures = Pictures::default();
        for n in 0..2 * MOST {
            pictures.begin();
            assert!(matches!(pictures.get(Path::new("first.jpg")), Picture::Loading) == (n == 0));
            let path = PathBuf::from(format!("{n}.jpg"));
            pictures.get(&path);
            let mut asked = Vec::new();
            while let Some(path) = pictures.next() {
                asked.push(path);
            }
            assert!(asked.len() <= WORKERS);
            for path in asked {
                pictures.arrived(&ctx, path, image());
            }
        }
        assert!(pictures.known.len() <= MOST);
        assert!(matches!(pictures.get(Path::new("first.jpg")), Picture::Shown(_)));
    }
}
