#!/bin/sh
# Measures the programs that Sightline is compared with, on the same models, frames and machine. See README.md.
set -eu

cd "$(dirname "$0")/../.."
here=benches/peers
target=target/peers
rust=no
frames=100
video=../shared/media/traffic.mp4
models=../shared/models

usage() {
    echo "usage: $here/run.sh [--rust] [--setup-only] [--frames N] [--video FILE] [--models FOLDER]"
    exit "$1"
}
setup_only=no
while [ $# -gt 0 ]; do
    case "$1" in
    --rust) rust=yes ;;
    --setup-only) setup_only=yes ;;
    --frames | --video | --models)
        [ $# -gt 1 ] || usage 2
        case "$1" in
        --frames) frames=$2 ;;
        --video) video=$2 ;;
        --models) models=$2 ;;
        esac
        shift
        ;;
    -h | --help) usage 0 ;;
    *) usage 2 >&2 ;;
    esac
    shift
done

if [ ! -x "$target/venv/bin/python" ]; then
    mkdir -p "$target"
    python3 -m venv "$target/venv"
fi
"$target/venv/bin/python" -c 'import cv2, numpy, onnxruntime' 2>/dev/null ||
    "$target/venv/bin/python" -m pip install --quiet 'onnxruntime==1.32.*' opencv-python-headless numpy
if [ "$rust" = yes ] && [ ! -x "$target/bin/ultralytics-inference" ]; then
    # A program of its own; nothing of it is linked into Sightline.
    cargo install --quiet --locked --no-default-features --root "$target" ultralytics-inference ||
        echo "ultralytics-inference can't be installed here; it is left out" >&2
fi
[ "$setup_only" = yes ] && exit 0

"$target/venv/bin/python" "$here/python_loop.py" "$video" --frames "$frames" \
    "$models/yolo11n_int8.onnx" "$models/yolox_nano.onnx" "$models/yolov8n_int8.onnx"

# This one is built without a video reader: it gets the film's frames as JPEGs, and says itself what its stages took.
if [ -x "$target/bin/ultralytics-inference" ]; then
    rm -rf "$target/frames"
    mkdir -p "$target/frames"
    ffmpeg -v error -i "$video" -frames:v "$frames" -q:v 3 "$target/frames/%04d.jpg"
    for model in yolo11n_int8 yolov8n_int8; do
        echo "ultralytics-inference, $model, $frames JPEGs:" >&2
        "$target/bin/ultralytics-inference" predict --model "$models/$model.onnx" --source "$target/frames" ||
            echo "ultralytics-inference failed on $model" >&2
    done
fi
