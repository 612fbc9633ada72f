//! The inputs of a request.

use std::sync::Arc;

use bytes::Bytes;
use half::f16;

use super::metadata::DataType;

/// The values of an input. It is lent to the connection for a request and written again for the next one.
#[derive(Clone, Debug)]
pub enum Buffer {
    F32(Arc<Vec<f32>>),
    F16(Arc<Vec<f16>>),
    U8(Arc<Vec<u8>>),
    I32(Arc<Vec<i32>>),
    I64(Arc<Vec<i64>>),
}

impl Buffer {
    /// So many zeros of a type; `None` for a type that no input of a vision model has.
    #[must_use]
    pub fn zeros(data_type: DataType, count: usize) -> Option<Self> {
        Some(match data_type {
            DataType::Fp32 => Self::F32(Arc::new(vec![0.0; count])),
            DataType::Fp16 => Self::F16(Arc::new(vec![f16::ZERO; count])),
            DataType::Uint8 | DataType::Bool => Self::U8(Arc::new(vec![0; count])),
            DataType::Int32 => Self::I32(Arc::new(vec![0; count])),
            DataType::Int64 => Self::I64(Arc::new(vec![0; count])),
            _ => return None,
        })
    }

    /// The values as bytes, little-endian.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::F32(values) => bytemuck::cast_slice(values),
            Self::F16(values) => bytemuck::cast_slice(values),
            Self::U8(values) => values,
            Self::I32(values) => bytemuck::cast_slice(values),
            Self::I64(values) => bytemuck::cast_slice(values),
        }
    }

    /// The values as bytes that a connection may hold; nothing is copied.
    pub(super) fn lent(&self) -> Bytes {
        Bytes::from_owner(Lent(self.clone()))
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F16(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes these numbers over and over, as many as there is room for.
    pub fn fill(&mut self, numbers: &[f32]) {
        let numbers = numbers.iter().copied().cycle();
        match self {
            Self::F32(values) => Arc::make_mut(values).iter_mut().zip(numbers).for_each(|(o, v)| *o = v),
            Self::F16(values) => {
                Arc::make_mut(values).iter_mut().zip(numbers).for_each(|(o, v)| *o = f16::from_f32(v));
            }
            Self::U8(values) => {
                Arc::make_mut(values).iter_mut().zip(numbers).for_each(|(o, v)| *o = v as u8);
            }
            Self::I32(values) => {
                Arc::make_mut(values).iter_mut().zip(numbers).for_each(|(o, v)| *o = v as i32);
            }
            Self::I64(values) => {
                Arc::make_mut(values).iter_mut().zip(numbers).for_each(|(o, v)| *o = v as i64);
            }
        }
    }
}

/// A buffer that a connection holds until it is sent.
struct Lent(Buffer);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// An input with its values.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub data_type: DataType,
    pub shape: Vec<i64>,
    pub values: Buffer,
}

impl Input {
    /// The values as JSON writes them, for servers that don't take bytes.
    pub(super) fn numbers(&self) -> Vec<serde_json::Value> {
        match &self.values {
            Buffer::F32(values) => values.iter().map(|v| (*v).into()).collect(),
            Buffer::F16(values) => values.iter().map(|v| v.to_f32().into()).collect(),
            Buffer::U8(values) => values.iter().map(|v| (*v).into()).collect(),
            Buffer::I32(values) => values.iter().map(|v| (*v).into()).collect(),
            Buffer::I64(values) => values.iter().map(|v| (*v).into()).collect(),
        }
    }
}
