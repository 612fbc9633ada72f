use std::collections::BTreeMap;

use super::*;
use crate::model::file::GraphInfo;

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
}

fn write(name: &str, target: Target, folder: &Path, options: &Options) -> Result<Deployed, DeployError> {
    deploy(&model(name), &Sidecar::default(), target, folder, options)
}

/// Every file below a folder, with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
    files
}

#[test]
fn what_is_told_is_what_was_written_and_nothing_else() {
    for target in Target::ALL {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("new/models");
        let deployed = write("yolox.onnx", target, &folder, &Options::default()).expect("deployed");
        let told: Vec<PathBuf> = deployed.files.iter().map(|file| folder.join(file)).collect();
        assert_eq!(tree(&folder).keys().cloned().collect::<Vec<_>>(), told, "{target:?}");
        assert!(told.iter().any(|file| file.ends_with("1/model.onnx")), "{told:?}");
        let again = write("yolox.onnx", target, &folder, &Options::default()).expect("the same again");
        assert_eq!(again.notes[0], Note::Unchanged);
    }
}

#[cfg(unix)]
#[test]
fn servers_under_other_accounts_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().expect("a folder");
    write("yolox.onnx", Target::Triton, home.path(), &Options::default()).expect("deployed");
    let mode = |name: &str| home.path().join(name).metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!([mode("yolox"), mode("yolox/1")], [0o755; 2]);
    assert_eq!([mode("yolox/config.pbtxt"), mode("yolox/1/model.onnx")], [0o644; 2]);
}

#[test]
fn other_content_is_replaced_on_request_only_and_strangers_folders_never() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    write("yolox.onnx", Target::Triton, folder, &Options::default()).expect("deployed");
    let before = tree(folder);
    let changed = Options { instances: 2, ..Options::default() };
    let error = write("yolox.onnx", Target::Triton, folder, &changed).expect_err("another content");
    assert!(matches!(&error, DeployError::Exists { path } if path.ends_with("yolox")), "{error}");
    assert_eq!(tree(folder), before);
    let forced = Options { force: true, ..changed };
    write("yolox.onnx", Target::Triton, folder, &forced).expect("replaced");
    let config = std::fs::read_to_string(folder.join("yolox/config.pbtxt")).expect("a file");
    assert!(config.contains("count: 2"), "{config}");
    std::fs::create_dir(folder.join("Documents")).expect("a folder");
    std::fs::write(folder.join("Documents/thesis.txt"), "years").expect("a file");
    let named = Options { name: Some("Documents".into()), ..forced };
    let error = write("yolox.onnx", Target::Triton, folder, &named).expect_err("no deployment");
    assert!(matches!(error, DeployError::NotDeployed { .. }), "{error}");
    assert!(folder.join("Documents/thesis.txt").is_file());
    std::fs::write(folder.join("start.py"), "print('mine')").expect("a file");
    let python = Options { python: true, force: true, ..Options::default() };
    let error = write("yolox.onnx", Target::Triton, folder, &python).expect_err("somebody's program");
    assert!(matches!(&error, DeployError::NotDeployed { path } if path.ends_with("start.py")), "{error}");
    let hidden = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name());
    assert!(hidden.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
}

#[test]
fn nothing_is_left_of_what_fails() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("a/b");
    let options = Options { storage_uri: Some("no address".into()), ..Options::default() };
    let error = write("yolox.onnx", Target::KServe, &folder, &options).expect_err("no address");
    assert!(matches!(error, DeployError::Storage { .. }), "{error}");
    assert!(!home.path().join("a").exists(), "folders that were made go too");
    std::fs::write(home.path().join("file"), "").expect("a file");
    let error = write("yolox.onnx", Target::Triton, &home.path().join("file"), &Options::default());
    assert!(matches!(error, Err(DeployError::Write { .. })));
}

