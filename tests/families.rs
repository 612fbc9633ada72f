//! Every family is recognised from its file and decoded by its own published formula.
//!
//! The files of `tests/families/models` are written by `tests/families/make_models.py`, which works out each family's raw
//! values by the inverse of that formula: every detector among them finds one thing, class 1 with score 0.75 in the
//! box x 8..40, y 20..30 of its 64×64 input, whatever it is shown.

mod common;

use std::path::{Path, PathBuf};

use sightline::frame::Frame;
use sightline::model::results::PlaneValues;
use sightline::model::sidecar::Sidecar;
use sightline::model::spec::{ColourOrder, Range, Size};
use sightline::model::{self, Family, Model, OpenOptions, Results, Task, Thresholds};

/// How the 64×64 input lies over a 128×64 frame: where the box x 8..40, y 20..30 comes out.
#[derive(Clone, Copy)]
enum Fitted {
    /// Stretched: x doubles.
    Stretched,
    /// Shrunk to 64×32 in the middle: everything doubles, 16 rows of padding go.
    Centred,
    /// Shrunk to 64×32 at the top: everything doubles, and the rest ends at the frame.
    TopLeft,
}

impl Fitted {
    fn of(self, [x, y]: [f32; 2]) -> [f32; 2] {
        match self {
            Self::Stretched => [x * 2.0, y],
            Self::Centred => [x * 2.0, (y - 16.0) * 2.0],
            Self::TopLeft => [x * 2.0, y * 2.0],
        }
    }
}

use Fitted::{Centred, Stretched, TopLeft};

/// File, family, class, fit.
const DETECTORS: &[(&str, Family, u32, Fitted)] = &[
    ("yolov5", Family::Yolov5, 1, Centred),
    ("yolov6", Family::Yolov6, 1, Centred),
    ("yolov7_grid", Family::Yolov7, 1, Centred),
    ("yolov7_maps", Family::Yolov7, 1, Centred),
    ("yolov7_end2end", Family::Yolov7, 1, Centred),
    ("yolov9", Family::Yolov9, 1, Centred),
    ("yolov9_half", Family::Yolov9, 1, Centred),
    ("yolov9_qdq", Family::Yolov9, 1, Centred),
    ("yolov9_two_heads", Family::Yolov9, 1, Centred),
    ("yolov10_rows", Family::Ultralytics, 1, Centred),
    ("yolov2", Family::Yolov2, 1, Stretched),
    ("yolov3_zoo", Family::Yolov3Keras, 1, Centred),
    ("yolov4_tianxiaomo", Family::Yolov4, 1, Stretched),
    ("yolov4_zoo", Family::Yolov4Keras, 1, Centred),
    ("yolox", Family::Yolox, 1, TopLeft),
    ("yolox_decoded", Family::Yolox, 1, TopLeft),
    ("yolo_nas_batch", Family::YoloNas, 1, Centred),
    ("yolo_nas_flat", Family::YoloNas, 1, Centred),
    ("yolo_nas_raw", Family::YoloNas, 1, Centred),
    ("pp_yoloe", Family::PpYoloe, 1, Stretched),
    ("damo_yolo", Family::DamoYolo, 1, Stretched),
    ("nanodet_plus", Family::NanoDet, 1, Stretched),
    ("nanodet_v1", Family::NanoDet, 1, Stretched),
    ("fastestdet", Family::FastestDet, 1, Stretched),
    ("rt_detr", Family::RtDetr, 1, Stretched),
    ("rt_detr_ultralytics", Family::RtDetrUltralytics, 1, Stretched),
    ("rf_detr", Family::RfDetr, 1, Stretched),
    ("ssd_mobilenet", Family::TfDetection, 1, Stretched),
    ("nms_inside", Family::NmsInside, 1, Centred),
    ("ultraface", Family::UltraFace, 0, Stretched),
    ("yunet", Family::YuNet, 0, TopLeft),
    ("yolov5_face", Family::Yolov5Face, 0, Centred),
    ("yolov5_face_maps", Family::Yolov5Face, 0, Centred),
];

