"""Times `dearc dissect` beside torch and onnxruntime that compute the same statistics, in turns, in one run.

usage: throughput.py --dearc DEARC --work FOLDER [--turns N]

The network is DEAR's ResNet-50, stride 1 in its stem, with random weights; pictures are made by
Tests/Judges/diagnostic_set.py. Each tool is a process of its own with two threads, whose whole time counts. What a
tool takes for three pictures is taken off, so that a rate is that of a long run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from measure import run  # noqa: E402

# Name, extents of pictures, how many, and the crop.
CASES = (("96² crops", "128x112", 48, 96), ("512² pictures", "512x512", 5, None))
FEW = 3


def pictures(work: Path, size: str, count: int) -> Path:
    folder = work / f"{size}-{count}"
    if not folder.exists():
        maker = HERE.parent.parent / "Tests" / "Judges" / "diagnostic_set.py"
        subprocess.run([sys.executable, maker, folder, str(count), "--size", size], check=True)
    return folder


def commands(dearc: str, model: Path, folder: Path, crop: int | None, everything: bool) -> dict[str, list[str]]:
    cut = ["--crop", str(crop)] if crop else []
    own = [dearc, "dissect", str(model), "--images", str(folder), "--preprocess", "imagenet", "--threads", "2",
           "-o", str(folder.parent / "out.h5"), "--force", "--quiet", *cut]
    peers = {tool: [sys.executable, str(HERE / "peer.py"), tool, str(model), str(folder), *cut]
             + (["--all"] if everything else []) for tool in ("torch", "onnxruntime")}
    return {"dearc": own + (["--target", "all"] if everything else []), **peers}


def rates(arguments, model: Path, size: str, count: int, crop: int | None, everything: bool) -> dict[str, tuple]:
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, int] = {}
    many = commands(arguments.dearc, model, pictures(arguments.work, size, count), crop, everything)
    few = commands(arguments.dearc, model, pictures(arguments.work, size, FEW), crop, everything)
    for _ in range(arguments.turns):
        for tool in many:
            whole, start = run(many[tool]), run(few[tool])
            for usage in (whole, start):
                if usage.failure:
                    sys.exit(f"{tool}: {usage.failure}")
            seconds.setdefault(tool, []).append(max(whole.seconds - start.seconds, 1e-9))
            peaks[tool] = max(peaks.get(tool, 0), whole.peak)
    return {tool: ((count - FEW) / statistics.median(each), peaks[tool]) for tool, each in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dearc", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    model = arguments.work / "dear.onnx"
    if not model.exists():
        subprocess.run([sys.executable, HERE / "peer.py", "export", model], check=True)
    print(f"{'pictures':<16}{'values':<8}{'tool':<14}{'per second':>11}{'of dearc':>10}{'peak':>10}")
    for name, size, count, crop in CASES:
        for everything in (False, True):
            found = rates(arguments, model, size, count, crop, everything)
            for tool, (rate, peak) in found.items():
                print(f"{name:<16}{'all' if everything else 'one':<8}{tool:<14}{rate:>11.2f}"
                      f"{rate / found['dearc'][0]:>10.2f}{peak / 1e6:>7.0f} MB", flush=True)


if __name__ == "__main__":
    main()
