//! Data sets and evaluations on the command line.

mod common;

use common::{TestEnv, shared};
use serde_json::{Value, json};

/// A data set in COCO's JSON that labels what YOLOX-Nano finds in three images; classes have COCO's own ids, so numbers differ.
fn labelled(env: &TestEnv) -> Value {
    let images = ["dog.jpg", "bus.jpg", "traffic_060.jpg"];
    std::fs::create_dir(env.path("images")).expect("a folder");
    for name in images {
        env.bring(&format!("media/{name}"), format!("images/{name}"));
    }
    let found = env.predict(["images", "--format", "jsonl", "--quiet", "--conf", "0.3"]).with_code(0);
    let (mut listed, mut labels, mut classes) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for (id, line) in found.json_lines().iter().enumerate() {
        let name = line["source"].as_str().and_then(|path| path.rsplit('/').next()).expect("a name");
        listed.push(
            json!({"id": id + 1, "file_name": name, "width": line["size"][0], "height": line["size"][1]}),
        );
        for one in line["detections"].as_array().expect("detections") {
            let class = one["label"].as_str().expect("a label").to_owned();
            let at = classes.iter().position(|known| *known == class).unwrap_or_else(|| {
                classes.push(class);
                classes.len() - 1
            });
            let corner = |index: usize| one["box"][index].as_f64().expect("a number");
            let (w, h) = (corner(2) - corner(0), corner(3) - corner(1));
            labels.push(json!({"id": labels.len() + 1, "image_id": id + 1, "category_id": 90 - at,
                "bbox": [corner(0), corner(1), w, h], "area": w * h, "iscrowd": 0}));
        }
    }
    assert!(labels.len() > 3, "the model finds something");
    let classes: Vec<Value> =
        classes.iter().enumerate().map(|(at, name)| json!({"id": 90 - at, "name": name})).collect();
    json!({"images": listed, "annotations": labels, "categories": classes})
}