/// File, family, task, as the file alone tells.
const OTHERS: &[(&str, Family, Task)] = &[
    ("yolov6_other_name", Family::Yolox, Task::Detect),
    ("yolov7_open", Family::Yolox, Task::Detect),
    ("centerface", Family::CenterFace, Task::Detect),
    ("yolov5_seg", Family::Yolov5, Task::Segment),
    ("rf_detr_seg", Family::RfDetr, Task::Segment),
    ("st_gcn", Family::StGcn, Task::Action),
    ("movenet", Family::MoveNet, Task::Pose),
    ("neural_style", Family::NeuralStyle, Task::Stylize),
    ("anime_gan", Family::Gan, Task::Stylize),
    ("enhance", Family::Enhance, Task::Stylize),
    ("super_resolution", Family::SuperResolution, Task::Stylize),
    ("modnet", Family::Matting, Task::Matte),
    ("rvm", Family::Rvm, Task::Matte),
    ("lora_classifier", Family::Classifier, Task::Classify),
    ("depth_anything", Family::Depth, Task::Depth),
    ("midas", Family::Depth, Task::Depth),
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(format!("{name}.onnx"))
}

/// The sample models, as the file alone tells.
const SAMPLES: &[(&str, Family, Task)] = &[
    ("yolox_nano", Family::Yolox, Task::Detect),
    ("yolov8n_int8", Family::Ultralytics, Task::Detect),
    ("yolo11n_int8", Family::Ultralytics, Task::Detect),
    ("yolo26n_int8", Family::Ultralytics, Task::Detect),
    ("yolov8n-seg_int8", Family::Ultralytics, Task::Segment),
    ("deeplab_v3", Family::Segmenter, Task::Semantic),
    ("mobilenet_v2_int8", Family::Classifier, Task::Classify),
    ("deimv2_atto_int8", Family::RtDetr, Task::Detect),
    ("mosaic_nc8_256", Family::NeuralStyle, Task::Stylize),
    ("candy_nc16_256", Family::NeuralStyle, Task::Stylize),
    ("sci_480x640", Family::Enhance, Task::Stylize),
    ("selfie_segmentation", Family::Matting, Task::Matte),
    ("tcmonodepth_small_192x320", Family::Depth, Task::Depth),
    ("ultraface_rfb_320", Family::UltraFace, Task::Detect),
    ("yunet_2023mar", Family::YuNet, Task::Detect),
    ("yolov5n-0.5-face", Family::Yolov5Face, Task::Detect),
];

