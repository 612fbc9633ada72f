//! What `sightline models deploy` writes is what real servers load, and they tell what the model is.

mod common;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::servers::{KServe, Server, Triton, python};
use common::{TestEnv, shared};
use serde_json::{Value, json};
use sightline::model::description::{self, Description};
use sightline::model::identify::identify;
use sightline::model::sidecar::Sidecar;
use sightline::model::{Spec, inspect};

fn family(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
}

/// The spec without how it was found.
fn bare(spec: Spec) -> Spec {
    Spec { evidence: Vec::new(), confidence: 0.0, companion: None, ..spec }
}

/// Fails unless a text describes the model as its file does.
#[track_caller]
fn assert_described(text: &str, model: &Path) {
    let told = Description::parse(text).expect("a description");
    let there = identify(&told.graph, &told.settings).expect("recognised");
    let here = inspect(model).expect("a model").spec.expect("recognised");
    assert_eq!(bare(there), bare(here));
    assert_eq!(told.sha256, sightline::model::sha256(model).expect("read"));
}

#[test]
fn sample_models_are_described_as_their_files() {
    let folder = shared("models/yolox_nano.onnx").parent().expect("a folder").to_owned();
    let files = std::fs::read_dir(folder).expect("models").flatten().map(|entry| entry.path());
    for model in files.filter(|path| path.extension().is_some_and(|e| e == "onnx")) {
        if inspect(&model).expect("a model").spec.is_ok() {
            let described = Description::of_file(&model, &Sidecar::default()).expect("a model");
            assert_described(&described.to_json(), &model);
        }
    }
}

/// Deploys a model with the program; gives what it prints as JSON.
fn deploy(env: &TestEnv, model: &Path, arguments: &[&str]) -> Value {
    let mut command = env.bare();
    command.args(["models", "deploy", "--format", "json"]).arg(model).args(arguments);
    let ended = common::Ended::of(command.output().expect("the program starts")).with_code(0);
    serde_json::from_str(&ended.out).expect("JSON")
}

/// The name, type and shape of the first input or output.
fn first(metadata: &Value, kind: &str) -> Value {
    let tensor = &metadata[kind][0];
    // Triton writes sizes as numbers in metadata; in requests, too.
    json!([tensor["name"], tensor["datatype"], tensor["shape"]])
}

/// Sends one request with zeros as binary data; gives the bytes of the first output.
fn infer(server: &Server, name: &str, input: &str, output: &str, shape: &[usize]) -> Vec<u8> {
    let bytes = shape.iter().product::<usize>() * 4;
    let head = json!({
        "inputs": [{"name": input, "datatype": "FP32", "shape": shape, "parameters": {"binary_data_size": bytes}}],
        "outputs": [{"name": output, "parameters": {"binary_data": true}}],
    })
    .to_string();
    let body = [head.as_bytes(), &vec![0; bytes]].concat();
    let mut answer = ureq::post(server.url(&format!("v2/models/{name}/infer")))
        .header("Content-Type", "application/octet-stream")
        .header("Inference-Header-Content-Length", head.len().to_string())
        .send(&body[..])
        .expect("an answer");
    let length = answer.headers().get("inference-header-content-length").expect("binary outputs");
    let length: usize = length.to_str().expect("text").parse().expect("a number");
    let mut body = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut body).expect("a body");
    let head: Value = serde_json::from_slice(&body[..length]).expect("JSON");
    assert_eq!(head["outputs"][0]["name"], output);
    body.split_off(length)
}

