//! An event as JSON to a web server. What may be over soon (no network, an overloaded server) is tried again, later each time.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};

use super::payload;
use super::{ActionError, Fired, Stop, Success};
use crate::events::rule::WebhookAction;
use crate::library::download::ProxyChoice;
use crate::library::names::excerpt;

/// How often an event is sent before it is given up.
const ATTEMPTS: u32 = 5;
/// The first wait between two attempts; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
const CONNECT: Duration = Duration::from_secs(5);
/// For an attempt as a whole.
const WHOLE: Duration = Duration::from_secs(15);

/// The address, if it is one of the web.
#[must_use]
pub fn uri(url: &str) -> Option<Uri> {
    let uri: Uri = url.trim().parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_web && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

/// Why an attempt failed, and how soon it may be repeated; `None`: never.
type Failed = (ActionError, Option<Duration>);

pub(super) fn send(action: &WebhookAction, fired: &Fired, stop: &Stop) -> Result<Success, ActionError> {
    send_with(action, fired, stop, FIRST_WAIT)
}

/// As [`send`], with another first wait.
pub(super) fn send_with(
    action: &WebhookAction,
    fired: &Fired,
    stop: &Stop,
    mut wait: Duration,
) -> Result<Success, ActionError> {
    let uri = uri(&action.url).ok_or(ActionError::BadUrl)?;
    let body = payload::json(fired, action.thumbnail);
    // The user waits for a test: one attempt tells enough.
    let attempts = if fired.is_test() { 1 } else { ATTEMPTS };
    for attempt in 1.. {
        match post(&uri, action, &body) {
            Ok(code) => return Ok(Success { note: format!("HTTP {code}"), file: None }),
            Err((error, again)) => {
                let Some(asked) = again.filter(|_| attempt < attempts) else { return Err(error) };
                if stop.wait(asked.clamp(wait, LONGEST_WAIT)) {
                    return Err(ActionError::Stopped);
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
    Err(ActionError::Stopped)
}

fn post(uri: &Uri, action: &WebhookAction, body: &[u8]) -> Result<u16, Failed> {
    let host = uri.host().unwrap_or_default().to_owned();
    let unreachable = |reason: String| ActionError::Unreachable { host: host.clone(), reason };
    let agent = agent(uri).map_err(|reason| (unreachable(reason), None))?;
    let mut request = agent.post(uri.clone()).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in &action.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => request = request.header(name, value),
            _ => return Err((ActionError::BadHeader { name: excerpt(name, 60) }, None)),
        }
    }
    let response = request.send(body).map_err(|error| {
        let reason = excerpt(&error.to_string(), 160);
        let again = !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::Rustls(_));
        (unreachable(reason.trim_end_matches('.').to_owned()), again.then_some(Duration::ZERO))
    })?;
    let code = response.status().as_u16();
    if response.status().is_success() {
        return Ok(code);
    }
    let again = matches!(code, 408 | 425 | 429 | 500..=599).then(|| {
        let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        asked
            .and_then(|text| crate::library::download::retry_after(text, SystemTime::now()))
            .unwrap_or_default()
    });
    let mut says = String::new();
    // What the server says helps to find the mistake; if it can't be read, the status is enough.
    let _ = response.into_body().into_reader().take(400).read_to_string(&mut says);
    Err((ActionError::Refused { host, code, says: excerpt(&says, 120) }, again))
}

fn agent(uri: &Uri) -> Result<Agent, String> {
    super::install_tls();
    let proxy = ProxyChoice::Environment.proxy(uri).map_err(|error| error.to_string())?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // The event is for the server that the user named, and for no other.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("sightline/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(WHOLE))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .proxy(proxy)
        .build();
    Ok(config.new_agent())
}
