"""Runs dearc on a case, counts what it left, and compares the answers."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import onnx
from interpreter import session
from onnx import numpy_helper
from weights import elements, linear_weights

TOLERANCE = 1e-5
SLACK = 1.001


@dataclass
class Verdict:
    """What dearc made of one case."""

    model: str
    exporter: str
    mode: str
    elements: int
    ideal: int
    achieved: int | None = None
    seconds: float | None = None
    status: int | None = None
    difference: float | None = None
    nudge: float | None = None
    message: str = ""
    wide: list[dict] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    sound: bool = True
    zeroed: int = 0

    @property
    def outcome(self) -> str:
        """One word: ideal, or what keeps it from being so."""
        if self.status != 0 or self.achieved is None:
            return "failed"
        if self.difference is None or not np.isfinite(self.difference):
            return "broken"
        if self.difference > TOLERANCE:
            rounding = self.nudge is not None and self.difference <= 8 * self.nudge
            return "rounding" if rounding and self.reached else "wrong" if not rounding else "wide"
        return "ideal" if self.reached else "wide"

    @property
    def reached(self) -> bool:
        """Whether the ideal size was reached."""
        return self.achieved is not None and self.achieved <= self.ideal * SLACK

    def line(self) -> str:
        """The verdict as one line of JSON."""
        return json.dumps(asdict(self) | {"outcome": self.outcome, "exactly": (
            self.achieved == self.ideal)})


def prune(dearc: Path, stem: Path, timeout: float) -> Verdict:
    """Runs dearc on one case and judges the result."""
    case = json.loads(Path(f"{stem}.json").read_text())
    verdict = Verdict(case["model"], case["exporter"], case["mode"], case["elements"], case["ideal"])
    verdict.sound, verdict.zeroed = not case["check"]["changing"], case["zeroed"]
    target = stem.parent.parent / f"pruned-{os.getpid()}.onnx"
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [dearc, "prune", f"{stem}.onnx", "-o", target, "--json", "--no-verify"],
            capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        verdict.message = f"took longer than {timeout:.0f} s"
        return verdict
    verdict.seconds, verdict.status = round(time.perf_counter() - start, 2), done.returncode
    if done.returncode != 0:
        verdict.message = done.stderr.decode(errors="replace")[-400:]
        return verdict
    result = onnx.load(target)
    verdict.achieved = elements(result)
    if not verdict.reached:
        verdict.wide = wide_weights(case, result)
        verdict.reasons = dict(reasons(json.loads(done.stdout)))
    answers(verdict, stem, target)
    target.unlink()
    return verdict


def reasons(report: dict) -> list[tuple[str, int]]:
    """What dearc says of the channels that it kept, and how often."""
    counts: Counter[str] = Counter()
    for value in report["channels"]["values"]:
        counts.update(each["because"] for each in value["fates"]
                      if each["fate"] == "kept" and each.get("because"))
    return counts.most_common(5)


def answers(verdict: Verdict, stem: Path, target: Path) -> None:
    """Compares dearc's network with what the zeroed one answered."""
    stored = np.load(f"{stem}.npz")
    pairs = [(stored[f"arr_{place}"], stored[f"arr_{place + 1}"])
             for place in range(0, len(stored.files), 2)]
    try:
        runtime = session(str(target))
        found = [runtime.run(None, {"input": inputs})[0] for inputs, _ in pairs]
    except Exception as error:  # noqa: BLE001  whatever the runtime refuses is dearc's fault
        verdict.message = f"{type(error).__name__}: {str(error)[:300]}"
        return
    verdict.difference = max(
        apart(given, expected) for given, (_, expected) in zip(found, pairs, strict=True))
    if verdict.difference > TOLERANCE:
        verdict.nudge = nudge(stem, pairs)


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest answer."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found - expected).max()) / float(np.abs(expected).max())


def nudge(stem: Path, pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """How far the answers move when weights change in their last bit."""
    model = onnx.load(f"{stem}.onnx")
    rng = np.random.default_rng(5)
    for each in model.graph.initializer:
        array = numpy_helper.to_array(each)
        if array.dtype == np.float32 and array.size > 1:
            factor = 1 + rng.choice([-1, 0, 1], array.shape) * np.float32(2**-23)
            each.CopyFrom(numpy_helper.from_array((array * factor).astype(np.float32), each.name))
    runtime = session(model)
    return max(apart(runtime.run(None, {"input": inputs})[0], expected)
               for inputs, expected in pairs)


def wide_weights(case: dict, result: onnx.ModelProto) -> list[dict]:
    """Weights that are larger than they had to be, as far as names tell."""
    found = linear_weights(result)
    by_node = {node: shape for node, shape in found.values()}
    rows = []
    for row in case["weights"]:
        shape = found.get(row["weight"], (None, None))[1] or by_node.get(row["node"])
        if shape and int(np.prod(shape)) > row["ideal"] * SLACK:
            rows.append({key: row[key] for key in ("node", "weight", "operator", "shape", "ideal")}
                        | {"left": shape})
    return rows
