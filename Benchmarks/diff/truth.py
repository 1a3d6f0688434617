"""Says how much of what is known of a pruned network `dearc diff` finds out without being told.

    python truth.py --dearc ../../.build/release/dearc --exporter VENV/bin/python --work FOLDER [--seeds 34]

Networks of torchvision lose random channels of random layers, and normalisations are folded; then every name is
taken away, nodes are put into another order, records go, and every fourth file is stored in half precision. How
the file was made tells which node is which and which channels each layer keeps. With --by onnxsim or onnxslim,
that tool optimises the network instead, and the share of its nodes that are found is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NETWORKS = ["resnet50", "mobilenet_v2", "densenet121", "efficientnet_b0", "shufflenet_v2_x1_0", "vgg16_bn"]
LINEAR = {"Conv", "Gemm"}


def export(exporter: str, name: str, path: Path) -> None:
    """A network with random weights, and its normalisations as nodes of their own."""
    code = f"""
import sys, warnings, torch, torchvision
sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})
from export_torchvision import randomise
warnings.filterwarnings("ignore")
torch.manual_seed(0)
model = torchvision.models.get_model({name!r}, weights=None).eval()
randomise(model)
torch.onnx.export(model, torch.randn(1, 3, 224, 224), {str(path)!r}, opset_version=17, dynamo=False,
    input_names=["input"], output_names=["output"], do_constant_folding=False,
    training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes={{"input": {{0: "N"}}}})
