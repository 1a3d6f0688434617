"""The layers that random networks are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import random_weights
from random_attention import attention
from random_blocks import grouped_block, token_block
from random_chains import CHAINS
from random_linear import (
    convolve,
    dense_conv,
    depthwise_conv,
    fully_connected,
    grouped_conv,
    pointwise,
    resized,
    transposed_conv,
)
from random_norms import (
    choice,
    extremum,
    group_norm,
    instance_norm,
    positions_norm,
    response_norm,
    square,
    written_out_norm,
)
from random_resampling import (
    depth_to_space,
    reflect,
    resize_like,
    shuffle_by_shape,
    space_to_depth,
    transposed_groups,
)
from random_sketch import Map, Size, Sketch, UnfitError
from random_weights import chance

# Normalisation and activations


def batch_norm(s: Sketch, x: Map) -> Map:
    """Batch normalisation."""
    parameters = [
        s.weight(each, "bn") for each in random_weights.normalisation(s.rng, x.channels)]
    return s.like(x, "BatchNormalization", [x.name, *parameters], epsilon=s.pick(1e-5, 1e-3))


_PLAIN_ACTIVATIONS = {
    "Relu": 9, "Sigmoid": 9, "Tanh": 9, "Softplus": 9, "Softsign": 9, "Abs": 9, "Neg": 9,
    "HardSwish": 14, "Mish": 18, "Gelu": 20,
}
_PARAMETER_ACTIVATIONS = {
    "LeakyRelu": {"alpha": 0.1}, "Elu": {"alpha": 0.7}, "HardSigmoid": {"alpha": 0.2},
    "Selu": {}, "ThresholdedRelu": {"alpha": 0.3},
}


def activation(s: Sketch, x: Map) -> Map:
    """An activation, with f(0) = 0 or not."""
    style = s.pick("relu", "relu", "plain", "plain", "parameter", "clip", "prelu", "exp")
    if style == "clip":
        low, high = s.pick((0.0, 6.0), (0.25, 3.0), (-1.0, 1.0), (None, 2.0), (0.0, None))
        return Map(s.graph.clip(x.name, low, high), x.channels, x.sizes)
    if style == "prelu":
        shape = s.pick([x.channels, 1, 1], [1, x.channels, 1, 1], [1])
        slope = s.rng.uniform(-0.5, 0.5, shape).astype(np.float32)
        return s.like(x, "PRelu", [x.name, s.weight(slope, "slope")])
    if style == "exp":
        return s.like(x, "Exp", [s.graph.clip(x.name, -4.0, 1.5)])
    if style == "parameter":
        op_type = s.pick(*(each for each in _PARAMETER_ACTIVATIONS
                           if each != "ThresholdedRelu" or s.graph.opset >= 10))
        return s.like(x, op_type, [x.name], **_PARAMETER_ACTIVATIONS[op_type])
    known = [op for op, since in _PLAIN_ACTIVATIONS.items() if s.graph.opset >= since]
    return s.like(x, "Relu" if style == "relu" else s.pick(*known), [x.name])


def conv_bn_relu(s: Sketch, x: Map) -> Map:
    """The usual sequence."""
    return activation(s, batch_norm(s, dense_conv(s, x)))


# Arithmetic


def _twin(s: Sketch, x: Map) -> Map:
    """Finds another value of the same shape, or computes one."""
    twins = [each for each in s.maps if each.sizes == x.sizes and each != x]
    same = [each for each in twins if each.channels == x.channels]
    if same and chance(s.rng, 0.7):
        return s.pick(*same)
    return pointwise(s, s.pick(x, *twins), x.channels)


def _broadcast_shape(s: Sketch, x: Map) -> list[int]:
    shapes = [[1, x.channels, 1, 1], [x.channels, 1, 1], [], [1], [1, 1, 1, 1]]
    if s.is_static:
        height, width = x.sizes[0]
        shapes += [[width], [height, 1], [x.channels, height, width]]
    return s.pick(*shapes)


def constant_arithmetic(s: Sketch, x: Map) -> Map:
    """Adds, subtracts, multiplies or divides by a stored tensor that broadcasts."""
    op_type = s.pick("Add", "Add", "Sub", "Mul", "Mul", "Div")
    shape = _broadcast_shape(s, x)
    values = s.rng.uniform(0.5, 1.5, shape) if op_type == "Div" else s.rng.normal(0, 0.7, shape)
    operands = [x.name, s.weight(np.asarray(values, np.float32), "operand")]
    if op_type != "Div" and chance(s.rng, 0.3):
        operands.reverse()
    return s.like(x, op_type, operands)


def gate(s: Sketch, x: Map) -> Map:
    """Multiplies each channel by 0, 1 or another factor, stored flat or in shape."""
    factors = random_weights.gate(s.rng, x.channels)
    if chance(s.rng, 0.3):
        factor = s.graph.reshape(s.weight(factors, "gate"), [1, -1, 1, 1])
    else:
        shape = s.pick([1, -1, 1, 1], [-1, 1, 1])
        factor = s.weight(factors.reshape(shape), "gate")
    operands = [x.name, factor]
    return s.like(x, "Mul", operands[::-1] if chance(s.rng, 0.3) else operands)


def join(s: Sketch, x: Map) -> Map:
    """Combines two values of the same shape."""
    y = _twin(s, x)
    op_type = s.pick("Add", "Add", "Add", "Sub", "Mul", "Max", "Min", "Sum")
    if op_type == "Mul":
        y = s.like(y, "Tanh", [y.name])
    return s.like(x, op_type, [x.name, y.name])


def residual_block(s: Sketch, x: Map) -> Map:
    """Adds what two convolutions compute from a value to that value."""
    middle = int(s.rng.integers(1, 9))
    y = convolve(s, x, middle, s.pick((1, 1), (3, 3)), 1, keep_size=True)
    y = activation(s, batch_norm(s, y) if chance(s.rng, 0.7) else y)
    y = convolve(s, y, x.channels, s.pick((1, 1), (3, 3)), 1, keep_size=True)
    y = batch_norm(s, y) if chance(s.rng, 0.5) else y
    total = s.like(x, "Add", [x.name, y.name] if chance(s.rng, 0.5) else [y.name, x.name])
    return s.like(x, "Relu", [total.name]) if chance(s.rng, 0.6) else total


def gated_residual(s: Sketch, x: Map) -> Map:
    """DEAR's tail: a gate on a residual sum whose identity is read elsewhere in full."""
    return gate(s, residual_block(s, residual_block(s, x)))


