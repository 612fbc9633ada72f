//! Importing files from anywhere into the library: checked first, copied or linked, never over another file.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Component, Path, PathBuf};

use super::{archive, leftovers, names};
use crate::model::file::GraphInfo;
use crate::model::sidecar::{self, Sidecar, SidecarError};
use crate::model::{self, Inspection, ModelError, preprocessing};
use crate::whole_file;

/// How many levels of subfolders are searched.
const MAX_DEPTH: usize = 4;
/// A folder with more models than this isn't imported.
pub const MAX_MODELS: usize = 1000;

/// Whether the file is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// A copy.
    #[default]
    Copy,
    /// A link: the file must stay where it is.
    Link,
}

/// A model that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub from: PathBuf,
    pub path: PathBuf,
    /// Hex.
    pub sha256: String,
    /// That of the weights in other files, if there are any; see [`model::weights_sha256`].
    pub weights: Option<String>,
    /// The same model was in the library already.
    pub was_here: bool,
}

/// Why something isn't imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The model itself can't be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Neither a model nor a folder or archive of models.
    #[error("\u{201c}{}\u{201d} holds no ONNX model.", shown(path))]
    Nothing { path: PathBuf },
    /// A link to a file that doesn't exist.
    #[error("\u{201c}{}\u{201d} is a link to a file that isn't there.", shown(path))]
    DeadLink { path: PathBuf },
    /// Too many models.
    #[error("The folder \u{201c}{}\u{201d} holds more than {MAX_MODELS} models.", shown(path))]
    TooMany { path: PathBuf },
    /// An archive that can't be used, or is malicious.
    #[error("The archive \u{201c}{}\u{201d} can't be used: {reason}.", shown(path))]
    Archive { path: PathBuf, reason: String },
    /// The library's folder can't be written.
    #[error("The model can't be put into \u{201c}{}\u{201d}: {reason}.", shown(folder))]
    Unwritable { folder: PathBuf, reason: String },
    /// Not enough space.
    #[error(
        "The model needs {need} MB, and the disk with \u{201c}{}\u{201d} has {free} MB left.",
        shown(folder)
    )]
    DiskFull { folder: PathBuf, need: u64, free: u64 },
    /// There is no folder for models.
    #[error("This account has no home folder for models.")]
    NoFolder,
}

impl ImportError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Model(error) => error.fix(),
            Self::Nothing { .. } => {
                "Choose a file that ends in .onnx, or a folder or a .zip archive with such files.".into()
            }
            Self::DeadLink { .. } => "Choose the file itself, or repair the link.".into(),
            Self::TooMany { .. } => {
                "Choose a smaller folder, or add it to the folders that are watched.".into()
            }
            Self::Archive { .. } => {
                "Get the archive again from its own project, or unpack it and choose the .onnx file.".into()
            }
            Self::Unwritable { .. } => {
                "Check that the folder exists, can be written and lies on a disk with space.".into()
            }
            Self::DiskFull { .. } => "Free some space, or link the model instead of copying it.".into(),
            Self::NoFolder => "Set SIGHTLINE_DATA_DIR to a folder that can be written.".into(),
        }
    }
}

fn shown(path: &Path) -> String {
    names::shown(&path.display().to_string()).into_owned()
}

/// The files to import at a path that the user named.
///
/// # Errors
/// [`ImportError`] if there is none.
pub fn candidates(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    if path.is_symlink() && !path.exists() {
        return Err(ImportError::DeadLink { path: path.to_owned() });
    }
    if !path.exists() {
        return Err(ModelError::NoFile { path: path.to_owned() }.into());
    }
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    search(path, MAX_DEPTH, &mut found);
    found.sort();
    match found.len() {
        0 => Err(ImportError::Nothing { path: path.to_owned() }),
        n if n > MAX_MODELS => Err(ImportError::TooMany { path: path.to_owned() }),
        _ => Ok(found),
    }
}

/// Finds models in a folder. Links to folders aren't followed, because they can form a circle.
fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if found.len() > MAX_MODELS {
            return;
        }
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
        if is_folder && depth > 0 {
            search(&path, depth - 1, found);
        } else if path.is_file() && ends_in(&path, "onnx") {
            found.push(path);
        }
    }
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// Imports one file: an ONNX model, or every model of a `.zip` archive.
///
/// # Errors
/// [`ImportError`]; nothing of it is left in the library.
pub fn import(file: &Path, folder: &Path, mode: ImportMode) -> Result<Vec<Imported>, ImportError> {
    if ends_in(file, "zip") {
        return from_archive(file, folder);
    }
    let mut created = Created::default();
    let imported = one(file, folder, mode, &mut created)?;
    created.keep();
    Ok(vec![imported])
}

