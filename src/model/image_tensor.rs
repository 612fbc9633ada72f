//! The tensor that holds the image, in the element type that the model takes.

use half::f16;
use ort::AsPointer;
use ort::value::Tensor as OrtTensor;

use super::ModelError;
use super::runtime::plain;
use super::spec::Element;

/// The tensor of the image, written for every frame and lent to the runtime without a copy.
pub(super) enum Image {
    F32(OrtTensor<f32>),
    F16(OrtTensor<f16>),
    U8(OrtTensor<u8>),
    I32(OrtTensor<i32>),
}

/// The tensor as the runtime knows it.
impl AsPointer for Image {
    type Sys = ort::sys::OrtValue;

    fn ptr(&self) -> *const Self::Sys {
        match self {
            Self::F32(tensor) => tensor.ptr(),
            Self::F16(tensor) => tensor.ptr(),
            Self::U8(tensor) => tensor.ptr(),
            Self::I32(tensor) => tensor.ptr(),
        }
    }
}

impl Image {
    /// A tensor of this shape, all zero.
    pub fn new(element: Element, shape: &[i64]) -> Result<Self, ModelError> {
        /// No real model takes more than 16 Ki × 16 Ki pixels.
        const MOST: i64 = 3 << 28;
        let failed = |e: ort::Error| ModelError::RunFailed { reason: plain(e.message()) };
        let count = shape.iter().try_fold(1i64, |n, d| n.checked_mul(*d)).filter(|n| (0..=MOST).contains(n));
        let Some(count) = count.and_then(|n| usize::try_from(n).ok()) else {
            return Err(ModelError::RunFailed { reason: "its input is larger than any image".into() });
        };
        let shape = shape.to_vec();
        Ok(match element {
            Element::F32 => Self::F32(OrtTensor::from_array((shape, vec![0f32; count])).map_err(failed)?),
            Element::F16 => {
                Self::F16(OrtTensor::from_array((shape, vec![f16::ZERO; count])).map_err(failed)?)
            }
            Element::U8 => Self::U8(OrtTensor::from_array((shape, vec![0u8; count])).map_err(failed)?),
            Element::I32 => Self::I32(OrtTensor::from_array((shape, vec![0i32; count])).map_err(failed)?),
        })
    }
}
