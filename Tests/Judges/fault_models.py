"""Writes a network and copies of it with one fault each, for `dearc verify` to find.

usage: fault_models.py FOLDER

sound.onnx is a small residual network with an open size. Beside it: same.onnx with its normalisations folded in,
weight.onnx with one weight changed by 1e-3, swapped.onnx with two channels of one layer exchanged, pad.onnx with
padding on the other side of one layer, which shows at odd sizes only, huge.onnx with a function that overflows for
large inputs, and shape.onnx with another output. large.onnx and larger.onnx multiply by numbers of double precision
whose squares are none.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def network(folds: bool) -> onnx.ModelProto:
    """The network, with its normalisations as nodes or in the weights."""
    rng = np.random.default_rng(7)
    nodes, tensors = [], []

    def store(name: str, values) -> str:
        tensors.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def conv(x: str, name: str, inputs: int, outputs: int, **attributes) -> str:
        weight = rng.normal(0, 1 / np.sqrt(9 * inputs), (outputs, inputs, 3, 3))
        scale, shift = rng.uniform(0.5, 1.5, outputs), rng.normal(0, 0.3, outputs)
        mean, variance = rng.normal(0, 0.3, outputs), rng.uniform(0.5, 2, outputs)
        if folds:
            factor = scale / np.sqrt(variance + 1e-5)
            names = [store(f"{name}.weight", weight * factor[:, None, None, None]),
                     store(f"{name}.bias", shift - mean * factor)]
            nodes.append(helper.make_node("Conv", [x, *names], [f"{name}.norm"], name, **attributes))
        else:
            nodes.append(helper.make_node("Conv", [x, store(f"{name}.weight", weight)], [f"{name}.conv"], name,
                                          **attributes))
            rest = [store(f"{name}.{part}", values) for part, values in
                    (("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance))]
            nodes.append(helper.make_node("BatchNormalization", [f"{name}.conv", *rest], [f"{name}.norm"],
                                          f"{name}.bn"))
        nodes.append(helper.make_node("Relu", [f"{name}.norm"], [f"{name}.act"], f"{name}.relu"))
        return f"{name}.act"

    x = conv("image", "stem", 3, 8, pads=[1] * 4)
    y = conv(x, "down", 8, 12, pads=[0, 0, 1, 1], strides=[2, 2])
    z = conv(y, "inner", 12, 12, pads=[1] * 4)
    nodes.append(helper.make_node("Add", [y, z], ["sum"], "sum"))
    nodes.append(helper.make_node("GlobalAveragePool", ["sum"], ["pooled"], "pool"))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["features"], "flatten"))
    weight, bias = store("head.weight", rng.normal(0, 0.3, (5, 12))), store("head.bias", rng.normal(0, 0.1, 5))
    nodes.append(helper.make_node("Gemm", ["features", weight, bias], ["scores"], "head", transB=1))
    graph = helper.make_graph(
        nodes, "faults", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 5])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def changed(model: onnx.ModelProto, name: str, change) -> onnx.ModelProto:
    """The model with one stored tensor changed."""
    model = copy.deepcopy(model)
    tensor = next(each for each in model.graph.initializer if each.name == name)
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), name))
    return model


def bump(weights: np.ndarray) -> np.ndarray:
    weights[3, 2, 1, 1] += np.float32(1e-3)
    return weights


def scaling(factor: float) -> onnx.ModelProto:
    """A network that multiplies by a number, in double precision."""
    values = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, [1, 8]) for name in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])], "scaling", values[:1], values[1:],
        [numpy_helper.from_array(np.array(factor), "factor")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main(folder: Path) -> None:
    sound = network(folds=False)
    onnx.save(sound, folder / "sound.onnx")
    onnx.save(network(folds=True), folder / "same.onnx")
    onnx.save(changed(sound, "inner.weight", bump), folder / "weight.onnx")
    onnx.save(changed(sound, "down.weight", lambda w: w[[1, 0, *range(2, 12)]]), folder / "swapped.onnx")
    pad = copy.deepcopy(sound)
    node = next(each for each in pad.graph.node if each.name == "down")
    node.attribute[0].ints[:] = [1, 1, 0, 0] if node.attribute[0].name == "pads" else node.attribute[0].ints
    onnx.save(pad, folder / "pad.onnx")
    huge = copy.deepcopy(sound)
    relu = next(each for each in huge.graph.node if each.name == "stem.relu")
    index = list(huge.graph.node).index(relu)
    # Equal to the relu until the exponential overflows.
    extra = [helper.make_node("Exp", ["stem.norm"], ["e"], "e"), helper.make_node("Log", ["e"], ["l"], "l"),
             helper.make_node("Relu", ["l"], ["stem.act"], "stem.relu")]
    rest = [*huge.graph.node][:index] + extra + [*huge.graph.node][index + 1:]
    kept = [onnx.NodeProto.FromString(each.SerializeToString()) for each in rest]
    del huge.graph.node[:]
    huge.graph.node.extend(kept)
    onnx.save(huge, folder / "huge.onnx")
    onnx.save(changed(changed(sound, "head.weight", lambda w: w[:4]), "head.bias", lambda b: b[:4]),
              folder / "shape.onnx")
    for name, factor in (("large", 1e200), ("larger", 1.1e200)):
        onnx.save(scaling(factor), folder / f"{name}.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
