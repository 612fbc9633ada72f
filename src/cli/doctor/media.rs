//! Cameras, and the program that reads and writes videos.

use std::process::{Command, Stdio};

use super::Check;
use crate::source::camera::{self, CameraInfo};
use crate::source::{CameraRequest, SourceError};

/// The program that reads and writes videos.
pub fn ffmpeg() -> Check {
    let output = Command::new("ffmpeg").arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let Ok(output) = output else {
        let error = SourceError::NoFfmpeg;
        return Check::limited("ffmpeg", "not installed: videos can't be read or written", error.fix());
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().nth(2).unwrap_or("?");
    Check::ok("ffmpeg", version)
}

/// The cameras, and whether this account may use them.
pub fn cameras() -> Vec<Check> {
    let cameras = camera::list();
    if cameras.is_empty() {
        let error = SourceError::NoCamera;
        return vec![Check::limited("camera", "none found", error.fix())];
    }
    let check = |c: &CameraInfo| match &c.problem {
        Some(problem) => Check::limited("camera", problem.to_string(), problem.fix()),
        None => match camera::choose(&c.modes, &CameraRequest::default()) {
            Some(mode) => Check::ok("camera", format!("{}: {mode}", c.name)),
            None => Check::limited(
                "camera",
                format!("{} offers no format that can be read", c.name),
                "Choose another camera.",
            ),
        },
    };
    cameras.iter().map(check).collect()
}
