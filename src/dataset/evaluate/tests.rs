use serde::Deserialize;

use super::*;
use crate::dataset::masks;

/// Made by pycocotools 2.0.11 (`COCOeval`) of random objects and detections: crowds, all sizes, wrong classes, equal scores, more
/// than 100 detections of a class in an image, and a class without objects.
const EXPECTED: &str = include_str!("pycocotools.json");

#[derive(Deserialize)]
struct Expected {
    gt: Ground,
    found: Vec<Labelled>,
    bbox: Stats,
    segm: Stats,
}

#[derive(Deserialize)]
struct Stats {
    /// The twelve figures.
    stats: [f64; 12],
    /// AP and AP50 of each class.
    classes: Vec<[Option<f64>; 2]>,
}

#[derive(Deserialize)]
struct Ground {
    images: Vec<Image>,
    annotations: Vec<Labelled>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    width: u32,
    height: u32,
    file_name: String,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Labelled {
    image_id: u64,
    category_id: u64,
    bbox: [f64; 4],
    segmentation: serde_json::Value,
    #[serde(default)]
    iscrowd: u8,
    #[serde(default)]
    area: f64,
    #[serde(default)]
    score: f64,
}

impl Labelled {
    fn corners(&self) -> [f64; 4] {
        let [x, y, w, h] = self.bbox;
        [x, y, x + w, y + h]
    }

    fn mask(&self, size: (u32, u32)) -> Rle {
        if self.segmentation.is_object() {
            return serde_json::from_value(self.segmentation.clone()).unwrap();
        }
        let parts: Vec<Vec<f64>> = serde_json::from_value(self.segmentation.clone()).unwrap();
        let parts: Vec<_> = parts.iter().map(|part| part.chunks(2).map(|p| [p[0], p[1]]).collect()).collect();
        masks::fill(&parts, size)
    }
}

fn measured(expected: &Expected, measured: Measured) -> DetectionFigures {
    let Expected { gt, found, .. } = expected;
    let names = gt.categories.iter().map(|category| category.name.clone()).collect();
    let class = |id| gt.categories.iter().position(|category| category.id == id).unwrap();
    let mut evaluator = DetectionEvaluator::new(names, measured, 0.5);
    for image in &gt.images {
        let size = (image.width, image.height);
        let here = |all: &'_ Labelled| all.image_id == image.id;
        let truths: Vec<Truth> = gt
            .annotations
            .iter()
            .filter(|one| here(one))
            .map(|one| Truth {
                class: class(one.category_id),
                bbox: one.corners(),
                mask: Some(one.mask(size)),
                crowd: one.iscrowd == 1,
                area: one.area,
            })
            .collect();
        let found: Vec<Found> = found
            .iter()
            .filter(|one| here(one))
            .map(|one| Found {
                class: class(one.category_id),
                score: one.score,
                bbox: one.corners(),
                mask: Some(one.mask(size)),
            })
            .collect();
        evaluator.add(&image.file_name, &truths, &found);
    }
    evaluator.finish(None)
}

fn twelve(coco: &CocoFigures) -> [f64; 12] {
    [
        coco.map,
        coco.map50,
        coco.map75,
        coco.map_small,
        coco.map_medium,
        coco.map_large,
        coco.recall_1,
        coco.recall_10,
        coco.recall_100,
        coco.recall_small,
        coco.recall_medium,
        coco.recall_large,
    ]
    .map(|figure| figure.unwrap_or(-1.0))
}

#[test]
fn every_figure_is_that_of_pycocotools() {
    let expected: Expected = serde_json::from_str(EXPECTED).unwrap();
    for (kind, stats) in [(Measured::Box, &expected.bbox), (Measured::Mask, &expected.segm)] {
        let figures = measured(&expected, kind);
        for (index, (ours, theirs)) in twelve(&figures.coco).iter().zip(stats.stats).enumerate() {
            assert!((ours - theirs).abs() < 1e-9, "{kind:?} figure {index}: {ours}, pycocotools {theirs}");
        }
        for (class, theirs) in figures.classes.iter().zip(&stats.classes) {
            for (ours, theirs) in [class.ap, class.ap50].iter().zip(theirs) {
                let same = ours.zip(*theirs).is_none_or(|(ours, theirs)| (ours - theirs).abs() < 1e-9);
                assert!(same && ours.is_some() == theirs.is_some(), "{class:?} {theirs:?}");
            }
        }
    }
}
