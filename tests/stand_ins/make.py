"""Stand-ins for the sample data: networks of a few kilobytes, images and a video for which the tests that need no
particular network run in a fresh clone, too.

Usage: python make.py
Needs: onnx, numpy, Pillow, ffmpeg.

The images show squares in strong colours on grey, and the detectors find them: each class has its colour. They are
real networks: the distance of every cell's colour from each class's colour, averaged over the size of a square. The
names, inputs and outputs are those of the sample data, so that a test does not see whether it runs on this or on that.
"""
import subprocess
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
LABELS = (HERE.parent.parent / "assets/labels/coco80.tsv").read_text(encoding="utf-8").splitlines()
COCO = [line.split("\t")[0] for line in LABELS if line and not line.startswith("#")]
# Class → colour.
COLOURS = {0: (0, 200, 0), 1: (200, 0, 200), 2: (200, 200, 0), 5: (200, 0, 0), 7: (0, 200, 200), 16: (0, 0, 200)}
GREY = (60, 60, 60)
# The side of a square, as a share of the image's longer side.
SQUARE = 9 * 8 / 416


class Graph:
    """A graph under construction."""

    def __init__(self, name, inputs, metadata=None):
        self.name, self.metadata = name, metadata or {}
        self.inputs = [h.make_tensor_value_info(n, T.FLOAT, s) for n, s in inputs]
        self.nodes, self.weights, self.outputs = [], [], []

    def const(self, value):
        name = f"c{len(self.weights)}"
        self.weights.append(nh.from_array(np.asarray(value), name))
        return name

    def op(self, kind, inputs, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(h.make_node(kind, inputs, [output], **attributes))
        return output

    def output(self, name, value, shape):
        self.op("Identity", [value], output=name)
        self.outputs.append(h.make_tensor_value_info(name, T.FLOAT, shape))

    def save(self):
        graph = h.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8, producer_name="sightline")
        for key, value in self.metadata.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(model, full_check=True)
        (HERE / "models").mkdir(exist_ok=True)
        onnx.save(model, HERE / "models" / f"{self.name}.onnx")

    def scores(self, image, side):
        """(1, classes, cells, cells): how sure it is that a square of the class's colour is around each cell of 8 pixels.

        `image` has RGB from 0 to 1.
        """
        cells = side // 8
        pooled = self.op("AveragePool", [image], kernel_shape=[8, 8], strides=[8, 8])
        pooled = self.op("Unsqueeze", [pooled, np.array([1], np.int64)])
        wanted = np.array(list(COLOURS.values()), np.float32).reshape(1, len(COLOURS), 3, 1, 1) / 255
        away = self.op("Abs", [self.op("Sub", [pooled, wanted])])
        away = self.op("ReduceSum", [away, np.array([2], np.int64)], keepdims=0)
        kernel = round(SQUARE * cells) | 1
        pads = [kernel // 2] * 4
        # The border counts as grey: the distance of grey, padded by hand.
        far = float(np.abs(np.array(GREY) / 255 - np.array(COLOURS[0]) / 255).sum())
        away = self.op("Pad", [away, np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64), np.float32(far)])
        away = self.op("AveragePool", [away], kernel_shape=[kernel, kernel], strides=[1, 1])
        sure = self.op("Sub", [np.float32(0.95), self.op("Mul", [away, np.float32(2.5)])])
        # Of neighbours the surest is left; the slope decides between equals.
        slope = np.arange(cells * cells, dtype=np.float32).reshape(1, 1, cells, cells) * 1e-5
        sloped = self.op("Add", [sure, slope])
        best = self.op("MaxPool", [sloped], kernel_shape=[9, 9], strides=[1, 1], pads=[4] * 4)
        is_best = self.op("Cast", [self.op("Equal", [sloped, best])], to=T.FLOAT)
        return self.op("Mul", [is_best, self.op("Clip", [sure, np.float32(0), np.float32(1)])])

    def by_class(self, scores, count):
        """(1, 80, count): the scores of all classes, those of cells of 8 pixels first, 0 for the coarser ones."""
        flat = self.op("Reshape", [scores, np.array([1, len(COLOURS), -1], np.int64)])
        place = np.zeros((1, 80, len(COLOURS)), np.float32)
        for column, label in enumerate(COLOURS):
            place[0, label, column] = 1
        wide = self.op("MatMul", [place, flat])
        fine = (count * 64) // 84
        return self.op("Pad", [wide, np.array([0, 0, 0, 0, 0, count - fine], np.int64), np.float32(0)])


