"""Writes models in the layouts that former versions of Keras wrote, which no current tool does.

usage: keras_former.py FOLDER

Every network is built by the current Keras, which gives the answers; its weights are then stored by h5py
as the version in question did, and its configuration is written by hand in that version's words.
index.json and the answers are those of keras_judge.py.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import h5py
import keras
import numpy as np
from keras import layers as L

from keras_judge import randomise

Weights = list[tuple[str, list[tuple[str, np.ndarray]]]]


def fixed(names: list[str]) -> np.ndarray:
    """Names as a list of equally long byte strings; an empty list is one of floats."""
    return np.array([each.encode() for each in names]) if names else np.zeros(0)


def variable(names: list[str]):
    """Names as strings of any length."""
    return np.array(names, dtype=h5py.string_dtype()) if names else np.zeros(0)


def store(group: h5py.Group, weights: Weights, form: Callable = fixed) -> None:
    """Lists layers and weights as every version up to 3 does."""
    group.attrs["layer_names"] = form([name for name, _ in weights])
    for name, tensors in weights:
        inner = group.create_group(name)
        inner.attrs["weight_names"] = form([path for path, _ in tensors])
        for path, values in tensors:
            inner[path] = values


def weights_of(model, naming: Callable[[str, str], str]) -> Weights:
    """The weights of every layer under the names that `naming` gives them."""
    return [(layer.name, [(naming(layer.name, each.name), np.asarray(each)) for each in
                          layer.trainable_weights + layer.non_trainable_weights])
            for layer in model.layers]


def layer(class_name: str, name: str, reads: list | None = None, **config) -> dict:
    """A layer of a configuration; `reads` are the layers it is applied to in a functional model."""
    entry = {"class_name": class_name, "config": {"name": name, **config}}
    if reads is not None:
        entry |= {"name": name,
                  "inbound_nodes": [[[each, 0, 0] for each in reads]] if reads else []}
    return entry


def keras_1(path: Path):
    """A Sequential of Keras 1: no version, other words for everything, a bare list of layers."""
    model = keras.Sequential([
        keras.Input((20, 17, 3)), L.Conv2D(5, (3, 2), (2, 1), "same", activation="relu"),
        L.BatchNormalization(epsilon=1e-5), L.ZeroPadding2D(((1, 2), (0, 1))), L.MaxPooling2D(2),
        L.SeparableConv2D(4, 3), L.Conv2D(3, 2, dilation_rate=2), L.Flatten(), L.Dense(4)])
    yield model
    config = [
        layer("Convolution2D", "a", nb_filter=5, nb_row=3, nb_col=2, subsample=[2, 1], border_mode="same",
              activation="relu", bias=True, dim_ordering="tf", batch_input_shape=[None, 20, 17, 3]),
        layer("BatchNormalization", "b", axis=-1, epsilon=1e-5, mode=0),
        layer("ZeroPadding2D", "c", padding=[1, 2, 0, 1], dim_ordering="tf"),
        layer("MaxPooling2D", "d", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering="tf"),
        layer("SeparableConvolution2D", "e", nb_filter=4, nb_row=3, nb_col=3, subsample=[1, 1],
              border_mode="valid", depth_multiplier=1, activation="linear", bias=True,
              dim_ordering="tf"),
        layer("AtrousConvolution2D", "f", nb_filter=3, nb_row=2, nb_col=2, subsample=[1, 1],
              atrous_rate=[2, 2], border_mode="valid", activation="linear", bias=True,
              dim_ordering="tf"),
        layer("Flatten", "g"), layer("Dense", "h", output_dim=4, activation="linear", bias=True)]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps(
            {"class_name": "Sequential", "config": config}))
        names = iter("abcdefgh")
        weights = weights_of(model, lambda name, weight: f"{name}_{weight}")
        store(file.create_group("model_weights"), [(next(names), each) for _, each in weights])


def keras_1_merge(path: Path):
    """A functional model of Keras 1 with its one layer for all that merges."""
    x = keras.Input((9, 9, 3), name="x")
    a, b = L.Conv2D(4, 3, name="a")(x), L.Conv2D(4, 3, name="b")(x)
    model = keras.Model(x, L.Concatenate(name="d")([L.Add(name="c")([a, b]), b]))
    yield model
    conv = {"nb_filter": 4, "nb_row": 3, "nb_col": 3, "dim_ordering": "tf"}
    layers = [
        layer("InputLayer", "x", [], batch_input_shape=[None, 9, 9, 3], input_dtype="float32"),
        layer("Convolution2D", "a", ["x"], **conv), layer("Convolution2D", "b", ["x"], **conv),
        layer("Merge", "c", ["a", "b"], mode="sum", concat_axis=-1),
        layer("Merge", "d", ["c", "b"], mode="concat", concat_axis=-1)]
    config = {"name": "model_1", "layers": layers, "input_layers": [["x", 0, 0]],
              "output_layers": [["d", 0, 0]]}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
        store(file.create_group("model_weights"), weights_of(model, lambda n, w: f"{n}_{w}"))


def keras_2_functional(path: Path):
    """Keras 2.0.5: names of weights have another scope than the layer, and a colon."""
    x = keras.Input((None, None, 1), name="input_1")
    y = L.Conv2D(6, 3, 1, "same", use_bias=False, name="conv2d_1")(x)
    y = L.BatchNormalization(name="batch_normalization_1")(y)
    y = L.Activation("relu", name="activation_1")(y)
    z = L.SeparableConv2D(6, 3, 1, "same", use_bias=False, name="separable_conv2d_1")(y)
    z = L.Add(name="add_1")([L.MaxPooling2D(3, 2, "same", name="max_pooling2d_1")(z),
                             L.Conv2D(6, 1, 2, "same", name="conv2d_2")(y)])
    z = L.GlobalAveragePooling2D(name="global_average_pooling2d_1")(z)
    model = keras.Model(x, L.Activation("softmax", name="predictions")(z))
    yield model
    conv = {"data_format": "channels_last", "activation": "linear", "padding": "same"}
    layers = [
        layer("InputLayer", "input_1", [], batch_input_shape=[None, None, None, 1], dtype="float32"),
        layer("Conv2D", "conv2d_1", ["input_1"], filters=6, kernel_size=[3, 3], use_bias=False,
              strides=[1, 1], **conv),
        layer("BatchNormalization", "batch_normalization_1", ["conv2d_1"], axis=-1, epsilon=0.001,
              scale=True, center=True),
        layer("Activation", "activation_1", ["batch_normalization_1"], activation="relu"),
        layer("SeparableConv2D", "separable_conv2d_1", ["activation_1"], filters=6,
              kernel_size=[3, 3], use_bias=False, depth_multiplier=1, strides=[1, 1], **conv),
        layer("Conv2D", "conv2d_2", ["activation_1"], filters=6, kernel_size=[1, 1], use_bias=True,
              strides=[2, 2], **conv),
        layer("MaxPooling2D", "max_pooling2d_1", ["separable_conv2d_1"], pool_size=[3, 3],
              strides=[2, 2], padding="same", data_format="channels_last"),
        layer("Add", "add_1", ["max_pooling2d_1", "conv2d_2"]),
        layer("GlobalAveragePooling2D", "global_average_pooling2d_1", ["add_1"],
              data_format="channels_last"),
        layer("Activation", "predictions", ["global_average_pooling2d_1"], activation="softmax")]
    config = {"name": "model_1", "layers": layers, "input_layers": [["input_1", 0, 0]],
              "output_layers": [["predictions", 0, 0]]}
    weights = dict(weights_of(model, lambda name, weight: f"{name}_1/{weight}:0"))
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = np.bytes_("2.0.5")
        file.attrs["backend"] = np.bytes_("tensorflow")
        file.attrs["model_config"] = np.bytes_(json.dumps({"class_name": "Model", "config": config}))
        store(file.create_group("model_weights"), [(each["name"], weights[each["name"]])
                                                   for each in layers])


def keras_2_weights(path: Path):
    """Keras 2.1.5: weights alone, of other layer names than the topology's, and fewer of them."""
    model = keras.Sequential([
        keras.Input((16, 16, 3)), L.Conv2D(4, 3, 1, "same", activation="relu"), L.BatchNormalization(),
        L.MaxPooling2D(2), L.Flatten(), L.Dense(8), L.LeakyReLU(0.1), L.Dense(1, activation="sigmoid")])
    yield model
    Path(f"{str(path)[:-3]}.json").write_text(model.to_json())
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = np.bytes_("2.1.5"), np.bytes_("tensorflow")
        weights = weights_of(model, lambda name, weight: f"{name}_9/{weight}:0")
        store(file, [(f"{name}_7", each) for name, each in weights if "leaky" not in name])


