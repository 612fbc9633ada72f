//! The sources that the command line names.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use super::failure::Failure;
use crate::engine::MAX_COMPARED;
use crate::source::{Address, SourceError};

/// The address of a command's only source. `typed` is the text before the name of a model in that command.
pub(super) fn one(word: &OsStr, typed: &str) -> Result<Address, Failure> {
    if is_model(word) {
        return Err(a_model(word, &format!("{typed} {}", quoted(word))));
    }
    Ok(address(word)?)
}

/// The addresses of the sources, and whether some are missing; `models` are those of `--model`. A missing source is reported
/// and the others go on. A source that can't be understood, or a model among the sources, is wrong usage.
pub(super) fn all(words: &[OsString], models: &[PathBuf]) -> Result<(Vec<Address>, bool), Failure> {
    refuse_models(words, models)?;
    let mut found = Vec::new();
    let mut failed = false;
    for word in words {
        match address(word) {
            Ok(address) => found.push(address),
            Err(error @ SourceError::Unknown { .. }) => return Err(error.into()),
            Err(error) => {
                let _ = Failure::from(error).report();
                failed = true;
            }
        }
    }
    Ok((found, failed))
}

/// The address that a word names. A file's name may hold any bytes.
fn address(word: &OsStr) -> Result<Address, SourceError> {
    if let Some(text) = word.to_str() {
        return Address::from_str(text);
    }
    let path = Path::new(word);
    if path.exists() { Ok(Address::from_path(path)) } else { Err(SourceError::NoFile { path: path.into() }) }
}

/// Other programs take the model among the sources. Here the default model would run on the sources, so the user is told
/// first. One model is for `predict`, several are for `compare`.
fn refuse_models(words: &[OsString], named: &[PathBuf]) -> Result<(), Failure> {
    let (models, sources): (Vec<&OsStr>, Vec<&OsStr>) =
        words.iter().map(OsString::as_os_str).partition(|word| is_model(word));
    let Some(first) = models.first() else { return Ok(()) };
    let models: Vec<&OsStr> =
        named.iter().map(|path| path.as_os_str()).chain(models.iter().copied()).take(MAX_COMPARED).collect();
    let command = if models.len() == 1 { "predict" } else { "compare" };
    let source = if let [source] = sources[..] { quoted(source) } else { "SOURCE".into() };
    let mut typed = format!("sightline {command} {source}");
    for model in models {
        typed.push_str(" --model ");
        typed.push_str(&quoted(model));
    }
    Err(a_model(first, &typed))
}

/// Whether a word names a model file. A folder may have any name.
fn is_model(word: &OsStr) -> bool {
    let path = Path::new(word);
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) && !path.is_dir()
}

/// The failure for a model in the place of a source; `typed` is the command as it should be.
fn a_model(word: &OsStr, typed: &str) -> Failure {
    let name = word.to_string_lossy();
    let fix = if name.contains("://") {
        "Download it, then name its file as the model.".to_owned()
    } else {
        format!("Name it as the model:  {typed}")
    };
    Failure::usage(format!("\u{201c}{name}\u{201d} is a model, not an image or video."), fix)
}

/// A word as it is typed in a shell.
fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "._-+/:@%,=".contains(c);
    if text.chars().all(plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_leaves_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("a.png");
        std::fs::write(&there, "").unwrap();
        let words = [there.clone().into_os_string(), dir.path().join("b.png").into_os_string()];
        assert_eq!(all(&words, &[]).unwrap(), (vec![Address::Image(there)], true));
        assert!(matches!(all(&["pattern:0x0".into()], &[]), Err(Failure::Usage { .. })));
    }

    #[test]
    fn a_folder_that_is_called_like_a_model_is_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("yolo.onnx");
        std::fs::create_dir(&folder).unwrap();
        let words = [folder.clone().into_os_string()];
        assert_eq!(all(&words, &[]).unwrap(), (vec![Address::Folder(folder)], false));
    }

    #[test]
    fn a_model_elsewhere_is_to_be_downloaded() {
        let refused = one("https://example.org/a.onnx".as_ref(), "sightline bench");
        assert!(matches!(refused, Err(Failure::Usage { fix, .. }) if fix.starts_with("Download it")));
    }
}
