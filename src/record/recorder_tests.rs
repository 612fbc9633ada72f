//! Recordings of a real engine, as ffprobe, another program, sees their files.

use std::path::Path;

use super::*;
use crate::engine::{Command, Engine, EngineOptions};
use crate::frame::Frame;
use crate::record::draw::{Images, Painter};
use crate::record::pairing::Drawn;
use crate::record::pairing::Origin::{Earlier, Moved, Own};
use crate::record::ring::Ring;
use crate::record::take::Take;
use crate::record::tests::times;
use crate::record::{Container, What};
use crate::save::FrameRecord;
use crate::source::{Address, CameraRequest};

const PATTERN: Address = Address::Pattern { width: 320, height: 240, fps: 30 };

fn engine() -> Engine {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::Open { address: PATTERN, camera: CameraRequest::default() });
    until("frames come", || engine.preview().is_some());
    engine
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn recorder() -> Recorder {
    Recorder::start(Arc::new(|| {})).expect("a thread")
}

fn options(folder: &Path, what: What) -> RecordOptions {
    RecordOptions { folder: Some(folder.to_owned()), what, ..RecordOptions::default() }
}

/// Waits for what the recorder tells next.
fn told(recorder: &Recorder) -> Happening {
    recorder.happenings().recv_timeout(Duration::from_secs(30)).expect("it tells something")
}

fn saved(recorder: &Recorder) -> Saved {
    match told(recorder) {
        Happening::Saved(saved) => *saved,
        other => panic!("{other:?}"),
    }
}

fn record_until(recorder: &Recorder, seconds: f64) {
    until("it records", || recorder.status().elapsed.as_secs_f64() >= seconds);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn both_videos_last_as_long_as_was_recorded_and_a_pause_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(folder.path(), What::Both));
    record_until(&recorder, 0.6);
    recorder.pause(true);
    until("it is paused", || recorder.status().phase == Phase::Paused);
    std::thread::sleep(Duration::from_millis(1500));
    let elapsed = recorder.status().elapsed;
    recorder.pause(false);
    until("it goes on", || recorder.status().elapsed > elapsed);
    record_until(&recorder, 1.2);
    recorder.stop();
    let saved = saved(&recorder);
    assert!(saved.early.is_none(), "{saved:?}");
    assert_eq!(saved.videos.len(), 2);
    assert!(saved.videos[1].display().to_string().ends_with(" clean.mp4"), "{saved:?}");
    for video in &saved.videos {
        let times = times(video);
        let length = times.last().copied().unwrap_or_default();
        assert!((length - saved.elapsed.as_secs_f64()).abs() < 0.1, "{length} of {:?}", saved.elapsed);
        assert!((1.1..2.0).contains(&length), "the pause is in it: {length}");
        assert!(times.len() > 20, "frames are missing: {}", times.len());
    }
    // Without a model there is a record, and no line.
    assert_eq!(names(folder.path()).len(), 4, "{:?}", names(folder.path()));
    let json = saved.videos[0].with_extension("json");
    let record: crate::record::RecordingRecord =
        serde_json::from_str(&std::fs::read_to_string(json).expect("a record")).expect("it is JSON");
    assert_eq!((record.size, record.models.len()), ([320, 240], 0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode();
        let video = &saved.videos[0];
        assert_eq!(mode(video), mode(&video.with_extension("jsonl")));
        assert_eq!(mode(video), mode(&video.with_extension("json")), "who may see the video may read of it");
    }
    assert!((record.duration_s.expect("it ended") - saved.elapsed.as_secs_f64()).abs() < 0.01);
    until("the copy has taken its place", || {
        names(folder.path()).iter().all(|name| !name.starts_with(".sightline"))
    });
}

#[test]
fn the_end_of_the_program_completes_the_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, mut recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(folder.path(), What::Annotated));
    record_until(&recorder, 0.8);
    let path = recorder.status().path.expect("it has a file");
    recorder.end(Duration::from_secs(10));
    assert!(!recorder.is_alive());
    let times = times(&path);
    assert!(times.last().is_some_and(|last| *last > 0.7), "{times:?} {:?}", names(folder.path()));
    assert_eq!(names(folder.path()).len(), 3, "{:?}", names(folder.path()));
}

#[test]
fn a_killed_encoder_ends_the_recording_with_what_it_has_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(folder.path(), What::Annotated));
    record_until(&recorder, 1.0);
    let path = recorder.status().path.expect("it has a file");
    let pattern = format!("file:{}", path.display());
    let before = recorder.status().elapsed.as_secs_f64();
    let killed = std::process::Command::new("pkill").args(["-KILL", "-f", &pattern]).status();
    assert!(killed.expect("pkill runs").success(), "no encoder of {pattern}");
    let saved = saved(&recorder);
    assert!(matches!(saved.early, Some(RecordError::Ended { .. })), "{saved:?}");
    let length = times(&path).last().copied().unwrap_or_default();
    assert!(length > before - 0.5, "{length} of {before}");
    assert_eq!(recorder.status().phase, Phase::Idle, "another recording may begin");
}

