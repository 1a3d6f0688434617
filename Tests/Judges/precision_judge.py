"""Judges weights that are stored in fewer bits.

usage: precision_judge.py make FOLDER              small networks that use weights in every way
       precision_judge.py check BASE COMPACT DTYPE [--case NAME:1,3,64,64]...

`check` works out which tensors of BASE are to be stored in DTYPE, rounds them with numpy, and expects
of COMPACT the same tensors, bit for bit, and the answers of BASE with rounded weights. It prints by how
much the answers of COMPACT differ from those of BASE.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import runtime
from graph_builder import GraphBuilder

HALVES = {"f16": (np.float16, 1e-3), "bf16": (ml_dtypes.bfloat16, 4e-3)}

# Networks


def _weight(graph: GraphBuilder, *shape: int, name: str, scale: float = 0.1) -> str:
    return graph.initializer(
        (graph.rng.standard_normal(shape) * scale).astype(np.float32), name)


def _relu(graph: GraphBuilder, value: str) -> str:
    return graph.op("Relu", [value])


def convolutions() -> GraphBuilder:
    """Plain, grouped, depthwise, transposed with groups, and over one axis."""
    graph = GraphBuilder(17, 1)
    value = graph.input("x", ["N", 32, "H", "W"])
    for kind, name, shape, options in [
        ("Conv", "plain", (40, 32, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("Conv", "grouped", (48, 10, 3, 3), {"group": 4}),
        ("Conv", "pointwise", (128, 48, 1, 1), {}),
        ("Conv", "depthwise", (128, 1, 3, 3), {"group": 128}),
        ("ConvTranspose", "up", (128, 16, 2, 2), {"group": 2, "strides": [2, 2]}),
        ("ConvTranspose", "last", (32, 20, 3, 3), {}),
    ]:
        weight = _weight(graph, *shape, name=name)
        value = _relu(graph, graph.op(kind, [value, weight], **options))
    graph.output(value, ["N", 20, "h", "w"])
    return graph


def products() -> GraphBuilder:
    """MatMul by matrices and by a stack of them, Gemm either way."""
    graph = GraphBuilder(17, 2)
    value = graph.input("x", [5, 7, 64])
    value = _relu(graph, graph.op("MatMul", [value, _weight(graph, 64, 48, name="matrix")]))
    value = _relu(graph, graph.op("MatMul", [value, _weight(graph, 5, 48, 56, name="stack")]))
    value = graph.reduce("ReduceMean", value, [1], False)
    bias = _weight(graph, 40, name="bias")
    value = _relu(graph, graph.op("Gemm", [value, _weight(graph, 56, 40, name="plain"), bias]))
    value = graph.op("Gemm", [value, _weight(graph, 50, 40, name="turned")], transB=1)
    left = _weight(graph, 60, 50, name="left")
    graph.output(graph.op("MatMul", [left, graph.op("Transpose", [value])]), [60, 5])
    return graph


def shared() -> GraphBuilder:
    """Weights of two layers, of layers that disagree, and of more than layers."""
    graph = GraphBuilder(17, 3)
    value = graph.input("x", [6, 64])
    twice = _weight(graph, 64, 64, name="twice")
    turned = _weight(graph, 64, 64, name="turned")
    added = _weight(graph, 64, 64, name="added")
    value = _relu(graph, graph.op("MatMul", [value, twice]))
    value = _relu(graph, graph.op("Gemm", [value, twice]))
    value = _relu(graph, graph.op("Gemm", [value, turned], transB=1))
    value = _relu(graph, graph.op("Gemm", [value, turned]))
    value = _relu(graph, graph.op("MatMul", [value, added]))
    graph.output(graph.op("Add", [graph.op("ReduceMean", [value], keepdims=1), added]), [64, 64])
    return graph


def special() -> GraphBuilder:
    """Too large, too small and unequal numbers, zeros, few numbers, tables, and a weight that is received."""
    graph = GraphBuilder(17, 4)
    value = graph.input("x", [3, 32])
    large = graph.rng.standard_normal((32, 32)).astype(np.float32)
    large[3, 5] = 70000
    small = (graph.rng.standard_normal((32, 32)) * 1e-7).astype(np.float32)
    spread = (graph.rng.standard_normal((32, 32)) * 1e-3).astype(np.float32)
    spread[4] = 10
    zeros = np.zeros((32, 32), np.float32)
    zeros[:, ::2] = graph.rng.standard_normal((32, 16)).astype(np.float32)
    for name, weight in [("large", large), ("small", small), ("spread", spread), ("zeros", zeros)]:
        product = graph.op("MatMul", [value, graph.initializer(weight, name)])
        graph.output(_relu(graph, product), [3, 32])
    few = graph.op("MatMul", [value, _weight(graph, 32, 31, name="few")])
    graph.output(few, [3, 31])
    column = graph.op("MatMul", [graph.input("z", [3, 1]), _weight(graph, 1, 2048, name="column")])
    graph.output(column, [3, 2048])
    table = _weight(graph, 1, 64, 32, name="table")
    graph.output(graph.op("Add", [graph.op("ReduceMax", [value], keepdims=1), table]), [1, 64, 32])
    received = _weight(graph, 32, 33, name="received")
    graph.output(graph.op("MatMul", [value, received]), [3, 33])
    graph.output(received, [32, 33])
    return graph


def bodies() -> GraphBuilder:
    """A weight that branches read from outside, and weights of their own."""
    graph = GraphBuilder(17, 5)
    value = graph.input("x", [3, 40])
    outer = _weight(graph, 40, 40, name="outer")
    product = graph.op("MatMul", [value, outer])

    def branch(name: str) -> onnx.GraphProto:
        own = numpy_helper.from_array(
            graph.rng.standard_normal((40, 40)).astype(np.float32), f"{name}_own")
        nodes = [
            helper.make_node("MatMul", [product, outer], [f"{name}_p"]),
            helper.make_node("MatMul", [f"{name}_p", f"{name}_own"], [f"{name}_y"])]
        return helper.make_graph(
            nodes, name, [], [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [3, 40])],
            [own])

    condition = graph.op("Greater", [
        graph.op("ReduceSum", [value], keepdims=0), graph.initializer(np.float32(0), "zero")])
    graph.output(
        graph.op("If", [condition], then_branch=branch("yes"), else_branch=branch("no")), [3, 40])
    return graph


def make(folder: Path) -> None:
    """Writes all networks."""
    for network in (convolutions, products, shared, special, bodies):
        onnx.save(network().model(network.__name__), folder / f"{network.__name__}.onnx")


# Rounding


def _uses(graph: onnx.GraphProto, name: str) -> Iterator[tuple[onnx.NodeProto | None, int]]:
    """Who reads a value and as which operand; a body counts as operand -1."""
    for node in graph.node:
        yield from ((node, place) for place, each in enumerate(node.input) if each == name)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH and any(_uses(attribute.g, name)):
                yield node, -1
    yield from ((None, 0) for each in graph.output if each.name == name)


def _output_axis(node: onnx.NodeProto, place: int, rank: int) -> int | None:
    if place != 1 or rank < 2:
        return None
    turned = any(each.name == "transB" and each.i for each in node.attribute)
    return {"Conv": 0, "ConvTranspose": 1, "Gemm": 0 if turned else 1, "MatMul": rank - 1}.get(
        node.op_type)


def _quantized(weights: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    others = tuple(each for each in range(weights.ndim) if each != axis)
    largest = np.abs(weights).max(axis=others)
    scale = np.where(largest == 0, np.float32(1), largest / np.float32(127)).astype(np.float32)
    wide = np.expand_dims(scale, others)
    return np.clip(np.rint(weights / wide), -127, 127).astype(np.int8), scale


def _rounded(
    graph: onnx.GraphProto, name: str, weights: np.ndarray, dtype: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
    """The tensor in single precision after rounding, as it is stored, and its scales; None if it stays."""
    uses = list(_uses(graph, name))
    if weights.dtype != np.float32 or weights.size < 1024 or not np.isfinite(weights).all():
        return None
    if not uses or any(node is None for node, _ in uses):
        return None
    scale = None
    if dtype == "i8":
        axes = {_output_axis(node, place, weights.ndim) for node, place in uses}
        if len(axes) > 1 or None in axes:
            return None
        axis = axes.pop()
        if weights.size + 4 * weights.shape[axis] >= 4 * weights.size:
            return None
        stored, scale = _quantized(weights, axis)
        others = tuple(each for each in range(weights.ndim) if each != axis)
        wide, bound = stored.astype(np.float32) * np.expand_dims(scale, others), 2e-2
    else:
        kind, bound = HALVES[dtype]
        if dtype == "f16" and np.abs(weights).max() > 65504:
            return None
        stored = weights.astype(kind)
        wide = stored.astype(np.float32)
    error = np.linalg.norm((wide - weights).astype(np.float64))
    return (wide, stored, scale) if error <= bound * np.linalg.norm(weights.astype(np.float64)) else None


def _compact(graph: onnx.GraphProto) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """What is stored for each value that one Cast or DequantizeLinear of stored elements makes."""
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type in ("Cast", "DequantizeLinear") and node.input[0] in stored:
            scale = stored[node.input[1]] if node.op_type == "DequantizeLinear" else None
            found[node.output[0]] = (stored[node.input[0]], scale)
    return found


def _largest_change(before, after, cases: list[dict]) -> float:
    first, second = runtime.session(before), runtime.session(after)
    change = 0.0
    for seed, case in enumerate(cases or [{}]):
        feeds = runtime.random_inputs(first, seed, case)
        answers = zip(first.run(None, feeds), second.run(None, feeds), strict=True)
        change = max([change, *(runtime.relative_error(a, b) for a, b in answers)])
    return change


def check(base: Path, compact: Path, dtype: str, cases: list[dict]) -> None:
    """Holds COMPACT against BASE rounded by numpy."""
    with runtime.as_onnx_file(base) as path:
        original = onnx.load(path)
    with runtime.as_onnx_file(compact) as path:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
    found = _compact(model.graph)
    rounded = onnx.ModelProto()
    rounded.CopyFrom(original)
    for tensor in rounded.graph.initializer:
        expected = _rounded(
            original.graph, tensor.name, numpy_helper.to_array(tensor), dtype)
        if (expected is not None) != (tensor.name in found):
            sys.exit(f"{tensor.name}: {'stays' if expected else 'is stored in fewer bits'}")
        if expected is None:
            continue
        wide, stored, scale = expected
        bits, own_scale = found.pop(tensor.name)
        if bits.tobytes() != stored.tobytes() or bits.shape != stored.shape:
            sys.exit(f"{tensor.name}: numpy rounds otherwise")
        if scale is not None and scale.tobytes() != own_scale.tobytes():
            sys.exit(f"{tensor.name}: other scales")
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))
    if found:
        sys.exit(f"stored in fewer bits, but not in the original: {sorted(found)}")
    error = _largest_change(rounded, compact, cases)
    if not error <= 1e-6:
        sys.exit(f"the answers differ by {error:.1e} from those of the rounded weights")
    print(f"{_largest_change(base, compact, cases):.1e}")


def _case(text: str) -> dict[str, list[int]]:
    name, _, extents = text.rpartition(":")
    return {name: [int(extent) for extent in extents.split(",")]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("make").add_argument("folder", type=Path)
    checking = commands.add_parser("check")
    checking.add_argument("base", type=Path)
    checking.add_argument("compact", type=Path)
    checking.add_argument("dtype", choices=["f16", "bf16", "i8"])
    checking.add_argument("--case", type=_case, action="append", default=[])
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder)
    else:
        check(arguments.base, arguments.compact, arguments.dtype, arguments.case)


main()
