"""Times pruning with dearc and its peers, in turn, in one run.

    python prune.py --dearc ../.build/release/dearc [--runs 5] [--only resnet]

Three networks are made: a ResNet-50 with DEAR's gate behind the last residual sum, the same without
a gate and with every other channel set to zero, and a network of 800 MB with every other channel set
to zero. Every tool runs as a process of its own; wall time and peak memory are those of the whole
process. What each leaves is counted, and its answers are compared, after the first run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Measurement, Usage, apart, run

HERE = Path(__file__).resolve().parent
NETWORKS = HERE.parent / "Tests" / "Judges" / "networks.py"
PEERS = HERE / "prunability" / "peer_tools.py"
KEPT = 1230
"""DEAR keeps 60 % of ResNet-50's 2048 channels."""


@dataclass
class Subject:
    """A network, and the shape of the pictures it is tried with."""

    path: Path
    shape: tuple[int, ...]
    module: Path | None = None


@dataclass
class Pruned(Measurement):
    """The same, with the share of weights that is left and the difference of the answers."""

    left: float | None = None
    error: float | None = None


def make_gated(folder: Path) -> Subject:
    """DEAR's own case: a gate lets 60 % of the last stage's channels pass."""
    path = folder / "resnet50-gated.onnx"
    subprocess.check_call([sys.executable, NETWORKS, "resnet50", "--keep", str(KEPT), "-o", path])
    return Subject(path, (1, 3, 224, 224))


def make_zeroed(folder: Path) -> Subject:
    """ResNet-50 without every other channel."""
    whole, path = folder / "whole.onnx", folder / "resnet50-zeroed.onnx"
    subprocess.check_call([sys.executable, NETWORKS, "resnet50", "-o", whole])
    apart(zero_every_other, whole, path)
    whole.unlink()
    return Subject(path, (1, 3, 224, 224), folder / "resnet50-zeroed.pt")


def make_large_zeroed(folder: Path) -> Subject:
    """The large network of `convert.py` without every other channel; it is tried with few pixels."""
    whole, path = folder / "whole.onnx", folder / "large-zeroed.onnx"
    apart(write_large, whole)
    apart(zero_every_other, whole, path)
    whole.unlink()
    return Subject(path, (1, 3, 16, 16), folder / "large-zeroed.pt")


MAKERS = {"resnet50-gated": make_gated, "resnet50-zeroed": make_zeroed,
          "large-zeroed": make_large_zeroed}


def write_large(path: Path) -> None:
    """Loads what it needs where it is called."""
    from convert import make_large
    make_large(path)


def zero_every_other(source: Path, target: Path) -> None:
    """Sets every other filter to zero, and the normalisation behind it.

    The places are the same everywhere, so that channels which are summed are dead in all summands.
    """
    import onnx
    from onnx import numpy_helper
    model = onnx.load(source)
    rows = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            rows.update(node.input[1:3])
    for each in model.graph.initializer:
        if each.name in rows:
            array = numpy_helper.to_array(each).copy()
            array[::2] = 0
            each.CopyFrom(numpy_helper.from_array(array, each.name))
    onnx.save(model, target)


def make_module(source: Path, target: Path) -> None:
    """Writes a network of convolutions in a row, or ResNet-50, as a PyTorch module."""
    import onnx
    import torch
    from onnx import numpy_helper
    model = onnx.load(source)
    weights = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
               for each in model.graph.initializer}
    if "layer1.0.conv1.weight" in weights:
        from torchvision.models import resnet50
        result = resnet50(num_classes=1)
        missing, _ = result.load_state_dict(weights, strict=False)
        if any("num_batches_tracked" not in each for each in missing):
            raise ValueError(f"no weights for {missing}")
    else:
        result = torch.nn.Sequential(*[layer(node, weights) for node in model.graph.node])
    torch.save(result.eval(), target)


def layer(node: Any, weights: dict[str, Any]) -> Any:
    """The module for one node of a network without branches."""
    import torch
    from torch import nn
    own = [weights[name] for name in node.input[1:]]
    if node.op_type == "Conv":
        outs, ins, kernel, _ = own[0].shape
        result = nn.Conv2d(ins, outs, kernel, padding=1, bias=False)
        names = ("weight",)
    elif node.op_type == "BatchNormalization":
        result = nn.BatchNorm2d(len(own[0]))
        names = ("weight", "bias", "running_mean", "running_var")
    elif node.op_type == "Gemm":
        own = [own[0].T]
        result = nn.Linear(*own[0].shape[::-1], bias=False)
        names = ("weight",)
    else:
        return {"Relu": nn.ReLU, "Flatten": nn.Flatten}.get(
            node.op_type, lambda: nn.AdaptiveAvgPool2d(1))()
    with torch.no_grad():
        for name, value in zip(names, own, strict=True):
            getattr(result, name).copy_(value)
    return result


