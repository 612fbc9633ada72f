//! How images were prepared for a classifier, which no ONNX file says: from the settings that its project publishes beside it
//! (`preprocessor_config.json` of transformers, `config.json` of timm), or else by the architecture in its name.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::families::Family;
use super::sidecar::Sidecar;
use super::spec::{ColourOrder, Fit, Layout, Range, Resample, Spec};

/// What was found out; `None` leaves what the family takes for usual.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    fit: Option<Fit>,
    resample: Option<Resample>,
    range: Option<Range>,
}

/// Completes the spec of a classifier. What `overrides` sets stays.
pub(super) fn complete(path: &Path, overrides: &Sidecar, spec: &mut Spec) {
    if spec.family != Family::Classifier {
        return;
    }
    let side = spec.input.size.bound().0.max(spec.input.size.bound().1);
    let (found, evidence) = if let Some((found, name)) = beside(path, side) {
        (found, format!("{name} beside the file says how its images are prepared"))
    } else if let Some((found, word)) = by_name(path, spec, side) {
        (found, format!("the file’s name says {word}: images are prepared as is usual for it"))
    } else {
        return;
    };
    let input = &mut spec.input;
    if overrides.fit.is_none() {
        input.fit = found.fit.unwrap_or(input.fit);
    }
    if overrides.resample.is_none() {
        input.resample = found.resample.unwrap_or(input.resample);
    }
    if overrides.range.is_none() {
        input.range = found.range.unwrap_or(input.range);
    }
    if found.range.is_some() {
        spec.evidence.retain(|line| !line.starts_with(super::families::RANGE_IS_GUESSED));
    }
    if !spec.evidence.contains(&evidence) {
        spec.evidence.push(evidence);
    }
}

/// The settings in the model's folder, or in the one above if the model lies in a folder `onnx`, as on Hugging Face.
fn beside(path: &Path, side: u32) -> Option<(Found, &'static str)> {
    let folder = path.parent()?;
    let above = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == "onnx"));
    let folders = || std::iter::once(folder).chain(above);
    let read = |name: &'static str, parse: fn(&Value, u32) -> Option<Found>| {
        folders().find_map(|folder| Some((parse(&json(&folder.join(name))?, side)?, name)))
    };
    read("preprocessor_config.json", transformers).or_else(|| read("config.json", timm))
}

fn json(path: &Path) -> Option<Value> {
    /// Longer than any of these files.
    const MOST: u64 = 4 << 20;
    // A pipe or a device under that name would be waited for.
    if !path.metadata().is_ok_and(|meta| meta.is_file()) {
        return None;
    }
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(MOST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).inspect_err(|error| tracing::warn!("{}: {error}", path.display())).ok()
}

fn three(value: &Value) -> Option<[f32; 3]> {
    let list = value.as_array().filter(|list| list.len() == 3)?;
    let numbers: Vec<f32> = list.iter().filter_map(Value::as_f64).map(|n| n as f32).collect();
    numbers.try_into().ok().filter(|numbers: &[f32; 3]| numbers.iter().all(|n| n.is_finite()))
}

fn range(scale: f64, mean: &Value, std: &Value) -> Option<Range> {
    let range = Range { scale: scale as f32, mean: three(mean)?, std: three(std)? };
    (range.scale.is_finite() && range.scale != 0.0 && !range.std.contains(&0.0)).then_some(range)
}

fn pixels(value: f64) -> Option<u32> {
    (1.0..=16_384.0).contains(&value).then_some(value as u32)
}