def scales_of(x: Map) -> tuple[Size, ...]:
    """The sizes of a value with one number a channel, in every case that `x` has."""
    return tuple((1, 1) for _ in x.sizes)


def squeeze_excite(s: Sketch, x: Map) -> Map:
    """Scales channels by what a small network computes from their means."""
    middle = int(s.rng.integers(1, 5))
    pool = s.pick("GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool")
    mean = Map(s.graph.op(pool, [x.name]), x.channels, scales_of(x))
    if chance(s.rng, 0.6):
        squeezed = pointwise(s, mean, middle)
        hidden = s.like(squeezed, "Relu", [squeezed.name])
        scale = pointwise(s, hidden, x.channels).name
    else:
        flat = s.graph.op("Flatten", [mean.name], axis=1)
        hidden = s.graph.op("Relu", [fully_connected(s, flat, x.channels, middle)])
        scale = fully_connected(s, hidden, middle, x.channels)
        scale = s.graph.unsqueeze(scale, [2, 3])
    scale = s.graph.op(s.pick("Sigmoid", "HardSigmoid"), [scale])
    return s.like(x, "Mul", [x.name, scale])


def spatial_attention(s: Sketch, x: Map) -> Map:
    """Scales positions: one operand has a single channel."""
    attention = s.graph.op("Sigmoid", [pointwise(s, x, 1).name])
    return s.like(x, "Mul", [x.name, attention])


def add_context(s: Sketch, x: Map) -> Map:
    """Adds a value of shape [batch, channels, 1, 1]."""
    pooled = s.graph.op("GlobalMaxPool", [x.name])
    context = pointwise(s, Map(pooled, x.channels, scales_of(x)), x.channels)
    return s.like(x, "Add", [x.name, context.name])


def center(s: Sketch, x: Map) -> Map:
    """Subtracts a mean, over channels or over space."""
    mean = s.graph.reduce("ReduceMean", x.name, s.pick([1], [2, 3]), keepdims=True)
    return s.like(x, "Sub", [x.name, mean])


# Moving channels


def concat(s: Sketch, x: Map) -> Map:
    """Joins channels of several values; the same one may come twice."""
    others = [each for each in s.maps if each.sizes == x.sizes]
    count = int(s.rng.integers(1, 3))
    parts = [x, *(s.pick(x, pointwise(s, x, int(s.rng.integers(1, 6))), *others)
                  for _ in range(count))]
    channels = sum(part.channels for part in parts)
    if channels > 40:
        raise UnfitError
    order = [parts[index] for index in s.rng.permutation(len(parts))]
    return Map(s.graph.op("Concat", [part.name for part in order], axis=s.pick(1, 1, -3)
                          if s.graph.opset >= 11 else 1), channels, x.sizes)


