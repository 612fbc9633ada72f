//! A display for the window.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// A display that nobody sees.
pub struct Display {
    server: Child,
    pub name: String,
    /// Where the server keeps the pixels.
    pixels: TempDir,
}

impl Display {
    pub fn new() -> Self {
        let pixels = tempfile::tempdir().expect("a temporary folder");
        let mut server = Command::new("Xvfb")
            // Without `-noreset` it starts anew, deaf for a moment, whenever its last client goes.
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .arg("-fbdir")
            .arg(pixels.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts (Debian, Ubuntu: sudo apt install xvfb)");
        let mut number = String::new();
        let out = server.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut number).expect("Xvfb says its number");
        Self { server, name: format!(":{}", number.trim()), pixels }
    }

    /// Lets a program open its windows here.
    pub fn shows<'a>(&self, program: &'a mut Command) -> &'a mut Command {
        program
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
    }

    /// What is on screen now. (The file is XWD's: a head of big-endian numbers, a table of colours of 12 bytes each, the pixels.)
    pub fn picture(&self) -> RgbImage {
        let bytes = std::fs::read(self.pixels.path().join("Xvfb_screen0")).expect("the server's pixels");
        let number = |place: usize| {
            let four = bytes[place * 4..][..4].try_into().expect("four bytes");
            u32::from_be_bytes(four) as usize
        };
        let (width, height, row, colours) = (number(4), number(5), number(12), number(19));
        let begin = number(0) + colours * 12;
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = begin + y as usize * row + x as usize * 4;
            Rgb([bytes[at + 2], bytes[at + 1], bytes[at]])
        })
    }

    /// Runs `xdotool` and gives what it says.
    pub fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.name)
            .output()
            .expect("xdotool runs (Debian, Ubuntu: sudo apt install xdotool)");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
