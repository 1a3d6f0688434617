"""Judges what `dearc stats` makes of alignment statistics, by numpy, h5py, onnxruntime and Pillow.

    python stats_judge.py shown STATS REPORT.json            every number of a report
    python stats_judge.py merged ONE.h5 MERGED.h5            shards merged against one run
    python stats_judge.py heat MODEL IMAGES STATS.h5 PAGE    heat maps, drawn anew
    python stats_judge.py random DIR                         statistics of random numbers, with many ties
    python stats_judge.py layouts MODEL                      a model with its channels last, and with tokens
"""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from pathlib import Path

import h5py
import numpy as np

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
COLORS = np.float32([[60, 15, 110], [190, 30, 90], [245, 115, 40], [255, 240, 150]])


def values(path: str) -> list[dict]:
    """The values of a file of statistics, with their datasets."""
    if not h5py.is_hdf5(path):
        stored = json.loads(Path(path).read_text())
        return [{"value": stored.get("value"), "rad": np.array(stored["rad"], np.float64)}]
    with h5py.File(path) as file:
        if "schema" not in file.attrs:
            found: list[np.ndarray] = []
            file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
            return [{"value": None, "rad": found[0].astype(np.float64)}]
        groups = file["values"]
        return [
            {"value": group.attrs["value"], "axis": int(group.attrs["axis"])} | {name: group[name][()] for name in group}
            for group in (groups[name] for name in sorted(groups))
        ]


def ranking(rad: np.ndarray) -> np.ndarray:
    """The channels, the largest RAD first, equal ones by number."""
    return np.lexsort((np.arange(len(rad)), -rad))


def errors(value: dict) -> np.ndarray | None:
    """The standard error of every channel."""
    if "count" not in value or value["count"] < 2:
        return None
    count = float(value["count"])
    return np.sqrt(value["rad_m2"] / (count - 1)) / np.sqrt(count)


def check(name: str, expected: object, found: object, tolerance: float = 1e-12) -> None:
    """Fails if two numbers, or lists of them, are not the same."""
    if expected is None or found is None:
        assert expected is None and found is None, f"{name}: {found}, not {expected}"
        return
    difference = np.max(np.abs(np.subtract(expected, found)), initial=0)
    assert difference <= tolerance * np.max(np.abs(expected), initial=1), f"{name}: {found}, not {expected}"


def check_end(name: str, end: dict, rad: np.ndarray, closed: np.ndarray, kept: np.ndarray) -> None:
    """One end of a ranking; channels are given from the border on."""
    check(f"{name} closed", len(closed), end["closed"])
    check(f"{name} last closed", rad[closed[0]] if len(closed) else None, end.get("lastClosed"))
    check(f"{name} first kept", rad[kept[0]], end["firstKept"])


def check_channels(name: str, shown: list[dict], order: np.ndarray, value: dict, kept: set[int]) -> None:
    """The channels listed at one end, which begin with the first of `order`."""
    deviations = errors(value)
    ranks = {int(channel): rank for rank, channel in enumerate(ranking(value["rad"]))}
    check(name, order, [each["channel"] for each in shown])
    for each in shown:
        channel = each["channel"]
        assert each["rank"] == ranks[channel] and each["isClosed"] == (channel not in kept), each
        check(f"{name} RAD", value["rad"][channel], each["rad"], 0)
        check(f"{name} error", None if deviations is None else deviations[channel], each.get("standardError"))
        for key, dataset in (("insideMean", "inside_mean"), ("outsideMean", "outside_mean")):
            check(f"{name} {key}", value[dataset][channel] if dataset in value else None, each.get(key), 0)


