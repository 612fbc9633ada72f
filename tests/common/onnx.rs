//! Tiny ONNX files, written byte by byte: models that never end, take a minute, take all memory, or crash, and models that really look for
//! something: for coloured spots.

use std::path::Path;

/// A field with a number.
fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A field with bytes: a text or a message.
fn bytes(field: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 127 {
        out.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// The domain of functions of a model's own.
const OWN: &str = "own";

const FLOAT: u64 = 1;
const INT64: u64 = 7;
const BOOL: u64 = 9;

/// An input or output of a graph.
fn value(name: &str, element: u64, shape: &[u64]) -> Vec<u8> {
    let dims: Vec<u8> = shape.iter().flat_map(|n| bytes(1, number(1, *n))).collect();
    let tensor = [number(1, element), bytes(2, dims)].concat();
    [bytes(1, name), bytes(2, bytes(1, tensor))].concat()
}

/// An input or output of a graph whose shape is open.
fn open_value(name: &str, element: u64) -> Vec<u8> {
    [bytes(1, name), bytes(2, bytes(1, number(1, element)))].concat()
}

/// A constant tensor.
fn constant(name: &str, element: u64, shape: &[u64], data: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = shape.iter().flat_map(|n| number(1, *n)).collect();
    [dims, number(2, element), bytes(8, name), bytes(9, data)].concat()
}

fn floats(name: &str, shape: &[u64], value: f32) -> Vec<u8> {
    let count = shape.iter().product::<u64>() as usize;
    constant(name, FLOAT, shape, &value.to_le_bytes().repeat(count))
}

fn node(kind: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name)).collect();
    node.extend(bytes(2, output));
    node.extend(bytes(4, kind));
    node.extend(attributes.iter().flat_map(|attribute| bytes(5, attribute)));
    node
}

fn int_attribute(name: &str, value: u64) -> Vec<u8> {
    [bytes(1, name), number(3, value), number(20, 2)].concat()
}

fn ints_attribute(name: &str, values: &[u64]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| number(8, *value)).collect();
    [bytes(1, name), values, number(20, 7)].concat()
}

fn table(name: &str, shape: &[u64], values: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    constant(name, FLOAT, shape, &data)
}

fn shape(name: &str, dims: &[i64]) -> Vec<u8> {
    let data: Vec<u8> = dims.iter().flat_map(|n| n.to_le_bytes()).collect();
    constant(name, INT64, &[dims.len() as u64], &data)
}

struct Graph {
    nodes: Vec<Vec<u8>>,
    constants: Vec<Vec<u8>>,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
}

impl Graph {
    fn encode(&self) -> Vec<u8> {
        let fields = [(1, &self.nodes), (5, &self.constants), (11, &self.inputs), (12, &self.outputs)];
        let mut graph = bytes(2, "g");
        for (field, messages) in fields {
            graph.extend(messages.iter().flat_map(|message| bytes(field, message)));
        }
        graph
    }

    /// Writes a classifier of five classes for images of 128×128, whose scores are `scores`.
    fn write(&mut self, file: &Path) {
        self.write_for(file, 128, &[]);
    }

    /// As [`Self::write`], for images of `side`×`side`, with functions of the model's own.
    fn write_for(&mut self, file: &Path, side: u64, functions: &[Vec<u8>]) {
        self.inputs.push(value("image", FLOAT, &[1, 3, side, side]));
        self.outputs.push(value("scores", FLOAT, &[1, 5]));
        let opset = bytes(8, number(2, 17));
        let own = bytes(8, [bytes(1, OWN), number(2, 1)].concat());
        let functions: Vec<u8> = functions.iter().flat_map(|function| bytes(25, function)).collect();
        let model = [number(1, 8), bytes(7, self.encode()), opset, own, functions].concat();
        std::fs::write(file, model).expect("a model can be written");
    }
}

