//! Importing models: each bad file has a clear error, none is written outside its folder, nothing is left half done.

mod common;

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Ended, TestEnv, shared};

/// The folder that the program imports into.
fn home(env: &TestEnv) -> PathBuf {
    env.path("..").join("data/sightline/models")
}

fn models(env: &TestEnv, arguments: &[&str]) -> Ended {
    Ended::of(env.bare().arg("models").args(arguments).output().expect("the program starts"))
}

/// The files in the library's folder, hidden ones too.
fn contents(env: &TestEnv) -> Vec<String> {
    let entries = std::fs::read_dir(home(env)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[track_caller]
fn refused(env: &TestEnv, path: &Path, words: &[&str]) {
    let ended = models(env, &["import", path.to_str().expect("a plain path")]).with_code(1);
    for word in words {
        assert!(ended.err.contains(word), "{word} isn't in: {}", ended.err);
    }
    assert!(ended.err.contains("fix: "), "{}", ended.err);
    assert_eq!(contents(env), Vec::<String>::new(), "nothing is left behind");
}

#[test]
fn a_model_is_imported_identified_and_found_by_its_name() {
    let env = TestEnv::new();
    env.bring("models/yolox_nano.onnx", "mine.onnx");
    std::fs::write(env.path("mine.toml"), "labels = [\"a\"]").expect("a sidecar");
    let ended = models(&env, &["import", "mine.onnx", "--format", "json"]).with_code(0);
    let line = &ended.json_lines()[0];
    assert_eq!((line["task"].as_str(), line["family"].as_str()), (Some("detect"), Some("yolox")));
    assert_eq!(contents(&env), ["mine.onnx", "mine.toml"]);
    // The same once more is noticed; another one of the same name gets a number.
    let again = models(&env, &["import", "mine.onnx"]).with_code(0);
    assert!(again.out.contains("already in the library"), "{}", again.out);
    env.bring("models/ultraface_rfb_320.onnx", "mine.onnx");
    std::fs::remove_file(env.path("mine.toml")).expect("removed");
    models(&env, &["import", "mine.onnx"]).with_code(0);
    assert_eq!(contents(&env), ["mine-2.onnx", "mine.onnx", "mine.toml"]);
    // By name, from anywhere.
    let listed = models(&env, &["list", "--format", "json"]).with_code(0);
    let all: serde_json::Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    models(&env, &["rename", "mine-2", "Gesichter"]).with_code(0);
    models(&env, &["favourite", "Gesichter"]).with_code(0);
    let listed = models(&env, &["list", "face"]).with_code(0);
    assert!(
        listed.out.contains("★") && listed.out.contains("Gesichter") && !listed.out.contains("YOLOX"),
        "{}",
        listed.out
    );
}

#[test]
fn a_link_leaves_the_file_where_it_is() {
    let env = TestEnv::new();
    let file = env.bring("models/yolox_nano.onnx", "mine.onnx");
    models(&env, &["import", "--link", "mine.onnx"]).with_code(0);
    let link = home(&env).join("mine.onnx");
    assert_eq!(std::fs::read_link(&link).expect("a link"), file.canonicalize().expect("a path"));
    models(&env, &["remove", "mine", "--delete", "--yes"]).with_code(0);
    assert!(file.exists() && !link.is_symlink());
}

#[test]
fn a_truncated_an_empty_and_a_foreign_file_are_refused() {
    let env = TestEnv::new();
    let whole = std::fs::read(shared("models/yolox_nano.onnx")).expect("the model");
    let path = env.path("cut.onnx");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    refused(&env, &path, &["not a valid ONNX file"]);
    std::fs::write(&path, "").expect("written");
    refused(&env, &path, &["empty"]);
    std::fs::write(&path, "<!DOCTYPE html><html>not found</html>").expect("written");
    refused(&env, &path, &["web page"]);
    refused(&env, &shared("media/bus.jpg"), &["not a valid ONNX file"]);
    std::fs::create_dir(env.path("empty")).expect("a folder");
    refused(&env, &env.path("empty"), &["no ONNX model"]);
}

#[test]
fn a_dead_link_and_a_missing_file_are_named() {
    let env = TestEnv::new();
    refused(&env, Path::new("nothing.onnx"), &["nothing.onnx", "doesn't exist"]);
    std::os::unix::fs::symlink("/nowhere/at/all.onnx", env.path("dead.onnx")).expect("a link");
    refused(&env, &env.path("dead.onnx"), &["a link to a file that isn't there"]);
}

/// Protobuf: a field with a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        bytes.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A model of one weight whose data lies in the file `location`; field numbers of onnx.proto.
fn with_external_data(location: &str) -> Vec<u8> {
    let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
    let tensor = [vec![2 << 3, 1], field(8, b"w"), field(13, &entry), vec![14 << 3, 1]].concat();
    let graph = [field(2, b"g"), field(5, &tensor)].concat();
    let opset = vec![2 << 3, 17];
    [vec![1 << 3, 8], field(7, &graph), field(8, &opset)].concat()
}

#[test]
fn weights_that_are_missing_or_lie_elsewhere_are_named() {
    let env = TestEnv::new();
    let path = env.path("split.onnx");
    std::fs::write(&path, with_external_data("weights.bin")).expect("written");
    refused(&env, &path, &["weights.bin", "missing"]);
    std::fs::write(&path, with_external_data("../../secret.bin")).expect("written");
    refused(&env, &path, &["../../secret.bin", "outside its own folder"]);
    std::fs::write(&path, with_external_data("/etc/passwd")).expect("written");
    refused(&env, &path, &["/etc/passwd", "outside its own folder"]);
    // If they are there, they are imported too, into a folder of the model's own.
    std::fs::write(&path, with_external_data("weights.bin")).expect("written");
    std::fs::write(env.path("weights.bin"), [0; 8]).expect("written");
    models(&env, &["import", "split.onnx"]).with_code(0);
    assert!(home(&env).join("split/split.onnx").is_file() && home(&env).join("split/weights.bin").is_file());
    let listed = models(&env, &["list"]).with_code(0);
    assert!(listed.out.contains("split"), "{}", listed.out);
}

/// A folder with a model of that graph and those weights.
fn split_model(env: &TestEnv, folder: &str, name: &str, weights: &[u8]) -> String {
    let folder = env.path(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), with_external_data("weights.bin")).expect("written");
    std::fs::write(folder.join("weights.bin"), weights).expect("written");
    folder.join(name).to_str().expect("a plain path").to_owned()
}

#[test]
fn the_same_graph_with_other_weights_is_another_model() {
    let env = TestEnv::new();
    let (a, b) = (split_model(&env, "a", "best.onnx", b"1111"), split_model(&env, "b", "best.onnx", b"2222"));
    models(&env, &["import", &a]).with_code(0);
    let other = models(&env, &["import", &b]).with_code(0);
    assert!(!other.out.contains("already"), "{}", other.out);
    for (folder, weights) in [("best", b"1111"), ("best-2", b"2222")] {
        assert_eq!(std::fs::read(home(&env).join(folder).join("weights.bin")).expect("weights"), weights);
    }
    let again = models(&env, &["import", &b]).with_code(0);
    assert!(again.out.contains("already") && again.out.contains("best-2"), "{}", again.out);
}

#[test]
fn weights_that_changed_are_told_apart() {
    let env = TestEnv::new();
    let file = split_model(&env, "a", "best.onnx", b"1111");
    models(&env, &["import", &file]).with_code(0);
    let whole = models(&env, &["verify", "best"]).with_code(0);
    assert!(whole.out.contains("complete"), "{}", whole.out);
    let weights = home(&env).join("best/weights.bin");
    std::fs::write(&weights, b"1112").expect("written");
    let ended = models(&env, &["verify", "best"]).with_code(1);
    assert!(ended.out.contains("CHANGED") && ended.out.contains("weights"), "{}", ended.out);
    // A missing file is no complete model.
    std::fs::remove_file(&weights).expect("removed");
    let ended = models(&env, &["verify", "best"]).with_code(1);
    assert!(ended.out.contains("BROKEN"), "{}", ended.out);
    // A file outside the library can be verified, too.
    models(&env, &["verify", &file]).with_code(0);
}

#[test]
fn weights_that_two_models_share_go_with_the_last_of_them() {
    let env = TestEnv::new();
    for name in ["a.onnx", "b.onnx"] {
        std::fs::write(env.models().join(name), with_external_data("weights.bin")).expect("written");
    }
    let weights = env.models().join("weights.bin");
    std::fs::write(&weights, [0; 8]).expect("written");
    models(&env, &["remove", "a", "--delete", "--yes"]).with_code(0);
    assert!(weights.exists(), "the other model needs them");
    models(&env, &["remove", "b", "--delete", "--yes"]).with_code(0);
    assert!(!weights.exists());
    // An imported model's folder goes with it; of links, only the links.
    let file = split_model(&env, "mine", "best.onnx", b"1111");
    for arguments in [&["import", &file][..], &["import", "--link", &file]] {
        models(&env, arguments).with_code(0);
        models(&env, &["remove", "best", "--delete", "--yes"]).with_code(0);
        assert_eq!(contents(&env), Vec::<String>::new());
    }
    assert!(env.path("mine/weights.bin").exists() && Path::new(&file).exists());
}

#[test]
fn names_of_no_model_are_wrong_usage() {
    let env = TestEnv::new();
    env.bring("models/yunet_2023mar.onnx", "yunet.onnx");
    models(&env, &["import", "yunet.onnx"]).with_code(0);
    let commands: [&[&str]; 6] = [
        &["verify", "yunit"],
        &["measure", "yunit"],
        &["info", "yunit"],
        &["favourite", "yunit"],
        &["rename", "yunit", "x"],
        &["remove", "--yes", "yunit"],
    ];
    for command in commands {
        let ended = models(&env, command).with_code(2);
        assert!(ended.err.contains("Did you mean yunet?"), "{command:?}: {}", ended.err);
    }
    // By name and by file alike.
    for name in ["yunet", "yunet.onnx"] {
        let info = models(&env, &["info", name]).with_code(0);
        assert!(info.out.contains("YuNet"), "{name}: {}", info.out);
        models(&env, &["verify", name]).with_code(0);
    }
    let ended = models(&env, &["favourite", "./yunet.onnx"]).with_code(2);
    assert!(ended.err.contains("models import"), "{}", ended.err);
}

/// Models in the current folder may be anybody's; listing them would also run them, to measure them.
#[test]
fn a_models_folder_in_the_current_folder_is_not_searched() {
    let env = TestEnv::new();
    std::fs::create_dir(env.path("models")).expect("a folder");
    env.bring("models/yunet_2023mar.onnx", "models/yunet.onnx");
    assert_eq!(models(&env, &["list", "--format", "json"]).with_code(0).out.trim(), "[]");
    let mut named = env.bare();
    named.args(["models", "list"]).env("SIGHTLINE_MODELS", "models");
    let ended = Ended::of(named.output().expect("it starts")).with_code(0);
    assert!(ended.out.contains("yunet"), "{}", ended.out);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let env = TestEnv::new();
    let pipe = env.path("pipe.onnx");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let _socket = std::os::unix::net::UnixListener::bind(env.path("socket.onnx")).expect("a socket");
    std::fs::create_dir(env.path("folder.onnx")).expect("a folder");
    for (file, kind) in [
        ("pipe.onnx", "a named pipe"),
        ("socket.onnx", "a socket"),
        ("folder.onnx", "a folder"),
        ("/dev/zero", "a device"),
    ] {
        for arguments in [&["models", "info", file][..], &["predict", "pattern", "--model", file]] {
            let mut command = env.command();
            // A program that waits for somebody to write into the pipe is killed.
            let mut child = command.args(arguments).spawn().expect("it starts");
            let begin = Instant::now();
            while child.try_wait().expect("it can be waited for").is_none() {
                if begin.elapsed() > Duration::from_secs(20) {
                    child.kill().expect("killed");
                    panic!("{arguments:?} hangs");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let ended = Ended::of(child.wait_with_output().expect("its output")).with_code(1);
            assert!(ended.err.contains(kind) && ended.err.contains("fix: "), "{arguments:?}: {}", ended.err);
        }
    }
}

/// Ultralytics writes its licence into the file.
#[test]
fn the_licence_that_a_file_names_is_listed() {
    let env = TestEnv::new();
    let mut bytes = std::fs::read(shared("models/yunet_2023mar.onnx")).expect("the model");
    let licence =
        [field(1, b"license"), field(2, b"AGPL-3.0 License (https://ultralytics.com/license)")].concat();
    bytes.extend(field(14, &licence));
    std::fs::write(env.models().join("mine.onnx"), bytes).expect("written");
    let listed = models(&env, &["list"]).with_code(0);
    assert!(listed.out.contains("AGPL-3.0  "), "{}", listed.out);
    // That of a file which the catalogue knows, though nobody has hashed it yet.
    std::fs::remove_file(env.models().join("mine.onnx")).expect("removed");
    let other = env.models().join("other.onnx");
    let mut bytes = std::fs::read(shared("models/yunet_2023mar.onnx")).expect("the model");
    bytes.extend(field(14, &[field(1, b"note"), field(2, b"no other list knows this file")].concat()));
    std::fs::write(&other, bytes).expect("written");
    let lists = env.path("..").join("data/sightline/catalog.d");
    std::fs::create_dir_all(&lists).expect("a folder");
    let (sha256, bytes) =
        (sightline::model::sha256(&other).expect("a hash"), other.metadata().expect("a size").len());
    let list = format!(
        "version = 1\n[[model]]\nid = \"other\"\nname = \"Other\"\ntask = \"detect\"\nfamily = \"yolox\"\n\
        file = \"whatever.onnx\"\nsource = \"https://example.org\"\nurl = \"https://example.org/other.onnx\"\n\
        sha256 = \"{sha256}\"\nbytes = {bytes}\nlicence = \"CC-BY-4.0\"\npermits = \"commercial\"\n"
    );
    std::fs::write(lists.join("mine.toml"), list).expect("written");
    let listed = models(&env, &["list"]).with_code(0);
    assert!(listed.out.contains("CC-BY-4.0"), "{} {}", listed.out, listed.err);
}

#[test]
fn a_tensor_that_claims_terabytes_is_refused() {
    let env = TestEnv::new();
    // A weight of 2^40 elements whose bytes "follow", though the file ends.
    let dims = [vec![1 << 3], vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x20]].concat();
    let mut raw = vec![9 << 3 | 2];
    raw.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    let tensor = [dims, vec![2 << 3, 1], field(8, b"w"), raw].concat();
    let graph = [field(2, b"g"), field(5, &tensor)].concat();
    let bytes = [vec![1 << 3, 8], field(7, &graph), field(8, &[2 << 3, 17])].concat();
    let path = env.path("huge.onnx");
    std::fs::write(&path, bytes).expect("written");
    refused(&env, &path, &["not a valid ONNX file"]);
}

#[test]
fn an_opset_from_the_future_is_reported() {
    let env = TestEnv::new();
    let mut bytes = std::fs::read(shared("models/ultraface_rfb_320.onnx")).expect("the model");
    // Another opset of the same domain at the end of the file: protobuf keeps both, the runtime takes the newer.
    bytes.extend(field(8, &[2 << 3, 0xe7, 0x07]));
    let path = env.path("future.onnx");
    std::fs::write(&path, bytes).expect("written");
    let mut command = env.command();
    command.arg("predict").arg(shared("media/bus.jpg")).arg("--model").arg(&path);
    let ended = Ended::of(command.output().expect("it starts")).with_code(1);
    assert!(ended.err.contains("ONNX Runtime can't open") && ended.err.contains("newer"), "{}", ended.err);
}

#[test]
fn a_model_of_three_gigabytes_is_refused_with_a_clear_error() {
    let env = TestEnv::new();
    let path = env.path("large.onnx");
    // A whole file: the graph's last field says that 3 GB of weights follow, and they do (a hole on the disk).
    let size: u64 = 3 << 30;
    let varint = |mut n: u64| {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    };
    let head = [vec![2 << 3, 1], field(8, b"w"), vec![9 << 3 | 2], varint(size)].concat();
    let tensor = [vec![5 << 3 | 2], varint(head.len() as u64 + size), head].concat();
    let graph = [vec![7 << 3 | 2], varint(tensor.len() as u64 + size), tensor].concat();
    let front = [field(8, &[2 << 3, 17]), graph].concat();
    let mut file = File::create(&path).expect("a file");
    file.write_all(&front).expect("written");
    file.set_len(front.len() as u64 + size).expect("a hole");
    let ended = models(&env, &["info", "large.onnx"]).with_code(1);
    assert!(ended.err.contains("2 GB") && ended.err.contains("fix: "), "{}", ended.err);
    file.rewind().expect("rewound");
}

#[test]
fn a_read_only_library_is_reported() {
    let env = TestEnv::new();
    env.bring("models/yolox_nano.onnx", "mine.onnx");
    // A file where the folder must be: even root can't write into that.
    std::fs::create_dir_all(home(&env).parent().expect("a parent")).expect("folders");
    std::fs::write(home(&env), "").expect("a file");
    let ended = models(&env, &["import", "mine.onnx"]).with_code(1);
    assert!(ended.err.contains("can't be put into") && ended.err.contains("fix: "), "{}", ended.err);
}

#[test]
fn names_that_deceive_are_shown_and_stored_plainly() {
    let env = TestEnv::new();
    let name = "a\u{202e}gpj.\u{7}onnx\n.onnx";
    env.bring("models/yolox_nano.onnx", name);
    let path = env.path(name);
    let ended = models(&env, &["import", path.to_str().expect("UTF-8")]).with_code(0);
    assert!(!ended.out.contains(['\u{202e}', '\u{7}']), "{:?}", ended.out);
    assert_eq!(contents(&env), ["agpj.onnx.onnx"]);
    // One with such a name in a folder of models is listed harmlessly.
    std::fs::copy(&path, env.models().join(name)).expect("a copy");
    let listed = models(&env, &["list"]).with_code(0);
    assert!(!listed.out.contains(['\u{202e}', '\u{7}']), "{:?}", listed.out);
    assert_eq!(listed.out.lines().count(), 3, "{}", listed.out);
}

/// A zip archive of stored members; names as they are.
fn archive(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(File::create(path).expect("a file"));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in members {
        zip.start_file(*name, options).expect("a member");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("written");
}

#[test]
fn archives_are_unpacked_but_never_outside_the_library() {
    let env = TestEnv::new();
    let model = std::fs::read(shared("models/ultraface_rfb_320.onnx")).expect("the model");
    archive(&env.path("good.zip"), &[("deep/face.onnx", &model), ("README.txt", b"x")]);
    models(&env, &["import", "good.zip"]).with_code(0);
    assert_eq!(contents(&env), ["face.onnx"]);
    models(&env, &["remove", "face", "--delete", "--yes"]).with_code(0);
    for hostile in ["../evil.onnx", "/tmp/evil.onnx", "a/../../evil.onnx", "..\\evil.onnx"] {
        archive(&env.path("bad.zip"), &[(hostile, &model)]);
        refused(&env, &env.path("bad.zip"), &["outside"]);
    }
    // All of its models or none.
    let other = std::fs::read(shared("models/ultraface_rfb_320.onnx")).expect("a model");
    archive(&env.path("half.zip"), &[("a.onnx", &other), ("b.onnx", &other[..other.len() / 2])]);
    refused(&env, &env.path("half.zip"), &["b.onnx"]);
    archive(&env.path("none.zip"), &[("README.txt", b"x")]);
    refused(&env, &env.path("none.zip"), &["no ONNX model"]);
    let whole = std::fs::read(env.path("good.zip")).expect("the archive");
    std::fs::write(env.path("cut.zip"), &whole[..whole.len() / 2]).expect("written");
    refused(&env, &env.path("cut.zip"), &["archive"]);
}

#[test]
fn a_changed_file_is_told_apart_from_a_right_one() {
    let env = TestEnv::new();
    env.bring_real("models/yunet_2023mar.onnx", "yunet.onnx");
    models(&env, &["import", "yunet.onnx"]).with_code(0);
    let ended = models(&env, &["verify", "yunet"]).with_code(0);
    assert!(ended.out.contains("the file that its project published"), "{}", ended.out);
    let path = home(&env).join("yunet.onnx");
    let mut bytes = std::fs::read(&path).expect("the model");
    let last = bytes.len() / 2;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let ended = models(&env, &["verify", "yunet"]).with_code(1);
    assert!(ended.out.contains("CHANGED"), "{}", ended.out);
}

/// Threads of this process whose names start like this.
#[cfg(target_os = "linux")]
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("threads").flatten();
    let names = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("comm")).ok());
    names.filter(|n| n.starts_with(name)).count()
}