/// `preprocessor_config.json`. A stretch that is cut afterwards, as for `DeiT`, becomes a crop that keeps the aspect ratio.
fn transformers(config: &Value, _: u32) -> Option<Found> {
    let flag = |key: &str| config[key].as_bool();
    let size = &config["size"];
    let shortest = size["shortest_edge"].as_f64();
    let number = shortest.or(size.as_f64()).or(size["height"].as_f64()).and_then(pixels);
    let cut = flag("do_center_crop") == Some(true);
    let fit = match (number, config["crop_pct"].as_f64()) {
        _ if flag("do_resize") == Some(false) => None,
        // ConvNeXt's: large images are stretched.
        (Some(side), Some(share)) if side < 384 && share > 0.0 => {
            pixels(f64::from(side) / share).map(|resize| Fit::CentreCrop { resize })
        }
        (Some(resize), None) if cut || shortest.is_some() => Some(Fit::CentreCrop { resize }),
        (Some(_), _) => Some(Fit::Stretch),
        (None, _) => None,
    };
    let resample = match config["resample"].as_u64() {
        Some(2) => Some(Resample::Bilinear),
        Some(3) => Some(Resample::Bicubic),
        _ => None,
    };
    let scale = match flag("do_rescale") {
        Some(false) => 1.0,
        _ => config["rescale_factor"].as_f64().unwrap_or(1.0 / 255.0),
    };
    let range = if flag("do_normalize") == Some(false) {
        Some(Range { scale: scale as f32, ..Range::UNIT })
    } else {
        range(scale, &config["image_mean"], &config["image_std"])
    };
    let found = Found { fit, resample, range };
    (found != Found::default()).then_some(found)
}

/// `config.json` of timm: its `pretrained_cfg`, or the same keys on their own in files of earlier versions.
fn timm(config: &Value, side: u32) -> Option<Found> {
    let nested = &config["pretrained_cfg"];
    let config = if nested.is_object() { nested } else { config };
    let share = config["crop_pct"].as_f64()?;
    let fit = match config["crop_mode"].as_str() {
        Some("squash") => Some(Fit::Stretch),
        // Fitted in and padded; no classifier of timm that we know is.
        Some("border") => None,
        _ => pixels((f64::from(side) / share).floor()).map(|resize| Fit::CentreCrop { resize }),
    };
    let resample = match config["interpolation"].as_str() {
        Some("bilinear") => Some(Resample::Bilinear),
        Some("bicubic") | None => Some(Resample::Bicubic),
        _ => None,
    };
    Some(Found { fit, resample, range: range(1.0 / 255.0, &config["mean"], &config["std"]) })
}

/// What is usual for an architecture.
struct Usual {
    /// How file names begin, or go on after `_`.
    word: &'static str,
    /// The share of the scaled image's shorter side that is kept, with inputs of less than 384 pixels and of more.
    crop: [f64; 2],
    resample: Resample,
    range: Range,
}

const fn usual(word: &'static str, crop: [f64; 2], resample: Resample, range: Range) -> Usual {
    Usual { word, crop, resample, range }
}

/// From torchvision's `_presets` and timm's `pretrained_cfg` of the weights that are downloaded by default. The first row that
/// fits a name counts. Architectures without a row take the family's default: 256 → 224, bilinear, ImageNet's mean and deviation
/// (`AlexNet`, VGG, Inception with 342 → 299, `GoogLeNet`, `SqueezeNet`, `ResNet`, `ResNeXt`, `DenseNet`, `MobileNet`, `RegNet` …).
#[rustfmt::skip]
const ARCHITECTURES: &[Usual] = &{
    use Resample::{Bicubic, Bilinear};
    const IMAGENET: Range = Range::IMAGENET;
    const HALF: Range = Range::SIGNED;
    const ZERO: Range = Range::UNIT;
    [
        // torchvision
        usual("efficientnet_v2_l", [1.0, 1.0], Bicubic, HALF),
        usual("efficientnet_v2", [1.0, 1.0], Bilinear, IMAGENET),
        usual("vit_b_", [0.875, 1.0], Bilinear, IMAGENET),
        usual("vit_l_", [224.0 / 242.0, 1.0], Bilinear, IMAGENET),
        usual("vit_h_", [1.0, 1.0], Bicubic, IMAGENET),
        usual("maxvit_t", [1.0, 1.0], Bicubic, IMAGENET),
        usual("swin_v2", [256.0 / 260.0, 1.0], Bicubic, IMAGENET),
        // timm
        usual("dinov2", [1.0, 1.0], Bicubic, IMAGENET),
        usual("tf_efficientnet_lite", [0.875, 0.92], Bicubic, HALF),
        usual("tf_efficientnetv2_b", [0.875, 0.904], Bicubic, IMAGENET),
        usual("tf_efficientnetv2", [1.0, 1.0], Bicubic, HALF),
        usual("efficientnetv2", [1.0, 1.0], Bicubic, IMAGENET),
        usual("efficientnet", [0.875, 0.934], Bicubic, IMAGENET),
        usual("efficientformer", [0.95, 0.95], Bicubic, IMAGENET),
        usual("mobilenetv4", [0.95, 1.0], Bicubic, IMAGENET),
        usual("tf_mobilenetv3", [0.875, 0.875], Bilinear, HALF),
        usual("mobilenetv3", [0.875, 0.875], Bicubic, IMAGENET),
        usual("mobilevitv2", [0.888, 1.0], Bicubic, ZERO),
        usual("mobilevit", [0.9, 0.9], Bicubic, ZERO),
        usual("deit3", [1.0, 1.0], Bicubic, IMAGENET),
        usual("deit", [0.9, 1.0], Bicubic, IMAGENET),
        usual("beit", [0.9, 1.0], Bicubic, HALF),
        usual("vit", [0.9, 1.0], Bicubic, HALF),
        usual("swin", [0.9, 1.0], Bicubic, IMAGENET),
        usual("mixer", [0.875, 0.875], Bicubic, HALF),
        usual("cait", [1.0, 1.0], Bicubic, IMAGENET),
        usual("xcit", [1.0, 1.0], Bicubic, IMAGENET),
        usual("levit", [0.9, 0.9], Bicubic, IMAGENET),
        usual("convnext", [0.875, 1.0], Bicubic, IMAGENET),
        usual("maxvit", [0.95, 1.0], Bicubic, HALF),
        usual("coatnet", [0.95, 0.95], Bicubic, HALF),
        usual("inception_v4", [0.875, 0.875], Bicubic, HALF),
        usual("inception_resnet", [0.8975, 0.8975], Bicubic, HALF),
        usual("xception", [0.903, 0.903], Bicubic, HALF),
        usual("ghostnet", [0.875, 0.875], Bicubic, IMAGENET),
    ]
};

