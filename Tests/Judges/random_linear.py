"""Convolutions and fully connected layers in all their forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import random_weights
from random_sketch import Map, Size, Sketch, UnfitError
from random_weights import chance


def resized(sizes: Sequence[Size], extent: Callable[[int, int], int]) -> tuple[Size, ...]:
    """Maps every height (axis 0) and width (axis 1); refuses what becomes empty."""
    mapped = tuple((extent(height, 0), extent(width, 1)) for height, width in sizes)
    if min(min(size) for size in mapped) < 1:
        raise UnfitError
    return mapped


def pointwise(s: Sketch, x: Map, outs: int) -> Map:
    """A 1×1 convolution with bias."""
    bias = random_weights.bias(s.rng, outs)
    inputs = [x.name, s.filters(outs, x.channels, 1, 1), s.weight(bias, "bias")]
    return Map(s.graph.op("Conv", inputs, kernel_shape=[1, 1]), outs, x.sizes)


def convolve(
    s: Sketch, x: Map, outs: int, kernel: Size, group: int, *, keep_size: bool = False
) -> Map:
    """A convolution with random padding, stride and dilation."""
    stride = 1 if keep_size else s.pick(1, 1, 1, 2)
    dilation = s.pick(1, 1, 1, 2) if max(kernel) > 1 else 1
    attributes = {"kernel_shape": list(kernel), "strides": [stride] * 2, "group": group,
                  "dilations": [dilation] * 2}
    spans = [(k - 1) * dilation + 1 for k in kernel]
    style = "half" if keep_size else s.pick("none", "half", "half", "uneven", "same")
    if style == "same" and dilation == 1:
        attributes["auto_pad"] = s.pick("SAME_UPPER", "SAME_LOWER")
        sizes = resized(x.sizes, lambda extent, axis: -(-extent // stride))
    else:
        before, after = _padding(s, style, spans)
        attributes["pads"] = [*before, *after]
        sizes = resized(x.sizes, lambda extent, axis: (
            extent + before[axis] + after[axis] - spans[axis]) // stride + 1)
    inputs = [x.name, s.filters(outs, x.channels // group, *kernel)]
    if chance(s.rng, 0.6):
        inputs.append(s.weight(random_weights.bias(s.rng, outs), "bias"))
    return Map(s.graph.op("Conv", inputs, **attributes), outs, sizes)


def _padding(s: Sketch, style: str, spans: Sequence[int]) -> tuple[list[int], list[int]]:
    if style == "half":
        return [(span - 1) // 2 for span in spans], [span // 2 for span in spans]
    if style == "uneven":
        draw = [int(s.rng.integers(0, 3)) for _ in range(4)]
        return draw[:2], draw[2:]
    return [0, 0], [0, 0]


def _kernel(s: Sketch) -> Size:
    return s.pick((1, 1), (1, 1), (3, 3), (3, 3), (3, 3), (5, 5), (1, 3), (3, 1))


def dense_conv(s: Sketch, x: Map) -> Map:
    """A dense convolution."""
    return convolve(s, x, int(s.rng.integers(1, 13)), _kernel(s), 1)


def depthwise_conv(s: Sketch, x: Map) -> Map:
    """A depthwise convolution, often with a multiplier."""
    return convolve(s, x, x.channels * s.pick(1, 1, 2, 3), _kernel(s), x.channels)


def grouped_conv(s: Sketch, x: Map) -> Map:
    """A convolution in groups that are neither one nor depthwise."""
    groups = [each for each in (2, 3, 4) if x.channels % each == 0 and x.channels > each]
    if not groups:
        raise UnfitError
    group = s.pick(*groups)
    return convolve(s, x, group * int(s.rng.integers(1, 4)), _kernel(s), group)


def transposed_conv(s: Sketch, x: Map) -> Map:
    """A transposed convolution that doubles the size."""
    if max(max(size) for size in x.sizes) > 16:
        raise UnfitError
    outs = int(s.rng.integers(1, 9))
    name = s.graph.op(
        "ConvTranspose", [x.name, s.filters(x.channels, outs, 2, 2)], strides=[2, 2],
        kernel_shape=[2, 2])
    return Map(name, outs, resized(x.sizes, lambda extent, axis: extent * 2))


def fully_connected(s: Sketch, x: str, ins: int, outs: int) -> str:
    """A fully connected layer as Gemm in one of its forms, or as MatMul and Add."""
    weight = random_weights.filters(s.rng, (outs, ins))
    bias = s.weight(random_weights.bias(s.rng, outs), "bias")
    if chance(s.rng, 0.25):
        product = s.graph.op("MatMul", [x, s.weight(weight.T, "matrix")])
        return s.graph.op("Add", [product, bias])
    transposed, turned = chance(s.rng, 0.6), chance(s.rng, 0.15)
    matrix = s.weight(weight if transposed else weight.T, "matrix")
    if turned:
        x = s.graph.op("Transpose", [x], perm=[1, 0])
    inputs = [x, matrix, bias]
    if s.graph.opset >= 11 and chance(s.rng, 0.2):
        inputs.pop()
    return s.graph.op(
        "Gemm", inputs, transA=int(turned), transB=int(transposed),
        alpha=s.pick(1.0, 1.0, 0.5), beta=s.pick(1.0, 1.0, 2.0))
