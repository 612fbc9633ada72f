#!/bin/sh
# Fetches the programs that Sightline is compared with and measures the Python loop. See README.md.
set -eu

cd "$(dirname "$0")/../.."
here=benches/peers
target=$PWD/target/peers
rust=no
frames=100
video=../shared/media/traffic.mp4
models=../shared/models
setup_only=no

usage() {
    echo "usage: $here/run.sh [--rust] [--setup-only] [--frames N] [--video FILE] [--models FOLDER]"
    exit "$1"
}
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

mkdir -p "$target/bin" "$target/lib"
[ -x "$target/venv/bin/python" ] || python3 -m venv "$target/venv"
"$target/venv/bin/python" -c 'import cv2, numpy, onnxruntime' 2>/dev/null ||
    "$target/venv/bin/python" -m pip install --quiet 'onnxruntime==1.32.*' opencv-python-headless numpy

# The Rust programs are programs of their own; nothing of them is linked into Sightline. They get Sightline's runtime.
if [ "$rust" = yes ]; then
    runtime=${SIGHTLINE_ONNXRUNTIME:-$PWD/.setup/lib/libonnxruntime.so}
    for name in libonnxruntime.so libonnxruntime.so.1; do
        ln -sf "$runtime" "$target/lib/$name"
    done
    if [ ! -x "$target/bin/usls-loop" ]; then
        cargo build --quiet --locked --release --manifest-path $here/usls/Cargo.toml --target-dir "$target/build" &&
            cp "$target/build/release/usls-loop" "$target/bin" ||
            echo "usls can't be built here; it is left out" >&2
    fi
    if [ ! -x "$target/bin/ultralytics-inference" ]; then
        # Its reader of videos needs the headers of FFmpeg's libraries.
        ORT_LIB_PATH=$target/lib ORT_PREFER_DYNAMIC_LINK=1 cargo install --quiet --locked --no-default-features \
            --features video --root "$target" ultralytics-inference ||
            echo "ultralytics-inference can't be installed here; it is left out" >&2
    fi
fi
[ "$setup_only" = yes ] && exit 0

"$target/venv/bin/python" "$here/python_loop.py" "$video" --frames "$frames" \
    "$models/yolo11n_int8.onnx" "$models/yolox_nano.onnx" "$models/yolov8n_int8.onnx"
