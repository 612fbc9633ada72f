//! The helper's process as the program sees it: started, watched, ended.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::COMMAND;
use crate::model::runtime;

/// How long the end of a process is waited for that was killed, or whose pipe has closed.
const ENDING: Duration = Duration::from_secs(3);
/// How late a limit on time may be noticed.
const TICK: Duration = Duration::from_millis(200);

/// A helper's process. Another thread can end it at any time.
#[derive(Debug)]
pub(in crate::model) struct Helper {
    child: Mutex<Child>,
    /// It was told to end: by the user, or because it isn't needed any more.
    stopped: AtomicBool,
    /// It gave no answer in time and was ended.
    too_slow: AtomicBool,
    /// When the answer must be there that is waited for.
    deadline: Mutex<Deadline>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Deadline {
    at: Option<Instant>,
    is_over: bool,
}

impl Helper {
    /// Starts a helper.
    pub fn start(program: Option<&Path>) -> io::Result<(Arc<Self>, ChildStdin, ChildStdout)> {
        let mut command = command(program)?;
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.ok_or_else(|| io::Error::other("it has no pipes"))?;
        let helper = Arc::new(Self {
            child: Mutex::new(child),
            stopped: AtomicBool::new(false),
            too_slow: AtomicBool::new(false),
            deadline: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&helper);
        let guard = std::thread::Builder::new().name("sightline-guard".into()).spawn(move || own.watch());
        if let Err(error) = guard {
            helper.kill();
            return Err(error);
        }
        Ok((helper, to, from))
    }

    /// Ends it. What it is doing ends with [`ModelError::Stopped`](crate::model::ModelError::Stopped).
    pub fn stop(&self) {
        self.stopped.store(true, SeqCst);
        self.kill();
    }

    /// Whether it was told to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(SeqCst)
    }

    /// Whether it was ended because it gave no answer in time.
    pub fn was_too_slow(&self) -> bool {
        self.too_slow.load(SeqCst)
    }

    /// An answer is waited for, at most so long; `None`: none is.
    pub fn expect_within(&self, limit: Option<Duration>) {
        // The guard looks often enough to see it.
        self.deadline().at = limit.map(|limit| Instant::now() + limit);
    }

    /// Waits for its end and tells how it was; `None` if it doesn't come.
    pub fn end(&self) -> Option<ExitStatus> {
        let begin = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child().try_wait() {
                return Some(status);
            }
            if begin.elapsed() > ENDING {
                self.kill();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// It isn't needed any more.
    pub fn close(&self) {
        self.stop();
        self.deadline().is_over = true;
        self.changed.notify_all();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deadline(&self) -> MutexGuard<'_, Deadline> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self) {
        // One that has ended already can't be killed.
        let _ = self.child().kill();
    }

    /// Ends the process when an answer is overdue, and cleans up after it when it isn't needed any more.
    fn watch(&self) {
        let mut deadline = self.deadline();
        while !deadline.is_over {
            if deadline.at.is_some_and(|at| at <= Instant::now()) {
                deadline.at = None;
                self.too_slow.store(true, SeqCst);
                self.kill();
            }
            deadline = self.changed.wait_timeout(deadline, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(deadline);
        if self.end().is_none() {
            tracing::warn!("the process of a model doesn't end");
        }
    }
}

/// The command that starts a helper.
fn command(program: Option<&Path>) -> io::Result<Command> {
    let mut command = Command::new(program.map_or_else(this_program, |program| Ok(program.to_owned()))?);
    let is_told = tracing::enabled!(target: "onnxruntime", tracing::Level::DEBUG);
    command
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // What a crash prints says nothing to a user.
        .stderr(if is_told { Stdio::inherit() } else { Stdio::null() });
    if is_told {
        command.arg("-vv");
    }
    if let Some(runtime) = runtime::loaded().filter(|runtime| runtime.path.components().count() > 1)
        && let Ok(path) = std::path::absolute(&runtime.path)
    {
        command.env("SIGHTLINE_ONNXRUNTIME", path);
    }
    // Apart from the terminal's group: Ctrl-C is for the program, which ends its helpers itself.
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0).arg0("sightline");
    }
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt as _;
        const NEW_GROUP_NO_WINDOW: u32 = 0x0800_0200;
        command.creation_flags(NEW_GROUP_NO_WINDOW);
    }
    Ok(command)
}

/// Whether this program knows [`COMMAND`]. A test or a benchmark doesn't, and started with it would do anything.
static SERVES: AtomicBool = AtomicBool::new(false);

/// This program can be started as a helper: with [`COMMAND`] it calls [`serve`](super::serve).
pub fn this_program_serves() {
    SERVES.store(true, SeqCst);
}

/// Whether helpers can be started without naming a program.
#[must_use]
pub fn is_available() -> bool {
    SERVES.load(SeqCst)
}

/// This program's file.
fn this_program() -> io::Result<PathBuf> {
    if !is_available() {
        return Err(io::Error::other("this program can't be started as one"));
    }
    // The file that runs, also when an update has put another in its place.
    let own = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() }
}
