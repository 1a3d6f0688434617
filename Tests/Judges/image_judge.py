"""Writes pictures, and what Pillow makes of them, for ImagesTests.

    python image_judge.py pictures DIR    every kind of picture, and its pixels
    python image_judge.py forged DIR      pictures that say what is not so, and other files
    python image_judge.py damaged DIR     pictures cut short, or with bytes flipped
    python image_judge.py resized DIR     pictures in other sizes
    python image_judge.py prepared DIR    pictures as networks take them

Each prints one line per case: its name and what it is about, separated by tabs. The picture is the file
`NAME`, its decoded pixels are `NAME.rgb`, and what is expected is `NAME.out`.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from png_writer import CHANNELS, SIGNATURE, chunk, png

SIZES = [(1, 1), (1, 9), (7, 1), (2, 3), (8, 8), (16, 16), (17, 31), (33, 18), (64, 48), (101, 75)]
Case = tuple[str, bytes]


def samples(random: np.random.Generator, width: int, height: int, channels: int, top: int) -> np.ndarray:
    """A picture of noise and gradients, with numbers from 0 to `top`."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [np.sin(random.uniform(0, 20) * x + random.uniform(0, 20) * y) for _ in range(channels)]
    smooth = (np.stack(waves, axis=2) + 1) / 2
    noise = random.uniform(size=smooth.shape)
    share = random.choice([0.0, 0.2, 1.0])
    return np.round((smooth * (1 - share) + noise * share) * top).astype(np.uint16)


def picture(random: np.random.Generator, width: int, height: int, mode: str) -> Image.Image:
    """A picture in a mode of Pillow's."""
    pixels = samples(random, width, height, len(mode), 255).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of `image`."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def jpegs(random: np.random.Generator, width: int, height: int) -> Iterator[Case]:
    """JPEG files."""
    for quality in (5, 75, 100):
        for progressive in (False, True):
            name = f"q{quality}{'-progressive' if progressive else ''}.jpg"
            options = {"quality": quality, "progressive": progressive}
            yield f"gray-{name}", saved(picture(random, width, height, "L"), "JPEG", **options)
            for sampling in ("4:4:4", "4:2:2", "4:2:0"):
                image = picture(random, width, height, "RGB")
                yield f"{sampling}-{name}", saved(image, "JPEG", subsampling=sampling, **options)
    image = picture(random, width, height, "RGB")
    turned = Image.Exif()
    turned[0x0112] = 6
    yield "rgb.jpg", saved(image, "JPEG", keep_rgb=True)
    yield "restarts.jpg", saved(image, "JPEG", restart_marker_blocks=3, optimize=True)
    yield "turned.jpg", saved(image, "JPEG", exif=turned, comment=b"sideways")
    yield "trailing.jpg", saved(image, "JPEG") + b"behind the end"
    yield "several.mpo", saved(image, "MPO", save_all=True, append_images=[image.rotate(180)])


def resampled_jpegs(random: np.random.Generator) -> Iterator[Case]:
    """JPEG files in which chroma is sampled in ways that Pillow does not write.

    Changing the factors of the first component arranges the same number of blocks in another way.
    """
    for before, factors in {"4:2:2": [0x12], "4:2:0": [0x41, 0x14]}.items():
        for factor in factors:
            for progressive in (False, True):
                image = picture(random, 64, 64, "RGB")
                data = bytearray(saved(image, "JPEG", subsampling=before, progressive=progressive))
                frame = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
                data[frame + 11] = factor
                yield f"factors-{factor:x}-{progressive}.jpg", bytes(data)


