//! A model opened in ONNX Runtime in this process: its tensors, and runs that can be ended from outside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Adapter, NoSelectedOutputs, RunOptions};
use ort::value::{DynValue, Outlet, TensorElementType, ValueType};
use smallvec::SmallVec;

use super::extra_inputs::{ExtraInputError, ExtraTensor};
use super::image_tensor::{self, Image, Lent};
use super::input::TensorMut;
use super::reused_outputs::ReusedOutputs;
use super::runtime::{self, Provider, plain};
use super::session::{Bytes, live_threads};
use super::spec::{Element, ExtraInput};
use super::tensor::{Data, Tensor};
use super::{CancelToken, ModelError, OpenOptions, optimised};

/// Options of runs, through which they can be ended.
pub(super) type Runs = Arc<RunOptions<NoSelectedOutputs>>;

/// An open ONNX Runtime session with a tensor for its image.
pub(super) struct LocalSession {
    runner: Runner,
    cancel: Option<CancelToken>,
    image: Image,
    shape: Vec<i64>,
    /// The file is for one image alone: its input has no axis for a batch.
    without_batch: bool,
    /// The provider that runs it.
    pub provider: Provider,
    /// Why the requested provider doesn't.
    pub fallback: Option<String>,
    /// Intra-op threads.
    pub threads: usize,
}

/// The runtime's session and everything of a run but the image.
struct Runner {
    inner: ort::session::Session,
    options: Runs,
    /// Index of the image among the model's inputs; the others are in `extra_inputs`, in the model's order.
    image_index: usize,
    extra_inputs: Vec<ExtraTensor>,
    /// The image size that `extra_inputs` were written for.
    extra_inputs_size: Option<(u32, u32)>,
    /// 16-bit outputs, widened.
    widened: Vec<Vec<f32>>,
    /// Outputs that the next run fills again.
    reused: Option<ReusedOutputs>,
    /// Types that no decoder reads are widened too: the inside of the network is shown.
    shows_all: bool,
}

