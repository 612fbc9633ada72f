//! The progress bar, drawn on standard error if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output;
use crate::source::SourceInfo;

/// How far the work is: frames of a single source, or number of sources.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    sources: usize,
    max_frames: Option<u64>,
}

impl Progress {
    /// A bar for so many sources, with at most `max_frames` processed of each. Without `show` nothing is drawn.
    #[must_use]
    pub fn new(show: bool, sources: usize, max_frames: Option<u64>) -> Self {
        // indicatif draws nothing if standard error is no terminal.
        let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), sources, max_frames }
    }

    /// A source is open.
    pub fn opened(&self, info: &SourceInfo) {
        let frames = match (info.frames, self.max_frames) {
            (Some(frames), Some(most)) => Some(frames.min(most)),
            (frames, most) => frames.or(most),
        };
        let length = if self.sources > 1 { Some(self.sources as u64) } else { frames };
        let template = match length {
            Some(1) => "{msg}",
            Some(_) => "{msg} {bar:30} {pos}/{len} {elapsed} (ready in {eta})",
            None => "{msg} {spinner} {pos} frames {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        if let Some(length) = length {
            self.bar.set_length(length);
        }
        self.bar.set_message(output::printable(&info.name).into_owned());
    }

    /// A frame is done.
    pub fn frame(&self) {
        if self.sources == 1 {
            self.bar.inc(1);
        }
    }

    /// A source is done, or can't be read.
    pub fn ended(&self) {
        if self.sources > 1 {
            self.bar.inc(1);
        }
    }

    /// Hides the bar while `write` writes something.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
