use super::super::spec::{Range, Resample, Size};
use super::*;

fn spec(width: u32, height: u32, fit: Fit) -> InputSpec {
    InputSpec {
        name: "images".into(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width, height },
        fit,
        resample: Resample::OpenCv,
        order: ColourOrder::Rgb,
        range: Range::BYTE,
        extras: Vec::new(),
    }
}

/// Red counts columns by 10, green rows by 20, blue is 7.
fn ramp(width: u32, height: u32) -> Frame {
    let mut frame = Frame::filled(width, height, [0, 0, 7, 255]);
    for (i, p) in frame.data.chunks_exact_mut(4).enumerate() {
        p[0] = (i as u32 % width) as u8 * 10;
        p[1] = (i as u32 / width) as u8 * 20;
    }
    frame
}

/// As [`spec`], with another kernel.
fn pillow_spec(resample: Resample, width: u32, height: u32, fit: Fit) -> InputSpec {
    InputSpec { resample, ..spec(width, height, fit) }
}

fn run(spec: InputSpec, frame: &Frame) -> Vec<f32> {
    let (w, h) = spec.size.bound();
    let mut out = vec![0.0; (w * h * 3) as usize];
    InputStage::new(spec).write(frame, TensorMut::F32(&mut out)).expect("fits");
    out
}

#[test]
fn the_same_size_is_copied_into_planes() {
    let out = run(spec(4, 2, Fit::Stretch), &ramp(4, 2));
    assert_eq!(out[..8], [0., 10., 20., 30., 0., 10., 20., 30.]);
    assert_eq!(out[8..16], [0., 0., 0., 0., 20., 20., 20., 20.]);
    assert_eq!(out[16..], [7.0; 8]);
}

#[test]
fn halving_averages_the_two_middle_pixels() {
    // Half-pixel centres: output 0 lies between source 0 and 1, output 1 between 2 and 3.
    let out = run(spec(2, 1, Fit::Stretch), &ramp(4, 2));
    assert_eq!(out, [5., 25., 10., 10., 7., 7.]);
}

#[test]
fn doubling_repeats_the_edges() {
    // cv2.resize([[0, 10]], (4, 1)) = 0, 2.5→3, 7.5→8, 10
    let out = run(spec(4, 1, Fit::Stretch), &ramp(2, 1));
    assert_eq!(out[..4], [0., 3., 8., 10.]);
}

#[test]
fn a_letterbox_is_grey_around() {
    let fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };
    let out = run(spec(4, 4, fit), &ramp(4, 2));
    assert_eq!(out[..4], [114.; 4]);
    assert_eq!(out[4..8], [0., 10., 20., 30.]);
    assert_eq!(out[12..16], [114.; 4]);
    let fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };
    let out = run(spec(4, 4, fit), &ramp(4, 2));
    assert_eq!(out[..4], [0., 10., 20., 30.]);
    assert_eq!(out[8..16], [114.; 8]);
}

#[test]
fn a_crop_takes_the_middle() {
    let out = run(spec(2, 2, Fit::CentreCrop { resize: 2 }), &ramp(4, 2));
    assert_eq!(out[..4], [10., 20., 10., 20.]);
}

