"""Judges kernels of `dearc run` with onnxruntime and numpy, on odd sizes and odd numbers.

usage: kernel_judge.py DEARC WORK CASE

CASE is one of the functions below that make a network: topk, reductions, arithmetic, joining, residual.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Network:
    """Nodes whose every result is an answer, and what they are given."""

    def __init__(self) -> None:
        self.nodes, self.tensors, self.inputs, self.outputs = [], [], {}, []
        self.expected: dict[str, np.ndarray] = {}

    def feed(self, name: str, array: np.ndarray) -> str:
        self.inputs[name] = array
        return name

    def store(self, array) -> str:
        name = f"stored{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op_type: str, inputs: list[str], count: int = 1, **attributes) -> list[str]:
        names = [f"{op_type}{len(self.nodes)}_{index}" for index in range(count)]
        self.nodes.append(helper.make_node(op_type, inputs, names, **attributes))
        return names

    def answer(self, name: str, expected: np.ndarray | None = None) -> None:
        """Makes a value an answer: as onnxruntime has it, unless it is said what to expect."""
        self.outputs.append(name)
        if expected is not None:
            self.expected[name] = expected

    def model(self) -> onnx.ModelProto:
        types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
        graph = helper.make_graph(
            self.nodes, "kernels",
            [helper.make_tensor_value_info(name, types[each.dtype], each.shape)
             for name, each in self.inputs.items()],
            [onnx.ValueInfoProto(name=name) for name in self.outputs], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def odd_numbers(rng: np.random.Generator, shape: list[int]) -> np.ndarray:
    """Numbers with many ties, both zeros, infinities and some that are no numbers."""
    array = rng.integers(-4, 5, shape).astype(np.float32)
    array[rng.random(shape) < 0.1] = -0.0
    for value, share in ((np.nan, 0.002), (np.inf, 0.01), (-np.inf, 0.01)):
        array[rng.random(shape) < share] = value
    return array


def places(array: np.ndarray, axis: int, largest: bool) -> np.ndarray:
    """The places in the operator's order: what is no number counts as the largest, and ties go by place."""
    strays = np.isnan(array)
    keys = np.where(strays, np.inf, array)
    return np.lexsort((~strays, -keys) if largest else (strays, keys), axis=axis)


def topk(rng: np.random.Generator) -> Network:
    """Few of few elements along every axis, values alone and with their places, also of joined planes."""
    network = Network()
    array = odd_numbers(rng, [3, 9, 5, 67])
    data = network.feed("x", array)
    for axis, largest, k in itertools.product(range(4), (0, 1), (1, 2, 3, 5, 9, 16)):
        if k > array.shape[axis]:
            continue
        count = network.store(np.array([k], np.int64))
        order = np.take(places(array, axis, bool(largest)), range(k), axis)
        for reads_places in (False, True):
            names = network.add("TopK", [data, count], 2, axis=axis, largest=largest)
            network.answer(names[0], np.take_along_axis(array, order, axis))
            if reads_places:
                network.answer(names[1], order)
    planes = [network.add("Unsqueeze", [network.feed(f"p{index}", odd_numbers(rng, [2, 3, 37, 41])),
                                        network.store(np.array([4], np.int64))])[0] for index in range(9)]
    joined = network.add("Concat", planes, axis=4)[0]
    chosen = network.add("TopK", [joined, network.store(np.array([5], np.int64))], 2, axis=4, largest=0)[0]
    stacked = np.stack([network.inputs[f"p{index}"] for index in range(9)], 4)
    stacked = np.take_along_axis(stacked, places(stacked, 4, False), 4)
    for start, stop in ((4, 5), (1, 4), (0, 5)):
        bounds = [network.store(np.array([each], np.int64)) for each in (start, stop, 4)]
        network.answer(network.add("Slice", [chosen, *bounds])[0], stacked[..., start:stop])
    return network


def reductions(rng: np.random.Generator) -> Network:
    """Every reduction over every set of axes, of what lies row by row and of channels last."""
    network = Network()
    array = rng.uniform(0.5, 1.5, [2, 5, 7, 67]).astype(np.float32)
    rows = network.feed("x", array)
    last = network.feed("y", np.ascontiguousarray(array.transpose(0, 2, 3, 1)))
    turned = network.add("Transpose", [last], perm=[0, 3, 1, 2])[0]
    strange = network.feed("z", odd_numbers(rng, [2, 5, 7, 67]))
    operators = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"]
    for axes in (each for size in range(1, 5) for each in itertools.combinations(range(4), size)):
        for operator, data, keep in itertools.product(operators, (rows, turned), (0, 1)):
            if operator == "Sum":
                name = network.add("ReduceSum", [data, network.store(np.array(axes, np.int64))], keepdims=keep)[0]
            else:
                name = network.add(f"Reduce{operator}", [data], axes=axes, keepdims=keep)[0]
            network.answer(name)
        for operator, judge in (("Max", np.max), ("Min", np.min)):
            name = network.add(f"Reduce{operator}", [strange], axes=axes, keepdims=0)[0]
            network.answer(name, judge(network.inputs["z"], axis=axes))
    many = network.feed("many", np.full([1, 3, 250, 200], 0.1, np.float32))
    for axes in ([2, 3], [1, 2, 3]):
        network.answer(
            network.add("ReduceMean", [many], axes=axes)[0],
            np.full([1, 3 if len(axes) == 2 else 1, 1, 1], 0.1, np.float32))
    return network


