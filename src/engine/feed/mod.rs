//! A feed: one source's workers, from opening to decoded frames. It knows no model.
//!
//! Two threads belong to it. [`capture`] opens the source and reads it at its own rate; [`decode`] turns the newest frame into
//! RGBA, once, for screen and model alike. A feed ends as a whole: [`Feed::stop`] ends both threads, and the frames that are
//! still under way carry its number and are ignored.

mod capture;
mod decode;
mod playback;
pub(super) mod state;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::context::Context;
use super::factories::Factories;
use super::threads::{spawn, wait_for};
use crate::frame::Frame;
use crate::latest::{LatestReader, LatestWriter, latest};
use crate::source::{Address, CameraRequest};
use capture::Capture;
use state::{FeedState, SourceCommand, SourceCommands};

/// How long a source waits for the one before it, which may be the same camera and must be closed first.
const HANDOVER: Duration = Duration::from_secs(2);

/// An open source and its two threads.
pub(super) struct Feed {
    state: Arc<FeedState>,
    preview: LatestReader<Arc<Frame>>,
    commands: LatestWriter<SourceCommands>,
    threads: Vec<JoinHandle<()>>,
}

impl Feed {
    /// Starts to open a source whose decoded frames carry `id` and go into `inbox`. `before` are the threads of the source that was open until
    /// now.
    pub fn open(
        context: &Arc<Context>,
        factories: &Arc<Factories>,
        inbox: LatestWriter<Arc<Frame>>,
        id: u64,
        address: Address,
        camera: CameraRequest,
        before: Vec<JoinHandle<()>>,
    ) -> Self {
        let state = Arc::new(FeedState::new(id));
        let (commands, received) = latest();
        let (raw, newest_raw) = latest();
        let (shown, preview) = latest();
        let capture = Capture {
            context: Arc::clone(context),
            factories: Arc::clone(factories),
            feed: Arc::clone(&state),
            address,
            camera,
            raw,
            commands: received,
        };
        let capture = spawn("sightline-capture", move || {
            let until = Instant::now() + HANDOVER;
            for thread in &before {
                wait_for(thread, until.saturating_duration_since(Instant::now()));
            }
            capture.run();
        });
        let decode = {
            let (context, state) = (Arc::clone(context), Arc::clone(&state));
            spawn("sightline-decode", move || decode::run(&context, &state, &newest_raw, &shown, &inbox))
        };
        Self { state, preview, commands, threads: capture.into_iter().chain(decode).collect() }
    }

    /// The newest decoded frame; it stays there until the next one comes.
    pub fn preview(&self) -> Option<Arc<Frame>> {
        self.preview.peek()
    }

    /// The position in a video in seconds, or the index of an image among several.
    pub fn position(&self) -> Option<f64> {
        self.state.position()
    }

    pub fn send(&self, command: SourceCommand) {
        let merged = self.commands.merge(|waiting| {
            let mut commands = waiting.unwrap_or_default();
            commands.add(command);
            commands
        });
        if merged.is_err() {
            tracing::debug!("a command came after the source had failed");
        }
    }

    /// Tells the threads to stop and returns them.
    pub fn stop(self) -> Vec<JoinHandle<()>> {
        self.state.stop();
        self.threads
    }
}
