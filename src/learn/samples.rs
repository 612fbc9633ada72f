//! The pictures that come with the program, so that lessons and examples work without a download or a camera.
//!
//! They are scikit-image's `astronaut` (NASA, public domain), `chelsea`, `coffee` and `motorcycle_left` (CC0), and one picture
//! that is put together from these four; `assets/lessons/pictures/README.md` names their authors.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::folders;
use crate::source::Address;
use crate::whole_file;

/// A picture that comes with the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What lessons call it.
    pub name: &'static str,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// A JPEG file.
    jpeg: &'static [u8],
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sample").field("name", &self.name).finish_non_exhaustive()
    }
}

macro_rules! jpeg {
    ($file:literal) => {
        include_bytes!(concat!("../../assets/lessons/pictures/", $file))
    };
}

/// Every picture.
pub const SAMPLES: [Sample; 5] = [
    Sample { name: "astronaut", size: (512, 512), jpeg: jpeg!("astronaut.jpg") },
    Sample { name: "cat", size: (451, 300), jpeg: jpeg!("cat.jpg") },
    Sample { name: "coffee", size: (600, 400), jpeg: jpeg!("coffee.jpg") },
    Sample { name: "four", size: (1024, 768), jpeg: jpeg!("four.jpg") },
    Sample { name: "motorcycle", size: (741, 500), jpeg: jpeg!("motorcycle.jpg") },
];

impl Sample {
    /// The picture of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SAMPLES.iter().find(|sample| sample.name == name)
    }

    /// Where its file lies once [`write_all`] has run: `NAME.jpg` in `folder`.
    #[must_use]
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.jpg", self.name))
    }
}

/// Where the pictures lie: `samples` in the data folder; `None` if the user has no home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(folders::data_folder()?.join("samples"))
}

/// Whether an address is that of a picture in the folder.
#[must_use]
pub fn is_one(address: &Address) -> bool {
    matches!(address, Address::Image(path) if folder().is_some_and(|folder| path.starts_with(folder)))
}

/// Writes the pictures that aren't in this folder yet or were changed.
///
/// # Errors
/// Why one can't be written.
pub fn write_all(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for sample in &SAMPLES {
        let path = sample.path(folder);
        if !whole_file::read(&path, sample.jpeg.len() as u64).is_ok_and(|is| is == sample.jpeg) {
            whole_file::write(&path, sample.jpeg)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_told_from_the_users_own_pictures() {
        let Some(folder) = folder() else { return };
        assert!(is_one(&Address::Image(SAMPLES[0].path(&folder))));
        assert!(!is_one(&Address::Image("/home/li/cat.jpg".into())));
    }

    #[test]
    fn pictures_have_the_size_that_is_told_and_are_written_again_when_they_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path()).unwrap();
        let path = SAMPLES[0].path(folder.path());
        std::fs::write(&path, "damaged").unwrap();
        write_all(folder.path()).unwrap();
        for sample in &SAMPLES {
            assert_eq!(image::image_dimensions(sample.path(folder.path())).unwrap(), sample.size);
        }
    }
}
