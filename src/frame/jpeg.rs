//! JPEG → RGBA with libjpeg-turbo: exactly the pixels that OpenCV, Pillow and browsers get.
//!
//! Another decoder rounds differently. People do not see that, but results of quantised networks change (scores of an int8
//! YOLO by up to 0.07 on the sample images). Webcams often omit the Huffman tables (the DHT segment); libjpeg-turbo then
//! uses the standard tables of annex K of the JPEG standard.

use turbojpeg::{Decompressor, Image, PixelFormat as Order};

use crate::frame::{Frame, PixelFormat};

/// Larger images are not decoded: 256 megapixels, which are 1 GiB of RGBA.
pub const MAX_PIXELS: usize = 1 << 28;

/// Why a JPEG could not be decoded, as the end of a sentence.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct JpegError(pub String);

/// A decoder, to be reused for every frame.
pub struct JpegDecoder {
    turbo: Decompressor,
}

impl std::fmt::Debug for JpegDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JpegDecoder")
    }
}

impl JpegDecoder {
    /// A decoder.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn new() -> Result<Self, JpegError> {
        let mut turbo = Decompressor::new().map_err(|e| plain(&e))?;
        // A progressive file of a few kilobytes can contain thousands of scans over a huge image.
        turbo.set_scan_limit(500).map_err(|e| plain(&e))?;
        Ok(Self { turbo })
    }

    /// Writes size, format and pixels of a JPEG into `out`. Other fields of `out` keep their values.
    ///
    /// # Errors
    /// If the bytes are not a JPEG or are damaged.
    pub fn decode(&mut self, bytes: &[u8], out: &mut Frame) -> Result<(), JpegError> {
        let header = self.turbo.read_header(bytes).map_err(|e| plain(&e))?;
        let (width, height) = (header.width, header.height);
        if width == 0 || height == 0 || width.saturating_mul(height) > MAX_PIXELS {
            return Err(JpegError(format!("its size is {width}×{height}")));
        }
        out.reset(width as u32, height as u32, PixelFormat::Rgba8);
        let image =
            Image { pixels: out.data.as_mut_slice(), width, pitch: width * 4, height, format: Order::RGBA };
        match self.turbo.decompress(bytes, image) {
            Ok(()) => Ok(()),
            // Many webcams pad their images with such bytes. The image itself is complete.
            Err(error) if error.to_string().contains("extraneous bytes before marker 0xd9") => Ok(()),
            Err(error) => Err(plain(&error)),
        }
    }
}

fn plain(error: &turbojpeg::Error) -> JpegError {
    let text = error.to_string();
    let text = text.strip_prefix("TurboJPEG error: ").unwrap_or(&text);
    JpegError(text.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of two halves, red and blue, 4:4:4.
    fn jpeg() -> Vec<u8> {
        let mut pixels = Vec::new();
        for _ in 0..16 {
            pixels.extend([255u8, 0, 0].repeat(8));
            pixels.extend([0u8, 0, 255].repeat(8));
        }
        let image = Image { pixels: pixels.as_slice(), width: 16, pitch: 48, height: 16, format: Order::RGB };
        turbojpeg::compress(image, 95, turbojpeg::Subsamp::None).expect("compressed").to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Frame, JpegError> {
        let mut frame = Frame::default();
        JpegDecoder::new()?.decode(bytes, &mut frame).map(|()| frame)
    }

    #[test]
    fn colours_come_out_where_they_were() {
        let frame = decode(&jpeg()).expect("decoded");
        assert!(frame.is_whole() && (frame.width, frame.height) == (16, 16));
        let near = |at: usize, want: [u8; 4]| {
            let got = &frame.data[at * 4..][..4];
            got.iter().zip(want).all(|(g, w)| g.abs_diff(w) < 8)
        };
        assert!(near(0, [255, 0, 0, 255]) && near(15, [0, 0, 255, 255]), "{:?}", &frame.data[..8]);
    }

    #[test]
    fn standard_huffman_tables_replace_missing_ones() {
        let whole = jpeg();
        let mut bare = whole[..2].to_vec();
        let mut at = 2;
        // Copy every segment but DHT (0xC4) up to the scan.
        while whole[at + 1] != 0xda {
            let len = 2 + usize::from(whole[at + 2]) * 256 + usize::from(whole[at + 3]);
            if whole[at + 1] != 0xc4 {
                bare.extend_from_slice(&whole[at..at + len]);
            }
            at += len;
        }
        bare.extend_from_slice(&whole[at..]);
        assert!(bare.len() < whole.len(), "some tables were left out");
        assert_eq!(decode(&bare).expect("decoded").data, decode(&whole).expect("decoded").data);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = jpeg();
        assert!(decode(b"").is_err());
        assert!(decode(b"not an image").is_err());
        assert!(decode(&whole[..whole.len() / 2]).is_err(), "an image cut short");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x5a;
            let _ = decode(&damaged);
        }
    }
}
