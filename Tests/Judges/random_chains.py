"""Neighbouring nodes that one node can stand for, or seems to be able to."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

import random_weights
from random_linear import convolve, pointwise, resized
from random_sketch import Map, Sketch, UnfitError
from random_weights import chance


def transposes(s: Sketch, x: Map) -> Map:
    """Two permutations that lead back by way of another order, at times with something between."""
    first = s.rng.permutation(4)
    value = s.graph.op("Transpose", [x.name], perm=first.tolist())
    middle = s.rng.permutation(4)
    if chance(s.rng, 0.3):
        value = s.graph.op("Tanh", [value])
    value = s.graph.op("Transpose", [value], perm=middle.tolist())
    last = np.argsort(first[middle])
    return Map(s.graph.op("Transpose", [value], perm=last.tolist()), x.channels, x.sizes)


def reshapes(s: Sketch, x: Map) -> Map:
    """Shapes given one after another, open extents and ones among them."""
    if not s.is_static:
        value = s.graph.unsqueeze(x.name, [s.pick(0, 1, 2)])
        return s.like(x, "Reshape", [value, s.graph.op("Shape", [x.name])])
    height, width = x.sizes[0]
    value = x.name
    for shape in s.pick(
            [[-1, x.channels, height * width], [0, -1, height, width]],
            [[-1, x.channels * height, width], [-1, x.channels, 1, height, width],
             [0, x.channels, height, -1]],
            [[0, 0, -1], [-1, x.channels, height, width]]):
        value = s.graph.reshape(value, shape)
    return Map(value, x.channels, x.sizes)


def slices(s: Sketch, x: Map) -> Map:
    """Takes parts of parts, counted from the front or the back, of positions and of channels."""
    value, sizes, channels = x.name, x.sizes, x.channels
    for axis in (s.pick(2, 3), 2, s.pick(1, 2, 3)):
        start, end = int(s.rng.integers(0, 3)), s.pick(-1, 2**31 - 1, 9)
        if axis == 1:
            channels = len(range(channels)[start:end])
        else:
            sizes = resized(sizes, lambda extent, place, axis=axis, start=start, end=end: (
                len(range(extent)[start:end]) if place == axis - 2 else extent))
        if channels < 1:
            raise UnfitError
        value = s.graph.slice(value, [start], [end], [axis])
    return Map(value, channels, sizes)


def gathers(s: Sketch, x: Map) -> Map:
    """Takes channels of channels; all in order now and then."""
    value, channels = x.name, x.channels
    for _ in range(2):
        indices = s.rng.choice(channels, int(s.rng.integers(1, channels + 1)))
        if chance(s.rng, 0.3):
            indices = np.arange(channels)
        indices = indices - channels if chance(s.rng, 0.2) and s.graph.opset >= 11 else indices
        channels = len(indices)
        value = s.graph.op("Gather", [value, s.graph.integers(indices.tolist(), "indices")], axis=1)
    return Map(value, channels, x.sizes)


def windows(s: Sketch, x: Map) -> Map:
    """Takes overlapping runs of rows by a table of positions, stored or computed, as unfolding does."""
    axis = s.pick(2, 3)
    least = min(size[axis - 2] for size in x.sizes)
    if least < 3:
        raise UnfitError
    count, length = s.pick((2, 2), (1, 3), (3, 2))
    starts = s.rng.integers(0, least - length + 1, count)
    table = s.graph.integers((starts[:, None] + np.arange(length)).ravel().tolist(), "positions")
    table = s.graph.op("Reshape", [table, s.graph.integers([count, length])])
    if chance(s.rng, 0.4):
        batch = s.graph.slice(s.graph.op("Shape", [x.name]), [0], [1], [0])
        zeros = s.graph.op("Mul", [batch, s.graph.integers([0])])
        table = s.graph.op("Add", [table, zeros])
    value = s.graph.op("Gather", [x.name, table], axis=axis)
    joined = [0, 0, count * length, -1] if axis == 2 else [0, x.channels, -1, count * length]
    sizes = resized(x.sizes, lambda extent, place: (
        count * length if place == axis - 2 else extent))
    return Map(s.graph.reshape(value, joined), x.channels, sizes)


def bounds(s: Sketch, x: Map) -> Map:
    """Bounds elements again and again, in agreement or not."""
    value = x.name
    for _ in range(int(s.rng.integers(2, 4))):
        style = s.pick("relu", "clip", "clip", "max", "min")
        if style == "relu":
            value = s.graph.op("Relu", [value])
        elif style == "clip":
            low, high = s.pick((0.0, 6.0), (-1.0, 1.0), (0.5, None), (None, 0.25), (-0.5, -0.25))
            value = s.graph.clip(value, low, high)
        else:
            number = s.weight(np.array(s.pick(-0.5, 0.0, 0.75), np.float32), "number")
            operands = [value, number] if chance(s.rng, 0.7) else [number, value]
            value = s.graph.op(style.capitalize(), operands)
    return Map(value, x.channels, x.sizes)


def casts(s: Sketch, x: Map) -> Map:
    """Converts to a wider type, now and then twice, and back."""
    value = s.graph.op("Cast", [x.name], to=TensorProto.DOUBLE)
    if chance(s.rng, 0.3):
        value = s.graph.op("Cast", [value], to=TensorProto.DOUBLE)
    return s.like(x, "Cast", [value], to=TensorProto.FLOAT)


def twins(s: Sketch, x: Map) -> Map:
    """Computes the same twice, or what only looks the same, and joins both."""
    op_type, alphas = s.pick(("Elu", (0.7, 0.7)), ("LeakyRelu", (0.1, 0.1)), ("Elu", (0.5, 0.25)))
    number = np.array([0.5], np.float32)
    parts = []
    for alpha in alphas:
        factor = s.weight(number, "factor")
        value = s.graph.op("Mul", [x.name, factor])
        parts.append(s.graph.op(op_type, [value], alpha=alpha))
    return s.like(x, s.pick("Add", "Sub", "Max"), [*parts])


def padded_window(s: Sketch, x: Map) -> Map:
    """A border, as Keras writes it, before a convolution or pooling that could add it itself."""
    top, left, bottom, right = (int(s.rng.integers(0, 3)) for _ in range(4))
    style = s.pick("conv", "conv", "AveragePool", "MaxPool")
    fill = s.pick(0.0, 0.0, 0.0, 0.5) if style != "MaxPool" else s.pick(0.0, -np.inf)
    name = s.graph.pad(x.name, [0, 0, top, left, 0, 0, bottom, right], float(fill))
    sizes = resized(x.sizes, lambda extent, axis: (
        extent + (left + right if axis else top + bottom)))
    padded = Map(name, x.channels, sizes)
    if style == "conv":
        group = s.pick(1, x.channels)
        return convolve(s, padded, x.channels, s.pick((1, 1), (3, 3)), group)
    attributes = {"kernel_shape": [3, 3]}
    if style == "AveragePool" and chance(s.rng, 0.5):
        attributes |= {"pads": [1, 0, 1, 1], "count_include_pad": s.pick(0, 1)}
    grown = attributes.get("pads", [0] * 4)
    sizes = resized(sizes, lambda extent, axis: extent + grown[axis] + grown[axis + 2] - 2)
    return Map(s.graph.op(style, [name], **attributes), x.channels, sizes)


def shifted_data(s: Sketch, x: Map) -> Map:
    """Shifts and scales what a convolution reads, whose windows touch padding or do not."""
    if chance(s.rng, 0.5):
        parameters = [
            s.weight(each, "bn") for each in random_weights.normalisation(s.rng, x.channels)]
        value = s.like(x, "BatchNormalization", [x.name, *parameters])
    else:
        shape = s.pick([x.channels, 1, 1], [1, x.channels, 1, 1], [1])
        operand = s.weight(s.rng.uniform(0.5, 1.5, shape).astype(np.float32), "operand")
        value = s.like(x, s.pick("Add", "Sub", "Div"), [x.name, operand])
    if chance(s.rng, 0.3):
        sizes = resized(x.sizes, lambda extent, axis: extent // 2)
        pooled = s.graph.op(
            s.pick("MaxPool", "AveragePool"), [value.name], kernel_shape=[2, 2], strides=[2, 2])
        value = Map(pooled, x.channels, sizes)
    layers = [pointwise(s, value, int(s.rng.integers(1, 9)))]
    if chance(s.rng, 0.3):
        group = s.pick(1, x.channels)
        layers.append(convolve(s, value, x.channels, s.pick((1, 1), (3, 3)), group))
    s.maps += layers[1:]
    return layers[0]


def scaled_product(s: Sketch, x: Map) -> Map:
    """A product of rank 3, its bias and a layer scale, as transformers have them."""
    outs = int(s.rng.integers(1, 9))
    height, width = x.sizes[0]
    if not s.is_static:
        raise UnfitError
    value = s.graph.reshape(x.name, [0, x.channels, height * width])
    value = s.graph.op("Transpose", [value], perm=[0, 2, 1])
    matrix = random_weights.filters(s.rng, (outs, x.channels)).T
    value = s.graph.op("MatMul", [value, s.weight(matrix, "matrix")])
    if chance(s.rng, 0.8):
        value = s.graph.op("Add", [value, s.weight(random_weights.bias(s.rng, outs), "bias")])
    scale = random_weights.gate(s.rng, outs) if chance(s.rng, 0.6) else np.float32(0.5)
    operands = [value, s.weight(np.asarray(scale, np.float32), "scale")]
    if chance(s.rng, 0.3):
        operands[0] = s.graph.op("Transpose", [value], perm=[0, 2, 1])
        operands[1] = s.weight(np.asarray(0.25, np.float32), "scale")
        value = s.graph.op("Mul", operands)
    else:
        value = s.graph.op("Transpose", [s.graph.op("Mul", operands)], perm=[0, 2, 1])
    return Map(s.graph.reshape(value, [0, outs, height, width]), outs, x.sizes)


def layers_in_a_row(s: Sketch, x: Map) -> Map:
    """Convolutions with nothing between, one of them pointwise, or products of rank 3."""
    middle = int(s.rng.integers(1, 13))
    style = s.pick("before", "behind", "products")
    if style == "before":
        first = pointwise(s, x, middle)
        return convolve(s, first, int(s.rng.integers(1, 9)), s.pick((1, 1), (3, 3)), 1)
    if style == "behind":
        first = convolve(s, x, middle, s.pick((1, 1), (3, 3)), 1)
        return pointwise(s, first, int(s.rng.integers(1, 9)))
    value, ins = s.graph.op("Transpose", [x.name], perm=[0, 2, 3, 1]), x.channels
    for outs in (middle, int(s.rng.integers(1, 9))):
        matrix = random_weights.filters(s.rng, (outs, ins)).T
        value, ins = s.graph.op("MatMul", [value, s.weight(matrix, "matrix")]), outs
        if chance(s.rng, 0.6):
            bias = s.weight(random_weights.bias(s.rng, outs), "bias")
            value = s.graph.op("Add", [value, bias])
    return Map(s.graph.op("Transpose", [value], perm=[0, 3, 1, 2]), ins, x.sizes)


CHAINS = [
    (0.5, transposes), (0.5, reshapes), (0.5, slices), (0.4, gathers), (0.3, windows),
    (0.6, bounds), (0.2, casts), (0.4, twins), (0.6, padded_window), (0.8, shifted_data),
    (0.5, scaled_product), (0.8, layers_in_a_row),
]
"""Every chain and how often it is drawn."""