#[test]
fn colour_order_range_layout_and_type_are_kept() {
    let mut s = spec(1, 1, Fit::Stretch);
    s.order = ColourOrder::Bgr;
    s.range = Range { scale: 1.0 / 255.0, mean: [0.5, 0.0, 0.0], std: [0.5, 1.0, 1.0] };
    let frame = Frame::filled(3, 3, [255, 51, 102, 255]);
    let out = run(s.clone(), &frame);
    // Blue first: (0.4 − 0.5) / 0.5; then green 0.2, red 1.
    assert!((out[0] + 0.2).abs() < 1e-6 && (out[1] - 0.2).abs() < 1e-6 && (out[2] - 1.0).abs() < 1e-6);

    s.layout = Layout::Nhwc;
    s.element = Element::F16;
    let mut half = vec![f16::ZERO; 3];
    InputStage::new(s.clone()).write(&frame, TensorMut::F16(&mut half)).expect("fits");
    assert!((half[2].to_f32() - 1.0).abs() < 1e-3);

    let mut s = spec(1, 1, Fit::Stretch);
    s.element = Element::U8;
    let mut bytes = vec![0; 3];
    InputStage::new(s).write(&frame, TensorMut::U8(&mut bytes)).expect("fits");
    assert_eq!(bytes, [255, 51, 102]);

    let mut s = spec(1, 1, Fit::Stretch);
    s.element = Element::I32;
    s.layout = Layout::Nhwc;
    let mut whole = vec![0; 3];
    InputStage::new(s).write(&frame, TensorMut::I32(&mut whole)).expect("fits");
    assert_eq!(whole, [255, 51, 102]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut stage = InputStage::new(spec(2, 2, Fit::Stretch));
    let mut out = vec![0.0; 11];
    assert_eq!(stage.write(&ramp(2, 2), TensorMut::F32(&mut out)), Err(InputError::WrongTensor));
    let mut frame = ramp(2, 2);
    frame.data.pop();
    let mut out = vec![0.0; 12];
    assert_eq!(stage.write(&frame, TensorMut::F32(&mut out)), Err(InputError::NotWhole));
}

/// `cv::resize` as OpenCV's source has it for 8 bits, `INTER_LINEAR`, one pixel at a time, letterboxed; in `Range::BYTE`.
fn by_definition(frame: &Frame, geometry: &Geometry, pad: u8) -> Vec<f32> {
    let (width, height) = (geometry.input.0 as usize, geometry.input.1 as usize);
    let halved = geometry.frame == (geometry.scaled.0 * 2, geometry.scaled.1 * 2);
    let tap = |at: i64, scaled: u32, source: u32| {
        let last = i64::from(source) - 1;
        let position = ((at as f64 + 0.5) * (f64::from(source) / f64::from(scaled)) - 0.5) as f32;
        let (floor, weight) = (position.floor(), position - position.floor());
        let (first, weight) = match floor as i64 {
            first if first < 0 => (0, 0.0),
            first if first >= last => (last, 0.0),
            first => (first, weight),
        };
        let weights = [1.0 - weight, weight].map(|w: f32| (w * 2048.0).round_ties_even() as i32);
        ([first as usize, (first + 1).min(last) as usize], weights)
    };
    let at = |x: usize, y: usize, c: usize| i32::from(frame.data[(y * frame.width as usize + x) * 4 + c]);
    let mut out = vec![f32::from(pad); width * height * 3];
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = (x as i64 - geometry.offset[0] as i64, y as i64 - geometry.offset[1] as i64);
            let outside = |v: i64, most: u32| v < 0 || v >= i64::from(most);
            if outside(sx, geometry.scaled.0) || outside(sy, geometry.scaled.1) {
                continue;
            }
            let (xs, wx) = tap(sx, geometry.scaled.0, geometry.frame.0);
            let (ys, wy) = tap(sy, geometry.scaled.1, geometry.frame.1);
            for c in 0..3 {
                let across = |y: usize| (at(xs[0], y, c) * wx[0] + at(xs[1], y, c) * wx[1]) >> 4;
                let byte = if halved {
                    (at(xs[0], ys[0], c)
                        + at(xs[1], ys[0], c)
                        + at(xs[0], ys[1], c)
                        + at(xs[1], ys[1], c)
                        + 2)
                        >> 2
                } else {
                    (((across(ys[0]) * wy[0]) >> 16) + ((across(ys[1]) * wy[1]) >> 16) + 2) >> 2
                };
                out[(c * height + y) * width + x] = byte as f32;
            }
        }
    }
    out
}

/// Bytes without a pattern that a resize could hide behind.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_add(seed).wrapping_mul(0x9e37_79b1) >> 21) as u8).collect()
}

proptest::proptest! {
    #[test]
    fn every_size_is_resized_as_opencv_does(
        w in 1u32..70, h in 1u32..40, iw in 1u32..60, ih in 1u32..60, kind in 0..4, seed: u32,
    ) {
        let letterbox = Fit::Letterbox { pad: 114, centred: true, rounded: true };
        let crop = Fit::CentreCrop { resize: iw.max(ih) };
        // Stretched to its own size and to its half too, which have loops of their own.
        let (fit, iw, ih) = [(letterbox, iw, ih), (crop, iw, ih), (Fit::Stretch, w, h), (Fit::Stretch, iw, ih)][kind as usize];
        let (w, h) = if kind == 3 { (iw * 2, ih * 2) } else { (w, h) };
        let mut frame = Frame::filled(w, h, [0; 4]);
        frame.data = noise(frame.data.len(), seed);
        let spec = spec(iw, ih, fit);
        let geometry = Geometry::new((w, h), spec.size, fit);
        let pad = if matches!(fit, Fit::Letterbox { .. }) { 114 } else { 0 };
        proptest::prop_assert_eq!(run(spec, &frame), by_definition(&frame, &geometry, pad));
    }

    #[test]
    fn raw_frames_give_the_tensor_of_their_rgba(
        w in 1u32..70, h in 1u32..40, side in 1u32..60, kind in 0..5, halved: bool, seed: u32,
    ) {
        let format = [PixelFormat::Yuyv, PixelFormat::Nv12, PixelFormat::Rgb8, PixelFormat::Bgr8, PixelFormat::Gray8][kind as usize];
        let mut raw = Frame { width: w, height: h, format, ..Frame::default() };
        raw.data = noise(format.byte_len(w, h).expect("uncompressed"), seed);
        let mut rgba = Frame::default();
        convert::Decoder::default().decode(&raw, &mut rgba).expect("decoded");
        let fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };
        let spec = if halved && w > 1 && h > 1 { spec(w / 2, h / 2, Fit::Stretch) } else { spec(side, side, fit) };
        proptest::prop_assert_eq!(run(spec.clone(), &raw), run(spec, &rgba));
    }
}