fn open(name: &str) -> Model {
    Model::open(&file(name), &OpenOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn look(model: &mut Model, frame: &Frame) -> Results {
    let mut results = Results::default();
    model
        .run(frame, &Thresholds::default(), &mut results)
        .unwrap_or_else(|e| panic!("{}: {e}", model.name()));
    results
}

fn assert_near(name: &str, got: &[f32], want: &[f32]) {
    let near = got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() < 0.02);
    assert!(near, "{name}: {got:?} should be {want:?}");
}

#[test]
fn every_file_tells_its_family() {
    let detectors = DETECTORS.iter().map(|&(name, family, ..)| (name, family, Task::Detect));
    for (name, family, task) in detectors.chain(OTHERS.iter().copied()) {
        let spec = model::inspect(&file(name)).expect(name).spec.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!((spec.family, spec.task), (family, task), "{name}: {:?}", spec.evidence);
        assert!(spec.confidence > 0.0 && spec.confidence <= 1.0, "{name}: {}", spec.confidence);
        assert!(!spec.evidence.is_empty() && spec.evidence.iter().all(|line| !line.is_empty()), "{name}");
    }
    let every = std::fs::read_dir(file("x").parent().expect("a folder")).expect("the models").count();
    // YOLOv10's corners are chosen by hand, TensorRT's NMS can't run, and one file is an adapter.
    assert_eq!(every, DETECTORS.len() + OTHERS.len() + 3);
}

/// How sure a family is, from what the file shows of it: metadata of the exporter first, then inputs and outputs that only one
/// family has, then shapes that several share, and last a guess that a run has to confirm.
#[test]
fn the_surer_a_file_is_the_more_it_shows() {
    const ORDER: &[(&str, &str)] = &[
        ("yolov5", "yolov6"),
        ("yolov9", "yolox"),
        ("yolov5", "yolov7_maps"),
        ("rt_detr", "nms_inside"),
        ("yolov4_tianxiaomo", "yolov2"),
        ("yolov7_end2end", "yolov7_maps"),
        ("yolox", "yolov7_open"),
        ("anime_gan", "neural_style"),
        ("depth_anything", "midas"),
        ("rvm", "modnet"),
    ];
    let sure = |name: &str| model::inspect(&file(name)).expect(name).spec.expect(name).confidence;
    for (surer, other) in ORDER {
        assert!(sure(surer) > sure(other), "{surer} {} and {other} {}", sure(surer), sure(other));
    }
}

#[test]
fn every_sample_tells_its_family() {
    for &(name, family, task) in SAMPLES {
        let path = common::shared(&format!("models/{name}.onnx"));
        let spec = model::inspect(&path).expect(name).spec.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!((spec.family, spec.task), (family, task), "{name}: {:?}", spec.evidence);
        assert!(spec.confidence > 0.0 && spec.confidence <= 1.0, "{name}: {}", spec.confidence);
    }
}

#[test]
fn every_detector_finds_its_one_box() {
    let frame = Frame::filled(128, 64, [90, 120, 150, 255]);
    for &(name, family, class, fit) in DETECTORS {
        let mut model = open(name);
        assert_eq!(model.spec().family, family, "{name}");
        let found = look(&mut model, &frame);
        assert_eq!(found.detections.len(), 1, "{name}: {:?}", found.detections);
        let d = &found.detections[0];
        assert_eq!(d.class_id, class, "{name}");
        let ([x1, y1], [x2, y2]) = (fit.of([8.0, 20.0]), fit.of([40.0, 30.0]));
        assert_near(name, &d.bbox, &[x1, y1, x2, y2]);
        assert!((d.score - 0.75).abs() < 1e-4, "{name}: {}", d.score);
        // Landmarks at the box's corners and its centre.
        let points: Vec<f32> = found.keypoints_of(d).iter().flat_map(|p| [p.x, p.y]).collect();
        if matches!(family, Family::YuNet | Family::Yolov5Face) {
            let want = [[8.0, 20.0], [40.0, 20.0], [24.0, 25.0], [8.0, 30.0], [40.0, 30.0]];
            assert_near(name, &points, &want.map(|p| fit.of(p)).concat());
        } else {
            assert!(points.is_empty(), "{name}");
        }
        // A second frame goes through the same buffers.
        assert_eq!(look(&mut model, &frame).detections, found.detections, "{name}");
    }
}

#[test]
fn open_sizes_are_settled_by_a_run() {
    let mut model = open("yolov7_open");
    let spec = model.spec();
    assert_eq!((spec.family, spec.output.classes), (Family::Yolov7, Some(80)), "{:?}", spec.evidence);
    assert_eq!(spec.input.size, Size::Dynamic { width: 640, height: 640, stride: 32 });
    let found = look(&mut model, &Frame::filled(640, 320, [9, 9, 9, 255]));
    assert_near("yolov7_open", &found.detections[0].bbox, &[8.0, 20.0, 40.0, 30.0]);
}

#[test]
fn masks_cover_the_left_of_their_boxes() {
    let frame = Frame::filled(128, 64, [9, 9, 9, 255]);
    // Cells of 4 input pixels: 6 of them are 24 pixels, the left half of the box 8..40.
    for (name, fit) in [("yolov5_seg", Centred), ("rf_detr_seg", Stretched)] {
        let found = look(&mut open(name), &frame);
        let d = &found.detections[0];
        let ([x1, y1], [x2, y2]) = (fit.of([8.0, 20.0]), fit.of([40.0, 30.0]));
        assert_near(name, &d.bbox, &[x1, y1, x2, y2]);
        let mask = found.mask_of(d).unwrap_or_else(|| panic!("{name}: no mask"));
        let inside = |x: f32| {
            let [left, top, right, bottom] = mask.region;
            let column = ((x - left) / (right - left) * mask.width as f32) as usize;
            let row = (f32::midpoint(y1, y2) - top) / (bottom - top) * mask.height as f32;
            mask.data[row as usize * mask.width + column.min(mask.width - 1)] >= 128
        };
        assert_eq!(
            [inside(x1 + 4.0), inside(44.0), inside(52.0), inside(x2 - 4.0)],
            [true, true, false, false]
        );
    }
}

#[test]
fn a_pose_has_its_points_and_their_hull() {
    let found = look(&mut open("movenet"), &Frame::filled(128, 64, [9, 9, 9, 255]));
    let d = &found.detections[0];
    assert_near("movenet", &d.bbox, &[16.0, 8.0, 80.0, 28.0]);
    let points = found.keypoints_of(d);
    assert_near(
        "movenet",
        &[points[1].x, points[1].y, points[16].x, points[16].y],
        &[80.0, 28.0, 48.0, 18.0],
    );
    assert!((d.score - 0.75).abs() < 1e-5 && (points[3].score - 0.75).abs() < 1e-5);
}

#[test]
fn an_objectness_of_one_everywhere_is_yolov6() {
    let mut model = open("yolov6_other_name");
    let spec = model.spec();
    assert_eq!(
        (spec.family, spec.input.order, spec.input.range),
        (Family::Yolov6, ColourOrder::Rgb, Range::UNIT)
    );
    let found = look(&mut model, &Frame::filled(128, 64, [9, 9, 9, 255]));
    assert_near("yolov6_other_name", &found.detections[0].bbox, &[16.0, 8.0, 80.0, 28.0]);
}

#[test]
fn a_head_with_corners_is_read_when_the_user_says_so() {
    let overrides = Sidecar { family: Some(Family::Yolov10Corners), ..Sidecar::default() };
    let options = OpenOptions { overrides: Some(overrides), ..OpenOptions::default() };
    let mut model = Model::open(&file("yolov10_corners"), &options).expect("opens");
    let found = look(&mut model, &Frame::filled(128, 64, [9, 9, 9, 255]));
    assert_eq!((found.detections.len(), found.detections[0].class_id), (1, 1));
    assert_near("yolov10_corners", &found.detections[0].bbox, &[16.0, 8.0, 80.0, 28.0]);
    // The file alone looks like YOLOv8's head, whose boxes are centre and size.
    assert_eq!(open("yolov10_corners").spec().family, Family::Ultralytics);
}

#[test]
fn tensorrt_operators_end_in_a_sentence_with_the_way_out() {
    let error = Model::open(&file("tensorrt_nms"), &OpenOptions::default()).expect_err("can't run");
    assert!(error.to_string().contains("EfficientNMS_TRT"), "{error}");
    assert!(error.fix().contains("end2end") || error.fix().contains("end-to-end"), "{}", error.fix());
}

#[test]
fn every_family_can_be_chosen_by_hand_and_answers_or_says_why_not() {
    let frame = Frame::filled(64, 64, [50, 60, 70, 255]);
    for name in ["yolov5", "enhance", "rt_detr", "midas", "yunet"] {
        for family in Family::ALL {
            let options = OpenOptions {
                overrides: Some(Sidecar { family: Some(family), ..Sidecar::default() }),
                ..OpenOptions::default()
            };
            // Whatever comes, it is no panic.
            if let Ok(mut model) = Model::open(&file(name), &options) {
                let _ = model.run(&frame, &Thresholds::default(), &mut Results::default());
            }
        }
    }
}

/// The colour of a plane's image at one pixel.
fn pixel(results: &Results, x: usize, y: usize) -> [u8; 3] {
    let plane = results.plane.as_ref().expect("a plane");
    let PlaneValues::Image(pixels) = &plane.values else { panic!("{:?}", plane.values) };
    let at = (y * plane.width + x) * 4;
    [pixels[at], pixels[at + 1], pixels[at + 2]]
}

#[test]
fn a_generator_works_in_minus_one_to_one() {
    let mut model = open("anime_gan");
    assert_eq!((model.spec().family, model.spec().input.range), (Family::Gan, Range::SIGNED));
    assert!(
        model.spec().evidence.iter().any(|line| line.contains("probe runs")),
        "{:?}",
        model.spec().evidence
    );
    let found = look(&mut model, &Frame::filled(64, 64, [255, 0, 191, 255]));
    // tanh(±1) = ±0.7616, tanh(191 / 127.5 − 1 = 0.498) = 0.4606; (y + 1) · 127.5.
    assert_eq!(pixel(&found, 5, 5), [225, 30, 186]);
}

#[test]
fn an_enhancer_works_in_zero_to_one() {
    let mut model = open("enhance");
    assert_eq!((model.spec().family, model.spec().input.range), (Family::Enhance, Range::UNIT));
    let found = look(&mut model, &Frame::filled(64, 64, [20, 100, 200, 255]));
    assert_eq!(pixel(&found, 63, 63), [40, 200, 255]);
}

#[test]
fn a_style_network_works_in_bytes() {
    let model = open("neural_style");
    assert_eq!((model.spec().family, model.spec().input.range), (Family::NeuralStyle, Range::BYTE));
    assert!(model.spec().evidence.iter().any(|line| line.contains("probe runs")));
}

#[test]
fn a_larger_image_covers_the_same_frame() {
    let mut model = open("super_resolution");
    assert_eq!((model.spec().family, model.spec().input.range), (Family::SuperResolution, Range::UNIT));
    let found = look(&mut model, &Frame::filled(64, 64, [20, 100, 200, 255]));
    let plane = found.plane.as_ref().expect("a plane");
    assert_eq!((plane.width, plane.height, plane.region), (128, 128, [0.0, 0.0, 64.0, 64.0]));
    assert_eq!(pixel(&found, 127, 0), [20, 100, 200]);
}

fn matte(results: &Results) -> &[f32] {
    let Some(PlaneValues::Matte(values)) = results.plane.as_ref().map(|p| &p.values) else {
        panic!("no matte")
    };
    values
}

#[test]
fn a_matte_keeps_the_shape_of_the_image() {
    let mut model = open("modnet");
    let found = look(&mut model, &Frame::filled(128, 64, [153, 0, 0, 255]));
    let plane = found.plane.as_ref().expect("a plane");
    assert_eq!((plane.width, plane.height), (512, 256), "sides of whole 32 pixels, the longer one 512");
    // σ(10 · (153 / 127.5 − 1)) = σ(2).
    assert!((matte(&found)[0] - 0.8808).abs() < 1e-3, "{}", matte(&found)[0]);
}

#[test]
fn video_matting_carries_its_state_and_forgets_it_with_the_size() {
    let mut model = open("rvm");
    model.warm_up().expect("runs");
    let wide = Frame::filled(128, 64, [90, 90, 90, 255]);
    let tall = Frame::filled(64, 128, [90, 90, 90, 255]);
    let mut results = Results::default();
    let mut alpha = |frame: &Frame| {
        model.run(frame, &Thresholds::default(), &mut results).expect("runs");
        (matte(&results)[0] * 10.0).round() as u32
    };
    assert_eq!([alpha(&wide), alpha(&wide), alpha(&wide)], [1, 2, 3], "the state counts frames");
    assert_eq!([alpha(&tall), alpha(&tall)], [1, 2], "another size begins anew");
    let mut other = wide.clone();
    other.origin = Some("another.jpg".into());
    assert_eq!([alpha(&wide), alpha(&wide), alpha(&other)], [1, 2, 1], "so does another file");
    model.forget();
    model.run(&other, &Thresholds::default(), &mut results).expect("runs");
    assert_eq!((matte(&results)[0] * 10.0).round(), 1.0, "and a model that is taken up again");
}

#[test]
fn depth_comes_without_an_axis_of_channels() {
    let mut model = open("depth_anything");
    assert_eq!(model.spec().input.range, Range::IMAGENET);
    let found = look(&mut model, &Frame::filled(64, 64, [255, 255, 255, 255]));
    let plane = found.plane.expect("a plane");
    assert_eq!((plane.width, plane.height), (70, 70));
    let PlaneValues::Depth { values, larger_is_nearer, metric } = plane.values else { panic!("no depth") };
    // White: the mean of (1 − mean) / std over the channels.
    assert!(larger_is_nearer && !metric && (values[0] - 2.4392).abs() < 1e-3, "{}", values[0]);
}

#[test]
fn an_adapter_beside_a_model_changes_what_it_finds() {
    let path = file("lora_classifier");
    let adapters = model::adapter::adapters_of(&path);
    assert_eq!(adapters, [path.with_extension("onnx_adapter")]);
    let frame = Frame::filled(64, 64, [9, 9, 9, 255]);
    let best = |adapter: Option<PathBuf>| {
        let mut model =
            Model::open(&path, &OpenOptions { adapter, ..OpenOptions::default() }).expect("opens");
        look(&mut model, &frame).top[0].class_id
    };
    assert_eq!((best(None), best(adapters.first().cloned())), (2, 5));
    // What is no adapter is named.
    let wrong = OpenOptions { adapter: Some(path.clone()), ..OpenOptions::default() };
    let error = Model::open(&path, &wrong).expect_err("no adapter");
    assert!(error.to_string().contains("adapter") && !error.fix().is_empty(), "{error}");
}

/// A video of one still frame, 30 a second.
fn video(number: u32) -> Frame {
    let mut frame = Frame::filled(64, 64, [9, 9, 9, 255]);
    frame.sequence = u64::from(number);
    frame.time_s = Some(f64::from(number) / 30.0);
    frame
}

#[test]
fn an_action_is_told_from_the_skeletons_of_the_last_frames() {
    let options = OpenOptions { pose: Some(file("movenet")), ..OpenOptions::default() };
    let mut model = Model::open(&file("st_gcn"), &options).expect("opens");
    assert_eq!(model.spec().companion, Some(file("movenet")));
    model.warm_up().expect("runs");
    let first = look(&mut model, &video(0));
    assert_eq!(
        (first.task, first.top.len(), first.detections.len()),
        (Task::Action, 0, 1),
        "one frame tells nothing"
    );
    assert_eq!(first.keypoints_of(&first.detections[0]).len(), 17);
    // The nose at 8 of 64 pixels: (8 / 64 - 0.5) * -10 = 3.75; the neck between the shoulders at 24, 25 with
    // confidence 0.75: -1.25, -1.09375 and 0.75 * 4 = 3; nothing yet in the oldest of 16 frames: -3.
    let score = |logit: f32, others: &[f32]| logit.exp() / others.iter().map(|l| l.exp()).sum::<f32>();
    let logits = [3.75, 3.0, -1.09375, -1.25, -3.0];
    let found = look(&mut model, &video(1));
    let want =
        [(4, 3.75), (3, 3.0), (2, -1.09375), (1, -1.25), (6, -3.0)].map(|(id, l)| (id, score(l, &logits)));
    for (got, want) in found.top.iter().zip(want) {
        assert!(got.class_id == want.0 && (got.score - want.1).abs() < 1e-3, "{:?} {want:?}", found.top);
    }
    // When the window is full the nose is there in its oldest frame, too: 0.75 * 10 - 3 = 4.5.
    let later = (2..30).map(|n| look(&mut model, &video(n)).top[0]).last().expect("frames");
    assert!(
        later.class_id == 6 && (later.score - score(4.5, &[4.5, 3.75, 3.0, -1.09375, -1.25])).abs() < 1e-3,
        "{later:?}"
    );
    // Another file begins anew.
    let mut other = video(0);
    other.origin = Some("another.mp4".into());
    assert!(look(&mut model, &other).top.is_empty());
    let labels = &model.spec().labels;
    assert_eq!((labels.len(), labels.english()[4].as_str()), (400, "applying cream"));
}

#[test]
fn skeletons_come_from_the_first_pose_model_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let beside = |name: &str| folder.path().join(format!("{name}.onnx"));
    for name in ["st_gcn", "modnet"] {
        std::fs::copy(file(name), beside(name)).expect("copied");
    }
    let error = Model::open(&beside("st_gcn"), &OpenOptions::default());
    // Unless one lies in this machine's own folders of models, there is none.
    if let Err(error) = error {
        assert!(error.to_string().contains("skeletons") && error.fix().contains("--pose"), "{error}");
    }
    let wrong = OpenOptions { pose: Some(beside("modnet")), ..OpenOptions::default() };
    let error = Model::open(&beside("st_gcn"), &wrong).expect_err("no pose model");
    assert!(error.to_string().contains("modnet.onnx") && error.fix().contains("pose"), "{error}");
    std::fs::copy(file("movenet"), beside("movenet")).expect("copied");
    let model = Model::open(&beside("st_gcn"), &OpenOptions::default()).expect("opens");
    assert_eq!(model.spec().companion, Some(beside("movenet")));
    // A sidecar names another one, beside it.
    std::fs::copy(file("movenet"), beside("other")).expect("copied");
    std::fs::write(folder.path().join("st_gcn.toml"), "companion = 'other.onnx'").expect("written");
    let model = Model::open(&beside("st_gcn"), &OpenOptions::default()).expect("opens");
    assert_eq!(model.spec().companion, Some(beside("other")));
}

