//! How a helper ended that wasn't told to.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why the process of a model ended, or was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It crashed.
    Crashed(Crash),
    /// It gave no answer within so many seconds.
    TooSlow(u64),
    /// It wanted more than so many bytes of memory.
    TooLarge(u64),
}

/// What a process crashed of; each text says it within brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crash {
    /// SIGFPE: a division that has no result.
    Division,
    /// SIGSEGV or SIGBUS.
    Memory,
    /// SIGILL.
    Instruction,
    /// SIGABRT.
    Abort,
    /// SIGKILL, which the system sends when memory runs out.
    Killed,
    /// Another signal.
    Signal(i32),
    /// It ended by itself with this code.
    Code(i32),
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Division => f.write_str("an impossible division"),
            Self::Memory => f.write_str("a faulty access to memory"),
            Self::Instruction => f.write_str("an instruction that this processor doesn't have"),
            Self::Abort => f.write_str("it gave up by itself"),
            Self::Killed => f.write_str("the system ended it, usually for want of memory"),
            Self::Signal(number) => write!(f, "signal {number}"),
            Self::Code(code) => write!(f, "exit code {code}"),
        }
    }
}

impl Ending {
    /// A limit on time that was reached.
    pub(super) fn too_slow(limit: Duration) -> Self {
        Self::TooSlow(limit.as_secs().max(1))
    }

    /// What is said of a model that once ended so, in a sentence.
    #[must_use]
    pub fn note(self) -> String {
        match self {
            Self::Crashed(crash) => {
                format!("It crashed when it ran ({crash}); it runs in a process of its own.")
            }
            Self::TooSlow(seconds) => {
                format!("It was ended because it gave no result within {seconds} seconds.")
            }
            Self::TooLarge(bytes) => {
                format!("It was ended because it wanted more than {:.1} GB of memory.", bytes as f64 / 1e9)
            }
        }
    }

    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(self) -> &'static str {
        match self {
            Self::Crashed(_) => {
                "Choose another model, export it again with a newer exporter, or update ONNX Runtime."
            }
            Self::TooSlow(_) | Self::TooLarge(_) => {
                "Choose a smaller model or input size; if you trust this one, start Sightline with \u{201c}--isolate never\u{201d}."
            }
        }
    }

    /// Whether the program itself would have crashed with it. What the system ends for want of memory may have been in the way of another
    /// program, and runs well the next time.
    #[must_use]
    pub fn is_crash(self) -> bool {
        matches!(self, Self::Crashed(crash) if crash != Crash::Killed)
    }
}

/// What a process that ended without being told to crashed of; `None`: somebody ended it.
pub(super) fn crash_of(status: ExitStatus) -> Option<Crash> {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return crash_of_signal(signal);
    }
    crash_of_code(status.code().unwrap_or_default())
}

#[cfg(unix)]
fn crash_of_signal(signal: i32) -> Option<Crash> {
    use rustix::process::Signal;
    let is = |known: Signal| signal == known.as_raw();
    Some(match signal {
        _ if is(Signal::FPE) => Crash::Division,
        _ if is(Signal::SEGV) || is(Signal::BUS) => Crash::Memory,
        _ if is(Signal::ILL) => Crash::Instruction,
        _ if is(Signal::ABORT) => Crash::Abort,
        _ if is(Signal::KILL) => Crash::Killed,
        _ if is(Signal::TERM) || is(Signal::INT) || is(Signal::HUP) => return None,
        other => Crash::Signal(other),
    })
}

/// Windows gives the exception as the exit code. A small code is the helper's own: it couldn't go on, which is no fault of the model.
fn crash_of_code(code: i32) -> Option<Crash> {
    Some(match code as u32 {
        0..=0xff => return None,
        // Integer and floating-point divisions, and their overflow.
        0xC000_0094 | 0xC000_0095 | 0xC000_008E => Crash::Division,
        // Access violation, bus error, stack overflow.
        0xC000_0005 | 0xC000_0006 | 0xC000_00FD => Crash::Memory,
        0xC000_001D => Crash::Instruction,
        0xC000_0409 => Crash::Abort,
        _ => Crash::Code(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn signals_say_what_happened_and_an_order_to_end_is_no_crash() {
        use std::os::unix::process::ExitStatusExt as _;
        let of = |raw: i32| crash_of(ExitStatus::from_raw(raw));
        assert_eq!(of(8), Some(Crash::Division));
        assert_eq!(of(11), Some(Crash::Memory));
        assert_eq!(of(6), Some(Crash::Abort));
        assert_eq!(of(9), Some(Crash::Killed));
        assert_eq!(of(15), None);
        assert_eq!(of(3 << 8), None, "it couldn't go on");
    }

    #[test]
    fn the_codes_of_windows_are_known() {
        assert_eq!(crash_of_code(0xC000_0094_u32 as i32), Some(Crash::Division));
        assert_eq!(crash_of_code(0xC000_0005_u32 as i32), Some(Crash::Memory));
        assert_eq!(crash_of_code(0xC000_0374_u32 as i32), Some(Crash::Code(0xC000_0374_u32 as i32)));
        assert_eq!(crash_of_code(7), None);
    }
}
