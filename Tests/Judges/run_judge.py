"""Judges what `dearc run` answers to pictures, with Pillow and onnxruntime.

usage: run_judge.py MODEL ANSWERS.json MEANING [PREPARATION]

ANSWERS.json is what `dearc run MODEL PICTURE ... --json` printed. MEANING is JSON: the `kind` of the numbers,
the class that is `positive` or the index of the one that is `generated`, the `threshold`, and the place of
the `output`. PREPARATION is JSON too: `resize` of the shorter side, `crop`, `scale`, `mean`, `std`, `layout`;
what is left out is as ImageNet has it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

IMAGENET = {
    "resize": None, "crop": None, "scale": 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
    "layout": "nchw",
}


def prepared(path: str, how: dict) -> np.ndarray:
    """The tensor of a picture."""
    image = Image.open(path).convert("RGB")
    if how["resize"]:
        short = min(image.size)
        image = image.resize([how["resize"] * side // short for side in image.size], Image.Resampling.BILINEAR)
    if how["crop"]:
        left, top = (round((side - how["crop"]) / 2) for side in image.size)
        image = image.crop((left, top, left + how["crop"], top + how["crop"]))
    pixels = np.asarray(image, np.float32) / np.float32(how["scale"])
    tensor = (pixels - np.array(how["mean"], np.float32)) / np.array(how["std"], np.float32)
    return (tensor if how["layout"] == "nhwc" else tensor.transpose(2, 0, 1))[None]


def odds(numbers: np.ndarray, meaning: dict) -> float:
    """The logarithm of the odds that a picture is generated."""
    numbers = numbers.astype(np.float64)
    sign = 1 if meaning.get("positive") == "generated" else -1
    match meaning["kind"]:
        case "logit":
            return sign * float(numbers.mean())
        case "probability":
            return sign * float(np.log(numbers.item() / (1 - numbers.item())))
        case "softmax":
            numbers = np.exp(numbers - numbers.max())
            numbers /= numbers.sum()
    share = numbers.ravel()[meaning["generated"]]
    return float(np.log(share / (numbers.sum() - share)))


def judge(answer: dict, numbers: np.ndarray, meaning: dict) -> float:
    """How far an answer is from what it should be; infinitely if it is called by the wrong name."""
    is_map = meaning["kind"] == "logit" and numbers.size > 1
    values = numbers.ravel() if is_map else np.array(answer["values"])
    if values.size != numbers.size:
        return float("inf")
    want = odds(numbers, meaning)
    probability = 1 / (1 + np.exp(-want))
    verdict = "generated" if probability > meaning.get("threshold", 0.5) else "real"
    return max(
        float(np.abs(values - numbers.ravel()).max()), abs(answer["logit"] - want),
        abs(answer["probability"] - probability), 0 if answer["verdict"] == verdict else float("inf"))


def main(model: str, answers: str, meaning: str, preparation: str = "{}") -> int:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name, worst = session.get_inputs()[0].name, 0.0
    how, what = {**IMAGENET, **json.loads(preparation)}, json.loads(meaning)
    pictures = json.loads(Path(answers).read_text())["pictures"]
    for each in pictures:
        numbers = session.run(None, {name: prepared(each["path"], how)})[what.get("output", 0)]
        distance = judge(each, numbers, what)
        if not distance < 2e-4:
            print(f"{each['path']}: {each} is {distance} away from {numbers.ravel()}", file=sys.stderr)
            return 1
        worst = max(worst, distance)
    print(f"{len(pictures)} pictures, at most {worst:.1e} away")
    return 0 if pictures else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
