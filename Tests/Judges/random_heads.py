"""The ends of random networks: pooling, flattening, fully connected layers."""

from __future__ import annotations

from random_layers import scales_of
from random_linear import fully_connected, pointwise
from random_sketch import Map, Sketch
from random_weights import chance


def head(s: Sketch, x: Map) -> tuple[str, list[int | str | None]]:
    """Turns the last map into the main output; returns its name and shape."""
    outs = int(s.rng.integers(1, 5))
    style = s.pick("pool", "pool", "reduce", "flatten", "flatten", "pointwise", "map")
    if style == "map":
        return x.name, ["batch", x.channels, None, None]
    if style == "pointwise":
        pooled = Map(s.graph.op("GlobalAveragePool", [x.name]), x.channels, scales_of(x))
        return s.graph.squeeze(pointwise(s, pooled, outs).name, [2, 3]), ["batch", outs]
    if style == "flatten" and s.is_static:
        flat, features = _flatten(s, x)
    elif style == "reduce":
        flat = s.graph.reduce("ReduceMean", x.name, [2, 3], keepdims=False)
        features = x.channels
    else:
        pooled = s.graph.op(s.pick("GlobalAveragePool", "GlobalMaxPool"), [x.name])
        flat, features = _join_pooled(s, pooled, x.channels), x.channels
    if chance(s.rng, 0.4):
        hidden = int(s.rng.integers(2, 9))
        flat = s.graph.op("Relu", [fully_connected(s, flat, features, hidden)])
        features = hidden
    logits = fully_connected(s, flat, features, outs)
    last = s.pick(None, None, "Sigmoid", "Softmax")
    result = logits if last is None else s.graph.op(last, [logits], **(
        {"axis": 1} if last == "Softmax" else {}))
    return result, ["batch", outs]


def _join_pooled(s: Sketch, value: str, channels: int) -> str:
    """Drops the axes of extent 1, directly or by way of channels last, as tf2onnx does."""
    style = s.pick("flatten", "reshape", "detour", "squeeze")
    if style == "squeeze":
        return s.graph.squeeze(value, [2, 3])
    if style == "flatten":
        return s.graph.op("Flatten", [value], axis=1)
    if style == "detour":
        value = s.graph.reshape(value, [-1, 1, 1, channels])
    return s.graph.reshape(value, [-1, channels])


def _flatten(s: Sketch, x: Map) -> tuple[str, int]:
    """Joins channels and positions in one of the ways that exporters write."""
    height, width = x.sizes[0]
    value, features = x.name, x.channels * height * width
    if chance(s.rng, 0.3):
        value = s.graph.op("Transpose", [value], perm=[0, 2, 3, 1])
    style = s.pick("flatten", "reshape", "zero", "shape")
    if style == "flatten":
        return s.graph.op("Flatten", [value], axis=1), features
    if style == "shape":
        return s.graph.flatten_by_shape(value), features
    return s.graph.reshape(value, [0, -1] if style == "zero" else [-1, features]), features
