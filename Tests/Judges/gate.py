"""Puts a 0/1 gate on the channels of a value, as a DEAR checkpoint has it.

    python gate.py detector.onnx --value Relu_48:0 --keep 614 -o gated.onnx

The channels to keep are drawn at random, from `--seed`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper


def add_gate(model: onnx.ModelProto, value: str, keep: int, seed: int) -> None:
    """Multiplies axis 1 of `value` by a gate that lets `keep` channels pass."""
    channels = _channels(model, value)
    mask = np.zeros(channels, np.float32)
    mask[np.random.default_rng(seed).choice(channels, keep, replace=False)] = 1
    model.graph.initializer.append(numpy_helper.from_array(mask.reshape(1, -1, 1, 1), "gate"))
    gated = f"{value}_gated"
    position = 0
    for index, node in enumerate(model.graph.node):
        if value in node.output:
            position = index + 1
        node.input[:] = [gated if name == value else name for name in node.input]
    gate = helper.make_node("Mul", [value, "gate"], [gated], "gate")
    model.graph.node.insert(position, gate)
    onnx.checker.check_model(model)


def _channels(model: onnx.ModelProto, value: str) -> int:
    """The extent of axis 1, by ONNX's shape inference."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    for each in [*inferred.value_info, *inferred.input]:
        dims = each.type.tensor_type.shape.dim
        if each.name == value and len(dims) == 4 and dims[1].dim_value > 0:
            return dims[1].dim_value
    raise SystemExit(f"{value}: expected a value of four axes with a known number of channels")


def main() -> None:
    """Gates the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--value", required=True, help="the value to gate")
    parser.add_argument("--keep", type=int, required=True, help="how many channels pass")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    model = onnx.load(arguments.model)
    add_gate(model, arguments.value, arguments.keep, arguments.seed)
    onnx.save(model, arguments.output)


if __name__ == "__main__":
    main()
