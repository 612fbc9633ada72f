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

fn truth(class: usize, bbox: [f64; 4]) -> Truth {
    let area = (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]);
    Truth { class, bbox, mask: None, crowd: false, area }
}

fn found(class: usize, score: f64, bbox: [f64; 4]) -> Found {
    Found { class, score, bbox, mask: None }
}

/// A cat that is found, a dog that is taken for a cat, a false cat, a cat within a crowd of cats, and a dog that is hardly found.
fn by_hand(confidence: Option<f64>) -> DetectionFigures {
    let mut evaluator = DetectionEvaluator::new(vec!["cat".into(), "dog".into()], Measured::Box, 0.5);
    let (left, right) = ([0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]);
    let crowd = Truth { crowd: true, ..truth(0, [40.0, 0.0, 80.0, 40.0]) };
    let hits = [
        found(0, 0.9, left),
        found(0, 0.8, right),
        found(0, 0.7, [50.0, 50.0, 60.0, 60.0]),
        found(0, 0.6, [45.0, 5.0, 55.0, 15.0]),
    ];
    evaluator.add("one", &[truth(0, left), truth(1, right), crowd], &hits);
    evaluator.add("two", &[truth(1, left)], &[found(1, 0.3, left)]);
    evaluator.add("nothing", &[], &[]);
    evaluator.finish(confidence)
}

#[test]
fn confusion_precision_and_recall_are_those_at_the_confidence() {
    let figures = by_hand(Some(0.5));
    assert_eq!(figures.confusion.counts, [[1, 0, 0], [1, 0, 1], [1, 0, 0]]);
    let [cat, dog] = &figures.classes[..] else { panic!("two classes") };
    assert_eq!((cat.precision, cat.recall, cat.f1), (Some(1.0 / 3.0), Some(1.0), Some(0.5)));
    assert_eq!((dog.precision, dog.recall, dog.f1), (None, Some(0.0), Some(0.0)), "nothing is found of it");
    assert_eq!((cat.images, cat.objects, dog.images, dog.objects), (1, 1, 2, 2), "the crowd is no object");
    assert_eq!((figures.precision, figures.recall), (Some(1.0 / 6.0), Some(0.5)));
}

#[test]
fn the_worst_images_come_first_with_their_mistakes() {
    let figures = by_hand(Some(0.5));
    let [one, two] = &figures.worst[..] else { panic!("{:?}", figures.worst) };
    assert_eq!((&one.image[..], one.right, &two.image[..], two.right), ("one", 1, "two", 0));
    assert_eq!(
        one.mistakes,
        [
            Mistake::Confused {
                class: "dog".into(),
                found: "cat".into(),
                score: 0.8,
                bbox: [20.0, 0.0, 30.0, 10.0]
            },
            Mistake::False { class: "cat".into(), score: 0.7, bbox: [50.0, 50.0, 60.0, 60.0] },
        ]
    );
    assert_eq!(two.mistakes, [Mistake::Missed { class: "dog".into(), bbox: [0.0, 0.0, 10.0, 10.0] }]);
}

#[test]
fn without_a_confidence_the_best_is_taken() {
    // Up to 0.3 the mean of F1 is (1/2 + 2/3) / 2; from 0.8 to 0.9 it is (1 + 0) / 2.
    let figures = by_hand(None);
    assert_eq!(figures.confidence, 0.15);
    assert!((figures.f1.unwrap() - 7.0 / 12.0).abs() < 1e-12);
}

#[test]
fn nothing_to_find_is_no_figure() {
    let figures = DetectionEvaluator::new(vec!["cat".into()], Measured::Box, 0.5).finish(None);
    assert_eq!((figures.coco.map, figures.precision, figures.classes[0].ap), (None, None, None));
    let mut evaluator = DetectionEvaluator::new(vec!["cat".into()], Measured::Mask, 0.5);
    let hostile = [found(0, f64::NAN, [0.0; 4]), found(9, 0.5, [0.0; 4]), found(0, 0.5, [f64::NAN; 4])];
    evaluator.add("a", &[truth(0, [0.0; 4]), truth(7, [0.0; 4])], &hostile);
    assert_eq!(evaluator.finish(None).coco.map, Some(0.0));
}

#[test]
fn the_likeliest_class_and_five_of_them_count() {
    let names = ["a", "b", "c"].map(String::from).to_vec();
    let mut evaluator = ClassificationEvaluator::new(names);
    let top = |classes: [Option<usize>; 6]| classes.map(|class| (class, 0.5)).to_vec();
    evaluator.add("right", 0, &top([Some(0), Some(1), Some(2), None, None, None]));
    evaluator.add("second", 1, &[(Some(0), 0.9), (Some(1), 0.1)]);
    evaluator.add("sixth", 1, &top([None, None, None, None, None, Some(1)]));
    evaluator.add("never", 1, &[]);
    let figures = evaluator.finish();
    assert_eq!((figures.top1, figures.top5), (Some(0.25), Some(0.5)));
    assert_eq!(figures.classes[1].top5, Some(1.0 / 3.0));
    assert_eq!(figures.classes[2].top1, None);
    assert_eq!(figures.confusion.counts, [[1, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0]]);
    let worst: Vec<_> = figures.worst.iter().map(|wrong| (&wrong.image[..], wrong.place)).collect();
    assert_eq!(worst, [("second", Some(2)), ("sixth", Some(6)), ("never", None)]);
}

#[test]
fn an_evaluation_is_stored_and_read_again() {
    let evaluation = Evaluation {
        model: "m".into(),
        sha256: String::new(),
        dataset: "d".into(),
        split: Some(crate::dataset::Split::Val),
        counted: crate::dataset::Counted::Val,
        images: 3,
        unknown_to_model: Vec::new(),
        unknown_to_dataset: vec!["bird".into()],
        ms_per_image: 1.5,
        figures: Figures::Detection { boxes: Box::new(by_hand(None)), mask: None },
    };
    let json = serde_json::to_string(&evaluation).unwrap();
    let again: Evaluation = serde_json::from_str(&json).unwrap();
    let (Figures::Detection { boxes: was, .. }, Figures::Detection { boxes: is, mask: None }) =
        (&evaluation.figures, &again.figures)
    else {
        panic!("{again:?}")
    };
    assert_eq!((&is.worst, &is.confusion, again.split), (&was.worst, &was.confusion, evaluation.split));
    assert!((is.coco.map.unwrap() - was.coco.map.unwrap()).abs() < 1e-12);
}
