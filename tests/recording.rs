//! A recording plays to its last half second whatever is killed: the program, or the encoder.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sightline::engine::{Command as Order, Engine, EngineOptions};
use sightline::record::{RecordOptions, Recorder, TAP_QUEUE, What};
use sightline::source::{Address, CameraRequest};

/// The folder to record into: this process is the one that is killed.
const INTO: &str = "SIGHTLINE_TEST_RECORDS_INTO";
/// So many times is each killed; more where somebody wants to know it exactly.
const TIMES: &str = "SIGHTLINE_TEST_KILLS";
/// What may be lost, in seconds.
const LOST: f64 = 0.5;

/// Records the test pattern and prints how long it has been recording, until somebody kills it.
fn record(folder: &str) -> ! {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let address = Address::Pattern { width: 640, height: 360, fps: 30 };
    engine.send(Order::Open { address, camera: CameraRequest::default() });
    let recorder = Recorder::start(Arc::new(|| {})).expect("a thread");
    let options = RecordOptions { folder: Some(folder.into()), what: What::Both, ..RecordOptions::default() };
    recorder.record(engine.tap(TAP_QUEUE), options);
    let mut begin = None;
    loop {
        let elapsed = recorder.status().elapsed;
        if elapsed > Duration::ZERO {
            // The wall clock: also what waits for its results counts as recorded.
            let (since, first) = *begin.get_or_insert((Instant::now(), elapsed));
            println!("{:.3}", (since.elapsed() + first).as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The length of a video in seconds, as ffprobe reads its frames.
fn length(video: &Path) -> f64 {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"])
        .arg(video)
        .output()
        .expect("ffprobe runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).fold(0.0, f64::max)
}

fn videos(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|e| e == "mp4")).collect()
}

fn kill_encoders(folder: &Path) {
    let pattern = format!("file:{}", folder.display());
    let killed = Command::new("pkill").args(["-KILL", "-f", &pattern]).status();
    assert!(killed.expect("pkill runs").success(), "no encoder runs");
}

/// Waits until nobody writes into the files any more.
fn settle(folder: &Path) {
    let pattern = format!("file:{}", folder.display());
    let begin = Instant::now();
    while Command::new("pgrep")
        .args(["-f", &pattern])
        .stdout(Stdio::null())
        .status()
        .expect("pgrep runs")
        .success()
    {
        assert!(begin.elapsed() < Duration::from_secs(10), "an encoder outlives its program");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_recording_plays_to_its_last_half_second_whatever_is_killed() {
    if let Ok(folder) = std::env::var(INTO) {
        record(&folder);
    }
    let times = std::env::var(TIMES).ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let mut lost = Vec::new();
    for turn in 0..2 * times {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = start(folder.path());
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        // Moments that fall anywhere between two fragments.
        let until = 1.5 + f64::from(turn % 7) * 0.31 + f64::from(turn) * 0.07;
        let mut recorded = 0.0;
        for line in lines {
            recorded = line.expect("text").trim().parse().unwrap_or(recorded);
            if recorded >= until {
                break;
            }
        }
        if turn % 2 == 0 {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            settle(folder.path());
        } else {
            kill_encoders(folder.path());
            std::thread::sleep(Duration::from_millis(200));
        }
        let videos = videos(folder.path());
        assert_eq!(videos.len(), 2, "{videos:?}");
        for video in &videos {
            lost.push(recorded - length(video));
        }
        let _ = child.kill();
        let _ = child.wait();
        settle(folder.path());
    }
    println!("lost, in seconds: {lost:.2?}");
    assert!(lost.iter().all(|lost| *lost <= LOST), "{lost:.2?}");
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_recording_plays_to_its_last_half_second_whatever_is_killed", "--nocapture"])
        .env(INTO, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}
