//! ffmpeg as a process that several threads may wait for or end.

use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// ffmpeg in a process group of its own: Ctrl-C on the terminal must not reach it before the video is complete.
pub(super) fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.arg("-hide_banner").arg("-nostdin");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        /// `CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW`
        const ALONE: u32 = 0x0000_0200 | 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(&mut command, ALONE);
    }
    command
}

/// A running ffmpeg.
#[derive(Clone, Debug)]
pub(super) struct Process(Arc<Mutex<Child>>);

impl Process {
    pub fn new(child: Child) -> Self {
        Self(Arc::new(Mutex::new(child)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends it at once. Does nothing to one that has ended. Doesn't wait: a program that hangs in a driver may not end at all.
    pub fn kill(&self) {
        self.with(|child| {
            let _ = child.kill();
        });
    }

    /// Waits for its end; kills it when the time is over. Returns whether it succeeded; `None` if it took too long.
    pub fn wait(&self, limit: Duration) -> Option<bool> {
        let deadline = Instant::now() + limit;
        loop {
            match self.with(Child::try_wait) {
                Ok(Some(status)) => return Some(status.success()),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => {
                    self.kill();
                    // Lets the system forget it, if it ends.
                    std::thread::sleep(Duration::from_millis(50));
                    let _ = self.with(Child::try_wait);
                    return None;
                }
            }
        }
    }
}
