//! A model's session on an inference server ([`crate::server`]), with what runs it while the server doesn't: other servers, then
//! a file on this computer.

mod extras;
mod open;
mod place;
mod status;

use std::sync::Arc;
use std::time::{Duration, Instant};

use half::f16;
use smallvec::SmallVec;

use super::ModelError;
use super::extra_inputs::ExtraInputError;
use super::image_tensor;
use super::input::TensorMut;
use super::spec::{Element, ExtraInput};
use super::tensor::{Data, Tensor};
use crate::server::{
    Buffer, DataType, Input, ModelMetadata, OutputTensor, Outputs, ServerError, Stop, TensorInfo, Values,
};
use extras::Extra;
pub(in crate::model) use open::{inspect, inspect_on, open, safe};
use place::{Identity, Place, Runs};
pub use status::{ServerState, ServerStatus};

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: a server that comes back is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A session on a server.
#[derive(Debug)]
pub(in crate::model) struct ServedSession {
    /// The one that the user chose first, then what runs the model while that doesn't.
    places: Vec<Place>,
    /// The place that ran last.
    at: usize,
    inputs: Vec<Input>,
    /// Index of the image among the inputs.
    image: usize,
    extras: Vec<Extra>,
    /// The image size that the extra inputs were written for.
    fitted: Option<(u32, u32)>,
    /// Which model it is.
    model: Identity,
    wanted: Vec<String>,
    outputs: Outputs,
    /// The state of earlier frames doesn't count for the next run.
    anew: bool,
    /// How long a run tries again before it fails.
    patience: Duration,
    stop: Stop,
    status: Arc<ServerStatus>,
}

impl ServedSession {
    /// What ends its runs.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// What is known of the server, for other threads.
    pub fn status(&self) -> Arc<ServerStatus> {
        Arc::clone(&self.status)
    }

    /// Makes the tensors of the inputs other than the image.
    pub fn set_extra_inputs(&mut self, specs: &[ExtraInput]) -> Result<(), ExtraInputError> {
        self.extras.clear();
        self.fitted = None;
        for (index, input) in self.inputs.iter_mut().enumerate() {
            if index == self.image {
                continue;
            }
            let name = &input.name;
            let spec = specs
                .iter()
                .find(|spec| spec.name == *name)
                .ok_or_else(|| ExtraInputError::Unknown { name: name.clone() })?;
            self.extras.push(Extra::new(spec, index, input)?);
        }
        Ok(())
    }

    /// Writes the inputs other than the image for this size of the image input (width, height).
    pub fn fit_extra_inputs(&mut self, size: (u32, u32)) {
        if self.fitted != Some(size) {
            for extra in &self.extras {
                if let Some(input) = self.inputs.get_mut(extra.index) {
                    extra.fit(input, size);
                }
            }
            self.fitted = Some(size);
        }
    }

    /// Resets the state that the network carries from frame to frame.
    pub fn reset_state(&mut self) {
        begin_states(&self.extras, &mut self.inputs);
        self.anew = true;
    }