def commands(dearc: Path, subject: Subject, folder: Path) -> dict[str, tuple[list[str], Path, Path]]:
    """The command line of each tool, what it reads and what it writes.

    onnxsim and Torch-Pruning choose channels by their weights and know nothing of gates.
    """
    source, target = subject.path, folder / "out.onnx"
    shape = ",".join(map(str, subject.shape))
    tools = {"cp": (["cp", str(source), str(target)], source, target),
             "dearc": ([str(dearc), "prune", "--no-verify", "--quiet", str(source), "-o", str(target)], source, target)}
    peers = dict.fromkeys(("openvino", "openvino-open"), (source, folder / "out.xml"))
    if subject.module:
        peers |= {"onnxsim": (source, target), "torch-pruning": (subject.module, folder / "out.pt")}
    for tool, (read, written) in peers.items():
        tools[tool] = ([sys.executable, str(PEERS), tool, str(read), str(written), shape], read, written)
    return tools


def judge(tool: str, subject: Subject, source: Path, target: Path) -> tuple[float, float]:
    """The share of linear weights that a tool left, and how far its answers are from the network's."""
    import numpy as np
    import onnx
    from peer_judge import RUNTIMES, largest, left, onnx_answers
    from weights import elements
    picture = np.random.default_rng(0).standard_normal(subject.shape).astype(np.float32)
    expected = onnx_answers(subject.path, [picture])
    before = elements(onnx.load(subject.path))
    share = left(tool, source, target, before) / before
    return share, largest(RUNTIMES[target.suffix](target, [picture]), expected)


def judged(tool: str, subject: Subject, source: Path, target: Path) -> tuple[float, float]:
    """`judge`, which is at home in another folder."""
    sys.path.append(str(PEERS.parent))
    return judge(tool, subject, source, target)


def measure(dearc: Path, subject: Subject, runs: int) -> list[Pruned]:
    """Runs every tool in turn, so that a slow minute of the machine hits all alike."""
    with tempfile.TemporaryDirectory() as folder:
        tools = commands(dearc, subject, Path(folder))
        results = {name: Pruned(name) for name in tools}
        for turn in range(runs):
            for name, (command, source, target) in tools.items():
                for stale in Path(folder).iterdir():
                    stale.unlink()
                note(results[name], run(command))
                if turn == 0 and results[name].failure is None:
                    results[name].left, results[name].error = apart(
                        judged, name, subject, source, target)
    return list(results.values())


def note(result: Pruned, usage: Usage) -> None:
    """Adds one run."""
    result.seconds.append(usage.seconds)
    result.peaks.append(usage.peak)
    result.failure = usage.failure


def show(subject: Subject, results: list[Pruned]) -> None:
    """Prints a table for people."""
    size = subject.path.stat().st_size
    medians = {each.tool: statistics.median(each.seconds) for each in results}
    print(f"\n{subject.path.name}, {size / 1e6:.1f} MB")
    print(f"{'tool':14} {'seconds':>8} {'× cp':>7} {'× dearc':>8} {'peak MB':>8} {'peak/file':>9} "
          f"{'left %':>7} {'differs':>8}")
    for each in results:
        if each.failure is not None:
            print(f"{each.tool:14} failed: {each.failure.strip().splitlines()[-1]}")
            continue
        seconds, peak = medians[each.tool], statistics.median(each.peaks)
        print(f"{each.tool:14} {seconds:8.3f} {seconds / medians['cp']:7.1f} "
              f"{seconds / medians['dearc']:8.2f} {peak / 1e6:8.1f} {peak / size:9.2f} "
              f"{100 * each.left:7.2f} {each.error:8.1e}")


def main() -> None:
    """Makes the networks, measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dearc", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="a part of a network's name")
    parser.add_argument("--json", type=Path, help="write every single run here")
    arguments = parser.parse_args()
    report = {}
    for name, make in MAKERS.items():
        if arguments.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            subject = make(Path(folder))
            if subject.module:
                apart(make_module, subject.path, subject.module)
            results = measure(arguments.dearc.resolve(), subject, arguments.runs)
            show(subject, results)
            report[name] = [vars(each) for each in results]
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