/// Its own, and the one that receives the system's reports.
#[cfg(target_os = "linux")]
#[test]
fn a_dropped_watcher_leaves_no_thread() {
    use sightline::library::{Catalogue, Inventory, Watcher};

    let folder = tempfile::tempdir().expect("a folder");
    let all = || threads("sightline-libra") + threads("notify-rs");
    for round in 0..5 {
        let inventory = Inventory::new(vec![folder.path().to_owned()], None, Catalogue::default().into());
        let watcher = Watcher::start(inventory, || ());
        let start = Instant::now();
        std::fs::write(folder.path().join(format!("{round}.onnx")), "no model").expect("written");
        while watcher.entries().len() <= round {
            assert!(start.elapsed() < Duration::from_secs(10), "it is never listed");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(all() >= 1);
        drop(watcher);
        // The receiving thread ends a moment after it is told to.
        while all() > 0 {
            assert!(start.elapsed() < Duration::from_secs(10), "{} threads are left", all());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn an_imported_classifier_keeps_its_preparation() {
    let env = TestEnv::new();
    std::fs::create_dir_all(env.path("project/onnx")).expect("a folder");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models/lora_classifier.onnx");
    std::fs::copy(model, env.path("project/onnx/model.onnx")).expect("copied");
    let settings =
        r#"{"size": {"shortest_edge": 71}, "do_center_crop": true, "crop_size": 64, "resample": 3}"#;
    std::fs::write(env.path("project/preprocessor_config.json"), settings).expect("written");
    models(&env, &["import", "project/onnx/model.onnx"]).with_code(0);
    let info = models(&env, &["info", "model"]).with_code(0).out;
    assert!(info.contains("shorter side to 71, centre cropped, Pillow’s bicubic"), "{info}");
}
