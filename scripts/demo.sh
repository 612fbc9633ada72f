#!/usr/bin/env bash
# The moving picture of the README, taken from the real window on a virtual display: docs/images/demo.webp.
#
#   scripts/demo.sh [PROGRAM]      PROGRAM: target/release/sightline
#
# The video is made here of the sample images (scikit-image's: public domain and CC0), so that it can be published: the
# camera moves over them. Needs Xvfb, xdotool and ffmpeg; samples/ (make run fetches them); and in ../shared/models, or the
# folder "models" of SIGHTLINE_TEST_DATA, yolox_nano.onnx (Apache-2.0) and mosaic_nc8_256.onnx (BSD-3-Clause).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

program=$(realpath "${1:-$target_dir/release/sightline}")
mkdir -p docs/images
out=$PWD/docs/images/demo.webp
models=$(realpath "${SIGHTLINE_TEST_DATA:-../shared}/models") || fail "the models are missing: set SIGHTLINE_TEST_DATA to the folder above them"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null; rm -rf "$work"' EXIT
for file in samples/motorcycle_left.png samples/coffee.png samples/astronaut.png "$models/yolox_nano.onnx" "$models/mosaic_nc8_256.onnx"; do
    [ -e "$file" ] || fail "$file is missing"
done

step "a video of the sample images"
sample_video "$work"

step "the window"
for display in $(seq 90 99); do
    [ -e "/tmp/.X11-unix/X$display" ] || break
done
size=1180x664
Xvfb ":$display" -screen 0 "${size}x24" -nolisten tcp -noreset > /dev/null 2>&1 &
sleep 1
export DISPLAY=:$display LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY
export SIGHTLINE_ONNXRUNTIME=${SIGHTLINE_ONNXRUNTIME:-$PWD/.setup/lib/libonnxruntime.so}
mkdir -p "$work/models" "$work/config"
ln -s "$models/yolox_nano.onnx" "$models/mosaic_nc8_256.onnx" "$work/models"
printf 'looping = true\nresult-on-own-frame = true\n' > "$work/config/settings.toml"
export SIGHTLINE_CONFIG_DIR=$work/config SIGHTLINE_DATA_DIR=$work/data SIGHTLINE_MODELS=$work/models
# Elsewhere, so that the folder models/ of the working folder adds none.
cd "$work"
"$program" --language en --size "$size" --source "$work/samples.mp4" --model "$work/models/yolox_nano.onnx" > "$work/log" 2>&1 &
# The video begins anew every nine seconds; the first time is for opening the models.
sleep 12
xdotool mousemove 500 640 search --name Sightline windowfocus

step "boxes, then another model"
ffmpeg -nostdin -v error -y -f x11grab -framerate 12 -video_size "$size" -draw_mouse 0 -i ":$display" -t 13 -c:v libx264 -preset ultrafast -qp 0 "$work/screen.mkv" &
recorder=$!
sleep 7
xdotool key m
wait "$recorder"
ffmpeg -nostdin -v error -y -i "$work/screen.mkv" -vf "scale=960:-2:flags=lanczos" \
    -c:v libwebp_anim -loop 0 -quality 62 -compression_level 6 "$out"
bytes=$(stat -c %s "$out")
note "docs/images/demo.webp: $((bytes / 1000)) kB"
[ "$bytes" -lt 3000000 ] || fail "docs/images/demo.webp is larger than 3 MB"
