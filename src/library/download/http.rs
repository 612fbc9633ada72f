//! The request to a web server, which may be slow, wrong, overloaded or hostile.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::sync::Once;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{RecvTimeoutError, bounded};
use ureq::http::{HeaderMap, HeaderName, Response, StatusCode, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, ResponseExt as _, Timeout};

use super::address::{host_of, is_safe, without_secrets};
use super::attempt::{Attempt, AttemptError};
use super::error::DownloadError;
use super::headers::{content_range, number, retry_after, validator};
use super::partial::ResumeInfo;
use crate::library::names::excerpt;
use crate::server::is_loopback;

/// How soon a stop is noticed while a server is looked up or connected to.
const POLL: Duration = Duration::from_millis(40);

/// Whether this computer knows a way to other networks: addresses that are reserved for documentation are looked up in its
/// routes. Nothing is sent.
fn has_network() -> bool {
    [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
        .into_iter()
        .any(|(own, other)| UdpSocket::bind(own).and_then(|socket| socket.connect(other)).is_ok())
}

impl Attempt<'_> {
    /// Gets the rest of the file from a web server, or all of it if the partial file can't be resumed.
    pub(super) fn fetch(&mut self, uri: &Uri, address: &str) -> Result<(), AttemptError> {
        let address = without_secrets(address);
        // The server compares the validator; without one the hash will tell.
        let if_range = self.partial.info.validator.clone().filter(|_| self.partial.info.address == address);
        if if_range.is_none() && self.job.sha256.is_none() {
            self.partial.reset()?;
        }
        let response = self.request(uri, if_range.as_deref())?;
        let host = host_of(response.get_uri()).unwrap_or_default();
        if !self.plain_http && !is_safe(response.get_uri()) {
            return Err(AttemptError::Refused(DownloadError::PlainHttp { host }));
        }
        let resumes = self.check_status(&response, if_range.as_deref(), &host)?;
        let headers = response.headers();
        if let Some(encoding) = text(headers, header::CONTENT_ENCODING).filter(|e| *e != "identity") {
            let encoding = excerpt(encoding, 40);
            return Err(AttemptError::Refused(DownloadError::Compressed { host, encoding }));
        }
        let total = self.total(headers, resumes, &host)?;
        if resumes {
            self.partial.resumed = true;
            self.partial.info.length = self.partial.info.length.or(total);
        } else {
            self.partial.reset()?;
            self.partial.info = ResumeInfo {
                address,
                validator: validator_of(headers),
                length: total,
                ..self.partial.info.clone()
            };
        }
        let content_type = text(headers, header::CONTENT_TYPE).map(str::to_owned);
        let elsewhere = uri.scheme_str() == Some("http") && uri.host() != response.get_uri().host();
        let after = self.options.idle_timeout;
        let describe = |error: &io::Error, bytes| {
            let inner = error.get_ref().and_then(|e| e.downcast_ref());
            let timed_out = matches!(inner, Some(ureq::Error::Timeout(_)))
                || matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
            let host = host.clone();
            AttemptError::temporary(if timed_out {
                DownloadError::Stalled { host, after }
            } else {
                DownloadError::BrokeOff { host, bytes, total }
            })
        };
        let mut body = response.into_body().into_reader();
        match self.receive(&mut body, total, &host, content_type.as_deref(), describe) {
            // A page that came over plain http from another host is the sign-in page of a network.
            Err(AttemptError::Refused(DownloadError::NotTheFile { what: "a web page", .. })) if elsewhere => {
                Err(AttemptError::Refused(DownloadError::Portal { host }))
            }
            result => result,
        }
    }

    /// Sends the request and waits for the head of the response. The request has its own thread, so that a stop is
    /// noticed while a name is looked up.
    fn request(&self, uri: &Uri, if_range: Option<&str>) -> Result<Response<Body>, AttemptError> {
        let agent = self.agent(uri)?;
        self.monitor.watch(agent.clone())?;
        let mut request = agent.get(uri.clone());
        if self.partial.length() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", self.partial.length()));
            if let Some(value) = if_range {
                request = request.header(header::IF_RANGE, value);
            }
        }
        self.monitor.connect(host_of(uri).unwrap_or_default());
        let (sender, receiver) = bounded(1);
        let thread = std::thread::Builder::new().name("download request".into());
        // If the download was stopped meanwhile, nobody receives the response.
        let spawned = thread.spawn(move || drop(sender.send(request.call())));
        let broken = |reason: String| AttemptError::Fatal(DownloadError::Broken { reason });
        spawned.map_err(|e| broken(e.to_string()))?;
        loop {
            let received = receiver.recv_timeout(POLL);
            self.monitor.check()?;
            match received {
                Ok(response) => return response.map_err(|error| self.request_error(&error, uri, &agent)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(broken("its request ended without a response".into()));
                }
            }
        }
    }

    /// Each request has its own agent, because shutting the agent down is what ends a blocking read.
    fn agent(&self, uri: &Uri) -> Result<Agent, AttemptError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that one is installed already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let options = self.options;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(uri.scheme_str() == Some("https") && !self.plain_http)
            .max_redirects(options.redirects)
            .user_agent(concat!("sightline/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_send_request(Some(options.idle_timeout))
            .timeout_recv_response(Some(options.idle_timeout))
            .timeout_per_read(Some(options.idle_timeout))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .proxy(options.proxy.proxy(uri).map_err(AttemptError::Refused)?)
            .build();
        Ok(config.new_agent())
    }

    fn request_error(&self, error: &ureq::Error, uri: &Uri, agent: &Agent) -> AttemptError {
        use ureq::Error as E;
        let host = host_of(uri).unwrap_or_default();
        let proxy = agent.config().proxy().map(|p| excerpt(&format!("{}:{}", p.host(), p.port()), 120));
        let short = |error: &dyn std::fmt::Display| excerpt(&error.to_string(), 160);
        let unreachable = |reason: String| match &proxy {
            Some(proxy) => DownloadError::Proxy { proxy: Some(proxy.clone()), reason },
            None if !uri.host().is_some_and(is_loopback) && !has_network() => DownloadError::Offline,
            None => DownloadError::Unreachable { host: host.clone(), reason },
        };
        let temporary = match error {
            E::Timeout(Timeout::Resolve | Timeout::Connect) => {
                let seconds = self.options.connect_timeout.as_secs().max(1);
                unreachable(format!("no answer within {seconds} s"))
            }
            E::Timeout(_) => DownloadError::Stalled { host, after: self.options.idle_timeout },
            E::HostNotFound => unreachable("its name couldn't be found (no internet?)".into()),
            E::Io(error) if error.get_ref().is_none_or(|e| !e.is::<rustls::Error>()) => match error.kind() {
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => DownloadError::BrokeOff { host, bytes: 0, total: None },
                // What the system's look-up says is no sentence, and in the system's language.
                _ if error.to_string().starts_with("failed to lookup address") => {
                    unreachable("its name couldn't be found (no internet?)".into())
                }
                _ => unreachable(short(error)),
            },
            E::Io(_) | E::Rustls(_) | E::Tls(_) => {
                let reason = short(error);
                return AttemptError::Refused(DownloadError::Insecure { host, reason });
            }
            E::ConnectProxyFailed(reason) => {
                return AttemptError::Refused(DownloadError::Proxy { proxy, reason: short(reason) });
            }
            E::TooManyRedirects | E::RedirectFailed => {
                return AttemptError::Refused(DownloadError::Redirects { host });
            }
            E::RequireHttpsOnly(uri) => {
                let host = uri.parse().ok().and_then(|uri| host_of(&uri)).unwrap_or(host);
                return AttemptError::Refused(DownloadError::PlainHttp { host });
            }
            E::BadUri(_) | E::LargeResponseHeader(..) => {
                return AttemptError::Refused(DownloadError::Garbled { host, reason: short(error) });
            }
            _ => DownloadError::Garbled { host, reason: short(error) },
        };
        AttemptError::temporary(temporary)
    }

    /// Checks the status; returns whether the body continues the partial file.
    fn check_status(
        &mut self,
        response: &Response<Body>,
        if_range: Option<&str>,
        host: &str,
    ) -> Result<bool, AttemptError> {
        let (host, status, headers) = (host.to_owned(), response.status(), response.headers());
        let (code, offset) = (status.as_u16(), self.partial.length());
        match status {
            StatusCode::OK => Ok(false),
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE
                if offset > 0 || status.is_success() =>
            {
                let sent = text(headers, header::CONTENT_RANGE).unwrap_or("no Content-Range");
                let known = self.partial.info.length.or(self.job.bytes);
                let fits = content_range(sent).is_some_and(|range| {
                    let same_length =
                        range.total.is_none_or(|total| known.is_none_or(|known| known == total));
                    offset > 0 && range.first == offset && same_length
                });
                let validator = validator_of(headers);
                let changed = if_range.is_some() && validator.is_some() && validator.as_deref() != if_range;
                if status.is_success() && fits && !changed {
                    return Ok(true);
                }
                // The partial file can't be resumed here: the next attempt starts at the beginning.
                self.partial.reset()?;
                let error = if changed {
                    DownloadError::Changed { host }
                } else {
                    DownloadError::WrongRange { host, found: excerpt(sent, 60) }
                };
                Err(if offset > 0 { AttemptError::temporary(error) } else { AttemptError::Refused(error) })
            }
            StatusCode::NETWORK_AUTHENTICATION_REQUIRED => {
                Err(AttemptError::Refused(DownloadError::Portal { host }))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let wait = text(headers, header::RETRY_AFTER).and_then(|t| retry_after(t, SystemTime::now()));
                let error = DownloadError::Overloaded { host, code, wait };
                if wait.is_some_and(|wait| wait > self.options.longest_wait) {
                    return Err(AttemptError::Refused(error));
                }
                Err(AttemptError::Temporary { error, retry_after: wait })
            }
            _ => {
                let reason = status.canonical_reason().map(str::to_owned);
                let error = DownloadError::Status { host, code, reason };
                let temporary =
                    status.is_server_error() && !matches!(code, 501 | 505) || matches!(code, 408 | 425);
                Err(if temporary { AttemptError::temporary(error) } else { AttemptError::Refused(error) })
            }
        }
    }

    /// The length of the whole file, if the response tells it.
    fn total(&mut self, headers: &HeaderMap, resumes: bool, host: &str) -> Result<Option<u64>, AttemptError> {
        if resumes {
            let range = text(headers, header::CONTENT_RANGE).and_then(content_range);
            let total = range.and_then(|r| r.total).or(self.partial.info.length).or(self.job.bytes);
            if total.is_some_and(|total| total < self.partial.length()) {
                self.partial.reset()?;
                return Err(AttemptError::temporary(DownloadError::Changed { host: host.into() }));
            }
            return Ok(total);
        }
        let encoding = text(headers, header::TRANSFER_ENCODING).unwrap_or_default();
        if encoding.to_ascii_lowercase().contains("chunked") {
            return Ok(None);
        }
        let length = text(headers, header::CONTENT_LENGTH).and_then(number);
        if length.is_none() && self.job.bytes.is_none() && self.job.hashes().is_empty() {
            return Err(AttemptError::Refused(DownloadError::NoLength { host: host.into() }));
        }
        Ok(length)
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn validator_of(headers: &HeaderMap) -> Option<String> {
    validator(text(headers, header::ETAG), text(headers, header::LAST_MODIFIED))
}
