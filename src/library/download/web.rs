//! From a web server, which may be slow, wrong, overloaded or hostile.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{RecvTimeoutError, bounded};
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, ResponseExt as _, Timeout};

use super::address::{Web, host_of, is_safe, public};
use super::error::DownloadError;
use super::headers::{ContentRange, content_range, number, retry_after, validator};
use super::part::{About, Halt, Part};
use super::progress::Phase;
use super::text::shown;
use super::transfer::{Task, Trouble};

/// How soon a stop is noticed while a server is looked up or connected to.
const POLL: Duration = Duration::from_millis(40);

/// Where a request takes up the file.
#[derive(Debug)]
struct From {
    offset: u64,
    /// What the server is asked to compare; `None`: the hash will tell.
    if_range: Option<String>,
}

/// Gets the rest of the file into the part, or all of it where the part can't be gone on with.
pub(super) fn fetch(web: &Web, address: &str, task: &Task<'_>, part: &mut Part) -> Result<(), Trouble> {
    let address = public(address);
    let from = from(part, &address, task)?;
    let response = ask(web, &from, task)?;
    let host = host_of(response.get_uri()).unwrap_or_else(|| web.host.clone());
    if !task.job.is_pinned() && !task.job.allow_http && !is_safe(response.get_uri()) {
        return Err(Trouble::Refused(DownloadError::PlainHttp { host }));
    }
    let from = check_status(&response, from, &host, part, task)?;
    let headers = response.headers();
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(encoding) =
        text(header::CONTENT_ENCODING).filter(|e| !e.trim().eq_ignore_ascii_case("identity"))
    {
        return Err(Trouble::Refused(DownloadError::Compressed { host, encoding: shown(encoding, 40) }));
    }
    let total = check_total(headers, &from, &host, part, task)?;
    task.check_length(&host, total)?;
    if from.offset == 0 {
        part.reset()?;
        part.about = About {
            address,
            validator: validator(text(header::ETAG), text(header::LAST_MODIFIED)),
            length: total,
            ..std::mem::take(&mut part.about)
        };
    } else {
        part.pieced = true;
        part.about.length = part.about.length.or(total);
    }
    task.check_space(part, total)?;
    part.remember()?;
    let kind = text(header::CONTENT_TYPE).map(str::to_owned);
    let elsewhere = web.uri.scheme_str() == Some("http") && web.uri.host() != response.get_uri().host();
    let idle = task.options.idle_timeout;
    let broke = |error: &io::Error, bytes| {
        let timed_out = error
            .get_ref()
            .and_then(|e| e.downcast_ref())
            .is_some_and(|e| matches!(e, ureq::Error::Timeout(_)));
        let error = if timed_out || matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            DownloadError::Stalled { host: host.clone(), after: idle }
        } else {
            DownloadError::BrokeOff { host: host.clone(), bytes, total }
        };
        Trouble::passing(error)
    };
    let mut reader = response.into_body().into_reader();
    let result = task.pour(&mut reader, part, total, &host, kind.as_deref(), broke);
    match result {
        // A page that came over plain http from elsewhere is what networks put in the way before one signs in.
        Err(Trouble::Refused(DownloadError::NotTheFile { what: "a web page", .. })) if elsewhere => {
            Err(Trouble::Refused(DownloadError::Portal { host }))
        }
        other => other,
    }
}

/// Where to take up the file at this address; what can't be gone on with is thrown away.
fn from(part: &mut Part, address: &str, task: &Task<'_>) -> Result<From, Trouble> {
    let offset = part.length();
    let same_place = part.about.address == address;
    let if_range = part.about.validator.clone().filter(|_| same_place);
    if offset > 0 && (if_range.is_some() || task.job.sha256.is_some()) {
        return Ok(From { offset, if_range });
    }
    part.reset()?;
    Ok(From { offset: 0, if_range: None })
}