#[test]
fn a_model_is_perfect_on_its_own_labels_and_worse_on_wrong_ones() {
    let env = TestEnv::new();
    let mut coco = labelled(&env);
    let model = shared("models/yolox_nano.onnx");
    let evaluate = |data: &Value| {
        std::fs::write(env.path("coco.json"), data.to_string()).expect("writable");
        let arguments = ["coco.json", "--images", "images", "--format", "json", "--quiet"];
        let ended =
            env.run(["evaluate".as_ref(), model.as_os_str()].into_iter().chain(arguments.map(AsRef::as_ref)));
        let ended = ended.with_code(0);
        serde_json::from_str::<Value>(&ended.out).expect("JSON")
    };
    let right = evaluate(&coco);
    let boxes = &right["figures"]["detection"]["box"];
    let map = boxes["coco"]["map"].as_f64().expect("a figure");
    // Labels are rounded to a tenth of a pixel.
    assert!(map > 0.9, "{map}");
    assert_eq!((&right["images"], &right["counted"]), (&json!(3), &json!("all")));
    // A label moved away is missed, and what is found there is false.
    coco["annotations"][0]["bbox"] = json!([0, 0, 5, 5]);
    let wrong = evaluate(&coco);
    let boxes = &wrong["figures"]["detection"]["box"];
    assert!(boxes["coco"]["map"].as_f64().expect("a figure") < map);
    let kinds: Vec<&str> = boxes["worst"]
        .as_array()
        .expect("images")
        .iter()
        .flat_map(|image| image["mistakes"].as_array().expect("mistakes"))
        .filter_map(|mistake| mistake["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"missed") && kinds.contains(&"false"), "{kinds:?}");
}

#[test]
fn a_data_set_goes_from_one_format_to_another() {
    let env = TestEnv::new();
    let mut coco = labelled(&env);
    // A name that would colour the terminal.
    coco["categories"][0]["name"] = json!("dog\u{1b}[31m");
    std::fs::write(env.path("coco.json"), coco.to_string()).expect("writable");
    let imported = env.run(["dataset", "import", "coco.json", "own", "--images", "images"]).with_code(0);
    assert!(imported.out.contains("3 images"), "{}", imported.out);
    let info = env.run(["dataset", "info", "own"]).with_code(0);
    assert!(info.out.contains("dog\\u{1b}[31m") && !info.out.contains('\u{1b}'), "{:?}", info.out);
    env.run(["dataset", "export", "own", "yolo", "--to", "yolo-detect", "--split", "60/40"]).with_code(0);
    // The data set keeps the split, so that a model is measured by what it wasn't trained with.
    let kept = env.run(["dataset", "info", "own", "--format", "json"]).with_code(0);
    let kept: Value = serde_json::from_str(&kept.out).expect("JSON");
    assert_eq!((&kept["train"], &kept["val"]), (&json!(2), &json!(1)));
    let model = shared("models/yolox_nano.onnx");
    let measured = env.run(["evaluate".as_ref(), model.as_os_str(), "own".as_ref()]).with_code(0);
    assert!(measured.out.contains(": 1 image for validation,"), "{}", measured.out);
    assert!(!measured.out.contains("1 images"), "{}", measured.out);
    let again = env.run(["dataset", "info", "yolo", "--format", "json"]).with_code(0);
    let again: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!((&again["format"], &again["images"], &again["val"]), (&json!("yolo"), &json!(3), &json!(1)));
    assert_eq!(again["labels"], coco["annotations"].as_array().expect("labels").len());
    // Nothing is written over, and nothing is half there.
    let taken = env.run(["dataset", "import", "coco.json", "own", "--images", "images"]).with_code(1);
    assert!(taken.err.contains("holds something already") && taken.err.contains("fix:"), "{}", taken.err);
    let none = env.run(["dataset", "export", "images", "out", "--to", "coco"]).with_code(1);
    assert!(none.err.contains("not a data set"), "{}", none.err);
    assert!(!env.path("out").exists());
    let checked = env.run(["dataset", "check", "own", "--format", "json", "--sharp", "0"]);
    let checked: Value = serde_json::from_str(&checked.out).expect("JSON");
    assert_eq!(checked["images"], 3);
    // Nobody has reviewed the image for validation any more.
    for entry in std::fs::read_dir(env.path("own/labels")).expect("labels").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("labels");
        let mut labels: Value = serde_json::from_str(&text).expect("JSON");
        labels["reviewed"] = json!(labels["split"] != "val");
        std::fs::write(entry.path(), labels.to_string()).expect("writable");
    }
    let val = ["evaluate".as_ref(), model.as_os_str(), "own".as_ref(), "--split".as_ref(), "val".as_ref()];
    let none = env.run(val).with_code(1);
    assert!(none.err.contains("No image for \u{201c}val\u{201d} is reviewed"), "{}", none.err);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let env = TestEnv::new();
    let mut coco = labelled(&env);
    for (at, class) in coco["categories"].as_array_mut().expect("classes").iter_mut().enumerate() {
        class["name"] = json!(format!("unicorn {at}"));
    }
    std::fs::write(env.path("coco.json"), coco.to_string()).expect("writable");
    let model = shared("models/yolox_nano.onnx");
    let run = |arguments: &[&str]| {
        let all =
            ["evaluate".as_ref(), model.as_os_str()].into_iter().chain(arguments.iter().map(AsRef::as_ref));
        env.run(all)
    };
    let none = run(&["coco.json", "--images", "images"]).with_code(1);
    assert!(none.err.contains("no class in common"), "{}", none.err);
    let split = run(&["coco.json", "--images", "images", "--split", "test"]).with_code(2);
    assert!(split.err.contains("no images for"), "{}", split.err);
    let missing = run(&["nowhere"]).with_code(1);
    assert!(missing.err.contains("no data set"), "{}", missing.err);
}