/// What Pillow makes of one axis: for each output pixel the first source pixel and the weights, as its `precompute_coeffs` and
/// `normalize_coeffs_8bpc` have it.
fn pillow_weights(source: u32, scaled: u32, bicubic: bool) -> Vec<(usize, Vec<i64>)> {
    let scale = f64::from(source) / f64::from(scaled);
    let wider = if scale < 1.0 { 1.0 } else { scale };
    let support = if bicubic { 2.0 } else { 1.0 } * wider;
    let kernel = |x: f64| {
        let x = x.abs();
        match bicubic {
            false => {
                if x < 1.0 {
                    1.0 - x
                } else {
                    0.0
                }
            }
            true if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            true if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            true => 0.0,
        }
    };
    (0..scaled)
        .map(|at| {
            let centre = (f64::from(at) + 0.5) * scale;
            let begin = ((centre - support + 0.5) as i64).max(0);
            let end = ((centre + support + 0.5) as i64).min(i64::from(source));
            let values: Vec<f64> = (begin..end).map(|x| kernel((x as f64 - centre + 0.5) / wider)).collect();
            let sum: f64 = values.iter().sum();
            let whole = |v: &f64| {
                let v = v / sum * f64::from(1 << 22);
                (if v < 0.0 { v - 0.5 } else { v + 0.5 }) as i64
            };
            (begin as usize, values.iter().map(whole).collect())
        })
        .collect()
}

/// A frame resized, pixel by pixel, then cut, as Pillow does it; in `Range::BYTE`.
fn pillow_by_definition(frame: &Frame, geometry: &Geometry, bicubic: bool) -> Vec<f32> {
    let clip = |sum: i64| (((1 << 21) + sum) >> 22).clamp(0, 255);
    let (fw, fh) = (frame.width as usize, frame.height as usize);
    let (sw, sh) = (geometry.scaled.0 as usize, geometry.scaled.1 as usize);
    let columns = pillow_weights(frame.width, geometry.scaled.0, bicubic);
    let rows = pillow_weights(frame.height, geometry.scaled.1, bicubic);
    let (width, height) = (geometry.input.0 as usize, geometry.input.1 as usize);
    let mut out = vec![0.0; width * height * 3];
    for c in 0..3 {
        let mut across = vec![0i64; sw * fh];
        for y in 0..fh {
            for (x, (first, weights)) in columns.iter().enumerate() {
                let pixel = |i: usize| i64::from(frame.data[(y * fw + first + i) * 4 + c]);
                across[y * sw + x] = clip(weights.iter().enumerate().map(|(i, w)| pixel(i) * w).sum());
            }
        }
        for y in 0..height {
            for x in 0..width {
                let sx = x as i64 - geometry.offset[0] as i64;
                let sy = y as i64 - geometry.offset[1] as i64;
                if (0..sw as i64).contains(&sx) && (0..sh as i64).contains(&sy) {
                    let (first, weights) = &rows[sy as usize];
                    let pixel = |i: usize| across[(first + i) * sw + sx as usize];
                    let sum = weights.iter().enumerate().map(|(i, w)| pixel(i) * w).sum();
                    out[(c * height + y) * width + x] = clip(sum) as f32;
                }
            }
        }
    }
    out
}

proptest::proptest! {
    #[test]
    fn every_size_is_resampled_as_pillow_does(
        w in 1u32..70, h in 1u32..40, iw in 1u32..60, ih in 1u32..60, resize in 1u32..60, stretch: bool, bicubic: bool, seed: u32,
    ) {
        let fit = if stretch { Fit::Stretch } else { Fit::CentreCrop { resize } };
        let resample = if bicubic { Resample::Bicubic } else { Resample::Bilinear };
        let mut frame = Frame::filled(w, h, [0; 4]);
        frame.data = noise(frame.data.len(), seed);
        let spec = pillow_spec(resample, iw, ih, fit);
        let geometry = Geometry::new((w, h), spec.size, fit);
        proptest::prop_assert_eq!(run(spec, &frame), pillow_by_definition(&frame, &geometry, bicubic));
    }
}

