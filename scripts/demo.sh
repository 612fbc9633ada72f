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
# clip NAME CROP ZOOM X Y: three seconds, 25 frames each, over an image that is enlarged first, so that it moves smoothly
clip() {
    ffmpeg -nostdin -v error -y -loop 1 -i "samples/$1.png" -t 3 -r 25 \
        -vf "crop=$2,scale=3200:1800:flags=lanczos,zoompan=z='$3':x='$4':y='$5':d=1:s=1280x720:fps=25" \
        -c:v libx264 -crf 12 -pix_fmt yuv420p "$work/$1.mp4"
    echo "file '$work/$1.mp4'" >> "$work/list"
}
clip motorcycle_left "741:417:0:60" "1.02+in*0.0025" "(iw-iw/zoom)*0.4" "(ih-ih/zoom)*0.6"
clip coffee "600:338:0:31" "1.25-in*0.0025" "in*4" "(ih-ih/zoom)/2"
clip astronaut "512:288:0:0" "1.2-in*0.0025" "(iw-iw/zoom)*(1-in/75)" "0"
ffmpeg -nostdin -v error -y -f concat -safe 0 -i "$work/list" -c copy "$work/samples.mp4"

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
