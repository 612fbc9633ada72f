//! The protocol over HTTP, with tensors as bytes after the JSON (the extension `binary_tensor_data`), or as JSON numbers where a
//! server can't do that.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use reqwest::{Certificate, Response};
use serde_json::json;

use super::access::Access;
use super::address::{ModelAddress, ServerAddress};
use super::error::ServerError;
use super::listing::{ConfigJson, IndexJson, NamesJson, from_openvino};
use super::metadata::{ListedModel, MetadataJson, ModelMetadata, ServerInfo};
use super::outputs::{MOST_BYTES, Outputs};
use super::request::Input;

/// How many bytes of a body are JSON; the rest are tensors.
const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");
/// More bytes of JSON aren't read.
const MOST_JSON: usize = 256 << 20;
/// More bytes of an answer about a server or model aren't read.
const MOST_TEXT: usize = 32 << 20;

/// How a server takes tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// As bytes; it isn't known yet whether the server takes them.
    Try,
    Binary,
    /// As numbers in the JSON.
    Json,
}

#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    server: ServerAddress,
    encoding: Encoding,
    /// The JSON of the last request, kept for its memory.
    text: String,
    /// The JSON of the last response.
    head: Vec<u8>,
    /// The status of the last run.
    status: StatusCode,
}

impl Http {
    pub fn new(server: &ServerAddress, access: &Access, connect: Duration) -> Result<Self, ServerError> {
        let setup = |reason: String| ServerError::Setup { server: server.to_string(), reason };
        let mut headers = HeaderMap::new();
        if let Some(token) = &access.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.secret()))
                .map_err(|_| setup("its token has characters that can't be sent".into()))?;
            value.set_sensitive(true);
            headers.insert(http::header::AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("Sightline/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(connect)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(20))
            .pool_max_idle_per_host(1)
            // A token must not follow to another server.
            .redirect(reqwest::redirect::Policy::none());
        if server.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(certificates) = access.certificates()? {
            let certificates = Certificate::from_pem_bundle(&certificates.pem)
                .map_err(|error| certificates.bad(&error.to_string()))?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| setup(chain(&error)))?;
        Ok(Self {
            client,
            server: server.clone(),
            encoding: Encoding::Try,
            text: String::new(),
            head: Vec::new(),
            status: StatusCode::OK,
        })
    }

    pub async fn server_info(&self) -> Result<ServerInfo, ServerError> {
        let text = self.get("/v2").await?.ok_or_else(|| self.garbled("it has no /v2".into()))?;
        serde_json::from_slice(&text).map_err(|error| self.garbled(error.to_string()))
    }

    pub async fn models(&self) -> Result<Vec<ListedModel>, ServerError> {
        // Triton and MLServer, then KServe, then OpenVINO Model Server.
        let index = self.client.post(self.url("/v2/repository/index")).body("{}");
        if let Some(text) = self.text(index).await?
            && let Ok(models) = serde_json::from_slice::<Vec<IndexJson>>(&text)
        {
            return Ok(models.into_iter().map(IndexJson::listed).collect());
        }
        if let Some(text) = self.get("/v2/models").await?
            && let Ok(list) = serde_json::from_slice::<NamesJson>(&text)
        {
            let listed = |name| ListedModel { name, version: None, ready: true, reason: None };
            return Ok(list.models.into_iter().map(listed).collect());
        }
        if let Some(text) = self.get("/v1/config").await?
            && let Ok(config) = serde_json::from_slice(&text)
        {
            return Ok(from_openvino(&config));
        }
        Err(ServerError::NoList { server: self.server.to_string() })
    }

    pub async fn is_ready(&self, model: &ModelAddress) -> Result<bool, ServerError> {
        let response = self.send(self.client.get(self.url(&format!("{}/ready", model.resource())))).await?;
        match response.status() {
            status if status.is_success() => {
                // KServe tells it in the body.
                let text = self.read(response, MOST_TEXT).await?;
                let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
                Ok(value["ready"].as_bool() != Some(false))
            }
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(self.forbidden(status)),
            _ => Ok(false),
        }
    }

    pub async fn metadata(&self, model: &ModelAddress) -> Result<ModelMetadata, ServerError> {
        let response = self.send(self.client.get(self.url(&model.resource()))).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response, model).await);
        }
        let text = self.read(response, MOST_TEXT).await?;
        let json: MetadataJson =
            serde_json::from_slice(&text).map_err(|error| self.garbled(error.to_string()))?;
        ModelMetadata::try_from(json).map_err(|reason| self.garbled(reason))
    }

    pub async fn parameters(&self, model: &ModelAddress) -> Result<Vec<(String, String)>, ServerError> {
        let Some(text) = self.get(&format!("{}/config", model.resource())).await? else {
            return Ok(Vec::new());
        };
        let config: ConfigJson = serde_json::from_slice(&text).unwrap_or_default();
        Ok(config.parameters.into_iter().map(|(key, value)| (key, value.string_value)).collect())
    }

    pub async fn compute_time(&self, model: &ModelAddress) -> Result<Option<Duration>, ServerError> {
        let Some(text) = self.get(&format!("{}/stats", model.resource())).await? else { return Ok(None) };
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let computed = &value["model_stats"][0]["inference_stats"]["compute_infer"];
        Ok(mean(computed["count"].as_u64(), computed["ns"].as_u64()))
    }

    pub async fn run(
        &mut self,
        model: &ModelAddress,
        inputs: &[Input],
        wanted: &[String],
        outputs: &mut Outputs,
    ) -> Result<(usize, usize), ServerError> {
        if self.encoding != Encoding::Json {
            let result = self.run_as(model, inputs, wanted, outputs, true).await;
            match result {
                Ok(traffic) => {
                    self.encoding = Encoding::Binary;
                    return Ok(traffic);
                }
                // It may be one that takes no bytes: MLServer says 400 or 422.
                Err(ServerError::Failed { message, .. })
                    if self.encoding == Encoding::Try && takes_no_bytes(self.status) =>
                {
                    tracing::debug!("{} takes no bytes: {message}", self.server);
                    let traffic = self.run_as(model, inputs, wanted, outputs, false).await?;
                    self.encoding = Encoding::Json;
                    return Ok(traffic);
                }
                Err(error) => return Err(error),
            }
        }
        self.run_as(model, inputs, wanted, outputs, false).await
    }

    async fn run_as(
        &mut self,
        model: &ModelAddress,
        inputs: &[Input],
        wanted: &[String],
        outputs: &mut Outputs,
        binary: bool,
    ) -> Result<(usize, usize), ServerError> {
        write_request(&mut self.text, inputs, wanted, binary);
        let head = Bytes::copy_from_slice(self.text.as_bytes());
        let mut parts = VecDeque::with_capacity(1 + inputs.len());
        let mut headers = HeaderMap::new();
        if binary {
            headers.insert(JSON_LENGTH, HeaderValue::from(head.len()));
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        } else {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        parts.push_back(head);
        if binary {
            parts.extend(inputs.iter().map(|input| input.values.lent()));
        }
        let body = Parts::new(parts);
        let sent = usize::try_from(body.left).unwrap_or(usize::MAX);
        let request = self.client.post(self.url(&format!("{}/infer", model.resource())));
        let response = self.send(request.headers(headers).body(reqwest::Body::wrap(body))).await?;
        self.status = response.status();
        if !response.status().is_success() {
            return Err(self.refusal(response, model).await);
        }
        let received = self.receive(response, outputs).await?;
        Ok((sent, received))
    }

    /// Reads a response into the outputs as it comes.
    async fn receive(&mut self, mut response: Response, outputs: &mut Outputs) -> Result<usize, ServerError> {
        let length = match response.headers().get(JSON_LENGTH) {
            None => None,
            Some(value) => {
                let number = value.to_str().ok().and_then(|text| text.trim().parse::<usize>().ok());
                Some(number.ok_or_else(|| self.garbled("the length of its JSON isn't a number".into()))?)
            }
        };
        if length.is_some_and(|length| length > MOST_JSON) {
            return Err(self.garbled("the JSON of its response is larger than 256 MB".into()));
        }
        self.head.clear();
        outputs.clear();
        let mut begun = false;
        let mut received = 0usize;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            received += chunk.len();
            if received > MOST_BYTES {
                return Err(self.garbled("its response is larger than 512 MB".into()));
            }
            let mut rest = &chunk[..];
            if !begun {
                let want = length.map_or(rest.len(), |length| (length - self.head.len()).min(rest.len()));
                let (head, tensors) = rest.split_at(want);
                if self.head.len() + head.len() > MOST_JSON {
                    return Err(self.garbled("the JSON of its response is larger than 256 MB".into()));
                }
                self.head.extend_from_slice(head);
                rest = tensors;
                if length == Some(self.head.len()) {
                    outputs.begin(&self.head).map_err(|reason| self.garbled(reason))?;
                    begun = true;
                }
            }
            if begun && !rest.is_empty() {
                outputs.take(rest).map_err(|reason| self.garbled(reason))?;
            }
        }
        if !begun {
            outputs.begin(&self.head).map_err(|reason| self.garbled(reason))?;
        }
        outputs.finish().map_err(|reason| self.garbled(reason))?;
        Ok(received)
    }

    fn url(&self, path: &str) -> String {
        self.server.url() + path
    }

    /// A resource's text; `None` if the server has no such resource.
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ServerError> {
        self.text(self.client.get(self.url(path))).await
    }

    async fn text(&self, request: reqwest::RequestBuilder) -> Result<Option<Vec<u8>>, ServerError> {
        let response = self.send(request).await?;
        match response.status() {
            status if status.is_success() => self.read(response, MOST_TEXT).await.map(Some),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(self.forbidden(status)),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Err(ServerError::Busy { server: self.server.to_string() })
            }
            _ => Ok(None),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, ServerError> {
        request.send().await.map_err(|error| self.lost(&error))
    }

    /// Reads at most so many bytes of a body.
    async fn read(&self, mut response: Response, most: usize) -> Result<Vec<u8>, ServerError> {
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if text.len() + chunk.len() > most {
                return Err(self.garbled("its answer is too long".into()));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    /// Why a request for a model was refused.
    async fn refusal(&self, response: Response, model: &ModelAddress) -> ServerError {
        let status = response.status();
        let server = self.server.to_string();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return self.forbidden(status);
        }
        let text = self.read(response, 1 << 20).await.unwrap_or_default();
        let message = message(&text);
        super::error::of_message(server, &model.model, status.as_u16(), message)
    }

    fn forbidden(&self, status: StatusCode) -> ServerError {
        ServerError::Forbidden { server: self.server.to_string(), status: status.as_u16() }
    }

    fn garbled(&self, reason: String) -> ServerError {
        ServerError::Garbled { server: self.server.to_string(), reason }
    }

    fn lost(&self, error: &reqwest::Error) -> ServerError {
        let (server, reason) = (self.server.to_string(), chain(error));
        if is_about_certificate(&reason) {
            ServerError::Certificate { server, reason }
        } else if error.is_connect() {
            ServerError::Unreachable { server, reason }
        } else {
            ServerError::Lost { server, reason }
        }
    }
}

/// The mean of so many runs that took so many nanoseconds together.
pub(super) fn mean(count: Option<u64>, nanoseconds: Option<u64>) -> Option<Duration> {
    nanoseconds?.checked_div(count?).map(Duration::from_nanos)
}

/// Whether a server that answers bytes so may take numbers: a request that it doesn't understand.
fn takes_no_bytes(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// Whether TLS failed because of a certificate.
pub(super) fn is_about_certificate(reason: &str) -> bool {
    ["invalid peer certificate", "UnknownIssuer", "certificate"].iter().any(|word| reason.contains(word))
}

/// The last two reasons in a chain of errors: the outer ones repeat the address.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reasons = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        reasons.push(error.to_string());
        next = error.source();
    }
    let last = reasons.split_off(reasons.len().saturating_sub(2));
    let mut text: Vec<String> = Vec::new();
    for reason in last {
        let reason = plain(&reason);
        if !reason.is_empty() && !text.iter().any(|earlier| earlier.contains(&reason)) {
            text.push(reason);
        }
    }
    text.join(": ")
}

