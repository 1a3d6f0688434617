"""Writes pictures, and judges with onnxruntime what `dearc` says of two models that are given them.

usage: picture_judge.py pictures FOLDER COUNT WIDTH HEIGHT
       picture_judge.py rescaled FILE
       picture_judge.py random SEED FILE FOLDER
       picture_judge.py verify BEFORE AFTER FOLDER REPORT.json
       picture_judge.py activations BEFORE AFTER FOLDER REPORT.json

`pictures` writes PNG and JPEG files by turns, `rescaled` a network with a factor that folding moves across values,
and `random` a network of random_graphs.py that takes the first channels of a picture, with two pictures for it. REPORT.json is what `dearc verify BEFORE AFTER --images FOLDER
--preprocess none --json` or `dearc diff BEFORE AFTER --activations --images FOLDER --preprocess none --json`
printed. Both models are run by onnxruntime, with every value that the report names as an output, and all numbers
are computed anew by numpy.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from PIL import Image

import runtime


def write(folder: Path, count: int, width: int, height: int) -> None:
    """Smooth pictures with some noise, which JPEG leaves recognisable."""
    rng = np.random.default_rng(count * 1000 + width)
    folder.mkdir(exist_ok=True)
    for number in range(count):
        coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        pixels = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
        pixels = np.clip(pixels + rng.integers(-20, 21, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.{'png' if number % 2 == 0 else 'jpg'}")


def rescale(path: str) -> None:
    """Two layers, between which an activation and a maximum stand before the factors."""
    rng = np.random.default_rng(5)
    shapes = {"first.weight": (8, 3, 3, 3), "second.weight": (6, 8, 3, 3), "head.weight": (2, 6)}
    tensors = [numpy_helper.from_array(rng.normal(0, 0.3, shape).astype(np.float32), name)
               for name, shape in shapes.items()]
    tensors.append(numpy_helper.from_array(rng.uniform(2, 5, (1, 8, 1, 1)).astype(np.float32), "factors"))
    nodes = [helper.make_node(op, inputs, [name], name, **attributes) for op, inputs, name, attributes in (
        ("Conv", ["image", "first.weight"], "first", {"pads": [1] * 4}), ("Relu", ["first"], "act", {}),
        ("MaxPool", ["act"], "top", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Mul", ["top", "factors"], "scaled", {}),
        ("Conv", ["scaled", "second.weight"], "second", {}), ("Sigmoid", ["second"], "bounded", {}),
        ("GlobalAveragePool", ["bounded"], "pooled", {}), ("Flatten", ["pooled"], "flat", {}),
        ("Gemm", ["flat", "head.weight"], "scores", {"transB": 1}))]
    graph = helper.make_graph(
        nodes, "rescaled", [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["N", 2])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def draw(seed: str, path: str, folder: Path) -> None:
    """A random network behind a node that leaves it as many channels of a picture as it takes."""
    with tempfile.TemporaryDirectory() as made:
        script = Path(__file__).with_name("random_graphs.py")
        subprocess.run([sys.executable, script, "-o", made, "--count", "1", "--seed", seed, "--jobs", "1"],
                       check=True, stdout=subprocess.DEVNULL)
        entry = json.loads((Path(made) / "index.json").read_text())["models"][0]
        model = onnx.load(Path(made) / entry["file"])
    graph, ((name, (_, channels, height, width)),) = model.graph, entry["cases"][0].items()
    graph.input.remove(graph.input[0])
    graph.input.insert(0, helper.make_tensor_value_info(
        "picture", onnx.TensorProto.FLOAT, [1, 3, height, width]))
    for each, number in (("first", 0), ("end", channels), ("axis", 1)):
        graph.initializer.append(numpy_helper.from_array(np.array([number], np.int64), f"picture.{each}"))
    graph.node.insert(0, helper.make_node(
        "Slice", ["picture", "picture.first", "picture.end", "picture.axis"], [name], "picture.part"))
    onnx.save(model, path)
    write(folder, 2, width, height)


def tensors(folder: Path) -> dict[str, np.ndarray]:
    """What `--preprocess none` makes of each picture that can be read, by path."""
    result = {}
    for path in sorted(folder.iterdir()):
        try:
            pixels = np.asarray(Image.open(path).convert("RGB"), np.float32)
        except OSError:
            continue
        result[str(path)] = (pixels / np.float32(255)).transpose(2, 0, 1)[None]
    return result


def values(path: str, names: list[str], pictures: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """The values called `names` for each picture."""
    with runtime.as_onnx_file(Path(path)) as file:
        model = onnx.load(file)
    present = {each.name for each in model.graph.output}
    for name in dict.fromkeys(names):
        if name not in present:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = runtime.session(model)
    key = session.get_inputs()[0].name
    names = list(dict.fromkeys(names))
    return [dict(zip(names, session.run(names, {key: each}), strict=True)) for each in pictures.values()]


class Judgement:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def near(self, what: str, found: float, wanted: float, slack: float = 0) -> None:
        """Two runtimes round differently, by `slack`; otherwise numbers agree to some digits."""
        if not abs(found - wanted) <= 2e-3 * abs(wanted) + slack:
            self.faults.append(f"{what} is {found}, should be {wanted}")

    def same(self, what: str, found, wanted) -> None:
        if found != wanted:
            self.faults.append(f"{what} is {found}, should be {wanted}")

    def end(self, summary: str) -> int:
        print(summary)
        print("\n".join(self.faults), file=sys.stderr)
        return int(bool(self.faults))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def judge_verification(before: str, after: str, folder: Path, report: dict) -> int:
    stated, pictures, judgement = report["pictures"], tensors(folder), Judgement()
    judgement.same("the count", stated["compared"], len(pictures))
    names = [each["name"] for each in stated["outputs"]]
    own, other = values(before, names, pictures), values(after, names, pictures)
    far = np.zeros(len(pictures), bool)
    for output, worst in zip(stated["outputs"], stated["worstPictures"], strict=True):
        name = output["name"]
        a, b = (np.concatenate([each[name].ravel() for each in runs]).astype(np.float64) for runs in (own, other))
        distances, scale = np.abs(a - b), np.abs(a).max()
        slack = 3e-6 * scale
        each = np.array([np.abs(x[name].astype(np.float64) - y[name]).max() for x, y in zip(own, other)])
        far |= each > stated["absoluteTolerance"] + stated["relativeTolerance"] * scale
        judgement.same(f"{name}: elements", output["elements"], a.size)
        judgement.near(f"{name}: largest", output["largest"], distances.max(), slack)
        judgement.near(f"{name}: mean", output["mean"], distances.mean(), slack)
        judgement.near(f"{name}: relative", output["relative"], distances.max() / scale, 3e-6)
        judgement.near(f"{name}: meanRelative", output["meanRelative"], distances.mean() / scale, 3e-6)
        rank = np.sort(distances)[min(len(distances) * 99 // 100, len(distances) - 1)]
        if not rank - slack <= output["percentile99"] <= rank * (1 + 1 / 63) + slack:
            judgement.faults.append(f"{name}: percentile99 is {output['percentile99']}, should be {rank}")
        judgement.near(f"{name}: cosine", output["cosine"], cosine(a, b), 1e-6)
        if each.max() > 10 * slack:
            judgement.same(f"{name}: the worst picture", worst, list(pictures)[int(each.argmax())])
            place = each.argmax()
            index = tuple(output["worst"])
            judgement.near(f"{name}: worstBefore", output["worstBefore"], own[place][name][index], slack)
            judgement.near(f"{name}: worstAfter", output["worstAfter"], other[place][name][index], slack)
    judgement.same("failed", stated["failed"], int(far.sum()))
    return judgement.end(f"{len(pictures)} pictures")


def selected(value: np.ndarray, axes: list[dict], side: str) -> np.ndarray:
    for axis in axes:
        value = np.take(value, axis[side], axis["axis"])
    return value


def judge_activations(before: str, after: str, folder: Path, report: dict) -> int:
    stated, pictures, judgement = report["activations"], tensors(folder), Judgement()
    judgement.same("the count", stated["pictures"], len(pictures))
    listed = stated["values"]
    own = values(before, [each["before"] for each in listed], pictures)
    other = values(after, [each["after"] for each in listed], pictures)
    parted = None
    for place, value in enumerate(listed):
        name = value["before"]
        a, b = (np.concatenate([selected(each[value[side]], value["axes"], side).ravel() for each in runs])
                .astype(np.float64) for runs, side in ((own, "before"), (other, "after")))
        distances, rms = np.abs(a - b), np.sqrt((a * a).mean())
        # Runtimes compute in half precision as they like.
        is_half = any(each[value[side]].dtype == np.float16
                      for runs, side in ((own, "before"), (other, "after")) for each in runs)
        slack = (5e-2 if is_half else 2e-4) * rms
        judgement.same(f"{name}: elements", value["elements"], a.size)
        judgement.near(f"{name}: largest", value["largest"], distances.max(), slack)
        judgement.near(f"{name}: mean", value["mean"], distances.mean(), slack / 20)
        judgement.near(f"{name}: rms", value["rms"], rms, 1e-5 * rms)
        judgement.near(f"{name}: relative", value["relative"],
                       np.sqrt((distances ** 2).sum() / (a * a).sum()), slack / rms / 20)
        judgement.near(f"{name}: cosine", value["cosine"], cosine(a, b), 1e-3 if is_half else 1e-6)
        if distances.max() > stated["tolerance"] * rms and parted is None:
            parted = place
    judgement.same("the first parting", stated.get("firstParting"), parted)
    return judgement.end(f"{len(listed)} values, {len(pictures)} pictures")


def main(command: str, *arguments: str) -> int:
    if command == "pictures":
        write(Path(arguments[0]), *(int(each) for each in arguments[1:]))
        return 0
    if command == "random":
        draw(arguments[0], arguments[1], Path(arguments[2]))
        return 0
    if command == "rescaled":
        rescale(arguments[0])
        return 0
    judge = {"verify": judge_verification, "activations": judge_activations}[command]
    before, after, folder, report = arguments
    return judge(before, after, Path(folder), json.loads(Path(report).read_text()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
