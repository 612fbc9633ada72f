#!/usr/bin/env python3
"""Reads Sightline's data sets with other programs' readers, and compares an evaluation with pycocotools.

    scripts/check-datasets.py [--sightline target/debug/sightline] [--model yolov8n.onnx --dataset instances.json --images DIR]

Needs Pillow. Of pycocotools, supervision, ultralytics (with torch) and fiftyone those are used that are installed; the others are
skipped with a line that says so. Exits with 1 if a reader finds something else than what was written.
"""

import argparse
import contextlib
import importlib
import io
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ["yolo-detect", "yolo-segment", "yolo-pose", "yolo-obb", "coco", "coco-rle", "voc", "cvat", "label-studio", "csv", "crops"]
NAMES = ['car: "red" & <x>', "person", "猫"]
FIGURES = [
    "map", "map50", "map75", "map_small", "map_medium", "map_large",
    "recall_1", "recall_10", "recall_100", "recall_small", "recall_medium", "recall_large",
]  # fmt: skip
failures = 0


def check(reader, what, ours, theirs):
    """Compares what was written with what a reader says."""
    global failures
    same = ours == theirs
    failures += not same
    print(f"{'ok  ' if same else 'FAIL'} {reader}: {what}" + ("" if same else f"\n     written {ours}\n     read    {theirs}"))


