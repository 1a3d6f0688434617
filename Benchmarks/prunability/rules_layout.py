"""Rules of operators that only move elements: they are executed literally on labels."""

from __future__ import annotations

import numpy as np
import onnx
from interpreter import Interpreter, Unmodelled, Value, attributes, rule
from labels import FREE, ZERO, Labels, Stored
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def rebuilt(value: Value, array: np.ndarray) -> Value:
    """A value of the same kind with its elements elsewhere."""
    if isinstance(value, Stored):
        return Stored(value.name, array.shape, array)
    return Labels(array, array.shape)


def elements(value: Value) -> np.ndarray:
    """What is to be moved: labels, or positions in an initializer."""
    return value.positions() if isinstance(value, Stored) else value.full


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """The same elements in the same order."""
    value = run.value(node.input[0])
    if isinstance(value, Stored) and value.index is None:
        return [Stored(value.name, run.shape(node))] if node.op_type == "Reshape" else [
            rebuilt(value, elements(value).reshape(run.shape(node)))]
    return [rebuilt(value, elements(value).reshape(run.shape(node)))]


@rule("Transpose")
def transpose(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Permutes axes, of the small core where labels do not vary."""
    value = run.value(node.input[0])
    order = attributes(node).get("perm") or list(range(len(value.shape)))[::-1]
    if isinstance(value, Stored):
        return [rebuilt(value, elements(value).transpose(order))]
    return [Labels(value.core.transpose(order), tuple(value.shape[axis] for axis in order))]


@rule("Identity", "Dropout", "Cast")
def identity(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Nothing moves."""
    if run.concrete(node.output[0]).dtype.kind != "f":
        raise Unmodelled
    return [run.value(node.input[0])]


@rule("Expand")
def expand(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Stretches axes of extent 1."""
    value, shape = run.value(node.input[0]), run.shape(node)
    if isinstance(value, Stored):
        return [rebuilt(value, np.broadcast_to(elements(value), shape))]
    core = value.core.reshape((1,) * (len(shape) - value.core.ndim) + value.core.shape)
    return [Labels(core, shape)]


@rule("Concat")
def concat(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Lays values side by side; stored ones take part with the labels of their elements."""
    values = [run.value(name) for name in node.input]
    if all(isinstance(each, Stored) for each in values) and len({each.name for each in values}) > 1:
        return [Labels.all(FREE, run.shape(node))]
    parts = [run.labels(name).full for name in node.input]
    array = np.concatenate(parts, attributes(node)["axis"])
    return [Labels(array, array.shape)]


@rule("Pad")
def pad(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """New elements are zero, or nobody's, or copies."""
    value = run.labels(node.input[0])
    mode = attributes(node).get("mode", b"constant").decode()
    pads = run.constant(node, 1)
    axes = run.constant(node, 3)
    rank = len(value.shape)
    axes = list(range(rank)) if axes is None else [int(axis) % rank for axis in axes]
    widths = [(0, 0)] * rank
    for place, axis in enumerate(axes):
        widths[axis] = (int(pads[place]), int(pads[place + len(axes)]))
    array, before = value.full, [max(0, -low) for low, _ in widths]
    after = [max(0, -high) for _, high in widths]
    array = array[tuple(slice(low, size - high) for low, high, size in
                        zip(before, after, array.shape, strict=True))]
    widths = [(max(0, low), max(0, high)) for low, high in widths]
    if mode == "constant":
        fill = run.constant(node, 2)
        zero = fill is None or not np.any(fill)
        array = np.pad(array, widths, constant_values=ZERO if zero else FREE)
    else:
        array = np.pad(array, widths, mode=mode)
    return [Labels(array, array.shape)]


@rule("Slice", "Split", "Gather", "GatherElements", "GatherND", "DepthToSpace", "SpaceToDepth",
      "Tile", "Trilu", "ReverseSequence")
def literally(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Runs the operator itself, from ONNX's reference, on labels or positions."""
    value = run.value(node.input[0])
    if isinstance(value, Stored) and node.op_type == "Trilu":
        value = run.activate(value)
    others = {name: run.constant(node, place + 1)
              for place, name in enumerate(node.input[1:]) if name}
    # One more, so that what the operator fills in by itself is told from label 0.
    array = elements(value).astype(np.int64) + (1 if node.op_type == "Trilu" else 0)
    results = execute(node, {node.input[0]: array} | others)
    if node.op_type == "Trilu":
        results = [each - 1 for each in results]
    return [rebuilt(value, np.asarray(each).astype(np.int32)) for each in results]


def execute(node: onnx.NodeProto, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Runs one node on integers."""
    inputs = [helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(array.dtype), None) for name, array in feeds.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.INT64, None)
               for name in node.output]
    graph = helper.make_graph([node], "one", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18 if (
        node.op_type != "Split" or "num_outputs" in attributes(node)) else 17)])
    return ReferenceEvaluator(model).run(None, feeds)


@rule("ScatterND")
def scatter(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Writes elements into others' places."""
    array = run.labels(node.input[0]).full.copy()
    indices = run.constant(node, 1)
    if attributes(node).get("reduction", b"none") != b"none":
        raise Unmodelled
    array[tuple(np.moveaxis(indices, -1, 0))] = run.labels(node.input[2]).full
    return [Labels(array, array.shape)]
