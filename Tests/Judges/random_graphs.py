"""Writes random residual, concat and depthwise networks with dead, constant and gated channels.

    python random_graphs.py -o graphs --count 300 --seed 1000

Model number i depends on seed + i alone, and every fifth seed has layers that compute with weights.
Each passes ONNX's checker, runs in onnxruntime on every size that `graphs/index.json` lists for it,
gives finite results of moderate size, and is well conditioned: changing every weight in its last bit
hardly changes the result.
"""

from __future__ import annotations

import argparse
import collections
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import runtime
from graph_builder import GraphBuilder
from random_constants import STORED_ARITHMETIC
from random_heads import head
from random_layers import LAYERS
from random_sketch import Map, Sketch, UnfitError
from random_weights import chance

MAXIMUM_OUTPUT = 1e3
SENSITIVITY_LIMIT = 2e-6
"""How much of the judge's tolerance rounding may take up by itself."""

Case = dict[str, list[int]]


@dataclass(frozen=True)
class Sample:
    """A random network and the input shapes it is to be run on."""

    model: onnx.ModelProto
    cases: list[Case]


def sample(seed: int) -> Sample:
    """Draws networks until one is numerically sound; the result depends on `seed` alone."""
    for attempt in range(100):
        state = np.random.SeedSequence([seed, attempt]).generate_state(1)[0]
        drawn = _draw(state, [*LAYERS, *STORED_ARITHMETIC] if seed % 5 == 4 else LAYERS)
        if _is_sound(drawn, seed):
            return drawn
    raise RuntimeError(f"seed {seed}: no sound network in 100 attempts")


def _draw(seed: int, layers: list[tuple[float, Callable[[Sketch, Map], Map]]]) -> Sample:
    graph = GraphBuilder(opset=0, seed=int(seed))
    rng = graph.rng
    graph.opset = 23 if chance(rng, 0.15) else int(rng.integers(9, 22))
    is_static = chance(rng, 0.4)
    s = Sketch(graph, is_static, inline_weights=0.3 if chance(rng, 0.2) else 0.0)
    s.layers = layers
    cases = _add_inputs(s)
    x = s.maps[-1]
    for _ in range(int(rng.integers(4, 13))):
        x = _extend(s, x)
    _add_outputs(s, x)
    if chance(rng, 0.15):
        _list_initializers(graph)
    return Sample(graph.model(f"random_{seed}"), cases)


def _add_inputs(s: Sketch) -> list[Case]:
    """Declares one or two inputs and says what to run them on."""
    rng = s.rng
    count = 1 if s.is_static else 3
    sizes = [tuple(int(each) for each in rng.integers(6, 17, 2)) for _ in range(count)]
    batches = [1, int(rng.integers(2, 4)), 1]
    runs = [(batch, sizes[index % count]) for index, batch in enumerate(batches[:max(2, count)])]
    cases: list[Case] = [{} for _ in runs]
    for index in range(2 if chance(rng, 0.15) else 1):
        name, channels = f"input{index}" if index else "input", int(rng.integers(1, 5))
        extents = list(sizes[0]) if s.is_static else ["height", "width"]
        s.graph.input(name, ["batch", channels, *extents])
        s.maps.append(Map(name, channels, tuple(sizes)))
        for case, (batch, size) in zip(cases, runs, strict=True):
            case[name] = [batch, channels, *size]
    return cases


def _extend(s: Sketch, x: Map) -> Map:
    """Adds a layer after `x` or, now and then, after an earlier value."""
    if len(s.maps) > 2 and chance(s.rng, 0.1):
        x = s.pick(*s.maps)
    weights = np.array([weight for weight, _ in s.layers])
    while True:
        layer = s.layers[int(s.rng.choice(len(s.layers), p=weights / weights.sum()))][1]
        try:
            result = layer(s, x)
        except UnfitError:
            continue
        if result.channels > 40 or max(max(size) for size in result.sizes) > 40:
            continue
        s.maps.append(result)
        return result