/// A reason without the words of the libraries that passed it on.
fn plain(reason: &str) -> String {
    if ["InvalidContentType", "handshake eof"].iter().any(|word| reason.contains(word)) {
        return "it doesn't speak TLS".into();
    }
    let reason = reason.trim_start_matches("client error (Connect)").trim_start_matches(": ");
    let reason = reason.trim_start_matches("tcp connect error").trim_start_matches(": ");
    let reason = reason.split(" (os error").next().unwrap_or(reason);
    reason.trim_end_matches('.').to_owned()
}

/// What an error's body says: `{"error": "…"}`, or its first line.
fn message(text: &[u8]) -> String {
    /// Longer ones hold a trace of calls.
    const MOST: usize = 300;
    let value: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let told = ["error", "detail", "message"].iter().find_map(|key| value[*key].as_str()).map(str::to_owned);
    let plain = || String::from_utf8_lossy(text).lines().next().unwrap_or_default().trim().to_owned();
    let mut message: String = told.unwrap_or_else(plain).trim().trim_end_matches('.').into();
    message.retain(|c| !c.is_control());
    if message.chars().count() > MOST {
        message = message.chars().take(MOST).collect::<String>() + "\u{2026}";
    }
    message
}

/// Writes the JSON of a request.
fn write_request(text: &mut String, inputs: &[Input], wanted: &[String], binary: bool) {
    text.clear();
    text.push_str("{\"inputs\":[");
    for (at, input) in inputs.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        // Writing into a string doesn't fail.
        let _ = write!(
            text,
            "{comma}{{\"name\":{},\"datatype\":\"{}\",\"shape\":{:?}",
            json!(input.name),
            input.data_type.name(),
            input.shape
        );
        let _ = if binary {
            let bytes = input.values.as_bytes().len();
            write!(text, ",\"parameters\":{{\"binary_data_size\":{bytes}}}}}")
        } else {
            write!(text, ",\"data\":{}}}", serde_json::Value::Array(input.numbers()))
        };
    }
    text.push(']');
    if !wanted.is_empty() {
        text.push_str(",\"outputs\":[");
        for (at, name) in wanted.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(text, "{comma}{{\"name\":{}", json!(name));
            text.push_str(if binary { ",\"parameters\":{\"binary_data\":true}}" } else { "}" });
        }
        text.push(']');
    }
    if binary {
        text.push_str(",\"parameters\":{\"binary_data_output\":true}");
    }
    text.push('}');
}

/// A body of several parts, which are sent as they lie.
struct Parts {
    parts: VecDeque<Bytes>,
    /// Bytes that are still to be sent.
    left: u64,
}

impl Parts {
    fn new(parts: VecDeque<Bytes>) -> Self {
        let left = parts.iter().map(|part| part.len() as u64).sum();
        Self { parts, left }
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.parts.pop_front();
        self.left -= part.as_ref().map_or(0, |part| part.len() as u64);
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
