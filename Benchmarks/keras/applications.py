"""Compares what dearc makes of `keras.applications` with Keras's own answers.

    python applications.py --dearc ../../.build/release/dearc [--only 'ResNet|VGG'] [--forms .h5 .keras]

Every architecture gets random weights and normalisations, is saved in each of Keras's three forms, and is
converted with folding and without. Where the architecture leaves the size of pictures open, two sizes are
tried. Prints the largest difference over the largest answer, and the nodes of the folded graph.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import absl.logging
import keras
import numpy as np
import onnx
import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Judges"))
from keras_judge import FORMS, TOLERANCE, randomise, save

ARCHITECTURES = [
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet50V2", "ResNet101V2", "InceptionV3",
    "InceptionResNetV2", "Xception", "MobileNet", "MobileNetV2", "MobileNetV3Small",
    "MobileNetV3Large", "DenseNet121", "DenseNet169", "NASNetMobile", "EfficientNetB0",
    "EfficientNetB1", "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2S", "ConvNeXtTiny",
    "ConvNeXtSmall"]
FIXED = {"VGG16": 224, "VGG19": 224, "NASNetMobile": 224}
PIXELS = re.compile("Efficient|MobileNetV3|ConvNeXt")
"""Architectures that take pictures from 0 to 255 and scale them themselves."""


def build(name: str):
    """The network, of a known size only where it has to be, with five answers."""
    make = getattr(keras.applications, name)
    if name in FIXED:
        size = FIXED[name]
        return make(weights=None, classes=5, classifier_activation=None,
                    input_shape=(size, size, 3)), [(size, size)]
    trunk = make(weights=None, include_top=False, pooling="avg", input_shape=(None, None, 3))
    return keras.Model(trunk.input, keras.layers.Dense(5)(trunk.output)), [(160, 160), (97, 131)]


def differences(dearc: Path, model, form: str, pictures: list, folder: Path) -> tuple[list, int]:
    """How far answers are from Keras's, and the nodes of the folded graph."""
    stem, output = folder / "model", folder / "model.onnx"
    save(model, stem, form)
    topology = ["--topology", f"{stem}.json"] if form == ".weights.h5" else []
    errors = []
    for flags in (["--no-fold"], []):
        subprocess.check_call([dearc, "convert", f"{stem}{form}", "-o", output, "--no-verify", "--quiet",
                               *topology, *flags])
        session = ort.InferenceSession(output, providers=["CPUExecutionProvider"])
        for picture, wanted in pictures:
            answer = session.run(None, {session.get_inputs()[0].name: picture})[0]
            errors.append(float(np.abs(answer - wanted).max() / np.abs(wanted).max()))
    return errors, len(onnx.load(output, load_external_data=False).graph.node)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dearc", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--forms", nargs="+", default=list(FORMS))
    arguments = parser.parse_args()
    absl.logging.set_verbosity("error")
    for name in ARCHITECTURES:
        if not re.search(arguments.only, name):
            continue
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        model, sizes = build(name)
        randomise(model, rng)
        scale = 255 if PIXELS.search(name) else 1
        given = [rng.uniform(0, scale, (2, *size, 3)).astype("float32") for size in sizes]
        pictures = [(each, model.predict(each, verbose=0)) for each in given]
        for form in arguments.forms:
            with tempfile.TemporaryDirectory() as folder:
                errors, nodes = differences(arguments.dearc, model, form, pictures, Path(folder))
            mark = "" if max(errors) <= TOLERANCE else "  differs"
            print(f"{name:20} {form:12} {max(errors):8.1e} {nodes:6} nodes{mark}", flush=True)


if __name__ == "__main__":
    main()
