"""Small Keras networks that between them use every layer dearc reads.

Each network is a function of its inputs; `NETWORKS` says of what extents they are, with None where they
are open, and with which sizes it is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
from keras import layers as L

PICTURE = (None, None, 3)
SIZES = [(24, 31), (17, 20)]


@dataclass
class Network:
    """A function of inputs, what they look like, and the sizes open extents are tried with."""

    build: Callable
    inputs: list[tuple] = field(default_factory=lambda: [PICTURE])
    sizes: list[tuple] = field(default_factory=lambda: SIZES)
    dtype: str = "float32"


def chain(*layers: keras.layers.Layer) -> Callable:
    """A function that applies `layers` in turn."""
    def build(tensor):
        for layer in layers:
            tensor = layer(tensor)
        return tensor
    return build


def convolutions() -> dict[str, Network]:
    fixed = [(23, 30, 3)]
    networks = {
        f"conv_{border}_{stride}_{kernel}": Network(
            chain(L.Conv2D(5, kernel, stride, border, activation="relu"), L.Conv2D(4, 2, 1, border)))
        for border in ("same", "valid") for stride in (1, 2, 3) for kernel in (3, (2, 4))
        if not (border == "same" and stride == 3 and kernel != 3)
    }
    networks |= {
        f"conv_fixed_{stride}": Network(
            chain(L.Conv2D(5, 4, stride, "same"), L.DepthwiseConv2D(3, 2, "same")), fixed, [()])
        for stride in (1, 2, 3)
    }
    return networks | {
        "conv_dilated": Network(chain(L.Conv2D(6, 3, 1, "same", dilation_rate=2),
                                      L.Conv2D(4, (2, 3), 1, "valid", dilation_rate=(2, 1)))),
        "conv_groups": Network(chain(L.Conv2D(6, 1), L.Conv2D(8, 3, 1, "same", groups=2,
                                                              use_bias=False))),
        "depthwise": Network(chain(L.DepthwiseConv2D(3, 1, "same", depth_multiplier=2),
                                   L.DepthwiseConv2D((2, 3), 2, "valid", use_bias=False))),
        "separable": Network(chain(
            L.SeparableConv2D(5, 3, 1, "same", depth_multiplier=2, activation="tanh"),
            L.SeparableConv2D(4, 3, 2, "valid", use_bias=False))),
        "conv1d": Network(chain(L.Conv1D(6, 3, 1, "causal", dilation_rate=2), L.Conv1D(4, 4, 2, "same"),
                                L.SeparableConv1D(5, 3, 1, "same"), L.DepthwiseConv1D(2, 1, "valid")),
                          [(None, 5)], [(23,), (30,)]),
        "conv3d": Network(chain(L.Conv3D(4, (2, 3, 2), 1, "same"), L.Conv3D(3, 2, 2, "valid")),
                          [(None, None, None, 2)], [(6, 9, 8), (7, 7, 10)]),
        **{f"transposed_{border}_{kernel}_{stride}": Network(chain(
            L.Conv2DTranspose(5, kernel, stride, border), L.Conv2D(2, 1)))
           for border in ("same", "valid") for kernel in (2, 3, 4, 5) for stride in (1, 2, 3)},
        "transposed_1d": Network(chain(L.Conv1DTranspose(4, 4, 2, "same")), [(None, 3)],
                                 [(9,), (14,)]),
        "transposed_3d": Network(chain(L.Conv3DTranspose(3, 3, 2, "same")),
                                 [(None, None, None, 2)], [(4, 5, 6)]),
        "transposed_padded": Network(chain(
            L.Conv2DTranspose(4, 3, 2, "same", output_padding=1),
            L.Conv2DTranspose(3, 3, 2, "valid", output_padding=0, use_bias=False))),
        "channels_first": Network(chain(
            L.Conv2D(5, 3, 2, "same", data_format="channels_first"), L.BatchNormalization(axis=1),
            L.MaxPooling2D(2, data_format="channels_first"),
            L.GlobalAveragePooling2D(data_format="channels_first")), [(3, None, None)]),
        "channels_first_flat": Network(chain(
            L.Conv2D(5, 3, 2, "valid", data_format="channels_first"),
            L.Flatten(data_format="channels_first"), L.Dense(4)), [(3, 9, 11)], [()]),
    }


def poolings() -> dict[str, Network]:
    networks = {}
    for kind in ("Max", "Average"):
        for border in ("same", "valid"):
            for stride in (None, 1, 3) if border == "valid" else (None, 1, 2):
                name = f"{kind.lower()}_{border}_{stride}"
                pool = getattr(L, f"{kind}Pooling2D")
                networks[name] = Network(chain(L.Conv2D(4, 2), pool((3, 2), stride, border)))
        networks[f"{kind.lower()}_gaps"] = Network(
            chain(L.Conv2D(4, 2), pool((3, 2), 4, "same")), [(24, 31, 3)], [()])
        networks[f"{kind.lower()}_1d"] = Network(
            chain(getattr(L, f"{kind}Pooling1D")(3, 2, "same")), [(None, 4)], [(15,), (22,)])
        networks[f"{kind.lower()}_3d"] = Network(
            chain(getattr(L, f"{kind}Pooling3D")(2, 2, "valid")), [(None, None, None, 3)],
            [(6, 7, 8)])
        for keepdims in (False, True):
            networks[f"global_{kind.lower()}_{keepdims}"] = Network(
                chain(L.Conv2D(4, 2),
                      getattr(L, f"Global{kind}Pooling2D")(keepdims=keepdims), L.Dense(3)))
        networks[f"global_{kind.lower()}_1d"] = Network(
            chain(getattr(L, f"Global{kind}Pooling1D")()), [(None, 4)], [(15,)])
    return networks


def normalizations() -> dict[str, Network]:
    return {
        "batch": Network(chain(L.Conv2D(6, 3), L.BatchNormalization(), L.ReLU(),
                               L.BatchNormalization(scale=False), L.Conv2D(4, 1),
                               L.BatchNormalization(center=False, epsilon=1e-2))),
        "batch_flat": Network(chain(L.Conv2D(4, 3, 2), L.Flatten(), L.BatchNormalization(),
                                    L.Dense(5), L.BatchNormalization()), [(12, 9, 3)], [()]),
        "batch_1d": Network(chain(L.Conv1D(6, 3), L.BatchNormalization()), [(None, 4)], [(15,)]),
        "layer": Network(chain(L.Conv2D(6, 3), L.LayerNormalization(), L.Conv2D(4, 1),
                               L.LayerNormalization(center=False),
                               L.LayerNormalization(scale=False, epsilon=1e-2))),
        "layer_wide": Network(chain(L.Conv2D(4, 3), L.LayerNormalization(axis=[1, 2, 3])),
                              [(9, 8, 3)], [()]),
        "group": Network(chain(L.Conv2D(6, 3), L.GroupNormalization(3), L.Conv2D(4, 1),
                               L.GroupNormalization(-1, scale=False), L.GroupNormalization(2,
                                                                                           center=False))),
        "group_axes": Network(chain(L.GroupNormalization(2, axis=1), L.Flatten(), L.GroupNormalization(4),
                                    L.LayerNormalization(), L.Normalization()), [(4, 5, 6)], [()]),
        "rescaling": Network(chain(L.Rescaling(1 / 127.5, -1), L.Conv2D(4, 3, 2, "same"),
                                   L.Rescaling([0.5, 1.0, 2.0, 3.0], [0.1, 0.2, 0.3, 0.4]))),
        "bytes": Network(chain(L.Rescaling(1 / 127.5, -1), L.Conv2D(4, 3, 2, "same")), dtype="uint8"),
        "counts": Network(chain(L.Normalization(mean=[3.0, 90.0, 7.0], variance=[1.0, 2.0, 0.5]),
                                L.Conv2D(4, 3)), dtype="int32"),
        "normalization_of_all": Network(chain(L.Conv2D(4, 3), L.Normalization(axis=None))),
        "normalization": Network(chain(L.Normalization(), L.Conv2D(4, 3))),
        "normalization_stated": Network(chain(
            L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5]), L.Conv2D(4, 3))),
    }


ACTIVATIONS = ["linear", "relu", "relu6", "sigmoid", "hard_sigmoid", "tanh", "softmax", "log_softmax",
               "softplus", "softsign", "elu", "selu", "celu", "exponential", "leaky_relu", "silu",
               "hard_silu", "gelu", "mish", "hard_tanh"]


def activations() -> dict[str, Network]:
    networks = {name: Network(chain(L.Conv2D(5, 3, activation=name), L.Conv2D(3, 1),
                                    L.Activation(name))) for name in ACTIVATIONS}
    return networks | {
        "relu_general": Network(chain(
            L.Conv2D(5, 3), L.ReLU(max_value=1.5), L.Conv2D(5, 1), L.ReLU(negative_slope=0.2),
            L.Conv2D(5, 1), L.ReLU(max_value=2, negative_slope=0.1, threshold=0.5), L.Conv2D(5, 1),
            L.ReLU(threshold=0.3))),
        "leaky": Network(chain(L.Conv2D(5, 3), L.LeakyReLU(), L.Conv2D(4, 1), L.LeakyReLU(0.05),
                               L.ELU(0.7))),
        "layers_as_functions": Network(chain(
            L.Conv2D(5, 3, activation=L.LeakyReLU(0.2)), L.Activation(L.ReLU(max_value=1.0)),
            L.Conv2D(3, 1, activation=L.Softmax()))),
        "prelu": Network(chain(L.Conv2D(5, 3), L.PReLU(shared_axes=[1, 2]), L.Conv2D(4, 1))),
        "prelu_everywhere": Network(chain(L.Conv2D(5, 3), L.PReLU(), L.Flatten(), L.PReLU(), L.Dense(3)),
                                    [(8, 9, 3)], [()]),
        "softmax_axis": Network(chain(L.Conv2D(5, 3), L.Softmax(axis=1), L.Conv2D(4, 1), L.Softmax())),
    }


def merging() -> dict[str, Network]:
    def two(layer):
        def build(x):
            a, b = L.Conv2D(4, 3, 1, "same")(x), L.Conv2D(4, 5, 1, "same", activation="relu")(x)
            return L.Conv2D(3, 1)(layer([a, b]))
        return build

    def excite(x):
        x = L.Conv2D(6, 3)(x)
        s = L.Dense(6, activation="sigmoid")(L.Dense(3, activation="relu")(L.GlobalAveragePooling2D()(x)))
        return L.Multiply()([x, L.Reshape((1, 1, 6))(s)])

    def operators(x):
        y = L.Conv2D(4, 3, 1, "same")(x)
        z = 1.0 - (y * 2.0 + 1) / 3.0
        return keras.ops.relu(z - y) + keras.ops.sigmoid(y)

    def flat(x):
        a = L.Flatten()(L.Conv2D(4, 3)(x))
        b = L.Flatten()(L.MaxPooling2D(2)(L.Conv2D(3, 2)(x)))
        return L.Dense(4)(L.Dropout(0.3)(L.Concatenate()([a, L.Dense(2)(a), b])))

    networks = {name.lower(): Network(two(getattr(L, name)()))
                for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
                             "Concatenate")}
    return networks | {
        "concatenate_axis": Network(two(L.Concatenate(axis=2))),
        "excite": Network(excite), "operators": Network(operators),
        "flat": Network(flat, [(10, 9, 3)], [()]),
        "broadcast": Network(lambda x, y: L.Conv2D(2, 1)(L.Add()([L.Conv2D(4, 3)(x), L.Dense(4)(y)])),
                             [PICTURE, (5,)]),
        "two_outputs": Network(lambda x, y: [L.Conv2D(3, 3, 2, "same")(L.Concatenate()([x, y])),
                                             L.GlobalMaxPooling2D()(y), y], [(None, None, 3)] * 2),
    }


def shapes() -> dict[str, Network]:
    return {
        "flatten": Network(chain(L.Conv2D(5, 3), L.Flatten(), L.Dropout(0.5), L.Activation("relu"),
                                 L.Dense(4, activation="softmax")), [(8, 11, 3)], [()]),
        "flatten_output": Network(chain(L.Conv2D(5, 3), L.Flatten()), [(8, 11, 3)], [()]),
        "flatten_open": Network(chain(L.Conv2D(5, 3), L.Flatten())),
        "reshape": Network(chain(L.Conv2D(6, 3), L.Reshape((-1, 6)), L.Dense(4), L.Permute((2, 1)),
                                 L.Conv1D(3, 2)), [(9, 8, 3)], [()]),
        "reshape_open": Network(chain(L.Conv2D(6, 3), L.Reshape((-1, 3)), L.Dense(4))),
        "permute": Network(chain(L.Conv2D(6, 3), L.Permute((3, 1, 2)), L.Permute((2, 3, 1)),
                                 L.Conv2D(4, 2), L.Permute((2, 1, 3)), L.DepthwiseConv2D((2, 3)))),
        "repeat": Network(chain(L.Dense(4), L.RepeatVector(3), L.Conv1D(2, 2)), [(5,)], [()]),
        "padding": Network(chain(L.ZeroPadding2D(((1, 2), (0, 3))), L.Conv2D(4, 3), L.ZeroPadding2D(2),
                                 L.ZeroPadding2D((1, 0)), L.Conv2D(3, 2))),
        "cropping": Network(chain(L.Cropping2D(((1, 2), (0, 3))), L.Conv2D(4, 3), L.Cropping2D(1),
                                  L.Cropping2D((1, 0)))),
        "borders_1d": Network(chain(L.ZeroPadding1D((1, 2)), L.Conv1D(4, 3), L.Cropping1D((2, 0)),
                                    L.ZeroPadding1D(2), L.UpSampling1D(3)), [(None, 3)], [(12,)]),
        "borders_3d": Network(chain(L.ZeroPadding3D(1), L.Conv3D(3, 2), L.Cropping3D((1, 0, 1)),
                                    L.UpSampling3D((2, 1, 2))), [(None, None, None, 2)], [(6, 7, 5)]),
        "upsampling": Network(chain(L.Conv2D(4, 3), L.UpSampling2D((2, 3)), L.Conv2D(3, 2),
                                    L.UpSampling2D(2, interpolation="bilinear"))),
        "resizing": Network(chain(L.Conv2D(4, 3), L.Resizing(13, 40), L.Conv2D(3, 1),
                                  L.Resizing(29, 11, interpolation="nearest"))),
        "bicubic": Network(chain(L.Conv2D(4, 3), L.Resizing(33, 40, interpolation="bicubic"),
                                 L.Conv2D(3, 2), L.UpSampling2D(2, interpolation="bicubic"), L.Conv2D(2, 2))),
        "training_only": Network(chain(
            L.GaussianNoise(0.3), L.Conv2D(4, 3), L.SpatialDropout2D(0.3), L.GaussianDropout(0.2),
            L.AlphaDropout(0.1), L.ActivityRegularization(0.1), L.Conv2D(3, 1))),
    }


def sequences() -> dict[str, Network]:
    def block(x):
        x = L.Reshape((-1, 8))(L.Conv2D(8, 4, 4)(x))
        y = L.LayerNormalization()(x)
        x = L.Add()([x, L.MultiHeadAttention(2, 3, dropout=0.1)(y, y)])
        y = L.Dense(8)(L.Dense(16, activation="gelu")(L.LayerNormalization()(x)))
        return L.Dense(3)(L.GlobalAveragePooling1D()(L.Add()([x, y])))

    def cross(x, y):
        return L.MultiHeadAttention(3, 4, value_dim=5, use_bias=False, output_shape=7, dropout=0.1)(
            x, y, key=L.Dense(6)(y))

    return {
        "transformer": Network(block, [(16, 12, 3)], [()]),
        "attention": Network(cross, [(None, 5), (None, 6)], [(7,), (9,)]),
        "dense_any_rank": Network(chain(L.Dense(4, activation="relu"), L.Dense(3, use_bias=False))),
        "mixed_ranks": Network(chain(L.Conv2D(4, 3), L.Dense(5), L.Conv2D(3, 2))),
    }


def structures() -> dict[str, Network]:
    """Networks inside networks, and layers that are applied more than once."""
    def inner(name, trainable=True):
        network = keras.Sequential([L.Conv2D(4, 3, 1, "same"), L.BatchNormalization(), L.ReLU()],
                                   name=name)
        network.trainable = trainable
        return network

    def twice(x):
        shared = inner("shared")
        return L.Add()([shared(x), shared(L.ZeroPadding2D(((0, 0), (0, 0)))(x))])

    def nested(x):
        y = keras.Input((None, None, 3))
        z = inner("inside")(y)
        outer = keras.Model(y, [z, L.Conv2D(2, 1)(z)], name="outside")
        first, second = outer(x)
        return [L.Conv2D(3, 1)(second), first]

    def frozen(x):
        y = keras.Input((None, None, 3))
        z = L.BatchNormalization()(inner("cold", trainable=False)(y))
        z = L.BatchNormalization(trainable=False)(L.Conv2D(4, 2)(z))
        return keras.Model(y, z, name="partly_frozen")(x)

    def several(x, y):
        a, b = keras.Input((4,)), keras.Input((4,))
        pair = keras.Model([a, b], [L.Dense(3)(L.Concatenate()([a, b])), L.Add()([a, b])])
        first, second = pair([x, y]), pair([y, x])
        return [first[0], second[1], L.Add()([first[1], second[1]])]

    def by_keys(x, y):
        b, a = keras.Input((4,)), keras.Input((4,))
        pair = keras.Model({"b": b, "a": a}, L.Dense(3)(L.Concatenate()([b, a])))
        return [pair({"b": x, "a": y}), pair({"a": x, "b": y})]

    def second_call(x):
        network = keras.Sequential([L.Dense(4)])
        network(x)
        return network(L.Dense(3)(x))

    def partly_trained(x):
        y = keras.Input((None, None, 3))
        inner = keras.Model(y, L.BatchNormalization()(L.Conv2D(4, 1)(
            L.BatchNormalization(trainable=False)(L.Conv2D(4, 2)(y)))))
        return keras.Sequential([L.Conv2D(3, 1), inner, L.Conv2D(2, 1, trainable=False),
                                 L.BatchNormalization()])(x)

    def thawed(x):
        y = keras.Input((None, None, 3))
        cold = inner("thawed_inside", trainable=False)
        cold.layers[-2].trainable = True
        z = keras.Model(y, L.BatchNormalization()(cold(L.Conv2D(3, 2)(y))), name="thawed_outside")
        return z(x)

    def cold_outside(x):
        network = keras.Sequential([L.Conv2D(4, 2), L.BatchNormalization()], name="cold_outside")
        network(x)
        network.trainable = False
        network.layers[0].trainable = True
        return network(x)

    def in_two_orders(x):
        shared = L.Dense(4)
        return [shared(L.Flatten()(L.Conv2D(4, 3, 1, "same")(x))),
                shared(L.Reshape((144,))(L.Conv2D(4, 3, 1, "same")(x)))]

    return {"in_two_orders": Network(in_two_orders, [(6, 6, 3)], [()]), "thawed": Network(thawed), "cold_outside": Network(cold_outside), "twice": Network(twice), "nested": Network(nested), "frozen": Network(frozen),
            "several": Network(several, [(4,), (4,)], [()]),
            "by_keys": Network(by_keys, [(4,), (4,)], [()]),
            "second_call": Network(second_call, [(3,)], [()]),
            "partly_trained": Network(partly_trained)}


def detectors() -> dict[str, Network]:
    """A network like MesoNet: normalisations behind rectifiers, a matrix behind a flattened picture."""
    def stage(number, filters, kernel, pool):
        return [L.Conv2D(filters, kernel, 1, "same", activation="relu", name=f"conv{number}"),
                L.BatchNormalization(), L.MaxPooling2D(pool, padding="same", name=f"pool{number}")]

    return {"meso": Network(chain(
        *stage(1, 8, 3, 2), *stage(2, 8, 5, 2), *stage(3, 16, 5, 2), *stage(4, 16, 5, 4), L.Flatten(),
        L.Dropout(0.5), L.Dense(16), L.LeakyReLU(0.1), L.Dropout(0.5),
        L.Dense(1, activation="sigmoid")), [(64, 96, 3)], [()])}


NETWORKS: dict[str, Network] = (
    convolutions() | poolings() | normalizations() | activations() | merging() | shapes()
    | sequences() | structures() | detectors())
