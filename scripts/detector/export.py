"""Writes networks as ONNX with readable names, and runs them in onnxruntime.

Batch normalisation stays a node of its own: folding it is the compiler's work, not the exporter's.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn

from settings import Settings
from tensors import normalised

INPUT = "image"
LOGIT = "logit"
FEATURES = "stage3.2.relu3.Relu"
"""The last stage's output: after the residual sum and its ReLU, before any gate."""
POOLED = "flatten.Flatten"


def export(network: nn.Module, path: Path) -> None:
    """Writes the network for any batch, height and width."""
    _export_from_torch(network.eval().to(memory_format=torch.contiguous_format), path)
    model = onnx.load(path)
    _undo_sharing(model.graph)
    _make_readable(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _export_from_torch(network: nn.Module, path: Path) -> None:
    """Uses the exporter that follows modules one by one, and asks it to leave them as they are."""
    axes = {INPUT: {0: "batch", 2: "height", 3: "width"}, LOGIT: {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, 96, 96),),
            path,
            input_names=[INPUT],
            output_names=[LOGIT],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )


def _undo_sharing(graph: onnx.GraphProto) -> None:
    """Gives every layer its own weights again where the exporter found two that are equal."""
    weights = {weight.name: weight for weight in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity"]:
        copy = graph.initializer.add()
        copy.CopyFrom(weights[node.input[0]])
        copy.name = node.output[0]
        graph.node.remove(node)


def _make_readable(graph: onnx.GraphProto) -> None:
    """Turns `/stage3/stage3.2/relu3/Relu_output_0` into `stage3.2.relu3.Relu`, nodes alike."""
    for node in graph.node:
        node.name = _readable(node.name)
        node.doc_string = ""
        node.input[:] = [_readable(name) for name in node.input]
        node.output[:] = [_readable(name) for name in node.output]
        del node.metadata_props[:]


def _readable(name: str) -> str:
    """Keeps names that modules and the caller gave, shortens those that the exporter made."""
    if not name.startswith("/"):
        return name
    parts: list[str] = []
    for part in name.removeprefix("/").removesuffix("_output_0").split("/"):
        if parts and part.startswith(f"{parts[-1]}."):
            parts[-1] = part
        else:
            parts.append(part)
    return ".".join(parts)


def with_extra_outputs(path: Path, names: Sequence[str]) -> bytes:
    """Returns a copy of the model that also answers with inner values; the file stays as it is."""
    model = onnx.load(path)
    for name in names:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return model.SerializeToString()


class Runner:
    """Runs an exported detector on pictures and answers with the values asked for."""

    def __init__(self, path: Path, names: Sequence[str], settings: Settings) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        inner = [name for name in names if name != LOGIT]
        model = with_extra_outputs(path, inner)
        self.names = list(names)
        self.session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])

    def run(self, images: Sequence[Image.Image]) -> list[np.ndarray]:
        """Returns the values for pictures of one size."""
        return self.session.run(self.names, {INPUT: normalised(images).numpy()})

    def run_all(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Returns the first value for pictures of any sizes, a batch at a time where they agree."""
        return np.concatenate([self.run(batch)[0] for batch in _batches_of_one_size(images)])


def _batches_of_one_size(images: Sequence[Image.Image]) -> Iterator[list[Image.Image]]:
    """Yields neighbours of one size together, 64 at most."""
    batch: list[Image.Image] = []
    for image in images:
        if batch and (image.size != batch[0].size or len(batch) == 64):
            yield batch
            batch = []
        batch.append(image)
    yield batch


def greatest_difference(network: nn.Module, path: Path, settings: Settings) -> float:
    """Returns how far onnxruntime strays from torch over three sizes, relative above 1."""
    session = Runner(path, [LOGIT], settings).session
    random = torch.Generator().manual_seed(settings.seed)
    differences = []
    for batch, height, width in ((4, 96, 96), (2, 160, 120), (1, 224, 333)):
        image = torch.randn(batch, 3, height, width, generator=random)
        with torch.inference_mode():
            expected = network(image).numpy()
        (answer,) = session.run([LOGIT], {INPUT: image.numpy()})
        differences.append((np.abs(answer - expected) / np.maximum(1, np.abs(expected))).max())
    return float(max(differences))
