"""Rules of linear operators: they end slots and begin others."""

from __future__ import annotations

import numpy as np
import onnx
from interpreter import Interpreter, Unmodelled, Value, attributes, rule
from labels import FREE, Labels, Linear, Stored
from rules_attention import computed_product


def made_labels(run: Interpreter, weight: Stored, count: int) -> np.ndarray:
    """The labels of what a weight makes; the same for all its uses."""
    made = run.ledger.made
    if weight.name in made and len(made[weight.name]) == count:
        return made[weight.name]
    labels = run.ledger.fresh(count)
    if weight.name in made:
        run.ledger.guard(labels)
        run.ledger.guard(made[weight.name])
    made[weight.name] = labels
    return labels


def read_vector(run: Interpreter, value: Value, axis: int) -> np.ndarray:
    """The labels of what a linear operator reads along one axis."""
    extent = value.shape[axis]
    if isinstance(value, Stored):
        return np.full(extent, FREE, np.int32)
    run.ledger.guard_softmaxed(value.core)
    if not value.varies(axis) and extent > 1:
        run.ledger.guard(value.core)
        return np.full(extent, FREE, np.int32)
    others = [each for each in range(len(value.shape)) if each != axis % len(value.shape)]
    core = run.ledger.merge(value, others).core
    return np.broadcast_to(core.ravel(), extent)


def across_groups(run: Interpreter, labels: np.ndarray, groups: int) -> None:
    """Joins what has the same place in each group, so that groups stay of one size."""
    rows = labels.reshape(groups, -1)
    run.ledger.join(np.broadcast_to(rows[:1], rows.shape), rows)
    run.ledger.guard(rows.max(0)[(rows == FREE).any(0)])