def split(s: Sketch, x: Map) -> Map:
    """Cuts channels in two, treats each part, and joins them in another order."""
    if x.channels < 2:
        raise UnfitError
    even = x.channels % 2 == 0 and chance(s.rng, 0.5)
    first = x.channels // 2 if even else int(s.rng.integers(1, x.channels))
    sizes = [first, x.channels - first]
    names = s.graph.split(x.name, sizes, 1, even)
    parts = [Map(name, size, x.sizes) for name, size in zip(names, sizes, strict=True)]
    s.maps.extend(parts)
    changed = [parts[0], activation(s, parts[1])]
    if even and chance(s.rng, 0.3):
        return s.like(parts[0], "Add", [part.name for part in changed])
    order = [changed[1].name, changed[0].name]
    return Map(s.graph.op("Concat", order, axis=1), x.channels, x.sizes)


def slice_channels(s: Sketch, x: Map) -> Map:
    """Takes a range of channels, sometimes with a step or counted from the end."""
    if x.channels < 3:
        raise UnfitError
    start = int(s.rng.integers(0, x.channels - 1))
    end = int(s.rng.integers(start + 1, x.channels + 1))
    step = s.pick(1, 1, 2) if s.graph.opset >= 10 else 1
    count = len(range(start, end, step))
    low, high = s.pick((start, end), (start - x.channels, end))
    if end == x.channels:
        high = s.pick(end, 2**31 - 1)
    name = s.graph.slice(x.name, [low], [high], [1], [step] if step > 1 else None)
    return Map(name, count, x.sizes)


def gather_channels(s: Sketch, x: Map) -> Map:
    """Permutes channels, takes some, or takes some twice."""
    size = int(s.rng.integers(1, x.channels + 2))
    style = s.pick("permute", "subset", "repeat")
    if style == "permute":
        indices = s.rng.permutation(x.channels)
    elif style == "subset":
        indices = s.rng.choice(x.channels, min(size, x.channels), replace=False)
    else:
        indices = s.rng.choice(x.channels, size)
    name = s.graph.op("Gather", [x.name, s.graph.integers(indices.tolist(), "indices")], axis=1)
    return Map(name, len(indices), x.sizes)


