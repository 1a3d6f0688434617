"""Chooses slots, sets them to zero in the weights, and counts what an ideal tool would keep."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import onnx
from interpreter import Interpreter, interpret, run_everything, session
from labels import Labels, Linear
from onnx import numpy_helper


@dataclass
class Plan:
    """Which labels are dead, and what that leaves of each weight."""

    dead: np.ndarray
    slots: int = 0
    zeroed: int = 0
    groups: int = 0
    closed_groups: int = 0
    axes: list[dict] = field(default_factory=list)


def signatures(run: Interpreter, root: np.ndarray) -> dict[int, frozenset[str]]:
    """Which sides of which weights each slot indexes; only slots that some weight makes."""
    found: dict[int, set[str]] = defaultdict(set)
    makers: set[int] = set()
    for linear in run.ledger.linears:
        for side, labels in (("made", linear.made), ("read", linear.read)):
            present = np.unique(labels)
            slots = np.unique(root[present[present >= 0]]).tolist()
            for slot in slots:
                found[slot].add(f"{linear.weight.name}/{side}")
            if side == "made":
                makers.update(slots)
    for name, labels in run.ledger.elements.items():
        for slot in np.unique(root[labels]).tolist():
            if slot in makers:
                found[slot].add(name)
    return {slot: frozenset(found[slot]) for slot in sorted(makers)}


def choose(run: Interpreter, seed: int) -> Plan:
    """Every other slot of each group, at random places."""
    root, guarded = run.ledger.solve()
    groups: dict[frozenset[str], list[int]] = defaultdict(list)
    signature = signatures(run, root)
    for slot, sides in signature.items():
        groups[sides].append(slot)
    rng = np.random.default_rng(seed)
    dead = np.zeros(len(guarded), bool)
    closed = 0
    for slots in groups.values():
        if any(guarded[slot] for slot in slots):
            closed += 1
            continue
        dead[rng.choice(slots, len(slots) // 2, replace=False)] = True
    # ZERO and FREE, as indices, name the last two places.
    labels = np.append(dead[root], [False, False])
    return Plan(labels, len(signature), int(dead.sum()), len(groups), closed)


def zeroed(model: onnx.ModelProto, run: Interpreter, plan: Plan,
           loudness: float) -> onnx.ModelProto:
    """The network with everything that makes a dead slot set to zero.

    `loudness` says how far the other weights make up for what a deep network loses in range.
    """
    weights = {each.name: np.array(run.values[each.name]) for each in model.graph.initializer}
    scales: dict[str, list[float]] = defaultdict(list)
    touched = set()
    for linear in run.ledger.linears:
        array = weights[linear.weight.name]
        mask = np.broadcast_to(plan.dead[linear.made], linear.weight.shape)
        scales[linear.weight.name].append(float(np.mean(plan.dead[linear.read])))
        if mask.any():
            array.reshape(-1)[places(linear, mask)] = 0
            touched.add(linear.weight.name)
    for name, labels in run.ledger.elements.items():
        mask = plan.dead[labels]
        if mask.any() and name not in run.ledger.spared:
            weights[name].reshape(-1)[mask] = 0
            touched.add(name)
    for name, shares in scales.items():
        if loudness and max(shares) > 0:
            weights[name] *= np.float32((1 - min(0.9, max(shares))) ** (-0.5 * loudness))
            touched.add(name)
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for each in result.graph.initializer:
        if each.name in touched:
            each.CopyFrom(numpy_helper.from_array(weights[each.name], each.name))
    return result


def places(linear: Linear, mask: np.ndarray) -> np.ndarray:
    """Flat positions in the initializer of chosen weights."""
    if linear.weight.index is None:
        return mask.reshape(-1)
    return linear.weight.index[mask]


def ideal(run: Interpreter, plan: Plan) -> tuple[int, int, list[dict]]:
    """Elements of linear weights before, after ideal pruning, and both for each weight."""
    alive: dict[str, np.ndarray] = {}
    used: dict[str, np.ndarray] = {}
    operators: dict[str, Linear] = {}
    for linear in run.ledger.linears:
        name, size = linear.weight.name, run.values[linear.weight.name].size
        kept = np.broadcast_to(
            ~(plan.dead[linear.made] | plan.dead[linear.read]), linear.weight.shape)
        alive.setdefault(name, np.zeros(size, bool))[places(linear, kept)] = True
        used.setdefault(name, np.zeros(size, bool))[
            places(linear, np.ones(kept.shape, bool))] = True
        operators.setdefault(name, linear)
    rows = [{
        "weight": name, "node": operators[name].node, "operator": operators[name].operator,
        "shape": list(run.values[name].shape), "elements": len(array),
        "ideal": int((array | ~used[name]).sum())} for name, array in alive.items()]
    return sum(row["elements"] for row in rows), sum(row["ideal"] for row in rows), rows


def check(model: onnx.ModelProto, run: Interpreter, plan: Plan,
          feeds: dict[str, np.ndarray]) -> dict:
    """Whether dead slots are dead, by numbers alone.

    Dead slots of values must not change with the picture. Where noise in weights that read them changes
    the result, some are constants other than zero, which a tool has to account for.
    """
    rng = np.random.default_rng(7)
    other = {name: rng.standard_normal(each.shape).astype(each.dtype)
             for name, each in feeds.items()}
    first, second = run_everything(model, feeds, other)
    changing = []
    for node in model.graph.node:
        for name in node.output:
            value = run.environment.get(name)
            if not isinstance(value, Labels) or name not in first:
                continue
            scores = run.ledger.are_scores(value.core)
            mask = np.broadcast_to(plan.dead[value.core] & ~scores, value.shape)
            if mask.any() and not np.array_equal(first[name][mask], second[name][mask]):
                changing.append(f"{node.op_type} {name}")
    outputs = [each.name for each in model.graph.output]
    noisy = dict(zip(outputs, session(with_noise(model, run, plan)).run(outputs, feeds), strict=True))
    differs = max(float(np.abs(noisy[name] - first[name]).max()) / float(
        np.abs(first[name]).max()) for name in outputs)
    return {"changing": changing[:5], "noise": differs}


def with_noise(model: onnx.ModelProto, run: Interpreter, plan: Plan) -> onnx.ModelProto:
    """The network with other numbers where nothing but dead slots is read."""
    rng = np.random.default_rng(11)
    weights = {each.name: numpy_helper.to_array(each).copy() for each in model.graph.initializer}
    for linear in run.ledger.linears:
        mask = np.broadcast_to(
            plan.dead[linear.read] & ~plan.dead[linear.made], linear.weight.shape)
        if mask.any():
            flat = weights[linear.weight.name].reshape(-1)
            chosen = places(linear, mask)
            count = int(mask.sum())
            flat[chosen] = rng.standard_normal(count).astype(flat.dtype) * 0.1
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for each in result.graph.initializer:
        each.CopyFrom(numpy_helper.from_array(weights[each.name], each.name))
    return result


def analyse(model: onnx.ModelProto, feeds: dict[str, np.ndarray], whole_heads: bool,
            seed: int) -> tuple[Interpreter, Plan]:
    """Labels a network and chooses slots."""
    run = interpret(model, feeds, whole_heads)
    return run, choose(run, seed)
