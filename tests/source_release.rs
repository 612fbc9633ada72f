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

/// Resident memory, in MB.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("a number")
        / 1024
}

/// Forty seeks once left 40 threads and 359 MB.
#[test]
fn seeking_leaves_nothing_behind() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mp4");
    let status = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=1280x720:rate=30:duration=10",
            "-c:v",
            "mpeg4",
        ])
        .arg(&path)
        .status()
        .expect("ffmpeg runs");
    assert!(status.success());
    let mut video = source::open(&Address::Video(path), &CameraRequest::default()).expect("it opens");
    let mut frame = Frame::default();
    let mut next = |video: &mut Box<dyn source::Source>| {
        while video.read(&mut frame, Duration::from_secs(1)).expect("readable") == Read::Nothing {}
    };
    for _ in 0..10 {
        next(&mut video);
    }
    let (before, memory_before) = ((threads(), open_files(), children()), memory());
    for seek in 0..40 {
        video.seek(f64::from(seek % 9)).expect("a video can seek");
        // At different moments: nothing was read, the queue is full, some frames were read.
        match seek % 3 {
            0 => {}
            1 => std::thread::sleep(Duration::from_millis(100)),
            _ => (0..3).for_each(|_| next(&mut video)),
        }
    }
    next(&mut video);
    let begin = Instant::now();
    loop {
        let after = (threads(), open_files(), children());
        if after == before {
            break;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "threads, open files, programs: {before:?} before, {after:?} after 40 seeks"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let memory_after = memory();
    println!(
        "threads, open files, programs {before:?}; memory {memory_before} MB before, {memory_after} MB after"
    );
    assert!(memory_after < memory_before + 30, "{memory_before} MB before 40 seeks, {memory_after} MB after");
}

/// Switches between a video, an image and a live pattern in a running engine, as a user does in the window.
#[test]
fn switching_sources_in_the_engine_leaves_nothing_behind() {
    use sightline::engine::{Command as EngineCommand, Engine, EngineOptions, SourceState};
    use std::sync::Arc;

    let _alone = alone();
    let before = (threads(), open_files(), children());
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let sources = [
        Address::Video(shared("media/traffic.mp4")),
        Address::Image(shared("media/bus.jpg")),
        source::address::PATTERN,
    ];
    let open = |number: usize| {
        let address = sources[number % sources.len()].clone();
        engine.send(EngineCommand::Open { address, camera: CameraRequest::default() });
    };
    let plays = || {
        let begin = Instant::now();
        while engine.preview().is_none()
            || !matches!(&*engine.source(), SourceState::Playing { .. } | SourceState::Ended { .. })
        {
            assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", engine.source());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let mut settled = None;
    for round in 0..10 {
        for number in 0..sources.len() {
            // Every other round is faster than the sources open.
            open(number);
            if round % 2 == 0 {
                plays();
            }
        }
        plays();
        std::thread::sleep(Duration::from_millis(300));
        let now = (threads(), open_files(), children());
        let first = *settled.get_or_insert(now);
        assert!(
            now.0 <= first.0 + 2 && now.1 <= first.1 + 4 && now.2 <= 1,
            "{now:?} after {first:?} in round {round}"
        );
    }
    drop(engine);
    let begin = Instant::now();
    while (threads(), open_files(), children()) > before {
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", (threads(), open_files(), children()));
        std::thread::sleep(Duration::from_millis(20));
    }
}
