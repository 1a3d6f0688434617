"""Makes networks whose channels lie in other ways than along axis 1.

usage: dissect_models.py KIND FOLDER

`last`: a feature map with its channels last, behind a product over them, as in ConvNeXt. `tokens`: patches of 8×8 with
a token for the whole picture in front, as in a vision transformer. `large`: a feature map that overflows. Each has a
convolution's map as well, and `last` has it turned, so that its axis of channels is as long as the picture is wide.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(11)


def weight(name: str, *shape: int) -> onnx.TensorProto:
    scale = 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 4)
    return numpy_helper.from_array((RNG.standard_normal(shape) * scale).astype(np.float32), name)


def node(operator: str, inputs: str, output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], name=output, **attributes)


def channels_last() -> tuple[list, list]:
    nodes = [
        node("Conv", "image w0 b0", "c0", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", "c0", "map"),
        node("Transpose", "map", "t", perm=[0, 2, 3, 1]),
        node("MatMul", "t w1", "m"),
        node("Add", "m b1", "a"),
        node("Tanh", "a", "last"),
        node("Transpose", "map", "turned", perm=[0, 3, 1, 2]),
        node("Transpose", "last", "back", perm=[0, 3, 1, 2]),
        node("GlobalAveragePool", "back", "pooled"),
        node("Flatten", "pooled", "logit"),
    ]
    return nodes, [weight("w0", 13, 3, 3, 3), weight("b0", 13), weight("w1", 13, 21), weight("b1", 21)]


def large() -> tuple[list, list]:
    nodes = [
        node("Conv", "image w0 b0", "map"),
        node("Mul", "map factor", "large"),
        node("GlobalAveragePool", "large", "logit"),
    ]
    return nodes, [weight("w0", 13, 3, 3, 3), weight("b0", 13),
                   numpy_helper.from_array(np.array(3e38, np.float32), "factor")]


def tokens() -> tuple[list, list]:
    shape = numpy_helper.from_array(np.array([0, 24, -1], np.int64), "shape")
    nodes = [
        node("Conv", "image w0 b0", "patches", strides=[8, 8]),
        node("Reshape", "patches shape", "flat"),
        node("Transpose", "flat", "rows", perm=[0, 2, 1]),
        node("ReduceMean", "rows", "whole", axes=[1], keepdims=1),
        node("Concat", "whole rows", "sequence", axis=1),
        node("MatMul", "sequence w1", "m"),
        node("Relu", "m", "tokens"),
        node("ReduceMean", "tokens", "logit", axes=[1], keepdims=0),
    ]
    return nodes, [weight("w0", 24, 3, 8, 8), weight("b0", 24), weight("w1", 24, 19), shape]


def main(kind: str, folder: str) -> None:
    nodes, weights = {"last": channels_last, "tokens": tokens, "large": large}[kind]()
    graph = helper.make_graph(
        nodes, kind, [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, None)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(onnx.shape_inference.infer_shapes(model), Path(folder) / f"{kind}.onnx")


if __name__ == "__main__":
    main(*sys.argv[1:])
