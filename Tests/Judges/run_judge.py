"""Judges what `dearc run` answers to pictures, with Pillow and onnxruntime.

usage: run_judge.py MODEL ANSWERS.json

ANSWERS.json is what `dearc run MODEL PICTURE ... --json` printed; preprocessing is ImageNet's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def main(model: str, answers: str) -> int:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name, worst = session.get_inputs()[0].name, 0.0
    pictures = json.loads(Path(answers).read_text())["pictures"]
    for each in pictures:
        pixels = np.asarray(Image.open(each["path"]).convert("RGB"), np.float32) / 255
        tensor = ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        want = session.run(None, {name: tensor})[0].ravel()
        worst = max(worst, float(np.abs(np.array(each["values"]) - want).max() / np.abs(want).max()))
        if abs(each["probability"] - 1 / (1 + np.exp(-float(want[0])))) > 1e-4:
            print(f"{each['path']}: the probability is {each['probability']}", file=sys.stderr)
            return 1
    print(f"{len(pictures)} pictures, at most {worst:.1e} away")
    return 0 if pictures and worst < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
