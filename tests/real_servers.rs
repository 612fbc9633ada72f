//! Models on real inference servers, Triton and `KServe`, from what `sightline models deploy` writes: the same results as here, also
//! after a server was killed and started again.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::servers::{KServe, Server, Triton, python};
use common::slow_network::SlowNetwork;
use common::{TestEnv, real, shared};
use serde_json::Value;
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice};
use sightline::frame::Frame;
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::source::{self, Address, CameraRequest, Read};

fn deploy(env: &TestEnv, model: &Path, arguments: &[&str]) {
    let mut command = env.bare();
    command.args(["models", "deploy"]).arg(model).args(arguments);
    common::Ended::of(command.output().expect("the program starts")).with_code(0);
}

fn triton(env: &TestEnv, model: &Path) -> Server {
    python("triton");
    let repository = env.path("repository");
    deploy(env, model, &["--to", "triton", "--python", repository.to_str().expect("a path")]);
    Triton::start(&repository)
}

/// Fails unless the model at `address` finds what the file does: boxes within 0.01 pixels, scores within 0.0001, in every tenth frame of
/// the clip.
fn assert_same(address: &str, file: &Path) {
    let mut there = Model::open(address.as_ref(), &OpenOptions::default()).expect("opens");
    let mut here = Model::open(file, &OpenOptions::default()).expect("opens");
    assert_eq!(there.sha256(), here.sha256(), "the server tells which file it is");
    assert_eq!(there.spec().labels, here.spec().labels);
    let clip = Address::from_path(&real("media/traffic.mp4"));
    let mut source = source::open(&clip, &CameraRequest::default()).expect("opens");
    let mut frame = Frame::default();
    let (mut objects, mut frames) = (0, 0);
    let mut worst = (0f32, 0f32);
    while matches!(source.read(&mut frame, Duration::from_secs(10)).expect("reads"), Read::Frame) {
        frames += 1;
        if frames % 10 != 1 {
            continue;
        }
        let mut found = [Results::default(), Results::default()];
        for (model, results) in [&mut there, &mut here].into_iter().zip(&mut found) {
            model.run(&frame, &Thresholds::default(), results).expect("runs");
        }
        let [a, b] = found;
        assert_eq!(a.detections.len(), b.detections.len(), "frame {frames}");
        for (a, b) in a.detections.iter().zip(&b.detections) {
            objects += 1;
            assert_eq!(a.class_id, b.class_id);
            worst.0 = worst.0.max((a.score - b.score).abs());
            worst.1 = a.bbox.iter().zip(&b.bbox).map(|(a, b)| (a - b).abs()).fold(worst.1, f32::max);
        }
    }
    let state = there.server().expect("on a server").now();
    println!(
        "{address}: {objects} objects; scores differ by {:.1e} at most, boxes by {:.1e} px; {} bytes there, {} back a frame",
        worst.0, worst.1, state.sent, state.received
    );
    assert!(objects > 50, "{objects} objects in {frames} frames");
    assert!(worst.0 <= 1e-4 && worst.1 <= 0.01, "{worst:?}");
}

#[test]
fn triton_finds_what_this_computer_finds() {
    let env = TestEnv::new();
    let file = real("models/yolox_nano.onnx");
    let server = triton(&env, &file);
    assert_same(&format!("oip://127.0.0.1:{}/yolox_nano", server.http), &file);
    assert_same(&format!("grpc://127.0.0.1:{}/yolox_nano", server.grpc), &file);
}

#[test]
fn kserve_finds_what_this_computer_finds() {
    python("kserve");
    let env = TestEnv::new();
    let file = real("models/yolox_nano.onnx");
    let served = env.path("served");
    deploy(&env, &file, &["--to", "kserve", served.to_str().expect("a path")]);
    let server = KServe::start(&served.join("yolox_nano"));
    assert_same(&format!("oip://127.0.0.1:{}/yolox_nano", server.http), &file);
    assert_same(&format!("grpc://127.0.0.1:{}/yolox_nano", server.grpc), &file);
}

#[test]
fn a_killed_triton_is_used_again_when_it_is_back() {
    let env = TestEnv::new();
    let file = family("yolox.onnx");
    let mut server = triton(&env, &file);
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::Open {
        address: "pattern".parse::<Address>().expect("the test pattern"),
        camera: CameraRequest::default(),
    });
    let path = PathBuf::from(format!("grpc://127.0.0.1:{}/yolox", server.grpc));
    engine.send(Command::SetModel(ModelChoice { path, options: OpenOptions::default() }));
    until("there are results", || engine.prediction().is_some());
    for _ in 0..2 {
        server.kill();
        until("the failure is told", || engine.model().failed.is_some());
        let before = engine.preview().map(|frame| frame.sequence);
        until("the preview goes on", || engine.preview().map(|frame| frame.sequence) > before);
        server.restart();
        let begin = Instant::now();
        until("results come back", || engine.prediction().is_some() && engine.model().failed.is_none());
        println!("results {:.2} s after the server was ready again", begin.elapsed().as_secs_f32());
    }
}

