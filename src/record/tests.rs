//! Videos against what ffprobe, another program, reads in them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::*;

const SIZE: (u32, u32) = (66, 34);

/// The times of a file's frames in seconds.
pub(super) fn times(path: &Path) -> Vec<f64> {
    let mut command = Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-select_streams",
        "v:0",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
    ]);
    let output = command.arg(path).output().expect("ffprobe runs (it comes with ffmpeg)");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut times: Vec<f64> =
        text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// A frame of one colour.
fn frame(n: u32) -> Vec<u8> {
    [n as u8 * 5, 80, 200, 255].repeat((SIZE.0 * SIZE.1) as usize)
}

/// A camera of 30 frames a second whose rate falls to 12.
fn falling() -> Vec<f64> {
    (0..20).map(|n| if n < 10 { f64::from(n) / 30.0 } else { 0.3 + f64::from(n - 9) / 12.0 }).collect()
}

#[test]
fn every_kind_of_file_keeps_the_times_of_its_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    for container in Container::ALL {
        let path = folder.path().join("video").with_extension(container.ending());
        let mut file = VideoFile::create(&path, SIZE, 30.0, container).expect("ffmpeg has an encoder");
        for (n, time) in falling().into_iter().enumerate() {
            file.add(Duration::from_secs_f64(time), &frame(n as u32)).expect("it is written");
        }
        // A frame that comes too late, and one that is cut, are left out.
        file.add(Duration::from_millis(5), &frame(0)).expect("it is left out");
        file.add(Duration::from_secs(9), &[0; 7]).expect("it is left out");
        let finished = file.finish().expect("it ends");
        for step in ["as it was recorded", "made seekable"] {
            let found = times(&finished.path);
            let off = found.iter().zip(falling()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(found.len() == 20 && off < 0.002, "{container:?} {step}: {found:?}");
            finished.make_seekable().expect("it is copied");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing else is left");
}

#[test]
fn a_seekable_file_begins_with_its_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("video.mp4");
    let mut file = VideoFile::create(&path, SIZE, 30.0, Container::Mp4).expect("ffmpeg has an encoder");
    for n in 0..10 {
        file.add(Duration::from_millis(u64::from(n) * 33), &frame(n)).expect("it is written");
    }
    let finished = file.finish().expect("it ends");
    let place = |name: &[u8]| {
        let bytes = std::fs::read(&path).expect("it is there");
        bytes.windows(4).position(|window| window == name)
    };
    assert!(place(b"moof").is_some(), "it is written in pieces");
    finished.make_seekable().expect("it is copied");
    assert!(place(b"moof").is_none() && place(b"moov") < place(b"mdat"));
}

#[test]
fn a_file_that_cannot_be_written_and_one_without_a_frame() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = folder.path().join("gone/video.mp4");
    let error = VideoFile::create(&gone, SIZE, 30.0, Container::Mp4).expect_err("there is no folder");
    assert!(matches!(error, RecordError::Unwritable { .. }), "{error}");
    let path = folder.path().join("video.mp4");
    let file = VideoFile::create(&path, SIZE, 30.0, Container::Mp4).expect("ffmpeg has an encoder");
    drop(file.finish());
    assert!(!path.exists(), "an empty video is none");
}

#[test]
fn the_encoder_of_this_program_writes_files_that_others_play() {
    let folder = tempfile::tempdir().expect("a folder");
    // Odd sides, and a rate that falls.
    for (number, size) in [(67, 35), SIZE].into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.mp4"));
        let mut file = VideoFile::built_in(&path, size, 30.0).expect("it starts");
        for (n, time) in falling().into_iter().enumerate() {
            let frame = [n as u8 * 10, 80, 200, 255].repeat((size.0 * size.1) as usize);
            file.add(Duration::from_secs_f64(time), &frame).expect("it is written");
        }
        // A crash leaves all but the last quarter of a second.
        let early = times(&path);
        let length = early.last().copied().unwrap_or_default();
        assert!(length > falling().last().expect("some") - 0.35, "{early:?}");
        let finished = file.finish().expect("it ends");
        finished.make_seekable().expect("it is already");
        let found = times(&path);
        let off = found.iter().zip(falling()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(found.len() == 20 && off < 0.002, "{found:?}");
        // The last frame as ffmpeg decodes it after a seek.
        let at = format!("{:.3}", falling()[18]);
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-ss", &at, "-i"])
            .arg(&path)
            .args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .output()
            .expect("ffmpeg runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let pixel = &output.stdout[..3];
        let near = pixel.iter().zip([180, 80, 200]).all(|(a, b)| a.abs_diff(b) < 8);
        assert!(near, "{pixel:?} at {at}");
    }
}