#[test]
fn a_removed_file_ends_the_recording_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("videos");
    let (engine, recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(&inner, What::Annotated));
    record_until(&recorder, 0.2);
    std::fs::remove_dir_all(&inner).expect("it is there");
    let saved = saved(&recorder);
    assert!(matches!(saved.early, Some(RecordError::Removed { .. })), "{saved:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("writable");
    let (engine, recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(&file, What::Annotated));
    let told = told(&recorder);
    assert!(matches!(told, Happening::Failed(RecordError::Unwritable { .. })), "{told:?}");
    until("it is idle", || recorder.status().phase == Phase::Idle);
}

#[test]
fn a_clip_begins_before_the_moment_that_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, recorder) = (engine(), recorder());
    recorder.keep(4, Some(engine.tap(TAP_QUEUE)));
    until("it keeps", || recorder.status().keeps_s == 4);
    std::thread::sleep(Duration::from_millis(3500));
    let (done, outcome) = bounded(1);
    let asked = Instant::now();
    let request = ClipRequest {
        before_s: 2.0,
        after_s: 1.0,
        rule: Some("gate".into()),
        done: Some(Box::new(move |result| drop(done.send(result)))),
    };
    recorder.clips().send(request, options(folder.path(), What::Annotated));
    let path = outcome.recv_timeout(Duration::from_secs(20)).expect("in time").expect("a clip");
    assert!(asked.elapsed() > Duration::from_secs(1), "it waits for its last second");
    let times = times(&path);
    let length = times.last().copied().unwrap_or_default();
    // It begins with a key frame, up to a second before, and ends with a fragment.
    assert!((2.9..5.5).contains(&length) && times.first() < Some(&0.1), "{times:?}");
    assert!(times.len() as f64 > length * 20.0, "{} frames in {length} s", times.len());
    assert!(names(folder.path()).iter().all(|name| name.contains(" clip.")), "{:?}", names(folder.path()));
}

/// A rule fires with the first frame: neither is its clip refused nor does it lack what came while the encoder started.
#[test]
fn a_clip_of_the_first_second_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, recorder) = (engine(), recorder());
    recorder.keep(4, Some(engine.tap(TAP_QUEUE)));
    let (done, outcome) = bounded(1);
    let done: Done = Box::new(move |result| drop(done.send(result)));
    let request = ClipRequest { before_s: 2.0, after_s: 1.0, rule: Some("gate".into()), done: Some(done) };
    recorder.clips().send(request, options(folder.path(), What::Annotated));
    let path = outcome.recv_timeout(Duration::from_secs(30)).expect("in time").expect("a clip");
    let times = times(&path);
    let length = times.last().copied().unwrap_or_default();
    assert!((0.9..2.5).contains(&length) && times.first() < Some(&0.05), "{times:?}");
    // None of the first frames is missing: they are 33 ms apart.
    let widest = times.windows(2).take(30).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(widest < 0.2 && times.len() as f64 > length * 20.0, "{widest} s apart: {times:?}");
}

/// Frames wait for an encoder that is being started, as far as the memory for them reaches.
#[test]
fn nothing_is_lost_while_the_rings_encoder_starts() {
    let begin = Instant::now();
    let frame = |n: u64| {
        let captured = begin + Duration::from_millis(n * 33);
        Arc::new(Frame { captured, sequence: n, ..Frame::filled(64, 48, [n as u8, 90, 90, 255]) })
    };
    let mut ring = Ring::start(5, 30.0, &frame(0)).expect("a thread");
    for n in 0..45 {
        ring.add(&frame(n), frame(n), |_, _| None, None);
    }
    ring.finish(Duration::from_secs(20));
    let cut = ring.cut(Duration::ZERO, Duration::from_secs(9)).expect("something is kept");
    assert_eq!(cut.frames, 45);
}

#[test]
fn a_clip_without_seconds_that_are_kept_says_so() {
    let recorder = recorder();
    let request = ClipRequest { before_s: 2.0, after_s: 1.0, rule: None, done: None };
    recorder.clips().send(request, RecordOptions::default());
    let told = told(&recorder);
    assert!(
        matches!(&told, Happening::ClipFailed(error) if matches!(**error, RecordError::NothingKept)),
        "{told:?}"
    );
}

#[test]
fn a_clip_sender_doesnt_keep_the_recorder_alive() {
    let mut recorder = recorder();
    let clips = recorder.clips().clone();
    recorder.end(Duration::from_secs(5));
    assert!(!recorder.is_alive());
    let (done, outcome) = bounded(1);
    let done: Done = Box::new(move |result| drop(done.send(result)));
    let request = ClipRequest { before_s: 1.0, after_s: 0.0, rule: None, done: Some(done) };
    clips.send(request, RecordOptions::default());
    assert!(outcome.recv_timeout(Duration::from_secs(5)).expect("it is told").is_err());
}