impl std::fmt::Debug for LocalSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalSession")
            .field("shape", &self.shape)
            .field("provider", &self.provider)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl LocalSession {
    /// Opens a model file. `image` is the name and the element type of the image input; of the options only `threads`,
    /// `profile` and `cancel` are used here.
    ///
    /// # Errors
    /// If there is no runtime, or the runtime refuses the file. A provider that can't be used is no error: the CPU runs the
    /// model and `fallback` contains the reason.
    pub fn open(
        path: &Path,
        bytes: &Bytes,
        (image, element): (&str, Element),
        device: Option<Provider>,
        options: &OpenOptions,
    ) -> Result<Self, ModelError> {
        let runtime = runtime::load()?;
        let threads = options.threads.unwrap_or_else(live_threads).max(1);
        let wanted = device.unwrap_or(Provider::Cpu);
        let mut fallback = None;
        let session = if wanted == Provider::Cpu {
            None
        } else if !runtime.providers.contains(&wanted) {
            fallback = Some("this build of ONNX Runtime doesn't offer it".to_owned());
            None
        } else {
            commit(runtime, path, bytes, threads, wanted, options)
                .map_err(|e| fallback = Some(plain(e.message())))
                .ok()
        };
        let provider = if session.is_some() { wanted } else { Provider::Cpu };
        if let Some(why) = &fallback {
            tracing::warn!("{} can't be used: {why}; the CPU runs the model", wanted.name());
        }
        let failed =
            |e: ort::Error| ModelError::Refused { path: path.to_owned(), reason: plain(e.message()) };
        let session = match session {
            Some(session) => session,
            None => commit(runtime, path, bytes, threads, Provider::Cpu, options).map_err(|error| {
                let is_cancelled = options.cancel.as_ref().is_some_and(CancelToken::is_cancelled);
                if is_cancelled { ModelError::Stopped } else { failed(error) }
            })?,
        };
        let image_index =
            session.inputs().iter().position(|i| i.name() == image).ok_or_else(|| ModelError::Refused {
                path: path.to_owned(),
                reason: format!("it has no input \u{201c}{image}\u{201d}"),
            })?;
        let axes = session.inputs().get(image_index).and_then(|input| input.dtype().tensor_shape());
        let without_batch = axes.is_some_and(|axes| axes.len() == 3);
        let widened = vec![Vec::new(); session.outputs().len()];
        // Other providers may place their outputs in other memory.
        let reused = if provider == Provider::Cpu { ReusedOutputs::of(&session) } else { None };
        let run_options = Arc::new(run_options().map_err(failed)?);
        if let Some(cancel) = &options.cancel {
            cancel.add_runs(&run_options);
        }
        Ok(Self {
            runner: Runner {
                inner: session,
                options: run_options,
                image_index,
                extra_inputs: Vec::new(),
                extra_inputs_size: None,
                widened,
                reused,
                shows_all: options.inside.is_some(),
            },
            cancel: options.cancel.clone(),
            image: Image::new(element, &[1, 1, 1, 3])?,
            shape: Vec::new(),
            without_batch,
            provider,
            fallback: fallback.map(|why| format!("{} failed: {why}", wanted.name())),
            threads,
        })
    }

    /// Runs with a LoRA adapter from now on. What [`Self::runs`] gave earlier has no effect any more.
    ///
    /// # Errors
    /// [`ModelError::BadAdapter`].
    pub fn adapt(&mut self, path: &Path) -> Result<(), ModelError> {
        let bad = |reason: String| ModelError::BadAdapter { path: path.to_owned(), reason };
        if !path.is_file() {
            return Err(bad("there is no such file".into()));
        }
        let failed = |e: ort::Error| bad(plain(e.message()));
        let adapter = Adapter::from_file(path, None).map_err(failed)?;
        let mut options = run_options().map_err(failed)?;
        options.add_adapter(&adapter).map_err(failed)?;
        self.runner.options = Arc::new(options);
        if let Some(cancel) = &self.cancel {
            cancel.add_runs(&self.runner.options);
        }
        Ok(())
    }

    /// Ends the runtime's profile and returns its path.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if the session was opened without one.
    pub fn end_profile(&mut self) -> Result<PathBuf, ModelError> {
        let ended = self.runner.inner.end_profiling();
        ended.map(PathBuf::from).map_err(|e| ModelError::RunFailed { reason: plain(e.message()) })
    }

    /// The options of its runs, which end a run that hangs.
    #[must_use]
    pub fn runs(&self) -> Runs {
        Arc::clone(&self.runner.options)
    }

    /// Whether its input is for one image alone, without an axis for a batch.
    #[must_use]
    pub fn is_without_batch(&self) -> bool {
        self.without_batch
    }

    /// Makes the tensors of the inputs other than the image.
    ///
    /// # Errors
    /// If the spec doesn't name an input, or its tensor can't be made.
    pub fn set_extra_inputs(&mut self, specs: &[ExtraInput]) -> Result<(), ExtraInputError> {
        self.runner.extra_inputs.clear();
        self.runner.extra_inputs_size = None;
        for (index, input) in self.runner.inner.inputs().iter().enumerate() {
            if index == self.runner.image_index {
                continue;
            }
            let spec = specs
                .iter()
                .find(|spec| spec.name == input.name())
                .ok_or_else(|| ExtraInputError::Unknown { name: input.name().to_owned() })?;
            self.runner.extra_inputs.push(ExtraTensor::new(spec, input)?);
        }
        Ok(())
    }

    /// Writes the inputs other than the image for this size of the image input (width, height).
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if a tensor can't be made.
    pub fn fit_extra_inputs(&mut self, size: (u32, u32)) -> Result<(), ModelError> {
        if self.runner.extra_inputs_size != Some(size) {
            for extra in &mut self.runner.extra_inputs {
                extra.fit(size).map_err(extra_failed)?;
            }
            self.runner.extra_inputs_size = Some(size);
        }
        Ok(())
    }

    /// Resets the state that the network carries from frame to frame.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if a tensor can't be made.
    pub fn reset_state(&mut self) -> Result<(), ModelError> {
        for extra in &mut self.runner.extra_inputs {
            extra.reset().map_err(extra_failed)?;
        }
        Ok(())
    }

    /// The image's tensor for this shape, batch first; a new one is made only when the shape changes.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if the tensor can't be made.
    pub fn image(&mut self, shape: &[i64]) -> Result<TensorMut<'_>, ModelError> {
        let shape = image_tensor::without_batch(shape, self.without_batch);
        if self.shape != shape {
            let element = match self.image {
                Image::F32(_) => Element::F32,
                Image::F16(_) => Element::F16,
                Image::U8(_) => Element::U8,
                Image::I32(_) => Element::I32,
            };
            self.image = Image::new(element, shape)?;
            self.shape = shape.to_vec();
        }
        Ok(match &mut self.image {
            Image::F32(tensor) => TensorMut::F32(tensor.extract_tensor_mut().1),
            Image::F16(tensor) => TensorMut::F16(tensor.extract_tensor_mut().1),
            Image::U8(tensor) => TensorMut::U8(tensor.extract_tensor_mut().1),
            Image::I32(tensor) => TensorMut::I32(tensor.extract_tensor_mut().1),
        })
    }

    /// Whether the outputs of a run are handed to the next one.
    #[cfg(test)]
    #[must_use]
    pub fn reuses_outputs(&self) -> bool {
        self.runner.reused.is_some()
    }

    /// How many bytes the image's tensor holds.
    #[must_use]
    pub fn image_bytes(&self) -> usize {
        match &self.image {
            Image::F32(tensor) => size_of_val(tensor.extract_tensor().1),
            Image::F16(tensor) => size_of_val(tensor.extract_tensor().1),
            Image::U8(tensor) => tensor.extract_tensor().1.len(),
            Image::I32(tensor) => size_of_val(tensor.extract_tensor().1),
        }
    }

    /// Runs the network on the image's tensor as it is and hands the outputs to `read`.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] with the runtime's reason, or [`ModelError::Stopped`].
    pub fn run<T>(&mut self, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        self.runner.run(self.image.lent(), read)
    }

    /// As [`Self::run`], on an image that lies elsewhere.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_on<T>(
        &mut self,
        image: Lent<'_>,
        read: impl FnOnce(&[Tensor<'_>]) -> T,
    ) -> Result<T, ModelError> {
        self.runner.run(image, read)
    }
}