@rule("Conv", "ConvTranspose")
def convolution(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Filters make channels; a depthwise filter belongs to the channel it reads."""
    weight, value = run.value(node.input[1]), run.value(node.input[0])
    if not isinstance(weight, Stored):
        raise Unmodelled
    groups = attributes(node).get("group", 1)
    channels, shape = value.shape[1], run.shape(node)
    read = read_vector(run, value, 1)
    if groups > 1 and groups == channels:
        made = depthwise(run, weight, read, shape[1] // channels)
        inputs = np.repeat(read, shape[1] // channels)[:, None]
    else:
        made = made_labels(run, weight, shape[1])
        if groups > 1:
            across_groups(run, made, groups)
            across_groups(run, read, groups)
        inputs = np.repeat(read.reshape(groups, -1), shape[1] // groups, 0)
    run.ledger.linears.append(arranged(node, weight, made, inputs, groups))
    add_bias(run, node, 2, made)
    return [Labels.along(made, 1, shape)]


def depthwise(run: Interpreter, weight: Stored, read: np.ndarray, multiplier: int) -> np.ndarray:
    """The labels of a depthwise convolution's result: those it reads, where it reads any."""
    inherited = np.repeat(read, multiplier)
    if (inherited >= 0).all():
        return inherited
    fresh = made_labels(run, weight, len(inherited))
    run.ledger.guard(inherited[np.isin(inherited, FREE, invert=True)])
    return fresh


def arranged(node: onnx.NodeProto, weight: Stored, made: np.ndarray, inputs: np.ndarray,
             groups: int) -> Linear:
    """Labels in the order of a convolution's weight, which is [M, C/g, …] or [C, M/g, …]."""
    kernel = (1,) * (len(weight.shape) - 2)
    if node.op_type == "Conv":
        return Linear(node.name, node.op_type, weight, made.reshape(-1, 1, *kernel),
                      inputs.reshape(*inputs.shape, *kernel))
    per_group = made.reshape(groups, -1)
    read = inputs[:: per_group.shape[1]].reshape(-1)
    rows = np.repeat(per_group, len(read) // groups, 0)
    return Linear(node.name, node.op_type, weight, rows.reshape(*rows.shape, *kernel),
                  read.reshape(-1, 1, *kernel))


def add_bias(run: Interpreter, node: onnx.NodeProto, place: int, made: np.ndarray) -> None:
    """A bias belongs to what it is added to."""
    if len(node.input) > place and node.input[place]:
        bias = run.value(node.input[place])
        if isinstance(bias, Stored) and len(bias.positions().ravel()) == len(made):
            run.ledger.join(run.activate(bias).full.ravel(), made)
        else:
            run.ledger.guard(made)


@rule("MatMul")
def matmul(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A matrix product, as a contraction."""
    first, second = (run.value(name) for name in node.input[:2])
    if min(len(first.shape), len(second.shape)) < 2:
        raise Unmodelled
    batch = "abcdefgh"[: max(len(first.shape), len(second.shape)) - 2]
    left = batch[len(batch) - len(first.shape) + 2:] + "mk"
    right = batch[len(batch) - len(second.shape) + 2:] + "kn"
    return [contraction(run, node, (first, left), (second, right), batch + "mn")]


@rule("Gemm")
def gemm(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A matrix product with a bias."""
    given = attributes(node)
    left = "km" if given.get("transA") else "mk"
    right = "nk" if given.get("transB") else "kn"
    first, second = (run.value(name) for name in node.input[:2])
    result = contraction(run, node, (first, left), (second, right), "mn")
    if isinstance(second, Stored):
        add_bias(run, node, 2, np.broadcast_to(result.core, (1, result.shape[1])).ravel())
    elif len(node.input) > 2 and node.input[2]:
        run.ledger.guard(result.core)
    return [result]


@rule("Einsum")
def einsum(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Any contraction of two operands."""
    equation = attributes(node)["equation"].decode().replace(" ", "")
    if "..." in equation or "->" not in equation or len(node.input) != 2:
        raise Unmodelled
    sources, result = equation.split("->")
    first, second = sources.split(",")
    return [contraction(run, node, (run.value(node.input[0]), first),
                        (run.value(node.input[1]), second), result)]


Operand = tuple[Value, str]


def contraction(run: Interpreter, node: onnx.NodeProto, first: Operand, second: Operand,
                letters: str) -> Labels:
    """A product summed over the letters that the result lacks."""
    if isinstance(second[0], Stored):
        return stored_product(run, node, second, first, letters)
    if isinstance(first[0], Stored):
        return stored_product(run, node, first, second, letters)
    return computed_product(run, node, first, second, letters)


def stored_product(run: Interpreter, node: onnx.NodeProto, weight: Operand, operand: Operand,
                   letters: str) -> Labels:
    """A product with a stored weight: it begins slots along the letters that only it has."""
    (stored, own), (value, seen) = weight, operand
    shape = run.shape(node)
    summed = [each for each in own if each in seen and each not in letters]
    begun = [each for each in own if each in letters and (
        each not in seen or stored.shape[own.index(each)] > 1)]
    if len(summed) != 1 or not begun:
        raise Unmodelled
    read = read_core(run, value, seen, own, stored, summed[0])
    extents = [stored.shape[own.index(each)] for each in begun]
    made = made_labels(run, stored, int(np.prod(extents))).reshape(extents)
    run.ledger.linears.append(Linear(
        node.name, node.op_type, stored, spread(made, begun, own), read))
    return Labels(spread(made, begun, letters), shape)


def read_core(run: Interpreter, value: Value, seen: str, own: str, stored: Stored,
              summed: str) -> np.ndarray:
    """The labels that a stored weight reads, in the order of its axes."""
    shared = [each for each in own if each in seen and (
        each == summed or stored.shape[own.index(each)] > 1)]
    if len(shared) == 1:
        return spread(read_vector(run, value, seen.index(summed)), [summed], own)
    if isinstance(value, Stored) or not value.varies(seen.index(summed)):
        if isinstance(value, Labels):
            run.ledger.guard(value.core)
        return np.full((1,) * len(own), FREE, np.int32)
    others = [axis for axis, each in enumerate(seen) if each not in shared]
    core = run.ledger.merge(value, others).core
    order = [seen.index(each) for each in shared]
    core = core.transpose(order + others).reshape([core.shape[axis] for axis in order])
    return spread(core, shared, own)


def spread(array: np.ndarray, letters: list[str], target: str) -> np.ndarray:
    """Puts axes where another order of letters has them, of extent 1 elsewhere."""
    order = sorted(range(len(letters)), key=lambda place: target.index(letters[place]))
    array = array.transpose(order)
    extents = iter(array.shape)
    return array.reshape([next(extents) if each in letters else 1 for each in target])
