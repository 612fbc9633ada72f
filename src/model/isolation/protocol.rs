//! What the two processes say to each other: messages in JSON through pipes, each with its length; tensors are in shared
//! memory.

use std::ffi::OsString;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::spec::{Element, ExtraInput};

/// Longer messages are refused before anything is allocated for them.
const LONGEST: u32 = 64 << 20;
/// ONNX files are no larger.
const LONGEST_EXTRA: u32 = 1 << 31;

/// What the helper is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Comes first.
    Open(Box<Open>),
    Adapt(OsString),
    SetExtraInputs(Vec<ExtraInput>),
    FitExtraInputs((u32, u32)),
    ResetState,
    /// Shared memory for the image's tensor.
    Input(Segment),
    /// Shared memory for the outputs: the answer to [`Reply::Room`].
    Room(Segment),
    /// Runs the network on the image in the shared memory. `shape`: that of the image, if it has changed.
    Run {
        shape: Option<Vec<i64>>,
    },
    EndProfile,
}

/// A model to open.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Open {
    pub path: OsString,
    pub bytes: OpenBytes,
    /// Name and type of the image input.
    pub image: String,
    pub element: Element,
    pub device: Option<String>,
    pub threads: Option<usize>,
    pub profile: Option<OsString>,
    /// The inside of the network is shown: outputs of every type come.
    pub shows_all: bool,
    /// The runtime is to run the graph as it was written.
    pub as_written: bool,
    /// The most memory, in bytes.
    pub memory: Option<u64>,
}

/// See [`Bytes`](super::super::session::Bytes).
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum OpenBytes {
    File,
    /// They follow the message.
    Memory,
    Optimised(OsString, Vec<String>),
}

/// Shared memory by its name, with its size in bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub name: OsString,
    pub bytes: usize,
}

/// What the helper answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Done,
    Opened {
        provider: String,
        fallback: Option<String>,
        threads: usize,
        without_batch: bool,
    },
    /// The outputs need so many bytes of shared memory.
    Room {
        bytes: usize,
    },
    /// The outputs are in the shared memory. `outputs`: where, if that has changed.
    Ran {
        outputs: Option<Vec<Output>>,
    },
    Profile(OsString),
    Failed(Fault),
}

/// An output in the shared memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Output {
    pub name: String,
    pub shape: Vec<i64>,
    pub kind: OutputKind,
    /// In bytes.
    pub offset: usize,
    /// How many values.
    pub count: usize,
}

/// Type of an output; 16-bit floats are widened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OutputKind {
    F32,
    I64,
    I32,
    U8,
}

impl OutputKind {
    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::I64 => 8,
            Self::U8 => 1,
        }
    }
}

/// Why something failed; each text is the reason inside the error that it becomes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Fault {
    NoRuntime(Option<String>),
    Refused(String),
    Provider {
        provider: String,
        reason: String,
    },
    BadAdapter(String),
    ExtraInput(String),
    Run(String),
    /// The limit on memory was reached.
    Memory,
}

/// Writes messages; keeps its buffer.
pub(super) struct Writer<W> {
    to: W,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub fn new(to: W) -> Self {
        Self { to, buffer: Vec::new() }
    }

    /// Writes a message with bytes that belong to it.
    pub fn write(&mut self, message: &impl Serialize, extra: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.extend([0; 8]);
        serde_json::to_writer(&mut self.buffer, message)?;
        let length = |bytes: usize| u32::try_from(bytes).map_err(io::Error::other);
        let (own, more) = (length(self.buffer.len() - 8)?, length(extra.len())?);
        self.buffer[..4].copy_from_slice(&own.to_le_bytes());
        self.buffer[4..8].copy_from_slice(&more.to_le_bytes());
        // One call, so that a short message is one piece.
        self.to.write_all(&self.buffer)?;
        self.to.write_all(extra)?;
        self.to.flush()
    }
}

/// Reads messages; keeps its buffer.
pub(super) struct Reader<R> {
    from: R,
    buffer: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub fn new(from: R) -> Self {
        Self { from, buffer: Vec::new() }
    }

    /// Reads a message with the bytes that belong to it.
    pub fn read<T: DeserializeOwned>(&mut self) -> io::Result<(T, Vec<u8>)> {
        let mut lengths = [[0; 4]; 2];
        self.from.read_exact(lengths.as_flattened_mut())?;
        let [own, more] = lengths.map(u32::from_le_bytes);
        if own > LONGEST || more > LONGEST_EXTRA {
            return Err(io::Error::other("the message is too long"));
        }
        self.fill(own)?;
        let message = serde_json::from_slice(&self.buffer)?;
        let mut extra = Vec::new();
        if more > 0 {
            self.fill(more)?;
            extra = std::mem::take(&mut self.buffer);
        }
        Ok((message, extra))
    }

    /// Reads so many bytes into the buffer. It grows with what comes, not with what is announced.
    fn fill(&mut self, bytes: u32) -> io::Result<()> {
        self.buffer.clear();
        let read = (&mut self.from).take(u64::from(bytes)).read_to_end(&mut self.buffer)?;
        if read == bytes as usize { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_and_lies_about_their_length_cost_nothing() {
        let mut wire = Vec::new();
        let mut writer = Writer::new(&mut wire);
        writer.write(&Request::Run { shape: Some(vec![1, 3, 4, 4]) }, &[]).unwrap();
        writer.write(&Reply::Room { bytes: 7 }, b"more").unwrap();
        let mut reader = Reader::new(&wire[..]);
        let (run, extra) = reader.read::<Request>().unwrap();
        assert!(matches!(run, Request::Run { shape: Some(shape) } if shape == [1, 3, 4, 4]));
        assert!(extra.is_empty());
        let (room, extra) = reader.read::<Reply>().unwrap();
        assert!(matches!(room, Reply::Room { bytes: 7 }));
        assert_eq!(extra, b"more");
        assert!(reader.read::<Reply>().is_err(), "the end");
        for lie in [[255; 8], [0, 0, 0, 4, 0, 0, 0, 0]] {
            assert!(Reader::new(&lie[..]).read::<Reply>().is_err(), "{lie:?}");
        }
    }
}
