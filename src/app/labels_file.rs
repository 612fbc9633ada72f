//! A text file with the class names of a model, a line each.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::strings::{Explain, FailureText, chinese_kind, phrase};
use crate::file_kind::FileKind;
use crate::model::labels::Language;

/// Why a file isn't a list of class names.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    #[error("\u{201c}{}\u{201d} is too large for a list of class names.", path.display())]
    TooLarge { path: PathBuf },
    #[error("\u{201c}{}\u{201d} is {}, not a text file.", path.display(), kind.name())]
    NoFile { path: PathBuf, kind: FileKind },
    #[error("\u{201c}{}\u{201d} can't be read as text: {source}.", path.display())]
    NotText {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("\u{201c}{}\u{201d} contains no class names.", path.display())]
    Empty { path: PathBuf },
}

impl Explain for LabelsError {
    fn english_fix(&self) -> String {
        "Choose a text file with one class name per line.".into()
    }

    fn chinese(&self) -> FailureText {
        let message = match self {
            Self::TooLarge { path } => format!("“{}”过大，不是类别名称列表。", path.display()),
            Self::NoFile { path, kind } => {
                format!("“{}”是{}，不是文本文件。", path.display(), chinese_kind(*kind))
            }
            Self::NotText { path, source } => {
                let reason = source.to_string();
                format!("“{}”无法作为文本读取：{}。", path.display(), phrase(Language::Chinese, &reason))
            }
            Self::Empty { path } => format!("“{}”中没有类别名称。", path.display()),
        };
        FailureText { message, fix: "请选择每行一个类别名称的文本文件。".into() }
    }
}

/// Reads a file with a class name a line.
///
/// # Errors
/// [`LabelsError`].
pub fn read(path: &Path) -> Result<Vec<String>, LabelsError> {
    const LIMIT: u64 = 4 << 20;
    let named = || path.to_owned();
    let not_text = |source| LabelsError::NotText { path: named(), source };
    // A pipe is never opened: that waits until somebody writes into it.
    let metadata = std::fs::metadata(path).map_err(not_text)?;
    if let Some(kind) = FileKind::unless_file(&metadata) {
        return Err(LabelsError::NoFile { path: named(), kind });
    }
    let mut text = String::new();
    if metadata.len() <= LIMIT {
        // It may grow meanwhile.
        let file = std::fs::File::open(path).map_err(not_text)?;
        file.take(LIMIT + 1).read_to_string(&mut text).map_err(not_text)?;
    }
    if metadata.len().max(text.len() as u64) > LIMIT {
        return Err(LabelsError::TooLarge { path: named() });
    }
    let mut names: Vec<String> = text.lines().map(|l| l.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if names.is_empty() {
        return Err(LabelsError::Empty { path: named() });
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_a_line_each_and_an_empty_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.txt");
        std::fs::write(&path, "cat\r\n dog \n\n").unwrap();
        assert_eq!(read(&path).unwrap(), ["cat", "dog"]);
        std::fs::write(&path, "\n\n").unwrap();
        assert!(matches!(read(&path), Err(LabelsError::Empty { .. })));
        assert!(read(&folder.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            assert!(matches!(read(path), Err(LabelsError::NoFile { .. })), "{}", path.display());
        }
    }
}