#[test]
fn a_style_covers_the_person_only_where_a_matte_says_so() {
    let options = OpenOptions { matte: Some(file("modnet")), ..OpenOptions::default() };
    let mut model = Model::open(&file("enhance"), &options).expect("opens");
    model.warm_up().expect("runs");
    // This matte is σ(10 · red) in −1..1: a red left half is a person.
    let mut frame = Frame::filled(64, 64, [0, 100, 100, 255]);
    for (at, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        if at % 64 < 32 {
            pixel[0] = 255;
        }
    }
    let found = look(&mut model, &frame);
    let Some(PlaneValues::Image(pixels)) = found.plane.as_ref().map(|p| &p.values) else {
        panic!("no image")
    };
    let at = |x: usize, y: usize| &pixels[(y * 64 + x) * 4..][..4];
    assert_eq!((at(8, 30), at(56, 30)), (&[255, 200, 200, 255][..], &[0, 200, 200, 0][..]));
    // Detectors pass the matte over; a pose model is no matting model.
    let mut plain = Model::open(&file("yolov5"), &options).expect("opens");
    assert_eq!((plain.spec().companion.clone(), look(&mut plain, &frame).detections.len()), (None, 1));
    let wrong = OpenOptions { matte: Some(file("movenet")), ..OpenOptions::default() };
    let error = Model::open(&file("enhance"), &wrong).expect_err("no matting model");
    assert!(error.to_string().contains("movenet.onnx") && error.fix().contains("matting"), "{error}");
}