"""
    subprocess.run([exporter, "-c", code], check=True, capture_output=True)


def prune(dearc: str, before: Path, after: Path, model: onnx.ModelProto, rng: random.Random) -> dict:
    """Removes random channels; returns which ones each value keeps."""
    widths = {each.name: each.dims[0] for each in model.graph.initializer if each.dims}
    answers = {each.name for each in model.graph.output}
    lists = []
    for node in model.graph.node:
        if node.op_type in LINEAR and node.output[0] not in answers and rng.random() < 0.4:
            width = widths[node.input[1]]
            kept = sorted(rng.sample(range(width), max(1, int(width * rng.uniform(0.3, 0.9)))))
            lists.append({"value": node.output[0], "keep": kept})
    (keep, report) = (after.with_suffix(".keep.json"), after.with_suffix(".report.json"))
    keep.write_text(json.dumps(lists))
    subprocess.run([dearc, "prune", before, "--keep", keep, "--scope", rng.choice(["group", "gate"]), "-o",
                    after, "--force", "--quiet", "--report", report], check=True)
    narrowed = json.loads(report.read_text())["channels"]["narrowed"]
    return {each["value"]: [slot for first, last in each["kept"] for slot in range(first, last + 1)]
            for each in narrowed if each["axis"] == 1}


def survivors(before: onnx.ModelProto, after: onnx.ModelProto, narrowed: dict) -> dict:
    """For each node before that is still there: what it makes after, and the channels it keeps of its own."""
    readers: dict[str, list] = {}
    for node in before.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    makers = {node.output[0]: node for node in after.graph.node}
    widths = {each.name: each.dims[0] for each in before.graph.initializer if each.dims}
    weights = {each.name: each for each in after.graph.initializer}
    found = {}
    for node in before.graph.node:
        name, names = node.output[0], [node.output[0]]
        # A node that something was folded into has the name of what was folded.
        while not (name in makers and makers[name].op_type == node.op_type):
            following = readers.get(name, [])
            if len(following) != 1 or following[0].op_type in LINEAR or name in makers:
                name = None
                break
            name = following[0].output[0]
            names.append(name)
        if name is None or (len(names) > 1 and node.op_type not in LINEAR):
            continue
        kept, zeros = None, set()
        if node.op_type in LINEAR:
            kept = next((narrowed[each] for each in names if each in narrowed),
                        list(range(widths[node.input[1]])))
            rows = numpy_helper.to_array(weights[makers[name].input[1]])
            zeros = {place for place, row in enumerate(rows) if not row.any()}
        found[node.name] = (name, kept, zeros)
    return found


def scramble(model: onnx.ModelProto, rng: random.Random, is_half: bool) -> dict[str, str]:
    """Takes away names, order and records; returns the names of nodes by what they made."""
    graph = model.graph
    names: dict[str, str] = {}

    def other(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}_{rng.randrange(10**6)}") if name else name

    made = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        node.input[:] = [other(each) for each in node.input]
        node.output[:] = [other(each) for each in node.output]
    for each in [*graph.initializer, *graph.input, *graph.output]:
        each.name = other(each.name)
    del graph.value_info[:], model.metadata_props[:]
    known = {each.name for each in [*graph.initializer, *graph.input]} | {""}
    pending, order = list(graph.node), []
    while pending:
        node = rng.choice([each for each in pending if set(each.input) <= known])
        pending.remove(node)
        order.append(node)
        known |= set(node.output)
    for place, node in enumerate(order):
        node.name = f"n{rng.randrange(10**6)}_{place}"
    result = {name: node.name for name, node in made.items()}
    if is_half:
        order = halved(graph, order)
    order = [onnx.NodeProto.FromString(each.SerializeToString()) for each in order]
    del graph.node[:]
    graph.node.extend(order)
    return result


def halved(graph: onnx.GraphProto, order: list) -> list:
    """The nodes in half precision, between casts."""
    for each in graph.initializer:
        if each.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(each).astype(np.float16)
            each.CopyFrom(numpy_helper.from_array(values, each.name))
    (given,), (answer,) = graph.input, graph.output
    for node in order:
        node.input[:] = [f"{each}_h" if each == given.name else each for each in node.input]
        node.output[:] = [f"{each}_h" if each == answer.name else each for each in node.output]
    return [helper.make_node("Cast", [given.name], [f"{given.name}_h"], to=TensorProto.FLOAT16), *order,
            helper.make_node("Cast", [f"{answer.name}_h"], [answer.name], to=TensorProto.FLOAT)]


def judge(report: dict, truth: dict, names: dict[str, str]) -> tuple[int, int, int, int, int]:
    """Nodes, those found wrongly, kept sets, those that are wrong, and those that cannot be told."""
    pairs = {each["before"]: each["after"] for each in report["nodes"]["pairs"]}
    layers = {each["before"]: each for each in report["layers"]}
    wrong_nodes = sum(pairs.get(node) != names.get(made) for node, (made, _, _) in truth.items())
    sets = wrong = untold = 0
    for node, (_, kept, zeros) in truth.items():
        if kept is None:
            continue
        sets += 1
        layer = layers.get(node, {"channels": [], "constants": []})
        told = [kept[place] if place in layer["constants"] else channel
                for place, channel in enumerate(layer["channels"])] if len(layer["channels"]) == len(kept) else []
        if None in told or len(told) != len(kept):
            untold += 1
        elif told != kept:
            wrong += 1
    return len(truth), wrong_nodes, sets, wrong, untold


def optimise(tool: str, before: Path, after: Path) -> None:
    command = [str(Path(sys.executable).parent / tool), str(before), str(after)]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dearc", required=True)
    parser.add_argument("--exporter", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=34)
    parser.add_argument("--by", choices=["onnxsim", "onnxslim"])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    total = np.zeros(5, int)
    for name in NETWORKS:
        before, after = arguments.work / f"{name}.onnx", arguments.work / f"{name}.after.onnx"
        if not before.exists():
            export(arguments.exporter, name, before)
        model = onnx.load(before)
        if arguments.by:
            optimise(arguments.by, before, after)
        for seed in range(1 if arguments.by else arguments.seeds):
            rng = random.Random(f"{name} {seed}")
            truth, names = {}, {}
            if not arguments.by:
                narrowed = prune(arguments.dearc, before, after, model, rng)
                pruned = onnx.load(after)
                truth = survivors(model, pruned, narrowed)
                names = scramble(pruned, rng, is_half=seed % 4 == 3)
                onnx.save(pruned, after)
            said = subprocess.run([arguments.dearc, "diff", before, after, "--json"], check=True,
                                  capture_output=True).stdout
            report = json.loads(said)
            if arguments.by:
                print(f"{name:20} {len(report['nodes']['pairs'])} of {report['after']['counts']['nodes']} "
                      f"nodes of {arguments.by}'s are found, {len(report['nodes']['folded'])} folded, "
                      f"{len(report['nodes']['added'])} new", flush=True)
                continue
            figures = judge(report, truth, names)
            total += figures
            if figures[1] or figures[3] or figures[4]:
                print(f"{name:20} seed {seed}: {figures[1]} nodes and {figures[3]} sets wrong, "
                      f"{figures[4]} untold", flush=True)
    if not arguments.by:
        print(f"{total[0] - total[1]} of {total[0]} nodes, {total[2] - total[3] - total[4]} of {total[2]} kept "
              f"sets; {total[3]} sets wrong, {total[4]} cannot be told")


if __name__ == "__main__":
    main()
