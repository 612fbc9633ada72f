//! The program's side of a session in a helper.

use std::io;
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::Duration;

use half::f16;
use smallvec::SmallVec;

use super::super::extra_inputs::ExtraInputError;
use super::super::image_tensor;
use super::super::input::TensorMut;
use super::super::runtime::Provider;
use super::super::session::Bytes;
use super::super::spec::{Element, ExtraInput};
use super::super::tensor::{Data, Tensor};
use super::super::{ModelError, OpenOptions};
use super::ending::{Ending, crash_of};
use super::process::Helper;
use super::protocol::{Fault, Open, OpenBytes, Output, OutputKind, Reader, Reply, Request, Segment, Writer};
use super::shared_memory::{ALIGNMENT, SharedMemory};
use super::{Attempt, Isolation};

/// Outputs of more bytes are refused.
const MOST_OUTPUT: usize = 2 << 30;
/// Shared memory is made in steps of this, so that it needn't grow with every frame.
const STEP: usize = 1 << 16;

/// A session in a helper.
#[derive(Debug)]
pub(in crate::model) struct RemoteSession {
    line: Line,
    image: Option<SharedMemory>,
    element: Element,
    shape: Vec<i64>,
    /// The helper knows the shape.
    is_shape_told: bool,
    without_batch: bool,
    /// The image size that the other inputs were written for.
    fitted: Option<(u32, u32)>,
    outputs: Vec<Output>,
    room: Option<SharedMemory>,
    pub provider: Provider,
    pub fallback: Option<String>,
    pub threads: usize,
}

impl RemoteSession {
    /// Starts a helper and lets it open a model; see
    /// [`LocalSession::open`](super::super::local_session::LocalSession::open).
    pub fn open(
        bytes: &Bytes,
        (image, element): (&str, Element),
        device: Option<Provider>,
        options: &OpenOptions,
        (isolation, attempt): (&Isolation, &Arc<Attempt>),
    ) -> Result<Self, ModelError> {
        if options.cancel.as_ref().is_some_and(super::super::CancelToken::is_cancelled) {
            return Err(ModelError::Stopped);
        }
        let (helper, to, from) = Helper::start(isolation.program.as_deref())
            .map_err(|error| ModelError::NoHelper { reason: error.to_string() })?;
        if let Some(cancel) = &options.cancel {
            cancel.add_helper(&helper);
        }
        let mut line = Line {
            helper,
            to: Writer::new(to),
            from: Reader::new(from),
            attempt: Arc::clone(attempt),
            run: isolation.limits.run,
            // What a graphics processor's driver takes says nothing; and only Linux limits a program's memory reliably.
            is_limited: cfg!(target_os = "linux") && device.is_none_or(|device| device == Provider::Cpu),
            ended: None,
        };
        let (bytes, extra) = match bytes {
            Bytes::File => (OpenBytes::File, &[][..]),
            Bytes::Memory(bytes) => (OpenBytes::Memory, &bytes[..]),
            Bytes::Optimised(place, inputs) => {
                (OpenBytes::Optimised(place.clone().into_os_string(), inputs.clone()), &[][..])
            }
        };
        let path = std::path::absolute(attempt.path()).unwrap_or_else(|_| attempt.path().to_owned());
        let open = Request::Open(Box::new(Open {
            path: path.into_os_string(),
            bytes,
            image: image.to_owned(),
            element,
            device: device.map(|device| device.name().to_owned()),
            threads: options.threads,
            profile: options.profile.clone().map(PathBuf::into_os_string),
            shows_all: options.inside.is_some(),
            as_written: options.inside.as_ref().is_some_and(|inside| inside.as_written),
            memory: line.is_limited.then(|| attempt.memory()),
        }));
        let opened = line.ask(&open, extra, isolation.limits.open)?;
        let Reply::Opened { provider, fallback, threads, without_batch } = opened else {
            return Err(line.garbled());
        };
        Ok(Self {
            line,
            image: None,
            element,
            shape: Vec::new(),
            is_shape_told: false,
            without_batch,
            fitted: None,
            outputs: Vec::new(),
            room: None,
            provider: Provider::from_name(&provider).unwrap_or(Provider::Cpu),
            fallback,
            threads,
        })
    }

    /// The process, for ending it.
    pub fn helper(&self) -> Arc<Helper> {
        Arc::clone(&self.line.helper)
    }

    pub fn adapt(&mut self, path: &std::path::Path) -> Result<(), ModelError> {
        let bad = |reason: String| ModelError::BadAdapter { path: path.to_owned(), reason };
        let whole = std::path::absolute(path).map_err(|error| bad(error.to_string()))?;
        match self.line.order(&Request::Adapt(whole.into_os_string())) {
            Err(ModelError::BadAdapter { reason, .. }) => Err(bad(reason)),
            other => other,
        }
    }

