//! Where `bench` takes its frames from.

use std::time::{Duration, Instant};

use crate::cli::failure::Failure;
use crate::frame::Frame;
use crate::frame::convert::Decoder;
use crate::source::{self, Address, CameraRequest, Read};

/// Frames without end: what has an end begins again.
pub(super) struct Frames {
    address: Address,
    source: Box<dyn source::Source>,
    decoder: Decoder,
    /// As it came from the source.
    pub raw: Frame,
    /// The same as RGBA.
    pub frame: Frame,
}

impl Frames {
    /// How long to wait for a frame.
    const PATIENCE: Duration = Duration::from_secs(5);

    pub fn open(address: &Address) -> Result<Self, Failure> {
        Ok(Self {
            address: address.clone(),
            source: source::open(address, &CameraRequest::default())?,
            decoder: Decoder::default(),
            raw: Frame::default(),
            frame: Frame::default(),
        })
    }

    /// Goes on to the next frame; answers the milliseconds that decoding it took. An image alone is read and decoded once
    /// and again.
    pub fn advance(&mut self) -> Result<f32, Failure> {
        let deadline = Instant::now() + Self::PATIENCE;
        let mut begun_again = false;
        loop {
            let begun = Instant::now();
            match self.source.read(&mut self.raw, Duration::from_millis(200))? {
                Read::Frame => {
                    let live = self.source.info().pace == source::Pace::Live;
                    let begun = if live { Instant::now() } else { begun };
                    let decoded = self.decoder.decode(&self.raw, &mut self.frame);
                    decoded.map_err(|error| {
                        let address = &self.address;
                        Failure::failed(
                            format!("A frame of \u{201c}{address}\u{201d} can't be decoded: {error}."),
                            "Choose another source, like \u{201c}--source pattern\u{201d}.",
                        )
                    })?;
                    return Ok(begun.elapsed().as_secs_f32() * 1e3);
                }
                Read::Nothing if Instant::now() < deadline => {}
                Read::End if !begun_again => {
                    begun_again = true;
                    self.source = source::open(&self.address, &CameraRequest::default())?;
                }
                Read::Nothing | Read::End => {
                    return Err(Failure::failed(
                        format!("\u{201c}{}\u{201d} gives no frames.", self.address),
                        "Choose another source, like \u{201c}--source pattern\u{201d}.",
                    ));
                }
            }
        }
    }
}
