//! Outputs of a network as decoders read them.

use super::families::OutputError;

/// One output of a network.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    pub name: &'a str,
    /// Sizes of the axes.
    pub shape: &'a [i64],
    pub data: Data<'a>,
}

/// The values of a tensor, row by row; 16-bit floats are widened.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    F32(&'a [f32]),
    I64(&'a [i64]),
    I32(&'a [i32]),
    U8(&'a [u8]),
}

impl Data<'_> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::F32(values) => size_of_val(*values),
            Self::I64(values) => size_of_val(*values),
            Self::I32(values) => size_of_val(*values),
            Self::U8(values) => values.len(),
        }
    }

    /// A value as a number, whatever its type.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<f32> {
        match self {
            Self::F32(values) => values.get(index).copied(),
            Self::I64(values) => values.get(index).map(|v| *v as f32),
            Self::I32(values) => values.get(index).map(|v| *v as f32),
            Self::U8(values) => values.get(index).map(|v| f32::from(*v)),
        }
    }
}

impl<'a> Tensor<'a> {
    /// The size of an axis counted from the front; 1 beyond the last, so that `[n]` reads as `[n, 1]`.
    #[must_use]
    pub fn axis(&self, index: usize) -> usize {
        self.shape.get(index).map_or(1, |n| usize::try_from(*n).unwrap_or(0))
    }

    /// The floats, if the tensor holds floats and as many as its shape says.
    ///
    /// # Errors
    /// [`OutputError::TooShort`] or [`OutputError::NotFloats`].
    pub fn floats(&self) -> Result<&'a [f32], OutputError> {
        let expected = self.shape.iter().try_fold(1usize, |n, d| n.checked_mul(usize::try_from(*d).ok()?));
        match self.data {
            Data::F32(values) if Some(values.len()) == expected => Ok(values),
            Data::F32(_) => Err(OutputError::TooShort { name: self.name.to_owned() }),
            _ => Err(OutputError::NotFloats { name: self.name.to_owned() }),
        }
    }

    /// The shape as people write it: `1×84×8400`.
    #[must_use]
    pub fn shape_text(&self) -> String {
        self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
    }
}
