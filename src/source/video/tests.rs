use std::process::Stdio;

use super::*;

/// A video of 10 frames at 5 a second, 32×16; frame n is grey 20·n.
fn video(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let raw: Vec<u8> = (0..10u8).flat_map(|n| vec![n * 20; 32 * 16]).collect();
    let mut child = Command::new("ffmpeg")
        .args([
            "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "32x16", "-r", "5", "-i", "-",
        ])
        .args(["-c:v", "ffv1", "-pix_fmt", "gray", "-f", "matroska"])
        .arg(Input::File(path.clone()).argument())
        .stdin(Stdio::piped())
        .spawn()
        .expect("ffmpeg runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), &raw).expect("written");
    assert!(child.wait().expect("ends").success());
    path
}

fn next(video: &mut Video) -> Option<(u64, f64, u8)> {
    let mut frame = Frame::default();
    loop {
        match video.read(&mut frame, Duration::from_secs(1)).expect("readable") {
            Read::Frame => {
                assert!(frame.is_whole());
                return Some((frame.sequence, frame.time_s.expect("a video"), frame.data[0]));
            }
            Read::Nothing => {}
            Read::End => return None,
        }
    }
}

#[test]
fn every_frame_comes_once_with_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut video = Video::file(&video(folder.path(), "-odd: name?.mkv")).expect("opens");
    assert_eq!((video.info().size, video.info().fps), ((32, 16), Some(5.0)));
    let frames: Vec<_> = std::iter::from_fn(|| next(&mut video)).collect();
    let numbers: Vec<u64> = frames.iter().map(|f| f.0).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    for (n, time_s, grey) in &frames {
        assert!(
            (time_s - *n as f64 * 0.2).abs() < 1e-6 && grey.abs_diff(*n as u8 * 20) <= 1,
            "{n} {time_s} {grey}"
        );
    }
    assert_eq!(video.read(&mut Frame::default(), Duration::ZERO), Ok(Read::End), "the end stays the end");
}

#[test]
fn a_video_of_a_varying_rate_has_its_frames_at_their_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("phone.mp4");
    // 20 frames: ten at 25 a second, then ten at 5 a second; frame n is grey 10·n.
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", "color=black:size=64x64:rate=25,trim=end_frame=20"])
        .args(["-vf", "geq=lum='10*N+16':cb=128:cr=128,setpts='if(lt(N,10),N,10+(N-10)*5)/(25*TB)'"])
        .args(["-vsync", "passthrough", "-enc_time_base", "1:1000", "-c:v", "libx264", "-qp", "4"])
        .args(["-pix_fmt", "yuv420p"])
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
    let mut video = Video::file(&path).expect("opens");
    let mut shown = Vec::new();
    while let Some((_, time_s, grey)) = next(&mut video) {
        shown.push((time_s, i32::from(grey)));
    }
    let at = |time: f64| shown.iter().min_by(|a, b| (a.0 - time).abs().total_cmp(&(b.0 - time).abs()));
    for n in 0..20 {
        let time = if n < 10 { f64::from(n) / 25.0 } else { 0.4 + f64::from(n - 10) / 5.0 };
        let (_, grey) = at(time + 0.001).expect("there are frames");
        assert!((grey - 10 * n - 16).abs() <= 3, "frame {n} at {time}: {grey}; {shown:?}");
    }
    assert!((shown.last().expect("some").0 - 2.2).abs() < 0.25, "{shown:?}");
}

#[test]
fn colours_are_right_with_every_matrix() {
    let folder = tempfile::tempdir().expect("a folder");
    for (space, matrix) in
        [("bt709", Some(YuvMatrix::Bt709)), ("smpte170m", Some(YuvMatrix::Bt601)), ("", None)]
    {
        let path = folder.path().join(format!("{space}.mkv"));
        let mut command = Command::new("ffmpeg");
        command.args([
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "color=0x40C020:size=32x16:rate=5:duration=0.4",
        ]);
        match matrix {
            Some(_) => command.args(["-vf", &format!("scale=out_color_matrix={space}:out_range=tv")]).args([
                "-pix_fmt",
                "yuv420p",
                "-colorspace",
                space,
                "-color_range",
                "tv",
            ]),
            // Full colour resolution: ffmpeg converts it to RGBA.
            None => command.args(["-pix_fmt", "yuv444p"]),
        };
        assert!(command.args(["-c:v", "ffv1"]).arg(&path).status().expect("ffmpeg runs").success());
        let mut video = Video::file(&path).expect("opens");
        assert_eq!(video.nv12, matrix, "{space}");
        let (mut raw, mut frame) = (Frame::default(), Frame::default());
        while video.read(&mut raw, Duration::from_secs(1)).expect("readable") != Read::Frame {}
        crate::frame::convert::Decoder::default().decode(&raw, &mut frame).expect("decoded");
        let pixel = &frame.data[..4];
        let near = pixel.iter().zip([0x40, 0xC0, 0x20, 255u8]).all(|(a, b)| a.abs_diff(b) <= 3);
        assert!(near, "{space}: {pixel:?}");
    }
}

#[test]
fn seeking_goes_to_that_frame() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut video = Video::file(&video(folder.path(), "a.mkv")).expect("opens");
    for (to, number) in
        [(1.0, 5), (0.0, 0), (100.0, 9), (-3.0, 0), (f64::NAN, 0), (1.15, 6), (0.45, 2), (1.8, 9)]
    {
        video.seek(to).expect("it can seek");
        let (n, _, grey) = next(&mut video).expect("a frame");
        assert!(n == number && grey.abs_diff(n as u8 * 20) <= 1, "{to}: {n} {grey}");
    }
}

