#!/usr/bin/env bash
# The screenshots of the documents, taken from the real window on a virtual display: docs/images/*.png.
#
#   scripts/screenshots.sh [PROGRAM]      PROGRAM: target/release/sightline
#
# The images are those of samples/ (make run fetches them: scikit-image's, public domain and CC0) and a video made of them, so
# that the screenshots can be published. Needs the models of ../shared, or of SIGHTLINE_TEST_DATA; Xvfb, xdotool, ffmpeg and
# ImageMagick.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

program=$(realpath "${1:-$target_dir/release/sightline}")
data=$(realpath "${SIGHTLINE_TEST_DATA:-../shared}") || fail "the models are missing: set SIGHTLINE_TEST_DATA to the folder above them"
mkdir -p docs/images
images=$PWD/docs/images
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null; rm -rf "$work"' EXIT

for display in $(seq 90 99); do
    [ -e "/tmp/.X11-unix/X$display" ] || break
done
Xvfb ":$display" -screen 0 1280x800x24 -nolisten tcp -noreset > /dev/null 2>&1 &
sleep 1
export DISPLAY=:$display LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY
export SIGHTLINE_ONNXRUNTIME=${SIGHTLINE_ONNXRUNTIME:-$PWD/.setup/lib/libonnxruntime.so}

# An ONNX file of a shape that no family has: input 1×3×64×64, output 1×9×9×9.
python3 - "$work/mystery.onnx" << 'PYTHON'
import sys

def field(number, content):
    size = bytearray()
    n = len(content)
    while n > 127:
        size.append(n & 127 | 128)
        n >>= 7
    return bytes([number << 3 | 2]) + bytes(size + bytearray([n])) + content

def value(name, sizes):
    shape = b"".join(field(1, bytes([8, n])) for n in sizes)
    return field(1, name) + field(2, field(1, bytes([8, 1]) + field(2, shape)))

graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Identity")) + field(2, b"mystery")
graph += field(11, value(b"x", [1, 3, 64, 64])) + field(12, value(b"y", [1, 9, 9, 9]))
open(sys.argv[1], "wb").write(bytes([8, 8]) + field(7, graph) + field(8, bytes([16, 17])))
PYTHON

# take NAME SECONDS ARGUMENTS…: a screenshot after so many seconds; before it, $keys are pressed and $clicks clicked ("X Y")
take() {
    local name=$1 seconds=$2 key
    shift 2
    step "$name: sightline $*"
    SIGHTLINE_CONFIG_DIR=$work/$name SIGHTLINE_DATA_DIR=$work/data SIGHTLINE_MODELS=$data/models \
        "$program" --size 1280x800 "$@" > "$work/$name.log" 2>&1 &
    local window=$!
    sleep "$seconds"
    if [ -n "${keys:-}${clicks:-}" ]; then
        # Without a window manager no window gets the focus by itself.
        xdotool mousemove 640 400 search --name Sightline windowfocus
        for key in ${keys:-}; do xdotool key "$key"; done
        # shellcheck disable=SC2086
        [ -z "${clicks:-}" ] || { sleep 1; xdotool mousemove $clicks click 1; }
        sleep 2
    fi
    import -window root "$images/$name.png"
    kill "$window"
    wait "$window" 2> /dev/null || true
}

model=$data/models
sample_video "$work"
take start 6 --source samples/motorcycle_left.png --model "$model/yolox_nano.onnx"
take live 6 --source "$work/samples.mp4" --model "$model/yolox_nano.onnx"
take camera-missing 5 --source "HD Webcam" --model "$model/yolox_nano.onnx"
take unknown-model 6 --source samples/coffee.png --model "$work/mystery.onnx"
take chinese 6 --source samples/motorcycle_left.png --model "$model/yolox_nano.onnx" --language zh
take segment 6 --source samples/coffee.png --model "$model/yolov8n-seg_int8.onnx"
take depth 6 --source samples/motorcycle_left.png --model "$model/tcmonodepth_small_192x320.onnx"
take style 6 --source samples/coffee.png --model "$model/mosaic_nc8_256.onnx"
take classify 6 --source samples/chelsea.png --model "$model/mobilenet_v2_int8.onnx"
take semantic 6 --source samples/astronaut.png --model "$model/deeplab_v3.onnx"
take matte 6 --source samples/astronaut.png --model "$model/selfie_segmentation.onnx"
take faces 6 --source samples/astronaut.png --model "$model/yunet_2023mar.onnx"
# The models are hashed and measured first, which takes a minute.
keys=L take library 60 --source samples/coffee.png --model "$model/yolox_nano.onnx"
keys=L take library-zh 60 --source samples/coffee.png --model "$model/yolox_nano.onnx" --language zh
mkdir -p "$work/compare"
printf 'result-on-own-frame = true\n' > "$work/compare/settings.toml"
take compare 9 --source "$work/samples.mp4" --model "$model/yolov8n_int8.onnx" --compare "$model/yolo11n_int8.onnx"
if command -v pngquant > /dev/null; then
    pngquant --force --ext .png --quality 70-95 "$images"/*.png
else
    for image in "$images"/*.png; do
        convert "$image" -strip -dither FloydSteinberg -colors 256 -define png:compression-level=9 "$image"
    done
fi
ls -l "$images"
