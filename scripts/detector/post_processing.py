"""What happens to pictures on their way: JPEG, resizing, and changes of light and colour.

The random choices are drawn first and applied afterwards, so that a real crop, its reconstruction
and its mask all go through exactly the same.
"""

import io
from dataclasses import dataclass

from numpy.random import Generator
from PIL import Image, ImageEnhance

ENHANCEMENTS = (
    ImageEnhance.Brightness,
    ImageEnhance.Contrast,
    ImageEnhance.Sharpness,
    ImageEnhance.Color,
)


@dataclass(frozen=True)
class PostProcessing:
    """One draw; None means that the step is left out."""

    quality: int | None
    scale: float | None
    strengths: tuple[float | None, ...]

    def apply(self, image: Image.Image, least: int, greatest: int) -> Image.Image:
        """Returns the image compressed, resized with its sides kept within bounds, and enhanced."""
        if self.quality is not None:
            image = compress(image, self.quality)
        image = self._resize(image, least, greatest)
        for enhancement, strength in zip(ENHANCEMENTS, self.strengths, strict=True):
            if strength is not None:
                image = enhancement(image).enhance(strength)
        return image

    def _resize(self, image: Image.Image, least: int, greatest: int) -> Image.Image:
        """Returns the image scaled, each side kept within bounds."""
        if self.scale is None:
            return image
        width, height = (min(max(round(s * self.scale), least), greatest) for s in image.size)
        return image.resize((width, height), Image.Resampling.BICUBIC)


def draw(random: Generator, probability: float, scales: tuple[float, float]) -> PostProcessing:
    """Draws each step independently with the given probability."""

    def perhaps(value: float) -> float | None:
        return value if random.random() < probability else None

    quality = perhaps(float(random.integers(50, 96)))
    scale = perhaps(random.uniform(*scales))
    strengths = tuple(perhaps(random.uniform(0.8, 1.2)) for _ in ENHANCEMENTS)
    return PostProcessing(None if quality is None else int(quality), scale, strengths)


def compress(image: Image.Image, quality: int) -> Image.Image:
    """Returns the image after a trip through JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