    /// The image's tensor for this shape, batch first; a new one is made when the shape changes, or when a connection still
    /// holds the last one.
    pub fn image(&mut self, shape: &[i64]) -> Result<TensorMut<'_>, ModelError> {
        let lost = || ModelError::RunFailed { reason: "its input is missing".into() };
        let input = self.inputs.get_mut(self.image).ok_or_else(lost)?;
        let shape = image_tensor::without_batch(shape, input.shape.len() == 3);
        if input.shape != shape || input.values.is_empty() {
            let count = image_tensor::count(shape)?;
            input.values = Buffer::zeros(input.data_type, count).ok_or_else(lost)?;
            shape.clone_into(&mut input.shape);
        }
        Ok(match &mut input.values {
            Buffer::F32(values) => TensorMut::F32(writable(values)),
            Buffer::F16(values) => TensorMut::F16(writable(values)),
            Buffer::U8(values) => TensorMut::U8(writable(values)),
            Buffer::I32(values) => TensorMut::I32(writable(values)),
            Buffer::I64(_) => return Err(lost()),
        })
    }

    /// How many bytes the image's tensor holds.
    pub fn image_bytes(&self) -> usize {
        self.inputs.get(self.image).map_or(0, |input| input.values.as_bytes().len())
    }

    /// Runs the network on the tensors as they are and hands the outputs to `read`.
    pub fn run<T>(&mut self, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        let begin = Instant::now();
        let file = loop {
            match self.run_on_servers() {
                Ok(()) => break None,
                Err(ModelError::Server { error, retry }) => {
                    let file = self.places.iter().position(|place| matches!(place, Place::Local(_)));
                    if file.is_some() {
                        break file.map(|file| (file, error));
                    }
                    if !error.is_temporary() || begin.elapsed() >= self.patience {
                        return Err(ModelError::Server { error, retry });
                    }
                    tracing::info!("{error} Trying again.");
                    if !pause(&self.stop, retry.unwrap_or(FIRST_PAUSE)) {
                        return Err(ModelError::Stopped);
                    }
                }
                Err(error) => return Err(error),
            }
        };
        match file {
            Some((index, problem)) => self.run_here(index, problem, read),
            None => Ok(read(&self.tensors())),
        }
    }

    /// Runs at the first server that is ready.
    fn run_on_servers(&mut self) -> Result<(), ModelError> {
        let mut last: Option<(ServerError, Duration)> = None;
        for index in 0..self.places.len() {
            let Self { places, inputs, image, wanted, outputs, model, status, extras, at, stop, .. } = self;
            let Some(Place::Server(server)) = places.get_mut(index) else { continue };
            if let Some(pause) = server.pause() {
                last.get_or_insert_with(|| (server.problem(), pause));
                continue;
            }
            if index != *at {
                // Another place has seen other frames.
                begin_states(extras, inputs);
            }
            let mut runs = Runs { inputs, image: *image, wanted, outputs };
            let name = server.name();
            let result = server.run(&mut runs, model).and_then(|traffic| {
                check(&model.metadata.outputs, outputs.tensors(), &name).map(|()| traffic)
            });
            match result {
                Ok(traffic) => {
                    server.works();
                    status.ran(index, name, &traffic, server.usual(), last.map(|(error, _)| error));
                    *at = index;
                    self.anew = false;
                    return extras.iter_mut().try_for_each(|extra| extra.carry(inputs, outputs.tensors()));
                }
                Err(ServerError::Stopped) => return Err(ModelError::Stopped),
                Err(error) => {
                    tracing::warn!("{error}");
                    let pause = server.fails(&error, stop);
                    last.get_or_insert((error, pause));
                }
            }
        }
        let (error, pause) = last.unwrap_or((ServerError::Stopped, FIRST_PAUSE));
        self.status.failed(&error);
        Err(ModelError::Server { error, retry: Some(pause) })
    }

    /// Runs the file on this computer.
    fn run_here<T>(
        &mut self,
        index: usize,
        problem: ServerError,
        read: impl FnOnce(&[Tensor<'_>]) -> T,
    ) -> Result<T, ModelError> {
        let begin = Instant::now();
        let anew = self.anew || index != self.at;
        let Self { places, inputs, image, wanted, outputs, model, fitted, .. } = self;
        let Some(Place::Local(local)) = places.get_mut(index) else { return Err(ModelError::Stopped) };
        let runs = Runs { inputs, image: *image, wanted, outputs };
        let result = local.run(&runs, (*fitted, anew), model, read)?;
        (self.at, self.anew) = (index, false);
        self.status.ran_here(begin.elapsed(), problem);
        Ok(result)
    }

    /// What the server sent is no result of this model: it counts as a failure of the server.
    pub fn refuse(&mut self, reason: String) -> Option<ModelError> {
        let Some(Place::Server(server)) = self.places.get_mut(self.at) else { return None };
        let error = ServerError::Garbled { server: server.name(), reason };
        let pause = server.fails(&error, &self.stop);
        self.status.failed(&error);
        Some(ModelError::Server { error, retry: Some(pause) })
    }

    /// The outputs in the order in which the server names them, as decoders read them.
    fn tensors(&self) -> SmallVec<[Tensor<'_>; 8]> {
        let came = self.outputs.tensors();
        let told = &self.model.metadata.outputs;
        if told.is_empty() {
            return came.iter().filter_map(tensor).collect();
        }
        let named = told.iter().filter_map(|told| came.iter().find(|output| output.name == told.name));
        named.filter_map(tensor).collect()
    }
}

/// Resets the states among the inputs to zeros.
fn begin_states(extras: &[Extra], inputs: &mut [Input]) {
    for extra in extras {
        if let Some(input) = inputs.get_mut(extra.index) {
            extra.reset(input);
        }
    }
}

/// Waits, unless it is stopped meanwhile. Returns whether it wasn't.
fn pause(stop: &Stop, most: Duration) -> bool {
    const STEP: Duration = Duration::from_millis(20);
    let until = Instant::now() + most;
    while Instant::now() < until {
        if stop.is_stopped() {
            return false;
        }
        std::thread::sleep(STEP.min(until.saturating_duration_since(Instant::now())));
    }
    !stop.is_stopped()
}

/// The values for writing; in other memory if a connection still holds these.
fn writable<T: Clone + Default>(values: &mut Arc<Vec<T>>) -> &mut [T] {
    if Arc::get_mut(values).is_none() {
        *values = Arc::new(vec![T::default(); values.len()]);
    }
    let values: &mut Vec<T> = Arc::make_mut(values);
    values
}

/// An output as decoders read it; `None` for a type that they don't.
fn tensor(output: &OutputTensor) -> Option<Tensor<'_>> {
    let data = match &output.values {
        Values::F32(values) => Data::F32(values),
        Values::I64(values) => Data::I64(values),
        Values::I32(values) => Data::I32(values),
        Values::U8(values) => Data::U8(values),
        Values::Other => return None,
    };
    Some(Tensor { name: &output.name, shape: &output.shape, data })
}

