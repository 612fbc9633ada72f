"""Serves a model over the Open Inference Protocol with KServe's server.

Written by Sightline. Once:  pip install kserve onnxruntime
Then:  python server.py [--http_port 8080] [--grpc_port 8081] [options of kserve.ModelServer]
"""

import argparse
import asyncio
import concurrent.futures
import pathlib

import kserve
import onnxruntime
import orjson
from kserve.errors import InvalidInput
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.infer_type import InferInput, InferOutput, InferRequest, InferResponse, RequestedOutput
from kserve.utils.numpy_codec import from_np_dtype

FOLDER = pathlib.Path(__file__).resolve().parent
NAME = @NAME@
MODEL = FOLDER / "repository" / NAME / "1" / "model.onnx"
GPU = @GPU@
INSTANCES = @INSTANCES@
THREADS = @THREADS@
INPUTS = @INPUTS@
OUTPUTS = @OUTPUTS@


class OnnxModel(kserve.Model):
    def __init__(self):
        super().__init__(NAME)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        # Threads that spin between requests take the cores of other programs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if GPU else ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(MODEL, options, providers=providers)
        self.outputs = [value.name for value in self.session.get_outputs()]
        # Meanwhile the server goes on answering.
        self.workers = concurrent.futures.ThreadPoolExecutor(INSTANCES)
        self.ready = True

    def get_input_types(self):
        return INPUTS

    def get_output_types(self):
        return OUTPUTS

    async def predict(self, request, headers=None):
        if not isinstance(request, InferRequest):
            raise InvalidInput("this server speaks version 2 of the protocol only")
        wanted = [output.name for output in request.request_outputs or []] or self.outputs
        unknown = [name for name in wanted if name not in self.outputs]
        if unknown:
            raise InvalidInput(f"there is no output {unknown[0]!r}")
        arrays = await asyncio.get_running_loop().run_in_executor(self.workers, self.run, request, wanted)
        outputs = []
        for name, array in zip(wanted, arrays):
            output = InferOutput(name=name, shape=list(array.shape), datatype=from_np_dtype(array.dtype), data=array)
            if request.from_grpc:
                output.set_data_from_numpy(array, binary_data=True)
            outputs.append(output)
        return InferResponse(
            response_id=request.id or "",
            model_name=NAME,
            infer_outputs=outputs,
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=request.request_outputs,
        )

    def run(self, request, wanted):
        try:
            feed = {tensor.name: tensor.as_numpy() for tensor in request.inputs}
            return self.session.run(wanted, feed)
        except Exception as error:
            raise InvalidInput(str(error))


class Plane(DataPlane):
    async def model_metadata(self, model_name):
        # What Sightline knows of the model goes where every client gets it, over HTTP and gRPC.
        metadata = await super().model_metadata(model_name)
        description = (FOLDER / "sightline.json").read_text(encoding="utf-8")
        return {**metadata, "platform": f"onnxruntime_onnx {description}"}

    def decode_inference_request(self, body, headers, model_name):
        # KServe's own way makes a list of Python numbers of the bytes, which takes a hundred times as long as a run.
        length = headers.get("inference-header-content-length")
        if not isinstance(body, bytes) or length is None:
            return super().decode_inference_request(body, headers, model_name)
        try:
            text = orjson.loads(body[: int(length)])
            sizes = [value["parameters"]["binary_data_size"] for value in text["inputs"]]
            inputs = [
                InferInput(name=value["name"], shape=value["shape"], datatype=value["datatype"])
                for value in text["inputs"]
            ]
        except (KeyError, TypeError):
            return super().decode_inference_request(body, headers, model_name)
        except ValueError as error:
            raise InvalidInput(f"the request can't be read: {error}")
        raw, view, begin = [], memoryview(body), int(length)
        for size in sizes:
            raw.append(view[begin : begin + size])
            begin += size
        outputs = [RequestedOutput(value["name"], value.get("parameters")) for value in text.get("outputs") or []]
        return InferRequest(
            model_name=model_name,
            infer_inputs=inputs,
            request_id=text.get("id"),
            raw_inputs=raw,
            parameters=text.get("parameters"),
            request_outputs=outputs or None,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    parser.parse_args()
    server = kserve.ModelServer()
    server.dataplane = Plane(model_registry=server.registered_models)
    server.start([OnnxModel()])