def pngs(random: np.random.Generator, width: int, height: int) -> Iterator[Case]:
    """PNG files of all kinds but 16-bit gray."""
    depths = {0: [1, 2, 4, 8], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
    for color, choices in depths.items():
        for depth in choices:
            for interlaced in (False, True):
                top = (1 << depth) - 1
                pixels = samples(random, width, height, CHANNELS[color], top)
                chunks = [(b"gAMA", struct.pack(">I", 45455)), (b"tEXt", b"Title\0none")]
                if color == 3:
                    entries = int(random.integers(1, top + 2))
                    chunks.append((b"PLTE", random.bytes(3 * entries)))
                    chunks.append((b"tRNS", random.bytes(entries)))
                elif color in (0, 2):
                    chunks.append((b"tRNS", struct.pack(">H", top) * CHANNELS[color]))
                name = f"color{color}-depth{depth}{'-interlaced' if interlaced else ''}.png"
                pieces = int(random.integers(1, 5))
                yield name, png(pixels, depth, color, interlaced=interlaced, chunks=chunks, pieces=pieces)
    yield "saved.png", saved(picture(random, width, height, "RGBA"), "PNG", optimize=True)
    frames = [picture(random, width, height, "RGB") for _ in range(3)]
    yield "animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def webps(random: np.random.Generator, width: int, height: int) -> Iterator[Case]:
    """WebP files."""
    for mode in ("RGB", "RGBA"):
        for quality in (0, 60, 100):
            image = picture(random, width, height, mode)
            yield f"{mode}-q{quality}.webp", saved(image, "WEBP", quality=quality)
        image = picture(random, width, height, mode)
        yield f"{mode}-lossless.webp", saved(image, "WEBP", lossless=True)
        yield f"{mode}-exact.webp", saved(image, "WEBP", lossless=True, exact=True)
        yield f"{mode}-profile.webp", saved(image, "WEBP", icc_profile=b"profile", exif=b"Exif\0\0II*\0")


def decoded(data: bytes) -> Image.Image | None:
    """What Pillow makes of a file, or nothing."""
    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    # Whatever Pillow's readers fail with, they have refused the file.
    except Exception:  # noqa: BLE001
        return None


def all_pictures(random: np.random.Generator) -> Iterator[Case]:
    """The pictures that are sound."""
    for width, height in SIZES:
        for source in (jpegs, pngs, webps):
            for name, data in source(random, width, height):
                yield f"{width}x{height}-{name}", data
    yield from resampled_jpegs(random)


def write_pictures(folder: Path) -> None:
    """Prints name, width and height."""
    for name, data in all_pictures(np.random.default_rng(1)):
        image = decoded(data)
        assert image, name
        (folder / name).write_bytes(data)
        (folder / f"{name}.rgb").write_bytes(image.tobytes())
        print(name, image.width, image.height, sep="\t")


def forged(random: np.random.Generator) -> Iterator[Case]:
    """Files that say what is not so, or are not meant to be read."""
    gray16 = samples(random, 8, 8, 1, 65535)
    yield "gray16.png", png(gray16, 16, 0)
    yield "cmyk.jpg", saved(picture(random, 16, 16, "RGB").convert("CMYK"), "JPEG")
    frames = [picture(random, 16, 16, "RGB") for _ in range(2)]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    sound = png(samples(random, 8, 8, 3, 255), 8, 2)
    for width, height in [(0, 8), (8, 0), (1 << 31, 1), (1 << 30, 1 << 30), (20000, 20000), (11000, 11000), (9, 9)]:
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        yield f"{width}x{height}.png", SIGNATURE + chunk(b"IHDR", header) + sound[33:]
    yield "no-palette.png", sound.replace(sound[8:33], chunk(b"IHDR", sound[16:25] + b"\3\0\0\0"))
    jpeg = saved(picture(random, 16, 16, "RGB"), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    for precision, height, width in [(12, 16, 16), (8, 0, 16), (8, 16, 0), (8, 65500, 65500), (8, 65500, 16)]:
        size = struct.pack(">BHH", precision, height, width)
        yield f"{precision}-{width}x{height}.jpg", jpeg[: frame + 4] + size + jpeg[frame + 9 :]
    yield "endless.jpg", scan_bomb(random, 100_000)
    yield "empty", b""
    yield "text.png", b"This is not a picture."
    yield "gif.gif", saved(picture(random, 8, 8, "L"), "GIF")


def scan_bomb(random: np.random.Generator, count: int) -> bytes:
    """A progressive JPEG that repeats its last scan."""
    data = saved(picture(random, 16, 16, "L"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def damage(random: np.random.Generator) -> Iterator[Case]:
    """Files cut at many places, and with bytes flipped."""
    sources = dict(jpegs(random, 33, 18)) | dict(pngs(random, 17, 31)) | dict(webps(random, 33, 18))
    for name, data in sources.items():
        for _ in range(6):
            length = int(random.integers(len(data)))
            yield f"cut{length}-{name}", data[:length]
        for number in range(1, 15):
            flipped = bytearray(data)
            flipped[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
            yield f"flip{number}-{name}", bytes(flipped)
    for name in ["4:2:0-q75.jpg", "color2-depth8.png", "RGB-q60.webp", "RGB-lossless.webp"]:
        for length in range(len(sources[name])):
            yield f"every{length}-{name}", sources[name][:length]


def write_judged(folder: Path, cases: Iterator[Case]) -> None:
    """Prints name, and `decoded` or `refused`."""
    for name, data in cases:
        image = decoded(data)
        (folder / name).write_bytes(data)
        if image:
            (folder / f"{name}.rgb").write_bytes(image.tobytes())
        print(name, "decoded" if image else "refused", sep="\t")


def write_resized(folder: Path) -> None:
    """Prints name, extents before, extents after, and filter."""
    random = np.random.default_rng(3)
    extents = [1, 2, 3, 5, 8, 17, 31, 64, 100, 123]
    for number in range(400):
        width, height, new_width, new_height = (int(random.choice(extents)) for _ in range(4))
        image = picture(random, width, height, "RGB")
        for kind in ("bilinear", "bicubic", "nearest"):
            result = image.resize((new_width, new_height), Image.Resampling[kind.upper()])
            name = f"{number}-{kind}"
            (folder / f"{name}.rgb").write_bytes(image.tobytes())
            (folder / f"{name}.out").write_bytes(result.tobytes())
            print(name, width, height, new_width, new_height, kind, sep="\t")


def shortest_side(image: Image.Image, side: int, kind: str) -> Image.Image:
    """torchvision's `Resize(side)` for Pillow's pictures."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    other = int(side * long / short)
    size = (side, other) if width <= height else (other, side)
    return image.resize(size, Image.Resampling[kind.upper()])


def centre_crop(image: Image.Image, side: int) -> Image.Image:
    """torchvision's `CenterCrop(side)`."""
    width, height = image.size
    if side > width or side > height:
        padded = Image.new("RGB", (max(width, side), max(height, side)))
        padded.paste(image, (max(side - width, 0) // 2, max(side - height, 0) // 2))
        image = padded
    top = round((image.height - side) / 2)
    left = round((image.width - side) / 2)
    return image.crop((left, top, left + side, top + side))


def normalised(image: Image.Image, scale: float, mean: list[float], std: list[float]) -> np.ndarray:
    """torchvision's `ToTensor` and `Normalize`, channels first."""
    numbers = np.asarray(image).transpose(2, 0, 1).astype(np.float32) / np.float32(scale)
    shape = (3, 1, 1)
    return (numbers - np.float32(mean).reshape(shape)) / np.float32(std).reshape(shape)


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
PLAIN = ([0, 0, 0], [1, 1, 1])


def prepared(image: Image.Image) -> Iterator[tuple[str, np.ndarray]]:
    """Text forms of preprocessing, and what they make of a picture."""
    yield "none", normalised(image, 255, *PLAIN)
    yield "imagenet", normalised(image, 255, *IMAGENET)
    yield "clip", normalised(image, 255, *CLIP)
    yield "scale=1,layout=nhwc", normalised(image, 1, *PLAIN).transpose(1, 2, 0)
    yield "scale=127.5,mean=1", normalised(image, 127.5, [1, 1, 1], [1, 1, 1])
    for side in (1, 7, 32, 61):
        for kind in ("bilinear", "bicubic", "nearest"):
            small = shortest_side(image, side, kind)
            yield f"imagenet,resize={side},filter={kind}", normalised(small, 255, *IMAGENET)
        cropped = centre_crop(shortest_side(image, 40, "bicubic"), side)
        text = f"resize=40,crop={side},filter=bicubic,mean=0.5/0.25/0.1,std=0.5/0.6/0.7"
        yield text, normalised(cropped, 255, [0.5, 0.25, 0.1], [0.5, 0.6, 0.7])
        yield f"crop={side}", normalised(centre_crop(image, side), 255, *PLAIN)
    exact = image.resize((23, 14), Image.Resampling.BILINEAR)
    yield "clip,resize=23x14", normalised(exact, 255, *CLIP)


def write_prepared(folder: Path) -> None:
    """Prints name, extents, text form, and the extents of the result."""
    random = np.random.default_rng(4)
    for number, (width, height) in enumerate([*SIZES, (40, 41), (41, 40), (97, 30), (30, 98)]):
        image = picture(random, width, height, "RGB")
        for index, (text, values) in enumerate(prepared(image)):
            name = f"{number}-{index}"
            (folder / f"{name}.rgb").write_bytes(image.tobytes())
            (folder / f"{name}.out").write_bytes(values.astype("<f4").tobytes())
            print(name, width, height, text, 1, *values.shape, sep="\t")


def main() -> None:
    """Writes what the first argument names into the folder that the second names."""
    # Pillow warns of transparency that is lost, and of what it finds odd in damaged files.
    warnings.simplefilter("ignore")
    jobs = {
        "pictures": write_pictures,
        "forged": lambda folder: write_judged(folder, forged(np.random.default_rng(2))),
        "damaged": lambda folder: write_judged(folder, damage(np.random.default_rng(5))),
        "resized": write_resized,
        "prepared": write_prepared,
    }
    jobs[sys.argv[1]](Path(sys.argv[2]))


if __name__ == "__main__":
    main()
