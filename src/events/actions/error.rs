//! Why an action wasn't carried out.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::dataset::CollectError;
use crate::record::RecordError;
use crate::save::SnapshotError;

/// Why an action wasn't carried out. The event is in the log all the same.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// Earlier events still wait for it.
    #[error("The action was left out: those of earlier events aren't done yet.")]
    Busy,
    #[error("The action was left out: its thread couldn't be started or has ended.")]
    NoThread,
    /// Sightline is ending, or the rule is gone.
    #[error("The action was stopped because its rule was changed or Sightline ends.")]
    Stopped,
    #[error("The desktop shows no notifications: {reason}.")]
    Desktop { reason: String },
    #[error("No sound could be played: {reason}.")]
    Sound { reason: String },
    /// There is no result to save.
    #[error("There was no frame to save.")]
    NoFrame,
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Rules that run on the command line have none.
    #[error("Clips are saved by the window only.")]
    NoRecorder,
    #[error(transparent)]
    Clip(Arc<RecordError>),
    /// Rules on the command line have none.
    #[error("No data set is open to collect into.")]
    NoDataset,
    #[error(transparent)]
    Collect(#[from] CollectError),
    #[error("The program \u{201c}{}\u{201d} can't be started: {reason}.", program.display())]
    NotStarted { program: PathBuf, reason: String },
    #[error("The program \u{201c}{}\u{201d} was ended: it took longer than {seconds} s.", program.display())]
    TooLong { program: PathBuf, seconds: f64 },
    /// `says` is the end of what it wrote; may be empty.
    #[error("The program \u{201c}{}\u{201d} failed ({status}){}.", program.display(), quoted(says))]
    Failed { program: PathBuf, status: String, says: String },
    #[error("The server {host} can't be reached: {reason}.")]
    Unreachable { host: String, reason: String },
    #[error("The server {host} refused the event with status {code}{}.", quoted(says))]
    Refused { host: String, code: u16, says: String },
    #[error("The address of the webhook isn't an http or https address.")]
    BadUrl,
    #[error("A header of the webhook isn't valid: \u{201c}{name}\u{201d}.")]
    BadHeader { name: String },
    #[error("No MQTT broker is named.")]
    NoBroker,
    #[error("The MQTT broker {host} can't be reached: {reason}.")]
    Broker { host: String, reason: String },
}

fn quoted(says: &str) -> String {
    if says.is_empty() { String::new() } else { format!(": \u{201c}{says}\u{201d}") }
}

impl ActionError {
    /// A sentence that tells the user what to do about it; empty if there is nothing to do.
    #[must_use]
    pub fn fix(&self) -> Cow<'static, str> {
        let fix = match self {
            Self::Busy => "Let the rule fire less often, or make the action faster.",
            Self::NoThread => "Try again.",
            Self::Stopped => "Nothing needs to be done.",
            Self::Desktop { .. } => "Check that the desktop has a notification service.",
            Self::Sound { .. } => {
                "Check that a sound device is connected and that PipeWire, PulseAudio or ALSA\u{2019}s player is installed."
            }
            Self::NoFrame => "Try again when a source plays.",
            Self::Snapshot(error) => error.fix(),
            Self::NotStarted { .. } => "Check its path and that it may be executed.",
            Self::TooLong { .. } => "Give it more time in the rule, or let it do its work in the background.",
            Self::Failed { .. } => "Try the same command in a terminal.",
            Self::Unreachable { .. } => "Check the address and the network.",
            Self::Refused { .. } => "Check the address and what the server expects.",
            Self::BadUrl => "Write it as https://example.org/path.",
            Self::BadHeader { .. } => "Correct its name and its value.",
            Self::NoBroker => "Name the broker below the rules.",
            Self::Broker { .. } => "Check host, port, user and password, and whether it needs TLS.",
            Self::NoRecorder => "Open the source in the window, or use a snapshot.",
            Self::Clip(error) => return error.fix().into(),
            Self::NoDataset => "Open or create one on the page of data sets (key D).",
            Self::Collect(error) => return error.fix().into(),
        };
        fix.into()
    }
}
