"""Puts the zeroed networks before dearc and its peers, in one run, and judges all alike.

    python peers.py --work FOLDER --dearc ../../.build/release/dearc --results peers.jsonl
    python peers.py --work FOLDER --results peers.jsonl --table     only prints what was found

`--work` names the folder that `prunability.py build` filled; nothing in it is changed. A network
that has a line in the results for a tool is not run again. The README says what each tool was given.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from measure import Usage, apart, run  # noqa: E402  lies one folder above

TARGETS = {"dearc": "onnx", "openvino": "xml", "openvino-open": "xml", "onnxsim": "onnx",
           "torch-pruning": "pt"}
TOOLS = tuple(TARGETS)
OUTCOMES = ("ideal", "rounding", "wide", "wrong", "broken", "failed", "n/a")


def cases(options: argparse.Namespace) -> list[Path]:
    """Networks that were built and have something to lose, the small ones first."""
    found = []
    for path in (options.work / "models").glob("*.onnx"):
        size = path.stat().st_size
        if size > 1e6 * options.below or not re.search(options.only, path.stem):
            continue
        case = json.loads(path.with_suffix(".json").read_text())
        if case["zeroed"] and not case["check"]["changing"]:
            found.append((size, path.with_suffix("")))
    return [stem for _, stem in sorted(found)]


def read(results: Path) -> dict[tuple[str, str], dict]:
    """The newest line of each tool and case."""
    rows = {}
    for line in results.read_text().splitlines() if results.exists() else []:
        row = json.loads(line)
        rows[row["tool"], f"{row['model']}.{row['exporter']}.{row['mode']}"] = row
    return rows


def command(tool: str, options: argparse.Namespace, source: Path, target: Path,
            case: dict) -> list[str]:
    """The command line of a tool."""
    if tool == "dearc":
        return [str(options.dearc), "prune", "--no-verify", "--quiet", str(source), "-o", str(target)]
    heads = ["--heads"] if tool == "torch-pruning" and case["mode"] == "heads" else []
    shape = ",".join(map(str, case["shapes"][0]))
    return [sys.executable, str(HERE / "peer_tools.py"), tool, str(source), str(target), shape, *heads]


def measure(tool: str, stem: Path, options: argparse.Namespace, folder: Path) -> str:
    """One tool on one network: the line for it.

    Whatever loads a network does so in a process of its own, and this one stays small.
    """
    case = json.loads(Path(f"{stem}.json").read_text())
    source, target = Path(f"{stem}.onnx"), folder / f"pruned.{TARGETS[tool]}"
    if tool == "torch-pruning":
        source = folder / "zeroed.pt"
        reason = apart(restored, stem, source)
        if reason:
            return apart(excused, tool, stem, reason)
    usage = run(command(tool, options, source, target, case), options.timeout,
                int(1e9 * options.memory))
    return apart(judged, tool, stem, source, target, usage)


def restored(stem: Path, target: Path) -> str:
    """Makes the module for Torch-Pruning, or says why there is none."""
    from restore import restore
    return restore(stem, target)


def excused(tool: str, stem: Path, reason: str) -> str:
    """The line for a network that could not be put before a tool."""
    from peer_judge import excused as line
    return line(tool, stem, reason)


def judged(tool: str, stem: Path, source: Path, target: Path, usage: Usage) -> str:
    """The line for one run."""
    from peer_judge import judge
    return judge(tool, stem, source, target, usage)


def work(options: argparse.Namespace) -> None:
    """Runs what has no line yet."""
    done = read(options.results)
    for stem in cases(options):
        for tool in options.tool or TOOLS:
            if (tool, stem.name) in done:
                continue
            with tempfile.TemporaryDirectory() as folder:
                line = measure(tool, stem, options, Path(folder))
            with options.results.open("a") as results:
                results.write(line + "\n")
            print(f"{stem.name:58} {tool:14} {brief(json.loads(line))}", flush=True)


def brief(row: dict) -> str:
    """A line's outcome, what is left as a multiple of the ideal, and the error."""
    left = row["achieved"] / row["ideal"] if row["achieved"] else float("nan")
    error = row["difference"] if row["difference"] is not None else float("nan")
    said = row["message"].strip().splitlines()[-1][:80] if row["message"].strip() else ""
    return (f"{row['outcome']:8} {left:7.3f} {error:8.1e} {row['seconds'] or 0:7.2f} s "
            f"{(row['peak'] or 0) / 1e6:7.0f} MB  {said}")


def better_openvino(rows: list[dict]) -> list[dict]:
    """The better of OpenVINO's two results for each case, as one who tries both would have it."""
    found: dict[tuple[str, str, str], dict] = {}
    for row in rows:
        if row["tool"].startswith("openvino"):
            case = row["model"], row["exporter"], row["mode"]
            found[case] = min(found.get(case, row), row, key=lambda each: (
                OUTCOMES.index(each["outcome"]), each["achieved"] or 0))
    return [row | {"tool": "better of both"} for row in found.values()]


def print_table(rows: list[dict]) -> None:
    """Tools beside each other: outcomes, and medians of what is left, of time and of memory."""
    rows = rows + better_openvino(rows)
    print(f"{'tool':14} " + " ".join(f"{each:>8}" for each in OUTCOMES)
          + f" {'left/ideal':>10} {'seconds':>8} {'peak MB':>8}")
    for tool in ("dearc", "openvino", "openvino-open", "better of both", "onnxsim", "torch-pruning"):
        own = [row for row in rows if row["tool"] == tool]
        counts = Counter(row["outcome"] for row in own)
        right = [row for row in own if row["outcome"] in ("ideal", "rounding", "wide")]
        if right:
            medians = [statistics.median(values) for values in (
                [row["achieved"] / row["ideal"] for row in right],
                [row["seconds"] for row in right], [row["peak"] / 1e6 for row in right])]
            print(f"{tool:14} " + " ".join(f"{counts[each]:8}" for each in OUTCOMES)
                  + " {:10.3f} {:8.2f} {:8.0f}".format(*medians))


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--dearc", type=Path)
    parser.add_argument("--results", type=Path, required=True, help="a file of JSON lines")
    parser.add_argument("--only", default=r"\.torchscript\.",
                        help="a regular expression on MODEL.EXPORTER.MODE")
    parser.add_argument("--tool", action="append", choices=TOOLS)
    parser.add_argument("--below", type=float, default=130, help="megabytes of a network")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one run")
    parser.add_argument("--memory", type=float, default=16, help="gigabytes for one run")
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    if not options.table:
        work(options)
    rows = read(options.results)
    print_table([row for (_, name), row in rows.items() if re.search(options.only, name)])


if __name__ == "__main__":
    main()