/// Sends the request and waits for the head of the answer, on a thread of its own so that a stop is heeded while a
/// name is looked up.
fn ask(web: &Web, from: &From, task: &Task<'_>) -> Result<Response<Body>, Trouble> {
    let agent = agent(web, task)?;
    task.control.watch(agent.clone()).map_err(Halt::Stopped)?;
    let mut request = agent.get(web.uri.clone());
    if from.offset > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", from.offset));
        if let Some(value) = &from.if_range {
            request = request.header(header::IF_RANGE, value);
        }
    }
    let proxied = agent.config().proxy().map(|p| format!("{}:{}", p.host(), p.port()));
    let (sender, receiver) = bounded(1);
    task.live.set_phase(Phase::Connecting);
    task.live.count_try();
    std::thread::Builder::new()
        .name("download request".into())
        .spawn(move || {
            // Nobody listens any more where the download was stopped meanwhile.
            let _ = sender.send(request.call());
        })
        .map_err(|e| Halt::Failed(DownloadError::Broken { reason: e.to_string() }))?;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(answer) => {
                task.control.check().map_err(Halt::Stopped)?;
                return answer.map_err(|error| trouble(error, web, proxied.as_deref(), task));
            }
            Err(RecvTimeoutError::Timeout) => task.control.check().map_err(Halt::Stopped)?,
            Err(RecvTimeoutError::Disconnected) => {
                let reason = "its request ended without an answer".into();
                return Err(Halt::Failed(DownloadError::Broken { reason }).into());
            }
        }
    }
}

/// An agent of its own for each request, because shutting it down is what ends a read that waits.
fn agent(web: &Web, task: &Task<'_>) -> Result<Agent, Trouble> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error says that somebody else has installed one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let options = task.options;
    let https = web.uri.scheme_str() == Some("https");
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(https && !task.job.is_pinned() && !task.job.allow_http)
        .max_redirects(options.redirects)
        .user_agent(concat!("sightline/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_send_request(Some(options.idle_timeout))
        .timeout_recv_response(Some(options.idle_timeout))
        .timeout_per_read(Some(options.idle_timeout))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .proxy(options.proxy.proxy(&web.uri).map_err(Trouble::Refused)?)
        .build();
    Ok(config.new_agent())
}

/// What a request's failure means.
fn trouble(error: ureq::Error, web: &Web, proxy: Option<&str>, task: &Task<'_>) -> Trouble {
    let host = web.host.clone();
    let unreachable = |reason: String| match proxy {
        Some(proxy) => Trouble::passing(DownloadError::Proxy { proxy: Some(shown(proxy, 120)), reason }),
        None => Trouble::passing(DownloadError::Unreachable { host: web.host.clone(), reason }),
    };
    match error {
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            unreachable(format!("no answer within {} s", task.options.connect_timeout.as_secs().max(1)))
        }
        ureq::Error::Timeout(_) => {
            Trouble::passing(DownloadError::Stalled { host, after: task.options.idle_timeout })
        }
        ureq::Error::Io(error)
            if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) =>
        {
            Trouble::Refused(DownloadError::Insecure { host, reason: shown(&error.to_string(), 160) })
        }
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => {
                Trouble::passing(DownloadError::BrokeOff { host, bytes: 0, total: None })
            }
            _ => unreachable(shown(&error.to_string(), 160)),
        },
        ureq::Error::HostNotFound => unreachable("its name isn't known".into()),
        ureq::Error::Rustls(error) => {
            Trouble::Refused(DownloadError::Insecure { host, reason: shown(&error.to_string(), 160) })
        }
        ureq::Error::Tls(reason) => Trouble::Refused(DownloadError::Insecure { host, reason: reason.into() }),
        ureq::Error::ConnectProxyFailed(reason) => Trouble::Refused(DownloadError::Proxy {
            proxy: proxy.map(|p| shown(p, 120)),
            reason: shown(&reason, 120),
        }),
        ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
            Trouble::Refused(DownloadError::Redirects { host })
        }
        ureq::Error::RequireHttpsOnly(uri) => {
            let host = uri.parse().ok().and_then(|uri| host_of(&uri)).unwrap_or(host);
            Trouble::Refused(DownloadError::PlainHttp { host })
        }
        ureq::Error::BadUri(reason) => {
            Trouble::Refused(DownloadError::Garbled { host, reason: shown(&reason, 120) })
        }
        ureq::Error::LargeResponseHeader(..) => {
            Trouble::Refused(DownloadError::Garbled { host, reason: "its headers are too long".into() })
        }
        other => Trouble::passing(DownloadError::Garbled { host, reason: shown(&other.to_string(), 120) }),
    }
}