/// What a user sees in so many seconds: frames of the preview and results a second.
fn rates(engine: &Engine, seconds: u32) -> (f32, f32) {
    let begin = Instant::now();
    let results = engine.subscribe(1024);
    let first = engine.preview().map_or(0, |frame| frame.sequence);
    let (mut newest, mut seen, mut count) = (first, 0u32, 0u32);
    while begin.elapsed() < Duration::from_secs(u64::from(seconds)) {
        if let Some(sequence) = engine.preview().map(|frame| frame.sequence).filter(|s| *s != newest) {
            newest = sequence;
            seen += 1;
        }
        while results.next(Duration::ZERO).is_ok() {
            count += 1;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    let took = begin.elapsed().as_secs_f32();
    (seen as f32 / took, count as f32 / took)
}

/// The preview keeps its rate over a network that delays, loses, goes silent and breaks off.
#[test]
fn a_bad_network_never_stops_the_preview() {
    let env = TestEnv::new();
    let server = triton(&env, &family("yolox.onnx"));
    let network = SlowNetwork::before(server.grpc);
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::Open {
        address: "pattern".parse::<Address>().expect("the test pattern"),
        camera: CameraRequest::default(),
    });
    let path = PathBuf::from(format!("grpc://127.0.0.1:{}/yolox", network.port));
    engine.send(Command::SetModel(ModelChoice { path, options: OpenOptions::default() }));
    until("there are results", || engine.prediction().is_some());
    let report = |what: &str| {
        let (preview, results) = rates(&engine, 4);
        println!(
            "{what}: preview {preview:.1}/s, results {results:.1}/s, {} at once",
            engine.pace().in_flight
        );
        // The test pattern has 30 frames a second; a machine that does other things too may miss some.
        assert!(preview > 20.0, "{what}: {preview} frames a second");
    };
    report("a good network");
    network.delay(Duration::from_millis(100));
    until("several are under way", || engine.pace().in_flight >= 4);
    std::thread::sleep(Duration::from_secs(5));
    report("200 ms of delay");
    network.lose(50);
    report("200 ms of delay, 5 % lost");
    network.lose(0);
    network.delay(Duration::ZERO);
    network.silence(true);
    until("the silence is told", || engine.model().failed.is_some());
    report("silence");
    network.silence(false);
    let begin = Instant::now();
    until("results come back", || engine.prediction().is_some() && engine.model().failed.is_none());
    println!("results {:.2} s after the silence", begin.elapsed().as_secs_f32());
    for _ in 0..3 {
        network.cut();
        std::thread::sleep(Duration::from_millis(300));
    }
    let begin = Instant::now();
    until("results come back", || engine.prediction().is_some() && engine.model().failed.is_none());
    println!("results {:.2} s after the last break", begin.elapsed().as_secs_f32());
}

#[test]
fn a_file_waits_for_a_server_that_is_restarted() {
    let env = TestEnv::new();
    let mut server = triton(&env, &family("yolox.onnx"));
    let address = format!("oip://127.0.0.1:{}/yolox", server.http);
    let images = env.path("images");
    std::fs::create_dir(&images).expect("a folder");
    for n in 0..400 {
        std::fs::copy(shared("media/bus.jpg"), images.join(format!("{n:03}.jpg"))).expect("a copy");
    }
    let mut command = env.command();
    command.arg("predict").arg(&images).args(["--model", &address, "--format", "jsonl", "-q"]);
    let child = command.spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(700));
    server.restart();
    let ended = common::Ended::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let names: Vec<String> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["source"].to_string())
        .collect();
    assert_eq!(names.len(), 400, "no image is left out");
    assert!(names.is_sorted(), "their order stays");
}

#[test]
fn a_network_with_a_state_and_open_sizes_runs_on_triton() {
    let env = TestEnv::new();
    let file = family("rvm.onnx");
    let server = triton(&env, &file);
    let address = format!("oip://127.0.0.1:{}/rvm", server.http);
    let mut there = Model::open(address.as_ref(), &OpenOptions::default()).expect("opens");
    let mut here = Model::open(&file, &OpenOptions::default()).expect("opens");
    assert_eq!(there.spec().family, here.spec().family);
    for value in [20, 90, 200] {
        let frame = Frame::filled(96, 64, [value, 120, 40, 255]);
        let mut planes = Vec::new();
        for model in [&mut there, &mut here] {
            let mut results = Results::default();
            model.run(&frame, &Thresholds::default(), &mut results).expect("runs");
            planes.push(format!("{:?}", results.plane.expect("a matte").values));
        }
        assert_eq!(planes[0], planes[1], "the state is carried as here");
    }
}

fn family(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
