use std::path::Path;

use super::*;
use crate::learn::teach::{Cut, Head, HeadKind, Layer, Pooling};
use crate::model::file::onnx::tensor_shape_proto::{Dimension, dimension};
use crate::model::file::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use crate::model::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Resample, Size};

fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        op_type: Some(op.into()),
        input: strings(inputs),
        output: strings(outputs),
        ..NodeProto::default()
    }
}

fn strided(op: &str, inputs: &[&str], output: &str, stride: i64) -> NodeProto {
    let strides =
        AttributeProto { name: Some("strides".into()), ints: vec![stride; 2], ..AttributeProto::default() };
    NodeProto { attribute: vec![strides], ..node(op, inputs, &[output]) }
}

fn value(name: &str, sides: &[i64]) -> ValueInfoProto {
    let dim = |n: &i64| Dimension { value: Some(dimension::Value::DimValue(*n)), ..Dimension::default() };
    let shape = Some(TensorShapeProto { dim: sides.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(1), shape };
    let r#type =
        Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() });
    ValueInfoProto { name: Some(name.into()), r#type, ..ValueInfoProto::default() }
}

/// A graph with weights of these shapes.
fn graph(nodes: Vec<NodeProto>, weights: &[(&str, &[i64])], output: (&str, &[i64])) -> GraphProto {
    let tensor = |(name, dims): &(&str, &[i64])| {
        let count = dims.iter().product::<i64>() as usize;
        TensorProto::of_floats(name, dims, &vec![0.5; count])
    };
    GraphProto {
        node: nodes,
        initializer: weights.iter().map(tensor).collect(),
        input: vec![value("x", &[1, 3, 8, 8])],
        output: vec![value(output.0, output.1)],
        ..GraphProto::default()
    }
}

fn first(graph: &GraphProto, kind: Kind) -> Cut {
    candidates(graph, kind).into_iter().next().expect("a candidate")
}

#[test]
fn the_embedding_is_what_goes_into_the_last_fully_connected_layer() {
    // MobileNet, ResNet: convolutions, pooling, Flatten, Dropout, Gemm.
    let usual = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("GlobalAveragePool", &["map"], &["pooled"]),
            node("Flatten", &["pooled"], &["flat"]),
            node("Dropout", &["flat"], &["dropped"]),
            node("Gemm", &["dropped", "fc", "b"], &["logits"]),
            node("Softmax", &["logits"], &["y"]),
        ],
        &[("w", &[16, 3, 3, 3]), ("fc", &[10, 16]), ("b", &[10])],
        ("y", &[1, 10]),
    );
    let found = candidates(&usual, Kind::Classifier);
    assert_eq!(found[0].tensor, "flat");
    assert!(found[0].evidence.contains("Gemm 10\u{d7}16"), "{}", found[0].evidence);
    let tensors: Vec<&str> = found.iter().map(|cut| &cut.tensor[..]).collect();
    assert_eq!(tensors, ["flat", "pooled", "map", "y"]);
    // The last layer as a convolution of one pixel (MobileNetV3, timm).
    let convolution = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("GlobalAveragePool", &["map"], &["pooled"]),
            node("Conv", &["pooled", "fc"], &["scores"]),
            node("Flatten", &["scores"], &["y"]),
        ],
        &[("w", &[16, 3, 3, 3]), ("fc", &[10, 16, 1, 1])],
        ("y", &[1, 10]),
    );
    assert_eq!(first(&convolution, Kind::Classifier).tensor, "pooled");
    // SqueezeNet: maps of scores that are averaged.
    let averaged = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("Conv", &["map", "fc"], &["scores"]),
            node("Relu", &["scores"], &["positive"]),
            node("GlobalAveragePool", &["positive"], &["pooled"]),
            node("Flatten", &["pooled"], &["y"]),
        ],
        &[("w", &[16, 3, 3, 3]), ("fc", &[10, 16, 1, 1])],
        ("y", &[1, 10]),
    );
    assert_eq!(first(&averaged, Kind::Classifier).tensor, "map");
}

