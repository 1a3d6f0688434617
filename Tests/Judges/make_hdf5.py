"""Writes HDF5 files with h5py, sound ones and others, for HDF5AccessTests.

usage: make_hdf5.py KIND OUTPUT
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np


def everything(file: h5py.File, folder: Path) -> None:
    """Every type, layout and form of text that dearc reads."""
    del folder
    numbers = np.arange(-3, 3).reshape(2, 3)
    for name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8"):
        file[f"plain/{name}"] = numbers.astype(name)
        file[f"big/{name}"] = numbers.astype(f">{name}")
    for name in ("u1", "u2", "u4", "u8"):
        file[f"plain/{name}"] = np.abs(numbers).astype(name)
    file["bool"] = np.array([True, False, True])
    file["scalar"] = np.float64(2.5)
    file["empty"] = np.zeros((0, 4), np.float32)
    file["compound"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
    file.create_dataset(
        "packed", data=np.arange(60000, dtype="f4").reshape(300, 200), chunks=(70, 60),
        compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("names", data=["one", "zwei", "três", ""], dtype=h5py.string_dtype())
    file.create_dataset("fixed", data=np.array([b"one", b"three"], "S5"))
    file["deep/er/est"] = np.array([1.0])
    _attributes(file["plain"].attrs)


def _attributes(attributes: h5py.AttributeManager) -> None:
    attributes["text"] = "grün"
    attributes["bytes"] = np.bytes_(b"abc")
    attributes["list"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
    attributes["fixed"] = np.array([b"a", b"bcd"])
    attributes["none"] = np.zeros(0)
    attributes["null"] = h5py.Empty("f4")
    attributes["number"] = np.int64(-7)
    attributes["real"] = np.float32(0.5)


def soft_link(file: h5py.File, folder: Path) -> None:
    """A path that stands for another."""
    del folder
    file["a/data"] = [1.0]
    file["a/link"] = h5py.SoftLink("/a/data")


def external_link(file: h5py.File, folder: Path) -> None:
    """An object in another file."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["x"] = [1.0]
    file["b/link"] = h5py.ExternalLink("other.h5", "/x")


def external_storage(file: h5py.File, folder: Path) -> None:
    """Elements in another file."""
    (folder / "raw.bin").write_bytes(bytes(64))
    file.create_dataset("c/data", (16,), "f4", external=[(str(folder / "raw.bin"), 0, 64)])


def virtual(file: h5py.File, folder: Path) -> None:
    """Elements put together from another file."""
    with h5py.File(folder / "part.h5", "w") as other:
        other["x"] = np.ones(4)
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "part.h5"), "x", (4,))
    file.create_virtual_dataset("d/data", layout)


def unknown_filter(file: h5py.File, folder: Path) -> None:
    """Elements that take a filter which libhdf5 would have to load."""
    del folder
    space = h5py.h5s.create_simple((64,))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((16,))
    creation.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1, 2))
    h5py.h5d.create(file.id, b"e", h5py.h5t.IEEE_F32LE, space, creation)


def declared_size(file: h5py.File, folder: Path) -> None:
    """A petabyte of which nothing is stored."""
    del folder
    file.create_dataset("f/data", (1 << 20, 1 << 30), "f4", chunks=(1024, 1024))


def two_names(file: h5py.File, folder: Path) -> None:
    """One group in two places, so that walking the tree never ends."""
    del folder
    group = file.create_group("g")
    group["again"] = group


def deep(file: h5py.File, folder: Path) -> None:
    """Groups inside of groups."""
    del folder
    file.create_group("/".join("x" for _ in range(200)))


def wrong_text(file: h5py.File, folder: Path) -> None:
    """An attribute that is no UTF-8."""
    del folder
    file.attrs["a"] = np.bytes_(b"\xff\xfe")


KINDS: dict[str, Callable[[h5py.File, Path], None]] = {
    function.__name__: function
    for function in (
        everything, soft_link, external_link, external_storage, virtual, unknown_filter,
        declared_size, two_names, deep, wrong_text)
}


def main() -> None:
    """Writes one file."""
    kind, output = sys.argv[1], Path(sys.argv[2])
    with h5py.File(output, "w") as file:
        KINDS[kind](file, output.parent)


if __name__ == "__main__":
    main()