/// The brightest value of the image, which is normalised as ImageNet is: −0.2 for the grey image of a warm-up, over 2.2 for
/// white.
fn brightest() -> Vec<u8> {
    node("ReduceMax", &["image"], "brightest", &[int_attribute("keepdims", 0)])
}

/// A classifier that never ends on images that are brighter than `limit`.
pub fn endless_loop(file: &Path, limit: f32) {
    let body = Graph {
        nodes: vec![
            node("Identity", &["go_on"], "go_on_again", &[]),
            node("Add", &["sum", "one"], "next_sum", &[]),
        ],
        constants: vec![floats("one", &[1, 5], 1.0)],
        inputs: vec![value("count", INT64, &[]), value("go_on", BOOL, &[]), value("sum", FLOAT, &[1, 5])],
        outputs: vec![value("go_on_again", BOOL, &[]), value("next_sum", FLOAT, &[1, 5])],
    };
    let body = [bytes(1, "body"), bytes(6, body.encode()), number(20, 5)].concat();
    let mut graph = Graph {
        nodes: vec![
            brightest(),
            node("Greater", &["brightest", "limit"], "bright", &[]),
            node("Loop", &["", "bright", "zeros"], "scores", &[body]),
        ],
        constants: vec![floats("limit", &[], limit), floats("zeros", &[1, 5], 0.0)],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write(file);
}

/// A classifier that takes minutes to open: ONNX Runtime computes what is constant, here `nodes` times the non-maximum
/// suppression of `boxes` boxes that don't overlap.
pub fn slow_to_open(file: &Path, boxes: u64, nodes: usize) {
    let mut graph = Graph {
        nodes: vec![brightest(), node("Add", &["zeros", "brightest"], "scores0", &[])],
        constants: vec![
            floats("zeros", &[1, 5], 0.0),
            floats("boxes", &[1, boxes, 4], 0.0),
            floats("weights", &[1, 1, boxes], 1.0),
            constant("most", INT64, &[1], &boxes.to_le_bytes()),
            floats("overlap", &[1], 0.5),
        ],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    for n in 0..nodes {
        // A threshold of its own keeps each node from being merged with the others.
        graph.constants.push(floats(&format!("least{n}"), &[1], n as f32 * 1e-6));
        let names = ["kept", "numbers", "sum", "scores"].map(|name| format!("{name}{n}"));
        let [kept, numbers, sum, before] = &names;
        let least = format!("least{n}");
        let inputs = ["boxes", "weights", "most", "overlap", &least];
        graph.nodes.push(node("NonMaxSuppression", &inputs, kept, &[]));
        graph.nodes.push(node("Cast", &[kept], numbers, &[int_attribute("to", FLOAT)]));
        graph.nodes.push(node("ReduceSum", &[numbers], sum, &[int_attribute("keepdims", 0)]));
        let after = if n + 1 == nodes { "scores".to_owned() } else { format!("scores{}", n + 1) };
        graph.nodes.push(node("Add", &[before, sum], &after, &[]));
    }
    graph.write(file);
}

/// The side of the images that [`colours`] and [`arm`] look at.
const SIDE: u64 = 128;
/// The places of an Ultralytics head for that side, one more than which is used.
const PLACES: u64 = 16 * 16 + 8 * 8 + 4 * 4;

/// What both models of spots begin with: `x`, `y` and `there` ([1, 3] each), the centres of what is red, green and blue, in
/// pixels of the input, and how sure it is that there is any.
fn spots() -> Graph {
    let line: Vec<f32> = (0..SIDE).map(|n| n as f32 + 0.5).collect();
    let whole = |name, input| node("ReduceSum", &[input, "axes"], name, &[int_attribute("keepdims", 0)]);
    Graph {
        nodes: vec![
            node("Conv", &["images", "colours"], "coloured", &[ints_attribute("kernel_shape", &[1, 1])]),
            node("Relu", &["coloured"], "spots", &[]),
            whole("size", "spots"),
            node("Add", &["size", "little"], "sizes", &[]),
            node("Mul", &["spots", "columns"], "at_x", &[]),
            node("Mul", &["spots", "rows"], "at_y", &[]),
            whole("sum_x", "at_x"),
            whole("sum_y", "at_y"),
            node("Div", &["sum_x", "sizes"], "x", &[]),
            node("Div", &["sum_y", "sizes"], "y", &[]),
            node("Add", &["size", "one"], "more", &[]),
            node("Div", &["size", "more"], "there", &[]),
        ],
        constants: vec![
            // Each colour less the others, so that grey is none.
            table("colours", &[3, 3, 1, 1], &[1.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0, 1.0]),
            shape("axes", &[2, 3]),
            floats("little", &[1], 1e-6),
            floats("one", &[1], 1.0),
            table("columns", &[1, 1, 1, SIDE], &line),
            table("rows", &[1, 1, SIDE, 1], &line),
        ],
        inputs: vec![value("images", FLOAT, &[1, 3, SIDE, SIDE])],
        outputs: Vec::new(),
    }
}

/// Writes a model that says it is Ultralytics' for this task, with this many rows.
fn write_ultralytics(mut graph: Graph, rows: u64, meta: &[(&str, &str)], file: &Path) {
    graph.outputs.push(value("output0", FLOAT, &[1, rows, PLACES]));
    let size = format!("[{SIDE}, {SIDE}]");
    let all = [("stride", "32"), ("imgsz", &size), ("batch", "1"), ("author", "Ultralytics")];
    let all = all.iter().chain(meta);
    let meta: Vec<u8> =
        all.flat_map(|(key, text)| bytes(14, [bytes(1, key), bytes(2, text)].concat())).collect();
    let opset = bytes(8, number(2, 17));
    let model = [number(1, 8), bytes(7, graph.encode()), opset, meta].concat();
    std::fs::write(file, model).expect("a model can be written");
}

/// A detector that finds one red, one green and one blue spot; `size` is the width and height of its boxes, of 128.
pub fn colours(file: &Path, size: f32) {
    let mut graph = spots();
    let row = |input, name| node("Reshape", &[input, "as_row"], name, &[]);
    let (last, along) = (int_attribute("axis", 2), int_attribute("axis", 1));
    graph.nodes.extend([
        row("x", "row_x"),
        row("y", "row_y"),
        row("there", "row_there"),
        node("Mul", &["row_there", "which"], "scores", &[]),
        node("Concat", &["row_x", "row_y", "sides", "scores"], "found", &[along]),
        node("Concat", &["found", "nothing"], "output0", &[last]),
    ]);
    graph.constants.extend([
        shape("as_row", &[1, 1, 3]),
        floats("sides", &[1, 2, 3], size),
        table("which", &[1, 3, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        floats("nothing", &[1, 7, PLACES - 3], 0.0),
    ]);
    let names = "{0: 'red', 1: 'green', 2: 'blue'}";
    write_ultralytics(graph, 7, &[("task", "detect"), ("names", names)], file);
}

/// A pose model of one person, whose left shoulder is red, elbow green and wrist blue.
pub fn arm(file: &Path) {
    let mut graph = spots();
    // Where x, y and score of the joints stand among 17 × 3 values.
    let mut places = vec![0.0; 9 * 51];
    for (spot, joint) in [5, 7, 9].into_iter().enumerate() {
        for part in 0..3 {
            places[(part * 3 + spot) * 51 + joint * 3 + part] = 1.0;
        }
    }
    let (last, along) = (int_attribute("axis", 2), int_attribute("axis", 1));
    graph.nodes.extend([
        node("Concat", &["x", "y", "there"], "all", std::slice::from_ref(&along)),
        node("MatMul", &["all", "places"], "points", &[]),
        node("Concat", &["person", "points"], "one_person", &[along]),
        node("Reshape", &["one_person", "as_column"], "found", &[]),
        node("Concat", &["found", "nothing"], "output0", &[last]),
    ]);
    graph.constants.extend([
        table("places", &[9, 51], &places),
        table("person", &[1, 5], &[64.0, 64.0, 100.0, 120.0, 0.9]),
        shape("as_column", &[1, 56, 1]),
        floats("nothing", &[1, 56, PLACES - 1], 0.0),
    ]);
    let meta = [("task", "pose"), ("names", "{0: 'person'}"), ("kpt_shape", "[17, 3]")];
    write_ultralytics(graph, 56, &meta, file);
}

/// A classifier of images of `side`×`side` whose scores follow the brightest value.
pub fn plain(file: &Path, side: u64) {
    let mut graph = Graph {
        nodes: vec![brightest(), node("Add", &["zeros", "brightest"], "scores", &[])],
        constants: vec![floats("zeros", &[1, 5], 0.0)],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write_for(file, side, &[]);
}

/// A classifier that divides the smallest integer by −1, for which a processor stops the process: for every image, or
/// `at_once`, when it is opened.
pub fn impossible_division(file: &Path, at_once: bool) {
    let least = i64::MIN.to_le_bytes().repeat(8);
    let mut graph = Graph {
        nodes: vec![
            brightest(),
            node("Cast", &["brightest"], "whole", &[int_attribute("to", INT64)]),
            node("Mul", &["whole", "none"], "nothing", &[]),
            node("Add", &["least", "nothing"], "moved", &[]),
            node("Div", &[if at_once { "least" } else { "moved" }, "minus_one"], "quotient", &[]),
            node("ReduceMax", &["quotient"], "one", &[int_attribute("keepdims", 0)]),
            node("Cast", &["one"], "number", &[int_attribute("to", FLOAT)]),
            node("Add", &["zeros", "number"], "scores", &[]),
        ],
        constants: vec![
            floats("zeros", &[1, 5], 0.0),
            constant("none", INT64, &[], &0i64.to_le_bytes()),
            constant("least", INT64, &[8], &least),
            constant("minus_one", INT64, &[], &(-1i64).to_le_bytes()),
        ],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write(file);
}

/// A classifier whose loop doubles what it carries, without an end.
pub fn growing_loop(file: &Path) {
    let body = Graph {
        nodes: vec![
            node("Identity", &["go_on"], "go_on_again", &[]),
            node("Concat", &["carried", "carried"], "doubled", &[int_attribute("axis", 0)]),
        ],
        constants: Vec::new(),
        inputs: vec![value("count", INT64, &[]), value("go_on", BOOL, &[]), open_value("carried", FLOAT)],
        outputs: vec![value("go_on_again", BOOL, &[]), open_value("doubled", FLOAT)],
    };
    let body = [bytes(1, "body"), bytes(6, body.encode()), number(20, 5)].concat();
    let mut graph = Graph {
        nodes: vec![
            brightest(),
            node("Greater", &["brightest", "limit"], "bright", &[]),
            node("Add", &["many", "brightest"], "begin", &[]),
            node("Loop", &["", "bright", "begin"], "carried_out", &[body]),
            node("ReduceMax", &["carried_out"], "greatest", &[int_attribute("keepdims", 0)]),
            node("Add", &["zeros", "greatest"], "scores", &[]),
        ],
        constants: vec![
            floats("limit", &[], -100.0),
            floats("zeros", &[1, 5], 0.0),
            floats("many", &[1000], 0.0),
        ],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write(file);
}

/// A classifier that is open at once and computes for a minute on every image, in one operator: the non-maximum suppression of
/// 400,000 boxes that don't overlap.
pub fn slow_to_run(file: &Path) {
    let count: u64 = 400_000;
    let mut graph = Graph {
        nodes: vec![
            brightest(),
            node("Mul", &["brightest", "none"], "nothing", &[]),
            node("Add", &["box", "nothing"], "moved", &[]),
            node("Expand", &["moved", "boxes_shape"], "boxes", &[]),
            node("Expand", &["one", "weights_shape"], "weights", &[]),
            node("NonMaxSuppression", &["boxes", "weights", "most", "overlap", "least"], "kept", &[]),
            node("Cast", &["kept"], "numbers", &[int_attribute("to", FLOAT)]),
            node("ReduceMax", &["numbers"], "greatest", &[int_attribute("keepdims", 0)]),
            node("Add", &["zeros", "greatest"], "scores", &[]),
        ],
        constants: vec![
            floats("zeros", &[1, 5], 0.0),
            floats("none", &[], 0.0),
            floats("box", &[1, 1, 4], 0.0),
            floats("one", &[1, 1, 1], 1.0),
            constant("boxes_shape", INT64, &[3], &[1, count, 4].map(u64::to_le_bytes).concat()),
            constant("weights_shape", INT64, &[3], &[1, 1, count].map(u64::to_le_bytes).concat()),
            constant("most", INT64, &[1], &count.to_le_bytes()),
            floats("overlap", &[1], 0.5),
            floats("least", &[1], 0.0),
        ],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write(file);
}

/// A classifier of a few hundred bytes whose functions, each of which calls the next one twice, are two to the power of
/// `depth` nodes.
pub fn function_bomb(file: &Path, depth: usize) {
    let call = |level: usize, from: &str, to: &str| {
        [node(&format!("f{level}"), &[from], to, &[]), bytes(7, OWN)].concat()
    };
    let function = |level: usize| {
        let nodes = if level == depth {
            vec![node("Identity", &["x"], "y", &[])]
        } else {
            vec![call(level + 1, "x", "between"), call(level + 1, "between", "y")]
        };
        let imports =
            [(OWN, 1), ("", 17)].map(|(domain, n)| bytes(9, [bytes(1, domain), number(2, n)].concat()));
        let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(7, node)).collect();
        [bytes(1, format!("f{level}")), bytes(4, "x"), bytes(5, "y"), nodes, imports.concat(), bytes(10, OWN)]
            .concat()
    };
    let functions: Vec<Vec<u8>> = (0..=depth).map(function).collect();
    let mut graph = Graph {
        nodes: vec![
            brightest(),
            node("Add", &["zeros", "brightest"], "start", &[]),
            call(0, "start", "scores"),
        ],
        constants: vec![floats("zeros", &[1, 5], 0.0)],
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    graph.write_for(file, 128, &functions);
}

/// A real, if tiny, classifier of ten classes for images of 32×32: a convolution, global pooling and a fully connected layer, with
/// weights that a formula gives.
pub fn small_classifier(file: &Path) {
    let weights = |count: usize, seed: u64| -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    };
    let graph = Graph {
        nodes: vec![
            node("Conv", &["image", "filters"], "map", &[ints_attribute("strides", &[2, 2])]),
            node("Relu", &["map"], "positive", &[]),
            node("GlobalAveragePool", &["positive"], "pooled", &[]),
            node("Flatten", &["pooled"], "embedding", &[]),
            node("Gemm", &["embedding", "last", "bias"], "scores", &[int_attribute("transB", 1)]),
        ],
        constants: vec![
            table("filters", &[24, 3, 4, 4], &weights(24 * 3 * 4 * 4, 1)),
            table("last", &[10, 24], &weights(240, 2)),
            table("bias", &[10], &weights(10, 3)),
        ],
        inputs: vec![value("image", FLOAT, &[1, 3, 32, 32])],
        outputs: vec![value("scores", FLOAT, &[1, 10])],
    };
    let model = [number(1, 8), bytes(7, graph.encode()), bytes(8, number(2, 17))].concat();
    std::fs::write(file, model).expect("a model can be written");
}
