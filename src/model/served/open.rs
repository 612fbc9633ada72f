//! Opening a model on a server: what the server tells of it, and whether that is what we know of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::description::{self, Description};
use super::super::families::Scratch;
use super::super::file::{GraphInfo, ValueInfo};
use super::super::identify;
use super::super::input::InputStage;
use super::super::inspect::Inspection;
use super::super::isolation::Attempt;
use super::super::network::Network;
use super::super::session::Session;
use super::super::sidecar::Sidecar;
use super::super::{Model, ModelError, OpenOptions, companion, folders, hash, probe};
use super::place::{Identity, Local, Place, Server};
use super::{ServedSession, ServerStatus, element_of, inputs_of};
use crate::frame::Frame;
use crate::server::{
    Client, Limits, ModelAddress, ModelMetadata, Outputs, ServerError, ServerInfo, ServerList, Stop,
};

/// The parameter of a model's configuration, or the property in its metadata, that holds its description.
pub const PARAMETER: &str = "sightline";

/// What a server tells of a model.
pub(super) struct Told {
    pub metadata: ModelMetadata,
    /// What it says of the model's file, if it does.
    pub description: Option<Description>,
}

/// Opens a model on a server.
///
/// # Errors
/// If neither the server nor what stands in for it can be used, or if the model isn't understood.
pub(in crate::model) fn open(address: &ModelAddress, options: &OpenOptions) -> Result<Model, ModelError> {
    let path = address.to_path();
    if options.inside.is_some() {
        return Err(ModelError::CannotRun {
            path,
            reason: "only its server sees what is inside of it".into(),
            remedy: "Open the model\u{2019}s file on this computer instead.".into(),
        });
    }
    let stop = Stop::default();
    if let Some(cancel) = &options.cancel {
        cancel.add_stop(&stop);
    }
    let list = user_list()?;
    let fallbacks = Fallbacks::of(address, &list, options)?;
    // The first server that responds tells what the model is; a file on this computer knows it, too.
    let mut servers = Vec::new();
    let mut told = None;
    let mut first_error = None;
    for candidate in std::iter::once(address).chain(&fallbacks.servers) {
        let access = list.access(&candidate.server);
        let client = Client::new(&candidate.server, &access, Limits::default(), stop.clone());
        let mut client = client.map_err(ModelError::from)?;
        let asks = told.is_none();
        if asks {
            match ask(&mut client, candidate) {
                Ok(answer) => {
                    // A server that tells nothing of itself runs models all the same.
                    let ServerInfo { name, version, .. } = client.server_info().unwrap_or_default();
                    let provider = format!("{name} {version}");
                    told = Some((answer, format!("{}, {}", provider.trim(), candidate.server)));
                }
                Err(ServerError::Stopped) => return Err(ModelError::Stopped),
                Err(error) => {
                    tracing::warn!("{error}");
                    first_error.get_or_insert(error);
                }
            }
        }
        let has_fallback = servers.len() < fallbacks.servers.len() || fallbacks.file.is_some();
        let is_proved = asks && told.is_some();
        servers.push(Server::new(candidate.clone(), access, client, (has_fallback, is_proved)));
    }
    let no_server = told.is_none();
    let (told, provider) = match (told, &fallbacks.file) {
        (Some(told), _) => told,
        (None, Some(file)) => {
            let local = Description::of_file(file, &Sidecar::default())?;
            let metadata = metadata_of(&local.graph);
            (Told { metadata, description: Some(local) }, address.server.to_string())
        }
        (None, None) => {
            let error = first_error.unwrap_or(ServerError::Stopped);
            return Err(ModelError::Server { error, retry: None });
        }
    };
    let hash = told.description.as_ref().map(|it| it.sha256.clone());
    let description = told.description.or_else(|| beside(address));
    let refused = |reason: String| ModelError::CannotRun {
        path: path.clone(),
        reason,
        remedy: "Export it again with the image as its only input.".into(),
    };
    let (mut graph, settings, sha256) = match description.filter(|it| fits(&it.graph, &told.metadata)) {
        Some(it) => {
            let settings = options.known.about(&it.sha256).overlaid(it.settings);
            (it.graph, settings, it.sha256)
        }
        None => (graph_of(&told.metadata), Sidecar::default(), hash::of_text(&path.to_string_lossy())),
    };
    // The server may have its own number of images in a batch, and open sizes.
    take_shapes(&mut graph, &told.metadata);
    let overrides = settings.overlaid(Sidecar::load(&path)?.unwrap_or_default());
    let overrides = overrides.overlaid(options.overrides.clone().unwrap_or_default());

    let mut places: Vec<Place> = servers.into_iter().map(|server| Place::Server(Box::new(server))).collect();
    let status = Arc::<ServerStatus>::default();
    let inputs = inputs_of(&told.metadata).map_err(refused)?;
    let mut spec = identify::identify(&graph, &overrides);
    let open_shape =
        identify::open_shape(&graph, &overrides, probe::SIDE).filter(|_| probe::is_needed(&overrides, &spec));
    let wanted: Vec<String> = told.metadata.outputs.iter().map(|output| output.name.clone()).collect();
    let served = |places: Vec<Place>, image: &str| ServedSession {
        image: inputs.iter().position(|input| input.name == image).unwrap_or(0),
        places,
        at: 0,
        inputs: inputs.clone(),
        extras: Vec::new(),
        fitted: None,
        model: Identity { metadata: told.metadata.clone(), sha256: hash.clone() },
        anew: true,
        wanted: wanted.clone(),
        outputs: Outputs::default(),
        patience: options.patience,
        stop: stop.clone(),
        status: Arc::clone(&status),
    };
    if let (Some(_), Some(file)) = (&open_shape, fallbacks.file.as_ref().filter(|_| no_server)) {
        let attempt = Attempt::of_file(file, &graph, &sha256, options)?;
        probe::with_real_shapes(&graph, &overrides, options.cancel.as_ref(), &attempt, &mut spec)?;
    } else if let Some(shape) = open_shape {
        let mut session = served(places, &shape.input);
        probe::settle(&graph, &overrides, &shape, &mut spec, |shape, read| {
            session.image(shape)?;
            session.run(read)
        })?;
        places = session.places;
    }
    let spec = spec.map_err(|unknown| unknown.into_error(&path))?;
    let spec = super::super::open::with_size(spec, options);
    let element = told.metadata.inputs.iter().find(|input| input.name == spec.input.name);
    if element.and_then(|input| element_of(input.data_type)) != Some(spec.input.element) {
        let reason = format!("the server has no input \u{201c}{}\u{201d} for the image", spec.input.name);
        return Err(refused(reason));
    }
    if let Some(file) = &fallbacks.file {
        places.push(Place::Local(Box::new(Local::new(file.clone(), &spec, options, &stop))));
    }
    let mut session = Session::served(served(places, &spec.input.name));
    super::super::open::extra_inputs(&mut session, &spec.input.extras, &path)?;
    let input = InputStage::new(spec.input.clone());
    let (scratch, own_outputs) = (Scratch::default(), Vec::new());
    let mut network = Network { spec, session, input, scratch, last_source: None, own_outputs };
    network.spec.family.probe(&mut network, &graph, &overrides)?;
    let shape = graph.inputs.first().map(|input| &input.shape[..]).unwrap_or_default();
    let companion = companion::open(&path, &mut network.spec, shape, options)?;
    Ok(Model {
        path,
        sha256,
        network,
        provider,
        adapter: None,
        companion,
        rgba: Frame::default(),
        external_data: fallbacks.file.into_iter().collect(),
    })
}

