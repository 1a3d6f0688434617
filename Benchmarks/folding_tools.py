"""The tools that fold networks, and how they are run in turn."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Measurement, apart, run

PYTHON_TOOLS = {
    "onnxruntime basic": """
import onnxruntime as ort
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
options.optimized_model_filepath = target
ort.InferenceSession(source, options, providers=['CPUExecutionProvider'])
""",
    "onnxslim": "import onnxslim; onnxslim.slim(source, target)",
    "onnxsim": """
import onnx, onnxsim
model, ok = onnxsim.simplify(source)
onnx.save(model, target)
""",
}


@dataclass
class Folded(Measurement):
    """The same, with what the benchmark found in the file that the tool wrote."""

    found: Any = None


def commands(dearc: Path, source: Path, target: Path) -> dict[str, list[str]]:
    """The command line of each tool."""
    prefix = f"source, target = {str(source)!r}, {str(target)!r}\n"
    tools = {
        "cp": ["cp", str(source), str(target)],
        "dearc": [str(dearc), "convert", "--no-verify", "--quiet", str(source), "-o", str(target)],
    }
    return tools | {
        name: [sys.executable, "-c", prefix + code] for name, code in PYTHON_TOOLS.items()}


def measure(
    dearc: Path, model: Path, runs: int, examine: Callable[[Path], Any],
    tools: list[str] | None = None,
) -> list[Folded]:
    """Runs every tool in turn, so that a slow minute of the machine hits all alike.

    `examine` is called on the file that each tool wrote last, in a process of its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.onnx"
        lines = commands(dearc, model, target)
        results = {name: Folded(name) for name in tools or lines}
        for turn in range(runs):
            for name, result in results.items():
                for stale in Path(folder).iterdir():
                    stale.unlink()
                seconds, peak, result.failure = run(lines[name])
                result.seconds.append(seconds)
                result.peaks.append(peak)
                if result.failure is None and turn == runs - 1:
                    result.found = apart(examine, target)
    return list(results.values())