#[test]
fn networks_in_8_bits_are_cut_before_the_rounding() {
    // onnxruntime's quantize_dynamic.
    let dynamic = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("ReduceMean", &["map", "axes"], &["mean"]),
            node("Reshape", &["mean", "shape"], &["view"]),
            node("DynamicQuantizeLinear", &["view"], &["q", "scale", "zero"]),
            node("Mul", &["scale", "fc_scale"], &["scales"]),
            node("MatMulInteger", &["q", "fc", "zero"], &["product"]),
            node("Cast", &["product"], &["float"]),
            node("Mul", &["float", "scales"], &["scaled"]),
            node("Add", &["scaled", "bias"], &["y"]),
        ],
        &[
            ("w", &[16, 3, 3, 3]),
            ("axes", &[2]),
            ("shape", &[2]),
            ("fc_scale", &[1]),
            ("fc", &[16, 10]),
            ("bias", &[10]),
        ],
        ("y", &[1, 10]),
    );
    assert_eq!(first(&dynamic, Kind::Classifier).tensor, "view");
    // QDQ: quantizers around every operation.
    let qdq = graph(
        vec![
            node("Flatten", &["x"], &["flat"]),
            node("QuantizeLinear", &["flat", "s", "z"], &["q"]),
            node("DequantizeLinear", &["q", "s", "z"], &["dq"]),
            node("DequantizeLinear", &["fc", "s", "z"], &["fc_dq"]),
            node("MatMul", &["dq", "fc_dq"], &["product"]),
            node("QuantizeLinear", &["product", "s", "z"], &["q2"]),
            node("DequantizeLinear", &["q2", "s", "z"], &["y"]),
        ],
        &[("s", &[1]), ("z", &[1]), ("fc", &[192, 10])],
        ("y", &[1, 10]),
    );
    assert_eq!(first(&qdq, Kind::Classifier).tensor, "flat");
}

#[test]
fn an_output_without_class_names_is_an_embedding_itself() {
    let clip = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("GlobalAveragePool", &["map"], &["pooled"]),
            node("Flatten", &["pooled"], &["flat"]),
            node("MatMul", &["flat", "projection"], &["image_embeds"]),
        ],
        &[("w", &[16, 3, 3, 3]), ("projection", &[16, 64])],
        ("image_embeds", &[1, 64]),
    );
    assert_eq!(first(&clip, Kind::Unknown).tensor, "image_embeds");
    assert_eq!(first(&clip, Kind::Classifier).tensor, "flat");
}

#[test]
fn detectors_give_their_last_wide_map_and_gates_are_passed_over() {
    let detector = graph(
        vec![
            strided("Conv", &["x", "w1"], "c1", 2),
            node("Sigmoid", &["c1"], &["s1"]),
            node("Mul", &["c1", "s1"], &["fine"]),
            strided("Conv", &["fine", "w2"], "c2", 2),
            // Squeeze and excitation.
            node("GlobalAveragePool", &["c2"], &["squeezed"]),
            node("Conv", &["squeezed", "wide"], &["gate"]),
            node("Sigmoid", &["gate"], &["open"]),
            node("Mul", &["c2", "open"], &["weighed"]),
            node("Conv", &["weighed", "w3"], &["c3"]),
            node("Relu", &["c3"], &["coarse"]),
            node("Conv", &["coarse", "head"], &["y"]),
        ],
        &[
            ("w1", &[8, 3, 3, 3]),
            ("w2", &[32, 8, 3, 3]),
            ("wide", &[512, 32, 1, 1]),
            ("w3", &[64, 32, 3, 3]),
            ("head", &[6, 64, 1, 1]),
        ],
        ("y", &[1, 6, 2, 2]),
    );
    let tensors: Vec<String> = candidates(&detector, Kind::Other).into_iter().map(|cut| cut.tensor).collect();
    assert_eq!(tensors, ["coarse", "fine"]);
}

fn spec(order: ColourOrder) -> InputSpec {
    InputSpec {
        name: "x".into(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width: 8, height: 8 },
        fit: Fit::Stretch,
        resample: Resample::OpenCv,
        order,
        range: Range::IMAGENET,
        extras: Vec::new(),
    }
}

