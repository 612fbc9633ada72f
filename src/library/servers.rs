//! What inference servers have: their models, and how long they take.

use std::time::{Duration, Instant};

use crate::model::identify::Unknown;
use crate::model::{self, Inspection, Spec};
use crate::server::{
    Access, Client, Limits, ListedModel, ModelAddress, ServerAddress, ServerError, ServerInfo, Stop,
};

/// More models of a server aren't asked about, only listed: each takes a few requests.
const MOST_ASKED: usize = 64;

/// A server that responds.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachedServer {
    pub info: ServerInfo,
    /// How long it takes to answer a question: the network's part of a run.
    pub network: Duration,
    /// Its models, or why it lists none.
    pub models: Result<Vec<ServedModel>, ServerError>,
}

/// A model that a server has.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedModel {
    pub listed: ListedModel,
    /// Without its version: the address that stays right when the server gets a newer one.
    pub address: ModelAddress,
    /// What it is, or why that isn't known; `None` if it wasn't asked.
    pub spec: Option<Result<Spec, String>>,
    /// What the server computes for a run, on average, if it tells: the model's part of a run.
    pub compute: Option<Duration>,
}

impl ServedModel {
    /// What it is, if that is known.
    #[must_use]
    pub fn known(&self) -> Option<&Spec> {
        self.spec.as_ref().and_then(|spec| spec.as_ref().ok())
    }
}

/// Asks a server about itself, and about each of its models if `models`.
///
/// # Errors
/// If it can't be reached, or refuses.
pub fn ask(
    address: &ServerAddress,
    access: &Access,
    stop: &Stop,
    models: bool,
) -> Result<ReachedServer, ServerError> {
    let mut client = Client::new(address, access, Limits::default(), stop.clone())?;
    // The first request makes the connection.
    let info = client.server_info()?;
    let mut network = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        client.server_info()?;
        network = network.min(begin.elapsed());
    }
    let models = if models {
        client.models().map(|listed| {
            let asked = listed.into_iter().enumerate();
            asked.map(|(n, listed)| look_at(&mut client, address, listed, n < MOST_ASKED)).collect()
        })
    } else {
        Ok(Vec::new())
    };
    Ok(ReachedServer { info, network, models })
}

fn look_at(client: &mut Client, server: &ServerAddress, listed: ListedModel, ask: bool) -> ServedModel {
    let address = server.model(&listed.name);
    if !ask || !listed.ready {
        return ServedModel { listed, address, spec: None, compute: None };
    }
    let spec = match model::inspect(&address.to_path()) {
        Ok(Inspection { spec: Ok(spec), .. }) => Ok(spec),
        Ok(Inspection {
            spec: Err(Unknown::NotUnderstood(reason) | Unknown::CannotRun { reason, .. }),
            ..
        }) => Err(reason),
        Err(error) => Err(error.to_string().trim_end_matches('.').to_owned()),
    };
    let compute = client.compute_time(&address).ok().flatten();
    ServedModel { listed, address, spec: Some(spec), compute }
}
