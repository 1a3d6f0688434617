"""Pictures to numbers and back."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from settings import IMAGENET_MEAN, IMAGENET_STD


def to_tensor(images: Sequence[Image.Image]) -> Tensor:
    """Returns RGB in 0 to 1 as NCHW; the images must be of one size."""
    pixels = np.stack([np.asarray(image) for image in images])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32) / 255


def to_images(values: Tensor) -> list[Image.Image]:
    """Returns 8-bit pictures of RGB in 0 to 1, rounded as a file would hold them."""
    pixels = (values.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    return [Image.fromarray(picture) for picture in pixels.numpy()]


def normalised(images: Sequence[Image.Image]) -> Tensor:
    """Returns what the detector reads: NCHW less ImageNet's mean, divided by its deviation."""
    mean = torch.tensor(IMAGENET_MEAN).reshape(1, 3, 1, 1)
    deviation = torch.tensor(IMAGENET_STD).reshape(1, 3, 1, 1)
    return (to_tensor(images) - mean) / deviation
