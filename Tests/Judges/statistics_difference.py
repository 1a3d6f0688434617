"""Compares alignment statistics of one file with those that others make together, and prints the largest difference.

usage: statistics_difference.py WHOLE.h5 PART.h5 ...

Means of parts are weighted by their images, squared deviations joined by the parallel axis theorem. Differences are in
proportion to the largest number of a list. It fails if the images counted are not the same, or one is counted twice.
"""

import sys

import h5py
import numpy as np

MEANS = ("inside_mean", "outside_mean", "activation_mean")


def joined(parts: list[h5py.Group]) -> dict[str, np.ndarray]:
    counts = np.array([part["count"][()] for part in parts], np.float64)[:, None]
    lists = {name: np.stack([part[name][()] for part in parts]) for name in (*MEANS, "rad", "rad_m2")}
    result = {name: (lists[name] * counts).sum(0) / counts.sum() for name in (*MEANS, "rad")}
    result["rad_m2"] = (lists["rad_m2"] + counts * (lists["rad"] - result["rad"]) ** 2).sum(0)
    return result


def main(paths: list[str]) -> int:
    whole, *parts = [h5py.File(path) for path in paths]
    images = np.concatenate([part["images"][()] for part in parts])
    if len(set(images)) != len(images) or set(images) != set(whole["images"][()]):
        print("other images are counted", file=sys.stderr)
        return 1
    worst = 0.0
    for key, group in whole["values"].items():
        others = [part["values"][key] for part in parts if len(part["images"])]
        if any(other.attrs["value"] != group.attrs["value"] for other in others):
            print(f"{key} is of another value", file=sys.stderr)
            return 1
        for name, want in joined(others).items():
            worst = max(worst, float(np.abs(want - group[name][()]).max() / np.abs(group[name][()]).max()))
    print(worst)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
