//! Models on inference servers: results, what goes wrong there and how it recovers, several requests at once, the command line. The
//! server is a small one of the tests, which misbehaves as it is told; real ones are in `real_servers.rs`.

mod common;

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::TestEnv;
use common::inference_server::{InferenceServer, Mode};
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice};
use sightline::frame::Frame;
use sightline::model::{Model, ModelError, OpenOptions, Results, Thresholds};
use sightline::server::ServerError;
use sightline::source::{Address, CameraRequest};

fn opened(server: &InferenceServer) -> Model {
    Model::open(server.model().as_ref(), &OpenOptions::default()).expect("opens")
}

fn run(model: &mut Model) -> Result<Results, ModelError> {
    let frame = Frame::filled(128, 128, [90, 90, 90, 255]);
    let mut results = Results::default();
    model.run(&frame, &Thresholds::default(), &mut results).map(|_| results)
}

/// The box that the server plants: cell (0, 0) of stride 8, two cells wide and high, in an image twice the input's size.
fn is_planted(results: &Results) -> bool {
    results.detections.len() == 1 && {
        let found = &results.detections[0];
        let [x1, y1, x2, y2] = found.bbox;
        found.class_id == 2
            && [x1, y1].iter().all(|v| v.abs() < 0.01)
            && [x2, y2].iter().all(|v| (v - 16.0).abs() < 0.01)
    }
}

#[test]
fn a_model_on_a_server_finds_what_the_server_says() {
    let server = InferenceServer::start();
    let mut model = opened(&server);
    assert_eq!(model.name(), "yolox");
    assert!(model.provider().contains("stand-in 1.0"), "{}", model.provider());
    assert!(is_planted(&run(&mut model).expect("runs")));
    let state = model.server().expect("it is on a server").now();
    assert_eq!(state.runs_at, server.address());
    assert_eq!(state.problem, None);
    assert!(state.sent > 64 * 64 * 3 * 4 && state.received > 84 * 85 * 4, "{state:?}");
    // A server without the extension for bytes gets numbers, and is remembered as one.
    let server = InferenceServer::start();
    server.set(Mode::Json);
    let mut model = opened(&server);
    assert!(is_planted(&run(&mut model).expect("runs")));
    let before = server.runs();
    assert!(is_planted(&run(&mut model).expect("runs")));
    assert_eq!(server.runs(), before + 1);
}

