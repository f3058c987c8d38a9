"""Small ONNX models, made when a test needs them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TENSOR_TYPES = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32, "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16, "INT32": TensorProto.INT32, "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16, "BF16": TensorProto.BFLOAT16, "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE, "BYTES": TensorProto.STRING,
}


def save(graph, path):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def identity(path, datatype="FP32", shape=("rows", 4)):
    """y = x."""
    kind = TENSOR_TYPES[datatype]
    x = helper.make_tensor_value_info("x", kind, list(shape))
    y = helper.make_tensor_value_info("y", kind, list(shape))
    return save(helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y]), path)


def scale(path, factor, columns=4):
    """y = factor · x: a version whose answers tell it apart from the others."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", columns])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", columns])
    constant = numpy_helper.from_array(np.array([factor], dtype=np.float32), "factor")
    node = helper.make_node("Mul", ["x", "factor"], ["y"])
    return save(helper.make_graph([node], "scale", [x], [y], [constant]), path)


def wide(path, width=2048):
    """A dear multi-layer perceptron, width → width → 10: it runs on workers, not on loops."""
    random = np.random.default_rng(7)
    first = numpy_helper.from_array(random.standard_normal((width, width)).astype(np.float32), "w1")
    last = numpy_helper.from_array(random.standard_normal((width, 10)).astype(np.float32), "w2")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", width])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 10])
    nodes = [helper.make_node("MatMul", ["x", "w1"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("MatMul", ["r", "w2"], ["y"])]
    return save(helper.make_graph(nodes, "wide", [x], [y], [first, last]), path)


def perceptron(path, sizes, rows="rows"):
    """A seeded multi-layer perceptron; with `rows` a number it has no batch dimension."""
    random = np.random.default_rng(1)
    nodes, weights, last = [], [], "x"
    for i, (wide, narrow) in enumerate(zip(sizes, sizes[1:])):
        weights.append(numpy_helper.from_array(
            (random.standard_normal((wide, narrow)) / np.sqrt(wide)).astype(np.float32), f"w{i}"))
        end = i == len(sizes) - 2
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], ["y" if end else f"h{i}"]))
        if not end:
            nodes.append(helper.make_node("Relu", [f"h{i}"], [f"r{i}"]))
            last = f"r{i}"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, sizes[0]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, sizes[-1]])
    return save(helper.make_graph(nodes, "perceptron", [x], [y], weights), path)


def chooser(path, columns=3):
    """label = the column of the row's largest number."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", columns])
    label = helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"])
    node = helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)
    return save(helper.make_graph([node], "chooser", [x], [label]), path)


def _of_four(path, name, nodes, weights=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 4])
    return save(helper.make_graph(nodes, name, [x], [y], list(weights)), path)


def not_a_number(path):
    """y = 0/0."""
    return _of_four(path, "not_a_number", [helper.make_node("Sub", ["x", "x"], ["zero"]),
                                           helper.make_node("Div", ["zero", "zero"], ["y"])])


def failing(path):
    """y = x for zeros, as at warm-up; a run that fails for anything from 1 on."""
    table = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "table")
    return _of_four(path, "failing", [
        helper.make_node("Cast", ["x"], ["places"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "places"], ["nothing"]),
        helper.make_node("Add", ["x", "nothing"], ["y"])], [table])


def slow(path, width=4000):
    """y of some milliseconds."""
    random = np.random.default_rng(3)
    weights = [numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)
               for name, shape in (("w0", (4, width)), ("w1", (width, width)), ("w2", (width, 4)))]
    return _of_four(path, "slow", [helper.make_node("MatMul", ["x", "w0"], ["a"]),
                                   helper.make_node("MatMul", ["a", "w1"], ["b"]),
                                   helper.make_node("MatMul", ["b", "w2"], ["y"])], weights)