/// What a server tells of a model, with `overrides` over that.
///
/// # Errors
/// If it can't be reached or doesn't have the model.
pub(in crate::model) fn inspect(
    address: &ModelAddress,
    overrides: &Sidecar,
) -> Result<Inspection, ModelError> {
    let list = user_list()?;
    let access = list.access(&address.server);
    let mut client = Client::new(&address.server, &access, Limits::default(), Stop::default())?;
    inspect_on(&mut client, address, overrides)
}

/// As [`inspect`], with a client that is connected to the server.
///
/// # Errors
/// If the server doesn't respond or doesn't have the model.
pub(in crate::model) fn inspect_on(
    client: &mut Client,
    address: &ModelAddress,
    overrides: &Sidecar,
) -> Result<Inspection, ModelError> {
    let told = ask(client, address)?;
    let description =
        told.description.or_else(|| beside(address)).filter(|it| fits(&it.graph, &told.metadata));
    let (mut graph, settings) = match description {
        Some(it) => (it.graph, it.settings),
        None => (graph_of(&told.metadata), Sidecar::default()),
    };
    take_shapes(&mut graph, &told.metadata);
    let spec = identify::identify(&graph, &settings.overlaid(overrides.clone()));
    Ok(Inspection { graph, spec })
}

pub(super) fn ask(client: &mut Client, address: &ModelAddress) -> Result<Told, ServerError> {
    let metadata = client.metadata(address)?;
    let property =
        metadata.properties.iter().find(|(key, _)| key == PARAMETER).map(|(_, value)| value.clone());
    let text = match property {
        Some(text) => Some(text),
        // KServe's metadata have room for it in the name of the platform: "onnxruntime_onnx {…}".
        None if metadata.platform.contains('{') => {
            metadata.platform.find('{').map(|at| metadata.platform[at..].to_owned())
        }
        None => {
            // Servers and proxies may keep it from clients that may run models all the same.
            let parameters = match client.parameters(address) {
                Err(
                    error @ (ServerError::Stopped
                    | ServerError::Unreachable { .. }
                    | ServerError::TimedOut { .. }),
                ) => {
                    return Err(error);
                }
                parameters => parameters.unwrap_or_default(),
            };
            parameters.into_iter().find(|(key, _)| key == PARAMETER).map(|(_, value)| value)
        }
    };
    let description = text.and_then(|text| {
        Description::parse(&text)
            .inspect_err(|error| tracing::warn!("{address} describes its model, but {error}"))
            .ok()
    });
    Ok(Told { metadata, description })
}

