//! Clips of coloured spots, for the models of `onnx.rs` that look for them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Width and height of a clip.
pub const SIDE: usize = 256;
/// Its frames per second.
pub const FPS: f64 = 10.0;

pub const RED: [u8; 3] = [255, 0, 0];
pub const GREEN: [u8; 3] = [0, 255, 0];
pub const BLUE: [u8; 3] = [0, 0, 255];

/// A frame: RGB.
pub struct Frame(Vec<u8>);

impl Frame {
    /// Paints a spot around a point, in pixels.
    pub fn spot(&mut self, [x, y]: [f64; 2], colour: [u8; 3]) {
        for (n, pixel) in self.0.chunks_exact_mut(3).enumerate() {
            let (dx, dy) = ((n % SIDE) as f64 + 0.5 - x, (n / SIDE) as f64 + 0.5 - y);
            if dx.hypot(dy) <= 9.0 {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

/// Writes a clip (.mkv, without loss) of so many grey frames, on each of which `paint` paints, given its time in seconds.
pub fn write(file: &Path, frames: usize, paint: impl Fn(f64, &mut Frame)) {
    let size = format!("{SIDE}x{SIDE}");
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &size])
        .args(["-r", &FPS.to_string(), "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgr0"])
        .arg(file)
        .stdin(Stdio::piped())
        .spawn()
        .expect("ffmpeg runs");
    let mut pipe = ffmpeg.stdin.take().expect("piped");
    for n in 0..frames {
        let mut frame = Frame(vec![60; SIDE * SIDE * 3]);
        paint(n as f64 / FPS, &mut frame);
        pipe.write_all(&frame.0).expect("ffmpeg reads");
    }
    drop(pipe);
    assert!(ffmpeg.wait().expect("it ends").success());
}

/// The last frame of a video: RGB.
pub fn last_frame(file: &Path) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .expect("ffmpeg runs");
    let frame = SIDE * SIDE * 3;
    output.stdout[output.stdout.len() - frame..].to_vec()
}