def reader(name):
    """The module of a reader, or None with a line."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 (a reader may fail in any way while it is imported)
        print(f"skip {name}: it can't be imported ({type(error).__name__}: {str(error).splitlines()[0][:100]})")
        return None


def make(folder):
    """A COCO data set of random boxes, outlines, keypoints, a mask and a crowd."""
    from PIL import Image

    random.seed(7)
    images, labels = [], []
    for number in range(1, 9):
        width, height = random.choice([(320, 240), (200, 333)])
        Image.effect_noise((width, height), 60).convert("RGB").save(folder / f"{number}.jpg")
        images.append({"id": number, "file_name": f"{number}.jpg", "width": width, "height": height})
        for kind in random.choices(["box", "outline", "points", "mask", "crowd"], k=4):
            x, y = random.randint(0, width - 90), random.randint(0, height - 90)
            w, h = random.randint(10, 80), random.randint(10, 80)
            label = {"id": len(labels) + 1, "image_id": number, "category_id": random.choice([1, 3]), "iscrowd": 0}
            label |= {"bbox": [x, y, w, h], "area": w * h, "segmentation": []}
            if kind == "outline":
                label["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
            elif kind == "points":
                points = [[x + random.randint(0, w), y + random.randint(0, h), 2] for _ in range(17)]
                label |= {"category_id": 2, "keypoints": [value for point in points for value in point], "num_keypoints": 17}
            elif kind in ("mask", "crowd"):
                before, after = x * height + y, (width - x - w) * height + height - y - h
                runs = [before] + ([h, height - h] * w)[:-1] + [after]
                label |= {"segmentation": {"size": [height, width], "counts": runs}, "iscrowd": int(kind == "crowd")}
            labels.append(label)
    points = [f"p{number}" for number in range(17)]
    categories = [{"id": 1, "name": NAMES[0]}, {"id": 2, "name": NAMES[1], "keypoints": points}, {"id": 3, "name": NAMES[2]}]
    coco = {"images": images, "annotations": labels, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(coco))
    return coco


def boxes_of(coco, crowds):
    """The boxes of each image, as (class, x1, y1, x2, y2)."""
    out = {image["file_name"]: [] for image in coco["images"]}
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    for label in coco["annotations"]:
        if crowds or not label["iscrowd"]:
            x, y, w, h = label["bbox"]
            out[names[label["image_id"]]].append((label["category_id"] - 1, x, y, x + w, y + h))
    return {name: sorted(boxes) for name, boxes in out.items()}


def boxes_in(dataset):
    """The same of a supervision data set."""
    rounded = {}
    for path, _, found in dataset:
        rows = zip(found.class_id.tolist(), found.xyxy.tolist(), strict=True)
        rounded[Path(path).name] = sorted((kind, *(round(value, 3) for value in box)) for kind, box in rows)
    return rounded


def with_pycocotools(out, coco):
    if not (module := reader("pycocotools.coco")):
        return
    for kind in ("coco", "coco-rle"):
        with contextlib.redirect_stdout(io.StringIO()):
            read = module.COCO(str(out / kind / "annotations" / "instances.json"))
        by_id = {label["id"]: label for label in coco["annotations"]}
        check("pycocotools", f"{kind}: boxes", {k: v["bbox"] for k, v in by_id.items()}, {k: v["bbox"] for k, v in read.anns.items()})
        outlined = [label for label in by_id.values() if label["segmentation"]]
        pixels = {label["id"]: label["bbox"][2] * label["bbox"][3] for label in outlined}
        check("pycocotools", f"{kind}: pixels", pixels, {key: int(read.annToMask(read.anns[key]).sum()) for key in pixels})
        points = {k: v["keypoints"] for k, v in by_id.items() if "keypoints" in v}
        check("pycocotools", f"{kind}: keypoints", points, {key: read.anns[key]["keypoints"] for key in points})


def with_supervision(out, coco):
    if not (sv := reader("supervision")):
        return
    all_boxes, single = boxes_of(coco, True), boxes_of(coco, False)
    read = sv.DetectionDataset.from_coco(str(out / "coco" / "images"), str(out / "coco" / "annotations" / "instances.json"))
    check("supervision", "coco", all_boxes, boxes_in(read))
    check("supervision", "coco: classes", NAMES, read.classes)
    for kind, extra in (("yolo-detect", {}), ("yolo-segment", {}), ("yolo-obb", {"is_obb": True})):
        folder = out / kind
        places = (folder / "images" / "train", folder / "labels" / "train", folder / "data.yaml")
        read = sv.DetectionDataset.from_yolo(*map(str, places), **extra)
        check("supervision", kind, single, boxes_in(read))
    read = sv.DetectionDataset.from_pascal_voc(str(out / "voc" / "JPEGImages"), str(out / "voc" / "Annotations"))
    renamed = {name: sorted((NAMES.index(read.classes[box[0]]), *box[1:]) for box in boxes) for name, boxes in boxes_in(read).items()}
    check("supervision", "voc", single, renamed)
    read = sv.ClassificationDataset.from_folder_structure(str(out / "crops"))
    check("supervision", "crops", sum(map(len, single.values())), len(read))


def with_ultralytics(out, coco):
    if not reader("torch") or not (utils := reader("ultralytics.data.utils")):
        return
    single = boxes_of(coco, False)
    for kind in ("yolo-detect", "yolo-segment", "yolo-pose", "yolo-obb"):
        data = utils.check_det_dataset(str(out / kind / "data.yaml"), autodownload=False)
        check("ultralytics", f"{kind}: classes", dict(enumerate(NAMES)), data["names"])
        points, values = data.get("kpt_shape", (0, 0))
        images = sorted(str(path) for path in Path(data["train"]).iterdir())
        counts, damaged = {}, 0
        for image, label in zip(images, utils.img2label_paths(images), strict=True):
            one = utils.verify_image_label((image, label, "", points > 0, data["nc"], points, values, False))
            counts[Path(image).name] = len(one[1]) if one[0] else None
            damaged += one[8]
        check("ultralytics", f"{kind}: labels", {name: len(boxes) for name, boxes in single.items()}, counts)
        check("ultralytics", f"{kind}: damaged files", 0, damaged)


def with_fiftyone(out, coco):
    # Its importers need no database.
    if not (yolo := reader("fiftyone.utils.yolo")) or not (cvat := reader("fiftyone.utils.cvat")):
        return
    counts = {name: len(boxes) for name, boxes in boxes_of(coco, False).items()}
    with yolo.YOLOv5DatasetImporter(dataset_dir=str(out / "yolo-detect"), yaml_path="data.yaml", split="train") as read:
        check("fiftyone", "yolo-detect", counts, {Path(path).name: len(labels.detections) for path, _, labels in read})
    with cvat.CVATImageDatasetImporter(data_path=str(out / "cvat" / "images"), labels_path=str(out / "cvat" / "annotations.xml")) as read:
        check("fiftyone", "cvat", len(counts), sum(1 for _ in read))


def evaluation(program, model, dataset, images):
    """Compares `sightline evaluate` with COCOeval of the very same detections."""
    if not reader("pycocotools.coco"):
        return
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        options = ["--images", images] if images else []
        command = [program, "evaluate", model, dataset, *options, "--split", "all", "--format", "json", "--quiet", "--save-predictions"]
        done = subprocess.run([*command, str(found)], check=True, stdout=subprocess.PIPE)
        figures = json.loads(done.stdout)["figures"]["detection"]
        results = json.loads(found.read_text())
    for part, kind, other in (("box", "bbox", "segmentation"), ("mask", "segm", "bbox")):
        if part not in figures:
            continue
        plain = [{key: value for key, value in one.items() if key != other} for one in results]
        with contextlib.redirect_stdout(io.StringIO()):
            truth = COCO(dataset)
            measure = COCOeval(truth, truth.loadRes(plain), kind)
            measure.evaluate()
            measure.accumulate()
            measure.summarize()
        ours = [figures[part]["coco"][name] for name in FIGURES]
        ours = [-1.0 if value is None else value for value in ours]
        apart = max(abs(a - b) for a, b in zip(ours, measure.stats, strict=True))
        print(f"     {part}: mAP {ours[0]:.5f} ({measure.stats[0]:.5f}), mAP50 {ours[1]:.5f} ({measure.stats[1]:.5f})")
        check("pycocotools", f"{part}: no figure differs by 0.001", True, apart < 0.001)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sightline", default=str(ROOT / "target" / "debug" / "sightline"))
    parser.add_argument("--model", help="compare an evaluation of this model, too")
    parser.add_argument("--dataset", help="on this file of COCO's")
    parser.add_argument("--images", help="where its images are")
    args = parser.parse_args()
    if not Path(args.sightline).exists():
        sys.exit(f"{args.sightline} doesn't exist: build it with cargo build, or name it with --sightline")
    if not reader("PIL.Image"):
        sys.exit("Pillow is needed: pip install pillow")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        coco = make(root)
        own = root / "own"
        subprocess.run([args.sightline, "dataset", "import", str(root / "instances.json"), str(own), "-q"], check=True)
        for kind in FORMATS:
            command = [args.sightline, "dataset", "export", str(own), str(root / "out" / kind), "--to", kind, "--split", "none", "-q"]
            subprocess.run(command, check=True)
        for one in (with_pycocotools, with_supervision, with_ultralytics, with_fiftyone):
            one(root / "out", coco)
    if args.model and args.dataset:
        evaluation(args.sightline, args.model, args.dataset, args.images)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
