//! Protobuf's wire format, read field by field.

use std::io::{BufReader, Read, Seek};

use super::FileError;

/// A field's value; the content of a length-delimited one is still to be read.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Number(u64),
    Bytes(u64),
    Fixed,
}

/// Reads protobuf's wire format.
pub(super) struct Wire<R> {
    reader: BufReader<R>,
    /// Bytes read so far.
    pub at: u64,
    depth: u32,
}

/// Texts longer than this are no names; they are cut.
const LONGEST_TEXT: u64 = 1 << 20;
/// Subgraphs within subgraphs deeper than this are no honest model.
const DEEPEST: u32 = 64;

type Field<'a, R> = dyn FnMut(&mut Wire<R>, u32, Value) -> Result<(), FileError> + 'a;

impl<R: Read + Seek> Wire<R> {
    pub fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), at: 0, depth: 0 }
    }

    fn byte(&mut self) -> Result<u8, FileError> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).map_err(|_| FileError::CutShort)?;
        self.at += 1;
        Ok(byte[0])
    }

    pub fn varint(&mut self) -> Result<u64, FileError> {
        varint(|| self.byte())
    }

    pub fn float(&mut self) -> Result<f32, FileError> {
        Ok(f32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    fn skip_to(&mut self, target: u64) -> Result<(), FileError> {
        // A message inside that says it is longer than the one around it was read beyond its end.
        let by = target.checked_sub(self.at).and_then(|n| i64::try_from(n).ok()).ok_or(FileError::Lengths)?;
        // Unlike `seek`, this keeps what is buffered: most fields are a few bytes long.
        self.reader.seek_relative(by).map_err(FileError::Io)?;
        self.at = target;
        Ok(())
    }

    /// Calls `each` for every field of a message of `len` bytes; what it leaves unread is skipped.
    pub fn message(&mut self, len: u64, each: &mut Field<'_, R>) -> Result<(), FileError> {
        let end = self.at.checked_add(len).ok_or(FileError::Lengths)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(FileError::Nested);
        }
        while self.at < end {
            let key = self.varint()?;
            let field = u32::try_from(key >> 3).map_err(|_| FileError::NotOnnx)?;
            let (value, next) = match key & 7 {
                0 => (Value::Number(self.varint()?), self.at),
                1 => (Value::Fixed, self.at + 8),
                2 => {
                    let n = self.varint()?;
                    (Value::Bytes(n), self.at.checked_add(n).ok_or(FileError::Lengths)?)
                }
                5 => (Value::Fixed, self.at + 4),
                _ => return Err(FileError::NotOnnx),
            };
            if field == 0 {
                return Err(FileError::NotOnnx);
            }
            if next > end {
                return Err(FileError::CutShort);
            }
            each(self, field, value)?;
            self.skip_to(next)?;
        }
        self.depth -= 1;
        Ok(())
    }

    pub fn text(&mut self, len: u64) -> Result<String, FileError> {
        let mut bytes = Vec::new();
        let take = len.min(LONGEST_TEXT);
        let got = (&mut self.reader).take(take).read_to_end(&mut bytes).map_err(FileError::Io)?;
        self.at += got as u64;
        if (got as u64) < take {
            return Err(FileError::CutShort);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Reads a number of protobuf's variable length: seven bits a byte, the lowest first.
pub(super) fn varint(mut byte: impl FnMut() -> Result<u8, FileError>) -> Result<u64, FileError> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = byte()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(FileError::NotOnnx)
}

/// Writes a number of protobuf's variable length.
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