#[test]
fn what_a_server_does_wrong_is_said_and_it_recovers() {
    let server = InferenceServer::start();
    let mut model = opened(&server);
    for (mode, word) in [
        (Mode::Garbage, "isn't that of a model"),
        (Mode::CutShort, "was lost"),
        (Mode::NotANumber, "NaN"),
        (Mode::WrongShape, "1\u{d7}83\u{d7}85"),
        (Mode::Error, "unexpected shape for input 'images'"),
        (Mode::Busy, "too many requests"),
    ] {
        server.set(mode);
        let error = run(&mut model).expect_err("fails");
        assert!(error.to_string().contains(word), "{mode:?}: {error}");
        let pause = error.retry().expect("it may recover");
        assert!(!error.is_final() && pause <= Duration::from_secs(2), "{mode:?}: {pause:?}");
        server.set(Mode::Good);
        // At once it isn't asked again: a server in trouble isn't flooded.
        let asked = server.runs();
        assert!(run(&mut model).is_err());
        assert_eq!(server.runs(), asked, "{mode:?}");
        std::thread::sleep(pause + Duration::from_millis(20));
        assert!(is_planted(&run(&mut model).expect("recovered")), "{mode:?}");
    }
    server.set(Mode::Forbidden);
    let error = run(&mut model).expect_err("fails");
    assert!(error.is_final() && error.fix().contains("--token-file"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    // A port that nobody has listened on: a server that has just ended may still take a connection and drop it.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let address = format!("oip://127.0.0.1:{port}/yolox");
    let error = Model::open(address.as_ref(), &OpenOptions::default()).expect_err("fails");
    assert!(error.to_string().contains("can't be reached"), "{error}");
    let server = InferenceServer::start();
    let none = format!("{}/none", server.address());
    let error = Model::open(none.as_ref(), &OpenOptions::default()).expect_err("fails");
    assert!(error.to_string().contains("has no model \u{201c}none\u{201d}"), "{error}");
}

#[test]
fn a_hanging_request_is_stopped_at_once() {
    let server = InferenceServer::start();
    let mut model = opened(&server);
    server.set(Mode::Hang);
    let stop = model.stop_handle();
    let begin = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.stop();
    });
    assert!(matches!(run(&mut model), Err(ModelError::Stopped)));
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[test]
fn another_server_and_then_a_file_stand_in() {
    let first = InferenceServer::start();
    let second = InferenceServer::start();
    let port = first.port;
    let options = OpenOptions { fallbacks: vec![second.model().into()], ..OpenOptions::default() };
    let mut model = Model::open(first.model().as_ref(), &options).expect("opens");
    assert!(is_planted(&run(&mut model).expect("runs")));
    drop(first);
    assert!(is_planted(&run(&mut model).expect("the second one runs it")));
    let state = model.server().expect("on a server").now();
    assert!(state.is_fallback && state.runs_at == second.address() && state.problem.is_some(), "{state:?}");
    // The first one comes back and is used again, without a frame that waits for it.
    let _first = InferenceServer::at(port, None);
    let begin = Instant::now();
    while model.server().expect("on a server").now().is_fallback {
        assert!(begin.elapsed() < Duration::from_secs(20), "it is used again");
        assert!(is_planted(&run(&mut model).expect("runs all the time")));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(model.server().expect("on a server").now().problem, None);
}

#[test]
fn a_file_on_this_computer_stands_in_if_it_is_the_same_model() {
    let family =
        |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name);
    let server = InferenceServer::start();
    let port = server.port;
    let options = OpenOptions { fallbacks: vec![family("yolox.onnx")], ..OpenOptions::default() };
    let mut model = Model::open(server.model().as_ref(), &options).expect("opens");
    assert!(is_planted(&run(&mut model).expect("runs there")));
    drop(server);
    let here = run(&mut model).expect("the file runs it");
    let mut file = Model::open(&family("yolox.onnx"), &OpenOptions::default()).expect("opens");
    let alone = run(&mut file).expect("runs");
    assert_eq!(format!("{:?}", here.detections), format!("{:?}", alone.detections));
    let state = model.server().expect("on a server").now();
    assert!(state.is_fallback && state.runs_at.is_empty() && state.problem.is_some(), "{state:?}");
    let _server = InferenceServer::at(port, None);
    until("the server is used again", 20, || {
        run(&mut model).expect("runs all the time");
        !model.server().expect("on a server").now().is_fallback
    });
    // Without any server the file alone opens the model.
    let gone = InferenceServer::start();
    let address = gone.model();
    drop(gone);
    let mut model = Model::open(address.as_ref(), &options).expect("opens by its file");
    run(&mut model).expect("runs");
    // Another network under that name doesn't stand in.
    let server = InferenceServer::start();
    let options = OpenOptions { fallbacks: vec![family("yolov5.onnx")], ..OpenOptions::default() };
    let mut model = Model::open(server.model().as_ref(), &options).expect("opens");
    drop(server);
    let error = run(&mut model).expect_err("another model").to_string();
    assert!(error.contains("isn't the model on the server"), "{error}");
}

#[test]
fn a_hanging_server_takes_little_of_the_time_where_another_stands_in() {
    let first = InferenceServer::start();
    let second = InferenceServer::start();
    let options = OpenOptions { fallbacks: vec![second.model().into()], ..OpenOptions::default() };
    let mut model = Model::open(first.model().as_ref(), &options).expect("opens");
    assert!(is_planted(&run(&mut model).expect("runs")));
    let before = first.runs();
    first.set(Mode::Hang);
    let begin = Instant::now();
    let mut longest = Duration::ZERO;
    while begin.elapsed() < Duration::from_secs(8) {
        let one = Instant::now();
        assert!(is_planted(&run(&mut model).expect("runs")));
        longest = longest.max(one.elapsed());
    }
    assert!(longest < Duration::from_secs(4), "a hang is noticed soon: {longest:?}");
    let asked = first.runs() - before;
    assert!((1..=2).contains(&asked), "it is asked {asked} times");
}

fn engine_with(server: &InferenceServer) -> Engine {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::Open {
        address: "pattern".parse::<Address>().expect("the test pattern"),
        camera: CameraRequest::default(),
    });
    let choice = ModelChoice { path: server.model().into(), options: OpenOptions::default() };
    engine.send(Command::SetModel(choice));
    engine
}

