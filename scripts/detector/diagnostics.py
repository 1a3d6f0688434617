"""The diagnostic set: real crops in which one rectangle is the autoencoder's work.

Pictures and masks pair by name, `{stem}_inpaint.png` and `{stem}_mask.png`; white is inpainted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from numpy.random import Generator
from PIL import Image, ImageDraw

from crops import Pair, random_stream
from settings import Settings


@dataclass(frozen=True)
class Inpainted:
    """A picture, and the mask that tells which part of it is generated."""

    stem: str
    picture: Image.Image
    mask: Image.Image


def random_mask(side: int, random: Generator) -> Image.Image:
    """Draws a rectangle of 2 to 20 % of the area, aspect ratio 1/2 to 2, anywhere inside."""
    area = random.uniform(0.02, 0.20) * side * side
    aspect = random.uniform(0.5, 2.0)
    width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
    left = int(random.integers(side - width + 1))
    top = int(random.integers(side - height + 1))
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rectangle((left, top, left + width - 1, top + height - 1), fill=255)
    return mask


def inpaint(pair: Pair, random: Generator, stem: str = "") -> Inpainted:
    """Replaces one random rectangle of the real crop by its reconstruction."""
    mask = random_mask(pair.real.width, random)
    return Inpainted(stem, Image.composite(pair.fake, pair.real, mask), mask)


def make_diagnostics(pairs: Sequence[Pair], settings: Settings) -> list[Inpainted]:
    """Draws from every photograph in turn, so that none weighs more than another."""
    random = random_stream(settings, "diagnostics")
    names = list(dict.fromkeys(pair.photograph for pair in pairs))
    made = []
    for count in range(settings.diagnostic_pairs):
        name = names[count % len(names)]
        of_photograph = [pair for pair in pairs if pair.photograph == name]
        pair = of_photograph[int(random.integers(len(of_photograph)))]
        smaller = _same_square(pair, settings.crop, random)
        made.append(inpaint(smaller, random, f"{count:03d}-{name}"))
    return made


def _same_square(pair: Pair, side: int, random: Generator) -> Pair:
    """Cuts one random square out of both halves of a pair."""
    left = int(random.integers(pair.real.width - side + 1))
    top = int(random.integers(pair.real.height - side + 1))
    box = (left, top, left + side, top + side)
    return Pair(pair.photograph, pair.real.crop(box), pair.fake.crop(box))


def save_diagnostics(made: Sequence[Inpainted], folder: Path) -> None:
    """Writes the set, replacing one that an earlier run left."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for one in made:
        one.picture.save(folder / f"{one.stem}_inpaint.png", optimize=True)
        one.mask.convert("1").save(folder / f"{one.stem}_mask.png", optimize=True)


def read_diagnostics(folder: Path) -> list[Inpainted]:
    """Reads a set back from files, which are all that the statistics may depend on."""
    found = []
    for path in sorted(folder.glob("*_inpaint.png")):
        stem = path.name.removesuffix("_inpaint.png")
        mask = Image.open(folder / f"{stem}_mask.png").convert("L")
        found.append(Inpainted(stem, Image.open(path).convert("RGB"), mask))
    return found
