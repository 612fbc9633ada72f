"""Runs a model on Triton with Triton's own client, as often as each line of standard input says, and prints the milliseconds."""

import sys
import time

import numpy as np

kind, port, name = sys.argv[1:4]
if kind == "http":
    import tritonclient.http as client
else:
    import tritonclient.grpc as client

server = client.InferenceServerClient(f"127.0.0.1:{port}")
if kind == "http":
    told = server.get_model_metadata(name)
    inputs, outputs = told["inputs"], [value["name"] for value in told["outputs"]]
    source, shape = inputs[0]["name"], [max(1, int(n)) for n in inputs[0]["shape"]]
else:
    told = server.get_model_metadata(name)
    outputs = [value.name for value in told.outputs]
    source, shape = told.inputs[0].name, [max(1, int(n)) for n in told.inputs[0].shape]
image = np.full(shape, 114, np.float32)


def run():
    tensor = client.InferInput(source, shape, "FP32")
    tensor.set_data_from_numpy(image)
    wanted = [client.InferRequestedOutput(value) for value in outputs]
    response = server.infer(name, [tensor], outputs=wanted)
    return [response.as_numpy(value) for value in outputs]


run()
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1000)
    print(" ".join(f"{value:.4f}" for value in times), flush=True)
