"""Writes well-known convolutional networks with random weights, named as torch exports them.

    python networks.py resnet50 -o resnet50.onnx --stride1-stem --keep 1230
    python networks.py densenet121 -o densenet.onnx --width 0.25

Batch normalisation is kept as training left it, with random scale, shift, mean and variance, so
that folding it wrongly shows. `--width` scales every channel count and makes tests quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from graph_builder import GraphBuilder


@dataclass(frozen=True)
class Settings:
    """What every network offers to vary."""

    seed: int = 0
    opset: int = 17
    width: float = 1.0
    """Scales every channel count."""
    size: int = 224
    dynamic: bool = True
    """Leaves the batch open, and height and width where the topology allows."""
    batch_norm: bool = True
    """Without it, convolutions have a bias instead."""
    folded: bool = True
    """False writes gates and Flatten as torch does when told not to fold constants."""

    def channels(self, count: int) -> int:
        """Scales a channel count, keeping at least two."""
        return max(2, int(count * self.width))


class ModuleWriter:
    """Writes layers under the names that torch.onnx gives to modules."""

    def __init__(self, settings: Settings, *, fixed_size: bool = False) -> None:
        self.settings = settings
        self.graph = GraphBuilder(settings.opset, settings.seed)
        batch = "batch" if settings.dynamic else 1
        open_size = settings.dynamic and not fixed_size
        extents = ["height", "width"] if open_size else [settings.size] * 2
        self.input = self.graph.input("input", [batch, 3, *extents])

    def node(self, op_type: str, inputs: Sequence[str], module: str = "", **attributes) -> str:
        """Adds a node named after the module that owns it: `layer1.0.conv1` and so on."""
        parts = module.split(".") if module else []
        scopes: list[str] = []
        for index, part in enumerate(parts):
            is_number = part.isdigit() and index > 0
            scopes.append(f"{scopes[-1]}.{part}" if is_number else part)
        path = "".join(f"/{scope}" for scope in scopes)
        return self.graph.op(op_type, inputs, name=f"{path}/{op_type}_output_0", **attributes)

    def conv(
        self, x: str, module: str, ins: int, outs: int, kernel: int, *, stride: int = 1,
        pad: int | None = None, groups: int = 1, bias: bool | None = None, gain: float = 1,
    ) -> str:
        """A square convolution whose weights keep the variance of its input, times `gain`²."""
        rng, graph = self.graph.rng, self.graph
        fan_in = ins // groups * kernel * kernel
        weight = rng.standard_normal((outs, ins // groups, kernel, kernel), np.float32)
        scale = np.float32(gain * np.sqrt(2 / fan_in))
        inputs = [x, graph.initializer(weight * scale, f"{module}.weight")]
        if bias if bias is not None else not self.settings.batch_norm:
            drawn = rng.standard_normal(outs, np.float32) * np.float32(0.1)
            inputs.append(graph.initializer(drawn, f"{module}.bias"))
        padding = kernel // 2 if pad is None else pad
        return self.node(
            "Conv", inputs, module, dilations=[1, 1], group=groups, kernel_shape=[kernel] * 2,
            pads=[padding] * 4, strides=[stride] * 2)

    def batch_norm(self, x: str, module: str, channels: int) -> str:
        """Batch normalisation as training leaves it, or nothing if the settings say so."""
        if not self.settings.batch_norm:
            return x
        rng, graph = self.graph.rng, self.graph
        parameters = {
            "weight": rng.uniform(0.5, 1.5, channels),
            "bias": rng.normal(0, 0.2, channels),
            "running_mean": rng.normal(0, 0.2, channels),
            "running_var": rng.uniform(0.5, 1.5, channels),
        }
        inputs = [
            graph.initializer(values.astype(np.float32), f"{module}.{name}")
            for name, values in parameters.items()
        ]
        return self.node("BatchNormalization", [x, *inputs], module, epsilon=1e-5, momentum=0.9)

    def relu(self, x: str, module: str = "relu") -> str:
        """Relu."""
        return self.node("Relu", [x], module)

    def max_pool(self, x: str, module: str, kernel: int, stride: int, pad: int) -> str:
        """Square max pooling."""
        return self.node(
            "MaxPool", [x], module, kernel_shape=[kernel] * 2, strides=[stride] * 2,
            pads=[pad] * 4)

    def linear(self, x: str, module: str, ins: int, outs: int) -> str:
        """A fully connected layer with bias."""
        rng, graph = self.graph.rng, self.graph
        weight = rng.standard_normal((outs, ins), np.float32) * np.float32(np.sqrt(1 / ins))
        bias = rng.standard_normal(outs, np.float32) * np.float32(0.1)
        parameters = [
            graph.initializer(weight, f"{module}.weight"),
            graph.initializer(bias, f"{module}.bias"),
        ]
        return self.node("Gemm", [x, *parameters], module, alpha=1.0, beta=1.0, transB=1)

    def flatten(self, x: str) -> str:
        """Keeps the batch and joins the other axes."""
        if not self.settings.folded:
            return self.graph.flatten_by_shape(x)
        return self.node("Flatten", [x], axis=1)

    def gate(self, x: str, keep: Sequence[int], channels: int) -> str:
        """Multiplies by 1 the channels in `keep`, by 0 the others, as DEAR does."""
        mask = np.zeros(channels, np.float32)
        mask[list(keep)] = 1
        if self.settings.folded:
            gate = self.graph.initializer(mask.reshape(1, -1, 1, 1), "gate.gate")
        else:
            shape = self.graph.constant_node(np.array([1, -1, 1, 1], np.int64), "/gate/Constant")
            stored = self.graph.initializer(mask, "gate.gate")
            gate = self.node("Reshape", [stored, shape], "gate")
        return self.node("Mul", [x, gate], "gate")

    def finish(self, x: str, name: str, outputs: int) -> onnx.ModelProto:
        """Declares the result and checks the model."""
        batch = "batch" if self.settings.dynamic else 1
        self.graph.output(x, [batch, outputs])
        return self.graph.model(name)


_BRANCH_GAIN = 0.3
"""How much a residual branch adds, so that activations do not grow with depth."""


def _bottleneck(
    net: ModuleWriter, x: str, module: str, ins: int, middle: int, stride: int
) -> str:
    outs = middle * 4
    y = net.conv(x, f"{module}.conv1", ins, middle, 1)
    y = net.relu(net.batch_norm(y, f"{module}.bn1", middle), f"{module}.relu")
    y = net.conv(y, f"{module}.conv2", middle, middle, 3, stride=stride)
    y = net.relu(net.batch_norm(y, f"{module}.bn2", middle), f"{module}.relu")
    y = net.conv(y, f"{module}.conv3", middle, outs, 1, gain=_BRANCH_GAIN)
    y = net.batch_norm(y, f"{module}.bn3", outs)
    if stride != 1 or ins != outs:
        x = net.conv(x, f"{module}.downsample.0", ins, outs, 1, stride=stride)
        x = net.batch_norm(x, f"{module}.downsample.1", outs)
    return net.relu(net.node("Add", [y, x], module), f"{module}.relu")


def resnet50(
    settings: Settings = Settings(), *, stride1_stem: bool = False,
    keep: int | Sequence[int] | None = None, blocks: Sequence[int] = (3, 4, 6, 3),
    classes: int = 1,
) -> onnx.ModelProto:
    """ResNet-50; with `stride1_stem` and `keep`, the network of DEAR.

    `stride1_stem` keeps the first convolution and the max pool from reducing the size. `keep`
    puts a 0/1 gate after the last stage: the channels it lets pass, or how many to draw.
    """
    net = ModuleWriter(settings)
    base = settings.channels(64)
    stride = 1 if stride1_stem else 2
    x = net.conv(net.input, "conv1", 3, base, 7, stride=stride)
    x = net.relu(net.batch_norm(x, "bn1", base))
    x = net.max_pool(x, "maxpool", 3, stride, 1)
    ins = base
    for stage, count in enumerate(blocks):
        middle = base << stage
        for block in range(count):
            step = 2 if stage > 0 and block == 0 else 1
            x = _bottleneck(net, x, f"layer{stage + 1}.{block}", ins, middle, step)
            ins = middle * 4
    if keep is not None:
        chosen = _kept(net.graph.rng, keep, ins)
        x = net.gate(x, chosen, ins)
    x = net.flatten(net.node("GlobalAveragePool", [x], "avgpool"))
    return net.finish(net.linear(x, "fc", ins, classes), "resnet50", classes)


def _kept(rng: np.random.Generator, keep: int | Sequence[int], channels: int) -> list[int]:
    if isinstance(keep, int):
        return sorted(rng.choice(channels, keep, replace=False).tolist())
    return list(keep)


def _mobile_unit(
    net: ModuleWriter, x: str, module: str, ins: int, outs: int, kernel: int, stride: int,
    groups: int = 1,
) -> str:
    """Convolution, normalisation, ReLU6."""
    y = net.conv(x, f"{module}.0", ins, outs, kernel, stride=stride, groups=groups)
    return net.graph.clip(net.batch_norm(y, f"{module}.1", outs), 0.0, 6.0)


def mobilenet_v2(settings: Settings = Settings(), *, classes: int = 10) -> onnx.ModelProto:
    """MobileNetV2: inverted residuals around depthwise convolutions."""
    net = ModuleWriter(settings)
    ins = settings.channels(32)
    x = _mobile_unit(net, net.input, "features.0", 3, ins, 3, 2)
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)]
    index = 0
    for expansion, width, count, first_stride in rows:
        for block in range(count):
            index += 1
            stride = first_stride if block == 0 else 1
            outs = settings.channels(width)
            x = _inverted_residual(net, x, f"features.{index}.conv", ins, outs, expansion, stride)
            ins = outs
    last = settings.channels(1280)
    x = _mobile_unit(net, x, f"features.{index + 1}", ins, last, 1, 1)
    x = net.flatten(net.node("GlobalAveragePool", [x]))
    return net.finish(net.linear(x, "classifier.1", last, classes), "mobilenet_v2", classes)


def _inverted_residual(
    net: ModuleWriter, x: str, module: str, ins: int, outs: int, expansion: int, stride: int
) -> str:
    middle, y, layer = ins * expansion, x, 0
    if expansion != 1:
        y = _mobile_unit(net, y, f"{module}.{layer}", ins, middle, 1, 1)
        layer += 1
    y = _mobile_unit(net, y, f"{module}.{layer}", middle, middle, 3, stride, groups=middle)
    y = net.conv(y, f"{module}.{layer + 1}", middle, outs, 1, gain=_BRANCH_GAIN)
    y = net.batch_norm(y, f"{module}.{layer + 2}", outs)
    is_residual = stride == 1 and ins == outs
    return net.node("Add", [x, y], module.removesuffix(".conv")) if is_residual else y


def densenet121(
    settings: Settings = Settings(), *, blocks: Sequence[int] = (6, 12, 24, 16),
    classes: int = 10,
) -> onnx.ModelProto:
    """DenseNet-121: every layer normalises the concatenation of all earlier ones."""
    net = ModuleWriter(settings)
    growth, channels = settings.channels(32), settings.channels(64)
    x = net.conv(net.input, "features.conv0", 3, channels, 7, stride=2)
    x = net.relu(net.batch_norm(x, "features.norm0", channels), "features.relu0")
    x = net.max_pool(x, "features.pool0", 3, 2, 1)
    for index, count in enumerate(blocks):
        x = _dense_block(net, x, f"features.denseblock{index + 1}", channels, growth, count)
        channels += growth * count
        if index + 1 < len(blocks):
            x = _transition(net, x, f"features.transition{index + 1}", channels)
            channels //= 2
    x = net.relu(net.batch_norm(x, "features.norm5", channels))
    x = net.flatten(net.node("GlobalAveragePool", [x]))
    return net.finish(net.linear(x, "classifier", channels, classes), "densenet121", classes)


def _dense_block(
    net: ModuleWriter, x: str, module: str, ins: int, growth: int, count: int
) -> str:
    parts = [x]
    for index in range(count):
        layer = f"{module}.denselayer{index + 1}"
        width = ins + growth * index
        y = net.node("Concat", parts, layer, axis=1) if len(parts) > 1 else x
        y = net.relu(net.batch_norm(y, f"{layer}.norm1", width), f"{layer}.relu1")
        y = net.conv(y, f"{layer}.conv1", width, growth * 4, 1)
        y = net.relu(net.batch_norm(y, f"{layer}.norm2", growth * 4), f"{layer}.relu2")
        parts.append(net.conv(y, f"{layer}.conv2", growth * 4, growth, 3))
    return net.node("Concat", parts, module, axis=1)


def _transition(net: ModuleWriter, x: str, module: str, channels: int) -> str:
    y = net.relu(net.batch_norm(x, f"{module}.norm", channels), f"{module}.relu")
    y = net.conv(y, f"{module}.conv", channels, channels // 2, 1)
    return net.node("AveragePool", [y], f"{module}.pool", kernel_shape=[2, 2], strides=[2, 2])


def vgg16(settings: Settings = Settings(), *, classes: int = 10) -> onnx.ModelProto:
    """VGG-16: plain convolutions, then Flatten into three fully connected layers."""
    net = ModuleWriter(settings, fixed_size=True)
    x, ins, index, size = net.input, 3, 0, settings.size
    for width, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(count):
            outs = settings.channels(width)
            x = net.conv(x, f"features.{index}", ins, outs, 3, bias=True)
            x, ins, index = net.relu(x, f"features.{index + 1}"), outs, index + 2
        x, index, size = net.max_pool(x, f"features.{index}", 2, 2, 0), index + 1, size // 2
    hidden = settings.channels(4096)
    x = net.relu(net.linear(net.flatten(x), "classifier.0", ins * size * size, hidden))
    x = net.relu(net.linear(x, "classifier.3", hidden, hidden))
    return net.finish(net.linear(x, "classifier.6", hidden, classes), "vgg16", classes)


NETWORKS = {
    "resnet50": resnet50,
    "mobilenet_v2": mobilenet_v2,
    "densenet121": densenet121,
    "vgg16": vgg16,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--width", type=float, default=1.0, help="scales every channel count")
    parser.add_argument("--size", type=int, default=224, help="input height and width, if static")
    parser.add_argument("--static", action="store_true", help="batch 1 and --size")
    parser.add_argument("--no-batch-norm", action="store_true")
    parser.add_argument(
        "--unfolded", action="store_true", help="as torch exports without constant folding")
    parser.add_argument("--stride1-stem", action="store_true", help="resnet50: the stem of DEAR")
    parser.add_argument("--keep", type=int, help="resnet50: channels that the gate lets pass")
    parser.add_argument(
        "--blocks", type=int, nargs="+", help="resnet50, densenet121: layers per stage")
    return parser.parse_args()


def main() -> None:
    """Writes the network that the command line describes."""
    arguments = _arguments()
    settings = Settings(
        arguments.seed, arguments.opset, arguments.width, arguments.size, not arguments.static,
        not arguments.no_batch_norm, not arguments.unfolded)
    extra = {}
    if arguments.network == "resnet50":
        extra = {"stride1_stem": arguments.stride1_stem, "keep": arguments.keep}
    if arguments.blocks and arguments.network in ("resnet50", "densenet121"):
        extra["blocks"] = arguments.blocks
    onnx.save(NETWORKS[arguments.network](settings, **extra), arguments.output)


if __name__ == "__main__":
    main()
