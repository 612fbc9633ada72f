//! The optimised form of a model, cached so that it opens faster the next time.
//!
//! When ONNX Runtime opens a file it fuses and rearranges the graph, which takes two thirds of the time that opening takes (the
//! rest is the same); what comes out is the same network to the last bit. It is written once, under a name that says of
//! which content, runtime and processor it is, and read without being optimised again. A file that can't be used is deleted,
//! and the model opened as usual.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::file::GraphInfo;

/// Smaller models open fast, larger ones would fill the disk.
const SIZES: std::ops::RangeInclusive<u64> = 100_000..=200_000_000;
/// Bytes of all optimised forms together; the least recently used are deleted first.
const ROOM: u64 = 600_000_000;
/// How the names of files begin that are still being written.
const DRAFT: &str = ".draft-";
/// No model takes so long to open.
const ABANDONED: Duration = Duration::from_hours(1);

/// The path of the optimised form of a model, whether or not it exists; `None` if caching isn't worth it.
#[must_use]
pub fn place(folder: &Path, graph: &GraphInfo, sha256: &str, runtime: &str) -> Option<PathBuf> {
    let fits = SIZES.contains(&graph.bytes) && graph.external_data.is_empty() && !runtime.is_empty();
    let plain: String = runtime.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    fits.then(|| folder.join(format!("{}-{plain}-{}.onnx", sha256.get(..32).unwrap_or(sha256), processor())))
}

/// The processor features that the runtime's choice of layout depends on.
fn processor() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "x86-64-avx512";
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            return "x86-64-avx2";
        }
    }
    std::env::consts::ARCH
}

/// A new file next to `place` for the runtime to write to; `None` if it can't be made.
pub(super) fn draft(place: &Path) -> Option<tempfile::TempPath> {
    let folder = place.parent()?;
    std::fs::create_dir_all(folder).ok()?;
    remove_abandoned(folder);
    let draft = tempfile::Builder::new().prefix(DRAFT).suffix(".onnx").tempfile_in(folder).ok()?;
    Some(draft.into_temp_path())
}

/// Deletes drafts of programs that ended while they were opening a model.
fn remove_abandoned(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_draft = entry.file_name().to_string_lossy().starts_with(DRAFT);
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_draft && age.is_some_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Renames a written draft and makes room for it; `inputs` are the model's. In files of old exporters the weights are
/// inputs, too, and one that was folded away would be missed as an input: for such a model an empty file is stored, which marks
/// that there is no optimised form.
pub(super) fn keep(draft: tempfile::TempPath, place: &Path, inputs: &[String]) {
    let names = |graph: &GraphInfo| graph.inputs.iter().map(|input| input.name.clone()).collect::<Vec<_>>();
    let same = GraphInfo::read(&draft).is_ok_and(|graph| names(&graph) == inputs);
    let stored = if same { draft.persist(place).map_err(|e| e.error) } else { std::fs::write(place, b"") };
    if let Err(error) = stored {
        tracing::debug!("{} can't be stored: {error}", place.display());
    }
    if let Some(folder) = place.parent() {
        make_room(folder, ROOM);
    }
}

/// Sets its time of last use.
pub(super) fn touch(place: &Path) {
    if let Ok(file) = std::fs::File::options().append(true).open(place) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Deletes the least recently used files until the rest fits.
fn make_room(folder: &Path, room: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let meta = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
            path.extension().is_some_and(|e| e == "onnx").then_some((meta.modified().ok()?, meta.len(), path))
        })
        .collect();
    files.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
    let mut used = 0;
    for (_, bytes, path) in files {
        used += bytes;
        if used > room {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_least_recently_used_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        for (age, name) in [(30, "old.onnx"), (20, "middle.onnx"), (10, "new.onnx"), (99, "other.txt")] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(100).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        touch(&folder.path().join("old.onnx"));
        make_room(folder.path(), 250);
        let there = |name: &str| folder.path().join(name).exists();
        assert_eq!(
            ["old.onnx", "middle.onnx", "new.onnx", "other.txt"].map(there),
            [true, false, true, true]
        );
    }

    #[test]
    fn a_draft_of_a_program_that_ended_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for (age, name) in [(7200, ".draft-old.onnx"), (7200, "kept.onnx"), (10, ".draft-new.onnx")] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        drop(draft(&folder.path().join("a.onnx")).unwrap());
        let there = |name: &str| folder.path().join(name).exists();
        assert_eq!([".draft-old.onnx", "kept.onnx", ".draft-new.onnx"].map(there), [false, true, true]);
    }

    #[test]
    fn a_draft_that_is_another_model_is_not_stored() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deeper/a.onnx");
        keep(draft(&place).unwrap(), &place, &["images".into()]);
        assert_eq!(std::fs::metadata(&place).unwrap().len(), 0, "a mark");
        assert_eq!(std::fs::read_dir(place.parent().unwrap()).unwrap().count(), 1);
    }
}
