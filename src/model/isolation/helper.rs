//! The helper's side: a process that opens one model, runs it on what it is sent, and ends with its program.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytemuck::Pod;
use crossbeam_channel::{Receiver, bounded};
use ort::value::TensorRef;

use super::super::image_tensor::Lent;
use super::super::local_session::LocalSession;
use super::super::runtime::{self, Provider, plain};
use super::super::session::Bytes;
use super::super::spec::Element;
use super::super::tensor::{Data, Tensor};
use super::super::{Inside, ModelError, OpenOptions};
use super::limits;
use super::protocol::{Fault, Open, OpenBytes, Output, OutputKind, Reader, Reply, Request, Segment, Writer};
use super::shared_memory::{ALIGNMENT, SharedMemory};

/// A request with the bytes that belong to it.
type Asked = (Request, Vec<u8>);

/// How long the runtime may take to end while nothing runs.
const ENDING: Duration = Duration::from_millis(500);

/// The runtime is at work.
static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// Serves the program that started this process, through standard input and output, until it ends.
#[must_use]
pub fn serve() -> ExitCode {
    limits::be_harmless();
    let Ok(replies) = replies() else { return ExitCode::FAILURE };
    let (sender, requests) = bounded(1);
    let listening = std::thread::Builder::new().name("requests".into()).spawn(move || {
        let mut reader = Reader::new(io::stdin().lock());
        while let Ok(asked) = reader.read::<Request>() {
            if sender.send(asked).is_err() {
                return;
            }
        }
        // The program is gone. Whatever is running is not waited for: it may never end, and neither may the runtime's own
        // end while it does.
        if !IS_BUSY.load(SeqCst) {
            std::thread::spawn(|| std::process::exit(0));
            std::thread::sleep(ENDING);
        }
        std::process::abort();
    });
    if listening.is_err() {
        return ExitCode::FAILURE;
    }
    let mut helper = Helper {
        requests,
        replies: Writer::new(replies),
        input: None,
        shape: Vec::new(),
        room: None,
        told: Vec::new(),
    };
    match helper
        .open()
        .and_then(|opened| opened.map_or(Ok(()), |(session, element)| helper.run(session, element)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::debug!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Where replies go: standard output as it was. What libraries print goes to standard error from now on.
#[cfg(unix)]
fn replies() -> io::Result<std::fs::File> {
    let own = rustix::io::dup(io::stdout())?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(own.into())
}

#[cfg(not(unix))]
fn replies() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

struct Helper<W> {
    requests: Receiver<Asked>,
    replies: Writer<W>,
    /// The image.
    input: Option<SharedMemory>,
    shape: Vec<i64>,
    /// The outputs.
    room: Option<SharedMemory>,
    /// What the program knows of the outputs.
    told: Vec<Output>,
}

impl<W: io::Write> Helper<W> {
    fn next(&self) -> io::Result<Asked> {
        IS_BUSY.store(false, SeqCst);
        let asked = self.requests.recv().map_err(io::Error::other)?;
        IS_BUSY.store(true, SeqCst);
        Ok(asked)
    }

    fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        self.replies.write(reply, &[])
    }

    /// Opens the model; `None` if that failed, which the program is told.
    fn open(&mut self) -> io::Result<Option<(LocalSession, Element)>> {
        let (Request::Open(open), extra) = self.next()? else {
            return Err(io::Error::other("the first request opens no model"));
        };
        if let Some(memory) = open.memory {
            limits::limit_memory(memory);
        }
        let element = open.element;
        match opened(*open, extra) {
            Ok(session) => {
                self.reply(&Reply::Opened {
                    provider: session.provider.name().to_owned(),
                    fallback: session.fallback.clone(),
                    threads: session.threads,
                    without_batch: session.is_without_batch(),
                })?;
                Ok(Some((session, element)))
            }
            Err(error) => {
                self.reply(&Reply::Failed(fault(error)))?;
                Ok(None)
            }
        }
    }

    /// Does what it is asked for until the program is gone.
    fn run(&mut self, mut session: LocalSession, element: Element) -> io::Result<()> {
        loop {
            let (request, _) = self.next()?;
            let done = match request {
                Request::Open(_) => return Err(io::Error::other("a model is open already")),
                Request::Adapt(path) => session.adapt(path.as_ref()).map_err(fault),
                Request::SetExtraInputs(specs) => {
                    session.set_extra_inputs(&specs).map_err(|error| Fault::ExtraInput(error.to_string()))
                }
                Request::FitExtraInputs(size) => session.fit_extra_inputs(size).map_err(fault),
                Request::ResetState => session.reset_state().map_err(fault),
                Request::Input(Segment { name, bytes }) => {
                    self.input = Some(SharedMemory::open(name.as_ref(), bytes)?);
                    Ok(())
                }
                Request::Room(segment) => {
                    self.take_room(&segment)?;
                    Ok(())
                }
                Request::EndProfile => match session.end_profile() {
                    Ok(path) => {
                        self.reply(&Reply::Profile(path.into_os_string()))?;
                        continue;
                    }
                    Err(error) => Err(fault(error)),
                },
                Request::Run { shape } => {
                    if let Some(shape) = shape {
                        self.shape = shape;
                    }
                    match self.run_once(&mut session, element)? {
                        Ok(()) => continue,
                        Err(error) => Err(fault(error)),
                    }
                }
            };
            self.reply(&done.map_or_else(Reply::Failed, |()| Reply::Done))?;
        }
    }

    fn take_room(&mut self, segment: &Segment) -> io::Result<()> {
        self.room = Some(SharedMemory::open(segment.name.as_ref(), segment.bytes)?);
        Ok(())
    }

    /// Runs the network on the shared image; the outer error ends the process.
    fn run_once(
        &mut self,
        session: &mut LocalSession,
        element: Element,
    ) -> io::Result<Result<(), ModelError>> {
        let input = self.input.take().ok_or_else(|| io::Error::other("there is no image"))?;
        let shape = std::mem::take(&mut self.shape);
        let count: i64 = shape.iter().product();
        let count = usize::try_from(count).map_err(io::Error::other)?;
        let mut sent = Ok(());
        // The macro stands for a function: the tensor has another type in every arm.
        macro_rules! run {
            ($kind:ident, $value:ty) => {{
                let values = whole::<$value>(&input, count)?;
                match TensorRef::from_array_view((&shape[..], values)) {
                    Ok(tensor) => session.run_on(Lent::$kind(&tensor), |outputs| sent = self.answer(outputs)),
                    Err(error) => Err(ModelError::RunFailed { reason: plain(error.message()) }),
                }
            }};
        }
        let ran = match element {
            Element::F32 => run!(F32, f32),
            Element::F16 => run!(F16, half::f16),
            Element::U8 => run!(U8, u8),
            Element::I32 => run!(I32, i32),
        };
        (self.input, self.shape) = (Some(input), shape);
        sent?;
        Ok(ran)
    }

    /// Copies the outputs into the shared memory and tells the program.
    fn answer(&mut self, outputs: &[Tensor<'_>]) -> io::Result<()> {
        // They are described anew only if something about them has changed.
        let is_told = self.told.len() == outputs.len()
            && self.told.iter().zip(outputs).all(|(told, output)| {
                told.name == output.name && told.shape == output.shape && told.kind == kind_of(output)
            });
        if !is_told {
            self.told.clear();
            let mut offset = 0;
            for output in outputs {
                let (name, shape) = (output.name.to_owned(), output.shape.to_vec());
                self.told.push(Output {
                    name,
                    shape,
                    kind: kind_of(output),
                    offset,
                    count: output.data.len(),
                });
                offset += output.data.bytes().next_multiple_of(ALIGNMENT);
            }
        }
        let end = self.told.iter().map(|told| told.offset + told.count * told.kind.size()).max();
        let bytes = end.unwrap_or_default().max(ALIGNMENT);
        if self.room.as_ref().is_none_or(|room| room.len() < bytes) {
            self.reply(&Reply::Room { bytes })?;
            let (Request::Room(segment), _) = self.next()? else {
                return Err(io::Error::other("there is no room for the outputs"));
            };
            self.take_room(&segment)?;
        }
        let room = self.room.as_mut().ok_or_else(|| io::Error::other("there is no room"))?;
        for (output, place) in outputs.iter().zip(&self.told) {
            match output.data {
                Data::F32(values) => copy(room, place.offset, values),
                Data::I64(values) => copy(room, place.offset, values),
                Data::I32(values) => copy(room, place.offset, values),
                Data::U8(values) => copy(room, place.offset, values),
            }?;
        }
        let outputs = if is_told { None } else { Some(self.told.clone()) };
        self.reply(&Reply::Ran { outputs })
    }
}

fn kind_of(output: &Tensor<'_>) -> OutputKind {
    match output.data {
        Data::F32(_) => OutputKind::F32,
        Data::I64(_) => OutputKind::I64,
        Data::I32(_) => OutputKind::I32,
        Data::U8(_) => OutputKind::U8,
    }
}

fn whole<T: Pod>(memory: &SharedMemory, count: usize) -> io::Result<&[T]> {
    memory.values(0, count).ok_or_else(|| io::Error::other("the image is larger than its memory"))
}

fn copy<T: Pod>(room: &mut SharedMemory, offset: usize, values: &[T]) -> io::Result<()> {
    let place = room.values_mut(offset, values.len());
    place
        .ok_or_else(|| io::Error::other("the outputs are larger than their memory"))?
        .copy_from_slice(values);
    Ok(())
}

/// Opens the model's session.
fn opened(open: Open, extra: Vec<u8>) -> Result<LocalSession, ModelError> {
    let bytes = match open.bytes {
        OpenBytes::File => Bytes::File,
        OpenBytes::Memory => Bytes::Memory(extra),
        OpenBytes::Optimised(place, inputs) => Bytes::Optimised(place.into(), inputs),
    };
    let options = OpenOptions {
        threads: open.threads,
        profile: open.profile.map(Into::into),
        inside: open.shows_all.then(|| Inside { as_written: open.as_written, ..Inside::default() }),
        ..OpenOptions::default()
    };
    let device = open.device.as_deref().and_then(Provider::from_name);
    runtime::load()?;
    LocalSession::open(open.path.as_ref(), &bytes, (&open.image, open.element), device, &options)
}

/// What the program is told of an error.
fn fault(error: ModelError) -> Fault {
    match error {
        ModelError::NoRuntime { reason, .. } => Fault::NoRuntime(reason),
        ModelError::Refused { reason, .. } if is_for_memory(&reason) => Fault::Memory,
        ModelError::RunFailed { reason } if is_for_memory(&reason) => Fault::Memory,
        ModelError::Refused { reason, .. } => Fault::Refused(reason),
        ModelError::Provider { provider, reason } => Fault::Provider { provider, reason },
        ModelError::BadAdapter { reason, .. } => Fault::BadAdapter(reason),
        ModelError::RunFailed { reason } => Fault::Run(reason),
        other => Fault::Run(other.to_string().trim_end_matches('.').to_owned()),
    }
}

/// Whether the runtime's reason is that it got no memory.
fn is_for_memory(reason: &str) -> bool {
    ["bad_alloc", "bad allocation", "Failed to allocate memory"].iter().any(|words| reason.contains(words))
}
