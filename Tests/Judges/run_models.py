"""Writes small detectors with random weights, one for each way in which detectors answer.

usage: run_models.py FOLDER

All take pictures of any size, and all but those that say otherwise any number of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, parser

TRUNK = """
    f = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1], strides = [2, 2]>({picture}, w)
    r = Relu(f)
"""
POOLED = TRUNK + """
    p = GlobalAveragePool(r)
    q = Flatten(p)
"""
LOGIT = POOLED + "z = Gemm(q, a1, b1)"
CLASSES = POOLED + "z = Gemm(q, a3, b3)"

# Name: the input, the outputs, the nodes.
MODELS = {
    "logit": ("float[n,3,h,w]", "float[n,1] y", LOGIT + "y = Identity(z)"),
    "last": (
        "float[n,h,w,3]", "float[n,1] y", "t = Transpose<perm = [0, 3, 1, 2]>(x)" + LOGIT + "y = Identity(z)"),
    "map": ("float[n,3,h,w]", "float[n,1,k,l] y", TRUNK + "y = Conv(r, k1)"),
    "probability": ("float[n,3,h,w]", "float[n,1] y", LOGIT + "y = Sigmoid(z)"),
    "classes": ("float[n,3,h,w]", "float[n,3] y", CLASSES + "y = Identity(z)"),
    "probabilities": ("float[n,3,h,w]", "float[n,3] y", CLASSES + "y = Softmax<axis = 1>(z)"),
    "two": (
        "float[n,3,h,w]", "float[n,1] first, float[n,3] second",
        LOGIT + "first = Identity(z)\n second = Gemm(q, a3, b3)"),
    "squeezed": ("float[n,3,h,w]", "float[k] y", LOGIT + "y = Squeeze(z)"),
    # What does not treat pictures one by one.
    "single": ("float[1,3,h,w]", "float[1,1] y", LOGIT + "y = Identity(z)"),
    "mixing": (
        "float[n,3,h,w]", "float[n,1] y",
        LOGIT + "m = ReduceMean<keepdims = 1>(z, axes)\n y = Add(z, m)"),
    "joining": ("float[n,3,h,w]", "float[1,k] y", LOGIT + "y = Reshape(z, row)"),
    "none": ("float[n,3,h,w]", "float[n,1] y", LOGIT + "s = Abs(z)\n o = Neg(s)\n y = Log(o)"),
    "huge": ("float[n,3,h,w]", "float[n,1] y", LOGIT + "e = Constant<value_float = 1e30>()\n y = Mul(z, e)"),
    # No pictures at all, and nothing that numpy has.
    "narrow": ("float8e4m3fn[2]", "float[2] y", "y = Cast<to = 1>(x)"),
}


def main(folder: str) -> None:
    random = np.random.default_rng(5)
    shapes = {"w": (8, 3, 3, 3), "k1": (1, 8, 1, 1), "a1": (8, 1), "b1": (1,), "a3": (8, 3), "b3": (3,)}
    stored = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    stored |= {"row": np.array([1, -1]), "axes": np.array([0])}
    for name, (taken, outputs, body) in MODELS.items():
        nodes = body.format(picture="t" if name == "last" else "x")
        model = parser.parse_model(
            f'<ir_version: 10, opset_import: ["": 21]> {name} ({taken} x) => ({outputs}) {{ {nodes} }}')
        used = {each for node in model.graph.node for each in node.input}
        model.graph.initializer.extend(
            numpy_helper.from_array(array, key) for key, array in stored.items() if key in used)
        onnx.checker.check_model(model)
        onnx.save(model, Path(folder) / f"{name}.onnx")


if __name__ == "__main__":
    main(sys.argv[1])
