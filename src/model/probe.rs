//! What a file doesn't tell but one run does.

use std::path::Path;

use super::file::GraphInfo;
use super::identify::{self, Unknown};
use super::input::InputStage;
use super::session::{Bytes, Session};
use super::sidecar::Sidecar;
use super::spec::{ColourOrder, Element, Family, Layout, Range, Size, Spec};
use super::{CancelToken, Model, ModelError, OpenOptions};
use crate::frame::Frame;

/// From this confidence on a spec needs no shapes that only a run tells.
pub(super) const SURE: f32 = 0.9;

/// Identifies anew a file that leaves sizes open, with the shapes that one run gives; leaves `spec` as it is where that
/// tells nothing. The sizes stay open.
pub(super) fn with_real_shapes(
    path: &Path,
    facts: &GraphInfo,
    said: &Sidecar,
    cancel: Option<&CancelToken>,
    spec: &mut Result<Spec, Unknown>,
) {
    /// What most exporters take where they take any size.
    const SIDE: u32 = 640;
    let Some((name, element, layout, shape)) = identify::open_shape(facts, said, SIDE) else { return };
    let real = || -> Result<GraphInfo, ModelError> {
        let options = OpenOptions { cancel: cancel.cloned(), ..OpenOptions::default() };
        let mut session = Session::open(path, &Bytes::File, (&name, element), None, &options)?;
        session.image(&shape)?;
        session.run(|outputs| {
            let mut known = facts.clone();
            let sizes = |shape: &[i64]| shape.iter().map(|n| u64::try_from(*n).ok()).collect();
            for port in &mut known.outputs {
                if let Some(output) = outputs.iter().find(|t| t.name == port.name) {
                    port.shape = sizes(output.shape);
                }
            }
            for port in known.inputs.iter_mut().filter(|p| p.name == name) {
                port.shape = sizes(&shape);
            }
            known
        })
    };
    let known = match real() {
        Ok(known) => known,
        Err(error) => {
            tracing::debug!("a probe run for shapes failed: {error}");
            return;
        }
    };
    let Ok(mut found) = identify::identify(&known, said) else { return };
    // What is known already is known with its sizes open.
    if spec.as_ref().is_ok_and(|s| s.family == found.family && s.task == found.task) {
        return;
    }
    let sides = match layout {
        Layout::Nchw => [2, 3],
        Layout::Nhwc => [1, 2],
    };
    let fixed = facts
        .inputs
        .iter()
        .find(|p| p.name == name)
        .is_some_and(|p| sides.map(|s| p.axis(s)).iter().all(Option::is_some));
    if !fixed && let Size::Fixed { width, height } = found.input.size {
        let before = spec.as_ref().ok().map(|s| s.input.size);
        found.input.size = before.unwrap_or(Size::Dynamic { width, height, stride: 32 });
    }
    found.evidence.push("the file leaves sizes open: the shapes are those of a probe run".into());
    *spec = Ok(found);
}

/// Least and greatest value of an output.
type Extent = (f32, f32);

impl Model {
    /// Settles what only a run can tell, unless the user `said` it.
    pub(super) fn probe(&mut self, facts: &GraphInfo, said: &Sidecar) -> Result<(), ModelError> {
        match self.spec.family {
            Family::Yolox => self.probe_decoded(said),
            Family::NeuralStyle | Family::Gan | Family::Enhance | Family::SuperResolution
                if said.range.is_none() && said.family.is_none() =>
            {
                self.probe_range(facts)
            }
            _ => Ok(()),
        }
    }

    /// One run tells whether a YOLOX file gives boxes in pixels: undecoded offsets stay near 0, decoded centres reach
    /// the far side of the input. An objectness of exactly 1 everywhere is YOLOv6's.
    fn probe_decoded(&mut self, said: &Sidecar) -> Result<(), ModelError> {
        self.write(&Frame::filled(64, 64, [114, 114, 114, 255]))?;
        let (width, _) = self.spec.input.size.bound();
        let probed = self.session.run(|outputs| {
            let output = outputs.first()?;
            let columns = output.axis(2).max(1);
            let rows = output.floats().ok()?.chunks_exact(columns);
            let sure = columns > 5 && rows.clone().all(|row| row[4] == 1.0);
            let farthest = rows.map(|row| row[0].abs()).reduce(f32::max)?;
            Some((farthest, sure))
        })?;
        let Some((farthest, sure)) = probed else { return Ok(()) };
        self.spec.output.decoded = farthest > width as f32 / 4.0;
        if sure && self.spec.output.decoded && said.family.is_none() {
            self.spec.family = Family::Yolov6;
            let input = &mut self.spec.input;
            input.fit = said.fit.unwrap_or(identify::LETTERBOX);
            input.order = said.order.unwrap_or(ColourOrder::Rgb);
            input.range = said.range.unwrap_or(Range::UNIT);
            self.input = InputStage::new(self.spec.input.clone());
            self.spec.evidence.push("a probe run gives an objectness of 1 everywhere: YOLOv6".into());
            return Ok(());
        }
        self.spec.evidence.push(if self.spec.output.decoded {
            "a probe run gives boxes in pixels: decoded inside the network".into()
        } else {
            "a probe run gives boxes as offsets in their cells: decoded here".into()
        });
        Ok(())
    }