def _add_outputs(s: Sketch, x: Map) -> None:
    """Makes the head's result an output, and sometimes values from inside the network."""
    name, shape = head(s, x)
    s.graph.output(name, shape)
    inner = [each for each in s.maps if each.name != name and each.name not in _input_names(s)]
    if inner and chance(s.rng, 0.25):
        for index in s.rng.choice(len(inner), min(len(inner), s.pick(1, 1, 2)), replace=False):
            s.graph.output(inner[index].name, ["batch", inner[index].channels, None, None])
    if chance(s.rng, 0.1):
        pooled = s.graph.op("GlobalAveragePool", [x.name])
        index = s.graph.op("ArgMax", [pooled], axis=1, keepdims=0)
        s.graph.output(index, ["batch", 1, 1], TensorProto.INT64)


def _input_names(s: Sketch) -> set[str]:
    return {each.name for each in s.graph.inputs}


def _list_initializers(graph: GraphBuilder) -> None:
    """Lists the weights among the graph inputs, where old exporters put them."""
    graph.inputs += [
        helper.make_tensor_value_info(each.name, each.data_type, each.dims)
        for each in graph.initializers
    ]


# Soundness


def _is_sound(drawn: Sample, seed: int) -> bool:
    """Whether results are finite, moderate, and stable under changes in the weights' last bit.

    That is asked of the inputs that the judge will draw: near a zero of the network nothing is stable.
    """
    try:
        original = runtime.session(drawn.model, threads=1)
    except runtime.Failure:
        # onnxruntime's own shape inference refuses a few models that ONNX's checker accepts.
        return False
    nudged = [runtime.session(_nudged(drawn.model, seed), threads=1) for seed in (1, 2)]
    for index, case in enumerate(drawn.cases):
        feeds = runtime.random_inputs(original, seed + index, case)
        try:
            expected = original.run(None, feeds)
        except runtime.Failure:
            # onnxruntime takes some open extents for equal that are not.
            return False
        if not all(_is_moderate(each) for each in expected) or np.abs(expected[0]).max() < 1e-3:
            return False
        for other in nudged:
            results = zip(expected, other.run(None, feeds), strict=True)
            if any(runtime.relative_error(a, b) > SENSITIVITY_LIMIT for a, b in results):
                return False
    return True


def _is_moderate(result: np.ndarray) -> bool:
    return bool(np.isfinite(result).all() and np.abs(result).max() <= MAXIMUM_OUTPUT)


def _nudged(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Multiplies every stored number, at random, by 1 or the next number above or below it."""
    copy, rng = onnx.ModelProto(), np.random.default_rng(seed)
    copy.CopyFrom(model)
    constants = [node.attribute[0].t for node in copy.graph.node if node.op_type == "Constant"]
    for tensor in [*copy.graph.initializer, *constants]:
        if tensor.data_type != TensorProto.FLOAT or tensor.name.startswith("scales"):
            continue
        values = numpy_helper.to_array(tensor)
        factors = 1 + rng.integers(-1, 2, values.shape) * np.float32(2**-23)
        tensor.raw_data = (values * factors.astype(np.float32)).tobytes()
    return copy


# Files


def _write(folder: Path, seed: int) -> dict:
    """Writes the network of `seed` and returns its entry in the index."""
    drawn = sample(seed)
    file = f"{seed:06d}.onnx"
    onnx.save(drawn.model, folder / file)
    return {
        "file": file,
        "seed": seed,
        "opset": drawn.model.opset_import[0].version,
        "cases": drawn.cases,
        "operators": sorted({node.op_type for node in drawn.model.graph.node}),
    }


def _write_all(arguments: argparse.Namespace) -> list[dict]:
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    folders = [arguments.output] * arguments.count
    with ProcessPoolExecutor(arguments.jobs) as pool:
        return list(pool.map(_write, folders, seeds, chunksize=4))


def main() -> None:
    """Writes the networks that the command line asks for, and their index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first network")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    models = _write_all(arguments)
    index = arguments.output / "index.json"
    index.write_text(json.dumps({"models": models}, indent=1) + "\n")
    used = collections.Counter(op for each in models for op in each["operators"])
    print(f"{len(models)} models, seeds {arguments.seed}–{arguments.seed + len(models) - 1}")
    print(", ".join(f"{op} {count}" for op, count in sorted(used.items())))


if __name__ == "__main__":
    main()
