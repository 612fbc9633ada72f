//! The optimised form of a model that is kept: it opens the same model, and never stands in its way.

use std::path::PathBuf;

use sightline::frame::Frame;
use sightline::model::{Model, OpenOptions, Results, Thresholds, runtime};
use sightline::source::images;

mod common;

/// What the model says of the street scene.
fn look(options: &OpenOptions) -> Results {
    runtime::prefer(Some(common::onnx_runtime()));
    let mut frame = Frame::default();
    images::load(&common::shared("media/traffic_060.jpg"), &mut frame, &mut None).expect("an image");
    let mut model = Model::open(&common::shared("models/yolox_nano.onnx"), options).expect("it opens");
    let mut results = Results::default();
    model.run(&frame, &Thresholds::default(), &mut results).expect("it runs");
    results
}

fn kept(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    std::fs::read_dir(folder.path()).expect("the folder").map(|e| e.expect("an entry").path()).collect()
}

#[test]
fn it_says_the_same_and_a_damaged_one_is_replaced() {
    // A stand-in is too small to be worth it.
    common::real("models/yolox_nano.onnx");
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions { cache: Some(folder.path().to_owned()), ..OpenOptions::default() };
    let plain = look(&OpenOptions::default());
    assert!(!plain.detections.is_empty());
    assert_eq!(look(&options).detections, plain.detections, "the first time, while it is written");
    let [file] = &kept(&folder)[..] else { panic!("{:?}", kept(&folder)) };
    assert_eq!(look(&options).detections, plain.detections, "read");
    std::fs::write(file, "broken").unwrap();
    assert_eq!(look(&options).detections, plain.detections, "damaged");
    assert!(std::fs::metadata(file).unwrap().len() > 1000, "it was written anew");
}

/// Old exporters name the weights as inputs: what is folded away would be missed.
#[test]
fn a_model_whose_weights_are_inputs_opens_every_time() {
    let folder = tempfile::tempdir().unwrap();
    runtime::prefer(Some(common::onnx_runtime()));
    let options = OpenOptions { cache: Some(folder.path().to_owned()), ..OpenOptions::default() };
    for _ in 0..3 {
        for model in ["models/mosaic_nc8_256.onnx", "models/candy_nc16_256.onnx"] {
            Model::open(&common::shared(model), &options).expect("it opens");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let options = OpenOptions { cache: Some(file.join("cache")), ..OpenOptions::default() };
    assert!(!look(&options).detections.is_empty());
}