/// Looks at the status. What comes back says where the body takes up the file.
fn check_status(
    response: &Response<Body>,
    from: From,
    host: &str,
    part: &mut Part,
    task: &Task<'_>,
) -> Result<From, Trouble> {
    let host = host.to_owned();
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    let code = status.as_u16();
    match status {
        StatusCode::OK => Ok(From { offset: 0, if_range: None }),
        StatusCode::PARTIAL_CONTENT => {
            let said = text(header::CONTENT_RANGE).unwrap_or_default();
            let fits = match content_range(said) {
                Some(ContentRange::Part { first, total, .. }) => {
                    let known = part.about.length.or(task.job.bytes);
                    from.offset > 0
                        && first == from.offset
                        && total.is_none_or(|t| known.is_none_or(|k| k == t))
                }
                _ => false,
            };
            let now = validator(text(header::ETAG), text(header::LAST_MODIFIED));
            let changed = from.if_range.is_some() && now.is_some() && now != from.if_range;
            if fits && !changed {
                return Ok(from);
            }
            // What is there can't be gone on with here: the next try begins anew.
            part.reset()?;
            let found = if said.is_empty() { "no Content-Range".into() } else { shown(said, 60) };
            let error = if changed {
                DownloadError::Changed { host }
            } else {
                DownloadError::WrongRange { host, found }
            };
            Err(if from.offset > 0 { Trouble::passing(error) } else { Trouble::Refused(error) })
        }
        StatusCode::RANGE_NOT_SATISFIABLE if from.offset > 0 => {
            let total = match text(header::CONTENT_RANGE).and_then(content_range) {
                Some(ContentRange::Unsatisfied { total }) => Some(total),
                _ => None,
            };
            // A part that is the whole file is looked at before any request; so this one belongs to another.
            let found = total.map_or_else(|| "none".into(), |total| format!("none: it has {total} bytes"));
            part.reset()?;
            Err(Trouble::passing(DownloadError::WrongRange { host, found }))
        }
        StatusCode::NETWORK_AUTHENTICATION_REQUIRED => Err(Trouble::Refused(DownloadError::Portal { host })),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let wait = text(header::RETRY_AFTER).and_then(|t| retry_after(t, SystemTime::now()));
            let error = DownloadError::Overloaded { host, code, wait };
            if wait.is_some_and(|wait| wait > task.options.longest_wait) {
                return Err(Trouble::Refused(error));
            }
            Err(Trouble::Passing { error, wait })
        }
        _ => {
            let error =
                DownloadError::Status { host, code, reason: status.canonical_reason().map(str::to_owned) };
            let passes = status.is_server_error() && !matches!(code, 501 | 505) || matches!(code, 408 | 425);
            Err(if passes { Trouble::passing(error) } else { Trouble::Refused(error) })
        }
    }
}

/// The length of the whole file, where the answer says it.
fn check_total(
    headers: &HeaderMap,
    from: &From,
    host: &str,
    part: &mut Part,
    task: &Task<'_>,
) -> Result<Option<u64>, Trouble> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let chunked = text(header::TRANSFER_ENCODING).is_some_and(|t| t.to_ascii_lowercase().contains("chunked"));
    let length = text(header::CONTENT_LENGTH).and_then(|t| number(t.trim())).filter(|_| !chunked);
    if from.offset == 0 {
        let known = task.job.bytes.is_some() || task.job.sha256.is_some();
        if length.is_none() && !chunked && !known {
            return Err(Trouble::Refused(DownloadError::NoLength { host: host.into() }));
        }
        return Ok(length);
    }
    let said = match text(header::CONTENT_RANGE).and_then(content_range) {
        Some(ContentRange::Part { total, .. }) => total,
        _ => None,
    };
    let total = said.or(part.about.length).or(task.job.bytes);
    if total.is_some_and(|total| total < from.offset) {
        part.reset()?;
        return Err(Trouble::passing(DownloadError::Changed { host: host.into() }));
    }
    Ok(total)
}
