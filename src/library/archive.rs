//! Reading `.zip` archives, which may be malicious: for imports and for downloads.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};

use zip::result::ZipError;

use super::import::stays_inside;
use super::names;

/// An archive with more files is refused.
const MAX_FILES: usize = 2000;
/// An archive whose files take more bytes together is refused.
const MAX_BYTES: u64 = 16 << 30;
/// The largest list of contents that is read, in bytes: it is held in memory.
const MAX_CONTENTS: u64 = 32 << 20;

/// An open archive within limits. Every reason it returns is the end of a sentence.
pub(super) struct Archive<R>(zip::ZipArchive<R>);

/// Why a file of an archive can't be written.
pub(super) enum ExtractError<E> {
    /// The archive is damaged, or the file isn't what it says.
    Bad(String),
    /// The file takes more bytes than allowed.
    TooLarge,
    /// The writer's own error.
    Write(E),
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the list of contents.
    pub fn open(mut file: R) -> Result<Self, String> {
        check_contents(&mut file)?;
        let archive = zip::ZipArchive::new(file).map_err(|e| reason_of(&e))?;
        if archive.len() > MAX_FILES {
            return Err(format!("it holds more than {MAX_FILES} files"));
        }
        Ok(Self(archive))
    }

    /// Names of all files and folders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.file_names()
    }

    /// The number of the file of this name; some programs write `./NAME`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.index_for_name(name).or_else(|| self.0.index_for_name(&format!("./{name}")))
    }

    /// The size of a file, as the archive declares it.
    pub fn size(&mut self, index: usize) -> Result<u64, String> {
        self.0.by_index(index).map(|file| file.size()).map_err(|e| reason_of(&e))
    }

    /// Hands a file of at most `limit` bytes to `write`, block by block, and returns how many there were.
    pub fn extract<E>(
        &mut self,
        index: usize,
        limit: u64,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, ExtractError<E>> {
        let mut file = self.0.by_index(index).map_err(|e| ExtractError::Bad(reason_of(&e)))?;
        let name = names::excerpt(file.name(), 120);
        if !file.is_file() || file.is_symlink() {
            return Err(ExtractError::Bad(format!("\u{201c}{name}\u{201d} in it is no file")));
        }
        let declared = file.size();
        if declared > limit {
            return Err(ExtractError::TooLarge);
        }
        let (mut found, mut buffer) = (0, vec![0; 256 << 10]);
        loop {
            let n = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let error = names::excerpt(&error.to_string(), 120);
                    return Err(ExtractError::Bad(format!(
                        "\u{201c}{name}\u{201d} in it is damaged ({error})"
                    )));
                }
            };
            found += n as u64;
            // The declared size may be wrong: such a file would fill the disk.
            if found > declared {
                break;
            }
            write(&buffer[..n]).map_err(ExtractError::Write)?;
        }
        if found == declared {
            return Ok(found);
        }
        Err(ExtractError::Bad(format!("\u{201c}{name}\u{201d} in it isn't as long as it says")))
    }
}

fn reason_of(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(what) => names::excerpt(what, 120),
        ZipError::InvalidArchive(what) => names::excerpt(what, 120),
        other => names::excerpt(&other.to_string(), 120),
    }
}

/// Unpacks the files of an archive into `folder` and returns their paths; links and what systems add are left out.
/// `check_space` checks the space that they need.
///
/// # Errors
/// What is wrong with the archive, as the end of a sentence.
pub fn unpack(
    file: &Path,
    folder: &Path,
    check_space: impl Fn(u64) -> Result<(), String>,
) -> Result<Vec<PathBuf>, String> {
    let open = File::open(file).map_err(|e| e.to_string())?;
    let mut archive = Archive::open(io::BufReader::new(open))?;
    let mut wanted = Vec::new();
    let mut declared: u64 = 0;
    for index in 0..archive.0.len() {
        let member = archive.0.by_index(index).map_err(|e| reason_of(&e))?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().replace('\\', "/");
        let path = PathBuf::from(&name);
        if !stays_inside(&path) {
            return Err(format!(
                "its file \u{201c}{}\u{201d} wants to be written outside the folder",
                names::shown(&name)
            ));
        }
        if member.is_symlink() || is_hidden(&path) {
            continue;
        }
        declared = declared.saturating_add(member.size());
        wanted.push((index, path, member.size()));
    }
    if declared > MAX_BYTES {
        return Err(format!("unpacked it would take more than {} GB", MAX_BYTES >> 30));
    }
    check_space(declared)?;
    let mut unpacked = Vec::new();
    for (index, path, size) in wanted {
        let target = target(folder, &path);
        std::fs::create_dir_all(target.parent().unwrap_or(folder)).map_err(|e| e.to_string())?;
        let mut out = File::create_new(&target).map_err(|e| e.to_string())?;
        archive.extract(index, size, |bytes| out.write_all(bytes)).map_err(|error| match error {
            ExtractError::Bad(reason) => reason,
            ExtractError::TooLarge => format!("unpacked it would take more than {} GB", MAX_BYTES >> 30),
            ExtractError::Write(error) => error.to_string(),
        })?;
        unpacked.push(target);
    }
    Ok(unpacked)
}

