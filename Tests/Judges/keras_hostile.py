"""Writes Keras files that are broken, or made to do harm, one for each reason to refuse them.

usage: keras_hostile.py FOLDER

A sound model is written by h5py, and each case is that model with one thing changed. cases.json lists
the files with a part of what the refusal is to say; `sound.h5`, `sound.keras` and `deflated.keras` are
to be read.
"""

from __future__ import annotations

import copy
import io
import json
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

CASES: dict[str, tuple[str, Callable]] = {}
"""For each file, a part of what the refusal says, and what writes it."""


def layer(class_name: str, name: str, **config) -> dict:
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}}


def sound_config() -> dict:
    """A functional model: a picture through a convolution, a normalisation and a matrix."""
    layers = [
        layer("InputLayer", "x", batch_shape=[None, 8, 8, 3], dtype="float32"),
        layer("Conv2D", "conv", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same",
              data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu",
              use_bias=True),
        layer("BatchNormalization", "norm", axis=-1, epsilon=0.001, center=True, scale=True),
        layer("Flatten", "flat"), layer("Dense", "dense", units=2, use_bias=True,
                                        activation="softmax")]
    for before, each in zip([None, *layers], layers):
        each["inbound_nodes"] = [[[before["name"], 0, 0, {}]]] if before else []
    return {"class_name": "Functional", "config": {
        "name": "model", "layers": layers, "input_layers": [["x", 0, 0]],
        "output_layers": [["dense", 0, 0]]}}


