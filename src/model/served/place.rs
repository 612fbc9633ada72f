//! Where a model runs: on a server, with pauses after failures; or from a file on this computer.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::super::description::Description;
use super::super::isolation::Attempt;
use super::super::session::{Bytes, Session, provider_named};
use super::super::sidecar::Sidecar;
use super::super::spec::{Element, ExtraInput, Spec};
use super::super::tensor::Tensor;
use super::super::{ModelError, OpenOptions};
use super::open::Told;
use super::{FIRST_PAUSE, LONGEST_PAUSE, copy, pause};
use crate::server::{
    Access, Client, Input, Limits, ModelAddress, ModelMetadata, Outputs, ServerError, Stop, Traffic,
};

/// What a run is given.
pub(super) struct Runs<'a> {
    pub inputs: &'a [Input],
    /// Index of the image.
    pub image: usize,
    pub wanted: &'a [String],
    pub outputs: &'a mut Outputs,
}

/// Where a model runs.
#[derive(Debug)]
pub(super) enum Place {
    Server(Box<Server>),
    Local(Box<Local>),
}

/// A model on a server.
#[derive(Debug)]
pub(super) struct Server {
    address: ModelAddress,
    access: Access,
    client: Client,
    /// How long a run takes; a moving average. Zero before the first one.
    usual: Duration,
    /// The server was asked whether its model is the one that was opened, since it last failed.
    is_proved: bool,
    health: Health,
    /// Whether another place runs the model meanwhile: then a thread watches for the server to come back, so that no frame
    /// waits for a connection that may not come.
    has_fallback: bool,
}

/// Whether a server is asked.
#[derive(Debug)]
enum Health {
    Works,
    /// It failed so many times in a row, with this error at last.
    Failed {
        times: u32,
        error: ServerError,
        until: Instant,
        watch: Option<Watch>,
    },
}

/// A thread that asks whether a server is back; it ends when this is dropped.
#[derive(Debug)]
struct Watch {
    is_back: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
    }
}

impl Server {
    /// `is_proved`: it has just told what the model is.
    pub fn new(
        address: ModelAddress,
        access: Access,
        client: Client,
        (has_fallback, is_proved): (bool, bool),
    ) -> Self {
        Self {
            address,
            access,
            client,
            usual: Duration::ZERO,
            is_proved,
            health: Health::Works,
            has_fallback,
        }
    }

    /// The server's address.
    pub fn name(&self) -> String {
        self.address.server.to_string()
    }

    /// How long a run takes; a moving average.
    pub fn usual(&self) -> Duration {
        self.usual
    }

    /// How long it isn't asked yet; `None` if it may be asked now.
    pub fn pause(&self) -> Option<Duration> {
        match &self.health {
            Health::Works => None,
            Health::Failed { watch: Some(watch), .. } => {
                (!watch.is_back.load(SeqCst)).then_some(LONGEST_PAUSE)
            }
            Health::Failed { until, .. } => {
                Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
            }
        }
    }

    /// Its last error.
    pub fn problem(&self) -> ServerError {
        match &self.health {
            Health::Failed { error, .. } => error.clone(),
            Health::Works => ServerError::Busy { server: self.name() },
        }
    }

    /// Runs the model, if it is the one that `model` says.
    pub fn run(&mut self, runs: &mut Runs<'_>, model: &Identity) -> Result<Traffic, ServerError> {
        if !self.is_proved {
            let told = super::open::ask(&mut self.client, &self.address)?;
            if !model.is_same(&told) {
                let (server, model) = (self.name(), self.address.model.clone());
                return Err(ServerError::Changed { server, model });
            }
            self.is_proved = true;
        }
        self.client.set_run_limit(limit(self.usual));
        let traffic = self.client.run(&self.address, runs.inputs, runs.wanted, runs.outputs)?;
        let (before, now) = (self.usual, traffic.round_trip);
        self.usual = if before.is_zero() { now } else { before.mul_f64(0.8) + now.mul_f64(0.2) };
        Ok(traffic)
    }

    /// A run succeeded.
    pub fn works(&mut self) {
        if matches!(self.health, Health::Failed { .. }) {
            tracing::info!("{} responds again", self.address);
            self.health = Health::Works;
        }
    }

    /// A run failed. Returns how long to wait before the next one.
    pub fn fails(&mut self, error: &ServerError, stop: &Stop) -> Duration {
        let times = match &self.health {
            Health::Works => 1,
            Health::Failed { times, .. } => times.saturating_add(1),
        };
        self.is_proved = false;
        let doubled = FIRST_PAUSE.saturating_mul(1u32 << (times - 1).min(8));
        let pause = match error {
            // A server that says that it is ready and then hangs must not take most of the time.
            ServerError::TimedOut { after, .. } if self.has_fallback => {
                after.saturating_mul(1u32 << times.min(5))
            }
            _ => doubled.min(LONGEST_PAUSE),
        };
        let watch = if self.has_fallback { watch(&self.address, &self.access, stop, pause) } else { None };
        self.health = Health::Failed { times, error: error.clone(), until: Instant::now() + pause, watch };
        pause
    }
}

