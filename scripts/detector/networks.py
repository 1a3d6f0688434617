"""The two networks: an autoencoder that makes fakes, and a residual network that detects them."""

import torch
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Squeezes a picture to 1/4 of its width and height with eight channels, and restores it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 8, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(8, 64, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(32, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 3, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Returns the picture restored."""
        return self.decoder(self.encoder(image))


class Bottleneck(nn.Module):
    """Narrow, look around, widen, add what came in: ResNet's block, its last ReLU after the sum."""

    def __init__(self, incoming: int, narrow: int, outgoing: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(incoming, narrow, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(narrow)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(narrow, outgoing, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(outgoing)
        self.shortcut = _shortcut(incoming, outgoing, stride)
        self.relu3 = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        """Returns the block's output."""
        inner = self.relu1(self.norm1(self.conv1(values)))
        inner = self.relu2(self.norm2(self.conv2(inner)))
        return self.relu3(self.norm3(self.conv3(inner)) + self.shortcut(values))


def _shortcut(incoming: int, outgoing: int, stride: int) -> nn.Module:
    """A projection where the shape changes, nothing where it does not."""
    if incoming == outgoing and stride == 1:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(incoming, outgoing, 1, stride, bias=False), nn.BatchNorm2d(outgoing)
    )


def _stage(incoming: int, narrow: int, outgoing: int, blocks: int, stride: int) -> nn.Sequential:
    """One block that changes the shape, and more that keep it."""
    first = Bottleneck(incoming, narrow, outgoing, stride)
    rest = [Bottleneck(outgoing, narrow, outgoing, 1) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)


class Detector(nn.Module):
    """A small ResNet over normalised RGB of any size; its features are at 1/8 of that size.

    A positive logit means generated.
    """

    channels = 192

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()
        )
        self.stage1 = _stage(24, 24, 64, blocks=2, stride=2)
        self.stage2 = _stage(64, 40, 128, blocks=2, stride=2)
        self.stage3 = _stage(128, 72, self.channels, blocks=3, stride=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(self.channels, 1)

    def features(self, image: Tensor) -> Tensor:
        """Returns the last stage's output, after its last ReLU."""
        return self.stage3(self.stage2(self.stage1(self.stem(image))))

    def forward(self, image: Tensor) -> Tensor:
        """Returns one logit per picture."""
        return self.head(self.flatten(self.pool(self.features(image))))


class Gate(nn.Module):
    """Multiplies every channel by zero or one; `gate.gate` is also its name in DEAR's files."""

    gate: Tensor

    def __init__(self, gate: Tensor) -> None:
        super().__init__()
        self.register_buffer("gate", gate.to(torch.float32).reshape(1, -1, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Returns the features, closed channels zero."""
        return features * self.gate


class GatedDetector(nn.Module):
    """A detector with DEAR's gate behind its last ReLU, and a head of its own."""

    def __init__(self, detector: Detector, gate: Tensor, head: nn.Linear) -> None:
        super().__init__()
        self.stem = detector.stem
        self.stage1, self.stage2, self.stage3 = detector.stage1, detector.stage2, detector.stage3
        self.gate = Gate(gate)
        self.pool, self.flatten, self.head = detector.pool, detector.flatten, head

    def forward(self, image: Tensor) -> Tensor:
        """Returns one logit per picture."""
        features = self.stage3(self.stage2(self.stage1(self.stem(image))))
        return self.head(self.flatten(self.pool(self.gate(features))))