/// `tests/reference/resampled.json` holds what Pillow itself and torchvision's rounding of sizes give (`make_resampled.py`).
#[test]
fn tensors_are_those_of_pillow() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../tests/reference/resampled.json")).expect("JSON");
    assert!(cases.len() >= 10);
    for case in cases {
        let number = |key: &str| case[key].as_u64().expect(key) as u32;
        let (width, height, side) = (number("width"), number("height"), number("side"));
        let mut frame = Frame::filled(width, height, [255; 4]);
        for (i, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
            let (x, y) = (i as u32 % width, i as u32 / width);
            // A ramp, a coarse pattern and noise.
            pixel[0] = (x * 255 / width) as u8;
            pixel[1] = if (x / 9 + y / 7) % 2 == 0 { 230 } else { 20 };
            pixel[2] = ((i as u32).wrapping_mul(0x9e37_79b1) >> 24) as u8;
        }
        let resample: Resample = serde_json::from_value(case["resample"].clone()).expect("a kernel");
        let spec = pillow_spec(resample, side, side, Fit::CentreCrop { resize: number("resize") });
        let tensor = run(spec, &frame);
        let step = number("step") as usize;
        let want = case["samples"].as_array().expect("samples");
        let side = side as usize;
        let got = (0..3).flat_map(|c| (0..side).step_by(step).map(move |y| (c, y)));
        let got: Vec<f32> = got
            .flat_map(|(c, y)| (0..side).step_by(step).map(move |x| (c * side + y) * side + x))
            .map(|at| tensor[at])
            .collect();
        assert_eq!(got.len(), want.len(), "{width}×{height}");
        for (at, (got, want)) in got.iter().zip(want).enumerate() {
            assert_eq!(
                f64::from(*got),
                want.as_f64().expect("a byte"),
                "{width}×{height} {resample:?} sample {at}"
            );
        }
        let sum: f64 = tensor.iter().map(|v| f64::from(*v)).sum();
        assert_eq!(sum, case["sum"].as_f64().expect("a sum"), "{width}×{height} {resample:?}: all pixels");
    }
}

/// An image of 130×90 stretched to 64×64 with Pillow's bicubic kernel, then the middle 56×56 cut out, as transformers does for
/// `DeiT`. The numbers are Pillow's: `image.resize((64, 64), BICUBIC).crop((4, 4, 60, 60))`.
#[test]
fn an_image_that_is_stretched_and_cut_is_that_of_pillow() {
    let (width, height) = (130, 90);
    let mut frame = Frame::filled(width, height, [255; 4]);
    for (i, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i as u32 % width, i as u32 / width);
        pixel[0] = (x * 255 / width) as u8;
        pixel[1] = if (x / 9 + y / 7) % 2 == 0 { 230 } else { 20 };
        pixel[2] = ((i as u32).wrapping_mul(0x9e37_79b1) >> 24) as u8;
    }
    let fit = Fit::StretchCrop { width: 64, height: 64 };
    let tensor = run(pillow_spec(Resample::Bicubic, 56, 56, fit), &frame);
    let places = [(0, 0), (0, 55), (17, 31), (55, 0), (55, 55)];
    let got: Vec<f32> =
        (0..3).flat_map(|c| places.map(|(y, x)| (c * 56 + y) * 56 + x)).map(|at| tensor[at]).collect();
    let pillow =
        [16.0, 236.0, 140.0, 16.0, 236.0, 112.0, 31.0, 137.0, 132.0, 175.0, 95.0, 141.0, 138.0, 122.0, 122.0];
    assert_eq!(got, pillow);
    assert_eq!(tensor.iter().map(|v| f64::from(*v)).sum::<f64>(), 1_187_797.0);
}

/// The loops for AVX2 and those of the baseline give the same bits.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_vector_width_changes_nothing() {
    if !std::arch::is_x86_feature_detected!("avx2") {
        return;
    }
    for (w, h, side) in [(131, 77, 64), (64, 64, 64), (128, 96, 64), (30, 20, 64)] {
        let mut frame = Frame::filled(w, h, [0; 4]);
        frame.data = noise(frame.data.len(), w);
        let spec = spec(side, side, Fit::Letterbox { pad: 114, centred: true, rounded: true });
        let wide = run(spec.clone(), &frame);
        let mut out = vec![0.0; wide.len()];
        let mut stage = InputStage::new(spec);
        stage.fit((w, h));
        stage.fill(&frame, &mut TensorMut::F32(&mut out), (side as usize, side as usize));
        assert_eq!(out, wide, "{w}×{h}");
    }
}