impl Runner {
    fn run<T>(&mut self, image: Lent<'_>, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        if let Some(reused) = self.reused.as_mut().filter(|reused| !reused.values().is_empty()) {
            if reused.run(&mut self.inner, &self.options, &image) {
                let named: Named<'_> =
                    self.inner.outputs().iter().map(Outlet::name).zip(reused.values()).collect();
                return Ok(read(&tensors(&named, &mut self.widened, self.shows_all)?));
            }
            self.reused = None;
        }
        let image = match image {
            Lent::F32(tensor) => tensor.into(),
            Lent::F16(tensor) => tensor.into(),
            Lent::U8(tensor) => tensor.into(),
            Lent::I32(tensor) => tensor.into(),
        };
        let outputs = if self.extra_inputs.is_empty() {
            self.inner.run_with_options([image], &self.options).map_err(failed)?
        } else {
            let mut values: SmallVec<[ort::session::SessionInputValue<'_>; 8]> =
                self.extra_inputs.iter().map(ExtraTensor::value).collect();
            values.insert(self.image_index.min(values.len()), image);
            self.inner.run_with_options(values.as_slice(), &self.options).map_err(failed)?
        };
        for extra in &mut self.extra_inputs {
            extra.carry(&outputs).map_err(extra_failed)?;
        }
        let named: Named<'_> = outputs.keys().enumerate().map(|(n, name)| (name, &outputs[n])).collect();
        let result = read(&tensors(&named, &mut self.widened, self.shows_all)?);
        drop(named);
        if let Some(reused) = &mut self.reused {
            reused.fill(outputs);
        }
        Ok(result)
    }
}

/// A run's outputs with their names.
type Named<'a> = SmallVec<[(&'a str, &'a DynValue); 8]>;

/// The outputs as decoders read them, with 16-bit floats widened to 32 bits; with `all`, types that no decoder reads as well, which are left out otherwise.
#[expect(clippy::cast_lossless, reason = "one macro widens types that lose something and others")]
fn tensors<'a>(
    outputs: &Named<'a>,
    widened: &'a mut [Vec<f32>],
    all: bool,
) -> Result<SmallVec<[Tensor<'a>; 8]>, ModelError> {
    for ((_, value), wide) in outputs.iter().zip(&mut *widened) {
        /// Widens values of one type.
        macro_rules! widen {
            ($type:ty) => {
                if let Ok((_, data)) = value.try_extract_tensor::<$type>() {
                    wide.clear();
                    wide.extend(data.iter().map(|value| *value as f32));
                }
            };
        }
        // The type first: a failed extraction formats an error.
        match value.dtype().tensor_type() {
            Some(TensorElementType::Float16) => {
                if let Ok((_, data)) = value.try_extract_tensor::<f16>() {
                    wide.resize(data.len(), 0.0);
                    data.convert_to_f32_slice(wide);
                }
            }
            _ if !all => {}
            Some(TensorElementType::Int8) => widen!(i8),
            Some(TensorElementType::Int16) => widen!(i16),
            Some(TensorElementType::Uint16) => widen!(u16),
            Some(TensorElementType::Uint32) => widen!(u32),
            Some(TensorElementType::Uint64) => widen!(u64),
            Some(TensorElementType::Float64) => widen!(f64),
            Some(TensorElementType::Bool) => {
                if let Ok((_, data)) = value.try_extract_tensor::<bool>() {
                    wide.clear();
                    wide.extend(data.iter().map(|value| f32::from(*value)));
                }
            }
            _ => {}
        }
    }
    let mut tensors = SmallVec::new();
    for (&(name, value), wide) in outputs.iter().zip(&*widened) {
        let ValueType::Tensor { ty, shape, .. } = value.dtype() else { continue };
        let data = match ty {
            TensorElementType::Float32 => value.try_extract_tensor().map(|(_, d)| Data::F32(d)),
            TensorElementType::Float16 => Ok(Data::F32(wide)),
            TensorElementType::Int8
            | TensorElementType::Int16
            | TensorElementType::Uint16
            | TensorElementType::Uint32
            | TensorElementType::Uint64
            | TensorElementType::Float64
            | TensorElementType::Bool
                if all =>
            {
                Ok(Data::F32(wide))
            }
            TensorElementType::Int64 => value.try_extract_tensor().map(|(_, d)| Data::I64(d)),
            TensorElementType::Int32 => value.try_extract_tensor().map(|(_, d)| Data::I32(d)),
            TensorElementType::Uint8 => value.try_extract_tensor().map(|(_, d)| Data::U8(d)),
            _ => continue,
        };
        tensors.push(Tensor { name, shape, data: data.map_err(failed)? });
    }
    Ok(tensors)
}

