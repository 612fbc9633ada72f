//! Running ffmpeg and ffprobe: their output, their error messages, and their end.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use crate::latest::{LatestReader, LatestWriter, Take, latest};

/// How long a program whose output has ended may take to exit.
const EXIT: Duration = Duration::from_secs(1);
/// Longer lines of error messages are cut into several.
const MAX_LINE: u64 = 8 << 10;

/// Why a program gave no output.
#[derive(Debug)]
pub(super) enum ProcessError {
    NotInstalled,
    /// The reason, as the end of a sentence.
    Failed(String),
}

/// The programs that run, so that none outlives this one.
static RUNNING: Mutex<Running> = Mutex::new(Running { ending: false, children: Vec::new() });

struct Running {
    /// No other is started.
    ending: bool,
    children: Vec<Arc<Mutex<Child>>>,
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every program that still runs, and starts no other: the threads that wait for them end with this process, without
/// dropping anything. ffprobe would wait for a silent server for minutes.
pub(in crate::source) fn end_all() {
    let mut running = running();
    running.ending = true;
    for child in running.children.drain(..) {
        // A thread that holds the lock for longer is killing it.
        for _ in 0..20 {
            if let Ok(mut child) = child.try_lock() {
                let _ = child.kill();
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    /// The last line of its error messages. A thread reads them all the time: a program that cannot write its messages
    /// stops working.
    errors: LatestReader<String>,
}

impl Process {
    /// Starts a program. Returns its standard output as well.
    ///
    /// # Errors
    /// If it is not installed or cannot be started.
    pub fn start(command: &mut Command) -> Result<(Self, ChildStdout), ProcessError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = |error: io::Error| ProcessError::Failed(format!("{name} couldn't be started ({error})"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = running();
        if running.ending {
            return Err(ProcessError::Failed("Sightline is ending".into()));
        }
        let mut child = command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => ProcessError::NotInstalled,
            _ => failed(e),
        })?;
        let pipes = (child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        running.children.push(Arc::clone(&child));
        drop(running);
        let (lines, errors) = latest();
        let process = Self { child, errors };
        let (Some(output), Some(messages)) = pipes else {
            return Err(ProcessError::Failed(format!("{name} has no output")));
        };
        spawn_thread("sightline-ffmpeg-errors", move || pass_on_lines(messages, &lines)).map_err(failed)?;
        Ok((process, output))
    }

    /// Waits for the end of a program whose output has ended. Returns whether it succeeded, and the last line of its error
    /// messages.
    pub fn finish(self) -> (bool, String) {
        let deadline = Instant::now() + EXIT;
        let succeeded = loop {
            let ended = self.child().try_wait();
            match ended {
                Ok(Some(status)) => break status.success(),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Ok(None) | Err(_) => break false,
            }
        };
        let mut last = String::new();
        while let Take::Value(line) = self.errors.take(deadline.saturating_duration_since(Instant::now())) {
            last = line;
        }
        (succeeded, last)
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        running().children.retain(|child| !Arc::ptr_eq(child, &self.child));
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Runs a program to its end. Returns its output, at most `max_bytes` of it, and the last line of its error messages.
///
/// # Errors
/// If it cannot be started or takes longer than `timeout`.
pub(super) fn run(
    command: &mut Command,
    max_bytes: u64,
    timeout: Duration,
) -> Result<(Vec<u8>, String), ProcessError> {
    let (process, output) = Process::start(command)?;
    let (done, bytes) = bounded(1);
    let read = move || {
        let mut bytes = Vec::new();
        let _ = output.take(max_bytes).read_to_end(&mut bytes);
        let _ = done.send(bytes);
    };
    spawn_thread("sightline-ffprobe", read).map_err(|e| ProcessError::Failed(e.to_string()))?;
    let Ok(bytes) = bytes.recv_timeout(timeout) else {
        return Err(ProcessError::Failed("it doesn't answer".into()));
    };
    Ok((bytes, process.finish().1))
}

/// Reads error messages to their end and puts each line that is not empty into the slot.
fn pass_on_lines(messages: impl Read, lines: &LatestWriter<String>) {
    let mut messages = BufReader::new(messages);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A file name in a message need not be UTF-8.
        match messages.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() && lines.put(text.trim().to_owned()).is_err() {
            return;
        }
    }
}

/// Starts a thread with a name.
pub(super) fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Result<(Vec<u8>, String), ProcessError> {
        run(Command::new("sh").args(["-c", script]), 4 << 20, timeout)
    }

    #[test]
    fn many_error_messages_do_not_block_a_program() {
        let begin = Instant::now();
        // 200 KiB of messages before the first byte of output: a pipe holds 64 KiB.
        let script = r#"i=0; while [ $i -lt 2048 ]; do
            echo "[h264 @ 0x55] error while decoding MB 1 2, bytestream 3, concealing errors in this part of the frame" >&2
            i=$((i+1)); done; echo the last line >&2; echo output"#;
        let (output, complaint) = shell(script, Duration::from_secs(15)).expect("it ends");
        assert_eq!((output.as_slice(), complaint.as_str()), (&b"output\n"[..], "the last line"));
        assert!(begin.elapsed() < Duration::from_secs(10), "it took {:?}", begin.elapsed());
    }

    #[test]
    fn messages_that_are_not_utf8_are_read_to_the_end() {
        let script = r"printf 'a\377.mp4: bad\n' >&2; sleep 0.1; echo after >&2; echo output";
        let (output, complaint) = shell(script, Duration::from_secs(15)).expect("it ends");
        assert_eq!((output.as_slice(), complaint.as_str()), (&b"output\n"[..], "after"));
    }

    #[test]
    fn a_program_that_takes_too_long_is_killed() {
        let begin = Instant::now();
        let answer = shell("exec sleep 60", Duration::from_millis(100));
        assert!(matches!(answer, Err(ProcessError::Failed(_))), "{answer:?}");
        assert!(begin.elapsed() < Duration::from_secs(10), "it took {:?}", begin.elapsed());
    }

    #[test]
    fn a_missing_program_is_an_error_of_its_own() {
        let answer = run(&mut Command::new("sightline-no-such-program"), 1, Duration::ZERO);
        assert!(matches!(answer, Err(ProcessError::NotInstalled)), "{answer:?}");
    }
}
