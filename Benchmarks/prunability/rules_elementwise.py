"""Rules of operators that work element by element."""

from __future__ import annotations

import numpy as np
import onnx
from interpreter import Interpreter, Value, rule
from labels import FREE, ZERO, Labels, Stored

UNARY = (
    "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "HardSigmoid", "HardSwish", "Sigmoid",
    "Tanh", "Softplus", "Softsign", "Mish", "Swish", "ThresholdedRelu", "Erf", "Exp", "Log", "Sqrt",
    "Abs", "Neg", "Reciprocal", "Sin", "Cos", "Floor", "Ceil", "Round", "Sign", "Clip", "Not", "IsNaN",
    "Pow", "PRelu")
ADDITIVE = ("Add", "Sub", "Sum", "Max", "Min", "Mean", "Where")
COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Mod")


@rule(*UNARY)
def unary(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A slot stays what it is; further operands are parameters."""
    value = run.value(node.input[0])
    if isinstance(value, Stored):
        return [Labels.all(FREE, run.shape(node))]
    if value.shape != run.shape(node):
        return combine(run, [value], run.shape(node), additive=False)
    return [value]


@rule(*COMPARISONS)
def comparison(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A decision element by element; nobody owns it."""
    return [Labels.all(FREE, run.shape(node))]


@rule("Mul", "Div")
def multiplicative(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A product vanishes with any factor."""
    values = [run.value(name) for name in node.input]
    if node.op_type == "Div":
        if isinstance(values[1], Stored):
            values = values[:1]
        elif not (isinstance(values[0], Labels) and values[0].labelled):
            run.ledger.guard(values[1].core)
    return combine(run, values, run.shape(node), additive=False)


@rule(*ADDITIVE)
def additive(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """A sum vanishes only with all its terms."""
    names = node.input[1:] if node.op_type == "Where" else node.input
    # One number for all slots, as in x + 3, makes constants of them and tells no pixels apart.
    values = [run.value(name) for name in names
              if name in run.varying or run.concrete(name).size > 1]
    return combine(run, values, run.shape(node), additive=True)


def lifted(labels: Labels, shape: tuple[int, ...]) -> np.ndarray:
    """The core with as many axes as the result."""
    return labels.core.reshape((1,) * (len(shape) - labels.core.ndim) + labels.core.shape)


def stretched(operand: tuple[int, ...], shape: tuple[int, ...]) -> list[int]:
    """Axes of the result along which an operand is repeated."""
    operand = (1,) * (len(shape) - len(operand)) + operand
    return [axis for axis, (own, whole) in enumerate(zip(operand, shape, strict=True))
            if own == 1 and whole > 1]


def combine(run: Interpreter, values: list[Value], shape: tuple[int, ...],
            additive: bool) -> list[Value]:
    """Joins the labels that meet in one element of the result."""
    labelled = [each for each in values if isinstance(each, Labels)]
    owners = [each for each in labelled if each.labelled]
    if not owners:
        zero = [isinstance(each, Labels) and (each.core == ZERO).all() for each in values]
        vanishes = all(zero) if additive else any(zero)
        return [Labels.all(ZERO if vanishes else FREE, shape)]
    varied = {axis for each in owners for axis in range(len(shape))
              if lifted(each, shape).shape[axis] > 1}
    cores, disturbed = [], []
    for each in values:
        repeated = varied.intersection(stretched(each.shape, shape))
        if isinstance(each, Stored):
            if repeated:
                disturbed.append(True)
                continue
            cores.append(lifted(run.activate(each), shape))
            if not additive and any(run.ledger.are_scores(own.core).any() for own in owners):
                # Shares of heads need not vanish with a head, and may be divided by their sum.
                run.ledger.spared.add(each.name)
        elif repeated and each.labelled:
            run.ledger.guard(each.core)
            disturbed.append(True)
        else:
            cores.append(lifted(each, shape))
    return [join_cores(run, cores, shape, additive, any(disturbed))]


def join_cores(run: Interpreter, cores: list[np.ndarray], shape: tuple[int, ...],
               additive: bool, disturbed: bool) -> Labels:
    """The labels of a result that is made from several, element by element."""
    ledger = run.ledger
    if not cores:
        return Labels.all(FREE, shape)
    # A sum with scores is scores: their labels lead.
    cores.sort(key=lambda core: not ledger.are_scores(core).any())
    cores = list(np.broadcast_arrays(*cores))
    result = cores[0]
    for core in cores[1:]:
        result = np.where(result >= 0, result, np.maximum(result, core))
    for core in cores:
        ledger.join(result, core)
    free = np.any([core == FREE for core in cores], 0) | disturbed
    if additive:
        met = np.unique(result[free])
        ledger.guard(met[~ledger.are_scores(met)])
        result = np.where((result == ZERO) & free, FREE, result)
    return Labels(result, shape)


@rule("BatchNormalization")
def batch_normalization(run: Interpreter, node: onnx.NodeProto) -> list[Value]:
    """Scale and shift belong to the channel; mean and variance do not make it."""
    value = run.labels(node.input[0])
    if value.labelled:
        bind_channels(run, value, node.input[1:3])
    return [value]


def bind_channels(run: Interpreter, value: Labels, names: list[str], axis: int = 1) -> None:
    """Joins stored vectors with the channels that they scale and shift."""
    for name in names:
        if isinstance(run.value(name), Stored):
            vector = run.labels(name).full.ravel()
            run.ledger.join(Labels.along(vector, axis, value.shape).core, value.core)
