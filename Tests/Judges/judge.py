"""Compares models in onnxruntime, optimisations off, on reproducible random inputs.

    python judge.py pair before.onnx after.onnx --case input:1,3,64,64 --case input:3,3,40,72
    python judge.py batch graphs/index.json pruned/

The error of an output is max|before - after| / max(1e-6, max|before|). The verdict goes to
standard output as one JSON document, every failure to standard error; the exit status is 1 if any
error exceeds the tolerance. `batch` pairs each model that an index of random_graphs.py lists with
the file of the same name in another folder.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import runtime

Case = dict[str, list[int]]


@dataclass
class OutputVerdict:
    """How far one output is off in one case."""

    case: int
    output: str
    error: float
    identical: bool


@dataclass
class Verdict:
    """What came of comparing two models."""

    before: str
    after: str
    seed: int
    cases: list[Case]
    outputs: list[OutputVerdict] = field(default_factory=list)
    failure: str | None = None
    """Why the models could not be compared."""

    @property
    def error(self) -> float:
        """The worst error of all outputs in all cases."""
        if self.failure is not None:
            return float("inf")
        return max((each.error for each in self.outputs), default=0.0)

    @property
    def identical(self) -> bool:
        """Whether every output equals its counterpart bit for bit."""
        return self.failure is None and all(each.identical for each in self.outputs)

    def report(self, tolerance: float) -> dict:
        """The verdict as JSON, in which an infinite error is null."""
        fields = asdict(self)
        for output in fields["outputs"]:
            output["error"] = _finite(output["error"])
        passed = self.error <= tolerance
        return fields | {
            "error": _finite(self.error), "identical": self.identical, "passed": passed}


def _finite(error: float) -> float | None:
    return error if np.isfinite(error) else None


def compare(
    before: Path, after: Path, cases: Sequence[Case], seed: int, threads: int = 2
) -> Verdict:
    """Runs both models on every case; without any, once on the shapes the model declares."""
    verdict = Verdict(str(before), str(after), seed, list(cases))
    try:
        verdict.outputs = _run_both(before, after, cases or [{}], seed, threads)
    except Exception as error:  # Whatever goes wrong belongs in the verdict, with its seed.
        verdict.failure = f"{type(error).__name__}: {error}"
    return verdict


def _run_both(
    before: Path, after: Path, cases: Sequence[Case], seed: int, threads: int
) -> list[OutputVerdict]:
    first, second = (runtime.session(path, threads=threads) for path in (before, after))
    _require_same_signature(first, second)
    names = [output.name for output in first.get_outputs()]
    verdicts = []
    for index, case in enumerate(cases):
        feeds = runtime.random_inputs(first, seed + index, case)
        for name, a, b in zip(names, first.run(None, feeds), second.run(None, feeds), strict=True):
            verdicts.append(OutputVerdict(
                index, name, runtime.relative_error(a, b), a.tobytes() == b.tobytes()))
    return verdicts


def _require_same_signature(first, second) -> None:
    for kind in ("inputs", "outputs"):
        a, b = (
            [(each.name, each.type, len(each.shape)) for each in getattr(model, f"get_{kind}")()]
            for model in (first, second)
        )
        if a != b:
            raise ValueError(f"the {kind} differ: {a} before, {b} after")


def judge_pair(arguments: argparse.Namespace) -> int:
    """Compares two models."""
    verdict = compare(
        arguments.before, arguments.after, arguments.case, arguments.seed, arguments.threads)
    if arguments.brief:
        count = len(arguments.case) or 1
        print(f"{arguments.after}: largest relative error {verdict.error:.1e} in {count} runs")
    else:
        print(json.dumps(verdict.report(arguments.tolerance), indent=1))
    return int(_complain([verdict], arguments.tolerance))


def _compare_entry(entry: dict, index_folder: Path, after_folder: Path, suffix: str) -> Verdict:
    before = index_folder / entry["file"]
    after = (after_folder / entry["file"]).with_suffix(suffix)
    return compare(before, after, entry["cases"], entry["seed"], threads=1)


def judge_batch(arguments: argparse.Namespace) -> int:
    """Compares every model of an index with its counterpart in another folder."""
    entries = json.loads(arguments.index.read_text())["models"]
    work = functools.partial(
        _compare_entry, index_folder=arguments.index.parent, after_folder=arguments.after,
        suffix=arguments.suffix)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        verdicts = list(pool.map(work, entries, chunksize=8))
    failures = [each for each in verdicts if not each.error <= arguments.tolerance]
    print(json.dumps({
        "compared": len(verdicts),
        "identical": sum(each.identical for each in verdicts),
        "worst": _finite(max((each.error for each in verdicts), default=0.0)),
        "tolerance": arguments.tolerance,
        "failures": [each.report(arguments.tolerance) for each in failures],
    }, indent=1))
    return int(_complain(verdicts, arguments.tolerance) or not verdicts)


def _complain(verdicts: Sequence[Verdict], tolerance: float) -> bool:
    """Names every failure with the seed that reproduces it; says whether there was one."""
    failed = [each for each in verdicts if not each.error <= tolerance]
    for each in failed:
        reason = each.failure or f"error {each.error:.3g} exceeds {tolerance:g}"
        print(f"seed {each.seed}: {each.before} -> {each.after}: {reason}", file=sys.stderr)
    return bool(failed)


def _case(text: str) -> Case:
    """Parses `NAME:1,3,224,224`, or several of them with spaces between."""
    case = {}
    for part in text.split():
        name, separator, extents = part.rpartition(":")
        if not separator:
            raise argparse.ArgumentTypeError(f"expected NAME:1,3,224,224, found {part}")
        case[name] = [int(extent) for extent in extents.split(",")]
    return case


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tolerance", type=float, default=1e-5)
    commands = parser.add_subparsers(required=True)
    pair = commands.add_parser("pair", help="compare two models")
    pair.add_argument("before", type=Path)
    pair.add_argument("after", type=Path)
    pair.add_argument(
        "--case", type=_case, action="append", default=[], metavar="NAME:1,3,224,224",
        help="shapes to try, repeatable; several inputs in one case are separated by spaces")
    pair.add_argument("--seed", type=int, default=0)
    pair.add_argument("--threads", type=int, default=2)
    pair.add_argument("--brief", action="store_true", help="print a line for people, not JSON")
    pair.set_defaults(run=judge_pair)
    batch = commands.add_parser("batch", help="compare every model of an index")
    batch.add_argument("index", type=Path)
    batch.add_argument("after", type=Path, help="folder of the models to compare with")
    batch.add_argument("--suffix", default=".onnx", help="what the files there end with")
    batch.add_argument("--jobs", type=int, default=2)
    batch.set_defaults(run=judge_batch)
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    sys.exit(arguments.run(arguments))