fn user_list() -> Result<ServerList, ModelError> {
    let Some(folder) = folders::servers_folder() else { return Ok(ServerList::default()) };
    ServerList::load(&folder).map_err(|error| ModelError::ServerList { error })
}

/// What runs a model while its server doesn't.
struct Fallbacks {
    servers: Vec<ModelAddress>,
    file: Option<PathBuf>,
}

impl Fallbacks {
    /// Those of the options, else those that are saved for the server.
    fn of(address: &ModelAddress, list: &ServerList, options: &OpenOptions) -> Result<Self, ModelError> {
        let (mut servers, mut file) = (Vec::new(), None);
        for path in &options.fallbacks {
            match ModelAddress::of_path(path).map_err(|error| ModelError::Address { error })? {
                Some(other) => servers.push(other),
                None => file = Some(path.clone()),
            }
        }
        if options.fallbacks.is_empty()
            && let Some(saved) = list.find(&address.server)
        {
            let other = |server: &crate::server::ServerAddress| ModelAddress {
                server: server.clone(),
                model: address.model.clone(),
                version: address.version.clone(),
            };
            servers.extend(saved.fallback.iter().map(other));
            if saved.fallback_local {
                let named = |path: &PathBuf| path.file_stem().is_some_and(|stem| *stem == *address.model);
                file = folders::model_files(&folders::model_folders()).into_iter().find(named);
            }
        }
        servers.retain(|other| other != address);
        Ok(Self { servers, file })
    }
}

/// The description beside the models, in `servers/NAME.sightline.json`, for servers that can't carry one.
fn beside(address: &ModelAddress) -> Option<Description> {
    /// As long as a description may be.
    const MOST: u64 = 8 << 20;
    let file = format!("{}{}", safe(&address.model), description::ENDING);
    let places = folders::model_folders().into_iter().map(|folder| folder.join("servers").join(&file));
    let text = places.into_iter().find_map(|path| crate::whole_file::read_text(&path, MOST).ok())?;
    Description::parse(&text)
        .inspect_err(|error| tracing::warn!("the description of {address}: {error}"))
        .ok()
}

/// A model's name as a part of a path: nothing in it leads elsewhere.
pub(in crate::model) fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let text: String = name.chars().map(plain).take(120).collect();
    if text.trim_matches('.').is_empty() { "_".repeat(text.len().max(1)) } else { text }
}

/// What a file with such inputs and outputs would say.
fn graph_of(metadata: &ModelMetadata) -> GraphInfo {
    let value = |info: &crate::server::TensorInfo| ValueInfo {
        name: info.name.clone(),
        element: info.data_type.onnx_name().into(),
        shape: info.shape.iter().map(|n| u64::try_from(*n).ok()).collect(),
        symbols: vec![None; info.shape.len()],
    };
    GraphInfo {
        inputs: metadata.inputs.iter().map(value).collect(),
        outputs: metadata.outputs.iter().map(value).collect(),
        ..GraphInfo::default()
    }
}

/// What a server with this file would tell.
fn metadata_of(graph: &GraphInfo) -> ModelMetadata {
    let tensor = |value: &ValueInfo| {
        let shape = value.shape.iter().map(|n| n.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1)).collect();
        crate::server::tensor_of(&value.name, &value.element, shape)
    };
    ModelMetadata {
        inputs: graph.inputs.iter().filter_map(tensor).collect(),
        outputs: graph.outputs.iter().filter_map(tensor).collect(),
        ..ModelMetadata::default()
    }
}

/// Whether a description is that of the model that the server has: the same names and types.
pub(super) fn fits(graph: &GraphInfo, metadata: &ModelMetadata) -> bool {
    let same = |values: &[ValueInfo], tensors: &[crate::server::TensorInfo]| {
        values.len() == tensors.len()
            && tensors.iter().all(|tensor| {
                let is_it = |value: &&ValueInfo| value.name == tensor.name;
                values.iter().find(is_it).is_some_and(|value| value.element == tensor.data_type.onnx_name())
            })
    };
    let fits = same(&graph.inputs, &metadata.inputs) && same(&graph.outputs, &metadata.outputs);
    if !fits {
        tracing::warn!("the description of the model on the server is that of another one");
    }
    fits
}

/// Takes over the sizes that the server fixes.
fn take_shapes(graph: &mut GraphInfo, metadata: &ModelMetadata) {
    let inputs = graph.inputs.iter_mut().zip(std::iter::repeat(&metadata.inputs));
    let outputs = graph.outputs.iter_mut().zip(std::iter::repeat(&metadata.outputs));
    for (value, tensors) in inputs.chain(outputs) {
        let Some(tensor) = tensors.iter().find(|tensor| tensor.name == value.name) else { continue };
        if tensor.shape.len() == value.shape.len() {
            for (size, told) in value.shape.iter_mut().zip(&tensor.shape) {
                *size = size.or(u64::try_from(*told).ok());
            }
        }
    }
}
