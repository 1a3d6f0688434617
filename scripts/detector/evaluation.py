"""Measures heads on photographs that nothing was fitted to, with and without post-processing."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from crops import Pair, centre_square, random_stream
from export import Runner
from heads import Head
from post_processing import draw
from settings import Settings
from training import TRAINING_SCALES

EVALUATION_SCALES = (0.5, 2.0)
EVALUATION_SIDES = (256, 1024)


def evaluate(
    runner: Runner,
    heads: Mapping[str, Head],
    small: Sequence[Pair],
    large: Sequence[Pair],
    settings: Settings,
) -> dict[str, dict[str, dict[str, float]]]:
    """Returns measures by condition and head; `small` are source crops, `large` whole pictures."""
    conditions = {
        f"{settings.crop} px, original": _centres(small, settings),
        f"{settings.crop} px, post-processed": _centres(
            _small_processed(small, settings), settings
        ),
        f"{settings.evaluation_crop} px, original": large,
        f"{settings.evaluation_crop} px, post-processed": _large_processed(large, settings),
    }
    results = {}
    for condition, pairs in conditions.items():
        real = runner.run_all([pair.real for pair in pairs])
        fake = runner.run_all([pair.fake for pair in pairs])
        results[condition] = {
            name: measures(head.logits(real), head.logits(fake)) for name, head in heads.items()
        }
    return results


def _centres(pairs: Sequence[Pair], settings: Settings) -> list[Pair]:
    """Cuts the middle out of each pair, at the size that the detector was trained on."""
    return [
        Pair(p.photograph, *(centre_square(image, settings.crop) for image in (p.real, p.fake)))
        for p in pairs
    ]


def _small_processed(pairs: Sequence[Pair], settings: Settings) -> list[Pair]:
    """Applies every step, with training's scales: the full protocol would only ever enlarge."""
    bounds = (settings.crop, 2 * settings.source_crop)
    return _processed(pairs, "evaluation small", TRAINING_SCALES, bounds, settings)


def _large_processed(pairs: Sequence[Pair], settings: Settings) -> list[Pair]:
    """Applies every step of the paper's protocol."""
    return _processed(pairs, "evaluation large", EVALUATION_SCALES, EVALUATION_SIDES, settings)


def _processed(
    pairs: Sequence[Pair],
    purpose: str,
    scales: tuple[float, float],
    bounds: tuple[int, int],
    settings: Settings,
) -> list[Pair]:
    """Puts both halves of each pair through the same draw."""
    random = random_stream(settings, purpose)
    done = []
    for pair in pairs:
        step = draw(random, 1.0, scales)
        images: list[Image.Image] = [step.apply(i, *bounds) for i in (pair.real, pair.fake)]
        done.append(Pair(pair.photograph, *images))
    return done


def measures(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """Returns accuracy at logit 0 on real, fake and both, and the two threshold-free measures."""
    real_accuracy = float((real <= 0).mean())
    fake_accuracy = float((fake > 0).mean())
    return {
        "pairs": len(real),
        "R.Acc": real_accuracy,
        "F.Acc": fake_accuracy,
        "Acc": (real_accuracy + fake_accuracy) / 2,
        "AUC": area_under_curve(real, fake),
        "AP": average_precision(real, fake),
    }


def area_under_curve(real: np.ndarray, fake: np.ndarray) -> float:
    """Returns how often a fake scores above a real one, ties counting half."""
    above = (fake[:, None] > real[None]).mean()
    ties = (fake[:, None] == real[None]).mean()
    return float(above + ties / 2)


def average_precision(real: np.ndarray, fake: np.ndarray) -> float:
    """Returns the mean, over fakes, of the precision at each fake's own score."""
    precision = [
        (fake >= score).sum() / ((fake >= score).sum() + (real >= score).sum()) for score in fake
    ]
    return float(np.mean(precision))
