//! Sources over HTTP: a video file, a camera's stream of JPEG images, and servers that fail.

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{TestEnv, shared};

/// Starts a server on a free port; it ends with the process. Returns its address.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that has enough breaks the connection.
            std::thread::spawn(move || drop(reply(client)));
        }
    });
    address
}

fn reply(mut client: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // A video whose index lies at its end is read from there first.
    let mut from = 0;
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap_or(0);
        }
    }
    let image = std::fs::read(shared("media/bus.jpg"))?;
    match request.split(' ').nth(1).unwrap_or_default() {
        "/video.mp4" => {
            let video = std::fs::read(shared("media/traffic.mp4"))?;
            let (all, part) = (video.len(), video.get(from..).unwrap_or_default());
            let head = "HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nConnection: close\r\n";
            write!(client, "{head}Content-Range: bytes {from}-{}/{all}\r\n", all - 1)?;
            write!(client, "Content-Length: {}\r\n\r\n", part.len())?;
            client.write_all(part)
        }
        path @ ("/camera" | "/stops") => {
            write!(client, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=f\r\n\r\n")?;
            let images = if path == "/camera" { usize::MAX } else { 50 };
            for _ in 0..images {
                write!(client, "--f\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", image.len())?;
                client.write_all(&image)?;
                client.write_all(b"\r\n")?;
                std::thread::sleep(Duration::from_millis(30));
            }
            std::thread::sleep(Duration::from_mins(1));
            Ok(())
        }
        _ => write!(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

#[test]
fn a_video_and_a_camera_of_the_network_are_read() {
    let (env, server) = (TestEnv::new(), server());
    for (path, size) in [("video.mp4", [1280, 720]), ("camera", [810, 1080])] {
        let source = format!("{server}/{path}");
        let ended = env.predict([&source, "--max-frames", "6", "--format", "json"]).with_code(0);
        let frames = ended.json_lines();
        assert_eq!(frames.len(), 6, "{path}: {}", ended.err);
        for frame in frames {
            assert_eq!(frame["size"], serde_json::json!(size), "{path}");
            assert!(!frame["detections"].as_array().expect("a list").is_empty(), "{path}: {frame}");
        }
    }
}

#[test]
fn a_server_that_fails_is_named_with_the_reason() {
    let (env, server) = (TestEnv::new(), server());
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    for (source, words) in [(format!("{server}/gone.mp4"), "404"), (format!("{closed}/x"), "refused")] {
        let ended = env.predict([&source]).with_code(1);
        assert!(ended.out.is_empty(), "{}", ended.out);
        assert!(ended.err.contains(&source) && ended.err.contains(words), "{}", ended.err);
        assert!(ended.err.contains("  fix: "), "{}", ended.err);
    }
}

#[test]
fn a_stream_that_stops_ends_with_an_error_and_keeps_what_it_gave() {
    let (env, server) = (TestEnv::new(), server());
    let begin = Instant::now();
    let ended = env.predict([&format!("{server}/stops"), "--format", "json"]).with_code(1);
    assert!(begin.elapsed() < Duration::from_secs(30), "it took {:?}", begin.elapsed());
    assert!(!ended.json_lines().is_empty());
    assert!(ended.err.contains("/stops") && ended.err.contains("  fix: "), "{}", ended.err);
}