    /// Two runs tell the range of a network from image to image.
    fn probe_range(&mut self, facts: &GraphInfo) -> Result<(), ModelError> {
        let guessed = self.spec.input.range;
        let signed = self.extent(Range::SIGNED)?;
        let byte = self.extent(Range::BYTE)?;
        let settled = settle(signed, byte);
        let range = settled.unwrap_or({
            // It has no range of its own, as filters don't: the usual one.
            if guessed != Range::BYTE {
                guessed
            } else if self.spec.input.layout == Layout::Nhwc {
                Range::SIGNED
            } else {
                Range::UNIT
            }
        });
        let evidence = if settled.is_some() {
            format!(
                "probe runs give {:.1} to {:.1} for an input of \u{2212}1 to 1, and {:.1} to {:.1} for one of 0 to 255: it works in {}",
                signed.0,
                signed.1,
                byte.0,
                byte.1,
                words(range)
            )
        } else {
            format!("in probe runs the output follows the input's range: taken for {}", words(range))
        };
        // Where its first step scales bytes, the input is bytes whatever comes out.
        let bytes = self.spec.input.element == Element::U8;
        if bytes || facts.steps.scales_bytes(&self.spec.input.name) {
            self.spec.input.range = Range::BYTE;
            self.spec.output.range = Some(range).filter(|r| *r != Range::BYTE);
        } else {
            self.spec.input.range = range;
            self.spec.evidence.retain(|line| !line.contains("taken for 0 to"));
        }
        self.input = InputStage::new(self.spec.input.clone());
        self.spec.evidence.push(evidence);
        if self.spec.family != Family::SuperResolution {
            self.spec.family = if range == Range::BYTE {
                Family::NeuralStyle
            } else if range == Range::SIGNED {
                Family::Gan
            } else {
                Family::Enhance
            };
        }
        Ok(())
    }

    /// The first output's extent for an image with every brightness in it, given in this range.
    fn extent(&mut self, range: Range) -> Result<Extent, ModelError> {
        self.spec.input.range = range;
        self.input = InputStage::new(self.spec.input.clone());
        self.write(&ramp())?;
        let extent = self.session.run(|outputs| {
            let values = outputs.first()?.floats().ok()?;
            let wider = |(low, high): Extent, v: &f32| (low.min(*v), high.max(*v));
            Some(values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), wider))
        })?;
        Ok(extent.unwrap_or((0.0, 0.0)))
    }
}

/// Red grows to the right, green downwards, blue is a chequerboard.
fn ramp() -> Frame {
    const SIDE: u32 = 128;
    let mut frame = Frame::filled(SIDE, SIDE, [0, 0, 0, 255]);
    for (at, pixel) in (0u32..).zip(frame.data.chunks_exact_mut(4)) {
        let (x, y) = (at % SIDE, at / SIDE);
        pixel[0] = (x * 2) as u8;
        pixel[1] = (y * 2) as u8;
        pixel[2] = if (x / 16 + y / 16) % 2 == 0 { 0 } else { 255 };
    }
    frame
}

/// The range a network works in, by what it gives for an input of −1..1 and for one of 0..255; `None` where its
/// values merely follow those of its input.
fn settle(signed: Extent, byte: Extent) -> Option<Range> {
    /// Beyond this no value is one of 0..1 or −1..1, however a network overshoots.
    const SMALL: f32 = 2.0;
    /// Above this values are bytes.
    const LARGE: f32 = 20.0;
    /// Below this a value is meant to be negative.
    const NEGATIVE: f32 = -0.2;
    let small = |(low, high): Extent| low > -SMALL && high < SMALL;
    if signed.1 > LARGE {
        // Large values out of small ones.
        Some(Range::BYTE)
    } else if small(signed) && small(byte) {
        // Small values whatever goes in.
        Some(if signed.0 < NEGATIVE { Range::SIGNED } else { Range::UNIT })
    } else {
        None
    }
}

fn words(range: Range) -> &'static str {
    if range == Range::BYTE {
        "0 to 255"
    } else if range == Range::SIGNED {
        "\u{2212}1 to 1"
    } else {
        "0 to 1"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_tell_the_range() {
        // Fast neural style normalises inside: bytes come out whatever goes in (measured on candy).
        assert_eq!(settle((-45.6, 344.0), (-45.6, 344.0)), Some(Range::BYTE));
        // A tanh at the end.
        assert_eq!(settle((-0.9, 0.95), (-1.0, 1.0)), Some(Range::SIGNED));
        // A clip to 0..1 at the end (measured on SCI).
        assert_eq!(settle((0.0, 1.0), (0.0, 1.0)), Some(Range::UNIT));
        // A filter without a range of its own.
        assert_eq!(settle((-1.0, 1.0), (0.0, 255.0)), None);
    }
}
