"""Makes the pictures of docs/scenes.md: clips of cut-outs on a drawn ground, on which the program counts.

Usage: python scripts/scene_images.py SIGHTLINE [MODELS] [MEDIA] [ARM]
Needs: opencv-python, numpy, ffmpeg; samples/ (make run fetches them). MODELS holds yolox_nano.onnx and yunet_2023mar.onnx, MEDIA
dog.jpg (YOLOX's repository, Apache-2.0), whose truck is cut out; beside the repository both lie in ../shared. ARM is the pose model
that tests/scene_features.rs writes for drawn arms.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1]
MODELS = Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "../shared/models")
MEDIA = Path(sys.argv[3] if len(sys.argv) > 3 else ROOT / "../shared/media")
ARM = Path(sys.argv[4]) if len(sys.argv) > 4 else None
OUT = ROOT / "docs/images"
W, H, FPS = 960, 540, 20
GRASS, ROAD, WHITE = (96, 140, 104), (106, 104, 102), (228, 228, 228)
RANDOM = np.random.default_rng(3)


def truck(scale):
    """The truck of dog.jpg without what is around it: BGRA."""
    image = cv2.imread(str(MEDIA / "dog.jpg"))
    x, y, w, h = 468, 76, 222, 98
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.grabCut(image, mask, (x, y, w, h), np.zeros((1, 65)), np.zeros((1, 65)), 8, cv2.GC_INIT_WITH_RECT)
    alpha = ((mask == 1) | (mask == 3)).astype(np.uint8) * 255
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(alpha)
    alpha = (parts == 1 + np.argmax(sizes[1:, 4])).astype(np.uint8) * 255
    alpha = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((7, 7)))
    # Without twigs.
    alpha = cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((9, 9)))
    alpha = cv2.GaussianBlur(alpha, (5, 5), 0)
    cut = np.dstack([image, alpha])[y:y + h, x:x + w]
    cut = cv2.copyMakeBorder(cut, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    # It stands on a slope.
    turn = cv2.getRotationMatrix2D((cut.shape[1] / 2, cut.shape[0] / 2), 5.5, scale)
    size = (int(cut.shape[1] * scale), int(cut.shape[0] * scale))
    turn[:, 2] += np.array(size) / 2 - np.array([cut.shape[1] / 2, cut.shape[0] / 2])
    cut = cv2.warpAffine(cut, turn, size, flags=cv2.INTER_AREA)
    rows, columns = np.where(cut[..., 3] > 40)
    return cut[rows.min():rows.max() + 1, columns.min():columns.max() + 1]


def put(frame, cut, x, bottom):
    """Lays a cut-out and its shadow on a frame, given the left side and where it stands."""
    h, w = cut.shape[:2]
    x, y = round(x), round(bottom) - h
    if x + w <= 0 or x >= W:
        return
    shade = frame.copy()
    cv2.ellipse(shade, (x + w // 2, y + h - 4), (w // 2, 8), 0, 0, 360, (58, 56, 56), -1, cv2.LINE_AA)
    cv2.addWeighted(shade, 0.6, frame, 0.4, 0, frame)
    x0, x1 = max(x, 0), min(x + w, W)
    cut = cut[:, x0 - x:x1 - x]
    alpha = cut[..., 3:] / 255
    part = frame[y:y + h, x0:x1]
    part[:] = (part * (1 - alpha) + cut[..., :3] * alpha).astype(np.uint8)


def ground(paint):
    frame = np.zeros((H, W, 3), np.float32)
    paint(frame)
    return np.clip(cv2.GaussianBlur(frame, (3, 3), 0) + RANDOM.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)


def write(path, frames, size=(W, H)):
    ffmpeg = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "{}x{}".format(*size), "-r", str(FPS), "-i", "-",
         "-c:v", "libx264", "-crf", "14", "-pix_fmt", "yuv420p", path], stdin=subprocess.PIPE)
    for frame in frames:
        ffmpeg.stdin.write(frame.tobytes())
    ffmpeg.stdin.close()
    ffmpeg.wait()


def street():
    """Four cars on a road with two lanes."""
    def paint(frame):
        frame[:], frame[:110], frame[150:470] = GRASS, (206, 196, 180), ROAD
        for y in (152, 464):
            frame[y:y + 5] = WHITE
        for x in range(20, W, 120):
            frame[306:312, x:x + 60] = WHITE
    empty, car = ground(paint), truck(1.1)
    for n in range(140):
        s, frame = n / FPS, empty.copy()
        put(frame, car[:, ::-1], 900 - 130 * s, 288)
        put(frame, car[:, ::-1], 1340 - 130 * s, 288)
        put(frame, car, -260 + 140 * s, 430)
        put(frame, car, -900 + 190 * s, 430)
        yield frame


def lot():
    """Two cars in three parking spaces, and three that queue up."""
    def paint(frame):
        frame[:], frame[:60], frame[70:75, 30:935] = ROAD, GRASS, WHITE
        for x in range(30, W, 300):
            frame[70:280, x:x + 5] = WHITE
    empty, car, small = ground(paint), truck(1.1), truck(0.95)
    for n in range(100):
        s, frame = n / FPS, empty.copy()
        for x in (60, 660):
            put(frame, car, x, 240)
        for place in range(3):
            put(frame, small, min(-80 - 250 * place + 230 * s, 680 - 250 * place), 464)
        yield frame


SCENES = {
    "lines": ("street", 6.2, """
