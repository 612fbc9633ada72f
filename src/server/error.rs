//! What can go wrong with a server; each message says what happened, each [`ServerError::fix`] what to do.

use std::time::Duration;

/// Why a server gives no result. `server` is its address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// No connection.
    #[error("The server {server} can't be reached: {reason}.")]
    Unreachable { server: String, reason: String },
    /// The connection was lost during a request.
    #[error("The connection to {server} was lost: {reason}.")]
    Lost { server: String, reason: String },
    #[error("{server} gave no response within {} seconds.", .after.as_secs_f32())]
    TimedOut { server: String, after: Duration },
    /// Its certificate isn't trusted.
    #[error("The certificate of {server} isn't trusted: {reason}.")]
    Certificate { server: String, reason: String },
    #[error("{server} refuses access ({status}).")]
    Forbidden { server: String, status: u16 },
    #[error("{server} has no model \u{201c}{model}\u{201d}.")]
    NoModel { server: String, model: String },
    #[error("The model \u{201c}{model}\u{201d} on {server} isn't ready{}.", .reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    NotReady { server: String, model: String, reason: Option<String> },
    #[error("{server} has too many requests.")]
    Busy { server: String },
    /// It says that something failed.
    #[error("{server} reports an error: {message}.")]
    Failed { server: String, message: String },
    /// What it sends isn't the protocol, or not what it promised.
    #[error("{server} sends what Sightline doesn't understand: {reason}.")]
    Garbled { server: String, reason: String },
    /// Another model has taken the name.
    #[error("The model \u{201c}{model}\u{201d} on {server} is another one now.")]
    Changed { server: String, model: String },
    /// It doesn't tell which models it has.
    #[error("{server} doesn't list its models.")]
    NoList { server: String },
    /// The file with certificates can't be used.
    #[error("The certificate file \u{201c}{path}\u{201d} can't be used: {reason}.")]
    BadCertificateFile { path: String, reason: String },
    /// The client itself can't be set up.
    #[error("The connection to {server} can't be set up: {reason}.")]
    Setup { server: String, reason: String },
    /// It was ended by a [`Stop`](super::Stop).
    #[error("The request was stopped.")]
    Stopped,
}

impl ServerError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "Check the address, that the server runs and that no firewall is between.".into()
            }
            Self::Lost { .. } => "Check that the server still runs, and the network.".into(),
            Self::Busy { .. } => "Wait until it has fewer requests, or start more servers.".into(),
            Self::TimedOut { .. } => "The server or the network is too slow, or the server hangs.".into(),
            Self::Changed { .. } => "Open the model again.".into(),
            Self::Certificate { .. } => {
                "If the server has a certificate of its own authority, give that: \u{201c}sightline models servers add ADDRESS --ca FILE\u{201d}.".into()
            }
            Self::Forbidden { .. } => {
                "Save a token for it: \u{201c}sightline models servers add ADDRESS --token-file FILE\u{201d}.".into()
            }
            Self::NoModel { server, .. } => {
                format!("\u{201c}sightline models list --server {server}\u{201d} lists its models.")
            }
            Self::NotReady { .. } => {
                "Wait until the server has loaded it, or look into the server's log.".into()
            }
            Self::Failed { .. } => "Look into the server's log.".into(),
            Self::Garbled { .. } => {
                "Check that the address is that of an Open Inference Protocol (version 2) server, and the model's output there.".into()
            }
            Self::NoList { server } => format!("Write the model's name yourself: {server}/NAME."),
            Self::BadCertificateFile { .. } => "It must hold certificates as PEM text.".into(),
            Self::Setup { .. } => "Check the settings of the server and of the proxy.".into(),
            Self::Stopped => String::new(),
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        !matches!(
            self,
            Self::Certificate { .. }
                | Self::Forbidden { .. }
                | Self::BadCertificateFile { .. }
                | Self::Setup { .. }
                | Self::NoList { .. }
                | Self::Changed { .. }
                | Self::Stopped
        )
    }
}

/// The error of a server's refusal: an HTTP status (or the one that a gRPC code stands for), and what it says.
pub(super) fn of_message(server: String, model: &str, status: u16, message: String) -> ServerError {
    let model = model.to_owned();
    let says = |words: &[&str]| {
        let lower = message.to_ascii_lowercase();
        words.iter().any(|word| lower.contains(word))
    };
    // Triton says 400 or 404 for a model that it doesn't have, and 400 or 503 for one that isn't loaded.
    match status {
        _ if says(&["unknown model", "not found"]) && says(&["model"]) && !says(&["input", "output"]) => {
            ServerError::NoModel { server, model }
        }
        404 if !says(&["input", "output"]) => ServerError::NoModel { server, model },
        _ if says(&["not ready", "no available versions", "unavailable"]) => {
            ServerError::NotReady { server, model, reason: Some(message).filter(|m| !m.is_empty()) }
        }
        429 | 503 => ServerError::Busy { server },
        502 | 504 => ServerError::Lost { server, reason: format!("the proxy before it says {status}") },
        _ if message.is_empty() => ServerError::Failed { server, message: format!("HTTP status {status}") },
        _ => ServerError::Failed { server, message },
    }
}
