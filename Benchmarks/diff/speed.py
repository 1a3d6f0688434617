"""Times tools that compare two models, in turns, in one run.

    python speed.py --dearc ../../.build/release/dearc before.onnx:after.onnx ... \
        --tool 'onnx-diff=venv/bin/onnxdiff {0} {1}' --tool 'diffonnx=venv2/bin/diffonnx {0} {1}'

The tools need packages that exclude each other, so each comes with the environment it runs in. What they find
is not judged here: none of them says which channels are left.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measure import Measurement, run


def measure(command: list[str], runs: int, timeout: float, name: str) -> Measurement:
    """Runs a command several times; one failure ends it."""
    result = Measurement(name)
    for _ in range(runs):
        usage = run(command, timeout)
        result.seconds.append(usage.seconds)
        result.peaks.append(usage.peak)
        if usage.failure:
            result.failure = usage.failure
            break
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", metavar="BEFORE:AFTER")
    parser.add_argument("--dearc", required=True)
    parser.add_argument("--tool", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600)
    arguments = parser.parse_args()
    tools = {"dearc diff": f"{arguments.dearc} diff {{0}} {{1}}"}
    tools |= dict(each.split("=", 1) for each in arguments.tool)
    for pair in arguments.pairs:
        before, after = pair.split(":")
        sizes = ", ".join(f"{Path(each).stat().st_size / 1e6:.1f} MB" for each in (before, after))
        print(f"{Path(before).name} → {Path(after).name}, {sizes}", flush=True)
        for name, command in tools.items():
            words = [word.format(before, after) for word in command.split()]
            result = measure(words, arguments.runs, arguments.timeout, name)
            print(f"  {name:<12} {statistics.median(result.seconds):8.2f} s "
                  f"{max(result.peaks) / 1e6:9.1f} MB  {(result.failure or '')[:100]}", flush=True)


if __name__ == "__main__":
    main()