/// What is usual for the architecture in a file's name. Only for networks as `PyTorch` exports them: those of Caffe and TensorFlow
/// bear the same names.
fn by_name(path: &Path, spec: &Spec, side: u32) -> Option<(Found, &'static str)> {
    let input = &spec.input;
    if input.layout != Layout::Nchw || input.order != ColourOrder::Rgb || input.range != Range::IMAGENET {
        return None;
    }
    let name = path.file_stem()?.to_string_lossy().to_lowercase().replace(['-', '.', ' '], "_");
    let begins = |word: &str| name.starts_with(word) || name.contains(&format!("_{word}"));
    let usual = ARCHITECTURES.iter().find(|usual| begins(usual.word))?;
    let share = usual.crop[usize::from(side >= 384)];
    let resize = (f64::from(side) / share).floor() as u32;
    let found = Found {
        fit: Some(Fit::CentreCrop { resize }),
        resample: Some(usual.resample),
        range: Some(usual.range),
    };
    Some((found, usual.word.trim_end_matches('_')))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::file::{GraphInfo, ValueInfo};
    use crate::model::identify;

    /// A classifier's spec as its shapes alone show it, completed with what lies around the file.
    fn completed(path: &Path, side: u64, overrides: &Sidecar) -> Spec {
        let value = |name: &str, shape: &[u64]| ValueInfo {
            name: name.into(),
            element: "float".into(),
            shape: shape.iter().copied().map(Some).collect(),
            symbols: Vec::new(),
        };
        let graph = GraphInfo {
            inputs: vec![value("input", &[1, 3, side, side])],
            outputs: vec![value("output", &[1, 1000])],
            ..GraphInfo::default()
        };
        let mut spec = identify::identify(&graph, overrides).expect("a classifier");
        complete(path, overrides, &mut spec);
        spec
    }

    fn resize(spec: &Spec) -> Option<u32> {
        match spec.input.fit {
            Fit::CentreCrop { resize } => Some(resize),
            _ => None,
        }
    }

    /// Torchvision's presets and timm's configurations, by hand.
    #[test]
    fn architectures_get_their_own_preparation() {
        use Resample::{Bicubic, Bilinear};
        for (name, side, size, resample, range) in [
            ("resnet50", 224, 256, Bilinear, Range::IMAGENET),
            ("densenet121_Opset17", 224, 256, Bilinear, Range::IMAGENET),
            ("inception_v3", 299, 342, Bilinear, Range::IMAGENET),
            ("efficientnet_b0", 224, 256, Bicubic, Range::IMAGENET),
            ("efficientnet-b5", 456, 488, Bicubic, Range::IMAGENET),
            ("vit_b_16", 224, 256, Bilinear, Range::IMAGENET),
            ("vit_base_patch16_224", 224, 248, Bicubic, Range::SIGNED),
            ("vit_base_patch16_384", 384, 384, Bicubic, Range::SIGNED),
            ("timm_deit_small_patch16_224", 224, 248, Bicubic, Range::IMAGENET),
            ("swin_tiny_patch4_window7_224", 224, 248, Bicubic, Range::IMAGENET),
            ("mobilevit_s", 256, 284, Bicubic, Range::UNIT),
        ] {
            let spec = completed(Path::new(&format!("/no/such/{name}.onnx")), side, &Sidecar::default());
            assert_eq!(resize(&spec), Some(size), "{name}");
            assert_eq!((spec.input.resample, spec.input.range), (resample, range), "{name}");
        }
    }

    #[test]
    fn the_settings_of_a_project_are_used_and_the_users_win() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("onnx/vit_model.onnx");
        std::fs::create_dir(folder.path().join("onnx")).expect("made");
        let write = |name: &str, value: &Value| {
            std::fs::write(folder.path().join(name), value.to_string()).expect("written");
        };
        // As on timm's pages.
        let timm = json!({"architecture": "mobilenetv4_conv_small", "num_classes": 1000, "pretrained_cfg": {
            "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center",
            "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}});
        write("config.json", &timm);
        let spec = completed(&model, 224, &Sidecar::default());
        assert_eq!((resize(&spec), spec.input.resample), (Some(235), Resample::Bicubic));
        assert_eq!(spec.input.range, Range::IMAGENET, "the file wins over the name");
        assert!(spec.evidence.iter().any(|line| line.contains("config.json")), "{:?}", spec.evidence);

        // Google's ViT: stretched; `preprocessor_config.json` goes first.
        let vit = json!({"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 224});
        write("preprocessor_config.json", &vit);
        let spec = completed(&model, 224, &Sidecar::default());
        assert_eq!((spec.input.fit, spec.input.resample), (Fit::Stretch, Resample::Bilinear));
        assert!((spec.input.range.mean[0] - 0.5).abs() < 1e-6);

        let own = Sidecar {
            fit: Some(Fit::CentreCrop { resize: 300 }),
            resample: Some(Resample::OpenCv),
            ..Sidecar::default()
        };
        let spec = completed(&model, 224, &own);
        assert_eq!((resize(&spec), spec.input.resample), (Some(300), Resample::OpenCv));

        for broken in
            ["", "[1, 2", "{\"size\": {\"shortest_edge\": -3}, \"image_mean\": [1], \"resample\": 9}"]
        {
            std::fs::write(folder.path().join("preprocessor_config.json"), broken).expect("written");
            assert_eq!(resize(&completed(&model, 224, &Sidecar::default())), Some(235), "{broken}");
        }
    }

    /// Settings of transformers as they are published: `ConvNeXt`, `ResNet`, `DeiT`, `EfficientNet`.
    #[test]
    fn transformers_crops_are_understood() {
        let mean = json!([0.485, 0.456, 0.406]);
        for (size, more, fit) in [
            (json!({"shortest_edge": 224}), json!({"crop_pct": 0.875}), Fit::CentreCrop { resize: 256 }),
            (json!({"shortest_edge": 384}), json!({"crop_pct": 1.0}), Fit::Stretch),
            (
                json!({"height": 256, "width": 256}),
                json!({"do_center_crop": true}),
                Fit::CentreCrop { resize: 256 },
            ),
            (json!({"height": 224, "width": 224}), json!({}), Fit::Stretch),
            (json!(256), json!({"do_center_crop": true, "crop_size": 224}), Fit::CentreCrop { resize: 256 }),
        ] {
            let mut config =
                json!({"size": size, "resample": 3, "image_mean": mean, "image_std": [1.0, 1.0, 1.0]});
            let keys = more.as_object().expect("keys").clone();
            config.as_object_mut().expect("an object").extend(keys);
            let found = transformers(&config, 224).expect("found");
            assert_eq!((found.fit, found.resample), (Some(fit), Some(Resample::Bicubic)), "{config}");
        }
    }
}