def yolox(name, side):
    count = sum((side // s) ** 2 for s in (8, 16, 32))
    graph = Graph(name, [("images", [1, 3, side, side])])
    rgb = graph.op("Gather", ["images", np.array([2, 1, 0], np.int64)], axis=1)
    rgb = graph.op("Div", [rgb, np.float32(255)])
    scores = graph.by_class(graph.scores(rgb, side), count)
    rows = graph.op("Transpose", [scores], perm=[0, 2, 1])
    place = np.array([0.5, 0.5, np.log(9), np.log(9), 1], np.float32).reshape(1, 1, 5)
    boxes = graph.op("Expand", [place, np.array([1, count, 5], np.int64)])
    graph.output("output", graph.op("Concat", [boxes, rows], axis=2), [1, count, 85])
    graph.save()


def ultralytics(name, side, title):
    cells = side // 8
    count = sum((side // s) ** 2 for s in (8, 16, 32))
    names = "{" + ", ".join(f"{i}: '{label}'" for i, label in enumerate(COCO)) + "}"
    metadata = {"description": f"{title} (a stand-in for tests)", "task": "detect", "stride": "32", "batch": "1",
                "imgsz": f"[{side}, {side}]", "names": names}
    graph = Graph(name, [("images", [1, 3, side, side])], metadata)
    scores = graph.by_class(graph.scores("images", side), count)
    # A row of cell centres; that of columns is its transposition.
    line = np.arange(cells, dtype=np.float32).reshape(1, 1, 1, cells) * 8 + 4
    across = graph.op("Expand", [line, np.array([1, 1, cells, cells], np.int64)])
    down = graph.op("Transpose", [across], perm=[0, 1, 3, 2])
    centres = graph.op("Reshape", [graph.op("Concat", [across, down], axis=1), np.array([1, 2, -1], np.int64)])
    fine = cells * cells
    centres = graph.op("Pad", [centres, np.array([0, 0, 0, 0, 0, count - fine], np.int64), np.float32(0)])
    sides = graph.op("Expand", [np.full((1, 2, 1), SQUARE * side, np.float32), np.array([1, 2, count], np.int64)])
    graph.output("output0", graph.op("Concat", [centres, sides, scores], axis=1), [1, 84, count])
    graph.save()


def classifier(name):
    """Scores that follow the image's mean colour."""
    graph = Graph(name, [("input", ["batch_size", 3, 224, 224])])
    mean = graph.op("ReduceMean", ["input"], axes=[2, 3], keepdims=0)
    weights = np.zeros((3, 1000), np.float32)
    weights[:, [258, 444, 705]] = np.eye(3) * 9
    bright = graph.op("Add", [mean, np.float32(2.5)])
    graph.output("output", graph.op("MatMul", [bright, weights]), ["batch_size", 1000])
    graph.save()


def depth(name):
    """Brightness as depth."""
    graph = Graph(name, [("input", [1, 3, 192, 320])])
    graph.output("output", graph.op("ReduceMean", ["input"], axes=[1], keepdims=1), [1, 1, 192, 320])
    graph.save()


def style(name, output):
    """The negative; its weight is an input, too, as old exporters write it."""
    graph = Graph(name, [("input.1", [1, 3, 256, 256])])
    weight = graph.const(np.full((1, 3, 1, 1), 255, np.float32))
    graph.inputs.append(h.make_tensor_value_info(weight, T.FLOAT, [1, 3, 1, 1]))
    graph.output(output, graph.op("Sub", [weight, "input.1"]), [1, 3, 256, 256])
    graph.save()


def matte(name):
    """Green is a person."""
    graph = Graph(name, [("input_1:0", [1, 256, 256, 3])])
    green = graph.op("MatMul", ["input_1:0", np.array([[-4], [4], [-4]], np.float32)])
    mask = graph.op("Clip", [green, np.float32(0), np.float32(1)])
    graph.output("activation_10", mask, [1, 256, 256, 1])
    graph.save()


def cells_of(graph, image, stride):
    """(1, cells, 1): 0.9 where there is something green, else 0; RGB or BGR from 0 to 255."""
    pooled = graph.op("AveragePool", [image], kernel_shape=[stride, stride], strides=[stride, stride])
    weights = np.array([-0.01, 0.01, -0.01], np.float32).reshape(1, 3, 1, 1)
    green = graph.op("Conv", [pooled, weights])
    flat = graph.op("Reshape", [green, np.array([1, -1, 1], np.int64)])
    return graph.op("Clip", [flat, np.float32(0), np.float32(0.9)])


def yunet(name, side=640):
    """Green squares as faces: at the coarse stride only, a box of 110 pixels."""
    graph = Graph(name, [("input", [1, 3, side, side])])
    outputs = {}
    for stride in (8, 16, 32):
        count = (side // stride) ** 2
        sure = cells_of(graph, "input", stride)
        sure = sure if stride == 32 else graph.op("Mul", [sure, np.float32(0)])
        outputs["cls", stride] = outputs["obj", stride] = sure
        zero = graph.op("Mul", [sure, np.float32(0)])
        outputs["bbox", stride] = graph.op("Add", [zero, np.array([0.5, 0.5, 1.2, 1.2], np.float32)])
        outputs["kps", stride] = graph.op("Add", [zero, np.array([0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1], np.float32)])
    for part, size in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            graph.output(f"{part}_{stride}", outputs[part, stride], [1, (side // stride) ** 2, size])
    graph.save()


def ultraface(name):
    """A face in the middle, as sure as the image is bright."""
    graph = Graph(name, [("input", [1, 3, 240, 320])])
    mean = graph.op("ReduceMean", ["input"], axes=[1, 2, 3], keepdims=0)
    zero = graph.op("Mul", [mean, np.float32(0)])
    zero = graph.op("Reshape", [zero, np.array([1, 1, 1], np.int64)])
    rest = graph.op("Expand", [zero, np.array([1, 4419, 1], np.int64)])
    face = graph.op("Sigmoid", [graph.op("Mul", [graph.op("Reshape", [mean, np.array([1, 1, 1], np.int64)]),
                                                 np.float32(2)])])
    face = graph.op("Concat", [face, rest], axis=1)
    other = graph.op("Sub", [np.float32(1), face])
    graph.output("scores", graph.op("Concat", [other, face], axis=2), [1, 4420, 2])
    boxes = graph.op("Expand", [np.array([0.4, 0.4, 0.6, 0.6], np.float32).reshape(1, 1, 4),
                                np.array([1, 4420, 4], np.int64)])
    graph.output("boxes", boxes, [1, 4420, 4])
    graph.save()


def picture(size, squares):
    """An image with squares: class, centre as shares of width and height."""
    image = Image.new("RGB", size, GREY)
    draw = ImageDraw.Draw(image)
    half = SQUARE * max(size) / 2
    for label, x, y in squares:
        x, y = x * size[0], y * size[1]
        draw.rectangle([x - half, y - half, x + half, y + half], fill=COLOURS[label])
    return image


def media():
    folder = HERE / "media"
    folder.mkdir(exist_ok=True)
    street = [(2, 0.2, 0.3), (2, 0.55, 0.3), (7, 0.35, 0.75), (2, 0.8, 0.7)]
    images = {
        "bus": ((810, 1080), [(0, 0.2, 0.2), (0, 0.8, 0.2), (0, 0.2, 0.5), (0, 0.8, 0.5), (5, 0.5, 0.8)]),
        "dog": ((768, 576), [(16, 0.2, 0.7), (1, 0.5, 0.3), (7, 0.8, 0.6)]),
        "traffic_060": ((1280, 720), street),
    }
    for name, (size, squares) in images.items():
        picture(size, squares).save(folder / f"{name}.jpg", quality=90)
    command = ["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "1280x720",
               "-r", "30000/1001", "-i", "-", "-c:v", "libx264", "-preset", "slow", "-crf", "26", "-pix_fmt", "yuv420p",
               str(folder / "traffic.mp4")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        for n in range(249):
            moved = [(label, (x + n / 500) % 1.2 - 0.1, y) for label, x, y in street]
            ffmpeg.stdin.write(picture((1280, 720), moved).tobytes())


def main():
    yolox("yolox_nano", 416)
    ultralytics("yolov8n_int8", 640, "YOLOv8n")
    ultralytics("yolo11n_int8", 320, "YOLO11n")
    classifier("mobilenet_v2_int8")
    depth("tcmonodepth_small_192x320")
    style("mosaic_nc8_256", "395")
    style("candy_nc16_256", "433")
    matte("selfie_segmentation")
    yunet("yunet_2023mar")
    ultraface("ultraface_rfb_320")
    media()


if __name__ == "__main__":
    main()
