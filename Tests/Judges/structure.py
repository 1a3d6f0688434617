"""Says how a model is built, or checks that it is built as expected.

    python structure.py slim.onnx
    python structure.py slim.safetensors --expect expected.json

Without expectations, prints operators, nodes and weights as JSON. Expectations are a JSON object
with any of these members; each that is not met is printed, and the exit status is 1:

    {"operators": {"BatchNormalization": 0, "Gather": 1},
     "weights": {"layer4.2.conv3.weight": [1230, 512, 1, 1]},
     "operands": {"/layer4/layer4.2/Add": ["Conv", "Gather"]},
     "inputs": ["input"], "outputs": ["/fc/Gemm_output_0"],
     "parameters_below": 23000000}

`operators` counts nodes by type, `weights` gives shapes, and `operands` names the type of node
that computes each operand of a node, null for graph inputs and weights.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import runtime


class Structure:
    """Questions about the graph of a model."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.nodes = list(graph.node)
        self.operators = collections.Counter(node.op_type for node in self.nodes)
        self.weights = {each.name: list(each.dims) for each in graph.initializer}
        self.inputs = [each.name for each in graph.input if each.name not in self.weights]
        self.outputs = [each.name for each in graph.output]
        self.producers = {name: node for node in self.nodes for name in node.output}

    @classmethod
    def load(cls, path: Path) -> Structure:
        """Reads a model file, after ONNX's checker has accepted it."""
        with runtime.as_onnx_file(path) as file:
            onnx.checker.check_model(str(file))
            return cls(onnx.load(str(file), load_external_data=False))

    @property
    def parameters(self) -> int:
        """How many numbers the weights hold."""
        return sum(int(np.prod(shape)) for shape in self.weights.values())

    def operands(self, node: str) -> list[str | None] | None:
        """The types of the nodes that compute what `node` reads; None if there is no such node."""
        found = next((each for each in self.nodes if each.name == node), None)
        if found is None:
            return None
        producers = [self.producers.get(value) for value in found.input]
        return [each.op_type if each else None for each in producers]

    def summary(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "operators": dict(sorted(self.operators.items())),
            "nodes": [
                {"name": node.name, "operator": node.op_type, "inputs": list(node.input),
                 "outputs": list(node.output)}
                for node in self.nodes
            ],
            "weights": self.weights,
            "parameters": self.parameters,
            "inputs": self.inputs,
            "outputs": self.outputs,
        }

    def unmet(self, expected: dict[str, Any]) -> list[str]:
        """Says which expectations are not met, and what is there instead."""
        lookups: dict[str, Callable[[str], Any]] = {
            "operators": lambda name: self.operators[name],
            "weights": self.weights.get,
            "operands": self.operands,
        }
        problems = []
        for member, wanted in expected.items():
            if member in lookups:
                found = {name: lookups[member](name) for name in wanted}
                problems += [
                    f"{member} of {name}: expected {wanted[name]}, found {found[name]}"
                    for name in wanted if found[name] != wanted[name]]
            elif member in ("inputs", "outputs"):
                found = getattr(self, member)
                problems += [f"{member}: expected {wanted}, found {found}"] * (found != wanted)
            elif member == "parameters_below":
                problems += [f"{self.parameters} parameters, expected fewer than {wanted}"] * (
                    self.parameters >= wanted)
            else:
                problems.append(f"unknown expectation: {member}")
        return problems


def main() -> int:
    """Prints or checks the structure of the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--expect", type=Path, help="JSON file of expectations")
    arguments = parser.parse_args()
    structure = Structure.load(arguments.model)
    if arguments.expect is None:
        print(json.dumps(structure.summary(), indent=1))
        return 0
    problems = structure.unmet(json.loads(arguments.expect.read_text()))
    for problem in problems:
        print(f"{arguments.model}: {problem}", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