[[lines]]
name = "westwards"
points = [[0.5, 0.28], [0.5, 0.58]]
[[lines]]
name = "eastwards"
points = [[0.55, 0.86], [0.55, 0.58]]
"""),
    "regions": ("street", 4.6, """
[[zones]]
name = "upper lane"
points = [[0.02, 0.29], [0.98, 0.29], [0.98, 0.56], [0.02, 0.56]]
[[zones]]
name = "lower lane"
points = [[0.02, 0.58], [0.98, 0.58], [0.98, 0.85], [0.02, 0.85]]
"""),
    "queue": ("lot", 4.8, """
[[zones]]
name = "queue"
points = [[0.02, 0.62], [0.98, 0.62], [0.98, 0.92], [0.02, 0.92]]
capacity = 4
"""),
    "parking": ("lot", 4.8, """
[[zones]]
name = "P1"
points = [[0.04, 0.15], [0.34, 0.15], [0.34, 0.5], [0.04, 0.5]]
capacity = 1
[[zones]]
name = "P2"
points = [[0.35, 0.15], [0.655, 0.15], [0.655, 0.5], [0.35, 0.5]]
capacity = 1
[[zones]]
name = "P3"
points = [[0.665, 0.15], [0.97, 0.15], [0.97, 0.5], [0.665, 0.5]]
capacity = 1
"""),
    "speed": ("street", 5.9, """
[perspective]
points = [[0.0, 0.29], [1.0, 0.29], [1.0, 0.86], [0.0, 0.86]]
width = 24.0
length = 7.0
"""),
    "distance": ("lot", 4.8, """
[perspective]
points = [[0.0, 0.13], [1.0, 0.13], [1.0, 1.0], [0.0, 1.0]]
width = 24.0
length = 12.0
[distances]
"""),
    "heat-map": ("street", 6.6, """
[heat_map]
mode = "cumulative"
"""),
}


def arm():
    """An arm that bends and straightens."""
    side, elbow = 540, np.array([230, 330])
    for n in range(111):
        frame = np.full((side, side, 3), 70, np.uint8)
        bent = (1 - np.cos(n / FPS / 2 * 2 * np.pi)) / 2
        angle = np.radians(175 - 130 * bent)
        shoulder = elbow - (0, 170)
        wrist = elbow + (170 * np.sin(angle), -170 * np.cos(angle))
        points = [tuple(int(v) for v in point) for point in (shoulder, elbow, wrist)]
        for a, b in zip(points, points[1:]):
            cv2.line(frame, a, b, (150, 150, 150), 34, cv2.LINE_AA)
        for point, colour in zip(points, ((0, 0, 255), (0, 255, 0), (255, 0, 0))):
            cv2.circle(frame, point, 20, colour, -1, cv2.LINE_AA)
        yield frame


def predict(*arguments):
    subprocess.run([PROGRAM, "predict", *arguments, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def still(video, at, name, width=800):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", str(at), "-i", video, "-frames:v", "1", "-vf", f"scale={width}:-1",
                    "-q:v", "4", OUT / f"scene-{name}.jpg"], check=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for clip, frames in (("street", street()), ("lot", lot())):
            write(folder / f"{clip}.mp4", frames)
        detector = ["--model", MODELS / "yolox_nano.onnx", "--classes", "car"]
        for name, (clip, at, text) in SCENES.items():
            scene = folder / f"{name}.toml"
            scene.write_text(text)
            predict(folder / f"{clip}.mp4", *detector, "--scene", scene, "--save", folder / name)
            still(next((folder / name).glob("*.mp4")), at, name)
        # One frame's objects, side by side.
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", "4.8", "-i", folder / "lot.mp4", "-frames:v", "1", folder / "lot.png"], check=True)
        predict(folder / "lot.png", *detector, "--crops", folder / "crops")
        crops = [cv2.imread(str(path)) for path in sorted((folder / "crops").iterdir())]
        height = max(crop.shape[0] for crop in crops)
        row = [cv2.copyMakeBorder(crop, 0, height - crop.shape[0], 6, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for crop in crops]
        cv2.imwrite(str(OUT / "scene-crops.jpg"), np.hstack(row), [cv2.IMWRITE_JPEG_QUALITY, 85])
        predict(ROOT / "samples/astronaut.png", "--model", MODELS / "yunet_2023mar.onnx", "--save", folder / "blur", "--blur", "face")
        hidden = cv2.imread(str(next((folder / "blur").iterdir())))
        cv2.imwrite(str(OUT / "scene-blur.jpg"), hidden, [cv2.IMWRITE_JPEG_QUALITY, 85])
        if ARM:
            write(folder / "arm.mp4", arm(), (540, 540))
            scene = folder / "arm.toml"
            scene.write_text('[[exercises]]\nname = "curls"\njoints = ["left-shoulder", "left-elbow", "left-wrist"]')
            predict(folder / "arm.mp4", "--model", ARM, "--scene", scene, "--save", folder / "arm")
            still(next((folder / "arm").glob("*.mp4")), 4.8, "repetitions", 540)


main()
