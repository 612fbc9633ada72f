"""The input and output stages as Python programs write them: OpenCV and numpy, one thread.

    stages.py FOLDER ROUNDS

FOLDER holds frame.bgr (1280×720) and head.f32 (84×8400), as benches/stages.rs writes them. Prints one JSON object: lists of
milliseconds under input, copy, output and head_copy.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np


def letterbox(image, side=640):
    """A BGR image as a normalised NCHW tensor, letterboxed."""
    height, width = image.shape[:2]
    scale = min(side / height, side / width)
    new = round(width * scale), round(height * scale)
    if (width, height) != new:
        image = cv2.resize(image, new, interpolation=cv2.INTER_LINEAR)
    dw, dh = (side - new[0]) / 2, (side - new[1]) / 2
    top, bottom, left, right = round(dh - 0.1), round(dh + 0.1), round(dw - 0.1), round(dw + 0.1)
    image = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    tensor = np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1))
    return (tensor.astype(np.float32) / 255.0)[None], scale, (left, top)


def decode(output, scale, offset, conf=0.25, iou=0.7):
    """Boxes, scores and classes of a raw YOLOv8 head."""
    rows = output[0].T
    scores = rows[:, 4:].max(axis=1)
    passed = scores > conf
    rows, scores = rows[passed], scores[passed]
    if not len(rows):
        return np.zeros((0, 4)), scores, np.zeros(0, dtype=int)
    classes = rows[:, 4:].argmax(axis=1)
    boxes = np.stack(
        [
            (rows[:, 0] - rows[:, 2] / 2 - offset[0]) / scale,
            (rows[:, 1] - rows[:, 3] / 2 - offset[1]) / scale,
            rows[:, 2] / scale,
            rows[:, 3] / scale,
        ],
        axis=1,
    )
    # A shift a class keeps classes apart in one call.
    shifted = boxes.copy()
    shifted[:, :2] += classes[:, None] * 8192.0
    kept = np.asarray(cv2.dnn.NMSBoxes(shifted.tolist(), scores.tolist(), conf, iou)).reshape(-1)[:300].astype(int)
    return boxes[kept], scores[kept], classes[kept]


def taken(rounds, *functions):
    """Milliseconds of each function, taken in turn."""
    times = [[] for _ in functions]
    for number in range(rounds + 3):
        for list_, function in zip(times, functions):
            begin = time.perf_counter()
            function()
            if number >= 3:
                list_.append((time.perf_counter() - begin) * 1e3)
    return times


def main(folder, rounds):
    cv2.setNumThreads(1)
    frame = np.fromfile(folder / "frame.bgr", dtype=np.uint8).reshape(720, 1280, 3)
    head = np.fromfile(folder / "head.f32", dtype=np.float32).reshape(1, 84, 8400)
    tensor, scale, offset = letterbox(frame)
    copy, head_copy = np.empty_like(tensor), np.empty_like(head)
    names = "input", "copy", "output", "head_copy"
    times = taken(
        rounds,
        lambda: letterbox(frame),
        lambda: np.copyto(copy, tensor),
        lambda: decode(head, scale, offset),
        lambda: np.copyto(head_copy, head),
    )
    json.dump(dict(zip(names, times)), sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
