"""Rules of pooling, resizing, reductions and normalisations."""

from __future__ import annotations

import onnx
from interpreter import Interpreter, Unmodelled, Value, attributes, rule
from labels import FREE, Labels, Stored
from rules_elementwise import bind_channels, combine


@rule("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
      "Resize", "Upsample")
def pool(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Every position of a channel may reach every other."""
    value, shape = run.labels(node.input[0]), run.shape(node)
    if len(value.shape) != len(shape):
        raise Unmodelled
    axes = [axis for axis in range(len(shape))
            if axis >= 2 or value.shape[axis] != shape[axis]]
    if node.op_type in ("Resize", "Upsample"):
        axes = [axis for axis in axes if value.shape[axis] != shape[axis]]
    return [Labels(run.ledger.merge(value, axes).core, shape)]


@rule("GridSample")
def grid_sample(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Positions are read where another value says."""
    run.guard(node.input[1])
    value = run.labels(node.input[0])
    return [Labels(run.ledger.merge(value, range(2, len(value.shape))).core, run.shape(node))]


@rule("Shape", "Size")
def shape(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Tells nothing of what is in a value."""
    return []


def reduced_axes(run: Interpreter, node: onnx.NodeProto, rank: int) -> list[int]:
    """The axes of a reduction, from where the version keeps them."""
    given = attributes(node)
    axes = given.get("axes")
    if axes is None:
        axes = run.constant(node, 1)
    if axes is None:
        if given.get("noop_with_empty_axes"):
            raise Unmodelled
        axes = range(rank)
    return [int(axis) % rank for axis in axes]


@rule("ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceMax",
      "ReduceMin", "ReduceLogSumExp", "CumSum")
def reduction(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A sum over slots makes one of them; a mean over slots is a normalisation's first half."""
    value, shape = run.value(node.input[0]), run.shape(node)
    if isinstance(value, Stored):
        return [Labels.all(FREE, shape)]
    rank = len(value.shape)
    if node.op_type == "CumSum":
        axes = [int(run.constant(node, 1)) % rank]
        return [Labels(run.ledger.merge(value, axes).core, shape)]
    axes = reduced_axes(run, node, rank)
    if node.op_type == "ReduceMean" and any(value.varies(axis) for axis in axes):
        run.ledger.normalise(value, axes)
        return [Labels.all(FREE, shape)]
    core = run.ledger.merge(value, axes).core
    if len(shape) != rank:
        core = core.reshape([n for axis, n in enumerate(core.shape) if axis not in axes])
    return [Labels(core, shape)]


@rule("Softmax", "LogSoftmax", "LpNormalization", "Hardmax")
def softmax(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Elements along the axis depend on each other."""
    value = run.labels(node.input[0])
    run.ledger.normalise(value, [attributes(node).get("axis", -1)])
    return [value if node.op_type == "LpNormalization" else run.ledger.past_softmax(value)]


@rule("LRN", "InstanceNormalization", "GroupNormalization", "MeanVarianceNormalization")
def spatial_normalization(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Normalisations of images, over positions or over channels as well."""
    value = run.labels(node.input[0])
    rank = len(value.shape)
    axes = {
        "LRN": [1], "InstanceNormalization": range(2, rank), "GroupNormalization": range(1, rank),
        "MeanVarianceNormalization": attributes(node).get("axes", [0, 2, 3]),
    }[node.op_type]
    run.ledger.normalise(value, axes)
    whole = value.labelled and not any(value.varies(axis) for axis in range(2, rank))
    if node.op_type in ("InstanceNormalization", "GroupNormalization") and whole:
        if run.concrete(node.input[1]).size == value.shape[1]:
            bind_channels(run, value, node.input[1:3])
    return [value]


@rule("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def layer_normalization(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Everything from an axis on depends on each other; scale and shift follow."""
    value = run.labels(node.input[0])
    axis = attributes(node).get("axis", -1) % len(value.shape)
    run.ledger.normalise(value, range(axis, len(value.shape)))
    for place, name in enumerate(node.input[1:3]):
        if name:
            value, = combine(run, [value, run.value(name)], value.shape, additive=place == 1)
    return [value]
