"""The classes that a torchvision classifier tells on original images, prepared as torchvision does, with Pillow.

Usage: python make_classes.py SAMPLE_DATA > classes.json
Needs: numpy, onnxruntime, Pillow.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

MODEL = "mobilenet_v2_int8.onnx"
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def prepared(path):
    """Resize(256), CenterCrop(224), ToTensor, Normalize of torchvision's transforms."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    size = (256, int(256 * height / width)) if width < height else (int(256 * width / height), 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = (int(round((side - 224) / 2)) for side in size)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def main(data):
    session = onnxruntime.InferenceSession(data / "models" / MODEL)
    rows = []
    for name in ("bus.jpg", "dog.jpg", "traffic_060.jpg"):
        logits = session.run(None, {"input": prepared(data / "media" / name)})[0][0]
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        best = scores.argsort()[::-1][:5]
        results = [{"class_id": int(i), "score": round(float(scores[i]), 4)} for i in best]
        rows.append({"model": MODEL, "picture": name, "results": results})
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
