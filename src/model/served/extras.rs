//! The inputs other than the image, for a server: sizes, constants, and states that a network carries from frame to frame.

use std::sync::Arc;

use super::super::ModelError;
use super::super::extra_inputs::{ExtraInputError, count};
use super::super::spec::{ExtraInput, ExtraValue};
use crate::server::{Buffer, Input, OutputTensor, Values};

/// An input other than the image.
#[derive(Debug)]
pub(super) struct Extra {
    /// Its index among the inputs.
    pub index: usize,
    value: ExtraValue,
    /// Its shape at the start.
    shape: Vec<i64>,
}

impl Extra {
    /// Makes the tensor of an input with the value of the spec.
    pub fn new(spec: &ExtraInput, index: usize, input: &mut Input) -> Result<Self, ExtraInputError> {
        let extra = Self { index, value: spec.value.clone(), shape: input.shape.clone() };
        input.values = zeros(input, &extra.shape)?;
        if let ExtraValue::Constant { value } = extra.value {
            input.values.fill(&[value]);
        }
        Ok(extra)
    }

    /// Writes values that depend on the size of the image input (width, height); a state begins anew.
    pub fn fit(&self, input: &mut Input, size: (u32, u32)) {
        if let Some(values) = self.value.of_size(size) {
            input.values.fill(&values);
        }
        self.reset(input);
    }

    /// Resets a state to zeros of its first shape.
    pub fn reset(&self, input: &mut Input) {
        if matches!(self.value, ExtraValue::State { .. })
            && let Ok(values) = zeros(input, &self.shape)
        {
            input.values = values;
            self.shape.clone_into(&mut input.shape);
        }
    }

    /// Copies the state from the outputs of a run.
    pub fn carry(&mut self, inputs: &mut [Input], outputs: &[OutputTensor]) -> Result<(), ModelError> {
        let ExtraValue::State { output } = &self.value else { return Ok(()) };
        let Some(input) = inputs.get_mut(self.index) else { return Ok(()) };
        let given = outputs.iter().find(|given| given.name == *output);
        match (given.map(|given| (&given.values, &given.shape)), &mut input.values) {
            (Some((Values::F32(values), shape)), Buffer::F32(state)) => {
                let state = Arc::make_mut(state);
                state.clear();
                state.extend_from_slice(values);
                shape.clone_into(&mut input.shape);
            }
            (Some((Values::F32(values), shape)), Buffer::F16(state)) => {
                let state = Arc::make_mut(state);
                state.clear();
                state.extend(values.iter().map(|value| half::f16::from_f32(*value)));
                shape.clone_into(&mut input.shape);
            }
            _ => {
                let name = &input.name;
                let reason =
                    format!("it gave no state \u{201c}{output}\u{201d} for its input \u{201c}{name}\u{201d}");
                return Err(ModelError::RunFailed { reason });
            }
        }
        Ok(())
    }
}

/// Zeros for an input of this shape.
fn zeros(input: &Input, shape: &[i64]) -> Result<Buffer, ExtraInputError> {
    let told = || format!("an input other than its image holds {}", input.data_type.name());
    Buffer::zeros(input.data_type, count(shape)?).ok_or_else(|| ExtraInputError::Told(told()))
}
