"""The state of a random network while it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

import random_weights
from graph_builder import GraphBuilder
from random_weights import chance

Size = tuple[int, int]


class UnfitError(Exception):
    """The layer cannot follow the value it was offered; another one should be tried."""


@dataclass(frozen=True)
class Map:
    """A value of shape [batch, channels, height, width]."""

    name: str
    channels: int
    sizes: tuple[Size, ...]
    """Height and width in every case the network must run on."""


@dataclass
class Sketch:
    """A random network under construction."""

    graph: GraphBuilder
    is_static: bool
    """Whether the graph states height and width."""
    maps: list[Map] = field(default_factory=list)
    """What later layers may read."""
    inline_weights: float = 0.0
    """How likely a weight is to be stored in a Constant node."""
    layers: list = field(default_factory=list)
    """The layers to draw from, and how often each is drawn."""
    shared: dict[tuple[int, ...], list[str]] = field(default_factory=dict)
    """Filters that another layer may use again, by shape."""

    @property
    def rng(self) -> np.random.Generator:
        """The source of all randomness."""
        return self.graph.rng

    def pick(self, *options):
        """Draws one of `options`."""
        return options[int(self.rng.integers(len(options)))]

    def weight(self, array: np.ndarray, name: str = "weight") -> str:
        """Stores an array, as an initializer or in a Constant node."""
        if chance(self.rng, self.inline_weights):
            return self.graph.constant_node(array, name)
        return self.graph.initializer(array, name)

    def filters(self, *shape: int, gain: float = 1.0) -> str:
        """Stores new filters or, now and then, uses those of an earlier layer again."""
        known = self.shared.setdefault(shape, [])
        if known and chance(self.rng, 0.12):
            return self.pick(*known)
        known.append(self.weight(random_weights.filters(self.rng, shape, gain=gain), "filters"))
        return known[-1]

    def like(self, x: Map, op_type: str, inputs: Sequence[str], **attributes) -> Map:
        """Adds a node whose result has the shape of `x`."""
        return Map(self.graph.op(op_type, inputs, **attributes), x.channels, x.sizes)