    pub fn end_profile(&mut self) -> Result<PathBuf, ModelError> {
        match self.line.ask(&Request::EndProfile, &[], self.line.run)? {
            Reply::Profile(path) => Ok(path.into()),
            _ => Err(self.line.garbled()),
        }
    }

    pub fn set_extra_inputs(&mut self, specs: &[ExtraInput]) -> Result<(), ExtraInputError> {
        self.fitted = None;
        match self.line.order(&Request::SetExtraInputs(specs.to_vec())) {
            // The fault of an extra input comes as a failed run.
            Err(ModelError::RunFailed { reason }) => Err(ExtraInputError::Told(reason)),
            Err(error) => Err(ExtraInputError::Session(Box::new(error))),
            Ok(()) => Ok(()),
        }
    }

    pub fn fit_extra_inputs(&mut self, size: (u32, u32)) -> Result<(), ModelError> {
        if self.fitted != Some(size) {
            self.line.order(&Request::FitExtraInputs(size))?;
            self.fitted = Some(size);
        }
        Ok(())
    }

    pub fn reset_state(&mut self) -> Result<(), ModelError> {
        self.line.order(&Request::ResetState)
    }

    /// The image's tensor, in the shared memory.
    pub fn image(&mut self, shape: &[i64]) -> Result<TensorMut<'_>, ModelError> {
        let shape = image_tensor::without_batch(shape, self.without_batch);
        let count = image_tensor::count(shape)?;
        if self.shape != shape || self.image.is_none() {
            let bytes = count * size_of_element(self.element);
            match self.image.as_mut().filter(|image| image.len() >= bytes) {
                Some(image) => image.values_mut::<u8>(0, bytes).unwrap_or_default().fill(0),
                None => self.image = Some(self.line.share(bytes, Request::Input)?),
            }
            shape.clone_into(&mut self.shape);
            self.is_shape_told = false;
        }
        let element = self.element;
        let memory = self.image.as_mut();
        let tensor = memory.and_then(|memory| {
            Some(match element {
                Element::F32 => TensorMut::F32(memory.values_mut::<f32>(0, count)?),
                Element::F16 => TensorMut::F16(memory.values_mut::<f16>(0, count)?),
                Element::U8 => TensorMut::U8(memory.values_mut::<u8>(0, count)?),
                Element::I32 => TensorMut::I32(memory.values_mut::<i32>(0, count)?),
            })
        });
        tensor.ok_or_else(|| ModelError::RunFailed { reason: "there is no memory for its input".into() })
    }

    pub fn is_without_batch(&self) -> bool {
        self.without_batch
    }

    pub fn image_bytes(&self) -> usize {
        image_tensor::count(&self.shape).map_or(0, |count| count * size_of_element(self.element))
    }

    /// Lets the helper run the network on the image and hands the outputs to `read`.
    pub fn run<T>(&mut self, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        let shape = if self.is_shape_told { None } else { Some(self.shape.clone()) };
        let mut reply = self.line.ask(&Request::Run { shape }, &[], self.line.run)?;
        self.is_shape_told = true;
        if let Reply::Room { bytes } = reply {
            let room = match shared(bytes) {
                Ok(room) => room,
                Err(error) => {
                    // The helper waits for the room: nothing else can be asked.
                    self.line.helper.stop();
                    self.line.end(Ended::Lost("there was no memory for its outputs"));
                    return Err(error);
                }
            };
            let request = Request::Room(segment(&room));
            self.room = Some(room);
            reply = self.line.ask(&request, &[], self.line.run)?;
            self.room.iter_mut().for_each(SharedMemory::opened);
        }
        let Reply::Ran { outputs } = reply else { return Err(self.line.garbled()) };
        if let Some(outputs) = outputs {
            self.outputs = outputs;
        }
        let tensors: Option<SmallVec<[Tensor<'_>; 8]>> =
            self.outputs.iter().map(|output| tensor(self.room.as_ref()?, output)).collect();
        match tensors {
            Some(tensors) => Ok(read(&tensors)),
            None => Err(self.line.garbled()),
        }
    }
}

/// An output as it lies in the shared memory; `None` if it doesn't.
fn tensor<'a>(room: &'a SharedMemory, output: &'a Output) -> Option<Tensor<'a>> {
    let Output { name, shape, kind, offset, count } = output;
    if !offset.is_multiple_of(ALIGNMENT) || count.checked_mul(kind.size())? > room.len() {
        return None;
    }
    let (offset, count) = (*offset, *count);
    let data = match kind {
        OutputKind::F32 => Data::F32(room.values(offset, count)?),
        OutputKind::I64 => Data::I64(room.values(offset, count)?),
        OutputKind::I32 => Data::I32(room.values(offset, count)?),
        OutputKind::U8 => Data::U8(room.values(offset, count)?),
    };
    Some(Tensor { name, shape, data })
}

fn size_of_element(element: Element) -> usize {
    match element {
        Element::F32 | Element::I32 => 4,
        Element::F16 => 2,
        Element::U8 => 1,
    }
}

