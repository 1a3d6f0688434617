"""Times reading VGG16 from Keras's files with dearc, beside Keras itself, in turns, in one run.

    python load.py --dearc ../../.build/release/dearc [--runs 3]

dearc also folds the network and writes it as ONNX; Keras only loads it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measure import Measurement, apart, run

LOAD = "import sys, keras; keras.models.load_model(sys.argv[1], compile=False)"


def write(folder: Path) -> None:
    """Loads what it needs where it is called."""
    import keras
    model = keras.applications.VGG16(weights=None)
    for form in (".h5", ".keras"):
        model.save(folder / f"vgg16{form}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dearc", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "jax"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        apart(write, folder)
        for form in (".h5", ".keras"):
            path = folder / f"vgg16{form}"
            commands = {
                "cp": ["cp", path, folder / "copy"],
                "dearc convert": [arguments.dearc, "convert", path, "-o", folder / "vgg16.onnx", "-q", "--no-verify"],
                "keras load_model": [sys.executable, "-c", LOAD, path],
            }
            measured = {tool: Measurement(tool) for tool in commands}
            for _ in range(arguments.runs):
                for tool, command in commands.items():
                    usage = run([str(each) for each in command])
                    measured[tool].seconds.append(usage.seconds)
                    measured[tool].peaks.append(usage.peak)
                    measured[tool].failure = usage.failure
            report(path, measured)


def report(path: Path, measured: dict[str, Measurement]) -> None:
    size = path.stat().st_size
    print(f"{path.name}, {size / 1e6:.1f} MB")
    for tool, each in measured.items():
        seconds, peak = statistics.median(each.seconds), statistics.median(each.peaks)
        print(f"  {tool:18} {seconds:7.2f} s {peak / 1e6:8.1f} MB {peak / size:6.2f} × the file"
              + (f"  {each.failure}" if each.failure else ""))


if __name__ == "__main__":
    main()
