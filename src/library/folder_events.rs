//! Reports changes in folders through the system's own notifications.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// More subfolders than this aren't watched one by one: the folder is polled instead.
const MAX_SUBFOLDERS: usize = 200;

/// Watches folders and their direct subfolders, as far as the system can. Dropping it ends its thread.
pub(crate) struct FolderEvents {
    /// `None`: the system has no notifications, or its limit is reached.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl FolderEvents {
    /// Calls `on_change` from a thread of its own when something in a watched folder changes. It must return at once.
    pub fn new(on_change: impl Fn() + Send + 'static) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Opening and reading a file, as hashing does, changes nothing.
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            on_change();
        });
        let watcher = watcher.map_err(|e| tracing::info!("folders of models are polled: {e}")).ok();
        Self { watcher, watched: BTreeSet::new() }
    }

    /// Reports nothing, as on a system without notifications.
    #[cfg(test)]
    pub fn unavailable() -> Self {
        Self { watcher: None, watched: BTreeSet::new() }
    }

    /// Watches these folders and their direct subfolders, and nothing else.
    pub fn watch(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        let mut wanted = BTreeSet::new();
        for folder in folders.iter().filter(|f| f.is_dir() && !is_network(f)) {
            let subfolders = subfolders(folder);
            if subfolders.len() <= MAX_SUBFOLDERS {
                wanted.insert(folder.clone());
                wanted.extend(subfolders);
            }
        }
        self.watched.retain(|folder| {
            let keep = wanted.contains(folder);
            if !keep {
                // A folder that was removed isn't watched any more.
                let _ = watcher.unwatch(folder);
            }
            keep
        });
        for folder in wanted {
            if self.watched.contains(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder);
                }
                Err(error) => {
                    tracing::debug!("{} is polled: {error}", folder.display());
                    // If a subfolder can't be watched, its parent is polled with it.
                    if let Some(parent) = folder.parent() {
                        self.watched.remove(parent);
                    }
                }
            }
        }
    }

    /// Whether changes in all these folders are reported; those that don't exist are left out. If not, the folders
    /// must be polled.
    pub fn cover(&self, folders: &[PathBuf]) -> bool {
        folders.iter().all(|folder| self.watched.contains(folder) || !folder.is_dir())
    }
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let visible = entries.filter(|e| !e.file_name().to_string_lossy().starts_with('.'));
    visible.map(|e| e.path()).filter(|p| p.is_dir()).collect()
}

/// Whether a folder is on a network file system: other computers' changes aren't reported there.
#[cfg(target_os = "linux")]
fn is_network(folder: &Path) -> bool {
    // NFS, SMB, CIFS, SMB2, FUSE (sshfs, shared folders), 9P, Ceph, AFS: statfs(2).
    const TYPES: [u64; 8] =
        [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x5346_414f];
    rustix::fs::statfs(folder).is_ok_and(|fs| TYPES.contains(&(fs.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn is_network(_: &Path) -> bool {
    false
}
