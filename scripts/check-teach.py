#!/usr/bin/env python3
"""Compares a model that Sightline taught with ONNX Runtime in Python and with scikit-learn.

    scripts/check-teach.py [--sightline target/debug/sightline] [--backbone MODEL.onnx]

Needs numpy, Pillow, onnx, onnxruntime and scikit-learn. Without a backbone it makes a small one of random weights. Draws images of three classes, teaches
them with logistic regression, and saves the model with floats and with raw bytes as its input. Exits with 1 if
- scores of the saved files in Python differ from Sightline's by more than 0.0001, from the very same input,
- the model of raw bytes gives other scores for the image's own pixels, where its size is the model's, or
- scikit-learn's logistic regression on the same embeddings is more than one point better or worse on images that were held out,
  or its probabilities differ by more than 0.001.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["green", "it's red", "狗"]
TRAIN, HELD_OUT = 10, 30
failures = 0


def check(what, holds, figure):
    """Counts what doesn't hold."""
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'} {what}: {figure}")


def make_backbone(path):
    """A convolution of random weights, pooling, and a last layer that is of no use."""
    random = np.random.default_rng(1)
    weights = {
        "filters": random.uniform(-1, 1, (24, 3, 4, 4)),
        "last": random.uniform(-1, 1, (10, 24)),
        "bias": random.uniform(-1, 1, 10),
    }
    nodes = [
        helper.make_node("Conv", ["image", "filters"], ["map"], strides=[2, 2]),
        helper.make_node("Relu", ["map"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "last", "bias"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def draw(kind, number, side):
    """Stripes, squares or a slope in noise that makes them hard to tell apart."""
    random = np.random.default_rng(number * 7 + kind)
    y, x = np.mgrid[:side, :side] + random.integers(0, 20)
    period = random.integers(3, 7)
    pattern = [x % (2 * period) < period, (x // period + y // period) % 2 == 0, y % side < side / 2][kind]
    colour = random.uniform(0.6, 1.4, 3) * [110, 100, 110] + 12 * np.eye(3)[kind]
    image = colour * (0.8 + 0.4 * pattern[..., None]) + random.normal(0, 12, (side, side, 3))
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def with_embedding(path):
    """A session of the file that gives scores and embedding."""
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def run(sightline, *arguments):
    """What a command prints."""
    done = subprocess.run([sightline, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sightline", default=ROOT / "target/debug/sightline")
    parser.add_argument("--backbone", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        backbone = args.backbone or folder / "small.onnx"
        if not args.backbone:
            make_backbone(backbone)
        teach = ["teach", folder / "project", "--backbone", backbone, "--head", "logistic", "--format", "json", "--quiet"]
        # The size of the images is the model's, so that nothing is resized between the file and the graph.
        shape = onnxruntime.InferenceSession(backbone, providers=["CPUExecutionProvider"]).get_inputs()[0].shape
        side = next(n for n in reversed(shape) if isinstance(n, int) and n > 4)
        images, kinds, parts = [], [], []
        for part, first, count in [("train", 0, TRAIN), ("val", 1000, HELD_OUT)]:
            for kind, name in enumerate(NAMES):
                place = folder / "project" / part / name
                place.mkdir(parents=True)
                for number in range(count):
                    # Letters: numbers would count as one take.
                    path = place / f"{chr(97 + number // 26)}{chr(97 + number % 26)}.png"
                    draw(kind, first + number, side).save(path)
                    images.append(path), kinds.append(kind), parts.append(part)
        kinds, train = np.array(kinds), np.array(parts) == "train"
        answers = {}
        for name, more in [("float", []), ("bytes", ["--bytes"])]:
            answers[name] = json.loads(run(args.sightline, *teach, "--save", folder / f"{name}.onnx", *more))

        def given(name, index):
            """The input that a model is given for an image, and its scores."""
            at = folder / f"{name}{index}.npy"
            if not at.exists():
                tensor = ["--tensor", "scores", "--save", at]
                run(args.sightline, "inside", folder / f"{name}.onnx", images[index], *tensor)
            return np.load(at.with_suffix(".input.npy")), np.load(at)

        sessions = {name: with_embedding(folder / f"{name}.onnx") for name in answers}
        is_cropped = False
        for name, session in sessions.items():
            most = 0.0
            for index in range(0, len(images), 15):
                pixels, told = given(name, index)
                scores = session.run(["scores"], {session.get_inputs()[0].name: pixels})[0]
                most = max(most, np.abs(scores - told).max())
                if name == "bytes":
                    own = np.asarray(Image.open(images[index]))[None]
                    raw = session.run(["scores"], {session.get_inputs()[0].name: own})[0]
                    # Where images are cropped after resizing, another part of the image is seen.
                    if np.array_equal(own, pixels):
                        most = max(most, np.abs(raw - told).max())
                    else:
                        is_cropped = True
            check(f"{name}.onnx in Python", most < 1e-4, f"scores differ by {most:.2e} at most")

        session = sessions["bytes"]
        if is_cropped:
            print("     images are resized and cropped: scikit-learn learns from what the model is given")
            pixels = [given("bytes", index)[0] for index in range(len(images))]
        else:
            pixels = [np.asarray(Image.open(path))[None] for path in images]
        name = session.get_inputs()[0].name
        found = [session.run(["scores", "embedding"], {name: one}) for one in pixels]
        ours = np.concatenate([scores for scores, _ in found])
        # As 64 bits, in which Sightline learns: what is nearly constant has another deviation in 32.
        embeddings = np.concatenate([embedding for _, embedding in found]).astype(np.float64)
        # A number that hardly ever varies among the examples (7e-7 in one of thirty, say) is multiplied by ten millions in scikit-learn's
        # scaler, and decides alone. Sightline only centres it.
        variance = embeddings[train].var(0)
        rare = variance <= 1e-8 * variance.mean()
        embeddings[:, rare] = 0
        theirs = make_pipeline(
            StandardScaler(), LogisticRegression(C=1.0, class_weight="balanced", tol=1e-10, max_iter=100_000)
        )
        theirs.fit(embeddings[train], kinds[train])
        probabilities = theirs.predict_proba(embeddings[~train])
        right = (probabilities.argmax(1) == kinds[~train]).mean()
        told = answers["bytes"]["held_out"]["accuracy"]["share"]
        check("accuracy on held-out images", abs(right - told) <= 0.01, f"{told:.4f}, scikit-learn's {right:.4f}")
        most = np.abs(probabilities - ours[~train]).max()
        check("probabilities on held-out images", most < 1e-3, f"differ from scikit-learn's by {most:.2e} at most")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
