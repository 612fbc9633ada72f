use super::{Unknown, identify};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Family, Range, Size, Spec};

fn tensor(name: &str, shape: &[u64]) -> ValueInfo {
    ValueInfo {
        name: name.into(),
        element: "float".into(),
        shape: shape.iter().map(|n| (*n > 0).then_some(*n)).collect(),
        symbols: vec![None; shape.len()],
    }
}

fn graph(input: &[u64], outputs: &[(&str, &[u64])], metadata: &[(&str, &str)]) -> GraphInfo {
    GraphInfo {
        inputs: vec![tensor("images", input)],
        outputs: outputs.iter().map(|(n, s)| tensor(n, s)).collect(),
        metadata: metadata.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        ..GraphInfo::default()
    }
}

fn known(graph: &GraphInfo) -> Spec {
    identify(graph, &Sidecar::default()).expect("known")
}

#[test]
fn a_two_class_head_is_not_taken_for_end_to_end() {
    let names = [("task", "detect"), ("names", "{0: 'a', 1: 'b'}"), ("stride", "32")];
    let raw = known(&graph(&[1, 3, 640, 640], &[("output0", &[1, 6, 8400])], &names));
    assert!(!raw.output.end_to_end);
    let rows = known(&graph(&[1, 3, 640, 640], &[("output0", &[1, 300, 6])], &names));
    assert!(rows.output.end_to_end);
}

#[test]
fn nms_inside_makes_rows_final() {
    let metadata =
        [("task", "detect"), ("names", "{0: 'a'}"), ("args", "{'nms': True}"), ("end2end", "False")];
    assert!(known(&graph(&[1, 3, 640, 640], &[("output0", &[1, 300, 6])], &metadata)).output.end_to_end);
}

#[test]
fn heads_without_metadata_are_told_by_their_anchors() {
    let v8 = known(&graph(&[1, 3, 640, 640], &[("output0", &[1, 84, 8400])], &[]));
    assert_eq!((v8.family, v8.labels.len()), (Family::Ultralytics, 80));
    let x = known(&graph(&[1, 3, 416, 416], &[("output", &[1, 3549, 85])], &[]));
    assert_eq!((x.family, x.input.order, x.input.range), (Family::Yolox, ColourOrder::Bgr, Range::BYTE));
    // Three anchors a cell: YOLOv7, or YOLOv5 without its metadata.
    let v7 = known(&graph(&[1, 3, 640, 640], &[("output", &[1, 25200, 85])], &[]));
    assert_eq!((v7.family, v7.output.classes), (Family::Yolov7, Some(80)));
    // One class at 256²: six columns, and no end-to-end rows.
    let v5 = known(&graph(
        &[1, 3, 256, 256],
        &[("output0", &[1, 4032, 6])],
        &[("stride", "32"), ("names", "['a']")],
    ));
    assert_eq!((v5.family, v5.output.end_to_end, v5.output.classes), (Family::Yolov5, false, Some(1)));
    let bare = known(&graph(&[1, 3, 256, 256], &[("output0", &[1, 4032, 6])], &[]));
    assert_eq!((bare.family, bare.output.end_to_end), (Family::Yolov7, false));
}

#[test]
fn dynamic_sizes_keep_the_exporters_bound() {
    let metadata = [("task", "detect"), ("names", "{0: 'a'}"), ("imgsz", "[480, 640]"), ("stride", "32")];
    let spec = known(&graph(&[0, 3, 0, 0], &[("output0", &[0, 5, 0])], &metadata));
    assert_eq!(spec.input.size, Size::Dynamic { width: 640, height: 480, stride: 32 });
}

#[test]
fn a_choice_by_hand_wins() {
    let odd = graph(&[1, 3, 64, 64], &[("o", &[1, 9, 9, 9])], &[]);
    assert!(
        identify(&odd, &Sidecar::default())
            .is_err_and(|e| matches!(&e, Unknown::NotUnderstood(t) if t.contains("1×9×9×9")))
    );
    let overrides =
        Sidecar { family: Some(Family::NeuralStyle), range: Some(Range::UNIT), ..Sidecar::default() };
    let spec = identify(&odd, &overrides).expect("chosen");
    assert_eq!((spec.family, spec.input.range, spec.confidence), (Family::NeuralStyle, Range::UNIT, 1.0));
}

#[test]
fn tensorrt_operators_are_named_with_a_remedy() {
    let mut model = graph(&[1, 3, 640, 640], &[("num_dets", &[1, 1])], &[]);
    model.operators.push(("TRT".into(), "EfficientNMS_TRT".into()));
    let identified = identify(&model, &Sidecar::default());
    assert!(
        identified.is_err_and(
            |e| matches!(&e, Unknown::CannotRun { reason, .. } if reason.contains("EfficientNMS"))
        )
    );
}
