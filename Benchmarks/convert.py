"""Times folding a model with dearc and its peers, in turn, in one run.

    python convert.py --dearc ../.build/release/dearc [--runs 5] [--model FILE]...

Without --model, a ResNet-50 of 100 MB and a network of 800 MB are made. Every tool runs as a
process of its own; wall time and peak memory are those of the whole process. Medians are printed.
"""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from folding_tools import Folded, measure
from measure import apart

JUDGES = Path(__file__).resolve().parent.parent / "Tests" / "Judges"


def count(target: Path) -> tuple[int, int]:
    """Nodes and BatchNormalizations in the graph that a tool wrote."""
    graph = onnx.load(target, load_external_data=False).graph
    operators = collections.Counter(node.op_type for node in graph.node)
    return len(graph.node), operators["BatchNormalization"]


def show(model: Path, results: list[Folded]) -> None:
    """Prints a table for people."""
    size = model.stat().st_size
    print(f"\n{model.name}, {size / 1e6:.1f} MB")
    print(f"{'tool':20} {'seconds':>9} {'peak MB':>9} {'peak/file':>9} {'nodes':>6} {'BN':>4}")
    for each in results:
        if each.failure is not None:
            print(f"{each.tool:20} failed: {each.failure.strip().splitlines()[-1]}")
            continue
        peak = statistics.median(each.peaks)
        nodes, normalizations = each.found
        print(
            f"{each.tool:20} {statistics.median(each.seconds):9.3f} {peak / 1e6:9.1f} "
            f"{peak / size:9.2f} {nodes:6} {normalizations:4}")


def make_large(path: Path) -> None:
    """A plain network of 800 MB: wide convolutions, half of them normalised, and a matrix."""
    rng = np.random.default_rng(0)
    nodes, weights = [], []

    def weight(name: str, *shape: int, positive: bool = False) -> str:
        values = rng.standard_normal(shape, dtype=np.float32) / np.float32(np.prod(shape[1:]) ** 0.5)
        weights.append(numpy_helper.from_array(abs(values) + 0.5 if positive else values, name))
        return name

    value, width = "input", 3
    for layer in range(7):
        next_width, kernel = (2112, 3) if layer else (64, 7)
        kernels = weight(f"conv{layer}.weight", next_width, width, kernel, kernel)
        nodes.append(
            helper.make_node("Conv", [value, kernels], [f"conv{layer}"], pads=[1, 1, 1, 1]))
        value, width = f"conv{layer}", next_width
        if layer % 2:
            parameters = [weight(f"bn{layer}.{name}", width, positive=name == "var")
                          for name in ("scale", "bias", "mean", "var")]
            nodes.append(helper.make_node(
                "BatchNormalization", [value, *parameters], [f"bn{layer}"]))
            value = f"bn{layer}"
        nodes.append(helper.make_node("Relu", [value], [f"relu{layer}"]))
        value = f"relu{layer}"
    nodes.append(helper.make_node("GlobalAveragePool", [value], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["features"]))
    nodes.append(helper.make_node("Gemm", ["features", weight("fc.weight", width, 1)], ["logit"]))
    graph = helper.make_graph(
        nodes, "large",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["N", 1])], weights)
    onnx.save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def main() -> None:
    """Makes the models that are missing, measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dearc", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--json", type=Path, help="write every single run here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = arguments.model
        if not models:
            models = [Path(folder) / "resnet50.onnx", Path(folder) / "large.onnx"]
            subprocess.check_call(
                [sys.executable, JUDGES / "networks.py", "resnet50", "-o", models[0]])
            apart(make_large, models[1])
        report = {}
        for model in models:
            results = measure(arguments.dearc.resolve(), model, arguments.runs, count)
            show(model, results)
            report[model.name] = [vars(each) for each in results]
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
