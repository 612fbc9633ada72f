//! The value range of networks from image to image, which no file names but two runs show.

use crate::frame::Frame;
use crate::model::ModelError;
use crate::model::families::Family;
use crate::model::file::GraphInfo;
use crate::model::input::InputStage;
use crate::model::network::Network;
use crate::model::sidecar::Sidecar;
use crate::model::spec::{Element, Layout, Range};

/// Least and greatest value of an output.
type Extent = (f32, f32);

/// Runs the network twice to find its range, unless the user has set range or family.
pub fn probe(network: &mut Network, graph: &GraphInfo, overrides: &Sidecar) -> Result<(), ModelError> {
    if overrides.range.is_some() || overrides.family.is_some() {
        return Ok(());
    }
    probe_range(network, graph)
}

/// Two runs tell the range of a network from image to image.
fn probe_range(network: &mut Network, graph: &GraphInfo) -> Result<(), ModelError> {
    let guessed = network.spec.input.range;
    let signed = extent(network, Range::SIGNED)?;
    let byte = extent(network, Range::BYTE)?;
    let settled = settle(signed, byte);
    let range = settled.unwrap_or({
        // It has no range of its own, as filters don't: the usual one.
        if guessed != Range::BYTE {
            guessed
        } else if network.spec.input.layout == Layout::Nhwc {
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
            range_text(range)
        )
    } else {
        format!("in probe runs the output follows the input's range: taken for {}", range_text(range))
    };
    // Where its first step scales bytes, the input is bytes whatever comes out.
    let bytes = network.spec.input.element == Element::U8;
    if bytes || graph.ends.scales_bytes(&network.spec.input.name) {
        network.spec.input.range = Range::BYTE;
        network.spec.output.range = Some(range).filter(|r| *r != Range::BYTE);
    } else {
        network.spec.input.range = range;
        network.spec.evidence.retain(|line| !line.contains("taken for 0 to"));
    }
    network.input = InputStage::new(network.spec.input.clone());
    network.spec.evidence.push(evidence);
    if network.spec.family != Family::SuperResolution {
        network.spec.family = if range == Range::BYTE {
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
fn extent(network: &mut Network, range: Range) -> Result<Extent, ModelError> {
    network.spec.input.range = range;
    network.input = InputStage::new(network.spec.input.clone());
    network.write(&ramp())?;
    let extent = network.session.run(|outputs| {
        let values = outputs.first()?.floats().ok()?;
        let wider = |(low, high): Extent, v: &f32| (low.min(*v), high.max(*v));
        Some(values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), wider))
    })?;
    Ok(extent.unwrap_or((0.0, 0.0)))
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

fn range_text(range: Range) -> &'static str {
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