#[test]
fn triton_loads_what_is_deployed_and_tells_what_it_is() {
    python("triton");
    let env = TestEnv::new();
    let repository = env.path("repository");
    let to = repository.to_str().expect("a path").to_owned();
    let triton = ["--to", "triton", "--python", to.as_str()];
    // Every way in which the configuration differs: fixed sizes, a batch, open sizes with states, any size, names from anywhere.
    for name in ["yolox", "modnet", "rvm", "centerface"] {
        deploy(&env, &family(&format!("{name}.onnx")), &triton);
    }
    let odd = env.path("\u{731b} \"\u{72d7}\".onnx");
    std::fs::copy(family("lora_classifier.onnx"), &odd).expect("a copy");
    let labels = vec!["say \"hi\" \\ \n".into(), "\u{72d7}".into(), "\u{1b}[2J".into()];
    Sidecar { labels: Some(labels), ..Sidecar::default() }.save(&odd).expect("saved");
    let told = deploy(&env, &odd, &triton);
    assert_eq!(told["name"], "meng_gou");
    assert!(told["notes"][0].as_str().expect("a note").contains("meng_gou"), "{told}");

    let mut server = Triton::start(&repository);
    let described = |server: &Server, name: &str| {
        let config = server.get(&format!("v2/models/{name}/config"));
        let text =
            config["parameters"]["sightline"]["string_value"].as_str().expect("a description").to_owned();
        (server.get(&format!("v2/models/{name}")), text)
    };
    for (name, input, output) in [
        ("yolox", json!(["images", "FP32", [1, 3, 64, 64]]), None),
        (
            "modnet",
            json!(["input", "FP32", [-1, 3, -1, -1]]),
            Some(json!(["output", "FP32", [-1, 1, -1, -1]])),
        ),
        ("rvm", json!(["src", "FP32", [1, 3, -1, -1]]), None),
        ("centerface", json!(["input.1", "FP32", [-1, 3, -1, -1]]), None),
    ] {
        let (metadata, text) = described(&server, name);
        assert_eq!(first(&metadata, "inputs"), input);
        assert!(output.is_none_or(|output| first(&metadata, "outputs") == output), "{metadata}");
        assert_described(&text, &family(&format!("{name}.onnx")));
    }
    assert_described(&described(&server, "meng_gou").1, &odd);
    // Another size than the file's, and two images at once.
    assert_eq!(infer(&server, "modnet", "input", "output", &[2, 3, 64, 64]).len(), 2 * 64 * 64 * 4);
    assert!(!infer(&server, "centerface", "input.1", "537", &[1, 3, 96, 64]).is_empty());
    server.kill();
    assert!(ureq::get(server.url("v2/health/live")).call().is_err(), "it is gone");
    server.restart();
    assert_eq!(described(&server, "yolox").0["name"], "yolox");
}

#[test]
fn kserve_serves_what_is_deployed_and_both_servers_answer_the_same() {
    python("kserve");
    let env = TestEnv::new();
    let model = family("yolox.onnx");
    let folder = env.path("served");
    let told = deploy(&env, &model, &["--to", "kserve", folder.to_str().expect("a path")]);
    assert_eq!(told["name"], "yolox");
    let server = KServe::start(&folder.join("yolox"));
    let metadata = server.get("v2/models/yolox");
    assert_eq!(first(&metadata, "inputs"), json!(["images", "FP32", [1, 3, 64, 64]]));
    let platform = metadata["platform"].as_str().expect("text");
    assert_described(platform.strip_prefix(description::PLATFORM).expect("a description"), &model);
    let output = metadata["outputs"][0]["name"].as_str().expect("a name").to_owned();
    let answered = infer(&server, "yolox", "images", &output, &[1, 3, 64, 64]);
    drop(server);

    let repository = env.path("repository");
    deploy(&env, &model, &["--to", "triton", "--python", repository.to_str().expect("a path")]);
    let server = Triton::start(&repository);
    assert_eq!(infer(&server, "yolox", "images", &output, &[1, 3, 64, 64]), answered);
}