fn one(file: &Path, folder: &Path, mode: ImportMode, created: &mut Created) -> Result<Imported, ImportError> {
    // A file that isn't a model is refused; a model that isn't understood is imported: the user can explain it later.
    let (graph, settings) = match model::inspect(file) {
        Ok(inspection) => {
            let settings = settings(file, &inspection)?;
            (inspection.graph, settings)
        }
        // What can't even be read (a device, a gigabyte) isn't copied either.
        Err(error @ ModelError::BadSidecar { reason: SidecarError::Io(_), .. }) => return Err(error.into()),
        Err(ModelError::BadSidecar { .. }) => (GraphInfo::read(file)?, None),
        Err(other) => return Err(other.into()),
    };
    if mode == ImportMode::Copy {
        check_weights(file, &graph)?;
    }
    let content = (model::sha256(file)?, model::weights_sha256(file, &graph)?);
    make_folder(folder)?;
    let name = safe_name(file);
    let Target { path, was_here } = free_target(folder, &name, &content, &graph);
    let (sha256, weights) = content;
    let imported = Imported { from: file.to_owned(), path, sha256, weights, was_here };
    if was_here {
        return Ok(imported);
    }
    let weights = graph.external_files(file).zip(graph.external_files(&imported.path));
    let with = [(sidecar::path_for(file), sidecar::path_for(&imported.path))];
    let optional = with.into_iter().filter(|(from, _)| from.is_file() && settings.is_none());
    for (from, to) in optional.chain(weights) {
        put(&from, &to, mode, folder, created)?;
    }
    if let Some(settings) = settings {
        make_home(&imported.path, folder, created)?;
        created.0.push(settings.save(&imported.path)?);
    }
    put(file, &imported.path, mode, folder, created)?;
    Ok(imported)
}

/// Refuses weights that are links to a file outside the model's own folder: a copy would take whatever lies there. Where the model
/// is a link itself, its weights may lie beside the file that it leads to, as in Hugging Face's cache.
fn check_weights(file: &Path, graph: &GraphInfo) -> Result<(), ImportError> {
    let folder = |path: &Path| whole_file::folder_of(path).canonicalize().ok();
    let allowed = [folder(file), file.canonicalize().ok().and_then(|real| folder(&real))];
    for (name, weights) in graph.external_data.iter().zip(graph.external_files(file)) {
        let inside = weights
            .canonicalize()
            .is_ok_and(|real| allowed.iter().flatten().any(|folder| real.starts_with(folder)));
        if !inside {
            return Err(ModelError::CannotRun {
                path: file.to_owned(),
                reason: format!(
                    "its weights \u{201c}{}\u{201d} are a link to a file outside its own folder",
                    names::excerpt(name, 120)
                ),
                remedy:
                    "Put the weights themselves next to the model, or link the model instead of copying it."
                        .into(),
            }
            .into());
        }
    }
    Ok(())
}

/// The sidecar with what its project's files beside the model say, because those stay behind; `None` if they say nothing.
fn settings(file: &Path, inspection: &Inspection) -> Result<Option<Sidecar>, ModelError> {
    let own = Sidecar::load(file)?.unwrap_or_default();
    let Ok(spec) = &inspection.spec else { return Ok(None) };
    let Some(found) = preprocessing::published(file, spec) else { return Ok(None) };
    let found =
        Sidecar { fit: found.fit, resample: found.resample, range: found.range, ..Sidecar::default() };
    Ok(Some(found.overlaid(own)))
}

fn safe_name(file: &Path) -> String {
    let name = names::safe(&file.file_name().unwrap_or_default().to_string_lossy());
    if ends_in(Path::new(&name), "onnx") { name } else { format!("{name}.onnx") }
}

pub(super) fn make_folder(folder: &Path) -> Result<(), ImportError> {
    std::fs::create_dir_all(folder)
        .map_err(|e| ImportError::Unwritable { folder: folder.to_owned(), reason: e.to_string() })
}

struct Target {
    path: PathBuf,
    was_here: bool,
}

/// A path that no other model has; the path of the same model if it is here already: with the same hashes of its file and of
/// its weights in other files. A model with such weights gets its own folder, because those files' names are fixed.
fn free_target(folder: &Path, name: &str, content: &(String, Option<String>), graph: &GraphInfo) -> Target {
    let (sha256, weights) = content;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let home = |number: usize| {
        let numbered = if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
        if graph.external_data.is_empty() {
            folder.join(format!("{numbered}.onnx"))
        } else {
            folder.join(&numbered).join(name)
        }
    };
    for number in 1.. {
        let path = home(number);
        if path.symlink_metadata().is_err() && !sidecar::path_for(&path).exists() {
            return Target { path, was_here: false };
        }
        let same = path.metadata().is_ok_and(|m| m.len() == graph.bytes)
            && model::sha256(&path).is_ok_and(|hash| hash == *sha256)
            && model::weights_sha256(&path, graph).is_ok_and(|hash| hash == *weights);
        if same {
            return Target { path, was_here: true };
        }
    }
    unreachable!("there are more numbers than files")
}

