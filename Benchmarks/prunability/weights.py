"""Counts the weights of linear operators in a file."""

from __future__ import annotations

import numpy as np
import onnx

OPERANDS = {"Conv": (1,), "ConvTranspose": (1,), "Gemm": (0, 1), "MatMul": (0, 1), "Einsum": (0, 1)}
MOVES = ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Cast", "Slice",
         "Split", "Gather", "Expand")


def stored_source(graph: onnx.GraphProto) -> dict[str, str]:
    """The initializer behind each value that is one, or one rearranged."""
    source = {each.name: each.name for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            source[node.output[0]] = node.output[0]
        if node.op_type in MOVES and node.input[0] in source:
            source.update(dict.fromkeys(node.output, source[node.input[0]]))
    return source


def linear_weights(model: onnx.ModelProto) -> dict[str, tuple[str, list[int]]]:
    """The operator and the shape of each stored operand of a linear operator, counted once."""
    shapes = {each.name: list(each.dims) for each in model.graph.initializer}
    for node in model.graph.node:
        for each in node.attribute:
            if node.op_type == "Constant" and each.name == "value":
                shapes[node.output[0]] = list(each.t.dims)
    source = stored_source(model.graph)
    found: dict[str, tuple[str, list[int]]] = {}
    for node in model.graph.node:
        for place in OPERANDS.get(node.op_type, ()):
            if place < len(node.input) and node.input[place] in source:
                name = source[node.input[place]]
                found[name] = (node.name or node.op_type, shapes.get(name, []))
    return found


def elements(model: onnx.ModelProto) -> int:
    """The elements of all linear weights."""
    return int(sum(np.prod(shape, dtype=np.int64) for _, shape in linear_weights(model).values()))
