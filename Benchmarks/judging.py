"""What is in a model, and how far the answers of two models lie apart, by onnxruntime.

Apart from what measures, whose process must stay small.
"""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def page(batch: int, height: int, width: int) -> np.ndarray:
    """Pictures of dark strokes in lines on bright paper, on which a detector of text has answers."""
    rng = np.random.default_rng(0)
    picture = rng.normal(1, 0.05, (batch, 3, height, width)).astype(np.float32)
    for top in range(16, height - 16, 28):
        for left in range(12, width - 12, 9):
            if rng.random() < 0.85:
                picture[:, :, top:top + 14, left:left + 2] -= 2
                row = top + int(rng.integers(0, 12))
                picture[:, :, row:row + 2, left:left + 7] -= 2
    return picture


def answers(model: Path, batch: int) -> list[np.ndarray]:
    """What a model makes of pages."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    channels_last = entry.shape[-1] == 3
    data = page(batch, 224, 224)
    data = np.ascontiguousarray(np.moveaxis(data, 1, -1)) if channels_last else data
    return session.run(None, {entry.name: data})


def batches(model: Path) -> list[int]:
    """The numbers of pictures to compare at: two where the model takes any."""
    graph = onnx.load(model, load_external_data=False).graph
    first = graph.input[0].type.tensor_type.shape.dim[0]
    return [first.dim_value] if first.dim_value > 0 else [1, 3]


def operators(model: Path) -> dict[str, int]:
    """How many nodes of each operator a model has, most frequent first."""
    graph = onnx.load(model, load_external_data=False).graph
    return dict(collections.Counter(node.op_type for node in graph.node).most_common())


def examine(original: Path, result: Path) -> dict:
    """What is left in a result, and how far its answers are from the original's."""
    difference = 0.0
    for batch in batches(original):
        for expected, found in zip(answers(original, batch), answers(result, batch), strict=True):
            difference = max(
                difference, float(np.abs(expected - found).max() / np.abs(expected).max()))
    return {
        "operators": operators(result), "difference": difference, "bytes": result.stat().st_size}