WEIGHTS = {
    "conv": {"conv/kernel:0": (3, 3, 3, 4), "conv/bias:0": (4,)},
    "norm": {f"norm/{name}:0": (4,) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
    "dense": {"dense/kernel:0": (256, 2), "dense/bias:0": (2,)},
}


def write_hdf5(path: Path, config, change: Callable | None = None) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = config if isinstance(config, (str, int)) else json.dumps(config)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([name.encode() for name in WEIGHTS])
        for name, tensors in WEIGHTS.items():
            group = weights.create_group(name)
            group.attrs["weight_names"] = np.array([each.encode() for each in tensors])
            for each, shape in tensors.items():
                group[each] = np.ones(shape, "f4")
        if change:
            change(file, weights, path.parent)


# Changes of the configuration.

def config_case(name: str, reason: str):
    def register(change: Callable) -> Callable:
        def write(path: Path) -> None:
            config = sound_config()
            layers = {each["name"]: each["config"] for each in config["config"]["layers"]}
            write_hdf5(path, change(config, layers) or config)
        CASES[f"{name}.h5"] = (reason, write)
        return change
    return register


def parameter(name: str, layer_name: str, key: str, value, reason: str) -> None:
    @config_case(name, reason)
    def _(config, layers):
        layers[layer_name][key] = value


parameter("no_kernel", "conv", "kernel_size", [0, 3], "'kernel_size' is [0, 3]")
parameter("negative_strides", "conv", "strides", [-1, 1], "'strides' is [-1, 1]")
parameter("endless_filters", "conv", "filters", 10**18, "'filters' is 1000000000000000000")
parameter("many_filters", "conv", "filters", 10**7, "weights have other extents")
parameter("half_a_filter", "conv", "filters", 1.5, "'filters' is 1.5")
parameter("odd_groups", "conv", "groups", 5, "which does not divide")
parameter("unknown_padding", "conv", "padding", "reflect", "'padding' is 'reflect'")
parameter("unknown_format", "conv", "data_format", "nchw", "'data_format' is 'nchw'")
parameter("unknown_activation", "conv", "activation", "os.system", "activation 'os.system'")
parameter("function_as_activation", "conv", "activation",
          {"class_name": "__lambda__", "config": {"value": "4wEA"}}, "activation '__lambda__'")
parameter("axis_outside", "norm", "axis", 7, "'axis' is [7]")
parameter("text_as_epsilon", "norm", "epsilon", "small", "'epsilon' is 'small'")
parameter("units_missing", "dense", "units", None, "'units' is missing")
parameter("many_units", "dense", "units", 2**30, "weights have other extents")
parameter("huge_picture", "x", "batch_shape", [None, 10**9, 10**9, 3], "each must be from 1 to")
parameter("no_extent", "x", "batch_shape", [None, 0, 8, 3], "its shape holds 0")
parameter("endless_extent", "x", "batch_shape", [None, 10**30, 8, 3], "expected an extent or null")
parameter("text_as_input", "x", "dtype", "string", "elements are of the type 'string'")


parameter("unknown_parameter", "conv", "kernel_flip", True, "its parameter 'kernel_flip' is true")


parameter("least_groups", "conv", "groups", -2**63, "'groups' is -9223372036854775808")
parameter("least_axis", "norm", "axis", -2**63, "'axis' is [-9223372036854775808]")
parameter("many_axes", "x", "batch_shape", [None] * 100, "its shape has 100 axes")


@config_case("long_name", "around it, has 2000 bytes")
def _(config, layers):
    config["config"]["layers"][1]["name"] = "n" * 2000


@config_case("long_names", "around it, has 1201 bytes")
def _(config, layers):
    inner = layer("Dense", "d" * 600, units=2)
    config["config"]["layers"][3] = layer("Sequential", "n" * 600, layers=[inner])


@config_case("colliding_names", "two weights would be called 'net/d/kernel'")
def _(config, layers):
    inner = layer("Sequential", "net", layers=[layer("Dense", "d", units=2)])
    config["config"]["layers"] += [inner, layer("Dense", "net/d", units=2)]


@config_case("many_outputs", "names 5000 tensors")
def _(config, layers):
    config["config"]["output_layers"] = [["dense", 0, 0]] * 5000


@config_case("called_in_training", "called with the argument 'training'")
def _(config, layers):
    config["config"]["layers"][2]["inbound_nodes"] = [[["conv", 0, 0, {"training": True}]]]


def doubling() -> dict:
    """Thirty networks, each of which applies the one inside it twice: a billion layers."""
    def network(name, inner):
        shape = {"batch_shape": [None, 4]}
        entries = [layer("InputLayer", f"x{name}", **shape), inner]
        entries[0]["inbound_nodes"] = []
        if inner["class_name"] == "Activation":
            inner["inbound_nodes"] = [[[f"x{name}", 0, 0, {}]]]
            last = [inner["name"], 0, 0]
        else:
            inner["inbound_nodes"] = [[[f"x{name}", 0, 0, {}]], [[inner["name"], 1, 0, {}]]]
            last = [inner["name"], 2, 0]
        return {"class_name": "Functional", "name": name, "config": {
            "name": name, "layers": entries, "input_layers": [[f"x{name}", 0, 0]],
            "output_layers": [last]}}
    inner = layer("Activation", "a", activation="relu")
    for depth in range(31):
        inner = network(f"n{depth}", inner)
    return inner


def without_weights(file, weights, folder) -> None:
    weights.attrs["layer_names"] = np.zeros(0)


CASES["doubling.h5"] = ("applies layers, and passes tensors, more than",
                        lambda path: write_hdf5(path, doubling(), without_weights))


@config_case("no_class", "no 'class_name'")
def _(config, layers):
    del config["class_name"]


@config_case("subclassed", "of the class 'MyDetector'")
def _(config, layers):
    config["class_name"] = "MyDetector"


def replaced(name: str, class_name: str, reason: str, **values) -> None:
    """The flattening is a layer of another class."""
    @config_case(name, reason)
    def _(config, layers):
        config["config"]["layers"][3]["class_name"] = class_name
        layers["flat"].update(values)


replaced("lambda", "Lambda", "layer 'flat' (Lambda): it reads 'norm'; such a layer is Python code",
         function=["4wEAAAAAAAAA", None, None])
replaced("op_lambda", "TFOpLambda", "such a layer is Python code", function="math.multiply")
replaced("custom", "My>Layer", "dearc does not know this class of layers")
replaced("recurrent", "LSTM", "layer 'flat' (LSTM)")
replaced("crop_all", "Cropping2D", "leaves nothing", cropping=[[5, 5], [0, 0]])
replaced("pad_much", "ZeroPadding2D", "each must be from 1 to", padding=2**30)
replaced("enlarge_much", "UpSampling2D", "each must be from 1 to", size=2**30)
replaced("reshape_wrong", "Reshape", "does not hold the elements", target_shape=[7, 9])
replaced("reshape_twice_open", "Reshape", "'target_shape' is [-1, -1]", target_shape=[-1, -1])
replaced("permute_batch", "Permute", "'dims' is [0, 1, 2]", dims=[0, 1, 2])
replaced("pool_wide", "MaxPooling2D", "does not fit", pool_size=9)
replaced("norm_outside", "LayerNormalization", "expected the last axes", axis=7, scale=False,
         center=False)
replaced("many_groups", "GroupNormalization", "which does not divide", groups=2**29,
         scale=False, center=False)


@config_case("nameless", "has no name")
def _(config, layers):
    del config["config"]["layers"][1]["name"], layers["conv"]["name"]


@config_case("same_names", "two layers are called 'conv'")
def _(config, layers):
    config["config"]["layers"][2]["name"] = "conv"


@config_case("circle", "through other layers, what it computes")
def _(config, layers):
    config["config"]["layers"][1]["inbound_nodes"] = [[["flat", 0, 0, {}]]]


@config_case("unknown_layer", "expected a layer, a call and a tensor")
def _(config, layers):
    config["config"]["layers"][1]["inbound_nodes"] = [[["nobody", 0, 0, {}]]]


@config_case("unknown_call", "call 5 of it is read")
def _(config, layers):
    config["config"]["layers"][1]["inbound_nodes"] = [[["x", 5, 0, {}]]]


@config_case("unknown_tensor", "tensor 9 of it is read")
def _(config, layers):
    config["config"]["layers"][2]["inbound_nodes"] = [[["conv", 0, 9, {}]]]


@config_case("no_outputs", "'output_layers' of the model")
def _(config, layers):
    config["config"]["output_layers"] = []


@config_case("no_layers", "has no list of layers")
def _(config, layers):
    del config["config"]["layers"]


@config_case("nested_networks", "values nest more than")
def _(config, layers):
    inner = copy.deepcopy(config)
    for depth in range(80):
        inner = {"class_name": "Sequential", "name": f"s{depth}", "config": {
            "name": f"s{depth}", "layers": [inner]}}
    return inner


@config_case("not_json", "expected a JSON value")
def _(config, layers):
    return "import os"


@config_case("cut_json", "expected")
def _(config, layers):
    return json.dumps(config)[:-40]


@config_case("deep_json", "values nest more than")
def _(config, layers):
    return "[" * 100_000


@config_case("wide_json", "has more than 3000000 values")
def _(config, layers):
    return "[" + "0," * 3_100_000 + "0]"


@config_case("double_key", "appears twice in one object")
def _(config, layers):
    return '{"class_name": "Model", "class_name": "Sequential", "config": {}}'


@config_case("not_a_number", "expected a JSON value")
def _(config, layers):
    return json.dumps(config).replace("0.001", "NaN")


@config_case("number_as_config", "no 'model_config'")
def _(config, layers):
    return 7


# Changes of the file.

def file_case(name: str, reason: str):
    def register(change: Callable) -> Callable:
        CASES[f"{name}.h5"] = (
            reason, lambda path: write_hdf5(path, sound_config(), change))
        return change
    return register


@file_case("soft_link", "this is a soft link")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    weights["conv/conv/bias:0"] = h5py.SoftLink("/model_weights/norm/norm/beta:0")


@file_case("external_link", "a link into another file")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    weights["conv/conv/bias:0"] = h5py.ExternalLink("/etc/passwd", "/x")


@file_case("external_storage", "its elements lie in another file")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    weights["conv/conv"].create_dataset("bias:0", (4,), "f4", external=[("/etc/passwd", 0, 16)])


@file_case("virtual", "this is a virtual dataset")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    weights["conv/conv"].create_virtual_dataset("bias:0", layout)


@file_case("unknown_filter", "stored with filter 32001")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((4,))
    creation.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2))
    h5py.h5d.create(weights["conv/conv"].id, b"bias:0", h5py.h5t.IEEE_F32LE,
                    h5py.h5s.create_simple((4,)), creation)


