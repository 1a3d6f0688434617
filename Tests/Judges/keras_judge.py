"""Writes Keras networks with their answers, and compares what a converted network answers.

usage: keras_judge.py write FOLDER [--shard I/N] [--only PATTERN]
       keras_judge.py compare FOLDER [--suffix .onnx] [--channels-first]

`write` saves each network in one of Keras's forms, or in all three where weights are nested, and lists
them in index.json. `compare` runs NAME + suffix for each entry and prints the ones that differ.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import zlib
from pathlib import Path

import numpy as np

FORMS = (".h5", ".keras", ".weights.h5")
TOLERANCE = 1e-5


def randomise(model, rng: np.random.Generator) -> None:
    """Gives every weight values under which a mistake shows."""
    for weight in model.weights:
        name, shape = weight.path.split("/")[-1], weight.shape
        if "variance" in name:
            values = rng.uniform(0.5, 2, shape)
        elif name == "gamma":
            values = rng.uniform(0.5, 1.5, shape)
        elif name == "count":
            continue
        elif len(shape) > 1:
            values = rng.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape)
        else:
            values = rng.normal(0, 0.3, shape)
        weight.assign(values.astype("float32"))
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def save(model, stem: Path, form: str) -> None:
    """Saves the network, and the topology beside weights."""
    if form == ".weights.h5":
        model.save_weights(f"{stem}{form}")
        Path(f"{stem}.json").write_text(model.to_json())
    else:
        model.save(f"{stem}{form}")


def write(folder: Path, shard: tuple[int, int], only: str) -> None:
    """Writes the networks of a shard, with inputs and answers."""
    os.environ["KERAS_BACKEND"] = "jax"
    import absl.logging
    absl.logging.set_verbosity("error")
    import keras
    from keras_networks import NETWORKS

    entries = []
    for place, (name, network) in enumerate(NETWORKS.items()):
        if place % shard[1] != shard[0] or not re.search(only, name):
            continue
        keras.utils.clear_session()
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        inputs = [keras.Input(shape, dtype=network.dtype) for shape in network.inputs]
        model = keras.Model(inputs, network.build(*inputs))
        randomise(model, rng)
        nested = any(isinstance(each, keras.Model) for each in model.layers)
        forms = FORMS if nested else (FORMS[place % 3],)
        for form in forms:
            save(model, folder / name, form)
        for number, size in enumerate(network.sizes):
            given = [made(rng, (2, *filled(shape, size)), network.dtype) for shape in network.inputs]
            answers = model(given if len(given) > 1 else given[0], training=False)
            answers = answers if isinstance(answers, (list, tuple)) else [answers]
            np.savez(folder / f"{name}.{number}.npz",
                     **{f"input{i}": each for i, each in enumerate(given)},
                     **{f"answer{i}": np.asarray(each) for i, each in enumerate(answers)})
        entries.append({"name": name, "forms": list(forms), "count": len(network.sizes)})
    (folder / "index.json").write_text(json.dumps({"networks": entries}))


def made(rng: np.random.Generator, shape: tuple, dtype: str) -> np.ndarray:
    """Random floats around zero, or whole numbers like those of a picture."""
    if dtype == "float32":
        return rng.normal(0, 1, shape).astype(dtype)
    return rng.integers(0, 256, shape).astype(dtype)


def filled(shape: tuple, size: tuple) -> tuple:
    """`shape` with its open extents taken from `size` in turn."""
    rest = iter(size)
    return tuple(next(rest) if extent is None else extent for extent in shape)


def compare(folder: Path, suffix: str, channels_first: bool) -> int:
    """Runs the converted networks; returns how many differ."""
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.log_severity_level = 3
    wrong = 0
    for entry in json.loads((folder / "index.json").read_text())["networks"]:
        for form in entry["forms"]:
            path = folder / f"{entry['name']}{form}{suffix}"
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for number in range(entry["count"]):
                case = np.load(folder / f"{entry['name']}.{number}.npz")
                problem = difference(session, case, channels_first)
                if problem:
                    wrong += 1
                    print(f"{entry['name']}{form} case {number}: {problem}", file=sys.stderr)
    return wrong


def difference(session, case, channels_first: bool) -> str | None:
    """What is wrong with the answers; None if nothing is."""
    def arranged(tensor):
        return np.moveaxis(tensor, -1, 1) if channels_first and tensor.ndim > 2 else tensor

    given = [arranged(case[f"input{i}"]) for i in range(len(session.get_inputs()))]
    names = [each.name for each in session.get_inputs()]
    try:
        results = session.run(None, dict(zip(names, given)))
    except Exception as error:  # onnxruntime's own classes have no common base.
        return str(error)
    wanted = [arranged(case[key]) for key in case.files if key.startswith("answer")]
    if len(results) != len(wanted):
        return f"{len(results)} answers, expected {len(wanted)}"
    for place, (result, answer) in enumerate(zip(results, wanted)):
        if result.shape != answer.shape:
            return f"answer {place} has the extents {result.shape}, expected {answer.shape}"
        error = float(np.abs(result - answer).max() / max(np.abs(answer).max(), 1e-30))
        if not error <= TOLERANCE:
            return f"answer {place} differs by {error:.1e}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["write", "compare"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--only", default="")
    parser.add_argument("--suffix", default=".onnx")
    parser.add_argument("--channels-first", action="store_true")
    arguments = parser.parse_args()
    if arguments.task == "write":
        index, count = map(int, arguments.shard.split("/"))
        write(arguments.folder, (index, count), arguments.only)
        return 0
    return 1 if compare(arguments.folder, arguments.suffix, arguments.channels_first) else 0


if __name__ == "__main__":
    sys.exit(main())
