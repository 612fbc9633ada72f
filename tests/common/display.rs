//! A display for the window.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A display that nobody sees.
pub struct Display {
    server: Child,
    pub name: String,
}

impl Display {
    pub fn new() -> Self {
        let mut server = Command::new("Xvfb")
            // Without `-noreset` it starts anew, deaf for a moment, whenever its last client goes.
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts (Debian, Ubuntu: sudo apt install xvfb)");
        let mut number = String::new();
        let out = server.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut number).expect("Xvfb says its number");
        Self { server, name: format!(":{}", number.trim()) }
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