@file_case("declared_size", "and stores 0")
def _(file, weights, folder):
    del weights["dense/dense/kernel:0"]
    weights["dense/dense"].create_dataset("kernel:0", (1 << 20, 1 << 30), "f4", chunks=(1024, 1024))


@file_case("never_written", "all datasets together declare")
def _(file, weights, folder):
    for place in range(20):
        weights.create_dataset(f"never{place}", (1 << 24,), "f4", chunks=(1 << 16,))


@file_case("layer_twice", "names 'conv' twice")
def _(file, weights, folder):
    weights.attrs["layer_names"] = np.array([b"conv", b"norm", b"dense", b"conv"])


@file_case("weight_twice", "names 'conv/bias:0' twice")
def _(file, weights, folder):
    weights["conv"].attrs["weight_names"] = np.array([b"conv/bias:0"] * 2)


@file_case("cyclic_groups", "the object has two names")
def _(file, weights, folder):
    weights["conv/again"] = weights


@file_case("deep_groups", "groups nest more than 64 deep")
def _(file, weights, folder):
    weights.create_group("/".join("x" for _ in range(200)))


@file_case("many_names", "names the layer 'nobody000000'")
def _(file, weights, folder):
    del weights.attrs["layer_names"]
    for piece in range(200):
        weights.attrs[f"layer_names{piece}"] = np.array(
            [b"nobody%06d" % (piece * 4000 + place) for place in range(4000)])


@file_case("numbers_as_names", "holds int64, expected texts")
def _(file, weights, folder):
    weights.attrs["layer_names"] = np.arange(3)


@file_case("no_names", "holds no weights of")
def _(file, weights, folder):
    del weights.attrs["layer_names"]


@file_case("layer_missing", "the model has 3 layers with weights, the file 2")
def _(file, weights, folder):
    weights.attrs["layer_names"] = np.array([b"conv", b"norm"])


