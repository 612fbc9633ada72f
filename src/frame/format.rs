//! Pixel formats: how the bytes of a frame are laid out and which colours they mean.

/// The layout of the bytes of a [`Frame`](super::Frame).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelFormat {
    /// Four bytes per pixel, alpha always 255. All stages after decoding use this format.
    Rgba8,
    /// Three bytes per pixel: red, green, blue.
    Rgb8,
    /// Three bytes per pixel: blue, green, red.
    Bgr8,
    /// One byte per pixel.
    Gray8,
    /// Packed 4:2:2, two bytes per pixel: Y0 U Y1 V.
    Yuyv,
    /// A plane of Y, then a plane of interleaved U and V at half the width and height.
    Nv12,
    /// One JPEG image, possibly without its Huffman tables (the DHT segment).
    Mjpeg,
}

impl PixelFormat {
    /// The exact number of bytes of a `width`×`height` image, or `None` for a compressed format.
    #[must_use]
    pub fn byte_len(self, width: u32, height: u32) -> Option<usize> {
        let pixels = width as usize * height as usize;
        match self {
            Self::Rgba8 => Some(pixels * 4),
            Self::Rgb8 | Self::Bgr8 => Some(pixels * 3),
            Self::Gray8 => Some(pixels),
            Self::Yuyv => Some((width as usize).div_ceil(2) * 4 * height as usize),
            Self::Nv12 => Some(pixels + (width as usize).div_ceil(2) * 2 * (height as usize).div_ceil(2)),
            Self::Mjpeg => None,
        }
    }

    /// The name that camera programs show: `MJPEG`, `YUYV`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgba8 => "RGBA",
            Self::Rgb8 => "RGB",
            Self::Bgr8 => "BGR",
            Self::Gray8 => "GREY",
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
            Self::Mjpeg => "MJPEG",
        }
    }
}

/// How YUV is converted to RGB. Both matrices are used with the limited range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YuvMatrix {
    /// ITU-R BT.601: cameras, old videos, and all that do not specify a matrix.
    #[default]
    Bt601,
    /// ITU-R BT.709: videos in high definition.
    Bt709,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sizes_round_chroma_up() {
        assert_eq!(PixelFormat::Yuyv.byte_len(3, 2), Some(16));
        assert_eq!(PixelFormat::Nv12.byte_len(3, 3), Some(9 + 8));
        assert_eq!(PixelFormat::Mjpeg.byte_len(3, 3), None);
    }
}