fn model(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(3),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(13) }],
        graph: Some(graph),
        metadata_props: ["task", "license"]
            .map(|key| StringStringEntryProto { key: Some(key.into()), value: Some("detect".into()) })
            .to_vec(),
        ..ModelProto::default()
    }
}

/// Each of forty additions reads the one before it a hundred times: 100^40 ways lead to the first.
#[test]
fn hostile_graphs_are_walked_once() {
    let ladder = |name: &str, from: &str, copies: usize| -> Vec<NodeProto> {
        let tensor = |step: usize| if step == 0 { from.to_owned() } else { format!("{name}{step}") };
        let step = |step: usize| {
            let before = tensor(step);
            node("Add", &vec![&before[..]; copies], &[&tensor(step + 1)])
        };
        (0..40).map(step).collect()
    };
    let began = std::time::Instant::now();
    let plain = graph(ladder("t", "x", 100), &[], ("t40", &[1, 40]));
    assert_eq!(candidates(&plain, Kind::Classifier).len(), 1, "its own output");
    // Forty convolutions of one pixel, each of which asks whether it comes from pooling.
    let mut nodes = ladder("t", "x", 2);
    let mut last = "t40".to_owned();
    for step in 0..40 {
        let (convolved, sum) = (format!("c{step}"), format!("s{step}"));
        nodes.push(node("Conv", &["t40", "fc"], &[&convolved]));
        nodes.push(node("Add", &[&convolved, &last], &[&sum]));
        last = sum;
    }
    candidates(&graph(nodes, &[("fc", &[40, 3, 1, 1])], (&last, &[1, 40])), Kind::Classifier);
    // Weights that are made of themselves.
    let ring = vec![
        node("Identity", &["b"], &["a"]),
        node("Identity", &["a"], &["b"]),
        node("Conv", &["x", "a"], &["y"]),
    ];
    candidates(&graph(ring, &[], ("y", &[1, 40])), Kind::Classifier);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

fn two_heads() -> GraphProto {
    let mut graph = graph(
        vec![
            strided("Conv", &["x", "w"], "map", 2),
            node("Conv", &["map", "unused"], &["boxes"]),
            node("Add", &["boxes", "second"], &["y"]),
        ],
        &[("w", &[4, 3, 3, 3]), ("unused", &[6, 4, 1, 1])],
        ("y", &[1, 6, 4, 4]),
    );
    graph.input.push(value("second", &[1]));
    // Old files list their weights among the inputs.
    graph.input.push(value("w", &[4, 3, 3, 3]));
    graph
}

fn head() -> Head {
    let layers = vec![Layer { inputs: 4, weights: vec![1.0; 8], bias: vec![0.0; 2] }];
    Head { kind: HeadKind::Logistic, centre: None, layers }
}

fn joined(graph: GraphProto, order: ColourOrder, bytes: bool, tensor: &str) -> Result<ModelProto, String> {
    let names = ["猫".to_owned(), "it's".to_owned()];
    join(Join {
        model: model(graph),
        folder: Path::new("."),
        tensor,
        pooling: Pooling::Mean,
        input: &spec(order),
        head: Some((&head(), &names)),
        bytes,
        about: Vec::new(),
    })
}

#[test]
fn what_lies_behind_the_cut_is_left_out() {
    let made = joined(two_heads(), ColourOrder::Rgb, false, "map").expect("joined");
    assert_eq!(made.ir_version, Some(4), "weights need not be inputs any more");
    let keys: Vec<&str> = made.metadata_props.iter().map(StringStringEntryProto::key).collect();
    assert_eq!(keys, ["license", "sightline", "names"], "what the whole model was for isn't true any more");
    let graph = made.graph.expect("a graph");
    let operations: Vec<&str> = graph.node.iter().map(NodeProto::op_type).collect();
    assert_eq!(operations, ["Conv", "Cast", "GlobalAveragePool", "Flatten", "Gemm", "Softmax"]);
    assert_eq!(graph.input.iter().map(ValueInfoProto::name).collect::<Vec<_>>(), ["x"]);
    assert!(graph.initializer.iter().all(|tensor| tensor.name() != "unused"));
    let error = joined(two_heads(), ColourOrder::Rgb, false, "y").expect_err("a second input");
    assert!(error.contains("second"), "{error}");
    let mut fixed = two_heads();
    fixed.node.push(node("Relu", &["unused"], &["always"]));
    let error = joined(fixed, ColourOrder::Rgb, false, "always").expect_err("it reads no image");
    assert!(error.contains("the same for every image"), "{error}");
    let error = joined(two_heads(), ColourOrder::Rgb, false, "z").expect_err("no such tensor");
    assert!(error.contains('z'), "{error}");
}

#[test]
fn raw_bytes_are_brought_into_the_networks_order_and_range() {
    let made = joined(two_heads(), ColourOrder::Bgr, true, "map").expect("joined");
    let graph = made.graph.expect("a graph");
    let operations: Vec<&str> = graph.node.iter().take(7).map(NodeProto::op_type).collect();
    assert_eq!(operations, ["Gather", "Cast", "Mul", "Add", "Transpose", "Identity", "Conv"]);
    let Some(type_proto::Value::TensorType(tensor)) =
        graph.input[0].r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        panic!("a tensor")
    };
    let sides: Vec<_> =
        tensor.shape.as_ref().expect("a shape").dim.iter().map(|dim| dim.value.clone()).collect();
    let want = [1, 8, 8, 3].map(|n| Some(dimension::Value::DimValue(n)));
    assert_eq!((tensor.elem_type, &sides[..]), (Some(2), &want[..]));
    let plain = joined(two_heads(), ColourOrder::Rgb, true, "map").expect("joined").graph.expect("a graph");
    assert_eq!(plain.node[0].op_type(), "Cast", "the order stays");
}

