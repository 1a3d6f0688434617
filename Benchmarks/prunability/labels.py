"""Slot labels: which elements of which values must vanish together.

A label is a number at an element of a value. Two elements with the same label, or with labels that
were joined, belong to one slot. Labels say nothing of how dearc sees a network; they follow from
executing the graph literally on arrays of labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

ZERO = -1
"""An element that is always zero, such as padding. It hinders no slot from vanishing."""
FREE = -2
"""An element that no slot owns, and that is not zero."""


class Labels:
    """The labels of one value: an array that may be stretched along axes where they do not vary."""

    def __init__(self, core: np.ndarray, shape: tuple[int, ...]) -> None:
        for axis in range(core.ndim):
            if core.shape[axis] > 1:
                first = core.take([0], axis)
                if (core == first).all():
                    core = first
        self.core = np.array(core, np.int32, order="C")
        self.shape = tuple(shape)

    @classmethod
    def all(cls, label: int, shape: Iterable[int]) -> Labels:
        """The same label everywhere."""
        shape = tuple(shape)
        return cls(np.full((1,) * len(shape), label, np.int32), shape)

    @classmethod
    def along(cls, vector: np.ndarray, axis: int, shape: Iterable[int]) -> Labels:
        """Labels that vary along one axis only."""
        shape = tuple(shape)
        extents = [1] * len(shape)
        extents[axis] = len(vector)
        return cls(np.asarray(vector, np.int32).reshape(extents), shape)

    @property
    def full(self) -> np.ndarray:
        """One label for each element."""
        return np.broadcast_to(self.core, self.shape)

    def varies(self, axis: int) -> bool:
        """Whether labels differ along an axis."""
        return self.core.shape[axis] > 1

    @property
    def labelled(self) -> bool:
        """Whether any element belongs to a slot."""
        return self.core.size > 0 and bool((self.core >= 0).any())

    def present(self) -> np.ndarray:
        """The labels that occur."""
        found = np.unique(self.core)
        return found[found >= 0]


@dataclass
class Stored:
    """An initializer, possibly rearranged: `index` names the element of it at each place."""

    name: str
    shape: tuple[int, ...]
    index: np.ndarray | None = None

    def positions(self) -> np.ndarray:
        """Flat positions in the initializer, one for each element."""
        if self.index is None:
            size = int(np.prod(self.shape, dtype=np.int64))
            return np.arange(size, dtype=np.int32).reshape(self.shape)
        return self.index


@dataclass
class Linear:
    """A stored weight of one linear operator with the labels of what it makes and of what it reads.

    `made` and `read` broadcast to the weight's shape.
    """

    node: str
    operator: str
    weight: Stored
    made: np.ndarray
    read: np.ndarray


@dataclass
class Ledger:
    """Everything the interpretation finds out about labels."""

    count: int = 0
    edges: list[np.ndarray] = field(default_factory=list)
    normalised: list[np.ndarray] = field(default_factory=list)
    guarded: list[np.ndarray] = field(default_factory=list)
    scores: list[tuple[int, int]] = field(default_factory=list)
    softmaxed: list[tuple[int, int]] = field(default_factory=list)
    linears: list[Linear] = field(default_factory=list)
    elements: dict[str, np.ndarray] = field(default_factory=dict)
    made: dict[str, np.ndarray] = field(default_factory=dict)
    spared: set[str] = field(default_factory=set)
    unmodelled: dict[str, int] = field(default_factory=dict)

    def fresh(self, count: int) -> np.ndarray:
        """New labels."""
        start, self.count = self.count, self.count + count
        return np.arange(start, start + count, dtype=np.int32)

    def fresh_scores(self, count: int) -> np.ndarray:
        """New labels of attention scores: they vanish because nobody needs them, not to zero."""
        labels = self.fresh(count)
        self.scores.append((int(labels[0]), int(labels[-1]) + 1))
        return labels

    def are_scores(self, labels: np.ndarray) -> np.ndarray:
        """Which of these labels are scores'."""
        return within(labels, self.scores + self.softmaxed)

    def past_softmax(self, labels: Labels) -> Labels:
        """The same slots, as what a softmax makes of them, which is never zero."""
        present = labels.present()
        if not len(present):
            return labels
        fresh = self.fresh(len(present))
        self.softmaxed.append((int(fresh[0]), int(fresh[-1]) + 1))
        self.join(fresh, present)
        places = np.searchsorted(present, np.maximum(labels.core, present[0]))
        return Labels(np.where(labels.core >= 0, fresh[places], labels.core), labels.shape)

    def guard_softmaxed(self, labels: np.ndarray) -> None:
        """A linear operator reads numbers that do not vanish with their slot."""
        if self.softmaxed:
            self.guard(labels[within(labels, self.softmaxed)])

    def join(self, first: np.ndarray, second: np.ndarray) -> None:
        """Makes one slot of each pair."""
        pairs = distinct_pairs(first, second)
        if len(pairs):
            self.edges.append(pairs)

    def guard(self, labels: np.ndarray) -> None:
        """These slots must not be touched."""
        found = np.unique(labels)
        found = found[found >= 0]
        if len(found):
            self.guarded.append(found)

    def merge(self, labels: Labels, axes: Iterable[int], poison: bool = True) -> Labels:
        """Joins labels along axes, and gives the labels that remain, of extent 1 there.

        With `poison`, a slot that shares such a line with elements nobody owns cannot vanish.
        """
        axes = sorted({axis % len(labels.shape) for axis in axes})
        core = labels.core
        shape = tuple(1 if axis in axes else n for axis, n in enumerate(labels.shape))
        live = [axis for axis in axes if core.shape[axis] > 1]
        if not live:
            return Labels(core, shape)
        rest = [axis for axis in range(core.ndim) if axis not in live]
        rows = core.transpose(rest + live).reshape(
            [core.shape[axis] for axis in rest] + [-1]).reshape(
                int(np.prod([core.shape[axis] for axis in rest], dtype=np.int64)), -1)
        leader = rows.max(1, keepdims=True)
        stretched = np.broadcast_to(leader, rows.shape)
        self.join(stretched, rows)
        poisoned = (rows == FREE).any(1)
        if poison:
            self.guard(leader[poisoned])
        leader = np.where((leader == ZERO) & poisoned[:, None], FREE, leader)
        kept = [1 if axis in live else n for axis, n in enumerate(core.shape)]
        return Labels(leader.reshape(kept), shape)

    def normalise(self, labels: Labels, axes: Iterable[int]) -> None:
        """Elements along these axes are compared with each other: only equals may vanish."""
        core = labels.core
        live = [axis % core.ndim for axis in axes if core.shape[axis % core.ndim] > 1]
        if not live:
            return
        rest = [axis for axis in range(core.ndim) if axis not in live]
        rows = core.transpose(rest + live).reshape(
            int(np.prod([core.shape[axis] for axis in rest], dtype=np.int64)), -1)
        leader = rows.max(1, keepdims=True)
        pairs = distinct_pairs(np.broadcast_to(leader, rows.shape), rows)
        if len(pairs):
            self.normalised.append(pairs)

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """The slot of each label, and whether each slot must not be touched."""
        edges = np.concatenate(self.edges) if self.edges else np.zeros((0, 2), np.int32)
        ones = np.ones(len(edges), np.int8)
        graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), (self.count, self.count))
        slots, root = connected_components(graph, directed=False)
        guarded = np.zeros(slots, bool)
        for labels in self.guarded:
            guarded[root[labels]] = True
        for pairs in self.normalised:
            apart = pairs[root[pairs[:, 0]] != root[pairs[:, 1]]]
            guarded[root[apart.ravel()]] = True
        return root, guarded


def within(labels: np.ndarray, ranges: list[tuple[int, int]]) -> np.ndarray:
    """Which labels lie in some of these ranges."""
    found = np.zeros(labels.shape, bool)
    for start, end in ranges:
        found |= (labels >= start) & (labels < end)
    return found


def distinct_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The distinct pairs of two different labels."""
    first, second = np.broadcast_arrays(first, second)
    mask = (first != second) & (first >= 0) & (second >= 0)
    if not mask.any():
        return np.zeros((0, 2), np.int32)
    codes = first[mask].astype(np.int64) << 32 | second[mask].astype(np.int64)
    codes = np.unique(codes)
    return np.stack([codes >> 32, codes & 0xFFFFFFFF], 1).astype(np.int32)
