//! Limits of a helper on memory and time.

use std::time::Duration;

/// What a model may take in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory; `None`: by the size of the model. Only the CPU's memory is limited, and not on Windows and macOS,
    /// whose programs can't be limited so.
    pub memory: Option<u64>,
    /// The longest time for opening it.
    pub open: Duration,
    /// The longest time for one run.
    pub run: Duration,
}

impl Limits {
    /// For a model that the user chose, and can leave at any time.
    pub const FOR_USE: Self =
        Self { memory: None, open: Duration::from_mins(5), run: Duration::from_mins(1) };

    /// For a model that nobody asked to run.
    pub const UNASKED: Self =
        Self { memory: None, open: Duration::from_mins(1), run: Duration::from_secs(15) };
}

/// The memory for a model with so many bytes in its files: its weights are there up to four times while the runtime
/// rearranges them. What lies between its layers grows with the image, so a model that the user chose is granted half of the computer's
/// memory in any case.
pub(super) fn memory_for(bytes: u64, is_unasked: bool) -> u64 {
    const BASE: u64 = 2 << 30;
    let least = BASE.saturating_add(bytes.saturating_mul(4));
    if is_unasked { least } else { least.max(total_memory() / 2) }
}

/// The computer's memory in bytes; 0 if the system does not tell.
fn total_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Makes this process one that leaves no core dump, and that the system ends first when memory runs out.
pub(super) fn be_harmless() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // First: a process that isn't dumpable may not write there any more.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Limits the memory of this process to so many bytes.
pub(super) fn limit_memory(bytes: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Linux counts private memory that can be written to, from when it is mapped; shared and read-only mappings, as of weights in
        // files, don't count.
        let resource = if cfg!(target_os = "linux") { Resource::Data } else { Resource::As };
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        if let Err(error) = setrlimit(resource, limit) {
            tracing::warn!("memory can't be limited: {error}");
        }
    }
    #[cfg(not(unix))]
    let _ = bytes;
}
