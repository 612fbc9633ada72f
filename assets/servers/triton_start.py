"""Starts the Triton of the Python package nvidia-pytriton on the models of this folder.

Written by Sightline. With one Python, once:  pip install nvidia-pytriton "numpy<2" onnxruntime
Then with the same:  python start.py [--http-port 8000] [--grpc-port 8001] [--address 0.0.0.0] [options of tritonserver]
"""

import argparse
import importlib.metadata
import importlib.util
import os
import pathlib
import shutil
import sys
import sysconfig
import tempfile


def backend_folder(backend, stub, version):
    """A folder that holds Triton's Python backend and, beside it as it must be, the stub of this Python."""
    place = pathlib.Path(sys.prefix) / "share" / f"sightline-triton-{version}"
    if (place / "python" / stub.name).is_file():
        return place
    if os.access(sys.prefix, os.W_OK):
        place.parent.mkdir(exist_ok=True)
        new = pathlib.Path(tempfile.mkdtemp(dir=place.parent))
    else:
        new = place = pathlib.Path(tempfile.mkdtemp())
    shutil.copytree(backend, new / "python")
    shutil.copy(stub, new / "python")
    (new / "python" / stub.name).chmod(0o755)
    if new != place:
        try:
            new.rename(place)
        except OSError:
            # Another start was faster.
            shutil.rmtree(new)
    return place


def main():
    parser = argparse.ArgumentParser(description="Starts Triton on the models of this folder.")
    parser.add_argument("--http-port", type=int, default=8000)
    parser.add_argument("--grpc-port", type=int, default=8001)
    parser.add_argument("--address", default="0.0.0.0", help="127.0.0.1: for this computer only")
    arguments, rest = parser.parse_known_args()

    found = importlib.util.find_spec("pytriton")
    if found is None:
        sys.exit('Triton is not here. Run:  python -m pip install nvidia-pytriton "numpy<2" onnxruntime')
    import numpy

    if int(numpy.__version__.split(".")[0]) > 1:
        # Triton's Python backend then returns empty outputs without a word.
        sys.exit('This Triton needs an older numpy. Run:  python -m pip install "numpy<2"')
    package = pathlib.Path(found.origin).parent
    server = package / "tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.is_file():
        sys.exit(f"nvidia-pytriton has no backend for Python {version}: use another version of Python.")

    models = pathlib.Path(__file__).resolve().parent
    backends = backend_folder(server / "backends" / "python", stub, importlib.metadata.version("nvidia-pytriton"))

    libraries = [package.parent / "nvidia_pytriton.libs", server / "lib", sysconfig.get_config_var("LIBDIR") or ""]
    environment = dict(os.environ)
    environment["LD_LIBRARY_PATH"] = ":".join(
        [*(str(folder) for folder in libraries if str(folder)), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    )
    environment["PATH"] = os.path.dirname(sys.executable) + ":" + os.environ.get("PATH", "")
    environment["PYTHONPATH"] = ":".join([str(package.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [
        str(server / "bin" / "tritonserver"),
        f"--model-repository={models}",
        f"--backend-directory={backends}",
        f"--http-address={arguments.address}",
        f"--grpc-address={arguments.address}",
        f"--http-port={arguments.http_port}",
        f"--grpc-port={arguments.grpc_port}",
        "--allow-metrics=false",
        "--disable-auto-complete-config",
        "--exit-on-error=false",
        *rest,
    ]
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
