"""What the face detectors, image networks, matte and depth models of the sample data give, by numpy and OpenCV alone.

Usage: python make_planes_and_faces.py MODELS_DIR MEDIA_DIR OUT.json
Needs: onnxruntime, numpy, opencv-python-headless.

Faces: boxes and landmarks in pixels of the image. YuNet is decoded by OpenCV's own cv2.FaceDetectorYN, YOLOv5-face by
the formula of its models/yolo.py. Planes: values on a coarse grid, every `step`-th row and column from `step // 2` on.
"""
import json
import os
import sys

import cv2
import numpy as np
import onnxruntime as ort

CONF, IOU = 0.3, 0.3


def session(path):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def corner(img, size):
    """The image in the upper left corner, black beside it."""
    h, w = img.shape[:2]
    r = min(size / w, size / h)
    small = cv2.resize(img, (round(w * r), round(h * r)), interpolation=cv2.INTER_LINEAR)
    out = np.zeros((size, size, 3), np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out, small.shape[1] / w, small.shape[0] / h


def yunet(path, img):
    padded, sx, sy = corner(img, 640)
    detector = cv2.FaceDetectorYN.create(path, "", (640, 640), CONF, IOU, 5000)
    _, found = detector.detect(padded)
    rows = []
    for x, y, w, h, *rest in [] if found is None else found.tolist():
        points = [[rest[2 * i] / sx, rest[2 * i + 1] / sy] for i in range(5)]
        rows.append(dict(score=rest[10], box=[x / sx, y / sy, (x + w) / sx, (y + h) / sy], points=points))
    return rows


def yolov5_face(path, img):
    h, w = img.shape[:2]
    r = min(640 / w, 640 / h)
    nw, nh = round(w * r), round(h * r)
    left, top = round((640 - nw) / 2 - 0.1), round((640 - nh) / 2 - 0.1)
    padded = np.full((640, 640, 3), 114, np.uint8)
    padded[top : top + nh, left : left + nw] = cv2.resize(img, (nw, nh), interpolation=cv2.INTER_LINEAR)
    x = np.ascontiguousarray(padded[:, :, ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    s = session(path)
    anchors = np.array([[4, 5, 8, 10, 13, 16], [23, 29, 43, 55, 73, 105], [146, 217, 231, 300, 335, 433]], float).reshape(3, 3, 2)
    sigmoid = lambda v: 1 / (1 + np.exp(-v.astype(np.float64)))
    boxes, scores, points = [], [], []
    for y, anchor in zip(s.run(None, {s.get_inputs()[0].name: x}), anchors):
        _, _, rows, columns, _ = y.shape
        stride = 640 / columns
        gy, gx = np.mgrid[0:rows, 0:columns]
        grid = np.stack([gx, gy], 2)[None]
        a = anchor[:, None, None, :]
        y = y[0]
        xy = (sigmoid(y[..., 0:2]) * 2 - 0.5 + grid) * stride
        wh = (sigmoid(y[..., 2:4]) * 2) ** 2 * a
        marks = np.concatenate([y[..., 5 + 2 * i : 7 + 2 * i] * a + grid * stride for i in range(5)], 3)
        boxes.append(np.concatenate([xy - wh / 2, xy + wh / 2], 3).reshape(-1, 4))
        scores.append((sigmoid(y[..., 4]) * sigmoid(y[..., 15])).reshape(-1))
        points.append(marks.reshape(-1, 10))
    boxes, scores, points = np.concatenate(boxes), np.concatenate(scores), np.concatenate(points)
    keep = scores > CONF
    boxes, scores, points = boxes[keep], scores[keep], points[keep]
    kept = cv2.dnn.NMSBoxes([[b[0], b[1], b[2] - b[0], b[3] - b[1]] for b in boxes], scores.tolist(), CONF, IOU)
    back = lambda v: ((np.asarray(v).reshape(-1, 2) - [left, top]) / r)
    limit = np.array([w, h])
    return [dict(score=float(scores[k]), box=back(boxes[k]).clip(0, limit).ravel().tolist(), points=back(points[k]).tolist())
            for k in np.asarray(kept).ravel()]


def run(path, img, size, gain, bias, channels_last=False):
    x = cv2.resize(img, size, interpolation=cv2.INTER_LINEAR)[:, :, ::-1].astype(np.float32) * np.float32(gain) + np.float32(bias)
    x = x[None] if channels_last else np.ascontiguousarray(x.transpose(2, 0, 1)[None])
    s = session(path)
    return s.run(None, {s.get_inputs()[0].name: x})[0]


def grid(plane, step):
    return dict(step=step, shape=list(plane.shape[:2]), values=[round(float(v), 4) for v in plane[step // 2 :: step, step // 2 :: step].ravel()])


PLANES = {
    "mosaic_nc8_256.onnx": lambda p, i: grid(run(p, i, (256, 256), 1, 0)[0].transpose(1, 2, 0).clip(0, 255).round(), 16),
    "candy_nc16_256.onnx": lambda p, i: grid(run(p, i, (256, 256), 1, 0)[0].transpose(1, 2, 0).clip(0, 255).round(), 16),
    "sci_480x640.onnx": lambda p, i: grid((run(p, i, (640, 480), 1 / 255, 0)[0].transpose(1, 2, 0) * 255).clip(0, 255).round(), 32),
    "selfie_segmentation.onnx": lambda p, i: grid(run(p, i, (256, 256), 1 / 255, 0, True)[0, :, :, 0], 8),
    "tcmonodepth_small_192x320.onnx": lambda p, i: grid(run(p, i, (320, 192), 1, 0)[0, 0], 8),
}
FACES = {"yunet_2023mar.onnx": yunet, "yolov5n-0.5-face.onnx": yolov5_face}

if __name__ == "__main__":
    models, media, out = sys.argv[1:4]
    result = dict(conf=CONF, iou=IOU, faces=[], planes=[])
    for kind, table, images in (("faces", FACES, ("bus.jpg", "dog.jpg", "traffic_060.jpg")), ("planes", PLANES, ("bus.jpg",))):
        for name, compute in table.items():
            for image in images:
                img = cv2.imread(os.path.join(media, image))
                found = compute(os.path.join(models, name), img)
                result[kind].append(dict(model=name, image=image, found=found))
                print(name, image, len(found), str(found)[:300])
    for entry in result["faces"]:
        for face in entry["found"]:
            face["score"] = round(face["score"], 4)
            face["box"] = [round(v, 2) for v in face["box"]]
            face["points"] = [[round(v, 2) for v in p] for p in face["points"]]
    with open(out, "w") as f:
        json.dump(result, f, separators=(",", ":"))
        f.write("\n")
