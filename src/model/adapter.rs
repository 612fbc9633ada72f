//! LoRA adapters: ONNX Runtime files (`.onnx_adapter`) with values for a model's optional inputs. They change what a model
//! detects without another copy of its weights (Hu et al. 2021; onnxruntime `docs/execution-providers` “Multi-LoRA”).

use std::path::{Path, PathBuf};

/// Their file name extension, in lower case.
pub const ENDING: &str = "onnx_adapter";

/// Returns the adapters next to a model, sorted by name: files whose names begin with that of the model.
#[must_use]
pub fn adapters_of(model: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (model.parent(), model.file_stem().and_then(|s| s.to_str())) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let belongs = |path: &PathBuf| {
        let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        // “person.onnx” has “person.onnx_adapter” and “person-night.onnx_adapter”, but not “personal.onnx_adapter”.
        let rest = name.strip_prefix(stem);
        path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ENDING))
            && rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(belongs).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_adapters_begin_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.onnx", "a.onnx_adapter", "a-night.onnx_adapter", "ab.onnx_adapter", "a.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let names = ["a-night.onnx_adapter", "a.onnx_adapter"].map(|name| dir.path().join(name));
        assert_eq!(adapters_of(&dir.path().join("a.onnx")), names);
        assert!(adapters_of(Path::new("")).is_empty());
    }
}
