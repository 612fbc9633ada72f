#!/usr/bin/env bash
# Sets up the inference servers that tests run models on: Triton (the package nvidia-pytriton) and KServe, each with a Python of its
# own in .setup/servers. Does nothing if they are here. Without a network they stay away, and the tests that need them are left out.
#
#   scripts/servers.sh
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

# Triton's Python backend silently returns empty outputs with numpy 2.
triton='nvidia-pytriton==0.7.0 numpy==1.26.4 onnxruntime==1.32.0'
kserve='kserve==0.21.0 onnxruntime==1.32.0'

left_out() {
    note "$1: the tests that need it are left out."
    exit 0
}

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] || left_out "The inference servers are built for Linux on x86_64 only"

# set_up NAME REQUIREMENTS MB: a Python with these packages in .setup/servers/NAME, whole or not at all.
set_up() {
    local name=$1 wanted=$2 size=$3 place=.setup/servers/$1
    [ "$(cat "$place/requirements.txt" 2>/dev/null)" = "$wanted" ] && return
    step "Fetching $name for tests ($size MB on the disk)"
    rm -rf "$place"
    mkdir -p .setup/servers
    # shellcheck disable=SC2086  # one package a word
    if ! python3 -m venv "$place" >"$place.log" 2>&1 \
        || ! "$place/bin/python" -m pip install --quiet --disable-pip-version-check --retries 2 $wanted >>"$place.log" 2>&1; then
        tail -n 3 "$place.log" >&2
        rm -rf "$place"
        left_out "$name can't be fetched (pip's output: $place.log)"
    fi
    echo "$wanted" >"$place/requirements.txt"
}

set_up triton "$triton" 490
set_up kserve "$kserve" 500
