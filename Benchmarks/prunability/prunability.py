"""Measures which public architectures dearc shrinks to the ideal size, exactly.

    python prunability.py build [--only REGEX]     exports networks and sets slots to zero
    python prunability.py prune [--only REGEX]     runs dearc on all that was built, failures first
    python prunability.py explain CASE             shows where weights stayed wide, and what follows
    python prunability.py summary                  the shares, by exporter

Everything large lies in the folder that --work names.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from build import build_apart
from judge import Verdict, prune
from report import explain, print_table, summary
from zoo import everything

EXPORTERS = ("torchscript", "dynamo")


def cases(models: Path, only: str) -> list[Path]:
    """What was built, without suffix."""
    found = [path.with_suffix("") for path in sorted(models.glob("*.json"))]
    return [each for each in found if re.search(only, each.name)]


def built(models: Path, name: str, exporter: str) -> bool:
    """Whether a network was built, or could not be."""
    return any(models.glob(f"{name}.{exporter}.*"))


def run_build(options: argparse.Namespace) -> None:
    """Builds what is missing; judges and drops what is too large to keep."""
    models = options.work / "models"
    models.mkdir(parents=True, exist_ok=True)
    for name in everything()[: options.first]:
        for exporter in options.exporter or EXPORTERS:
            label = f"{name}.{exporter}"
            if not re.search(options.only, label) or built(models, name, exporter):
                continue
            print(label, build_apart(name, exporter, models, options.timeout), flush=True)
            for stem in cases(models, re.escape(label) + r"\."):
                drop_if_large(options, stem)


def drop_if_large(options: argparse.Namespace, stem: Path) -> None:
    """Judges a case at once if its file cannot be kept."""
    path = Path(f"{stem}.onnx")
    if path.stat().st_size < 1e6 * options.keep_below:
        return
    if options.dearc:
        record(options, prune(options.dearc, stem, options.timeout))
    path.unlink()


def record(options: argparse.Namespace, verdict: Verdict) -> None:
    """Keeps a verdict; the newest of a case counts."""
    with (options.work / "results.jsonl").open("a") as results:
        results.write(verdict.line() + "\n")


def run_prune(options: argparse.Namespace) -> None:
    """Judges everything that was built."""
    verdicts = []
    for stem in cases(options.work / "models", options.only):
        if not Path(f"{stem}.onnx").exists():
            continue
        verdict = prune(options.dearc, stem, options.timeout)
        if not Path(f"{stem}.onnx").exists():
            continue
        verdicts.append(verdict)
        record(options, verdict)
        if sys.stderr.isatty():
            print(f"\r{len(verdicts)} {stem.name:70}", end="", file=sys.stderr)
    print_table([json.loads(each.line()) for each in verdicts])


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("build", "prune", "explain", "summary"))
    parser.add_argument("case", nargs="?", help="for explain: MODEL.EXPORTER.MODE")
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the repository")
    parser.add_argument("--dearc", type=Path)
    parser.add_argument("--only", default="", help="a regular expression on MODEL.EXPORTER.MODE")
    parser.add_argument("--first", type=int, help="build this many networks only")
    parser.add_argument("--exporter", action="append", choices=EXPORTERS)
    parser.add_argument("--timeout", type=float, default=400, help="seconds for one network")
    parser.add_argument("--keep-below", type=float, default=400, help="megabytes")
    options = parser.parse_args()
    if options.command == "build":
        run_build(options)
    elif options.command == "prune":
        run_prune(options)
    elif options.command == "explain":
        explain(options.dearc, options.work / "models" / options.case)
    else:
        summary(options.work)


if __name__ == "__main__":
    main()
