"""Writes pairs of networks of which one was made from the other, and judges what is said of them.

usage: diff_judge.py write FOLDER COUNT
       diff_judge.py check FOLDER
       diff_judge.py train MODEL TRAINED


Every pair is built twice from the same weights: once whole, and once with a part of the channels, in which
normalisations may be folded, names be others, nodes stand in another order, and weights be stored in half
precision. So it is known of every layer which channels it keeps, and of every node which one it is. `check`
compares N.json, what `dearc diff N.a.onnx N.b.onnx --json` says, with that. `train` gives a model other weights
and leaves all else as it is.

"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Collects nodes; every group of channels keeps the same ones wherever it occurs."""

    def __init__(self, rng: np.random.Generator, kept: dict[str, list[int]], folds: bool, is_whole: bool):
        self.rng, self.kept, self.folds, self.is_whole = rng, kept, folds, is_whole
        self.nodes, self.tensors, self.layers = [], {}, {}

    def store(self, name: str, values: np.ndarray) -> str:
        self.tensors[name] = np.asarray(values)
        return name

    def add(self, op: str, inputs: list[str], name: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def conv(self, x: str, name: str, source: str, group: str, sizes: dict[str, int], size: int = 3,
             stride: int = 1, activation: str = "Relu", depthwise: bool = False) -> str:
        """A convolution, its normalisation and an activation."""
        outputs, inputs = sizes[group], 1 if depthwise else sizes[source]
        weight = self.rng.normal(0, 1 / np.sqrt(inputs * size * size), (outputs, inputs, size, size))
        scale, shift = self.rng.uniform(0.5, 1.5, outputs), self.rng.normal(0, 0.3, outputs)
        mean, variance = self.rng.normal(0, 0.3, outputs), self.rng.uniform(0.5, 2, outputs)
        rows, columns = self.kept[group], slice(None) if depthwise else self.kept[source]
        weight = weight[rows][:, columns]
        scale, shift, mean, variance = (each[rows] for each in (scale, shift, mean, variance))
        attributes = {"pads": [size // 2] * 4, "strides": [stride] * 2,
                      "group": len(rows) if depthwise else 1}
        self.layers[name] = rows
        if self.folds:
            factor = scale / np.sqrt(variance + 1e-5)
            weight = weight * factor[:, None, None, None]
            bias = self.store(f"{name}.bias", (shift - mean * factor).astype(np.float32))
            y = self.add("Conv", [x, self.store(f"{name}.weight", weight.astype(np.float32)), bias],
                         name, **attributes)
        else:
            y = self.add("Conv", [x, self.store(f"{name}.weight", weight.astype(np.float32))], name,
                         **attributes)
            numbers = [self.store(f"{name}.bn.{part}", values.astype(np.float32)) for part, values in (
                ("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance))]
            y = self.add("BatchNormalization", [y, *numbers], f"{name}.bn", epsilon=1e-5)
        return self.add(activation, [y], f"{name}.act") if activation else y

    def dense(self, x: str, name: str, columns: list[int], inputs: int, outputs: int) -> str:
        weight = self.rng.normal(0, 1 / np.sqrt(inputs), (outputs, inputs))[:, columns]
        bias = self.store(f"{name}.bias", self.rng.normal(0, 0.3, outputs).astype(np.float32))
        self.layers[name] = list(range(outputs))
        return self.add("Gemm", [x, self.store(f"{name}.weight", weight.astype(np.float32)), bias], name,
                        transB=1)


def residual(b: Builder, sizes: dict[str, int]) -> str:
    x = b.conv("x", "stem", "in", "trunk", sizes)
    for block in range(2):
        y = b.conv(x, f"block{block}.a", "trunk", f"inner{block}", sizes, size=1)
        y = b.conv(y, f"block{block}.b", f"inner{block}", "trunk", sizes, activation="")
        x = b.add("Relu", [b.add("Add", [y, x], f"block{block}.sum")], f"block{block}.out")
    y = b.conv(x, "down.a", "trunk", "wide", sizes, stride=2, activation="")
    z = b.conv(x, "down.b", "trunk", "wide", sizes, size=1, stride=2, activation="")
    x = b.add("Relu", [b.add("Add", [y, z], "down.sum")], "down.out")
    x = b.add("Flatten", [b.add("GlobalAveragePool", [x], "pool")], "flat")
    return b.dense(x, "head", b.kept["wide"], sizes["wide"], 5)


def inverted(b: Builder, sizes: dict[str, int]) -> str:
    x = b.conv("x", "stem", "in", "trunk", sizes)
    for block in range(2):
        y = b.conv(x, f"b{block}.widen", "trunk", f"wide{block}", sizes, size=1)
        y = b.conv(y, f"b{block}.apart", f"wide{block}", f"wide{block}", sizes, depthwise=True)
        s = b.add("GlobalAveragePool", [y], f"b{block}.mean")
        s = b.conv(s, f"b{block}.narrow", f"wide{block}", f"gate{block}", sizes, size=1)
        s = b.conv(s, f"b{block}.scale", f"gate{block}", f"wide{block}", sizes, size=1,
                   activation="Sigmoid")
        y = b.add("Mul", [y, s], f"b{block}.excite")
        y = b.conv(y, f"b{block}.project", f"wide{block}", "trunk", sizes, size=1, activation="")
        x = b.add("Add", [x, y], f"b{block}.sum")
    x = b.add("Flatten", [b.add("GlobalAveragePool", [x], "pool")], "flat")
    return b.dense(x, "head", b.kept["trunk"], sizes["trunk"], 5)


def concatenating(b: Builder, sizes: dict[str, int]) -> str:
    x = b.conv("x", "stem", "in", "c0", sizes)
    groups, parts = ["c0"], [x]
    for place in (1, 2):
        whole = f"seen{place}"
        sizes[whole] = sum(sizes[each] for each in groups)
        starts = np.cumsum([0, *[sizes[each] for each in groups]])
        b.kept[whole] = [int(start) + each for start, group in zip(starts, groups)
                         for each in b.kept[group]]
        y = parts[0] if place == 1 else b.add("Concat", list(parts), f"join{place}", axis=1)
        parts.append(b.conv(y, f"layer{place}", whole, f"c{place}", sizes))
        groups.append(f"c{place}")
    starts = np.cumsum([0, *[sizes[each] for each in groups]])
    columns = [int(start) + each for start, group in zip(starts, groups) for each in b.kept[group]]
    x = b.add("Concat", list(parts), "join", axis=1)
    x = b.add("Flatten", [b.add("GlobalMaxPool", [x], "pool")], "flat")
    return b.dense(x, "head", columns, int(starts[-1]), 5)


def flattening(b: Builder, sizes: dict[str, int]) -> str:
    x = b.conv("x", "first", "in", "a", sizes)
    x = b.add("MaxPool", [x], "pool1", kernel_shape=[2, 2], strides=[2, 2])
    x = b.conv(x, "second", "a", "b", sizes)
    x = b.add("MaxPool", [x], "pool2", kernel_shape=[2, 2], strides=[2, 2])
    x = b.add("Flatten", [x], "flat")
    columns = [each * 16 + place for each in b.kept["b"] for place in range(16)]
    return b.dense(x, "head", columns, sizes["b"] * 16, 5)


def joined(b: Builder, sizes: dict[str, int]) -> str:
    """Two layers with nothing between them, which after are one."""
    x = b.conv("x", "stem", "in", "trunk", sizes)
    first, second = (b.rng.normal(0, 1 / np.sqrt(sizes[source]), (sizes[group], sizes[source]))
                     for source, group in (("trunk", "middle"), ("middle", "wide")))
    rows, columns = b.kept["wide"], b.kept["trunk"]
    b.layers["second"] = rows
    if b.is_whole:
        for name, weight in (("first", first), ("second", second)):
            x = b.add("Conv", [x, b.store(f"{name}.weight", weight[:, :, None, None].astype(np.float32))],
                      name)
    else:
        weight = (second @ first)[rows][:, columns][:, :, None, None]
        x = b.add("Conv", [x, b.store("second.weight", weight.astype(np.float32))], "second")
    x = b.add("Relu", [x], "second.act")
    x = b.add("Flatten", [b.add("GlobalAveragePool", [x], "pool")], "flat")
    return b.dense(x, "head", b.kept["wide"], sizes["wide"], 5)


NETWORKS = {
    "residual": (residual, ["trunk", "inner0", "inner1", "wide"]),
    "inverted": (inverted, ["trunk", "wide0", "wide1", "gate0", "gate1"]),
    "concatenating": (concatenating, ["c0", "c1", "c2"]),
    "flattening": (flattening, ["a", "b"]),
    "joined": (joined, ["trunk", "middle", "wide"]),
}


def build(name: str, seed: int, kept: dict[str, list[int]], sizes: dict[str, int],
          folds: bool, is_whole: bool) -> tuple[onnx.ModelProto, dict[str, list[int]]]:
    builder = Builder(np.random.default_rng(seed), dict(kept), folds, is_whole)
    output = NETWORKS[name][0](builder, dict(sizes))
    graph = helper.make_graph(
        builder.nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 5])],
        [numpy_helper.from_array(each, key) for key, each in builder.tensors.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model, builder.layers


def shuffled(model: onnx.ModelProto, rng: np.random.Generator) -> dict[str, str]:
    """Gives everything other names, and nodes another order; returns the names of nodes by the old ones."""
    names: dict[str, str] = {}
    numbers = rng.permutation(10_000)

    def other(name: str) -> str:
        return names.setdefault(name, f"v{numbers[len(names)]}")

    graph = model.graph
    renamed = {}
    for node in graph.node:
        node.input[:] = [other(each) for each in node.input]
        node.output[:] = [other(each) for each in node.output]
        renamed[node.name] = node.name = f"n{numbers[-1 - len(renamed)]}"
    for each in [*graph.initializer, *graph.input, *graph.output]:
        each.name = other(each.name)
    known = {each.name for each in [*graph.initializer, *graph.input]}
    pending, order = list(graph.node), []
    while pending:
        ready = [each for each in pending if set(each.input) <= known]
        node = ready[rng.integers(len(ready))]
        pending.remove(node)
        order.append(node)
        known |= set(node.output)
    del graph.node[:]
    graph.node.extend(order)
    return renamed


def halve(model: onnx.ModelProto) -> None:
    """Stores weights, and computes, in half precision between an input and an output in single."""
    graph = model.graph
    for each in graph.initializer:
        each.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(each).astype(np.float16), each.name))
    (given,), (answer,) = graph.input, graph.output
    for node in graph.node:
        node.input[:] = [f"{each}.half" if each == given.name else each for each in node.input]
        node.output[:] = [f"{each}.half" if each == answer.name else each for each in node.output]
    graph.node.insert(0, helper.make_node("Cast", [given.name], [f"{given.name}.half"], "to_half",
                                          to=TensorProto.FLOAT16))
    graph.node.append(helper.make_node("Cast", [f"{answer.name}.half"], [answer.name], "from_half",
                                       to=TensorProto.FLOAT))


def quantize(model: onnx.ModelProto) -> None:
    """Stores the weights of layers as bytes, with a scale for each channel they make."""
    graph = model.graph
    tensors = {each.name: each for each in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            name = node.input[1]
            values = numpy_helper.to_array(tensors[name])
            scale = np.abs(values).max(tuple(range(1, values.ndim))) / 127 + 1e-9
            stored = np.round(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
            graph.initializer.append(numpy_helper.from_array(stored, f"{name}.bytes"))
            graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
            graph.initializer.remove(tensors[name])
            nodes.append(helper.make_node("DequantizeLinear", [f"{name}.bytes", f"{name}.scale"], [name],
                                          f"{name}.floats", axis=0))
        nodes.append(node)
    nodes = [onnx.NodeProto.FromString(each.SerializeToString()) for each in nodes]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)


def write(folder: Path, count: int) -> None:
    truth = []
    for number in range(count):
        rng = np.random.default_rng(number)
        name = list(NETWORKS)[number % len(NETWORKS)]
        groups = NETWORKS[name][1]
        sizes = {group: int(rng.integers(6, 24)) for group in groups} | {"in": 3}
        whole = {group: list(range(size)) for group, size in sizes.items()}
        kept = {group: sorted(rng.choice(size, max(2, int(size * rng.uniform(0.3, 1))), replace=False)
                              .tolist()) for group, size in sizes.items()} | {"in": [0, 1, 2]}
        before, _ = build(name, number, whole, sizes, rng.random() < 0.3, is_whole=True)
        after, layers = build(name, number, kept, sizes, rng.random() < 0.6, is_whole=False)
        renamed = {node.name: node.name for node in after.graph.node}
        if rng.random() < 0.7:
            renamed = shuffled(after, rng)
        form = rng.random()
        if form < 0.3:
            halve(after)
        elif form > 0.8:
            quantize(after)
        onnx.save(before, folder / f"{number}.a.onnx")
        onnx.save(after, folder / f"{number}.b.onnx")
        both = {node.name for node in before.graph.node} & renamed.keys()
        truth.append({"nodes": {each: renamed[each] for each in sorted(both)},
                      "layers": layers})
    (folder / "truth.json").write_text(json.dumps(truth))
    retrain(folder)
    rename(folder)
    rewire(folder)
    shorten(folder)
    branch(folder)



def rewire(folder: Path) -> None:
    """Writes a network, and the same nodes with one of them reading from elsewhere: rewired.*.onnx."""
    for side in ("a", "b"):
        sizes = {"in": 3, "trunk": 8, "inner0": 6, "inner1": 7, "wide": 9}
        whole = {group: list(range(size)) for group, size in sizes.items()}
        model, _ = build("residual", 2, whole, sizes, folds=True, is_whole=True)
        if side == "b":
            node = next(each for each in model.graph.node if each.name == "block1.a")
            node.input[0] = "stem.act"
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"rewired.{side}.onnx")


def branch(folder: Path) -> None:
    """Writes a network with a body, a function, a table and metadata, and others in which one of them differs:
    branched.*.onnx."""
    variants = {"a": {}, "body": {"op": "Cos"}, "function": {"inner": "Abs"}, "table": {"extent": 1},
                "metadata": {"scale": "1/127.5"}}
    for name, changes in variants.items():
        choice = {"op": "Sin", "inner": "Exp", "extent": 4, "scale": "1/255"} | changes
        x, y = (helper.make_tensor_value_info(each, TensorProto.FLOAT, [2, 4]) for each in "xy")
        bodies = [helper.make_graph([helper.make_node(op, ["sum"], ["branch"])], op, [],
                                    [helper.make_tensor_value_info("branch", TensorProto.FLOAT, [2, 4])])
                  for op in (choice["op"], "Tan")]
        nodes = [
            helper.make_node("Add", ["x", "table"], ["sum"], "sum"),
            helper.make_node("ReduceMax", ["x"], ["top"], "top", keepdims=0),
            helper.make_node("Greater", ["top", "limit"], ["is_large"], "is_large"),
            helper.make_node("If", ["is_large"], ["chosen"], "choice", then_branch=bodies[0], else_branch=bodies[1]),
            helper.make_node("Own", ["chosen"], ["y"], "own", domain="dearc.test")]
        table = numpy_helper.from_array(np.arange(1, choice["extent"] + 1, dtype=np.float32), "table")
        limit = numpy_helper.from_array(np.array(0.5, np.float32), "limit")
        sets = [helper.make_opsetid("", 17), helper.make_opsetid("dearc.test", 1)]
        function = helper.make_function(
            "dearc.test", "Own", ["p"], ["q"], [helper.make_node(choice["inner"], ["p"], ["q"])], sets[:1])
        model = helper.make_model(helper.make_graph(nodes, "branched", [x], [y], [table, limit]),
                                  opset_imports=sets, ir_version=8, functions=[function])
        helper.set_model_props(model, {"scale": choice["scale"]})
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"branched.{name}.onnx")


def shorten(folder: Path) -> None:
    """Writes a chain of like blocks, and the same without two activations near its ends: shortened.*.onnx."""
    rng = np.random.default_rng(4)
    weights = [rng.normal(0, 0.3, (4, 4, 3, 3)).astype(np.float32) for _ in range(12)]
    for side in ("a", "b"):
        tensors, nodes, x = [], [], "x"
        for place, weight in enumerate(weights):
            names = [f"{side}{place}.{part}" for part in ("w", "b", "conv", "act")]
            tensors += [numpy_helper.from_array(weight, names[0]),
                        numpy_helper.from_array(np.full(4, 0.1, np.float32), names[1])]
            nodes.append(helper.make_node("Conv", [x, *names[:2]], [names[2]], names[2], pads=[1] * 4))
            x = names[2]
            if side == "a" or place not in (1, 10):
                nodes.append(helper.make_node("Relu", [x], [names[3]], names[3]))
                x = names[3]
        graph = helper.make_graph(
            nodes, "chain", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, 16, 16])],
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 4, 16, 16])], tensors)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
                  folder / f"shortened.{side}.onnx")


