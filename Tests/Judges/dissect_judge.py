"""Judges what `dearc dissect` measured, with onnxruntime, Pillow and numpy.

usage: dissect_judge.py STATS.h5 MODEL.onnx FOLDER [--crop N] [--seed N] [--tokens ROWSxCOLUMNS] [--limit X]

Pictures are prepared with ImageNet's mean and deviation. Every value in the file is measured again, one picture at a
time, by the formula of DEAR's reference code; the mask is resized by onnxruntime as torch's `interpolate` does it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def resizer() -> onnxruntime.InferenceSession:
    """Resizes a mask to given extents: bilinear, corners not aligned, no antialiasing."""
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear",
                            coordinate_transformation_mode="half_pixel")
    graph = helper.make_graph(
        [node], "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, None, None]),
         helper.make_tensor_value_info("sizes", TensorProto.INT64, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return onnxruntime.InferenceSession(model.SerializeToString())


def exposing(path: str, values: list[str]) -> onnxruntime.InferenceSession:
    """The model with `values` as its outputs."""
    model = onnx.load(path)
    del model.graph.output[:]
    for value in values:
        model.graph.output.append(helper.make_empty_tensor_value_info(value))
    return onnxruntime.InferenceSession(onnx.shape_inference.infer_shapes(model).SerializeToString())


def crop_place(file: Path, seed: int, width: int, height: int, side: int) -> tuple[int, int]:
    """Where dearc says that it cuts out: by the picture's hash and the seed."""
    bits = int.from_bytes(hashlib.sha256(file.read_bytes()).digest()[:8], "big")
    lot = bits ^ (seed * 0x9E3779B97F4A7C15 % 2**64)
    turned = (lot << 32 | lot >> 32) % 2**64
    return lot * (width - side + 1) >> 64, turned * (height - side + 1) >> 64


def samples(folder: Path, crop: int | None, seed: int):
    """The tensor and the mask of each pair whose mask is not empty."""
    for file in sorted(folder.glob("*_inpaint.*")):
        picture = Image.open(file).convert("RGB")
        mask = Image.open(file.with_name(file.stem.removesuffix("_inpaint") + "_mask.png")).convert("L")
        if crop:
            left, top = crop_place(file, seed, *picture.size, crop)
            picture, mask = (each.crop((left, top, left + crop, top + crop)) for each in (picture, mask))
        region = (np.asarray(mask) > 127).astype(np.float32)[None, None]
        if region.any():
            pixels = np.asarray(picture, np.float32) / 255
            yield ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)[None], region


def feature_map(value: np.ndarray, axis: int, grid: tuple[int, int] | None) -> np.ndarray:
    """Channels, rows, columns in double precision."""
    value = value[0].astype(np.float64)
    if value.ndim == 2:
        return value[value.shape[0] - grid[0] * grid[1]:].T.reshape(-1, *grid)
    return np.moveaxis(value, axis - 1, 0)


def measure(features: np.ndarray, region: np.ndarray, resize: onnxruntime.InferenceSession):
    """Means inside, outside and everywhere, of each channel."""
    sizes = np.array([1, 1, *features.shape[1:]], np.int64)
    mask = resize.run(None, {"x": region, "sizes": sizes})[0][0, 0].astype(np.float64)
    inside = (features * mask).sum((1, 2)) / (mask.sum() + 1e-6)
    outside = (features * (1 - mask)).sum((1, 2)) / ((1 - mask).sum() + 1e-6)
    return inside, outside, features.mean((1, 2))


def closed(rad: np.ndarray, share: float) -> set[int]:
    order = sorted(range(len(rad)), key=lambda channel: (-rad[channel], channel))
    count = int(len(rad) * share)
    return set(order[:count]) | set(order[len(rad) - count:])


def distance(found: np.ndarray, want: np.ndarray) -> float:
    return float(np.abs(found - want).max() / max(np.abs(want).max(), 1e-30))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("statistics")
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crop", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", type=lambda text: tuple(map(int, text.split("x"))))
    parser.add_argument("--limit", type=float, default=1e-5)
    arguments = parser.parse_args()
    with h5py.File(arguments.statistics) as file:
        groups = [(dict(group.attrs), {name: group[name][()] for name in group}) for group in file["values"].values()]
    names = [attributes["value"] for attributes, _ in groups]
    session, resize = exposing(arguments.model, names), resizer()
    rows = [[] for _ in names]
    for tensor, region in samples(arguments.folder, arguments.crop, arguments.seed):
        results = session.run(names, {session.get_inputs()[0].name: tensor})
        for row, result, (attributes, _) in zip(rows, results, groups, strict=True):
            row.append(measure(feature_map(result, int(attributes["axis"]), arguments.tokens), region, resize))
    worst, moved = 0.0, 0
    for row, (attributes, found) in zip(rows, groups, strict=True):
        inside, outside, overall = (np.stack(each) for each in zip(*row, strict=True))
        rad = (inside - outside).mean(0)
        want = {"rad": rad, "rad_m2": ((inside - outside - rad) ** 2).sum(0), "inside_mean": inside.mean(0),
                "outside_mean": outside.mean(0), "activation_mean": overall.mean(0)}
        if found["count"] != len(row):
            print(f"{attributes['value']}: counted {found['count']}, not {len(row)}", file=sys.stderr)
            return 1
        worst = max([worst] + [distance(found[name], each) for name, each in want.items()])
        moved += sum(closed(found["rad"], share) != closed(rad, share) for share in (0.2, 0.3))
    print(f"{len(names)} values, {len(rows[0])} pictures, at most {worst:.1e} away, {moved} other sets closed")
    return 0 if worst < arguments.limit and moved == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