fn target(folder: &Path, path: &Path) -> PathBuf {
    parts(path).fold(folder.to_owned(), |at, part| at.join(names::safe(&part)))
}

/// The names that a path is made of, without `.`.
fn parts(path: &Path) -> impl Iterator<Item = String> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    })
}

/// Files that systems add to archives: `__MACOSX` and those whose names begin with a dot.
fn is_hidden(path: &Path) -> bool {
    parts(path).any(|name| name.starts_with('.') || name == "__MACOSX")
}

/// Refuses an archive whose list of contents would fill the memory: every possible end record is checked
/// before the list is read.
fn check_contents(archive: &mut (impl Read + Seek)) -> Result<(), String> {
    // An end record, its comment of 64 KiB at most, and the 64-bit record and locator before it.
    const TAIL: u64 = 22 + 65_535 + 20 + 56;
    let mut tail = Vec::new();
    let length = archive.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    archive.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(|e| e.to_string())?;
    archive.take(TAIL).read_to_end(&mut tail).map_err(|e| e.to_string())?;
    let four = |at: usize| tail.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let eight = |at: usize| tail.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    for at in 0..tail.len().saturating_sub(4) {
        let size = match &tail[at..at + 4] {
            b"PK\x05\x06" => four(at + 12).filter(|size| *size != u32::MAX).map(u64::from),
            b"PK\x06\x06" => eight(at + 40),
            _ => None,
        };
        if size.is_some_and(|size| size > MAX_CONTENTS) {
            return Err("its list of contents is too long".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn a_list_of_contents_that_would_fill_memory_is_refused() {
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0; 18]);
        assert_eq!(check_contents(&mut Cursor::new(&end)), Ok(()));
        end[12..16].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
        assert!(check_contents(&mut Cursor::new(&end)).is_err());
        let mut end64 = b"PK\x06\x06".to_vec();
        end64.extend([0xee; 60]);
        assert!(check_contents(&mut Cursor::new(&end64)).is_err());
        assert_eq!(check_contents(&mut Cursor::new(b"")), Ok(()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::fs::write(&path, &end).unwrap();
        let error = unpack(&path, folder.path(), |_| Ok(())).unwrap_err();
        assert!(error.contains("list of contents"), "{error}");
    }

    #[test]
    fn files_of_folders_that_exporters_name_are_unpacked_and_those_of_systems_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in [
            "./model.onnx",
            "_export/net.onnx",
            "_private.onnx",
            "__MACOSX/._model.onnx",
            "a/.DS_Store",
            ".git/x",
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let out = folder.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let mut unpacked = unpack(&path, &out, |_| Ok(())).unwrap();
        unpacked.sort();
        let expected = ["_export/net.onnx", "_private.onnx", "model.onnx"];
        assert_eq!(unpacked, expected.map(|name| out.join(name)));
        assert_eq!(std::fs::read(out.join("model.onnx")).unwrap(), b"./model.onnx");
        let mut archive = Archive::open(File::open(&path).unwrap()).unwrap();
        assert!(archive.find("model.onnx").is_some() && archive.find("net.onnx").is_none());
        let index = archive.find("model.onnx").unwrap();
        let nothing = |_: &[u8]| Ok::<(), ()>(());
        assert!(matches!(archive.extract(index, 12, nothing), Ok(12)));
        assert!(matches!(archive.extract(index, 11, nothing), Err(ExtractError::TooLarge)));
    }
}
