#!/usr/bin/env bash
# A camera with the real driver: Debian's own kernel in qemu, the kernel's uvcvideo, and a USB camera simulated by
# tests/camera/uvcsim.c over the kernel's USB/IP. The checks are in tests/camera/in_vm.py.
#
#   scripts/camera-vm.sh [PROGRAM]      PROGRAM: target/debug/sightline
#
# Exits with 77 and a line with the reason if this system can't do it (no qemu, no kernel package).
set -euo pipefail
cd "$(dirname "$0")/.."

left_out() {
    echo "camera-vm left out: $1"
    exit 77
}

program=$(realpath "${1:-target/debug/sightline}")
[ -x "$program" ] || left_out "$program isn't built"
for tool in qemu-system-x86_64 busybox cpio depmod modprobe cc ffmpeg v4l2-ctl python3 apt-get; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$tool" > /dev/null || left_out "$tool isn't installed"
done
export PATH=$PATH:/usr/sbin:/sbin

# The guest sees this system's root folder read-only, except for its own /tmp, /run and /mnt; the work folder is mounted again at
# its own path.
work=${XDG_CACHE_HOME:-$HOME/.cache}/sightline-camera-vm
mkdir -p "$work/frames"
cc -O2 -o "$work/uvcsim" tests/camera/uvcsim.c
cp tests/camera/in_vm.py "$work/"
cp "$program" "$work/sightline"
for size in 640x480 1280x720; do
    ffmpeg -v error -y -f lavfi -i "testsrc=size=$size:rate=5" -frames:v 5 -q:v 4 -pix_fmt yuvj422p "$work/frames/${size}_%02d.jpg"
done
if [ ! -d "$work/k/boot" ]; then
    package=$(apt-cache depends linux-image-amd64 2> /dev/null | awk '/Depends:/ {print $2; exit}')
    [ -n "$package" ] || left_out "this system's packages hold no linux-image-amd64"
fi

echo "booting a virtual machine with the real camera driver (about a minute)"
W=$work SHARE=$work OUT=$work/out LIMIT=${LIMIT:-400} MODS="virtio_pci 9pnet_virtio 9p vhci-hcd uvcvideo" \
    bash tests/camera/vm.sh "python3 $work/in_vm.py $work/sightline $work/uvcsim $work/frames" | tr -d '\r'
