"""Makes pictures with an inpainted rectangle, and their masks.

usage: diagnostic_set.py FOLDER COUNT [--seed N] [--size WIDTHxHEIGHT]

Extents are drawn between 40 and 160 pixels from few values, odd ones among them, unless --size states them. Some
pictures come as JPEG, and masks in gray or in colour.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

EXTENTS = (40, 64, 97, 128, 153)


def picture(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Smooth patterns with some noise, so that channels of a network have something to see."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(rng.uniform(0.02, 0.5) * rows + rng.uniform(0.02, 0.5) * columns + rng.uniform(0, 6))
             for _ in range(3)]
    pixels = 128 + 70 * np.stack(waves, axis=-1) + rng.normal(0, 12, (height, width, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def rectangle(rng: np.random.Generator, width: int, height: int) -> tuple[slice, slice]:
    """2 to 20 % of the area, of an aspect between 1/2 and 2, anywhere."""
    area, aspect = rng.uniform(0.02, 0.2) * width * height, rng.uniform(0.5, 2)
    rows = int(np.clip(np.sqrt(area / aspect), 1, height))
    columns = int(np.clip(np.sqrt(area * aspect), 1, width))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    return slice(top, top + rows), slice(left, left + columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.count):
        rng = np.random.default_rng((arguments.seed, number))
        width, height = map(int, arguments.size.split("x")) if arguments.size else rng.choice(EXTENTS, 2)
        pixels, part = picture(rng, width, height), rectangle(rng, width, height)
        pixels[part] = picture(rng, width, height)[part]
        mask = np.zeros((height, width), np.uint8)
        mask[part] = 255
        stem = arguments.folder / f"{number:05}"
        if number % 4 == 3:
            Image.fromarray(pixels).save(f"{stem}_inpaint.jpg", quality=90)
        else:
            Image.fromarray(pixels).save(f"{stem}_inpaint.png", compress_level=1)
        Image.fromarray(mask if number % 2 else np.stack([mask] * 3, -1)).save(f"{stem}_mask.png")


if __name__ == "__main__":
    main()