#[test]
fn a_seek_is_quick_and_no_older_frame_comes_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut video = Video::file(&video(folder.path(), "a.mkv")).expect("opens");
    let mut longest = Duration::ZERO;
    for number in [7i32, 1, 8, 0, 5, 3, 9, 2] {
        // Decoded frames wait in the queue and at ffmpeg.
        std::thread::sleep(Duration::from_millis(50));
        let begin = Instant::now();
        video.seek(f64::from(number) / 5.0).expect("it can seek");
        longest = longest.max(begin.elapsed());
        for n in number..10.min(number + 2) {
            let (sequence, _, grey) = next(&mut video).expect("a frame");
            assert!(sequence == n as u64 && grey.abs_diff(n as u8 * 20) <= 1, "{n}: {sequence} {grey}");
        }
    }
    // Several seeks without a read in between: the last one counts.
    for number in [2i32, 9, 4] {
        video.seek(f64::from(number) / 5.0).expect("it can seek");
    }
    assert_eq!(next(&mut video).map(|f| f.0), Some(4));
    assert!(longest < Duration::from_secs(2), "a seek took {longest:?}");
}

/// A video of one grey, of that size.
fn grey(path: &Path, size: &str, value: u8) {
    let colour = format!("color=0x{value:02x}{value:02x}{value:02x}:size={size}:rate=5:duration=2");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "lavfi", "-i", &colour, "-c:v", "ffv1", "-pix_fmt", "yuv444p"]);
    assert!(command.args(["-f", "matroska"]).arg(path).status().expect("ffmpeg runs").success());
}

#[test]
fn a_video_that_is_replaced_by_one_of_another_size_is_read_with_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("a.mkv"), folder.path().join("b.mkv"));
    grey(&path, "64x48", 40);
    grey(&other, "80x36", 200);
    let mut video = Video::file(&path).expect("opens");
    next(&mut video).expect("a frame");
    std::fs::rename(&other, &path).expect("replaced");
    // At its end, it begins again.
    video.seek(0.0).expect("it can seek");
    assert_eq!(video.info().size, (80, 36));
    let mut frame = Frame::default();
    while video.read(&mut frame, Duration::from_secs(1)).expect("readable") != Read::Frame {}
    assert_eq!((frame.width, frame.height, frame.is_whole()), (80, 36, true));
    assert!(frame.data.chunks(4).all(|pixel| pixel[0].abs_diff(200) <= 2), "{:?}", &frame.data[..8]);
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(video.seek(0.0), Err(SourceError::NoFile { path }));
}

#[test]
fn frames_that_change_their_size_within_a_video_are_not_garbled() {
    let folder = tempfile::tempdir().expect("a folder");
    // JPEG images one after the other, as some cameras record them: two of 64×48, then two of 96×72.
    let mut bytes = Vec::new();
    for (size, grey) in [((64, 48), 40u8), ((96, 72), 200)] {
        let image = image::GrayImage::from_pixel(size.0, size.1, image::Luma([grey]));
        for _ in 0..2 {
            let mut jpeg = std::io::Cursor::new(Vec::new());
            image.write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
            bytes.extend(jpeg.into_inner());
        }
    }
    let path = folder.path().join("a.mjpeg");
    std::fs::write(&path, bytes).expect("written");
    let mut video = Video::file(&path).expect("opens");
    let mut greys = Vec::new();
    let mut frame = Frame::default();
    loop {
        match video.read(&mut frame, Duration::from_secs(1)).expect("readable") {
            Read::Frame => {
                assert_eq!((frame.width, frame.height), (64, 48));
                let pixels = frame.data.chunks(4).map(|pixel| pixel[0]);
                greys.push((pixels.clone().min().unwrap_or_default(), pixels.max().unwrap_or_default()));
            }
            Read::Nothing => {}
            Read::End => break,
        }
    }
    assert_eq!(greys.len(), 4, "{greys:?}");
    for ((low, high), grey) in greys.iter().zip([40u8, 40, 200, 200]) {
        assert!(low.abs_diff(grey) <= 3 && high.abs_diff(grey) <= 3, "{greys:?}");
    }
}

#[test]
fn files_that_are_not_videos_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.mp4");
    assert!(matches!(Video::file(&path), Err(SourceError::NoFile { .. })));
    for content in [&b""[..], b"\0\x01not a video at all"] {
        std::fs::write(&path, content).expect("written");
        let answer = Video::file(&path);
        assert!(matches!(answer, Err(SourceError::Unreadable { .. })), "{answer:?}");
    }
}

#[test]
fn what_is_no_video_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    // ffmpeg would play the first as the picture of a terminal.
    let files: [(&str, &[u8], FileKind); 4] = [
        ("notes.txt", b"buy milk\n", FileKind::Text),
        ("notes.mp4", b"buy milk\n", FileKind::Text),
        ("a.pdf", b"%PDF-1.7\n\xe2", FileKind::Pdf),
        ("a.docx", b"PK\x03\x04\x14\0", FileKind::Zip),
    ];
    for (name, content, kind) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        let answer = Video::file(&path);
        assert!(matches!(&answer, Err(SourceError::NotMedia { kind: is, .. }) if *is == kind), "{answer:?}");
    }
}

#[test]
fn a_pipe_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("a.mp4");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let begin = Instant::now();
    let answer = Video::file(&pipe);
    assert!(matches!(answer, Err(SourceError::NotMedia { kind: FileKind::Pipe, .. })), "{answer:?}");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}