/// Makes shared memory of at least so many bytes.
fn shared(bytes: usize) -> Result<SharedMemory, ModelError> {
    let failed = |reason: String| ModelError::RunFailed { reason };
    if bytes > MOST_OUTPUT {
        return Err(failed("its outputs are larger than any result".into()));
    }
    SharedMemory::new(bytes.max(1).next_multiple_of(STEP))
        .map_err(|error| failed(format!("there is no memory for it: {error}")))
}

fn segment(memory: &SharedMemory) -> Segment {
    let name = memory.name().map(|name| name.as_os_str().to_owned()).unwrap_or_default();
    Segment { name, bytes: memory.len() }
}

/// The line to a helper. Once that has ended, every question ends with the error that says why.
struct Line {
    helper: Arc<Helper>,
    to: Writer<ChildStdin>,
    from: Reader<ChildStdout>,
    attempt: Arc<Attempt>,
    /// The longest time for a run.
    run: Duration,
    /// Its memory is limited.
    is_limited: bool,
    /// How it ended.
    ended: Option<Ended>,
}

#[derive(Debug)]
enum Ended {
    Stopped,
    ByItself(Ending),
    /// Somebody ended it, or it says what can't be understood.
    Lost(&'static str),
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Line {
    /// Asks for something that is merely done.
    fn order(&mut self, request: &Request) -> Result<(), ModelError> {
        match self.ask(request, &[], self.run)? {
            Reply::Done => Ok(()),
            _ => Err(self.garbled()),
        }
    }

    /// Makes shared memory that the helper opens too.
    fn share(
        &mut self,
        bytes: usize,
        request: impl FnOnce(Segment) -> Request,
    ) -> Result<SharedMemory, ModelError> {
        let mut memory = shared(bytes)?;
        self.order(&request(segment(&memory)))?;
        memory.opened();
        Ok(memory)
    }

    fn ask(&mut self, request: &Request, extra: &[u8], limit: Duration) -> Result<Reply, ModelError> {
        if let Some(ended) = &self.ended {
            return Err(self.error(ended, false));
        }
        self.helper.expect_within(Some(limit));
        let reply = self.to.write(request, extra).and_then(|()| self.from.read::<Reply>());
        self.helper.expect_within(None);
        match reply {
            Ok((Reply::Failed(fault), _)) => Err(self.failed(fault)),
            Ok((reply, _)) => Ok(reply),
            Err(error) => Err(self.lost(&error, limit)),
        }
    }

    /// What a fault is in this process.
    fn failed(&mut self, fault: Fault) -> ModelError {
        let path = self.attempt.path().to_owned();
        match fault {
            Fault::NoRuntime(reason) => ModelError::NoRuntime { reason, searched: Vec::new() },
            Fault::Refused(reason) => ModelError::Refused { path, reason },
            Fault::Provider { provider, reason } => ModelError::Provider { provider, reason },
            Fault::BadAdapter(reason) => ModelError::BadAdapter { path, reason },
            Fault::ExtraInput(reason) | Fault::Run(reason) => ModelError::RunFailed { reason },
            Fault::Memory if !self.is_limited => {
                ModelError::RunFailed { reason: "there is not enough memory for it".into() }
            }
            Fault::Memory => {
                self.helper.stop();
                self.end(Ended::ByItself(Ending::TooLarge(self.attempt.memory())))
            }
        }
    }

    /// The line has broken: finds out why.
    fn lost(&mut self, error: &io::Error, limit: Duration) -> ModelError {
        let is_protocol = !matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
        );
        if is_protocol && !self.helper.is_stopped() && !self.helper.was_too_slow() {
            return self.garbled();
        }
        let status = self.helper.end();
        if self.helper.is_stopped() {
            return self.end(Ended::Stopped);
        }
        if self.helper.was_too_slow() {
            return self.end(Ended::ByItself(Ending::too_slow(limit)));
        }
        match status.and_then(crash_of) {
            Some(crash) => self.end(Ended::ByItself(Ending::Crashed(crash))),
            None => self.end(Ended::Lost("its process was ended from outside")),
        }
    }

    /// It says what can't be understood: it is ended.
    fn garbled(&mut self) -> ModelError {
        self.helper.stop();
        self.end(Ended::Lost("its process gave answers that can't be understood"))
    }

    fn end(&mut self, ended: Ended) -> ModelError {
        let error = self.error(&ended, true);
        self.ended = Some(ended);
        error
    }

    /// The error that says how it ended. `is_new`: it is noted.
    fn error(&self, ended: &Ended, is_new: bool) -> ModelError {
        match *ended {
            Ended::Stopped => ModelError::Stopped,
            Ended::ByItself(ending) if is_new => self.attempt.ended(ending),
            Ended::ByItself(ending) => ModelError::Ended { path: self.attempt.path().to_owned(), ending },
            Ended::Lost(reason) => ModelError::RunFailed { reason: reason.into() },
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.helper.close();
    }
}
