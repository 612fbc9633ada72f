//! Memory that two processes share: a file that both map and whose name is removed as soon as both have it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use memmap2::MmapMut;
use tempfile::TempPath;

/// Every tensor begins at a multiple of this, as the runtime likes it.
pub(super) const ALIGNMENT: usize = 64;

/// A piece of shared memory.
#[derive(Debug)]
pub(super) struct SharedMemory {
    map: MmapMut,
    /// The file's name, which the other process opens. After `map`: some systems remove only what isn't mapped.
    name: Option<TempPath>,
}

impl SharedMemory {
    /// Makes `bytes` of shared memory, all zero. The disk space or memory for it is taken at once: a page that
    /// couldn't be had later would end the process.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let mut failed = io::Error::other("there is no folder for it");
        for folder in folders() {
            match Self::new_in(&folder, bytes) {
                Ok(memory) => return Ok(memory),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn new_in(folder: &Path, bytes: usize) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("sightline-").tempfile_in(folder)?;
        let (mut file, name) = file.into_parts();
        io::copy(&mut io::repeat(0).take(bytes as u64), &mut file)?;
        file.flush()?;
        Ok(Self { map: map(&file)?, name: Some(name) })
    }

    /// Opens what the other process made.
    pub fn open(name: &Path, bytes: usize) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(name)?;
        let found = file.metadata()?;
        if !found.is_file() || found.len() != bytes as u64 {
            return Err(io::Error::other("the shared memory has another size"));
        }
        Ok(Self { map: map(&file)?, name: None })
    }

    /// The name for the other process, until it has opened it.
    pub fn name(&self) -> Option<&Path> {
        self.name.as_deref()
    }

    /// Removes the name: the other process has opened it.
    pub fn opened(&mut self) {
        // Elsewhere a mapped file can't be removed.
        if cfg!(unix) {
            self.name = None;
        }
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// `count` values at this offset in bytes; `None` if they don't lie in it.
    pub fn values<T: Pod>(&self, offset: usize, count: usize) -> Option<&[T]> {
        let end = count.checked_mul(size_of::<T>())?.checked_add(offset)?;
        bytemuck::try_cast_slice(self.map.get(offset..end)?).ok()
    }

    /// See [`Self::values`].
    pub fn values_mut<T: Pod>(&mut self, offset: usize, count: usize) -> Option<&mut [T]> {
        let end = count.checked_mul(size_of::<T>())?.checked_add(offset)?;
        bytemuck::try_cast_slice_mut(self.map.get_mut(offset..end)?).ok()
    }
}

/// Where such files lie: in memory if the system has a folder for that, else among the temporary files.
fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if cfg!(target_os = "linux") {
        folders.push(PathBuf::from("/dev/shm"));
    }
    folders.push(std::env::temp_dir());
    folders
}

fn map(file: &File) -> io::Result<MmapMut> {
    #[expect(
        unsafe_code,
        reason = "memory can't be shared between processes without it; see ARCHITECTURE.md"
    )]
    // SAFETY: only this account can open the file; its name goes at once; neither process cuts it short; and only that
    // process touches it whose turn it is: a message through a pipe comes between two turns.
    unsafe {
        MmapMut::map_mut(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_and_no_file_is_left() {
        let mut mine = SharedMemory::new(4096).unwrap();
        let name = mine.name().unwrap().to_owned();
        let theirs = SharedMemory::open(&name, 4096).unwrap();
        assert!(SharedMemory::open(&name, 8192).is_err(), "another size");
        mine.opened();
        assert_eq!(name.exists(), !cfg!(unix));
        mine.values_mut::<f32>(64, 2).unwrap().copy_from_slice(&[1.5, -2.0]);
        assert_eq!(theirs.values::<f32>(64, 2), Some(&[1.5, -2.0][..]));
        assert_eq!(theirs.len(), 4096);
        for (offset, count) in [(0, 1025), (4096, 1), (usize::MAX, 1), (0, usize::MAX), (1, 1)] {
            assert_eq!(theirs.values::<f32>(offset, count), None, "{offset} {count}");
        }
    }
}