def keras_2_sequential(path: Path):
    """Keras 2.3-tf: a Sequential without an input layer, hard_sigmoid in its former meaning."""
    model = keras.Sequential([
        keras.Input((None, None, 3)), L.Conv2D(5, 3), L.ReLU(max_value=1, negative_slope=0, threshold=0),
        L.Conv2DTranspose(4, 3, 2, "same"), L.Activation(lambda x: keras.ops.clip(0.2 * x + 0.5, 0, 1))])
    yield model
    layers = [
        layer("Conv2D", "conv2d", filters=5, kernel_size=[3, 3], strides=[1, 1], padding="valid",
              data_format="channels_last", dilation_rate=[1, 1], activation="linear", use_bias=True,
              batch_input_shape=[None, None, None, 3], dtype="float32"),
        layer("ReLU", "re_lu", max_value=1.0, negative_slope=0.0, threshold=0.0),
        layer("Conv2DTranspose", "conv2d_transpose", filters=4, kernel_size=[3, 3], strides=[2, 2],
              padding="same", output_padding=None, activation="linear", use_bias=True),
        layer("Activation", "activation", activation="hard_sigmoid")]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = np.bytes_("2.3.0-tf")
        file.attrs["model_config"] = np.bytes_(json.dumps(
            {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}))
        store(file.create_group("model_weights"),
              weights_of(model, lambda name, weight: f"{name}/{weight}:0"), variable)


