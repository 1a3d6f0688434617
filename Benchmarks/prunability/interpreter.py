"""Runs an ONNX graph on labels instead of numbers.

onnxruntime runs the network once and tells every shape and every integer; the rules then say, node
by node, what becomes of labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime as ort
from labels import FREE, ZERO, Labels, Ledger, Stored
from onnx import helper, numpy_helper

Value = Labels | Stored
Rule = Callable[["Interpreter", onnx.NodeProto], list[Value]]
RULES: dict[str, Rule] = {}


class Unmodelled(Exception):
    """No rule states what a node does to slots."""


def rule(*operators: str) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of some operators."""
    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(operators, function))
        return function
    return register


def attributes(node: onnx.NodeProto) -> dict:
    """A node's attributes as Python values."""
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def session(model: onnx.ModelProto | str) -> ort.InferenceSession:
    """Opens a model with every optimisation switched off, on one thread."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = model if isinstance(model, str) else model.SerializeToString()
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run_everything(model: onnx.ModelProto,
                   *feeds: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Every value of the graph by its name, for each picture."""
    everything = onnx.ModelProto()
    everything.CopyFrom(model)
    del everything.graph.output[:]
    names = [name for node in model.graph.node for name in node.output if name]
    everything.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    runtime = session(everything)
    return [dict(zip(names, runtime.run(names, each), strict=True)) for each in feeds]


def dependent(graph: onnx.GraphProto) -> set[str]:
    """Values that depend on what is in the inputs, rather than on weights and shapes alone."""
    stored = {each.name for each in graph.initializer}
    found = {each.name for each in graph.input if each.name not in stored}
    bodies = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
    for node in graph.node:
        if node.op_type in ("Shape", "Size"):
            continue
        if any(name in found for name in node.input) or any(
                attribute.type in bodies for attribute in node.attribute):
            found.update(name for name in node.output if name)
    return found


@dataclass
class Interpreter:
    """The state of one interpretation, which the rules read and write."""

    values: dict[str, np.ndarray]
    varying: set[str]
    whole_heads: bool
    ledger: Ledger = field(default_factory=Ledger)
    environment: dict[str, Value] = field(default_factory=dict)

    def concrete(self, name: str) -> np.ndarray:
        """The numbers of a value."""
        return self.values[name]

    def constant(self, node: onnx.NodeProto, position: int) -> np.ndarray | None:
        """The numbers of an operand that depends on no picture."""
        if position >= len(node.input) or not node.input[position]:
            return None
        if node.input[position] in self.varying:
            raise Unmodelled
        return self.values[node.input[position]]

    def value(self, name: str) -> Value:
        """The labels of a value, or the initializer that it is."""
        if name in self.environment:
            return self.environment[name]
        numbers = self.concrete(name)
        zero = name not in self.varying and not numbers.any()
        return Labels.all(ZERO if zero else FREE, numbers.shape)

    def labels(self, name: str) -> Labels:
        """The labels of a value; stored elements get labels of their own."""
        value = self.value(name)
        return self.activate(value) if isinstance(value, Stored) else value

    def activate(self, stored: Stored) -> Labels:
        """Gives each element of an initializer the label it has wherever it is used."""
        elements = self.ledger.elements
        if stored.name not in elements:
            elements[stored.name] = self.ledger.fresh(self.concrete(stored.name).size)
        return Labels(elements[stored.name][stored.positions()], stored.shape)

    def shape(self, node: onnx.NodeProto, result: int = 0) -> tuple[int, ...]:
        """The shape of a result."""
        return self.values[node.output[result]].shape

    def run(self, model: onnx.ModelProto) -> Ledger:
        """Interprets the graph."""
        for each in model.graph.initializer:
            numbers = self.values[each.name]
            if numbers.dtype.kind == "f":
                self.environment[each.name] = Stored(each.name, numbers.shape)
        for node in model.graph.node:
            self.step(node)
        for each in model.graph.output:
            self.guard(each.name)
        return self.ledger

    def step(self, node: onnx.NodeProto) -> None:
        """Applies the rule of one node."""
        touched = [name for name in node.input if name and name in self.environment]
        try:
            if node.op_type not in RULES:
                raise Unmodelled
            results = RULES[node.op_type](self, node)
        except Unmodelled:
            for name in touched:
                self.guard(name)
            values = [self.environment[name] for name in touched]
            if any(isinstance(each, Labels) and each.labelled for each in values):
                counts = self.ledger.unmodelled
                counts[node.op_type] = counts.get(node.op_type, 0) + 1
            return
        for name, result in zip(node.output, results, strict=False):
            if name and self.values[name].dtype.kind == "f":
                if tuple(result.shape) != self.values[name].shape:
                    raise AssertionError(
                        f"{node.op_type} {node.name}: {result.shape} {self.values[name].shape}")
                self.environment[name] = result

    def guard(self, name: str) -> None:
        """Something looks at a value in a way no rule states."""
        value = self.environment.get(name)
        if isinstance(value, Labels):
            self.ledger.guard(value.core)


def interpret(model: onnx.ModelProto, feeds: dict[str, np.ndarray],
              whole_heads: bool) -> Interpreter:
    """Runs the network once on numbers and once on labels."""
    import rules_elementwise  # noqa: F401  registers its rules
    import rules_layout  # noqa: F401
    import rules_linear  # noqa: F401
    import rules_reduce  # noqa: F401
    values, = run_everything(model, feeds)
    for each in model.graph.initializer:
        values[each.name] = numpy_helper.to_array(each)
    values.update(feeds)
    interpreter = Interpreter(values, dependent(model.graph), whole_heads)
    interpreter.run(model)
    return interpreter
