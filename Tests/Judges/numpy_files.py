"""Writes and compares files of numpy's, for FormatsTests.

usage: numpy_files.py write FOLDER         arrays of every type, shape, order and version
       numpy_files.py compare FOLDER       NAME.npy must equal NAME.back byte for byte, as numpy.save writes it

`write` prints a line for each file: its name, its type, its extents with commas between them.
"""

import io
import sys
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

TYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
SHAPES = [(), (1,), (7,), (0,), (3, 0, 2), (2, 3), (1, 5), (5, 1), (2, 3, 4), (2, 1, 3, 2, 2), (1000,)]


def array(code: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random bits that make numbers of the type; of booleans, truths."""
    random = np.random.default_rng(len(shape) * 100 + TYPES.index(code))
    count = int(np.prod(shape))
    if code == "b1":
        return random.integers(0, 2, count).astype(np.bool_).reshape(shape)
    width = np.dtype(code).itemsize
    return np.frombuffer(random.bytes(count * width), "<" + code).reshape(shape)


def write(folder: Path) -> None:
    """Writes every array row-major, column-major and big-endian, in each version."""
    for code in TYPES:
        for number, shape in enumerate(SHAPES):
            plain = array(code, shape)
            forms = {
                "c": plain, "f": np.asfortranarray(plain) if shape else plain,
                "b": plain.astype(plain.dtype.newbyteorder(">")),
                "fb": np.asarray(
                    plain, plain.dtype.newbyteorder(">"), order="F") if shape else plain,
            }
            for form, stored in forms.items():
                for version in (1, 2, 3):
                    name = f"{code}-{number}-{form}-{version}"
                    with (folder / f"{name}.npy").open("wb") as file:
                        npy.write_array(file, stored, (version, 0))
                    print(name, code, ",".join(map(str, shape)))


def compare(folder: Path) -> None:
    """Holds what was written back against what numpy writes for the same array."""
    names = sorted(folder.glob("*.npy"))
    for name in names:
        stored = np.load(name)
        native = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).reshape(stored.shape)
        expected = io.BytesIO()
        np.save(expected, native)
        if expected.getvalue() != name.with_suffix(".back").read_bytes():
            sys.exit(f"{name.name} was written back differently")
    print(len(names))


{"write": write, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
