"""Compares ideals that the labels give with networks that were designed at half width.

    python hand_check.py --work FOLDER     after building these networks

PyTorch makes the same architectures with half of every width; their linear weights are counted and
must come to the ideal exactly. Nothing here knows of labels.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import nn
from torchvision.models import DenseNet, MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet


class HalfResNet(ResNet):
    """A residual network whose stages have half the filters."""

    def _make_layer(self, block: type, planes: int, blocks: int, stride: int = 1,
                    dilate: bool = False) -> nn.Sequential:
        if self.inplanes == 64 and planes == 64:
            self.inplanes = 32
            self.conv1 = nn.Conv2d(3, 32, 7, 2, 3, bias=False)
        return super()._make_layer(block, planes // 2, blocks, stride, dilate)


def linear_elements(model: nn.Module) -> int:
    """The weights of convolutions and fully connected layers."""
    kinds = (nn.Conv2d, nn.Linear)
    return sum(each.weight.numel() for each in model.modules() if isinstance(each, kinds))


def half_resnet(block: type, blocks: list[int], **options: int) -> int:
    """A residual network at half width."""
    model = HalfResNet(block, blocks, **options)
    head = 512 * block.expansion // 2
    model.fc = nn.Linear(head, 1000)
    return linear_elements(model)


def half_mobilenet() -> int:
    """MobileNetV2 at half width; the last layer does not follow the width by itself."""
    model = MobileNetV2(width_mult=0.5, round_nearest=1)
    surplus = 160 * 640 + 640 * 1000
    return linear_elements(model) - surplus


def half_vit(heads: int = 3) -> int:
    """ViT-Tiny with one of three heads less, and half of each hidden layer."""
    width, kept = 192, 192 * (heads - heads // 2) // heads
    block = 3 * width * kept + kept * width + 2 * width * 2 * width
    return 16 * 16 * 3 * width + 12 * block + width * 1000


def expectations() -> dict[str, int]:
    """The ideal of each network, by construction."""
    return {
        "torchvision.resnet18": half_resnet(BasicBlock, [2, 2, 2, 2]),
        "torchvision.resnet50": half_resnet(Bottleneck, [3, 4, 6, 3]),
        "torchvision.mobilenet_v2": half_mobilenet(),
        "torchvision.densenet121": linear_elements(DenseNet(16, (6, 12, 24, 16), 32)),
        "timm.vit_tiny_patch16_224": half_vit(),
    }


def main() -> None:
    """Prints one line for each network that was built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    models = parser.parse_args().work / "models"
    torch.set_num_threads(1)
    for name, expected in expectations().items():
        for path in sorted(models.glob(f"{name}.*.json")):
            case = json.loads(path.read_text())
            if case["mode"] != "dims":
                verdict = "as designed" if case["ideal"] == expected else f"designed {expected}"
                print(f"{path.stem:50} ideal {case['ideal']:10} {verdict}")


if __name__ == "__main__":
    main()
