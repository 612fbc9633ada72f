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

/// Torchvision's presets and timm's configurations, as the libraries have them: `tests/reference/make_preparations.py`.
#[test]
fn architectures_get_their_own_preparation() {
    let rows = include_str!("../../../tests/reference/preparations.csv").lines().skip(1);
    let mut wrong = Vec::new();
    for row in rows.clone() {
        let [name, side, size, kernel, mean] = row.split(',').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let file = PathBuf::from(format!("/no/such/{name}.onnx"));
        let spec = completed(&file, side.parse().expect("a side"), &Sidecar::default());
        let fit = match spec.input.fit {
            Fit::CentreCrop { resize } => resize.to_string(),
            _ => "stretch".into(),
        };
        let is = (fit.as_str(), kernel_name(spec.input.resample), mean_name(spec.input.range));
        if is != (size, kernel, mean) {
            wrong.push(format!("{row}: {is:?}"));
        }
    }
    assert!(rows.count() > 600);
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

fn kernel_name(resample: Resample) -> &'static str {
    match resample {
        Resample::OpenCv => "opencv",
        Resample::Bilinear => "bilinear",
        Resample::Bicubic => "bicubic",
    }
}

/// What a grey of 128 becomes in red tells the ranges apart.
fn mean_name(range: Range) -> &'static str {
    let red = (128.0 * range.scale - range.mean[0]) / range.std[0];
    [
        ("imagenet", (0.501_96 - 0.485) / 0.229),
        ("half", (0.501_96 - 0.5) / 0.5),
        ("unit", 0.501_96),
        ("clip", 0.076_26),
        ("dpn", 0.066_80),
    ]
    .into_iter()
    .find(|(_, value)| (red - value).abs() < 1e-4)
    .map_or("another", |(name, _)| name)
}

#[test]
fn names_are_found_with_what_people_add_to_them() {
    for (name, side, size) in [
        ("efficientnet-b5", 456, 456),
        ("timm_deit_small_patch16_224", 224, 248),
        ("mobilevit_s_opset17-int8", 256, 284),
        ("densenet121_Opset17", 224, 256),
        ("resnet50-v1-7", 224, 256),
        ("my_own_network", 224, 256),
        ("vit_base_patch16_384", 384, 384),
        ("Efficientnet_B1_Opset17", 240, 256),
    ] {
        let spec = completed(Path::new(&format!("/no/such/{name}.onnx")), side, &Sidecar::default());
        assert_eq!(resize(&spec), Some(size), "{name}: {:?}", spec.evidence);
    }
}

#[test]
fn a_range_of_the_users_own_leaves_crop_and_kernel() {
    let own = Sidecar { range: Some(Range::UNIT), ..Sidecar::default() };
    let spec = completed(Path::new("/no/such/vit_base_patch16_224.onnx"), 224, &own);
    assert_eq!(
        (resize(&spec), spec.input.resample, spec.input.range),
        (Some(248), Resample::Bicubic, Range::UNIT)
    );
}

#[test]
fn settings_of_another_network_are_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("plain.onnx");
    let path = |name: &str| folder.path().join(name);
    let timm = |classes: u32, side: u32| {
        json!({"num_classes": classes, "pretrained_cfg": {"input_size": [3, side, side], "interpolation": "bicubic",
            "crop_pct": 1.0, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})
    };
    let resized = |config: &Value, overrides: &Sidecar| {
        std::fs::write(path("config.json"), config.to_string()).expect("written");
        resize(&completed(&model, 224, overrides))
    };
    let none = Sidecar::default();
    std::fs::write(&model, "").expect("written");
    std::fs::write(path("plain_fp16.onnx"), "").expect("written");
    assert_eq!(resized(&timm(1000, 224), &none), Some(224), "its own, of two variants");
    assert_eq!(resized(&timm(1000, 384), &none), Some(256), "of another size");
    assert_eq!(resized(&timm(21_841, 224), &none), Some(256), "of other classes");
    let caffe = Sidecar { order: Some(ColourOrder::Bgr), ..Sidecar::default() };
    assert_eq!(resized(&timm(1000, 224), &caffe), Some(256), "of a network from elsewhere");
    std::fs::write(path("other.onnx"), "").expect("written");
    assert_eq!(resized(&timm(1000, 224), &none), Some(256), "beside two models");
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

    for broken in ["", "[1, 2", "{\"size\": {\"shortest_edge\": -3}, \"image_mean\": [1], \"resample\": 9}"] {
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
            json!({"height": 256, "width": 288}),
            json!({"do_center_crop": true, "crop_size": {"height": 224, "width": 224}}),
            Fit::StretchCrop { width: 288, height: 256 },
        ),
        (
            json!(256),
            json!({"do_center_crop": true, "crop_size": 224, "feature_extractor_type": "DeiTFeatureExtractor"}),
            Fit::StretchCrop { width: 256, height: 256 },
        ),
        (json!({"height": 224, "width": 224}), json!({}), Fit::Stretch),
        (json!(256), json!({"do_center_crop": true, "crop_size": 224}), Fit::CentreCrop { resize: 256 }),
    ] {
        let mut config =
            json!({"size": size, "resample": 3, "image_mean": mean, "image_std": [1.0, 1.0, 1.0]});
        let keys = more.as_object().expect("keys").clone();
        config.as_object_mut().expect("an object").extend(keys);
        let found = transformers(&config).expect("found").preparation;
        assert_eq!((found.fit, found.resample), (Some(fit), Some(Resample::Bicubic)), "{config}");
    }
}