#[test]
fn weights_in_other_files_are_brought_in_and_strangers_files_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
    let outside = |place: &str, length: &str| {
        let mut graph = two_heads();
        let weights = &mut graph.initializer[0];
        weights.raw_data = None;
        weights.data_location = Some(1);
        weights.external_data = vec![entry("location", place), entry("offset", "4"), entry("length", length)];
        let names = ["a".to_owned(), "b".to_owned()];
        join(Join {
            model: model(graph),
            folder: folder.path(),
            tensor: "map",
            pooling: Pooling::Mean,
            input: &spec(ColourOrder::Rgb),
            head: Some((&head(), &names)),
            bytes: false,
            about: Vec::new(),
        })
    };
    #[cfg(unix)]
    {
        let secret = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(secret.path(), [7; 432]).expect("written");
        std::os::unix::fs::symlink(secret.path(), folder.path().join("link.bin")).expect("a link");
        let error = outside("link.bin", "400").expect_err("a link to elsewhere");
        assert!(error.contains("link to a file outside"), "{error}");
    }
    std::fs::create_dir(folder.path().join("d")).expect("a folder");
    assert!(outside("d", "4").expect_err("a folder").contains("aren't in a file"));
    // Mostly a hole: it takes no room on the disk.
    let large = std::fs::File::create(folder.path().join("large.bin")).expect("a file");
    large.set_len((1 << 31) + 4).expect("its length");
    let error = outside("large.bin", "2147483648").expect_err("too much");
    assert!(error.contains("2 GB together"), "{error}");
    let values: Vec<u8> = (0..109).flat_map(|n| (n as f32).to_le_bytes()).collect();
    std::fs::write(folder.path().join("w.bin"), values).expect("written");
    let made = outside("w.bin", "432").expect("joined").graph.expect("a graph");
    let floats = made.initializer[0].floats().expect("floats");
    assert_eq!((floats.len(), floats[0], floats[107]), (108, 1.0, 108.0));
    for (place, length, word) in [
        ("../w.bin", "432", "outside"),
        ("/etc/passwd", "8", "outside"),
        ("w.bin", "433", "cut short"),
        ("gone", "4", "gone"),
    ] {
        let error = outside(place, length).expect_err(place);
        assert!(error.contains(word), "{error}");
    }
}
