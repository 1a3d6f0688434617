"""Layers that read what is computed of stored tensors alone, as exporters leave it in a graph."""

from __future__ import annotations

import numpy as np

import random_weights
from random_sketch import Map, Sketch


def standardised_conv(s: Sketch, x: Map) -> Map:
    """A convolution with filters of mean 0 and deviation 1, times a gain."""
    outs, kernel = int(s.rng.integers(1, 13)), s.pick(1, 3)
    filters = s.filters(outs, x.channels, kernel, kernel)
    mean = s.graph.reduce("ReduceMean", filters, [1, 2, 3], keepdims=True)
    centred = s.graph.op("Sub", [filters, mean])
    spread = s.graph.reduce(
        "ReduceMean", s.graph.op("Mul", [centred, centred]), [1, 2, 3], keepdims=True)
    small = s.graph.initializer(np.array(0.1, np.float32), "small")
    deviation = s.graph.op("Sqrt", [s.graph.op("Add", [spread, small])])
    gain = s.weight(random_weights.gate(s.rng, outs).astype(np.float32).reshape(-1, 1, 1, 1), "gain")
    weight = s.graph.op("Mul", [s.graph.op("Div", [centred, deviation]), gain])
    inputs = [x.name, weight, s.weight(random_weights.bias(s.rng, outs), "bias")]
    pads = [kernel // 2] * 4
    return Map(s.graph.op("Conv", inputs, kernel_shape=[kernel] * 2, pads=pads), outs, x.sizes)


def computed_shift(s: Sketch, x: Map) -> Map:
    """Adds what is made of numbers: a softmax, a function, or copies of one element."""
    channels = s.graph.integers([1, x.channels, 1, 1])
    style = s.pick("softmax", "filled", "tanh")
    if style == "filled":
        value = s.graph.op("ConstantOfShape", [channels])
        value = s.graph.op("Cos", [value])
    else:
        stored = s.weight(random_weights.bias(s.rng, x.channels), "numbers")
        # Before version 13 a softmax went over axis 1 unless told otherwise.
        value = s.graph.op("Softmax", [stored], axis=0) if style == "softmax" else s.graph.op("Tanh", [stored])
        value = s.graph.op("Reshape", [value, channels])
    factor = s.weight(random_weights.gate(s.rng, x.channels).astype(np.float32).reshape(-1, 1, 1))
    return s.like(x, "Add", [x.name, s.graph.op("Mul", [value, factor])])


STORED_ARITHMETIC = [(0.7, standardised_conv), (0.5, computed_shift)]
"""Layers that compute with weights, and how often they are drawn."""
