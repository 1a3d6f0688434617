"""DEAR's rule as its reference states it: which channels stay, one line a case.

Reads cases from standard input, each a line of top, bottom and scores separated by spaces, and
prints the channels that stay. Equal scores keep the order of their channels.
"""

import sys

import numpy as np


def kept(top: float, bottom: float, scores: np.ndarray) -> list[int]:
    """Sorts by score, the largest first, and leaves out both ends."""
    ranking = np.argsort(-scores, kind="stable")
    first, last = int(len(scores) * top), int(len(scores) * bottom)
    return sorted(ranking[first:len(scores) - last].tolist())


for line in sys.stdin:
    top, bottom, *scores = map(float, line.split())
    print(*kept(top, bottom, np.array(scores)))
