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
