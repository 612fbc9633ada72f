//! `sightline inside`: layers, tensors and explanations are what other programs and the definitions say.

mod common;

use std::path::{Path, PathBuf};

use common::{TestEnv, real};
use prost::Message as _;
use serde_json::Value;
use sightline::frame::Frame;
use sightline::learn::inside::prototypes::{MaskSums, MaskedObject, Term};
use sightline::model::file::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_type, data_type, tensor_shape_proto, type_proto,
};
use sightline::model::spec::Detail;
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::source::images;

/// A float value of this shape.
fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let dim = |n: &i64| tensor_shape_proto::Dimension {
        value: Some(tensor_shape_proto::dimension::Value::DimValue(*n)),
        denotation: None,
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(data_type::FLOAT), shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), denotation: None };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind), ..ValueInfoProto::default() }
}

fn node(kind: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: Some(kind.into()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        attribute,
        ..NodeProto::default()
    }
}

/// Weights of the linear layer: class 0 likes channel 0, class 1 channel 1, class 2 neither.
const LINEAR: [f32; 6] = [2.0, -1.0, -1.0, 2.0, 0.0, 0.0];
const BIAS: [f32; 3] = [0.5, -0.25, 0.0];

/// A classifier: a convolution of 4×4 with stride 4 whose two channels are the mean of red and of blue in each square, `Relu`, the mean over the image, one
/// linear layer.
fn classifier(env: &TestEnv) -> PathBuf {
    let ints = |name: &str, ints: Vec<i64>| AttributeProto {
        name: Some(name.into()),
        r#type: Some(attribute_type::INTS),
        ints,
        ..AttributeProto::default()
    };
    let turned = AttributeProto {
        name: Some("transB".into()),
        r#type: Some(attribute_type::INT),
        i: Some(1),
        ..AttributeProto::default()
    };
    let mut kernel = vec![0.0; 2 * 3 * 16];
    kernel[..16].fill(1.0 / 16.0);
    kernel[(3 + 2) * 16..].fill(1.0 / 16.0);
    let graph = GraphProto {
        name: Some("colours".into()),
        node: vec![
            node(
                "Conv",
                &["image", "w"],
                "conv",
                vec![ints("kernel_shape", vec![4, 4]), ints("strides", vec![4, 4])],
            ),
            node("Relu", &["conv"], "features", Vec::new()),
            node("GlobalAveragePool", &["features"], "mean", Vec::new()),
            node("Flatten", &["mean"], "vector", Vec::new()),
            node("Gemm", &["vector", "linear", "bias"], "scores", vec![turned]),
        ],
        initializer: vec![
            TensorProto::of_floats("w", &[2, 3, 4, 4], &kernel),
            TensorProto::of_floats("linear", &[3, 2], &LINEAR),
            TensorProto::of_floats("bias", &[3], &BIAS),
        ],
        input: vec![value("image", &[1, 3, 32, 32])],
        output: vec![value("scores", &[1, 3])],
        ..GraphProto::default()
    };
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    let path = env.path("colours.onnx");
    std::fs::write(&path, model.encode_to_vec()).expect("a model");
    path
}

/// An image of 32×32: red at the left quarter, blue at the right one, black between.
fn picture(env: &TestEnv) -> PathBuf {
    let image = image::RgbImage::from_fn(32, 32, |x, _| match x {
        0..8 => image::Rgb([255, 0, 0]),
        24.. => image::Rgb([0, 0, 255]),
        _ => image::Rgb([0, 0, 0]),
    });
    let path = env.path("colours.png");
    image.save(&path).expect("an image");
    path
}

fn json(env: &TestEnv, arguments: &[&str]) -> Value {
    let ended = env.run([&["inside"], arguments, &["--format", "json"]].concat()).with_code(0);
    serde_json::from_str(&ended.out).expect("JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a name in UTF-8")
}

/// Shape and floats of a file of NumPy's format.
fn npy(path: &Path) -> (String, Vec<f32>) {
    let bytes = std::fs::read(path).expect("written");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..10 + length].to_vec()).expect("text");
    assert!(header.contains("'<f4'"), "{header}");
    let values = bytes[10 + length..]
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    (header, values.collect())
}

