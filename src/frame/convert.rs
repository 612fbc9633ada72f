//! Raw frames → RGBA: MJPEG with libjpeg-turbo, YUYV and NV12 with the `yuv` crate, other formats by rearranging bytes.
//!
//! YUV of cameras is read as BT.601 in the limited range, the default of the UVC specification (1.5, colour matching
//! descriptor). Videos specify their matrix.

use yuv::{YuvBiPlanarImage, YuvConversionMode, YuvPackedImage, YuvRange, YuvStandardMatrix};

use super::jpeg::JpegDecoder;
use crate::frame::{Frame, PixelFormat, YuvMatrix};

/// Why a frame could not be decoded, as the end of a sentence.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Converts raw frames to RGBA and reuses its buffers.
#[derive(Debug, Default)]
pub struct Decoder {
    jpeg: Option<JpegDecoder>,
}

impl Decoder {
    /// Writes size, format and pixels of `raw` into `out`, as RGBA. Other fields of `out` keep their values.
    ///
    /// # Errors
    /// If the bytes are damaged or too few.
    pub fn decode(&mut self, raw: &Frame, out: &mut Frame) -> Result<(), DecodeError> {
        if !raw.is_whole() {
            return Err(DecodeError(format!(
                "{} bytes are not a {}×{} {} image",
                raw.data.len(),
                raw.width,
                raw.height,
                raw.format.name()
            )));
        }
        let (width, height) = (raw.width, raw.height);
        if raw.format == PixelFormat::Mjpeg {
            let jpeg = match &mut self.jpeg {
                Some(jpeg) => jpeg,
                none => none.insert(JpegDecoder::new().map_err(|e| DecodeError(e.0))?),
            };
            return jpeg.decode(&raw.data, out).map_err(|e| DecodeError(e.0));
        }
        out.reset(width, height, PixelFormat::Rgba8);
        rows_to_rgba(raw, 0, height, &mut out.data)
    }
}

