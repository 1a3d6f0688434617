"""Attention in the forms that exporters write, over the positions of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import random_weights
from random_sketch import Map, Sketch, UnfitError
from random_weights import chance


@dataclass(frozen=True)
class Heads:
    """How the channels of queries, keys and values are laid out."""

    count: int
    width: int

    @property
    def channels(self) -> int:
        """The channels of all heads together."""
        return self.count * self.width


def attention(s: Sketch, x: Map) -> Map:
    """Self-attention over positions, with projections apart or packed, back to a map."""
    if s.graph.opset < 11 or max(height * width for height, width in x.sizes) > 300:
        raise UnfitError
    heads = Heads(s.pick(1, 2, 2, 3), s.pick(2, 3, 4))
    tokens = _tokens(s, x)
    if s.graph.opset >= 23 and chance(s.rng, 0.5):
        joined = _operator(s, tokens, x.channels, heads)
    else:
        joined = _spelled_out(s, tokens, x.channels, heads)
    outs = int(s.rng.integers(1, 9))
    result = _linear(s, joined, heads.channels, outs)
    return Map(_from_tokens(s, result, x, outs), outs, x.sizes)


def _spelled_out(s: Sketch, tokens: str, ins: int, heads: Heads) -> str:
    """Attention in basic operators, with heads side by side in the result."""
    style = s.pick("apart", "packed", "packed by split", "packed by head", "shared keys")
    if style == "apart":
        query, key, value = (_projected(s, tokens, ins, heads) for _ in range(3))
    elif style == "shared keys":
        query = _projected(s, tokens, ins, heads)
        key, value = (_repeated(s, tokens, ins, heads) for _ in range(2))
    else:
        query, key, value = _packed(s, tokens, ins, heads, style)
    mixed = _mixed(s, query, key, value, heads)
    turned = s.graph.op("Transpose", [mixed], perm=[0, 2, 1, 3])
    return s.graph.reshape(turned, [0, -1, heads.channels])


def _operator(s: Sketch, tokens: str, ins: int, heads: Heads) -> str:
    """The operator, with heads in one axis with their width; fewer may serve as keys and values."""
    served = Heads(1 if chance(s.rng, 0.3) else heads.count, heads.width)
    operands = [_linear(s, tokens, ins, each.channels, _head_weights(s, each, ins))
                for each in (heads, served, served)]
    options = {"scale": 0.6} if chance(s.rng, 0.3) else {}
    options |= {"softcap": 2.0} if chance(s.rng, 0.3) else {}
    return s.graph.op("Attention", operands, q_num_heads=heads.count,
                      kv_num_heads=served.count, **options)


def _tokens(s: Sketch, x: Map) -> str:
    """Shape [batch, positions, channels]."""
    flat = s.graph.reshape(x.name, [0, x.channels, -1])
    return s.graph.op("Transpose", [flat], perm=[0, 2, 1])


def _from_tokens(s: Sketch, tokens: str, x: Map, channels: int) -> str:
    """Lays tokens out as the map `x`, whose extents may be open."""
    turned = s.graph.op("Transpose", [tokens], perm=[0, 2, 1])
    if s.is_static and chance(s.rng, 0.5):
        return s.graph.reshape(turned, [0, channels, *x.sizes[0]])
    shape = s.graph.op("Shape", [x.name])
    parts = [s.graph.slice(shape, [0], [1], [0]), s.graph.integers([channels], "channels"),
             s.graph.slice(shape, [2], [4], [0])]
    return s.graph.op("Reshape", [turned, s.graph.op("Concat", parts, axis=0)])


def _linear(s: Sketch, tokens: str, ins: int, outs: int, weight: np.ndarray | None = None) -> str:
    """A matrix product with bias; some heads, dimensions and rows of its weights are zero."""
    weight = random_weights.filters(s.rng, (outs, ins)) if weight is None else weight
    product = s.graph.op("MatMul", [tokens, s.weight(weight.T, "projection")])
    if chance(s.rng, 0.3):
        return product
    bias = random_weights.bias(s.rng, outs)
    bias[~weight.any(axis=1)] *= s.pick(0, 0, 1)
    return s.graph.op("Add", [product, s.weight(bias, "bias")])


def _head_weights(s: Sketch, heads: Heads, ins: int, parts: int = 1) -> np.ndarray:
    """Weights in which whole heads, or one dimension of every head, may be zero."""
    weight = random_weights.filters(s.rng, (parts * heads.channels, ins))
    shaped = weight.reshape(parts, heads.count, heads.width, ins)
    for part in range(parts):
        if chance(s.rng, 0.3):
            shaped[part, int(s.rng.integers(heads.count))] = 0
        if chance(s.rng, 0.4):
            shaped[part, :, int(s.rng.integers(heads.width))] = 0
    return weight


def _projected(s: Sketch, tokens: str, ins: int, heads: Heads) -> str:
    """Shape [batch, heads, positions, width]."""
    flat = _linear(s, tokens, ins, heads.channels, _head_weights(s, heads, ins))
    split = s.graph.reshape(flat, [0, -1, heads.count, heads.width])
    return s.graph.op("Transpose", [split], perm=[0, 2, 1, 3])


def _repeated(s: Sketch, tokens: str, ins: int, heads: Heads) -> str:
    """One head's keys or values, repeated for all: grouped queries."""
    single = _projected(s, tokens, ins, Heads(1, heads.width))
    if chance(s.rng, 0.5):
        return single
    target = s.graph.integers([1, heads.count, 1, 1], "repeats")
    return s.graph.op("Expand", [single, target])


