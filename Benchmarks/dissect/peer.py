"""Alignment statistics by the formula of DEAR's reference code, in torch or onnxruntime, on two threads.

usage: peer.py export MODEL | peer.py {torch,onnxruntime} MODEL FOLDER [--crop N] [--all]

torch runs its own network of the same architecture, whose weights do not matter for the time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch.nn.functional import interpolate

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# As many pictures as dearc runs together.
PIXELS_PER_BATCH = 2 * 96 * 96


class Network(torch.nn.Module):
    """ResNet-50 without strides in its stem, and a head of one logit."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = torchvision.models.resnet50()
        self.body.conv1.stride = (1, 1)
        self.body.maxpool.stride = 1
        self.body.fc = torch.nn.Linear(2048, 1)
        for module in self.body.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.running_var, 0.4, 2)
                torch.nn.init.normal_(module.running_mean, 0, 0.3)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return self.body(picture)


def export(path: str) -> None:
    axes = {"image": {0: "N", 2: "H", 3: "W"}}
    torch.onnx.export(Network().eval(), (torch.zeros(1, 3, 64, 64),), path, input_names=["image"],
                      output_names=["logit"], dynamic_axes=axes, dynamo=False)


def batches(folder: Path, crop: int | None):
    """Tensors and masks, together as dearc takes them."""
    files = sorted(folder.glob("*_inpaint.*"))
    loaded = []
    for file in files:
        picture = Image.open(file).convert("RGB")
        mask = Image.open(file.with_name(file.stem.removesuffix("_inpaint") + "_mask.png")).convert("L")
        if crop:
            box = (0, 0, crop, crop)
            picture, mask = picture.crop(box), mask.crop(box)
        pixels = (np.asarray(picture, np.float32) / 255 - MEAN) / DEVIATION
        loaded.append((pixels.transpose(2, 0, 1), (np.asarray(mask) > 127).astype(np.float32)[None]))
        if len(loaded) == max(1, PIXELS_PER_BATCH // pixels[..., 0].size) or file == files[-1]:
            yield tuple(torch.from_numpy(np.stack(each)) for each in zip(*loaded, strict=True))
            loaded = []


def discrepancy(features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean over pictures of inside less outside, of each channel."""
    mask = interpolate(mask, features.shape[2:], mode="bilinear", align_corners=False)
    inside = (features * mask).sum((2, 3)) / (mask.sum((2, 3)) + 1e-6)
    outside = (features * (1 - mask)).sum((2, 3)) / ((1 - mask).sum((2, 3)) + 1e-6)
    return (inside - outside).mean(0)


def with_torch(folder: Path, crop: int | None, everything: bool) -> None:
    network, state = Network().eval(), {}

    def observe(_module, _inputs, output) -> None:
        discrepancy(output, state["mask"])

    relus = [module for module in network.modules() if isinstance(module, torch.nn.ReLU)]
    for module in relus if everything else [network.body.layer4]:
        module.register_forward_hook(observe)
    with torch.inference_mode():
        for pictures, state["mask"] in batches(folder, crop):
            network(pictures)


def with_onnxruntime(path: str, folder: Path, crop: int | None, everything: bool) -> None:
    import onnx
    import onnxruntime

    model = onnx.load(path)
    values = [node.output[0] for node in model.graph.node if node.op_type == "Relu"]
    del model.graph.output[:]
    for value in values if everything else values[-1:]:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(value))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(
        onnx.shape_inference.infer_shapes(model).SerializeToString(), options, ["CPUExecutionProvider"])
    for pictures, mask in batches(folder, crop):
        for features in session.run(None, {"image": pictures.numpy()}):
            discrepancy(torch.from_numpy(features), mask)


def main() -> None:
    if sys.argv[1] == "export":
        return export(sys.argv[2])
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=("torch", "onnxruntime"))
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crop", type=int)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    if arguments.tool == "torch":
        with_torch(arguments.folder, arguments.crop, arguments.all)
    else:
        with_onnxruntime(arguments.model, arguments.folder, arguments.crop, arguments.all)


if __name__ == "__main__":
    main()
