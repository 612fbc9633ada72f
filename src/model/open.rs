//! Opening a model: identify the file, open its session, settle by runs what the file leaves open, and open its second model.

use std::path::Path;
use std::sync::Arc;

use super::extra_inputs::ExtraInputError;
use super::families::Scratch;
use super::file::{self, GraphInfo};
use super::identify;
use super::input::InputStage;
use super::isolation::{Attempt, When};
use super::network::Network;
use super::runtime::Provider;
use super::session::{self, Bytes, Session};
use super::sidecar::Sidecar;
use super::spec::{ExtraInput, Size, Spec};
use super::{
    Model, ModelError, OpenOptions, Results, Thresholds, companion, hash, inspect, optimised, preprocessing,
    probe, runtime, served,
};
use crate::frame::Frame;
use crate::server::ModelAddress;

impl Model {
    /// Opens a model whose times are to be compared with those of others, in this process: one that hasn't run here yet
    /// first runs in a process of its own. A model that ever crashed stays in one.
    ///
    /// # Errors
    /// If it can't be read, understood or run.
    pub fn open_proved(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        let mut model = Self::open(path, options)?;
        if model.is_apart() && options.isolation.as_ref().is_some_and(|i| i.when == When::Needed) {
            model.warm_up()?;
            let frame = Frame::filled(64, 64, [114, 114, 114, 255]);
            model.run(&frame, &Thresholds::default(), &mut Results::default())?;
            drop(model);
            model = Self::open(path, options)?;
        }
        Ok(model)
    }

    /// Identifies and opens a model: a file, or the address of one on a server.
    ///
    /// # Errors
    /// If it can't be read, understood or run.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        if let Some(address) = ModelAddress::of_path(path).map_err(|error| ModelError::Address { error })? {
            return served::open(&address, options);
        }
        // What is no model is refused before all of a large file is read.
        let graph = inspect::check(path)?;
        let sha256 = hash::sha256_unless(path, options.cancel.as_ref())?;
        let known = options.known.about(&sha256);
        let overrides = known.overlaid(Sidecar::load(path)?.unwrap_or_default());
        let overrides = overrides.overlaid(options.overrides.clone().unwrap_or_default());
        let attempt = Attempt::of_file(path, &graph, &sha256, options)?;
        let spec = identified(path, &graph, &overrides, options, &attempt)?;
        let session = open_session(path, &graph, &spec, &sha256, options, &attempt)?;
        let provider = match &session.fallback {
            Some(why) => format!("{} ({why})", session.provider.name()),
            None => session.provider.name().to_owned(),
        };
        let input = InputStage::new(spec.input.clone());
        let own_outputs = match &options.inside {
            Some(_) => graph.outputs.iter().map(|output| output.name.clone()).collect(),
            None => Vec::new(),
        };
        let mut network =
            Network { spec, session, input, scratch: Scratch::default(), last_source: None, own_outputs };
        network.spec.family.probe(&mut network, &graph, &overrides)?;
        let shape = graph.inputs.first().map(|input| &input.shape[..]).unwrap_or_default();
        let companion = companion::open(path, &mut network.spec, shape, options)?;
        Ok(Self {
            path: path.to_owned(),
            sha256,
            network,
            provider,
            adapter: options.adapter.clone(),
            companion,
            rgba: Frame::default(),
            external_data: graph.external_files(path).collect(),
        })
    }
}

/// Works out what the file is, by a run if its shapes are open.
fn identified(
    path: &Path,
    graph: &GraphInfo,
    overrides: &Sidecar,
    options: &OpenOptions,
    attempt: &Arc<Attempt>,
) -> Result<Spec, ModelError> {
    let mut spec = identify::identify(graph, overrides);
    if probe::is_needed(overrides, &spec) {
        probe::with_real_shapes(graph, overrides, options.cancel.as_ref(), attempt, &mut spec)?;
    }
    if let Ok(spec) = &mut spec {
        let settled = Sidecar::of_metadata(graph).overlaid(overrides.clone());
        preprocessing::complete(path, &settled, spec);
    }
    let spec = spec.map_err(|unknown| unknown.into_error(path))?;
    Ok(with_size(spec, options))
}

/// The spec with the input size that the user chose, where the model leaves it open.
pub(super) fn with_size(mut spec: Spec, options: &OpenOptions) -> Spec {
    if let (Some(size), Size::Dynamic { stride, .. }) = (options.size, spec.input.size) {
        let whole = |n: u32| n.max(1).div_ceil(stride) * stride;
        spec.input.size = Size::Dynamic { width: whole(size.0), height: whole(size.1), stride };
    }
    spec
}

/// Makes the tensors of the inputs other than the image.
pub(super) fn extra_inputs(
    session: &mut Session,
    extras: &[ExtraInput],
    path: &Path,
) -> Result<(), ModelError> {
    session.set_extra_inputs(extras).map_err(|error| match error {
        ExtraInputError::Session(error) => *error,
        other => ModelError::CannotRun {
            path: path.to_owned(),
            reason: other.to_string(),
            remedy: "Export it again with the image as its only input.".into(),
        },
    })
}

fn open_session(
    path: &Path,
    graph: &GraphInfo,
    spec: &Spec,
    sha256: &str,
    options: &OpenOptions,
    attempt: &Arc<Attempt>,
) -> Result<Session, ModelError> {
    let device = options.device.as_deref().map(session::provider_named).transpose()?;
    let inside = options.inside.as_ref();
    let bytes = if spec.family.takes_any_size() || inside.is_some() {
        let mut bytes = std::fs::read(path)
            .map_err(|e| ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
        let not_onnx = |reason| ModelError::NotOnnx { path: path.to_owned(), reason };
        if spec.family.takes_any_size() {
            bytes = file::allow_any_size(&bytes).map_err(not_onnx)?;
        }
        if inside.is_some_and(|inside| inside.numbered) {
            bytes = file::onnx::numbered(bytes).map_err(not_onnx)?;
        }
        if let Some(inside) = inside.filter(|inside| !inside.tensors.is_empty()) {
            let further: Vec<&String> =
                inside.tensors.iter().filter(|name| graph.output(name).is_none()).collect();
            bytes = file::onnx::with_outputs(bytes, &further);
        }
        Bytes::Memory(bytes)
    } else {
        match &options.cache {
            // An adapter's weights belong to the graph as it was exported.
            Some(folder) if device.is_none_or(|d| d == Provider::Cpu) && options.adapter.is_none() => {
                optimised::place(folder, graph, sha256, runtime::load()?.version()).map_or(
                    Bytes::File,
                    |place| {
                        let inputs = graph.inputs.iter().map(|input| input.name.clone()).collect();
                        Bytes::Optimised(place, inputs)
                    },
                )
            }
            _ => Bytes::File,
        }
    };
    let mut session =
        Session::open(&bytes, (&spec.input.name, spec.input.element), device, options, attempt)?;
    extra_inputs(&mut session, &spec.input.extras, path)?;
    if let Some(adapter) = &options.adapter {
        session.adapt(adapter)?;
    }
    Ok(session)
}