#[test]
fn layers_have_the_sizes_that_the_definitions_give() {
    let env = TestEnv::new();
    let list = json(&env, &[text(&classifier(&env))]);
    let layers = list["layers"].as_array().expect("layers");
    let figures = |place: usize| {
        let layer = &layers[place];
        (layer["kind"].as_str(), layer["parameters"].as_u64(), layer["multiply_adds"].as_u64())
    };
    // 8·8 squares, 2 channels, 3·4·4 weights each.
    assert_eq!(figures(0), (Some("Conv"), Some(96), Some(64 * 2 * 48)));
    assert_eq!(figures(1), (Some("Relu"), Some(0), Some(0)));
    assert_eq!(figures(4), (Some("Gemm"), Some(9), Some(6)));
    assert_eq!(layers[0]["shape"], serde_json::json!([1, 2, 8, 8]));
    assert_eq!(layers[0]["receptive_field"], serde_json::json!({"kind": "pixels", "width": 4, "height": 4}));
    assert_eq!(layers[2]["receptive_field"]["kind"], "whole");
    assert_eq!((list["parameters"].as_u64(), list["multiply_adds"].as_u64()), (Some(105), Some(6150)));
    let ms = |value: &Value| value.as_f64().unwrap_or(0.0);
    let own: f64 = layers.iter().map(|layer| ms(&layer["ms"])).sum();
    let sum = own + ms(&list["added_ms"]) + ms(&list["between_ms"]);
    let run = ms(&list["run_ms"]);
    assert!(run > 0.0 && own > 0.0 && (sum - run).abs() < run * 0.01, "{sum} of {run}");
    // The runtime may have joined the convolution with what comes after it.
    assert!(ms(&layers[0]["ms"]) + ms(&layers[1]["ms"]) > 0.0, "the convolution takes time");
}

/// The counts of onnx-tool 1.0 for convolutions, less the additions of their biases.
#[test]
fn multiply_adds_are_those_of_another_program() {
    let env = TestEnv::new();
    for (model, count) in [
        ("yolox_nano", 522_553_408_u64),
        ("yunet_2023mar", 344_224_000),
        ("candy_nc16_256", 2_774_532_096),
        ("deeplab_v3", 725_849_344),
        ("tcmonodepth_small_192x320", 213_649_920),
    ] {
        let path = real(&format!("models/{model}.onnx"));
        let list = json(&env, &[text(&path)]);
        assert_eq!(list["multiply_adds"].as_u64(), Some(count), "{model}");
    }
}

#[test]
fn a_tensor_is_written_for_numpy_with_the_input_that_led_to_it() {
    let env = TestEnv::new();
    let (model, image) = (classifier(&env), picture(&env));
    let before = std::fs::read(&model).expect("the model");
    let file = env.path("features.npy");
    let arguments = ["inside", text(&model), text(&image), "--tensor", "features", "--save", text(&file)];
    env.run(arguments).with_code(0);
    let (header, features) = npy(&file);
    assert!(header.contains("(1, 2, 8, 8"), "{header}");
    let (header, input) = npy(&env.path("features.input.npy"));
    assert!(header.contains("(1, 3, 32, 32"), "{header}");
    // By definition: the mean of each square's red and blue, nothing below 0.
    for square in 0..64 {
        let (row, column) = (square / 8 * 4, square % 8 * 4);
        for (channel, plane) in [(0, 0), (1, 2)] {
            let pixels = (0..16).map(|p| input[plane * 1024 + (row + p / 4) * 32 + column + p % 4]);
            let mean = (pixels.sum::<f32>() / 16.0).max(0.0);
            let got = features[channel * 64 + square];
            assert!((got - mean).abs() <= 1e-5 * mean.abs().max(1.0), "{channel} {square}: {got} for {mean}");
        }
    }
    assert!(features[0] > 1.0 && features[7] == 0.0 && features[64 + 7] > 1.0, "red is left, blue right");
    assert_eq!(std::fs::read(&model).expect("the model"), before, "the file stays as it is");

    // Nothing is replaced unasked.
    let again = env.run(arguments).with_code(1);
    assert!(again.err.contains("exists") && again.err.contains("--force"), "{}", again.err);
    env.run(arguments.iter().chain(&["--force"])).with_code(0);
    let image_file = env.path("features.png");
    env.run(["inside", text(&model), text(&image), "--tensor", "features", "--save", text(&image_file)])
        .with_code(0);
    let mosaic = image::open(&image_file).expect("an image").to_rgb8();
    assert!(mosaic.width() > 150 && mosaic.height() > 80, "two maps side by side: {:?}", mosaic.dimensions());
}

