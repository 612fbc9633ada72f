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

/// An image's tensor for one run.
#[derive(Clone, Copy)]
pub(super) enum Lent<'a> {
    F32(&'a OrtTensor<f32>),
    F16(&'a OrtTensor<f16>),
    U8(&'a OrtTensor<u8>),
    I32(&'a OrtTensor<i32>),
}

/// The tensor as the runtime knows it.
impl AsPointer for Lent<'_> {
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

/// The shape of an image, batch first, as an input takes it that has no axis for a batch or has one.
pub(super) fn without_batch(shape: &[i64], without: bool) -> &[i64] {
    match shape {
        [1, image @ ..] if without && image.len() == 3 => image,
        shape => shape,
    }
}

/// How many values an image's tensor of this shape holds.
///
/// # Errors
/// [`ModelError::RunFailed`] if that is more than any image has: nothing may be allocated before this is asked.
pub(super) fn count(shape: &[i64]) -> Result<usize, ModelError> {
    /// Three colours of [`Size::MOST_PIXELS`](super::spec::Size::MOST_PIXELS).
    const MOST: i64 = 3 * super::spec::Size::MOST_PIXELS as i64;
    let count = shape.iter().try_fold(1i64, |n, d| n.checked_mul(*d)).filter(|n| (0..=MOST).contains(n));
    count
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| ModelError::RunFailed { reason: "its input is larger than any image".into() })
}

impl Image {
    /// A tensor of this shape, all zero.
    pub fn new(element: Element, shape: &[i64]) -> Result<Self, ModelError> {
        let failed = |e: ort::Error| ModelError::RunFailed { reason: plain(e.message()) };
        let count = count(shape)?;
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

    /// The tensor for a run.
    pub fn lent(&self) -> Lent<'_> {
        match self {
            Self::F32(tensor) => Lent::F32(tensor),
            Self::F16(tensor) => Lent::F16(tensor),
            Self::U8(tensor) => Lent::U8(tensor),
            Self::I32(tensor) => Lent::I32(tensor),
        }
    }
}
