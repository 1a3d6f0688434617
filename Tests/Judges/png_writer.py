"""Writes PNG files of every kind, which Pillow itself does not: all depths, interlacing, filters, chunks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Of each pass: first column and row, and the steps from one to the next.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _packed(row: np.ndarray, depth: int) -> np.ndarray:
    """The bytes of one row of samples."""
    samples = row.reshape(-1)
    if depth == 16:
        return samples.astype(">u2").view(np.uint8)
    if depth == 8:
        return samples.astype(np.uint8)
    bits = np.unpackbits(samples.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
    return np.packbits(bits.reshape(-1))


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def _filtered(row: np.ndarray, above: np.ndarray, step: int, kind: int) -> bytes:
    """A row as a filter leaves it, behind the filter's number."""
    result = bytearray([kind])
    for place, value in enumerate(row.tolist()):
        left = int(row[place - step]) if place >= step else 0
        corner = int(above[place - step]) if place >= step else 0
        up = int(above[place])
        estimate = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        result.append((value - estimate) % 256)
    return bytes(result)


def _scanned(samples: np.ndarray, depth: int, first_filter: int) -> bytes:
    """All rows of a picture or pass, with the filters in turn."""
    step = max(1, samples.shape[2] * depth // 8)
    result = b""
    above = None
    for number, line in enumerate(samples):
        row = _packed(line, depth)
        above = np.zeros_like(row) if above is None else above
        result += _filtered(row, above, step, (first_filter + number) % 5)
        above = row
    return result


def png(
    samples: np.ndarray,
    depth: int,
    color: int,
    *,
    interlaced: bool = False,
    chunks: Sequence[tuple[bytes, bytes]] = (),
    pieces: int = 1,
) -> bytes:
    """The file of `samples`, which are rows × columns × channels."""
    height, width, channels = samples.shape
    assert channels == CHANNELS[color]
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    raw = b"".join(_scanned(part, depth, number) for number, part in enumerate(passes) if part.size)
    stream = zlib.compress(raw)
    cuts = [len(stream) * piece // pieces for piece in range(pieces + 1)]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    parts = [chunk(b"IHDR", header)] + [chunk(*entry) for entry in chunks]
    parts += [chunk(b"IDAT", stream[start:end]) for start, end in zip(cuts, cuts[1:], strict=False)]
    return SIGNATURE + b"".join(parts) + chunk(b"IEND", b"")