/// Checks that the outputs are those that the server names, in the shapes that it names.
fn check(told: &[TensorInfo], came: &[OutputTensor], server: &str) -> Result<(), ServerError> {
    for told in told {
        let name = &told.name;
        let garbled = |reason: String| ServerError::Garbled { server: server.to_owned(), reason };
        let Some(output) = came.iter().find(|output| output.name == *name) else {
            return Err(garbled(format!("the output \u{201c}{name}\u{201d} is missing")));
        };
        let fits = told.shape.is_empty()
            || (told.shape.len() == output.shape.len()
                && told.shape.iter().zip(&output.shape).all(|(told, came)| *told == -1 || told == came));
        if !fits {
            let text =
                |shape: &[i64]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("\u{d7}");
            return Err(garbled(format!(
                "the output \u{201c}{name}\u{201d} has the shape {}, and the server promised {}",
                text(&output.shape),
                text(&told.shape)
            )));
        }
    }
    Ok(())
}

/// The element of an image input of this type; `None` for one that no image has.
fn element_of(data_type: DataType) -> Option<Element> {
    match data_type {
        DataType::Fp32 => Some(Element::F32),
        DataType::Fp16 => Some(Element::F16),
        DataType::Uint8 => Some(Element::U8),
        DataType::Int32 => Some(Element::I32),
        _ => None,
    }
}

/// The inputs of a model, still without values.
fn inputs_of(metadata: &ModelMetadata) -> Result<Vec<Input>, String> {
    let input = |info: &TensorInfo| {
        let values = Buffer::zeros(info.data_type, 0).ok_or_else(|| {
            format!("its input \u{201c}{}\u{201d} holds {}", info.name, info.data_type.name())
        })?;
        let shape = info.shape.iter().map(|n| (*n).max(1)).collect();
        Ok(Input { name: info.name.clone(), data_type: info.data_type, shape, values })
    };
    metadata.inputs.iter().map(input).collect()
}

/// Copies values of an input into a tensor of the same type and length.
fn copy(values: &Buffer, to: TensorMut<'_>) -> Result<(), ModelError> {
    fn into<T: Copy>(from: &[T], to: &mut [T]) -> Option<()> {
        (from.len() == to.len()).then(|| to.copy_from_slice(from))
    }
    let other = || ModelError::RunFailed { reason: "the file on this computer takes another input".into() };
    let copied = match (values, to) {
        (Buffer::F32(from), TensorMut::F32(to)) => into(from, to),
        (Buffer::F16(from), TensorMut::F16(to)) => into::<f16>(from, to),
        (Buffer::U8(from), TensorMut::U8(to)) => into(from, to),
        (Buffer::I32(from), TensorMut::I32(to)) => into(from, to),
        _ => None,
    };
    copied.ok_or_else(other)
}
