"""Square crops of photographs, chosen at random but never flat."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from PIL import Image

from photographs import Photograph, load
from settings import Settings


@dataclass(frozen=True)
class Pair:
    """A crop of a photograph and the autoencoder's reconstruction of it, pixel for pixel."""

    photograph: str
    real: Image.Image
    fake: Image.Image


def random_stream(settings: Settings, purpose: str) -> Generator:
    """Returns a generator of its own for each purpose, so that no step disturbs another."""
    return default_rng([settings.seed, zlib.crc32(purpose.encode())])


def cut(
    image: Image.Image, side: int, count: int, least: float, random: Generator
) -> list[Image.Image]:
    """Returns up to `count` crops whose grey levels deviate by at least `least`."""
    found: list[Image.Image] = []
    for _ in range(20 * count):
        if len(found) == count:
            break
        crop = random_square(image, side, random)
        if np.asarray(crop.convert("L")).std() >= least:
            found.append(crop)
    return found


def random_square(image: Image.Image, side: int, random: Generator) -> Image.Image:
    """Returns a square at a uniformly random place."""
    left = int(random.integers(image.width - side + 1))
    top = int(random.integers(image.height - side + 1))
    return image.crop((left, top, left + side, top + side))


def centre_square(image: Image.Image, side: int) -> Image.Image:
    """Returns the square in the middle."""
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def crops_of_split(
    photographs: Sequence[Photograph],
    split: str,
    side: int,
    count: int,
    settings: Settings,
    work: Path,
) -> list[tuple[str, Image.Image]]:
    """Returns (photograph's name, crop) for the split's photographs, in the table's order."""
    crops = []
    for photograph in (p for p in photographs if p.split == split):
        image = load(photograph, work, settings.longest_side)
        random = random_stream(settings, f"crops {side} {photograph.name}")
        found = cut(image, side, count, settings.least_deviation, random)
        crops += [(photograph.name, crop) for crop in found]
    return crops
