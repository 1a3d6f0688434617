"""Times runs of networks, by dearc and by onnxruntime, in turns, in one run.

    python run.py --dearc ../.build/release/dearc [--threads 2] [--runs 30] model.onnx[:1,3,224,224] ...

Each tool is a process of its own that loads the model, runs it once, and then so often again; medians are printed,
the ratio of the two, and the memory that values take in dearc.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

RUNTIME = """
import json, sys, time
import numpy as np, onnxruntime
path, tensor, runs, threads = sys.argv[1], np.load(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.log_severity_level = 3
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feed = {session.get_inputs()[0].name: tensor}
session.run(None, feed)
times = []
for _ in range(runs):
    start = time.perf_counter()
    session.run(None, feed)
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps(times))
"""


def first_input(path: Path) -> tuple[str, list[int]]:
    """The name and the extents of the input; 0 where they are open."""
    graph = onnx.load(path, load_external_data=False).graph
    stored = {each.name for each in graph.initializer}
    port = next(each for each in graph.input if each.name not in stored)
    return port.name, [each.dim_value for each in port.type.tensor_type.shape.dim]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL[:SHAPE]")
    parser.add_argument("--dearc", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{'model':<22} {'shape':<16} {'dearc':>10} {'onnxruntime':>12} {'ratio':>6} {'values':>9}")
    for each in arguments.models:
        path, _, shape = each.partition(":")
        name, extents = first_input(Path(path))
        given = [int(number) for number in shape.split(",")] if shape else [1, 3, 224, 224]
        extents = [extent or other for extent, other in zip(extents, given)]
        with tempfile.TemporaryDirectory() as folder:
            tensor = Path(folder) / "input.npy"
            np.save(tensor, np.random.default_rng(0).standard_normal(extents).astype(np.float32))
            own, other, memory = [], [], 0
            for _ in range(arguments.turns):
                result = subprocess.run(
                    [arguments.dearc, "run", path, "--tensor", f"{name}={tensor}", "--json", "--threads",
                     str(arguments.threads), "--benchmark", str(arguments.runs)],
                    capture_output=True, text=True, check=True)
                report = json.loads(result.stdout)
                own += report["milliseconds"]
                memory = report["arenaBytes"]
                result = subprocess.run(
                    [sys.executable, "-c", RUNTIME, path, str(tensor), str(arguments.runs), str(arguments.threads)],
                    capture_output=True, text=True, check=True)
                other += json.loads(result.stdout)
        first, second = statistics.median(own), statistics.median(other)
        print(f"{Path(path).stem:<22} {'×'.join(map(str, extents)):<16} {first:7.2f} ms {second:9.2f} ms "
              f"{second / first:6.2f} {memory / 1e6:6.1f} MB", flush=True)


if __name__ == "__main__":
    main()
