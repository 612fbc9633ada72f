//! A deployment is written into a hidden folder beside its place and moved there when all of it is on the disk.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::DeployError;

/// What shows that a folder is a deployed model.
const MARKS: [&str; 3] = ["config.pbtxt", "inferenceservice.yaml", "1/model.onnx"];
/// What says in a file that it is ours to replace.
const OURS: &str = "Written by Sightline";

/// A deployment that isn't in its place yet.
pub(super) struct Staging {
    /// The folder of all deployments, absolute.
    folder: PathBuf,
    name: String,
    /// Holds `model/`, the deployment's own folder, and `beside/`, files for the folder of all.
    temporary: TempDir,
    /// Folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
    files: Vec<PathBuf>,
    beside: Vec<PathBuf>,
    done: bool,
}

/// A deployment in its place.
pub(super) struct Written {
    pub folder: PathBuf,
    /// Relative to the folder.
    pub files: Vec<PathBuf>,
    /// Whether it was there before, the same to the byte.
    pub unchanged: bool,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> DeployError + '_ {
    move |error| DeployError::Write { path: path.to_owned(), reason: reason(&error) }
}

/// The system's words, without the number of the error.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

impl Staging {
    pub fn begin(folder: &Path, name: &str) -> Result<Self, DeployError> {
        let folder = std::path::absolute(folder).map_err(failed(folder))?;
        let made: Vec<PathBuf> =
            folder.ancestors().take_while(|place| !place.exists()).map(Path::to_owned).collect();
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let temporary =
            tempfile::Builder::new().prefix(".sightline-").tempdir_in(&folder).map_err(failed(&folder));
        let temporary = match temporary {
            Ok(temporary) => temporary,
            Err(error) => {
                remove_empty(&made);
                return Err(error);
            }
        };
        Ok(Self {
            folder,
            name: name.to_owned(),
            temporary,
            made,
            files: Vec::new(),
            beside: Vec::new(),
            done: false,
        })
    }

    /// The folder of all deployments.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of the deployment.
    pub fn write(&mut self, name: &Path, content: &[u8]) -> Result<(), DeployError> {
        let place = self.place("model", name)?;
        write(&place, &mut &*content).map_err(failed(&self.folder.join(&self.name).join(name)))?;
        self.files.push(name.to_owned());
        Ok(())
    }

    /// Copies a file into the deployment.
    pub fn copy(&mut self, name: &Path, from: &Path) -> Result<(), DeployError> {
        let place = self.place("model", name)?;
        File::open(from)
            .and_then(|mut from| write(&place, &mut from))
            .map_err(failed(&self.folder.join(&self.name).join(name)))?;
        self.files.push(name.to_owned());
        Ok(())
    }