/// The manifest of the documents is the one that their line writes.
#[test]
fn the_documented_manifest_is_what_is_written() {
    let env = TestEnv::new();
    let model = env.bring("models/yolox_nano.onnx", "yolox_nano.onnx");
    for document in ["docs/servers.md", "docs/servers.zh.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document))
            .expect("a document");
        let shown =
            text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a manifest");
        let line = text.lines().find(|line| line.contains("--storage-uri s3://")).expect("a command");
        let options: Vec<&str> =
            line.split_whitespace().skip_while(|word| *word != "--storage-uri").collect();
        let folder = env.path("served");
        let to = ["--to", "kserve", folder.to_str().expect("a path")];
        deploy(&env, &model, &[&to[..], &options].concat());
        let written =
            std::fs::read_to_string(folder.join("yolox_nano/inferenceservice.yaml")).expect("a manifest");
        let written: Vec<&str> = written.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(shown.lines().collect::<Vec<_>>(), written, "{document}");
    }
}

/// `KServe`'s own classes of the manifest, which `OpenAPI` Generator makes, know every field and its type.
#[test]
fn kserve_s_own_schema_takes_the_manifest() {
    let python = python("kserve");
    let env = TestEnv::new();
    let folder = env.path("served");
    let to = ["--to", "kserve", folder.to_str().expect("a path")];
    let more = [
        "--gpu",
        "--scale-metric",
        "cpu",
        "--max-replicas",
        "9",
        "--storage-uri",
        "s3://a/\u{72d7}",
        "--force",
    ];
    for more in [&[][..], &more[..]] {
        deploy(&env, &family("yolox.onnx"), &[&to[..], more].concat());
        let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/check-kserve.py");
        let output =
            Command::new(&python).arg(check).arg(folder.join("yolox/inferenceservice.yaml")).output();
        let output = output.expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The lines of the first block of commands after a heading.
fn block(document: &str, heading: &str) -> Vec<String> {
    let (_, after) = document.split_once(&format!("\n{heading}\n")).expect("a heading");
    after.split("```").nth(1).expect("a block").lines().skip(1).map(ToOwned::to_owned).collect()
}

/// The five lines of docs/servers.md, but for those that set Python up: the tests have that already.
#[test]
fn the_documented_lines_start_servers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (document, server, heading) in
        [("docs/servers.md", "triton", "## Triton"), ("docs/servers.zh.md", "kserve", "## KServe")]
    {
        python(server);
        let text = std::fs::read_to_string(root.join(document)).expect("a document");
        let lines = block(&text, heading);
        assert_eq!(lines.len(), 5, "{lines:?}");
        assert_eq!(lines[0], format!("python3 -m venv {server}"));
        let packages = lines[1].strip_prefix(&format!("{server}/bin/pip install ")).expect("pip").to_owned();
        let set_up = std::fs::read_to_string(root.join("scripts/servers.sh")).expect("a script");
        let pinned =
            set_up.lines().find(|line| line.starts_with(&format!("{server}='"))).expect("its packages");
        for package in packages.replace(['"', '<'], " ").split_whitespace().filter(|word| *word != "2") {
            assert!(pinned.contains(&format!("{package}==")), "{package} isn't in {pinned}");
        }
        let env = TestEnv::new();
        env.bring("models/yolox_nano.onnx", "yolox_nano.onnx");
        std::os::unix::fs::symlink(root.join(".setup/servers").join(server), env.path(server))
            .expect("a link");
        let program = Path::new(env!("CARGO_BIN_EXE_sightline")).parent().expect("a folder");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let deployed = Command::new("sh")
            .args(["-c", &lines[2]])
            .current_dir(env.path(""))
            .env("PATH", path)
            .env("HOME", env.path("home"))
            .output()
            .expect("a shell");
        assert!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
        let printed = String::from_utf8_lossy(&deployed.stdout).into_owned();
        let address = lines[4].strip_prefix("sightline ").expect("a command");
        assert!(printed.contains(address), "{address} isn't in {printed}");
        let running = Server::of_line(&lines[3], &env.path(""), server);
        assert_eq!(running.get("v2/models/yolox_nano")["name"], "yolox_nano");
    }
}