#[test]
fn cam_is_exact_where_a_classifier_ends_in_a_mean_and_a_linear_layer() {
    let env = TestEnv::new();
    let (model, image) = (classifier(&env), picture(&env));
    for (class, bias) in BIAS.into_iter().enumerate() {
        let why = json(&env, &[text(&model), text(&image), "--why", &class.to_string()]);
        assert_eq!((why["method"].as_str(), why["layer"].as_str()), (Some("cam"), Some("features")));
        let map: Vec<f64> = why["map"].as_array().expect("a map").iter().filter_map(Value::as_f64).collect();
        assert_eq!(map.len(), 64);
        let file = env.path("s.npy");
        let tensor =
            ["inside", text(&model), text(&image), "--tensor", "scores", "--force", "--save", text(&file)];
        env.run(tensor).with_code(0);
        let score = f64::from(npy(&file).1[class]);
        let of_map = map.iter().sum::<f64>() / 64.0 + f64::from(bias);
        assert!((of_map - score).abs() < 1e-4, "class {class}: {of_map} and {score}");
        match class {
            0 => assert!(map[0] > 0.0 && map[7] < 0.0, "red is at the left"),
            1 => assert!(map[7] > 0.0 && map[0] < 0.0, "blue is at the right"),
            _ => assert!(map.iter().all(|value| *value == 0.0), "neither matters"),
        }
    }
    let file = env.path("why.png");
    let done =
        env.run(["inside", text(&model), text(&image), "--why", "1", "--save", text(&file)]).with_code(0);
    assert!(done.out.contains("CAM (exact)") && done.out.contains("why.png"), "{}", done.out);
    let overlaid = image::open(&file).expect("an image").to_rgb8();
    assert_ne!(overlaid.get_pixel(28, 16).0, [0, 0, 255], "a heat map lies over it");
}

/// What is hidden counts: black squares don't matter, red ones carry class 0.
#[test]
fn occlusion_and_eigencam_find_what_the_class_rests_on() {
    let env = TestEnv::new();
    let (model, image) = (classifier(&env), picture(&env));
    let occlusion = json(&env, &[text(&model), text(&image), "--why", "1", "--method", "occlusion"]);
    let (width, height) = (occlusion["width"].as_u64(), occlusion["height"].as_u64());
    assert_eq!((width, height), (Some(16), Some(16)));
    let map: Vec<f64> =
        occlusion["map"].as_array().expect("a map").iter().filter_map(Value::as_f64).collect();
    let mean = |columns: std::ops::Range<usize>| {
        (0..16)
            .flat_map(|row| columns.clone().map(move |column| row * 16 + column))
            .map(|place| map[place])
            .sum::<f64>()
    };
    assert!(mean(12..16) > mean(4..8), "hiding blue costs more than hiding black: {map:?}");
    let eigen = json(&env, &[text(&model), text(&image), "--why", "1", "--method", "eigen-cam"]);
    assert_eq!(eigen["method"], "eigen-cam");
    assert_eq!(eigen["layer"], "features");
    let map: Vec<f64> = eigen["map"].as_array().expect("a map").iter().filter_map(Value::as_f64).collect();
    assert_eq!(map.len(), 64);
    assert!(map[7] > map[3] + 0.1, "blue, which the class rests on, is brighter than black: {map:?}");
    let refused =
        env.run(["inside", text(&model), text(&image), "--why", "1", "--method", "cam", "--layer", "conv"]);
    assert!(refused.with_code(2).err.contains("--layer"));
}

/// Where nothing of the class is there, no part of the image can matter.
#[test]
fn nothing_is_explained_where_nothing_is_found() {
    let env = TestEnv::new();
    let (model, image) = (real("models/yolox_nano.onnx"), picture(&env));
    for method in ["occlusion", "eigen-cam"] {
        let arguments = ["inside", text(&model), text(&image), "--why", "toothbrush", "--method", method];
        let ended = env.run(arguments).with_code(1);
        assert!(ended.err.contains("doesn't find"), "{method}: {}", ended.err);
        assert!(!ended.out.contains("Strongest"), "{method}: {}", ended.out);
    }
    // Class 2 rests on nothing of the image.
    let arguments = ["inside", text(&classifier(&env)), text(&image), "--why", "2"].map(str::to_owned);
    let done = env.run(&arguments).with_code(0);
    assert!(done.out.contains("CAM (exact)") && !done.out.contains("Strongest"), "{}", done.out);
}

/// The layer that `EigenCAM` takes is a feature map of the backbone or neck, not a table of boxes, queries or a head's few channels.
#[test]
fn the_layer_of_an_explanation_is_a_feature_map() {
    let env = TestEnv::new();
    let image = common::shared("media/dog.jpg");
    for model in ["yolov8n_int8", "yolo11n_int8", "yolox_nano", "deimv2_atto_int8"] {
        let path = real(&format!("models/{model}.onnx"));
        let why = json(&env, &[text(&path), text(&image), "--why"]);
        let layer = why["layer"].as_str().expect("a layer");
        assert!(!layer.contains("dfl") && !layer.contains("decoder"), "{model}: {layer}");
        let side = why["width"].as_u64().expect("a width");
        assert!(why["width"] == why["height"] && side >= 8, "{model}: {layer}, {side} cells a side");
    }
}

