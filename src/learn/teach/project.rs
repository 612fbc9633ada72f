//! A project: a folder with `teach.toml` and a folder of images for each class. A folder of class folders without that file is one
//! too, also with `train` and `val` in between, as torchvision's `ImageFolder` reads them.

mod file;
mod listing;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::error::TeachError;
use super::train::HeadChoice;
use crate::discard::{Discarded, discard};
use crate::frame::Frame;
use crate::library::names;
use crate::model::CancelToken;
use crate::save::{ImageFormat, encode_frame};
use crate::source::address::IMAGE_EXTENSIONS;
use crate::source::images::load;
use crate::whole_file::{draft_in, folder_of};
use listing::{Layout, group_of};

/// The most classes of a project.
pub const MAX_CLASSES: usize = 20;
/// The most characters of a class's name.
pub const MAX_NAME: usize = 100;
/// The name of the class that is suggested for everything else.
pub const NOTHING: &str = "nothing";
/// The quality of JPEGs: heads learn from these pixels.
const JPEG_QUALITY: u8 = 95;
/// A class with so many times the examples of another is told.
const UNEQUAL: usize = 3;

/// What `teach.toml` holds besides the classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// The backbone's file; relative to the project's folder if it lies below.
    pub backbone: Option<PathBuf>,
    /// SHA-256 of the backbone's file, hex, lower case.
    pub backbone_sha256: Option<String>,
    /// The tensor that is the embedding; `None`: the one that is found.
    pub tensor: Option<String>,
    pub head: HeadChoice,
    /// The inverse strength of regularisation of logistic regression, as scikit-learn's `C`.
    pub c: Option<f64>,
    /// What random numbers begin with.
    pub seed: u64,
}

/// One example image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Example {
    pub path: PathBuf,
    /// Examples of one group were taken in one go (frames of a video, one press of the key) and are alike: they stay together when
    /// heads are measured.
    pub group: String,
}

impl Example {
    fn at(path: PathBuf) -> Self {
        Self { group: group_of(&path), path }
    }
}

/// A class with its examples, in natural order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    pub name: String,
    /// The name of its folder, which any file system takes.
    pub folder: String,
    pub examples: Vec<Example>,
    /// Images of `val`: never learnt from, only measured by.
    pub held_out: Vec<Example>,
    /// Keys of its table in `teach.toml` that this version doesn't know.
    unknown: toml::Table,
}

/// One press of the key: the examples that are taken during it are one group.
#[derive(Clone, Debug)]
pub struct Take {
    /// How the names of its files begin.
    stem: String,
    next: usize,
}

impl Take {
    /// A new take, named by the clock.
    #[must_use]
    pub fn now() -> Self {
        Self { stem: chrono::Local::now().format("%Y-%m-%d %H.%M.%S.%3f").to_string(), next: 1 }
    }
}

/// A project on the disk, and what is in it.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
    pub settings: Settings,
    classes: Vec<Class>,
    layout: Layout,
    /// Keys of `teach.toml` that this version doesn't know.
    unknown: toml::Table,
    /// `teach.toml` as it was read or written last: what others write isn't overwritten. Clones are the same project.
    seen: Arc<Mutex<Option<String>>>,
}

/// A project that was opened.
#[derive(Debug)]
pub struct Opened {
    pub project: Project,
    /// What is wrong with it and doesn't keep it from being used, a sentence each.
    pub notes: Vec<String>,
}

impl Project {
    /// Makes a new project in a folder that doesn't exist or is empty.
    ///
    /// # Errors
    /// Why it can't be made.
    pub fn create(root: &Path) -> Result<Self, TeachError> {
        let unwritable = |reason: String| TeachError::Unwritable { path: root.to_owned(), reason };
        std::fs::create_dir_all(root).map_err(|error| unwritable(error.to_string()))?;
        let mut entries = std::fs::read_dir(root).map_err(|error| unwritable(error.to_string()))?;
        if entries.next().is_some() {
            return Err(unwritable("the folder isn't empty".into()));
        }
        let project = Self {
            root: root.to_owned(),
            settings: Settings::default(),
            classes: Vec::new(),
            layout: Layout::Plain,
            unknown: toml::Table::new(),
            seen: Arc::default(),
        };
        project.save()?;
        Ok(project)
    }

