//! The inputs other than the image: sizes, constants, and states that a network carries from frame to frame.

use half::f16;
use ort::session::SessionInputValue;
use ort::value::{Outlet, Tensor as OrtTensor, TensorElementType, ValueType};

use super::ModelError;
use super::runtime::plain;
use super::spec::{ExtraInput, ExtraValue};

/// Why an input other than the image can't be written; each message is the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ExtraInputError {
    #[error("besides the image it needs an input \u{201c}{name}\u{201d} that isn't known")]
    Unknown { name: String },
    #[error("its input \u{201c}{name}\u{201d} is no tensor")]
    NotTensor { name: String },
    #[error("an input other than its image is too large")]
    TooLarge,
    #[error("an input other than its image holds {0}")]
    Element(TensorElementType),
    #[error("it gave no state \u{201c}{output}\u{201d} for its input \u{201c}{input}\u{201d}")]
    NoState { output: String, input: String },
    /// Another process says so.
    #[error("{0}")]
    Told(String),
    /// The session is gone, which isn't about this input.
    #[error("{0}")]
    Session(Box<ModelError>),
    #[error("{}", plain(.0.message()))]
    Runtime(#[from] ort::Error),
}

/// How many values an input other than the image holds.
pub(super) fn count(shape: &[i64]) -> Result<usize, ExtraInputError> {
    /// Sizes, factors and first states are small.
    const MOST: i64 = 1 << 24;
    let count = shape.iter().try_fold(1i64, |n, d| n.checked_mul(*d)).filter(|n| (0..=MOST).contains(n));
    count.and_then(|n| usize::try_from(n).ok()).ok_or(ExtraInputError::TooLarge)
}

/// A tensor of one of the types that extra inputs have.
enum Values {
    F32(OrtTensor<f32>),
    F16(OrtTensor<f16>),
    I64(OrtTensor<i64>),
    I32(OrtTensor<i32>),
}

/// One input other than the image, with its tensor.
pub(super) struct ExtraTensor {
    name: String,
    value: ExtraValue,
    /// The shape at the start; axes that the file leaves open are 1.
    shape: Vec<i64>,
    values: Values,
}

impl ExtraTensor {
    /// An input of the type and shape in the file, with the value of the spec.
    pub fn new(spec: &ExtraInput, input: &Outlet) -> Result<Self, ExtraInputError> {
        let ValueType::Tensor { ty, shape, .. } = input.dtype() else {
            return Err(ExtraInputError::NotTensor { name: spec.name.clone() });
        };
        let shape: Vec<i64> = shape.iter().map(|n| (*n).max(1)).collect();
        let mut extra = Self {
            name: spec.name.clone(),
            value: spec.value.clone(),
            values: Values::zeros(*ty, &shape)?,
            shape,
        };
        if let ExtraValue::Constant { value } = extra.value {
            extra.values.fill(&[value]);
        }
        Ok(extra)
    }

    /// The tensor as an argument of a run.
    pub fn value(&self) -> SessionInputValue<'_> {
        match &self.values {
            Values::F32(tensor) => tensor.into(),
            Values::F16(tensor) => tensor.into(),
            Values::I64(tensor) => tensor.into(),
            Values::I32(tensor) => tensor.into(),
        }
    }

    /// Writes values that depend on the size of the image input (width, height); a state begins anew.
    pub fn fit(&mut self, size: (u32, u32)) -> Result<(), ExtraInputError> {
        if let Some(values) = self.value.of_size(size) {
            self.values.fill(&values);
        }
        self.reset()
    }

    /// Resets a state to zeros of its first shape.
    pub fn reset(&mut self) -> Result<(), ExtraInputError> {
        if matches!(self.value, ExtraValue::State { .. }) {
            self.values = Values::zeros(self.values.element(), &self.shape)?;
        }
        Ok(())
    }

    /// Copies the state from the outputs of a run; allocates only if its shape changes.
    pub fn carry(&mut self, outputs: &ort::session::SessionOutputs<'_>) -> Result<(), ExtraInputError> {
        let ExtraValue::State { output } = &self.value else { return Ok(()) };
        let missing = || ExtraInputError::NoState { output: output.clone(), input: self.name.clone() };
        let given = outputs.get(output.as_str()).ok_or_else(missing)?;
        match &mut self.values {
            Values::F32(tensor) => {
                let (shape, data) = given.try_extract_tensor::<f32>().map_err(|_| missing())?;
                if tensor.shape() != shape {
                    *tensor = OrtTensor::from_array((shape.to_vec(), vec![0f32; data.len()]))?;
                }
                tensor.extract_tensor_mut().1.copy_from_slice(data);
            }
            Values::F16(tensor) => {
                let (shape, data) = given.try_extract_tensor::<f16>().map_err(|_| missing())?;
                if tensor.shape() != shape {
                    *tensor = OrtTensor::from_array((shape.to_vec(), vec![f16::ZERO; data.len()]))?;
                }
                tensor.extract_tensor_mut().1.copy_from_slice(data);
            }
            Values::I64(_) | Values::I32(_) => return Err(missing()),
        }
        Ok(())
    }
}

impl Values {
    fn zeros(element: TensorElementType, shape: &[i64]) -> Result<Self, ExtraInputError> {
        let count = count(shape)?;
        let shape = shape.to_vec();
        Ok(match element {
            TensorElementType::Float32 => Self::F32(OrtTensor::from_array((shape, vec![0f32; count]))?),
            TensorElementType::Float16 => Self::F16(OrtTensor::from_array((shape, vec![f16::ZERO; count]))?),
            TensorElementType::Int64 => Self::I64(OrtTensor::from_array((shape, vec![0i64; count]))?),
            TensorElementType::Int32 => Self::I32(OrtTensor::from_array((shape, vec![0i32; count]))?),
            other => return Err(ExtraInputError::Element(other)),
        })
    }

    fn element(&self) -> TensorElementType {
        match self {
            Self::F32(_) => TensorElementType::Float32,
            Self::F16(_) => TensorElementType::Float16,
            Self::I64(_) => TensorElementType::Int64,
            Self::I32(_) => TensorElementType::Int32,
        }
    }

    /// Fills the whole tensor with these values, over and over.
    fn fill(&mut self, values: &[f32]) {
        let values = values.iter().copied().cycle();
        match self {
            Self::F32(tensor) => {
                tensor.extract_tensor_mut().1.iter_mut().zip(values).for_each(|(o, v)| *o = v);
            }
            Self::F16(tensor) => {
                tensor.extract_tensor_mut().1.iter_mut().zip(values).for_each(|(o, v)| *o = f16::from_f32(v));
            }
            Self::I64(tensor) => {
                tensor.extract_tensor_mut().1.iter_mut().zip(values).for_each(|(o, v)| *o = v as i64);
            }
            Self::I32(tensor) => {
                tensor.extract_tensor_mut().1.iter_mut().zip(values).for_each(|(o, v)| *o = v as i32);
            }
        }
    }
}