def arithmetic(rng: np.random.Generator) -> Network:
    """Pairs of tensors that broadcast along every set of axes."""
    network = Network()
    shape = [3, 5, 37, 67]
    whole = network.feed("x", rng.normal(0, 1, shape).astype(np.float32))
    for size in range(5):
        for axes in itertools.combinations(range(4), size):
            part = [1 if axis in axes else extent for axis, extent in enumerate(shape)]
            other = network.feed(f"y{len(network.inputs)}", rng.uniform(0.5, 1.5, part).astype(np.float32))
            for operator in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "PRelu"):
                network.answer(network.add(operator, [whole, other])[0])
                if operator != "PRelu":
                    network.answer(network.add(operator, [other, whole])[0])
            flags = network.add("Greater", [whole, other])[0]
            network.answer(network.add("Where", [flags, whole, other])[0])
            network.answer(network.add("Where", [flags, other, network.store(np.float32(7))])[0])
    return network


def joining(rng: np.random.Generator) -> Network:
    """Tensors joined and cut again, read before and after, twice, and as answers themselves."""
    network = Network()
    parts = []
    for index in range(4):
        data = network.feed(f"x{index}", rng.normal(0, 1, [1, 16, 8, 8]).astype(np.float32))
        weight = network.store(rng.normal(0, 0.1, [16, 16, 3, 3]).astype(np.float32))
        layer = network.add("Conv", [data, weight], pads=[1] * 4)[0]
        parts.append(network.add("Mul" if index % 2 else "Exp", [layer, layer][: 1 + index % 2])[0])
    odd = network.feed("odd", rng.normal(0, 1, [1, 3, 8, 8]).astype(np.float32))
    joined = network.add("Concat", [*parts, odd], axis=1)[0]
    again = network.add("Concat", [joined, parts[0], parts[0], network.feed("more", np.ones([1, 5, 8, 8], np.float32))],
                        axis=1)[0]
    for name in (joined, again, parts[1]):
        network.answer(name)
    weight = network.store(rng.normal(0, 0.1, [16, 67, 3, 3]).astype(np.float32))
    sum_ = network.add("Add", [network.add("Conv", [joined, weight], pads=[1] * 4)[0], parts[2]])[0]
    network.answer(network.add("Relu", [sum_])[0])
    network.answer(network.add("Tanh", [again])[0])
    for axis, extent in ((0, 1), (1, 67), (2, 8)):
        for start, stop, step in ((0, extent, 1), (0, 1, 1), (extent // 2, extent, 1), (0, extent, 2)):
            bounds = [network.store(np.array([each], np.int64)) for each in (start, stop, axis, step)]
            cut = network.add("Slice", [joined, *bounds])[0]
            network.answer(network.add("Sin", [cut])[0])
    sizes = network.store(np.array([16, 32, 16, 3], np.int64))
    for name in network.add("Split", [joined, sizes], 4, axis=1):
        network.answer(network.add("Neg", [name])[0])
    return network


def residual(rng: np.random.Generator) -> Network:
    """Sums that layers take in the memory of their other operand, which others still read."""
    network = Network()
    data = network.feed("x", rng.normal(0, 1, [1, 16, 13, 11]).astype(np.float32))

    def conv(value: str, outputs: int = 16, groups: int = 1) -> str:
        shape = [outputs, 16 // groups, 3, 3]
        weight = network.store(rng.normal(0, 0.2, shape).astype(np.float32))
        return network.add("Conv", [value, weight], pads=[1] * 4, group=groups)[0]

    shared = network.add("Relu", [conv(data)])[0]
    for groups in (1, 16):
        first = network.add("Add", [conv(shared, groups=groups), shared])[0]
        second = network.add("Add", [shared, conv(first, groups=groups)])[0]
        for name in (first, second):
            network.answer(network.add("Sigmoid", [name])[0])
        pooled = network.add("MaxPool", [shared], kernel_shape=[3, 3], pads=[1] * 4)[0]
        network.answer(network.add("Add", [conv(second), pooled])[0])
    network.answer(shared)
    for outputs in (32, 48):
        network.answer(network.add("Add", [conv(shared, outputs, 16), conv(data, outputs, 16)])[0])
    return network


CASES = {each.__name__: each for each in (topk, reductions, arithmetic, joining, residual)}


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """How far answers are apart, of the largest; infinitely if they are of other shapes."""
    if found.shape != wanted.shape:
        return np.inf
    same = (found == wanted) | np.isnan(found) & np.isnan(wanted)
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0, np.abs(found.astype(np.float64) - wanted))
    finite = np.abs(wanted[np.isfinite(wanted)])
    gap = np.where(np.isnan(gap), np.inf, gap)
    return float(gap.max(initial=0) / max(finite.max(initial=0), 1e-30))


def main(dearc: str, work: str, case: str) -> int:
    network = CASES[case](np.random.default_rng(3))
    folder, model = Path(work), network.model()
    onnx.save(model, folder / "model.onnx")
    options = []
    for name, array in network.inputs.items():
        np.save(folder / f"in.{name}.npy", array)
        options += ["--tensor", f"{name}={folder}/in.{name}.npy"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = dict(zip(network.outputs, session.run(network.outputs, network.inputs)))
    wanted.update(network.expected)
    wrong = 0
    for threads in ("1", "2", "3"):
        subprocess.run([dearc, "run", str(folder / "model.onnx"), *options, "--save-outputs", work, "--quiet",
                        "--threads", threads], check=True, stdout=subprocess.DEVNULL)
        for name, array in wanted.items():
            gap = difference(np.load(folder / f"{name}.npy"), array)
            if gap > 3e-6:
                print(f"{case}: {name} with {threads} threads is {gap:.1e} away", file=sys.stderr)
                wrong += 1
    print(f"{case}: {len(wanted)} answers")
    return 1 if wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
