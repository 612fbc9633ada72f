//! A model can run on a raw frame of a camera without a conversion to RGBA, with the same results.

mod common;

use common::{onnx_runtime, shared};
use sightline::frame::convert::Decoder;
use sightline::frame::{Frame, PixelFormat};
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::source::images;

/// Converts an image to a camera's format, with BT.601 in the limited range.
fn as_raw(format: PixelFormat, rgba: &Frame) -> Frame {
    let (width, height) = (rgba.width as usize & !1, rgba.height as usize & !1);
    let mut raw = Frame { width: width as u32, height: height as u32, format, ..Frame::default() };
    raw.data = vec![0; format.byte_len(raw.width, raw.height).expect("uncompressed")];
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let [r, g, b] = [0, 1, 2].map(|c| i32::from(rgba.data[(y * rgba.width as usize + x) * 4 + c]));
        let luma = (66 * r + 129 * g + 25 * b + 128) / 256 + 16;
        let [u, v] = [(-38 * r - 74 * g + 112 * b) / 256 + 128, (112 * r - 94 * g - 18 * b) / 256 + 128];
        let (y_at, u_at) = match format {
            PixelFormat::Yuyv => ((y * width + x) * 2, (y * width + x / 2 * 2) * 2 + 1),
            _ => (y * width + x, width * height + y / 2 * width + x / 2 * 2),
        };
        let v_at = if format == PixelFormat::Yuyv { u_at + 2 } else { u_at + 1 };
        raw.data[y_at] = luma as u8;
        raw.data[u_at] = u as u8;
        raw.data[v_at] = v as u8;
    }
    raw
}

#[test]
fn a_raw_frame_gives_the_same_results_as_its_rgba() {
    sightline::model::runtime::prefer(Some(onnx_runtime()));
    let mut image = Frame::default();
    images::load(&shared("media/dog.jpg"), &mut image, &mut None).expect("an image");
    let mut model = Model::open(&shared("models/yolox_nano.onnx"), &OpenOptions::default()).expect("opens");
    for format in [PixelFormat::Yuyv, PixelFormat::Nv12] {
        let raw = as_raw(format, &image);
        let mut rgba = Frame::default();
        Decoder::default().decode(&raw, &mut rgba).expect("decoded");
        let (mut from_raw, mut from_rgba) = (Results::default(), Results::default());
        model.run(&raw, &Thresholds::default(), &mut from_raw).expect("runs");
        model.run(&rgba, &Thresholds::default(), &mut from_rgba).expect("runs");
        assert!(from_raw.detections.len() >= 3, "{format:?}: a dog, a bicycle, a truck");
        assert_eq!(from_raw.detections, from_rgba.detections, "{format:?}");
    }
}
