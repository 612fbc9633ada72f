"""Tiny ONNX files, one a family, with exactly the family's signature.

Usage: python make_models.py OUT_DIR
Needs: onnx, onnxruntime, numpy.

Every detector finds one thing whatever it is shown: class 1, score 0.75, box x 8..40, y 20..30 in a 64x64 input.
The raw values that say so are worked out here by the inverse of each family's published formula (named beside it),
so the decoders are held against the formula and not against themselves. Outputs are constants that depend on the
input only formally (plus 0 times its mean), and the files stay small: a fill value and a few scattered numbers.
"""
import math
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

OUT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "models")
SIDE = 64
X1, Y1, X2, Y2 = 8.0, 20.0, 40.0, 30.0
CX, CY, W, H = 24.0, 25.0, 32.0, 10.0
CLASS, SCORE = 1, 0.75
A3 = [(8, 8, 8), (16, 4, 4), (32, 2, 2)]  # stride, rows, columns: 84 cells


def logit(p):
    return math.log(p / (1 - p))


class Graph:
    """A graph under construction."""

    def __init__(self, name, inputs, metadata=None):
        self.name, self.metadata = name, metadata or {}
        self.inputs = [h.make_tensor_value_info(n, t, s) for n, t, s in inputs]
        self.nodes, self.weights, self.outputs, self.count = [], [], [], 0
        first, kind, _ = inputs[0]
        source = first if kind == T.FLOAT else self.op("Cast", [first], to=T.FLOAT)
        mean = self.op("ReduceMean", [source], keepdims=0)
        self.zero = self.op("Mul", [mean, self.const(np.float32(0))])

    def const(self, value):
        self.count += 1
        name = f"c{self.count}"
        self.weights.append(nh.from_array(np.asarray(value), name))
        return name

    def op(self, kind, inputs, output=None, domain="", **attributes):
        self.count += 1
        output = output or f"t{self.count}"
        self.nodes.append(h.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def give(self, name, kind, shape):
        self.outputs.append(h.make_tensor_value_info(name, kind, shape))

    def sparse(self, shape, values, fill=0.0):
        """A tensor of `fill` with {index tuple: value} put in."""
        base = self.op("ConstantOfShape", [self.const(np.array(shape, np.int64))],
                       value=nh.from_array(np.array([fill], np.float32)))
        if values:
            index = np.array(list(values), np.int64).reshape(len(values), len(shape))
            update = np.array(list(values.values()), np.float32)
            base = self.op("ScatterND", [base, self.const(index), self.const(update)])
        return self.op("Add", [base, self.zero])

    def sparse_output(self, name, shape, values, fill=0.0, declared=None):
        self.op("Identity", [self.sparse(shape, values, fill)], output=name)
        self.give(name, T.FLOAT, declared or shape)

    def integers(self, name, array, declared=None, kind=T.INT64):
        array = np.asarray(array)
        zero = self.op("Cast", [self.zero], to=kind)
        self.op("Add", [self.const(array.astype(np.int64 if kind == T.INT64 else np.int32)), zero], output=name)
        self.give(name, kind, declared or list(array.shape))

    def save(self):
        graph = h.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        opsets = [h.make_opsetid("", 13)]
        if any(node.domain for node in self.nodes):
            opsets.append(h.make_opsetid("TRT", 1))
        model = h.make_model(graph, opset_imports=opsets, producer_name="")
        model.ir_version = 8
        for key, value in self.metadata.items():
            model.metadata_props.add(key=key, value=value)
        if len(opsets) == 1:
            onnx.checker.check_model(model)
        onnx.save(model, OUT / f"{self.name}.onnx")


def image(name="images", size=(SIDE, SIDE)):
    return (name, T.FLOAT, [1, 3, *size])


def row(index, values):
    return {(0, index, column): value for column, value in enumerate(values)}


def column(index, values):
    return {(0, line, index): value for line, value in enumerate(values)}


CENTRE = [CX, CY, W, H]
CORNERS = [X1, Y1, X2, Y2]
PARTS = [v / SIDE for v in CORNERS]  # x1 y1 x2 y2 in 0..1
CENTRE_PARTS = [v / SIDE for v in CENTRE]
CLASSES3 = [0.1, 0.8, 0.2]  # objectness 0.9375 * 0.8 = 0.75
NAMES3 = {"stride": "32", "names": "{0: 'a', 1: \"b's, c\", 2: 'd'}"}


# --- one table of rows ----------------------------------------------------------------------------------------
g = Graph("yolov5", [image()], NAMES3)
g.sparse_output("output0", [1, 252, 8], row(10, CENTRE + [0.9375] + CLASSES3)); g.save()

# Segmentation: 32 coefficients behind the classes, and prototypes; the third one is positive in its left half.
g = Graph("yolov5_seg", [image()], NAMES3)
g.sparse_output("output0", [1, 252, 40], {**row(10, CENTRE + [0.9375] + CLASSES3), (0, 10, 8 + 2): 1.0})
g.sparse_output("output1", [1, 32, 16, 16], {(0, 2, y, x): 5.0 if x < 6 else -5.0 for y in range(16) for x in range(16)}); g.save()

g = Graph("yolov7_grid", [image()])
g.sparse_output("output", [1, 252, 85], row(10, CENTRE + [0.9375, 0.1, 0.8])); g.save()

# Any size, and an output that says nothing of its rows: only a run tells them (3 anchors a cell at the size it gets).
g = Graph("yolov7_open", [("images", T.FLOAT, [1, 3, "height", "width"])])
shape = g.op("Shape", ["images"])
area = g.op("ReduceProd", [g.op("Slice", [shape, g.const(np.array([2], np.int64)), g.const(np.array([4], np.int64))])], keepdims=1)
cells = g.op("Div", [g.op("Mul", [area, g.const(np.array([3 * 21], np.int64))]), g.const(np.array([1024], np.int64))])
rows = g.op("Concat", [g.const(np.array([1], np.int64)), cells, g.const(np.array([85], np.int64))], axis=0)
base = g.op("ConstantOfShape", [rows], value=nh.from_array(np.array([0], np.float32)))
values = row(10, CENTRE + [0.9375, 0.1, 0.8])
table = g.op("ScatterND", [base, g.const(np.array(list(values), np.int64)), g.const(np.array(list(values.values()), np.float32))])
g.op("Add", [table, g.zero], output="output"); g.give("output", T.FLOAT, [1, "n", 85]); g.save()

g = Graph("yolov7_end2end", [image()])
g.sparse_output("output", [2, 7], {(0, c): v for c, v in enumerate([0.0, *CORNERS, CLASS, SCORE])}, declared=["n", 7]); g.save()

for name, output in (("yolov6", "outputs"), ("yolov6_other_name", "output")):
    g = Graph(name, [image()])
    values = {(0, i, 4): 1.0 for i in range(84)}  # objectness is 1 everywhere
    values.update(row(10, CENTRE + [1.0, 0.1, SCORE, 0.2]))
    values[(0, 83, 0)] = 56.0  # a centre far across, as decoded boxes have
    g.sparse_output(output, [1, 84, 8], values); g.save()

g = Graph("yolov9", [image()], NAMES3)
g.sparse_output("output0", [1, 7, 84], column(10, CENTRE + [0.1, SCORE, 0.2])); g.save()

# The same in 16 bits from end to end, and as statically quantised files have it (QDQ): 8 bits with their scale before and
# after.
g = Graph("yolov9_half", [("images", T.FLOAT16, [1, 3, SIDE, SIDE])], NAMES3)
g.op("Cast", [g.sparse([1, 7, 84], column(10, CENTRE + [0.1, SCORE, 0.2]))], to=T.FLOAT16, output="output0")
g.give("output0", T.FLOAT16, [1, 7, 84]); g.save()

g = Graph("yolov9_qdq", [image()], NAMES3)
zero = g.const(np.uint8(0))
small = lambda x, scale: g.op("QuantizeLinear", [x, g.const(np.float32(scale)), zero])
eight = g.op("ReduceMean", [g.op("DequantizeLinear", [small("images", 1 / 255), g.const(np.float32(1 / 255)), zero])], keepdims=0)
table = g.op("Add", [g.sparse([1, 7, 84], column(10, CENTRE + [0.0, SCORE, 0.25])), g.op("Mul", [eight, g.const(np.float32(0))])])
g.op("DequantizeLinear", [small(table, 0.25), g.const(np.float32(0.25)), zero], output="output0")
g.give("output0", T.FLOAT, [1, 7, 84]); g.save()

g = Graph("yolov9_two_heads", [image()], NAMES3)
g.sparse_output("output0", [1, 7, 84], column(3, [9, 9, 9, 9, 0.99, 0.1, 0.2]))  # the auxiliary head
g.sparse_output("output1", [1, 7, 84], column(10, CENTRE + [0.1, SCORE, 0.2])); g.save()

g = Graph("yolov10_corners", [image()])
g.sparse_output("output0", [1, 7, 84], column(10, CORNERS + [0.1, SCORE, 0.2])); g.save()

g = Graph("yolov10_rows", [image()])
g.sparse_output("output0", [1, 300, 6], row(0, CORNERS + [SCORE, CLASS])); g.save()

# YOLOX, undecoded: x = (v + column) * stride, w = exp(v) * stride. Cell (row 3, column 3) of stride 8.
g = Graph("yolox", [image()])
g.sparse_output("output", [1, 84, 85], row(3 * 8 + 3, [CX / 8 - 3, CY / 8 - 3, math.log(W / 8), math.log(H / 8), 0.9375, 0.1, 0.8])); g.save()

g = Graph("yolox_decoded", [image()])
values = row(27, CENTRE + [0.9375, 0.1, 0.8]); values[(0, 83, 0)] = 56.0
g.sparse_output("output", [1, 84, 85], values); g.save()

# --- raw maps with anchors ------------------------------------------------------------------------------------
# YOLOv7: x = (2s(t) - 0.5 + column) * stride, w = (2s(t))^2 * anchor. Stride 16, row 1, column 1; few weights: the
# tiny model's second anchor of that map, 62 x 45.
def half(p):
    return logit(p / 2)

g = Graph("yolov7_maps", [image()])
for stride, rows, columns in A3:
    values = {}
    if stride == 16:
        t = [half(CX / 16 - 1 + 0.5), half(CY / 16 - 1 + 0.5), half(math.sqrt(W / 62)), half(math.sqrt(H / 45)),
             logit(0.9375), -9, logit(0.8)]
        values = {(0, 1, 1, 1, c): v for c, v in enumerate(t)}
    g.sparse_output(f"map{stride}", [1, 3, rows, columns, 8], values, fill=-10.0)
g.save()

# YOLOv2: x = (s(t) + column) * 32, w = exp(t) * anchor * 32, softmax over classes. Cell (0, 0), anchor 0.
g = Graph("yolov2", [image("input.1")])
t = [logit(CX / 32), logit(CY / 32), math.log(W / 32 / 0.57273), math.log(H / 32 / 0.677385), logit(0.9375), 0, math.log(4 * 79)]
g.sparse_output("218", [1, 425, 2, 2], {(0, c, 0, 0): v for c, v in enumerate(t)}); g.save()

# YOLOv4 (model zoo): x = (s(t) * k - (k - 1) / 2 + column) * stride, w = exp(t) * anchor; k = 1.1 and anchor 36 x 75 at stride 16.
g = Graph("yolov4_zoo", [("input_1:0", T.FLOAT, [1, SIDE, SIDE, 3])])
for number, (stride, rows, columns) in enumerate(A3):
    values = {}
    if stride == 16:
        inside = [(v / 16 - 1 + 0.05) / 1.1 for v in (CX, CY)]
        t = [logit(inside[0]), logit(inside[1]), math.log(W / 36), math.log(H / 75), 0.9375, 0.1, 0.8]
        values = {(0, 1, 1, 0, c): v for c, v in enumerate(t)}
    g.sparse_output("Identity:0" if number == 0 else f"Identity_{number}:0", [1, rows, columns, 3, 85], values)
g.save()

# --- boxes and scores apart -----------------------------------------------------------------------------------
g = Graph("yolov4_tianxiaomo", [image("input")])
g.sparse_output("boxes", [1, 252, 1, 4], {(0, 5, 0, c): v for c, v in enumerate(PARTS)})
g.sparse_output("confs", [1, 252, 80], row(5, [0.1, SCORE])); g.save()

g = Graph("damo_yolo", [image()])
g.sparse_output("output", [1, 84, 80], row(5, [0.1, SCORE]))
g.sparse_output("953", [1, 84, 4], row(5, CORNERS)); g.save()

g = Graph("yolo_nas_raw", [image("input")])
g.sparse_output("904", [1, 84, 4], row(5, CORNERS))
g.sparse_output("897", [1, 84, 80], row(5, [0.1, SCORE])); g.save()

NAS = ("input", T.UINT8, [1, 3, SIDE, SIDE])
g = Graph("yolo_nas_batch", [NAS])
g.integers("graph2_num_predictions", [[1]])
g.sparse_output("graph2_pred_boxes", [1, 5, 4], row(0, CORNERS), fill=-1.0)
g.sparse_output("graph2_pred_scores", [1, 5], {(0, 0): SCORE}, fill=-1.0)
g.integers("graph2_pred_classes", [[CLASS, -1, -1, -1, -1]]); g.save()

g = Graph("yolo_nas_flat", [NAS])
g.sparse_output("graph2_flat_predictions", [1, 7], {(0, c): v for c, v in enumerate([0.0, *CORNERS, SCORE, CLASS])}, declared=["n", 7]); g.save()

# NanoDet: distance = mean of a distribution over 0..7, times the stride. Two neighbouring bins give any mean.
def sides(distances):
    out = []
    for d in distances:
        low = int(d)
        bins = [-60.0] * 8
        bins[low] = math.log(max(1 - (d - low), 1e-30))
        if d > low:
            bins[low + 1] = math.log(d - low)
        out += bins
    return out

# Plus: from (column * 8, row * 8) = (24, 24).
g = Graph("nanodet_plus", [image("data")])
g.sparse_output("output", [1, 85, 112], {**row(3 * 8 + 3, [0.1, SCORE]),
    **{(0, 27, 80 + i): v for i, v in enumerate(sides([(24 - X1) / 8, (24 - Y1) / 8, (X2 - 24) / 8, (Y2 - 24) / 8]))}}); g.save()

# v1: from the middle of the cell, (20, 20).
g = Graph("nanodet_v1", [image("input.1")])
for stride, rows, columns in A3:
    g.sparse_output(f"cls_pred_stride_{stride}", [1, rows * columns, 80], row(18, [0.1, SCORE]) if stride == 8 else {})
for stride, rows, columns in A3:
    g.sparse_output(f"dis_pred_stride_{stride}", [1, rows * columns, 32],
                    row(18, sides([(20 - X1) / 8, (20 - Y1) / 8, (X2 - 20) / 8, (Y2 - 20) / 8])) if stride == 8 else {})
g.save()

# FastestDet: centre = (cell + tanh t) / map, size = s(t), score = objectness^0.6 * class^0.4. Cell (1, 1) of 4 x 4.
g = Graph("fastestdet", [image("input.1")])
t = [SCORE, math.atanh(CX / 16 - 1), math.atanh(CY / 16 - 1), logit(W / 64), logit(H / 64), 0.1, SCORE]
g.sparse_output("758", [1, 85, 4, 4], {(0, c, 1, 1): v for c, v in enumerate(t)}); g.save()

# --- final detections -----------------------------------------------------------------------------------------
# Boxes are multiplied by the size that the second input gives, as the post-processor does.
g = Graph("rt_detr", [image(), ("orig_target_sizes", T.INT64, [1, 2])])
size = g.op("Cast", ["orig_target_sizes"], to=T.FLOAT)
size = g.op("Unsqueeze", [g.op("Concat", [size, size], axis=1), g.const(np.array([1], np.int64))])
g.integers("labels", [[CLASS, 0, 0]])
g.op("Mul", [g.sparse([1, 3, 4], row(0, PARTS)), size], output="boxes"); g.give("boxes", T.FLOAT, [1, 3, 4])
g.sparse_output("scores", [1, 3], {(0, 0): SCORE}); g.save()

g = Graph("rt_detr_ultralytics", [image()], {"task": "detect", "description": "Ultralytics rtdetr-l model", **NAMES3})
g.sparse_output("output0", [1, 300, 7], row(4, CENTRE_PARTS + [0.1, SCORE, 0.2])); g.save()

g = Graph("rf_detr_seg", [image("input")])
g.sparse_output("dets", [1, 10, 4], row(2, CENTRE_PARTS))
g.sparse_output("labels", [1, 10, 91], {(0, 2, CLASS): logit(SCORE)}, fill=-10.0)
g.sparse_output("masks", [1, 10, 16, 16], {(0, 2, y, x): 5.0 for y in range(16) for x in range(6)}, fill=-5.0); g.save()

g = Graph("rf_detr", [image("input")])
g.sparse_output("dets", [1, 10, 4], row(2, CENTRE_PARTS))
g.sparse_output("labels", [1, 10, 91], {(0, 2, CLASS): logit(SCORE)}, fill=-10.0); g.save()

# Boxes are divided by the scale factor, as PaddleDetection does.
g = Graph("pp_yoloe", [image("image"), ("scale_factor", T.FLOAT, [1, 2])])
table = g.sparse([2, 6], {(0, c): v for c, v in enumerate([CLASS, SCORE, *CORNERS])}, fill=-1.0)
factor = g.op("ReduceMax", ["scale_factor"], keepdims=0)
g.op("Div", [table, factor], output="multiclass_nms3_0.tmp_0"); g.give("multiclass_nms3_0.tmp_0", T.FLOAT, ["n", 6])
g.integers("multiclass_nms3_0.tmp_2", [1], kind=T.INT32); g.save()

g = Graph("ssd_mobilenet", [("image_tensor:0", T.UINT8, [1, "height", "width", 3])])
g.sparse_output("detection_boxes:0", [1, 5, 4], row(0, [PARTS[1], PARTS[0], PARTS[3], PARTS[2]]))
g.sparse_output("detection_classes:0", [1, 5], {(0, 0): 1.0}, fill=1.0)
g.sparse_output("detection_scores:0", [1, 5], {(0, 0): SCORE, (0, 1): 0.9})
g.sparse_output("num_detections:0", [1], {(0,): 1.0}); g.save()

g = Graph("nms_inside", [image()])
g.integers("num_dets", [[1]], kind=T.INT32)
g.sparse_output("det_boxes", [1, 5, 4], row(0, CORNERS))
g.sparse_output("det_scores", [1, 5], {(0, 0): SCORE})
g.integers("det_classes", [[CLASS, 0, 0, 0, 0]], kind=T.INT32); g.save()

# y1 x1 y2 x2 in pixels of the given size, height first.
g = Graph("yolov3_zoo", [("input_1", T.FLOAT, [1, 3, SIDE, SIDE]), ("image_shape", T.FLOAT, [1, 2])])
size = g.op("Unsqueeze", [g.op("Concat", ["image_shape", "image_shape"], axis=1), g.const(np.array([1], np.int64))])
g.op("Mul", [g.sparse([1, 3, 4], row(1, [PARTS[1], PARTS[0], PARTS[3], PARTS[2]])), size], output="yolonms_layer_1/ExpandDims_1:0")
g.give("yolonms_layer_1/ExpandDims_1:0", T.FLOAT, [1, 3, 4])
g.sparse_output("yolonms_layer_1/ExpandDims_3:0", [1, 80, 3], {(0, CLASS, 1): SCORE})
g.integers("yolonms_layer_1/concat_2:0", [[0, CLASS, 1]], kind=T.INT32); g.save()

g = Graph("tensorrt_nms", [image()])
g.op("EfficientNMS_TRT", [g.sparse([1, 84, 4], {}), g.sparse([1, 84, 80], {})], output="num_dets", domain="TRT")
g.give("num_dets", T.INT32, [1, 1]); g.save()

# --- faces (one class) ----------------------------------------------------------------------------------------
g = Graph("ultraface", [image("input")])
g.sparse_output("scores", [1, 40, 2], row(5, [0.25, SCORE]))
g.sparse_output("boxes", [1, 40, 4], row(5, PARTS)); g.save()

# YuNet: score = sqrt(cls * obj), x = (column + t) * stride, w = exp(t) * stride. Stride 16, row 1, column 1;
# landmarks at the box's corners and centre.
POINTS = [(X1, Y1), (X2, Y1), (CX, CY), (X1, Y2), (X2, Y2)]
g = Graph("yunet", [image("input")])
for part, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
    for stride, rows, columns in A3:
        values = []
        if stride == 16:
            values = {"cls": [0.75], "obj": [0.75], "bbox": [CX / 16 - 1, CY / 16 - 1, math.log(W / 16), math.log(H / 16)],
                      "kps": [v / 16 - 1 for point in POINTS for v in point]}[part]
        g.sparse_output(f"{part}_{stride}", [1, rows * columns, width], row(5, values))
g.save()

g = Graph("yolov5_face", [image("input")])
g.sparse_output("output", [1, 252, 16], row(7, CENTRE + [0.9375] + [v for p in POINTS for v in p] + [0.8])); g.save()

# Raw maps: landmarks are t * anchor + cell * stride. Stride 16, row 1, column 1, anchor 0 (23 x 29).
g = Graph("yolov5_face_maps", [image("data")])
for stride, rows, columns in A3:
    values = {}
    if stride == 16:
        t = [half(CX / 16 - 1 + 0.5), half(CY / 16 - 1 + 0.5), half(math.sqrt(W / 23)), half(math.sqrt(H / 29)), logit(0.9375)]
        t += [(v - 16) / a for p in POINTS for v, a in zip(p, (23, 29))] + [logit(0.8)]
        values = {(0, 0, 1, 1, c): v for c, v in enumerate(t)}
    g.sparse_output(f"stride_{stride}", [1, 3, rows, columns, 16], values, fill=-10.0)
g.save()

# --- pose -----------------------------------------------------------------------------------------------------
# y, x, score in 0..1 for 17 keypoints: two at the box's corners, the others in its middle.
g = Graph("movenet", [("input", T.INT32, [1, SIDE, SIDE, 3])])
values = {}
for point, (x, y) in enumerate([(X1, Y1), (X2, Y2)] + [(CX, CY)] * 15):
    values.update({(0, 0, point, 0): y / SIDE, (0, 0, point, 1): x / SIDE, (0, 0, point, 2): SCORE})
g.sparse_output("output_0", [1, 1, 17, 3], values); g.save()

# --- actions --------------------------------------------------------------------------------------------------
# ST-GCN reads [1, 3, frames, joints, people]. Single values of it become scores here: nose and neck of the first person in
# the newest frame, and how sure the nose was in the oldest one; all other actions score -20.
FRAMES, JOINTS, PEOPLE = 16, 18, 2
g = Graph("st_gcn", [("input", T.FLOAT, [1, 3, FRAMES, JOINTS, PEOPLE])])
at = lambda axis, frame, joint, person: ((axis * FRAMES + frame) * JOINTS + joint) * PEOPLE + person
picked = [(at(0, 15, 1, 0), 1, 10, 0), (at(1, 15, 1, 0), 2, 10, 0), (at(2, 15, 1, 0), 3, 4, 0),  # value, class, factor, offset
          (at(0, 15, 0, 0), 4, -10, 0), (at(2, 0, 0, 0), 6, 10, -3)]
flat = g.op("Reshape", ["input", g.const(np.array([-1], np.int64))])
value = g.op("Gather", [flat, g.const(np.array([p[0] for p in picked], np.int64))])
value = g.op("Add", [g.op("Mul", [value, g.const(np.array([p[2] for p in picked], np.float32))]),
                     g.const(np.array([p[3] for p in picked], np.float32))])
index = g.const(np.array([[0, p[1]] for p in picked], np.int64))
g.op("ScatterND", [g.sparse([1, 400], {}, fill=-20.0), index, value], output="output"); g.give("output", T.FLOAT, [1, 400]); g.save()

# --- images, mattes, depth ----------------------------------------------------------------------------------
# Fast neural style normalises inside and gives bytes.
g = Graph("neural_style", [image("input1")])
g.op("InstanceNormalization", ["input1", g.const(np.full(3, 60, np.float32)), g.const(np.full(3, 128, np.float32))], output="output1")
g.give("output1", T.FLOAT, [1, 3, SIDE, SIDE]); g.save()

# AnimeGAN: channels last, a tanh at the end.
g = Graph("anime_gan", [("AnimeGANv3_input:0", T.FLOAT, ["batch", SIDE, SIDE, 3])])
g.op("Tanh", ["AnimeGANv3_input:0"], output="generator/main/out_layer:0")
g.give("generator/main/out_layer:0", T.FLOAT, ["batch", SIDE, SIDE, 3]); g.save()

# Low light: twice as bright, cut at 1.
g = Graph("enhance", [image("input")])
g.op("Clip", [g.op("Mul", ["input", g.const(np.float32(2))]), g.const(np.float32(0)), g.const(np.float32(1))], output="output")
g.give("output", T.FLOAT, [1, 3, SIDE, SIDE]); g.save()

g = Graph("super_resolution", [image("input")])
g.op("Resize", ["input", "", g.const(np.array([1, 1, 2, 2], np.float32))], output="output", mode="nearest",
     coordinate_transformation_mode="asymmetric", nearest_mode="floor")
g.give("output", T.FLOAT, [1, 3, 2 * SIDE, 2 * SIDE]); g.save()

# MODNet: any size, a sigmoid at the end; here of 10 times the red channel in -1..1.
g = Graph("modnet", [("input", T.FLOAT, ["batch_size", 3, "height", "width"])])
red = g.op("Slice", ["input", g.const(np.array([0], np.int64)), g.const(np.array([1], np.int64)), g.const(np.array([1], np.int64))])
g.op("Sigmoid", [g.op("Mul", [red, g.const(np.float32(10))])], output="output")
g.give("output", T.FLOAT, ["batch_size", 1, "height", "width"]); g.save()

# Robust Video Matting: the state counts the frames and takes its own shape at the first; the alpha is a tenth of it.
NAMES = ["r1", "r2", "r3", "r4"]
g = Graph("rvm", [("src", T.FLOAT, [1, 3, "height", "width"])]
          + [(f"{n}i", T.FLOAT, [1, f"{n}c", f"{n}h", f"{n}w"]) for n in NAMES] + [("downsample_ratio", T.FLOAT, [1])])
g.op("Identity", ["src"], output="fgr"); g.give("fgr", T.FLOAT, [1, 3, "height", "width"])
mean = g.op("ReduceMean", ["r1i"], axes=[1, 2, 3], keepdims=1)
count = g.op("Add", [mean, g.op("Add", [g.const(np.float32(1)), g.zero])])
blank = g.op("Mul", [g.op("ReduceMean", ["src"], axes=[1], keepdims=1), g.const(np.float32(0))])
g.op("Clip", [g.op("Add", [blank, g.op("Mul", [count, g.const(np.float32(0.1))])]), g.const(np.float32(0)), g.const(np.float32(1))], output="pha")
g.give("pha", T.FLOAT, [1, 1, "height", "width"])
for n in NAMES:
    grown = g.op("Add", [g.sparse([1, 2, 3, 4], {}), count]) if n == "r1" else f"{n}i"
    g.op("Identity", [grown], output=f"{n}o"); g.give(f"{n}o", T.FLOAT, [1, f"{n}d", f"{n}e", f"{n}f"])
g.save()

# Depth Anything: sides of whole patches, no axis of channels; here the mean of the channels.
g = Graph("depth_anything", [image("image", (70, 70))])
g.op("ReduceMean", ["image"], axes=[1], keepdims=0, output="depth"); g.give("depth", T.FLOAT, [1, 70, 70]); g.save()

g = Graph("midas", [image("0")])
g.op("Relu", [g.op("ReduceMean", ["0"], axes=[1], keepdims=0)], output="797"); g.give("797", T.FLOAT, [1, SIDE, SIDE]); g.save()

# A classifier with room for a LoRA adapter: ten classes; an optional input, zero unless the adapter says otherwise, is added
# to the scores. The third class is the best alone, with the adapter the sixth.
g = Graph("lora_classifier", [image("input")])
g.weights.append(nh.from_array(np.zeros((1, 10), np.float32), "lora_bias"))
g.inputs.append(h.make_tensor_value_info("lora_bias", T.FLOAT, [1, 10]))
scores = g.sparse([1, 10], {(0, 2): 4.0})
g.op("Add", [scores, "lora_bias"], output="logits"); g.give("logits", T.FLOAT, [1, 10]); g.save()
import onnxruntime as ort
adapter = ort.AdapterFormat()
bias = np.zeros((1, 10), np.float32)
bias[0, 5] = 9
adapter.set_adapter_version(1); adapter.set_model_version(1)
adapter.set_parameters({"lora_bias": ort.OrtValue.ortvalue_from_numpy(bias)})
adapter.export_adapter(str(OUT / "lora_classifier.onnx_adapter"))

# CenterFace: a real convolution at a quarter of the input, so that its maps follow the size of the image although the file
# fixes one. Nothing is over the threshold.
weights = [
    nh.from_array(np.zeros((channels, 3, 4, 4), np.float32), f"w{channels}{name}") for name, channels in zip("abcd", (1, 2, 2, 10))
]
onnx.save(
    h.make_model(
        h.make_graph(
            [
                h.make_node("Conv", ["input.1", weight.name], [str(537 + n)], kernel_shape=[4, 4], strides=[4, 4])
                for n, weight in enumerate(weights)
            ],
            "centerface",
            [h.make_tensor_value_info("input.1", T.FLOAT, [1, 3, 32, 32])],
            [
                h.make_tensor_value_info(str(537 + n), T.FLOAT, [1, channels, 8, 8])
                for n, channels in enumerate((1, 2, 2, 10))
            ],
            weights,
        ),
        opset_imports=[h.make_opsetid("", 13)],
        ir_version=8,
    ),
    OUT / "centerface.onnx",
)

sizes = [f.stat().st_size for f in OUT.glob("*.onnx")]
print(f"{len(sizes)} files, {sum(sizes)} bytes")
