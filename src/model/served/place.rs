//! Where a model runs: on a server, with pauses after failures; or from a file on this computer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::super::ModelError;
use super::super::extra_inputs::ExtraInputError;
use super::super::session::{Session, StopHandle};
use super::super::spec::ExtraInput;
use super::super::tensor::Tensor;
use super::{FIRST_PAUSE, LONGEST_PAUSE, copy, pause};
use crate::server::{Access, Client, Input, Limits, ModelAddress, Outputs, ServerError, Stop, Traffic};

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
    pub fn new(address: ModelAddress, access: Access, client: Client, has_fallback: bool) -> Self {
        Self { address, access, client, health: Health::Works, has_fallback }
    }

    /// The server's address.
    pub fn name(&self) -> String {
        self.address.server.to_string()
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

    pub fn run(&mut self, runs: &mut Runs<'_>) -> Result<Traffic, ServerError> {
        self.client.run(&self.address, runs.inputs, runs.wanted, runs.outputs)
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
        let doubled = FIRST_PAUSE.saturating_mul(1u32 << (times - 1).min(8));
        let pause = doubled.min(LONGEST_PAUSE);
        let watch = if self.has_fallback { watch(&self.address, &self.access, stop, pause) } else { None };
        self.health = Health::Failed { times, error: error.clone(), until: Instant::now() + pause, watch };
        pause
    }
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

/// The model from a file on this computer.
#[derive(Debug)]
pub(super) struct Local {
    session: Session,
}

impl Local {
    pub fn new(session: Session) -> Self {
        Self { session }
    }

    /// Makes the tensors of the inputs other than the image.
    pub fn set_extra_inputs(&mut self, specs: &[ExtraInput]) -> Result<(), ExtraInputError> {
        self.session.set_extra_inputs(specs)
    }

    /// Writes the inputs other than the image for this size of the image input (width, height).
    pub fn fit_extra_inputs(&mut self, size: (u32, u32)) -> Result<(), ModelError> {
        self.session.fit_extra_inputs(size)
    }

    /// Resets the state that the network carries from frame to frame.
    pub fn reset_state(&mut self) -> Result<(), ModelError> {
        self.session.reset_state()
    }

    /// What ends its runs.
    pub fn stop_handle(&self) -> StopHandle {
        self.session.stop_handle()
    }

    /// Takes over the image; the network runs when its outputs are read.
    pub fn run(&mut self, runs: &mut Runs<'_>) -> Result<(), ModelError> {
        let Some(image) = runs.inputs.get(runs.image) else { return Ok(()) };
        let tensor = self.session.image(&image.shape)?;
        copy(&image.values, tensor)
    }

    pub fn read<T>(&mut self, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        self.session.run(read)
    }
}
