//! Frames for commands that need some, whatever the source.

use std::time::{Duration, Instant};

use crate::cli::failure::Failure;
use crate::frame::Frame;
use crate::frame::convert::Decoder;
use crate::source::{self, Address, CameraRequest, Read};

/// An endless stream of frames: a source that ends is opened again.
pub(super) struct Frames {
    address: Address,
    source: Box<dyn source::Source>,
    decoder: Decoder,
    raw: Frame,
    /// The newest frame as RGBA.
    pub frame: Frame,
}

impl Frames {
    /// How long to wait for a frame.
    const TIMEOUT: Duration = Duration::from_secs(5);

    pub fn open(address: &Address) -> anyhow::Result<Self> {
        Ok(Self {
            address: address.clone(),
            source: source::open(address, &CameraRequest::default())?,
            decoder: Decoder::default(),
            raw: Frame::default(),
            frame: Frame::default(),
        })
    }

    /// Reads the next frame and returns the milliseconds that reading and decoding took; for a live source decoding alone. A
    /// single image is read and decoded again and again.
    pub fn advance(&mut self) -> anyhow::Result<f32> {
        let deadline = Instant::now() + Self::TIMEOUT;
        let mut reopened = false;
        loop {
            let begin = Instant::now();
            match self.source.read(&mut self.raw, Duration::from_millis(200))? {
                Read::Frame => {
                    let live = self.source.info().pace == source::Pace::Live;
                    let begin = if live { Instant::now() } else { begin };
                    let decoded = self.decoder.decode(&self.raw, &mut self.frame);
                    decoded.map_err(|error| {
                        let address = &self.address;
                        Failure::failed(
                            format!("A frame of \u{201c}{address}\u{201d} can't be decoded: {error}."),
                            "Choose another source, like \u{201c}--source pattern\u{201d}.",
                        )
                    })?;
                    return Ok(begin.elapsed().as_secs_f32() * 1e3);
                }
                Read::Nothing if Instant::now() < deadline => {}
                Read::End if !reopened => {
                    reopened = true;
                    self.source = source::open(&self.address, &CameraRequest::default())?;
                }
                Read::Nothing | Read::End => {
                    return Err(Failure::failed(
                        format!("\u{201c}{}\u{201d} gives no frames.", self.address),
                        "Choose another source, like \u{201c}--source pattern\u{201d}.",
                    )
                    .into());
                }
            }
        }
    }
}
