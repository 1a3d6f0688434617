"""Exports networks to ONNX by both of PyTorch's exporters."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from interpreter import Interpreter, interpret, session
from labels import Labels
from onnx import numpy_helper
from torch import nn

EXPORTERS = ("torchscript", "dynamo")
TRACED = (2, 3, 128, 128)
ELSEWHERE = (1, 3, 160, 96)
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)


@dataclass
class Exported:
    """A network as an exporter wrote it, and the shapes at which it is to be run."""

    model: onnx.ModelProto
    shapes: list[tuple[int, ...]]
    settled: list[str]


def export(model: nn.Module, size: int, exporter: str, folder: Path,
           try_open: bool = True) -> Exported:
    """The network with open batch and size if that gives the right answers, else as it stands."""
    try:
        if not try_open:
            raise ValueError("this network has one size")
        with torch.no_grad():
            model(torch.randn(ELSEWHERE))
        result = write(model, torch.randn(TRACED), exporter, True, folder)
        shapes = [TRACED, ELSEWHERE]
        for shape in shapes:
            compare(model, result, shape)
    except Exception:  # noqa: BLE001  any failure means that this network has one size
        shape = (1, 3, size, size)
        result = write(model, torch.randn(shape), exporter, False, folder)
        shapes = [shape, shape]
        compare(model, result, shape)
    lift_constants(result.graph)
    result, settled = settle(result, shapes[-1])
    return Exported(result, shapes, settled)


def write(model: nn.Module, pictures: torch.Tensor, exporter: str, dynamic: bool,
          folder: Path) -> onnx.ModelProto:
    """Runs one exporter."""
    path = folder / "exporting.onnx"
    names = {"input_names": ["input"], "output_names": ["output"]}
    quiet = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(quiet):
        warnings.simplefilter("ignore")
        if exporter == "torchscript":
            axes = {"input": {0: "batch", 2: "height", 3: "width"}} if dynamic else None
            options = {"training": torch.onnx.TrainingMode.EVAL, "dynamic_axes": axes} | names
            try:
                torch.onnx.export(
                    model, (pictures,), str(path), dynamo=False, opset_version=17, **options)
            except torch.onnx.errors.UnsupportedOperatorError:
                torch.onnx.export(
                    model, (pictures,), str(path), dynamo=False, opset_version=18, **options)
        else:
            open_axis = torch.export.Dim.DYNAMIC
            shapes = ({0: open_axis, 2: open_axis, 3: open_axis},) if dynamic else None
            program = torch.onnx.export(
                model, (pictures,), dynamo=True, opset_version=18, dynamic_shapes=shapes,
                verbose=False, **names)
            program.save(str(path), external_data=False)
    result = onnx.load(path)
    path.unlink()
    if result.functions:
        from onnx import inliner
        result = inliner.inline_local_functions(result)
    return result


@torch.no_grad()
def compare(model: nn.Module, exported: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    """Refuses an export that does not answer as the network does."""
    pictures = torch.randn(shape)
    expected = model(pictures)
    expected = (expected[0] if isinstance(expected, (tuple, list)) else expected).numpy()
    found = session(exported).run(None, {"input": pictures.numpy()})[0]
    if not np.allclose(found, expected, rtol=0, atol=1e-3 * float(np.abs(expected).max())):
        raise ValueError(f"the {shape} export answers {np.abs(found - expected).max()} apart")


def lift_constants(graph: onnx.GraphProto) -> None:
    """Makes initializers of the larger Constant nodes, so that all weights lie in one place."""
    kept = []
    for node in graph.node:
        tensors = [each.t for each in node.attribute if each.name == "value"]
        if node.op_type == "Constant" and tensors and np.prod(tensors[0].dims) > 1 and (
                tensors[0].data_type in FLOATS):
            tensors[0].name = node.output[0]
            graph.initializer.append(tensors[0])
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def settle(model: onnx.ModelProto,
           shape: tuple[int, ...]) -> tuple[onnx.ModelProto, list[str]]:
    """Stores what is computed from weights alone, such as standardised filters.

    Labels do not follow such arithmetic. Gives the operators whose results were stored, too.
    """
    feeds = {"input": np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    run = interpret(model, feeds, False)
    open_shapes = from_shapes(model.graph, run)
    consumed = {name for node in model.graph.node
                if any(each in run.varying for each in node.output) for name in node.input}
    settled, operators = {}, []
    for node in model.graph.node:
        for name in node.output:
            value = run.environment.get(name)
            if (name in consumed and name not in run.varying | open_shapes
                    and isinstance(value, Labels) and run.values[name].size > 1):
                settled[name] = run.values[name]
                operators.append(node.op_type)
    for node in model.graph.node:
        node.output[:] = [f"{name}.computed" if name in settled else name for name in node.output]
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in settled.items())
    return without_dead_nodes(model), operators


def from_shapes(graph: onnx.GraphProto, run: Interpreter) -> set[str]:
    """Values that follow from the extents of a value that varies."""
    found: set[str] = set()
    for node in graph.node:
        shape = node.op_type in ("Shape", "Size") and node.input[0] in run.varying
        if shape or any(name in found for name in node.input):
            found.update(node.output)
    return found


def without_dead_nodes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drops what nobody reads any more."""
    needed = {each.name for each in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        bodies = any(each.HasField("g") or each.graphs for each in node.attribute)
        if bodies:
            return model
        if any(name in needed for name in node.output):
            kept.append(node)
            needed.update(node.input)
    weights = [each for each in model.graph.initializer if each.name in needed]
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    return model
