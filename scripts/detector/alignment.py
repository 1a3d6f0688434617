"""How closely each channel follows inpainted regions, and which channels DEAR therefore closes.

The statistics are taken with onnxruntime on the very file that ships, so its hash names them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from diagnostics import Inpainted, read_diagnostics
from export import FEATURES, Runner
from settings import IMAGENET_MEAN, IMAGENET_STD, Settings

TOOL = "scripts/detector/make_detector.py"
PREPROCESSING = {
    "layout": "NCHW",
    "colours": "RGB",
    "range": [0, 1],
    "mean": IMAGENET_MEAN,
    "std": IMAGENET_STD,
}


@dataclass(frozen=True)
class Statistics:
    """One row per image, one column per channel, in double precision."""

    inside: np.ndarray
    outside: np.ndarray
    activation: np.ndarray
    hashes: np.ndarray

    @property
    def rad(self) -> np.ndarray:
        """The mean over images of inside less outside: regional activation discrepancy."""
        return (self.inside - self.outside).mean(axis=0)


def measure(model: Path, diagnostics: Path, settings: Settings) -> Statistics:
    """Measures every image of the set whose mask is not empty."""
    images = [one for one in read_diagnostics(diagnostics) if one.mask.getbbox()]
    runner = Runner(model, [FEATURES], settings)
    rows = [_measure_one(runner, image) for image in images]
    inside, outside, activation = (np.stack(column) for column in zip(*rows, strict=True))
    hashes = [_hash(diagnostics / f"{image.stem}_inpaint.png") for image in images]
    return Statistics(inside, outside, activation, np.array(hashes, dtype=np.uint64))


def _measure_one(runner: Runner, image: Inpainted) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns each channel's mean inside the mask, outside it, and over all."""
    features = runner.run([image.picture])[0][0].astype(np.float64)
    mask = _resized(image.mask, features.shape[1:])
    inside = (features * mask).sum(axis=(1, 2)) / (mask.sum() + 1e-6)
    outside = (features * (1 - mask)).sum(axis=(1, 2)) / ((1 - mask).sum() + 1e-6)
    return inside, outside, features.mean(axis=(1, 2))


def _resized(mask: Image.Image, shape: Sequence[int]) -> np.ndarray:
    """Returns the mask, binarised above 1/2, bilinearly at the features' size."""
    binary = torch.from_numpy((np.asarray(mask) > 127).astype(np.float64))[None, None]
    resized = interpolate(binary, tuple(shape), mode="bilinear", align_corners=False)
    return resized[0, 0].numpy()


def _hash(path: Path) -> int:
    """Returns the first eight bytes of the file's SHA-256, most significant first."""
    return int.from_bytes(hashlib.sha256(path.read_bytes()).digest()[:8], "big")


def open_channels(rad: np.ndarray, settings: Settings) -> np.ndarray:
    """Returns the gate: 0 for both extremes of the discrepancy, 1 for the channels between."""
    order = sorted(range(len(rad)), key=lambda channel: (-rad[channel], channel))
    top = int(len(rad) * settings.exclude_top)
    bottom = int(len(rad) * settings.exclude_bottom)
    gate = np.zeros(len(rad), dtype=np.float32)
    gate[order[top : len(rad) - bottom]] = 1
    return gate


def save_statistics(statistics: Statistics, model: Path, path: Path, settings: Settings) -> None:
    """Writes the file that `dearc prune --stats` reads."""
    selection = {"crop": settings.crop, "seed": settings.seed, "shard": "0/1"}
    with h5py.File(path, "w") as file:
        file.attrs["schema"] = "dearc.alignment/1"
        file.attrs["model_sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
        file.attrs["images"] = len(statistics.hashes)
        file.attrs["tool"] = TOOL
        file.attrs["preprocessing"] = json.dumps(PREPROCESSING)
        file.attrs["selection"] = json.dumps(selection)
        file["images"] = statistics.hashes
        _save_value(statistics, file.create_group("values/0000"))


def _save_value(statistics: Statistics, group: h5py.Group) -> None:
    """Writes what belongs to the one value measured."""
    differences = statistics.inside - statistics.outside
    group.attrs["value"] = FEATURES
    group.attrs["axis"] = 1
    group.attrs["channels"] = differences.shape[1]
    group["rad"] = statistics.rad
    group["rad_m2"] = ((differences - statistics.rad) ** 2).sum(axis=0)
    group["inside_mean"] = statistics.inside.mean(axis=0)
    group["outside_mean"] = statistics.outside.mean(axis=0)
    group["activation_mean"] = statistics.activation.mean(axis=0)
    group["count"] = np.int64(len(differences))