#[test]
fn a_deployment_that_fails_at_its_end_leaves_everything_as_it_was() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    write("yolox.onnx", Target::Ovms, folder, &Options::default()).expect("deployed");
    std::fs::remove_file(folder.join("yolox.sightline.json")).expect("removed");
    // A folder where the description is to be: the last file can't be written.
    std::fs::create_dir(folder.join("yolox.sightline.json")).expect("a folder");
    std::fs::write(folder.join("yolox.sightline.json/mine"), "").expect("a file");
    std::fs::write(folder.join("yolox/1/model.onnx"), "the one before").expect("a file");
    let config = std::fs::read(folder.join("config.json")).expect("a file");
    let forced = Options { force: true, instances: 3, ..Options::default() };
    let error = write("yolox.onnx", Target::Ovms, folder, &forced).expect_err("no place");
    assert!(matches!(error, DeployError::Write { .. }), "{error}");
    assert_eq!(std::fs::read(folder.join("config.json")).expect("a file"), config);
    let model = std::fs::read_to_string(folder.join("yolox/1/model.onnx")).expect("a file");
    assert_eq!(model, "the one before");
    std::fs::create_dir(folder.join("modnet.sightline.json")).expect("a folder");
    write("modnet.onnx", Target::Ovms, folder, &Options::default()).expect_err("no place");
    assert!(!folder.join("modnet").exists(), "a new model goes again");
    assert_eq!(std::fs::read(folder.join("config.json")).expect("a file"), config);
    std::fs::remove_file(folder.join("config.json")).expect("removed");
    std::fs::create_dir(folder.join("config.json")).expect("a folder");
    let error = write("modnet.onnx", Target::Ovms, folder, &Options::default()).expect_err("no file");
    assert!(matches!(error, DeployError::OtherConfig { .. }), "{error}");
}

fn config(name: &str, options: &Options) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let deployed = write(name, Target::Triton, home.path(), options).expect("deployed");
    std::fs::read_to_string(home.path().join(deployed.name).join("config.pbtxt")).expect("a file")
}

#[test]
fn only_models_of_several_images_are_batched() {
    let config = |name: &str| config(name, &Options { batch_delay_us: 500, ..Options::default() });
    let modnet = config("modnet.onnx");
    assert!(modnet.contains("max_batch_size: 8\n") && modnet.contains("max_queue_delay_microseconds: 500"));
    assert!(modnet.contains("name: \"input\" data_type: TYPE_FP32 dims: [ 3, -1, -1 ]"), "{modnet}");
    let rvm = config("rvm.onnx");
    assert!(rvm.contains("max_batch_size: 0\n") && !rvm.contains("dynamic_batching"));
    assert!(rvm.contains("name: \"r1i\" data_type: TYPE_FP32 dims: [ 1, -1, -1, -1 ]"), "{rvm}");
}

#[test]
fn networks_of_any_size_get_them_on_the_server() {
    let home = tempfile::tempdir().expect("a folder");
    write("centerface.onnx", Target::Triton, home.path(), &Options::default()).expect("deployed");
    let graph = GraphInfo::read(&home.path().join("centerface/1/model.onnx")).expect("a model");
    assert_eq!(graph.inputs[0].shape, [None; 4], "the number of axes stays");
    assert!(config("centerface.onnx", &Options::default()).contains("dims: [ -1, 3, -1, -1 ]"));
}

#[test]
fn weights_in_other_files_and_what_stays_behind_are_told() {
    let home = tempfile::tempdir().expect("a folder");
    let deployed = write("lora_classifier.onnx", Target::Triton, home.path(), &Options::default());
    assert!(deployed.expect("deployed").notes.contains(&Note::Adapters));
    let notes =
        write("st_gcn.onnx", Target::Triton, home.path(), &Options::default()).expect("deployed").notes;
    assert_eq!(notes, [Note::Companion]);
    let notes = write("rvm.onnx", Target::Triton, home.path(), &Options::default()).expect("deployed").notes;
    assert_eq!(notes, [Note::State]);
    let named = Options { name: Some("行人 检测/1".into()), ..Options::default() };
    let deployed = write("yolox.onnx", Target::Triton, home.path(), &named).expect("deployed");
    assert_eq!(deployed.name, "xing_ren_jian_ce_1");
    assert!(matches!(deployed.notes[0], Note::Renamed { .. }));
}

