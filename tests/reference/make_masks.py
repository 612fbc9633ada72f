"""What yolov8n-seg finds in the sample images, by onnxruntime, numpy and OpenCV alone, with masks at the image's size.

Usage: python make_masks.py MODELS_DIR MEDIA_DIR OUT.json
Needs: onnxruntime, numpy, opencv-python-headless.

The way of `process_mask_native` (Ultralytics' documentation of instance masks): the prototypes weighed by a detection's
coefficients, read bilinearly at each pixel of the image, cut by the box, inside where the sum is above 0. The padding isn't
a whole number of prototypes (17.5 rows for a 1280×720 image), so it isn't cut off: the mapping leaves it out.
Masks are COCO run lengths: column by column, first the number of pixels outside.
"""
import json
import os
import sys

import cv2
import numpy as np
import onnxruntime as ort

MODEL, CONF, IOU, SIZE, PADDING = "yolov8n-seg_int8.onnx", 0.25, 0.7, 320, 114


def letterbox(img):
    h, w = img.shape[:2]
    r = min(SIZE / w, SIZE / h)
    nw, nh = round(w * r), round(h * r)
    left, top = round((SIZE - nw) / 2 - 0.1), round((SIZE - nh) / 2 - 0.1)
    out = np.full((SIZE, SIZE, 3), PADDING, np.uint8)
    out[top : top + nh, left : left + nw] = cv2.resize(img, (nw, nh), interpolation=cv2.INTER_LINEAR)
    return out, r, left, top


def suppress(boxes, scores, classes):
    """Greedy, a class at a time, by the definition."""
    order, kept = list(np.argsort(-scores, kind="stable")), []
    while order:
        best, order = order[0], order[1:]
        kept.append(best)
        rest = []
        for i in order:
            w = min(boxes[best][2], boxes[i][2]) - max(boxes[best][0], boxes[i][0])
            h = min(boxes[best][3], boxes[i][3]) - max(boxes[best][1], boxes[i][1])
            inter = max(w, 0) * max(h, 0)
            area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
            if classes[i] != classes[best] or inter / (area(boxes[best]) + area(boxes[i]) - inter) <= IOU:
                rest.append(i)
        order = rest
    return kept


def run_length(mask):
    flat = np.concatenate([[0], mask.T.ravel().astype(np.int8), [2]])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(np.concatenate([[0], ends])).tolist()


def look(session, img):
    h, w = img.shape[:2]
    padded, r, left, top = letterbox(img)
    x = np.ascontiguousarray(padded[:, :, ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255)
    head, protos = session.run(None, {session.get_inputs()[0].name: x})
    rows, protos = head[0].T.astype(np.float64), protos[0].astype(np.float64)
    n = protos.shape[0]
    scores, classes = rows[:, 4:-n].max(1), rows[:, 4:-n].argmax(1)
    sure = scores > CONF
    rows, scores, classes = rows[sure], scores[sure], classes[sure]
    boxes = np.stack([rows[:, 0] - rows[:, 2] / 2, rows[:, 1] - rows[:, 3] / 2,
                      rows[:, 0] + rows[:, 2] / 2, rows[:, 1] + rows[:, 3] / 2], 1)
    found = []
    # Where each pixel's centre lies among the prototypes' centres, four input pixels apart.
    columns = ((np.arange(w) + 0.5) * r + left) / 4 - 0.5
    lines = ((np.arange(h) + 0.5) * r + top) / 4 - 0.5
    at_x, at_y = (m.astype(np.float32) for m in np.meshgrid(columns, lines))
    for i in suppress(boxes, scores, classes):
        logits = np.tensordot(rows[i, -n:], protos, 1).astype(np.float32)
        logits = cv2.remap(logits, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        box = (boxes[i] - [left, top, left, top]) / r
        box = np.clip(box, 0, [w, h, w, h])
        ys, xs = np.mgrid[0:h, 0:w]
        inside = (xs >= box[0]) & (xs < box[2]) & (ys >= box[1]) & (ys < box[3]) & (logits > 0)
        found.append(dict(class_id=int(classes[i]), score=round(float(scores[i]), 4),
                          box=[round(float(v), 2) for v in box], counts=run_length(inside)))
    return found


def main():
    models, media, out = sys.argv[1:]
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(os.path.join(models, MODEL), options, providers=["CPUExecutionProvider"])
    images = []
    for name in sorted(n for n in os.listdir(media) if n.endswith(".jpg")):
        img = cv2.imread(os.path.join(media, name))
        images.append(dict(image=name, size=list(img.shape[:2]), found=look(session, img)))
        print(name, len(images[-1]["found"]))
    with open(out, "w") as f:
        json.dump(dict(model=MODEL, conf=CONF, iou=IOU, images=images), f, separators=(",", ":"))
        f.write("\n")


main()