@file_case("weight_missing", "names the weight 'norm/nobody'")
def _(file, weights, folder):
    weights["norm"].attrs["weight_names"] = np.array([b"norm/nobody"])


@file_case("weight_outside", "names the weight '../norm/norm/beta:0'")
def _(file, weights, folder):
    weights["conv"].attrs["weight_names"] = np.array([b"conv/kernel:0", b"../norm/norm/beta:0"])


@file_case("other_extents", "1 weight has other extents")
def _(file, weights, folder):
    del weights["dense/dense/kernel:0"]
    weights["dense/dense/kernel:0"] = np.ones((2, 256), "f4")


@file_case("whole_numbers", "expected floats")
def _(file, weights, folder):
    del weights["dense/dense/kernel:0"]
    weights["dense/dense/kernel:0"] = np.ones((256, 2), "i4")


@file_case("texts", "expected floats")
def _(file, weights, folder):
    del weights["conv/conv/bias:0"]
    weights["conv/conv/bias:0"] = np.array([b"a", b"b", b"c", b"d"])


@file_case("weights_only", "give the model's JSON with --topology")
def _(file, weights, folder):
    del file.attrs["model_config"]


# Archives.

def archived(path: Path, compression: int = zipfile.ZIP_STORED, further: tuple[str, ...] = (),
             **members: bytes | None) -> None:
    """A .keras archive, with `further` weights; None leaves a member out."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, group in (("conv", "conv2d"), ("norm", "batch_normalization"), ("dense", "dense")):
            for place, shape in enumerate(WEIGHTS[name].values()):
                file[f"layers/{group}/vars/{place}"] = np.ones(shape, "f4")
        for each in further:
            file[each] = np.ones(3, "f4")
    config = json.dumps(sound_config()).encode()
    content = {"metadata.json": b'{"keras_version": "3.15.1"}', "config.json": config,
               "model.weights.h5": buffer.getvalue()} | members
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(zipfile.ZipInfo(name), data, compression)


def archive_case(name: str, reason: str):
    def register(write: Callable) -> Callable:
        CASES[f"{name}.keras"] = (reason, write)
        return write
    return register


@archive_case("no_config", "without 'config.json'")
def _(path):
    archived(path, **{"config.json": None})


@archive_case("no_weights", "has no 'model.weights.h5'")
def _(path):
    archived(path, **{"model.weights.h5": None, "model.weights.npz": b"PK"})


@archive_case("weights_are_text", "'model.weights.h5'")
def _(path):
    archived(path, **{"model.weights.h5": b"hello"})


@archive_case("bomb", "would unpack to 300000000 bytes")
def _(path):
    archived(path, zipfile.ZIP_DEFLATED, **{"model.weights.h5": bytes(300_000_000)})


@archive_case("config_bomb", "would unpack to 300000000 bytes")
def _(path):
    archived(path, zipfile.ZIP_DEFLATED, **{"config.json": b" " * 300_000_000})


@archive_case("config_of_blanks", "at most 33554432 are read")
def _(path):
    archived(path, zipfile.ZIP_DEFLATED, **{"config.json": b" " * 40_000_000})


@archive_case("more_weights", "or has others; they do not belong together")
def _(path):
    archived(path, further=("layers/conv2d_1/vars/0", "layers/dense/vars/2"))


@archive_case("two_members", "File already exists")
def _(path):
    archived(path)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("config.json", "{}")


@archive_case("checksum", "is damaged")
def _(path):
    archived(path)
    content = bytearray(path.read_bytes())
    content[content.index(b'"Functional"') + 3] ^= 1
    path.write_bytes(content)


@archive_case("encrypted", "is damaged")
def _(path):
    archived(path)
    content = bytearray(path.read_bytes())
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 8] |= 1
    place = -1
    while (place := content.find(b"PK\x03\x04", place + 1)) >= 0:
        content[place + 6] |= 1
    path.write_bytes(content)


@archive_case("cut", "the ZIP archive is damaged")
def _(path):
    archived(path)
    path.write_bytes(path.read_bytes()[:-200])


@archive_case("sizes_that_lie", "damaged")
def _(path):
    archived(path)
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24:place + 28] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(content)


def main() -> None:
    folder = Path(sys.argv[1])
    write_hdf5(folder / "sound.h5", sound_config())
    archived(folder / "sound.keras")
    archived(folder / "deflated.keras", zipfile.ZIP_DEFLATED)
    for name, (_, write) in CASES.items():
        write(folder / name)
    (folder / "cases.json").write_text(json.dumps(
        {"cases": [{"file": name, "reason": reason} for name, (reason, _) in CASES.items()]}))


if __name__ == "__main__":
    main()
