//! A text file with the class names of a model, a line each.

use std::path::{Path, PathBuf};

use super::strings::{Explain, FailureText, phrase};
use crate::model::labels::Language;

/// Why a file isn't a list of class names.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    #[error("\u{201c}{}\u{201d} is too large for a list of class names.", path.display())]
    TooLarge { path: PathBuf },
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
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > LIMIT {
        return Err(LabelsError::TooLarge { path: named() });
    }
    let text =
        std::fs::read_to_string(path).map_err(|source| LabelsError::NotText { path: named(), source })?;
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
}
