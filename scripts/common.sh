# Sourced by the other scripts: the repository's root, colours, and where cargo is.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' red='' green='' plain=''
fi

# A new part of the work.
step() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
# Information within a step.
note() { printf '    %s\n' "$*"; }
# One sentence on what is wrong, and the end.
fail() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# rustup puts cargo here; only new shells have it in their PATH.
if ! has cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

target_dir=${CARGO_TARGET_DIR:-target}

# sample_video FOLDER: makes FOLDER/samples.mp4, nine seconds in which the camera moves over images of samples/. Needs ffmpeg.
sample_video() {
    local folder=$1 name crop zoom x y
    rm -f "$folder/list"
    # Each image is enlarged first, so that it moves smoothly.
    while read -r name crop zoom x y; do
        ffmpeg -nostdin -v error -y -loop 1 -i "samples/$name.png" -t 3 -r 25 \
            -vf "crop=$crop,scale=3200:1800:flags=lanczos,zoompan=z='$zoom':x='$x':y='$y':d=1:s=1280x720:fps=25" \
            -c:v libx264 -crf 12 -pix_fmt yuv420p "$folder/$name.mp4"
        echo "file '$folder/$name.mp4'" >> "$folder/list"
    done << 'CLIPS'
motorcycle_left 741:417:0:60 1.02+in*0.0025 (iw-iw/zoom)*0.4 (ih-ih/zoom)*0.6
coffee 600:338:0:31 1.25-in*0.0025 in*4 (ih-ih/zoom)/2
astronaut 512:288:0:0 1.2-in*0.0025 (iw-iw/zoom)*(1-in/75) 0
CLIPS
    ffmpeg -nostdin -v error -y -f concat -safe 0 -i "$folder/list" -c copy "$folder/samples.mp4"
}