def rename(folder: Path) -> None:
    """Writes a network whose weights are nodes of their own, and the same by other names: renamed.*.onnx."""
    for side in ("a", "b"):
        sizes = {"in": 3, "trunk": 8, "inner0": 6, "inner1": 7, "wide": 9}
        whole = {group: list(range(size)) for group, size in sizes.items()}
        model, _ = build("residual", 2, whole, sizes, folds=False, is_whole=True)
        graph = model.graph
        nodes = [helper.make_node("Constant", [], [each.name], f"constant {each.name}", value=each)
                 for each in graph.initializer]
        del graph.initializer[:]
        nodes += graph.node
        del graph.node[:]
        graph.node.extend(nodes)
        if side == "b":
            shuffled(model, np.random.default_rng(3))
        onnx.save(model, folder / f"renamed.{side}.onnx")


def retrain(folder: Path) -> None:
    """Writes a layer that lost channels and was trained on, whose channels nobody can tell: retrained.*.onnx."""
    sizes = {"in": 3, "a": 12, "b": 9}
    whole = {group: list(range(size)) for group, size in sizes.items()}
    before, _ = build("flattening", 1, whole, sizes, folds=True, is_whole=True)
    after, _ = build("flattening", 1, whole | {"b": [0, 2, 3, 7]}, sizes, folds=True, is_whole=False)
    rng = np.random.default_rng(1)
    for each in after.graph.initializer:
        if each.name == "second.weight":
            values = rng.normal(0, 0.1, list(each.dims)).astype(np.float32)
            each.CopyFrom(numpy_helper.from_array(values, each.name))
    onnx.save(before, folder / "retrained.a.onnx")
    onnx.save(after, folder / "retrained.b.onnx")