    /// Opens a project, or a folder of class folders. Lists files, reads no image.
    ///
    /// # Errors
    /// Why it is none. Fewer than two classes are fine here, more than [`MAX_CLASSES`] aren't.
    pub fn open(root: &Path) -> Result<Opened, TeachError> {
        Self::open_until(root, &CancelToken::default())
    }

    /// As [`Project::open`], until it is cancelled: a large folder takes its time. Folders that are links aren't followed, since they may
    /// lead back.
    ///
    /// # Errors
    /// As [`Project::open`], and [`TeachError::Stopped`].
    pub fn open_until(root: &Path, cancel: &CancelToken) -> Result<Opened, TeachError> {
        let metadata = std::fs::metadata(root).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => TeachError::NoFolder { path: root.to_owned() },
            _ => TeachError::Unreadable { path: root.to_owned(), reason: error.to_string() },
        })?;
        if !metadata.is_dir() {
            return Err(TeachError::Unreadable { path: root.to_owned(), reason: "it isn't a folder".into() });
        }
        let unreadable = |error: std::io::Error| TeachError::Unreadable {
            path: root.to_owned(),
            reason: error.to_string(),
        };
        let read = file::read(root)?;
        let is_project = read.is_some();
        let file::Read { settings, mut classes, unknown, text } = read.unwrap_or_default();
        let layout = Layout::of(root, cancel);
        let mut notes = Vec::new();
        let (mut found, links) = layout.folders(root, cancel).map_err(unreadable)?;
        if cancel.is_cancelled() {
            return Err(TeachError::Stopped);
        }
        for link in links {
            notes.push(format!(
                "The folder \u{201c}{}\u{201d} is a link and isn't followed: copy it into the project.",
                names::shown(&link)
            ));
        }
        for class in &mut classes {
            if !found.remove(&class.folder) {
                notes.push(format!(
                    "The folder \u{201c}{}\u{201d} of the class \u{201c}{}\u{201d} is missing.",
                    names::shown(&class.folder),
                    names::shown(&class.name)
                ));
            }
            layout.fill(root, class, cancel)?;
        }
        for folder in found {
            let mut class = Class { name: folder.clone(), folder, ..Class::default() };
            layout.fill(root, &mut class, cancel)?;
            // A folder without images may be anything.
            if class.examples.is_empty() && class.held_out.is_empty() {
                continue;
            }
            if is_project {
                notes.push(format!(
                    "The folder \u{201c}{}\u{201d} isn't in teach.toml yet; it counts as a class.",
                    names::shown(&class.folder)
                ));
            }
            while classes.iter().any(|other: &Class| other.name == class.name) {
                class.name.push_str(" (2)");
            }
            classes.push(class);
            // A folder of anything may have thousands.
            if classes.len() > MAX_CLASSES {
                return Err(TeachError::TooManyClasses { count: classes.len() });
            }
        }
        let seen = Arc::new(Mutex::new(text));
        let project = Self { root: root.to_owned(), settings, classes, layout, unknown, seen };
        Ok(Opened { project, notes })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The classes, in the order of the scores.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The names of the classes, in the order of the scores.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.classes.iter().map(|class| class.name.clone()).collect()
    }

    /// The backbone's file, if one was chosen.
    #[must_use]
    pub fn backbone(&self) -> Option<PathBuf> {
        self.settings.backbone.as_ref().map(|path| self.root.join(path))
    }

    /// Remembers the backbone: relative to the project's folder if it lies below, else its whole path. [`Project::save`] writes it.
    pub fn set_backbone(&mut self, path: &Path, sha256: &str) {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let root = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        self.settings.backbone = Some(whole.strip_prefix(&root).map_or(whole.clone(), Path::to_owned));
        self.settings.backbone_sha256 = Some(sha256.to_owned());
    }

    /// Writes `teach.toml`: whole or not at all; keys that this version doesn't know stay. A backbone whose path isn't text can't be written
    /// and is left out.
    ///
    /// # Errors
    /// [`TeachError::Unwritable`], or [`TeachError::ChangedOutside`] if the file isn't as it was read or written last.
    pub fn save(&self) -> Result<(), TeachError> {
        file::write(self)
    }

    /// Adds a class at the end, with its folder, and saves. Returns its number.
    ///
    /// # Errors
    /// A name that is taken or empty, too many classes, or why it can't be written.
    pub fn add_class(&mut self, name: &str) -> Result<usize, TeachError> {
        let name = self.free_name(name, None)?;
        if self.classes.len() >= MAX_CLASSES {
            return Err(TeachError::TooManyClasses { count: self.classes.len() + 1 });
        }
        let base = self.layout.learnt(&self.root);
        let folder = listing::free_folder(&base, &name, &self.classes);
        self.layout.check_writable(&self.root, &folder)?;
        let path = base.join(&folder);
        std::fs::create_dir_all(&path)
            .map_err(|error| TeachError::Unwritable { path: path.clone(), reason: error.to_string() })?;
        self.classes.push(Class { name, folder, ..Class::default() });
        if let Err(error) = self.save() {
            self.classes.pop();
            let _ = std::fs::remove_dir(&path);
            return Err(error);
        }
        Ok(self.classes.len() - 1)
    }

    /// Renames a class and saves. Its folder keeps its name.
    ///
    /// # Errors
    /// As [`Project::add_class`].
    pub fn rename_class(&mut self, index: usize, name: &str) -> Result<(), TeachError> {
        let name = self.free_name(name, Some(index))?;
        let class = self.class_mut(index)?;
        let before = std::mem::replace(&mut class.name, name);
        self.save().inspect_err(|_| self.classes[index].name = before)
    }

    /// Removes a class and moves its images to the trash.
    ///
    /// # Errors
    /// Why it stays, with its images.
    pub fn remove_class(&mut self, index: usize) -> Result<Discarded, TeachError> {
        self.class_mut(index)?;
        let class = self.classes.remove(index);
        // The list goes first: once images are in the trash, nothing may fail any more, else nobody could bring them back.
        if let Err(error) = self.save() {
            self.classes.insert(index, class);
            return Err(error);
        }
        let images = class.examples.iter().chain(&class.held_out).map(|example| example.path.clone());
        match discard(&images.collect::<Vec<_>>()) {
            Ok(discarded) => {
                // It stays where something else lies in it.
                for base in [self.layout.learnt(&self.root), self.layout.held_out(&self.root)] {
                    let _ = std::fs::remove_dir(base.join(&class.folder));
                }
                Ok(discarded)
            }
            Err(error) => {
                self.classes.insert(index, class);
                // If that fails as well, its folder is still there to be found.
                let _ = self.save();
                Err(error.into())
            }
        }
    }

    /// Writes a frame (RGBA) as an example of a class, JPEG in quality 95 or PNG: whole or not at all. Returns its file.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn add_frame(
        &mut self,
        class: usize,
        frame: &Frame,
        format: ImageFormat,
        take: &mut Take,
    ) -> Result<PathBuf, TeachError> {
        let folder = self.folder_of_class(class)?;
        let unwritable = |reason: String| TeachError::Unwritable { path: folder.clone(), reason };
        let bytes =
            encode_frame(frame, format, JPEG_QUALITY).map_err(|error| unwritable(end_of_sentence(&error)))?;
        loop {
            let path = folder.join(format!("{}_{:04}.{}", take.stem, take.next, format.ending()));
            take.next += 1;
            match write_new(&path, &bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(error.to_string())),
                Ok(()) => {
                    self.classes[class].examples.push(Example::at(path.clone()));
                    return Ok(path);
                }
            }
        }
    }

    /// Copies an image file into a class, under a name with an image's ending. Returns the copy.
    ///
    /// # Errors
    /// Why it can't be copied, or that it is no image.
    pub fn add_file(&mut self, class: usize, file: &Path) -> Result<PathBuf, TeachError> {
        let folder = self.folder_of_class(class)?;
        let unreadable = |reason: String| TeachError::Unreadable { path: file.to_owned(), reason };
        load(file, &mut Frame::default(), &mut None).map_err(unreadable)?;
        let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
        let name = names::safe(&file.file_name().unwrap_or_default().to_string_lossy());
        let is_known = |ending: &str| IMAGE_EXTENSIONS.contains(&&ending.to_lowercase()[..]);
        let (stem, ending) = match name.rsplit_once('.') {
            Some((stem, ending)) if is_known(ending) => (stem, ending),
            // Files of other endings aren't listed when the project is opened again.
            _ => {
                let endings = image::guess_format(&bytes).map(image::ImageFormat::extensions_str);
                let ending = endings.unwrap_or_default().iter().find(|ending| is_known(ending));
                (&name[..], *ending.ok_or_else(|| unreadable("its format isn't known".into()))?)
            }
        };
        for number in 1.. {
            let number = if number == 1 { String::new() } else { format!(" ({number})") };
            let path = folder.join(format!("{stem}{number}.{ending}"));
            match write_new(&path, &bytes) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(TeachError::Unwritable { path: folder, reason: error.to_string() });
                }
                Ok(()) => {
                    self.classes[class].examples.push(Example::at(path.clone()));
                    return Ok(path);
                }
            }
        }
        Err(TeachError::Unwritable { path: folder, reason: "all names are taken".into() })
    }

    /// Moves an example to the trash.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove_example(&mut self, path: &Path) -> Result<Discarded, TeachError> {
        let discarded = discard(&[path.to_owned()])?;
        for class in &mut self.classes {
            class.examples.retain(|example| example.path != path);
            class.held_out.retain(|example| example.path != path);
        }
        Ok(discarded)
    }

    /// The classes with the most and with the fewest examples, if the one has more than three times as many as the other.
    #[must_use]
    pub fn imbalance(&self) -> Option<(usize, usize)> {
        let count = |index: &usize| self.classes[*index].examples.len();
        let most = (0..self.classes.len()).max_by_key(|index| (count(index), usize::MAX - index))?;
        let fewest = (0..self.classes.len()).min_by_key(count)?;
        (count(&most) > UNEQUAL * count(&fewest)).then_some((most, fewest))
    }

    /// Whether a class "nothing" should be suggested: there is none, and there are two classes or more.
    #[must_use]
    pub fn wants_nothing(&self) -> bool {
        let is_nothing = |class: &Class| {
            let name = class.name.to_lowercase();
            [NOTHING, "none", "other", "others", "background", "无", "空", "其他", "背景", "什么都没有"]
                .contains(&&name[..])
        };
        self.classes.len() >= 2 && self.classes.len() < MAX_CLASSES && !self.classes.iter().any(is_nothing)
    }

    fn class_mut(&mut self, index: usize) -> Result<&mut Class, TeachError> {
        self.classes.get_mut(index).ok_or(TeachError::NoClass { index })
    }

    /// The folder that examples of a class go into; it is made if it is missing. One that is a link isn't listed, and isn't written into.
    fn folder_of_class(&self, index: usize) -> Result<PathBuf, TeachError> {
        let class = self.classes.get(index).ok_or(TeachError::NoClass { index })?;
        self.layout.check_writable(&self.root, &class.folder)?;
        let path = self.layout.learnt(&self.root).join(&class.folder);
        std::fs::create_dir_all(&path)
            .map_err(|error| TeachError::Unwritable { path: path.clone(), reason: error.to_string() })?;
        Ok(path)
    }

    /// A name for a class without space around it, if no class but `own` has it.
    fn free_name(&self, name: &str, own: Option<usize>) -> Result<String, TeachError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(TeachError::NoName);
        }
        let count = name.chars().count();
        if count > MAX_NAME {
            return Err(TeachError::NameTooLong { count });
        }
        let taken = |(index, class): (usize, &Class)| class.name == name && Some(index) != own;
        if self.classes.iter().enumerate().any(taken) {
            return Err(TeachError::NameTaken { name: name.to_owned() });
        }
        Ok(name.to_owned())
    }
}

fn end_of_sentence(error: &dyn std::fmt::Display) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

/// How the name of a file begins that is being written.
pub(super) const DRAFT: &str = ".sightline-";

/// Writes a file that isn't there yet, whole or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut draft = draft_in(folder_of(path), DRAFT, "")?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