/// The properties of `model_config` in the schema by which the server checks its configuration (`openvinotoolkit/model_server`,
/// src/schema.cpp, `MODELS_CONFIG_SCHEMA`), each with its types.
const OVMS_PROPERTIES: [(&str, &str); 13] = [
    ("name", "string"),
    ("base_path", "string"),
    ("batch_size", "integer string"),
    ("model_version_policy", "object"),
    ("shape", "object string"),
    ("nireq", "integer"),
    ("target_device", "string"),
    ("plugin_config", "object"),
    ("stateful", "boolean"),
    ("idle_sequence_cleanup", "boolean"),
    ("low_latency_transformation", "boolean"),
    ("max_sequence_number", "integer"),
    ("custom_loader_options", "object"),
];

#[test]
fn openvino_model_server_s_schema_holds_and_other_models_stay() {
    let home = tempfile::tempdir().expect("a folder");
    let options = Options { instances: 3, threads: Some(2), ..Options::default() };
    write("yolox.onnx", Target::Ovms, home.path(), &options).expect("deployed");
    let gpu = Options { gpu: true, ..Options::default() };
    write("modnet.onnx", Target::Ovms, home.path(), &gpu).expect("deployed");
    write("yolox.onnx", Target::Ovms, home.path(), &options).expect("the same again");
    let text = std::fs::read_to_string(home.path().join("config.json")).expect("a file");
    let config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(config.as_object().expect("an object").keys().collect::<Vec<_>>(), ["model_config_list"]);
    let list = config["model_config_list"].as_array().expect("a list");
    for entry in list {
        assert_eq!(entry.as_object().expect("an object").keys().collect::<Vec<_>>(), ["config"]);
        let entry = entry["config"].as_object().expect("an object");
        assert!(entry.contains_key("name") && entry.contains_key("base_path"), "both are required");
        for (key, value) in entry {
            let (_, kinds) = OVMS_PROPERTIES.iter().find(|(name, _)| name == key).expect("a property");
            let kind = match value {
                serde_json::Value::String(_) => "string",
                serde_json::Value::Number(number) if number.is_u64() => "integer",
                serde_json::Value::Bool(_) => "boolean",
                serde_json::Value::Object(_) => "object",
                _ => "another type",
            };
            assert!(kinds.split(' ').any(|one| one == kind), "{key}: {value}");
        }
    }
    let names: Vec<_> = list.iter().map(|entry| entry["config"]["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["modnet", "yolox"]);
    let told = std::fs::read_to_string(home.path().join("yolox.sightline.json")).expect("a file");
    assert!(Description::parse(&told).is_ok());
    std::fs::write(home.path().join("config.json"), "{\"editor\": {}}").expect("a file");
    let error = write("yolov5.onnx", Target::Ovms, home.path(), &Options::default()).expect_err("another's");
    assert!(matches!(error, DeployError::OtherConfig { .. }), "{error}");
    assert!(!home.path().join("yolov5").exists());
}

/// A model's file is a stranger's: the names in it must not become code.
#[test]
fn no_name_in_a_model_becomes_code() {
    let odd = "\"]; import os; x = [\"@OUTPUTS@\n\\";
    let tensor = |name: &str| tensors::Tensor { name: name.into(), kind: "FP32", shape: vec![1] };
    let path = model("yolox.onnx");
    let options = Options::default();
    let job = Job {
        path: &path,
        name: "yolox".into(),
        description: Description::of_file(&path, &Sidecar::default()).expect("a model"),
        spec: Err(identify::Unknown::NotUnderstood(String::new())),
        tensors: Tensors { inputs: vec![tensor(odd)], outputs: vec![tensor(odd)], batched: false },
        edited: None,
        external: Vec::new(),
        options: &options,
    };
    let server = kserve::server(&job);
    let literal = |line: &str| server.lines().find_map(|l| l.strip_prefix(line)).expect("a line").to_owned();
    for line in ["INPUTS = ", "OUTPUTS = "] {
        let list: serde_json::Value = serde_json::from_str(&literal(line)).expect("one literal");
        assert_eq!(list[0]["name"], odd);
    }
}
