"""Rules of products of two computed values, as attention makes them."""

from __future__ import annotations

import numpy as np
import onnx
from interpreter import Interpreter, Value
from labels import FREE, Labels, Stored

Operand = tuple[Value, str]


def computed_product(run: Interpreter, node: onnx.NodeProto, first: Operand, second: Operand,
                     letters: str) -> Labels:
    """What remains of slots in a product of two computed values."""
    shape = run.shape(node)
    values = [each for each, _ in (first, second)]
    if any(isinstance(each, Stored) for each in values):
        return Labels.all(FREE, shape)
    heads = [each for each in letters if all(
        each in own and value.varies(own.index(each)) for value, own in (first, second))]
    if heads and run.whole_heads:
        return head_product(run, first, second, heads, letters, shape)
    summed = {each for each in first[1] + second[1] if each not in letters}
    reads = [any(value.varies(own.index(each)) for each in summed if each in own)
             for value, own in (first, second)]
    if all(reads):
        join_summed(run, first, second, summed)
        return Labels.all(FREE, shape)
    if any(reads):
        for value in values:
            run.ledger.guard(value.core)
        return Labels.all(FREE, shape)
    return outer_product(run, first, second, letters, shape)


def head_product(run: Interpreter, first: Operand, second: Operand, heads: list[str],
                 letters: str, shape: tuple[int, ...]) -> Labels:
    """All that one head reads and makes is one slot."""
    leaders = []
    for value, own in (first, second):
        others = [axis for axis, each in enumerate(own) if each not in heads]
        core = run.ledger.merge(value, others, poison=False).core
        order = [own.index(each) for each in letters if each in heads]
        core = core.transpose(order + others).reshape([core.shape[axis] for axis in order])
        leaders.append(core)
    run.ledger.join(*leaders)
    scores = [run.ledger.are_scores(each).any() for each in leaders]
    if any(scores):
        made = leaders[1] if scores[0] else leaders[0]
    else:
        made = run.ledger.fresh_scores(leaders[0].size).reshape(leaders[0].shape)
        run.ledger.join(made, leaders[0])
    extents = iter(made.shape)
    core = made.reshape([next(extents) if each in heads else 1 for each in letters])
    return Labels(core, shape)


def join_summed(run: Interpreter, first: Operand, second: Operand, summed: set[str]) -> None:
    """Features that are multiplied and summed away vanish together, in every head alike."""
    cores = []
    order = sorted(summed)
    for value, own in (first, second):
        others = [axis for axis, each in enumerate(own) if each not in summed]
        core = run.ledger.merge(value, others).core
        places = [own.index(each) for each in order]
        cores.append(core.transpose(places + others).reshape([core.shape[axis] for axis in places]))
    run.ledger.join(*cores)


def outer_product(run: Interpreter, first: Operand, second: Operand, letters: str,
                  shape: tuple[int, ...]) -> Labels:
    """Weights of a mean leave alone what they are applied to."""
    owned = [any(value.varies(axis) for axis, each in enumerate(own) if each in letters)
             for value, own in (first, second)]
    if all(owned):
        for value, _ in (first, second):
            run.ledger.guard(value.core)
        return Labels.all(FREE, shape)
    if not any(owned):
        labelled = [value for value, _ in (first, second) if value.labelled]
        for value in labelled:
            run.ledger.guard(value.core)
        return Labels.all(FREE, shape)
    value, own = first if owned[0] else second
    # A dense result has as many features in every head.
    proper = set(own) - set(second[1] if owned[0] else first[1])
    shared = [axis for axis, each in enumerate(own) if each not in proper]
    if any(value.varies(own.index(each)) for each in proper):
        value = run.ledger.merge(value, shared)
    order = [own.index(each) for each in letters if each in own]
    rest = [axis for axis in range(len(own)) if axis not in order]
    core = value.core.transpose(order + rest).reshape([value.core.shape[axis] for axis in order])
    extents = iter(core.shape)
    return Labels(np.reshape(core, [next(extents) if each in own else 1 for each in letters]),
                  shape)