def shown(path: str, report: str) -> None:
    """Compares a report with what numpy makes of the file."""
    document = json.loads(Path(report).read_text())
    assert document["schema"] == "dearc.stats/1"
    stored = {each["value"]: each for each in values(path)}
    assert document["values"], "there is no value"
    for found in document["values"]:
        value = stored[found.get("value")]
        rad = value["rad"]
        order, count = ranking(rad), len(rad)
        top, bottom = int(count * document["excludeTop"]), int(count * document["excludeBottom"])
        kept = order[top : count - bottom]
        check_end("top", found["top"], rad, order[:top][::-1], kept)
        check_end("bottom", found["bottom"], rad, order[count - bottom :], kept[::-1])
        check("closed channels", np.sort(np.setdiff1d(order, kept)), found["closedChannels"], 0)
        check("extent", [rad.min(), rad.max(), count], [found["smallest"], found["largest"], found["channels"]], 0)
        deviations = errors(value)
        median = None if deviations is None else np.sort(deviations)[count // 2]
        check("median error", median, found.get("medianStandardError"))
        bins = found["histogram"]
        check("histogram", np.histogram(rad, bins=len(bins["counts"]))[0], bins["counts"], 0)
        largest, smallest = found["largestChannels"], found["smallestChannels"]
        check_channels("largest", largest, order[: len(largest)], value, set(kept.tolist()))
        check_channels("smallest", smallest, order[::-1][: len(smallest)], value, set(kept.tolist()))


def merged(one: str, other: str) -> None:
    """Compares merged shards with one run: the same values in the same order, to rounding."""
    expected, found = values(one), values(other)
    assert [each["value"] for each in expected] == [each["value"] for each in found]
    for before, after in zip(expected, found):
        for name in ("rad", "rad_m2", "inside_mean", "outside_mean", "activation_mean", "count"):
            check(f"{before['value']} {name}", before[name], after[name])
    with h5py.File(one) as first, h5py.File(other) as second:
        assert set(first["images"][()]) == set(second["images"][()]), "other pictures are counted"
        for name in ("images", "model_sha256", "preprocessing", "selection", "unreadable", "unmasked"):
            # What would be zero is left out.
            assert first.attrs.get(name, 0) == second.attrs.get(name, 0), name


def upsampled(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear interpolation between the middles of pixels, as align_corners=False means it."""
    for axis, extent in ((0, height), (1, width)):
        count = image.shape[axis]
        place = np.clip((np.arange(extent) + 0.5) * count / extent - 0.5, 0, count - 1)
        low = place.astype(int)
        high = np.minimum(low + 1, count - 1)
        share = (place - low).reshape([-1, 1] if axis == 0 else [1, -1])
        image = image.take(low, axis) * (1 - share) + image.take(high, axis) * share
    return image


def drawing(image, mask: np.ndarray, activations: np.ndarray, low: float, high: float) -> np.ndarray:
    """The heat map over a picture in gray, with the outline of the mask."""
    gray = np.asarray(image.convert("L"), np.float32)[..., None]
    height, width = gray.shape[:2]
    share = np.clip((upsampled(activations, height, width) - low) / max(high - low, 1e-30), 0, 1)
    color = np.stack([np.interp(share * 3, range(4), COLORS[:, channel]) for channel in range(3)], -1)
    opacity = (0.25 + 0.55 * share)[..., None]
    result = gray * (1 - opacity) + color * opacity
    padded = np.pad(mask, 1, mode="edge")
    around = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    edge = np.any([side != mask for side in around], axis=0)
    result[edge] = np.where(mask[edge], 255, 0)[:, None]
    return result


def channels_first(activations: np.ndarray, axis: int) -> np.ndarray:
    """The maps of one picture, each of the last tokens as many as make a square."""
    if axis == 3:
        return activations.transpose(2, 0, 1)
    if axis == 2:
        side = int(len(activations) ** 0.5)
        return activations[-side * side :].T.reshape(-1, side, side)
    return activations


def layouts(path: str) -> None:
    """Writes a network that computes feature maps with channels last, and tokens behind one of no place."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.default_rng(8)
    stored = {
        "weight": generator.normal(size=(12, 3, 9, 9)) / 9,
        "first": generator.normal(size=(1, 1, 12)),
        "head": generator.normal(size=(12, 1)),
    }
    nodes = [
        helper.make_node("Shape", ["image"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["count"]),
        helper.make_node("Concat", ["count", "ones"], ["batch"], axis=0),
        helper.make_node("Conv", ["image", "weight"], ["conv"], strides=[8, 8], pads=[4, 4, 4, 4]),
        helper.make_node("Transpose", ["conv"], ["turned"], perm=[0, 2, 3, 1]),
        helper.make_node("Relu", ["turned"], ["last"]),
        helper.make_node("Reshape", ["last", "extents"], ["places"]),
        helper.make_node("Expand", ["first", "batch"], ["lead"]),
        helper.make_node("Concat", ["lead", "places"], ["tokens"], axis=1),
        helper.make_node("ReduceMean", ["tokens"], ["pooled"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["pooled", "head"], ["logit"]),
    ]
    integers = {"extents": [0, 144, 12], "zero": [0], "one": [1], "ones": [1, 1]}
    initializers = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in stored.items()]
    initializers += [numpy_helper.from_array(np.int64(array), name) for name, array in integers.items()]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 96, 96])]
    outputs = [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 1])]
    graph = helper.make_graph(nodes, "layouts", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def heat(model_path: str, images: str, path: str, page: str) -> None:
    """Draws the heat maps of a page anew."""
    import onnx
    import onnxruntime
    from PIL import Image

    text = Path(page).read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    model = onnx.load(model_path)
    names = [value["name"] for value in data["values"]]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    stems = sorted(file.name.removesuffix("_inpaint.png") for file in Path(images).glob("*_inpaint.png"))
    pictures = {stem: Image.open(f"{images}/{stem}_inpaint.png").convert("RGB") for stem in stems}
    stored = {each["value"]: each for each in values(path)}
    maps: dict[str, list[np.ndarray]] = {}
    for stem, picture in pictures.items():
        pixels = (np.asarray(picture, np.float32) / 255 - MEAN) / STD
        tensor = {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]}
        results = session.run(names, tensor)
        maps[stem] = [channels_first(result[0], stored[name]["axis"]) for name, result in zip(names, results)]
    for index, value in enumerate(data["values"]):
        order = ranking(stored[value["name"]]["rad"])
        assert [each["channel"] for each in value["heatMaps"]] == [*order[:4], *order[-4:]]
        for each in value["heatMaps"]:
            channel = each["channel"]
            strength = {stem: float(maps[stem][index][channel].mean(dtype=np.float64)) for stem in stems}
            expected = sorted(stems, key=lambda stem: -strength[stem])[:3]
            assert [found["stem"] for found in each["pictures"]] == expected, (channel, expected)
            own = np.stack([maps[stem][index][channel] for stem in expected])
            check("scale", [own.min(), own.max()], [each["lowest"], each["highest"]], 1e-4)
            for found in each["pictures"]:
                stem = found["stem"]
                check("mean", strength[stem], found["mean"], 1e-4)
                file = base64.b64decode(found["uri"].removeprefix("data:image/png;base64,"))
                drawn = np.asarray(Image.open(io.BytesIO(file)), np.float32)
                mask = np.asarray(Image.open(f"{images}/{stem}_mask.png").convert("L")) > 127
                wanted = drawing(pictures[stem], mask, maps[stem][index][channel], own.min(), own.max())
                difference = np.abs(drawn - wanted).max()
                assert difference <= 1, f"channel {channel} on {stem} differs by {difference}"
    print(sum(len(each["pictures"]) for value in data["values"] for each in value["heatMaps"]))


def random(folder: str) -> None:
    """Writes statistics in every form."""
    generator = np.random.default_rng(5)
    target = Path(folder)
    for number, count in enumerate((1, 2, 7, 100, 2048)):
        ties = np.round(generator.normal(size=count), 1)
        smooth = generator.normal(size=count) * 10.0 ** generator.integers(-6, 6)
        equal = np.full(count, 0.25)
        for name, rad in (("ties", ties), ("smooth", smooth), ("equal", equal)):
            with h5py.File(target / f"{name}{number}.h5", "w") as file:
                file["scores"] = rad.astype(np.float32)
            document = {"value": "layer <b>", "rad": rad.tolist()}
            (target / f"{name}{number}.json").write_text(json.dumps(document))


if __name__ == "__main__":
    {"shown": shown, "merged": merged, "heat": heat, "random": random, "layouts": layouts}[sys.argv[1]](*sys.argv[2:])
