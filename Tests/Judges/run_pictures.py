"""Writes 24 random pictures of three sizes, mixed up.

usage: run_pictures.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

folder = Path(sys.argv[1])
folder.mkdir()
random = np.random.default_rng(3)
for number in range(24):
    height, width = [(40, 56), (64, 64), (31, 47)][random.integers(3)]
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / f"{number:02}.png")
