"""Makes the shipped detector from nothing: photographs, fakes, training, statistics, DEAR, exports.

usage: make_detector.py --work DIR --output DIR
Packages are kept in the work directory, everything else is made anew.
"""

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from alignment import Statistics, measure, open_channels, save_statistics
from crops import Pair, crops_of_split
from diagnostics import make_diagnostics, save_diagnostics
from evaluation import evaluate
from export import POOLED, Runner, export, greatest_difference
from heads import Head, examples, refit, save_head
from networks import Detector, GatedDetector
from photographs import Photograph, read_table
from report import facts_of_run, save_evaluation, write_page
from settings import Settings
from training import make_deterministic, reconstruct, train_autoencoder, train_detector

PLAIN, GATED = "detector.onnx", "detector-gated.onnx"
log = logging.getLogger(__name__)


def main() -> None:
    """Reads the command line and runs the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="where packages are kept")
    parser.add_argument("--output", type=Path, required=True, help="where the artefacts go")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    make(Settings(), arguments.work, arguments.output)


def make(settings: Settings, work: Path, output: Path) -> None:
    """Makes every artefact."""
    make_deterministic(settings)
    output.mkdir(parents=True, exist_ok=True)
    photographs = read_table()
    pairs = make_pairs(photographs, settings, work)
    detector = train_detector(pairs["train"], settings)
    save_network(detector, output / PLAIN, settings)
    statistics = dissect(pairs["train"], output, settings)
    gate = open_channels(statistics.rad, settings)
    runner = Runner(output / PLAIN, [POOLED], settings)
    heads = fit_heads(detector, pairs, gate, runner, settings)
    save_head(heads["DEAR"], output)
    gated = GatedDetector(detector, torch.from_numpy(gate), heads["DEAR"].module())
    save_network(gated.eval(), output / GATED, settings)
    save_samples(pairs["test"], output / "samples", settings)
    results = evaluate(runner, heads, pairs["test"], pairs["large"], settings)
    facts = facts_of_run(settings, photographs, pairs, detector, statistics, gate, heads)
    save_evaluation(results, facts, output / "evaluation.json")
    write_page(facts, results, photographs, output / "README.md")


def make_pairs(
    photographs: Sequence[Photograph], settings: Settings, work: Path
) -> dict[str, list[Pair]]:
    """Cuts the crops of every split, trains the autoencoder on the training ones, makes fakes."""
    side, few = settings.source_crop, settings.other_crops_per_photograph
    cuts = {
        "train": ("train", side, settings.training_crops_per_photograph),
        "validation": ("validation", side, few),
        "test": ("test", side, few),
        "large": ("test", settings.evaluation_crop, settings.evaluation_crops_per_photograph),
    }
    crops = {
        name: crops_of_split(photographs, split, size + 2 * settings.margin, count, settings, work)
        for name, (split, size, count) in cuts.items()
    }
    autoencoder = train_autoencoder([crop for _, crop in crops["train"]], settings)
    pairs = {name: reconstruct(autoencoder, found, settings) for name, found in crops.items()}
    log.info("pairs of crops: %s", {name: len(found) for name, found in pairs.items()})
    return pairs


def dissect(training: Sequence[Pair], output: Path, settings: Settings) -> Statistics:
    """Makes the diagnostic set, measures the exported detector on it, and saves both."""
    save_diagnostics(make_diagnostics(training, settings), output / "diagnostic")
    statistics = measure(output / PLAIN, output / "diagnostic", settings)
    save_statistics(statistics, output / PLAIN, output / "alignment.h5", settings)
    return statistics


def fit_heads(
    detector: Detector,
    pairs: Mapping[str, Sequence[Pair]],
    gate: np.ndarray,
    runner: Runner,
    settings: Settings,
) -> dict[str, Head]:
    """Returns three heads: as trained, refitted, and refitted behind the gate."""
    log.info("pooling features for the heads")
    training = examples(pairs["train"], runner, settings.head_draws, settings, "head training")
    validation = examples(pairs["validation"], runner, 1, settings, "head validation")
    return {
        "plain": Head.of(detector.head),
        "refitted only": refit(training, validation, np.ones_like(gate), settings),
        "DEAR": refit(training, validation, gate, settings),
    }


def save_network(network: nn.Module, path: Path, settings: Settings) -> None:
    """Exports the network, and refuses a file that does not answer as the network does."""
    export(network, path)
    difference = greatest_difference(network, path, settings)
    log.info("%s: at most %.1e from torch", path.name, difference)
    if difference > 1e-5:
        raise ArithmeticError(f"{path.name} strays {difference} from the network it was made of")


def save_samples(pairs: Sequence[Pair], folder: Path, settings: Settings) -> None:
    """Writes the first crop of the first few held-out photographs, real and fake."""
    first = {pair.photograph: pair for pair in reversed(pairs)}
    names = list(dict.fromkeys(pair.photograph for pair in pairs))[: settings.sample_photographs]
    for kind in ("real", "fake"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name in names:
            image = getattr(first[name], kind)
            image.save(folder / kind / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