def _packed(s: Sketch, tokens: str, ins: int, heads: Heads, style: str) -> list[str]:
    """Queries, keys and values from one projection."""
    if style == "packed by head":
        weight = random_weights.filters(s.rng, (3 * heads.channels, ins))
        flat = _linear(s, tokens, ins, 3 * heads.channels, weight)
        whole = s.graph.reshape(flat, [0, -1, heads.count, 3 * heads.width])
        turned = s.graph.op("Transpose", [whole], perm=[0, 2, 1, 3])
        return s.graph.split(turned, [heads.width] * 3, 3)
    weight = _head_weights(s, heads, ins, parts=3)
    flat = _linear(s, tokens, ins, 3 * heads.channels, weight)
    whole = s.graph.reshape(flat, [0, -1, 3, heads.count, heads.width])
    turned = s.graph.op("Transpose", [whole], perm=[2, 0, 3, 1, 4])
    if style == "packed":
        return [s.graph.op("Gather", [turned, s.graph.integers(part, "part")], axis=0)
                for part in range(3)]
    return [s.graph.squeeze(each, [0]) for each in s.graph.split(turned, [1, 1, 1], 0)]


def _normalised(s: Sketch, value: str) -> str:
    """Divides by the norm over the width, as cosine attention does."""
    norm = s.graph.reduce("ReduceL2", value, [-1], keepdims=True)
    low = s.graph.initializer(np.array(0.5, np.float32), "low")
    return s.graph.op("Div", [value, s.graph.op("Max", [norm, low])])


def _mixed(s: Sketch, query: str, key: str, value: str, heads: Heads) -> str:
    """Values weighed by how well queries and keys agree."""
    if chance(s.rng, 0.3):
        query, key = _normalised(s, query), _normalised(s, key)
    if chance(s.rng, 0.5):
        scale = s.graph.initializer(np.array(heads.width**-0.5, np.float32), "scale")
        query = s.graph.op("Mul", [query, scale])
    turned = s.graph.op("Transpose", [key], perm=[0, 1, 3, 2])
    scores = s.graph.op("MatMul", [query, turned])
    if chance(s.rng, 0.4):
        table = s.rng.normal(0, 1, (1, heads.count, 1, 1)).astype(np.float32)
        scores = s.graph.op("Add", [scores, s.weight(table, "table")])
    weights = s.graph.op("Softmax", [scores], axis=3)
    return s.graph.op("MatMul", [weights, value])
