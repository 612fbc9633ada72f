//! What inference servers have: their models, and how long they take.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::identify::Unknown;
use crate::model::sidecar::Sidecar;
use crate::model::{self, Inspection, Spec};
use crate::server::{
    Access, Client, Limits, ListedModel, ModelAddress, ServerAddress, ServerError, ServerInfo, Stop,
};

/// More models of a server aren't asked about, only listed: each takes a few requests.
const MOST_ASKED: usize = 64;
/// More models of a server are counted only.
const MOST_LISTED: usize = 1000;
/// Longer names, versions and reasons are shown cut, in characters.
const LONGEST_SHOWN: usize = 200;
/// No model has a longer name or version, in bytes: what does is left out.
const LONGEST_NAME: usize = 2000;

/// A server that responds.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachedServer {
    pub info: ServerInfo,
    /// How long it takes to answer a question: the network's part of a run.
    pub network: Duration,
    /// Its models, or why it lists none.
    pub models: Result<Vec<ServedModel>, ServerError>,
    /// So many more it has, which aren't among them.
    pub left_out: usize,
}

/// A model that a server has.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedModel {
    pub listed: ListedModel,
    /// With its version only if the server has several: without, it stays right when the server gets a newer one.
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

/// Asks a server about itself, but not about its models.
///
/// # Errors
/// If it can't be reached, or refuses.
pub fn ask(address: &ServerAddress, access: &Access, stop: &Stop) -> Result<ReachedServer, ServerError> {
    reach(address, access, stop).map(|(_, reached)| reached)
}

/// Asks a server about itself and about each of its models. What it told `earlier` of a model that is still the same isn't asked
/// again.
///
/// # Errors
/// If it can't be reached, or refuses.
pub fn ask_models(
    address: &ServerAddress,
    access: &Access,
    stop: &Stop,
    earlier: Option<&ReachedServer>,
) -> Result<ReachedServer, ServerError> {
    let (mut client, mut reached) = reach(address, access, stop)?;
    let mut listed = match client.models() {
        Ok(listed) => listed,
        Err(error) => {
            reached.models = Err(error);
            return Ok(reached);
        }
    };
    let total = listed.len();
    let fits = |model: &ListedModel| {
        model.name.len().max(model.version.as_ref().map_or(0, String::len)) <= LONGEST_NAME
    };
    listed.retain(fits);
    listed.truncate(MOST_LISTED);
    reached.left_out = total - listed.len();
    // A server of another version may read its models otherwise.
    let earlier = earlier.filter(|earlier| earlier.info == reached.info);
    let known: HashMap<_, _> = earlier
        .and_then(|earlier| earlier.models.as_ref().ok())
        .into_iter()
        .flatten()
        // What wasn't understood may have got settings meanwhile.
        .filter(|model| model.known().is_some())
        .map(|model| ((&model.address, &model.listed.version), model))
        .collect();
    let mut versions = HashMap::<_, usize>::new();
    for model in &listed {
        *versions.entry(model.name.clone()).or_default() += 1;
    }
    let mut models = Vec::with_capacity(listed.len());
    for mut listed in listed {
        let mut at = address.model(&listed.name);
        if versions.get(&listed.name).is_some_and(|count| *count > 1) {
            at.version.clone_from(&listed.version);
        }
        cut(&mut listed.name);
        listed.version.as_mut().map(cut);
        listed.reason.as_mut().map(cut);
        let known = known.get(&(&at, &listed.version)).filter(|_| listed.ready);
        models.push(match known {
            Some(known) => ServedModel { listed, ..(*known).clone() },
            None => look_at(&mut client, at, listed, models.len() < MOST_ASKED),
        });
    }
    reached.models = Ok(models);
    Ok(reached)
}

fn cut(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(LONGEST_SHOWN) {
        text.truncate(at);
        text.push('\u{2026}');
    }
}

fn reach(
    address: &ServerAddress,
    access: &Access,
    stop: &Stop,
) -> Result<(Client, ReachedServer), ServerError> {
    let mut client = Client::new(address, access, Limits::default(), stop.clone())?;
    // The first request makes the connection.
    let info = client.server_info()?;
    let mut network = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        client.server_info()?;
        network = network.min(begin.elapsed());
    }
    Ok((client, ReachedServer { info, network, models: Ok(Vec::new()), left_out: 0 }))
}

fn look_at(client: &mut Client, address: ModelAddress, listed: ListedModel, ask: bool) -> ServedModel {
    if !ask || !listed.ready {
        return ServedModel { listed, address, spec: None, compute: None };
    }
    let inspected = Sidecar::load(&address.to_path())
        .and_then(|settings| model::inspect_on(client, &address, &settings.unwrap_or_default()));
    let spec = match inspected {
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
