//! Ctrl-C ends a command although its model never ends, or takes minutes to open.
#![cfg(target_os = "linux")]

mod common;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::{Ended, TestEnv, onnx};

/// A command ends at once or never: this leaves room for a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// A command at work, ended with the test.
struct Running(Option<Child>);

impl Running {
    /// Starts the command and waits until it has computed for a while, so that it is certainly inside the model.
    fn start(mut command: Command) -> Self {
        let running = Self(Some(command.spawn().expect("the program starts")));
        let deadline = Instant::now() + Duration::from_mins(2);
        while running.processor_ticks() < 100 {
            assert!(Instant::now() < deadline, "it computes nothing");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    fn id(&self) -> u32 {
        self.0.as_ref().expect("it runs").id()
    }

    /// Processor time in hundredths of a second: its own, and that of the processes in which it runs models.
    fn processor_ticks(&self) -> u64 {
        let ticks = |process: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let field = |place: usize| fields.get(place).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
            let is_own = process.file_name().to_str() == Some(&self.id().to_string());
            if is_own || field(1) == u64::from(self.id()) { field(11) + field(12) } else { 0 }
        };
        std::fs::read_dir("/proc").expect("/proc").flatten().map(ticks).sum()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the end, which must come soon, and returns what was written.
    #[track_caller]
    fn ended(mut self) -> Ended {
        let begin = Instant::now();
        let mut child = self.0.take().expect("it runs");
        while child.try_wait().expect("it can be waited for").is_none() {
            if begin.elapsed() > SOON {
                let _ = child.kill();
                panic!("it still runs {SOON:?} after the signal");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        eprintln!("ended {:?} after the signal", begin.elapsed());
        Ended::of(child.wait_with_output().expect("its output"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a program runs in whose command this word occurs.
fn is_named_in_a_command(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let commands = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    commands
        .map(|command| String::from_utf8_lossy(&command).into_owned())
        .any(|command| command.contains(word))
}

#[test]
fn a_program_that_waits_for_a_silent_server_does_not_stay_behind() {
    let env = room();
    // It accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/stay-behind.mp4", silent.local_addr().expect("its address"));
    for signals in [1, 2] {
        let mut command = env.bare();
        command.args(["predict", &address, "--model"]).arg(env.path("white.onnx"));
        let running = Running(Some(command.spawn().expect("the program starts")));
        let begin = Instant::now();
        let probing = || is_named_in_a_command("ffprobe") && is_named_in_a_command(&address);
        while !probing() || begin.elapsed() < Duration::from_millis(500) {
            assert!(begin.elapsed() < Duration::from_secs(20), "ffprobe doesn't start");
            std::thread::sleep(Duration::from_millis(10));
        }
        for _ in 0..signals {
            running.signal("-INT");
            std::thread::sleep(Duration::from_millis(50));
        }
        running.ended();
        let begin = Instant::now();
        while is_named_in_a_command(&address) {
            assert!(begin.elapsed() < Duration::from_secs(2), "ffprobe stays behind");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Images of one colour, and models that never end: `always.onnx`, and `white.onnx` on white images only.
fn room() -> TestEnv {
    let env = TestEnv::new();
    for (name, brightness) in [("grey.png", 90), ("white.png", 255)] {
        image::GrayImage::from_pixel(160, 120, image::Luma([brightness]))
            .save(env.path(name))
            .expect("an image");
    }
    onnx::endless_loop(&env.path("always.onnx"), -100.0);
    onnx::endless_loop(&env.path("white.onnx"), 2.0);
    env
}

fn command(env: &TestEnv, arguments: &[&str]) -> Command {
    let mut command = env.command();
    command.args(arguments);
    command
}

#[test]
fn a_model_that_never_ends_while_it_is_warmed_up() {
    let env = room();
    let running = Running::start(command(&env, &["predict", "grey.png", "--model", "always.onnx"]));
    running.signal("-INT");
    let ended = running.ended().with_code(130);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", "Interrupted.\n"));
}

#[test]
fn a_model_that_never_ends_on_a_frame_leaves_the_others() {
    let env = room();
    let arguments =
        ["predict", "grey.png", "white.png", "--model", "white.onnx", "--save", "out", "--format", "json"];
    let running = Running::start(command(&env, &arguments));
    running.signal("-INT");
    let ended = running.ended().with_code(130);
    assert_eq!(ended.json_lines().len(), 1, "{}", ended.out);
    let files: Vec<_> = std::fs::read_dir(env.path("out"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(files, ["grey.png"], "no part of a file is left");
}

#[test]
fn every_command_that_runs_models_can_be_ended() {
    let env = room();
    let commands: [&[&str]; 3] = [
        &["predict", "white.png", "--model", "white.onnx"],
        &["compare", "white.png", "-m", "white.onnx", "-m", "white.onnx"],
        &["bench", "white.onnx", "--source", "white.png"],
    ];
    for (arguments, signal) in commands.iter().zip(["-TERM", "-INT", "-INT"]) {
        let running = Running::start(command(&env, arguments));
        running.signal(signal);
        let ended = running.ended().with_code(130);
        assert!(ended.err.ends_with("Interrupted.\n"), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn a_model_that_takes_minutes_to_open() {
    let env = room();
    // One operator that ONNX Runtime can't interrupt, and many that it can be stopped between.
    onnx::slow_to_open(&env.path("one.onnx"), 400_000, 1);
    onnx::slow_to_open(&env.path("many.onnx"), 20_000, 500);
    for model in ["one.onnx", "many.onnx"] {
        let running = Running::start(command(&env, &["predict", "grey.png", "--model", model]));
        running.signal("-INT");
        let ended = running.ended().with_code(130);
        assert_eq!(ended.err, "Interrupted.\n", "{model}");
    }
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let env = room();
    onnx::slow_to_open(&env.path("one.onnx"), 400_000, 1);
    let running = Running::start(command(&env, &["predict", "grey.png", "--model", "one.onnx"]));
    running.signal("-INT");
    std::thread::sleep(Duration::from_millis(100));
    running.signal("-INT");
    let ended = running.ended().with_code(130);
    assert_eq!(ended.err, "", "the first one would have printed more");
}
