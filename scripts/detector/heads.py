"""Refits the linear head on frozen features: logistic regression, which Newton's method solves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from numpy.random import Generator
from PIL import Image
from safetensors.numpy import save_file
from torch import nn

from crops import Pair, random_stream
from diagnostics import inpaint
from export import Runner
from settings import Settings
from training import augment_alike

ROUNDING = 1e-12
"""How much an objective may seem to rise when a step in truth leaves it where it is."""


@dataclass(frozen=True)
class Examples:
    """Pooled features, one row per crop, with target 1 where something is generated."""

    features: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Head:
    """One weight per channel, those of closed channels zero, and a bias."""

    weight: np.ndarray
    bias: float
    ridge: float
    examples: int
    """How many crops it was fitted to; the ridge and this are zero for a head as trained."""

    @staticmethod
    def of(linear: nn.Linear) -> "Head":
        """Returns the head that a network was trained with."""
        weight = linear.weight.detach().numpy()[0].astype(np.float64)
        return Head(weight, linear.bias.item(), ridge=0, examples=0)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Returns one logit per row; positive means generated."""
        return features @ self.weight + self.bias

    def module(self) -> nn.Linear:
        """Returns the head as the last layer of a network."""
        linear = nn.Linear(len(self.weight), 1)
        linear.weight.data = torch.tensor(self.weight[None], dtype=torch.float32)
        linear.bias.data = torch.tensor([self.bias], dtype=torch.float32)
        return linear


def examples(
    pairs: Sequence[Pair], runner: Runner, draws: int, settings: Settings, purpose: str
) -> Examples:
    """Post-processes pairs anew for each draw, adds inpainted crops, and pools their features."""
    random = random_stream(settings, purpose)
    images: list[Image.Image] = []
    targets: list[float] = []
    for _ in range(draws):
        for count, pair in enumerate(pairs):
            images += augment_alike((pair.real, pair.fake), settings, random)
            targets += [0, 1]
            if count % settings.head_inpainted_every == 0:
                picture, target = _inpainted_crop(pair, settings, random)
                images.append(picture)
                targets.append(target)
    return Examples(runner.run_all(images).astype(np.float64), np.array(targets))


def _inpainted_crop(pair: Pair, settings: Settings, random: Generator) -> tuple[Image.Image, float]:
    """Returns a crop of an inpainted picture, and whether any of the inpainted part is in it."""
    whole = inpaint(pair, random)
    picture, mask = augment_alike((whole.picture, whole.mask.convert("RGB")), settings, random)
    return picture, float(np.asarray(mask).max() > 127)


def refit(training: Examples, validation: Examples, gate: np.ndarray, settings: Settings) -> Head:
    """Starts from zero, sees open channels only, and keeps the ridge that validates best."""
    heads = [_solve(training, gate, ridge) for ridge in settings.ridges]
    return min(heads, key=lambda head: _cross_entropy(head, validation))


def _solve(training: Examples, gate: np.ndarray, ridge: float) -> Head:
    """Minimises mean cross-entropy + ridge/2 · |w|², w in units of each feature's deviation.

    Channels that hardly ever move count as deviating a little, or their weights would be huge.
    """
    kept = np.flatnonzero(gate)
    features = training.features[:, kept]
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation = np.maximum(deviation, 1e-3 * deviation.max())
    rows = np.column_stack([(features - mean) / deviation, np.ones(len(features))])
    solution = _newton(rows, training.targets, ridge)
    weight = np.zeros(len(gate))
    weight[kept] = solution[:-1] / deviation
    bias = float(solution[-1] - mean @ weight[kept])
    return Head(weight, bias, ridge, len(rows))


def _newton(rows: np.ndarray, targets: np.ndarray, ridge: float) -> np.ndarray:
    """Takes Newton's steps, halved while they do not descend, until the gradient vanishes."""
    penalty = np.full(rows.shape[1], ridge)
    penalty[-1] = 0
    solution = np.zeros(rows.shape[1])
    for _ in range(100):
        gradient, hessian = _derivatives(rows, targets, penalty, solution)
        if np.abs(gradient).max() < 1e-9:
            return solution
        step = np.linalg.solve(hessian, gradient)
        bound = _objective(rows, targets, penalty, solution) + ROUNDING
        while _objective(rows, targets, penalty, solution - step) > bound:
            step /= 2
        solution = solution - step
    raise ArithmeticError("the head's regression did not converge in 100 steps")


def _derivatives(
    rows: np.ndarray, targets: np.ndarray, penalty: np.ndarray, solution: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the objective's gradient and Hessian."""
    answers = 0.5 * (1 + np.tanh(rows @ solution / 2))
    gradient = rows.T @ (answers - targets) / len(rows) + penalty * solution
    curvature = answers * (1 - answers) / len(rows)
    return gradient, (rows.T * curvature) @ rows + np.diag(penalty)


def _objective(
    rows: np.ndarray, targets: np.ndarray, penalty: np.ndarray, solution: np.ndarray
) -> float:
    """Returns mean cross-entropy plus the penalty."""
    logits = rows @ solution
    return float((np.logaddexp(0, logits) - targets * logits).mean() + penalty @ solution**2 / 2)


def _cross_entropy(head: Head, validation: Examples) -> float:
    """Returns the mean cross-entropy on crops of photographs that the head was not fitted to."""
    logits = head.logits(validation.features)
    return float((np.logaddexp(0, logits) - validation.targets * logits).mean())


def save_head(head: Head, folder: Path) -> None:
    """Writes the head at full width in both formats that dearc reads."""
    tensors = {
        "weight": head.weight[None].astype(np.float32),
        "bias": np.array([head.bias], dtype=np.float32),
    }
    save_file(tensors, folder / "head.safetensors")
    with h5py.File(folder / "head.h5", "w") as file:
        for name, values in tensors.items():
            file[name] = values