/// An input other than the image that can't be written.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn extra_failed(error: ExtraInputError) -> ModelError {
    ModelError::RunFailed { reason: error.to_string() }
}

/// Why a run failed.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn failed(error: ort::Error) -> ModelError {
    let reason = plain(error.message());
    if reason.contains("terminate flag") { ModelError::Stopped } else { ModelError::RunFailed { reason } }
}

/// Options for runs. What goes wrong comes back as an error, so the runtime need not print it too.
fn run_options() -> ort::Result<RunOptions<NoSelectedOutputs>> {
    let mut options = RunOptions::new()?;
    options.set_log_level(LogLevel::Fatal)?;
    Ok(options)
}

fn commit(
    runtime: &runtime::Runtime,
    path: &Path,
    bytes: &Bytes,
    threads: usize,
    provider: Provider,
    options: &OpenOptions,
) -> Result<ort::session::Session, ort::Error> {
    // The builder's own errors carry the builder along; `?` leaves it behind.
    let build =
        |from: &Path, optimise: bool, draft: Option<&Path>| -> Result<ort::session::Session, ort::Error> {
            let mut builder = ort::session::Session::builder(&runtime.environment)?
                .with_intra_threads(threads)?
                .with_inter_threads(1)?
                // Spinning threads burn a core between frames (an idle camera preview at 96–118 % instead of 28–41 %).
                .with_intra_op_spinning(false)?
                .with_inter_op_spinning(false)?;
            if let Some(cancel) = &options.cancel {
                cancel.add_load(builder.canceler());
                if cancel.is_cancelled() {
                    return Err(ort::Error::new("cancelled"));
                }
            }
            if let Some(profile) = &options.profile {
                builder = builder.with_profiling(profile)?;
            }
            if let Some(dispatch) = provider.dispatch(threads) {
                builder = builder.with_execution_providers([dispatch])?;
            }
            if let (Bytes::Memory(_), Some(folder)) = (bytes, path.parent()) {
                // The runtime doesn't know where the file lies, whose weights may be in others beside it.
                let key = "session.model_external_initializers_file_folder_path";
                builder = builder.with_config_entry(key, folder.to_string_lossy())?;
            }
            if !optimise {
                builder = builder.with_optimization_level(GraphOptimizationLevel::Disable)?;
            }
            if let Some(draft) = draft {
                builder = builder.with_optimized_model_path(draft)?;
            }
            match bytes {
                Bytes::Memory(bytes) => builder.commit_from_memory(bytes),
                Bytes::File | Bytes::Optimised(..) => builder.commit_from_file(from),
            }
        };
    let as_written = options.inside.as_ref().is_some_and(|inside| inside.as_written);
    let directly = || build(path, !as_written, None);
    let Bytes::Optimised(place, inputs) = bytes else { return directly() };
    if let Ok(file) = std::fs::metadata(place) {
        if file.len() == 0 {
            return directly();
        }
        match build(place, false, None) {
            Ok(session) => {
                optimised::touch(place);
                return Ok(session);
            }
            Err(error) => {
                tracing::debug!("{} can't be used: {error}", place.display());
                let _ = std::fs::remove_file(place);
            }
        }
    }
    // If the disk is full or the folder can't be written, the model opens all the same.
    match optimised::draft(place).and_then(|draft| Some((build(path, true, Some(&draft)).ok()?, draft))) {
        Some((session, draft)) => {
            optimised::keep(draft, place, inputs);
            Ok(session)
        }
        None => directly(),
    }
}
