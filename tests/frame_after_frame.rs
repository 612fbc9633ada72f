//! A model says of a frame what it says of it first, whatever it saw before; and what is stopped stays stopped.

use sightline::frame::Frame;
use sightline::model::{Model, ModelError, OpenOptions, Results, Thresholds, runtime};
use sightline::source::images;

mod common;

fn image(name: &str) -> Frame {
    let mut frame = Frame::default();
    images::load(&common::shared(name), &mut frame, &mut None).expect("an image");
    frame
}

fn open(name: &str) -> Model {
    runtime::prefer(Some(common::onnx_runtime()));
    Model::open(&common::shared(name), &OpenOptions::default()).expect("it opens")
}

fn look(model: &mut Model, frame: &Frame) -> Results {
    let mut results = Results::default();
    model.run(frame, &Thresholds::default(), &mut results).expect("it runs");
    results
}

/// Outputs are filled anew by every run: nothing of the frame before may be left in them.
#[test]
fn nothing_of_the_frame_before_is_left() {
    let street = image("media/traffic_060.jpg");
    let dark = Frame::filled(street.width, street.height, [0, 0, 0, 255]);
    for name in [
        "yolox_nano",
        "yolo11n_int8",
        "yolov8n-seg_int8",
        "mobilenet_v2_int8",
        "deimv2_atto_int8",
        "selfie_segmentation",
        "candy_nc16_256",
        "tcmonodepth_small_192x320",
    ] {
        let mut model = open(&format!("models/{name}.onnx"));
        let first = look(&mut model, &street);
        let of_dark = look(&mut model, &dark);
        assert_eq!(look(&mut model, &street), first, "{name}: the street again");
        assert_eq!(look(&mut model, &dark), of_dark, "{name}: darkness again");
        assert_ne!(of_dark, first, "{name} tells the street from darkness");
    }
}

#[test]
fn a_stopped_model_runs_no_more() {
    let street = image("media/traffic_060.jpg");
    let mut model = open("models/yolox_nano.onnx");
    for _ in 0..3 {
        look(&mut model, &street);
    }
    model.stop_handle().stop();
    for _ in 0..2 {
        let answer = model.run(&street, &Thresholds::default(), &mut Results::default());
        assert!(matches!(answer, Err(ModelError::Stopped)), "{answer:?}");
    }
}

/// A network of any size gives outputs of any size: none of the run before may be handed to it.
#[test]
fn a_network_of_any_size_runs_on_every_size_without_a_word() {
    let env = common::TestEnv::new();
    let model =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models/centerface.onnx");
    let folder = env.path("sizes");
    std::fs::create_dir(&folder).expect("made");
    let street = image("media/traffic_060.jpg");
    let street = image::RgbaImage::from_raw(street.width, street.height, street.data).expect("whole");
    for (number, (width, height)) in
        [(640, 640), (640, 448), (320, 640), (640, 360), (640, 640)].into_iter().enumerate()
    {
        let resized = image::imageops::thumbnail(&street, width, height);
        resized.save(folder.join(format!("{number}.png"))).expect("saved");
    }
    let mut command = env.command();
    command.args(["predict", "--threads", "1", "--no-progress", "--model"]).arg(&model).arg(&folder);
    let ended = common::Ended::of(command.output().expect("it starts")).with_code(0);
    assert_eq!(ended.err, "", "{}", ended.out);
    assert!(ended.out.contains("5 frames"), "{}", ended.out);
}