def keras_2_13(path: Path):
    """Keras 2.13: a .weights.h5 whose group of layers had another name, as had parts of layers."""
    x = keras.Input((6, 5, 4))
    y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same")(x))
    y = L.Reshape((30, 8))(L.Conv2D(8, 1)(y))
    model = keras.Model(x, L.Dense(3)(L.MultiHeadAttention(2, 4)(y, y)))
    yield model
    Path(f"{str(path)[:-3]}.json").write_text(model.to_json())
    with h5py.File(path, "w") as file:
        layers = file.create_group("_layer_checkpoint_dependencies")
        file["optimizer/vars/0"] = np.int64(7)
        for name, tensors in (("conv2d", model.layers[1].weights), ("conv2d_1", model.layers[3].weights),
                              ("batch_normalization", model.layers[2].weights),
                              ("dense", model.layers[-1].weights)):
            for place, values in enumerate(tensors):
                layers[f"{name}/vars/{place}"] = np.asarray(values)
        attention = model.layers[-2]
        for part in ("query", "key", "value", "output"):
            for place, values in enumerate(getattr(attention, f"_{part}_dense").weights):
                layers[f"multi_head_attention/_{part}_dense/vars/{place}"] = np.asarray(values)


def chunked(path: Path):
    """More names than fit into one attribute of HDF5, so that they are in pieces, of a nested network too."""
    count = 900
    inner = keras.Sequential([keras.Input((3,)), *[
        L.Dense(3, name=f"{'long_name_' * 8}{place:04}") for place in range(count)]], name="inner")
    x = keras.Input((3,))
    model = keras.Model(x, L.Dense(2)(inner(x)))
    yield model
    model.save(path)
    with h5py.File(path) as file:
        names = list(file["model_weights/inner"].attrs)
        if not {"weight_names0", "weight_names1"} <= set(names):
            raise ValueError(f"nothing is in pieces: {names}")


LAYOUTS = [keras_1, keras_1_merge, keras_2_functional, keras_2_weights, keras_2_sequential, keras_2_13,
           chunked]


def main() -> None:
    folder = Path(sys.argv[1])
    entries = []
    for layout in LAYOUTS:
        name = layout.__name__
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        steps = layout(folder / f"{name}.h5")
        model = next(steps)
        randomise(model, rng)
        list(steps)
        shape = [2, *[extent or 19 for extent in model.input_shape[1:]]]
        given = rng.normal(0, 1, shape).astype("float32")
        np.savez(folder / f"{name}.0.npz", input0=given,
                 answer0=np.asarray(model(given, training=False)))
        entries.append({"name": name, "forms": [".h5"], "count": 1})
    (folder / "index.json").write_text(json.dumps({"networks": entries}))


if __name__ == "__main__":
    main()
