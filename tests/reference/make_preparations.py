#!/usr/bin/env python3
"""Makes preparations.csv here, and the lists in src/model/preprocessing: how torchvision and timm prepare images for their
published classifiers.

Takes two tables with the values as the libraries have them: torchvision's weights (weights_enum, entry, resize_size, crop_size,
interpolation, mean) and timm's pretrained_cfg (model_tag, input_size, crop_pct, interpolation, crop_mode, mean, num_classes).

    make_preparations.py torchvision.csv timm.csv
"""
import ast
import csv
import math
import pathlib
import sys
from collections import defaultdict

HERE = pathlib.Path(__file__).parent
LISTS = HERE.parent.parent / "src/model/preprocessing"
MEANS = {0.485: "imagenet", 0.5: "half", 0.0: "unit", 0.48145466: "clip", 0.48627450980392156: "dpn"}


def mean(text):
    return MEANS[ast.literal_eval(text)[0]]


def torchvision(path):
    rows = []
    for row in csv.DictReader(open(path)):
        # The first weights; other ones only where their size tells them apart.
        if row["entry"] not in ("IMAGENET1K_V1", "IMAGENET1K_SWAG_E2E_V1", "IMAGENET1K_SWAG_LINEAR_V1"):
            continue
        name = row["weights_enum"].removesuffix("_Weights").lower()
        if any(r[0] == name and r[2] == int(row["crop_size"]) for r in rows):
            continue
        rows.append((name, int(row["resize_size"]), int(row["crop_size"]), row["interpolation"].lower(), mean(row["mean"])))
    return rows


def timm(path):
    rows = []
    for row in csv.DictReader(open(path)):
        if not row["num_classes"].isdigit() or int(row["num_classes"]) < 1000 or row["crop_mode"] == "border":
            continue
        size = ast.literal_eval(row["input_size"] or "(3, 224, 224)")
        if size[1] != size[2] or row["model_tag"].endswith(".untrained"):
            continue
        settings = (
            float(row["crop_pct"] or 0.875),
            row["interpolation"] or "bicubic",
            row["crop_mode"] or "center",
            mean(row["mean"] or "(0.485, 0.456, 0.406)"),
        )
        rows.append((row["model_tag"], size[1], settings))
    return rows


def main():
    vision, pretrained = torchvision(sys.argv[1]), timm(sys.argv[2])
    text = "# name, resize, crop, interpolation, mean: torchvision's weights, the first of a name first\n"
    text += "".join(f"{' '.join(map(str, row))}\n" for row in vision)
    (LISTS / "torchvision.txt").write_text(text)

    # A name without a tag stands for its first weights; all tags are listed where the settings of one differ.
    first, groups = {}, defaultdict(list)
    settings_of = defaultdict(set)
    for name, _, settings in pretrained:
        settings_of[name.split(".")[0]].add(settings)
    for name, _, settings in pretrained:
        plain = name.split(".")[0]
        if plain not in first:
            first[plain] = settings
            groups[settings].append(plain)
        if len(settings_of[plain]) > 1 and name != plain and name not in groups[settings]:
            groups[settings].append(name)
    text = "# crop_pct interpolation crop_mode mean: names of timm; names with tags where their settings differ\n"
    for settings, names in sorted(groups.items()):
        text += f"{' '.join(map(str, settings))}: {' '.join(sorted(names))}\n"
    (LISTS / "timm.txt").write_text(text)

    # For the test: every name of torchvision, and of timm's every third row and the first of every family of names.
    lines = ["name,size,resize,interpolation,mean"]
    for name, resize, crop, interpolation, words in vision:
        lines.append(f"{name},{crop},{resize},{interpolation},{words}")
    families = set()
    for at, (name, size, (crop, interpolation, mode, words)) in enumerate(pretrained):
        family = name.split("_")[0]
        if at % 3 and family in families and "." in name:
            continue
        families.add(family)
        resize = "stretch" if mode == "squash" else math.floor(size / crop)
        lines.append(f"{name},{size},{resize},{interpolation},{words}")
    (HERE / "preparations.csv").write_text("\n".join(lines) + "\n")


main()
