"""Draws weights with the structure that channel analysis has to see, or must not be fooled by."""

from __future__ import annotations

import numpy as np

Generator = np.random.Generator


def chance(rng: Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def some(rng: Generator, count: int) -> np.ndarray:
    """Draws at least one index below `count`, mostly fewer than all."""
    size = int(rng.integers(1, max(2, count // 2 + 1)))
    return rng.choice(count, size, replace=False)


def filters(rng: Generator, shape: tuple[int, ...], *, gain: float = 1.0) -> np.ndarray:
    """Draws filters, output channels first, among which some rows or columns may be special.

    Zero rows make constant output channels, zero columns leave inputs unread. Rows whose elements
    only sum to zero, or are tiny, are alive.
    """
    fan_in = max(1, int(np.prod(shape[1:])))
    weight = (rng.standard_normal(shape) * gain * np.sqrt(1.5 / fan_in)).astype(np.float32)
    if chance(rng, 0.2):
        rows = some(rng, shape[0])
        weight[rows] = _zero_sum(weight[rows])
    if chance(rng, 0.4):
        weight[some(rng, shape[0])] = np.float32(-0.0 if chance(rng, 0.2) else 0.0)
    if len(shape) > 1 and shape[1] > 1 and chance(rng, 0.3):
        weight[:, some(rng, shape[1])] = 0
    if chance(rng, 0.05):
        weight[some(rng, shape[0])] = np.float32(1e-40)
    return weight


def _zero_sum(rows: np.ndarray) -> np.ndarray:
    """High-pass filters: whole numbers, scaled by a power of two, that sum to exactly zero."""
    whole = np.rint(rows * 16)
    flat = whole.reshape(len(rows), -1)
    flat[:, 0] -= flat.sum(axis=1)
    return (flat.reshape(rows.shape) / 16).astype(np.float32)


def bias(rng: Generator, count: int) -> np.ndarray:
    """Draws biases, some of them zero."""
    values = (rng.standard_normal(count) * 0.5).astype(np.float32)
    if chance(rng, 0.4):
        values[some(rng, count)] = 0
    return values


def normalisation(rng: Generator, count: int) -> list[np.ndarray]:
    """Draws scale, shift, mean and variance, in which some scales, with or without shift, are 0."""
    scale, shift = rng.uniform(0.5, 1.5, count), rng.normal(0, 0.3, count)
    scale *= rng.choice([1, -1], count, p=[0.85, 0.15])
    if chance(rng, 0.35):
        dead = some(rng, count)
        scale[dead] = 0
        if chance(rng, 0.5):
            shift[dead] = 0
    drawn = [scale, shift, rng.normal(0, 0.3, count), rng.uniform(0.5, 1.5, count)]
    return [each.astype(np.float32) for each in drawn]


def gate(rng: Generator, count: int) -> np.ndarray:
    """Draws a factor per channel: 0 or 1, or 0 among arbitrary factors of either sign."""
    closed = some(rng, count)
    factors = np.ones(count) if chance(rng, 0.6) else rng.uniform(-1.5, 1.5, count)
    factors[closed] = 0
    return factors.astype(np.float32)
