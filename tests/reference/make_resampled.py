"""What Pillow makes of images on their way into a classifier: resized to the shorter side, then cut out of the middle.

Usage: python make_resampled.py OUT.json
Needs: pillow, numpy.

Sizes and offsets are rounded as by torchvision's Resize and CenterCrop. The images are computed (see the test in
src/model/input/tests.rs); of the result every `step`-th pixel of each plane and the sum of all bytes are kept.
"""
import json
import sys

import numpy as np
from PIL import Image

KERNELS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# Width, height, shorter side, crop: video, camera, portrait photo, Inception, and an image that is enlarged.
SIZES = [
    (1280, 720, 256, 224),
    (640, 480, 224, 224),
    (810, 1080, 232, 224),
    (1920, 1081, 342, 299),
    (97, 61, 256, 224),
]


def image(width, height):
    y, x = np.mgrid[0:height, 0:width].astype(np.uint32)
    i = y * np.uint32(width) + x
    ramp = x * 255 // width
    pattern = np.where((x // 9 + y // 7) % 2 == 0, 230, 20)
    noise = (i * np.uint32(0x9E3779B1)) >> np.uint32(24)
    return Image.fromarray(np.stack([ramp, pattern, noise], -1).astype(np.uint8))


cases = []
for width, height, resize, side in SIZES:
    for name, kernel in KERNELS.items():
        short = min(width, height)
        # torchvision: int(size * long / short)
        scaled = tuple(resize if n == short else int(resize * n / short) for n in (width, height))
        left, top = (int(round((n - side) / 2.0)) for n in scaled)
        out = np.array(image(width, height).resize(scaled, kernel).crop((left, top, left + side, top + side)))
        step = 29
        cases.append(
            dict(
                width=width,
                height=height,
                resize=resize,
                side=side,
                resample=name,
                step=step,
                samples=out.transpose(2, 0, 1)[:, ::step, ::step].ravel().tolist(),
                sum=int(out.astype(np.int64).sum()),
            )
        )
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
