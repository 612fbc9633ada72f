"""The loop as Python programs have it: OpenCV reads and prepares, ONNX Runtime runs, numpy and OpenCV read the output.

    python_loop.py VIDEO MODEL... [--frames N]
    python_loop.py VIDEO MODEL --whole serial|in-flight

Serially with all threads on one frame, and with two frames in flight on one thread each, results in order. Before and after
each, the bare session runs on a ready tensor with the same number of threads as the serial loop: the floor. Prints one JSON
object a line. With --whole, the video once from its beginning to its end and nothing else, as a program that does its work.
"""

import argparse
import json
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from stages import decode, letterbox

THREADS = min(2, os.cpu_count() or 1)


class Network:
    """One model file in a session."""

    def __init__(self, path, threads, spinning):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        port = self.session.get_inputs()[0]
        self.name = port.name
        sides = [side for side in port.shape[2:] if isinstance(side, int)]
        self.side = sides[0] if sides else 640
        self.yolox = "yolox" in path.stem
        self.grids = {}

    def prepare(self, frame):
        if not self.yolox:
            return letterbox(frame, self.side)
        # YOLOX: the image at the top left, bytes as they are, BGR.
        height, width = frame.shape[:2]
        scale = min(self.side / height, self.side / width)
        small = cv2.resize(frame, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_LINEAR)
        padded = np.full((self.side, self.side, 3), 114, dtype=np.uint8)
        padded[: small.shape[0], : small.shape[1]] = small
        return np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)[None], scale, (0, 0)

    def run(self, tensor):
        return self.session.run(None, {self.name: tensor})

    def read(self, outputs, scale, offset):
        output = outputs[0]
        if self.yolox:
            output = self.yolox_rows(output)
        return decode(output, scale, offset)

    def yolox_rows(self, output):
        """YOLOX's rows as columns of boxes in pixels and finished scores."""
        if self.side not in self.grids:
            cells, strides = [], []
            for stride in (8, 16, 32):
                n = self.side // stride
                y, x = np.mgrid[:n, :n]
                cells.append(np.stack([x, y], axis=2).reshape(-1, 2))
                strides.append(np.full((n * n, 1), stride))
            self.grids[self.side] = np.concatenate(cells), np.concatenate(strides)
        grid, stride = self.grids[self.side]
        rows = output[0]
        boxes = np.concatenate([(rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride], axis=1)
        return np.concatenate([boxes, rows[:, 5:] * rows[:, 4:5]], axis=1).T[None]

    def look(self, frame):
        tensor, scale, offset = self.prepare(frame)
        return self.read(self.run(tensor), scale, offset)


def frames_of(video, count):
    """Frames of a video, repeated from its beginning."""
    capture = cv2.VideoCapture(str(video))
    given = 0
    while given < count:
        whole, frame = capture.read()
        if whole:
            given += 1
            yield frame
        elif given == 0 or not capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
            raise SystemExit(f"error: {video} gives no frames")


def whole(path, video, mode):
    """One pass over the video, as an ordinary program makes it."""
    count = int(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT))
    if mode == "serial":
        seconds, found = serial(Network(path, THREADS, spinning=True), video, count)
    else:
        seconds, found = in_flight(Network(path, 1, spinning=False), video, count)
    print(json.dumps({"frames": count, "found": found, "fps": round(count / seconds, 2)}))


def bare(network, tensor, rounds):
    begin = time.perf_counter()
    for _ in range(rounds):
        network.run(tensor)
    return time.perf_counter() - begin


def serial(network, video, count):
    found = 0
    begin = time.perf_counter()
    for frame in frames_of(video, count):
        found += len(network.look(frame)[1])
    return time.perf_counter() - begin, found


def in_flight(network, video, count, workers=2):
    found = 0
    begin = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        pending = deque()
        for frame in frames_of(video, count):
            pending.append(pool.submit(network.look, frame))
            if len(pending) > workers:
                found += len(pending.popleft().result()[1])
        found += sum(len(one.result()[1]) for one in pending)
    return time.perf_counter() - begin, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--whole", choices=("serial", "in-flight"))
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    if chosen.whole:
        whole(chosen.models[0], chosen.video, chosen.whole)
        return
    frame = next(frames_of(chosen.video, 1))
    for path in chosen.models:
        floor, one = Network(path, THREADS, spinning=True), Network(path, 1, spinning=False)
        tensor = floor.prepare(frame)[0]
        for network in (floor, one):
            bare(network, tensor, 5)
        rounds = max(chosen.frames // 4, 1)
        for mode, run, threads in (
            ("serial", lambda n: serial(floor, chosen.video, n), THREADS),
            ("two frames in flight", lambda n: in_flight(one, chosen.video, n), 1),
        ):
            took = {"bare": 0.0, "loop": 0.0}
            found = 0
            for _ in range(2):
                took["bare"] += bare(floor, tensor, rounds)
                seconds, more = run(chosen.frames)
                took["loop"] += seconds
                found += more
                took["bare"] += bare(floor, tensor, rounds)
            fps, bare_fps = 2 * chosen.frames / took["loop"], 4 * rounds / took["bare"]
            line = {
                "program": "python (OpenCV, numpy, onnxruntime)",
                "model": path.stem,
                "side": floor.side,
                "mode": mode,
                "threads_a_run": threads,
                "bare_threads": THREADS,
                "frames": 2 * chosen.frames,
                "found": found,
                "fps": round(fps, 2),
                "bare_fps": round(bare_fps, 2),
                "share": round(fps / bare_fps, 3),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