/// Writes `count` rows of an uncompressed frame, beginning with row `first`, into `out` as RGBA. `out` must have exactly their
/// length. Rows are the same whether they are converted together or one by one.
///
/// # Errors
/// If the frame is not whole, is compressed, or does not have these rows.
pub fn rows_to_rgba(raw: &Frame, first: u32, count: u32, out: &mut [u8]) -> Result<(), DecodeError> {
    let (width, rows) = (raw.width, first as usize..(first as usize + count as usize));
    let across = width as usize;
    let pair = across.div_ceil(2);
    if raw.format == PixelFormat::Mjpeg
        || !raw.is_whole()
        || rows.end > raw.height as usize
        || out.len() != across * 4 * rows.len()
    {
        return Err(DecodeError(format!("it has no rows {rows:?} that fill {} bytes", out.len())));
    }
    if out.is_empty() {
        return Ok(());
    }
    let matrix = match raw.matrix {
        YuvMatrix::Bt601 => YuvStandardMatrix::Bt601,
        YuvMatrix::Bt709 => YuvStandardMatrix::Bt709,
    };
    let failed = |e: yuv::YuvError| DecodeError(e.to_string());
    let bytes = |per_row: usize| &raw.data[rows.start * per_row..rows.end * per_row];
    let pixels = out.chunks_exact_mut(4);
    match raw.format {
        PixelFormat::Mjpeg => {}
        PixelFormat::Rgba8 => out.copy_from_slice(bytes(across * 4)),
        PixelFormat::Rgb8 => {
            for (to, from) in pixels.zip(bytes(across * 3).chunks_exact(3)) {
                to.copy_from_slice(&[from[0], from[1], from[2], 255]);
            }
        }
        PixelFormat::Bgr8 => {
            for (to, from) in pixels.zip(bytes(across * 3).chunks_exact(3)) {
                to.copy_from_slice(&[from[2], from[1], from[0], 255]);
            }
        }
        PixelFormat::Gray8 => {
            for (to, grey) in pixels.zip(bytes(across)) {
                to.copy_from_slice(&[*grey, *grey, *grey, 255]);
            }
        }
        PixelFormat::Yuyv => {
            let yuy = bytes(pair * 4);
            let image = YuvPackedImage { yuy, yuy_stride: width.div_ceil(2) * 4, width, height: count };
            yuv::yuyv422_to_rgba(&image, out, width * 4, YuvRange::Limited, matrix).map_err(failed)?;
        }
        PixelFormat::Nv12 => {
            let (luma, chroma) = raw.data.split_at(across * raw.height as usize);
            // Two rows share one row of U and V. If the first row is the second of such a pair, it is converted alone.
            let odd = u32::from(first % 2 == 1);
            let bands = [(first, odd), (first + odd, count - odd)];
            let mut out = out;
            for (first, count) in bands.into_iter().filter(|band| band.1 > 0) {
                let (here, rest) = out.split_at_mut(across * 4 * count as usize);
                out = rest;
                let image = YuvBiPlanarImage {
                    y_plane: &luma[across * first as usize..][..across * count as usize],
                    y_stride: width,
                    uv_plane: &chroma[pair * 2 * (first / 2) as usize..]
                        [..pair * 2 * count.div_ceil(2) as usize],
                    uv_stride: width.div_ceil(2) * 2,
                    width,
                    height: count,
                };
                yuv::yuv_nv12_to_rgba(
                    &image,
                    here,
                    width * 4,
                    YuvRange::Limited,
                    matrix,
                    YuvConversionMode::Balanced,
                )
                .map_err(failed)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(format: PixelFormat, width: u32, height: u32, data: &[u8]) -> Frame {
        Frame { width, height, format, data: data.to_vec(), ..Frame::default() }
    }

    fn pixels(frame: &Frame) -> Vec<[u8; 4]> {
        let mut out = Frame::default();
        Decoder::default().decode(frame, &mut out).expect("decoded");
        out.data.chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect()
    }

    fn near(got: [u8; 4], want: [u8; 4]) -> bool {
        got.iter().zip(want).all(|(g, w)| g.abs_diff(w) <= 2)
    }

    #[test]
    fn plain_formats_are_rearranged() {
        assert_eq!(pixels(&raw(PixelFormat::Rgb8, 1, 1, &[1, 2, 3])), [[1, 2, 3, 255]]);
        assert_eq!(pixels(&raw(PixelFormat::Bgr8, 1, 1, &[1, 2, 3])), [[3, 2, 1, 255]]);
        assert_eq!(pixels(&raw(PixelFormat::Gray8, 2, 1, &[7, 9])), [[7, 7, 7, 255], [9, 9, 9, 255]]);
    }

    #[test]
    fn yuv_is_bt601_in_the_limited_range() {
        // BT.601: Y 16 is black, 235 white; pure red is Y 81, U 90, V 240.
        let yuyv = pixels(&raw(PixelFormat::Yuyv, 4, 1, &[16, 128, 235, 128, 81, 90, 81, 240]));
        let want = [[0, 0, 0, 255], [255, 255, 255, 255], [255, 0, 0, 255], [255, 0, 0, 255]];
        assert!(yuyv.iter().zip(want).all(|(g, w)| near(*g, w)), "{yuyv:?}");
        let nv12 = pixels(&raw(PixelFormat::Nv12, 2, 2, &[81, 81, 81, 81, 90, 240]));
        assert!(nv12.iter().all(|p| near(*p, [255, 0, 0, 255])), "{nv12:?}");
    }

    #[test]
    fn odd_sizes_are_decoded_whole() {
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12] {
            let len = format.byte_len(3, 3).expect("raw");
            assert_eq!(pixels(&raw(format, 3, 3, &vec![128; len])).len(), 9);
        }
    }

    #[test]
    fn rows_one_by_one_are_the_same_as_the_whole_frame() {
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Bgr8, PixelFormat::Gray8] {
            // Odd, and wider than what one vector register holds.
            let (width, height) = (67, 5);
            let len = format.byte_len(width, height).expect("raw");
            let bytes: Vec<u8> = (0..len).map(|i| (i * 37 % 251) as u8).collect();
            let raw = raw(format, width, height, &bytes);
            let whole: Vec<u8> = pixels(&raw).concat();
            for count in [1, 2, 3] {
                for first in 0..=height - count {
                    let mut out = vec![0; (width * 4 * count) as usize];
                    rows_to_rgba(&raw, first, count, &mut out).expect("converted");
                    assert_eq!(out, whole[(width * 4 * first) as usize..][..out.len()], "{format:?} {first}");
                }
            }
            assert!(rows_to_rgba(&raw, height, 1, &mut vec![0; (width * 4) as usize]).is_err());
        }
    }

    #[test]
    fn a_frame_cut_short_is_an_error() {
        for format in [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb8, PixelFormat::Mjpeg] {
            let answer = Decoder::default().decode(&raw(format, 64, 48, &[]), &mut Frame::default());
            assert!(answer.is_err(), "{format:?}");
        }
    }
}
