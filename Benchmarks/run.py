"""Times runs of networks, by dearc and by onnxruntime, in turns, in one run.

    python run.py --dearc ../.build/release/dearc [--threads 2] [--runs 30] [--turns 3] model.onnx[:1,3,224,224] ...
    python run.py --dearc ../.build/release/dearc --startup model.onnx[:1,3,224,224] ...

Each tool is a process of its own that loads the model, runs it once, and then so often again. Medians are printed, the
ratio of the two, and the most memory that each process had resident; that of onnxruntime has Python in it, so it is
also told what it had before the model was loaded. With --startup it is timed how long a process takes to answer one
picture, from its start to its end; networks are given pictures of three channels, scaled to 0…1.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

RUNTIME = """
import json, sys, time
import numpy as np, onnxruntime
def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
path, tensor, runs, threads = sys.argv[1], np.load(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.log_severity_level = 3
bare = peak()
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feed = {session.get_inputs()[0].name: tensor}
session.run(None, feed)
times = []
for _ in range(runs):
    start = time.perf_counter()
    session.run(None, feed)
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"milliseconds": times, "bare": bare}))
"""

ANSWER = """
import sys
import numpy as np, onnxruntime
from PIL import Image
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[3])
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
pixels = np.asarray(Image.open(sys.argv[2]).convert("RGB"), np.float32) / 255
print(session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]})[0].ravel()[0])
"""


# A process starts with the memory of the one that makes it, so a small one has to.
LAUNCHER = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
process = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
elapsed = (time.perf_counter() - start) * 1e3
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps([process.stdout, elapsed, peak, process.returncode]))
"""


@dataclass
class Process:
    """What a finished process printed and needed."""

    output: str
    milliseconds: float
    peak: int


def run(command: list[str]) -> Process:
    """Runs a command to its end."""
    result = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True)
    output, elapsed, peak, status = json.loads(result.stdout)
    if status:
        raise RuntimeError(f"{' '.join(command[:4])} ended with {status}")
    return Process(output, elapsed, peak)


@dataclass
class Figures:
    """What one tool needed in all turns."""

    milliseconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    bare: int = 0

    @property
    def time(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def peak(self) -> float:
        return statistics.median(self.peaks) / 1e6


def first_input(path: Path) -> tuple[str, list[int]]:
    """The name and the extents of the input; 0 where they are open."""
    graph = onnx.load(path, load_external_data=False).graph
    stored = {each.name for each in graph.initializer}
    port = next(each for each in graph.input if each.name not in stored)
    return port.name, [each.dim_value for each in port.type.tensor_type.shape.dim]


def time_runs(arguments: argparse.Namespace, path: str, name: str, extents: list[int], folder: Path) -> None:
    """Prints how long runs take, and how much memory."""
    tensor, runs, threads = folder / "input.npy", str(arguments.runs), str(arguments.threads)
    np.save(tensor, np.random.default_rng(0).standard_normal(extents).astype(np.float32))
    own, other = Figures(), Figures()
    for _ in range(arguments.turns):
        process = run([arguments.dearc, "run", path, "--tensor", f"{name}={tensor}", "--json", "--threads", threads,
                       "--benchmark", runs])
        own.milliseconds += json.loads(process.output)["milliseconds"]
        own.peaks.append(process.peak)
        process = run([sys.executable, "-c", RUNTIME, path, str(tensor), runs, threads])
        report = json.loads(process.output)
        other.milliseconds += report["milliseconds"]
        other.peaks.append(process.peak)
        other.bare = report["bare"]
    print(f"{Path(path).stem:<22} {'×'.join(map(str, extents)):<14} {own.time:8.2f} ms {other.time:9.2f} ms "
          f"{other.time / own.time:6.2f} {own.peak:8.1f} MB {other.peak:9.1f} MB {other.bare / 1e6:8.1f} MB", flush=True)


def time_startup(arguments: argparse.Namespace, path: str, extents: list[int], folder: Path) -> None:
    """Prints how long processes take that answer one picture."""
    picture = folder / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 256, [*extents[2:], 3], np.uint8)
    Image.fromarray(pixels).save(picture)
    threads, own, other = str(arguments.threads), Figures(), Figures()
    for _ in range(arguments.runs):
        for figures, command in (
                (own, [arguments.dearc, "run", path, str(picture), "--preprocess", "none", "--threads", threads]),
                (other, [sys.executable, "-c", ANSWER, path, str(picture), threads])):
            process = run(command)
            figures.milliseconds.append(process.milliseconds)
            figures.peaks.append(process.peak)
    print(f"{Path(path).stem:<22} {'×'.join(map(str, extents)):<14} {own.time:8.1f} ms {other.time:9.1f} ms "
          f"{other.time / own.time:6.2f} {own.peak:8.1f} MB {other.peak:9.1f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL[:SHAPE]")
    parser.add_argument("--dearc", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--startup", action="store_true")
    arguments = parser.parse_args()
    print(f"{'model':<22} {'shape':<14} {'dearc':>11} {'onnxruntime':>12} {'ratio':>6} {'dearc':>11} {'onnxruntime':>12}"
          + ("" if arguments.startup else f" {'bare':>11}"))
    for each in arguments.models:
        path, _, shape = each.partition(":")
        name, extents = first_input(Path(path))
        given = [int(number) for number in shape.split(",")] if shape else [1, 3, 224, 224]
        extents = [other if shape else extent or other for extent, other in zip(extents, given)]
        with tempfile.TemporaryDirectory() as folder:
            if arguments.startup:
                time_startup(arguments, path, extents, Path(folder))
            else:
                time_runs(arguments, path, name, extents, Path(folder))


if __name__ == "__main__":
    main()
