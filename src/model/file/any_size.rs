//! Removing the fixed sizes of a file whose network takes any size.
//!
//! Some fully convolutional networks were exported with the size of an example (CenterFace: 10×3×32×32), and the runtime
//! refuses inputs of other sizes than the file declares. Without the declared shapes it takes any.

use super::FileError;
use super::wire::{varint, write_varint};

/// An ONNX file's bytes without the shapes of its inputs, outputs and intermediate values.
///
/// # Errors
/// If the bytes aren't an ONNX file.
pub fn allow_any_size(model: &[u8]) -> Result<Vec<u8>, FileError> {
    with_shapes(model, &mut |_| Ok(Change::Drop))
}

/// As [`allow_any_size`], but the inputs and outputs keep the number of their axes, whose sizes are open: servers compare it with
/// what they are told.
///
/// # Errors
/// If the bytes aren't an ONNX file.
pub fn open_sizes(model: &[u8]) -> Result<Vec<u8>, FileError> {
    with_shapes(model, &mut |shape| {
        let open = |field, _: &[u8]| Ok(if field == 1 { Change::To(Vec::new()) } else { Change::Keep });
        Ok(Change::To(edit(shape, &mut { open })?))
    })
}

/// The file's bytes with its inputs' and outputs' shapes changed, and without those of intermediate values.
fn with_shapes(model: &[u8], change: &mut Shapes<'_>) -> Result<Vec<u8>, FileError> {
    edit(model, &mut |field, graph| match field {
        7 => Ok(Change::To(edit(graph, &mut |field, value| match field {
            11 | 12 => Ok(Change::To(with_shape(value, change)?)),
            13 => Ok(Change::Drop),
            _ => Ok(Change::Keep),
        })?)),
        _ => Ok(Change::Keep),
    })
}

/// `ValueInfoProto`: type (2) → tensor (1) → shape (2).
fn with_shape(value: &[u8], change: &mut Shapes<'_>) -> Result<Vec<u8>, FileError> {
    edit(value, &mut |field, kind| match field {
        2 => Ok(Change::To(edit(kind, &mut |field, tensor| match field {
            1 => Ok(Change::To(edit(tensor, &mut |field, shape| {
                if field == 2 { change(shape) } else { Ok(Change::Keep) }
            })?)),
            _ => Ok(Change::Keep),
        })?)),
        _ => Ok(Change::Keep),
    })
}

enum Change {
    Keep,
    Drop,
    To(Vec<u8>),
}

type Shapes<'a> = dyn FnMut(&[u8]) -> Result<Change, FileError> + 'a;

type Editor<'a> = dyn FnMut(u64, &[u8]) -> Result<Change, FileError> + 'a;

/// Copies a protobuf message, its length-delimited fields as `change` says.
fn edit(message: &[u8], change: &mut Editor<'_>) -> Result<Vec<u8>, FileError> {
    let broken = || FileError::NotOnnx;
    let read = |at: &mut usize| {
        varint(|| {
            *at += 1;
            message.get(*at - 1).copied().ok_or(FileError::NotOnnx)
        })
    };
    let mut out = Vec::with_capacity(message.len());
    let mut at = 0;
    while at < message.len() {
        let begin = at;
        let key = read(&mut at)?;
        let len = match key & 7 {
            0 => {
                read(&mut at)?;
                0
            }
            1 => 8,
            5 => 4,
            2 => {
                let len = read(&mut at)?;
                let len = usize::try_from(len).map_err(|_| broken())?;
                let end = at.checked_add(len).ok_or_else(broken)?;
                let content = message.get(at..end).ok_or_else(broken)?;
                match change(key >> 3, content)? {
                    Change::Keep => {}
                    Change::Drop => {
                        at = end;
                        continue;
                    }
                    Change::To(new) => {
                        write_varint(&mut out, key);
                        write_varint(&mut out, new.len() as u64);
                        out.extend_from_slice(&new);
                        at = end;
                        continue;
                    }
                }
                len
            }
            _ => return Err(broken()),
        };
        at = at.checked_add(len).ok_or_else(broken)?;
        out.extend_from_slice(message.get(begin..at).ok_or_else(broken)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::model::file::GraphInfo;

    /// input (11) and output (12) "x" of type float[10], weight (5) "w", opset 9.
    fn model() -> Vec<u8> {
        let value =
            |field: u8| vec![field << 3 | 2, 13, 0x0a, 1, b'x', 0x12, 8, 0x0a, 6, 8, 1, 0x12, 2, 0x0a, 0];
        let graph = [value(11), vec![0x2a, 3, 0x42, 1, b'w'], value(12)].concat();
        [vec![8, 4, 0x3a, graph.len() as u8], graph, vec![0x42, 2, 0x10, 9]].concat()
    }

    #[test]
    fn shapes_go_and_everything_else_stays() {
        let read = |bytes: &[u8]| GraphInfo::parse(Cursor::new(bytes), bytes.len() as u64).expect("a model");
        let before = read(&model());
        let after = read(&allow_any_size(&model()).expect("edited"));
        assert_eq!((before.inputs[0].shape.len(), after.inputs[0].shape.len()), (1, 0));
        assert_eq!(after.inputs[0].element, "float");
        assert_eq!(after.outputs[0].name, "x");
        assert_eq!((after.opsets, after.weights), (before.opsets, before.weights));
        let open = read(&open_sizes(&model()).expect("edited"));
        assert_eq!((&open.inputs[0].shape, &open.outputs[0].shape), (&vec![None], &vec![None]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_edited_or_refused(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = (allow_any_size(&bytes), open_sizes(&bytes));
        }
    }
}