/// Files and folders created so far. They are removed again unless the import succeeds.
#[derive(Default)]
struct Created(Vec<PathBuf>);

impl Created {
    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            let _ = if path.is_dir() && !path.is_symlink() {
                std::fs::remove_dir(path)
            } else {
                std::fs::remove_file(path)
            };
        }
    }
}

/// Makes the folder that a file goes into.
fn make_home(file: &Path, folder: &Path, created: &mut Created) -> Result<(), ImportError> {
    let home = file.parent().unwrap_or(folder);
    if !home.exists() {
        make_folder(home)?;
        created.0.push(home.to_owned());
    }
    Ok(())
}

fn put(
    from: &Path,
    to: &Path,
    mode: ImportMode,
    folder: &Path,
    created: &mut Created,
) -> Result<(), ImportError> {
    let unwritable =
        |e: io::Error| ImportError::Unwritable { folder: folder.to_owned(), reason: reason_of(&e) };
    make_home(to, folder, created)?;
    match mode {
        ImportMode::Link => {
            let target = std::path::absolute(from).map_err(unwritable)?;
            link(&target, to).map_err(unwritable)?;
        }
        ImportMode::Copy => {
            let unreadable =
                |e: io::Error| ModelError::Unreadable { path: from.to_owned(), reason: e.to_string() };
            let mut source = File::open(from).map_err(unreadable)?;
            let length = source.metadata().map_err(unreadable)?.len();
            check_space(folder, length)?;
            copy(&mut source, to).map_err(unwritable)?;
        }
    }
    created.0.push(to.to_owned());
    Ok(())
}

/// Copies under another name first, so that a half-copied model is never listed.
fn copy(source: &mut impl Read, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    leftovers::remove(folder);
    let mut part = tempfile::Builder::new().prefix(leftovers::COPY).tempfile_in(folder)?;
    let _ = part.as_file().try_lock();
    io::copy(source, &mut part)?;
    part.flush()?;
    part.as_file().sync_all()?;
    readable(part.as_file())?;
    part.persist_noclobber(to)?;
    Ok(())
}

/// Makes the file readable for others: temporary files are private.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn link(target: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(target, to)
}

fn reason_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".into(),
        io::ErrorKind::ReadOnlyFilesystem => "it is read-only".into(),
        io::ErrorKind::PermissionDenied => "this account has no permission to write there".into(),
        _ => error.to_string(),
    }
}

/// Bytes that stay free on the disk.
const SPARE: u64 = 64 << 20;

fn check_space(folder: &Path, need: u64) -> Result<(), ImportError> {
    let Ok(free) = fs4::available_space(folder) else { return Ok(()) };
    if free < need.saturating_add(SPARE) {
        let mb = |bytes: u64| bytes.div_ceil(1 << 20);
        return Err(ImportError::DiskFull {
            folder: folder.to_owned(),
            need: mb(need + SPARE),
            free: mb(free),
        });
    }
    Ok(())
}

/// Unpacks an archive into a temporary folder first, so that each model is checked like any other file.
fn from_archive(file: &Path, folder: &Path) -> Result<Vec<Imported>, ImportError> {
    make_folder(folder)?;
    let bad = |reason: String| ImportError::Archive { path: file.to_owned(), reason };
    let unwritable =
        |e: io::Error| ImportError::Unwritable { folder: folder.to_owned(), reason: reason_of(&e) };
    leftovers::remove(folder);
    let scratch =
        tempfile::Builder::new().prefix(leftovers::UNPACKED).tempdir_in(folder).map_err(unwritable)?;
    let lock = File::create_new(scratch.path().join(leftovers::LOCK)).map_err(unwritable)?;
    let _ = lock.try_lock();
    let unpacked =
        archive::unpack(file, scratch.path(), |need| check_space(folder, need).map_err(|e| e.to_string()))
            .map_err(bad)?;
    let models: Vec<&PathBuf> = unpacked.iter().filter(|p| ends_in(p, "onnx")).collect();
    if models.is_empty() {
        return Err(ImportError::Nothing { path: file.to_owned() });
    }
    // All of its models or none: half an archive would look like the whole of it.
    let mut created = Created::default();
    let imported: Result<Vec<_>, _> =
        models.into_iter().map(|model| one(model, folder, ImportMode::Copy, &mut created)).collect();
    let imported = imported?;
    created.keep();
    Ok(imported
        .into_iter()
        .map(|mut i| {
            file.clone_into(&mut i.from);
            i
        })
        .collect())
}

/// Whether a path inside an archive or a model stays in its folder.
pub(super) fn stays_inside(path: &Path) -> bool {
    path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
        && path.file_name().is_some()
}

#[cfg(test)]
mod tests;
