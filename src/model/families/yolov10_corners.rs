//! YOLOv10's own project without its end-to-end head: boxes as corners (THU `yolov10`, `head.py`). Nothing in a file shows it, so
//! it is only chosen by hand.

use crate::model::families::definition::{Definition, Quirks};
use crate::model::families::shared::detector::one_box_an_anchor;
use crate::model::families::{Family, ultralytics};
use crate::model::spec::Task;

pub(super) const FAMILY: Definition = Definition {
    id: "yolov10-corners",
    name: "YOLOv10 (raw head)",
    tasks: &[Task::Detect],
    rules: &[],
    by_hand: |graph, image, _| Some(one_box_an_anchor(Family::Yolov10Corners, graph, image)),
    decode: |outputs, context, scratch, results| {
        ultralytics::decode_boxes(true, outputs, context, scratch, results)
    },
    quirks: Quirks::NONE,
};