fn until(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(seconds), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_far_server_gets_several_requests_at_once_and_results_stay_in_order() {
    let server = InferenceServer::start();
    server.set_delay(Duration::from_millis(200));
    let engine = engine_with(&server);
    let results = engine.subscribe(256);
    until("several requests are under way", 40, || server.most_at_once() >= 4);
    until("results come faster than one at a time could", 40, || engine.stats().inference_fps > 15.0);
    let mut last = None;
    let mut count = 0;
    while let Ok(prediction) = results.next(Duration::ZERO) {
        assert!(
            last.is_none_or(|last| prediction.frame.captured >= last),
            "an older frame's result came later"
        );
        last = Some(prediction.frame.captured);
        count += 1;
    }
    assert!(count > 10, "{count}");
    assert!(engine.pace().in_flight <= 8);
}

#[test]
fn a_server_that_computes_all_the_time_gets_one_request_at_a_time_again() {
    let server = InferenceServer::start();
    server.set_one_at_a_time(true);
    server.set_delay(Duration::from_millis(150));
    let engine = engine_with(&server);
    until("several requests are tried", 40, || engine.pace().in_flight > 1);
    until("more gave no more results", 60, || engine.pace().in_flight == 1);
}

#[test]
fn the_preview_goes_on_while_the_server_fails_and_results_come_back() {
    let server = InferenceServer::start();
    let engine = engine_with(&server);
    until("there are results", 30, || engine.prediction().is_some());
    for mode in [Mode::Garbage, Mode::Error, Mode::CutShort, Mode::Hang] {
        server.set(mode);
        until("the failure is told", 20, || engine.model().failed.is_some());
        let failed = engine.model().failed.clone().expect("told");
        assert!(matches!(*failed.1, ModelError::Server { .. }), "{mode:?}: {}", failed.1);
        assert!(engine.model().current.is_some(), "it stays the chosen model");
        let before = engine.preview().map(|frame| frame.sequence);
        until("the preview goes on", 5, || engine.preview().map(|frame| frame.sequence) > before);
        server.set(Mode::Good);
        let begin = Instant::now();
        until("results come back", 10, || engine.prediction().is_some() && engine.model().failed.is_none());
        println!("{mode:?}: results again after {:.2} s", begin.elapsed().as_secs_f32());
    }
}

#[test]
fn a_server_that_comes_up_later_is_opened_by_itself() {
    let server = InferenceServer::start();
    let port = server.port;
    drop(server);
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::Open {
        address: "pattern".parse::<Address>().expect("the test pattern"),
        camera: CameraRequest::default(),
    });
    let path = PathBuf::from(format!("oip://127.0.0.1:{port}/yolox"));
    engine.send(Command::SetModel(ModelChoice { path, options: OpenOptions::default() }));
    until("the failure is told", 20, || engine.model().failed.is_some());
    let _server = InferenceServer::at(port, None);
    until("it is opened", 20, || engine.prediction().is_some());
    assert!(engine.model().failed.is_none(), "the failure is over");
}

#[test]
fn the_command_line_lists_a_servers_models_and_uses_its_token() {
    let env = TestEnv::new();
    let server = InferenceServer::with_token("open sesame");
    let address = server.address();
    let refused = env.run(["models", "list", "--server", &address]);
    assert_eq!(refused.code, Some(1));
    let text = refused.err;
    assert!(text.contains("refuses access (401)") && text.contains("--token-file"), "{text}");
    let token = env.path("token.txt");
    std::fs::write(&token, "open sesame\n").expect("written");
    let token = token.to_str().expect("a path");
    let added = env.run(["models", "servers", "add", &address, "--token-file", token]);
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(added.out.contains("stand-in 1.0"), "{added:?}");
    let listed = env.run(["models", "list", "--server", &address, "--format", "json"]);
    let models: serde_json::Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(models[1]["name"], "yolox");
    assert_eq!(models[1]["family"], "YOLOX");
    assert_eq!(models[1]["address"], server.model());
    assert_eq!(models[0]["reason"], "no such file");
    let text = env.run(["models", "servers", "--format", "json"]).out;
    assert!(text.contains("\"has_token\": true") && !text.contains("sesame"), "{text}");
    assert_eq!(env.run(["models", "servers", "remove", &address]).code, Some(0));
    let again = env.run(["models", "list", "--server", &address]);
    assert_eq!(again.code, Some(1), "its token is forgotten, too");
}

#[test]
fn wrong_addresses_say_what_is_wrong() {
    let env = TestEnv::new();
    for (address, word) in [("oip://h", "names no model"), ("oip://u:p@h/m", "can't contain a password")] {
        let ended = env.run(["predict", "pattern", "--model", address]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(word), "{ended:?}");
    }
    assert!(matches!(
        Model::open("oip://127.0.0.1:1/m".as_ref(), &OpenOptions::default()),
        Err(ModelError::Server { error: ServerError::Unreachable { .. }, .. })
    ));
}
