//! A video through a detector with the `usls` crate, from start to end, as an ordinary program has it.
//!
//! `usls-loop MODEL VERSION FILM`, where VERSION is YOLO's (8, 11). Frames come from the ffmpeg program as RGB, since the crate's own
//! video reader wants another FFmpeg than systems carry. Prints one JSON object: frames, found, fps of the loop. ORT_DYLIB_PATH
//! names ONNX Runtime.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};
use usls::{Config, Image, Model as _, YOLO};

/// The size of the clip that is measured.
const SIZE: (u32, u32) = (1280, 720);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, version, video] = &arguments[..] else { anyhow::bail!("usage: usls-loop MODEL VERSION FILM") };
    let version: usize = version.parse().context("the version")?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let config = Config::yolo_detect()
        .with_version((version as u8).into())
        .with_model_file(model)
        .with_model_num_intra_threads(threads)
        .with_class_confs(&[0.25])
        .with_iou(0.7)
        .commit()?;
    let mut yolo = YOLO::new(config)?;
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
        .stdout(Stdio::piped())
        .spawn()
        .context("ffmpeg")?;
    let mut pipe = ffmpeg.stdout.take().context("ffmpeg's output")?;
    let mut pixels = vec![0; (SIZE.0 * SIZE.1 * 3) as usize];
    let (begin, mut frames, mut found) = (Instant::now(), 0u32, 0usize);
    while pipe.read_exact(&mut pixels).is_ok() {
        let image = [Image::from_u8s(&pixels, SIZE.0, SIZE.1)?];
        found += yolo.run(&image)?.iter().map(|y| y.hbbs().len()).sum::<usize>();
        frames += 1;
    }
    let fps = f64::from(frames) / begin.elapsed().as_secs_f64();
    println!("{{\"frames\": {frames}, \"found\": {found}, \"fps\": {fps:.2}}}");
    ffmpeg.wait()?;
    Ok(())
}
