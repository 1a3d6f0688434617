"""Builds ONNX graphs node by node, in the form that each operator-set version asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str | None]


@dataclass
class GraphBuilder:
    """A graph under construction.

    The methods return names of values. Those with an operator's name in snake case hide what
    changed between operator-set versions: axes that moved from attributes to inputs and so on.
    """

    opset: int
    seed: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._taken: set[str] = set()

    # Names, inputs, outputs, constants

    def fresh(self, hint: str) -> str:
        """Returns `hint`, or the first of hint_1, hint_2, … that no value or node has."""
        name, count = hint, 0
        while name in self._taken:
            count += 1
            name = f"{hint}_{count}"
        self._taken.add(name)
        return name

    def input(self, name: str, shape: Shape, element_type: int = TensorProto.FLOAT) -> str:
        """Declares a graph input."""
        name = self.fresh(name)
        self.inputs.append(helper.make_tensor_value_info(name, element_type, shape))
        return name

    def output(
        self, value: str, shape: Shape | None = None, element_type: int = TensorProto.FLOAT
    ) -> None:
        """Makes `value` a graph output."""
        self.outputs.append(helper.make_tensor_value_info(value, element_type, shape))

    def initializer(self, array: np.ndarray, name: str = "weight") -> str:
        """Stores `array` as an initializer."""
        name = self.fresh(name)
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def constant_node(self, array: np.ndarray, name: str = "constant") -> str:
        """Stores `array` in a Constant node."""
        tensor = numpy_helper.from_array(np.asarray(array, order="C"))
        return self.op("Constant", [], name=name, value=tensor)

    def integers(self, values: Sequence[int] | int, name: str = "shape") -> str:
        """Stores 64-bit integers as an initializer."""
        return self.initializer(np.array(values, np.int64), name)

    # Nodes

    def op(
        self, op_type: str, inputs: Sequence[str], *, name: str | None = None, **attributes: Any
    ) -> str:
        """Adds a node with one output, called after `name`."""
        return self.multi_op(op_type, inputs, [name or op_type.lower()], **attributes)[0]

    def multi_op(
        self, op_type: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any
    ) -> list[str]:
        """Adds a node with several outputs."""
        results = [self.fresh(name) for name in names]
        stem = results[0].removesuffix("_output_0")
        node_name = self.fresh(stem if stem != results[0] else f"{stem}_node")
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(op_type, list(inputs), results, node_name, **given))
        return results

    def _with_integers(
        self, op_type: str, inputs: Sequence[str], values: dict[str, Sequence[int]],
        as_inputs_since: int, **attributes: Any,
    ) -> str:
        """Passes `values` as attributes before a version, as inputs from then on."""
        if self.opset < as_inputs_since:
            lists = {key: list(value) for key, value in values.items()}
            return self.op(op_type, inputs, **lists, **attributes)
        extra = [self.integers(list(value), key) for key, value in values.items()]
        return self.op(op_type, [*inputs, *extra], **attributes)

    def unsqueeze(self, value: str, axes: Sequence[int]) -> str:
        """Adds axes of extent 1."""
        return self._with_integers("Unsqueeze", [value], {"axes": axes}, 13)

    def squeeze(self, value: str, axes: Sequence[int]) -> str:
        """Drops axes of extent 1."""
        return self._with_integers("Squeeze", [value], {"axes": axes}, 13)

    def reduce(self, op_type: str, value: str, axes: Sequence[int], keepdims: bool) -> str:
        """Reduces over `axes`."""
        since = 13 if op_type == "ReduceSum" else 18
        return self._with_integers(op_type, [value], {"axes": axes}, since, keepdims=int(keepdims))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Gives `value` another shape, with ONNX's meaning of 0 and -1."""
        return self.op("Reshape", [value, self.integers(shape)])

    def split(self, value: str, sizes: Sequence[int], axis: int, even: bool = False) -> list[str]:
        """Cuts `value` along `axis`; `even` leaves the sizes to the operator."""
        names = ["split"] * len(sizes)
        if even:
            parts = len(sizes) if self.opset >= 18 else None
            return self.multi_op("Split", [value], names, axis=axis, num_outputs=parts)
        if self.opset < 13:
            return self.multi_op("Split", [value], names, axis=axis, split=list(sizes))
        return self.multi_op("Split", [value, self.integers(sizes)], names, axis=axis)

    def slice(
        self, value: str, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int],
        steps: Sequence[int] | None = None,
    ) -> str:
        """Takes a range along each of `axes`; steps other than 1 need operator set 10."""
        if self.opset < 10:
            return self.op(
                "Slice", [value], starts=list(starts), ends=list(ends), axes=list(axes))
        bounds = [self.integers(list(each)) for each in (starts, ends, axes, steps) if each]
        return self.op("Slice", [value, *bounds])

    def clip(self, value: str, low: float | None, high: float | None) -> str:
        """Bounds the elements of `value`."""
        if self.opset < 11:
            return self.op("Clip", [value], min=low, max=high)
        bounds = [
            "" if bound is None else self.initializer(np.array(bound, np.float32), "bound")
            for bound in (low, high)
        ]
        while bounds and not bounds[-1]:
            bounds.pop()
        return self.op("Clip", [value, *bounds])

    def pad(self, value: str, pads: Sequence[int], fill: float) -> str:
        """Adds a border of `fill`."""
        if self.opset < 11:
            return self.op("Pad", [value], mode="constant", pads=list(pads), value=fill)
        constant = self.initializer(np.array(fill, np.float32), "fill")
        return self.op("Pad", [value, self.integers(list(pads), "pads"), constant])

    # Patterns

    def flatten_by_shape(self, value: str) -> str:
        """Writes flatten(1) as torch's exporter does without folding constants."""
        shape = self.op("Shape", [value])
        batch = self.op("Gather", [shape, self.constant_node(np.array(0, np.int64))], axis=0)
        rest = self.constant_node(np.array([-1], np.int64))
        target = self.op("Concat", [self.unsqueeze(batch, [0]), rest], axis=0)
        return self.op("Reshape", [value, target])

    # The model

    def model(self, name: str, doc: str = "") -> onnx.ModelProto:
        """Finishes the graph and checks it with ONNX's own checker."""
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, self.initializers, doc_string=doc or None)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(
            graph, opset_imports=opsets, producer_name="dearc-tests",
            ir_version=helper.find_min_ir_version_for(opsets))
        onnx.checker.check_model(model, full_check=True)
        return model
