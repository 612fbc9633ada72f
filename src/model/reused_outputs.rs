//! Runs that write into the outputs of the run before, so that a run allocates nothing on our side of the runtime.
//!
//! `ort` names and wraps the outputs of every run anew: four allocations. A network whose input and outputs have fixed shapes can be handed
//! its last outputs instead, which ONNX Runtime then fills in place. The wrapper has no such call, so this makes the
//! runtime's own.

use std::ffi::CString;

use ort::AsPointer;
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionOutputs};
use ort::sys::OrtValue;
use ort::value::{DynValue, Outlet, ValueType};
use smallvec::SmallVec;

/// The outputs of a network with one input and outputs, all of fixed shapes.
pub struct ReusedOutputs {
    input: CString,
    names: Vec<CString>,
    values: Vec<DynValue>,
}

impl ReusedOutputs {
    /// Room for the outputs of `session`; `None` if the network has other inputs than the image, or an output whose shape may
    /// change from run to run: with that of the input, or by itself.
    pub fn of(session: &Session) -> Option<Self> {
        // A shape without axes is one that the file doesn't tell.
        let fixed = |value: &Outlet| match value.dtype() {
            ValueType::Tensor { shape, .. } => !shape.is_empty() && shape.iter().all(|side| *side > 0),
            _ => false,
        };
        let [input] = session.inputs() else { return None };
        if !fixed(input) || !session.outputs().iter().all(fixed) {
            return None;
        }
        let name = |value: &Outlet| CString::new(value.name()).ok();
        let names = session.outputs().iter().map(name).collect::<Option<_>>()?;
        Some(Self { input: name(input)?, names, values: Vec::new() })
    }

    /// Stores the outputs of an ordinary run.
    pub fn fill(&mut self, outputs: SessionOutputs<'_>) {
        self.values = outputs.into_iter().map(|(_, value)| value).collect();
        if self.values.len() != self.names.len() {
            self.values.clear();
        }
    }

    /// The outputs, in the model's order; none before they are filled.
    pub fn values(&self) -> &[DynValue] {
        &self.values
    }

    /// Runs the network on its image and fills the outputs. Returns whether it did; if not, an ordinary run shows
    /// why.
    #[must_use]
    pub fn run(
        &mut self,
        session: &mut Session,
        options: &RunOptions<NoSelectedOutputs>,
        image: &impl AsPointer<Sys = OrtValue>,
    ) -> bool {
        let names: SmallVec<[_; 8]> = self.names.iter().map(|name| name.as_ptr()).collect();
        let mut values: SmallVec<[_; 8]> = self.values.iter_mut().map(AsPointer::ptr_mut).collect();
        let (input, image) = (self.input.as_ptr(), image.ptr());
        let api = ort::api();
        #[expect(unsafe_code, reason = "the wrapper allocates for every run; see ARCHITECTURE.md")]
        // SAFETY: session, options, image and values are alive and, but for options and image, borrowed by this call alone; the names end
        // in a null byte; there are as many names as values, and the runtime refuses values whose type or
        // shape isn't the output's. A status that isn't null is released once.
        unsafe {
            let status = (api.Run)(
                session.ptr_mut(),
                options.ptr(),
                &raw const input,
                &raw const image,
                1,
                names.as_ptr(),
                names.len(),
                values.as_mut_ptr(),
            );
            if !status.0.is_null() {
                (api.ReleaseStatus)(status.0);
                return false;
            }
        }
        true
    }
}
