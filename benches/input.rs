//! The input stage beside its floor: 1280×720 RGBA → 640×640 letterboxed f32 planes, against a copy of that tensor.
//!
//! `cargo bench --bench input`

use std::hint::black_box;
use std::time::Instant;

use sightline::frame::Frame;
use sightline::model::identify::LETTERBOX;
use sightline::model::input::{InputStage, TensorMut};
use sightline::model::spec::{ColourOrder, Element, InputSpec, Layout, Range, Size};

const ROUNDS: usize = 60;

fn main() {
    println!("{:<28} {:>9} {:>9} {:>9}", "input", "median ms", "copy ms", "ratio");
    for (name, frame, side) in [
        ("1280×720 → 640 (half)", (1280, 720), 640),
        ("1280×720 → 416", (1280, 720), 416),
        ("1280×720 → 320", (1280, 720), 320),
        ("640×480 → 640 (same)", (640, 480), 640),
        ("1920×1080 → 640", (1920, 1080), 640),
    ] {
        measure(name, frame, side);
    }
}

/// Medians of stage and copy, taken in turn, so that a busy machine slows both.
fn measure(name: &str, (width, height): (u32, u32), side: u32) {
    let mut frame = Frame::filled(width, height, [1, 2, 3, 255]);
    for (i, byte) in frame.data.iter_mut().enumerate() {
        *byte = ((i * 31) >> 3) as u8;
    }
    let mut stage = InputStage::new(InputSpec {
        name: String::new(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width: side, height: side },
        fit: LETTERBOX,
        order: ColourOrder::Rgb,
        range: Range::UNIT,
        extras: Vec::new(),
    });
    let mut tensor = vec![0f32; (side * side * 3) as usize];
    let mut copy = tensor.clone();
    let (mut inputs, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        stage.write(black_box(&frame), TensorMut::F32(&mut tensor)).expect("the frame fits");
        inputs.push(begin.elapsed());
        let begin = Instant::now();
        copy.copy_from_slice(black_box(&tensor));
        black_box(&mut copy);
        copies.push(begin.elapsed());
    }
    let median = |times: &mut Vec<std::time::Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let (input, copy) = (median(&mut inputs), median(&mut copies));
    println!("{name:<28} {input:>9.3} {copy:>9.3} {:>9.2}", input / copy);
}