def shuffle_channels(s: Sketch, x: Map) -> Map:
    """ShuffleNet's permutation: Reshape, Transpose, Reshape."""
    groups = [each for each in (2, 3, 4) if x.channels % each == 0 and x.channels > each]
    if not groups:
        raise UnfitError
    group, (height, width) = s.pick(*groups), x.sizes[0]
    divided = [group, x.channels // group]
    if s.is_static:
        split_up = s.graph.reshape(x.name, [0, *divided, height, width])
        turned = s.graph.op("Transpose", [split_up], perm=[0, 2, 1, 3, 4])
        return Map(s.graph.reshape(turned, [0, -1, height, width]), x.channels, x.sizes)
    extents = s.graph.op("Shape", [x.name])
    batch, size = s.graph.slice(extents, [0], [1], [0]), s.graph.slice(extents, [2], [4], [0])
    target = s.graph.op("Concat", [batch, s.graph.integers(divided), size], axis=0)
    turned = s.graph.op(
        "Transpose", [s.graph.op("Reshape", [x.name, target])], perm=[0, 2, 1, 3, 4])
    return s.like(x, "Reshape", [turned, extents])


# Pooling and sizes


def pool(s: Sketch, x: Map) -> Map:
    """Max or average pooling with padding or a rounded-up size."""
    kernel, stride = s.pick((2, 2), (3, 2), (3, 1), (2, 1))
    before, after, ceil = 0, 0, False
    style = s.pick("plain", "padded", "ceil")
    if style == "padded":
        before, after = (kernel - 1) // 2, kernel // 2
    elif style == "ceil" and s.graph.opset >= 10:
        ceil = True
    op_type = s.pick("MaxPool", "AveragePool")
    attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2,
                  "pads": [before] * 2 + [after] * 2, "ceil_mode": 1 if ceil else None}
    if op_type == "AveragePool" and chance(s.rng, 0.5):
        attributes["count_include_pad"] = 1

    def extent(length: int, _: int) -> int:
        span = length + before + after - kernel
        return (-(-span // stride) if ceil else span // stride) + 1 if span >= 0 else 0

    sizes = resized(x.sizes, extent)
    return Map(s.graph.op(op_type, [x.name], **attributes), x.channels, sizes)


def pad(s: Sketch, x: Map) -> Map:
    """Adds a border of zeros or of another value, now and then around the channels too."""
    top, left, bottom, right = (int(s.rng.integers(0, 3)) for _ in range(4))
    front, behind = (int(s.rng.integers(0, 4)) if chance(s.rng, 0.25) else 0 for _ in range(2))
    fill = float(s.pick(0.0, 0.0, 0.7))
    name = s.graph.pad(x.name, [0, front, top, left, 0, behind, bottom, right], fill)
    return Map(name, x.channels + front + behind, resized(
        x.sizes, lambda extent, axis: extent + (left + right if axis else top + bottom)))


def upsample(s: Sketch, x: Map) -> Map:
    """Doubles the size by repeating or interpolating."""
    if s.graph.opset < 11 or max(max(size) for size in x.sizes) > 16:
        raise UnfitError
    scales = s.graph.initializer(np.array([1, 1, 2, 2], np.float32), "scales")
    name = s.graph.op(
        "Resize", [x.name, s.graph.initializer(np.zeros(0, np.float32), "roi"), scales],
        mode=s.pick("nearest", "linear"), coordinate_transformation_mode="asymmetric",
        nearest_mode="floor")
    return Map(name, x.channels, resized(x.sizes, lambda extent, axis: extent * 2))


# Channels last


def channels_last(s: Sketch, x: Map) -> Map:
    """A stretch in which the channels are the last axis, as TensorFlow writes networks."""
    value = s.graph.op("Transpose", [x.name], perm=[0, 2, 3, 1])
    outs = int(s.rng.integers(1, 10))
    weight = random_weights.filters(s.rng, (outs, x.channels)).T
    value = s.graph.op("MatMul", [value, s.weight(weight, "matrix")])
    if chance(s.rng, 0.7):
        value = s.graph.op("Add", [value, s.weight(random_weights.bias(s.rng, outs), "bias")])
    if chance(s.rng, 0.5):
        value = s.graph.op(s.pick("Relu", "Sigmoid"), [value])
    if s.graph.opset >= 17 and chance(s.rng, 0.3):
        scale = s.weight(random_weights.gate(s.rng, outs), "scale")
        value = s.graph.op("LayerNormalization", [value, scale], axis=-1, epsilon=1e-2)
    return Map(s.graph.op("Transpose", [value], perm=[0, 3, 1, 2]), outs, x.sizes)


# What reads or mixes all channels


def barrier(s: Sketch, x: Map) -> Map:
    """An operator that needs every channel in its place."""
    op_type = s.pick("Softmax", "LRN", "CumSum", "InstanceNormalization", "LpNormalization")
    if op_type == "CumSum":
        if s.graph.opset < 11:
            raise UnfitError
        total = s.graph.op("CumSum", [x.name, s.graph.integers(1, "axis")])
        return s.like(x, "Tanh", [total])
    if op_type == "InstanceNormalization":
        scale, shift = (
            s.weight(s.rng.uniform(0.2, 1, x.channels).astype(np.float32), "instance")
            for _ in range(2))
        return s.like(x, op_type, [x.name, scale, shift], epsilon=0.1)
    if op_type == "LpNormalization":
        shifted = s.graph.op("Add", [
            x.name, s.weight(np.array([1.0], np.float32), "one")])
        return s.like(x, op_type, [shifted], axis=1, p=2)
    attributes = {"size": 3, "alpha": 0.1} if op_type == "LRN" else {"axis": 1}
    return s.like(x, op_type, [x.name], **attributes)


def no_change(s: Sketch, x: Map) -> Map:
    """An operator that does nothing in inference."""
    return s.like(x, s.pick("Identity", "Dropout"), [x.name])


LAYERS: list[tuple[float, Callable[[Sketch, Map], Map]]] = [
    (4, conv_bn_relu), (3, dense_conv), (2, depthwise_conv), (1.5, grouped_conv),
    (0.4, transposed_conv), (2, batch_norm), (3, activation), (2, constant_arithmetic),
    (2.5, gate), (2, join), (3, residual_block), (1.5, gated_residual), (1.2, squeeze_excite),
    (0.7, spatial_attention), (0.7, add_context), (0.7, center), (2.5, concat), (1.2, split),
    (1, slice_channels), (1, gather_channels), (0.7, shuffle_channels), (2, pool), (0.6, pad),
    (0.4, upsample), (1.2, channels_last), (0.8, barrier), (0.5, no_change),
    (1.6, attention), (0.6, depth_to_space), (0.5, space_to_depth), (0.6, resize_like),
    (0.4, reflect), (0.8, shuffle_by_shape), (0.6, transposed_groups), (0.7, group_norm),
    (0.5, instance_norm), (0.6, written_out_norm), (0.5, response_norm), (0.5, positions_norm),
    (0.6, extremum), (0.5, choice), (0.4, square), (0.6, token_block), (0.4, grouped_block),
    *CHAINS,
]
"""Every layer and how often it is drawn."""
