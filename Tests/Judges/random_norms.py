"""Normalisations, fused and written out, and arithmetic between several maps."""

from __future__ import annotations

import numpy as np

import random_weights
from random_linear import pointwise
from random_sketch import Map, Sketch
from random_weights import chance


def _parameters(s: Sketch, count: int) -> list[str]:
    """Scales, some of them zero, and shifts."""
    scale = random_weights.gate(s.rng, count) if chance(s.rng, 0.4) else s.rng.uniform(
        0.5, 1.5, count).astype(np.float32)
    return [s.weight(scale, "scale"), s.weight(random_weights.bias(s.rng, count), "shift")]


def group_norm(s: Sketch, x: Map) -> Map:
    """Group normalisation, as an operator or by way of instance normalisation."""
    groups = [each for each in (1, 2, 3, 4) if x.channels % each == 0]
    group = s.pick(*groups)
    if s.graph.opset >= 21 and chance(s.rng, 0.6):
        inputs = [x.name, *_parameters(s, x.channels)]
        return s.like(x, "GroupNormalization", inputs, num_groups=group, epsilon=0.1)
    scale, shift = (
        s.weight(random_weights.gate(s.rng, x.channels).reshape(-1, 1, 1), "affine")
        for _ in range(2))
    return s.like(x, "Add", [s.graph.op("Mul", [spelled_group_norm(s, x, group), scale]), shift])


def spelled_group_norm(s: Sketch, x: Map, groups: int) -> str:
    """Group normalisation as PyTorch writes it before operator set 21, mostly without scale."""
    axes = [-1] if chance(s.rng, 0.8) else [x.channels // groups, -1]
    flat = s.graph.reshape(x.name, [0, groups, *axes])
    parameters = [s.weight(random_weights.bias(s.rng, groups), "group") for _ in range(2)] if chance(
        s.rng, 0.3) else [
        s.weight(np.full(groups, number, np.float32), "group") for number in (1, 0)]
    normal = s.graph.op("InstanceNormalization", [flat, *parameters], epsilon=0.1)
    if s.is_static and chance(s.rng, 0.5):
        return s.graph.reshape(normal, [0, x.channels, *x.sizes[0]])
    return s.graph.op("Reshape", [normal, s.graph.op("Shape", [x.name])])


def instance_norm(s: Sketch, x: Map) -> Map:
    """Instance normalisation, of channels that may be zero."""
    return s.like(x, "InstanceNormalization", [x.name, *_parameters(s, x.channels)], epsilon=0.1)


def written_out_norm(s: Sketch, x: Map) -> Map:
    """Layer or root-mean-square normalisation over channels in single steps."""
    value = x.name
    if chance(s.rng, 0.5):
        mean = s.graph.reduce("ReduceMean", value, [1], keepdims=True)
        value = s.graph.op("Sub", [value, mean])
    two, small = (s.graph.initializer(np.array(each, np.float32), "number") for each in (2, 0.1))
    square = s.graph.op("Pow", [value, two]) if chance(s.rng, 0.5) else s.graph.op(
        "Mul", [value, value])
    power = s.graph.reduce("ReduceMean", square, [1], keepdims=True)
    root = s.graph.op("Sqrt", [s.graph.op("Add", [power, small])])
    return s.like(x, "Div", [value, root])


def response_norm(s: Sketch, x: Map) -> Map:
    """Scales channels by their share in the norm over positions, as ConvNeXt v2 does."""
    norm = s.graph.reduce("ReduceL2", x.name, [2, 3], keepdims=True)
    mean = s.graph.reduce("ReduceMean", norm, [1], keepdims=True)
    small = s.graph.initializer(np.array(0.1, np.float32), "number")
    share = s.graph.op("Div", [norm, s.graph.op("Add", [mean, small])])
    return s.like(x, "Add", [x.name, s.graph.op("Mul", [x.name, share])])


def positions_norm(s: Sketch, x: Map) -> Map:
    """Softmax over a row of positions, or the share in a sum of magnitudes over channels."""
    if s.graph.opset >= 13 and chance(s.rng, 0.5):
        return s.like(x, "Softmax", [x.name], axis=3)
    total = s.graph.reduce("ReduceL1", x.name, [1], keepdims=True)
    one = s.graph.initializer(np.array(1, np.float32), "number")
    return s.like(x, "Div", [x.name, s.graph.op("Add", [total, one])])


def extremum(s: Sketch, x: Map) -> Map:
    """The larger, the smaller or the sum of several maps and numbers."""
    others = [each for each in s.maps if (each.sizes, each.channels) == (x.sizes, x.channels)]
    other = s.pick(pointwise(s, x, x.channels), *others)
    number = s.graph.initializer(np.array(s.pick(0.0, 0.3, -0.2), np.float32), "number")
    return s.like(x, s.pick("Max", "Min", "Sum"), [x.name, other.name, number])


def choice(s: Sketch, x: Map) -> Map:
    """Takes one of two maps, by a limit to the input, which no rounding moves across it."""
    other = pointwise(s, x, x.channels)
    largest = s.graph.reduce("ReduceMax", s.maps[0].name, [1, 2, 3], keepdims=True)
    limit = s.graph.initializer(np.array(s.pick(1.5, 2.5), np.float32), "number")
    condition = s.graph.op("Less", [limit, largest])
    return s.like(x, "Where", [condition, x.name, other.name])


def square(s: Sketch, x: Map) -> Map:
    """Raises to a power, after bounding."""
    bounded = s.graph.op("Tanh", [x.name])
    exponent = s.graph.initializer(np.array(s.pick(2, 3), np.float32), "number")
    return s.like(x, "Pow", [bounded, exponent])