/// How long a run may take where one usually takes this long: a server that hangs is noticed soon, and one that loads a model is
/// given its time.
fn limit(usual: Duration) -> Duration {
    const LEAST: Duration = Duration::from_secs(3);
    let most = Limits::default().run;
    if usual.is_zero() { most } else { usual.saturating_mul(10).clamp(LEAST, most) }
}

/// Starts a thread that asks a server now and then whether it has the model again; `None` if there can be no thread.
fn watch(address: &ModelAddress, access: &Access, stop: &Stop, first: Duration) -> Option<Watch> {
    let watch = Watch { is_back: Arc::default(), ended: Arc::default() };
    let (is_back, ended) = (Arc::clone(&watch.is_back), Arc::clone(&watch.ended));
    let (address, access, stop) = (address.clone(), access.clone(), stop.clone());
    let thread = std::thread::Builder::new().name("server watch".into()).spawn(move || {
        let mut wait = first;
        while pause(&stop, wait) && !ended.load(SeqCst) {
            let client = Client::new(&address.server, &access, Limits::default(), stop.clone());
            if client.and_then(|mut client| client.is_ready(&address)) == Ok(true) {
                is_back.store(true, SeqCst);
                return;
            }
            wait = (wait * 2).min(LONGEST_PAUSE);
        }
    });
    thread.ok().map(|_| watch)
}

/// The model from a file on this computer. It is opened when it is first needed: usually it never is.
#[derive(Debug)]
pub(super) struct Local {
    file: PathBuf,
    options: OpenOptions,
    /// Name and element of the image's input.
    image: (String, Element),
    extras: Vec<ExtraInput>,
    session: Option<Session>,
    stop: Stop,
}

impl Local {
    /// `stop` ends its opening, too.
    pub fn new(file: PathBuf, spec: &Spec, options: &OpenOptions, stop: &Stop) -> Self {
        let image = (spec.input.name.clone(), spec.input.element);
        let (options, extras) = (options.clone(), spec.input.extras.clone());
        Self { file, options, image, extras, session: None, stop: stop.clone() }
    }

    /// The open session.
    fn session(&mut self, model: &Identity) -> Result<&mut Session, ModelError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.open(model)?,
        };
        Ok(self.session.insert(session))
    }

    fn open(&self, model: &Identity) -> Result<Session, ModelError> {
        let description = Description::of_file(&self.file, &Sidecar::default())?;
        if !model.is_file(&description) {
            return Err(ModelError::CannotRun {
                path: self.file.clone(),
                reason: "it isn't the model on the server, which it is to stand in for".into(),
                remedy: "Choose the file that the server has.".into(),
            });
        }
        let attempt = Attempt::of_file(&self.file, &description.graph, &description.sha256, &self.options)?;
        let device = self.options.device.as_deref().map(provider_named).transpose()?;
        let image = (&self.image.0[..], self.image.1);
        let mut session = Session::open(&Bytes::File, image, device, &self.options, &attempt)?;
        super::super::open::extra_inputs(&mut session, &self.extras, &self.file)?;
        let handle = session.stop_handle();
        self.stop.also(move || handle.stop());
        Ok(session)
    }

    /// Runs the network on the inputs of the served session. `size` is that of the image's input (width, height), `anew`: the state of
    /// earlier frames doesn't count.
    pub fn run<T>(
        &mut self,
        runs: &Runs<'_>,
        (size, anew): (Option<(u32, u32)>, bool),
        model: &Identity,
        read: impl FnOnce(&[Tensor<'_>]) -> T,
    ) -> Result<T, ModelError> {
        let session = self.session(model)?;
        if let Some(size) = size {
            session.fit_extra_inputs(size)?;
        }
        if anew {
            session.reset_state()?;
        }
        if let Some(image) = runs.inputs.get(runs.image) {
            let tensor = session.image(&image.shape)?;
            copy(&image.values, tensor)?;
        }
        session.run(read)
    }
}

/// Which model a session runs, to tell it from another one under the same name.
#[derive(Debug)]
pub(super) struct Identity {
    pub metadata: ModelMetadata,
    /// Hash of its file, if the server tells it.
    pub sha256: Option<String>,
}

impl Identity {
    /// Whether a server has this very model, as far as it tells.
    fn is_same(&self, told: &Told) -> bool {
        let hash = told.description.as_ref().map(|it| &it.sha256);
        let same_file = self.sha256.as_ref().zip(hash).is_none_or(|(own, other)| own == other);
        let (own, other) = (&self.metadata, &told.metadata);
        same_file && own.inputs == other.inputs && own.outputs == other.outputs
    }

    /// Whether a file is this very model; without a hash, whether it has the same inputs and outputs.
    fn is_file(&self, file: &Description) -> bool {
        match &self.sha256 {
            Some(hash) => *hash == file.sha256,
            None => super::open::fits(&file.graph, &self.metadata),
        }
    }
}
