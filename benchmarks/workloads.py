"""The models, the bodies, and the rows: which server is asked for what, and how."""

import dataclasses
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/integration"))
import bodies  # noqa: E402
import models  # noqa: E402


class ResNet:
    """ResNet-18 with seeded weights, the normalisation folded in: 3×224×224 → 1000, 47 MB."""

    def __init__(self):
        self.random, self.nodes, self.weights = np.random.default_rng(3), [], []

    def weight(self, *shape):
        fan_in = int(np.prod(shape[1:]))
        name = f"w{len(self.weights)}"
        values = (self.random.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind, inputs, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [f"t{len(self.nodes)}"], **attributes))
        return f"t{len(self.nodes) - 1}"

    def convolution(self, x, wide, narrow, size, stride):
        return self.node("Conv", [x, self.weight(narrow, wide, size, size)], kernel_shape=[size, size],
                         strides=[stride, stride], pads=[size // 2] * 4)

    def block(self, x, wide, narrow, stride):
        y = self.node("Relu", [self.convolution(x, wide, narrow, 3, stride)])
        y = self.convolution(y, narrow, narrow, 3, 1)
        if stride != 1 or wide != narrow:
            x = self.convolution(x, wide, narrow, 1, stride)
        half = numpy_helper.from_array(np.float32([0.5]), f"w{len(self.weights)}")  # keeps the values small
        self.weights.append(half)
        return self.node("Relu", [self.node("Mul", [self.node("Add", [x, y]), half.name])])

    def save(self, path):
        x = self.node("Relu", [self.convolution("x", 3, 64, 7, 2)])
        x = self.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        wide = 64
        for narrow in (64, 128, 256, 512):
            for i in range(2):
                x = self.block(x, wide, narrow, 2 if i == 0 and narrow > 64 else 1)
                wide = narrow
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x])])
        self.nodes.append(helper.make_node("Gemm", [x, self.weight(1000, 512)], ["y"], transB=1))
        images = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 3, 224, 224])
        classes = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1000])
        return models.save(helper.make_graph(self.nodes, "resnet18", [images], [classes], self.weights), path)


@dataclasses.dataclass(frozen=True)
class Model:
    shape: tuple  # of one request
    save: object  # writes the file


MODELS = {
    "identity": Model((1, 4), lambda path: models.identity(path)),
    "tabular": Model((1, 32), lambda path: models.perceptron(path, [32, 64, 32, 1])),
    "wide": Model((1, 1024), lambda path: models.perceptron(path, [1024, 2048, 2048, 10])),
    # The same without a batch dimension: it cannot share runs.
    "wide-alone": Model((1, 1024), lambda path: models.perceptron(path, [1024, 2048, 2048, 10], rows=1)),
    "convnet": Model((1, 3, 224, 224), lambda path: ResNet().save(path)),
}


@dataclasses.dataclass(frozen=True)
class Work:
    """A load: what is asked, and by how many."""
    protocol: str  # "json", "binary", "grpc"; "engine" is the engine alone
    model: str
    connections: int = 1
    streams: int = 1

    @property
    def name(self):
        if self.protocol == "engine":
            return f"{self.model}, engine alone"
        protocol = {"json": "JSON", "binary": "binary", "grpc": "gRPC"}[self.protocol]
        many = f"{self.connections}" if self.protocol != "grpc" else f"{self.connections} × {self.streams}"
        return f"{self.model} {protocol}, {many}"


# Servers by the names they have in the table.
OURS, FULL, TLS, TWO_LOOPS = "modelyard", "modelyard, all on", "modelyard, TLS", "modelyard, 2 loops"
RECORDS, CAPTURE, PROFILES = "modelyard, records", "modelyard, capture", "modelyard, profiles"
WATCHED, CANARY, SHADOW = "modelyard, watched", "modelyard, canary", "modelyard, shadow"
ECHO, ENGINE, TRITON, MLSERVER = "echo", "ONNX Runtime", "Triton", "MLServer"
PEERS = (TRITON, MLSERVER)

JSON_32, GRPC_8, GRPC_4_32 = Work("json", "identity", 32), Work("grpc", "identity", 8), Work("grpc", "identity", 4, 32)

ROWS = [
    *((Work("engine", model), ENGINE) for model in ("identity", "tabular", "wide", "convnet")),
    *((Work("json", "identity", connections), server) for connections in (1, 8, 32, 128) for server in (ECHO, OURS)),
    *((JSON_32, server) for server in (FULL, TLS, TWO_LOOPS, *PEERS)),
    *((Work("json", "tabular", 32), server) for server in (ECHO, OURS, RECORDS, CAPTURE, PROFILES, WATCHED, CANARY, SHADOW, *PEERS)),
    (Work("json", "wide-alone", 8), OURS),
    (Work("json", "wide-alone", 32), OURS),
    *((Work("json", "wide", 32), server) for server in (OURS, *PEERS)),
    *((Work("json", "convnet", 8), server) for server in (OURS, *PEERS)),
    *((Work("binary", "convnet", 8), server) for server in (OURS, TRITON)),
    *((Work("grpc", "identity", connections), server) for connections in (1, 8, 32) for server in (ECHO, OURS)),
    *((GRPC_8, server) for server in PEERS),
    *((GRPC_4_32, server) for server in (ECHO, OURS, FULL, TLS, *PEERS)),
    (Work("grpc", "tabular", 4, 32), OURS),
    (Work("grpc", "wide", 4, 32), OURS),
]


def write_models(folder, names):
    """Lays them out as Triton's model repository; the same files are served by all."""
    for name in names:
        (folder / name / "1").mkdir(parents=True)
        MODELS[name].save(folder / name / "1" / "model.onnx")


def model_file(folder, name):
    return folder / name / "1" / "model.onnx"


def body_of(work):
    """The body, and the header lines that belong to it."""
    shape = MODELS[work.model].shape
    if work.protocol == "grpc":
        return bodies.grpc_body(work.model, shape), {"content-type": "application/grpc", "te": "trailers"}
    if work.protocol == "json":
        return bodies.json_body(shape), {"content-type": "application/json"}
    body, head = bodies.binary_body(shape)
    return body, {"content-type": "application/octet-stream", "inference-header-content-length": str(head)}


def path_of(work):
    grpc = "/inference.GRPCInferenceService/ModelInfer"
    return grpc if work.protocol == "grpc" else f"/v2/models/{work.model}/infer"
