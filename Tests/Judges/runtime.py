"""Loads models into onnxruntime and feeds them reproducible random inputs."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_safetensors
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import Fail as Failure

Shapes = Mapping[str, Sequence[int]]

_ELEMENT_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


@contextlib.contextmanager
def as_onnx_file(model: Path) -> Iterator[Path]:
    """Lends an .onnx file for `model`, extracted by onnx-safetensors if it is a .safetensors."""
    if model.suffix != ".safetensors":
        yield model
        return
    with tempfile.TemporaryDirectory() as folder:
        copy, extracted = Path(folder) / model.name, Path(folder) / "model.onnx"
        shutil.copyfile(model, copy)
        onnx_safetensors.extract_safetensors_model(copy, extracted)
        yield extracted


def session(
    model: Path | onnx.ModelProto, *, optimize: bool = False, threads: int = 2
) -> ort.InferenceSession:
    """Opens a model, an .onnx file or a .safetensors file that carries its graph.

    Optimisations are off unless asked for, so that the network runs as it is written.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
    if isinstance(model, onnx.ModelProto):
        return ort.InferenceSession(model.SerializeToString(), options)
    with as_onnx_file(model) as path:
        return ort.InferenceSession(str(path), options)


def random_inputs(
    model: ort.InferenceSession, seed: int, shapes: Shapes | None = None
) -> dict[str, np.ndarray]:
    """Draws one normally distributed array per input of the session `model`.

    `shapes` gives extents by input name. Extents left open there become 1 for the first axis and
    32 for the others.
    """
    rng = np.random.default_rng(seed)
    feeds = {}
    for declared in model.get_inputs():
        shape = (shapes or {}).get(declared.name) or _closed(declared.shape)
        element_type = _ELEMENT_TYPES[declared.type]
        draw = rng.standard_normal(shape)
        if not np.issubdtype(element_type, np.floating):
            draw = np.abs(draw * 4)
        feeds[declared.name] = draw.astype(element_type)
    return feeds


def _closed(shape: Sequence[int | str | None]) -> list[int]:
    return [
        extent if isinstance(extent, int) else (1 if axis == 0 else 32)
        for axis, extent in enumerate(shape)
    ]


def relative_error(expected: np.ndarray, actual: np.ndarray) -> float:
    """The largest difference over the largest magnitude expected; infinite if it has no meaning."""
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        return float("inf")
    if expected.size == 0:
        return 0.0
    wide, other = expected.astype(np.float64), actual.astype(np.float64)
    if not (np.isfinite(wide).all() and np.isfinite(other).all()):
        return 0.0 if np.array_equal(wide, other, equal_nan=True) else float("inf")
    return float(np.abs(wide - other).max() / max(1e-6, np.abs(wide).max()))
