"""Blocks as transformers have them: a residual stream, normalised before each wide layer."""

from __future__ import annotations

import numpy as np

import random_weights
from random_linear import pointwise
from random_norms import spelled_group_norm
from random_sketch import Map, Sketch
from random_weights import chance

WIDTH = 320
"""Wide enough for it to pay to count constant channels instead of computing them."""


def token_block(s: Sketch, x: Map) -> Map:
    """Channels last: layer normalisation and two matrix products, once or twice, added to the stream."""
    channels = int(s.rng.integers(4, 11))
    constant = random_weights.some(s.rng, channels)
    stream = s.graph.op("Transpose", [x.name], perm=[0, 2, 3, 1])
    stream = _product(s, stream, x.channels, channels, constant)
    for _ in range(s.pick(1, 2)):
        branch = _moved(s, _layer_norm(s, stream, channels))
        branch = s.graph.op("Relu", [_product(s, branch, channels, WIDTH, [])])
        branch = _product(s, branch, WIDTH, channels, constant)
        stream = s.graph.op("Add", [stream, branch])
    if chance(s.rng, 0.5):
        stream = _layer_norm(s, stream, channels)
    return Map(s.graph.op("Transpose", [stream], perm=[0, 3, 1, 2]), channels, x.sizes)


def _product(s: Sketch, value: str, ins: int, outs: int, constant: np.ndarray | list) -> str:
    """A matrix product with bias, of which some results are constant, zero for the most part."""
    weight = (s.rng.standard_normal((ins, outs)) / np.sqrt(ins)).astype(np.float32)
    bias = random_weights.bias(s.rng, outs)
    weight[:, constant] = 0
    if chance(s.rng, 0.6):
        bias[constant] = 0
    value = s.graph.op("MatMul", [value, s.weight(weight, "matrix")])
    return s.graph.op("Add", [value, s.weight(bias, "bias")])


def _layer_norm(s: Sketch, value: str, channels: int) -> str:
    scale = s.weight(s.rng.uniform(0.5, 1.5, channels).astype(np.float32), "scale")
    shift = s.weight(random_weights.bias(s.rng, channels), "shift")
    if s.graph.opset >= 17 and chance(s.rng, 0.6):
        inputs = [value, scale, shift][:s.pick(2, 3)]
        return s.graph.op("LayerNormalization", inputs, axis=-1, epsilon=0.1)
    normal = _written_out(s, value)
    return s.graph.op("Add", [s.graph.op("Mul", [normal, scale]), shift])


def _written_out(s: Sketch, value: str) -> str:
    """The same in basic operators, as exporters write it below operator set 17."""
    mean = s.graph.reduce("ReduceMean", value, [3], keepdims=True)
    centred = s.graph.op("Sub", [value, mean])
    two, small = (s.graph.initializer(np.array(each, np.float32), "number") for each in (2, 0.1))
    square = s.graph.op(*s.pick(("Mul", [centred, centred]), ("Pow", [centred, two])))
    spread = s.graph.reduce("ReduceMean", square, [3], keepdims=True)
    deviation = s.graph.op("Sqrt", [s.graph.op("Add", [spread, small])])
    return s.graph.op("Div", [centred, deviation])


def _moved(s: Sketch, value: str) -> str:
    """The rows in another order, or scaled, or neither."""
    style = s.pick("none", "none", "roll", "scale")
    if style == "roll":
        parts = [s.graph.slice(value, [start], [end], [1]) for start, end in ((1, 99), (0, 1))]
        return s.graph.op("Concat", parts, axis=1)
    if style == "scale":
        factor = s.weight(np.array([s.pick(-0.5, 2.0)], np.float32), "factor")
        return s.graph.op("Mul", [value, factor])
    return value


def grouped_block(s: Sketch, x: Map) -> Map:
    """Group normalisation of maps of which some are constant, before a wide convolution."""
    groups, width = s.pick((1, 6), (2, 4), (3, 4))
    channels = groups * width
    weight = random_weights.filters(s.rng, (channels, x.channels, 1, 1))
    bias = random_weights.bias(s.rng, channels)
    constant = np.concatenate([
        group * width + s.rng.choice(width, s.pick(2, 3), replace=False)
        for group in range(groups)])
    weight[constant] = 0
    if chance(s.rng, 0.6):
        bias[constant] = 0
    value = s.graph.op("Conv", [x.name, s.weight(weight, "filters"), s.weight(bias, "bias")])
    scale, shift = (
        s.rng.uniform(low, high, channels).astype(np.float32)
        for low, high in ((0.5, 1.5), s.pick((-1, 1), (0, 0))))
    if s.graph.opset >= 21 and chance(s.rng, 0.7):
        inputs = [value, s.weight(scale, "scale"), s.weight(shift, "shift")]
        value = s.graph.op("GroupNormalization", inputs, num_groups=groups, epsilon=0.1)
    else:
        normal = spelled_group_norm(s, Map(value, channels, x.sizes), groups)
        scaled = s.graph.op("Mul", [normal, s.weight(scale.reshape(-1, 1, 1), "scale")])
        value = s.graph.op("Add", [scaled, s.weight(shift.reshape(-1, 1, 1), "shift")])
    size = s.pick(1, 3)
    wide = s.weight(random_weights.filters(s.rng, (WIDTH, channels, size, size)), "filters")
    value = s.graph.op("Conv", [value, wide], pads=[size // 2] * 4)
    return pointwise(s, s.like(Map(value, WIDTH, x.sizes), "Relu", [value]), s.pick(3, 6))
