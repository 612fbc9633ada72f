//! A client of one server. Its requests run on the thread that makes them: the connection's own tasks advance while it waits.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::access::Access;
use super::address::{ModelAddress, ServerAddress};
use super::error::ServerError;
use super::grpc::Grpc;
use super::http::Http;
use super::metadata::{ListedModel, ModelMetadata, ServerInfo};
use super::outputs::Outputs;
use super::request::Input;
use super::stop::Stop;

/// How long a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For the response to a question about the server or a model.
    pub ask: Duration,
    /// For the outputs of a run.
    pub run: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(4), ask: seconds(8), run: seconds(20) }
    }
}

/// The bytes and the time of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Bytes of the request's body.
    pub sent: usize,
    /// Bytes of the response's body.
    pub received: usize,
    /// From the request to the last byte of the response.
    pub round_trip: Duration,
}

/// A client of one server, with one connection.
#[derive(Debug)]
pub struct Client {
    // Before the runtime: a connection ends in it.
    transport: Transport,
    runtime: Background,
    server: ServerAddress,
    limits: Limits,
    stop: Stop,
}

/// A runtime whose end waits for nothing: looking up a name may take half a minute where no server of names responds.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
enum Transport {
    Http(Http),
    Grpc(Grpc),
}

/// Makes a request by the transport that the client has, within this limit.
macro_rules! call {
    ($client:ident, $limit:ident, $request:ident($($argument:expr),*)) => {{
        let Self { transport, runtime, server, limits, stop } = $client;
        wait(runtime, stop, server, limits.$limit, async {
            match transport {
                Transport::Http(http) => http.$request($($argument),*).await,
                Transport::Grpc(grpc) => grpc.$request($($argument),*).await,
            }
        })
    }};
}

impl Client {
    /// A client of this server. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ServerError::BadCertificateFile`] or [`ServerError::Setup`].
    pub fn new(
        server: &ServerAddress,
        access: &Access,
        limits: Limits,
        stop: Stop,
    ) -> Result<Self, ServerError> {
        install_tls();
        let setup = |reason: String| ServerError::Setup { server: server.to_string(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| setup(error.to_string()))?;
        let transport = if server.scheme.is_grpc() {
            let _entered = runtime.enter();
            Transport::Grpc(Grpc::new(server, access, limits.connect)?)
        } else {
            Transport::Http(Http::new(server, access, limits.connect)?)
        };
        Ok(Self { transport, runtime: Background(Some(runtime)), server: server.clone(), limits, stop })
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// What ends its requests.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Waits this long for the outputs of a run from now on.
    pub fn set_run_limit(&mut self, limit: Duration) {
        self.limits.run = limit;
    }

    /// What the server tells of itself.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn server_info(&mut self) -> Result<ServerInfo, ServerError> {
        call!(self, ask, server_info())
    }

    /// The models that the server lists, sorted by name.
    ///
    /// # Errors
    /// [`ServerError::NoList`] if it lists none; else as [`Self::run`].
    pub fn models(&mut self) -> Result<Vec<ListedModel>, ServerError> {
        let mut models = call!(self, ask, models())?;
        models.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        models.dedup();
        Ok(models)
    }

    /// Whether a model can be run now.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn is_ready(&mut self, model: &ModelAddress) -> Result<bool, ServerError> {
        call!(self, ask, is_ready(model))
    }

    /// The inputs and outputs of a model.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn metadata(&mut self, model: &ModelAddress) -> Result<ModelMetadata, ServerError> {
        call!(self, ask, metadata(model))
    }

    /// The parameters of a model's configuration, which Triton tells; none from other servers.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn parameters(&mut self, model: &ModelAddress) -> Result<Vec<(String, String)>, ServerError> {
        call!(self, ask, parameters(model))
    }

    /// What a server computes for a run of a model, on average since it loaded it; `None` if it doesn't tell (only Triton does).
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn compute_time(&mut self, model: &ModelAddress) -> Result<Option<Duration>, ServerError> {
        call!(self, ask, compute_time(model))
    }

    /// Runs a model on these inputs. `wanted` names the outputs; empty: all of them.
    ///
    /// # Errors
    /// [`ServerError`]; what the server sends is checked: sizes, shapes, and that numbers are numbers.
    pub fn run(
        &mut self,
        model: &ModelAddress,
        inputs: &[Input],
        wanted: &[String],
        outputs: &mut Outputs,
    ) -> Result<Traffic, ServerError> {
        let begin = Instant::now();
        let (sent, received) = call!(self, run, run(model, inputs, wanted, outputs))?;
        Ok(Traffic { sent, received, round_trip: begin.elapsed() })
    }
}

/// Waits for a request, at most so long, or until it is stopped.
fn wait<T>(
    runtime: &Background,
    stop: &Stop,
    server: &ServerAddress,
    limit: Duration,
    request: impl Future<Output = Result<T, ServerError>>,
) -> Result<T, ServerError> {
    if stop.is_stopped() {
        return Err(ServerError::Stopped);
    }
    let Some(runtime) = &runtime.0 else { return Err(ServerError::Stopped) };
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = stop.wait() => Err(ServerError::Stopped),
            result = tokio::time::timeout(limit, request) => {
                result.unwrap_or_else(|_| {
                    Err(ServerError::TimedOut { server: server.to_string(), after: limit })
                })
            }
        }
    })
}

/// Chooses the implementation of TLS, once for the program.
fn install_tls() {
    // It fails if one is chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
