"""Runs model.onnx in Triton's Python backend, for servers without Triton's own ONNX Runtime backend.

Written by Sightline. Needs the Python package onnxruntime (or onnxruntime-gpu) where Triton finds its Python.
"""

import json
import os

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = config.get("parameters", {})
        threads = int(parameters.get("intra_op_thread_count", {}).get("string_value", "0"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between requests take the cores of other models.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        if args["model_instance_kind"] == "GPU":
            providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(args["model_instance_device_id"])}))
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        self.inputs = [value.name for value in self.session.get_inputs()]
        self.outputs = [value.name for value in self.session.get_outputs()]
        self.batches = config["max_batch_size"] > 0

    def execute(self, requests):
        # A request's tensors lie in memory shared with the server: they are read where they are.
        feeds = [self.feed(request) for request in requests]
        if self.batches and len(feeds) > 1 and len({self.shapes(feed) for feed in feeds}) == 1:
            return self.together(requests, feeds)
        return [self.alone(request, feed) for request, feed in zip(requests, feeds)]

    def feed(self, request):
        tensors = ((name, pb_utils.get_input_tensor_by_name(request, name)) for name in self.inputs)
        return {name: tensor.as_numpy() for name, tensor in tensors if tensor is not None}

    def shapes(self, feed):
        return tuple((name, array.dtype.str, array.shape[1:]) for name, array in feed.items())

    def alone(self, request, feed):
        names = self.wanted(request)
        try:
            arrays = self.session.run(names, feed)
        except Exception as error:
            return self.failed(error)
        return self.response(names, arrays)

    def together(self, requests, feeds):
        joined = {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}
        try:
            arrays = self.session.run(self.outputs, joined)
        except Exception as error:
            return [self.failed(error) for _ in requests]
        responses, begin = [], 0
        for request, feed in zip(requests, feeds):
            end = begin + len(next(iter(feed.values())))
            names = self.wanted(request)
            own = [arrays[self.outputs.index(name)][begin:end] for name in names]
            responses.append(self.response(names, own))
            begin = end
        return responses

    def wanted(self, request):
        wanted = request.requested_output_names()
        return [name for name in self.outputs if name in wanted]

    def response(self, names, arrays):
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in zip(names, arrays)])

    def failed(self, error):
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
