//! A tensor of its own, and NumPy's format for one.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::model::input::TensorMut;
use crate::model::tensor::{Data, Tensor};

/// A tensor that was copied out of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    #[serde(skip)]
    pub values: Values,
}

/// Values, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Default for Values {
    fn default() -> Self {
        Self::F32(Vec::new())
    }
}

impl OwnedTensor {
    /// A copy of an output.
    #[must_use]
    pub fn of(tensor: &Tensor<'_>) -> Self {
        let shape = tensor.shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        let values = match tensor.data {
            Data::F32(values) => Values::F32(values.to_vec()),
            Data::I64(values) => Values::I64(values.to_vec()),
            Data::I32(values) => Values::I32(values.to_vec()),
            Data::U8(values) => Values::U8(values.to_vec()),
        };
        Self { name: tensor.name.to_owned(), shape, values }
    }

    /// A copy of the tensor that a network was given; 16-bit floats are widened.
    #[must_use]
    pub fn of_input(name: &str, tensor: &TensorMut<'_>, shape: &[i64]) -> Self {
        let values = match tensor {
            TensorMut::F32(values) => Values::F32(values.to_vec()),
            TensorMut::F16(values) => Values::F32(values.iter().map(|value| value.to_f32()).collect()),
            TensorMut::U8(values) => Values::U8(values.to_vec()),
            TensorMut::I32(values) => Values::I32(values.to_vec()),
        };
        let shape = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        Self { name: name.to_owned(), shape, values }
    }

    /// Shows it as what it was copied from.
    pub fn show<T>(&self, show: impl FnOnce(&Tensor<'_>) -> T) -> T {
        let shape: Vec<i64> = self.shape.iter().map(|n| i64::try_from(*n).unwrap_or(0)).collect();
        let data = match &self.values {
            Values::F32(values) => Data::F32(values),
            Values::I64(values) => Data::I64(values),
            Values::I32(values) => Data::I32(values),
            Values::U8(values) => Data::U8(values),
        };
        show(&Tensor { name: &self.name, shape: &shape, data })
    }

    /// Its values as floats.
    #[must_use]
    pub fn floats(&self) -> std::borrow::Cow<'_, [f32]> {
        match &self.values {
            Values::F32(values) => values.into(),
            Values::I64(values) => values.iter().map(|value| *value as f32).collect(),
            Values::I32(values) => values.iter().map(|value| *value as f32).collect(),
            Values::U8(values) => values.iter().map(|value| f32::from(*value)).collect(),
        }
    }

    /// The shape as people write it: `1×64×80×80`.
    #[must_use]
    pub fn shape_text(&self) -> String {
        self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
    }

    /// Writes it in NumPy's format, version 1.0, which `numpy.load` reads
    /// (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_npy(&self, mut to: impl Write) -> io::Result<()> {
        let kind = match self.values {
            Values::F32(_) => "<f4",
            Values::I64(_) => "<i8",
            Values::I32(_) => "<i4",
            Values::U8(_) => "|u1",
        };
        let mut sides = String::new();
        for side in &self.shape {
            let _ = write!(sides, "{side}, ");
        }
        let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sides}), }}");
        // Magic, version and length take ten bytes; the values begin at a multiple of 64.
        let whole = (10 + header.len() + 1).next_multiple_of(64);
        header.extend(std::iter::repeat_n(' ', whole - 10 - header.len() - 1));
        header.push('\n');
        let length = u16::try_from(header.len()).map_err(io::Error::other)?;
        to.write_all(b"\x93NUMPY\x01\x00")?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(header.as_bytes())?;
        // The macro stands for a function: the values have another type in every arm.
        macro_rules! write {
            ($values:expr) => {
                for value in $values {
                    to.write_all(&value.to_le_bytes())?;
                }
            };
        }
        match &self.values {
            Values::F32(values) => write!(values),
            Values::I64(values) => write!(values),
            Values::I32(values) => write!(values),
            Values::U8(values) => to.write_all(values)?,
        }
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.save` writes for `numpy.array([[1.5, -2.0]], dtype=numpy.float32)`, but for the space before the brace.
    #[test]
    fn numpys_format_is_written() {
        let tensor =
            OwnedTensor { name: "x".into(), shape: vec![1, 2], values: Values::F32(vec![1.5, -2.0]) };
        let mut file = Vec::new();
        tensor.write_npy(&mut file).expect("written");
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = std::str::from_utf8(&file[10..128]).expect("text");
        assert!(
            header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, ), }"),
            "{header}"
        );
        assert!(header.ends_with(" \n"));
        assert_eq!(&file[128..], [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
    }
}