#[test]
fn a_mask_is_the_whole_sum_of_its_coefficients_and_prototypes() {
    sightline::model::runtime::prefer(Some(common::onnx_runtime()));
    let made = PathBuf::from("tests/families/models/yolov5_seg.onnx");
    check_masks(&made, &Frame::filled(80, 60, [90, 90, 200, 255]), 1);
}

#[test]
fn a_real_network_s_masks_are_the_whole_sums_too() {
    sightline::model::runtime::prefer(Some(common::onnx_runtime()));
    let mut frame = Frame::default();
    images::load(&common::shared("media/bus.jpg"), &mut frame, &mut None).expect("an image");
    check_masks(&real("models/yolov8n-seg_int8.onnx"), &frame, 4);
}

/// Takes the masks of a frame apart: the sum of all terms is the decoder's own mask, and a map is above 0 where it is inside.
fn check_masks(path: &Path, frame: &Frame, least: usize) {
    let mut model = Model::open(path, &OpenOptions::default()).expect("opens");
    let sums = MaskSums::run(&mut model, frame, &Thresholds::default()).expect("runs").expect("prototypes");
    assert!(sums.objects().len() >= least, "{:?}", sums.objects());
    for detail in [Detail::Live, Detail::Full] {
        let thresholds = Thresholds { detail, ..Thresholds::default() };
        let mut results = Results::default();
        model.run(frame, &thresholds, &mut results).expect("runs");
        for found in &results.detections {
            let is_it =
                |object: &MaskedObject| object.bbox == found.bbox && object.class_id == found.class_id;
            let place = sums.objects().iter().position(is_it).expect("the object");
            let terms = sums.terms(place);
            assert_eq!(terms.len(), sums.count());
            assert!(terms.windows(2).all(|pair| pair[0].change >= pair[1].change));
            assert_eq!(sums.mask(place, &terms, detail).as_ref(), results.mask_of(found), "{detail:?}");
            // In double precision, term by term.
            let sum = sums.sum(&terms);
            for (cell, value) in sum.iter().enumerate() {
                let term = |term: &Term| {
                    f64::from(term.coefficient) * f64::from(sums.prototype(term.prototype)[cell])
                };
                let exact: f64 = terms.iter().map(term).sum();
                assert!((exact - f64::from(*value)).abs() < 1e-3, "{exact} and {value} in cell {cell}");
            }
        }
    }
}

#[test]
fn wrong_names_are_answered_with_the_right_ones() {
    let env = TestEnv::new();
    let (model, image) = (classifier(&env), picture(&env));
    let says = |arguments: &[&str], code: i32, words: &[&str]| {
        let ended = env.run([&["inside", text(&model)], arguments].concat()).with_code(code);
        for word in words {
            assert!(ended.err.contains(word), "{word:?} is missing in {}", ended.err);
        }
    };
    let image = text(&image);
    says(&[image, "--tensor", "featureS"], 2, &["no tensor", "features"]);
    says(&[image, "--tensor", "w"], 2, &["no tensor"]);
    says(&[image, "--tensor", "features", "--save", "a.jpg"], 2, &[".npy", ".png"]);
    says(&[image, "--tensor", "vector", "--save", "a.png"], 1, &["isn\u{2019}t a set of images", ".npy"]);
    says(&["missing.png", "--tensor", "features"], 1, &["missing.png"]);
    says(&["--tensor", "features"], 2, &["IMAGE"]);
    says(&["--save", "a.npy"], 2, &["--tensor", "--why"]);
    says(&[image, "--why", "9"], 2, &["class"]);
    says(&[image, "--against", "missing.onnx"], 1, &["missing.onnx"]);
}

/// A copy whose first weights are rounded comes apart there, and nowhere before.
#[test]
fn two_forms_of_a_model_are_compared_layer_by_layer() {
    let env = TestEnv::new();
    let (model, image) = (classifier(&env), picture(&env));
    let mut other = sightline::model::file::onnx::read(&model).expect("a model");
    let graph = other.graph.as_mut().expect("a graph");
    // The linear layer is off by a half.
    graph.initializer[1] = TensorProto::of_floats("linear", &[3, 2], &LINEAR.map(|weight| weight * 1.5));
    let copy = env.path("copy.onnx");
    std::fs::write(&copy, other.encode_to_vec()).expect("a model");
    let compared = json(&env, &[text(&model), text(&image), "--against", text(&copy)]);
    let tensors = compared["tensors"].as_array().expect("tensors");
    let of = |name: &str| tensors.iter().find(|t| t["tensor"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(of("features")["snr_db"], Value::Null, "the same");
    assert!(of("scores")["snr_db"].as_f64().expect("a ratio") < 20.0);
    let worst = compared["worst_step"].as_u64().expect("a step") as usize;
    assert_eq!(tensors[worst]["tensor"], "scores");
}