    /// Writes a file for the folder of all deployments, in place of an older one of ours.
    pub fn write_beside(&mut self, name: &str, content: &[u8], ours: bool) -> Result<(), DeployError> {
        let there = self.folder.join(name);
        let is_other = match fs::read(&there) {
            Ok(is) => is != content && !String::from_utf8_lossy(&is).contains(OURS),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if !ours && is_other {
            return Err(DeployError::NotDeployed { path: there });
        }
        let place = self.place("beside", Path::new(name))?;
        write(&place, &mut &*content).map_err(failed(&there))?;
        self.beside.push(name.into());
        Ok(())
    }

    fn place(&self, part: &str, name: &Path) -> Result<PathBuf, DeployError> {
        let place = self.temporary.path().join(part).join(name);
        let folder = place.parent().unwrap_or(self.temporary.path());
        fs::create_dir_all(folder).map_err(failed(&self.folder))?;
        Ok(place)
    }

    /// Moves everything to its place; if that fails, everything is as it was.
    pub fn finish(mut self, force: bool) -> Result<Written, DeployError> {
        let new = self.temporary.path().join("model");
        let place = self.folder.join(&self.name);
        let unchanged = place.is_dir() && same_tree(&new, &place).unwrap_or(false);
        let old = self.temporary.path().join("old");
        if !unchanged {
            if place.symlink_metadata().is_ok() {
                let is_deployed = MARKS.iter().any(|mark| place.join(mark).is_file());
                match (force, is_deployed) {
                    (false, _) => return Err(DeployError::Exists { path: place }),
                    (true, false) => return Err(DeployError::NotDeployed { path: place }),
                    (true, true) => fs::rename(&place, &old).map_err(failed(&place))?,
                }
            }
            if let Err(error) = readable(&new).and_then(|()| fs::rename(&new, &place)) {
                let _ = fs::rename(&old, &place);
                return Err(failed(&place)(error));
            }
        }
        if let Err(error) = self.move_beside() {
            if !unchanged {
                let _ = fs::rename(&place, &new).and_then(|()| fs::rename(&old, &place));
            }
            return Err(error);
        }
        self.done = true;
        let own = self.files.iter().map(|file| Path::new(&self.name).join(file));
        let mut files: Vec<PathBuf> = own.chain(self.beside.iter().cloned()).collect();
        files.sort();
        Ok(Written { folder: self.folder.clone(), files, unchanged })
    }
}

impl Staging {
    /// Moves the files for the folder of all to their place. They are replaced in one step each, as a server may be reading them.
    fn move_beside(&self) -> Result<(), DeployError> {
        let earlier = self.temporary.path().join("earlier");
        for (count, name) in self.beside.iter().enumerate() {
            let (from, to) = (self.temporary.path().join("beside").join(name), self.folder.join(name));
            let kept = fs::create_dir_all(&earlier).and_then(|()| match fs::copy(&to, earlier.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                copied => copied.map(drop),
            });
            if let Err(error) = kept.and_then(|()| fs::rename(from, &to)) {
                for name in &self.beside[..count] {
                    let (was, to) = (earlier.join(name), self.folder.join(name));
                    let _ = if was.exists() { fs::rename(was, to) } else { fs::remove_file(to) };
                }
                return Err(failed(&to)(error));
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.temporary.path());
        if !self.done {
            remove_empty(&self.made);
        }
    }
}

fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        let _ = fs::remove_dir(folder);
    }
}

/// Writes a new file, all of it to the disk. Servers run under other accounts, in containers: everybody may read it.
fn write(place: &Path, from: &mut impl io::Read) -> io::Result<()> {
    let mut file = File::create_new(place)?;
    io::copy(from, &mut file)?;
    file.flush()?;
    file.sync_all()?;
    open_to_all(place, 0o644)
}

/// Makes the folders of a tree such that everybody may look into them.
fn readable(folder: &Path) -> io::Result<()> {
    open_to_all(folder, 0o755)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            readable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn open_to_all(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to_all(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Whether two folders hold the same, but for what Python keeps of its programs.
fn same_tree(one: &Path, other: &Path) -> io::Result<bool> {
    let names = |folder: &Path| -> io::Result<Vec<std::ffi::OsString>> {
        let mut names: Vec<_> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.retain(|name| name != "__pycache__");
        names.sort();
        Ok(names)
    };
    let own = names(one)?;
    if own != names(other)? {
        return Ok(false);
    }
    for name in own {
        let (one, other) = (one.join(&name), other.join(&name));
        let same =
            if one.is_dir() { other.is_dir() && same_tree(&one, &other)? } else { same_file(&one, &other)? };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_file(one: &Path, other: &Path) -> io::Result<bool> {
    let (sizes, other_is_file) = (fs::metadata(one)?.len() == fs::metadata(other)?.len(), other.is_file());
    if !sizes || !other_is_file {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::new(File::open(one)?), io::BufReader::new(File::open(other)?));
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = one.read(&mut a)?;
        let (a, b) = (&a[..read], &mut b[..read]);
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(b)?;
        if a != b {
            return Ok(false);
        }
    }
}
