//! What models are called where several are listed: by their names, and by what differs where those are the same.

use std::path::{Path, PathBuf};

/// A model as it is told from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// "int8"; empty if it isn't known.
    pub(super) precision: &'static str,
    /// In hexadecimal; empty if it isn't known.
    pub(super) sha256: String,
}

/// A name for each of the models that none of the others has: with the precision, the folder or the hash of those that share one.
pub(super) fn told_apart(models: &[Named]) -> Vec<String> {
    let folder = |model: &Named| {
        let folder = model.path.parent().and_then(Path::file_name).unwrap_or_default();
        folder.to_string_lossy().into_owned()
    };
    let whole = |model: &Named| model.path.display().to_string();
    let hash = |model: &Named| model.sha256.chars().take(8).collect::<String>();
    let precision = |model: &Named| model.precision.to_owned();
    let name = |model: &Named| {
        let others: Vec<&Named> =
            models.iter().filter(|other| other.name == model.name && other.path != model.path).collect();
        if others.is_empty() {
            return model.name.clone();
        }
        let tells = |of: &dyn Fn(&Named) -> String| {
            let own = of(model);
            (!own.is_empty() && others.iter().all(|other| of(other) != own)).then_some(own)
        };
        let differs = tells(&precision).or_else(|| tells(&folder)).or_else(|| tells(&hash));
        format!("{} · {}", model.name, differs.unwrap_or_else(|| whole(model)))
    };
    models.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(path: &str, precision: &'static str, sha256: &str) -> Named {
        Named { path: path.into(), name: "street".into(), precision, sha256: sha256.into() }
    }

    #[test]
    fn models_of_one_name_are_told_by_what_differs() {
        let names = |models: &[Named]| told_apart(models);
        let other = Named { name: "dog".into(), ..model("/m/dog.onnx", "fp32", "1") };
        let fp32 = model("/m/street.onnx", "fp32", "aaaaaaaaaa");
        let int8 = model("/m/q/street.onnx", "int8", "bbbbbbbbbb");
        assert_eq!(names(&[other.clone(), fp32.clone()]), ["dog", "street"]);
        assert_eq!(names(&[fp32.clone(), other, int8]), ["street · fp32", "dog", "street · int8"]);
        let second = model("/runs/2/street.onnx", "fp32", "cccccccccc");
        assert_eq!(names(&[fp32.clone(), second.clone()]), ["street · m", "street · 2"]);
        let third = model("/other/2/street.onnx", "fp32", "dddddddddd");
        assert_eq!(names(&[second.clone(), third]), ["street · cccccccc", "street · dddddddd"]);
        let same = model("/other/2/street.onnx", "fp32", "cccccccccc");
        assert_eq!(names(&[second, same]), ["street · /runs/2/street.onnx", "street · /other/2/street.onnx"]);
    }
}
