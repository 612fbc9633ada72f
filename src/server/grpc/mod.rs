//! The protocol over gRPC. The messages are generated from `inference.proto`.

use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use super::access::Access;
use super::address::{ModelAddress, ServerAddress};
use super::error::{ServerError, of_message};
use super::http::{chain, is_about_certificate, mean};
use super::listing::listed;
use super::metadata::{self, ListedModel, ModelMetadata, ServerInfo};
use super::outputs::{MOST_BYTES, OutputHead, Outputs};
use super::request::Input;
use generated::grpc_inference_service_client::GrpcInferenceServiceClient;
use generated::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};

/// Generated from `inference.proto`.
#[allow(clippy::all, clippy::pedantic, missing_debug_implementations, unused_qualifications)]
mod generated {
    tonic::include_proto!("inference");
}

/// What a connection takes before it waits for the reader: more than an image, so that it never waits.
const WINDOW: u32 = 32 << 20;

#[derive(Debug)]
pub(super) struct Grpc {
    client: GrpcInferenceServiceClient<Channel>,
    server: ServerAddress,
    token: Option<MetadataValue<Ascii>>,
}

impl Grpc {
    /// Must be called inside of the runtime that its requests run on.
    pub fn new(server: &ServerAddress, access: &Access, connect: Duration) -> Result<Self, ServerError> {
        let setup = |reason: String| ServerError::Setup { server: server.to_string(), reason };
        let uri: Uri =
            server.url().parse().map_err(|error: http::uri::InvalidUri| setup(error.to_string()))?;
        let mut endpoint = Endpoint::from(uri.clone())
            .connect_timeout(connect)
            .tcp_nodelay(true)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        endpoint = endpoint
            .user_agent(concat!("Sightline/", env!("CARGO_PKG_VERSION")))
            .map_err(|error| setup(chain(&error)))?;
        if server.scheme.is_tls() {
            let mut tls = ClientTlsConfig::new().with_native_roots();
            if let Some(certificates) = access.certificates()? {
                // tonic reads them at the first connection, and names no reason then.
                reqwest::Certificate::from_pem_bundle(&certificates.pem)
                    .map_err(|error| certificates.bad(&error.to_string()))?;
                tls = tls.ca_certificate(Certificate::from_pem(&certificates.pem));
            }
            endpoint = endpoint.tls_config(tls).map_err(|error| setup(chain(&error)))?;
        }
        let proxy = Matcher::from_env().intercept(&uri).filter(|_| !server.is_loopback());
        let channel = match proxy {
            Some(proxy) => {
                let mut http = HttpConnector::new();
                http.enforce_http(false);
                http.set_nodelay(true);
                http.set_connect_timeout(Some(connect));
                let mut tunnel = Tunnel::new(proxy.uri().clone(), http);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                endpoint.connect_with_connector_lazy(tunnel)
            }
            None => endpoint.connect_lazy(),
        };
        let token = access.token.as_ref().map(|token| format!("Bearer {}", token.secret()).parse());
        let mut token: Option<MetadataValue<Ascii>> =
            token.transpose().map_err(|_| setup("its token has characters that can't be sent".into()))?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        let client = GrpcInferenceServiceClient::new(channel)
            .max_decoding_message_size(MOST_BYTES)
            .max_encoding_message_size(MOST_BYTES);
        Ok(Self { client, server: server.clone(), token })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    pub async fn server_info(&mut self) -> Result<ServerInfo, ServerError> {
        let request = self.request(generated::ServerMetadataRequest {});
        let told = self.client.server_metadata(request).await;
        let told = told.map_err(|status| self.error(&status, ""))?.into_inner();
        Ok(ServerInfo { name: told.name, version: told.version, extensions: told.extensions })
    }

    pub async fn models(&mut self) -> Result<Vec<ListedModel>, ServerError> {
        let request = generated::RepositoryIndexRequest { repository_name: String::new(), ready: false };
        match self.client.repository_index(self.request(request)).await {
            Ok(index) => {
                let models = index.into_inner().models.into_iter();
                Ok(models
                    .map(|model| listed(model.name, model.version, &model.state, model.reason))
                    .collect())
            }
            Err(status) if status.code() == Code::Unimplemented => {
                Err(ServerError::NoList { server: self.server.to_string() })
            }
            Err(status) => Err(self.error(&status, "")),
        }
    }

    pub async fn is_ready(&mut self, model: &ModelAddress) -> Result<bool, ServerError> {
        let (name, version) = named(model);
        let request = self.request(generated::ModelReadyRequest { name, version });
        match self.client.model_ready(request).await {
            Ok(told) => Ok(told.into_inner().ready),
            Err(status) => match self.error(&status, &model.model) {
                ServerError::NoModel { .. } | ServerError::NotReady { .. } => Ok(false),
                error => Err(error),
            },
        }
    }

    pub async fn metadata(&mut self, model: &ModelAddress) -> Result<ModelMetadata, ServerError> {
        let (name, version) = named(model);
        let request = self.request(generated::ModelMetadataRequest { name, version });
        let told = self.client.model_metadata(request).await;
        let told = told.map_err(|status| self.error(&status, &model.model))?.into_inner();
        let tensors = |list: Vec<generated::model_metadata_response::TensorMetadata>| {
            list.into_iter()
                .map(|t| metadata::tensor(t.name, &t.datatype, t.shape))
                .collect::<Result<Vec<_>, _>>()
        };
        let read = || {
            ModelMetadata {
                versions: told.versions,
                platform: told.platform,
                inputs: tensors(told.inputs)?,
                outputs: tensors(told.outputs)?,
                properties: told.properties.into_iter().collect(),
            }
            .checked()
        };
        read().map_err(|reason| self.garbled(reason))
    }

    pub async fn parameters(&mut self, model: &ModelAddress) -> Result<Vec<(String, String)>, ServerError> {
        let (name, version) = named(model);
        let request = self.request(generated::ModelConfigRequest { name, version });
        match self.client.model_config(request).await {
            Ok(told) => {
                let parameters = told.into_inner().config.unwrap_or_default().parameters.into_iter();
                Ok(parameters.map(|(key, value)| (key, value.string_value)).collect())
            }
            Err(status) if status.code() == Code::Unimplemented => Ok(Vec::new()),
            Err(status) => Err(self.error(&status, &model.model)),
        }
    }

    pub async fn compute_time(&mut self, model: &ModelAddress) -> Result<Option<Duration>, ServerError> {
        let (name, version) = named(model);
        let request = self.request(generated::ModelStatisticsRequest { name, version });
        match self.client.model_statistics(request).await {
            Ok(told) => {
                let stats = told.into_inner().model_stats.into_iter().next();
                let computed = stats.and_then(|stats| stats.inference_stats?.compute_infer);
                Ok(computed.and_then(|computed| mean(Some(computed.count), Some(computed.ns))))
            }
            Err(status) if status.code() == Code::Unimplemented => Ok(None),
            Err(status) => Err(self.error(&status, &model.model)),
        }
    }

    pub async fn run(
        &mut self,
        model: &ModelAddress,
        inputs: &[Input],
        wanted: &[String],
        outputs: &mut Outputs,
    ) -> Result<(usize, usize), ServerError> {
        let (model_name, model_version) = named(model);
        let message = generated::ModelInferRequest {
            model_name,
            model_version,
            inputs: inputs
                .iter()
                .map(|input| InferInputTensor {
                    name: input.name.clone(),
                    datatype: input.data_type.name().into(),
                    shape: input.shape.clone(),
                    ..InferInputTensor::default()
                })
                .collect(),
            outputs: wanted
                .iter()
                .map(|name| InferRequestedOutputTensor { name: name.clone(), ..Default::default() })
                .collect(),
            raw_input_contents: inputs.iter().map(|input| input.values.lent()).collect(),
            ..Default::default()
        };
        let sent = prost::Message::encoded_len(&message);
        let told = self.client.model_infer(self.request(message)).await;
        let told = told.map_err(|status| self.error(&status, &model.model))?.into_inner();
        let received = prost::Message::encoded_len(&told);
        read(&told, outputs).map_err(|reason| self.garbled(reason))?;
        Ok((sent, received))
    }

    fn garbled(&self, reason: String) -> ServerError {
        ServerError::Garbled { server: self.server.to_string(), reason }
    }

    fn error(&self, status: &Status, model: &str) -> ServerError {
        let server = self.server.to_string();
        let message = status.message().trim().trim_end_matches('.').to_owned();
        let source = std::error::Error::source(status).map(chain);
        match status.code() {
            Code::Unauthenticated => ServerError::Forbidden { server, status: 401 },
            Code::PermissionDenied => ServerError::Forbidden { server, status: 403 },
            Code::ResourceExhausted => ServerError::Busy { server },
            Code::NotFound => of_message(server, model, 404, message),
            // The transport's own errors have a source, those that a server sends have none.
            Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
                if let Some(reason) = source =>
            {
                if is_about_certificate(&reason) {
                    ServerError::Certificate { server, reason }
                } else if status.code() == Code::Unavailable {
                    ServerError::Unreachable { server, reason }
                } else {
                    ServerError::Lost { server, reason }
                }
            }
            Code::Unimplemented => {
                ServerError::Garbled { server, reason: "it doesn't know the protocol's calls".into() }
            }
            Code::DeadlineExceeded => ServerError::Lost { server, reason: message },
            _ => of_message(server, model, 400, message),
        }
    }
}

fn named(model: &ModelAddress) -> (String, String) {
    (model.model.clone(), model.version.clone().unwrap_or_default())
}

/// Reads the outputs, whose values come as bytes beside them or as numbers inside.
fn read(response: &generated::ModelInferResponse, outputs: &mut Outputs) -> Result<(), String> {
    outputs.clear();
    let raw = !response.raw_output_contents.is_empty();
    if raw && response.raw_output_contents.len() != response.outputs.len() {
        return Err("it has another number of outputs than of their values".into());
    }
    for output in &response.outputs {
        let head = OutputHead { name: &output.name, data_type: &output.datatype, shape: &output.shape };
        if raw {
            outputs.add(&head, None)?;
            continue;
        }
        let Some(contents) = &output.contents else {
            return Err(format!("the output \u{201c}{}\u{201d} has no values", output.name));
        };
        let c = contents;
        outputs.add_numbers(&head, |n| {
            let float = c.fp32_contents.get(n).map(|v| f64::from(*v)).or(c.fp64_contents.get(n).copied());
            let int = c.int_contents.get(n).map(|v| f64::from(*v));
            let long = c.int64_contents.get(n).map(|v| *v as f64);
            let unsigned = c.uint_contents.get(n).map(|v| f64::from(*v));
            let bool = c.bool_contents.get(n).map(|v| f64::from(u8::from(*v)));
            float.or(int).or(long).or(unsigned).or(bool)
        })?;
    }
    if raw {
        // Each must be as long as its shape says: a long one may not fill the next.
        outputs.expect(response.raw_output_contents.iter().map(bytes::Bytes::len))?;
        for contents in &response.raw_output_contents {
            outputs.take(contents)?;
        }
    }
    outputs.finish()
}
