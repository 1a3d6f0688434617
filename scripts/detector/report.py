"""Writes the page and the numbers that go with the artefacts, so that both are those of the run."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import numpy as np

from alignment import Statistics
from crops import Pair
from export import FEATURES
from heads import Head
from networks import Detector
from photographs import Photograph
from settings import Settings

TEMPLATE = Path(__file__).with_name("README.template.md")
MEASURES = ("R.Acc", "F.Acc", "Acc", "AUC", "AP")
Results = Mapping[str, Mapping[str, Mapping[str, float]]]


def facts_of_run(
    settings: Settings,
    photographs: Sequence[Photograph],
    pairs: Mapping[str, Sequence[Pair]],
    detector: Detector,
    statistics: Statistics,
    gate: np.ndarray,
    heads: Mapping[str, Head],
) -> dict[str, object]:
    """Returns what the page tells about the run."""
    return {
        **_facts_of_settings(settings),
        **_facts_of_statistics(statistics),
        **Counter(photograph.split for photograph in photographs),
        "photographs": len(photographs),
        "training_pairs": len(pairs["train"]),
        "parameters": f"{sum(p.numel() for p in detector.parameters()):,}".replace(",", " "),
        "features": FEATURES,
        "channels": len(gate),
        "closed": int((gate == 0).sum()),
        "fitted": heads["DEAR"].examples,
        "ridge": heads["DEAR"].ridge,
    }


def _facts_of_settings(settings: Settings) -> dict[str, object]:
    """Returns the settings that the page names."""
    return {
        "longest_side": settings.longest_side,
        "crop": settings.crop,
        "large": settings.evaluation_crop,
        "epochs": settings.detector_epochs,
        "draws": settings.head_draws,
        "every": settings.head_inpainted_every,
        "ridges": ", ".join(str(ridge) for ridge in settings.ridges),
    }


def _facts_of_statistics(statistics: Statistics) -> dict[str, object]:
    """Returns how many images were measured and how sure the discrepancies are."""
    differences = statistics.inside - statistics.outside
    errors = differences.std(axis=0, ddof=1) / np.sqrt(len(differences))
    return {
        "diagnostics": len(differences),
        "error": f"{np.median(errors):.4f}",
        "spread": f"{statistics.rad.std():.4f}",
    }


def save_evaluation(results: Results, facts: Mapping[str, object], path: Path) -> None:
    """Writes the numbers for machines."""
    document = {"schema": "dearc.detector-evaluation/1", "run": facts, "results": results}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def write_page(
    facts: Mapping[str, object], results: Results, photographs: Sequence[Photograph], path: Path
) -> None:
    """Fills the template."""
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        facts,
        results=_results_table(results),
        changes=_changes(results),
        verdict=_verdict(results),
        attribution=_attribution_table(photographs),
    )
    path.write_text(text, encoding="utf-8")


def _results_table(results: Results) -> str:
    """One line per condition and head."""
    lines = [
        "| pictures | pairs | head | " + " | ".join(MEASURES) + " |",
        "|---|--:|---" + "|--:" * len(MEASURES) + "|",
    ]
    for condition, heads in results.items():
        for head, measured in heads.items():
            numbers = " | ".join(f"{100 * measured[name]:.1f}" for name in MEASURES)
            lines.append(f"| {condition} | {measured['pairs']} | {head} | {numbers} |")
    return "\n".join(lines)


def _changes(results: Results) -> str:
    """One line per condition: what DEAR gained or lost."""
    lines = []
    for condition, heads in results.items():
        changes = [
            f"{name} {100 * (heads['DEAR'][name] - heads['plain'][name]):+.1f}" for name in MEASURES
        ]
        lines.append(f"- {condition}: {', '.join(changes)}")
    return "\n".join(lines)


def _verdict(results: Results) -> str:
    """Says whether DEAR helped, and whether that was the closed channels' doing."""
    sentences = []
    for other in ("plain", "refitted only"):
        gains = [heads["DEAR"]["Acc"] - heads[other]["Acc"] for heads in results.values()]
        gain = 100 * float(np.mean(gains))
        direction = "worse" if gain < 0 else "better"
        sentences.append(f"{abs(gain):.1f} points {direction} than `{other}`")
    return f"In accuracy, averaged over these conditions, DEAR is {' and '.join(sentences)}."


def _attribution_table(photographs: Sequence[Photograph]) -> str:
    """One line per photograph."""
    lines = ["| name | split | package | author | licence |", "|---|---|---|---|---|"]
    lines += [
        f"| {p.name} | {p.split} | {p.package} {p.version} | {p.author} | {p.licence} |"
        for p in photographs
    ]
    return "\n".join(lines)