/// Lines beside a video, of a model's results that are its own, moved, or an earlier frame's.
#[test]
fn lines_hold_what_was_found_at_the_videos_own_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let look = Look { source: "camera".into(), ..Look::default() };
    let captured = Instant::now();
    let frame = |n: u64| {
        let captured = captured + Duration::from_millis(n * 40);
        Arc::new(Frame { captured, sequence: 500 + n, ..Frame::filled(64, 48, [90, 90, 90, 255]) })
    };
    let found = |n: u64| crate::fixtures::prediction(&frame(n), &[(2, [8.0, 8.0, 40.0, 30.0])]);
    let options = RecordOptions { container: Container::Mkv, ..options(folder.path(), What::Both) };
    let mut painter = Painter::default();
    let mut take = Take::start(&options, &look, &frame(0), 0).expect("it starts");
    let mut images = Vec::new();
    for (n, results) in [None, Some(Own), Some(Moved), Some(Earlier)].into_iter().enumerate() {
        let n = n as u64;
        let results = results.map(|origin| (found(n), origin));
        let drawn = Drawn { frame: frame(n), results };
        let painted = painter.paint(&drawn, &look, true, true);
        images.push(painted.clone());
        take.add(&drawn, painted, &look).expect("it is written");
    }
    let mut ending = take.end(None, true, 0);
    until("it is complete", || ending.poll().is_some());
    let line = names(folder.path())
        .into_iter()
        .find(|name| Path::new(name).extension().is_some_and(|e| e == "jsonl"))
        .expect("lines");
    let text = std::fs::read_to_string(folder.path().join(line)).expect("readable");
    let records: Vec<FrameRecord> =
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let told: Vec<_> = records.iter().map(|r| (r.frame, r.time_s, r.moved, r.detections.len())).collect();
    assert_eq!(told, [(1, Some(0.04), false, 1), (2, Some(0.08), true, 1)]);
    // Only the annotated image has a drawing.
    for (n, Images { annotated, clean }) in images.into_iter().enumerate() {
        let (annotated, clean) = (annotated.expect("wanted"), clean.expect("wanted"));
        assert!(clean.data.chunks_exact(4).all(|pixel| pixel == [90, 90, 90, 255]));
        assert_eq!(annotated.data != clean.data, n > 0, "frame {n}");
    }
}

#[test]
fn privacy_holds_in_both_videos() {
    let mut pixels = Frame::filled(64, 64, [0, 0, 0, 255]);
    // Stripes a pixel wide, which blocks make grey.
    for (n, pixel) in pixels.data.chunks_exact_mut(4).enumerate() {
        pixel[..3].fill(if n % 2 == 0 { 255 } else { 0 });
    }
    let frame = Arc::new(pixels);
    let person = crate::fixtures::prediction(&frame, &[(0, [16.0, 16.0, 48.0, 48.0])]);
    let look = Look { privacy: crate::privacy::Privacy::hiding(vec!["person".into()]), ..Look::default() };
    let drawn = Drawn { frame: Arc::clone(&frame), results: Some((person, Own)) };
    let images = Painter::default().paint(&drawn, &look, true, true);
    for image in [images.annotated, images.clean] {
        let image = image.expect("wanted");
        let at = |x: usize, y: usize| image.data[(y * 64 + x) * 4];
        assert_ne!([at(30, 40), at(31, 40)], [255, 0], "the person is seen");
        assert_eq!([at(2, 60), at(3, 60)], [255, 0], "the rest isn't hidden");
    }
}

#[test]
fn privacy_that_is_turned_on_ends_the_file_and_shows_no_frame_without_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, recorder) = (engine(), recorder());
    recorder.record(engine.tap(TAP_QUEUE), options(folder.path(), What::Clean));
    record_until(&recorder, 0.5);
    let privacy = crate::privacy::Privacy::hiding(vec!["person".into()]);
    recorder.set_look(Arc::new(Look { privacy, ..Look::default() }));
    let before = saved(&recorder);
    assert_eq!(before.videos.len(), 1);
    // No model runs, so nobody knows what is in these frames.
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(recorder.status().phase, Phase::Starting);
    let videos = names(folder.path())
        .into_iter()
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "mp4"))
        .count();
    assert_eq!(videos, 1, "{:?}", names(folder.path()));
    recorder.set_look(Arc::default());
    until("it goes on", || recorder.status().phase == Phase::Recording);
}

#[test]
fn a_disk_that_gets_full_ends_the_recording() {
    let folder = tempfile::tempdir().expect("a folder");
    let free = fs4::available_space(folder.path()).expect("the system tells");
    let told = crate::record::names::check_room(folder.path(), free.saturating_mul(2));
    assert!(matches!(told, Err(RecordError::NoRoom { .. })), "{told:?}");
    assert!(crate::record::names::check_room(folder.path(), 1).is_ok());
}
