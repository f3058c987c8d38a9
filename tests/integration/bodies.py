"""Bodies of inference requests as bytes, for clients that send the same one again and again."""

import json
import struct

import numpy as np
from tritonclient.grpc import service_pb2


def values(shape):
    return np.round(np.random.default_rng(2).random(shape), 4).astype(np.float32)


def json_body(shape):
    """Open Inference Protocol, the data as JSON."""
    data = [round(float(value), 4) for value in values(shape).reshape(-1)]
    return json.dumps({"inputs": [{"name": "x", "shape": list(shape), "datatype": "FP32", "data": data}]},
                      separators=(",", ":")).encode()


def binary_body(shape):
    """The same with the binary extension, and how many bytes of it are JSON."""
    data = values(shape).tobytes()
    head = json.dumps({"inputs": [{"name": "x", "shape": list(shape), "datatype": "FP32",
                                   "parameters": {"binary_data_size": len(data)}}],
                       "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + data, len(head)


def grpc_body(model, shape):
    """ModelInferRequest as gRPC frames it."""
    request = service_pb2.ModelInferRequest(model_name=model)
    request.inputs.add(name="x", datatype="FP32", shape=list(shape))
    request.raw_input_contents.append(values(shape).tobytes())
    message = request.SerializeToString()
    return b"\0" + struct.pack(">I", len(message)) + message