def train(path: str, trained: str) -> None:
    """Writes a model with weights that are not those of another file."""
    model = onnx.load(path)
    rng = np.random.default_rng(2)
    for each in model.graph.initializer:
        if each.data_type == TensorProto.FLOAT:
            each.CopyFrom(numpy_helper.from_array(
                rng.normal(0, 0.1, list(each.dims)).astype(np.float32), each.name))
    onnx.save(model, trained)


def check(folder: Path) -> int:
    nodes = wrong_nodes = sets = wrong_sets = 0
    for number, truth in enumerate(json.loads((folder / "truth.json").read_text())):
        report = json.loads((folder / f"{number}.json").read_text())
        pairs = {each["before"]: each["after"] for each in report["nodes"]["pairs"]}
        layers = {each["before"]: each["channels"] for each in report["layers"]}
        for before, after in truth["nodes"].items():
            nodes += 1
            if pairs.get(before) != after:
                wrong_nodes += 1
                print(f"{number}: {before} is {after}, not {pairs.get(before)}", file=sys.stderr)
        for layer, kept in truth["layers"].items():
            sets += 1
            if layers.get(layer) != kept:
                wrong_sets += 1
                print(f"{number}: {layer} keeps {kept}, not {layers.get(layer)}", file=sys.stderr)
    print(f"{nodes - wrong_nodes} of {nodes} nodes, {sets - wrong_sets} of {sets} kept sets")
    return 1 if wrong_nodes or wrong_sets else 0


if __name__ == "__main__":
    if sys.argv[1] == "write":
                write(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "train":
        train(sys.argv[2], sys.argv[3])
    else:
        sys.exit(check(Path(sys.argv[2])))
