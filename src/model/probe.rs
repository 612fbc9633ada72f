//! What a file doesn't tell but one run does.

use super::sidecar::Sidecar;
use super::spec::Family;
use super::{Model, ModelError};
use crate::frame::Frame;

impl Model {
    /// Settles what only a run can tell, unless the user `said` it.
    pub(super) fn probe(&mut self, _said: &Sidecar) -> Result<(), ModelError> {
        if self.spec.family == Family::Yolox {
            self.probe_decoded()?;
        }
        Ok(())
    }

    /// One run tells whether a YOLOX file gives boxes in pixels: undecoded offsets stay near 0, decoded centres reach
    /// the far side of the input.
    fn probe_decoded(&mut self) -> Result<(), ModelError> {
        self.write(&Frame::filled(64, 64, [114, 114, 114, 255]))?;
        let (width, _) = self.spec.input.size.bound();
        let farthest = self.session.run(|outputs| {
            let output = outputs.first()?;
            let columns = output.axis(2).max(1);
            output.floats().ok()?.chunks_exact(columns).map(|row| row[0].abs()).reduce(f32::max)
        })?;
        self.spec.output.decoded = farthest.is_some_and(|x| x > width as f32 / 4.0);
        self.spec.evidence.push(if self.spec.output.decoded {
            "a probe run gives boxes in pixels: decoded inside the network".into()
        } else {
            "a probe run gives boxes as offsets in their cells: decoded here".into()
        });
        Ok(())
    }
}
