//! A source that is dropped leaves nothing behind: no thread, no program, no open file.
//!
//! Eight minutes of switching between a video and a camera once left 100 threads and 96 open files.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::shared;
use sightline::frame::Frame;
use sightline::source::{self, Address, CameraRequest, Pace, Read};

/// Times that a source is opened and dropped.
const TIMES: usize = 15;

/// Threads of sources, by the beginning of their name.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a list of threads");
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.starts_with("sightline-"))
        .count()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("a list of files").count()
}

/// Programs that this test has started and that still run or were not waited for.
fn children() -> usize {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let parent = |process: &Path| {
        let stat = std::fs::read_to_string(process.join("stat")).ok()?;
        // The name in parentheses may contain spaces; the state and the parent follow it.
        stat.rsplit_once(") ")?.1.split(' ').nth(1).map(str::to_owned)
    };
    processes.filter(|process| parent(&process.path()).as_ref() == Some(&own)).count()
}

/// Lets one test run at a time: threads, files and programs of another would be counted too.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens and drops a source many times, at different moments of its life.
#[track_caller]
fn leaves_nothing_behind(address: &Address, pace: Pace) {
    let before = (threads(), open_files(), children());
    for time in 0..TIMES {
        let mut source = source::open(address, &CameraRequest::default()).expect("it opens");
        assert_eq!(source.info().pace, pace);
        let mut frame = Frame::default();
        for _ in 0..time % 4 {
            while source.read(&mut frame, Duration::from_secs(1)).expect("readable") == Read::Nothing {}
        }
        if time % 3 == 1 {
            // Its buffers are full: the thread waits for somebody to take a frame.
            std::thread::sleep(Duration::from_millis(50));
        }
        if time % 5 == 2 && pace == Pace::Video {
            source.seek(1.0).expect("a video can seek");
        }
    }
    // The threads end by themselves, a moment after the source.
    let begin = Instant::now();
    loop {
        let after = (threads(), open_files(), children());
        if after == before {
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "threads, open files, programs: {before:?} before, {after:?} after {TIMES} sources"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_video_leaves_nothing_behind() {
    let _alone = alone();
    leaves_nothing_behind(&Address::Video(shared("media/traffic.mp4")), Pace::Video);
}

#[test]
fn a_live_stream_leaves_nothing_behind() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    // ffmpeg reads it like a camera on the network: JPEG images one after the other, without a known length.
    let path = folder.path().join("stream.mjpeg");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=30:duration=20", "-f", "mjpeg"])
        .arg(&path)
        .status()
        .expect("ffmpeg runs");
    assert!(status.success());
    leaves_nothing_behind(&Address::Stream(format!("file:{}", path.display())), Pace::Live);
}
